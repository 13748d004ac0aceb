/* sync/relay/log_snapshot.h - the snapshots that a relay keeps of one space (decision 0040), in
 * rows of its log: at most one that stands, confirmed, and one next to it, which is being uploaded
 * or waits for its confirmation. Knows:  rows, parts, chunks' tree. Never: who may, signatures,
 * what is in a chunk. Keys, under the space: 'S'                               both, as below 'S'
 * || name (16)                  a manifest 'S' || name (16) || number (u32)  a part, as it was sent
 */
#ifndef DBK_RELAY_LOG_SNAPSHOT_H
#define DBK_RELAY_LOG_SNAPSHOT_H

#include "sync/engine/msg_snapshot.h"
#include "sync/relay/log_space.h"

typedef struct dbk_kept_snapshot {
    bool there;
    bool whole; /* its manifest is here, and all that it names */
    dbk_id name, maker;
    uint64_t members_seq; /* of the chain's head that the manifest names; whole */
    uint32_t chunks;
    uint64_t bytes;    /* of its parts */
    dbk_frontier tree; /* over the chunks */
    size_t words_count;
    uint8_t words[DBK_SNAPSHOT_OFFER_WORDS_MAX][DBK_CONFIRMATION_BYTES];
} dbk_kept_snapshot;
typedef struct dbk_kept_snapshots {
    dbk_kept_snapshot standing, next;
} dbk_kept_snapshots;
static inline uint32_t dbk_kept_parts(const dbk_kept_snapshot *k)
{
    return k->chunks / DBK_PART_CHUNKS + (k->chunks % DBK_PART_CHUNKS > 0 ? 1 : 0);
}

/* None: both not there. */
DBK_MUST_CHECK dbk_rc dbk_log_snapshots_get(const dbk_log_space *s, dbk_kept_snapshots *out,
                                            dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_snapshots_put(const dbk_log_space *s, const dbk_kept_snapshots *k,
                                            dbk_err *err);
/* Appended to out. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_log_snapshot_part_get(const dbk_log_space *s, const dbk_id *name,
                                                uint32_t number, dbk_bytes *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_snapshot_part_put(const dbk_log_space *s, const dbk_part *part,
                                                dbk_span bytes, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_snapshot_manifest_get(const dbk_log_space *s, const dbk_id *name,
                                                    dbk_bytes *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_snapshot_manifest_put(const dbk_log_space *s, const dbk_id *name,
                                                    dbk_span bytes, dbk_err *err);
/* Its rows are deleted, and *k is not there; the caller puts both again. */
DBK_MUST_CHECK dbk_rc dbk_log_snapshot_drop(const dbk_log_space *s, dbk_kept_snapshot *k,
                                            dbk_err *err);
/* Both, for good: nothing of them stays in the store's files. */
DBK_MUST_CHECK dbk_rc dbk_log_snapshots_forget(const dbk_log_space *s, dbk_err *err);

/* For copies of a log: is this row of a space one of these? */
bool dbk_log_row_is_snapshot(const dbk_log_row *row);
/* Is each part here, and the tree theirs, and the manifest of the same? DBK_DAMAGED. */
DBK_MUST_CHECK dbk_rc dbk_log_snapshots_check(const dbk_log_space *s, dbk_err *err);

#endif
