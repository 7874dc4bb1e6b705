// SPDX-License-Identifier: MIT
/*
 * GET /openapi.json: a valid document of OpenAPI 3.1, of which every schema compiles, and which tells the truth: the
 * answers of a server are as it says, and so are the orders, limits and parameters that it names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, csv, newProject } from '../support/api.mjs';
import { openapi } from './openapi.mjs';

const server = await apiServer();
const api = await openapi(server);
const { document } = api;

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000, effect: 'APPLY_TO_ORDER' } };
const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 500 } };
const CARD = { type: 'LOYALTY_CARD', loyalty_card: { points: 10 } };

/** Sends a request; its body, if it is one that the document tells of, and the answer have to fit. */
async function call(p, method, path, json, status = 200) {
	const answer = await p.request(method, path, json === undefined ? {} : { json });
	assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
	assertBody(method, path, json);
	return api.assertAnswer(method, path, answer);
}

function assertBody(method, path, json) {
	const content = api.find(method, path).operation.requestBody?.content['application/json'];
	if (json === undefined)
		return;
	assert.ok(content !== undefined, `${method} ${path} has no body`);
	assert.equal(api.mismatch(content.schema, json), '', `${method} ${path}: ${JSON.stringify(json)}`);
}

/** Starts an action and reads it, at once and when it has ended. */
async function act(p, method, path, json, status = 202) {
	const { async_action_id: id } = await call(p, method, path, json, status);
	return ended(p, id);
}

async function ended(p, id) {
	await call(p, 'GET', `/v1/async-actions/${id}`);
	return call(p, 'GET', `/v1/async-actions/${id}?wait=30`);
}

async function upload(p, path, contents, status) {
	const answer = await server.upload(path, contents, { project: p.keys });
	assert.equal(answer.status, status, answer.text);
	return ended(p, api.assertAnswer('POST', path, answer).async_action_id);
}

test('the document is valid OpenAPI 3.1', async () => {
	const { Validator } = await import('@seriousme/openapi-schema-validator');
	const validator = new Validator();
	const result = await validator.validate(structuredClone(document));
	assert.deepEqual([result.valid, result.errors], [true, undefined]);
	assert.equal(validator.version, '3.1');
});

test('a document that is not valid is found out', async () => {
	const { Validator } = await import('@seriousme/openapi-schema-validator');
	const broken = structuredClone(document);
	delete broken.paths['/v1/vouchers'].get.responses;
	broken.paths['/v1/vouchers'].get.parameters[0].in = 'nowhere';
	assert.equal((await new Validator().validate(broken)).valid, false);
});

test('every schema compiles', () => {
	for (const name of Object.keys(document.components.schemas))
		assert.doesNotThrow(() => api.mismatch({ $ref: `#/components/schemas/${name}` }, {}), name);
});

test('it needs no keys, has a length and a tag, and is not sent to those who have it', async () => {
	const answer = await fetch(`${server.base}/openapi.json`);
	const text = await answer.text();
	assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
	assert.equal(answer.headers.get('content-length'), String(Buffer.byteLength(text)));
	const etag = answer.headers.get('etag');
	assert.match(etag, /^"[0-9a-f]{64}"$/);
	for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
		const again = await fetch(`${server.base}/openapi.json`, { headers: { 'If-None-Match': known } });
		assert.deepEqual([again.status, await again.text(), again.headers.get('etag')], [304, '', etag], known);
	}
	const other = await fetch(`${server.base}/openapi.json`, { headers: { 'If-None-Match': '"other"' } });
	assert.deepEqual([other.status, await other.text()], [200, text]);
	const head = await fetch(`${server.base}/openapi.json`, { method: 'HEAD' });
	assert.deepEqual([head.status, head.headers.get('etag')], [200, etag]);
	assert.equal(document.openapi, '3.1.0');
});

test('vouchers', async () => {
	const p = await newProject(server);
	await call(p, 'POST', '/v1/vouchers/A', { ...DISCOUNT, metadata: { a: [1, { b: null }] }, start_date: '2030-01-01T00:00:00.000Z',
		validity_timeframe: { interval: 'P7D', duration: 'P1D' }, validity_day_of_week: [1, 2], redemption: { quantity: 3 },
		validity_hours: { daily: [{ start_time: '09:00', days_of_week: [1], expiration_time: '17:00' }] }, category: 'tag' });
	await call(p, 'POST', '/v1/vouchers/P', { type: 'DISCOUNT_VOUCHER', discount: { type: 'PERCENT', percent_off: 10.5 } });
	await call(p, 'POST', '/v1/vouchers/U', { type: 'DISCOUNT_VOUCHER', discount: { type: 'UNIT', unit_off: 2, effect: 'ADD_NEW_ITEMS' } });
	await call(p, 'POST', '/v1/vouchers', { ...DISCOUNT, code_config: { length: 5, charset: 'ab', prefix: 'X' }, additional_info: 'i' });
	await call(p, 'POST', '/v1/vouchers/G', GIFT);
	await call(p, 'POST', '/v1/vouchers/G/balance', { amount: 50, reason: 'r' });
	await call(p, 'POST', '/v1/vouchers/G/balance', { amount: -20, source_id: 's' });
	await call(p, 'GET', '/v1/vouchers/G');
	await call(p, 'GET', '/v1/vouchers/G/transactions?limit=1');
	await call(p, 'PUT', '/v1/vouchers/A', { active: false, metadata: { n: 1 } });
	await call(p, 'POST', '/v1/vouchers/A/enable');
	await call(p, 'GET', '/v1/vouchers?limit=2');
	await call(p, 'POST', '/v1/vouchers/A', DISCOUNT, 409);
	await call(p, 'POST', '/v1/vouchers', { campaign: 'none' }, 404);
	await call(p, 'GET', '/v1/vouchers/none', undefined, 404);
	await call(p, 'DELETE', '/v1/vouchers/P', undefined, 204);
	const bin = await call(p, 'GET', '/v1/trash-bin');
	await call(p, 'DELETE', `/v1/trash-bin/${bin.data[0].id}`, undefined, 204);
	const wrong = await p.post('/v1/vouchers/Z', { type: 'NONE' });
	assert.equal(api.assertAnswer('POST', '/v1/vouchers/Z', wrong).key, 'invalid_payload');
	const broken = await p.request('POST', '/v1/vouchers/Z', { body: '{', headers: { 'Content-Type': 'application/json' } });
	assert.equal(api.assertAnswer('POST', '/v1/vouchers/Z', broken).statusCode, 400);
});

test('campaigns, promotions, rules and categories', async () => {
	const p = await newProject(server);
	const category = await call(p, 'POST', '/v1/categories', { name: 'K', hierarchy: 1 });
	await call(p, 'PUT', `/v1/categories/${category.id}`, { name: 'L', hierarchy: 2 });
	await call(p, 'GET', '/v1/categories');
	const rule = await call(p, 'POST', '/v1/validation-rules', { name: 'R', rules: { 1: { name: 'n' } }, applicable_to: { included: [{ id: 'x' }] } });
	await call(p, 'GET', '/v1/validation-rules');
	const campaign = await call(p, 'POST', '/v1/campaigns', { name: 'C', voucher: { ...DISCOUNT, code_config: { length: 6 } }, vouchers_count: 2,
		category_id: category.id, metadata: { k: 1 }, validation_rules: [rule.id], start_date: '2030-01-01T00:00:00.000Z' });
	await call(p, 'POST', '/v1/campaigns', { name: 'G', voucher: GIFT });
	await call(p, 'POST', '/v1/campaigns', { name: 'L', voucher: CARD });
	const promotion = await call(p, 'POST', '/v1/campaigns', { name: 'P', campaign_type: 'PROMOTION', promotion: {
		tiers: [{ name: 't', banner: 'b', action: { discount: DISCOUNT.discount }, category: 'tag', validation_rules: [rule.id] }, { name: 'u' }] } });
	await call(p, 'GET', `/v1/promotions/${promotion.id}/tiers`);
	await call(p, 'GET', `/v1/promotions/tiers/${promotion.promotion.tiers[0].id}`);
	await call(p, 'PUT', '/v1/campaigns/C', { expiration_date: '2090-01-01T00:00:00.000Z', description: 'd' });
	await call(p, 'GET', '/v1/campaigns/C');
	await call(p, 'GET', '/v1/campaigns?expand=category');
	await call(p, 'POST', '/v1/campaigns/C/disable');
	await call(p, 'POST', '/v1/campaigns/G/vouchers', { gift: { amount: 7 } });
	await call(p, 'POST', '/v1/campaigns/L/vouchers/CARD', { loyalty_card: { points: 5 } });
	await call(p, 'POST', '/v1/publications', { voucher: 'CARD', customer: { source_id: 'c', email: 'a@example.com' } });
	await call(p, 'POST', '/v1/loyalties/members/CARD/balance', { points: 3 });
	await call(p, 'GET', '/v1/campaigns/L/transactions');
	await call(p, 'GET', '/v1/vouchers/CARD');
	assert.equal((await act(p, 'POST', '/v1/campaigns/C/vouchers?vouchers_count=2', {})).type, 'CAMPAIGN.VOUCHERS_GENERATE');
	await call(p, 'POST', '/v1/campaigns/C/enable');
	await call(p, 'POST', '/v1/publications', { campaign: { name: 'C', count: 2 }, customer: { source_id: 'c' }, metadata: { m: 1 } });
	await call(p, 'POST', '/v1/publications', { campaign: 'G', customer: { source_id: 'd' } });
	await call(p, 'POST', '/v1/vouchers/PLAIN', DISCOUNT);
	await call(p, 'POST', '/v1/vouchers/GONE', DISCOUNT);
	for (const voucher of ['PLAIN', 'GONE'])
		await call(p, 'POST', '/v1/publications', { voucher, customer: { name: 'Ann' }, channel: null });
	await call(p, 'DELETE', '/v1/vouchers/GONE?force=true', undefined, 204);
	await call(p, 'POST', `/v1/customers/d/permanent-deletion`);
	const { publications } = await call(p, 'GET', '/v1/publications?order=id');
	assert.deepEqual(publications.map(({ voucher, vouchers }) => voucher?.code ?? vouchers?.length ?? voucher), ['CARD', 2, publications[2].voucher.code, 'PLAIN', null]);
	for (const query of ['campaign=C', 'voucher=CARD', 'customer=c', 'is_referral_code=false', 'filters[campaign_name][conditions][$is]=G'])
		await call(p, 'GET', `/v1/publications?${query}`);
	await call(p, 'DELETE', `/v1/validation-rules/${rule.id}`, undefined, 204);
	assert.equal((await act(p, 'DELETE', `/v1/campaigns/${campaign.id}`)).type, 'CAMPAIGN.VOUCHERS_DELETE');
});

test('customers, products, SKUs and orders', async () => {
	const p = await newProject(server);
	const customer = await call(p, 'POST', '/v1/customers', { source_id: 'c', name: 'Ann', email: 'a@example.com', birthdate: '2000-01-01',
		address: { city: 'Wien', line_1: 'A' }, metadata: { k: 1 } });
	await call(p, 'PUT', '/v1/customers/c', { phone: '1' });
	await call(p, 'POST', '/v1/customers', {});
	await call(p, 'GET', '/v1/customers?limit=2&order=-created_at');
	await call(p, 'POST', '/v1/products', { source_id: 'p', name: 'P', price: 100, attributes: ['color'], metadata: { k: 1 } });
	await call(p, 'POST', '/v1/products', { source_id: 'q', price: null });
	await call(p, 'POST', '/v1/products/p/skus', { source_id: 's', sku: 'S', price: 5, attributes: { color: 'red' } });
	await call(p, 'PUT', '/v1/products/p/skus/s', { currency: 'EUR' });
	await call(p, 'GET', '/v1/products/p');
	await call(p, 'GET', '/v1/products');
	await call(p, 'GET', '/v1/products/p/skus');
	await call(p, 'GET', '/v1/skus/s');
	await call(p, 'POST', '/v1/orders', { source_id: 'o', status: 'PAID', amount: 30, discount_amount: 5, customer: { source_id: 'c' },
		referrer: { name: 'R' }, metadata: { k: 1 }, items: [{ source_id: 'p', related_object: 'product', quantity: 2 }, { sku_id: 's', quantity: 1 },
			{ product: { name: 'X' }, price: 3, quantity: 1, discount_amount: 1, metadata: { a: 1 } }] });
	await call(p, 'POST', '/v1/orders', {});
	await call(p, 'PUT', '/v1/orders/o', { status: 'CANCELED', items: [] });
	await call(p, 'GET', '/v1/orders/o');
	await call(p, 'GET', '/v1/orders');
	await call(p, 'POST', `/v1/customers/${customer.id}/permanent-deletion`);
	await call(p, 'DELETE', '/v1/products/q', undefined, 204);
});

test('metadata schemas by both doors, exports, tokens', async () => {
	const p = await newProject(server);
	const text = { type: 'string', array: false, optional: true };
	await call(p, 'POST', '/v1/metadata-schemas', { related_object: 'voucher', properties: {
		k: { ...text, maxLength: 5 }, n: { ...text, type: 'number', gt: 1, eq: [2, 3] }, e: { ...text, eq: ['a'] } } });
	await call(p, 'PUT', '/v1/metadata-schemas/voucher', { allow_defined_only: true, properties: { k: { ...text, deleted: true } } });
	await call(p, 'GET', '/v1/metadata-schemas');
	await call(p, 'POST', '/v1/metadata-schemas/voucher', { properties: {} }, 409);
	const wrong = await p.post('/v1/vouchers/A', { ...DISCOUNT, metadata: { n: 1 } });
	assert.equal(api.assertAnswer('POST', '/v1/vouchers/A', wrong).key, 'metadata_validation_failed');
	await call(p, 'POST', '/v1/exports', { exported_object: 'voucher', parameters: { fields: ['code'], filters: { code: { conditions: { $is: 'A' } } } } });
	for (const exported_object of ['customer', 'order'])
		await call(p, 'POST', '/v1/exports', { exported_object });
	const { exports: [{ id }] } = await call(p, 'GET', '/v1/exports');
	await call(p, 'GET', `/v1/exports/${id}`);
	const form = { project: p.keys, json: { grant_type: 'client_credentials', scope: 'vouchers' } };
	const { access_token } = api.assertAnswer('POST', '/v1/oauth/token', await p.request('POST', '/v1/oauth/token', form));
	await call(p, 'POST', '/v1/oauth/introspect', { access_token });
	await call(p, 'POST', '/v1/oauth/introspect', { access_token: 'none' });
	const refused = await fetch(`${server.base}/v1/orders`, { headers: { Authorization: `Bearer ${access_token}` } });
	const json = await refused.json();
	assert.equal(refused.status, 403);
	api.assertAnswer('GET', '/v1/orders', { status: 403, headers: refused.headers, text: '', json });
	await call(p, 'POST', '/v1/oauth/token/revoke', { access_token }, 204);
	await call(p, 'POST', '/v1/oauth/token/revoke', { access_token }, 404);
	const nobody = await fetch(`${server.base}/v1/vouchers`);
	api.assertAnswer('GET', '/v1/vouchers', { status: nobody.status, headers: nobody.headers, text: '', json: await nobody.json() });
});

test('actions of every style, with rows that fail', async () => {
	const p = await newProject(server);
	await upload(p, '/v1/vouchers/importCSV', csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1', 'B,NONE,2'), 202);
	await upload(p, '/v1/products/importCSV', csv('name,source_id', 'P,p', ',q'), 200);
	await upload(p, '/v1/skus/importCSV', csv('product_id,source_id,sku', 'p,s,S', 'none,t,T'), 200);
	await upload(p, '/v1/customers/importCSV', csv('Name,Source_id,Birthdate', 'Ann,c,2000-01-01', 'Bob,d,never'), 202);
	await call(p, 'POST', '/v1/campaigns', { name: 'C', voucher: DISCOUNT });
	await upload(p, '/v1/campaigns/C/importCSV', csv('Code', 'CA', '""'), 200);
	await act(p, 'POST', '/v1/campaigns/C/import', [{ code: 'CB' }]);
	await act(p, 'POST', '/v1/vouchers/import', [{ code: 'I', ...DISCOUNT }, { code: 'A', ...DISCOUNT }]);
	await act(p, 'POST', '/v1/vouchers/bulk/async', [{ code: 'A', metadata: { k: 1 } }, { code: 'none', metadata: {} }]);
	await act(p, 'POST', '/v1/vouchers/metadata/async', { codes: ['A', 'none'], metadata: { k: 2 } });
	await act(p, 'POST', '/v1/customers/bulk/async', [{ source_id: 'c', name: 'Eve' }, { source_id: 'x', birthdate: 'never' }]);
	await act(p, 'POST', '/v1/products/metadata/async', { source_ids: ['p'], metadata: { k: 1 } });
	await act(p, 'POST', '/v1/orders/import', [{ source_id: 'o', amount: 1 }, { amount: 2, customer: { id: 'none' } }], 200);
	await act(p, 'POST', '/v1/metadata-schemas/voucher/purge', { key: 'k' });
	const { async_actions } = await call(p, 'GET', '/v1/async-actions?limit=100');
	assert.ok(async_actions.length > 12);
	await call(p, 'POST', `/v1/async-actions/${async_actions[0].id}/cancel`, undefined, 409);
	const report = await p.get(`/v1/async-actions/${async_actions[0].id}/report.csv`);
	api.assertAnswer('GET', `/v1/async-actions/${async_actions[0].id}/report.csv`, report);
	for (const { type } of async_actions)
		assert.ok(document.components.schemas.AsyncActionType.enum.includes(type));
});

test('lists take what their parameters name, and refuse what they do not', async () => {
	const p = await newProject(server);
	await call(p, 'POST', '/v1/campaigns', { name: 'P', campaign_type: 'PROMOTION' });
	await call(p, 'POST', '/v1/vouchers/A', GIFT);
	await call(p, 'POST', '/v1/products', { source_id: 'p' });
	await call(p, 'POST', '/v1/campaigns', { name: 'G', voucher: GIFT });
	const of = { code: 'A', productId: 'p' };
	const campaignOf = pattern => (pattern.includes('promotions') ? 'P' : 'G');
	let asked = 0;
	for (const { pattern, method, operation } of api.routes) {
		const query = (operation.parameters ?? []).filter(({ in: place }) => place === 'query');
		if (method !== 'GET' || !query.some(({ name }) => name === 'limit'))
			continue;
		const path = pattern.replace(/\{(\w+)\}/g, (all, name) => of[name] ?? campaignOf(pattern));
		for (const { name, schema } of query) {
			const fine = [...(schema.enum ?? []), ...(schema.maximum ? [1, schema.maximum] : [])];
			const wrong = [...(schema.enum ? ['nonsense'] : []), ...(schema.maximum ? [0, schema.maximum + 1] : [])];
			if (name === 'expand') // what is not known there is ignored
				wrong.length = 0;
			for (const value of fine)
				await call(p, 'GET', `${path}?${name}=${value}`);
			for (const value of wrong)
				await call(p, 'GET', `${path}?${name}=${value}`, undefined, 400);
			asked += fine.length + wrong.length;
		}
	}
	assert.ok(asked > 100, `${asked}`);
});

test('every filter and condition that the document names is one', async () => {
	const p = await newProject(server);
	const value = { Text: 'a', Id: 'a', Number: 1, Time: '2030-01-01T00:00:00.000Z', Boolean: true, Choice: 'DONE', Any: 'a' };
	const { schemas } = document.components;
	const refused = async query => {
		const { status, text } = await p.get(`/v1/vouchers?${new URLSearchParams([[query, 'a']])}`);
		assert.equal(status, 400, text);
		assert.match(text, /not supported/);
	};
	await refused('filters[nonsense][conditions][$is]');
	await refused('filters[code][conditions][$after]');
	for (const [path, name] of [['/v1/vouchers', 'VoucherFilters'], ['/v1/campaigns', 'CampaignFilters'], ['/v1/products', 'RecordFilters'], ['/v1/publications', 'PublicationFilters'],
			['/v1/trash-bin', 'BinFilters']])
		for (const [field, { $ref }] of Object.entries(schemas[name].properties).filter(([key]) => key !== 'junction')) {
			const kind = $ref.split('/').at(-1).replace('Conditions', '');
			for (const condition of Object.keys(schemas[`${kind}Conditions`].properties.conditions.properties)) {
				const given = value[kind] ?? true;
				const query = new URLSearchParams([[`filters[${field}][conditions][${condition}]`, given]]);
				const { status, text } = await p.get(`${path}?${query}`);
				// the value may be none, as names are the field's own; the condition is one
				assert.ok(status === 200 || !/should match|not supported/.test(text), `${query}: ${text}`);
			}
		}
});

test('every field, order and filter of an export that the document names is one, and no other', async () => {
	const p = await newProject(server);
	const { schemas } = document.components;
	for (const exported_object of schemas.ExportedObject.enum) {
		const { properties: { fields, order: orders, filters } } = schemas[`ExportRequest.${exported_object}`].properties.parameters;
		const names = api.resolve(fields.items).anyOf[0].enum;
		const send = (parameters, status) => {
			const body = { exported_object, parameters };
			assert.equal(api.mismatch({ $ref: '#/components/schemas/ExportRequest' }, body) === '', status === 200, JSON.stringify(body));
			return status === 200 ? call(p, 'POST', '/v1/exports', body) : p.post('/v1/exports', body).then(answer => {
				assert.equal(answer.status, status, answer.text);
				api.assertAnswer('POST', '/v1/exports', answer);
			});
		};
		await send({ fields: [...names, 'metadata', 'metadata.a.b'] }, 200);
		await send({ fields: Array(100).fill(names[0]) }, 200);
		for (const wrong of [['nonsense'], ['metadata.'], [1], Array(101).fill(names[0])])
			await send({ fields: wrong }, 400);
		for (const name of orders.enum)
			await send({ order: name }, 200);
		await send({ order: 'nonsense' }, 400);
		const { properties, patternProperties } = api.resolve(filters.anyOf[0]);
		assert.deepEqual(Object.keys(patternProperties).sort(), { customer: ['^address\\.', '^metadata\\.'] }[exported_object] ?? ['^metadata\\.']);
		for (const field of [...Object.keys(properties), 'metadata.k'].filter(key => key !== 'junction')) {
			const condition = Object.keys(api.resolve((properties[field] ?? patternProperties['^metadata\\.'])).properties.conditions.properties)[0];
			const { status, text } = await p.post('/v1/exports', { exported_object, parameters: { filters: { [field]: { conditions: { [condition]: '1' } } } } });
			assert.ok(status === 200 || !/should match|not supported/.test(text), `${field} ${condition}: ${text}`);
		}
	}
	const none = { exported_object: 'sku' };
	assert.notEqual(api.mismatch({ $ref: '#/components/schemas/ExportRequest' }, none), '');
	assert.equal((await p.post('/v1/exports', none)).status, 400);
});

test('a word of the API that has no endpoint here says so in the document', () => {
	const { responses, summary } = document.paths['/v1/vouchers/qualification'].post;
	assert.equal(summary, 'Not supported yet');
	assert.ok('404' in responses && !('200' in responses));
});
