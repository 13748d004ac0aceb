/* sync/engine/session_int.h - what session.c (the machine) and session_space.c (pushing and
 * pulling one space) and session_recover.c (a relay that was restored) share. Inside the engine
 * only. */
#ifndef DBK_ENGINE_SESSION_INT_H
#define DBK_ENGINE_SESSION_INT_H

#include "sync/engine/retry.h"
#include "sync/engine/session.h"

typedef enum session_state {
    S_NEW,
    S_HELLO,
    S_MEMBERS,
    S_MEMBERS_TAKE,
    S_COSIGNED_TAKE,
    S_LOAD,
    S_PUSH,
    S_PUSH_TAKE,
    S_BEGIN,
    S_PULL,
    S_PULL_TAKE,
    S_CARRY_LOAD,
    S_CARRY,
    S_GIVE_LOAD,
    S_GIVE,
    S_WAIT,
    S_END,
    S_COUNT
} session_state;

/* One of our spaces during this session. */
typedef struct work {
    dbk_local_space local;
    dbk_plan plan;
    uint64_t loaded_seq;  /* the last one in the batch under way */
    dbk_id planned_feed;  /* that was to be pushed when the session began */
    uint64_t planned_seq; /* how much of it was held then */
    bool begin_over;      /* a snapshot was tried */
    bool push_over;       /* all sent, or it must stop */
    bool pull_over;
    bool doubted; /* what the welcome says of its log contradicts what was known */
    bool carry_over;
    uint64_t carried; /* of local.strays, offered */
    bool give_over;
    uint64_t given; /* up to which index the recovering relay has the log */
} work;

/* A segment of the batch under way. */
typedef struct sent {
    dbk_hash header_hash;
    uint64_t last_seq;
    uint16_t ops;
} sent;

struct dbk_session {
    session_state state, resume; /* resume: where WAIT goes back to */
    dbk_trust trust;
    uint64_t members_count;
    dbk_hash members_head;
    dbk_err chain_doubt;    /* why the relay's chain isn't ours; rc DBK_OK: it is */
    uint64_t compare_from;  /* then: from where it is compared next */
    uint64_t entries_count; /* in the answer under way */
    work *works;            /* sorted by space */
    size_t works_count;
    size_t at; /* the space under way */
    dbk_welcome welcome;
    dbk_session_counts counts;
    uint32_t rounds_max;
    dbk_err first; /* the first cause that a space had to stop */

    /* the request under way */
    dbk_tries tries;
    dbk_session_request request; /* its target and nonce are the two below */
    char target[DBK_SESSION_TARGET_MAX];
    char ahead_target[DBK_SESSION_TARGET_MAX];
    dbk_bytes body;
    bool reached;     /* the relay has answered something */
    bool late;        /* it takes us for a stranger: only pushing */
    bool asked_again; /* for an order that would explain a note that is missing */
    char nonce[DBK_NONCE_TEXT_MAX + 1];

    /* the batch under way */
    sent batch[DBK_PUSH_SEGMENTS_MAX];
    size_t batch_count;
    uint32_t batch_max;   /* halved by each 413 */
    bool batch_ready;     /* loaded, to be sent when the receipts of the one before are taken */
    dbk_err batch_failed; /* it could not be loaded */
    dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];

    /* receipts that are still to be taken */
    dbk_acked acked[DBK_PUSH_SEGMENTS_MAX];
    size_t acked_count;
    uint8_t note[DBK_CHECKPOINT_BYTES_MAX];
    size_t note_len;
    uint64_t acked_ops; /* for the progress */

    uint64_t range_end; /* index behind the range under way */

    uint64_t give_seq;   /* of the next membership entry that the recovering relay lost */
    bool gave_entries;   /* so that what the relay says of its logs may have changed */
    uint32_t give_count; /* entries or segments in the gift under way */

    uint64_t push_done, push_total, pull_done, pull_total;
};

/* Moves, asserting that the table allows it. */
void dbk_session_move(dbk_session *s, session_state to);
/* Sends the request that stands in s (again). */
void dbk_session_send(dbk_session *s, dbk_session_action *next);
/* Sets up a request without body; the caller writes s->target. */
void dbk_session_get(dbk_session *s, size_t answer_max);
/* The same with s->body. */
void dbk_session_post(dbk_session *s, const char *content_type, size_t answer_max);
void dbk_session_end(dbk_session *s, dbk_session_action *next);
/* session.c: asks once more where the relay stands. */
void dbk_session_greet_again(dbk_session *s, dbk_session_action *next);
/* Ends with this failure, whatever stopped before. */
void dbk_session_fail(dbk_session *s, dbk_session_action *next, const dbk_err *err);
/* Remembers the first cause, naming the space. */
void dbk_session_stopped(dbk_session *s, const work *w, const dbk_err *err);

/* session_local.c: the positions, copied, when the session begins and after membership; the plans
 * of spaces that were known stay. */
DBK_MUST_CHECK dbk_rc dbk_session_take_local(dbk_session *s, const dbk_local *local, dbk_err *err);
/* ... and after receipts or a range: of the same spaces, or fewer. One that this device is out of
 * is told of until its last note there is signed for. */
void dbk_session_refresh(dbk_session *s, const dbk_local *local);

/* session.c */
void dbk_session_keep_nonce(dbk_session *s, const char *nonce);

/* session_space.c: of the space under way no more is pulled in this session. */
void dbk_session_stop_pull(dbk_session *s, dbk_session_action *next, const dbk_err *err);

/* session_begin.c: is a snapshot to be tried before the space is pulled? */
bool dbk_session_begins(const dbk_session *s, const work *w);
void dbk_session_begin(dbk_session *s, dbk_session_action *next, work *w);
void dbk_session_begun(dbk_session *s, dbk_session_action *next, const dbk_session_event *event);

/* session_space.c */
void dbk_session_spaces(dbk_session *s,
                        dbk_session_action *next); /* plans, then the first push or pull */
/* After a hello that was refused: tries to bring what has no receipt yet. false: nothing is. */
bool dbk_session_late(dbk_session *s, dbk_session_action *next);
void dbk_session_cosigned_taken(dbk_session *s, dbk_session_action *next,
                                const dbk_session_event *event);
void dbk_session_next(dbk_session *s, dbk_session_action *next); /* what is to be done next */
void dbk_session_batch(dbk_session *s, dbk_session_action *next, const dbk_session_event *event);
void dbk_session_pushed(dbk_session *s, dbk_session_action *next, const dbk_session_event *event);
void dbk_session_push_refused(dbk_session *s, dbk_session_action *next,
                              const dbk_session_event *event);
void dbk_session_receipts_taken(dbk_session *s, dbk_session_action *next,
                                const dbk_session_event *event);
void dbk_session_pulled(dbk_session *s, dbk_session_action *next, const dbk_session_event *event);
void dbk_session_pull_refused(dbk_session *s, dbk_session_action *next,
                              const dbk_session_event *event);
/* Takes a newer checkpoint as the goal of the pull. */
DBK_MUST_CHECK dbk_rc dbk_session_raise_goal(dbk_session *s, work *w, dbk_span note, dbk_err *err);
void dbk_session_range_taken(dbk_session *s, dbk_session_action *next,
                             const dbk_session_event *event);

/* session_recover.c: giving a relay what it lost, ... */
void dbk_session_recover(dbk_session *s, dbk_session_action *next);
void dbk_session_gift_loaded(dbk_session *s, dbk_session_action *next, const dbk_session_event *e);
void dbk_session_given(dbk_session *s, dbk_session_action *next);
void dbk_session_gift_refused(dbk_session *s, dbk_session_action *next, const dbk_session_event *e);
/* ... and carrying there what only this device holds of others. */
void dbk_session_carry(dbk_session *s, dbk_session_action *next, const work *w);
DBK_MUST_CHECK dbk_rc dbk_session_add_stray(dbk_session *s, const dbk_sealed *segment,
                                            dbk_err *err);
void dbk_session_strays_loaded(dbk_session *s, dbk_session_action *next,
                               const dbk_session_event *e);
void dbk_session_carried(dbk_session *s, dbk_session_action *next, const dbk_session_event *e);
void dbk_session_carry_refused(dbk_session *s, dbk_session_action *next,
                               const dbk_session_event *e);

#endif
