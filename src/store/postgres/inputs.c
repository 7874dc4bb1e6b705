/* SPDX-License-Identifier: MIT */
/*
 * inputs.c - uploaded files in the database, in parts, so that any node can go on with any action.
 *
 * A part has at most 8,000 bytes: one tuple on one page, without TOAST and its second index. It is
 * a frame of Zstandard by itself: an eighth to a quarter of the file, in the table and in the log.
 * A part begins anywhere in the file and says how many bytes it stands for; what does not pack is
 * stored as it is. All are stored in one transaction before the action that names them; what a
 * crash leaves in between belongs to nobody and is swept when it is old.
 */
#include <stdio.h>
#include <zstd.h>

#include "store/postgres/copy.h"

#define PART_BYTES     8000
#define AIM_BYTES      7500 /* what is packed should come to; more than a part is packed again */
#define UNPACKED_BYTES (128 * KIB) /* of one part at most */
#define LEVEL          1           /* as fast as memory, nearly; higher ones pack little more */
#define WINDOW_BYTES   (256 * KIB)
#define PUT_TRIES      12 /* some 10 s */
#define PARTS_PER_READ 128
#define COPY_BYTES     (256 * KIB)
#define COPY_SQL       "COPY input_parts (input, start, unpacked, data) FROM STDIN (FORMAT binary)"

/* ---- storing ---- */

/* The file as it is read: buf has the bytes from `at` on. */
struct window {
    const struct input_source *from;
    char *buf;
    int64_t at;
    size_t len, used; /* `used` of them are in parts */
    bool ended;
    ZSTD_CCtx *packer;
    size_t guess; /* so many bytes should fill a part */
};

/* Until the window is full, or has all that is left. */
static int fill(struct window *w, struct err *err)
{
    memmove(w->buf, w->buf + w->used, w->len - w->used);
    w->at += (int64_t)w->used;
    w->len -= w->used;
    w->used = 0;
    while (!w->ended && w->len < WINDOW_BYTES) {
        size_t got = 0;
        if (w->from->read(w->from->arg, w->at + (int64_t)w->len, w->buf + w->len,
                          WINDOW_BYTES - w->len, &got, err) < 0)
            return -1;
        w->len += got;
        w->ended = got == 0;
    }
    return 0;
}

/* As many bytes as a part holds when they are packed; 0: these do not pack. */
static size_t pack(struct window *w, char packed[static PART_BYTES], size_t *take)
{
    const char *raw = w->buf + w->used;
    const size_t left = w->len - w->used;
    *take = left < w->guess ? left : w->guess;
    size_t n = ZSTD_compressCCtx(w->packer, packed, PART_BYTES, raw, *take, LEVEL);
    while (ZSTD_isError(n) && *take > PART_BYTES) { /* it is too much for a part */
        *take -= *take / 8;
        n = ZSTD_compressCCtx(w->packer, packed, PART_BYTES, raw, *take, LEVEL);
    }
    const bool packs = !ZSTD_isError(n) && n < *take;
    const size_t fills = packs ? *take * AIM_BYTES / n : PART_BYTES;
    const size_t most = 2 * w->guess; /* what follows may be of another kind */
    w->guess = fills < most ? fills : most;
    if (w->guess > UNPACKED_BYTES)
        w->guess = UNPACKED_BYTES;
    return packs ? n : 0;
}

static void put_part(struct buf *b, struct str name, struct window *w)
{
    const char *raw = w->buf + w->used;
    char packed[PART_BYTES];
    size_t take;
    const size_t n = pack(w, packed, &take);
    if (n == 0 && take > PART_BYTES)
        take = PART_BYTES;
    copy_be16(b, 4);
    field_text(b, name);
    field_int(b, w->at + (int64_t)w->used);
    field_int_or_null(b, (int64_t)take, n == 0);
    field_text(b, n > 0 ? (struct str){ packed, n } : (struct str){ raw, take });
    w->used += take;
}

/* Everything that the window's source gives, as rows of the COPY; an empty file is one part. */
static int copy_parts(struct pg_db *db, struct str name, struct window *w, struct err *err)
{
    struct buf b;
    int rc = 0;
    buf_init(&b, 2 * COPY_BYTES);
    copy_rows_begin(&b);
    do {
        if (w->len - w->used < UNPACKED_BYTES && !w->ended)
            rc = fill(w, err);
        if (rc == 0)
            put_part(&b, name, w);
        if (rc == 0 && b.len > COPY_BYTES)
            rc = copy_send(db, &b, err);
    } while (rc == 0 && (w->used < w->len || !w->ended));
    buf_put(&b, COPY_TRAILER, COPY_TRAILER_LEN);
    if (rc == 0)
        rc = copy_send(db, &b, err);
    buf_release(&b);
    return rc;
}

static int copy_in(struct pg_db *db, struct str name, const struct input_source *from,
                   struct err *err)
{
    struct window w = { .from = from,
                        .buf = mem_alloc(WINDOW_BYTES),
                        .packer = ZSTD_createCCtx(),
                        .guess = UNPACKED_BYTES / 4 };
    bool ignored;
    int rc = -1;
    if (w.buf == NULL || w.packer == NULL)
        (void)err_nomem(err);
    else if (copy_begin(db, COPY_SQL, err) == 0)
        rc = copy_end(db, copy_parts(db, name, &w, err), &ignored, err);
    ZSTD_freeCCtx(w.packer);
    mem_free(w.buf);
    return rc;
}

/* *found: there is a row. */
static int run_with_name(struct db *db, enum statement which, struct str name, bool *found,
                         struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_str(st, 1, name);
    const int got = db_step(db, st, err);
    *found = got > 0;
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* Whoever gives the bytes may have given it up meanwhile. */
static int is_wanted(const struct input_source *from, struct err *err)
{
    size_t got = 0;
    char none;
    return from->read(from->arg, 0, &none, 0, &got, err);
}

int pg_input_put(struct store *store, struct str name, const struct input_source *from,
                 struct err *err)
{
    struct pg_store *s = pg_of(store);
    struct db *db = reader_take(&s->base);
    struct pg_db *pg = pg_db_of(db);
    unsigned tries = 0;
    bool ignored;
    int rc;
    pg_load_begins(s);
    do { /* the upload is still there; a copy that was cut has stored nothing, or all of it */
        rc = tries > 0 ? is_wanted(from, err) : 0;
        if (rc == 0)
            rc = pg_db_connect(pg, err);
        if (rc == 0 && tries > 0)
            rc = run_with_name(db, STATEMENT_PARTS_DELETE, name, &ignored, err);
        if (rc == 0)
            rc = copy_in(pg, name, from, err);
    } while (rc < 0 && tries < PUT_TRIES && pg_try_again(pg, &tries));
    pg_load_ends(s);
    reader_give(&s->base, db);
    return rc;
}

/* ---- reading ---- */

/* The bytes that a part stands for, from its byte `skip` on, as many as there is room for. -1: its
 * frame is damaged. */
static int unpack(ZSTD_DCtx *unpacker, struct str data, size_t unpacked, size_t skip, char *out,
                  size_t room)
{
    char all[UNPACKED_BYTES];
    const bool straight = skip == 0 && unpacked <= room;
    if (unpacked > sizeof(all) ||
        ZSTD_decompressDCtx(unpacker, straight ? out : all, straight ? room : sizeof(all), data.p,
                            data.len) != unpacked)
        return -1;
    if (straight)
        return (int)unpacked;
    const size_t left = skip < unpacked ? unpacked - skip : 0;
    const size_t take = left < room ? left : room;
    memcpy(out, all + skip, take);
    return (int)take;
}

/* Some parts from `at` on; *got 0 only at the end. */
static int read_some(struct db *db, ZSTD_DCtx *unpacker, struct str name, int64_t at, char *out,
                     size_t n, size_t *got, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_PARTS_READ, err);
    int rc = 1;
    *got = 0;
    if (st == NULL)
        return -1;
    bind_str(st, 1, name);
    bind_int(st, 2, at);
    bind_int(st, 3, at + (int64_t)n);
    bind_int(st, 4, PARTS_PER_READ);
    while (*got < n && (rc = db_step(db, st, err)) > 0) {
        const int64_t start = column_int(st, 0);
        const struct str data = column_blob(st, 2);
        const size_t skip = start < at ? (size_t)(at - start) : 0;
        int took = -1;
        if (skip == 0 && start != at + (int64_t)*got)
            break; /* one is missing: what follows is not the file */
        if (!column_is_null(st, 1)) {
            took = unpack(unpacker, data, (size_t)column_int(st, 1), skip, out + *got, n - *got);
        } else {
            const size_t left = skip < data.len ? data.len - skip : 0;
            took = (int)(left < n - *got ? left : n - *got);
            memcpy(out + *got, data.p + skip, (size_t)took);
        }
        if (took < 0) {
            rc = err_set(err, ERR_IO, "a part of input '%.*s' is damaged", STR_FMT(name));
            break;
        }
        *got += (size_t)took;
    }
    stmt_reset(st);
    return rc < 0 ? -1 : 0;
}

int pg_input_read(struct store *store, struct str name, int64_t at, void *out, size_t n,
                  size_t *got, struct err *err)
{
    struct pg_store *s = pg_of(store);
    struct db *db = reader_take(&s->base);
    ZSTD_DCtx *unpacker = ZSTD_createDCtx();
    struct err why = { 0 };
    int rc = unpacker != NULL ? 0 : err_nomem(&why);
    *got = 0;
    for (size_t some = 1; rc == 0 && *got < n && some > 0; *got += some)
        rc = read_some(db, unpacker, name, at + (int64_t)*got, (char *)out + *got, n - *got, &some,
                       &why);
    ZSTD_freeDCtx(unpacker);
    reader_give(&s->base, db);
    if (rc < 0)
        *err = why;
    return rc;
}

static int run_named(struct pg_store *s, enum statement which, struct str name, bool *found,
                     struct err *err)
{
    struct db *db = reader_take(&s->base);
    const int rc = run_with_name(db, which, name, found, err);
    reader_give(&s->base, db);
    return rc;
}

int pg_input_find(struct store *store, struct str name, bool *found, struct err *err)
{
    return run_named(pg_of(store), STATEMENT_PARTS_ANY, name, found, err);
}

int pg_input_remove(struct store *store, struct str name, struct err *err)
{
    bool found;
    return run_named(pg_of(store), STATEMENT_PARTS_DELETE, name, &found, err);
}
