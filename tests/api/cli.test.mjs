// SPDX-License-Identifier: MIT
/* The command line as a client of the real server: import, and what is done with actions. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { apiServer, csv, giftCode, giftFile, newProject } from '../support/api.mjs';
import { cli, fakeServer, hasTerminals, liveLines, onTerminal, sendJson, start } from '../support/cli.mjs';
import { startServer, until } from '../support/server.mjs';

const run = promisify(execFile);
const server = await apiServer();
const HEAD = 'Code,Voucher Type,Value';
const ID = /aa_[0-9a-f]{18}/;

const dir = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
after(() => rm(dir, { recursive: true, force: true }));

let files = 0;

/** A file with these contents; its path. */
async function file(contents, name = 'vouchers.csv') {
	const path = join(dir, `${++files}-${name}`);
	await writeFile(path, contents);
	return path;
}

/** The lines, without the parts of which nobody knows how long they take. */
function lines(text) {
	return text.replace(/ after [\d.]+ m?s/g, '').trimEnd().split('\n');
}

/* ---- import ---- */

test('a good file is imported, told on standard error, and the exit status is 0', async () => {
	const p = await newProject(server);
	const path = await file(giftFile(3));
	const { code, stdout, stderr } = await cli(['import', 'vouchers', path], { project: p });
	assert.equal(code, 0, stderr);
	assert.equal(stdout, '');
	const said = lines(stderr).filter(line => !line.startsWith('running'));
	const id = ID.exec(stderr)[0];
	assert.deepEqual(said, [
		`importing ${files}-vouchers.csv (96 bytes) into ${server.base}`,
		`action ${id}`,
		'DONE: 3 rows done, 0 failed',
		'3 voucher(s) imported successfully, 0 failed.'
	]);
	assert.equal((await p.voucher(giftCode(2))).gift.amount, 100);
	assert.equal((await p.action(id)).status, 'DONE');
});

test('failed rows are shown with row, key and reason; the exit status is 1', async () => {
	const p = await newProject(server);
	const rows = Array.from({ length: 1200 }, (_, i) => `C${i + 1},,1`);
	const path = await file(csv(HEAD, 'A,GIFT_VOUCHER,1', ...rows));
	const { code, stdout, stderr } = await cli(['import', 'vouchers', path], { project: p });
	assert.equal(code, 1, stderr);
	assert.equal(stdout, '');
	const said = lines(stderr);
	const from = said.indexOf('DONE: 1 row done, 1,200 failed');
	assert.deepEqual(said.slice(from + 1), [
		'1 voucher(s) imported successfully, 1200 failed.',
		...Array.from({ length: 10 }, (_, i) => `  row ${i + 2}  C${i + 1}  Voucher Type is required`),
		'  and 1,190 more',
		`every row and what became of it: longshore actions report ${ID.exec(stderr)[0]}`
	]);
});

test('a file that cannot be read to its end: the action FAILED, the exit status is 2', async () => {
	const p = await newProject(server);
	const path = await file(csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,"GIFT_VOUCHER,1'));
	const { code, stderr } = await cli(['import', 'vouchers', path], { project: p });
	assert.equal(code, 2);
	assert.deepEqual(lines(stderr).slice(-2), [
		'FAILED: 1 row done, 0 failed',
		'Invalid CSV file: quote opened at row 2 is never closed'
	]);
});

test('a refused file: what the server says about it, the exit status is 2', async () => {
	const p = await newProject(server);
	const path = await file('x,y\n1,2\n');
	const { code, stderr } = await cli(['import', 'vouchers', path], { project: p });
	assert.equal(code, 2);
	assert.match(stderr, new RegExp(`^longshore: cannot import ${files}-vouchers.csv: CSV file should have ` +
		"required column 'Code' \\(found: x, ?y\\) \\(400 invalid_payload, request v-[0-9a-f]{18}\\)$", 'm'));
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions, []);
});

test('standard input is imported, whether its size is known or not', async () => {
	const p = await newProject(server);
	const piped = await cli(['import', 'vouchers', '-'], { project: p, input: giftFile(5, { prefix: 'P' }) });
	assert.equal(piped.code, 0, piped.stderr);
	assert.match(piped.stderr, /^importing standard input into /m);
	const path = await file(giftFile(5, { prefix: 'F' }));
	const bin = process.env.LONGSHORE_BIN;
	const shell = await cli(['-c', `exec '${bin ?? 'build/test/src/longshore'}' import vouchers - <'${path}'`],
		{ project: p, program: 'sh' });
	assert.equal(shell.code, 0, shell.stderr);
	assert.match(shell.stderr, /^importing standard input \(144 bytes\) into /m);
	assert.equal((await p.get('/v1/vouchers')).json.total, 10);
});

test('--json gives the action on standard output, and the exit status stays', async () => {
	const p = await newProject(server);
	const path = await file(csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1'));
	const { code, stdout, stderr } = await cli(['import', 'vouchers', path, '--json'], { project: p });
	assert.equal(code, 1);
	assert.match(stderr, /^DONE/m);
	const action = JSON.parse(stdout);
	assert.deepEqual(action, await p.action(action.id));
	assert.ok(stdout.endsWith('}\n'));
});

test('--no-wait prints the id and leaves', async () => {
	const p = await newProject(server);
	const path = await file(giftFile(50000));
	const plain = await cli(['import', 'vouchers', '--no-wait', path], { project: p });
	assert.equal(plain.code, 0);
	assert.match(plain.stdout, /^aa_[0-9a-f]{18}\n$/);
	assert.equal((await p.wait(plain.stdout.trim())).result.done_count, 50000);
	const json = await cli(['import', 'vouchers', '--no-wait', '--json', path], { project: p });
	assert.deepEqual(Object.keys(JSON.parse(json.stdout)), ['async_action_id']);
});

test('a plain log has a line for every tenth, in order', async () => {
	const p = await newProject(server);
	const path = await file(giftFile(200000));
	const { code, stderr } = await cli(['import', 'vouchers', path], { project: p });
	assert.equal(code, 0, stderr);
	const percents = [...stderr.matchAll(/^running: (\d+) %, [\d,]+ rows?(, [\d,]+ rows\/s)?(, .* left)?$/gm)]
		.map(m => Number(m[1]));
	assert.ok(percents.length >= 1 && percents.length <= 10, stderr);
	const tenths = percents.map(n => Math.floor(n / 10));
	assert.deepEqual(tenths, [...new Set(tenths)].sort((a, b) => a - b));
	assert.ok(!stderr.includes('\r') && !stderr.includes('\x1b'), 'no control characters in a log');
});

test('a code cannot steer the terminal of the one who reads about it', async () => {
	const p = await newProject(server);
	const path = await file(csv(HEAD, '\x1b]0;owned\x07\x1b[2J,,1'));
	for (const end of [
		await cli(['import', 'vouchers', path], { project: p }),
		await cli(['actions', 'show', (await p.get('/v1/async-actions')).json.async_actions[0].id], { project: p })
	]) {
		assert.match(end.stdout + end.stderr, /row 1 {2}\?\]0;owned\?\?\[2J {2}Voucher Type is required/);
		assert.ok(!/[\x1b\x07]/.test(end.stdout + end.stderr));
	}
});

test('a dry run changes nothing, and says so', async () => {
	const p = await newProject(server);
	const path = await file(csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1'));
	const { code, stderr } = await cli(['import', 'vouchers', path, '--dry-run'], { project: p });
	assert.equal(code, 1, stderr);
	assert.match(stderr, /^importing .*, a dry run: nothing will be changed$/m);
	assert.match(stderr, /^dry run: nothing was changed, this is what would have been$/m);
	assert.match(stderr, /^ {2}row 2 {2}B {2}Voucher Type is required$/m);
	assert.equal((await p.get('/v1/vouchers')).json.total, 0);
	const list = await cli(['actions', 'list'], { project: p });
	assert.match(list.stdout, /^aa_\w+ {2}VOUCHERS.IMPORT_CSV \(dry run\) {2}DONE /m);
});

test('a JSON file is imported', async () => {
	const p = await newProject(server);
	const vouchers = [
		{ code: 'A', type: 'GIFT_VOUCHER', gift: { amount: 100 } },
		{ code: 'B', type: 'GIFT_VOUCHER' }
	];
	const path = await file(JSON.stringify(vouchers), 'vouchers.json');
	const named = await cli(['import', 'vouchers', path, '--json'], { project: p });
	assert.equal(named.code, 1, named.stderr);
	assert.equal(JSON.parse(named.stdout).type, 'VOUCHERS.IMPORT');
	assert.equal((await p.voucher('A')).gift.amount, 100);
	const piped = await cli(['import', 'vouchers', '-', '--format', 'json'],
		{ project: p, input: '[{"code":"C","type":"GIFT_VOUCHER","gift":{"amount":5}}]' });
	assert.equal(piped.code, 0, piped.stderr);
	assert.equal((await p.voucher('C')).gift.amount, 5);
});

test('the same file under the same idempotency key is one action', async () => {
	const p = await newProject(server);
	const path = await file(giftFile(3));
	const send = () => cli(['import', 'vouchers', path, '--no-wait', '--idempotency-key', 'k-1'], { project: p });
	const first = await send();
	assert.equal(first.code, 0, first.stderr);
	assert.deepEqual((await send()).stdout, first.stdout);
	assert.equal((await p.get('/v1/async-actions')).json.async_actions.length, 1);
});

/* ---- on a terminal ---- */

test('a terminal gets one live line that fits it', async t => {
	if (!(await hasTerminals())) {
		t.skip('this machine gives out no terminals');
		return;
	}
	const p = await newProject(server);
	const path = await file(giftFile(200000));
	for (const columns of [80, 40]) {
		const { code, stderr } = await onTerminal(['import', 'vouchers', path], { project: p, columns });
		assert.equal(code, 0, stderr);
		const all = liveLines(stderr);
		const live = all.filter(line => /^(uploading|running)/.test(line));
		assert.ok(live.length >= 2, stderr);
		for (const line of live)
			assert.ok(line.length < columns, line);
		if (columns === 80) {
			const bar = /^running +\d+ % \[(#*\.*)\] {2}[\d,]+ rows? {2}[\d,]+ rows\/s( {2}.* left)?$/;
			const bars = live.map(line => bar.exec(line)?.[1].length).filter(n => n !== undefined);
			assert.ok(bars.length > 0, live.join('\n'));
			assert.deepEqual([...new Set(bars)].length, 1, 'the bar keeps its width');
			assert.ok(stderr.includes('\x1b[32m'), 'it is coloured');
		}
		assert.match(stderr, /\r\x1b\[KDONE after .*: 200,000 rows done, 0 failed\r\n/);
		assert.ok(!/running: \d/.test(stderr), 'no plain lines');
	}
});

test('NO_COLOR takes the colour out, TERM=dumb the live line', async t => {
	if (!(await hasTerminals())) {
		t.skip('this machine gives out no terminals');
		return;
	}
	const p = await newProject(server);
	const path = await file(giftFile(200000));
	const grey = await onTerminal(['import', 'vouchers', path], { project: p, env: { NO_COLOR: '1' } });
	assert.equal(grey.code, 0, grey.stderr);
	assert.match(grey.stderr, /\r(uploading|running)/);
	assert.ok(!/\x1b\[[0-9;]*m/.test(grey.stderr));
	const dumb = await onTerminal(['import', 'vouchers', path], { project: p, env: { TERM: 'dumb' } });
	assert.equal(dumb.code, 0, dumb.stderr);
	assert.ok(!dumb.stderr.includes('\x1b'));
	assert.match(dumb.stderr, /^DONE/m);
});

/* ---- actions ---- */

test('actions list is a table of the newest, --limit of them', async () => {
	const p = await newProject(server);
	const none = await cli(['actions', 'list'], { project: p });
	assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'no actions\n']);
	const actions = [];
	for (let i = 0; i < 3; i++)
		actions.unshift(await p.import(giftFile(1)));
	const { code, stdout, stderr } = await cli(['actions', 'list'], { project: p });
	assert.equal(code, 0);
	assert.equal(stderr, '');
	assert.deepEqual(stdout.trimEnd().split('\n'), [
		'ID                     TYPE                 STATUS  PROGRESS  CREATED',
		...actions.map(a => `${a.id}  VOUCHERS.IMPORT_CSV  DONE       100 %  ${a.created_at}`)
	]);
	const one = await cli(['actions', 'list', '--limit', '1'], { project: p });
	assert.equal(one.stdout.trimEnd().split('\n').length, 2);
	assert.equal(one.stderr, 'there are older ones; --limit N shows up to 100\n');
	const json = await cli(['actions', 'list', '--limit=2', '--json'], { project: p });
	assert.deepEqual(JSON.parse(json.stdout), (await p.get('/v1/async-actions?limit=2')).json);
	const many = await cli(['actions', 'list', '--limit', '1000'], { project: p });
	assert.equal(many.code, 2);
	assert.match(many.stderr, /^longshore: cannot list actions: Property .limit must be <= 100 \(400 /);
});

test('actions list shows those of one type or status', async () => {
	const p = await newProject(server);
	const good = await p.import(giftFile(1));
	const bad = await p.import(csv(HEAD, 'B,"GIFT_VOUCHER,1'));
	const ids = async (...flags) => {
		const { code, stdout, stderr } = await cli(['actions', 'list', '--json', ...flags], { project: p });
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout).async_actions.map(a => a.id);
	};
	assert.deepEqual(await ids('--status', 'FAILED'), [bad.id]);
	assert.deepEqual(await ids('--status', 'DONE'), [good.id]);
	assert.deepEqual(await ids('--type', 'VOUCHERS.IMPORT_CSV'), [bad.id, good.id]);
	assert.deepEqual(await ids('--type', 'VOUCHERS.IMPORT'), []);
});

test('actions show tells all of one', async () => {
	const p = await newProject(server);
	const action = await p.import(csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1'));
	const { code, stdout, stderr } = await cli(['actions', 'show', action.id], { project: p });
	assert.deepEqual([code, stderr], [0, ''], 'it is shown, whatever it came to');
	assert.deepEqual(lines(stdout), [
		`action     ${action.id}`,
		'type       VOUCHERS.IMPORT_CSV',
		'status     DONE',
		'outcome    SUCCESS',
		'progress   100 %',
		`created    ${action.created_at}`,
		`ended      ${action.updated_at}`,
		'',
		'DONE: 1 row done, 1 failed',
		'1 voucher(s) imported successfully, 1 failed.',
		'  row 2  B  Voucher Type is required',
		`every row and what became of it: longshore actions report ${action.id}`
	]);
	const json = await cli(['actions', 'show', '--json', action.id], { project: p });
	assert.deepEqual(JSON.parse(json.stdout), action);
	const none = await cli(['actions', 'show', 'aa_1'], { project: p });
	assert.equal(none.code, 2);
	assert.match(none.stderr, /cannot show the action: Cannot find async_action with id aa_1 \(404 not_found/);
});

test('actions watch ends as the action does', async () => {
	const p = await newProject(server);
	const cases = [
		[giftFile(100000), 0],
		[csv(HEAD, 'A,,1'), 1],
		[csv(HEAD, 'A,"GIFT_VOUCHER,1'), 2]
	];
	for (const [contents, status] of cases) {
		const id = await p.startImport(contents);
		const first = await cli(['actions', 'watch', id, '--json'], { project: p });
		assert.equal(first.code, status, first.stderr);
		assert.deepEqual(JSON.parse(first.stdout), await p.action(id));
		const again = await cli(['actions', 'watch', id], { project: p });
		assert.equal(again.code, status, 'also when it has ended long ago');
		assert.equal(again.stdout, '');
	}
	const none = await cli(['actions', 'watch', 'aa_1'], { project: p });
	assert.equal(none.code, 2);
	assert.match(none.stderr, /Cannot find async_action with id aa_1 \(404/);
});

test('actions report writes to standard output, or a file that appears when it is complete', async () => {
	const p = await newProject(server);
	const { id } = await p.import(csv(HEAD, 'A,GIFT_VOUCHER,1', 'B,,1', 'C,GIFT_VOUCHER,1'));
	const want = await p.reportText(id);
	const out = await cli(['actions', 'report', id], { project: p });
	assert.deepEqual(out, { code: 0, signal: null, stdout: want, stderr: '' });
	const path = join(dir, 'report.csv');
	await writeFile(path, 'older');
	const saved = await cli(['actions', 'report', id, '--output', path], { project: p });
	assert.deepEqual(saved, { code: 0, signal: null, stdout: '', stderr: '' });
	assert.equal(await readFile(path, 'utf8'), want);
	assert.equal((await stat(path)).mode & 0o777, 0o600);
	await rm(path);
	const none = await cli(['actions', 'report', 'aa_1', '--output', path], { project: p });
	assert.equal(none.code, 2);
	assert.deepEqual((await readdir(dir)).filter(name => name.startsWith('report')), []);
});

test('actions report of a large import is the report, all of it', async () => {
	const p = await newProject(server);
	const { id } = await p.import(giftFile(200000));
	const path = join(dir, 'large.csv');
	const { code, stderr } = await cli(['actions', 'report', id, '--output', path], { project: p });
	assert.equal(code, 0, stderr);
	assert.equal(await readFile(path, 'utf8'), await p.reportText(id));
});

/** An action that has begun, of a file that takes a while. */
async function longAction(p, rows = 400000) {
	const id = await p.startImport(giftFile(rows));
	await until(async () => (await p.action(id)).status === 'IN_PROGRESS', { what: 'it to begin' });
	return id;
}

test('actions cancel stops one; too late is told', async () => {
	const p = await newProject(server);
	const id = await longAction(p);
	const { code, stdout, stderr } = await cli(['actions', 'cancel', id], { project: p });
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^FAILED after /);
	const action = await p.action(id);
	assert.equal(action.status, 'FAILED');
	assert.ok(stdout.includes(action.result.message), stdout);
	const done = await p.import(giftFile(1));
	const late = await cli(['actions', 'cancel', done.id], { project: p });
	assert.equal(late.code, 1, late.stderr);
	assert.match(late.stderr, /^longshore: cannot cancel the action: Async action .* has ended already with status DONE \(409 /);
	assert.equal((await cli(['actions', 'cancel', id], { project: p })).code, 0, 'twice is once');
	assert.equal((await cli(['actions', 'cancel', 'aa_1'], { project: p })).code, 2);
});

/* ---- trouble ---- */

test('Ctrl-C ends the following, not the action', async () => {
	const p = await newProject(server);
	const path = await file(giftFile(300000));
	const running = start(['import', 'vouchers', path], { project: p });
	await running.says(/^running: /m);
	running.interrupt();
	const { code, signal, stderr } = await running.end;
	assert.deepEqual([code, signal], [130, null], stderr);
	const id = ID.exec(stderr)[0];
	assert.ok(stderr.endsWith('no longer watching; the action goes on\n' +
		`  watch it again:  longshore actions watch ${id}\n` +
		`  cancel it:       longshore actions cancel ${id}\n`), stderr);
	assert.equal((await p.wait(id)).result.done_count, 300000);
});

test('Ctrl-C while the file is read imports nothing', async () => {
	const p = await newProject(server);
	const running = start(['import', 'vouchers', '-'], { project: p, input: 'open' });
	running.child.stdin.write(csv(HEAD, 'A,GIFT_VOUCHER,1'));
	await running.says(/^importing standard input/m);
	await until(async () => (await server.spoolFiles()).some(name => name.endsWith('.part')),
		{ what: 'the upload to begin', timeoutMs: 30000 });
	running.interrupt();
	const { code, stderr } = await running.end;
	assert.equal(code, 130, stderr);
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions, []);
});

test('a server that is killed and comes back is followed to the end', async t => {
	const own = await startServer({ t, program: server.program });
	const p = { server: own, keys: own.project };
	const path = await file(giftFile(300000));
	const running = start(['import', 'vouchers', path, '--json'], { project: p });
	await running.says(/^running: /m);
	await own.kill();
	await running.says(/^cannot (follow|read) the action: .*; trying again$/m);
	await own.start({ args: ['--listen', `127.0.0.1:${own.port}`] });
	const { code, stdout, stderr } = await running.end;
	assert.equal(code, 0, stderr);
	assert.match(stderr, /^connected again$/m);
	assert.equal(JSON.parse(stdout).result.done_count, 300000);
});

test('a server that drains and restarts is followed to the end', async t => {
	const own = await startServer({ t, program: server.program });
	const p = { server: own, keys: own.project };
	const running = start(['import', 'vouchers', await file(giftFile(300000))], { project: p });
	await running.says(/^running: /m);
	const port = own.port;
	await own.stop();
	await own.start({ args: ['--listen', `127.0.0.1:${port}`] });
	const { code, stderr } = await running.end;
	assert.equal(code, 0, stderr);
	assert.match(stderr, /300,000 rows done, 0 failed/);
});

test('wrong keys name the flags, and no text holds the secret', async () => {
	const p = await newProject(server);
	const path = await file(giftFile(1));
	const commands = [
		['import', 'vouchers', path], ['actions', 'list'], ['actions', 'show', 'aa_1'], ['actions', 'watch', 'aa_1'],
		['actions', 'cancel', 'aa_1'], ['actions', 'report', 'aa_1']
	];
	for (const command of commands) {
		const { code, stdout, stderr } =
			await cli([...command, '--app-token', 'SECRET-token'], { project: p });
		assert.equal(code, 2);
		assert.equal(stdout, '');
		assert.match(stderr, /\(401 unauthorized, request v-[0-9a-f]{18}\); check --app-id and --app-token /);
		assert.ok(!stderr.includes('SECRET'), stderr);
		assert.ok(!stderr.includes(p.keys.app_id), stderr);
	}
});

/* ---- help ---- */

test('help, a missing word and a wrong one', async () => {
	const usage = await cli(['--help']);
	assert.equal(usage.code, 0);
	for (const text of ['on the server\'s machine:\n  serve ', 'from anywhere, over HTTP:\n  import vouchers FILE ',
		'  actions cancel ACTION_ID '])
		assert.ok(usage.stdout.includes(text), usage.stdout);
	const cases = [
		[[], 2, /^longshore \S+ - bulk actions/],
		[['improt'], 2, /^longshore: there is no command 'improt'\nsee longshore --help\n$/],
		[['actions'], 2, /^longshore: 'actions' is one of these commands:\n {2}actions list /],
		[['actions', 'lits'], 2, /^longshore: 'actions' is one of these commands:\n {2}actions list /],
		[['import', 'vouchers'], 2, /^longshore: FILE is missing \(the file to import; - is standard input\); see longshore import vouchers --help\n$/],
		[['actions', 'show'], 2, /^longshore: ACTION_ID is missing /],
		[['actions', 'list'], 2, /^longshore: --app-id is missing; see longshore actions list --help, or set LONGSHORE_APP_ID\n$/]
	];
	for (const [args, code, pattern] of cases) {
		const end = await cli(args);
		assert.equal(end.code, code);
		assert.match(end.stderr, pattern);
	}
	const help = await cli(['import', 'vouchers', '--help']);
	assert.equal(help.code, 0);
	assert.match(help.stdout, /^usage: longshore import vouchers FILE \[flags\]\n/);
	assert.match(help.stdout, /better in the environment, as every user sees command lines/);
	assert.match(help.stdout, /exit status:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}130 /);
});

test('a wrong value is refused before anything is sent', async () => {
	const nobody = { server: { base: 'http://127.0.0.1:1' }, keys: { app_id: 'a', app_token: 'b' } };
	const path = await file(giftFile(1));
	const cases = [
		[['import', 'vouchers', path, '--format', 'xml'], /--format 'xml' is neither csv nor json/],
		[['import', 'vouchers', path, '--retry', 'long'], /--retry 'long' is no number of seconds/],
		[['import', 'vouchers', path, '--idempotency-key', 'a\nb'], /--idempotency-key must be plain ASCII/],
		[['import', 'vouchers', path, '--format', 'json', '--webhooks'], /--webhooks is for CSV files only/],
		[['import', 'vouchers', `${path}.none`], /cannot open '.*\.none': No such file or directory/],
		[['import', 'vouchers', dir], /is a directory/],
		[['actions', 'show', '../vouchers'], /'\.\.\/vouchers' is no id of an action/],
		[['actions', 'list', '--app-token', 'SECRET\r\nX-Evil: 1'], /--app-token must be plain ASCII/],
		[['actions', 'list', '--url', 'http://me:SECRET@127.0.0.1'], /--url must be like http:\/\/127/],
		[['actions', 'list', '--url', 'ftp://127.0.0.1'], /--url must be like/],
		[['actions', 'list', '--url', '127.0.0.1:8080'], /--url must be like/],
		[['actions', 'list', '--url', 'http://127.0.0.1/?x=SECRET'], /--url must be like/]
	];
	for (const [args, pattern] of cases) {
		const { code, stdout, stderr } = await cli(args, { project: nobody });
		assert.equal(code, 2);
		assert.equal(stdout, '');
		assert.match(stderr, pattern);
		assert.ok(!stderr.includes('SECRET') && !stderr.includes('cannot reach'), stderr);
	}
});

/** The words of the manual page, as `man` would show them. */
function unroff(text) {
	return text.replaceAll('\\-', '-').replaceAll('\\(aq', "'").replaceAll('\\&', '');
}

test('the manual has every command, flag, variable and section, as --help has them', async () => {
	const { code, stdout } = await cli(['man']);
	assert.equal(code, 0);
	const text = unroff(stdout);
	const sections = [...text.matchAll(/^\.SH "?([A-Z ]+)"?$/gm)].map(m => m[1]);
	assert.deepEqual(sections, ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES',
		'EXAMPLES']);
	const usage = (await cli(['--help'])).stdout;
	const names = [...usage.matchAll(/^ {2}([a-z]+(?: [a-z]+)*)(?: \[?[A-Z_]+\]?)* {2,}/gm)].map(m => m[1]);
	assert.ok(names.length >= 8 && names.includes('serve') && names.includes('actions report'), names.join());
	for (const name of names) {
		const help = (await cli([...name.split(' '), '--help'])).stdout;
		const from = text.indexOf(`\n.SS "${name}"\n`);
		assert.ok(from > 0, name);
		const part = text.slice(from, text.indexOf('\n.S', from + 1));
		for (const [, flag] of help.matchAll(/^ {2}--([a-z-]+)/gm))
			assert.match(part, new RegExp(`^\\.BI? --${flag}\\b`, 'm'), `${name} --${flag}`);
		const environment = text.slice(text.indexOf('.SH ENVIRONMENT'), text.indexOf('.SH FILES'));
		for (const [, variable] of help.matchAll(/or (LONGSHORE_[A-Z_]+)$/gm))
			assert.match(environment, new RegExp(`^\\.B ${variable}$`, 'm'));
	}
});

test('man has nothing to complain about the manual', async t => {
	const { stdout } = await cli(['man']);
	const path = await file(stdout, 'longshore.1');
	const tools = [['groff', ['-man', '-Tutf8', '-ww', path]], ['man', ['--warnings', '-l', path]]];
	let any = false;
	for (const [tool, args] of tools) {
		const found = await run('sh', ['-c', `command -v ${tool}`]).then(() => true, () => false);
		if (!found)
			continue;
		any = true;
		const end = await run(tool, args, { env: { ...process.env, MANPAGER: 'cat', PAGER: 'cat' } });
		assert.equal(end.stderr, '', tool);
		assert.match(end.stdout, /import vouchers/);
	}
	if (!any)
		t.skip('neither groff nor man is here');
});

/* ---- other resources ---- */

test('customers, products, SKUs and orders are imported as vouchers are', async () => {
	const p = await newProject(server);
	const imported = async (resource, contents, name) => {
		const { code, stderr } = await cli(['import', resource, await file(contents, name)], { project: p });
		assert.equal(code, 0, stderr);
		return lines(stderr).at(-1);
	};
	assert.equal(await imported('customers', csv('Source_id,Name', 'a,Ann'), 'c.csv'), '1 customer(s) imported successfully, 0 failed.');
	await imported('customers', JSON.stringify([{ source_id: 'a', email: 'a@example.com' }]), 'c.json');
	assert.equal((await p.get('/v1/customers/a')).json.email, 'a@example.com');
	assert.equal(await imported('products', csv('name,source_id', 'P,p'), 'p.csv'), '1 product(s) imported successfully, 0 failed.');
	assert.equal(await imported('skus', csv('product_id,source_id', 'p,s'), 's.csv'), '1 sku(s) imported successfully, 0 failed.');
	assert.equal(await imported('orders', JSON.stringify([{ source_id: 'o', amount: 5 }]), 'o.json'), '1 order(s) imported successfully, 0 failed.');
	for (const [resource, name, more, text] of [
		['skus', 's.txt', ['--format', 'json'], 'SKUs are imported from CSV files only'], ['skus', 's.json', [], 'SKUs are imported from CSV files only'],
		['orders', 'o.CSV', [], 'orders are imported from JSON files only']
	]) {
		const { code, stderr } = await cli(['import', resource, await file('[]', name), ...more], { project: p });
		assert.deepEqual([code, stderr.includes(text)], [2, true], stderr);
	}
});

test('vouchers, customers and orders are exported to standard output, or a file that appears when it is complete', async () => {
	const p = await newProject(server);
	await p.load(csv(HEAD, 'B,GIFT_VOUCHER,1', 'A,GIFT_VOUCHER,2'));
	for (const name of ['Zoe', 'Ann'])
		assert.equal((await p.post('/v1/orders', { source_id: `o${name}`, amount: 100, customer: { source_id: name, name } })).status, 200);
	const stdout = async (...args) => {
		const end = await cli(['export', ...args], { project: p });
		assert.deepEqual({ ...end, stdout: '' }, { code: 0, signal: null, stdout: '', stderr: '' });
		return end.stdout;
	};
	assert.equal(await stdout('vouchers', '--order', 'code'), 'Code,Voucher Type,Value,Discount Type\nA,GIFT_VOUCHER,2.00,\nB,GIFT_VOUCHER,1.00,\n');
	assert.equal(await stdout('orders', '--fields', 'source_id, amount', '--order', '-status'), 'Source ID,Amount\noAnn,100\noZoe,100\n');
	const want = 'Source ID,Name,metadata.x\nAnn,Ann,\nZoe,Zoe,\n';
	const args = ['customer', '--fields', 'source_id,name,metadata.x', '--order=name'];
	assert.equal(await stdout(...args), want);

	const path = join(dir, 'customers.csv');
	await writeFile(path, 'older');
	assert.equal(await stdout(...args, '--output', path), '');
	assert.equal(await readFile(path, 'utf8'), want);
	assert.equal((await stat(path)).mode & 0o777, 0o600);
	const again = await cli(['import', 'customers', path], { project: p });
	assert.equal(again.code, 0, again.stderr);
	await rm(path);

	const wrong = {
		'birthdate, metadata.<key> (not supported: code) (400 invalid_export_fields': ['customers', '--fields', 'code', '--output', path],
		'Unsupported field used. Allowed fields: name, id,': ['customers', '--fields', 'code', '--output', path],
		'Property .parameters.order should be equal to one of the allowed values': ['orders', '--order', 'x', '--output', path],
		"RESOURCE 'skus' is none of vouchers, customers, orders": ['skus', '--output', path],
		'longshore help export': []
	};
	for (const [text, words] of Object.entries(wrong)) {
		const { code, stdout: out, stderr } = await cli(['export', ...words], { project: p });
		assert.deepEqual([code, out], [2, ''], stderr);
		if (words.length > 0)
			assert.ok(stderr.includes(text), stderr);
	}
	assert.deepEqual((await readdir(dir)).filter(name => name.startsWith('customers')), []);
});

test('an export that breaks off leaves no file', async t => {
	const id = 'exp_8fNoLwgVPuhoxNzVsr50kq0a';
	const broken = await fakeServer(t, (request, response) => {
		if (request.url.includes('token=')) {
			response.writeHead(200, { 'Content-Type': 'text/csv' });
			response.write('Code\nA\n');
			setTimeout(() => response.destroy(), 50);
			return;
		}
		sendJson(response, 200, { id, result: request.method === 'GET' ? { url: `http://elsewhere/v1/exports/${id}?token=x` } : null });
	});
	const path = join(dir, 'broken.csv');
	await writeFile(path, 'older');
	const end = await cli(['export', 'vouchers', '--output', path], { project: broken });
	assert.equal(end.code, 2);
	assert.match(end.stderr, /cannot export vouchers: lost the connection/);
	assert.equal(await readFile(path, 'utf8'), 'older');
	assert.deepEqual((await readdir(dir)).filter(name => name.startsWith('broken')), ['broken.csv']);
	await rm(path);
});
