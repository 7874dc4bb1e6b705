// SPDX-License-Identifier: MIT
/* POST /v1/async-actions/{id}/cancel: what is in stays in, and is counted exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertAction, assertError, assertNotFound, csv, giftCode, giftFile, newProject, until
} from '../support/api.mjs';
import { startServer } from '../support/server.mjs';

const server = await apiServer();

const METADATA = '/v1/vouchers/metadata/async';
const ROWS = 500000;
const BIG = giftFile(ROWS);

const cancel = (p, id) => p.post(`/v1/async-actions/${id}/cancel`);

/** Cancels an action that has to be cancellable; the action. */
async function cancelled(p, id) {
	const answer = await cancel(p, id);
	assert.equal(answer.status, 200, answer.text);
	assertAction(answer.json);
	assert.equal(answer.json.id, id);
	assert.equal(answer.json.status, 'FAILED');
	assert.deepEqual(await p.action(id), answer.json);
	return answer.json;
}

/** Waits until some rows of the action are in. */
function begun(p, id) {
	return until(async () => {
		const { status, progress } = await p.action(id);
		assert.ok(status === 'ENQUEUED' || status === 'IN_PROGRESS', `it is ${status} already`);
		return progress > 0;
	}, { what: 'some rows to be in', timeoutMs: 30000, everyMs: 5 });
}

const total = async p => (await p.get('/v1/vouchers?limit=1')).json.total;

test('a running import ends with what is in, to the row', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG.replaceAll(/(G\d*99),GIFT_VOUCHER/g, '$1,'));
	await begun(p, id);
	const { result } = await cancelled(p, id);
	const { done_count: done, failed_count: failed } = result;
	assert.ok(done > 0 && done < ROWS, `${done} rows`);
	assert.equal(result.message,
		`Cancelled: ${done} rows are in, ${failed} failed, the rest of the file was not read.`);
	assert.equal(result.failed.length, failed);
	assert.equal(await total(p), done);

	const outcomes = {};
	for (const [row, code, outcome] of await p.report(id)) {
		assert.equal(code, giftCode(Number(row) - 1));
		outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
	}
	assert.deepEqual({ created: 0, failed: 0, ...outcomes }, { created: done, failed });

	/* The engine has let go of it: others go on, and nothing is added. */
	await p.load(csv('Code,Voucher Type,Value', 'OTHER,GIFT_VOUCHER,1'));
	assert.equal(await total(p), done + 1);
	assert.deepEqual((await p.action(id)).result, result);
});

test('a running update ends so too, and its report files have the lines of what is in', async () => {
	const p = await newProject(server);
	const rows = 300000;
	await p.load(giftFile(rows));
	/* Rows are applied by code, so what is in of a chunk is spread over all of it. */
	const codes = Array.from({ length: rows }, (_, i) => giftCode((i * 7919) % rows));
	const id = await p.start(METADATA, { codes, metadata: { n: 1 } });
	await begun(p, id);
	const { result } = await cancelled(p, id);
	const done = result.done_count;
	assert.ok(done > 0 && done < rows, `${done} rows`);
	assert.equal(result.message,
		`Cancelled: ${done} of ${rows} rows are in, 0 failed, ${rows - done} were not reached.`);
	const lines = [];
	for (const url of result.reports)
		lines.push(...(await (await fetch(url)).text()).split('\n').slice(1, -1));
	const inReports = new Set(lines.map(line => line.slice(0, line.indexOf(','))));
	assert.equal(inReports.size, done);
	let at = -1;
	for (const line of lines) {
		assert.ok(line.endsWith(',true,true'), line);
		at = codes.indexOf(line.slice(0, 8), at + 1);
		assert.ok(at >= 0, 'in input order');
	}
	for (const i of [0, 1, 2, rows >> 1, rows - 2, rows - 1])
		assert.deepEqual((await p.voucher(codes[i])).metadata, inReports.has(codes[i]) ? { n: 1 } : {});
});

test('an action that waits never begins, and what waits behind it goes on', async () => {
	const p = await newProject(server);
	const first = await p.startImport(BIG);
	const second = await p.start(METADATA, { codes: ['G0000001', 'NONE'], metadata: { second: true } });
	const third = await p.start(METADATA, { codes: ['G0000001'], metadata: { third: true } });
	const action = await cancelled(p, second);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [0, 0]);
	assert.equal(action.result.message, 'Cancelled: 0 of 2 rows are in, 0 failed, 2 were not reached.');
	assert.deepEqual(action.result.errors, []);
	assert.equal(action.result.reports.length, 1);
	assert.equal(await (await fetch(action.result.reports[0])).text(), 'code,found,updated\n');
	assert.equal((await p.wait(first)).result.done_count, ROWS);
	assert.equal((await p.wait(third)).result.done_count, 1);
	assert.deepEqual((await p.voucher('G0000001')).metadata, { third: true });
	assert.deepEqual((await p.action(second)), action);
});

test('what waited for a cancelled action goes on at once', async () => {
	const p = await newProject(server);
	const first = await p.startImport(BIG);
	await begun(p, first);
	const second = await p.start(METADATA, { codes: [giftCode(ROWS - 1)], metadata: { n: 1 } });
	await cancelled(p, first);
	const action = await p.wait(second);
	assert.equal(action.status, 'DONE');
	assert.equal(action.result.failed_count, 1, 'that row never came in');
});

test('to cancel twice is to cancel once', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG);
	const action = await cancelled(p, id);
	assert.deepEqual(await cancelled(p, id), action);
	const many = await Promise.all(Array.from({ length: 10 }, () => cancel(p, id)));
	for (const { status, json } of many) {
		assert.equal(status, 200);
		assert.deepEqual(json, action);
	}
});

test('whoever waits for it or follows it hears of the end', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG);
	await begun(p, id);
	const waiting = p.get(`/v1/async-actions/${id}?wait=60`);
	const following = p.get(`/v1/async-actions/${id}/events`);
	const action = await cancelled(p, id);
	assert.deepEqual((await waiting).json, action);
	const [, data] = /event: end\ndata: (.*)\n\n$/.exec((await following).text);
	const { status, rows_done, progress } = JSON.parse(data);
	assert.equal(status, 'FAILED');
	assert.equal(progress, action.progress);
	assert.equal(rows_done, action.result.done_count);
});

test('an action that has ended otherwise cannot be cancelled', async () => {
	const p = await newProject(server);
	const done = await p.load(giftFile(1));
	const broken = await p.import(csv('Code,Voucher Type,Value', 'A,"GIFT_VOUCHER,1'));
	for (const { id, status } of [done, broken]) {
		assertError(await cancel(p, id), {
			code: 409, key: 'conflict', message: 'Conflict',
			details: `Async action with id ${id} has ended already with status ${status}`
		});
	}
	assert.deepEqual(await p.action(done.id), done);
});

test('an action of another project, or none, is not found', async () => {
	const p = await newProject(server), q = await newProject(server);
	const id = await p.startImport(BIG);
	for (const [who, what] of [[q, id], [p, 'aa_0adad13d6f057f088e'], [p, 'x']])
		assertNotFound(await cancel(who, what), 'async_action', what);
	assert.notEqual((await p.action(id)).status, 'FAILED');
	await cancelled(p, id);
});

test('a cancelled action stays so after a restart', async t => {
	const own = await startServer({ t });
	const p = await newProject(own);
	const id = await p.startImport(BIG);
	await begun(p, id);
	const action = await cancelled(p, id);
	await own.kill();
	await own.start();
	await p.load(csv('Code,Voucher Type,Value', 'OTHER,GIFT_VOUCHER,1'));
	assert.deepEqual(await p.action(id), action);
	assert.equal(await total(p), action.result.done_count + 1);
});
