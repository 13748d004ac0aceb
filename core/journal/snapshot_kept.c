#include "core/journal/snapshot_kept.h"

#include <stdio.h>
#include <string.h>

#include "core/base/wire.h"
#include "core/journal/book_internal.h"
#include "core/seal/snapshot_seal.h"

/* meta, one for each space: H of what the manifest's signature is over (32) || chunks (u32) ||
 * tries (u32); and one for each chunk, by its place. */
#define ROW_PREFIX "snapshot-kept."
#define ROW_NAME_SIZE (sizeof(ROW_PREFIX) + DBK_ID_HEX_SIZE)
#define ROW_BYTES (DBK_HASH_BYTES + 4u + 4u)
#define CHUNK_PREFIX "snapshot-chunk."
#define CHUNK_NAME_SIZE (sizeof(CHUNK_PREFIX) + DBK_ID_HEX_SIZE + 9u)

_Static_assert(DBK_CHUNK_BYTES_MAX <= DBK_STORE_META_BYTES_MAX, "a chunk is one row");

typedef struct kept_row {
    bool there;
    dbk_hash core;
    uint32_t chunks, tries;
} kept_row;

static void row_name(char out[ROW_NAME_SIZE], const dbk_id *space)
{
    memcpy(out, ROW_PREFIX, sizeof(ROW_PREFIX));
    dbk_id_hex(out + sizeof(ROW_PREFIX) - 1, space);
}

static void chunk_name(char out[CHUNK_NAME_SIZE], const dbk_id *space, uint32_t index)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    (void)snprintf(out, CHUNK_NAME_SIZE, CHUNK_PREFIX "%s.%08x", hex, (unsigned)index);
}

static dbk_rc row_decode(kept_row *row, dbk_span value, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(value);
    dbk_span core = dbk_wire_get_span(&w, DBK_HASH_BYTES);
    *row = (kept_row){ .there = true, .chunks = dbk_wire_get_u32(&w) };
    row->tries = dbk_wire_get_u32(&w);
    if (dbk_wire_end(&w, "a store's row", err) != DBK_OK ||
        row->chunks > DBK_SNAPSHOT_KEPT_CHUNKS_MAX)
        return DBK_DAMAGED;
    memcpy(row->core.b, core.p, sizeof(row->core.b));
    return DBK_OK;
}

static dbk_rc row_get(dbk_book *book, kept_row *row, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    dbk_bytes value = DBK_BYTES_INIT(ROW_BYTES);
    dbk_err why = { 0 };
    *row = (kept_row){ 0 };
    row_name(name, space);
    dbk_rc rc = dbk_store_meta_get(book->store, &value, name, &why);
    if (rc == DBK_OK)
        rc = row_decode(row, dbk_bytes_span(&value), &why);
    dbk_bytes_wipe(&value);
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
}

static dbk_rc row_put(dbk_book *book, const kept_row *row, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    uint8_t value[ROW_BYTES];
    uint8_t *p = dbk_wire_put_copy(value, row->core.b, sizeof(row->core.b));
    (void)dbk_wire_put_u32(dbk_wire_put_u32(p, row->chunks), row->tries);
    row_name(name, space);
    return dbk_store_meta_put(book->store, name, dbk_span_of(value, sizeof(value)), err);
}

static dbk_rc end(dbk_book *book, dbk_rc rc, dbk_err *err)
{
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

static dbk_rc remove_chunks(dbk_book *book, kept_row *row, const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (uint32_t i = 0; i < row->chunks && rc == DBK_OK; i++) {
        char name[CHUNK_NAME_SIZE];
        chunk_name(name, space, i);
        rc = dbk_store_meta_del(book->store, name, err);
    }
    row->chunks = 0;
    return rc;
}

/* ---- on its way ------------------------------------------------------------------------------ */

static bool is_hopeless(const kept_row *row)
{
    return row->tries >= (row->chunks > 0 ? DBK_SNAPSHOT_TRIES_MAX : 1u);
}

dbk_rc dbk_snapshot_kept_try(dbk_book *book, dbk_snapshot_kept *out, const dbk_manifest *m,
                             dbk_err *err)
{
    const dbk_id *space = &m->claim.space;
    kept_row row;
    *out = (dbk_snapshot_kept){ 0 };
    dbk_rc rc = row_get(book, &row, space, err);
    if (rc == DBK_OK)
        rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    if (row.there && !dbk_hash_equal(&row.core, &m->core)) {
        rc = remove_chunks(book, &row, space, err);
        row = (kept_row){ 0 };
    }
    row.core = m->core;
    const dbk_snapshot_kept kept = { row.chunks, is_hopeless(&row) };
    row.tries += kept.is_hopeless ? 0 : 1;
    if (rc == DBK_OK)
        rc = row_put(book, &row, space, err);
    rc = end(book, rc, err);
    if (rc == DBK_OK)
        *out = kept;
    return rc;
}

/* What doesn't open isn't kept: so nobody fills a disk with what is no snapshot, and parts of two
 * never lie beside each other. */
static dbk_rc check(const dbk_book *book, const dbk_manifest *m, uint32_t from,
                    const dbk_snapshot_chunks *chunks, dbk_err *err)
{
    dbk_secret *key = NULL;
    dbk_chunker *chunker = NULL;
    dbk_bytes plain = DBK_BYTES_INIT(DBK_CHUNK_PLAIN_BYTES);
    dbk_rc rc = dbk_snapshot_unwrap(&key, m, book->keyring, err);
    if (rc == DBK_OK)
        rc = dbk_chunker_new(&chunker, m->salt, key, err);
    for (size_t i = 0; i < chunks->count && rc == DBK_OK; i++) {
        dbk_bytes_truncate(&plain, 0);
        rc = dbk_chunk_open(chunker, &plain, from + (uint32_t)i, chunks->sealed[i], err);
    }
    dbk_bytes_wipe(&plain);
    dbk_chunker_free(chunker);
    dbk_secret_free(key);
    return rc;
}

static dbk_rc put_chunks(dbk_book *book, kept_row *row, const dbk_id *space,
                         const dbk_snapshot_chunks *chunks, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < chunks->count && rc == DBK_OK; i++) {
        char name[CHUNK_NAME_SIZE];
        chunk_name(name, space, row->chunks++);
        rc = dbk_store_meta_put(book->store, name, chunks->sealed[i], err);
    }
    row->tries = 0;
    return rc == DBK_OK ? row_put(book, row, space, err) : rc;
}

dbk_rc dbk_snapshot_keep(dbk_book *book, dbk_snapshot_kept *kept, const dbk_manifest *m,
                         const dbk_snapshot_chunks *chunks, dbk_err *err)
{
    const dbk_id *space = &m->claim.space;
    kept_row row;
    if (chunks->count > DBK_SNAPSHOT_KEPT_CHUNKS_MAX - kept->chunks)
        return DBK_OK;
    dbk_rc rc = check(book, m, kept->chunks, chunks, err);
    if (rc == DBK_OK)
        rc = row_get(book, &row, space, err);
    if (rc != DBK_OK)
        return rc;
    DBK_ASSERT(row.there);
    DBK_ASSERT(row.chunks == kept->chunks);
    rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = end(book, put_chunks(book, &row, space, chunks, err), err);
    if (rc == DBK_OK)
        *kept = (dbk_snapshot_kept){ row.chunks, false };
    return rc;
}

dbk_rc dbk_snapshot_kept_get(dbk_book *book, dbk_bytes *sealed, const dbk_id *space, uint32_t index,
                             dbk_err *err)
{
    char name[CHUNK_NAME_SIZE];
    dbk_err why = { 0 };
    chunk_name(name, space, index);
    dbk_rc rc = dbk_store_meta_get(book->store, sealed, name, &why);
    if (rc == DBK_NOT_FOUND)
        rc = DBK_DAMAGED;
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
}

/* ---- over ------------------------------------------------------------------------------------ */

dbk_rc dbk_snapshot_kept_drop(dbk_book *book, const dbk_id *space, dbk_err *err)
{
    kept_row row;
    dbk_rc rc = row_get(book, &row, space, err);
    if (rc != DBK_OK || !row.there)
        return rc;
    rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = remove_chunks(book, &row, space, err);
    row.tries = DBK_SNAPSHOT_TRIES_MAX;
    if (rc == DBK_OK)
        rc = row_put(book, &row, space, err);
    return end(book, rc, err);
}

dbk_rc dbk_snapshot_kept_forget(dbk_book *book, bool *any, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    kept_row row;
    DBK_ASSERT(dbk_store_in_transaction(book->store));
    dbk_rc rc = row_get(book, &row, space, err);
    *any = rc == DBK_OK && row.chunks > 0;
    if (rc != DBK_OK || !row.there)
        return rc;
    rc = remove_chunks(book, &row, space, err);
    row_name(name, space);
    return rc == DBK_OK ? dbk_store_meta_del(book->store, name, err) : rc;
}

/* ---- verify ---------------------------------------------------------------------------------- */

typedef struct tally {
    dbk_book *book;
    uint64_t said, found; /* chunks */
    bool whole;
} tally;

static dbk_rc look_row(void *ctx, const char *name, dbk_err *err)
{
    tally *t = ctx;
    dbk_id space;
    kept_row row = { 0 };
    dbk_bytes sealed = DBK_BYTES_INIT(DBK_STORE_META_BYTES_MAX);
    if (dbk_id_parse(&space, name + sizeof(ROW_PREFIX) - 1, NULL) != DBK_OK) {
        t->whole = false;
        return DBK_OK;
    }
    dbk_rc rc = row_get(t->book, &row, &space, err);
    const dbk_book_space *home = dbk_tables_space(&t->book->tables, &space);
    /* What is here of the log itself has ended it. */
    if (row.chunks > 0 && home != NULL && home->now.frontier.size > 0)
        t->whole = false;
    for (uint32_t i = 0; i < row.chunks && rc == DBK_OK; i++) {
        dbk_bytes_truncate(&sealed, 0);
        rc = dbk_snapshot_kept_get(t->book, &sealed, &space, i, err);
    }
    t->said += row.chunks;
    dbk_bytes_wipe(&sealed);
    return rc;
}

static dbk_rc count_chunk(void *ctx, const char *name, dbk_err *err)
{
    (void)name;
    (void)err;
    ((tally *)ctx)->found++;
    return DBK_OK;
}

dbk_rc dbk_snapshot_kept_check(dbk_book *book, bool *whole, dbk_err *err)
{
    tally t = { .book = book, .whole = true };
    dbk_rc rc = dbk_store_meta_names(book->store, ROW_PREFIX, look_row, &t, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_names(book->store, CHUNK_PREFIX, count_chunk, &t, err);
    *whole = rc == DBK_OK && t.whole && t.said == t.found;
    return rc;
}
