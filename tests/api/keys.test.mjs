// SPDX-License-Identifier: MIT
/* The commands `project …` beside a running server, which sees at once what they do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import {
	apiServer, assertNotFound, assertSpool, assertUnauthorized, csv, giftFile, newProject, TIME, until
} from '../support/api.mjs';
import { longshore, shipped, startServer, onPostgres, sqliteOnly } from '../support/server.mjs';

const server = await apiServer();
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `longshore project WORDS` on the store of the server. */
function project(words, { on = server, program = shipped } = {}) {
	return longshore(['project', ...words, '--store', on.store], { program });
}

async function projectOk(words, options) {
	const end = await project(words, options);
	assert.equal(end.code, 0, end.stderr);
	assert.equal(end.stderr, '');
	return end.stdout;
}

async function projectJson(words, options) {
	return JSON.parse(await projectOk(words, options));
}

function listKeys(p) {
	return projectJson(['keys', 'list', '--project', p.keys.project_id, '--json']);
}

function addKey(p, ...more) {
	return projectJson(['keys', 'add', '--project', p.keys.project_id, ...more]);
}

const isLetIn = keys => server.get('/v1/vouchers', { project: keys }).then(a => a.status === 200);

/* ---- keys ---- */

test('a key that is added beside the server is valid at once', async () => {
	const p = await newProject(server);
	const key = await addKey(p, '--name', 'nightly żółć');
	assert.deepEqual(Object.keys(key), ['project_id', 'name', 'app_id', 'app_token']);
	assert.equal(key.project_id, p.keys.project_id);
	assert.equal(key.name, 'nightly żółć');
	assert.match(key.app_id, UUID);
	assert.match(key.app_token, UUID);
	await p.load(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1'));
	const { json } = await server.get('/v1/vouchers', { project: key });
	assert.deepEqual(json.vouchers.map(v => v.code), ['A']);
	assertUnauthorized(await server.get('/v1/vouchers', {
		project: { app_id: key.app_id, app_token: p.keys.app_token }
	}));
});

test('keys of a project are listed, its secrets are not', async () => {
	const p = await newProject(server), other = await newProject(server);
	const key = await addKey(p, '--name', 'second');
	const management = await addKey(p, '--management');
	assert.deepEqual(Object.keys(management),
		['project_id', 'name', 'management_id', 'management_token']);
	const listed = await listKeys(p);
	assert.deepEqual(listed.map(({ app_id, kind, name }) => [app_id, kind, name]), [
		[p.keys.app_id, 'app', 'first key'],
		[p.keys.management_id, 'management', 'first key'],
		[key.app_id, 'app', 'second'],
		[management.management_id, 'management', 'key']
	]);
	for (const k of listed)
		assert.match(k.created_at, TIME);
	assert.equal((await listKeys(other)).length, 2);

	const text = await projectOk(['keys', 'list', '--project', p.keys.project_id]);
	const lines = text.trimEnd().split('\n');
	assert.match(lines[0], /^ID +KIND +CREATED +NAME$/);
	assert.equal(lines.length, 5);
	assert.ok(lines.every(line => line.indexOf('  ') > 0));
	for (const secret of [key.app_token, management.management_token, p.keys.app_token])
		assert.ok(!text.includes(secret));
});

test('what a terminal would obey is not printed', async () => {
	const p = await newProject(server, { name: 'a\x1b[2Jb\nc' });
	await addKey(p, '--name', '\x1b]0;x\x07');
	for (const text of [await projectOk(['list']),
		await projectOk(['keys', 'list', '--project', p.keys.project_id])])
		assert.ok(!/[\x00-\x09\x0b-\x1f\x7f]/.test(text), JSON.stringify(text));
	assert.match(await projectOk(['list']), /a\?\[2Jb\?c/);
});

test('a management key is not valid for /v1', async () => {
	const p = await newProject(server);
	const { management_id, management_token } = await addKey(p, '--management');
	assertUnauthorized(await server.get('/v1/vouchers', {
		project: { app_id: management_id, app_token: management_token }
	}));
});

test('a revoked key is refused within a second or so, the others stay', async () => {
	const p = await newProject(server);
	for (const flag of [[], ['--app-id']]) {
		const key = await addKey(p);
		assert.ok(await isLetIn(key));
		const said = await projectOk(['keys', 'revoke', ...flag, key.app_id]);
		assert.match(said, new RegExp(`^revoked app key ${key.app_id} of project ${p.keys.project_id} `));
		await until(async () => !await isLetIn(key), { what: 'the revoked key to be refused' });
		assertUnauthorized(await server.get('/v1/vouchers', { project: key }));
	}
	assert.ok(await isLetIn(p.keys));
	assert.equal((await listKeys(p)).length, 2);
});

test('a request that is refused first is let in once the key is there', async () => {
	const p = await newProject(server);
	const keys = { app_id: 'to-come', app_token: 'secret' };
	for (let i = 0; i < 3; i++)
		assert.ok(!await isLetIn(keys)); // nothing remembers that
	await server.createProject({ appId: keys.app_id, appToken: keys.app_token });
	assert.ok(await isLetIn(keys));
	assert.ok(await isLetIn(p.keys));
});

test('many clients with many keys get their own project', async () => {
	const projects = await Promise.all(Array.from({ length: 12 }, () => newProject(server)));
	await Promise.all(projects.map((p, i) =>
		p.load(csv('Code,Voucher Type,Value', `CODE${i},GIFT_VOUCHER,1`))));
	for (let round = 0; round < 5; round++) {
		await Promise.all(projects.map(async (p, i) => {
			const { json } = await p.get('/v1/vouchers');
			assert.deepEqual(json.vouchers.map(v => v.code), [`CODE${i}`]);
		}));
	}
});

test('keys of a database of the first version go on being valid', { skip: sqliteOnly('PostgreSQL has one version so far') }, async t => {
	const p = await newProject(server);
	const hash = async id => (await server.sql(
		`SELECT hex(token_hash) AS hex FROM keys WHERE app_id = '${id}'`))[0].hex;
	const schema = await readFile(
		new URL('../../src/store/sqlite/schema/001_first.sql', import.meta.url), 'utf8');
	const old = await startServer({ t, program: shipped, start: false, project: null });
	await old.sql(`;${schema} INSERT INTO projects VALUES (7, 'proj_old', 'old', '${p.keys.app_id}', ` +
		`x'${await hash(p.keys.app_id)}', '${p.keys.management_id}', ` +
		`x'${await hash(p.keys.management_id)}', 1700000000000); PRAGMA user_version = 1;`);
	await old.start();
	const [app, management] = await projectJson(
		['keys', 'list', '--project', 'proj_old', '--json'], { on: old });
	assert.deepEqual([app.app_id, app.kind], [p.keys.app_id, 'app']);
	assert.deepEqual([management.app_id, management.kind], [p.keys.management_id, 'management']);
	assert.equal((await old.get('/v1/vouchers', { project: p.keys })).status, 200);
	const next = await old.createProject();
	assert.equal((await old.get('/v1/vouchers', { project: next })).status, 200);
	assert.deepEqual((await old.sql('SELECT id FROM projects ORDER BY id')).map(row => row.id), [7, 8]);
});

/* ---- mistakes ---- */

test('mistakes are told and change nothing', async t => {
	const p = await newProject(server);
	const id = p.keys.project_id;
	const cases = [
		['an unknown project', ['keys', 'list', '--project', 'proj_none'], 1,
			"cannot list the keys: there is no project 'proj_none'"],
		['a key for an unknown project', ['keys', 'add', '--project', 'proj_none'], 1,
			"cannot add a key: there is no project 'proj_none'"],
		['a name that is too long', ['keys', 'add', '--project', id, '--name', 'x'.repeat(201)], 2,
			'cannot add a key: --name must be UTF-8 of at most 200 bytes'],
		['an unknown key', ['keys', 'revoke', 'nothing'], 1,
			"cannot revoke the key: there is no key 'nothing'"],
		['no key', ['keys', 'revoke'], 2, 'cannot revoke the key: which one? Say --app-id ID'],
		['a key twice', ['keys', 'revoke', 'a', '--app-id', 'b'], 2,
			'cannot revoke the key: the key was given twice'],
		['an unknown project to delete', ['delete', '--project', 'proj_none', '--yes'], 1,
			"cannot delete the project: there is no project 'proj_none'"]
	];
	for (const [what, words, code, text] of cases) {
		await t.test(what, async () => {
			const end = await project(words);
			assert.equal(end.code, code);
			assert.equal(end.stdout, '');
			assert.equal(end.stderr, `longshore: ${text}\n`);
		});
	}
	assert.equal((await listKeys(p)).length, 2);
});

test('a database that is not there is not made', async () => {
	const nowhere = { store: `sqlite:${join(server.dir, 'nowhere.db')}` };
	for (const words of [['list'], ['keys', 'revoke', 'x'], ['delete', '--project', 'x', '--yes']]) {
		const end = await project(words, { on: nowhere });
		assert.equal(end.code, 1);
		assert.match(end.stderr, /there is no database '.*nowhere\.db'\n$/);
	}
	assert.ok(!(await readdir(server.dir)).some(name => name.startsWith('nowhere')));
});

/* ---- deleting ---- */

const listed = async id => (await projectJson(['list', '--json'])).find(p => p.project_id === id);

test('without --yes nothing is deleted, and it is told what would be', async () => {
	const p = await newProject(server, { name: 'precious' });
	await p.load(giftFile(1234));
	const end = await project(['delete', '--project', p.keys.project_id]);
	assert.equal(end.code, 2);
	assert.match(end.stdout, new RegExp(
		`^this would delete project ${p.keys.project_id} \\(precious\\), created .*Z, for good, with\n` +
		'  2 keys and their access tokens\n' +
		'  1,234 vouchers and their transactions\n' +
		'  1 async action with uploads and reports; 0 would be stopped\n'));
	assert.match(end.stdout, /say --yes/);
	assert.equal((await p.get('/v1/vouchers?limit=1')).json.total, 1234);
});

test('a deleted project is gone with all that it had, and nobody else\'s', async () => {
	const p = await newProject(server, { name: 'gone' }), other = await newProject(server);
	const before = (await server.spoolFiles()).length;
	await p.load(giftFile(3000));
	const kept = await other.load(giftFile(50));
	await assertSpool(server, before + 2);
	assert.deepEqual(await listed(p.keys.project_id).then(x => [x.name, x.deleted_at]), ['gone', null]);

	const said = await projectOk(['delete', '--project', p.keys.project_id, '--yes']);
	assert.match(said, new RegExp(
		`^deleted project ${p.keys.project_id} \\(gone\\): 3,\\d\\d\\d rows, 1 uploaded file\n$`));
	await until(async () => !await isLetIn(p.keys), { what: 'the keys to be refused' });
	assertUnauthorized(await p.get('/v1/vouchers'));
	assert.equal(await listed(p.keys.project_id), undefined);
	await assertSpool(server, before + 1);
	assert.equal((await other.get('/v1/vouchers?limit=1')).json.total, 50);
	assert.equal((await other.report(kept.id)).length, 50);

	const again = await project(['delete', '--project', p.keys.project_id, '--yes']);
	assert.equal(again.code, 1);
	assert.match(again.stderr, /there is no project/);
	await server.createProject({ appId: p.keys.app_id, appToken: 'new' }); // its id is free
});

test('a project is deleted under its running actions, and the engine goes on', async () => {
	const p = await newProject(server), other = await newProject(server);
	const running = [];
	for (let i = 0; i < 3; i++)
		running.push(await p.startImport(giftFile(60000, { prefix: `R${i}-` })));
	const neighbour = await other.startImport(giftFile(20000));
	await until(async () => (await p.action(running[0])).status !== 'ENQUEUED');

	await projectOk(['delete', '--project', p.keys.project_id, '--yes']);
	assert.equal(await listed(p.keys.project_id), undefined);
	const action = await other.wait(neighbour);
	assert.equal(action.result.done_count, 20000);
	const next = await newProject(server);
	await next.load(giftFile(10));
	assert.equal((await next.get('/v1/vouchers?limit=1')).json.total, 10);
	assert.ok(server.running);
});

test('a deleted project has no rows left anywhere, also after a restart', async t => {
	const own = await startServer({ t, program: shipped });
	const { project_id } = own.project;
	await own.waitForAction(await own.importVouchers(giftFile(500)));
	const busy = await own.importVouchers(giftFile(50000, { prefix: 'B' }));
	const end = await project(['delete', '--project', project_id, '--yes'], { on: own });
	assert.equal(end.code, 0, end.stderr);
	assert.match(busy, /^aa_/);
	await own.restart();
	await assertSpool(own, 0);
	assert.deepEqual(await own.stop(), { code: 0, signal: null });
	const tables = await own.sql(onPostgres
		? "SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'project_id'"
		: 'SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ' +
			"WHERE m.type = 'table' AND c.name = 'project_id'");
	assert.ok(tables.length > 10);
	for (const { name } of tables) {
		const [{ n }] = await own.sql(`SELECT count(*) AS n FROM ${name} WHERE project_id <> 0`);
		assert.equal(n, 0, name);
	}
	assert.deepEqual(await own.sql('SELECT * FROM projects'), []);
	assert.deepEqual(own.logs.filter(line => line.level === 'error'), []);
});

test('files that the command cannot reach go when the server starts next', { skip: sqliteOnly('inputs are files') }, async t => {
	const own = await startServer({ t, program: shipped });
	const elsewhere = join(own.dir, 'elsewhere');
	await own.stop();
	await rename(own.spool, elsewhere);
	await own.start({ args: ['--spool', elsewhere] });
	await own.waitForAction(await own.importVouchers(giftFile(5)));
	const end = await project(['delete', '--project', own.project.project_id, '--yes'], { on: own });
	assert.equal(end.code, 0, end.stderr);
	assert.match(end.stdout, /, 0 uploaded files\n1 more file could not be removed from '.*-spool'/);
	own.spool = elsewhere;
	assert.equal((await own.spoolFiles()).length, 1);
	await own.restart({ args: ['--spool', elsewhere] });
	await assertSpool(own, 0);
});

test('an upload that began before its project was deleted comes to nothing', async () => {
	const p = await newProject(server);
	const before = (await server.spoolFiles()).length;
	let more;
	const held = new Promise(resolve => (more = resolve));
	const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="v.csv"\r\n\r\n' +
		'Code,Voucher Type,Value\n';
	const body = new ReadableStream({
		async start(stream) {
			stream.enqueue(new TextEncoder().encode(head));
			await held;
			stream.enqueue(new TextEncoder().encode('LATE,GIFT_VOUCHER,1\n\r\n--b--\r\n'));
			stream.close();
		}
	});
	const answer = fetch(`${server.base}/v1/vouchers/importCSV`, {
		method: 'POST', body, duplex: 'half',
		headers: { ...p.headers, 'Content-Type': 'multipart/form-data; boundary=b' }
	});
	await until(async () => (await server.spoolFiles()).length > before);
	await projectOk(['delete', '--project', p.keys.project_id, '--yes']);
	more();
	assert.equal((await answer).status, 401);
	await assertSpool(server, before);
});

test('a command that is stopped half way is finished by the server', async t => {
	const own = await startServer({ t, program: shipped, args: ['--retention-interval', '0.2'] });
	await own.waitForAction(await own.importVouchers(giftFile(40000)));
	const command = spawn(shipped, ['project', 'delete', '--project', own.project.project_id, '--yes',
		'--store', own.store], { stdio: 'ignore' });
	const ended = new Promise(resolve => command.on('exit', resolve));
	await until(async () => (await own.get('/v1/vouchers?limit=1')).status === 401, { everyMs: 1 });
	command.kill('SIGKILL');
	await ended;
	await until(async () =>
		(await project(['list', '--json'], { on: own })).stdout === '[]\n',
	{ what: 'the project to be gone', timeoutMs: 20000 });
	await assertSpool(own, 0);
});
