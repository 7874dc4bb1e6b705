// order.mjs - small actions beside a large import: how long they take, and that none breaks the order.
//
// While the import is between 10 % and 90 % (by its own progress), ten-row imports of the same and of another project
// are sent, one after the other, in pairs. What is measured is the time from the request to the answer that says
// DONE. A bulk update of some of the large file's codes is sent at 50 %: it has to find them all.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Server, bin, fresh, median, now, run, sample, say, seconds, whole } from './common.mjs';

const FIRST = 10, LAST = 90;

const gift = (code) => ({ code, type: 'GIFT_VOUCHER', gift: { amount: 100 } });

// The same server, as another project sees it.
function other(s) {
    const keys = JSON.parse(run(bin, ['project', 'create', '--name', 'other', '--store', s.db.url]));
    const o = Object.create(s);
    o.headers = { 'X-App-Id': keys.app_id, 'X-App-Token': keys.app_token };
    return o;
}

async function progress(s, id) {
    return JSON.parse((await s.request('GET', `/v1/async-actions/${id}`)).text).progress;
}

async function small(s, name) {
    const from = now();
    const action = await s.finished(await s.begin('/v1/vouchers/import', JSON.stringify(Array.from({ length: 10 }, (_, i) => gift(`${name}-${i}`)))), 5);
    if (action.result.done_count !== 10) throw new Error(JSON.stringify(action));
    return seconds(now() - from);
}

export async function order({ rows }) {
    const s = await Server.start(fresh('order'));
    const o = other(s);
    const { file } = sample(rows, 0);
    const codes = fs.readFileSync(file, 'utf8').split('\n', 2001).slice(1).map((line) => line.split(',')[0]);
    const large = await s.upload(file);
    const times = { same: [], other: [] };
    let update;
    for (let at = await progress(s, large), n = 0; at < LAST; at = await progress(s, large)) {
        if (at < FIRST) {
            await sleep(5);
            continue;
        }
        if (at >= 50 && update === undefined) update = await s.begin('/v1/vouchers/metadata/async', JSON.stringify({ codes, metadata: { found: true } }));
        const [a, b] = await Promise.all([small(s, `S${n}`), small(o, `O${n++}`)]);
        if (await progress(s, large) < 100) {
            times.same.push(a);
            times.other.push(b);
        }
    }
    await s.finished(large);
    const heading = ['## Small imports beside a large one', ''];
    if (update === undefined || times.same.length === 0) {
        await s.stop();
        say(`order: an import of ${whole(rows)} rows is over too soon`);
        return [...heading, `Not measured: an import of ${whole(rows)} rows is over too soon.`, ''];
    }
    const { result } = await s.finished(update);
    if (result.done_count !== codes.length) throw new Error(`the update found ${result.done_count} of ${codes.length} imported codes`);
    await s.stop();
    const ms = (s) => (s * 1000).toFixed(0);
    const line = (name, list) => `| ${name} | ${list.length} | ${ms(median(list))} | ${ms(Math.max(...list))} |`;
    const lines = [`| ten-row import, while one of ${whole(rows)} rows is between ${FIRST} and ${LAST} % | runs | median, request to DONE (ms) | longest (ms) |`, '| --- | --- | --- | --- |',
        line('of the same project', times.same), line('of another project', times.other), '',
        `A metadata update of ${whole(codes.length)} of the large file's codes, sent at 50 %, found all of them.`];
    say(lines.join('\n'));
    return [...heading, ...lines, ''];
}
