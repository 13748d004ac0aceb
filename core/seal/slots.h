/* core/seal/slots.h - the store key, wrapped by key slots in one small MACed file (docs/FORMAT.md
 * "Slot file"): passphrase slots (Argon2id) now; recovery and TPM slots have their kinds and
 * room. Pure: bytes in, bytes out; the journal reads and writes the file.
 * File: magic "DBKK", version, suite, generation (u64), SQLCipher parameters (page size, compat
 * version), slot count, slots of fixed size (kind, opslimit, memlimit, salt 16, nonce 24,
 * wrapped key 48, commitment 32), then MAC 32 = keyed BLAKE2b under H("daybook/slot-mac/1",
 * store key) over all before it. */
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
#define DBK_KDF_COST_DEFAULT { 3u, DBK_KDF_MEM_FLOOR_BYTES }

/* A new file with one passphrase slot around a new random store key (32 bytes). */
DBK_MUST_CHECK dbk_rc dbk_slots_create(dbk_bytes *file, dbk_secret **store_key,
                                       const dbk_secret *passphrase, const dbk_kdf_cost *cost,
                                       const dbk_env *env, dbk_err *err);
/* DBK_PASSPHRASE: no slot opens with it. DBK_DAMAGED: a slot opened but the MAC is wrong, or the
 * bytes are malformed; DBK_LIMIT: costs outside floor and ceiling. */
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
