// SPDX-License-Identifier: MIT
/* Vouchers one by one and as a list: their shape, creating, finding, paging. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	TIME, VOUCHER_ID, apiServer, assertError, assertInvalidPayload, assertNotFound, csv, giftCode,
	giftFile, newProject
} from '../support/api.mjs';
import { onPostgres } from '../support/server.mjs';

const server = await apiServer();

/** All of a voucher that hangs on nothing but its id, code and time of creation (reference 4.3.1). */
function golden({ id, created_at }, code, rest) {
	const encoded = encodeURIComponent(code);
	return {
		id,
		code,
		campaign: null,
		campaign_id: null,
		category: null,
		category_id: null,
		categories: [],
		type: 'DISCOUNT_VOUCHER',
		discount: null,
		gift: null,
		loyalty_card: null,
		start_date: null,
		expiration_date: null,
		validity_timeframe: null,
		validity_day_of_week: null,
		active: true,
		additional_info: null,
		metadata: {},
		assets: {
			qr: { id, url: `/api/v1/assets/qr/${id}` },
			barcode: { id, url: `/api/v1/assets/barcode/${id}` }
		},
		is_referral_code: false,
		created_at,
		updated_at: null,
		validation_rules_assignments: { object: 'list', data_ref: 'data', data: [], total: 0 },
		redemption: {
			quantity: null, redeemed_quantity: 0, object: 'list',
			url: `/v1/vouchers/${encoded}/redemptions?page=1&limit=10`
		},
		publish: { object: 'list', count: 0, url: `/v1/vouchers/${encoded}/publications?page=1&limit=10` },
		object: 'voucher',
		...rest
	};
}

/** Creates it, and reads it back in every way; the voucher. */
async function create(p, code, body) {
	const answer = await p.post(`/v1/vouchers/${encodeURIComponent(code)}`, body);
	assert.equal(answer.status, 200, answer.text);
	assert.match(answer.json.id, VOUCHER_ID);
	assert.match(answer.json.created_at, TIME);
	assert.deepEqual(await p.voucher(code), answer.json);
	assert.deepEqual(await p.voucher(answer.json.id), answer.json);
	const { validation_rules_assignments, ...inList } = answer.json;
	assert.equal(validation_rules_assignments.object, 'list');
	assert.deepEqual((await p.get('/v1/vouchers')).json.vouchers[0], inList);
	return answer.json;
}

/* ---- shapes ---- */

test('a discount of each type looks as documented', async t => {
	const p = await newProject(server);
	const discounts = {
		AMOUNT: { type: 'AMOUNT', amount_off: 1000 },
		'AMOUNT with an effect': { type: 'AMOUNT', amount_off: 1, effect: 'APPLY_TO_ITEMS_PROPORTIONALLY' },
		PERCENT: { type: 'PERCENT', percent_off: 12.5 },
		'PERCENT with a limit': { type: 'PERCENT', percent_off: 10, amount_limit: 5000 },
		FIXED: { type: 'FIXED', fixed_amount: 999 },
		UNIT: { type: 'UNIT', unit_off: 2, effect: 'ADD_NEW_ITEMS', unit_type: 'prod_5h1pp1ng' },
		'UNIT of several': {
			type: 'UNIT', effect: 'ADD_MANY_ITEMS',
			units: [{ unit_type: 'prod_1', effect: 'ADD_NEW_ITEMS', unit_off: 1 }]
		},
		'a formula': { type: 'AMOUNT', amount_off_formula: 'IF(1;2;"3")' }
	};
	for (const [what, discount] of Object.entries(discounts)) {
		await t.test(what, async () => {
			const voucher = await create(p, what, { type: 'DISCOUNT_VOUCHER', discount });
			assert.deepEqual(voucher, golden(voucher, what, { discount }));
		});
	}
});

test('a gift voucher looks as documented', async () => {
	const p = await newProject(server);
	const voucher = await create(p, 'GIFT', { type: 'GIFT_VOUCHER', gift: { amount: 10000 } });
	assert.deepEqual(voucher, golden(voucher, 'GIFT', {
		type: 'GIFT_VOUCHER',
		gift: { amount: 10000, balance: 10000 },
		redemption: {
			quantity: null, redeemed_quantity: 0, redeemed_amount: 0, object: 'list',
			url: '/v1/vouchers/GIFT/redemptions?page=1&limit=10'
		}
	}));
	const other = await create(p, 'E', { gift: { amount: 1, effect: 'APPLY_TO_ITEMS' } });
	assert.deepEqual(other.gift, { amount: 1, balance: 1, effect: 'APPLY_TO_ITEMS' });
});

test('every field of a body is kept', async () => {
	const p = await newProject(server);
	const metadata = {
		text: 'ż"\\\n', integer: 7, fraction: 29.99, yes: true, no: false, none: null, list: [1, 'a', null],
		object: { deep: { er: [] } }, '': 'nameless', 'a.b c': 1
	};
	const voucher = await create(p, 'All of it', {
		type: 'DISCOUNT_VOUCHER',
		discount: { type: 'PERCENT', percent_off: 10, effect: 'APPLY_TO_ORDER' },
		category: 'New',
		start_date: '2022-01-01',
		expiration_date: '2022-12-31T10:00:00+02:00',
		active: false,
		additional_info: 'Two\nlines',
		metadata,
		redemption: { quantity: 5 },
		validation_rules: ['val_abc'],
		nothing_we_know: 1
	});
	const { validation_rules_assignments: rules, ...rest } = voucher;
	const { validation_rules_assignments: _, ...expected } = golden(voucher, 'All of it', {
		category: 'New',
		discount: { type: 'PERCENT', percent_off: 10, effect: 'APPLY_TO_ORDER' },
		start_date: '2022-01-01T00:00:00.000Z',
		expiration_date: '2022-12-31T08:00:00.000Z',
		active: false,
		additional_info: 'Two\nlines',
		metadata,
		redemption: {
			quantity: 5, redeemed_quantity: 0, object: 'list',
			url: '/v1/vouchers/All%20of%20it/redemptions?page=1&limit=10'
		}
	});
	assert.deepEqual(rest, expected);
	assert.equal(rules.total, 1);
	const [assignment] = rules.data;
	assert.match(assignment.id, /^asgm_[0-9A-Za-z]{16}$/);
	assert.deepEqual(assignment, {
		id: assignment.id, rule_id: 'val_abc', related_object_id: voucher.id, related_object_type: 'voucher',
		created_at: voucher.created_at, object: 'validation_rules_assignment'
	});
});

test('numbers come out as they came in', async () => {
	const p = await newProject(server);
	const numbers = ['1000', '29.99', '0.1', '1e-7', '12345678901234567', '9223372036854775807', '-0.5', '0',
		'123456789012345678901234567890'];
	const body = `{"type":"GIFT_VOUCHER","gift":{"amount":9007199254740993},"metadata":{` +
		`${numbers.map((n, i) => `"n${i}":${n}`)}}}`;
	const headers = { 'Content-Type': 'application/json' };
	const answer = await p.request('POST', '/v1/vouchers/N', { body, headers });
	assert.equal(answer.status, 200, answer.text);
	for (const [asked, { text }] of [answer, await p.get('/v1/vouchers/N')].entries()) {
		if (asked > 0 && onPostgres)
			numbers[3] = '0.0000001'; // as jsonb prints it
		assert.match(text, /"amount":9007199254740993,"balance":9007199254740993[,}]/);
		for (const [i, n] of numbers.entries())
			assert.ok(text.includes(`"n${i}":${n},`) || text.includes(`"n${i}":${n}}`), `${n} in ${text}`);
	}
});

test('of a repeated member the last one counts', async () => {
	const p = await newProject(server);
	const body = '{"gift":{"amount":1},"active":false,"gift":{"amount":2},"active":true,' +
		'"metadata":{"a":1,"b":2,"a":3}}';
	const headers = { 'Content-Type': 'application/json' };
	const answer = await p.request('POST', '/v1/vouchers/R', { body, headers });
	assert.equal(answer.status, 200, answer.text);
	assert.equal(answer.json.gift.amount, 2);
	assert.equal(answer.json.active, true);
	assert.equal(answer.text.match(/"a":/g).length, 1);
	assert.deepEqual(answer.json.metadata, { a: 3, b: 2 });
});

test('the type is derived from discount or gift', async () => {
	const p = await newProject(server);
	const discount = { type: 'AMOUNT', amount_off: 1000 };
	const a = await create(p, 'A', { discount, redemption: { quantity: null } });
	assert.deepEqual(a, golden(a, 'A', { discount }));
	assert.equal((await create(p, 'B', { gift: { amount: 1 } })).type, 'GIFT_VOUCHER');
	assert.equal((await create(p, 'C', { type: null, discount, gift: null })).type, 'DISCOUNT_VOUCHER');
});

test('null in a body is as good as nothing', async () => {
	const p = await newProject(server);
	const voucher = await create(p, 'NULLS', {
		gift: { amount: 1, effect: null }, discount: null, category: null, start_date: null, expiration_date: null,
		active: null, additional_info: null, metadata: null, redemption: null, validation_rules: null
	});
	assert.equal(voucher.active, true);
	assert.deepEqual(voucher.metadata, {});
});

test('a code that exists is 409, whoever made it, and nothing changes', async () => {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value', 'TWICE,GIFT_VOUCHER,1', 'a/b c,GIFT_VOUCHER,1'));
	for (const code of ['TWICE', 'a/b c']) {
		const before = await p.voucher(code);
		const answer = await p.post(`/v1/vouchers/${encodeURIComponent(code)}`, { gift: { amount: 5 } });
		assertError(answer, {
			code: 409, key: 'duplicate_found', message: 'Duplicated resource found',
			details: `Duplicated voucher exists with id ${code}`, resource_id: code, resource_type: 'voucher'
		});
		assert.deepEqual(await p.voucher(code), before);
	}
	assert.equal((await p.get('/v1/vouchers')).json.total, 2);
});

test('a body that is no voucher is refused with the reason', async t => {
	const p = await newProject(server);
	const discount = { type: 'AMOUNT', amount_off: 1 };
	const of = list => `must be equal to one of the allowed values [ ${list} ]`;
	const cases = [
		[{}, "Payload should have required property 'type'"],
		[{ type: 'DISCOUNT_VOUCHER' }, "Payload should have required property 'discount'"],
		[{ type: 'GIFT_VOUCHER' }, "Payload should have required property 'gift'"],
		[{ type: 'GIFT_VOUCHER', discount }, "Payload should have required property 'gift'"],
		[{ type: 'COUPON', discount }, `Property .type ${of('DISCOUNT_VOUCHER, GIFT_VOUCHER')}`],
		[{ type: 'LOYALTY_CARD', loyalty_card: { points: 1 } },
			`Property .type ${of('DISCOUNT_VOUCHER, GIFT_VOUCHER')}`],
		[{ type: 5, discount }, `Property .type ${of('DISCOUNT_VOUCHER, GIFT_VOUCHER')}`],
		[{ discount: {} }, "Property .discount should have required property 'type'"],
		[{ discount: { type: 'HALF' } }, `Property .discount.type ${of('AMOUNT, PERCENT, FIXED, UNIT')}`],
		[{ discount: { type: 'AMOUNT' } }, "Property .discount should have required property 'amount_off'"],
		[{ discount: { type: 'PERCENT' } }, "Property .discount should have required property 'percent_off'"],
		[{ discount: { type: 'FIXED' } }, "Property .discount should have required property 'fixed_amount'"],
		[{ discount: { type: 'AMOUNT', amount_off: 'ten' } }, 'Property .discount.amount_off must be number'],
		[{ discount: { type: 'AMOUNT', amount_off: -1 } }, 'Property .discount.amount_off must be >= 0'],
		[{ discount: { type: 'PERCENT', percent_off: 101 } }, 'Property .discount.percent_off must be <= 100'],
		[{ discount: { type: 'UNIT', unit_off: 1.5 } }, 'Property .discount.unit_off must be integer'],
		[{ discount: { ...discount, effect: 'ALL' } }, `Property .discount.effect ${of('APPLY_TO_ORDER, ' +
			'APPLY_TO_ITEMS, APPLY_TO_ITEMS_PROPORTIONALLY, APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY, ' +
			'APPLY_TO_ITEMS_BY_QUANTITY')}`],
		[{ gift: {} }, "Property .gift should have required property 'amount'"],
		[{ gift: { amount: '1' } }, 'Property .gift.amount must be number'],
		[{ gift: { amount: 1, effect: 'ADD_NEW_ITEMS' } },
			`Property .gift.effect ${of('APPLY_TO_ORDER, APPLY_TO_ITEMS')}`],
		[{ discount, start_date: 'soon' },
			'Property .start_date cannot be recognized as a ISO-8601 compliant date'],
		[{ discount, expiration_date: 20221231 },
			'Property .expiration_date cannot be recognized as a ISO-8601 compliant date'],
		[{ discount, active: 'true' }, 'Property .active must be boolean,null'],
		[{ discount, category: 1 }, 'Property .category must be string,null'],
		[{ discount, additional_info: [] }, 'Property .additional_info must be string,null'],
		[{ discount, metadata: 'x' }, 'Property .metadata must be object,null'],
		[{ discount, metadata: [] }, 'Property .metadata must be object,null'],
		[{ discount, redemption: 5 }, 'Property .redemption must be object,null'],
		[{ discount, redemption: { quantity: '5' } }, 'Property .redemption.quantity must be integer,null'],
		[{ discount, redemption: { quantity: -1 } }, 'Property .redemption.quantity must be >= 0'],
		[{ discount, validation_rules: 'val_1' }, 'Property .validation_rules must be array,null'],
		[{ discount, validation_rules: [1] }, 'Property .validation_rules[0] must be string'],
		[{ discount: 'x' }, 'Property .discount must be object,null'],
		[[], 'Payload must be object'],
		['text', 'Payload must be object'],
		[null, 'Payload must be object'],
		[7, 'Payload must be object']
	];
	for (const [body, details] of cases) {
		await t.test(JSON.stringify(body).slice(0, 90), async () =>
			assertInvalidPayload(await p.post('/v1/vouchers/BAD', body), details));
	}
	assert.deepEqual(await p.allVouchers(), []);
});

/* ---- finding ---- */

test('a code that looks like an id is found as a code', async () => {
	const p = await newProject(server);
	const real = await create(p, 'REAL', { gift: { amount: 1 } });
	const lookalike = `v_${real.id.slice(2).split('').reverse().join('')}`;
	for (const code of [lookalike, 'v_0123456789abcdefghijklmnopqrstuv', 'v_', 'aa_0adad13d6f057f088e'])
		assert.equal((await create(p, code, { gift: { amount: 2 } })).code, code);
	assert.equal((await p.voucher(real.id)).code, 'REAL');
});

test('ids tell nothing about their neighbours', async () => {
	const p = await newProject(server);
	await p.load(giftFile(20));
	const ids = (await p.allVouchers()).map(v => v.id);
	assert.equal(new Set(ids).size, 20);
	for (const id of ids)
		assert.match(id, VOUCHER_ID);
	const { id } = await p.voucher('G0000000');
	for (const other of [id.slice(0, -1), `${id}0`, id.toUpperCase(), id.replace('v_', 'V_')])
		assertNotFound(await p.get(`/v1/vouchers/${other}`), 'voucher', other);
});

/* ---- the list ---- */

const N = 250;
const listed = await newProject(server);
await listed.load(giftFile(N)); // created in one go: the order of the file
for (const code of ['a', 'B', 'z', 'ż', '0'])
	await listed.post(`/v1/vouchers/${encodeURIComponent(code)}`, { gift: { amount: 1 } });
const oldestFirst = [...Array.from({ length: N }, (_, i) => giftCode(i)), 'a', 'B', 'z', 'ż', '0'];
const byCode = [...oldestFirst].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const orders = {
	'created_at': oldestFirst, '-created_at': [...oldestFirst].reverse(),
	'code': byCode, '-code': [...byCode].reverse()
};
const codesOf = ({ json }) => json.vouchers.map(v => v.code);

test('the list is an envelope with the ten newest', async () => {
	const answer = await listed.get('/v1/vouchers');
	assert.deepEqual(Object.keys(answer.json),
		['object', 'data_ref', 'vouchers', 'total', 'has_more']);
	assert.equal(answer.json.object, 'list');
	assert.equal(answer.json.data_ref, 'vouchers');
	assert.equal(answer.json.total, N + 5);
	assert.equal(answer.json.has_more, true);
	assert.deepEqual(codesOf(answer), orders['-created_at'].slice(0, 10));
	for (const voucher of answer.json.vouchers)
		assert.equal(voucher.validation_rules_assignments, undefined);
});

test('starting_after pages through all vouchers in each order, none twice, none left out', async () => {
	for (const [order, codes] of Object.entries(orders)) {
		for (const limit of [7, 85, 100])
			assert.deepEqual((await listed.allVouchers({ order, limit })).map(v => v.code), codes, order);
	}
});

test('starting_after stands fast while vouchers are added before it', async () => {
	const p = await newProject(server);
	await p.load(giftFile(20));
	const first = await p.get('/v1/vouchers?order=code&limit=10');
	await p.load(giftFile(5, { prefix: 'A' }));
	const second = await p.get(`/v1/vouchers?order=code&limit=10&starting_after=${first.json.vouchers[9].id}`);
	assert.deepEqual([...codesOf(first), ...codesOf(second)],
		Array.from({ length: 20 }, (_, i) => giftCode(i)));
	assert.equal(second.json.has_more, false);
	assert.equal(second.json.total, 25);
});

test('page goes through all vouchers in each order', async () => {
	for (const [order, codes] of Object.entries(orders)) {
		const got = [];
		for (let page = 1; page <= 4; page++) {
			const answer = await listed.get(`/v1/vouchers?order=${order}&limit=80&page=${page}`);
			assert.equal(answer.json.has_more, page < 4);
			assert.equal(answer.json.total, N + 5);
			got.push(...codesOf(answer));
		}
		assert.deepEqual(got, codes);
	}
});

test('a page behind the end is empty', async () => {
	const { json } = await listed.get('/v1/vouchers?limit=100&page=99');
	assert.deepEqual(json, {
		object: 'list', data_ref: 'vouchers', vouchers: [], total: N + 5, has_more: false
	});
	const exact = await listed.get(`/v1/vouchers?limit=51&page=5`);
	assert.equal(exact.json.vouchers.length, 51);
	assert.equal(exact.json.has_more, false);
});

test('the default order is -created_at', async () => {
	assert.deepEqual((await listed.get('/v1/vouchers?limit=100')).json,
		(await listed.get('/v1/vouchers?limit=100&order=-created_at')).json);
});
