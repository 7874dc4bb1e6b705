// metadata.mjs - the metadata of all vouchers, beside the one SQL statement that does the same.
//
// Ours: from the request with all codes, in the order of their creation, to the first answer that says DONE. The
// anchor does the same: the codes lie in a temporary table (which is not timed), and one UPDATE in the database's own
// shell takes those of the list, on a copy of the same database: on SQLite json_patch, under the pragmas of our writer,
// log copied back at the end; on PostgreSQL ||. The pairs alternate who begins; a ratio is taken within each. Beside
// it, as a lower bound, the UPDATE that is told no codes and walks the whole table.
import fs from 'node:fs';
import path from 'node:path';

import { Server, cpu, fresh, median, now, sample, say, seconds, store, threadTable, whole } from './common.mjs';

const METADATA = { bench_wave: 'second', bench_rank: 3 };
const REQUEST_ROOM = 1 << 20; // what a body may have beyond its codes

// The database that both sides begin with a copy of, and the request.
async function prepare(rows) {
    const dir = fresh('metadata');
    const s = await Server.start(dir);
    await s.load(sample(rows, 0).file);
    await s.stop();
    s.db.settle();
    const base = s.db.copy('base.db');
    const codes = base.ask('SELECT code FROM vouchers ORDER BY id').split('\n');
    if (codes.length !== rows) throw new Error(`${codes.length} vouchers instead of ${rows}`);
    const list = path.join(dir, 'codes.csv');
    fs.writeFileSync(list, `${codes.join('\n')}\n`);
    return { dir, base, list, rows, keys: s.keys, body: Buffer.from(JSON.stringify({ codes, metadata: METADATA })) };
}

function assertApplied(db, rows) {
    const { bench_wave: wave, bench_rank: rank } = METADATA;
    const n = db.ask(`SELECT count(*) FROM vouchers WHERE metadata ->> 'bench_wave' = '${wave}' AND CAST(metadata ->> 'bench_rank' AS integer) = ${rank}`);
    if (Number(n) !== rows) throw new Error(`${n} of ${rows} vouchers have their metadata in ${db.url}`);
}

async function ours(p) {
    const db = p.base.copy('bench.db'); // the name that its spool belongs to
    const s = await Server.start(p.dir, { keys: p.keys, db, args: ['--json-max-bytes', String(p.body.length + REQUEST_ROOM)] });
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

function anchor(p, list) {
    const db = p.base.copy('anchor.db');
    const time = store.updateAnchor(db, METADATA, list);
    assertApplied(db, p.rows);
    return time;
}

function table(pairs) {
    const f = (x) => x.toFixed(2);
    const of = (get) => median(pairs.map(get));
    const line = (name, r) => `| ${name} | ${f(r.ours.total)} | ${f(r.ours.request)} | ${f(r.ours.stop)} | ${f(r.anchor)} | ${f(r.ratio)} | ${f(r.walk)} | ${f(r.ours.cpu)} | ${(r.ours.memory / 1024).toFixed(0)} |`;
    const middle = {
        ours: Object.fromEntries(['total', 'request', 'stop', 'cpu', 'memory'].map((k) => [k, of((r) => r.ours[k])])),
        anchor: of((r) => r.anchor), ratio: of((r) => r.ratio), walk: of((r) => r.walk),
    };
    return [`| pair | Longshore, request to DONE (s) | of it request to 202 (s) | stopping${store.atStop} (s) | one UPDATE of these codes (s) | ratio | UPDATE of the whole table (s) | CPU of the server (s) | VmHWM (MiB) |`,
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
        ...pairs.map((r, i) => line(i + 1, r)), line('**median**', middle)];
}

export async function metadata({ rows, pairs: n }) {
    const p = await prepare(rows);
    const pairs = [];
    for (let i = 0; i < n; i++) {
        const first = i % 2 === 0;
        const a = first ? null : anchor(p, p.list);
        const o = await ours(p);
        const b = first ? anchor(p, p.list) : a;
        const walk = anchor(p);
        pairs.push({ ours: o, anchor: b, walk, ratio: o.total / b });
        say(`pair ${i + 1}: ours ${o.total.toFixed(2)} s, one UPDATE ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}; whole table ${walk.toFixed(2)} s`);
    }
    const lines = [...table(pairs), '', 'Where the threads spent their time (first pair):', '', ...threadTable(pairs[0].ours.event)];
    say(lines.join('\n'));
    return [`## Metadata of ${whole(rows)} vouchers in one request, beside one UPDATE`, '', ...lines, ''];
}
