/* SPDX-License-Identifier: MIT */
/* store.c - finds the backend of a URL and passes calls on; what both backends share. */
#include <pthread.h>

#include "store/store.h"

static const struct store_ops *const backends[] = { &store_sqlite, &store_postgres };

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
        if (!str_is(scheme, backends[i]->scheme) || rest.len == 0)
            continue;
        if (backends[i]->open(rest.p, config, out, err) < 0)
            return -1;
        ((struct store_base *)(void *)*out)->campaign_codes_max = config->campaign_codes_max;
        return 0;
    }
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "'%s' is not a store; say sqlite:PATH or postgresql://…", url);
}

void store_close(struct store *s)
{
    if (s != NULL)
        ops_of(s)->close(s);
}

int64_t store_campaign_codes_max(const struct store *s)
{
    return ((const struct store_base *)(const void *)s)->campaign_codes_max;
}

const struct id_secret *store_secret(const struct store *s)
{
    return &((const struct store_base *)(const void *)s)->secret;
}

const char *store_place(const struct store *s)
{
    return ((const struct store_base *)(const void *)s)->place;
}

int64_t store_schema(const struct store *s, int64_t *before)
{
    const struct store_base *base = (const struct store_base *)(const void *)s;
    *before = base->schema_before;
    return base->schema;
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

int store_tx_project_delete(struct store_tx *tx, struct str public_id, int64_t now_ms, int64_t *id,
                            struct err *err)
{
    return ops_of_tx(tx)->tx_project_delete(tx, public_id, now_ms, id, err);
}

int store_tx_project_purge(struct store_tx *tx, int64_t id, size_t budget, struct arena *a,
                           struct purged *out, struct err *err)
{
    return ops_of_tx(tx)->tx_project_purge(tx, id, budget, a, out, err);
}

int store_tx_key_insert(struct store_tx *tx, const struct project_key *k, struct err *err)
{
    return ops_of_tx(tx)->tx_key_insert(tx, k, err);
}

int store_tx_key_delete(struct store_tx *tx, int64_t project_id, struct str app_id, struct err *err)
{
    return ops_of_tx(tx)->tx_key_delete(tx, project_id, app_id, err);
}

int store_tx_oauth_insert(struct store_tx *tx, const struct oauth_token *t, size_t most,
                          struct err *err)
{
    return ops_of_tx(tx)->tx_oauth_insert(tx, t, most, err);
}

int store_tx_oauth_delete(struct store_tx *tx, int64_t project_id, const unsigned char *hash,
                          bool *found, struct err *err)
{
    return ops_of_tx(tx)->tx_oauth_delete(tx, project_id, hash, found, err);
}

int store_tx_action_insert(struct store_tx *tx, struct action *ac, struct err *err)
{
    return ops_of_tx(tx)->tx_action_insert(tx, ac, err);
}

int store_tx_action_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err)
{
    return ops_of_tx(tx)->tx_action_claim(tx, seq, ac, err);
}

int store_tx_action_cancel(struct store_tx *tx, int64_t project_id, int64_t seq, int64_t now_ms,
                           struct arena *a, struct action *ac, struct err *err)
{
    return ops_of_tx(tx)->tx_action_cancel(tx, project_id, seq, now_ms, a, ac, err);
}

int store_tx_idempotency_find(struct store_tx *tx, struct idempotency *i, int64_t now_ms,
                              bool *found, struct err *err)
{
    return ops_of_tx(tx)->tx_idempotency_find(tx, i, now_ms, found, err);
}

int store_tx_idempotency_put(struct store_tx *tx, const struct idempotency *i, struct err *err)
{
    return ops_of_tx(tx)->tx_idempotency_put(tx, i, err);
}

int store_tx_voucher_write(struct store_tx *tx, struct voucher_write *w, struct err *err)
{
    return ops_of_tx(tx)->tx_voucher_write(tx, w, err);
}

int store_tx_campaign_write(struct store_tx *tx, struct campaign_write *w, struct err *err)
{
    return ops_of_tx(tx)->tx_campaign_write(tx, w, err);
}

int store_tx_category_write(struct store_tx *tx, struct category_write *w, struct err *err)
{
    return ops_of_tx(tx)->tx_category_write(tx, w, err);
}

int store_tx_record_write(struct store_tx *tx, struct record_write *w, struct err *err)
{
    return ops_of_tx(tx)->tx_record_write(tx, w, err);
}

int store_tx_publish(struct store_tx *tx, struct publish *p, struct err *err)
{
    return ops_of_tx(tx)->tx_publish(tx, p, err);
}

int store_list_publications(struct store *s, struct arena *a, int64_t project_id,
                            const struct publication_page *page, struct publication_list *out,
                            struct err *err)
{
    return ops_of(s)->list_publications(s, a, project_id, page, out, err);
}

int store_find_record(struct store *s, struct arena *a, int64_t project_id,
                      enum resource_type resource, struct str id_or_source, struct record **out,
                      struct err *err)
{
    return ops_of(s)->find_record(s, a, project_id, resource, id_or_source, out, err);
}

int store_walk_records(struct store *s, struct arena *a, int64_t project_id,
                       enum resource_type resource, struct record_walk *w, struct record **out,
                       size_t *n, struct err *err)
{
    return ops_of(s)->walk_records(s, a, project_id, resource, w, out, n, err);
}

int store_list_records(struct store *s, struct arena *a, int64_t project_id,
                       enum resource_type resource, const struct record_page *page,
                       struct record **out, size_t *n, int64_t *total, bool *more, struct err *err)
{
    return ops_of(s)->list_records(s, a, project_id, resource, page, out, n, total, more, err);
}

int store_tx_rule_write(struct store_tx *tx, struct rule_write *w, struct err *err)
{
    return ops_of_tx(tx)->tx_rule_write(tx, w, err);
}

int store_tx_metadata_schema_write(struct store_tx *tx, struct metadata_schema_write *w,
                                   struct err *err)
{
    return ops_of_tx(tx)->tx_metadata_schema_write(tx, w, err);
}

int store_find_metadata_schema(struct store *s, struct arena *a, int64_t project_id,
                               struct str object_or_id, struct metadata_schema **out,
                               struct err *err)
{
    return ops_of(s)->find_metadata_schema(s, a, project_id, object_or_id, out, err);
}

int store_list_metadata_schemas(struct store *s, struct arena *a, int64_t project_id,
                                struct metadata_schema **out, size_t *n, struct err *err)
{
    return ops_of(s)->list_metadata_schemas(s, a, project_id, out, n, err);
}

int store_find_rule(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                    struct validation_rule **out, struct err *err)
{
    return ops_of(s)->find_rule(s, a, project_id, key, out, err);
}

int store_list_rules(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                     size_t limit, struct validation_rule **out, size_t *n, int64_t *total,
                     struct err *err)
{
    return ops_of(s)->list_rules(s, a, project_id, offset, limit, out, n, total, err);
}

int store_tx_bin_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                       int64_t *campaign, struct err *err)
{
    return ops_of_tx(tx)->tx_bin_erase(tx, project_id, key, found, campaign, err);
}

int store_tx_export_insert(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                           struct err *err)
{
    return ops_of_tx(tx)->tx_export_insert(tx, project_id, e, err);
}

int store_tx_export_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                          struct err *err)
{
    return ops_of_tx(tx)->tx_export_erase(tx, project_id, key, found, err);
}

int store_tx_retention(struct store_tx *tx, int64_t ended_before_ms, int64_t now_ms, size_t budget,
                       struct arena *a, struct purged *out, struct err *err)
{
    return ops_of_tx(tx)->tx_retention(tx, ended_before_ms, now_ms, budget, a, out, err);
}

int store_slice_commit(struct store *s, struct store_chunk *chunks, size_t n, struct err *err)
{
    return ops_of(s)->slice_commit(s, chunks, n, err);
}

void store_slices_leave(struct store *s)
{
    if (ops_of(s)->slices_leave != NULL)
        ops_of(s)->slices_leave(s);
}

int store_find_key(struct store *s, struct arena *a, struct str app_id, struct project_key **key,
                   struct project **project, struct err *err)
{
    return ops_of(s)->find_key(s, a, app_id, key, project, err);
}

int store_find_oauth(struct store *s, struct arena *a, const unsigned char *hash,
                     struct oauth_token **token, struct project **project, struct err *err)
{
    return ops_of(s)->find_oauth(s, a, hash, token, project, err);
}

int store_find_project(struct store *s, struct arena *a, struct str public_id, struct project **out,
                       struct err *err)
{
    return ops_of(s)->find_project(s, a, public_id, out, err);
}

int store_list_projects(struct store *s, struct arena *a, struct project **out, size_t *n,
                        struct err *err)
{
    return ops_of(s)->list_projects(s, a, out, n, err);
}

int store_list_keys(struct store *s, struct arena *a, int64_t project_id, struct project_key **out,
                    size_t *n, struct err *err)
{
    return ops_of(s)->list_keys(s, a, project_id, out, n, err);
}

int store_find_action(struct store *s, struct arena *a, int64_t project_id, struct str id,
                      struct action **out, struct err *err)
{
    return ops_of(s)->find_action(s, a, project_id, id, out, err);
}

int store_find_input(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                     struct str *out, struct err *err)
{
    return ops_of(s)->find_input(s, a, project_id, seq, out, err);
}

int store_list_actions(struct store *s, struct arena *a, int64_t project_id,
                       const struct action_page *page, struct action **out, size_t *n, bool *more,
                       struct err *err)
{
    return ops_of(s)->list_actions(s, a, project_id, page, out, n, more, err);
}

int store_list_queues(struct store *s, struct arena *a, struct queue_id **out, size_t *n,
                      struct err *err)
{
    return ops_of(s)->list_queues(s, a, out, n, err);
}

int store_list_queue(struct store *s, struct arena *a, const struct queue_id *q, int64_t after_seq,
                     size_t limit, size_t max_bytes, struct action **out, size_t *n,
                     struct err *err)
{
    return ops_of(s)->list_queue(s, a, q, after_seq, limit, max_bytes, out, n, err);
}

int store_first_unfinished(struct store *s, const struct queue_id *q, int64_t *seq, struct err *err)
{
    return ops_of(s)->first_unfinished(s, q, seq, err);
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

int store_walk_vouchers(struct store *s, struct arena *a, int64_t project_id,
                        struct voucher_walk *w, struct voucher **out, size_t *n, struct err *err)
{
    return ops_of(s)->walk_vouchers(s, a, project_id, w, out, n, err);
}

int store_list_transactions(struct store *s, struct arena *a, int64_t project_id,
                            const struct transaction_page *page, struct transaction **out,
                            size_t *n, bool *more, struct err *err)
{
    return ops_of(s)->list_transactions(s, a, project_id, page, out, n, more, err);
}

int store_count_codes(struct store *s, int64_t project_id, const struct str *codes, size_t n,
                      int64_t *out, struct err *err)
{
    return ops_of(s)->count_codes(s, project_id, codes, n, out, err);
}

int store_find_campaign(struct store *s, struct arena *a, int64_t project_id, struct str name_or_id,
                        struct campaign **out, struct err *err)
{
    return ops_of(s)->find_campaign(s, a, project_id, name_or_id, out, err);
}

int store_list_campaigns(struct store *s, struct arena *a, int64_t project_id,
                         const struct campaign_page *page, struct campaign **out, size_t *n,
                         int64_t *total, struct err *err)
{
    return ops_of(s)->list_campaigns(s, a, project_id, page, out, n, total, err);
}

int store_find_tier(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                    struct tier **out, struct err *err)
{
    return ops_of(s)->find_tier(s, a, project_id, key, out, err);
}

int store_list_tiers(struct store *s, struct arena *a, const struct campaign *c, int64_t offset,
                     size_t limit, struct tier **out, size_t *n, int64_t *total, struct err *err)
{
    return ops_of(s)->list_tiers(s, a, c, offset, limit, out, n, total, err);
}

int store_find_category(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                        struct category **out, struct err *err)
{
    return ops_of(s)->find_category(s, a, project_id, key, out, err);
}

int store_list_categories(struct store *s, struct arena *a, int64_t project_id,
                          struct category **out, size_t *n, struct err *err)
{
    return ops_of(s)->list_categories(s, a, project_id, out, n, err);
}

int store_find_bin_entry(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                         struct bin_entry **out, struct err *err)
{
    return ops_of(s)->find_bin_entry(s, a, project_id, key, out, err);
}

int store_list_bin(struct store *s, struct arena *a, int64_t project_id, int64_t after_key,
                   bool newest_first, const struct filter *filter, size_t limit,
                   struct bin_entry **out, size_t *n, bool *more, struct err *err)
{
    return ops_of(s)->list_bin(s, a, project_id, after_key, newest_first, filter, limit, out, n,
                               more, err);
}

int store_find_export(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                      struct stored_export **out, struct err *err)
{
    return ops_of(s)->find_export(s, a, project_id, key, out, err);
}

int store_list_exports(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                       bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                       int64_t *total, struct err *err)
{
    return ops_of(s)->list_exports(s, a, project_id, offset, newest_first, limit, out, n, total,
                                   err);
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

int store_find_outcomes_of_row(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                               int64_t row, struct outcome_blob **out, struct err *err)
{
    return ops_of(s)->find_outcomes_of_row(s, a, project_id, seq, row, out, err);
}

bool store_keeps_inputs(const struct store *s)
{
    return ((const struct store_base *)(const void *)s)->ops->input_put != NULL;
}

int store_input_put(struct store *s, struct str name, const struct input_source *from,
                    struct err *err)
{
    return ops_of(s)->input_put(s, name, from, err);
}

int store_input_find(struct store *s, struct str name, bool *found, struct err *err)
{
    return ops_of(s)->input_find(s, name, found, err);
}

int store_input_read(struct store *s, struct str name, int64_t at, void *out, size_t n, size_t *got,
                     struct err *err)
{
    return ops_of(s)->input_read(s, name, at, out, n, got, err);
}

int store_input_remove(struct store *s, struct str name, struct err *err)
{
    return ops_of(s)->input_remove(s, name, err);
}

void store_listen(struct store *s, void (*on_wake)(void *arg), void *arg)
{
    if (ops_of(s)->listen != NULL)
        ops_of(s)->listen(s, on_wake, arg);
}

int store_ping(struct store *s, struct err *err)
{
    return ops_of(s)->ping(s, err);
}

void store_stats(struct store *s, struct store_stats *out)
{
    ops_of(s)->stats(s, out);
}
