// SPDX-License-Identifier: MIT
/* Requests that are refused: the shape and the words of the answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertError, assertInvalidPayload, assertInvalidQuery, assertNotFound, connect, csv, encode,
	giftFile, head, newProject
} from '../support/api.mjs';

const server = await apiServer();
const p = await newProject(server);

const JSON_MAX_BYTES = 10485760;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 1 } };

/* ---- paths and methods ---- */

test('a path that is none is 404 and is not repeated', async () => {
	const paths = [
		'/', '/v1', '/v2/vouchers', '/v1/voucher', '/v1/vouchers/A/B', '/v1/async-actions/aa_1/nothing',
		'/%2F', '//', '/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p', '/v1/Vouchers'
	];
	for (const path of paths) {
		assertError(await p.raw({ path }), {
			code: 404, key: 'not_found', message: 'Resource not found', details: 'no endpoint has this path'
		});
	}
});

test('a method that a path has not is 405 and says which ones it has', async t => {
	const cases = [
		['PUT', '/v1/vouchers', 'GET, POST'],
		['DELETE', '/v1/vouchers', 'GET, POST'],
		['PATCH', '/v1/vouchers/A', 'GET, POST, PUT, DELETE'],
		['GET', '/v1/vouchers/A/balance', 'POST'],
		['GET', '/v1/vouchers/A/enable', 'POST'],
		['POST', '/v1/vouchers/A/transactions', 'GET'],
		['POST', '/v1/async-actions', 'GET'],
		['DELETE', '/v1/async-actions/aa_1', 'GET'],
		['POST', '/v1/async-actions/aa_1/events', 'GET'],
		['PUT', '/v1/async-actions/aa_1/report.csv', 'GET'],
		['POST', '/healthz', 'GET']
	];
	for (const [method, path, allow] of cases) {
		await t.test(`${method} ${path}`, async () => {
			const answer = await p.raw({ method, path });
			assert.equal(answer.status, 405);
			assert.equal(answer.headers.allow, allow);
			assert.equal(answer.json.code, 405);
			assert.equal(answer.json.message, 'HTTP Method Not Allowed');
			assert.equal(answer.json.details, `${method} is not supported by this endpoint. ` +
				`Did you mean ${allow.replaceAll(', ', ' or ')}?`);
		});
	}
});

test('a method that is refused with a body is answered all the same', async () => {
	const answer = await p.request('PUT', '/v1/vouchers', { body: 'x'.repeat(2e6), headers: JSON_TYPE });
	assert.equal(answer.status, 405);
	assert.equal(answer.json.details,
		'PUT is not supported by this endpoint. Did you mean GET or POST?');
});

test('the fixed words of the API are no codes', async () => {
	for (const word of ['bulk', 'metadata', 'qualification']) {
		assertError(await p.post(`/v1/vouchers/${word}`, GIFT), {
			code: 404, key: 'not_found', message: 'Resource not found',
			details: 'this endpoint is not supported yet'
		});
		assert.equal(await p.voucher(word), undefined);
	}
});

test('an unknown voucher is 404 with its id and type', async () => {
	for (const code of ['NOPE', 'v_0123456789abcdefghijklmnopqrstuv', 'a b', 'ä/ö', '%'])
		assertNotFound(await p.raw({ path: `/v1/vouchers/${encode(code)}` }), 'voucher', code);
});

test('an unknown action is 404 with its id and type', async () => {
	for (const id of ['aa_0adad13d6f057f088e', 'aa_', 'x', 'aa_0ADAD13D6F057F088E', 'a/b']) {
		assertNotFound(await p.raw({ path: `/v1/async-actions/${encode(id)}` }), 'async_action', id);
		for (const part of ['events', 'report.csv'])
			assertNotFound(
				await p.raw({ path: `/v1/async-actions/${encode(id)}/${part}` }), 'async_action', id);
	}
});

test('every answer carries the rate-limit headers and its request id', async () => {
	for (const path of ['/v1/vouchers', '/v1/vouchers/NOPE', '/nope', '/healthz']) {
		const { headers } = await p.get(path);
		assert.match(headers.get('x-rate-limit-limit'), /^[1-9]\d*$/);
		assert.match(headers.get('x-rate-limit-remaining'), /^[1-9]\d*$/);
		assert.ok(Math.abs(headers.get('x-rate-limit-retry') - Date.now() / 1000) < 60);
		assert.equal(headers.get('x-rate-limit-type'), null);
		assert.equal(headers.get('retry-after'), null);
		assert.match(headers.get('x-request-id'), /^v-[0-9a-f]{18}$/);
		assert.match(headers.get('content-type'), /^application\/json/);
	}
});

/* ---- bodies ---- */

test('JSON that does not parse is the transport error', async t => {
	const bodies = {
		'cut': '{"type":',
		'nothing but text': 'hello',
		'single quotes': "{'type':'GIFT_VOUCHER'}",
		'a trailing comma': '{"type":"GIFT_VOUCHER",}',
		'text behind it': '{"type":"GIFT_VOUCHER"} x',
		'two values': '{}{}',
		'a bad escape': '{"type":"\\x"}',
		'a bare control character': '{"type":"\n"}',
		'invalid UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
		'a leading zero': '{"gift":{"amount":01}}',
		'NaN': '{"gift":{"amount":NaN}}',
		'a NUL in a text': '{"additional_info":"\\u0000"}',
		'half of a surrogate pair': '{"additional_info":"\\ud800"}',
		'blanks only': ' \n ',
		'very deep': '['.repeat(1e6)
	};
	for (const [what, body] of Object.entries(bodies)) {
		await t.test(what, async () => {
			const answer = await p.request('POST', '/v1/vouchers/J', { body, headers: JSON_TYPE });
			assert.equal(answer.status, 400);
			assert.equal(answer.text, '{"statusCode":400,"error":"Bad Request",' +
				'"message":"Invalid request payload JSON format"}');
		});
	}
});

test('a JSON body of the limit is read, one byte more is 413', async t => {
	const bodyOf = bytes => {
		const [before, after] = ['{"type":"GIFT_VOUCHER","gift":{"amount":1},"skipped":"', '"}'];
		return before + 'x'.repeat(bytes - before.length - after.length) + after;
	};
	const tooLarge = answer => {
		assert.equal(answer.status, 413);
		assert.equal(answer.text, '{"statusCode":413,"error":"Request Entity Too Large",' +
			'"message":"Payload content length greater than maximum allowed: 10485760"}');
	};
	await t.test('the limit', async () => {
		const body = bodyOf(JSON_MAX_BYTES);
		const answer = await p.request('POST', '/v1/vouchers/LARGE', { body, headers: JSON_TYPE });
		assert.equal(answer.status, 200, answer.text);
	});
	await t.test('one byte more', async () => {
		const body = bodyOf(JSON_MAX_BYTES + 1);
		tooLarge(await p.request('POST', '/v1/vouchers/LARGER', { body, headers: JSON_TYPE }));
	});
	await t.test('one byte more, of unknown length', async () => {
		const body = bodyOf(JSON_MAX_BYTES + 1);
		const headers = { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' };
		tooLarge(await p.raw({ method: 'POST', path: '/v1/vouchers/LARGER', headers, body }));
	});
	await t.test('very much more', async () => {
		const body = 'x'.repeat(3 * JSON_MAX_BYTES);
		tooLarge(await p.request('POST', '/v1/vouchers/LARGER', { body, headers: JSON_TYPE }));
	});
	assert.equal(await p.voucher('LARGER'), undefined);
});

test('a body that is no JSON by its type is 415', async () => {
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/json', 'application/jsonx']) {
		const headers = { 'Content-Type': type };
		const answer =
			await p.request('POST', '/v1/vouchers/M', { body: JSON.stringify(GIFT), headers });
		assert.equal(answer.status, 415);
		assert.equal(answer.json.code, 415);
		assert.equal(answer.json.message, 'Unsupported Media Type');
		assert.equal(answer.json.details, 'Content-Type should be application/json');
	}
	assert.equal(await p.voucher('M'), undefined);
});

test('the type of a JSON body may have parameters, be in any case, or be missing', async () => {
	const types = ['application/json; charset=utf-8', 'Application/JSON', ' application/json ;x=y', null];
	for (const [i, type] of types.entries()) {
		const headers = type === null ? {} : { 'Content-Type': type };
		const answer = await p.raw({
			method: 'POST', path: `/v1/vouchers/TYPE${i}`, headers, body: JSON.stringify(GIFT)
		});
		assert.equal(answer.status, 200, answer.text);
	}
});

test('no body at all is an empty object', async () => {
	for (const headers of [{}, JSON_TYPE])
		assertInvalidPayload(await p.raw({ method: 'POST', path: '/v1/vouchers/N', headers }),
			"Payload should have required property 'type'");
});

/* ---- connections ---- */

/** Everything that comes back on a connection until the server closes it. */
async function converse(text) {
	const socket = await connect(server, text);
	let answer = '';
	socket.on('data', data => (answer += data));
	await new Promise(resolve => socket.on('close', resolve));
	return answer;
}

test('a connection goes on after an error', async () => {
	const body = '{"type":';
	const answer = await converse(
		head('GET', '/nope', p.headers) +
		head('GET', '/v1/vouchers', {}) +
		head('POST', '/v1/vouchers/J', { ...p.headers, ...JSON_TYPE, 'Content-Length': body.length }) + body +
		head('GET', '/healthz', { Connection: 'close' }));
	assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g).map(line => line.slice(-3)), ['404', '401', '400', '200']);
});

test('HEAD is GET without the body, and HTTP/1.0 is understood', async () => {
	const answer = await p.raw({ method: 'HEAD', path: '/v1/vouchers' });
	assert.equal(answer.status, 200);
	assert.equal(answer.text, '');
	assert.match(await converse('GET /healthz HTTP/1.0\r\n\r\n'), /\r\n\r\n{"status":"ok"}$/);
});

/* ---- codes in paths ---- */

test('a code in a path may hold any character', async t => {
	const codes = [
		'a b', 'a/b', '/', '100%', '%2F', '%', 'a+b', 'żółć', '😀', 'a?b=c&d', 'a#b', "it's", '"q"', '..', '.',
		'a\\b', 'a\tb', 'a\nb', '{code}', '[x]', ';', 'x'.repeat(512)
	];
	for (const code of codes) {
		await t.test(JSON.stringify(code.slice(0, 20)), async () => {
			const path = `/v1/vouchers/${encode(code)}`;
			const body = JSON.stringify(GIFT);
			const created = await p.raw({ method: 'POST', path, headers: JSON_TYPE, body });
			assert.equal(created.status, 200, created.text);
			assert.equal(created.json.code, code);
			const { json } = await p.raw({ path });
			assert.deepEqual(json, created.json);
			const list = new URL(json.publish.url, server.base);
			assert.equal(decodeURIComponent(json.publish.url.split('/')[3]), code);
			assert.equal(list.searchParams.get('limit'), '10');
		});
	}
});

test('escapes in a path are in either case, and a plus is a plus', async () => {
	await p.load(csv('Code,Voucher Type,Value', 'a+żb,GIFT_VOUCHER,1'));
	for (const code of ['a+%C5%BCb', 'a%2B%c5%bcb', 'a%2b%c5%BCb', '%61+%c5%bc%62'])
		assert.equal((await p.raw({ path: `/v1/vouchers/${code}` })).json.code, 'a+żb');
});

test('what only looks like an escape is text', async () => {
	for (const code of ['50%', '%zz', 'a%2', '%%'])
		assertNotFound(await p.raw({ path: `/v1/vouchers/${code}` }), 'voucher', code);
});

test('a code that is no text is refused, and looking for it finds nothing', async () => {
	const body = JSON.stringify(GIFT);
	for (const code of ['%FF', 'a%00b', '%C5', '%ED%A0%80']) {
		const path = `/v1/vouchers/${code}`;
		assertInvalidPayload(await p.raw({ method: 'POST', path, headers: JSON_TYPE, body }),
			'Property .code must be UTF-8 text without NUL');
		assert.equal((await p.raw({ path })).status, 404);
	}
});

test('a code beyond 512 bytes is refused, and looking for it finds nothing', async () => {
	const path = `/v1/vouchers/${'x'.repeat(513)}`;
	const answer = await p.raw({ method: 'POST', path, headers: JSON_TYPE, body: JSON.stringify(GIFT) });
	assertInvalidPayload(answer, 'Property .code must NOT be longer than 512 bytes');
	assert.equal((await p.raw({ path })).status, 404);
});

/* ---- queries ---- */

const LISTS = ['/v1/vouchers', '/v1/async-actions'];

test('a limit is an integer from 1 to 100', async () => {
	const wrong = {
		'0': 'Property .limit must be >= 1', '-1': 'Property .limit must be >= 1',
		'101': 'Property .limit must be <= 100', '1000000': 'Property .limit must be <= 100',
		'ten': 'Property .limit must be integer', '1.5': 'Property .limit must be integer',
		'1e1': 'Property .limit must be integer', '': 'Property .limit must be integer',
		'0x10': 'Property .limit must be integer', ' 5': 'Property .limit must be integer'
	};
	for (const list of LISTS) {
		for (const [limit, details] of Object.entries(wrong))
			assertInvalidQuery(await p.get(`${list}?limit=${encodeURIComponent(limit)}`), details);
		for (const limit of [1, 100])
			assert.equal((await p.get(`${list}?limit=${limit}`)).status, 200);
	}
});

test('a page of vouchers is an integer from 1 to 99', async () => {
	const wrong = {
		'0': 'Property .page must be >= 1', '-7': 'Property .page must be >= 1',
		'100': 'Property .page must be <= 99', 'one': 'Property .page must be integer',
		'2.0': 'Property .page must be integer', '': 'Property .page must be integer'
	};
	for (const [page, details] of Object.entries(wrong))
		assertInvalidQuery(await p.get(`/v1/vouchers?page=${page}`), details);
	for (const page of [1, 99])
		assert.equal((await p.get(`/v1/vouchers?page=${page}`)).status, 200);
});

test('an order of vouchers is one of those that there are', async () => {
	for (const order of ['age', 'CODE', '+code', '', 'code,created_at'])
		assertInvalidQuery(await p.get(`/v1/vouchers?order=${encodeURIComponent(order)}`),
			'Property .order must be equal to one of the allowed values ' +
			'[ created_at, -created_at, updated_at, -updated_at, code, -code ]');
});

test('an end_date is a date', async () => {
	for (const date of ['yesterday', '', '2016-13-01', '2016-02-30', '16-11-2016', '1479132871', '2016-11-16T25'])
		assertInvalidQuery(await p.get(`/v1/async-actions?end_date=${date}`),
			'Property .end_date cannot be recognized as a ISO-8601 compliant date');
	const good = [
		'2016-11-16', '2016-11-16T14:14:31Z', '2016-11-16T14:14:31.123Z', '2016-11-16T14:14:31%2B02:00'
	];
	for (const date of good)
		assert.equal((await p.get(`/v1/async-actions?end_date=${date}`)).status, 200);
});

test('a cursor is the id of what is listed, and does not go with a page', async () => {
	const action = await p.load(giftFile(1));
	const { id } = await p.voucher('G0000000');
	for (const cursor of ['', 'x', 'G0000000', action.id, 'v_0123456789abcdefghijklmnopqrstuv'])
		assertInvalidQuery(await p.get(`/v1/vouchers?starting_after=${cursor}`),
			'Property .starting_after must be id of a voucher');
	for (const cursor of ['', 'x', id, 'aa_0adad13d6f057f088e'])
		assertInvalidQuery(await p.get(`/v1/async-actions?starting_after=${cursor}`),
			'Property .starting_after must be id of an async action');
	assertInvalidQuery(await p.get(`/v1/vouchers?starting_after=${id}&page=2`),
		'Property .starting_after cannot be used together with .page');
});

test('a wait is an integer from 0 to 60', async () => {
	const { id } = await p.load(giftFile(1));
	const wrong = {
		'-1': 'Property .wait must be >= 0', '61': 'Property .wait must be <= 60',
		'long': 'Property .wait must be integer', '': 'Property .wait must be integer'
	};
	for (const [wait, details] of Object.entries(wrong))
		assertInvalidQuery(await p.get(`/v1/async-actions/${id}?wait=${wait}`), details);
});

test('an unknown query parameter is ignored', async () => {
	for (const path of ['/v1/vouchers?colour=red', '/v1/async-actions?x[y]=z', '/v1/vouchers?&&=&a'])
		assert.equal((await p.raw({ path })).status, 200);
});
