// SPDX-License-Identifier: MIT
/* GET /v1/async-actions/{id}/report.csv: one line a row, with what became of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertNotFound, csv, giftCode, giftFile, newProject } from '../support/api.mjs';

const server = await apiServer();

const HEAD = 'Code,Voucher Type,Value';

test('a report has one line a row, in row order, with code, outcome and reason', async () => {
	const p = await newProject(server);
	await p.load(csv(HEAD, 'SAME,GIFT_VOUCHER,1', 'OLD,GIFT_VOUCHER,1', 'TYPE,GIFT_VOUCHER,1'));
	const action = await p.import(Buffer.concat([
		Buffer.from(csv('Region,Code,Voucher Type,Discount Type,Value',
			',ZNEW,GIFT_VOUCHER,,1', ',OLD,GIFT_VOUCHER,,2', ',SAME,GIFT_VOUCHER,,1', '', ',,GIFT_VOUCHER,,1',
			',TYPE,DISCOUNT_VOUCHER,AMOUNT,1', ',"a,b",GIFT_VOUCHER,,1', ',"say ""hi""",,,1', ', lead,GIFT_VOUCHER,,1',
			',"two', 'lines",GIFT_VOUCHER,,1', ',a;b,GIFT_VOUCHER,,1', ',=1+1,GIFT_VOUCHER,,1', ',ANEW,COUPON,,1',
			'x')),
		Buffer.from([0x2c, 0xff, 0x2c, 0x0a]),
		Buffer.from(csv(',żółć,GIFT_VOUCHER,,1'))
	]));
	assert.equal(await p.reportText(action.id), csv(
		'row,code,outcome,reason',
		'1,ZNEW,created,',
		'2,OLD,updated,',
		'3,SAME,unchanged,',
		'4,,failed,Code is required',
		'5,TYPE,failed,It is not possible to change Voucher discount type',
		'6,"a,b",created,',
		'7,"say ""hi""",failed,Voucher Type is required',
		'8," lead",created,',
		'9,"two',
		'lines",created,',
		'10,"a;b",created,',
		'11,=1+1,created,',
		'12,ANEW,failed,"Property .type must be equal to one of the allowed values ' +
			'[ DISCOUNT_VOUCHER, GIFT_VOUCHER ]"',
		'13,,failed,Code is required',
		"14,,failed,Column 'Code' is not valid UTF-8 (byte 0)",
		'15,żółć,created,'
	));
});

test('a report is a file to be saved', async () => {
	const p = await newProject(server);
	const { id } = await p.load(giftFile(1));
	const { headers } = await p.get(`/v1/async-actions/${id}/report.csv`);
	assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
	assert.equal(headers.get('content-disposition'), `attachment; filename="report-${id}.csv"`);
});

test('the report of a file without rows is its header', async () => {
	const p = await newProject(server);
	const { id } = await p.load(HEAD);
	assert.equal(await p.reportText(id), 'row,code,outcome,reason\n');
});

test('lines of a report sum up to the counts of the result', async () => {
	const p = await newProject(server);
	await p.load(giftFile(300));
	const action = await p.import(giftFile(900).replaceAll(/(G00\d*7),GIFT_VOUCHER/g, '$1,'));
	const counts = {};
	for (const [, , outcome] of await p.report(action.id))
		counts[outcome] = (counts[outcome] ?? 0) + 1;
	assert.deepEqual(counts, { unchanged: 270, failed: 90, created: 540 });
	assert.equal(action.result.done_count, 810);
	assert.equal(action.result.failed_count, 90);
});

test('a report of a running action has the rows so far, and is whole in the end', async () => {
	const p = await newProject(server);
	const rows = 200000;
	const id = await p.startImport(giftFile(rows).replaceAll(/(G\d*99),GIFT_VOUCHER/g, '$1,'));
	const early = [];
	while ((await p.action(id)).status !== 'DONE')
		early.push(await p.reportText(id));
	const lines = ['row,code,outcome,reason'];
	for (let i = 0; i < rows; i++)
		lines.push(`${i + 1},${giftCode(i)},` + (i % 100 === 99 ? 'failed,Voucher Type is required' : 'created,'));
	const whole = `${lines.join('\n')}\n`;
	assert.ok(await p.reportText(id) === whole, 'the report is whole');
	assert.ok(early.length > 0);
	let last = 0;
	for (const text of early) {
		/* Bad rows are known before the good ones of their part of the file. */
		const seen = text.split('\n');
		let at = 0;
		for (const line of seen.slice(0, -1)) {
			at = lines.indexOf(line, at);
			assert.ok(at >= 0, `in order and right: ${line}`);
		}
		assert.equal(seen.at(-1), '', 'no line is cut');
		assert.ok(seen.length >= last, 'it only grows');
		last = seen.length;
	}
});

test('several reports may be read at once', async () => {
	const p = await newProject(server);
	const { id } = await p.load(giftFile(20000));
	const texts = await Promise.all(Array.from({ length: 10 }, () => p.reportText(id)));
	assert.equal(new Set(texts).size, 1);
	assert.equal(texts[0].split('\n').length, 20002);
});

test('a reader may leave in the middle of a report, any number of times', async () => {
	const p = await newProject(server);
	const { id } = await p.load(giftFile(100000));
	for (let i = 0; i < 6; i++) {
		const answer = await fetch(`${server.base}/v1/async-actions/${id}/report.csv`, { headers: p.headers });
		const reader = answer.body.getReader();
		await reader.read();
		await reader.cancel();
	}
	assert.equal((await p.reportText(id)).split('\n').length, 100002);
});

test('large rows and codes of every kind come back from a report', async () => {
	const p = await newProject(server);
	const codes = ['"', '""', ',', '\n', '\r\n', '\t', ';', 'a"b,c\nd', ' ', 'x'.repeat(512)];
	const quote = s => `"${s.replaceAll('"', '""')}"`;
	const { id } = await p.load(csv(`${HEAD},Region`,
		...codes.map(code => `${quote(code)},GIFT_VOUCHER,1,${'y'.repeat(200000)}`)));
	assert.deepEqual(await p.report(id), codes.map((code, i) => [String(i + 1), code, 'created', '']));
});

test('a report of another project, or of no action, is not found', async () => {
	const p = await newProject(server), q = await newProject(server);
	const { id } = await p.load(giftFile(1));
	for (const [who, what] of [[q, id], [p, 'aa_0adad13d6f057f088e'], [p, 'x']])
		assertNotFound(await who.get(`/v1/async-actions/${what}/report.csv`), 'async_action', what);
});
