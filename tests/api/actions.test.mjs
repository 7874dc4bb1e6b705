// SPDX-License-Identifier: MIT
/* The Async Action object of each type; the list, its filters and paging; waiting for one; following one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertAction, assertInvalidQuery, csv, giftFile, newProject, sleep
} from '../support/api.mjs';

const server = await apiServer();
const BIG = giftFile(200000);

/** A project with so many finished actions, oldest first. */
async function projectWithActions(n) {
	const p = await newProject(server);
	const actions = [];
	for (let i = 0; i < n; i++)
		actions.push(await p.startImport(giftFile(1)));
	for (const id of actions)
		await p.wait(id);
	return { p, ids: actions };
}

async function list(p, query = '') {
	const answer = await p.get(`/v1/async-actions${query}`);
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual(Object.keys(answer.json).sort(),
		['async_actions', 'data_ref', 'has_more', 'object']);
	assert.equal(answer.json.object, 'list');
	assert.equal(answer.json.data_ref, 'async_actions');
	return answer.json;
}

/* ---- the object ---- */

const MEMBERS = [
	'id', 'type', 'status', 'operation_status', 'result', 'created_at', 'updated_at', 'request_id',
	'progress', 'processing_time', 'object'
];
const OTHER_TYPE = { code: 'OLD', type: 'GIFT_VOUCHER', gift: { amount: 100 } };

/* Each type with records that succeed and records that fail; `reports` is looked at elsewhere. */
const TYPES = {
	'VOUCHERS.IMPORT': {
		start: p => p.start('/v1/vouchers/import', [
			{ code: 'NEW', type: 'GIFT_VOUCHER', gift: { amount: 100 } }, OTHER_TYPE, { code: 'BARE' },
			{ type: 'GIFT_VOUCHER', gift: { amount: 100 } }
		]),
		result: {
			message: '1 voucher(s) imported successfully, 3 failed.',
			failed: [
				{ code: 'OLD', reason: 'Duplicated voucher exists with id OLD' },
				{ code: 'BARE', reason: 'Voucher Type is required' },
				{ code: '', reason: 'Code is required' }
			],
			done_count: 1,
			failed_count: 3
		}
	},
	'VOUCHERS.IMPORT_CSV': {
		start: p => p.startImport(csv('Code,Voucher Type,Value', 'NEW,GIFT_VOUCHER,1', 'OLD,GIFT_VOUCHER,2',
			'BARE,,1', ',GIFT_VOUCHER,1')),
		result: {
			message: '2 voucher(s) imported successfully, 2 failed.',
			failed: [
				{ code: 'BARE', row: 3, reason: 'Voucher Type is required' },
				{ code: '', row: 4, reason: 'Code is required' }
			],
			done_count: 2,
			failed_count: 2
		}
	},
	'VOUCHERS.BULK_UPDATE': {
		start: p => p.start('/v1/vouchers/bulk/async', [
			{ code: 'OLD', metadata: { n: 1 } }, { code: 'NONE', metadata: { n: 2 } }, { metadata: { n: 3 } }
		]),
		result: {
			done_count: 1,
			failed_count: 2,
			reports: true,
			reports_available_till: true,
			errors: [
				{
					message: 'Resource not found', details: 'Cannot find voucher with id NONE', key: 'not_found',
					code: 'NONE'
				},
				{
					message: 'Invalid payload', details: "Payload should have required property 'code'",
					key: 'invalid_payload', code: ''
				}
			]
		}
	},
	'VOUCHERS.METADATA_UPDATE': {
		start: p => p.start('/v1/vouchers/metadata/async', { codes: ['NONE', 'OLD'], metadata: { n: 1 } }),
		result: {
			done_count: 1,
			failed_count: 1,
			reports: true,
			reports_available_till: true,
			errors: [
				{ message: 'Resource not found', details: 'Cannot find voucher with id NONE', key: 'not_found' }
			]
		}
	}
};

for (const [type, { start, result }] of Object.entries(TYPES)) {
	test(`a ${type} that has ended reads as the published examples do`, async () => {
		const p = await newProject(server);
		await p.load(csv('Code,Voucher Type,Value', 'OLD,GIFT_VOUCHER,1'));
		const action = await p.wait(await start(p));
		assertAction(action);
		assert.equal(action.type, type);
		assert.equal(action.status, 'DONE');
		assert.equal(action.operation_status, 'SUCCESS');
		assert.deepEqual(Object.keys(action), MEMBERS);
		/* As text: the order of the members counts. */
		const shown = { ...action.result };
		if ('reports' in shown) {
			shown.reports = shown.reports.length === 1;
			shown.reports_available_till = shown.reports_available_till !== null;
		}
		assert.equal(JSON.stringify(shown), JSON.stringify(result));
	});
}

test('updates of which every record fails are done, and have failed', async () => {
	const p = await newProject(server);
	for (const [path, body] of [
		['/v1/vouchers/bulk/async', [{ code: 'A', metadata: {} }]],
		['/v1/vouchers/metadata/async', { codes: ['A'], metadata: {} }]
	]) {
		const action = await p.run(path, body);
		assertAction(action);
		assert.equal(action.status, 'DONE');
		assert.equal(action.operation_status, 'FAILED');
	}
});

/* ---- the list ---- */

test('a project without actions has an empty list', async () => {
	const p = await newProject(server);
	assert.deepEqual(await list(p),
		{ object: 'list', data_ref: 'async_actions', async_actions: [], has_more: false });
});

test('items of the list are the action without its result', async () => {
	const p = await newProject(server);
	const { result, ...base } = await p.import(csv('Code,Voucher Type,Value', 'A,,1', 'B,GIFT_VOUCHER,1'));
	const { async_actions } = await list(p);
	assert.equal(result.failed.length, 1);
	assertAction(async_actions[0], { inList: true });
	assert.deepEqual(async_actions, [base]);
});

test('the newest comes first, ten of them unless said otherwise', async () => {
	const { p, ids } = await projectWithActions(12);
	const newest = [...ids].reverse();
	const ten = await list(p);
	assert.deepEqual(ten.async_actions.map(a => a.id), newest.slice(0, 10));
	assert.equal(ten.has_more, true);
	for (const limit of [1, 11, 12, 100]) {
		const some = await list(p, `?limit=${limit}`);
		assert.deepEqual(some.async_actions.map(a => a.id), newest.slice(0, limit));
		assert.equal(some.has_more, limit < 12);
	}
});

test('starting_after pages through all of them, none twice, none left out', async () => {
	const { p, ids } = await projectWithActions(25);
	for (const limit of [1, 7, 25, 100]) {
		const got = [];
		for (let page, cursor = ''; page?.has_more ?? true; cursor = `&starting_after=${got.at(-1)}`) {
			page = await list(p, `?limit=${limit}${cursor}`);
			got.push(...page.async_actions.map(a => a.id));
		}
		assert.deepEqual(got, [...ids].reverse());
	}
	assert.deepEqual((await list(p, `?starting_after=${ids[0]}`)).async_actions, []);
});

test('end_date gives those created before it', async () => {
	const p = await newProject(server);
	const actions = [];
	for (let i = 0; i < 6; i++) {
		actions.unshift(await p.import(giftFile(1)));
		await sleep(3); // another millisecond
	}
	const at = i => encodeURIComponent(actions[i].created_at);
	const idsOf = page => page.async_actions.map(a => a.id);
	const older = await list(p, `?end_date=${at(1)}&limit=2`);
	assert.deepEqual(idsOf(older), actions.slice(2, 4).map(a => a.id));
	assert.equal(older.has_more, true);
	const oldest = await list(p, `?end_date=${at(3)}&limit=2`);
	assert.deepEqual(idsOf(oldest), actions.slice(4).map(a => a.id));
	assert.equal(oldest.has_more, false);
	assert.deepEqual(idsOf(await list(p, '?end_date=2016-11-16')), []);
	assert.deepEqual(idsOf(await list(p, '?end_date=2016-11-16T14:14:31Z')), []);
	assert.deepEqual(idsOf(await list(p, '?end_date=2999-01-01')), actions.map(a => a.id));
	assert.deepEqual(idsOf(await list(p, `?end_date=${at(1)}&starting_after=${actions[3].id}`)),
		actions.slice(4).map(a => a.id));
});

/* ---- filters of the list ---- */

/** A project with one finished action of each type, twice, oldest first: [{ id, type }]. */
async function projectOfAllTypes() {
	const p = await newProject(server);
	const actions = [];
	await p.load(csv('Code,Voucher Type,Value', 'OLD,GIFT_VOUCHER,1'));
	for (let i = 0; i < 2; i++) {
		for (const [type, { start }] of Object.entries(TYPES)) {
			const { id, created_at } = await p.wait(await start(p));
			actions.push({ id, type, created_at });
		}
	}
	return { p, actions };
}

const idsOf = page => page.async_actions.map(a => a.id);

test('type gives the actions of that type, page by page', async () => {
	const { p, actions } = await projectOfAllTypes();
	for (const type of Object.keys(TYPES).filter(t => t !== 'VOUCHERS.IMPORT_CSV')) {
		const [older, newer] = actions.filter(a => a.type === type);
		const both = await list(p, `?type=${type}`);
		assert.deepEqual(idsOf(both), [newer.id, older.id]);
		assert.equal(both.has_more, false);
		const first = await list(p, `?type=${type}&limit=1`);
		assert.deepEqual(idsOf(first), [newer.id]);
		assert.equal(first.has_more, true);
		assert.deepEqual(idsOf(await list(p, `?type=${type}&starting_after=${newer.id}`)), [older.id]);
		const before = encodeURIComponent(newer.created_at);
		assert.deepEqual(idsOf(await list(p, `?type=${type}&end_date=${before}`)),
			older.created_at < newer.created_at ? [older.id] : []);
	}
});

test('status gives the actions in that state', async () => {
	const { p, actions } = await projectOfAllTypes();
	const { id: broken } = await p.import(csv('Code,Voucher Type,Value', 'A,"GIFT_VOUCHER,1'));
	assert.deepEqual(idsOf(await list(p, '?status=FAILED')), [broken]);
	assert.deepEqual(idsOf(await list(p, '?status=ENQUEUED')), []);
	assert.deepEqual(idsOf(await list(p, '?status=IN_PROGRESS')), []);
	const done = await list(p, '?status=DONE&limit=100');
	assert.equal(done.async_actions.length, actions.length + 1);
	assert.ok(!idsOf(done).includes(broken));
	assert.deepEqual(idsOf(await list(p, '?status=FAILED&type=VOUCHERS.IMPORT')), []);
	assert.deepEqual(idsOf(await list(p, '?status=FAILED&type=VOUCHERS.IMPORT_CSV')), [broken]);
});

test('status finds what waits and what runs', async () => {
	const p = await newProject(server);
	const running = await p.startImport(BIG);
	const waiting = await p.start('/v1/vouchers/metadata/async', { codes: ['A'], metadata: { n: 1 } });
	assert.deepEqual(idsOf(await list(p, '?status=ENQUEUED&type=VOUCHERS.METADATA_UPDATE')), [waiting]);
	const { id } = await p.wait(running);
	assert.equal(id, running);
	await p.wait(waiting);
	assert.deepEqual(idsOf(await list(p, '?status=DONE')), [waiting, running]);
});

test('each of the 22 types may be asked for, also those that are not there', async () => {
	const p = await newProject(server);
	const types = [
		...['IMPORT', 'IMPORT_CSV', 'UPDATE', 'DELETE', 'GENERATE'].map(verb => `CAMPAIGN.VOUCHERS_${verb}`),
		...['CAMPAIGNS', 'CUSTOMERS', 'PRODUCTS', 'VOUCHERS', 'ORDERS'].map(of => `${of}.METADATA_KEY_PURGE`),
		...['CUSTOMERS', 'PRODUCTS', 'VOUCHERS'].flatMap(of =>
			['IMPORT_CSV', 'BULK_UPDATE', 'METADATA_UPDATE'].map(verb => `${of}.${verb}`)),
		'SKUS.IMPORT_CSV', 'VOUCHERS.IMPORT', 'ORDERS.IMPORT'
	];
	assert.equal(new Set(types).size, 22);
	for (const type of types)
		assert.deepEqual(idsOf(await list(p, `?type=${type}`)), []);
});

test('a type or status that does not exist is refused by its name', async () => {
	const p = await newProject(server);
	for (const type of ['', 'vouchers.import', 'VOUCHERS', 'VOUCHERS.EXPORT'])
		assertInvalidQuery(await p.get(`/v1/async-actions?type=${type}`),
			`Property .type must be a type of async actions, not '${type}'`);
	for (const status of ['', 'done', 'SUCCESS'])
		assertInvalidQuery(await p.get(`/v1/async-actions?status=${status}`),
			'Property .status must be equal to one of the allowed values [ ENQUEUED, IN_PROGRESS, DONE, FAILED ]');
});

/* ---- wait ---- */

test('wait answers as soon as the action has ended', async () => {
	const p = await newProject(server);
	const id = await p.startImport(giftFile(20000));
	const from = Date.now();
	const { json } = await p.get(`/v1/async-actions/${id}?wait=60`);
	assertAction(json);
	assert.equal(json.status, 'DONE');
	assert.ok(Date.now() - from < 30000, 'it did not sit out its time');
	const again = Date.now();
	assert.deepEqual((await p.get(`/v1/async-actions/${id}?wait=60`)).json, json);
	assert.ok(Date.now() - again < 5000);
});

test('wait answers with the running action when the time is over', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG);
	const { json } = await p.get(`/v1/async-actions/${id}?wait=0`);
	assertAction(json);
	assert.notEqual(json.status, 'DONE');
	assert.equal((await p.get(`/v1/async-actions/${id}?wait=60`)).json.status, 'DONE');
});

test('many may wait for one action', async () => {
	const p = await newProject(server);
	const id = await p.startImport(giftFile(20000));
	const answers = await Promise.all(
		Array.from({ length: 40 }, () => p.get(`/v1/async-actions/${id}?wait=60`)));
	for (const { json } of answers)
		assert.equal(json.status, 'DONE');
});

test('wait sees the end of an action too small to be seen running', async () => {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1'));
	for (let n = 0; n < 20; n++) {
		const id = await p.start('/v1/vouchers/metadata/async', { codes: ['A'], metadata: { n } });
		const { json } = await p.get(`/v1/async-actions/${id}?wait=60`);
		assertAction(json);
		assert.equal(json.status, 'DONE');
	}
});

test('wait sees the end of an action that waits for another one', async () => {
	const p = await newProject(server);
	await p.startImport(BIG);
	const id = await p.start('/v1/vouchers/metadata/async', { codes: ['G0000001'], metadata: { n: 1 } });
	const { json } = await p.get(`/v1/async-actions/${id}?wait=60`);
	assert.equal(json.status, 'DONE');
	assert.equal(json.result.done_count, 1);
});

/* ---- events ---- */

/** Server-sent events up to the end of the stream: [{ event, data }]. */
function parseEvents(text) {
	assert.ok(text.endsWith('\n\n'));
	return text.split('\n\n').filter(block => block !== '' && !block.startsWith(':')).map(block => {
		const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? assert.fail(block);
		return { event, data: JSON.parse(data) };
	});
}

async function events(p, id) {
	const answer = await p.get(`/v1/async-actions/${id}/events`);
	assert.equal(answer.status, 200);
	assert.equal(answer.headers.get('content-type'), 'text/event-stream');
	assert.equal(answer.headers.get('cache-control'), 'no-store');
	return parseEvents(answer.text);
}

test('events tell the progress, then the end', async () => {
	const p = await newProject(server);
	const all = await events(p, await p.startImport(BIG));
	assert.equal(all.at(-1).event, 'end');
	assert.ok(all.length >= 3, 'some progress was seen');
	let rows = 0, progress = 0;
	for (const { event, data } of all.slice(0, -1)) {
		assert.equal(event, 'progress');
		assert.deepEqual(Object.keys(data),
			['status', 'progress', 'rows_done', 'rows_per_second', 'seconds_left']);
		assert.ok(data.rows_done >= rows && data.progress >= progress, 'neither goes back');
		assert.ok(data.rows_per_second >= 0);
		assert.ok(data.seconds_left === null || data.seconds_left >= 0);
		({ rows_done: rows, progress } = data);
	}
	const { data } = all.at(-1);
	assert.equal(data.status, 'DONE');
	assert.equal(data.progress, 100);
	assert.equal(data.rows_done, 200000);
	assert.equal(data.seconds_left, 0);
});

test('events of an action that has ended are the end alone', async () => {
	const p = await newProject(server);
	const { id } = await p.import(giftFile(5));
	const [{ event, data }, ...more] = await events(p, id);
	assert.deepEqual(more, []);
	assert.equal(event, 'end');
	const { rows_per_second, ...rest } = data;
	assert.ok(Number.isInteger(rows_per_second) && rows_per_second >= 0);
	assert.deepEqual(rest, { status: 'DONE', progress: 100, rows_done: 5, seconds_left: 0 });
});

test('events end with FAILED when the file cannot be read to its end', async () => {
	const p = await newProject(server);
	const { id } = await p.import(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1', 'B,"GIFT_VOUCHER,1'));
	const end = (await events(p, id)).at(-1);
	assert.equal(end.event, 'end');
	assert.equal(end.data.status, 'FAILED');
	assert.equal(end.data.rows_done, 1);
});

test('events of an action that waits say so, then tell the end', async () => {
	const p = await newProject(server);
	await p.startImport(BIG);
	const id = await p.start('/v1/vouchers/metadata/async', { codes: ['G0000001'], metadata: { n: 1 } });
	const all = await events(p, id);
	assert.equal(all[0].data.status, 'ENQUEUED');
	assert.equal(all.at(-1).event, 'end');
	assert.equal(all.at(-1).data.status, 'DONE');
	assert.equal(all.at(-1).data.rows_done, 1);
});

test('a follower may leave in the middle', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG);
	const answer = await fetch(`${server.base}/v1/async-actions/${id}/events`, { headers: p.headers });
	const reader = answer.body.getReader();
	await reader.read();
	await reader.cancel();
	const action = await p.wait(id);
	assert.equal(action.result.done_count, 200000);
});
