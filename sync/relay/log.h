/* sync/relay/log.h - what the relay keeps, behind one narrow seam of thirteen functions.
 * Knows:  spaces, small rows, segments, transactions.
 * Never:  what the bytes mean, signatures, the network, the clock.
 * Everything is keyed by space, so that a query touches one shard of a store that is spread over
 * machines; rows of the whole organisation stand under the zero space. There are two shapes:
 *   rows      key -> value, small, ordered bytewise by key (log_space.h and this file name them)
 *   segments  (space, index) -> receipt time, header, body; only appended, but for bodies of which
 *             ops are erased
 * A handle is either the one that writes or one of many that read (dbk_log_use); either has one
 * caller at a time. The stores are log_embedded.h and log_postgres.h. */
#ifndef DBK_RELAY_LOG_H
#define DBK_RELAY_LOG_H

#include "core/base/bytes.h"
#include "core/base/id.h"

#define DBK_LOG_KEY_BYTES_MAX 80u
#define DBK_LOG_INDEX_MAX ((UINT64_C(1) << 40) - 1) /* segments in one space */

typedef enum dbk_log_use {
    DBK_LOG_WRITES, /* at most one of these; it is opened first and closed last */
    DBK_LOG_READS
} dbk_log_use;

typedef struct dbk_log_row {
    dbk_span key;
    dbk_span value;
} dbk_log_row;
typedef struct dbk_log_segment {
    uint64_t index;
    uint64_t receipt_ms;
    dbk_span header;
    dbk_span body;
    bool kept; /* ops were erased from the body: core/crypto/hole.h */
} dbk_log_segment;

/* Called for each find, in order. Setting *stop ends the walk with DBK_OK; a failure ends it and
 * is what the walk returns. The spans live for the call. No other walk of the same kind may begin
 * on the same handle meanwhile. */
typedef dbk_rc (*dbk_log_row_fn)(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err);
typedef dbk_rc (*dbk_log_segment_fn)(void *ctx, const dbk_log_segment *segment, bool *stop,
                                     dbk_err *err);
typedef struct dbk_log_scan {
    dbk_span prefix; /* at least one byte */
    dbk_span after;  /* keys above this one only; empty: from the first */
    dbk_log_row_fn fn;
    void *ctx;
} dbk_log_scan;
typedef struct dbk_log_read {
    uint64_t from;
    dbk_log_segment_fn fn;
    void *ctx;
    uint64_t most; /* segments; 0: all there are */
} dbk_log_read;

/* Failures: DBK_FULL no room on the disk, and what was written stands; DBK_IO, DBK_DAMAGED,
 * DBK_BUSY, DBK_NOMEM. */
typedef struct dbk_log_ops {
    /* A transaction; when reading, a view that doesn't change until commit. After a failed commit
     * nothing of it is stored, or the handle fails ever after; but of a shared log all of it may
     * be stored, if the connection was lost meanwhile. */
    dbk_rc (*begin)(void *self, dbk_err *err);
    dbk_rc (*commit)(void *self, dbk_err *err); /* durable when it returns */
    void (*rollback)(void *self);               /* nothing to roll back is allowed */

    /* Appends to value. DBK_NOT_FOUND. */
    dbk_rc (*get)(void *self, const dbk_id *space, dbk_span key, dbk_bytes *value, dbk_err *err);
    dbk_rc (*put)(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err);
    /* DBK_CONFLICT if the key is there already: the compare-and-swap of chains. */
    dbk_rc (*add)(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err);
    dbk_rc (*del)(void *self, const dbk_id *space, dbk_span key, dbk_err *err);
    dbk_rc (*scan)(void *self, const dbk_id *space, const dbk_log_scan *scan, dbk_err *err);

    /* DBK_CONFLICT if the index is taken; said at the latest by commit. */
    dbk_rc (*segment_append)(void *self, const dbk_id *space, const dbk_log_segment *segment,
                             dbk_err *err);
    dbk_rc (*segments_read)(void *self, const dbk_id *space, const dbk_log_read *read,
                            dbk_err *err);
    /* A kept body in the place of the one that stands. DBK_NOT_FOUND, said at the latest by commit.
     */
    dbk_rc (*segment_keep)(void *self, const dbk_id *space, uint64_t index, dbk_span kept,
                           dbk_err *err);
    /* What this transaction replaces is to be gone: once it is committed the store does what it can
     * that nothing of it is left in its files, then or with a later commit. */
    void (*forget)(void *self);
    void (*close)(void *self);
} dbk_log_ops;
typedef struct dbk_log {
    const dbk_log_ops *ops;
    void *self;
} dbk_log; /* { 0 } is closed */

/* For stores: the least key that no key with this prefix reaches, and its length. Every prefix
 * begins with a letter, so there is one. */
size_t dbk_log_above(uint8_t out[DBK_LOG_KEY_BYTES_MAX], dbk_span prefix);

/* Where handles come from. */
typedef struct dbk_log_source {
    dbk_rc (*open)(void *self, dbk_log *out, dbk_log_use use, dbk_err *err);
    void *self;
    bool shared; /* other programs may write, too: what is cached of it has to be looked at anew */
} dbk_log_source;
void dbk_log_close(dbk_log *log);

/* Settings: one value for each name of the organisation-wide rows. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_log_setting_get(const dbk_log *log, const char *name, dbk_bytes *value,
                                          dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_setting_put(const dbk_log *log, const char *name, dbk_span value,
                                          dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_setting_del(const dbk_log *log, const char *name, dbk_err *err);

/* The membership chain. DBK_CONFLICT: there is an entry with this seq. */
DBK_MUST_CHECK dbk_rc dbk_log_entry_add(const dbk_log *log, uint64_t seq, dbk_span entry,
                                        dbk_err *err);
typedef dbk_rc (*dbk_log_entry_fn)(void *ctx, uint64_t seq, dbk_span entry, bool *stop,
                                   dbk_err *err);
/* From seq `from` on, in order. */
DBK_MUST_CHECK dbk_rc dbk_log_entries(const dbk_log *log, uint64_t from, dbk_log_entry_fn fn,
                                      void *ctx, dbk_err *err);

/* Join mailboxes, by invite id. */
typedef struct dbk_mailbox {
    uint64_t expires_ms;
    dbk_span request; /* empty: not arrived yet */
} dbk_mailbox;
/* The request lives in store, which the caller wipes. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_log_mailbox_get(const dbk_log *log, const dbk_id *invite,
                                          dbk_mailbox *out, dbk_bytes *store, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_mailbox_put(const dbk_log *log, const dbk_id *invite,
                                          const dbk_mailbox *mailbox, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_mailbox_del(const dbk_log *log, const dbk_id *invite, dbk_err *err);
typedef dbk_rc (*dbk_log_mailbox_fn)(void *ctx, const dbk_id *invite, const dbk_mailbox *mailbox,
                                     bool *stop, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_mailboxes(const dbk_log *log, dbk_log_mailbox_fn fn, void *ctx,
                                        dbk_err *err);

/* Entries that wait for a second admin, one for each device that proposes. */
DBK_MUST_CHECK dbk_rc dbk_log_proposal_put(const dbk_log *log, const dbk_id *device, dbk_span entry,
                                           dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_proposal_del(const dbk_log *log, const dbk_id *device, dbk_err *err);
typedef dbk_rc (*dbk_log_proposal_fn)(void *ctx, const dbk_id *device, dbk_span entry, bool *stop,
                                      dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_proposals(const dbk_log *log, dbk_log_proposal_fn fn, void *ctx,
                                        dbk_err *err);

#endif
