/* sync/engine/plan.h - what this device holds against what the relay says it holds (pure).
 * The relay's position is asked of the relay at every session (sync-lessons 2.1); what it says is
 * believed only as far as its signed checkpoint goes. */
#ifndef DBK_ENGINE_PLAN_H
#define DBK_ENGINE_PLAN_H

#include "sync/engine/msg.h"

/* Where this device stands in one space. */
typedef struct dbk_local_space {
    dbk_id space;
    dbk_id log;      /* zero before the first contact */
    uint64_t size;   /* log entries applied here */
    dbk_hash root;   /* of that many */
    dbk_id own_feed; /* zero: nothing was ever written here */
    uint64_t own_last_seq;
    uint64_t absent_from; /* what a restored store's backup left out is fetched first: from here */
    uint64_t absent_to;   /* to there; 0: nothing was */
    uint64_t strays;      /* segments of others that are to be carried there */
    uint64_t own_receipted_seq; /* up to which the relay has signed, without a gap */
    bool lacks_note;            /* no checkpoint of this log is held, though entries are */
    bool push_only;             /* what was written here leaves, and nothing is fetched */
    bool ends; /* a guest's: the relay may know the space no more, and takes what comes late */
    dbk_cosigned cosigned; /* what headquarters said last of what is applied here */
} dbk_local_space;
typedef struct dbk_local {
    uint64_t members_count;
    dbk_hash members_head;
    const dbk_local_space *spaces; /* sorted by id */
    size_t spaces_count;
} dbk_local;

/* Whose word counts. */
typedef struct dbk_trust {
    dbk_id org;
    dbk_sign_pk relay;
} dbk_trust;

/* Everything written here has been signed for, and nothing is to be carried: the short hello may be
 * sent. */
bool dbk_plan_is_quiet(const dbk_local *local);
DBK_MUST_CHECK dbk_rc dbk_plan_known(dbk_id *out, const dbk_local *local, dbk_err *err);

/* DBK_PEER: the relay's membership chain is shorter than ours (unless it says that it was put back
 * from a backup: then it gets the rest), or another one of that length. */
DBK_MUST_CHECK dbk_rc dbk_plan_members(const dbk_local *local, const dbk_welcome *welcome,
                                       dbk_err *err);

typedef struct dbk_plan {
    uint64_t push_after; /* send own segments after this seq; own_last_seq: nothing to send */
    uint64_t relay_seq;  /* the relay's head of our feed, 0: it has none */
    dbk_hash relay_head;
    const char *const *cosigned; /* headquarters' words in the welcome, which must outlive this */
    size_t cosigned_count;
    const char *checkpoint; /* the welcome's, which is to be kept before them; NULL: none is */
    uint64_t pull_to;       /* the log's size that the relay signed for */
    bool own_held;  /* what the relay has of this device is all here: bodies can stay there */
    bool push_only; /* as of the space; or the relay lists it no more */
    bool behind;    /* the relay has more of our feed than we: nothing of it may be pushed, and
                     * the log must show what that is */
} dbk_plan;
/* DBK_PEER with the cause when this space must not be synced: the log was rolled back, replaced or
 * forked. Nothing is changed then. */
DBK_MUST_CHECK dbk_rc dbk_plan_space(dbk_plan *out, const dbk_local_space *local,
                                     const dbk_welcome *welcome, const dbk_trust *trust,
                                     dbk_err *err);

/* What the welcome says of a space; NULL: nothing. */
const dbk_welcome_space *dbk_plan_find(const dbk_welcome *w, const dbk_id *space);

/* Opens a checkpoint and holds it against the log that it must be of. */
DBK_MUST_CHECK dbk_rc dbk_plan_checkpoint(dbk_checkpoint *out, dbk_span note, const dbk_id *space,
                                          const dbk_trust *trust, dbk_err *err);

#endif
