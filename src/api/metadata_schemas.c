/* SPDX-License-Identifier: MIT */
/*
 * metadata_schemas.c - /v1/metadata-schemas and /management/v1/projects/{id}/metadata-schemas
 * (reference 4.9): the same schemas by two doors, which spell the definitions differently.
 */
#include "api/api_priv.h"
#include "base/time_iso.h"
#include "domain/project.h"

#define TYPE "metadata schema"

/* ---- the two doors ---- */

static bool is_management(const struct request *rq)
{
    return rq->route->auth == AUTH_MANAGEMENT;
}

static enum metadata_spelling spelling_of(const struct request *rq)
{
    return is_management(rq) ? METADATA_SNAKE : METADATA_CAMEL;
}

/* The resource or id of the path; {NULL,0}: it has none. */
static struct str name_of(const struct request *rq)
{
    return rq->args[is_management(rq) ? 1 : 0];
}

/* A management path names the project: that of the key, or none that it may see. */
static int check_project(struct request *rq, struct err *err)
{
    if (!is_management(rq) || str_eq(rq->args[0], rq->project->public_id))
        return 0;
    return reply_not_found(rq, "project", rq->args[0], err);
}

/* ---- reading ---- */

static void put_schema(struct request *rq, struct json_out *o, const struct metadata_schema *s)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_METADATA_SCHEMA, s->key, id);
    metadata_schema_put(o, s, id, spelling_of(rq));
}

static int reply_schema(struct request *rq, struct response *rs, const struct metadata_schema *s,
                        struct err *err)
{
    put_schema(rq, &(struct json_out){ .b = &rs->body }, s);
    return reply_json(rs, HTTP_OK, err);
}

static int not_found(struct request *rq, struct err *err)
{
    return reply_not_found(rq, TYPE, name_of(rq), err);
}

int api_schemas_get(struct request *rq, struct response *rs, struct err *err)
{
    struct metadata_schema *s = NULL;
    if (check_project(rq, err) < 0)
        return -1;
    if (store_find_metadata_schema(api_of(rq)->store, &rq->arena, rq->project->id, name_of(rq), &s,
                                   err) < 0)
        return err_wrap(err, "cannot look up a metadata schema");
    return s != NULL ? reply_schema(rq, rs, s, err) : not_found(rq, err);
}

int api_schemas_list(struct request *rq, struct response *rs, struct err *err)
{
    struct metadata_schema *schemas = NULL;
    size_t n = 0;
    struct json_out o = { .b = &rs->body };
    if (check_project(rq, err) < 0)
        return -1;
    if (store_list_metadata_schemas(api_of(rq)->store, &rq->arena, rq->project->id, &schemas, &n,
                                    err) < 0)
        return err_wrap(err, "cannot list metadata schemas");
    api_list_head(&o, is_management(rq) ? "data" : "schemas");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_schema(rq, &o, &schemas[i]);
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, (int64_t)n);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- writing ---- */

/* In the request's arena. */
static int write_schema(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_metadata_schema_write(tx, arg, err);
}

static int answer_created(struct request *rq, struct response *rs, struct err *err)
{
    const struct metadata_schema_write *w = rq->state;
    const struct metadata_schema *s = &w->schema;
    if (!w->found)
        return reply_schema(rq, rs, s, err);
    reply_duplicate(rq, TYPE, s->related_object, err);
    rq->details = str_of(arena_printf(&rq->arena,
                                      "Duplicated metadata schema exists with related_object %.*s",
                                      STR_FMT(s->related_object)));
    return -1;
}

static int answer_changed(struct request *rq, struct response *rs, struct err *err)
{
    const struct metadata_schema_write *w = rq->state;
    return w->found ? reply_schema(rq, rs, &w->schema, err) : not_found(rq, err);
}

static int answer_deleted(struct request *rq, struct response *rs, struct err *err)
{
    const struct metadata_schema_write *w = rq->state;
    return w->found ? reply_json(rs, HTTP_NO_CONTENT, err) : not_found(rq, err);
}

/* NULL: the path names another project, or out of memory. */
static struct metadata_schema_write *writing_new(struct request *rq, struct err *err)
{
    struct metadata_schema_write *w = arena_calloc(&rq->arena, sizeof(*w));
    if (w == NULL) {
        err_nomem(err);
        return NULL;
    }
    w->project_id = rq->project->id;
    w->object_or_id = name_of(rq);
    w->spelling = spelling_of(rq);
    w->arena = &rq->arena;
    return check_project(rq, err) == 0 ? w : NULL;
}

int api_schemas_create(struct request *rq, struct response *rs, struct err *err)
{
    struct metadata_schema_write *w = writing_new(rq, err);
    (void)rs;
    if (w == NULL || api_read_object(rq, &w->body, err) < 0)
        return -1;
    w->mode = METADATA_SCHEMA_CREATE;
    return api_write_schemas(rq, write_schema, w, answer_created, err);
}

int api_schemas_change(struct request *rq, struct response *rs, struct err *err)
{
    struct metadata_schema_write *w = writing_new(rq, err);
    (void)rs;
    if (w == NULL || api_read_object(rq, &w->body, err) < 0)
        return -1;
    w->mode = METADATA_SCHEMA_CHANGE;
    return api_write_schemas(rq, write_schema, w, answer_changed, err);
}

int api_schemas_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct metadata_schema_write *w = writing_new(rq, err);
    (void)rs;
    if (w == NULL)
        return -1;
    w->mode = METADATA_SCHEMA_ERASE;
    return api_write_schemas(rq, write_schema, w, answer_deleted, err);
}

/* ---- what other resources have to pass ---- */

static int learn(struct request *rq, schema_set *set, struct err *err)
{
    struct metadata_schema *schemas = NULL;
    size_t n = 0;
    if (store_list_metadata_schemas(api_of(rq)->store, &rq->arena, rq->project->id, &schemas, &n,
                                    err) < 0)
        return err_wrap(err, "cannot list metadata schemas");
    *set = 0;
    for (size_t i = 0; i < n; i++)
        *set |= schema_bit(schemas[i].related_object);
    return 0;
}

int api_find_schema(struct request *rq, const char *resource, struct metadata_schema **out,
                    struct err *err)
{
    struct api *api = api_of(rq);
    const int64_t project_id = rq->project->id;
    const unsigned stamp = schema_cache_stamp(&api->schemas, time_monotonic_us());
    const struct str name = str_of(resource);
    schema_set set;
    *out = NULL;
    if (!schema_cache_get(&api->schemas, project_id, stamp, &set)) {
        if (learn(rq, &set, err) < 0)
            return -1;
        schema_cache_put(&api->schemas, project_id, stamp, set);
    }
    if ((set & schema_bit(name)) == 0)
        return 0;
    if (store_find_metadata_schema(api->store, &rq->arena, project_id, name, out, err) < 0)
        return err_wrap(err, "cannot look up a metadata schema");
    return 0;
}

int api_gate_open(struct request *rq, const char *resource, struct metadata_gate *g,
                  struct err *err)
{
    struct metadata_schema *s;
    *g = (struct metadata_gate){ 0 };
    if (api_find_schema(rq, resource, &s, err) < 0)
        return -1;
    g->schema = s;
    return 0;
}

int api_gate_result(struct request *rq, const struct metadata_gate *g, int rc,
                    const struct err *err)
{
    if (rc < 0 && err->code == ERR_METADATA)
        rq->details = g->reason;
    return rc;
}

/* ---- /management/v1/projects ---- */

/* A key belongs to one project. */
int api_management_projects(struct request *rq, struct response *rs, struct err *err)
{
    struct project *p = NULL;
    struct json_out o = { .b = &rs->body };
    if (store_find_project(api_of(rq)->store, &rq->arena, rq->project->public_id, &p, err) < 0)
        return err_wrap(err, "cannot look up a project");
    api_list_head(&o, "data");
    json_array(&o);
    if (p != NULL) {
        json_object(&o);
        json_key(&o, "id");
        json_str(&o, p->public_id);
        json_key(&o, "name");
        json_str(&o, p->name);
        json_members(&o, STR("{\"currency\":\"" PROJECT_CURRENCY
                             "\",\"timezone\":\"UTC\",\"api_version\":"
                             "\"v2018-08-01\",\"case_sensitive_codes\":true}"));
        json_object_end(&o);
    }
    json_array_end(&o);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}
