/* sync/relay/log_floor.h - what stands beside a log with a floor (decision 0041), in rows of that
 * log: how far its bodies were let go of, who lacks some, and those that headquarters has brought
 * for them.
 * Knows:  rows. Never: who may, whether a body is what was signed.
 * Keys, under the space:
 *   'G'                   below this index only holes stand (u64)
 *   'W' || device (16)    from which index it lacks bodies (u64) || heard, Unix ms (u64)
 *   'V'                   which bodies were brought: from (u64) || to (u64)
 *   'B' || index (u64)    a body: kept (u8: 1 if ops were erased from it) || as it was sealed */
#ifndef DBK_RELAY_LOG_FLOOR_H
#define DBK_RELAY_LOG_FLOOR_H

#include "core/crypto/hole.h"
#include "sync/relay/log_space.h"

/* 0: none. */
DBK_MUST_CHECK dbk_rc dbk_log_let_go_get(const dbk_log_space *s, uint64_t *index, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_let_go_put(const dbk_log_space *s, uint64_t index, dbk_err *err);

typedef struct dbk_log_want {
    dbk_id device;
    uint64_t from, heard_ms;
} dbk_log_want;
DBK_MUST_CHECK dbk_rc dbk_log_want_put(const dbk_log_space *s, const dbk_log_want *want,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_want_del(const dbk_log_space *s, const dbk_id *device, dbk_err *err);
typedef dbk_rc (*dbk_log_want_fn)(void *ctx, const dbk_log_want *want, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_wants(const dbk_log_space *s, dbk_log_want_fn fn, void *ctx,
                                    dbk_err *err);

/* Bodies are brought in order, so they are one run of indexes; from == to: none. */
typedef struct dbk_log_brought {
    uint64_t from, to;
} dbk_log_brought;
DBK_MUST_CHECK dbk_rc dbk_log_brought_get(const dbk_log_space *s, dbk_log_brought *out,
                                          dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_brought_put(const dbk_log_space *s, const dbk_log_brought *brought,
                                          dbk_err *err);

/* Appends the body to store, of which out->body is a part. DBK_NOT_FOUND. */
typedef struct dbk_log_beside {
    uint64_t index;
    bool kept;
    dbk_span body;
} dbk_log_beside;
DBK_MUST_CHECK dbk_rc dbk_log_beside_get(const dbk_log_space *s, dbk_log_beside *out,
                                         dbk_bytes *store, uint64_t index, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_beside_put(const dbk_log_space *s, const dbk_log_beside *body,
                                         dbk_err *err);
/* All of them, for good: nothing of them stays in the store's files. None: nothing is done. What
 * was brought is none then. */
DBK_MUST_CHECK dbk_rc dbk_log_besides_forget(const dbk_log_space *s, dbk_err *err);
/* For copies of a log: is this row of a space such a body, or says which are there? */
bool dbk_log_row_is_beside(const dbk_log_row *row);

#endif
