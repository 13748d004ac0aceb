#include "core/crypto/secret.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"

struct dbk_secret {
    uint8_t *p; /* pages of sodium_malloc: guarded, locked if the system lets us */
    size_t len;
    bool locked;
};

dbk_rc dbk_secret_new(dbk_secret **out, size_t len, dbk_err *err)
{
    *out = NULL;
    if (len > DBK_SECRET_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a secret has at most %u bytes", DBK_SECRET_BYTES_MAX);
    dbk_secret *s = dbk_alloc(sizeof(*s));
    if (s == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a secret");
    /* sodium_malloc(0) may give a pointer that can't be read; one byte always can. */
    size_t room = len > 0 ? len : 1;
    s->p = sodium_malloc(room);
    if (s->p == NULL) {
        dbk_free(s);
        return dbk_fail(err, DBK_NOMEM, "no memory for a secret");
    }
    /* sodium_malloc says nothing when the lock limit is reached. Locks don't nest, so asking
     * again is harmless, and tells. */
    s->locked = sodium_mlock(s->p, room) == 0;
    memset(s->p, 0, room);
    s->len = len;
    *out = s;
    return DBK_OK;
}

dbk_rc dbk_secret_random(dbk_secret **out, size_t len, const dbk_env *env, dbk_err *err)
{
    dbk_rc rc = dbk_secret_new(out, len, err);
    if (rc == DBK_OK && len > 0)
        env->random(env->self, (*out)->p, len);
    return rc;
}

dbk_rc dbk_secret_from(dbk_secret **out, dbk_span in, dbk_err *err)
{
    dbk_rc rc = dbk_secret_new(out, in.len, err);
    if (rc == DBK_OK && in.len > 0)
        memcpy((*out)->p, in.p, in.len);
    return rc;
}

void dbk_secret_free(dbk_secret *s)
{
    if (s == NULL)
        return;
    sodium_free(s->p); /* wipes, and stops the program if a guard was overwritten */
    dbk_free(s);
}

dbk_span dbk_secret_bytes(const dbk_secret *s)
{
    return dbk_span_of(s->p, s->len);
}

uint8_t *dbk_secret_room(dbk_secret *s)
{
    return s->p;
}

size_t dbk_secret_len(const dbk_secret *s)
{
    return s->len;
}

bool dbk_secret_locked(const dbk_secret *s)
{
    return s->locked;
}
