// SPDX-License-Identifier: MIT
/* Promotions: campaigns with tiers instead of codes (reference 4.1, 6.3, 6.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertInvalidPayload, assertInvalidQuery, assertNotFound, newProject, TIME } from '../support/api.mjs';
import { startServer } from '../support/server.mjs';

const server = await apiServer();

const PATH = '/v1/campaigns';
const PROMOTIONS = '/v1/promotions';
const ID = /^promo_[0-9A-Za-z]{24}$/;
const amount = { type: 'AMOUNT', amount_off: 1000 };

async function create(p, tiers, body) {
	const { status, text, json } = await p.post(PATH, { name: 'P', campaign_type: 'PROMOTION', promotion: { tiers }, ...body });
	assert.equal(status, 200, text);
	return json;
}

const get = async (p, path) => {
	const { status, text, json } = await p.get(path);
	assert.equal(status, 200, text);
	return json;
};

const summary = { redemptions: { total_redeemed: 0 }, orders: { total_amount: 0, total_discount_amount: 0 } };
const noRules = { object: 'list', data_ref: 'data', data: [], total: 0 };

test('a tier comes back with all that belongs to it, from the campaign and alone', async () => {
	const p = await newProject(server);
	const campaign = await create(p, [{ name: 'First', action: { discount: amount } }]);
	const { promotion: { tiers: [tier], ...list }, id } = campaign;
	assert.deepEqual(list, { object: 'list', data_ref: 'tiers', total: 1, has_more: false });
	assert.match(tier.id, ID);
	assert.match(tier.created_at, TIME);
	assert.deepEqual(tier, {
		id: tier.id, created_at: tier.created_at, name: 'First', action: { discount: amount }, metadata: {}, hierarchy: 1, promotion_id: id,
		campaign: { id, start_date: null, expiration_date: null, active: true, object: 'campaign' }, campaign_id: id, active: true,
		summary, object: 'promotion_tier', validation_rule_assignments: noRules, category_id: null, categories: []
	});
	for (const name of [id, 'P'])
		assert.deepEqual(await get(p, `${PATH}/${name}`), campaign);
	assert.deepEqual(await get(p, `${PROMOTIONS}/tiers/${tier.id}`), tier);
	assert.deepEqual(await get(p, `${PROMOTIONS}/P/tiers`), campaign.promotion);
	const { campaigns: [listed] } = await get(p, PATH);
	assert.ok(!('promotion' in listed));
});

test('a tier keeps what it was given, beside what its campaign was given', async () => {
	const p = await newProject(server);
	const { json: category } = await p.post('/v1/categories', { name: 'Shoes', hierarchy: 1 });
	const dates = { start_date: '2022-09-21T00:00:00.000Z', expiration_date: '2022-09-30T00:00:00.000Z' };
	const validity = { validity_timeframe: { interval: 'P2D', duration: 'P1D' }, validity_day_of_week: [1, 2] };
	const { promotion: { tiers: [tier, named] }, id } = await create(p, [
		{
			name: 'Ä', banner: 'Get 40% off', action: { discount: { type: 'PERCENT', percent_off: 40, effect: 'APPLY_TO_ORDER', amount_limit: 5000 } },
			metadata: { level: 'B', n: 29.990 }, active: false, hierarchy: 7, category_id: category.id, validation_rules: ['val_q8qUBMOh5qIQ'], ...dates, ...validity
		},
		{ name: 'B', hierarchy: 9, action: { discount: amount }, category: 'Shoes' }
	], { start_date: '2020-08-16', category: 'Shoes', metadata: { region: 'EU' }, validity_day_of_week: [0] });
	const { campaign, validation_rule_assignments: { data: [rule], total }, ...rest } = tier;
	assert.deepEqual(campaign, {
		id, start_date: '2020-08-16T00:00:00.000Z', expiration_date: null, validity_day_of_week: [0], active: true, category_id: category.id, object: 'campaign'
	});
	assert.deepEqual([rule.rule_id, rule.related_object_id, rule.related_object_type, total], ['val_q8qUBMOh5qIQ', tier.id, 'promotion_tier', 1]);
	assert.deepEqual(rest, {
		id: tier.id, created_at: tier.created_at, name: 'Ä', banner: 'Get 40% off',
		action: { discount: { type: 'PERCENT', percent_off: 40, effect: 'APPLY_TO_ORDER', amount_limit: 5000 } },
		metadata: { level: 'B', n: 29.990 }, hierarchy: 7, promotion_id: id, campaign_id: id, active: false, ...dates, ...validity, summary,
		object: 'promotion_tier', category: 'Shoes', category_id: category.id, categories: [category]
	});
	assert.deepEqual([named.category, named.category_id], ['Shoes', category.id]);
});

test('an action may be the bare discount; the order is that of the hierarchy, else as given', async () => {
	const p = await newProject(server);
	const { promotion: { tiers } } = await create(p, [
		{ name: 'c', action: amount, hierarchy: 3 }, { name: 'b', action: { type: 'UNIT', unit_off: 1, unit_type: 'prod_1' } }, { name: 'a', hierarchy: 1 }
	]);
	assert.deepEqual(tiers.map(t => [t.name, t.hierarchy, t.action]), [
		['a', 1, undefined], ['b', 2, { discount: { type: 'UNIT', unit_off: 1, unit_type: 'prod_1' } }], ['c', 3, { discount: amount }]
	]);
	assert.equal(new Set(tiers.map(t => t.id)).size, 3);
});

test('a promotion needs no tiers, and a change keeps them', async () => {
	const p = await newProject(server);
	for (const [name, promotion] of [['A', undefined], ['B', null], ['C', {}], ['D', { tiers: null }], ['E', { tiers: [] }]]) {
		const made = await create(p, null, { name, promotion });
		assert.deepEqual(made.promotion, { object: 'list', data_ref: 'tiers', tiers: [], total: 0, has_more: false });
	}
	const campaign = await create(p, [{ name: 'T', action: amount }], { name: 'F' });
	const { json: changed } = await p.request('PUT', `${PATH}/F`, { json: { start_date: '2030-01-01' } });
	const [tier] = changed.promotion.tiers;
	assert.equal(tier.id, campaign.promotion.tiers[0].id);
	assert.equal(tier.campaign.start_date, '2030-01-01T00:00:00.000Z');
	assert.equal((await p.post(`${PATH}/F/disable`)).status, 200);
	assert.equal((await get(p, `${PROMOTIONS}/tiers/${tier.id}`)).campaign.active, false);
});

test('tiers that cannot be are refused by their place, and nothing is made', async () => {
	const p = await newProject(server);
	const good = { name: 'T', action: amount };
	const at = '.promotion.tiers[1]';
	for (const [tier, details] of [
		[1, `Property ${at} must be object`],
		[{}, `Property ${at} should have required property 'name'`],
		[{ name: 5 }, `Property ${at}.name must be string`],
		[{ name: '' }, `Property ${at}.name must NOT have fewer than 1 characters`],
		[{ name: 'T', banner: 1 }, `Property ${at}.banner must be string,null`],
		[{ name: 'T', hierarchy: 'x' }, `Property ${at}.hierarchy must be integer`],
		[{ name: 'T', active: 'x' }, `Property ${at}.active must be boolean,null`],
		[{ name: 'T', metadata: [] }, `Property ${at}.metadata must be object,null`],
		[{ name: 'T', start_date: 'x' }, `Property ${at}.start_date cannot be recognized as a ISO-8601 compliant date`],
		[{ name: 'T', validity_day_of_week: [9] }, null],
		[{ name: 'T', action: 'x' }, `Property ${at}.action must be object`],
		[{ name: 'T', action: {} }, `Property ${at}.action.discount should have required property 'type'`],
		[{ name: 'T', action: { discount: null } }, `Property ${at}.action.discount must be object`],
		[{ name: 'T', action: { discount: { type: 'AMOUNT' } } }, `Property ${at}.action.discount should have required property 'amount_off'`],
		[{ name: 'T', action: { type: 'PERCENT', percent_off: 101 } }, `Property ${at}.action.discount.percent_off must be <= 100`],
		[{ name: 'T', action: { discount: { type: 'X' } } }, null]
	]) {
		const answer = await p.post(PATH, { name: 'P', campaign_type: 'PROMOTION', promotion: { tiers: [good, tier] } });
		if (details !== null)
			assertInvalidPayload(answer, details);
		assert.equal(answer.status, 400, answer.text);
		assert.match(answer.json.details, /^Property \.promotion\.tiers\[1\]/);
	}
	const over = { name: 'P', campaign_type: 'PROMOTION', promotion: { tiers: Array(101).fill(good) } };
	assertInvalidPayload(await p.post(PATH, over), 'Property .promotion.tiers must NOT have more than 100 items');
	assertInvalidPayload(await p.post(PATH, { ...over, promotion: [] }), 'Property .promotion must be object');
	assertInvalidPayload(await p.post(PATH, { ...over, promotion: { tiers: {} } }), 'Property .promotion.tiers must be array,null');
	const nobody = 'cat_0bb343dee3cdb5ec0c';
	assertNotFound(await p.post(PATH, { ...over, promotion: { tiers: [{ ...good, category_id: nobody }] } }), 'category', nobody);
	assert.equal((await get(p, PATH)).total, 0);
});

test('lists of tiers have pages', async () => {
	const p = await newProject(server);
	const { id, promotion: { tiers } } = await create(p, Array.from({ length: 12 }, (_, i) => ({ name: `T${i}`, action: amount })));
	const first = await get(p, `${PROMOTIONS}/${id}/tiers`);
	assert.deepEqual([first.tiers, first.total, first.has_more], [tiers.slice(0, 10), 12, true]);
	const second = await get(p, `${PROMOTIONS}/${id}/tiers?page=2`);
	assert.deepEqual([second.tiers, second.total, second.has_more], [tiers.slice(10), 12, false]);
	assert.deepEqual((await get(p, `${PROMOTIONS}/${id}/tiers?limit=5&page=9`)).tiers, []);
	assertInvalidQuery(await p.get(`${PROMOTIONS}/${id}/tiers?limit=101`), 'Property .limit must be <= 100');
	assertInvalidQuery(await p.get(`${PROMOTIONS}/${id}/tiers?is_available=true`), 'Property .is_available is not supported yet');
});

test('who is no tier, of another project, or in the bin, is not found', async () => {
	const p = await newProject(server), other = await newProject(server);
	const { id, promotion: { tiers: [tier] } } = await create(p, [{ name: 'T', action: amount }]);
	await p.post(PATH, { name: 'codes', voucher: { type: 'DISCOUNT_VOUCHER', discount: amount } });
	assertNotFound(await p.get(`${PROMOTIONS}/codes/tiers`), 'campaign', 'codes');
	assertNotFound(await p.get(`${PROMOTIONS}/none/tiers`), 'campaign', 'none');
	for (const [q, what] of [[other, tier.id], [p, 'promo_63fYCt81Aw0h7lzyRkrGZh9p'], [p, id]])
		assertNotFound(await q.get(`${PROMOTIONS}/tiers/${what}`), 'promotion_tier', what);
	assert.equal((await p.request('DELETE', `${PATH}/P`)).status, 202);
	assertNotFound(await p.get(`${PROMOTIONS}/tiers/${tier.id}`), 'promotion_tier', tier.id);
});

test('tiers go with their campaign', async t => {
	const own = await startServer({ t });
	const p = await newProject(own);
	const erase = async path => {
		const { status, text, json } = await p.request('DELETE', path);
		assert.equal(status, 202, text);
		assert.equal((await p.wait(json.async_action_id)).result.message, 'Deleted 0 vouchers.');
	};
	await create(p, [{ name: 'T', action: amount }, { name: 'U' }]);
	const { promotion: { tiers: [tier] } } = await create(p, [{ name: 'kept', action: amount }], { name: 'Q' });
	await erase(`${PATH}/P?force=true`);
	const again = await create(p, [{ name: 'new' }]);
	assert.deepEqual(again.promotion.tiers.map(each => each.name), ['new']);
	await erase(`${PATH}/P`); // into the bin: still there
	assert.equal((await get(p, `${PROMOTIONS}/tiers/${tier.id}`)).name, 'kept');
	await own.stop();
	assert.deepEqual(await own.sql('SELECT name FROM promotion_tiers ORDER BY name'), [{ name: 'kept' }, { name: 'new' }]);
});
