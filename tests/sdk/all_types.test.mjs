// SPDX-License-Identifier: MIT
/*
 * The 22 types of actions, each driven by the official SDK (by HTTP where that has no call), and each result
 * compared with the table of its type. The last test walks the registry: a type without a case fails it.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { apiServer, assertAction, csv } from '../support/api.mjs';
import { newClient, run } from './sdk.mjs';

const server = await apiServer();
const directory = await mkdtemp(join(tmpdir(), 'longshore-sdk-'));
after(() => rm(directory, { recursive: true }));

async function file(text) {
	const path = join(directory, `${Math.random()}.csv`);
	await writeFile(path, text);
	return path;
}

const discount = { type: 'AMOUNT', amount_off: 1000 };
const voucher = { type: 'DISCOUNT_VOUCHER', discount };
const reports = result => result.reports.map(() => 'url');

/** A campaign with as many vouchers. */
async function campaignWith({ client, project }, n) {
	const campaign = await client.campaigns.create({ name: 'C', voucher, metadata: { k: 1 } });
	if (n > 0)
		await run(client, client.campaigns.importVouchers('C', Array.from({ length: n }, (_, i) => ({ code: `C${i}` }))));
	return { client, project, campaign };
}

/** The newest action of this type, when it has ended: of calls that do not tell its id. */
async function newest({ client, project }, type) {
	const { json } = await project.get(`/v1/async-actions?type=${type}&limit=1`);
	return run(client, { async_action_id: json.async_actions[0].id });
}

async function purge({ client, project }, resource) {
	const { status, json } = await project.post(`/v1/metadata-schemas/${resource}/purge`, { key: 'k' });
	assert.equal(status, 202);
	return run(client, json);
}

const message = (text, failed, done_count, failed_count) => ({ message: text, failed, done_count, failed_count });
const count = (text, done_count) => ({ message: text, done_count });
const errors = (done_count, failed_count, list = []) =>
	({ done_count, failed_count, reports: ['url'], reports_available_till: 'time', errors: list });
const missing = code => ({ message: 'Resource not found', details: `Cannot find voucher with id ${code}`, key: 'not_found' });
const keyless = key => ({
	message: 'Invalid payload', details: `Payload should have required property '${key}'`, key: 'invalid_payload'
});

/* Each gives the ended action and what its result is to be. */
const cases = {
	async 'CAMPAIGN.VOUCHERS_IMPORT'(c) {
		await campaignWith(c, 0);
		const action = await run(c.client, c.client.campaigns.importVouchers('C', [{ code: 'A' }, { code: 'B', active: false }]));
		return [action, message('2 voucher(s) imported successfully, 0 failed.', [], 2, 0)];
	},
	async 'CAMPAIGN.VOUCHERS_IMPORT_CSV'(c) {
		const { campaign } = await campaignWith(c, 0);
		const action = await run(c.client, c.client.campaigns.importVouchersCSV(campaign.id, await file(csv('Code,Active', 'A,true', ',true'))));
		return [action, message('1 voucher(s) imported successfully, 1 failed.', [{ code: '', row: 2, reason: 'Code is required' }], 1, 1)];
	},
	async 'CAMPAIGN.VOUCHERS_UPDATE'(c) {
		await campaignWith(c, 2);
		await c.client.campaigns.update('C', { expiration_date: '2090-01-01T00:00:00.000Z' });
		return [await newest(c, 'CAMPAIGN.VOUCHERS_UPDATE'), count('Updated 2 vouchers.', 2)];
	},
	async 'CAMPAIGN.VOUCHERS_DELETE'(c) {
		await campaignWith(c, 2);
		return [await run(c.client, c.client.campaigns.delete('C')), count('Deleted 2 vouchers.', 2)];
	},
	async 'CAMPAIGN.VOUCHERS_GENERATE'(c) {
		await c.client.campaigns.create({ name: 'C', voucher, vouchers_count: 3 });
		return [await newest(c, 'CAMPAIGN.VOUCHERS_GENERATE'), count('Generated 3 vouchers.', 3)];
	},
	async 'CAMPAIGNS.METADATA_KEY_PURGE'(c) {
		await campaignWith(c, 0);
		return [await purge(c, 'campaign'), count('Updated 1 campaigns.', 1)];
	},
	async 'CUSTOMERS.IMPORT_CSV'(c) {
		const action = await run(c.client, c.client.customers.importCSV(await file(csv('Name,Source_id,Birthdate', 'A,a,', 'B,b,never'))));
		return [action, message('1 customer(s) imported successfully, 1 failed.', [
			{ source_id: 'b', row: 2, reason: 'Property .birthdate cannot be recognized as a ISO-8601 compliant date' }], 1, 1)];
	},
	async 'CUSTOMERS.BULK_UPDATE'(c) {
		const action = await run(c.client, c.client.customers.updateInBulk([{ source_id: 'a', name: 'A' }, { name: 'B' }]));
		return [action, errors(1, 1, [{ ...keyless('source_id'), source_id: '' }])];
	},
	async 'CUSTOMERS.METADATA_UPDATE'(c) {
		const action = await run(c.client, c.client.customers.updateMetadataInBulk({ source_ids: ['a', 'b'], metadata: { k: 1 } }));
		return [action, errors(2, 0)];
	},
	async 'CUSTOMERS.METADATA_KEY_PURGE'(c) {
		await c.client.customers.create({ source_id: 'a', metadata: { k: 1 } });
		return [await purge(c, 'customer'), count('Updated 1 customers.', 1)];
	},
	async 'PRODUCTS.BULK_UPDATE'(c) {
		const action = await run(c.client, c.client.products.bulkUpdate([{ source_id: 'a', price: 1000 }, { price: 1 }]));
		return [action, errors(1, 1, [{ ...keyless('source_id'), source_id: '' }])];
	},
	async 'PRODUCTS.METADATA_UPDATE'(c) {
		const action = await run(c.client, c.client.products.bulkUpdateMetadata({ source_ids: ['a', 'b'], metadata: { k: 1 } }));
		return [action, errors(2, 0)];
	},
	async 'PRODUCTS.METADATA_KEY_PURGE'(c) {
		await c.client.products.create({ name: 'P', metadata: { k: 1 } });
		await c.client.products.create({ name: 'Q', metadata: { k: 1 } });
		return [await purge(c, 'product'), count('Updated 2 products.', 2)];
	},
	async 'PRODUCTS.IMPORT_CSV'(c) {
		const action = await run(c.client, c.client.products.importCSV(await file(csv('name,source_id,price', 'P,p,21', ',q,1'))));
		return [action, message('1 product(s) imported successfully, 1 failed.', [{ row: 2, source_id: 'q', reason: 'Name is required' }], 1, 1)];
	},
	async 'SKUS.IMPORT_CSV'(c) {
		const product = await c.client.products.create({ source_id: 'p', name: 'P' });
		await c.client.products.create({ source_id: 'q', name: 'Q' });
		const action = await run(c.client, c.client.products.importSkusCSV(await file(csv('product_id,source_id,price', 'p,size-small,14.5', 'q,size-small,1'))));
		assert.equal((await c.client.products.getSku('size-small')).price, 1450);
		return [action, message('1 sku(s) imported successfully, 1 failed.', [
			{ row: 2, reason: `Resource sku with id size-small is in use by products with ids [${product.id}]` }], 1, 1)];
	},
	async 'VOUCHERS.IMPORT'(c) {
		const action = await run(c.client, c.client.vouchers.import([{ code: 'A', ...voucher }, { code: 'B' }]));
		return [action, message('1 voucher(s) imported successfully, 1 failed.', [{ code: 'B', reason: 'Voucher Type is required' }], 1, 1)];
	},
	async 'VOUCHERS.IMPORT_CSV'(c) {
		const action = await run(c.client, c.client.vouchers.importCSV(await file(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1', 'B,,1'))));
		return [action, message('1 voucher(s) imported successfully, 1 failed.', [{ code: 'B', row: 2, reason: 'Voucher Type is required' }], 1, 1)];
	},
	async 'VOUCHERS.BULK_UPDATE'(c) {
		await c.client.vouchers.create({ code: 'A', ...voucher });
		const action = await run(c.client, c.client.vouchers.bulkUpdate([{ code: 'A', metadata: { k: 1 } }, { code: 'NO', metadata: {} }]));
		return [action, errors(1, 1, [{ ...missing('NO'), code: 'NO' }])];
	},
	async 'VOUCHERS.METADATA_UPDATE'(c) {
		await c.client.vouchers.create({ code: 'A', ...voucher });
		const action = await run(c.client, c.client.vouchers.bulkUpdateMetadata({ codes: ['A', 'NO'], metadata: { k: 1 } }));
		return [action, errors(1, 1, [missing('NO')])];
	},
	async 'VOUCHERS.METADATA_KEY_PURGE'(c) {
		await c.client.vouchers.create({ code: 'A', ...voucher, metadata: { k: 1 } });
		return [await purge(c, 'voucher'), count('Updated 1 vouchers.', 1)];
	},
	async 'ORDERS.IMPORT'(c) {
		const action = await run(c.client, c.client.orders.import([{ source_id: 'o', amount: 100 }, { customer: { id: 'cust_none' } }]));
		return [action, message('1 order(s) imported successfully, 1 failed.', [
			{ source_id: null, reason: 'Cannot find customer with id cust_none' }], 1, 1)];
	},
	async 'ORDERS.METADATA_KEY_PURGE'(c) {
		await c.client.orders.create({ source_id: 'o', metadata: { k: 1 } });
		return [await purge(c, 'order'), count('Updated 1 orders.', 1)];
	}
};

for (const [type, drive] of Object.entries(cases)) {
	test(type, async () => {
		const [action, expected] = await drive(await newClient(server));
		assert.equal(action.type, type);
		assert.deepEqual([action.status, action.operation_status, action.progress], ['DONE', 'SUCCESS', 100]);
		assertAction(action);
		const { result } = action;
		if ('reports' in expected)
			assert.deepEqual({ ...result, reports: reports(result), reports_available_till: 'time' }, expected);
		else
			assert.deepEqual(result, expected);
	});
}

test('every type of the registry has a case', async () => {
	const source = await readFile(new URL('../../src/actions/registry.c', import.meta.url), 'utf8');
	const names = [...source.matchAll(/\.name = "([A-Z._]+)"/g)].map(match => match[1]);
	assert.equal(names.length, 22);
	assert.deepEqual(names.sort(), Object.keys(cases).sort());
});
