// SPDX-License-Identifier: MIT
/*
 * The four bulk actions on vouchers as a user of the official SDK meets them: what the trigger answers,
 * what the Async Action object is made of, and the published examples, each from a real run.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { ACTION_ID, REQUEST_ID, TIME, apiServer, csv, parseCsv } from '../support/api.mjs';
import { assertShape, clientOf, newClient, notFound, oneOf, refusal, run } from './sdk.mjs';

const server = await apiServer();

/* ---- shapes, by the definition of the object ---- */

const BASE = {
	id: ACTION_ID,
	type: oneOf('VOUCHERS.IMPORT', 'VOUCHERS.IMPORT_CSV', 'VOUCHERS.BULK_UPDATE', 'VOUCHERS.METADATA_UPDATE'),
	status: oneOf('DONE', 'ENQUEUED', 'FAILED', 'IN_PROGRESS'),
	operation_status: oneOf('FAILED', 'SUCCESS', 'UNKNOWN'),
	created_at: TIME,
	updated_at: TIME,
	request_id: REQUEST_ID,
	progress: 'integer',
	object: oneOf('async_action')
};
const COUNTS = { done_count: 'integer', failed_count: 'integer' };
const REPORTS = { reports: [/^http:\/\/127\.0\.0\.1:\d+\//], reports_available_till: TIME };
const ERROR = { message: 'string', details: 'string', key: 'string' };

/* An item of METADATA_UPDATE's errors[] has no code; its counts and reports are in the example only. */
const RESULTS = {
	'VOUCHERS.IMPORT': { message: 'string', failed: [{ code: 'string', reason: 'string' }], ...COUNTS },
	'VOUCHERS.IMPORT_CSV': {
		message: 'string', failed: [{ code: 'string', row: 'integer', reason: 'string' }], ...COUNTS
	},
	'VOUCHERS.BULK_UPDATE': { ...COUNTS, ...REPORTS, errors: [{ ...ERROR, code: 'string' }] },
	'VOUCHERS.METADATA_UPDATE': { ...COUNTS, ...REPORTS, errors: [ERROR] }
};

function assertFinished(action, type) {
	assertShape(action, { ...BASE, processing_time: 'integer', result: RESULTS[type] }, 'action');
	assert.equal(action.type, type);
	assert.equal(action.status, 'DONE');
	assert.equal(action.progress, 100);
	assert.equal(action.processing_time, Date.parse(action.updated_at) - Date.parse(action.created_at));
}

/* ---- what the tests feed on ---- */

const gift = code => ({ code, type: 'GIFT_VOUCHER', gift: { amount: 10000 } });
const discount = code => ({ code, type: 'DISCOUNT_VOUCHER', discount: { type: 'PERCENT', percent_off: 10 } });

/** A client whose project has vouchers of these codes, and nothing else. */
async function clientWith(...codes) {
	const { client } = await newClient(server);
	for (const code of codes)
		await client.vouchers.create(gift(code));
	return client;
}

/** The SDK uploads files by their path. */
async function importCSV(t, client, text) {
	const folder = await mkdtemp(join(tmpdir(), 'longshore-sdk-'));
	t.after(() => rm(folder, { recursive: true, force: true }));
	await writeFile(join(folder, 'vouchers.csv'), text);
	return client.vouchers.importCSV(join(folder, 'vouchers.csv'));
}

const metadataOf = async (client, code) => (await client.vouchers.get(code)).metadata;

const REPORT_HEADER = [['code', 'found', 'updated']];

/** The report files of an action, fetched as a browser would, without keys: rows with their header. */
async function reportsOf(action) {
	return Promise.all(action.result.reports.map(async url => {
		const answer = await fetch(url);
		assert.equal(answer.status, 200, url);
		assert.match(answer.headers.get('content-type'), /^text\/csv\b/);
		return parseCsv(await answer.text());
	}));
}

/* ---- the four types ---- */

test('VOUCHERS.IMPORT creates what is new and tells what is not, by code', async () => {
	const client = await clientWith('OLD');
	const answer = await client.vouchers.import([
		{
			...discount('FALL'), category: 'New', active: false, additional_info: 'second wave',
			start_date: '2026-01-01T00:00:00.000Z', expiration_date: '2027-01-01T00:00:00.000Z',
			redemption: { quantity: 3 }, metadata: { region: 'north', seats: 4 }
		},
		gift('OLD'), gift('CARD'), { code: 'NOTHING' }
	]);
	assertShape(answer, { async_action_id: ACTION_ID });
	const action = await run(client, answer);
	assertFinished(action, 'VOUCHERS.IMPORT');
	assert.equal(action.operation_status, 'SUCCESS');
	assert.deepEqual(action.result, {
		message: '2 voucher(s) imported successfully, 2 failed.',
		failed: [
			{ code: 'OLD', reason: 'Duplicated voucher exists with id OLD' },
			{ code: 'NOTHING', reason: 'Voucher Type is required' }
		],
		done_count: 2,
		failed_count: 2
	});

	const fall = await client.vouchers.get('FALL');
	assert.deepEqual(fall.discount, { type: 'PERCENT', percent_off: 10 });
	assert.equal(fall.category, 'New');
	assert.equal(fall.active, false);
	assert.equal(fall.additional_info, 'second wave');
	assert.equal(fall.start_date, '2026-01-01T00:00:00.000Z');
	assert.equal(fall.expiration_date, '2027-01-01T00:00:00.000Z');
	assert.equal(fall.redemption.quantity, 3);
	assert.deepEqual(fall.metadata, { region: 'north', seats: 4 });
	assert.equal(fall.campaign_id, null);
	const { amount, balance } = (await client.vouchers.get('CARD')).gift;
	assert.deepEqual({ amount, balance }, { amount: 10000, balance: 10000 });
});

test('VOUCHERS.IMPORT_CSV creates and updates, and tells what fails by code and row', async t => {
	const client = await clientWith('OLD');
	const answer = await importCSV(t, client, csv('Code,Voucher Type,Value,Discount Type,Active,Region',
		'FALL,DISCOUNT_VOUCHER,10,PERCENT,FALSE,north', 'NOTYPE,,10,PERCENT,,', 'OLD,GIFT_VOUCHER,120,,,south',
		',GIFT_VOUCHER,1,,,'));
	assertShape(answer, { async_action_id: ACTION_ID });
	const action = await run(client, answer);
	assertFinished(action, 'VOUCHERS.IMPORT_CSV');
	assert.equal(action.operation_status, 'SUCCESS');
	assert.deepEqual(action.result, {
		message: '2 voucher(s) imported successfully, 2 failed.',
		failed: [
			{ code: 'NOTYPE', row: 2, reason: 'Voucher Type is required' },
			{ code: '', row: 4, reason: 'Code is required' }
		],
		done_count: 2,
		failed_count: 2
	});

	const fall = await client.vouchers.get('FALL');
	assert.deepEqual([fall.active, fall.discount.percent_off], [false, 10]);
	const old = await client.vouchers.get('OLD');
	assert.deepEqual([old.gift.amount, old.metadata], [12000, { Region: 'south' }]);
});

test('VOUCHERS.BULK_UPDATE gives each voucher its own metadata', async () => {
	const client = await clientWith('A', 'B', 'C');
	await run(client, client.vouchers.bulkUpdate([{ code: 'A', metadata: { kept: true, seats: 1 } }]));
	const answer = await client.vouchers.bulkUpdate([
		{ code: 'A', metadata: { seats: 2, tags: ['x', 'y'] } },
		{ code: 'NOBODY', metadata: { seats: 3 } },
		{ code: 'C', metadata: { seats: null }, active: false }
	]);
	assertShape(answer, { async_action_id: ACTION_ID });
	const action = await run(client, answer);
	assertFinished(action, 'VOUCHERS.BULK_UPDATE');
	assert.equal(action.operation_status, 'SUCCESS');
	const { reports, reports_available_till, ...rest } = action.result;
	assert.deepEqual(rest, {
		done_count: 2,
		failed_count: 1,
		errors: [{
			message: 'Resource not found', details: 'Cannot find voucher with id NOBODY', key: 'not_found',
			code: 'NOBODY'
		}]
	});
	assert.equal(reports.length, 1);
	assert.ok(reports_available_till > action.updated_at);
	assert.deepEqual(await reportsOf(action), [
		[...REPORT_HEADER, ['A', 'true', 'true'], ['NOBODY', 'false', 'false'], ['C', 'true', 'true']]
	]);

	assert.deepEqual(await metadataOf(client, 'A'), { kept: true, seats: 2, tags: ['x', 'y'] });
	assert.deepEqual(await metadataOf(client, 'B'), {});
	assert.deepEqual(await metadataOf(client, 'C'), { seats: null });
	assert.equal((await client.vouchers.get('C')).active, true, 'only metadata is updated');
	await assert.rejects(client.vouchers.get('NOBODY'), notFound('voucher', 'NOBODY'));
});

test('VOUCHERS.METADATA_UPDATE gives all vouchers the same metadata', async () => {
	const client = await clientWith('A', 'B', 'C');
	await run(client, client.vouchers.bulkUpdate([{ code: 'B', metadata: { kept: 'yes', season: 'fall' } }]));
	const answer = await client.vouchers.bulkUpdateMetadata({
		codes: ['B', 'NOBODY', 'C'], metadata: { season: 'winter', rank: 1.5 }
	});
	assertShape(answer, { async_action_id: ACTION_ID });
	const action = await run(client, answer);
	assertFinished(action, 'VOUCHERS.METADATA_UPDATE');
	assert.equal(action.operation_status, 'SUCCESS');
	const { reports, reports_available_till, ...rest } = action.result;
	assert.deepEqual(rest, {
		done_count: 2,
		failed_count: 1,
		errors: [
			{ message: 'Resource not found', details: 'Cannot find voucher with id NOBODY', key: 'not_found' }
		]
	});
	assert.equal(reports.length, 1);
	assert.ok(reports_available_till > action.updated_at);
	assert.deepEqual(await reportsOf(action), [
		[...REPORT_HEADER, ['B', 'true', 'true'], ['NOBODY', 'false', 'false'], ['C', 'true', 'true']]
	]);

	assert.deepEqual(await metadataOf(client, 'A'), {});
	assert.deepEqual(await metadataOf(client, 'B'), { kept: 'yes', season: 'winter', rank: 1.5 });
	assert.deepEqual(await metadataOf(client, 'C'), { season: 'winter', rank: 1.5 });
});

test('an update sent after an import finds what the import brings', async () => {
	const { client } = await newClient(server);
	const codes = Array.from({ length: 2000 }, (_, i) => `C${i}`);
	const imported = await client.vouchers.import(codes.map(gift));
	const updated = await client.vouchers.bulkUpdateMetadata({ codes, metadata: { n: 1 } });
	const later = await client.vouchers.bulkUpdate([{ code: 'C1999', metadata: { n: 2 } }]);
	assert.equal((await run(client, later)).result.done_count, 1);
	assert.equal((await run(client, updated)).result.done_count, codes.length);
	assert.equal((await run(client, imported)).result.done_count, codes.length);
	assert.deepEqual(await metadataOf(client, 'C0'), { n: 1 });
	assert.deepEqual(await metadataOf(client, 'C1999'), { n: 2 });
});

/* ---- the published examples ---- */

/*
 * What the four examples of the API description show, with a run that makes each. The reasons of the
 * first one come from a metadata schema; codes that exist fail just so.
 */
const EXAMPLES = [
	{
		type: 'VOUCHERS.IMPORT',
		existing: ['PROMO-CODE31', 'PROMO-CODE21', 'GIFT-CARD-100-1'],
		start: (t, client) => client.vouchers.import(
			[discount('PROMO-CODE31'), discount('PROMO-CODE21'), gift('GIFT-CARD-100-1')]),
		result: {
			message: '0 voucher(s) imported successfully, 3 failed.',
			failed: ['PROMO-CODE31', 'PROMO-CODE21', 'GIFT-CARD-100-1'].map(
				code => ({ code, reason: `Duplicated voucher exists with id ${code}` })),
			done_count: 0,
			failed_count: 3
		}
	},
	{
		type: 'VOUCHERS.IMPORT_CSV',
		existing: [],
		start: (t, client) => importCSV(t, client, csv('Code,Voucher Type,Value,Discount Type',
			'FALL2023,,20,PERCENT', 'FALL2024,,20,PERCENT')),
		result: {
			message: '0 voucher(s) imported successfully, 2 failed.',
			failed: [
				{ code: 'FALL2023', row: 1, reason: 'Voucher Type is required' },
				{ code: 'FALL2024', row: 2, reason: 'Voucher Type is required' }
			],
			done_count: 0,
			failed_count: 2
		}
	},
	{
		type: 'VOUCHERS.BULK_UPDATE',
		existing: ['V1', 'V2', 'V3'],
		start: (t, client) => client.vouchers.bulkUpdate(
			['V1', 'V2', 'V3'].map((code, i) => ({ code, metadata: { rank: i } }))),
		result: { done_count: 3, failed_count: 0, reports: 1, reports_available_till: true, errors: [] }
	},
	{
		type: 'VOUCHERS.METADATA_UPDATE',
		existing: ['V1', 'V2', 'V3'],
		start: (t, client) => client.vouchers.bulkUpdateMetadata(
			{ codes: ['V1', 'V2', 'V3'], metadata: { season: 'fall' } }),
		result: { done_count: 3, failed_count: 0, reports: 1, reports_available_till: true, errors: [] }
	}
];

/* Those of each example, and operation_status, which two of them leave out. */
const EXAMPLE_MEMBERS = [
	'created_at', 'id', 'object', 'operation_status', 'processing_time', 'progress', 'request_id', 'result',
	'status', 'type', 'updated_at'
];

/** A result with links counted and the time they hold till reduced to being there. */
function comparable({ reports, reports_available_till, ...rest }) {
	return reports === undefined ? rest
		: { ...rest, reports: reports.length, reports_available_till: reports_available_till !== undefined };
}

for (const { type, existing, start, result } of EXAMPLES) {
	test(`the example of ${type} comes out of a real run`, async t => {
		const client = await clientWith(...existing);
		const action = await run(client, start(t, client));
		assert.deepEqual(Object.keys(action).sort(), EXAMPLE_MEMBERS);
		assertFinished(action, type);
		assert.deepEqual(comparable(action.result), result);
		if (result.reports)
			assert.deepEqual(await reportsOf(action),
				[[...REPORT_HEADER, ...existing.map(code => [code, 'true', 'true'])]]);
		assert.equal(action.operation_status, result.done_count === 0 ? 'FAILED' : 'SUCCESS');
	});
}

/* ---- asking for actions ---- */

test('a list of actions is newest first, without results, and pages by end_date', async () => {
	const client = await clientWith('A');
	const started = [];
	for (let n = 0; n < 3; n++)
		started.unshift(await run(client, client.vouchers.bulkUpdate([{ code: 'A', metadata: { n } }])));
	const list = await client.asyncActions.list();
	assertShape(list, {
		object: oneOf('list'), data_ref: oneOf('async_actions'), has_more: 'boolean',
		async_actions: [{ ...BASE, processing_time: 'integer' }]
	}, 'list');
	assert.equal(list.has_more, false);
	assert.deepEqual(list.async_actions, started.map(({ result, ...rest }) => rest));

	const two = await client.asyncActions.list({ limit: 2 });
	assert.deepEqual(two.async_actions.map(a => a.id), started.slice(0, 2).map(a => a.id));
	assert.equal(two.has_more, true);
	const older = await client.asyncActions.list({ end_date: started[1].created_at });
	assert.deepEqual(older.async_actions.map(a => a.id),
		started.filter(a => a.created_at < started[1].created_at).map(a => a.id));
});

const invalidPayload = error => error.code === 400 && error.key === 'invalid_payload';

test('errors reach the user of the SDK with all that they tell', async () => {
	const { client } = await newClient(server);
	const id = 'aa_0aeb82bd55d5beffbb';
	await assert.rejects(client.asyncActions.get(id), notFound('async_action', id));
	const query = { code: 400, key: 'invalid_query_params', message: 'Invalid query params' };
	await assert.rejects(client.asyncActions.list({ limit: 101 }),
		refusal({ ...query, details: 'Property .limit must be <= 100' }));
	await assert.rejects(client.asyncActions.list({ end_date: 'yesterday' }), refusal(
		{ ...query, details: 'Property .end_date cannot be recognized as a ISO-8601 compliant date' }));
	for (const start of ['import', 'bulkUpdate'])
		await assert.rejects(client.vouchers[start]({ code: 'A', metadata: {} }), invalidPayload, start);
	await assert.rejects(client.vouchers.bulkUpdateMetadata({ codes: 'A', metadata: {} }), invalidPayload);
	assert.deepEqual((await client.asyncActions.list()).async_actions, [], 'nothing was queued');
});

test('an action and its vouchers are the project\'s own', async () => {
	const mine = await clientWith('A');
	const { client: other } = await newClient(server);
	const { id } = await run(mine, mine.vouchers.bulkUpdate([{ code: 'A', metadata: { n: 1 } }]));
	await assert.rejects(other.asyncActions.get(id), notFound('async_action', id));
	assert.deepEqual((await other.asyncActions.list()).async_actions, []);
	const theirs = await run(other, other.vouchers.bulkUpdateMetadata({ codes: ['A'], metadata: { n: 2 } }));
	assert.equal(theirs.result.failed_count, 1);
	assert.equal(theirs.operation_status, 'FAILED');
	assert.deepEqual(await metadataOf(mine, 'A'), { n: 1 });
});

test('wrong keys are refused', async () => {
	const stranger = clientOf(server, { app_id: 'nobody', app_token: 'nothing' });
	const unauthorized = refusal({ code: 401, key: 'unauthorized', message: 'Unauthorized' });
	await assert.rejects(stranger.asyncActions.list(), unauthorized);
	await assert.rejects(stranger.vouchers.bulkUpdate([]), unauthorized);
});
