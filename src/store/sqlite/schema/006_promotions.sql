-- The tiers of promotions: discounts without codes.
CREATE TABLE promotion_tiers (
    id             INTEGER PRIMARY KEY,     -- project_id * 2^40 + n
    project_id     INTEGER NOT NULL,
    campaign_id    INTEGER NOT NULL,
    hierarchy      INTEGER NOT NULL,        -- the order in which they apply
    name           TEXT NOT NULL,
    banner         TEXT,
    active         INTEGER NOT NULL,
    type           INTEGER NOT NULL,        -- from here on as in `vouchers`; 0: it has no action
    discount_type  INTEGER NOT NULL,
    effect         INTEGER NOT NULL,
    value          NUMERIC,
    start_ms       INTEGER,
    expiration_ms  INTEGER,
    category       TEXT,
    category_id    INTEGER,
    validity       TEXT,
    discount_extra TEXT,
    rule           TEXT,
    metadata       TEXT,
    created_ms     INTEGER NOT NULL
);
CREATE INDEX tiers_of_campaign ON promotion_tiers (campaign_id, hierarchy, id);

-- Bookings are listed by campaign, too.
ALTER TABLE transactions ADD COLUMN campaign_id INTEGER;
UPDATE transactions SET campaign_id = (SELECT campaign_id FROM vouchers WHERE vouchers.id = voucher_key);
CREATE INDEX transactions_of_campaign ON transactions (campaign_id, id) WHERE campaign_id IS NOT NULL;
