/* core/seal/recipient.h - whom a referral is sealed to: a service outside of the organisation, with
 * a key of its own. One secret of 32 bytes (the store key of a slot file, core/seal/slots.h) is the
 * whole of it; two pairs follow from it:
 *   kem    X25519: as an epoch's drop key (core/seal/drop.h), with the secret in an epoch key's
 * place sign   Ed25519, seed = H("daybook/recipient-sign/1", secret) Its id =
 * H16("daybook/recipient/1", kem || sign): short enough to be read out on the telephone. Text:
 * "daybook-recipient-1." || base64url(kem (32) || sign (32) || first 4 bytes of
 * H("daybook/recipient-text/1", kem || sign)), so that a slip of a key is no other key. */
#ifndef DBK_SEAL_RECIPIENT_H
#define DBK_SEAL_RECIPIENT_H

#include "core/crypto/sign.h"

#define DBK_RECIPIENT_SECRET_BYTES 32u
#define DBK_RECIPIENT_TEXT_CHARS 111u

typedef struct dbk_recipient {
    uint8_t kem[32];
    dbk_sign_pk sign;
} dbk_recipient;

dbk_id dbk_recipient_id(const dbk_recipient *r);
/* The public halves, and *signer (the caller's) if it isn't NULL. */
DBK_MUST_CHECK dbk_rc dbk_recipient_of(dbk_recipient *out, dbk_secret **signer,
                                       const dbk_secret *secret, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_recipient_print(dbk_bytes *out, const dbk_recipient *r, dbk_err *err);
/* DBK_FORMAT: anything else. */
DBK_MUST_CHECK dbk_rc dbk_recipient_parse(dbk_recipient *out, dbk_span text, dbk_err *err);

#endif
