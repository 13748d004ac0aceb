/* core/seal/anchor.h - the high-water mark that a device keeps outside its store (security.md R4,
 * decision 0018): how far it had come. Pure: bytes in, bytes out; the journal keeps the file.
 * File, 64 + n bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKM"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    2  zero
 *        8    8  turn, from 1: of two copies the greater is the newer
 *       16    8  generation of the slot file
 *       24   24  nonce, random
 *       48    n  XChaCha20-Poly1305 of what follows, key = H("daybook/anchor-key/1", store key),
 *                AAD = prefix "daybook/anchor/1" || bytes 0..23; its tag is the last 16 bytes
 * Inside, 72 + 72 a log + 64 a feed:
 *        0   16  device
 *       16    8  entries of the membership chain
 *       24   32  hash of the last one, zero when there is none
 *       56    8  least protocol version of the policy
 *       64    4  count of logs        68    4  count of feeds
 *       72   72  each log: space, log's incarnation, checkpoint's size (8) and root; by space
 *            64  each own feed: feed, the last seq that was signed (8), its header hash, the last
 *                seq that may have left the device (8); by feed */
#ifndef DBK_SEAL_ANCHOR_H
#define DBK_SEAL_ANCHOR_H

#include "core/base/id.h"
#include "core/crypto/secret.h"

#define DBK_ANCHOR_LOGS_MAX 4096u
#define DBK_ANCHOR_FEEDS_MAX 8192u
#define DBK_ANCHOR_BYTES_MAX (1024u * 1024u)

typedef struct dbk_log_mark {
    dbk_id space, log;
    uint64_t size;
    dbk_hash root;
} dbk_log_mark;
typedef struct dbk_feed_mark {
    dbk_id feed;
    uint64_t seq;
    dbk_hash head;
    uint64_t left_seq; /* at most seq */
} dbk_feed_mark;

/* { 0 } is empty. The arrays are its own, ascending: changed by the functions below only. */
typedef struct dbk_anchor {
    uint64_t turn, slots_generation;
    dbk_id device;
    uint64_t members_count;
    dbk_hash members_head;
    uint64_t version_floor;
    dbk_log_mark *logs;
    size_t logs_count, logs_cap;
    dbk_feed_mark *feeds;
    size_t feeds_count, feeds_cap;
} dbk_anchor;
void dbk_anchor_wipe(dbk_anchor *a);

/* NULL: no mark. Borrowed until the next change. */
const dbk_log_mark *dbk_anchor_log(const dbk_anchor *a, const dbk_id *space);
const dbk_feed_mark *dbk_anchor_feed(const dbk_anchor *a, const dbk_id *feed);
/* A mark rises, and never sinks: a log's only when it is longer or another log, a feed's seqs only
 * to greater ones; its head follows where it was sealed again before it left (repack.h). *changed
 * becomes true when something has changed, else it stays. DBK_LIMIT. */
DBK_MUST_CHECK dbk_rc dbk_anchor_raise_log(dbk_anchor *a, bool *changed, const dbk_log_mark *to,
                                           dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_anchor_raise_feed(dbk_anchor *a, bool *changed, const dbk_feed_mark *to,
                                            dbk_err *err);

/* Appends the file. */
DBK_MUST_CHECK dbk_rc dbk_anchor_seal(dbk_bytes *out, const dbk_anchor *a,
                                      const dbk_secret *store_key, const dbk_env *env,
                                      dbk_err *err);
/* The caller wipes *out. DBK_AUTH: another store key, or changed; DBK_FORMAT; DBK_VERSION. */
DBK_MUST_CHECK dbk_rc dbk_anchor_open(dbk_anchor *out, dbk_span file, const dbk_secret *store_key,
                                      dbk_err *err);
/* What it says without a key: nothing to rely on. DBK_FORMAT, DBK_VERSION. */
typedef struct dbk_anchor_look {
    uint64_t turn, slots_generation;
} dbk_anchor_look;
DBK_MUST_CHECK dbk_rc dbk_anchor_look_at(dbk_anchor_look *out, dbk_span file, dbk_err *err);

#endif
