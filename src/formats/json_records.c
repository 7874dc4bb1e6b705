/* SPDX-License-Identifier: MIT */
/*
 * json_records.c - see json_records.h.
 *
 * Two automata take turns. Between values a table says for each place which byte leads where. In a
 * value only its end is looked for: the closing quote, the bracket that closes as many as were
 * opened, or what can not belong to a number or a word. Whether it is JSON is json_parse()'s
 * business.
 */
#include <assert.h>

#include "formats/json_records.h"

#define ARENA_BLOCK_BYTES (4 * KIB)
#define ARENA_KEEP_BYTES  (64 * KIB)
#define HELD_KEEP_BYTES   (64 * KIB) /* more is given back behind the value that needed it */

static const char mark[] = "\xEF\xBB\xBF";
#define MARK_BYTES (sizeof(mark) - 1)

/* What may stand at a place, and where that leads; JSON_RECORDS_NOWHERE: it may not. */
struct rule {
    enum json_records_place value, comma, colon;
    char close; /* this bracket; where it leads: close_place() */
};

static const struct rule rules[] = {
    [JSON_RECORDS_TEXT] = { .value = JSON_RECORDS_BEHIND },
    [JSON_RECORDS_FIRST_RECORD] = { .value = JSON_RECORDS_AFTER_RECORD, .close = ']' },
    [JSON_RECORDS_RECORD] = { .value = JSON_RECORDS_AFTER_RECORD },
    [JSON_RECORDS_AFTER_RECORD] = { .comma = JSON_RECORDS_RECORD, .close = ']' },
    [JSON_RECORDS_FIRST_KEY] = { .value = JSON_RECORDS_AFTER_KEY, .close = '}' },
    [JSON_RECORDS_KEY] = { .value = JSON_RECORDS_AFTER_KEY },
    [JSON_RECORDS_AFTER_KEY] = { .colon = JSON_RECORDS_MEMBER },
    [JSON_RECORDS_MEMBER] = { .value = JSON_RECORDS_AFTER_MEMBER },
    [JSON_RECORDS_AFTER_MEMBER] = { .comma = JSON_RECORDS_KEY, .close = '}' },
    [JSON_RECORDS_BEHIND] = { .close = '\0' },
};
static_assert(ARRAY_LEN(rules) == JSON_RECORDS_PLACE_COUNT, "every place has a row");

void json_records_init(struct json_records *r, const struct json_records_shape *shape,
                       const struct json_records_sink *sink, void *arg)
{
    *r = (struct json_records){
        .shape = shape, .sink = sink, .arg = arg, .place = JSON_RECORDS_TEXT
    };
    arena_init(&r->arena, ARENA_BLOCK_BYTES, ARENA_KEEP_BYTES);
    buf_init(&r->held, JSON_RECORD_MAX_BYTES);
}

void json_records_release(struct json_records *r)
{
    arena_release(&r->arena);
    buf_release(&r->held);
}

bool json_records_is_empty(const struct json_records *r)
{
    return r->place == JSON_RECORDS_TEXT && !r->in_value && (r->bom == 0 || r->bom == MARK_BYTES);
}

/* ---- what is wrong ---- */

static int syntax(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID_JSON, "%s", what);
}

/* Good JSON, but not what was asked for: the first such error is the answer, unless worse comes. */
static void keep_refusal(struct json_records *r, const struct err *why)
{
    if (!r->refused)
        r->why = *why;
    r->refused = true;
}

static int wrong_text(const struct json_records *r, struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be %s",
                   r->shape->member != NULL ? "object" : "array");
}

/* "." and the member's name; nothing when the text itself is the array. */
static const char *dot(const struct json_records *r)
{
    return r->shape->member != NULL ? "." : "";
}

static const char *name(const struct json_records *r)
{
    return r->shape->member != NULL ? r->shape->member : "";
}

static int too_long(const struct json_records *r, int64_t index, struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "Property %s%s[%lld] must NOT be longer than %zu bytes", dot(r), name(r),
                   (long long)index, JSON_RECORD_MAX_BYTES);
}

/* A value has more bytes than are held of one. */
static int refuse_long(const struct json_records *r, struct err *err)
{
    if (r->place == JSON_RECORDS_FIRST_RECORD || r->place == JSON_RECORDS_RECORD)
        return too_long(r, r->index, err);
    if (r->place == JSON_RECORDS_TEXT)
        return wrong_text(r, err);
    if (r->place == JSON_RECORDS_MEMBER && r->key == JSON_RECORDS_ALSO)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must NOT be longer than %zu bytes",
                       r->shape->also, JSON_RECORD_MAX_BYTES);
    return err_set(err, ERR_INVALID_PAYLOAD, "Payload must NOT have members of more than %zu bytes",
                   JSON_RECORD_MAX_BYTES);
}

/* ---- values ---- */

static const char *type_name(enum json_type type)
{
    return type == JSON_STRING ? "string" : "object";
}

static int take_record(struct json_records *r, const struct json *record, struct err *err)
{
    const int64_t index = r->index++;
    if (r->refused)
        return 0;
    if (record->type != r->shape->record_type)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s[%lld] must be %s", dot(r), name(r),
                       (long long)index, type_name(r->shape->record_type));
    return r->sink->record(r->arg, index, record, err);
}

static int take_key(struct json_records *r, const struct json *key, struct err *err)
{
    if (key->type != JSON_STRING)
        return syntax(err, "a key must be a text");
    r->key = JSON_RECORDS_OTHER;
    if (str_is(key->text, name(r)))
        r->key = JSON_RECORDS_NAMED;
    else if (r->shape->also != NULL && str_is(key->text, r->shape->also))
        r->key = JSON_RECORDS_ALSO;
    return 0;
}

/* The named member comes here only when it is no array. */
static int take_member(struct json_records *r, const struct json *value, struct err *err)
{
    if (r->key == JSON_RECORDS_NAMED)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must be array", name(r));
    if (r->key == JSON_RECORDS_ALSO && !r->refused)
        return r->sink->also(r->arg, value, err);
    return 0;
}

static int take_value(struct json_records *r, const struct json *value, struct err *err)
{
    switch (r->place) {
    case JSON_RECORDS_FIRST_RECORD:
    case JSON_RECORDS_RECORD:
        return take_record(r, value, err);
    case JSON_RECORDS_FIRST_KEY:
    case JSON_RECORDS_KEY:
        return take_key(r, value, err);
    case JSON_RECORDS_MEMBER:
        return take_member(r, value, err);
    default: /* the whole text is a value of another kind */
        return wrong_text(r, err);
    }
}

/* The value is complete. */
static int end_value(struct json_records *r, struct str text, struct err *err)
{
    struct json *value;
    if (text.len > JSON_RECORD_MAX_BYTES)
        return refuse_long(r, err);
    if (json_parse(&r->arena, text, &value, err) < 0)
        return -1;
    if (take_value(r, value, err) < 0) {
        if (err->code != ERR_INVALID_PAYLOAD)
            return -1;
        keep_refusal(r, err);
    }
    r->place = rules[r->place].value;
    r->in_value = false;
    arena_reset(&r->arena);
    if (r->held.cap > HELD_KEEP_BYTES)
        buf_release(&r->held);
    buf_reset(&r->held);
    return 0;
}

static int hold(struct json_records *r, struct str piece, struct err *err)
{
    buf_puts(&r->held, piece);
    return r->held.too_large ? refuse_long(r, err) : buf_ok(&r->held, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_scalar(const char *p, const char *end)
{
    while (p < end && !is_blank(*p) && *p != ',' && *p != ':' && *p != ']' && *p != '}')
        p++;
    return p;
}

/* In a text: up to its closing quote, or the end of the piece. */
static const char *skip_text(struct json_records *r, const char *p, const char *end)
{
    for (; p < end; p++) {
        if (r->escaped) {
            r->escaped = false;
        } else if (*p == '\\') {
            r->escaped = true;
        } else if (*p == '"') {
            r->in_text = false;
            return p + 1;
        }
    }
    return p;
}

/* Behind a text, an array or an object; *done is false when the piece ends before. */
static const char *skip_nested(struct json_records *r, const char *p, const char *end, bool *done)
{
    while (p < end) {
        if (r->in_text) {
            p = skip_text(r, p, end);
        } else {
            r->in_text = *p == '"';
            r->depth += *p == '{' || *p == '[';
            r->depth -= *p == '}' || *p == ']';
            p++;
        }
        if (!r->in_text && r->depth == 0) {
            *done = true;
            return p;
        }
    }
    return p;
}

/* In a value, up to its end or the end of the piece; *p moves there. */
static int read_value(struct json_records *r, const char **p, const char *end, struct err *err)
{
    const char *from = *p;
    bool done = false;
    if (r->in_scalar) {
        *p = skip_scalar(from, end);
        done = *p < end;
    } else {
        *p = skip_nested(r, from, end, &done);
    }
    const struct str piece = { from, (size_t)(*p - from) };
    if (done && r->held.len == 0)
        return end_value(r, piece, err);
    if (hold(r, piece, err) < 0)
        return -1;
    return done ? end_value(r, buf_str(&r->held), err) : 0;
}

/* ---- between values ---- */

static int begin_value(struct json_records *r, char c, struct err *err)
{
    if (c == '\0' || strchr("\"{[-0123456789tfn", c) == NULL)
        return syntax(err, "not a value");
    r->in_value = true;
    r->in_scalar = c != '"' && c != '{' && c != '[';
    r->in_text = r->escaped = false;
    r->depth = 0;
    return 0;
}

/* Whether this byte opens the object with the records, or their array. */
static bool opens(const struct json_records *r, char c)
{
    if (r->place == JSON_RECORDS_TEXT)
        return c == (r->shape->member != NULL ? '{' : '[');
    return r->place == JSON_RECORDS_MEMBER && r->key == JSON_RECORDS_NAMED && c == '[';
}

static void open(struct json_records *r)
{
    struct err why = { 0 };
    if (r->place == JSON_RECORDS_TEXT && r->shape->member != NULL) {
        r->place = JSON_RECORDS_FIRST_KEY;
        return;
    }
    if (r->named) {
        err_set(&why, ERR_INVALID_PAYLOAD, "Property .%s must NOT be given twice", name(r));
        keep_refusal(r, &why);
    }
    r->place = JSON_RECORDS_FIRST_RECORD;
    r->named = true;
}

static enum json_records_place close_place(const struct json_records *r, char c)
{
    return c == ']' && r->shape->member != NULL ? JSON_RECORDS_AFTER_MEMBER : JSON_RECORDS_BEHIND;
}

/* A byte outside of any value, no blank. */
static int step(struct json_records *r, char c, struct err *err)
{
    const struct rule *rule = &rules[r->place];
    if (opens(r, c))
        open(r);
    else if (c == ',' && rule->comma != JSON_RECORDS_NOWHERE)
        r->place = rule->comma;
    else if (c == ':' && rule->colon != JSON_RECORDS_NOWHERE)
        r->place = rule->colon;
    else if (c == rule->close && c != '\0')
        r->place = close_place(r, c);
    else if (rule->value != JSON_RECORDS_NOWHERE)
        return begin_value(r, c, err);
    else
        return syntax(err, "expected something else");
    return 0;
}

/* The mark, if there is one, stands in front of everything. */
static int skip_mark(struct json_records *r, const char **p, const char *end, struct err *err)
{
    while (*p < end && r->bom < MARK_BYTES && **p == mark[r->bom]) {
        r->bom++;
        (*p)++;
    }
    if (*p < end && r->bom > 0 && r->bom < MARK_BYTES)
        return syntax(err, "not UTF-8");
    if (*p < end)
        r->bom = MARK_BYTES; /* or it is too late for one */
    return 0;
}

int json_records_feed(struct json_records *r, const char *data, size_t n, struct err *err)
{
    const char *p = data, *end = data + n;
    if (r->bom < MARK_BYTES && skip_mark(r, &p, end, err) < 0)
        return -1;
    while (p < end) {
        if (!r->in_value && !is_blank(*p) && step(r, *p, err) < 0)
            return -1;
        if (!r->in_value)
            p++;
        else if (read_value(r, &p, end, err) < 0)
            return -1;
    }
    return 0;
}

int json_records_end(struct json_records *r, struct err *err)
{
    if (r->in_value && r->in_scalar && r->place == JSON_RECORDS_TEXT &&
        end_value(r, buf_str(&r->held), err) < 0)
        return -1;
    if (r->place != JSON_RECORDS_BEHIND)
        return syntax(err, "the text is cut");
    if (!r->refused)
        return 0;
    *err = r->why;
    return -1;
}

int json_records_put(const struct json_records *r, int64_t index, const struct json *record,
                     struct buf *lines, struct err *err)
{
    const size_t before = lines->len;
    json_put_tree(&(struct json_out){ .b = lines }, record);
    buf_putc(lines, '\n');
    const bool long_line = lines->too_large || lines->len - before > JSON_RECORD_MAX_BYTES;
    if (lines->failed && !lines->too_large)
        return err_nomem(err);
    if (!long_line)
        return 0;
    buf_reset(lines);
    lines->len = before;
    return too_long(r, index, err);
}
