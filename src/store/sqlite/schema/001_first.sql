-- The first schema. Every table leads with project_id; times are milliseconds since 1970, UTC; ids that
-- clients see are made from integer keys (base/ids.h).

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Counters that outlive a process: keys are never used twice. (0, 'seq') orders actions and single writes
-- of all projects.
CREATE TABLE sequences (
    project_id INTEGER NOT NULL,
    name       TEXT NOT NULL,
    next       INTEGER NOT NULL,
    PRIMARY KEY (project_id, name)
) WITHOUT ROWID;

CREATE TABLE projects (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id             TEXT NOT NULL UNIQUE,
    name                  TEXT NOT NULL,
    app_id                TEXT NOT NULL UNIQUE,
    app_token_hash        BLOB NOT NULL,
    management_id         TEXT NOT NULL UNIQUE,
    management_token_hash BLOB NOT NULL,
    created_ms            INTEGER NOT NULL
);

CREATE TABLE actions (
    project_id  INTEGER NOT NULL,
    seq         INTEGER PRIMARY KEY,
    kind        INTEGER NOT NULL,
    status      INTEGER NOT NULL,           -- enum action_status
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    request_id  TEXT NOT NULL,
    input       TEXT,                       -- name in the spool
    input_bytes INTEGER NOT NULL,
    params      TEXT NOT NULL,              -- frozen when queued
    progress    INTEGER NOT NULL DEFAULT 0,
    chunk_start INTEGER NOT NULL DEFAULT 0, -- the checkpoint: see struct action
    chunk_end   INTEGER NOT NULL DEFAULT 0,
    chunk_row   INTEGER NOT NULL DEFAULT 0,
    chunk_no    INTEGER NOT NULL DEFAULT 0,
    chunk_rows  INTEGER NOT NULL DEFAULT 0,
    slice_done  INTEGER NOT NULL DEFAULT 0,
    created     INTEGER NOT NULL DEFAULT 0, -- outcomes so far
    updated     INTEGER NOT NULL DEFAULT 0,
    unchanged   INTEGER NOT NULL DEFAULT 0,
    superseded  INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    message     TEXT,
    lease_epoch INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX actions_by_time ON actions (project_id, created_ms, seq);
CREATE INDEX actions_unfinished ON actions (project_id, seq) WHERE status < 2;

-- Four bits a row, one blob a chunk, by row number.
CREATE TABLE outcomes (
    project_id  INTEGER NOT NULL,
    action_seq  INTEGER NOT NULL,
    chunk_no    INTEGER NOT NULL,
    first_row   INTEGER NOT NULL,
    n_rows      INTEGER NOT NULL,
    chunk_start INTEGER NOT NULL,
    chunk_end   INTEGER NOT NULL,
    packed      BLOB NOT NULL,
    PRIMARY KEY (project_id, action_seq, chunk_no)
) WITHOUT ROWID;

CREATE TABLE failures (
    project_id INTEGER NOT NULL,
    action_seq INTEGER NOT NULL,
    row        INTEGER NOT NULL, -- from 1, as shown
    key        TEXT,
    reason     TEXT NOT NULL,
    PRIMARY KEY (project_id, action_seq, row)
) WITHOUT ROWID;

-- Totals of lists, kept in the transactions that change them: a list never scans to count.
CREATE TABLE totals (
    project_id INTEGER NOT NULL,
    resource   TEXT NOT NULL,
    n          INTEGER NOT NULL,
    PRIMARY KEY (project_id, resource)
) WITHOUT ROWID;

-- id is project_id * 2^40 + n: the table itself is the index by project and age.
CREATE TABLE vouchers (
    project_id        INTEGER NOT NULL,
    id                INTEGER PRIMARY KEY,
    code              TEXT NOT NULL,
    version           INTEGER NOT NULL,    -- sequence number of who wrote it last
    campaign_id       INTEGER,
    type              INTEGER NOT NULL,    -- enum voucher_type
    discount_type     INTEGER NOT NULL,
    effect            INTEGER NOT NULL,
    active            INTEGER NOT NULL,
    value             NUMERIC,             -- minor units, percent, units or points
    start_ms          INTEGER,
    expiration_ms     INTEGER,
    quantity          INTEGER,             -- NULL: unlimited
    redeemed_quantity INTEGER NOT NULL,
    redeemed_amount   INTEGER NOT NULL,
    category          TEXT,
    additional_info   TEXT,
    rule              TEXT,
    discount_extra    TEXT,
    metadata          TEXT,                -- NULL: none
    created_ms        INTEGER NOT NULL,
    updated_ms        INTEGER
);
CREATE UNIQUE INDEX vouchers_code ON vouchers (project_id, code);
