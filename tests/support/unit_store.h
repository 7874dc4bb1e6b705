/* SPDX-License-Identifier: MIT */
/*
 * unit_store.h - what tests of the store and of everything above it share: projects and actions
 * made in one call, vouchers and chunks built from literals, and a dump of all that a project
 * holds, so that "nothing has changed" and "the same as there" are one comparison of texts.
 */
#ifndef TESTS_SUPPORT_UNIT_STORE_H
#define TESTS_SUPPORT_UNIT_STORE_H

#include "store/store.h"
#include "support/unit.h"

enum { UNIT_KIND = 17 }; /* VOUCHERS.IMPORT_CSV; the store does not look at it */

/*
 * The store under test is chosen by the environment: LONGSHORE_TEST_STORE=postgresql, with the URL
 * of a cluster without its database in LONGSHORE_TEST_POSTGRES; otherwise SQLite. This is the URL
 * of the store with that name in that directory: a file there, or a database that is made when it
 * is first named and goes with this program.
 */
const char *unit_store_url(const char *dir, const char *name, char *out, size_t n);

/* Empties the closed store at this URL, as if it had never been opened: far cheaper than another
 * database. */
void unit_store_clear(const char *url);
bool unit_on_postgres(void);

/* Metadata as the store under test gives it back: PostgreSQL keeps keys in an order of its own. */
const char *unit_metadata(struct arena *a, const char *json);

/* In a test that is about SQLite alone. */
#define UNIT_SQLITE_ONLY()                                                                         \
    do {                                                                                           \
        if (unit_on_postgres())                                                                    \
            skip();                                                                                \
    } while (0)

/* Runs one unit of work, which must succeed. */
void unit_work(struct store *s, int (*run)(struct store_tx *, void *, struct err *), void *arg);

/* A store in a directory of its own, with two projects: a cmocka fixture; *state is the struct.
 * Faults are disarmed at the end. */
struct unit_world {
    char *dir;
    char url[640];
    struct store *store;
    struct arena arena;
    int64_t project, other; /* "one" and "two" */
};
int unit_world_setup(void **state);
int unit_world_teardown(void **state);
void unit_world_reopen(struct unit_world *w);

/* Behind the store's back: the one number that the SQL gives; 0 when it gives none. */
int64_t unit_sql(const char *url, const char *text);
/* The same of one text; "" when it gives none. */
const char *unit_sql_text(struct arena *a, const char *url, const char *text);

/* A project with this name, and its two keys; the other texts are made of it ("proj_" in front,
 * "app-" and "management-"), the app key's token is the name. */
int64_t unit_project(struct store *s, const char *name);

/* An action of 1000 input bytes, accepted at created_ms; ENQUEUED. */
struct action unit_action(struct store *s, int64_t project_id, int64_t created_ms);
/* The same, claimed: IN_PROGRESS with an epoch. */
struct action unit_claimed_action(struct store *s, int64_t project_id);
void unit_claim(struct store *s, struct action *ac);
/* As the store has it now; texts in the arena. */
struct action unit_reload(struct store *s, struct arena *a, const struct action *ac);
void unit_public_id(struct store *s, const struct action *ac, char out[ID_MAX_LEN]);

/* A discount of so many minor units off, all fields given by an import with these columns. */
struct voucher unit_voucher(const char *code, int64_t amount);

/* Rows of a chunk: a code with an amount, or, when `reason` is there, a row that failed. */
struct unit_row {
    const char *code;
    int64_t amount;
    const char *reason;
};

/* A chunk in memory, with all that it points to. */
struct unit_chunk {
    struct store_chunk chunk; /* first */
    struct voucher *rows;
    struct voucher **sorted;
    struct failure *failures;
    unsigned char *outcomes;
};

/* The chunk of a claimed action with these rows, behind `after` (NULL: the first one); 10 input
 * bytes a row. It ends the action when last. */
void unit_chunk_init(struct unit_chunk *c, const struct action *ac, const struct unit_row *rows,
                     size_t n, const struct store_chunk *after, bool last);
void unit_chunk_release(struct unit_chunk *c);
/* Slice after slice until the chunk is in; returns how many. */
size_t unit_commit(struct store *s, struct store_chunk *c);
/* A whole action of one chunk. Returns its outcomes as letters by row: c u = s f. */
const char *unit_import_rows(struct store *s, const struct action *ac, const struct unit_row *rows,
                             size_t n);
#define UNIT_IMPORT(s, ac, rows) unit_import_rows(s, ac, rows, ARRAY_LEN(rows))

const char *unit_outcome_letters(const unsigned char *packed, size_t n);

/* Creates one voucher as a request does. */
enum outcome unit_create(struct store *s, int64_t project_id, struct voucher *v);

/* The voucher with this code, which must be there. */
struct voucher *unit_find(struct store *s, struct arena *a, int64_t project_id, const char *code);

/* ---- the dump ---- */

enum unit_dump {
    UNIT_DUMP_VALUES = 0,      /* what an import decides: vouchers, outcomes, failures, counters */
    UNIT_DUMP_EXACT = 1u << 0, /* and keys, versions, times and the checkpoint as well */
    UNIT_DUMP_BY_CODE = 1u << 1, /* vouchers by code; otherwise oldest first */
};

/* Everything a project holds, as lines of text in the arena. */
const char *unit_dump(struct store *s, struct arena *a, int64_t project_id, unsigned flags);

#endif
