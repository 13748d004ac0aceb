/* sync/relay/files.h - whole files of the relay's folder, private to its user and durable: a name
 * never stands for half of a file. Failures name the file: DBK_NOT_FOUND, DBK_FULL, DBK_IO. */
#ifndef DBK_RELAY_FILES_H
#define DBK_RELAY_FILES_H

#include <stdbool.h>

#include "core/base/bytes.h"

#define DBK_PATH_SIZE 4096u

/* "DIR/NAME". DBK_USAGE: too long. */
DBK_MUST_CHECK dbk_rc dbk_files_path(char out[DBK_PATH_SIZE], const char *dir, const char *name,
                                     dbk_err *err);
/* A new folder (0700), or one that is there and empty. DBK_CONFLICT: it isn't empty. */
DBK_MUST_CHECK dbk_rc dbk_files_make_dir(const char *dir, dbk_err *err);
/* Makes names durable that were added to it or taken away. */
DBK_MUST_CHECK dbk_rc dbk_files_sync_dir(const char *dir, dbk_err *err);
/* A new file, durable but for its name. */
DBK_MUST_CHECK dbk_rc dbk_files_write(const char *dir, const char *name, dbk_span in, dbk_err *err);
/* The old one stands until the new one is there whole; durable. */
DBK_MUST_CHECK dbk_rc dbk_files_replace(const char *dir, const char *name, dbk_span in,
                                        dbk_err *err);
/* Appends all of it. */
DBK_MUST_CHECK dbk_rc dbk_files_read(const char *path, dbk_bytes *out, dbk_err *err);
/* A new file with the other's bytes, durable but for its name. */
DBK_MUST_CHECK dbk_rc dbk_files_copy(const char *to, const char *from, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_files_exists(const char *dir, const char *name, bool *out, dbk_err *err);
/* Under another name in the same folder; durable. */
DBK_MUST_CHECK dbk_rc dbk_files_rename(const char *dir, const char *from, const char *to,
                                       dbk_err *err);
/* What errno says of a file. */
DBK_MUST_CHECK dbk_rc dbk_files_fail(const char *name, dbk_err *err);

#endif
