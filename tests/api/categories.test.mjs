// SPDX-License-Identifier: MIT
/* /v1/categories: what vouchers are sorted into. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertError, assertInvalidPayload, assertNotFound, csv, newProject, TIME
} from '../support/api.mjs';

const server = await apiServer();

const PATH = '/v1/categories';
const ID = /^cat_[0-9a-f]{18}$/;

async function create(p, name, hierarchy = 0) {
	const { status, text, json } = await p.post(PATH, { name, hierarchy });
	assert.equal(status, 200, text);
	return json;
}

const put = (p, id, json) => p.request('PUT', `${PATH}/${id}`, { json });
const remove = (p, id) => p.request('DELETE', `${PATH}/${id}`);

test('a category is created, and is read as it was answered', async () => {
	const p = await newProject(server);
	const { status, text, json } = await p.post(PATH, { name: 'Eighth', hierarchy: 8, color: 'skipped' });
	assert.equal(status, 200);
	const { id, created_at, ...rest } = json;
	assert.match(id, ID);
	assert.match(created_at, TIME);
	assert.deepEqual(rest, { name: 'Eighth', hierarchy: 8, object: 'category' });
	assert.deepEqual(Object.keys(json), ['id', 'name', 'hierarchy', 'created_at', 'object']);
	const read = await p.get(`${PATH}/${id}`);
	assert.equal(read.status, 200);
	assert.equal(read.text, text);
});

test('the list has all of them, newest first, with their number', async () => {
	const p = await newProject(server);
	assert.deepEqual((await p.get(PATH)).json, { object: 'list', data_ref: 'data', data: [], total: 0 });
	const made = [];
	for (let i = 0; i < 120; i++)
		made.unshift(await create(p, `c${i}`, i));
	const { status, json } = await p.get(`${PATH}?limit=3&page=2`);
	assert.equal(status, 200);
	assert.deepEqual(json, { object: 'list', data_ref: 'data', data: made, total: 120 });
});

test('a change replaces name and hierarchy, and says when', async () => {
	const p = await newProject(server);
	const before = await create(p, 'Old', 1);
	const { status, json } = await put(p, before.id, { name: 'New', hierarchy: 2 });
	assert.equal(status, 200);
	const { updated_at, ...rest } = json;
	assert.match(updated_at, TIME);
	assert.deepEqual(rest, { ...before, name: 'New', hierarchy: 2 });
	assert.deepEqual(Object.keys(json), ['id', 'name', 'hierarchy', 'created_at', 'updated_at', 'object']);
	assert.deepEqual((await p.get(`${PATH}/${before.id}`)).json, json);
});

test('a deleted category is gone; its id is never used again', async () => {
	const p = await newProject(server);
	const one = await create(p, 'One'), two = await create(p, 'Two');
	const answer = await remove(p, two.id);
	assert.equal(answer.status, 204);
	assert.equal(answer.text, '');
	assertNotFound(await p.get(`${PATH}/${two.id}`), 'category', two.id);
	assertNotFound(await remove(p, two.id), 'category', two.id);
	assertNotFound(await put(p, two.id, { name: 'x', hierarchy: 0 }), 'category', two.id);
	assert.deepEqual((await p.get(PATH)).json.data, [one]);
	assert.notEqual((await create(p, 'Two')).id, two.id);
});

test('what is no category is not found', async () => {
	const p = await newProject(server);
	for (const id of ['example_category', 'cat_0b5f49fb31c3bf6ab0', 'cat_', 'One']) {
		assertNotFound(await p.get(`${PATH}/${id}`), 'category', id);
		assertNotFound(await put(p, id, { name: 'x', hierarchy: 0 }), 'category', id);
		assertNotFound(await remove(p, id), 'category', id);
	}
});

test('a body without name or hierarchy, or with wrong ones, is refused', async () => {
	const p = await newProject(server);
	const { id } = await create(p, 'Kept', 1);
	const cases = [
		[{ hierarchy: 1 }, "Payload should have required property 'name'"],
		[{ name: 'x' }, "Payload should have required property 'hierarchy'"],
		[{}, "Payload should have required property 'name'"],
		[{ name: 1, hierarchy: 1 }, 'Property .name must be string'],
		[{ name: null, hierarchy: 1 }, 'Property .name must be string'],
		[{ name: '', hierarchy: 1 }, 'Property .name must NOT have fewer than 1 characters'],
		[{ name: 'x', hierarchy: '1' }, 'Property .hierarchy must be integer'],
		[{ name: 'x', hierarchy: null }, 'Property .hierarchy must be integer'],
		[{ name: 'x', hierarchy: 1.5 }, 'Property .hierarchy must be integer'],
		[{ name: 'x', hierarchy: -1 }, 'Property .hierarchy must be >= 0'],
		[{ name: 'x'.repeat(65537), hierarchy: 1 }, 'Property .name must NOT be longer than 65536 bytes'],
		[[], 'Payload must be object'],
		['text', 'Payload must be object'],
		[null, 'Payload must be object']
	];
	for (const [body, details] of cases) {
		assertInvalidPayload(await p.post(PATH, body), details);
		assertInvalidPayload(await put(p, id, body), details);
	}
	assertInvalidPayload(await p.post(PATH), "Payload should have required property 'name'");
	const broken = await p.request('POST', PATH,
		{ body: '{"name":', headers: { 'Content-Type': 'application/json' } });
	assert.equal(broken.status, 400);
	assert.deepEqual((await p.get(PATH)).json.data.map(c => c.name), ['Kept']);
});

test('whole numbers are integers however they are spelt; names are kept to the byte', async () => {
	const p = await newProject(server);
	const answer = await p.request('POST', PATH,
		{ body: '{"name":" żółć \\u0001\\" ","hierarchy":9223372036854775807}',
			headers: { 'Content-Type': 'application/json' } });
	assert.equal(answer.status, 200, answer.text);
	assert.ok(answer.text.includes('"hierarchy":9223372036854775807'));
	assert.equal(answer.json.name, ' żółć \u0001" ');
	const { json } = await p.request('POST', PATH,
		{ body: '{"name":"x","hierarchy":3.0}', headers: { 'Content-Type': 'application/json' } });
	assert.equal(json.hierarchy, 3);
	assert.equal((await create(p, 'x'.repeat(65536))).name.length, 65536);
});

test('the names of all categories together have a ceiling', async () => {
	const p = await newProject(server);
	const name = 'n'.repeat(65536);
	for (let i = 0; i < 127; i++)
		await create(p, name);
	const last = await create(p, 'n'.repeat(65535));
	const details = 'Names of categories must NOT be longer than 8388608 bytes together';
	assertInvalidPayload(await p.post(PATH, { name: 'ab', hierarchy: 0 }), details);
	await create(p, 'a');
	assertInvalidPayload(await put(p, last.id, { name, hierarchy: 0 }), details);
	assert.equal((await p.get(`${PATH}/${last.id}`)).json.name.length, 65535);
	assert.equal((await p.get(PATH)).json.total, 129);
	assert.equal((await remove(p, last.id)).status, 204);
	await create(p, 'ab');
});

test('a project does not see the categories of another one', async () => {
	const p = await newProject(server), q = await newProject(server);
	const { id } = await create(p, 'Mine');
	assertNotFound(await q.get(`${PATH}/${id}`), 'category', id);
	assertNotFound(await put(q, id, { name: 'Yours', hierarchy: 0 }), 'category', id);
	assertNotFound(await remove(q, id), 'category', id);
	assert.equal((await q.get(PATH)).json.total, 0);
	assert.equal((await p.get(`${PATH}/${id}`)).json.name, 'Mine');
});

test('without keys nothing is told', async () => {
	for (const [method, path] of [['GET', PATH], ['POST', PATH], ['DELETE', `${PATH}/x`]])
		assertError(await server.request(method, path, { project: null, json: method === 'POST' ? {} : undefined }),
			{ code: 401, key: 'unauthorized', message: 'Unauthorized' });
});

/* ---- and vouchers ---- */

const HEAD = 'Code,Voucher Type,Value,Category';

test('a voucher that names a category is in it: a new name shows at once, and none after the end', async () => {
	const p = await newProject(server);
	const category = await create(p, 'Old', 1);
	await p.load(csv(HEAD, 'A,GIFT_VOUCHER,1,Old', 'B,GIFT_VOUCHER,1,Other', 'C,GIFT_VOUCHER,1,'));
	const told = async code => {
		const { category: name, category_id: id } = await p.voucher(code);
		return [name, id];
	};
	assert.deepEqual(await told('A'), ['Old', category.id]);
	assert.deepEqual(await told('B'), ['Other', null]);
	assert.deepEqual(await told('C'), [null, null]);
	await put(p, category.id, { name: 'New', hierarchy: 1 });
	assert.deepEqual(await told('A'), ['New', category.id]);
	assert.equal((await p.get('/v1/vouchers?order=code')).json.vouchers[0].category, 'New');
	await remove(p, category.id);
	assert.deepEqual(await told('A'), [null, null]);
	assert.deepEqual(await told('B'), ['Other', null]);
	assert.equal((await p.get('/v1/vouchers?order=code')).json.vouchers[0].category, null);
});

test('a tag becomes a category with the next write that names it, not before', async () => {
	const p = await newProject(server);
	const file = csv(HEAD, 'A,GIFT_VOUCHER,1,Later');
	await p.load(file);
	const { id } = await create(p, 'Later');
	assert.equal((await p.voucher('A')).category_id, null);
	await p.load(file);
	const { category, category_id } = await p.voucher('A');
	assert.deepEqual([category, category_id], ['Later', id]);
});

test('of two categories of one name, a voucher gets the oldest', async () => {
	const p = await newProject(server);
	const first = await create(p, 'Twin', 2), second = await create(p, 'Twin', 1);
	await p.load(csv(HEAD, 'A,GIFT_VOUCHER,1,Twin'));
	assert.equal((await p.voucher('A')).category_id, first.id);
	await remove(p, first.id);
	await p.load(csv(HEAD, 'A,GIFT_VOUCHER,1,Twin', 'B,GIFT_VOUCHER,1,Twin'));
	assert.equal((await p.voucher('A')).category_id, second.id);
	assert.equal((await p.voucher('B')).category_id, second.id);
});
