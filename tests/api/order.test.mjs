// SPDX-License-Identifier: MIT
/*
 * order.test.mjs - who waits for whom: shared actions take turns, ordered ones follow what came
 * before them; and dry runs of whole files.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiServer, csv, giftCode, giftFile, newProject, until } from '../support/api.mjs';

const LARGE = 1000000;

const server = await apiServer();

const progressOf = async (p, id) => (await p.get(`/v1/async-actions/${id}`)).json.progress;

/** Waits until the action is past this percentage. */
function past(p, id, percent) {
	return until(async () => (await progressOf(p, id)) >= percent, { what: `${percent} % of ${id}`, timeoutMs: 60000 });
}

async function accepted(p, path, body) {
	const answer = await p.post(path, body);
	assert.equal(answer.status, 202, answer.text);
	return answer.json.async_action_id;
}

async function ended(p, id) {
	const { json } = await p.get(`/v1/async-actions/${id}?wait=60`);
	assert.equal(json.status, 'DONE', JSON.stringify(json));
	return json;
}

test('beside a large import small ones of the same and of another project end first', async () => {
	const p = await newProject(server);
	const other = await newProject(server);
	const large = await p.startImport(giftFile(LARGE));
	await past(p, large, 10);
	const gift = { code: 'J', type: 'GIFT_VOUCHER', gift: { amount: 1 } };
	const small = await Promise.all([
		p.startImport(giftFile(10, { prefix: 'SMALL-' })).then(id => ended(p, id)),
		other.startImport(giftFile(10, { prefix: 'OTHER-' })).then(id => ended(other, id)),
		accepted(p, '/v1/vouchers/import', [gift]).then(id => ended(p, id))
	]);
	assert.deepEqual(small.map(action => action.result.failed_count), [0, 0, 0]);
	const { json } = await p.get(`/v1/async-actions/${large}`);
	assert.equal(json.status, 'IN_PROGRESS');
	assert.ok(json.progress >= 10 && json.progress < 90, `the large import is at ${json.progress} %`);
	assert.equal((await ended(p, large)).result.done_count, LARGE);
});

test('a bulk update sent right after an import finds every imported row', async () => {
	const p = await newProject(server);
	const rows = 60000;
	const imported = await p.startImport(giftFile(rows));
	const codes = Array.from({ length: rows }, (_, i) => giftCode(rows - 1 - i));
	const all = await accepted(p, '/v1/vouchers/metadata/async', { codes, metadata: { all: true } });
	const first = await accepted(p, '/v1/vouchers/bulk/async', [{ code: giftCode(0), metadata: { first: true } }]);
	const last = await accepted(p, '/v1/vouchers/bulk/async', [{ code: giftCode(rows - 1), metadata: { last: true } }]);
	for (const [id, want] of [[all, rows], [first, 1], [last, 1]]) {
		const { result } = await ended(p, id);
		assert.deepEqual([result.done_count, result.failed_count, result.errors], [want, 0, []]);
	}
	assert.equal((await ended(p, imported)).result.done_count, rows);
	assert.deepEqual((await p.voucher(giftCode(0))).metadata, { all: true, first: true });
	assert.deepEqual((await p.voucher(giftCode(rows - 1))).metadata, { all: true, last: true });
});

test('of a hundred bulk updates of one voucher the last one stands', async () => {
	const p = await newProject(server);
	await p.import(csv('Code,Voucher Type,Value', 'ONE,GIFT_VOUCHER,1'));
	let id;
	for (let n = 1; n <= 100; n++)
		id = await accepted(p, '/v1/vouchers/bulk/async', [{ code: 'ONE', metadata: { n, [`k${n % 10}`]: n } }]);
	await ended(p, id);
	const want = { n: 100 };
	for (let n = 91; n <= 100; n++)
		want[`k${n % 10}`] = n;
	assert.deepEqual((await p.voucher('ONE')).metadata, want);
});

test('of two overlapping imports of the same codes the later one stands', async () => {
	const p = await newProject(server);
	const rows = 50000;
	const line = (i, value, region) => `${giftCode(i)},GIFT_VOUCHER,${value},${region}`;
	const file = (value, region) =>
		csv('Code,Voucher Type,Value,Region', ...Array.from({ length: rows }, (_, i) => line(i, value, region)));
	const first = await p.startImport(file(1, 'first'));
	const second = await p.startImport(file(2, 'second'));
	await ended(p, first);
	await ended(p, second);
	for (let i = 0; i < rows; i += 997) {
		const v = await p.voucher(giftCode(i));
		assert.deepEqual([v.gift.amount, v.metadata], [200, { Region: 'second' }], v.code);
	}
});

test('a request that comes while an update waits keeps its values, and the update gets its own in', async () => {
	const p = await newProject(server);
	await p.import(csv('Code,Voucher Type,Value', 'V,GIFT_VOUCHER,1'));
	await p.startImport(giftFile(60000)); // what the update waits for
	const update = await accepted(p, '/v1/vouchers/bulk/async', [{ code: 'V', metadata: { both: 'update', own: 'update' } }]);
	const put = await p.request('PUT', '/v1/vouchers/V', { json: { active: false, metadata: { both: 'request' } } });
	assert.equal(put.status, 200, put.text);
	const { result } = await ended(p, update);
	assert.equal(result.done_count, 1);
	const v = await p.voucher('V');
	assert.equal(v.active, false);
	assert.deepEqual(v.metadata, { both: 'request', own: 'update' });
});

test('an update that gives nothing ends well behind a request that gave something', async () => {
	const p = await newProject(server);
	await p.import(csv('Code,Voucher Type,Value', 'V,GIFT_VOUCHER,1'));
	await p.startImport(giftFile(60000)); // what the update waits for
	const update = await accepted(p, '/v1/vouchers/bulk/async', [{ code: 'V', metadata: {} }]);
	const put = await p.request('PUT', '/v1/vouchers/V', { json: { metadata: { by: 'request' } } });
	assert.equal(put.status, 200, put.text);
	const { result } = await ended(p, update);
	assert.deepEqual([result.done_count, result.failed_count], [1, 0]);
	assert.deepEqual((await p.voucher('V')).metadata, { by: 'request' });
});

/* ---- dry runs ---- */

const messy = () => {
	const lines = ['Code,Voucher Type,Value,Discount Type,Region'];
	for (let i = 0; i < 5000; i++) {
		lines.push(`D${i},DISCOUNT_VOUCHER,${i % 50},AMOUNT,EU`);
		if (i % 7 === 0)
			lines.push(`D${i},DISCOUNT_VOUCHER,${i % 50},AMOUNT,EU`); // repeated: unchanged
		if (i % 11 === 0)
			lines.push(`D${i},DISCOUNT_VOUCHER,${i % 40},AMOUNT,US`); // repeated: perhaps changed
		if (i % 13 === 0)
			lines.push(`D${i},GIFT_VOUCHER,1,,`); // another type
		if (i % 17 === 0)
			lines.push(`BAD${i},DISCOUNT_VOUCHER,x,AMOUNT,`);
		if (i % 19 === 0)
			lines.push(`KNOWN${i % 100},DISCOUNT_VOUCHER,5,AMOUNT,EU`);
	}
	return csv(...lines);
};

test('a dry run of a file gives the very outcomes of the real run and changes nothing', async () => {
	const p = await newProject(server);
	await p.import(csv('Code,Voucher Type,Value,Discount Type,Region',
		...Array.from({ length: 50 }, (_, i) => `KNOWN${i * 2},DISCOUNT_VOUCHER,5,AMOUNT,${i % 2 ? 'EU' : 'US'}`)));
	const before = (await p.get('/v1/vouchers?limit=100')).text;
	const path = '/v1/vouchers/importCSV?dry_run=true';
	const dryAnswer = await server.upload(path, messy(), { project: p.keys });
	assert.equal(dryAnswer.status, 202, dryAnswer.text);
	const dry = await ended(p, dryAnswer.json.async_action_id);
	assert.equal(dry.dry_run, true);
	assert.equal((await p.get('/v1/vouchers?limit=100')).text, before);
	assert.equal((await p.get('/v1/vouchers/D1')).status, 404);
	const realAnswer = await p.upload(messy());
	const real = await ended(p, realAnswer.json.async_action_id);
	assert.equal(real.dry_run, undefined);
	assert.deepEqual(dry.result, real.result);
	assert.equal(await p.reportText(dry.id), await p.reportText(real.id));
	assert.ok(real.result.failed_count > 500);
	assert.equal((await p.get('/v1/vouchers/D1')).status, 200);
});

test('dry runs of the JSON types: the outcomes of the real run, nothing changed, repeated keys too', async () => {
	const p = await newProject(server);
	await p.import(giftFile(20));
	const gift = (code, amount) => ({ code, type: 'GIFT_VOUCHER', gift: { amount } });
	const cases = [
		['/v1/vouchers/import', [gift('N', 1), gift('N', 2), gift(giftCode(1), 3), { code: 'X' }]],
		['/v1/vouchers/bulk/async', [
			{ code: giftCode(1), metadata: { a: 1 } },
			{ code: giftCode(1), metadata: { a: 1 } },
			{ code: 'NONE', metadata: { a: 1 } },
			{ metadata: { a: 1 } }
		]],
		['/v1/vouchers/metadata/async', { codes: [giftCode(2), giftCode(2), 'NONE'], metadata: { m: 1 } }]
	];
	for (const [path, body] of cases) {
		const before = (await p.get('/v1/vouchers?limit=100')).text;
		const dry = await ended(p, await accepted(p, `${path}?dry_run=true`, body));
		assert.equal((await p.get('/v1/vouchers?limit=100')).text, before);
		const real = await ended(p, await accepted(p, path, body));
		const bare = ({ reports, reports_available_till, ...rest }) => rest;
		assert.deepEqual(bare(dry.result), bare(real.result), path);
		assert.equal(await p.reportText(dry.id), await p.reportText(real.id), path);
	}
});
