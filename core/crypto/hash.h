/* core/crypto/hash.h - BLAKE2b-256 with a label in every hash (security.md R14).
 * Input of every hash: label length (u8) || label || suite (u8) || the parts, as the caller
 * lays them out. A label is a constant of docs/FORMAT.md section "Labels". */
#ifndef DBK_CRYPTO_HASH_H
#define DBK_CRYPTO_HASH_H

#include "core/base/id.h"

#define DBK_SUITE_1 1u /* BLAKE2b-256, Ed25519, X25519, XChaCha20-Poly1305, Argon2id */

/* Must be called once, before any other thread and before anything of crypto or seal. DBK_IO if
 * libsodium can't start, or judges signatures and keys otherwise than every other device does
 * (security.md R13: a library that differs could be made to split the devices). */
DBK_MUST_CHECK dbk_rc dbk_crypto_init(dbk_err *err);

/* label length (u8) || label || suite (u8): the first bytes of every hash, of every signed
 * message and of every AEAD's associated data. Returns their count. */
#define DBK_LABEL_BYTES_MAX 62u
#define DBK_PREFIX_BYTES_MAX (DBK_LABEL_BYTES_MAX + 2u)
size_t dbk_label_prefix(uint8_t out[DBK_PREFIX_BYTES_MAX], const char *label);

typedef struct dbk_hasher {
    unsigned char state[384]; /* libsodium's crypto_generichash_state, checked to fit, aligned */
} __attribute__((aligned(64))) dbk_hasher;
void dbk_hasher_init(dbk_hasher *h, const char *label);
void dbk_hasher_add(dbk_hasher *h, dbk_span part);
dbk_hash dbk_hasher_end(dbk_hasher *h);

dbk_hash dbk_hash_of(const char *label, dbk_span data);
/* The first 16 bytes of dbk_hash_of: device, feed and key ids. */
dbk_id dbk_hash_id(const char *label, dbk_span data);

dbk_id dbk_device_id(const uint8_t sign_pk[32], const uint8_t kem_pk[32]);
dbk_id dbk_feed_id(const dbk_id *device, const dbk_id *space, const dbk_id *incarnation);

/* SHA-256 without a label, for formats that others define (RFC 9530, C2SP key ids, SPKI pins). */
void dbk_sha256(uint8_t out[32], dbk_span data);

/* Constant time. */
bool dbk_equal_ct(dbk_span a, dbk_span b);

#endif
