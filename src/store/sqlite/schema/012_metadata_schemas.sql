-- What the metadata of a kind of resource may and must be; other names than those are of nested objects.
CREATE TABLE metadata_schemas (
    id                 INTEGER PRIMARY KEY, -- project_id * 2^40 + n
    project_id         INTEGER NOT NULL,
    related_object     TEXT NOT NULL,
    allow_defined_only INTEGER NOT NULL,
    properties         TEXT NOT NULL,       -- JSON object: definitions by key, in the order they were made
    created_ms         INTEGER NOT NULL,
    updated_ms         INTEGER
);
CREATE UNIQUE INDEX metadata_schemas_by_object ON metadata_schemas (project_id, related_object);
