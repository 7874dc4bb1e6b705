/* SPDX-License-Identifier: MIT */
/*
 * filter_sql.h - statements that are put together for one question, and filters as SQL.
 *
 * Text is made of constants only; every value becomes a `?` and is bound. A connection keeps the
 * last few of these statements, so that a list that is asked for page by page is prepared once.
 */
#ifndef STORE_SQL_FILTER_SQL_H
#define STORE_SQL_FILTER_SQL_H

#include <assert.h>

#include "store/sql/sql_priv.h"

struct sql_value;

struct sql {
    struct db *db;
    const struct id_secret *secret;
    int64_t project_id;
    struct arena *arena; /* of the values */
    struct buf text;
    struct sql_value *first, **end; /* of each `?`, in order */
    bool nomem;
    bool streams; /* of its rows many may be left unread */
};

/* The arena, and what is pointed to by bound texts and filters, outlive the statement's steps. */
void sql_init(struct sql *q, struct sql_store *s, struct db *db, struct arena *a,
              int64_t project_id);
void sql_release(struct sql *q);

/* Appending never fails, see buf.h; sql_prepare does. */
void sql_put(struct sql *q, const char *text);
void sql_int(struct sql *q, int64_t v); /* "?" */
/* ORDER BY, with the key behind it unless the order is by that alone (NULL), and one row more than
 * the page has: it tells whether there is more. */
void sql_put_page(struct sql *q, const char *order, const char *key, bool descending, size_t limit,
                  int64_t offset);
void sql_num(struct sql *q, struct num v);
void sql_str(struct sql *q, struct str v);
void sql_condition(struct sql *q, const struct filter_condition *c); /* for put_json_match */

/* The statement with its values, ready to step; the connection's, to be given back by sql_done().
 * NULL with err. */
struct stmt *sql_prepare(struct sql *q, struct err *err) MUST_CHECK;
void sql_done(struct stmt *st); /* forgets the values, which point into a request */

/* ---- filters ---- */

/* What a field of a filter is in SQL. */
struct filter_column {
    const char *sql;      /* expression; the JSON text for FILTER_OBJECT and FILTER_ANYTHING */
    enum id_kind id_kind; /* FILTER_ID: of what key the public id is; ID_KIND_COUNT: of none */

    /* Writes a condition in a way of its own; `op` is no negation, and may stand for c->op's
     * opposite. False: it has written nothing, the usual way will do. NULL: always that. */
    bool (*put)(struct sql *q, const struct filter_condition *c, enum filter_op op, int64_t now_ms);
    size_t of_driver; /* while `sql` is NULL: where the driver has it; an offset in its struct */
};

/* " AND (...)" for every condition of the filter, nothing for none or NULL. `columns` by field id.
 */
void sql_and_filter(struct sql *q, const struct filter *f, const struct filter_column *columns);

/* "(...)", or "1" for none or NULL: as a value of a row. NULL counts as false. */
void sql_filter(struct sql *q, const struct filter *f, const struct filter_column *columns);

/* The public ids among the values that are of this kind, as keys: "(?, ?)"; and how many. */
void sql_keys(struct sql *q, const struct filter_condition *c, enum id_kind kind);
size_t sql_count_keys(const struct sql *q, const struct filter_condition *c, enum id_kind kind);

/* ---- what vouchers and campaigns have in common ---- */

/* A category that has been deleted since is none. */
#define SQL_CATEGORY_ID "(SELECT id FROM categories WHERE categories.id = category_id)"
#define SQL_CATEGORY_NAME                                                                          \
    "coalesce((SELECT name FROM categories WHERE categories.id = category_id), category)"
#define SQL_VOUCHER_TYPE                                                                           \
    "CASE type WHEN 1 THEN 'DISCOUNT_VOUCHER' WHEN 2 THEN 'GIFT_VOUCHER' WHEN 3 THEN "             \
    "'LOYALTY_CARD' END"
static_assert(VOUCHER_DISCOUNT == 1 && VOUCHER_GIFT == 2 && VOUCHER_LOYALTY == 3,
              "SQL_VOUCHER_TYPE knows the stored values");

/* filter_column.put of categories by name; and of what `active` and `status` say by flag and
 * dates: all is good up to and including its end. */
bool filter_put_category(struct sql *q, const struct filter_condition *c, enum filter_op op,
                         int64_t now_ms);
bool filter_put_state(struct sql *q, const struct filter_condition *c, enum filter_op op,
                      int64_t now_ms);

/* ---- the tables ---- */

extern const struct filter_column voucher_columns[];  /* voucher_filter.c */
extern const struct filter_column campaign_columns[]; /* campaign_filter.c */

/* ---- lists ---- */

/* A connection for a list whose statements may take so long, from now on; then ERR_TOO_SLOW.
 * 0: any time. The reader is taken in any case, and goes back with what has become of the list. */
int list_reader_take(struct sql_store *s, int64_t time_ms, struct db **out,
                     struct err *err) MUST_CHECK;
int list_reader_give(struct sql_store *s, struct db *db, int64_t time_ms, int rc,
                     struct err *err) MUST_CHECK;

#endif
