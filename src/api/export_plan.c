/* SPDX-License-Identifier: MIT */
/* export_plan.c - see export_plan.h. */
#include "api/export_plan.h"

#include "api/api_priv.h"
#include "api/filters.h"
#include "base/time_iso.h"
#include "domain/voucher_filter.h"

#define PARAMS_MAX_BYTES (256 * KIB) /* a page of a list holds a hundred of them */

static const struct str default_order = STR_INIT("-created_at");

/* The member, unless it is null or empty: then it was not given. */
static const struct json *given(const struct json *parameters, const char *key)
{
    const struct json *m = json_member(parameters, key);
    const bool empty = m != NULL && ((m->type == JSON_STRING && m->text.len == 0) ||
                                     (m->type == JSON_ARRAY && m->child == NULL));
    return m == NULL || m->type == JSON_NULL || empty ? NULL : m;
}

/* ---- reading ---- */

static bool find_order(struct export_plan *out, struct str name)
{
    const struct export_resource *resource = out->resource;
    out->descending = str_starts_with(name, STR("-"));
    if (out->descending)
        name = (struct str){ name.p + 1, name.len - 1 };
    for (size_t i = 0; i < resource->n_orders; i++) {
        const struct export_order *o = &resource->orders[i];
        if (!str_is(name, o->name))
            continue;
        out->order = out->descending ? o->down : o->up;
        return true;
    }
    return false;
}

static int refuse_order(struct request *rq, const struct export_resource *resource, struct err *err)
{
    const char *names = "";
    for (size_t i = 0; i < resource->n_orders && names != NULL; i++) {
        const char *name = resource->orders[i].name;
        names = arena_printf(&rq->arena, "%s%s %s, -%s", names, i > 0 ? "," : "", name, name);
    }
    if (names == NULL)
        return err_nomem(err);
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "Property .parameters.order should be equal to one of the allowed values [%s ]",
                   names);
}

static int read_order(struct request *rq, const struct json *order, struct export_plan *out,
                      struct err *err)
{
    out->order_name = default_order;
    if (order != NULL && order->type != JSON_STRING)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .parameters.order must be string");
    if (order != NULL)
        out->order_name = order->text;
    return find_order(out, out->order_name) ? 0 : refuse_order(rq, out->resource, err);
}

/* The API's words, with the field behind them; too long for an error. */
static int refuse_field(struct request *rq, const struct export_table *table, struct str name,
                        struct err *err)
{
    struct buf text;
    buf_init(&text, 64 * KIB);
    buf_puts(&text, STR("Unsupported field used. Allowed fields: "));
    export_put_names(&text, table);
    buf_printf(&text, " (not supported: %.*s)", STR_FMT(str_utf8_cut(name, 1000)));
    rq->details = arena_str(&rq->arena, buf_str(&text));
    buf_release(&text);
    if (rq->details.p == NULL)
        return err_nomem(err);
    return err_set(err, ERR_INVALID_EXPORT_FIELDS, "unsupported field '%.*s'", STR_FMT(name));
}

static int add_column(struct request *rq, struct export_plan *plan, struct str name,
                      struct err *err)
{
    if (plan->n_columns == EXPORT_FIELDS_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .parameters.fields must NOT have more than %d items",
                       EXPORT_FIELDS_MAX);
    if (!export_column(plan->resource->table, name, &plan->columns[plan->n_columns]))
        return refuse_field(rq, plan->resource->table, name, err);
    plan->n_columns++;
    return 0;
}

static int read_fields(struct request *rq, const struct json *fields, struct export_plan *out,
                       struct err *err)
{
    const struct export_table *table = out->resource->table;
    out->columns = arena_alloc(&rq->arena, EXPORT_FIELDS_MAX * sizeof(*out->columns));
    if (out->columns == NULL)
        return err_nomem(err);
    for (size_t i = 0; fields == NULL && i < table->n_defaults; i++) {
        if (add_column(rq, out, table->defaults[i], err) < 0)
            return -1;
    }
    if (fields != NULL && fields->type != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .parameters.fields must be array");
    for (const struct json *f = fields != NULL ? fields->child : NULL; f != NULL; f = f->next) {
        if (f->type != JSON_STRING)
            return err_set(err, ERR_INVALID_PAYLOAD,
                           "Property .parameters.fields[%zu] must be string", out->n_columns);
        if (add_column(rq, out, f->text, err) < 0)
            return -1;
    }
    return 0;
}

static int read_campaign(struct request *rq, const struct json *id, struct export_plan *out,
                         struct err *err)
{
    struct filter_reader r = { .fields = &voucher_filter_fields,
                               .arena = &rq->arena,
                               .path = ".parameters",
                               .code = ERR_INVALID_PAYLOAD,
                               .plain = true };
    filter_init(&out->own, time_now_ms());
    if (id == NULL || !out->resource->in_campaigns)
        return 0;
    if (id->type != JSON_STRING)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .parameters.campaign_id must be string");
    return filter_add_known(&r, &out->own, VFILTER_CAMPAIGN_ID, FILTER_IS, "campaign_id", &id->text,
                            1, err);
}

int export_plan_read(struct request *rq, const struct export_resource *resource,
                     const struct json *parameters, struct export_plan *out, struct err *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    const struct json *filters = given(parameters, "filters");
    *out = (struct export_plan){ .resource = resource };
    if (parameters != NULL && parameters->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .parameters must be object");
    if (read_order(rq, given(parameters, "order"), out, err) < 0 ||
        read_fields(rq, given(parameters, "fields"), out, err) < 0 ||
        read_campaign(rq, given(parameters, "campaign_id"), out, err) < 0 ||
        filters_from_body(rq, resource->filters, ".parameters.filters",
                          filters != NULL ? filters : &nothing, &out->filters, err) < 0)
        return -1;
    out->own.and = &out->filters;
    return 0;
}

/* ---- keeping ---- */

static void put_fields(struct json_out *o, const struct json *fields,
                       const struct export_table *table)
{
    json_key(o, "fields");
    if (fields != NULL) {
        json_put_tree(o, fields);
        return;
    }
    json_array(o);
    for (size_t i = 0; i < table->n_defaults; i++)
        json_str(o, table->defaults[i]);
    json_array_end(o);
}

static void put_params(struct json_out *o, const struct json *parameters,
                       const struct export_plan *plan)
{
    const struct json *filters = given(parameters, "filters");
    const struct json *campaign = given(parameters, "campaign_id");
    json_object(o);
    json_key(o, "order");
    json_str(o, plan->order_name);
    put_fields(o, given(parameters, "fields"), plan->resource->table);
    json_key(o, "filters");
    if (filters != NULL)
        json_put_tree(o, filters);
    else
        json_raw(o, STR("{\"junction\":\"and\"}"));
    if (campaign != NULL && plan->resource->in_campaigns) {
        json_key(o, "campaign_id");
        json_str(o, campaign->text);
    }
    json_object_end(o);
}

int export_plan_freeze(struct request *rq, const struct json *parameters,
                       const struct export_plan *plan, struct str *out, struct err *err)
{
    struct buf text;
    struct json_out o = { .b = &text };
    buf_init(&text, PARAMS_MAX_BYTES);
    put_params(&o, parameters, plan);
    const bool too_large = text.too_large, failed = text.failed;
    *out = failed ? (struct str){ NULL, 0 } : arena_str(&rq->arena, buf_str(&text));
    buf_release(&text);
    if (too_large)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .parameters must NOT be longer than %zu bytes", PARAMS_MAX_BYTES);
    return out->p != NULL ? 0 : err_nomem(err);
}
