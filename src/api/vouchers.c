/* SPDX-License-Identifier: MIT */
/* vouchers.c - how vouchers are printed, and GET /v1/vouchers/{code} (reference 4.3). */
#include "api/api_priv.h"
#include "base/time_iso.h"

/* ---- printing ---- */

static void put_voucher(struct json_out *o, const struct voucher *v, const struct api_names *names,
                        enum voucher_json_flags flags)
{
    struct api_name_ids ids;
    struct voucher_names of_v;
    id_encode(store_secret(names->store), ID_VOUCHER, v->key, ids.own);
    api_names_of(names, v, &ids, &of_v);
    voucher_put_json(o, v, &of_v, flags);
}

int api_put_vouchers(struct request *rq, struct json_out *o, const struct voucher *vouchers,
                     size_t n, enum voucher_json_flags flags, struct err *err)
{
    struct api_names names;
    if (api_names_read(api_of(rq)->store, rq->project->id, vouchers, n, sizeof(*vouchers),
                       &rq->arena, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        put_voucher(o, &vouchers[i], &names, flags);
    return 0;
}

int api_reply_voucher(struct request *rq, struct response *rs, const struct voucher *v,
                      struct err *err)
{
    struct json_out o = { .b = &rs->body };
    if (api_put_vouchers(rq, &o, v, 1, VOUCHER_JSON_SINGLE, err) < 0)
        return -1;
    return reply_json(rs, HTTP_OK, err);
}

/* ---- reading ---- */

int api_get_voucher(struct request *rq, struct str code, struct voucher **out, struct err *err)
{
    if (store_find_voucher(api_of(rq)->store, &rq->arena, rq->project->id, code, out, err) < 0)
        return err_wrap(err, "cannot look up a voucher");
    return *out != NULL ? 0 : reply_not_found(rq, "voucher", code, err);
}

int api_vouchers_get(struct request *rq, struct response *rs, struct err *err)
{
    struct voucher *v = NULL;
    if (api_get_voucher(rq, rq->args[0], &v, err) < 0)
        return -1;
    return api_reply_voucher(rq, rs, v, err);
}

int api_vouchers_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_VOUCHERS_IMPORT_CSV, HTTP_ACCEPTED, err);
}
