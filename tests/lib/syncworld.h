/* tests/lib/syncworld.h - officers with real books in front of a real relay, in one process, and a
 * wire between them that a test can cut. Failures stop the test. */
#ifndef DBK_TESTS_LIB_SYNCWORLD_H
#define DBK_TESTS_LIB_SYNCWORLD_H

#include "sync/driver/driver.h"
#include "tests/lib/relaykit.h"

typedef enum wire_fault {
    WIRE_WHOLE,
    WIRE_LOSES_REQUEST, /* the relay never hears it */
    WIRE_LOSES_ANSWER,  /* the relay has acted, the device can't know */
    WIRE_DOUBLES,       /* the request arrives twice; the first answer counts */
    WIRE_FLIPS,         /* one bit of the answer's body is turned: a relay that lies */
    WIRE_CUTS           /* the answer's body ends too early */
} wire_fault;

struct sync_device;
typedef struct syncworld {
    relaykit kit;
    dbk_secret *passphrase;
    /* The fail_at-th exchange from now on (from 1) is faulty, and all after it while `lasting`. */
    wire_fault fault;
    unsigned fail_at, exchanges;
    size_t place; /* of the flip (in bits) or cut, modulo the body's length */
    bool lasting;
    const char *anchors; /* folder of marks, for devices that are opened from now on; or NULL */
    bool packs; /* notes leave packed (repack.h); else each in a segment by itself, to be counted */
    bool is_slow; /* of devices that are opened from now on: requests travel ahead in a thread */
    /* Sees each request, and may change what the honest relay answered. NULL: nobody does. */
    void (*meddle)(void *ctx, struct sync_device *d, const dbk_exchange *req,
                   dbk_relay_answer *answer);
    void *meddle_ctx;
} syncworld;

typedef struct sync_device {
    syncworld *world;
    const char *name;
    dbk_book *book;
    char dir[DBK_TEST_PATH_SIZE];
    dbk_test_env env;
    dbk_transport t;
} sync_device;

void syncworld_open(syncworld *w);
void syncworld_close(syncworld *w);
void syncworld_fail(syncworld *w, wire_fault fault, unsigned at, bool lasting);
void syncworld_mend(syncworld *w);

/* A device with a store of its own, in no organisation. */
void sync_device_open(syncworld *w, sync_device *d, const char *name);
void sync_device_reopen(sync_device *d); /* closes and opens the store again */
/* The store's folder is copied beside itself, and may change places with the copy later: a backup
 * that is put back, or two stores of one device that live side by side. */
void sync_device_copy(sync_device *d);
void sync_device_swap(sync_device *d);
void sync_device_close(sync_device *d);
/* d founds the organisation; it is the only admin. */
void sync_found(sync_device *d);
dbk_id sync_space(sync_device *admin, const char *name);
/* Invite, join, approve: d hasn't heard of that yet. */
void sync_admit(sync_device *admin, sync_device *d, dbk_role role, const dbk_id *space);
/* ... and a sync in which d learns of it. */
void sync_enlist(sync_device *admin, sync_device *d, dbk_role role, const dbk_id *space);

/* A request of the device, answered by the honest relay; the caller wipes the body. */
void sync_deliver(sync_device *d, dbk_relay_answer *answer, const dbk_exchange *req);

/* Agrees to the first change that another administrator has proposed, if there is one. */
dbk_rc sync_agree(sync_device *admin, bool *agreed, dbk_err *err);

dbk_rc sync_try(sync_device *d, dbk_sync_report *report, dbk_err *err);
dbk_sync_report sync_now(sync_device *d);                     /* must succeed */
dbk_sync_report sync_folder(sync_device *d, const char *dir); /* must succeed */

/* The organisation's rules from now on, signed and posted by the admin; it has them then. */
void sync_policy(sync_device *admin, const dbk_policy *policy);
/* This device vouches for headquarters from now on, by the policy of the defaults. */
void sync_witness(sync_device *d);

/* A person's record with just a name; and the name changed, by whomever. */
dbk_id sync_write(sync_device *d, const dbk_id *space, const char *name);
void sync_edit(sync_device *d, const dbk_id *record, const char *name);

/* What stands aside on it (decision 0016), in the order in which it came. */
#define SYNC_ASIDES_MAX 64u
typedef struct sync_asides {
    dbk_id ids[SYNC_ASIDES_MAX];
    size_t count;
} sync_asides;
sync_asides sync_asides_of(sync_device *d);
void sync_decide(sync_device *d, const dbk_id *id, bool admit); /* must succeed */

/* What one device holds of a space, all of it verified from the bytes up. */
typedef struct sync_held {
    uint64_t ops, records, segments, log_size;
    dbk_hash state, vector;
} sync_held;
sync_held sync_verify(sync_device *d, const dbk_id *space);
/* The same records and ops on both. */
void sync_assert_equal(sync_device *a, sync_device *b, const dbk_id *space);

#endif
