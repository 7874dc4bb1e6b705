// SPDX-License-Identifier: MIT
/* POST /v1/vouchers/{code}/balance and GET /v1/vouchers/{code}/transactions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	TIME, apiServer, assertError, assertInvalidPayload, assertInvalidQuery, assertNotFound, csv, newProject
} from '../support/api.mjs';

const server = await apiServer();

async function created(p, code = 'GIFT', body = { gift: { amount: 1000, effect: 'APPLY_TO_ORDER' } }) {
	const answer = await p.post(`/v1/vouchers/${code}`, body);
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

const book = (p, code, json) => p.post(`/v1/vouchers/${code}/balance`, json);
const transactions = async (p, query = '', code = 'GIFT') =>
	(await p.get(`/v1/vouchers/${code}/transactions${query}`)).json;

test('a booking answers with the balance and changes the gift', async () => {
	const p = await newProject(server);
	const before = await created(p);
	const steps = [
		[500, 1500, { amount: 1500, balance: 1500 }],
		[-700, 800, { amount: 1500, subtracted_amount: 700, balance: 800 }],
		[0, 800, { amount: 1500, subtracted_amount: 700, balance: 800 }],
		[-800, 0, { amount: 1500, subtracted_amount: 1500, balance: 0 }],
		[20, 20, { amount: 1520, subtracted_amount: 1500, balance: 20 }]
	];
	for (const [amount, balance, gift] of steps) {
		const answer = await book(p, 'GIFT', { amount });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(answer.json, {
			amount, total: balance, balance, type: 'gift_voucher', operation_type: 'MANUAL', object: 'balance',
			related_object: { type: 'voucher', id: before.id }
		});
		const after = await p.voucher('GIFT');
		assert.match(after.updated_at, TIME);
		assert.deepEqual(after,
			{ ...before, gift: { ...gift, effect: 'APPLY_TO_ORDER' }, updated_at: after.updated_at });
	}
});

test('what was redeemed is not available, but was income', async () => {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value,Redeemed Amount', 'GIFT,GIFT_VOUCHER,100,25'));
	const { json } = await book(p, 'GIFT', { amount: -500 });
	assert.deepEqual([json.total, json.balance], [9500, 7000]);
	assert.deepEqual((await p.voucher('GIFT')).gift,
		{ amount: 10000, subtracted_amount: 500, balance: 7000 });
});

test('more than there is cannot be taken', async () => {
	const p = await newProject(server);
	const before = await created(p);
	for (const amount of [-1001, -9223372036854775808n]) {
		const body = `{"amount":${amount}}`;
		const headers = { 'Content-Type': 'application/json' };
		assertError(await p.request('POST', '/v1/vouchers/GIFT/balance', { body, headers }), {
			code: 400, key: 'gift_amount_exceeded', message: 'Gift amount exceeded',
			details: 'Cannot subtract more than is available: 1000'
		});
	}
	assert.deepEqual(await p.voucher('GIFT'), before);
	assert.deepEqual((await transactions(p)).data, []);
	assertError(
		await p.request('POST', '/v1/vouchers/GIFT/balance', {
			body: '{"amount":9223372036854775807}', headers: { 'Content-Type': 'application/json' }
		}), {
			code: 400, key: 'invalid_add_balance_params', message: 'Invalid add balance params',
			details: 'Property .amount is too large for this gift'
		});
});

test('only a gift has a balance', async () => {
	const p = await newProject(server);
	const v = await created(p, 'D', { discount: { type: 'AMOUNT', amount_off: 10 } });
	assertError(await book(p, 'D', { amount: 1 }), {
		code: 400, key: 'invalid_add_balance_params', message: 'Invalid add balance params',
		details: 'Only a gift voucher or a loyalty card has a balance; this is a DISCOUNT_VOUCHER'
	});
	assert.deepEqual(await p.voucher('D'), v);
	assert.deepEqual((await transactions(p, '', 'D')).data, []);
});

test('an amount is a whole number', async t => {
	const p = await newProject(server);
	await created(p);
	const cases = [
		[{}, "Payload should have required property 'amount'"],
		[[], 'Payload must be object'],
		[{ amount: null }, 'Property .amount must be integer'],
		[{ amount: '5' }, 'Property .amount must be integer'],
		[{ amount: 1.5 }, 'Property .amount must be integer'],
		[{ amount: 1e300 }, 'Property .amount must be integer'],
		[{ amount: 1, source_id: 7 }, 'Property .source_id must be string,null'],
		[{ amount: 1, reason: {} }, 'Property .reason must be string,null']
	];
	for (const [body, details] of cases)
		await t.test(JSON.stringify(body), async () =>
			assertInvalidPayload(await book(p, 'GIFT', body), details));
	const headers = { 'Content-Type': 'application/json' };
	const answer = await p.request('POST', '/v1/vouchers/GIFT/balance', { body: '{"amount":-5.0}', headers });
	assert.equal(answer.json.balance, 995);
	assertNotFound(await book(p, 'NONE', { amount: 1 }), 'voucher', 'NONE');
});

test('bookings at the same time are all booked', async () => {
	const p = await newProject(server);
	await created(p);
	const answers = await Promise.all(Array.from({ length: 40 }, () => book(p, 'GIFT', { amount: -30 })));
	assert.equal(answers.filter(a => a.status === 200).length, 33);
	assert.equal(answers.filter(a => a.json.key === 'gift_amount_exceeded').length, 7);
	assert.deepEqual((await p.voucher('GIFT')).gift,
		{ amount: 1000, subtracted_amount: 990, balance: 10, effect: 'APPLY_TO_ORDER' });
	assert.equal((await transactions(p, '?limit=100')).data.length, 33);
});

/* ---- transactions ---- */

test('a transaction tells what was booked', async () => {
	const p = await newProject(server);
	const { id } = await created(p);
	await book(p, 'GIFT', { amount: 20, source_id: 'add_1', reason: 'Adding "more"' });
	await book(p, id, { amount: -2000 }); // refused: leaves no trace
	await book(p, id, { amount: -200, source_id: null });
	const list = await transactions(p);
	assert.deepEqual(Object.keys(list), ['object', 'data_ref', 'data', 'has_more']);
	assert.deepEqual([list.object, list.data_ref, list.has_more], ['list', 'data', false]);
	const balance = (total, amount) => ({ balance: {
		type: 'gift_voucher', total, amount, object: 'balance', balance: total,
		related_object: { type: 'voucher', id }
	} });
	const base = { voucher_id: id, campaign_id: null, source: 'API', related_transaction_id: null };
	assert.deepEqual(list.data.map(({ id: key, created_at, ...rest }) => {
		assert.match(key, /^vtx_[0-9a-f]{18}$/);
		assert.match(created_at, TIME);
		return rest;
	}), [
		{ ...base, source_id: null, reason: null, type: 'CREDITS_REMOVAL', details: balance(820, -200) },
		{ ...base, source_id: 'add_1', reason: 'Adding "more"', type: 'CREDITS_ADDITION',
			details: balance(1020, 20) }
	]);
	assert.deepEqual(await transactions(p, '', id), list);
});

test('transactions are paged from the newest, or from the oldest', async () => {
	const p = await newProject(server);
	await created(p);
	await created(p, 'OTHER');
	for (let i = 1; i <= 25; i++) {
		await book(p, 'GIFT', { amount: i });
		await book(p, 'OTHER', { amount: 1000 + i });
	}
	const amounts = list => list.data.map(t => t.details.balance.amount);
	const down = Array.from({ length: 25 }, (_, i) => 25 - i);
	assert.deepEqual(amounts(await transactions(p)), down.slice(0, 10));
	for (const [order, want] of [['-id', down], ['id', [...down].reverse()]]) {
		const got = [];
		let cursor = '';
		for (;;) {
			const list = await transactions(p, `?limit=8&order=${order}${cursor}`);
			got.push(...amounts(list));
			assert.equal(list.has_more, 'more_starting_after' in list);
			if (!list.has_more)
				break;
			assert.equal(list.more_starting_after, list.data.at(-1).id);
			cursor = `&starting_after_id=${list.more_starting_after}`;
		}
		assert.deepEqual(got, want, order);
	}
	const all = await transactions(p, '?limit=25');
	assert.equal(all.has_more, false);
});

test('a bad page of transactions is refused', async () => {
	const p = await newProject(server), q = await newProject(server);
	await created(p);
	const path = '/v1/vouchers/GIFT/transactions';
	const cases = [
		['limit=101', 'Property .limit must be <= 100'],
		['limit=0', 'Property .limit must be >= 1'],
		['limit=x', 'Property .limit must be integer'],
		['order=created_at', 'Property .order must be equal to one of the allowed values [ id, -id ]'],
		['starting_after_id=vtx_1', 'Property .starting_after_id must be id of a transaction'],
		['filters[x][conditions][$is]=1', 'Property .filters is not supported yet']
	];
	for (const [query, details] of cases)
		assertInvalidQuery(await p.get(`${path}?${query}`), details);
	assertNotFound(await q.get(path), 'voucher', 'GIFT');
});
