/* SPDX-License-Identifier: MIT */
/* publication.c - see publication.h. */
#include "domain/publication.h"

#include "base/time_iso.h"

#define SOURCE_ID_MAX_BYTES 512 /* an index entry must stay far below a page */

/* NULL: not there, or null. */
static const struct json *given(const struct json *body, const char *member)
{
    const struct json *m = json_member(body, member);
    return m != NULL && m->type != JSON_NULL ? m : NULL;
}

static int take_text(const struct json *body, const char *member, struct str *out, struct err *err)
{
    const struct json *m = given(body, member);
    if (m == NULL)
        return 0;
    if (m->type != JSON_STRING)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must be string,null", member);
    if (m->text.len > SOURCE_ID_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must NOT be longer than %d bytes",
                       member, SOURCE_ID_MAX_BYTES);
    if (m->text.len > 0)
        *out = m->text;
    return 0;
}

static int take_count(const struct json *campaign, struct publication *p, struct err *err)
{
    const struct json *count = given(campaign, "count");
    if (count == NULL)
        return 0;
    if (count->type != JSON_NUMBER || !num_parse_i64(count->text, &p->count))
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .campaign.count must be integer");
    if (p->count < 1)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .campaign.count must be >= 1");
    if (p->count > PUBLISH_MOST)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .campaign.count must be <= %d",
                       PUBLISH_MOST);
    return 0;
}

static int take_join_once(const struct json *body, struct publication *p, struct err *err)
{
    const struct json *m = given(body, "join_once");
    if (m != NULL && m->type != JSON_TRUE && m->type != JSON_FALSE)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .join_once must be boolean");
    p->join_once = m != NULL && m->type == JSON_TRUE;
    return 0;
}

/* `campaign` may be its name, too. */
static int take_campaign(const struct json *body, struct publication *p, struct err *err)
{
    const struct json *campaign = given(body, "campaign");
    const struct json *name = campaign;
    if (campaign == NULL)
        return 0;
    if (campaign->type == JSON_OBJECT) {
        name = given(campaign, "name");
        if (name == NULL)
            return err_set(err, ERR_INVALID_PAYLOAD,
                           "Property .campaign should have required property 'name'");
    }
    if (name->type != JSON_STRING)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .campaign%s must be string",
                       name != campaign ? ".name" : "");
    p->campaign = name->text;
    return campaign->type == JSON_OBJECT ? take_count(campaign, p, err) : 0;
}

static int take_customer(const struct json *body, struct arena *a, struct publication *p,
                         struct err *err)
{
    const struct json *customer = given(body, "customer");
    if (customer == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Payload should have required property 'customer'");
    return customer_from_json(customer, ".customer", a, &p->customer, err);
}

static int take_metadata(const struct json *body, struct arena *a, struct publication *p,
                         struct err *err)
{
    const struct json *metadata = given(body, "metadata");
    struct buf b;
    if (metadata == NULL)
        return 0;
    if (metadata->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .metadata must be object,null");
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, metadata);
    if (b.failed) {
        buf_release(&b);
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .metadata must NOT be longer than 262144 bytes");
    }
    return buf_keep(&b, a, &p->metadata, err);
}

int publication_from_json(const struct json *body, struct arena *a, struct publication *p,
                          struct err *err)
{
    *p = (struct publication){ .count = 1, .channel = STR("API") };
    if (body->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
    if (take_customer(body, a, p, err) < 0 || take_text(body, "voucher", &p->voucher, err) < 0 ||
        take_campaign(body, p, err) < 0 || take_text(body, "source_id", &p->source_id, err) < 0 ||
        take_text(body, "channel", &p->channel, err) < 0 || take_metadata(body, a, p, err) < 0 ||
        take_join_once(body, p, err) < 0)
        return -1;
    if (p->voucher.p == NULL && p->campaign.p == NULL)
        return err_set(err, ERR_MISSING_VOUCHERS, "Either Campaign or Voucher is required");
    return 0;
}
