/* SPDX-License-Identifier: MIT */
/* bodies.c - members that the bodies of several resources have; see api_priv.h. */
#include "api/api_priv.h"

int api_read_text(const struct json *body, const char *name, struct str *out, struct err *err)
{
    const struct field f = { .kind = FIELD_TEXT, .flags = FIELD_NULLABLE };
    const struct json *m = json_member(body, name);
    const char *what = m != NULL && m->type != JSON_NULL ? field_from_json(&f, m, out) : NULL;
    return what != NULL ? err_set(err, ERR_INVALID_PAYLOAD, "Property .%s %s", name, what) : 0;
}

int api_read_object(struct request *rq, const struct json **body, struct err *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    if (request_json(rq, body, err) < 0)
        return -1;
    if (*body == NULL)
        *body = &nothing;
    return 0;
}

int api_read_category_id(struct request *rq, const struct json *body, struct voucher *v,
                         struct err *err)
{
    struct store *s = api_of(rq)->store;
    struct str id = { NULL, 0 };
    struct category *c = NULL;
    int64_t key;
    if (api_read_text(body, "category_id", &id, err) < 0)
        return -1;
    if (id.p == NULL) {
        if (json_member(body, "category_id") != NULL)
            v->set |= VF_CATEGORY;
        return 0;
    }
    if (id_decode(store_secret(s), ID_CATEGORY, id, &key) &&
        store_find_category(s, &rq->arena, rq->project->id, key, &c, err) < 0)
        return err_wrap(err, "cannot look up a category");
    if (c == NULL)
        return reply_not_found(rq, "category", id, err);
    v->category = (struct str){ NULL, 0 };
    v->category_id = key;
    v->set |= VF_CATEGORY;
    return 0;
}
