// generate.mjs - codes generated, beside the same codes imported ready-made; and what the last codes of a pattern cost.
//
// Both go into a campaign of a database of their own, from the request to the first answer that says DONE. The ready-made
// ones are a CSV file of one column, in the order of their creation. The pairs alternate who begins.
import fs from 'node:fs';
import path from 'node:path';

import { Server, cpu, fresh, median, now, say, seconds, threadTable, whole } from './common.mjs';

const DIGITS = '0123456789';
const campaign = (config) => JSON.stringify({ name: 'C', voucher: { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 }, code_config: config } });

async function serverWith(dir, config) {
    const s = await Server.start(fresh(dir));
    const r = await s.request('POST', '/v1/campaigns', campaign(config));
    if (r.status !== 200) throw new Error(`POST /v1/campaigns answered ${r.status}: ${r.text}`);
    return s;
}

// `start` resolves to the id of the action.
async function timed(s, rows, start) {
    const used = cpu(s.child.pid);
    const from = now();
    const id = await start();
    const action = await s.finished(id);
    const r = { total: seconds(now() - from), cpu: cpu(s.child.pid) - used, memory: s.memory(), event: await s.endEvent(id) };
    if (action.status !== 'DONE' || action.result.done_count !== rows) throw new Error(JSON.stringify(action).slice(0, 500));
    return r;
}

async function generated(rows, config, keep) {
    const s = await serverWith('generate', config);
    const r = await timed(s, rows, () => s.begin(`/v1/campaigns/C/vouchers?vouchers_count=${rows}`, '{}'));
    await s.stop();
    const n = Number(s.db.ask('SELECT count(DISTINCT code) FROM vouchers'));
    if (n !== rows) throw new Error(`${n} different codes of ${rows}`);
    if (keep) fs.writeFileSync(keep, `Code\n${s.db.ask('SELECT code FROM vouchers ORDER BY id')}\n`);
    return r;
}

async function imported(rows, file) {
    const s = await serverWith('readymade', {});
    const r = await timed(s, rows, () => s.upload(file, '/v1/campaigns/C/importCSV'));
    await s.stop();
    return r;
}

async function curve(rows) {
    const config = { pattern: '#'.repeat(String(rows).length - 1), charset: DIGITS }; // as many codes as rows
    const table = ['| of a space of ' + whole(rows) + ' codes | seconds | us per code |', '| --- | --- | --- |'];
    for (const part of [0.1, 0.25, 0.5, 0.75, 0.999]) {
        const n = Math.round(rows * part);
        const r = await generated(n, config);
        table.push(`| ${whole(n)} | ${r.total.toFixed(2)} | ${(r.total * 1e6 / n).toFixed(2)} |`);
        say(table.at(-1));
    }
    return table;
}

export async function generate({ rows, pairs: n }) {
    const file = path.join(fresh('generate'), '..', 'codes-readymade.csv');
    await generated(rows, {}, file);
    const pairs = [];
    for (let i = 0; i < n; i++) {
        const first = i % 2 === 0;
        const a = first ? null : await imported(rows, file);
        const g = await generated(rows, {});
        const b = first ? await imported(rows, file) : a;
        pairs.push({ generated: g, imported: b, ratio: g.total / b.total });
        say(`pair ${i + 1}: generated ${g.total.toFixed(2)} s, imported ${b.total.toFixed(2)} s, ratio ${(g.total / b.total).toFixed(2)}`);
    }
    const f = (x) => x.toFixed(2);
    const line = (name, r) => `| ${name} | ${f(r.generated.total)} | ${f(r.imported.total)} | ${f(r.ratio)} | ${f(r.generated.cpu)} | ${(r.generated.memory / 1024).toFixed(0)} |`;
    const of = (get) => median(pairs.map(get));
    const middle = {
        generated: { total: of((r) => r.generated.total), cpu: of((r) => r.generated.cpu), memory: of((r) => r.generated.memory) },
        imported: { total: of((r) => r.imported.total) }, ratio: of((r) => r.ratio),
    };
    const lines = ['| pair | generated, request to DONE (s) | the same codes imported ready-made (s) | ratio | CPU of the server (s) | VmHWM (MiB) |',
        '| --- | --- | --- | --- | --- | --- |', ...pairs.map((r, i) => line(i + 1, r)), line('**median**', middle), '',
        'Where the threads spent their time (first pair):', '', ...threadTable(pairs[0].generated.event), '', ...await curve(rows)];
    fs.rmSync(file, { force: true });
    return [`## ${whole(rows)} codes generated for a campaign`, '', ...lines, ''];
}
