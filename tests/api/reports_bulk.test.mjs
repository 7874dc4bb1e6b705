// SPDX-License-Identifier: MIT
/* Report files of bulk updates: what they say, and who may read them how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertAction, assertError, csv, giftCode, giftFile, newProject, parseCsv, raw, until
} from '../support/api.mjs';
import { startServer } from '../support/server.mjs';

const server = await apiServer();

const HEAD = 'Code,Voucher Type,Value';
const BULK = '/v1/vouchers/bulk/async';
const METADATA = '/v1/vouchers/metadata/async';

/** A project with a voucher for each code. */
async function projectWith(...codes) {
	const p = await newProject(server);
	await p.load(csv(HEAD, ...codes.map(code => `${code},GIFT_VOUCHER,1`)));
	return p;
}

/** A report file as anybody gets it who has the link. */
async function fetchReport(url) {
	const answer = await fetch(url);
	const text = await answer.text();
	assert.equal(answer.status, 200, text);
	return { text, headers: answer.headers };
}

const reportOf = async action => (await fetchReport(action.result.reports[0])).text;

/** Answers an unusable link with nothing that tells why. */
async function assertNoReport(url, options) {
	const { pathname, search } = new URL(url);
	assertError(await raw(server, { path: pathname + search, ...options }), {
		code: 404, key: 'not_found', message: 'Resource not found',
		details: 'There is no such report, or it is no longer available'
	});
}

/* ---- what is in them ---- */

test('a report tells of each record, in input order, whether it was found and updated', async () => {
	const p = await projectWith('A', 'B', 'SAME', 'a;b');
	const metadata = { n: 1 };
	await p.run(BULK, [{ code: 'SAME', metadata }, { code: 'B', metadata: { long: 'x'.repeat(200000) } }]);
	const action = await p.run(BULK, [
		{ code: 'Z', metadata }, { code: 'A', metadata }, { code: 'SAME', metadata }, { metadata },
		{ code: 'a;b', metadata }, { code: 'B', metadata: { more: 'y'.repeat(100000) } },
		{ code: 'A', metadata: { n: 2 } }, { code: 'A' }
	]);
	assertAction(action);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [4, 4]);
	assert.equal(await reportOf(action), csv(
		'code,found,updated', 'Z,false,false', 'A,true,true', 'SAME,true,true', ',false,false', '"a;b",true,true',
		'B,true,false', 'A,true,true', 'A,false,false'
	));
});

test('a report of a metadata update has the codes as they were sent', async () => {
	const codes = ['say "hi"', 'two\nlines', 'żółć', ' lead', 'a,b', '\\', '=1+1', 'gone'];
	const p = await newProject(server);
	for (const code of codes.slice(0, -1))
		await p.run('/v1/vouchers/import', [{ code, type: 'GIFT_VOUCHER', gift: { amount: 1 } }]);
	const action = await p.run(METADATA, { codes, metadata: { n: 1 } });
	assert.deepEqual(parseCsv(await reportOf(action)), [
		['code', 'found', 'updated'], ...codes.map(code => [code, String(code !== 'gone'), String(code !== 'gone')])
	]);
});

test('an update of nothing has one report, with its headings only', async () => {
	const p = await newProject(server);
	for (const [path, body] of [[BULK, []], [METADATA, { codes: [], metadata: { n: 1 } }]]) {
		const action = await p.run(path, body);
		assertAction(action);
		assert.equal(action.result.reports.length, 1);
		assert.equal(await reportOf(action), 'code,found,updated\n');
	}
});

test('a report is a file to be saved, from where the client called', async () => {
	const p = await projectWith('A');
	const action = await p.run(METADATA, { codes: ['A'], metadata: { n: 1 } });
	const [url] = action.result.reports;
	assert.ok(url.startsWith(`${server.base}/v1/async-actions/${action.id}/reports/1?token=`), url);
	const { headers } = await fetchReport(url);
	assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
	assert.equal(headers.get('content-disposition'), `attachment; filename="report-${action.id}-1.csv"`);
});

test('links are the same each time they are asked for', async () => {
	const p = await projectWith('A');
	const action = await p.run(METADATA, { codes: ['A'], metadata: { n: 1 } });
	assert.deepEqual(await p.action(action.id), action);
});

test('a hundred thousand lines are a file, one more are two', async () => {
	const p = await newProject(server);
	await p.load(giftFile(100001));
	const codes = Array.from({ length: 100001 }, (_, i) => i % 1000 === 500 ? `NONE${i}` : giftCode(i));
	const action = await p.run(METADATA, { codes, metadata: { n: 1 } });
	assertAction(action);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [99901, 100]);
	const files = [];
	for (const url of action.result.reports)
		files.push((await fetchReport(url)).text);
	const line = (code, i) => `${code},${i % 1000 === 500 ? 'false,false' : 'true,true'}\n`;
	const want = codes.map(line);
	assert.equal(files.length, 2);
	assert.ok(files[0] === `code,found,updated\n${want.slice(0, 100000).join('')}`);
	assert.equal(files[1], `code,found,updated\n${want[100000]}`);

	const exact = await p.run(METADATA, { codes: codes.slice(0, 100000), metadata: { n: 1 } });
	assert.equal(exact.result.reports.length, 1);
	assert.ok(await reportOf(exact) === files[0]);
});

test('a large input in the spool reads as a small one that lies with its action', async () => {
	const p = await projectWith('A', 'B', 'C');
	const codes = ['B', 'NONE', 'A', '', 'C'];
	/* Lines of which some end in the next window, and one is longer than a window. */
	const items = (n, padding) =>
		codes.map((code, i) => ({ code, metadata: { n }, padding: 'x'.repeat(i === 2 ? 3 * padding : padding) }));
	const small = await p.run(BULK, items(1, 1));
	const before = (await server.spoolFiles()).length;
	const large = await p.run(BULK, items(2, 1000000));
	assert.equal((await server.spoolFiles()).length, before + 1);
	assert.deepEqual(large.result.errors, small.result.errors);
	assert.equal(await reportOf(large), await reportOf(small));
	assert.equal(await p.reportText(large.id), await p.reportText(small.id));
});

test('report.csv tells of JSON records what it tells of CSV rows', async () => {
	const p = await projectWith('OLD');
	const imported = await p.run('/v1/vouchers/import', [
		{ code: 'NEW', type: 'GIFT_VOUCHER', gift: { amount: 1 } },
		{ code: 'OLD', type: 'GIFT_VOUCHER', gift: { amount: 1 } }, { code: 'BA,RE' }
	]);
	assert.equal(await p.reportText(imported.id), csv(
		'row,code,outcome,reason', '1,NEW,created,', '2,OLD,failed,Duplicated voucher exists with id OLD',
		'3,"BA,RE",failed,Voucher Type is required'));
	const updated = await p.run(METADATA, { codes: ['NONE', 'OLD', 'OLD'], metadata: { n: 1 } });
	assert.equal(await p.reportText(updated.id), csv(
		'row,code,outcome,reason', '1,NONE,failed,Cannot find voucher with id NONE', '2,OLD,updated,',
		'3,OLD,unchanged,'));
});

test('a dry run has its report, and says what it is', async () => {
	const p = await projectWith('A');
	const action = await p.run(`${METADATA}?dry_run=true`, { codes: ['A', 'B'], metadata: { n: 1 } });
	assert.equal(action.dry_run, true);
	assert.equal(await reportOf(action), csv('code,found,updated', 'A,true,true', 'B,false,false'));
	assert.deepEqual((await p.voucher('A')).metadata, {});
	const real = await p.run(METADATA, { codes: ['A'], metadata: { n: 1 } });
	assert.ok(!('dry_run' in real));
});

/* ---- who may read them ---- */

test('a link needs no keys, and no others help a bad one', async () => {
	const p = await projectWith('A');
	const action = await p.run(METADATA, { codes: ['A'], metadata: { n: 1 } });
	const url = new URL(action.result.reports[0]);
	const { text } = await fetchReport(url);
	assert.equal(text, csv('code,found,updated', 'A,true,true'));
	url.searchParams.delete('token');
	await assertNoReport(url);
	await assertNoReport(url, { headers: p.headers });
});

test('a token that was changed anywhere is worth nothing', async () => {
	const p = await projectWith('A');
	const action = await p.run(METADATA, { codes: ['A'], metadata: { n: 1 } });
	const url = new URL(action.result.reports[0]);
	const token = url.searchParams.get('token');
	const other = c => (c === 'A' ? 'B' : 'A');
	const bad = Array.from(token, (c, i) => token.slice(0, i) + other(c) + token.slice(i + 1));
	bad.push('', 'x', token.slice(1), token.slice(0, -1), `${token}A`, token.toLowerCase());
	for (const changed of bad) {
		url.searchParams.set('token', changed);
		await assertNoReport(url);
	}
});

test('a token opens no other part, action or project', async () => {
	const p = await projectWith('A'), q = await projectWith('A');
	const update = { codes: ['A'], metadata: { n: 1 } };
	const mine = await p.run(METADATA, update), second = await p.run(METADATA, update);
	const theirs = await q.run(METADATA, update);
	const [url] = mine.result.reports;
	for (const part of ['0', '2', '-1', '01x', '1.5', '99999999999999999999', '%31%31'])
		await assertNoReport(url.replace('/reports/1?', `/reports/${part}?`));
	for (const id of [second.id, theirs.id, 'aa_0adad13d6f057f088e', 'x'])
		await assertNoReport(url.replace(mine.id, id));
	/* There is nothing to be had of it by its owner either, but by the link of its own. */
	await assertNoReport(theirs.result.reports[0].replace(theirs.id, mine.id), { headers: p.headers });
});

test('imports have no report files', async () => {
	const p = await newProject(server);
	const action = await p.load(giftFile(1));
	assert.ok(!('reports' in action.result));
	await assertNoReport(`${server.base}/v1/async-actions/${action.id}/reports/1?token=x`);
});

/* ---- how long ---- */

test('reports are there for a week, unless said otherwise', async () => {
	const p = await projectWith('A');
	const action = await p.run(METADATA, { codes: ['A'], metadata: { n: 1 } });
	assert.equal(Date.parse(action.result.reports_available_till) - Date.parse(action.updated_at),
		7 * 24 * 3600 * 1000);
});

test('after their time links and report.csv are not found, and the action stays as it was', async t => {
	const days = 0.00002; // 1.728 s
	const short = await startServer({
		t, args: ['--retention-days', String(days), '--retention-interval', '0.1']
	});
	await short.importVouchers(csv(HEAD, 'A,GIFT_VOUCHER,1'));
	const { json } = await short.post(METADATA, { codes: ['A', 'B'], metadata: { n: 1 } });
	const action = await short.waitForAction(json.async_action_id);
	const [url] = action.result.reports;
	assert.equal(Date.parse(action.result.reports_available_till) - Date.parse(action.updated_at), 1728);
	const gone = path => until(async () => (await fetch(path, { headers: short.keys() })).status === 404,
		{ what: `${path} to go`, timeoutMs: 30000 });
	await gone(url);
	assert.ok(Date.now() >= Date.parse(action.result.reports_available_till), 'not before its time');
	await gone(`${short.base}/v1/async-actions/${action.id}/report.csv`);
	assert.deepEqual(await short.action(action.id), action);
	assert.equal((await fetch(url)).status, 404);
});

test('links outlive the process', async t => {
	const own = await startServer({ t });
	await own.importVouchers(csv(HEAD, 'A,GIFT_VOUCHER,1'));
	const { json } = await own.post(METADATA, { codes: ['A'], metadata: { n: 1 } });
	const action = await own.waitForAction(json.async_action_id);
	await own.restart();
	const { pathname, search } = new URL(action.result.reports[0]);
	const { text } = await own.get(pathname + search, { project: null });
	assert.equal(text, csv('code,found,updated', 'A,true,true'));
});
