/* sync/relay/log_file.h - the SQLCipher file that an embedded log lies in: opened, keyed, proved to
 * be encrypted; inside log_embedded.c, whose header declares what verifies a whole file.
 * Never: what the tables mean. */
#ifndef DBK_RELAY_LOG_FILE_H
#define DBK_RELAY_LOG_FILE_H

#include <sqlite3.h>

#include "sync/relay/log_embedded.h"

#define DBK_LOG_FILE_BUSY_MS 5000

/* A result code of SQLite's as ours. Its own message can quote what it was given; the text of the
 * code can't. */
DBK_MUST_CHECK dbk_rc dbk_log_file_fail(int code, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_file_exec(sqlite3 *db, const char *sql, dbk_err *err);
/* The first column of the first row as text; "" if there is none. */
DBK_MUST_CHECK dbk_rc dbk_log_file_ask(sqlite3 *db, const char *sql, char out[32], dbk_err *err);
/* Stock SQLite takes the key without a word and writes plain text (security.md F5). DBK_DAMAGED. */
DBK_MUST_CHECK dbk_rc dbk_log_file_prove(sqlite3 *db, const char *path, dbk_err *err);
/* The connection itself: opened, keyed, and proved to have the right key by a first read. *out is
 * to be closed, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_log_file_connect(sqlite3 **out, const dbk_log_embedded *file, int flags,
                                           dbk_err *err);

#endif
