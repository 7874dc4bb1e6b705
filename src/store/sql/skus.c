/* SPDX-License-Identifier: MIT */
/* skus.c - what a SKU has to do with its product. */
#include "domain/product.h"
#include "domain/sku.h"
#include "store/sql/records.h"

static int refused(struct record_applier *ap, enum failure_kind kind, const char *text,
                   struct applied *out, struct err *err)
{
    (void)ap;
    return text == NULL ? err_nomem(err) : record_refused(out, kind, str_of(text));
}

/* The attributes that a row gives must be the product's: reference 3.15. */
static int check_attributes(struct record_applier *ap, const struct sku *s,
                            const struct product *product, struct applied *out, struct err *err)
{
    struct json *given = NULL;
    if (s->spared == 0 || s->attributes.p == NULL) /* a request may give any */
        return 0;
    if (json_parse(ap->arena, s->attributes, &given, err) < 0)
        return err_wrap(err, "attributes on their way cannot be read");
    for (const struct json *m = given->child; m != NULL; m = m->next) {
        bool has;
        if (product_has_attribute(product, m->key, ap->arena, &has, err) < 0)
            return -1;
        if (!has)
            return refused(ap, FAILURE_INVALID,
                           arena_printf(ap->arena,
                                        "Attribute '%.*s' is not defined in product %.*s",
                                        STR_FMT(m->key), STR_FMT(s->product)),
                           out, err);
    }
    return 0;
}

int sku_resolve(struct record_applier *ap, struct record *given, struct applied *out,
                struct err *err)
{
    struct sku *s = (struct sku *)(void *)given;
    const struct record_table *products = record_table_of(RESOURCE_PRODUCT);
    struct product product = { .binned_ms = TIME_NONE };
    bool later;
    if (s->product.p == NULL)
        return 0;
    if (erased_named_after(ap, products, s->product, &later, err) < 0)
        return -1;
    const int got = record_find(ap->db, &ap->tx->store->base.secret, products, ap->project_id,
                                s->product, ap->arena, &product.record, err);
    if (got < 0)
        return -1;
    if (later || (product.binned_ms != TIME_NONE && product.version > ap->seq)) {
        out->outcome = OUTCOME_SUPERSEDED; /* it would have gone with its product */
        return 0;
    }
    if (got == 0)
        return refused(
            ap, FAILURE_NOT_FOUND,
            arena_printf(ap->arena, "Cannot find product with id %.*s", STR_FMT(s->product)), out,
            err);
    s->product_key = product.key;
    return check_attributes(ap, s, &product, out, err);
}

int sku_refuse(struct record_applier *ap, const struct record *stored, const struct record *given,
               struct applied *out, struct err *err)
{
    const struct sku *s = (const struct sku *)(const void *)stored;
    const struct sku *g = (const struct sku *)(const void *)given;
    char id[ID_MAX_LEN];
    if (g->product_key == 0 || g->product_key == s->product_key)
        return 0;
    id_encode(&ap->tx->store->base.secret, ID_PRODUCT, s->product_key, id);
    const struct str name = s->source_id.p != NULL ? s->source_id : g->id;
    return refused(ap, FAILURE_IN_USE,
                   arena_printf(ap->arena,
                                "Resource sku with id %.*s is in use by products with ids [%s]",
                                STR_FMT(name), id),
                   out, err);
}

/* *n: how many. */
static int run(struct store_tx *tx, enum statement which, const int64_t *values, int n_values,
               int64_t *n, struct err *err)
{
    struct stmt *st = db_statement(tx->db, which, err);
    if (st == NULL)
        return -1;
    for (int i = 0; i < n_values; i++)
        bind_int(st, i + 1, values[i]);
    if (db_run(tx->db, st, err) < 0)
        return -1;
    *n = db_changes(tx->db);
    return 0;
}

static int erase_all(struct store_tx *tx, int64_t project_id, int64_t product, int64_t seq,
                     int64_t *n, struct err *err)
{
    const int64_t values[] = { product, project_id };
    int64_t binned;
    if (erased_skus_note(tx, project_id, product, seq, err) < 0 ||
        run(tx, STATEMENT_SKUS_DELETE, values, 1, n, err) < 0 ||
        run(tx, STATEMENT_SKUS_DELETE_BINNED, values, 1, &binned, err) < 0)
        return -1;
    return run(tx, STATEMENT_BIN_DELETE_SKUS, values, 2, &binned, err);
}

int skus_follow(struct store_tx *tx, int64_t project_id, int64_t product, int64_t now_ms,
                int64_t seq, struct err *err)
{
    const int64_t values[] = { product, now_ms, seq };
    int64_t n;
    const int rc = now_ms == TIME_NONE
                       ? erase_all(tx, project_id, product, seq, &n, err)
                       : run(tx, STATEMENT_SKUS_TO_BIN, values, ARRAY_LEN(values), &n, err);
    return rc < 0 ? -1 : totals_add(tx->db, project_id, STR("sku"), -n, err);
}
