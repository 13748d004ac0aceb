/* A folder as carrier. Whoever had the stick may have put anything into it: links, devices, pipes,
 * huge files, odd names. Every open refuses links, and only plain files of a bounded size are
 * read. */
#include "sync/transport/transport.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"

#define PART_SUFFIX ".part" /* a file being written; begins with '_', so it is never seen */

typedef struct folder {
    int fd;
} folder;

static bool name_ok(dbk_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.p[i];
        bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        if (!letter && (i == 0 || (c != '.' && c != '-')))
            return false;
    }
    return name.len >= 1 && name.len <= DBK_DIR_NAME_MAX;
}

static dbk_rc disk_error(dbk_err *err, const char *what)
{
    int why = errno;
    if (why == ENOSPC || why == EDQUOT)
        return dbk_fail(err, DBK_FULL, "the folder has no room left");
    return dbk_fail(err, DBK_IO, "the folder's %s: %s", what, strerror(why));
}

/* What isn't there, or is no plain file or folder that we may read. A disk that doesn't answer is
 * not an empty one: what is on it would count as fetched. */
static bool is_unseen(void)
{
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO ||
           errno == EACCES;
}

/* ---- targets ------------------------------------------------------------------------- */

typedef struct place {
    char dir[DBK_DIR_NAME_MAX + 1];
    char name[DBK_DIR_NAME_MAX + 1]; /* "" for a list of names */
} place;

static bool take_name(char out[DBK_DIR_NAME_MAX + 1], const char **at)
{
    size_t len = strcspn(*at, "/");
    if (!name_ok(dbk_span_of(*at, len)))
        return false;
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len;
    return true;
}

static bool parse_target(place *out, const char *target)
{
    memset(out, 0, sizeof(*out));
    bool list = strncmp(target, "/names/", 7) == 0;
    if (!list && strncmp(target, "/files/", 7) != 0)
        return false;
    target += 7;
    if (!take_name(out->dir, &target))
        return false;
    if (list)
        return *target == '\0';
    if (*target != '/')
        return false;
    target++;
    return take_name(out->name, &target) && *target == '\0';
}

/* -1: it isn't there, or is no folder. */
static int open_dir(const folder *f, const place *where)
{
    return openat(f->fd, where->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- names
 * --------------------------------------------------------------------------------------- */

typedef struct row {
    char name[DBK_DIR_NAME_MAX + 1];
    uint64_t size;
} row;
typedef struct rows {
    row *p;
    size_t count, cap;
} rows;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const row *)a)->name, ((const row *)b)->name);
}

static dbk_rc add_row(rows *list, const char *name, uint64_t size, dbk_err *err)
{
    if (list->count == DBK_DIR_FILES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the folder holds more than %u files",
                        (unsigned)DBK_DIR_FILES_MAX);
    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? 2 * list->cap : 64;
        row *grown = dbk_realloc(list->p, cap * sizeof(*grown));
        if (grown == NULL)
            return dbk_fail(err, DBK_NOMEM, "out of memory");
        list->p = grown;
        list->cap = cap;
    }
    row *at = &list->p[list->count++];
    memset(at, 0, sizeof(*at));
    memcpy(at->name, name, strlen(name));
    at->size = size;
    return DBK_OK;
}

static dbk_rc read_rows(rows *list, DIR *dir, dbk_err *err)
{
    for (;;) {
        struct stat st;
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL)
            return errno == 0 ? DBK_OK : disk_error(err, "names can't be read");
        if (!name_ok(dbk_span_str(entry->d_name)))
            continue;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            if (!is_unseen())
                return disk_error(err, "files can't be looked at");
            continue;
        }
        if (!S_ISREG(st.st_mode))
            continue;
        dbk_rc rc = add_row(list, entry->d_name, (uint64_t)st.st_size, err);
        if (rc != DBK_OK)
            return rc;
    }
}

static dbk_rc list_names(const folder *f, const place *where, dbk_answer *answer, dbk_err *err)
{
    rows list = { 0 };
    dbk_rc rc = DBK_OK;
    int fd = open_dir(f, where);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0 || !is_unseen())
            rc = disk_error(err, "names can't be read");
        if (fd >= 0)
            (void)close(fd);
        answer->status = 200; /* an absent folder holds nothing */
        return rc;
    }
    rc = read_rows(&list, dir, err);
    (void)closedir(dir);
    if (rc == DBK_OK && list.count > 0)
        qsort(list.p, list.count, sizeof(*list.p), by_name);
    for (size_t i = 0; i < list.count && rc == DBK_OK; i++)
        rc = dbk_bytes_append_fmt(&answer->body, err, "%s %llu\n", list.p[i].name,
                                  (unsigned long long)list.p[i].size);
    answer->status = 200;
    dbk_free(list.p);
    return rc;
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */

static dbk_rc read_all(int fd, size_t size, dbk_answer *answer, dbk_err *err)
{
    uint8_t *room;
    size_t got = 0;
    dbk_rc rc = dbk_bytes_extend(&answer->body, &room, size, err);
    while (rc == DBK_OK && got < size) {
        ssize_t n = read(fd, room + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = disk_error(err, "file can't be read");
        else if (n == 0)
            rc = dbk_fail(err, DBK_IO, "the folder's file became shorter while it was read");
        else
            got += (size_t)n;
    }
    return rc;
}

static dbk_rc read_file(const folder *f, const place *where, dbk_answer *answer, dbk_err *err)
{
    struct stat st;
    int file = -1;
    dbk_rc rc = DBK_OK;
    int dir = open_dir(f, where);
    answer->status = 404;
    if (dir < 0)
        return is_unseen() ? DBK_OK : disk_error(err, "files can't be read");
    /* Without O_NONBLOCK, opening a pipe would wait for ever. */
    file = openat(dir, where->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &st) != 0) {
        rc = is_unseen() ? DBK_OK : disk_error(err, "file can't be read");
        goto out;
    }
    if (!S_ISREG(st.st_mode))
        goto out;
    if ((uint64_t)st.st_size > answer->body.max - answer->body.len) {
        rc = dbk_fail(err, DBK_LIMIT, "a file in the folder is too large");
        goto out;
    }
    rc = read_all(file, (size_t)st.st_size, answer, err);
    answer->status = 200;
out:
    if (file >= 0)
        (void)close(file);
    (void)close(dir);
    return rc;
}

/* ---- writing
 * ------------------------------------------------------------------------------------- */

static dbk_rc write_all(int fd, dbk_span body, dbk_err *err)
{
    size_t done = 0;
    while (done < body.len) {
        ssize_t n = write(fd, body.p + done, body.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return disk_error(err, "file can't be written");
        done += (size_t)n;
    }
    if (fsync(fd) != 0)
        return disk_error(err, "file can't be made durable");
    return DBK_OK;
}

/* Some file systems of sticks can't sync a folder; there is no better thing to do then. */
static dbk_rc sync_dir(int fd, dbk_err *err)
{
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
        return disk_error(err, "name can't be made durable");
    return DBK_OK;
}

/* Opens DIR, making it if it is absent. */
static dbk_rc need_dir(int *out, const folder *f, const place *where, dbk_err *err)
{
    *out = open_dir(f, where);
    if (*out >= 0)
        return DBK_OK;
    if (mkdirat(f->fd, where->dir, 0700) != 0 && errno != EEXIST)
        return disk_error(err, "part can't be made");
    *out = open_dir(f, where);
    if (*out < 0)
        return disk_error(err, "part can't be opened");
    return sync_dir(f->fd, err);
}

/* Written beside, synced, renamed, and the folder synced: under its name it is whole (1.42). */
static dbk_rc write_file(const folder *f, const place *where, dbk_span body, dbk_answer *answer,
                         dbk_err *err)
{
    char part[DBK_DIR_NAME_MAX + 40];
    int dir = -1, file = -1;
    bool left_over = false;
    dbk_rc rc = need_dir(&dir, f, where, err);
    if (rc != DBK_OK)
        goto out;
    (void)snprintf(part, sizeof(part), "_%s.%ld" PART_SUFFIX, where->name, (long)getpid());
    (void)unlinkat(dir, part, 0); /* of an earlier program with this number that was killed */
    file = openat(dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) {
        rc = disk_error(err, "file can't be made");
        goto out;
    }
    left_over = true;
    rc = write_all(file, body, err);
    if (close(file) != 0 && rc == DBK_OK)
        rc = disk_error(err, "file can't be written");
    file = -1;
    if (rc != DBK_OK)
        goto out;
    if (renameat(dir, part, dir, where->name) != 0) {
        rc = disk_error(err, "file can't be named");
        goto out;
    }
    left_over = false;
    rc = sync_dir(dir, err);
    answer->status = 201;
out:
    if (left_over)
        (void)unlinkat(dir, part, 0);
    if (dir >= 0)
        (void)close(dir);
    return rc;
}

/* ---- the seam
 * ------------------------------------------------------------------------------------ */

static dbk_rc exchange(void *self, dbk_answer *answer, const dbk_exchange *req, dbk_err *err)
{
    place where;
    dbk_rc rc;
    const folder *f = self;
    dbk_bytes_truncate(&answer->body, 0);
    answer->nonce[0] = '\0';
    answer->retry_after_s = 0;
    answer->sent_bytes = answer->received_bytes = 0;
    answer->status = 400;
    if (!parse_target(&where, req->target))
        return DBK_OK;
    if (strcmp(req->method, "PUT") == 0 && where.name[0] != '\0' && req->has_body) {
        rc = write_file(f, &where, req->body, answer, err);
        answer->sent_bytes = req->body.len;
    } else if (strcmp(req->method, "GET") == 0) {
        rc = where.name[0] == '\0' ? list_names(f, &where, answer, err)
                                   : read_file(f, &where, answer, err);
        answer->received_bytes = answer->body.len;
    } else {
        return DBK_OK;
    }
    return rc;
}

static void close_folder(void *self)
{
    folder *f = self;
    (void)close(f->fd);
    dbk_free(f);
}

static const dbk_transport_ops dir_ops = { exchange, close_folder };

dbk_rc dbk_transport_dir(dbk_transport *out, const char *dir, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such folder");
    if (fd < 0)
        return disk_error(err, "files can't be reached");
    folder *f = dbk_alloc(sizeof(*f));
    if (f == NULL) {
        (void)close(fd);
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    }
    f->fd = fd;
    out->ops = &dir_ops;
    out->self = f;
    out->carrier = true;
    return DBK_OK;
}
