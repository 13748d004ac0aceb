#include "tests/sim/disk.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"

#define SECTOR 512u
#define OWNERS 64u
#define UNDO_MAX 4096u
#define PATH_SIZE 512u
#define NOBODY (OWNERS - 2u)

/* What stood there before a write that isn't durable yet. */
typedef struct undo {
    char path[PATH_SIZE];
    int64_t at, size; /* size: of the file, before */
    size_t len;
    uint8_t *bytes;
} undo;
typedef struct disk {
    bool dead, full, powered; /* powered: undo is kept */
    disk_end end;
    unsigned points; /* 0: not armed */
    disk_report report;
    undo *undo;
    size_t undo_count;
} disk;
static disk disks[OWNERS];
static uint64_t rng;
static sqlite3_vfs *real;
static sqlite3_vfs shim;

typedef struct shim_file {
    sqlite3_file base;
    unsigned owner;
    char path[PATH_SIZE];
    sqlite3_file *real;
} shim_file;

static uint64_t dice(uint64_t below)
{
    rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (rng >> 33) % below;
}

static unsigned owner_of(const char *path)
{
    const char *at = path != NULL ? strstr(path, "/" DISK_DEVICE_PREFIX) : NULL;
    if (at == NULL)
        return NOBODY;
    if (strncmp(at + 1, DISK_RELAY_NAME, sizeof(DISK_RELAY_NAME) - 1) == 0)
        return DISK_RELAY;
    return (unsigned)strtoul(at + 1 + sizeof(DISK_DEVICE_PREFIX) - 1, NULL, 10);
}

/* ---- what isn't durable ------------------------------------------------------------------ */

static void forget(disk *d, const char *path)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->undo_count; i++) {
        if (path == NULL || strcmp(d->undo[i].path, path) == 0)
            free(d->undo[i].bytes);
        else
            d->undo[kept++] = d->undo[i];
    }
    d->undo_count = kept;
}

static void remember(shim_file *f, int64_t at, size_t len)
{
    disk *d = &disks[f->owner];
    sqlite3_int64 size = 0;
    if (!d->powered)
        return;
    if (d->end == DISK_LIE && d->undo_count == UNDO_MAX)
        forget(d, NULL); /* the cache is full: all of it is written */
    DBK_ASSERT(d->undo_count < UNDO_MAX);
    undo *u = &d->undo[d->undo_count++];
    (void)f->real->pMethods->xFileSize(f->real, &size);
    *u = (undo){ .at = at, .size = size, .len = len, .bytes = calloc(1, len + 1) };
    DBK_ASSERT(u->bytes != NULL);
    (void)snprintf(u->path, sizeof(u->path), "%s", f->path);
    if (at < size)
        (void)f->real->pMethods->xRead(f->real, u->bytes, (int)len, at); /* short: zeros */
}

static void take_back(disk *d, const undo *u)
{
    int fd = open(u->path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    for (size_t done = 0; done < u->len;) {
        int64_t at = u->at + (int64_t)done;
        size_t part = SECTOR - (size_t)(at % SECTOR);
        part = part < u->len - done ? part : u->len - done;
        if (dice(2) == 0) {
            DBK_ASSERT(pwrite(fd, u->bytes + done, part, at) == (ssize_t)part);
            d->report.lost++;
        }
        done += part;
    }
    if (lseek(fd, 0, SEEK_END) > u->size && dice(2) == 0)
        DBK_ASSERT(ftruncate(fd, u->size) == 0);
    DBK_ASSERT(close(fd) == 0);
}

/* As it was before this write. */
static void undo_whole(disk *d, const undo *u)
{
    int fd = open(u->path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    DBK_ASSERT(pwrite(fd, u->bytes, u->len, u->at) == (ssize_t)u->len);
    DBK_ASSERT(ftruncate(fd, u->size) == 0);
    DBK_ASSERT(close(fd) == 0);
    d->report.lied++;
}

disk_report disk_revive(unsigned owner)
{
    disk *d = &disks[owner];
    disk_report report;
    if (d->dead && d->end == DISK_POWER)
        for (size_t i = d->undo_count; i > 0; i--)
            take_back(d, &d->undo[i - 1]);
    size_t kept = d->dead && d->end == DISK_LIE ? (size_t)dice(d->undo_count + 1) : d->undo_count;
    for (size_t i = d->undo_count; i > kept; i--)
        undo_whole(d, &d->undo[i - 1]);
    report = d->report;
    disk_disarm(owner);
    d->dead = false;
    d->report = (disk_report){ 0 };
    return report;
}

void disk_arm(unsigned owner, disk_end end, unsigned points)
{
    disk *d = &disks[owner];
    DBK_ASSERT(!d->dead && points > 0);
    disk_disarm(owner);
    d->end = end;
    d->points = points;
    d->powered = end != DISK_KILL;
    if (d->powered && d->undo == NULL)
        d->undo = calloc(UNDO_MAX, sizeof(*d->undo));
}

void disk_disarm(unsigned owner)
{
    disk *d = &disks[owner];
    d->points = 0;
    d->powered = false;
    forget(d, NULL);
}

void disk_fill(unsigned owner, bool full)
{
    disks[owner].full = full;
}

bool disk_is_armed(unsigned owner)
{
    return disks[owner].points > 0;
}

bool disk_is_dead(unsigned owner)
{
    return disks[owner].dead;
}

bool disk_is_lying(unsigned owner)
{
    const disk *d = &disks[owner];
    return d->end == DISK_LIE && (d->dead || d->points > 0);
}

bool disk_is_full(unsigned owner)
{
    return disks[owner].full;
}

void disk_begin(uint64_t seed)
{
    rng = seed ^ UINT64_C(0x6469736b);
    for (unsigned i = 0; i < OWNERS; i++)
        disk_disarm(i);
}

/* One more point; true: this is where it ends. */
static bool ends(disk *d)
{
    if (d->points == 0 || --d->points > 0)
        return false;
    d->dead = true;
    return true;
}

/* ---- the shim ---------------------------------------------------------------------------- */

static sqlite3_file *under(sqlite3_file *f)
{
    return ((shim_file *)f)->real;
}

static int s_close(sqlite3_file *f)
{
    int rc = under(f)->pMethods != NULL ? under(f)->pMethods->xClose(under(f)) : SQLITE_OK;
    f->pMethods = NULL;
    return rc;
}

static int s_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return under(f)->pMethods->xRead(under(f), p, n, at);
}

static int s_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    shim_file *s = (shim_file *)f;
    disk *d = &disks[s->owner];
    sqlite3_int64 size = 0;
    if (d->dead)
        return SQLITE_IOERR_WRITE;
    if (d->full) {
        (void)under(f)->pMethods->xFileSize(under(f), &size);
        if (at + n > size)
            return SQLITE_FULL;
    }
    remember(s, at, (size_t)n);
    if (!ends(d))
        return under(f)->pMethods->xWrite(under(f), p, n, at);
    int part = (int)dice((uint64_t)n + 1);
    d->report.torn = part > 0 && part < n;
    if (part > 0)
        (void)under(f)->pMethods->xWrite(under(f), p, part, at);
    return SQLITE_IOERR_WRITE;
}

static int s_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    shim_file *s = (shim_file *)f;
    disk *d = &disks[s->owner];
    sqlite3_int64 was = 0;
    if (d->dead || ends(d))
        return SQLITE_IOERR_TRUNCATE;
    (void)under(f)->pMethods->xFileSize(under(f), &was);
    if (was > size)
        remember(s, size, (size_t)(was - size));
    return under(f)->pMethods->xTruncate(under(f), size);
}

static int s_sync(sqlite3_file *f, int flags)
{
    shim_file *s = (shim_file *)f;
    disk *d = &disks[s->owner];
    if (d->dead || ends(d))
        return SQLITE_IOERR_FSYNC;
    if (d->end != DISK_LIE)
        forget(d, s->path);
    return under(f)->pMethods->xSync(under(f), flags);
}

static int s_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return under(f)->pMethods->xFileSize(under(f), size);
}

static int s_lock(sqlite3_file *f, int how)
{
    return under(f)->pMethods->xLock(under(f), how);
}

static int s_unlock(sqlite3_file *f, int how)
{
    return under(f)->pMethods->xUnlock(under(f), how);
}

static int s_reserved(sqlite3_file *f, int *out)
{
    return under(f)->pMethods->xCheckReservedLock(under(f), out);
}

static int s_control(sqlite3_file *f, int op, void *arg)
{
    return under(f)->pMethods->xFileControl(under(f), op, arg);
}

static int s_sector(sqlite3_file *f)
{
    return under(f)->pMethods->xSectorSize(under(f));
}

static int s_device(sqlite3_file *f)
{
    return under(f)->pMethods->xDeviceCharacteristics(under(f));
}

static int s_shm_map(sqlite3_file *f, int page, int bytes, int extend, void volatile **out)
{
    return under(f)->pMethods->xShmMap(under(f), page, bytes, extend, out);
}

static int s_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return under(f)->pMethods->xShmLock(under(f), offset, n, flags);
}

static void s_shm_barrier(sqlite3_file *f)
{
    under(f)->pMethods->xShmBarrier(under(f));
}

static int s_shm_unmap(sqlite3_file *f, int remove)
{
    return under(f)->pMethods->xShmUnmap(under(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = s_close,
    .xRead = s_read,
    .xWrite = s_write,
    .xTruncate = s_truncate,
    .xSync = s_sync,
    .xFileSize = s_size,
    .xLock = s_lock,
    .xUnlock = s_unlock,
    .xCheckReservedLock = s_reserved,
    .xFileControl = s_control,
    .xSectorSize = s_sector,
    .xDeviceCharacteristics = s_device,
    .xShmMap = s_shm_map,
    .xShmLock = s_shm_lock,
    .xShmBarrier = s_shm_barrier,
    .xShmUnmap = s_shm_unmap,
};

static int v_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *f, int flags, int *out)
{
    shim_file *s = (shim_file *)f;
    (void)vfs;
    s->base.pMethods = NULL;
    s->real = (sqlite3_file *)(s + 1);
    s->owner = owner_of(path);
    if (disks[s->owner].dead)
        return SQLITE_CANTOPEN;
    (void)snprintf(s->path, sizeof(s->path), "%s", path != NULL ? path : "");
    int rc = real->xOpen(real, path, s->real, flags, out);
    if (rc == SQLITE_OK)
        s->base.pMethods = &methods;
    return rc;
}

static int v_delete(sqlite3_vfs *vfs, const char *path, int durable)
{
    disk *d = &disks[owner_of(path)];
    (void)vfs;
    if (d->dead || ends(d))
        return SQLITE_IOERR_DELETE;
    forget(d,
           d->end == DISK_LIE ? NULL : path); /* a removal isn't taken back, nor what it follows */
    return real->xDelete(real, path, durable);
}

void disk_install(void)
{
    real = sqlite3_vfs_find(NULL);
    DBK_ASSERT(real != NULL);
    shim = *real;
    shim.zName = "sim";
    shim.szOsFile = (int)sizeof(shim_file) + real->szOsFile;
    shim.xOpen = v_open;
    shim.xDelete = v_delete;
    DBK_ASSERT(sqlite3_vfs_register(&shim, 1) == SQLITE_OK);
}
