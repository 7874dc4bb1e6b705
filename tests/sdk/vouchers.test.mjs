// SPDX-License-Identifier: MIT
/* Single vouchers, lists with filters, and categories, as a user of the official SDK meets them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TIME, VOUCHER_ID, apiServer } from '../support/api.mjs';
import { assertShape, newClient, notFound, oneOf, refusal } from './sdk.mjs';

const server = await apiServer();

const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 5000 } };
const AMOUNT = { discount: { type: 'AMOUNT', amount_off: 2000 }, redemption: { quantity: null } };

const CATEGORY = {
	id: /^cat_[0-9a-f]{18}$/, name: 'string', hierarchy: 'integer', created_at: TIME,
	object: oneOf('category')
};

/* ---- one voucher ---- */

test('a voucher is created under its code, with the type that its discount means', async () => {
	const { client } = await newClient(server);
	const made = await client.vouchers.create({ code: 'SUMMER', ...AMOUNT });
	assert.match(made.id, VOUCHER_ID);
	assert.equal(made.code, 'SUMMER');
	assert.equal(made.type, 'DISCOUNT_VOUCHER');
	assert.deepEqual(made.discount, { type: 'AMOUNT', amount_off: 2000 });
	assert.equal(made.redemption.quantity, null);
	assert.deepEqual(await client.vouchers.get('SUMMER'), made);
	assert.deepEqual(await client.vouchers.get(made.id), made);
	await assert.rejects(client.vouchers.create({ code: 'SUMMER', ...AMOUNT }), refusal({
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found',
		details: 'Duplicated voucher exists with id SUMMER', resource_id: 'SUMMER', resource_type: 'voucher'
	}));
});

test('a voucher without a code gets one', async () => {
	const { client } = await newClient(server);
	const [one, two] = [await client.vouchers.create(GIFT), await client.vouchers.create(GIFT)];
	assert.ok(one.code.length > 0);
	assert.notEqual(one.code, two.code);
	assert.deepEqual(await client.vouchers.get(one.code), one);
	assert.equal((await client.vouchers.list()).total, 2);
});

test('codes may hold whatever a path gives a meaning to', async () => {
	const { client } = await newClient(server);
	for (const code of ['Loyalty Card', '10%OFF', 'a/b', 'a?b#c', 'żółć', '100+1&2=3', 'a%2Fb']) {
		const made = await client.vouchers.create({ code, ...GIFT });
		assert.equal(made.code, code);
		assert.deepEqual(await client.vouchers.get(code), made);
		const { metadata } = await client.vouchers.update({ code, metadata: { seen: true } });
		assert.deepEqual(metadata, { seen: true });
		await client.vouchers.delete(code);
		await assert.rejects(client.vouchers.get(code), notFound('voucher', code));
	}
});

test('an update changes what it names, and merges metadata', async () => {
	const { client } = await newClient(server);
	const made = await client.vouchers.create(
		{ code: 'V', ...AMOUNT, additional_info: 'first', metadata: { kept: 1, changed: 'a' } });
	assert.equal(made.updated_at, null);
	const changed = await client.vouchers.update({
		code: 'V', category: 'Loyal', active: false, start_date: '2026-01-01T00:00:00.000Z',
		expiration_date: '2027-01-01', metadata: { changed: null, added: [1, 'two'] }
	});
	assert.match(changed.updated_at, TIME);
	assert.deepEqual(changed, {
		...made, category: 'Loyal', active: false, start_date: '2026-01-01T00:00:00.000Z',
		expiration_date: '2027-01-01T00:00:00.000Z', metadata: { kept: 1, changed: null, added: [1, 'two'] },
		updated_at: changed.updated_at
	});
	assert.deepEqual(await client.vouchers.get('V'), changed);
	assert.equal((await client.vouchers.update({ code: 'V', start_date: null })).start_date, null);
	const percent = { code: 'V', type: 'DISCOUNT_VOUCHER', discount: { type: 'PERCENT', percent_off: 1 } };
	await assert.rejects(client.vouchers.update(percent), refusal({
		code: 400, key: 'invalid_voucher', message: 'Invalid Voucher',
		details: 'It is not possible to change Voucher discount type'
	}));
	await assert.rejects(
		client.vouchers.update({ code: 'NOBODY', active: true }), notFound('voucher', 'NOBODY'));
});

test('a voucher is switched off and on', async () => {
	const { client } = await newClient(server);
	await client.vouchers.create({ code: 'V', ...GIFT });
	assert.equal((await client.vouchers.disable('V')).active, false);
	assert.equal((await client.vouchers.get('V')).active, false);
	assert.equal((await client.vouchers.enable('V')).active, true);
	assert.equal((await client.vouchers.get('V')).active, true);
	await assert.rejects(client.vouchers.enable('NOBODY'), notFound('voucher', 'NOBODY'));
	await assert.rejects(client.vouchers.disable('NOBODY'), notFound('voucher', 'NOBODY'));
});

test('a voucher is deleted, for good when forced', async () => {
	const { client } = await newClient(server);
	for (const code of ['A', 'B', 'C'])
		await client.vouchers.create({ code, ...GIFT });
	await client.vouchers.delete('A');
	await client.vouchers.delete('B', { force: true });
	const left = await client.vouchers.list();
	assert.deepEqual(left.vouchers.map(v => v.code), ['C']);
	assert.equal(left.total, 1);
	await assert.rejects(client.vouchers.delete('A'), notFound('voucher', 'A'));
	await assert.rejects(client.vouchers.delete('B'), notFound('voucher', 'B'));
	assert.equal((await client.vouchers.create({ code: 'B', ...GIFT })).code, 'B', 'its code is free again');
	await assert.rejects(client.vouchers.create({ code: 'A', ...GIFT }), error => error.code === 409,
		'what is in the bin keeps its code');
});

/* ---- lists ---- */

/** Four vouchers that differ in whatever a list can be filtered by. */
async function clientWithFour() {
	const { client } = await newClient(server);
	const made = [];
	for (const voucher of [
		{ code: 'ONE', ...GIFT, category: 'New', metadata: { region: 'north', seats: 1 } },
		{ code: 'TWO', ...AMOUNT, active: false, metadata: { region: 'south', seats: 2 } },
		{ code: 'THREE', ...GIFT, category: 'New', expiration_date: '2020-01-01T00:00:00.000Z' },
		{ code: 'FOUR', ...AMOUNT, metadata: { region: 'north', seats: 4 } }
	])
		made.push(await client.vouchers.create(voucher));
	return { client, made };
}

const codes = ({ vouchers }) => vouchers.map(v => v.code).sort();

test('a list of vouchers pages, and is ordered as asked', async () => {
	const { client } = await clientWithFour();
	const all = await client.vouchers.list();
	assert.deepEqual([all.object, all.data_ref, all.total], ['list', 'vouchers', 4]);
	assert.deepEqual(all.vouchers.map(v => v.code), ['FOUR', 'THREE', 'TWO', 'ONE'], 'newest first');
	const ordered = async params => (await client.vouchers.list(params)).vouchers.map(v => v.code);
	assert.deepEqual(await ordered({ order: 'code' }), ['FOUR', 'ONE', 'THREE', 'TWO']);
	assert.deepEqual(await ordered({ order: '-code', limit: 3 }), ['TWO', 'THREE', 'ONE']);
	assert.deepEqual(await ordered({ order: '-code', limit: 3, page: 2 }), ['FOUR']);
	assert.deepEqual(await ordered({ order: '-code', limit: 3, page: 3 }), []);
	await assert.rejects(client.vouchers.list({ limit: 101 }), refusal({
		code: 400, key: 'invalid_query_params', message: 'Invalid query params',
		details: 'Property .limit must be <= 100'
	}));
});

test('a list of vouchers is narrowed by its own parameters', async () => {
	const { client, made } = await clientWithFour();
	const cases = [
		[{ category: 'New' }, ['ONE', 'THREE']],
		[{ code: 'TWO' }, ['TWO']],
		[{ ids: [made[0].id, made[3].id] }, ['FOUR', 'ONE']],
		[{ campaign: 'none such' }, []],
		[{ created_at: { after: '2020-01-01T00:00:00.000Z' } }, ['FOUR', 'ONE', 'THREE', 'TWO']],
		[{ created_at: { before: '2020-01-01T00:00:00.000Z' } }, []],
		[{ created_at: { before: made[0].created_at } }, []]
	];
	for (const [params, expected] of cases) {
		const list = await client.vouchers.list(params);
		assert.deepEqual(codes(list), expected, JSON.stringify(params));
		assert.equal(list.total, expected.length, JSON.stringify(params));
	}
});

test('a list of vouchers is filtered by conditions', async () => {
	const { client } = await clientWithFour();
	const is = (field, conditions) => ({ [field]: { conditions } });
	const cases = [
		[is('code', { $is: 'ONE' }), ['ONE']],
		[is('code', { $in: ['ONE', 'FOUR', 'NOBODY'] }), ['FOUR', 'ONE']],
		[is('code', { $starts_with: 'T' }), ['THREE', 'TWO']],
		[is('code', { $contains: 'O' }), ['FOUR', 'ONE', 'TWO']],
		[is('code', { $not_in: ['ONE'] }), ['FOUR', 'THREE', 'TWO']],
		[is('metadata.region', { $is: 'north' }), ['FOUR', 'ONE']],
		[is('metadata.seats', { $more_than: 1 }), ['FOUR', 'TWO']],
		[is('metadata.region', { $is_unknown: '' }), ['THREE']],
		[is('metadata.region', { $has_value: '' }), ['FOUR', 'ONE', 'TWO']],
		[is('active', { $disabled: true }), ['TWO']],
		[is('expiration_date', { $has_value: '' }), ['THREE']],
		[is('redemption.redeemed_quantity', { $is: 0 }), ['FOUR', 'ONE', 'THREE', 'TWO']],
		[{ ...is('metadata.region', { $is: 'north' }), ...is('metadata.seats', { $is: 4 }) }, ['FOUR']],
		[{ junction: 'or', ...is('code', { $is: 'TWO' }), ...is('metadata.seats', { $is: 4 }) }, ['FOUR', 'TWO']],
		[{ junction: 'OR', ...is('campaign_ids', { $in: ['none'] }), ...is('code', { $is: 'ONE' }) }, ['ONE']],
		[{ junction: 'AND', ...is('campaign_ids', { $in: ['none'] }), ...is('code', { $is: 'ONE' }) }, []]
	];
	for (const [filters, expected] of cases) {
		const list = await client.vouchers.list({ filters });
		assert.deepEqual(codes(list), expected, JSON.stringify(filters));
		assert.equal(list.total, expected.length, JSON.stringify(filters));
	}
	await assert.rejects(client.vouchers.list({ filters: is('code', { $is_like: 'ONE' }) }),
		error => error.code === 400 && error.key === 'invalid_query_params');
});

/* ---- categories ---- */

test('a category is created, listed, changed and deleted', async () => {
	const { client } = await newClient(server);
	assert.deepEqual(await client.categories.list(), { object: 'list', data_ref: 'data', data: [], total: 0 });
	const made = await client.categories.create({ name: 'Loyal', hierarchy: 2 });
	assertShape(made, CATEGORY, 'category');
	const second = await client.categories.create({ name: 'New', hierarchy: 0 });
	assert.deepEqual(await client.categories.get(made.id), made);
	assert.deepEqual((await client.categories.list()).data, [second, made]);

	const changed = await client.categories.update(made.id, { name: 'Faithful', hierarchy: 1 });
	assertShape(changed, { ...CATEGORY, updated_at: TIME }, 'category');
	assert.deepEqual(changed, { ...made, name: 'Faithful', hierarchy: 1, updated_at: changed.updated_at });
	await client.categories.delete(second.id);
	const list = await client.categories.list();
	assert.deepEqual([list.total, list.data], [1, [changed]]);
	await assert.rejects(client.categories.get(second.id), notFound('category', second.id));
	await assert.rejects(client.categories.create({ name: 'x' }), refusal({
		code: 400, key: 'invalid_payload', message: 'Invalid payload',
		details: "Payload should have required property 'hierarchy'"
	}));
});

test('a voucher tells its category by id and by name', async () => {
	const { client } = await newClient(server);
	const { id } = await client.categories.create({ name: 'Loyal', hierarchy: 1 });
	const made = await client.vouchers.create({ code: 'V', ...GIFT, category_id: id });
	assert.deepEqual([made.category, made.category_id], ['Loyal', id]);
	await client.vouchers.create({ code: 'W', ...GIFT });
	assert.deepEqual(codes(await client.vouchers.list({ category: 'Loyal' })), ['V']);
	await assert.rejects(client.vouchers.create({ code: 'X', ...GIFT, category_id: 'cat_0123456789abcdef01' }),
		notFound('category', 'cat_0123456789abcdef01'));
});
