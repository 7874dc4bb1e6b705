// SPDX-License-Identifier: MIT
/*
 * lives.mjs - lives of a server that are to end badly: at a named place, or after a while.
 */
import { sleep, until } from '../support/server.mjs';

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

/** Starts an upload that may or may not be answered; resolves to the id, or null. */
export async function tryImport(server, csv) {
	try {
		const answer = await server.upload('/v1/vouchers/importCSV', csv);
		if (answer.status === 202)
			return answer.json.async_action_id;
		if (answer.status === 503)
			return null; // it is stopping
		throw Object.assign(new Error(`upload: ${answer.status} ${answer.text}`), { fatal: true });
	} catch (e) {
		if (e.fatal)
			throw e;
		return null;
	}
}

/** All actions of the project, oldest first. */
export async function listActions(server) {
	const { json } = await server.get('/v1/async-actions?limit=100');
	return json.async_actions.reverse();
}

/** Waits until nothing is left to do. */
export async function settled(server, timeoutMs = 30000) {
	await until(
		async () => (await listActions(server)).every(a => a.status === 'DONE' || a.status === 'FAILED'),
		{ what: 'all actions to end', timeoutMs }
	);
}
