-- Products and their SKUs: records, as customers are.
CREATE TABLE products (
    id          bigint PRIMARY KEY,         -- project_id * 2^40 + n
    project_id  bigint NOT NULL,
    version     bigint NOT NULL,           -- sequence number of who wrote it last
    source_id   text COLLATE "C",
    metadata    jsonb,                       -- JSON object; NULL: none
    recent      bytea,
    created_ms  bigint NOT NULL,
    updated_ms  bigint,
    name        text,
    price       bigint,                    -- minor units
    attributes  text,                       -- JSON array of texts
    image_url   text,
    binned_ms   bigint                     -- in the bin since
);
CREATE UNIQUE INDEX products_source_id ON products (project_id, source_id) WHERE source_id IS NOT NULL;

CREATE TABLE skus (
    id          bigint PRIMARY KEY,         -- project_id * 2^40 + n
    project_id  bigint NOT NULL,
    version     bigint NOT NULL,
    source_id   text COLLATE "C",
    metadata    jsonb,
    recent      bytea,
    created_ms  bigint NOT NULL,
    updated_ms  bigint,
    product_id  bigint NOT NULL,           -- key of its product
    sku         text,
    price       bigint,
    currency    text,
    attributes  text,                       -- JSON object
    image_url   text,
    binned_ms   bigint
);
CREATE UNIQUE INDEX skus_source_id ON skus (project_id, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX skus_of_product ON skus (product_id, id);
