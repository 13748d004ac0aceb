#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "core/base/env.h"
#include "core/base/err.h"

static uint64_t clock_ms(clockid_t id)
{
    struct timespec t;
    DBK_ASSERT(clock_gettime(id, &t) == 0);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static uint64_t system_now_ms(void *self)
{
    (void)self;
    return clock_ms(CLOCK_REALTIME);
}

static void system_random(void *self, uint8_t *out, size_t len)
{
    (void)self;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        DBK_ASSERT(got > 0 || errno == EINTR);
        if (got > 0) {
            out += got;
            len -= (size_t)got;
        }
    }
}

const dbk_env *dbk_env_system(void)
{
    static const dbk_env env = { system_now_ms, system_random, NULL };
    return &env;
}

uint64_t dbk_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

uint64_t dbk_monotonic_us(void)
{
    struct timespec t;
    DBK_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t dbk_boottime_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

uint64_t dbk_hlc_ms(dbk_hlc t)
{
    return t >> 16;
}

dbk_hlc dbk_hlc_tick(dbk_hlc last, uint64_t now_ms)
{
    dbk_hlc now = now_ms << 16;
    return now > last ? now : last + 1;
}

dbk_hlc dbk_hlc_merge(dbk_hlc last, dbk_hlc remote, uint64_t now_ms)
{
    dbk_hlc bound = (now_ms + DBK_HLC_DRIFT_MS) << 16;
    dbk_hlc bounded = remote < bound ? remote : bound;
    return bounded > last ? bounded : last;
}
