/* core/journal/floor.h - a log's floor, for the administrators who propose it and agree to it
 * (decision 0041): how high it may be by what the relay shows, each word and the snapshot held
 * against the log as it is here. */
#ifndef DBK_JOURNAL_FLOOR_H
#define DBK_JOURNAL_FLOOR_H

#include "core/crypto/hole.h"
#include "core/journal/reach.h"
#include "core/journal/snapshot.h"

#define DBK_FLOOR_WHOLE_LEAST 2u /* desks that hold each note themselves */

typedef struct dbk_floor_place {
    dbk_floor floor;   /* the highest that may be had; size 0: none */
    uint64_t now;      /* of this log, the one in force; 0: none */
    uint64_t here;     /* how much of the log this device has */
    uint64_t snapshot; /* with which a new device may begin, confirmed; 0: there is none of use */
    uint64_t least;    /* what each reader has at least; 0: one has said nothing */
    size_t whole;      /* desks of headquarters that hold each note of that */
} dbk_floor_place;

/* Of how many entries of the log, as it is known here, relays may have let go of the bodies. */
uint64_t dbk_floor_now(const dbk_book *book, const dbk_id *space);
/* Did a relay let go of this body? It stands below the floor of this log, by the chain as it is
 * here, all of it is missing, and not just what was ordered erased. */
bool dbk_floor_let_go(const dbk_book *book, const dbk_id *log, uint64_t index, const dbk_header *h,
                      const dbk_sealed *segment);
#define DBK_FLOOR_LET_GO                                                                        \
    "the relay has let go of these notes; another device that holds them brings them with its " \
    "sync: sync again after that"

/* What the relay shows. */
typedef struct dbk_floor_in {
    dbk_id space;
    dbk_span words;                  /* as of dbk_reach_read */
    const dbk_snapshot_in *snapshot; /* NULL: none; its chunks aren't asked for */
    dbk_reached_fn fn;               /* of each reader; may be NULL */
    void *ctx;
} dbk_floor_in;
/* As dbk_reach_read. A snapshot that a new device would not take is none. */
DBK_MUST_CHECK dbk_rc dbk_floor_find(dbk_book *book, dbk_floor_place *out, const dbk_floor_in *in,
                                     dbk_err *err);

/* Is it of the log as it is here? DBK_CONFLICT: of another one. DBK_PENDING: not so much of it is
 * here. */
DBK_MUST_CHECK dbk_rc dbk_floor_check(dbk_book *book, const dbk_id *space, const dbk_floor *floor,
                                      dbk_err *err);

#endif
