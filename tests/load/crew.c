#include "tests/load/crew.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"

typedef struct worker {
    crew *crew;
    const crew_plan *plan;
    uint32_t index;
    double begin_s;
    client_desk desk;
    uint64_t syncs, failed, ops;
    dbk_err first_failure;
    pthread_t thread;
} worker;

void crew_result_wipe(crew_result *r)
{
    meter_wipe(&r->sync);
    for (int i = 0; i < CLIENT_CALLS; i++)
        meter_wipe(&r->calls[i]);
}

/* Spread over all spaces before a second one of any. */
static uint32_t device_of(const fleet *f, uint32_t i)
{
    uint32_t spaces = f->devices / f->share;
    return i % spaces * f->share + i / spaces;
}

void crew_open(crew *c, uint32_t count, uint32_t threads)
{
    uint32_t spaces = c->fleet->devices / c->fleet->share;
    DBK_ASSERT(threads >= 1 && threads <= CREW_THREADS_MAX);
    DBK_ASSERT(count <= spaces * (c->fleet->share - 1));
    c->count = count;
    c->threads = threads < count ? threads : count;
    c->clients = dbk_alloc_array(count, sizeof(*c->clients));
    DBK_ASSERT(c->clients != NULL);
    for (uint32_t i = 0; i < count; i++)
        client_open(&c->clients[i], c->fleet, device_of(c->fleet, i), c->urls[i % c->urls_count]);
}

void crew_close(crew *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        client_close(&c->clients[i]);
    dbk_free(c->clients);
    c->clients = NULL;
    c->count = 0;
}

static void sleep_until(double at_s)
{
    double left = at_s - load_now_s();
    struct timespec t = { (time_t)left, (long)((left - (double)(time_t)left) * 1e9) };
    if (left > 0)
        (void)nanosleep(&t, NULL);
}

static bool one_sync(worker *w, client *c, double due_s)
{
    dbk_err err = { 0 };
    uint64_t before = c->receipted_seq;
    if (!client_write(c, &w->desk, w->plan->segments, w->plan->notes))
        return false;
    dbk_rc rc = client_sync(c, &w->desk, &err);
    meter_add(&w->desk.syncs, (load_now_s() - due_s) * 1e3);
    w->ops += c->receipted_seq - before;
    w->syncs++;
    if (rc != DBK_OK && w->failed++ == 0)
        w->first_failure = err;
    return true;
}

/* Sync k of this thread is due at a fixed moment, whether the one before has ended by then or not:
 * a slow answer makes all later ones late, as it would an officer's. */
static void *work(void *ctx)
{
    worker *w = ctx;
    const crew *all = w->crew;
    uint32_t mine = (all->count - w->index + all->threads - 1) / all->threads;
    double step_s = w->plan->rate > 0 ? (double)all->threads / w->plan->rate : 0;
    double end_s = w->begin_s + w->plan->seconds;
    for (uint64_t k = 0; w->plan->seconds > 0 || k < mine; k++) {
        client *c = &all->clients[w->index + (uint32_t)(k % mine) * all->threads];
        double due_s = load_now_s();
        if (step_s > 0) {
            due_s = w->begin_s + step_s * ((double)k + (double)w->index / all->threads);
            sleep_until(due_s);
        }
        if ((w->plan->seconds > 0 && due_s >= end_s) || !one_sync(w, c, due_s))
            break;
    }
    return NULL;
}

static void *read_spaces(void *ctx)
{
    worker *w = ctx;
    const crew *all = w->crew;
    const fleet *f = all->fleet;
    uint32_t spaces = f->devices / f->share;
    if (spaces > all->count)
        spaces = all->count; /* nobody wrote in the others */
    for (uint32_t i = w->index; i < spaces; i += all->threads) {
        client c;
        client_open(&c, f, i * f->share + f->share - 1, all->urls[i % all->urls_count]);
        (void)one_sync(w, &c, load_now_s());
        client_close(&c);
    }
    return NULL;
}

static void add_up(crew_result *out, worker *w)
{
    out->syncs += w->syncs;
    out->failed += w->failed;
    out->ops += w->ops;
    out->pulled_ops += w->desk.pulled_ops;
    out->waits += w->desk.waits;
    out->sent_bytes += w->desk.sent_bytes;
    out->received_bytes += w->desk.received_bytes;
    meter_take(&out->sync, &w->desk.syncs);
    for (int i = 0; i < CLIENT_CALLS; i++)
        meter_take(&out->calls[i], &w->desk.calls[i]);
    if (w->failed > 0 && out->first_failure.rc == DBK_OK)
        out->first_failure = w->first_failure;
}

static void in_threads(crew *c, const crew_plan *plan, crew_result *out, void *(*fn)(void *),
                       bool is_reader)
{
    static worker workers[CREW_THREADS_MAX];
    double cpu_s = usage_self_cpu_s(), begin_s = load_now_s();
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < c->threads; i++) {
        worker *w = &workers[i];
        memset(w, 0, sizeof(*w));
        client_desk_open(&w->desk, c->fleet, c->ledger);
        w->desk.pulls = plan->pulls;
        w->desk.is_reader = is_reader;
        w->crew = c;
        w->plan = plan;
        w->index = i;
        w->begin_s = begin_s;
        DBK_ASSERT(pthread_create(&w->thread, NULL, fn, w) == 0);
    }
    for (uint32_t i = 0; i < c->threads; i++)
        DBK_ASSERT(pthread_join(workers[i].thread, NULL) == 0);
    out->wall_s = load_now_s() - begin_s;
    out->own_cpu_s = usage_self_cpu_s() - cpu_s;
    for (uint32_t i = 0; i < c->threads; i++) {
        add_up(out, &workers[i]);
        client_desk_close(&workers[i].desk);
    }
}

void crew_work(crew *c, const crew_plan *plan, crew_result *out)
{
    in_threads(c, plan, out, work, false);
}

void crew_read_all(crew *c, crew_result *out)
{
    const crew_plan plan = { .pulls = true };
    in_threads(c, &plan, out, read_spaces, true);
}
