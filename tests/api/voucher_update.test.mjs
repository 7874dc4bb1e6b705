// SPDX-License-Identifier: MIT
/* PUT /v1/vouchers/{code}, enable, disable: what a change changes, and what it leaves alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	TIME, apiServer, assertError, assertInvalidPayload, assertNotFound, newProject
} from '../support/api.mjs';

const server = await apiServer();

const FULL = {
	type: 'DISCOUNT_VOUCHER',
	discount: { type: 'AMOUNT', amount_off: 1000, effect: 'APPLY_TO_ORDER', is_dynamic: true },
	category: 'New', start_date: '2022-01-01', expiration_date: '2030-02-01T10:00:00Z',
	validity_timeframe: { interval: 'P2D', duration: 'PT1H' }, validity_day_of_week: [1, 2],
	validity_hours: { daily: [{ start_time: '12:00', days_of_week: [1], expiration_time: '14:00' }] },
	active: true, additional_info: 'info', redemption: { quantity: 5 },
	metadata: { a: 1, b: { c: 'x' } }, validation_rules: ['val_1']
};

async function created(p, body = FULL, code = 'CODE') {
	const answer = await p.post(`/v1/vouchers/${code}`, body);
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

const put = (p, code, json) => p.request('PUT', `/v1/vouchers/${code}`, { json });

/** Changes it; the voucher, which is what is read afterwards. */
async function changed(p, body, code = 'CODE') {
	const answer = await put(p, code, body);
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual(await p.voucher(answer.json.code), answer.json);
	return answer.json;
}

/* ---- fields ---- */

test('what is absent stays, what is given changes', async t => {
	const p = await newProject(server);
	const cases = [
		[{ category: 'Old' }, { category: 'Old' }],
		[{ start_date: '2023-01-01' }, { start_date: '2023-01-01T00:00:00.000Z' }],
		[{ expiration_date: '2031-01-01T00:00:00+02:00' }, { expiration_date: '2030-12-31T22:00:00.000Z' }],
		[{ validity_timeframe: { duration: 'PT2H' } }, { validity_timeframe: { duration: 'PT2H' } }],
		[{ validity_day_of_week: [] }, { validity_day_of_week: [] }],
		[{ validity_hours: {} }, { validity_hours: {} }],
		[{ active: false }, { active: false }],
		[{ additional_info: 'other' }, { additional_info: 'other' }],
		[{ metadata: { a: null, z: [1] } }, { metadata: { a: null, b: { c: 'x' }, z: [1] } }],
		[{ metadata: { b: { d: 1 } } }, { metadata: { a: 1, b: { d: 1 } } }],
		[{ type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 5 } },
			{ discount: { ...FULL.discount, amount_off: 5 } }],
		[{ discount: { type: 'AMOUNT', effect: 'APPLY_TO_ITEMS', is_dynamic: null, amount_off_formula: 'f' } },
			{ discount: { type: 'AMOUNT', amount_off: 1000, effect: 'APPLY_TO_ITEMS', amount_off_formula: 'f' } }]
	];
	for (const [i, [body, want]] of cases.entries()) {
		await t.test(JSON.stringify(body), async () => {
			const before = await created(p, FULL, `C${i}`);
			const after = await changed(p, body, `C${i}`);
			assert.match(after.updated_at, TIME);
			assert.deepEqual(after, { ...before, ...want, updated_at: after.updated_at });
		});
	}
});

test('null clears what can be empty', async t => {
	const p = await newProject(server);
	for (const member of ['category', 'category_id', 'start_date', 'expiration_date', 'validity_timeframe',
		'validity_day_of_week', 'validity_hours', 'additional_info']) {
		await t.test(member, async () => {
			const before = await created(p, FULL, member);
			const after = await changed(p, { [member]: null }, member);
			const want = { ...before, updated_at: after.updated_at, [member]: null };
			if (member === 'category_id')
				want.category = null;
			if (member === 'validity_hours')
				delete want.validity_hours; // printed where it is set only
			assert.deepEqual(after, want);
		});
	}
	await created(p, FULL, 'Q');
	assert.equal((await changed(p, { redemption: { quantity: 7 } }, 'Q')).redemption.quantity, 7);
	assert.equal((await changed(p, { redemption: { quantity: null } }, 'Q')).redemption.quantity, null);
});

test('what cannot be changed here is skipped in silence', async () => {
	const p = await newProject(server);
	const before = await created(p);
	const gift = await created(p, { gift: { amount: 100, effect: 'APPLY_TO_ORDER' } }, 'GIFT');
	assert.deepEqual(await changed(p, {
		code: 'OTHER', id: 'v_1', object: 'x', unknown: { a: [] }, active: null, metadata: null,
		discount: null, type: null, gift: { amount: 5 }, loyalty_card: { points: 1 },
		validation_rules: ['val_2'], campaign: 'x', created_at: '2000-01-01',
		redemption: { redeemed_quantity: 5 }
	}), before);
	assert.deepEqual(await changed(p, { gift: { amount: 5, balance: 5 } }, 'GIFT'), gift);
	assert.equal(await p.voucher('OTHER'), undefined);
});

test('an update that changes nothing leaves updated_at as it was', async () => {
	const p = await newProject(server);
	const before = await created(p);
	for (const body of [{}, FULL, before])
		assert.deepEqual(await changed(p, body), before);
	const after = await changed(p, { active: false });
	assert.deepEqual(await changed(p, { active: false, metadata: { a: 1 } }), after);
	const JSON_TYPE = { 'Content-Type': 'application/json' };
	const empty = await p.request('PUT', '/v1/vouchers/CODE', { body: '', headers: JSON_TYPE });
	assert.deepEqual(empty.json, after);
});

test('a voucher is found by its id first, then by its code', async () => {
	const p = await newProject(server);
	const v = await created(p);
	assert.equal((await changed(p, { additional_info: 'by id' }, v.id)).code, 'CODE');
	assert.equal((await p.voucher('CODE')).additional_info, 'by id');
	await created(p, FULL, 'a%2Fb%20c');
	assert.equal((await changed(p, { active: false }, 'a%2Fb%20c')).code, 'a/b c');
});

/* ---- what is refused ---- */

test('the kind of discount cannot change', async () => {
	const p = await newProject(server);
	const before = await created(p);
	const gift = await created(p, { gift: { amount: 1 } }, 'GIFT');
	const refused = { code: 400, key: 'invalid_voucher', message: 'Invalid Voucher',
		details: 'It is not possible to change Voucher discount type' };
	for (const discount of [{ type: 'PERCENT', percent_off: 10 }, { type: 'UNIT', unit_off: 1 }])
		assertError(await put(p, 'CODE', { discount, active: false }), refused);
	assertError(await put(p, 'CODE', { type: 'GIFT_VOUCHER' }), refused);
	assertError(await put(p, 'GIFT', { discount: { type: 'AMOUNT', amount_off: 1 } }), refused);
	assert.deepEqual(await p.voucher('CODE'), before);
	assert.deepEqual(await p.voucher('GIFT'), gift);
});

test('a bad update is refused as a whole', async t => {
	const p = await newProject(server);
	const before = await created(p);
	const cases = [
		[[], 'Payload must be object'],
		[{ discount: { amount_off: 1 } }, "Property .discount should have required property 'type'"],
		[{ discount: { type: 'AMOUNT', amount_off: -1 } }, 'Property .discount.amount_off must be >= 0'],
		[{ active: 'true' }, 'Property .active must be boolean,null'],
		[{ expiration_date: 'soon' },
			'Property .expiration_date cannot be recognized as a ISO-8601 compliant date'],
		[{ category_id: {} }, 'Property .category_id must be string,null'],
		[{ metadata: [1] }, 'Property .metadata must be object,null'],
		[{ redemption: { quantity: 'x' } }, 'Property .redemption.quantity must be integer,null'],
		[{ validity_day_of_week: 1 }, 'Property .validity_day_of_week must be array,null']
	];
	for (const [body, details] of cases)
		await t.test(details, async () => {
			const whole = Array.isArray(body) ? body : { additional_info: 'new', ...body };
			assertInvalidPayload(await put(p, 'CODE', whole), details);
		});
	assert.deepEqual(await p.voucher('CODE'), before);
});

test('metadata that grows too long is refused', async () => {
	const p = await newProject(server);
	const half = 'x'.repeat(140000);
	await created(p, { gift: { amount: 1 }, metadata: { a: half } });
	assertError(await put(p, 'CODE', { metadata: { b: half } }), {
		code: 400, key: 'invalid_voucher', message: 'Invalid Voucher',
		details: 'Property .metadata must NOT be longer than 262144 bytes'
	});
	assert.deepEqual((await p.voucher('CODE')).metadata, { a: half });
});

test('a voucher that is not there is not found, with its id as given', async () => {
	const p = await newProject(server), q = await newProject(server);
	const { id } = await created(q);
	for (const code of ['NONE', 'CODE', id, 'a b', 'ż']) {
		const path = `/v1/vouchers/${encodeURIComponent(code)}`;
		assertNotFound(await p.request('PUT', path, { json: { active: false } }), 'voucher', code);
		assertNotFound(await p.request('POST', `${path}/enable`), 'voucher', code);
		assertNotFound(await p.request('POST', `${path}/disable`), 'voucher', code);
	}
	assert.equal((await q.voucher('CODE')).active, true);
});

/* ---- enable, disable ---- */

test('disable and enable answer with the voucher', async () => {
	const p = await newProject(server);
	const before = await created(p);
	const JSON_TYPE = { 'Content-Type': 'application/json' };
	const steps = [['enable', true], ['disable', false], ['disable', false], ['enable', true]];
	let last = before;
	for (const [verb, active] of steps) {
		const headers = verb === 'disable' ? JSON_TYPE : {}; // some clients send it without a body
		const answer = await p.request('POST', `/v1/vouchers/${before.id}/${verb}`, { headers });
		assert.equal(answer.status, 200, answer.text);
		const { json } = answer;
		assert.deepEqual(json, { ...before, active, updated_at: json.updated_at });
		assert.equal(json.updated_at === last.updated_at, active === last.active);
		assert.deepEqual(await p.voucher('CODE'), json);
		last = json;
	}
});

/* ---- categories ---- */

const newCategory = async (p, name) => (await p.post('/v1/categories', { name, hierarchy: 0 })).json;
const categoryOf = ({ category, category_id, categories }) => ({ category, category_id, categories });
const linked = c => ({ category: c.name, category_id: c.id, categories: [c] });
const tagged = name => ({ category: name, category_id: null, categories: [] });

test('the category moves between tags and categories', async () => {
	const p = await newProject(server);
	const a = await newCategory(p, 'A'), b = await newCategory(p, 'B');
	await created(p, { gift: { amount: 1 } });
	const steps = [
		[{ category: 'tag' }, tagged('tag')],
		[{ category: 'A' }, linked(a)],
		[{ category_id: b.id }, linked(b)],
		[{ category_id: a.id, category: 'B' }, linked(a)],
		[{ active: false }, linked(a)],
		[{ category_id: null, category: 'tag' }, tagged('tag')],
		[{ category_id: b.id, category: null }, linked(b)],
		[{ category_id: null }, tagged(null)],
		[{ category: 'B' }, linked(b)],
		[{ category: null }, tagged(null)]
	];
	for (const [body, want] of steps)
		assert.deepEqual(categoryOf(await changed(p, body)), want, JSON.stringify(body));
	const { updated_at } = await p.voucher('CODE');
	assertNotFound(await put(p, 'CODE', { category_id: 'cat_0bb81a481615a37b5e', active: true }),
		'category', 'cat_0bb81a481615a37b5e');
	assert.equal((await p.voucher('CODE')).updated_at, updated_at);
});

/* ---- at the same time ---- */

test('changes that come at the same time are all made', async () => {
	const p = await newProject(server);
	await created(p);
	const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
	const answers = await Promise.all(keys.map((k, i) => put(p, 'CODE', { metadata: { [k]: i } })));
	assert.ok(answers.every(a => a.status === 200));
	const { metadata } = await p.voucher('CODE');
	assert.deepEqual(Object.keys(metadata).sort(), ['a', 'b', ...keys].sort());
});
