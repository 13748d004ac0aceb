/* sync/driver/stick.h - a folder while it is read and written; inside the driver only.
 * sync_folder.c: segments, membership, notes. snapshot_folder.c: snapshots. stick.c: its files. */
#ifndef DBK_DRIVER_STICK_H
#define DBK_DRIVER_STICK_H

#include "sync/driver/sync.h"
#include "sync/engine/carrier.h"

typedef struct dbk_stick {
    dbk_book *book;
    const dbk_transport *t;
    dbk_sync_report *report;
    dbk_watch *watch;
    dbk_answer answer;
    dbk_err first; /* the first thing on the folder that was not as it should be */
    uint64_t files_done;
} dbk_stick;

/* One file that is wrong doesn't stop the others. */
void dbk_stick_remember(dbk_stick *s, const char *dir, const char *name, const dbk_err *why);
/* The listing is copied: the answer is needed for the files that it names. */
DBK_MUST_CHECK dbk_rc dbk_stick_list(dbk_stick *s, dbk_bytes *out, const char *dir, dbk_err *err);
/* Into s->answer.body. *there false: no such file. */
DBK_MUST_CHECK dbk_rc dbk_stick_get(dbk_stick *s, bool *there, const char *dir, const char *name,
                                    dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_stick_put(dbk_stick *s, const char *dir, const char *name, dbk_span body,
                                    dbk_err *err);
/* The entries that the folder lacks, by the listing of its members. */
DBK_MUST_CHECK dbk_rc dbk_stick_write_members(dbk_stick *s, dbk_span listing, dbk_err *err);

/* snapshot_folder.c: made and confirmed there, as driver.h says. */
DBK_MUST_CHECK dbk_rc dbk_stick_snapshot_make(dbk_book *book, const dbk_transport *t,
                                              const dbk_id *space, dbk_snapshot_told *told,
                                              const dbk_progress *progress, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_stick_snapshot_confirm(dbk_book *book, const dbk_transport *t,
                                                 const dbk_id *space, dbk_snapshot_told *told,
                                                 const dbk_progress *progress, dbk_err *err);
/* snapshot_folder.c: of a space of which nothing is here the newest snapshot that can be taken is.
 * Without one nothing happens: what the folder has besides is read. */
DBK_MUST_CHECK dbk_rc dbk_stick_begin_with(dbk_stick *s, const char *dir, dbk_span listing,
                                           dbk_err *err);

#endif
