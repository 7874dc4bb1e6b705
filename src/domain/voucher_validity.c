/* SPDX-License-Identifier: MIT */
/*
 * voucher_validity.c - when a voucher is valid besides its dates: validity_timeframe,
 * validity_day_of_week, validity_hours.
 *
 * They are kept as one JSON object, printed as it stands. So what comes in is written anew, by a
 * table of the members that there are, in the table's order: other members are skipped, and the
 * same validity is the same text however it was sent.
 */
#include <stdio.h>

#include "domain/voucher_priv.h"

enum shape { SHAPE_TEXT, SHAPE_DAYS, SHAPE_OBJECT, SHAPE_OBJECTS };

struct member {
    const char *key;
    enum shape shape;
    const struct member
        *members; /* of SHAPE_OBJECT, and of each of SHAPE_OBJECTS; NULL-terminated */
};

static const struct member timeframe[] = {
    { "interval", SHAPE_TEXT, NULL },
    { "duration", SHAPE_TEXT, NULL },
    { 0 },
};
static const struct member period[] = {
    { "start_time", SHAPE_TEXT, NULL },
    { "days_of_week", SHAPE_DAYS, NULL },
    { "expiration_time", SHAPE_TEXT, NULL },
    { 0 },
};
static const struct member hours[] = { { "daily", SHAPE_OBJECTS, period }, { 0 } };
static const struct member validity[] = {
    { "validity_timeframe", SHAPE_OBJECT, timeframe },
    { "validity_day_of_week", SHAPE_DAYS, NULL },
    { "validity_hours", SHAPE_OBJECT, hours },
    { 0 },
};

#define PATH_MAX_BYTES 128 /* ".validity_hours.daily[249999].days_of_week[249999]" */

struct writer {
    struct json_out *out;
    bool types_only;
    struct err *err;
};

static int wrong(struct writer *w, const char *path, const char *what)
{
    return err_set(w->err, ERR_INVALID_PAYLOAD, "Property %s %s", path, what);
}

static int put_day(struct writer *w, const struct json *day, const char *path)
{
    static const struct field number = { .kind = FIELD_INTEGER };
    int64_t at = 0;
    const char *what = field_json_type(&number, day);
    if (what == NULL && !w->types_only) {
        what = field_from_json(&number, day, &at);
        if (what != NULL || at > 6)
            what = "must be equal to one of the allowed values [ 0, 1, 2, 3, 4, 5, 6 ]";
    }
    json_int(w->out, at);
    return what != NULL ? wrong(w, path, what) : 0;
}

static int put_members(struct writer *w, const struct json *object, const struct member *members,
                       const char *path);

static int put_list(struct writer *w, const struct json *list, const struct member *m,
                    const char *path)
{
    char at[PATH_MAX_BYTES];
    int i = 0;
    if (list->type != JSON_ARRAY)
        return wrong(w, path, "must be array,null");
    json_array(w->out);
    for (const struct json *v = list->child; v != NULL; v = v->next, i++) {
        snprintf(at, sizeof(at), "%s[%d]", path, i);
        int rc;
        if (m->shape == SHAPE_DAYS)
            rc = put_day(w, v, at);
        else if (v->type == JSON_OBJECT)
            rc = put_members(w, v, m->members, at);
        else
            rc = wrong(w, at, "must be object");
        if (rc < 0)
            return -1;
    }
    json_array_end(w->out);
    return 0;
}

static int put_value(struct writer *w, const struct json *value, const struct member *m,
                     const char *path)
{
    if (m->shape == SHAPE_OBJECT)
        return put_members(w, value, m->members, path);
    if (m->shape != SHAPE_TEXT)
        return put_list(w, value, m, path);
    if (value->type != JSON_STRING)
        return wrong(w, path, "must be string,null");
    json_str(w->out, value->text);
    return 0;
}

static int put_members(struct writer *w, const struct json *object, const struct member *members,
                       const char *path)
{
    char at[PATH_MAX_BYTES];
    if (object->type != JSON_OBJECT)
        return wrong(w, path, "must be object,null");
    json_object(w->out);
    for (const struct member *m = members; m->key != NULL; m++) {
        const struct json *value = json_member(object, m->key);
        if (value == NULL || value->type == JSON_NULL)
            continue;
        snprintf(at, sizeof(at), "%s.%s", path, m->key);
        json_key(w->out, m->key);
        if (put_value(w, value, m, at) < 0)
            return -1;
    }
    json_object_end(w->out);
    return 0;
}

int voucher_validity_put(struct json_out *o, const struct json *body,
                         enum voucher_validity_flags flags, bool *given, struct err *err)
{
    struct writer w = { .out = o, .types_only = (flags & VALIDITY_TYPES_ONLY) != 0, .err = err };
    char path[PATH_MAX_BYTES];
    *given = false;
    json_object(o);
    for (const struct member *m = validity; m->key != NULL; m++) {
        const struct json *value = json_member(body, m->key);
        const bool is_null = value != NULL && value->type == JSON_NULL;
        if (value == NULL || (is_null && (flags & VALIDITY_KEEP_NULL) == 0))
            continue;
        *given = true;
        json_key(o, m->key);
        snprintf(path, sizeof(path), ".%s", m->key);
        if (is_null)
            json_null(o);
        else if (put_value(&w, value, m, path) < 0)
            return -1;
    }
    json_object_end(o);
    return 0;
}

void voucher_validity_print(struct json_out *o, struct str stored)
{
    struct arena scratch;
    struct json *tree = NULL;
    struct err err;
    arena_init(&scratch, 4 * KIB, 0);
    if (stored.len > 0 && json_parse(&scratch, stored, &tree, &err) < 0)
        o->b->failed = true;
    for (const struct member *m = validity; m->key != NULL; m++) {
        const struct json *value = json_member(tree, m->key);
        if (value == NULL && m->members == hours)
            continue; /* the public API has it only where it is set */
        json_key(o, m->key);
        if (value != NULL)
            json_put_tree(o, value);
        else
            json_null(o);
    }
    arena_release(&scratch);
}
