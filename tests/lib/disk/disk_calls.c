/* The calls that change a disk, in the place of the C library's: each does what it says, and tells
 * the record. Under the names that callers are linked with, so no header that declares them is
 * included here. */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <errno.h>
#include <linux/fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/lib/disk/disk_int.h"

#define ABSOLUTE_SIZE 4096u
#define SEEK_HERE 1

long syscall(long number, ...);

bool disk_calls_seen;

/* Of whatever the program is linked with, shared libraries too. */
#define CALL(name) __asm__(name) __attribute__((visibility("default")))

/* The same path from the root of all, however it was said. */
static bool absolute(char out[ABSOLUTE_SIZE], int dir, const char *path)
{
    char link[64];
    if (path[0] == '/') {
        int n = snprintf(out, ABSOLUTE_SIZE, "%s", path);
        return n > 0 && (size_t)n < ABSOLUTE_SIZE;
    }
    (void)snprintf(link, sizeof(link), dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d",
                   dir);
    long got = syscall(SYS_readlinkat, AT_FDCWD, link, out, (size_t)ABSOLUTE_SIZE - 1);
    if (got <= 0)
        return false;
    int n = snprintf(out + got, ABSOLUTE_SIZE - (size_t)got, "/%s", path);
    return n > 0 && (size_t)n < ABSOLUTE_SIZE - (size_t)got;
}

/* Keeps errno as the call left it. */
#define TELL(told)        \
    do {                  \
        int kept = errno; \
        told;             \
        errno = kept;     \
    } while (0)

static int open_at(int dir, const char *path, int flags, unsigned mode)
{
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && disk_calls_seen)
        TELL(disk_saw_open(fd, flags));
    return fd;
}

static unsigned mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, unsigned) : 0;
}

int disk_call_open(const char *path, int flags, ...) CALL("open");
int disk_call_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = mode_of(flags, args);
    va_end(args);
    return open_at(AT_FDCWD, path, flags, mode);
}

int disk_call_openat(int dir, const char *path, int flags, ...) CALL("openat");
int disk_call_openat(int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = mode_of(flags, args);
    va_end(args);
    return open_at(dir, path, flags, mode);
}

/* As the hardened C library calls it when there is no mode. */
int disk_call_open_2(const char *path, int flags) CALL("__open_2");
int disk_call_open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int disk_call_openat_2(int dir, const char *path, int flags) CALL("__openat_2");
int disk_call_openat_2(int dir, const char *path, int flags)
{
    return open_at(dir, path, flags, 0);
}

long disk_call_write(int fd, const void *bytes, size_t len) CALL("write");
long disk_call_write(int fd, const void *bytes, size_t len)
{
    long n = syscall(SYS_write, fd, bytes, len);
    if (n > 0 && disk_calls_seen) {
        int number = errno;
        long end = syscall(SYS_lseek, fd, 0L, SEEK_HERE);
        if (end >= n)
            disk_saw_write(fd, bytes, (size_t)n, (uint64_t)(end - n));
        errno = number;
    }
    return n;
}

long disk_call_pwrite(int fd, const void *bytes, size_t len, long at) CALL("pwrite");
long disk_call_pwrite(int fd, const void *bytes, size_t len, long at)
{
    long n = syscall(SYS_pwrite64, fd, bytes, len, at);
    if (n > 0 && disk_calls_seen)
        TELL(disk_saw_write(fd, bytes, (size_t)n, (uint64_t)at));
    return n;
}

int disk_call_ftruncate(int fd, long size) CALL("ftruncate");
int disk_call_ftruncate(int fd, long size)
{
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0 && disk_calls_seen)
        TELL(disk_saw_truncate(fd, (uint64_t)size));
    return rc;
}

static int sync_by(long call, int fd)
{
    if (disk_calls_seen && disk_fails_sync(fd)) {
        errno = EIO;
        return -1;
    }
    int rc = (int)syscall(call, fd);
    if (rc == 0 && disk_calls_seen)
        TELL(disk_saw_sync(fd));
    return rc;
}

int disk_call_fsync(int fd) CALL("fsync");
int disk_call_fsync(int fd)
{
    return sync_by(SYS_fsync, fd);
}

int disk_call_fdatasync(int fd) CALL("fdatasync");
int disk_call_fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, fd);
}

static int rename_at(int from_dir, const char *from, int to_dir, const char *to)
{
    char a[ABSOLUTE_SIZE], b[ABSOLUTE_SIZE];
    int rc = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
    if (rc == 0 && disk_calls_seen && absolute(a, from_dir, from) && absolute(b, to_dir, to))
        TELL(disk_saw_rename(a, b));
    return rc;
}

int disk_call_renameat(int from_dir, const char *from, int to_dir, const char *to) CALL("renameat");
int disk_call_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return rename_at(from_dir, from, to_dir, to);
}

int disk_call_rename(const char *from, const char *to) CALL("rename");
int disk_call_rename(const char *from, const char *to)
{
    return rename_at(AT_FDCWD, from, AT_FDCWD, to);
}

static int unlink_at(int dir, const char *path, int flags)
{
    char a[ABSOLUTE_SIZE];
    int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
    if (rc == 0 && disk_calls_seen && absolute(a, dir, path))
        TELL(disk_saw_unlink(a));
    return rc;
}

int disk_call_unlinkat(int dir, const char *path, int flags) CALL("unlinkat");
int disk_call_unlinkat(int dir, const char *path, int flags)
{
    return unlink_at(dir, path, flags);
}

int disk_call_unlink(const char *path) CALL("unlink");
int disk_call_unlink(const char *path)
{
    return unlink_at(AT_FDCWD, path, 0);
}

int disk_call_rmdir(const char *path) CALL("rmdir");
int disk_call_rmdir(const char *path)
{
    return unlink_at(AT_FDCWD, path, AT_REMOVEDIR);
}

static int mkdir_at(int dir, const char *path, unsigned mode)
{
    char a[ABSOLUTE_SIZE];
    int rc = (int)syscall(SYS_mkdirat, dir, path, mode);
    if (rc == 0 && disk_calls_seen && absolute(a, dir, path))
        TELL(disk_saw_mkdir(a));
    return rc;
}

int disk_call_mkdir(const char *path, unsigned mode) CALL("mkdir");
int disk_call_mkdir(const char *path, unsigned mode)
{
    return mkdir_at(AT_FDCWD, path, mode);
}

int disk_call_mkdirat(int dir, const char *path, unsigned mode) CALL("mkdirat");
int disk_call_mkdirat(int dir, const char *path, unsigned mode)
{
    return mkdir_at(dir, path, mode);
}

/* The names of the same calls where files may be large. */
#define SAME(name, of) __asm__(name) __attribute__((alias(of), visibility("default")))
int disk_call_open64(const char *path, int flags, ...) SAME("open64", "open");
int disk_call_openat64(int dir, const char *path, int flags, ...) SAME("openat64", "openat");
int disk_call_open64_2(const char *path, int flags) SAME("__open64_2", "__open_2");
int disk_call_openat64_2(int dir, const char *path, int flags) SAME("__openat64_2", "__openat_2");
long disk_call_pwrite64(int fd, const void *bytes, size_t len, long at) SAME("pwrite64", "pwrite");
int disk_call_ftruncate64(int fd, long size) SAME("ftruncate64", "ftruncate");
