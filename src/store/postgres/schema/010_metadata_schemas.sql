-- What the metadata of a kind of resource may and must be; other names than those are of nested objects.
CREATE TABLE metadata_schemas (
    id                 bigint PRIMARY KEY,  -- project_id * 2^40 + n
    project_id         bigint NOT NULL,
    related_object     text COLLATE "C" NOT NULL,
    allow_defined_only bigint NOT NULL,
    properties         text NOT NULL,       -- JSON object: definitions by key, in the order they were made
    created_ms         bigint NOT NULL,
    updated_ms         bigint
);
CREATE UNIQUE INDEX metadata_schemas_by_object ON metadata_schemas (project_id, related_object);
