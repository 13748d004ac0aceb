/* sync/relay/relay_calls.h - inside the relay only: its parts, and one function for each call. */
#ifndef DBK_RELAY_RELAY_CALLS_H
#define DBK_RELAY_RELAY_CALLS_H

#include <pthread.h>
#include <stdatomic.h>

#include "sync/relay/append.h"
#include "sync/relay/relay.h"
#include "sync/relay/roll.h"

#define DBK_SETTING_RELAY_SK "relay-sk"
#define DBK_SETTING_SETUP "setup"
#define DBK_SETTING_RECOVERING "recovering" /* the operator's words */
#define DBK_DECOY_TEXT "daybook-relay decoy"

struct dbk_relay {
    const dbk_env *env;
    dbk_secret *sk; /* signs checkpoints and receipts */
    dbk_sign_pk pk;
    dbk_sig decoy; /* of DBK_DECOY_TEXT: checked where there is nobody's signature to check */
    dbk_log log;   /* writes */
    dbk_roll *roll;
    dbk_append *append;
    dbk_writer *writer;
    pthread_mutex_t lock; /* of the idle readers, and of who was heard */
    pthread_cond_t idle;
    dbk_log *readers;
    size_t readers_count;
    size_t *idle_readers; /* a stack of indexes */
    size_t idle_count;
    atomic_bool recovering;     /* it takes nothing but what it lost */
    bool recovered;             /* in this transaction; the writer's */
    bool letting_go;            /* bodies may stand below a floor; the writer's */
    dbk_bytes heard;            /* dbk_id, ascending: who has greeted it since */
    bool (*is_full)(void *ctx); /* the disk, nearly; NULL: not asked */
    void *is_full_ctx;
    dbk_pace *devices, *strangers; /* NULL: as often as they like */
    dbk_metrics *metrics;
    dbk_quota quota;    /* under lock */
    bool shared;        /* others write into the log, too */
    atomic_bool failed; /* the storage failed for good: not healthy until it is started again */
};

/* The key that a log holds. */
DBK_MUST_CHECK dbk_rc dbk_relay_load_key(dbk_secret **sk, const dbk_log *log, dbk_err *err);

/* A request that was let in. */
typedef struct dbk_call {
    const dbk_relay_request *req;
    dbk_caller caller; /* zero if the call needs no signature */
    dbk_id id;         /* the space, invite or proposal that the path names */
} dbk_call;

/* A handle for reading, in a view that stands still until it is given back. */
DBK_MUST_CHECK dbk_rc dbk_relay_reader_take(dbk_relay *r, size_t *reader, dbk_err *err);
void dbk_relay_reader_give(dbk_relay *r, size_t reader);
/* Submits; notes when the storage has failed. */
DBK_MUST_CHECK dbk_rc dbk_relay_write(dbk_relay *r, const dbk_job *job, dbk_err *err);
/* The same, and answers: 204, or what the job has decided. */
DBK_MUST_CHECK dbk_rc dbk_relay_submit(dbk_relay *r, dbk_relay_answer *a, const dbk_job *job,
                                       const dbk_rc *decision, dbk_err *err);

dbk_quota dbk_relay_quota(dbk_relay *r);

/* What is decided about a sender's entry is for the sender; all else is the storage's failure. */
bool dbk_relay_is_decision(dbk_rc rc);
/* Drops all proposals: the chain has moved past them. */
DBK_MUST_CHECK dbk_rc dbk_relay_proposals_clear(const dbk_log *log, dbk_err *err);
/* Not in the space, no such space: nobody outside learns which. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_relay_check_member(dbk_relay *r, const dbk_call *c, dbk_err *err);
/* The same, and DBK_DENIED: who only writes there has nothing of it; who isn't a desk of
 * headquarters vouches for nothing. */
DBK_MUST_CHECK dbk_rc dbk_relay_check_reader(dbk_relay *r, const dbk_call *c, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_relay_check_desk(dbk_relay *r, const dbk_call *c, dbk_err *err);

/* Is this a state that the space's log, as it stands, has been in? A log that was put back from a
 * copy has not, though this relay's key signed it. If not, *decision is DBK_CONFLICT. */
DBK_MUST_CHECK dbk_rc dbk_relay_check_history(const dbk_log_space *s, const dbk_checkpoint *point,
                                              dbk_rc *decision, dbk_err *err);

/* What a member's welcome tells of a space's snapshots. */
typedef struct dbk_snapshots_told {
    bool stands; /* one that it may begin with; headquarters holds all of it */
    bool waits;  /* one for this device's word */
} dbk_snapshots_told;
DBK_MUST_CHECK dbk_rc dbk_relay_snapshots_told(dbk_relay *r, const dbk_log_space *s,
                                               const dbk_caller *caller, dbk_snapshots_told *out,
                                               dbk_err *err);

/* relay_reach.c: is a device's word how far it has this log to be asked for? */
DBK_MUST_CHECK dbk_rc dbk_relay_asks_reach(dbk_relay *r, const dbk_log_space *s,
                                           const dbk_caller *caller, uint64_t now_ms, bool *asks,
                                           dbk_err *err);

/* relay_floor.c: may the log's floor be where this new entry wants it? If not, *decision is
 * DBK_DENIED. In the writer's transaction, before the entry is taken. */
DBK_MUST_CHECK dbk_rc dbk_relay_may_floor(dbk_relay *r, const dbk_log *log, const dbk_entry *e,
                                          uint64_t now_ms, dbk_rc *decision, dbk_err *err);

/* relay_letgo.c: lets go of some bodies below a floor, in the writer's transaction. */
DBK_MUST_CHECK dbk_rc dbk_relay_let_go(dbk_relay *r, const dbk_log *log, dbk_err *err);

/* relay_wanted.c: does a device lack bodies that relays have let go of, which the caller holds?
 * From which index on they are to be brought. */
typedef struct dbk_wanted {
    bool any;
    uint64_t from;
} dbk_wanted;
DBK_MUST_CHECK dbk_rc dbk_relay_wanted(dbk_relay *r, const dbk_log_space *s,
                                       const dbk_caller *caller, uint64_t now_ms, dbk_wanted *out,
                                       dbk_err *err);

/* What a call's query may hold: decimal numbers only, each at most once. */
typedef struct dbk_query_field {
    const char *name;
    uint64_t value;
    bool given;
} dbk_query_field;
DBK_MUST_CHECK dbk_rc dbk_query_parse(dbk_query_field *fields, size_t count, dbk_span query,
                                      dbk_err *err);

/* relay_recover.c: what a relay that was put back from a backup does. */
/* Does it wait for its recovery? */
DBK_MUST_CHECK dbk_rc dbk_recover_load(dbk_relay *r, const dbk_log *log, dbk_err *err);
/* Notes that the device was here. Memory that is short loses the note, and nothing else. */
void dbk_recover_heard(dbk_relay *r, const dbk_id *device);
/* A space of the welcome: what its log claims. */
DBK_MUST_CHECK dbk_rc dbk_recover_claim(const dbk_log_space *s, dbk_log_claim *out, dbk_err *err);
/* May this entry be taken now? In the writer's transaction, before it is. lost: by the call for
 * what the relay lost. */
typedef struct dbk_recover_entry {
    const dbk_entry *entry;
    bool lost;
} dbk_recover_entry;
DBK_MUST_CHECK dbk_rc dbk_recover_may_take(dbk_relay *r, const dbk_log *log,
                                           const dbk_recover_entry *e, dbk_rc *decision,
                                           dbk_err *err);
/* And what follows from it, after it was. */
DBK_MUST_CHECK dbk_rc dbk_recover_taken(dbk_relay *r, const dbk_log *log,
                                        const dbk_recover_entry *e, dbk_err *err);
void dbk_recover_settle(dbk_relay *r, dbk_outcome outcome);

/* The calls. A failure becomes the answer: DBK_FORMAT, DBK_VERSION, DBK_INVALID 400; DBK_DENIED
 * 403; DBK_NOT_FOUND 404; DBK_CONFLICT 409; DBK_LIMIT 413; DBK_FULL 507; all others 503. */
typedef dbk_rc (*dbk_call_fn)(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_health(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_hello(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_members_get(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_members_post(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_org(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_push(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_range(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_proof(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_cosign(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_reach(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_reaches(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_wanted(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_bodies(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_snapshot_part(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_snapshot_make(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_snapshot_confirm(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c,
                                 dbk_err *err);
dbk_rc dbk_call_snapshot_get(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_snapshot_fetch(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_claims(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_lost_entry(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_refill(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_join_open(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_join_put(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_propose(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_proposals(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_decline(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);
dbk_rc dbk_call_join_list(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err);

#define DBK_TYPE_JSON "application/json"
#define DBK_TYPE_BINARY "application/octet-stream"
#define DBK_TYPE_TEXT "text/plain"

#endif
