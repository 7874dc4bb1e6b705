/* SPDX-License-Identifier: MIT */
/* copy.c - see copy.h. */
#include <stdio.h>

#include "base/fault.h"
#include "store/postgres/copy.h"

int copy_begin(struct pg_db *db, const char *sql, struct err *err)
{
    if (fault_hit(FAULT_STORE))
        return err_set(err, ERR_STORE, "cannot copy rows: broken on purpose");
    PGresult *r = PQexec(db->conn, sql);
    const int rc =
        PQresultStatus(r) == PGRES_COPY_IN ? 0 : pg_error(db, r, "cannot copy rows", err);
    PQclear(r);
    return rc;
}

int copy_send(struct pg_db *db, struct buf *rows, struct err *err)
{
    if (buf_ok(rows, err) < 0)
        return -1;
    if (rows->len > 0 && PQputCopyData(db->conn, rows->p, (int)rows->len) != 1)
        return pg_send_error(db, "cannot copy rows", err);
    buf_reset(rows);
    return 0;
}

int copy_end(struct pg_db *db, int rc, bool *exists, struct err *err)
{
    PGresult *r;
    if (PQputCopyEnd(db->conn, rc < 0 ? "given up" : NULL) != 1 && rc == 0)
        rc = pg_send_error(db, "cannot copy rows", err);
    while ((r = PQgetResult(db->conn)) != NULL) {
        struct err why = { 0 };
        if (PQresultStatus(r) != PGRES_COMMAND_OK) {
            pg_error(db, r, "cannot copy rows", &why);
            *exists = why.code == ERR_DUPLICATE;
            /* That the connection is gone may show only now, when sending has failed before. */
            if (rc == 0 || db->lost)
                *err = why;
            rc = -1;
        }
        const bool stuck = PQresultStatus(r) == PGRES_COPY_IN; /* the end could not be sent */
        PQclear(r);
        if (stuck) {
            rc = pg_send_error(db, "cannot copy rows", err);
            break;
        }
    }
    return rc;
}

int copy_stream_send(struct copy_stream *s, struct err *err)
{
    if (!s->open && copy_begin(s->db, s->sql, err) < 0)
        return -1;
    if (!s->open) {
        s->open = true;
        if (PQputCopyData(s->db->conn, COPY_HEADER, COPY_HEADER_LEN) != 1)
            return pg_send_error(s->db, "cannot copy rows", err);
    }
    return copy_send(s->db, s->rows, err);
}

int copy_stream_end(struct copy_stream *s, int rc, struct err *err)
{
    if (rc == 0 && s->rows->len > 0)
        rc = copy_stream_send(s, err);
    if (!s->open)
        return rc;
    s->open = false;
    if (rc == 0 && PQputCopyData(s->db->conn, COPY_TRAILER, COPY_TRAILER_LEN) != 1)
        rc = pg_send_error(s->db, "cannot copy rows", err);
    return copy_end(s->db, rc, &s->exists, err);
}

int copy_all(struct pg_db *db, const char *sql, struct buf *rows, struct err *err)
{
    bool ignored;
    buf_put(rows, COPY_TRAILER, COPY_TRAILER_LEN);
    if (copy_begin(db, sql, err) < 0)
        return -1;
    return copy_end(db, copy_send(db, rows, err), &ignored, err);
}

void copy_rows_begin(struct buf *b)
{
    buf_reset(b);
    buf_put(b, COPY_HEADER, COPY_HEADER_LEN);
}
