#include "core/journal/tries.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/hash.h"

#define TRIES_NAME "tries"
#define MAGIC "DBKT"
#define BODY_BYTES 16u
#define CHECK_BYTES 24u
#define TRIES_BYTES (BODY_BYTES + CHECK_BYTES)

uint64_t dbk_tries_wait_ms(uint64_t count)
{
    uint64_t wait_ms = 1000;
    if (count <= DBK_TRIES_FREE)
        return 0;
    for (uint64_t n = DBK_TRIES_FREE + 1; n < count && wait_ms < DBK_TRIES_WAIT_MAX_MS; n++)
        wait_ms *= 2;
    return wait_ms < DBK_TRIES_WAIT_MAX_MS ? wait_ms : DBK_TRIES_WAIT_MAX_MS;
}

static dbk_rc put(const dbk_folder *folder, const dbk_tries *t, dbk_err *err)
{
    uint8_t out[TRIES_BYTES];
    uint8_t *p = dbk_wire_put_copy(out, (const uint8_t *)MAGIC, 4);
    p = dbk_wire_put_u32(p, t->count);
    p = dbk_wire_put_u64(p, t->at_ms);
    dbk_hash check = dbk_hash_of("daybook/tries/1", dbk_span_of(out, BODY_BYTES));
    p = dbk_wire_put_copy(p, check.b, CHECK_BYTES);
    DBK_ASSERT(p == out + TRIES_BYTES);
    return dbk_folder_overwrite(folder, TRIES_NAME, dbk_span_of(out, sizeof(out)), err);
}

static bool parse(dbk_tries *t, dbk_span in)
{
    if (in.len != TRIES_BYTES || memcmp(in.p, MAGIC, 4) != 0)
        return false;
    dbk_hash check = dbk_hash_of("daybook/tries/1", dbk_span_of(in.p, BODY_BYTES));
    dbk_wire w = dbk_wire_from(dbk_span_of(in.p + 4, BODY_BYTES - 4));
    t->count = dbk_wire_get_u32(&w);
    t->at_ms = dbk_wire_get_u64(&w);
    return memcmp(check.b, in.p + BODY_BYTES, CHECK_BYTES) == 0;
}

static dbk_rc get(const dbk_folder *folder, dbk_tries *t, uint64_t now_ms, dbk_err *err)
{
    dbk_bytes in = DBK_BYTES_INIT(TRIES_BYTES);
    dbk_err inner = { 0 };
    *t = (dbk_tries){ 0 };
    dbk_rc rc = dbk_folder_read(folder, &in, TRIES_NAME, &inner);
    if (rc == DBK_NOT_FOUND) {
        rc = DBK_OK;
    } else if (rc == DBK_LIMIT || (rc == DBK_OK && !parse(t, dbk_bytes_span(&in)))) {
        /* Cut off in mid-write, or meddled with. */
        *t = (dbk_tries){ DBK_TRIES_FREE + 1, now_ms };
        rc = put(folder, t, err);
    } else if (rc != DBK_OK) {
        (void)dbk_fail(err, rc, "%s", inner.text);
    }
    dbk_bytes_wipe(&in);
    return rc;
}

dbk_rc dbk_tries_begin(const dbk_folder *folder, dbk_tries *before, const dbk_env *env,
                       dbk_err *err)
{
    uint64_t now_ms = env->now_ms(env->self);
    dbk_tries t;
    dbk_rc rc = get(folder, &t, now_ms, err);
    if (rc != DBK_OK)
        return rc;
    uint64_t wait_ms = dbk_tries_wait_ms(t.count);
    if (wait_ms > 0 && now_ms < t.at_ms) {
        t.at_ms = now_ms; /* set back: that may not end the wait, nor make it endless */
        rc = put(folder, &t, err);
        if (rc != DBK_OK)
            return rc;
    }
    if (wait_ms > 0 && now_ms - t.at_ms < wait_ms) {
        uint64_t left_s = (wait_ms - (now_ms - t.at_ms) + 999) / 1000;
        return dbk_fail(err, DBK_PENDING,
                        "%u wrong passphrases were tried: wait %llu second%s, then try again",
                        t.count, (unsigned long long)left_s, left_s == 1 ? "" : "s");
    }
    *before = t;
    t.count += t.count < UINT32_MAX;
    t.at_ms = now_ms;
    return put(folder, &t, err);
}

dbk_rc dbk_tries_end(const dbk_folder *folder, uint32_t count, const dbk_env *env, dbk_err *err)
{
    const dbk_tries t = { count, count == 0 ? 0 : env->now_ms(env->self) };
    return put(folder, &t, err);
}
