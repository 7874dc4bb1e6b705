// SPDX-License-Identifier: MIT
/* Who may ask, and what one project learns of another: nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	apiServer, assertInvalidQuery, assertNotFound, assertSpool, assertUnauthorized, connect, csv, head,
	newProject, raw
} from '../support/api.mjs';
import { longshore, shipped } from '../support/server.mjs';

const server = await apiServer();

const ROUTES = [
	['GET', '/v1/vouchers'],
	['GET', '/v1/vouchers/A'],
	['POST', '/v1/vouchers/A'],
	['POST', '/v1/vouchers/importCSV'],
	['POST', '/v1/vouchers/import'],
	['POST', '/v1/vouchers'],
	['PUT', '/v1/vouchers/A'],
	['DELETE', '/v1/vouchers/A'],
	['POST', '/v1/vouchers/A/enable'],
	['POST', '/v1/vouchers/A/disable'],
	['POST', '/v1/vouchers/A/balance'],
	['GET', '/v1/vouchers/A/transactions'],
	['POST', '/v1/vouchers/bulk/async'],
	['POST', '/v1/vouchers/metadata/async'],
	['GET', '/v1/categories'],
	['POST', '/v1/categories'],
	['GET', '/v1/categories/cat_0adad13d6f057f088e'],
	['PUT', '/v1/categories/cat_0adad13d6f057f088e'],
	['DELETE', '/v1/categories/cat_0adad13d6f057f088e'],
	['GET', '/v1/trash-bin'],
	['DELETE', '/v1/trash-bin/tbe_0adad13d6f057f088e'],
	['GET', '/v1/exports'],
	['POST', '/v1/exports'],
	['GET', '/v1/exports/exp_1'],
	['DELETE', '/v1/exports/exp_1'],
	['POST', '/v1/oauth/token'],
	['POST', '/v1/oauth/introspect'],
	['POST', '/v1/oauth/token/revoke'],
	['GET', '/v1/async-actions'],
	['GET', '/v1/async-actions/aa_0adad13d6f057f088e'],
	['POST', '/v1/async-actions/aa_0adad13d6f057f088e/cancel'],
	['GET', '/v1/async-actions/aa_0adad13d6f057f088e/events'],
	['GET', '/v1/async-actions/aa_0adad13d6f057f088e/report.csv']
];

const FILE = csv('Code,Voucher Type,Value', 'SECRET-CODE,GIFT_VOUCHER,1', ',GIFT_VOUCHER,1');

test('without the right key pair every endpoint of the API is 401', async t => {
	const p = await newProject(server), other = await newProject(server);
	const { app_id, app_token } = p.keys;
	const wrong = {
		'no keys': {},
		'no token': { 'X-App-Id': app_id },
		'no application id': { 'X-App-Token': app_token },
		'empty keys': { 'X-App-Id': '', 'X-App-Token': '' },
		'a wrong token': { 'X-App-Id': app_id, 'X-App-Token': 'wrong' },
		'a token cut short': { 'X-App-Id': app_id, 'X-App-Token': app_token.slice(0, -1) },
		'a token and more': { 'X-App-Id': app_id, 'X-App-Token': `${app_token}0` },
		'the token of another project': { 'X-App-Id': app_id, 'X-App-Token': other.keys.app_token },
		'an unknown application id': { 'X-App-Id': 'unknown', 'X-App-Token': app_token },
		'the keys as a token': { Authorization: `Bearer ${app_token}` },
		'the keys as a password': {
			Authorization: `Basic ${Buffer.from(`${app_id}:${app_token}`).toString('base64')}`
		},
		'both exchanged': { 'X-App-Id': app_token, 'X-App-Token': app_id },
		'management keys': { 'X-App-Id': p.keys.management_id, 'X-App-Token': p.keys.management_token }
	};
	for (const [what, headers] of Object.entries(wrong)) {
		await t.test(what, async () => {
			for (const [method, path] of ROUTES)
				assertUnauthorized(await server.request(method, path, { headers, project: null }));
		});
	}
});

test('an upload without keys is refused before its body is asked for', async () => {
	const request = head('POST', '/v1/vouchers/importCSV', {
		'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 10e9, Expect: '100-continue'
	});
	const socket = await connect(server, request);
	const answer = await new Promise(resolve => socket.once('data', data => resolve(String(data))));
	socket.destroy();
	assert.match(answer, /^HTTP\/1\.1 401 /);
});

test('an upload without keys is answered and leaves nothing in the spool', async () => {
	const before = (await server.spoolFiles()).length;
	const answer = await server.upload('/v1/vouchers/importCSV', 'x'.repeat(3e6), { project: null });
	assertUnauthorized(answer);
	await assertSpool(server, before);
});

test('names of headers are in any case', async () => {
	const p = await newProject(server);
	for (const change of [s => s.toLowerCase(), s => s.toUpperCase(), s => s]) {
		const headers = {
			[change('X-App-Id')]: p.keys.app_id, [change('X-App-Token')]: p.keys.app_token
		};
		assert.equal((await raw(server, { path: '/v1/vouchers', headers })).status, 200);
	}
});

test('the header of the API version is accepted', async () => {
	const p = await newProject(server);
	const headers = { 'X-Voucherify-API-Version': 'v2018-08-01' };
	assert.equal((await p.get('/v1/vouchers', { headers })).status, 200);
});

test('a project that is created beside the running server is served at once', async () => {
	const keys = { app_id: 'late-app', app_token: 'late-token' };
	assertUnauthorized(await server.get('/v1/vouchers', { project: keys }));
	await server.createProject({ appId: keys.app_id, appToken: keys.app_token });
	assert.equal((await server.get('/v1/vouchers', { project: keys })).status, 200);
});

test('keys that the program makes are UUIDs, and good', async () => {
	const { stdout } = await longshore(['project', 'create', '--name', 'żółć', '--store', server.store],
		{ program: shipped });
	const project = JSON.parse(stdout);
	const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
	assert.deepEqual(Object.keys(project),
		['project_id', 'name', 'app_id', 'app_token', 'management_id', 'management_token']);
	assert.match(project.project_id, /^proj_[0-9A-Za-z]{8}$/);
	assert.equal(project.name, 'żółć');
	for (const key of ['app_id', 'app_token', 'management_id', 'management_token'])
		assert.match(project[key], uuid);
	assert.deepEqual((await server.get('/v1/vouchers', { project })).json.vouchers, []);
});

test('an application id belongs to one project', async () => {
	const p = await newProject(server);
	const end = await longshore(['project', 'create', '--name', 'x', '--store', server.store,
		'--app-id', p.keys.app_id, '--app-token', 'other'], { program: shipped });
	assert.equal(end.code, 1);
	assert.equal(end.stdout, '');
	assert.equal(end.stderr, 'longshore: cannot create the project: ' +
		`a project with the application id '${p.keys.app_id}' exists already\n`);
	assert.equal((await p.get('/v1/vouchers')).status, 200);
});

test('a project does not see the vouchers of another', async () => {
	const a = await newProject(server), b = await newProject(server);
	await a.import(FILE);
	const { id } = await a.voucher('SECRET-CODE');

	assertNotFound(await b.get('/v1/vouchers/SECRET-CODE'), 'voucher', 'SECRET-CODE');
	assertNotFound(await b.get(`/v1/vouchers/${id}`), 'voucher', id);
	const { json } = await b.get('/v1/vouchers');
	assert.deepEqual(json, {
		object: 'list', data_ref: 'vouchers', vouchers: [], total: 0, has_more: false
	});
	assertInvalidQuery(await b.get(`/v1/vouchers?starting_after=${id}`),
		'Property .starting_after must be id of a voucher');
});

test('the same code in two projects is two vouchers', async () => {
	const a = await newProject(server), b = await newProject(server);
	await a.load(csv('Code,Voucher Type,Value', 'SAME,GIFT_VOUCHER,1'));
	await b.load(csv('Code,Voucher Type,Value', 'SAME,GIFT_VOUCHER,2'));
	const [va, vb] = [await a.voucher('SAME'), await b.voucher('SAME')];
	assert.equal(va.gift.amount, 100);
	assert.equal(vb.gift.amount, 200);
	assert.notEqual(va.id, vb.id);
	assert.equal(va.updated_at, null);
});

test('a project does not see the actions and reports of another', async () => {
	const a = await newProject(server), b = await newProject(server);
	const { id } = await a.import(FILE);
	for (const path of ['', '?wait=5', '/events', '/report.csv']) {
		const answer = await b.get(`/v1/async-actions/${id}${path}`);
		assertNotFound(answer, 'async_action', id);
		assert.doesNotMatch(answer.text, /SECRET/);
	}
	const { json } = await b.get('/v1/async-actions');
	assert.deepEqual(json, {
		object: 'list', data_ref: 'async_actions', async_actions: [], has_more: false
	});
	assertInvalidQuery(await b.get(`/v1/async-actions?starting_after=${id}`),
		'Property .starting_after must be id of an async action');
});

test('what is not there and what is another\'s answer alike', async () => {
	const a = await newProject(server), b = await newProject(server);
	const { id } = await a.import(FILE);
	const shape = ({ status, json, text }, own) =>
		[status, Object.keys(json), text.length, json.details.replace(own, 'X')];
	const absent = id.slice(0, -4) + '0000';
	assert.deepEqual(
		shape(await b.get(`/v1/async-actions/${id}`), id),
		shape(await b.get(`/v1/async-actions/${absent}`), absent));
});
