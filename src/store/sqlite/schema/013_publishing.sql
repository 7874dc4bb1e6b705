-- What can be published, by its end: neither disabled codes nor expired ones are walked over.
DROP INDEX vouchers_to_publish;
CREATE INDEX vouchers_to_publish ON vouchers (campaign_id, expiration_ms, id)
    WHERE campaign_id IS NOT NULL AND publish_count IS NULL AND binned_ms IS NULL AND active = 1;

-- How many there are.
INSERT INTO totals (project_id, resource, n) SELECT project_id, 'publication', count(*) FROM publications GROUP BY project_id;
