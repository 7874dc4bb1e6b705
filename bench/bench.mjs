// bench.mjs - Longshore beside the database's own shell, on the same file, in one run.
//
//   ./dev bench [--rows 1000000] [--pairs 4] [--big] [--no-latency] [--seconds 10] [--connections 32]
//               [--only import,latency,big,order,enqueue,metadata,generate,members,records] [--out FILE] [--store sqlite] [--huge-pages]
//
// The store is sqlite (sqlite.mjs, results in RESULTS.md) or postgresql (postgres.mjs: a private cluster, results in
// RESULTS-postgresql.md): each tells what the database's own way is, which stands beside ours as the anchor. With
// --huge-pages PostgreSQL has its shared memory in such pages, for both sides; the machine has to let us reserve them.
//
// Parts: import (always measured where big is), latency, order (order.mjs), enqueue (enqueue.mjs), metadata (metadata.mjs), generate (generate.mjs),
// members (members.mjs), records (records.mjs), and big when it is asked for. With --only the figures are printed, and written only to a file that --out names.
//
// import, ours: the time from the start of the upload (curl, multipart, loopback) to the first answer that says DONE,
// durable. The anchor: the shell's import of the same file into a table with the same unique index. Both sides
// alternate, medians are quoted, and a ratio is taken within each pair, because machines drift.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Server, clean, fresh, median, now, percentile, root, run, sample, say, seconds, store, threadTable, use, work } from './common.mjs';
import { enqueue } from './enqueue.mjs';
import { generate } from './generate.mjs';
import { members } from './members.mjs';
import { metadata } from './metadata.mjs';
import { order } from './order.mjs';
import { postgres } from './postgres.mjs';
import { records } from './records.mjs';
import { sqlite } from './sqlite.mjs';

const numbers = { rows: 1000000, pairs: 4, seconds: 10, connections: 32 };
const flags = { big: false, 'no-latency': false, 'huge-pages': false };
const texts = { only: '', out: '', store: 'sqlite' };
const stores = { sqlite, postgresql: postgres };
const args = { ...numbers, ...flags, ...texts };
for (let i = 2; i < process.argv.length; i++) {
    const name = process.argv[i].replace(/^--/, '');
    if (name in numbers) args[name] = Number(process.argv[++i]);
    else if (name in flags) args[name] = true;
    else if (name in texts) args[name] = process.argv[++i] ?? '';
    else refuse(`unknown flag ${process.argv[i]}`);
    if (Number.isNaN(args[name])) refuse(`--${name} wants a number`);
}

function refuse(why) {
    console.error(why);
    process.exit(2);
}

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
    const mark = s.db.mark();
    if (keep) r.again = await importOnce(s, file);
    r.memory_again = s.memory();
    const from = now();
    await s.stop();
    r.stop = seconds(now() - from);
    r.size = s.db.size();
    if (keep) {
        r.again.rewritten = s.db.rewritten(mark);
        r.again.outcomes = s.db.ask('SELECT unchanged, created + updated + superseded + failed FROM actions WHERE seq = 2');
    }
    return r;
}

// ---- what is measured ----

// A round that is thrown away comes first: the first import of a new cluster makes its WAL files, which all later ones
// use again, and the first of a new disk pays for its blocks. Take an even number of pairs: whoever begins one may pay more.
async function pairs(file, n) {
    const rows = [];
    const warm = await ours(file, false);
    say(`warm-up, thrown away: ours ${warm.total.toFixed(2)} s, ${store.importName} ${store.importAnchor(file).toFixed(2)} s`);
    for (let i = 0; i < n; i++) {
        const first = i % 2 === 0;
        const a = first ? null : store.importAnchor(file);
        const o = await ours(file, i === 0);
        const b = first ? store.importAnchor(file) : a;
        rows.push({ ours: o, anchor: b, ratio: o.total / b });
        say(`pair ${i + 1}: ours ${o.total.toFixed(2)} s (upload ${o.upload.toFixed(2)}), ${store.importName} ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}, VmHWM ${(o.memory / 1024).toFixed(0)} MiB`);
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
    return `${os.cpus().length} × ${model}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${os.release()}, ${store.version()}, node ${process.versions.node}`;
}

function pairTable(rows) {
    const f = (x) => x.toFixed(2);
    const lines = ['| pair | Longshore, request to DONE (s) | of it upload to 202 (s) | ' + store.importName + ' (s) | ratio | VmHWM (MiB) |', '| --- | --- | --- | --- | --- | --- |'];
    rows.forEach((r, i) => lines.push(`| ${i + 1} | ${f(r.ours.total)} | ${f(r.ours.upload)} | ${f(r.anchor)} | ${f(r.ratio)} | ${(r.ours.memory / 1024).toFixed(0)} |`));
    lines.push(`| **median** | **${f(median(rows.map((r) => r.ours.total)))}** | ${f(median(rows.map((r) => r.ours.upload)))} | **${f(median(rows.map((r) => r.anchor)))}** | **${f(median(rows.map((r) => r.ratio)))}** | ${(median(rows.map((r) => r.ours.memory)) / 1024).toFixed(0)} |`);
    return lines;
}

const size = (file) => (fs.statSync(file).size / 1e6).toFixed(0);

function title() {
    const commit = run('git', ['-C', root, 'rev-parse', '--short', 'HEAD']).trim();
    const dirty = run('git', ['-C', root, 'status', '--porcelain', '--', 'src']).trim() ? ' with uncommitted changes in src' : '';
    return [store.title, '',
        'Made by `./dev bench`; see `bench/*.mjs` for what is timed. Absolute figures are of one noisy machine: read the ratios.', '',
        `- commit ${commit}${dirty}, ${new Date().toISOString().slice(0, 10)}`, `- command \`./dev bench ${process.argv.slice(2).join(' ')}\``, `- machine: ${machine()}`, ...store.about(), ''];
}

// ---- the parts: each prints what it finds, and gives it as lines of Markdown ----

let importMedian; // of the part `import`, for `big`

async function partImport() {
    const { file } = sample(args.rows, 0);
    const rows = await pairs(file, args.pairs);
    importMedian = median(rows.map((r) => r.ours.total));
    const again = rows[0].ours.again;
    const report = `The same file again: ${again.total.toFixed(2)} s, unchanged | other outcomes = ${again.outcomes}, rows rewritten: ${again.rewritten}. The database has ${(rows[0].ours.size / 1e6).toFixed(0)} MB after the import. Stopping${store.atStop}: ${rows[0].ours.stop.toFixed(2)} s.`;
    say(report);

    const bad = await badRows(args.rows);
    const badText = `With 1,000 bad rows in between: ${bad.total.toFixed(2)} s, \`${bad.message}\`, rows reported are ${bad.same ? 'exactly' : 'NOT'} those made bad, ${bad.unexplained} without a reason.`;
    say(badText);
    return [`## ${args.rows.toLocaleString('en')} vouchers from one CSV (${size(file)} MB, 12 columns)`, '', store.importNote, '', ...pairTable(rows), '',
        'Where the threads spent their time (first pair):', '', ...threadTable(rows[0].ours.event), '', report, '', badText, ''];
}

async function partLatency() {
    const l = await latencies(sample(args.rows, 0).file);
    const q = (xs) => `${percentile(xs, 50).toFixed(2)} | ${percentile(xs, 99).toFixed(2)} | ${Math.max(...xs).toFixed(2)} | ${xs.length}`;
    const table = ['| call, during the import | p50 (ms) | p99 (ms) | max (ms) | calls |', '| --- | --- | --- | --- | --- |',
        `| \`GET /v1/async-actions/{id}\`, one connection, every 5 ms | ${q(l.gets)} |`,
        `| \`POST /v1/vouchers/{code}\`, one connection, 20/s | ${q(l.creates)} |`];
    say(table.join('\n'));
    say(`failed calls: ${l.failed}, import beside them ${l.total.toFixed(2)} s`);
    return ['## Interactive calls while a file of that size is imported (three imports)', '', ...table, '', `Failed calls: ${l.failed}. The import took ${l.total.toFixed(2)} s beside them, after its 202.`, ''];
}

async function partBig() {
    const big = sample(args.rows * 10, 0);
    const o = await ours(big.file, false);
    const a = store.importAnchor(big.file);
    const text = `${(args.rows * 10).toLocaleString('en')} rows: ${o.total.toFixed(1)} s = ${(o.total / importMedian).toFixed(1)} × the median above; ${store.importName} ${a.toFixed(1)} s, ratio ${(o.total / a).toFixed(2)}; VmHWM ${(o.memory / 1024).toFixed(0)} MiB.`;
    say(text);
    return ['## Ten times as many', '', text, ''];
}

// In the order of the results.
const parts = {
    import: partImport,
    latency: partLatency,
    big: partBig,
    order: () => order({ rows: args.rows }),
    enqueue: () => enqueue({ connections: args.connections, duration: args.seconds }),
    metadata: () => metadata({ rows: args.rows, pairs: args.pairs }),
    generate: () => generate({ rows: args.rows, pairs: args.pairs }),
    members: () => members({ rows: args.rows, pairs: args.pairs }),
    records: () => records({ rows: args.rows, pairs: args.pairs }),
};

function wanted() {
    const names = args.only ? args.only.split(',') : ['import', 'latency', 'order', 'enqueue', 'metadata', 'generate', 'members', 'records'];
    const strange = names.find((name) => !(name in parts));
    if (strange !== undefined) refuse(`there is no part '${strange}', only ${Object.keys(parts).join(', ')}`);
    const set = new Set(names);
    if (args.big) set.add('big');
    if (set.has('big')) set.add('import');
    if (args['no-latency']) set.delete('latency');
    return Object.keys(parts).filter((name) => set.has(name));
}

async function main() {
    const names = wanted();
    if (!Object.hasOwn(stores, args.store)) refuse(`--store wants one of ${Object.keys(stores).join(', ')}`);
    use(stores[args.store]);
    const out = args.out || (args.only ? '' : path.join(root, 'bench', store.results));
    fs.mkdirSync(work, { recursive: true });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1)); // what we started ends as well
    store.start({ hugePages: args['huge-pages'] });
    const lines = title();
    for (const name of names) lines.push(...await parts[name]());
    clean();
    if (!out) return;
    fs.writeFileSync(out, lines.join('\n'));
    say(`written: ${out}`);
}

await main();
