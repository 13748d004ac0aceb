/* core/store/store.h - the encrypted database of a book: one SQLCipher file (docs/format/store.md).
 * Knows:     SQLite, tables, transactions. Never: notes in clear, forms, roles, the network.
 * Only core/store includes sqlite3.h. The rows are in chain.h, feeds.h, segments.h, records.h
 * and invites.h; their functions work inside and outside of a transaction.
 * Failures of every function here and there: DBK_FULL, DBK_IO, DBK_DAMAGED, DBK_NOMEM, DBK_BUSY;
 * a writing function also DBK_CONFLICT when a row with that key is there already. After a failure
 * inside a transaction the caller rolls it back.
 * Invariant: one connection for each file, WAL, synchronous=FULL. Threads: one caller at a time.
 * Callbacks: rows and spans are borrowed until the callback returns; what isn't DBK_OK stops the
 * walk and is returned. A callback may call any function of the store; rows that it writes may or
 * may not be walked over. */
#ifndef DBK_STORE_STORE_H
#define DBK_STORE_STORE_H

#include "core/crypto/secret.h"

#define DBK_STORE_KEY_BYTES 32u
#define DBK_STORE_SCHEMA 12u /* user_version of a file that this program makes */
#define DBK_STORE_META_BYTES_MAX (64u * 1024u)

typedef struct dbk_store dbk_store;
typedef int64_t dbk_rowid; /* >= 1; 0: none */

/* Once per process, before any other use of SQLite: memory that SQLite frees is wiped from then
 * on (security.md F3). Calling it again is nothing; create and open call it. DBK_IO when something
 * else in the process has started SQLite first. */
DBK_MUST_CHECK dbk_rc dbk_store_start(dbk_err *err);

/* A new file at a path that holds none, or an empty one; complete and durable when it returns. */
DBK_MUST_CHECK dbk_rc dbk_store_create(dbk_store **out, const char *path, const dbk_secret *key,
                                       dbk_err *err);
/* DBK_NOT_FOUND; DBK_DAMAGED: another key, not such a file, or a library that doesn't encrypt;
 * DBK_VERSION: made by a newer version, left untouched. An older file is migrated, after an
 * encrypted copy of it was put beside it (PATH.before-N). */
DBK_MUST_CHECK dbk_rc dbk_store_open(dbk_store **out, const char *path, const dbk_secret *key,
                                     dbk_err *err);
void dbk_store_close(dbk_store *store); /* NULL is nothing; an open transaction is rolled back */

/* A closed file opens with this key, and every page and row of it is whole. DBK_DAMAGED. */
DBK_MUST_CHECK dbk_rc dbk_store_prove(const char *path, const dbk_secret *key, dbk_err *err);

/* What a file begins with, in clear: random, and the same in every copy of it. DBK_IO. */
#define DBK_STORE_SALT_BYTES 16u
DBK_MUST_CHECK dbk_rc dbk_store_salt(uint8_t out[DBK_STORE_SALT_BYTES], const char *path,
                                     dbk_err *err);

/* No nesting. When commit returns DBK_OK the changes are on the disk. When it fails they are
 * rolled back; after DBK_IO nobody knows what the disk holds, so that this store then refuses
 * every further write until it is opened anew. */
DBK_MUST_CHECK dbk_rc dbk_store_begin(dbk_store *store, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_store_commit(dbk_store *store, dbk_err *err);
void dbk_store_rollback(dbk_store *store); /* nothing to roll back is nothing */
bool dbk_store_in_transaction(const dbk_store *store);

/* All that was committed stands in the file itself, and nothing in its log. */
DBK_MUST_CHECK dbk_rc dbk_store_checkpoint(dbk_store *store, dbk_err *err);
/* The file is written anew: nothing of what was deleted is left in it. Takes memory for all of it.
 */
DBK_MUST_CHECK dbk_rc dbk_store_rewrite(dbk_store *store, dbk_err *err);
/* A closed file gets another key: every page is enciphered anew, in place and not safe from a
 * crash, so let it be a copy. It is proved whole under the new key before this returns. */
typedef struct dbk_store_keys {
    const dbk_secret *old_key, *new_key;
} dbk_store_keys;
DBK_MUST_CHECK dbk_rc dbk_store_rekey(const char *path, const dbk_store_keys *keys, dbk_err *err);

/* Small facts by name. get appends. */
DBK_MUST_CHECK dbk_rc dbk_store_meta_put(dbk_store *store, const char *name, dbk_span value,
                                         dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_store_meta_get(dbk_store *store, dbk_bytes *value, const char *name,
                                         dbk_err *err); /* DBK_NOT_FOUND */
DBK_MUST_CHECK dbk_rc dbk_store_meta_del(dbk_store *store, const char *name, dbk_err *err);
/* fn is called with each name that begins so, ascending. */
typedef dbk_rc (*dbk_meta_name_fn)(void *ctx, const char *name, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_store_meta_names(dbk_store *store, const char *prefix,
                                           dbk_meta_name_fn fn, void *ctx, dbk_err *err);

/* A secret among them: it goes from its own pages into the encrypted file and back. *out is the
 * caller's: dbk_secret_free(). */
DBK_MUST_CHECK dbk_rc dbk_store_secret_put(dbk_store *store, const char *name,
                                           const dbk_secret *secret, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_store_secret_get(dbk_store *store, dbk_secret **out, const char *name,
                                           dbk_err *err); /* DBK_NOT_FOUND */

/* The database's own checks: each page's MAC, then SQLite's integrity and foreign keys. fn is
 * called with a sentence for each fault (at most 100). DBK_OK also when there are faults. */
typedef dbk_rc (*dbk_fault_fn)(void *ctx, const char *sentence, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_store_integrity(dbk_store *store, dbk_fault_fn fn, void *ctx,
                                          dbk_err *err);

#endif
