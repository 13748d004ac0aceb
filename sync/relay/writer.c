#include "sync/relay/writer.h"

#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/env.h"

/* A submitted job: stands on its owner's stack until it is done. */
typedef struct waiting {
    const dbk_job *job;
    struct waiting *next;
    dbk_rc rc;
    dbk_err err;
    bool done;
} waiting;

struct dbk_writer {
    dbk_log log;
    dbk_writer_hooks hooks;
    dbk_writer_mode mode;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* the queue has a job, or stop */
    pthread_cond_t done;  /* some jobs are done */
    waiting *first, **last;
    size_t count;
    bool stop;
    uint64_t commits;
};

static void lock(dbk_writer *w)
{
    DBK_ASSERT(pthread_mutex_lock(&w->lock) == 0);
}

static void unlock(dbk_writer *w)
{
    DBK_ASSERT(pthread_mutex_unlock(&w->lock) == 0);
}

static dbk_rc commit(dbk_writer *w, dbk_err *err)
{
    uint64_t began_us = dbk_monotonic_us();
    dbk_rc rc = w->log.ops->commit(w->log.self, err);
    if (rc == DBK_OK && w->hooks.metrics != NULL) {
        dbk_metrics_fsync(w->hooks.metrics, dbk_monotonic_us() - began_us);
        dbk_metrics_add(w->hooks.metrics, DBK_COUNT_COMMITS, 1);
    }
    return rc;
}

/* One transaction for a list of jobs. */
static dbk_rc transact(dbk_writer *w, waiting *jobs, dbk_err *err)
{
    const dbk_log *log = &w->log;
    dbk_rc rc = log->ops->begin(log->self, err);
    if (rc == DBK_OK && w->hooks.begun != NULL)
        rc = w->hooks.begun(w->hooks.ctx, log, err);
    for (waiting *j = jobs; j != NULL && rc == DBK_OK; j = j->next)
        rc = j->job->run(j->job->ctx, log, err);
    if (rc == DBK_OK)
        rc = w->hooks.before_commit(w->hooks.ctx, log, err);
    if (rc == DBK_OK)
        rc = commit(w, err);
    if (rc != DBK_OK)
        log->ops->rollback(log->self);
    if (rc != DBK_OK && w->hooks.metrics != NULL)
        dbk_metrics_add(w->hooks.metrics, DBK_COUNT_COMMIT_FAILURES, 1);
    dbk_rc after = w->hooks.after(w->hooks.ctx, log, rc == DBK_OK ? DBK_COMMITTED : DBK_ROLLED_BACK,
                                  err);
    return rc != DBK_OK ? rc : after;
}

static void run_batch(dbk_writer *w, waiting *jobs)
{
    dbk_err err = { 0 };
    dbk_rc rc = transact(w, jobs, &err);
    lock(w);
    if (rc == DBK_OK)
        w->commits++;
    for (waiting *j = jobs; j != NULL;) {
        waiting *next = j->next; /* its owner may go as soon as it is done */
        j->rc = rc;
        j->err = err;
        j->done = true;
        j = next;
    }
    DBK_ASSERT(pthread_cond_broadcast(&w->done) == 0);
    unlock(w);
}

static void *writer_main(void *ctx)
{
    dbk_writer *w = ctx;
    for (;;) {
        lock(w);
        while (w->first == NULL && !w->stop)
            DBK_ASSERT(pthread_cond_wait(&w->work, &w->lock) == 0);
        waiting *jobs = w->first;
        w->first = NULL;
        w->last = &w->first;
        w->count = 0;
        unlock(w);
        if (jobs == NULL)
            return NULL; /* stopped, and nothing is left */
        run_batch(w, jobs);
    }
}

dbk_rc dbk_writer_new(dbk_writer **out, const dbk_log *log, const dbk_writer_hooks *hooks,
                      dbk_writer_mode mode, dbk_err *err)
{
    *out = NULL;
    dbk_writer *w = dbk_alloc(sizeof(*w));
    if (w == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the writer");
    w->log = *log;
    w->hooks = *hooks;
    w->mode = mode;
    w->last = &w->first;
    DBK_ASSERT(pthread_mutex_init(&w->lock, NULL) == 0);
    DBK_ASSERT(pthread_cond_init(&w->work, NULL) == 0);
    DBK_ASSERT(pthread_cond_init(&w->done, NULL) == 0);
    if (mode == DBK_WRITER_THREAD && pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        w->mode = DBK_WRITER_INLINE; /* there is no thread to join */
        dbk_writer_free(w);
        return dbk_fail(err, DBK_NOMEM, "the writer's thread can't be started");
    }
    *out = w;
    return DBK_OK;
}

void dbk_writer_free(dbk_writer *w)
{
    if (w == NULL)
        return;
    if (w->mode == DBK_WRITER_THREAD) {
        lock(w);
        w->stop = true;
        DBK_ASSERT(pthread_cond_signal(&w->work) == 0);
        unlock(w);
        DBK_ASSERT(pthread_join(w->thread, NULL) == 0);
    }
    DBK_ASSERT(w->first == NULL);
    (void)pthread_mutex_destroy(&w->lock);
    (void)pthread_cond_destroy(&w->work);
    (void)pthread_cond_destroy(&w->done);
    dbk_free(w);
}

static dbk_rc submit_inline(dbk_writer *w, const dbk_job *job, dbk_err *err)
{
    waiting one = { job, NULL, DBK_OK, { 0 }, false };
    lock(w);
    dbk_rc rc = transact(w, &one, err);
    if (rc == DBK_OK)
        w->commits++;
    unlock(w);
    return rc;
}

dbk_rc dbk_writer_submit(dbk_writer *w, const dbk_job *job, dbk_err *err)
{
    waiting one = { job, NULL, DBK_OK, { 0 }, false };
    if (w->mode == DBK_WRITER_INLINE)
        return submit_inline(w, job, err);
    lock(w);
    if (w->stop || w->count >= DBK_WRITER_QUEUE_MAX) {
        unlock(w);
        if (w->hooks.metrics != NULL)
            dbk_metrics_add(w->hooks.metrics, DBK_COUNT_BUSY, 1);
        return dbk_fail(err, DBK_BUSY, "too many requests wait to be written");
    }
    *w->last = &one;
    w->last = &one.next;
    w->count++;
    DBK_ASSERT(pthread_cond_signal(&w->work) == 0);
    while (!one.done)
        DBK_ASSERT(pthread_cond_wait(&w->done, &w->lock) == 0);
    unlock(w);
    return one.rc == DBK_OK ? DBK_OK : dbk_fail(err, one.rc, "%s", one.err.text);
}

uint64_t dbk_writer_commits(dbk_writer *w)
{
    lock(w);
    uint64_t commits = w->commits;
    unlock(w);
    return commits;
}
