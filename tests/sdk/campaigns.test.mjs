// SPDX-License-Identifier: MIT
/* Campaigns as a user of the official SDK meets them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { apiServer, csv } from '../support/api.mjs';
import { newClient, notFound, refusal, run } from './sdk.mjs';

const server = await apiServer();

const voucher = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };

async function importFile(t, client, campaign, text) {
	const dir = await mkdtemp(join(tmpdir(), 'longshore-sdk-'));
	t.after(() => rm(dir, { recursive: true }));
	const file = join(dir, 'codes.csv');
	await writeFile(file, text);
	return run(client, client.campaigns.importVouchersCSV(campaign, file));
}

test('a campaign is created, read, listed, changed, disabled and enabled', async () => {
	const { client } = await newClient(server);
	const made = await client.campaigns.create({ name: 'Spring', voucher, expiration_date: '2090-10-08T12:57:09.386Z' });
	assert.equal(made.name, 'Spring');
	assert.equal(made.campaign_type, 'DISCOUNT_COUPONS');
	assert.deepEqual(await client.campaigns.get('Spring'), made);
	assert.deepEqual(await client.campaigns.get(made.id), made);
	const { campaigns, total } = await client.campaigns.list({ limit: 10, page: 1 });
	assert.deepEqual([total, campaigns.map(c => c.id)], [1, [made.id]]);
	for (const [$is, n] of [['Spring', 1], ['Autumn', 0]]) {
		const found = await client.campaigns.list({ filters: { junction: 'and', campaigns: { conditions: { $is } }, active: { conditions: { $enabled: true } } } });
		assert.deepEqual([found.total, found.campaigns.length], [n, n]);
	}
	const changed = await client.campaigns.update(made.id, { expiration_date: null });
	assert.equal(changed.expiration_date, undefined);
	assert.deepEqual(await client.campaigns.disable(made.id), {});
	assert.equal((await client.campaigns.get(made.id)).active, false);
	assert.deepEqual(await client.campaigns.enable('Spring'), {});
	assert.equal((await client.campaigns.get(made.id)).active, true);
});

test('a promotion is created with its tiers', async () => {
	const { client } = await newClient(server);
	const discount = { type: 'PERCENT', percent_off: 10 };
	const made = await client.campaigns.create({ name: 'P', campaign_type: 'PROMOTION', promotion: { tiers: [{ name: 'T', banner: 'B', action: { discount } }] } });
	assert.deepEqual([made.type, made.use_voucher_metadata_schema, made.promotion.has_more], ['STATIC', false, false]);
	const [tier] = made.promotion.tiers;
	assert.deepEqual([tier.object, tier.name, tier.banner, tier.action, tier.hierarchy], ['promotion_tier', 'T', 'B', { discount }, 1]);
	assert.deepEqual(await client.promotions.tiers.get(tier.id), tier);
	assert.deepEqual((await client.promotions.tiers.list('P')).tiers, [tier]);
});

test('vouchers are added, with and without a code, and found by their campaign', async () => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'C', voucher, metadata: { mandatory_v: 'test' } });
	const random = await client.campaigns.addVoucher(campaign.id);
	const certain = await client.campaigns.addCertainVoucher('C', 'MINE', { metadata: { own: true } });
	assert.equal(random.campaign_id, campaign.id);
	assert.equal(random.code.length, 8);
	assert.deepEqual([certain.code, certain.campaign, certain.metadata], ['MINE', 'C', { mandatory_v: 'test', own: true }]);
	const { vouchers, total } = await client.vouchers.list({ campaign_id: campaign.id });
	assert.deepEqual([total, vouchers.length], [2, 2]);
	assert.equal((await client.campaigns.get('C')).vouchers_count, 2);
});

test('a card is topped up', async () => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'L', vouchers_count: 1, voucher: { type: 'LOYALTY_CARD', loyalty_card: { points: 1000 } } });
	const { vouchers: [card] } = await client.vouchers.list({ campaign_id: campaign.id });
	const customer = await client.customers.create({ source_id: 'holder' });
	await client.distributions.publications.create({ voucher: card.code, customer: { id: customer.id } });
	const { balance } = await client.loyalties.addOrRemoveCardBalance(card.code, { source_id: 's', points: 10000, reason: 'r' });
	assert.equal(balance, 11000);
});

test('CAMPAIGN.VOUCHERS_IMPORT_CSV, and what fails by code and row', async t => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'C', voucher });
	await client.vouchers.create({ code: 'ALONE', ...voucher });
	const action = await importFile(t, client, campaign.id, csv('Code,Active,Category,Region', 'A,TRUE,New,Asia', 'ALONE,,,', ',,,'));
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_IMPORT_CSV');
	assert.equal(action.operation_status, 'SUCCESS');
	assert.deepEqual(action.result, {
		message: '1 voucher(s) imported successfully, 2 failed.',
		failed: [
			{ code: 'ALONE', row: 2, reason: 'Duplicated voucher exists with id ALONE' },
			{ code: '', row: 3, reason: 'Code is required' }
		],
		done_count: 1, failed_count: 2
	});
	const { vouchers } = await client.vouchers.list({ campaign_id: campaign.id });
	assert.deepEqual(vouchers.map(v => [v.code, v.category, v.metadata]), [['A', 'New', { Region: 'Asia' }]]);
});

test('CAMPAIGN.VOUCHERS_IMPORT', async () => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'C', voucher });
	const action = await run(client, client.campaigns.importVouchers('C', [{ code: 'A', metadata: { own: true } }, { code: 'B', active: false }]));
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_IMPORT');
	assert.deepEqual(action.result, { message: '2 voucher(s) imported successfully, 0 failed.', failed: [], done_count: 2, failed_count: 0 });
	const { vouchers } = await client.vouchers.list({ campaign_id: campaign.id, order: 'code' });
	assert.deepEqual(vouchers.map(v => [v.code, v.active, v.metadata]), [['A', true, { own: true }], ['B', false, {}]]);
	await assert.rejects(client.campaigns.importVouchers('C', [{ code: 'A' }, { code: 'N' }]), refusal({
		code: 400, key: 'duplicate_key', message: 'Duplicate codes', details: '1 voucher codes(s) already exist.'
	}));
});

test('CAMPAIGN.VOUCHERS_GENERATE, for a campaign that is there and with a new one', async () => {
	const { client } = await newClient(server);
	await client.campaigns.create({ name: 'C', voucher });
	const action = await run(client, client.campaigns.addVoucher('C', {}, { vouchers_count: 3 }));
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_GENERATE');
	assert.deepEqual([action.status, action.operation_status, action.result], ['DONE', 'SUCCESS', { message: 'Generated 3 vouchers.', done_count: 3 }]);
	const made = await client.campaigns.create({ name: 'D', voucher, vouchers_count: 5 });
	assert.deepEqual([made.creation_status, made.vouchers_generation_status, made.vouchers_count], ['IN_PROGRESS', 'IN_PROGRESS', 0]);
	const { async_actions: [{ id }] } = await client.asyncActions.list({ limit: 1 });
	await run(client, Promise.resolve({ async_action_id: id }));
	const done = await client.campaigns.get('D');
	assert.deepEqual([done.creation_status, done.vouchers_generation_status, done.vouchers_count], ['DONE', 'DONE', 5]);
});

/** What the server has begun by itself, when it has ended. */
async function lastAction(client) {
	const { async_actions: [{ id }] } = await client.asyncActions.list({ limit: 1 });
	return run(client, Promise.resolve({ async_action_id: id }));
}

test('CAMPAIGN.VOUCHERS_UPDATE', async () => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'C', voucher, metadata: { a: 1 } });
	for (const code of ['A', 'B'])
		await client.campaigns.addCertainVoucher('C', code, {});
	const changed = await client.campaigns.update('C', { expiration_date: '2090-10-08T12:57:09.386Z', metadata: { b: 2 }, discount: { type: 'AMOUNT', amount_off: 500 } });
	assert.deepEqual([changed.id, changed.creation_status, changed.expiration_date], [campaign.id, 'MODIFYING', '2090-10-08T12:57:09.386Z']);
	const action = await lastAction(client);
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_UPDATE');
	assert.deepEqual([action.status, action.operation_status, action.result], ['DONE', 'SUCCESS', { message: 'Updated 2 vouchers.', done_count: 2 }]);
	assert.equal((await client.campaigns.get('C')).creation_status, 'DONE');
	for (const v of (await client.vouchers.list({ campaign_id: campaign.id })).vouchers)
		assert.deepEqual([v.expiration_date, v.metadata, v.discount.amount_off], ['2090-10-08T12:57:09.386Z', { a: 1, b: 2 }, 500]);
});

test('CAMPAIGN.VOUCHERS_DELETE, with force and without', async () => {
	const { client } = await newClient(server);
	for (const [name, params] of [['Bin', undefined], ['Gone', { force: true }]]) {
		await client.campaigns.create({ name, voucher });
		for (const code of ['A', 'B'])
			await client.campaigns.addCertainVoucher(name, `${name}-${code}`, {});
		const action = await run(client, client.campaigns.delete(name, params));
		assert.equal(action.type, 'CAMPAIGN.VOUCHERS_DELETE');
		assert.deepEqual([action.status, action.operation_status, action.result], ['DONE', 'SUCCESS', { message: 'Deleted 2 vouchers.', done_count: 2 }]);
		await assert.rejects(client.campaigns.get(name), notFound('campaign', name));
		await assert.rejects(client.vouchers.get(`${name}-A`), notFound('voucher', `${name}-A`));
	}
	await assert.rejects(client.campaigns.create({ name: 'Bin', voucher }), { key: 'duplicate_found' });
	assert.equal((await client.campaigns.create({ name: 'Gone', voucher })).name, 'Gone');
	const promotion = await client.campaigns.create({ name: 'P', campaign_type: 'PROMOTION', promotion: { tiers: [] } });
	assert.deepEqual((await run(client, client.campaigns.delete(promotion.id))).result, { message: 'Deleted 0 vouchers.', done_count: 0 });
});

test('errors reach the user of the SDK with all that they tell', async () => {
	const { client } = await newClient(server);
	await client.campaigns.create({ name: 'C', voucher });
	await assert.rejects(client.campaigns.create({ name: 'C', voucher }), refusal({
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found', details: 'Duplicated campaign exists with name C',
		resource_id: 'C', resource_type: 'campaign'
	}));
	const gift = { type: 'GIFT_VOUCHER', gift: { amount: 1 } };
	await assert.rejects(client.campaigns.create({ name: 'R', campaign_type: 'REFERRAL_PROGRAM', voucher: gift }), refusal({
		code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: "Property 'discount' is required for REFERRAL_PROGRAM campaign"
	}));
	await assert.rejects(client.campaigns.get('None'), notFound('campaign', 'None'));
});
