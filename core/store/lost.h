/* core/store/lost.h - what a relay had signed for and lost when it was restored: rows of `lost`
 * (one for each segment and log that it stood in) and of `past_log` (the logs that a space had
 * before). Evidence: nothing is ever taken out of them but with the segment itself. */
#ifndef DBK_STORE_LOST_H
#define DBK_STORE_LOST_H

#include "core/store/segments.h"

/* The segment has no place in the log any more. What it had, with the receipt if there is one, is
 * kept under the log's incarnation; if something is kept there already, that stays: a device may
 * have met a log before the chain told it of that, and comes by it twice. */
DBK_MUST_CHECK dbk_rc dbk_lost_add(dbk_store *store, dbk_rowid segment, const dbk_id *log,
                                   dbk_err *err);

/* A log that ended; up to `size` it is the beginning of the next one. note: the last that the
 * relay signed of it; or empty. Of one that is added twice the longer counts. */
typedef struct dbk_past_log {
    dbk_rowid space;
    dbk_id log;
    uint64_t size;
    dbk_span note;
} dbk_past_log;
DBK_MUST_CHECK dbk_rc dbk_past_log_add(dbk_store *store, const dbk_past_log *row, dbk_err *err);
typedef dbk_rc (*dbk_past_log_fn)(void *ctx, const dbk_past_log *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_past_logs(dbk_store *store, dbk_rowid space, dbk_past_log_fn fn,
                                    void *ctx, dbk_err *err);

/* Segments of the space that were lost and have no place again yet. */
typedef struct dbk_lost_count {
    uint64_t own, others; /* segments */
    uint64_t own_ops;
} dbk_lost_count;
DBK_MUST_CHECK dbk_rc dbk_lost_waiting(dbk_store *store, dbk_lost_count *out, dbk_rowid space,
                                       dbk_err *err);

#endif
