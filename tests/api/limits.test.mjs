// SPDX-License-Identifier: MIT
/* What a small file must not be able to make of a server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { test } from 'node:test';

import { apiServer, assertInvalidPayload, csv, giftFile, newProject } from '../support/api.mjs';
import { longshore, shipped, sqliteOnly } from '../support/server.mjs';

const server = await apiServer();

const HEAD = 'Code,Voucher Type,Value';

test('a heading of more than 1024 bytes is refused at the upload', async () => {
	const p = await newProject(server);
	assertInvalidPayload(await p.upload(csv(`${HEAD},${'h'.repeat(1025)}`, 'A,GIFT_VOUCHER,1,x')),
		'CSV file has a heading longer than 1024 bytes');
	await p.load(csv(`${HEAD},${'h'.repeat(1024)}`, 'A,GIFT_VOUCHER,1,x'));
});

test('a text of 65536 bytes is kept, a longer one fails its row', async () => {
	const p = await newProject(server);
	const action = await p.import(csv(`${HEAD},Additional Info`,
		`A,GIFT_VOUCHER,1,${'x'.repeat(65536)}`, `B,GIFT_VOUCHER,1,${'x'.repeat(65537)}`));
	assert.deepEqual(action.result.failed,
		[{ code: 'B', row: 2, reason: 'Property .additional_info must NOT be longer than 65536 bytes' }]);
	assert.equal((await p.voucher('A')).additional_info.length, 65536);
});

test('metadata of more than 262144 bytes fails its row', async () => {
	const p = await newProject(server);
	const action = await p.import(csv(`${HEAD},Region`,
		`A,GIFT_VOUCHER,1,${'x'.repeat(262000)}`, `B,GIFT_VOUCHER,1,${'x'.repeat(262144)}`));
	assert.deepEqual(action.result.failed,
		[{ code: 'B', row: 2, reason: 'Property .metadata must NOT be longer than 262144 bytes' }]);
});

test('long headings, repeated in the metadata of every row, do not fill the memory', async () => {
	const p = await newProject(server);
	const headings = Array.from({ length: 100 }, (_, i) => `a_long_heading_of_metadata_number_${1000 + i}`);
	const cells = headings.map(() => 'v').join(',');
	const rows = Array.from({ length: 50000 }, (_, i) => `C${i},GIFT_VOUCHER,1,${cells}`);
	const action = await p.load(csv(`${HEAD},${headings}`, ...rows));
	assert.equal(action.result.done_count, 50000);
	if (!/asan|tsan/.test(shipped)) { // a sanitizer's own memory is not ours
		const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'));
		assert.ok(Number(peak[1]) < 128 * 1024, `VmHWM ${peak[1]} KiB`);
	}
});

test('a body of very many values is refused, not unfolded', async () => {
	const p = await newProject(server);
	const discount = { type: 'AMOUNT', amount_off: 1 };
	const many = await p.post('/v1/vouchers/MANY', { discount, metadata: { a: Array(300000).fill(0) } });
	assert.equal(many.status, 400);
	assertInvalidPayload(await p.post('/v1/vouchers/WIDE', { discount, metadata: { a: 'x'.repeat(262144) } }),
		'Property .metadata must NOT be longer than 262144 bytes');
});

test('a second server is refused although it names the database by a link', { skip: sqliteOnly('a file has links') }, async () => {
	await symlink(server.database, `${server.database}.link`);
	const second = await longshore(['serve', '--listen', '127.0.0.1:0', '--store', `sqlite:${server.database}.link`],
		{ program: shipped });
	assert.equal(second.code, 1);
	assert.match(second.stderr, /another longshore process is serving/);
});

test('a second server is refused the spool of the first', { skip: sqliteOnly('the other store is a file') }, async () => {
	const second = await longshore(['serve', '--listen', '127.0.0.1:0', '--store', `sqlite:${server.database}.other`,
		'--spool', server.spool], { program: shipped });
	assert.equal(second.code, 1);
	assert.match(second.stderr, /another longshore process uses the spool/);
});

test('a project can be made beside a busy import', async () => {
	const p = await newProject(server);
	const id = await p.startImport(giftFile(400000));
	for (let i = 0; i < 3; i++)
		await newProject(server);
	assert.equal((await p.wait(id)).result.done_count, 400000);
});
