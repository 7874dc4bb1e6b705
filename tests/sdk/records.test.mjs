// SPDX-License-Identifier: MIT
/* Customers, products, SKUs and orders as a user of the official SDK meets them: the calls of its own test suite. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer } from '../support/api.mjs';
import { newClient, run } from './sdk.mjs';

const server = await apiServer();

test('products: create, get, update, list, bulk', async () => {
	const { client } = await newClient(server);
	const made = await client.products.create({ name: 'Shirt', price: 20000 });
	assert.equal((await client.products.get(made.id)).id, made.id);
	assert.equal((await client.products.update({ id: made.id, price: 55000 })).price, 55000);
	const other = await client.products.create({ name: 'Shirt', price: 20000 });
	assert.equal((await client.products.list()).products.length, 2);
	assert.ok((await client.products.bulkUpdate()).async_action_id);
	assert.ok((await client.products.bulkUpdateMetadata({ product_ids: [made.id, other.id] })).async_action_id);
});

test('SKUs: create, update, get, list, delete', async () => {
	const { client } = await newClient(server);
	const product = await client.products.create({ name: 'Shirt', price: 20000 });
	const sku = await client.products.createSku(product.id, { name: 'Small', price: 5000 });
	assert.equal((await client.products.updateSku(product.id, { id: sku.id, price: 2000 })).price, 2000);
	assert.equal((await client.products.getSku(sku.id)).id, sku.id);
	assert.equal((await client.products.listSkus(product.id)).skus.length, 1);
	await client.products.deleteSku(product.id, sku.id);
	await assert.rejects(client.products.getSku(sku.id), { code: 404, resource_type: 'sku' });
	await client.products.delete(product.id);
	await assert.rejects(client.products.get(product.id), { code: 404, resource_type: 'product' });
});

test('orders: create, get, update, list', async () => {
	const { client } = await newClient(server);
	const made = await client.orders.create({ amount: 1000, currency: 'PLN', customer: { name: 'Ann', email: 'a@example.com' }, source_id: 'o' });
	assert.equal(made.status, 'CREATED');
	assert.deepEqual(await client.orders.get(made.id), made);
	const paid = await client.orders.update({ id: made.id, status: 'PAID' });
	assert.deepEqual([paid.id, paid.status], [made.id, 'PAID']);
	const { orders } = await client.orders.list({ limit: 10 });
	assert.deepEqual(orders.map(o => o.id), [made.id]);
});

test('customers: create, update, list, scroll, delete', async () => {
	const { client } = await newClient(server);
	for (let i = 0; i < 5; i++)
		await client.customers.create({ source_id: `c${i}`, name: 'Ann', email: `c${i}@example.com` });
	const changed = await client.customers.update({ source_id: 'c1', name: 'Bob' });
	assert.equal(changed.name, 'Bob');
	const { customers, total } = await client.customers.list({ limit: 2, email: 'c3@example.com' });
	assert.deepEqual([total, customers.map(c => c.source_id)], [1, ['c3']]);
	const seen = [];
	for await (const c of client.customers.scroll({ limit: 2, order: 'created_at' }))
		seen.push(c.source_id);
	assert.ok(seen.length >= 3, seen.join());
	await client.customers.delete('c1');
	await assert.rejects(client.customers.get('c1'), { code: 404, resource_type: 'customer' });
	assert.equal((await client.customers.deletePermanently('c2')).data_json.customer, 1);
	const updated = await run(client, client.customers.updateInBulk([{ source_id: 'c3', phone: '1' }]));
	assert.equal(updated.result.done_count, 1);
});

test('exports: create, get, list, download, delete', async () => {
	const { client } = await newClient(server);
	await client.orders.create({ amount: 1000, source_id: 'o', status: 'PAID', customer: { name: 'Ann', source_id: 'c' } });
	const asked = {
		customer: { fields: ['source_id', 'name'], order: 'name', filters: { name: { conditions: { $is: ['Ann'] } } } },
		order: { fields: ['source_id', 'amount'], order: '-status' }
	};
	const files = { customer: 'Source ID,Name\nc,Ann\n', order: 'Source ID,Amount\no,1000\n' };
	for (const [exported_object, parameters] of Object.entries(asked)) {
		const made = await client.distributions.exports.create({ exported_object, parameters });
		assert.deepEqual([made.status, made.exported_object, made.parameters.order], ['SCHEDULED', exported_object, parameters.order]);
		const done = await client.distributions.exports.get(made.id);
		assert.equal(done.status, 'DONE');
		assert.equal(await (await fetch(done.result.url)).text(), files[exported_object]);
		assert.ok((await client.distributions.exports.list()).exports.some(e => e.id === made.id));
		await client.distributions.exports.delete(made.id);
		await assert.rejects(client.distributions.exports.get(made.id), { code: 404 });
	}
	await assert.rejects(client.distributions.exports.create({ exported_object: 'customer', parameters: { fields: ['code'] } }),
		{ code: 400, key: 'invalid_export_fields' });
});
