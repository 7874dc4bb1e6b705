// bench.mjs - Longshore beside the sqlite3 shell, on the same file, in one run.
//
//   ./dev bench [--rows 1000000] [--pairs 3] [--big] [--no-latency] [--out bench/RESULTS.md]
//
// Ours: the time from the start of the upload (curl, multipart, loopback) to the first answer that says DONE,
// with synchronous=FULL. The anchor: `.import` of the same file into a table with the same unique
// index, synchronous=NORMAL, log copied back at the end. Both sides alternate, medians are quoted, and a ratio is taken
// within each pair, because machines drift.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');
const bin = path.join(root, 'build/longshore');
const generator = path.join(root, 'build/gen_vouchers');
const work = path.join(root, 'build/bench');

const args = { rows: 1000000, pairs: 3, big: false, latency: true, out: path.join(root, 'bench/RESULTS.md') };
for (let i = 2; i < process.argv.length; i++) {
    const a = process.argv[i];
    if (a === '--rows' || a === '--pairs') args[a.slice(2)] = Number(process.argv[++i]);
    else if (a === '--out') args.out = path.resolve(process.argv[++i]);
    else if (a === '--big') args.big = true;
    else if (a === '--no-latency') args.latency = false;
    else { console.error(`unknown flag ${a}`); process.exit(2); }
}

const seconds = (ns) => Number(ns) / 1e9;
const now = () => process.hrtime.bigint();
const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
const percentile = (xs, p) => [...xs].sort((a, b) => a - b)[Math.min(xs.length - 1, Math.ceil(xs.length * p / 100) - 1)];
const say = (text) => console.log(text);

function run(command, argv, options = {}) {
    const r = spawnSync(command, argv, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
    if (r.error || (r.status !== 0 && !options.anyStatus)) throw new Error(`${command}: ${r.error ?? r.stderr}`);
    return r.stdout;
}

function sample(rows, bad) {
    const file = path.join(work, `vouchers-${rows}${bad ? '-bad' : ''}.csv`);
    const list = `${file}.bad`;
    if (!fs.existsSync(file)) {
        say(`making ${path.basename(file)}`);
        run(generator, [String(rows), '--seed', '7', '--out', `${file}.part`, ...(bad ? ['--bad', String(bad), '--bad-list', list] : [])]);
        fs.renameSync(`${file}.part`, file);
    }
    return { file, list };
}

// ---- our side ----

class Server {
    static async start(dir) {
        const s = new Server();
        s.dir = dir;
        s.db = path.join(dir, 'bench.db');
        s.log = [];
        s.child = spawn(bin, ['serve', '--listen', '127.0.0.1:0', '--store', `sqlite:${s.db}`], { stdio: ['ignore', 'inherit', 'pipe'] });
        s.exited = new Promise((done) => s.child.once('exit', done));
        await new Promise((ready, fail) => {
            readline.createInterface({ input: s.child.stderr }).on('line', (line) => {
                const event = JSON.parse(line);
                if (event.event === 'listening') { s.port = event.port; ready(); }
                if (event.event === 'start_failed') fail(new Error(line));
                if (event.event === 'action_end') s.log.push(event);
            });
        });
        const keys = JSON.parse(run(bin, ['project', 'create', '--name', 'bench', '--store', `sqlite:${s.db}`]));
        s.headers = { 'X-App-Id': keys.app_id, 'X-App-Token': keys.app_token };
        s.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        return s;
    }

    request(method, url, body, agent = this.agent) {
        return new Promise((done, fail) => {
            const headers = { ...this.headers };
            if (body !== undefined) headers['Content-Type'] = 'application/json';
            const rq = http.request({ host: '127.0.0.1', port: this.port, method, path: url, headers, agent }, (rs) => {
                const parts = [];
                rs.on('data', (d) => parts.push(d));
                rs.on('end', () => done({ status: rs.statusCode, text: Buffer.concat(parts).toString() }));
            });
            rq.on('error', fail);
            rq.end(body);
        });
    }

    upload(file) {
        return new Promise((done, fail) => {
            const headers = Object.entries(this.headers).map(([k, v]) => `header = "${k}: ${v}"`).join('\n');
            const curl = spawn('curl', ['-sS', '-K', '-', '-F', `file=@${file}`, `http://127.0.0.1:${this.port}/v1/vouchers/importCSV`], { stdio: ['pipe', 'pipe', 'inherit'] });
            let out = '';
            curl.stdout.on('data', (d) => { out += d; });
            curl.on('close', () => { try { done(JSON.parse(out).async_action_id); } catch { fail(new Error(`upload answered: ${out}`)); } });
            curl.stdin.end(headers);
        });
    }

    async finished(id, pause = 20) {
        for (;;) {
            const action = JSON.parse((await this.request('GET', `/v1/async-actions/${id}`)).text);
            if (action.status === 'DONE' || action.status === 'FAILED') return action;
            await sleep(pause);
        }
    }

    memory() { // peak resident memory, KiB
        return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]);
    }

    async endEvent(id) {
        for (let i = 0; i < 100; i++) {
            const event = this.log.find((e) => e.action_id === id);
            if (event) return event;
            await sleep(10);
        }
        throw new Error('no action_end in the log');
    }

    async stop() {
        this.agent.destroy();
        this.child.kill('SIGTERM');
        const code = await this.exited;
        if (code !== 0) throw new Error(`the server ended with ${code}`);
    }
}

// Whatever others still have to write must not be on our bill: both sides start on a quiet disk.
const fresh = (name) => {
    const dir = path.join(work, name);
    for (const old of ['ours', 'anchor', 'bad', 'latency']) fs.rmSync(path.join(work, old), { recursive: true, force: true });
    fs.mkdirSync(dir, { recursive: true });
    run('sync', []);
    return dir;
};

async function importOnce(s, file) {
    const from = now();
    const id = await s.upload(file);
    const accepted = now();
    const action = await s.finished(id);
    const done = now();
    return { id, action, upload: seconds(accepted - from), total: seconds(done - from), event: await s.endEvent(id) };
}

async function ours(file, keep) {
    const s = await Server.start(fresh('ours'));
    const r = await importOnce(s, file);
    if (r.action.status !== 'DONE') throw new Error(JSON.stringify(r.action));
    r.memory = s.memory();
    if (keep) r.again = await importOnce(s, file);
    r.memory_again = s.memory();
    const from = now();
    await s.stop();
    r.stop = seconds(now() - from);
    if (keep) {
        const rewritten = run('sqlite3', [s.db, 'SELECT count(*) FROM vouchers WHERE updated_ms IS NOT NULL OR version <> 1']).trim();
        const outcomes = run('sqlite3', [s.db, 'SELECT unchanged, created + updated + superseded + failed FROM actions WHERE seq = 2']).trim();
        r.again.rewritten = Number(rewritten);
        r.again.outcomes = outcomes;
    }
    return r;
}

// ---- the anchor ----

function firstLine(file) {
    const fd = fs.openSync(file, 'r');
    const b = Buffer.alloc(4096);
    const n = fs.readSync(fd, b, 0, b.length, 0);
    fs.closeSync(fd);
    return b.subarray(0, n).toString().split(/\r?\n/)[0];
}

function anchor(file) {
    const dir = fresh('anchor');
    const columns = firstLine(file).split(',');
    const script = [
        'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-262144;',
        `CREATE TABLE v (${columns.map((c) => `"${c}" TEXT`).join(', ')}); CREATE UNIQUE INDEX vi ON v ("${columns[0]}");`,
        '.mode csv', `.import --skip 1 ${file} v`, 'PRAGMA wal_checkpoint(TRUNCATE);', '',
    ].join('\n');
    const from = now();
    run('sqlite3', [path.join(dir, 'anchor.db')], { input: script });
    return seconds(now() - from);
}

// ---- what is measured ----

async function pairs(file, n) {
    const rows = [];
    for (let i = 0; i < n; i++) {
        const first = i % 2 === 0;
        const a = first ? null : anchor(file);
        const o = await ours(file, i === 0);
        const b = first ? anchor(file) : a;
        rows.push({ ours: o, anchor: b, ratio: o.total / b });
        say(`pair ${i + 1}: ours ${o.total.toFixed(2)} s (upload ${o.upload.toFixed(2)}), .import ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}, VmHWM ${(o.memory / 1024).toFixed(0)} MiB`);
    }
    return rows;
}

async function badRows(rows) {
    const { file, list } = sample(rows, 1000);
    const s = await Server.start(fresh('bad'));
    const r = await importOnce(s, file);
    const want = fs.readFileSync(list, 'utf8').trim().split('\n').map((l) => Number(l.split(',')[0]));
    const got = r.action.result.failed.map((f) => f.row);
    const same = JSON.stringify(want.sort((a, b) => a - b)) === JSON.stringify(got);
    const unexplained = r.action.result.failed.filter((f) => !f.reason).length;
    await s.stop();
    return { total: r.total, message: r.action.result.message, same, unexplained };
}

async function every(ms, until, work) {
    let next = performance.now();
    const jobs = [];
    while (!until()) {
        jobs.push(work());
        await jobs[jobs.length - 1];
        next = Math.max(next + ms, performance.now());
        await sleep(Math.max(0, next - performance.now()));
    }
    return Promise.all(jobs);
}

// Three imports, all calls together: one has too few creates for a 99th percentile to mean anything.
async function latencies(file) {
    const all = { gets: [], creates: [], failed: 0, totals: [] };
    for (let i = 0; i < 3; i++) {
        const l = await latenciesOnce(file);
        all.gets.push(...l.gets);
        all.creates.push(...l.creates);
        all.failed += l.failed;
        all.totals.push(l.total);
    }
    return { ...all, total: median(all.totals) };
}

async function latenciesOnce(file) {
    const s = await Server.start(fresh('latency'));
    const writer = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const id = await s.upload(file);
    const gets = [], creates = [];
    let done = false, failed = 0, n = 0;
    const timed = async (list, ok, method, url, body, agent) => {
        const from = now();
        const r = await s.request(method, url, body, agent);
        list.push(seconds(now() - from) * 1000);
        if (!ok(r)) failed++;
        return r;
    };
    const body = JSON.stringify({ type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } });
    const creating = every(50, () => done, () => timed(creates, (r) => r.status === 200, 'POST', `/v1/vouchers/LATENCY-${n++}`, body, writer));
    const getting = every(5, () => done, async () => {
        const r = await timed(gets, (x) => x.status === 200, 'GET', `/v1/async-actions/${id}`);
        if (JSON.parse(r.text).status !== 'IN_PROGRESS' && JSON.parse(r.text).status !== 'ENQUEUED') done = true;
    });
    const from = now();
    await Promise.all([creating, getting]);
    const total = seconds(now() - from);
    writer.destroy();
    await s.stop();
    return { gets, creates, failed, total };
}

function machine() {
    const model = os.cpus()[0]?.model ?? 'unknown';
    return `${os.cpus().length} × ${model}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${os.release()}, sqlite3 ${run('sqlite3', ['--version']).split(' ')[0]}, node ${process.versions.node}`;
}

function pairTable(rows) {
    const f = (x) => x.toFixed(2);
    const lines = ['| pair | Longshore, request to DONE (s) | of it upload to 202 (s) | `.import` (s) | ratio | VmHWM (MiB) |', '| --- | --- | --- | --- | --- | --- |'];
    rows.forEach((r, i) => lines.push(`| ${i + 1} | ${f(r.ours.total)} | ${f(r.ours.upload)} | ${f(r.anchor)} | ${f(r.ratio)} | ${(r.ours.memory / 1024).toFixed(0)} |`));
    lines.push(`| **median** | **${f(median(rows.map((r) => r.ours.total)))}** | ${f(median(rows.map((r) => r.ours.upload)))} | **${f(median(rows.map((r) => r.anchor)))}** | **${f(median(rows.map((r) => r.ratio)))}** | ${(median(rows.map((r) => r.ours.memory)) / 1024).toFixed(0)} |`);
    return lines;
}

function threadTable(event) {
    return ['| thread | works (ms) | waits (ms) | what |', '| --- | --- | --- | --- |',
        `| preparer | ${event.prepare_ms} | ${event.prepare_wait_ms} | reads, parses, maps, sorts the next chunk |`,
        `| committer | ${event.commit_ms} | ${event.commit_wait_ms} | applies slices; ${event.store_commit_ms} ms of it in COMMIT, ${event.store_commits} commits |`];
}

async function main() {
    fs.mkdirSync(work, { recursive: true });
    const lines = ['# Benchmark results', '',
        'Made by `./dev bench`; see `bench/bench.mjs` for what is timed. Absolute figures are of one noisy machine: read the ratios.', ''];
    const commit = run('git', ['-C', root, 'rev-parse', '--short', 'HEAD']).trim();
    const dirty = run('git', ['-C', root, 'status', '--porcelain', '--', 'src']).trim() ? ' with uncommitted changes in src' : '';
    lines.push(`- commit ${commit}${dirty}, ${new Date().toISOString().slice(0, 10)}`, `- command \`./dev bench ${process.argv.slice(2).join(' ')}\``, `- machine: ${machine()}`, '');
    const { file } = sample(args.rows, 0);
    const size = (fs.statSync(file).size / 1e6).toFixed(0);

    const rows = await pairs(file, args.pairs);
    lines.push(`## ${args.rows.toLocaleString('en')} vouchers from one CSV (${size} MB, 12 columns)`, '', ...pairTable(rows), '',
        'Where the threads spent their time (first pair):', '', ...threadTable(rows[0].ours.event), '');
    const again = rows[0].ours.again;
    const report = `The same file again: ${again.total.toFixed(2)} s, unchanged | other outcomes = ${again.outcomes}, rows rewritten: ${again.rewritten}. Stopping (the log is copied back): ${rows[0].ours.stop.toFixed(2)} s.`;
    say(report);
    lines.push(report, '');

    const bad = await badRows(args.rows);
    const badText = `With 1,000 bad rows in between: ${bad.total.toFixed(2)} s, \`${bad.message}\`, rows reported are ${bad.same ? 'exactly' : 'NOT'} those made bad, ${bad.unexplained} without a reason.`;
    say(badText);
    lines.push(badText, '');

    if (args.latency) {
        const l = await latencies(file);
        const q = (xs) => `${percentile(xs, 50).toFixed(2)} | ${percentile(xs, 99).toFixed(2)} | ${Math.max(...xs).toFixed(2)} | ${xs.length}`;
        const table = ['| call, during the import | p50 (ms) | p99 (ms) | max (ms) | calls |', '| --- | --- | --- | --- | --- |',
            `| \`GET /v1/async-actions/{id}\`, one connection, every 5 ms | ${q(l.gets)} |`,
            `| \`POST /v1/vouchers/{code}\`, one connection, 20/s | ${q(l.creates)} |`];
        lines.push('## Interactive calls while a file of that size is imported (three imports)', '', ...table, '', `Failed calls: ${l.failed}. The import took ${l.total.toFixed(2)} s beside them, after its 202.`, '');
        say(table.join('\n'));
        say(`failed calls: ${l.failed}, import beside them ${l.total.toFixed(2)} s`);
    }

    if (args.big) {
        const big = sample(args.rows * 10, 0);
        const o = await ours(big.file, false);
        const a = anchor(big.file);
        const one = median(rows.map((r) => r.ours.total));
        const text = `${(args.rows * 10).toLocaleString('en')} rows: ${o.total.toFixed(1)} s = ${(o.total / one).toFixed(1)} × the median above; \`.import\` ${a.toFixed(1)} s, ratio ${(o.total / a).toFixed(2)}; VmHWM ${(o.memory / 1024).toFixed(0)} MiB.`;
        say(text);
        lines.push('## Ten times as many', '', text, '');
    }
    fs.writeFileSync(args.out, lines.join('\n'));
    say(`written: ${args.out}`);
    for (const name of ['ours', 'anchor', 'bad', 'latency']) fs.rmSync(path.join(work, name), { recursive: true, force: true });
}

await main();
