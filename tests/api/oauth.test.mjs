// SPDX-License-Identifier: MIT
/* OAuth 2.0 client credentials (reference 1.2): tokens, what they may do, and how they end. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import {
	apiServer, assertError, assertNotFound, assertUnauthorized, csv, newProject, raw, REQUEST_ID, until
} from '../support/api.mjs';
import { longshore, shipped } from '../support/server.mjs';

const server = await apiServer();
const tokens = []; // all that were ever made: none may be in the log
const TOKEN = /^[0-9A-Za-z]{64}$/;

after(() => {
	const log = JSON.stringify(server.logs);
	assert.ok(tokens.length > 20);
	for (const token of tokens)
		assert.ok(!log.includes(token), 'a token is in the log');
});

/** A url-encoded POST with a project's keys. */
function form(p, path, fields, { headers = {} } = {}) {
	return server.request('POST', path, {
		project: p?.keys ?? null, headers, body: new URLSearchParams(fields)
	});
}

function ask(p, scope) {
	return form(p, '/v1/oauth/token', { grant_type: 'client_credentials', scope });
}

async function token(p, scope = 'api') {
	const answer = await ask(p, scope);
	assert.equal(answer.status, 200, answer.text);
	tokens.push(answer.json.access_token);
	return answer.json.access_token;
}

const introspect = (p, access_token) => form(p, '/v1/oauth/introspect', { access_token });
const revoke = (p, access_token) => form(p, '/v1/oauth/token/revoke', { access_token });

/** A request with nothing but a token. */
function bearer(access_token, method, path, options = {}) {
	const headers = { Authorization: `Bearer ${access_token}`, ...options.headers };
	return server.request(method, path, { project: null, ...options, headers });
}

function assertForbidden(answer) {
	assertError(answer, {
		code: 403, key: 'missing_required_permission', message: 'Missing permission',
		details: 'User does not have a required permission to perform this operation.'
	});
}

/* ---- asking for one ---- */

test('a token is as the reference shows it', async () => {
	const p = await newProject(server);
	const from = Date.now();
	const answer = await ask(p, 'api');
	assert.equal(answer.status, 200, answer.text);
	const { access_token, client_id, expires_at, expires_in, scope, token_type } = answer.json;
	tokens.push(access_token);
	assert.deepEqual(Object.keys(answer.json),
		['access_token', 'client_id', 'expires_at', 'expires_in', 'scope', 'token_type']);
	assert.match(access_token, TOKEN);
	assert.deepEqual([client_id, expires_in, scope, token_type], [p.keys.app_id, 900, 'api', 'Bearer']);
	assert.ok(expires_at >= Math.floor(from / 1000) + 900 && expires_at <= Date.now() / 1000 + 900);
	assert.equal(answer.headers.get('cache-control'), 'no-store');
	assert.notEqual(await token(p), access_token);
});

test('scopes are taken in any number, each once', async () => {
	const p = await newProject(server);
	for (const [asked, given] of [
		['vouchers campaigns async-actions', 'vouchers campaigns async-actions'],
		['  vouchers   exports vouchers ', 'vouchers exports'],
		['skus SKUs trash-bin metadata-schemas', 'skus SKUs trash-bin metadata-schemas'],
		['redemptions', 'redemptions'] // a part that is not served: it gives access to nothing
	]) {
		const answer = await ask(p, asked);
		assert.equal(answer.status, 200, answer.text);
		assert.equal(answer.json.scope, given);
		tokens.push(answer.json.access_token);
	}
});

test('an unknown scope is named', async () => {
	const p = await newProject(server);
	for (const [asked, message] of [
		['vouchers,campaigns', 'Invalid scope: vouchers,campaigns'],
		['vouchers nothing api no-thing', 'Invalid scope: nothing,no-thing'],
		['VOUCHERS', 'Invalid scope: VOUCHERS'],
		['x'.repeat(5000), `Invalid scope: ${'x'.repeat(400)}`],
		['', 'Invalid scope'],
		['   ', 'Invalid scope']
	])
		assertError(await ask(p, asked), { code: 400, key: 'invalid_scope', message });
	assertError(await form(p, '/v1/oauth/token', { grant_type: 'client_credentials' }),
		{ code: 400, key: 'invalid_scope', message: 'Invalid scope' });
});

test('another grant type is refused', async () => {
	const p = await newProject(server);
	const refused = { code: 400, key: 'invalid_grant_type', message: 'Invalid grant_type' };
	for (const grant_type of ['password', '', 'CLIENT_CREDENTIALS', 'client_credentials '])
		assertError(await form(p, '/v1/oauth/token', { grant_type, scope: 'api' }), refused);
	assertError(await form(p, '/v1/oauth/token', { scope: 'api' }), refused);
	assertError(await form(p, '/v1/oauth/token', {}), refused);
});

test('the body may be a form in any spelling, or JSON', async t => {
	const p = await newProject(server);
	const urlencoded = 'application/x-www-form-urlencoded';
	for (const [what, type, body] of [
		['with a charset', `${urlencoded}; charset=UTF-8`, 'grant_type=client_credentials&scope=api'],
		['in capitals', urlencoded.toUpperCase(), 'grant_type=client_credentials&scope=api'],
		['blanks as +', urlencoded, 'scope=vouchers+exports&grant_type=client_credentials'],
		['blanks as %20', urlencoded, 'scope=vouchers%20exports&grant_type=client_credentials'],
		['escaped names', urlencoded, '%67rant_type=client%5fcredentials&sc%6Fpe=api'],
		['other fields', urlencoded, '&&a&b=&=c&grant_type=client_credentials&scope=api&scope=x'],
		['JSON', 'application/json', '{"grant_type":"client_credentials","scope":"vouchers exports"}']
	]) {
		await t.test(what, async () => {
			const answer = await p.raw({
				method: 'POST', path: '/v1/oauth/token', headers: { 'Content-Type': type }, body
			});
			assert.equal(answer.status, 200, answer.text);
			tokens.push(answer.json.access_token);
			assert.match(answer.json.scope, /^(api|vouchers exports)$/);
		});
	}
});

test('a body that is none of these is refused', async () => {
	const p = await newProject(server);
	const post = (type, body) => p.raw({
		method: 'POST', path: '/v1/oauth/token', headers: { 'Content-Type': type }, body
	});
	assertError(await post('text/plain', 'grant_type=client_credentials&scope=api'), {
		code: 415, key: 'unsupported_media_type', message: 'Unsupported Media Type',
		details: 'Content-Type should be application/x-www-form-urlencoded'
	});
	assert.deepEqual((await post('application/json', '{')).json,
		{ statusCode: 400, error: 'Bad Request', message: 'Invalid request payload JSON format' });
	for (const body of ['[]', '"x"', '{"grant_type":1,"scope":[]}'])
		assert.equal((await post('application/json', body)).json.key, 'invalid_grant_type');
	const large = await post('application/x-www-form-urlencoded', `a=${'x'.repeat(70000)}`);
	assert.equal(large.status, 413);
	assert.equal(large.json.message, 'Payload content length greater than maximum allowed: 65536');
});

test('the endpoints want the key pair, a token is not enough', async () => {
	const p = await newProject(server);
	const t = await token(p);
	for (const path of ['/v1/oauth/token', '/v1/oauth/introspect', '/v1/oauth/token/revoke']) {
		assertUnauthorized(await form(null, path, { access_token: t }));
		assertUnauthorized(await form(null, path, { access_token: t },
			{ headers: { Authorization: `Bearer ${t}` } }));
		assertUnauthorized(await form({ keys: { ...p.keys, app_token: t } }, path, {}));
		const wrong = await p.get(path);
		assert.equal(wrong.status, 405);
		assert.equal(wrong.json.details, 'GET is not supported by this endpoint. Did you mean POST?');
	}
	assert.equal((await introspect(p, t)).json.active, true);
});

/* ---- using it ---- */

test('a token with the scope api does what the key pair does', async () => {
	const p = await newProject(server);
	const t = await token(p);
	assert.equal((await bearer(t, 'GET', '/v1/vouchers')).status, 200);
	const upload = await server.upload('/v1/vouchers/importCSV',
		csv('Code,Voucher Type,Value', 'A,GIFT_VOUCHER,1'),
		{ project: null, headers: { Authorization: `Bearer ${t}` } });
	assert.equal(upload.status, 202, upload.text);
	await p.wait(upload.json.async_action_id);
	assert.equal((await bearer(t, 'GET', '/v1/vouchers/A')).json.code, 'A');
	assertNotFound(await bearer(t, 'GET', '/v1/vouchers/B'), 'voucher', 'B');
	assert.equal((await bearer(t, 'GET', '/v1/async-actions')).json.async_actions.length, 1);
});

test('the scheme and the header are in any case', async () => {
	const p = await newProject(server);
	const t = await token(p);
	for (const [name, scheme] of [['authorization', 'bearer'], ['AUTHORIZATION', 'BEARER'],
		['Authorization', 'Bearer ']]) {
		const headers = { [name]: `${scheme} ${t}` };
		assert.equal((await raw(server, { path: '/v1/vouchers', headers })).status, 200);
	}
});

test('what is no token is 401', async () => {
	const p = await newProject(server);
	const t = await token(p);
	const { app_id, app_token } = p.keys;
	for (const Authorization of ['Bearer', 'Bearer ', t, `Basic ${t}`, `Bearer ${t}x`,
		`Bearer ${t.slice(1)}`, `Bearer ${app_token}`, 'Bearer x', `Bearer ${t} ${t}`])
		assertUnauthorized(await raw(server, { path: '/v1/vouchers', headers: { Authorization } }));
	// A token is no half of a key pair, and where keys are given they have to be right.
	for (const headers of [
		{ 'X-App-Id': app_id, 'X-App-Token': t }, { 'X-App-Id': '', 'X-App-Token': t },
		{ 'X-App-Token': t }, { 'X-App-Id': t, 'X-App-Token': t },
		{ 'X-App-Id': app_id, Authorization: `Bearer ${t}` },
		{ 'X-App-Id': app_id, 'X-App-Token': 'wrong', Authorization: `Bearer ${t}` }
	]) {
		assert.equal((await bearer(t, 'GET', '/v1/vouchers')).status, 200); // it is remembered now
		assertUnauthorized(await raw(server, { path: '/v1/vouchers', headers }));
	}
	const both = { 'X-App-Id': app_id, 'X-App-Token': app_token, Authorization: 'Bearer x' };
	assert.equal((await raw(server, { path: '/v1/vouchers', headers: both })).status, 200);
});

const SCOPES = [
	['vouchers', [
		['GET', '/v1/vouchers'], ['GET', '/v1/vouchers/none'], ['POST', '/v1/vouchers/importCSV'],
		['POST', '/v1/vouchers/bulk/async'], ['DELETE', '/v1/vouchers/none'],
		['GET', '/v1/vouchers/none/transactions']
	]],
	['async-actions', [
		['GET', '/v1/async-actions'], ['GET', '/v1/async-actions/aa_0adad13d6f057f088e'],
		['POST', '/v1/async-actions/aa_0adad13d6f057f088e/cancel'],
		['GET', '/v1/async-actions/aa_0adad13d6f057f088e/report.csv']
	]],
	['categories', [['GET', '/v1/categories'], ['DELETE', '/v1/categories/none']]],
	['exports', [['GET', '/v1/exports'], ['GET', '/v1/exports/none']]],
	['trash-bin', [['GET', '/v1/trash-bin'], ['DELETE', '/v1/trash-bin/none']]]
];

test('a scope covers every method under the path of its name, and no other', async t => {
	const p = await newProject(server);
	for (const [name] of [...SCOPES, ['customers']]) {
		await t.test(name, async () => {
			const access_token = await token(p, `orders ${name}`);
			for (const [path, requests] of SCOPES) {
				for (const [method, url] of requests) {
					const answer = await bearer(access_token, method, url);
					if (path !== name)
						assertForbidden(answer);
					else
						assert.ok(![401, 403].includes(answer.status), `${method} ${url}: ${answer.text}`);
				}
			}
		});
	}
});

test('several scopes add up', async () => {
	const p = await newProject(server);
	const t = await token(p, 'vouchers async-actions');
	assert.equal((await bearer(t, 'GET', '/v1/vouchers')).status, 200);
	assert.equal((await bearer(t, 'GET', '/v1/async-actions')).status, 200);
	assertForbidden(await bearer(t, 'GET', '/v1/categories'));
});

test('a body that is not allowed is not read', async () => {
	const p = await newProject(server);
	const t = await token(p, 'exports');
	const before = (await server.spoolFiles()).length;
	const answer = await server.upload('/v1/vouchers/importCSV', 'x'.repeat(3e6),
		{ project: null, headers: { Authorization: `Bearer ${t}` } });
	assertForbidden(answer);
	assert.equal((await server.spoolFiles()).length, before);
});

/* ---- looking at it ---- */

test('a token that is active is shown as it was given', async () => {
	const p = await newProject(server);
	const given = (await ask(p, 'vouchers exports')).json;
	tokens.push(given.access_token);
	const { status, json } = await introspect(p, given.access_token);
	assert.equal(status, 200);
	assert.deepEqual(Object.keys(json),
		['access_token', 'client_id', 'expires_at', 'expires_in', 'scope', 'token_type', 'active']);
	assert.ok(json.expires_in > 800 && json.expires_in <= 900);
	assert.deepEqual({ ...json, expires_in: 900 }, { ...given, active: true });
});

test('any other token is not active, also one of another project', async () => {
	const p = await newProject(server), other = await newProject(server);
	const foreign = await token(other);
	for (const t of [foreign, 'x', `${foreign} `, p.keys.app_token]) {
		const answer = await introspect(p, t);
		assert.equal(answer.status, 200);
		assert.deepEqual(answer.json, { active: false });
	}
	assert.equal((await introspect(other, foreign)).json.active, true);
});

test('without a token there is nothing to look at or to revoke', async () => {
	const p = await newProject(server);
	for (const path of ['/v1/oauth/introspect', '/v1/oauth/token/revoke']) {
		for (const fields of [{}, { access_token: '' }, { token: 'x' }])
			assertError(await form(p, path, fields),
				{ code: 400, key: 'missing_parameters', message: 'Missing parameters' });
	}
});

/* ---- its end ---- */

test('a revoked token is no token', async () => {
	const p = await newProject(server);
	const t = await token(p), stays = await token(p);
	assert.equal((await bearer(t, 'GET', '/v1/vouchers')).status, 200);
	const answer = await revoke(p, t);
	assert.equal(answer.status, 204);
	assert.equal(answer.text, '');
	assert.deepEqual((await introspect(p, t)).json, { active: false });
	await until(async () => (await bearer(t, 'GET', '/v1/vouchers')).status === 401);
	const again = await revoke(p, t);
	assert.equal(again.status, 404);
	assert.deepEqual(again.json, {});
	assert.match(again.headers.get('x-request-id'), REQUEST_ID);
	assert.equal((await bearer(stays, 'GET', '/v1/vouchers')).status, 200);
});

test('a project cannot revoke or use what is another\'s', async () => {
	const a = await newProject(server), b = await newProject(server);
	const t = await token(b);
	assert.equal((await revoke(a, t)).status, 404);
	await b.load(csv('Code,Voucher Type,Value', 'OF-B,GIFT_VOUCHER,1'));
	await a.load(csv('Code,Voucher Type,Value', 'OF-A,GIFT_VOUCHER,1'));
	assertNotFound(await bearer(t, 'GET', '/v1/vouchers/OF-A'), 'voucher', 'OF-A');
	assert.equal((await bearer(t, 'GET', '/v1/vouchers')).json.total, 1);
	assert.equal((await bearer(t, 'GET', '/v1/vouchers/OF-B')).status, 200);
});

test('a token dies with its key, not with another one', async () => {
	const p = await newProject(server);
	const command = (...words) =>
		longshore(['project', 'keys', ...words, '--store', server.store], { program: shipped });
	const added = await command('add', '--project', p.keys.project_id);
	const second = { keys: JSON.parse(added.stdout) };
	const mortal = await token(second), stays = await token(p);
	assert.equal((await introspect(p, mortal)).json.client_id, second.keys.app_id);
	assert.equal((await bearer(mortal, 'GET', '/v1/vouchers')).status, 200);
	const end = await command('revoke', second.keys.app_id);
	assert.equal(end.code, 0, end.stderr);
	assert.deepEqual((await introspect(p, mortal)).json, { active: false });
	await until(async () => (await bearer(mortal, 'GET', '/v1/vouchers')).status === 401);
	assertUnauthorized(await bearer(mortal, 'GET', '/v1/vouchers'));
	await until(async () => (await ask(second, 'api')).status === 401);
	assert.equal((await bearer(stays, 'GET', '/v1/vouchers')).status, 200);
});

test('a token outlives a restart', async () => {
	const p = await newProject(server);
	const t = await token(p, 'vouchers');
	await server.restart();
	assert.equal((await bearer(t, 'GET', '/v1/vouchers')).status, 200);
	assertForbidden(await bearer(t, 'GET', '/v1/exports'));
});

test('a project has a thousand tokens, then the oldest go', async () => {
	const p = await newProject(server), other = await newProject(server);
	const foreign = await token(other);
	const first = await token(p), made_ms = Date.now();
	await until(() => Date.now() > made_ms, { everyMs: 1 }); // the next ones are younger
	let last;
	for (let made = 1; made < 1000;) {
		const some = Math.min(50, 1000 - made);
		[last] = await Promise.all(Array.from({ length: some }, () => token(p)));
		made += some;
	}
	assert.equal((await introspect(p, first)).json.active, true);
	const one = await token(p);
	assert.deepEqual((await introspect(p, first)).json, { active: false });
	for (const t of [last, one])
		assert.equal((await introspect(p, t)).json.active, true);
	assert.equal((await introspect(other, foreign)).json.active, true);
});

test('only hashes are stored', async () => {
	const p = await newProject(server);
	const t = await token(p);
	await server.stop();
	const [{ hits }] = await server.sql("SELECT count(*) AS hits FROM oauth_tokens " +
		`WHERE CAST(token_hash AS TEXT) LIKE '%${t}%' OR app_id LIKE '%${t}%' OR scope LIKE '%${t}%'`);
	assert.equal(hits, 0);
	const [{ bytes }] = await server.sql('SELECT max(length(token_hash)) AS bytes FROM oauth_tokens');
	assert.equal(bytes, 32);
	await server.start();
	assert.equal((await introspect(p, t)).json.active, true);
});
