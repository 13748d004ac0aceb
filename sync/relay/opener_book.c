#include "sync/relay/opener_book.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/wire.h"

#define KEY_BYTES (1u + DBK_ID_BYTES + 8u + DBK_HASH_BYTES + 1u)
#define ROW_OPS 32u
#define SPACES_BYTES_MAX (4u * 1024u * 1024u)
#define ENTRY_BYTES_MAX (64u * 1024u)

/* Of the row that begins with this op. */
static dbk_span key_of(uint8_t key[KEY_BYTES], const dbk_header *h, size_t op)
{
    dbk_hash hash = dbk_header_hash(h);
    uint8_t *p = key;
    *p++ = 'K';
    p = dbk_wire_put_copy(p, h->feed.b, sizeof(h->feed.b));
    p = dbk_wire_put_u64(p, h->first_seq);
    p = dbk_wire_put_copy(p, hash.b, sizeof(hash.b));
    *p++ = (uint8_t)op;
    DBK_ASSERT(p == key + KEY_BYTES);
    return dbk_span_of(key, KEY_BYTES);
}

/* ---- its file ---------------------------------------------------------------------------- */

/* What SQLite keeps beside a database. */
static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

static void shred_all(const char *path)
{
    char name[DBK_PATH_SIZE];
    for (size_t i = 0; i < ENDINGS; i++) {
        int len = snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        if (len > 0 && (size_t)len < sizeof(name))
            dbk_files_shred(name);
    }
}

dbk_rc dbk_opener_book_begin(dbk_log *book, const dbk_log_embedded *file, dbk_err *err)
{
    *book = (dbk_log){ NULL, NULL };
    shred_all(file->path);
    dbk_rc rc = dbk_log_embedded_create(file, err);
    if (rc == DBK_OK)
        rc = dbk_log_embedded_open(file, book, DBK_LOG_WRITES, err);
    return rc == DBK_OK ? book->ops->begin(book->self, err) : rc;
}

/* The write-ahead log holds openers too, and SQLite only unlinks it: it is held open meanwhile, and
 * overwritten behind its back. */
static void close_and_shred_beside(dbk_log *book, const dbk_log_embedded *file)
{
    char name[DBK_PATH_SIZE];
    int fd = -1;
    int len = snprintf(name, sizeof(name), "%s-wal", file->path);
    if (len > 0 && (size_t)len < sizeof(name))
        fd = open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    dbk_log_close(book);
    if (fd >= 0)
        dbk_files_shred_open(fd);
}

dbk_rc dbk_opener_book_end(dbk_log *book, const dbk_log_embedded *file, dbk_err *err)
{
    dbk_rc rc = book->ops->commit(book->self, err);
    close_and_shred_beside(book, file);
    return rc == DBK_OK ? dbk_files_sync(file->path, err) : rc;
}

void dbk_opener_book_drop(dbk_log *book, const dbk_log_embedded *file)
{
    if (book->ops != NULL) {
        book->ops->rollback(book->self);
        close_and_shred_beside(book, file);
    }
    shred_all(file->path);
}

/* ---- its rows ---------------------------------------------------------------------------- */

static size_t row_count(size_t ops, size_t op)
{
    return ops - op < ROW_OPS ? ops - op : ROW_OPS;
}

dbk_rc dbk_opener_book_put(const dbk_log *book, const dbk_header *h, const dbk_openers *openers,
                           dbk_err *err)
{
    uint8_t key[KEY_BYTES];
    dbk_bytes value = DBK_BYTES_INIT(DBK_OPENERS_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    for (size_t op = 0; op < openers->count && rc == DBK_OK; op += ROW_OPS) {
        dbk_openers part = { .count = row_count(openers->count, op) };
        memcpy(part.of, openers->of + op, part.count * sizeof(part.of[0]));
        dbk_bytes_truncate(&value, 0);
        rc = dbk_openers_encode(&value, &part, err);
        const dbk_log_row row = { key_of(key, h, op), dbk_bytes_span(&value) };
        if (rc == DBK_OK)
            rc = book->ops->put(book->self, &h->space, &row, err);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_opener_book_find(const dbk_log *book, const dbk_header *h, dbk_openers *out,
                            dbk_bytes *store, dbk_err *err)
{
    uint8_t key[KEY_BYTES];
    size_t ends[DBK_SEGMENT_OPS_MAX / ROW_OPS] = { 0 };
    dbk_err absent = { 0 };
    dbk_rc rc = DBK_OK;
    memset(out, 0, sizeof(*out));
    dbk_bytes_truncate(store, 0);
    for (size_t op = 0; op < h->count && rc == DBK_OK; op += ROW_OPS) {
        rc = book->ops->get(book->self, &h->space, key_of(key, h, op), store, &absent);
        ends[op / ROW_OPS] = store->len;
    }
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", absent.text);
    /* Only now nothing is moved any more. */
    for (size_t op = 0, at = 0; op < h->count; op += ROW_OPS) {
        dbk_openers part;
        size_t end = ends[op / ROW_OPS];
        if (dbk_openers_decode(&part, dbk_span_of(store->p + at, end - at), NULL) != DBK_OK ||
            part.count != row_count(h->count, op))
            return dbk_fail(err, DBK_DAMAGED, "the opener book is damaged");
        memcpy(out->of + op, part.of, part.count * sizeof(part.of[0]));
        at = end;
    }
    out->count = h->count;
    return DBK_OK;
}

/* ---- what only an earlier book knows ----------------------------------------------------- */

typedef struct keeping {
    const dbk_log *book;
    dbk_roll *roll;
    dbk_id space;
    dbk_bytes value; /* of one row, encoded anew */
} keeping;

static dbk_rc keep_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    keeping *k = ctx;
    dbk_openers openers;
    dbk_header h = { .space = k->space };
    dbk_wire w = dbk_wire_from(row->key);
    (void)stop;
    (void)dbk_wire_get_u8(&w);
    h.feed = dbk_wire_get_id(&w);
    h.first_seq = dbk_wire_get_u64(&w);
    (void)dbk_wire_get_span(&w, DBK_HASH_BYTES);
    h.first_seq += dbk_wire_get_u8(&w);
    if (w.failed || row->key.len != KEY_BYTES ||
        dbk_openers_decode(&openers, row->value, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "the opener book is damaged");
    h.count = (uint16_t)openers.count;
    dbk_openers_forget(&openers, dbk_roll_erased(k->roll, &h));
    dbk_bytes_truncate(&k->value, 0);
    dbk_rc rc = dbk_openers_encode(&k->value, &openers, err);
    if (rc != DBK_OK)
        return rc;
    dbk_err there = { 0 };
    const dbk_log_row kept = { row->key, dbk_bytes_span(&k->value) };
    rc = k->book->ops->add(k->book->self, &k->space, &kept, &there);
    if (rc == DBK_CONFLICT)
        return DBK_OK; /* the log has it */
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", there.text);
}

static dbk_rc keep_old(const dbk_log *book, dbk_roll *roll, const dbk_log *old, dbk_err *err)
{
    keeping k = { .book = book, .roll = roll };
    dbk_bytes spaces = DBK_BYTES_INIT(SPACES_BYTES_MAX);
    dbk_bytes_init(&k.value, DBK_OPENERS_BYTES_MAX);
    dbk_rc rc = dbk_roll_logs(roll, &spaces, err);
    for (size_t at = 0; at + sizeof(dbk_log_move) <= spaces.len && rc == DBK_OK;
         at += sizeof(dbk_log_move)) {
        dbk_log_move move;
        memcpy(&move, spaces.p + at, sizeof(move));
        k.space = move.space;
        dbk_log_scan scan = { dbk_span_of("K", 1), { NULL, 0 }, keep_row, &k };
        rc = old->ops->scan(old->self, &k.space, &scan, err);
    }
    dbk_bytes_wipe(&k.value);
    dbk_bytes_wipe(&spaces);
    return rc;
}

/* ---- the chain --------------------------------------------------------------------------- */

static dbk_rc count_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    uint64_t *count = ctx;
    (void)entry;
    (void)stop;
    (void)err;
    *count = seq + 1;
    return DBK_OK;
}

dbk_rc dbk_opener_book_chain_count(const dbk_log *log, uint64_t *count, dbk_err *err)
{
    *count = 0;
    return dbk_log_entries(log, 0, count_entry, count, err);
}

static dbk_rc take_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    (void)seq;
    *stop = true;
    return dbk_bytes_append(ctx, entry, err);
}

dbk_rc dbk_opener_book_chain_compare(const dbk_log *a, const dbk_log *b, bool *longer, dbk_err *err)
{
    uint64_t of_a, of_b = 0;
    dbk_bytes last_a = DBK_BYTES_INIT(ENTRY_BYTES_MAX);
    dbk_bytes last_b = DBK_BYTES_INIT(ENTRY_BYTES_MAX);
    dbk_rc rc = dbk_opener_book_chain_count(a, &of_a, err);
    if (rc == DBK_OK)
        rc = dbk_opener_book_chain_count(b, &of_b, err);
    *longer = of_a > of_b;
    uint64_t common = of_a < of_b ? of_a : of_b;
    /* Each entry holds the hash of the one before: where the last ones agree, all do. */
    if (rc == DBK_OK && common > 0)
        rc = dbk_log_entries(a, common - 1, take_entry, &last_a, err);
    if (rc == DBK_OK && common > 0)
        rc = dbk_log_entries(b, common - 1, take_entry, &last_b, err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_bytes_span(&last_a), dbk_bytes_span(&last_b)))
        rc = dbk_fail(err, DBK_CONFLICT, "the opener book is of another organisation's relay");
    dbk_bytes_wipe(&last_a);
    dbk_bytes_wipe(&last_b);
    return rc;
}

static dbk_rc copy_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    (void)stop;
    return dbk_log_entry_add(ctx, seq, entry, err);
}

dbk_rc dbk_opener_book_fill(const dbk_log *book, const dbk_log *log, dbk_roll *roll,
                            const dbk_log *old, dbk_err *err)
{
    bool newer = false;
    dbk_log to = *book;
    dbk_rc rc = dbk_log_entries(log, 0, copy_entry, &to, err);
    if (rc == DBK_OK && old != NULL)
        rc = dbk_opener_book_chain_compare(old, log, &newer, err);
    /* Its orders would be forgotten, and what they name couldn't be told from what is missing. */
    if (rc == DBK_OK && newer)
        rc = dbk_fail(err, DBK_CONFLICT,
                      "the opener book knows more of the organisation than this relay: finish its "
                      "recovery first");
    if (rc == DBK_OK && old != NULL)
        rc = keep_old(book, roll, old, err);
    return rc;
}
