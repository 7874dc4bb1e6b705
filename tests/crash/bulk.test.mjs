// SPDX-License-Identifier: MIT
/*
 * bulk.test.mjs - actions of all four voucher types, small and large, in one queue, while the server
 * is killed and the power fails; in the end every row, counter and file is as if they had run one
 * after the other and nothing had happened.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer, until, onPostgres, sqliteOnly } from '../support/server.mjs';
import { Load } from './bulk_load.mjs';
import { assertBulk } from './bulk_model.mjs';
import { cutPower, liveAndDie, recording, warnings, possible } from './lives.mjs';
import { Random, seed } from './model.mjs';

/* A slice that is followed by more of the same chunk: what the next life restores. */
const midway = random => ({ place: 'slice.after_commit', nth: random.int(3, 6) });

const kills = random =>
	random.shuffle([
		...Array.from({ length: 3 }, () => [{ place: 'batch.action', nth: random.int(1, 30) }]),
		[{ place: 'slice.row', nth: random.int(1, 50) }],
		[{ place: 'slice.row', nth: random.int(100, 3000) }],
		[{ place: 'slice.before_checkpoint', nth: random.int(1, 30) }],
		[{ place: 'slice.before_checkpoint', nth: random.int(1, 30) }],
		[{ place: 'slice.before_commit', nth: random.int(1, 12) }],
		[{ place: 'slice.after_commit', nth: random.int(1, 12) }],
		[{ place: 'commit.before', nth: random.int(2, 30) }],
		[{ place: 'commit.after', nth: random.int(2, 30) }],
		[{ place: 'import.committed', nth: random.int(1, 20) }],
		[{ place: 'import.committed', nth: random.int(1, 20) }],
		[{ place: 'upload.written', nth: random.int(1, 2) }],
		[{ place: 'upload.synced', nth: random.int(1, 2) }],
		[{ place: 'upload.renamed', nth: random.int(1, 2) }],
		[{ place: 'disk.spool.write', nth: random.int(1, 3) }],
		[{ place: 'disk.spool.sync', nth: 1 }],
		[{ place: 'disk.wal.write', nth: random.int(1, 400) }],
		[{ place: 'disk.wal.sync', nth: random.int(2, 20) }],
		[{ place: 'disk.db.write', nth: random.int(1, 100), drain: true, afterMs: 30 }],
		[{ place: 'disk.db.sync', nth: 1, drain: true, afterMs: 60 }],
		[midway(random), { place: 'recovery.claimed', nth: 1 }],
		[midway(random), { place: 'recovery.restored', nth: 1 }],
		[midway(random), { place: 'recovery.restored', nth: 1 }],
		[{ place: 'retention.committed', nth: 1 }],
		[{ afterMs: -20 }],
		[{ afterMs: -40 }],
		...Array.from({ length: 10 }, () => [{ afterMs: random.int(0, 250) }])
	]).flat();

const cuts = random =>
	random.shuffle([
		{ place: 'batch.action', nth: random.int(1, 30) },
		{ place: 'disk.wal.write', nth: random.int(1, 60) },
		{ place: 'disk.wal.write', nth: random.int(1, 800) },
		{ place: 'disk.wal.sync', nth: random.int(2, 20) },
		{ place: 'disk.wal.sync', nth: random.int(2, 20) },
		{ place: 'commit.after', nth: random.int(2, 30) },
		{ place: 'slice.after_commit', nth: random.int(1, 12) },
		{ place: 'import.committed', nth: random.int(1, 20) },
		{ place: 'upload.synced', nth: random.int(1, 2) },
		{ place: 'upload.renamed', nth: random.int(1, 2) },
		{ place: 'disk.db.write', nth: random.int(1, 100), drain: true, afterMs: 30 },
		...Array.from({ length: 5 }, () => ({ afterMs: random.int(0, 250) }))
	]);

/** Waits until nothing is left to do. */
async function settled(server) {
	const has = async status => (await server.get(`/v1/async-actions?limit=1&status=${status}`)).json.async_actions.length;
	const idle = async () => (await has('ENQUEUED')) + (await has('IN_PROGRESS')) === 0;
	await until(idle, { what: `all actions to end\n${warnings(server).join('\n')}`, timeoutMs: 30000 });
}

/** The clients' last words, the end of all actions, and the comparison. Tells what there was. */
async function assertEnd(t, server, load) {
	await load.finish(server);
	await settled(server);
	const actions = await assertBulk(server, load.requests);
	const count = is => actions.filter(is).length;
	const rows = outcome => actions.reduce((sum, action) => sum + action[outcome], 0);
	t.diagnostic(
		`${load.requests.length} requests, ${count(a => a.request.id === undefined)} of them not answered but in; ` +
			`${actions.length} actions (${count(a => a.input !== null)} in the spool, ${count(a => a.dry_run)} dry, ` +
			`${count(a => a.status === 3)} cancelled)`
	);
	t.diagnostic(['created', 'updated', 'unchanged', 'superseded', 'failed'].map(o => `${o} ${rows(o)}`).join(', '));
}

test('bulk actions that are killed again and again end as if nothing had happened', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 11);
	const server = await startServer({ t });
	const load = new Load(random);
	await load.begin(server);
	await server.stop();
	const ends = { place: 0, time: 0, drained: 0 };
	for (const death of possible(kills(random)))
		ends[await liveAndDie(server, death, { during: s => load.run(s) })]++;
	await server.start();
	await assertEnd(t, server, load);
	t.diagnostic(`${ends.place} kills at places, ${ends.time} at other moments, ${ends.drained} drained first`);
	assert.ok(ends.place >= (onPostgres ? 10 : 15), `only ${ends.place} of the places were met`);
	assert.ok(ends.place + ends.time >= 20);
});

test('bulk actions go on after power cuts, and what was answered is there', { skip: sqliteOnly('it cuts the power of files; see postgres.test.mjs') }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 12);
	const server = await startServer({ t });
	const load = new Load(random);
	await load.begin(server);
	await server.stop();
	const ends = { place: 0, time: 0, drained: 0 };
	for (const [i, death] of cuts(random).entries()) {
		const from = load.requests.length;
		ends[await liveAndDie(server, death, { env: recording(server), during: s => load.run(s) })]++;
		await cutPower(server, i % 2 === 0 ? 0 : random.int(1, 1e9));
		await server.start();
		await load.assertKept(server, from);
		await server.kill();
	}
	await server.start();
	await assertEnd(t, server, load);
	t.diagnostic(`power cuts: ${ends.place} at places, ${ends.time} at other moments, ${ends.drained} drained first`);
	assert.ok(ends.place + ends.time >= 8);
});
