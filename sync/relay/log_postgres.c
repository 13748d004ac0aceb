#include "sync/relay/log_postgres.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/cell.h"
#include "sync/relay/pg.h"

#define VALUE_BYTES_MAX (16u * 1024u * 1024u) /* of one row: far above all that is put */

typedef struct postgres {
    dbk_pg pg;
    dbk_log_use use;
    dbk_secret *key; /* of cells */
    bool walking;    /* a scan or segments_read is under way */
    bool forgets;    /* what this transaction replaces */
    bool stale;      /* what an earlier one replaced stands in the tables' pages yet */
} postgres;

static dbk_rc postgres_begin(void *self, dbk_err *err)
{
    postgres *p = self;
    return p->use == DBK_LOG_WRITES ? dbk_pg_begin_write(&p->pg, err)
                                    : dbk_pg_begin_read(&p->pg, err);
}

static dbk_rc postgres_commit(void *self, dbk_err *err)
{
    postgres *p = self;
    dbk_rc rc = dbk_pg_commit(&p->pg, err);
    p->stale = p->stale || p->forgets;
    p->forgets = false;
    /* What stands, stands; a table that is busy is seen to after a later commit, or by the
     * database's own autovacuum. */
    if (rc == DBK_OK && p->stale)
        p->stale = dbk_pg_vacuum(&p->pg, NULL) != DBK_OK;
    return rc;
}

static void postgres_rollback(void *self)
{
    postgres *p = self;
    p->forgets = false;
    dbk_pg_rollback(&p->pg);
}

/* ---- rows -------------------------------------------------------------------------------- */

/* Where a row's value belongs: the space and the key. */
static dbk_span place_of(uint8_t out[DBK_ID_BYTES + DBK_LOG_KEY_BYTES_MAX], const dbk_id *space,
                         dbk_span key)
{
    DBK_ASSERT(key.len <= DBK_LOG_KEY_BYTES_MAX);
    memcpy(out, space->b, DBK_ID_BYTES);
    memcpy(out + DBK_ID_BYTES, key.p, key.len);
    return dbk_span_of(out, DBK_ID_BYTES + key.len);
}

/* Appends the value to out. */
static dbk_rc open_value(const postgres *p, const dbk_id *space, dbk_span key, dbk_span cell,
                         dbk_bytes *out, dbk_err *err)
{
    uint8_t place[DBK_ID_BYTES + DBK_LOG_KEY_BYTES_MAX];
    dbk_rc rc = dbk_cell_open(out, p->key, place_of(place, space, key), cell, err);
    return rc == DBK_AUTH
               ? dbk_fail(err, DBK_DAMAGED, "a row of the database isn't of this relay's key")
               : rc;
}

static dbk_rc postgres_get(void *self, const dbk_id *space, dbk_span key, dbk_bytes *value,
                           dbk_err *err)
{
    postgres *p = self;
    dbk_pg_params q = { 0 };
    PGresult *r;
    dbk_pg_add_id(&q, space);
    dbk_pg_add_bytes(&q, key);
    dbk_rc rc = dbk_pg_now(&p->pg, DBK_PG_GET, &q, &r, err);
    if (rc == DBK_OK)
        rc = PQntuples(r) == 1 ? open_value(p, space, key, dbk_pg_field(r, 0, 0), value, err)
                               : dbk_fail(err, DBK_NOT_FOUND, "no such row");
    PQclear(r);
    return rc;
}

/* added: NULL, or set to whether there was no such row; that is worth waiting for. */
static dbk_rc write_row(postgres *p, dbk_pg_statement which, const dbk_id *space,
                        const dbk_log_row *row, bool *added, dbk_err *err)
{
    dbk_pg_params q = { 0 };
    PGresult *r = NULL;
    uint8_t place[DBK_ID_BYTES + DBK_LOG_KEY_BYTES_MAX];
    dbk_bytes cell = DBK_BYTES_INIT(VALUE_BYTES_MAX);
    DBK_ASSERT(p->use == DBK_LOG_WRITES);
    dbk_rc rc = dbk_cell_close(&cell, p->key, place_of(place, space, row->key), row->value,
                               dbk_env_system(), err);
    if (rc == DBK_OK) {
        dbk_pg_add_id(&q, space);
        dbk_pg_add_bytes(&q, row->key);
        dbk_pg_add_bytes(&q, dbk_bytes_span(&cell));
        rc = added != NULL ? dbk_pg_now(&p->pg, which, &q, &r, err)
                           : dbk_pg_later(&p->pg, which, &q, err);
    }
    if (rc == DBK_OK && added != NULL)
        *added = strcmp(PQcmdTuples(r), "1") == 0;
    PQclear(r);
    dbk_bytes_wipe(&cell);
    return rc;
}

static dbk_rc postgres_put(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err)
{
    return write_row(self, DBK_PG_PUT, space, row, NULL, err);
}

static dbk_rc postgres_add(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err)
{
    bool added = false;
    dbk_rc rc = write_row(self, DBK_PG_ADD, space, row, &added, err);
    return rc == DBK_OK && !added ? dbk_fail(err, DBK_CONFLICT, "the row is there already") : rc;
}

static dbk_rc postgres_del(void *self, const dbk_id *space, dbk_span key, dbk_err *err)
{
    postgres *p = self;
    dbk_pg_params q = { 0 };
    DBK_ASSERT(p->use == DBK_LOG_WRITES);
    dbk_pg_add_id(&q, space);
    dbk_pg_add_bytes(&q, key);
    return dbk_pg_later(&p->pg, DBK_PG_DEL, &q, err);
}

typedef struct page {
    uint8_t from[DBK_LOG_KEY_BYTES_MAX + 1];
    size_t from_len;
    uint8_t to[DBK_LOG_KEY_BYTES_MAX];
    size_t to_len;
    bool stop;
} page;

/* The least key above this one. */
static void go_on_after(page *at, dbk_span key)
{
    DBK_ASSERT(key.len <= DBK_LOG_KEY_BYTES_MAX);
    memcpy(at->from, key.p, key.len);
    at->from[key.len] = 0;
    at->from_len = key.len + 1;
}

static dbk_rc each_row(postgres *p, const dbk_id *space, const dbk_log_scan *scan,
                       const PGresult *r, page *at, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (int i = 0; i < PQntuples(r) && rc == DBK_OK && !at->stop; i++) {
        dbk_bytes value = DBK_BYTES_INIT(VALUE_BYTES_MAX);
        dbk_span key = dbk_pg_field(r, i, 0);
        if (key.len > DBK_LOG_KEY_BYTES_MAX)
            return dbk_fail(err, DBK_DAMAGED, "a row of the database has too long a key");
        go_on_after(at, key);
        rc = open_value(p, space, key, dbk_pg_field(r, i, 1), &value, err);
        if (rc == DBK_OK) {
            dbk_log_row row = { key, dbk_bytes_span(&value) };
            rc = scan->fn(scan->ctx, &row, &at->stop, err);
        }
        dbk_bytes_wipe(&value);
    }
    return rc;
}

static dbk_rc postgres_scan(void *self, const dbk_id *space, const dbk_log_scan *scan, dbk_err *err)
{
    postgres *p = self;
    page at = { .stop = false };
    dbk_rc rc = DBK_OK;
    int rows = DBK_PG_SCAN_ROWS;
    DBK_ASSERT(!p->walking);
    at.to_len = dbk_log_above(at.to, scan->prefix);
    if (scan->after.len > 0) {
        go_on_after(&at, scan->after);
    } else {
        memcpy(at.from, scan->prefix.p, scan->prefix.len);
        at.from_len = scan->prefix.len;
    }
    p->walking = true;
    while (rc == DBK_OK && !at.stop && rows == DBK_PG_SCAN_ROWS) {
        dbk_pg_params q = { 0 };
        PGresult *r;
        dbk_pg_add_id(&q, space);
        dbk_pg_add_bytes(&q, dbk_span_of(at.from, at.from_len));
        dbk_pg_add_bytes(&q, dbk_span_of(at.to, at.to_len));
        rc = dbk_pg_now(&p->pg, DBK_PG_SCAN, &q, &r, err);
        rows = rc == DBK_OK ? PQntuples(r) : 0;
        if (rc == DBK_OK)
            rc = each_row(p, space, scan, r, &at, err);
        PQclear(r);
    }
    p->walking = false;
    return rc;
}

/* ---- segments ---------------------------------------------------------------------------- */

static dbk_rc postgres_segment_append(void *self, const dbk_id *space,
                                      const dbk_log_segment *segment, dbk_err *err)
{
    postgres *p = self;
    dbk_pg_params q = { 0 };
    DBK_ASSERT(p->use == DBK_LOG_WRITES);
    if (segment->index > DBK_LOG_INDEX_MAX || segment->receipt_ms > INT64_MAX)
        return dbk_fail(err, DBK_LIMIT, "a log has no room for more segments");
    dbk_pg_add_id(&q, space);
    dbk_pg_add_number(&q, segment->index);
    dbk_pg_add_number(&q, segment->receipt_ms);
    dbk_pg_add_bytes(&q, segment->header);
    dbk_pg_add_bytes(&q, segment->body);
    dbk_pg_add_bool(&q, segment->kept);
    return dbk_pg_later(&p->pg, DBK_PG_SEGMENT_ADD, &q, err);
}

static dbk_rc postgres_segments_read(void *self, const dbk_id *space, const dbk_log_read *read,
                                     dbk_err *err)
{
    postgres *p = self;
    uint64_t next = read->from;
    bool stop = read->from > DBK_LOG_INDEX_MAX;
    dbk_rc rc = DBK_OK;
    bool few = read->most > 0 && read->most < DBK_PG_READ_ROWS;
    int ask = few ? (int)read->most : DBK_PG_READ_ROWS; /* rows of an answer; fewer at the end */
    int rows = ask;
    uint64_t given = 0;
    DBK_ASSERT(!p->walking);
    p->walking = true;
    while (rc == DBK_OK && !stop && rows == ask) {
        dbk_pg_params q = { 0 };
        PGresult *r;
        dbk_pg_add_id(&q, space);
        dbk_pg_add_number(&q, next);
        dbk_pg_add_number(&q, (uint64_t)ask);
        rc = dbk_pg_now(&p->pg, DBK_PG_SEGMENTS, &q, &r, err);
        rows = rc == DBK_OK ? PQntuples(r) : 0;
        for (int i = 0; i < rows && rc == DBK_OK && !stop; i++) {
            dbk_log_segment segment = { dbk_pg_number(r, i, 0), dbk_pg_number(r, i, 1),
                                        dbk_pg_field(r, i, 2), dbk_pg_field(r, i, 3),
                                        dbk_pg_bool(r, i, 4) };
            next = segment.index + 1;
            rc = read->fn(read->ctx, &segment, &stop, err);
            stop = stop || ++given == read->most;
        }
        PQclear(r);
    }
    p->walking = false;
    return rc;
}

static dbk_rc postgres_segment_keep(void *self, const dbk_id *space, uint64_t index, dbk_span kept,
                                    dbk_err *err)
{
    postgres *p = self;
    dbk_pg_params q = { 0 };
    DBK_ASSERT(p->use == DBK_LOG_WRITES);
    if (index > DBK_LOG_INDEX_MAX)
        return dbk_fail(err, DBK_NOT_FOUND, "no such segment");
    dbk_pg_add_id(&q, space);
    dbk_pg_add_number(&q, index);
    dbk_pg_add_bytes(&q, kept);
    return dbk_pg_later(&p->pg, DBK_PG_SEGMENT_KEEP, &q, err);
}

static void postgres_forget(void *self)
{
    postgres *p = self;
    DBK_ASSERT(p->use == DBK_LOG_WRITES);
    p->forgets = true;
}

/* ---- opening ----------------------------------------------------------------------------- */

static void postgres_close(void *self)
{
    postgres *p = self;
    dbk_pg_close(&p->pg);
    dbk_secret_free(p->key);
    dbk_free(p);
}

static const dbk_log_ops postgres_ops = {
    postgres_begin,         postgres_commit,       postgres_rollback,
    postgres_get,           postgres_put,          postgres_add,
    postgres_del,           postgres_scan,         postgres_segment_append,
    postgres_segments_read, postgres_segment_keep, postgres_forget,
    postgres_close,
};

dbk_rc dbk_log_postgres_check_dsn(const char *dsn, dbk_err *err)
{
    return dbk_pg_check_dsn(dsn, err);
}

dbk_rc dbk_log_postgres_create(const dbk_log_postgres *db, dbk_err *err)
{
    return dbk_pg_create(db->dsn, err);
}

dbk_rc dbk_log_postgres_open(const dbk_log_postgres *db, dbk_log *out, dbk_log_use use,
                             dbk_err *err)
{
    *out = (dbk_log){ NULL, NULL };
    postgres *p = dbk_alloc(sizeof(*p));
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    p->use = use;
    dbk_rc rc = dbk_cell_key(&p->key, db->key, err);
    if (rc == DBK_OK)
        rc = dbk_pg_connect(&p->pg, db->dsn, err);
    if (rc != DBK_OK) {
        postgres_close(p);
        return rc;
    }
    *out = (dbk_log){ &postgres_ops, p };
    return DBK_OK;
}

static dbk_rc source_open(void *self, dbk_log *out, dbk_log_use use, dbk_err *err)
{
    return dbk_log_postgres_open(self, out, use, err);
}

dbk_log_source dbk_log_postgres_source(const dbk_log_postgres *db)
{
    return (dbk_log_source){ source_open, (void *)(uintptr_t)db, true };
}
