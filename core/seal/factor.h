/* core/seal/factor.h - a second factor beside a passphrase: something that keeps a secret and gives
 * it out to whoever shows the right authorisation, and to nobody after too many wrong ones. */
#ifndef DBK_SEAL_FACTOR_H
#define DBK_SEAL_FACTOR_H

#include "core/crypto/secret.h"

#define DBK_FACTOR_SECRET_BYTES 32u /* and of an authorisation */
#define DBK_FACTOR_BLOB_BYTES_MAX 1024u

typedef struct dbk_factor {
    /* Keeps the secret for this authorisation; appends what finds it again. */
    dbk_rc (*keep)(void *self, dbk_bytes *blob, const dbk_secret *secret, const dbk_secret *auth,
                   dbk_err *err);
    /* DBK_PASSPHRASE: not for this authorisation. DBK_NOT_FOUND: it isn't the one that kept it, or
     * there is none. DBK_PENDING: too many wrong ones; the text says so. *secret is the caller's.
     */
    dbk_rc (*give)(void *self, dbk_secret **secret, dbk_span blob, const dbk_secret *auth,
                   dbk_err *err);
    void *self;
} dbk_factor;

#endif
