/* core/crypto/sign.h - Ed25519 with a label in every message.
 * Signed message: label length (u8) || label || suite (u8) || message. What is longer than
 * DBK_SIGN_MESSAGE_BYTES_MAX is signed by its labelled hash. Separate keys per purpose:
 * device-sign, request-auth, org-root, admin, relay-checkpoint, witness.
 * dbk_sign_raw / dbk_verify_raw leave the label out, for formats that others define and that
 * carry their own context (C2SP checkpoints, RFC 9421). */
#ifndef DBK_CRYPTO_SIGN_H
#define DBK_CRYPTO_SIGN_H

#include "core/base/id.h"
#include "core/crypto/secret.h"

#define DBK_SIGN_PK_BYTES 32u
#define DBK_SIG_BYTES 64u

typedef struct dbk_sign_pk {
    uint8_t b[DBK_SIGN_PK_BYTES];
} dbk_sign_pk;
typedef struct dbk_sig {
    uint8_t b[DBK_SIG_BYTES];
} dbk_sig;

/* The secret is libsodium's 64 bytes (seed || public key). */
DBK_MUST_CHECK dbk_rc dbk_sign_keypair(dbk_sign_pk *pk, dbk_secret **sk, const dbk_env *env,
                                       dbk_err *err);
void dbk_sign_pk_of(dbk_sign_pk *pk, const dbk_secret *sk);
/* A point of the main subgroup, canonical: to be checked once when a key is enrolled (R13). */
bool dbk_sign_pk_valid(const dbk_sign_pk *pk);

#define DBK_SIGN_MESSAGE_BYTES_MAX 4096u
/* A longer message is a broken program. */
void dbk_sign(dbk_sig *out, const char *label, dbk_span message, const dbk_secret *sk);
/* Canonical S; R without a part of small order, whatever equation the library uses (R13); false
 * for anything else. The key was checked when it was enrolled. */
bool dbk_verify(const dbk_sig *sig, const char *label, dbk_span message, const dbk_sign_pk *pk);
void dbk_sign_raw(dbk_sig *out, dbk_span message, const dbk_secret *sk);
bool dbk_verify_raw(const dbk_sig *sig, dbk_span message, const dbk_sign_pk *pk);

#endif
