// SPDX-License-Identifier: MIT
/* Vouchers of campaigns: what they have from theirs, what they may have of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, assertInvalidPayload, assertNotFound, newProject, TIME } from '../support/api.mjs';

const server = await apiServer();

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 1000, effect: 'APPLY_TO_ORDER' } };
const CARD = { type: 'LOYALTY_CARD', loyalty_card: { points: 1000 } };

const at = (...parts) => `/v1/campaigns/${parts.map(encodeURIComponent).join('/')}`;

async function campaignOf(p, body = {}) {
	const { status, text, json } = await p.post('/v1/campaigns', { name: 'C', voucher: DISCOUNT, ...body });
	assert.equal(status, 200, text);
	return json;
}

async function add(p, campaign, body, query = '') {
	const { status, text, json } = await p.request('POST', `${at(campaign, 'vouchers')}${query}`, { json: body });
	assert.equal(status, 200, text);
	return json;
}

const count = async (p, name = 'C') => (await p.get(at(name))).json.vouchers_count;

test('a voucher has what its campaign says', async () => {
	const p = await newProject(server);
	const { json: category } = await p.post('/v1/categories', { name: 'First', hierarchy: 1 });
	const campaign = await campaignOf(p, {
		start_date: '2021-01-01', expiration_date: '2090-01-01', category: 'First', metadata: { region: 'EU', n: 1 },
		validity_timeframe: { interval: 'P2D', duration: 'P1D' }, validity_day_of_week: [1],
		voucher: { ...DISCOUNT, redemption: { quantity: 10 }, code_config: { pattern: 'A-####', charset: '01' } }
	});
	const v = await add(p, campaign.id);
	assert.match(v.code, /^A-[01]{4}$/);
	assert.match(v.created_at, TIME);
	const { id, code, created_at, assets, redemption, publish, validation_rules_assignments, ...rest } = v;
	assert.deepEqual(rest, {
		campaign: 'C', campaign_id: campaign.id, category: 'First', category_id: category.id, categories: [category],
		type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 }, gift: null, loyalty_card: null,
		start_date: '2021-01-01T00:00:00.000Z', expiration_date: '2090-01-01T00:00:00.000Z',
		validity_timeframe: { interval: 'P2D', duration: 'P1D' }, validity_day_of_week: [1], active: true, additional_info: null,
		metadata: { region: 'EU', n: 1 }, is_referral_code: false, updated_at: null, object: 'voucher'
	});
	assert.equal(redemption.quantity, 10);
	assert.deepEqual((await p.get(`/v1/vouchers/${code}`)).json, v);
	assert.equal(await count(p), 1);
});

test('what a voucher is given wins, metadata key by key', async () => {
	const p = await newProject(server);
	const campaign = await campaignOf(p, { start_date: '2021-01-01', category: 'tag', metadata: { region: 'EU', n: 1 } });
	const { status, json: v } = await p.post(at(campaign.name, 'vouchers', 'Mine 10%'), {
		code: 'skipped', category: 'own', redemption: { quantity: 3 }, additional_info: 'info', metadata: { n: 2, own: null }, active: false,
		start_date: '2022-02-02', discount: { type: 'PERCENT', percent_off: 10 }, gift: { amount: 5 }
	});
	assert.equal(status, 200);
	assert.deepEqual(
		[v.code, v.category, v.redemption.quantity, v.additional_info, v.metadata, v.active, v.start_date, v.discount, v.gift],
		['Mine 10%', 'own', 3, 'info', { region: 'EU', n: 2, own: null }, false, '2022-02-02T00:00:00.000Z', { type: 'AMOUNT', amount_off: 1000 }, null]
	);
});

test('balances of gifts and cards', async () => {
	const p = await newProject(server);
	await campaignOf(p, { name: 'G', voucher: GIFT });
	await campaignOf(p, { name: 'L', voucher: CARD });
	assert.deepEqual((await add(p, 'G')).gift, { amount: 1000, balance: 1000, effect: 'APPLY_TO_ORDER' });
	assert.deepEqual((await add(p, 'G', { gift: { amount: 50 } })).gift, { amount: 50, balance: 50, effect: 'APPLY_TO_ORDER' });
	assert.deepEqual((await add(p, 'L')).loyalty_card, { points: 1000, balance: 1000 });
	const own = await add(p, 'L', { loyalty_card: { points: 7 } });
	assert.deepEqual([own.loyalty_card, own.gift, own.redemption.redeemed_points], [{ points: 7, balance: 7 }, null, 0]);
	assert.deepEqual((await add(p, 'L', { gift: { amount: 7 } })).loyalty_card, { points: 1000, balance: 1000 });
	assertInvalidPayload(await p.post(at('L', 'vouchers'), { loyalty_card: { points: 0.5 } }), 'Property .loyalty_card.points must be integer');
});

test('a campaign that does not hand on its metadata does not', async () => {
	const p = await newProject(server);
	await campaignOf(p, { use_voucher_metadata_schema: false, metadata: { region: 'EU' } });
	assert.deepEqual((await add(p, 'C')).metadata, {});
	assert.deepEqual((await add(p, 'C', { metadata: { own: 1 } })).metadata, { own: 1 });
});

test('a voucher of a campaign that has expired, or is disabled, is not active', async () => {
	const p = await newProject(server);
	await campaignOf(p, { name: 'Old', expiration_date: '2020-01-01' });
	await campaignOf(p, { name: 'Off' });
	await p.request('POST', at('Off', 'disable'));
	for (const name of ['Old', 'Off']) {
		assert.equal((await add(p, name)).active, false);
		assert.equal((await add(p, name, { active: true })).active, true);
	}
});

test('referral codes say that they are', async () => {
	const p = await newProject(server);
	await campaignOf(p, { campaign_type: 'REFERRAL_PROGRAM' });
	assert.equal((await add(p, 'C')).is_referral_code, true);
	const { json } = await p.get('/v1/vouchers');
	assert.deepEqual(json.vouchers.map(v => [v.campaign, v.is_referral_code]), [['C', true]]);
});

test('a campaign is made with its first code', async () => {
	const p = await newProject(server);
	const made = await campaignOf(p, { vouchers_count: 1 });
	assert.deepEqual([made.vouchers_count, made.creation_status, made.vouchers_generation_status], [1, 'DONE', 'DONE']);
	const { json } = await p.get('/v1/vouchers');
	assert.deepEqual(json.vouchers.map(v => v.campaign_id), [made.id]);
	assert.deepEqual(await p.get(at('C')).then(r => r.json), made);
});

test('a standalone campaign has one code, its own or a random one', async () => {
	const p = await newProject(server);
	const given = await campaignOf(p, { name: 'S1', type: 'STANDALONE', voucher: { ...DISCOUNT, code: 'SUMMER' } });
	assert.equal(given.vouchers_count, 1);
	assert.equal((await p.get('/v1/vouchers/SUMMER')).json.campaign, 'S1');
	assert.equal((await campaignOf(p, { name: 'S2', type: 'STANDALONE' })).vouchers_count, 1);
	assertError(await p.post(at('S1', 'vouchers')), {
		code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: 'You can not generate vouchers for STANDALONE type campaign.'
	});
	const taken = await p.post('/v1/campaigns', { name: 'S3', type: 'STANDALONE', voucher: { ...DISCOUNT, code: 'SUMMER' } });
	assert.equal(taken.status, 409);
	assertNotFound(await p.get(at('S3')), 'campaign', 'S3');
});

test('counters follow: of the campaign, of its vouchers in the bin, and all over again', async () => {
	const p = await newProject(server);
	await campaignOf(p);
	await campaignOf(p, { name: 'D' });
	const codes = [];
	for (let i = 0; i < 3; i++)
		codes.push((await add(p, 'C')).code);
	await add(p, 'D');
	await p.post('/v1/vouchers/ALONE', DISCOUNT);
	assert.deepEqual([await count(p), await count(p, 'D')], [3, 1]);
	await p.request('DELETE', `/v1/vouchers/${codes[0]}`);
	await p.request('DELETE', `/v1/vouchers/${codes[1]}?force=true`);
	assert.deepEqual([await count(p), await count(p, 'D'), (await p.get('/v1/vouchers')).json.total], [1, 1, 3]);
});

test('a code is taken, whoever has it', async () => {
	const p = await newProject(server);
	await campaignOf(p);
	await p.post('/v1/vouchers/ALONE', DISCOUNT);
	assertError(await p.post(at('C', 'vouchers', 'ALONE'), {}), {
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found', details: 'Duplicated voucher exists with id ALONE',
		resource_id: 'ALONE', resource_type: 'voucher'
	});
	assert.equal(await count(p), 0);
});

test('a voucher can be created into its campaign by its own endpoint', async () => {
	const p = await newProject(server);
	const campaign = await campaignOf(p);
	const { status, json } = await p.post('/v1/vouchers/HERE', { campaign_id: campaign.id });
	assert.equal(status, 200);
	assert.equal(json.campaign, 'C');
	assertNotFound(await p.post('/v1/vouchers/THERE', { campaign: 'None' }), 'campaign', 'None');
});

test('no campaign, no voucher', async () => {
	const p = await newProject(server), other = await newProject(server);
	const { id } = await campaignOf(other, { name: 'Theirs' });
	for (const name of ['None', 'Theirs', id]) {
		assertNotFound(await p.post(at(name, 'vouchers')), 'campaign', name);
		assertNotFound(await p.post(at(name, 'vouchers', 'X'), {}), 'campaign', name);
	}
	await p.post('/v1/campaigns', { name: 'P', campaign_type: 'PROMOTION' });
	assertError(await p.post(at('P', 'vouchers')), {
		code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: 'You can not generate vouchers for PROMOTION type campaign.'
	});
});

test('points are added to a card, and taken from it', async () => {
	const p = await newProject(server);
	const { id } = await campaignOf(p, { name: 'L', voucher: CARD });
	const card = await add(p, 'L');
	const book = (code, points) => p.post(`/v1/loyalties/members/${code}/balance`, { points, source_id: `s${points}`, reason: 'r' });
	assertError(await book(card.code, 10000), {
		code: 400, key: 'invalid_add_balance_params', message: 'Invalid add balance params',
		details: 'A loyalty card must have a holder: publish it to a customer first'
	});
	assert.equal((await p.post('/v1/publications', { customer: { source_id: 'holder' }, voucher: card.code })).status, 200);
	const { status, json } = await book(card.code, 10000);
	assert.equal(status, 200);
	assert.deepEqual(json, {
		amount: 10000, total: 11000, balance: 11000, type: 'loyalty_card', operation_type: 'MANUAL', object: 'balance',
		related_object: { type: 'voucher', id: card.id }
	});
	assert.equal((await book(card.id, -11000)).json.balance, 0);
	assertError(await book(card.code, -1), {
		code: 400, key: 'loyalty_card_points_exceeded', message: 'Loyalty card points exceeded',
		details: 'Cannot subtract more than is available: 0'
	});
	assertInvalidPayload(await p.post(`/v1/loyalties/members/${card.code}/balance`, {}), "Payload should have required property 'points'");
	assertNotFound(await book('NONE', 1), 'voucher', 'NONE');
	const { json: list } = await p.get(`/v1/vouchers/${card.code}/transactions`);
	assert.deepEqual(list.data.map(t => [t.campaign_id, t.type]), [[id, 'POINTS_REMOVAL'], [id, 'POINTS_ADDITION']]);
});

test('a voucher in the bin names its campaign', async () => {
	const p = await newProject(server);
	const { id } = await campaignOf(p);
	await p.request('DELETE', `/v1/vouchers/${(await add(p, 'C')).code}`);
	assert.deepEqual((await p.get('/v1/trash-bin')).json.data.map(e => e.resource_parent_id), [id]);
});

/* ---- found by their campaign ---- */

async function projectWithThree() {
	const p = await newProject(server);
	const spring = await campaignOf(p, { name: 'Spring 1' });
	const friends = await campaignOf(p, { name: 'Friends', campaign_type: 'REFERRAL_PROGRAM' });
	for (const [campaign, code] of [[spring, 'S1'], [spring, 'S2'], [friends, 'F1']])
		assert.equal((await p.post(at(campaign.id, 'vouchers', code), { category: code === 'S1' ? 'one' : 'two' })).status, 200);
	await p.post('/v1/vouchers/ALONE', DISCOUNT);
	return { p, spring, friends };
}

test('lists and filters by campaign', async () => {
	const { p, spring, friends } = await projectWithThree();
	const codes = async query => {
		const { status, text, json } = await p.get(`/v1/vouchers?order=code&${query}`);
		assert.equal(status, 200, text);
		assert.equal(json.total, json.vouchers.length);
		return json.vouchers.map(v => v.code).join(' ');
	};
	const filter = (field, op, value) => `filters[${field}][conditions][${op}][0]=${encodeURIComponent(value)}`;
	assert.equal(await codes(`campaign_id=${spring.id}`), 'S1 S2');
	assert.equal(await codes('campaign=Spring%201'), 'S1 S2');
	assert.equal(await codes(`campaign=Spring%201&category=two`), 'S2');
	assert.equal(await codes('campaign=None'), '');
	assert.equal(await codes('campaign_id=camp_1'), '');
	assert.equal(await codes(filter('campaign_ids', '$in', friends.id)), 'F1');
	assert.equal(await codes(filter('campaign_ids', '$not_in', friends.id)), 'ALONE S1 S2');
	assert.equal(await codes(`filters[campaigns][conditions][$in][0]=Friends&filters[campaigns][conditions][$in][1]=Spring%201`), 'F1 S1 S2');
	assert.equal(await codes(filter('campaigns', '$starts_with', 'Spr')), 'S1 S2');
	assert.equal(await codes(filter('campaign_ids', '$is_unknown', '')), 'ALONE');
	assert.equal(await codes(filter('campaign_ids', '$has_value', '')), 'F1 S1 S2');
	assert.equal(await codes(filter('is_referral_code', '$is', 'true')), 'F1');
	assert.equal(await codes(filter('is_referral_code', '$is', 'false')), 'ALONE S1 S2');
	const other = await newProject(server);
	assert.equal((await other.get(`/v1/vouchers?campaign_id=${spring.id}`)).json.total, 0);
});

test('exports name the campaign', async () => {
	const { p, spring, friends } = await projectWithThree();
	const rows = async parameters => {
		const { status, text, json } = await p.post('/v1/exports', { exported_object: 'voucher', parameters });
		assert.equal(status, 200, text);
		const done = (await p.get(`/v1/exports/${json.id}`)).json;
		return (await (await fetch(done.result.url)).text()).trim().split('\n').slice(1);
	};
	const fields = ['code', 'campaign', 'campaign_id', 'is_referral_code'];
	assert.deepEqual(await rows({ order: 'code', fields }), [
		'ALONE,,,false', `F1,Friends,${friends.id},true`, `S1,Spring 1,${spring.id},false`, `S2,Spring 1,${spring.id},false`
	]);
	assert.deepEqual(await rows({ order: 'code', fields: ['code'], campaign_id: spring.id }), ['S1', 'S2']);
});
