/* SPDX-License-Identifier: MIT */
/* query.c - query parameters that several lists share. */
#include "api/api_priv.h"

int query_int(const struct request *rq, const char *name, int least, int most, int fallback,
              int *out, struct err *err)
{
    const struct str text = request_query(rq, name);
    int64_t n = fallback;
    if (text.p != NULL && !num_parse_i64(text, &n))
        return err_set(err, ERR_INVALID_QUERY, "Property .%s must be integer", name);
    if (n < least)
        return err_set(err, ERR_INVALID_QUERY, "Property .%s must be >= %d", name, least);
    if (n > most)
        return err_set(err, ERR_INVALID_QUERY, "Property .%s must be <= %d", name, most);
    *out = (int)n;
    return 0;
}

int query_flag(const struct request *rq, const char *name, bool *out, struct err *err)
{
    const struct str text = request_query(rq, name);
    const bool yes = str_eq_nocase(text, STR("true"));
    if (text.p == NULL)
        return 0;
    if (!yes && !str_eq_nocase(text, STR("false")))
        return err_set(err, ERR_INVALID_QUERY, "Property .%s must be boolean", name);
    *out = yes;
    return 0;
}

struct str query_base_name(struct str param)
{
    size_t len = 0;
    if (param.len > 0 && param.p[0] == '[')
        param = (struct str){ param.p + 1, param.len - 1 };
    while (len < param.len && param.p[len] != '[' && param.p[len] != ']')
        len++;
    return (struct str){ param.p, len };
}

int query_refuse(const struct request *rq, const char *const *names, struct err *err)
{
    for (const struct query_param *p = rq->query; p != NULL; p = p->next) {
        const struct str name = query_base_name(p->name);
        for (size_t i = 0; names[i] != NULL; i++) {
            if (str_is(name, names[i]))
                return err_set(err, ERR_INVALID_QUERY, "Property .%s is not supported yet",
                               names[i]);
        }
    }
    return 0;
}

void api_list_head(struct json_out *o, const char *data_ref)
{
    json_object(o);
    json_key(o, "object");
    json_str(o, STR("list"));
    json_key(o, "data_ref");
    json_str(o, str_of(data_ref));
    json_key(o, data_ref);
}
