/* SPDX-License-Identifier: MIT */
/*
 * time_iso.c - see time_iso.h. The calendar is computed, not asked of libc: no locale, no lock,
 * and a date costs some nanoseconds. Days from civil and back: H. Hinnant's published algorithms.
 */
#include <time.h>

#include "base/time_iso.h"

#define DAY_MS INT64_C(86400000)

static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const unsigned yoe = (unsigned)(y - era * 400);
    const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
    z += 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const unsigned doe = (unsigned)(z - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int64_t)yoe + era * 400 + (*m <= 2);
}

static unsigned days_in_month(unsigned y, unsigned m)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap);
}

/* Takes exactly n digits at s->p and moves s behind them. */
static bool take_digits(struct str *s, unsigned n, unsigned *out)
{
    unsigned v = 0;
    if (s->len < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s->p[i] - '0');
    }
    s->p += n;
    s->len -= n;
    *out = v;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->len == 0 || s->p[0] != c)
        return false;
    s->p++;
    s->len--;
    return true;
}

/* ".5" to ".123456789", in milliseconds. */
static bool take_fraction(struct str *s, unsigned *ms)
{
    unsigned n = 0, v = 0;
    while (s->len > 0 && s->p[0] >= '0' && s->p[0] <= '9') {
        if (n < 3)
            v = v * 10 + (unsigned)(s->p[0] - '0');
        n++;
        s->p++;
        s->len--;
    }
    for (unsigned i = n; i < 3; i++)
        v *= 10;
    *ms = v;
    return n >= 1 && n <= 9;
}

/* "Z", "+02:00", "+0200", "+02" or nothing; minutes east of UTC. */
static bool take_zone(struct str *s, int *minutes)
{
    *minutes = 0;
    if (s->len == 0 || ((s->p[0] == 'Z' || s->p[0] == 'z') && s->len == 1))
        return true;
    const int sign = s->p[0] == '-' ? -1 : 1;
    unsigned h = 0, m = 0;
    if ((!take_char(s, '+') && !take_char(s, '-')) || !take_digits(s, 2, &h))
        return false;
    if (s->len > 0) {
        take_char(s, ':');
        if (!take_digits(s, 2, &m))
            return false;
    }
    *minutes = sign * (int)(h * 60 + m);
    return s->len == 0 && h <= 14 && m <= 59;
}

static bool take_time(struct str *s, int64_t *ms)
{
    unsigned h = 0, min = 0, sec = 0, frac = 0;
    if (!take_digits(s, 2, &h))
        return false;
    if (take_char(s, ':')) {
        if (!take_digits(s, 2, &min))
            return false;
        if (take_char(s, ':')) {
            if (!take_digits(s, 2, &sec))
                return false;
            if (take_char(s, '.') && !take_fraction(s, &frac))
                return false;
        }
    }
    int zone;
    if (h > 23 || min > 59 || sec > 59 || !take_zone(s, &zone))
        return false;
    *ms = (((int64_t)h * 60 + min - zone) * 60 + sec) * 1000 + frac;
    return true;
}

bool time_iso_parse(struct str s, int64_t *out_ms)
{
    unsigned y, m, d;
    if (!take_digits(&s, 4, &y) || !take_char(&s, '-') || !take_digits(&s, 2, &m) ||
        !take_char(&s, '-') || !take_digits(&s, 2, &d))
        return false;
    if (m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
        return false;
    int64_t in_day = 0;
    if (s.len > 0) {
        if (!take_char(&s, 'T') && !take_char(&s, 't'))
            return false;
        if (!take_time(&s, &in_day))
            return false;
    }
    *out_ms = days_from_civil(y, m, d) * DAY_MS + in_day;
    return true;
}

static void put_digits(char *at, unsigned n, unsigned v)
{
    while (n-- > 0) {
        at[n] = (char)('0' + v % 10);
        v /= 10;
    }
}

void time_iso_format(int64_t ms, char out[TIME_ISO_LEN + 1])
{
    const int64_t first = days_from_civil(0, 1, 1) * DAY_MS;
    const int64_t last = days_from_civil(10000, 1, 1) * DAY_MS - 1;
    ms = ms < first ? first : ms > last ? last : ms;
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int64_t y;
    unsigned m, d;
    civil_from_days(days, &y, &m, &d);
    const unsigned sec = (unsigned)(rest / 1000);
    memcpy(out, "0000-00-00T00:00:00.000Z", TIME_ISO_LEN + 1);
    put_digits(out, 4, (unsigned)y);
    put_digits(out + 5, 2, m);
    put_digits(out + 8, 2, d);
    put_digits(out + 11, 2, sec / 3600);
    put_digits(out + 14, 2, sec / 60 % 60);
    put_digits(out + 17, 2, sec % 60);
    put_digits(out + 20, 3, (unsigned)(rest % 1000));
}

int64_t time_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t time_monotonic_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
