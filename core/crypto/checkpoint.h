/* core/crypto/checkpoint.h - C2SP tlog-checkpoint signed notes.
 *
 *   daybook/<org hex>/<space hex>/<log incarnation hex>\n     the origin
 *   <size decimal>\n
 *   <root base64>\n
 *   \n
 *   — <signer name> <base64(key id 4 || signature 64)>\n      em dash U+2014, one line each
 *
 * The signature is plain Ed25519 over the text up to and with the newline before the blank
 * line, as C2SP signed-note says; the origin is the context. Signer names: "relay" here, and
 * "witness-<hex>" lines (cosignature/v1, the next issue) which are kept and passed on.
 * Key id: SHA-256(name || 0x0A || 0x01 || public key), first 4 bytes. */
#ifndef DBK_CRYPTO_CHECKPOINT_H
#define DBK_CRYPTO_CHECKPOINT_H

#include "core/crypto/sign.h"

#define DBK_CHECKPOINT_BYTES_MAX 2048u

typedef struct dbk_checkpoint {
    dbk_id org, space, log;
    uint64_t size;
    dbk_hash root;
} dbk_checkpoint;

DBK_MUST_CHECK dbk_rc dbk_checkpoint_sign(dbk_bytes *note, const dbk_checkpoint *c,
                                          const dbk_secret *relay_sk, dbk_err *err);
/* Strict parse and the relay's signature: DBK_FORMAT, DBK_AUTH. */
DBK_MUST_CHECK dbk_rc dbk_checkpoint_open(dbk_checkpoint *out, dbk_span note,
                                          const dbk_sign_pk *relay, dbk_err *err);

#endif
