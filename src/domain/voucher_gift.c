/* SPDX-License-Identifier: MIT */
/*
 * voucher_gift.c - the account of a gift, or of a loyalty card.
 *
 * balance = amount - subtracted - redeemed. What is added raises the amount, what is taken by hand
 * is kept apart, what customers redeem apart from that. An amount may have a fraction (the public
 * API takes any number); a booking is in whole minor units, and so is what it answers.
 */
#include <inttypes.h>
#include <math.h>

#include "domain/voucher_priv.h"

#define WHOLE_MAX 9007199254740992.0 /* 2^53: above it a double is not every integer */

/* Of a file anything can come, so it stops at the end instead of wrapping. */
static int64_t minus(int64_t from, int64_t n)
{
    int64_t left;
    return __builtin_sub_overflow(from, n, &left) ? INT64_MIN : left;
}

static int64_t whole(struct num n)
{
    if (n.is_int)
        return n.i;
    return n.d >= WHOLE_MAX ? (int64_t)WHOLE_MAX : (int64_t)floor(n.d);
}

int64_t voucher_income(const struct voucher *v)
{
    return minus(whole(v->value), v->subtracted);
}

int64_t voucher_available(const struct voucher *v)
{
    return minus(voucher_income(v), v->redeemed_amount);
}

static int add(struct voucher *v, int64_t amount, struct err *err)
{
    struct num sum = { .is_int = v->value.is_int };
    bool fits;
    if (sum.is_int) {
        fits = !__builtin_add_overflow(v->value.i, amount, &sum.i);
    } else {
        sum.d = v->value.d + (double)amount;
        fits = sum.d <= WHOLE_MAX;
    }
    if (!fits)
        return err_set(err, ERR_INVALID_BALANCE, "Property .%s is too large for this %s",
                       v->type == VOUCHER_GIFT ? "amount" : "points",
                       v->type == VOUCHER_GIFT ? "gift" : "card");
    v->value = sum;
    v->set |= VF_VALUE;
    return 0;
}

int voucher_book(struct voucher *v, int64_t amount, struct err *err)
{
    const int64_t available = voucher_available(v);
    if (v->type != VOUCHER_GIFT && v->type != VOUCHER_LOYALTY)
        return err_set(err, ERR_INVALID_BALANCE,
                       "Only a gift voucher or a loyalty card has a balance; this is a %s",
                       voucher_fields.rows[ROW_TYPE].names[v->type]);
    if (amount >= 0)
        return add(v, amount, err);
    if (available < 0 || amount < -available)
        return err_set(err, v->type == VOUCHER_GIFT ? ERR_GIFT_EXCEEDED : ERR_POINTS_EXCEEDED,
                       "Cannot subtract more than is available: %" PRId64, available);
    v->subtracted -= amount; /* stays within the value, so it fits */
    return 0;
}
