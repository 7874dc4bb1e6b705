/* SPDX-License-Identifier: MIT */
/* filter_sql.c - see filter_sql.h. */
#include "store/sql/filter_sql.h"

#include "base/time_iso.h"

#define SQL_MAX_BYTES  MIB
#define SCRATCH_BYTES  (64 * KIB) /* of the JSON of one row; kept */
#define POINTER_TYPE   "filter condition"
#define JSON_CONDITION "filter_json" /* name of our SQL function */

/* ---- statements ---- */

struct sql_value {
    enum { VALUE_INT, VALUE_DOUBLE, VALUE_TEXT, VALUE_CONDITION } kind;
    int64_t i;
    double d;
    struct str text;
    const struct filter_condition *condition;
    struct sql_value *next;
};

void sql_init(struct sql *q, struct sql_store *s, struct db *db, struct arena *a,
              int64_t project_id)
{
    *q = (struct sql){
        .db = db, .secret = &s->base.secret, .project_id = project_id, .arena = a, .end = &q->first
    };
    buf_init(&q->text, SQL_MAX_BYTES);
}

void sql_release(struct sql *q)
{
    buf_release(&q->text);
}

void sql_put(struct sql *q, const char *text)
{
    buf_puts(&q->text, str_of(text));
}

static void put_value(struct sql *q, struct sql_value value)
{
    struct sql_value *v = arena_alloc(q->arena, sizeof(*v));
    q->nomem = q->nomem || v == NULL;
    if (v == NULL)
        return;
    *v = value;
    *q->end = v;
    q->end = &v->next;
    buf_putc(&q->text, '?');
}

void sql_int(struct sql *q, int64_t v)
{
    put_value(q, (struct sql_value){ .kind = VALUE_INT, .i = v });
}

void sql_put_page(struct sql *q, const char *order, const char *key, bool descending, size_t limit,
                  int64_t offset)
{
    const char *direction = descending ? " DESC" : "";
    sql_put(q, " ORDER BY ");
    sql_put(q, order);
    sql_put(q, direction);
    if (key != NULL) {
        sql_put(q, ", ");
        sql_put(q, key);
        sql_put(q, direction);
    }
    sql_put(q, " LIMIT ");
    sql_int(q, (int64_t)limit + 1);
    sql_put(q, " OFFSET ");
    sql_int(q, offset);
}

void sql_num(struct sql *q, struct num v)
{
    put_value(
        q, (struct sql_value){ .kind = v.is_int ? VALUE_INT : VALUE_DOUBLE, .i = v.i, .d = v.d });
}

void sql_str(struct sql *q, struct str v)
{
    put_value(q, (struct sql_value){ .kind = VALUE_TEXT, .text = v });
}

static void bind(struct stmt *st, int at, const struct sql_value *v)
{
    switch (v->kind) {
    case VALUE_INT:
        bind_int(st, at, v->i);
        break;
    case VALUE_DOUBLE:
        bind_num(st, at, (struct num){ .d = v->d });
        break;
    case VALUE_TEXT:
        bind_str(st, at, v->text);
        break;
    case VALUE_CONDITION:
        st->driver->put_condition(st, at, v->condition);
        break;
    }
}

struct stmt *sql_prepare(struct sql *q, struct err *err)
{
    int at = 0;
    buf_putc(&q->text, '\0');
    if (q->nomem || q->text.failed) {
        if (q->text.too_large)
            err_set(err, ERR_INTERNAL, "a statement is too long");
        else
            err_nomem(err);
        return NULL;
    }
    struct stmt *st = q->db->driver->prepare(q->db, q->text.p, q->streams, err);
    for (const struct sql_value *v = q->first; st != NULL && v != NULL; v = v->next)
        bind(st, ++at, v);
    return st;
}

void sql_done(struct stmt *st)
{
    st->driver->done(st);
}

void sql_condition(struct sql *q, const struct filter_condition *c)
{
    put_value(q, (struct sql_value){ .kind = VALUE_CONDITION, .condition = c });
}

/* ---- conditions ---- */

static bool read_key(const struct sql *q, enum id_kind kind, struct str text, int64_t *key)
{
    return kind != ID_KIND_COUNT && id_decode(q->secret, kind, text, key);
}

size_t sql_count_keys(const struct sql *q, const struct filter_condition *c, enum id_kind kind)
{
    size_t n = 0;
    int64_t key;
    for (size_t i = 0; i < c->n; i++)
        n += read_key(q, kind, c->values[i].text, &key);
    return n;
}

void sql_keys(struct sql *q, const struct filter_condition *c, enum id_kind kind)
{
    const char *between = "(";
    int64_t key;
    for (size_t i = 0; i < c->n; i++) {
        if (!read_key(q, kind, c->values[i].text, &key))
            continue;
        sql_put(q, between);
        sql_int(q, key);
        between = ", ";
    }
    sql_put(q, between[0] == '(' ? "(NULL)" : ")");
}

static void put_one(struct sql *q, const struct filter_condition *c, const struct filter_value *v)
{
    switch (c->field->kind) {
    case FILTER_TEXT:
        sql_str(q, v->text);
        break;
    case FILTER_NUMBER:
        sql_num(q, v->number);
        break;
    default:
        sql_int(q, v->value);
    }
}

static void put_list(struct sql *q, const struct filter_condition *c)
{
    sql_put(q, "(");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? ", " : "");
        put_one(q, c, &c->values[i]);
    }
    sql_put(q, ")");
}

static void put_equal(struct sql *q, const struct filter_condition *c,
                      const struct filter_column *column)
{
    sql_put(q, column->sql);
    if (c->field->kind == FILTER_ID) {
        sql_put(q, " IN ");
        sql_keys(q, c, column->id_kind); /* IN (NULL) is not true */
    } else if (c->n == 1) {
        sql_put(q, " = ");
        put_one(q, c, &c->values[0]);
    } else {
        sql_put(q, " IN ");
        put_list(q, c);
    }
}

/* By functions that compare bytes: LIKE does not care for case. */
static void put_substring(struct sql *q, enum filter_op op, const char *expression, struct str text)
{
    if (text.len == 0) { /* a part of every text */
        sql_put(q, expression);
        sql_put(q, " IS NOT NULL");
    } else if (op == FILTER_CONTAINS) {
        sql_put(q, q->db->driver->instr);
        sql_put(q, expression);
        sql_put(q, ", ");
        sql_str(q, text);
        sql_put(q, ") > 0");
    } else {
        sql_put(q, op == FILTER_STARTS_WITH ? "substr(" : q->db->driver->ends_with);
        sql_put(q, expression);
        sql_put(q, op == FILTER_STARTS_WITH    ? ", 1, length("
                   : q->db->driver->ends_minus ? ", -length("
                                               : ", length(");
        sql_str(q, text);
        sql_put(q, ")) = ");
        sql_str(q, text);
    }
}

static void put_substrings(struct sql *q, const struct filter_condition *c, enum filter_op op,
                           const struct filter_column *column)
{
    sql_put(q, "(");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? " OR " : "");
        put_substring(q, op, column->sql, c->values[i].text);
    }
    sql_put(q, ")");
}

/* Of times, "more than" means further back. */
static void put_comparison(struct sql *q, const struct filter_condition *c, enum filter_op op,
                           const struct filter_column *column, int64_t now_ms)
{
    static const char *const signs[FILTER_OP_COUNT] = {
        [FILTER_MORE_THAN] = " > ",
        [FILTER_LESS_THAN] = " < ",
        [FILTER_MORE_THAN_EQUAL] = " >= ",
        [FILTER_LESS_THAN_EQUAL] = " <= ",
        [FILTER_AFTER] = " > ",
        [FILTER_BEFORE] = " < ",
    };
    const bool ago =
        c->field->kind == FILTER_TIME && (op == FILTER_MORE_THAN || op == FILTER_LESS_THAN);
    sql_put(q, "(");
    sql_put(q, column->sql);
    if (ago)
        op = op == FILTER_MORE_THAN ? FILTER_BEFORE : FILTER_AFTER;
    sql_put(q, signs[op]);
    put_one(q, c, &c->values[0]);
    if (ago && op == FILTER_AFTER) {
        sql_put(q, " AND ");
        sql_put(q, column->sql);
        sql_put(q, " <= ");
        sql_int(q, now_ms);
    }
    sql_put(q, ")");
}

static void put_positive(struct sql *q, const struct filter_condition *c, enum filter_op op,
                         const struct filter_column *column, int64_t now_ms)
{
    if (column->put != NULL && column->put(q, c, op, now_ms))
        return;
    switch (op) {
    case FILTER_IS:
    case FILTER_IN:
        put_equal(q, c, column);
        break;
    case FILTER_CONTAINS:
    case FILTER_STARTS_WITH:
    case FILTER_ENDS_WITH:
        put_substrings(q, c, op, column);
        break;
    case FILTER_HAS_VALUE:
    case FILTER_IS_UNKNOWN:
        sql_put(q, column->sql);
        sql_put(q, op == FILTER_HAS_VALUE ? " IS NOT NULL" : " IS NULL");
        break;
    default:
        put_comparison(q, c, op, column, now_ms);
    }
}

static void put_condition(struct sql *q, const struct filter_condition *c,
                          const struct filter_column *column, int64_t now_ms)
{
    enum filter_op op;
    if (c->field->kind == FILTER_OBJECT || c->field->kind == FILTER_ANYTHING) {
        q->db->driver->put_json_match(q, c, column->sql);
        return;
    }
    const bool negates = filter_op_negates(c->op, &op);
    sql_put(q, negates ? "NOT coalesce(" : "");
    put_positive(q, c, op, column, now_ms);
    sql_put(q, negates ? ", FALSE)" : "");
}

/* A field of public ids is asked for something that is none. */
static bool is_hopeless(const struct sql *q, const struct filter_condition *c,
                        const struct filter_column *column)
{
    return c->field->kind == FILTER_ID && column->put == NULL &&
           (c->op == FILTER_IS || c->op == FILTER_IN) && sql_count_keys(q, c, column->id_kind) == 0;
}

static struct filter_column column_of(const struct sql *q, const struct filter_column *column)
{
    struct filter_column c = *column;
    if (c.sql == NULL)
        c.sql = *(const char *const *)(const void *)((const char *)q->db->driver + c.of_driver);
    return c;
}

/* What no row can meet is left out of an OR: SQLite would not, and look at every row instead of the
 * few that an index gives for the other conditions. */
static void put_conditions(struct sql *q, const struct filter *f,
                           const struct filter_column *columns)
{
    const char *between = "(";
    for (const struct filter_condition *c = f->first; c != NULL; c = c->next) {
        const struct filter_column column = column_of(q, &columns[c->field->id]);
        if (f->any && is_hopeless(q, c, &column))
            continue;
        sql_put(q, between);
        put_condition(q, c, &column, f->now_ms);
        between = f->any ? " OR " : " AND ";
    }
    sql_put(q, between[0] == '(' ? "(0)" : ")");
}

void sql_and_filter(struct sql *q, const struct filter *f, const struct filter_column *columns)
{
    for (; f != NULL; f = f->and) {
        sql_put(q, f->n > 0 ? " AND " : "");
        if (f->n > 0)
            put_conditions(q, f, columns);
    }
}

void sql_filter(struct sql *q, const struct filter *f, const struct filter_column *columns)
{
    sql_put(q, "(TRUE");
    sql_and_filter(q, f, columns);
    sql_put(q, ")");
}

/* ---- what vouchers and campaigns have in common ---- */

/* Which categories have the name is asked once, not for each row. */
bool filter_put_category(struct sql *q, const struct filter_condition *c, enum filter_op op,
                         int64_t now_ms)
{
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    sql_put(q, "(");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? " OR category = " : "category = ");
        sql_str(q, c->values[i].text);
        sql_put(q, " OR category_id IN (SELECT id FROM categories WHERE project_id = ");
        sql_int(q, q->project_id);
        sql_put(q, " AND name = ");
        sql_str(q, c->values[i].text);
        sql_put(q, ")");
    }
    sql_put(q, ")");
    return true;
}

bool filter_put_state(struct sql *q, const struct filter_condition *c, enum filter_op op,
                      int64_t now_ms)
{
    (void)c;
    switch (op) {
    case FILTER_ENABLED:
        sql_put(q, "active = 1");
        return true;
    case FILTER_DISABLED:
        sql_put(q, "active = 0");
        return true;
    case FILTER_EXPIRED:
        sql_put(q, "expiration_ms < ");
        sql_int(q, now_ms);
        return true;
    case FILTER_BEFORE_START:
        sql_put(q, "start_ms > ");
        sql_int(q, now_ms);
        return true;
    case FILTER_ACTIVE:
        sql_put(q, "(active = 1 AND coalesce(start_ms <= ");
        sql_int(q, now_ms);
        sql_put(q, ", TRUE) AND coalesce(expiration_ms >= ");
        sql_int(q, now_ms);
        sql_put(q, ", TRUE))");
        return true;
    default:
        return false;
    }
}

/* ---- lists ---- */

int list_reader_take(struct sql_store *s, int64_t time_ms, struct db **out, struct err *err)
{
    struct db *db = *out = reader_take(s);
    if (time_ms == 0)
        return 0;
    return db->driver->limit_time(db, time_monotonic_us() + time_ms * 1000, err);
}

int list_reader_give(struct sql_store *s, struct db *db, int64_t time_ms, int rc, struct err *err)
{
    struct err ignored;
    if (time_ms > 0 && db->driver->limit_time(db, 0, rc < 0 ? &ignored : err) < 0)
        rc = -1;
    reader_give(s, db);
    return rc;
}
