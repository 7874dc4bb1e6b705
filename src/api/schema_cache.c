/* SPDX-License-Identifier: MIT */
/*
 * schema_cache.c - which projects have no metadata schemas: see api_priv.h.
 *
 * As with auth_cache.h: what another process makes holds after a second here.
 */
#include "api/api_priv.h"
#include "base/time_iso.h"

#define KEPT_US INT64_C(1000000)

/* A place by the project's key; whoever comes later has it. */
static struct schema_place *place_of(struct request *rq)
{
    struct api *api = api_of(rq);
    return &api->no_schemas[(uint64_t)rq->project->id % ARRAY_LEN(api->no_schemas)];
}

static bool has_none(struct request *rq, int64_t now_us)
{
    struct schema_place *p = place_of(rq);
    return atomic_load(&p->project_id) == rq->project->id && atomic_load(&p->until_us) > now_us &&
           atomic_load(&p->project_id) == rq->project->id;
}

static void note_none(struct request *rq, int64_t now_us)
{
    struct schema_place *p = place_of(rq);
    atomic_store(&p->until_us, 0);
    atomic_store(&p->project_id, rq->project->id);
    atomic_store(&p->until_us, now_us + KEPT_US);
}

void api_forget_schemas(struct request *rq)
{
    atomic_store(&place_of(rq)->until_us, 0);
}

int api_find_schema(struct request *rq, const char *resource, struct metadata_schema **out,
                    struct err *err)
{
    const int64_t now_us = time_monotonic_us();
    struct metadata_schema *any;
    size_t n;
    *out = NULL;
    if (has_none(rq, now_us))
        return 0;
    if (store_find_metadata_schema(api_of(rq)->store, &rq->arena, rq->project->id, str_of(resource),
                                   out, err) < 0)
        return err_wrap(err, "cannot look up a metadata schema");
    if (*out != NULL)
        return 0;
    if (store_list_metadata_schemas(api_of(rq)->store, &rq->arena, rq->project->id, &any, &n, err) <
        0)
        return err_wrap(err, "cannot look up metadata schemas");
    if (n == 0)
        note_none(rq, now_us);
    return 0;
}
