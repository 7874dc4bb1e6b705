/* SPDX-License-Identifier: MIT */
/*
 * statements.h - every statement that runs more than once, by name. Each connection prepares the
 * ones it uses, once (db_statement). Values are bound, never formatted in.
 */
#ifndef STORE_SQLITE_STATEMENTS_H
#define STORE_SQLITE_STATEMENTS_H

#define PROJECT_COLUMNS                                                                            \
    "id, public_id, name, app_id, management_id, app_token_hash, management_token_hash, "          \
    "created_ms"

#define ACTION_COLUMNS_OF(params)                                                                  \
    "seq, project_id, kind, created_ms, request_id, input, input_bytes, " params ", status, "      \
    "updated_ms, progress, chunk_start, chunk_end, chunk_row, chunk_no, chunk_rows, slice_done, "  \
    "created, updated, unchanged, superseded, failed, message, lease_epoch"
#define ACTION_COLUMNS ACTION_COLUMNS_OF("params")

#define VOUCHER_COLUMNS                                                                            \
    "id, project_id, code, version, campaign_id, type, discount_type, effect, active, value, "     \
    "start_ms, expiration_ms, quantity, redeemed_quantity, redeemed_amount, category, "            \
    "additional_info, rule, discount_extra, metadata, created_ms, updated_ms"

#define VOUCHER_PAGE(condition, order)                                                             \
    "SELECT " VOUCHER_COLUMNS " FROM vouchers WHERE " condition " ORDER BY " order                 \
    " LIMIT ?2 OFFSET ?3"

#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(SAVEPOINT, "SAVEPOINT work")                                                                 \
    X(ROLLBACK_TO, "ROLLBACK TO work")                                                             \
    X(RELEASE, "RELEASE work")                                                                     \
    X(SEQUENCE_GET, "SELECT next FROM sequences WHERE project_id = ?1 AND name = ?2")              \
    X(SEQUENCE_SET,                                                                                \
      "INSERT INTO sequences VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET next = excluded.next")  \
    X(PING, "SELECT count(*) FROM meta")                                                           \
    X(PROJECT_INSERT,                                                                              \
      "INSERT INTO projects (public_id, name, app_id, management_id, app_token_hash, "             \
      "management_token_hash, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                    \
    X(PROJECT_BY_APP_ID, "SELECT " PROJECT_COLUMNS " FROM projects WHERE app_id = ?1")             \
    X(ACTION_INSERT,                                                                               \
      "INSERT INTO actions (seq, project_id, kind, status, created_ms, updated_ms, request_id, "   \
      "input, input_bytes, params, chunk_start, chunk_end) "                                       \
      "VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5, ?6, ?7, ?8, 0, 0)")                                      \
    X(ACTION_CLAIM, "UPDATE actions SET status = 1, lease_epoch = lease_epoch + 1, "               \
                    "updated_ms = max(updated_ms, ?2) WHERE seq = ?1 AND status < 2")              \
    X(ACTION_BY_SEQ, "SELECT " ACTION_COLUMNS " FROM actions WHERE seq = ?1")                      \
    X(ACTION_BY_ID,                                                                                \
      "SELECT " ACTION_COLUMNS " FROM actions WHERE project_id = ?1 AND created_ms = ?2 "          \
      "AND (seq & 4294967295) = ?3")                                                               \
    X(ACTION_PAGE,                                                                                 \
      "SELECT " ACTION_COLUMNS_OF(                                                                 \
          "NULL") " FROM actions WHERE project_id = ?1 AND created_ms < ?2 "                       \
                  "AND (created_ms, seq) < (?3, ?4) ORDER BY created_ms DESC, seq DESC LIMIT ?5")  \
    X(ACTIONS_UNFINISHED, "SELECT " ACTION_COLUMNS " FROM actions WHERE status < 2 ORDER BY seq")  \
    X(ACTION_INPUTS, "SELECT input FROM actions WHERE input IS NOT NULL ORDER BY input")           \
    X(ACTION_FIRST_UNFINISHED,                                                                     \
      "SELECT min(seq) FROM actions WHERE project_id = ?1 AND status < 2")                         \
    X(ACTION_CHECKPOINT,                                                                           \
      "UPDATE actions SET status = ?3, updated_ms = max(updated_ms, ?4), progress = ?5, "          \
      "chunk_start = ?6, chunk_end = ?7, chunk_row = ?8, chunk_no = ?9, chunk_rows = ?10, "        \
      "slice_done = ?11, created = created + ?12, updated = updated + ?13, "                       \
      "unchanged = unchanged + ?14, superseded = superseded + ?15, failed = failed + ?16, "        \
      "message = ?17 WHERE seq = ?1 AND lease_epoch = ?2 AND status = 1")                          \
    X(OUTCOMES_PUT, "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "                \
                    "ON CONFLICT DO UPDATE SET packed = excluded.packed")                          \
    X(OUTCOMES_GET, "SELECT first_row, n_rows, chunk_start, chunk_end, packed FROM outcomes "      \
                    "WHERE project_id = ?1 AND action_seq = ?2 AND chunk_no = ?3")                 \
    X(FAILURE_INSERT, "INSERT INTO failures VALUES (?1, ?2, ?3, ?4, ?5)")                          \
    X(FAILURE_PAGE,                                                                                \
      "SELECT row, key, reason FROM failures WHERE project_id = ?1 AND action_seq = ?2 "           \
      "AND row > ?3 ORDER BY row LIMIT ?4")                                                        \
    X(TOTAL_ADD,                                                                                   \
      "INSERT INTO totals VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n")       \
    X(TOTAL_GET, "SELECT n FROM totals WHERE project_id = ?1 AND resource = ?2")                   \
    X(VOUCHER_INSERT,                                                                              \
      "INSERT INTO vouchers (" VOUCHER_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "    \
      "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, NULL) ON CONFLICT DO NOTHING")  \
    X(VOUCHER_APPEND,                                                                              \
      "INSERT INTO vouchers (" VOUCHER_COLUMNS ") VALUES (NULL, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "  \
      "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, NULL) ON CONFLICT DO NOTHING")  \
    X(VOUCHER_LAST_KEY, "SELECT max(id) FROM vouchers")                                            \
    X(VOUCHER_UPDATE,                                                                              \
      "UPDATE vouchers SET version = ?4, effect = ?8, active = ?9, value = ?10, start_ms = ?11, "  \
      "expiration_ms = ?12, quantity = ?13, redeemed_quantity = ?14, redeemed_amount = ?15, "      \
      "category = ?16, additional_info = ?17, rule = ?18, discount_extra = ?19, metadata = ?20, "  \
      "updated_ms = ?22 WHERE id = ?1")                                                            \
    X(VOUCHER_STAMP, "UPDATE vouchers SET version = ?4 WHERE id = ?1")                             \
    X(VOUCHER_BY_CODE,                                                                             \
      "SELECT " VOUCHER_COLUMNS " FROM vouchers WHERE project_id = ?1 AND code = ?2")              \
    X(VOUCHER_BY_KEY,                                                                              \
      "SELECT " VOUCHER_COLUMNS " FROM vouchers WHERE id = ?2 AND project_id = ?1")                \
    X(VOUCHERS_BY_CODE, VOUCHER_PAGE("project_id = ?1", "code"))                                   \
    X(VOUCHERS_BY_CODE_DESC, VOUCHER_PAGE("project_id = ?1", "code DESC"))                         \
    X(VOUCHERS_BY_CODE_AFTER, VOUCHER_PAGE("project_id = ?1 AND code > ?4", "code"))               \
    X(VOUCHERS_BY_CODE_DESC_AFTER, VOUCHER_PAGE("project_id = ?1 AND code < ?4", "code DESC"))     \
    X(VOUCHERS_OLDEST, VOUCHER_PAGE("id > ?4 AND id < ?1", "id"))                                  \
    X(VOUCHERS_NEWEST, VOUCHER_PAGE("id < ?4 AND id >= ?1", "id DESC"))

enum statement {
#define X(name, sql) STATEMENT_##name,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

#endif
