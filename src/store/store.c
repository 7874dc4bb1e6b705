/* SPDX-License-Identifier: MIT */
/* store.c - finds the backend of a URL and passes calls on; what both backends share. */
#include <pthread.h>

#include "store/store.h"

static const struct store_ops *const backends[] = { &store_sqlite };

static const struct store_ops *ops_of(struct store *s)
{
    return ((const struct store_base *)(const void *)s)->ops;
}

int64_t action_rows(const struct action *ac)
{
    int64_t sum = 0;
    for (int o = OUTCOME_CREATED; o < OUTCOME_COUNT; o++)
        sum += ac->counts[o];
    return sum;
}

bool action_is_finished(const struct action *ac)
{
    return ac->status == ACTION_DONE || ac->status == ACTION_FAILED;
}

void outcome_put(unsigned char *packed, size_t row, enum outcome o)
{
    const unsigned shift = row % OUTCOMES_PER_BYTE * 4;
    unsigned char *at = packed + row / OUTCOMES_PER_BYTE;
    *at = (unsigned char)((*at & ~(0xFu << shift)) | (unsigned)o << shift);
}

enum outcome outcome_get(const unsigned char *packed, size_t row)
{
    return (enum outcome)(packed[row / OUTCOMES_PER_BYTE] >> (row % OUTCOMES_PER_BYTE * 4) & 0xF);
}

int store_open(const char *url, const struct store_config *config, struct store **out,
               struct err *err)
{
    struct str rest;
    const struct str scheme = str_cut(str_of(url), ':', &rest);
    for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
        if (str_is(scheme, backends[i]->scheme) && rest.len > 0)
            return backends[i]->open(rest.p, config, out, err);
    }
    return err_set(err, ERR_INVALID_PAYLOAD, "'%s' is not a store; say sqlite:PATH", url);
}

void store_close(struct store *s)
{
    if (s != NULL)
        ops_of(s)->close(s);
}

const struct id_secret *store_secret(const struct store *s)
{
    return &((const struct store_base *)(const void *)s)->secret;
}

const char *store_place(const struct store *s)
{
    return ((const struct store_base *)(const void *)s)->place;
}

void store_submit(struct store *s, struct store_work *w)
{
    ops_of(s)->submit(s, w);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    int rc;
    struct err *err;
    int (*run)(struct store_tx *, void *, struct err *);
    void *arg;
};

static int waiter_run(struct store_tx *tx, void *arg, struct err *err)
{
    const struct waiter *w = arg;
    return w->run(tx, w->arg, err);
}

static void waiter_done(void *arg, int rc, const struct err *err)
{
    struct waiter *w = arg;
    pthread_mutex_lock(&w->lock);
    w->rc = rc;
    if (rc < 0)
        *w->err = *err;
    w->done = true;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
}

int store_work_wait(struct store *s, int (*run)(struct store_tx *, void *, struct err *), void *arg,
                    struct err *err)
{
    struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER,
                        .ended = PTHREAD_COND_INITIALIZER,
                        .err = err,
                        .run = run,
                        .arg = arg };
    struct store_work work = { .run = waiter_run, .done = waiter_done, .arg = &w };
    store_submit(s, &work);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.ended, &w.lock);
    pthread_mutex_unlock(&w.lock);
    return w.rc;
}

static const struct store_ops *ops_of_tx(struct store_tx *tx)
{
    return ops_of(((const struct store_tx_base *)(const void *)tx)->store);
}

int store_tx_project_insert(struct store_tx *tx, struct project *p, struct err *err)
{
    return ops_of_tx(tx)->tx_project_insert(tx, p, err);
}

int store_tx_action_insert(struct store_tx *tx, struct action *ac, struct err *err)
{
    return ops_of_tx(tx)->tx_action_insert(tx, ac, err);
}

int store_tx_action_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err)
{
    return ops_of_tx(tx)->tx_action_claim(tx, seq, ac, err);
}

int store_tx_voucher_write(struct store_tx *tx, struct voucher_write *w, struct err *err)
{
    return ops_of_tx(tx)->tx_voucher_write(tx, w, err);
}

int store_slice_commit(struct store *s, struct store_chunk *c, struct err *err)
{
    return ops_of(s)->slice_commit(s, c, err);
}

int store_find_project(struct store *s, struct arena *a, struct str app_id, struct project **out,
                       struct err *err)
{
    return ops_of(s)->find_project(s, a, app_id, out, err);
}

int store_find_action(struct store *s, struct arena *a, int64_t project_id, struct str id,
                      struct action **out, struct err *err)
{
    return ops_of(s)->find_action(s, a, project_id, id, out, err);
}

int store_list_actions(struct store *s, struct arena *a, int64_t project_id,
                       const struct action_page *page, struct action **out, size_t *n, bool *more,
                       struct err *err)
{
    return ops_of(s)->list_actions(s, a, project_id, page, out, n, more, err);
}

int store_list_unfinished(struct store *s, struct arena *a, struct action **out, size_t *n,
                          struct err *err)
{
    return ops_of(s)->list_unfinished(s, a, out, n, err);
}

int store_list_inputs(struct store *s, struct arena *a, struct str **out, size_t *n,
                      struct err *err)
{
    return ops_of(s)->list_inputs(s, a, out, n, err);
}

int store_find_voucher(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                       struct voucher **out, struct err *err)
{
    return ops_of(s)->find_voucher(s, a, project_id, code_or_id, out, err);
}

int store_list_vouchers(struct store *s, struct arena *a, int64_t project_id,
                        const struct voucher_page *page, struct voucher **out, size_t *n,
                        int64_t *total, bool *more, struct err *err)
{
    return ops_of(s)->list_vouchers(s, a, project_id, page, out, n, total, more, err);
}

int store_list_failures(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                        int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                        struct err *err)
{
    return ops_of(s)->list_failures(s, a, project_id, seq, after_row, limit, out, n, err);
}

int store_find_outcomes(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                        int64_t chunk_no, struct outcome_blob **out, struct err *err)
{
    return ops_of(s)->find_outcomes(s, a, project_id, seq, chunk_no, out, err);
}

int store_ping(struct store *s, struct err *err)
{
    return ops_of(s)->ping(s, err);
}

void store_stats(struct store *s, struct store_stats *out)
{
    ops_of(s)->stats(s, out);
}
