// SPDX-License-Identifier: MIT
/* /v1/trash-bin: vouchers that were deleted without force. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertInvalidQuery, assertNotFound, csv, encode, giftFile, newProject, reasons, TIME
} from '../support/api.mjs';

const server = await apiServer();

const PATH = '/v1/trash-bin';
const ID = /^tbe_[0-9a-f]{18}$/;

/** A project with these vouchers in its bin, in this order, and their ids. */
async function binned(codes) {
	const p = await newProject(server);
	const ids = {};
	await p.load(csv('Code,Voucher Type,Value', ...codes.map(code => `"${code}",GIFT_VOUCHER,1`)));
	for (const code of codes) {
		ids[code] = (await p.voucher(code)).id;
		await bin(p, code);
	}
	return { p, ids };
}

async function bin(p, code) {
	const answer = await p.request('DELETE', `/v1/vouchers/${encode(code)}`);
	assert.equal(answer.status, 204, answer.text);
}

async function list(p, query = '') {
	const { status, text, json } = await p.get(PATH + query);
	assert.equal(status, 200, text);
	return json;
}

const erase = (p, id) => p.request('DELETE', `${PATH}/${id}`);
const names = entries => entries.map(e => e.resource_name);

test('an empty bin is an empty list', async () => {
	const p = await newProject(server);
	assert.deepEqual(await list(p), { object: 'list', data_ref: 'data', data: [], total: 0, has_more: false });
});

test('an entry tells what was deleted, and when', async () => {
	const { p, ids } = await binned(['A']);
	const { data, total, has_more } = await list(p);
	assert.deepEqual([data.length, total, has_more], [1, 1, false]);
	const { id, created_at, ...rest } = data[0];
	assert.match(id, ID);
	assert.match(created_at, TIME);
	assert.deepEqual(rest, {
		deleted_by_user_id: null, resource_id: ids.A, resource_type: 'voucher', resource_name: 'A',
		resource_parent_id: null, object: 'voucher'
	});
});

test('what is in the bin is invisible, but its code is taken', async () => {
	const { p, ids } = await binned(['A']);
	await p.load(giftFile(1));
	assert.equal(await p.voucher('A'), undefined);
	assert.equal(await p.voucher(ids.A), undefined);
	const vouchers = (await p.get('/v1/vouchers')).json;
	assert.deepEqual([vouchers.total, vouchers.vouchers.map(v => v.code)], [1, ['G0000000']]);
	const again = await p.post('/v1/vouchers/A', { discount: { type: 'AMOUNT', amount_off: 100 } });
	assert.equal(again.status, 409, again.text);
	const action = await p.import(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,2', 'B,GIFT_VOUCHER,2'));
	assert.deepEqual(reasons(action), { 1: 'Duplicated voucher exists with id A' });
	assertNotFound(await p.request('DELETE', '/v1/vouchers/A'), 'voucher', 'A');
	assert.equal((await list(p)).total, 1);
});

test('an entry that is deleted takes its voucher along, and frees the code', async () => {
	const { p, ids } = await binned(['A', 'B']);
	const { data } = await list(p);
	const answer = await erase(p, data[0].id);
	assert.equal(answer.status, 204);
	assert.equal(answer.text, '');
	assert.deepEqual(names((await list(p)).data), ['B']);
	assertNotFound(await erase(p, data[0].id), 'trash_bin_entry', data[0].id);
	await p.load(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,7'));
	const voucher = await p.voucher('A');
	assert.equal(voucher.gift.amount, 700);
	assert.notEqual(voucher.id, ids.A);
	assert.equal((await p.get('/v1/vouchers')).json.total, 1);
});

test('a voucher deleted by force never was in the bin', async () => {
	const p = await newProject(server);
	await p.load(giftFile(1));
	assert.equal((await p.request('DELETE', '/v1/vouchers/G0000000?force=true')).status, 204);
	assert.equal((await list(p)).total, 0);
	await p.load(giftFile(1));
});

test('pages go along starting_after_id in either order, also when entries go meanwhile', async () => {
	const codes = Array.from({ length: 25 }, (_, i) => `C${i}`);
	const { p } = await binned(codes);
	for (const [order, want] of [['', codes], ['id', codes], ['-id', [...codes].reverse()]]) {
		for (const cursor of ['starting_after_id', 'starting_after']) {
			const seen = [];
			let query = `?order=${order}`.replace(/order=$/, '');
			for (let page = await list(p, query); ; page = await list(p, `${query}&${cursor}=${page.more_starting_after}`)) {
				seen.push(...names(page.data));
				assert.equal(page.total, page.data.length);
				assert.equal(page.has_more, seen.length < 25);
				assert.equal(page.more_starting_after, page.has_more ? page.data.at(-1).id : undefined);
				if (!page.has_more)
					break;
				assert.equal(page.data.length, 10);
			}
			assert.deepEqual(seen, want);
		}
	}
	let left = 25;
	for (let page = await list(p, '?limit=4'); ; page = await list(p, `?limit=4&starting_after_id=${page.more_starting_after}`)) {
		for (const { id } of page.data)
			assert.equal((await erase(p, id)).status, 204);
		left -= page.data.length;
		if (!page.has_more)
			break;
	}
	assert.equal(left, 0);
	assert.deepEqual((await list(p)).data, []);
});

test('queries that make no sense are refused', async () => {
	const { p } = await binned(['A']);
	for (const [query, details] of [
		['limit=0', 'Property .limit must be >= 1'],
		['limit=101', 'Property .limit must be <= 100'],
		['limit=x', 'Property .limit must be integer'],
		['order=created_at', 'Property .order must be equal to one of the allowed values [ id, -id ]'],
		['starting_after_id=x', 'Property .starting_after_id must be id of a bin entry'],
		['starting_after=tbe_0eb6515f758ae37126', 'Property .starting_after must be id of a bin entry']
	])
		assertInvalidQuery(await p.get(`${PATH}?${query}`), details);
	assert.equal((await list(p, '?limit=100&color=red')).total, 1);
});

test('filters choose by id, type, name and resource, in every spelling', async () => {
	const { p, ids } = await binned(['ALPHA', 'BETA', 'GAMMA']);
	const entries = Object.fromEntries((await list(p)).data.map(e => [e.resource_name, e.id]));
	const q = encodeURIComponent;
	for (const [query, want] of [
		['filters[resource_name][conditions][$is]=BETA', 'BETA'],
		[`${q('filters[resource_name][conditions][$starts_with][0]')}=GA`, 'GAMMA'],
		['[filters][resource_name][conditions][$contains]=A&order=-id', 'GAMMA,BETA,ALPHA'],
		[`filters[resource_id][conditions][$in][0]=${ids.ALPHA}&filters[resource_id][conditions][$in][1]=${ids.GAMMA}`,
			'ALPHA,GAMMA'],
		[`filters[id][conditions][$is]=${entries.BETA}`, 'BETA'],
		[`filters[id][conditions][$is_not]=${entries.BETA}`, 'ALPHA,GAMMA'],
		['filters[resource_type][conditions][$is]=voucher', 'ALPHA,BETA,GAMMA'],
		['filters[resource_type][conditions][$in][0]=campaign', ''],
		['filters[resource_type][conditions][$has_value]=', 'ALPHA,BETA,GAMMA'],
		[`filters[junction]=OR&filters[id][conditions][$is]=${entries.ALPHA}&filters[resource_name][conditions][$is]=BETA`,
			'ALPHA,BETA'],
		[`filters[junction]=and&filters[id][conditions][$is]=${entries.ALPHA}&filters[resource_name][conditions][$is]=BETA`, ''],
		['filters[resource_name][conditions][$contains]=A&limit=1&starting_after_id=' + entries.ALPHA, 'BETA']
	])
		assert.equal(names((await list(p, `?${query}`)).data).join(), want, query);
	for (const query of [
		'filters[color][conditions][$is]=red', 'filters[resource_name][conditions][$after]=2020-01-01',
		'filters[resource_name][conditions][$odd]=1', 'filters[resource_name]=BETA'
	]) {
		const { status, json } = await p.get(`${PATH}?${query}`);
		assert.deepEqual([status, json.key], [400, 'invalid_query_params'], query);
	}
});

test('what is no entry is not found', async () => {
	const { p, ids } = await binned(['A']);
	for (const id of ['x', 'A', ids.A, 'tbe_0eb6515f758ae37126'])
		assertNotFound(await erase(p, id), 'trash_bin_entry', id);
	assert.equal((await list(p)).total, 1);
});

test('a project neither sees nor empties the bin of another one', async () => {
	const { p } = await binned(['A', 'B']);
	const q = (await binned(['Q'])).p;
	const mine = (await list(p)).data;
	assert.deepEqual(names((await list(q)).data), ['Q']);
	for (const { id } of mine) {
		assertNotFound(await erase(q, id), 'trash_bin_entry', id);
		for (const order of ['id', '-id']) { // a cursor from elsewhere leads nowhere else
			const { data } = await list(q, `?order=${order}&starting_after_id=${id}`);
			assert.deepEqual(names(data), ['Q']);
		}
	}
	assert.deepEqual((await list(p)).data, mine);
});

test('codes of every kind come back as they were', async () => {
	const codes = ['10%OFF', 'Loyalty Card', 'żółć', '"', "'", '{"a":1}', 'x'.repeat(512)];
	const p = await newProject(server);
	for (const code of codes) {
		const answer = await p.request('POST', `/v1/vouchers/${encode(code)}`, { json: { discount: { type: 'AMOUNT', amount_off: 1 } } });
		assert.equal(answer.status, 200, answer.text);
		await bin(p, code);
	}
	assert.deepEqual(names((await list(p)).data), codes);
});
