-- Customers are written by actions: who wrote what lately (see vouchers.recent), and how many there are.
ALTER TABLE customers ADD COLUMN recent BLOB;
INSERT INTO totals (project_id, resource, n) SELECT project_id, 'customer', count(*) FROM customers GROUP BY project_id;

-- What a dry run would have made of a record, so that a repeated one meets it.
CREATE TABLE dry_records (
    action_seq INTEGER NOT NULL,
    name       TEXT NOT NULL,               -- 's' and the source id, or 'k' and the key
    id         INTEGER NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (action_seq, name)
) WITHOUT ROWID;
