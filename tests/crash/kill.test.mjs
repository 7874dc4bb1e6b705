// SPDX-License-Identifier: MIT
/* kill.test.mjs - SIGKILL, at any moment and at the moments that matter; then every row is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onPostgres, startServer } from '../support/server.mjs';
import { listActions, liveAndDie, possible, settled, Uploads } from './lives.mjs';
import { assertExact, codesOf, LiveWriter, makeFile, Random, seed } from './model.mjs';

const ROWS = 60000;
const BAD_ROWS = 200;

const deaths = random => {
	const rows = () => random.int(1, 800);
	return [
		{ place: 'slice.row', nth: rows() },
		{ place: 'slice.row', nth: rows() },
		{ place: 'slice.row', nth: rows() },
		{ place: 'slice.before_checkpoint', nth: 1 },
		{ place: 'slice.before_checkpoint', nth: random.int(2, 4) },
		{ place: 'slice.before_commit', nth: random.int(1, 4) },
		{ place: 'slice.after_commit', nth: 1 },
		{ place: 'slice.after_commit', nth: random.int(2, 4) },
		{ place: 'commit.before', nth: random.int(1, 6) },
		{ place: 'commit.after', nth: random.int(1, 6) },
		{ place: 'disk.wal.write', nth: random.int(1, 400) },
		{ place: 'disk.wal.write', nth: random.int(1, 40) },
		{ place: 'disk.wal.sync', nth: random.int(1, 6) },
		{ place: 'recovery.claimed', nth: 1 },
		{ place: 'recovery.restored', nth: 1 },
		{ place: 'recovery.restored', nth: 1 },
		{ place: 'disk.db.write', nth: random.int(1, 400), drain: true, afterMs: 20 },
		{ place: 'disk.db.sync', nth: 1, drain: true, afterMs: 20 },
		{ afterMs: -20 },
		{ afterMs: -40 },
		...Array.from({ length: 10 }, () => ({ afterMs: random.int(0, 60) }))
	];
};

test('an import that is killed again and again ends as if nothing had happened', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed);
	const server = await startServer({ t });
	const files = [];
	const live = new LiveWriter(random);
	let known = 0;
	const add = async options => {
		const file = makeFile(random, { prefix: 'V-', from: known, known, ...options });
		known = file.next;
		files.push({ rows: file.rows, id: await server.importVouchers(file.csv) });
		live.files = files.length;
	};
	await add({ rows: 20000, bad: 50 });
	await server.waitForAction(files[0].id);
	await add({ rows: ROWS, bad: BAD_ROWS });

	live.contested = codesOf(random, files[1].rows, 1000);
	const uploads = new Uploads(random);
	const during = (s, stopped) =>
		Promise.all([live.run(s, stopped), live.run(s, stopped), uploads.send(s, { rows: 900, bad: 3 })]);
	const ends = { place: 0, time: 0, drained: 0 };
	await server.kill();
	for (const death of random.shuffle(possible(deaths(random)))) {
		ends[await liveAndDie(server, death, { during })]++;
		await server.start();
		if ((await server.action(files.at(-1).id)).status === 'DONE')
			await add({ rows: ROWS, bad: BAD_ROWS }); // it was too fast: more to do for the lives to come
		await server.kill(); // a kill of its own, in the middle of recovery
		ends.time++;
	}
	await server.start();
	await settled(server);
	const small = await uploads.identify(server);
	await assertExact(server, [...files, ...small], live);
	t.diagnostic(
		`${ends.place} kills at places, ${ends.time} at other moments, ${ends.drained} drained first; ` +
			`${files.length} large and ${small.length} small files, ${live.acknowledged.size} single vouchers`
	);
	assert.ok(ends.place >= (onPostgres ? 8 : 12), `only ${ends.place} of the places were met`);
	assert.ok(ends.place + ends.time >= 20);
});

test('an upload that is killed is an action that ends right, or nothing at all', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 1);
	const server = await startServer({ t });
	const uploads = new Uploads(random);
	const deaths = [
		...['upload.written', 'upload.synced', 'upload.renamed', 'import.committed', 'commit.before', 'commit.after'],
		...['disk.spool.write', 'disk.spool.write', 'disk.spool.sync', 'disk.wal.write', 'disk.wal.sync']
	].map(place => ({ place, nth: place === 'disk.spool.write' ? random.int(1, 3) : 1 }));
	deaths.push(...Array.from({ length: 8 }, () => ({ afterMs: random.int(0, 20) })));
	await server.stop();
	for (const death of possible(deaths)) {
		const how = await liveAndDie(server, death, { during: s => uploads.send(s, { rows: 3000, bad: 5 }) });
		assert.equal(how, death.place === undefined ? 'time' : 'place', JSON.stringify(death));
		await server.start();
		await settled(server);
		const actions = await listActions(server);
		assert.equal((await server.spoolFiles()).length, actions.length, 'the spool holds inputs of actions only');
		assert.deepEqual(await server.stop(), { code: 0, signal: null });
	}
	await server.start();
	const files = await uploads.identify(server);
	await assertExact(server, files);
	t.diagnostic(
		`${possible(deaths).length} kills, ${uploads.answered.size} answered, ${files.length} became actions`
	);
});
