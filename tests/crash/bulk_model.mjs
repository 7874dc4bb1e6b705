// SPDX-License-Identifier: MIT
/*
 * bulk_model.mjs - what the actions of all four voucher types should have done together, by a straight
 * computation over their inputs, one after the other by sequence number; and the comparison of that
 * with everything the server shows and stores.
 *
 * What a voucher is in the end is known exactly. So is what became of a row, but for one case: an
 * import that changes a voucher while an earlier update still waits. Then it depends on who came
 * first whether the two had something to change; see outcomesOf().
 */
import assert from 'node:assert/strict';
import { parseCsv } from '../support/server.mjs';
import {
	assertCounters, assertSameRows, assertVouchers, counterChecks, csvOf, discountNumbers, Model, storedVouchers,
	typeNumbers
} from './model.mjs';
import { onPostgres } from '../support/server.mjs';

/* ---- the four types ---- */

const failed = (code, reason) => [code ?? '', 'failed', reason];
const lines = records => records.map(record => `${JSON.stringify(record)}\n`).join('');

const importFlaws = [
	[item => item.code === undefined, 'Code is required'],
	[item => !('type' in item || 'gift' in item || 'discount' in item), 'Voucher Type is required'],
	[item => item.type === 'GIFT_VOUCHER' && !item.gift, "Payload should have required property 'gift'"],
	[item => item.discount?.percent_off > 100, 'Property .discount.percent_off must be <= 100']
];

const updateFlaws = [
	[item => item.code === undefined, "Payload should have required property 'code'"],
	[item => item.metadata === undefined, "Payload should have required property 'metadata'"],
	[item => item.code === '', 'Property .code must NOT have fewer than 1 characters']
];

const reasonOf = (flaws, item) => flaws.find(([isSo]) => isSo(item))?.[1];

function applyImportItem(model, item) {
	const reason = reasonOf(importFlaws, item);
	if (reason !== undefined)
		return failed(item.code, reason);
	if (model.vouchers.get(item.code) !== undefined)
		return failed(item.code, `Duplicated voucher exists with id ${item.code}`);
	const { discount, gift } = item;
	model.vouchers.set(item.code, {
		type: typeNumbers[discount ? 'DISCOUNT_VOUCHER' : 'GIFT_VOUCHER'],
		discount_type: discountNumbers[discount?.type] ?? 0,
		value: gift?.amount ?? discount.amount_off ?? discount.percent_off,
		active: item.active === false ? 0 : 1,
		quantity: item.redemption?.quantity ?? null,
		category: item.category ?? null,
		additional_info: item.additional_info ?? null,
		metadata: { ...item.metadata }
	});
	return [item.code, 'created', ''];
}

function giveMetadata(model, code, metadata) {
	const stored = model.vouchers.get(code);
	if (stored === undefined)
		return failed(code, `Cannot find voucher with id ${code}`);
	const before = JSON.stringify(stored.metadata);
	Object.assign(stored.metadata, metadata);
	return [code, JSON.stringify(stored.metadata) === before ? 'unchanged' : 'updated', ''];
}

function applyUpdateItem(model, item) {
	const reason = reasonOf(updateFlaws, item);
	return reason !== undefined ? failed(item.code, reason) : giveMetadata(model, item.code, item.metadata);
}

function applyCode(model, code, { metadata }) {
	if (code === '')
		return failed('', 'Property .codes must NOT have items of fewer than 1 characters');
	return giveMetadata(model, code, metadata);
}

/**
 * `input`: the text that is kept of the records. `apply(model, record, request)`: what becomes of one:
 * [code, outcome, reason].
 */
export const kinds = {
	import: {
		number: 16, type: 'VOUCHERS.IMPORT', path: '/v1/vouchers/import', ordered: false, input: lines,
		apply: applyImportItem
	},
	csv: {
		number: 17, type: 'VOUCHERS.IMPORT_CSV', path: '/v1/vouchers/importCSV', ordered: false, input: csvOf,
		apply: (model, row) => model.apply([row])[0].slice(1)
	},
	update: {
		number: 18, type: 'VOUCHERS.BULK_UPDATE', path: '/v1/vouchers/bulk/async', ordered: true, input: lines,
		apply: applyUpdateItem
	},
	metadata: {
		number: 19, type: 'VOUCHERS.METADATA_UPDATE', path: '/v1/vouchers/metadata/async', ordered: true, input: lines,
		apply: applyCode
	}
};

/** What tells a request from all others, and is kept of it word for word. */
export function contentOf({ kind, dry, records, metadata }) {
	return contentKey(kinds[kind].number, dry, metadata, kinds[kind].input(records));
}

function contentKey(number, dry, metadata, text) {
	return `${number} ${dry ? 'dry ' : ''}${JSON.stringify(metadata) ?? ''}\n${text}`;
}

/* ---- what should be ---- */

/** Vouchers as a dry run sees them: its changes are its own. */
class Overlay {
	constructor(below) {
		this.below = below;
		this.own = new Map();
	}

	get(code) {
		if (!this.own.has(code) && this.below.has(code))
			this.own.set(code, structuredClone(this.below.get(code)));
		return this.own.get(code);
	}

	set(code, voucher) {
		this.own.set(code, voucher);
	}
}

function dryModel(model) {
	const dry = new Model();
	dry.vouchers = new Overlay(model.vouchers);
	return dry;
}

/**
 * Applies the rows of an action that it has come to. Gives each of them as { row, met }: the row of
 * its report, and whether the voucher was there before the action.
 */
function applyAction(model, { request, reached }) {
	const target = request.dry ? dryModel(model) : model;
	const created = new Set();
	const rows = [];
	for (const [i, record] of request.records.entries()) {
		const no = String(i + 1);
		if (reached !== null && !reached.has(no))
			continue;
		const [code, outcome, reason] = kinds[request.kind].apply(target, record, request);
		if (outcome === 'created')
			created.add(code);
		rows.push({ row: [no, code, outcome, reason], met: outcome !== 'failed' && !created.has(code) });
	}
	return rows;
}

/** Applies all; each action gets `expected`, and `rewritten`: by code, the last import that met it. */
function compute(actions) {
	const model = new Model();
	const rewritten = new Map();
	for (const action of actions) {
		action.expected = applyAction(model, action);
		if (action.request.kind !== 'csv' || action.request.dry)
			continue;
		for (const { row, met } of action.expected) {
			if (met)
				rewritten.set(row[1], action.seq);
		}
	}
	return { model, rewritten };
}

/**
 * The outcomes that a row may have. Those that find a voucher changed by an import behind them in the
 * queue may have nothing left to say (superseded), or nothing new; and the import may find it as it
 * was before they came. A dry run of an import meets others' vouchers at any time.
 */
function outcomesOf({ row, met }, { seq, request }, rewritten) {
	const [, code, outcome] = row;
	if (!met)
		return [outcome];
	if (!kinds[request.kind].ordered)
		return request.dry ? ['updated', 'unchanged', 'superseded'] : ['updated', 'unchanged'];
	return rewritten.get(code) > seq ? ['updated', 'unchanged', 'superseded'] : [outcome];
}

/* ---- what is ---- */

/* Reports at a time: more would wait for each other. */
const READERS = 2;

/** Base objects of all actions. */
async function listAll(server) {
	const all = [];
	for (let cursor = ''; ; cursor = `&starting_after=${all.at(-1).id}`) {
		const { status, text, json } = await server.get(`/v1/async-actions?limit=100${cursor}`);
		assert.equal(status, 200, text);
		all.push(...json.async_actions);
		if (!json.has_more)
			return all;
	}
}

async function linkedReport(url) {
	const answer = await fetch(url);
	const text = await answer.text();
	assert.equal(answer.status, 200, text);
	return parseCsv(text);
}

/** What clients see of all actions: by request id { shown, report, links }. */
async function show(server) {
	const all = new Map();
	const waiting = await listAll(server);
	const read = async () => {
		while (waiting.length > 0) {
			const { id } = waiting.pop();
			const shown = await server.action(id);
			const report = await server.report(id);
			const links = [];
			for (const url of shown.result.reports ?? [])
				links.push(await linkedReport(url));
			assert.ok(!all.has(shown.request_id), `two actions of the request ${shown.request_id}`);
			all.set(shown.request_id, { shown, report, links });
		}
	};
	await Promise.all(Array.from({ length: READERS }, read));
	return all;
}

const outcomes = ['created', 'updated', 'unchanged', 'superseded', 'failed'];

/** All actions as they are stored, in order, with the text of their inputs. For a stopped server. */
async function storedActions(server) {
	const actions = await server.sql(
		`SELECT seq, kind, status, dry_run, params, input, input_bytes, records, request_id, message,
		        ${outcomes.join(', ')}, ${onPostgres ? "convert_from(data, 'UTF8')" : 'CAST(data AS TEXT)'} AS data
		   FROM actions LEFT JOIN inputs ON action_seq = seq ORDER BY seq`
	);
	for (const action of actions) {
		const kept = (action.input === null) + (action.data === null);
		assert.equal(kept, 1, `action ${action.seq} has one input`);
		action.text = action.data ?? (await server.inputText(action.input));
		assert.equal(Buffer.byteLength(action.text), action.input_bytes, `bytes of the input of action ${action.seq}`);
	}
	return actions;
}

/** Finds the request of each action: it has at most one, and its input is what was sent. */
function assignRequests(actions, requests) {
	const byContent = new Map(requests.map(request => [contentOf(request), request]));
	for (const action of actions) {
		const { metadata } = JSON.parse(action.params);
		const content = contentKey(action.kind, action.dry_run === 1, metadata, action.text);
		const request = byContent.get(content);
		assert.ok(request !== undefined, `nobody has sent the input of action ${action.seq}: ${content.slice(0, 300)}`);
		assert.equal(request.action, undefined, `actions ${request.action?.seq} and ${action.seq} are of one request`);
		request.action = action;
		action.request = request;
	}
	for (const { id, refused, action } of requests) {
		assert.ok(id === undefined || action !== undefined, `${id} was answered with 202 and is gone`);
		assert.ok(!refused || id !== undefined || action === undefined, `${action?.seq} was answered with 503 and is in`);
	}
}

/* ---- the comparison ---- */

/* Beside those of model.mjs. */
const moreChecks = [
	[
		'totals of categories',
		`SELECT count(*) AS got, 0 AS want
		   FROM (SELECT category, count(*) AS n FROM vouchers WHERE category IS NOT NULL GROUP BY category) c
		   LEFT JOIN (SELECT resource, sum(n) AS n FROM totals GROUP BY resource) t
		     ON t.resource = 'voucher/tag/' || c.category WHERE coalesce(t.n, -1) <> c.n`
	],
	[
		'vouchers in categories',
		`SELECT coalesce(sum(n), 0) AS got, (SELECT count(*) FROM vouchers WHERE category IS NOT NULL) AS want
		   FROM totals WHERE resource LIKE 'voucher/tag/%'`
	],
	['inputs of nobody', 'SELECT count(*) AS got, 0 AS want FROM inputs WHERE action_seq NOT IN (SELECT seq FROM actions)'],
	[
		'rows of dry runs that are none',
		`SELECT count(*) AS got, 0 AS want FROM dry_vouchers
		  WHERE action_seq NOT IN (SELECT seq FROM actions WHERE dry_run = 1)`
	]
];

/** The report, row by row. */
function assertReport(action, rewritten) {
	const [headers, ...rows] = action.report;
	assert.deepEqual(headers, ['row', 'code', 'outcome', 'reason']);
	const want = action.expected.map(({ row, met }, i) => {
		const got = rows[i]?.[2];
		return outcomesOf({ row, met }, action, rewritten).includes(got) ? [...row.slice(0, 2), got, ...row.slice(3)] : row;
	});
	assertSameRows(rows, want, `report of action ${action.seq}, ${action.request.kind}`);
}

function assertLinks({ links, expected, request, seq }) {
	const lineOf = ({ row: [, code, outcome] }) => [code, ...(outcome === 'failed' ? ['false', 'false'] : ['true', 'true'])];
	assert.equal(links.length, kinds[request.kind].ordered ? 1 : 0);
	if (links.length > 0)
		assertSameRows(links[0], [['code', 'found', 'updated'], ...expected.map(lineOf)], `linked report of action ${seq}`);
}

const cancelMessage = ({ records, dry_run }, done, failed) =>
	`Cancelled${dry_run === 1 ? ' (dry run)' : ''}: ` +
	(records === null
		? `${done} rows are in, ${failed} failed, the rest of the file was not read.`
		: `${done} of ${records} rows are in, ${failed} failed, ${records - done - failed} were not reached.`);

function assertFailures({ shown: { result }, request, seq }, failures) {
	const bare = {
		import: () => result.failed.map(f => [f.code, f.reason]),
		csv: () => result.failed.map(f => [f.row, f.code, f.reason]),
		update: () => result.errors.map(e => [e.code, e.details]),
		metadata: () => result.errors.map(e => [e.details])
	};
	const want = {
		import: ([, code, , reason]) => [code, reason],
		csv: ([no, code, , reason]) => [Number(no), code, reason],
		update: ([, code, , reason]) => [code, reason],
		metadata: ([, , , reason]) => [reason]
	};
	assertSameRows(bare[request.kind](), failures.map(want[request.kind]), `failures of action ${seq}`);
}

/** The object, its counters, and the stored ones. */
function assertResult(action) {
	const { shown, request, expected, report } = action;
	const failures = expected.filter(({ row }) => row[2] === 'failed').map(({ row }) => row);
	const done = expected.length - failures.length;
	assert.equal(shown.type, kinds[request.kind].type);
	assert.equal(shown.dry_run, request.dry ? true : undefined);
	assert.equal(shown.result.done_count, done);
	assert.equal(shown.result.failed_count, failures.length);
	assertFailures(action, failures);
	for (const outcome of outcomes) {
		const n = report.filter(row => row[2] === outcome).length;
		assert.equal(action[outcome], n, `counter ${outcome} of action ${action.seq}`);
	}
	assertEnd(action, done, failures.length);
}

function assertEnd({ seq, status, records, shown, request, ...action }, done, failures) {
	if (status === 3) {
		assert.ok(request.cancelled !== undefined, `action ${seq} has failed: ${action.message}`);
		assert.equal(shown.result.message, cancelMessage({ records, ...action }, done, failures));
		return;
	}
	assert.equal(status, 2);
	assert.equal(shown.status, 'DONE');
	assert.equal(shown.progress, 100);
	assert.equal(shown.operation_status, done === 0 && failures > 0 ? 'FAILED' : 'SUCCESS');
	assert.equal(shown.result.message,
		kinds[request.kind].ordered ? undefined : `${done} voucher(s) imported successfully, ${failures} failed.`);
	assert.equal(records, request.kind === 'csv' ? null : request.records.length);
}

/** What a client was told of a cancel is how it is. */
function assertCancel({ cancelled, action }) {
	if (cancelled?.status === 409)
		assert.equal(action.status, 2, `action ${action.seq} could not be cancelled, and did not end well`);
	if (cancelled?.status !== 200)
		return;
	assert.equal(action.status, 3, `action ${action.seq} was cancelled, and went on`);
	const counts = ({ done_count, failed_count, message }) => ({ done_count, failed_count, message });
	assert.deepEqual(counts(action.shown.result), counts(cancelled.json.result));
}

/** A key stands for the one action of its request. */
async function assertKeys(server, requests) {
	const stored = await server.sql('SELECT key, action_seq FROM idempotency ORDER BY key');
	const keyed = requests.filter(({ key, action }) => key !== undefined && action !== undefined);
	const want = keyed.map(({ key, action }) => ({ key, action_seq: action.seq }));
	assert.deepEqual(stored, want.sort((a, b) => (a.key < b.key ? -1 : 1)));
}

async function assertFiles(server, actions) {
	const files = actions.filter(({ input }) => input !== null).map(({ input }) => `${input}.in`);
	assert.deepEqual(await server.spoolFiles(), files.sort(), 'files in the spool');
}

/**
 * Everything, exactly. `requests`: all that were ever sent (bulk_load.mjs). The server runs before,
 * with nothing left to do, and is stopped after. Returns all actions, in order.
 */
export async function assertBulk(server, requests) {
	const seen = await show(server);
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
	await server.assertIntegrity();
	const actions = await storedActions(server);
	assignRequests(actions, requests);
	assert.equal(seen.size, actions.length, 'number of actions');
	for (const action of actions) {
		Object.assign(action, seen.get(action.request_id));
		assert.ok(action.request.id === undefined || action.request.id === action.shown.id);
		action.reached = action.status === 2 ? null : new Set(action.report.slice(1).map(row => row[0]));
	}
	const { model, rewritten } = compute(actions);
	for (const action of actions) {
		assertReport(action, rewritten);
		assertLinks(action);
		assertResult(action);
	}
	for (const request of requests)
		assertCancel(request);
	assertVouchers(await storedVouchers(server), model);
	await assertCounters(server, [...counterChecks, ...moreChecks]);
	await assertKeys(server, requests);
	await assertFiles(server, actions);
	return actions;
}
