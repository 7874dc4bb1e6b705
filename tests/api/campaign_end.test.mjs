// SPDX-License-Identifier: MIT
/* A campaign that is changed, and one that is deleted: what becomes of its vouchers (reference 3.3, 3.4, 4.10). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ACTION_ID, apiServer, assertAction, assertError, assertNotFound, csv, newProject, until } from '../support/api.mjs';

const server = await apiServer();

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 500 } };

const at = (...parts) => `/v1/campaigns/${parts.map(encodeURIComponent).join('/')}`;

async function projectWith(body = {}) {
	const p = await newProject(server);
	return { p, campaign: await create(p, body) };
}

async function create(p, body = {}) {
	const { status, text, json } = await p.post('/v1/campaigns', { name: 'C', voucher: DISCOUNT, ...body });
	assert.equal(status, 200, text);
	return json;
}

async function add(p, code, body = {}, name = 'C') {
	const { status, text, json } = await p.post(at(name, 'vouchers', code), body);
	assert.equal(status, 200, text);
	return json;
}

async function importInto(p, file, name = 'C') {
	const { status, text, json } = await server.upload(at(name, 'importCSV'), file, { project: p.keys });
	assert.equal(status, 200, text);
	const action = await p.wait(json.async_action_id);
	assert.deepEqual([action.status, action.result.failed], ['DONE', []]);
}

/** The last action of the project, when it has ended. */
async function lastAction(p, type, result) {
	const { json } = await p.get('/v1/async-actions?limit=1');
	const action = await p.wait(json.async_actions[0].id);
	assertAction(action);
	assert.equal(action.type, type);
	assert.deepEqual([action.status, action.operation_status, action.progress], ['DONE', 'SUCCESS', 100]);
	assert.deepEqual(action.result, result);
	return action;
}

const updated = n => ({ message: `Updated ${n} vouchers.`, done_count: n });
const deleted = n => ({ message: `Deleted ${n} vouchers.`, done_count: n });

/** Changes the campaign, which is shown as changed at once, and waits for its vouchers. */
async function change(p, body, n, name = 'C') {
	const { status, text, json } = await p.request('PUT', at(name), { json: body });
	assert.equal(status, 200, text);
	assert.equal(json.creation_status, 'MODIFYING');
	const action = await lastAction(p, 'CAMPAIGN.VOUCHERS_UPDATE', updated(n));
	const now = (await p.get(at(name))).json;
	assert.equal(now.creation_status, 'DONE');
	return { json, now, action };
}

async function remove(p, name, n, query = '') {
	const { status, text, json } = await p.request('DELETE', at(name) + query);
	assert.equal(status, 202, text);
	assert.deepEqual(Object.keys(json), ['async_action_id']);
	assert.match(json.async_action_id, ACTION_ID);
	assertNotFound(await p.get(at(name)), 'campaign', name);
	return lastAction(p, 'CAMPAIGN.VOUCHERS_DELETE', deleted(n));
}

const bin = async p => (await p.get('/v1/trash-bin')).json.data;
const total = async (p, query = '') => (await p.get(`/v1/vouchers?limit=1${query}`)).json.total;

/* ---- changed ---- */

test('vouchers get what has changed of their campaign', async () => {
	const { p, campaign } = await projectWith({ start_date: '2021-01-01', metadata: { a: 1, b: { x: 1 } }, category: 'old' });
	const before = await add(p, 'A');
	await add(p, 'OWN', { metadata: { b: 2, own: true }, start_date: '2022-02-02', category: 'mine', redemption: { quantity: 3 } });
	const { json } = await change(p, {
		start_date: '2023-03-03', expiration_date: '2090-01-01T00:00:00.000Z', category: 'new', metadata: { b: 3, c: null },
		validity_day_of_week: [1, 2], discount: { type: 'AMOUNT', amount_off: 77, effect: 'APPLY_TO_ORDER' }
	}, 2);
	assert.equal(json.id, campaign.id);
	const a = await p.voucher('A'), own = await p.voucher('OWN');
	for (const v of [a, own]) {
		assert.deepEqual([v.start_date, v.expiration_date, v.category, v.validity_day_of_week], ['2023-03-03T00:00:00.000Z', '2090-01-01T00:00:00.000Z', 'new', [1, 2]]);
		assert.deepEqual(v.discount, { type: 'AMOUNT', amount_off: 77, effect: 'APPLY_TO_ORDER' });
		assert.ok(v.updated_at > v.created_at);
	}
	assert.deepEqual(a.metadata, { a: 1, b: 3, c: null });
	assert.deepEqual(own.metadata, { a: 1, b: 3, own: true, c: null });
	assert.deepEqual([a.id, a.active, own.redemption.quantity], [before.id, true, 3]);
	assert.deepEqual([await total(p), await total(p, '&category=new'), await total(p, '&category=old'), await total(p, '&category=mine')], [2, 2, 0, 0]);
});

test('null clears, and keys of metadata can be removed', async () => {
	const { p } = await projectWith({ expiration_date: '2090-01-01', category: 'old', metadata: { a: 1, b: 2 }, validity_day_of_week: [1] });
	await add(p, 'A', { metadata: { own: 1 } });
	await add(p, 'B');
	await change(p, { expiration_date: null, category: null, unset_metadata_fields: ['a', 'none'], validity_day_of_week: null }, 2);
	const a = await p.voucher('A'), b = await p.voucher('B');
	assert.deepEqual([a.expiration_date, a.category, a.category_id, a.validity_day_of_week], [null, null, null, null]);
	assert.deepEqual([a.metadata, b.metadata], [{ b: 2, own: 1 }, { b: 2 }]);
	await change(p, { unset_metadata_fields: ['b'] }, 2);
	assert.deepEqual([(await p.voucher('A')).metadata, (await p.voucher('B')).metadata], [{ own: 1 }, {}]);
	assert.equal(await total(p, '&category=old'), 0);
});

test('what was redeemed stays, and what is in the bin', async () => {
	const { p } = await projectWith();
	await importInto(p, csv('Code,Redeemed Quantity', 'FRESH,0', 'USED,2'));
	await add(p, 'BINNED');
	await p.request('DELETE', '/v1/vouchers/BINNED');
	await change(p, { start_date: '2023-03-03' }, 1);
	assert.equal((await p.voucher('FRESH')).start_date, '2023-03-03T00:00:00.000Z');
	assert.equal((await p.voucher('USED')).start_date, null);
});

test('a gift that was booked on by hand keeps its amount', async () => {
	const { p } = await projectWith({ voucher: GIFT });
	await add(p, 'A');
	await add(p, 'B');
	assert.equal((await p.post('/v1/vouchers/B/balance', { amount: 100 })).status, 200);
	await change(p, { gift: { amount: 900 }, start_date: '2023-03-03' }, 2);
	assert.deepEqual((await p.voucher('A')).gift.amount, 900);
	const b = await p.voucher('B');
	assert.deepEqual([b.gift.amount, b.gift.balance, b.start_date], [600, 600, '2023-03-03T00:00:00.000Z']);
});

test('nothing is scheduled where no voucher is touched', async () => {
	const { p } = await projectWith();
	const put = async json => (await p.request('PUT', at('C'), { json })).json;
	assert.equal((await put({ expiration_date: '2090-01-01' })).creation_status, 'DONE', 'it has none');
	await add(p, 'A');
	assert.equal((await put({ description: 'new', type: 'AUTO_UPDATE', join_once: true })).creation_status, 'DONE');
	const schema = await create(p, { name: 'S', use_voucher_metadata_schema: false });
	await add(p, 'B', {}, 'S');
	assert.equal((await p.request('PUT', at(schema.id), { json: { metadata: { a: 1 } } })).json.creation_status, 'DONE', 'codes do not have it');
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions, []);
	await change(p, { expiration_date: '2090-01-01' }, 1); // the campaign has it already, its voucher may not
});

test('a change comes after what was asked for before, and codes after it are new', async () => {
	const { p } = await projectWith({ vouchers_count: 3000 });
	const { json } = await p.request('PUT', at('C'), { json: { start_date: '2023-03-03' } });
	assert.deepEqual([json.creation_status, json.start_date], ['MODIFYING', '2023-03-03T00:00:00.000Z']);
	await add(p, 'LATER', { start_date: '2024-04-04' });
	await lastAction(p, 'CAMPAIGN.VOUCHERS_UPDATE', updated(3000));
	assert.equal((await p.voucher('LATER')).start_date, '2024-04-04T00:00:00.000Z');
	const filter = 'filters[start_date][conditions][$is][0]=2023-03-03T00:00:00.000Z&filters[junction]=AND';
	assert.equal(await total(p, `&${filter}`), 3000);
});

test('who changes a voucher while the campaign\'s change waits keeps what they gave, and has the rest', async () => {
	const { p } = await projectWith({ metadata: { k: 1, n: 1 }, category: 'old' });
	await add(p, 'A');
	await add(p, 'B');
	const big = await p.startImport(csv('Code,Voucher Type,Discount Type,Value', ...Array.from({ length: 60000 }, (_, i) => `X${i},DISCOUNT_VOUCHER,AMOUNT,1`)));
	assert.equal((await p.request('PUT', at('C'), { json: { start_date: '2023-03-03', category: 'new', metadata: { n: 2, m: 2 }, unset_metadata_fields: ['k'] } })).status, 200);
	assert.equal((await p.request('PUT', '/v1/vouchers/A', { json: { category: 'own', metadata: { n: 3, k: 3 }, additional_info: 'mine' } })).status, 200);
	assert.equal((await p.action(big)).status, 'IN_PROGRESS', 'the change has waited');
	await p.wait(big);
	await lastAction(p, 'CAMPAIGN.VOUCHERS_UPDATE', updated(2));
	const a = await p.voucher('A'), b = await p.voucher('B');
	assert.deepEqual([a.start_date, a.category, a.metadata, a.additional_info], ['2023-03-03T00:00:00.000Z', 'own', { k: 3, n: 3, m: 2 }, 'mine']);
	assert.deepEqual([b.start_date, b.category, b.metadata], ['2023-03-03T00:00:00.000Z', 'new', { n: 2, m: 2 }]);
	assert.deepEqual([await total(p, '&category=old'), await total(p, '&category=new'), await total(p, '&category=own')], [0, 1, 1]);
});

test('metadata that would grow too long stays, all else changes', async () => {
	const { p } = await projectWith();
	const long = 'x'.repeat(200000);
	await add(p, 'LONG', { metadata: { own: long } });
	await add(p, 'A');
	await change(p, { metadata: { more: 'y'.repeat(100000) }, start_date: '2023-03-03' }, 2);
	const v = await p.voucher('LONG');
	assert.deepEqual([v.metadata, v.start_date], [{ own: long }, '2023-03-03T00:00:00.000Z']);
	assert.equal((await p.voucher('A')).metadata.more.length, 100000);
});

test('a change that cannot be is refused whole', async () => {
	const { p } = await projectWith();
	await add(p, 'A');
	assertError(await p.request('PUT', at('C'), { json: { start_date: '2023-03-03', discount: { type: 'PERCENT', percent_off: 5 } } }), {
		code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: 'It is not possible to change Voucher discount type'
	});
	assert.equal((await p.get(at('C'))).json.start_date, undefined);
	assert.equal((await p.voucher('A')).start_date, null);
});

/* ---- a voucher of a campaign, changed by itself ---- */

test('an import changes only active and category of a campaign\'s voucher, a request everything', async () => {
	const { p } = await projectWith();
	await add(p, 'A');
	await p.load(csv('Code,Voucher Type,Discount Type,Value,Category,Active,Additional Info,Color', 'A,DISCOUNT_VOUCHER,AMOUNT,5,new,false,info,red'));
	const imported = await p.voucher('A');
	assert.deepEqual([imported.category, imported.active, imported.additional_info, imported.metadata, imported.discount.amount_off], ['new', false, null, {}, 1000]);
	const { status, json } = await p.request('PUT', '/v1/vouchers/A', { json: { metadata: { a: 1 }, additional_info: 'x', start_date: '2021-01-01', discount: { type: 'AMOUNT', amount_off: 5 } } });
	assert.equal(status, 200);
	assert.deepEqual([json.metadata, json.additional_info, json.start_date, json.discount.amount_off], [{ a: 1 }, 'x', '2021-01-01T00:00:00.000Z', 5]);
});

/* ---- deleted ---- */

test('a deleted campaign and its vouchers are in the bin, their names taken', async () => {
	const { p, campaign } = await projectWith({ category: 'tag' });
	for (const code of ['A', 'B', 'C'])
		await add(p, code);
	await p.request('DELETE', '/v1/vouchers/C');
	await create(p, { name: 'Other', category: 'tag' });
	await add(p, 'O', {}, 'Other');
	await remove(p, 'C', 2);
	assert.equal(await p.voucher('A'), undefined);
	assert.deepEqual([await total(p), await total(p, '&category=tag'), await total(p, `&campaign_id=${campaign.id}`)], [1, 1, 0]);
	assert.deepEqual((await p.get('/v1/campaigns')).json.campaigns.map(c => c.name), ['Other']);
	const entries = await bin(p);
	assert.deepEqual(entries.map(e => [e.resource_type, e.object, e.resource_name, e.resource_id, e.resource_parent_id].join()).sort(),
		[`campaign,campaign,C,${campaign.id},`, entries.find(e => e.resource_name === 'C' && e.object === 'voucher')].map(e => e.object ? [e.resource_type, e.object, 'C', e.resource_id, campaign.id].join() : e).sort());
	const found = async condition => (await p.get(`/v1/trash-bin?filters[resource_id][conditions]${condition}`)).json.data.map(e => e.resource_type);
	assert.deepEqual(await found(`[$is]=${campaign.id}`), ['campaign']);
	assert.deepEqual(await found(`[$is_not]=${campaign.id}`), ['voucher']);
	assert.deepEqual(await found('[$is]=camp_none'), []);
	assertError(await p.post('/v1/campaigns', { name: 'C', voucher: DISCOUNT }), {
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found', details: 'Duplicated campaign exists with name C',
		resource_id: 'C', resource_type: 'campaign'
	});
	assert.equal((await p.post('/v1/vouchers/A', DISCOUNT)).status, 409);
	assertNotFound(await p.request('DELETE', at('C')), 'campaign', 'C');
});

test('with force nothing is left, and names and codes are free', async () => {
	const { p } = await projectWith({ voucher: GIFT });
	for (const code of ['A', 'B', 'C'])
		await add(p, code);
	assert.equal((await p.post('/v1/vouchers/B/balance', { amount: 100 })).status, 200);
	await p.request('DELETE', '/v1/vouchers/C'); // in the bin: it goes as well
	await remove(p, 'C', 3, '?force=true');
	assert.deepEqual(await bin(p), []);
	assert.equal(await total(p), 0);
	const again = await create(p, { name: 'C' });
	assert.equal(again.vouchers_count, 0);
	assert.equal((await add(p, 'B')).campaign_id, again.id);
	assert.deepEqual((await p.get('/v1/vouchers/B/transactions')).json.data, []);
});

test('a campaign is erased from the bin with its vouchers', async () => {
	const { p } = await projectWith({ vouchers_count: 2500 });
	await until(async () => (await p.get(at('C'))).json.vouchers_count === 2500);
	await remove(p, 'C', 2500);
	const [entry] = await bin(p);
	assert.equal((await p.request('DELETE', `/v1/trash-bin/${entry.id}`)).status, 204);
	assert.equal((await p.request('DELETE', `/v1/trash-bin/${entry.id}`)).status, 404);
	assert.deepEqual(await bin(p), []);
	await lastAction(p, 'CAMPAIGN.VOUCHERS_DELETE', deleted(2500));
	assert.equal((await create(p, { name: 'C' })).vouchers_count, 0);
});

test('a campaign without vouchers says so', async () => {
	const { p } = await projectWith({ campaign_type: 'PROMOTION', voucher: undefined, promotion: { tiers: [] } });
	await remove(p, 'C', 0);
	const { p: q } = await projectWith();
	await remove(q, 'C', 0, '?force=true');
	assertNotFound(await q.request('DELETE', at('none')), 'campaign', 'none');
});

test('an action that comes later finds no deleted campaign', async () => {
	const { p } = await projectWith({ vouchers_count: 5000 });
	assert.equal((await p.request('DELETE', at('C'))).status, 202); // waits for the codes
	assertNotFound(await p.post(`${at('C', 'vouchers')}?vouchers_count=5`), 'campaign', 'C');
	assertNotFound(await p.post(at('C', 'vouchers', 'X')), 'campaign', 'C');
	assertNotFound(await p.request('PUT', at('C'), { json: { description: 'x' } }), 'campaign', 'C');
	await lastAction(p, 'CAMPAIGN.VOUCHERS_DELETE', deleted(5000));
});

test('a cancelled deletion brings the campaign back with what it still has', async () => {
	const { p } = await projectWith();
	await add(p, 'A');
	const big = await p.startImport(csv('Code,Voucher Type,Discount Type,Value', ...Array.from({ length: 60000 }, (_, i) => `B${i},DISCOUNT_VOUCHER,AMOUNT,1`)));
	const { json } = await p.request('DELETE', at('C')); // waits for the import
	assertNotFound(await p.get(at('C')), 'campaign', 'C');
	assertNotFound(await p.get('/v1/vouchers/A'), 'voucher', 'A');
	assert.equal((await bin(p)).length, 1);
	const cancelled = await p.post(`/v1/async-actions/${json.async_action_id}/cancel`);
	assert.equal(cancelled.status, 200, cancelled.text);
	assert.equal((await p.get(at('C'))).json.vouchers_count, 1);
	assert.equal((await p.voucher('A')).code, 'A');
	assert.deepEqual(await bin(p), []);
	await p.wait(big);
	await remove(p, 'C', 1);
});

test('an import that comes later finds the codes of a deleted campaign taken', async () => {
	const { p } = await projectWith();
	await add(p, 'A');
	const header = 'Code,Voucher Type,Discount Type,Value';
	const rows = (prefix, length) => Array.from({ length }, (_, i) => `${prefix}${i},DISCOUNT_VOUCHER,AMOUNT,1`);
	const big = await p.startImport([header, ...rows('B', 200000), ''].join('\n'));
	const { json } = await p.request('DELETE', `${at('C')}?force=true`); // waits for that import
	const later = await p.import(csv(header, ...rows('0', 300), 'A,DISCOUNT_VOUCHER,AMOUNT,1', ...rows('Z', 300)));
	assert.equal((await p.action(big)).status, 'IN_PROGRESS');
	assert.deepEqual(later.result.failed, [{ code: 'A', row: 301, reason: 'Duplicated voucher exists with id A' }]);
	await p.wait(big);
	await p.wait(json.async_action_id);
	assert.equal((await p.import(csv(header, 'A,DISCOUNT_VOUCHER,AMOUNT,1'))).result.done_count, 1);
	assert.equal(await total(p), 200601);
});
