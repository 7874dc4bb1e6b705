/* SPDX-License-Identifier: MIT */
/* record.c - reading records by their tables of fields; see record_read.h. */
#include "domain/record_read.h"

#include "base/time_iso.h"

const char record_object_too_long[] = "must NOT be longer than 262144 bytes";

static int invalid(struct err *err, const struct record_body *b, const char *path, const char *what)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s %s", b->path, path, what);
}

void record_init(struct record *r)
{
    r->updated_ms = r->binned_ms = TIME_NONE;
}

int record_take_fields(const struct field_table *t, const struct record_body *b, struct record *r,
                       struct err *err)
{
    if (b->json == NULL || b->json->type != JSON_OBJECT)
        return b->path[0] == '\0' ? err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object")
                                  : invalid(err, b, "", "must be object");
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        const struct json *value =
            (f->flags & FIELD_IN_JSON) != 0 ? field_in_json(f, b->json) : NULL;
        if (value == NULL || (value->type == JSON_NULL && b->skips_null))
            continue;
        const char *what = value->type != JSON_NULL ? field_from_json(f, value, r) : NULL;
        if (what != NULL)
            return invalid(err, b, f->path, what);
        r->set |= f->bit;
    }
    if (r->source_id.len > SOURCE_ID_MAX_BYTES)
        return invalid(err, b, ".source_id", "must NOT be longer than 512 bytes");
    if (r->source_id.len == 0) /* "" names nobody */
        r->source_id = (struct str){ NULL, 0 };
    if (r->id.len == 0)
        r->id = (struct str){ NULL, 0 };
    return 0;
}

int record_take_tree(const struct record_body *body, const char *path, enum json_type type,
                     uint32_t bit, struct record *r, struct str *out, struct arena *a,
                     struct err *err)
{
    const struct json *value = json_member(body->json, path + 1);
    struct buf b;
    if (value == NULL || (value->type == JSON_NULL && bit == RECORD_METADATA))
        return 0;
    r->set |= bit;
    if (value->type == JSON_NULL)
        return 0;
    if (value->type != type)
        return invalid(err, body, path, type == JSON_OBJECT ? "must be object" : "must be array");
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, value);
    if (b.too_large) {
        buf_release(&b);
        return invalid(err, body, path, record_object_too_long);
    }
    return buf_keep(&b, a, out, err);
}

int record_check_fields(const struct field_table *t, const struct record_body *b, struct err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        const struct json *value =
            (f->flags & FIELD_IN_JSON) != 0 ? field_in_json(f, b->json) : NULL;
        const char *what =
            value != NULL && value->type != JSON_NULL ? field_json_type(f, value) : NULL;
        if (what != NULL)
            return invalid(err, b, f->path, what);
    }
    const struct json *metadata = json_member(b->json, "metadata");
    if (metadata != NULL && metadata->type != JSON_NULL && metadata->type != JSON_OBJECT)
        return invalid(err, b, ".metadata", "must be object");
    return 0;
}

int record_fails(const struct err *why, struct arena *a, struct str *reason, struct err *err)
{
    if (why->code != ERR_INVALID_PAYLOAD) {
        *err = *why;
        return -1;
    }
    *reason = arena_str(a, str_of(why->msg));
    return reason->p != NULL ? 1 : err_nomem(err);
}

int record_row_fails(const struct field *f, const char *what, struct arena *a, struct str *reason,
                     struct err *err)
{
    *reason = field_reason(f, what, a);
    return reason->p != NULL ? 1 : err_nomem(err);
}

int record_take_cells(const struct field_table *t, const struct column_map *map,
                      const struct str *cells, size_t n_cells, struct record *r, struct str *given,
                      struct arena *a, struct str *reason, struct err *err)
{
    static const struct field metadata = { .path = ".metadata" };
    column_map_pick(map, t, cells, n_cells, given);
    for (size_t i = 0; i < t->n; i++) {
        if (given[i].p == NULL)
            continue;
        const char *what = field_from_cell(&t->rows[i], given[i], r);
        if (what != NULL)
            return record_row_fails(&t->rows[i], what, a, reason, err);
        r->set |= t->rows[i].bit;
    }
    if (r->source_id.len > SOURCE_ID_MAX_BYTES) {
        *reason = STR("Property .source_id must NOT be longer than 512 bytes");
        return 1;
    }
    const int rc = column_map_metadata(map, cells, n_cells, a, &r->metadata, err);
    if (rc != 0)
        return rc < 0 ? -1 : record_row_fails(&metadata, record_object_too_long, a, reason, err);
    if (r->metadata.p != NULL)
        r->set |= RECORD_METADATA;
    return 0;
}

int record_merge_fields(const struct field_table *t, uint32_t bits, struct record *stored,
                        const struct record *given, struct arena *a, bool *changed,
                        struct str *reason, struct err *err)
{
    *changed = false;
    if ((given->set & RECORD_METADATA) != 0) {
        if (given->replaces) {
            *changed = !str_eq(stored->metadata, given->metadata);
            stored->metadata = given->metadata;
        } else {
            const int rc =
                voucher_merge_metadata(&stored->metadata, given->metadata, a, changed, reason, err);
            if (rc != 0)
                return rc;
        }
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        if ((f->bit & bits & given->set) != 0 && field_assign(f, stored, given))
            *changed = true;
    }
    return 0;
}

bool record_assign_text(struct str *to, struct str from)
{
    if (str_eq(*to, from) && (to->p == NULL) == (from.p == NULL))
        return false;
    *to = from;
    return true;
}

/* ---- printing ---- */

void record_put_text(struct json_out *o, const char *key, struct str value)
{
    json_key(o, key);
    json_str(o, value);
}

void record_put_raw(struct json_out *o, const char *key, struct str value, const char *none)
{
    json_key(o, key);
    json_raw(o, value.p != NULL ? value : str_of(none));
}

void record_put_price(struct json_out *o, int64_t price)
{
    json_key(o, "price");
    if (price == FIELD_NONE)
        json_null(o);
    else
        json_int(o, price);
}

void record_put_times(struct json_out *o, const struct record *r)
{
    json_key(o, "created_at");
    json_time(o, r->created_ms);
    json_key(o, "updated_at");
    json_time(o, r->updated_ms);
}
