// enqueue.mjs - durable enqueues: how many small bulk updates a second are accepted, and how many are done.
//
// wrk posts them on keep-alive connections, each one code of 100,000 and its metadata, while the engine works.
// What is accepted and what is done is counted in the database, not taken from anybody's word: an enqueue is a
// row of `actions` that a 202 stands for. An enqueue rate is only worth what the drain rate beside it is.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Server, cpu, fresh, now, run, sample, say, seconds, store, whole } from './common.mjs';

const VOUCHERS = 100000;
const script = path.join(path.dirname(new URL(import.meta.url).pathname), 'enqueue.lua');
const tick = 1 / Number(run('getconf', ['CLK_TCK']));

// Actions by status, and the moment of that: the question reads the state of its beginning. 2 is DONE, 3 FAILED.
function census(s) {
    const at = now();
    const counts = Object.fromEntries(s.db.ask('SELECT status, count(*) FROM actions GROUP BY status').split('\n').map((l) => l.split('|').map(Number)));
    const done = counts[2] ?? 0, failed = counts[3] ?? 0;
    return { at, done, failed, left: (counts[0] ?? 0) + (counts[1] ?? 0), cpu: cpu(s.child.pid), database: store.cpu() };
}

// It is asked often, so it must be cheap: whether there is an entry in the index of what is unfinished.
async function drained(s) {
    while (s.db.ask('SELECT count(*) FROM (SELECT 1 FROM actions WHERE status < 2 LIMIT 1) x') !== '0') await sleep(100);
    return census(s);
}

function wrk(s, codes, { connections, duration }) {
    return new Promise((done, fail) => {
        const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${duration}s`, '--timeout', '30s', '-s', script, `http://127.0.0.1:${s.port}`], {
            stdio: ['ignore', 'pipe', 'inherit'],
            env: { ...process.env, BENCH_CODES: codes, BENCH_APP_ID: s.keys.app_id, BENCH_APP_TOKEN: s.keys.app_token },
        });
        let out = '';
        child.stdout.on('data', (d) => { out += d; });
        child.on('error', fail);
        child.on('close', () => {
            const line = out.split('\n').find((l) => l.startsWith('{'));
            if (line) done(JSON.parse(line)); else fail(new Error(`wrk said: ${out}`));
        });
    });
}

// Vouchers to write to, and one update as those that follow: what it is answered, and that it is done.
async function prepare(s) {
    await s.load(sample(VOUCHERS, 0).file);
    const codes = path.join(s.dir, 'codes');
    fs.writeFileSync(codes, s.db.ask('SELECT code FROM vouchers ORDER BY id'));
    const code = fs.readFileSync(codes, 'utf8').split('\n')[0];
    const action = await s.finished(await s.begin('/v1/vouchers/bulk/async', JSON.stringify([{ code, metadata: { n: 0 } }])));
    if (action.result.done_count !== 1) throw new Error(JSON.stringify(action));
    return codes;
}

async function measure(options) {
    const s = await Server.start(fresh('enqueue'));
    const codes = await prepare(s);
    const before = await drained(s);
    const load = await wrk(s, codes, options);
    const after = census(s);
    const end = await drained(s);
    const r = { load, before, after, end, memory: s.memory() };
    r.failedRows = Number(s.db.ask('SELECT coalesce(sum(failed), 0) FROM actions'));
    await s.stop();
    return r;
}

// Those under way when wrk stops are stored, and nobody has seen their 202.
function check({ load, before, end, failedRows }, { connections }) {
    const accepted = load.requests - load.refused;
    const stored = end.done + end.failed - before.done - before.failed;
    if (stored < accepted || stored > accepted + connections) throw new Error(`${accepted} were accepted, ${stored} are stored`);
    if (end.failed > 0 || failedRows > 0) throw new Error(`${end.failed} actions and ${failedRows} rows have failed`);
    return accepted;
}

export async function enqueue(options) {
    const r = await measure(options);
    const { load, before, after, end } = r;
    const accepted = check(r, options);
    const took = load.us / 1e6, beside = seconds(after.at - before.at), rest = seconds(end.at - after.at);
    const done = after.done - before.done;
    const ms = (us) => (us / 1000).toFixed(2);
    const used = (a, b) => `server ${(b.cpu - a.cpu).toFixed(1)} s${b.database > 0 ? `, database ${(b.database - a.database).toFixed(1)} s` : ''}`;
    const lines = ['| what | figure |', '| --- | --- |',
        `| enqueues | **${whole(accepted / took)}/s**: ${whole(accepted)} answers 202 in ${took.toFixed(1)} s, ${load.refused} refused, ${load.broken} without an answer |`,
        `| latency of an enqueue | p50 ${ms(load.p50_us)} ms, p99 ${ms(load.p99_us)} ms, max ${ms(load.max_us)} ms |`,
        `| DONE during the load | **${whole(done / beside)}/s**: ${whole(done)} |`,
        `| the queue after it | ${whole(after.left)} left, empty after ${rest.toFixed(1)} s${after.left > 0 ? `: ${whole(after.left / rest)}/s` : ''} |`,
        `| from the first enqueue to the last DONE | ${whole((end.done - before.done) / (beside + rest))}/s |`,
        `| CPU during the load, of ${(os.cpus().length * beside).toFixed(1)} s | ${used(before, after)}, load generator ${(load.cpu_ticks * tick).toFixed(1)} s |`,
        `| CPU while it drains | ${used(after, end)} |`,
        `| VmHWM | ${(r.memory / 1024).toFixed(0)} MiB |`];
    say(lines.join('\n'));
    return [`## Durable enqueues: bulk updates of one voucher, ${options.connections} connections, workers on`, '', ...lines, ''];
}
