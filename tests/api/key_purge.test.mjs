/* Purging a metadata key: from vouchers, campaigns and customers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, assertNotFound, csv, newProject } from '../support/api.mjs';

const server = await apiServer();

async function purge(project, resource, key, query = '') {
	const action = await project.run(`/v1/metadata-schemas/${resource}/purge${query}`, { key });
	if (query === '')
		assertAction(action);
	return action;
}

async function metadata(project, path) {
	return (await project.get(path)).json.metadata;
}

test('customers lose the key, and only it', async () => {
	const project = await newProject(server), other = await newProject(server);
	const odd = 'a."b\'c d\\é';
	for (const p of [project, other]) {
		await p.post('/v1/customers', { source_id: 'a', metadata: { [odd]: { deep: [1, { x: '}' }] }, keep: 'say "hi", {' } });
		await p.post('/v1/customers', { source_id: 'b', metadata: { [odd]: null } });
		await p.post('/v1/customers', { source_id: 'c', metadata: { nested: { [odd]: 1 }, text: odd } });
		await p.post('/v1/customers', { source_id: 'd', metadata: { z: 1, [odd]: 2 } });
		await p.post('/v1/customers', { source_id: 'e' });
	}
	const action = await purge(project, 'customer', odd);
	assert.equal(action.type, 'CUSTOMERS.METADATA_KEY_PURGE');
	assert.deepEqual(action.result, { message: 'Updated 3 customers.', done_count: 3 });
	assert.deepEqual(await metadata(project, '/v1/customers/a'), { keep: 'say "hi", {' });
	assert.equal(await metadata(project, '/v1/customers/b'), undefined);
	assert.deepEqual(await metadata(project, '/v1/customers/c'), { nested: { [odd]: 1 }, text: odd });
	assert.deepEqual(await metadata(project, '/v1/customers/d'), { z: 1 });
	assert.deepEqual(await metadata(other, '/v1/customers/d'), { z: 1, [odd]: 2 });
	assert.equal((await purge(project, 'customer', odd)).result.message, 'Updated 0 customers.');
});

test('vouchers of campaigns and standalone ones', async () => {
	const project = await newProject(server);
	await project.post('/v1/campaigns', { name: 'C', vouchers_count: 5, metadata: { k: 1, l: 2 },
		voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 100 } } });
	for (let n = 0; n < 5;)
		n = (await project.get('/v1/vouchers?campaign=C')).json.total;
	await project.load(csv('Code,Voucher Type,Value,k,m', 'A,GIFT_VOUCHER,1,x,y', 'B,GIFT_VOUCHER,1,,y'));
	const action = await purge(project, 'voucher', 'k');
	assert.equal(action.result.message, 'Updated 6 vouchers.');
	assert.deepEqual(await metadata(project, '/v1/vouchers/A'), { m: 'y' });
	assert.deepEqual(await metadata(project, '/v1/campaigns/C'), { k: 1, l: 2 });
	const campaigns = await purge(project, 'campaign', 'k');
	assert.deepEqual([campaigns.type, campaigns.result.message], ['CAMPAIGNS.METADATA_KEY_PURGE', 'Updated 1 campaigns.']);
	assert.deepEqual(await metadata(project, '/v1/campaigns/C'), { l: 2 });
});

test('a dry run counts and changes nothing', async () => {
	const project = await newProject(server);
	await project.post('/v1/customers', { source_id: 'a', metadata: { k: 1 } });
	assert.equal((await purge(project, 'customer', 'k', '?dry_run=true')).result.done_count, 1);
	assert.deepEqual(await metadata(project, '/v1/customers/a'), { k: 1 });
});

test('what cannot be purged is refused', async () => {
	const project = await newProject(server);
	assertNotFound(await project.post('/v1/metadata-schemas/redemption/purge', { key: 'k' }), 'metadata schema', 'redemption');
	const answer = await project.post('/v1/metadata-schemas/voucher/purge', {});
	assert.deepEqual([answer.status, answer.json.details], [400, "Payload should have required property 'key'"]);
});

test('a purge sent after an import leaves none of its keys, and keeps what is given later', async () => {
	const project = await newProject(server);
	const upload = rows => project.server.upload('/v1/customers/importCSV', csv('Source_id,k,l', ...rows), { project: project.keys });
	const first = await upload(Array.from({ length: 50000 }, (_, i) => `c${i},v,w`));
	const started = await project.post('/v1/metadata-schemas/customer/purge', { key: 'k' });
	const later = ['c5', 'c49990'];
	for (const id of later)
		await project.post('/v1/customers', { source_id: id, metadata: { k: 'later' } });
	await project.post('/v1/customers', { source_id: 'c6', name: 'Later' });
	await project.wait(first.json.async_action_id);
	const action = await project.wait(started.json.async_action_id);
	assert.equal(action.status, 'DONE');
	assert.equal(action.result.done_count, 49998);
	for (const id of later)
		assert.deepEqual(await metadata(project, `/v1/customers/${id}`), { k: 'later', l: 'w' }, id);
	for (const id of ['c0', 'c6', 'c49999'])
		assert.deepEqual(await metadata(project, `/v1/customers/${id}`), { l: 'w' }, id);
});
