/* SPDX-License-Identifier: MIT */
/* validation_rule.c - see validation_rule.h. */
#include "domain/validation_rule.h"

#include "domain/field.h"

static const struct json *given(const struct json *body, const char *member)
{
    const struct json *m = json_member(body, member);
    return m != NULL && m->type != JSON_NULL ? m : NULL;
}

/* ---- checks ---- */

static const struct {
    const char *name;
    enum json_type type;
    const char *what;
} members[] = {
    { "name", JSON_STRING, "must be string" },
    { "rules", JSON_OBJECT, "must be object" },
    { "applicable_to", JSON_OBJECT, "must be object" },
    { "error", JSON_OBJECT, "must be object" },
    { "type", JSON_STRING, "must be string" },
    { "context_type", JSON_STRING, "must be string" },
};

static int check(const struct json *body, struct err *err)
{
    if (body->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const struct json *m = given(body, members[i].name);
        if (m != NULL && m->type != members[i].type)
            return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s %s", members[i].name,
                           members[i].what);
    }
    const struct json *name = given(body, "name");
    if (name == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property 'name'");
    if (name->text.len == 0)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .name must NOT have fewer than 1 characters");
    return 0;
}

/* ---- completing ---- */

/* With one rule the logic is that rule. */
static void put_rules(struct json_out *o, const struct json *rules)
{
    const bool one = rules != NULL && rules->child != NULL && rules->child->next == NULL &&
                     json_member(rules, "logic") == NULL;
    json_key(o, "rules");
    json_object(o);
    for (const struct json *m = rules != NULL ? rules->child : NULL; m != NULL; m = m->next) {
        json_key_str(o, m->key);
        json_put_tree(o, m);
    }
    if (one) {
        json_key(o, "logic");
        json_str(o, rules->child->key);
    }
    json_object_end(o);
}

static void put_included(struct json_out *o, const struct json *item)
{
    json_object(o);
    for (const struct json *m = item->child; m != NULL; m = m->next) {
        json_key_str(o, m->key);
        json_put_tree(o, m);
    }
    if (json_member(item, "strict") == NULL) {
        json_key(o, "strict");
        json_bool(o, false);
    }
    if (json_member(item, "effect") == NULL) {
        json_key(o, "effect");
        json_str(o, STR("APPLY_TO_EVERY"));
    }
    json_object_end(o);
}

static void put_list(struct json_out *o, const char *key, const struct json *list, bool completes)
{
    json_key(o, key);
    json_array(o);
    for (const struct json *m = list != NULL && list->type == JSON_ARRAY ? list->child : NULL;
         m != NULL; m = m->next) {
        if (completes && m->type == JSON_OBJECT)
            put_included(o, m);
        else
            json_put_tree(o, m);
    }
    json_array_end(o);
}

static void put_applicable(struct json_out *o, const struct json *to)
{
    const struct json *all = json_member(to, "included_all");
    json_key(o, "applicable_to");
    json_object(o);
    put_list(o, "excluded", json_member(to, "excluded"), false);
    put_list(o, "included", json_member(to, "included"), true);
    json_key(o, "included_all");
    json_bool(o, all != NULL && all->type == JSON_TRUE);
    json_object_end(o);
}

/* Of the members that are not completed, and are nobody else's. */
static bool is_plain(const struct json *m)
{
    static const char *const others[] = { "id",     "rules",      "applicable_to", "context_type",
                                          "object", "created_at", "updated_at" };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_is(m->key, others[i]))
            return false;
    return m->type != JSON_NULL;
}

int validation_rule_from_json(const struct json *body, struct arena *a, struct validation_rule *r,
                              struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    *r = (struct validation_rule){ 0 };
    if (check(body, err) < 0)
        return -1;
    const struct json *context = given(body, "context_type");
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_object(&o);
    for (const struct json *m = body->child; m != NULL; m = m->next) {
        if (!is_plain(m))
            continue;
        json_key_str(&o, m->key);
        json_put_tree(&o, m);
    }
    put_rules(&o, given(body, "rules"));
    put_applicable(&o, given(body, "applicable_to"));
    json_key(&o, "context_type");
    json_str(&o, context != NULL ? context->text : STR("global"));
    json_object_end(&o);
    if (b.failed && b.len > 0) {
        buf_release(&b);
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must NOT be longer than %d bytes",
                       FIELD_OBJECT_MAX_BYTES);
    }
    return buf_keep(&b, a, &r->body, err);
}

void validation_rule_put_json(struct json_out *o, const struct validation_rule *r, const char *id)
{
    json_object(o);
    json_key(o, "id");
    json_str(o, str_of(id));
    json_members(o, r->body);
    json_key(o, "created_at");
    json_time(o, r->created_ms);
    json_key(o, "object");
    json_str(o, STR("validation_rules"));
    json_object_end(o);
}
