// SPDX-License-Identifier: MIT
/* fulldisk.test.mjs - the disk is full for a while: nothing is lost, reading goes on, work waits. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sleep, startServer, until, sqliteOnly } from '../support/server.mjs';
import { assertExact, LiveWriter, makeFile, Random, seed } from './model.mjs';

const ROWS = 120000;

const flagOf = server => join(server.dir, 'full');
const fill = server => writeFileSync(flagOf(server), '');
const free = server => rmSync(flagOf(server));

/** A server whose disk gets full in the middle of an import; resolves when it has noticed. */
async function fillDuringImport(t, random) {
	const server = await startServer({ t, start: false });
	server.env = { LONGSHORE_TEST_FULL: flagOf(server) };
	await server.start();
	const file = makeFile(random, { prefix: 'V-', rows: ROWS, bad: 200 });
	const id = await server.importVouchers(file.csv);
	await until(async () => (await server.action(id)).progress >= 3, { what: 'progress', everyMs: 1 });
	fill(server);
	await until(() => server.logged('slice_failed').length > 0, { what: 'the server to notice the full disk' });
	return { server, id, rows: file.rows };
}

/** The counters of the only action, and what they count. The server runs. */
async function countersNow(server) {
	const [counters] = await server.sql(
		`SELECT status, created, updated, unchanged, failed, (SELECT count(*) FROM vouchers) AS vouchers,
		        (SELECT n FROM totals) AS total, (SELECT count(*) FROM failures) AS failures FROM actions`
	);
	return counters;
}

function assertNoSpace(answer) {
	assert.equal(answer.status, 507, answer.text);
	assert.equal(answer.json.code, 507);
	assert.equal(answer.json.key, 'insufficient_storage');
}

async function assertReadable(server, id) {
	const action = await server.action(id);
	assert.equal(action.status, 'IN_PROGRESS');
	assert.equal(action.operation_status, 'UNKNOWN');
	assert.ok(action.progress < 100);
	const counters = await countersNow(server);
	assert.equal(counters.created, counters.vouchers);
	assert.equal(counters.created, counters.total);
	assert.equal(counters.failed, counters.failures);
	const report = await server.report(id);
	assert.equal(report.length - 1, counters.created + counters.updated + counters.unchanged + counters.failed);
	const list = await server.get('/v1/vouchers?limit=1');
	assert.equal(list.json.total, counters.total);
	assert.equal((await server.get('/healthz')).status, 200);
	return counters;
}

test('a full disk stops writing, not reading, and the import goes on when there is room', { skip: sqliteOnly('see postgres.test.mjs') }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 4);
	const { server, id, rows } = await fillDuringImport(t, random);
	assert.match(server.logged('slice_failed')[0].error, /database or disk is full/);

	const before = await assertReadable(server, id);
	const small = makeFile(random, { prefix: 'S-', rows: 10 });
	const large = makeFile(random, { prefix: 'L-', rows: 30000 });
	for (let i = 0; i < 3; i++) {
		assertNoSpace(await server.post(`/v1/vouchers/NO-${i}`, { type: 'GIFT_VOUCHER', gift: { amount: 1 } }));
		assertNoSpace(await server.upload('/v1/vouchers/importCSV', small.csv));
		assertNoSpace(await server.upload('/v1/vouchers/importCSV', large.csv));
		await sleep(150);
	}
	assert.deepEqual(await assertReadable(server, id), before, 'nothing moves');
	assert.equal((await server.spoolFiles()).length, 1, 'nothing is left of the refused uploads');

	free(server);
	await server.waitForAction(id);
	const live = new LiveWriter(random);
	await live.run(server, () => live.acknowledged.size === 5);
	await assertExact(server, [{ id, rows }], live);
});

test('a server that is killed and starts again while the disk is full waits as well', { skip: sqliteOnly('see postgres.test.mjs') }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 5);
	const { server, id, rows } = await fillDuringImport(t, random);
	const live = new LiveWriter(random);
	const writing = live.run(server, () => live.refused.size > 20);
	await sleep(50);
	await server.kill();
	await writing;
	await server.start();
	await assertReadable(server, id);
	await live.run(server, () => live.refused.size > 40);
	await sleep(300);
	assert.equal((await server.action(id)).status, 'IN_PROGRESS');
	assert.deepEqual(await server.stop(), { code: 0, signal: null }, 'it can be stopped meanwhile');
	free(server);
	await server.start();
	await server.waitForAction(id);
	await assertExact(server, [{ id, rows }], live);
});
