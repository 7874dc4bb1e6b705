/* The three actions that write customers: a CSV file, a bulk update, a metadata update. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer, assertAction, assertInvalidQuery, csv, newProject } from '../support/api.mjs';
import { onPostgres } from '../support/server.mjs';

const server = await apiServer();

async function importFile(project, contents, query = '') {
	const answer = await project.server.upload(`/v1/customers/importCSV${query}`, contents,
		{ project: project.keys });
	assert.equal(answer.status, 202, answer.text);
	const action = await project.wait(answer.json.async_action_id);
	if (query === '')
		assertAction(action);
	return action;
}

async function customer(project, id) {
	const answer = await project.get(`/v1/customers/${encodeURIComponent(id)}`);
	return answer.status === 404 ? undefined : answer.json;
}

test('a file with all columns, in both spellings, makes customers', async () => {
	const project = await newProject(server);
	const action = await importFile(project, csv(
		'Name,Source_id,Description,Email,Phone,Address_line_1,Address_line_2,City,Postal_Code,State,Country,Birthdate,brands,since',
		'Ann,ann@example.com,Good,ann@example.com,+1 (1) 2,Main St 1,Blg 2,Ulm,89073,BW,Germany,1990-07-03,"Nike,Reebok",2022-05-18T10:00:00.000Z',
		'Bob,bob,,,,,,,,,,,,'));
	assert.deepEqual(action.result, {
		message: '2 customer(s) imported successfully, 0 failed.', failed: [], done_count: 2, failed_count: 0
	});
	const ann = await customer(project, 'ann@example.com');
	assert.deepEqual(
		[ann.name, ann.description, ann.email, ann.phone, ann.birthdate, ann.address, ann.metadata],
		['Ann', 'Good', 'ann@example.com', '+1 (1) 2', '1990-07-03',
			{ city: 'Ulm', state: 'BW', line_1: 'Main St 1', line_2: 'Blg 2', country: 'Germany', postal_code: '89073' },
			{ brands: 'Nike,Reebok', since: '2022-05-18T10:00:00.000Z' }]);
	const bob = await customer(project, 'bob');
	assert.ok(!('email' in bob) && !('address' in bob) && !('metadata' in bob));
	await importFile(project, csv('Source_id,Address_City,Address_Postal_Code,Address_State,Address_Country', 'c,Ulm,1,B,G'));
	assert.deepEqual((await customer(project, 'c')).address,
		{ city: 'Ulm', state: 'B', country: 'G', postal_code: '1' });
});

test('by source id a row replaces all of the customer, by id it changes what it gives', async () => {
	const project = await newProject(server);
	const made = (await project.post('/v1/customers', {
		source_id: 's', name: 'Old', email: 'old@example.com', metadata: { a: 1 }, address: { city: 'Ulm' }
	})).json;
	const action = await importFile(project, csv('Source_id,Name,b', 's,New,2'));
	assert.deepEqual(await project.report(action.id), [['1', 's', 'updated', '']]);
	let now = await customer(project, 's');
	assert.deepEqual([now.id, now.name, now.email, now.address, now.metadata, now.created_at],
		[made.id, 'New', undefined, undefined, { b: '2' }, made.created_at]);
	await importFile(project, csv('Id,Source_id,Email,c', `${made.id},other,n@example.com,3`));
	now = await customer(project, 's');
	assert.deepEqual([now.name, now.email, now.metadata], ['New', 'n@example.com', { b: '2', c: '3' }]);
	assert.equal(await customer(project, 'other'), undefined);
});

test('a row with neither makes a new customer each time', async () => {
	const project = await newProject(server);
	const action = await importFile(project, csv('Name,Source_id', 'A,', 'A,', 'B,x'));
	assert.equal(action.result.done_count, 3);
	assert.deepEqual((await project.report(action.id)).map(row => row[2]), ['created', 'created', 'created']);
	const without = await importFile(project, csv('Name', 'C'));
	assert.equal(without.result.done_count, 1);
});

test('rows that repeat a source id are applied in their order; the same file again changes nothing', async () => {
	const project = await newProject(server);
	const file = csv('Source_id,Name,k', 'x,One,1', 'y,Why,', 'x,Two,', 'x,Two,');
	const action = await importFile(project, file);
	assert.deepEqual((await project.report(action.id)).map(row => row[2]),
		['created', 'created', 'updated', 'unchanged']);
	assert.equal((await customer(project, 'x')).name, 'Two');
	assert.ok(!('metadata' in await customer(project, 'x')));
	const last = csv('Source_id,Name,k', 'y,Why,', 'x,Two,');
	const again = await importFile(project, last);
	assert.deepEqual((await project.report(again.id)).map(row => row[2]), ['unchanged', 'unchanged']);
});

test('a bad row fails alone, with its source id and row', async () => {
	const project = await newProject(server);
	const long = 'x'.repeat(513);
	const action = await importFile(project,
		csv('Source_id,Birthdate', 'a,1990-13-01', ',yesterday', 'b,1990-12-01', `${long},`));
	assert.deepEqual(action.result.failed, [
		{ source_id: 'a', row: 1, reason: 'Property .birthdate cannot be recognized as a ISO-8601 compliant date' },
		{ source_id: '', row: 2, reason: 'Property .birthdate cannot be recognized as a ISO-8601 compliant date' },
		{ source_id: '', row: 4, reason: 'Property .source_id must NOT be longer than 512 bytes' }
	]);
	assert.equal(action.result.done_count, 1);
	assert.equal((await customer(project, 'b')).birthdate, '1990-12-01');
});

test('a dry run tells the same and keeps nothing', async () => {
	const project = await newProject(server);
	await project.post('/v1/customers', { source_id: 'old', name: 'Old' });
	const file = csv('Source_id,Name', 'new,A', 'new,A', 'old,B', 'new,C', ',D');
	const dry = await importFile(project, file, '?dry_run=true');
	const outcomes = ['created', 'unchanged', 'updated', 'updated', 'created'];
	assert.deepEqual((await project.report(dry.id)).map(row => row[2]), outcomes);
	assert.equal(await customer(project, 'new'), undefined);
	assert.equal((await customer(project, 'old')).name, 'Old');
	const real = await importFile(project, file);
	assert.deepEqual((await project.report(real.id)).map(row => row[2]), outcomes);
});

test('a file without any column of customers is refused', async () => {
	const project = await newProject(server);
	for (const [file, found] of [
		[csv('Source_id|Name', 'a|A'), 'Source_id|Name'], [csv('<!DOCTYPE html>', '<html>'), '<!DOCTYPE html>'], [csv('x,y', '1,2'), 'x, y']
	]) {
		const { status, json } = await server.upload('/v1/customers/importCSV', file, { project: project.keys });
		assert.deepEqual([status, json.key, json.details],
			[400, 'invalid_payload', `CSV file should have a known column, like 'Source_id' (found: ${found})`]);
	}
	assert.equal((await importFile(project, csv('City,x', 'Ulm,1'))).result.done_count, 1);
});

test('a row without anything is no customer', async () => {
	const project = await newProject(server);
	const action = await importFile(project, csv('Source_id,Name,x', 'a,A,1', ',,', ',Nameless,', ',,2', ','));
	assert.deepEqual([action.result.done_count, action.result.failed],
		[3, [2, 5].map(row => ({ source_id: '', row, reason: 'Source_id is required' }))]);
	assert.equal((await project.get('/v1/customers')).json.total, 3);
});

test('narrowing a list by what is not known is refused', async () => {
	const project = await newProject(server);
	await project.post('/v1/products', { source_id: 'p' });
	for (const [path, name] of [
		['customers?segment_id=seg_1', 'segment_id'], ['customers?filters[name][conditions][$is]=x', 'filters'],
		['orders?[filters][status][conditions][$is]=PAID', 'filters'], ['products/p/skus?filters[x][conditions][$is]=1', 'filters']
	])
		assertInvalidQuery(await project.get(`/v1/${path}`), `Property .${name} is not supported yet`);
	for (const [query, name] of [['created_at=2100-01-01', 'created_at'], ['[updated_at][since]=2100-01-01', 'updated_at'], ['created_at[]=x', 'created_at']])
		assertInvalidQuery(await project.get(`/v1/customers?${query}`), `Property .${name} should be \`${name}[before]\` or \`${name}[after]\``);
	for (const query of ['[created_at][after]=2100-01-01', 'updated_at[after]=2100-01-01', 'created_atx=1', 'created_at[before]=2000-01-01'])
		assert.equal((await project.get(`/v1/products?${query}`)).json.total, query === 'created_atx=1' ? 1 : 0);
});

test('a bulk update creates and merges, and its report says which', async () => {
	const project = await newProject(server);
	await project.post('/v1/customers', { source_id: 'a', name: 'A', email: 'a@example.com', metadata: { x: 1, y: [1] } });
	const action = await project.run('/v1/customers/bulk/async', [
		{ source_id: 'a', name: 'AA', metadata: { y: 2, z: null }, address: { city: 'Ulm' } },
		{ source_id: 'b', phone: '1', id: 'skipped' },
		{ name: 'nobody' },
		{ source_id: 'c', birthdate: 'never' }
	]);
	assertAction(action);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [2, 2]);
	assert.deepEqual(action.result.errors, [
		{ message: 'Invalid payload', details: "Payload should have required property 'source_id'", key: 'invalid_payload', source_id: '' },
		{ message: 'Invalid payload', details: 'Property .birthdate cannot be recognized as a ISO-8601 compliant date', key: 'invalid_payload', source_id: 'c' }
	]);
	const report = await fetch(action.result.reports[0]);
	assert.deepEqual((await report.text()).trim().split(/\r?\n/),
		['source_id,found,updated', 'a,true,true', 'b,false,true', ',false,false', 'c,false,false']);
	const a = await customer(project, 'a');
	assert.deepEqual([a.name, a.email, a.metadata, a.address],
		['AA', 'a@example.com', { x: 1, y: 2, z: null }, { city: 'Ulm' }]);
	assert.equal((await customer(project, 'b')).phone, '1');
	await project.run('/v1/customers/bulk/async', [{ source_id: 'a', address: null }]);
	assert.ok(!('address' in await customer(project, 'a')));
});

test('a body of the wrong shape is refused, none at all counts as empty', async () => {
	const project = await newProject(server);
	const path = '/v1/customers/bulk/async';
	assert.equal((await project.post(path, [{ source_id: 1 }])).json.details, 'Property .source_id must be string (item 0)');
	assert.equal((await project.post(path, [{ source_id: 'a', metadata: [] }])).json.details, 'Property .metadata must be object (item 0)');
	assert.equal((await project.post(path, [{ source_id: 'a', address: 'x' }])).json.details, 'Property .address must be object,null (item 0)');
	assert.equal((await project.post('/v1/customers/metadata/async', { source_ids: [1] })).status, 400);
	const empty = await project.wait((await project.request('POST', path)).json.async_action_id);
	assert.deepEqual([empty.operation_status, empty.result.done_count], ['SUCCESS', 0]);
});

test('an address has the parts that the API knows, as texts', async () => {
	const project = await newProject(server);
	const given = { zip: '1', state: null, line_1: 'Weg 1', city: 'Ulm' };
	const made = (await project.post('/v1/customers', { source_id: 'a', address: given })).json;
	assert.deepEqual(made.address, { city: 'Ulm', line_1: 'Weg 1' });
	for (const address of [{ state: null }, { zip: '1' }, {}])
		assert.ok(!('address' in (await project.request('PUT', '/v1/customers/a', { json: { address } })).json));
	const wrong = { city: 5 };
	const details = 'Property .address.city must be string';
	assert.equal((await project.post('/v1/customers', { address: wrong })).json.details, details);
	assert.equal((await project.request('PUT', '/v1/customers/a', { json: { address: wrong } })).json.details, details);
	assert.equal((await project.post('/v1/customers/bulk/async', [{ source_id: 'a' }, { source_id: 'b', address: wrong }])).json.details, `${details} (item 1)`);
	assert.equal((await project.post('/v1/orders', { customer: { source_id: 'a', address: wrong } })).json.details,
		'Property .customer.address.city must be string');
	assert.equal((await project.post('/v1/orders/import', [{ referrer: { address: wrong } }])).json.details,
		'Property .referrer.address.city must be string (item 0)');
});

test('a metadata update gives all of them the same, and makes those that are missing', async () => {
	const project = await newProject(server);
	await project.post('/v1/customers', { source_id: 'a', metadata: { x: 1 } });
	const action = await project.run('/v1/customers/metadata/async',
		{ source_ids: ['a', 'b', '', 'a'], metadata: { y: 'z' } });
	assertAction(action);
	assert.deepEqual([action.result.done_count, action.result.failed_count], [3, 1]);
	assert.deepEqual((await customer(project, 'a')).metadata, { x: 1, y: 'z' });
	assert.deepEqual((await customer(project, 'b')).metadata, { y: 'z' });
});

test('an import of thousands, then again with a few changes', async () => {
	const project = await newProject(server);
	const line = (i, name) => `c${i},${name},c${i}@example.com,m${i % 7}`;
	const file = names => csv('Source_id,Name,Email,group',
		...Array.from({ length: 30000 }, (_, i) => line(i, names(i))));
	const first = await importFile(project, file(() => 'N'));
	assert.equal(first.result.done_count, 30000);
	const second = await importFile(project, file(i => i % 100 === 0 ? 'M' : 'N'));
	const outcomes = (await project.report(second.id)).map(row => row[2]);
	assert.equal(outcomes.filter(o => o === 'updated').length, 300);
	assert.equal(outcomes.filter(o => o === 'unchanged').length, 29700);
	const last = await customer(project, 'c29900');
	assert.deepEqual([last.name, last.email, last.metadata], ['M', 'c29900@example.com', { group: 'm3' }]);
});

test('an import leaves what a later request has given', async () => {
	const project = await newProject(server);
	const rows = Array.from({ length: 60000 }, (_, i) => `c${i},Import,i@example.com,old`);
	const answer = await project.server.upload('/v1/customers/importCSV',
		csv('Source_id,Name,Email,k', ...rows), { project: project.keys });
	const wanted = ['c7', 'c30000', 'c59999'];
	for (const id of wanted)
		assert.equal((await project.post('/v1/customers', { source_id: id, name: 'Later', metadata: { k: 'new' } })).status, 200);
	const action = await project.wait(answer.json.async_action_id);
	assert.equal(action.status, 'DONE');
	for (const id of wanted) {
		const c = await customer(project, id);
		assert.deepEqual([c.name, c.email, c.metadata.k], ['Later', 'i@example.com', 'new'], id);
	}
});

// What it has made for itself in that transaction is gone with it.
test('the very first slice of a server is given up by the database, and done again', { skip: !onPostgres && 'PostgreSQL only' }, async () => {
	const project = await newProject(await apiServer());
	const ids = Array.from({ length: 10 }, (_, i) => `c${i}`);
	for (const source_id of ids)
		await project.post('/v1/customers', { source_id, name: 'Old' });
	await project.server.change(`CREATE SEQUENCE tried; CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF nextval('tried') = 1 THEN RAISE 'given up' USING ERRCODE = '40001'; END IF; RETURN new; END $$;
		CREATE TRIGGER once BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION once()`);
	const action = await importFile(project, csv('Source_id,Name', ...ids.map((id) => `${id},New`)));
	assert.equal(action.result.done_count, 10);
	assert.deepEqual((await project.report(action.id)).map((row) => row[2]), ids.map(() => 'updated'));
	assert.equal((await customer(project, 'c9')).name, 'New');
});

// The stage has no statistics: left to itself the planner reads the whole table for each slice.
test('rows that are changed are found by their place, without a scan of the table', { skip: !onPostgres && 'PostgreSQL only' }, async () => {
	const project = await newProject(await apiServer());
	const file = (name) => csv('Source_id,Name', ...Array.from({ length: 30000 }, (_, i) => `c${i},${name}`));
	await importFile(project, file('Old'));
	assert.equal((await importFile(project, file('New'))).result.done_count, 30000);
	await project.server.stop(); // a session that ends tells what it has done
	const counts = async () => (await project.server.sql(
		"SELECT seq_tup_read AS read, n_tup_upd AS updated FROM pg_stat_user_tables WHERE relname = 'customers'"))[0];
	for (let i = 0; Number((await counts()).updated) < 30000 && i < 100; i++)
		await new Promise(resolve => setTimeout(resolve, 100));
	const { read, updated } = await counts();
	assert.equal(Number(updated), 30000);
	assert.ok(Number(read) < 30000, `${read} rows read by scans`);
});
