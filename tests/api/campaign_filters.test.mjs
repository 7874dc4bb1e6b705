// SPDX-License-Identifier: MIT
/*
 * campaign_filters.test.mjs - `filters` of GET /v1/campaigns (reference 1.5, 4.1).
 *
 * As in filters.test.mjs, which has every spelling and every condition: here is what the fields of
 * campaigns are. A condition is also a predicate over the campaigns as the API prints them.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { apiServer, assertInvalidQuery, newProject } from '../support/api.mjs';

const server = await apiServer();

const DAY = 24 * 3600 * 1000;
const iso = ms => new Date(ms).toISOString();
const known = v => v !== null && v !== undefined;

const PATH = '/v1/campaigns';
const discount = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const gift = { type: 'GIFT_VOUCHER', gift: { amount: 1000 } };
const card = { type: 'LOYALTY_CARD', loyalty_card: { points: 100 } };

let p; // the project
let campaigns; // as printed, newest first
let category;

async function create(project, name, body) {
	const answer = await project.post(PATH, { name, voucher: discount, ...body });
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

before(async () => {
	p = await newProject(server);
	category = (await p.post('/v1/categories', { name: 'First', hierarchy: 1 })).json;
	await create(p, 'plain', {});
	await create(p, 'Plain', { type: 'AUTO_UPDATE', category: 'First', metadata: { n: 1, list: ['a', 'b'], when: '2024-05-01' } });
	await create(p, 'gift 10%', { voucher: gift, category: 'tag', metadata: { n: '1.5' } });
	await create(p, 'cards', { voucher: card, type: 'AUTO_UPDATE', metadata: { n: 2, 'a.b': 'dots' } });
	await create(p, 'one code', { type: 'STANDALONE', voucher: { ...discount, code: 'ALL' }, category_id: category.id });
	await create(p, 'friends', { campaign_type: 'REFERRAL_PROGRAM' });
	await create(p, 'tiers', { campaign_type: 'PROMOTION', voucher: undefined, metadata: { n: 1 } });
	await create(p, 'over', { start_date: '2020-01-01', expiration_date: iso(Date.now() - 3 * DAY) });
	await create(p, 'to come', { start_date: iso(Date.now() + 3 * DAY), validity_day_of_week: [1, 3] });
	await create(p, 'now', {
		start_date: iso(Date.now() - 2 * DAY), expiration_date: iso(Date.now() + 2 * DAY),
		validity_timeframe: { interval: 'P2D', duration: 'PT1H' }, validity_day_of_week: [0]
	});
	await create(p, 'off', {});
	assert.equal((await p.post(`${PATH}/off/disable`)).status, 200);
	await create(p, 'binned', { category: 'First' });
	assert.equal((await p.request('DELETE', `${PATH}/binned`)).status, 202);
	const other = await newProject(server); // has the same, and must never be seen
	await create(other, 'plain', { metadata: { n: 1 } });
	campaigns = (await p.get(`${PATH}?limit=100`)).json.campaigns;
	assert.equal(campaigns.length, 11);
});

/** What a query finds; follows all pages, and the total is always that of the whole. */
async function names(query, limit = 4) {
	const all = [];
	for (let page = 1; ; page++) {
		const { status, text, json } = await p.raw({ path: `${PATH}?limit=${limit}&page=${page}&${query}` });
		assert.equal(status, 200, `${query}: ${text}`);
		all.push(...json.campaigns.map(c => c.name));
		if (json.campaigns.length < limit) {
			assert.equal(json.total, all.length, query);
			return all;
		}
	}
}

const spell = (field, op, values) =>
	values.map((v, i) => `${encodeURIComponent(`filters[${field}][conditions][${op}][${i}]`)}=${encodeURIComponent(v)}`).join('&');

async function assertFilter(field, op, values, want) {
	const expected = campaigns.filter(want).map(c => c.name);
	assert.deepEqual(await names(spell(field, op, [values].flat())), expected, `${field} ${op} ${values}`);
}

/** Conditions of equality, for a field that has one of these values, or none. */
async function assertEquality(field, of, values) {
	for (const value of values) {
		await assertFilter(field, '$is', value, c => of(c) === value);
		await assertFilter(field, '$is_not', value, c => of(c) !== value);
		assert.ok(campaigns.some(c => of(c) === value), `${field}: ${value}`);
	}
	await assertFilter(field, '$in', values, c => values.includes(of(c)));
	await assertFilter(field, '$not_in', values, c => !values.includes(of(c)));
	await assertFilter(field, '$has_value', '', c => known(of(c)));
	await assertFilter(field, '$is_unknown', '', c => !known(of(c)));
}

test('names, types and categories are compared to the letter', async () => {
	const of = {
		campaigns: [c => c.name, ['plain', 'gift 10%']], campaign_type: [c => c.campaign_type, ['PROMOTION', 'GIFT_VOUCHERS']],
		voucher_type: [c => c.voucher?.type, ['GIFT_VOUCHER', 'LOYALTY_CARD']],
		categories: [c => c.category, ['First', 'tag']], campaign_status: [c => c.creation_status, ['DONE']]
	};
	for (const [field, [value, some]] of Object.entries(of))
		await assertEquality(field, value, some);
	for (const [op, means] of [['$contains', 'includes'], ['$starts_with', 'startsWith'], ['$ends_with', 'endsWith']])
		for (const part of ['lain', 'P', '%', 'o'])
			await assertFilter('campaigns', op, part, c => c.name[means](part));
});

test('ids of campaigns and categories', async () => {
	await assertEquality('campaigns_id', c => c.id, [campaigns[0].id, campaigns[3].id]);
	await assertEquality('category_ids', c => c.category_id, [category.id]);
	await assertFilter('campaigns_id', '$in', ['camp_nobody', campaigns[1].id], c => c === campaigns[1]);
});

test('type: BULK is AUTO_UPDATE or STATIC', async () => {
	await assertEquality('type', c => c.type, ['AUTO_UPDATE', 'STATIC', 'STANDALONE']);
	await assertFilter('type', '$is', 'BULK', c => c.type !== 'STANDALONE');
	await assertFilter('type', '$not_in', ['BULK'], c => c.type === 'STANDALONE');
	await assertFilter('type', '$in', ['BULK', 'STANDALONE'], () => true);
});

test('flags and dates', async () => {
	const now = Date.now();
	const ended = c => known(c.expiration_date) && Date.parse(c.expiration_date) < now;
	const begun = c => !known(c.start_date) || Date.parse(c.start_date) <= now;
	await assertFilter('active', '$active', '', c => c.active && begun(c) && !ended(c));
	await assertFilter('active', '$enabled', 'true', c => c.active);
	await assertFilter('active', '$disabled', '', c => !c.active);
	await assertFilter('active', '$expired', '', ended);
	await assertFilter('status', '$active', '', () => true);
	await assertFilter('status', '$failed', '', () => false);
	await assertFilter('status', '$in_progress', '', () => false);
	await assertFilter('status', '$expired', '', ended);
	for (const op of ['$before_start', 'before_start'])
		await assertFilter('status', op, '', c => !begun(c));
	for (const value of ['TRUE', 'FALSE'])
		await assertFilter('is_referral_code', '$is', value, c => (c.campaign_type === 'REFERRAL_PROGRAM') === (value === 'TRUE'));
	for (const field of ['created_date', 'updated_at', 'start_date', 'expiration_date']) {
		const ms = c => (known(c[field]) ? Date.parse(c[field]) : field === 'created_date' ? Date.parse(c.created_at) : null);
		await assertFilter(field, '$after', '2024-01-01', c => known(ms(c)) && ms(c) > Date.parse('2024-01-01'));
		await assertFilter(field, '$more_than', '1', c => known(ms(c)) && ms(c) < now - DAY);
		await assertFilter(field, '$less_than', '1', c => known(ms(c)) && ms(c) > now - DAY && ms(c) <= now + 5000);
		await assertFilter(field, '$has_value', '', c => known(ms(c)));
	}
});

test('what is generated is in progress until it is there', async () => {
	const q = await newProject(server);
	await create(q, 'many', { vouchers_count: 100 });
	const found = async op => (await q.get(`${PATH}?${spell('status', op, [''])}`)).json.total;
	while (await found('$in_progress') > 0)
		assert.equal((await q.get(`${PATH}?${spell('status', '$active', [''])}&campaign_status=DONE`)).status, 200);
	assert.equal(await found('$active'), 1);
});

test('validity and metadata', async () => {
	const days = c => c.validity_day_of_week ?? [];
	await assertFilter('validity_day_of_week', '$in', ['0', '3'], c => days(c).some(d => d === 0 || d === 3));
	await assertFilter('validity_timeframe', '$has_value', '', c => known(c.validity_timeframe));
	await assertFilter('metadata.n', '$is', '1', c => c.metadata?.n === 1);
	await assertFilter('metadata.n', '$more_than', '1', c => Number(c.metadata?.n) > 1);
	await assertFilter('metadata.n', '$is_unknown', '', c => !known(c.metadata?.n));
	await assertFilter('metadata.list', '$contains', 'b', c => c.metadata?.list?.includes('b'));
	await assertFilter('metadata.a.b', '$is', 'dots', c => c.metadata?.['a.b'] === 'dots');
	await assertFilter('metadata.when', '$before', '2024-05-02', c => known(c.metadata?.when));
});

test('a junction joins conditions; parameters of the list hold beside it', async () => {
	const two = `${spell('campaigns', '$is', ['plain'])}&${spell('metadata.n', '$is', ['1'])}`;
	assert.deepEqual(await names(two), []);
	assert.deepEqual(await names(`${two}&filters[junction]=OR`), ['tiers', 'Plain', 'plain']);
	assert.deepEqual(await names(`${two}&filters[junction]=or&campaign_type=PROMOTION`), ['tiers']);
	assert.deepEqual(await names(`${two}&filters[junction]=or&campaign_status=IN_PROGRESS`), []);
	assert.deepEqual(await names(`${two}&filters[junction]=or&is_referral_code=false&order=created_at`), ['plain', 'Plain', 'tiers']);
});

test('what makes no sense is refused, and named', async () => {
	const cases = [
		[spell('color', '$is', ['a']), 'Property .filters.color is not supported'],
		[spell('active', '$failed', ['']), 'Property .filters.active.conditions.$failed is not supported, condition must be one of: ' +
			'$is, $is_not, $in, $not_in, $has_value, $is_unknown, $active, $enabled, $disabled, $expired'],
		[spell('status', '$is', ['a']), 'Property .filters.status.conditions.$is is not supported, condition must be one of: ' +
			'$active, $expired, $failed, $in_progress, $before_start'],
		[spell('type', '$is', ['X']), 'Property .filters.type.conditions.$is must be equal to one of the allowed values ' +
			'[ AUTO_UPDATE, BULK, STANDALONE, STATIC ]'],
		['campaign_status=none', 'Property .campaign_status must be equal to one of the allowed values ' +
			'[ DONE, IN_PROGRESS, FAILED, DRAFT, MODIFYING ]'],
		['is_referral_code=maybe', 'Property .is_referral_code must be boolean']
	];
	for (const [query, details] of cases)
		assertInvalidQuery(await p.get(`${PATH}?${query}`), details);
	const { status, text } = await p.get(`${PATH}?filters=x`);
	assert.equal(status, 400);
	assert.match(text, /Property \.filters should match either/);
});
