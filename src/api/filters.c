/* SPDX-License-Identifier: MIT */
/*
 * filters.c - see filters.h.
 *
 * One filter comes in as many spellings as there are clients:
 *
 *   filters[code][conditions][$in][0]=A&filters[code][conditions][$in][1]=B    JS, PHP, Ruby
 *   [filters][code][conditions][$in]=A&[filters][code][conditions][$in]=B      the guides
 *   filters[code][conditions][$in]=['A', 'B']                                  Python
 *
 * Values of the same field and condition belong together, in the order they came; an index counts
 * for nothing but that it says "one of several".
 */
#include "api/filters.h"

#include "api/api_priv.h"
#include "base/time_iso.h"
#include "domain/campaign_filter.h"
#include "domain/publication_filter.h"
#include "domain/voucher_filter.h"

/* ---- names of parameters ---- */

/* What follows `base[` or `[base][`, up to the end: `code][conditions][$is]`. {NULL,0} for the base
 * alone. False: another parameter. */
static bool cut_base(struct str name, const char *base, struct str *rest)
{
    const struct str want = str_of(base);
    const bool bracket = name.len > 0 && name.p[0] == '[';
    if (bracket)
        name = (struct str){ name.p + 1, name.len - 1 };
    *rest = (struct str){ NULL, 0 };
    if (!str_starts_with(name, want))
        return false;
    name = (struct str){ name.p + want.len, name.len - want.len };
    if (bracket ? str_is(name, "]") : name.len == 0)
        return true;
    const struct str open = bracket ? STR("][") : STR("[");
    if (!str_starts_with(name, open))
        return false;
    *rest = (struct str){ name.p + open.len, name.len - open.len };
    return true;
}

/* "[0]" and "[]", without their first bracket. */
static bool is_index(struct str s)
{
    size_t digits = 0;
    while (digits < s.len && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    return s.len == digits + 1 && s.p[digits] == ']';
}

/* A condition as one parameter spells it. */
struct spelled {
    struct str field, op;
    bool indexed;
};

/* `code][conditions][$is]` or `code][conditions][$is][0]`. */
static bool read_spelled(struct str rest, struct spelled *out)
{
    static const char middle[] = "][conditions][";
    const char *at = rest.p != NULL ? memmem(rest.p, rest.len, middle, sizeof(middle) - 1) : NULL;
    if (at == NULL || at == rest.p)
        return false;
    const char *op = at + sizeof(middle) - 1;
    const struct str tail = { op, rest.len - (size_t)(op - rest.p) };
    const char *end = memchr(tail.p, ']', tail.len);
    if (end == NULL || end == op)
        return false;
    *out = (struct spelled){ .field = { rest.p, (size_t)(at - rest.p) },
                             .op = { op, (size_t)(end - op) } };
    const struct str index = { end + 1, tail.len - (size_t)(end + 1 - op) };
    out->indexed = index.len > 0;
    return !out->indexed ||
           (index.p[0] == '[' && is_index((struct str){ index.p + 1, index.len - 1 }));
}

static bool same_condition(const struct spelled *a, const struct spelled *b)
{
    return str_eq(a->field, b->field) && str_eq(a->op, b->op);
}

/* ---- values ---- */

/* Grows in the request's arena. */
struct values {
    struct arena *arena;
    struct str *items;
    size_t n, cap;
    bool indexed; /* one of them came with an index */
};

static int push(struct values *v, struct str value, struct err *err)
{
    v->items = arena_grow(v->arena, v->items, v->n, &v->cap, sizeof(*v->items));
    if (v->items == NULL)
        return err_nomem(err);
    v->items[v->n++] = value;
    return 0;
}

/* ---- Python's text of a list ---- */

/* A place in the text, and what is made of it. */
struct python {
    struct str text;
    size_t at;
    struct values *values;
};

static char peek(const struct python *py)
{
    return py->at < py->text.len ? py->text.p[py->at] : '\0';
}

static void skip_blanks(struct python *py)
{
    while (peek(py) == ' ')
        py->at++;
}

/* The character that a backslash and c mean; NUL: not one that a list of ids and codes has. */
static char unescape(char c)
{
    static const char pairs[][2] = { { '\\', '\\' }, { '\'', '\'' }, { '"', '"' },
                                     { 'n', '\n' },  { 'r', '\r' },  { 't', '\t' } };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (pairs[i][0] == c)
            return pairs[i][1];
    }
    return '\0';
}

/* 'text' or "text"; 1 when it is none. */
static int read_quoted(struct python *py, struct err *err)
{
    const char quote = peek(py);
    size_t n = 0;
    char *out = arena_alloc(py->values->arena, py->text.len);
    if (out == NULL)
        return err_nomem(err);
    for (py->at++; peek(py) != quote; py->at++) {
        char c = peek(py);
        if (c == '\\') {
            py->at++;
            c = unescape(peek(py));
        }
        if (c == '\0')
            return 1;
        out[n++] = c;
    }
    py->at++;
    return push(py->values, (struct str){ out, n }, err);
}

/* A number, True or False. */
static int read_bare(struct python *py, struct err *err)
{
    const size_t from = py->at;
    while (peek(py) != '\0' && strchr(",]'\" ", peek(py)) == NULL)
        py->at++;
    struct str word = { py->text.p + from, py->at - from };
    struct num ignored;
    if (str_is(word, "True"))
        word = STR("true");
    else if (str_is(word, "False"))
        word = STR("false");
    else if (!num_parse(word, &ignored))
        return 1;
    return push(py->values, word, err);
}

/* 0: all of the text is a list, and these are its items; 1: it is not. */
static int read_python_list(struct str text, struct values *out, struct err *err)
{
    struct python py = { .text = text, .values = out };
    if (peek(&py) != '[')
        return 1;
    py.at++;
    skip_blanks(&py);
    while (peek(&py) != ']') {
        const bool quoted = peek(&py) == '\'' || peek(&py) == '"';
        const int rc = quoted ? read_quoted(&py, err) : read_bare(&py, err);
        if (rc != 0)
            return rc;
        skip_blanks(&py);
        if (peek(&py) != ',' && peek(&py) != ']')
            return 1;
        py.at += peek(&py) == ',';
        skip_blanks(&py);
    }
    return py.at + 1 == text.len ? 0 : 1;
}

/* A value that came alone and without an index may be the text of a list. */
static int unfold(struct values *v, struct err *err)
{
    struct values list = { .arena = v->arena };
    if (v->n != 1 || v->indexed)
        return 0;
    const int rc = read_python_list(v->items[0], &list, err);
    if (rc == 0)
        *v = list;
    return rc < 0 ? -1 : 0;
}

/* ---- filters ---- */

static int malformed(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .filters should match either "
                   "`filters[${field}][conditions][${condition}][${index}]` or "
                   "`filters[${field}][conditions][${condition}]` format, not `%.*s`",
                   STR_FMT(name));
}

/* All values of the condition that p begins. */
static int collect(const struct query_param *p, const struct spelled *want, struct values *out,
                   struct err *err)
{
    for (; p != NULL; p = p->next) {
        struct str rest;
        struct spelled s;
        if (!cut_base(p->name, "filters", &rest) || !read_spelled(rest, &s) ||
            !same_condition(&s, want))
            continue;
        out->indexed = out->indexed || s.indexed;
        if (push(out, p->value, err) < 0)
            return -1;
    }
    return unfold(out, err);
}

/* Did an earlier parameter begin this condition? */
static bool is_begun(const struct query_param *first, const struct query_param *p,
                     const struct spelled *want)
{
    for (; first != p; first = first->next) {
        struct str rest;
        struct spelled s;
        if (cut_base(first->name, "filters", &rest) && read_spelled(rest, &s) &&
            same_condition(&s, want))
            return true;
    }
    return false;
}

static int read_condition(struct request *rq, struct filter_reader *r, struct filter *f,
                          const struct query_param *p, struct str rest, struct err *err)
{
    struct spelled s;
    struct values values = { .arena = &rq->arena };
    if (rest.p == NULL) /* without a value: a client's empty filter */
        return p->value.len == 0 ? 0 : malformed(p->name, err);
    if (str_is(rest, "junction]"))
        return filter_set_junction(r, f, p->value, err);
    if (!read_spelled(rest, &s))
        return malformed(p->name, err);
    if (is_begun(rq->query, p, &s))
        return 0;
    if (collect(p, &s, &values, err) < 0)
        return -1;
    return filter_add(r, f, s.field, s.op, values.items, values.n, err);
}

int filters_from_query(struct request *rq, const struct filter_fields *fields, struct filter *f,
                       struct err *err)
{
    struct filter_reader r = {
        .fields = fields, .arena = &rq->arena, .path = ".filters", .code = ERR_INVALID_QUERY
    };
    filter_init(f, time_now_ms());
    for (const struct query_param *p = rq->query; p != NULL; p = p->next) {
        struct str rest;
        if (cut_base(p->name, "filters", &rest) && read_condition(rq, &r, f, p, rest, err) < 0)
            return -1;
    }
    return 0;
}

int filters_from_body(struct request *rq, const struct filter_fields *fields, const char *path,
                      const struct json *object, struct filter *f, struct err *err)
{
    struct filter_reader r = {
        .fields = fields, .arena = &rq->arena, .path = path, .code = ERR_INVALID_PAYLOAD
    };
    filter_init(f, time_now_ms());
    if (filter_from_json(&r, f, object, err) == 0)
        return 0;
    if (r.malformed) { /* its text is too long for an error */
        const char *details =
            arena_printf(&rq->arena, "Property %s %s", path, filter_malformed_text);
        if (details == NULL)
            return err_nomem(err);
        rq->details = str_of(details);
    }
    return -1;
}

/* ---- parameters of lists ---- */

static const struct {
    const char *rest;
    enum filter_op op;
} time_ops[] = {
    { "before]", FILTER_BEFORE },
    { "after]", FILTER_AFTER },
};

static int add_equal(struct request *rq, struct filter_reader *r, struct filter *f,
                     const struct list_param *param, struct err *err)
{
    const struct str value = request_query(rq, param->name);
    return value.p == NULL
               ? 0
               : filter_add_known(r, f, param->field, FILTER_IS, param->name, &value, 1, err);
}

static int add_flag(struct request *rq, struct filter_reader *r, struct filter *f,
                    const struct list_param *param, struct err *err)
{
    return str_eq_nocase(request_query(rq, param->name), STR("false"))
               ? 0
               : add_equal(rq, r, f, param, err);
}

/* `created_at[before]`, its name and what is in its brackets being known. */
static int add_time(struct filter_reader *r, struct filter *f, const struct list_param *param,
                    struct str rest, struct str value, struct err *err)
{
    int64_t ms;
    const char *name = param->name;
    for (size_t i = 0; i < ARRAY_LEN(time_ops); i++) {
        if (!str_is(rest, time_ops[i].rest))
            continue;
        if (!time_iso_parse(value, &ms))
            return err_set(err, ERR_INVALID_QUERY,
                           "Property .%s.%.*s cannot be recognized as a ISO-8601 compliant date",
                           name, (int)rest.len - 1, rest.p);
        return filter_add_known(r, f, param->field, time_ops[i].op, name, &value, 1, err);
    }
    return err_set(err, ERR_INVALID_QUERY, "Property .%s should be `%s[before]` or `%s[after]`",
                   name, name, name);
}

static int add_times(struct request *rq, struct filter_reader *r, struct filter *f,
                     const struct list_param *param, struct err *err)
{
    for (const struct query_param *p = rq->query; p != NULL; p = p->next) {
        struct str rest;
        if (cut_base(p->name, param->name, &rest) && add_time(r, f, param, rest, p->value, err) < 0)
            return -1;
    }
    return 0;
}

/* `ids[0]=…&ids[1]=…`, `ids=…&ids=…`, `ids[]=…`, or a list as Python prints it. */
static int add_some(struct request *rq, struct filter_reader *r, struct filter *f,
                    const struct list_param *param, struct err *err)
{
    struct values values = { .arena = &rq->arena };
    const char *name = param->name;
    for (const struct query_param *p = rq->query; p != NULL; p = p->next) {
        struct str rest;
        if (!cut_base(p->name, name, &rest))
            continue;
        if (rest.p != NULL && !is_index(rest))
            return err_set(err, ERR_INVALID_QUERY, "Property .%s must be array", name);
        values.indexed = values.indexed || rest.p != NULL;
        if (push(&values, p->value, err) < 0)
            return -1;
    }
    if (values.n == 0)
        return 0;
    if (unfold(&values, err) < 0)
        return -1;
    if (values.n == 0)
        return err_set(err, ERR_INVALID_QUERY, "Property .%s must NOT have fewer than 1 items",
                       name);
    return filter_add_known(r, f, param->field, FILTER_IN, name, values.items, values.n, err);
}

/* A customer's id, or the id of the one with this source id; nobody's finds nothing. */
static int add_customer(struct request *rq, struct filter_reader *r, struct filter *f,
                        const struct list_param *param, struct err *err)
{
    struct store *store = api_of(rq)->store;
    struct str value = request_query(rq, param->name);
    struct record *c = NULL;
    char id[ID_MAX_LEN];
    if (value.p == NULL)
        return 0;
    if (store_find_record(store, &rq->arena, rq->project->id, RESOURCE_CUSTOMER, value, &c, err) <
        0)
        return err_wrap(err, "cannot look up a customer");
    if (c != NULL) {
        id_encode(store_secret(store), ID_CUSTOMER, c->key, id);
        value = arena_str(&rq->arena, str_of(id));
        if (value.p == NULL)
            return err_nomem(err);
    }
    return filter_add_known(r, f, param->field, FILTER_IS, param->name, &value, 1, err);
}

typedef int param_adder(struct request *rq, struct filter_reader *r, struct filter *f,
                        const struct list_param *param, struct err *err);

int filters_of_list(struct request *rq, const struct list_filters *of, const struct filter **out,
                    struct err *err)
{
    static param_adder *const adders[] = {
        [LIST_PARAM_IS] = add_equal,          [LIST_PARAM_FLAG] = add_flag,
        [LIST_PARAM_CUSTOMER] = add_customer, [LIST_PARAM_IN] = add_some,
        [LIST_PARAM_TIMES] = add_times,
    };
    struct filter_reader r = { .fields = of->fields,
                               .arena = &rq->arena,
                               .path = "",
                               .code = ERR_INVALID_QUERY,
                               .plain = true };
    struct filter *own = arena_alloc(&rq->arena, sizeof(*own));
    struct filter *filters = arena_alloc(&rq->arena, sizeof(*filters));
    *out = NULL;
    if (own == NULL || filters == NULL)
        return err_nomem(err);
    filter_init(own, time_now_ms());
    for (const struct list_param *param = of->params; param->name != NULL; param++) {
        if (adders[param->kind](rq, &r, own, param, err) < 0)
            return -1;
    }
    if (filters_from_query(rq, of->fields, filters, err) < 0)
        return -1;
    if (filters->n > 0)
        own->and = filters;
    if (own->n > 0 || filters->n > 0)
        *out = own;
    return 0;
}

/* ---- the lists ---- */

static const struct list_param voucher_params[] = {
    { "category", VFILTER_CATEGORY, LIST_PARAM_IS },
    { "campaign", VFILTER_CAMPAIGN, LIST_PARAM_IS },
    { "customer", VFILTER_HOLDER_ID, LIST_PARAM_CUSTOMER },
    { "code", VFILTER_CODE, LIST_PARAM_IS },
    { "campaign_id", VFILTER_CAMPAIGN_ID, LIST_PARAM_IS },
    { "created_at", VFILTER_CREATED_AT, LIST_PARAM_TIMES },
    { "updated_at", VFILTER_UPDATED_AT, LIST_PARAM_TIMES },
    { "ids", VFILTER_ID, LIST_PARAM_IN },
    { NULL, 0, LIST_PARAM_IS },
};
const struct list_filters voucher_list_filters = { &voucher_filter_fields, voucher_params };

static const struct list_param campaign_params[] = {
    { "campaign_type", CFILTER_CAMPAIGN_TYPE, LIST_PARAM_IS },
    { "campaign_status", CFILTER_CREATION_STATUS, LIST_PARAM_IS },
    { "is_referral_code", CFILTER_IS_REFERRAL_CODE, LIST_PARAM_IS },
    { NULL, 0, LIST_PARAM_IS },
};
const struct list_filters campaign_list_filters = { &campaign_filter_fields, campaign_params };

static const struct list_param publication_params[] = {
    { "customer", PFILTER_CUSTOMER_ID, LIST_PARAM_CUSTOMER },
    { "source_id", PFILTER_SOURCE_ID, LIST_PARAM_IS },
    { "result", PFILTER_RESULT, LIST_PARAM_IS },
    { "voucher_type", PFILTER_VOUCHER_TYPE, LIST_PARAM_IS },
    { "is_referral_code", PFILTER_IS_REFERRAL_CODE, LIST_PARAM_FLAG },
    { NULL, 0, LIST_PARAM_IS },
};
const struct list_filters publication_list_filters = { &publication_filter_fields,
                                                       publication_params };
