/* SPDX-License-Identifier: MIT */
/*
 * recent.c - who wrote what of a row, for as long as an earlier writer may still come.
 *
 * Actions and requests must end as if they had run one after the other, by sequence number,
 * whatever their slices did. A row alone knows only who wrote it last (version). While an earlier
 * action is unfinished, each write therefore notes its number, the fields that it gave, and the
 * metadata keys; when the earlier one arrives it leaves these alone, and applies the rest. With
 * nothing earlier unfinished there is nothing to note: the column is NULL.
 *
 * The note is a list of entries of fixed-size numbers, in this machine's order: it does not outlive
 * the actions it is about. Metadata keys are 64-bit hashes.
 */
#include "store/sql/sql_priv.h"

#define NOTE_MAX_BYTES (16 * KIB)
#define KEYS_MAX       1024
#define HASH_OFFSET    UINT64_C(14695981039346656037) /* FNV-1a, 64 bits */
#define HASH_PRIME     UINT64_C(1099511628211)

struct entry {
    int64_t seq;
    uint32_t fields; /* bits, or NOTED_EVERYTHING: also when the note would be too long */
    uint32_t n_keys; /* hashes that follow */
};

static uint64_t hash_key(struct str key)
{
    uint64_t h = HASH_OFFSET;
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (unsigned char)key.p[i]) * HASH_PRIME;
    return h;
}

/* The next entry of a note; false at its end. */
static bool next_entry(struct str *note, struct entry *e, const char **keys)
{
    if (note->len < sizeof(*e))
        return false;
    memcpy(e, note->p, sizeof(*e));
    const size_t bytes = sizeof(*e) + (size_t)e->n_keys * sizeof(uint64_t);
    if (note->len < bytes)
        return false;
    *keys = note->p + sizeof(*e);
    *note = (struct str){ note->p + bytes, note->len - bytes };
    return true;
}

static bool has_key(const char *keys, uint32_t n, uint64_t hash)
{
    for (uint32_t i = 0; i < n; i++) {
        if (memcmp(keys + i * sizeof(hash), &hash, sizeof(hash)) == 0)
            return true;
    }
    return false;
}

static int parse_metadata(struct arena *a, struct str text, struct json **out, struct err *err)
{
    if (json_parse(a, text, out, err) < 0)
        return err_wrap(err, "metadata on its way cannot be read");
    return 0;
}

/* ---- noting ---- */

static int put_entry(struct buf *b, const struct noted *given, int64_t seq, struct arena *a,
                     struct err *err)
{
    struct entry e = { .seq = seq, .fields = given->set };
    struct json *metadata = NULL;
    if ((given->set & given->metadata_bit) != 0 && given->metadata.len > 0 &&
        parse_metadata(a, given->metadata, &metadata, err) < 0)
        return -1;
    for (const struct json *m = metadata != NULL ? metadata->child : NULL; m != NULL; m = m->next)
        e.n_keys++;
    if (e.n_keys > KEYS_MAX) {
        e.fields = NOTED_EVERYTHING;
        e.n_keys = 0;
    }
    buf_put(b, (const char *)&e, sizeof(e));
    if (e.n_keys == 0)
        return 0;
    for (const struct json *m = metadata->child; m != NULL; m = m->next) {
        const uint64_t hash = hash_key(m->key);
        buf_put(b, (const char *)&hash, sizeof(hash));
    }
    return 0;
}

/* Of the note so far, what an unfinished action may still ask for. */
static void put_older(struct buf *b, struct str note, int64_t first_unfinished)
{
    struct entry e;
    const char *keys;
    while (next_entry(&note, &e, &keys)) {
        if (e.seq <= first_unfinished)
            continue;
        buf_put(b, (const char *)&e, sizeof(e));
        buf_put(b, keys, (size_t)e.n_keys * sizeof(uint64_t));
    }
}

/* Whether what was put behind `before` stood at the end already: a code repeated in a file. */
static bool repeats_last(const struct buf *b, size_t before)
{
    const size_t n = b->len - before;
    return !b->failed && n <= before && memcmp(b->p + before - n, b->p + before, n) == 0;
}

int recent_note(struct str *recent, int64_t version, const struct noted *given, int64_t seq,
                int64_t first_unfinished, struct arena *a, struct err *err)
{
    struct buf b;
    buf_init(&b, NOTE_MAX_BYTES + KEYS_MAX * sizeof(uint64_t) + sizeof(struct entry));
    put_older(&b, *recent, first_unfinished);
    const size_t before = b.len;
    int rc = put_entry(&b, given, seq, a, err);
    if (rc == 0 && repeats_last(&b, before))
        b.len = before;
    if (rc == 0 && b.len > NOTE_MAX_BYTES) {
        const struct entry all = { .seq = version > seq ? version : seq,
                                   .fields = NOTED_EVERYTHING };
        buf_reset(&b);
        buf_put(&b, (const char *)&all, sizeof(all));
    }
    if (rc == 0)
        return buf_keep(&b, a, recent, err);
    buf_release(&b);
    return -1;
}

/* ---- asking ---- */

/* Removes members that a later entry has given; with none left, metadata is not given. */
static int leave_metadata(struct str note, int64_t seq, struct noted *change, struct arena *a,
                          struct err *err)
{
    struct json *metadata;
    struct entry e;
    const char *keys;
    if (change->metadata.len == 0) /* {}: there is nothing to remove */
        return 0;
    if (parse_metadata(a, change->metadata, &metadata, err) < 0)
        return -1;
    while (next_entry(&note, &e, &keys)) {
        if (e.seq <= seq)
            continue;
        for (struct json **m = &metadata->child; *m != NULL;) {
            if (has_key(keys, e.n_keys, hash_key((*m)->key)))
                *m = (*m)->next;
            else
                m = &(*m)->next;
        }
    }
    if (metadata->child == NULL) {
        change->set &= ~change->metadata_bit;
        return 0;
    }
    struct buf b;
    buf_init(&b, 2 * (size_t)FIELD_OBJECT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, metadata);
    return buf_keep(&b, a, &change->metadata, err);
}

int recent_leaves(struct str recent, int64_t seq, struct noted *change, struct arena *a, bool *left,
                  struct err *err)
{
    struct str note = recent;
    struct entry e;
    const char *keys;
    uint32_t taken = 0;
    bool known = false;
    while (next_entry(&note, &e, &keys)) {
        if (e.seq > seq) {
            taken |= e.fields;
            known = true;
        }
    }
    *left = false;
    if (!known || (taken & NOTED_EVERYTHING) != 0) /* a write that left no note counts as a whole */
        return 0;
    change->set &= ~(taken & ~change->metadata_bit);
    if ((taken & change->metadata_bit) != 0 && (change->set & change->metadata_bit) != 0 &&
        leave_metadata(recent, seq, change, a, err) < 0)
        return -1;
    *left = (change->set & ~change->identity) != 0;
    return 0;
}

/* ---- vouchers ---- */

static struct noted noted_voucher(const struct voucher *v)
{
    return (struct noted){ .set = v->set,
                           .metadata_bit = VF_METADATA,
                           .identity = VF_CODE | VF_TYPE | VF_DISCOUNT_TYPE,
                           .metadata = v->metadata };
}

int voucher_note(struct voucher *stored, const struct voucher *given, int64_t seq,
                 int64_t first_unfinished, struct arena *a, struct err *err)
{
    const struct noted noted = noted_voucher(given);
    return recent_note(&stored->recent, stored->version, &noted, seq, first_unfinished, a, err);
}

int voucher_leaves(const struct voucher *stored, int64_t seq, struct voucher *change,
                   struct arena *a, bool *left, struct err *err)
{
    struct noted noted = noted_voucher(change);
    if (recent_leaves(stored->recent, seq, &noted, a, left, err) < 0)
        return -1;
    change->set = noted.set;
    change->metadata = noted.metadata;
    return 0;
}
