/* core/seal/label.h - names of officers, devices and spaces inside the membership chain, sealed
 * so that the relay never reads them.
 * Sealed: key id (16) || nonce (24) || XChaCha20-Poly1305 of text length (u16) || text || zeros up
 * to a multiple of 64; key = H("daybook/label-key/1", epoch key), AAD = prefix "daybook/label/1"
 * || org || id of what is named || key id. */
#ifndef DBK_SEAL_LABEL_H
#define DBK_SEAL_LABEL_H

#include "core/seal/keyring.h"
#include "core/base/env.h"

#define DBK_LABEL_TEXT_BYTES_MAX 256u

typedef struct dbk_label_scope {
    dbk_id org;
    dbk_id subject; /* device or space id */
} dbk_label_scope;
/* DBK_LIMIT over the cap, DBK_INVALID when it isn't UTF-8. */
DBK_MUST_CHECK dbk_rc dbk_label_seal(dbk_bytes *out, dbk_span text, const dbk_label_scope *scope,
                                     const dbk_secret *epoch_key, const dbk_env *env, dbk_err *err);
/* space: under whose keys it is sealed. DBK_PENDING when that key isn't held; DBK_AUTH,
 * DBK_FORMAT. */
DBK_MUST_CHECK dbk_rc dbk_label_open(dbk_bytes *text, dbk_span sealed, const dbk_label_scope *scope,
                                     const dbk_id *space, const dbk_keyring *keys, dbk_err *err);

#endif
