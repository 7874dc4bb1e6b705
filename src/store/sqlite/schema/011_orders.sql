-- Orders: records, as customers are.
CREATE TABLE orders (
    id              INTEGER PRIMARY KEY,    -- project_id * 2^40 + n
    project_id      INTEGER NOT NULL,
    version         INTEGER NOT NULL,       -- sequence number of who wrote it last
    source_id       TEXT,
    metadata        TEXT,                   -- JSON object; NULL: none
    recent          BLOB,
    created_ms      INTEGER NOT NULL,
    updated_ms      INTEGER,
    status          INTEGER NOT NULL,       -- enum order_status
    amount          INTEGER,                -- minor units
    initial_amount  INTEGER,
    discount_amount INTEGER,
    items           TEXT,                   -- JSON array, as it is printed
    customer_id     INTEGER,                -- keys of customers
    referrer_id     INTEGER
);
CREATE UNIQUE INDEX orders_source_id ON orders (project_id, source_id) WHERE source_id IS NOT NULL;
