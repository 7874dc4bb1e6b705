// common.mjs - what all parts of the bench share: the server, samples, a quiet disk, figures.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');
export const bin = process.env.LONGSHORE_RELEASE_BIN || path.join(root, 'build/longshore');
export const generator = path.join(root, 'build/gen_vouchers');
export const work = path.join(root, 'build/bench');

export const seconds = (ns) => Number(ns) / 1e9;
export const now = () => process.hrtime.bigint();
export const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
export const percentile = (xs, p) => [...xs].sort((a, b) => a - b)[Math.min(xs.length - 1, Math.ceil(xs.length * p / 100) - 1)];
export const say = (text) => console.log(text);
export const whole = (x) => Math.round(x).toLocaleString('en');

export function run(command, argv, options = {}) {
    const r = spawnSync(command, argv, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
    if (r.error || (r.status !== 0 && !options.anyStatus)) throw new Error(`${command}: ${r.error ?? r.stderr}`);
    return r.stdout;
}

// What everything runs on: `sqlite` of sqlite.mjs or `postgres` of postgres.mjs.
export let store;
export const use = (s) => { store = s; };

export function sample(rows, bad) {
    const file = path.join(work, `vouchers-${rows}${bad ? '-bad' : ''}.csv`);
    const list = `${file}.bad`;
    if (!fs.existsSync(file)) {
        say(`making ${path.basename(file)}`);
        run(generator, [String(rows), '--seed', '7', '--out', `${file}.part`, ...(bad ? ['--bad', String(bad), '--bad-list', list] : [])]);
        fs.renameSync(`${file}.part`, file);
    }
    return { file, list };
}

// The names in the first line of a CSV file.
export function columnsOf(file) {
    const fd = fs.openSync(file, 'r');
    const b = Buffer.alloc(4096);
    const n = fs.readSync(fd, b, 0, b.length, 0);
    fs.closeSync(fd);
    return b.subarray(0, n).toString().split(/\r?\n/)[0].split(',');
}

// Whatever others still have to write must not be on our bill: both sides start on a quiet disk.
const scratch = ['ours', 'anchor', 'bad', 'latency', 'order', 'enqueue', 'metadata', 'generate', 'readymade', 'members', 'totals', 'records'];
export const clean = () => scratch.forEach((name) => fs.rmSync(path.join(work, name), { recursive: true, force: true }));
export const fresh = (name) => {
    const dir = path.join(work, name);
    clean();
    fs.rmSync(dir, { recursive: true, force: true });
    fs.mkdirSync(dir, { recursive: true });
    run('sync', []);
    return dir;
};

// CPU seconds that a process has used so far, all threads.
const ticks = Number(run('getconf', ['CLK_TCK']));
const stat = (pid) => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ').map(Number);
export const cpu = (pid) => (stat(pid)[11] + stat(pid)[12]) / ticks; // utime, stime: fields 14 and 15
export const cpuOfEnded = (pid) => (stat(pid)[13] + stat(pid)[14]) / ticks; // its children that it has waited for

export class Server {
    // On a database without a project it makes one; `keys` are those of an earlier server on this database.
    static async start(dir, { args = [], keys, db } = {}) {
        const s = new Server();
        s.dir = dir;
        s.db = db ?? store.fresh(dir);
        // A file, not a pipe: reading the log as it grows would be on the bill of what is measured.
        s.logFile = path.join(dir, 'server.log');
        const log = fs.openSync(s.logFile, 'w');
        s.child = spawn(bin, ['serve', '--listen', '127.0.0.1:0', '--store', s.db.url, ...s.db.serveArgs(dir), ...args], { stdio: ['ignore', 'inherit', log] });
        fs.closeSync(log);
        s.kill = () => s.child.kill('SIGKILL');
        process.on('exit', s.kill); // also when the bench breaks
        s.exited = new Promise((done) => s.child.once('exit', done));
        s.port = (await s.event((e) => e.event === 'listening')).port;
        s.keys = keys ?? JSON.parse(run(bin, ['project', 'create', '--name', 'bench', '--store', s.db.url]));
        s.headers = { 'X-App-Id': s.keys.app_id, 'X-App-Token': s.keys.app_token };
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

    // The id of the action that a request starts.
    async begin(url, body) {
        return this.beginWith('POST', url, body);
    }

    async beginWith(method, url, body) {
        const r = await this.request(method, url, body);
        if (r.status !== 202) throw new Error(`${method} ${url} answered ${r.status}: ${r.text}`);
        return JSON.parse(r.text).async_action_id;
    }

    upload(file, url = '/v1/vouchers/importCSV') {
        return new Promise((done, fail) => {
            const headers = Object.entries(this.headers).map(([k, v]) => `header = "${k}: ${v}"`).join('\n');
            const curl = spawn('curl', ['-sS', '-K', '-', '-F', `file=@${file}`, `http://127.0.0.1:${this.port}${url}`], { stdio: ['pipe', 'pipe', 'inherit'] });
            let out = '';
            curl.stdout.on('data', (d) => { out += d; });
            curl.on('close', () => { try { done(JSON.parse(out).async_action_id); } catch { fail(new Error(`upload answered: ${out}`)); } });
            curl.stdin.end(headers);
        });
    }

    // Asks as a program should, for an answer when it has ended; with a pause, again and again.
    async finished(id, pause = 0) {
        for (;;) {
            const r = await this.request('GET', `/v1/async-actions/${id}${pause > 0 ? '' : '?wait=60'}`);
            if (r.status !== 200) throw new Error(`action ${id}: ${r.status}: ${r.text}`);
            const action = JSON.parse(r.text);
            if (action.status === 'DONE' || action.status === 'FAILED') return action;
            if (pause > 0) await sleep(pause);
        }
    }

    // Uploads a file of which no row may fail.
    async load(file) {
        const action = await this.finished(await this.upload(file));
        if (action.status !== 'DONE' || action.result.failed_count > 0) throw new Error(JSON.stringify(action));
        return action;
    }

    memory() { // peak resident memory, KiB
        return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]);
    }

    // Waits for a line of the log.
    async event(wanted) {
        for (let i = 0; i < 1000; i++) {
            const text = fs.readFileSync(this.logFile, 'utf8');
            const found = text.split('\n').slice(0, -1).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).find(wanted);
            if (found) return found;
            if (this.child.exitCode !== null) throw new Error(`the server has ended: ${text}`);
            await sleep(10);
        }
        throw new Error(`not in ${this.logFile}: ${wanted}`);
    }

    endEvent(id) {
        return this.event((e) => e.event === 'action_end' && e.action_id === id);
    }

    async stop() {
        this.agent.destroy();
        this.child.kill('SIGTERM');
        const code = await this.exited;
        process.off('exit', this.kill);
        if (code !== 0) throw new Error(`the server ended with ${code}`);
    }
}

export function threadTable(event) {
    return ['| thread | works (ms) | waits (ms) | what |', '| --- | --- | --- | --- |',
        `| preparer | ${event.prepare_ms} | ${event.prepare_wait_ms} | reads, parses, maps, sorts the next chunk |`,
        `| committer | ${event.commit_ms} | ${event.commit_wait_ms} | applies slices; ${event.store_commit_ms} ms of it in COMMIT, ${event.store_commits} commits |`];
}
