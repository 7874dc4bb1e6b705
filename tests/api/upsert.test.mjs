// SPDX-License-Identifier: MIT
/* A file with codes that exist: what is updated, what stays, what fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TIME, apiServer, assertAction, csv, giftFile, newProject, reasons, sleep } from '../support/api.mjs';

const server = await apiServer();

const COLUMNS = 'Code,Voucher Type,Discount Type,Value,Category,Active,Start Date,Expiration Date,' +
	'Redemption Limit,Additional Info,Region,Season';
const FIRST = csv(COLUMNS,
	'A,DISCOUNT_VOUCHER,AMOUNT,10,New,TRUE,2022-01-01,2022-12-31,5,hello,EU,Fall',
	'G,GIFT_VOUCHER,,100,New,FALSE,,,,,US,');

const outcomes = async (p, action) => (await p.report(action.id)).map(line => line[2]);

test('an existing voucher takes the given values and keeps the others', async () => {
	const p = await newProject(server);
	await p.load(FIRST);
	const before = await p.voucher('A');
	await sleep(3);
	const action = await p.load(csv('Code,Voucher Type,Discount Type,Value,Category,Active',
		'A,DISCOUNT_VOUCHER,AMOUNT,12.5,,false'));
	const after = await p.voucher('A');

	assert.equal(action.result.message, '1 voucher(s) imported successfully, 0 failed.');
	assert.deepEqual(await outcomes(p, action), ['updated']);
	assert.match(after.updated_at, TIME);
	assert.ok(after.updated_at > before.created_at);
	assert.deepEqual(after, {
		...before, discount: { type: 'AMOUNT', amount_off: 1250 }, active: false, updated_at: after.updated_at
	});
});

test('every field but the types can be changed', async () => {
	const p = await newProject(server);
	await p.load(FIRST);
	const before = await p.voucher('A');
	await p.load(csv(`${COLUMNS},Discount effect,Redeemed Quantity,Validation rule ID`,
		'A,DISCOUNT_VOUCHER,AMOUNT,1,Old,FALSE,2023-01-01,2023-12-31,9,bye,US,Spring,APPLY_TO_ITEMS,3,val_1'));
	const after = await p.voucher('A');
	assert.deepEqual({
		...after, validation_rules_assignments: null
	}, {
		...before,
		category: 'Old',
		discount: { type: 'AMOUNT', amount_off: 100, effect: 'APPLY_TO_ITEMS' },
		start_date: '2023-01-01T00:00:00.000Z',
		expiration_date: '2023-12-31T00:00:00.000Z',
		active: false,
		additional_info: 'bye',
		metadata: { Region: 'US', Season: 'Spring' },
		updated_at: after.updated_at,
		redemption: { ...before.redemption, quantity: 9, redeemed_quantity: 3 },
		validation_rules_assignments: null
	});
	assert.equal(after.validation_rules_assignments.data[0].rule_id, 'val_1');
});

test('the same file again leaves every row unchanged and rewrites none', async () => {
	const p = await newProject(server);
	await p.load(FIRST);
	const before = await p.allVouchers();
	await sleep(3);
	for (const contents of [FIRST, FIRST.replaceAll('\n', '\r\n'), FIRST.replaceAll(',', ';')]) {
		const action = await p.load(contents);
		assert.equal(action.result.message, '2 voucher(s) imported successfully, 0 failed.');
		assert.deepEqual(await outcomes(p, action), ['unchanged', 'unchanged']);
	}
	assert.deepEqual(await p.allVouchers(), before);
	assert.deepEqual(before.map(v => v.updated_at), [null, null]);
});

test('other spellings of the same values change nothing', async () => {
	const p = await newProject(server);
	await p.load(FIRST);
	const action = await p.load(csv('Region,Code,Voucher Type,Discount Type,Value,Active,Start Date',
		'EU,A,DISCOUNT_VOUCHER,AMOUNT,10.00,true,2022-01-01T00:00:00.000Z',
		',G,GIFT_VOUCHER,,100.0,FALSE,'));
	assert.deepEqual(await outcomes(p, action), ['unchanged', 'unchanged']);
});

test('a large file again is unchanged throughout', async () => {
	const p = await newProject(server);
	await p.load(giftFile(30000));
	const action = await p.load(giftFile(30000));
	assert.equal(action.result.done_count, 30000);
	assert.ok((await outcomes(p, action)).every(outcome => outcome === 'unchanged'));
	assert.equal((await p.voucher('G0012345')).updated_at, null);
	assert.equal((await p.get('/v1/vouchers?limit=1')).json.total, 30000);
});

test('an update keeps the time of the update before when nothing changes', async () => {
	const p = await newProject(server);
	await p.load(FIRST);
	await p.load(giftFile(1, { prefix: 'G', value: 5 }));
	const second = csv('Code,Voucher Type,Value', 'G,GIFT_VOUCHER,200');
	await p.load(second);
	const { updated_at } = await p.voucher('G');
	await sleep(3);
	await p.load(second);
	assert.equal((await p.voucher('G')).updated_at, updated_at);
});

test('the type and the type of the discount cannot be changed', async () => {
	const p = await newProject(server);
	await p.load(FIRST);
	const before = await p.allVouchers();
	const action = await p.import(csv('Code,Voucher Type,Discount Type,Value,Category',
		'A,DISCOUNT_VOUCHER,PERCENT,10,Changed', 'A,GIFT_VOUCHER,,10,Changed',
		'G,DISCOUNT_VOUCHER,AMOUNT,10,Changed', 'A,DISCOUNT_VOUCHER,FIXED,10,Changed'));
	assertAction(action);
	const reason = 'It is not possible to change Voucher discount type';
	assert.deepEqual(action.result.failed, [
		{ code: 'A', row: 1, reason }, { code: 'A', row: 2, reason },
		{ code: 'G', row: 3, reason }, { code: 'A', row: 4, reason }
	]);
	assert.equal(action.operation_status, 'FAILED');
	assert.deepEqual(await p.allVouchers(), before);
});

test('metadata are merged key by key; an empty cell leaves its key alone', async () => {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value,a,b,c', 'M,GIFT_VOUCHER,1,1,2,3'));
	const steps = [
		['b,d', '20,4', { a: '1', b: '20', c: '3', d: '4' }, 'updated'],
		['b,e', ',', { a: '1', b: '20', c: '3', d: '4' }, 'unchanged'],
		['d,a', '4,1', { a: '1', b: '20', c: '3', d: '4' }, 'unchanged'],
		['a.b,"x""y",$.c', '5,6,7', { a: '1', b: '20', c: '3', d: '4', 'a.b': '5', 'x"y': '6', '$.c': '7' },
			'updated'],
		['A', 'other', { a: '1', b: '20', c: '3', d: '4', 'a.b': '5', 'x"y': '6', '$.c': '7', A: 'other' },
			'updated']
	];
	for (const [names, cells, metadata, outcome] of steps) {
		const action = await p.load(csv(`Code,Voucher Type,Value,${names}`, `M,GIFT_VOUCHER,1,${cells}`));
		assert.deepEqual((await p.voucher('M')).metadata, metadata);
		assert.deepEqual(await outcomes(p, action), [outcome]);
	}
});

test('metadata of JSON types stay what they are beside keys from a file', async () => {
	const p = await newProject(server);
	const metadata = { n: 1.5, big: 12345678901234, list: [1, { x: null }], none: null, yes: true, text: 'ż' };
	const created = await p.post('/v1/vouchers/J', { type: 'GIFT_VOUCHER', gift: { amount: 100 }, metadata });
	assert.equal(created.status, 200, created.text);
	await p.load(csv('Code,Voucher Type,Value,new,n', 'J,GIFT_VOUCHER,1,key,text'));
	assert.deepEqual((await p.voucher('J')).metadata, { ...metadata, new: 'key', n: 'text' });
});

test('a voucher of a single request is updated by a file as any other', async () => {
	const p = await newProject(server);
	await p.post('/v1/vouchers/S', { type: 'GIFT_VOUCHER', gift: { amount: 123 } });
	const action = await p.load(csv('Code,Voucher Type,Value,Category', 'S,GIFT_VOUCHER,1.23,New'));
	assert.deepEqual(await outcomes(p, action), ['updated']);
	const voucher = await p.voucher('S');
	assert.equal(voucher.gift.amount, 123);
	assert.equal(voucher.category, 'New');
});

test('an update does not move a voucher in the list and does not count twice', async () => {
	const p = await newProject(server);
	await p.load(giftFile(5));
	await p.import(csv('Code,Voucher Type,Value', 'G0000002,GIFT_VOUCHER,9', 'NEW,GIFT_VOUCHER,1', 'BAD,,1'));
	const { json } = await p.get('/v1/vouchers?order=created_at');
	assert.deepEqual(json.vouchers.map(v => v.code),
		['G0000000', 'G0000001', 'G0000002', 'G0000003', 'G0000004', 'NEW']);
	assert.equal(json.total, 6);
});

test('a failed row leaves the good ones of the same code', async () => {
	const p = await newProject(server);
	const action = await p.import(csv('Code,Voucher Type,Value',
		'X,GIFT_VOUCHER,1', 'X,GIFT_VOUCHER,bad', 'X,GIFT_VOUCHER,3', 'X,GIFT_VOUCHER,-1'));
	assert.equal((await p.voucher('X')).gift.amount, 300);
	assert.deepEqual(reasons(action),
		{ 2: 'Property .gift.amount must be number', 4: 'Property .gift.amount must be >= 0' });
	assert.deepEqual(await outcomes(p, action), ['created', 'failed', 'updated', 'failed']);
});
