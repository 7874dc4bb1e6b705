/* SPDX-License-Identifier: MIT */
/*
 * copy_note.c - how far a copy is, as JSON in the target's `meta`: what it is a copy of, the table
 * and the key of the last row that is there, and how many rows there are.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "store/sql/copy_priv.h"

int copy_meta_get(struct sql_store *s, struct arena *a, struct str name, struct str *out,
                  struct err *err)
{
    struct db *db = reader_take(s);
    struct stmt *st = db_statement(db, STATEMENT_META_GET, err);
    int got = -1;
    *out = (struct str){ 0 };
    if (st != NULL) {
        bind_str(st, 1, name);
        got = db_step(db, st, err);
        if (got > 0) {
            *out = arena_str(a, column_blob(st, 0));
            if (row_check(st, err) < 0 || out->p == NULL)
                got = err_nomem(err);
        }
        if (got >= 0)
            stmt_reset(st);
    }
    reader_give(s, db);
    return got < 0 ? -1 : 0;
}

int copy_meta_put(struct db *db, struct str name, struct str value, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_META_PUT, err);
    if (st == NULL)
        return -1;
    bind_str(st, 1, name);
    bind_blob(st, 2, value.p, value.len);
    return db_run(db, st, err);
}

/* ---- the note ---- */

struct note_name {
    char text[40];
};

static struct str note_name(int64_t project_id, struct note_name *name)
{
    snprintf(name->text, sizeof(name->text), "copy/%" PRId64, project_id);
    return str_of(name->text);
}

int copy_forget(struct db *db, int64_t project_id, struct err *err)
{
    struct note_name name = { "" };
    struct stmt *st = db_statement(db, STATEMENT_META_DROP, err);
    if (st == NULL)
        return -1;
    bind_str(st, 1, note_name(project_id, &name));
    return db_run(db, st, err);
}

int copy_note_put(struct copying *k, struct db *db, struct err *err)
{
    struct note_name name = { "" };
    return copy_meta_put(db, note_name(k->c->project_id, &name), k->note, err);
}

/* Texts in hex: keys come from clients, and need be no UTF-8 here. */
static void put_hex(struct buf *b, struct str s)
{
    buf_putc(b, '"');
    for (size_t i = 0; i < s.len; i++)
        buf_printf(b, "%02x", (unsigned char)s.p[i]);
    buf_putc(b, '"');
}

int copy_note_write(struct copying *k, const struct position *at, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, COPY_NOTE_MAX);
    json_object(&o);
    json_key(&o, "source");
    json_str(&o, k->source);
    json_key(&o, "table");
    json_str(&o, str_of(at->table < TABLE_LATE ? copy_tables[at->table].name : "end"));
    json_key(&o, "after");
    json_array(&o);
    for (size_t i = 0; at->inside && i < copy_tables[at->table].n_keys; i++) {
        if (at->after[i].kind == VALUE_INT) {
            json_int(&o, at->after[i].as.i);
        } else {
            struct buf hex;
            buf_init(&hex, COPY_NOTE_MAX);
            put_hex(&hex, at->after[i].as.s);
            json_raw(&o, buf_str(&hex));
            b.failed = b.failed || hex.failed;
            buf_release(&hex);
        }
    }
    json_array_end(&o);
    json_key(&o, "inputs");
    json_int(&o, at->inputs);
    json_key(&o, "rows");
    json_array(&o);
    for (size_t i = 0; i < TABLE_LATE; i++)
        json_int(&o, at->rows[i]);
    json_array_end(&o);
    json_object_end(&o);
    return buf_keep(&b, &k->scratch, &k->note, err);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False when it is no hex. */
static bool read_hex(struct str hex, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        const int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_putc(out, (char)(high << 4 | low));
    }
    return hex.len % 2 == 0 && !out->failed;
}

static bool read_after(struct copying *k, const struct json *list)
{
    struct position *at = &k->at;
    size_t n = 0;
    for (const struct json *v = list != NULL ? list->child : NULL; v != NULL; v = v->next, n++) {
        if (at->table >= TABLE_LATE || n == copy_tables[at->table].n_keys)
            return false;
        at->after[n] = (struct copy_value){ .kind = VALUE_INT };
        if (v->type == JSON_NUMBER && num_parse_i64(v->text, &at->after[n].as.i))
            continue;
        if (v->type != JSON_STRING || !read_hex(v->text, &k->after_text))
            return false;
        at->after[n] = (struct copy_value){ .kind = VALUE_BYTES, .as.s = buf_str(&k->after_text) };
    }
    at->inside = n > 0;
    return n == 0 || n == copy_tables[at->table].n_keys;
}

static bool read_position(struct copying *k, const struct json *note)
{
    const struct json *table = json_member(note, "table");
    const struct json *n_inputs = json_member(note, "inputs");
    const struct json *rows = json_member(note, "rows");
    struct position *at = &k->at;
    *at = (struct position){ 0 };
    if (table == NULL || n_inputs == NULL || rows == NULL)
        return false;
    while (at->table < TABLE_LATE && !str_is(table->text, copy_tables[at->table].name))
        at->table++;
    size_t n = 0;
    for (const struct json *v = rows->child; v != NULL && n < TABLE_LATE; v = v->next, n++) {
        if (!num_parse_i64(v->text, &at->rows[n]))
            return false;
    }
    return n == TABLE_LATE && num_parse_i64(n_inputs->text, &at->inputs) &&
           read_after(k, json_member(note, "after"));
}

int copy_note_read(struct copying *k, bool *usable, struct err *err)
{
    struct note_name name = { "" };
    struct str text = { 0 };
    struct json *note = NULL;
    *usable = false;
    if (copy_meta_get(k->to, &k->arena, note_name(k->c->project_id, &name), &text, err) < 0)
        return -1;
    if (text.p == NULL)
        return 0;
    if (json_parse(&k->arena, text, &note, err) < 0)
        return err->code == ERR_NOMEM ? -1 : 0;
    const struct json *source = json_member(note, "source");
    *usable = source != NULL && str_eq(source->text, k->source) && read_position(k, note);
    if (!*usable)
        k->at = (struct position){ 0 };
    return 0;
}
