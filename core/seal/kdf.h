/* core/seal/kdf.h - what a guess at a passphrase costs: Argon2id's passes and memory.
 * Floor and ceiling: outside them a slot is refused before any work (security.md R18, A03). */
#ifndef DBK_SEAL_KDF_H
#define DBK_SEAL_KDF_H

#include "core/base/err.h"

#define DBK_KDF_MEM_FLOOR_BYTES (64u * 1024u * 1024u)
#define DBK_KDF_MEM_CEILING_BYTES (1024u * 1024u * 1024u)
#define DBK_KDF_OPS_FLOOR 2u
#define DBK_KDF_OPS_CEILING 8u

typedef struct dbk_kdf_cost {
    uint64_t ops;
    uint64_t mem_bytes;
} dbk_kdf_cost;
#define DBK_KDF_COST_FLOOR                         \
    {                                              \
        DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES \
    }

/* One unlock should take this long on the machine that sets the passphrase; the goal for any
 * unlock is 1.5 s, so that a busy machine stays within it. */
#define DBK_KDF_TARGET_MS 800u

/* run: how long one derivation at this cost takes, or DBK_NOMEM. */
typedef struct dbk_kdf_meter {
    dbk_rc (*run)(void *self, uint64_t *took_ms, const dbk_kdf_cost *cost, dbk_err *err);
    void *self;
    uint64_t mem_max_bytes; /* more is not tried; 0: the ceiling */
} dbk_kdf_meter;
/* The dearest cost near the target, within floor and ceiling: memory is doubled first, as it is
 * what a guesser's hardware has least of, then passes are added. */
DBK_MUST_CHECK dbk_rc dbk_kdf_calibrate(dbk_kdf_cost *out, const dbk_kdf_meter *meter,
                                        dbk_err *err);
/* Measures this machine, and leaves three quarters of its memory alone. */
DBK_MUST_CHECK dbk_rc dbk_kdf_measure(dbk_kdf_cost *out, uint64_t (*monotonic_ms)(void),
                                      dbk_err *err);

#endif
