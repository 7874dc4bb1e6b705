// SPDX-License-Identifier: MIT
/* Customers, and the vouchers that are handed to them (reference 4.4, 4.11). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, assertInvalidPayload, assertInvalidQuery, assertNotFound, csv, newProject, TIME, VOUCHER_ID } from '../support/api.mjs';

const server = await apiServer();

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };

const at = (...parts) => `/v1/campaigns/${parts.map(encodeURIComponent).join('/')}`;

async function projectWith(body = {}, codes = []) {
	const p = await newProject(server);
	const { status, text, json } = await p.post('/v1/campaigns', { name: 'C', voucher: DISCOUNT, ...body });
	assert.equal(status, 200, text);
	for (const code of codes)
		assert.equal((await p.post(at('C', 'vouchers', code), {})).status, 200);
	return { p, campaign: json };
}

async function publish(p, body, query = '') {
	const { status, text, json } = await p.post(`/v1/publications${query}`, body);
	assert.equal(status, 200, text);
	return json;
}

const customer = source_id => ({ source_id });
const refusal = (key, message, details) => ({ code: 400, key, message, details });
const NONE = refusal('no_voucher_suitable_for_publication', "Couldn't find any voucher suitable for publication", "Couldn't create new vouchers for publication");
const ONE = refusal('too_many_vouchers_requested', 'Too many vouchers requested', 'Only up to 1 can be published');

/* ---- customers ---- */

const EMPTY = {
	summary: {
		redemptions: {
			total_redeemed: 0, total_failed: 0, total_succeeded: 0, total_rolled_back: 0, total_rollback_failed: 0, total_rollback_succeeded: 0,
			gift: { redeemed_amount: 0, amount_to_go: 0 }, loyalty_card: { redeemed_points: 0, points_to_go: 0 }
		},
		orders: { total_amount: 0, total_count: 0, average_amount: 0, last_order_amount: 0 }
	},
	loyalty: { points: 0, referred_customers: 0, campaigns: {} }, referrals: { total: 0, campaigns: [] }, system_metadata: {}, object: 'customer'
};

test('a customer is made, found by either id, changed, and deleted', async () => {
	const p = await newProject(server);
	const given = { source_id: 'S 1', name: 'Ann', email: 'ann@example.com', phone: '+1', birthdate: '1990-02-03', address: { city: 'Oslo', country: 'NO' }, metadata: { a: 1 } };
	const { status, text, json } = await p.post('/v1/customers', given);
	assert.equal(status, 200, text);
	const { id, created_at, ...rest } = json;
	assert.match(id, /^cust_[0-9A-Za-z]{24}$/);
	assert.match(created_at, TIME);
	assert.deepEqual(rest, { ...given, ...EMPTY });
	for (const name of [id, 'S 1'])
		assert.deepEqual((await p.get(`/v1/customers/${encodeURIComponent(name)}`)).json, json);
	const again = (await p.post('/v1/customers', { source_id: 'S 1', name: 'Anna', metadata: { b: 2 } })).json;
	assert.deepEqual([again.id, again.name, again.email, again.metadata], [id, 'Anna', 'ann@example.com', { a: 1, b: 2 }]);
	assert.ok(again.updated_at);
	const put = (await p.request('PUT', `/v1/customers/${id}`, { json: { source_id: 'other', phone: '+2' } })).json;
	assert.deepEqual([put.source_id, put.phone], ['S 1', '+2']);
	const other = await newProject(server);
	assertNotFound(await other.get(`/v1/customers/${id}`), 'customer', id);
	assert.equal((await p.request('DELETE', `/v1/customers/${id}`)).status, 204);
	assertNotFound(await p.get(`/v1/customers/${id}`), 'customer', id);
	assertNotFound(await p.request('DELETE', `/v1/customers/${id}`), 'customer', id);
});

test('without an id every customer is a new one, and null means not given', async () => {
	const p = await newProject(server);
	const [one, two] = await Promise.all([1, 2].map(() => p.post('/v1/customers', { name: null, email: 'x@example.com' })));
	assert.notEqual(one.json.id, two.json.id);
	assert.ok(!('name' in one.json) && !('metadata' in one.json) && !('source_id' in one.json) && !('updated_at' in one.json));
});

test('what a customer cannot be is told', async () => {
	const p = await newProject(server);
	const bad = async (body, details) => assertInvalidPayload(await p.post('/v1/customers', body), details);
	await bad({ name: 1 }, 'Property .name must be string');
	await bad({ metadata: [] }, 'Property .metadata must be object');
	await bad({ birthdate: 'yesterday' }, 'Property .birthdate cannot be recognized as a ISO-8601 compliant date');
	await bad({ source_id: 'x'.repeat(513) }, 'Property .source_id must NOT be longer than 512 bytes');
	await bad([], 'Payload must be object');
});

/* ---- publications ---- */

test('a voucher is published', async () => {
	const { p, campaign } = await projectWith({}, ['A']);
	const made = await publish(p, { customer: { source_id: 's', name: 'Ann', email: 'a@example.com' }, voucher: 'A', campaign: null, channel: null, metadata: null });
	const { id, created_at, customer_id, vouchers_id, voucher, customer: short, ...rest } = made;
	assert.match(id, /^pub_[0-9A-Za-z]{32}$/);
	assert.match(created_at, TIME);
	assert.match(vouchers_id[0], VOUCHER_ID);
	assert.deepEqual(rest, { object: 'publication', tracking_id: 's', metadata: {}, channel: 'API', source_id: null, result: 'SUCCESS' });
	assert.deepEqual(short, { id: customer_id, source_id: 's', name: 'Ann', email: 'a@example.com', object: 'customer' });
	const v = await p.voucher('A');
	assert.deepEqual([v.id, v.holder_id, v.publish.count, v.campaign_id], [vouchers_id[0], customer_id, 1, campaign.id]);
	assert.ok(v.updated_at);
	assert.equal(voucher.code, 'A');
	assert.equal(voucher.publish.count, 1);
	assertError(await p.post('/v1/publications', { customer: customer('t'), voucher: 'A' }),
		refusal('voucher_already_published', 'Voucher already published', `Voucher '${v.id}' has already been published`));
	assertNotFound(await p.get('/v1/customers/t'), 'customer', 't'); // nothing of it stays
});

test('a campaign gives what nobody has, oldest first', async () => {
	const { p, campaign } = await projectWith({}, ['A', 'B', 'C', 'D', 'E']);
	await p.post('/v1/vouchers/A/disable');
	await p.request('DELETE', '/v1/vouchers/B');
	assert.equal((await publish(p, { customer: customer('1'), campaign: 'C' })).voucher.code, 'C');
	const two = await publish(p, { customer: customer('2'), campaign: { name: campaign.id, count: 2 }, metadata: { m: 1 }, channel: 'own', source_id: 'p-1' });
	assert.deepEqual([two.vouchers, two.voucher, two.vouchers_id.length, two.metadata, two.channel, two.source_id], [['D', 'E'], undefined, 2, { m: 1 }, 'own', 'p-1']);
	assertError(await p.post('/v1/publications', { customer: customer('3'), campaign: 'C' }), NONE);
	await p.post('/v1/vouchers/A/enable');
	assertError(await p.post('/v1/publications', { customer: customer('3'), campaign: { name: 'C', count: 2 } }), ONE);
	assertError(await p.post('/v1/publications', { customer: customer('3'), campaign: 'C', source_id: 'p-1' }),
		refusal('duplicate_source_id', 'Duplicate source_id', "Publication with source_id: 'p-1' already exists"));
});

test('what ends first is given first, and what has ended not at all', async () => {
	const { p } = await projectWith();
	const make = (code, day) => p.post(at('C', 'vouchers', code), day ? { expiration_date: `${day}T00:00:00Z` } : {});
	const days = { EVER1: null, LATE: '2100-01-01', OVER: '2021-01-01', EVER2: null, SOON1: '2090-01-01', SOON2: '2090-01-01', OFF: null, OFF2: '2090-01-01' };
	for (const [code, day] of Object.entries(days))
		assert.equal((await make(code, day)).status, 200);
	for (const code of ['OFF', 'OFF2'])
		await p.post(`/v1/vouchers/${code}/disable`);
	const give = async count => (await publish(p, { customer: customer('a'), campaign: { name: 'C', count } })).vouchers;
	assert.deepEqual(await give(2), ['SOON1', 'SOON2']);
	assert.deepEqual(await give(2), ['LATE', 'EVER1']);
	assertError(await p.post('/v1/publications', { customer: customer('a'), campaign: { name: 'C', count: 2 } }), ONE);
	await p.post('/v1/vouchers/OFF2/enable');
	assert.deepEqual(await give(2), ['OFF2', 'EVER2']);
	assertError(await p.post('/v1/publications', { customer: customer('a'), campaign: 'C' }), NONE);
});

test('AUTO_UPDATE makes codes on demand', async () => {
	const { p, campaign } = await projectWith({ type: 'AUTO_UPDATE', metadata: { a: 1 } }, ['A']);
	const made = await publish(p, { customer: { email: 'x@example.com' }, campaign: { name: 'C', count: 3 } });
	assert.equal(made.vouchers[0], 'A');
	assert.equal(new Set(made.vouchers).size, 3);
	assert.equal((await p.get(at('C'))).json.vouchers_count, 3);
	const v = await p.voucher(made.vouchers[2]);
	assert.deepEqual([v.campaign_id, v.metadata, v.holder_id], [campaign.id, { a: 1 }, made.customer_id]);
});

test('join_once: the same customer gets the same code, or none more', async () => {
	const { p } = await projectWith({ type: 'AUTO_UPDATE' });
	const first = await publish(p, { customer: customer('a'), campaign: 'C' }, '?join_once=true');
	const again = await publish(p, { customer: customer('a'), campaign: 'C' }, '?join_once=true');
	assert.equal(again.voucher.code, first.voucher.code);
	assert.equal(again.voucher.publish.count, 1);
	assert.notEqual((await publish(p, { customer: customer('b'), campaign: 'C' }, '?join_once=true')).voucher.code, first.voucher.code);
	assert.notEqual((await publish(p, { customer: customer('a'), campaign: 'C' })).voucher.code, first.voucher.code);
	await p.post('/v1/campaigns', { name: 'L', type: 'AUTO_UPDATE', voucher: { type: 'LOYALTY_CARD', loyalty_card: { points: 5 } } });
	await publish(p, { customer: customer('a'), campaign: 'L' });
	assertError(await p.post('/v1/publications', { customer: customer('a'), campaign: 'L' }),
		refusal('voucher_cannot_be_published', 'Voucher cannot be published', 'Voucher cannot be published. Customer already joined program.'));
});

test('the generic code of a campaign goes to everybody', async () => {
	const { p } = await projectWith({ type: 'STANDALONE', voucher: { ...DISCOUNT, code: 'ALL' } });
	for (const who of ['a', 'b'])
		assert.equal((await publish(p, { customer: customer(who), campaign: 'C' })).voucher.code, 'ALL');
	const v = await p.voucher('ALL');
	assert.deepEqual([v.publish.count, v.holder_id], [2, undefined]);
});

test('what cannot be published is told', async () => {
	const { p } = await projectWith({}, ['A']);
	const post = body => p.post('/v1/publications', body);
	assertInvalidPayload(await post({ voucher: 'A' }), "Payload should have required property 'customer'");
	assertInvalidPayload(await post({ customer: 'x', voucher: 'A' }), 'Property .customer must be object');
	assertInvalidPayload(await post({ customer: {}, campaign: { name: 'C', count: 51 } }), 'Property .campaign.count must be <= 50');
	assertInvalidPayload(await post({ customer: {}, campaign: {} }), "Property .campaign should have required property 'name'");
	assertError(await post({ customer: {} }), refusal('missing_vouchers', 'Missing vouchers', 'Either Campaign or Voucher is required'));
	assertNotFound(await post({ customer: {}, voucher: 'none' }), 'voucher', 'none');
	assertNotFound(await post({ customer: {}, campaign: 'none' }), 'campaign', 'none');
	const other = await newProject(server);
	assertNotFound(await other.post('/v1/publications', { customer: {}, voucher: 'A' }), 'voucher', 'A');
});

test('fifty at once take fifty different codes', async () => {
	const { p } = await projectWith({ vouchers_count: 60 });
	const actions = (await p.get('/v1/async-actions')).json.async_actions;
	await p.wait(actions[0].id);
	const codes = await Promise.all(Array.from({ length: 50 }, async (_, i) => (await publish(p, { customer: customer(`c${i}`), campaign: 'C' })).voucher.code));
	assert.equal(new Set(codes).size, 50);
});

/* ---- the list ---- */

const listed = async (p, query = '') => {
	const { status, text, json } = await p.get(`/v1/publications?${query}`);
	assert.equal(status, 200, text);
	return json;
};

test('publications are listed, newest first, with customer and voucher as they are now', async () => {
	const { p } = await projectWith({}, ['A', 'B', 'C']);
	await p.post('/v1/vouchers/G', { type: 'GIFT_VOUCHER', gift: { amount: 500 } });
	const one = await publish(p, { customer: { source_id: 's', name: 'Ann', metadata: { a: 1 } }, voucher: 'A', source_id: 'p-1', channel: 'own', metadata: { m: 1 } });
	const two = await publish(p, { customer: { email: 'x@example.com' }, campaign: { name: 'C', count: 2 } });
	const gift = await publish(p, { customer: customer('s'), voucher: 'G' });
	const { voucher: _, ...head } = one;
	const { publications, ...rest } = await listed(p);
	assert.deepEqual(rest, { object: 'list', data_ref: 'publications', total: 3, has_more: false });
	assert.deepEqual(publications[2], { ...head, voucher: { code: 'A', object: 'voucher', campaign: 'C', discount: DISCOUNT.discount, is_referral_code: false } });
	assert.deepEqual(publications[1], two); // of several there are codes only, here as there
	assert.deepEqual([publications[0].id, publications[0].voucher], [gift.id, { code: 'G', object: 'voucher', campaign: null, gift: { amount: 500, balance: 500 }, is_referral_code: false }]);
	assert.deepEqual((await listed(p, 'order=created_at')).publications.map(x => x.id), [one.id, two.id, gift.id]);
	await p.request('DELETE', '/v1/customers/s');
	await p.request('DELETE', '/v1/vouchers/A?force=true');
	await p.request('DELETE', '/v1/vouchers/B?force=true');
	const [, several, first] = (await listed(p)).publications;
	assert.deepEqual([first.customer, first.tracking_id, first.voucher, first.vouchers_id], [{ id: one.customer_id, object: 'customer' }, null, null, one.vouchers_id]);
	assert.deepEqual([several.vouchers, several.vouchers_id], [['C'], two.vouchers_id]);
	assert.deepEqual(await listed(await newProject(server)), { object: 'list', data_ref: 'publications', publications: [], total: 0, has_more: false });
});

test('the list has pages and filters', async () => {
	const { p, campaign } = await projectWith({}, ['A', 'B', 'C', 'D']);
	assert.equal((await p.post('/v1/campaigns', { name: 'S', type: 'STANDALONE', voucher: { ...DISCOUNT, code: 'ALL' } })).status, 200);
	const ids = [];
	for (const [who, voucher] of [['a', 'A'], ['b', 'ALL'], ['a', 'ALL'], ['b', 'B']])
		ids.push(await publish(p, { customer: customer(who), voucher, source_id: `${who}${voucher}` }));
	ids.push(await publish(p, { customer: customer('a'), campaign: { name: 'C', count: 2 } }));
	const places = async query => {
		const { publications, total, has_more } = await listed(p, query);
		return [publications.map(x => ids.findIndex(y => y.id === x.id)).join(''), total, has_more];
	};
	assert.deepEqual(await places('limit=2'), ['43', 5, true]);
	assert.deepEqual(await places('limit=2&page=3'), ['0', 5, false]);
	assert.deepEqual(await places('page=1000'), ['', 5, false]);
	for (const a of ['a', ids[0].customer_id])
		assert.deepEqual(await places(`customer=${a}`), ['420', 3, false]);
	for (const c of ['C', campaign.id])
		assert.deepEqual(await places(`campaign=${c}&order=id`), ['034', 3, false]);
	for (const [code, want] of Object.entries({ A: '0', ALL: '21', D: '4' }))
		assert.deepEqual(await places(`voucher=${code}`), [want, want.length, false]);
	assert.deepEqual(await places('voucher=ALL&customer=a'), ['2', 1, false]);
	assert.deepEqual(await places('source_id=bB'), ['3', 1, false]);
	for (const query of ['customer=nobody', `customer=cust_${'0'.repeat(24)}`, 'campaign=none', 'voucher=none', 'source_id=none', 'result=FAILURE'])
		assert.deepEqual(await places(query), ['', 0, false], query);
	assert.deepEqual(await places('result=SUCCESS'), ['43210', 5, false]);
	const other = await newProject(server);
	assert.equal((await listed(other, `customer=${ids[0].customer_id}`)).total, 0);
	const refused = async (query, details) => assertInvalidQuery(await p.get(`/v1/publications?${query}`), details);
	await refused('limit=101', 'Property .limit must be <= 100');
	await refused('order=code', 'Property .order must be equal to one of the allowed values [ id, -id, voucher_code, -voucher_code, tracking_id, -tracking_id, customer_id, -customer_id, created_at, -created_at, channel, -channel ]');
	await refused('result=x', 'Property .result must be equal to one of the allowed values [ SUCCESS, FAILURE ]');
	await refused('voucher_type=x', 'Property .voucher_type must be equal to one of the allowed values [ discount, gift, loyalty ]');
	await refused('is_referral_code=x', 'Property .is_referral_code must be boolean');
	assertError(await p.get('/v1/publications?page=1001'), refusal('page_over_limit', 'Listing resource above 1000 page is not supported', 'Property .page cannot be higher than 1000'));
});

test('the list has the orders and the filters of the API', async () => {
	const { p } = await projectWith({}, ['B', 'E']);
	await p.post('/v1/vouchers/A', { type: 'GIFT_VOUCHER', gift: { amount: 500 } });
	for (const [name, code, body] of [['R', 'F', { campaign_type: 'REFERRAL_PROGRAM', voucher: DISCOUNT }], ['L', 'D', { campaign_type: 'LOYALTY_PROGRAM', voucher: { type: 'LOYALTY_CARD', loyalty_card: { points: 5 } } }]]) {
		const { status, text } = await p.post('/v1/campaigns', { name, ...body });
		assert.equal(status, 200, text);
		assert.equal((await p.post(at(name, 'vouchers', code))).status, 200);
	}
	const ids = [];
	for (const [who, voucher, channel] of [['b', 'B', 'x'], ['a', 'A', 'z'], ['b', 'D', 'y'], ['c', 'F', 'x']])
		ids.push(await publish(p, { customer: customer(who), voucher, channel, source_id: `${who}-${voucher}` }));
	const at_ = async query => (await listed(p, query)).publications.map(x => ids.findIndex(y => y.id === x.id)).join('');
	for (const [query, want] of Object.entries({
		'order=voucher_code': '1023', 'order=-voucher_code': '3201', 'order=tracking_id': '1023', 'order=-tracking_id': '3201',
		'order=channel': '0321', 'order=-channel': '1230', 'order=id': '0123', 'order=-created_at': '3210',
		'voucher_type=discount': '30', 'voucher_type=gift': '1', 'voucher_type=loyalty': '2', 'is_referral_code=true': '3', 'is_referral_code=false': '3210',
		[`filters[customer_id][conditions][$in][0]=${ids[1].customer_id}&filters[customer_id][conditions][$in][1]=${ids[3].customer_id}`]: '31',
		[`filters[customer_id][conditions][$is]=${ids[0].customer_id}&filters[source_id][conditions][$ends_with]=A&filters[junction]=OR`]: '210',
		'filters[campaign_name][conditions][$is]=C': '0', 'filters[campaign_name][conditions][$is_unknown]=': '1', 'filters[campaign_name][conditions][$is_not]=R': '210',
		'filters[source_id][conditions][$contains]=b': '20', 'filters[result][conditions][$is]=SUCCESS': '3210', 'filters[result][conditions][$is_not]=SUCCESS': '',
		'filters[failure_code][conditions][$has_value]=': '', 'filters[failure_code][conditions][$is]=x': '', 'filters[failure_code][conditions][$contains]=x': '',
		'filters[voucher_type][conditions][$in][0]=gift&filters[voucher_type][conditions][$in][1]=loyalty': '21', 'filters[is_referral_code][conditions][$is]=false': '210',
		'customer=b&filters[source_id][conditions][$ends_with]=D': '2',
	}))
		assert.equal(await at_(query), want, query);
	const byCustomer = await at_('order=customer_id');
	assert.equal(Math.abs(byCustomer.indexOf('0') - byCustomer.indexOf('2')), 1); // those of one stand together
	await publish(p, { customer: customer('a'), campaign: { name: 'C', count: 1 }, source_id: 'last' });
	assert.deepEqual((await listed(p, 'limit=1')).total, 5);
	assert.deepEqual((await listed(p, 'limit=1&voucher_type=discount')).total, 3);
	assert.equal((await p.get('/v1/publications?filters[name][conditions][$is]=x')).status, 400);
});

/* ---- what hangs on it ---- */

test('vouchers are listed by who has them', async () => {
	const { p } = await projectWith({}, ['A', 'B', 'C']);
	const { customer_id } = await publish(p, { customer: customer('a'), campaign: { name: 'C', count: 2 } });
	const codes = async query => (await p.get(`/v1/vouchers?order=code&${query}`)).json.vouchers.map(v => v.code).join(' ');
	assert.equal(await codes('customer=a'), 'A B');
	assert.equal(await codes(`customer=${customer_id}`), 'A B');
	assert.equal(await codes('customer=nobody'), '');
	assert.equal(await codes(`filters[holder_id][conditions][$in][0]=${customer_id}`), 'A B');
	await p.request('DELETE', '/v1/customers/a');
	assert.equal((await p.voucher('A')).holder_id, undefined);
	assert.equal((await p.voucher('A')).publish.count, 1);
});

test('a change of the campaign leaves published vouchers alone', async () => {
	const { p } = await projectWith({ category: 'old' }, ['A', 'B', 'C']);
	await publish(p, { customer: customer('a'), voucher: 'B' });
	const put = await p.request('PUT', at('C'), { json: { start_date: '2023-03-03', category: 'new' } });
	assert.equal(put.json.creation_status, 'MODIFYING');
	const { json: { async_actions: [{ id }] } } = await p.get('/v1/async-actions?limit=1');
	assert.deepEqual((await p.wait(id)).result, { message: 'Updated 2 vouchers.', done_count: 2 });
	assert.deepEqual([(await p.voucher('A')).category, (await p.voucher('B')).category, (await p.voucher('B')).start_date], ['new', 'old', null]);
	const total = async category => (await p.get(`/v1/vouchers?category=${category}&limit=1`)).json.total;
	assert.deepEqual([await total('old'), await total('new')], [1, 2]);
});

test('an import that changes a published voucher leaves its holder', async () => {
	const { p } = await projectWith();
	await p.load(csv('Code,Voucher Type,Discount Type,Value,Category', ...Array.from({ length: 20 }, (_, i) => `V${i},DISCOUNT_VOUCHER,AMOUNT,1,one`)));
	const { customer_id } = await publish(p, { customer: customer('a'), voucher: 'V7' });
	await p.load(csv('Code,Voucher Type,Discount Type,Value,Category', ...Array.from({ length: 20 }, (_, i) => `V${i},DISCOUNT_VOUCHER,AMOUNT,2,two`)));
	const v = await p.voucher('V7');
	assert.deepEqual([v.category, v.discount.amount_off, v.holder_id, v.publish.count], ['two', 200, customer_id, 1]);
});

test('an import on its way still changes a voucher that is published meanwhile', async () => {
	const { p } = await projectWith();
	const header = 'Code,Voucher Type,Discount Type,Value,Category';
	await p.load(csv(header, 'Z,DISCOUNT_VOUCHER,AMOUNT,1,one'));
	const big = await p.startImport([header, ...Array.from({ length: 100000 }, (_, i) => `B${i},DISCOUNT_VOUCHER,AMOUNT,1,x`), 'Z,DISCOUNT_VOUCHER,AMOUNT,2,two', ''].join('\n'));
	const { customer_id } = await publish(p, { customer: customer('a'), voucher: 'Z' });
	await p.wait(big);
	const v = await p.voucher('Z');
	assert.deepEqual([v.category, v.discount.amount_off, v.holder_id, v.publish.count], ['two', 200, customer_id, 1]);
});

test('a campaign that is disabled or has expired makes no codes, and nothing stays of the try', async () => {
	for (const [change, path] of [[{ expiration_date: '2020-01-01T00:00:00.000Z' }, ''], [undefined, 'disable']]) {
		const { p } = await projectWith({ type: 'AUTO_UPDATE', ...change });
		if (path)
			assert.equal((await p.request('POST', at('C', path))).status, 200);
		const { status, json } = await p.post('/v1/publications', { customer: customer('a'), campaign: 'C' });
		assert.deepEqual([status, json.key, json.details], [400, 'no_voucher_suitable_for_publication', "Couldn't create new vouchers for publication"]);
		assertNotFound(await p.get('/v1/customers/a'), 'customer', 'a');
		assert.equal((await p.get('/v1/vouchers')).json.total, 0);
	}
});

test('a generic code is handed out by its name as often as one likes, and nobody holds it', async () => {
	const { p } = await projectWith({ type: 'STANDALONE', voucher: { ...DISCOUNT, code: 'GENERIC' } });
	for (const name of ['a', 'b', 'a'])
		await publish(p, { customer: customer(name), voucher: 'GENERIC' });
	const v = await p.voucher('GENERIC');
	assert.deepEqual([v.publish.count, v.holder_id], [3, undefined]);
	const { status, json } = await p.post('/v1/publications', { customer: customer('a'), campaign: { name: 'C', count: 2 } });
	assert.deepEqual([status, json.key, json.details], [400, 'too_many_vouchers_requested', 'Only up to 1 can be published']);
});

test('an id alone means a customer who is there', async () => {
	const { p } = await projectWith({}, ['A']);
	assertNotFound(await p.post('/v1/publications', { customer: { id: 'cust_nobody' }, voucher: 'A' }), 'customer', 'cust_nobody');
	assert.equal((await p.get('/v1/customers')).json.total, 0);
	assert.equal((await p.voucher('A')).publish.count, 0);
});

test('an export tells who has a voucher', async () => {
	const { p } = await projectWith({}, ['A', 'B', 'C1']);
	const { customer_id } = await publish(p, { customer: customer('ann@example.com'), voucher: 'A' });
	const { customer_id: nameless } = await publish(p, { customer: { name: 'N' }, voucher: 'B' });
	const { json } = await p.post('/v1/exports', { exported_object: 'voucher', parameters: { fields: ['code', 'customer_id', 'customer_source_id'], order: 'code' } });
	const { json: done } = await p.get(`/v1/exports/${json.id}`);
	const text = await (await fetch(done.result.url)).text();
	assert.deepEqual(text.trim().split(/\r?\n/).slice(1), [`A,${customer_id},ann@example.com`, `B,${nameless},`, 'C1,,']);
});
