#include "sync/relay/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"

#define PRIVATE_MODE (S_IRUSR | S_IWUSR)
#define PART_BYTES 16384u

dbk_rc dbk_files_fail(const char *name, dbk_err *err)
{
    dbk_rc rc = errno == ENOENT ? DBK_NOT_FOUND : errno == ENOSPC ? DBK_FULL : DBK_IO;
    return dbk_fail(err, rc, "%s: %s", name, strerror(errno));
}

dbk_rc dbk_files_path(char out[DBK_PATH_SIZE], const char *dir, const char *name, dbk_err *err)
{
    int len = snprintf(out, DBK_PATH_SIZE, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= DBK_PATH_SIZE)
        return dbk_fail(err, DBK_USAGE, "the folder's path is too long");
    return DBK_OK;
}

/* For sentences: a path may be long, and its end says which file it is. */
static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void dbk_files_sync_above(const char *dir)
{
    char above[DBK_PATH_SIZE];
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    while (len > 0 && dir[len - 1] != '/')
        len--;
    if (len >= sizeof(above))
        return;
    memcpy(above, dir, len);
    above[len] = '\0';
    int fd = open(len > 0 ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

dbk_rc dbk_files_make_dir(const char *dir, dbk_err *err)
{
    DIR *d;
    bool empty = true;
    if (mkdir(dir, S_IRWXU) == 0) {
        dbk_files_sync_above(dir);
        return DBK_OK;
    }
    if (errno != EEXIST)
        return dbk_files_fail(dir, err);
    d = opendir(dir);
    if (d == NULL)
        return dbk_files_fail(dir, err);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    (void)closedir(d);
    if (!empty)
        return dbk_fail(err, DBK_CONFLICT, "%s is not empty", dir);
    return chmod(dir, S_IRWXU) == 0 ? DBK_OK : dbk_files_fail(dir, err);
}

dbk_rc dbk_files_lock_dir(const char *dir, int *fd, dbk_err *err)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return dbk_files_fail(name_in(dir), err);
    /* Not every network file system locks a folder: then nobody else does so, either. */
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return DBK_OK;
    (void)close(*fd);
    *fd = -1;
    return dbk_fail(err, DBK_BUSY, "another program is at work in %.100s", dir);
}

dbk_rc dbk_files_dir_of(char out[DBK_PATH_SIZE], const char *path, dbk_err *err)
{
    const char *slash = strrchr(path, '/');
    int len = slash == NULL ? snprintf(out, DBK_PATH_SIZE, ".")
                            : snprintf(out, DBK_PATH_SIZE, "%.*s", (int)(slash - path + 1), path);
    if (len < 0 || (size_t)len >= DBK_PATH_SIZE)
        return dbk_fail(err, DBK_USAGE, "a file's path is too long");
    return DBK_OK;
}

dbk_rc dbk_files_sync_dir(const char *dir, dbk_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dbk_rc rc = fd >= 0 && fsync(fd) == 0 ? DBK_OK : dbk_files_fail("the folder", err);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* ---- writing ----------------------------------------------------------------------------- */

static dbk_rc write_all(int fd, dbk_span in, const char *name, dbk_err *err)
{
    while (in.len > 0) {
        ssize_t n = write(fd, in.p, in.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dbk_files_fail(name, err);
        in.p += n;
        in.len -= (size_t)n;
    }
    return DBK_OK;
}

static int create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
}

static dbk_rc finish(int fd, const char *name, dbk_rc rc, dbk_err *err)
{
    if (rc == DBK_OK && fsync(fd) != 0)
        rc = dbk_files_fail(name, err);
    if (close(fd) != 0 && rc == DBK_OK)
        rc = dbk_files_fail(name, err);
    return rc;
}

dbk_rc dbk_files_write(const char *dir, const char *name, dbk_span in, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    dbk_rc rc = dbk_files_path(path, dir, name, err);
    if (rc != DBK_OK)
        return rc;
    int fd = create(path);
    if (fd < 0)
        return dbk_files_fail(name, err);
    return finish(fd, name, write_all(fd, in, name, err), err);
}

dbk_rc dbk_files_replace(const char *dir, const char *name, dbk_span in, dbk_err *err)
{
    char path[DBK_PATH_SIZE], fresh[DBK_PATH_SIZE], fresh_name[64];
    int len = snprintf(fresh_name, sizeof(fresh_name), "%s.new", name);
    DBK_ASSERT(len > 0 && (size_t)len < sizeof(fresh_name));
    dbk_rc rc = dbk_files_path(path, dir, name, err);
    if (rc == DBK_OK)
        rc = dbk_files_path(fresh, dir, fresh_name, err);
    if (rc != DBK_OK)
        return rc;
    (void)unlink(fresh); /* of a run that was cut short */
    rc = dbk_files_write(dir, fresh_name, in, err);
    return rc == DBK_OK ? dbk_files_rename(dir, fresh_name, name, err) : rc;
}

dbk_rc dbk_files_rename(const char *dir, const char *from, const char *to, dbk_err *err)
{
    char old_path[DBK_PATH_SIZE], new_path[DBK_PATH_SIZE];
    dbk_rc rc = dbk_files_path(old_path, dir, from, err);
    if (rc == DBK_OK)
        rc = dbk_files_path(new_path, dir, to, err);
    if (rc == DBK_OK && rename(old_path, new_path) != 0)
        rc = dbk_files_fail(from, err);
    return rc == DBK_OK ? dbk_files_sync_dir(dir, err) : rc;
}

dbk_rc dbk_files_sync(const char *path, dbk_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    dbk_rc rc = fd >= 0 && fsync(fd) == 0 ? DBK_OK : dbk_files_fail(name_in(path), err);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* ---- ending ------------------------------------------------------------------------------ */

void dbk_files_shred_open(int fd)
{
    static const uint8_t zeros[PART_BYTES];
    struct stat st;
    dbk_rc rc = fstat(fd, &st) == 0 && lseek(fd, 0, SEEK_SET) == 0 ? DBK_OK : DBK_IO;
    for (off_t left = st.st_size; rc == DBK_OK && left > 0; left -= (off_t)sizeof(zeros)) {
        size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
        rc = write_all(fd, dbk_span_of(zeros, n), "a file", NULL);
    }
    (void)fsync(fd);
    (void)close(fd);
}

void dbk_files_shred(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0)
        dbk_files_shred_open(fd);
    (void)unlink(path);
}

dbk_rc dbk_files_swap(const char *fresh, const char *path, dbk_err *err)
{
    char dir[DBK_PATH_SIZE];
    dbk_rc rc = dbk_files_dir_of(dir, path, err);
    if (rc != DBK_OK)
        return rc;
    /* Held open, it can still be overwritten when its name is the new one's: at no moment is there
     * none. */
    int old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    rc = rename(fresh, path) == 0 ? dbk_files_sync_dir(dir, err)
                                  : dbk_files_fail(name_in(path), err);
    if (old >= 0 && rc == DBK_OK)
        dbk_files_shred_open(old);
    else if (old >= 0)
        (void)close(old);
    return rc;
}

/* ---- reading ----------------------------------------------------------------------------- */

dbk_rc dbk_files_exists(const char *dir, const char *name, bool *out, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    struct stat st;
    *out = false;
    dbk_rc rc = dbk_files_path(path, dir, name, err);
    if (rc != DBK_OK)
        return rc;
    *out = lstat(path, &st) == 0;
    return *out || errno == ENOENT ? DBK_OK : dbk_files_fail(name, err);
}

/* Up to so many bytes into part; *n 0: the end. */
static dbk_rc read_part(int fd, uint8_t part[PART_BYTES], size_t *n, const char *name, dbk_err *err)
{
    ssize_t got;
    do
        got = read(fd, part, PART_BYTES);
    while (got < 0 && errno == EINTR);
    *n = got > 0 ? (size_t)got : 0;
    return got < 0 ? dbk_files_fail(name, err) : DBK_OK;
}

dbk_rc dbk_files_read(const char *path, dbk_bytes *out, dbk_err *err)
{
    uint8_t part[PART_BYTES];
    size_t n = 1;
    dbk_rc rc = DBK_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return dbk_files_fail(name_in(path), err);
    while (rc == DBK_OK && n > 0) {
        rc = read_part(fd, part, &n, name_in(path), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(out, dbk_span_of(part, n), err);
    }
    dbk_wipe(part, sizeof(part));
    (void)close(fd);
    return rc;
}

dbk_rc dbk_files_copy(const char *to, const char *from, dbk_err *err)
{
    uint8_t part[PART_BYTES];
    size_t n = 1;
    dbk_rc rc = DBK_OK;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return dbk_files_fail(name_in(from), err);
    int out = create(to);
    if (out < 0) {
        rc = dbk_files_fail(name_in(to), err);
        (void)close(in);
        return rc;
    }
    while (rc == DBK_OK && n > 0) {
        rc = read_part(in, part, &n, name_in(from), err);
        if (rc == DBK_OK)
            rc = write_all(out, dbk_span_of(part, n), name_in(to), err);
    }
    (void)close(in);
    return finish(out, name_in(to), rc, err);
}
