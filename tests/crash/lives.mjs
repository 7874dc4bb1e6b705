// SPDX-License-Identifier: MIT
/*
 * lives.mjs - lives of a server that are to end badly: at a named place, or after a while.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { longshore, sleep, until, onPostgres } from '../support/server.mjs';
import { makeFile } from './model.mjs';

/** How long a life waits for its place before it is killed for being too slow to die. */
const PATIENCE_MS = 1500;

/** Resolves when the server has ended; to false when `ms` have gone by before. */
export function endedWithin(server, ms) {
	let timer;
	return Promise.race([
		server.exited.then(() => true),
		new Promise(resolve => (timer = setTimeout(resolve, ms, false)))
	]).finally(() => clearTimeout(timer));
}

/**
 * One life: starts, works on while `during(server)` talks to it, and is dead at the end.
 *   place, nth   where it is killed; without: after `afterMs` of listening (before, when negative)
 *   drain        SIGTERM after that time: a place on the way out
 *   idle         nothing is asked of it: a place that is reached by a server at rest
 * Returns how it died: 'place', 'time', or 'drained' when the place was not on its way.
 */
export async function liveAndDie(server, death, { env = {}, during = async () => {} } = {}) {
	const kill = death.place === undefined ? {} : { LONGSHORE_TEST_KILL: `${death.place}:${death.nth ?? 1}` };
	const from = server.logs.length;
	await server.start({ env: { ...env, ...kill }, listening: false });
	if (death.afterMs < 0) {
		await endedWithin(server, -death.afterMs);
	} else if (await server.tryListening(from)) {
		const talk = death.idle ? Promise.resolve() : during(server, () => !server.running);
		if (death.drain) {
			await sleep(death.afterMs);
			server.signal('SIGTERM');
		}
		await endedWithin(server, death.place === undefined ? death.afterMs : PATIENCE_MS);
		if (server.running)
			server.signal('SIGKILL');
		await talk;
	}
	const wasRunning = server.running;
	await server.kill();
	const { code, signal } = await server.exited;
	if (code === 0)
		return 'drained';
	if (signal !== 'SIGKILL')
		throw new Error(`the server ended by itself: ${code ?? signal}`);
	return wasRunning || death.place === undefined ? 'time' : 'place';
}

const logOf = server => join(server.dir, 'undo.log');

/** The environment of a life at whose end the power may fail. */
/** Deaths that this store knows: places of files are SQLite's, and of uploads that stay in the spool. */
export const possible = deaths =>
	onPostgres ? deaths.filter(({ place = '' }) => !/^disk\.|^upload\.(synced|renamed)$/.test(place)) : deaths;

export const recording = server => ({ LONGSHORE_TEST_POWERCUT: logOf(server) });

/** The server is dead. `survivors`: 0: nothing unsynced is left; a seed: some of it is. */
export async function cutPower(server, survivors) {
	const end = await longshore([], { env: { LONGSHORE_TEST_POWERCUT_APPLY: `${logOf(server)}:${survivors}` } });
	assert.equal(end.code, 0, end.stderr);
	await rm(`${server.database}-shm`, { force: true }); // memory, in truth
}

/** All actions of the project, oldest first. */
/** The JSON of a request's answer; undefined when it was refused, or not answered at all: then it may have been heard. */
export async function ask(server, send) {
	if (!server.running)
		return undefined;
	try {
		const { status, json } = await send();
		return status < 300 ? json : undefined;
	} catch {
		return undefined;
	}
}

export async function listActions(server) {
	const { status, text, json } = await server.get('/v1/async-actions?limit=100');
	assert.equal(status, 200, text);
	return json.async_actions.reverse();
}

/** Waits until nothing is left to do; no action may have failed. */
export async function settled(server, timeoutMs = 30000) {
	await until(
		async () => {
			const actions = await listActions(server);
			const failed = actions.filter(a => a.status === 'FAILED').map(a => a.id);
			if (failed.length > 0)
				assert.fail(`failed: ${failed}\n${warnings(server).join('\n')}`);
			return actions.every(a => a.status === 'DONE');
		},
		{ what: 'all actions to end', timeoutMs }
	);
}

/** What the server has complained about. */
export function warnings(server) {
	return server.logs.filter(l => l.level === 'warn' || l.level === 'error').map(l => JSON.stringify(l));
}

/** Files that are uploaded to a server which may die before it answers; each has codes of its own. */
export class Uploads {
	constructor(random) {
		this.random = random;
		this.sent = new Map(); // rows by the prefix of their codes
		this.answered = new Map(); // prefix by the action's id
	}

	/** Uploads a new file; resolves when it was answered, or will not be. */
	async send(server, options) {
		const prefix = `U${this.sent.size}-`;
		const file = makeFile(this.random, { prefix, ...options });
		this.sent.set(prefix, file.rows);
		let answer;
		try {
			answer = await server.upload('/v1/vouchers/importCSV', file.csv);
		} catch {
			return;
		}
		if (answer.status === 503)
			return; // it is stopping
		assert.equal(answer.status, 202, answer.text);
		this.answered.set(answer.json.async_action_id, prefix);
	}

	/** What was answered is there. */
	assertKept(actions) {
		for (const id of this.answered.keys())
			assert.ok(actions.some(a => a.id === id), `the action ${id} was answered with 202 and is gone`);
	}

	/**
	 * The actions of these files, oldest first: [{ id, rows }]. One that nobody has been told of is
	 * known by the first code in its report.
	 */
	async identify(server) {
		const files = [];
		const actions = await listActions(server);
		this.assertKept(actions);
		for (const { id } of actions) {
			const [, ...lines] = await server.report(id);
			const prefix = `${lines.find(line => line[1] !== '')[1].split('-')[0]}-`;
			if (!this.sent.has(prefix))
				continue;
			assert.equal(this.answered.get(id) ?? prefix, prefix);
			files.push({ id, rows: this.sent.get(prefix) });
		}
		return files;
	}
}
