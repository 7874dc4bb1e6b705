// SPDX-License-Identifier: MIT
/*
 * exports.test.mjs - /v1/exports: asked for, listed, read by a link that needs no key (reference 4.12).
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import {
	apiServer, assertError, assertInvalidPayload, assertInvalidQuery, assertNotFound, assertUnauthorized, csv, giftFile,
	newProject, parseCsv, raw, TIME, until
} from '../support/api.mjs';
import { onPostgres } from '../support/server.mjs';

const server = await apiServer();
const EXPORT_ID = /^exp_[0-9A-Za-z]{24}$/;
const DEFAULT_FIELDS = ['code', 'voucher_type', 'value', 'discount_type'];

async function create(p, parameters) {
	const answer = await p.post('/v1/exports', { exported_object: 'voucher', parameters });
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

/** The export as it is when it is asked for again; its file has a link then. */
async function get(p, id) {
	const answer = await p.get(`/v1/exports/${id}`);
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

const pathOf = url => url.slice(server.base.length);

/** What is behind a link, without any key. */
const follow = path => raw(server, { path });

/** Rows of a new export's file. */
async function rowsOf(p, parameters) {
	const { id } = await create(p, parameters);
	const answer = await follow(pathOf((await get(p, id)).result.url));
	assert.equal(answer.status, 200, answer.text);
	return parseCsv(answer.text);
}

/* ---- the object ---- */

test('an export is scheduled, then done, then a file', async () => {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,20.5', 'B,GIFT_VOUCHER,1'));
	const answer = await p.post('/v1/exports', { exported_object: 'voucher' });
	assert.equal(answer.status, 200);
	const scheduled = answer.json;
	assert.deepEqual(Object.keys(scheduled), [
		'id', 'object', 'created_at', 'status', 'channel', 'exported_object', 'parameters', 'result', 'user_id'
	]);
	assert.match(scheduled.id, EXPORT_ID);
	assert.match(scheduled.created_at, TIME);
	const { id, created_at, ...rest } = scheduled;
	const common = {
		object: 'export', channel: 'API', exported_object: 'voucher', user_id: null,
		parameters: { order: '-created_at', fields: DEFAULT_FIELDS, filters: { junction: 'and' } }
	};
	assert.deepEqual(rest, { ...common, status: 'SCHEDULED', result: null });

	const done = await get(p, id);
	assert.deepEqual({ ...done, result: null }, { ...common, id, created_at, status: 'DONE', result: null });
	assert.deepEqual(Object.keys(done.result), ['url']);
	assert.match(done.result.url, /^http:\/\/127\.0\.0\.1:\d+\/v1\/exports\/exp_\w{24}\?token=[\w-]{56}$/);

	const file = await follow(pathOf(done.result.url));
	assert.equal(file.status, 200);
	assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8');
	assert.equal(file.headers['content-disposition'], `attachment; filename="${id}.csv"`);
	assert.equal(file.text, 'Code,Voucher Type,Value,Discount Type\nB,GIFT_VOUCHER,1.00,\nA,GIFT_VOUCHER,20.50,\n');
});

test('what was asked for is kept as it came, what was not is filled in', async () => {
	const p = await newProject(server);
	const filters = { junction: 'OR', code: { conditions: { $in: ['a', 'b'], $has_value: '' } }, 'metadata.x': { conditions: { $is: 1.50 } } };
	const { id, parameters } = await create(p, { order: 'code', fields: ['id', 'metadata.x y', 'id'], filters, campaign_id: 'camp_1', more: 1 });
	assert.deepEqual(parameters, { order: 'code', fields: ['id', 'metadata.x y', 'id'], filters, campaign_id: 'camp_1' });
	assert.deepEqual((await get(p, id)).parameters, parameters);
	for (const empty of [{}, null, { order: '', fields: [], filters: null }, { order: null, fields: null, filters: {} }])
		assert.deepEqual((await create(p, empty)).parameters.fields, DEFAULT_FIELDS);
});

test('exports are listed newest first, by page and in both orders', async () => {
	const p = await newProject(server);
	const ids = [];
	for (let i = 0; i < 5; i++)
		ids.push((await create(p, { order: 'code' })).id);
	const newest = [...ids].reverse();
	const { json } = await p.get('/v1/exports');
	assert.deepEqual(Object.keys(json), ['object', 'data_ref', 'exports', 'total']);
	assert.deepEqual([json.object, json.data_ref, json.total], ['list', 'exports', 5]);
	assert.deepEqual(json.exports.map(e => e.id), newest);
	assert.deepEqual(json.exports.map(e => e.status), Array(5).fill('DONE'));
	const listed = async query => (await p.get(`/v1/exports?${query}`)).json.exports.map(e => e.id);
	assert.deepEqual(await listed('order=created_at'), ids);
	assert.deepEqual(await listed('order=-created_at&limit=2'), newest.slice(0, 2));
	assert.deepEqual(await listed('order=-status&limit=2&page=2'), newest.slice(2, 4));
	assert.deepEqual(await listed('order=status&limit=2&page=3'), ids.slice(4));
	assert.deepEqual(await listed('page=2'), []);
	assertInvalidQuery(await p.get('/v1/exports?order=id'),
		'Property .order must be equal to one of the allowed values [ created_at, -created_at, status, -status ]');
	assertInvalidQuery(await p.get('/v1/exports?limit=101'), 'Property .limit must be <= 100');
	assertInvalidQuery(await p.get('/v1/exports?page=101'), 'Property .page must be <= 100');
});

test('a deleted export is gone, and so is its file', async () => {
	const p = await newProject(server);
	const { id } = await create(p);
	const path = pathOf((await get(p, id)).result.url);
	const answer = await p.request('DELETE', `/v1/exports/${id}`);
	assert.equal(answer.status, 204);
	assert.equal(answer.text, '');
	assertNotFound(await p.get(`/v1/exports/${id}`), 'export', id);
	assertNotFound(await p.request('DELETE', `/v1/exports/${id}`), 'export', id);
	assertNotFound(await follow(path), 'export', id);
	assert.equal((await p.get('/v1/exports')).json.total, 0);
});

test('what is no export is not found', async () => {
	const p = await newProject(server);
	for (const id of ['exp_8fNoLwgVPuhoxNzVsr50kq0', 'exp_', 'x', 'exp_323UOPsH42twhJVaDZXf4UNo']) {
		assertNotFound(await p.get(`/v1/exports/${id}`), 'export', id);
		assertNotFound(await p.request('DELETE', `/v1/exports/${id}`), 'export', id);
	}
});

/* ---- who may read ---- */

test('projects never see each other\'s exports', async () => {
	const p = await newProject(server);
	const q = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value', 'MINE,GIFT_VOUCHER,1'));
	await q.load(csv('Code,Voucher Type,Value', 'YOURS,GIFT_VOUCHER,1'));
	const { id } = await create(p);
	const other = await create(q);
	assertNotFound(await q.get(`/v1/exports/${id}`), 'export', id);
	assertNotFound(await q.request('DELETE', `/v1/exports/${id}`), 'export', id);
	assert.deepEqual((await q.get('/v1/exports')).json.exports.map(e => e.id), [other.id]);
	assert.deepEqual((await rowsOf(q, { fields: ['code'] })).slice(1), [['YOURS']]);
	assert.equal((await get(p, id)).id, id);
});

test('a link is for its export alone, to the letter, with or without keys', async () => {
	const p = await newProject(server);
	const { id } = await create(p);
	const other = await create(p);
	const path = pathOf((await get(p, id)).result.url);
	const token = path.split('token=')[1];
	assert.equal((await follow(path)).status, 200);
	assert.equal((await p.raw({ path })).status, 200);
	assertUnauthorized(await follow(`/v1/exports/${id}`));
	assertUnauthorized(await follow(`/v1/exports/${id}?tokens=${token}`));
	assertUnauthorized(await raw(server, { method: 'DELETE', path }));
	const wrong = [
		'', 'x', token.slice(1), `${token}A`, token.slice(0, -1), token.toLowerCase(),
		...[0, 5, 8, 13, 14, 30, 55].map(i => token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1))
	];
	for (const t of wrong) {
		assertNotFound(await follow(`/v1/exports/${id}?token=${t}`), 'export', id);
		assertNotFound(await p.get(`/v1/exports/${id}?token=${t}`), 'export', id);
	}
	assertNotFound(await follow(`/v1/exports/${other.id}?token=${token}`), 'export', other.id);
	assertNotFound(await follow(`/v1/exports/nothing?token=${token}`), 'export', 'nothing');
});

test('a link begins as the server was called', async () => {
	const p = await newProject(server);
	const { id } = await create(p);
	const url = async headers => (await p.raw({ path: `/v1/exports/${id}`, headers })).json.result.url.split('/v1/')[0];
	assert.equal(await url({}), `http://127.0.0.1:${server.port}`);
	assert.equal(await url({ Host: 'promo.example.com' }), 'http://promo.example.com');
	assert.equal(await url({ Host: '[::1]:8080', 'X-Forwarded-Proto': 'https' }), 'https://[::1]:8080');
	assert.equal(await url({ Host: 'a.b', 'X-Forwarded-Proto': 'HTTPS' }), 'https://a.b');
	assert.equal(await url({ Host: 'a.b', 'X-Forwarded-Proto': 'http' }), 'http://a.b');
	assert.equal(await url({ Host: 'a.b', 'X-Forwarded-Proto': 'javascript' }), 'http://a.b');
	assert.equal(await url({ Host: 'a.b"/<script>' }), ''); // no host: the link begins with the path
});

/* ---- the file ---- */

test('every field of the API, and metadata by key', async () => {
	const p = await newProject(server);
	const category = (await p.post('/v1/categories', { name: 'First, or last', hierarchy: 1 })).json;
	await p.load(csv(
		'Code,Voucher Type,Discount Type,Value,Category,Active,Start Date,Expiration Date,Redemption Limit,Redeemed Quantity,Redeemed Amount,Additional Info,Discount effect,Formula,Validation rule ID',
		'GIFT,GIFT_VOUCHER,,20.5,tag,FALSE,2020-01-01,2030-01-01T12:00:00Z,5,2,1.25,"a ""b""",,,',
		'PERCENT,DISCOUNT_VOUCHER,PERCENT,12.5,"First, or last",,,,,,,,APPLY_TO_ITEMS,,val_1'
	));
	const made = await p.post('/v1/vouchers/UNIT', {
		discount: { type: 'UNIT', unit_off: 2, unit_type: 'prod_1', effect: 'ADD_NEW_ITEMS' },
		validity_timeframe: { interval: 'P2D', duration: 'PT1H' }, validity_day_of_week: [1, 2],
		metadata: { n: 1.50, b: true, none: null, list: ['x', 2, 'y,z'], deep: { a: [1] }, 'a.b "c"': 'key' }
	});
	assert.equal(made.status, 200, made.text);
	await p.post('/v1/vouchers/FORMULA', { discount: { type: 'AMOUNT', amount_off_formula: 'IF(A;1;2)' } });
	await p.post('/v1/vouchers/LIMIT', { discount: { type: 'PERCENT', percent_off: 10, amount_limit: 1050 } });
	await p.post('/v1/vouchers/GIFT/balance', { amount: -100, source_id: 's' });

	const fields = [
		'code', 'voucher_type', 'value', 'formula', 'discount_type', 'campaign', 'category', 'start_date',
		'expiration_date', 'gift_balance', 'loyalty_balance', 'redemption_quantity', 'redemption_count', 'active',
		'qr_code', 'bar_code', 'metadata', 'id', 'is_referral_code', 'created_at', 'updated_at',
		'validity_timeframe_interval', 'validity_timeframe_duration', 'validity_day_of_week', 'discount_amount_limit',
		'campaign_id', 'additional_info', 'customer_id', 'discount_effect', 'discount_unit_type', 'discount_unit_effect',
		'validation_rules_id', 'customer_source_id', 'redeemed_quantity', 'metadata.n', 'metadata.b', 'metadata.none',
		'metadata.list', 'metadata.deep', 'metadata.a.b "c"', 'metadata.nothing'
	];
	const [headings, ...rows] = await rowsOf(p, { fields, order: 'code' });
	assert.deepEqual(headings, [
		'Code', 'Voucher Type', 'Value', 'Formula', 'Discount Type', 'Campaign', 'Category', 'Start Date',
		'Expiration Date', 'Gift Balance', 'Loyalty Balance', 'Redemption Quantity', 'Redemption Count', 'Active',
		'QR Code', 'Bar Code', 'Metadata', 'ID', 'Is Referral Code', 'Created At', 'Updated At',
		'Validity Timeframe Interval', 'Validity Timeframe Duration', 'Validity Day Of Week', 'Discount Amount Limit',
		'Campaign ID', 'Additional Info', 'Customer ID', 'Discount Effect', 'Discount Unit Type', 'Discount Unit Effect',
		'Validation Rules ID', 'Customer Source ID', 'Redeemed Quantity', ...fields.slice(34)
	]);
	const file = Object.fromEntries(rows.map(row => [row[0], Object.fromEntries(fields.map((f, i) => [f, row[i]]))]));
	for (const [code, cells] of Object.entries(file)) {
		const v = await p.voucher(code);
		const given = Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ''));
		const common = {
			code, voucher_type: v.type, redemption_count: String(v.redemption.redeemed_quantity),
			redeemed_quantity: String(v.redemption.redeemed_quantity), active: String(v.active), qr_code: v.assets.qr.url,
			bar_code: v.assets.barcode.url, id: v.id, is_referral_code: 'false', created_at: v.created_at,
			...(v.updated_at !== null && { updated_at: v.updated_at })
		};
		assert.deepEqual(given, { ...common, ...expected[code] }, code);
	}
	assert.deepEqual(Object.keys(file), ['FORMULA', 'GIFT', 'LIMIT', 'PERCENT', 'UNIT']);
	assert.equal(category.name, file.PERCENT.category);
});

const expected = {
	GIFT: {
		value: '18.25', gift_balance: '18.25', category: 'tag', start_date: '2020-01-01T00:00:00.000Z',
		expiration_date: '2030-01-01T12:00:00.000Z', redemption_quantity: '5', additional_info: 'a "b"'
	},
	PERCENT: {
		value: '12.5', discount_type: 'PERCENT', category: 'First, or last', discount_effect: 'APPLY_TO_ITEMS',
		validation_rules_id: 'val_1'
	},
	FORMULA: { formula: 'IF(A;1;2)', discount_type: 'AMOUNT' },
	UNIT: {
		value: '2', discount_type: 'UNIT', discount_effect: 'ADD_NEW_ITEMS', discount_unit_effect: 'ADD_NEW_ITEMS',
		discount_unit_type: 'prod_1', validity_timeframe_interval: 'P2D', validity_timeframe_duration: 'PT1H',
		validity_day_of_week: '1,2', 'metadata.n': '1.5', 'metadata.b': 'true', 'metadata.list': 'x,2,y,z',
		'metadata.deep': '{"a":[1]}', 'metadata.a.b "c"': 'key',
		metadata: onPostgres // which keeps keys in an order of its own
			? '{"b":true,"n":1.5,"deep":{"a":[1]},"list":["x",2,"y,z"],"none":null,"a.b \\"c\\"":"key"}'
			: '{"n":1.5,"b":true,"none":null,"list":["x",2,"y,z"],"deep":{"a":[1]},"a.b \\"c\\"":"key"}'
	},
	LIMIT: { value: '10', discount_type: 'PERCENT', discount_amount_limit: '10.50' }
};

test('codes come back as they are, whatever a spreadsheet would make of them', async () => {
	const p = await newProject(server);
	const codes = ['=1+1', '+A', '-B', '@C', '\tD', 'E,F', 'G"H', 'I\nJ', ' K ', "'L", 'ü', '"'];
	for (const code of codes)
		assert.equal((await p.post(`/v1/vouchers/${encodeURIComponent(code)}`, { type: 'GIFT_VOUCHER', gift: { amount: 1 } })).status, 200);
	const rows = await rowsOf(p, { fields: ['code'], order: 'created_at' });
	assert.deepEqual(rows.slice(1).flat(), codes);
});

test('an exported file can be imported again', async () => {
	const p = await newProject(server);
	const q = await newProject(server);
	await p.load(csv(
		'Code,Voucher Type,Discount Type,Value,Category,Active,Start Date,Additional Info',
		'A,GIFT_VOUCHER,,20.55,c,TRUE,2020-01-01,x', 'B,DISCOUNT_VOUCHER,PERCENT,12.5,,FALSE,,', 'C,DISCOUNT_VOUCHER,AMOUNT,3,,,,'
	));
	const fields = ['code', 'voucher_type', 'value', 'discount_type', 'category', 'active', 'start_date', 'additional_info'];
	const { id } = await create(p, { fields, order: 'code' });
	const { text } = await follow(pathOf((await get(p, id)).result.url));
	await q.load(text);
	const strip = ({ id: _, created_at, updated_at, assets, ...rest }) => rest;
	for (const code of ['A', 'B', 'C'])
		assert.deepEqual(strip(await q.voucher(code)), strip(await p.voucher(code)));
});

test('filters and orders are those of the list', async () => {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value,Category,n', 'A,GIFT_VOUCHER,1,x,1', 'B,GIFT_VOUCHER,2,y,2', 'C,GIFT_VOUCHER,3,x,3'));
	await p.load(csv('Code,Voucher Type,Value', 'B,GIFT_VOUCHER,5'));
	assert.equal((await p.request('DELETE', '/v1/vouchers/C')).status, 204);
	const codes = async parameters => (await rowsOf(p, { fields: ['code'], ...parameters })).slice(1).flat().join('');
	for (const [order, want] of Object.entries({ created_at: 'AB', '-created_at': 'BA', updated_at: 'AB', '-updated_at': 'BA', code: 'AB', '-code': 'BA' }))
		assert.equal(await codes({ order }), want, order);
	const filter = (field, conditions) => ({ filters: { [field]: { conditions } } });
	assert.equal(await codes(filter('category', { $is: 'x' })), 'A');
	assert.equal(await codes(filter('metadata.n', { $more_than: 1 })), 'B');
	assert.equal(await codes(filter('metadata.n', { $in: [1, '2'] })), 'BA');
	assert.equal(await codes(filter('active', { $active: {} })), 'BA');
	assert.equal(await codes(filter('code', { $is: ['B'] })), 'B');
	assert.equal(await codes({ filters: { junction: 'or', code: { conditions: { $is: 'A' } }, categories: { conditions: { $is: 'y' } } } }), 'BA');
	assert.equal(await codes({ campaign_id: 'camp_1' }), '');
	assert.equal(await codes(filter('code', { $is: 'nothing' })), '');
});

test('a file shows the vouchers as they are when it is read', async () => {
	const p = await newProject(server);
	const { id } = await create(p, { fields: ['code'] });
	const path = pathOf((await get(p, id)).result.url);
	assert.equal((await follow(path)).text, 'Code\n');
	await p.load(csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1'));
	assert.equal((await follow(path)).text, 'Code\nA\n');
});

test('a long file has every voucher once, in every order; several are read at once', async () => {
	const ROWS = 12000;
	const p = await newProject(server);
	await p.load(giftFile(ROWS));
	await p.load(giftFile(3000, { value: 2, from: 4000 }));
	const orders = ['created_at', '-created_at', 'updated_at', '-updated_at', 'code', '-code'];
	const files = await Promise.all(orders.map(order => rowsOf(p, { fields: ['code', 'id'], order })));
	const ascending = {};
	for (const [i, order] of orders.entries()) {
		const codes = files[i].slice(1).map(row => row[0]);
		assert.equal(codes.length, ROWS, order);
		assert.equal(new Set(codes).size, ROWS, order);
		ascending[order] = codes;
	}
	for (const order of ['created_at', 'updated_at', 'code'])
		assert.deepEqual(ascending[`-${order}`].reverse(), ascending[order]);
	assert.equal(ascending.updated_at.at(-1), 'G0006999');
	const filtered = await rowsOf(p, { fields: ['code'], filters: { code: { conditions: { $ends_with: '00' } } } });
	assert.equal(filtered.length, 1 + ROWS / 100);
});

test('a client that leaves in the middle of a file leaves its place', async () => {
	const p = await newProject(server);
	await p.load(giftFile(20000));
	const fields = Array(20).fill('id');
	const { id } = await create(p, { fields });
	const path = pathOf((await get(p, id)).result.url);
	for (let i = 0; i < 4; i++) {
		await new Promise((resolve, reject) => {
			http.get({ host: '127.0.0.1', port: server.port, path, agent: false }, answer => {
				answer.once('data', () => {
					answer.destroy();
					resolve();
				});
			}).on('error', reject);
		});
	}
	await until(async () => (await follow(path)).text.split('\n').length === 20002, { what: 'a whole file', timeoutMs: 30000 });
});

/* ---- what is refused ---- */

const CONDITIONS = '$in, $not_in, $in_location, $not_in_location, $is, $is_days_ago, $is_days_in_future, $is_not, ' +
	'$has_value, $is_unknown, $contains, $not_contain, $starts_with, $ends_with, $more_than, $less_than, $more_than_ago, ' +
	'$less_than_ago, $more_than_future, $less_than_future, $more_than_equal, $less_than_equal, $after, $before, $count, ' +
	'$count_less, $count_more, $today, $tomorrow, $yesterday, $this_week, $last_week, $next_week, $this_month, ' +
	'$last_month, $next_month, $this_year, $next_year, $last_year, $is_day_of_month, $is_day, $is_month, $is_year, ' +
	'$today_md, $tomorrow_md, $yesterday_md, $this_week_md, $last_week_md, $next_week_md, $this_month_md, ' +
	'$last_month_md, $next_month_md, $is_days_ago_md, $is_more_days_ago_md, $is_less_days_ago_md, ' +
	'$is_days_in_future_md, $is_more_days_in_future_md, $is_less_days_in_future_md, $is_years_ago, $active, $failed, ' +
	'$in_progress, $expired, $before_start, $enabled, $disabled, $redeemed, $redeemable';
const MALFORMED = 'Property .parameters.filters should match either ' +
	'`filters[${field}][conditions][${condition}][${index}]` or `filters[${field}][conditions][${condition}]` format and ' +
	`condition must be one of: ${CONDITIONS}`;

test('a bad request is refused with what is wrong', async () => {
	const p = await newProject(server);
	const of = parameters => ({ exported_object: 'voucher', parameters });
	const cases = [
		[{}, "Payload should have required property 'exported_object'"],
		[{ parameters: {} }, "Payload should have required property 'exported_object'"],
		[[], 'Payload must be object'],
		[{ exported_object: 'vouchers' }, 'Property .exported_object should be equal to one of the allowed values [ voucher, customer, order ]'],
		[{ exported_object: 1 }, 'Property .exported_object should be equal to one of the allowed values [ voucher, customer, order ]'],
		[{ exported_object: 'redemption' }, 'Property .exported_object: exports of redemption are not supported yet'],
		[of(1), 'Property .parameters must be object'],
		[of({ order: 'value' }), 'Property .parameters.order should be equal to one of the allowed values [ created_at, ' +
			'-created_at, updated_at, -updated_at, code, -code ]'],
		[of({ order: 1 }), 'Property .parameters.order must be string'],
		[of({ fields: 'code' }), 'Property .parameters.fields must be array'],
		[of({ fields: ['code', 1] }), 'Property .parameters.fields[1] must be string'],
		[of({ fields: Array(101).fill('code') }), 'Property .parameters.fields must NOT have more than 100 items'],
		[of({ campaign_id: 1 }), 'Property .parameters.campaign_id must be string'],
		[of({ filters: 1 }), MALFORMED],
		[of({ filters: { code: 'A' } }), MALFORMED],
		[of({ filters: { code: { conditions: { $nope: 'A' } } } }), MALFORMED],
		[of({ filters: { code: { conditions: { $is: null } } } }), MALFORMED],
		[of({ filters: { code: { conditions: { $this_week: '' } } } }),
			'Property .parameters.filters.code.conditions.$this_week is not supported, condition must be one of: $is, ' +
			'$is_not, $in, $not_in, $contains, $not_contain, $starts_with, $ends_with, $has_value, $is_unknown'],
		[of({ filters: { nope: { conditions: { $is: 'A' } } } }), 'Property .parameters.filters.nope is not supported'],
		[of({ filters: { junction: 'xor' } }),
			'Property .parameters.filters.junction must be equal to one of the allowed values [ and, or ]'],
		[of({ filters: { code: { conditions: { $in: ['x'.repeat(300000)] } } } }),
			'Property .parameters must NOT be longer than 262144 bytes']
	];
	for (const [body, details] of cases)
		assertInvalidPayload(await p.post('/v1/exports', body), details);
	assertInvalidPayload(await p.request('POST', '/v1/exports'), "Payload should have required property 'exported_object'");
	assertUnauthorized(await server.post('/v1/exports', of({}), { project: null }));
	assert.equal((await p.get('/v1/exports')).json.total, 0);
});

test('an unknown field is named, with those that there are', async () => {
	const p = await newProject(server);
	for (const field of ['nope', 'Code', 'metadata.', '']) {
		const answer = await p.post('/v1/exports', { exported_object: 'voucher', parameters: { fields: ['code', field] } });
		assertError(answer, {
			code: 400, key: 'invalid_export_fields', message: 'Invalid Export',
			details: 'Unsupported field used. Allowed fields: code, voucher_type, value, formula, discount_type, campaign, ' +
				'category, start_date, expiration_date, gift_balance, loyalty_balance, redemption_quantity, redemption_count, ' +
				'active, qr_code, bar_code, id, is_referral_code, created_at, updated_at, validity_timeframe_interval, ' +
				'validity_timeframe_duration, validity_day_of_week, discount_amount_limit, campaign_id, additional_info, ' +
				'customer_id, discount_effect, discount_unit_type, discount_unit_effect, validation_rules_id, ' +
				`customer_source_id, redeemed_quantity, metadata, metadata.<key> (not supported: ${field})`
		});
	}
});

/* ---- customers and orders ---- */

/** The export of `exported_object`, as it was answered. */
async function createOf(p, exported_object, parameters) {
	const answer = await p.post('/v1/exports', { exported_object, parameters });
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

async function textOf(p, exported_object, parameters) {
	const { id } = await createOf(p, exported_object, parameters);
	const answer = await follow(pathOf((await get(p, id)).result.url));
	assert.equal(answer.status, 200, answer.text);
	return answer.text;
}

const rowsOfKind = async (p, kind, parameters) => parseCsv(await textOf(p, kind, parameters));

/** One column without its heading. */
const column = async (p, kind, field, parameters) =>
	(await rowsOfKind(p, kind, { fields: [field], ...parameters })).slice(1).map(row => row[0]);

const save = async (p, path, body) => {
	const answer = await p.post(path, body);
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
};

async function importCustomers(p, contents) {
	const answer = await server.upload('/v1/customers/importCSV', contents, { project: p.keys });
	assert.equal(answer.status, 202, answer.text);
	const action = await p.wait(answer.json.async_action_id);
	assert.equal(action.result.failed_count, 0, JSON.stringify(action.result));
	return action;
}

test('exports of customers and orders have fields of their own when none are asked for', async () => {
	const p = await newProject(server);
	const { id } = await save(p, '/v1/orders', { source_id: 'o', status: 'PAID', customer: { source_id: 'c', name: 'Ann' } });
	const defaults = { customer: ['name', 'source_id'], order: ['id', 'source_id', 'status'] };
	const files = { customer: 'Name,Source ID\nAnn,c\n', order: `ID,Source ID,Status\n${id},o,PAID\n` };
	for (const [kind, fields] of Object.entries(defaults)) {
		const made = await createOf(p, kind);
		assert.equal(made.exported_object, kind);
		assert.deepEqual(made.parameters, { order: '-created_at', fields, filters: { junction: 'and' } });
		assert.equal((await get(p, made.id)).exported_object, kind);
		assert.equal(await textOf(p, kind), files[kind]);
		const kept = { order: 'created_at', fields: ['metadata.a b'], filters: { source_id: { conditions: { $is: 'c' } } } };
		assert.deepEqual((await createOf(p, kind, { ...kept, campaign_id: 'camp_1' })).parameters, kept);
	}
	assert.deepEqual((await p.get('/v1/exports')).json.exports.map(e => e.exported_object).sort(),
		['customer', 'customer', 'customer', 'order', 'order', 'order']);
});

test('every field of a customer is what the API says of it', async () => {
	const p = await newProject(server);
	const fields = [
		'name', 'id', 'description', 'email', 'source_id', 'created_at', 'address_city', 'address_state', 'address_line_1',
		'address_line_2', 'address_country', 'address_postal_code', 'redemptions_total_redeemed', 'redemptions_total_failed',
		'redemptions_total_succeeded', 'redemptions_total_rolled_back', 'redemptions_total_rollback_failed',
		'redemptions_total_rollback_succeeded', 'orders_total_amount', 'orders_total_count', 'orders_average_amount',
		'orders_last_order_amount', 'orders_last_order_date', 'loyalty_points', 'loyalty_referred_customers', 'updated_at',
		'phone', 'birthday', 'metadata', 'birthdate', 'metadata.n', 'metadata.list', 'metadata.a.b "c"', 'metadata.none'
	];
	await save(p, '/v1/customers', { name: 'Only a name' });
	await save(p, '/v1/customers', {
		source_id: 's', name: '=1+1', description: 'a "b"\nc, d', email: 'ä@example.com', phone: '+1', birthdate: '2000-02-29',
		birthday: '1999-12-31', address: { city: 'Bonn', line_1: 'x', country: 'DE' },
		metadata: { n: 1, list: ['x', 2], 'a.b "c"': true }
	});
	await save(p, '/v1/customers', { source_id: 's', address: { city: 'Ulm', line_1: 'x', line_2: '-2', state: 'BW', country: 'DE', postal_code: '01' } });
	const [headings, ...rows] = await rowsOfKind(p, 'customer', { fields, order: 'created_at' });
	assert.deepEqual(headings.slice(0, 7), ['Name', 'ID', 'Description', 'Email', 'Source ID', 'Created At', 'Address City']);
	assert.deepEqual(headings.slice(-5), ['Birthdate', ...fields.slice(-4)]);
	const { customers } = (await p.get('/v1/customers?order=created_at')).json;
	assert.equal(rows.length, 2);
	for (const [i, c] of customers.entries()) {
		const text = v => v === undefined || v === null ? '' : String(v);
		const of = (object, prefix, names) => names.map(name => [`${prefix}${name}`, text(object?.[name])]);
		const want = Object.fromEntries([
			...of(c, '', ['name', 'id', 'description', 'email', 'source_id', 'created_at', 'updated_at', 'phone', 'birthday', 'birthdate']),
			...of(c.address, 'address_', ['city', 'state', 'line_1', 'line_2', 'country', 'postal_code']),
			...of(c.summary.redemptions, 'redemptions_', ['total_redeemed', 'total_failed', 'total_succeeded',
				'total_rolled_back', 'total_rollback_failed', 'total_rollback_succeeded']),
			...of(c.summary.orders, 'orders_', ['total_amount', 'total_count', 'average_amount', 'last_order_amount', 'last_order_date']),
			...of(c.loyalty, 'loyalty_', ['points', 'referred_customers']),
			['metadata', c.metadata ? JSON.stringify(c.metadata) : ''],
			['metadata.n', text(c.metadata?.n)], ['metadata.list', c.metadata ? 'x,2' : ''],
			['metadata.a.b "c"', text(c.metadata?.['a.b "c"'])], ['metadata.none', '']
		]);
		assert.deepEqual(Object.fromEntries(fields.map((f, at) => [f, rows[i][at]])), want);
	}
	assert.equal(rows[1][fields.indexOf('address_city')], 'Ulm');
});

test('every field of an order is what the API says of it', async () => {
	const p = await newProject(server);
	const fields = [
		'id', 'source_id', 'created_at', 'updated_at', 'status', 'amount', 'discount_amount', 'items_discount_amount',
		'total_discount_amount', 'total_amount', 'customer_id', 'referrer_id', 'metadata', 'metadata.k'
	];
	await save(p, '/v1/orders', { status: 'FULFILLED' });
	const made = await save(p, '/v1/orders', {
		source_id: 'o', amount: 7700, discount_amount: 500, metadata: { k: 'v' }, customer: { source_id: 'c' }, referrer: { source_id: 'r' },
		items: [{ product_id: 'x', quantity: 1, amount: 7700, discount_amount: 100 }, { product_id: 'y', discount_amount: 30 }]
	});
	assert.equal((await p.request('PUT', `/v1/orders/${made.id}`, { json: { status: 'PAID' } })).status, 200);
	const [headings, ...rows] = await rowsOfKind(p, 'order', { fields, order: 'created_at' });
	assert.deepEqual(headings, ['ID', 'Source ID', 'Created At', 'Updated At', 'Status', 'Amount', 'Discount Amount',
		'Items Discount Amount', 'Total Discount Amount', 'Total Amount', 'Customer ID', 'Referrer ID', 'Metadata', 'metadata.k']);
	const { orders } = (await p.get('/v1/orders?order=created_at')).json;
	assert.equal(rows.length, 2);
	for (const [i, o] of orders.entries()) {
		const want = fields.map(f => o[f] ?? '').map(String);
		want[12] = o.metadata ? JSON.stringify(o.metadata) : '';
		want[13] = o.metadata?.k ?? '';
		assert.deepEqual(rows[i], want);
	}
	assert.deepEqual(rows[1].slice(4, 10), ['PAID', '7700', '500', '130', '630', '7070']);
	assert.match(rows[1][10], /^cust_/);
});

test('customers in every order, and by filters', async () => {
	const p = await newProject(server);
	const given = [
		{ source_id: 'b', name: 'Zoe', email: 'x@example.com', address: { city: 'Ulm' }, metadata: { n: 1 } },
		{ source_id: 'a', name: 'ann', email: 'y@example.com', address: { city: 'Bonn' }, phone: '1' },
		{ source_id: 'c', name: 'Bob', birthday: '2000-01-01', metadata: { n: 2 } }
	];
	for (const body of given)
		await save(p, '/v1/customers', body);
	await save(p, '/v1/customers', { source_id: 'b', description: 'changed' });
	const list = async parameters => (await column(p, 'customer', 'source_id', parameters)).join('');
	const orders = { created_at: 'bac', updated_at: 'acb', id: 'bac', name: 'cba', email: 'cba', source_id: 'abc' };
	for (const [order, want] of Object.entries(orders)) {
		assert.equal(await list({ order }), want, order);
		assert.equal(await list({ order: `-${order}` }), [...want].reverse().join(''), `-${order}`);
	}
	const filters = [
		['name', { $is: 'ann' }, 'a'], ['name', { $contains: 'o' }, 'bc'], ['email', { $ends_with: 'example.com' }, 'ab'],
		['email', { $is_unknown: '' }, 'c'], ['city', { $is: 'Ulm' }, 'b'], ['address.city', { $in: ['Ulm', 'Bonn'] }, 'ab'],
		['phone', { $has_value: '' }, 'a'], ['birthday', { $is: '2000-01-01' }, 'c'], ['source_id', { $in: ['a', 'c', 'x'] }, 'ac'],
		['metadata.n', { $more_than: 1 }, 'c'], ['metadata.n', { $is: 1 }, 'b'], ['created_at', { $after: '2000-01-01' }, 'abc'],
		['created_at', { $before: '2000-01-01' }, ''], ['updated_at', { $after: '2000-01-01' }, 'b']
	];
	for (const [field, conditions, want] of filters) {
		for (const order of ['source_id', 'created_at']) // by two ways through the table
			assert.equal([...await list({ order, filters: { [field]: { conditions } } })].sort().join(''), want, field);
	}
	assert.equal(await list({ order: 'source_id', filters: { junction: 'or', name: { conditions: { $is: 'ann' } }, city: { conditions: { $is: 'Ulm' } } } }), 'ab');
	const refused = (parameters, details) => p.post('/v1/exports', { exported_object: 'customer', parameters }).then(answer => assertInvalidPayload(answer, details));
	await refused({ order: 'code' }, 'Property .parameters.order should be equal to one of the allowed values [ name, -name, id, -id, ' +
		'email, -email, source_id, -source_id, created_at, -created_at, updated_at, -updated_at ]');
	await refused({ order: '-' }, 'Property .parameters.order should be equal to one of the allowed values [ name, -name, id, -id, ' +
		'email, -email, source_id, -source_id, created_at, -created_at, updated_at, -updated_at ]');
	await refused({ filters: { code: { conditions: { $is: 'A' } } } }, 'Property .parameters.filters.code is not supported');
	await refused({ filters: { 'summary.orders.total_amount': { conditions: { $is: 1 } } } },
		'Property .parameters.filters.summary.orders.total_amount is not supported');
});

test('orders in every order, and by filters', async () => {
	const p = await newProject(server);
	const given = [
		{ source_id: 'b', status: 'PAID', amount: 100, discount_amount: 30 },
		{ source_id: 'a', status: 'CREATED', amount: 200, metadata: { n: 'x' } },
		{ source_id: 'c', status: 'CANCELED', items: [{ amount: 7, discount_amount: 5 }] }
	];
	for (const body of given)
		await save(p, '/v1/orders', body);
	await save(p, '/v1/orders', { source_id: 'b', metadata: { n: 'y' } });
	const list = async parameters => (await column(p, 'order', 'source_id', parameters)).join('');
	for (const [order, want] of Object.entries({ created_at: 'bac', updated_at: 'acb', status: 'cab' })) {
		assert.equal(await list({ order }), want, order);
		assert.equal(await list({ order: `-${order}` }), [...want].reverse().join(''), `-${order}`);
	}
	const filters = [
		['status', { $is: 'PAID' }, 'b'], ['status', { $not_in: ['PAID', 'CREATED'] }, 'c'], ['status', { $contains: 'EATE' }, 'a'],
		['amount', { $more_than: 100 }, 'a'], ['amount', { $less_than_equal: 100 }, 'bc'], ['discount_amount', { $is: 30 }, 'b'],
		['discount_amount', { $is_unknown: '' }, 'ac'], ['total_amount', { $is: 70 }, 'b'], ['total_amount', { $in: [200, 2] }, 'ac'],
		['total_discount_amount', { $more_than_equal: 1 }, 'bc'], ['total_discount_amount', { $is: 5 }, 'c'], ['items_discount_amount', { $is: 5 }, 'c'],
		['items_discount_amount', { $is_unknown: '' }, 'ab'], ['items_discount_amount', { $less_than: 5 }, ''], ['source_id', { $is: 'c' }, 'c'],
		['metadata.n', { $starts_with: 'y' }, 'b'], ['created_at', { $after: '2000-01-01' }, 'abc'], ['updated_at', { $before: '2100-01-01' }, 'b']
	];
	for (const [field, conditions, want] of filters) {
		for (const order of ['status', 'created_at'])
			assert.equal([...await list({ order, filters: { [field]: { conditions } } })].sort().join(''), want, JSON.stringify([field, conditions]));
	}
	assertInvalidPayload(await p.post('/v1/exports', { exported_object: 'order', parameters: { order: 'name' } }),
		'Property .parameters.order should be equal to one of the allowed values [ created_at, -created_at, updated_at, -updated_at, status, -status ]');
});

test('an unknown field of a customer or an order is named, with those that there are', async () => {
	const p = await newProject(server);
	const allowed = {
		customer: 'name, id, description, email, source_id, created_at, address_city, address_state, address_line_1, address_line_2, ' +
			'address_country, address_postal_code, redemptions_total_redeemed, redemptions_total_failed, redemptions_total_succeeded, ' +
			'redemptions_total_rolled_back, redemptions_total_rollback_failed, redemptions_total_rollback_succeeded, ' +
			'orders_total_amount, orders_total_count, orders_average_amount, orders_last_order_amount, orders_last_order_date, ' +
			'loyalty_points, loyalty_referred_customers, updated_at, phone, birthday, metadata, birthdate, metadata.<key>',
		order: 'id, source_id, created_at, updated_at, status, amount, discount_amount, items_discount_amount, ' +
			'total_discount_amount, total_amount, customer_id, referrer_id, metadata, metadata.<key>'
	};
	for (const [exported_object, names] of Object.entries(allowed)) {
		for (const field of ['code', 'Name', 'address', 'metadata.'])
			assertError(await p.post('/v1/exports', { exported_object, parameters: { fields: [field] } }), {
				code: 400, key: 'invalid_export_fields', message: 'Invalid Export',
				details: `Unsupported field used. Allowed fields: ${names} (not supported: ${field})`
			});
	}
});

test('a file of customers can be imported again', async () => {
	const p = await newProject(server);
	const q = await newProject(server);
	const given = [
		{ source_id: 'a', name: '=cmd', description: 'a "b",\nc', email: 'ü@example.com', phone: '-1', birthdate: '2000-02-29',
			address: { city: 'Ulm', state: 'BW', line_1: '1', line_2: '2', country: 'DE', postal_code: '007' } },
		{ source_id: ' b ', name: ' blanks ', address: { country: 'FR' } },
		{ source_id: 'c' }
	];
	for (const body of given)
		await save(p, '/v1/customers', body);
	const fields = [
		'source_id', 'name', 'description', 'email', 'phone', 'birthdate', 'address_city', 'address_state', 'address_line_1',
		'address_line_2', 'address_country', 'address_postal_code'
	];
	await importCustomers(q, await textOf(p, 'customer', { fields, order: 'created_at' }));
	const all = async project => (await project.get('/v1/customers?order=source_id')).json.customers
		.map(({ id, created_at, updated_at, ...rest }) => rest);
	assert.deepEqual(await all(q), await all(p));
	// with its id a customer is changed in its own project
	const { id } = (await p.get('/v1/customers/a')).json;
	const text = await textOf(p, 'customer', { fields: ['id', 'name', 'metadata.k'], filters: { source_id: { conditions: { $is: 'a' } } } });
	await importCustomers(p, text.replace('=cmd', 'New name').replace(/,\n$/, ',v\n'));
	const changed = (await p.get('/v1/customers/a')).json;
	assert.deepEqual([changed.id, changed.name, changed.metadata], [id, 'New name', { 'metadata.k': 'v' }]);
	const elsewhere = await server.upload('/v1/customers/importCSV', text, { project: q.keys });
	await q.wait(elsewhere.json.async_action_id);
	assert.equal((await q.get('/v1/customers?name=%3Dcmd')).json.total, 2); // an id of another project is nobody's: a new customer
});

test('a long file has every customer once, in every order, while others write', async () => {
	const ROWS = 12000;
	const p = await newProject(server);
	const lines = Array.from({ length: ROWS }, (_, i) => `c${String(i).padStart(5, '0')},Name ${i % 7},e${i % 3}@example.com`);
	await importCustomers(p, csv('Source_id,Name,Email', ...lines));
	let writing = true;
	const writer = (async () => { // made, changed and deleted behind the reader
		for (let i = 0; writing; i++) {
			await save(p, '/v1/customers', { source_id: `new${i}`, name: 'Name 3' });
			await save(p, '/v1/customers', { source_id: `c${String(i % ROWS).padStart(5, '0')}`, phone: String(i) });
			await p.request('DELETE', `/v1/customers/new${i}`);
		}
	})();
	const orders = ['created_at', '-created_at', 'name', '-name', 'email', '-email', 'source_id', '-source_id', 'id'];
	for (const order of orders) {
		const ids = (await column(p, 'customer', 'source_id', { order })).filter(id => id.startsWith('c'));
		assert.equal(ids.length, ROWS, order);
		assert.equal(new Set(ids).size, ROWS, order);
	}
	writing = false;
	await writer;
	for (const order of ['created_at', 'updated_at', 'name', 'source_id'])
		assert.deepEqual((await column(p, 'customer', 'source_id', { order: `-${order}` })).reverse(),
			await column(p, 'customer', 'source_id', { order }));
	const some = await column(p, 'customer', 'source_id', { filters: { source_id: { conditions: { $ends_with: '00' } } } });
	assert.equal(some.length, ROWS / 100);
});
