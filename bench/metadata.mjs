// metadata.mjs - the metadata of all vouchers, beside the one SQL statement that does the same.
//
// Ours: from the request with all codes, in the order of their creation, to the first answer that says DONE. The
// anchor: an UPDATE with json_patch on a copy of the same file, by the sqlite3 shell under the pragmas of our
// writer, log copied back at the end. The pairs alternate who begins; a ratio is taken within each.
import fs from 'node:fs';
import path from 'node:path';

import { Server, ask, cpu, fresh, median, now, run, sample, say, seconds, threadTable, whole } from './common.mjs';

const METADATA = { bench_wave: 'second', bench_rank: 3 };
const REQUEST_ROOM = 1 << 20; // what a body may have beyond its codes

// As src/store/sqlite has them: db.c, and WRITER_CACHE_BYTES of sqlite.c.
const PRAGMAS = 'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864; ' +
    'PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-40960;';

// The file that both sides begin with, and the request.
async function prepare(rows) {
    const dir = fresh('metadata');
    const s = await Server.start(dir);
    await s.load(sample(rows, 0).file);
    await s.stop();
    const base = path.join(dir, 'base.db');
    fs.copyFileSync(s.db, base);
    const codes = ask(base, 'SELECT code FROM vouchers ORDER BY id').split('\n');
    if (codes.length !== rows) throw new Error(`${codes.length} vouchers instead of ${rows}`);
    return { dir, base, rows, keys: s.keys, body: Buffer.from(JSON.stringify({ codes, metadata: METADATA })) };
}

function copy(p, name) {
    const db = path.join(p.dir, name);
    for (const tail of ['-wal', '-shm']) fs.rmSync(db + tail, { force: true });
    fs.copyFileSync(p.base, db);
    run('sync', []);
    return db;
}

function assertApplied(db, rows) {
    const n = ask(db, `SELECT count(*) FROM vouchers WHERE json_extract(metadata, '$.bench_wave') = '${METADATA.bench_wave}' AND json_extract(metadata, '$.bench_rank') = ${METADATA.bench_rank}`);
    if (Number(n) !== rows) throw new Error(`${n} of ${rows} vouchers have their metadata in ${db}`);
}

async function ours(p) {
    const db = copy(p, 'bench.db'); // the name that its spool belongs to
    const s = await Server.start(p.dir, { keys: p.keys, args: ['--json-max-bytes', String(p.body.length + REQUEST_ROOM)] });
    const used = cpu(s.child.pid);
    const from = now();
    const id = await s.begin('/v1/vouchers/metadata/async', p.body);
    const accepted = now();
    const action = await s.finished(id);
    const done = now();
    const { done_count, failed_count } = action.result;
    if (done_count !== p.rows || failed_count !== 0) throw new Error(`DONE with ${done_count} done, ${failed_count} failed`);
    const r = { total: seconds(done - from), request: seconds(accepted - from), cpu: cpu(s.child.pid) - used, memory: s.memory(), event: await s.endEvent(id) };
    const stopping = now();
    await s.stop();
    r.stop = seconds(now() - stopping);
    assertApplied(db, p.rows);
    return r;
}

function anchor(p) {
    const db = copy(p, 'anchor.db');
    const sql = `UPDATE vouchers SET metadata = json_patch(coalesce(metadata, '{}'), '${JSON.stringify(METADATA)}'), updated_ms = ${Date.now()}, version = 1000000 WHERE project_id = 1;`;
    const from = now();
    run('sqlite3', ['-bail', db], { input: `${PRAGMAS}\n${sql}\nPRAGMA wal_checkpoint(TRUNCATE);\n` });
    const took = seconds(now() - from);
    assertApplied(db, p.rows);
    return took;
}

function table(pairs) {
    const f = (x) => x.toFixed(2);
    const of = (get) => median(pairs.map(get));
    const line = (name, r) => `| ${name} | ${f(r.ours.total)} | ${f(r.ours.request)} | ${f(r.ours.stop)} | ${f(r.anchor)} | ${f(r.ratio)} | ${f(r.ours.cpu)} | ${(r.ours.memory / 1024).toFixed(0)} |`;
    const middle = {
        ours: Object.fromEntries(['total', 'request', 'stop', 'cpu', 'memory'].map((k) => [k, of((r) => r.ours[k])])),
        anchor: of((r) => r.anchor), ratio: of((r) => r.ratio),
    };
    return ['| pair | Longshore, request to DONE (s) | of it request to 202 (s) | stopping, log copied back (s) | one UPDATE (s) | ratio | CPU of the server (s) | VmHWM (MiB) |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
        ...pairs.map((r, i) => line(i + 1, r)), line('**median**', middle)];
}

export async function metadata({ rows, pairs: n }) {
    const p = await prepare(rows);
    const pairs = [];
    for (let i = 0; i < n; i++) {
        const first = i % 2 === 0;
        const a = first ? null : anchor(p);
        const o = await ours(p);
        const b = first ? anchor(p) : a;
        pairs.push({ ours: o, anchor: b, ratio: o.total / b });
        say(`pair ${i + 1}: ours ${o.total.toFixed(2)} s, one UPDATE ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}`);
    }
    const lines = [...table(pairs), '', 'Where the threads spent their time (first pair):', '', ...threadTable(pairs[0].ours.event)];
    say(lines.join('\n'));
    return [`## Metadata of ${whole(rows)} vouchers in one request, beside one UPDATE`, '', ...lines, ''];
}
