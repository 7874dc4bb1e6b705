// SPDX-License-Identifier: MIT
/* POST /v1/campaigns/{id}/importCSV and /import: codes of a campaign from a file or an array (reference 3.1, 3.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, assertError, assertInvalidPayload, assertNotFound, csv, newProject } from '../support/api.mjs';

const server = await apiServer();

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 1000 } };
const CARD = { type: 'LOYALTY_CARD', loyalty_card: { points: 1000 } };

const path = name => `/v1/campaigns/${encodeURIComponent(name)}/importCSV`;

async function projectWith(voucher = DISCOUNT, more = {}) {
	const p = await newProject(server);
	const { status, text, json } = await p.post('/v1/campaigns', { name: 'C', voucher, ...more });
	assert.equal(status, 200, text);
	return { p, campaign: json };
}

async function send(p, text, { name = 'C', fields } = {}) {
	const answer = await server.upload(path(name), text, { project: p.keys, fields });
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual(Object.keys(answer.json), ['async_action_id']);
	const action = await p.wait(answer.json.async_action_id);
	assertAction(action);
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_IMPORT_CSV');
	return action;
}

const count = async p => (await p.get('/v1/campaigns/C')).json.vouchers_count;

test('codes get what the campaign says, and their own columns', async () => {
	const { p, campaign } = await projectWith({ ...DISCOUNT, redemption: { quantity: 5 } }, {
		start_date: '2021-01-01', category: 'tag', metadata: { Region: 'EU', n: 1 }
	});
	const action = await send(p, csv('Code,Active,Category,Region', 'A,TRUE,own,US', 'B,false,,', 'C,,,'), { name: campaign.id });
	assert.deepEqual(action.result, { message: '3 voucher(s) imported successfully, 0 failed.', failed: [], done_count: 3, failed_count: 0 });
	assert.deepEqual(await p.report(action.id), [['1', 'A', 'created', ''], ['2', 'B', 'created', ''], ['3', 'C', 'created', '']]);
	const shown = (await p.allVouchers()).map(v => [
		v.code, v.campaign, v.campaign_id, v.active, v.category, v.metadata, v.discount, v.redemption.quantity, v.start_date
	]);
	const rest = [{ type: 'AMOUNT', amount_off: 1000 }, 5, '2021-01-01T00:00:00.000Z'];
	assert.deepEqual(shown, [
		['A', 'C', campaign.id, true, 'own', { Region: 'US', n: 1 }, ...rest],
		['B', 'C', campaign.id, false, 'tag', { Region: 'EU', n: 1 }, ...rest],
		['C', 'C', campaign.id, true, 'tag', { Region: 'EU', n: 1 }, ...rest]
	]);
	assert.equal(await count(p), 3);
});

test('balances: of gifts in major units, of cards in points, and what is redeemed already', async () => {
	const { p } = await projectWith(GIFT);
	await send(p, csv('Code,Gift Amount,Redeemed Amount,Redeemed Quantity,Loyalty Points', 'G1,,,,', 'G2,12.5,2,1,7'));
	const gifts = (await p.allVouchers()).map(v => [v.code, v.gift, v.redemption.redeemed_quantity, v.redemption.redeemed_amount]);
	assert.deepEqual(gifts, [['G1', { amount: 1000, balance: 1000 }, 0, 0], ['G2', { amount: 1250, balance: 1050 }, 1, 200]]);

	const { p: q } = await projectWith(CARD);
	const action = await send(q, csv('Code,Loyalty Points', 'L1,', 'L2,7', 'L3,x'));
	assert.deepEqual((await q.allVouchers()).map(v => [v.code, v.loyalty_card]), [['L1', { points: 1000, balance: 1000 }], ['L2', { points: 7, balance: 7 }]]);
	assert.deepEqual(action.result.failed, [{ code: 'L3', row: 3, reason: 'Property .loyalty_card.points must be integer' }]);
});

test('a file made for standalone vouchers is taken, its other columns are not metadata', async () => {
	const { p } = await projectWith();
	const action = await send(p, csv(
		'Code,Voucher Type,Active,Start Date,Expiration Date,Discount Type,Value,Category,Redemption Limit,Additional Info,Region',
		'ABC,GIFT_VOUCHER,TRUE,,,PERCENT,50,New,100,info,Asia'
	));
	assert.equal(action.operation_status, 'SUCCESS');
	const [v] = await p.allVouchers();
	assert.deepEqual([v.type, v.discount, v.category, v.category_id, v.metadata, v.redemption.quantity, v.additional_info],
		['DISCOUNT_VOUCHER', { type: 'AMOUNT', amount_off: 1000 }, 'New', null, { Region: 'Asia' }, 100, 'info']);
});

test('of codes that are there only active and category change; those of others are taken', async () => {
	const { p } = await projectWith(GIFT, { metadata: { a: '1' } });
	await p.post('/v1/campaigns', { name: 'D', voucher: GIFT });
	await p.post('/v1/campaigns/D/vouchers/OTHER', {});
	await p.post('/v1/vouchers/ALONE', GIFT);
	await send(p, csv('Code,Category', 'MINE,one'));
	const before = await p.voucher('MINE');
	const action = await send(p, csv('Code,Gift Amount,Category,Active,Start Date,a', 'MINE,99,two,false,2021-01-01,2', 'OTHER,,,,,', 'ALONE,,,,,', 'NEW,,,,,', ',,,,,'));
	assert.deepEqual(action.result.failed, [
		{ code: 'OTHER', row: 2, reason: 'Duplicated voucher exists with id OTHER' },
		{ code: 'ALONE', row: 3, reason: 'Duplicated voucher exists with id ALONE' },
		{ code: '', row: 5, reason: 'Code is required' }
	]);
	const { updated_at, ...after } = await p.voucher('MINE');
	assert.deepEqual(after, (({ updated_at: _, ...rest }) => ({ ...rest, category: 'two', active: false }))(before));
	assert.equal(await count(p), 2);
	const again = await send(p, csv('Code,Category,Active', 'MINE,two,false'));
	assert.deepEqual(await p.report(again.id), [['1', 'MINE', 'unchanged', '']]);
});

test('the same code twice in a file: the second row changes what the first has made', async () => {
	const { p } = await projectWith();
	const action = await send(p, csv('Code,Category,Region', 'A,one,EU', 'A,two,US'));
	assert.deepEqual(await p.report(action.id), [['1', 'A', 'created', ''], ['2', 'A', 'updated', '']]);
	const v = await p.voucher('A');
	assert.deepEqual([v.category, v.metadata], ['two', { Region: 'EU' }]);
	assert.equal(await count(p), 1);
});

test('what the campaign says is frozen with the file, and a change comes behind it', async () => {
	const { p } = await projectWith(DISCOUNT, { category: 'before' });
	const rows = Array.from({ length: 30000 }, (_, i) => `V${i}`);
	const answer = await server.upload(path('C'), csv('Code', ...rows), { project: p.keys });
	const put = await p.request('PUT', '/v1/campaigns/C', { json: { category: 'after' } });
	assert.deepEqual([put.status, put.json.creation_status], [200, 'MODIFYING']);
	const { json: list } = await p.get('/v1/async-actions?limit=1');
	await p.wait(answer.json.async_action_id);
	const change = await p.wait(list.async_actions[0].id);
	assert.deepEqual(change.result, { message: 'Updated 30000 vouchers.', done_count: 30000 });
	const total = async category => (await p.get(`/v1/vouchers?category=${category}&limit=1`)).json.total;
	assert.deepEqual([await total('before'), await total('after'), await count(p)], [0, 30000, 30000]);
});

test('codes of an expired campaign are not active, unless they say so', async () => {
	const { p } = await projectWith(DISCOUNT, { expiration_date: '2020-01-01' });
	await send(p, csv('Code,Active', 'A,', 'B,true'));
	assert.deepEqual((await p.allVouchers()).map(v => v.active), [false, true]);
});

test('a dry run tells the same and changes nothing', async () => {
	const { p } = await projectWith();
	await send(p, csv('Code', 'THERE'));
	const answer = await server.upload(path('C'), csv('Code,Category', 'THERE,x', 'NEW,', 'NEW,y', ',z'), { project: p.keys, fields: { dry_run: 'true' } });
	const action = await p.wait(answer.json.async_action_id);
	assert.deepEqual([action.dry_run, action.result.done_count, action.result.failed_count], [true, 3, 1]);
	assert.deepEqual((await p.report(action.id)).map(row => row[2]), ['updated', 'created', 'updated', 'failed']);
	assert.deepEqual((await p.allVouchers()).map(v => [v.code, v.category]), [['THERE', null]]);
	assert.equal(await count(p), 1);
});

test('what cannot be imported is refused before anything is queued', async () => {
	const { p } = await projectWith();
	const upload = (name, text) => server.upload(path(name), text, { project: p.keys });
	assertNotFound(await upload('None', csv('Code', 'A')), 'campaign', 'None');
	assertInvalidPayload(await upload('C', csv('Name', 'A')), "CSV file should have required column 'Code' (found: Name)");
	await p.post('/v1/campaigns', { name: 'P', campaign_type: 'PROMOTION' });
	assertError(await upload('P', csv('Code', 'A')), {
		code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: 'You can not import vouchers for PROMOTION type campaign.'
	});
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions, []);
});

/* ---- as JSON (reference 3.1) ---- */

const json = name => `/v1/campaigns/${encodeURIComponent(name)}/import`;

test('an array of vouchers: each has what the campaign says, and its own', async () => {
	const { p, campaign } = await projectWith(GIFT, { metadata: { region: 'EU', n: 1 }, category: 'tag' });
	const action = await p.run(json(campaign.id), [
		{ code: 'A' },
		{ code: 'B', type: 'LOYALTY_CARD', category: 'own', redemption: { quantity: 3 }, metadata: { n: 2 }, additional_info: 'info', active: false,
			start_date: '2021-01-01', validity_day_of_week: [1], gift: { amount: 50 } },
		{ code: 'C', redemption: { quantity: null } },
		{ code: 'D', gift: { amount: 5, effect: 'NONE' } }
	]);
	assertAction(action);
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_IMPORT');
	assert.deepEqual([action.result.message, action.result.failed.map(f => f.code)], ['3 voucher(s) imported successfully, 1 failed.', ['D']]);
	const [a, b, c] = await p.allVouchers();
	assert.deepEqual([a.gift, a.metadata, a.category, a.active, a.campaign_id], [{ amount: 1000, balance: 1000 }, { region: 'EU', n: 1 }, 'tag', true, campaign.id]);
	assert.deepEqual(
		[b.type, b.gift, b.metadata, b.category, b.redemption.quantity, b.additional_info, b.active, b.start_date, b.validity_day_of_week],
		['GIFT_VOUCHER', { amount: 50, balance: 50 }, { region: 'EU', n: 2 }, 'own', 3, 'info', false, '2021-01-01T00:00:00.000Z', [1]]
	);
	assert.equal(c.redemption.quantity, null);
	assert.deepEqual(await p.report(action.id).then(rows => rows.map(row => row[2])), ['created', 'created', 'created', 'failed']);
	assert.equal(await count(p), 3);
});

test('codes that are taken, or there twice, refuse the whole body, with their number', async () => {
	const { p } = await projectWith();
	await p.post('/v1/vouchers/ALONE', GIFT);
	await p.post('/v1/campaigns/C/vouchers/MINE', {});
	await p.post('/v1/campaigns/C/vouchers/BINNED', {});
	await p.request('DELETE', '/v1/vouchers/BINNED');
	const refused = n => ({ code: 400, key: 'duplicate_key', message: 'Duplicate codes', details: `${n} voucher codes(s) already exist.` });
	assertError(await p.post(json('C'), [{ code: 'NEW' }, { code: 'ALONE' }, { code: 'MINE' }, { code: 'BINNED' }]), refused(3));
	assertError(await p.post(json('C'), [{ code: 'X' }, { code: 'X' }, { code: 'X' }]), refused(2));
	assert.equal(await p.voucher('NEW'), undefined);
	/* A body that lies in the spool: codes far apart. */
	const many = Array.from({ length: 3000 }, (_, i) => ({ code: `V${i}`, metadata: { text: 'x'.repeat(200) } }));
	assertError(await p.post(json('C'), [...many, { code: 'V0' }, { code: 'MINE' }]), refused(2));
	const action = await p.run(json('C'), many);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [3000, 0]);
	assertError(await p.post(json('C'), many), refused(3000));
	assert.equal(await count(p), 3001);
});

test('records without a code, and records of a wrong shape, refuse the body', async () => {
	const { p } = await projectWith();
	assertError(await p.post(json('C'), [{ code: 'A' }, { active: true }, { code: '' }]), {
		code: 400, key: 'invalid_voucher', message: 'Invalid Voucher', details: "Found 2 voucher(s) without 'code' value"
	});
	const { status, json: wrong } = await p.post(json('C'), [{ code: 'A', redemption: { quantity: 'x' } }]);
	assert.deepEqual([status, wrong.key], [400, 'invalid_payload']);
	assert.match(wrong.details, /^Property \.redemption\.quantity must be integer,null/);
	assertNotFound(await p.post(json('None'), [{ code: 'A' }]), 'campaign', 'None');
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions, []);
});
