/* core/seal/label.h - names of officers, devices and spaces inside the membership chain, sealed
 * so that the relay never reads them: key id (16) || nonce (24) || ciphertext padded to a
 * multiple of 64. AAD binds org and the id of what is named. */
#ifndef DBK_SEAL_LABEL_H
#define DBK_SEAL_LABEL_H

#include "core/seal/keyring.h"
#include "core/base/env.h"

#define DBK_LABEL_TEXT_BYTES_MAX 256u

typedef struct dbk_label_scope {
    dbk_id org;
    dbk_id subject; /* device or space id */
} dbk_label_scope;
DBK_MUST_CHECK dbk_rc dbk_label_seal(dbk_bytes *out, dbk_span text, const dbk_label_scope *scope,
                                     const dbk_secret *epoch_key, const dbk_env *env,
                                     dbk_err *err);
/* space: under whose keys it is sealed. DBK_PENDING when that key isn't held. */
DBK_MUST_CHECK dbk_rc dbk_label_open(dbk_bytes *text, dbk_span sealed,
                                     const dbk_label_scope *scope, const dbk_id *space,
                                     const dbk_keyring *keys, dbk_err *err);

#endif
