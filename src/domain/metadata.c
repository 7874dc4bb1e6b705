/* SPDX-License-Identifier: MIT */
/* metadata.c - see metadata.h. A scan over valid JSON: nothing is decoded. */
#include "domain/metadata.h"

#include "base/json.h"

struct scan {
    struct str text;
    size_t at;
};

static char here(const struct scan *s)
{
    return s->at < s->text.len ? s->text.p[s->at] : '\0';
}

static void skip_blanks(struct scan *s)
{
    while (here(s) == ' ' || here(s) == '\n' || here(s) == '\t' || here(s) == '\r')
        s->at++;
}

/* Behind the text that begins here with a quote. */
static void skip_text(struct scan *s)
{
    for (s->at++; s->at < s->text.len && here(s) != '"'; s->at++) {
        if (here(s) == '\\')
            s->at++;
    }
    s->at++;
}

/* Behind the value, before the comma or the brace that ends it. */
static void skip_value(struct scan *s)
{
    int depth = 0;
    while (s->at < s->text.len) {
        const char c = here(s);
        if (depth == 0 && (c == ',' || c == '}'))
            return;
        if (c == '"') {
            skip_text(s);
            continue;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        s->at++;
    }
}

/* Where the member lies: from its key to the comma or brace behind it. */
static bool find_member(struct str text, struct str quoted, size_t *from, size_t *to)
{
    struct scan s = { .text = text };
    skip_blanks(&s);
    if (here(&s) != '{')
        return false;
    do {
        s.at++; /* the brace, or a comma */
        skip_blanks(&s);
        if (here(&s) != '"')
            return false;
        *from = s.at;
        skip_text(&s);
        if (s.at > text.len)
            return false;
        const struct str key = { text.p + *from, s.at - *from };
        skip_blanks(&s);
        s.at++; /* the colon */
        skip_value(&s);
        *to = s.at;
        if (str_eq(key, quoted))
            return true;
    } while (here(&s) == ',');
    return false;
}

/* In a buffer, which the caller releases: it may have no memory. */
static struct str quote(struct buf *b, struct str key)
{
    buf_init(b, 8 * MIB);
    json_put_quoted(b, key);
    return buf_str(b);
}

bool metadata_has_key(struct str metadata, struct str key)
{
    struct buf b;
    size_t from, to;
    if (metadata.len <= 2)
        return false;
    const struct str quoted = quote(&b, key);
    const bool has = !b.failed && find_member(metadata, quoted, &from, &to);
    buf_release(&b);
    return has;
}

/* The text without the member and one of the commas beside it. */
static int cut(struct str *metadata, size_t from, size_t to, struct arena *a, struct err *err)
{
    const struct str text = *metadata;
    if (text.p[to] == ',') {
        to++;
    } else {
        while (from > 1 && text.p[from - 1] != ',' && text.p[from - 1] != '{')
            from--;
        if (text.p[from - 1] == '{') { /* it was the only one */
            *metadata = (struct str){ NULL, 0 };
            return 0;
        }
        from--;
    }
    char *rest = arena_alloc(a, text.len);
    if (rest == NULL)
        return err_nomem(err);
    memcpy(rest, text.p, from);
    memcpy(rest + from, text.p + to, text.len - to);
    *metadata = (struct str){ rest, text.len - (to - from) };
    return 0;
}

int metadata_remove_key(struct str *metadata, struct str key, struct arena *a, struct err *err)
{
    struct buf b;
    size_t from, to;
    int rc = 0;
    if (metadata->len <= 2)
        return 0;
    const struct str quoted = quote(&b, key);
    if (b.failed)
        rc = err_nomem(err);
    else if (find_member(*metadata, quoted, &from, &to))
        rc = cut(metadata, from, to, a, err);
    buf_release(&b);
    return rc;
}
