// SPDX-License-Identifier: MIT
/* /v1/campaigns: made, read, listed, changed; their codes have tests of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, assertInvalidPayload, assertInvalidQuery, assertNotFound, newProject, TIME } from '../support/api.mjs';

const server = await apiServer();

const PATH = '/v1/campaigns';
const ID = /^camp_[0-9A-Za-z]{24}$/;
const CHARSET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const voucher = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };

const INVALID = { code: 400, key: 'invalid_campaign', message: 'Invalid Campaign' };

async function create(p, body) {
	const { status, text, json } = await p.post(PATH, { name: 'C', voucher, ...body });
	assert.equal(status, 200, text);
	return json;
}

const at = name => `${PATH}/${encodeURIComponent(name)}`;
const put = (p, name, json) => p.request('PUT', at(name), { json });

/* What a campaign of nothing but a name and a discount is: reference 4.1. */
const DEFAULTS = {
	campaign_type: 'DISCOUNT_COUPONS', type: 'STATIC',
	voucher: {
		type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 }, redemption: { quantity: null },
		code_config: { length: 8, charset: CHARSET, pattern: '########' }, is_referral_code: false
	},
	auto_join: false, join_once: false, use_voucher_metadata_schema: true, vouchers_count: 0, active: true,
	creation_status: 'DONE', vouchers_generation_status: 'DONE', protected: false, category_id: null, categories: [],
	validation_rules_assignments: { object: 'list', data_ref: 'data', data: [], total: 0 }, object: 'campaign'
};

test('a campaign is created with its defaults, and is read by id and by name as it was answered', async () => {
	const p = await newProject(server);
	const { status, text, json } = await p.post(PATH, { name: 'Spring 10%/ä', voucher, color: 'skipped' });
	assert.equal(status, 200, text);
	const { id, name, created_at, ...rest } = json;
	assert.match(id, ID);
	assert.match(created_at, TIME);
	assert.equal(name, 'Spring 10%/ä');
	assert.deepEqual(rest, DEFAULTS);
	assert.equal((await p.get(at(id))).text, text);
	assert.equal((await p.get(at(name))).text, text);
});

for (const [campaign_type, template, more] of [
	['GIFT_VOUCHERS', { type: 'GIFT_VOUCHER', gift: { amount: 1000, effect: 'APPLY_TO_ORDER' } }, {}],
	['LOYALTY_PROGRAM', {
		type: 'LOYALTY_CARD',
		loyalty_card: { points: 1000, expiration_rules: { period_type: 'MONTH', period_value: 3, rounding_type: 'END_OF_YEAR' } }
	}, { join_once: true }],
	['REFERRAL_PROGRAM', { ...voucher, is_referral_code: true }, { referral_program: { conversion_event_type: 'redemption' } }]
])
	test(`a ${campaign_type} campaign keeps all that it was given`, async () => {
		const p = await newProject(server);
		const given = {
			type: 'AUTO_UPDATE', description: 'd', start_date: '2020-08-16T00:00:00.000Z', expiration_date: '2023-12-26T00:00:00.000Z',
			validity_timeframe: { interval: 'P2D', duration: 'P1D' }, validity_day_of_week: [0, 1, 2],
			activity_duration_after_publishing: 'P24D', metadata: { region: 'APAC' }, auto_join: true, category: 'First'
		};
		const config = { prefix: 'A-', pattern: '10OFF-#######', charset: 'AB', postfix: '0' };
		const json = await create(p, {
			...given, ...more, campaign_type, join_once: false,
			voucher: { ...template, redemption: { quantity: 10 }, code_config: config }
		});
		const { id, name, created_at, campaign_type: type, voucher: v, ...rest } = json;
		const { start_date, expiration_date, validity_timeframe, validity_day_of_week } = given;
		assert.equal(type, campaign_type);
		assert.deepEqual(v, {
			...template, redemption: { quantity: 10 }, code_config: { length: 7, ...config },
			is_referral_code: campaign_type === 'REFERRAL_PROGRAM', start_date, expiration_date, validity_timeframe, validity_day_of_week
		});
		const { voucher: _, ...defaults } = DEFAULTS;
		assert.deepEqual({ campaign_type, ...rest }, { ...defaults, campaign_type, ...given, ...more });
	});

test('a promotion has no codes', async () => {
	const p = await newProject(server);
	const { status, json } = await p.post(PATH, { name: 'P', campaign_type: 'PROMOTION', metadata: { a: 1 } });
	assert.equal(status, 200);
	assert.equal(json.type, 'STATIC');
	assert.equal(json.use_voucher_metadata_schema, false);
	assert.ok(!('voucher' in json) && !('vouchers_count' in json));
});

test('a name is taken once', async () => {
	const p = await newProject(server);
	await create(p, { name: 'Twice' });
	const answer = await p.post(PATH, { name: 'Twice', voucher });
	assertError(answer, {
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found',
		details: 'Duplicated campaign exists with name Twice', resource_id: 'Twice', resource_type: 'campaign'
	});
	const other = await newProject(server);
	await create(other, { name: 'Twice' });
});

test('a category is meant by name and by id', async () => {
	const p = await newProject(server);
	const { json: category } = await p.post('/v1/categories', { name: 'First', hierarchy: 1 });
	const named = await create(p, { category: 'First' });
	assert.deepEqual([named.category, named.category_id, named.categories], ['First', category.id, [category]]);
	const meant = await create(p, { name: 'D', category_id: category.id });
	assert.deepEqual([meant.category, meant.category_id, meant.categories], ['First', category.id, [category]]);
	const tag = await create(p, { name: 'E', category: 'None' });
	assert.deepEqual([tag.category, tag.category_id, tag.categories], ['None', null, []]);
	assertNotFound(await p.post(PATH, { name: 'F', voucher, category_id: 'cat_0bb343dee3cdb5ec0c' }), 'category', 'cat_0bb343dee3cdb5ec0c');
	const { json: list } = await p.get(PATH);
	assert.deepEqual(list.campaigns.map(c => [c.category, c.categories]), [['None', []], ['First', []], ['First', []]]);
	const { json: full } = await p.get(`${PATH}?expand=category`);
	assert.deepEqual(full.campaigns.map(c => c.categories), [[], [category], [category]]);
});

test('bad bodies are refused, and say what is wrong', async () => {
	const p = await newProject(server);
	const payload = async (body, details) => assertInvalidPayload(await p.post(PATH, body), details);
	await payload([], 'Payload must be object');
	await payload({ voucher }, "Payload should have required property 'name'");
	await payload({ name: 'a' }, "Payload should have required property 'voucher'");
	await payload({ name: 'a', voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 'x' } } },
		'Property .voucher.discount.amount_off must be number');
	assertError(await p.post(PATH, { name: 'a', campaign_type: 'REFERRAL_PROGRAM', voucher: { type: 'GIFT_VOUCHER', gift: { amount: 1 } } }),
		{ ...INVALID, details: "Property 'discount' is required for REFERRAL_PROGRAM campaign" });
	assertError(await p.post(PATH, { name: 'a', voucher: { ...voucher, code_config: { pattern: 'X' } } }), {
		code: 400, key: 'invalid_code_config', message: 'Invalid code config',
		details: 'Property .code_config.pattern must have a # for a random character'
	});
	assert.equal((await p.get(PATH)).json.total, 0);
});

/* ---- lists ---- */

test('lists have pages, orders and filters', async () => {
	const p = await newProject(server);
	const gift = { type: 'GIFT_VOUCHER', gift: { amount: 5 } };
	for (let i = 0; i < 12; i++)
		await create(p, { name: `c${i}`, ...(i % 3 === 0 ? { voucher: gift } : i === 1 ? { campaign_type: 'REFERRAL_PROGRAM' } : {}) });
	const names = async query => {
		const { status, text, json } = await p.get(`${PATH}?${query}`);
		assert.equal(status, 200, text);
		assert.equal(json.object, 'list');
		assert.equal(json.data_ref, 'campaigns');
		return [json.campaigns.map(c => c.name).join(' '), json.total];
	};
	assert.deepEqual(await names(''), ['c11 c10 c9 c8 c7 c6 c5 c4 c3 c2', 12]);
	assert.deepEqual(await names('page=2'), ['c1 c0', 12]);
	assert.deepEqual(await names('page=3'), ['', 12]);
	assert.deepEqual(await names('order=created_at&limit=3'), ['c0 c1 c2', 12]);
	assert.deepEqual(await names('campaign_type=GIFT_VOUCHERS'), ['c9 c6 c3 c0', 4]);
	assert.deepEqual(await names('is_referral_code=true'), ['c1', 1]);
	assert.deepEqual(await names('is_referral_code=false&limit=1'), ['c11', 11]);
	assert.deepEqual(await names('campaign_status=DONE&limit=1'), ['c11', 12]);
	assert.deepEqual(await names('campaign_status=IN_PROGRESS'), ['', 0]);
	await put(p, 'c5', { description: 'changed' });
	assert.deepEqual(await names('order=-updated_at&limit=2'), ['c5 c11', 12]);
	assert.deepEqual(await names('order=updated_at&limit=1'), ['c0', 12]);
	const { json } = await p.get(`${PATH}?limit=1`);
	assert.ok(!('validation_rules_assignments' in json.campaigns[0]));
	for (const [query, details] of [
		['limit=101', 'Property .limit must be <= 100'], ['page=0', 'Property .page must be >= 1'],
		['order=name', 'Property .order must be equal to one of the allowed values [ created_at, -created_at, updated_at, -updated_at ]'],
		['campaign_type=X', 'Property .campaign_type must be equal to one of the allowed values ' +
			'[ DISCOUNT_COUPONS, GIFT_VOUCHERS, LOYALTY_PROGRAM, REFERRAL_PROGRAM, PROMOTION ]']
	])
		assertInvalidQuery(await p.get(`${PATH}?${query}`), details);
	const other = await newProject(server);
	assert.equal((await other.get(PATH)).json.total, 0);
});

/* ---- changes ---- */

test('a change changes what is given, and null clears', async () => {
	const p = await newProject(server);
	const before = await create(p, {
		name: 'Old name', expiration_date: '2090-10-08T12:57:09.386Z', description: 'd', metadata: { a: 1, b: 2 }, category: 'tag'
	});
	const { status, json } = await put(p, before.id, {
		expiration_date: null, start_date: '2021-01-01', description: 'new', type: 'AUTO_UPDATE', metadata: { b: 3 },
		unset_metadata_fields: ['a'], discount: { type: 'AMOUNT', amount_off: 2000 }, join_once: true,
		name: 'skipped', vouchers_count: 9, voucher: { type: 'GIFT_VOUCHER' }
	});
	assert.equal(status, 200);
	const { expiration_date, voucher: old, ...kept } = before;
	const { updated_at, voucher: now, ...rest } = json;
	assert.match(updated_at, TIME);
	assert.deepEqual(rest, { ...kept, start_date: '2021-01-01T00:00:00.000Z', description: 'new', type: 'AUTO_UPDATE', metadata: { b: 3 }, join_once: true });
	assert.deepEqual(now.discount, { type: 'AMOUNT', amount_off: 2000 });
	assert.deepEqual((await p.get(at('Old name'))).json, json);

	const same = await put(p, before.id, { description: 'new', metadata: { b: 3 } });
	assert.equal(same.json.updated_at, updated_at, 'nothing has changed');
	const cleared = await put(p, 'Old name', { description: null, category: null, start_date: null });
	assert.ok(!('description' in cleared.json) && !('category' in cleared.json) && !('start_date' in cleared.json));
});

test('what cannot be is refused, and nothing changes', async () => {
	const p = await newProject(server);
	const before = await create(p, { metadata: { a: 'x' } });
	assertError(await put(p, 'C', { description: 'new', discount: { type: 'PERCENT', percent_off: 5 } }),
		{ ...INVALID, details: 'It is not possible to change Voucher discount type' });
	assertInvalidPayload(await put(p, 'C', { start_date: 'soon' }), 'Property .start_date cannot be recognized as a ISO-8601 compliant date');
	assertInvalidPayload(await put(p, 'C', { unset_metadata_fields: [1] }), 'Property .unset_metadata_fields must be array of strings');
	assertInvalidPayload(await put(p, 'C', { metadata: { b: 'y'.repeat(262144) } }), 'Property .metadata must NOT be longer than 262144 bytes');
	assert.deepEqual((await p.get(at('C'))).json, before);
});

test('disable and enable, again and again', async () => {
	const p = await newProject(server);
	const { id } = await create(p, {});
	for (const [what, active] of [['disable', false], ['disable', false], ['enable', true]]) {
		const answer = await p.request('POST', `${at(what === 'enable' ? 'C' : id)}/${what}`);
		assert.equal(answer.status, 200);
		assert.deepEqual(answer.json, {});
		assert.equal((await p.get(at(id))).json.active, active);
	}
});

test('a campaign that is not there, or of another project, is not found', async () => {
	const p = await newProject(server), other = await newProject(server);
	const { id } = await create(other, { name: 'Theirs' });
	for (const name of ['None', 'Theirs', id, 'camp_000000000000000000000000']) {
		assertNotFound(await p.get(at(name)), 'campaign', name);
		assertNotFound(await put(p, name, {}), 'campaign', name);
		assertNotFound(await p.request('POST', `${at(name)}/enable`), 'campaign', name);
	}
});
