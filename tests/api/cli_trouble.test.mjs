// SPDX-License-Identifier: MIT
/*
 * The command line as a client of servers that misbehave, cut, stall or are none: what it sends,
 * what it makes of the answers, and that it gives up or goes on as it says.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { giftFile } from '../support/api.mjs';
import { cli, event, fakeServer, sendJson, start } from '../support/cli.mjs';
import { until } from '../support/server.mjs';

const run = promisify(execFile);
const ID = 'aa_0adad13d6f057f088e';
const dir = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
after(() => rm(dir, { recursive: true, force: true }));

const vouchers = join(dir, 'vouchers.csv');
await writeFile(vouchers, giftFile(3));

function action(status, more = {}) {
	const ended = status === 'DONE' || status === 'FAILED';
	const result = { message: 'a message', failed: [], done_count: 3, failed_count: 0 };
	return {
		id: ID, type: 'VOUCHERS.IMPORT_CSV', status, operation_status: ended ? 'SUCCESS' : 'UNKNOWN',
		...(ended ? { result, processing_time: 5 } : {}), progress: ended ? 100 : 40, object: 'async_action',
		...more
	};
}

const PROGRESS = { status: 'IN_PROGRESS', progress: 40, rows_done: 400, rows_per_second: 10, seconds_left: 60 };

/** A server with one action, DONE, whose endpoints can be replaced: { events, action, import, list … }. */
function actionServer(t, { events, get, upload, other } = {}) {
	return fakeServer(t, (request, response, body) => {
		const path = request.url.split('?')[0];
		if (request.method === 'POST' && path.startsWith('/v1/vouchers/import'))
			return upload ? upload(request, response, body) : sendJson(response, 202, { async_action_id: ID });
		if (path === `/v1/async-actions/${ID}/events`) {
			if (events)
				return events(request, response);
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			return response.end(event('end', { ...PROGRESS, status: 'DONE', progress: 100 }));
		}
		if (path === `/v1/async-actions/${ID}`)
			return get ? get(request, response) : sendJson(response, 200, action('DONE'));
		return other ? other(request, response) :
			sendJson(response, 404, { code: 404, key: 'not_found', message: 'Resource not found' });
	});
}

/** A server whose handler reads the body itself, or does not. */
async function plainServer(t, handle) {
	const server = http.createServer((request, response) => {
		request.on('error', () => {});
		handle(request, response);
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	return { server: { base: `http://127.0.0.1:${server.address().port}` }, keys: { app_id: 'a', app_token: 'b' } };
}

/* ---- what is sent ---- */

test('a form with the file, its webhooks flag first, and the key', async t => {
	let form;
	const fake = await actionServer(t, {
		upload(request, response, body) {
			form = body.toString();
			sendJson(response, 202, { async_action_id: ID });
		}
	});
	const end = await cli(['import', 'vouchers', vouchers, '--webhooks', '--dry-run', '--idempotency-key', 'k1'],
		{ project: fake });
	assert.equal(end.code, 0, end.stderr);
	const [sent] = fake.requests;
	assert.equal(sent.url, '/v1/vouchers/importCSV?dry_run=true');
	assert.equal(sent.headers['x-app-id'], 'fake-id');
	assert.equal(sent.headers['x-app-token'], 'fake-token');
	assert.equal(sent.headers['idempotency-key'], 'k1');
	assert.match(sent.headers['content-type'], /^multipart\/form-data; boundary=/);
	assert.match(sent.headers['user-agent'], /^longshore\//);
	assert.match(form, /name="webhooks_enable"\r\n\r\ntrue\r\n[\s\S]*name="file"; filename="vouchers.csv"/);
	assert.ok(form.includes(`\r\n\r\n${giftFile(3)}\r\n--`));
	assert.ok(!('idempotency-key' in fake.requests[1].headers));
});

test('without flags the form is the file alone', async t => {
	let form;
	const fake = await actionServer(t, {
		upload(request, response, body) {
			form = body.toString();
			sendJson(response, 202, { async_action_id: ID });
		}
	});
	assert.equal((await cli(['import', 'vouchers', vouchers], { project: fake })).code, 0);
	assert.equal(fake.requests[0].url, '/v1/vouchers/importCSV');
	assert.equal(form.match(/Content-Disposition/g).length, 1);
});

test('JSON is the body itself, from a file or a pipe', async t => {
	const got = [];
	const fake = await actionServer(t, {
		upload(request, response, body) {
			got.push([request.url, request.headers['content-type'], request.headers['content-length'],
				request.headers['transfer-encoding'], body.toString()]);
			sendJson(response, 202, { async_action_id: ID });
		}
	});
	const path = join(dir, 'vouchers.JSON');
	await writeFile(path, '[{"code":"A"}]');
	assert.equal((await cli(['import', 'vouchers', path], { project: fake })).code, 0);
	assert.equal((await cli(['import', 'vouchers', '-', '--format=json'], { project: fake, input: '[1]' })).code, 0);
	assert.equal((await cli(['import', 'vouchers', path, '--format=csv'], { project: fake })).code, 0);
	assert.deepEqual(got[0], ['/v1/vouchers/import', 'application/json', '14', undefined, '[{"code":"A"}]']);
	assert.deepEqual(got[1], ['/v1/vouchers/import', 'application/json', undefined, 'chunked', '[1]']);
	assert.equal(got[2][0], '/v1/vouchers/importCSV');
});

test('what is asked for in a list goes into the query, escaped', async t => {
	const fake = await actionServer(t, {
		other: (request, response) => sendJson(response, 200, { async_actions: [], has_more: false })
	});
	const flags = ['--limit', '5', '--type', 'A&B=C d', '--status', 'DONE', '--url', `${fake.server.base}/below/`];
	assert.equal((await cli(['actions', 'list', ...flags], { project: fake })).code, 0);
	assert.equal(fake.requests[0].url, '/below/v1/async-actions?limit=5&type=A%26B%3DC%20d&status=DONE');
});

test('a large file is never in memory', async t => {
	const size = 256 * 1024 * 1024;
	const path = join(dir, 'large.csv');
	const handle = await open(path, 'w');
	await handle.truncate(size);
	await handle.close();
	let peak_kb, received = 0;
	const project = await plainServer(t, (request, response) => {
		request.on('data', piece => (received += piece.length));
		request.on('end', async () => {
			const status = await readFile(`/proc/${running.child.pid}/status`, 'utf8');
			peak_kb = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]);
			sendJson(response, 202, { async_action_id: ID });
		});
	});
	const running = start(['import', 'vouchers', path, '--no-wait'], { project });
	const { code, stderr } = await running.end;
	await rm(path);
	assert.equal(code, 0, stderr);
	assert.ok(received > size, 'all of it came');
	assert.ok(peak_kb < 128 * 1024, `it took ${peak_kb} kB`);
});

test('requests to this machine take no proxy; others do', async t => {
	const fake = await actionServer(t, {
		other: (request, response) => sendJson(response, 200, { async_actions: [], has_more: false })
	});
	const nowhere = { http_proxy: 'http://127.0.0.1:1', ALL_PROXY: 'http://127.0.0.1:1' };
	const near = await cli(['actions', 'list'], { project: fake, env: nowhere });
	assert.equal(near.code, 0, near.stderr);
	const far = await cli(['actions', 'list', '--url', 'http://bulk.example.org'],
		{ project: fake, env: { http_proxy: fake.server.base } });
	assert.equal(far.code, 0, far.stderr);
	assert.equal(fake.requests.at(-1).url, 'http://bulk.example.org/v1/async-actions?limit=10');
});

/* ---- following ---- */

test('a stream that is cut is taken up again', async t => {
	let streams = 0;
	const fake = await actionServer(t, {
		events(request, response) {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			if (++streams < 3)
				response.write(event('progress', PROGRESS), () => response.destroy());
			else
				response.end(event('end', { ...PROGRESS, status: 'DONE' }));
		},
		get: (request, response) => sendJson(response, 200, action(streams < 3 ? 'IN_PROGRESS' : 'DONE'))
	});
	const { code, stderr } = await cli(['actions', 'watch', ID], { project: fake });
	assert.equal(code, 0, stderr);
	assert.equal(streams, 3);
	assert.match(stderr, /^running: 40 %, 400 rows, 10 rows\/s, 1 min 00 s left$/m);
	assert.match(stderr, /^cannot follow the action: lost the connection to .*; trying again$/m);
	assert.match(stderr, /^connected again$/m);
	assert.match(stderr, /^DONE after 5 ms: 3 rows done, 0 failed\na message\n$/m);
});

test('without a stream that gets through, the question waits', async t => {
	const useless = {
		'not there': response => sendJson(response, 404, { code: 404, key: 'not_found', message: 'm' }),
		'no events': response => response.end('<html>'),
		'no JSON in them': response => response.end('event: progress\ndata: <html>\n\n'),
		'a line without end': response => response.end(`data: ${'x'.repeat(100000)}`)
	};
	for (const [label, answer] of Object.entries(useless)) {
		const asked = [];
		const fake = await actionServer(t, {
			events: (request, response) => answer(response),
			get(request, response) {
				asked.push(request.url);
				sendJson(response, 200, action(asked.length < 3 ? 'IN_PROGRESS' : 'DONE'));
			}
		});
		const { code, stderr } = await cli(['actions', 'watch', ID], { project: fake });
		assert.equal(code, 0, `${label}: ${stderr}`);
		assert.deepEqual(asked, Array(3).fill(`/v1/async-actions/${ID}?wait=30`), label);
		assert.match(stderr, /^running: 40 %$/m);
	}
});

test('a server that is busy is asked again', async t => {
	let refused = 0;
	const busy = response => {
		refused++;
		sendJson(response, 503, { code: 503, key: 'busy', message: 'The server is busy or shutting down, try again later' });
	};
	const fake = await actionServer(t, {
		events: (request, response) => (refused < 2 ? busy(response) : response.end(event('end', PROGRESS))),
		get: (request, response) => (refused < 3 ? busy(response) : sendJson(response, 200, action('DONE')))
	});
	const { code, stderr } = await cli(['actions', 'watch', ID], { project: fake });
	assert.equal(code, 0, stderr);
	assert.equal(refused, 3);
	assert.match(stderr, /^cannot follow the action: The server is busy .*\(503 busy\); trying again$/m);
});

test('a server that stays away is given up after --retry seconds, and the way back is told', async t => {
	const fake = await actionServer(t, { events: (request, response) => response.destroy() });
	for (const retry of ['0', '1']) {
		const { code, stderr } = await cli(['import', 'vouchers', vouchers, '--retry', retry], { project: fake });
		assert.equal(code, 2, stderr);
		assert.match(stderr, /^cannot follow the action: lost the connection to .*; trying again$/m);
		assert.ok(stderr.endsWith('the action does not need this command to go on\n' +
			`  watch it again:  longshore actions watch ${ID}\n` +
			`  cancel it:       longshore actions cancel ${ID}\n`), stderr);
	}
});

test('keys that stop being valid end the following', async t => {
	const unauthorized = (request, response) =>
		sendJson(response, 401, { code: 401, key: 'unauthorized', message: 'Unauthorized' });
	const fake = await actionServer(t, { events: unauthorized, get: unauthorized });
	const { code, stderr } = await cli(['actions', 'watch', ID], { project: fake });
	assert.equal(code, 2);
	assert.match(stderr, /^longshore: cannot read the action: Unauthorized \(401 unauthorized\); check --app-id/m);
});

test('Ctrl-C while the server is away ends at once', async t => {
	const fake = await actionServer(t, { events: (request, response) => response.destroy() });
	const running = start(['actions', 'watch', ID, '--retry', '3600'], { project: fake });
	await running.says(/trying again/);
	running.interrupt();
	const { code, stderr } = await running.end;
	assert.equal(code, 130, stderr);
	assert.match(stderr, /^no longer watching; the action goes on$/m);
});

test('Ctrl-C that is ignored by whoever started us stays ignored', async t => {
	let finish;
	const fake = await actionServer(t, {
		events(request, response) {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.write(event('progress', PROGRESS));
			finish = () => response.end(event('end', PROGRESS));
		}
	});
	const bin = process.env.LONGSHORE_BIN ?? 'build/test/src/longshore';
	const running = start(['-c', `trap '' INT; exec '${bin}' actions watch ${ID}`], { project: fake, program: 'sh' });
	await running.says(/^running/m);
	running.interrupt();
	finish();
	assert.equal((await running.end).code, 0);
});

/* ---- the upload ---- */

test('a connection that is lost before the answer leaves it open, and says so', async t => {
	const fake = await actionServer(t, { upload: (request, response) => response.destroy() });
	const path = join(dir, 'lost.csv');
	await writeFile(path, giftFile(100000)); // large enough to be asked for by "100 Continue"
	const { code, stderr } = await cli(['import', 'vouchers', path], { project: fake });
	assert.equal(code, 2);
	assert.equal(fake.requests[0].headers.expect, '100-continue');
	assert.match(stderr, /^longshore: cannot import lost.csv: lost the connection to http:/m);
	assert.match(stderr, /^it is not known whether the server has taken the file; .*--idempotency-key/m);
	assert.equal(fake.requests.length, 1, 'it is not sent twice by itself');
});

test('nobody there is told with the address and the flag', async () => {
	const project = { server: { base: 'http://127.0.0.1:1' }, keys: { app_id: 'a', app_token: 'b' } };
	const { code, stderr } = await cli(['import', 'vouchers', vouchers], { project });
	assert.equal(code, 2);
	assert.match(stderr, /^longshore: cannot import vouchers.csv: cannot reach http:\/\/127.0.0.1:1: Connection refused; is a server running there\? --url \(or LONGSHORE_URL\) says where it is$/m);
	assert.ok(!stderr.includes('not known'));
});

test('a file that changes while it is sent is not imported', async t => {
	const path = join(dir, 'changing.csv');
	await writeFile(path, Buffer.alloc(64 * 1024 * 1024, 'x')); // more than a socket takes unread
	const project = await plainServer(t, async (request, response) => {
		response.on('error', () => {});
		await writeFile(path, 'short');
		request.resume();
	});
	const { code, stderr } = await cli(['import', 'vouchers', path], { project });
	assert.equal(code, 2);
	assert.match(stderr, /^longshore: '.*changing.csv' has changed while it was read$/m);
});

test('an upload refused in the middle says why', async t => {
	const project = await plainServer(t, (request, response) => {
		sendJson(response, 413, {
			statusCode: 413, error: 'Request Entity Too Large',
			message: 'Payload content length greater than maximum allowed: 10'
		});
		request.resume();
	});
	const path = join(dir, 'refused.csv');
	await writeFile(path, Buffer.alloc(16 * 1024 * 1024, 'x'));
	const { code, stderr } = await cli(['import', 'vouchers', path], { project });
	assert.equal(code, 2);
	assert.match(stderr, /^longshore: cannot import refused.csv: Payload content length greater than maximum allowed: 10 \(413\)$/m);
});

/* ---- answers that are none ---- */

test('an answer of something else than Longshore is told as that', async t => {
	const cases = [
		[r => r.writeHead(502).end('<html>\x1b[2J'), /the answer is no error of the API \(502\); is that a Longshore server\? Check --url/],
		[r => r.writeHead(301, { Location: 'http://127.0.0.1:1/' }).end(), /\(301\); is that a Longshore server\?/],
		[r => r.writeHead(200).end('<html>'), /the answer is no list/],
		[r => sendJson(r, 200, []), /the answer is no list of actions/],
		[r => sendJson(r, 200, { async_actions: [{ id: 7 }] }), /the answer is no async action/],
		[r => sendJson(r, 500, { code: 500, key: 'internal_error', message: 'Internal Server Error', request_id: 'v-1' }),
			/Internal Server Error \(500 internal_error, request v-1\); the server's log says more under that request/],
		[r => sendJson(r, 400, { code: 400, message: 'm', details: '\x1b[31mred\x1b[0m\n', key: 'k\x07' }),
			/cannot list actions: \?\[31mred\?\[0m\? \(400 k\?\)/]
	];
	for (const [answer, pattern] of cases) {
		const fake = await fakeServer(t, (request, response) => answer(response));
		const { code, stdout, stderr } = await cli(['actions', 'list'], { project: fake });
		assert.equal(code, 2, stderr);
		assert.equal(stdout, '');
		assert.match(stderr, pattern);
		assert.equal(stderr.split('\n').length, 2, 'one line');
		assert.ok(!stderr.includes('fake-') && !stderr.includes('\x1b'));
	}
});

test('an import that is answered without an id is not followed', async t => {
	for (const answer of [{}, { async_action_id: 7 }, { async_action_id: '../../x' }, []]) {
		const fake = await actionServer(t, { upload: (request, response) => sendJson(response, 202, answer) });
		const { code, stderr } = await cli(['import', 'vouchers', vouchers], { project: fake });
		assert.equal(code, 2, stderr);
		assert.match(stderr, /the answer names no action|is no id of an action/);
		assert.equal(fake.requests.length, 1);
	}
});

test('failures of a bulk update are shown, too', async t => {
	const result = {
		done_count: 1, failed_count: 1, reports: [], reports_available_till: null,
		errors: [{ code: 'B', key: 'not_found', message: 'Resource not found', details: 'Cannot find voucher with id B' }]
	};
	const fake = await actionServer(t, {
		get: (request, response) => sendJson(response, 200, action('DONE', { type: 'VOUCHERS.BULK_UPDATE', result }))
	});
	const { code, stderr } = await cli(['actions', 'watch', ID], { project: fake });
	assert.equal(code, 1);
	assert.match(stderr, /^ {2}B {2}Cannot find voucher with id B$/m);
});

/* ---- reports ---- */

function reportServer(t, send) {
	return fakeServer(t, (request, response) => {
		response.writeHead(200, { 'Content-Type': 'text/csv' });
		send(response);
	});
}

test('a report that breaks off leaves the file as it was', async t => {
	const fake = await reportServer(t, response =>
		response.write('row,code,outcome,reason\n1,A,created,\n', () => response.destroy()));
	const home = await mkdtemp(join(dir, 'report-'));
	const path = join(home, 'report.csv');
	await writeFile(path, 'the one before');
	const { code, stderr } = await cli(['actions', 'report', ID, '--output', path], { project: fake });
	assert.equal(code, 2);
	assert.match(stderr, /^longshore: cannot fetch the report: lost the connection to /);
	assert.deepEqual(await readdir(home), ['report.csv']);
	assert.equal(await readFile(path, 'utf8'), 'the one before');
});

test('the file has its name only when the report is complete', async t => {
	let finish;
	const fake = await reportServer(t, response => {
		response.write('row,code,outcome,reason\n');
		finish = () => response.end('1,A,created,\n');
	});
	const home = await mkdtemp(join(dir, 'report-'));
	const running = start(['actions', 'report', ID, '--output', join(home, 'r.csv')], { project: fake });
	await until(async () => (await readFile(join(home, 'r.csv.part'), 'utf8').catch(() => '')) !== '', { what: 'the first line' });
	assert.deepEqual(await readdir(home), ['r.csv.part']);
	finish();
	assert.equal((await running.end).code, 0);
	assert.deepEqual(await readdir(home), ['r.csv']);
	assert.equal(await readFile(join(home, 'r.csv'), 'utf8'), 'row,code,outcome,reason\n1,A,created,\n');
});

test('Ctrl-C in a report leaves nothing behind', async t => {
	const fake = await reportServer(t, response => response.write('row,code,outcome,reason\n'));
	const home = await mkdtemp(join(dir, 'report-'));
	const running = start(['actions', 'report', ID, '--output', join(home, 'r.csv')], { project: fake });
	await until(async () => (await readdir(home)).length > 0, { what: 'the file' });
	running.interrupt();
	assert.equal((await running.end).code, 130);
	assert.deepEqual(await readdir(home), []);
});

test('a pipe or a device is written to, not replaced', async t => {
	const fake = await reportServer(t, response => response.end('row\n1\n'));
	const pipe = join(dir, 'pipe');
	await run('mkfifo', [pipe]);
	const reader = run('cat', [pipe]);
	const end = await cli(['actions', 'report', ID, '--output', pipe], { project: fake });
	assert.equal(end.code, 0, end.stderr);
	assert.equal((await reader).stdout, 'row\n1\n');
	assert.ok((await stat(pipe)).isFIFO());
});

test('a target that cannot be written is told', async t => {
	const fake = await reportServer(t, response => response.end('row\n1\n'));
	const missing = await cli(['actions', 'report', ID, '--output', join(dir, 'no', 'such')], { project: fake });
	assert.equal(missing.code, 2);
	assert.match(missing.stderr, /^longshore: cannot write '.*such\.part': No such file or directory\n$/);
	const full = await cli(['actions', 'report', ID, '--output', '/dev/full'], { project: fake });
	assert.equal(full.code, 2);
	assert.match(full.stderr, /cannot write '\/dev\/full': No space left on device/);
	const bin = process.env.LONGSHORE_BIN ?? 'build/test/src/longshore';
	const out = await cli(['-c', `exec '${bin}' actions report ${ID} >/dev/full`], { project: fake, program: 'sh' });
	assert.equal(out.code, 2);
	assert.match(out.stderr, /cannot write 'standard output': No space left on device/);
	const json = await cli(['-c', `exec '${bin}' actions list --json >/dev/full`], { project: fake, program: 'sh' });
	assert.equal(json.code, 2, 'also when it is an answer');
});

test('a limit on the size of files is a full disk: the older file stays, and nothing else', async t => {
	const fake = await reportServer(t, response => response.end('row\n'.repeat(100000)));
	const bin = process.env.LONGSHORE_BIN ?? 'build/test/src/longshore';
	const home = await mkdtemp(join(tmpdir(), 'longshore-limit-'));
	t.after(() => rm(home, { recursive: true, force: true }));
	const path = join(home, 'report.csv');
	await writeFile(path, 'older');
	const { code, stderr } = await cli(['-c', `ulimit -f 8; exec '${bin}' actions report ${ID} --output '${path}'`],
		{ project: fake, program: 'sh' });
	assert.deepEqual([code, /cannot write '.*report\.csv\.part': File too large\n$/.test(stderr)], [2, true], stderr);
	assert.deepEqual([await readdir(home), await readFile(path, 'utf8')], [['report.csv'], 'older']);
});
