-- Records that were erased while an earlier action was unfinished: that one must not bring them back. See sql/erased.c.
CREATE TABLE erased_records (
    project_id bigint NOT NULL,
    resource   bigint NOT NULL,             -- enum resource_type
    name       text COLLATE "C" NOT NULL,   -- 'k' and the key; 's' and the source id, or 'h' and its keyed hash
    seq        bigint NOT NULL,             -- of the last one who erased it
    PRIMARY KEY (project_id, resource, name)
);
