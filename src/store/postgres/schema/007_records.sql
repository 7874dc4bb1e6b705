-- Customers are written by actions: who wrote what lately (see vouchers.recent), and how many there are.
ALTER TABLE customers ADD COLUMN recent bytea, ALTER COLUMN metadata TYPE jsonb USING metadata::jsonb;
INSERT INTO totals (project_id, resource, slot, n) SELECT project_id, 'customer', 0, count(*) FROM customers GROUP BY project_id;

-- What a dry run would have made of a record, so that a repeated one meets it.
CREATE TABLE dry_records (
    action_seq bigint NOT NULL,
    name       text COLLATE "C" NOT NULL,   -- 's' and the source id, or 'k' and the key
    id         bigint NOT NULL,
    body       bytea NOT NULL,
    PRIMARY KEY (action_seq, name)
);
