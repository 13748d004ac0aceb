/* tests/faults/trace.h - a program whose system calls are counted, and at the n-th of which
 * something happens: it fails with an error, is done in part, or the program is killed there.
 * By a filter that stops the program at calls on files, folders and sockets (seccomp) and a tracer
 * that has its registers (ptrace), and of its memory only whether a lock is taken or let go.
 * Counted from where the program has hardened itself: what the loader does before isn't Daybook's.
 * x86-64 only. */
#ifndef DBK_TESTS_FAULTS_TRACE_H
#define DBK_TESTS_FAULTS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/faults/spots.h"

#define TRACE_CALLS_MAX 20000u
#define TRACE_ERRORS_MAX 4u
#define TRACE_SHORT (-1)  /* half of what was asked for */
#define TRACE_KILL (-2)   /* it, and all that it began */
#define TRACE_NOTHING (0) /* only counted */

/* What can go wrong with a call. */
typedef struct trace_kind {
    long number;
    const char *name;
    int errors[TRACE_ERRORS_MAX]; /* errno values or TRACE_SHORT; 0 ends */
} trace_kind;
const trace_kind *trace_kind_of(long number);
const char *trace_error_name(int error);

typedef struct trace_plan {
    const char *const *argv; /* NULL ends */
    size_t at;               /* from 1; 0: nothing happens */
    const char *spot;        /* instead of at; or NULL */
    bool spots;              /* calls are told by their spots */
    int error;
    unsigned seconds; /* then it counts as hung, and is killed */
    /* NULL, or begins a process that has to do with this one, once it runs. */
    pid_t (*company)(const void *ctx, pid_t program);
    const void *ctx;
} trace_plan;
typedef struct trace_end {
    size_t seen; /* calls */
    bool came;   /* the at-th was reached */
    bool hung;
    int status;    /* as waitpid has it */
    int company;   /* of the process that had to do with it */
    int errors_fd; /* the call was on this descriptor: 2 is standard error */
    const trace_kind *what;
} trace_end;
typedef struct trace_calls {
    const trace_kind *kinds[TRACE_CALLS_MAX];
    char spots[TRACE_CALLS_MAX][SPOT_SIZE]; /* where they are told so */
} trace_calls;
/* out and err are files for its standard output and error. calls: NULL, or to be filled. False:
 * this machine doesn't let processes be traced. */
bool trace_run(trace_end *end, const trace_plan *plan, const char *out, const char *err,
               trace_calls *calls);

#endif
