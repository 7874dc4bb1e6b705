-- Campaigns: what their codes begin with, and what they say of themselves.
CREATE TABLE campaigns (
    id             INTEGER PRIMARY KEY,     -- project_id * 2^40 + n
    project_id     INTEGER NOT NULL,
    name           TEXT NOT NULL,
    version        INTEGER NOT NULL,        -- sequence number of who wrote it last
    campaign_type  INTEGER NOT NULL,        -- enum campaign_type
    codes          INTEGER NOT NULL,        -- enum campaign_codes
    active         INTEGER NOT NULL,
    join_once      INTEGER NOT NULL,
    auto_join      INTEGER NOT NULL,
    voucher_schema INTEGER NOT NULL,
    creation       INTEGER NOT NULL,        -- enum campaign_status
    type           INTEGER NOT NULL,        -- of its vouchers, as in `vouchers`, up to `metadata`
    discount_type  INTEGER NOT NULL,
    effect         INTEGER NOT NULL,
    value          NUMERIC,
    start_ms       INTEGER,
    expiration_ms  INTEGER,
    quantity       INTEGER,
    category       TEXT,
    category_id    INTEGER,
    validity       TEXT,
    discount_extra TEXT,
    metadata       TEXT,
    description    TEXT,
    code_config    TEXT,                    -- JSON, complete; NULL: has no codes
    extra          TEXT,                    -- JSON object of members that are kept as they came
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER,
    binned_ms      INTEGER                  -- in the bin: its name is all that is left to see
);
CREATE UNIQUE INDEX campaigns_name ON campaigns (project_id, name);
CREATE INDEX vouchers_of_campaign ON vouchers (campaign_id, id) WHERE campaign_id IS NOT NULL;

-- Whose vouchers an action works on: a campaign shows what is going on.
ALTER TABLE actions ADD COLUMN campaign_id INTEGER;
CREATE INDEX actions_of_campaign ON actions (campaign_id) WHERE status < 2 AND campaign_id IS NOT NULL;
