#include "core/store/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"

#define PATH_SIZE 4096u

struct dbk_stream {
    int fd;
    bool is_new; /* and not kept yet */
    char path[PATH_SIZE];
};

static dbk_rc failed(dbk_err *err, int number)
{
    dbk_rc rc = number == ENOSPC || number == EFBIG || number == EDQUOT ? DBK_FULL
                : number == EEXIST                                      ? DBK_CONFLICT
                : number == ENOENT                                      ? DBK_NOT_FOUND
                                                                        : DBK_IO;
    return dbk_fail(err, rc, "the file: %s", strerror(number));
}

void dbk_stream_close(dbk_stream *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        (void)close(s->fd);
    if (s->is_new)
        (void)unlink(s->path);
    dbk_free(s);
}

static dbk_rc make(dbk_stream **out, const char *path, int flags, dbk_err *err)
{
    dbk_stream *s = dbk_alloc(sizeof(*s));
    if (s == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a file");
    int n = snprintf(s->path, sizeof(s->path), "%s", path);
    if (n < 0 || (size_t)n >= sizeof(s->path)) {
        dbk_free(s);
        return dbk_fail(err, DBK_LIMIT, "the file's path is too long");
    }
    s->fd = open(path, flags | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        dbk_rc rc = failed(err, errno);
        dbk_stream_close(s);
        return rc;
    }
    *out = s;
    return DBK_OK;
}

dbk_rc dbk_stream_create(dbk_stream **out, const char *path, dbk_err *err)
{
    dbk_rc rc = make(out, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, err);
    if (rc == DBK_OK)
        (*out)->is_new = true;
    return rc;
}

dbk_rc dbk_stream_open(dbk_stream **out, uint64_t *size, const char *path, dbk_err *err)
{
    struct stat st;
    dbk_stream *s = NULL;
    dbk_rc rc = make(&s, path, O_RDONLY, err);
    if (rc != DBK_OK)
        return rc;
    if (fstat(s->fd, &st) != 0)
        rc = failed(err, errno);
    else if (!S_ISREG(st.st_mode))
        rc = dbk_fail(err, DBK_FORMAT, "this is no file");
    if (rc != DBK_OK) {
        dbk_stream_close(s);
        return rc;
    }
    *size = (uint64_t)st.st_size;
    *out = s;
    return DBK_OK;
}

dbk_rc dbk_stream_read(dbk_stream *s, uint8_t *room, size_t len, dbk_err *err)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(s->fd, room + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err, errno);
        if (n == 0)
            return dbk_fail(err, DBK_FORMAT, "the file ends too early");
        at += (size_t)n;
    }
    return DBK_OK;
}

dbk_rc dbk_stream_write(dbk_stream *s, dbk_span in, dbk_err *err)
{
    for (size_t at = 0; at < in.len;) {
        ssize_t n = write(s->fd, in.p + at, in.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err, errno);
        at += (size_t)n;
    }
    return DBK_OK;
}

/* The folder that the path's last part stands in. */
static int open_parent(const dbk_stream *s)
{
    char part[PATH_SIZE];
    (void)snprintf(part, sizeof(part), "%s", s->path);
    char *slash = strrchr(part, '/');
    if (slash == NULL)
        return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    slash[slash == part ? 1 : 0] = '\0';
    return open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

dbk_rc dbk_stream_keep(dbk_stream *s, dbk_err *err)
{
    if (fsync(s->fd) != 0)
        return failed(err, errno);
    int dir = open_parent(s);
    int failure = dir < 0 || fsync(dir) != 0 ? errno : 0;
    if (dir >= 0)
        (void)close(dir);
    if (failure == EINVAL) /* a file system that can't sync a folder */
        failure = 0;
    if (failure != 0)
        return failed(err, failure);
    s->is_new = false;
    return DBK_OK;
}
