/* core/base/env.h - the clock and the source of randomness, as arguments.
 * The core never reads them by itself, so the same code runs in tests and in the simulator. */
#ifndef DBK_BASE_ENV_H
#define DBK_BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

typedef struct dbk_env {
    uint64_t (*now_ms)(void *self);                       /* Unix time, milliseconds */
    void (*random)(void *self, uint8_t *out, size_t len); /* cannot fail: it stops instead */
    void *self;
} dbk_env;

/* The machine's wall clock and getrandom(2). */
const dbk_env *dbk_env_system(void);
/* Milliseconds that never go backwards: for deadlines and progress, never for records. */
uint64_t dbk_monotonic_ms(void);
uint64_t dbk_monotonic_us(void); /* for what takes less than a millisecond */
/* The same, and it goes on while the machine sleeps. */
uint64_t dbk_boottime_ms(void);

/* Hybrid logical clock: 48 bits of milliseconds, 16 bits of counter.
 * A remote time moves ours forward by at most DBK_HLC_DRIFT_MS past the physical clock, so one
 * far-future stamp can't poison everybody (sync-lessons 2.19). Pure. */
typedef uint64_t dbk_hlc;
#define DBK_HLC_DRIFT_MS (60u * 60u * 1000u)
dbk_hlc dbk_hlc_tick(dbk_hlc last, uint64_t now_ms);                  /* for a new op */
dbk_hlc dbk_hlc_merge(dbk_hlc last, dbk_hlc remote, uint64_t now_ms); /* after seeing one */
uint64_t dbk_hlc_ms(dbk_hlc t);

#endif
