/* SPDX-License-Identifier: MIT */
/*
 * slow_list.h - lists that may have to look at every row.
 *
 * Such a list is read in an offload thread, a few at a time, so that uploads have theirs; one that
 * costs the same for 10 and for 10 million rows is read at once. Either way it is replied by the
 * same function.
 */
#ifndef API_SLOW_LIST_H
#define API_SLOW_LIST_H

#include "api/places.h"
#include "http/offload.h"

/* A list's own struct begins with it, and lives in the request's arena. */
struct slow_list {
    struct request *rq;
    int (*read)(struct slow_list *l, struct err *err);
    int (*reply)(struct slow_list *l, struct response *rs, struct err *err);

    struct place_wait place;
    struct offload_job job;
    int rc; /* of reading; with err */
    struct err err;
};

/* With the first three members set. A handler returns what this returns. */
int slow_list_run(struct slow_list *l, struct response *rs, bool slow, struct err *err) MUST_CHECK;

#endif
