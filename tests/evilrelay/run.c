/* Runs: what several begin from is made once, by a child of the prepared world; each is a child of
 * that one. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/evilrelay/evil.h"
#include "tests/lib/image.h"

#define RUN_SECONDS_MAX 60u

/* Every file below the world's folders, as it was. Written back in place: the parent's handles
 * stand on these inodes. */
#define ROOTS 10u
static image kept[ROOTS];
static const char *roots[ROOTS];

static void restore(void)
{
    for (size_t i = 0; i < ROOTS; i++)
        image_put(&kept[i], roots[i]);
}

void evil_snapshot(evil *e)
{
    const char *all[ROOTS] = { e->world.kit.dir, e->young.kit.dir, e->hq.dir,      e->asha.dir,
                               e->ben.dir,       e->auditor.dir,   e->mallory.dir, e->fresh.dir,
                               e->founder.dir,   e->folder };
    for (size_t i = 0; i < ROOTS; i++) {
        roots[i] = all[i];
        image_wipe(&kept[i]);
        image_take(&kept[i], all[i]);
    }
}

bool evil_applies(const evil_mutation *m, const evil_workflow *w)
{
    return m->never == NULL && (m->calls & w->calls) != 0;
}

/* What a run begins from. */
static void prepare(evil *e, const evil_start *start)
{
    e->rng = start->seed * 0x9e3779b97f4a7c15u + 1;
    e->why[0] = '\0';
    start->workflow->prepare(e);
    if (start->with_words)
        (void)sync_now(&e->hq); /* and vouches for what the relay then lies about */
}

static void run(evil *e, const evil_start *start, evil_verdict *out)
{
    struct rusage before, after;
    (void)alarm(RUN_SECONDS_MAX);
    e->mutation = out->mutation;
    e->armed = true;
    (void)getrusage(RUSAGE_SELF, &before);
    start->workflow->act(e);
    evil_settle(e);
    (void)getrusage(RUSAGE_SELF, &after);
    out->fired = e->fired;
    out->told = e->told;
    out->alarms = e->alarms;
    out->transcript = e->transcript;
    out->sent_bytes = e->sent_bytes;
    out->calls = e->calls;
    out->rss_kib = after.ru_maxrss - before.ru_maxrss;
    memcpy(out->why, e->why, sizeof(out->why));
    out->passed = e->why[0] == '\0';
    out->crashed = false;
}

/* All runs from one start, each in a child of its own. */
static void run_all(evil *e, const evil_start *start, evil_verdict *all, size_t count)
{
    (void)alarm(RUN_SECONDS_MAX);
    prepare(e, start);
    (void)alarm(0); /* each run has its own */
    evil_snapshot(e);
    for (size_t i = 0; i < count; i++) {
        pid_t pid = fork();
        DBK_ASSERT(pid >= 0);
        if (pid == 0) {
            run(e, start, &all[i]);
            _exit(0);
        }
        DBK_ASSERT(waitpid(pid, &all[i].status, 0) == pid);
        restore();
    }
}

void evil_series(evil *e, const evil_start *start, evil_verdict *verdicts, size_t count)
{
    static evil_verdict *shared;
    int status;
    DBK_ASSERT(count <= EVIL_SERIES_MAX);
    if (shared == NULL) {
        shared = mmap(NULL, EVIL_SERIES_MAX * sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        DBK_ASSERT(shared != MAP_FAILED);
    }
    for (size_t i = 0; i < count; i++)
        shared[i] = (evil_verdict){ .mutation = verdicts[i].mutation, .crashed = true };
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        run_all(e, start, shared, count);
        _exit(0);
    }
    DBK_ASSERT(waitpid(pid, &status, 0) == pid);
    restore();
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = shared[i];
        if (verdicts[i].crashed)
            (void)snprintf(verdicts[i].why, sizeof(verdicts[i].why),
                           "rule f: the client ended with status %#x, its preparation with %#x",
                           (unsigned)verdicts[i].status, (unsigned)status);
    }
}
