-- Validation rules are stored and assigned, not evaluated: what they say is kept as it is answered.
CREATE TABLE validation_rules (
    id         INTEGER PRIMARY KEY,     -- project_id * 2^40 + n
    project_id INTEGER NOT NULL,
    body       TEXT NOT NULL,           -- JSON object, complete but for what the row knows
    created_ms INTEGER NOT NULL
);
-- Of a campaign: the public id of its rule, as vouchers have it.
ALTER TABLE campaigns ADD COLUMN rule TEXT;
