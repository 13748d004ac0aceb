/* sync/driver/driver.h - the loop between engine, transport and journal; no rule of the protocol
 * lives here. Everything that needs the network and a book together. Blocking; one thread. */
#ifndef DBK_DRIVER_DRIVER_H
#define DBK_DRIVER_DRIVER_H

#include "core/daybook.h"
#include "sync/transport/transport.h"

/* Called at most every 100 ms or so, and at the end of each phase. total 0: not known. */
typedef struct dbk_progress {
    void (*fn)(void *ctx, const char *phase, uint64_t done, uint64_t total);
    void *ctx;
} dbk_progress; /* { 0 }: nobody watches */

/* What became of the change that this device proposed last; but for WAITS it is told once. */
typedef enum dbk_own_proposal {
    DBK_OWN_NONE,
    DBK_OWN_WAITS,
    DBK_OWN_AGREED,
    DBK_OWN_DECLINED, /* or the relay lost it */
    DBK_OWN_OVERTAKEN /* the organisation changed in between: it has to be proposed anew */
} dbk_own_proposal;

typedef struct dbk_sync_report {
    uint32_t round_trips;
    uint64_t sent_bytes, received_bytes; /* HTTP bytes with headers */
    uint64_t pushed_segments, pushed_ops;
    uint64_t pulled_segments, pulled_ops;
    uint64_t records_new, records_changed, conflicts_new;
    uint64_t members_new;
    uint64_t begun, begun_records; /* spaces that began with a snapshot, and what that held */
    uint64_t begun_refused;        /* that the relay offered, and that could not be used */
    uint64_t snapshots_confirmed;  /* for headquarters */
    uint64_t evidence_new;         /* of two histories: core/journal/evidence.h */
    uint64_t refused; /* own segments that the relay did not take; `status` names them */
    uint64_t pending; /* segments that can't be opened yet */
    bool restored; /* this store was an old copy, or there are two: it goes on under a new name */
    uint64_t reissued; /* own changes that the relay didn't hold and were written again */
    uint64_t cosigned; /* logs that this device vouched for, for headquarters */
    uint64_t stale;    /* spaces that headquarters hasn't confirmed for too long (R22) */
    /* A relay that was restored from a backup: */
    bool relay_restored;   /* this device has just left a log for the one that took its place */
    uint64_t lost_ops;     /* own changes that the relay had signed for, lost, and gets again */
    uint64_t lost_others;  /* segments of others that it lost and this device holds */
    uint64_t carried;      /* segments of others that it has by this device: it had lost them, or a
                            * folder brought them here */
    uint64_t given_back;   /* entries and segments that it took back while it waits */
    size_t contradictions; /* spaces where the root's word doesn't fit what is held here */
    uint64_t lacking;      /* spaces of which a relay has let go of what is needed here; it comes */
    uint64_t brought;      /* notes that others lack of which a relay has let go */
    bool idle;             /* nothing was to be done */
    bool joining;          /* the admin hasn't approved yet */
    uint64_t to_agree;     /* others' proposals that wait for this administrator */
    dbk_own_proposal proposal;
} dbk_sync_report;

/* A transport to the book's own relay, as pinned. */
DBK_MUST_CHECK dbk_rc dbk_driver_connect(dbk_transport *out, dbk_book *book, dbk_err *err);
/* One exchange with the relay or folder until both hold the same. On failure everything that was
 * acknowledged stays, the report tells how far it came, and the next call goes on from there.
 * report->evidence_new tells also when it fails. DBK_SPLIT: frozen (core/journal/evidence.h), and
 * nothing was exchanged.
 * While joining: sends the request again if needed, and DBK_OK with report->joining. */
DBK_MUST_CHECK dbk_rc dbk_driver_sync(dbk_book *book, dbk_transport *t, dbk_sync_report *report,
                                      const dbk_progress *progress, dbk_err *err);

/* Snapshots on a folder or at the relay (core/journal/snapshot.h, decisions 0039 and 0040). make:
 * of this space as far as the relay has signed for what is here; on a folder with the membership;
 * not confirmed yet. confirm: the newest one there, by another device of headquarters. A device
 * that has nothing of the space then begins with it when it syncs. Failures as of dbk_snapshot_make
 * and _confirm; DBK_NOT_FOUND: there is none. */
typedef struct dbk_snapshot_told {
    dbk_id space;
    uint64_t size, records; /* of the log; in it */
    uint64_t bytes;         /* that were written */
    dbk_id maker;
} dbk_snapshot_told;
DBK_MUST_CHECK dbk_rc dbk_driver_snapshot_make(dbk_book *book, const dbk_transport *t,
                                               const dbk_id *space, dbk_snapshot_told *told,
                                               const dbk_progress *progress, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_snapshot_confirm(dbk_book *book, const dbk_transport *t,
                                                  const dbk_id *space, dbk_snapshot_told *told,
                                                  const dbk_progress *progress, dbk_err *err);

/* How far each device has a space's log, for headquarters: what they have said at the relay, held
 * against the log here (core/journal/reach.h). DBK_DENIED: not a desk of headquarters. */
DBK_MUST_CHECK dbk_rc dbk_driver_reaches(dbk_book *book, const dbk_transport *t,
                                         const dbk_id *space, dbk_reached_fn fn, void *ctx,
                                         dbk_err *err);

/* How high a space's floor may be (core/journal/floor.h), by the words and the snapshot at the
 * relay. fn is told of each reader. DBK_DENIED: not a desk of headquarters. */
DBK_MUST_CHECK dbk_rc dbk_driver_floor_find(dbk_book *book, const dbk_transport *t,
                                            dbk_floor_place *out, const dbk_id *space,
                                            dbk_reached_fn fn, void *ctx, dbk_err *err);

/* Fetches the membership from the relay, and begins each space of which nothing is here with what
 * the folder has; the relay's log goes on from there at the next dbk_driver_sync(). *report is
 * begun anew. A folder without a snapshot is nothing. */
DBK_MUST_CHECK dbk_rc dbk_driver_begin_with(dbk_book *book, const dbk_transport *relay,
                                            const dbk_transport *folder, dbk_sync_report *report,
                                            const dbk_progress *progress, dbk_err *err);
/* The notes that a snapshot left out, as far as the relay has them; *left: what is missing then. */
DBK_MUST_CHECK dbk_rc dbk_driver_snapshot_fetch(dbk_book *book, const dbk_transport *t,
                                                const dbk_id *space, dbk_snapshot_begun *left,
                                                const dbk_progress *progress, dbk_err *err);

/* Membership that an admin changes: build, post, compare-and-swap, take; retried when someone
 * else was faster. DBK_PROPOSED from any of them: it needs a second administrator, was proposed to
 * the others, and is not done until one of them agrees; the text says what to do. A device has one
 * proposal, the newest. */
DBK_MUST_CHECK dbk_rc dbk_driver_org_create(dbk_book *book, const dbk_relay_card *card,
                                            const char *device_name, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_space_create(dbk_book *book, dbk_transport *t, dbk_id *space,
                                              const dbk_new_space *opts, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_grant(dbk_book *book, dbk_transport *t, const dbk_new_grant *grant,
                                       dbk_err *err);
/* Takes the device out, and gives every space that it was in a new key. When it is cut off after
 * the first entry, the next administrator's sync goes on. */
DBK_MUST_CHECK dbk_rc dbk_driver_leave(dbk_book *book, dbk_transport *t, const dbk_leaving *leaving,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_policy(dbk_book *book, dbk_transport *t, const dbk_policy *policy,
                                        dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_bar(dbk_book *book, dbk_transport *t, const dbk_new_bar *bar,
                                     dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_dispose(dbk_book *book, dbk_transport *t,
                                         const dbk_new_order *order, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_floor(dbk_book *book, dbk_transport *t, const dbk_new_floor *floor,
                                       dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_rotate(dbk_book *book, dbk_transport *t, const dbk_id *space,
                                        dbk_err *err);

/* What waits for a second administrator, each verified against the chain as it is now. entry: the
 * bytes to agree to; both borrowed for the call. */
typedef dbk_rc (*dbk_proposal_fn)(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_proposals(dbk_book *book, dbk_transport *t, dbk_proposal_fn fn,
                                           void *ctx, dbk_err *err);
/* Signs besides, and posts: then it is done. DBK_CONFLICT: the chain has moved on. */
DBK_MUST_CHECK dbk_rc dbk_driver_agree(dbk_book *book, dbk_transport *t, dbk_span entry,
                                       dbk_err *err);
/* Takes it off the relay; the one who proposed is told at the next sync. */
DBK_MUST_CHECK dbk_rc dbk_driver_decline(dbk_book *book, dbk_transport *t, const dbk_proposal *p,
                                         dbk_err *err);

/* After the relay was restored from a backup: what it says it still has, held against what is here
 * (docs/decisions/0019). First this device gives it back what it holds. */
typedef struct dbk_recovery_space {
    dbk_id space;
    bool held;        /* this device is in it, and can tell */
    bool contradicts; /* what the relay claims was never so */
    uint64_t kept;    /* notes' segments that the relay still has */
    uint64_t lost;    /* held here, and to be sent again */
    size_t lost_devices;
    uint64_t lost_from_ms, lost_to_ms; /* when the relay had received them */
} dbk_recovery_space;
typedef struct dbk_recovery_plan {
    char why[201]; /* the operator's words */
    dbk_recovery_space *spaces;
    size_t spaces_count;
    size_t contradictions;
    size_t members, heard; /* devices, and those that have synced since */
    dbk_id *silent;        /* administrators' devices that haven't: only they may hold entries that
                            * would be lost for ever */
    size_t silent_count;
    uint64_t given_back;
    bool done;       /* signed and posted: the relay goes on */
} dbk_recovery_plan; /* { 0 } may be wiped */
typedef struct dbk_recovery_opts {
    bool sign;   /* else only look */
    bool anyway; /* also without the silent ones */
} dbk_recovery_opts;
/* DBK_NOT_FOUND: the relay waits for nothing. With opts->sign: DBK_PEER: it claims what never was;
 * DBK_PENDING: an administrator's device is silent; DBK_DENIED: not the founder's device. The plan
 * is filled also then. */
DBK_MUST_CHECK dbk_rc dbk_driver_recover(dbk_book *book, dbk_transport *t, dbk_recovery_plan *plan,
                                         const dbk_recovery_opts *opts, dbk_err *err);
void dbk_recovery_plan_wipe(dbk_recovery_plan *plan);
/* Makes the invite and opens its mailbox at the relay. */
DBK_MUST_CHECK dbk_rc dbk_driver_invite(dbk_book *book, dbk_transport *t, dbk_bytes *text,
                                        const dbk_new_invite *opts, dbk_err *err);
/* Fetches arrived join requests. */
DBK_MUST_CHECK dbk_rc dbk_driver_requests(dbk_book *book, dbk_transport *t, dbk_err *err);
/* Approves one arrived request: enrols the device and grants the invite's spaces. */
DBK_MUST_CHECK dbk_rc dbk_driver_approve(dbk_book *book, dbk_transport *t, const dbk_id *invite,
                                         dbk_err *err);
/* The joining device: takes the invite and sends its request. When the relay can't be reached the
 * book still remembers the invite (DBK_UNREACHABLE), and the next sync sends it. */
DBK_MUST_CHECK dbk_rc dbk_driver_join(dbk_book *book, dbk_span invite, const char *device_name,
                                      dbk_err *err);

/* The same over a transport that the caller has opened; join: after dbk_org_join(). */
DBK_MUST_CHECK dbk_rc dbk_driver_org_create_over(dbk_book *book, dbk_transport *t,
                                                 const dbk_relay_card *card,
                                                 const char *device_name, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_driver_join_over(dbk_book *book, dbk_transport *t, dbk_err *err);

/* A relay card file, as `daybook-relay init` writes it: lines "url ...", "tls-pin <hex>",
 * "relay-key <hex>", "setup-code <base64url>", up to four "tls-pin-next <hex>"; '#' begins a
 * comment. */
DBK_MUST_CHECK dbk_rc dbk_relay_card_parse(dbk_relay_card *out, dbk_span text, dbk_err *err);

#endif
