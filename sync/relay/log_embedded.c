#include "sync/relay/log_embedded.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sync/relay/log_file.h"

#define FORGET_MS 250 /* a reader's view is a call's, and short */
/* A segment's rowid: space number (22 bits) above index (40 bits), so that appending to a space
 * and reading a range of it both walk one end or one stretch of the B-tree. */
#define INDEX_BITS 40
#define SPACES_MAX ((INT64_C(1) << 22) - 1)

static const char schema_sql[] =
    "CREATE TABLE space(no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE row(space BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(space, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE segment(at INTEGER PRIMARY KEY, receipt_ms INTEGER NOT NULL,"
    " header BLOB NOT NULL, body BLOB NOT NULL, kept INTEGER NOT NULL) STRICT;"
    "PRAGMA user_version=1;";

typedef enum statement {
    ST_BEGIN,
    ST_BEGIN_READ,
    ST_COMMIT,
    ST_GET,
    ST_PUT,
    ST_ADD,
    ST_DEL,
    ST_SCAN,
    ST_SPACE_GET,
    ST_SPACE_ADD,
    ST_SEGMENT_ADD,
    ST_SEGMENTS,
    ST_SEGMENT_KEEP,
    ST_COUNT
} statement;
static const char *const statement_sql[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_BEGIN_READ] = "BEGIN",
    [ST_COMMIT] = "COMMIT",
    [ST_GET] = "SELECT value FROM row WHERE space=?1 AND key=?2",
    [ST_PUT] = "INSERT INTO row VALUES(?1,?2,?3)"
               " ON CONFLICT(space,key) DO UPDATE SET value=excluded.value",
    [ST_ADD] = "INSERT INTO row VALUES(?1,?2,?3)",
    [ST_DEL] = "DELETE FROM row WHERE space=?1 AND key=?2",
    [ST_SCAN] = "SELECT key,value FROM row WHERE space=?1 AND key>=?2 AND key<?3 ORDER BY key",
    [ST_SPACE_GET] = "SELECT no FROM space WHERE id=?1",
    [ST_SPACE_ADD] = "INSERT INTO space(id) VALUES(?1) RETURNING no",
    [ST_SEGMENT_ADD] = "INSERT INTO segment VALUES(?1,?2,?3,?4,?5)",
    [ST_SEGMENTS] = "SELECT at,receipt_ms,header,body,kept FROM segment"
                    " WHERE at>=?1 AND at<=?2 ORDER BY at LIMIT ?3",
    [ST_SEGMENT_KEEP] = "UPDATE segment SET body=?2,kept=1 WHERE at=?1",
};

typedef struct embedded {
    sqlite3 *db;
    sqlite3_stmt *statements[ST_COUNT];
    dbk_log_use use;
    bool failed;      /* a commit failed on the disk: what stands there isn't known any more */
    bool walking;     /* a scan or segments_read is under way */
    bool forgets;     /* what this transaction replaces */
    bool stale;       /* what an earlier one replaced stands in the write-ahead log yet */
    dbk_id space;     /* the space looked up last ... */
    int64_t space_no; /* ... and its number; 0: none */
} embedded;

static void bind(sqlite3_stmt *s, int at, dbk_span in)
{
    /* A NULL pointer would bind NULL, not an empty blob. */
    (void)sqlite3_bind_blob64(s, at, in.len > 0 ? in.p : (const void *)"", in.len, SQLITE_STATIC);
}

static dbk_span column(sqlite3_stmt *s, int at)
{
    const void *p = sqlite3_column_blob(s, at); /* before the length, says SQLite */
    return dbk_span_of(p, (size_t)sqlite3_column_bytes(s, at));
}

/* Runs a statement that gives no rows. */
static dbk_rc run(embedded *e, statement which, dbk_err *err)
{
    sqlite3_stmt *s = e->statements[which];
    if (e->failed)
        return dbk_fail(err, DBK_IO, "the log failed earlier; the relay must be started again");
    (void)sqlite3_step(s);
    dbk_rc rc = dbk_log_file_fail(sqlite3_reset(s), err); /* tells what step found */
    (void)sqlite3_clear_bindings(s);
    return rc;
}

static dbk_rc embedded_begin(void *self, dbk_err *err)
{
    embedded *e = self;
    return run(e, e->use == DBK_LOG_WRITES ? ST_BEGIN : ST_BEGIN_READ, err);
}

static void embedded_rollback(void *self)
{
    embedded *e = self;
    e->space_no = 0; /* its number may have been part of what goes */
    e->forgets = false;
    if (!sqlite3_get_autocommit(e->db))
        (void)sqlite3_exec(e->db, "ROLLBACK", NULL, NULL, NULL);
}

/* The file's own pages are wiped as they come free (secure_delete), but frames of the write-ahead
 * log are only left behind. A reader in the way is waited for once; then it is tried again with
 * each commit, and at the next start. */
static void forget_replaced(embedded *e, dbk_err *err)
{
    (void)sqlite3_busy_timeout(e->db, e->forgets ? FORGET_MS : 0);
    int code = sqlite3_wal_checkpoint_v2(e->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(e->db, DBK_LOG_FILE_BUSY_MS);
    dbk_rc rc = dbk_log_file_fail(code, err);
    e->forgets = false;
    e->stale = rc != DBK_OK;
    if (e->stale && rc != DBK_BUSY && rc != DBK_FULL)
        e->failed = true; /* what was committed stands; of the file nothing is known any more */
}

/* After a failed fsync the kernel may call the lost pages clean, and a later one succeeds without
 * them: so after anything but a full disk nothing is taken any more until the file is opened anew.
 */
static dbk_rc embedded_commit(void *self, dbk_err *err)
{
    embedded *e = self;
    dbk_rc rc = run(e, ST_COMMIT, err);
    if (rc == DBK_OK) {
        if (e->forgets || e->stale)
            forget_replaced(e, NULL);
        return DBK_OK;
    }
    embedded_rollback(e);
    if (e->use == DBK_LOG_WRITES && rc != DBK_FULL)
        e->failed = true;
    return rc;
}

static dbk_rc embedded_get(void *self, const dbk_id *space, dbk_span key, dbk_bytes *value,
                           dbk_err *err)
{
    embedded *e = self;
    sqlite3_stmt *s = e->statements[ST_GET];
    dbk_rc rc = DBK_OK;
    bind(s, 1, dbk_span_of(space->b, sizeof(space->b)));
    bind(s, 2, key);
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW)
        rc = dbk_bytes_append(value, column(s, 0), err);
    else if (step == SQLITE_DONE)
        rc = dbk_fail(err, DBK_NOT_FOUND, "no such row");
    int code = sqlite3_reset(s);
    if (rc == DBK_OK)
        rc = dbk_log_file_fail(code, err);
    (void)sqlite3_clear_bindings(s);
    return rc;
}

static dbk_rc write_row(embedded *e, statement which, const dbk_id *space, const dbk_log_row *row,
                        dbk_err *err)
{
    sqlite3_stmt *s = e->statements[which];
    DBK_ASSERT(e->use == DBK_LOG_WRITES);
    DBK_ASSERT(row->key.len <= DBK_LOG_KEY_BYTES_MAX);
    bind(s, 1, dbk_span_of(space->b, sizeof(space->b)));
    bind(s, 2, row->key);
    bind(s, 3, row->value);
    return run(e, which, err);
}

static dbk_rc embedded_put(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err)
{
    return write_row(self, ST_PUT, space, row, err);
}

static dbk_rc embedded_add(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err)
{
    return write_row(self, ST_ADD, space, row, err);
}

static dbk_rc embedded_del(void *self, const dbk_id *space, dbk_span key, dbk_err *err)
{
    embedded *e = self;
    sqlite3_stmt *s = e->statements[ST_DEL];
    DBK_ASSERT(e->use == DBK_LOG_WRITES);
    bind(s, 1, dbk_span_of(space->b, sizeof(space->b)));
    bind(s, 2, key);
    return run(e, ST_DEL, err);
}

static dbk_rc embedded_scan(void *self, const dbk_id *space, const dbk_log_scan *scan, dbk_err *err)
{
    embedded *e = self;
    sqlite3_stmt *s = e->statements[ST_SCAN];
    uint8_t from[DBK_LOG_KEY_BYTES_MAX + 1];
    uint8_t to[DBK_LOG_KEY_BYTES_MAX];
    dbk_span low = scan->after.len > 0 ? scan->after : scan->prefix;
    bool stop = false;
    dbk_rc rc = DBK_OK;
    int step = SQLITE_DONE;

    DBK_ASSERT(!e->walking);
    DBK_ASSERT(low.len <= DBK_LOG_KEY_BYTES_MAX);
    memcpy(from, low.p, low.len);
    from[low.len] = 0; /* with it: the least key above `after` */
    bind(s, 1, dbk_span_of(space->b, sizeof(space->b)));
    bind(s, 2, dbk_span_of(from, low.len + (scan->after.len > 0 ? 1 : 0)));
    bind(s, 3, dbk_span_of(to, dbk_log_above(to, scan->prefix)));
    e->walking = true;
    while (rc == DBK_OK && !stop && (step = sqlite3_step(s)) == SQLITE_ROW) {
        dbk_log_row row = { column(s, 0), column(s, 1) };
        rc = scan->fn(scan->ctx, &row, &stop, err);
    }
    e->walking = false;
    int code = sqlite3_reset(s);
    if (rc == DBK_OK && step != SQLITE_ROW)
        rc = dbk_log_file_fail(code, err);
    (void)sqlite3_clear_bindings(s);
    return rc;
}

/* ---- segments ---------------------------------------------------------------------------- */

static dbk_rc space_number(embedded *e, const dbk_id *space, statement how, dbk_err *err)
{
    sqlite3_stmt *s = e->statements[how];
    dbk_rc rc = DBK_OK;
    if (e->space_no != 0 && dbk_id_equal(&e->space, space))
        return DBK_OK;
    e->space_no = 0;
    bind(s, 1, dbk_span_of(space->b, sizeof(space->b)));
    int step = sqlite3_step(s);
    int64_t no = step == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    /* An INSERT with RETURNING is done only when it has been stepped to its end. */
    if (step == SQLITE_ROW && how == ST_SPACE_ADD)
        (void)sqlite3_step(s);
    int code = sqlite3_reset(s);
    rc = dbk_log_file_fail(code, err);
    if (rc == DBK_OK && no > SPACES_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "the log has too many spaces");
    if (rc == DBK_OK && no > 0) {
        e->space = *space;
        e->space_no = no;
    }
    return rc;
}

static dbk_rc embedded_segment_append(void *self, const dbk_id *space,
                                      const dbk_log_segment *segment, dbk_err *err)
{
    embedded *e = self;
    sqlite3_stmt *s = e->statements[ST_SEGMENT_ADD];
    DBK_ASSERT(e->use == DBK_LOG_WRITES);
    if (segment->index > DBK_LOG_INDEX_MAX || segment->receipt_ms > INT64_MAX)
        return dbk_fail(err, DBK_LIMIT, "a log has no room for more segments");
    dbk_rc rc = space_number(e, space, ST_SPACE_GET, err);
    if (rc == DBK_OK && e->space_no == 0)
        rc = space_number(e, space, ST_SPACE_ADD, err);
    if (rc != DBK_OK)
        return rc;
    (void)sqlite3_bind_int64(s, 1, e->space_no << INDEX_BITS | (int64_t)segment->index);
    (void)sqlite3_bind_int64(s, 2, (int64_t)segment->receipt_ms);
    bind(s, 3, segment->header);
    bind(s, 4, segment->body);
    (void)sqlite3_bind_int(s, 5, segment->kept ? 1 : 0);
    return run(e, ST_SEGMENT_ADD, err);
}

static dbk_rc embedded_segments_read(void *self, const dbk_id *space, const dbk_log_read *read,
                                     dbk_err *err)
{
    embedded *e = self;
    sqlite3_stmt *s = e->statements[ST_SEGMENTS];
    bool stop = false;
    int step = SQLITE_DONE;
    DBK_ASSERT(!e->walking);
    dbk_rc rc = space_number(e, space, ST_SPACE_GET, err);
    if (rc != DBK_OK || e->space_no == 0 || read->from > DBK_LOG_INDEX_MAX)
        return rc;
    int64_t base = e->space_no << INDEX_BITS;
    (void)sqlite3_bind_int64(s, 1, base | (int64_t)read->from);
    (void)sqlite3_bind_int64(s, 2, base | (int64_t)DBK_LOG_INDEX_MAX);
    (void)sqlite3_bind_int64(s, 3, read->most > 0 ? (int64_t)read->most : -1); /* all */
    e->walking = true;
    while (rc == DBK_OK && !stop && (step = sqlite3_step(s)) == SQLITE_ROW) {
        dbk_log_segment segment = { (uint64_t)(sqlite3_column_int64(s, 0) - base),
                                    (uint64_t)sqlite3_column_int64(s, 1), column(s, 2),
                                    column(s, 3), sqlite3_column_int(s, 4) != 0 };
        rc = read->fn(read->ctx, &segment, &stop, err);
    }
    e->walking = false;
    int code = sqlite3_reset(s);
    if (rc == DBK_OK && step != SQLITE_ROW)
        rc = dbk_log_file_fail(code, err);
    return rc;
}

static dbk_rc embedded_segment_keep(void *self, const dbk_id *space, uint64_t index, dbk_span kept,
                                    dbk_err *err)
{
    embedded *e = self;
    sqlite3_stmt *s = e->statements[ST_SEGMENT_KEEP];
    DBK_ASSERT(e->use == DBK_LOG_WRITES);
    dbk_rc rc = space_number(e, space, ST_SPACE_GET, err);
    if (rc != DBK_OK)
        return rc;
    if (e->space_no == 0 || index > DBK_LOG_INDEX_MAX)
        return dbk_fail(err, DBK_NOT_FOUND, "no such segment");
    (void)sqlite3_bind_int64(s, 1, e->space_no << INDEX_BITS | (int64_t)index);
    bind(s, 2, kept);
    rc = run(e, ST_SEGMENT_KEEP, err);
    if (rc == DBK_OK && sqlite3_changes(e->db) != 1)
        rc = dbk_fail(err, DBK_NOT_FOUND, "no such segment");
    return rc;
}

static void embedded_forget(void *self)
{
    DBK_ASSERT(((embedded *)self)->use == DBK_LOG_WRITES);
    ((embedded *)self)->forgets = true;
}

static void embedded_close(void *self)
{
    embedded *e = self;
    for (size_t i = 0; i < ST_COUNT; i++)
        (void)sqlite3_finalize(e->statements[i]);
    int code = sqlite3_close(e->db);
    DBK_ASSERT(code == SQLITE_OK); /* nothing of it is in use */
    dbk_free(e);
}

/* ---- opening ----------------------------------------------------------------------------- */

static const dbk_log_ops embedded_ops = {
    embedded_begin,         embedded_commit,       embedded_rollback,
    embedded_get,           embedded_put,          embedded_add,
    embedded_del,           embedded_scan,         embedded_segment_append,
    embedded_segments_read, embedded_segment_keep, embedded_forget,
    embedded_close,
};

static dbk_rc configure(embedded *e, dbk_err *err)
{
    static const char common[] = "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                 "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
                                 "PRAGMA secure_delete=ON;";
    char mode[32];
    dbk_err why = { 0 };
    (void)sqlite3_busy_timeout(e->db, DBK_LOG_FILE_BUSY_MS);
    (void)sqlite3_db_config(e->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(e->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    /* Else a statement whose LIMIT is bound is parsed anew each time. */
    (void)sqlite3_db_config(e->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    dbk_rc rc = dbk_log_file_exec(e->db, common, err);
    if (rc != DBK_OK)
        return rc;
    if (e->use == DBK_LOG_READS) {
        (void)sqlite3_db_config(e->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return dbk_log_file_exec(
            e->db, "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-2048",
            err);
    }
    rc = dbk_log_file_ask(e->db, "PRAGMA journal_mode=WAL", mode, err);
    if (rc == DBK_OK && strcmp(mode, "wal") != 0)
        rc = dbk_fail(err, DBK_IO, "the log file's disk can't do write-ahead logging");
    if (rc == DBK_OK)
        rc = dbk_log_file_exec(e->db,
                               "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000;"
                               "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8192",
                               err);
    /* Of a run that was cut short the write-ahead log may hold what was replaced since. */
    e->stale = true;
    if (rc == DBK_OK)
        forget_replaced(e, &why);
    return rc == DBK_OK && e->failed ? dbk_fail(err, why.rc, "%s", why.text) : rc;
}

static dbk_rc check_version(sqlite3 *db, dbk_err *err)
{
    char text[32];
    uint64_t version = 0;
    dbk_rc rc = dbk_log_file_ask(db, "PRAGMA user_version", text, err);
    if (rc == DBK_OK && dbk_u64_parse(&version, dbk_span_str(text), NULL) != DBK_OK)
        version = 0;
    if (rc == DBK_OK && version > DBK_LOG_SCHEMA_VERSION)
        return dbk_fail(err, DBK_VERSION, "the log file has schema %llu, this program knows %u",
                        (unsigned long long)version, DBK_LOG_SCHEMA_VERSION);
    if (rc == DBK_OK && version != DBK_LOG_SCHEMA_VERSION)
        return dbk_fail(err, DBK_DAMAGED, "the log file is not a relay's");
    return rc;
}

dbk_rc dbk_log_embedded_create(const dbk_log_embedded *file, dbk_err *err)
{
    sqlite3 *db = NULL;
    dbk_rc rc;
    if (access(file->path, F_OK) == 0)
        return dbk_fail(err, DBK_CONFLICT, "there is a log file already");
    rc = dbk_log_file_connect(&db, file, SQLITE_OPEN_CREATE, err);
    if (rc == DBK_OK)
        rc = dbk_log_file_exec(
            db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE", err);
    if (rc == DBK_OK)
        rc = dbk_log_file_exec(db, schema_sql, err);
    if (rc == DBK_OK)
        rc = dbk_log_file_exec(db, "COMMIT", err);
    int code = sqlite3_close(db);
    return rc == DBK_OK ? dbk_log_file_fail(code, err) : rc;
}

dbk_rc dbk_log_embedded_open(const dbk_log_embedded *file, dbk_log *out, dbk_log_use use,
                             dbk_err *err)
{
    *out = (dbk_log){ NULL, NULL };
    if (access(file->path, F_OK) != 0)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no log file");
    embedded *e = dbk_alloc(sizeof(*e));
    if (e == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    e->use = use;
    dbk_rc rc = dbk_log_file_connect(&e->db, file, 0, err);
    if (rc == DBK_OK)
        rc = dbk_log_file_prove(e->db, file->path, err);
    if (rc == DBK_OK)
        rc = check_version(e->db, err);
    if (rc == DBK_OK)
        rc = configure(e, err);
    for (size_t i = 0; i < ST_COUNT && rc == DBK_OK; i++)
        rc = dbk_log_file_fail(sqlite3_prepare_v3(e->db, statement_sql[i], -1,
                                                  SQLITE_PREPARE_PERSISTENT, &e->statements[i],
                                                  NULL),
                               err);
    if (rc != DBK_OK) {
        embedded_close(e);
        return rc;
    }
    *out = (dbk_log){ &embedded_ops, e };
    return DBK_OK;
}

static dbk_rc source_open(void *self, dbk_log *out, dbk_log_use use, dbk_err *err)
{
    return dbk_log_embedded_open(self, out, use, err);
}

dbk_log_source dbk_log_embedded_source(const dbk_log_embedded *file)
{
    return (dbk_log_source){ source_open, (void *)(uintptr_t)file, false };
}
