/* sync/relay/log_embedded.h - the log in one SQLCipher file: the default store.
 * WAL, synchronous=FULL. One connection writes and is the only one that checkpoints (SQLite before
 * 3.51.3 can corrupt a WAL that two connections reset); the others only read. The file is
 * encrypted with a raw 256-bit key: what it holds is sealed already, but who belongs to what and
 * how much they write is not. */
#ifndef DBK_RELAY_LOG_EMBEDDED_H
#define DBK_RELAY_LOG_EMBEDDED_H

#include "core/crypto/secret.h"
#include "sync/relay/log.h"

#define DBK_LOG_KEY_BYTES 32u

/* The schema of this version; numbered migrations begin when there is a second one. */
#define DBK_LOG_SCHEMA_VERSION 1u

typedef struct dbk_log_embedded {
    const char *path;      /* borrowed while handles are opened */
    const dbk_secret *key; /* borrowed likewise; DBK_LOG_KEY_BYTES */
} dbk_log_embedded;

/* A new, empty file. DBK_CONFLICT: there is one. */
DBK_MUST_CHECK dbk_rc dbk_log_embedded_create(const dbk_log_embedded *file, dbk_err *err);
/* DBK_NOT_FOUND; DBK_DAMAGED: another key, not such a file, or a library that doesn't encrypt;
 * DBK_VERSION: made by a newer version, left as it was. */
DBK_MUST_CHECK dbk_rc dbk_log_embedded_open(const dbk_log_embedded *file, dbk_log *out,
                                            dbk_log_use use, dbk_err *err);
/* The same as a source; file is borrowed. */
dbk_log_source dbk_log_embedded_source(const dbk_log_embedded *file);
/* Every page's seal and the file's own structure; no handle may be open. DBK_DAMAGED. */
DBK_MUST_CHECK dbk_rc dbk_log_embedded_verify(const dbk_log_embedded *file, dbk_err *err);

#endif
