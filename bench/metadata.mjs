// metadata.mjs - the metadata of all vouchers, beside the one SQL statement that does the same.
//
// Ours: from the request with all codes, in the order of their creation, to the first answer that says DONE. The
// anchor does the same: the codes lie in a temporary table (which is not timed), and one UPDATE with json_patch takes
// those of the list, on a copy of the same file, by the sqlite3 shell under the pragmas of our writer, log copied
// back at the end. The pairs alternate who begins; a ratio is taken within each. Beside it, as a lower bound, the
// UPDATE that is told no codes and walks the whole table.
import fs from 'node:fs';
import path from 'node:path';

import {
    Server, ask, cpu, fresh, freshDatabase, median, now, onPostgres, psql, run, sample, say, seconds, threadTable, whole,
} from './common.mjs';

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
    const base = onPostgres() ? s.db : path.join(dir, 'base.db');
    if (!onPostgres()) fs.copyFileSync(s.db, base);
    const codes = ask(base, 'SELECT code FROM vouchers ORDER BY id').split('\n');
    if (codes.length !== rows) throw new Error(`${codes.length} vouchers instead of ${rows}`);
    const list = path.join(dir, 'codes.csv');
    fs.writeFileSync(list, `${codes.join('\n')}\n`);
    return { dir, base, list, rows, keys: s.keys, body: Buffer.from(JSON.stringify({ codes, metadata: METADATA })) };
}

function copy(p, name) {
    if (onPostgres()) return freshDatabase(p.base);
    const db = path.join(p.dir, name);
    for (const tail of ['-wal', '-shm']) fs.rmSync(db + tail, { force: true });
    fs.copyFileSync(p.base, db);
    run('sync', []);
    return db;
}

function assertApplied(db, rows) {
    const { bench_wave: wave, bench_rank: rank } = METADATA;
    const where = onPostgres() ? `metadata ->> 'bench_wave' = '${wave}' AND (metadata ->> 'bench_rank')::int = ${rank}`
        : `json_extract(metadata, '$.bench_wave') = '${wave}' AND json_extract(metadata, '$.bench_rank') = ${rank}`;
    const n = ask(db, `SELECT count(*) FROM vouchers WHERE ${where}`);
    if (Number(n) !== rows) throw new Error(`${n} of ${rows} vouchers have their metadata in ${db}`);
}

async function ours(p) {
    const db = copy(p, 'bench.db'); // the name that its spool belongs to
    const s = await Server.start(p.dir, { keys: p.keys, db: onPostgres() ? db : undefined, args: ['--json-max-bytes', String(p.body.length + REQUEST_ROOM)] });
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

// psql's own timer; the list of codes is in its table before.
function pgStatement(p, db, where) {
    const sql = `UPDATE vouchers SET metadata = coalesce(metadata, '{}') || '${JSON.stringify(METADATA)}', updated_ms = ${Date.now()}, version = 1000000 WHERE project_id = 1 ${where.replace('temp.list', 'list')};`;
    const text = psql(db, ['-f', '-'], { input: `CREATE TEMP TABLE list (code text COLLATE "C");\n\\copy list from '${p.list}'\nANALYZE list;\n\\timing on\n${sql}\n` });
    const time = /^Time: ([\d.]+) ms/m.exec(text);
    if (!time) throw new Error(`psql has timed nothing: ${text}`);
    assertApplied(db, p.rows);
    return Number(time[1]) / 1000;
}

// The shell's own timer: what comes before it, the list, is not timed.
function statement(p, where, before = '') {
    const db = copy(p, 'anchor.db');
    if (onPostgres()) return pgStatement(p, db, where);
    const sql = `UPDATE vouchers SET metadata = json_patch(coalesce(metadata, '{}'), '${JSON.stringify(METADATA)}'), updated_ms = ${Date.now()}, version = 1000000 WHERE project_id = 1 ${where};`;
    const text = run('sqlite3', ['-bail', db], { input: `${PRAGMAS}\n${before}.timer on\n${sql}\nPRAGMA wal_checkpoint(TRUNCATE);\n` });
    const times = [...text.matchAll(/^Run Time: real ([\d.]+)/gm)].map((m) => Number(m[1]));
    if (times.length !== 2) throw new Error(`the shell has timed ${times.length} statements: ${text}`);
    assertApplied(db, p.rows);
    return times[0] + times[1];
}

const anchor = (p) => statement(p, 'AND code IN (SELECT code FROM temp.list)',
    `CREATE TEMP TABLE list (code TEXT);\n.mode csv\n.import '${p.list}' list\n.mode list\n`);

const wholeTable = (p) => statement(p, '');

function table(pairs) {
    const f = (x) => x.toFixed(2);
    const of = (get) => median(pairs.map(get));
    const line = (name, r) => `| ${name} | ${f(r.ours.total)} | ${f(r.ours.request)} | ${f(r.ours.stop)} | ${f(r.anchor)} | ${f(r.ratio)} | ${f(r.walk)} | ${f(r.ours.cpu)} | ${(r.ours.memory / 1024).toFixed(0)} |`;
    const middle = {
        ours: Object.fromEntries(['total', 'request', 'stop', 'cpu', 'memory'].map((k) => [k, of((r) => r.ours[k])])),
        anchor: of((r) => r.anchor), ratio: of((r) => r.ratio), walk: of((r) => r.walk),
    };
    return ['| pair | Longshore, request to DONE (s) | of it request to 202 (s) | stopping, log copied back (s) | one UPDATE of these codes (s) | ratio | UPDATE of the whole table (s) | CPU of the server (s) | VmHWM (MiB) |',
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
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
        const walk = wholeTable(p);
        pairs.push({ ours: o, anchor: b, walk, ratio: o.total / b });
        say(`pair ${i + 1}: ours ${o.total.toFixed(2)} s, one UPDATE ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}; whole table ${walk.toFixed(2)} s`);
    }
    const lines = [...table(pairs), '', 'Where the threads spent their time (first pair):', '', ...threadTable(pairs[0].ours.event)];
    say(lines.join('\n'));
    return [`## Metadata of ${whole(rows)} vouchers in one request, beside one UPDATE`, '', ...lines, ''];
}
