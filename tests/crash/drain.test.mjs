// SPDX-License-Identifier: MIT
/* drain.test.mjs - SIGTERM in the middle of work; and two servers on one store. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { longshore, sleep, startServer } from '../support/server.mjs';
import { settled, Uploads } from './lives.mjs';
import { assertExact, codesOf, LiveWriter, makeFile, Random, seed } from './model.mjs';

const DRAINS = 8;

test('SIGTERM ends an import at a slice, with exit status 0, and the next start goes on', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 6);
	const server = await startServer({ t });
	const file = makeFile(random, { prefix: 'V-', rows: 60000, bad: 200 });
	const files = [{ rows: file.rows, id: await server.importVouchers(file.csv) }];
	const live = new LiveWriter(random, codesOf(random, file.rows, 500));
	live.files = 1;
	const uploads = new Uploads(random);
	let slowest = 0;
	for (let i = 0; i < DRAINS; i++) {
		const stopped = () => !server.running;
		const talk = Promise.all([live.run(server, stopped), uploads.send(server, { rows: 500, bad: 2 })]);
		await sleep(random.int(0, 40));
		const from = Date.now();
		assert.deepEqual(await server.stop(), { code: 0, signal: null });
		slowest = Math.max(slowest, Date.now() - from);
		await talk;
		assert.equal(server.logged('stopped').length, i + 1);
		assert.ok(!existsSync(`${server.database}-wal`), 'the log is copied back');
		await server.start();
	}
	await settled(server);
	await assertExact(server, [...files, ...(await uploads.identify(server))], live);
	t.diagnostic(`${DRAINS} drains, the slowest took ${slowest} ms`);
});

test('a second server on the same store is refused while the first one lives', async t => {
	const server = await startServer({ t });
	const serve = () => longshore(['serve', '--listen', '127.0.0.1:0', '--store', server.store], { timeoutMs: 5000 });
	const refused = await serve();
	assert.equal(refused.code, 1);
	const line = JSON.parse(refused.stderr.trim().split('\n').at(-1));
	assert.equal(line.level, 'error');
	assert.equal(line.event, 'start_failed');
	assert.equal(
		line.error,
		`another longshore process is serving '${server.database}'; stop it, or name another store`
	);
	assert.equal((await server.get('/readyz')).status, 200, 'the first one does not mind');
	await server.kill();
	await server.start(); // the lock of a dead process is void
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
});
