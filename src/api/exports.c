/* SPDX-License-Identifier: MIT */
/* exports.c - /v1/exports (reference 4.12). */
#include "api/api_priv.h"

int api_exports_list(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}

int api_exports_create(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}

int api_exports_get(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}

int api_exports_delete(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}

int api_exports_download(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}
