-- Validation rules are stored and assigned, not evaluated: what they say is kept as it is answered.
CREATE TABLE validation_rules (
    id         bigint PRIMARY KEY,      -- project_id * 2^40 + n
    project_id bigint NOT NULL,
    body       text NOT NULL,           -- JSON object, complete but for what the row knows
    created_ms bigint NOT NULL
);
-- Of a campaign: the public id of its rule, as vouchers have it.
ALTER TABLE campaigns ADD COLUMN rule text COLLATE "C";
