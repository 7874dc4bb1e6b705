-- Campaigns that are deleted: which a project has, and the entries of the bin that go with one.
CREATE INDEX campaigns_gone ON campaigns (project_id) WHERE binned_ms IS NOT NULL;
CREATE INDEX bin_of_parent ON bin (parent_key) WHERE parent_key IS NOT NULL;
