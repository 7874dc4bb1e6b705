/* SPDX-License-Identifier: MIT */
/*
 * records.c - see records.h.
 *
 * A list of all by age costs the same for 10 and for 10 million; any other may look at every row,
 * so it goes to an offload thread, a few at a time.
 */
#include "api/records.h"

#include "api/filters.h"
#include "api/slow_list.h"
#include "base/time_iso.h"

#define EQUALS_MAX 8

/* ---- one ---- */

static int reply_record(struct request *rq, struct response *rs, const struct record_api *ra,
                        const struct record *r, bool alone, struct err *err)
{
    struct json_out o = { .b = &rs->body };
    return ra->put(rq, &o, r, alone, err) < 0 ? -1 : reply_json(rs, HTTP_OK, err);
}

int records_find(struct request *rq, enum resource_type resource, const char *type, struct str id,
                 struct record **out, struct err *err)
{
    if (store_find_record(api_of(rq)->store, &rq->arena, rq->project->id, resource, id, out, err) <
        0)
        return err_wrap(err, "cannot look up a %s", type);
    return *out != NULL ? 0 : reply_not_found(rq, type, id, err);
}

int records_get(struct request *rq, struct response *rs, const struct record_api *ra, struct str id,
                struct err *err)
{
    struct record *r = NULL;
    return records_find(rq, ra->resource, ra->type, id, &r, err) < 0
               ? -1
               : reply_record(rq, rs, ra, r, true, err);
}

/* ---- writing ---- */

/* Lives in the request's arena. */
struct writing {
    struct request *rq;
    const struct record_api *ra;
    struct record_write write;
};

/* One in the bin is in the way: reference 4.10. The unit may have run before. */
static void name_duplicate(const struct writing *wr, int rc, const struct err *err)
{
    const bool duplicate = rc < 0 && err->code == ERR_DUPLICATE;
    wr->rq->resource_type = duplicate ? wr->ra->type : NULL;
    wr->rq->resource_id = duplicate ? wr->write.given->source_id : (struct str){ NULL, 0 };
}

static int write_record(struct store_tx *tx, void *arg, struct err *err)
{
    struct writing *wr = arg;
    const int rc = store_tx_record_write(tx, &wr->write, err);
    name_duplicate(wr, rc, err);
    return api_gate_result(wr->rq, &wr->write.gate, rc, err);
}

static int answer_record(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    return wr->write.found ? reply_record(rq, rs, wr->ra, wr->write.record, false, err)
                           : reply_not_found(rq, wr->ra->type, wr->write.id_or_source, err);
}

static int answer_nothing(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    return wr->write.found ? reply_json(rs, HTTP_NO_CONTENT, err)
                           : reply_not_found(rq, wr->ra->type, wr->write.id_or_source, err);
}

const struct record *records_written(const struct request *rq)
{
    const struct writing *wr = rq->state;
    return wr->write.found ? wr->write.record : NULL;
}

/* NULL: out of memory. */
static struct writing *writing_new(struct request *rq, const struct record_api *ra,
                                   enum record_write_mode mode, struct err *err)
{
    struct writing *wr = arena_calloc(&rq->arena, sizeof(*wr));
    struct record *record = arena_calloc(&rq->arena, ra->bytes);
    if (wr == NULL || record == NULL) {
        err_nomem(err);
        return NULL;
    }
    wr->rq = rq;
    wr->ra = ra;
    wr->write = (struct record_write){ .project_id = rq->project->id,
                                       .resource = ra->resource,
                                       .mode = mode,
                                       .arena = &rq->arena,
                                       .record = record };
    return wr;
}

static int read_given(struct request *rq, const struct record_api *ra, struct record **given,
                      struct err *err)
{
    const struct json *body;
    *given = arena_calloc(&rq->arena, ra->bytes);
    if (*given == NULL)
        return err_nomem(err);
    if (api_read_object(rq, &body, err) < 0 || ra->read(body, &rq->arena, *given, err) < 0)
        return -1;
    return ra->check != NULL ? ra->check(rq, *given, err) : 0;
}

int records_save_with(struct request *rq, const struct record_api *ra, struct record *given,
                      struct err *err)
{
    struct writing *wr = writing_new(rq, ra, RECORD_SAVE, err);
    if (wr == NULL || api_gate_open(rq, ra->schema, &wr->write.gate, err) < 0)
        return -1;
    wr->write.given = given;
    return api_write(rq, write_record, wr, answer_record, err);
}

int records_save(struct request *rq, const struct record_api *ra, struct err *err)
{
    struct record *given;
    return read_given(rq, ra, &given, err) < 0 ? -1 : records_save_with(rq, ra, given, err);
}

int records_change(struct request *rq, const struct record_api *ra, struct str id,
                   int64_t parent_key, struct err *err)
{
    struct writing *wr = writing_new(rq, ra, RECORD_CHANGE, err);
    struct record *given;
    if (wr == NULL || read_given(rq, ra, &given, err) < 0 ||
        api_gate_open(rq, ra->schema, &wr->write.gate, err) < 0)
        return -1;
    wr->write.given = given;
    wr->write.id_or_source = id;
    wr->write.parent_key = parent_key;
    return api_write(rq, write_record, wr, answer_record, err);
}

int records_delete(struct request *rq, const struct record_api *ra, struct str id,
                   int64_t parent_key, request_handler *answer, struct err *err)
{
    struct writing *wr = writing_new(rq, ra, RECORD_TO_BIN, err);
    bool force = false;
    if (wr == NULL || query_flag(rq, "force", &force, err) < 0)
        return -1;
    if (force)
        wr->write.mode = RECORD_ERASE;
    wr->write.id_or_source = id;
    wr->write.parent_key = parent_key;
    return api_write(rq, write_record, wr, answer != NULL ? answer : answer_nothing, err);
}

/* ---- list ---- */

/* Lives in the request's arena. */
struct list {
    struct slow_list slow; /* first */
    const struct record_api *ra;
    struct record_page page;
    struct record_equal equals[EQUALS_MAX];
    struct filter filter;

    struct record *rows;
    size_t n;
    int64_t total;
    bool more;
};

const struct record_order records_orders[] = {
    { "created_at", RECORD_BY_AGE },
    { "updated_at", RECORD_BY_CHANGE },
    { "source_id", RECORD_BY_SOURCE_ID },
    { NULL, 0 },
};

static int wrong_order(const struct record_api *ra, struct arena *a, struct err *err)
{
    const char *names = "";
    for (const struct record_order *o = ra->orders; o->name != NULL && names != NULL; o++)
        names =
            arena_printf(a, "%s%s %s, -%s", names, o == ra->orders ? "" : ",", o->name, o->name);
    return names == NULL ? err_nomem(err)
                         : err_set(err, ERR_INVALID_QUERY,
                                   "Property .order must be equal to one of the allowed values "
                                   "[%s ]",
                                   names);
}

static int read_order(struct list *l, struct err *err)
{
    struct str name = request_query(l->slow.rq, "order");
    l->page.descending = l->ra->newest_first;
    if (name.p == NULL)
        return 0;
    l->page.descending = name.len > 0 && name.p[0] == '-';
    if (l->page.descending)
        name = (struct str){ name.p + 1, name.len - 1 };
    for (const struct record_order *o = l->ra->orders; o->name != NULL; o++) {
        l->page.order = o->order;
        if (str_is(name, o->name))
            return 0;
    }
    return wrong_order(l->ra, &l->slow.rq->arena, err);
}

static int read_time(const struct request *rq, const char *param, int64_t shift, int64_t *out,
                     struct err *err)
{
    const struct str text = request_query(rq, param);
    int64_t ms;
    if (text.p == NULL)
        return 0;
    if (!time_iso_parse(text, &ms))
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .%s cannot be recognized as a ISO-8601 compliant date", param);
    *out = ms + shift;
    return 0;
}

/* A range that is neither before nor after something is not ignored. */
static int check_range(struct str param, const char *range, struct err *err)
{
    static const struct str ends[] = { STR_INIT("[before]"), STR_INIT("[after]"),
                                       STR_INIT("][before]"), STR_INIT("][after]") };
    const bool bracket = param.p[0] == '[';
    const size_t skip = strlen(range) + bracket;
    const struct str end = { param.p + skip, param.len - skip };
    for (size_t i = 0; i < 2; i++) {
        if (str_eq(end, ends[bracket ? i + 2 : i]))
            return 0;
    }
    return err_set(err, ERR_INVALID_QUERY, "Property .%s should be `%s[before]` or `%s[after]`",
                   range, range, range);
}

static int check_ranges(const struct request *rq, struct err *err)
{
    static const char *const ranges[] = { "created_at", "updated_at" };
    for (const struct query_param *p = rq->query; p != NULL; p = p->next) {
        const struct str name = query_base_name(p->name);
        for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
            if (str_is(name, ranges[i]) && check_range(p->name, ranges[i], err) < 0)
                return -1;
    }
    return 0;
}

static int read_times(struct list *l, struct err *err)
{
    struct record_page *p = &l->page;
    const struct {
        const char *param;
        int64_t *out;
        int64_t shift; /* start and end are within */
    } times[] = {
        { "created_at[before]", &p->created_before_ms, 0 },
        { "created_at[after]", &p->created_after_ms, 0 },
        { "[created_at][before]", &p->created_before_ms, 0 },
        { "[created_at][after]", &p->created_after_ms, 0 },
        { "updated_at[before]", &p->updated_before_ms, 0 },
        { "updated_at[after]", &p->updated_after_ms, 0 },
        { "[updated_at][before]", &p->updated_before_ms, 0 },
        { "[updated_at][after]", &p->updated_after_ms, 0 },
        { "start_date", &p->created_after_ms, -1 },
        { "end_date", &p->created_before_ms, 1 },
    };
    p->created_before_ms = p->created_after_ms = TIME_NONE;
    p->updated_before_ms = p->updated_after_ms = TIME_NONE;
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (read_time(l->slow.rq, times[i].param, times[i].shift, times[i].out, err) < 0)
            return -1;
    return check_ranges(l->slow.rq, err);
}

/* The id of the last one of the page before; or, as the API has it, a time. */
static int read_cursor(struct list *l, struct err *err)
{
    const struct str text = request_query(l->slow.rq, "starting_after");
    struct record_page *p = &l->page;
    int64_t ms;
    if (text.p == NULL)
        return 0;
    if (request_query(l->slow.rq, "page").p != NULL)
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .starting_after cannot be used together with .page");
    if (id_decode(store_secret(api_of(l->slow.rq)->store), l->ra->id, text, &p->after_key)) {
        if (p->order == RECORD_BY_AGE)
            return 0;
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .starting_after with an id needs the order created_at");
    }
    if (!time_iso_parse(text, &ms))
        return err_set(
            err, ERR_INVALID_QUERY,
            "Property .starting_after cannot be recognized as a ISO-8601 compliant date");
    const bool changed = p->order == RECORD_BY_CHANGE;
    if (p->descending)
        *(changed ? &p->updated_before_ms : &p->created_before_ms) = ms;
    else
        *(changed ? &p->updated_after_ms : &p->created_after_ms) = ms;
    return 0;
}

/* What would narrow the list, and cannot, is never ignored. */
static int read_filters(struct list *l, struct err *err)
{
    static const char *const filters[] = { "filters", NULL };
    if (l->ra->later != NULL && query_refuse(l->slow.rq, l->ra->later, err) < 0)
        return -1;
    if (l->ra->filters == NULL)
        return query_refuse(l->slow.rq, filters, err);
    if (filters_from_query(l->slow.rq, l->ra->filters, &l->filter, err) < 0)
        return -1;
    if (l->filter.n > 0)
        l->page.filter = &l->filter;
    return 0;
}

static int read_page(struct list *l, struct err *err)
{
    struct record_page *p = &l->page;
    int number = 1, limit;
    if (query_int(l->slow.rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        query_int(l->slow.rq, "page", 1, l->ra->page_max, 1, &number, err) < 0 ||
        read_order(l, err) < 0 || read_times(l, err) < 0 || read_filters(l, err) < 0 ||
        read_cursor(l, err) < 0)
        return -1;
    p->limit = (size_t)limit;
    p->offset = (int64_t)(number - 1) * limit;
    p->equals = l->equals;
    for (const struct record_query *q = l->ra->queries; q != NULL && q->param != NULL; q++) {
        const struct str value = request_query(l->slow.rq, q->param);
        if (value.p != NULL && p->n_equals < EQUALS_MAX)
            l->equals[p->n_equals++] =
                (struct record_equal){ .column = q->column, .member = q->member, .value = value };
    }
    return 0;
}

static bool may_be_slow(const struct record_page *p)
{
    return p->order != RECORD_BY_AGE || p->n_equals > 0 || p->filter != NULL ||
           p->created_before_ms != TIME_NONE || p->created_after_ms != TIME_NONE ||
           p->updated_before_ms != TIME_NONE || p->updated_after_ms != TIME_NONE;
}

static struct list *list_of(struct slow_list *slow)
{
    return (struct list *)(void *)slow;
}

static int read_list(struct slow_list *slow, struct err *err)
{
    struct list *l = list_of(slow);
    if (store_list_records(api_of(slow->rq)->store, &slow->rq->arena, slow->rq->project->id,
                           l->ra->resource, &l->page, &l->rows, &l->n, &l->total, &l->more,
                           err) < 0)
        return err_wrap(err, "cannot list %s", l->ra->data_ref);
    return 0;
}

static int reply_list(struct slow_list *slow, struct response *rs, struct err *err)
{
    const struct list *l = list_of(slow);
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, l->ra->data_ref);
    json_array(&o);
    for (size_t i = 0; i < l->n; i++)
        if (l->ra->put(slow->rq, &o, record_at(l->ra->resource, l->rows, i), true, err) < 0)
            return -1;
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, l->total);
    json_key(&o, "has_more");
    json_bool(&o, l->more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int records_list(struct request *rq, struct response *rs, const struct record_api *ra,
                 int64_t parent_key, struct err *err)
{
    struct list *l = arena_calloc(&rq->arena, sizeof(*l));
    if (l == NULL)
        return err_nomem(err);
    l->slow = (struct slow_list){ .rq = rq, .read = read_list, .reply = reply_list };
    l->ra = ra;
    l->page.parent_key = parent_key;
    return read_page(l, err) < 0 ? -1 : slow_list_run(&l->slow, rs, may_be_slow(&l->page), err);
}
