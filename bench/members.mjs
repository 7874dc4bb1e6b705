// members.mjs - a campaign of many vouchers changed and deleted, beside the one SQL statement that does the same.
//
// Ours: from the request to the first answer that says DONE. The anchor: one statement over the campaign's vouchers in the
// database's own shell, on a copy of the same database (on SQLite under the pragmas of our writer, log copied back at the
// end, which ours does when it stops). The pairs alternate who begins; a ratio is taken within each.
//
// And what lists tell of how many there are, in a project of 10 and in one of all of them.
import fs from 'node:fs';
import path from 'node:path';

import { Server, fresh, median, now, say, seconds, store, whole, work } from './common.mjs';

const KEPT = 'redeemed_quantity = 0 AND redeemed_amount = 0 AND binned_ms IS NULL';
const EXPIRES = Date.UTC(2090, 0, 1);

const orders = [
    {
        name: 'changed: another expiration date', method: 'PUT', body: JSON.stringify({ expiration_date: new Date(EXPIRES).toISOString() }),
        sql: (id) => `UPDATE vouchers SET expiration_ms = ${EXPIRES}, updated_ms = ${Date.now()}, version = 1000000 WHERE campaign_id = ${id} AND ${KEPT};`,
        left: `expiration_ms = ${EXPIRES}`,
    },
    {
        name: 'changed: metadata', method: 'PUT', body: JSON.stringify({ metadata: { bench_wave: 'second', bench_rank: 3 } }),
        sql: (id) => `UPDATE vouchers SET metadata = ${store.merged('{"bench_wave":"second","bench_rank":3}')}, updated_ms = ${Date.now()}, version = 1000000 WHERE campaign_id = ${id} AND ${KEPT};`,
        left: "metadata ->> 'bench_wave' = 'second'",
    },
    {
        name: 'deleted, into the bin', method: 'DELETE',
        sql: (id) => `UPDATE vouchers SET binned_ms = ${Date.now()}, version = 1000000 WHERE campaign_id = ${id} AND binned_ms IS NULL;`,
        left: 'binned_ms IS NOT NULL',
    },
    { name: 'deleted with force', method: 'DELETE', query: '?force=true', sql: (id) => `DELETE FROM vouchers WHERE campaign_id = ${id};`, left: null },
];

async function prepare(rows) {
    const dir = fresh('members');
    const s = await Server.start(dir);
    const body = { name: 'C', voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } }, metadata: { region: 'EU' } };
    await s.request('POST', '/v1/campaigns', JSON.stringify(body));
    await s.finished(await s.begin(`/v1/campaigns/C/vouchers?vouchers_count=${rows}`, '{}'));
    await s.stop();
    s.db.settle();
    return { dir, base: s.db.copy('base.db'), keys: s.keys, rows, campaign: Number(s.db.ask('SELECT id FROM campaigns')) };
}

function assertDone(db, p, order) {
    const n = Number(db.ask(`SELECT count(*) FROM vouchers${order.left ? ` WHERE ${order.left}` : ''}`));
    if (n !== (order.left ? p.rows : 0)) throw new Error(`${order.name}: ${n} in ${db.url}`);
}

async function ours(p, order) {
    const s = await Server.start(p.dir, { keys: p.keys, db: p.base.copy('bench.db') });
    const from = now();
    let id;
    if (order.method === 'PUT') {
        const r = await s.request('PUT', '/v1/campaigns/C', order.body);
        if (r.status !== 200) throw new Error(`PUT answered ${r.status}: ${r.text}`);
        id = JSON.parse((await s.request('GET', '/v1/async-actions?limit=1')).text).async_actions[0].id;
    } else {
        id = await s.beginWith('DELETE', `/v1/campaigns/C${order.query ?? ''}`);
    }
    const action = await s.finished(id);
    const total = seconds(now() - from);
    if (action.result.done_count !== p.rows) throw new Error(JSON.stringify(action));
    const memory = s.memory();
    const stopping = now();
    await s.stop();
    assertDone(s.db, p, order);
    return { total, memory, stop: seconds(now() - stopping) };
}

function anchor(p, order) {
    const db = p.base.copy('anchor.db');
    const time = store.statementAnchor(db, order.sql(p.campaign));
    assertDone(db, p, order);
    return time;
}

async function measured(p, order, n) {
    const pairs = [];
    for (let i = 0; i < n; i++) {
        const first = i % 2 === 0;
        const a = first ? null : anchor(p, order);
        const o = await ours(p, order);
        const b = first ? anchor(p, order) : a;
        pairs.push({ ours: o, anchor: b, ratio: o.total / b });
        say(`${order.name}, pair ${i + 1}: ours ${o.total.toFixed(2)} s, one statement ${b.toFixed(2)} s, ratio ${(o.total / b).toFixed(2)}`);
    }
    const of = (get) => median(pairs.map(get));
    const f = (x) => x.toFixed(2);
    return `| ${order.name} | ${f(of((r) => r.ours.total))} | ${f(of((r) => r.ours.stop))} | ${f(of((r) => r.anchor))} | **${f(of((r) => r.ratio))}** (${pairs.map((r) => f(r.ratio)).join(', ')}) | ${(of((r) => r.ours.memory) / 1024).toFixed(0)} |`;
}

// Totals of lists, and the count that a campaign tells.
async function totals(p) {
    const large = await Server.start(p.dir, { keys: p.keys, db: p.base.copy('bench.db') });
    const dir = path.join(work, 'totals');
    fs.mkdirSync(dir, { recursive: true });
    const small = await Server.start(dir, { db: store.beside(dir) });
    await small.request('POST', '/v1/campaigns', JSON.stringify({ name: 'C', voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } }, category: 'tag' }));
    await small.finished(await small.begin('/v1/campaigns/C/vouchers?vouchers_count=10', '{}'));
    await large.request('PUT', '/v1/campaigns/C', JSON.stringify({ category: 'tag' }));
    await large.finished(JSON.parse((await large.request('GET', '/v1/async-actions?limit=1')).text).async_actions[0].id);
    const lines = ['| GET, median of 300 (ms) | 10 vouchers | all of them |', '| --- | --- | --- |'];
    for (const url of ['/v1/vouchers?limit=1', '/v1/vouchers?limit=1&campaign=C', '/v1/vouchers?limit=1&category=tag', '/v1/campaigns/C']) {
        const times = [];
        for (const s of [small, large]) {
            const each = [];
            for (let i = 0; i < 300; i++) {
                const from = now();
                const r = await s.request('GET', url);
                each.push(seconds(now() - from) * 1000);
                const { total, vouchers_count: count } = JSON.parse(r.text);
                if ((total ?? count) !== (s === small ? 10 : p.rows)) throw new Error(`${url}: ${r.text}`);
            }
            times.push(median(each).toFixed(3));
        }
        lines.push(`| \`${url}\` | ${times.join(' | ')} |`);
        say(lines.at(-1));
    }
    await small.stop();
    await large.stop();
    return lines;
}

export async function members({ rows, pairs: n }) {
    const p = await prepare(rows);
    const lines = [`| a campaign of ${whole(rows)} vouchers | Longshore, request to DONE (s) | stopping${store.atStop} (s) | the one statement (s) | ratio | VmHWM (MiB) |`, '| --- | --- | --- | --- | --- | --- |'];
    for (const order of orders) lines.push(await measured(p, order, n));
    say(lines.join('\n'));
    lines.push('', ...await totals(p));
    return [`## A campaign of ${whole(rows)} vouchers changed and deleted, beside one statement`, '', ...lines, ''];
}
