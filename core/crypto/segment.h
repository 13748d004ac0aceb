/* core/crypto/segment.h - the unit of signing, transfer, log leaf and storage row: a signed
 * header and a body of sealed op frames that this module never opens.
 *
 * Header, 300 bytes, big-endian (docs/FORMAT.md "Segment header" gives each field's reason):
 *   offset size
 *        0    4  magic "DBKS"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    2  op count, 1..64
 *        8   16  space
 *       24   16  feed = H16("daybook/feed-id/1", device || space || incarnation)
 *       40   16  incarnation
 *       56    8  first seq, >= 1; the ops are first seq .. first seq + count - 1
 *       64   32  hash of the previous segment's header core; zero iff first seq is 1
 *       96   16  key id = H16("daybook/key-id/1", epoch key)
 *      112   32  membership head that the author had seen
 *      144    8  checkpoint size that the author had verified
 *      152   32  checkpoint root, zero iff size is 0
 *      184   16  salt: the first 16 bytes of each op's nonce
 *      200   32  op root: RFC 6962 root (DBK_TREE_OPS) over the frames
 *      232    4  body length, bytes
 *      236   64  Ed25519 by the device's sign key, label "daybook/segment/1", over bytes 0..235
 * Bytes 0..199 are the associated data of every op (with its index); bytes 0..235 are the core.
 * The chain and the log run over hashes of the core: any op body can later be erased and every
 * signature still verifies.
 *
 * Body: count frames, each: key tag (u8: 1 the op's own key, 2 drop key) || length (u32) || opener
 * || sealed bytes. A frame's leaf data is the whole frame. The opener is what a frame's key can't
 * be made without, whoever holds the epoch key: a place that forgets it has forgotten the op
 * (decision 0037). Openers stand in no log and in no error. */
#ifndef DBK_CRYPTO_SEGMENT_H
#define DBK_CRYPTO_SEGMENT_H

#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/crypto/tree.h"

#define DBK_SEGMENT_HEADER_BYTES 300u
#define DBK_SEGMENT_CORE_BYTES 236u
#define DBK_SEGMENT_AAD_BYTES 200u
#define DBK_SEGMENT_OPS_MAX 64u
#define DBK_SEGMENT_BODY_BYTES_MAX (64u * 1024u)
#define DBK_FRAME_HEAD_BYTES 5u
#define DBK_FRAME_TAG_OP 1u           /* the op's own key, by its opener: core/seal/sealer.h */
#define DBK_FRAME_TAG_DROP 2u         /* sealed to the epoch's drop key: core/seal/drop.h */
#define DBK_FRAME_OPENER_BYTES 16u    /* with tag 1 */
#define DBK_FRAME_EPHEMERAL_BYTES 32u /* with tag 2: a public key */

typedef struct dbk_header {
    uint16_t count;
    dbk_id space, feed, incarnation;
    uint64_t first_seq;
    dbk_hash prev;
    dbk_id key_id;
    dbk_hash members_seen;
    uint64_t checkpoint_size;
    dbk_hash checkpoint_root;
    uint8_t salt[16];
    dbk_hash op_root;
    uint32_t body_len;
    dbk_sig sig;
} dbk_header;

/* Fills the first 200 bytes: what op sealing binds, before op_root is known. */
void dbk_header_aad(uint8_t out[DBK_SEGMENT_AAD_BYTES], const dbk_header *h);
void dbk_header_encode(uint8_t out[DBK_SEGMENT_HEADER_BYTES], const dbk_header *h);
/* Strict: magic, version and suite (DBK_VERSION if newer), count, seqs (the last one fits 63
 * bits), zero rules (also: no id is zero), lengths. Does not check the signature. *out zeroed on
 * failure. */
DBK_MUST_CHECK dbk_rc dbk_header_decode(dbk_header *out, dbk_span in, dbk_err *err);
dbk_hash dbk_header_hash(const dbk_header *h); /* "daybook/segment-header/1" over the core */
/* Signs h->sig over the core. */
void dbk_header_sign(dbk_header *h, const dbk_secret *device_sign);
/* DBK_AUTH when the signature is not the device's. */
DBK_MUST_CHECK dbk_rc dbk_header_verify(const dbk_header *h, const dbk_sign_pk *device,
                                        dbk_err *err);
static inline uint64_t dbk_header_last_seq(const dbk_header *h)
{
    return h->first_seq + h->count - 1;
}

/* One frame of a body, borrowed. */
typedef struct dbk_frame {
    uint8_t key_tag;
    dbk_span sealed; /* all behind the head, opener and op */
    dbk_span whole;
} dbk_frame;
/* The first bytes of what is sealed. Of a frame that is shorter than its opener, or of a kind that
 * this version doesn't know, all of them: what isn't known to be forgettable has to go as a whole.
 */
dbk_span dbk_frame_opener(const dbk_frame *frame);
/* Splits a body into h->count frames that fill it exactly, each at least 1 byte sealed. */
DBK_MUST_CHECK dbk_rc dbk_body_split(dbk_frame frames[DBK_SEGMENT_OPS_MAX], const dbk_header *h,
                                     dbk_span body, dbk_err *err);
/* The op root over frames. */
dbk_hash dbk_frames_root(const dbk_frame *frames, size_t count);
/* Split, then the op root over the frames equals the header's: DBK_AUTH otherwise. */
DBK_MUST_CHECK dbk_rc dbk_body_check(const dbk_header *h, dbk_span body, dbk_err *err);
/* The log's leaf: leaf hash of receipt time (u64, Unix ms) || header hash (32). */
dbk_hash dbk_log_leaf(uint64_t receipt_ms, const dbk_hash *header_hash);

/* The relay's signed word that a segment is durable. Signed, label "daybook/receipt/1":
 * org (16) || space (16) || log incarnation (16) || index (u64) || receipt ms (u64) ||
 * header hash (32). */
typedef struct dbk_receipt {
    dbk_id log;     /* incarnation of the log */
    uint64_t index; /* from 0 */
    uint64_t receipt_ms;
    dbk_sig sig;
} dbk_receipt;
typedef struct dbk_receipt_scope {
    dbk_id org, space;
    dbk_hash header_hash;
} dbk_receipt_scope;
void dbk_receipt_sign(dbk_receipt *r, const dbk_receipt_scope *scope, const dbk_secret *relay_sk);
bool dbk_receipt_verify(const dbk_receipt *r, const dbk_receipt_scope *scope,
                        const dbk_sign_pk *relay);

#endif
