// SPDX-License-Identifier: MIT
/* Validation rules as a user of the official SDK meets them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer } from '../support/api.mjs';
import { newClient, notFound } from './sdk.mjs';

const server = await apiServer();

test('a rule is made, assigned to a campaign, listed and deleted', async () => {
	const { client } = await newClient(server);
	const rule = await client.validationRules.create({ name: 'R', rules: { 1: { name: 'order.amount', conditions: { $more_than: [1000] } } } });
	assert.equal(rule.rules.logic, '1');
	assert.deepEqual(await client.validationRules.get(rule.id), rule);
	assert.deepEqual((await client.validationRules.list()).data.map(r => r.id), [rule.id]);
	const campaign = await client.campaigns.create({ name: 'C', voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1 } }, validation_rules: [rule.id] });
	assert.equal(campaign.validation_rules_assignments.data[0].rule_id, rule.id);
	await client.validationRules.delete(rule.id);
	await assert.rejects(client.validationRules.get(rule.id), notFound('validation_rules', rule.id));
});
