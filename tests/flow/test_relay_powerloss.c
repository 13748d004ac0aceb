/* The power goes at any write of the disk: what was receipted is there afterwards, and the log is
 * whole (P1, A36). A shim between SQLite and the disk keeps, for each file, what a sync has made
 * durable and what has been written since. At a cut, each 512-byte sector written since is there
 * or not, as dice say. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/relaykit.h"

#define FILES_MAX 4u
#define FILE_BYTES_MAX (8u * 1024u * 1024u)
#define SECTOR 512u
#define ROUNDS 40u
#define PER_ROUND 2u
#define CUT_EVERY 17u  /* writes and syncs */
#define ORDER_EVERY 4u /* rounds */

/* ---- the shim ---------------------------------------------------------------------------- */

typedef struct disk_file {
    char path[512];
    uint8_t *durable, *now;
    size_t durable_len, now_len;
} disk_file;
static struct {
    disk_file files[FILES_MAX];
    size_t count;
    uint64_t changes; /* writes, truncations and syncs so far */
    void (*after)(void);
    bool fail_syncs;
    bool in_database; /* the last change was to the database, not to its log */
    sqlite3_vfs *real;
    sqlite3_vfs vfs;
} disk;

typedef struct shim_file {
    sqlite3_file base;
    disk_file *shadow; /* NULL: a file that needs no shadow */
    sqlite3_file *real;
} shim_file;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((shim_file *)f)->real;
}

static void changed(const disk_file *s)
{
    disk.changes++;
    disk.in_database = s == &disk.files[0];
    if (disk.after != NULL)
        disk.after();
}

static int s_close(sqlite3_file *f)
{
    int rc = real_of(f)->pMethods->xClose(real_of(f));
    f->pMethods = NULL;
    return rc;
}

static int s_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int s_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    disk_file *s = ((shim_file *)f)->shadow;
    int rc = real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
    if (rc == SQLITE_OK && s != NULL) {
        size_t end = (size_t)at + (size_t)n;
        assert_true(end <= FILE_BYTES_MAX);
        memcpy(s->now + at, p, (size_t)n);
        if (end > s->now_len)
            s->now_len = end;
        changed(s);
    }
    return rc;
}

static int s_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    disk_file *s = ((shim_file *)f)->shadow;
    int rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
    if (rc == SQLITE_OK && s != NULL) {
        if ((size_t)size < s->now_len)
            memset(s->now + size, 0, s->now_len - (size_t)size);
        s->now_len = (size_t)size;
        changed(s);
    }
    return rc;
}

static int s_sync(sqlite3_file *f, int flags)
{
    disk_file *s = ((shim_file *)f)->shadow;
    if (disk.fail_syncs)
        return SQLITE_IOERR_FSYNC;
    int rc = real_of(f)->pMethods->xSync(real_of(f), flags);
    if (rc == SQLITE_OK && s != NULL) {
        memcpy(s->durable, s->now, FILE_BYTES_MAX);
        s->durable_len = s->now_len;
        changed(s);
    }
    return rc;
}

static int s_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int s_lock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int s_unlock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int s_check(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int s_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int s_sector(sqlite3_file *f)
{
    (void)f;
    return SECTOR;
}

static int s_device(sqlite3_file *f)
{
    (void)f;
    return 0; /* promises nothing: no atomic writes, no safe appends */
}

static int s_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int s_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void s_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int s_shm_unmap(sqlite3_file *f, int drop)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), drop);
}

static const sqlite3_io_methods shim_methods = {
    2,          s_close,       s_read,      s_write,   s_truncate, s_sync,   s_size,
    s_lock,     s_unlock,      s_check,     s_control, s_sector,   s_device, s_shm_map,
    s_shm_lock, s_shm_barrier, s_shm_unmap, NULL,      NULL,
};

static disk_file *shadow_of(const char *path)
{
    for (size_t i = 0; i < disk.count; i++) {
        if (strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    }
    assert_true(disk.count < FILES_MAX);
    disk_file *f = &disk.files[disk.count++];
    (void)snprintf(f->path, sizeof(f->path), "%s", path);
    f->durable = calloc(1, FILE_BYTES_MAX);
    f->now = calloc(1, FILE_BYTES_MAX);
    assert_non_null(f->durable);
    assert_non_null(f->now);
    return f;
}

static int s_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
    shim_file *s = (shim_file *)f;
    (void)vfs;
    s->real = (sqlite3_file *)(void *)(s + 1);
    s->shadow = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0 ? shadow_of(path) : NULL;
    int rc = disk.real->xOpen(disk.real, path, s->real, flags, out);
    s->base.pMethods = rc == SQLITE_OK ? &shim_methods : NULL;
    return rc;
}

static int s_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    (void)vfs;
    for (size_t i = 0; i < disk.count; i++) {
        disk_file *f = &disk.files[i];
        if (strcmp(f->path, path) == 0) {
            memset(f->now, 0, FILE_BYTES_MAX);
            memset(f->durable, 0, FILE_BYTES_MAX);
            f->now_len = f->durable_len = 0;
        }
    }
    return disk.real->xDelete(disk.real, path, sync_dir);
}

static void disk_begin(void)
{
    memset(&disk, 0, sizeof(disk));
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "shim";
    disk.vfs.szOsFile = (int)sizeof(shim_file) + disk.real->szOsFile;
    disk.vfs.xOpen = s_open;
    disk.vfs.xDelete = s_delete;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

static void disk_end(void)
{
    assert_int_equal(sqlite3_vfs_unregister(&disk.vfs), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(disk.real, 1), SQLITE_OK);
    for (size_t i = 0; i < disk.count; i++) {
        free(disk.files[i].durable);
        free(disk.files[i].now);
    }
}

/* ---- cuts -------------------------------------------------------------------------------- */

typedef struct receipted {
    relaykit_segment s;
    dbk_receipt receipt;
} receipted;
static struct {
    relaykit kit;
    relaykit_device officer, second; /* the other administrator */
    receipted all[ROUNDS * PER_ROUND];
    size_t count;  /* whose receipts have come back */
    size_t orders; /* that were answered */
    bool ordering;
    uint64_t order_cuts;
    char dir[DBK_TEST_PATH_SIZE];
    uint64_t entries; /* of the chain before the first order */
    uint64_t dice;
    uint64_t cuts, lost_writes;
    uint64_t checkpoints; /* seen as writes to the database itself */
    bool on;
} run;

static bool heads(void)
{
    run.dice = run.dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (run.dice >> 60 & 1) != 0;
}

/* The file as it may stand after the cut. */
static void write_image(const disk_file *f, const char *path)
{
    static uint8_t image[FILE_BYTES_MAX];
    size_t len = f->now_len > f->durable_len ? f->now_len : f->durable_len;
    memcpy(image, f->durable, FILE_BYTES_MAX);
    for (size_t at = 0; at < len; at += SECTOR) {
        if (memcmp(f->durable + at, f->now + at, SECTOR) == 0)
            continue;
        if (heads())
            memcpy(image + at, f->now + at, SECTOR);
        else
            run.lost_writes++;
    }
    if (f->now_len != f->durable_len)
        len = heads() ? f->now_len : f->durable_len;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

typedef struct found {
    size_t count;
} found;

static dbk_rc find_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    found *f = ctx;
    (void)stop;
    (void)err;
    if (segment->index < run.count) {
        const receipted *r = &run.all[segment->index];
        assert_int_equal(r->receipt.index, segment->index);
        assert_int_equal(r->receipt.receipt_ms, segment->receipt_ms);
        assert_memory_equal(r->s.raw, segment->header.p, DBK_SEGMENT_HEADER_BYTES);
        f->count++;
    }
    return DBK_OK;
}

/* Opens the image as the next start does, and holds it against the receipts. */
static void check_image(const char *path)
{
    dbk_log log;
    dbk_log_report report;
    dbk_err err = { 0 };
    found f = { 0 };
    dbk_log_embedded file = { path, run.kit.db_key };
    dbk_log_read read = { 0, find_segment, &f, 0 };
    assert_ok(dbk_log_embedded_open(&file, &log, DBK_LOG_WRITES, &err), &err);
    assert_ok(dbk_log_check_deep(&log, &report, &err), &err);
    assert_ok(log.ops->segments_read(log.self, &run.all[0].s.header.space, &read, &err), &err);
    assert_true(report.segments >= run.count);
    assert_true(report.entries >= run.entries + run.orders);
    assert_int_equal(f.count, run.count);
    dbk_log_close(&log);
}

static void cut(void)
{
    char path[512];
    if (run.on && disk.in_database)
        run.checkpoints++;
    if (!run.on || disk.changes % CUT_EVERY != 0)
        return;
    run.on = false; /* the check's own writes are no cuts */
    disk.after = NULL;
    sqlite3_vfs *shim = &disk.vfs;
    assert_int_equal(sqlite3_vfs_unregister(shim), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(disk.real, 1), SQLITE_OK);
    for (size_t i = 0; i < disk.count; i++) {
        const disk_file *f = &disk.files[i];
        const char *tail = strrchr(f->path, '/');
        (void)snprintf(path, sizeof(path), "%s%s", run.dir, tail);
        write_image(f, path);
    }
    (void)snprintf(path, sizeof(path), "%s/relay.db-shm", run.dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/relay.db", run.dir);
    check_image(path);
    run.cuts++;
    run.order_cuts += run.ordering ? 1 : 0;
    assert_int_equal(sqlite3_vfs_register(shim, 1), SQLITE_OK);
    disk.after = cut;
    run.on = true;
}

/* An op of each of the last round's segments: the check of each image holds the bodies against the
 * chain that stands in it, so an order is carried out wherever it is known. */
static void dispose_of_some(relaykit *k, const relaykit_segment *s)
{
    dbk_dot dots[PER_ROUND];
    dbk_bytes entry = { 0 };
    relaykit_order order = { s[0].header.space, dots, PER_ROUND, &run.second };
    for (size_t i = 0; i < PER_ROUND; i++)
        dots[i] = (dbk_dot){ s[i].header.feed, s[i].header.first_seq + i };
    run.ordering = true;
    assert_int_equal(relaykit_post(k, relaykit_entry_dispose(k, &entry, &order)), 200);
    run.ordering = false;
    run.orders++;
    dbk_bytes_wipe(&entry);
}

static void what_was_receipted_survives_a_power_cut_at_any_write_P1_A36(void **state)
{
    static relaykit_pushed p;
    relaykit *k = &run.kit;
    (void)state;
    memset(&run, 0, sizeof(run));
    run.dice = 20260921;
    dbk_test_dir_make(run.dir);
    disk_begin();
    relaykit_open(k, DBK_WRITER_INLINE);
    relaykit_org(k);
    relaykit_enrol(k, &run.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(k, &run.second, DBK_ROLE_ADMIN);
    const relaykit_device *members[] = { &run.officer, &k->admin, &run.second };
    dbk_id space = relaykit_space(k, members, 3);
    run.entries = dbk_roster_count(k->roster);
    relaykit_feed feed = relaykit_feed_begin(k, &run.officer, &space);
    for (size_t i = 0; i < ROUNDS * PER_ROUND; i++)
        relaykit_segment_make(k, &run.all[i].s, &feed, 3, i % 9 == 0 ? 300 : 21000);
    disk.after = cut;
    run.on = true;
    for (size_t round = 0; round < ROUNDS; round++) {
        relaykit_segment s[PER_ROUND];
        for (size_t i = 0; i < PER_ROUND; i++)
            s[i] = run.all[round * PER_ROUND + i].s;
        assert_int_equal(relaykit_push(k, &run.officer, &p, s, PER_ROUND), 200);
        for (size_t i = 0; i < PER_ROUND; i++) {
            assert_int_equal(p.results[i].status, DBK_PUSH_ACCEPTED);
            run.all[run.count++].receipt = p.results[i].receipt;
        }
        if (round % ORDER_EVERY == 0)
            dispose_of_some(k, s);
        relaykit_pushed_wipe(&p);
    }
    run.on = false;
    print_message("%llu cuts, %llu sectors lost\n", (unsigned long long)run.cuts,
                  (unsigned long long)run.lost_writes);
    assert_true(run.cuts > 100);
    assert_true(run.order_cuts > ROUNDS / ORDER_EVERY);
    assert_true(run.checkpoints > 0);   /* the WAL was folded into the file, too */
    assert_true(run.lost_writes > 100); /* or the dice cut nothing off */
    relaykit_close(k);
    disk_end();
    for (size_t i = 0; i < ROUNDS * PER_ROUND; i++)
        relaykit_segment_wipe(&run.all[i].s);
    relaykit_device_drop(&run.officer);
    relaykit_device_drop(&run.second);
    dbk_test_dir_remove(run.dir);
}

/* After a failed fsync the kernel may have thrown the pages away and call them clean: a later
 * fsync that succeeds proves nothing, so nothing is taken any more until the next start. */
static void after_a_failed_sync_nothing_is_receipted_until_a_restart_P1(void **state)
{
    static relaykit_pushed p;
    static relaykit_segment s[2];
    relaykit_device officer;
    relaykit *k = &run.kit;
    (void)state;
    disk_begin();
    relaykit_open(k, DBK_WRITER_INLINE);
    relaykit_org(k);
    relaykit_enrol(k, &officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &officer };
    dbk_id space = relaykit_space(k, members, 1);
    relaykit_feed feed = relaykit_feed_begin(k, &officer, &space);
    relaykit_segment_make(k, &s[0], &feed, 1, 50);
    relaykit_segment_make(k, &s[1], &feed, 1, 50);
    assert_int_equal(relaykit_push(k, &officer, &p, s, 1), 200);
    relaykit_pushed_wipe(&p);
    disk.fail_syncs = true;
    assert_int_equal(relaykit_push(k, &officer, &p, &s[1], 1), 503);
    relaykit_pushed_wipe(&p);
    disk.fail_syncs = false;
    assert_int_equal(relaykit_push(k, &officer, &p, &s[1], 1), 503);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_status(k, NULL, "GET", "/healthz", (dbk_span){ NULL, 0 }), 503);
    relaykit_stop(k);
    relaykit_start(k);
    assert_int_equal(relaykit_push(k, &officer, &p, s, 2), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_DUPLICATE);
    assert_int_equal(p.results[1].status, DBK_PUSH_ACCEPTED);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_check(k).segments, 2);
    for (size_t i = 0; i < 2; i++)
        relaykit_segment_wipe(&s[i]);
    relaykit_device_drop(&officer);
    relaykit_close(k);
    disk_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_receipted_survives_a_power_cut_at_any_write_P1_A36),
        cmocka_unit_test(after_a_failed_sync_nothing_is_receipted_until_a_restart_P1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
