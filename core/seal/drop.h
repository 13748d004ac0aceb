/* core/seal/drop.h - sealing for those who hold a space's key, by one who doesn't: a shared tablet
 * that writes only (docs/decisions/0011-writers-seal-to-a-drop-key.md).
 * An epoch's drop key is an X25519 pair: the secret half follows from the epoch key, so whoever
 * holds that can open; the public half stands in the membership entry that began the epoch.
 *   secret = H("daybook/drop-seed/1", epoch key)
 *   frame's key = H("daybook/drop/1", shared secret || ephemeral public || drop public)
 * Each op gets an ephemeral pair of its own. Its secret half and the frame's key are wiped when the
 * op is sealed: from then on the writer can't open it either. */
#ifndef DBK_SEAL_DROP_H
#define DBK_SEAL_DROP_H

#include "core/base/env.h"
#include "core/crypto/secret.h"

#define DBK_DROP_PUBLIC_BYTES 32u /* also what a frame holds before the sealed op: an ephemeral */

/* The public half of an epoch key's pair. */
void dbk_drop_public(uint8_t out[DBK_DROP_PUBLIC_BYTES], const dbk_secret *epoch_key);
/* A new key for one frame, and the ephemeral public key that stands before it. DBK_INVALID: drop is
 * no proper public key. */
DBK_MUST_CHECK dbk_rc dbk_drop_seal(dbk_secret **key, uint8_t ephemeral[DBK_DROP_PUBLIC_BYTES],
                                    const uint8_t drop[DBK_DROP_PUBLIC_BYTES], const dbk_env *env,
                                    dbk_err *err);
/* The key of a frame that begins with this ephemeral. DBK_AUTH: it is no proper public key. */
DBK_MUST_CHECK dbk_rc dbk_drop_open(dbk_secret **key,
                                    const uint8_t ephemeral[DBK_DROP_PUBLIC_BYTES],
                                    const dbk_secret *epoch_key, dbk_err *err);

#endif
