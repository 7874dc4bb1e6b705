/* SPDX-License-Identifier: MIT */
/*
 * fuzz_filters.c - the query of GET /v1/vouchers and of GET /v1/campaigns, as `name=value` lines.
 * What is accepted is whole: every condition has its field, and as many values as it may have.
 */
#include <stdint.h>
#include <stdlib.h>

#include "api/filters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct filter *f)
{
    for (; f != NULL; f = f->and) {
        size_t n = 0, values = 0;
        for (const struct filter_condition *c = f->first; c != NULL; c = c->next, n++) {
            values += c->n;
            if (c->field == NULL || c->op >= FILTER_OP_COUNT || (c->n > 0 && c->values == NULL))
                abort();
            for (size_t i = 0; i < c->n; i++) {
                if (str_utf8_invalid_at(c->values[i].text) != c->values[i].text.len)
                    abort();
            }
        }
        if (n != f->n || values != f->n_values || n > FILTER_CONDITIONS_MAX)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = { (const char *)data, size };
    struct request rq = { 0 };
    struct query_param params[64], *first = NULL, **end = &first;
    const struct filter *filter = NULL;
    for (size_t i = 0; i < ARRAY_LEN(params) && rest.p != NULL && rest.len > 0; i++) {
        const struct str line = str_cut(rest, '\n', &rest);
        params[i] = (struct query_param){ 0 };
        params[i].name = str_cut(line, '=', &params[i].value);
        if (params[i].value.p == NULL)
            params[i].value = STR("");
        *end = &params[i];
        end = &params[i].next;
    }
    rq.query = first;
    arena_init(&rq.arena, 4 * KIB, 0);
    const struct list_filters *const lists[] = { &voucher_list_filters, &campaign_list_filters };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct err err = { 0 };
        if (filters_of_list(&rq, lists[i], &filter, &err) == 0)
            check(filter);
        else if (err.msg[0] == '\0')
            abort();
    }
    arena_release(&rq.arena);
    return 0;
}
