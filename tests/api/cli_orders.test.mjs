// SPDX-License-Identifier: MIT
/*
 * The command line's orders: codes generated, metadata keys purged, metadata schemas shown and changed;
 * and what its help says about the columns of files.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { apiServer, csv, newProject, parseCsv } from '../support/api.mjs';
import { cli, fakeServer, sendJson, start } from '../support/cli.mjs';

const server = await apiServer();
const ID = /aa_[0-9a-f]{18}/;
const NOBODY = { server: { base: 'http://127.0.0.1:1' }, keys: { app_id: 'a', app_token: 'b' } };

const dir = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
after(() => rm(dir, { recursive: true, force: true }));

let files = 0;

async function file(contents, name = 'body.json') {
	const path = join(dir, `${++files}-${name}`);
	await writeFile(path, contents);
	return path;
}

/** The lines, without the parts of which nobody knows how long they take. */
function lines(text) {
	return text.replace(/ after [\d.]+ m?s/g, '').trimEnd().split('\n').filter(line => !line.startsWith('running'));
}

async function withCampaign(name = 'Spring / Sale', more = {}) {
	const p = await newProject(server);
	const answer = await p.post('/v1/campaigns', { name, ...more,
		voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 100 } } });
	assert.equal(answer.status, 200, answer.text);
	return p;
}

async function total(p) {
	return (await p.get('/v1/vouchers')).json.total;
}

async function actions(p) {
	return (await p.get('/v1/async-actions')).json.async_actions;
}

/* ---- generate ---- */

test('codes are generated, told on standard error, and the report has them', async () => {
	const p = await withCampaign();
	const args = ['generate', 'Spring / Sale', '1200', '--pattern', 'S-######'];
	const { code, stdout, stderr } = await cli(args, { project: p });
	assert.equal(code, 0, stderr);
	assert.equal(stdout, '');
	const id = ID.exec(stderr)[0];
	assert.deepEqual(lines(stderr), [
		`generating 1,200 codes for 'Spring / Sale' at ${server.base}`,
		`action ${id}`,
		'DONE: 1,200 rows done',
		'Generated 1200 vouchers.',
		`the codes: longshore actions report ${id}`
	]);
	const report = await cli(['actions', 'report', id], { project: p });
	const codes = report.stdout.trimEnd().split('\n').slice(1).map(line => line.split(',')[1]);
	assert.equal(new Set(codes).size, 1200);
	assert.ok(codes.every(text => /^S-[0-9A-Za-z]{6}$/.test(text)), codes[0]);
});

test('a campaign is meant by its id, too; a body says what the codes are to have', async () => {
	const p = await withCampaign('C');
	const { id } = (await p.get('/v1/campaigns/C')).json;
	const body = JSON.stringify({ code_config: { pattern: 'B-####' }, metadata: { batch: 7 } });
	const named = await cli(['generate', id, '3', '--body', await file(body), '--json'], { project: p });
	assert.equal(named.code, 0, named.stderr);
	const action = JSON.parse(named.stdout);
	assert.deepEqual(action, await p.action(action.id));
	assert.deepEqual([action.type, action.result.done_count], ['CAMPAIGN.VOUCHERS_GENERATE', 3]);
	const piped = await cli(['generate', '--body', '-', 'C', '2'], { project: p, input: body });
	assert.equal(piped.code, 0, piped.stderr);
	const { vouchers } = (await p.get('/v1/vouchers?campaign=C')).json;
	assert.equal(vouchers.length, 5);
	assert.ok(vouchers.every(v => v.code.startsWith('B-') && v.metadata.batch === 7));
});

test('a single code is printed, or with --json the voucher', async () => {
	const p = await withCampaign('C');
	const plain = await cli(['generate', 'C', '1'], { project: p });
	assert.equal(plain.code, 0, plain.stderr);
	assert.equal(plain.stderr, `generating 1 code for 'C' at ${server.base}\n`);
	assert.equal((await p.voucher(plain.stdout.trimEnd())).campaign, 'C');
	const json = await cli(['generate', 'C', '1', '--json'], { project: p });
	assert.equal(JSON.parse(json.stdout).object, 'voucher');
	assert.equal(await total(p), 2);
	assert.deepEqual(await actions(p), []);
});

test('a dry run generates nothing, and says so', async () => {
	const p = await withCampaign('C');
	const { code, stderr } = await cli(['generate', 'C', '10', '--dry-run'], { project: p });
	assert.equal(code, 0, stderr);
	assert.match(stderr, /^generating 10 codes .*, a dry run: nothing will be changed$/m);
	assert.match(stderr, /^dry run: nothing was changed, this is what would have been$/m);
	assert.ok(!stderr.includes('the codes:'), stderr);
	assert.equal(await total(p), 0);
});

test('--no-wait prints the id; the same key is the same order', async () => {
	const p = await withCampaign('C');
	const order = (...more) => cli(['generate', 'C', '5', '--no-wait', '--idempotency-key', 'k', ...more], { project: p });
	const first = await order();
	assert.equal(first.code, 0, first.stderr);
	assert.match(first.stdout, /^aa_[0-9a-f]{18}\n$/);
	assert.deepEqual(JSON.parse((await order('--json')).stdout), { async_action_id: first.stdout.trim() });
	const other = await order('--dry-run');
	assert.equal(other.code, 2);
	assert.match(other.stderr, /Idempotency-Key 'k' was used for another request: .* \(409 conflict, request /);
	await p.wait(first.stdout.trim());
	assert.equal(await total(p), 5);
});

test('codes that run out end the action as FAILED, the exit status is 2', async () => {
	const p = await withCampaign('C');
	assert.equal((await p.post('/v1/vouchers/0', { type: 'GIFT_VOUCHER', gift: { amount: 1 } })).status, 200);
	const body = await file(JSON.stringify({ code_config: { pattern: '#', charset: '01' } }));
	const { code, stderr } = await cli(['generate', 'C', '2', '--body', body], { project: p });
	assert.equal(code, 2, stderr);
	assert.match(stderr, /^FAILED/m);
	assert.ok(!stderr.includes('the codes:'), stderr);
});

test('what the server refuses is told in its words, the exit status is 2', async () => {
	const p = await withCampaign('C');
	await p.post('/v1/campaigns', { name: 'Lone', type: 'STANDALONE', voucher: { type: 'GIFT_VOUCHER', gift: { amount: 1 } } });
	const cases = [
		[['None', '2'], /^longshore: cannot generate codes for 'None': Cannot find campaign with id None \(404 not_found, request v-/m],
		[['..', '2'], /Cannot find campaign with id \.\. \(404 /],
		[['C', '99999999999'], /Property \.vouchers_count must be <= 2147483647 \(400 invalid_query_params/],
		[['Lone', '2'], /You can not generate vouchers for STANDALONE type campaign\. \(400 invalid_campaign/],
		[['C', '2', '--body', await file('[]')], /Payload must be object \(400 invalid_payload/]
	];
	for (const [args, pattern] of cases) {
		const { code, stdout, stderr } = await cli(['generate', ...args], { project: p });
		assert.equal(code, 2, stderr);
		assert.equal(stdout, '');
		assert.match(stderr, pattern);
	}
	assert.deepEqual(await actions(p), []);
});

/* ---- purge ---- */

async function withKeys() {
	const p = await newProject(server);
	await p.load(csv('Code,Voucher Type,Value,region,size', 'A,GIFT_VOUCHER,1,north,1', 'B,GIFT_VOUCHER,1,,2', 'C,GIFT_VOUCHER,1,south,3'));
	return p;
}

test('a purge has to be said: without --yes it tells what would go, and asks nobody', async () => {
	const { code, stdout, stderr } = await cli(['purge', 'vouchers', 'region'], { project: NOBODY });
	assert.deepEqual([code, stderr], [2, '']);
	assert.equal(stdout, "this would remove the metadata key 'region' with its values from all vouchers of the project, for good\n" +
		'nothing was removed; say --yes to do it, or --dry-run to count who has it\n');
});

test('a dry run counts, --yes purges, and other keys stay', async () => {
	const p = await withKeys();
	const dry = await cli(['purge', 'voucher', 'region', '--dry-run'], { project: p });
	assert.equal(dry.code, 0, dry.stderr);
	assert.deepEqual(lines(dry.stderr).slice(2), [
		'DONE: 2 rows done', 'Updated 2 vouchers.', 'dry run: nothing was changed, this is what would have been'
	]);
	assert.deepEqual((await p.voucher('A')).metadata, { region: 'north', size: '1' });
	const { code, stdout, stderr } = await cli(['purge', 'voucher', 'region', '--yes'], { project: p });
	assert.equal(code, 0, stderr);
	assert.equal(stdout, '');
	assert.deepEqual(lines(stderr), [
		`purging 'region' from all vouchers at ${server.base}`, `action ${ID.exec(stderr)[0]}`,
		'DONE: 2 rows done', 'Updated 2 vouchers.'
	]);
	assert.deepEqual((await p.voucher('A')).metadata, { size: '1' });
	const again = await cli(['purge', 'voucher', 'region', '--yes', '--json'], { project: p });
	assert.equal(JSON.parse(again.stdout).result.message, 'Updated 0 vouchers.');
	const id = await cli(['purge', 'voucher', 'region', '--yes', '--no-wait'], { project: p });
	assert.equal((await p.wait(id.stdout.trim())).type, 'VOUCHERS.METADATA_KEY_PURGE');
});

test('each of the five resources, by one name or many', async () => {
	const p = await newProject(server);
	for (const name of ['voucher', 'campaign', 'customer', 'product', 'order']) {
		for (const spelling of [name, `${name}s`]) {
			const { code, stdout, stderr } = await cli(['purge', spelling, 'k', '--yes', '--json'], { project: p });
			assert.equal(code, 0, stderr);
			assert.equal(JSON.parse(stdout).type, `${name.toUpperCase()}S.METADATA_KEY_PURGE`);
		}
	}
});

test('a key that is defined is not purged, and the way out is named', async () => {
	const p = await withKeys();
	const key = "it's a key";
	await cli(['schema', 'set', 'voucher', key, 'string'], { project: p });
	const { code, stderr } = await cli(['purge', 'voucher', key, '--yes'], { project: p });
	assert.equal(code, 2, stderr);
	assert.match(stderr, /Property it's a key is still defined; remove its definition first \(400 invalid_payload/);
	assert.ok(stderr.endsWith("\n  to remove it:  longshore schema remove voucher 'it'\\''s a key'\n"), stderr);
	assert.equal((await cli(['schema', 'remove', 'voucher', key], { project: p })).code, 0);
	assert.equal((await cli(['purge', 'voucher', key, '--yes'], { project: p })).code, 0);
	assert.deepEqual((await p.get('/v1/metadata-schemas/voucher')).json.properties, {});
});

/* ---- schema ---- */

/** The program's answer on standard output; it has to end well. */
async function done(p, ...args) {
	const { code, stdout, stderr } = await cli(args, { project: p });
	assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
	return stdout;
}

async function definitions(p, resource) {
	return (await p.get(`/v1/metadata-schemas/${resource}`)).json.properties;
}

test('keys are defined, shown, removed, restored, and the schema cleared', async () => {
	const p = await newProject(server);
	const none = await cli(['schema', 'list'], { project: p });
	assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'no metadata schemas\n']);
	assert.equal(await done(p, 'schema', 'set', 'voucher', 'size', 'number', '--required', '--at-least', '1', '--less-than=60.5'),
		'KEY   TYPE    REQUIRED  RULES\nsize  number  yes       at least 1; less than 60.5\n');
	assert.equal(await done(p, 'schema', 'set', 'vouchers', 'cut', 'string', '--array', '--one-of', 'S, M,L', '--max-length', '5'),
		'KEY  TYPE      REQUIRED  RULES\ncut  string[]  no        one of S,M,L; length at most 5\n');
	assert.deepEqual(await definitions(p, 'voucher'), {
		size: { type: 'number', array: false, optional: false, objectType: null, lt: 60.5, gte: 1 },
		cut: { type: 'string', array: true, optional: true, objectType: null, eq: ['S', 'M', 'L'], maxLength: 5 }
	});
	await done(p, 'schema', 'set', 'voucher', 'cut', 'string', '--array', '--required');
	const cut = { type: 'string', array: true, optional: false, objectType: null };
	assert.deepEqual((await definitions(p, 'voucher')).cut, cut, 'rules that are not given are gone');

	const removed = await cli(['schema', 'remove', 'voucher', 'cut'], { project: p });
	assert.equal(removed.code, 0, removed.stderr);
	assert.equal(removed.stderr, 'it is no longer checked, its values stay\n' +
		'  to restore it:  longshore schema restore voucher cut\n  to purge them:  longshore purge voucher cut\n');
	assert.deepEqual((await definitions(p, 'voucher')).cut, { ...cut, deleted: true });
	const shown = await cli(['schema', 'show', 'voucher'], { project: p });
	assert.deepEqual([shown.code, shown.stderr], [0, 'keys that are not defined are allowed\n']);
	assert.equal(shown.stdout, 'KEY   TYPE      REQUIRED  RULES\n' +
		'size  number    yes       at least 1; less than 60.5\ncut   string[]  yes       removed\n');
	assert.equal(await done(p, 'schema', 'restore', 'voucher', 'cut'), 'KEY  TYPE      REQUIRED  RULES\ncut  string[]  yes\n');
	assert.deepEqual((await definitions(p, 'voucher')).cut, cut);

	const clear = await cli(['schema', 'clear', 'voucher'], { project: p });
	assert.deepEqual([clear.code, clear.stderr], [2, '']);
	assert.equal(clear.stdout, 'this would delete the metadata schema of voucher with its 2 definitions; values stay\n' +
		'nothing was deleted; say --yes to do it\n');
	assert.equal(await done(p, 'schema', 'clear', 'voucher', '--yes'), 'deleted the metadata schema of voucher with its 2 definitions; values stay\n');
	assert.equal((await p.get('/v1/metadata-schemas/voucher')).status, 404);
});

test('definitions of numbers and texts say every rule that the API has', async () => {
	const p = await newProject(server);
	await done(p, 'schema', 'set', 'order', 'n', 'number', '--one-of', '1,2.50,-3', '--none-of', '4', '--more-than', '-5', '--at-most', '1e2');
	await done(p, 'schema', 'set', 'order', 's', 'string', '--length', '4', '--min-length', '2', '--max-length', '9');
	await done(p, 'schema', 'set', 'order', 'o', 'object', '--object-type', 'parcel');
	const { n, s, o } = await definitions(p, 'order');
	assert.deepEqual([n.eq, n.ne, n.gt, n.lte], [[1, 2.5, -3], [4], -5, 100]);
	assert.deepEqual([s.exactLength, s.minLength, s.maxLength], [4, 2, 9]);
	assert.deepEqual([o.type, o.objectType], ['object', 'parcel']);
	const { stdout } = await cli(['schema', 'show', 'order'], { project: p });
	assert.match(stdout, /^o {4}object {2}no {8}parcel$/m);
	assert.match(stdout, /^s {4}string {2}no {8}length 4; length at least 2; length at most 9$/m);
});

test('a definition comes from a file, and --json gives what the server says', async () => {
	const p = await newProject(server);
	const json = { type: 'date', array: false, optional: false };
	const set = await done(p, 'schema', 'set', 'customer', 'born', '--file', await file(JSON.stringify(json)), '--json');
	const schema = JSON.parse(set);
	assert.deepEqual(schema, (await p.get('/v1/metadata-schemas/customer')).json);
	assert.deepEqual(schema.properties.born, { ...json, objectType: null });
	assert.deepEqual(JSON.parse(await done(p, 'schema', 'show', 'customers', '--json')), schema);
	assert.deepEqual(JSON.parse(await done(p, 'schema', 'show', schema.id, '--json')), schema);
	assert.deepEqual(JSON.parse(await done(p, 'schema', 'list', '--json')).schemas, [schema]);
	const removed = JSON.parse(await done(p, 'schema', 'remove', 'customer', 'born', '--json'));
	assert.equal(removed.properties.born.deleted, true);
	const piped = await cli(['schema', 'set', 'customer', 'born', '--file', '-'], { project: p, input: JSON.stringify(json) });
	assert.equal(piped.code, 0, piped.stderr);
	assert.deepEqual((await definitions(p, 'customer')).born, { ...json, objectType: null }, 'defined anew it is in force');
});

test('other keys are allowed or refused, objects have schemas of their own, and the list tells', async () => {
	const p = await newProject(server);
	const allow = (...args) => cli(['schema', 'allow', ...args], { project: p });
	assert.equal((await allow('order', 'defined')).stderr, 'keys that are not defined are refused\n');
	assert.equal((await p.get('/v1/metadata-schemas/order')).json.allow_defined_only, true);
	assert.equal((await p.post('/v1/orders', { source_id: 'o', metadata: { x: 1 } })).json.key, 'metadata_validation_failed');
	const refused = await cli(['schema', 'set', 'parcle', 'weight', 'number'], { project: p });
	assert.equal(refused.code, 2);
	assert.equal(refused.stderr, "longshore: RESOURCE 'parcle' is none of campaign, customer, earning_rule, loyalty_tier, order, order_item, " +
		'product, promotion_tier, publication, redemption, reward, voucher, and no object that has a schema; --custom makes it one\n');
	await done(p, 'schema', 'set', 'parcel', 'weight', 'number', '--custom');
	await done(p, 'schema', 'set', 'parcel', 'height', 'number');
	await done(p, 'schema', 'remove', 'parcel', 'height');
	assert.equal(await done(p, 'schema', 'list'), 'RESOURCE  DEFINITIONS  REMOVED  OTHER KEYS\n' +
		'order     0            0        refused\nparcel    1            1        allowed\n');
	assert.equal((await allow('order', 'any')).code, 0);
	assert.equal((await p.get('/v1/metadata-schemas/order')).json.allow_defined_only, false);
	assert.equal((await allow('parcle', 'any')).code, 2);
	assert.equal((await allow('order', 'some')).stderr, "longshore: KEYS 'some' is neither any nor defined\n");
});

test('what cannot be is refused with the reason and the way out', async () => {
	const p = await newProject(server);
	await done(p, 'schema', 'set', 'voucher', 'size', 'number');
	const cases = [
		[['set', 'voucher', 'size', 'string'], /^longshore: 'size' of voucher is of type number, which can never change; `longshore schema remove` and `longshore purge` make the key free/],
		[['set', 'voucher', 'n', 'numbr'], /Property \.properties\.n\.type must be equal to one of the allowed values \[ string, number, /],
		[['remove', 'voucher', 'nix'], /^longshore: cannot remove the definition: voucher defines no 'nix'; `longshore schema show voucher` tells what it does\n$/],
		[['restore', 'voucher', 'nix'], /^longshore: cannot restore the definition: voucher defines no 'nix'/],
		[['show', 'order'], /Cannot find metadata schema with id order \(404 not_found, request v-\w+\)\n {2}to see which there are: {2}longshore schema list\n$/],
		[['clear', 'order', '--yes'], /Cannot find metadata schema with id order \(404 /]
	];
	for (const [args, pattern] of cases) {
		const { code, stdout, stderr } = await cli(['schema', ...args], { project: p });
		assert.equal(code, 2, stderr);
		assert.equal(stdout, '');
		assert.match(stderr, pattern);
	}
	assert.deepEqual(Object.keys(await definitions(p, 'voucher')), ['size']);
});

test('a key cannot steer the terminal of the one who reads about it', async () => {
	const p = await newProject(server);
	const key = '\x1b[2J';
	const said = [];
	for (const args of [
		['schema', 'set', 'voucher', key, 'string'], ['schema', 'show', 'voucher'], ['purge', 'voucher', key, '--yes'],
		['schema', 'remove', 'voucher', key], ['purge', 'voucher', key], ['purge', 'voucher', key, '--yes']
	]) {
		const { stdout, stderr } = await cli(args, { project: p });
		said.push(stdout, stderr);
	}
	assert.match(said.join(''), /\?\[2J/);
	assert.ok(!said.join('').includes('\x1b'));
});

/* ---- trouble ---- */

test('a wrong value is refused before anything is sent', async () => {
	const notJson = await file('[1'), notOne = await file('{"metadata":{}}');
	const set = ['schema', 'set', 'voucher', 'k'];
	const cases = [
		[['generate', 'C', '1,000'], /COUNT '1,000' is no number of codes; say 1000 for a thousand/],
		[['generate', 'C', '0'], /COUNT '0' is no number of codes/],
		[['generate', 'C', '--', '-5'], /COUNT '-5' is no number of codes/],
		[['generate', 'C'], /COUNT is missing/],
		[['generate', 'C', '1', '--dry-run'], /--dry-run needs a COUNT of 2 or more: one code is made at once/],
		[['generate', 'C', '1', '--idempotency-key', 'k'], /--idempotency-key needs a COUNT of 2 or more/],
		[['generate', 'C', '1', '--pattern', '##'], /--pattern needs a COUNT of 2 or more/],
		[['generate', 'C', '2', '--pattern', '##', '--body', notJson], /--pattern and --body exclude each other/],
		[['generate', 'C', '2', '--idempotency-key', 'a\nb'], /--idempotency-key must be plain ASCII/],
		[['generate', 'C', '2', '--retry', 'long'], /--retry 'long' is no number of seconds/],
		[['generate', 'C', '2', '--body', `${notJson}.none`], /cannot open '.*\.none': No such file/],
		[['purge', 'sku', 'k', '--yes'], /RESOURCE 'sku' is none of voucher, campaign, customer, product, order/],
		[['purge', 'voucher'], /KEY is missing/],
		[['schema', 'set', 'voucher', 'k'], /TYPE is missing \(or --file\); see longshore schema set --help/],
		[[...set, 'string', '--at-most', '5'], /--at-most is for number, not for string/],
		[[...set, 'date', '--one-of', 'a'], /--one-of is for string and number, not for date/],
		[[...set, 'number', '--at-most', 'five'], /--at-most 'five' is no number/],
		[[...set, 'number', '--one-of', '1,b,3'], /--one-of 'b' is no number/],
		[[...set, 'string', '--length', '-1'], /--length '-1' is no number of characters/],
		[[...set, 'object'], /an object needs --object-type NAME/],
		[[...set, 'date', '--file', notJson], /the definition comes from --file, or from TYPE and flags, not from both/],
		[[...set, '--file', notJson], /'.*' is no JSON: expected ',' or the end of the list at byte 2/],
		[[...set, '--file', notOne], /'.*' is no definition: it has to be like \{"type":"string","array":false,"optional":true\}/]
	];
	for (const [args, pattern] of cases) {
		const { code, stdout, stderr } = await cli(args, { project: NOBODY });
		assert.equal(code, 2, args.join(' '));
		assert.equal(stdout, '');
		assert.match(stderr, pattern);
		assert.ok(!stderr.includes('cannot reach'), stderr);
	}
});

const EVERY = [
	['generate', 'C', '2'], ['generate', 'C', '1'], ['purge', 'voucher', 'k', '--yes'], ['schema', 'list'], ['schema', 'show', 'voucher'],
	['schema', 'set', 'voucher', 'k', 'string'], ['schema', 'remove', 'voucher', 'k'], ['schema', 'restore', 'voucher', 'k'],
	['schema', 'allow', 'voucher', 'any'], ['schema', 'clear', 'voucher', '--yes']
];

test('wrong keys name the flags, and no text holds the secret; a server that is not there is told', async () => {
	const p = await newProject(server);
	for (const command of EVERY) {
		const { code, stdout, stderr } = await cli([...command, '--app-token', 'SECRET-token'], { project: p });
		assert.equal(code, 2);
		assert.equal(stdout, '');
		assert.match(stderr, /\(401 unauthorized, request [vw]-[0-9a-f]{18}\); check --app-id and --app-token /);
		assert.ok(!stderr.includes('SECRET'), stderr);
		const gone = await cli(command, { project: NOBODY });
		assert.equal(gone.code, 2);
		assert.match(gone.stderr, /cannot reach http:\/\/127\.0\.0\.1:1: Connection refused; is a server running there\?/);
		assert.ok(!gone.stderr.includes('not known'), gone.stderr);
	}
});

test('a connection that breaks behind an order leaves it open, and that is said', async t => {
	const p = await fakeServer(t, request => request.socket.destroy());
	const cases = [
		[['generate', 'C', '2'], /^it is not known whether the server has taken the order; `longshore actions list` tells\. With --idempotency-key it can safely be sent again$/m],
		[['generate', 'C', '1'], /^it is not known whether the server has made the code$/m],
		[['purge', 'voucher', 'k', '--yes'], /^it is not known whether the server has taken the order; it can safely be sent again$/m]
	];
	for (const [args, pattern] of cases) {
		const { code, stderr } = await cli(args, { project: p });
		assert.equal(code, 2, stderr);
		assert.match(stderr, /lost the connection to/);
		assert.match(stderr, pattern);
	}
});

test('Ctrl-C before the answer ends the command, not what it has ordered', async t => {
	const p = await fakeServer(t, () => {});
	const running = start(['purge', 'voucher', 'k', '--yes'], { project: p });
	await running.says(/^purging 'k'/);
	await new Promise(resolve => setTimeout(resolve, 300));
	running.interrupt();
	const { code, stderr } = await running.end;
	assert.equal(code, 130, stderr);
	assert.match(stderr, /^it is not known whether the server has taken the order/m);
});

test('answers of something else are told', async t => {
	const p = await fakeServer(t, (request, response) => sendJson(response, 200, ['hello']));
	const cases = [
		[['generate', 'C', '2'], /cannot generate codes for 'C': the answer names no action; is http:.* a Longshore server\?/],
		[['generate', 'C', '1'], /cannot generate codes for 'C': the answer is no voucher/],
		[['purge', 'voucher', 'k', '--yes'], /cannot purge 'k': the answer names no action/],
		[['schema', 'show', 'voucher'], /cannot show the metadata schema: the answer is no metadata schema/],
		[['schema', 'set', 'voucher', 'k', 'string'], /cannot define the key: the answer is no metadata schema/],
		[['schema', 'list'], /the answer is no (list of )?metadata schema/]
	];
	for (const [args, pattern] of cases) {
		const { code, stdout, stderr } = await cli(args, { project: p });
		assert.deepEqual([code, stdout], [2, ''], stderr);
		assert.match(stderr, pattern);
	}
});

test('names are escaped in paths, bodies are JSON, and methods are those of the API', async t => {
	const seen = [];
	const schema = { related_object: 'a/b', properties: { k: { type: 'string', array: false, optional: true } } };
	const p = await fakeServer(t, (request, response, body) => {
		seen.push([request.method, request.url, request.headers['content-type'], body.toString()]);
		sendJson(response, 200, schema);
	});
	await cli(['generate', 'a/b ?#%é', '1'], { project: p });
	await cli(['schema', 'remove', 'a/b', 'k'], { project: p });
	await cli(['schema', 'clear', 'a/b', '--yes'], { project: p });
	const json = 'application/json';
	const path = '/v1/metadata-schemas/a%2Fb';
	assert.deepEqual(seen, [
		['POST', '/v1/campaigns/a%2Fb%20%3F%23%25%C3%A9/vouchers?vouchers_count=1', json, '{}'],
		['GET', path, undefined, ''],
		['PUT', path, json, '{"properties":{"k":{"type":"string","array":false,"optional":true,"deleted":true}}}'],
		['GET', path, undefined, ''],
		['DELETE', path, undefined, '']
	]);
});

/* ---- help ---- */

/** Heading → what is said about it, of an import. */
function columnsOf(help, command) {
	const part = help.slice(help.indexOf(`CSV columns of ${command}:\n`)).split('\n\n')[0];
	return Object.fromEntries([...part.matchAll(/^ {2}(\S+(?: \S+)*) {2,}(\S.*)$/gm)].map(m => [m[1], m[2]]));
}

test('the help of imports has the columns that files may have, and so has the manual', async () => {
	const all = (await cli(['import', '--help'])).stdout;
	const manual = (await cli(['man'])).stdout.replaceAll('\\-', '-');
	const expected = {
		'import vouchers': {
			'Code': 'text (required)', 'Voucher Type': 'one of DISCOUNT_VOUCHER, GIFT_VOUCHER', 'Active': 'true or false',
			'Redemption Limit': 'whole number', 'Gift Amount': 'known from other files, not used in this one'
		},
		'import customers': { 'Address_City or City': 'text', 'Source_id': 'text', 'Id': 'text' },
		'import products': { name: 'text (required)', price: 'money in major units, like 14.5' },
		'import skus': { product_id: 'text (required)', source_id: 'text (required)', sku: 'text' }
	};
	for (const [command, wanted] of Object.entries(expected)) {
		const own = (await cli([...command.split(' '), '--help'])).stdout;
		const columns = columnsOf(own, command);
		assert.deepEqual(columnsOf(all, command), columns);
		for (const [heading, text] of Object.entries(wanted))
			assert.equal(columns[heading], text, `${command}: ${heading}`);
		const from = manual.indexOf(`\n.SS "${command}"\n`);
		const part = manual.slice(from, manual.indexOf('\n.SS', from + 1));
		for (const heading of Object.keys(columns))
			assert.ok(part.includes(`\n.I "${heading}"\n`), `${command}: ${heading}`);
		assert.match(own, /^ {2}every other column becomes metadata under its heading$/m);
	}
	assert.ok(!(await cli(['import', 'orders', '--help'])).stdout.includes('CSV columns'));
});

test('the help of a word has its commands', async () => {
	const { code, stdout } = await cli(['schema', '--help']);
	assert.equal(code, 0);
	assert.match(stdout, /^ {2}schema set RESOURCE KEY \[TYPE\] {2,}Define a metadata key/m);
	assert.ok(!stdout.includes('import vouchers'), stdout);
	assert.match((await cli(['improt', '--help'])).stdout, /^longshore \S+ - bulk actions/);
});

test('a file with every column that the help names is imported', async () => {
	const p = await newProject(server);
	const help = (await cli(['import', '--help'])).stdout;
	for (const resource of ['customers', 'products']) {
		const headings = Object.keys(columnsOf(help, `import ${resource}`)).filter(name => name !== 'Id')
			.map(name => name.split(' or ')[0]);
		const cells = headings.map(name => (name === 'price' ? '1.50' : name === 'Birthdate' ? '2000-01-02' : 'x'));
		const path = await file(csv(headings.join(','), cells.join(',')), `${resource}.csv`);
		const { code, stderr } = await cli(['import', resource, path], { project: p });
		assert.equal(code, 0, stderr);
		assert.equal(parseCsv(await p.reportText(ID.exec(stderr)[0])).length, 2);
		const made = (await p.get(`/v1/${resource}/x`)).json;
		assert.deepEqual(made.metadata ?? {}, {}, `${resource}: none of them is metadata`);
	}
});
