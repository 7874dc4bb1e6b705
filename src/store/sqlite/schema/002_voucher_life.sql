-- The voucher's whole life: JSON and bulk updates, categories, the bin, balances, keys, dry runs, retention.

-- Keys of a project: any number, each with a name. app_token_hash and its like in `projects` move here.
CREATE TABLE keys (
    app_id     TEXT PRIMARY KEY,        -- or the management id
    project_id INTEGER NOT NULL,
    kind       INTEGER NOT NULL,        -- enum key_kind
    token_hash BLOB NOT NULL,
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX keys_of_project ON keys (project_id);
INSERT INTO keys SELECT app_id, id, 1, app_token_hash, 'first key', created_ms FROM projects;
INSERT INTO keys SELECT management_id, id, 2, management_token_hash, 'first key', created_ms FROM projects;
CREATE TABLE projects_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id  TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    deleted_ms INTEGER                  -- its rows are being removed
);
INSERT INTO projects_new SELECT id, public_id, name, created_ms, NULL FROM projects;
DROP TABLE projects;
ALTER TABLE projects_new RENAME TO projects;

-- Access tokens (OAuth 2.0 client credentials); only hashes. A token lives as long as its key does.
CREATE TABLE oauth_tokens (
    token_hash BLOB PRIMARY KEY,
    project_id INTEGER NOT NULL,
    app_id     TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_tokens_of_project ON oauth_tokens (project_id, created_ms);
CREATE INDEX oauth_tokens_by_end ON oauth_tokens (expires_ms);

-- Which queue an action waits in: the kind of resource it works on, and how it shares it.
ALTER TABLE actions ADD COLUMN queue INTEGER NOT NULL DEFAULT 1;      -- enum action_queue
ALTER TABLE actions ADD COLUMN discipline INTEGER NOT NULL DEFAULT 0; -- enum discipline
ALTER TABLE actions ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE actions ADD COLUMN records INTEGER;                       -- NULL: not known before the end
ALTER TABLE actions ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;       -- 0: input, outcomes and report are gone
DROP INDEX actions_unfinished;
CREATE INDEX actions_unfinished ON actions (project_id, queue, discipline, seq) WHERE status < 2;
CREATE INDEX actions_kept ON actions (updated_ms) WHERE status > 1 AND kept = 1;

-- Small inputs (records, one a line); larger ones lie in the spool.
CREATE TABLE inputs (
    action_seq INTEGER PRIMARY KEY,
    data       BLOB NOT NULL
);

ALTER TABLE failures ADD COLUMN kind INTEGER NOT NULL DEFAULT 0; -- enum failure_kind

-- A retried request is the same action.
CREATE TABLE idempotency (
    project_id  INTEGER NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    action_seq  INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    PRIMARY KEY (project_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_ms);

ALTER TABLE vouchers ADD COLUMN category_id INTEGER;                  -- of categories; `category` is NULL then
ALTER TABLE vouchers ADD COLUMN validity TEXT;                        -- JSON object: validity_timeframe and its like
ALTER TABLE vouchers ADD COLUMN subtracted INTEGER NOT NULL DEFAULT 0; -- of a gift's amount, minor units
ALTER TABLE vouchers ADD COLUMN binned_ms INTEGER;                    -- in the bin: its code is all that is left to see
ALTER TABLE vouchers ADD COLUMN recent BLOB;                          -- who wrote what lately, see store/sqlite/recent.c

-- What a dry run would have made of a voucher, so that a repeated code meets it.
CREATE TABLE dry_vouchers (
    action_seq        INTEGER NOT NULL,
    code              TEXT NOT NULL,
    id                INTEGER NOT NULL,
    project_id        INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    campaign_id       INTEGER,
    type              INTEGER NOT NULL,
    discount_type     INTEGER NOT NULL,
    effect            INTEGER NOT NULL,
    active            INTEGER NOT NULL,
    value             NUMERIC,
    start_ms          INTEGER,
    expiration_ms     INTEGER,
    quantity          INTEGER,
    redeemed_quantity INTEGER NOT NULL,
    redeemed_amount   INTEGER NOT NULL,
    category          TEXT,
    additional_info   TEXT,
    rule              TEXT,
    discount_extra    TEXT,
    metadata          TEXT,
    created_ms        INTEGER NOT NULL,
    updated_ms        INTEGER,
    category_id       INTEGER,
    validity          TEXT,
    subtracted        INTEGER NOT NULL DEFAULT 0,
    binned_ms         INTEGER,
    recent            BLOB,
    PRIMARY KEY (action_seq, code)
) WITHOUT ROWID;

-- Keys of the tables below are project_id * 2^40 + n as well.
CREATE TABLE categories (
    project_id INTEGER NOT NULL,
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    hierarchy  INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER
);
CREATE INDEX categories_by_name ON categories (project_id, name);

CREATE TABLE bin (
    project_id    INTEGER NOT NULL,
    id            INTEGER PRIMARY KEY,
    resource_type INTEGER NOT NULL,      -- enum resource_type
    resource_key  INTEGER NOT NULL,
    resource_name TEXT NOT NULL,
    parent_key    INTEGER,
    created_ms    INTEGER NOT NULL
);
CREATE INDEX bin_of_resource ON bin (resource_type, resource_key);

CREATE TABLE transactions (
    project_id  INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    voucher_key INTEGER NOT NULL,
    amount      INTEGER NOT NULL,        -- added (below 0: taken)
    balance     INTEGER NOT NULL,        -- available afterwards
    total       INTEGER NOT NULL,        -- lifetime income afterwards
    source_id   TEXT,
    reason      TEXT,
    created_ms  INTEGER NOT NULL
);
CREATE INDEX transactions_of_voucher ON transactions (voucher_key, id);

CREATE TABLE exports (
    project_id INTEGER NOT NULL,
    id         INTEGER PRIMARY KEY,
    resource   INTEGER NOT NULL,         -- enum resource_type
    params     TEXT NOT NULL,            -- JSON: fields, order, filters, frozen
    created_ms INTEGER NOT NULL
);
