/* SPDX-License-Identifier: MIT */
/*
 * schema.c - the metadata schema of an action: frozen when it is queued, like everything else that
 * decides an outcome, and asked for each row.
 */
#include "actions/schema.h"
#include "domain/order.h"

#define PARAMS_MAX_BYTES (16 * MIB)

const char *action_schema_name(const struct action_kind *kind)
{
    const bool reads = kind->input == INPUT_CSV || kind->input == INPUT_RECORDS;
    return reads ? resource_schema(kind->resource) : NULL;
}

const char *action_item_schema_name(const struct action_kind *kind)
{
    return kind->input == INPUT_RECORDS && kind->resource == RESOURCE_ORDER ? "order_item" : NULL;
}

/* ---- freezing ---- */

/* Definitions as a text, which is how they are read back. */
static int put_definitions(struct json_out *o, const struct metadata_schema *s, struct err *err)
{
    struct buf b;
    buf_init(&b, (size_t)METADATA_SCHEMA_MAX_BYTES * 2);
    metadata_schema_put_properties(&(struct json_out){ .b = &b }, s, METADATA_CAMEL);
    const int rc = buf_ok(&b, err);
    json_object(o);
    json_key(o, "defined_only");
    json_bool(o, s->allow_defined_only);
    json_key(o, "properties");
    json_str(o, buf_str(&b));
    buf_release(&b);
    return rc;
}

int action_freeze_schema(const char *member, const struct metadata_schema *schema, struct arena *a,
                         struct str *params, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b, .comma = true };
    int rc;
    buf_init(&b, PARAMS_MAX_BYTES);
    buf_put(&b, params->p, params->len - 1); /* without the brace: it is an object with members */
    json_key(&o, member);
    rc = put_definitions(&o, schema, err);
    json_key(&o, "nested");
    json_array(&o);
    for (size_t i = 0; i < schema->n && rc == 0; i++) {
        const struct metadata_schema *nested = schema->definitions[i].nested;
        if (nested == NULL)
            continue;
        rc = put_definitions(&o, nested, err);
        json_key(&o, "of");
        json_str(&o, schema->definitions[i].key);
        json_object_end(&o);
    }
    json_array_end(&o);
    json_object_end(&o);
    buf_putc(&b, '}');
    if (rc == 0)
        return buf_keep(&b, a, params, err);
    buf_release(&b);
    return -1;
}

/* ---- reading back ---- */

static int thaw_definitions(const struct json *frozen, struct arena *a, struct metadata_schema *s,
                            struct err *err)
{
    const struct json *properties = json_member(frozen, "properties");
    const struct json *only = json_member(frozen, "defined_only");
    struct str text = properties != NULL ? properties->text : (struct str){ NULL, 0 };
    struct str *texts[] = { &text };
    if (text.p == NULL)
        return err_set(err, ERR_STORE, "the metadata schema of an action is not complete");
    if (!arena_keep(a, texts, 1))
        return err_nomem(err);
    if (metadata_schema_parse(text, a, s, err) < 0)
        return err_wrap(err, "cannot read the metadata schema of an action");
    s->allow_defined_only = only != NULL && only->type == JSON_TRUE;
    return 0;
}

static int thaw_nested(const struct json *item, struct arena *a, struct metadata_schema *s,
                       struct err *err)
{
    const struct json *of = json_member(item, "of");
    struct metadata_schema *nested = arena_calloc(a, sizeof(*nested));
    if (nested == NULL)
        return err_nomem(err);
    if (thaw_definitions(item, a, nested, err) < 0)
        return -1;
    for (size_t i = 0; i < s->n; i++)
        if (of != NULL && str_eq(s->definitions[i].key, of->text))
            s->definitions[i].nested = nested;
    return 0;
}

int action_thaw_schema(const struct json *frozen, struct arena *a, struct metadata_schema **out,
                       struct err *err)
{
    const struct json *nested = json_member(frozen, "nested");
    *out = arena_calloc(a, sizeof(**out));
    if (*out == NULL)
        return err_nomem(err);
    if (thaw_definitions(frozen, a, *out, err) < 0)
        return -1;
    for (const struct json *m = nested != NULL ? nested->child : NULL; m != NULL; m = m->next)
        if (thaw_nested(m, a, *out, err) < 0)
            return -1;
    return 0;
}

/* ---- checking ---- */

/* What a row gives, whatever it is a row of. */
struct checked {
    struct str metadata; /* {NULL,0}: none */
    struct str *unfit_new;
    bool replaces;
};

static struct checked checked_of(const struct action_kind *kind, struct row_head *row)
{
    if (kind->resource == RESOURCE_VOUCHER) {
        struct voucher *v = (struct voucher *)(void *)row;
        const bool given = (v->set & VF_METADATA) != 0;
        return (struct checked){ .metadata = given ? v->metadata : (struct str){ NULL, 0 },
                                 .unfit_new = &v->unfit_new };
    }
    struct record *r = (struct record *)(void *)row;
    return (struct checked){ .metadata = (r->set & RECORD_METADATA) != 0 ? r->metadata
                                                                         : (struct str){ NULL, 0 },
                             .unfit_new = &r->unfit_new,
                             .replaces = r->replaces };
}

static int check_row(const struct action_kind *kind, const struct action_plan *plan,
                     struct row_head *row, struct arena *scratch, struct arena *a,
                     struct str *reason, struct err *err)
{
    const struct checked c = checked_of(kind, row);
    const bool changes = kind->mode == APPLY_UPSERT || kind->mode == APPLY_UPDATE_ONLY;
    const enum metadata_when when = changes && !c.replaces ? METADATA_CHANGE : METADATA_CREATE;
    struct json *metadata = NULL;
    if (c.metadata.len > 0 && json_parse(scratch, c.metadata, &metadata, err) < 0)
        return err_wrap(err, "metadata on its way cannot be read");
    const int rc = metadata_check(plan->schema, metadata, when, a, reason, err);
    if (rc != 0 || kind->mode != APPLY_UPSERT || c.replaces)
        return rc;
    return metadata_check(plan->schema, metadata, METADATA_CREATE, a, c.unfit_new, err) < 0 ? -1
                                                                                            : 0;
}

int action_check_metadata(const struct action_kind *kind, const struct action_plan *plan,
                          struct row_head *row, struct arena *scratch, struct arena *a,
                          struct str *reason, struct err *err)
{
    const int rc = plan->schema != NULL ? check_row(kind, plan, row, scratch, a, reason, err) : 0;
    if (rc != 0 || plan->item_schema == NULL)
        return rc;
    return order_check_items((const struct order *)(const void *)row, plan->item_schema, scratch, a,
                             reason, err);
}
