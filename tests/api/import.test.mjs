// SPDX-License-Identifier: MIT
/* POST /v1/vouchers/importCSV as a client sees it: the answer, the action's life, its result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	ACTION_ID, apiServer, assertAction, assertInvalidPayload, csv, giftCode, giftFile, newProject,
	reasons, until
} from '../support/api.mjs';

const server = await apiServer();

const HEAD = 'Code,Voucher Type,Discount Type,Value';

test('an accepted file is 202 with the id of the action, in the body and a header', async () => {
	const p = await newProject(server);
	const answer = await p.upload(giftFile(1));
	assert.equal(answer.status, 202);
	assert.deepEqual(Object.keys(answer.json), ['async_action_id']);
	assert.match(answer.json.async_action_id, ACTION_ID);
	assert.equal(answer.headers.get('x-async-action-id'), answer.json.async_action_id);

	const action = await p.action(answer.json.async_action_id);
	assert.equal(action.id, answer.json.async_action_id);
	assert.equal(action.request_id, answer.headers.get('x-request-id'));
	await p.wait(action.id);
});

test('a file of good rows is DONE with SUCCESS', async () => {
	const p = await newProject(server);
	const action = await p.import(giftFile(3));
	assertAction(action);
	assert.equal(action.status, 'DONE');
	assert.equal(action.operation_status, 'SUCCESS');
	assert.deepEqual(action.result, {
		message: '3 voucher(s) imported successfully, 0 failed.',
		failed: [],
		done_count: 3,
		failed_count: 0
	});
});

test('bad rows fail alone, and the action is DONE with SUCCESS', async () => {
	const p = await newProject(server);
	const action = await p.import(csv(HEAD,
		'A,DISCOUNT_VOUCHER,AMOUNT,10', 'B,,AMOUNT,10', ',DISCOUNT_VOUCHER,AMOUNT,10',
		'D,DISCOUNT_VOUCHER,AMOUNT,10', 'E,DISCOUNT_VOUCHER,AMOUNT,'));
	assertAction(action);
	assert.equal(action.status, 'DONE');
	assert.equal(action.operation_status, 'SUCCESS');
	assert.deepEqual(action.result, {
		message: '2 voucher(s) imported successfully, 3 failed.',
		failed: [
			{ code: 'B', row: 2, reason: 'Voucher Type is required' },
			{ code: '', row: 3, reason: 'Code is required' },
			{ code: 'E', row: 5, reason: 'Value is required' }
		],
		done_count: 2,
		failed_count: 3
	});
	assert.deepEqual((await p.allVouchers()).map(v => v.code), ['A', 'D']);
});

test('a file of bad rows only is DONE with FAILED', async () => {
	const p = await newProject(server);
	const action = await p.import(csv(HEAD, 'A,,AMOUNT,10', 'B,,AMOUNT,10', 'C,,AMOUNT,10'));
	assertAction(action);
	assert.equal(action.status, 'DONE');
	assert.equal(action.operation_status, 'FAILED');
	assert.equal(action.result.message, '0 voucher(s) imported successfully, 3 failed.');
	assert.equal(action.result.done_count, 0);
	assert.equal(action.result.failed_count, 3);
});

test('a file of a header only is DONE with SUCCESS', async () => {
	const p = await newProject(server);
	for (const contents of [HEAD, `${HEAD}\n`, `${HEAD}\r\n`, `\uFEFF${HEAD}\n\n\r\n`]) {
		const action = await p.import(contents);
		assertAction(action);
		assert.equal(action.status, 'DONE');
		assert.equal(action.operation_status, 'SUCCESS');
		assert.deepEqual(action.result, {
			message: '0 voucher(s) imported successfully, 0 failed.',
			failed: [],
			done_count: 0,
			failed_count: 0
		});
	}
});

test('an action looks as documented in every moment of its life', async () => {
	const p = await newProject(server);
	const id = await p.startImport(giftFile(60000));
	const seen = new Set();
	let progress = 0, updated = '';
	const last = await until(async () => {
		const action = await p.action(id);
		assertAction(action);
		assert.ok(action.progress >= progress, 'progress never goes back');
		assert.ok(action.updated_at >= updated, 'updated_at never goes back');
		({ progress, updated_at: updated } = action);
		seen.add(action.status);
		return action.status === 'DONE' && action;
	}, { what: 'the import to end', timeoutMs: 60000, everyMs: 1 });
	assert.ok(seen.has('IN_PROGRESS'));
	assert.equal(last.result.done_count, 60000);
});

test('an action never changes after its end', async () => {
	const p = await newProject(server);
	const first = await p.import(giftFile(10));
	await p.import(giftFile(10, { value: 2 }));
	await p.reportText(first.id);
	assert.deepEqual(await p.action(first.id), first);
});

test('later actions have later ids', async () => {
	const p = await newProject(server);
	const ids = [];
	for (let i = 0; i < 5; i++)
		ids.push(await p.startImport(giftFile(1)));
	assert.deepEqual([...ids].sort(), ids);
	for (const id of ids)
		await p.wait(id);
});

test('the first 10,000 failures are listed, all of them are counted and reported', async () => {
	const p = await newProject(server);
	const rows = Array.from({ length: 10050 }, (_, i) => `${giftCode(i)},,AMOUNT,1`);
	const action = await p.import(csv(HEAD, ...rows, 'GOOD,DISCOUNT_VOUCHER,AMOUNT,1'));
	assertAction(action);
	assert.equal(action.result.message, '1 voucher(s) imported successfully, 10050 failed.');
	assert.equal(action.result.failed_count, 10050);
	assert.equal(action.result.failed.length, 10000);
	assert.deepEqual(action.result.failed[9999],
		{ code: giftCode(9999), row: 10000, reason: 'Voucher Type is required' });
	const report = await p.report(action.id);
	assert.equal(report.length, 10051);
	assert.deepEqual(report[10049],
		['10050', giftCode(10049), 'failed', 'Voucher Type is required']);
});

test('webhooks_enable is true or false, in either spelling, before or behind the file', async () => {
	const p = await newProject(server);
	for (const fields of [
		{ webhooks_enable: 'true' }, { webhooks_enable: 'FALSE' }, { webhooks_enabled: 'true' },
		{ webhooks_enable: '' }, { something: 'else' }
	])
		assert.equal((await p.upload(giftFile(1), { fields })).status, 202);

	const form = new FormData();
	form.append('file', new Blob([giftFile(1)]), 'a');
	form.append('webhooks_enable', 'true');
	assert.equal((await p.request('POST', '/v1/vouchers/importCSV', { body: form })).status, 202);

	for (const name of ['webhooks_enable', 'webhooks_enabled'])
		assertInvalidPayload(await p.upload(giftFile(1), { fields: { [name]: 'maybe' } }),
			`Property .${name} should be boolean`);
});

test('any name and any content type of the file will do', async () => {
	const p = await newProject(server);
	for (const [fileName, type] of [
		['', ''], ['vouchers.csv', 'text/csv'], ['x.xlsx', 'application/vnd.ms-excel'],
		['żółć "quoted".csv', 'application/octet-stream'], ['../../etc/passwd', 'image/png']
	])
		assert.equal((await p.upload(giftFile(1), { fileName, type })).status, 202);
});

test('the public template of generic coupons is imported as it is', async () => {
	const p = await newProject(server);
	const template = 'Code,Voucher Type,Active,Start Date,Expiration Date,Discount Type,Value,Category,' +
		'Redemption Limit,Additional Info,Region\r\n' +
		'FALL2022,DISCOUNT_VOUCHER,FALSE,2022-09-19T00:00:00.000Z,2022-11-30T23:59:00.000Z,AMOUNT,10,' +
		'New,,Planned release in Fall 2022,Europe';
	await p.load(template);
	const voucher = await p.voucher('FALL2022');
	assert.deepEqual(voucher.discount, { type: 'AMOUNT', amount_off: 1000 });
	assert.equal(voucher.active, false);
	assert.equal(voucher.start_date, '2022-09-19T00:00:00.000Z');
	assert.equal(voucher.expiration_date, '2022-11-30T23:59:00.000Z');
	assert.equal(voucher.category, 'New');
	assert.equal(voucher.redemption.quantity, null);
	assert.equal(voucher.additional_info, 'Planned release in Fall 2022');
	assert.deepEqual(voucher.metadata, { Region: 'Europe' });
});

test('the public template of gift cards is imported as it is', async () => {
	const p = await newProject(server);
	await p.load('Code,Voucher Type,Active,Start Date,Expiration Date,Value,Category,Redemption Limit,' +
		'Additional Info,Region\r\n' +
		'GIFT100,GIFT_VOUCHER,FALSE,2022-05-01T00:00:00.000Z,2022-12-31T23:59:00.000Z,100,Gift,,' +
		'Birthday gift card,Europe');
	const voucher = await p.voucher('GIFT100');
	assert.deepEqual(voucher.gift, { amount: 10000, balance: 10000 });
	assert.equal(voucher.discount, null);
	assert.equal(voucher.redemption.redeemed_amount, 0);
});

test('reasons of rows are given in the words of the reference', async t => {
	const columns = ['Code', 'Voucher Type', 'Discount Type', 'Value', 'Discount effect', 'Active',
		'Start Date', 'Expiration Date', 'Redemption Limit', 'Redeemed Quantity', 'Redeemed Amount'];
	const amount = { Code: 'X', 'Voucher Type': 'DISCOUNT_VOUCHER', 'Discount Type': 'AMOUNT', Value: '10' };
	const percent = { ...amount, 'Discount Type': 'PERCENT' };
	const fixed = { ...amount, 'Discount Type': 'FIXED' };
	const unit = { ...amount, 'Discount Type': 'UNIT' };
	const gift = { Code: 'X', 'Voucher Type': 'GIFT_VOUCHER', Value: '10' };
	const types = 'Property .type must be equal to one of the allowed values ' +
		'[ DISCOUNT_VOUCHER, GIFT_VOUCHER ]';
	const discountTypes = 'Property .discount.type must be equal to one of the allowed values ' +
		'[ AMOUNT, PERCENT, FIXED, UNIT ]';
	const effects = list =>
		`Property .discount.effect must be equal to one of the allowed values [ ${list} ]`;
	const notADate = name => `Property .${name} cannot be recognized as a ISO-8601 compliant date`;
	const cases = [
		[{ ...amount, Code: '' }, 'Code is required'],
		[{ ...amount, Code: 'x'.repeat(513) }, 'Property .code must NOT be longer than 512 bytes'],
		[{ ...amount, 'Voucher Type': '' }, 'Voucher Type is required'],
		[{ ...amount, 'Voucher Type': '  ' }, 'Voucher Type is required'],
		[{ ...amount, 'Voucher Type': 'COUPON' }, types],
		[{ ...amount, 'Voucher Type': 'LOYALTY_CARD' }, types],
		[{ ...amount, 'Discount Type': '' }, 'Discount Type is required'],
		[{ ...amount, 'Discount Type': 'SHIPPING' }, discountTypes],
		[{ ...amount, Value: '' }, 'Value is required'],
		[{ ...percent, Value: '' }, 'Value is required'],
		[{ ...unit, Value: '' }, 'Value is required'],
		[{ ...gift, Value: '' }, 'Value is required'],
		[{ ...amount, Value: 'ten' }, 'Property .discount.amount_off must be number'],
		[{ ...amount, Value: '1e3' }, 'Property .discount.amount_off must be number'],
		[{ ...amount, Value: '"1,5"' }, 'Property .discount.amount_off must be number'],
		[{ ...amount, Value: '-1' }, 'Property .discount.amount_off must be >= 0'],
		[{ ...amount, Value: '12.345' }, 'Property .discount.amount_off must have at most 2 decimals'],
		[{ ...amount, Value: '99999999999999999999' }, 'Property .discount.amount_off must be number'],
		[{ ...fixed, Value: 'ten' }, 'Property .discount.fixed_amount must be number'],
		[{ ...fixed, Value: '0.001' }, 'Property .discount.fixed_amount must have at most 2 decimals'],
		[{ ...percent, Value: 'ten' }, 'Property .discount.percent_off must be number'],
		[{ ...percent, Value: '10%' }, 'Property .discount.percent_off must be number'],
		[{ ...percent, Value: '-5' }, 'Property .discount.percent_off must be >= 0'],
		[{ ...percent, Value: '100.5' }, 'Property .discount.percent_off must be <= 100'],
		[{ ...unit, Value: '1.5' }, 'Property .discount.unit_off must be integer'],
		[{ ...unit, Value: '-1' }, 'Property .discount.unit_off must be >= 0'],
		[{ ...gift, Value: 'ten' }, 'Property .gift.amount must be number'],
		[{ ...gift, Value: '-0.01' }, 'Property .gift.amount must be >= 0'],
		[{ ...gift, Value: '1.234' }, 'Property .gift.amount must have at most 2 decimals'],
		[{ ...amount, 'Discount effect': 'HALF' }, effects('APPLY_TO_ORDER, APPLY_TO_ITEMS, ' +
			'APPLY_TO_ITEMS_PROPORTIONALLY, APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY, ' +
			'APPLY_TO_ITEMS_BY_QUANTITY')],
		[{ ...percent, 'Discount effect': 'ADD_NEW_ITEMS' }, effects('APPLY_TO_ORDER, APPLY_TO_ITEMS')],
		[{ ...unit, 'Discount effect': 'APPLY_TO_ORDER' },
			effects('ADD_MISSING_ITEMS, ADD_NEW_ITEMS, ADD_SAME_ITEMS, ADD_MANY_ITEMS')],
		[{ ...amount, Active: 'yes' }, 'Property .active must be boolean'],
		[{ ...amount, Active: '1' }, 'Property .active must be boolean'],
		[{ ...amount, 'Start Date': 'soon' }, notADate('start_date')],
		[{ ...amount, 'Start Date': '2022-02-29' }, notADate('start_date')],
		[{ ...amount, 'Start Date': '01/02/2022' }, notADate('start_date')],
		[{ ...amount, 'Start Date': '2022-01-01 10:00' }, notADate('start_date')],
		[{ ...amount, 'Expiration Date': '2022-1-1' }, notADate('expiration_date')],
		[{ ...amount, 'Expiration Date': '2022-01-01T24:00' }, notADate('expiration_date')],
		[{ ...amount, 'Redemption Limit': 'many' }, 'Property .redemption.quantity must be integer'],
		[{ ...amount, 'Redemption Limit': '1.5' }, 'Property .redemption.quantity must be integer'],
		[{ ...amount, 'Redemption Limit': '-1' }, 'Property .redemption.quantity must be >= 0'],
		[{ ...amount, 'Redeemed Quantity': 'x' }, 'Property .redemption.redeemed_quantity must be integer'],
		[{ ...amount, 'Redeemed Quantity': '-2' }, 'Property .redemption.redeemed_quantity must be >= 0'],
		[{ ...gift, 'Redeemed Amount': 'x' }, 'Property .redemption.redeemed_amount must be number'],
		[{ ...gift, 'Redeemed Amount': '0.005' },
			'Property .redemption.redeemed_amount must have at most 2 decimals'],
		/* the first of several: code, type, discount type, value, then the others */
		[{}, 'Code is required'],
		[{ Code: 'X', Value: '-1', Active: 'yes' }, 'Voucher Type is required'],
		[{ ...amount, 'Discount Type': '', Value: 'x' }, 'Discount Type is required'],
		[{ ...amount, Value: 'x', 'Start Date': 'x' }, 'Property .discount.amount_off must be number']
	];
	const p = await newProject(server);
	const rowOf = cells => columns.map(name => cells[name] ?? '').join(',');
	const action = await p.import(csv(columns.join(','), ...cases.map(([cells]) => rowOf(cells))));
	assertAction(action);
	const got = reasons(action);
	for (const [i, [cells, reason]] of cases.entries())
		await t.test(rowOf(cells).slice(0, 80), () => assert.equal(got[i + 1], reason));
	assert.equal(action.result.failed_count, cases.length);
	assert.deepEqual(await p.allVouchers(), []);
});
