-- Campaigns: what their codes begin with, and what they say of themselves.
CREATE TABLE campaigns (
    id             bigint PRIMARY KEY,      -- project_id * 2^40 + n
    project_id     bigint NOT NULL,
    name           text COLLATE "C" NOT NULL,
    version        bigint NOT NULL,        -- sequence number of who wrote it last
    campaign_type  bigint NOT NULL,        -- enum campaign_type
    codes          bigint NOT NULL,        -- enum campaign_codes
    active         bigint NOT NULL,
    join_once      bigint NOT NULL,
    auto_join      bigint NOT NULL,
    voucher_schema bigint NOT NULL,
    creation       bigint NOT NULL,        -- enum campaign_status
    type           bigint NOT NULL,        -- of its vouchers, as in `vouchers`, up to `metadata`
    discount_type  bigint NOT NULL,
    effect         bigint NOT NULL,
    value          numeric,
    start_ms       bigint,
    expiration_ms  bigint,
    quantity       bigint,
    category       text COLLATE "C",
    category_id    bigint,
    validity       text,
    discount_extra text,
    metadata       text,
    description    text,
    code_config    text,                    -- JSON, complete; NULL: has no codes
    extra          text,                    -- JSON object of members that are kept as they came
    created_ms     bigint NOT NULL,
    updated_ms     bigint,
    binned_ms      bigint                  -- in the bin: its name is all that is left to see
);
CREATE UNIQUE INDEX campaigns_name ON campaigns (project_id, name);
CREATE INDEX vouchers_of_campaign ON vouchers (campaign_id, id) WHERE campaign_id IS NOT NULL;

-- Whose vouchers an action works on: a campaign shows what is going on.
ALTER TABLE actions ADD COLUMN campaign_id bigint;
CREATE INDEX actions_of_campaign ON actions (campaign_id) WHERE status < 2 AND campaign_id IS NOT NULL;
