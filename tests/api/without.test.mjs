// SPDX-License-Identifier: MIT
/*
 * without.test.mjs - the server without one type of actions. Taking its row out of actions/registry.c is all that removes
 * a type (tests/meson.build builds some): its endpoint is none, and everything else is as before.
 */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { realpathSync } from 'node:fs';

import { assertError, csv, newProject } from '../support/api.mjs';
import { binary, startServer } from '../support/server.mjs';

const built = dirname(realpathSync(binary));
const programOf = type => join(built, `longshore-without-${type.replace('.', '_')}`);

const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const item = code => ({ code, ...DISCOUNT });

async function campaign(p, name, body = {}) {
	const answer = await p.post('/v1/campaigns', { name, voucher: DISCOUNT, ...body });
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

const upload = (p, path, text) => p.server.upload(path, text, { project: p.keys });

/* A request that starts an action of each type; `n` makes the codes its own. */
const starts = {
	'VOUCHERS.IMPORT_CSV': (p, n) => upload(p, '/v1/vouchers/importCSV', csv('Code,Voucher Type,Value', `F${n},GIFT_VOUCHER,1`)),
	'VOUCHERS.IMPORT': (p, n) => p.post('/v1/vouchers/import', [item(`I${n}`)]),
	'VOUCHERS.BULK_UPDATE': p => p.post('/v1/vouchers/bulk/async', [{ code: 'A', metadata: { a: 1 } }]),
	'VOUCHERS.METADATA_UPDATE': p => p.post('/v1/vouchers/metadata/async', { codes: ['A'], metadata: { b: 1 } }),
	'CAMPAIGN.VOUCHERS_IMPORT': (p, n) => p.post('/v1/campaigns/C/import', [{ code: `M${n}` }]),
	'CAMPAIGN.VOUCHERS_IMPORT_CSV': (p, n) => upload(p, '/v1/campaigns/C/importCSV', csv('Code', `N${n}`)),
	'CAMPAIGN.VOUCHERS_GENERATE': p => p.post('/v1/campaigns/C/vouchers?vouchers_count=3', {}),
	'CAMPAIGN.VOUCHERS_DELETE': async (p, n) => {
		await campaign(p, `D${n}`);
		return p.request('DELETE', `/v1/campaigns/D${n}`);
	}
};

async function prepared(server) {
	const p = await newProject(server);
	await campaign(p, 'C');
	assert.equal((await p.post('/v1/vouchers/A', DISCOUNT)).status, 200);
	return p;
}

/* All but one work, in the end. */
async function assertOthersWork(p, missing, n) {
	for (const [type, start] of Object.entries(starts)) {
		if (type === missing)
			continue;
		const { status, text, json } = await start(p, n);
		assert.ok(status === 200 || status === 202, `${type}: ${text}`);
		const action = await p.wait(json.async_action_id);
		assert.deepEqual([action.type, action.operation_status], [type, 'SUCCESS']);
	}
}

function assertNone(answer, details) {
	assertError(answer, { code: 404, key: 'not_found', message: 'Resource not found', details });
}

const NO_ENDPOINT = 'this endpoint is not supported yet';
const none = type => `this server has no actions of type ${type}`;

/* What is said instead, by type; and what is tried besides. */
const missing = {
	'CAMPAIGN.VOUCHERS_IMPORT_CSV': [NO_ENDPOINT, async p => {
		assertNone(await upload(p, '/v1/campaigns/C/importCSV', `Code\n${'x\n'.repeat(2 << 20)}`), NO_ENDPOINT);
	}],
	'VOUCHERS.IMPORT': [NO_ENDPOINT, async p => {
		assert.equal((await p.get('/v1/vouchers/import')).status, 404); // it was not made as a code
		assertNone(await p.post('/v1/vouchers/import', Array.from({ length: 20000 }, (_, i) => item(`many-${i}`))), NO_ENDPOINT);
	}],
	'CAMPAIGN.VOUCHERS_GENERATE': [none('CAMPAIGN.VOUCHERS_GENERATE'), async p => {
		assertNone(await p.post('/v1/campaigns', { name: 'G', voucher: DISCOUNT, vouchers_count: 5 }), none('CAMPAIGN.VOUCHERS_GENERATE'));
		assert.equal((await p.get('/v1/campaigns/G')).status, 404);
		assert.equal((await campaign(p, 'G', { vouchers_count: 1 })).vouchers_count, 1);
		assert.equal((await p.post('/v1/campaigns/C/vouchers', {})).status, 200);
	}],
	'CAMPAIGN.VOUCHERS_DELETE': [NO_ENDPOINT, async p => {
		assert.equal((await p.get('/v1/campaigns/C')).status, 200);
	}]
};

for (const [type, [details, more]] of Object.entries(missing)) {
	test(`without ${type} there is no such action, and all else is there`, async t => {
		const server = await startServer({ t, program: programOf(type) });
		const p = await prepared(server);
		assertNone(await starts[type](p, 0), details);
		await more(p);
		await assertOthersWork(p, type, 1);
		const { status, json } = await p.get(`/v1/async-actions?type=${type}`);
		assert.deepEqual([status, json.async_actions], [200, []]);
		const { json: all } = await p.get('/v1/async-actions?limit=100');
		assert.deepEqual(new Set(all.async_actions.map(a => a.type)), new Set(Object.keys(starts).filter(other => other !== type)));
		const { paths, components } = (await server.get('/openapi.json')).json;
		assert.equal(components.schemas[`AsyncAction.${type}`].description, 'This server has no such actions');
		const started = Object.values(paths).flatMap(path => Object.values(path)).map(o => o['x-async-action-type']);
		assert.ok(!started.includes(type) && started.includes('VOUCHERS.BULK_UPDATE'));
		assert.deepEqual(await server.stop(), { code: 0, signal: null });
	});

	test(`actions of ${type} that there were are still told of`, async t => {
		const server = await startServer({ t });
		const p = await prepared(server);
		const { json: { async_action_id: id } } = await starts[type](p, 0);
		const before = await p.wait(id);
		await server.stop();
		server.program = programOf(type);
		await server.start();
		const { status, json } = await p.get(`/v1/async-actions/${id}`);
		const { result, ...rest } = before;
		assert.equal(status, 200);
		assert.deepEqual(json, rest, `what it came to is not known here: ${JSON.stringify(result)}`);
		const { json: list } = await p.get(`/v1/async-actions?type=${type}`);
		assert.deepEqual(list.async_actions.map(a => [a.id, a.type]), [[id, type]]);
		assert.equal((await p.get(`/v1/async-actions/${id}/report.csv`)).status, 404);
		await assertOthersWork(p, type, 1);
		assert.deepEqual(await server.stop(), { code: 0, signal: null });
	});
}
