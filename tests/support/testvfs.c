/* SPDX-License-Identifier: MIT */
/*
 * testvfs.c - a server that can be broken from outside, by its environment:
 *
 *   LONGSHORE_TEST_KILL=PLACE:N           SIGKILL when the place is passed for the N-th time
 *   LONGSHORE_TEST_POWERCUT=LOG           records what a power cut would take away
 *   LONGSHORE_TEST_POWERCUT_APPLY=LOG[:SEED]
 *                                         takes it away, and exits; see undo_log.h
 *   LONGSHORE_TEST_FULL=FLAG              the disk is full as long as the file FLAG is there
 *
 * Linked with all of the program, it puts itself between the program and the disk: a VFS in front
 * of SQLite's own, and the spool's struct io_ops. Directories are made and synced by plain calls of
 * the C library, which the linker sends here (--wrap).
 *
 * Places are those of fault_point() in src/, and here before each operation on the disk:
 * disk.db.write, disk.wal.write, disk.spool.write, disk.db.sync, disk.wal.sync, disk.spool.sync.
 * (The database file itself is written by checkpoints only.)
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/num.h"
#include "inputs/spool.h"
#include "undo_log.h"

#define PATH_BYTES 4096

static const char *full_flag; /* NULL: the disk has room */

static bool disk_is_full(void)
{
    return full_flag != NULL && access(full_flag, F_OK) == 0;
}

static void note_parent_synced(const char *path, int64_t begun)
{
    char dir[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof(dir), "%.*s", slash != NULL ? (int)(slash - path) : 1,
             slash != NULL ? path : ".");
    undo_note_dir_synced(dir, begun);
}

/* ---- killing ---- */

static char kill_place[64];
static atomic_llong kill_countdown;

static void pass_place(const char *place)
{
    if (strcmp(place, kill_place) == 0 && atomic_fetch_sub(&kill_countdown, 1) == 1) {
        kill(getpid(), SIGKILL);
        pause(); /* it is on its way */
    }
}

/* ---- SQLite's files ---- */

static sqlite3_vfs *real_vfs;

struct shim_file {
    sqlite3_file base; /* first */
    const char *path;  /* SQLite's, valid while the file is open */
    const char *write_place, *sync_place;
    bool sync_dir; /* its first sync makes its entry durable too, as in SQLite's own VFS */
    sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct shim_file *)(void *)f)->real;
}

static bool read_real(void *handle, void *out, size_t n, int64_t at)
{
    sqlite3_file *real = handle;
    return real->pMethods->xRead(real, out, (int)n, at) == SQLITE_OK;
}

static struct undo_file undo_file_of(const struct shim_file *f)
{
    sqlite3_int64 size = 0;
    f->real->pMethods->xFileSize(f->real, &size);
    return (
        struct undo_file){ .path = f->path, .size = size, .handle = f->real, .read = read_real };
}

static int shim_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
    const struct shim_file *f = (struct shim_file *)(void *)file;
    fault_point(f->write_place);
    if (disk_is_full())
        return SQLITE_FULL;
    undo_lock();
    if (undo_is_on()) {
        const struct undo_file u = undo_file_of(f);
        undo_note_write(&u, at, (size_t)n);
    }
    const int rc = f->real->pMethods->xWrite(f->real, data, n, at);
    undo_unlock();
    return rc;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const struct shim_file *f = (struct shim_file *)(void *)file;
    undo_lock();
    if (undo_is_on()) {
        const struct undo_file u = undo_file_of(f);
        undo_note_truncate(&u, size);
    }
    const int rc = f->real->pMethods->xTruncate(f->real, size);
    undo_unlock();
    return rc;
}

static int shim_sync(sqlite3_file *file, int flags)
{
    struct shim_file *f = (struct shim_file *)(void *)file;
    fault_point(f->sync_place);
    const int64_t begun = undo_sync_begun();
    const int rc = f->real->pMethods->xSync(f->real, flags);
    if (rc != SQLITE_OK)
        return rc;
    undo_note_synced(f->path, begun);
    if (f->sync_dir)
        note_parent_synced(f->path, begun);
    f->sync_dir = false;
    return SQLITE_OK;
}

static int shim_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int shim_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), out, n, at);
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *out)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), out);
}

static int shim_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int shim_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int shim_check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int shim_sector_size(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int shim_characteristics(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int shim_shm_map(sqlite3_file *f, int page, int bytes, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, bytes, extend, out);
}

static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int shim_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

/* Version 2: without xFetch, so that every read and write comes through here. */
static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_characteristics,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

/* Temporary files are nobody's after a crash: they go by without us. */
static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    const int ours = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    const bool is_db = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    struct shim_file *f = (struct shim_file *)(void *)file;
    (void)vfs;
    if (path == NULL || (flags & ours) == 0)
        return real_vfs->xOpen(real_vfs, path, file, flags, out);
    *f = (struct shim_file){ .path = path,
                             .write_place = is_db ? "disk.db.write" : "disk.wal.write",
                             .sync_place = is_db ? "disk.db.sync" : "disk.wal.sync",
                             .sync_dir = !is_db && (flags & SQLITE_OPEN_CREATE) != 0,
                             .real = (sqlite3_file *)(void *)(f + 1) };
    undo_lock();
    if (undo_is_on() && (flags & SQLITE_OPEN_CREATE) != 0 && access(path, F_OK) < 0)
        undo_note_create(path);
    const int rc = real_vfs->xOpen(real_vfs, path, f->real, flags, out);
    undo_unlock();
    if (f->real->pMethods != NULL)
        f->base.pMethods = &shim_methods;
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    (void)vfs;
    undo_lock();
    if (undo_is_on())
        undo_note_remove(path);
    int rc = real_vfs->xDelete(real_vfs, path, 0);
    undo_unlock();
    if (rc == SQLITE_OK && sync_dir != 0) {
        const int64_t begun = undo_sync_begun();
        rc = real_vfs->xDelete(real_vfs, path, sync_dir); /* it is gone: this one only syncs */
        note_parent_synced(path, begun);
        rc = rc == SQLITE_IOERR_DELETE_NOENT ? SQLITE_OK : rc;
    }
    return rc;
}

static void install_vfs(void)
{
    static sqlite3_vfs shim;
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL)
        abort();
    shim = *real_vfs; /* what is not ours works without its own struct */
    shim.zName = "longshore-test";
    shim.pNext = NULL;
    shim.szOsFile = real_vfs->szOsFile + (int)sizeof(struct shim_file);
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    sqlite3_vfs_register(&shim, 1);
}

/* ---- the spool's files ---- */

static const struct io_ops *real_io;

static bool read_fd(void *handle, void *out, size_t n, int64_t at)
{
    return pread(*(int *)handle, out, n, at) == (ssize_t)n;
}

static ssize_t spool_write(int fd, const void *data, size_t n, const char *path)
{
    struct stat st;
    fault_point("disk.spool.write");
    if (disk_is_full()) {
        errno = ENOSPC;
        return -1;
    }
    undo_lock();
    if (undo_is_on() && fstat(fd, &st) == 0) {
        const struct undo_file u = {
            .path = path, .size = st.st_size, .handle = &fd, .read = read_fd
        };
        if (st.st_size == 0)
            undo_note_create(path); /* a little late, but an empty file is nobody's treasure */
        undo_note_write(&u, lseek(fd, 0, SEEK_CUR), n);
    }
    const ssize_t written = real_io->write(fd, data, n, path);
    undo_unlock();
    return written;
}

static int spool_fsync(int fd, const char *path)
{
    fault_point("disk.spool.sync");
    const int64_t begun = undo_sync_begun();
    const int rc = real_io->fsync(fd, path);
    if (rc == 0)
        undo_note_synced(path, begun);
    return rc;
}

static int spool_rename(const char *from, const char *to)
{
    undo_lock();
    if (undo_is_on())
        undo_note_rename(from, to);
    const int rc = real_io->rename(from, to);
    undo_unlock();
    return rc;
}

static int spool_unlink(const char *path)
{
    undo_lock();
    if (undo_is_on())
        undo_note_remove(path);
    const int rc = real_io->unlink(path);
    undo_unlock();
    return rc;
}

/* The system's fsync_dir is an fsync of a directory: noted by __wrap_fsync. */
static void install_io(void)
{
    static struct io_ops shim;
    real_io = io_ops;
    shim = *real_io;
    shim.write = spool_write;
    shim.fsync = spool_fsync;
    shim.rename = spool_rename;
    shim.unlink = spool_unlink;
    io_ops = &shim;
}

/* ---- directories ---- */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);

int __wrap_fsync(int fd)
{
    char link[32], path[PATH_BYTES];
    struct stat st;
    const int64_t begun = undo_sync_begun();
    const int rc = __real_fsync(fd);
    if (rc < 0 || !undo_is_on() || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
        return rc;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n > 0) {
        path[n] = '\0';
        undo_note_dir_synced(path, begun);
    }
    return rc;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    undo_lock();
    if (undo_is_on() && access(path, F_OK) < 0)
        undo_note_create(path);
    const int rc = __real_mkdir(path, mode);
    undo_unlock();
    return rc;
}

/* ---- the environment ---- */

static void arm_kill(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t nth = 1;
    if (colon != NULL && !num_parse_i64(str_of(colon + 1), &nth))
        abort();
    snprintf(kill_place, sizeof(kill_place), "%.*s",
             colon != NULL ? (int)(colon - text) : (int)strlen(text), text);
    atomic_store(&kill_countdown, nth);
    fault_point_hook = pass_place;
}

static void apply_power_cut(const char *text)
{
    char log[PATH_BYTES];
    int64_t seed = 0;
    snprintf(log, sizeof(log), "%s", text);
    char *colon = strrchr(log, ':');
    if (colon != NULL && num_parse_i64(str_of(colon + 1), &seed))
        *colon = '\0';
    _exit(undo_apply(log, (uint64_t)seed));
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *kill_at = getenv("LONGSHORE_TEST_KILL");
    const char *log = getenv("LONGSHORE_TEST_POWERCUT");
    const char *apply = getenv("LONGSHORE_TEST_POWERCUT_APPLY");
    full_flag = getenv("LONGSHORE_TEST_FULL");
    if (apply != NULL)
        apply_power_cut(apply);
    if (kill_at == NULL && log == NULL && full_flag == NULL)
        return;
    if (kill_at != NULL)
        arm_kill(kill_at);
    if (log != NULL)
        undo_start(log);
    install_vfs();
    install_io();
}
