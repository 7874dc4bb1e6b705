// SPDX-License-Identifier: MIT
/* --campaign-codes-max: how many vouchers a campaign may have (reference 3.2; 7, 24). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertError, csv, newProject } from '../support/api.mjs';

const MOST = 50;
const server = await apiServer({ args: ['--campaign-codes-max', String(MOST)] });

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const FULL = `Campaign vouchers limit exceeded: ${MOST}`;
const REFUSED = { code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: FULL };

const rows = (n, from = 0) => Array.from({ length: n }, (_, i) => `R-${String(from + i).padStart(4, '0')}`);
const shown = async (p, name = 'C') => (await p.get(`/v1/campaigns/${name}`)).json;
const count = async p => (await shown(p)).vouchers_count;

async function projectWith(n = 0, body = {}) {
	const p = await newProject(server);
	const { status, text } = await p.post('/v1/campaigns', { name: 'C', voucher: DISCOUNT, ...body });
	assert.equal(status, 200, text);
	if (n > 0)
		assert.equal((await upload(p, rows(n))).result.done_count, n);
	return p;
}

async function upload(p, codes, query = '') {
	const answer = await server.upload(`/v1/campaigns/C/importCSV${query}`, csv('Code,Active', ...codes.map(c => `${c},`)), { project: p.keys });
	assert.equal(answer.status, 200, answer.text);
	return p.wait(answer.json.async_action_id);
}

async function send(p, codes) {
	const { status, text, json } = await p.post('/v1/campaigns/C/import', codes.map(code => ({ code })));
	assert.equal(status, 202, text);
	return p.wait(json.async_action_id);
}

for (const [what, run] of [['a file', upload], ['an array', send]])
	test(`${what} fills a campaign to its limit, and the rows beyond fail`, async () => {
		const p = await projectWith(MOST - 8);
		const { result } = await run(p, rows(20, 1000));
		assert.deepEqual([result.done_count, result.failed_count], [8, 12]);
		assert.deepEqual(new Set(result.failed.map(f => f.reason)), new Set([FULL]));
		assert.equal(await count(p), MOST);
		const again = await run(p, rows(3, 2000));
		assert.deepEqual([again.result.done_count, again.operation_status], [0, 'FAILED']);
		assert.equal(await count(p), MOST);
	});

test('more rows than a slice, of which few fit', async () => {
	const p = await projectWith();
	const { result } = await upload(p, rows(3000));
	assert.deepEqual([result.done_count, result.failed_count], [MOST, 2950]);
	assert.equal(await count(p), MOST);
});

test('codes that are there are changed in a full campaign, too; one that was deleted makes room', async () => {
	const p = await projectWith(MOST);
	const text = csv('Code,Active', ...rows(MOST).map(c => `${c},false`), 'NEW,');
	const { json } = await server.upload('/v1/campaigns/C/importCSV', text, { project: p.keys });
	const { result } = await p.wait(json.async_action_id);
	assert.deepEqual([result.done_count, result.failed], [MOST, [{ code: 'NEW', row: MOST + 1, reason: FULL }]]);
	assert.equal((await p.voucher('R-0007')).active, false);
	assert.equal((await p.request('DELETE', '/v1/vouchers/R-0001')).status, 204);
	assert.equal((await upload(p, ['NEW'])).result.done_count, 1);
	assert.equal(await count(p), MOST);
});

test('a dry run tells the same', async () => {
	const p = await projectWith(MOST - 5);
	const dry = await upload(p, rows(8, 1000), '?dry_run=true');
	assert.deepEqual([dry.result.done_count, dry.result.failed_count], [5, 3]);
	assert.equal(await count(p), MOST - 5);
	assert.deepEqual((await upload(p, rows(8, 1000))).result, dry.result);
});

test('one by one', async () => {
	const p = await projectWith(MOST - 1);
	const add = (code = '') => p.post(`/v1/campaigns/C/vouchers${code}`, {});
	assert.equal((await add()).status, 200);
	assertError(await add(), REFUSED);
	assertError(await add('/MINE'), REFUSED);
	assertError(await p.post('/v1/vouchers/MINE', { ...DISCOUNT, campaign: 'C' }), REFUSED);
	assert.equal((await p.post('/v1/vouchers/MINE', DISCOUNT)).status, 200);
	assert.equal(await count(p), MOST);
});

test('at once', async () => {
	const p = await projectWith(MOST - 10);
	const answers = await Promise.all([
		...Array.from({ length: 20 }, () => p.post('/v1/campaigns/C/vouchers', {})), upload(p, rows(20, 1000)), send(p, rows(20, 2000))
	]);
	const singles = answers.slice(0, 20).filter(a => a.status === 200).length;
	const imported = answers.slice(20).reduce((sum, a) => sum + a.result.done_count, 0);
	assert.equal(singles + imported, 10);
	assert.equal(await count(p), MOST);
});

test('more than fit are not generated', async () => {
	const p = await projectWith(MOST - 10);
	const ask = (n, name = 'C') => p.post(`/v1/campaigns/${name}/vouchers?vouchers_count=${n}`, {});
	assertError(await ask(11), REFUSED);
	const { json } = await ask(10);
	assert.equal((await p.wait(json.async_action_id)).result.done_count, 10);
	assertError(await ask(2), REFUSED);
	assertError(await p.post('/v1/campaigns', { name: 'D', voucher: DISCOUNT, vouchers_count: MOST + 1 }), REFUSED);
	assert.equal((await p.get('/v1/campaigns/D')).status, 404);
	assert.equal((await p.post('/v1/campaigns', { name: 'D', voucher: DISCOUNT, vouchers_count: MOST })).status, 200);
});

test('two that fit one by one, but not together: the later one ends, and says why', async () => {
	const p = await projectWith();
	const asked = await Promise.all([30, 30].map(n => p.post(`/v1/campaigns/C/vouchers?vouchers_count=${n}`, {})));
	const accepted = asked.filter(a => a.status === 202);
	const actions = await Promise.all(accepted.map(a => p.wait(a.json.async_action_id)));
	if (accepted.length < 2) // the first one was done before the second was asked for
		return assert.equal(await count(p), 30);
	const failed = actions.filter(a => a.status === 'FAILED');
	assert.equal(failed.length, 1);
	assert.deepEqual(failed[0].result, { message: `Generated 20 of 30 vouchers: ${FULL}`, done_count: 20 });
	assert.equal(await count(p), MOST);
});

test('standalone vouchers have no limit', async () => {
	const p = await newProject(server);
	const { result } = await p.load(csv('Code,Voucher Type,Value', ...rows(MOST + 10).map(c => `${c},GIFT_VOUCHER,1`)));
	assert.equal(result.done_count, MOST + 10);
});

/* ---- categories in cells ---- */

test('a cell of a file names a category by its name or its id', async () => {
	const p = await projectWith();
	const { json: category } = await p.post('/v1/categories', { name: 'First', hierarchy: 1 });
	const { json: named } = await p.post('/v1/categories', { name: 'cat_own', hierarchy: 1 });
	const other = await newProject(server);
	const { json: foreign } = await other.post('/v1/categories', { name: 'Theirs', hierarchy: 1 });
	const cells = { A: category.id, B: 'First', C: 'cat_0bb343dee3cdb5ec0c', D: 'cat_own', E: foreign.id, F: 'cat_' };
	const want = {
		A: ['First', category.id], B: ['First', category.id], C: ['cat_0bb343dee3cdb5ec0c', null], D: ['cat_own', named.id],
		E: [foreign.id, null], F: ['cat_', null]
	};
	for (const [path, extra] of [['/v1/campaigns/C/importCSV', ''], ['/v1/vouchers/importCSV', ',Voucher Type,Value']]) {
		const prefix = extra === '' ? 'C' : 'S';
		const text = csv(`Code,Category${extra}`, ...Object.entries(cells).map(([k, v]) => `${prefix}${k},${v}${extra && ',GIFT_VOUCHER,1'}`));
		for (let i = 0; i < 2; i++) { // new codes, and codes that are there
			const { json } = await server.upload(path, text, { project: p.keys });
			const action = await p.wait(json.async_action_id);
			assert.equal(action.result.done_count, 6, JSON.stringify(action.result));
			for (const [k, expected] of Object.entries(want)) {
				const v = await p.voucher(prefix + k);
				assert.deepEqual([v.category, v.category_id], expected, prefix + k);
			}
		}
	}
	assert.equal((await p.get('/v1/vouchers?category=First&limit=1')).json.total, 4);
	const none = await newProject(server); // without categories, an id is a name as well
	await none.load(csv('Code,Voucher Type,Value,Category', `A,GIFT_VOUCHER,1,${category.id}`, 'B,GIFT_VOUCHER,1,', 'C,GIFT_VOUCHER,1,x', 'D,GIFT_VOUCHER,1,y', 'E,GIFT_VOUCHER,1,z'));
	assert.deepEqual(await none.voucher('A').then(v => [v.category, v.category_id]), [category.id, null]);
	const item = await p.post('/v1/vouchers/import', [{ code: 'J', category: category.id, type: 'GIFT_VOUCHER', gift: { amount: 1 } }]);
	await p.wait(item.json.async_action_id);
	assert.deepEqual(await p.voucher('J').then(v => [v.category, v.category_id]), [category.id, null]);
});
