/* SPDX-License-Identifier: MIT */
/* sqlite.c - opening and closing the SQLite store, its readers, and its table of calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/dir.h"
#include "store/sqlite/sqlite_priv.h"

#define READER_CACHE_BYTES (1 * MIB)
#define WRITER_CACHE_BYTES (40 * MIB)
#define ROOM_LEAST_BYTES   (1 * MIB)
#define READERS_DEFAULT    8

/* ---- readers ---- */

static struct db *take_reader(struct sql_store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)store;
    pthread_mutex_lock(&s->readers_lock);
    for (;;) {
        for (unsigned i = 0; i < s->n_readers; i++) {
            if (s->reader_taken[i])
                continue;
            s->reader_taken[i] = true;
            pthread_mutex_unlock(&s->readers_lock);
            return &s->readers[i].base;
        }
        pthread_cond_wait(&s->reader_free, &s->readers_lock);
    }
}

static void give_reader(struct sql_store *store, struct db *db)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)store;
    pthread_mutex_lock(&s->readers_lock);
    s->reader_taken[sqlite_db_of(db) - s->readers] = false;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->readers_lock);
}

static int readers_open(struct sqlite_store *s, unsigned n, struct err *err)
{
    pthread_mutex_init(&s->readers_lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    s->readers = mem_calloc(n, sizeof(*s->readers));
    s->reader_taken = mem_calloc(n, sizeof(*s->reader_taken));
    if (s->readers == NULL || s->reader_taken == NULL)
        return err_nomem(err);
    for (; s->n_readers < n; s->n_readers++) {
        if (db_open(&s->readers[s->n_readers], s->path, DB_READER, READER_CACHE_BYTES, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- keys of new rows ---- */

/* There is one writer, so the sequence is read once a transaction, and written once. */
static int keys_take(struct store_tx *tx, int64_t project_id, const char *name, int64_t want,
                     struct key_range *out, struct err *err)
{
    (void)want;
    if (sequence_get(tx->db, project_id, name, &out->first, err) < 0)
        return -1;
    out->next = out->first;
    out->end = (int64_t)1 << VOUCHER_KEY_BITS;
    return 0;
}

static int keys_used(struct store_tx *tx, int64_t project_id, const char *name,
                     const struct key_range *range, struct err *err)
{
    return sequence_set(tx->db, project_id, name, range->next, err);
}

static int64_t last_key(struct db *db)
{
    return sqlite3_last_insert_rowid(sqlite_db_of(db)->handle);
}

static const struct sql_backend backend = {
    .reader_take = take_reader,
    .reader_give = give_reader,
    .keys_take = keys_take,
    .keys_used = keys_used,
    .wants_room = writer_wants_room,
    .last_key = last_key,
    .metadata_update = metadata_update,
};

/* ---- life ---- */

/* Held while this process serves the store: whoever holds it knows that former owners are dead. */
static int take_serve_lock(struct sqlite_store *s, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s-serve.lock", s->path);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_sys(err, "cannot open '%s'", path);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_BUSY,
                       "another longshore process is serving '%s'; stop it, or name another store",
                       s->path);
    return err_sys(err, "cannot lock '%s'", path);
}

/* Makes the directory of the database when it is missing; its parent must be there. */
static void make_directory_of(const char *path)
{
    char dir[4096];
    struct err ignored;
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL || slash == dir)
        return;
    *slash = '\0';
    (void)!dir_make(dir, &ignored); /* what is wrong with it, opening the database will say */
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    writer_stop(s);
    checkpointer_stop(s);
    for (unsigned i = 0; i < s->n_readers; i++)
        db_close(&s->readers[i]);
    db_close(&s->writer); /* the last connection copies the log back and removes it */
    mem_free(s->readers);
    mem_free(s->reader_taken);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->path); /* of realpath */
    mem_free(s);
}

/* The one name of the file, whatever links lead to it; made when it is missing. */
static int resolve_path(struct sqlite_store *s, const char *path, bool existing, struct err *err)
{
    if (!existing)
        make_directory_of(path);
    char *resolved = realpath(path, NULL);
    if (resolved == NULL && errno == ENOENT && existing)
        return err_set(err, ERR_NOT_FOUND, "there is no database '%s'", path);
    if (resolved == NULL && errno == ENOENT) {
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(fd);
            resolved = realpath(path, NULL);
        }
    }
    if (resolved == NULL)
        return err_sys(err, "cannot open the database '%s'", path);
    s->path = resolved;
    s->base.base.place = resolved;
    return 0;
}

static int open_all(struct sqlite_store *s, const char *path, const struct store_config *config,
                    struct err *err)
{
    const size_t cache = config->cache_bytes > 0 ? config->cache_bytes : WRITER_CACHE_BYTES;
    const unsigned readers = config->readers > 0 ? config->readers : READERS_DEFAULT;
    if (resolve_path(s, path, config->existing, err) < 0 ||
        ((config->serving || config->copying) && take_serve_lock(s, err) < 0))
        return -1;
    if (db_open(&s->writer, s->path, DB_WRITER, cache, err) < 0 ||
        metadata_functions_add(s, err) < 0 || schema_migrate(&s->writer, &s->base.base, err) < 0 ||
        sql_read_secret(&s->writer.base, &s->base.base.secret, err) < 0 ||
        db_pragma(&s->writer, "PRAGMA page_size", &s->page_bytes, err) < 0)
        return -1;
    if (dir_sync_of(s->path, err) < 0 || readers_open(s, config->serving ? readers : 1, err) < 0)
        return -1;
    if (config->serving && db_run_plain(&s->writer.base, STATEMENT_COPY_SOURCE_DROP, err) < 0)
        return -1;
    if (checkpointer_start(s, err) < 0)
        return -1;
    return writer_start(s, err);
}

static int sqlite_open(const char *path, const struct store_config *config, struct store **out,
                       struct err *err)
{
    struct sqlite_store *s = mem_calloc(1, sizeof(*s));
    if (s == NULL)
        return err_nomem(err);
    /* Its counters cost a mutex per allocation. Takes effect before the first use only. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    s->base.base.ops = &store_sqlite;
    s->base.backend = &backend;
    s->lock_fd = -1;
    if (open_all(s, path, config, err) < 0) {
        sqlite_close((struct store *)(void *)s);
        return -1;
    }
    *out = (struct store *)(void *)s;
    return 0;
}

/* A full disk shows before a write has to fail on it. */
static int check_room(const struct sqlite_store *s, struct err *err)
{
    struct statvfs fs;
    if (statvfs(s->path, &fs) < 0)
        return err_sys(err, "cannot look at the disk of '%s'", s->path);
    if ((uint64_t)fs.f_bavail * fs.f_frsize < ROOM_LEAST_BYTES)
        return err_set(err, ERR_DISK_FULL, "the disk of the database is full");
    return 0;
}

static int sqlite_ping(struct store *store, struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    if (check_room(s, err) < 0)
        return -1;
    struct db *db = reader_take(&s->base);
    struct stmt *st = db_statement(db, STATEMENT_PING, err);
    const int got = st == NULL ? -1 : db_step(db, st, err);
    if (got >= 0)
        stmt_reset(st);
    reader_give(&s->base, db);
    return got < 0 ? -1 : 0;
}

static void sqlite_stats(struct store *store, struct store_stats *out)
{
    struct sqlite_store *s = sqlite_of(store);
    *out = (struct store_stats){ .busy_us = atomic_load(&s->busy_us),
                                 .commit_us = atomic_load(&s->commit_us),
                                 .commits = atomic_load(&s->commits),
                                 .checkpoints = atomic_load(&s->checkpoints) };
}

const struct store_ops store_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .submit = writer_submit,
    .slice_commit = writer_slice,
    SQL_STORE_OPS,
    .ping = sqlite_ping,
    .stats = sqlite_stats,
};
