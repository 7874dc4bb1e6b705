// SPDX-License-Identifier: MIT
/* Files and bodies that are no good: a clear answer, nothing imported, nothing left in the spool. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import {
	apiServer, assertAction, assertInvalidPayload, assertSpool, connect, csv, giftFile, head, multipart,
	newProject, until
} from '../support/api.mjs';

const server = await apiServer();
const p = await newProject(server);
let inputs = 0; // files that the spool holds by right: those of accepted imports

const PATH = '/v1/vouchers/importCSV';
const HEAD = 'Code,Voucher Type,Value';

/* After each of the bad ones. */
afterEach(async () => {
	await assertSpool(server, inputs);
	assert.equal((await p.get('/readyz')).status, 200);
	assert.equal(server.running, true);
});

/** An upload that is accepted; the action at its end. */
async function accepted(project, contents) {
	const action = await project.import(contents);
	inputs++;
	return action;
}

/* ---- files ---- */

test('an unreadable file is refused with its reason', async t => {
	const utf16 = (text, bom) => Buffer.from((bom ? '\uFEFF' : '') + text, 'utf16le');
	const text = csv(HEAD, 'A,GIFT_VOUCHER,1');
	const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');
	const empty = 'CSV file is empty';
	const is16 = 'CSV file is UTF-16; it must be UTF-8';
	const cases = {
		'an empty file': ['', empty],
		'a byte-order mark only': ['\uFEFF', empty],
		'blank lines only': ['\n\r\n\r\n  \n', empty],
		'UTF-16, little-endian': [utf16(text, true), is16],
		'UTF-16, big-endian': [utf16(text, true).swap16(), is16],
		'UTF-16 without a mark': [utf16(text, false), is16],
		'big-endian UTF-16 without a mark': [utf16(text, false).swap16(), is16],
		'a NUL byte': [`Code\0${text}`, 'CSV file has a NUL byte at byte 4; it must be UTF-8 text'],
		'a NUL byte in the first 4 KiB': [`${giftFile(100)}\0`,
			`CSV file has a NUL byte at byte ${giftFile(100).length}; it must be UTF-8 text`],
		'a picture': [png, 'CSV file has a NUL byte at byte 8; it must be UTF-8 text'],
		'no column Code': [csv('Kode,Voucher Type,Value', 'A,GIFT_VOUCHER,1'),
			"CSV file should have required column 'Code' (found: Kode, Voucher Type, Value)"],
		'another delimiter': [csv('Code|Voucher Type|Value', 'A|GIFT_VOUCHER|1'),
			"CSV file should have required column 'Code' (found: Code|Voucher Type|Value)"],
		'no header line': [csv('A,GIFT_VOUCHER,1', 'B,GIFT_VOUCHER,2'),
			"CSV file should have required column 'Code' (found: A, GIFT_VOUCHER, 1)"],
		'JSON': ['[{"code":"A"}]',
			'CSV file should have required column \'Code\' (found: [{"code":"A"}])'],
		'an unclosed quote in the header': ['Code,"Voucher Type,Value\nA,GIFT_VOUCHER,1\n',
			'CSV file has an unclosed quote in its header'],
		'text behind a quote of the header': ['Code,"Voucher"Type,Value\n',
			'CSV file has text after the closing quote of heading 2'],
		'invalid UTF-8 in the header': [Buffer.from('Code,R\xe9gion\n', 'latin1'),
			'CSV file has invalid UTF-8 in its header at byte 6'],
		'20,000 columns': [`Code${',x'.repeat(20000)}\n`, 'CSV file has more than 16384 columns']
	};
	for (const [what, [contents, details]] of Object.entries(cases)) {
		await t.test(what, async () => {
			assertInvalidPayload(await p.upload(contents), details);
			await assertSpool(server, inputs);
		});
	}
	const { json } = await p.get('/v1/async-actions');
	assert.deepEqual(json.async_actions, [], 'nothing was queued');
});

test('a long list of headings is cut in the message', async () => {
	const names = Array.from({ length: 500 }, (_, i) => `column${i}`);
	const { status, json } = await p.upload(`${names}\n`);
	assert.equal(status, 400);
	assert.ok(json.details.startsWith(
		"CSV file should have required column 'Code' (found: column0, column1, column2, "));
	assert.ok(json.details.length < 450);
});

test('a quote that is never closed ends the import, with exact counts of the rows before', async t => {
	const cases = {
		'at the end of the file': csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1', 'C,GIFT_VOUCHER,1', 'D,"GIFT_VOUCHER,1'),
		'with rows behind it': csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1', 'C,GIFT_VOUCHER,1', 'D,"GIFT_VOUCHER,1',
			...Array.from({ length: 1000 }, (_, i) => `E${i},GIFT_VOUCHER,1`)),
		'with 2 MiB behind it': csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1', 'C,GIFT_VOUCHER,1', 'D,GIFT_VOUCHER,"1',
			...Array.from({ length: 100000 }, (_, i) => `E${i},GIFT_VOUCHER,1`)),
		'as the last byte': `${csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1', 'C,GIFT_VOUCHER,1')}"`
	};
	for (const [what, contents] of Object.entries(cases)) {
		await t.test(what, async () => {
			const q = await newProject(server);
			const action = await accepted(q, contents);
			assertAction(action);
			assert.equal(action.status, 'FAILED');
			assert.equal(action.operation_status, 'FAILED');
			assert.deepEqual(action.result, {
				message: 'Invalid CSV file: quote opened at row 4 is never closed',
				failed: [{ code: 'B', row: 2, reason: 'Voucher Type is required' }],
				done_count: 2,
				failed_count: 1
			});
			assert.deepEqual((await q.allVouchers()).map(v => v.code), ['A', 'C']);
			assert.equal(await q.reportText(action.id), 'row,code,outcome,reason\n' +
				'1,A,created,\n2,B,failed,Voucher Type is required\n3,C,created,\n');
		});
	}
});

test('a quote that is never closed after many rows leaves all of them in', async () => {
	const q = await newProject(server);
	const action = await accepted(q, `${giftFile(50000)}X,"GIFT_VOUCHER,1\n${'y'.repeat(3e6)}`);
	assert.equal(action.status, 'FAILED');
	assert.equal(action.result.message, 'Invalid CSV file: quote opened at row 50001 is never closed');
	assert.equal(action.result.done_count, 50000);
	assert.equal((await q.get('/v1/vouchers?limit=1')).json.total, 50000);
});

test('a row beyond 4 MiB ends the import', async () => {
	const q = await newProject(server);
	const cell = 'x'.repeat(1e6);
	const action = await accepted(q, csv(`${HEAD},a,b,c,d,e`, 'A,GIFT_VOUCHER,1',
		`B,GIFT_VOUCHER,1,${[cell, cell, cell, cell, cell]}`, 'C,GIFT_VOUCHER,1'));
	assert.equal(action.status, 'FAILED');
	assert.equal(action.result.message, 'Invalid CSV file: row 2 is longer than 4194304 bytes');
	assert.equal(action.result.done_count, 1);
	assert.equal(action.result.failed_count, 0);
});

/* ---- bodies ---- */

test('a body without a part `file` is refused', async t => {
	const missing = "Payload should have required property 'file'";
	const file = giftFile(1);
	const send = (type, body) => {
		const headers = type === undefined ? {} : { 'Content-Type': type };
		return p.raw({ method: 'POST', path: PATH, headers, body });
	};
	const cases = {
		'the file itself': ['text/csv', file],
		'JSON': ['application/json', '{"file":"Code"}'],
		'a form of the other kind': ['application/x-www-form-urlencoded', 'file=Code'],
		'no content type': [undefined, file],
		'no body': [undefined, undefined],
		'a multipart type without a boundary': ['multipart/form-data', file],
		'another multipart type': ['multipart/mixed; boundary=b',
			multipart('b', [{ name: 'file', fileName: 'a', contents: file }])],
		'a part of another name': ['multipart/form-data; boundary=b',
			multipart('b', [{ name: 'csv', fileName: 'a.csv', contents: file }])],
		'a part named File': ['multipart/form-data; boundary=b',
			multipart('b', [{ name: 'File', fileName: 'a.csv', contents: file }])],
		'no parts': ['multipart/form-data; boundary=b', '--b--\r\n'],
		'other fields only': ['multipart/form-data; boundary=b',
			multipart('b', [{ name: 'webhooks_enable', contents: 'true' }])]
	};
	for (const [what, [type, body]] of Object.entries(cases)) {
		await t.test(what, async () => {
			const answer = await send(type, body);
			assertInvalidPayload(answer, missing);
			await assertSpool(server, inputs);
		});
	}
});

test('a second file is refused', async () => {
	const part = { name: 'file', fileName: 'a.csv', contents: giftFile(1) };
	const answer = await p.raw({
		method: 'POST', path: PATH, headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
		body: multipart('b', [part, part])
	});
	assertInvalidPayload(answer, "Payload should have only one property 'file'");
});

test('a field of other data is bounded', async () => {
	const answer = await p.upload(giftFile(1), { fields: { note: 'x'.repeat(5000) } });
	assertInvalidPayload(answer, "Payload has a field with more than 1024 bytes besides 'file'");
});

test('a multipart body that is cut is refused, wherever it is cut', async t => {
	const body = multipart('b', [{ name: 'file', fileName: 'a.csv', contents: giftFile(50) }]);
	const cuts = {
		'in the file': body.length - 300, 'before the last boundary': body.length - 9,
		'in the last boundary': body.length - 6, 'before its hyphens': body.length - 4,
		'between its hyphens': body.length - 3
	};
	for (const [what, n] of Object.entries(cuts)) {
		await t.test(what, async () => {
			const answer = await p.raw({
				method: 'POST', path: PATH, headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
				body: body.subarray(0, n)
			});
			assertInvalidPayload(answer, 'Payload is cut: the multipart body has no closing boundary');
			await assertSpool(server, inputs);
		});
	}
	await t.test('behind its hyphens it is complete', async () => {
		const q = await newProject(server);
		const answer = await q.raw({
			method: 'POST', path: PATH, headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
			body: body.subarray(0, -2)
		});
		assert.equal(answer.status, 202);
		inputs++;
		await q.wait(answer.json.async_action_id);
	});
});

test('a multipart body may arrive in pieces of any size', async () => {
	const q = await newProject(server);
	const rows = giftFile(3).replaceAll('\n', '\r\n--b\n\r\n-'); // what looks like a boundary, and is none
	const body = multipart('bound', [
		{ name: 'webhooks_enable', contents: 'true' }, { name: 'file', fileName: 'a.csv', contents: rows }
	]);
	const socket = await connect(server, head('POST', PATH, {
		...q.headers, 'Content-Type': 'multipart/form-data; boundary="bound"', 'Content-Length': body.length,
		Connection: 'close'
	}));
	let text = '';
	socket.on('data', data => (text += data));
	socket.setNoDelay(true);
	for (const byte of body) // one at a time
		await new Promise(resolve => socket.write(Buffer.from([byte]), () => setImmediate(resolve)));
	await new Promise(resolve => socket.on('end', resolve));
	inputs++;
	assert.match(text, /^HTTP\/1\.1 202 /);
	const action = await q.wait(/"async_action_id":"(\w+)"/.exec(text)[1]);
	assert.equal(action.result.done_count, 3);
});

test('what a form may hold besides is skipped: preamble, epilogue, other files, header spelling', async () => {
	const q = await newProject(server);
	const bodies = [
		`hello\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n${giftFile(1)}\r\n--b--\r\nbye`,
		`--b\r\nCONTENT-disposition:form-data;filename=a.csv;name=file\r\nX: y\r\n\r\n${giftFile(1)}\r\n--b--`,
		`--b \t\r\ncontent-disposition: form-data; name="file"\r\n\r\n${giftFile(1)}\r\n--b--\r\n`
	];
	for (const body of bodies) {
		const answer = await q.raw({
			method: 'POST', path: PATH, body,
			headers: { 'Content-Type': 'Multipart/Form-Data; charset=utf-8; Boundary=b' }
		});
		assert.equal(answer.status, 202, answer.text);
		inputs++;
		assert.equal((await q.wait(answer.json.async_action_id)).result.done_count, 1);
	}
});

test('a body that is not well formed is refused', async () => {
	const file = giftFile(1);
	const bodies = [
		`--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n${file}\r\n--bx\r\n`,
		`--b\r\nX: ${'x'.repeat(5000)}\r\n\r\n${file}\r\n--b--\r\n`,
		`--b\n\n${file}`
	];
	for (const body of bodies) {
		const answer = await p.raw({
			method: 'POST', path: PATH, body, headers: { 'Content-Type': 'multipart/form-data; boundary=b' }
		});
		assertInvalidPayload(answer, 'Payload is not a well-formed multipart body');
	}
});

/* ---- connections ---- */

/** Sends the head and some of the body of an upload, waits until it is in the spool, hangs up. */
async function hangUp(headers, body, how) {
	const socket = await connect(server, head('POST', PATH, {
		...p.headers, 'Content-Type': 'multipart/form-data; boundary=b', ...headers
	}));
	socket.on('error', () => {});
	await new Promise(resolve => socket.write(body, resolve));
	await until(async () => (await server.spoolFiles()).some(name => name.endsWith('.part')),
		{ what: 'the upload to begin' });
	how(socket);
}

test('a client that hangs up in the middle leaves nothing in the spool', async t => {
	const body = multipart('b', [{ name: 'file', fileName: 'a.csv', contents: giftFile(50000) }]);
	const piece = body.subarray(0, body.length / 2);
	const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
	const hangUps = {
		'by closing': socket => socket.destroy(),
		'by a reset': socket => socket.resetAndDestroy(),
		'by saying that it will send no more': socket => socket.end()
	};
	for (const [what, how] of Object.entries(hangUps)) {
		await t.test(what, async () => {
			await hangUp({ 'Content-Length': body.length }, piece, how);
			await assertSpool(server, inputs);
		});
		await t.test(`${what}, of a body of unknown length`, async () => {
			await hangUp({ 'Transfer-Encoding': 'chunked' }, chunk, how);
			await assertSpool(server, inputs);
		});
	}
	const { json } = await p.get('/v1/async-actions');
	assert.deepEqual(json.async_actions, [], 'nothing was queued');
});

test('many clients that hang up at once leave nothing in the spool', async () => {
	const body = multipart('b', [{ name: 'file', fileName: 'a.csv', contents: giftFile(20000) }]);
	const sockets = await Promise.all(Array.from({ length: 30 }, async () => {
		const socket = await connect(server, head('POST', PATH, {
			...p.headers, 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': body.length
		}));
		socket.on('error', () => {});
		await new Promise(resolve => socket.write(body.subarray(0, -100), resolve));
		return socket;
	}));
	await until(async () => (await server.spoolFiles()).filter(f => f.endsWith('.part')).length === 30,
		{ what: 'the uploads to begin' });
	for (const socket of sockets)
		socket.destroy();
	await assertSpool(server, inputs);
});

test('a client that hangs up when it has sent everything may find its import done', async () => {
	const q = await newProject(server);
	const body = multipart('b', [{ name: 'file', fileName: 'a.csv', contents: giftFile(100) }]);
	for (let i = 0; i < 5; i++) {
		const socket = await connect(server, head('POST', PATH, {
			...q.headers, 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': body.length
		}));
		socket.on('error', () => {});
		await new Promise(resolve => socket.write(body, resolve));
		socket.destroy();
	}
	/* Every file in the spool belongs to an action. */
	await until(async () => {
		const { json } = await q.get('/v1/async-actions');
		const files = await server.spoolFiles();
		return files.every(f => f.endsWith('.in')) && files.length === inputs + json.async_actions.length &&
			json.async_actions.every(a => a.status === 'DONE');
	}, { what: 'every file to belong to an action' });
	inputs += (await q.get('/v1/async-actions')).json.async_actions.length;
});
