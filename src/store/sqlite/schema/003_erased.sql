-- Codes whose voucher was erased while an earlier action was unfinished: that one must not bring it back.
CREATE TABLE erased (
    project_id INTEGER NOT NULL,
    code       TEXT NOT NULL,
    seq        INTEGER NOT NULL,           -- of the last one who erased it
    PRIMARY KEY (project_id, code)
) WITHOUT ROWID;
