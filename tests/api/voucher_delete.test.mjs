// SPDX-License-Identifier: MIT
/* DELETE /v1/vouchers/{code}: into the bin, or for good; and what the totals say then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertError, assertInvalidQuery, assertNotFound, csv, newProject, reasons
} from '../support/api.mjs';

const server = await apiServer();
const GIFT = { gift: { amount: 100 } };

async function created(p, code, body = GIFT) {
	const answer = await p.post(`/v1/vouchers/${code}`, body);
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

async function remove(p, code, query = '') {
	const answer = await p.request('DELETE', `/v1/vouchers/${code}${query}`);
	assert.equal(answer.status, 204, answer.text);
	assert.equal(answer.text, '');
}

const total = async p => (await p.get('/v1/vouchers')).json.total;
const bin = async p => (await p.get('/v1/trash-bin')).json.data;

/** Nobody sees it, by code or id. */
async function assertGone(p, { id, code }) {
	for (const name of [code, id]) {
		const path = `/v1/vouchers/${name}`;
		assertNotFound(await p.get(path), 'voucher', name);
		assertNotFound(await p.request('PUT', path, { json: { active: false } }), 'voucher', name);
		assertNotFound(await p.request('DELETE', path), 'voucher', name);
		assertNotFound(await p.request('DELETE', `${path}?force=true`), 'voucher', name);
		assertNotFound(await p.request('POST', `${path}/enable`), 'voucher', name);
		assertNotFound(await p.post(`${path}/balance`, { amount: 1 }), 'voucher', name);
		assertNotFound(await p.get(`${path}/transactions`), 'voucher', name);
	}
	assert.ok((await p.allVouchers()).every(v => v.code !== code));
}

test('a deleted voucher lies in the bin: nobody sees it, its code stays taken', async () => {
	const p = await newProject(server);
	const v = await created(p, 'A');
	await created(p, 'B');
	await remove(p, 'A');
	await assertGone(p, v);
	assert.equal(await total(p), 1);
	const [entry, ...rest] = await bin(p);
	assert.deepEqual(rest, []);
	assert.equal(entry.resource_id, v.id);
	assert.equal(entry.resource_type, 'voucher');
	assert.equal(entry.resource_name, 'A');
	assert.equal(entry.resource_parent_id, null);
	const duplicate = {
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found',
		details: 'Duplicated voucher exists with id A', resource_id: 'A', resource_type: 'voucher'
	};
	assertError(await p.post('/v1/vouchers/A', GIFT), duplicate);
	assertError(await p.post('/v1/vouchers', { ...GIFT, code: 'A' }), duplicate);
	const action = await p.import(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1', 'C,GIFT_VOUCHER,1'));
	assert.deepEqual(reasons(action), { 1: 'Duplicated voucher exists with id A' });
	assert.equal(await total(p), 2);
});

test('a voucher deleted by force is gone, its code is free', async () => {
	const p = await newProject(server);
	const v = await created(p, 'A');
	await p.post('/v1/vouchers/A/balance', { amount: 5 });
	await remove(p, v.id, '?force=true');
	await assertGone(p, v);
	assert.deepEqual(await bin(p), []);
	assert.equal(await total(p), 0);
	const again = await created(p, 'A');
	assert.notEqual(again.id, v.id);
	assert.deepEqual((await p.get('/v1/vouchers/A/transactions')).json.data, []);
	assert.equal(await total(p), 1);
});

test('force is true or false', async () => {
	const p = await newProject(server);
	await created(p, 'A');
	assertInvalidQuery(await p.request('DELETE', '/v1/vouchers/A?force=yes'), 'Property .force must be boolean');
	await remove(p, 'A', '?force=false');
	assert.equal((await bin(p)).length, 1);
});

test('what leaves the bin is gone, its code is free', async () => {
	const p = await newProject(server);
	await created(p, 'A');
	await remove(p, 'A');
	const [entry] = await bin(p);
	assert.equal((await p.request('DELETE', `/v1/trash-bin/${entry.id}`)).status, 204);
	assert.equal(await total(p), 0);
	await created(p, 'A');
	assert.equal(await total(p), 1);
});

test('a voucher of another project is not found', async () => {
	const p = await newProject(server), q = await newProject(server);
	const v = await created(p, 'A');
	for (const name of ['A', v.id])
		assertNotFound(await q.request('DELETE', `/v1/vouchers/${name}?force=true`), 'voucher', name);
	assert.deepEqual(await p.voucher('A'), v);
});

test('the total of a category follows every write', async () => {
	const p = await newProject(server);
	const c = (await p.post('/v1/categories', { name: 'C', hierarchy: 0 })).json;
	const count = async category =>
		(await p.get(`/v1/vouchers?category=${encodeURIComponent(category)}`)).json.total;
	const assertCounts = async (inC, inTag) =>
		assert.deepEqual([await count('C'), await count('a tag')], [inC, inTag]);
	const put = (code, json) => p.request('PUT', `/v1/vouchers/${code}`, { json });

	await created(p, 'V1', { ...GIFT, category: 'C' });
	await created(p, 'V2', { ...GIFT, category_id: c.id });
	await created(p, 'V3', { ...GIFT, category: 'a tag' });
	await created(p, 'V4');
	await assertCounts(2, 1);
	await put('V1', { category: 'a tag' });
	await assertCounts(1, 2);
	await put('V4', { category: 'C' });
	await assertCounts(2, 2);
	await put('V4', { category: null });
	await assertCounts(1, 2);
	await put('V2', { active: false });
	await assertCounts(1, 2);
	await remove(p, 'V1');
	await assertCounts(1, 1);
	await remove(p, 'V3', '?force=true');
	await assertCounts(1, 0);
	await remove(p, 'V2');
	await assertCounts(0, 0);
	assert.equal(await total(p), 1);
});
