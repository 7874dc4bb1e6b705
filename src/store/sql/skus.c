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
    struct product product;
    if (s->product.p == NULL)
        return 0;
    const int got =
        record_find(ap->db, &ap->tx->store->base.secret, record_table_of(RESOURCE_PRODUCT),
                    ap->project_id, s->product, ap->arena, &product.record, err);
    if (got < 0)
        return -1;
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
static int run(struct store_tx *tx, enum statement which, int64_t product, int64_t second,
               int64_t *n, struct err *err)
{
    struct stmt *st = db_statement(tx->db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, product);
    if (which == STATEMENT_SKUS_TO_BIN || which == STATEMENT_BIN_DELETE_SKUS)
        bind_int(st, 2, second);
    if (db_run(tx->db, st, err) < 0)
        return -1;
    *n = db_changes(tx->db);
    return 0;
}

int skus_follow(struct store_tx *tx, int64_t project_id, int64_t product, int64_t now_ms,
                struct err *err)
{
    const bool erase = now_ms == TIME_NONE;
    int64_t n, binned;
    if (run(tx, erase ? STATEMENT_SKUS_DELETE : STATEMENT_SKUS_TO_BIN, product, now_ms, &n, err) <
        0)
        return -1;
    if (erase && (run(tx, STATEMENT_SKUS_DELETE_BINNED, product, 0, &binned, err) < 0 ||
                  run(tx, STATEMENT_BIN_DELETE_SKUS, product, project_id, &binned, err) < 0))
        return -1;
    return totals_add(tx->db, project_id, STR("sku"), -n, err);
}
