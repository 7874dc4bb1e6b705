// SPDX-License-Identifier: MIT
/* Bulk actions with a JSON body: what is refused before anything is queued, and what is written down. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';

import {
	ACTION_ID, apiServer, assertInvalidPayload, assertInvalidQuery, assertSpool, connect, csv, giftCode, giftFile,
	head, newProject, until
} from '../support/api.mjs';
import { longshore, shipped, onPostgres } from '../support/server.mjs';

const server = await apiServer();
const IMPORT = '/v1/vouchers/import';
const BULK = '/v1/vouchers/bulk/async';
const METADATA = '/v1/vouchers/metadata/async';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const INVALID_JSON = '{"statusCode":400,"error":"Bad Request","message":"Invalid request payload JSON format"}';
const tooLarge = limit =>
	'{"statusCode":413,"error":"Request Entity Too Large",' +
	`"message":"Payload content length greater than maximum allowed: ${limit}"}`;

const gift = (code, more) => ({ code, type: 'GIFT_VOUCHER', gift: { amount: 100 }, ...more });

/** The answer to exactly this text or these bytes as a JSON body. */
const post = (p, path, body, headers) => p.request('POST', path, { body, headers: { ...JSON_TYPE, ...headers } });

/** Posts what is to be accepted, waits for the end; the action. */
async function done(p, path, body, headers) {
	const answer = await post(p, path, typeof body === 'string' ? body : JSON.stringify(body), headers);
	assert.equal(answer.status, 202, answer.text);
	return p.wait(answer.json.async_action_id);
}

const actionsOf = async p => (await p.get('/v1/async-actions?limit=100')).json.async_actions;

/* ---- accepted ---- */

test('each of the three endpoints answers 202 with the id of an action of its type', async () => {
	const p = await newProject(server);
	const requests = [
		[IMPORT, [gift('A'), gift('B')], 'VOUCHERS.IMPORT'],
		[BULK, [{ code: 'A', metadata: { n: 1 } }], 'VOUCHERS.BULK_UPDATE'],
		[METADATA, { codes: ['A', 'B'], metadata: { m: 2 } }, 'VOUCHERS.METADATA_UPDATE']
	];
	for (const [path, body, type] of requests) {
		const answer = await p.post(path, body);
		assert.equal(answer.status, 202, answer.text);
		assert.deepEqual(Object.keys(answer.json), ['async_action_id']);
		const id = answer.json.async_action_id;
		assert.match(id, ACTION_ID);
		assert.equal(answer.headers.get('X-Async-Action-Id'), id);
		const action = await p.wait(id);
		assert.equal(action.type, type);
		assert.equal(action.status, 'DONE');
		assert.equal(action.result.failed_count, 0);
		assert.equal(action.result.done_count, body.length ?? body.codes.length);
	}
	assert.deepEqual((await p.voucher('A')).metadata, { n: 1, m: 2 });
	assert.deepEqual((await p.voucher('B')).metadata, { m: 2 });
});

test('no body, or nothing in it, is an empty list for the updates, and no JSON for the import', async () => {
	const p = await newProject(server);
	const empty = { 'nothing': undefined, 'an empty text': '', 'blanks': ' \r\n', 'a byte-order mark': '\uFEFF' };
	for (const path of [BULK, METADATA]) {
		const lists = path === BULK ? ['[]', ' [ ]\n'] : ['{}', '{"codes":[]}', '{"metadata":{"a":1}}', '{"x":1}'];
		for (const body of [...Object.values(empty), ...lists]) {
			const action = await done(p, path, body ?? '');
			assert.equal(action.status, 'DONE', `${path} ${body}`);
			assert.equal(action.result.done_count, 0);
			assert.equal(action.result.failed_count, 0);
			assert.deepEqual(action.result.errors, []);
		}
		const bare = await p.raw({ method: 'POST', path });
		assert.equal(bare.status, 202, bare.text);
	}
	for (const [what, body] of Object.entries(empty)) {
		const answer = await post(p, IMPORT, body);
		assert.equal(answer.status, 400, what);
		assert.equal(answer.text, INVALID_JSON);
	}
	assert.equal((await done(p, IMPORT, '[]')).result.message, '0 voucher(s) imported successfully, 0 failed.');
});

test('codes without metadata are looked up, and stay as they are', async () => {
	const p = await newProject(server);
	await p.load(giftFile(1));
	const action = await done(p, METADATA, { codes: ['G0000000'] });
	assert.equal(action.result.done_count, 1);
	assert.deepEqual((await p.voucher('G0000000')).metadata, {});
});

test('a body may have a byte-order mark, and be laid out for people', async () => {
	const p = await newProject(server);
	const items = [gift('A', { metadata: { text: 'a\nb "c" \\ ü 😀' } }), gift('B')];
	const action = await done(p, IMPORT, `\uFEFF\r\n${JSON.stringify(items, null, '\t')}\n\n`);
	assert.equal(action.result.done_count, 2);
	assert.deepEqual((await p.voucher('A')).metadata, { text: 'a\nb "c" \\ ü 😀' });
});

test('a body may arrive in pieces of any size, of known length or not', async () => {
	const p = await newProject(server);
	const body = Buffer.from(JSON.stringify([gift('Ä'), gift('€', { metadata: { a: '\\"]},[{' } }), gift('😀')]));
	const pieces = {
		'with its length': byte => byte,
		'chunked': byte => Buffer.concat([Buffer.from('1\r\n'), byte, Buffer.from('\r\n')])
	};
	for (const [how, wrap] of Object.entries(pieces)) {
		const q = await newProject(server);
		const framing = how === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': body.length };
		const socket = await connect(server, head('POST', IMPORT, { ...q.headers, ...JSON_TYPE, ...framing, Connection: 'close' }));
		let text = '';
		socket.on('data', data => (text += data));
		socket.setNoDelay(true);
		for (const byte of body)
			await new Promise(resolve => socket.write(wrap(Buffer.from([byte])), () => setImmediate(resolve)));
		if (how === 'chunked')
			socket.write('0\r\n\r\n');
		await new Promise(resolve => socket.on('end', resolve));
		assert.match(text, /^HTTP\/1\.1 202 /, how);
		const action = await q.wait(/"async_action_id":"(\w+)"/.exec(text)[1]);
		assert.equal(action.result.done_count, 3);
		assert.deepEqual((await q.voucher('€')).metadata, { a: '\\"]},[{' });
	}
	assert.deepEqual(await actionsOf(p), []);
});

test('numbers in metadata come out as they came in', async () => {
	const p = await newProject(server);
	const metadata = '{"price":29.99,"huge":1e400,"long":12345678901234567890,"list":[-0.0,1E+2,0.10]}';
	await done(p, IMPORT, `[{"code":"A","type":"GIFT_VOUCHER","gift":{"amount":1},"metadata":${metadata}}]`);
	await done(p, IMPORT, JSON.stringify([gift('B'), gift('C')]));
	await done(p, BULK, `[{"code":"B","metadata":${metadata}}]`);
	await done(p, METADATA, `{"metadata":${metadata},"codes":["C"]}`);
	// PostgreSQL's jsonb: keys in an order of its own, numbers with all their digits.
	const stored = onPostgres
		? `{"huge":1${'0'.repeat(400)},"list":[0.0,100,0.10],"long":12345678901234567890,"price":29.99}` : metadata;
	for (const code of ['A', 'B', 'C'])
		assert.ok((await p.raw({ path: `/v1/vouchers/${code}` })).text.includes(`"metadata":${stored}`), code);
});

test('a number beyond any double is no value of a field', async () => {
	const p = await newProject(server);
	const action = await done(p, IMPORT, '[{"code":"A","type":"GIFT_VOUCHER","gift":{"amount":1e400}}]');
	assert.equal(action.result.failed_count, 1);
	assert.match(action.result.failed[0].reason, /^Property \.gift\.amount must be /);
});

test('members that nobody knows are skipped', async () => {
	const p = await newProject(server);
	const deep = '['.repeat(50) + ']'.repeat(50);
	await done(p, IMPORT, `[{"code":"A","type":"GIFT_VOUCHER","gift":{"amount":1},"unknown":${deep}}]`);
	const action = await done(p, METADATA, `{"unknown":${deep},"codes":["A"],"also":[1,{}],"metadata":{"a":1}}`);
	assert.equal(action.result.done_count, 1);
	assert.deepEqual((await p.voucher('A')).metadata, { a: 1 });
});

/* ---- refused ---- */

test('a body of the wrong shape is refused by name', async t => {
	const p = await newProject(server);
	const cases = [
		[IMPORT, '{}', 'Payload must be array'],
		[IMPORT, '{"vouchers":[]}', 'Payload must be array'],
		[BULK, '"A"', 'Payload must be array'],
		[BULK, 'null', 'Payload must be array'],
		[METADATA, '[]', 'Payload must be object'],
		[METADATA, '12', 'Payload must be object'],
		[IMPORT, '[1]', 'Property [0] must be object'],
		[IMPORT, '[{"code":"A"},{"code":"B"},[]]', 'Property [2] must be object'],
		[BULK, '[{"code":"A","metadata":{}},null]', 'Property [1] must be object'],
		[BULK, '["A"]', 'Property [0] must be object'],
		[METADATA, '{"codes":"A","metadata":{}}', 'Property .codes must be array'],
		[METADATA, '{"codes":null}', 'Property .codes must be array'],
		[METADATA, '{"codes":["A","B","C",4]}', 'Property .codes[3] must be string'],
		[METADATA, '{"codes":[null]}', 'Property .codes[0] must be string'],
		[METADATA, '{"codes":["A"],"codes":["B"]}', 'Property .codes must NOT be given twice'],
		[METADATA, '{"codes":["A"],"metadata":[]}', 'Property .metadata must be object'],
		[METADATA, '{"metadata":"a","codes":["A"]}', 'Property .metadata must be object'],
		[METADATA, `{"codes":["A"],"metadata":{"a":"${'x'.repeat(262144)}"}}`,
			'Property .metadata must NOT be longer than 262144 bytes'],
		[IMPORT, '[{"code":"A"},{"code":1}]', 'Property .code must be string (item 1)'],
		[IMPORT, JSON.stringify([...Array(3).fill(gift('A')), gift('B', { redemption: { quantity: 'x' } })]),
			'Property .redemption.quantity must be integer,null (item 3)'],
		[BULK, '[{"code":"A","metadata":{}},{"code":"B","metadata":[]}]', 'Property .metadata must be object (item 1)'],
		[BULK, '[{"code":7}]', 'Property .code must be string (item 0)'],
		[IMPORT, `[{},{"code":"${'x'.repeat(4 << 20)}"}]`, 'Property [1] must NOT be longer than 4194304 bytes'],
		[METADATA, `{"codes":["${'x'.repeat(4 << 20)}"]}`, 'Property .codes[0] must NOT be longer than 4194304 bytes']
	];
	for (const [path, body, details] of cases) {
		await t.test(`${path} ${body.slice(0, 60)}`, async () =>
			assertInvalidPayload(await post(p, path, body), details));
	}
	assert.deepEqual(await actionsOf(p), [], 'nothing was queued');
});

test('JSON that does not parse is the transport error, wherever it breaks, whatever else is wrong', async t => {
	const p = await newProject(server);
	const texts = [
		'[', '[{}', '[{},]', '[{}{}]', '[{}]]', '[{}] x', '[1,', '[{"code":1},', '{"a":1}}', 'hello', "[{'code':'A'}]",
		'[{"code":"\\x"}]', '[{"code":"\n"}]', '[{"code":"\\u0000"}]', '[{"code":"\\ud800"}]', '[{"n":01}]', '[NaN]',
		`[${'['.repeat(100)}${']'.repeat(100)}]`
	];
	const bodies = [
		...texts.flatMap(text => [[IMPORT, text], [BULK, text]]),
		[IMPORT, Buffer.from('[{"code":"\xFF"}]', 'latin1')],
		[METADATA, '{"codes":["A"]'], [METADATA, '{"codes":["A",]}'], [METADATA, '{"codes":["A"]} {}'],
		[METADATA, '{codes:[]}'], [METADATA, '{"codes":[4}'], [METADATA, '{"metadata":{"a":}}'], [METADATA, '{"x":tru}'],
		[METADATA, `{"codes":["A"],"metadata":${'{"a":'.repeat(63)}{}${'}'.repeat(64)}`]
	];
	for (const [path, body] of bodies) {
		await t.test(`${path} ${String(body).slice(0, 40)}`, async () => {
			const answer = await post(p, path, body);
			assert.equal(answer.status, 400);
			assert.equal(answer.text, INVALID_JSON);
		});
	}
	assert.deepEqual(await actionsOf(p), []);
});

test('a body of another type is 415', async () => {
	const p = await newProject(server);
	for (const path of [IMPORT, BULK, METADATA]) {
		for (const type of ['text/csv', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b'])
			assert.equal((await post(p, path, '[]', { 'Content-Type': type })).status, 415, type);
		for (const type of ['application/json', 'Application/JSON ; charset=utf-8'])
			assert.notEqual((await post(p, path, '[]', { 'Content-Type': type })).status, 415, type);
	}
});

test('parameters are yes or no', async () => {
	const p = await newProject(server);
	for (const path of [IMPORT, BULK, METADATA, '/v1/vouchers/importCSV']) {
		const body = path === METADATA ? '{}' : '[]';
		const send = query => path === '/v1/vouchers/importCSV'
			? server.upload(path + query, giftFile(0), { project: p.keys }) : post(p, path + query, body);
		for (const name of ['dry_run', 'webhooks_enable', 'webhooks_enabled']) {
			for (const value of ['maybe', '1', ''])
				assertInvalidQuery(await send(`?${name}=${value}`), `Property .${name} must be boolean`);
			for (const value of ['true', 'false'])
				assert.equal((await send(`?${name}=${value}`)).status, 202);
		}
	}
});

/* ---- dry run ---- */

test('a dry run tells what would happen, and changes nothing', async () => {
	const p = await newProject(server);
	await done(p, IMPORT, [gift('OLD', { metadata: { a: 1 } })]);
	const before = (await p.raw({ path: '/v1/vouchers/OLD' })).text;

	const imported = await done(p, `${IMPORT}?dry_run=true`, [gift('NEW'), gift('OLD'), { code: 'BAD' }]);
	assert.equal(imported.result.done_count, 1);
	assert.deepEqual(imported.result.failed.map(f => f.code), ['OLD', 'BAD']);
	const updated = await done(p, `${BULK}?dry_run=true`, [{ code: 'OLD', metadata: { a: 2 } }, { code: 'NEW', metadata: {} }]);
	assert.deepEqual([updated.result.done_count, updated.result.failed_count], [1, 1]);
	const same = await done(p, `${METADATA}?dry_run=true`, { codes: ['OLD'], metadata: { a: 3 } });
	assert.equal(same.result.done_count, 1);
	for (const options of [{ query: '?dry_run=true' }, { query: '', fields: { dry_run: 'true' } }]) {
		const answer = await server.upload(`/v1/vouchers/importCSV${options.query}`,
			csv('Code,Voucher Type,Value', 'OLD,GIFT_VOUCHER,5', 'FILE,GIFT_VOUCHER,5'),
			{ project: p.keys, fields: options.fields });
		assert.equal((await p.wait(answer.json.async_action_id)).result.done_count, 2);
	}

	assert.equal((await p.raw({ path: '/v1/vouchers/OLD' })).text, before);
	assert.deepEqual((await p.allVouchers()).map(v => v.code), ['OLD']);
	await done(p, `${IMPORT}?dry_run=false`, [gift('NEW')]);
	assert.notEqual(await p.voucher('NEW'), undefined);
});

/* ---- limits ---- */

/** An import of gift vouchers of exactly so many bytes. */
function importOf(bytes) {
	const items = [];
	let left = bytes - 2;
	for (let i = 0; left > 0; i++) {
		const item = JSON.stringify(gift(`L${i}`, { skipped: '' }));
		const last = left < 2 * (item.length + 1000);
		const room = last ? left - item.length : 999;
		items.push(item.replace('"skipped":""', `"skipped":"${'x'.repeat(room)}"`));
		left -= item.length + room + (last ? 0 : 1);
		if (last)
			left = 0;
	}
	const body = `[${items.join(',')}]`;
	assert.equal(body.length, bytes);
	return { body, rows: items.length };
}

test('a body of 10 MB is taken to the last record, one byte more is 413', async t => {
	const p = await newProject(server);
	await t.test('the limit', async () => {
		const { body, rows } = importOf(10485760);
		const action = await done(p, IMPORT, body);
		assert.equal(action.result.done_count, rows);
		assert.notEqual(await p.voucher(`L${rows - 1}`), undefined);
		assert.equal((await p.report(action.id)).length, rows);
	});
	const q = await newProject(server);
	const list = importOf(10485761).body;
	const codes = Array(1e6).fill('"ABCDEFG"').join(',');
	const chunked = { 'Transfer-Encoding': 'chunked' };
	for (const path of [IMPORT, BULK, METADATA]) {
		const body = path === METADATA ? `{"codes":[${codes}],"x":"${'x'.repeat(485743)}"}` : list;
		assert.equal(body.length, 10485761);
		await t.test(`one byte more, ${path}`, async () => {
			for (const headers of [{ 'Content-Length': body.length }, chunked]) {
				const answer = await q.raw({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body });
				assert.equal(answer.status, 413);
				assert.equal(answer.text, tooLarge(10485760));
			}
		});
	}
	await t.test('very much more', async () => {
		const answer = await post(q, IMPORT, `[${' '.repeat(40 << 20)}]`);
		assert.equal(answer.status, 413);
		assert.equal(answer.text, tooLarge(10485760));
	});
	assert.deepEqual(await actionsOf(q), []);
});

test('the limits are flags', async () => {
	const small = await apiServer({ args: ['--json-max-bytes', '1000', '--csv-max-bytes=2000'] });
	const p = await newProject(small);
	const exact = importOf(1000);
	assert.equal((await done(p, IMPORT, exact.body)).result.done_count, exact.rows);
	for (const path of [IMPORT, '/v1/vouchers/ONE']) {
		const answer = await post(p, path, importOf(1001).body);
		assert.equal(answer.status, 413);
		assert.equal(answer.text, tooLarge(1000));
	}
	assert.equal((await p.upload(giftFile(50))).status, 202);
	const file = await p.upload(giftFile(200));
	assert.equal(file.status, 413);
	assert.equal(file.text, tooLarge(2000));
	const form = `--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n${giftFile(200)}\r\n--b--\r\n`;
	const chunked = await p.raw({
		method: 'POST', path: '/v1/vouchers/importCSV', body: form,
		headers: { 'Content-Type': 'multipart/form-data; boundary=b', 'Transfer-Encoding': 'chunked' }
	});
	assert.equal(chunked.text, tooLarge(2000));
	await assertSpool(small, 1);
	for (const args of [['--json-max-bytes', 'x'], ['--csv-max-bytes', '-1'], ['--json-max-bytes=1.5']]) {
		const end = await longshore(['serve', '--listen', '127.0.0.1:0', '--store', `${small.store}.x`, ...args],
			{ program: shipped });
		assert.equal(end.code, 2);
		assert.match(end.stderr, /^longshore: --(json|csv)-max-bytes '.*' is not a number of bytes\n$/);
	}
});

/* ---- the spool and memory ---- */

test('a small body makes no file, a large one makes one', async () => {
	const own = await apiServer();
	const p = await newProject(own);
	await done(p, IMPORT, [gift('A')]);
	await done(p, BULK, [{ code: 'A', metadata: { a: 1 } }]);
	await assertSpool(own, 0);
	const items = Array.from({ length: 400 }, (_, i) => gift(`B${i}`));
	assert.ok(JSON.stringify(items).length > 20000);
	const action = await done(p, IMPORT, items);
	assert.equal(action.result.done_count, 400);
	await assertSpool(own, 1);
	assertInvalidPayload(await p.post(IMPORT, [...items, 1]), 'Property [400] must be object');
	assert.equal((await post(p, IMPORT, `${JSON.stringify(items)}x`)).text, INVALID_JSON);
	await assertSpool(own, 1);
});

test('a client that hangs up in the middle leaves nothing', async t => {
	const own = await apiServer();
	const p = await newProject(own);
	const body = Buffer.from(JSON.stringify(Array.from({ length: 50000 }, (_, i) => gift(`C${i}`))));
	const piece = body.subarray(0, body.length / 2);
	const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
	const hangUps = {
		'by closing': socket => socket.destroy(),
		'by a reset': socket => socket.resetAndDestroy(),
		'by saying that it will send no more': socket => socket.end()
	};
	for (const [what, how] of Object.entries(hangUps)) {
		for (const [framing, data] of [[{ 'Content-Length': body.length }, piece], [{ 'Transfer-Encoding': 'chunked' }, chunk]]) {
			await t.test(`${what}, ${Object.keys(framing)}`, async () => {
				const socket = await connect(own, head('POST', IMPORT, { ...p.headers, ...JSON_TYPE, ...framing }));
				socket.on('error', () => {});
				await new Promise(resolve => socket.write(data, resolve));
				await until(async () => (await own.spoolFiles()).some(name => name.endsWith('.part')),
					{ what: 'the body to come in' });
				how(socket);
				await assertSpool(own, 0);
			});
		}
	}
	assert.deepEqual(await actionsOf(p), []);
});

/** Sends an import of `n` records of some 1000 bytes, piece by piece, and this end; the answer. */
function stream(p, n, end) {
	return new Promise((resolve, reject) => {
		const request = http.request({
			host: '127.0.0.1', port: p.server.port, method: 'POST', path: IMPORT, agent: false,
			headers: { ...p.headers, ...JSON_TYPE }
		}, answer => {
			let text = '';
			answer.on('data', data => (text += data));
			answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
		});
		request.on('error', reject);
		let i = 0;
		const more = () => {
			while (i < n) {
				const items = [];
				for (const end = Math.min(n, i + 50); i < end; i++)
					items.push(`{"code":"M${n}-${i}","type":"GIFT_VOUCHER","gift":{"amount":1},"skipped":"${'x'.repeat(930)}"}`);
				if (!request.write((i <= 50 ? '[' : ',') + items.join(','))) {
					request.once('drain', more);
					return;
				}
			}
			request.end(end);
		};
		more();
	});
}

const json = answer => ({ ...answer, json: JSON.parse(answer.text) });
const peakKib = s => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${s.pid}/status`, 'utf8'))[1]);

test('the memory of the server does not grow with the body', async t => {
	const own = await apiServer({ args: ['--json-max-bytes', '0'] });
	const p = await newProject(own);
	const peaks = [];
	for (const n of [20000, 200000]) { // 20 MB, 200 MB; the last record is none, so that the engine has no part in it
		assertInvalidPayload(json(await stream(p, n, ',1]')), `Property [${n}] must be object`);
		await assertSpool(own, 0);
		peaks.push(peakKib(own));
	}
	const answer = json(await stream(p, 200000, ']'));
	assert.equal(answer.status, 202, answer.text);
	const action = await p.wait(answer.json.async_action_id);
	assert.equal(action.result.done_count, 200000);
	peaks.push(peakKib(own));
	t.diagnostic(`VmHWM ${peaks} KiB`);
	if (!/asan|tsan/.test(shipped)) // a sanitizer's own memory is not ours
		assert.ok(peaks[1] < peaks[0] + 4 * 1024 && peaks[2] < 128 * 1024, `VmHWM ${peaks} KiB`);
});

test('the memory of the server does not grow with the parameters of the updates that wait', async t => {
	const own = await apiServer();
	const p = await newProject(own);
	await p.startImport(giftFile(1000000)); // what they wait for
	const metadata = Object.fromEntries(Array.from({ length: 10000 }, (_, i) => [`key${i}`, i]));
	const answers = [];
	for (let i = 0; i < 300; i += 4) // a few at a time: requests under way take memory as well
		answers.push(...await Promise.all([0, 1, 2, 3].map(n =>
			p.post(METADATA, { codes: [giftCode(i + n)], metadata }))));
	for (const { json: { async_action_id: id } } of answers)
		assert.equal((await p.wait(id)).result.done_count, 1);
	const peak = peakKib(own);
	t.diagnostic(`VmHWM ${peak} KiB`);
	if (!/asan|tsan/.test(shipped)) // a sanitizer's own memory is not ours
		assert.ok(peak < 160 * 1024, `VmHWM ${peak} KiB`);
});
