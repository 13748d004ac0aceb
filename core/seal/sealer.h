/* core/seal/sealer.h - op plaintext <-> sealed frame: compress, pad, encrypt; and back.
 * Before the AEAD: encoding (u8: 0 stored, 1 zstd, 2 zstd with dictionary notes-1) || length of
 * data (u32) || data || zeros up to the padded size, which is Padme(max(5 + length, 256)) and is
 * checked on opening, as are the zeros.
 * zstd: one frame with its content size, which is checked before it is opened; no checksum.
 * Each op is sealed under a key of its own, H("daybook/op-key/1", epoch key || opener), where the
 * opener is 16 random bytes that stand before the sealed op (tag 1): who has the epoch key but not
 * the opener opens nothing (decision 0037). A writer's frame (tag 2) holds an ephemeral public key
 * (32) in its place: core/seal/drop.h.
 * AEAD: XChaCha20-Poly1305; nonce = header salt (16) || op index (u64); AAD = prefix
 * "daybook/op/1" || header bytes 0..199 || op index (u32). */
#ifndef DBK_SEAL_SEALER_H
#define DBK_SEAL_SEALER_H

#include "core/crypto/segment.h"
#include "core/crypto/secret.h"

#define DBK_SEAL_PLAIN_BYTES_MAX (60u * 1024u) /* of one op; sealed it fits a segment's body */

typedef struct dbk_sealer dbk_sealer; /* compression contexts and buffers, for reuse */
DBK_MUST_CHECK dbk_rc dbk_sealer_new(dbk_sealer **out, dbk_err *err);
void dbk_sealer_free(dbk_sealer *s);

/* Seals header->count plaintexts into a whole segment: the caller fills header's space ..
 * checkpoint_root, and salt: random, never twice with one key (R9), never zero; this fills key_id,
 * op_root, body_len and sig, and appends the frames to body. DBK_LIMIT when a plaintext is over
 * its cap or the body would pass 64 KiB: then nothing is appended and header is as it was.
 * DBK_INVALID: drop is no proper key. */
typedef struct dbk_seal_keys {
    const dbk_secret *epoch_key; /* NULL: sealed to drop, which whoever seals can't open again */
    dbk_id key_id;               /* of the epoch, in both cases */
    const dbk_secret *device_sign;
    const uint8_t *drop; /* of the epoch, 32 bytes */
    const dbk_env *env;  /* the source of openers */
} dbk_seal_keys;
DBK_MUST_CHECK dbk_rc dbk_seal_segment(dbk_sealer *s, dbk_header *header, dbk_bytes *body,
                                       const dbk_span *plain, const dbk_seal_keys *keys,
                                       dbk_err *err);
/* The same of ops as dbk_open_packed() gives them. */
DBK_MUST_CHECK dbk_rc dbk_seal_packed(dbk_sealer *s, dbk_header *header, dbk_bytes *body,
                                      const dbk_span *packed, const dbk_seal_keys *keys,
                                      dbk_err *err);
/* An upper bound of the frame bytes that a plaintext of this length takes. */
size_t dbk_seal_frame_bound(size_t plain_len);
/* Opens op `index` of a body that was split and checked against the header already. Appends
 * the plaintext to out. DBK_AUTH (also: the key isn't the one that the header names), DBK_FORMAT
 * (bad padding, over the cap, zip bomb, key tag 0, no opener), DBK_VERSION (a key tag or encoding
 * of a newer version). */
DBK_MUST_CHECK dbk_rc dbk_open_frame(dbk_sealer *s, dbk_bytes *out, const dbk_header *header,
                                     const dbk_frame *frame, uint32_t index,
                                     const dbk_secret *epoch_key, dbk_err *err);
/* The same, but what comes out is still compressed and padded: to be sealed again, without a look
 * at what is inside. */
DBK_MUST_CHECK dbk_rc dbk_open_packed(dbk_sealer *s, dbk_bytes *out, const dbk_header *header,
                                      const dbk_frame *frame, uint32_t index,
                                      const dbk_secret *epoch_key, dbk_err *err);
dbk_id dbk_key_id(const dbk_secret *epoch_key);

#endif
