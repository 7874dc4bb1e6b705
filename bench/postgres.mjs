// postgres.mjs - the bench's databases in a PostgreSQL cluster of its own, and psql's own way of doing what we do.
//
// Longshore and psql come to it in the same way, over TCP on the loopback, and have the same settings. A database is
// made, and the cluster has written all it has to write (CHECKPOINT), before anything is timed.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { columnsOf, cpu, cpuOfEnded, fresh, now, root, run, seconds, work } from './common.mjs';

// What every operator would set; then PostgreSQL's own defaults, where tests/support/cluster.sh has others.
const SETTINGS = [
    'shared_buffers=512MB', 'max_wal_size=4GB', 'checkpoint_timeout=15min',
    'fsync=on', 'full_page_writes=on', 'synchronous_commit=on', 'wal_level=replica', 'max_wal_senders=10',
    'max_connections=100', 'deadlock_timeout=1s', 'log_min_messages=warning',
];
const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';
const HUGE_PAGES_NEEDED = 320; // of 2 MiB: shared_buffers, and what is shared beside them
const script = path.join(root, 'tests/support/cluster.sh');

let cluster; // its directory
let base; // its URL, without a database
let made = 0;

const psql = (url, args, options) => run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...args, url], options);
const admin = (sql) => psql(`${base}/postgres`, ['-At', '-c', sql]).trim();

// PostgreSQL runs as a user of its own when we are root: it must be able to come there.
function reachable(dir) {
    for (let d = dir; ; d = path.dirname(d)) {
        if ((fs.statSync(d).mode & 1) === 0) return false;
        if (d === path.dirname(d)) return true;
    }
}

// As PostgreSQL's manual advises; given back at the end. Its processes touch each page of shared_buffers for
// themselves, and there is one where there were 512.
function reserveHugePages() {
    const before = Number(fs.readFileSync(HUGE_PAGES, 'utf8'));
    process.on('exit', () => fs.writeFileSync(HUGE_PAGES, `${before}`));
    fs.writeFileSync(HUGE_PAGES, `${before + HUGE_PAGES_NEEDED}`);
    if (Number(fs.readFileSync(HUGE_PAGES, 'utf8')) < before + HUGE_PAGES_NEEDED) throw new Error(`the machine has no ${HUGE_PAGES_NEEDED} huge pages`);
}

class Database {
    constructor(name) {
        this.name = name;
        this.url = `${base}/${name}`;
    }

    serveArgs(dir) {
        return ['--spool', path.join(dir, 'uploads')];
    }

    ask(sql) {
        return psql(this.url, ['-At', '-c', sql]).trim();
    }

    size() {
        return Number(this.ask('SELECT pg_database_size(current_database())'));
    }

    copy() {
        return create(this.name);
    }

    // As autovacuum leaves any database within its minute: else chance decides what the copies have.
    settle() {
        this.ask('VACUUM (ANALYZE)');
    }

    mark() {
        return this.ask('SELECT txid_current()');
    }

    // Also those that were written again as they were. (A new cluster: numbers of transactions have not wrapped.)
    rewritten(mark) {
        return Number(this.ask(`SELECT count(*) FROM vouchers WHERE updated_ms IS NOT NULL OR version <> 1 OR xmin::text::bigint >= ${mark}`));
    }
}

// Empty or a copy. The old ones go, so that nobody tidies them up while the next is measured.
function create(template = 'template0') {
    for (let i = 1; i <= made; i++) if (template !== `bench${i}`) admin(`DROP DATABASE IF EXISTS bench${i} WITH (FORCE)`);
    const name = `bench${++made}`;
    admin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    admin('CHECKPOINT');
    return new Database(name);
}

// The same rows with line ends of one kind: the sample mixes them, which psql refuses.
function plain(file) {
    const out = `${file}.lf`;
    if (!fs.existsSync(out)) run('sh', ['-c', 'tr -d "\\r" <"$1" >"$2.part" && mv "$2.part" "$2"', 'sh', file, out]);
    return out;
}

const TYPES = { 'Active': 'boolean', 'Start Date': 'timestamptz', 'Expiration Date': 'timestamptz', 'Value': 'numeric', 'Redemption Limit': 'bigint' };

export const postgres = {
    results: 'RESULTS-postgresql.md',
    title: '# Benchmark results on PostgreSQL',
    importName: '`psql \\copy`',
    importNote: 'The anchor is psql\'s `\\copy` (FORMAT csv, HEADER) of the same file, its line ends made one kind beforehand, into a table with the same unique index ' +
        '(`project_id bigint DEFAULT 1`, `code text COLLATE "C"`) and columns of the types that we parse them to: boolean, timestamptz, numeric, bigint, else text.',
    atStop: '',

    start({ hugePages = false } = {}) {
        const dir = fs.mkdtempSync(path.join(reachable(work) ? work : os.tmpdir(), 'cluster-'));
        fs.chmodSync(dir, 0o755);
        cluster = path.join(dir, 'pg');
        process.on('exit', () => {
            spawnSync(script, ['stop', cluster]);
            fs.rmSync(dir, { recursive: true, force: true });
        });
        if (hugePages) reserveHugePages();
        base = run(script, ['start', cluster, ...SETTINGS, ...(hugePages ? ['huge_pages=on'] : [])]).trim();
    },

    // As the server itself tells them.
    about() {
        const set = admin(`SELECT string_agg(name || '=' || current_setting(name), ', ' ORDER BY name) FROM pg_settings
            WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_level') OR (source = 'configuration file' AND setting <> boot_val
            AND (name = 'max_connections' OR category ~ '^(Resource|Write-Ahead|Query|Autovacuum|Lock|Replication)'))`);
        return [`- a cluster of its own, over TCP on the loopback for Longshore and for psql, with its defaults but for what is set here: ${set}`];
    },

    version: () => `PostgreSQL ${admin('SHOW server_version').split(' ')[0]}`,

    // Another one, without the old ones going.
    beside() {
        const name = `bench${++made}`;
        admin(`CREATE DATABASE ${name} TEMPLATE template0`);
        return new Database(name);
    },

    fresh: () => create(),

    // Of all processes of the cluster, those that have ended too.
    cpu() {
        const main = fs.readFileSync(path.join(cluster, 'data/postmaster.pid'), 'utf8').split('\n')[0];
        let sum = cpu(main) + cpuOfEnded(main);
        for (const pid of run('pgrep', ['-P', main], { anyStatus: true }).split('\n').filter(Boolean)) {
            try { sum += cpu(pid); } catch { /* has ended meanwhile */ }
        }
        return sum;
    },

    importAnchor(file) {
        const source = plain(file);
        const columns = columnsOf(file).map((c) => ({ name: `"${c}"`, type: TYPES[c] ?? 'text' }));
        fresh('anchor');
        const db = create();
        db.ask(`CREATE TABLE v (project_id bigint NOT NULL DEFAULT 1, ${columns[0].name} text COLLATE "C" NOT NULL, ` +
            `${columns.slice(1).map((c) => `${c.name} ${c.type}`).join(', ')}); CREATE UNIQUE INDEX vi ON v (project_id, ${columns[0].name})`);
        const from = now();
        psql(db.url, ['-c', `\\copy v (${columns.map((c) => c.name).join(', ')}) from '${source}' with (format csv, header)`]);
        return seconds(now() - from);
    },

    merged: (metadata) => `coalesce(metadata, '{}') || '${metadata}'`,

    without: (key) => `metadata - '${key}'`,

    has: (key) => `metadata ? '${key}'`,

    // One statement by psql's own timer; what comes before it is not timed.
    statementAnchor(db, sql, before = '') {
        const text = psql(db.url, ['-f', '-'], { input: `${before}\\timing on\n${sql}\n` });
        const times = [...text.matchAll(/^Time: ([\d.]+) ms/gm)];
        if (times.length !== 1) throw new Error(`psql has timed ${times.length} statements: ${text}`);
        return Number(times[0][1]) / 1000;
    },

    updateAnchor(db, metadata, list) {
        const sql = `UPDATE vouchers SET metadata = ${this.merged(JSON.stringify(metadata))}, updated_ms = ${Date.now()}, version = 1000000 ` +
            `WHERE project_id = 1${list ? ' AND code IN (SELECT code FROM list)' : ''};`;
        const before = list ? `CREATE TEMP TABLE list (code text COLLATE "C");\n\\copy list from '${list}'\nANALYZE list;\n` : '';
        return this.statementAnchor(db, sql, before);
    },
};
