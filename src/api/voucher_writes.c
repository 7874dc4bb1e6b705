/* SPDX-License-Identifier: MIT */
/*
 * voucher_writes.c - writes of one voucher (reference 4.3.3).
 *
 * They are all alike: read what is wanted, hand it to the store as a unit of work, answer when it
 * is durable. What differs is a function before and one after.
 */
#include "api/api_priv.h"

/* Lives in the request's arena, which is the store's while the request is suspended. */
struct writing {
    struct request *rq;
    struct voucher wanted;
    struct code_config codes;
    struct voucher_write asked; /* without `voucher`; stays as it is */
    int (*answer)(const struct writing *wr, struct response *rs, struct err *err);

    struct voucher stored;
    struct voucher_write write;
};

/* ---- the way through the store ---- */

/* In the store's transaction; maybe more than once, so it starts from what is wanted each time. */
static int write_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    struct writing *wr = arg;
    wr->stored = wr->wanted;
    wr->write = wr->asked;
    wr->write.voucher = &wr->stored;
    return api_gate_result(wr->rq, &wr->write.gate, store_tx_voucher_write(tx, &wr->write, err),
                           err);
}

static int answer(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    if (!wr->write.found && wr->asked.campaign.p != NULL)
        return reply_not_found(rq, "campaign", wr->asked.campaign, err);
    if (!wr->write.found)
        return reply_not_found(rq, "voucher", rq->args[0], err);
    if (wr->write.outcome != OUTCOME_FAILED)
        return wr->answer(wr, rs, err);
    if (wr->write.why.code == ERR_DUPLICATE)
        return reply_duplicate(rq, "voucher", wr->stored.code, err);
    *err = wr->write.why;
    return -1;
}

static int answer_voucher(const struct writing *wr, struct response *rs, struct err *err)
{
    return api_reply_voucher(wr->rq, rs, &wr->stored, err);
}

static int answer_nothing(const struct writing *wr, struct response *rs, struct err *err)
{
    (void)wr;
    return reply_json(rs, HTTP_NO_CONTENT, err);
}

/* A write of the voucher in the path, answered with the voucher; NULL: out of memory. */
static struct writing *writing_new(struct request *rq, enum voucher_write_mode mode,
                                   struct err *err)
{
    struct writing *wr = arena_calloc(&rq->arena, sizeof(*wr));
    if (wr == NULL) {
        err_nomem(err);
        return NULL;
    }
    voucher_init(&wr->wanted);
    wr->rq = rq;
    wr->answer = answer_voucher;
    wr->asked = (struct voucher_write){
        .project_id = rq->project->id, .mode = mode, .code_or_id = rq->args[0], .arena = &rq->arena
    };
    return wr;
}

/* Of a write that gives metadata. */
static int checked_start(struct writing *wr, struct err *err)
{
    if (api_gate_open(wr->rq, "voucher", &wr->asked.gate, err) < 0)
        return -1;
    return api_write(wr->rq, write_voucher, wr, answer, err);
}

static int writing_start(struct writing *wr, struct err *err)
{
    return api_write(wr->rq, write_voucher, wr, answer, err);
}

/* ---- create ---- */

/* The campaign that a new voucher is to belong to: {NULL,0}: none. */
static int read_campaign(const struct json *body, struct str *out, struct err *err)
{
    static const char *const members[] = { "campaign_id", "campaign" };
    *out = (struct str){ NULL, 0 };
    for (size_t i = 0; i < ARRAY_LEN(members) && out->p == NULL; i++) {
        if (api_read_text(body, members[i], out, err) < 0)
            return -1;
    }
    return 0;
}

static int read_new(struct request *rq, const struct json *body, struct writing *wr,
                    struct err *err)
{
    struct voucher *v = &wr->wanted;
    if (wr->asked.campaign.p == NULL && read_campaign(body, &wr->asked.campaign, err) < 0)
        return -1;
    const int rc = wr->asked.campaign.p != NULL ? voucher_member_from_json(body, &rq->arena, v, err)
                                                : voucher_from_json(body, &rq->arena, v, err);
    return rc < 0 ? -1 : api_read_category_id(rq, body, v, err);
}

static int check_code(struct str code, struct err *err)
{
    if (code.len > VOUCHER_CODE_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .code must NOT be longer than %d bytes",
                       VOUCHER_CODE_MAX_BYTES);
    if (str_utf8_invalid_at(code) != code.len || memchr(code.p, '\0', code.len) != NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .code must be UTF-8 text without NUL");
    return 0;
}

int api_vouchers_create(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, VOUCHER_CREATE, err);
    (void)rs;
    if (wr == NULL || check_code(rq->args[0], err) < 0 || api_read_object(rq, &body, err) < 0 ||
        read_new(rq, body, wr, err) < 0)
        return -1;
    wr->wanted.code = rq->args[0];
    wr->wanted.set |= VF_CODE;
    return checked_start(wr, err);
}

/* The code is in the body, or a random one, as code_config says. */
int api_vouchers_create_any(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, VOUCHER_CREATE, err);
    (void)rs;
    if (wr == NULL || api_read_object(rq, &body, err) < 0 || read_new(rq, body, wr, err) < 0)
        return -1;
    if ((wr->wanted.set & VF_CODE) == 0) {
        if (code_config_read(json_member(body, "code_config"), 1, &rq->arena, &wr->codes, err) < 0)
            return -1;
        wr->asked.codes = &wr->codes;
    }
    return checked_start(wr, err);
}

/* ---- create in a campaign ---- */

int api_campaigns_add_voucher(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, VOUCHER_CREATE, err);
    (void)rs;
    if (wr == NULL || check_code(rq->args[1], err) < 0 || api_read_object(rq, &body, err) < 0)
        return -1;
    wr->asked.campaign = rq->args[0];
    if (read_new(rq, body, wr, err) < 0)
        return -1;
    wr->wanted.code = rq->args[1];
    wr->wanted.set |= VF_CODE;
    return checked_start(wr, err);
}

int api_campaigns_add_random(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, VOUCHER_CREATE, err);
    (void)rs;
    if (wr == NULL || api_read_object(rq, &body, err) < 0)
        return -1;
    wr->asked.campaign = rq->args[0];
    return read_new(rq, body, wr, err) < 0 ? -1 : checked_start(wr, err);
}

/* ---- change ---- */

int api_vouchers_update(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, VOUCHER_CHANGE, err);
    (void)rs;
    if (wr == NULL || api_read_object(rq, &body, err) < 0 ||
        voucher_change_from_json(body, &rq->arena, &wr->wanted, err) < 0 ||
        api_read_category_id(rq, body, &wr->wanted, err) < 0)
        return -1;
    return checked_start(wr, err);
}

static int set_active(struct request *rq, bool active, struct err *err)
{
    struct writing *wr = writing_new(rq, VOUCHER_CHANGE, err);
    if (wr == NULL)
        return -1;
    wr->wanted.active = active;
    wr->wanted.set = VF_ACTIVE;
    return writing_start(wr, err);
}

int api_vouchers_enable(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return set_active(rq, true, err);
}

int api_vouchers_disable(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return set_active(rq, false, err);
}

/* ---- delete ---- */

int api_vouchers_delete(struct request *rq, struct response *rs, struct err *err)
{
    const struct str force = request_query(rq, "force");
    const bool erase = str_is(force, "true");
    (void)rs;
    if (force.p != NULL && !erase && !str_is(force, "false"))
        return err_set(err, ERR_INVALID_QUERY, "Property .force must be boolean");
    struct writing *wr = writing_new(rq, erase ? VOUCHER_ERASE : VOUCHER_TO_BIN, err);
    if (wr == NULL)
        return -1;
    wr->answer = answer_nothing;
    return writing_start(wr, err);
}

/* ---- balance ---- */

static int answer_balance(const struct writing *wr, struct response *rs, struct err *err)
{
    struct json_out o = { .b = &rs->body };
    json_object(&o);
    json_key(&o, "amount");
    json_int(&o, wr->write.transaction.amount);
    json_key(&o, "total");
    json_int(&o, wr->write.transaction.total);
    json_key(&o, "balance");
    json_int(&o, wr->write.transaction.balance);
    json_key(&o, "type");
    json_str(&o, wr->stored.type == VOUCHER_GIFT ? STR("gift_voucher") : STR("loyalty_card"));
    json_key(&o, "operation_type");
    json_str(&o, STR("MANUAL"));
    json_key(&o, "object");
    json_str(&o, STR("balance"));
    api_put_related_voucher(wr->rq, &o, wr->stored.key);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* A whole number of either sign: the fields of a voucher are never below 0. */
static int read_amount(const struct json *body, const char *name, int64_t *out, struct err *err)
{
    static const struct field whole = { .kind = FIELD_INTEGER };
    const struct json *m = json_member(body, name);
    struct num n = { 0 };
    if (body->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
    if (m == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property '%s'",
                       name);
    if (field_json_type(&whole, m) != NULL || !num_parse(m->text, &n))
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must be integer", name);
    *out = n.is_int ? n.i : (int64_t)n.d;
    return 0;
}

static int add_balance(struct request *rq, const char *amount, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, VOUCHER_ADD_BALANCE, err);
    if (wr == NULL || api_read_object(rq, &body, err) < 0 ||
        read_amount(body, amount, &wr->asked.amount, err) < 0 ||
        api_read_text(body, "source_id", &wr->asked.source_id, err) < 0 ||
        api_read_text(body, "reason", &wr->asked.reason, err) < 0)
        return -1;
    wr->answer = answer_balance;
    return writing_start(wr, err);
}

int api_vouchers_balance(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return add_balance(rq, "amount", err);
}

/* The same of a card, whose member is named by its code or id. */
int api_loyalties_balance(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return add_balance(rq, "points", err);
}
