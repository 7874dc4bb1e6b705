-- The tiers of promotions: discounts without codes.
CREATE TABLE promotion_tiers (
    id             bigint PRIMARY KEY,      -- project_id * 2^40 + n
    project_id     bigint NOT NULL,
    campaign_id    bigint NOT NULL,
    hierarchy      bigint NOT NULL,        -- the order in which they apply
    name           text NOT NULL,
    banner         text,
    active         bigint NOT NULL,
    type           bigint NOT NULL,        -- from here on as in `vouchers`; 0: it has no action
    discount_type  bigint NOT NULL,
    effect         bigint NOT NULL,
    value          numeric,
    start_ms       bigint,
    expiration_ms  bigint,
    category       text COLLATE "C",
    category_id    bigint,
    validity       text,
    discount_extra text,
    rule           text,
    metadata       text,
    created_ms     bigint NOT NULL
);
CREATE INDEX tiers_of_campaign ON promotion_tiers (campaign_id, hierarchy, id);

-- Bookings are listed by campaign, too.
ALTER TABLE transactions ADD COLUMN campaign_id bigint;
UPDATE transactions SET campaign_id = (SELECT campaign_id FROM vouchers WHERE vouchers.id = voucher_key);
CREATE INDEX transactions_of_campaign ON transactions (campaign_id, id) WHERE campaign_id IS NOT NULL;
