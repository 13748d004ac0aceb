/* tests/lib/relayproc.h - a daybook-relay process of its own on loopback, in a folder of its own.
 */
#ifndef DBK_TESTS_LIB_RELAYPROC_H
#define DBK_TESTS_LIB_RELAYPROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/journal/org.h"
#include "tests/lib/env.h"

typedef struct relayproc {
    pid_t pid;
    char dir[DBK_TEST_PATH_SIZE];
    char url[64]; /* where it listens */
    dbk_relay_card card;
} relayproc;

/* program: the path of daybook-relay. false: it doesn't start; says why on stderr. */
bool relayproc_start(relayproc *r, const char *program);
/* One on a folder that is there, and stays. behind_proxy: no limits by address, which all of
 * loopback shares. */
bool relayproc_serve(relayproc *r, const char *program, const char *data, bool behind_proxy);
void relayproc_stop(relayproc *r); /* SIGTERM, waits, removes the folder that start made */
/* Seconds of CPU that it has used; its largest resident size so far. */
double relayproc_cpu_s(const relayproc *r);
unsigned long relayproc_peak_kib(const relayproc *r);

#endif
