/* core/seal/slots.h - the store key, wrapped by key slots in one small MACed file (docs/FORMAT.md
 * "Slot file"): passphrase slots (Argon2id) now; recovery and TPM slots have their kinds and
 * room. Pure: bytes in, bytes out; the journal reads and writes the file.
 * File, 24 + 140 a slot + 32 bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKK"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    1  SQLCipher's compatibility version = 4
 *        7    1  slot count, 1..8
 *        8    8  generation, from 1
 *       16    4  SQLCipher's page size = 4096
 *       20    4  zero
 *       24  140  each slot
 *      end   32  MAC: keyed BLAKE2b-256, key = H("daybook/slot-mac/1", store key), over prefix
 *                "daybook/slot-file/1" || all before it
 * Slot:
 *        0    1  kind: 1 passphrase, 2 recovery (reserved), 3 TPM (reserved)
 *        1    3  zero
 *        4    8  Argon2id passes
 *       12    8  Argon2id memory, bytes
 *       20   16  salt
 *       36   24  nonce
 *       60   48  the store key, XChaCha20-Poly1305 under H("daybook/slot-kek/1", Argon2id output),
 *                AAD = prefix "daybook/slot/1" || slot bytes 0..35
 *      108   32  commitment = H("daybook/slot-commitment/1", Argon2id output): compared before the
 *                AEAD, so that no slot can be made to answer to two passphrases (R24) */
#ifndef DBK_SEAL_SLOTS_H
#define DBK_SEAL_SLOTS_H

#include "core/crypto/secret.h"

#define DBK_SLOTS_MAX 8u
#define DBK_SLOTS_BYTES_MAX 4096u
/* Floor and ceiling of Argon2id: outside them a file is refused before any work (A03). */
#define DBK_KDF_MEM_FLOOR_BYTES (64u * 1024u * 1024u)
#define DBK_KDF_MEM_CEILING_BYTES (1024u * 1024u * 1024u)
#define DBK_KDF_OPS_FLOOR 2u
#define DBK_KDF_OPS_CEILING 8u

typedef struct dbk_kdf_cost {
    uint64_t ops;
    uint64_t mem_bytes;
} dbk_kdf_cost;
/* Default: 64 MiB, 3 passes until calibration (the next issue). */
#define DBK_KDF_COST_DEFAULT        \
    {                               \
        3u, DBK_KDF_MEM_FLOOR_BYTES \
    }

/* A new file with one passphrase slot around a new random store key (32 bytes). */
DBK_MUST_CHECK dbk_rc dbk_slots_create(dbk_bytes *file, dbk_secret **store_key,
                                       const dbk_secret *passphrase, const dbk_kdf_cost *cost,
                                       const dbk_env *env, dbk_err *err);
/* DBK_PASSPHRASE: no slot opens with it. DBK_DAMAGED: a slot opened but the MAC is wrong, or the
 * bytes are malformed; DBK_LIMIT: costs outside floor and ceiling; DBK_VERSION: a newer file. */
DBK_MUST_CHECK dbk_rc dbk_slots_open(dbk_secret **store_key, dbk_span file,
                                     const dbk_secret *passphrase, dbk_err *err);
/* Rewraps the same store key under a new passphrase; generation + 1. */
typedef struct dbk_slots_change {
    const dbk_secret *old_passphrase, *new_passphrase;
} dbk_slots_change;
DBK_MUST_CHECK dbk_rc dbk_slots_rewrap(dbk_bytes *file, dbk_span old_file,
                                       const dbk_slots_change *change, const dbk_kdf_cost *cost,
                                       const dbk_env *env, dbk_err *err);

#endif
