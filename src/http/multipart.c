/* SPDX-License-Identifier: MIT */
/* multipart.c - see multipart.h. */
#include <sys/types.h>

#include "http/multipart.h"

/* The value that starts s, and in *rest what follows it. */
static struct str take_value(struct str s, struct str *rest)
{
    size_t i = 1;
    if (s.len == 0 || s.p[0] != '"')
        return str_trim(str_cut(s, ';', rest));
    while (i < s.len && s.p[i] != '"')
        i += s.p[i] == '\\' && i + 1 < s.len ? 2 : 1;
    const struct str value = { s.p + 1, i - 1 };
    if (i < s.len)
        i++;
    str_cut((struct str){ s.p + i, s.len - i }, ';', rest);
    return value;
}

struct str multipart_param(struct str header, const char *name)
{
    struct str rest;
    str_cut(header, ';', &rest);
    while (rest.p != NULL && rest.len > 0) {
        size_t end = 0;
        while (end < rest.len && rest.p[end] != '=' && rest.p[end] != ';')
            end++;
        const struct str key = str_trim((struct str){ rest.p, end });
        if (end == rest.len || rest.p[end] == ';') {
            str_cut(rest, ';', &rest);
            continue;
        }
        const struct str value =
            take_value(str_trim((struct str){ rest.p + end + 1, rest.len - end - 1 }), &rest);
        if (str_eq_nocase(key, str_of(name)))
            return value;
    }
    return (struct str){ NULL, 0 };
}

bool multipart_init(struct multipart *m, struct str content_type, const struct multipart_sink *sink,
                    void *arg)
{
    struct str rest;
    const struct str type = str_trim(str_cut(content_type, ';', &rest));
    const struct str boundary = multipart_param(content_type, "boundary");
    if (!str_eq_nocase(type, STR("multipart/form-data")) || boundary.len == 0 ||
        boundary.len > MULTIPART_BOUNDARY_MAX || memchr(boundary.p, '\r', boundary.len) != NULL)
        return false;
    m->sink = sink;
    m->arg = arg;
    m->state = MULTIPART_PREAMBLE;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.len);
    m->delimiter_len = 4 + boundary.len;
    m->matched = 2; /* the first delimiter may stand at the very beginning, without CR LF */
    m->head_len = 0;
    return true;
}

bool multipart_is_complete(const struct multipart *m)
{
    return m->state == MULTIPART_END;
}

static int malformed(struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Payload is not a well-formed multipart body");
}

static int emit(struct multipart *m, const char *p, size_t n, struct err *err)
{
    if (n == 0 || m->state != MULTIPART_DATA)
        return 0;
    return m->sink->data(m->arg, (struct str){ p, n }, err);
}

static void delimiter_found(struct multipart *m)
{
    m->matched = 0;
    m->head_len = 0;
    m->state = MULTIPART_AFTER_DELIMITER;
}

/* Goes on with a delimiter that began in an earlier input. Returns the bytes used, or -1. */
static ssize_t continue_match(struct multipart *m, const char *p, size_t n, struct err *err)
{
    const size_t had = m->matched;
    size_t i = 0;
    while (i < n && m->matched < m->delimiter_len && p[i] == m->delimiter[m->matched]) {
        m->matched++;
        i++;
    }
    if (m->matched == m->delimiter_len) {
        delimiter_found(m);
    } else if (i < n) { /* it was none: what looked like it was content */
        if (emit(m, m->delimiter, had, err) < 0 || emit(m, p, i, err) < 0)
            return -1;
        m->matched = 0;
    }
    return (ssize_t)i;
}

/* Length of the delimiter's beginning at the end of the input. */
static size_t begun_at_end(const struct multipart *m, const char *p, size_t n)
{
    const size_t look = n < m->delimiter_len - 1 ? n : m->delimiter_len - 1;
    const char *cr = memrchr(p + n - look, '\r', look);
    if (cr == NULL)
        return 0;
    const size_t begun = (size_t)(p + n - cr);
    return memcmp(cr, m->delimiter, begun) == 0 ? begun : 0;
}

/* Content (or preamble) up to the next delimiter. Returns the bytes used, or -1. */
static ssize_t take_content(struct multipart *m, const char *p, size_t n, struct err *err)
{
    if (m->matched > 0)
        return continue_match(m, p, n, err);
    const char *hit = memmem(p, n, m->delimiter, m->delimiter_len);
    if (hit != NULL) {
        if (emit(m, p, (size_t)(hit - p), err) < 0)
            return -1;
        delimiter_found(m);
        return hit - p + (ssize_t)m->delimiter_len;
    }
    m->matched = begun_at_end(m, p, n);
    return emit(m, p, n - m->matched, err) < 0 ? -1 : (ssize_t)n;
}

/* Behind a delimiter: CR LF, or "--" for the last one; blanks may stand in front. */
static int take_after_delimiter(struct multipart *m, char c, struct err *err)
{
    if (m->head_len == 0 && (c == ' ' || c == '\t'))
        return 0;
    m->head[m->head_len++] = c;
    if (m->head_len < 2)
        return c == '\r' || c == '-' ? 0 : malformed(err);
    m->head_len = 0;
    if (memcmp(m->head, "--", 2) == 0)
        m->state = MULTIPART_END;
    else if (memcmp(m->head, "\r\n", 2) == 0)
        m->state = MULTIPART_HEAD;
    else
        return malformed(err);
    return 0;
}

static struct str name_of_part(struct str head)
{
    while (head.p != NULL && head.len > 0) {
        struct str rest;
        const struct str line = str_cut(head, '\n', &head);
        const struct str field = str_trim(str_cut(line, ':', &rest));
        const size_t len = rest.len > 0 && rest.p[rest.len - 1] == '\r' ? rest.len - 1 : rest.len;
        if (str_eq_nocase(field, STR("content-disposition")))
            return multipart_param((struct str){ rest.p, len }, "name");
    }
    return (struct str){ NULL, 0 };
}

static int take_head(struct multipart *m, char c, struct err *err)
{
    if (m->head_len == MULTIPART_HEAD_MAX - 1)
        return malformed(err);
    m->head[m->head_len++] = c;
    m->head[m->head_len] = '\0';
    const bool empty = m->head_len == 2 && memcmp(m->head, "\r\n", 2) == 0;
    if (!empty && (m->head_len < 4 || memcmp(m->head + m->head_len - 4, "\r\n\r\n", 4) != 0))
        return 0;
    m->state = MULTIPART_DATA;
    const struct str name = name_of_part((struct str){ m->head, m->head_len });
    return m->sink->part(m->arg, name.p != NULL ? name : STR(""), err);
}

/* One step of the machine over p[0..n); returns the bytes used, or -1. */
static ssize_t step(struct multipart *m, const char *p, size_t n, struct err *err)
{
    switch (m->state) {
    case MULTIPART_PREAMBLE:
    case MULTIPART_DATA:
        return take_content(m, p, n, err);
    case MULTIPART_AFTER_DELIMITER:
        return take_after_delimiter(m, *p, err) < 0 ? -1 : 1;
    case MULTIPART_HEAD:
        return take_head(m, *p, err) < 0 ? -1 : 1;
    case MULTIPART_END:
        break;
    }
    return (ssize_t)n; /* an epilogue is skipped */
}

int multipart_feed(struct multipart *m, const char *data, size_t n, struct err *err)
{
    while (n > 0) {
        const ssize_t used = step(m, data, n, err);
        if (used < 0)
            return -1;
        data += used;
        n -= (size_t)used;
    }
    return 0;
}
