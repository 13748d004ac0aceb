/* sync/relay/sandbox.h - what a process gives up when it has all it needs, so that whoever takes it
 * over can do no more than it does itself (A33). Two walls of the kernel's:
 *   Landlock  which files it may open, which TCP ports it may reach
 *   seccomp   which system calls it may make; any other ends the process at once, and the kernel
 *             writes it into its audit log
 * Neither can be taken down again, and both hold for all that the process begins later.
 * Knows: a process's wants. Never: which process, command lines, logs. */
#ifndef DBK_RELAY_SANDBOX_H
#define DBK_RELAY_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define DBK_RANDOM_DEVICE "/dev/urandom"

typedef struct dbk_sandbox_wants {
    const char *folder; /* files right in it may be read, made, changed, removed; NULL: none */
    const char *const *reads; /* files and folders that may be read; those not there are skipped */
    size_t reads_count;
    bool answers;          /* takes connections from a socket that listens already */
    bool connects;         /* makes connections: over TCP to these ports only */
    const uint16_t *ports; /* at least one, if it connects */
    size_t ports_count;
} dbk_sandbox_wants; /* { 0 }: computes, and talks over what it has open; opening a file fails */

/* What stands. why: one of a few fixed words, where a wall doesn't. */
typedef struct dbk_sandbox_report {
    unsigned landlock; /* the kernel's version of it; 0: no wall */
    bool ports;        /* it holds TCP ports, too (version 4 on) */
    bool seccomp;
    const char *landlock_why, *seccomp_why; /* NULL: it stands */
} dbk_sandbox_report;

/* Before the first thread begins, as Landlock holds only what begins later. A kernel that lacks a
 * wall is no failure: the report says so. DBK_IO: a wall that the kernel has can't be put up. */
DBK_MUST_CHECK dbk_rc dbk_sandbox_enter(const dbk_sandbox_wants *wants, dbk_sandbox_report *out,
                                        dbk_err *err);

#endif
