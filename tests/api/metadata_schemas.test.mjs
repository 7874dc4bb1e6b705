// SPDX-License-Identifier: MIT
/* Metadata schemas by both doors (reference 4.9): /v1 and /management/v1, which spell definitions differently. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, assertInvalidPayload, assertNotFound, assertUnauthorized, newProject, TIME } from '../support/api.mjs';

const server = await apiServer();

const TEXT = { type: 'string', array: false, optional: true };

/** Requests with the project's management key; paths are below /management/v1/projects. */
function management(p, keys = p.keys) {
	return (method, path = '', json) => server.request(method, `/management/v1/projects${path}`, {
		json, project: null, headers: { 'X-Management-Id': keys.management_id, 'X-Management-Token': keys.management_token }
	});
}

function ok(answer, status = 200) {
	assert.equal(answer.status, status, answer.text);
	return answer.json;
}

test('a schema is made, found by resource and id, changed and deleted', async () => {
	const p = await newProject(server);
	const made = ok(await p.post('/v1/metadata-schemas', {
		related_object: 'customer', properties: {
			acquisition_channel: { ...TEXT, eq: ['Facebook', 'Twitter'] }, name: { ...TEXT, minLength: 2, optional: false }, id: { ...TEXT, type: 'number' }
		}
	}));
	const { id, created_at, ...rest } = made;
	assert.match(id, /^ms_[0-9A-Za-z]{24}$/);
	assert.match(created_at, TIME);
	assert.deepEqual(rest, {
		related_object: 'customer', properties: {
			acquisition_channel: { ...TEXT, objectType: null, eq: ['Facebook', 'Twitter'] },
			name: { ...TEXT, optional: false, objectType: null, minLength: 2 },
			id: { ...TEXT, type: 'number', objectType: null }
		}, allow_defined_only: false, updated_at: null, object: 'metadata_schema'
	});
	assert.deepEqual(Object.keys(made.properties), ['acquisition_channel', 'name', 'id']);
	assert.deepEqual(ok(await p.get('/v1/metadata-schemas/customer')), made);
	assert.deepEqual(ok(await p.get(`/v1/metadata-schemas/${id}`)), made);

	const changed = ok(await p.request('PUT', '/v1/metadata-schemas/customer', {
		json: { allow_defined_only: true, properties: { name: { ...TEXT, deleted: true }, more: { ...TEXT, array: true } } }
	}));
	assert.match(changed.updated_at, TIME);
	assert.deepEqual([changed.id, changed.created_at, changed.allow_defined_only], [id, created_at, true]);
	assert.deepEqual(changed.properties, {
		...made.properties, name: { ...TEXT, objectType: null, deleted: true }, more: { ...TEXT, array: true, objectType: null }
	});
	assert.deepEqual(ok(await p.request('PUT', `/v1/metadata-schemas/${id}`, { json: { properties: { name: TEXT } } })).properties.name, { ...TEXT, objectType: null });

	assert.equal((await p.request('DELETE', '/v1/metadata-schemas/customer')).status, 204);
	for (const name of ['customer', id]) {
		assertNotFound(await p.get(`/v1/metadata-schemas/${name}`), 'metadata schema', name);
		assertNotFound(await p.request('PUT', `/v1/metadata-schemas/${name}`, { json: {} }), 'metadata schema', name);
		assertNotFound(await p.request('DELETE', `/v1/metadata-schemas/${name}`), 'metadata schema', name);
	}
});

test('schemas are listed by resource, and are those of the project', async () => {
	const p = await newProject(server), other = await newProject(server);
	const empty = { object: 'list', data_ref: 'schemas', schemas: [], total: 0 };
	assert.deepEqual(ok(await p.get('/v1/metadata-schemas')), empty);
	const voucher = ok(await p.post('/v1/metadata-schemas/voucher', { properties: { a: TEXT } }));
	const custom = ok(await p.post('/v1/metadata-schemas/Payment%20of%20a%2Fb', { properties: {} }));
	assert.equal(custom.related_object, 'Payment of a/b');
	assert.deepEqual(ok(await p.get('/v1/metadata-schemas')), { ...empty, schemas: [custom, voucher], total: 2 });
	assert.deepEqual(ok(await p.get('/v1/metadata-schemas/Payment%20of%20a%2Fb')), custom);
	assert.deepEqual(ok(await other.get('/v1/metadata-schemas')), empty);
	assertNotFound(await other.get(`/v1/metadata-schemas/${voucher.id}`), 'metadata schema', voucher.id);
});

test('a resource has one schema', async () => {
	const p = await newProject(server);
	ok(await p.post('/v1/metadata-schemas/customer', { properties: { a: TEXT } }));
	for (const answer of [
		await p.post('/v1/metadata-schemas', { related_object: 'customer', properties: {} }),
		await management(p)('POST', `/${p.keys.project_id}/metadata-schemas`, { related_object: 'customer', properties: {} })
	]) {
		assertError(answer, {
			code: 409, key: 'duplicate_found', message: 'Duplicated resource found',
			details: 'Duplicated metadata schema exists with related_object customer', resource_id: 'customer', resource_type: 'metadata schema'
		});
	}
	assert.deepEqual(Object.keys(ok(await p.get('/v1/metadata-schemas/customer')).properties), ['a']);
});

test('what a schema cannot be is told', async () => {
	const p = await newProject(server);
	const size = definition => ({ related_object: 'order_item', properties: { Size: { ...TEXT, type: 'number', ...definition } } });
	assertInvalidPayload(await p.post('/v1/metadata-schemas', size({ eq: ['1'] })), 'Property .properties.Size.eq.0 must be number');
	assertInvalidPayload(await p.post('/v1/metadata-schemas'), "Payload should have required property 'related_object'");
	assertInvalidPayload(await p.post('/v1/metadata-schemas/voucher', {}), "Payload should have required property 'properties'");
	assertInvalidPayload(await p.post('/v1/metadata-schemas', size({ array: undefined })), "Property .properties.Size should have required property 'array'");
	const broken = await p.request('POST', '/v1/metadata-schemas', { body: '{', headers: { 'Content-Type': 'application/json' } });
	assert.deepEqual([broken.status, broken.json], [400, { statusCode: 400, error: 'Bad Request', message: 'Invalid request payload JSON format' }]);
	ok(await p.post('/v1/metadata-schemas', size({})));
	assertInvalidPayload(await p.request('PUT', '/v1/metadata-schemas/order_item', { json: { properties: { Size: { ...TEXT } } } }),
		'Property .properties.Size.type cannot be changed');
	const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, { ...TEXT, deleted: i % 2 > 0 || undefined }]));
	assertInvalidPayload(await p.request('PUT', '/v1/metadata-schemas/order_item', { json: { properties: many } }),
		'Property .properties must NOT have more than 100 properties, with the removed ones that are not purged yet');
	assert.equal(ok(await p.get('/v1/metadata-schemas/order_item')).updated_at, null);
});

test('the management door: the same schemas, spelled with underscores', async () => {
	const p = await newProject(server);
	const m = management(p), at = `/${p.keys.project_id}/metadata-schemas`;
	const projects = ok(await m('GET'));
	assert.deepEqual([projects.object, projects.data_ref, projects.data.length], ['list', 'data', 1]);
	const [{ id, name, ...project }] = projects.data;
	assert.deepEqual([id, typeof name], [p.keys.project_id, 'string']);
	assert.deepEqual(project, { currency: 'USD', timezone: 'UTC', api_version: 'v2018-08-01', case_sensitive_codes: true });

	assert.deepEqual(ok(await m('GET', at)), { object: 'list', data_ref: 'data', data: [], total: 0 });
	const made = ok(await m('POST', at, {
		related_object: 'order', allow_defined_only: true, properties: {
			code: { ...TEXT, max_length: 5, exactLength: 3 }, pay: { ...TEXT, type: 'object', object_type: 'Payment' }
		}
	}));
	assert.deepEqual(made.properties, {
		code: { ...TEXT, object_type: null, max_length: 5 }, pay: { ...TEXT, type: 'object', object_type: 'Payment' }
	});
	assert.deepEqual(ok(await m('GET', at)), { object: 'list', data_ref: 'data', data: [made], total: 1 });
	assert.deepEqual(ok(await m('GET', `${at}/${made.id}`)), made);
	assert.deepEqual(ok(await p.get(`/v1/metadata-schemas/${made.id}`)).properties, {
		code: { ...TEXT, objectType: null, maxLength: 5 }, pay: { ...TEXT, type: 'object', objectType: 'Payment' }
	});
	const changed = ok(await m('PUT', `${at}/${made.id}`, { properties: { code: { ...TEXT, exact_length: 3 } } }));
	assert.deepEqual(changed.properties.code, { ...TEXT, object_type: null, exact_length: 3 });
	assert.deepEqual(await m('DELETE', `${at}/${made.id}`).then(r => [r.status, r.text]), [204, '']);
	assertNotFound(await m('GET', `${at}/${made.id}`), 'metadata schema', made.id);
});

test('the management door opens to the management key of the project alone', async () => {
	const p = await newProject(server), other = await newProject(server);
	const m = management(p);
	for (const keys of [
		{ management_id: p.keys.app_id, management_token: p.keys.app_token },
		{ management_id: p.keys.management_id, management_token: other.keys.management_token },
		{ management_id: '', management_token: '' }
	])
		assertUnauthorized(await management(p, keys)('GET'));
	assertUnauthorized(await p.get('/management/v1/projects'));
	ok(await m('GET'));
	assertUnauthorized(await server.get('/v1/metadata-schemas', { // not even while it is remembered
		project: { app_id: p.keys.management_id, app_token: p.keys.management_token }
	}));
	for (const [method, tail] of [['GET', ''], ['POST', ''], ['GET', '/voucher'], ['PUT', '/voucher'], ['DELETE', '/voucher']]) {
		assertNotFound(await m(method, `/${other.keys.project_id}/metadata-schemas${tail}`, method === 'GET' || method === 'DELETE' ? undefined : {}),
			'project', other.keys.project_id);
	}
});

test('a key is not purged while it is defined', async () => {
	const p = await newProject(server);
	ok(await p.post('/v1/metadata-schemas/voucher', { properties: { a: TEXT, b: { ...TEXT, deleted: true } } }));
	assertInvalidPayload(await p.post('/v1/metadata-schemas/voucher/purge', { key: 'a' }),
		'Property a is still defined; remove its definition first');
	for (const key of ['b', 'unheard'])
		ok(await p.post('/v1/metadata-schemas/voucher/purge', { key }), 202);
});
