/* core/store/exhibits.h - rows of evidence: what shows that somebody signed two histories, and what
 * may come to show it once more of a log is here. Never taken away. */
#ifndef DBK_STORE_EXHIBITS_H
#define DBK_STORE_EXHIBITS_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef enum dbk_exhibit_state {
    DBK_EXHIBIT_WAITS = 0,  /* bytes: a header or note of a log that hasn't come this far here */
    DBK_EXHIBIT_OPEN = 1,   /* bytes: an exhibit that nobody has settled */
    DBK_EXHIBIT_SETTLED = 2 /* a person has, with a reason */
} dbk_exhibit_state;

typedef struct dbk_store_exhibit {
    dbk_rowid id; /* filled by add */
    dbk_id subject;
    uint32_t kind;
    dbk_id space;  /* zero: of the membership chain */
    uint64_t size; /* WAITS: of the log, from which on it can be judged */
    dbk_exhibit_state state;
    uint64_t found_ms;
    dbk_span reason; /* SETTLED */
    dbk_span bytes;
} dbk_store_exhibit;
DBK_MUST_CHECK dbk_rc dbk_exhibits_add(dbk_store *store, dbk_store_exhibit *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_exhibits_settle(dbk_store *store, dbk_rowid id, dbk_span reason,
                                          dbk_err *err);
/* Only what waits, and has been judged. */
DBK_MUST_CHECK dbk_rc dbk_exhibits_forget(dbk_store *store, dbk_rowid id, dbk_err *err);
typedef dbk_rc (*dbk_store_exhibit_fn)(void *ctx, const dbk_store_exhibit *row, dbk_err *err);
/* In the order in which they were found. */
DBK_MUST_CHECK dbk_rc dbk_exhibits_each(dbk_store *store, dbk_store_exhibit_fn fn, void *ctx,
                                        dbk_err *err);
/* Those that wait for this size of the space's log, or less. */
DBK_MUST_CHECK dbk_rc dbk_exhibits_waiting(dbk_store *store, const dbk_id *space, uint64_t size,
                                           dbk_store_exhibit_fn fn, void *ctx, dbk_err *err);
/* How many of a subject wait, are open, or have just these bytes. */
typedef struct dbk_exhibit_count {
    uint64_t waiting, open, same;
} dbk_exhibit_count;
DBK_MUST_CHECK dbk_rc dbk_exhibits_of(dbk_store *store, dbk_exhibit_count *out,
                                      const dbk_id *subject, dbk_span bytes, dbk_err *err);
/* Of all; chain: open ones of this kind. */
typedef struct dbk_exhibit_totals {
    uint64_t waiting, open, settled, of_kind;
} dbk_exhibit_totals;
DBK_MUST_CHECK dbk_rc dbk_exhibits_count(dbk_store *store, dbk_exhibit_totals *out, uint32_t kind,
                                         dbk_err *err);

#endif
