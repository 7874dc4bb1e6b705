/* Products and SKUs: one at a time, and their actions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, assertNotFound, csv, newProject, sleep, TIME } from '../support/api.mjs';

const server = await apiServer();

async function importFile(project, resource, contents, query = '') {
	const answer = await project.server.upload(`/v1/${resource}/importCSV${query}`, contents, { project: project.keys });
	assert.equal(answer.status, 200, answer.text);
	const action = await project.wait(answer.json.async_action_id);
	if (query === '')
		assertAction(action);
	return action;
}

const get = async (project, path) => (await project.get(path)).json;

test('a product is created, read by id and source id, changed and listed', async () => {
	const project = await newProject(server);
	const made = await project.post('/v1/products', { source_id: 'p 1', name: 'Shirt', price: 20000, attributes: ['color', 'size'], unknown: 1 });
	assert.equal(made.status, 200);
	assert.match(made.json.id, /^prod_[0-9a-f]{18}$/);
	assert.match(made.json.created_at, TIME);
	assert.deepEqual({ ...made.json, id: 0, created_at: 0 }, {
		id: 0, source_id: 'p 1', name: 'Shirt', price: 20000, attributes: ['color', 'size'], metadata: {},
		image_url: null, created_at: 0, updated_at: null, object: 'product'
	});
	const same = (await project.post('/v1/products', { source_id: 'p 1', price: 1, metadata: { a: 1 } })).json;
	assert.deepEqual([same.id, same.name, same.price, same.metadata], [made.json.id, 'Shirt', 1, { a: 1 }]);
	const changed = (await project.request('PUT', '/v1/products/p%201', { json: { price: 55000, name: null, metadata: { b: 2 } } })).json;
	assert.deepEqual([changed.price, changed.name, changed.metadata], [55000, null, { a: 1, b: 2 }]);
	const read = await get(project, `/v1/products/${made.json.id}`);
	assert.deepEqual(read.skus, { object: 'list', data_ref: 'data', data: [], total: 0 });
	await project.post('/v1/products', {});
	const list = await get(project, '/v1/products');
	assert.deepEqual([list.object, list.data_ref, list.total, list.products.length, list.products[0].id],
		['list', 'products', 2, 2, made.json.id]);
	assert.equal((await project.post('/v1/products', { price: 'x' })).json.details, 'Property .price must be integer');
	assert.equal((await project.post('/v1/products', { attributes: [1] })).json.details, 'Property .attributes[0] must be string');
	assertNotFound(await project.get('/v1/products/none'), 'product', 'none');
});

test('a body that is no object is refused, nothing is made of it', async () => {
	const project = await newProject(server);
	for (const path of ['/v1/products', '/v1/orders'])
		for (const body of [[], 'x', 1]) {
			const answer = await project.post(path, body);
			assert.deepEqual([answer.status, answer.json.details], [400, 'Payload must be object'], path);
		}
	assert.equal((await get(project, '/v1/products')).total, 0);
});

test('lists of products: orders, dates with both ends, filters', async () => {
	const project = await newProject(server);
	for (const source_id of ['b', 'c', 'a']) {
		await project.post('/v1/products', { source_id });
		await sleep(3);
	}
	await project.request('PUT', '/v1/products/c', { json: { name: 'C' } });
	const all = (await get(project, '/v1/products')).products;
	const middle = all[1].created_at, changed = all[1].updated_at;
	const earlier = new Date(Date.parse(changed) - 1).toISOString();
	const cases = [
		['', 'bca'], ['order=created_at', 'bca'], ['order=-created_at', 'acb'], ['order=source_id', 'abc'], ['order=-updated_at', 'cab'],
		['order=type', 'bca'], ['order=-type', 'acb'], ['order=code', 'bca'], ['order=-campaign', 'acb'], ['order=category', 'bca'],
		['limit=2&page=2', 'a'], ['page=100', ''],
		[`start_date=${middle}`, 'ca'], [`end_date=${middle}`, 'bc'], [`start_date=${middle}&end_date=${middle}`, 'c'],
		[`filters[created_at][conditions][$after][0]=${middle}`, 'a'], [`[filters][created_at][conditions][$before][0]=${middle}`, 'b'],
		[`filters[updated_at][conditions][$after]=${earlier}`, 'c'], [`filters[updated_at][conditions][$before]=${changed}`, ''],
		[`filters[junction]=OR&filters[created_at][conditions][$after]=${middle}&filters[created_at][conditions][$before]=${middle}`, 'ba'],
		[`order=-created_at&filters[created_at][conditions][$after]=2020-01-01&limit=1&page=2`, 'c']
	];
	for (const [query, want] of cases) {
		const list = await get(project, `/v1/products?${query}`);
		assert.equal(list.products.map(p => p.source_id).join(''), want, query);
		if (!query.includes('page='))
			assert.equal(list.total, want.length, query);
	}
	assert.equal((await get(project, `/v1/products?limit=1&filters[created_at][conditions][$after]=2020-01-01`)).total, 3);
	const details = async query => (await project.get(`/v1/products?${query}`)).json.details;
	assert.equal(await details('order=name'), 'Property .order must be equal to one of the allowed values [ created_at, -created_at, ' +
		'updated_at, -updated_at, source_id, -source_id, type, -type, code, -code, campaign, -campaign, category, -category ]');
	assert.equal(await details('start_date=x'), 'Property .start_date cannot be recognized as a ISO-8601 compliant date');
	assert.equal(await details('limit=101'), 'Property .limit must be <= 100');
	assert.equal(await details('page=101'), 'Property .page must be <= 100');
	assert.match(await details('filters[color][conditions][$is]=red'), /^Property \.filters\b.*color/);
	assert.equal((await project.get('/v1/customers?order=type')).json.details,
		'Property .order must be equal to one of the allowed values [ created_at, -created_at, updated_at, -updated_at, source_id, -source_id ]');
});

test('a product shows all of its SKUs, in a list the first hundred', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'p' });
	await project.post('/v1/products', { source_id: 'q' });
	await importFile(project, 'skus', csv('product_id,source_id', ...Array.from({ length: 103 }, (_, i) => `p,s${100 + i}`), 'q,t'));
	const { skus } = await get(project, '/v1/products/p');
	assert.deepEqual([skus.total, skus.data.map(s => s.source_id)], [103, Array.from({ length: 103 }, (_, i) => `s${100 + i}`)]);
	const list = (await get(project, '/v1/products')).products;
	assert.deepEqual(list.map(p => [p.skus.total, p.skus.data.length]), [[103, 100], [1, 1]]);
	const last = await get(project, '/v1/products/p/skus?limit=100&page=2');
	assert.deepEqual([last.total, last.skus.map(s => s.source_id), last.has_more], [103, ['s200', 's201', 's202'], false]);
	assert.equal((await get(project, '/v1/products/p/skus?page=20')).total, 103);
	assert.deepEqual((await get(project, '/v1/products/p/skus?order=-created_at&limit=1')).skus.map(s => s.source_id), ['s202']);
});

test('a product with thousands of SKUs shows them, up to ten thousand', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'p' });
	await importFile(project, 'skus', csv('product_id,source_id', ...Array.from({ length: 10001 }, (_, i) => `p,s${10000 + i}`)));
	const { skus } = await get(project, '/v1/products/p');
	assert.deepEqual([skus.total, skus.data.length, new Set(skus.data.map(s => s.source_id)).size, skus.data[9999].source_id], [10001, 10000, 10000, 's19999']);
});

test('a SKU of a file has the currency of the project, and one that is there keeps its own', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'p' });
	for (const body of [{ source_id: 'own', currency: 'PLN' }, { source_id: 'none', price: 1 }])
		await project.post('/v1/products/p/skus', body);
	await importFile(project, 'skus', csv('product_id,source_id,price', 'p,own,1', 'p,none,2', 'p,new,13'));
	const shown = (await get(project, '/v1/products/p')).skus.data.map(s => [s.source_id, s.price, s.currency]);
	assert.deepEqual(shown, [['own', 100, 'PLN'], ['none', 200, null], ['new', 1300, 'USD']]);
});

test('SKUs belong to one product', async () => {
	const project = await newProject(server);
	const product = (await project.post('/v1/products', { source_id: 'p', attributes: ['color'] })).json;
	await project.post('/v1/products', { source_id: 'q' });
	const made = (await project.post('/v1/products/p/skus', { source_id: 's', name: 'skipped', price: 5000, attributes: { color: 'red' } })).json;
	assert.match(made.id, /^sku_[0-9a-f]{18}$/);
	assert.deepEqual({ ...made, id: 0, created_at: 0 }, {
		id: 0, source_id: 's', product_id: product.id, sku: null, price: 5000, currency: null, attributes: { color: 'red' },
		image_url: null, metadata: {}, created_at: 0, updated_at: null, object: 'sku'
	});
	assert.equal((await project.request('PUT', '/v1/products/p/skus/s', { json: { price: 2000 } })).json.price, 2000);
	assert.equal((await get(project, '/v1/skus/s')).id, made.id);
	const taken = await project.post('/v1/products/q/skus', { source_id: 's' });
	assert.deepEqual([taken.status, taken.json.key, taken.json.details],
		[400, 'resource_in_use', `Resource sku with id s is in use by products with ids [${product.id}]`]);
	const list = await get(project, '/v1/products/p/skus');
	assert.deepEqual([list.data_ref, list.total, list.skus[0].id], ['skus', 1, made.id]);
	assert.equal((await get(project, '/v1/products/p')).skus.data[0].id, made.id);
	assertNotFound(await project.request('DELETE', '/v1/products/q/skus/s'), 'sku', 's');
	assertNotFound(await project.post('/v1/products/none/skus', {}), 'product', 'none');
	assert.equal((await project.request('DELETE', '/v1/products/p/skus/s?force=true')).status, 204);
	assertNotFound(await project.get('/v1/skus/s'), 'sku', 's');
	assert.equal((await get(project, '/v1/products/p/skus')).total, 0);
});

test('what is deleted goes into the bin, and its source id stays taken until it leaves that', async () => {
	const project = await newProject(server);
	const product = (await project.post('/v1/products', { source_id: 'p', name: 'P' })).json;
	await project.post('/v1/products/p/skus', { source_id: 's', sku: 'S' });
	assert.equal((await project.request('DELETE', '/v1/products/p')).status, 204);
	assertNotFound(await project.get('/v1/products/p'), 'product', 'p');
	assertNotFound(await project.get('/v1/skus/s'), 'sku', 's');
	const again = await project.post('/v1/products', { source_id: 'p' });
	assert.deepEqual([again.status, again.json.key, again.json.details, again.json.resource_id, again.json.resource_type],
		[409, 'duplicate_found', 'Duplicated product exists with id p', 'p', 'product']);
	const bulk = await project.run('/v1/products/bulk/async', [{ source_id: 'p', name: 'X' }]);
	assert.equal(bulk.result.errors[0].key, 'duplicate_found');
	const bin = await get(project, '/v1/trash-bin');
	assert.deepEqual(bin.data.map(e => [e.resource_type, e.resource_id, e.resource_name]), [['product', product.id, 'P']]);
	assert.equal((await project.request('DELETE', `/v1/trash-bin/${bin.data[0].id}`)).status, 204);
	assert.equal((await project.post('/v1/products', { source_id: 'p' })).status, 200);
	assert.equal((await project.post('/v1/products/p/skus', { source_id: 's' })).status, 200);
	assert.equal((await get(project, '/v1/products')).total, 1);
});

test('a SKU in the bin names its product, and goes with it', async () => {
	const project = await newProject(server);
	const product = (await project.post('/v1/products', { source_id: 'p' })).json;
	const sku = (await project.post('/v1/products/p/skus', { source_id: 's', sku: 'S' })).json;
	const kept = (await project.post('/v1/products/p/skus', { source_id: 't' })).json;
	assert.equal((await project.request('DELETE', `/v1/products/${product.id}/skus/${sku.id}`)).status, 204);
	const bin = await get(project, '/v1/trash-bin');
	assert.deepEqual(bin.data.map(e => [e.object, e.resource_type, e.resource_id, e.resource_name, e.resource_parent_id]),
		[['sku', 'sku', sku.id, 'S', product.id]]);
	assert.deepEqual((await get(project, '/v1/products/p/skus')).skus.map(s => s.id), [kept.id]);
	const again = await project.post('/v1/products/p/skus', { source_id: 's' });
	assert.deepEqual([again.status, again.json.details, again.json.resource_id, again.json.resource_type],
		[409, 'Duplicated sku exists with id s', 's', 'sku']);
	const filtered = async type => (await get(project, `/v1/trash-bin?filters[resource_type][conditions][$is]=${type}`)).data.length;
	assert.deepEqual([await filtered('sku'), await filtered('product')], [1, 0]);
	assert.equal((await project.request('DELETE', '/v1/products/p')).status, 204);
	assert.deepEqual([await filtered('sku'), await filtered('product')], [1, 1]);
	const entry = (await get(project, '/v1/trash-bin')).data.find(e => e.object === 'product');
	assert.equal((await project.request('DELETE', `/v1/trash-bin/${entry.id}`)).status, 204);
	assert.equal((await get(project, '/v1/trash-bin')).data.length, 0);
	await project.post('/v1/products', { source_id: 'p' });
	for (const source_id of ['s', 't'])
		assert.equal((await project.post('/v1/products/p/skus', { source_id })).status, 200);
	assert.equal((await project.request('DELETE', '/v1/products/p?force=true')).status, 204);
	assert.equal((await get(project, '/v1/trash-bin')).data.length, 0);
	assert.deepEqual([(await get(project, '/v1/products')).total, (await get(project, '/v1/products')).products], [0, []]);
	assertNotFound(await project.request('DELETE', '/v1/products/p/skus/s?force=true'), 'product', 'p'); // as the Ruby suite does it
});

test('the product file creates, and of those that are there it changes the name alone', async () => {
	const project = await newProject(server);
	const file = csv('name,source_id,price,attributes,image_url,Fashion',
		'T-Shirt,productSourceID11,21.5,"color, size,ranking",https://images.example.com/original.jpg,slim');
	const action = await importFile(project, 'products', file);
	assert.deepEqual(action.result, { message: '1 product(s) imported successfully, 0 failed.', failed: [], done_count: 1, failed_count: 0 });
	const made = await get(project, '/v1/products/productSourceID11');
	assert.deepEqual([made.name, made.price, made.attributes, made.image_url, made.metadata],
		['T-Shirt', 2150, ['color', 'size', 'ranking'], 'https://images.example.com/original.jpg', { Fashion: 'slim' }]);
	await importFile(project, 'products', csv('name,source_id,price,Fashion', 'Shirt,productSourceID11,1,wide', 'New,,1,'));
	const now = await get(project, '/v1/products/productSourceID11');
	assert.deepEqual([now.name, now.price, now.metadata], ['Shirt', 2150, { Fashion: 'slim' }]);
	const bad = await importFile(project, 'products', csv('name,source_id,price', ',a,1', 'B,b,1.234', 'C,c,x'));
	assert.deepEqual(bad.result.failed, [
		{ row: 1, source_id: 'a', reason: 'Name is required' },
		{ row: 2, source_id: 'b', reason: 'Property .price must have at most 2 decimals' },
		{ row: 3, source_id: 'c', reason: 'Property .price must be number' }
	]);
});

test('the SKU file: attributes of the product, in single quotes', async () => {
	const project = await newProject(server);
	const product = (await project.post('/v1/products', { source_id: 'P1', attributes: ['color', 'size', 'ranking'] })).json;
	const other = (await project.post('/v1/products', { source_id: 'P2' })).json;
	const action = await importFile(project, 'skus', csv('product_id,sku,source_id,price,image_url,attributes',
		`P1,Small,s1,13,,"{'color':'blue','size':'XS','ranking':1}"`,
		`${product.id},Medium,s2,14.5,,"{""color"":""it's"",size:'a''b'}"`,
		'P2,Other,s1,1,,', 'none,X,s3,1,,', `P1,Y,s4,1,,"{'weight':1}"`, 'P1,Z,,1,,', ',Z,s5,1,,', 'P1,W,s6,1,,[1]'));
	assert.equal(action.result.message, '2 sku(s) imported successfully, 6 failed.');
	assert.deepEqual(action.result.failed, [
		{ row: 3, reason: `Resource sku with id s1 is in use by products with ids [${product.id}]` },
		{ row: 4, reason: 'Cannot find product with id none' },
		{ row: 5, reason: "Attribute 'weight' is not defined in product P1" },
		{ row: 6, reason: 'Source_id is required' },
		{ row: 7, reason: 'Product_id is required' },
		{ row: 8, reason: 'Property .attributes must be object' }
	]);
	const s1 = await get(project, '/v1/skus/s1'), s2 = await get(project, '/v1/skus/s2');
	assert.deepEqual([s1.sku, s1.price, s1.attributes, s1.product_id], ['Small', 1300, { color: 'blue', size: 'XS', ranking: 1 }, product.id]);
	assert.deepEqual([s2.price, s2.attributes], [1450, { color: "it's", size: "a'b" }]);
	await importFile(project, 'skus', csv('product_id,sku,source_id,price,image_url', 'P1,Tiny,s1,12,https://x.example.com/a.png'));
	const now = await get(project, '/v1/skus/s1');
	assert.deepEqual([now.sku, now.price, now.image_url, now.attributes.color], ['Tiny', 1200, '', 'blue']);
	assert.equal(other.object, 'product');
	await importFile(project, 'skus', csv('product_id,source_id', 'P1,s9'));
	assert.equal((await get(project, '/v1/skus/s9')).image_url, null); // the file says nothing of it
	const refused = await project.server.upload('/v1/skus/importCSV', csv('sku,source_id', 'a,b'), { project: project.keys });
	assert.deepEqual([refused.status, refused.json.details], [400, "CSV file should have required column 'product_id' (found: sku, source_id)"]);
});

test('bulk and metadata updates create and merge', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'a', name: 'A', price: 5 });
	const bulk = await project.run('/v1/products/bulk/async', [
		{ source_id: 'a', price: 1000 }, { source_id: 'b', price: 2000, attributes: ['x'] }, { price: 1 }
	]);
	assertAction(bulk);
	assert.deepEqual([bulk.result.done_count, bulk.result.failed_count], [2, 1]);
	const report = await fetch(bulk.result.reports[0]);
	assert.deepEqual((await report.text()).trim().split(/\r?\n/),
		['source_id,found,updated', 'a,true,true', 'b,false,true', ',false,false']);
	const a = await get(project, '/v1/products/a');
	assert.deepEqual([a.name, a.price], ['A', 1000]);
	const update = await project.run('/v1/products/metadata/async', { source_ids: ['a', 'c'], metadata: { k: 'v' } });
	assertAction(update);
	assert.deepEqual([(await get(project, '/v1/products/a')).metadata, (await get(project, '/v1/products/c')).metadata], [{ k: 'v' }, { k: 'v' }]);
	assert.equal((await get(project, '/v1/products/c')).name, null);
	for (const body of [{ product_ids: ['x'] }, {}])
		assert.equal((await project.post('/v1/products/metadata/async', body)).status, 202);
});

test('a purge takes the key from SKUs too, and counts products', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'p', metadata: { k: 1, l: 1 } });
	await project.post('/v1/products', { source_id: 'q' });
	await project.post('/v1/products/q/skus', { source_id: 's', metadata: { k: 1 } });
	const action = await project.run('/v1/metadata-schemas/product/purge', { key: 'k' });
	assertAction(action);
	assert.deepEqual(action.result, { message: 'Updated 1 products.', done_count: 1 });
	assert.deepEqual((await get(project, '/v1/products/p')).metadata, { l: 1 });
	assert.deepEqual((await get(project, '/v1/skus/s')).metadata, {});
});

test('dry runs of both files tell the same and keep nothing', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'p', name: 'Old', attributes: ['c'] });
	const file = csv('name,source_id', 'New,p', 'New,q', 'Newer,q');
	const dry = await importFile(project, 'products', file, '?dry_run=true');
	assert.deepEqual((await project.report(dry.id)).map(row => row[2]), ['updated', 'created', 'updated']);
	assert.equal((await get(project, '/v1/products/p')).name, 'Old');
	const skus = await importFile(project, 'skus', csv('product_id,source_id,sku', 'p,s,A', 'p,s,B', 'p,s,B'), '?dry_run=true');
	assert.deepEqual((await project.report(skus.id)).map(row => row[2]), ['created', 'updated', 'unchanged']);
	assertNotFound(await project.get('/v1/skus/s'), 'sku', 's');
});

test('customers are listed: filters, order, cursor; and deleted for good', async () => {
	const project = await newProject(server);
	for (const [source_id, name, city] of [['a', 'Ann', 'Ulm'], ['b', 'Bob', 'Köln "1"'], ['c', 'Cid', 'Ulm']])
		await project.post('/v1/customers', { source_id, name, email: `${source_id}@example.com`, address: { city, country: 'DE' } });
	const ids = async query => (await get(project, `/v1/customers${query}`)).customers.map(c => c.source_id).join('');
	assert.equal(await ids(''), 'cba');
	assert.equal(await ids('?order=created_at'), 'abc');
	assert.equal(await ids('?order=-source_id'), 'cba');
	assert.equal(await ids('?limit=1&page=2'), 'b');
	assert.equal(await ids('?email=b@example.com'), 'b');
	assert.equal(await ids('?name=Cid'), 'c');
	assert.equal(await ids('?city=Ulm'), 'ca');
	assert.equal(await ids(`?city=${encodeURIComponent('Köln "1"')}`), 'b');
	assert.equal(await ids('?created_at[after]=2090-01-01'), '');
	const first = await get(project, '/v1/customers?limit=1');
	assert.deepEqual([first.total, first.has_more, first.data_ref], [3, true, 'customers']);
	assert.equal(await ids(`?starting_after=${first.customers[0].id}`), 'ba');
	assert.equal(await ids(`?starting_after=${first.customers[0].created_at}`), 'ba');
	assert.equal((await project.get('/v1/customers?limit=101')).status, 400);
	assert.equal((await project.get('/v1/customers?page=100')).status, 400);
	assert.equal((await project.get('/v1/customers?order=email')).status, 400);
	const gone = await project.post('/v1/customers/a/permanent-deletion');
	assert.match(gone.json.id, /^del_[0-9A-Za-z]{24}$/);
	assert.deepEqual([gone.status, gone.json.object, gone.json.status, gone.json.data_json],
		[200, 'pernament_deletion', 'DONE', { events: 0, daily_events: 0, segments: 0, orders: 0, customer: 1 }]);
	assertNotFound(await project.get('/v1/customers/a'), 'customer', 'a');
	assert.equal((await get(project, '/v1/customers')).total, 2);
});
