/* SPDX-License-Identifier: MIT */
/* category.c - see category.h. */
#include "domain/category.h"
#include "base/time_iso.h"

static const struct field fields[] = {
    { .heading = "Name",
      .path = ".name",
      .kind = FIELD_TEXT,
      .offset = offsetof(struct category, name) },
    { .heading = "Hierarchy",
      .path = ".hierarchy",
      .kind = FIELD_INTEGER,
      .offset = offsetof(struct category, hierarchy) },
};
const struct field_table category_fields = { fields, ARRAY_LEN(fields) };

static int take(const struct field *f, const struct json *body, struct category *c, struct arena *a,
                struct err *err)
{
    const struct json *value = field_in_json(f, body);
    if (value == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property '%s'",
                       f->path + 1);
    const char *what = field_from_json(f, value, c);
    if (what == NULL && f->kind == FIELD_TEXT && value->text.len == 0)
        what = "must NOT have fewer than 1 characters"; /* no voucher could name it */
    if (what == NULL)
        return 0;
    const struct str reason = field_reason(f, what, a);
    return reason.p == NULL ? err_nomem(err)
                            : err_set(err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(reason));
}

int category_from_json(const struct json *body, struct category *c, struct arena *a,
                       struct err *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    if (body == NULL)
        body = &nothing;
    if (body->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (take(&fields[i], body, c, a, err) < 0)
            return -1;
    }
    return 0;
}

void category_put_json(struct json_out *o, const struct category *c, const char *id)
{
    json_object(o);
    json_key(o, "id");
    json_str(o, str_of(id));
    json_key(o, "name");
    json_str(o, c->name);
    json_key(o, "hierarchy");
    json_int(o, c->hierarchy);
    json_key(o, "created_at");
    json_time(o, c->created_ms);
    if (c->updated_ms != TIME_NONE) {
        json_key(o, "updated_at");
        json_time(o, c->updated_ms);
    }
    json_key(o, "object");
    json_str(o, STR("category"));
    json_object_end(o);
}
