/* core/seal/invite.h - enrolment by a one-time secret that the relay never sees.
 * Invite text: "daybook-invite-1." || base64url(CBOR map) with exactly: 1 relay URL (text,
 * printable ASCII), 2 TLS pin (SHA-256 of SPKI, 32), 3 org root key, 4 relay checkpoint key, 5
 * invite id (16), 6 secret (32), 7 role, 8 expiry ms; perhaps 9: the TLS pins
 * of keys that the relay may have later (array of 1..4, 32 each, ascending). Join request: nonce
 * (24) || XChaCha20-Poly1305 under H("daybook/join/1", secret), AAD = prefix "daybook/join-aad/1"
 * || invite id || org, of CBOR { 1: keys (as in roster.h), 2: name (text), 3: [ sig by sign, sig by
 * request, ? sig by admin ] }; each sig has label "daybook/join-proof/1" over invite id || org ||
 * CBOR { 1: keys, 2: name }. Only a holder of the secret can make one, so a relay can't swap keys
 * (security.md R7, R26); and the device has each key that it shows. */
#ifndef DBK_SEAL_INVITE_H
#define DBK_SEAL_INVITE_H

#include "core/crypto/roster.h"
#include "core/base/cbor.h"
#include "core/base/env.h"

#define DBK_URL_BYTES_MAX 512u
#define DBK_PINS_MAX 4u
#define DBK_INVITE_TEXT_BYTES_MAX 2048u
#define DBK_JOIN_BYTES_MAX 4096u

/* Backup pins: SHA-256 of the SPKI of TLS keys that the relay may have later. */
typedef struct dbk_pins {
    uint8_t pin[DBK_PINS_MAX][32];
    size_t count;
} dbk_pins;
/* An array of 1..4, ascending, as an invite and a book's link keep it. */
void dbk_pins_put(dbk_cbor_out *o, const dbk_pins *pins);
void dbk_pins_get(dbk_cbor *c, dbk_pins *pins); /* anything else: c has failed */
bool dbk_pins_has(const dbk_pins *pins, const uint8_t pin[32]);
/* In its order; once only. DBK_LIMIT: there are four already. */
DBK_MUST_CHECK dbk_rc dbk_pins_add(dbk_pins *pins, const uint8_t pin[32], dbk_err *err);

typedef struct dbk_invite {
    char relay_url[DBK_URL_BYTES_MAX + 1];
    uint8_t tls_pin[32];
    dbk_pins backup;
    dbk_sign_pk root, relay;
    dbk_id id;
    dbk_secret *secret; /* owned */
    dbk_role role;
    uint64_t expires_ms;
} dbk_invite; /* { 0 } is empty */

/* Fills id and secret; the caller has set the rest. */
DBK_MUST_CHECK dbk_rc dbk_invite_new(dbk_invite *invite, const dbk_env *env, dbk_err *err);
void dbk_invite_wipe(dbk_invite *invite);
DBK_MUST_CHECK dbk_rc dbk_invite_print(dbk_bytes *out, const dbk_invite *invite, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_invite_parse(dbk_invite *out, dbk_span text, dbk_err *err);

typedef struct dbk_join {
    dbk_device_keys keys;
    char name[129]; /* what the device calls itself; the admin's --name wins */
} dbk_join;
typedef struct dbk_join_secrets {
    const dbk_secret *sign, *request, *admin; /* admin may be NULL */
} dbk_join_secrets;
DBK_MUST_CHECK dbk_rc dbk_join_seal(dbk_bytes *out, const dbk_join *join, const dbk_invite *invite,
                                    const dbk_join_secrets *secrets, const dbk_env *env,
                                    dbk_err *err);
/* Needs only the invite's id, secret and root. DBK_AUTH if it isn't from a holder of the secret. */
DBK_MUST_CHECK dbk_rc dbk_join_open(dbk_join *out, dbk_span in, const dbk_invite *invite,
                                    dbk_err *err);

#endif
