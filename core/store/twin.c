#include "core/store/twin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/store/parents.h"

#define NAME_SIZE 64u

struct dbk_twin {
    int dir;
    int fd[2];
    bool written[2];
    char name[2][NAME_SIZE];
};

static dbk_rc failed(dbk_err *err, int number, const char *what)
{
    dbk_rc rc = number == ENOSPC || number == EFBIG || number == EDQUOT ? DBK_FULL : DBK_IO;
    return dbk_fail(err, rc, "%s: %s", what, strerror(number));
}

void dbk_twin_close(dbk_twin *twin)
{
    if (twin == NULL)
        return;
    for (unsigned i = 0; i < 2; i++) {
        if (twin->fd[i] < 0)
            continue;
        if (twin->written[i])
            (void)fsync(twin->fd[i]); /* a mark that is lost is one that is behind: no harm */
        (void)close(twin->fd[i]);
    }
    if (twin->dir >= 0)
        (void)close(twin->dir);
    dbk_free(twin);
}

static dbk_rc open_folder(dbk_twin *twin, const char *folder, dbk_err *err)
{
    struct stat st;
    (void)dbk_parents_make(folder); /* if it can't be made, opening says why */
    twin->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (twin->dir < 0 || fstat(twin->dir, &st) != 0)
        return failed(err, errno, "the folder of marks");
    if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
        return dbk_fail(err, DBK_DENIED, "others may write into the folder of marks");
    return DBK_OK;
}

static dbk_rc open_files(dbk_twin *twin, const char *name, dbk_err *err)
{
    for (unsigned i = 0; i < 2; i++) {
        int n = snprintf(twin->name[i], NAME_SIZE, "%s-%u", name, i);
        DBK_ASSERT(n > 0);
        DBK_ASSERT((size_t)n < NAME_SIZE);
        twin->fd[i] = openat(twin->dir, twin->name[i], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                             0600);
        if (twin->fd[i] < 0)
            return failed(err, errno, "the mark");
    }
    if (flock(twin->fd[0], LOCK_EX | LOCK_NB) == 0)
        return DBK_OK;
    if (errno == EWOULDBLOCK)
        return dbk_fail(err, DBK_BUSY, "a copy of this store is in use, and has the mark");
    return failed(err, errno, "the mark");
}

dbk_rc dbk_twin_open(dbk_twin **out, const char *folder, const char *name, dbk_err *err)
{
    dbk_twin *twin = dbk_alloc(sizeof(*twin));
    if (twin == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the mark");
    twin->dir = twin->fd[0] = twin->fd[1] = -1;
    dbk_rc rc = open_folder(twin, folder, err);
    if (rc == DBK_OK)
        rc = open_files(twin, name, err);
    if (rc != DBK_OK) {
        dbk_twin_close(twin);
        return rc;
    }
    *out = twin;
    return DBK_OK;
}

dbk_rc dbk_twin_read(const dbk_twin *twin, dbk_bytes *out, unsigned which, dbk_err *err)
{
    uint8_t part[4096];
    ssize_t got;
    off_t at = 0;
    DBK_ASSERT(which < 2);
    while ((got = pread(twin->fd[which], part, sizeof(part), at)) > 0) {
        dbk_rc rc = dbk_bytes_append(out, dbk_span_of(part, (size_t)got), err);
        if (rc != DBK_OK)
            return rc;
        at += got;
    }
    return got < 0 ? failed(err, errno, "the mark") : DBK_OK;
}

dbk_rc dbk_twin_write(dbk_twin *twin, unsigned which, dbk_span in, dbk_err *err)
{
    DBK_ASSERT(which < 2);
    twin->written[which] = true;
    for (size_t at = 0; at < in.len;) {
        ssize_t n = pwrite(twin->fd[which], in.p + at, in.len - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err, errno, "the mark");
        at += (size_t)n;
    }
    return ftruncate(twin->fd[which], (off_t)in.len) == 0 ? DBK_OK : failed(err, errno, "the mark");
}

dbk_rc dbk_twin_flush(dbk_twin *twin, unsigned which, dbk_err *err)
{
    DBK_ASSERT(which < 2);
    if (fsync(twin->fd[which]) != 0 || fsync(twin->dir) != 0)
        return failed(err, errno, "the mark");
    twin->written[which] = false;
    return DBK_OK;
}

void dbk_twin_remove(dbk_twin *twin)
{
    for (unsigned i = 0; i < 2; i++)
        (void)unlinkat(twin->dir, twin->name[i], 0);
    dbk_twin_close(twin);
}
