/* SPDX-License-Identifier: MIT */
/* csv_import.c - an uploaded CSV file becomes an action; what is common to all is in
 * action_start.c. */
#include "api/api_priv.h"

static int read_flag(const struct form *f, const char *name, bool *out, struct err *err)
{
    const struct str text = form_value(f, name);
    if (str_eq_nocase(text, STR("true")))
        *out = true;
    else if (text.len > 0 && !str_eq_nocase(text, STR("false")))
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s should be boolean", name);
    return 0;
}

/* Looks at the head of the file. */
static int freeze(struct request *rq, const struct action_start *how,
                  const struct action_kind *kind, struct action *ac, struct err *err)
{
    struct upload *u = rq->form.file;
    struct campaign *campaign = NULL;
    size_t got = 0;
    if (kind->of_campaign && api_find_campaign_for_codes(rq, "import vouchers", &campaign, err) < 0)
        return -1;
    ac->campaign_id = campaign != NULL ? campaign->key : 0;
    char *head = mem_alloc(ACTION_HEAD_BYTES);
    if (head == NULL)
        return err_nomem(err);
    int rc = upload_read(u, 0, head, ACTION_HEAD_BYTES, &got, err);
    if (rc == 0)
        rc = action_freeze_csv(kind, (struct str){ head, got }, upload_bytes(u) == (int64_t)got,
                               how->webhooks_enable, campaign, &rq->arena, &ac->params, err);
    mem_free(head);
    return rc;
}

int api_campaigns_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_CAMPAIGN_VOUCHERS_IMPORT_CSV, HTTP_OK, err);
}

int csv_import_start(struct request *rq, int action_kind, int status, struct err *err)
{
    struct action_start how = {
        .kind = action_kind,
        .status = status,
        .file = &rq->form.file,
        .records = -1,
        .freeze = freeze,
    };
    if (read_flag(&rq->form, "dry_run", &how.dry_run, err) < 0 ||
        read_flag(&rq->form, "webhooks_enable", &how.webhooks_enable, err) < 0 ||
        read_flag(&rq->form, "webhooks_enabled", &how.webhooks_enable, err) < 0)
        return -1;
    return action_start(rq, &how, err);
}
