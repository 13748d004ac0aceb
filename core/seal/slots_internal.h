/* core/seal/slots_internal.h - inside slots: one slot of a kind, as its 140 bytes. Not for others.
 * slots.c: the file around them. slot_passphrase.c, slot_recovery.c: the kinds. */
#ifndef DBK_SEAL_SLOTS_INTERNAL_H
#define DBK_SEAL_SLOTS_INTERNAL_H

#include "core/seal/slots.h"

#define DBK_SLOT_BYTES 140u
#define DBK_SLOT_STORE_KEY_BYTES 32u

enum { DBK_SLOT_PASSPHRASE = 1, DBK_SLOT_RECOVERY = 2, DBK_SLOT_TPM = 3 };

typedef struct dbk_slot {
    uint8_t b[DBK_SLOT_BYTES]; /* b[0] is the kind */
} dbk_slot;

/* What a slot is opened with. */
typedef struct dbk_slot_with {
    const dbk_secret *secret;
    const dbk_factor *factor; /* NULL: none at hand */
    dbk_span blob;            /* the factor's, of this file */
} dbk_slot_with;

/* check: form and cost, before any work. fill: with a salt, nonce or key of its own. open:
 * DBK_PASSPHRASE when the slot is another's, DBK_DAMAGED when it was changed. */
DBK_MUST_CHECK dbk_rc dbk_kdf_check(const dbk_kdf_cost *cost, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_slot_passphrase_check(const dbk_slot *s, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_slot_passphrase_fill(dbk_slot *s, const dbk_secret *store_key,
                                               const dbk_secret *passphrase,
                                               const dbk_kdf_cost *cost, const dbk_env *env,
                                               dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_slot_passphrase_open(dbk_secret **store_key, const dbk_slot *s,
                                               const dbk_slot_with *with, dbk_err *err);
/* Of kind 3: the factor keeps a new secret for the passphrase; *blob is what finds it again. */
DBK_MUST_CHECK dbk_rc dbk_slot_tpm_fill(dbk_slot *s, dbk_bytes *blob, const dbk_secret *store_key,
                                        const dbk_unlock *with, const dbk_kdf_cost *cost,
                                        const dbk_env *env, dbk_err *err);

DBK_MUST_CHECK dbk_rc dbk_slot_recovery_check(const dbk_slot *s, dbk_err *err);
dbk_recovery_to dbk_slot_recovery_to(const dbk_slot *s);
DBK_MUST_CHECK dbk_rc dbk_slot_recovery_fill(dbk_slot *s, const dbk_secret *store_key,
                                             const dbk_recovery_to *to, const dbk_env *env,
                                             dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_slot_recovery_open(dbk_secret **store_key, const dbk_slot *s,
                                             const dbk_slot_with *with, dbk_err *err);

#endif
