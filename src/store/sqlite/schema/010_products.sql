-- Products and their SKUs: records, as customers are.
CREATE TABLE products (
    id          INTEGER PRIMARY KEY,        -- project_id * 2^40 + n
    project_id  INTEGER NOT NULL,
    version     INTEGER NOT NULL,           -- sequence number of who wrote it last
    source_id   TEXT,
    metadata    TEXT,                       -- JSON object; NULL: none
    recent      BLOB,
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER,
    name        TEXT,
    price       INTEGER,                    -- minor units
    attributes  TEXT,                       -- JSON array of texts
    image_url   TEXT,
    binned_ms   INTEGER                     -- in the bin since
);
CREATE UNIQUE INDEX products_source_id ON products (project_id, source_id) WHERE source_id IS NOT NULL;

CREATE TABLE skus (
    id          INTEGER PRIMARY KEY,        -- project_id * 2^40 + n
    project_id  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    source_id   TEXT,
    metadata    TEXT,
    recent      BLOB,
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER,
    product_id  INTEGER NOT NULL,           -- key of its product
    sku         TEXT,
    price       INTEGER,
    currency    TEXT,
    attributes  TEXT,                       -- JSON object
    image_url   TEXT,
    binned_ms   INTEGER
);
CREATE UNIQUE INDEX skus_source_id ON skus (project_id, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX skus_of_product ON skus (product_id, id);
