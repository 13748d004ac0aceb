/* core/seal/keyring.h - the epoch keys that this device holds, found by key id only: exactly one
 * key is ever tried (R24). Keys are add-only (lesson 1.21). */
#ifndef DBK_SEAL_KEYRING_H
#define DBK_SEAL_KEYRING_H

#include "core/crypto/secret.h"
#include "core/base/id.h"

#define DBK_KEYRING_KEYS_MAX 65536u

typedef struct dbk_keyring dbk_keyring;
DBK_MUST_CHECK dbk_rc dbk_keyring_new(dbk_keyring **out, dbk_err *err);
void dbk_keyring_free(dbk_keyring *k);
/* Takes the secret, on success only. The same key again is nothing; DBK_CONFLICT: another key with
 * that id, or of that epoch; DBK_AUTH: the id isn't the key's; DBK_LIMIT. */
typedef struct dbk_key_entry {
    dbk_id space;
    uint64_t epoch;
    dbk_id key_id;
} dbk_key_entry;
DBK_MUST_CHECK dbk_rc dbk_keyring_add_take(dbk_keyring *k, const dbk_key_entry *entry,
                                           dbk_secret **key, dbk_err *err);
/* NULL: not held, or held for another space. */
const dbk_secret *dbk_keyring_find(const dbk_keyring *k, const dbk_id *space, const dbk_id *key_id);
/* The key of the space's greatest epoch; NULL: none. *entry is filled if not NULL. */
const dbk_secret *dbk_keyring_current(const dbk_keyring *k, const dbk_id *space,
                                      dbk_key_entry *entry);

#endif
