-- Customers, and the vouchers that are handed to them.
CREATE TABLE customers (
    id          INTEGER PRIMARY KEY,        -- project_id * 2^40 + n
    project_id  INTEGER NOT NULL,
    version     INTEGER NOT NULL,           -- sequence number of who wrote it last
    source_id   TEXT,
    name        TEXT,
    description TEXT,
    email       TEXT,
    phone       TEXT,
    birthdate   TEXT,
    birthday    TEXT,
    address     TEXT,                       -- JSON object
    metadata    TEXT,                       -- JSON object; NULL: none
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER
);
CREATE UNIQUE INDEX customers_source_id ON customers (project_id, source_id) WHERE source_id IS NOT NULL;

CREATE TABLE publications (
    id          INTEGER PRIMARY KEY,        -- project_id * 2^40 + n
    project_id  INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    campaign_id INTEGER,                    -- of its vouchers; NULL: standalone
    source_id   TEXT,
    channel     TEXT NOT NULL,
    metadata    TEXT,
    vouchers    TEXT NOT NULL,              -- JSON array of their keys
    created_ms  INTEGER NOT NULL
);
CREATE UNIQUE INDEX publications_source_id ON publications (project_id, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX publications_of_customer ON publications (customer_id, campaign_id, id);

ALTER TABLE vouchers ADD COLUMN holder_id INTEGER;       -- key of a customer
ALTER TABLE vouchers ADD COLUMN publish_count INTEGER;   -- NULL: never
CREATE INDEX vouchers_to_publish ON vouchers (campaign_id, id)
    WHERE campaign_id IS NOT NULL AND publish_count IS NULL AND binned_ms IS NULL;
CREATE INDEX vouchers_of_holder ON vouchers (holder_id, id) WHERE holder_id IS NOT NULL;
