// SPDX-License-Identifier: MIT
/*
 * `longshore copy` and `longshore migrate` with the real program: a project goes from SQLite to PostgreSQL and
 * back, whatever is killed on the way, and its clients notice nothing.
 *
 * The tests need both stores: a cluster by LONGSHORE_TEST_POSTGRES. Those of SQLite alone run anyway.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { csv, giftFile } from '../support/api.mjs';
import { binary, createDatabase, dropDatabase, longshore, Server, shipped, sleep } from '../support/server.mjs';

const cluster = process.env.LONGSHORE_TEST_POSTGRES;
const skip = cluster ? false : 'LONGSHORE_TEST_POSTGRES names no cluster';
const BIG = 150000; // rows: three chunks

/* ---- stores ---- */

/** A server on a store that is named, whichever store the other tests are for. */
class ServerOn extends Server {
	constructor(dir, store, project) {
		super(dir, [], {}, shipped);
		this.store = store;
		this.spool = store.startsWith('sqlite:') ? `${store.slice(7)}-spool` : join(dir, 'uploads');
		this.args = ['--spool', this.spool];
		this.project = project;
	}

	/** Rows of a query on a SQLite file. */
	async sqlFile(query) {
		const { stdout } = await promisify(execFile)('sqlite3', ['-json', this.store.slice('sqlite:'.length), query]);
		return JSON.parse(stdout);
	}

	async makeDatabase() {}
	async dropDatabase() {}
}

/** What a test has: a directory, any number of stores in it, servers on them. */
class World {
	constructor(t, dir) {
		this.dir = dir;
		this.servers = [];
		this.databases = [];
		t.after(() => this.remove());
	}

	sqlite(name) {
		return `sqlite:${join(this.dir, name)}.db`;
	}

	async postgres(name) {
		const database = `${basename(this.dir)}_${name}`.toLowerCase().replace(/[^a-z0-9]/g, '_');
		const url = `${cluster}/${database}`;
		await createDatabase(url);
		this.databases.push(url);
		return url;
	}

	server(store, project = null) {
		const server = new ServerOn(this.dir, store, project);
		this.servers.push(server);
		return server;
	}

	async remove() {
		for (const server of this.servers)
			await server.kill();
		await this.servers[0]?.remove();
		for (const url of this.databases)
			await dropDatabase(url);
	}
}

async function newWorld(t) {
	return new World(t, await mkdtemp(join(await realpath(tmpdir()), 'longshore-copy-')));
}

async function run(args, options) {
	return longshore(args, { program: shipped, timeoutMs: 60000, ...options });
}

function copy(from, to, more = [], options) {
	return run(['copy', '--from', from, '--to', to, ...more], options);
}

async function mustCopy(from, to, more) {
	const end = await copy(from, to, more);
	assert.equal(end.code, 0, end.stderr);
	return end.stdout;
}

/* ---- what a project has, and what clients see of it ---- */

async function fill(server) {
	const must = async (method, path, json) => {
		const answer = await server.request(method, path, { json });
		assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
		return answer.json;
	};
	const news = await must('POST', '/v1/categories', { name: 'News', hierarchy: 1 });
	const metadata = { z: 1, aa: [29.99, null, { 'k"\\': 'tab\t, line\n, \u00e9\u{1f600}' }], a: true, n: 1e2 };
	for (const [code, body] of Object.entries({
		SALE: { discount: { type: 'PERCENT', percent_off: 12.5 }, metadata, category: 'News' },
		AMOUNT: { discount: { type: 'AMOUNT', amount_off: 2999 }, redemption: { quantity: 3 }, category: 'a tag' },
		GIFT: { type: 'GIFT_VOUCHER', gift: { amount: 10000 }, additional_info: 'back\\slash\ttab "quoted"' },
		GONE: { discount: { type: 'AMOUNT', amount_off: 100 } },
		LATER: { discount: { type: 'AMOUNT', amount_off: 1 }, start_date: '2030-01-01T00:00:00Z' }
	}))
		await must('POST', `/v1/vouchers/${code}`, body);
	await must('POST', '/v1/vouchers/GIFT/balance', { amount: -700, reason: 'line\nbreak' });
	await must('POST', '/v1/vouchers/GIFT/balance', { amount: 200 });
	await must('DELETE', '/v1/vouchers/GONE');
	await must('POST', '/v1/exports', { exported_object: 'voucher', parameters: { order: 'code' } });
	const mixed = await server.waitForAction(await server.importVouchers(
		csv('Code,Voucher Type,Value,Region', 'R-1,GIFT_VOUCHER,1,North', 'R-2,NONSENSE,1,South', ',GIFT_VOUCHER,1,', 'R-3,GIFT_VOUCHER,2.5,East')));
	assert.equal(mixed.result.failed.length, 2);
	await server.waitForAction(await server.importVouchers(giftFile(20000, { prefix: 'L' })));
	await server.waitForAction((await must('POST', '/v1/vouchers/metadata/async', { codes: ['R-1', 'SALE'], metadata: { more: 'yes' } })).async_action_id);
	return { category: news.id, mixed: mixed.id };
}

/** All kinds of answers, by path; public ids are part of the paths. */
async function answers(server, ids) {
	const seen = {};
	const look = async path => {
		const answer = await server.get(path);
		assert.equal(answer.status, 200, `${path}: ${answer.text}`);
		seen[path] = answer.json ?? answer.text;
		return answer.json;
	};
	for (const code of ['SALE', 'AMOUNT', 'GIFT', 'LATER', 'R-1', 'R-3', 'L0000000', 'L0019999'])
		await look(`/v1/vouchers/${(await look(`/v1/vouchers/${code}`)).id}`);
	await look('/v1/vouchers/GIFT/transactions');
	await look('/v1/vouchers?limit=100&order=code&category=News');
	await look('/v1/categories');
	await look(`/v1/categories/${ids.category}`);
	await look('/v1/trash-bin');
	await look('/v1/exports');
	await look(`/v1/async-actions/${ids.mixed}`);
	await look(`/v1/async-actions/${ids.mixed}/report.csv`);
	return withoutLinks(seen, server);
}

/** Links name the server that was asked, and until when they are good. */
function withoutLinks(seen, server) {
	return JSON.parse(JSON.stringify(seen).replaceAll(`:${server.port}/`, ':PORT/').replaceAll(/token=[^"]+/g, 'token='));
}

async function total(server) {
	return (await server.get('/v1/vouchers?limit=1')).json.total;
}

/* ---- tests ---- */

test('a project goes to PostgreSQL and back, its unfinished import with it', { skip, timeout: 300000 }, async t => {
	const world = await newWorld(t);
	const source = world.server(world.sqlite('source'));
	source.program = binary; // it is to die at a place of our choice
	source.project = await source.createProject();
	await source.start();
	const ids = await fill(source);
	const before = await answers(source, ids);
	const beforeTotal = await total(source);
	const link = (await source.get('/v1/exports')).json.exports[0].result.url.slice(source.base.length);
	await source.stop();
	await source.start({ env: { LONGSHORE_TEST_KILL: 'slice.after_commit:1' } });
	const big = await source.importVouchers(giftFile(BIG, { prefix: 'B' }) + 'B0000001,GIFT_VOUCHER,7\nBAD,NONSENSE,1\n');
	assert.equal((await source.exited).signal, 'SIGKILL');
	const rows = (await source.sqlFile(`SELECT status, created FROM actions WHERE input_bytes > 1000000`))[0];
	assert.equal(rows.status, 1);
	assert.ok(rows.created > 0 && rows.created < BIG, `${rows.created} rows were in`);

	const target = await world.postgres('to');
	await copyKilled(source.store, target);

	const there = world.server(target, source.project);
	await there.start();
	assert.deepEqual(await answers(there, ids), before);
	assert.equal((await there.get(link, { project: null })).status, 200);
	const ended = await there.waitForAction(big);
	assert.equal(ended.status, 'DONE');
	assert.equal(ended.result.failed_count, 1);
	assert.equal(ended.result.done_count, BIG + 1);
	assert.equal(await total(there), beforeTotal + BIG);
	const report = (await there.report(big)).slice(1);
	assert.equal(report.length, BIG + 2);
	assert.equal(report.filter(row => row[2] === 'created').length, BIG);
	assert.equal((await there.get('/v1/vouchers/B0000001')).json.gift.amount, 700);
	const ever = await answers(there, ids);
	assert.deepEqual(await there.stop(), { code: 0, signal: null });

	const back = world.sqlite('back');
	await copyKilled(target, back);
	const home = world.server(back, source.project);
	await home.start();
	assert.deepEqual(await answers(home, ids), ever);
	assert.equal(await total(home), beforeTotal + BIG);
	assert.deepEqual((await home.report(big)).slice(1), report);
	assert.equal((await home.post('/v1/vouchers/NEW', { discount: { type: 'AMOUNT', amount_off: 1 } })).status, 200);
	assert.deepEqual(await home.stop(), { code: 0, signal: null });
});

/** The command, killed before and after commits and at random moments, at last to its end. */
async function copyKilled(from, to) {
	for (const place of ['commit.before:1', 'commit.before:2', 'commit.after:2', 'upload.written:1', 'upload.renamed:1', 'commit.before:4', 'commit.after:3']) {
		const end = await copy(from, to, [], { program: binary, env: { LONGSHORE_TEST_KILL: place } });
		assert.ok(end.signal === 'SIGKILL' || end.code === 0, `${place}: ${end.stderr}`);
	}
	for (let ms = 30; ms < 400; ms += Math.floor(Math.random() * 120)) {
		const child = spawn(shipped, ['copy', '--from', from, '--to', to], { stdio: 'ignore' });
		const ended = new Promise(resolve => child.on('exit', resolve));
		await sleep(ms);
		child.kill('SIGKILL');
		await ended;
		await sleep(20); // PostgreSQL sees that it is gone, and lets go of its lock
	}
	await mustCopy(from, to);
}

test('stores that are served are not copied', async t => {
	const world = await newWorld(t);
	const source = world.server(world.sqlite('source'));
	source.project = await source.createProject();
	await source.start();
	const from = await copy(source.store, world.sqlite('to'));
	assert.equal(from.code, 1);
	assert.match(from.stderr, /^longshore: cannot copy: --from: another longshore process is serving '.*source\.db'/);
	await source.stop();
	const busy = world.server(world.sqlite('to'));
	await busy.createProject();
	await busy.start();
	const to = await copy(source.store, busy.store);
	assert.equal(to.code, 1);
	assert.match(to.stderr, /^longshore: cannot copy: --to: another longshore process is serving/);
});

test('what cannot be copied is said before anything is', async t => {
	const world = await newWorld(t);
	const source = world.server(world.sqlite('source'));
	const { project_id } = await source.createProject();
	const missing = await copy(world.sqlite('none'), world.sqlite('to'));
	assert.equal(missing.code, 1);
	assert.match(missing.stderr, /--from: there is no database/);
	await assert.rejects(stat(join(world.dir, 'none.db')));
	const same = await copy(source.store, source.store);
	assert.equal(same.code, 2);
	assert.match(same.stderr, /--from and --to are the same store/);
	const unknown = await copy(source.store, world.sqlite('to'), ['--project', 'proj_none']);
	assert.equal(unknown.code, 1);
	assert.match(unknown.stderr, /there is no project 'proj_none' in '.*source\.db'/);
	const other = world.server(world.sqlite('other'));
	await other.createProject();
	const secret = await copy(source.store, other.store);
	assert.equal(secret.code, 1);
	assert.match(secret.stderr, new RegExp(`project '${project_id}' cannot come into '.*other\\.db': it has projects of its own`));
	const once = await mustCopy(source.store, world.sqlite('to'));
	assert.match(once, new RegExp(`^copied project ${project_id} to sqlite:.*to\\.db\n`));
	assert.match(await mustCopy(source.store, world.sqlite('to')), /is in sqlite:.*to\.db already; nothing was copied\n$/);
});

test('a spool that was somewhere else has to be named', async t => {
	const world = await newWorld(t);
	const source = world.server(world.sqlite('source'));
	source.spool = join(world.dir, 'elsewhere');
	source.args = ['--spool', source.spool];
	source.project = await source.createProject();
	await source.start();
	const id = await source.importVouchers(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1'));
	const action = await source.waitForAction(id);
	const report = await source.report(id);
	await source.stop();
	const lost = await copy(source.store, world.sqlite('to'));
	assert.equal(lost.code, 1);
	assert.match(lost.stderr, /the uploaded file '\w{24}' is not in '.*source\.db-spool'; say with --from-spool where/);
	const half = await run(['project', 'list', '--store', world.sqlite('to')]);
	assert.match(half.stdout, /being copied here/);
	const text = await mustCopy(source.store, world.sqlite('to'), ['--from-spool', source.spool, '--to-spool', join(world.dir, 'new')]);
	assert.match(text, /^ {2}vouchers +1$/m);
	assert.match(text, /^ {2}async actions +1$/m);
	assert.match(text, /^ {2}uploaded files +1$/m);
	assert.match(text, /longshore project delete --project proj_\w+ --yes --store sqlite:.*source\.db\n$/);
	const there = world.server(world.sqlite('to'), source.project);
	there.args = ['--spool', there.spool = join(world.dir, 'new')];
	await there.start();
	assert.deepEqual(await there.action(id), action);
	assert.deepEqual(await there.report(id), report);
});

test('a number that PostgreSQL cannot keep is named by its voucher', { skip }, async t => {
	const world = await newWorld(t);
	const source = world.server(world.sqlite('source'));
	source.project = await source.createProject();
	await source.start();
	const body = `{"discount":{"type":"AMOUNT","amount_off":100},"metadata":{"n":1e5000}}`;
	const answer = await source.request('POST', '/v1/vouchers/HUGE', { body, headers: { 'Content-Type': 'application/json' } });
	assert.equal(answer.status, 200, answer.text);
	await source.stop();
	const end = await copy(source.store, await world.postgres('to'));
	assert.equal(end.code, 1);
	assert.match(end.stderr, /voucher 'HUGE' has a number in its metadata that is too long for 'postgresql:/);
});

test('migrate says what it has found and made', async t => {
	const world = await newWorld(t);
	world.server(world.sqlite('x'));
	const stores = [world.sqlite('x'), ...(cluster ? [await world.postgres('x')] : [])];
	for (const store of stores) {
		const first = await run(['migrate', '--store', store]);
		assert.equal(first.code, 0, first.stderr);
		assert.match(first.stdout, /^(sqlite|postgresql):\S+: migrated from 0 to \d+\n$/);
		const second = await run(['migrate', '--store', store]);
		assert.match(second.stdout, /^(sqlite|postgresql):\S+: schema version \d+, up to date\n$/);
	}
	const away = await run(['migrate', '--store', 'postgresql://127.0.0.1:1/none']);
	assert.equal(away.code, 1);
	assert.match(away.stderr, /^longshore: cannot migrate the store: cannot connect to the database/);
});
