/* core/seal/slots.h - the store key, wrapped by key slots in one small MACed file (docs/FORMAT.md
 * "Slot file"): under a passphrase (Argon2id), and for headquarters' recovery key. Pure: bytes in,
 * bytes out; the journal reads and writes the file.
 * File, 24 + 140 a slot + the blob + 32 bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKK"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    1  SQLCipher's compatibility version = 4
 *        7    1  slot count, 1..8
 *        8    8  generation, from 1
 *       16    4  SQLCipher's page size = 4096
 *       20    2  zero
 *       22    2  length of the factor's blob: 1..1024 with a slot of kind 3, else 0
 *       24  140  each slot: kind (1), zero (3), then by kind
 *        .    n  the factor's blob
 *      end   32  MAC: keyed BLAKE2b-256, key = H("daybook/slot-mac/1", store key), over prefix
 *                "daybook/slot-file/1" || all before it
 * Slot of kind 1, passphrase:
 *        4    8  Argon2id passes
 *       12    8  Argon2id memory, bytes
 *       20   16  salt
 *       36   24  nonce
 *       60   48  the store key, XChaCha20-Poly1305 under H("daybook/slot-kek/1", Argon2id output),
 *                AAD = prefix "daybook/slot/1" || slot bytes 0..35
 *      108   32  commitment = H("daybook/slot-commitment/1", Argon2id output): compared before the
 *                AEAD, so that no slot can be made to answer to two passphrases (R24)
 * Slot of kind 2, recovery, at most one:
 *        4   32  the recovery key, X25519
 *       36   32  ephemeral X25519 public key
 *       68   48  the store key, XChaCha20-Poly1305 with nonce zero under
 *                H("daybook/recovery-kek/1", shared || ephemeral || recovery key), AAD = prefix
 *                "daybook/recovery-slot/1" || slot bytes 0..67 || 116..139
 *      116   16  device
 *      132    8  zero
 * Slot of kind 3, a passphrase and a second factor (a TPM), at most one: as kind 1, but the key is
 * H("daybook/tpm-kek/1", Argon2id output || the factor's secret), the commitment the same with
 * "daybook/tpm-commitment/1"; the factor gives its secret for H("daybook/tpm-auth/1", Argon2id
 * output). What the factor needs to find it stands behind the slots; no store has a factor alone.
 */
#ifndef DBK_SEAL_SLOTS_H
#define DBK_SEAL_SLOTS_H

#include "core/base/id.h"
#include "core/crypto/secret.h"
#include "core/seal/factor.h"
#include "core/seal/kdf.h"

#define DBK_SLOTS_MAX 8u
#define DBK_SLOTS_BYTES_MAX 4096u

/* A new file with one passphrase slot around a new random store key (32 bytes). */
DBK_MUST_CHECK dbk_rc dbk_slots_create(dbk_bytes *file, dbk_secret **store_key,
                                       const dbk_secret *passphrase, const dbk_kdf_cost *cost,
                                       const dbk_env *env, dbk_err *err);
typedef struct dbk_unlock {
    const dbk_secret *passphrase;
    const dbk_factor *factor; /* NULL: none at hand */
} dbk_unlock;
/* DBK_PASSPHRASE: no slot opens with it. DBK_NOT_FOUND, DBK_PENDING: the factor that it needs isn't
 * there, or refuses. DBK_DAMAGED: a slot opened but the MAC is wrong, or the
 * bytes are malformed; DBK_LIMIT: costs outside floor and ceiling; DBK_VERSION: a newer file. */
DBK_MUST_CHECK dbk_rc dbk_slots_open(dbk_secret **store_key, dbk_span file, const dbk_unlock *with,
                                     dbk_err *err);

/* Each of these appends a file of the next generation, or nothing.
 * Rewraps the same store key under a new passphrase. */
typedef struct dbk_slots_change {
    const dbk_secret *old_passphrase, *new_passphrase;
    const dbk_factor *old_factor; /* NULL: none at hand */
    const dbk_factor *new_factor; /* NULL: from now on without one */
} dbk_slots_change;
DBK_MUST_CHECK dbk_rc dbk_slots_rewrap(dbk_bytes *file, dbk_span old_file,
                                       const dbk_slots_change *change, const dbk_kdf_cost *cost,
                                       const dbk_env *env, dbk_err *err);

/* Whom the recovery slot is for, and whose store it opens. */
typedef struct dbk_recovery_to {
    uint8_t key[32]; /* zero: there is no such slot */
    dbk_id device;
} dbk_recovery_to;
/* Whoever has the store open may do these; DBK_DAMAGED when the MAC isn't made with store_key.
 * put_recovery: in place of a recovery slot that is there; a key of zero takes it away. */
DBK_MUST_CHECK dbk_rc dbk_slots_put_recovery(dbk_bytes *file, dbk_span old_file,
                                             const dbk_secret *store_key, const dbk_recovery_to *to,
                                             const dbk_env *env, dbk_err *err);
/* One new passphrase instead of all that were. */
DBK_MUST_CHECK dbk_rc dbk_slots_reset(dbk_bytes *file, dbk_span old_file,
                                      const dbk_secret *store_key, const dbk_secret *passphrase,
                                      const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err);
/* A new store key, under what opens the old file and for the same recovery key. */
DBK_MUST_CHECK dbk_rc dbk_slots_rekey(dbk_bytes *file, dbk_secret **new_key, dbk_span old_file,
                                      const dbk_unlock *with, const dbk_kdf_cost *cost,
                                      const dbk_env *env, dbk_err *err);

/* What a file says without a secret: believed only where the store is open. */
typedef struct dbk_slots_look {
    uint64_t generation;
    size_t passphrases; /* slots of a passphrase alone */
    bool has_factor;
    dbk_recovery_to recovery;
} dbk_slots_look;
DBK_MUST_CHECK dbk_rc dbk_slots_look_at(dbk_slots_look *out, dbk_span file, dbk_err *err);
/* The same, proved: DBK_DAMAGED when the MAC isn't made with store_key. */
DBK_MUST_CHECK dbk_rc dbk_slots_look_own(dbk_slots_look *out, dbk_span file,
                                         const dbk_secret *store_key, dbk_err *err);
/* DBK_PASSPHRASE: no recovery slot for this key. Else as dbk_slots_open. */
DBK_MUST_CHECK dbk_rc dbk_slots_recover(dbk_secret **store_key, dbk_span file,
                                        const dbk_secret *recovery_key, dbk_err *err);

#endif
