/* sync/engine/msg.h - what device and relay say to each other, as bytes (docs/PROTOCOL.md).
 * Both ends use this codec. Control messages are JSON; segments, ranges and results are binary,
 * big-endian. Every decoder is strict, bounded, and works on hostile bytes.
 *
 * The calls; ids in a path are 32 hex digits:
 *
 *   POST /v1/hello                  JSON hello -> JSON welcome
 *   GET  /v1/members?from=N         -> entries: ( length u32 || entry )*
 *   POST /v1/members                one entry -> 200 JSON {"v":1,"count":N}; 409: prev is old
 *   POST /v1/org                    genesis entry; header Daybook-Setup: base64url code
 *   POST /v1/spaces/ID/segments     push -> results
 *   GET  /v1/spaces/ID/segments?from=I&bytes=B[&own=1]
 *                                   -> range; bodies that the asker wrote only with own=1
 *   GET  /v1/spaces/ID/proof?leaf=I&size=N or ?from=M&size=N
 *                                   -> proof: ( hash 32 )*
 *   POST /v1/spaces/ID/cosign       a checkpoint note with one witness's line -> 204
 *   POST /v1/spaces/ID/reach        how far this device has the log (core/crypto/reach.h) -> 204
 *   GET  /v1/spaces/ID/reach        headquarters -> the newest word of each device, by device
 *   POST /v1/spaces/ID/wanted       index (u64): this device lacks bodies from there on that relays
 *                                   have let go of; 2^64 - 1: none -> 204
 *   POST /v1/spaces/ID/bodies       such bodies, as a range; proof and checkpoint say
 *                                   nothing -> the index that is wanted next, as of an entry; 204
 *   POST /v1/spaces/ID/snapshot/part     part of a snapshot (msg_snapshot.h) -> 204
 *   POST /v1/spaces/ID/snapshot          its manifest -> 204
 *   POST /v1/spaces/ID/snapshot/confirm  a confirmation -> 204
 *   GET  /v1/spaces/ID/snapshot[?next=1] -> offer; next: the one that waits for its confirmation
 *   GET  /v1/spaces/ID/snapshot/part?number=N
 *                                   -> part of the one that stands
 *   GET  /v1/recovery               an admin asks what the logs claim of themselves -> claims
 *   POST /v1/recovery               one membership entry that the relay lost -> {"v":1,"count":N}
 *   POST /v1/spaces/ID/refill       range that the relay lost -> {"v":1,"count":log size}
 *   PUT  /v1/join/ID                an admin opens a mailbox: JSON {"v":1,"expires":ms} -> 204
 *   POST /v1/join/ID                a device's sealed join request, not signed, once -> 204; the
 *                                   same bytes again 204, others 409
 *   GET  /v1/join                   -> ( invite id 16 || length u32 || request )*
 *   POST /v1/proposals              one entry that lacks a signer -> 204; 409: prev is old
 *   GET  /v1/proposals              -> entries
 *   POST /v1/proposals/ID/decline   JSON {"v":1,"seq":N} -> 204; ID: of the entry's hash, the
 *                                   first 16 bytes
 *   GET  /healthz                   -> "ok"
 *
 * Failures are JSON {"v":1,"error":WORD}: 400 malformed, 401 nonce or signature (with a fresh
 * Daybook-Nonce), 403 denied, 404 unknown, 409 conflict or recovering, 413 too-large, 429 and 503
 * with Retry-After, 507 full.
 *
 * JSON: compact, keys in the order shown; a reader takes any order and spacing but no unknown or
 * repeated key, no number over 2^53 - 1 (RFC 7493), ids as lower-case hex. */
#ifndef DBK_ENGINE_MSG_H
#define DBK_ENGINE_MSG_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/hole.h"
#include "core/crypto/roster.h"

#define DBK_PROTOCOL_VERSION 1u
#define DBK_CONTROL_BYTES_MAX (64u * 1024u) /* any JSON body */
#define DBK_WELCOME_BYTES_MAX (8u * 1024u * 1024u)
#define DBK_PUSH_SEGMENTS_MAX 256u
#define DBK_PUSH_BYTES_MAX (4u * 1024u * 1024u)
#define DBK_RANGE_BYTES_MAX (8u * 1024u * 1024u)
#define DBK_SPACES_MAX 4096u
#define DBK_FEEDS_PER_SPACE_MAX 64u  /* one device's incarnations in a space */
#define DBK_WELCOME_FEEDS_MAX 16384u /* in all spaces of one welcome */
#define DBK_JSON_UINT_MAX ((UINT64_C(1) << 53) - 1)
#define DBK_PUSH_HEAD_BYTES 12u
#define DBK_WANTED_BYTES 8u
#define DBK_WANTED_NOTHING UINT64_MAX
#define DBK_RESULT_BYTES 104u
#define DBK_RANGE_ITEM_BYTES_MIN (9u + DBK_SEGMENT_HEADER_BYTES)

/* hello: { "v": 1, ? "known": base64url(16) }.
 * known = H16("daybook/hello/1", members count (u64) || members head (32) || for each of my
 * spaces by id: space (16) || log (16) || size (u64) || root (32) || cosigned size (u64) ||
 * cosigned at, s (u64)). Cosigned: the newest word of a witness that the policy in force names;
 * zeros without one. Spaces whose size is 0 are left out: a device learns a log's incarnation with
 * the first thing in it. Sent when nothing waits to be pushed: if the relay computes the same it
 * answers { "v": 1, "idle": true } and that is all. */
typedef struct dbk_known_space {
    dbk_id space, log;
    uint64_t size;
    dbk_hash root;
    dbk_cosigned cosigned;
} dbk_known_space;
typedef struct dbk_known {
    uint64_t members_count;
    dbk_hash members_head;
    const dbk_known_space *spaces; /* sorted by space id */
    size_t spaces_count;
} dbk_known;
dbk_id dbk_known_digest(const dbk_known *k);
typedef struct dbk_hello {
    bool has_known;
    dbk_id known;
} dbk_hello;
DBK_MUST_CHECK dbk_rc dbk_hello_encode(dbk_bytes *out, const dbk_hello *h, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_hello_decode(dbk_hello *out, dbk_span in, dbk_err *err);

/* welcome: { "v":1, "idle":true } or { "v":1, "members":{"count":N,"head":b64url}, "limits":
 * {"segments":N,"push":BYTES,"range":BYTES}, "time":ms, ? "recovering":true, "spaces":[
 * {"space":hex, "log":hex, "size":N,"checkpoint":note text,?"cosigned":[note text,..],
 * ?"snapshot":true, ?"confirm":true, ?"reach":true, ?"wanted":INDEX,
 * "feeds":[[feed hex, last seq, head hash b64url],..]} ] }
 * spaces: every space in which this device is a member, sorted by id, also those whose log is
 * still empty. cosigned: 1 to 4 notes, the newest of each witness that the policy names, each with
 * that witness's line; their sizes are their own. snapshot: there is one of the space, confirmed.
 * confirm: one waits for this device's word (msg_snapshot.h). reach: the relay asks for this
 * device's word how far it has the log. wanted: somebody lacks bodies
 * from this index on, which this device holds. feeds: this device's own feeds as the
 * relay holds them, sorted by id. recovering: the relay was put back from a backup and waits for
 * the root's word. It only takes what it lost: entries, and logs behind log and size; checkpoints,
 * words and feeds are left out. */
typedef struct dbk_feed_head {
    dbk_id feed;
    uint64_t last_seq;
    dbk_hash head;
} dbk_feed_head;
typedef struct dbk_welcome_space {
    dbk_id space, log;
    uint64_t size;
    const char *checkpoint;
    const char *const *cosigned;
    size_t cosigned_count;
    const dbk_feed_head *feeds;
    size_t feeds_count;
    bool snapshot; /* one stands, to begin with */
    bool confirm;  /* one waits for this device's word */
    bool reach;    /* its word how far it has the log is asked for */
    bool wanted;   /* bodies that this device holds, from an index on */
    uint64_t wanted_from;
} dbk_welcome_space;
typedef struct dbk_welcome {
    bool idle, recovering;
    uint64_t members_count;
    dbk_hash members_head;
    uint32_t segments_max, push_bytes_max, range_bytes_max;
    uint64_t time_ms;
    const dbk_welcome_space *spaces;
    size_t spaces_count;
    void *owned; /* what decode allocated */
} dbk_welcome;
DBK_MUST_CHECK dbk_rc dbk_welcome_encode(dbk_bytes *out, const dbk_welcome *w, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_welcome_decode(dbk_welcome *out, dbk_span in, dbk_err *err);
void dbk_welcome_wipe(dbk_welcome *w);

/* A segment on its way, in push and range:
 *   form u8 (0 whole, 1 left out, 2 kept) || header 300 || ? kept length u32 || ? body
 * Left out: the asker wrote it; in a range only. Kept: ops were erased from it, and its length is
 * said, for it isn't the header's (core/crypto/hole.h). */

/* push: "DBKP" || version 1 (u8) || 3 zero bytes || count (u16, 1..256) || 2 zero bytes ||
 *       ( segment )*;  at most DBK_PUSH_BYTES_MAX in all  */
/* An empty message; each add counts itself into it. DBK_LIMIT: it doesn't fit, and the message
 * stays as it was. */
DBK_MUST_CHECK dbk_rc dbk_push_begin(dbk_bytes *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_push_add(dbk_bytes *out, const dbk_sealed *segment, dbk_err *err);
/* Splits; checks framing only (counts, lengths). items has
 * room for DBK_PUSH_SEGMENTS_MAX. */
DBK_MUST_CHECK dbk_rc dbk_push_decode(dbk_sealed *items, size_t *count, dbk_span in, dbk_err *err);

/* results: "DBKR" || 1 || 3 zeros || count (u16) || 2 zeros || count x { status u8, 7 zeros,
 * index u64, receipt ms u64, log 16, sig 64 } || checkpoint length u16 || checkpoint note */
typedef enum dbk_push_status {
    DBK_PUSH_ACCEPTED = 0,
    DBK_PUSH_DUPLICATE = 1,   /* held already: the same receipt */
    DBK_PUSH_QUARANTINED = 2, /* in the log, but its author was removed: a supervisor decides */
    DBK_PUSH_FORK = 3,        /* another segment stands at this (feed, seq) */
    DBK_PUSH_GAP = 4,         /* an earlier segment of the feed is missing */
    DBK_PUSH_TOO_LARGE = 5,
    DBK_PUSH_REFUSED = 6,     /* malformed, or not a member's feed */
    DBK_PUSH_DEVICE_FULL = 7, /* its device has had all the room that the relay gives it */
    DBK_PUSH_SPACE_FULL = 8   /* the space has */
} dbk_push_status;
typedef struct dbk_push_result {
    dbk_push_status status;
    dbk_receipt receipt; /* zero unless dbk_push_has_receipt */
} dbk_push_result;
/* Accepted, quarantined or a duplicate: the relay holds it durably. */
bool dbk_push_has_receipt(dbk_push_status status);
/* results has room for DBK_PUSH_SEGMENTS_MAX. */
DBK_MUST_CHECK dbk_rc dbk_results_encode(dbk_bytes *out, const dbk_push_result *results,
                                         size_t count, dbk_span checkpoint, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_results_decode(dbk_push_result *results, size_t *count,
                                         dbk_span *checkpoint, dbk_span in, dbk_err *err);

/* range: "DBKL" || 1 || 3 zeros || from u64 || count u32 || checkpoint length u16 || note ||
 *        proof count u8 || hashes: consistency from (from + count) to the checkpoint's size ||
 *        count x ( receipt ms u64 || segment ) */
typedef struct dbk_range_item {
    uint64_t receipt_ms;
    bool has_body;
    dbk_sealed segment;
} dbk_range_item;
typedef struct dbk_range {
    uint64_t from;
    uint32_t count;
    dbk_span checkpoint;
    dbk_proof proof;
    dbk_span items; /* walk with dbk_range_next */
} dbk_range;
/* Header part first, then items one by one; the caller knows the count. */
DBK_MUST_CHECK dbk_rc dbk_range_begin(dbk_bytes *out, const dbk_range *r, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_range_add(dbk_bytes *out, const dbk_range_item *item, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_range_decode(dbk_range *out, dbk_span in, dbk_err *err);
/* Takes the next item off r->items. DBK_NOT_FOUND: no more (then r->items is empty). */
DBK_MUST_CHECK dbk_rc dbk_range_next(dbk_range *r, dbk_range_item *item, dbk_err *err);

/* ( length u32 || bytes )* : membership entries. DBK_NOT_FOUND: no more. */
DBK_MUST_CHECK dbk_rc dbk_entries_add(dbk_bytes *out, dbk_span entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_entries_next(dbk_span *left, dbk_span *entry, dbk_err *err);

/* ( invite id 16 || length u32 || sealed request )*. DBK_NOT_FOUND: no more. */
#define DBK_REQUEST_BYTES_MAX (16u * 1024u)
DBK_MUST_CHECK dbk_rc dbk_requests_add(dbk_bytes *out, const dbk_id *invite, dbk_span request,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_requests_next(dbk_span *left, dbk_id *invite, dbk_span *request,
                                        dbk_err *err);

/* claims: "DBKC" || 1 || 3 zeros || why length u16 || why || devices u32 || device 16 each,
 * ascending
 * || logs u32 || ( space 16 || new log 16 || old log 16 || old size u64 || old root 32 ) each,
 * ascending by space: what RECOVERY entries are to say, and which devices have greeted the relay
 * since it waits for them. */
#define DBK_CLAIM_BYTES 88u
#define DBK_CLAIMS_BYTES_MAX (2u * 1024u * 1024u)
#define DBK_CLAIMS_WHY_BYTES_MAX 200u
typedef struct dbk_claims {
    dbk_span why;   /* what the operator says; anything */
    dbk_span heard; /* 16 bytes each */
    size_t heard_count;
    dbk_span logs; /* DBK_CLAIM_BYTES each */
    size_t logs_count;
} dbk_claims;
DBK_MUST_CHECK dbk_rc dbk_claims_encode(dbk_bytes *out, const dbk_claims *c, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_claims_decode(dbk_claims *out, dbk_span in, dbk_err *err);
bool dbk_claims_heard(const dbk_claims *c, const dbk_id *device);
dbk_log_move dbk_claims_log(const dbk_claims *c, size_t i);
/* Appends one log's bytes, for encode. */
DBK_MUST_CHECK dbk_rc dbk_claims_log_add(dbk_bytes *logs, const dbk_log_move *log, dbk_err *err);

/* {"v":1,"count":N}: the membership chain's length after a post, or a log's after a refill. */
DBK_MUST_CHECK dbk_rc dbk_posted_encode(dbk_bytes *out, uint64_t count, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_posted_decode(uint64_t *count, dbk_span in, dbk_err *err);
/* {"v":1,"expires":ms}: opens a mailbox. */
DBK_MUST_CHECK dbk_rc dbk_mailbox_encode(dbk_bytes *out, uint64_t expires_ms, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_mailbox_decode(uint64_t *expires_ms, dbk_span in, dbk_err *err);

/* {"v":1,"seq":N}: declines a proposal for this place of the chain. */
DBK_MUST_CHECK dbk_rc dbk_decline_encode(dbk_bytes *out, uint64_t seq, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_decline_decode(uint64_t *seq, dbk_span in, dbk_err *err);

/* {"v":1,"error":WORD}; WORD from the PROTOCOL.md list: [a-z-]{1,32}. */
#define DBK_ERROR_WORD_MAX 32u
#define DBK_WORD_RECOVERING "recovering"
DBK_MUST_CHECK dbk_rc dbk_error_encode(dbk_bytes *out, const char *word, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_error_decode(char word[DBK_ERROR_WORD_MAX + 1], dbk_span in,
                                       dbk_err *err);

#endif
