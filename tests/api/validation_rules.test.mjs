// SPDX-License-Identifier: MIT
/* Validation rules: stored, and assigned to campaigns and their vouchers (reference 6.3, 6.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertInvalidPayload, assertNotFound, newProject, TIME } from '../support/api.mjs';

const server = await apiServer();

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };

async function create(p, path, body) {
	const { status, text, json } = await p.post(path, body);
	assert.equal(status, 200, text);
	return json;
}

test('a rule is answered as it was sent, completed, and found again', async () => {
	const p = await newProject(server);
	const rule = await create(p, '/v1/validation-rules', {
		name: 'Only large orders', rules: { 1: { name: 'order.amount', conditions: { $more_than: [1000] } } }, error: { message: 'too small' },
		applicable_to: { included: [{ object: 'product', id: 'prod_1' }] }, context_type: null, created_at: 'mine'
	});
	const { id, created_at, ...rest } = rule;
	assert.match(id, /^val_[0-9A-Za-z]{24}$/);
	assert.match(created_at, TIME);
	assert.deepEqual(rest, {
		name: 'Only large orders', rules: { 1: { name: 'order.amount', conditions: { $more_than: [1000] } }, logic: '1' }, error: { message: 'too small' },
		applicable_to: { excluded: [], included: [{ object: 'product', id: 'prod_1', strict: false, effect: 'APPLY_TO_EVERY' }], included_all: false },
		context_type: 'global', object: 'validation_rules'
	});
	const plain = await create(p, '/v1/validation-rules', { name: 'Nothing' });
	assert.deepEqual([plain.rules, plain.applicable_to], [{}, { excluded: [], included: [], included_all: false }]);
	assert.deepEqual((await p.get(`/v1/validation-rules/${id}`)).json, rule);
	const { json: list } = await p.get('/v1/validation-rules?limit=1');
	assert.deepEqual(list, { object: 'list', data_ref: 'data', data: [plain], total: 2 });
	assert.equal((await p.request('DELETE', `/v1/validation-rules/${id}`)).status, 204);
	assertNotFound(await p.get(`/v1/validation-rules/${id}`), 'validation_rules', id);
	assertNotFound(await p.request('DELETE', '/v1/validation-rules/val_x'), 'validation_rules', 'val_x');
	const other = await newProject(server);
	assertNotFound(await other.get(`/v1/validation-rules/${plain.id}`), 'validation_rules', plain.id);
});

test('what a rule cannot be is told', async () => {
	const p = await newProject(server);
	assertInvalidPayload(await p.post('/v1/validation-rules', {}), "Payload should have required property 'name'");
	assertInvalidPayload(await p.post('/v1/validation-rules', { name: 'x', rules: [] }), 'Property .rules must be object');
});

test('a campaign has its rule, and so have its vouchers', async () => {
	const p = await newProject(server);
	const rule = await create(p, '/v1/validation-rules', { name: 'R' });
	const campaign = await create(p, '/v1/campaigns', { name: 'C', type: 'AUTO_UPDATE', voucher: DISCOUNT, validation_rules: [rule.id] });
	const { validation_rules_assignments: of } = campaign;
	assert.deepEqual([of.object, of.data_ref, of.total], ['list', 'data', 1]);
	const { id, created_at, ...rest } = of.data[0];
	assert.match(id, /^asgm_/);
	assert.equal(created_at, campaign.created_at);
	assert.deepEqual(rest, { rule_id: rule.id, related_object_id: campaign.id, related_object_type: 'campaign', object: 'validation_rules_assignment' });
	assert.deepEqual((await p.get('/v1/campaigns/C')).json, campaign);
	const voucher = await create(p, '/v1/campaigns/C/vouchers?vouchers_count=1');
	assert.deepEqual(voucher.validation_rules_assignments, of);
	assert.ok(!('validation_rules_assignments' in (await p.get('/v1/campaigns')).json.campaigns[0]));
	const plain = await create(p, '/v1/campaigns', { name: 'D', voucher: DISCOUNT, validation_rules: [] });
	assert.equal(plain.validation_rules_assignments.total, 0);
	assertNotFound(await p.post('/v1/campaigns', { name: 'E', voucher: DISCOUNT, validation_rules: ['val_none'] }), 'validation_rules', 'val_none');
	assertNotFound(await p.get('/v1/campaigns/E'), 'campaign', 'E');
	const card = await create(p, '/v1/campaigns', { name: 'L', voucher: { type: 'LOYALTY_CARD', loyalty_card: { points: 1 } }, validation_rules: [rule.id] });
	assert.equal(card.validation_rules_assignments.total, 0, 'not of a loyalty program');
});
