/* SPDX-License-Identifier: MIT */
/* project_common.c - see project_priv.h. */
#include <stdio.h>

#include "base/time_iso.h"
#include "client/text.h"
#include "commands/project_priv.h"

#define NAME_MAX_BYTES 200
#define PRINT_MAX      (64 * MIB)
#define CACHE_BYTES    (16 * MIB)

/* ---- the store ---- */

int project_refused(const char *what, const struct err *err)
{
    fprintf(stderr, "longshore: cannot %s: %s\n", what, err->msg);
    return err->code == ERR_INVALID_PAYLOAD ? 2 : 1;
}

void put_place(struct buf *b, const struct store *s)
{
    const char *place = store_place(s);
    buf_puts(b, place[0] == '/' ? STR("sqlite:") : STR(""));
    text_put_safe(b, str_of(place));
}

int project_run(const char *url, enum project_store want, const char *what, const void *options,
                int (*run)(struct store *s, struct arena *a, const void *options, struct err *err))
{
    const struct store_config config = { .cache_bytes = CACHE_BYTES,
                                         .existing = want == STORE_THERE };
    struct err err = { 0 };
    struct store *store = NULL;
    struct arena a;
    arena_init(&a, 64 * KIB, 0);
    int rc = store_open(url, &config, &store, &err);
    if (rc == 0)
        rc = run(store, &a, options, &err);
    store_close(store);
    arena_release(&a);
    return rc >= 0 ? rc : project_refused(what, &err);
}

int project_get(struct store *s, struct arena *a, const char *public_id, enum project_want want,
                struct project **out, struct err *err)
{
    if (store_find_project(s, a, str_of(public_id), out, err) < 0)
        return -1;
    if (*out == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no project '%s'", public_id);
    if (want == PROJECT_LIVING && (*out)->deleted_ms == PROJECT_COPYING)
        return err_set(err, ERR_CONFLICT, "project '%s' is still being copied here", public_id);
    if (want == PROJECT_LIVING && (*out)->deleted_ms != TIME_NONE)
        return err_set(err, ERR_NOT_FOUND, "project '%s' is deleted", public_id);
    return 0;
}

int project_check_name(const char *name, struct err *err)
{
    const struct str text = str_of(name);
    if (text.len > NAME_MAX_BYTES || str_utf8_invalid_at(text) != text.len)
        return err_set(err, ERR_INVALID_PAYLOAD, "--name must be UTF-8 of at most %d bytes",
                       NAME_MAX_BYTES);
    return 0;
}

/* ---- keys ---- */

struct project_key key_make(struct key_pair *pair, enum key_kind kind, struct str name,
                            const char *id, const char *token)
{
    id_random_uuid(pair->id_text);
    id_random_uuid(pair->token_text);
    pair->id = str_of(id != NULL ? id : pair->id_text);
    pair->token = str_of(token != NULL ? token : pair->token_text);
    struct project_key key = {
        .kind = kind, .app_id = pair->id, .name = name, .created_ms = time_now_ms()
    };
    id_hash_token(pair->token, key.token_hash);
    return key;
}

/* ---- output ---- */

int print_buf(struct buf *b, struct err *err)
{
    int rc = buf_ok(b, err);
    if (rc == 0 && (fwrite(b->p, 1, b->len, stdout) != b->len || fflush(stdout) != 0))
        rc = err_sys(err, "cannot write to standard output");
    buf_release(b);
    return rc;
}

int print_object(const struct print_member *members, size_t n, struct err *err)
{
    struct buf b;
    buf_init(&b, PRINT_MAX);
    struct json_out o = { .b = &b };
    json_object(&o);
    for (size_t i = 0; i < n; i++) {
        json_key(&o, members[i].key);
        json_str(&o, members[i].value);
    }
    json_object_end(&o);
    buf_putc(&b, '\n');
    return print_buf(&b, err);
}

struct str print_safe(struct arena *a, struct str s)
{
    struct buf b;
    buf_init(&b, PRINT_MAX);
    text_put_safe(&b, s);
    const struct str safe = b.failed ? (struct str){ NULL, 0 } : arena_str(a, buf_str(&b));
    buf_release(&b);
    return safe;
}

struct str print_time(struct arena *a, int64_t ms)
{
    char text[TIME_ISO_LEN + 1];
    time_iso_format(ms, text);
    return arena_str(a, str_of(text));
}

/* Characters, not bytes; that some of them take two columns is left aside. */
static size_t width_of(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static size_t column_width(const struct print_table *t, size_t column)
{
    size_t widest = strlen(t->headings[column]);
    for (size_t row = 0; row < t->n_rows; row++) {
        const size_t n = width_of(t->cells[row * t->n_columns + column]);
        widest = n > widest ? n : widest;
    }
    return widest;
}

static void put_cell(struct buf *b, struct str s, size_t width, bool last)
{
    buf_puts(b, s);
    for (size_t n = width_of(s); !last && n < width + 2; n++)
        buf_putc(b, ' ');
    if (last)
        buf_putc(b, '\n');
}

int print_table(const struct print_table *t, struct err *err)
{
    struct buf b;
    buf_init(&b, PRINT_MAX);
    size_t *widths = mem_calloc(t->n_columns, sizeof(*widths));
    if (widths == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < t->n_columns; i++) {
        widths[i] = column_width(t, i);
        put_cell(&b, str_of(t->headings[i]), widths[i], i + 1 == t->n_columns);
    }
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
        const size_t column = i % t->n_columns;
        put_cell(&b, t->cells[i], widths[column], column + 1 == t->n_columns);
    }
    mem_free(widths);
    return print_buf(&b, err);
}
