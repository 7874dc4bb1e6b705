// SPDX-License-Identifier: MIT
/*
 * server.mjs - the real server, in a directory of its own, for tests that speak to it from outside.
 *
 *   import { startServer } from '../support/server.mjs';
 *
 *   test('a voucher is created', async t => {
 *       const server = await startServer({ t });         // stopped and removed when the test ends
 *       const answer = await server.post('/v1/vouchers/SUMMER', { type: 'DISCOUNT_VOUCHER', ... });
 *       assert.equal(answer.status, 200);
 *       assert.equal(answer.json.code, 'SUMMER');
 *   });
 *
 * Every server has its own temporary directory (database, spool), a free port of 127.0.0.1, and one
 * project, whose keys go with each request unless a test says otherwise. stop() drains as SIGTERM
 * does, kill() is SIGKILL; start() after either goes on with the same data. What the server logs is
 * kept, parsed, in server.logs, over all its lives.
 *
 * The program is LONGSHORE_TEST_BIN, which is the server with the switches of tests/support/testvfs.c
 * (all off, unless the environment of a start() turns one on). Tests that need no switch pass
 * `program: shipped`: the very program that users get.
 * With LONGSHORE_TEST_KEEP=1 the directories stay, to look at what a failed test has left.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program under test. */
export const binary =
	process.env.LONGSHORE_TEST_BIN || join(root, 'build/test/tests/longshore-test');

/** The program as it is shipped. */
export const shipped = process.env.LONGSHORE_BIN || join(root, 'build/test/src/longshore');

/**
 * The store under test: LONGSHORE_TEST_STORE=postgresql, with the URL of a cluster without its database in
 * LONGSHORE_TEST_POSTGRES, which ./dev test starts; SQLite otherwise.
 */
export const onPostgres = process.env.LONGSHORE_TEST_STORE === 'postgresql';

/** Of a test that is about one store alone: `{ skip: sqliteOnly('why') }`. */
export const sqliteOnly = why => (onPostgres ? `SQLite only: ${why}` : false);

const START_MS = 20000;
const EXIT_MS = 20000;
const ACTION_MS = 60000;

/** Our own environment without settings of the program and of libpq, which would change what a test means. */
function cleanEnvironment(extra) {
	const env = {};
	for (const [name, value] of Object.entries(process.env)) {
		if (!/^(LONGSHORE_|PG[A-Z])/.test(name))
			env[name] = value;
	}
	return { ...env, ...extra };
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Asks `probe` until it answers something true, and returns that; throws after `timeoutMs`. */
export async function until(probe, { what = 'the condition', timeoutMs = 10000, everyMs = 20 } = {}) {
	const end = Date.now() + timeoutMs;
	for (;;) {
		const got = await probe();
		if (got)
			return got;
		if (Date.now() > end)
			throw new Error(`waited ${timeoutMs} ms for ${what}`);
		await sleep(everyMs);
	}
}

/**
 * Runs a command of the program to its end: `longshore(['project', 'create', …])`.
 * Returns { code, signal, stdout, stderr } and never throws for a bad exit status.
 */
export async function longshore(args, { env = {}, timeoutMs = EXIT_MS, program = binary } = {}) {
	try {
		const { stdout, stderr } = await run(program, args, { env: cleanEnvironment(env), timeout: timeoutMs });
		return { code: 0, signal: null, stdout, stderr };
	} catch (e) {
		if (typeof e.code === 'string')
			throw e; // it could not be started
		return { code: e.code ?? null, signal: e.signal ?? null, stdout: e.stdout, stderr: e.stderr };
	}
}

/** What the threads of a process do, for the message of a failure; needs gdb. */
async function stacks(pid) {
	try {
		const { stdout } = await run('gdb', ['-p', String(pid), '-batch', '-ex', 'thread apply all bt 12'], { timeout: 10000 });
		return stdout;
	} catch (e) {
		return e.code === 'ENOENT' ? '(with gdb installed, this would tell what its threads did)' : String(e.stdout ?? e);
	}
}

let projects = 0;

/** Debian's psql on the PATH is a Perl script that looks for the newest one, which takes 25 ms a call. */
const psqlProgram = ['/usr/lib/postgresql/15/bin/psql'].find(path => existsSync(path)) ?? 'psql';

/** What psql prints, without headings. */
export async function psql(url, query) {
	const { stdout } = await run(psqlProgram, ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', query],
		{ env: cleanEnvironment(), maxBuffer: 1 << 30 });
	return stdout.trim();
}

/** A new, empty database at this URL. FILE_COPY: 7 ms in a quiet cluster that does not sync, WAL_LOG takes 20. */
export async function createDatabase(url, more = '') {
	const at = url.lastIndexOf('/');
	await psql(`${url.slice(0, at)}/postgres`, `CREATE DATABASE ${url.slice(at + 1)} TEMPLATE template0 STRATEGY file_copy ${more}`);
}

export async function dropDatabase(url) {
	const at = url.lastIndexOf('/');
	await psql(`${url.slice(0, at)}/postgres`, `DROP DATABASE IF EXISTS ${url.slice(at + 1)} WITH (FORCE)`);
}

export class Server {
	/** Use startServer(). */
	constructor(dir, args, env, program = binary, cluster = process.env.LONGSHORE_TEST_POSTGRES) {
		this.dir = dir;
		this.cluster = cluster; // URL without a database
		this.tablespace = ''; // of its database; the cluster's own
		this.program = program;
		this.place('.');
		this.args = args;
		this.env = env;
		this.logs = []; // every line of the log, parsed; { text } when it was no JSON
		this.project = null; // { project_id, app_id, app_token, management_id, management_token }
		this.exited = Promise.resolve({ code: null, signal: null });
		this.running = false;
	}

	/** Puts the database into a directory below the server's own, before the first start. */
	place(below) {
		this.database = join(this.dir, below, 'longshore.db');
		this.spool = `${this.database}-spool`;
		this.store = `sqlite:${this.database}`;
		if (!onPostgres)
			return;
		const name = `${basename(this.dir)}${below === '.' ? '' : below}`.toLowerCase().replace(/[^a-z0-9]/g, '_');
		this.store = `${this.cluster}/${name}`;
		this.database = this.store.replace(/\/\/[^@/]*@/, '//');
		this.made = false;
	}

	/** On PostgreSQL: makes the database, the first time. */
	async makeDatabase() {
		if (!onPostgres || this.made)
			return;
		this.made = true;
		await createDatabase(this.store, this.tablespace && `TABLESPACE ${this.tablespace}`);
	}

	async dropDatabase() {
		if (onPostgres && this.made)
			await dropDatabase(this.store);
	}

	/* ---- life ---- */

	/**
	 * Starts, or starts again on the same data; resolves when the server listens. `env` is for this
	 * life only. With `listening: false` it resolves at once: for a server that is to die before.
	 */
	async start({ env = {}, args = [], listening = true } = {}) {
		if (this.running)
			throw new Error('the server is running');
		await this.makeDatabase();
		const child = spawn(
			this.program,
			['serve', '--listen', '127.0.0.1:0', '--store', this.store, ...(onPostgres ? ['--spool', this.spool] : []), ...this.args, ...args],
			{ env: cleanEnvironment({ ...this.env, ...env }), stdio: ['ignore', 'ignore', 'pipe'] }
		);
		this.child = child;
		this.pid = child.pid;
		this.running = true;
		const from = this.logs.length;
		const atEnd = this.#readLog(child);
		this.exited = new Promise(resolve => {
			child.on('exit', (code, signal) => {
				this.running = false;
				atEnd.then(() => resolve({ code, signal }));
			});
			child.on('error', error => {
				this.running = false;
				resolve({ code: null, signal: null, error });
			});
		});
		if (listening)
			await this.listening(from);
		return this;
	}

	/** Resolves to true when this life of the server listens; to false when it has ended instead. */
	async tryListening(from = 0) {
		await until(
			() => this.logs.slice(from).some(line => line.event === 'listening') || !this.running,
			{ what: 'the server to listen', timeoutMs: START_MS, everyMs: 5 }
		);
		const line = this.logs.slice(from).findLast(l => l.event === 'listening');
		if (line === undefined)
			return false;
		this.port = line.port;
		this.base = `http://127.0.0.1:${line.port}`;
		return true;
	}

	async listening(from = 0) {
		if (await this.tryListening(from))
			return;
		const { code, signal, error } = await this.exited;
		throw new Error(`the server ended (${error ?? signal ?? code}) before it listened:\n${this.#lastLines(from)}`);
	}

	#readLog(child) {
		let rest = '';
		child.stderr.setEncoding('utf8');
		child.stderr.on('data', text => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			for (const line of lines)
				this.logs.push(parseLine(line));
		});
		return new Promise(resolve => child.stderr.on('close', resolve));
	}

	/** Log lines of this event: `server.logged('action_end')`. */
	logged(event) {
		return this.logs.filter(line => line.event === event);
	}

	signal(name) {
		if (this.running)
			this.child.kill(name);
	}

	/**
	 * SIGTERM; returns { code, signal } of the end. A drain that hangs, and an end by a signal that nobody
	 * sent, are errors that tell what the server said last, and the first one what its threads did.
	 */
	async stop() {
		this.signal('SIGTERM');
		let threads = null;
		const timer = setTimeout(async () => {
			threads = await stacks(this.pid);
			this.signal('SIGABRT');
		}, EXIT_MS);
		const end = await this.exited;
		clearTimeout(timer);
		if (threads === null && end.signal !== 'SIGABRT' && end.signal !== 'SIGSEGV')
			return end;
		const what = threads !== null ? `did not drain in ${EXIT_MS} ms:\n${threads}` : `ended by ${end.signal}`;
		throw new Error(`the server ${what}\nIts last lines:\n${this.#lastLines()}`);
	}

	#lastLines(from = Math.max(0, this.logs.length - 40)) {
		return this.logs.slice(from).map(l => l.text ?? JSON.stringify(l)).join('\n');
	}

	/** SIGKILL. */
	async kill() {
		this.signal('SIGKILL');
		return this.exited;
	}

	/** Stops, if it runs, and starts again on the same data. */
	async restart(options) {
		await this.stop();
		return this.start(options);
	}

	/** Ends the server and removes its directory. startServer({ t }) arranges for this. */
	async remove() {
		await this.kill();
		if (process.env.LONGSHORE_TEST_KEEP)
			return; // to look at what a failed test has left
		await rm(this.dir, { recursive: true, force: true });
		await this.dropDatabase();
	}

	/* ---- projects ---- */

	/**
	 * `longshore project create` on this store, beside the server or before its first start; returns
	 * its keys. Requests use server.project; pass `project` to a request to use another one.
	 */
	async createProject({ name = 'test', appId, appToken, env = {} } = {}) {
		const n = ++projects;
		appId ??= `app-${process.pid}-${n}`;
		appToken ??= `token-${process.pid}-${n}`;
		await this.makeDatabase();
		const end = await longshore(
			[
				'project', 'create', '--name', name, '--store', this.store,
				'--app-id', appId, '--app-token', appToken
			],
			{ program: this.program, env }
		);
		if (end.code !== 0)
			throw new Error(`project create ended with ${end.code}: ${end.stderr}`);
		return JSON.parse(end.stdout);
	}

	/* ---- requests ---- */

	/** Headers that carry a project's keys; {} for `null`. */
	keys(project = this.project) {
		return project ? { 'X-App-Id': project.app_id, 'X-App-Token': project.app_token } : {};
	}

	/**
	 * Any request. `body`: what fetch takes. `json`: an object to send as JSON. `project`: whose keys
	 * go with it (the server's own; null: none). Resolves to { status, headers, text, json }, `json`
	 * being undefined when the answer is none; rejects only when there was no answer.
	 */
	async request(method, path, { body, json, headers = {}, project = this.project, signal } = {}) {
		const all = { ...this.keys(project), ...headers };
		if (json !== undefined) {
			body = JSON.stringify(json);
			all['Content-Type'] ??= 'application/json';
		}
		const answer = await fetch(this.base + path, { method, headers: all, body, signal });
		const text = await answer.text();
		return { status: answer.status, headers: answer.headers, text, json: parseJson(text) };
	}

	get(path, options) {
		return this.request('GET', path, options);
	}

	post(path, json, options) {
		return this.request('POST', path, { json, ...options });
	}

	/**
	 * Uploads `contents` (string, Buffer or Blob) as the part `file` of a form; `fields` are further
	 * text fields, sent before it.
	 */
	upload(path, contents, { fields = {}, fileName = 'vouchers.csv', type = 'text/csv', ...options } = {}) {
		const form = new FormData();
		for (const [name, value] of Object.entries(fields))
			form.append(name, value);
		form.append('file', contents instanceof Blob ? contents : new Blob([contents], { type }), fileName);
		return this.request('POST', path, { body: form, ...options });
	}

	/** Uploads a voucher file and returns the action's id; throws unless it was accepted. */
	async importVouchers(contents, options) {
		const answer = await this.upload('/v1/vouchers/importCSV', contents, options);
		if (answer.status !== 202)
			throw new Error(`the import was refused: ${answer.status} ${answer.text}`);
		return answer.json.async_action_id;
	}

	/** The action as it is now. */
	async action(id, options) {
		const answer = await this.get(`/v1/async-actions/${id}`, options);
		if (answer.status !== 200)
			throw new Error(`cannot get action ${id}: ${answer.status} ${answer.text}`);
		return answer.json;
	}

	/** Waits for the action to end, and returns it. */
	async waitForAction(id, { timeoutMs = ACTION_MS, ...options } = {}) {
		return until(
			async () => {
				const action = await this.action(id, options);
				return (action.status === 'DONE' || action.status === 'FAILED') && action;
			},
			{ what: `action ${id} to end`, timeoutMs }
		);
	}

	/** The report of an action: rows as arrays of cells, headers first. */
	async report(id, options) {
		const answer = await this.get(`/v1/async-actions/${id}/report.csv`, options);
		if (answer.status !== 200)
			throw new Error(`no report of ${id}: ${answer.status} ${answer.text}`);
		return parseCsv(answer.text);
	}

	/* ---- behind the API ---- */

	/** Rows of a query on the database file, by the sqlite3 command line. For a stopped server. */
	async sql(query) {
		if (onPostgres)
			return JSON.parse(await psql(this.store, `SELECT coalesce(json_agg(t), '[]') FROM (${query.replace(/;\s*$/, '')}) t`));
		const { stdout } = await run('sqlite3', ['-json', this.database, query], { maxBuffer: 1 << 30 });
		return stdout.trim() === '' ? [] : JSON.parse(stdout);
	}

	/** The database's own check of itself; PostgreSQL has none of that kind. */
	async assertIntegrity() {
		const found = onPostgres ? 'ok' : (await this.sql('PRAGMA integrity_check'))[0].integrity_check;
		if (found !== 'ok')
			throw new Error(`the database is damaged: ${found}`);
	}

	/** The text of an input that an action names. */
	async inputText(name) {
		if (!onPostgres)
			return readFile(join(this.spool, `${name}.in`), 'utf8');
		const parts = await psql(this.store, `SELECT coalesce(unpacked, 0) || ' ' || encode(data, 'hex') FROM input_parts WHERE input = '${name}' ORDER BY start`);
		return Buffer.concat(parts.split(/\n(?=\d+ )/).map((part) => {
			const [unpacked, hex] = part.split(' ');
			const data = Buffer.from(hex.replaceAll('\n', ''), 'hex');
			return Number(unpacked) > 0 ? execFileSync('zstd', ['-dcq'], { input: data }) : data;
		})).toString();
	}

	/** Changes rows behind the server's back; a database of PostgreSQL has no `sql` for that. */
	async change(statement) {
		await (onPostgres ? psql(this.store, statement) : this.sql(statement));
	}

	/** Names of the files in the spool; on PostgreSQL finished inputs (NAME.in) are in the database. */
	async spoolFiles() {
		if (onPostgres) {
			const inputs = (await this.sql('SELECT DISTINCT input FROM input_parts')).map(row => `${row.input}.in`);
			const files = await readdir(this.spool).catch(() => []);
			return [...files.filter(name => name !== 'owner'), ...inputs].sort();
		}
		return (await readdir(this.spool)).filter((name) => name !== 'owner').sort();
	}
}

function parseJson(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function parseLine(line) {
	const parsed = parseJson(line);
	return parsed !== null && typeof parsed === 'object' ? parsed : { text: line };
}

/** CSV text to rows of cells; quotes, doubled quotes, line ends inside quotes. */
export function parseCsv(text) {
	const rows = [];
	let row = [];
	let at = 0;
	while (at < text.length) {
		let cell;
		if (text[at] === '"') {
			let end = at + 1;
			while (text[end] !== '"' || text[end + 1] === '"')
				end += text[end] === '"' ? 2 : 1;
			cell = text.slice(at + 1, end).replaceAll('""', '"');
			at = end + 1;
		} else {
			let end = at;
			while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r')
				end++;
			cell = text.slice(at, end);
			at = end;
		}
		row.push(cell);
		if (text[at] === ',') {
			at++;
			if (at === text.length || text[at] === '\n' || text[at] === '\r')
				row.push('');
			else
				continue;
		}
		if (text[at] === '\r')
			at++;
		if (text[at] === '\n' || at >= text.length) {
			at++;
			rows.push(row);
			row = [];
		}
	}
	return rows;
}

/**
 * A server that listens, with a project. `t`: the test's context, which removes everything at its
 * end. `args`: further flags of `serve`. `env`: for all its lives. `start: false`: only the
 * directory and the project. `project: null`: without one; otherwise what createProject() takes.
 */
export async function startServer({
	t, args = [], env = {}, start = true, project = {}, program = binary, cluster
} = {}) {
	const temporary = await realpath(tmpdir()); // testvfs.c knows directories by one name only
	const server = new Server(await mkdtemp(join(temporary, 'longshore-test-')), args, env, program, cluster);
	t?.after(() => server.remove());
	if (project !== null)
		server.project = await server.createProject(project);
	if (start)
		await server.start();
	return server;
}
