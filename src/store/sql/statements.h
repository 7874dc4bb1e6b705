/* SPDX-License-Identifier: MIT */
/*
 * statements.h - every statement that runs more than once, by name. Each connection prepares the
 * ones it uses, once (db_statement). Values are bound, never formatted in.
 */
#ifndef STORE_SQL_STATEMENTS_H
#define STORE_SQL_STATEMENTS_H

#define PROJECT_COLUMNS "p.id, p.public_id, p.name, p.created_ms, p.deleted_ms"
#define KEY_COLUMNS     "k.project_id, k.kind, k.app_id, k.token_hash, k.name, k.created_ms"
#define TOKEN_COLUMNS   "t.project_id, t.app_id, t.token_hash, t.scope, t.created_ms, t.expires_ms"

/* Purging (purge.c): ?1 a project, or the first of its keys, with ?3 behind the last; at most ?2
 * rows. */
#define PURGE_BY_KEY(table)                                                                        \
    "DELETE FROM " table " WHERE id IN (SELECT id FROM " table                                     \
    " WHERE id >= ?1 AND id < ?3 ORDER BY id LIMIT ?2)"
#define PURGE_BY_PROJECT(table, rest)                                                              \
    "DELETE FROM " table " WHERE project_id = ?1 AND (" rest ") IN (SELECT " rest " FROM " table   \
    " WHERE project_id = ?1 LIMIT ?2)"

#define ACTION_COLUMNS_OF(params)                                                                  \
    "seq, project_id, kind, created_ms, request_id, input, input_bytes, " params ", status, "      \
    "updated_ms, progress, chunk_start, chunk_end, chunk_row, chunk_no, chunk_rows, slice_done, "  \
    "created, updated, unchanged, superseded, failed, message, lease_epoch, queue, discipline, "   \
    "dry_run, records, kept"
#define ACTION_COLUMNS ACTION_COLUMNS_OF("params")

#define VOUCHER_COLUMNS                                                                            \
    "id, project_id, code, version, campaign_id, type, discount_type, effect, active, value, "     \
    "start_ms, expiration_ms, quantity, redeemed_quantity, redeemed_amount, category, "            \
    "additional_info, rule, discount_extra, metadata, created_ms, updated_ms, category_id, "       \
    "validity, subtracted, binned_ms, recent"
/* As a stored one is read: who has it is written by publications alone. */
#define VOUCHER_READ_COLUMNS VOUCHER_COLUMNS ", holder_id, publish_count"

#define CAMPAIGN_FIELDS                                                                            \
    "id, project_id, name, version, campaign_type, codes, active, join_once, auto_join, "          \
    "voucher_schema, creation, type, discount_type, effect, value, start_ms, "                     \
    "expiration_ms, quantity, category, category_id, validity, discount_extra, metadata, "         \
    "description, code_config, extra, created_ms, updated_ms, binned_ms"
/* What is going on: 4, its vouchers get new terms (kind 3, CAMPAIGN.VOUCHERS_UPDATE); 2, codes are
 * being generated (kind 5, CAMPAIGN.VOUCHERS_GENERATE); 1, anything; together. */
#define CAMPAIGN_HAS(condition)                                                                    \
    "EXISTS (SELECT 1 FROM actions a WHERE a.campaign_id = campaigns.id AND a.status < "           \
    "2" condition ")"
#define CAMPAIGN_GENERATES CAMPAIGN_HAS(" AND a.kind = 5")
#define CAMPAIGN_MODIFIES  CAMPAIGN_HAS(" AND a.kind = 3")
#define CAMPAIGN_BUSY                                                                              \
    "CAST(CASE WHEN " CAMPAIGN_HAS("") " THEN 1 + CASE WHEN " CAMPAIGN_GENERATES " THEN 2 ELSE 0 " \
                                       "END + CASE WHEN " CAMPAIGN_MODIFIES                        \
                                       " THEN 4 ELSE 0 END ELSE 0 END AS bigint)"
/* That, and how many vouchers it has. */
#define CAMPAIGN_COLUMNS                                                                           \
    CAMPAIGN_FIELDS ", " CAMPAIGN_BUSY                                                             \
                    ", (SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM totals t WHERE "           \
                    "t.project_id = campaigns.project_id AND t.resource = 'voucher/campaign/' "    \
                    "|| campaigns.id), rule"

#define TIER_COLUMNS                                                                               \
    "id, campaign_id, hierarchy, name, banner, active, type, discount_type, effect, value, "       \
    "start_ms, expiration_ms, category, category_id, validity, discount_extra, rule, metadata, "   \
    "created_ms"

/* What all records have (records.h). */
#define RECORD_COLUMNS "id, version, source_id, metadata, recent, created_ms, updated_ms"
#define RECORD_UPDATED(metadata)                                                                   \
    "version = ?3, source_id = ?4, metadata = " metadata                                           \
    ", recent = ?6, created_ms = ?7, updated_ms = ?8"
#define PRODUCT_COLUMNS RECORD_COLUMNS ", name, price, attributes, image_url, binned_ms"
#define SKU_COLUMNS                                                                                \
    RECORD_COLUMNS ", product_id, sku, price, currency, attributes, image_url, binned_ms"
#define PRODUCT_INSERT_SQL(metadata)                                                               \
    "INSERT INTO products (project_id, " PRODUCT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, " metadata     \
    ", ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO "                                        \
    "NOTHING"
#define PRODUCT_UPDATE_SQL(metadata)                                                               \
    "UPDATE products SET " RECORD_UPDATED(                                                         \
        metadata) ", name = ?9, price = ?10, attributes = ?11, "                                   \
                  "image_url = ?12, binned_ms = ?13 WHERE id = ?2"
#define SKU_INSERT_SQL(metadata)                                                                   \
    "INSERT INTO skus (project_id, " SKU_COLUMNS ") VALUES (?1, ?2, ?3, ?4, " metadata             \
    ", ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON "                                          \
    "CONFLICT DO NOTHING"
#define SKU_UPDATE_SQL(metadata)                                                                   \
    "UPDATE skus SET " RECORD_UPDATED(metadata) ", product_id = ?9, sku = ?10, price = ?11, "      \
                                                "currency = ?12, attributes = ?13, image_url = "   \
                                                "?14, binned_ms = ?15 WHERE id = ?2"
#define ORDER_COLUMNS                                                                              \
    RECORD_COLUMNS ", status, amount, initial_amount, discount_amount, items, customer_id, "       \
                   "referrer_id"
#define ORDER_INSERT_SQL(metadata)                                                                 \
    "INSERT INTO orders (project_id, " ORDER_COLUMNS ") VALUES (?1, ?2, ?3, ?4, " metadata         \
    ", ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON "                                          \
    "CONFLICT DO NOTHING"
#define ORDER_UPDATE_SQL(metadata)                                                                 \
    "UPDATE orders SET " RECORD_UPDATED(                                                           \
        metadata) ", status = ?9, amount = ?10, "                                                  \
                  "initial_amount = ?11, discount_amount = ?12, items = ?13, customer_id = ?14, "  \
                  "referrer_id = ?15 WHERE id = ?2"
#define CUSTOMER_INSERT_SQL(metadata)                                                              \
    "INSERT INTO customers (project_id, " CUSTOMER_COLUMNS ") VALUES (?1, ?2, ?3, ?4, " metadata   \
    ", ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON "                                          \
    "CONFLICT DO NOTHING"
#define CUSTOMER_UPDATE_SQL(metadata)                                                              \
    "UPDATE customers SET " RECORD_UPDATED(metadata) ", name = ?9, description = ?10, "            \
                                                     "email = ?11, phone = ?12, birthdate = ?13, " \
                                                     "birthday = ?14, address = ?15 WHERE id = ?2"
#define CUSTOMER_COLUMNS                                                                           \
    RECORD_COLUMNS ", name, description, email, phone, birthdate, birthday, address"

#define METADATA_SCHEMA_COLUMNS                                                                    \
    "id, related_object, allow_defined_only, properties, created_ms, updated_ms"
#define CATEGORY_COLUMNS "id, name, hierarchy, created_ms, updated_ms"

#define EXPORT_COLUMNS "id, resource, params, created_ms"
#define EXPORT_PAGE(order)                                                                         \
    "SELECT " EXPORT_COLUMNS " FROM exports WHERE id > ?1 AND id < ?2 ORDER BY " order             \
    " LIMIT ?3 OFFSET ?4"

#define BIN_COLUMNS "id, resource_type, resource_key, resource_name, parent_key, created_ms"

/* Not a campaign that is being erased from it: an action (kind 4) made later than the entry. */
#define BIN_SHOWN                                                                                  \
    "NOT (resource_type = 2 AND EXISTS (SELECT 1 FROM actions a WHERE a.campaign_id = "            \
    "bin.resource_key AND a.status < 2 AND a.kind = 4 AND a.created_ms > bin.created_ms))"

/* Values of VOUCHER_COLUMNS behind the id, numbered as those are. */
#define NEW_VOUCHER                                                                                \
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, " \
    "NULL, ?23, ?24, 0, NULL, ?27"

#define TRANSACTION_COLUMNS                                                                        \
    "id, voucher_key, amount, balance, total, source_id, reason, created_ms, campaign_id"

#define TRANSACTION_PAGE(owner, condition, order)                                                  \
    "SELECT " TRANSACTION_COLUMNS " FROM transactions WHERE " owner " = ?1 AND " condition         \
    " ORDER BY " order " LIMIT ?3"

/* On PostgreSQL: the rows of many codes (?2, sorted by byte), in their order. Written so that there
 * is but one plan, each code by the index: without statistics `code = ANY(…)` can seem dearer than
 * all codes of the project, and comparing each of them with thousands takes minutes. */
#define CODES_WITH_ROWS(columns, fence)                                                            \
    "SELECT v.* FROM unnest(?2::text[]) WITH ORDINALITY AS g(wanted, n), LATERAL (SELECT " columns \
    " FROM vouchers WHERE project_id = ?1 AND code = g.wanted " fence ") v ORDER BY g.n"

/* The same of records and their source ids. */
#define SOURCES_WITH_ROWS(table, columns, fence)                                                   \
    "SELECT r.* FROM unnest(?2::text[]) WITH ORDINALITY AS g(wanted, n), LATERAL (SELECT " columns \
    " FROM " table " WHERE project_id = ?1 AND source_id = g.wanted " fence ") r ORDER BY g.n"

/* A note that nobody can ask for any more; not of a project that is being copied. */
#define ERASED_USELESS                                                                             \
    "WHERE NOT EXISTS (SELECT 1 FROM actions a WHERE a.project_id = e.project_id AND "             \
    "a.status < 2 AND a.seq < e.seq) AND NOT EXISTS (SELECT 1 FROM projects p WHERE "              \
    "p.id = e.project_id AND p.deleted_ms = -1)"
#define ERASED_AGAIN "ON CONFLICT (project_id, resource, name) DO UPDATE SET seq = excluded.seq"

/* The vouchers of a step (members.c): of the campaign ?1, with keys behind ?2, up to ?3. */
#define STEP_VOUCHERS "campaign_id = ?1 AND id > ?2 AND id <= ?3"
/* Those that a change of the campaign reaches, neither redeemed nor published: reference 3.3. */
#define FRESH                                                                                      \
    "redeemed_quantity = 0 AND redeemed_amount = 0 AND publish_count IS NULL AND holder_id IS "    \
    "NULL"
#define STEP_FRESH STEP_VOUCHERS " AND binned_ms IS NULL AND " FRESH
/* A gift that somebody has booked on by hand keeps its amount. */
#define RENEW_STEP(metadata, where)                                                                \
    "UPDATE vouchers SET version = ?4, recent = NULL, updated_ms = ?5, "                           \
    "start_ms = CASE WHEN ?6 = 1 THEN ?7 ELSE start_ms END, "                                      \
    "expiration_ms = CASE WHEN ?8 = 1 THEN ?9 ELSE expiration_ms END, "                            \
    "validity = CASE WHEN ?10 = 1 THEN ?11 ELSE validity END, "                                    \
    "value = CASE WHEN ?12 = 1 AND (type = 1 OR NOT EXISTS (SELECT 1 FROM transactions t WHERE "   \
    "t.voucher_key = vouchers.id)) THEN ?13 ELSE value END, "                                      \
    "effect = CASE WHEN ?14 = 1 THEN ?15 ELSE effect END, "                                        \
    "discount_extra = CASE WHEN ?16 = 1 THEN ?17 ELSE discount_extra END, "                        \
    "category = CASE WHEN ?18 = 1 THEN ?19 ELSE category END, "                                    \
    "category_id = CASE WHEN ?18 = 1 THEN ?20 ELSE category_id END, "                              \
    "metadata = CASE WHEN ?21 = 1 THEN " metadata " ELSE metadata END "                            \
    "WHERE " where

/* Resources of a project by ranges of keys, behind ?1, up to ?2 (key_purge.c). */
#define KEY_STEP "id > ?1 AND id <= ?2"
#define KEY_LIVE "binned_ms IS NULL"
#define KEY_RANGE(table)                                                                           \
    "SELECT (SELECT min(id) FROM " table " WHERE " KEY_STEP "), (SELECT max(id) FROM " table       \
    " WHERE " KEY_STEP ")"
#define PURGE_KEY(table, without, where)                                                           \
    "UPDATE " table " SET metadata = " without                                                     \
    ", version = ?4, recent = NULL, updated_ms = ?5 WHERE " KEY_STEP                               \
    " AND version <= ?4 AND " where
#define WITH_KEY(table, columns, where)                                                            \
    "SELECT " columns " FROM " table " WHERE " KEY_STEP " AND " where

/* Along the index of the same name. */
#define TO_PUBLISH(rest)                                                                           \
    "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE campaign_id = ?1 AND publish_count IS "   \
    "NULL AND binned_ms IS NULL AND active = 1 AND " rest

#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(SAVEPOINT, "SAVEPOINT work")                                                                 \
    X(ROLLBACK_TO, "ROLLBACK TO work")                                                             \
    X(RELEASE, "RELEASE work")                                                                     \
    X(SEQUENCE_GET, "SELECT next FROM sequences WHERE project_id = ?1 AND name = ?2")              \
    X(SEQUENCE_SET, "INSERT INTO sequences VALUES (?1, ?2, ?3) ON CONFLICT (project_id, name) DO " \
                    "UPDATE SET next = excluded.next")                                             \
    X(SECRET_GET, "SELECT value FROM meta WHERE name = 'id_secret'")                               \
    X(SECRET_PUT, "INSERT INTO meta VALUES ('id_secret', ?1) ON CONFLICT DO NOTHING")              \
    X(META_GET, "SELECT value FROM meta WHERE name = ?1")                                          \
    X(META_PUT, "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET "               \
                "value = excluded.value")                                                          \
    X(META_DROP, "DELETE FROM meta WHERE name = ?1")                                               \
    X(COPY_SOURCE_DROP, "DELETE FROM meta WHERE name = 'copy_source'")                             \
    X(COPY_PROJECT_INSERT, "INSERT INTO projects (id, public_id, name, created_ms, deleted_ms) "   \
                           "VALUES (?1, ?2, ?3, ?4, ?5)")                                          \
    X(COPY_ACTIONS_LIVE, "UPDATE actions SET status = status - 16, kept = 1 "                      \
                         "WHERE project_id = ?1 AND status > 15")                                  \
    X(COPY_PROJECT_LIVES, "UPDATE projects SET deleted_ms = NULL, name = ?2 "                      \
                          "WHERE id = ?1 AND deleted_ms = -1")                                     \
    X(COPY_LEASES, "SELECT coalesce(sum(lease_epoch), 0) FROM actions WHERE project_id = ?1")      \
    X(SEQUENCE_TAKE,                                                                               \
      "INSERT INTO sequences VALUES (?1, ?2, 1 + ?3) ON CONFLICT (project_id, name) "              \
      "DO UPDATE SET next = sequences.next + ?3 RETURNING next")                                   \
    X(SEQUENCE_TAKE_ALIVE,                                                                         \
      "INSERT INTO sequences SELECT ?1, ?2, 1 + ?3 FROM projects WHERE id = ?1 AND "               \
      "deleted_ms IS NULL FOR KEY SHARE SKIP LOCKED ON CONFLICT (project_id, name) "               \
      "DO UPDATE SET next = sequences.next + ?3 RETURNING next")                                   \
    X(PROJECT_LOCK_SHARED, "SELECT pg_advisory_xact_lock_shared(?1)")                              \
    X(PROJECT_LOCK_ALONE, "SELECT pg_advisory_xact_lock(?1)")                                      \
    X(PARTS_READ, "SELECT start, unpacked, data FROM input_parts WHERE input = ?1 AND start >= "   \
                  "(SELECT max(start) FROM input_parts WHERE input = ?1 AND start <= ?2) "         \
                  "AND start < ?3 ORDER BY start LIMIT ?4")                                        \
    X(PARTS_ANY, "SELECT 1 FROM input_parts WHERE input = ?1 LIMIT 1")                             \
    X(PARTS_DELETE, "DELETE FROM input_parts WHERE input = ?1")                                    \
    X(PING, "SELECT count(*) FROM meta")                                                           \
    X(PROJECT_INSERT,                                                                              \
      "INSERT INTO projects (public_id, name, created_ms) VALUES (?1, ?2, ?3) RETURNING id")       \
    X(PROJECT_BY_PUBLIC_ID, "SELECT " PROJECT_COLUMNS " FROM projects p WHERE public_id = ?1")     \
    X(PROJECT_LIST, "SELECT " PROJECT_COLUMNS " FROM projects p ORDER BY id")                      \
    X(PROJECT_DELETED, "SELECT deleted_ms FROM projects WHERE id = ?1")                            \
    X(PROJECT_PURGEABLE, "SELECT deleted_ms FROM projects WHERE id = ?1")                          \
    X(PROJECT_MARK, "UPDATE projects SET deleted_ms = ?2 WHERE id = ?1")                           \
    X(PROJECT_END_ACTIONS,                                                                         \
      "UPDATE actions SET status = 3, lease_epoch = lease_epoch + 1, message = ?2, "               \
      "updated_ms = CASE WHEN updated_ms > ?3 THEN updated_ms ELSE ?3 END WHERE project_id = ?1 "  \
      "AND status < 2")                                                                            \
    X(PROJECT_KEYS_DELETE, "DELETE FROM keys WHERE project_id = ?1")                               \
    X(PROJECT_TOKENS_DELETE, "DELETE FROM oauth_tokens WHERE project_id = ?1")                     \
    X(PURGE_VOUCHERS, PURGE_BY_KEY("vouchers"))                                                    \
    X(PURGE_TRANSACTIONS, PURGE_BY_KEY("transactions"))                                            \
    X(PURGE_BIN, PURGE_BY_KEY("bin"))                                                              \
    X(PURGE_CAMPAIGNS, PURGE_BY_KEY("campaigns"))                                                  \
    X(PURGE_TIERS, PURGE_BY_KEY("promotion_tiers"))                                                \
    X(PURGE_PRODUCTS, PURGE_BY_KEY("products"))                                                    \
    X(PURGE_SKUS, PURGE_BY_KEY("skus"))                                                            \
    X(PURGE_ORDERS, PURGE_BY_KEY("orders"))                                                        \
    X(PURGE_CUSTOMERS, PURGE_BY_KEY("customers"))                                                  \
    X(PURGE_PUBLICATIONS, PURGE_BY_KEY("publications"))                                            \
    X(PURGE_RULES, PURGE_BY_KEY("validation_rules"))                                               \
    X(PURGE_SCHEMAS, PURGE_BY_KEY("metadata_schemas"))                                             \
    X(PURGE_CATEGORIES, PURGE_BY_KEY("categories"))                                                \
    X(PURGE_EXPORTS, PURGE_BY_KEY("exports"))                                                      \
    X(PURGE_OUTCOMES, PURGE_BY_PROJECT("outcomes", "action_seq, chunk_no"))                        \
    X(PURGE_FAILURES, PURGE_BY_PROJECT("failures", "action_seq, \"row\""))                         \
    X(PURGE_IDEMPOTENCY, PURGE_BY_PROJECT("idempotency", "key"))                                   \
    X(PURGE_ERASED, PURGE_BY_PROJECT("erased", "code"))                                            \
    X(PURGE_ERASED_RECORDS, PURGE_BY_PROJECT("erased_records", "resource, name"))                  \
    X(PURGE_TOTALS, PURGE_BY_PROJECT("totals", "resource"))                                        \
    X(PURGE_SEQUENCES, PURGE_BY_PROJECT("sequences", "name"))                                      \
    X(PURGE_NEXT_ACTION,                                                                           \
      "SELECT seq, input, input_bytes FROM actions WHERE project_id = ?1 LIMIT 1")                 \
    X(PURGE_DRY_RECORDS, "DELETE FROM dry_records WHERE action_seq = ?1 AND name IN "              \
                         "(SELECT name FROM dry_records WHERE action_seq = ?1 LIMIT ?2)")          \
    X(PURGE_DRY_VOUCHERS, "DELETE FROM dry_vouchers WHERE action_seq = ?1 AND code IN "            \
                          "(SELECT code FROM dry_vouchers WHERE action_seq = ?1 LIMIT ?2)")        \
    X(PURGE_INPUT, "DELETE FROM inputs WHERE action_seq = ?1")                                     \
    X(PURGE_ACTION, "DELETE FROM actions WHERE seq = ?1")                                          \
    X(PURGE_PROJECT, "DELETE FROM projects WHERE id = ?1")                                         \
    X(KEY_INSERT, "INSERT INTO keys (project_id, kind, app_id, token_hash, name, created_ms) "     \
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                               \
    X(KEY_DELETE, "DELETE FROM keys WHERE app_id = ?1 AND project_id = ?2")                        \
    X(KEY_TOKENS_DELETE, "DELETE FROM oauth_tokens WHERE app_id = ?1 AND project_id = ?2")         \
    X(KEY_BY_APP_ID, "SELECT " KEY_COLUMNS ", " PROJECT_COLUMNS                                    \
                     " FROM keys k JOIN projects p ON p.id = k.project_id WHERE app_id = ?1")      \
    X(KEY_LIST, "SELECT " KEY_COLUMNS                                                              \
                " FROM keys k WHERE project_id = ?1 ORDER BY created_ms, kind, app_id")            \
    X(TOKEN_INSERT, "INSERT INTO oauth_tokens SELECT ?1, project_id, app_id, ?4, ?5, ?6 "          \
                    "FROM keys WHERE app_id = ?3 AND project_id = ?2")                             \
    X(TOKEN_COUNT, "SELECT count(*) FROM oauth_tokens WHERE project_id = ?1")                      \
    X(TOKEN_EXPIRE, "DELETE FROM oauth_tokens WHERE project_id = ?1 AND expires_ms <= ?2")         \
    X(TOKEN_TRIM, "DELETE FROM oauth_tokens WHERE token_hash IN (SELECT token_hash FROM "          \
                  "oauth_tokens WHERE project_id = ?1 ORDER BY created_ms LIMIT ?2)")              \
    X(TOKEN_DELETE, "DELETE FROM oauth_tokens WHERE token_hash = ?1 AND project_id = ?2 "          \
                    "AND expires_ms > ?3")                                                         \
    X(TOKEN_BY_HASH, "SELECT " TOKEN_COLUMNS ", " PROJECT_COLUMNS                                  \
                     " FROM oauth_tokens t JOIN projects p ON p.id = t.project_id "                \
                     "WHERE token_hash = ?1 AND expires_ms > ?2")                                  \
    X(ACTION_INSERT,                                                                               \
      "INSERT INTO actions (seq, project_id, kind, status, created_ms, updated_ms, request_id, "   \
      "input, input_bytes, params, queue, discipline, dry_run, records, campaign_id) "             \
      "VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")                    \
    X(INPUT_INSERT, "INSERT INTO inputs VALUES (?1, ?2)")                                          \
    X(INPUT_GET, "SELECT data FROM inputs WHERE action_seq = ?1 AND "                              \
                 "(SELECT project_id FROM actions WHERE seq = ?1) = ?2")                           \
    X(ACTION_CANCEL,                                                                               \
      "UPDATE actions SET status = 3, lease_epoch = lease_epoch + 1, message = ?2, "               \
      "updated_ms = CASE WHEN updated_ms > ?3 THEN updated_ms ELSE ?3 END WHERE seq = ?1 AND "     \
      "status < 2")                                                                                \
    X(ACTION_CLAIM, "UPDATE actions SET status = 1, lease_epoch = lease_epoch + 1, "               \
                    "updated_ms = CASE WHEN updated_ms > ?2 THEN updated_ms ELSE ?2 END WHERE "    \
                    "seq = ?1 AND status < 2")                                                     \
    X(ACTION_BY_SEQ, "SELECT " ACTION_COLUMNS " FROM actions WHERE seq = ?1")                      \
    X(ACTION_BY_ID,                                                                                \
      "SELECT " ACTION_COLUMNS " FROM actions WHERE project_id = ?1 AND created_ms = ?2 "          \
      "AND (seq & 4294967295) = ?3")                                                               \
    X(ACTION_PAGE,                                                                                 \
      "SELECT " ACTION_COLUMNS_OF(                                                                 \
          "NULL") " FROM actions WHERE project_id = ?1 AND created_ms < ?2 "                       \
                  "AND (created_ms, seq) < (?3, ?4) AND (?6 = 0 OR kind = ?6) AND "                \
                  "(?7 < 0 OR status = ?7) ORDER BY created_ms DESC, seq DESC LIMIT ?5")           \
    X(QUEUES, "SELECT DISTINCT project_id, queue, discipline FROM actions WHERE status < 2")       \
    X(QUEUE_PAGE,                                                                                  \
      "SELECT " ACTION_COLUMNS ", data FROM actions LEFT JOIN inputs ON action_seq = seq "         \
      "WHERE project_id = ?1 AND queue = ?2 AND discipline = ?3 AND status < 2 AND seq > ?4 "      \
      "ORDER BY seq LIMIT ?5")                                                                     \
    X(ACTION_INPUTS, "SELECT input FROM actions WHERE input IS NOT NULL ORDER BY input")           \
    X(QUEUE_FIRST, "SELECT min(seq) FROM actions WHERE project_id = ?1 AND queue = ?2 AND "        \
                   "discipline = ?3 AND status < 2")                                               \
    X(ACTION_CHECKPOINT,                                                                           \
      "UPDATE actions SET status = ?3, updated_ms = CASE WHEN updated_ms > ?4 THEN updated_ms "    \
      "ELSE ?4 END, progress = ?5, "                                                               \
      "chunk_start = ?6, chunk_end = ?7, chunk_row = ?8, chunk_no = ?9, chunk_rows = ?10, "        \
      "slice_done = ?11, created = created + ?12, updated = updated + ?13, "                       \
      "unchanged = unchanged + ?14, superseded = superseded + ?15, failed = failed + ?16, "        \
      "message = ?17 WHERE seq = ?1 AND lease_epoch = ?2 AND status < 2")                          \
    X(ACTIONS_LOCK,                                                                                \
      "SELECT a.* FROM unnest(?1::bigint[]) WITH ORDINALITY AS g(wanted, n), LATERAL (SELECT "     \
      "seq, "                                                                                      \
      "lease_epoch FROM actions WHERE seq = g.wanted AND status < 2 FOR UPDATE) a ORDER BY g.n")   \
    X(ACTIONS_CHECKPOINT,                                                                          \
      "UPDATE actions a SET status = g.status, updated_ms = greatest(a.updated_ms, ?1), "          \
      "progress = g.progress, chunk_start = g.input_end, chunk_end = g.input_end, "                \
      "chunk_row = g.n_rows, chunk_no = g.n_chunks, chunk_rows = 0, slice_done = 0, "              \
      "created = a.created + g.created, updated = a.updated + g.updated, "                         \
      "unchanged = a.unchanged + g.unchanged, superseded = a.superseded + g.superseded, "          \
      "failed = a.failed + g.failed, message = g.message, "                                        \
      "lease_until = clock_timestamp() + interval '15 s' FROM unnest(?2::bigint[], "               \
      "?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[], ?7::bigint[], ?8::bigint[], "       \
      "?9::bigint[], ?10::bigint[], ?11::bigint[], ?12::bigint[], ?13::text[]) AS g(seq, status, " \
      "progress, input_end, n_rows, n_chunks, created, updated, unchanged, superseded, failed, "   \
      "message) WHERE a.seq = g.seq")                                                              \
    X(OUTCOMES_PUT,                                                                                \
      "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "                              \
      "ON CONFLICT (project_id, action_seq, chunk_no) DO UPDATE SET packed = excluded.packed")     \
    X(OUTCOMES_GET, "SELECT first_row, n_rows, chunk_start, chunk_end, packed FROM outcomes "      \
                    "WHERE project_id = ?1 AND action_seq = ?2 AND chunk_no = ?3")                 \
    X(OUTCOMES_OF_ROW,                                                                             \
      "SELECT first_row, n_rows, chunk_start, chunk_end, packed, chunk_no FROM outcomes "          \
      "WHERE project_id = ?1 AND action_seq = ?2 AND first_row <= ?3 AND first_row + n_rows > ?3") \
    X(FAILURE_INSERT, "INSERT INTO failures (project_id, action_seq, \"row\", key, reason, kind) " \
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                           \
    X(FAILURE_PAGE,                                                                                \
      "SELECT \"row\", key, reason, kind FROM failures WHERE project_id = ?1 AND action_seq = ?2 " \
      "AND \"row\" > ?3 ORDER BY \"row\" LIMIT ?4")                                                \
    X(IDEMPOTENCY_GET, "SELECT fingerprint, action_seq, created_ms FROM idempotency "              \
                       "WHERE project_id = ?1 AND key = ?2 AND created_ms > ?3")                   \
    X(IDEMPOTENCY_PUT, "INSERT INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT "          \
                       "(project_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, "      \
                       "action_seq = excluded.action_seq, created_ms = excluded.created_ms")       \
    X(ACTION_DUE, "SELECT seq, project_id, input, input_bytes, failed FROM actions "               \
                  "WHERE status > 1 AND kept = 1 AND updated_ms < ?1 ORDER BY updated_ms LIMIT 1") \
    X(ACTION_FORGET_INPUT, "UPDATE actions SET input = NULL WHERE seq = ?1 AND input IS NOT NULL") \
    X(ACTION_NOT_KEPT, "UPDATE actions SET kept = 0 WHERE seq = ?1")                               \
    X(OUTCOMES_DROP, "DELETE FROM outcomes WHERE project_id = ?1 AND action_seq = ?2 AND "         \
                     "chunk_no <= (SELECT max(chunk_no) FROM (SELECT chunk_no FROM outcomes "      \
                     "WHERE project_id = ?1 AND action_seq = ?2 ORDER BY chunk_no LIMIT ?3) c)")   \
    X(FAILURE_NTH, "SELECT \"row\" FROM failures WHERE project_id = ?1 AND action_seq = ?2 "       \
                   "ORDER BY \"row\" LIMIT 1 OFFSET ?3")                                           \
    X(FAILURES_DROP,                                                                               \
      "DELETE FROM failures WHERE project_id = ?1 AND action_seq = ?2 AND \"row\" > ?3 AND "       \
      "\"row\" <= "                                                                                \
      "(SELECT max(\"row\") FROM (SELECT \"row\" FROM failures WHERE project_id = ?1 AND "         \
      "action_seq = ?2 AND \"row\" > ?3 ORDER BY \"row\" LIMIT ?4) f)")                            \
    X(DRY_NEXT, "SELECT dry, (SELECT status FROM actions WHERE seq = dry) FROM (SELECT "           \
                "min(action_seq) AS dry FROM (SELECT min(action_seq) AS action_seq FROM "          \
                "dry_vouchers WHERE action_seq > ?1 UNION ALL SELECT min(action_seq) FROM "        \
                "dry_records WHERE action_seq > ?1) f) d WHERE dry IS NOT NULL")                   \
    X(IDEMPOTENCY_DROP,                                                                            \
      "DELETE FROM idempotency WHERE created_ms < ?1 AND created_ms <= (SELECT max(created_ms) "   \
      "FROM (SELECT created_ms FROM idempotency ORDER BY created_ms LIMIT ?2) i)")                 \
    X(TOKENS_DROP, "DELETE FROM oauth_tokens WHERE token_hash IN "                                 \
                   "(SELECT token_hash FROM oauth_tokens WHERE expires_ms <= ?1 LIMIT ?2)")        \
    X(TOTAL_ADD, "INSERT INTO totals VALUES (?1, ?2, ?3) ON CONFLICT (project_id, resource) DO "   \
                 "UPDATE SET n = totals.n + excluded.n")                                           \
    X(CATEGORY_BY_NAME,                                                                            \
      "SELECT id FROM categories WHERE project_id = ?1 AND name = ?2 ORDER BY id LIMIT 1")         \
    X(BIN_INSERT, "INSERT INTO bin (project_id, " BIN_COLUMNS ") VALUES "                          \
                  "(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                  \
    X(BIN_BY_KEY,                                                                                  \
      "SELECT " BIN_COLUMNS " FROM bin WHERE id = ?2 AND project_id = ?1 AND " BIN_SHOWN)          \
    X(BIN_DELETE, "DELETE FROM bin WHERE id = ?1")                                                 \
    X(EXPORT_INSERT, "INSERT INTO exports (project_id, " EXPORT_COLUMNS ") "                       \
                     "VALUES (?1, ?2, ?3, ?4, ?5)")                                                \
    X(EXPORT_DELETE, "DELETE FROM exports WHERE id = ?2 AND project_id = ?1")                      \
    X(EXPORT_BY_KEY,                                                                               \
      "SELECT " EXPORT_COLUMNS " FROM exports WHERE id = ?2 AND project_id = ?1 AND "              \
      "EXISTS (SELECT 1 FROM projects p WHERE p.id = ?1 AND p.deleted_ms IS NULL)")                \
    X(EXPORT_COUNT, "SELECT count(*) FROM exports WHERE id > ?1 AND id < ?2")                      \
    X(EXPORTS_OLDEST, EXPORT_PAGE("id"))                                                           \
    X(EXPORTS_NEWEST, EXPORT_PAGE("id DESC"))                                                      \
    X(ERASED_PUT, "INSERT INTO erased VALUES (?1, ?2, ?3) ON CONFLICT (project_id, code) DO "      \
                  "UPDATE SET seq = excluded.seq")                                                 \
    X(ERASED_ANY, "SELECT 1 FROM erased WHERE project_id = ?1 LIMIT 1")                            \
    X(ERASED_AFTER, "SELECT 1 FROM erased WHERE project_id = ?1 AND code = ?2 AND seq > ?3")       \
    X(ERASED_DROP, "DELETE FROM erased WHERE (project_id, code) IN (SELECT project_id, code FROM " \
                   "erased e " ERASED_USELESS " LIMIT ?1)")                                        \
    X(ERASED_RECORD_PUT, "INSERT INTO erased_records VALUES (?1, ?2, ?3, ?4) " ERASED_AGAIN)       \
    X(ERASED_SKUS_PUT, "INSERT INTO erased_records SELECT project_id, 4, 's' || source_id, ?2 "    \
                       "FROM skus WHERE product_id = ?1 AND source_id IS NOT NULL " ERASED_AGAIN)  \
    X(ERASED_RECORDS_ANY, "SELECT 1 FROM erased_records WHERE project_id = ?1 LIMIT 1")            \
    X(ERASED_RECORD_AFTER, "SELECT 1 FROM erased_records WHERE project_id = ?1 AND resource = ?2 " \
                           "AND name = ?3 AND seq > ?4")                                           \
    X(ERASED_RECORDS_DROP,                                                                         \
      "DELETE FROM erased_records WHERE (project_id, resource, name) IN (SELECT project_id, "      \
      "resource, name FROM erased_records e " ERASED_USELESS " LIMIT ?1)")                         \
    X(VOUCHER_DELETE, "DELETE FROM vouchers WHERE id = ?1")                                        \
    X(TRANSACTIONS_DELETE, "DELETE FROM transactions WHERE voucher_key = ?1")                      \
    X(TRANSACTION_INSERT, "INSERT INTO transactions (project_id, " TRANSACTION_COLUMNS ") "        \
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                      \
    X(TRANSACTIONS_OLDEST, TRANSACTION_PAGE("voucher_key", "id > ?2", "id"))                       \
    X(TRANSACTIONS_NEWEST, TRANSACTION_PAGE("voucher_key", "id < ?2", "id DESC"))                  \
    X(CAMPAIGN_TRANSACTIONS_OLDEST, TRANSACTION_PAGE("campaign_id", "id > ?2", "id"))              \
    X(CAMPAIGN_TRANSACTIONS_NEWEST, TRANSACTION_PAGE("campaign_id", "id < ?2", "id DESC"))         \
    X(CAMPAIGN_INSERT,                                                                             \
      "INSERT INTO campaigns (" CAMPAIGN_FIELDS                                                    \
      ", rule) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "                                       \
      "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, " \
      "NULL, NULL, ?28)")                                                                          \
    X(CAMPAIGN_UPDATE,                                                                             \
      "UPDATE campaigns SET version = ?2, codes = ?3, active = ?4, join_once = ?5, "               \
      "auto_join = ?6, effect = ?7, value = ?8, start_ms = ?9, expiration_ms = ?10, "              \
      "quantity = ?11, category = ?12, category_id = ?13, validity = ?14, discount_extra = ?15, "  \
      "metadata = ?16, description = ?17, extra = ?18, updated_ms = ?19 WHERE id = ?1")            \
    X(CAMPAIGN_NAMED, "SELECT id FROM campaigns WHERE project_id = ?1 AND name = ?2")              \
    X(CAMPAIGN_BY_KEY, "SELECT " CAMPAIGN_COLUMNS " FROM campaigns WHERE id = ?2 AND "             \
                       "project_id = ?1 AND binned_ms IS NULL")                                    \
    X(CAMPAIGN_BY_NAME, "SELECT " CAMPAIGN_COLUMNS " FROM campaigns WHERE project_id = ?1 AND "    \
                        "name = ?2 AND binned_ms IS NULL")                                         \
    X(CAMPAIGN_TO_BIN, "UPDATE campaigns SET binned_ms = ?2, version = ?3 WHERE id = ?1")          \
    X(CAMPAIGN_DELETE, "DELETE FROM campaigns WHERE id = ?1")                                      \
    X(CAMPAIGN_BIN_DELETE, "DELETE FROM bin WHERE resource_type = 2 AND resource_key = ?1")        \
    X(CAMPAIGN_BIN_OF_VOUCHERS, "DELETE FROM bin WHERE parent_key = ?1")                           \
    X(CAMPAIGN_LOCK, "SELECT id FROM campaigns WHERE id = ?1")                                     \
    X(CAMPAIGN_LIVES,                                                                              \
      "SELECT 1 FROM campaigns WHERE id = ?2 AND project_id = ?1 AND binned_ms IS NULL")           \
    X(CAMPAIGNS_GONE, "SELECT 1 FROM campaigns WHERE project_id = ?1 AND binned_ms IS NOT NULL "   \
                      "AND " CAMPAIGN_HAS(" AND a.kind = 4") " LIMIT 1")                           \
    X(CAMPAIGN_KEEP,                                                                               \
      "UPDATE campaigns SET binned_ms = NULL WHERE id = (SELECT campaign_id FROM actions WHERE "   \
      "seq = ?1 AND kind = 4) AND binned_ms = (SELECT created_ms FROM actions WHERE seq = ?1)")    \
    X(CAMPAIGN_BIN_UNDO,                                                                           \
      "DELETE FROM bin WHERE resource_type = 2 AND resource_key = (SELECT campaign_id FROM "       \
      "actions WHERE seq = ?1 AND kind = 4) AND created_ms = (SELECT created_ms FROM actions "     \
      "WHERE seq = ?1)")                                                                           \
    X(TRANSACTIONS_ANY, "SELECT 1 FROM transactions WHERE id > ?1 AND id < ?2 LIMIT 1")            \
    X(VOUCHERS_KEY_RANGE, KEY_RANGE("vouchers"))                                                   \
    X(PRODUCTS_KEY_RANGE, KEY_RANGE("products"))                                                   \
    X(PRODUCTS_PURGE_KEY,                                                                          \
      PURGE_KEY("products", "without_key(metadata, ?3)", KEY_LIVE " AND has_key(metadata, ?3)"))   \
    X(PRODUCTS_WITH_KEY, WITH_KEY("products", "count(*)", KEY_LIVE " AND has_key(metadata, ?3)"))  \
    X(PRODUCTS_KEY_LATER, WITH_KEY("products", PRODUCT_COLUMNS,                                    \
                                   KEY_LIVE " AND has_key(metadata, ?3)") " AND version > ?4")     \
    X(SKUS_KEY_RANGE, KEY_RANGE("skus"))                                                           \
    X(SKUS_PURGE_KEY,                                                                              \
      PURGE_KEY("skus", "without_key(metadata, ?3)", KEY_LIVE " AND has_key(metadata, ?3)"))       \
    X(SKUS_WITH_KEY, WITH_KEY("skus", "count(*)", KEY_LIVE " AND has_key(metadata, ?3)"))          \
    X(SKUS_KEY_LATER,                                                                              \
      WITH_KEY("skus", SKU_COLUMNS, KEY_LIVE " AND has_key(metadata, ?3)") " AND version > ?4")    \
    X(ORDERS_KEY_RANGE, KEY_RANGE("orders"))                                                       \
    X(ORDERS_PURGE_KEY, PURGE_KEY("orders", "without_key(metadata, ?3)", "has_key(metadata, ?3)")) \
    X(ORDERS_WITH_KEY, WITH_KEY("orders", "count(*)", "has_key(metadata, ?3)"))                    \
    X(ORDERS_KEY_LATER,                                                                            \
      WITH_KEY("orders", ORDER_COLUMNS, "has_key(metadata, ?3)") " AND version > ?4")              \
    X(CUSTOMERS_KEY_RANGE, KEY_RANGE("customers"))                                                 \
    X(VOUCHERS_PURGE_KEY,                                                                          \
      PURGE_KEY("vouchers", "without_key(metadata, ?3)", KEY_LIVE " AND has_key(metadata, ?3)"))   \
    X(CUSTOMERS_PURGE_KEY,                                                                         \
      PURGE_KEY("customers", "without_key(metadata, ?3)", "has_key(metadata, ?3)"))                \
    X(VOUCHERS_WITH_KEY, WITH_KEY("vouchers", "count(*)", KEY_LIVE " AND has_key(metadata, ?3)"))  \
    X(CUSTOMERS_WITH_KEY, WITH_KEY("customers", "count(*)", "has_key(metadata, ?3)"))              \
    X(VOUCHERS_KEY_LATER, WITH_KEY("vouchers", VOUCHER_READ_COLUMNS,                               \
                                   KEY_LIVE " AND has_key(metadata, ?3)") " AND version > ?4")     \
    X(CUSTOMERS_KEY_LATER,                                                                         \
      WITH_KEY("customers", CUSTOMER_COLUMNS, "has_key(metadata, ?3)") " AND version > ?4")        \
    X(CAMPAIGNS_KEY_RANGE, KEY_RANGE("campaigns"))                                                 \
    X(CAMPAIGNS_METADATA,                                                                          \
      "SELECT id, metadata FROM campaigns WHERE " KEY_STEP " AND binned_ms IS NULL")               \
    X(CAMPAIGN_SET_METADATA,                                                                       \
      "UPDATE campaigns SET metadata = ?2, version = ?3, updated_ms = ?4 WHERE id = ?1")           \
    X(MEMBERS_RANGE,                                                                               \
      "SELECT (SELECT min(id) FROM vouchers WHERE campaign_id = ?1 AND id > ?2), (SELECT max(id) " \
      "FROM vouchers WHERE campaign_id = ?1 AND id > ?2)")                                         \
    X(MEMBERS_CATEGORIES,                                                                          \
      "SELECT category_id, category, count(*) FROM vouchers WHERE " STEP_VOUCHERS                  \
      " AND binned_ms IS NULL AND (?4 = 0 OR (" FRESH " AND "                                      \
      "version <= ?4)) GROUP BY category_id, category")                                            \
    X(MEMBERS_RENEW,                                                                               \
      RENEW_STEP("renewed_metadata(metadata, ?22, ?23)", STEP_FRESH " AND version <= ?4"))         \
    X(MEMBERS_LATER,                                                                               \
      "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE " STEP_FRESH " AND version > ?4")       \
    X(MEMBERS_TO_BIN,                                                                              \
      "UPDATE vouchers SET binned_ms = ?4, version = ?5, recent = NULL WHERE " STEP_VOUCHERS       \
      " AND binned_ms IS NULL")                                                                    \
    X(MEMBERS_FORGET_TRANSACTIONS, "DELETE FROM transactions WHERE voucher_key IN (SELECT id "     \
                                   "FROM vouchers WHERE " STEP_VOUCHERS ")")                       \
    X(MEMBERS_ERASE_LIVE, "DELETE FROM vouchers WHERE " STEP_VOUCHERS " AND binned_ms IS NULL")    \
    X(MEMBERS_ERASE_BINNED,                                                                        \
      "DELETE FROM vouchers WHERE " STEP_VOUCHERS " AND binned_ms IS NOT NULL")                    \
    X(TOTALS_OF_CATEGORIES,                                                                        \
      "SELECT 1 FROM totals WHERE project_id = ?1 AND ((resource > 'voucher/category/' AND "       \
      "resource < 'voucher/category0') OR (resource > 'voucher/tag/' AND resource < "              \
      "'voucher/tag0')) LIMIT 1")                                                                  \
    X(TIER_INSERT, "INSERT INTO promotion_tiers (project_id, " TIER_COLUMNS ") VALUES (?1, ?2, "   \
                   "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "     \
                   "?19, ?20)")                                                                    \
    X(TIER_BY_KEY, "SELECT " TIER_COLUMNS " FROM promotion_tiers WHERE id = ?2 AND "               \
                   "project_id = ?1")                                                              \
    X(TIERS_OF_CAMPAIGN, "SELECT " TIER_COLUMNS " FROM promotion_tiers WHERE campaign_id = ?1 "    \
                         "ORDER BY hierarchy, id LIMIT ?2 OFFSET ?3")                              \
    X(TIERS_COUNT, "SELECT count(*) FROM promotion_tiers WHERE campaign_id = ?1")                  \
    X(TIERS_DELETE, "DELETE FROM promotion_tiers WHERE campaign_id = ?1")                          \
    X(CUSTOMER_BY_KEY,                                                                             \
      "SELECT " CUSTOMER_COLUMNS " FROM customers WHERE id = ?2 AND project_id = ?1")              \
    X(CUSTOMER_BY_SOURCE,                                                                          \
      "SELECT " CUSTOMER_COLUMNS " FROM customers WHERE project_id = ?1 AND source_id = ?2")       \
    X(PRODUCT_BY_KEY,                                                                              \
      "SELECT " PRODUCT_COLUMNS " FROM products WHERE id = ?2 AND project_id = ?1")                \
    X(PRODUCT_BY_SOURCE,                                                                           \
      "SELECT " PRODUCT_COLUMNS " FROM products WHERE project_id = ?1 AND source_id = ?2")         \
    X(PRODUCT_INSERT, PRODUCT_INSERT_SQL("?5"))                                                    \
    X(PRODUCT_UPDATE, PRODUCT_UPDATE_SQL("?5"))                                                    \
    X(PRODUCT_DELETE, "DELETE FROM products WHERE id = ?1")                                        \
    X(SKU_BY_KEY, "SELECT " SKU_COLUMNS " FROM skus WHERE id = ?2 AND project_id = ?1")            \
    X(SKU_BY_SOURCE, "SELECT " SKU_COLUMNS " FROM skus WHERE project_id = ?1 AND source_id = ?2")  \
    X(SKU_INSERT, SKU_INSERT_SQL("?5"))                                                            \
    X(SKU_UPDATE, SKU_UPDATE_SQL("?5"))                                                            \
    X(SKU_DELETE, "DELETE FROM skus WHERE id = ?1")                                                \
    X(SKUS_TO_BIN,                                                                                 \
      "UPDATE skus SET binned_ms = ?2, version = ?3 WHERE product_id = ?1 AND binned_ms IS NULL")  \
    X(SKUS_DELETE, "DELETE FROM skus WHERE product_id = ?1 AND binned_ms IS NULL")                 \
    X(SKUS_DELETE_BINNED, "DELETE FROM skus WHERE product_id = ?1 AND binned_ms IS NOT NULL")      \
    X(BIN_DELETE_SKUS, "DELETE FROM bin WHERE resource_type = 4 AND parent_key = ?1 AND "          \
                       "project_id = ?2")                                                          \
    X(ORDER_BY_KEY, "SELECT " ORDER_COLUMNS " FROM orders WHERE id = ?2 AND project_id = ?1")      \
    X(ORDER_BY_SOURCE,                                                                             \
      "SELECT " ORDER_COLUMNS " FROM orders WHERE project_id = ?1 AND source_id = ?2")             \
    X(ORDER_INSERT, ORDER_INSERT_SQL("?5"))                                                        \
    X(ORDER_UPDATE, ORDER_UPDATE_SQL("?5"))                                                        \
    X(CUSTOMER_INSERT, CUSTOMER_INSERT_SQL("?5"))                                                  \
    X(CUSTOMER_UPDATE, CUSTOMER_UPDATE_SQL("?5"))                                                  \
    X(DRY_RECORD, "SELECT id, body FROM dry_records WHERE action_seq = ?1 AND name = ?2")          \
    X(DRY_RECORD_PUT, "INSERT INTO dry_records (action_seq, name, id, body) VALUES (?1, ?2, ?3, "  \
                      "?4) ON CONFLICT (action_seq, name) DO UPDATE SET body = excluded.body")     \
    X(CUSTOMER_DELETE, "DELETE FROM customers WHERE id = ?1")                                      \
    X(VOUCHERS_UNHOLD, "UPDATE vouchers SET holder_id = NULL WHERE holder_id = ?1")                \
    X(VOUCHER_PUBLISH, "UPDATE vouchers SET holder_id = ?2, publish_count = ?3 WHERE id = ?1")     \
    X(VOUCHER_HELD, "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE holder_id = ?1 AND "      \
                    "campaign_id = ?2 AND binned_ms IS NULL ORDER BY id LIMIT 1")                  \
    X(VOUCHER_GENERIC, "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE campaign_id = ?1 AND " \
                       "binned_ms IS NULL ORDER BY id LIMIT 1")                                    \
    X(VOUCHERS_TO_PUBLISH, TO_PUBLISH("expiration_ms >= ?2 ORDER BY expiration_ms, id LIMIT ?3"))  \
    X(VOUCHERS_ENDLESS, TO_PUBLISH("expiration_ms IS NULL ORDER BY expiration_ms, id LIMIT ?2"))   \
    X(PUBLICATION_BY_SOURCE,                                                                       \
      "SELECT 1 FROM publications WHERE project_id = ?1 AND source_id = ?2")                       \
    X(PUBLICATION_INSERT, "INSERT INTO publications VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")  \
    X(METADATA_SCHEMA_BY_KEY, "SELECT " METADATA_SCHEMA_COLUMNS                                    \
                              " FROM metadata_schemas WHERE id = ?2 AND project_id = ?1")          \
    X(METADATA_SCHEMA_BY_OBJECT,                                                                   \
      "SELECT " METADATA_SCHEMA_COLUMNS                                                            \
      " FROM metadata_schemas WHERE project_id = ?1 AND related_object = ?2")                      \
    X(METADATA_SCHEMA_LIST,                                                                        \
      "SELECT " METADATA_SCHEMA_COLUMNS                                                            \
      " FROM metadata_schemas WHERE project_id = ?1 ORDER BY related_object")                      \
    X(METADATA_SCHEMA_SIZE, "SELECT count(*), sum(length(CAST(properties AS BLOB))) FROM "         \
                            "metadata_schemas WHERE project_id = ?1")                              \
    X(METADATA_SCHEMA_INSERT, "INSERT INTO metadata_schemas (project_id, " METADATA_SCHEMA_COLUMNS \
                              ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL) ON CONFLICT (project_id, "  \
                              "related_object) DO NOTHING")                                        \
    X(METADATA_SCHEMA_UPDATE, "UPDATE metadata_schemas SET allow_defined_only = ?3, properties = " \
                              "?4, updated_ms = ?5 WHERE id = ?2 AND project_id = ?1")             \
    X(METADATA_SCHEMA_DELETE, "DELETE FROM metadata_schemas WHERE id = ?2 AND project_id = ?1")    \
    X(RULE_BY_KEY, "SELECT id, body, created_ms FROM validation_rules WHERE id = ?2 AND "          \
                   "project_id = ?1")                                                              \
    X(RULE_INSERT, "INSERT INTO validation_rules VALUES (?1, ?2, ?3, ?4)")                         \
    X(RULE_DELETE, "DELETE FROM validation_rules WHERE id = ?2 AND project_id = ?1")               \
    X(RULES_PAGE, "SELECT id, body, created_ms FROM validation_rules WHERE id > ?1 AND id < ?2 "   \
                  "ORDER BY id DESC LIMIT ?3 OFFSET ?4")                                           \
    X(RULES_COUNT, "SELECT count(*) FROM validation_rules WHERE id > ?1 AND id < ?2")              \
    X(CATEGORY_INSERT,                                                                             \
      "INSERT INTO categories (project_id, " CATEGORY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, "     \
      "NULL)")                                                                                     \
    X(CATEGORY_UPDATE, "UPDATE categories SET name = ?3, hierarchy = ?4, updated_ms = ?5 "         \
                       "WHERE id = ?2 AND project_id = ?1 RETURNING created_ms")                   \
    X(CATEGORY_DELETE, "DELETE FROM categories WHERE id = ?2 AND project_id = ?1")                 \
    X(CATEGORY_BY_KEY,                                                                             \
      "SELECT " CATEGORY_COLUMNS " FROM categories WHERE id = ?2 AND project_id = ?1")             \
    X(CATEGORY_LIST, "SELECT " CATEGORY_COLUMNS " FROM categories "                                \
                     "WHERE id > ?1 AND id < ?2 ORDER BY id DESC")                                 \
    X(CATEGORY_SIZE, "SELECT count(*), sum(length(CAST(name AS BLOB))) FROM categories "           \
                     "WHERE id > ?1 AND id < ?2 AND id <> ?3")                                     \
    X(TOTAL_GET, "SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM totals WHERE project_id = ?1 "   \
                 "AND resource = ?2")                                                              \
    X(ACTION_CREATED, "SELECT created FROM actions WHERE seq = ?1")                                \
    X(TOTAL_DELETE, "DELETE FROM totals WHERE project_id = ?1 AND resource = ?2")                  \
    X(VOUCHER_INSERT, "INSERT INTO vouchers (" VOUCHER_COLUMNS ") VALUES (?1, " NEW_VOUCHER ") "   \
                      "ON CONFLICT DO NOTHING")                                                    \
    X(VOUCHER_APPEND, "INSERT INTO vouchers (" VOUCHER_COLUMNS ") VALUES (NULL, " NEW_VOUCHER ") " \
                      "ON CONFLICT DO NOTHING")                                                    \
    X(VOUCHER_LAST_KEY, "SELECT max(id) FROM vouchers")                                            \
    X(VOUCHER_UPDATE,                                                                              \
      "UPDATE vouchers SET version = ?4, effect = ?8, active = ?9, value = ?10, start_ms = ?11, "  \
      "expiration_ms = ?12, quantity = ?13, redeemed_quantity = ?14, redeemed_amount = ?15, "      \
      "category = ?16, additional_info = ?17, rule = ?18, discount_extra = ?19, metadata = ?20, "  \
      "updated_ms = ?22, category_id = ?23, validity = ?24, recent = ?27 WHERE id = ?1")           \
    X(VOUCHER_TO_BIN,                                                                              \
      "UPDATE vouchers SET binned_ms = ?2, version = ?3, recent = NULL WHERE id = ?1")             \
    X(VOUCHER_SUBTRACT, "UPDATE vouchers SET subtracted = ?2 WHERE id = ?1")                       \
    X(VOUCHER_STAMP, "UPDATE vouchers SET version = ?4, recent = ?27 WHERE id = ?1")               \
    X(DRY_BY_CODE, "SELECT " VOUCHER_COLUMNS                                                       \
                   ", NULL, NULL FROM dry_vouchers WHERE action_seq = ?1 AND code = ?2")           \
    X(DRY_PUT,                                                                                     \
      "INSERT INTO dry_vouchers (action_seq, " VOUCHER_COLUMNS ") VALUES (?28, ?1, " NEW_VOUCHER   \
      ") ON CONFLICT (action_seq, code) DO UPDATE SET id = excluded.id, project_id = "             \
      "excluded.project_id, version = excluded.version, campaign_id = excluded.campaign_id, type " \
      "= excluded.type, discount_type = excluded.discount_type, effect = excluded.effect, active " \
      "= excluded.active, value = excluded.value, start_ms = excluded.start_ms, expiration_ms = "  \
      "excluded.expiration_ms, quantity = excluded.quantity, redeemed_quantity = "                 \
      "excluded.redeemed_quantity, redeemed_amount = excluded.redeemed_amount, category = "        \
      "excluded.category, additional_info = excluded.additional_info, rule = excluded.rule, "      \
      "discount_extra = excluded.discount_extra, metadata = excluded.metadata, created_ms = "      \
      "excluded.created_ms, updated_ms = excluded.updated_ms, category_id = "                      \
      "excluded.category_id, validity = excluded.validity, subtracted = excluded.subtracted, "     \
      "binned_ms = excluded.binned_ms, recent = excluded.recent")                                  \
    X(CATEGORY_ANY, "SELECT 1 FROM categories WHERE project_id = ?1 LIMIT 1")                      \
    X(VOUCHER_BY_CODE,                                                                             \
      "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE project_id = ?1 AND code = ?2")         \
    X(VOUCHERS_BY_CODES, CODES_WITH_ROWS(VOUCHER_READ_COLUMNS ", ctid", "OFFSET 0"))               \
    X(VOUCHERS_BY_CODES_LOCKED, CODES_WITH_ROWS(VOUCHER_READ_COLUMNS ", ctid", "FOR UPDATE"))      \
    X(PRODUCTS_BY_SOURCES, SOURCES_WITH_ROWS("products", PRODUCT_COLUMNS ", ctid", "OFFSET 0"))    \
    X(PRODUCTS_BY_SOURCES_LOCKED,                                                                  \
      SOURCES_WITH_ROWS("products", PRODUCT_COLUMNS ", ctid", "FOR UPDATE"))                       \
    X(CUSTOMERS_BY_SOURCES, SOURCES_WITH_ROWS("customers", CUSTOMER_COLUMNS ", ctid", "OFFSET 0")) \
    X(CUSTOMERS_BY_SOURCES_LOCKED,                                                                 \
      SOURCES_WITH_ROWS("customers", CUSTOMER_COLUMNS ", ctid", "FOR UPDATE"))                     \
    X(ERASED_RECORDS_AMONG,                                                                        \
      "SELECT g.n FROM unnest(?3::text[]) WITH ORDINALITY AS g(wanted, n), LATERAL (SELECT 1 "     \
      "FROM erased_records WHERE project_id = ?1 AND resource = ?2 AND name = g.wanted AND seq > " \
      "?4 OFFSET 0) e ORDER BY g.n")                                                               \
    X(VOUCHERS_MERGE_METADATA,                                                                     \
      "UPDATE vouchers SET metadata = coalesce(metadata, '{}') || (SELECT ?5::jsonb), "            \
      "version = ?2, updated_ms = ?3 FROM (SELECT f.tid FROM unnest(?4::text[]) AS g(wanted), "    \
      "LATERAL (SELECT ctid AS tid FROM vouchers WHERE project_id = ?1 AND code = g.wanted "       \
      "OFFSET 0) f) x WHERE ctid = x.tid AND version <= ?2 AND recent IS NULL AND "                \
      "binned_ms IS NULL AND (metadata IS NULL OR "                                                \
      "(metadata || (SELECT ?5::jsonb) <> metadata AND (pg_column_size(metadata) < 1000 OR "       \
      "octet_length((metadata || (SELECT ?5::jsonb))::text) < 200000))) RETURNING code")           \
    X(VOUCHER_BY_KEY,                                                                              \
      "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE id = ?2 AND project_id = "              \
      "?1")

enum statement {
#define X(name, sql) STATEMENT_##name,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

#endif
