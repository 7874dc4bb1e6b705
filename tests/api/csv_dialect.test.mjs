// SPDX-License-Identifier: MIT
/* What spreadsheets and people make of CSV, and what becomes of it (reference 3.0). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, csv, newProject, reasons } from '../support/api.mjs';

const server = await apiServer();

const HEAD = 'Code,Voucher Type,Value';
const BOM = '\uFEFF';

/** Imports a file and returns { action, vouchers by code }. */
async function load(contents) {
	const p = await newProject(server);
	const action = await p.import(contents);
	assertAction(action);
	const all = await p.allVouchers({ order: 'created_at' });
	const byCode = Object.fromEntries(all.map(v => [v.code, v]));
	return { p, action, all, byCode };
}

/** The values of gift vouchers by code, in major units. */
const amounts = byCode =>
	Object.fromEntries(Object.entries(byCode).map(([code, v]) => [code, v.gift.amount / 100]));

/* ---- lines ---- */

test('LF, CRLF and CR end a row, mixed in one file', async t => {
	const files = {
		'LF': `${HEAD}\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,2\nC,GIFT_VOUCHER,3\n`,
		'CRLF': `${HEAD}\r\nA,GIFT_VOUCHER,1\r\nB,GIFT_VOUCHER,2\r\nC,GIFT_VOUCHER,3\r\n`,
		'CR': `${HEAD}\rA,GIFT_VOUCHER,1\rB,GIFT_VOUCHER,2\rC,GIFT_VOUCHER,3\r`,
		'mixed': `${HEAD}\r\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,2\rC,GIFT_VOUCHER,3\r\n`,
		'no line end behind the last': `${HEAD}\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,2\nC,GIFT_VOUCHER,3`,
		'a byte-order mark': `${BOM}${HEAD}\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,2\nC,GIFT_VOUCHER,3\n`
	};
	for (const [what, contents] of Object.entries(files)) {
		await t.test(what, async () => {
			const { action, byCode } = await load(contents);
			assert.equal(action.result.message, '3 voucher(s) imported successfully, 0 failed.');
			assert.deepEqual(amounts(byCode), { A: 1, B: 2, C: 3 });
		});
	}
});

test('one row without a line end is a row', async () => {
	const { byCode } = await load(`${HEAD}\nA,GIFT_VOUCHER,1`);
	assert.deepEqual(amounts(byCode), { A: 1 });
});

test('blank lines are skipped and not counted', async () => {
	const { action, byCode } =
		await load(`\n\r\n${HEAD}\n\n\nA,GIFT_VOUCHER,1\n\r\n\r\nB,,2\n\n\nC,GIFT_VOUCHER,3\n\n\n`);
	assert.deepEqual(amounts(byCode), { A: 1, C: 3 });
	assert.deepEqual(reasons(action), { 2: 'Voucher Type is required' });
});

test('a short row lacks its last cells, cells beyond the header are ignored', async () => {
	const { action, byCode } = await load(csv('Code,Voucher Type,Value,Region,Season',
		'A,GIFT_VOUCHER,1', 'B,GIFT_VOUCHER,2,EU', 'C,GIFT_VOUCHER,3,EU,Fall,x,y,z', 'D,GIFT_VOUCHER', 'E'));
	assert.deepEqual(byCode.A.metadata, {});
	assert.deepEqual(byCode.B.metadata, { Region: 'EU' });
	assert.deepEqual(byCode.C.metadata, { Region: 'EU', Season: 'Fall' });
	assert.deepEqual(reasons(action), { 4: 'Value is required', 5: 'Voucher Type is required' });
});

/* ---- delimiters and quotes ---- */

test('semicolon and tab separate cells when the header says so', async t => {
	for (const [what, d] of [['semicolon', ';'], ['tab', '\t'], ['comma', ',']]) {
		await t.test(what, async () => {
			const others = [',', ';', '\t'].filter(c => c !== d).join('');
			const { byCode } = await load(csv(['Code', 'Voucher Type', 'Value', 'Region'].join(d),
				[`A${others}`, 'GIFT_VOUCHER', '1', `x${others}y`].join(d),
				['B', 'GIFT_VOUCHER', '2', `"p${d}q"`].join(d)));
			assert.deepEqual(byCode[`A${others}`].metadata, { Region: `x${others}y` });
			assert.deepEqual(byCode.B.metadata, { Region: `p${d}q` });
		});
	}
});

test('delimiters within quotes of the header do not count', async () => {
	const { byCode } = await load(csv('Code;Voucher Type;Value;"a,b,c,d,e,f"', 'A;GIFT_VOUCHER;1;x'));
	assert.deepEqual(byCode.A.metadata, { 'a,b,c,d,e,f': 'x' });
});

test('quotes hold delimiters, line ends and doubled quotes', async () => {
	const { action, byCode } = await load(`${HEAD},"Re""gion"\r\n` +
		'"A","GIFT_VOUCHER","1","x,y"\n' +
		'B,GIFT_VOUCHER,2,"line 1\nline 2\r\nline 3"\n' +
		'C,GIFT_VOUCHER,3,"say ""hi"""\n' +
		'D,GIFT_VOUCHER,4,""\n' +
		'E,GIFT_VOUCHER,5,""""\n' +
		'F,GIFT_VOUCHER,6,it"s\n' +
		'"G\n""H""",GIFT_VOUCHER,7,\n' +
		'I,,8,');
	assert.deepEqual(Object.fromEntries(Object.values(byCode).map(v => [v.code, v.metadata])), {
		'A': { 'Re"gion': 'x,y' },
		'B': { 'Re"gion': 'line 1\nline 2\r\nline 3' },
		'C': { 'Re"gion': 'say "hi"' },
		'D': {},
		'E': { 'Re"gion': '"' },
		'F': { 'Re"gion': 'it"s' },
		'G\n"H"': {}
	});
	assert.deepEqual(reasons(action), { 8: 'Voucher Type is required' });
});

test('text behind a closing quote fails its row and no other', async () => {
	const { action, byCode } = await load(csv(`${HEAD},Region`,
		'A,GIFT_VOUCHER,1,"x"y', 'B,GIFT_VOUCHER,2,"x" ', '"C" ,GIFT_VOUCHER,3,', 'D,GIFT_VOUCHER,4,ok'));
	assert.deepEqual(amounts(byCode), { D: 4 });
	assert.deepEqual(reasons(action), {
		1: "Column 'Region' has text after its closing quote",
		2: "Column 'Region' has text after its closing quote",
		3: "Column 'Code' has text after its closing quote"
	});
});

/* ---- headers ---- */

test('a heading is found in any case, trimmed, with blanks or underscores', async () => {
	const spellings = [
		['Code', 'Voucher Type', 'Value', 'Additional Info'],
		['code', 'voucher_type', 'value', 'additional_info'],
		['CODE', 'VOUCHER TYPE', 'VALUE', 'ADDITIONAL INFO'],
		[' Code ', '\tVoucher_Type', 'VaLuE  ', ' additional Info'],
		['"Code"', '"Voucher Type"', '" value "', '"Additional_Info"']
	];
	for (const headings of spellings) {
		const { byCode } = await load(csv(headings.join(','), 'A,GIFT_VOUCHER,1,hello'));
		assert.equal(byCode.A.gift.amount, 100);
		assert.equal(byCode.A.additional_info, 'hello');
		assert.deepEqual(byCode.A.metadata, {});
	}
});

test('of a repeated heading the last one counts', async () => {
	const { byCode } = await load(csv('Code,Voucher Type,Value,VALUE,Region,Region,region',
		'A,GIFT_VOUCHER,1,2,first,second,third'));
	assert.equal(byCode.A.gift.amount, 200);
	assert.deepEqual(byCode.A.metadata, { Region: 'second', region: 'third' });
});

test('unknown columns become metadata as text, under their heading as written', async () => {
	const { byCode } = await load(csv('Code,Voucher Type,Value,Region,size in cm,żółć,a.b,"x""y",,null',
		'A,GIFT_VOUCHER,1, Europe ,007,zażółć,1.50,q,nameless,null',
		'B,GIFT_VOUCHER,1,,,,,,,',
		'C,GIFT_VOUCHER,1,TRUE,,,,,,'));
	assert.deepEqual(byCode.A.metadata, {
		'Region': ' Europe ', 'size in cm': '007', 'żółć': 'zażółć', 'a.b': '1.50', 'x"y': 'q', 'null': 'null'
	});
	assert.deepEqual(byCode.B.metadata, {});
	assert.deepEqual(byCode.C.metadata, { Region: 'TRUE' });
});

test('standard headings of other kinds of files are never metadata', async () => {
	const { byCode } = await load(csv('Code,Voucher Type,Value,Gift Amount,Loyalty Points,loyalty_points',
		'A,GIFT_VOUCHER,1,5,6,7'));
	assert.deepEqual(byCode.A.metadata, {});
	assert.equal(byCode.A.gift.amount, 100);
});

test('10,000 columns are 10,000 columns', async () => {
	const names = Array.from({ length: 9997 }, (_, i) => `m${i}`);
	const { byCode } = await load(csv(`${HEAD},${names}`, `A,GIFT_VOUCHER,1,${names.map(n => `v${n}`)}`,
		`B,GIFT_VOUCHER,2${','.repeat(9997)}last,beyond`));
	assert.equal(Object.keys(byCode.A.metadata).length, 9997);
	assert.equal(byCode.A.metadata.m9996, 'vm9996');
	assert.deepEqual(byCode.B.metadata, { m9996: 'last' });
});

/* ---- cells ---- */

test('a code is kept as it stands: zeros, blanks, any character', async () => {
	const codes = ['007', '1.0', '1e5', ' lead', 'trail ', 'a  b', 'TRUE', '=1+1', 'żółć', '😀', 'it\'s', 'null'];
	const { p, all } = await load(csv(HEAD, ...codes.map(code => `${code},GIFT_VOUCHER,1`)));
	assert.deepEqual(all.map(v => v.code).sort(), [...codes].sort());
	for (const code of codes)
		assert.equal((await p.voucher(code)).code, code);
});

test('codes differ by case', async () => {
	const { byCode } = await load(csv(HEAD, 'abc,GIFT_VOUCHER,1', 'ABC,GIFT_VOUCHER,2', 'Abc,GIFT_VOUCHER,3'));
	assert.deepEqual(amounts(byCode), { abc: 1, ABC: 2, Abc: 3 });
});

test('money is in major units, of two decimals at most', async () => {
	const good = {
		'10': 1000, '14.5': 1450, '0.01': 1, '0.1': 10, '1.10': 110, '0': 0, '007': 700, '19.99': 1999,
		'29.99': 2999, '+5': 500, '92233720368547758.07': Number.MAX_SAFE_INTEGER + 1 // exact only as text
	};
	const bad = ['12.345', '10.001'];
	const cells = [...Object.keys(good), ...bad];
	const { p, action, byCode } = await load(csv('Code,Voucher Type,Discount Type,Value',
		...cells.map(cell => `${cell},DISCOUNT_VOUCHER,AMOUNT,${cell}`)));
	delete good['92233720368547758.07'];
	for (const [cell, minor] of Object.entries(good))
		assert.deepEqual(byCode[cell].discount, { type: 'AMOUNT', amount_off: minor }, cell);
	const { text } = await p.get('/v1/vouchers/92233720368547758.07');
	assert.match(text, /"amount_off":9223372036854775807[,}]/);
	assert.deepEqual(action.result.failed.map(f => [f.code, f.reason]),
		bad.map(cell => [cell, 'Property .discount.amount_off must have at most 2 decimals']));
});

test('FIXED, gift and redeemed amounts are money; PERCENT and UNIT are not', async () => {
	const { byCode } = await load(csv(
		'Code,Voucher Type,Discount Type,Value,Redeemed Amount,Redeemed Quantity,Redemption Limit',
		'F,DISCOUNT_VOUCHER,FIXED,7.25,,,', 'P,DISCOUNT_VOUCHER,PERCENT,12.5,,,',
		'Q,DISCOUNT_VOUCHER,PERCENT,100,,,', 'U,DISCOUNT_VOUCHER,UNIT,3,,,',
		'G,GIFT_VOUCHER,,100,25.5,2,10'));
	assert.deepEqual(byCode.F.discount, { type: 'FIXED', fixed_amount: 725 });
	assert.deepEqual(byCode.P.discount, { type: 'PERCENT', percent_off: 12.5 });
	assert.deepEqual(byCode.Q.discount, { type: 'PERCENT', percent_off: 100 });
	assert.deepEqual(byCode.U.discount, { type: 'UNIT', unit_off: 3 });
	assert.deepEqual(byCode.G.gift, { amount: 10000, balance: 7450 });
	const { url, ...redemption } = byCode.G.redemption;
	assert.equal(url, '/v1/vouchers/G/redemptions?page=1&limit=10');
	assert.deepEqual(redemption,
		{ quantity: 10, redeemed_quantity: 2, redeemed_amount: 2550, object: 'list' });
});

test('booleans are in any case', async () => {
	const cells = {
		TRUE: true, true: true, True: true, tRuE: true, FALSE: false, false: false, False: false, '': true
	};
	const { byCode } = await load(csv(`${HEAD},Active`,
		...Object.keys(cells).map((cell, i) => `${i},GIFT_VOUCHER,1,${cell}`)));
	assert.deepEqual(Object.keys(cells).map((_, i) => byCode[i].active), Object.values(cells));
});

test('every form of a date is understood', async () => {
	const dates = {
		'2022-09-19': '2022-09-19T00:00:00.000Z',
		'2022-09-19T10': '2022-09-19T10:00:00.000Z',
		'2022-09-19T10:20': '2022-09-19T10:20:00.000Z',
		'2022-09-19T10:20:30': '2022-09-19T10:20:30.000Z',
		'2022-09-19T10:20:30Z': '2022-09-19T10:20:30.000Z',
		'2022-09-19T10:20:30.5Z': '2022-09-19T10:20:30.500Z',
		'2022-09-19T10:20:30.123Z': '2022-09-19T10:20:30.123Z',
		'2022-09-19T10:20:30+02:00': '2022-09-19T08:20:30.000Z',
		'2022-09-19T10:20:30.123-05:30': '2022-09-19T15:50:30.123Z',
		'2022-09-19T00:00+01:00': '2022-09-18T23:00:00.000Z',
		'2024-02-29': '2024-02-29T00:00:00.000Z',
		' 2022-09-19 ': '2022-09-19T00:00:00.000Z',
		'': null
	};
	const { byCode } = await load(csv(`${HEAD},Start Date,Expiration Date`,
		...Object.keys(dates).map((cell, i) => `${i},GIFT_VOUCHER,1,${cell},${cell}`)));
	for (const [i, [cell, date]] of Object.entries(dates).entries()) {
		assert.equal(byCode[i].start_date, date, cell);
		assert.equal(byCode[i].expiration_date, date, cell);
	}
});

test('effects, formulas, rules and categories find their place', async () => {
	const { p } = await load(csv(
		'Code,Voucher Type,Discount Type,Value,Discount effect,Formula,Validation rule ID,Category',
		'A,DISCOUNT_VOUCHER,AMOUNT,1,APPLY_TO_ITEMS,"IF(1;2)",val_abc123,New'));
	const voucher = await p.voucher('A');
	assert.deepEqual(voucher.discount, {
		type: 'AMOUNT', amount_off: 100, effect: 'APPLY_TO_ITEMS', amount_off_formula: 'IF(1;2)'
	});
	assert.equal(voucher.category, 'New');
	assert.equal(voucher.validation_rules_assignments.total, 1);
	assert.equal(voucher.validation_rules_assignments.data[0].rule_id, 'val_abc123');
});

test('empty cells give the defaults of a new voucher', async () => {
	const { byCode } = await load(csv('Code,Voucher Type,Value,Active,Start Date,Redemption Limit,' +
		'Redeemed Quantity,Category,Additional Info,Region', 'A,GIFT_VOUCHER,1,,,,,,,'));
	const { A } = byCode;
	assert.equal(A.active, true);
	assert.equal(A.start_date, null);
	assert.equal(A.redemption.quantity, null);
	assert.equal(A.redemption.redeemed_quantity, 0);
	assert.equal(A.category, null);
	assert.equal(A.additional_info, null);
	assert.deepEqual(A.metadata, {});
});

/* ---- bytes ---- */

test('invalid UTF-8 fails its row, naming column and byte', async () => {
	const bytes = (...parts) => Buffer.concat(parts.map(part => Buffer.from(part)));
	const { p, action, byCode } = await load(bytes(
		`${HEAD},Region\nA,GIFT_VOUCHER,1,ok\nB,GIFT_VOUCHER,1,abc`, [0xff], `d\nC`, [0xc3],
		`,GIFT_VOUCHER,1,x\nD,GIFT_VOUCHER,1,"ab""c`, [0xed, 0xa0, 0x80], `"\nE,GIFT_VOUCHER,1,x,`, [0x80],
		`\nF,GIFT_VOUCHER,1,żółć\n`));
	assert.deepEqual(Object.keys(byCode).sort(), ['A', 'F']);
	assert.deepEqual(action.result.failed, [
		{ code: 'B', row: 2, reason: "Column 'Region' is not valid UTF-8 (byte 3)" },
		{ code: '', row: 3, reason: "Column 'Code' is not valid UTF-8 (byte 1)" },
		{ code: 'D', row: 4, reason: "Column 'Region' is not valid UTF-8 (byte 4)" },
		{ code: 'E', row: 5, reason: 'Cell 5 is not valid UTF-8 (byte 0)' }
	]);
	const report = await p.report(action.id);
	assert.deepEqual(report[2], ['3', '', 'failed', "Column 'Code' is not valid UTF-8 (byte 1)"]);
});

test('a NUL byte behind the first 4 KiB fails its row and no other', async () => {
	const rows = Array.from({ length: 500 }, (_, i) => `N${i},GIFT_VOUCHER,1,EU`);
	rows[400] = 'N400,GIFT_VOUCHER,1,E\0U';
	rows[401] = 'N\x00401,GIFT_VOUCHER,1,EU';
	const { action, all } = await load(csv(`${HEAD},Region`, ...rows));
	assert.equal(all.length, 498);
	assert.deepEqual(action.result.failed, [
		{ code: 'N400', row: 401, reason: "Column 'Region' has a NUL byte (byte 1)" },
		{ code: '', row: 402, reason: "Column 'Code' has a NUL byte (byte 1)" }
	]);
});

test('control characters are text', async () => {
	const text = '\x01\x02\b\f\x1b\x7f\u2028';
	const { byCode } = await load(csv(`${HEAD},Region`, `A,GIFT_VOUCHER,1,${text}`));
	assert.deepEqual(byCode.A.metadata, { Region: text });
});

test('a field of 64 KiB is kept whole', async () => {
	const text = 'żółć,"x"\n'.repeat(5000);
	const { byCode } =
		await load(csv(`${HEAD},Region`, `A,GIFT_VOUCHER,1,"${text.replaceAll('"', '""')}"`));
	assert.equal(byCode.A.metadata.Region, text);
});

test('a cell beyond 1 MiB fails its row and no other', async () => {
	const { action, byCode } = await load(csv(`${HEAD},Region`, 'A,GIFT_VOUCHER,1,EU',
		`B,GIFT_VOUCHER,1,${'x'.repeat(1048577)}`, 'C,GIFT_VOUCHER,1,EU'));
	assert.deepEqual(Object.keys(byCode).sort(), ['A', 'C']);
	assert.deepEqual(reasons(action), { 2: "Column 'Region' is longer than 1048576 bytes" });
});

test('1,000 rows of 64 KiB are imported', async () => {
	const p = await newProject(server);
	const text = 'x'.repeat(64 * 1024);
	const rows = Array.from({ length: 1000 }, (_, i) => `L${i},GIFT_VOUCHER,1,${text}`);
	const action = await p.load(csv(`${HEAD},Region`, ...rows));
	assert.equal(action.result.message, '1000 voucher(s) imported successfully, 0 failed.');
	assert.equal((await p.voucher('L999')).metadata.Region, text);
});

/* ---- rows that repeat a code ---- */

test('a row that repeats a code of the file updates it', async () => {
	const { p, action, byCode } = await load(csv(`${HEAD},Category,Region,Season`,
		'B,GIFT_VOUCHER,1,One,EU,', 'A,GIFT_VOUCHER,1,One,EU,', 'B,GIFT_VOUCHER,2,,,Fall',
		'A,GIFT_VOUCHER,1,One,EU,', 'B,DISCOUNT_VOUCHER,2,,,', 'B,GIFT_VOUCHER,3,Three,US,'));
	assert.equal(byCode.B.gift.amount, 300);
	assert.equal(byCode.B.category, 'Three');
	assert.deepEqual(byCode.B.metadata, { Region: 'US', Season: 'Fall' });
	assert.deepEqual((await p.report(action.id)).map(line => line[2]),
		['created', 'created', 'updated', 'unchanged', 'failed', 'updated']);
	assert.equal(action.result.message, '5 voucher(s) imported successfully, 1 failed.');
});

test('rows that repeat a code are applied in file order across a large file', async () => {
	const p = await newProject(server);
	const rows = Array.from({ length: 30000 }, (_, i) => `R${i % 7},GIFT_VOUCHER,${i}`);
	await p.load(csv(HEAD, ...rows));
	const vouchers = await p.allVouchers();
	const lastOf = i => i + 7 * Math.floor((29999 - i) / 7);
	assert.deepEqual(vouchers.map(v => v.gift.amount / 100), [0, 1, 2, 3, 4, 5, 6].map(lastOf));
});
