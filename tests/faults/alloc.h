/* tests/faults/alloc.h - what officers, headquarters and the relay do, each done again and again
 * while every allocation in turn is refused (A37). */
#ifndef DBK_TESTS_FAULTS_ALLOC_H
#define DBK_TESTS_FAULTS_ALLOC_H

#include "tests/lib/syncworld.h"

/* An organisation with notes: a desk of headquarters (the only administrator), two officers, and a
 * device that is in nothing yet; beside them a relay of its own that tests call by hand. */
typedef struct alloc_world {
    syncworld net;
    sync_device hq, asha, ben, fresh;
    dbk_id space;
    dbk_id of_case, person, draft, disputed; /* all of them are held by all three */
    dbk_secret *keys[4];                     /* of the stores, to open them again */
    dbk_id id;                               /* what `prepare` leaves for `act` */
    dbk_bytes text;
    char folder[DBK_TEST_PATH_SIZE];
    dbk_book *opened; /* by `act` */

    relaykit kit;
    relaykit_device officer;
    dbk_id kit_space;
    relaykit_feed feed;
    relaykit_segment segment;
    relaykit_made made;
} alloc_world;
void alloc_world_open(alloc_world *w);
/* Files stay. */
void alloc_stores_close(alloc_world *w);
void alloc_relays_stop(alloc_world *w);
void alloc_world_resume(alloc_world *w);
/* A store that says that it must be opened again is, and a relay that says that it isn't well is
 * started again. */
void alloc_world_mend(alloc_world *w);
/* Gives back what memory is left, of one that was shut. */
void alloc_world_wipe(alloc_world *w);
/* Asha's store closed, so that its files may be opened, replaced or taken away. */
void alloc_shut_asha(alloc_world *w);

enum {
    ALLOC_CHANGES = 1u << 0, /* in steps that are each durable: not all or nothing */
    ALLOC_WIRE = 1u << 1,    /* the relay may be the one that is short: other codes than NOMEM */
    ALLOC_RELAY = 1u << 2,   /* the relay alone is asked */
    ALLOC_SLOW = 1u << 3     /* a passphrase is stretched: a share of the indices, unless --all */
};
typedef struct alloc_scenario {
    const char *name;
    void (*prepare)(alloc_world *w);             /* NULL: nothing */
    dbk_rc (*act)(alloc_world *w, dbk_err *err); /* is done again after a failure */
    unsigned flags;
} alloc_scenario;

typedef struct alloc_table {
    const alloc_scenario *rows;
    size_t count;
} alloc_table;
extern const alloc_table alloc_notes, alloc_reads, alloc_stores, alloc_members, alloc_syncs,
    alloc_relays;

#endif
