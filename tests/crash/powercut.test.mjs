// SPDX-License-Identifier: MIT
/*
 * powercut.test.mjs - the power fails: what no fsync has made durable is gone, or some of it. What was
 * answered must be there all the same, and everything else as if it had never been begun.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer, sqliteOnly } from '../support/server.mjs';
import { cutPower, listActions, liveAndDie, recording, settled, Uploads } from './lives.mjs';
import { assertExact, LiveWriter, makeFile, Random, seed } from './model.mjs';

const CUTS = 20;
const ROWS = 60000;

function deaths(random) {
	const list = [
		{ place: 'disk.wal.write', nth: random.int(1, 60) },
		{ place: 'disk.wal.write', nth: random.int(1, 600) },
		{ place: 'disk.wal.sync', nth: random.int(2, 8) },
		{ place: 'disk.wal.sync', nth: random.int(2, 8) },
		{ place: 'commit.after', nth: random.int(2, 8) },
		{ place: 'slice.after_commit', nth: random.int(1, 3) },
		{ place: 'import.committed', nth: 1 },
		{ place: 'upload.renamed', nth: 1 },
		{ place: 'upload.synced', nth: 1 },
		{ place: 'disk.db.write', nth: random.int(1, 200), drain: true, afterMs: 30 },
		{ place: 'disk.db.write', nth: random.int(1, 200), drain: true, afterMs: 30 },
		{ place: 'disk.db.sync', nth: 1, drain: true, afterMs: 30 }
	];
	while (list.length < CUTS)
		list.push({ afterMs: random.int(0, 80) });
	return random.shuffle(list);
}

test('what was answered survives a power cut, and imports go on from what is left', { skip: sqliteOnly('see postgres.test.mjs') }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 2);
	const server = await startServer({ t });
	const uploads = new Uploads(random);
	const live = new LiveWriter(random);
	const first = makeFile(random, { prefix: 'V-', rows: ROWS, bad: 200 });
	const firstId = await server.importVouchers(first.csv);
	await server.stop();

	const during = (s, stopped) =>
		Promise.all([live.run(s, stopped), uploads.send(s, { rows: 200, bad: 5 }), uploads.send(s, { rows: 20 })]);
	const ends = { place: 0, time: 0, drained: 0 };
	for (const [i, death] of deaths(random).entries()) {
		ends[await liveAndDie(server, death, { env: recording(server), during })]++;
		await cutPower(server, i % 2 === 0 ? 0 : random.int(1, 1e9));
		await server.start();
		const actions = await listActions(server);
		assert.ok(actions.some(a => a.id === firstId));
		uploads.assertKept(actions);
		await assertAcknowledged(server, live);
		await server.kill();
	}
	await server.start();
	await settled(server);
	const files = [{ id: firstId, rows: first.rows }, ...(await uploads.identify(server))];
	await assertExact(server, files, live);
	t.diagnostic(
		`${CUTS} power cuts, ${ends.place} at places; ${uploads.answered.size} uploads answered, ` +
			`${files.length - 1} became actions, ${live.acknowledged.size} single vouchers`
	);
});

/** All of the first cuts would be too slow to ask for again: the newest are those in danger. */
async function assertAcknowledged(server, live) {
	for (const code of [...live.acknowledged].slice(-50)) {
		const { status } = await server.get(`/v1/vouchers/${code}`);
		assert.equal(status, 200, `voucher ${code} was acknowledged and is gone`);
	}
}

test('a store that is new when the power fails keeps its project and the first action', { skip: sqliteOnly('see postgres.test.mjs') }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	for (const order of ['project first', 'server first']) {
		const random = new Random(seed + 3);
		const server = await startServer({ t, start: false, project: null });
		server.place('data'); // a directory that is new as well
		const uploads = new Uploads(random);
		const env = recording(server);
		if (order === 'project first') {
			server.project = await server.createProject({ env });
			await cutPower(server, 0);
			await server.start({ env });
		} else {
			await server.start({ env });
			server.project = await server.createProject();
		}
		await uploads.send(server, { rows: 100 });
		assert.equal(uploads.answered.size, 1);
		await server.kill();
		await cutPower(server, 0);
		await server.start();
		await settled(server);
		await assertExact(server, await uploads.identify(server));
	}
});
