/* SPDX-License-Identifier: MIT */
/* rows.c - rows of vouchers and failures as COPY takes them in binary; see bulk_priv.h. */
#include <stdio.h>

#include <stdlib.h>

#include "base/time_iso.h"
#include "store/postgres/bulk_priv.h"

#define NUMERIC_GROUPS 100 /* of four digits: a double has 308 of them and 20 behind the point */

/* numeric: groups of four digits, aligned at the point. */
static void put_numeric(struct buf *b, struct num n)
{
    char text[400] = "0";
    uint16_t groups[NUMERIC_GROUPS];
    struct buf t;
    buf_init(&t, sizeof(text) - 1);
    num_put(&t, n);
    if (t.failed)
        b->failed = true; /* out of memory: nothing of this may be sent */
    else
        memcpy(text, t.p, t.len);
    text[t.len < sizeof(text) ? t.len : 0] = '\0';
    buf_release(&t);
    if (b->failed)
        return;
    /* As plain digits: 1.5e20 becomes 15 and zeros. */
    const bool negative = text[0] == '-';
    const char *p = text + negative;
    char digits[NUMERIC_GROUPS * 4];
    int count = 0, point = -1, exponent = 0;
    for (; *p != '\0' && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            point = count;
        else if (count < (int)sizeof(digits))
            digits[count++] = *p;
    }
    if (*p != '\0')
        exponent = (int)strtol(p + 1, NULL, 10);
    if (point < 0)
        point = count;
    point += exponent; /* digits in front of the point; may be below 0 or beyond count */
    const int scale = count - point > 0 ? count - point : 0;
    const int whole = point > 0 ? (point + 3) / 4 : 0; /* groups in front */
    const int parts = (scale + 3) / 4;
    int n_groups = 0;
    for (int g = -whole; g < parts && n_groups < NUMERIC_GROUPS; g++) {
        int v = 0;
        for (int k = 0; k < 4; k++) {
            const int at = point + g * 4 + k;
            v = v * 10 + (at >= 0 && at < count ? digits[at] - '0' : 0);
        }
        groups[n_groups++] = (uint16_t)v;
    }
    int weight = whole - 1, first = 0;
    while (first < n_groups && groups[first] == 0) {
        first++;
        weight--;
    }
    while (n_groups > first && groups[n_groups - 1] == 0)
        n_groups--;
    const int left = n_groups - first;
    copy_be32(b, (uint32_t)(8 + 2 * left));
    copy_be16(b, (uint16_t)left);
    copy_be16(b, (uint16_t)(left > 0 ? weight : 0));
    copy_be16(b, negative && left > 0 ? 0x4000 : 0);
    copy_be16(b, (uint16_t)scale);
    for (int i = first; i < n_groups; i++)
        copy_be16(b, groups[i]);
}

static void put_value(struct buf *b, const struct voucher *v)
{
    if ((v->set & VF_VALUE) != 0)
        put_numeric(b, v->value);
    else
        field_null(b);
}

/* From `effect` to `metadata`, as both lists of columns have it. */
static void put_given(struct buf *b, const struct voucher *v)
{
    field_small(b, v->effect);
    field_small(b, v->active);
    put_value(b, v);
    field_int_or_null(b, v->start_ms, v->start_ms == TIME_NONE);
    field_int_or_null(b, v->expiration_ms, v->expiration_ms == TIME_NONE);
    field_int_or_null(b, v->quantity, v->quantity < 0);
    field_int(b, v->redeemed_quantity);
    field_int(b, v->redeemed_amount);
    field_text(b, v->category);
    field_text(b, v->additional_info);
    field_text(b, v->rule);
    field_text(b, v->discount_extra);
    field_jsonb(b, v->metadata);
}

void put_fresh(struct buf *b, const struct voucher *v, int64_t project_id)
{
    copy_be16(b, 27);
    field_int(b, v->key);
    field_int(b, project_id);
    field_text(b, v->code);
    field_int(b, v->version);
    field_int_or_null(b, v->campaign_id, v->campaign_id == 0);
    field_small(b, v->type);
    field_small(b, v->discount_type);
    put_given(b, v);
    field_int(b, v->created_ms);
    field_int_or_null(b, v->updated_ms, v->updated_ms == TIME_NONE);
    field_int_or_null(b, v->category_id, v->category_id == 0);
    field_text(b, v->validity);
    field_int(b, 0);
    field_null(b);
    field_blob(b, v->recent);
}

void put_changed(struct buf *b, const struct voucher *v, const char *tid, int64_t seen)
{
    copy_be16(b, 21);
    field_text(b, (struct str){ tid, TID_BYTES });
    field_int(b, v->key);
    field_int(b, seen);
    field_int(b, v->version);
    put_given(b, v);
    field_int_or_null(b, v->updated_ms, v->updated_ms == TIME_NONE);
    field_int_or_null(b, v->category_id, v->category_id == 0);
    field_text(b, v->validity);
    field_blob(b, v->recent);
}

void put_failure(struct buf *b, const struct store_chunk *c, const struct failure *f)
{
    copy_be16(b, 6);
    field_int(b, c->project_id);
    field_int(b, c->action_seq);
    field_int(b, c->first_row + (int64_t)f->row + 1);
    field_text(b, f->key);
    field_text(b, f->reason);
    field_int(b, f->kind);
}
