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
/* A new folder (0700), durable, or one that is there and empty. DBK_CONFLICT: it isn't empty. */
DBK_MUST_CHECK dbk_rc dbk_files_make_dir(const char *dir, dbk_err *err);
/* The folder's own name, in the folder above it, as far as that one may be opened. */
void dbk_files_sync_above(const char *dir);
/* Takes the folder for one program, as far as its file system knows how to; closing *fd gives it
 * back. DBK_BUSY: another has it. */
DBK_MUST_CHECK dbk_rc dbk_files_lock_dir(const char *dir, int *fd, dbk_err *err);
/* The folder of a file. DBK_USAGE: its path is too long. */
DBK_MUST_CHECK dbk_rc dbk_files_dir_of(char out[DBK_PATH_SIZE], const char *path, dbk_err *err);
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
/* The bytes of a file are on the disk. */
DBK_MUST_CHECK dbk_rc dbk_files_sync(const char *path, dbk_err *err);
/* Overwritten as well as a file system lets one, and removed; there may be none. What can't be
 * overwritten is removed all the same. */
void dbk_files_shred(const char *path);
/* The same of what nobody can name any more; closes it. */
void dbk_files_shred_open(int fd);
/* A file takes the place of another in its folder, which is shredded; durable. */
DBK_MUST_CHECK dbk_rc dbk_files_swap(const char *fresh, const char *path, dbk_err *err);
/* What errno says of a file. */
DBK_MUST_CHECK dbk_rc dbk_files_fail(const char *name, dbk_err *err);

#endif
