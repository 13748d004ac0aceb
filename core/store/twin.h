/* core/store/twin.h - one small fact in a folder that many stores share, as two files that are
 * written in turn: while a dbk_twin is open it writes one of them, as often as it likes and without
 * waiting for the disk, and the other stays as the one before left it, durable. So at least one is
 * whole, whatever happens.
 * Invariant: while a dbk_twin exists its first file is locked by it and nobody else. */
#ifndef DBK_STORE_TWIN_H
#define DBK_STORE_TWIN_H

#include "core/base/bytes.h"

typedef struct dbk_twin dbk_twin;

/* Makes the folder, what leads to it, and the files NAME-0 and NAME-1, unless they are there.
 * DBK_BUSY: another program has them open. DBK_DENIED: others may write into the folder. */
DBK_MUST_CHECK dbk_rc dbk_twin_open(dbk_twin **out, const char *folder, const char *name,
                                    dbk_err *err);
/* Makes what was written durable; NULL is nothing. */
void dbk_twin_close(dbk_twin *twin);
/* Appends a file's whole content: which is 0 or 1. Nothing was ever written: empty. */
DBK_MUST_CHECK dbk_rc dbk_twin_read(const dbk_twin *twin, dbk_bytes *out, unsigned which,
                                    dbk_err *err);
/* Instead of what the file held. In place and not durable: a crash may leave any of it. */
DBK_MUST_CHECK dbk_rc dbk_twin_write(dbk_twin *twin, unsigned which, dbk_span in, dbk_err *err);
/* What was written to one of them is durable when it returns, and so is its name. */
DBK_MUST_CHECK dbk_rc dbk_twin_flush(dbk_twin *twin, unsigned which, dbk_err *err);
/* Takes both files away and closes. */
void dbk_twin_remove(dbk_twin *twin);

#endif
