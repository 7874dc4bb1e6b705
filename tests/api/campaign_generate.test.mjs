// SPDX-License-Identifier: MIT
/* CAMPAIGN.VOUCHERS_GENERATE: codes of a campaign, by the thousand (reference 3.5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, assertError, assertNotFound, csv, newProject, until } from '../support/api.mjs';

const server = await apiServer();

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const DIGITS = '0123456789';

const at = (...parts) => `/v1/campaigns/${parts.map(encodeURIComponent).join('/')}`;

async function projectWith(body = {}) {
	const p = await newProject(server);
	const { status, text, json } = await p.post('/v1/campaigns', { name: 'C', voucher: DISCOUNT, ...body });
	assert.equal(status, 200, text);
	return { p, campaign: json };
}

async function generate(p, n, body, { name = 'C', query = '' } = {}) {
	const { status, text, json } = await p.request('POST', `${at(name, 'vouchers')}?vouchers_count=${n}${query}`, { json: body });
	assert.equal(status, 202, text);
	assert.deepEqual(Object.keys(json), ['async_action_id']);
	const action = await p.wait(json.async_action_id);
	assertAction(action.dry_run ? (({ dry_run: _, ...rest }) => rest)(action) : action);
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_GENERATE');
	return action;
}

const shown = async (p, name = 'C') => (await p.get(at(name))).json;

/** The only action of the project, when it has ended. */
async function onlyAction(p) {
	const { json } = await p.get('/v1/async-actions');
	assert.equal(json.async_actions.length, 1);
	return p.wait(json.async_actions[0].id);
}

test('codes are generated as the campaign says', async () => {
	const { p, campaign } = await projectWith({
		category: 'tag', metadata: { region: 'EU' }, start_date: '2021-01-01',
		voucher: { ...DISCOUNT, redemption: { quantity: 7 }, code_config: { prefix: 'New-', pattern: 'X##-####', charset: 'ABC', postfix: '!' } }
	});
	const action = await generate(p, 500);
	assert.deepEqual([action.status, action.operation_status, action.progress], ['DONE', 'SUCCESS', 100]);
	assert.deepEqual(action.result, { message: 'Generated 500 vouchers.', done_count: 500 });
	const vouchers = await p.allVouchers();
	assert.equal(new Set(vouchers.map(v => v.code)).size, 500);
	for (const v of vouchers) {
		assert.match(v.code, /^New-X[ABC]{2}-[ABC]{4}!$/);
		assert.deepEqual([v.campaign, v.campaign_id, v.category, v.metadata, v.discount, v.redemption.quantity, v.start_date, v.active],
			['C', campaign.id, 'tag', { region: 'EU' }, { type: 'AMOUNT', amount_off: 1000 }, 7, '2021-01-01T00:00:00.000Z', true]);
	}
	const report = await p.report(action.id);
	assert.deepEqual(report.map(row => [row[1], row[2], row[3]]).sort(), vouchers.map(v => [v.code, 'created', '']));
	const now = await shown(p);
	assert.deepEqual([now.vouchers_count, now.vouchers_generation_status, now.creation_status], [500, 'DONE', 'DONE']);
	assert.equal((await p.get(`/v1/vouchers?campaign_id=${campaign.id}&limit=1`)).json.total, 500);
});

test('a request may say otherwise', async () => {
	const { p } = await projectWith({ metadata: { region: 'EU', n: 1 } });
	const { json: category } = await p.post('/v1/categories', { name: 'First', hierarchy: 1 });
	await generate(p, 20, {
		code_config: { length: 5, charset: DIGITS }, category: 'First', redemption: { quantity: 3 }, additional_info: 'info', active: false,
		metadata: { n: 2 }, expiration_date: '2090-01-01', gift: { amount: 5 }
	});
	for (const v of await p.allVouchers()) {
		assert.match(v.code, /^\d{5}$/);
		assert.deepEqual([v.category_id, v.redemption.quantity, v.additional_info, v.active, v.metadata, v.expiration_date, v.discount.amount_off],
			[category.id, 3, 'info', false, { region: 'EU', n: 2 }, '2090-01-01T00:00:00.000Z', 1000]);
	}
	assert.equal((await shown(p)).voucher.code_config.length, 8, 'that of the campaign stays');
});

test('a campaign is made with its codes', async () => {
	const { p, campaign } = await projectWith({ vouchers_count: 3000 });
	assert.deepEqual([campaign.vouchers_count, campaign.creation_status, campaign.vouchers_generation_status], [0, 'IN_PROGRESS', 'IN_PROGRESS']);
	const action = await onlyAction(p);
	assert.equal(action.type, 'CAMPAIGN.VOUCHERS_GENERATE');
	assert.deepEqual(action.result, { message: 'Generated 3000 vouchers.', done_count: 3000 });
	const now = await shown(p);
	assert.deepEqual([now.vouchers_count, now.creation_status, now.vouchers_generation_status], [3000, 'DONE', 'DONE']);
	const { json } = await p.get('/v1/campaigns?campaign_status=DONE');
	assert.deepEqual(json.campaigns.map(c => c.id), [campaign.id]);
	assert.equal((await p.get('/v1/campaigns?campaign_status=IN_PROGRESS')).json.total, 0);
});

test('all codes of a pattern can be had, whatever some of them are taken by', async () => {
	const voucher = { ...DISCOUNT, code_config: { pattern: '###', charset: DIGITS } };
	const { p } = await projectWith({ voucher });
	await p.load(csv('Code,Voucher Type,Discount Type,Value', '007,DISCOUNT_VOUCHER,AMOUNT,1', '123,DISCOUNT_VOUCHER,AMOUNT,1'));
	await p.request('DELETE', '/v1/vouchers/123'); // in the bin: still taken
	assert.equal((await generate(p, 600)).result.done_count, 600);
	const second = await generate(p, 398);
	assert.deepEqual([second.status, second.result], ['DONE', { message: 'Generated 398 vouchers.', done_count: 398 }]);
	assert.equal((await p.report(second.id)).length, 398, 'codes that were taken are no rows of it');
	assert.equal((await p.get('/v1/vouchers?limit=1')).json.total, 999);
	const third = await generate(p, 2);
	assert.deepEqual([third.status, third.operation_status], ['FAILED', 'FAILED']);
	assert.deepEqual(third.result, { message: 'Generated 0 of 2 vouchers: all 1000 codes that the code_config makes are taken.', done_count: 0 });
	assert.equal((await shown(p)).vouchers_count, 998);
});

test('a pattern that cannot yield so many is refused at once', async () => {
	const voucher = { ...DISCOUNT, code_config: { pattern: 'A-##', charset: DIGITS } };
	const { p } = await projectWith({ voucher });
	const refused = (needed, can) => ({
		code: 400, key: 'invalid_code_config', message: 'Invalid code config',
		details: `Property .code_config makes ${can} different codes only, ${needed} are needed`
	});
	assertError(await p.post(`${at('C', 'vouchers')}?vouchers_count=101`, {}), refused(101, 100));
	assertError(await p.post(`${at('C', 'vouchers')}?vouchers_count=11`, { code_config: { pattern: '#', charset: DIGITS } }), refused(11, 10));
	assertError(await p.post('/v1/campaigns', { name: 'D', vouchers_count: 101, voucher }), refused(101, 100));
	assertNotFound(await p.get(at('D')), 'campaign', 'D');
	assert.deepEqual((await p.get('/v1/async-actions')).json.async_actions, []);
});

test('two at once share the codes of one pattern', async () => {
	const { p } = await projectWith({ voucher: { ...DISCOUNT, code_config: { pattern: '####', charset: DIGITS } } });
	const [a, b] = await Promise.all([generate(p, 5000), generate(p, 5000)]);
	assert.deepEqual([a.result.done_count, b.result.done_count], [5000, 5000]);
	assert.equal((await shown(p)).vouchers_count, 10000);
});

test('a cancelled generation keeps what it has, and the campaign is at rest', async () => {
	const { p } = await projectWith();
	const { json } = await p.post(`${at('C', 'vouchers')}?vouchers_count=2000000`, {});
	await until(async () => (await shown(p)).vouchers_count > 0, { what: 'the first codes' });
	assert.equal((await shown(p)).vouchers_generation_status, 'IN_PROGRESS');
	await p.request('POST', `/v1/async-actions/${json.async_action_id}/cancel`);
	const action = await p.wait(json.async_action_id);
	const now = await shown(p);
	assert.equal(action.status, 'FAILED');
	assert.deepEqual([action.result.done_count, now.vouchers_generation_status], [now.vouchers_count, 'DONE']);
});

test('a dry run generates nothing', async () => {
	const { p } = await projectWith();
	const action = await generate(p, 50, {}, { query: '&dry_run=true' });
	assert.deepEqual(action.result, { message: 'Generated 50 vouchers.', done_count: 50 });
	assert.equal((await p.report(action.id)).length, 50);
	assert.equal((await shown(p)).vouchers_count, 0);
	assert.equal((await p.get('/v1/vouchers')).json.total, 0);
});

test('a retry with the same Idempotency-Key is the same action', async () => {
	const { p } = await projectWith();
	const send = () => p.request('POST', `${at('C', 'vouchers')}?vouchers_count=10`, { json: {}, headers: { 'Idempotency-Key': 'once' } });
	const first = await send(), second = await send();
	assert.equal(second.json.async_action_id, first.json.async_action_id);
	await p.wait(first.json.async_action_id);
	assert.equal((await shown(p)).vouchers_count, 10);
});

test('what cannot have codes is refused', async () => {
	const { p } = await projectWith({ type: 'STANDALONE' });
	await p.post('/v1/campaigns', { name: 'P', campaign_type: 'PROMOTION' });
	for (const [name, type] of [['C', 'STANDALONE'], ['P', 'PROMOTION']])
		assertError(await p.post(`${at(name, 'vouchers')}?vouchers_count=2`, {}), {
			code: 400, key: 'invalid_campaign', message: 'Invalid Campaign', details: `You can not generate vouchers for ${type} type campaign.`
		});
	assertNotFound(await p.post(`${at('None', 'vouchers')}?vouchers_count=2`, {}), 'campaign', 'None');
});
