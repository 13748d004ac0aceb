/* tests/load/crew.h - many clients at work, each on a connection of its own, shared out to a few
 * threads; and readers, who look at the end whether all of it is there. */
#ifndef DBK_TESTS_LOAD_CREW_H
#define DBK_TESTS_LOAD_CREW_H

#include <stdatomic.h>

#include "tests/load/client.h"

#define CREW_THREADS_MAX 64u
#define CREW_NODES_MAX 8u

typedef struct crew_plan {
    double rate;       /* syncs a second, of all together; 0: as fast as it goes */
    double seconds;    /* 0: each client once */
    unsigned segments; /* written before each sync; 0: none */
    unsigned notes;    /* in each segment */
    bool pulls;
} crew_plan;
typedef struct crew_result {
    double wall_s, own_cpu_s;
    uint64_t syncs, failed, ops, pulled_ops, waits, sent_bytes, received_bytes;
    meter sync; /* from the moment when it was due, with what the client had to do before */
    meter calls[CLIENT_CALLS];
    dbk_err first_failure;
} crew_result;
void crew_result_wipe(crew_result *r);

typedef struct crew {
    const fleet *fleet;
    ledger *ledger;
    const char *urls[CREW_NODES_MAX];
    size_t urls_count;
    client *clients;
    uint32_t count, threads;
} crew;
/* count: at most share - 1 of each space: the last of each is its reader. */
void crew_open(crew *c, uint32_t count, uint32_t threads);
void crew_close(crew *c);
void crew_work(crew *c, const crew_plan *plan, crew_result *out);
/* A fresh device of each space fetches everything, checks it, and says to the ledger what came. */
void crew_read_all(crew *c, crew_result *out);

#endif
