/* Metadata schemas in bulk actions: what rows are refused for, and what cells become. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, csv, newProject } from '../support/api.mjs';

const server = await apiServer();

const string = { type: 'string', array: false, optional: true };
const number = { type: 'number', array: false, optional: true };

async function schema(project, resource, properties, allow_defined_only = false) {
	const answer = await project.post('/v1/metadata-schemas', { related_object: resource, properties, allow_defined_only });
	assert.equal(answer.status, 200, answer.text);
}

async function upload(project, path, contents) {
	const answer = await project.server.upload(path, contents, { project: project.keys });
	const action = await project.wait(answer.json.async_action_id);
	assertAction(action);
	return action;
}

const get = async (project, path) => (await project.get(path)).json;

test('the documented failures of a customer import', async () => {
	const project = await newProject(server);
	await schema(project, 'customer', {
		acquisition_channel: { ...string, optional: false, eq: ['Facebook', 'Twitter', 'Website'] }
	});
	const reason = value => `acquisition_channel: must be a string, property is required, must be equal to one of Facebook,Twitter,Website (actual value is '${value}')`;
	const action = await upload(project, '/v1/customers/importCSV',
		csv('Source_id,acquisition_channel', 'test-user@example.com,snap', ',snap', 'c,', 'd,Twitter'));
	assert.deepEqual(action.result, {
		message: '1 customer(s) imported successfully, 3 failed.',
		failed: [
			{ source_id: 'test-user@example.com', row: 1, reason: reason('snap') },
			{ source_id: '', row: 2, reason: reason('snap') },
			{ source_id: 'c', row: 3, reason: reason('undefined') }
		], done_count: 1, failed_count: 3
	});
	assert.deepEqual((await get(project, '/v1/customers/d')).metadata, { acquisition_channel: 'Twitter' });
});

test('cells become what the schema says', async () => {
	const project = await newProject(server);
	await schema(project, 'customer', {
		age: number, vip: { ...number, type: 'boolean' }, since: { ...string, type: 'date' }, tags: { ...string, array: true },
		scores: { ...number, array: true }, at: { ...string, type: 'datetime' }
	});
	const action = await upload(project, '/v1/customers/importCSV', csv('Source_id,age,vip,since,tags,scores,at,free',
		'a,42,true,2020-01-02,"x,y","1,2.5",2022-05-18T10:00:00.000Z,7', 'b,null,,,,,,', 'c,x,,,,,,', 'd,,,,,"1,z",,'));
	assert.deepEqual((await get(project, '/v1/customers/a')).metadata, {
		age: 42, vip: true, since: '2020-01-02', tags: ['x', 'y'], scores: [1, 2.5], at: '2022-05-18T10:00:00.000Z', free: '7'
	});
	assert.deepEqual((await get(project, '/v1/customers/b')).metadata, { age: null });
	assert.deepEqual(action.result.failed.map(f => [f.row, f.reason]), [
		[3, "age: must be a number (actual value is 'x')"],
		[4, "scores: must be an array, and every element: must be a number (actual value is '1,z')"]
	]);
});

test('what a new one needs, one that is there does not need again', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'old', name: 'Old' });
	await project.post('/v1/customers', { source_id: 'old' });
	for (const resource of ['product', 'customer'])
		await schema(project, resource, { vendor: { ...string, optional: false }, size: number });
	const reason = "vendor: must be a string, property is required (actual value is 'undefined')";
	for (const [path, list] of [['/v1/products', 'products'], ['/v1/customers', 'customers']]) {
		const bulk = await project.run(`${path}/bulk/async`, [
			{ source_id: 'old', metadata: { size: 1 } }, { source_id: 'new', metadata: { size: 1 } },
			{ source_id: 'full', metadata: { vendor: 'V' } }, { source_id: 'old', metadata: { size: 'big' } }
		]);
		assert.deepEqual([bulk.result.done_count, bulk.result.failed_count], [2, 2], list);
		const kind = { message: 'Metadata validation failed', key: 'metadata_validation_failed' };
		assert.deepEqual(bulk.result.errors, [
			{ message: kind.message, details: reason, key: kind.key, source_id: 'new' },
			{ message: kind.message, details: "size: must be a number (actual value is 'big')", key: kind.key, source_id: 'old' }
		]);
		const many = await project.run(`${path}/metadata/async`, { source_ids: ['old', 'newer'], metadata: { size: 2 } });
		assert.deepEqual([many.result.done_count, many.result.errors.length, many.result.errors[0].key], [1, 1, kind.key]);
		assert.equal((await get(project, `${path}/old`)).metadata.size, 2);
	}
	const file = await upload(project, '/v1/products/importCSV', csv('name,source_id,vendor', 'A,a,', 'B,b,V', 'Older,old,'));
	assert.deepEqual(file.result.failed, [{ row: 1, source_id: 'a', reason }]);
	assert.equal((await get(project, '/v1/products/old')).name, 'Older');
});

test('the same among thousands of new ones', async () => {
	const project = await newProject(server);
	await project.post('/v1/metadata-schemas', { related_object: 'product', properties: { vendor: { ...string, optional: false } } });
	await project.post('/v1/metadata-schemas', { related_object: 'voucher', properties: { vendor: { ...string, optional: false } } });
	const lines = (n, line) => Array.from({ length: n }, (_, i) => line(i));
	const vendor = i => (i % 1000 === 999 ? '' : 'V');
	const kinds = {
		'/v1/products/importCSV': ['name,source_id,vendor', i => `N,x${i},${vendor(i)}`, i => `M,x${i},`],
		'/v1/vouchers/importCSV': ['Code,Voucher Type,Value,vendor', i => `X${i},GIFT_VOUCHER,1,${vendor(i)}`, i => `X${i},GIFT_VOUCHER,2,`]
	};
	for (const [path, [head, first, second]] of Object.entries(kinds)) {
		const failed = [1000, 2000, 3000];
		const made = await upload(project, path, csv(head, ...lines(3000, first)));
		assert.deepEqual([made.result.done_count, made.result.failed.map(f => f.row)], [2997, failed], path);
		const again = await upload(project, path, csv(head, ...lines(3000, second)));
		assert.deepEqual([again.result.done_count, again.result.failed.map(f => f.row)], [2997, failed], path);
		assert.deepEqual(new Set((await project.report(again.id)).map(row => row[2])), new Set(['updated', 'failed']), path);
	}
});

test('vouchers: by file, by JSON, in a campaign, and their updates', async () => {
	const project = await newProject(server);
	await project.load(csv('Code,Voucher Type,Value', 'OLD,GIFT_VOUCHER,1'));
	await schema(project, 'voucher', { unit: { ...number, optional: false } });
	const reason = value => `unit: must be a number, property is required (actual value is '${value}')`;
	const file = await project.import(csv('Code,Voucher Type,Value,unit', 'A,GIFT_VOUCHER,1,EUR', 'B,GIFT_VOUCHER,1,2', 'C,GIFT_VOUCHER,1,', 'OLD,GIFT_VOUCHER,2,'));
	assert.deepEqual(file.result.failed, [{ code: 'A', row: 1, reason: reason('EUR') }, { code: 'C', row: 3, reason: reason('undefined') }]);
	assert.deepEqual([(await project.voucher('B')).metadata, (await project.voucher('OLD')).gift.amount], [{ unit: 2 }, 200]);
	const gift = { type: 'GIFT_VOUCHER', gift: { amount: 1 } };
	const json = await project.run('/v1/vouchers/import', [
		{ code: 'D', ...gift, metadata: { unit: 'EUR' } }, { code: 'E', ...gift }, { code: 'F', ...gift, metadata: { unit: 1 } }]);
	assert.deepEqual(json.result.failed, [{ code: 'D', reason: reason('EUR') }, { code: 'E', reason: reason('undefined') }]);
	const bulk = await project.run('/v1/vouchers/bulk/async', [{ code: 'F', metadata: { unit: 'x' } }, { code: 'F', metadata: { other: 1 } }]);
	assert.deepEqual(bulk.result.errors, [{
		message: 'Metadata validation failed', details: reason('x'), key: 'metadata_validation_failed', code: 'F'
	}]);
	assert.deepEqual((await project.voucher('F')).metadata, { unit: 1, other: 1 });
	await project.post('/v1/campaigns', { name: 'C', metadata: { unit: 5 }, voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1 } } });
	const members = await project.run('/v1/campaigns/C/import', [{ code: 'M1' }, { code: 'M2', metadata: { unit: 'y' } }]);
	assert.deepEqual(members.result.failed, [{ code: 'M2', reason: reason('y') }]);
	assert.deepEqual((await project.voucher('M1')).metadata, { unit: 5 });
});

test('orders, and a schema that allows only what it defines', async () => {
	const project = await newProject(server);
	await schema(project, 'order', { location_id: { ...string, array: true, eq: ['L1', 'L2', 'L3'] } }, true);
	const answer = await project.post('/v1/orders/import', [
		{ source_id: 'a', metadata: { location_id: ['L1', 'L2'] } }, { source_id: 'b', metadata: { location_id: 'L1' } }, { source_id: 'c', metadata: { more: 1 } }
	]);
	const action = await project.wait(answer.json.async_action_id);
	assert.deepEqual(action.result.failed, [
		{ source_id: 'b', reason: "location_id: must be an array, and every element: must be a string, must be equal to one of L1,L2,L3 (actual value is 'L1')" },
		{ source_id: 'c', reason: "more: property is not defined in the metadata schema (actual value is '1')" }
	]);
});

test('items of imported orders, beside the order itself', async () => {
	const project = await newProject(server);
	await schema(project, 'order_item', { unit: { ...number, optional: false } });
	const item = metadata => ({ product_id: 'p', quantity: 1, metadata });
	const rows = [
		{ source_id: 'a', items: [item({ unit: 1 }), item({ unit: 2 })] }, { source_id: 'b', items: [item({ unit: 1 }), item({ unit: 'x\n' })] },
		{ source_id: 'c' }, { source_id: 'd', items: [item()] }, { source_id: 'e', items: [] }
	];
	const run = async () => project.wait((await project.post('/v1/orders/import', rows)).json.async_action_id);
	const reason = value => `unit: must be a number, property is required (actual value is '${value}')`;
	const failed = [{ source_id: 'b', reason: reason('x\n') }, { source_id: 'd', reason: reason('undefined') }];
	assert.deepEqual((await run()).result.failed, failed);
	await schema(project, 'order', { region: { ...string, optional: false } });
	rows.push({ source_id: 'f', metadata: { region: 1 }, items: [item({ unit: 'y' })] }, { source_id: 'g', items: [item({ unit: 1 })] });
	assert.deepEqual((await run()).result.failed, [...failed,
		{ source_id: 'f', reason: "region: must be a string, property is required (actual value is '1')" },
		{ source_id: 'g', reason: "region: must be a string, property is required (actual value is 'undefined')" }]);
	assert.equal((await get(project, '/v1/orders')).total, 3);
});

test('a schema that comes later does not change what was queued; a purge ends a removed definition', async () => {
	const project = await newProject(server);
	await schema(project, 'customer', { k: string, l: string });
	const rows = Array.from({ length: 30000 }, (_, i) => `c${i},v`);
	const started = await project.server.upload('/v1/customers/importCSV', csv('Source_id,k', ...rows), { project: project.keys });
	const strict = await project.request('PUT', '/v1/metadata-schemas/customer', { json: { properties: { k: { ...string, eq: ['w'] } } } });
	assert.equal(strict.status, 200, strict.text);
	assert.equal((await project.wait(started.json.async_action_id)).result.failed_count, 0);
	assert.equal((await project.post('/v1/metadata-schemas/customer/purge', { key: 'k' })).json.details, 'Property k is still defined; remove its definition first');
	await project.request('PUT', '/v1/metadata-schemas/customer', { json: { properties: { k: { ...string, deleted: true } } } });
	const purged = await project.run('/v1/metadata-schemas/customer/purge', { key: 'k' });
	assert.equal(purged.result.done_count, 30000);
	assert.deepEqual(Object.keys((await get(project, '/v1/metadata-schemas/customer')).properties), ['l']);
});
