// records.mjs - customers by CSV file beside the database's own import, and a metadata key purged from all of them beside the
// one statement that does the same.
//
// The import is measured as that of vouchers is (bench.mjs): from the start of the upload to the first answer that says
// DONE, the anchor into a table with the same unique index; a round that is thrown away comes first. The purge: from the
// request to DONE; the anchor is one UPDATE over the table, in the database's own shell, on a copy of the same database.
import fs from 'node:fs';
import path from 'node:path';

import { Server, fresh, median, now, say, seconds, store, whole, work } from './common.mjs';

const PURGED = 'wave';

// Ids of customers are seldom in order.
function sample(rows) {
    const file = path.join(work, `customers-${rows}.csv`);
    if (fs.existsSync(file)) return file;
    fs.mkdirSync(work, { recursive: true });
    const out = fs.openSync(file, 'w');
    let text = `Source_id,Name,Email,Phone,City,Country,${PURGED},rank\n`;
    for (let i = 0; i < rows; i++) {
        const id = (i * 2654435761 % 4294967296).toString(16).padStart(8, '0');
        text += `cust-${id}-${i},Customer ${i},c${i}@example.com,+49 30 ${i},Ulm,Germany,w${i % 7},${i % 100}\n`;
        if (text.length > 1 << 20) { fs.writeSync(out, text); text = ''; }
    }
    fs.writeSync(out, text);
    fs.closeSync(out);
    return file;
}

async function importOnce(file, rows) {
    const s = await Server.start(fresh('records'));
    const from = now();
    const action = await s.finished(await s.upload(file, '/v1/customers/importCSV'));
    const total = seconds(now() - from);
    if (action.result?.done_count !== rows) throw new Error(JSON.stringify(action));
    const memory = s.memory();
    await s.stop();
    return { total, memory };
}

async function prepare(file) {
    const dir = fresh('records');
    const s = await Server.start(dir);
    await s.finished(await s.upload(file, '/v1/customers/importCSV'));
    await s.stop();
    s.db.settle();
    return { dir, base: s.db.copy('base.db'), keys: s.keys };
}

async function purgeOnce(p, rows) {
    const s = await Server.start(p.dir, { keys: p.keys, db: p.base.copy('bench.db') });
    const from = now();
    const action = await s.finished(await s.begin('/v1/metadata-schemas/customer/purge', JSON.stringify({ key: PURGED })));
    const total = seconds(now() - from);
    if (action.result?.done_count !== rows) throw new Error(JSON.stringify(action));
    const memory = s.memory();
    await s.stop();
    return { total, memory };
}

function purgeAnchor(p) {
    return store.statementAnchor(p.base.copy('anchor.db'),
        `UPDATE customers SET metadata = ${store.without(PURGED)}, updated_ms = ${Date.now()}, version = 1000000 WHERE ${store.has(PURGED)};`);
}

async function alternate(name, n, ours, anchor) {
    const pairs = [];
    for (let i = 0; i < n; i++) {
        const a = i % 2 === 0 ? null : anchor();
        const o = await ours();
        const b = a ?? anchor();
        pairs.push({ ...o, anchor: b, ratio: o.total / b });
        say(`${name}, pair ${i + 1}: ours ${o.total.toFixed(2)} s, anchor ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}`);
    }
    const of = (get) => median(pairs.map(get)).toFixed(2);
    return `| ${name} | ${of((r) => r.total)} | ${of((r) => r.anchor)} | **${of((r) => r.ratio)}** (${pairs.map((r) => r.ratio.toFixed(2)).join(', ')}) | ${(median(pairs.map((r) => r.memory)) / 1024).toFixed(0)} |`;
}

export async function records({ rows, pairs: n }) {
    const file = sample(rows);
    const warm = await importOnce(file, rows);
    say(`customers, warm-up, thrown away: ours ${warm.total.toFixed(2)} s, anchor ${store.importAnchor(file).toFixed(2)} s`);
    const lines = [`| ${whole(rows)} customers | Longshore, request to DONE (s) | anchor (s) | ratio | VmHWM (MiB) |`, '| --- | --- | --- | --- | --- |',
        await alternate(`imported from a file; ${store.importName}`, n, () => importOnce(file, rows), () => store.importAnchor(file))];
    const p = await prepare(file);
    lines.push(await alternate('a metadata key purged; one statement', n, () => purgeOnce(p, rows), () => purgeAnchor(p)));
    say(lines.join('\n'));
    return [`## ${whole(rows)} customers imported, and a metadata key purged from them`, '', ...lines, ''];
}
