/* SPDX-License-Identifier: MIT */
/*
 * voucher_merge.c - a change applied to a stored voucher.
 *
 * What can fail comes first: both JSON objects are merged aside, and only then is the voucher
 * touched. A file that is sent twice changes nothing, so "is it the same?" is answered by comparing
 * bytes wherever that is enough.
 */
#include "domain/voucher_priv.h"

/* The same type and text throughout: what compact printing would show, without printing. */
static bool same_value(const struct json *x, const struct json *y)
{
    if (x->type != y->type || !str_eq(x->text, y->text))
        return false;
    const struct json *a = x->child, *b = y->child;
    while (a != NULL && b != NULL && str_eq(a->key, b->key) && same_value(a, b)) {
        a = a->next;
        b = b->next;
    }
    return a == NULL && b == NULL;
}

static int cmp_members(const void *x, const void *y)
{
    const struct json *const *a = x, *const *b = y;
    return str_cmp((*a)->key, (*b)->key);
}

/* The members of an object by key: both objects may be a whole request body long. */
struct index {
    const struct json *object;
    struct json **members; /* sorted by key; NULL: too few to be worth it */
    size_t n;
    struct json *last; /* in the object's own order */
};

/* With fewer members a look at each costs less than sorting them. */
#define INDEX_LEAST 12

static int index_init(struct index *ix, const struct json *object, struct arena *a, struct err *err)
{
    *ix = (struct index){ .object = object };
    for (struct json *m = object->child; m != NULL; m = m->next) {
        ix->n++;
        ix->last = m;
    }
    if (ix->n < INDEX_LEAST)
        return 0;
    ix->members = arena_alloc(a, ix->n * sizeof(struct json *));
    if (ix->members == NULL)
        return err_nomem(err);
    size_t i = 0;
    for (struct json *m = object->child; m != NULL; m = m->next)
        ix->members[i++] = m;
    qsort(ix->members, ix->n, sizeof(struct json *), cmp_members);
    return 0;
}

static struct json *index_find(const struct index *ix, struct json *wanted)
{
    if (ix->members == NULL) {
        struct json *m = ix->object->child;
        while (m != NULL && !str_eq(m->key, wanted->key))
            m = m->next;
        return m;
    }
    struct json *const *at =
        bsearch(&wanted, ix->members, ix->n, sizeof(struct json *), cmp_members);
    return at != NULL ? *at : NULL;
}

/* Moves the members of `change` into `stored`; whether that made a difference. */
static bool merge_members(struct json *stored, struct index *ix, struct json *change)
{
    bool changed = false;
    for (struct json *m = change->child, *next; m != NULL; m = next) {
        struct json *old = index_find(ix, m);
        next = m->next;
        if (old != NULL && same_value(old, m))
            continue;
        changed = true;
        if (old != NULL) {
            m->next = old->next;
            *old = *m;
            continue;
        }
        m->next = NULL;
        if (ix->last != NULL)
            ix->last->next = m;
        else
            stored->child = m;
        ix->last = m;
    }
    return changed;
}

static int parse_object(struct arena *a, struct str text, struct json **out, struct err *err)
{
    if (json_parse(a, text, out, err) < 0) {
        if (err->code == ERR_INVALID_JSON)
            err->code = ERR_STORE;
        return err_wrap(err, "stored JSON of a voucher cannot be read");
    }
    if ((*out)->type != JSON_OBJECT)
        return err_set(err, ERR_STORE, "stored JSON of a voucher is not an object");
    return 0;
}

static void drop_nulls(struct json *object)
{
    for (struct json **at = &object->child; *at != NULL;) {
        if ((*at)->type == JSON_NULL)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

/* The tree as text, or the very same text as before when it says the same. */
static int print_object(const struct json *object, struct str *text, struct arena *a,
                        struct err *err)
{
    struct buf b;
    struct str printed;
    buf_init(&b, VOUCHER_TEXT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, object);
    if (buf_keep(&b, a, &printed, err) < 0)
        return -1;
    const bool same = text->p != NULL ? str_eq(printed, *text) : object->child == NULL;
    if (!same)
        *text = object->child != NULL ? printed : (struct str){ NULL, 0 };
    return 0;
}

/* What null in a change to an object is: a value, or the end of the member. */
enum null_meaning { NULL_IS_VALUE, NULL_REMOVES };

/* *text becomes the merged object, or stays the very same text. */
static int merge_objects(struct str *text, struct str change, enum null_meaning null,
                         struct arena *a, struct err *err)
{
    struct json *old, *new;
    struct index ix;
    if (str_eq(*text, change) || change.len <= 2) /* {} adds nothing */
        return 0;
    const bool empty = text->p == NULL || str_is(*text, "{}");
    if (empty && null == NULL_IS_VALUE) {
        *text = change;
        return 0;
    }
    if (parse_object(a, empty ? STR("{}") : *text, &old, err) < 0 ||
        parse_object(a, change, &new, err) < 0 || index_init(&ix, old, a, err) < 0)
        return -1;
    if (!merge_members(old, &ix, new))
        return 0;
    if (null == NULL_REMOVES)
        drop_nulls(old);
    return print_object(old, text, a, err);
}

static uint32_t assign_fields(struct voucher *v, const struct voucher *change, uint32_t given)
{
    uint32_t changed = 0;
    for (size_t i = 0; i < voucher_fields.n; i++) {
        const struct field *f = &voucher_fields.rows[i];
        if ((f->bit & given) == 0)
            continue;
        /* a value of 0 is a change where there was none: both are 0 in the struct */
        const bool first_value = f->bit == VF_VALUE && (v->set & VF_VALUE) == 0;
        if (field_assign(f, v, change) || first_value)
            changed |= f->bit;
    }
    return changed;
}

static bool str_same(struct str a, struct str b)
{
    return str_eq(a, b) && (a.p == NULL) == (b.p == NULL);
}

/* A tag, a category, or neither: given as one. */
static uint32_t assign_category(struct voucher *v, const struct voucher *change)
{
    if (v->category_id == change->category_id && str_same(v->category, change->category))
        return 0;
    v->category_id = change->category_id;
    v->category = change->category;
    return VF_CATEGORY;
}

static uint32_t assign_text(struct str *to, struct str from, uint32_t bit)
{
    const bool same = to->p == from.p && to->len == from.len;
    *to = from;
    return same ? 0 : bit;
}

static bool changes_type(const struct voucher *v, const struct voucher *change)
{
    return ((change->set & VF_TYPE) != 0 && change->type != v->type) ||
           ((change->set & VF_DISCOUNT_TYPE) != 0 && change->discount_type != v->discount_type);
}

/* The fields that are objects kept as text, merged aside: the voucher is touched when all is well.
 */
static const struct {
    uint32_t bit;
    size_t offset;
    enum null_meaning null;
} objects[] = {
    { VF_METADATA, offsetof(struct voucher, metadata), NULL_IS_VALUE },
    { VF_DISCOUNT_EXTRA, offsetof(struct voucher, discount_extra), NULL_REMOVES },
    { VF_VALIDITY, offsetof(struct voucher, validity), NULL_REMOVES },
};

static struct str *object_of(struct voucher *v, size_t i)
{
    return (struct str *)(void *)((char *)v + objects[i].offset);
}

static struct str given_object(const struct voucher *v, size_t i)
{
    return *(const struct str *)(const void *)((const char *)v + objects[i].offset);
}

/* 1: one of them would become too long. */
static int merge_all_objects(const struct voucher *v, const struct voucher *change, uint32_t given,
                             struct arena *a, struct str merged[ARRAY_LEN(objects)],
                             struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        merged[i] = given_object(v, i);
        if ((given & objects[i].bit) == 0)
            continue;
        if (merge_objects(&merged[i], given_object(change, i), objects[i].null, a, err) < 0)
            return -1;
        if (voucher_object_check(merged[i]) != NULL)
            return 1;
    }
    return 0;
}

static int fails(enum outcome *out, struct str *reason, struct str text)
{
    *out = OUTCOME_FAILED;
    *reason = text;
    return 0;
}

int voucher_merge(struct voucher *v, const struct voucher *change, struct arena *a,
                  enum outcome *out, struct str *reason, struct err *err)
{
    const uint32_t fixed = VF_CODE | VF_TYPE | VF_DISCOUNT_TYPE;
    const uint32_t given = change->set & ~fixed;
    const uint32_t plain = given & ~(VF_METADATA | VF_DISCOUNT_EXTRA | VF_VALIDITY | VF_CATEGORY);
    struct str merged[ARRAY_LEN(objects)];

    if (changes_type(v, change))
        return fails(out, reason, STR("It is not possible to change Voucher discount type"));
    const int rc = merge_all_objects(v, change, given, a, merged, err);
    if (rc < 0)
        return -1;
    if (rc > 0)
        return fails(out, reason, STR("Property .metadata must NOT be longer than 262144 bytes"));
    uint32_t changed = assign_fields(v, change, plain);
    if ((given & VF_CATEGORY) != 0)
        changed |= assign_category(v, change);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        changed |= assign_text(object_of(v, i), merged[i], objects[i].bit);
    v->set |= changed;
    *out = changed != 0 ? OUTCOME_UPDATED : OUTCOME_UNCHANGED;
    return 0;
}

int voucher_merge_metadata(struct str *metadata, struct str change, struct arena *a, bool *changed,
                           struct str *reason, struct err *err)
{
    const char *before = metadata->p;
    struct str merged = *metadata;
    if (merge_objects(&merged, change, NULL_IS_VALUE, a, err) < 0)
        return -1;
    if (voucher_object_check(merged) != NULL) {
        *reason = STR("Property .metadata must NOT be longer than 262144 bytes");
        return 1;
    }
    *changed = merged.p != before;
    *metadata = merged;
    return 0;
}

int voucher_unset_metadata(struct str *metadata, struct str unset, struct arena *a, bool *changed,
                           struct err *err)
{
    struct json *object, *keys;
    struct index ix;
    *changed = false;
    if (metadata->len == 0)
        return 0;
    if (parse_object(a, *metadata, &object, err) < 0 || parse_object(a, unset, &keys, err) < 0 ||
        index_init(&ix, keys, a, err) < 0)
        return -1;
    for (struct json **at = &object->child; *at != NULL;) {
        if (index_find(&ix, *at) == NULL) {
            at = &(*at)->next;
            continue;
        }
        *at = (*at)->next;
        *changed = true;
    }
    return *changed ? print_object(object, metadata, a, err) : 0;
}

int voucher_renew_metadata(struct str *metadata, struct str change, struct str unset,
                           struct arena *a, struct err *err)
{
    struct str text = *metadata, reason;
    bool changed;
    const int rc =
        change.p != NULL ? voucher_merge_metadata(&text, change, a, &changed, &reason, err) : 0;
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (unset.p != NULL && voucher_unset_metadata(&text, unset, a, &changed, err) < 0)
        return -1;
    *metadata = text;
    return 0;
}
