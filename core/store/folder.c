#include "core/store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/store/parents.h"

#define LOCK_NAME "lock"
#define NEW_SUFFIX ".new"

struct dbk_folder {
    int dir;
    int lock;
    char path[PATH_MAX]; /* without symbolic links */
};

static dbk_rc failed(dbk_err *err, int number, const char *what)
{
    dbk_rc rc = number == ENOSPC || number == EFBIG || number == EDQUOT ? DBK_FULL
                : number == ENOENT                                      ? DBK_NOT_FOUND
                                                                        : DBK_IO;
    return dbk_fail(err, rc, "%s: %s", what, strerror(number));
}

static void shut(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void dbk_folder_close(dbk_folder *folder)
{
    if (folder == NULL)
        return;
    shut(folder->lock); /* which gives the lock back */
    shut(folder->dir);
    dbk_free(folder);
}

/* The folder itself, not yet locked. */
static dbk_rc attach(dbk_folder **out, const char *path, dbk_err *err)
{
    dbk_folder *folder = dbk_alloc(sizeof(*folder));
    if (folder == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the store's folder");
    folder->lock = -1;
    folder->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->dir < 0 || realpath(path, folder->path) == NULL) {
        dbk_rc rc = failed(err, errno, "the store's folder");
        dbk_folder_close(folder);
        return rc;
    }
    *out = folder;
    return DBK_OK;
}

static dbk_rc take_lock(dbk_folder *folder, dbk_err *err)
{
    folder->lock = openat(folder->dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (folder->lock < 0)
        return failed(err, errno, "the store's lock");
    if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0)
        return DBK_OK;
    if (errno == EWOULDBLOCK)
        return dbk_fail(err, DBK_BUSY, "another program has the store open");
    return failed(err, errno, "the store's lock");
}

/* Ours, and nobody else's to look into. */
static dbk_rc check_owner(const dbk_folder *folder, dbk_err *err)
{
    struct stat st;
    if (fstat(folder->dir, &st) != 0)
        return failed(err, errno, "the store's folder");
    if (st.st_uid != geteuid())
        return dbk_fail(err, DBK_DENIED, "the store's folder belongs to someone else");
    if ((st.st_mode & 077) != 0)
        return dbk_fail(err, DBK_DENIED, "others may look into the store's folder: set mode 0700");
    return DBK_OK;
}

static bool is_known(const char *name, const char *const *leftovers)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, LOCK_NAME) == 0)
        return true;
    for (size_t i = 0; leftovers[i] != NULL; i++)
        if (strcmp(name, leftovers[i]) == 0)
            return true;
    return false;
}

static dbk_rc check_empty(const dbk_folder *folder, const char *const *leftovers, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    const struct dirent *entry;
    int copy = openat(folder->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    if (list == NULL) {
        rc = failed(err, errno, "the store's folder");
        shut(copy);
        return rc;
    }
    while (rc == DBK_OK && (entry = readdir(list)) != NULL)
        if (!is_known(entry->d_name, leftovers))
            rc = dbk_fail(err, DBK_CONFLICT, "the folder isn't empty");
    (void)closedir(list);
    return rc;
}

dbk_rc dbk_folder_create(dbk_folder **out, const char *path, const char *const *leftovers,
                         dbk_err *err)
{
    dbk_folder *folder = NULL;
    dbk_rc rc;
    /* On a new account even the usual places may be missing. */
    int failure = dbk_parents_make(path);
    if (failure != 0)
        return failed(err, failure, "the store's folder");
    rc = attach(&folder, path, err);
    if (rc == DBK_OK)
        rc = check_empty(folder, leftovers, err);
    /* An empty folder may have been made with other rights. */
    if (rc == DBK_OK && fchmod(folder->dir, 0700) != 0)
        rc = failed(err, errno, "the store's folder");
    if (rc == DBK_OK)
        rc = check_owner(folder, err);
    if (rc == DBK_OK)
        rc = take_lock(folder, err);
    if (rc == DBK_OK) /* someone may have been faster before the lock was ours */
        rc = check_empty(folder, leftovers, err);
    if (rc != DBK_OK) {
        dbk_folder_close(folder);
        return rc;
    }
    *out = folder;
    return DBK_OK;
}

dbk_rc dbk_folder_open(dbk_folder **out, const char *path, dbk_err *err)
{
    dbk_folder *folder = NULL;
    dbk_rc rc = attach(&folder, path, err);
    if (rc == DBK_OK)
        rc = check_owner(folder, err);
    if (rc == DBK_OK)
        rc = take_lock(folder, err);
    if (rc != DBK_OK) {
        dbk_folder_close(folder);
        return rc;
    }
    *out = folder;
    return DBK_OK;
}

dbk_rc dbk_folder_path(const dbk_folder *folder, char out[DBK_FOLDER_PATH_SIZE], const char *name,
                       dbk_err *err)
{
    int n = snprintf(out, DBK_FOLDER_PATH_SIZE, "%s/%s", folder->path, name);
    if (n < 0 || (size_t)n >= DBK_FOLDER_PATH_SIZE)
        return dbk_fail(err, DBK_LIMIT, "the path of the store's folder is too long");
    return DBK_OK;
}

dbk_rc dbk_folder_has(const dbk_folder *folder, bool *there, const char *name, dbk_err *err)
{
    struct stat st;
    *there = fstatat(folder->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    return *there || errno == ENOENT ? DBK_OK : failed(err, errno, name);
}

dbk_rc dbk_folder_read(const dbk_folder *folder, dbk_bytes *out, const char *name, dbk_err *err)
{
    uint8_t part[4096];
    ssize_t got = 0;
    dbk_rc rc = DBK_OK;
    int fd = openat(folder->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return failed(err, errno, name);
    while (rc == DBK_OK && (got = read(fd, part, sizeof(part))) > 0)
        rc = dbk_bytes_append(out, dbk_span_of(part, (size_t)got), err);
    if (got < 0)
        rc = failed(err, errno, name);
    shut(fd);
    dbk_wipe(part, sizeof(part));
    return rc;
}

static dbk_rc write_out(int fd, dbk_span in, const char *name, dbk_err *err)
{
    for (size_t at = 0; at < in.len;) {
        ssize_t n = write(fd, in.p + at, in.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err, errno, name);
        at += (size_t)n;
    }
    return DBK_OK;
}

static dbk_rc write_all(int fd, dbk_span in, const char *name, dbk_err *err)
{
    dbk_rc rc = write_out(fd, in, name, err);
    return rc == DBK_OK && fsync(fd) != 0 ? failed(err, errno, name) : rc;
}

dbk_rc dbk_folder_write(const dbk_folder *folder, const char *name, dbk_span in, dbk_err *err)
{
    char made[64];
    dbk_rc rc;
    int n = snprintf(made, sizeof(made), "%s" NEW_SUFFIX, name);
    DBK_ASSERT(n > 0);
    DBK_ASSERT((size_t)n < sizeof(made));
    (void)unlinkat(folder->dir, made, 0); /* of an attempt that was cut short */
    int fd = openat(folder->dir, made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(err, errno, name);
    rc = write_all(fd, in, name, err);
    shut(fd);
    if (rc == DBK_OK && renameat(folder->dir, made, folder->dir, name) != 0)
        rc = failed(err, errno, name);
    if (rc == DBK_OK && fsync(folder->dir) != 0)
        rc = failed(err, errno, name);
    if (rc != DBK_OK)
        (void)unlinkat(folder->dir, made, 0);
    return rc;
}

dbk_rc dbk_folder_overwrite(const dbk_folder *folder, const char *name, dbk_span in, dbk_err *err)
{
    bool there;
    dbk_rc rc = dbk_folder_has(folder, &there, name, err);
    if (rc != DBK_OK)
        return rc;
    int fd = openat(folder->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(err, errno, name);
    rc = write_all(fd, in, name, err);
    shut(fd);
    if (rc == DBK_OK && !there && fsync(folder->dir) != 0)
        rc = failed(err, errno, name);
    return rc;
}

dbk_rc dbk_folder_touch(const dbk_folder *folder, const char *name, dbk_err *err)
{
    int fd = openat(folder->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return dbk_fail(err, DBK_CONFLICT, "%s is there already", name);
    if (fd < 0)
        return failed(err, errno, name);
    shut(fd);
    return DBK_OK;
}

dbk_rc dbk_folder_remove(const dbk_folder *folder, const char *name, dbk_err *err)
{
    if (unlinkat(folder->dir, name, 0) != 0 && errno != ENOENT)
        return failed(err, errno, name);
    return DBK_OK;
}

dbk_rc dbk_folder_copy(const dbk_folder *folder, const char *from, const char *to, dbk_err *err)
{
    uint8_t part[16384];
    ssize_t got = 0;
    dbk_rc rc = DBK_OK;
    int in = openat(folder->dir, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = openat(folder->dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (in < 0 || out < 0)
        rc = failed(err, errno, in < 0 ? from : to);
    while (rc == DBK_OK && (got = read(in, part, sizeof(part))) > 0)
        rc = write_out(out, dbk_span_of(part, (size_t)got), to, err);
    if (rc == DBK_OK && got < 0)
        rc = failed(err, errno, from);
    if (rc == DBK_OK && (fsync(out) != 0 || fsync(folder->dir) != 0))
        rc = failed(err, errno, to);
    shut(in);
    shut(out);
    return rc;
}

dbk_rc dbk_folder_rename(const dbk_folder *folder, const char *from, const char *to, dbk_err *err)
{
    if (renameat(folder->dir, from, folder->dir, to) != 0 || fsync(folder->dir) != 0)
        return failed(err, errno, to);
    return DBK_OK;
}

dbk_rc dbk_folder_shred(const dbk_folder *folder, const char *name, dbk_err *err)
{
    static const uint8_t zeros[16384];
    struct stat st;
    int fd = openat(folder->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        dbk_rc rc = DBK_OK; /* what can't be overwritten can still be removed */
        for (off_t left = st.st_size; rc == DBK_OK && left > 0; left -= (off_t)sizeof(zeros)) {
            size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
            rc = write_out(fd, dbk_span_of(zeros, n), name, NULL);
        }
        (void)fsync(fd);
    }
    shut(fd);
    dbk_rc rc = dbk_folder_remove(folder, name, err);
    return rc == DBK_OK && fsync(folder->dir) != 0 ? failed(err, errno, name) : rc;
}

static dbk_rc shred_rest(const dbk_folder *folder, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    const struct dirent *entry;
    int copy = openat(folder->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    if (list == NULL) {
        rc = failed(err, errno, "the store's folder");
        shut(copy);
        return rc;
    }
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        dbk_rc one = dbk_folder_shred(folder, entry->d_name, err);
        rc = rc == DBK_OK ? one : rc;
    }
    (void)closedir(list);
    return rc;
}

dbk_rc dbk_folder_destroy(dbk_folder **folder, const char *const *first, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; first[i] != NULL; i++) {
        dbk_rc one = dbk_folder_shred(*folder, first[i], err);
        rc = rc == DBK_OK ? one : rc;
    }
    dbk_rc rest = shred_rest(*folder, err);
    rc = rc == DBK_OK ? rest : rc;
    if (rc == DBK_OK && rmdir((*folder)->path) != 0)
        rc = failed(err, errno, "the store's folder");
    dbk_folder_close(*folder);
    *folder = NULL;
    return rc;
}
