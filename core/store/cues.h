/* core/store/cues.h - where the rules of the work find a record (core/model/cue.h). Written when a
 * record's words are; gone with its row. */
#ifndef DBK_STORE_CUES_H
#define DBK_STORE_CUES_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef struct dbk_store_cue {
    uint32_t kind;
    dbk_id about; /* zero: nothing */
    int64_t at_ms;
} dbk_store_cue;

/* Takes away what the record had. */
DBK_MUST_CHECK dbk_rc dbk_cues_clear(dbk_store *store, dbk_rowid record, dbk_err *err);
/* Nothing, if it is there already. */
DBK_MUST_CHECK dbk_rc dbk_cues_add(dbk_store *store, dbk_rowid record, const dbk_store_cue *cue,
                                   dbk_err *err);
/* Those of a record: by kind, then what it is about, then time. */
typedef dbk_rc (*dbk_store_cue_fn)(void *ctx, const dbk_store_cue *cue, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_cues_of(dbk_store *store, dbk_rowid record, dbk_store_cue_fn fn,
                                  void *ctx, dbk_err *err);

/* Records with a cue of this kind about this, in [from, until], the latest first. */
typedef struct dbk_cues_ask {
    uint32_t kind;
    dbk_id about;
    int64_t from_ms, until_ms;
} dbk_cues_ask;
typedef dbk_rc (*dbk_cues_fn)(void *ctx, dbk_rowid record, int64_t at_ms, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_cues_find(dbk_store *store, const dbk_cues_ask *ask, dbk_cues_fn fn,
                                    void *ctx, dbk_err *err);
/* How many those are. Reads no record. */
DBK_MUST_CHECK dbk_rc dbk_cues_count(dbk_store *store, uint64_t *count, const dbk_cues_ask *ask,
                                     dbk_err *err);
/* When the n-th of those is, the earliest first, from 1. DBK_NOT_FOUND: there are fewer. */
DBK_MUST_CHECK dbk_rc dbk_cues_nth(dbk_store *store, int64_t *at_ms, const dbk_cues_ask *ask,
                                   uint64_t n, dbk_err *err);
/* The latest of those; 0: there is none. Reads no record. */
DBK_MUST_CHECK dbk_rc dbk_cues_latest(dbk_store *store, dbk_rowid *record, int64_t *at_ms,
                                      const dbk_cues_ask *ask, dbk_err *err);
/* The next, by bytes, that a cue of this kind is about, after *about; *found false: there is none.
 * Reads no more than its row. */
DBK_MUST_CHECK dbk_rc dbk_cues_next(dbk_store *store, bool *found, dbk_id *about, uint32_t kind,
                                    dbk_err *err);

#endif
