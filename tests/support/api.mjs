// SPDX-License-Identifier: MIT
/*
 * api.mjs - what the tests over HTTP share: one server a file, one project a test.
 *
 *   const server = await apiServer();           // at the top of the file; removed at its end
 *
 *   test('a row is a voucher', async () => {
 *       const p = await newProject(server);     // empty, and nobody else's
 *       const action = await p.import(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1'));
 *       assert.equal((await p.voucher('A')).gift.amount, 100);
 *   });
 *
 * Requests that fetch() would tidy up (odd paths, header names, half a body) go through raw() and
 * connect().
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after } from 'node:test';

import { shipped, startServer, until } from './server.mjs';

export { parseCsv, sleep, until } from './server.mjs';

/**
 * A server for a test file; at the end of the file it has to drain, and to have logged nothing but
 * JSON: a sanitizer that has found something says so in plain text, and ends it with another status.
 */
export async function apiServer(options) {
	const server = await startServer({ program: shipped, ...options });
	process.on('exit', () => server.signal('SIGKILL')); // also when the file breaks
	after(async () => {
		const end = server.running ? await server.stop() : { code: 0, signal: null };
		await server.remove();
		assert.deepEqual(server.logs.filter(line => line.text !== undefined && line.event === undefined), []);
		assert.deepEqual(end, { code: 0, signal: null });
	});
	return server;
}

/* ---- projects ---- */

/** A project of its own, and the requests of its owner. */
export async function newProject(server, options) {
	return new Project(server, await server.createProject(options));
}

export class Project {
	constructor(server, keys) {
		this.server = server;
		this.keys = keys;
	}

	get headers() {
		return this.server.keys(this.keys);
	}

	request(method, path, options) {
		return this.server.request(method, path, { project: this.keys, ...options });
	}

	get(path, options) {
		return this.request('GET', path, options);
	}

	post(path, json, options) {
		return this.request('POST', path, { json, ...options });
	}

	/** A request that fetch() would not send: see raw(). */
	raw(options) {
		return raw(this.server, { ...options, headers: { ...this.headers, ...options.headers } });
	}

	/** The answer to an upload of this file, whatever it is. */
	upload(contents, options) {
		return this.server.upload('/v1/vouchers/importCSV', contents, { project: this.keys, ...options });
	}

	/** Uploads a file that is to be accepted; the action's id. */
	startImport(contents, options) {
		return this.server.importVouchers(contents, { project: this.keys, ...options });
	}

	action(id) {
		return this.server.action(id, { project: this.keys });
	}

	/** The action, when it has ended. */
	wait(id) {
		return this.server.waitForAction(id, { project: this.keys });
	}

	/** Uploads a file, waits for the end; the action. */
	async import(contents, options) {
		return this.wait(await this.startImport(contents, options));
	}

	/** Sends a body that is to become an action; its id. */
	async start(path, json) {
		const answer = await this.post(path, json);
		assert.equal(answer.status, 202, answer.text);
		return answer.json.async_action_id;
	}

	/** The same, and waits for the end; the action. */
	async run(path, json) {
		return this.wait(await this.start(path, json));
	}

	/** Imports a file of which no row fails. */
	async load(contents) {
		const action = await this.import(contents);
		assert.deepEqual(action.result.failed, []);
		assert.equal(action.status, 'DONE');
		return action;
	}

	/** The voucher, or undefined when there is none. */
	async voucher(code) {
		const answer = await this.raw({ path: `/v1/vouchers/${encode(code)}` });
		if (answer.status === 404)
			return undefined;
		assert.equal(answer.status, 200, answer.text);
		return answer.json;
	}

	/** The report as text. */
	async reportText(id) {
		const answer = await this.get(`/v1/async-actions/${id}/report.csv`);
		assert.equal(answer.status, 200, answer.text);
		return answer.text;
	}

	/** Row outcomes in row order, without the header: [['1', 'A', 'created', ''], …]. */
	async report(id) {
		return (await this.server.report(id, { project: this.keys })).slice(1);
	}

	/** All vouchers of a list, page by page along starting_after. */
	async allVouchers({ order = 'code', limit = 100 } = {}) {
		const all = [];
		for (let cursor = ''; ; cursor = `&starting_after=${all.at(-1).id}`) {
			const { status, text, json } =
				await this.get(`/v1/vouchers?order=${order}&limit=${limit}${cursor}`);
			assert.equal(status, 200, text);
			all.push(...json.vouchers);
			if (!json.has_more)
				return all;
			assert.equal(json.vouchers.length, limit);
		}
	}
}

/** Any text as one segment of a path. encodeURIComponent leaves `.` and `..`, which mean more. */
export function encode(code) {
	return encodeURIComponent(code).replace(/^\.+$/, dots => '%2E'.repeat(dots.length));
}

/* ---- files ---- */

/** Lines of a CSV file, each ended by a newline. */
export function csv(...lines) {
	return lines.map(line => `${line}\n`).join('');
}

/** Vouchers to no end: `PREFIX0000000,GIFT_VOUCHER,<value>` and so on, ascending. */
export function giftFile(rows, { prefix = 'G', value = 1, from = 0 } = {}) {
	const lines = ['Code,Voucher Type,Value'];
	for (let i = from; i < from + rows; i++)
		lines.push(`${giftCode(i, prefix)},GIFT_VOUCHER,${value}`);
	return `${lines.join('\n')}\n`; // too many for csv(...)
}

export function giftCode(i, prefix = 'G') {
	return prefix + String(i).padStart(7, '0');
}

/** failed[] as { row: reason }. */
export function reasons(action) {
	return Object.fromEntries(action.result.failed.map(f => [f.row, f.reason]));
}

/* ---- raw HTTP ---- */

/**
 * A request as it is given: path, header names and their case, body. Resolves to
 * { status, headers, text, json }; headers by lower-case name.
 */
export function raw(server, { method = 'GET', path, headers = {}, body }) {
	return new Promise((resolve, reject) => {
		const request = http.request(
			{ host: '127.0.0.1', port: server.port, method, path, headers, agent: false },
			answer => {
				const pieces = [];
				answer.on('data', piece => pieces.push(piece));
				answer.on('error', reject);
				answer.on('end', () => {
					const text = Buffer.concat(pieces).toString();
					let json;
					try {
						json = JSON.parse(text);
					} catch {
						/* none */
					}
					resolve({ status: answer.statusCode, headers: answer.headers, text, json });
				});
			}
		);
		request.on('error', reject);
		request.end(body);
	});
}

/** A connection on which `text` has been sent. */
export function connect(server, text) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(server.port, '127.0.0.1');
		socket.on('error', reject);
		socket.on('connect', () => socket.write(text, () => resolve(socket)));
	});
}

/** Head of a request as text, ready for connect(). */
export function head(method, path, headers) {
	const lines = Object.entries({ Host: '127.0.0.1', ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
	return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A multipart body from parts { name, fileName?, contents }. */
export function multipart(boundary, parts) {
	const pieces = [];
	for (const { name, fileName, contents } of parts) {
		const file = fileName === undefined ? '' : `; filename="${fileName}"\r\nContent-Type: text/csv`;
		pieces.push(
			Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
			Buffer.from(contents),
			Buffer.from('\r\n')
		);
	}
	pieces.push(Buffer.from(`--${boundary}--\r\n`));
	return Buffer.concat(pieces);
}

/* ---- what is true of every answer ---- */

export const REQUEST_ID = /^v-[0-9a-f]{18}$/;
export const ACTION_ID = /^aa_[0-9a-f]{18}$/;
export const VOUCHER_ID = /^v_[0-9A-Za-z]{32}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** An error of the API: these members and a request id, which the header repeats; nothing else. */
export function assertError(answer, expected) {
	assert.equal(answer.status, expected.code, answer.text);
	const { request_id, ...rest } = answer.json;
	assert.deepEqual(rest, expected);
	assert.match(request_id, REQUEST_ID);
	const header = answer.headers['x-request-id'] ?? answer.headers.get('x-request-id');
	assert.equal(header, request_id);
}

export function assertInvalidPayload(answer, details) {
	assertError(answer, { code: 400, key: 'invalid_payload', message: 'Invalid payload', details });
}

export function assertInvalidQuery(answer, details) {
	assertError(answer, {
		code: 400, key: 'invalid_query_params', message: 'Invalid query params', details
	});
}

export function assertNotFound(answer, type, id) {
	assertError(answer, {
		code: 404, key: 'not_found', message: 'Resource not found',
		details: `Cannot find ${type} with id ${id}`, resource_id: id, resource_type: type
	});
}

export function assertUnauthorized(answer) {
	assertError(answer, { code: 401, key: 'unauthorized', message: 'Unauthorized' });
}

/* ---- actions ---- */

const BASE_KEYS = [
	'created_at', 'id', 'object', 'operation_status', 'progress', 'request_id', 'status', 'type',
	'updated_at'
];

/** The Async Action object as the reference has it, in whatever state it is. */
export function assertAction(action, { inList = false } = {}) {
	const finished = action.status === 'DONE' || action.status === 'FAILED';
	const keys = [...BASE_KEYS];
	if (finished)
		keys.push('processing_time');
	if (finished && !inList)
		keys.push('result');
	assert.deepEqual(Object.keys(action).sort(), keys.sort());
	assert.match(action.id, ACTION_ID);
	assert.match(action.request_id, action.type.endsWith('_KEY_PURGE') ? /^w-[0-9a-f]{18}$/ : REQUEST_ID);
	assert.match(action.created_at, TIME);
	assert.match(action.updated_at, TIME);
	assert.ok(action.type in assertResult, action.type);
	assert.equal(action.object, 'async_action');
	assert.ok(Number.isInteger(action.progress));
	assertState[action.status](action);
	if (finished)
		assert.equal(
			action.processing_time, Date.parse(action.updated_at) - Date.parse(action.created_at));
	if (finished && !inList)
		assertResult[action.type](action);
}

const assertState = {
	ENQUEUED(action) {
		assert.equal(action.operation_status, 'UNKNOWN');
		assert.equal(action.progress, 0);
		assert.equal(action.updated_at, action.created_at);
	},
	IN_PROGRESS(action) {
		assert.equal(action.operation_status, 'UNKNOWN');
		assert.ok(action.progress >= 0 && action.progress <= 99);
	},
	DONE(action) {
		assert.match(action.operation_status, /^(SUCCESS|FAILED)$/);
		assert.equal(action.progress, 100);
	},
	FAILED(action) {
		assert.equal(action.operation_status, 'FAILED');
		assert.ok(action.progress >= 0 && action.progress <= 99);
	}
};

function assertCountResult(result) {
	assert.deepEqual(Object.keys(result), ['message', 'done_count']);
	assert.ok(Number.isInteger(result.done_count));
}

const assertResult = {
	'VOUCHERS.IMPORT': action => assertMessageResult(action.result, ['code', 'reason']),
	'VOUCHERS.IMPORT_CSV': action => assertMessageResult(action.result, ['code', 'row', 'reason']),
	'CAMPAIGNS.METADATA_KEY_PURGE': action => assertCountResult(action.result),
	'CUSTOMERS.METADATA_KEY_PURGE': action => assertCountResult(action.result),
	'VOUCHERS.METADATA_KEY_PURGE': action => assertCountResult(action.result),
	'CAMPAIGN.VOUCHERS_UPDATE': action => assertCountResult(action.result),
	'CAMPAIGN.VOUCHERS_DELETE': action => assertCountResult(action.result),
	'CAMPAIGN.VOUCHERS_GENERATE': action => assertCountResult(action.result),
	'CAMPAIGN.VOUCHERS_IMPORT': action => assertMessageResult(action.result, ['code', 'reason']),
	'CAMPAIGN.VOUCHERS_IMPORT_CSV': action => assertMessageResult(action.result, ['code', 'row', 'reason']),
	'CUSTOMERS.IMPORT_CSV': action =>
		assertMessageResult(action.result, ['source_id', 'row', 'reason']),
	'CUSTOMERS.BULK_UPDATE': action =>
		assertErrorsResult(action, ['message', 'details', 'key', 'source_id']),
	'CUSTOMERS.METADATA_UPDATE': action => assertErrorsResult(action, ['message', 'details', 'key']),
	'PRODUCTS.IMPORT_CSV': action =>
		assertMessageResult(action.result, ['row', 'source_id', 'reason']),
	'PRODUCTS.BULK_UPDATE': action =>
		assertErrorsResult(action, ['message', 'details', 'key', 'source_id']),
	'PRODUCTS.METADATA_UPDATE': action => assertErrorsResult(action, ['message', 'details', 'key']),
	'PRODUCTS.METADATA_KEY_PURGE': action => assertCountResult(action.result),
	'SKUS.IMPORT_CSV': action => assertMessageResult(action.result, ['row', 'reason']),
	'ORDERS.IMPORT': action => assertMessageResult(action.result, ['source_id', 'reason']),
	'ORDERS.METADATA_KEY_PURGE': action => assertCountResult(action.result),
	'VOUCHERS.BULK_UPDATE': action =>
		assertErrorsResult(action, ['message', 'details', 'key', 'code']),
	'VOUCHERS.METADATA_UPDATE': action => assertErrorsResult(action, ['message', 'details', 'key'])
};

function assertCounts(result) {
	assert.ok(Number.isInteger(result.done_count) && Number.isInteger(result.failed_count));
}

/* Members in the order of the published examples. */
function assertMessageResult(result, itemKeys) {
	assert.deepEqual(Object.keys(result), ['message', 'failed', 'done_count', 'failed_count']);
	assert.equal(typeof result.message, 'string');
	assertCounts(result);
	let last = 0;
	for (const item of result.failed) {
		assert.deepEqual(Object.keys(item), itemKeys);
		assert.ok(itemKeys.every(key => typeof item[key] === (key === 'row' ? 'number' : 'string') || (key === 'source_id' && item[key] === null)));
		if (!('row' in item))
			continue;
		assert.ok(Number.isInteger(item.row) && item.row > last, 'failed rows are in input order');
		last = item.row;
	}
}

function assertErrorsResult({ status, result }, itemKeys) {
	assert.deepEqual(Object.keys(result), [
		...(status === 'FAILED' ? ['message'] : []),
		'done_count', 'failed_count', 'reports', 'reports_available_till', 'errors'
	]);
	assertCounts(result);
	assert.ok(result.reports.length > 0);
	for (const url of result.reports)
		assert.ok(URL.canParse(url), url);
	assert.match(result.reports_available_till, TIME);
	for (const item of result.errors) {
		assert.deepEqual(Object.keys(item), itemKeys);
		assert.ok(Object.values(item).every(value => typeof value === 'string'));
	}
}

/* ---- the spool ---- */

/** No upload is under way, and there are exactly so many inputs. */
export async function assertSpool(server, inputs) {
	let files;
	await until(async () => (files = await server.spoolFiles()).length === inputs, {
		what: `the spool to hold ${inputs} files`, timeoutMs: 15000
	}).catch(error => {
		throw new Error(`${error.message}; it holds ${files}`);
	});
	assert.ok(files.every(name => name.endsWith('.in')), files.join());
}
