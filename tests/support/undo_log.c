/* SPDX-License-Identifier: MIT */
/*
 * undo_log.c - see undo_log.h.
 *
 * Data belongs to an inode, whatever its name becomes; so it is undone first, by inode, and the
 * names after it. A removed file keeps its inode under a name beside the log.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "undo_log.h"

#define PATH_BYTES   4096
#define SECTOR_BYTES 512 /* what a disk writes whole or not at all */

enum note_kind {
    NOTE_WRITE,
    NOTE_TRUNCATE,
    NOTE_CREATE,
    NOTE_RENAME,
    NOTE_REMOVE,
    NOTE_SYNCED,
    NOTE_DIR_SYNCED
};

/* Followed by path, other and data. */
struct note {
    uint32_t kind;
    uint32_t n_path;  /* with its NUL, as n_other */
    uint32_t n_other; /* rename: the new name; remove: where the file is kept */
    uint32_t n_data;  /* the old bytes, from `at` on; beyond them the file had ended */
    uint64_t inode;   /* of data */
    int64_t at;
    int64_t n;     /* bytes that the change touches */
    int64_t size;  /* of the file before it */
    int64_t begun; /* of a sync: it covers the notes before this place in the log */
};

static int log_fd = -1;
static char log_path_kept[PATH_BYTES];
static int64_t log_bytes;
static unsigned n_removed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- recording ---- */

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void undo_start(const char *log_path)
{
    snprintf(log_path_kept, sizeof(log_path_kept), "%s", log_path);
    log_fd = open(log_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        give_up(log_path);
}

bool undo_is_on(void)
{
    return log_fd >= 0;
}

void undo_lock(void)
{
    if (undo_is_on())
        pthread_mutex_lock(&lock);
}

void undo_unlock(void)
{
    if (undo_is_on())
        pthread_mutex_unlock(&lock);
}

static uint64_t inode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

/* One write(2) for all of it. `file`: where the old bytes are read from; NULL without data. */
static void append(struct note n, const char *path, const char *other, const struct undo_file *file)
{
    n.n_path = (uint32_t)strlen(path) + 1;
    n.n_other = other != NULL ? (uint32_t)strlen(other) + 1 : 0;
    const size_t bytes = sizeof(n) + n.n_path + n.n_other + n.n_data;
    char *text = malloc(bytes);
    if (text == NULL)
        give_up("memory");
    char *p = text + sizeof(n);
    memcpy(text, &n, sizeof(n));
    memcpy(p, path, n.n_path);
    p += n.n_path;
    if (other != NULL)
        memcpy(p, other, n.n_other);
    if (n.n_data > 0 && !file->read(file->handle, p + n.n_other, n.n_data, n.at))
        give_up(path);
    if (write(log_fd, text, bytes) != (ssize_t)bytes)
        give_up("write");
    log_bytes += (int64_t)bytes;
    free(text);
}

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

void undo_note_write(const struct undo_file *f, int64_t at, size_t n)
{
    const struct note note = { .kind = NOTE_WRITE,
                               .inode = inode_of(f->path),
                               .at = at,
                               .n = (int64_t)n,
                               .size = f->size,
                               .n_data = (uint32_t)clamp(f->size - at, 0, (int64_t)n) };
    append(note, f->path, NULL, f);
}

void undo_note_truncate(const struct undo_file *f, int64_t size)
{
    const int64_t cut = clamp(f->size - size, 0, UINT32_MAX);
    const struct note note = { .kind = NOTE_TRUNCATE,
                               .inode = inode_of(f->path),
                               .at = size,
                               .n = cut,
                               .size = f->size,
                               .n_data = (uint32_t)cut };
    append(note, f->path, NULL, f);
}

void undo_note_create(const char *path)
{
    append((struct note){ .kind = NOTE_CREATE }, path, NULL, NULL);
}

void undo_note_rename(const char *from, const char *to)
{
    append((struct note){ .kind = NOTE_RENAME }, from, to, NULL);
}

void undo_note_remove(const char *path)
{
    char kept[PATH_BYTES + 16];
    snprintf(kept, sizeof(kept), "%s.%u", log_path_kept, ++n_removed);
    if (link(path, kept) < 0)
        return; /* it is not there */
    append((struct note){ .kind = NOTE_REMOVE }, path, kept, NULL);
}

int64_t undo_sync_begun(void)
{
    undo_lock();
    const int64_t at = log_bytes;
    undo_unlock();
    return at;
}

void undo_note_synced(const char *path, int64_t begun)
{
    if (!undo_is_on())
        return;
    undo_lock();
    append((struct note){ .kind = NOTE_SYNCED, .inode = inode_of(path), .begun = begun }, path,
           NULL, NULL);
    undo_unlock();
}

void undo_note_dir_synced(const char *dir, int64_t begun)
{
    if (!undo_is_on())
        return;
    undo_lock();
    append((struct note){ .kind = NOTE_DIR_SYNCED, .inode = inode_of(dir), .begun = begun }, dir,
           NULL, NULL);
    undo_unlock();
}

/* ---- the log, read back ---- */

struct entry {
    struct note n;
    int64_t place; /* in the log */
    const char *path, *other;
    const char *data;
    bool durable;
};

/* A file whose data is being undone. */
struct victim {
    uint64_t inode;
    int fd;
    unsigned char *kept; /* sectors whose newest write has survived: older ones are not undone */
    size_t n_sectors;
    int64_t kept_end; /* the file reaches so far at least */
};

struct undo {
    char *text; /* the log */
    size_t n_text;
    struct entry *entries;
    size_t n_entries;
    struct victim *victims;
    size_t n_victims;
    uint64_t seed;
    uint64_t random;
};

/* splitmix64 */
static uint64_t next_random(struct undo *u)
{
    uint64_t z = (u->random += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool read_log(struct undo *u, const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rbe");
    if (f == NULL || fstat(fileno(f), &st) < 0)
        return false;
    u->n_text = (size_t)st.st_size;
    u->text = malloc(u->n_text + 1);
    const bool all = u->text != NULL && fread(u->text, 1, u->n_text, f) == u->n_text;
    fclose(f);
    return all;
}

/* The last note may be cut: then the change it announces was never made. */
static void split_log(struct undo *u)
{
    size_t at = 0, cap = 0;
    while (u->n_text - at >= sizeof(struct note)) {
        struct entry e = { .place = (int64_t)at };
        memcpy(&e.n, u->text + at, sizeof(e.n));
        const size_t bytes = sizeof(e.n) + e.n.n_path + e.n.n_other + (size_t)e.n.n_data;
        if (bytes > u->n_text - at)
            break;
        e.path = u->text + at + sizeof(e.n);
        e.other = e.path + e.n.n_path;
        e.data = e.other + e.n.n_other;
        if (u->n_entries == cap) {
            cap = cap == 0 ? 1024 : cap * 2;
            u->entries = realloc(u->entries, cap * sizeof(*u->entries));
            if (u->entries == NULL)
                give_up("memory");
        }
        u->entries[u->n_entries++] = e;
        at += bytes;
    }
}

static void directory_of(const char *path, char out[PATH_BYTES])
{
    const char *slash = strrchr(path, '/');
    snprintf(out, PATH_BYTES, "%.*s",
             slash == NULL   ? 1
             : slash == path ? 1
                             : (int)(slash - path),
             slash == NULL ? "." : path);
}

static bool is_data(const struct entry *e)
{
    return e->n.kind == NOTE_WRITE || e->n.kind == NOTE_TRUNCATE;
}

static bool is_name(const struct entry *e)
{
    return e->n.kind == NOTE_CREATE || e->n.kind == NOTE_RENAME || e->n.kind == NOTE_REMOVE;
}

static bool covers(const struct entry *sync, const struct entry *e)
{
    char dir[PATH_BYTES];
    if (e->place >= sync->n.begun)
        return false;
    if (sync->n.kind == NOTE_SYNCED)
        return is_data(e) && e->n.inode == sync->n.inode;
    if (!is_name(e))
        return false;
    directory_of(e->n.kind == NOTE_RENAME ? e->other : e->path, dir);
    return strcmp(dir, sync->path) == 0;
}

/* From the end: a sync settles whatever comes before it, so each entry is settled by the last. */
static void mark_durable(struct undo *u)
{
    for (size_t i = 0; i < u->n_entries; i++) {
        struct entry *sync = &u->entries[i];
        if (sync->n.kind != NOTE_SYNCED && sync->n.kind != NOTE_DIR_SYNCED)
            continue;
        for (size_t j = i; j-- > 0;) {
            if (covers(sync, &u->entries[j]))
                u->entries[j].durable = true;
        }
    }
}

/* ---- data ---- */

/* The name that the inode has now: in a directory of the log's paths, or beside the log. */
static bool find_in(const char *dir, uint64_t inode, char out[PATH_BYTES])
{
    DIR *d = opendir(dir);
    bool found = false;
    if (d == NULL)
        return false;
    for (const struct dirent *e = readdir(d); e != NULL && !found; e = readdir(d)) {
        found = e->d_ino == inode;
        if (found && snprintf(out, PATH_BYTES, "%s/%s", dir, e->d_name) >= PATH_BYTES)
            found = false;
    }
    closedir(d);
    return found;
}

static int open_inode(const struct undo *u, uint64_t inode)
{
    char dir[PATH_BYTES], path[PATH_BYTES];
    directory_of(log_path_kept, dir);
    bool found = find_in(dir, inode, path);
    for (size_t i = 0; !found && i < u->n_entries; i++) {
        if (!is_data(&u->entries[i]) || u->entries[i].n.inode != inode)
            continue;
        directory_of(u->entries[i].path, dir);
        found = find_in(dir, inode, path);
    }
    return found ? open(path, O_RDWR | O_CLOEXEC) : -1;
}

static struct victim *find_victim(struct undo *u, uint64_t inode)
{
    for (size_t i = 0; i < u->n_victims; i++) {
        if (u->victims[i].inode == inode)
            return &u->victims[i];
    }
    u->victims = realloc(u->victims, (u->n_victims + 1) * sizeof(*u->victims));
    if (u->victims == NULL)
        give_up("memory");
    struct victim *v = &u->victims[u->n_victims++];
    *v = (struct victim){ .inode = inode, .fd = open_inode(u, inode) };
    return v;
}

static bool is_kept(const struct victim *v, int64_t sector)
{
    return (size_t)sector < v->n_sectors && v->kept[sector] != 0;
}

static void keep(struct victim *v, int64_t sector, int64_t end)
{
    if ((size_t)sector >= v->n_sectors) {
        const size_t n = (size_t)sector * 2 + 64;
        v->kept = realloc(v->kept, n);
        if (v->kept == NULL)
            give_up("memory");
        memset(v->kept + v->n_sectors, 0, n - v->n_sectors);
        v->n_sectors = n;
    }
    v->kept[sector] = 1;
    if (end > v->kept_end)
        v->kept_end = end;
}

/* The bytes [at, end) of one sector, as they were: old ones, or nothing behind the old end. */
static void restore(const struct victim *v, const struct entry *e, int64_t at, int64_t end)
{
    char bytes[SECTOR_BYTES] = { 0 };
    const int64_t old = clamp(e->n.at + e->n.n_data - at, 0, end - at);
    if (old > 0)
        memcpy(bytes, e->data + (at - e->n.at), (size_t)old);
    if (pwrite(v->fd, bytes, (size_t)(end - at), at) != end - at)
        give_up(e->path);
}

static void restore_size(const struct victim *v, const struct entry *e)
{
    struct stat st;
    const int64_t size = e->n.size > v->kept_end ? e->n.size : v->kept_end;
    if (fstat(v->fd, &st) < 0 || (st.st_size != size && ftruncate(v->fd, size) < 0))
        give_up(e->path);
}

/* How many of 256 sectors of a write survive: none, all, or something between. */
static unsigned survival(struct undo *u)
{
    static const unsigned levels[] = { 0, 0, 256, 256, 128, 250 };
    return u->seed == 0 ? 0 : levels[next_random(u) % ARRAY_LEN(levels)];
}

static void undo_data(struct undo *u, const struct entry *e)
{
    struct victim *v = find_victim(u, e->n.inode);
    const unsigned level = survival(u);
    const int64_t end = e->n.at + e->n.n;
    if (v->fd < 0)
        return; /* it went with its last name, and was made after the start */
    for (int64_t at = e->n.at; at < end;) {
        const int64_t sector = at / SECTOR_BYTES;
        const int64_t next = clamp((sector + 1) * SECTOR_BYTES, at, end);
        if (!is_kept(v, sector)) {
            if (next_random(u) % 256 < level)
                keep(v, sector, next);
            else
                restore(v, e, at, next);
        }
        at = next;
    }
    restore_size(v, e);
}

static void undo_all_data(struct undo *u)
{
    for (size_t i = u->n_entries; i-- > 0;) {
        if (is_data(&u->entries[i]) && !u->entries[i].durable)
            undo_data(u, &u->entries[i]);
    }
    for (size_t i = 0; i < u->n_victims; i++) {
        if (u->victims[i].fd >= 0)
            close(u->victims[i].fd);
        free(u->victims[i].kept);
    }
    free(u->victims);
}

/* ---- names ---- */

static void remove_tree(const char *path)
{
    char inner[PATH_BYTES];
    DIR *d = opendir(path);
    if (d == NULL) {
        unlink(path);
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name) < PATH_BYTES)
            remove_tree(inner);
    }
    closedir(d);
    rmdir(path);
}

static void undo_name(const struct entry *e)
{
    switch (e->n.kind) {
    case NOTE_CREATE:
        remove_tree(e->path);
        break;
    case NOTE_RENAME:
        rename(e->other, e->path); /* fails when it was never done */
        break;
    default:
        if (link(e->other, e->path) < 0 && errno != EEXIST)
            give_up(e->path);
    }
}

static void undo_all_names(struct undo *u)
{
    size_t open_ones = 0;
    for (size_t i = 0; i < u->n_entries; i++)
        open_ones += is_name(&u->entries[i]) && !u->entries[i].durable;
    size_t lost = u->seed == 0 ? open_ones : next_random(u) % (open_ones + 1);
    for (size_t i = u->n_entries; i-- > 0 && lost > 0;) {
        if (is_name(&u->entries[i]) && !u->entries[i].durable) {
            undo_name(&u->entries[i]);
            lost--;
        }
    }
}

int undo_apply(const char *log_path, uint64_t seed)
{
    struct undo u = { .seed = seed, .random = seed };
    snprintf(log_path_kept, sizeof(log_path_kept), "%s", log_path);
    if (!read_log(&u, log_path)) {
        perror(log_path);
        return 1;
    }
    split_log(&u);
    mark_durable(&u);
    undo_all_data(&u);
    undo_all_names(&u);
    for (size_t i = 0; i < u.n_entries; i++) {
        if (u.entries[i].n.kind == NOTE_REMOVE)
            unlink(u.entries[i].other);
    }
    unlink(log_path);
    free(u.entries);
    free(u.text);
    return 0;
}
