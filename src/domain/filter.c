/* SPDX-License-Identifier: MIT */
/* filter.c - see filter.h. */
#include "domain/filter.h"

#include <assert.h>

#include "base/time_iso.h"

#define DAY_MS   INT64_C(86400000)
#define DAYS_MAX 1000000 /* more lie outside of the years that a time can have */

/* ---- conditions ---- */

static const struct {
    const char *name;
    enum filter_takes takes;
} ops[FILTER_OP_COUNT] = {
    [FILTER_IS] = { "$is", FILTER_TAKES_ONE },
    [FILTER_IS_NOT] = { "$is_not", FILTER_TAKES_ONE },
    [FILTER_IN] = { "$in", FILTER_TAKES_SOME },
    [FILTER_NOT_IN] = { "$not_in", FILTER_TAKES_SOME },
    [FILTER_CONTAINS] = { "$contains", FILTER_TAKES_SOME },
    [FILTER_NOT_CONTAIN] = { "$not_contain", FILTER_TAKES_SOME },
    [FILTER_STARTS_WITH] = { "$starts_with", FILTER_TAKES_SOME },
    [FILTER_ENDS_WITH] = { "$ends_with", FILTER_TAKES_SOME },
    [FILTER_HAS_VALUE] = { "$has_value", FILTER_TAKES_NONE },
    [FILTER_IS_UNKNOWN] = { "$is_unknown", FILTER_TAKES_NONE },
    [FILTER_MORE_THAN] = { "$more_than", FILTER_TAKES_ONE },
    [FILTER_LESS_THAN] = { "$less_than", FILTER_TAKES_ONE },
    [FILTER_MORE_THAN_EQUAL] = { "$more_than_equal", FILTER_TAKES_ONE },
    [FILTER_LESS_THAN_EQUAL] = { "$less_than_equal", FILTER_TAKES_ONE },
    [FILTER_AFTER] = { "$after", FILTER_TAKES_ONE },
    [FILTER_BEFORE] = { "$before", FILTER_TAKES_ONE },
    [FILTER_ACTIVE] = { "$active", FILTER_TAKES_NONE },
    [FILTER_ENABLED] = { "$enabled", FILTER_TAKES_NONE },
    [FILTER_DISABLED] = { "$disabled", FILTER_TAKES_NONE },
    [FILTER_EXPIRED] = { "$expired", FILTER_TAKES_NONE },
    [FILTER_FAILED] = { "$failed", FILTER_TAKES_NONE },
    [FILTER_IN_PROGRESS] = { "$in_progress", FILTER_TAKES_NONE },
    [FILTER_BEFORE_START] = { "$before_start", FILTER_TAKES_NONE },
};

#define OP(op)    (1u << FILTER_##op)
#define PRESENCE  (OP(HAS_VALUE) | OP(IS_UNKNOWN))
#define EQUALITY  (OP(IS) | OP(IS_NOT) | OP(IN) | OP(NOT_IN) | PRESENCE)
#define SUBSTRING (OP(CONTAINS) | OP(NOT_CONTAIN) | OP(STARTS_WITH) | OP(ENDS_WITH))
#define AMOUNT    (OP(MORE_THAN) | OP(LESS_THAN))
#define AMOUNT_EQ (OP(MORE_THAN_EQUAL) | OP(LESS_THAN_EQUAL))
#define MOMENT    (OP(AFTER) | OP(BEFORE))
#define STATE     (OP(ACTIVE) | OP(ENABLED) | OP(DISABLED) | OP(EXPIRED))
#define PROGRESS  (OP(ACTIVE) | OP(FAILED) | OP(IN_PROGRESS) | OP(EXPIRED) | OP(BEFORE_START))

/* Which conditions fit which kind of field, as bits. */
static const uint32_t fitting[FILTER_KIND_COUNT] = {
    [FILTER_TEXT] = EQUALITY | SUBSTRING,
    [FILTER_ID] = EQUALITY,
    [FILTER_NUMBER] = EQUALITY | AMOUNT | AMOUNT_EQ,
    [FILTER_TIME] = EQUALITY | AMOUNT | MOMENT,
    [FILTER_BOOL] = EQUALITY,
    [FILTER_STATE] = EQUALITY | STATE,
    [FILTER_PROGRESS] = PROGRESS,
    [FILTER_CHOICE] = EQUALITY,
    [FILTER_OBJECT] = PRESENCE,
    [FILTER_ANYTHING] = EQUALITY | SUBSTRING | AMOUNT | AMOUNT_EQ | MOMENT,
};

/* Every name that the API's validator knows, supported here or not. */
#define API_CONDITIONS                                                                             \
    "$in, $not_in, $in_location, $not_in_location, $is, $is_days_ago, $is_days_in_future, "        \
    "$is_not, $has_value, $is_unknown, $contains, $not_contain, $starts_with, $ends_with, "        \
    "$more_than, $less_than, $more_than_ago, $less_than_ago, $more_than_future, "                  \
    "$less_than_future, $more_than_equal, $less_than_equal, $after, $before, $count, "             \
    "$count_less, $count_more, $today, $tomorrow, $yesterday, $this_week, $last_week, "            \
    "$next_week, $this_month, $last_month, $next_month, $this_year, $next_year, $last_year, "      \
    "$is_day_of_month, $is_day, $is_month, $is_year, $today_md, $tomorrow_md, $yesterday_md, "     \
    "$this_week_md, $last_week_md, $next_week_md, $this_month_md, $last_month_md, "                \
    "$next_month_md, $is_days_ago_md, $is_more_days_ago_md, $is_less_days_ago_md, "                \
    "$is_days_in_future_md, $is_more_days_in_future_md, $is_less_days_in_future_md, "              \
    "$is_years_ago, $active, $failed, $in_progress, $expired, $before_start, $enabled, "           \
    "$disabled, $redeemed, $redeemable"

const char filter_malformed_text[] =
    "should match either `filters[${field}][conditions][${condition}][${index}]` or "
    "`filters[${field}][conditions][${condition}]` format and condition must be one "
    "of: " API_CONDITIONS;

static bool api_knows(struct str name)
{
    struct str rest = STR(API_CONDITIONS);
    while (rest.p != NULL) {
        if (str_eq(str_trim(str_cut(rest, ',', &rest)), name))
            return true;
    }
    return false;
}

const char *filter_op_name(enum filter_kind kind, enum filter_op op, enum filter_takes *takes)
{
    *takes = ops[op].takes;
    return (fitting[kind] >> op & 1) != 0 ? ops[op].name : NULL;
}

bool filter_op_negates(enum filter_op op, enum filter_op *positive)
{
    static const enum filter_op opposite[FILTER_OP_COUNT] = {
        [FILTER_IS_NOT] = FILTER_IS,
        [FILTER_NOT_IN] = FILTER_IN,
        [FILTER_NOT_CONTAIN] = FILTER_CONTAINS,
    };
    const bool negates = op == FILTER_IS_NOT || op == FILTER_NOT_IN || op == FILTER_NOT_CONTAIN;
    *positive = negates ? opposite[op] : op;
    return negates;
}

/* ---- values ---- */

static const char *read_text(const struct filter_field *f, struct filter_value *v)
{
    (void)f;
    v->is_number = num_parse(v->text, &v->number);
    return NULL;
}

static const char *read_number(const struct filter_field *f, struct filter_value *v)
{
    (void)f;
    v->is_number = num_parse(v->text, &v->number);
    return v->is_number ? NULL : "must be number";
}

static const char *read_time(const struct filter_field *f, struct filter_value *v)
{
    (void)f;
    return time_iso_parse(v->text, &v->value) ? NULL
                                              : "cannot be recognized as a ISO-8601 compliant date";
}

static const char *read_bool(const struct filter_field *f, struct filter_value *v)
{
    (void)f;
    v->value = str_eq_nocase(v->text, STR("true"));
    return v->value != 0 || str_eq_nocase(v->text, STR("false")) ? NULL : "must be boolean";
}

static const char *read_choice(const struct filter_field *f, struct filter_value *v)
{
    for (v->value = 0; f->names[v->value] != NULL; v->value++) {
        if (str_eq_nocase(v->text, str_of(f->names[v->value])))
            return NULL;
    }
    return "must be equal to one of the allowed values";
}

/* NULL, or what is wrong with the value, as the end of a sentence. */
typedef const char *value_reader(const struct filter_field *f, struct filter_value *v);

static value_reader *const readers[FILTER_KIND_COUNT] = {
    [FILTER_TEXT] = read_text,     [FILTER_ID] = read_text,       [FILTER_NUMBER] = read_number,
    [FILTER_TIME] = read_time,     [FILTER_BOOL] = read_bool,     [FILTER_STATE] = read_bool,
    [FILTER_CHOICE] = read_choice, [FILTER_ANYTHING] = read_text,
};

/* "More than 3" of a time is days ago; of a JSON value the condition says what it is compared as.
 */
static value_reader *reader_of(const struct filter_field *f, enum filter_op op)
{
    const uint32_t bit = 1u << op;
    if ((bit & (AMOUNT | AMOUNT_EQ)) != 0)
        return read_number;
    if ((bit & MOMENT) != 0)
        return read_time;
    return readers[f->kind];
}

static const char *read_days_ago(struct filter_value *v, int64_t now_ms)
{
    if (!v->number.is_int || v->number.i < -DAYS_MAX || v->number.i > DAYS_MAX)
        return "must be integer";
    v->value = now_ms - v->number.i * DAY_MS;
    return NULL;
}

static const char *read_value(const struct filter *f, const struct filter_condition *c,
                              struct filter_value *v)
{
    if (str_utf8_invalid_at(v->text) != v->text.len ||
        (v->text.len > 0 && memchr(v->text.p, '\0', v->text.len) != NULL))
        return "must be UTF-8 text without NUL";
    const char *wrong = reader_of(c->field, c->op)(c->field, v);
    if (wrong == NULL && c->field->kind == FILTER_TIME && (1u << c->op & AMOUNT) != 0)
        return read_days_ago(v, f->now_ms);
    return wrong;
}

/* ---- reading ---- */

void filter_init(struct filter *f, int64_t now_ms)
{
    *f = (struct filter){ .now_ms = now_ms, .end = &f->first };
}

static const struct filter_field *find_field(const struct filter_fields *fields, struct str name,
                                             struct str *key)
{
    for (size_t i = 0; i < fields->n; i++) {
        const struct filter_field *f = &fields->rows[i];
        const struct str row = str_of(f->name);
        const bool open = row.p[row.len - 1] == '.';
        if (open ? name.len > row.len && str_starts_with(name, row) : str_eq(name, row)) {
            *key = open ? (struct str){ name.p + row.len, name.len - row.len } : str_of(f->key);
            return f;
        }
    }
    return NULL;
}

static enum filter_op find_op(struct str name)
{
    size_t op = 0;
    if (str_is(name, "before_start")) /* as the API's list of campaign filters spells it */
        return FILTER_BEFORE_START;
    while (op < FILTER_OP_COUNT && !str_is(name, ops[op].name))
        op++;
    return (enum filter_op)op;
}

/* The names of the conditions that fit a field of this kind. */
static int refuse_op(struct filter_reader *r, const struct filter_field *f, struct str field,
                     struct str op, struct err *err)
{
    struct buf names;
    buf_init(&names, KIB);
    for (size_t i = 0; i < FILTER_OP_COUNT; i++) {
        if ((fitting[f->kind] & 1u << i) != 0)
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", ops[i].name);
    }
    err_set(err, r->code,
            "Property %s.%.*s.conditions.%.*s is not supported, condition must be one of: %.*s",
            r->path, STR_FMT(field), STR_FMT(op), STR_FMT(buf_str(&names)));
    buf_release(&names);
    r->malformed = !api_knows(op);
    return -1;
}

static int refuse_value(const struct filter_reader *r, struct str field, enum filter_op op,
                        const char *what, struct err *err)
{
    if (r->plain)
        return err_set(err, r->code, "Property %s.%.*s %s", r->path, STR_FMT(field), what);
    return err_set(err, r->code, "Property %s.%.*s.conditions.%s %s", r->path, STR_FMT(field),
                   ops[op].name, what);
}

static int refuse_choice(const struct filter_reader *r, const struct filter_field *f,
                         struct str field, enum filter_op op, struct err *err)
{
    struct buf what;
    buf_init(&what, KIB);
    buf_puts(&what, STR("must be equal to one of the allowed values [ "));
    for (size_t i = 0; f->names[i] != NULL; i++)
        buf_printf(&what, "%s%s", i > 0 ? ", " : "", f->names[i]);
    buf_puts(&what, STR(" ]"));
    buf_putc(&what, '\0');
    refuse_value(r, field, op, buf_str(&what).p, err);
    buf_release(&what);
    return -1;
}

/* How many values there may be. "$has_value" and its like take an empty one, `true` or `{}`: a
 * "false" would say the opposite of what the condition does. */
static const char *check_count(enum filter_op op, const struct str *values, size_t n)
{
    if (ops[op].takes == FILTER_TAKES_ONE && n != 1)
        return "must have exactly one value";
    if (ops[op].takes == FILTER_TAKES_SOME && n == 0)
        return "must have at least one value";
    for (size_t i = 0; ops[op].takes == FILTER_TAKES_NONE && i < n; i++) {
        if (values[i].len > 0 && !str_is(values[i], "{}") && !str_eq_nocase(values[i], STR("true")))
            return "must be empty or true";
    }
    return NULL;
}

static int read_values(struct filter_reader *r, const struct filter *f, struct filter_condition *c,
                       struct str field, const struct str *values, struct err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        c->values[i] = (struct filter_value){ .text = values[i] };
        const char *wrong = read_value(f, c, &c->values[i]);
        if (wrong != NULL && c->field->kind == FILTER_CHOICE)
            return refuse_choice(r, c->field, field, c->op, err);
        if (wrong != NULL)
            return refuse_value(r, field, c->op, wrong, err);
    }
    return 0;
}

static int add(struct filter_reader *r, struct filter *f, const struct filter_condition *wanted,
               struct str field, const struct str *values, size_t n, struct err *err)
{
    const size_t taken = ops[wanted->op].takes == FILTER_TAKES_NONE ? 0 : n;
    if (f->n == FILTER_CONDITIONS_MAX || f->n_values + taken > FILTER_VALUES_MAX)
        return err_set(err, r->code,
                       "Property %s must NOT have more than %d conditions or %d values", r->path,
                       FILTER_CONDITIONS_MAX, FILTER_VALUES_MAX);
    struct filter_condition *c = arena_alloc(r->arena, sizeof(*c));
    struct filter_value *kept = arena_alloc(r->arena, (taken + 1) * sizeof(*kept));
    if (c == NULL || kept == NULL)
        return err_nomem(err);
    *c = *wanted;
    c->values = kept;
    c->n = taken;
    if (read_values(r, f, c, field, values, err) < 0)
        return -1;
    *f->end = c;
    f->end = &c->next;
    f->n++;
    f->n_values += taken;
    return 0;
}

int filter_add(struct filter_reader *r, struct filter *f, struct str field, struct str op,
               const struct str *values, size_t n, struct err *err)
{
    struct filter_condition c = { .op = find_op(op) };
    c.field = find_field(r->fields, field, &c.key);
    if (c.field == NULL)
        return err_set(err, r->code, "Property %s.%.*s is not supported", r->path, STR_FMT(field));
    if (c.op == FILTER_OP_COUNT || (fitting[c.field->kind] & 1u << c.op) == 0)
        return refuse_op(r, c.field, field, op, err);
    const char *wrong = check_count(c.op, values, n);
    if (wrong != NULL)
        return refuse_value(r, field, c.op, wrong, err);
    return add(r, f, &c, field, values, n, err);
}

int filter_add_known(struct filter_reader *r, struct filter *f, int field_id, enum filter_op op,
                     const char *name, const struct str *values, size_t n, struct err *err)
{
    const struct filter_field *field = r->fields->rows;
    while (field->id != field_id) {
        field++;
        assert(field < r->fields->rows + r->fields->n);
    }
    const struct filter_condition c = { .op = op, .field = field };
    return add(r, f, &c, str_of(name), values, n, err);
}

int filter_set_junction(struct filter_reader *r, struct filter *f, struct str text, struct err *err)
{
    f->any = str_eq_nocase(text, STR("or"));
    if (f->any || str_eq_nocase(text, STR("and")))
        return 0;
    return err_set(err, r->code,
                   "Property %s.junction must be equal to one of the allowed values [ and, or ]",
                   r->path);
}

/* ---- reading JSON ---- */

static int refuse_shape(struct filter_reader *r, struct err *err)
{
    r->malformed = true;
    return err_set(err, r->code, "Property %s %s", r->path, filter_malformed_text);
}

/* A value as text, whatever it is: `1`, `"1"` and `true` mean what they mean in a query. */
static bool scalar_text(const struct json *v, struct str *out)
{
    static const struct str names[] = {
        [JSON_FALSE] = STR_INIT("false"), [JSON_TRUE] = STR_INIT("true")
    };
    if (v->type == JSON_ARRAY || v->type == JSON_OBJECT || v->type == JSON_NULL)
        return false;
    *out = v->type == JSON_STRING || v->type == JSON_NUMBER ? v->text : names[v->type];
    return true;
}

static int add_json_list(struct filter_reader *r, struct filter *f, struct str field,
                         const struct json *list, struct err *err)
{
    size_t n = 0, i = 0;
    for (const struct json *v = list->child; v != NULL; v = v->next)
        n++;
    struct str *texts = arena_alloc(r->arena, (n + 1) * sizeof(*texts));
    if (texts == NULL)
        return err_nomem(err);
    for (const struct json *v = list->child; v != NULL; v = v->next) {
        if (!scalar_text(v, &texts[i++]))
            return refuse_shape(r, err);
    }
    return filter_add(r, f, field, list->key, texts, n, err);
}

/* `"$op": value`. */
static int add_json(struct filter_reader *r, struct filter *f, struct str field,
                    const struct json *op, struct err *err)
{
    struct str text = STR("");
    const bool empty = op->type == JSON_OBJECT && op->child == NULL;
    if (op->type == JSON_ARRAY)
        return add_json_list(r, f, field, op, err);
    if (!empty && !scalar_text(op, &text))
        return refuse_shape(r, err);
    return filter_add(r, f, field, op->key, empty ? &(struct str)STR_INIT("{}") : &text, 1, err);
}

/* `"field": { "conditions": { … } }`. */
static int add_json_field(struct filter_reader *r, struct filter *f, const struct json *field,
                          struct err *err)
{
    const struct json *conditions = json_member(field, "conditions");
    struct str key;
    if (find_field(r->fields, field->key, &key) == NULL)
        return err_set(err, r->code, "Property %s.%.*s is not supported", r->path,
                       STR_FMT(field->key));
    if (conditions == NULL || conditions->type != JSON_OBJECT || conditions->child == NULL ||
        field->child->next != NULL)
        return refuse_shape(r, err);
    for (const struct json *op = conditions->child; op != NULL; op = op->next) {
        if (add_json(r, f, field->key, op, err) < 0)
            return -1;
    }
    return 0;
}

int filter_from_json(struct filter_reader *r, struct filter *f, const struct json *object,
                     struct err *err)
{
    if (object->type != JSON_OBJECT)
        return refuse_shape(r, err);
    for (const struct json *m = object->child; m != NULL; m = m->next) {
        const bool junction = str_is(m->key, "junction");
        const struct str word = m->type == JSON_STRING ? m->text : STR("");
        if ((junction ? filter_set_junction(r, f, word, err) : add_json_field(r, f, m, err)) < 0)
            return -1;
    }
    return 0;
}

/* ---- JSON values ---- */

static struct str text_of(const struct json *v)
{
    struct str text = { NULL, 0 };
    (void)scalar_text(v, &text); /* {NULL,0}: no text at all */
    return text;
}

static bool equals(const struct json *v, const struct filter_value *want)
{
    struct num n;
    if (str_eq(text_of(v), want->text))
        return true;
    return v->type == JSON_NUMBER && want->is_number && num_parse(v->text, &n) &&
           num_eq(n, want->number);
}

static bool contains(struct str s, struct str part)
{
    return part.len == 0 || (s.len >= part.len && memmem(s.p, s.len, part.p, part.len) != NULL);
}

static bool ends_with(struct str s, struct str end)
{
    return s.len >= end.len && str_eq((struct str){ s.p + (s.len - end.len), end.len }, end);
}

/* -1, 0, 1, or 2 when the value is no number. */
static int compare_number(const struct json *v, const struct filter_value *want)
{
    struct num n;
    if ((v->type != JSON_NUMBER && v->type != JSON_STRING) || !num_parse(v->text, &n))
        return 2;
    if (n.is_int && want->number.is_int)
        return (n.i > want->number.i) - (n.i < want->number.i);
    const double a = num_as_double(n), b = num_as_double(want->number);
    return (a > b) - (a < b);
}

/* The same of times. */
static int compare_time(const struct json *v, const struct filter_value *want)
{
    int64_t ms;
    if (v->type != JSON_STRING || !time_iso_parse(v->text, &ms))
        return 2;
    return (ms > want->value) - (ms < want->value);
}

/* What a comparison may come out as. */
static const struct {
    int least, most;
    bool of_times;
} comparisons[FILTER_OP_COUNT] = {
    [FILTER_MORE_THAN] = { 1, 1 },
    [FILTER_LESS_THAN] = { -1, -1 },
    [FILTER_MORE_THAN_EQUAL] = { 0, 1 },
    [FILTER_LESS_THAN_EQUAL] = { -1, 0 },
    [FILTER_AFTER] = { 1, 1, .of_times = true },
    [FILTER_BEFORE] = { -1, -1, .of_times = true },
};

/* One element and one value; op is no negation. */
static bool element_meets(const struct json *v, enum filter_op op, const struct filter_value *want)
{
    int order;
    switch (op) {
    case FILTER_IS:
    case FILTER_IN:
        return equals(v, want);
    case FILTER_CONTAINS:
        return contains(text_of(v), want->text);
    case FILTER_STARTS_WITH:
        return str_starts_with(text_of(v), want->text);
    case FILTER_ENDS_WITH:
        return ends_with(text_of(v), want->text);
    default:
        order = comparisons[op].of_times ? compare_time(v, want) : compare_number(v, want);
        return order >= comparisons[op].least && order <= comparisons[op].most;
    }
}

static bool any_value_meets(const struct json *v, enum filter_op op,
                            const struct filter_condition *c)
{
    if (text_of(v).p == NULL)
        return false; /* null, or a list or object inside a list */
    for (size_t i = 0; i < c->n; i++) {
        if (element_meets(v, op, &c->values[i]))
            return true;
    }
    return false;
}

static const struct json *find_member(const struct json *object, struct str key)
{
    const struct json *m = object != NULL && object->type == JSON_OBJECT ? object->child : NULL;
    while (m != NULL && !str_eq(m->key, key))
        m = m->next;
    return m;
}

bool filter_matches_json(const struct filter_condition *c, const struct json *object)
{
    const struct json *v = find_member(object, c->key);
    const bool known = v != NULL && v->type != JSON_NULL;
    enum filter_op op;
    bool met = false;
    if (c->op == FILTER_HAS_VALUE || c->op == FILTER_IS_UNKNOWN)
        return known == (c->op == FILTER_HAS_VALUE);
    const bool negates = filter_op_negates(c->op, &op);
    if (known && v->type == JSON_ARRAY) {
        for (const struct json *e = v->child; e != NULL && !met; e = e->next)
            met = any_value_meets(e, op, c);
    } else if (known) {
        met = any_value_meets(v, op, c);
    }
    return met != negates;
}
