// SPDX-License-Identifier: MIT
/*
 * postgres.test.mjs - the other side breaks: the database is restarted as after a crash, connections are
 * cut, its disk is full; and what is refused at start. On a cluster of its own, so that nobody else is
 * disturbed.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { longshore, onPostgres, psql, sleep, startServer, until } from '../support/server.mjs';
import { Load } from './bulk_load.mjs';
import { assertBulk } from './bulk_model.mjs';
import { settled, warnings } from './lives.mjs';
import { assertExact, codesOf, LiveWriter, makeFile, Random, seed } from './model.mjs';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../support/cluster.sh', import.meta.url));
const skip = onPostgres ? false : 'PostgreSQL only';
const clusters = []; // their directories
let home, dir, cluster;

before(async () => {
	if (!onPostgres)
		return;
	home = await mkdtemp(join(tmpdir(), 'longshore-cluster-'));
	await chmod(home, 0o755); // another user works below it
	dir = join(home, 'pg');
	cluster = (await run(script, ['start', dir])).stdout.trim();
	clusters.push(dir);
});

after(async () => {
	for (const each of clusters)
		await run(script, ['stop', each]);
	if (home !== undefined)
		await rm(home, { recursive: true, force: true });
});

/** As after a power cut of the database's machine, but for what its system had in memory. */
const crashDatabase = () => run(script, ['restart', dir, 'immediate']);

/** Cuts one of the server's connections, whatever it is doing. */
const cutConnection = async (server, random) => {
	const name = server.store.split('/').at(-1);
	await psql(`${cluster}/postgres`, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = '${name}' AND application_name = 'longshore' ORDER BY (pid::bigint * ${random.int(1, 1e6)}) % 1009 LIMIT 1`);
};

/** Trouble, again and again, beside an import and two single writers; then everything is counted. */
async function importThrough(t, seedOffset, trouble, times) {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + seedOffset);
	const server = await startServer({ t, cluster });
	const files = [];
	const live = new LiveWriter(random);
	const offered = new Set(); // to the single writers, once each
	let known = 0, stopped = false;
	const add = async () => {
		const file = makeFile(random, { prefix: 'V-', from: known, known, rows: 40000, bad: 100 });
		known = file.next;
		files.push({ rows: file.rows, id: await server.importVouchers(file.csv) });
		live.files = files.length;
		const fresh = codesOf(random, file.rows, 300).filter(code => !offered.has(code)); // files repeat codes
		for (const code of new Set(fresh)) {
			offered.add(code);
			live.contested.push(code);
		}
	};
	await add();
	const talk = async () => {
		while (!stopped) {
			await live.run(server, () => stopped, 2); // it returns when it is told 503
			await sleep(20);
		}
	};
	const talks = Promise.all([talk(), talk()]);
	for (let i = 0; i < times; i++) {
		await sleep(random.int(50, 400));
		await trouble(server, random);
		const { json } = await untilAnswered(server, `/v1/async-actions/${files.at(-1).id}`);
		if (json.status === 'DONE')
			await add();
	}
	stopped = true;
	await talks;
	await untilAnswered(server, '/v1/async-actions?limit=1');
	await settled(server, 60000);
	assert.equal(server.running, true);
	assert.equal(server.logged('listening').length, 1, 'it has lived all the time');
	await assertExact(server, files, live);
	t.diagnostic(`${files.length} files, ${live.acknowledged.size} single vouchers, ${live.unknown.size} without an answer, ` +
		`${server.logged('commit_unknown').length} commits that had to be asked for`);
}

/** The answer to a GET once the database is back. */
const untilAnswered = (server, path) =>
	until(async () => {
		const answer = await server.get(path);
		assert.ok([200, 503].includes(answer.status), answer.text);
		return answer.status === 200 && answer;
	}, { what: 'the database to be back', timeoutMs: 30000 });

test('a database that crashes ten times during imports loses nothing and doubles nothing', { skip }, t =>
	importThrough(t, 21, crashDatabase, 10));

test('connections that are cut at any moment lose nothing and double nothing', { skip }, t =>
	importThrough(t, 22, cutConnection, 60));

test('once the database is back, requests do not meet the connections that it has left', { skip }, async t => {
	const server = await startServer({ t, cluster });
	const ask = () => Promise.all(Array.from({ length: 16 }, () => server.get('/v1/vouchers?limit=1')));
	for (let i = 0; i < 3; i++) {
		assert.deepEqual((await ask()).map(answer => answer.status), Array(16).fill(200));
		await crashDatabase();
	}
	assert.deepEqual((await ask()).map(answer => answer.status), Array(16).fill(200));
	assert.equal((await server.post('/v1/vouchers/A', { type: 'GIFT_VOUCHER', gift: { amount: 1 } })).status, 200);
});

test('bulk actions of all types go on when the database crashes, and the server is killed as well', { skip }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 23);
	const server = await startServer({ t, cluster });
	const load = new Load(random);
	await load.begin(server);
	for (let i = 0; i < 10; i++) {
		const clients = load.run(server);
		await sleep(random.int(20, 200));
		await crashDatabase();
		await sleep(random.int(0, 300));
		await server.kill();
		await clients;
		await server.start();
	}
	await load.finish(server);
	const has = async status => (await server.get(`/v1/async-actions?limit=1&status=${status}`)).json.async_actions.length;
	await until(async () => (await has('ENQUEUED')) + (await has('IN_PROGRESS')) === 0,
		{ what: `all actions to end\n${warnings(server).join('\n')}`, timeoutMs: 60000 });
	const actions = await assertBulk(server, load.requests);
	t.diagnostic(`${load.requests.length} requests, ${actions.length} actions, 10 crashes of the database and 10 kills`);
});

/* ---- a full disk ---- */

const FULL = `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
	CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON vouchers FOR EACH ROW EXECUTE FUNCTION full_disk();`;

/* Raised by a trigger: it hits one table, at once, and on machines too where nothing can be mounted. */
test('a full disk of the database is waited for, and told to single writes', { skip }, async t => {
	const random = new Random(seed + 24);
	const server = await startServer({ t, cluster });
	const first = makeFile(random, { prefix: 'V-', rows: 2000, bad: 5 });
	const files = [{ rows: first.rows, id: await server.importVouchers(first.csv) }];
	await server.waitForAction(files[0].id);
	await psql(server.store, FULL);
	const second = makeFile(random, { prefix: 'W-', from: first.next, rows: 2000, bad: 5 });
	files.push({ rows: second.rows, id: await server.importVouchers(second.csv) });
	const single = await server.post('/v1/vouchers/SINGLE', { type: 'GIFT_VOUCHER', gift: { amount: 1 } });
	assert.equal(single.status, 507, single.text);
	assert.equal(single.json.key, 'insufficient_storage');
	await sleep(1500);
	assert.notEqual((await server.action(files[1].id)).status, 'FAILED');
	assert.equal((await server.get('/v1/vouchers?limit=1')).status, 200);
	await psql(server.store, 'DROP TRIGGER full_disk ON vouchers');
	await server.waitForAction(files[1].id);
	await assertExact(server, files);
});

/**
 * A cluster with a tablespace `small` on a file system of so many megabytes, which only its own processes see; or
 * undefined where we may not mount one.
 */
async function smallCluster(megabytes) {
	const place = join(home, 'small'), own = join(home, 'pg-small');
	await mkdir(place);
	const mount = 'mount -t tmpfs -o size="$1"m,mode=0700 tmpfs "$2" && chown postgres "$2"';
	if (userInfo().uid !== 0 || await run('unshare', ['--mount', 'sh', '-c', mount, 'sh', megabytes, place]).then(() => false, () => true))
		return undefined;
	const { stdout } = await run('unshare', ['--mount', 'sh', '-c', `${mount} && exec "$3" start "$4"`, 'sh', megabytes, place, script, own]);
	clusters.push(own);
	await psql(`${stdout.trim()}/postgres`, `CREATE TABLESPACE small LOCATION '${place}'`);
	return stdout.trim();
}

/** So many bytes of the disk go to a table; without: all there are. */
const fillDisk = (server, table, bytes = 1e12) =>
	psql(server.store, `CREATE TABLE ${table} (b text);
		DO $$ DECLARE step int := 500; BEGIN
			FOR i IN 1..${Math.ceil(bytes / 1e6)} LOOP
				BEGIN
					INSERT INTO ${table} SELECT repeat('x', 1900) FROM generate_series(1, step);
				EXCEPTION WHEN disk_full THEN
					EXIT WHEN step = 1;
					step := 1;
				END;
			END LOOP;
		END $$`);

test('a file system of the database that is full to the last page is waited for', { skip }, async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const small = await smallCluster(120);
	if (small === undefined)
		return t.skip('no file system can be mounted here');
	const random = new Random(seed + 25);
	const server = await startServer({ t, cluster: small, project: null, start: false });
	server.tablespace = 'small';
	server.project = await server.createProject();
	await server.start();
	const file = makeFile(random, { prefix: 'V-', rows: 60000, bad: 100 });
	await fillDisk(server, 'reserve', 1.5 * file.csv.length + 4e6); // for the upload, and not for its vouchers
	await fillDisk(server, 'ballast');
	await psql(server.store, 'DROP TABLE reserve');
	const files = [{ rows: file.rows, id: await server.importVouchers(file.csv) }];
	await until(() => server.logged('slice_failed').length > 2, { what: 'the server to notice the full disk' });

	const live = new LiveWriter(random);
	live.files = 1;
	await until(async () => {
		await live.run(server, () => live.refused.size >= 5);
		return live.refused.size >= 5;
	}, { what: 'single writes to be refused' });
	assert.equal((await server.action(files[0].id)).status, 'IN_PROGRESS');
	assert.equal((await server.get('/v1/vouchers?limit=1')).status, 200);
	await psql(server.store, 'DROP TABLE ballast');
	await server.waitForAction(files[0].id);
	const more = live.acknowledged.size + 5;
	await live.run(server, () => live.acknowledged.size >= more);
	await assertExact(server, files, live);
	t.diagnostic(`${live.acknowledged.size} single vouchers, ${live.refused.size} refused, ${server.logged('slice_failed').length} slices failed`);
});

/* ---- what is refused at start ---- */

test('a database of a newer longshore is refused and left alone', { skip }, async t => {
	const server = await startServer({ t, cluster });
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
	await psql(server.store, 'INSERT INTO schema_versions VALUES (999, 0)');
	const end = await longshore(['serve', '--listen', '127.0.0.1:0', '--store', server.store, '--spool', server.spool]);
	assert.equal(end.code, 1);
	assert.match(end.stderr, /the database has schema version 999, this program knows \d+; use a newer longshore/);
});

test('a database that cannot be reached is an error that says where', { skip }, async () => {
	const end = await longshore(['serve', '--listen', '127.0.0.1:0', '--store', 'postgresql://nobody@127.0.0.1:1/none']);
	assert.equal(end.code, 1);
	assert.match(end.stderr, /cannot connect to the database: .*127\.0\.0\.1.*port 1 failed/);
});

const freePort = () => new Promise(resolve => {
	const probe = createServer().listen(0, '127.0.0.1', () => {
		const { port } = probe.address();
		probe.close(() => resolve(port));
	});
});

/** PgBouncer in front of the cluster; resolves to its port. */
async function pooler(t, mode) {
	const port = await freePort();
	const ini = join(home, `${mode}.ini`);
	const upstream = new URL(cluster);
	await writeFile(ini, `[databases]\n* = host=127.0.0.1 port=${upstream.port} user=postgres\n[pgbouncer]\n` +
		`listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = any\npool_mode = ${mode}\n` +
		'default_pool_size = 20\nignore_startup_parameters = extra_float_digits\n');
	const root = userInfo().uid === 0;
	if (root) {
		const { stdout } = await run('id', ['-u', 'postgres']);
		await chown(ini, Number(stdout), -1);
	}
	const argv = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', 'pgbouncer', ini] : ['pgbouncer', ini];
	const path = `${process.env.PATH}:/usr/sbin`;
	const child = spawn(argv[0], argv.slice(1), { stdio: 'ignore', env: { ...process.env, PATH: path } });
	const gone = new Promise(resolve => child.on('exit', resolve));
	t.after(async () => {
		child.kill('SIGKILL');
		await gone;
	});
	await until(() => psql(`postgresql://postgres@127.0.0.1:${port}/postgres`, 'SELECT 1').catch(() => false),
		{ what: 'the pooler to answer' });
	return port;
}

test('a transaction pooler is refused, one that pools sessions is not', { skip }, async t => {
	const server = await startServer({ t, cluster });
	await server.stop();
	const through = port => server.store.replace(/:\d+\//, `:${port}/`);
	const refused = await longshore(['serve', '--listen', '127.0.0.1:0', '--spool', server.spool,
		'--store', through(await pooler(t, 'transaction'))]);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /leads to a transaction pooler/);
	server.store = through(await pooler(t, 'session'));
	await server.start();
	const id = await server.importVouchers('Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n');
	assert.equal((await server.waitForAction(id)).result.done_count, 1);
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
});
