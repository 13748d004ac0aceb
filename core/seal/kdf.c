#include "core/seal/kdf.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/seal/slots_internal.h"

#define CALIBRATION_OPS                                                      \
    3u /* RFC 9106's passes for 64 MiB; more only where memory is at its end \
        */

dbk_rc dbk_kdf_check(const dbk_kdf_cost *cost, dbk_err *err)
{
    if (cost->ops < DBK_KDF_OPS_FLOOR || cost->ops > DBK_KDF_OPS_CEILING ||
        cost->mem_bytes < DBK_KDF_MEM_FLOOR_BYTES || cost->mem_bytes > DBK_KDF_MEM_CEILING_BYTES)
        return dbk_fail(err, DBK_LIMIT,
                        "the cost of the key slot is outside its floor and ceiling");
    return DBK_OK;
}

/* Passes that come nearest to the target from below; time is proportional to them. */
static uint64_t passes_for(uint64_t ops, uint64_t took_ms)
{
    uint64_t wanted = took_ms == 0 ? DBK_KDF_OPS_CEILING : ops * DBK_KDF_TARGET_MS / took_ms;
    if (wanted < DBK_KDF_OPS_FLOOR)
        return DBK_KDF_OPS_FLOOR;
    return wanted > DBK_KDF_OPS_CEILING ? DBK_KDF_OPS_CEILING : wanted;
}

dbk_rc dbk_kdf_calibrate(dbk_kdf_cost *out, const dbk_kdf_meter *meter, dbk_err *err)
{
    dbk_kdf_cost cost = { CALIBRATION_OPS, DBK_KDF_MEM_FLOOR_BYTES };
    uint64_t mem_max = meter->mem_max_bytes == 0 ? DBK_KDF_MEM_CEILING_BYTES : meter->mem_max_bytes;
    uint64_t took_ms = 0;
    if (mem_max > DBK_KDF_MEM_CEILING_BYTES)
        mem_max = DBK_KDF_MEM_CEILING_BYTES;
    dbk_rc rc = meter->run(meter->self, &took_ms, &cost, err);
    /* Twice the memory takes more than twice the time, once the caches are left behind. */
    while (rc == DBK_OK && cost.mem_bytes * 2 <= mem_max && took_ms * 2 <= DBK_KDF_TARGET_MS) {
        dbk_kdf_cost next = { CALIBRATION_OPS, cost.mem_bytes * 2 };
        uint64_t next_ms = 0;
        dbk_err inner = { 0 };
        if (meter->run(meter->self, &next_ms, &next, &inner) != DBK_OK || next_ms > 1000u)
            break; /* what was measured before will do */
        cost = next;
        took_ms = next_ms;
    }
    if (rc != DBK_OK)
        return rc;
    cost.ops = passes_for(cost.ops, took_ms);
    DBK_ASSERT(dbk_kdf_check(&cost, NULL) == DBK_OK);
    *out = cost;
    return DBK_OK;
}

typedef struct meter_clock {
    uint64_t (*monotonic_ms)(void);
} meter_clock;

static dbk_rc run_here(void *self, uint64_t *took_ms, const dbk_kdf_cost *cost, dbk_err *err)
{
    meter_clock *clock = self;
    static const char sample[] = "no passphrase: a sample";
    uint8_t salt[crypto_pwhash_argon2id_SALTBYTES] = { 0 };
    uint8_t hash[32];
    uint64_t start_ms = clock->monotonic_ms();
    int failed = crypto_pwhash_argon2id(hash, sizeof(hash), sample, sizeof(sample) - 1, salt,
                                        cost->ops, (size_t)cost->mem_bytes,
                                        crypto_pwhash_argon2id_ALG_ARGON2ID13);
    *took_ms = clock->monotonic_ms() - start_ms;
    return failed ? dbk_fail(err, DBK_NOMEM, "no memory for Argon2id") : DBK_OK;
}

dbk_rc dbk_kdf_measure(dbk_kdf_cost *out, uint64_t (*monotonic_ms)(void), dbk_err *err)
{
    meter_clock clock = { monotonic_ms };
    dbk_kdf_meter meter = { .run = run_here, .self = &clock };
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page_bytes > 0)
        meter.mem_max_bytes = (uint64_t)pages * (uint64_t)page_bytes / 4;
    return dbk_kdf_calibrate(out, &meter, err);
}
