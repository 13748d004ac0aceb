/* core/crypto/exhibit.h - what shows that somebody signed two histories: two signed things, byte
 * for byte as they were received, that can't both be of one history. Whoever knows the
 * organisation's root key can check it, without a store, a network or us. Knows: headers, notes,
 * entries, trees. Never: names, keys of notes, who found it or when.
 *
 * exhibit = { 1: version 1, 2: kind (uint), 3: a (bytes), 4: b (bytes), ? 5: root (bytes 32),
 *             ? 6: [ * hash (bytes 32) ] }                          ; deterministic CBOR
 *   kind   a and b                                        5, 6
 *   FEED   1..256 segment headers each, chained, of one   -
 *          feed; the first two share a place, or the
 *          one says that another came before it
 *   CHAIN  two membership entries with one parent         -
 *   VIEWS  two checkpoints of one log, or of two of which the root that a's log had at b's size,
 *          the RECOVERYs between them let the one go on  and the proof of it: the same for both
 *          in the other; b is not larger, nor than what
 *          those let go on
 *   SAID   a checkpoint; a header whose author says that
 *          the log of a had another root, at a size that
 *          is not larger, and that a RECOVERY between
 *          what the author had seen and a let go on
 *   BACK   two checkpoints; b is smaller, or of another   -
 *          log of the space, and was shown after a
 * Of FEED and CHAIN the one with the smaller hash is a, so that all who hold it hold the same
 * bytes. FEED, CHAIN and VIEWS are proofs: one key signed both. SAID is a member's word against the
 * relay's signature: the header doesn't hold the relay's, so either of the two may lie. BACK is the
 * word of the device that was shown b after a.
 *
 * file = "DBKX" || 1 (u8) || 0 0 0 || entries (u32) || ( length (u32) || entry )* || length (u32)
 * || exhibit                                                    ; big-endian The entries are the
 * membership chain from its beginning, as far as the exhibit needs it. */
#ifndef DBK_CRYPTO_EXHIBIT_H
#define DBK_CRYPTO_EXHIBIT_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/roster.h"
#include "core/crypto/segment.h"

#define DBK_EXHIBIT_HEADERS_MAX 256u
#define DBK_EXHIBIT_BYTES_MAX (2u * DBK_EXHIBIT_HEADERS_MAX * DBK_SEGMENT_HEADER_BYTES + 4096u)
#define DBK_EXHIBIT_FILE_BYTES_MAX (64u * 1024u * 1024u)

typedef enum dbk_exhibit_kind {
    DBK_EXHIBIT_FEED = 1,
    DBK_EXHIBIT_CHAIN = 2,
    DBK_EXHIBIT_VIEWS = 3,
    DBK_EXHIBIT_SAID = 4,
    DBK_EXHIBIT_BACK = 5
} dbk_exhibit_kind;

typedef struct dbk_exhibit {
    dbk_exhibit_kind kind;
    dbk_span a, b; /* borrowed */
    dbk_hash root; /* VIEWS, SAID */
    dbk_proof proof;
} dbk_exhibit;
/* Appends. FEED and CHAIN: a and b in any order. */
DBK_MUST_CHECK dbk_rc dbk_exhibit_encode(dbk_bytes *out, const dbk_exhibit *x, dbk_err *err);
/* Strict; the result borrows from in. DBK_FORMAT, DBK_VERSION. Checks no signature. */
DBK_MUST_CHECK dbk_rc dbk_exhibit_decode(dbk_exhibit *out, dbk_span in, dbk_err *err);

/* What a checked exhibit shows. */
typedef struct dbk_exhibit_shows {
    dbk_exhibit_kind kind;
    bool proof;       /* one key signed both; else it is a word: see above */
    dbk_id subject;   /* the same for all that show one fault of one signer */
    dbk_id space;     /* zero: CHAIN */
    dbk_id device;    /* FEED, SAID: whose key signed; else zero */
    dbk_id feed;      /* FEED, SAID */
    uint64_t at;      /* FEED: seq of an op. CHAIN: of the entries. Else: b's size */
    uint64_t size;    /* VIEWS, SAID, BACK: a's size */
    dbk_hash a, b;    /* hashes of headers or entries, or the two roots at b's size */
    bool other_log;   /* BACK */
    uint64_t entries; /* of the membership chain, that a file needs */
} dbk_exhibit_shows;
/* The membership that it is checked against. */
typedef struct dbk_exhibit_basis {
    const dbk_roster *roster; /* or NULL: what fold gives counts */
    /* Folds the first `count` entries anew, or as many as there are; UINT64_MAX: all. */
    dbk_rc (*fold)(void *ctx, dbk_roster **out, uint64_t count, dbk_err *err);
    /* Where in the chain the entry with this hash stands; false: nowhere. */
    bool (*find)(void *ctx, uint64_t *seq, const dbk_hash *head);
    void *ctx;
} dbk_exhibit_basis;
/* DBK_AUTH: a signature doesn't hold, or somebody isn't in the chain. DBK_FORMAT: it shows nothing,
 * since the two don't contradict each other. */
DBK_MUST_CHECK dbk_rc dbk_exhibit_check(dbk_exhibit_shows *out, const dbk_exhibit *x,
                                        const dbk_exhibit_basis *basis, dbk_err *err);

/* A file, in order: begin, each entry, end. */
DBK_MUST_CHECK dbk_rc dbk_exhibit_file_begin(dbk_bytes *out, uint64_t entries, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_exhibit_file_add(dbk_bytes *out, dbk_span part, dbk_err *err);
/* From the root key alone. DBK_FORMAT, DBK_VERSION, DBK_AUTH as above. */
DBK_MUST_CHECK dbk_rc dbk_exhibit_file_check(dbk_exhibit_shows *out, dbk_span file,
                                             const dbk_sign_pk *root, dbk_err *err);
/* The exhibit in a file, borrowed, and the root that its genesis names: to be compared by hand. */
typedef struct dbk_exhibit_file {
    uint64_t entries;
    dbk_span chain; /* the entries with their lengths */
    dbk_span exhibit;
} dbk_exhibit_file;
DBK_MUST_CHECK dbk_rc dbk_exhibit_file_open(dbk_exhibit_file *out, dbk_span file, dbk_err *err);

#endif
