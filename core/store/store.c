#define _GNU_SOURCE /* memmem */
#include "core/store/store.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/store/schema.h"
#include "core/store/sql.h"

#define FINDING_BYTES_MAX 1900u /* of what SQLite says of one fault: more is cut off */
#define SENTENCE_BYTES_MAX 2048u
#define FAULTS_MAX 100u

typedef int (*key_fn)(sqlite3 *db, const void *key, int len); /* sqlite3_key, sqlite3_rekey */

static dbk_rc set_key(dbk_store *store, key_fn set, const dbk_secret *key, dbk_err *err)
{
    char text[2 * DBK_STORE_KEY_BYTES + 4]; /* x'<64 hex>': raw, without a key derivation */
    DBK_ASSERT(dbk_secret_len(key) == DBK_STORE_KEY_BYTES);
    text[0] = 'x';
    text[1] = '\'';
    dbk_hex_print(text + 2, dbk_secret_bytes(key));
    text[2 + 2 * DBK_STORE_KEY_BYTES] = '\'';
    int code = set(store->db, text, 3 + 2 * DBK_STORE_KEY_BYTES);
    dbk_wipe(text, sizeof(text));
    return dbk_sql_rc(store, code, err);
}

/* Before the first byte is written or believed. The lock on the file is kept from the first read
 * to the close (locking_mode): nobody else's connection can write or checkpoint (F4). */
static dbk_rc settle(dbk_store *store, const dbk_secret *key, dbk_err *err)
{
    static const char limits[] =
        "PRAGMA cipher_page_size=4096; PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF;"
        "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
        "PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON; PRAGMA cache_size=-8192;"
        "PRAGMA synchronous=FULL;";
    char version[32];
    sqlite3 *db = store->db;
    dbk_rc rc = DBK_OK;
    /* Stock SQLite takes the key without a word and writes plain text (security.md F5). SQLCipher
     * says nothing, too, when it had no memory for its answer: so it is asked twice. */
    version[0] = '\0';
    for (int i = 0; rc == DBK_OK && version[0] == '\0' && i < 2; i++)
        rc = dbk_sql_ask(store, version, sizeof(version), "PRAGMA cipher_version", err);
    if (rc == DBK_OK && version[0] == '\0')
        rc = dbk_fail(err, DBK_DAMAGED, "the SQLite library here doesn't encrypt");
    if (rc == DBK_OK) /* a wrong key would be reported on stderr */
        rc = dbk_sql_exec(store, "PRAGMA cipher_log_level=NONE", err);
    if (rc == DBK_OK)
        rc = set_key(store, sqlite3_key, key, err);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    /* Else a statement whose LIMIT is bound is parsed anew each time. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    /* A file that is refused stays byte for byte what it was, until use_wal. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_busy_timeout(db, 0);
    return rc == DBK_OK ? dbk_sql_exec(store, limits, err) : rc;
}

static dbk_rc use_wal(dbk_store *store, dbk_err *err)
{
    char mode[32];
    dbk_rc rc = dbk_sql_ask(store, mode, sizeof(mode), "PRAGMA journal_mode=WAL", err);
    if (rc == DBK_OK && strcmp(mode, "wal") != 0)
        rc = dbk_fail(err, DBK_IO, "the disk can't do write-ahead logging");
    if (rc == DBK_OK)
        rc = dbk_sql_exec(
            store, "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=67108864", err);
    if (rc == DBK_OK)
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return rc;
}

dbk_rc dbk_store_salt(uint8_t out[DBK_STORE_SALT_BYTES], const char *path, dbk_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = fd >= 0 ? read(fd, out, DBK_STORE_SALT_BYTES) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (got != (ssize_t)DBK_STORE_SALT_BYTES)
        return dbk_fail(err, got < 0 ? DBK_IO : DBK_DAMAGED, "the store's file can't be read");
    return DBK_OK;
}

/* The file itself is looked at: what stands there must not be SQLite's plain text. */
static dbk_rc prove_cipher(const char *path, dbk_err *err)
{
    static const char magic[DBK_STORE_SALT_BYTES] = "SQLite format 3";
    uint8_t head[sizeof(magic)] = { 0 };
    dbk_rc rc = dbk_store_salt(head, path, err);
    if (rc == DBK_OK && memcmp(head, magic, sizeof(head)) == 0)
        rc = dbk_fail(err, DBK_DAMAGED, "the store's file is not encrypted");
    return rc;
}

static dbk_rc connect(dbk_store **out, const char *path, const dbk_secret *key, int flags,
                      dbk_err *err)
{
    dbk_store *store = NULL;
    dbk_rc rc = dbk_store_start(err);
    if (rc != DBK_OK)
        return rc;
    store = dbk_alloc(sizeof(*store));
    if (store == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the store");
    int code = sqlite3_open_v2(path, &store->db,
                               flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                   SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW,
                               NULL);
    rc = dbk_sql_rc(store, code, err);
    if (rc == DBK_OK)
        rc = settle(store, key, err);
    if (rc != DBK_OK) {
        dbk_store_close(store);
        return rc;
    }
    *out = store;
    return DBK_OK;
}

dbk_rc dbk_store_create(dbk_store **out, const char *path, const dbk_secret *key, dbk_err *err)
{
    dbk_store *store = NULL;
    char tables[32];
    dbk_rc rc = connect(&store, path, key, SQLITE_OPEN_CREATE, err);
    if (rc == DBK_OK)
        rc = dbk_sql_ask(store, tables, sizeof(tables), "SELECT count(*) FROM sqlite_master", err);
    if (rc == DBK_OK && strcmp(tables, "0") != 0)
        rc = dbk_fail(err, DBK_CONFLICT, "there is a store already");
    if (rc == DBK_OK)
        rc = use_wal(store, err);
    if (rc == DBK_OK)
        rc = dbk_schema_apply(store, path, dbk_schema_migrations, DBK_STORE_SCHEMA, err);
    if (rc == DBK_OK)
        rc = dbk_sql_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", err);
    if (rc == DBK_OK)
        rc = prove_cipher(path, err);
    if (rc != DBK_OK) {
        dbk_store_close(store);
        return rc;
    }
    *out = store;
    return DBK_OK;
}

dbk_rc dbk_store_open(dbk_store **out, const char *path, const dbk_secret *key, dbk_err *err)
{
    dbk_store *store = NULL;
    char tables[32];
    if (access(path, F_OK) != 0)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no store");
    dbk_rc rc = prove_cipher(path, err);
    if (rc == DBK_OK)
        rc = connect(&store, path, key, 0, err);
    if (rc == DBK_OK) /* the first page is read: with another key its MAC doesn't hold */
        rc = dbk_sql_ask(store, tables, sizeof(tables), "SELECT count(*) FROM sqlite_master", err);
    if (rc == DBK_OK && strcmp(tables, "0") == 0)
        rc = dbk_fail(err, DBK_DAMAGED, "the store has no tables");
    if (rc == DBK_OK)
        rc = dbk_schema_apply(store, path, dbk_schema_migrations, DBK_STORE_SCHEMA, err);
    if (rc == DBK_OK)
        rc = use_wal(store, err);
    if (rc != DBK_OK) {
        dbk_store_close(store);
        return rc;
    }
    *out = store;
    return DBK_OK;
}

void dbk_store_close(dbk_store *store)
{
    if (store == NULL)
        return;
    dbk_sql_forget(store);
    int code = sqlite3_close(store->db); /* rolls back what is open */
    DBK_ASSERT(code == SQLITE_OK);       /* nothing of it is in use */
    dbk_free(store);
}

dbk_rc dbk_store_checkpoint(dbk_store *store, dbk_err *err)
{
    return dbk_sql_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", err);
}

dbk_rc dbk_store_rewrite(dbk_store *store, dbk_err *err)
{
    dbk_rc rc = dbk_sql_exec(store, "VACUUM", err);
    return rc == DBK_OK ? dbk_store_checkpoint(store, err) : rc;
}

static dbk_rc refuse_fault(void *ctx, const char *sentence, dbk_err *err)
{
    (void)ctx;
    return dbk_fail(err, DBK_DAMAGED, "%.150s", sentence);
}

dbk_rc dbk_store_prove(const char *path, const dbk_secret *key, dbk_err *err)
{
    dbk_store *store = NULL;
    dbk_rc rc = dbk_store_open(&store, path, key, err);
    if (rc == DBK_OK)
        rc = dbk_store_integrity(store, refuse_fault, NULL, err);
    dbk_store_close(store);
    return rc;
}

dbk_rc dbk_store_rekey(const char *path, const dbk_store_keys *keys, dbk_err *err)
{
    dbk_store *store = NULL;
    char mode[32];
    dbk_rc rc = connect(&store, path, keys->old_key, 0, err);
    if (rc == DBK_OK)
        rc = dbk_sql_ask(store, mode, sizeof(mode), "PRAGMA journal_mode=DELETE", err);
    if (rc == DBK_OK && strcmp(mode, "delete") != 0)
        rc = dbk_fail(err, DBK_IO, "the copy of the store can't be taken out of its log");
    if (rc == DBK_OK)
        rc = set_key(store, sqlite3_rekey, keys->new_key, err);
    dbk_store_close(store);
    return rc == DBK_OK ? dbk_store_prove(path, keys->new_key, err) : rc;
}

/* ---- transactions -------------------------------------------------------------------------- */

static dbk_rc run(dbk_store *store, dbk_sql_slot slot, const char *text, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, slot, text, err);
    return rc == DBK_OK ? dbk_sql_run(&q, err) : rc;
}

dbk_rc dbk_store_begin(dbk_store *store, dbk_err *err)
{
    DBK_ASSERT(!dbk_store_in_transaction(store));
    return run(store, DBK_SQL_BEGIN, "BEGIN IMMEDIATE", err);
}

/* After a failed fsync the kernel may call the lost pages clean, and a later one succeeds without
 * them. */
dbk_rc dbk_store_commit(dbk_store *store, dbk_err *err)
{
    DBK_ASSERT(dbk_store_in_transaction(store));
    dbk_rc rc = run(store, DBK_SQL_COMMIT, "COMMIT", err);
    if (rc == DBK_OK)
        return DBK_OK;
    dbk_store_rollback(store);
    store->failed = store->failed || rc == DBK_IO;
    return rc;
}

void dbk_store_rollback(dbk_store *store)
{
    /* Many failures have rolled back already; a rollback itself takes no memory and no disk. */
    if (dbk_store_in_transaction(store))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool dbk_store_in_transaction(const dbk_store *store)
{
    return sqlite3_get_autocommit(store->db) == 0;
}

/* ---- small facts --------------------------------------------------------------------------- */

dbk_rc dbk_store_meta_put(dbk_store *store, const char *name, dbk_span value, dbk_err *err)
{
    dbk_sql q;
    if (value.len > DBK_STORE_META_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a fact of more than %u bytes", DBK_STORE_META_BYTES_MAX);
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_META_PUT,
                             "INSERT INTO meta VALUES(?1,?2)"
                             " ON CONFLICT(name) DO UPDATE SET value=excluded.value",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(name));
    dbk_sql_bind_blob(&q, 2, value);
    return dbk_sql_run(&q, err);
}

/* Where the value of a name goes: to bytes, or to a secret. */
typedef struct meta_reader {
    dbk_bytes *bytes;
    dbk_secret **secret;
} meta_reader;

static dbk_rc meta_get(dbk_store *store, const meta_reader *to, const char *name, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_META_GET, "SELECT value FROM meta WHERE name=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(name));
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && !row)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the store has no %s", name);
    if (rc == DBK_OK) {
        dbk_span found = dbk_sql_blob(&q, 0);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK && to->bytes != NULL)
            rc = dbk_bytes_append(to->bytes, found, err);
        else if (rc == DBK_OK)
            rc = dbk_secret_from(to->secret, found, err);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_store_meta_get(dbk_store *store, dbk_bytes *value, const char *name, dbk_err *err)
{
    const meta_reader to = { value, NULL };
    return meta_get(store, &to, name, err);
}

dbk_rc dbk_store_secret_put(dbk_store *store, const char *name, const dbk_secret *secret,
                            dbk_err *err)
{
    return dbk_store_meta_put(store, name, dbk_secret_bytes(secret), err);
}

dbk_rc dbk_store_secret_get(dbk_store *store, dbk_secret **out, const char *name, dbk_err *err)
{
    const meta_reader to = { NULL, out };
    return meta_get(store, &to, name, err);
}

dbk_rc dbk_store_meta_del(dbk_store *store, const char *name, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_META_DEL, "DELETE FROM meta WHERE name=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(name));
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_store_meta_names(dbk_store *store, const char *prefix, dbk_meta_name_fn fn, void *ctx,
                            dbk_err *err)
{
    dbk_sql q;
    bool row = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_META_NAMES,
                             "SELECT name FROM meta WHERE name>=?1"
                             " AND substr(name,1,length(?1))=?1 ORDER BY name",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(prefix));
    for (;;) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc != DBK_OK || !row)
            break;
        dbk_span name = dbk_sql_text(&q, 0);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, (const char *)name.p, err);
        if (rc != DBK_OK)
            break;
    }
    dbk_sql_close(&q);
    return rc;
}

/* ---- integrity ----------------------------------------------------------------------------- */

typedef struct checks {
    dbk_store *store;
    dbk_fault_fn fn;
    void *ctx;
    size_t faults;
} checks;

/* A page that there was no memory for is no damage: SQLite gives its code in the finding. */
static bool was_short(dbk_span finding)
{
    static const char code[] = "error code=7";
    return dbk_heap_was_short() && memmem(finding.p, finding.len, code, sizeof(code) - 1) != NULL;
}

/* Each row that isn't "ok" is a fault; its columns make the sentence. */
static dbk_rc check(checks *c, const char *pragma, const char *what, dbk_err *err)
{
    dbk_sql q = { c->store, NULL, DBK_SQL_SLOTS, SQLITE_OK };
    dbk_bytes sentence = DBK_BYTES_INIT(SENTENCE_BYTES_MAX);
    bool row = true;
    int code = sqlite3_prepare_v2(c->store->db, pragma, -1, &q.s, NULL);
    dbk_rc rc = dbk_sql_rc(c->store, code, err);
    while (rc == DBK_OK && c->faults < FAULTS_MAX) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc != DBK_OK || !row)
            break;
        dbk_span text = dbk_sql_text(&q, 0);
        if (dbk_span_equal(text, dbk_span_str("ok")))
            continue;
        if (was_short(text)) {
            rc = dbk_fail(err, DBK_NOMEM, "out of memory while %s was checked", what);
            break;
        }
        c->faults++;
        dbk_bytes_truncate(&sentence, 0);
        /* One row of SQLite's may name a hundred faults, a line each. */
        size_t len = text.len < FINDING_BYTES_MAX ? text.len : FINDING_BYTES_MAX;
        rc = dbk_bytes_append_fmt(&sentence, err, "%s: %.*s", what, (int)len, (const char *)text.p);
        if (rc == DBK_OK)
            rc = dbk_bytes_append_u8(&sentence, 0, err);
        if (rc == DBK_OK)
            rc = c->fn(c->ctx, (const char *)sentence.p, err);
    }
    (void)sqlite3_finalize(q.s);
    dbk_bytes_wipe(&sentence);
    return rc;
}

dbk_rc dbk_store_integrity(dbk_store *store, dbk_fault_fn fn, void *ctx, dbk_err *err)
{
    checks c = { store, fn, ctx, 0 };
    DBK_ASSERT(!dbk_store_in_transaction(store));
    /* The MACs are checked in the file, not in the WAL (recipes.md section 1). */
    dbk_rc rc = dbk_sql_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", err);
    if (rc == DBK_OK)
        rc = check(&c, "PRAGMA cipher_integrity_check", "the encrypted file", err);
    if (rc == DBK_OK)
        rc = check(&c, "PRAGMA integrity_check(100)", "the database", err);
    if (rc == DBK_OK)
        rc = check(&c, "PRAGMA foreign_key_check", "a row without what it belongs to, in", err);
    return rc;
}
