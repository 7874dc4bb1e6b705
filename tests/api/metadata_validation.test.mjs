// SPDX-License-Identifier: MIT
/* Metadata of single writes has to fit the schema of its resource (reference 1.7, 4.9). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, assertNotFound, newProject } from '../support/api.mjs';

const server = await apiServer();

const TEXT = { type: 'string', array: false, optional: true };
const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const UNIT = { unit: { ...TEXT, type: 'number', optional: false } };

function ok(answer, status = 200) {
	assert.equal(answer.status, status, answer.text);
	return answer.json;
}

function assertRefused(answer, details) {
	assertError(answer, { code: 400, key: 'metadata_validation_failed', message: 'Metadata validation failed', details });
}

const bad = value => `unit: must be a number, property is required (actual value is '${value}')`;

async function projectWith(schemas) {
	const p = await newProject(server);
	for (const [resource, properties] of Object.entries(schemas))
		ok(await p.post(`/v1/metadata-schemas/${resource}`, { properties }));
	return p;
}

test('a voucher: all that is required when it is made, what is sent when it is changed', async () => {
	const p = await projectWith({ voucher: { ...UNIT, note: { ...TEXT, eq: ['a', 'b'] } } });
	for (const path of ['/v1/vouchers/A', '/v1/vouchers']) {
		assertRefused(await p.post(path, { ...DISCOUNT, metadata: { unit: 'EUR' } }), bad('EUR'));
		assertRefused(await p.post(path, { ...DISCOUNT, metadata: { note: 'a' } }), bad('undefined'));
		assertRefused(await p.post(path, DISCOUNT), bad('undefined'));
	}
	assert.equal(await p.voucher('A'), undefined);
	assert.deepEqual(ok(await p.post('/v1/vouchers/A', { ...DISCOUNT, metadata: { unit: 1, other: [true] } })).metadata, { unit: 1, other: [true] });
	const put = metadata => p.request('PUT', '/v1/vouchers/A', { json: { metadata } });
	assertRefused(await put({ note: 'c' }), "note: must be a string, must be equal to one of a,b (actual value is 'c')");
	assertRefused(await put({ unit: null }), bad('null'));
	ok(await put({ note: 'b' }));
	ok(await put({ note: null }));
	ok(await p.request('PUT', '/v1/vouchers/A', { json: { additional_info: 'x' } }));
	assert.deepEqual((await p.voucher('A')).metadata.unit, 1);
	assertNotFound(await p.request('PUT', '/v1/vouchers/none', { json: { metadata: { unit: 'x' } } }), 'voucher', 'none');
	ok(await p.post('/v1/vouchers/A/disable'));
});

test('a schema counts from its answer on, and no longer than it is there', async () => {
	const p = await newProject(server), other = await newProject(server);
	ok(await p.post('/v1/vouchers/A', DISCOUNT)); // now it is known that there is none
	ok(await p.post('/v1/metadata-schemas/voucher', { properties: UNIT }));
	assertRefused(await p.post('/v1/vouchers/B', DISCOUNT), bad('undefined'));
	ok(await other.post('/v1/vouchers/B', DISCOUNT));
	ok(await p.request('PUT', '/v1/metadata-schemas/voucher', { json: { properties: { unit: { deleted: true } } } }));
	ok(await p.post('/v1/vouchers/B', DISCOUNT));
	ok(await p.request('PUT', '/v1/metadata-schemas/voucher', { json: { allow_defined_only: true } }));
	assertRefused(await p.post('/v1/vouchers/C', { ...DISCOUNT, metadata: { unit: 1 } }), "unit: property is not defined in the metadata schema (actual value is '1')");
	assert.equal((await p.request('DELETE', '/v1/metadata-schemas/voucher')).status, 204);
	ok(await p.post('/v1/vouchers/C', { ...DISCOUNT, metadata: { unit: 1 } }));
});

test('a campaign has the schema that it says, and gives its codes what they need', async () => {
	const p = await projectWith({ voucher: UNIT, campaign: { region: { ...TEXT, optional: false, eq: ['EMEA'] } } });
	const region = value => `region: must be a string, property is required, must be equal to one of EMEA (actual value is '${value}')`;
	const create = body => p.post('/v1/campaigns', { voucher: DISCOUNT, ...body });
	assertRefused(await create({ name: 'V', use_voucher_metadata_schema: true, metadata: { region: 'EMEA' } }), bad('undefined'));
	assertRefused(await create({ name: 'C', use_voucher_metadata_schema: false, metadata: { unit: 1 } }), region('undefined'));
	assertRefused(await create({ name: 'C', use_voucher_metadata_schema: false }), region('undefined'));
	ok(await create({ name: 'V', use_voucher_metadata_schema: true, metadata: { unit: 1 } }));
	ok(await create({ name: 'C', use_voucher_metadata_schema: false, metadata: { region: 'EMEA' } }));
	const put = (name, metadata) => p.request('PUT', `/v1/campaigns/${name}`, { json: { metadata } });
	assertRefused(await put('V', { unit: 'x' }), bad('x'));
	assertRefused(await put('C', { region: 'x' }), region('x'));
	ok(await put('V', { region: 'x' }));
	ok(await put('C', { unit: 'x' }));

	assert.equal(ok(await p.post('/v1/campaigns/V/vouchers')).metadata.unit, 1);
	assertRefused(await p.post('/v1/campaigns/V/vouchers/W', { metadata: { unit: 'x' } }), bad('x'));
	assertRefused(await p.post('/v1/campaigns/C/vouchers'), bad('undefined'));
	assertRefused(await p.post('/v1/campaigns/C/vouchers?vouchers_count=2'), bad('undefined'));
	assertRefused(await p.post('/v1/campaigns/V/vouchers?vouchers_count=2', { metadata: { unit: 'x' } }), bad('x'));
	ok(await p.post('/v1/campaigns/C/vouchers/W', { metadata: { unit: 2 } }));
	ok(await p.post('/v1/campaigns/C/vouchers?vouchers_count=2', { metadata: { unit: 2 } }), 202);
});

test('codes that a campaign makes have the schema of vouchers, whatever that of the campaign is', async () => {
	const p = await projectWith({ voucher: UNIT });
	const create = (name, body) => p.post('/v1/campaigns', { name, voucher: DISCOUNT, use_voucher_metadata_schema: false, ...body });
	for (const [name, n] of [['One', 1], ['Many', 20]]) {
		assertRefused(await create(name, { vouchers_count: n, metadata: { unit: 1 } }), bad('undefined'));
		assertNotFound(await p.get(`/v1/campaigns/${name}`), 'campaign', name);
		ok(await create(name, { vouchers_count: n, metadata: { unit: 1 }, use_voucher_metadata_schema: true }));
	}
	assertRefused(await create('Alone', { type: 'STANDALONE', voucher: { ...DISCOUNT, code: 'ALONE' } }), bad('undefined'));
	assert.equal(await p.voucher('ALONE'), undefined);
	assertRefused(await create('Bad', { vouchers_count: 20, metadata: { unit: 'x' }, use_voucher_metadata_schema: true }), bad('x'));
	ok(await create('None', { vouchers_count: 0 }));
	assert.equal((await p.get('/v1/async-actions')).json.async_actions.length, 1);
});

test('a code that is made for a publication has the schema of vouchers as it is then', async () => {
	const p = await newProject(server);
	for (const [name, metadata] of [['Old', { unit: 'x' }], ['Bare', undefined], ['Good', { unit: 1 }]])
		ok(await p.post('/v1/campaigns', { name, type: 'AUTO_UPDATE', voucher: DISCOUNT, metadata }));
	ok(await p.post('/v1/campaigns/Old/vouchers/THERE'));
	ok(await p.post('/v1/metadata-schemas/voucher', { properties: UNIT }));
	const publish = campaign => p.post('/v1/publications', { customer: { source_id: 'a' }, campaign: { name: campaign } });
	ok(await publish('Old')); // the one that is there
	assertRefused(await publish('Old'), bad('x'));
	assertRefused(await p.post('/v1/publications', { customer: { source_id: 'b' }, campaign: { name: 'Bare' } }), bad('undefined'));
	assertNotFound(await p.get('/v1/customers/b'), 'customer', 'b');
	assert.deepEqual(ok(await publish('Good')).voucher.metadata, { unit: 1 });
	assert.equal((await p.get('/v1/campaigns/Old')).json.vouchers_count, 1);
});

test('tiers of a promotion have their own schema', async () => {
	const p = await projectWith({ promotion_tier: UNIT, campaign: { region: TEXT } });
	const tier = metadata => ({ name: 'T', action: { discount: { type: 'AMOUNT', amount_off: 100 } }, metadata });
	const create = (...tiers) => p.post('/v1/campaigns', { name: 'P', campaign_type: 'PROMOTION', promotion: { tiers } });
	assertRefused(await create(tier()), bad('undefined'));
	assertRefused(await create(tier({ unit: 1 }), tier({ unit: 'x' })), bad('x'));
	assertNotFound(await p.get('/v1/campaigns/P'), 'campaign', 'P');
	const { promotion } = ok(await create(tier({ unit: 1 }), tier({ unit: 2, more: 'm' })));
	assert.deepEqual(promotion.tiers.map(t => t.metadata), [{ unit: 1 }, { unit: 2, more: 'm' }]);
});

test('a customer is new or not: what is required depends on that', async () => {
	const p = await projectWith({ customer: UNIT });
	assertRefused(await p.post('/v1/customers', { source_id: 'a' }), bad('undefined'));
	assertRefused(await p.post('/v1/customers', { source_id: 'a', metadata: { unit: [] } }), bad('[]'));
	assertNotFound(await p.get('/v1/customers/a'), 'customer', 'a');
	ok(await p.post('/v1/customers', { source_id: 'a', metadata: { unit: 1 } }));
	ok(await p.post('/v1/customers', { source_id: 'a', name: 'A' }));
	assertRefused(await p.post('/v1/customers', { source_id: 'a', name: 'B', metadata: { unit: 'x' } }), bad('x'));
	assertRefused(await p.request('PUT', '/v1/customers/a', { json: { name: 'B', metadata: { unit: 'x' } } }), bad('x'));
	const { name, metadata } = ok(await p.request('PUT', '/v1/customers/a', { json: { metadata: { other: 'y' } } }));
	assert.deepEqual([name, metadata], ['A', { unit: 1, other: 'y' }]);
});

test('a publication, and the customer in it: refused, nothing of it is there', async () => {
	const p = await projectWith({ customer: UNIT, publication: { year: { ...TEXT, type: 'number', gt: 2000 } } });
	ok(await p.post('/v1/vouchers/A', DISCOUNT));
	const publish = body => p.post('/v1/publications', { voucher: 'A', ...body });
	assertRefused(await publish({ customer: { source_id: 'a' } }), bad('undefined'));
	assertRefused(await publish({ customer: { source_id: 'a', metadata: { unit: 'x' } } }), bad('x'));
	assertRefused(await publish({ customer: { source_id: 'a', metadata: { unit: 1 } }, metadata: { year: 1999 } }),
		"year: must be a number, must be greater than 2000 (actual value is '1999')");
	assertNotFound(await p.get('/v1/customers/a'), 'customer', 'a');
	assert.equal((await p.voucher('A')).publish.count, 0);
	ok(await publish({ customer: { source_id: 'a', metadata: { unit: 1 } }, metadata: { year: 2001 } }));
	ok(await p.post('/v1/vouchers/B', DISCOUNT));
	ok(await publish({ voucher: 'B', customer: { source_id: 'a' } }));
});

test('products and SKUs have the schema of products', async () => {
	const p = await projectWith({ product: UNIT });
	assertRefused(await p.post('/v1/products', { name: 'P' }), bad('undefined'));
	const { id } = ok(await p.post('/v1/products', { name: 'P', metadata: { unit: 1 } }));
	assertRefused(await p.request('PUT', `/v1/products/${id}`, { json: { metadata: { unit: 'x' } } }), bad('x'));
	assertRefused(await p.post(`/v1/products/${id}/skus`, { sku: 'S' }), bad('undefined'));
	const sku = ok(await p.post(`/v1/products/${id}/skus`, { sku: 'S', metadata: { unit: 1 } }));
	assertRefused(await p.request('PUT', `/v1/products/${id}/skus/${sku.id}`, { json: { metadata: { unit: 'x' } } }), bad('x'));
});

test('an order has its schema', async () => {
	const p = await projectWith({ order: UNIT });
	assertRefused(await p.post('/v1/orders', { source_id: 'o', amount: 100 }), bad('undefined'));
	ok(await p.post('/v1/orders', { source_id: 'o', amount: 100, metadata: { unit: 1 } }));
	assertRefused(await p.request('PUT', '/v1/orders/o', { json: { metadata: { unit: 'x' } } }), bad('x'));
});

test('items of an order have theirs, each as a new one', async () => {
	const p = await projectWith({ order_item: UNIT });
	const item = metadata => ({ product_id: 'p', quantity: 1, amount: 100, metadata });
	const save = (...items) => p.post('/v1/orders', { source_id: 'o', items });
	assertRefused(await save(item()), bad('undefined'));
	assertRefused(await save(item({ unit: 1 }), item({ unit: 'x' })), bad('x'));
	assertNotFound(await p.get('/v1/orders/o'), 'order', 'o');
	ok(await save(item({ unit: 1 }), item({ unit: 2 })));
	ok(await p.post('/v1/orders', { source_id: 'o', amount: 300 }));
	const put = items => p.request('PUT', '/v1/orders/o', { json: { items } });
	assertRefused(await put([item(null)]), bad('undefined'));
	ok(await put([item({ unit: 3 })]));
	assert.deepEqual((await p.get('/v1/orders/o')).json.items.map(i => i.metadata), [{ unit: 3 }]);
	ok(await p.post('/v1/orders', { source_id: 'without', amount: 1 }));
});

test('an object that is nested is checked by its own schema', async () => {
	const p = await projectWith({
		customer: { home: { ...TEXT, type: 'object', objectType: 'Place' } }, Place: { city: { ...TEXT, optional: false } }
	});
	const save = home => p.post('/v1/customers', { source_id: 'a', metadata: { home } });
	ok(await save({ city: 'Rome', floor: 3 }));
	assertRefused(await save({ floor: 3 }), `home: must be an object of type Place (actual value is '{"floor":3}')`);
	assertRefused(await save({ city: 'Rome', more: {} }), `home: must be an object of type Place (actual value is '{"city":"Rome","more":{}}')`);
});

test('a long reason is told in full', async () => {
	const eq = Array.from({ length: 150 }, (_, i) => `Place ${i}`);
	const p = await projectWith({ voucher: { place: { ...TEXT, eq } } });
	assertRefused(await p.post('/v1/vouchers/A', { ...DISCOUNT, metadata: { place: 'x' } }),
		`place: must be a string, must be equal to one of ${eq.join()} (actual value is 'x')`);
});
