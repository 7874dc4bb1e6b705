/* SPDX-License-Identifier: MIT */
/* router.c - see router.h. */
#include "http/router.h"
#include "base/buf.h"

#define ALLOW_MAX 64

/*
 * Matches one pattern. -1: no match; else a number that is smaller the earlier and the more fixed
 * words the pattern has: one bit a segment, the first segment's the highest, set for parameters.
 */
static int match_pattern(const char *pattern, const struct str *segments, size_t n,
                         struct str args[ROUTE_ARGS_MAX])
{
    struct str rest = str_of(pattern + 1);
    size_t n_args = 0;
    int rank = 0;
    for (size_t i = 0; i < n; i++) {
        if (rest.p == NULL)
            return -1;
        const struct str word = str_cut(rest, '/', &rest);
        const bool is_param = word.len > 0 && word.p[0] == '{';
        if (is_param ? segments[i].len == 0 : !str_eq(word, segments[i]))
            return -1;
        if (is_param)
            args[n_args++] = segments[i];
        rank = rank * 2 + is_param;
    }
    return rest.p == NULL ? rank : -1;
}

static bool serves(const struct route *r, const char *method)
{
    return strcmp(r->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
}

/* A path may match several patterns with the same method. */
static bool has_method(const struct buf *list, const char *method)
{
    return list->len > 0 && memmem(list->p, list->len, method, strlen(method)) != NULL;
}

static void add_method(struct buf *list, const char *separator, const char *method)
{
    if (list->len > 0)
        buf_puts(list, str_of(separator));
    buf_puts(list, str_of(method));
}

/* The methods that a path has: as a sentence in *err, and as a header in out->allow. */
static int refuse_method(const struct route *routes, size_t n_routes, const char *method,
                         const struct str *segments, size_t n_segments, struct arena *a,
                         struct route_match *out, struct err *err)
{
    struct str unused[ROUTE_ARGS_MAX];
    struct buf allow, words;
    buf_init(&allow, ALLOW_MAX);
    buf_init(&words, ALLOW_MAX);
    for (size_t i = 0; i < n_routes; i++) {
        if (match_pattern(routes[i].pattern, segments, n_segments, unused) < 0 ||
            has_method(&allow, routes[i].method))
            continue;
        add_method(&allow, ", ", routes[i].method);
        add_method(&words, " or ", routes[i].method);
    }
    out->allow = arena_str(a, buf_str(&allow)).p;
    if (allow.len == 0)
        err_set(err, ERR_NOT_FOUND, "no endpoint has this path");
    else
        err_set(err, ERR_METHOD, "%.16s is not supported by this endpoint. Did you mean %.*s?",
                method, STR_FMT(buf_str(&words)));
    if (allow.failed || words.failed || out->allow == NULL)
        err_nomem(err);
    buf_release(&allow);
    buf_release(&words);
    return -1;
}

int route_find(const struct route *routes, size_t n_routes, const char *method,
               const struct str *segments, size_t n_segments, struct arena *a,
               struct route_match *out, struct err *err)
{
    struct str args[ROUTE_ARGS_MAX] = { 0 };
    int best = -1;
    out->route = NULL;
    for (size_t i = 0; i < n_routes; i++) {
        if (!serves(&routes[i], method))
            continue;
        const int rank = match_pattern(routes[i].pattern, segments, n_segments, args);
        if (rank < 0 || (best >= 0 && rank >= best))
            continue;
        best = rank;
        out->route = &routes[i];
        memcpy(out->args, args, sizeof(args));
    }
    if (out->route != NULL)
        return 0;
    return refuse_method(routes, n_routes, method, segments, n_segments, a, out, err);
}
