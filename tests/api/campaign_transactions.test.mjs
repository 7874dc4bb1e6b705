// SPDX-License-Identifier: MIT
/* GET /v1/campaigns/{id}/transactions: bookings on all gifts or cards of a campaign (reference 4.1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, assertInvalidQuery, assertNotFound, newProject, TIME } from '../support/api.mjs';

const server = await apiServer();

const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 1000 } };
const CARD = { type: 'LOYALTY_CARD', loyalty_card: { points: 100 } };
const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };

const ok = ({ status, text, json }) => {
	assert.equal(status, 200, text);
	return json;
};

async function campaignOf(p, name, voucher, codes, body = {}) {
	const campaign = ok(await p.post('/v1/campaigns', { name, voucher, ...body }));
	for (const code of codes)
		ok(await p.post(`/v1/campaigns/${campaign.id}/vouchers/${code}`, {}));
	return campaign;
}

const book = async (p, code, amount, body = {}) => ok(await p.post(`/v1/vouchers/${code}/balance`, { amount, ...body }));
const list = async (p, campaign, query = '') => ok(await p.get(`/v1/campaigns/${campaign}/transactions?${query}`));
const amounts = ({ data }) => data.map(t => t.details.balance.amount);

test('what was booked on the vouchers of a campaign, and on no others, newest first', async () => {
	const p = await newProject(server);
	const { id } = await campaignOf(p, 'G', GIFT, ['A', 'B']);
	await campaignOf(p, 'H', GIFT, ['C']);
	ok(await p.post('/v1/vouchers/ALONE', { gift: { amount: 1000 } }));
	await book(p, 'A', 20, { source_id: 'add_1', reason: 'r' });
	await book(p, 'C', 30);
	await book(p, 'ALONE', 40);
	await book(p, 'B', -50);
	const page = await list(p, 'G');
	assert.deepEqual(Object.keys(page), ['object', 'data_ref', 'data', 'has_more']);
	assert.deepEqual([page.object, page.data_ref, page.has_more], ['list', 'data', false]);
	const ids = {};
	for (const code of ['A', 'B'])
		ids[code] = (await p.voucher(code)).id;
	const base = code => ({ voucher_id: ids[code], campaign_id: id, source: 'API', related_transaction_id: null });
	const balance = (code, total, amount) => ({ balance: {
		type: 'gift_voucher', total, amount, object: 'balance', balance: total, related_object: { type: 'voucher', id: ids[code] }
	} });
	assert.deepEqual(page.data.map(({ id: key, created_at, ...rest }) => {
		assert.match(key, /^vtx_[0-9a-f]{18}$/);
		assert.match(created_at, TIME);
		return rest;
	}), [
		{ ...base('B'), source_id: null, reason: null, type: 'CREDITS_REMOVAL', details: balance('B', 950, -50) },
		{ ...base('A'), source_id: 'add_1', reason: 'r', type: 'CREDITS_ADDITION', details: balance('A', 1020, 20) }
	]);
	assert.deepEqual(await list(p, id), page);
	assert.deepEqual(ok(await p.get('/v1/vouchers/A/transactions')).data, [page.data[1]]);
});

test('bookings of cards are points', async () => {
	const p = await newProject(server);
	const { id } = await campaignOf(p, 'L', CARD, ['CARD']);
	const { id: card } = await p.voucher('CARD');
	ok(await p.post('/v1/publications', { customer: { source_id: 'holder' }, voucher: 'CARD' }));
	ok(await p.post('/v1/loyalties/members/CARD/balance', { points: 7 }));
	ok(await p.post('/v1/loyalties/members/CARD/balance', { points: -5 }));
	const { data } = await list(p, id);
	assert.deepEqual(data.map(t => t.type), ['POINTS_REMOVAL', 'POINTS_ADDITION']);
	assert.deepEqual(data[1].details.balance, {
		type: 'loyalty_card', total: 107, points: 7, object: 'balance', balance: 107, operation_type: 'MANUAL', related_object: { type: 'voucher', id: card }
	});
	assert.deepEqual(ok(await p.get('/v1/vouchers/CARD/transactions')).data, data);
});

test('pages go along starting_after_id in either order', async () => {
	const p = await newProject(server);
	await campaignOf(p, 'G', GIFT, ['A', 'B']);
	for (let i = 1; i <= 20; i++)
		await book(p, i % 3 === 0 ? 'A' : 'B', i);
	const up = Array.from({ length: 20 }, (_, i) => i + 1);
	assert.deepEqual(amounts(await list(p, 'G')), up.toReversed().slice(0, 10));
	for (const [order, want] of [['id', up], ['-id', up.toReversed()]]) {
		const got = [];
		for (let cursor = ''; ;) {
			const page = await list(p, 'G', `limit=8&order=${order}${cursor}`);
			got.push(...amounts(page));
			assert.equal(page.has_more, 'more_starting_after' in page);
			if (!page.has_more)
				break;
			cursor = `&starting_after_id=${page.more_starting_after}`;
		}
		assert.deepEqual(got, want, order);
	}
});

test('only gifts and cards are booked on', async () => {
	const p = await newProject(server), other = await newProject(server);
	await campaignOf(p, 'D', DISCOUNT, []);
	await campaignOf(p, 'R', DISCOUNT, [], { campaign_type: 'REFERRAL_PROGRAM' });
	await campaignOf(p, 'P', undefined, [], { campaign_type: 'PROMOTION' });
	const { id } = await campaignOf(p, 'G', GIFT, []);
	for (const name of ['D', 'R', 'P'])
		assertError(await p.get(`/v1/campaigns/${name}/transactions`), {
			code: 403, key: 'forbidden', message: 'Forbidden', details: 'Transactions are allowed only for loyalty or gift campaigns'
		});
	assertNotFound(await p.get('/v1/campaigns/none/transactions'), 'campaign', 'none');
	assertNotFound(await other.get(`/v1/campaigns/${id}/transactions`), 'campaign', id);
	for (const [query, details] of [
		['limit=101', 'Property .limit must be <= 100'],
		['order=created_at', 'Property .order must be equal to one of the allowed values [ id, -id ]'],
		['starting_after_id=vtx_1', 'Property .starting_after_id must be id of a transaction'],
		['filters[x][conditions][$is]=1', 'Property .filters is not supported yet']
	])
		assertInvalidQuery(await p.get(`/v1/campaigns/G/transactions?${query}`), details);
	assert.deepEqual((await list(p, 'G')).data, []);
});
