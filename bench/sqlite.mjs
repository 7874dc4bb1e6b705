// sqlite.mjs - the bench's databases as files of SQLite, and the sqlite3 shell's own way of doing what we do.
import fs from 'node:fs';
import path from 'node:path';

import { columnsOf, fresh, now, run, seconds } from './common.mjs';

// As src/store/sqlite has them: db.c, and WRITER_CACHE_BYTES of sqlite.c.
const PRAGMAS = 'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864; ' +
    'PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-40960;';

class File {
    constructor(file) {
        this.file = file;
        this.url = `sqlite:${file}`;
    }

    serveArgs() {
        return [];
    }

    // A question beside the server that writes it.
    ask(sql) {
        return run('sqlite3', ['-readonly', this.file, sql]).trim();
    }

    size() {
        return fs.statSync(this.file).size;
    }

    copy(name) {
        const file = path.join(path.dirname(this.file), name);
        for (const tail of ['-wal', '-shm']) fs.rmSync(file + tail, { force: true });
        fs.copyFileSync(this.file, file);
        run('sync', []);
        return new File(file);
    }

    settle() {}

    mark() {}

    rewritten() {
        return Number(this.ask('SELECT count(*) FROM vouchers WHERE updated_ms IS NOT NULL OR version <> 1'));
    }
}

export const sqlite = {
    results: 'RESULTS.md',
    title: '# Benchmark results',
    importName: '`.import`',
    importNote: 'The anchor is the shell\'s `.import` of the same file into a table with the same unique index, all columns text, synchronous=NORMAL, log copied back.',
    atStop: ' (the log is copied back)',

    start() {},

    about: () => [],

    version: () => `sqlite3 ${run('sqlite3', ['--version']).split(' ')[0]}`,

    beside: (dir) => new File(path.join(dir, 'bench.db')),

    fresh: (dir) => new File(path.join(dir, 'bench.db')),

    // No processes of its own.
    cpu: () => 0,

    importAnchor(file) {
        const db = path.join(fresh('anchor'), 'anchor.db');
        const columns = columnsOf(file);
        const script = [
            'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-262144;',
            `CREATE TABLE v (${columns.map((c) => `"${c}" TEXT`).join(', ')}); CREATE UNIQUE INDEX vi ON v ("${columns[0]}");`,
            '.mode csv', `.import --skip 1 ${file} v`, 'PRAGMA wal_checkpoint(TRUNCATE);', '',
        ].join('\n');
        const from = now();
        run('sqlite3', [db], { input: script });
        return seconds(now() - from);
    },

    merged: (metadata) => `json_patch(coalesce(metadata, '{}'), '${metadata}')`,

    without: (key) => `json_remove(metadata, '$.${key}')`,

    has: (key) => `json_type(metadata, '$.${key}') IS NOT NULL`,

    // One statement by the shell's own timer, the log copied back with it; what comes before it is not timed.
    statementAnchor(db, sql, before = '') {
        const text = run('sqlite3', ['-bail', db.file], { input: `${PRAGMAS}\n${before}.timer on\n${sql}\nPRAGMA wal_checkpoint(TRUNCATE);\n` });
        const times = [...text.matchAll(/^Run Time: real ([\d.]+)/gm)].map((m) => Number(m[1]));
        if (times.length !== 2) throw new Error(`the shell has timed ${times.length} statements: ${text}`);
        return times[0] + times[1];
    },

    updateAnchor(db, metadata, list) {
        const sql = `UPDATE vouchers SET metadata = ${this.merged(JSON.stringify(metadata))}, updated_ms = ${Date.now()}, version = 1000000 ` +
            `WHERE project_id = 1${list ? ' AND code IN (SELECT code FROM temp.list)' : ''};`;
        const before = list ? `CREATE TEMP TABLE list (code TEXT);\n.mode csv\n.import '${list}' list\n.mode list\n` : '';
        return this.statementAnchor(db, sql, before);
    },
};
