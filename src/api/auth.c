/* SPDX-License-Identifier: MIT */
/* auth.c - who asks: the key pair of a project (reference 1.2). */
#include "api/api_priv.h"

int api_authenticate(struct request *rq, struct err *err)
{
    /* An unknown application costs the same as a wrong token: hash and compare in any case. */
    static const unsigned char nobody[ID_HASH_BYTES] = { 0 };
    unsigned char hash[ID_HASH_BYTES];
    struct project *project = NULL;
    const struct str app_id = request_header(rq, "X-App-Id");
    const struct str token = request_header(rq, "X-App-Token");

    if (app_id.p == NULL || token.p == NULL)
        return err_set(err, ERR_UNAUTHORIZED, "no credentials");
    if (store_find_project(api_of(rq)->store, &rq->arena, app_id, &project, err) < 0)
        return err_wrap(err, "cannot look up the project");
    id_hash_token(token, hash);
    if (!id_hash_equal(hash, project != NULL ? project->app_token_hash : nobody) || project == NULL)
        return err_set(err, ERR_UNAUTHORIZED, "wrong credentials");
    rq->project = project;
    rq->project_id = arena_str(&rq->arena, project->public_id).p;
    return rq->project_id != NULL ? 0 : err_nomem(err);
}
