// SPDX-License-Identifier: MIT
/* Idempotency-Key: a request that is sent again is the same action. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertError, assertInvalidPayload, assertSpool, giftFile, multipart, newProject
} from '../support/api.mjs';
import { startServer, until, onPostgres } from '../support/server.mjs';

const server = await apiServer();
const CSV = '/v1/vouchers/importCSV';
const IMPORT = '/v1/vouchers/import';
const BULK = '/v1/vouchers/bulk/async';
const METADATA = '/v1/vouchers/metadata/async';

const gift = code => ({ code, type: 'GIFT_VOUCHER', gift: { amount: 100 } });
const many = n => Array.from({ length: n }, (_, i) => gift(`N${i}`));
const LARGE = many(500); // more than stays in memory

const send = (p, path, body, key, headers) =>
	p.request('POST', path, {
		body: typeof body === 'string' ? body : JSON.stringify(body),
		headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key, ...headers }
	});

/** The file in a form with this boundary. */
const upload = (p, file, key, { boundary = 'b', path = CSV, fields = [], server: s } = {}) =>
	p.request('POST', path, {
		body: multipart(boundary, [...fields, { name: 'file', fileName: 'a.csv', contents: file }]),
		headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Idempotency-Key': key }
	});

const actionsOf = async p => (await p.get('/v1/async-actions?limit=100')).json.async_actions;

function assertFirst(answer) {
	assert.equal(answer.status, 202, answer.text);
	assert.equal(answer.headers.get('Idempotent-Replayed'), null);
	assert.equal(answer.headers.get('X-Async-Action-Id'), answer.json.async_action_id);
	return answer.json.async_action_id;
}

function assertReplayed(answer, id) {
	assert.equal(answer.status, 202, answer.text);
	assert.deepEqual(answer.json, { async_action_id: id });
	assert.equal(answer.headers.get('X-Async-Action-Id'), id);
	assert.equal(answer.headers.get('Idempotent-Replayed'), 'true');
}

function assertConflict(answer, key) {
	assertError(answer, {
		code: 409, key: 'conflict', message: 'Conflict',
		details: `Idempotency-Key '${key}' was used for another request: method, path, query or body differ`
	});
}

test('on each endpoint a repeated request is answered with the first one\'s action', async () => {
	const p = await newProject(server);
	const requests = [
		key => send(p, IMPORT, [gift('A')], key),
		key => send(p, IMPORT, LARGE, key),
		key => send(p, BULK, [{ code: 'A', metadata: { a: 1 } }], key),
		key => send(p, METADATA, { codes: ['A'], metadata: { b: 1 } }, key),
		key => send(p, BULK, '', key),
		key => upload(p, giftFile(3), key)
	];
	for (const [i, request] of requests.entries()) {
		const id = assertFirst(await request(`key-${i}`));
		assertReplayed(await request(`key-${i}`), id);
		const { result } = await p.wait(id);
		assertReplayed(await request(`key-${i}`), id);
		assert.deepEqual((await p.action(id)).result, result);
	}
	assert.equal((await actionsOf(p)).length, requests.length);
	await assertSpool(server, 2);
});

test('a request without a key is another one each time', async () => {
	const p = await newProject(server);
	const first = await p.post(BULK, [{ code: 'A', metadata: {} }]);
	const second = await p.post(BULK, [{ code: 'A', metadata: {} }]);
	assert.notEqual(first.json.async_action_id, second.json.async_action_id);
	assert.equal(second.headers.get('Idempotent-Replayed'), null);
});

test('of a form the file and the fields count, not the framing', async () => {
	const p = await newProject(server);
	const flag = value => ({ fields: [{ name: 'webhooks_enable', contents: value }] });
	const id = assertFirst(await upload(p, giftFile(3), 'k', flag('true')));
	assertReplayed(await upload(p, giftFile(3), 'k', { boundary: 'another-boundary', ...flag('true') }), id);
	assertConflict(await upload(p, giftFile(4), 'k', flag('true')), 'k');
	assertConflict(await upload(p, giftFile(3), 'k', flag('false')), 'k');
	assertConflict(await upload(p, giftFile(3), 'k'), 'k');
	assert.equal((await actionsOf(p)).length, 1);
	await assertSpool(server, 3);
});

test('another path, query or body under the same key is refused', async () => {
	const p = await newProject(server);
	const body = [{ code: 'A', metadata: { a: 1 } }];
	assertFirst(await send(p, BULK, body, 'k'));
	assertConflict(await send(p, BULK, [{ code: 'A', metadata: { a: 2 } }], 'k'), 'k');
	assertConflict(await send(p, BULK, `${JSON.stringify(body)} `, 'k'), 'k'); // bytes count, not what they mean
	assertConflict(await send(p, BULK, '', 'k'), 'k');
	assertConflict(await send(p, IMPORT, body, 'k'), 'k');
	assertConflict(await send(p, `${BULK}?dry_run=true`, body, 'k'), 'k');
	assertConflict(await send(p, `${BULK}?a=1`, body, 'k'), 'k');
	assertConflict(await send(p, IMPORT, LARGE, 'k'), 'k');
	assertFirst(await send(p, BULK, body, 'K'));
	assert.equal((await actionsOf(p)).length, 2);
});

test('query parameters count as they are, in their order', async () => {
	const p = await newProject(server);
	const id = assertFirst(await send(p, `${BULK}?a=1&b=2`, '[]', 'k'));
	assertReplayed(await send(p, `${BULK}?a=1&b=2`, '[]', 'k'), id);
	for (const query of ['?b=2&a=1', '?a=1b=2', '?a=12', '?a=1&b=2&c', ''])
		assertConflict(await send(p, BULK + query, '[]', 'k'), 'k');
});

test('keys are a project\'s own', async () => {
	const p = await newProject(server), q = await newProject(server);
	const body = [{ code: 'A', metadata: {} }];
	const one = assertFirst(await send(p, BULK, body, 'shared'));
	const two = assertFirst(await send(q, BULK, body, 'shared'));
	assert.notEqual(one, two);
	assertReplayed(await send(p, BULK, body, 'shared'), one);
});

test('a key is 1 to 255 visible characters', async () => {
	const p = await newProject(server);
	const wrong = 'Header Idempotency-Key must be 1 to 255 visible ASCII characters';
	for (const key of ['', 'a b', 'a\tb', 'k'.repeat(256), 'k\xFC'])
		assertInvalidPayload(await p.raw({
			method: 'POST', path: BULK, headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key }, body: '[]'
		}), wrong);
	assertInvalidPayload(await upload(p, giftFile(1), 'a b'), wrong);
	for (const key of ['k', '!', '~', 'k'.repeat(255)]) {
		const id = assertFirst(await send(p, BULK, '[]', key));
		assertReplayed(await send(p, BULK, '[]', key), id);
	}
	assert.equal((await actionsOf(p)).length, 4);
});

test('a refused request is not remembered', async () => {
	const p = await newProject(server);
	assertInvalidPayload(await send(p, IMPORT, '[1]', 'k'), 'Property [0] must be object');
	assertInvalidPayload(await upload(p, 'no code\n1\n', 'k'),
		"CSV file should have required column 'Code' (found: no code)");
	assertFirst(await send(p, IMPORT, [gift('A')], 'k'));
});

test('of concurrent requests one is the first', async () => {
	const p = await newProject(server);
	const before = (await server.spoolFiles()).length;
	const requests = [
		() => send(p, BULK, [{ code: 'A', metadata: {} }], 'small'),
		() => send(p, IMPORT, LARGE, 'large'),
		() => upload(p, giftFile(2000), 'file')
	];
	for (const request of requests) {
		const answers = await Promise.all(Array.from({ length: 20 }, request));
		const firsts = answers.filter(answer => answer.headers.get('Idempotent-Replayed') === null);
		assert.equal(firsts.length, 1);
		const id = assertFirst(firsts[0]);
		for (const answer of answers)
			assert.equal(answer.json.async_action_id, id);
	}
	assert.equal((await actionsOf(p)).length, requests.length);
	await assertSpool(server, before + 2);
});

test('a day later the key is free again', async t => {
	const own = await startServer({ t });
	const body = [{ code: 'A', metadata: {} }];
	const id = assertFirst(await send(own, BULK, body, 'k'));
	const age = async hours => {
		await own.stop();
		await own.change(`UPDATE idempotency SET created_ms = created_ms - ${hours * 3600000}`);
		await own.start();
	};
	await own.stop();
	await own.start();
	assertReplayed(await send(own, BULK, body, 'k'), id);
	await age(25);
	const again = assertFirst(await send(own, BULK, [], 'k'));
	assert.notEqual(again, id);
	assertReplayed(await send(own, BULK, [], 'k'), again);
});

/** Starts a server that dies at this place, if it can be helped not before it listens. */
async function startDoomed(own, place) {
	for (let nth = 1; ; nth++) {
		const from = own.logs.length;
		await own.start({ env: { LONGSHORE_TEST_KILL: `${place}:${nth}` }, listening: false });
		if (await own.tryListening(from))
			return;
	}
}

/** Whether this request, cut off at the place, was stored. It is then sent again. */
async function wasStored(own, request, place) {
	await startDoomed(own, place);
	const first = await request().catch(() => undefined);
	await until(() => !own.running, { what: `the server to die at ${place}` });
	await own.start();
	const second = await request();
	assert.equal(second.status, 202, second.text);
	if (first !== undefined)
		assertReplayed(second, first.json.async_action_id);
	assertReplayed(await request(), second.json.async_action_id);
	return second.headers.get('Idempotent-Replayed') === 'true';
}

test('a request that is repeated after kill -9 is one action', async t => {
	const own = await startServer({ t, start: false });
	const requests = [
		key => send(own, BULK, [{ code: 'A', metadata: {} }], key),
		key => send(own, IMPORT, LARGE, key),
		key => upload(own, giftFile(2000), key)
	];
	const stored = {};
	let n = 0;
	const disk = onPostgres ? [] : ['disk.wal.write', 'disk.wal.sync'];
	for (const place of ['commit.before', ...disk, 'commit.after', 'import.committed']) {
		stored[place] = [];
		for (const request of requests) {
			stored[place].push(await wasStored(own, () => request(`key-${n}`), place));
			assert.equal((await actionsOf(own)).length, ++n);
			await until(async () => (await actionsOf(own)).every(action => action.status === 'DONE'),
				{ what: 'all actions to end', timeoutMs: 30000 });
			assert.deepEqual(await own.stop(), { code: 0, signal: null });
			assert.equal((await own.spoolFiles()).length, Math.floor(n / 3) * 2 + Math.max(0, n % 3 - 1));
		}
	}
	t.diagnostic(`stored when killed at ${JSON.stringify(stored)}`);
	assert.deepEqual(stored['import.committed'], [true, true, true]);
	assert.ok(Object.values(stored).flat().includes(false));
});

test('what was answered before kill -9 is there after it', async t => {
	const own = await startServer({ t });
	for (const [i, body] of [[gift('A')], LARGE].entries()) {
		const id = assertFirst(await send(own, IMPORT, body, `k${i}`));
		await own.kill();
		await own.start();
		assertReplayed(await send(own, IMPORT, body, `k${i}`), id);
		assert.equal((await own.waitForAction(id)).result.done_count, body.length);
	}
});
