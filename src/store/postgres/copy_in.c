/* SPDX-License-Identifier: MIT */
/*
 * copy_in.c - rows of any table by COPY (sql/copy.c): about five times as fast as INSERT. In its
 * text form, which takes every type the way people write it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/fault.h"
#include "store/postgres/pg_priv.h"
#include "store/sql/copy_rows.h"

#define SEND_BYTES (256 * KIB)
#define ROW_MOST   (64 * MIB)

/* What ends a value or a row, and the backslash, have one in front. */
static void put_text(struct buf *b, struct str s)
{
    static const char escapes[256] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
        ['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\',
    };
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        const char escape = escapes[(unsigned char)s.p[i]];
        if (escape == '\0')
            continue;
        buf_put(b, s.p + from, i - from);
        buf_putc(b, '\\');
        buf_putc(b, escape);
        from = i + 1;
    }
    buf_put(b, s.p + from, s.len - from);
}

static void put_hex(struct buf *b, struct str s)
{
    static const char digits[] = "0123456789abcdef";
    buf_puts(b, STR("\\\\x"));
    char *out = buf_reserve(b, s.len * 2);
    for (size_t i = 0; out != NULL && i < s.len; i++) {
        out[2 * i] = digits[(unsigned char)s.p[i] >> 4];
        out[2 * i + 1] = digits[(unsigned char)s.p[i] & 0xF];
    }
    b->len += out != NULL ? s.len * 2 : 0;
}

static void put_value(struct buf *b, const struct copy_value *v, enum column_kind kind)
{
    switch (v->kind) {
    case VALUE_NULL:
        buf_puts(b, STR("\\N"));
        break;
    case VALUE_INT:
        buf_printf(b, "%" PRId64, v->as.i);
        break;
    case VALUE_DOUBLE:
        num_put(b, (struct num){ .d = v->as.d });
        break;
    case VALUE_BYTES:
        if (kind == COLUMN_BLOB)
            put_hex(b, v->as.s);
        else
            put_text(b, v->as.s);
        break;
    }
}

static int send(struct pg_db *db, struct buf *b, struct err *err)
{
    if (buf_ok(b, err) < 0)
        return -1;
    if (PQputCopyData(db->conn, b->p, (int)b->len) != 1)
        return pg_error(db, NULL, "cannot store rows", err);
    buf_reset(b);
    return 0;
}

static int send_rows(struct pg_db *db, const struct copy_rows *rows, struct err *err)
{
    struct buf b;
    int rc = 0;
    buf_init(&b, ROW_MOST);
    for (size_t i = 0; rc == 0 && i < rows->n_rows; i++) {
        for (size_t k = 0; k < rows->n_columns; k++) {
            if (k > 0)
                buf_putc(&b, '\t');
            put_value(&b, &rows->values[i * rows->n_columns + k], rows->columns[k].kind);
        }
        buf_putc(&b, '\n');
        if (b.len > SEND_BYTES || b.failed)
            rc = send(db, &b, err);
    }
    if (rc == 0 && b.len > 0)
        rc = send(db, &b, err);
    buf_release(&b);
    return rc;
}

static int begin(struct pg_db *db, const struct copy_rows *rows, struct err *err)
{
    struct buf b;
    buf_init(&b, 8 * KIB);
    buf_printf(&b, "COPY %s (", rows->table);
    for (size_t k = 0; k < rows->n_columns; k++)
        buf_printf(&b, "%s%s", k > 0 ? ", " : "", rows->columns[k].name);
    buf_put(&b, ") FROM STDIN", sizeof(") FROM STDIN")); /* with the NUL */
    int rc = buf_ok(&b, err);
    if (rc == 0) {
        PGresult *r = PQexec(db->conn, b.p);
        if (PQresultStatus(r) != PGRES_COPY_IN)
            rc = pg_error(db, r, "cannot store rows", err);
        PQclear(r);
    }
    buf_release(&b);
    return rc;
}

int pg_rows_put(struct db *base, const struct copy_rows *rows, struct err *err)
{
    struct pg_db *db = pg_db_of(base);
    PGresult *r;
    if (fault_hit(FAULT_STORE))
        return err_set(err, ERR_STORE, "cannot store rows: broken on purpose");
    if (begin(db, rows, err) < 0)
        return -1;
    int rc = send_rows(db, rows, err);
    if (PQputCopyEnd(db->conn, rc < 0 ? "given up" : NULL) != 1 && rc == 0)
        rc = pg_error(db, NULL, "cannot store rows", err);
    while ((r = PQgetResult(db->conn)) != NULL) {
        if (PQresultStatus(r) != PGRES_COMMAND_OK && rc == 0)
            rc = pg_error(db, r, "cannot store rows", err);
        PQclear(r);
    }
    return rc;
}

/* The sequence does not move by itself when the key is given; and it never goes back. */
int pg_project_id_used(struct db *db, int64_t id, struct err *err)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "SELECT setval(s, greatest(%" PRId64 ", coalesce(pg_sequence_last_value(s), 0))) "
             "FROM (SELECT pg_get_serial_sequence('projects', 'id')::regclass AS s) q",
             id);
    return pg_exec(pg_db_of(db), sql, err);
}
