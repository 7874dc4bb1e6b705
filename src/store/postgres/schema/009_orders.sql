-- Orders: records, as customers are.
CREATE TABLE orders (
    id              bigint PRIMARY KEY,     -- project_id * 2^40 + n
    project_id      bigint NOT NULL,
    version         bigint NOT NULL,       -- sequence number of who wrote it last
    source_id       text COLLATE "C",
    metadata        jsonb,                   -- JSON object; NULL: none
    recent          bytea,
    created_ms      bigint NOT NULL,
    updated_ms      bigint,
    status          bigint NOT NULL,       -- enum order_status
    amount          bigint,                -- minor units
    initial_amount  bigint,
    discount_amount bigint,
    items           text,                   -- JSON array, as it is printed
    customer_id     bigint,                -- keys of customers
    referrer_id     bigint
);
CREATE UNIQUE INDEX orders_source_id ON orders (project_id, source_id) WHERE source_id IS NOT NULL;
