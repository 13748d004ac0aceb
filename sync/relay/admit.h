/* sync/relay/admit.h - who asks, and is this request a new one: devices by the hash of their
 * request key, and the nonces that make every signed request good for once.
 * Nonce text: base64url of ( counter u64 || 16 bytes of a keyed BLAKE2b over key hash and counter
 * ). The key is random at every start, so nonces of an earlier run, of another relay or of another
 * device are nothing here. Each device has a window: the highest counter it used, and which of the
 * 63 below it. A stranger's key hash gets nonces of the same look, so that nobody learns from them
 * who is a member.
 * Threads: all calls are safe at any time, except that learn and forget have one caller. */
#ifndef DBK_RELAY_ADMIT_H
#define DBK_RELAY_ADMIT_H

#include "core/base/env.h"
#include "core/crypto/roster.h"
#include "sync/engine/httpsig.h"

#define DBK_NONCE_TEXT_LEN 32u /* 24 bytes */
#define DBK_NONCE_WINDOW 64u
#define DBK_KEY_HASH_BYTES 16u

typedef struct dbk_admit dbk_admit;

DBK_MUST_CHECK dbk_rc dbk_admit_new(dbk_admit **out, const dbk_env *env, dbk_err *err);
void dbk_admit_free(dbk_admit *a);

/* Adds the devices of the roster that are not known yet, in its order. */
DBK_MUST_CHECK dbk_rc dbk_admit_learn(dbk_admit *a, const dbk_roster *roster, dbk_err *err);
/* Forgets all devices, but not which nonces they used, in their order: for a roster that is
 * built anew. */
void dbk_admit_forget(dbk_admit *a);
/* The device's place in the roster's order of enrolment; false: a stranger. */
bool dbk_admit_find(dbk_admit *a, const uint8_t key_hash[DBK_KEY_HASH_BYTES], size_t *device);

/* A fresh nonce for this key hash. */
void dbk_admit_nonce(dbk_admit *a, char out[DBK_NONCE_TEXT_LEN + 1],
                     const uint8_t key_hash[DBK_KEY_HASH_BYTES]);
/* Ours, for this key hash, and (of a known device) not used yet: worth a signature check. */
bool dbk_admit_check(dbk_admit *a, const dbk_http_claim *claim);
/* After the signature held: uses the nonce up. false: another request was faster. */
bool dbk_admit_use(dbk_admit *a, const dbk_http_claim *claim);

#endif
