/* sync/relay/log_postgres.h - the log in a PostgreSQL database: for relays on more than one
 * machine. Any number of relays may have it open. Their writers take turns under one advisory lock
 * for a transaction; readers see a snapshot and wait for nobody. What another relay wrote is seen
 * with the next transaction, so whoever caches rows has to look (dbk_log_source.shared). Values of
 * rows are sealed under the relay's key, with their space and key as associated data: a copy of the
 * database gives away neither the checkpoint key nor who belongs to what. Segments are sealed by
 * their authors. What is visible: ids, sizes, times of receipt. A connection that is lost is made
 * again with the next transaction; with several hosts in the DSN and
 * target_session_attrs=read-write that is the new primary. */
#ifndef DBK_RELAY_LOG_POSTGRES_H
#define DBK_RELAY_LOG_POSTGRES_H

#include "core/crypto/secret.h"
#include "sync/relay/log.h"

#define DBK_LOG_DSN_BYTES_MAX 1024u

typedef struct dbk_log_postgres {
    const char *dsn;       /* as libpq takes it; borrowed. No password: that is for ~/.pgpass */
    const dbk_secret *key; /* borrowed; DBK_LOG_KEY_BYTES of log_embedded.h */
} dbk_log_postgres;

/* DBK_USAGE: not a connection string, or a password in it. Connects to nobody. */
DBK_MUST_CHECK dbk_rc dbk_log_postgres_check_dsn(const char *dsn, dbk_err *err);
/* Tables in a database that has none of ours. DBK_CONFLICT: it has. DBK_BUSY: not reached. */
DBK_MUST_CHECK dbk_rc dbk_log_postgres_create(const dbk_log_postgres *db, dbk_err *err);
/* DBK_NOT_FOUND: no tables of ours; DBK_VERSION: a newer program's; DBK_BUSY: not reached. */
DBK_MUST_CHECK dbk_rc dbk_log_postgres_open(const dbk_log_postgres *db, dbk_log *out,
                                            dbk_log_use use, dbk_err *err);
/* The same as a source; db is borrowed. */
dbk_log_source dbk_log_postgres_source(const dbk_log_postgres *db);

#endif
