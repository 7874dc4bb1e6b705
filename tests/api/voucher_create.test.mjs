// SPDX-License-Identifier: MIT
/* POST /v1/vouchers: a code in the body, one by code_config, or any; campaigns, categories, validity. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	TIME, VOUCHER_ID, apiServer, assertError, assertInvalidPayload, assertNotFound, newProject
} from '../support/api.mjs';

const server = await apiServer();
const GIFT = { type: 'GIFT_VOUCHER', gift: { amount: 100 } };

async function create(p, body, path = '/v1/vouchers') {
	const answer = await p.post(path, body);
	assert.equal(answer.status, 200, answer.text);
	assert.match(answer.json.id, VOUCHER_ID);
	assert.match(answer.json.created_at, TIME);
	assert.equal(answer.json.updated_at, null);
	assert.deepEqual(await p.voucher(answer.json.code), answer.json);
	assert.deepEqual(await p.voucher(answer.json.id), answer.json);
	return answer.json;
}

function assertBadConfig(answer, details) {
	assertError(answer, {
		code: 400, key: 'invalid_code_config', message: 'Invalid code config', details
	});
}

function assertDuplicate(answer, code) {
	assertError(answer, {
		code: 409, key: 'duplicate_found', message: 'Duplicated resource found',
		details: `Duplicated voucher exists with id ${code}`, resource_id: code, resource_type: 'voucher'
	});
}

/* ---- codes ---- */

test('without a code there is a random one of 8 letters and digits', async () => {
	const p = await newProject(server);
	const codes = new Set();
	for (const body of [GIFT, { ...GIFT, code: null }, { ...GIFT, code_config: null },
		{ ...GIFT, code_config: {} }]) {
		const { code } = await create(p, body);
		assert.match(code, /^[0-9A-Za-z]{8}$/);
		codes.add(code);
	}
	assert.equal(codes.size, 4);
});

test('random codes that are asked for at the same time are different ones', async () => {
	const p = await newProject(server);
	const body = { ...GIFT, code_config: { charset: '0123456789', length: 2 } };
	const answers = await Promise.all(Array.from({ length: 50 }, () => p.post('/v1/vouchers', body)));
	const codes = answers.map(a => a.json.code);
	for (const code of codes)
		assert.match(code, /^\d\d$/);
	assert.equal(new Set(codes).size, 50);
	assert.equal((await p.get('/v1/vouchers')).json.total, 50);
});

test('a code in the body is the code, whatever the config says', async () => {
	const p = await newProject(server);
	for (const code of ['MINE', 'a/b c', 'ż', '%41', 'import', 'x'.repeat(512)])
		assert.equal((await create(p, { ...GIFT, code, code_config: { prefix: 'P' } })).code, code);
	assertDuplicate(await p.post('/v1/vouchers', { ...GIFT, code: 'MINE' }), 'MINE');
	assertDuplicate(await p.post('/v1/vouchers/MINE', GIFT), 'MINE');
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, code: '' }),
		'Property .code must NOT have fewer than 1 characters');
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, code: 7 }),
		'Property .code must be string');
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, code: 'x'.repeat(513) }),
		'Property .code must NOT be longer than 512 bytes');
});

test('a code in the path is the code, whatever the body says', async () => {
	const p = await newProject(server);
	const body = { ...GIFT, code: 'OTHER', code_config: { charset: '' } };
	assert.equal((await create(p, body, '/v1/vouchers/PATH')).code, 'PATH');
	assert.equal(await p.voucher('OTHER'), undefined);
});

test('a config decides what codes look like', async () => {
	const p = await newProject(server);
	const cases = [
		[{ length: 12 }, /^[0-9A-Za-z]{12}$/],
		[{ charset: '01', length: 30 }, /^[01]{30}$/],
		[{ prefix: 'A-', postfix: '-Z' }, /^A-[0-9A-Za-z]{8}-Z$/],
		[{ pattern: 'GIFT-CARD-##########', prefix: 'New-', postfix: '0', length: 2 },
			/^New-GIFT-CARD-[0-9A-Za-z]{10}0$/],
		[{ charset: 'ż€', length: 4, initial_count: 10 }, /^[ż€]{4}$/]
	];
	for (const [code_config, shape] of cases)
		assert.match((await create(p, { ...GIFT, code_config })).code, shape);
});

test('a config that makes no codes is refused', async t => {
	const p = await newProject(server);
	const cases = [
		[{ charset: '' }, 'Property .code_config.charset must NOT have fewer than 1 characters'],
		[{ pattern: 'NONE' }, 'Property .code_config.pattern must have a # for a random character'],
		[{ length: 0 }, 'Property .code_config.length must be >= 1'],
		[{ length: 513 }, 'Property .code_config must NOT make codes longer than 512 bytes'],
		[{ prefix: 'x'.repeat(505) }, 'Property .code_config must NOT make codes longer than 512 bytes']
	];
	for (const [code_config, details] of cases)
		await t.test(details, async () =>
			assertBadConfig(await p.post('/v1/vouchers', { ...GIFT, code_config }), details));
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, code_config: 'x' }),
		'Property .code_config must be object,null');
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, code_config: { length: '8' } }),
		'Property .code_config.length must be integer');
	assert.equal((await p.get('/v1/vouchers')).json.total, 0);
});

test('when all codes of a config are taken, one more is refused', async () => {
	const p = await newProject(server);
	const body = { ...GIFT, code_config: { charset: 'AB', length: 1 } };
	const codes = [(await create(p, body)).code, (await create(p, body)).code];
	assert.deepEqual(codes.sort(), ['A', 'B']);
	const details = 'Property .code_config makes 2 different codes only, and 100 random ones were ' +
		'taken already';
	assertBadConfig(await p.post('/v1/vouchers', body), details);
	assert.equal((await p.get('/v1/vouchers')).json.total, 2);
	await p.request('DELETE', '/v1/vouchers/A'); // in the bin its code stays taken
	assertBadConfig(await p.post('/v1/vouchers', body), details);
	await p.request('DELETE', '/v1/vouchers/B?force=true');
	assert.equal((await create(p, body)).code, 'B');
});

test('a body that is no voucher is refused', async () => {
	const p = await newProject(server);
	const JSON_TYPE = { 'Content-Type': 'application/json' };
	assertInvalidPayload(await p.post('/v1/vouchers', {}), "Payload should have required property 'type'");
	assertInvalidPayload(await p.post('/v1/vouchers', []), 'Payload must be object');
	assertInvalidPayload(await p.request('POST', '/v1/vouchers', { body: '', headers: JSON_TYPE }),
		"Payload should have required property 'type'");
});

test('another project has its own codes', async () => {
	const p = await newProject(server), q = await newProject(server);
	const mine = await create(p, { ...GIFT, code: 'SAME' });
	await create(q, { ...GIFT, code: 'SAME' });
	assert.equal(await q.voucher(mine.id), undefined);
});

/* ---- campaigns ---- */

test('a campaign is not found', async () => {
	const p = await newProject(server);
	const discount = { type: 'AMOUNT', amount_off: 1 };
	for (const [member, id] of [['campaign', 'Gift Card Campaign'], ['campaign_id', 'camp_1']]) {
		for (const path of ['/v1/vouchers', '/v1/vouchers/C'])
			assertNotFound(await p.post(path, { discount, [member]: id }), 'campaign', id);
		assertNotFound(
			await p.post('/v1/vouchers', { type: 'LOYALTY_CARD', loyalty_card: { points: 1 }, [member]: id }),
			'campaign', id);
		assertInvalidPayload(await p.post('/v1/vouchers', { discount, [member]: 7 }),
			`Property .${member} must be string,null`);
	}
	const { campaign, campaign_id } = await create(p, { ...GIFT, campaign: null, campaign_id: null });
	assert.deepEqual([campaign, campaign_id], [null, null]);
});

/* ---- validity ---- */

test('validity is kept and printed', async () => {
	const p = await newProject(server);
	const validity = {
		validity_timeframe: { interval: 'P2D', duration: 'PT1H' },
		validity_day_of_week: [1, 2, 3, 4, 5],
		validity_hours: {
			daily: [{ start_time: '12:00', days_of_week: [1, 2], expiration_time: '14:00' }]
		}
	};
	const got = await create(p, { ...GIFT, ...validity, start_date: '2022-01-01' });
	for (const [member, value] of Object.entries(validity))
		assert.deepEqual(got[member], value);
	const none = await create(p, { ...GIFT, validity_timeframe: null });
	assert.equal(none.validity_timeframe, null);
	assert.equal(none.validity_day_of_week, null);
	assert.ok(!('validity_hours' in none));
	const listed = (await p.get('/v1/vouchers')).json.vouchers;
	assert.deepEqual(listed[1].validity_hours, validity.validity_hours);
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, validity_day_of_week: [0, 7] }),
		'Property .validity_day_of_week[1] must be equal to one of the allowed values ' +
		'[ 0, 1, 2, 3, 4, 5, 6 ]');
	assertInvalidPayload(
		await p.post('/v1/vouchers', { ...GIFT, validity_hours: { daily: [{ start_time: 12 }] } }),
		'Property .validity_hours.daily[0].start_time must be string,null');
});

/* ---- categories ---- */

const newCategory = async (p, name, hierarchy = 1) =>
	(await p.post('/v1/categories', { name, hierarchy })).json;

const categoryOf = ({ category, category_id, categories }) => ({ category, category_id, categories });
const linked = c => ({ category: c.name, category_id: c.id, categories: [c] });
const tagged = name => ({ category: name, category_id: null, categories: [] });

test('a name that is no category stays a tag', async () => {
	const p = await newProject(server);
	await newCategory(p, 'new customers');
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category: 'New Customers' })),
		tagged('New Customers'));
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category: null, category_id: null })),
		tagged(null));
});

test('a name of a category, and an id, is that category', async () => {
	const p = await newProject(server);
	const c = await newCategory(p, 'Ż "1"', 3);
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category: c.name })), linked(c));
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category_id: c.id })), linked(c));
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category_id: c.id, category: 'other' })),
		linked(c));
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category_id: null, category: c.name })),
		linked(c));
	for (const v of (await p.get('/v1/vouchers')).json.vouchers)
		assert.deepEqual(categoryOf(v), linked(c));
});

test('an id of no category, or of another project, is not found', async () => {
	const p = await newProject(server), q = await newProject(server);
	const theirs = await newCategory(q, 'Theirs');
	for (const id of [theirs.id, 'cat_0bb81a481615a37b5e', 'x', '']) {
		for (const path of ['/v1/vouchers', '/v1/vouchers/C'])
			assertNotFound(await p.post(path, { ...GIFT, category_id: id }), 'category', id);
	}
	assertInvalidPayload(await p.post('/v1/vouchers', { ...GIFT, category_id: 7 }),
		'Property .category_id must be string,null');
	assert.deepEqual(categoryOf(await create(p, { ...GIFT, category: 'Theirs' })), tagged('Theirs'));
});
