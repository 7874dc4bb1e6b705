// SPDX-License-Identifier: MIT
/* What stays of an action, and what goes when its time has come. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import {
	apiServer, assertAction, assertNotFound, assertSpool, giftCode, giftFile, newProject, Project, until
} from '../support/api.mjs';
import { longshore, shipped, startServer } from '../support/server.mjs';

const SOON = ['--retention-days', '0', '--retention-interval', '0.05'];
const LONG = ['--retention-interval', '0.05']; // a week

const server = await apiServer({ args: SOON });

/** The action of which nothing but the result is left: its report has gone. */
async function dropped(p, id) {
	const status = () => p.get(`/v1/async-actions/${id}/report.csv`)
		.then(answer => answer.status, () => 0); // cut: it is just going
	await until(async () => await status() === 404, { what: 'the report to go', timeoutMs: 20000 });
	return p.action(id);
}

const bad = (file, every) => file.replaceAll(new RegExp(`(G\\d*${every}),GIFT_VOUCHER`, 'g'), '$1,');

test('an action keeps its result, and loses its report', async () => {
	const p = await newProject(server);
	const before = await p.import(bad(giftFile(300), 7));
	const after = await dropped(p, before.id);
	assert.deepEqual(after, before);
	assertAction(after);
	assert.equal(after.result.failed.length, 30);
	const { status, json } = await p.get(`/v1/async-actions/${before.id}/report.csv`);
	assert.equal(status, 404);
	assert.deepEqual([json.code, json.key], [404, 'not_found']);
	await assertSpool(server, 0);
	const { vouchers, total } = (await p.get('/v1/vouchers')).json;
	assert.deepEqual([vouchers.length, total], [10, 270]);
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions.map(a => a.id), [before.id]);
});

test('of very many failures the first 10,000 stay, and their number is right', async () => {
	const p = await newProject(server);
	const before = await p.import(giftFile(12345).replaceAll('GIFT_VOUCHER', ''));
	const after = await dropped(p, before.id);
	assert.equal(after.result.failed.length, 10000);
	assert.equal(after.result.failed_count, 12345);
	assert.deepEqual(after, before);
	assert.deepEqual(after.result.failed.at(-1),
		{ code: giftCode(9999), row: 10000, reason: 'Voucher Type is required' });
});

test('a small input, which is stored with its action, goes with its report and its links', async () => {
	const p = await newProject(server);
	await p.load(giftFile(2));
	const { status, json } = await p.post('/v1/vouchers/bulk/async',
		[{ code: giftCode(0), metadata: { n: 1 } }, { code: 'NONE', metadata: {} }]);
	assert.equal(status, 202);
	const before = await p.wait(json.async_action_id);
	const after = await dropped(p, before.id);
	assert.deepEqual([after.result.done_count, after.result.failed_count], [1, 1]);
	assert.deepEqual(after.result.errors, before.result.errors);
	const { pathname, search } = new URL(before.result.reports[0]);
	const link = await server.get(pathname + search, { project: null });
	assert.deepEqual([link.status, link.json.key], [404, 'not_found']);
	assert.deepEqual((await p.voucher(giftCode(0))).metadata, { n: 1 });
});

test('two projects lose theirs each, and neither sees the other', async () => {
	const p = await newProject(server), q = await newProject(server);
	const [a, b] = await Promise.all([p.load(giftFile(50)), q.load(giftFile(60))]);
	assert.equal((await dropped(p, a.id)).result.done_count, 50);
	assert.equal((await dropped(q, b.id)).result.done_count, 60);
	assertNotFound(await q.get(`/v1/async-actions/${a.id}`), 'async_action', a.id);
	assert.equal((await q.get('/v1/vouchers')).json.total, 60);
});

test('imports go on while what was before them goes', async () => {
	const p = await newProject(server);
	for (let i = 0; i < 5; i++)
		await p.startImport(bad(giftFile(20000, { prefix: 'GABCDE'[i + 1] + 'G', value: 1 }), 9));
	const { async_actions } = (await p.get('/v1/async-actions')).json;
	for (const { id } of async_actions)
		await p.wait(id);
	for (const { id } of async_actions) {
		const { result } = await dropped(p, id);
		assert.deepEqual([result.done_count, result.failed_count], [18000, 2000]);
	}
	await assertSpool(server, 0);
	assert.equal((await p.get('/v1/vouchers')).json.total, 5 * 18000);
});

test('what went is told once a round in the log', async () => {
	const p = await newProject(server);
	const rounds = server.logged('retention').length;
	const { id } = await p.load(giftFile(10));
	await dropped(p, id);
	const line = await until(() => server.logged('retention').slice(rounds).find(l => l.inputs > 0),
		{ what: 'a line of the log' });
	const { ts, ...rest } = line;
	assert.equal(typeof ts, 'string');
	assert.ok(rest.rows >= 2, 'an input, outcomes, a mark');
	assert.deepEqual({ ...rest, rows: 0 },
		{ level: 'info', event: 'retention', rows: 0, inputs: 1, projects: 0 });
});

test('a week is the rule: reports stay, also over a restart', async () => {
	const other = await apiServer({ args: LONG });
	const p = await newProject(other);
	const { id } = await p.load(giftFile(100));
	const report = await p.reportText(id);
	await other.restart();
	assert.equal(await p.reportText(id), report);
	await assertSpool(other, 1);
	assert.deepEqual(other.logged('retention'), []);
});

test('killed in the middle of a removal, the server has all of a report or nothing', async t => {
	const other = await startServer({ t, args: LONG }); // the program with places to be killed at
	const p = new Project(other, other.project);
	const actions = [];
	for (const prefix of ['X', 'Y'])
		actions.push(await p.import(giftFile(12000, { prefix }).replaceAll('GIFT_VOUCHER', '')));
	const reports = await Promise.all(actions.map(({ id }) => p.reportText(id)));
	await other.stop();
	const statuses = new Set();
	for (const kill of ['retention.committed:1', 'commit.before:1', 'retention.committed:2', 'commit.after:1',
		'retention.removed:1']) {
		await other.start({ args: SOON, env: { LONGSHORE_TEST_KILL: kill }, listening: false });
		await until(() => !other.running, { what: `the end at ${kill}`, timeoutMs: 20000 });
		assert.deepEqual(await other.exited, { code: null, signal: 'SIGKILL' });
		await other.start();
		for (const [i, action] of actions.entries()) {
			assert.deepEqual(await p.action(action.id), action);
			const { status, text } = await p.get(`/v1/async-actions/${action.id}/report.csv`);
			assert.ok(status === 404 || text === reports[i], `${kill}: the report is whole or gone`);
			statuses.add(status);
		}
		assert.equal((await other.spoolFiles()).length,
			(await Promise.all(actions.map(({ id }) => p.get(`/v1/async-actions/${id}/report.csv`))))
				.filter(({ status }) => status === 200).length, 'no file is nobody\'s');
		await other.stop();
	}
	assert.deepEqual([...statuses].sort(), [200, 404]);
	await other.start({ args: SOON });
	for (const action of actions)
		assert.deepEqual(await dropped(p, action.id), action);
	await assertSpool(other, 0);
	await until(() => other.logged('retention').length > 0, { what: 'the end of the round' });
	await other.stop();
	const [{ n }] = await other.sql('SELECT count(*) AS n FROM failures');
	assert.equal(n, 20000);
});

test('a report that is being read when its rows go is cut, not short', async () => {
	const seconds = 3 / 86400;
	const other = await apiServer({ args: ['--retention-days', String(seconds), '--retention-interval', '0.05'] });
	const p = await newProject(other);
	const rows = 60000, pad = 'x'.repeat(490); // more than the buffers of a connection hold
	const lines = Array.from({ length: rows }, (_, i) => `${pad}${i},GIFT_VOUCHER,1\n`);
	const { id } = await p.import(`Code,Voucher Type,Value\n${lines.join('')}`);
	const answer = await new Promise((resolve, reject) =>
		http.get(`${other.base}/v1/async-actions/${id}/report.csv`, { headers: p.headers, agent: false }, resolve)
			.on('error', reject));
	assert.equal(answer.statusCode, 200); // and nobody reads on
	await until(() => other.logged('retention').some(line => line.inputs > 0),
		{ what: 'the round', timeoutMs: 20000 });
	let text = '';
	await assert.rejects(async () => {
		for await (const piece of answer)
			text += piece;
	}, { code: 'ECONNRESET' });
	const seen = text.split('\n').slice(1, -1); // the last line may be cut
	assert.ok(seen.length > 0 && seen.length < rows);
	for (const [i, line] of seen.entries())
		assert.equal(line, `${i + 1},${pad}${i},created,`);
	assert.equal(other.logged('stream_failed').length, 1);
});

test('flags that make no sense are refused', async () => {
	for (const [flag, value, range] of [
		['retention-days', 'x', '0 to 36500'], ['retention-days', '-1', '0 to 36500'],
		['retention-days', '36501', '0 to 36500'], ['retention-days', '1e9', '0 to 36500'],
		['retention-interval', '0', '0.01 to 36500'], ['retention-interval', '1s', '0.01 to 36500']
	]) {
		const end = await longshore(['serve', '--listen', '127.0.0.1:0', '--store', `sqlite:${server.dir}/none.db`,
			`--${flag}`, value], { program: shipped });
		assert.equal(end.code, 2);
		assert.equal(end.stderr, `longshore: --${flag} '${value}' is not a number from ${range}\n`);
	}
});
