// SPDX-License-Identifier: MIT
/* Customers and publications as a user of the official SDK meets them: the calls of its own suite (reference 6.1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer } from '../support/api.mjs';
import { newClient, notFound, run } from './sdk.mjs';

const server = await apiServer();

const voucher = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };

test('06.01: a voucher that was added to a campaign is published to a customer', async () => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'C', voucher });
	const added = await client.campaigns.addVoucher(campaign.id);
	assert.ok(added.code);
	assert.equal((await run(client, client.campaigns.addVoucher(campaign.id, {}, { vouchers_count: 3 }))).status, 'DONE');
	const customer = await client.customers.create({ name: 'Ann', email: 'ann@example.com' });
	assert.deepEqual([customer.name, customer.email], ['Ann', 'ann@example.com']);
	const publication = await client.distributions.publications.create({ voucher: added.code, customer: { id: customer.id }, channel: null, campaign: null, metadata: null });
	assert.match(publication.id, /^pub_/);
	assert.deepEqual([publication.customer_id, publication.voucher.code, publication.result], [customer.id, added.code, 'SUCCESS']);
	assert.equal((await client.vouchers.get(added.code)).holder_id, customer.id);
});

test('04.01: an AUTO_UPDATE campaign makes a code on demand', async () => {
	const { client } = await newClient(server);
	await client.campaigns.create({ name: 'A', type: 'AUTO_UPDATE', voucher, metadata: { mandatory_v: 'test' } });
	const publication = await client.distributions.publications.create({ campaign: { name: 'A' }, customer: { email: 'ann@example.com' } });
	assert.match(publication.id, /^pub_/);
	assert.deepEqual((await client.vouchers.get(publication.voucher.code)).metadata, { mandatory_v: 'test' });
	const [first, again] = [await client.distributions.publications.create({ campaign: { name: 'A' }, customer: { source_id: 's' }, join_once: true }), await client.distributions.publications.create({ campaign: { name: 'A' }, customer: { source_id: 's' }, join_once: true })];
	assert.equal(first.voucher.code, again.voucher.code);
});

test('08.02: a card that was published is topped up', async () => {
	const { client } = await newClient(server);
	const campaign = await client.campaigns.create({ name: 'L', vouchers_count: 1, voucher: { type: 'LOYALTY_CARD', loyalty_card: { points: 1000 } } });
	const { vouchers: [card] } = await client.vouchers.list({ campaign_id: campaign.id });
	const customer = await client.customers.create({ source_id: 'holder' });
	await client.distributions.publications.create({ voucher: card.code, customer: { source_id: customer.source_id } });
	assert.equal((await client.loyalties.addOrRemoveCardBalance(card.code, { source_id: 's', points: 10000, reason: 'r' })).balance, 11000);
});

test('10.01, 10.02: a customer is made, changed, deleted, and is gone', async () => {
	const { client } = await newClient(server);
	const customer = await client.customers.create({ source_id: 's', name: 'Ann', email: 'ann@example.com' });
	assert.deepEqual(await client.customers.get(customer.id), customer);
	assert.equal((await client.customers.update({ id: customer.id, name: 'Anna' })).name, 'Anna');
	await client.customers.delete(customer.id);
	await assert.rejects(client.customers.get(customer.id), notFound('customer', customer.id));
});

test('publications are listed', async () => {
	const { client } = await newClient(server);
	await client.campaigns.create({ name: 'A', type: 'AUTO_UPDATE', voucher });
	const made = await client.distributions.publications.create({ campaign: { name: 'A' }, customer: { source_id: 's' } });
	const { publications: [listed], total } = await client.distributions.publications.list({ customer: made.customer_id, campaign: 'A', limit: 1 });
	assert.deepEqual([total, listed.id, listed.voucher.code], [1, made.id, made.voucher.code]);
});
