// SPDX-License-Identifier: MIT
/*
 * sdk.mjs - the official SDK, pointed at the server under test.
 *
 *   const server = await apiServer();
 *   const { client } = await newClient(server);            // a project of its own
 *   const action = await run(client, client.vouchers.import([...]));
 *
 * The SDK is a package of the npm registry: `npm ci` in this folder, which ./dev test does by itself.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { REQUEST_ID, newProject, until } from '../support/api.mjs';

// The SDK obeys the proxies of its environment; our server is on this machine.
process.env.NO_PROXY = process.env.no_proxy = '127.0.0.1';

const { VoucherifyServerSide } = load();

function load() {
	try {
		return createRequire(import.meta.url)('@voucherify/sdk');
	} catch (error) {
		const reason = error.message.split('\n')[0];
		throw new Error(`the SDK is not installed, or not whole: run \`npm ci\` in tests/sdk (${reason})`);
	}
}

/** What a user of the SDK writes, with this project's keys. */
export function clientOf(server, keys) {
	return VoucherifyServerSide({
		apiUrl: server.base, applicationId: keys.app_id, secretKey: keys.app_token
	});
}

/** An empty project and its client: { project, client }. */
export async function newClient(server) {
	const project = await newProject(server);
	return { project, client: clientOf(server, project.keys) };
}

/** Waits for the action that `started` is the answer to, as users do: by asking. The action. */
export async function run(client, started) {
	const { async_action_id: id } = await started;
	return until(
		async () => {
			const action = await client.asyncActions.get(id);
			return (action.status === 'DONE' || action.status === 'FAILED') && action;
		},
		{ what: `action ${id} to end`, timeoutMs: 60000 }
	);
}

/* ---- shapes ---- */

/**
 * Compares a value with a shape: 'string', 'integer', 'boolean' or 'null' is that JSON type, a pattern
 * is a string that matches it, [shape] is an array of it, an object has exactly these members,
 * oneOf(…) is one of these values. Throws naming the member.
 */
export function assertShape(value, shape, at = 'value') {
	const wrong = mismatch(value, shape, at);
	if (wrong !== undefined)
		assert.fail(`${wrong}: ${JSON.stringify(value)}`);
}

export const oneOf = (...values) => new Set(values);

const isType = {
	string: value => typeof value === 'string',
	integer: value => Number.isInteger(value),
	boolean: value => typeof value === 'boolean',
	null: value => value === null
};

/** What is wrong, or undefined. */
function mismatch(value, shape, at) {
	if (typeof shape === 'string')
		return isType[shape](value) ? undefined : `${at} is no ${shape}`;
	if (shape instanceof RegExp)
		return typeof value === 'string' && shape.test(value) ? undefined : `${at} does not match ${shape}`;
	if (shape instanceof Set)
		return shape.has(value) ? undefined : `${at} is none of ${[...shape].join()}`;
	if (Array.isArray(shape))
		return Array.isArray(value) ? firstOf(value, (item, i) => mismatch(item, shape[0], `${at}[${i}]`))
			: `${at} is no array`;
	return membersMismatch(value, shape, at);
}

function membersMismatch(value, shape, at) {
	if (value === null || typeof value !== 'object' || Array.isArray(value))
		return `${at} is no object`;
	const extra = Object.keys(value).find(name => !(name in shape));
	if (extra !== undefined)
		return `${at} has a member too many, ${extra}`;
	return firstOf(Object.keys(shape), name => name in value
		? mismatch(value[name], shape[name], `${at}.${name}`) : `${at} has no ${name}`);
}

function firstOf(items, ask) {
	for (const [i, item] of items.entries()) {
		const answer = ask(item, i);
		if (answer !== undefined)
			return answer;
	}
	return undefined;
}

/** For assert.rejects: the error that the SDK makes of an answer, with these members and no others. */
export function refusal(expected) {
	return error => {
		const { code, key, message, details, resource_id, resource_type } = error;
		const given = Object.entries({ code, key, message, details, resource_id, resource_type })
			.filter(([, value]) => value !== undefined);
		assert.deepEqual(Object.fromEntries(given), expected);
		assert.match(error.request_id, REQUEST_ID);
		return true;
	};
}

export function notFound(type, id) {
	return refusal({
		code: 404, key: 'not_found', message: 'Resource not found', details: `Cannot find ${type} with id ${id}`,
		resource_id: id, resource_type: type
	});
}
