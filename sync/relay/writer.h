/* sync/relay/writer.h - group commit: one thread does all writing. It takes every job that waits
 * into one transaction, syncs once, and wakes their owners.
 * Knows:  jobs, a log. Never: what a job does.
 *
 *   submit --> queue --> [begin, begun, run each, before_commit, commit, after] --> submit returns
 *
 * Invariant: submit returns DBK_OK only when the transaction that held the job is durable. */
#ifndef DBK_RELAY_WRITER_H
#define DBK_RELAY_WRITER_H

#include "sync/relay/log.h"
#include "sync/relay/metrics.h"
#include "sync/relay/roll.h"

#define DBK_WRITER_QUEUE_MAX 256u /* jobs that wait; more are sent away to come again */

/* run reads and writes in the open transaction. What a job decides (a refusal, say) it keeps for
 * its owner and returns DBK_OK. A failure means that the storage failed, and fails the whole
 * transaction with all its jobs. */
typedef struct dbk_job {
    dbk_rc (*run)(void *ctx, const dbk_log *log, dbk_err *err);
    void *ctx;
} dbk_job;

/* begun: what the jobs rely on, where the log is shared; failing, the transaction is rolled back.
 * before_commit: the last writes of a transaction; failing, it is rolled back. after: how it
 * ended, before anyone is woken; a failure is told to all jobs. */
typedef struct dbk_writer_hooks {
    dbk_rc (*begun)(void *ctx, const dbk_log *log, dbk_err *err); /* NULL: nothing */
    dbk_rc (*before_commit)(void *ctx, const dbk_log *log, dbk_err *err);
    dbk_rc (*after)(void *ctx, const dbk_log *log, dbk_outcome outcome, dbk_err *err);
    void *ctx;
    dbk_metrics *metrics; /* borrowed; NULL: nothing is counted */
} dbk_writer_hooks;

typedef enum dbk_writer_mode {
    DBK_WRITER_THREAD, /* its own thread */
    DBK_WRITER_INLINE  /* each submit is a transaction in the caller's thread: for the simulator */
} dbk_writer_mode;

typedef struct dbk_writer dbk_writer;
/* log: the handle that writes; borrowed, and the writer's alone until it is freed. */
DBK_MUST_CHECK dbk_rc dbk_writer_new(dbk_writer **out, const dbk_log *log,
                                     const dbk_writer_hooks *hooks, dbk_writer_mode mode,
                                     dbk_err *err);
/* Finishes what was submitted, ends the thread. No submit may be under way or follow. */
void dbk_writer_free(dbk_writer *w);

/* Blocks until the job is durable or has failed. DBK_BUSY: the queue is full, nothing was done. */
DBK_MUST_CHECK dbk_rc dbk_writer_submit(dbk_writer *w, const dbk_job *job, dbk_err *err);
/* How many transactions were committed, for tests and logs: jobs share them. */
uint64_t dbk_writer_commits(dbk_writer *w);

#endif
