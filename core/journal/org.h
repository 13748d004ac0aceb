/* core/journal/org.h - an admin's side of membership, and joining. Each builder returns a signed
 * entry for the head that this book knows; the driver posts it (compare-and-swap at the relay)
 * and then feeds it to dbk_inbox_members() like anyone else's: no side state. DBK_DENIED when
 * this device holds no admin key.
 * Some entries need two persons (roster.h). Such an entry comes signed by this device's admin
 * alone, and dbk_roster_weigh() says that one is lacking: a proposal, that an admin who is another
 * person signs besides. Only where no other person is left to ask does the root sign as the second,
 * on the device that holds it (decision 0013). */
#ifndef DBK_JOURNAL_ORG_H
#define DBK_JOURNAL_ORG_H

#include "core/journal/book.h"

/* What a relay's operator hands over (daybook-relay init writes it). */
typedef struct dbk_relay_card {
    char url[DBK_URL_BYTES_MAX + 1];
    uint8_t tls_pin[32];
    dbk_pins backup; /* of the keys that it may have later */
    dbk_sign_pk relay;
    char setup_code[64]; /* one-time; base64url */
} dbk_relay_card;

/* Makes the org root and admin keys and the genesis entry; the book remembers the link. */
DBK_MUST_CHECK dbk_rc dbk_org_create(dbk_book *book, dbk_bytes *genesis, const char *device_name,
                                     const dbk_relay_card *card, dbk_err *err);
typedef struct dbk_new_space {
    const char *name;
    dbk_role creator_role;    /* this device's role in it; usually DBK_ROLE_HQ */
    bool restricted;          /* two admins for each who is let in */
    const dbk_grant *members; /* besides this device */
    size_t members_count;     /* at most DBK_ORG_SPACE_MEMBERS_MAX */
} dbk_new_space;
#define DBK_ORG_SPACE_MEMBERS_MAX 256u
DBK_MUST_CHECK dbk_rc dbk_org_space(dbk_book *book, dbk_bytes *entry, dbk_id *space,
                                    const dbk_new_space *opts, dbk_err *err);
/* With every epoch that the role may read (officers and hq: all; the next issue narrows it). */
typedef struct dbk_new_grant {
    dbk_id space, device;
    dbk_role role;
    uint64_t until_ms; /* when it ends; 0: it doesn't. A guest's does */
} dbk_new_grant;
DBK_MUST_CHECK dbk_rc dbk_org_grant(dbk_book *book, dbk_bytes *entry, const dbk_new_grant *grant,
                                    dbk_err *err);

/* Out of the organisation; or, with a space, out of that one. Up to where the device wrote in time
 * is what this book has applied of each log: sync first. */
typedef struct dbk_leaving {
    dbk_id device;
    const char *reason;  /* "lost", "stolen", "left"; not with a space */
    const dbk_id *space; /* NULL: out of all */
} dbk_leaving;
DBK_MUST_CHECK dbk_rc dbk_org_leave(dbk_book *book, dbk_bytes *entry, const dbk_leaving *leaving,
                                    dbk_err *err);
/* The organisation's rules, whole. DBK_CONFLICT: they stand already. */
DBK_MUST_CHECK dbk_rc dbk_org_policy(dbk_book *book, dbk_bytes *entry, const dbk_policy *policy,
                                     dbk_err *err);
/* A person who can never be in the space, whatever device they use. It is never undone.
 * DBK_CONFLICT: barred already. */
typedef struct dbk_new_bar {
    dbk_id space, person;
} dbk_new_bar;
DBK_MUST_CHECK dbk_rc dbk_org_bar(dbk_book *book, dbk_bytes *entry, const dbk_new_bar *bar,
                                  dbk_err *err);
/* These ops are erased everywhere (core/journal/disposal.h), by what was decided. It waits for a
 * second administrator. */
typedef struct dbk_new_order {
    dbk_id space;
    dbk_hash review;
    const dbk_dot *dots;
    size_t dots_count;
} dbk_new_order;
DBK_MUST_CHECK dbk_rc dbk_org_dispose(dbk_book *book, dbk_bytes *entry, const dbk_new_order *order,
                                      dbk_err *err);
/* Below this no relay need keep a log's notes (core/journal/floor.h). Likewise. */
typedef struct dbk_new_floor {
    dbk_id space;
    dbk_floor floor;
} dbk_new_floor;
DBK_MUST_CHECK dbk_rc dbk_org_floor(dbk_book *book, dbk_bytes *entry, const dbk_new_floor *floor,
                                    dbk_err *err);
/* A space's next key, for all who are in it now. */
DBK_MUST_CHECK dbk_rc dbk_org_rotate(dbk_book *book, dbk_bytes *entry, const dbk_id *space,
                                     dbk_err *err);
/* The next rotation that is due: someone left, or the key is older than the policy allows.
 * DBK_NOT_FOUND: none is. */
DBK_MUST_CHECK dbk_rc dbk_org_rotate_due(dbk_book *book, dbk_bytes *entry, dbk_err *err);

/* The root's word that logs go on under new incarnations, after a relay was restored. Only the
 * device that founded the organisation holds that key (DBK_DENIED). why: as the entry says it. */
typedef struct dbk_log_recovery {
    const dbk_log_move *logs; /* ascending by space */
    size_t logs_count;
    dbk_span why;
} dbk_log_recovery;
#define DBK_RECOVERY_LOGS_MAX 500u /* what surely fits one entry */
DBK_MUST_CHECK dbk_rc dbk_org_recover(dbk_book *book, dbk_bytes *entry,
                                      const dbk_log_recovery *recovery, dbk_err *err);

/* Invites: remembered in the book (id, secret, name, role, spaces) until approved or expired. */
typedef struct dbk_new_invite {
    const char *name; /* the officer's name */
    dbk_role role;
    const dbk_id *spaces;
    size_t spaces_count;
    uint64_t ttl_ms;
    uint64_t until_ms; /* of the grants, as in dbk_new_grant */
    dbk_id person;     /* of the chain, whose further device it will be; zero: a person's first */
} dbk_new_invite;
DBK_MUST_CHECK dbk_rc dbk_org_invite(dbk_book *book, dbk_bytes *text, dbk_id *invite_id,
                                     const dbk_new_invite *opts, dbk_err *err);
typedef struct dbk_invite_row {
    dbk_id id;
    const char *name; /* borrowed for the call */
    dbk_role role;
    uint64_t expires_ms;
    bool arrived;          /* a request is here, waiting for approval */
    const char *told_name; /* what the device calls itself, once arrived */
    dbk_id device;         /* once arrived: its fingerprint */
} dbk_invite_row;
typedef dbk_rc (*dbk_invite_fn)(void *ctx, const dbk_invite_row *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_org_invites(dbk_book *book, dbk_invite_fn fn, void *ctx, dbk_err *err);
/* A request from the relay's mailbox: opened with the invite's secret and kept. Unknown invites
 * and forged requests are DBK_AUTH and change nothing. */
DBK_MUST_CHECK dbk_rc dbk_org_request_arrived(dbk_book *book, const dbk_id *invite,
                                              dbk_span request, dbk_err *err);
/* The ENROL entry for an arrived request. The grants follow by dbk_org_grant, one per space that
 * the invite names: dbk_org_approve_next gives the next entry that is still due, ENROL first, or
 * DBK_NOT_FOUND when all is done (and forgets the invite). */
DBK_MUST_CHECK dbk_rc dbk_org_approve_next(dbk_book *book, dbk_bytes *entry, const dbk_id *invite,
                                           dbk_err *err);

/* The joining side: takes an invite, makes the sealed request; sends are repeatable. */
DBK_MUST_CHECK dbk_rc dbk_org_join(dbk_book *book, dbk_bytes *request, dbk_span invite_text,
                                   const char *device_name, dbk_err *err);
/* The same request again, after a failure to send. */
DBK_MUST_CHECK dbk_rc dbk_org_join_again(dbk_book *book, dbk_bytes *request, dbk_err *err);

#endif
