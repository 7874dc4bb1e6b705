-- Customers, and the vouchers that are handed to them.
CREATE TABLE customers (
    id          bigint PRIMARY KEY,         -- project_id * 2^40 + n
    project_id  bigint NOT NULL,
    version     bigint NOT NULL,           -- sequence number of who wrote it last
    source_id   text COLLATE "C",
    name        text,
    description text,
    email       text,
    phone       text,
    birthdate   text,
    birthday    text,
    address     text,                       -- JSON object
    metadata    text,                       -- JSON object; NULL: none
    created_ms  bigint NOT NULL,
    updated_ms  bigint
);
CREATE UNIQUE INDEX customers_source_id ON customers (project_id, source_id) WHERE source_id IS NOT NULL;

CREATE TABLE publications (
    id          bigint PRIMARY KEY,         -- project_id * 2^40 + n
    project_id  bigint NOT NULL,
    customer_id bigint NOT NULL,
    campaign_id bigint,                    -- of its vouchers; NULL: standalone
    source_id   text COLLATE "C",
    channel     text COLLATE "C" NOT NULL,
    metadata    text,
    vouchers    text NOT NULL,              -- JSON array of their keys
    created_ms  bigint NOT NULL
);
CREATE UNIQUE INDEX publications_source_id ON publications (project_id, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX publications_of_customer ON publications (customer_id, campaign_id, id);

ALTER TABLE vouchers ADD COLUMN holder_id bigint;       -- key of a customer
ALTER TABLE vouchers ADD COLUMN publish_count bigint;   -- NULL: never
CREATE INDEX vouchers_to_publish ON vouchers (campaign_id, id)
    WHERE campaign_id IS NOT NULL AND publish_count IS NULL AND binned_ms IS NULL;
CREATE INDEX vouchers_of_holder ON vouchers (holder_id, id) WHERE holder_id IS NOT NULL;
