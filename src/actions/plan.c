/* SPDX-License-Identifier: MIT */
/*
 * plan.c - what an action was told when it was queued: writing it down and reading it back.
 *
 * A CSV import's part of it is made in csv_input.c; here is what actions with records have, and the
 * reader for all.
 */
#include <sodium.h>

#include "actions/schema.h"

/* A record's metadata is bounded, and so is what all records share. */
#define PARAMS_MAX_BYTES (2 * (size_t)FIELD_OBJECT_MAX_BYTES)

/* In the parameters the metadata lies a level deeper than in the request: what could not be read
 * back is refused now. */
static int check_depth(struct str params, struct arena *a, struct err *err)
{
    struct json *tree;
    return json_parse(a, params, &tree, err);
}

int action_freeze_records(const struct action_kind *kind, struct str metadata, bool webhooks_enable,
                          const struct campaign *campaign, struct arena *a, struct str *params,
                          struct err *err)
{
    struct buf b;
    (void)kind;
    buf_init(&b, PARAMS_MAX_BYTES);
    struct json_out o = { .b = &b };
    json_object(&o);
    json_key(&o, "webhooks_enable");
    json_bool(&o, webhooks_enable);
    if (metadata.p != NULL) {
        json_key(&o, "metadata");
        json_raw(&o, metadata);
    }
    if (campaign != NULL) {
        json_key(&o, "campaign");
        campaign_freeze(&o, campaign);
    }
    json_object_end(&o);
    if (buf_keep(&b, a, params, err) < 0)
        return -1;
    return metadata.p != NULL ? check_depth(*params, a, err) : 0;
}

int action_freeze_codes(const struct campaign *campaign, int64_t count, struct arena *a,
                        struct str *params, struct err *err)
{
    unsigned char key[CODE_DRAW_KEY_BYTES];
    char hex[2 * CODE_DRAW_KEY_BYTES + 1];
    struct buf b;
    struct json_out o = { .b = &b };
    randombytes_buf(key, sizeof(key));
    sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
    buf_init(&b, PARAMS_MAX_BYTES);
    json_object(&o);
    json_key(&o, "count");
    json_int(&o, count);
    json_key(&o, "key");
    json_str(&o, str_of(hex));
    json_key(&o, "campaign");
    campaign_freeze(&o, campaign);
    json_object_end(&o);
    sodium_memzero(key, sizeof(key));
    return buf_keep(&b, a, params, err);
}

static int read_codes(const struct action_kind *kind, const struct json *tree, struct arena *a,
                      struct action_plan *out, struct err *err)
{
    const struct json *count = json_member(tree, "count"), *key = json_member(tree, "key");
    unsigned char bytes[CODE_DRAW_KEY_BYTES];
    struct json *config = NULL;
    size_t n = 0;
    if (count == NULL || !num_parse_i64(count->text, &out->count) || key == NULL ||
        sodium_hex2bin(bytes, sizeof(bytes), key->text.p, key->text.len, NULL, &n, NULL) != 0 ||
        n != sizeof(bytes))
        return err_set(err, ERR_STORE, "the parameters of a %s are not complete", kind->name);
    if (json_parse(a, out->campaign->code_config, &config, err) < 0 ||
        code_config_read(config, 1, a, &out->codes, err) < 0)
        return err_wrap(err, "cannot read the code_config of a %s", kind->name);
    code_draw_init(&out->draw, &out->codes, bytes);
    return 0;
}

static void freeze_text(struct json_out *o, const char *key, struct str value)
{
    json_key(o, key);
    json_str(o, value);
}

static void freeze_int(struct json_out *o, const char *key, int64_t value)
{
    json_key(o, key);
    json_int(o, value);
}

int action_freeze_members(const struct campaign *campaign, const struct members *members,
                          struct arena *a, struct str *params, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, 2 * PARAMS_MAX_BYTES);
    json_object(&o);
    freeze_int(&o, "order", members->order);
    freeze_int(&o, "expected", campaign->vouchers_count);
    freeze_int(&o, "terms", members->terms.set);
    freeze_text(&o, "given", members->terms.metadata);
    freeze_text(&o, "unset", members->unset);
    json_key(&o, "campaign");
    campaign_freeze(&o, campaign);
    json_object_end(&o);
    return buf_keep(&b, a, params, err);
}

int action_freeze_key(struct str key, struct arena *a, struct str *params, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, PARAMS_MAX_BYTES);
    json_object(&o);
    freeze_text(&o, "key", key);
    json_object_end(&o);
    return buf_keep(&b, a, params, err);
}

static bool read_int(const struct json *tree, const char *key, int64_t *out)
{
    const struct json *m = json_member(tree, key);
    return m != NULL && num_parse_i64(m->text, out);
}

/* What the campaign had when the action was queued, but of metadata only what was given then. */
static int read_members(const struct action_kind *kind, const struct json *tree, struct arena *a,
                        struct action_plan *out, struct err *err)
{
    struct members *m = &out->members;
    int64_t order, terms;
    if (!read_int(tree, "order", &order) || order < MEMBERS_UPDATE || order > MEMBERS_ERASE ||
        !read_int(tree, "expected", &m->expected) || !read_int(tree, "terms", &terms))
        return err_set(err, ERR_STORE, "the parameters of a %s are not complete", kind->name);
    m->order = (enum members_order)order;
    m->terms = out->campaign->voucher;
    m->terms.set = (uint32_t)terms & CAMPAIGN_TERMS;
    m->terms.metadata = json_text(tree, "given");
    m->unset = json_text(tree, "unset");
    struct str *texts[] = { &m->terms.metadata, &m->unset };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? 0 : err_nomem(err);
}

static int read_key(const struct action_kind *kind, const struct json *tree, struct arena *a,
                    struct action_plan *out, struct err *err)
{
    struct str *key = &out->members.key;
    out->members.order = MEMBERS_PURGE_KEY;
    *key = json_text(tree, "key");
    if (key->p == NULL)
        return err_set(err, ERR_STORE, "the parameters of a %s are not complete", kind->name);
    return arena_keep(a, &key, 1) ? 0 : err_nomem(err);
}

static int read_csv(const struct action_kind *kind, const struct json *tree, struct arena *a,
                    struct action_plan *out, struct err *err)
{
    const struct json *delimiter = json_member(tree, "delimiter");
    const struct json *start = json_member(tree, "data_start");
    const struct json *columns = json_member(tree, "columns");
    if (delimiter == NULL || delimiter->text.len != 1 || start == NULL ||
        !num_parse_i64(start->text, &out->data_start) || columns == NULL)
        return err_set(err, ERR_STORE, "the parameters of a %s are not complete", kind->name);
    out->delimiter = delimiter->text.p[0];
    return column_map_from_json(kind->fields, columns, a, &out->columns, err);
}

static int read_metadata(const struct json *metadata, struct arena *a, struct action_plan *out,
                         struct err *err)
{
    struct buf b;
    if (metadata == NULL)
        return 0;
    buf_init(&b, PARAMS_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, metadata);
    return buf_keep(&b, a, &out->metadata, err);
}

static int read_campaign(const struct action_kind *kind, const struct json *tree, struct arena *a,
                         struct action_plan *out, struct err *err)
{
    const struct json *campaign = json_member(tree, "campaign");
    if (!kind->of_campaign)
        return 0;
    out->campaign = arena_alloc(a, sizeof(*out->campaign));
    if (out->campaign == NULL)
        return err_nomem(err);
    return campaign_thaw(campaign, a, out->campaign, err);
}

int action_plan_of(const struct action_kind *kind, const struct action *ac, struct arena *a,
                   struct action_plan *out, struct err *err)
{
    if (action_plan_read(kind, ac->params, a, out, err) < 0)
        return -1;
    out->now_ms = ac->created_ms;
    return 0;
}

/* As it was when the action was queued. */
static int read_schema(const struct json *tree, const char *member, struct arena *a,
                       const struct metadata_schema **out, struct err *err)
{
    const struct json *frozen = json_member(tree, member);
    struct metadata_schema *schema = NULL;
    if (frozen != NULL && action_thaw_schema(frozen, a, &schema, err) < 0)
        return -1;
    *out = schema;
    return 0;
}

static int read_schemas(const struct json *tree, struct arena *a, struct action_plan *out,
                        struct err *err)
{
    if (read_schema(tree, ACTION_SCHEMA, a, &out->schema, err) < 0 ||
        read_schema(tree, ACTION_ITEM_SCHEMA, a, &out->item_schema, err) < 0)
        return -1;
    if (out->schema != NULL)
        column_map_define(&out->columns, out->schema);
    return 0;
}

static int read_input_params(const struct action_kind *kind, const struct json *tree,
                             struct arena *a, struct action_plan *out, struct err *err)
{
    if (kind->input == INPUT_CODES)
        return read_codes(kind, tree, a, out, err);
    if (kind->input == INPUT_MEMBERS)
        return read_members(kind, tree, a, out, err);
    if (kind->input == INPUT_STORED)
        return read_key(kind, tree, a, out, err);
    if (kind->input == INPUT_CSV)
        return read_csv(kind, tree, a, out, err);
    return read_metadata(json_member(tree, "metadata"), a, out, err);
}

int action_plan_read(const struct action_kind *kind, struct str params, struct arena *a,
                     struct action_plan *out, struct err *err)
{
    struct json *tree;
    if (json_parse(a, params, &tree, err) < 0)
        return err_wrap(err, "cannot read the parameters of a %s", kind->name);
    const struct json *webhooks = json_member(tree, "webhooks_enable");
    *out =
        (struct action_plan){ .webhooks_enable = webhooks != NULL && webhooks->type == JSON_TRUE };
    if (read_campaign(kind, tree, a, out, err) < 0 ||
        read_input_params(kind, tree, a, out, err) < 0)
        return -1;
    return read_schemas(tree, a, out, err);
}
