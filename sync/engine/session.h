/* sync/engine/session.h - one sync with a relay as a state machine: event in, action out.
 * Knows:  the order of calls, what may follow what, when to ask again, when to stop.
 * Never:  sockets, the store, the clock, randomness: they come with events.
 *
 *            START
 *   NEW ------------> HELLO --idle------------------------------------------------> END
 *                       | welcome          (every state may go to END by a failure)
 *                       v
 *        .---------> MEMBERS ----> MEMBERS_TAKE       only while the relay has more entries, or
 *        |                             |              another chain: then from the beginning, to
 *        '--not all-----------------'  | all
 *                       .--------------'
 *                       v
 *                  COSIGNED_TAKE                     for each space with words of headquarters,
 *                       |                             or a first checkpoint after a restore
 *                       |
 *                       v
 *        .---> LOAD ----> PUSH ----> LOAD ----> PUSH_TAKE    for each space, while it lacks of
 *        |      |          ^  '----last batch----^ | |       ours: the next batch is loaded
 *        |      '----------'-----------------------' |       before the receipts are taken, so
 *        '--next space-------------------------------|       that it can travel meanwhile
 *                       .--all spaces----------------'
 *                       v
 *      BEGIN                                          for each space of which nothing is here,
 *        |                                             if headquarters' snapshot stands there
 *        .---> PULL ----> PULL_TAKE                   for each space, up to the signed size
 *        '--more, next space-'  | all spaces
 *                               '-----------------------------------------------> END
 *   CARRY_LOAD <--> CARRY        after the pulls: what others wrote and only a stick brought, or a
 *        '--> BEGIN, PULL, END   restored relay lost, goes there; then it is pulled from its place
 *   HELLO, MEMBERS_TAKE --the relay waits for its recovery--> GIVE_LOAD <--> GIVE: entries and
 *        logs that it lost (after entries once more HELLO: its logs' names may have come back with
 *        them); then END, with DBK_PENDING: only the root can let it go on
 *   HELLO, MEMBERS, PUSH, PULL, CARRY, GIVE --busy, lost--> WAIT --TIMER--> the same again
 *
 * Own notes leave before anything is fetched. What is wrong with one space is remembered, and the
 * others go on (sync-lessons 1.7); the first cause is told at the end. Every answer must bring the
 * goal nearer, and the number of rounds has a hard cap (2.22): no relay can keep a device busy. */
#ifndef DBK_ENGINE_SESSION_H
#define DBK_ENGINE_SESSION_H

#include "sync/engine/httpsig.h"
#include "sync/engine/plan.h"

#define DBK_SESSION_ROUNDS_MAX 65536u
#define DBK_SESSION_PUSH_BYTES (1024u * 1024u)
#define DBK_SESSION_RANGE_BYTES (1024u * 1024u)
#define DBK_SESSION_TARGET_MAX 160u

typedef enum dbk_session_event_kind {
    DBK_EVENT_START,  /* local, trust, nonce */
    DBK_EVENT_ANSWER, /* round, status, body, nonce, retry_after_s */
    DBK_EVENT_FAILED, /* round, rc, why: no answer, delivery unknown */
    DBK_EVENT_BATCH, /* rc, why: all that a LOAD asked for went into dbk_session_add() or _give() */
    DBK_EVENT_TAKEN, /* rc, why: of the TAKE or BEGIN before; local after members and receipts, and
                      * after a range or a snapshot that changed where this device stands; nonce
                      * after BEGIN */
    DBK_EVENT_TIMER  /* the WAIT is over */
} dbk_session_event_kind;
typedef struct dbk_session_event {
    dbk_session_event_kind kind;
    uint32_t random; /* with every event */
    uint32_t round;
    int status;
    dbk_span body; /* must live until the next ANSWER: a TAKE borrows from it */
    const char *nonce;
    uint32_t retry_after_s;
    dbk_rc rc;
    const char *why;
    bool let_go; /* DBK_PENDING: a relay has let go of what this device lacks, or a snapshot has
                  * left it out: nothing is hidden */
    const dbk_local *local; /* copied */
    const dbk_trust *trust; /* copied */
    uint32_t rounds_max;    /* START; 0: DBK_SESSION_ROUNDS_MAX */
} dbk_session_event;

typedef enum dbk_session_action_kind {
    DBK_ACTION_NONE, /* an answer that nobody waits for any more was dropped */
    DBK_ACTION_SEND, /* round, request: sign with its nonce, exchange */
    DBK_ACTION_LOAD, /* space, after_seq, held_seq, late, count_max, bytes_max: own segments */
    DBK_ACTION_LOAD_STRAYS,   /* space, after_seq (how many to skip), count_max, bytes_max */
    DBK_ACTION_LOAD_ENTRY,    /* after_seq: the seq of one membership entry; for give() */
    DBK_ACTION_LOAD_REFILL,   /* space, after_seq (log index), count_max, bytes_max; for give() */
    DBK_ACTION_TAKE_MEMBERS,  /* entries */
    DBK_ACTION_TAKE_COSIGNED, /* space, checkpoint (or empty) of what is held, cosigned: before
                               * anything of the space is exchanged */
    DBK_ACTION_TAKE_RECEIPTS, /* space, receipts, checkpoint */
    DBK_ACTION_TAKE_RANGE,    /* space, range */
    DBK_ACTION_BEGIN,         /* space: take the snapshot that the relay says it has, if it holds;
                               * nothing depends on it. TAKEN with local, and the newest nonce;
                               * DBK_UNREACHABLE: it goes on with the next sync */
    DBK_ACTION_WAIT,          /* wait_ms */
    DBK_ACTION_DONE,
    DBK_ACTION_FAIL /* failure: the first cause; all that could be done was done */
} dbk_session_action_kind;
typedef struct dbk_acked {
    dbk_hash header_hash;
    dbk_receipt receipt;
} dbk_acked;
typedef struct dbk_session_request {
    const char *method, *target, *nonce; /* method NULL: none */
    const char *content_type;            /* with a body */
    dbk_span body;
    bool has_body;
    size_t answer_max;
} dbk_session_request;
/* Everything is borrowed until the next step; of `ahead`, the body until it is answered or given
 * up, and the texts for the call only. */
typedef struct dbk_session_action {
    dbk_session_action_kind kind;
    const char *phase;    /* "hello", "members", "push", "pull", "recover" */
    uint64_t done, total; /* of the phase: ops sent, segments fetched; total 0: not known */
    uint32_t round;
    dbk_session_request request; /* SEND */
    /* With a TAKE: what will be sent next if the TAKE succeeds. Whoever can may begin it in the
     * meantime, and hand over its answer when SEND asks for the same; else it is dropped. */
    dbk_session_request ahead;
    dbk_id space;
    uint64_t after_seq;
    uint64_t held_seq; /* LOAD: the relay says that it holds so much of the own feed */
    bool late;         /* LOAD: the relay answers as to a stranger */
    uint32_t count_max, bytes_max;
    dbk_span entries;
    const char *const *cosigned;
    size_t cosigned_count;
    const dbk_acked *acked;
    size_t acked_count;
    dbk_span checkpoint;
    dbk_range range;
    bool comes_back; /* TAKE_RANGE: what a restored store's backup left out is in it */
    bool brings_own; /* TAKE_RANGE: its outcome says anew where this device stands */
    uint32_t wait_ms;
    const dbk_err *failure;
} dbk_session_action;

typedef struct dbk_session dbk_session;
DBK_MUST_CHECK dbk_rc dbk_session_new(dbk_session **out, dbk_err *err);
void dbk_session_free(dbk_session *s); /* NULL is nothing */
/* The one step. Out of memory is a FAIL like others. An event that can't be in this state is a
 * broken program, except an ANSWER or FAILED of an old round: NONE. After DONE and FAIL: nothing.
 */
void dbk_session_step(dbk_session *s, dbk_session_action *next, const dbk_session_event *event);
/* Between LOAD and BATCH, for each segment in order; copies. DBK_DAMAGED, DBK_PEER: it doesn't
 * continue what the relay holds; hand that on as the BATCH's rc. */
DBK_MUST_CHECK dbk_rc dbk_session_add(dbk_session *s, const dbk_sealed *segment, dbk_err *err);

/* Between LOAD_ENTRY or LOAD_REFILL and BATCH, once: the request's whole body, of so many entries
 * or segments; copies. Not called: nothing is held. */
DBK_MUST_CHECK dbk_rc dbk_session_give(dbk_session *s, dbk_span body, uint32_t count, dbk_err *err);

typedef struct dbk_session_counts {
    uint32_t rounds;
    uint64_t pushed_segments, pushed_ops;   /* that the relay signed for */
    uint64_t refused;                       /* own segments that it did not take */
    uint64_t carried;                       /* segments of others that it has by this device */
    uint64_t given_entries, given_segments; /* that it took back while it waits */
    bool idle;                              /* the hello was all */
    bool greeted;                           /* the relay knows this device */
} dbk_session_counts;
dbk_session_counts dbk_session_count(const dbk_session *s);
/* The newest nonce that the relay gave, for the next session; "" if none. */
const char *dbk_session_nonce(const dbk_session *s);
/* The checkpoint notes of the welcome that this device could not believe: of space number i of
 * those. false: no more. Borrowed until the session is freed. */
bool dbk_session_doubt(const dbk_session *s, size_t i, dbk_id *space, dbk_span *note);
/* Does a snapshot of this space wait for this device's word, as far as the relay tells? */
bool dbk_session_confirms(const dbk_session *s, const dbk_id *space);
/* Does the relay ask for this device's word how far it has the space's log? */
bool dbk_session_asks_reach(const dbk_session *s, const dbk_id *space);
/* Does somebody lack bodies of the space that this device holds, and from which index on? */
bool dbk_session_wanted(const dbk_session *s, const dbk_id *space, uint64_t *from);
/* The state's name, for traces. */
const char *dbk_session_state(const dbk_session *s);
void dbk_session_check_deep(const dbk_session *s);

#endif
