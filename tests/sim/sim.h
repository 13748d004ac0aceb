/* tests/sim/sim.h - the world simulator: officers, a supervisor, an auditor, two headquarters desks
 * and a relay, in one thread, from one seed, with the real code of all of them (sync-lessons part
 * 4). Virtual are the clocks, the wire, the disks' failures and the dice; nothing else is.
 * One world is prepared and kept as images of its folders; each seed is a child that begins from
 * them, lives through its steps and faults, is healed, and is then checked against the ledger of
 * what officers were told is saved. So a seed costs no enrolment, a crash is a failed seed and
 * nothing more, and seeds don't depend on each other.
 * world.c: the world, its images. run.c: a seed from its first step to its verdict. work.c: what
 * officers do. ledger.c: what they were told; holders.c: who holds it. net.c, disk.c: what the wire
 * and the disks do to it. faults.c, fates.c, floors.c: the rest of what happens. checks.c,
 * replay.c: what must hold. marks.c: what has to happen sometimes. main.c: the program. */
#ifndef DBK_TESTS_SIM_SIM_H
#define DBK_TESTS_SIM_SIM_H

#include "core/journal/book_internal.h"
#include "tests/lib/image.h"
#include "tests/lib/syncworld.h"
#include "tests/sim/marks.h"

#define SIM_CANARY \
    "zzcanaryzz" /* in every text that is written: never on the wire, nor at the relay */
#define SIM_DESKS 2u
#define SIM_FIELD_NEWER "simnewer" /* which only newer forms know */
#define SIM_FIELD_DEFAULT 5u       /* officers, a supervisor, an auditor */
#define SIM_FIELD_MAX 12u
#define SIM_DEVICES_MAX                                                      \
    (SIM_DESKS + SIM_FIELD_MAX + 4u) /* and copies, and those who come later \
                                      */
#define SIM_SPACES 3u
#define SIM_RECORDS_MAX 2048u
#define SIM_TOKENS_MAX 8192u
#define SIM_WHY_MAX 400u
#define SIM_STEPS_DEFAULT 400u
#define SIM_FOLDERS 3u

enum { SPACE_LIMELIGHT, SPACE_RIVERSIDE, SPACE_COMPARTMENT }; /* the last is restricted */

struct sim;
typedef struct sim_device {
    sync_device d; /* first: the transport's self */
    struct sim *sim;
    size_t index;
    dbk_role role;
    dbk_secret *key;        /* of the store */
    int64_t skew_ms;        /* of its clock */
    uint64_t offline_until; /* the step from which the wire reaches it again */
    bool gone;              /* its store is lost for ever */
    bool out;               /* revoked */
    bool moved;             /* out of a space, and perhaps in it again */
    bool spare;             /* in no organisation */
    bool newer;             /* its forms are a version ahead of others' */
    dbk_id device;
    bool rolled; /* an older image of it was put back, or power took what was told */
    bool anchored;
    bool lacks;          /* what relays have let go of, as its last sync said */
    bool lied_to, split; /* by the relay; and it holds another log than others now */
    unsigned restarts;   /* after its program died */
    dbk_rc last_rc;      /* of a change */
    /* The newest of its own that it was told is saved, by space. */
    struct {
        dbk_id feed;
        uint64_t seq;
    } told[SIM_SPACES];
} sim_device;

/* ---- what officers were told (ledger.c) ---- */
typedef enum sim_kind { KIND_PERSON, KIND_FLIGHT, KIND_CONTACT, KIND_KIT } sim_kind;
typedef struct sim_record {
    dbk_id id;
    size_t space, author;
    sim_kind kind;
    bool disposed;
} sim_record;
/* A change that an officer was told is saved; its text holds SIM_CANARY and its number. */
typedef struct sim_ack {
    size_t device, record;
    bool told;      /* else the call failed: it may be there or not */
    bool sign;      /* found by its lifecycle write: it has no text */
    bool may_miss;  /* nobody holds it any more, by what no program can help */
    uint32_t held;  /* by these devices, a bit each, as it was looked at last */
    uint64_t place; /* in the relay's log, from 1; 0: not, as far as anybody knows */
    bool erased;    /* by an order, or perhaps */
    bool found;
} sim_ack;
typedef struct sim_ledger {
    sim_record records[SIM_RECORDS_MAX];
    size_t records_count;
    sim_ack acks[SIM_TOKENS_MAX];
    size_t acks_count;
} sim_ledger;

typedef struct sim_opts {
    unsigned steps, field; /* field: devices beside the desks */
    bool trace;
    bool quiet_faults; /* no faults at all */
    bool two_fates;    /* in half of the seeds */
    unsigned with;     /* but this one, in every seed; FAULT_COUNT: as the dice say */
} sim_opts;

/* What came of a seed; in memory that parent and child share. */
typedef struct sim_verdict {
    dbk_hash trace;
    bool passed, finished;
    unsigned told, rounds;
    long rss_kib;
    uint32_t marks[MARK_COUNT], faults[FAULT_COUNT];
    char why[SIM_WHY_MAX];
} sim_verdict;

typedef struct sim {
    syncworld world;
    char root[DBK_TEST_PATH_SIZE]; /* all folders are below it: of the making, then of a child */
    sim_device devices[SIM_DEVICES_MAX];
    size_t count; /* the desks first */
    size_t made;  /* those that were prepared */
    dbk_id spaces[SIM_SPACES];
    image images[SIM_DEVICES_MAX]; /* as prepared */
    image relay_image;
    bool prepared;         /* seeds begin from its images */
    dbk_bytes newer_forms; /* a pack that adds SIM_FIELD_NEWER to the form that all have */

    sim_opts opts;
    uint64_t seed, rng;
    unsigned step;
    uint64_t now_ms;             /* the true time */
    int64_t relay_skew_ms;       /* of the relay's clock */
    bool relay_waits;            /* it was put back, and waits for the root\'s word */
    bool forged;                 /* somebody has written by another program */
    bool healing;                /* no faults any more */
    unsigned rates[FAULT_COUNT]; /* of this seed, in 10,000 */
    char folders[SIM_FOLDERS][2 * DBK_TEST_PATH_SIZE];
    sim_ledger ledger;
    dbk_hasher trace;
    sim_verdict *out;
} sim;

/* ---- dice, the trace, and the first thing that was wrong ---- */
uint64_t sim_dice(sim *s, uint64_t below);
void sim_blame(sim *s, const char *fmt, ...) DBK_PRINTF(2, 3);
void sim_note(sim *s, const char *fmt, ...) DBK_PRINTF(2, 3); /* into the trace */
void sim_mark(sim *s, sim_marker m);
/* Does it happen now? Counts it. */
bool sim_fault(sim *s, sim_fault_kind f);

/* ---- world.c ---- */
void sim_prepare(sim *s, const sim_opts *opts); /* once */
void sim_drop(sim *s);
void sim_move(sim *s, const char *root); /* where this child's folders are, before anything else */
void sim_begin(sim *s, uint64_t seed);   /* in a child: folders, relay, books */
void sim_end(sim *s);
const char *sim_dir(const sim *s, char out[2 * DBK_TEST_PATH_SIZE], size_t device);
void sim_add_device(sim *s, size_t i); /* in no organisation yet */
void sim_close_book(sim_device *d);
/* DBK_OK, or what opening said. */
dbk_rc sim_open_book(sim_device *d, dbk_err *err);
bool sim_in_space(const sim_device *d, size_t space); /* by what hq knows */
bool sim_ever_in_space(const sim_device *d, size_t space);
sim_device *sim_hq(sim *s);
bool sim_lives(const sim_device *d); /* has a book, in the organisation */
/* Before a device does anything: its clock. */
void sim_wake(sim_device *d);

/* ---- run.c ---- */
void sim_run(sim *s, uint64_t seed); /* to s->out */
/* One sync with the relay; what it says is judged. */
dbk_rc sim_sync(sim_device *d);
/* May what a device does with the relay end so, while there are faults? */
bool sim_excuses(const sim_device *d, dbk_rc rc);
/* After any call of a device: was its process killed meanwhile? Then it starts again. */
void sim_after(sim_device *d);

/* ---- work.c ---- */
void sim_work(sim_device *d);
void sim_renew_forms(sim_device *d); /* it gets the newer forms */
void sim_decide(sim_device *d);      /* at a desk: a conflict, or a note that stands aside */

/* ---- ledger.c ---- */
size_t ledger_open(sim *s, const sim_device *d, size_t record, char text[64]); /* the number */
void ledger_close(sim *s, size_t number, dbk_rc rc);
size_t ledger_record(sim *s, const sim_device *d, size_t space, sim_kind kind);
/* The store has been opened again: is all of it there that was told to be saved? */
void ledger_reopened(sim *s, sim_device *d);
/* Of the changes that a text names; how many. */
size_t ledger_numbers(const sim *s, size_t *out, dbk_span text, size_t max);
bool ledger_take_heads(sim *s, sim_device *d);
void ledger_disposed(sim *s, size_t record);

/* ---- holders.c: who holds which change ---- */
/* Before stores or the relay lose something; and then: `changed` (or NULL) is another store now,
 * and what nobody holds any more may be missing. */
void holders_look(sim *s);
void holders_judge(sim *s, sim_device *changed);
void holders_find_stranded(sim *s); /* at the end, what is no fault that it isn't at headquarters */

/* ---- net.c ---- */
const dbk_transport_ops *sim_wire(void);

/* ---- checks.c, replay.c ---- */
void sim_check(sim *s);
void check_records(sim *s, sim_device *at);
void check_plaintext(sim *s, dbk_span bytes, const char *where);

#endif
