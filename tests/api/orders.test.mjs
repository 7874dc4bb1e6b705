/* Orders: one at a time, and their import. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, assertNotFound, newProject } from '../support/api.mjs';

const server = await apiServer();
const get = async (project, path) => (await project.get(path)).json;

async function importOrders(project, orders, query = '') {
	const answer = await project.post(`/v1/orders/import${query}`, orders);
	assert.equal(answer.status, 200, answer.text);
	const action = await project.wait(answer.json.async_action_id);
	if (query === '')
		assertAction(action);
	return action;
}

test('an order is created with its customer, read, changed and upserted', async () => {
	const project = await newProject(server);
	const made = await project.post('/v1/orders', {
		source_id: 'o1', amount: 1000, currency: 'PLN', customer: { name: 'Ann', email: 'a@example.com' },
		referrer: { source_id: 'r' }, items: [{ product_id: 'unknown', quantity: 1 }]
	});
	assert.equal(made.status, 200, made.text);
	const order = made.json;
	assert.match(order.id, /^ord_[0-9A-Za-z]{24}$/);
	assert.match(order.customer_id, /^cust_/);
	assert.deepEqual({ ...order, id: 0, created_at: 0, customer: 0, customer_id: 0, referrer: 0, referrer_id: 0 }, {
		id: 0, source_id: 'o1', created_at: 0, updated_at: null, status: 'CREATED', amount: 1000, total_amount: 1000,
		items: [{ object: 'order_item', product_id: 'unknown', quantity: 1 }],
		customer: 0, referrer: 0, customer_id: 0, referrer_id: 0, object: 'order'
	});
	assert.deepEqual(order.customer, { id: order.customer_id, object: 'customer' });
	assert.equal((await get(project, `/v1/customers/${order.customer_id}`)).name, 'Ann');
	assert.equal((await get(project, '/v1/customers/r')).id, order.referrer_id);
	const paid = (await project.request('PUT', `/v1/orders/${order.id}`, { json: { amount: 30000, status: 'PAID' } })).json;
	assert.deepEqual([paid.amount, paid.total_amount, paid.status, paid.items], [30000, 30000, 'PAID', order.items]);
	const same = (await project.post('/v1/orders', { source_id: 'o1', metadata: { k: 1 }, customer: { id: order.customer_id } })).json;
	assert.deepEqual([same.id, same.status, same.metadata, same.customer_id], [order.id, 'PAID', { k: 1 }, order.customer_id]);
	assert.equal((await get(project, '/v1/orders/o1')).id, order.id);
	assertNotFound(await project.get('/v1/orders/none'), 'order', 'none');
});

test('a PUT replaces items and customer, and changes nothing else', async () => {
	const project = await newProject(server);
	const { id } = (await project.post('/v1/products', { source_id: 'pen', name: 'Pen', price: 300 })).json;
	const order = (await project.post('/v1/orders', {
		source_id: 'o', customer: { source_id: 'a' }, referrer: { source_id: 'r' }, items: [{ source_id: 'x', quantity: 1, amount: 5 }]
	})).json;
	const put = json => project.request('PUT', '/v1/orders/o', { json });
	const changed = (await put({ customer: { source_id: 'b', name: 'Bob' }, items: [{ product_id: id, quantity: 2 }] })).json;
	assert.deepEqual([changed.items.map(i => [i.product_id, i.product.name, i.amount]), changed.amount, changed.referrer_id],
		[[[id, 'Pen', 600]], 600, order.referrer_id]);
	assert.equal(changed.customer_id, (await get(project, '/v1/customers/b')).id);
	assert.deepEqual((await get(project, '/v1/orders/o')).items, changed.items);
	const paid = (await put({ status: 'PAID' })).json;
	assert.deepEqual([paid.items, paid.customer_id], [changed.items, changed.customer_id]);
	assert.equal((await put({ customer: { id: 'cust_none' } })).status, 404);
	assertNotFound(await project.request('PUT', '/v1/orders/none', { json: { customer: { source_id: 'c' } } }), 'order', 'none');
	assert.equal((await project.get('/v1/customers/c')).status, 404);
});

test('amounts follow from items, and items from the products that are stored', async () => {
	const project = await newProject(server);
	const product = (await project.post('/v1/products', { source_id: 'p', name: 'P', price: 500, metadata: { m: 1 } })).json;
	const sku = (await project.post('/v1/products/p/skus', { source_id: 's', sku: 'S', price: 700 })).json;
	const order = (await project.post('/v1/orders', {
		items: [
			{ source_id: 'p', related_object: 'product', quantity: 2 },
			{ source_id: 's', related_object: 'sku', quantity: 3, discount_amount: 100 },
			{ price: 10, quantity: 4, metadata: { a: 1 } }, { amount: 5 }, { product: { name: 'Only a name' }, quantity: 1 }
		],
		discount_amount: 45
	})).json;
	assert.deepEqual([order.amount, order.discount_amount, order.items_discount_amount, order.total_discount_amount, order.total_amount],
		[3145, 45, 100, 145, 3000]);
	assert.deepEqual(order.items, [
		{ object: 'order_item', source_id: 'p', related_object: 'product', quantity: 2, amount: 1000, price: 500, subtotal_amount: 1000,
			product: { id: product.id, source_id: 'p', name: 'P', metadata: { m: 1 }, price: 500 } },
		{ object: 'order_item', source_id: 's', related_object: 'sku', product_id: product.id, quantity: 3, amount: 2100, discount_amount: 100,
			price: 700, subtotal_amount: 2000, product: { id: product.id, source_id: 'p', name: 'P', metadata: { m: 1 }, price: 500 },
			sku: { id: sku.id, source_id: 's', sku: 'S', metadata: {}, price: 700 } },
		{ object: 'order_item', quantity: 4, amount: 40, price: 10, subtotal_amount: 40, metadata: { a: 1 } },
		{ object: 'order_item', amount: 5, subtotal_amount: 5 },
		{ object: 'order_item', quantity: 1, product: { name: 'Only a name' } }
	]);
});

test('what is off the items is off the order', async () => {
	const project = await newProject(server);
	const totals = async body => {
		const order = (await project.post('/v1/orders', body)).json;
		return ['amount', 'discount_amount', 'items_discount_amount', 'total_discount_amount', 'total_amount'].map(name => order[name]);
	};
	const items = [700, 500, 1500].map(price => ({ price, quantity: 1, discount_amount: price / 10 }));
	assert.deepEqual(await totals({ source_id: 'o', items, discount_amount: 1243 }), [2700, 1243, 270, 1513, 1187]); // the API's example
	assert.deepEqual(await totals({ items }), [2700, undefined, 270, 270, 2430]);
	assert.deepEqual(await totals({ items: [{ discount_amount: 3 }] }), [undefined, undefined, 3, undefined, undefined]);
	assert.deepEqual(await totals({ amount: 9, items: [{ price: 9, product: { metadata: { discount_amount: 4 } } }] }),
		[9, undefined, undefined, undefined, 9]);
	assert.equal((await project.get('/v1/orders/o')).json.total_amount, 1187);
	assert.equal((await project.request('PUT', '/v1/orders/o', { json: { items: [] } })).json.total_amount, 1457);
});

test('a number that would not add up is refused, and an item of something else', async () => {
	const project = await newProject(server);
	const most = 2 ** 53 - 1;
	for (const [body, details] of [
		['{"amount":9007199254740992}', 'Property .amount must be <= 9007199254740991'],
		['{"discount_amount":9223372036854775807}', 'Property .discount_amount must be <= 9007199254740991'],
		['{"items":[{},{"discount_amount":9007199254740992}]}', 'Property .items[1].discount_amount must be <= 9007199254740991'],
		['{"items":[{"related_object":"campaign"}]}',
			'Property .items[0].related_object must be equal to one of the allowed values [ product, sku ]'],
	]) {
		const { status, json } = await project.post('/v1/orders', undefined, { body, headers: { 'content-type': 'application/json' } });
		assert.deepEqual([status, json.details], [400, details]);
	}
	const items = Array.from({ length: 500 }, () => ({ amount: most, discount_amount: most }));
	assert.equal((await project.post('/v1/orders', { source_id: 'most', amount: 0, items })).status, 200);
	const made = (await project.post('/v1/exports', { exported_object: 'order', parameters: {
		fields: ['source_id'], filters: { total_amount: { conditions: { $less_than: 0 } } }
	} })).json;
	const { url } = (await project.get(`/v1/exports/${made.id}`)).json.result;
	assert.equal(await (await fetch(url)).text(), 'Source ID\nmost\n');
});

test('override writes products and SKUs', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'a', name: 'Old', price: 1, metadata: { old: 1 } });
	const order = (await project.post('/v1/orders', { items: [
		{ source_id: 'a', related_object: 'product', quantity: 2, product: { name: 'New', price: 70, metadata: { new: 2 }, override: true } },
		{ source_id: 's', related_object: 'sku', quantity: 1, product: { source_id: 'books', name: 'Books', price: 16, override: true },
			sku: { sku: 'Comic', price: 17, metadata: { c: 1 }, override: true } }
	] })).json;
	assert.equal(order.amount, 157);
	const a = await get(project, '/v1/products/a');
	assert.deepEqual([a.name, a.price, a.metadata], ['New', 70, { new: 2 }]);
	const s = await get(project, '/v1/skus/s'), books = await get(project, '/v1/products/books');
	assert.deepEqual([s.sku, s.price, s.metadata, s.product_id, books.name], ['Comic', 17, { c: 1 }, books.id, 'Books']);
});

test('what is wrong is named', async () => {
	const project = await newProject(server);
	const wrong = async (body, details) => {
		const answer = await project.post('/v1/orders', body);
		assert.deepEqual([answer.status, answer.json.key, answer.json.details], [400, 'invalid_payload', details]);
	};
	await wrong({ items: [{ initial_quantity: 0 }] }, 'Property .items[0].initial_quantity cannot be lower than 1');
	await wrong({ items: [{}, { quantity: 'x' }] }, 'Property .items[1].quantity must be integer');
	await wrong({ items: {} }, 'Property .items must be array');
	await wrong({ items: Array(501).fill({}) }, 'Property .items must NOT have more than 500 items');
	await wrong({ amount: -1 }, 'Property .amount must be >= 0');
	await wrong({ status: 'GONE' }, 'Property .status must be equal to one of the allowed values [ CREATED, PAID, CANCELED, FULFILLED ]');
	await wrong({ customer: { email: 1 } }, 'Property .customer.email must be string');
	const nobody = await project.post('/v1/orders', { customer: { id: 'cust_x' } });
	assert.deepEqual([nobody.status, nobody.json.details], [404, 'Cannot find customer with id cust_x']);
	const items = await project.post('/v1/orders/import', [{ source_id: 'x' }, { items: [{ initial_quantity: 0 }] }]);
	assert.deepEqual([items.status, items.json.details], [400, 'Property .items[0].initial_quantity cannot be lower than 1 (item 1)']);
	assert.equal((await project.post('/v1/orders/import', [])).status, 400);
	assert.equal((await project.post('/v1/orders/import', Array(2001).fill({}))).status, 400);
	assert.equal((await get(project, '/v1/orders')).total, 0);
});

test('an import takes all shapes of items, and a row that cannot be fails alone', async () => {
	const project = await newProject(server);
	const action = await importOrders(project, [
		{ source_id: 'o1', status: 'PAID', customer: { source_id: 'c', name: 'C', birthdate: '2022-01-01' }, referrer: { source_id: 'r' },
			metadata: { l: ['L1'] }, items: [{ source_id: 'p', related_object: 'product', quantity: 2, product: { name: 'P', price: 70, override: true } }] },
		{ source_id: 'o2', status: 'FULFILLED', customer: { source_id: 'c' }, items: [{ source_id: 'p', related_object: 'product', quantity: 1 }] },
		{ source_id: 'o3', amount: 7000, status: 'CANCELED' },
		{ items: [{ amount: 900 }, { price: 20, quantity: 3 }] },
		{ customer: { id: 'cust_nobody' } },
		{ source_id: 'o1', status: 'FULFILLED' }
	]);
	assert.deepEqual(action.result, {
		message: '5 order(s) imported successfully, 1 failed.',
		failed: [{ source_id: null, reason: 'Cannot find customer with id cust_nobody' }], done_count: 5, failed_count: 1
	});
	const o1 = await get(project, '/v1/orders/o1'), o2 = await get(project, '/v1/orders/o2');
	assert.deepEqual([o1.status, o1.amount, o2.amount, o1.customer_id], ['FULFILLED', 140, 70, o2.customer_id]);
	assert.equal((await get(project, '/v1/customers/c')).birthdate, '2022-01-01');
	const list = await get(project, '/v1/orders');
	assert.deepEqual([list.total, list.data_ref, list.orders.length], [4, 'orders', 4]);
	assert.deepEqual((await get(project, '/v1/orders?order=created_at&limit=1')).orders.length, 1);
});

test('a dry run of an import writes nothing, neither customers nor products', async () => {
	const project = await newProject(server);
	const action = await importOrders(project, [{ source_id: 'o', customer: { source_id: 'c' },
		items: [{ source_id: 'p', related_object: 'product', product: { name: 'P', override: true } }] }, { source_id: 'o' }], '?dry_run=true');
	assert.deepEqual((await project.report(action.id)).map(row => row[2]), ['created', 'unchanged']);
	for (const [path, type, id] of [['orders', 'order', 'o'], ['customers', 'customer', 'c'], ['products', 'product', 'p']])
		assertNotFound(await project.get(`/v1/${path}/${id}`), type, id);
});

test('two imports at once run one after the other, and a purge takes the key from all', async () => {
	const project = await newProject(server);
	const orders = n => Array.from({ length: 2000 }, (_, i) => ({ source_id: `o${i}`, metadata: { k: n }, customer: { source_id: `c${i % 50}` } }));
	const started = await Promise.all([1, 2].map(n => project.post('/v1/orders/import', orders(n))));
	const [a, b] = await Promise.all(started.map(s => project.wait(s.json.async_action_id)));
	assert.deepEqual([a.result.done_count, b.result.done_count], [2000, 2000]);
	const outcomes = await Promise.all([a, b].map(async action =>
		[...new Set((await project.report(action.id)).map(row => row[2]))].join()));
	assert.deepEqual(outcomes.sort(), ['created', 'updated']);
	assert.equal((await get(project, '/v1/customers')).total, 50);
	const purged = await project.run('/v1/metadata-schemas/order/purge', { key: 'k' });
	assert.equal(purged.result.message, 'Updated 2000 orders.');
	assert.ok(!('metadata' in await get(project, '/v1/orders/o7')));
});
