#include "sync/relay/deadlines.h"

#include <pthread.h>
#include <sys/socket.h>

#include "core/base/alloc.h"

#define NEVER UINT64_MAX

struct dbk_connection {
    int fd; /* -1: the row is free, or its connection is shut down already */
    bool used;
    dbk_stage stage;
    uint64_t born_ms, due_ms;
    dbk_connection *next_free;
};
struct dbk_deadlines {
    pthread_mutex_t mutex; /* over all that follows */
    dbk_connection *free_rows;
    unsigned count;
    dbk_connection rows[];
};

static const struct {
    const char *name;
    uint64_t ms; /* 0: without end */
    bool by_bytes;
} stages[DBK_STAGES] = {
#define STAGE_ROW(name, text, ms, by_bytes) [DBK_STAGE_##name] = { text, ms, by_bytes },
    DBK_STAGE_TABLE(STAGE_ROW)
#undef STAGE_ROW
};

const char *dbk_stage_name(dbk_stage stage)
{
    return stages[stage].name;
}

dbk_rc dbk_deadlines_open(dbk_deadlines **out, unsigned connections_max, dbk_err *err)
{
    dbk_deadlines *d = dbk_alloc(sizeof(*d) + connections_max * sizeof(d->rows[0]));
    *out = d;
    if (d == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for connections");
    DBK_ASSERT(pthread_mutex_init(&d->mutex, NULL) == 0);
    d->count = connections_max;
    for (unsigned i = 0; i < connections_max; i++) {
        d->rows[i] = (dbk_connection){ .fd = -1, .next_free = d->free_rows };
        d->free_rows = &d->rows[i];
    }
    return DBK_OK;
}

void dbk_deadlines_close(dbk_deadlines *d)
{
    if (d == NULL)
        return;
    (void)pthread_mutex_destroy(&d->mutex);
    dbk_free(d);
}

static void lock(dbk_deadlines *d)
{
    DBK_ASSERT(pthread_mutex_lock(&d->mutex) == 0);
}

static void unlock(dbk_deadlines *d)
{
    DBK_ASSERT(pthread_mutex_unlock(&d->mutex) == 0);
}

static void set_stage(dbk_connection *c, dbk_stage stage, uint64_t bytes, uint64_t now_ms)
{
    uint64_t more_ms = stages[stage].by_bytes ? bytes / DBK_DEADLINE_BYTES_PER_S * 1000u : 0;
    c->stage = stage;
    c->due_ms = stages[stage].ms == 0 ? NEVER : now_ms + stages[stage].ms + more_ms;
    if (stage == DBK_STAGE_IDLE && c->due_ms > c->born_ms + DBK_CONNECTION_LIFE_MS)
        c->due_ms = c->born_ms + DBK_CONNECTION_LIFE_MS;
}

dbk_connection *dbk_deadlines_enter(dbk_deadlines *d, int fd, uint64_t now_ms)
{
    lock(d);
    dbk_connection *c = d->free_rows;
    if (c != NULL) {
        d->free_rows = c->next_free;
        *c = (dbk_connection){ .fd = fd, .used = true, .born_ms = now_ms };
        set_stage(c, DBK_STAGE_OPENING, 0, now_ms);
    }
    unlock(d);
    return c;
}

void dbk_deadlines_leave(dbk_deadlines *d, dbk_connection *c)
{
    if (c == NULL)
        return;
    lock(d);
    DBK_ASSERT(c->used);
    *c = (dbk_connection){ .fd = -1, .next_free = d->free_rows };
    d->free_rows = c;
    unlock(d);
}

void dbk_deadlines_stage(dbk_deadlines *d, dbk_connection *c, dbk_stage stage, uint64_t bytes,
                         uint64_t now_ms)
{
    lock(d);
    DBK_ASSERT(c->used);
    set_stage(c, stage, bytes, now_ms);
    unlock(d);
}

bool dbk_deadlines_old(dbk_deadlines *d, const dbk_connection *c, uint64_t now_ms)
{
    lock(d);
    bool old = now_ms >= c->born_ms + DBK_CONNECTION_LIFE_MS;
    unlock(d);
    return old;
}

dbk_overdue dbk_deadlines_sweep(dbk_deadlines *d, uint64_t now_ms)
{
    dbk_overdue cut = { 0 };
    lock(d);
    for (unsigned i = 0; i < d->count; i++) {
        dbk_connection *c = &d->rows[i];
        if (!c->used || c->fd < 0 || now_ms < c->due_ms)
            continue;
        /* Under the lock: whoever closes the descriptor has to leave first, so it is still ours. */
        (void)shutdown(c->fd, SHUT_RDWR);
        c->fd = -1;
        cut.in[c->stage]++;
    }
    unlock(d);
    return cut;
}
