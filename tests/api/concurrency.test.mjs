// SPDX-License-Identifier: MIT
/* Several writers at once: who wins, and who has to wait for whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, giftCode, giftFile, newProject, until } from '../support/api.mjs';
import { onPostgres } from '../support/server.mjs';

const server = await apiServer();

const ROWS = 300000;
const BIG = giftFile(ROWS);

const isRunning = action => action.status === 'ENQUEUED' || action.status === 'IN_PROGRESS';

test('what a request has written during an import stands, and its row is superseded', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG);
	const posted = new Map(); // by row
	/* 200 says that the import has not come to that row yet: one code exists once. */
	for (let row = ROWS; row > 0; row -= 5000) {
		const code = giftCode(row - 1);
		const answer = await p.post(`/v1/vouchers/${code}`,
			{ type: 'GIFT_VOUCHER', gift: { amount: 424200 + row % 7 }, category: 'posted' });
		assert.ok(answer.status === 200 || answer.status === 409, answer.text);
		if (answer.status === 200)
			posted.set(row, answer.json);
	}
	const action = await p.wait(id);
	assertAction(action);
	assert.ok(posted.size > 0, 'at least one request came before its row');
	assert.equal(action.result.done_count, ROWS);
	assert.equal(action.result.failed_count, 0);
	assert.equal((await p.get('/v1/vouchers?limit=1')).json.total, ROWS);

	for (const voucher of posted.values())
		assert.deepEqual(await p.voucher(voucher.code), voucher);
	const lines = (await p.reportText(id)).split('\n');
	assert.equal(lines.length, ROWS + 2); // the header, and nothing behind the last newline
	const superseded = lines.filter(line => line.endsWith(',superseded,'));
	assert.deepEqual(superseded,
		[...posted].sort(([a], [b]) => a - b).map(([row, v]) => `${row},${v.code},superseded,`));
});

/** Deletes some of the last rows of an import as soon as that is accepted; the action, and what its report says of them. */
async function deleteDuring(project, resource, lines, deleted, remove) {
	const answer = await server.upload(`/v1/${resource}/importCSV`, lines.join('\n'), { project: project.keys });
	assert.ok(answer.status === 202 || answer.status === 200, answer.text);
	for (const id of deleted) {
		const gone = await remove(id);
		assert.ok(gone.status === 200 || gone.status === 204, gone.text);
	}
	const action = await project.wait(answer.json.async_action_id);
	const outcomes = new Map((await project.report(action.id)).map(([, key, outcome]) => [key, outcome]));
	return [action, deleted.map(id => outcomes.get(id))];
}

const numbered = (n, letter = 'x') => Array.from({ length: n }, (_, i) => `${letter}${String(i).padStart(6, '0')}`);

test('a customer who is deleted for good during an import does not come back', async () => {
	const p = await newProject(server), n = 100000;
	const all = numbered(n), deleted = all.slice(-5);
	for (const id of deleted)
		assert.equal((await p.post('/v1/customers', { source_id: id, name: 'Ann' })).status, 200);
	const [action, outcomes] = await deleteDuring(p, 'customers', ['Source_id,Name', ...all.map(id => `${id},B`)], deleted,
		id => p.post(`/v1/customers/${id}/permanent-deletion`));
	assert.equal(action.result.done_count, n);
	for (const id of deleted)
		assert.equal((await p.get(`/v1/customers/${id}`)).status, 404);
	assert.ok(outcomes.includes('superseded'), outcomes.join());
	assert.equal((await p.get('/v1/customers?limit=1')).json.total, n - deleted.length);
	/* Whoever comes later may be the same again. */
	assert.equal((await p.post('/v1/customers', { source_id: deleted[0] })).status, 200);
});

test('products that are deleted during an import stay gone, by force and in the bin', async () => {
	const p = await newProject(server), n = 60000;
	const all = numbered(n), deleted = all.slice(-4);
	for (const id of deleted)
		assert.equal((await p.post('/v1/products', { source_id: id, name: 'Old' })).status, 200);
	let force = false;
	const [action, outcomes] = await deleteDuring(p, 'products', ['source_id,name', ...all.map(id => `${id},New`)], deleted,
		id => p.request('DELETE', `/v1/products/${id}?force=${force = !force}`));
	assert.deepEqual([action.result.done_count, action.result.failed_count], [n, 0]);
	assert.ok(outcomes.includes('superseded'), outcomes.join());
	for (const id of deleted)
		assert.equal((await p.get(`/v1/products/${id}`)).status, 404);
	assert.equal((await p.get('/v1/products?limit=1')).json.total, n - deleted.length);
	assert.equal((await p.get('/v1/trash-bin')).json.data.length, 2);
});

test('SKUs of a product that is deleted during their import stay gone with it', async () => {
	const p = await newProject(server), n = onPostgres ? 2000 : 60000;
	for (const id of ['stays', 'goes'])
		assert.equal((await p.post('/v1/products', { source_id: id })).status, 200);
	const all = numbered(n), deleted = all.slice(-3);
	for (const id of deleted)
		assert.equal((await p.post('/v1/products/goes/skus', { source_id: id })).status, 200);
	const [action, outcomes] = await deleteDuring(p, 'skus',
		['product_id,source_id,sku', ...all.map((id, i) => `${i < n - 6 ? 'stays' : 'goes'},${id},S`)], ['goes'],
		id => p.request('DELETE', `/v1/products/${id}?force=true`));
	assert.deepEqual(outcomes, [undefined]);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [n, 0]);
	assert.deepEqual((await p.report(action.id)).slice(-6).map(row => row[2]), Array(6).fill('superseded'));
	assert.equal((await p.get('/v1/products/stays/skus?limit=1')).json.total, n - 6);
	for (const id of deleted)
		assert.equal((await p.get(`/v1/skus/${id}`)).status, 404);
});

test('of two imports at once the later one stands for every code of both', async () => {
	const p = await newProject(server);
	const n = 40000;
	const first = await p.startImport(giftFile(n, { value: 1 }));
	const second = await p.startImport(giftFile(n, { value: 2, from: n / 2 }));
	const [a, b] = [await p.wait(first), await p.wait(second)];
	assert.equal(a.result.done_count, n);
	assert.equal(b.result.done_count, n);

	const vouchers = await p.allVouchers();
	assert.equal(vouchers.length, n * 3 / 2);
	const wrong = vouchers.filter((v, i) =>
		v.code !== giftCode(i) || v.gift.amount !== (i < n / 2 ? 100 : 200));
	assert.deepEqual(wrong, []);

	/* The outcomes fit together: each common code was created once. */
	const outcomeOf = async id =>
		new Map((await p.report(id)).map(([, code, outcome]) => [code, outcome]));
	const [of1, of2] = [await outcomeOf(first), await outcomeOf(second)];
	for (let i = n / 2; i < n; i++) {
		const pair = `${of1.get(giftCode(i))} ${of2.get(giftCode(i))}`;
		assert.ok(['created updated', 'superseded created'].includes(pair), `${giftCode(i)}: ${pair}`);
	}
});

test('an import that changes nothing still stands against an earlier one under way', async () => {
	const p = await newProject(server);
	const n = 30000;
	await p.load(giftFile(n, { value: 2 }));
	const first = await p.startImport(giftFile(n, { value: 1 }));
	const second = await p.startImport(giftFile(n, { value: 2 }));
	await p.wait(first);
	await p.wait(second);
	const wrong = (await p.allVouchers()).filter(v => v.gift.amount !== 200);
	assert.deepEqual(wrong, []);
});

test('a small import behind a large one ends before it', async () => {
	const p = await newProject(server);
	const large = await p.startImport(BIG);
	await until(async () => (await p.action(large)).status === 'IN_PROGRESS', { what: 'it to begin' });
	const small = await p.import(giftFile(10, { prefix: 'SMALL' }));
	assert.ok(isRunning(await p.action(large)), 'the large one is not done');
	assert.equal(small.result.done_count, 10);
	assert.ok(small.processing_time < 5000, `${small.processing_time} ms`);
	assert.equal((await p.wait(large)).result.done_count, ROWS);
});

test('an import of one project does not wait for a large one of another', async () => {
	const p = await newProject(server), q = await newProject(server);
	const large = await p.startImport(BIG);
	const small = await q.import(giftFile(10));
	assert.ok(isRunning(await p.action(large)));
	assert.ok(small.processing_time < 5000, `${small.processing_time} ms`);
	await p.wait(large);
});

test('many small imports at once all end, each with its own rows', async () => {
	const p = await newProject(server);
	const ids = await Promise.all(
		Array.from({ length: 40 }, (_, i) => p.startImport(giftFile(25, { prefix: `P${i}-` }))));
	assert.equal(new Set(ids).size, 40);
	for (const id of ids)
		assert.equal((await p.wait(id)).result.done_count, 25);
	assert.equal((await p.get('/v1/vouchers?limit=1')).json.total, 1000);
});

test('of many requests for one code a single one creates it', async () => {
	const p = await newProject(server);
	const answers = await Promise.all(Array.from({ length: 30 }, (_, i) =>
		p.post('/v1/vouchers/ONE', { type: 'GIFT_VOUCHER', gift: { amount: i } })));
	const created = answers.filter(a => a.status === 200);
	assert.equal(created.length, 1);
	assert.ok(answers.every(a => a.status === 200 || a.status === 409));
	assert.deepEqual(await p.voucher('ONE'), created[0].json);
});

test('the API answers while a large import runs', async () => {
	const p = await newProject(server);
	const id = await p.startImport(BIG);
	let asked = 0;
	while (isRunning(await p.action(id))) {
		const from = Date.now();
		assert.equal((await p.get('/v1/vouchers?limit=100')).status, 200);
		assert.equal((await p.post(`/v1/vouchers/Z${asked}`,
			{ type: 'GIFT_VOUCHER', gift: { amount: 1 } })).status, 200);
		assert.ok(Date.now() - from < 10000);
		asked++;
	}
	assert.ok(asked > 0);
});
