// SPDX-License-Identifier: MIT
/*
 * cli.mjs - the program as a client: run to its end, held in the middle, on a terminal; and servers
 * that misbehave in ways which the real one does not.
 *
 *   const end = await cli(['actions', 'list'], { project: p });      // p: see newProject()
 *   assert.equal(end.code, 0, end.stderr);
 *
 *   const running = start(['actions', 'watch', id], { project: p });
 *   await running.says(/running/);
 *   running.interrupt();
 *   assert.equal((await running.end).code, 130);
 */
import { spawn } from 'node:child_process';
import http from 'node:http';

import { shipped, until } from './server.mjs';

const END_MS = 60000;

/** The environment of a client: ours without what would change its meaning. */
function environment(project, extra) {
	const env = {};
	for (const [name, value] of Object.entries(process.env)) {
		if (!/^(LONGSHORE_.*|NO_COLOR|TERM|COLUMNS|.*_proxy|.*_PROXY)$/.test(name))
			env[name] = value;
	}
	if (project) {
		env.LONGSHORE_URL = project.server.base;
		env.LONGSHORE_APP_ID = project.keys.app_id;
		env.LONGSHORE_APP_TOKEN = project.keys.app_token;
	}
	return { ...env, ...extra };
}

/**
 * Starts the program. `input`: what its standard input gives, or 'open' to leave it open
 * (running.child.stdin). running.end: { code, signal, stdout, stderr }.
 */
export function start(args, { project, env = {}, input = '', program = shipped } = {}) {
	const child = spawn(program, args, { env: environment(project, env), stdio: 'pipe' });
	const running = { child, stdout: '', stderr: '', ended: false };
	child.stdin.on('error', () => {}); // it need not read all of it
	if (input !== 'open')
		child.stdin.end(input);
	for (const name of ['stdout', 'stderr']) {
		child[name].setEncoding('utf8');
		child[name].on('data', text => (running[name] += text));
	}
	const timer = setTimeout(() => child.kill('SIGABRT'), END_MS);
	running.end = new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (code, signal) => {
			clearTimeout(timer);
			running.ended = true;
			resolve({ code, signal, stdout: running.stdout, stderr: running.stderr });
		});
	});
	running.says = pattern =>
		until(() => {
			if (running.ended && !pattern.test(running.stderr))
				throw new Error(`it ended before it said ${pattern}: ${running.stderr}`);
			return pattern.test(running.stderr);
		}, { what: `${pattern} on standard error, so far: ${running.stderr}`, timeoutMs: 30000 });
	running.interrupt = () => child.kill('SIGINT');
	return running;
}

export function cli(args, options) {
	return start(args, options).end;
}

/** Whether this machine gives out terminals: a root made by hand may have no /dev/pts. */
export async function hasTerminals() {
	return (await cli(['-qec', 'true', '/dev/null'], { program: 'script' })).code === 0;
}

/**
 * The program on a terminal so many columns wide; `stderr` is what that shows, standard output
 * included.
 */
export async function onTerminal(args, { columns = 80, env = {}, ...options } = {}) {
	const line = [shipped, ...args].map(word => `'${word}'`).join(' ');
	const end = await cli(['-qec', `stty cols ${columns}; exec ${line}`, '/dev/null'],
		{ ...options, program: 'script', env: { TERM: 'xterm', ...env } });
	return { ...end, stderr: end.stdout };
}

/** What a terminal so wide would have shown in turn in its bottom line, without control sequences. */
export function liveLines(text) {
	return text.split(/[\r\n]+/).map(line => line.replace(/\x1b\[[0-9;]*[A-Za-z]/g, ''))
		.filter(line => line !== '');
}

/**
 * A server that answers as `handle(request, response, body)` does, for the length of a test. It is
 * a project, too: `cli([...], { project: fake })`.
 */
export async function fakeServer(t, handle) {
	const server = http.createServer((request, response) => {
		const pieces = [];
		request.on('error', () => {});
		response.on('error', () => {});
		fake.requests.push(request);
		request.on('data', piece => pieces.push(piece));
		request.on('end', () => handle(request, response, Buffer.concat(pieces)));
	});
	const fake = { requests: [], keys: { app_id: 'fake-id', app_token: 'fake-token' } };
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	fake.port = server.address().port;
	fake.server = { base: `http://127.0.0.1:${fake.port}` };
	return fake;
}

export function sendJson(response, status, value) {
	response.writeHead(status, { 'Content-Type': 'application/json' });
	response.end(JSON.stringify(value));
}

/** One server-sent event. */
export function event(name, data) {
	return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
