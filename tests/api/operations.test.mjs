// SPDX-License-Identifier: MIT
/* What an operator relies on: health, the log, stopping. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import {
	REQUEST_ID, TIME, apiServer, csv, giftFile, newProject, raw, until
} from '../support/api.mjs';
import { longshore, shipped } from '../support/server.mjs';

test('healthz and readyz answer without keys', async () => {
	const server = await apiServer();
	for (const path of ['/healthz', '/readyz']) {
		const answer = await server.get(path, { project: null });
		assert.equal(answer.status, 200);
		assert.deepEqual(answer.json, { status: 'ok' });
		const wrong = await server.get(path, { headers: { 'X-App-Id': 'x', 'X-App-Token': 'y' }, project: null });
		assert.equal(wrong.status, 200);
	}
	await server.remove();
});

test('the log is one JSON object a line, and holds neither codes nor tokens', async () => {
	const server = await apiServer({ args: ['--log-level', 'debug'] });
	const p = await newProject(server, { appToken: 'TOKEN-that-is-secret' });
	const code = 'CODE-worth-money';
	await p.import(csv('Code,Voucher Type,Value', `${code}-1,GIFT_VOUCHER,1`, `${code}-2,,1`, `"${code}-3,G`));
	await p.post(`/v1/vouchers/${code}-4`, { gift: { amount: 1 }, metadata: { note: `${code}-5` } });
	await p.post(`/v1/vouchers/${code}-4`, { gift: { amount: 1 } });
	await p.post(`/v1/vouchers/${code}-6`, { gift: { amount: `${code}-7` } });
	await p.get(`/v1/vouchers/${code}-8`);
	await p.get(`/v1/vouchers?code=${code}-9`);
	await p.get(`/v1/vouchers?limit=${code}-10`);
	await p.get(`/${code}-11`);
	await p.request('PUT', `/v1/vouchers/${code}-12`);
	await p.upload(csv(`${code}-13`, 'x'));
	await p.raw({ path: `/v1/vouchers/${code}-14%FF%00`, headers: { 'User-Agent': code, Cookie: code } });
	await raw(server, { path: `/v1/vouchers/${code}`, method: `${code}`.replaceAll('-', '') }).catch(() => {});
	await server.get('/v1/vouchers', { project: { app_id: 'WRONG-application', app_token: 'WRONG-token' } });
	const { json } = await p.get('/v1/async-actions');
	await p.reportText(json.async_actions[0].id);
	await p.voucher((await p.voucher(`${code}-1`)).id);
	await server.stop();

	assert.ok(server.logs.length > 15);
	for (const line of server.logs) {
		assert.equal(line.text === undefined || line.event === 'http_library', true, line.text);
		assert.match(line.ts, TIME);
		assert.match(line.level, /^(debug|info|warn|error)$/);
		assert.match(line.event, /^\w+$/);
	}
	const all = JSON.stringify(server.logs);
	for (const secret of ['CODE', 'worth', 'TOKEN', 'secret', 'WRONG', p.keys.management_token, p.keys.app_id])
		assert.ok(!all.includes(secret), secret);
});

test('a request is one log line that names the route', async () => {
	const server = await apiServer();
	const p = await newProject(server);
	const asked = [
		['GET', '/v1/vouchers/X', 404, '/v1/vouchers/{code}'],
		['POST', '/v1/vouchers/X', 400, '/v1/vouchers/{code}'],
		['GET', '/v1/vouchers?limit=5', 200, '/v1/vouchers'],
		['GET', '/v1/async-actions/aa_1/report.csv', 404, '/v1/async-actions/{id}/report.csv'],
		['GET', '/nothing', 404, ''],
		['PUT', '/v1/vouchers', 405, ''],
		['GET', '/healthz', 200, '/healthz']
	];
	const ids = [];
	for (const [method, path] of asked)
		ids.push((await p.request(method, path)).headers.get('x-request-id'));
	await server.stop();
	const lines = server.logged('request');
	assert.equal(lines.length, asked.length);
	for (const [i, [method, , status, route]] of asked.entries()) {
		const line = lines.find(l => l.request_id === ids[i]);
		assert.deepEqual(Object.keys(line), ['ts', 'level', 'event', 'request_id', 'method', 'route', 'status',
			'duration_us', 'bytes_in', 'bytes_out', 'project']);
		assert.equal(line.level, 'info');
		assert.match(line.request_id, REQUEST_ID);
		assert.equal(line.method, method);
		assert.equal(line.status, status);
		assert.equal(line.route, route);
		assert.ok(Number.isInteger(line.duration_us) && line.duration_us >= 0);
		assert.ok(line.bytes_out > 0);
		const known = line.route.startsWith('/v1/');
		assert.equal(line.project, known ? p.keys.project_id : '');
	}
	await server.remove();
});

test('the end of an action is one log line, with its request', async () => {
	const server = await apiServer();
	const p = await newProject(server);
	const action = await p.load(giftFile(100));
	await until(() => server.logged('action_end').length > 0, { what: 'the line' });
	await server.stop();
	const [line, ...more] = server.logged('action_end');
	assert.deepEqual(more, []);
	assert.equal(line.action_id, action.id);
	assert.equal(line.request_id, action.request_id);
	assert.equal(line.type, 'VOUCHERS.IMPORT_CSV');
	assert.equal(line.status, 'DONE');
	assert.equal(line.rows, 100);
	await server.remove();
});

test('SIGTERM ends the server with 0, also with streams open and an import under way', async () => {
	const server = await apiServer();
	const p = await newProject(server);
	const id = await p.startImport(giftFile(300000));
	const follower = p.get(`/v1/async-actions/${id}/events`).catch(() => null);
	const waiting = p.get(`/v1/async-actions/${id}?wait=60`).catch(() => null);
	await until(async () => (await p.action(id)).status === 'IN_PROGRESS', { what: 'it to begin' });
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
	await follower;
	const told = await waiting;
	assert.ok(told === null || told.status === 200 || told.status === 503);
	assert.equal(server.logged('stopped').length, 1);

	await server.start();
	const action = await p.wait(id);
	assert.equal(action.status, 'DONE');
	assert.equal(action.result.done_count, 300000);
	assert.equal((await p.get('/v1/vouchers?limit=1')).json.total, 300000);
	await server.remove();
});

test('data stay over a restart, with the same ids', async () => {
	const server = await apiServer();
	const p = await newProject(server);
	const action = await p.import(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1', 'B,,1'));
	const [voucher, report] = [await p.voucher('A'), await p.reportText(action.id)];
	await server.restart();
	assert.deepEqual(await p.voucher('A'), voucher);
	assert.deepEqual(await p.action(action.id), action);
	assert.equal(await p.reportText(action.id), report);
	await server.remove();
});

test('an upload that was cut by a crash is swept at the next start', async () => {
	const server = await apiServer();
	const p = await newProject(server);
	await p.load(giftFile(1));
	const [kept] = await server.spoolFiles();
	await server.kill();
	for (const name of ['aaaaaaaaaaaaaaaaaaaaaaaa.part', 'bbbbbbbbbbbbbbbbbbbbbbbb.in', 'notes.txt'])
		await writeFile(`${server.spool}/${name}`, 'x');
	await server.start();
	assert.deepEqual(await server.spoolFiles(), [kept, 'notes.txt'].sort());
	await server.remove();
});

test('two servers never serve one database', async () => {
	const server = await apiServer();
	const { code, stderr } =
		await longshore(['serve', '--listen', '127.0.0.1:0', '--store', server.store], { program: shipped });
	assert.equal(code, 1);
	const line = JSON.parse(stderr.trim().split('\n').at(-1));
	assert.equal(line.event, 'start_failed');
	assert.equal(line.error,
		`another longshore process is serving '${server.database}'; stop it, or name another store`);
	assert.equal((await server.get('/healthz')).status, 200);
	await server.remove();
});

test('a wrong command line ends with 2 and says what is wrong', async () => {
	const cases = [
		[['serve', '--listne', 'x'], /unknown flag '--listne'; see longshore serve --help/],
		[['serve', '--listen'], /--listen needs a value: ADDRESS:PORT/],
		[['serve', '--log-level', 'loud'], /--log-level 'loud' is not one of debug, info, warn, error/],
		[['project', 'create'], /--name is missing; see longshore project create --help/],
		[['project', 'create', '--name', 'x', '--app-id', 'y'], /--app-id and --app-token go together/]
	];
	for (const [args, message] of cases) {
		const { code, stderr } = await longshore(args, { program: shipped });
		assert.equal(code, 2, stderr);
		assert.match(stderr, message);
	}
});
