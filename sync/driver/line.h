/* sync/driver/line.h - one signed request at a time to the relay; inside the driver only.
 * One request may travel ahead in a thread of its own, while the caller does something else: the
 * book and the session are the caller's alone, the transport is the thread's until it has ended.
 * The nonce that an answer brings signs the next request; the last one is kept in the book, so
 * that the first request of the next sync is good at once (an idle sync is one round trip). */
#ifndef DBK_DRIVER_LINE_H
#define DBK_DRIVER_LINE_H

#include "sync/driver/driver.h"
#include "sync/engine/httpsig.h"

/* Tells the watcher, but not more than about ten times a second, and at each end of a phase. */
typedef struct dbk_watch {
    const dbk_progress *progress; /* NULL: nobody watches */
    uint64_t told_ms;
} dbk_watch;
void dbk_watch_tell(dbk_watch *w, const char *phase, uint64_t done, uint64_t total);

typedef struct dbk_line {
    dbk_book *book;          /* borrowed */
    const dbk_transport *t;  /* borrowed */
    dbk_answer answers[2];   /* of the last request, and of the one ahead */
    unsigned current;        /* the last one's */
    struct dbk_ahead *ahead; /* under way, or NULL */
    char nonce[DBK_NONCE_TEXT_MAX + 1];
    uint32_t round_trips;
    uint64_t sent_bytes, received_bytes;
    bool reached;   /* the relay has answered something */
    dbk_err unsaid; /* why this desk could not confirm a snapshot; told when all is done */
} dbk_line;

typedef struct dbk_call {
    const char *method, *target;
    const char *content_type; /* with a body */
    dbk_span body;
    bool has_body;
    bool is_unsigned;  /* before this device is known */
    const char *setup; /* Daybook-Setup, or NULL */
    size_t answer_max;
} dbk_call;

DBK_MUST_CHECK dbk_rc dbk_line_open(dbk_line *line, dbk_book *book, const dbk_transport *t,
                                    dbk_err *err);
/* Keeps the nonce for next time; that it can't is no failure of what was done. */
void dbk_line_close(dbk_line *line);

/* A request's target about a space: tail is what comes behind its id, "/reach". */
#define DBK_LINE_TARGET_SIZE 160u
void dbk_line_target(char out[DBK_LINE_TARGET_SIZE], const dbk_id *space, const char *tail);

/* Of the last request; valid until the next dbk_line_send(). */
dbk_answer *dbk_line_answer(dbk_line *line);
/* Begins a request that dbk_line_send() will be asked for; where that isn't worth it or fails,
 * nothing happens. call's body must stay until then; its texts are copied. */
void dbk_line_ahead(dbk_line *line, const dbk_call *call, const char *nonce);
/* Waits for what is ahead and drops it: before anything that it was sent with changes. */
void dbk_line_settle(dbk_line *line);
/* One exchange, whatever the status. DBK_UNREACHABLE, DBK_PEER, DBK_LIMIT. */
DBK_MUST_CHECK dbk_rc dbk_line_send(dbk_line *line, const dbk_call *call, const char *nonce,
                                    dbk_err *err);
/* Sends until the answer counts: fresh nonces, waits and lost answers are dealt with. DBK_OK: a
 * status of 2xx. Else the cause of the refusal; the answer's status tells them apart. */
DBK_MUST_CHECK dbk_rc dbk_line_ask(dbk_line *line, const dbk_call *call, dbk_err *err);

/* Builds one entry into *entry for the head as it is now. */
typedef dbk_rc (*dbk_build_fn)(dbk_book *book, dbk_bytes *entry, void *ctx, dbk_err *err);
/* Builds, posts and takes one membership entry; anew when somebody else was faster. */
DBK_MUST_CHECK dbk_rc dbk_line_change(dbk_line *line, dbk_build_fn build, void *ctx, dbk_err *err);

/* An administrator's: posts every rotation that is due. Nothing on another's device. */
DBK_MUST_CHECK dbk_rc dbk_line_rotate_due(dbk_line *line, dbk_err *err);

/* Everything that the relay's chain has beyond ours. *ours: this very entry was among it, whoever
 * else has signed it besides. */
DBK_MUST_CHECK dbk_rc dbk_line_catch_up(dbk_line *line, dbk_span entry, bool *ours, dbk_err *err);
/* Posts an entry and takes it. DBK_CONFLICT: someone else was faster; now we hold what they did. */
DBK_MUST_CHECK dbk_rc dbk_line_post(dbk_line *line, dbk_span entry, dbk_err *err);
/* Leaves an entry at the relay for a second administrator: DBK_PROPOSED. DBK_CONFLICT: the chain
 * has moved on. */
DBK_MUST_CHECK dbk_rc dbk_line_propose(dbk_line *line, dbk_span entry, dbk_err *err);
/* An administrator's: what waits for them, and what became of what they proposed. */
DBK_MUST_CHECK dbk_rc dbk_line_heed_proposals(dbk_line *line, dbk_sync_report *report,
                                              dbk_err *err);

/* A witness's: posts what is to be said of each space (core/journal/witness.h). *said: how many
 * were taken. What one space meets doesn't stop the others; the first cause is told. Nothing on
 * another's device. */
DBK_MUST_CHECK dbk_rc dbk_line_cosign_due(dbk_line *line, uint64_t *said, dbk_err *err);

/* Begins in a space with the snapshot that stands at the relay. *taken { 0 }: it was none, or could
 * not be used, and *refused says whether something is wrong with it; the log has it all. Fails
 * where this device can't go on, and with DBK_UNREACHABLE: what came of it is kept, and the next
 * sync goes on from there. */
DBK_MUST_CHECK dbk_rc dbk_line_snapshot_begin(dbk_line *line, dbk_snapshot_taken *taken,
                                              bool *refused, const dbk_id *space, dbk_watch *watch,
                                              dbk_err *err);
/* Confirms the one that waits there. DBK_NOT_FOUND: there is none (any more). */
DBK_MUST_CHECK dbk_rc dbk_line_snapshot_confirm(dbk_line *line, dbk_snapshot_told *told,
                                                const dbk_id *space, dbk_err *err);

/* This device's word how far it has a space's log, for a relay that asks for it. That it can't say
 * so, or isn't heard, is nothing: it will be asked again. Fails only where this device can't go on.
 */
DBK_MUST_CHECK dbk_rc dbk_line_say_reach(dbk_line *line, const dbk_id *space, dbk_err *err);

/* This device lacks bodies from an index on that the relay has let go of, or nothing any more if
 * just that was said before (for the same need: a sync, or fetching what a snapshot left out). */
typedef enum dbk_lacks { DBK_LACKS_NOTHING, DBK_LACKS_LOG, DBK_LACKS_BODIES } dbk_lacks;
DBK_MUST_CHECK dbk_rc dbk_line_lacks(dbk_line *line, dbk_lacks what, const dbk_id *space,
                                     uint64_t from, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_line_lacks_nothing(dbk_line *line, dbk_lacks what, const dbk_id *space,
                                             dbk_err *err);
/* Brings what somebody lacks from this index on, as far as it is here; *segments: how many more.
 * All of these fail only where this device can't go on. */
DBK_MUST_CHECK dbk_rc dbk_line_bring(dbk_line *line, uint64_t *segments, const dbk_id *space,
                                     uint64_t from, dbk_err *err);

/* Sends this book's join request; the relay takes the same bytes twice. DBK_DENIED: the invite was
 * used by someone else, or has run out. */
DBK_MUST_CHECK dbk_rc dbk_line_join(dbk_line *line, dbk_err *err);

void dbk_line_wait(uint32_t ms);

#endif
