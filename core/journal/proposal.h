/* core/journal/proposal.h - an entry that waits for a second administrator: taken apart for whoever
 * is to sign it, and signed. It comes from a relay or a file and is believed in nothing before it
 * verifies: what is shown is what the chain would do, read from the very bytes that are signed. */
#ifndef DBK_JOURNAL_PROPOSAL_H
#define DBK_JOURNAL_PROPOSAL_H

#include "core/journal/orglog.h"

#define DBK_PROPOSAL_NAME_BYTES_MAX 512u

/* Borrows from the entry's bytes, which must outlive it, and from the roster until it changes. */
typedef struct dbk_proposal {
    dbk_orglog_row change; /* its entry is decoded's */
    dbk_entry_decoded decoded;
    dbk_id id;      /* the first 16 bytes of the entry's hash: what people call it by */
    size_t lacking; /* persons who must sign yet */
    bool mine;      /* this device's person has signed it, so that the other must */
    char name[DBK_PROPOSAL_NAME_BYTES_MAX]; /* of the device or space that it brings, where the key
                                               to it is held or comes with it; else "" */
} dbk_proposal;
/* DBK_CONFLICT: the chain has moved past it (or this book is behind: sync first); the codes of
 * dbk_roster_weigh for what the chain would never take. */
DBK_MUST_CHECK dbk_rc dbk_proposal_open(dbk_proposal *out, dbk_book *book, dbk_span entry,
                                        dbk_err *err);
void dbk_proposal_wipe(dbk_proposal *p);

/* Appends the entry with this device's signature besides; then it is whole. DBK_DENIED: no admin's
 * device, or the same person's as the one who proposed. DBK_CONFLICT as above. */
DBK_MUST_CHECK dbk_rc dbk_proposal_agree(dbk_book *book, dbk_bytes *out, dbk_span entry,
                                         dbk_err *err);

/* What this device proposed last, remembered until its fate is known. */
typedef struct dbk_proposed {
    dbk_id id;
    uint64_t seq; /* of the chain's entry that it was to become */
} dbk_proposed;
DBK_MUST_CHECK dbk_rc dbk_proposed_put(dbk_book *book, dbk_span entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_proposed_get(dbk_book *book, dbk_proposed *out,
                                       dbk_err *err); /* DBK_NOT_FOUND */
DBK_MUST_CHECK dbk_rc dbk_proposed_forget(dbk_book *book, dbk_err *err);
/* By the chain alone: OVERTAKEN as soon as another entry stands in its place. */
typedef enum dbk_proposed_fate {
    DBK_PROPOSED_WAITS,
    DBK_PROPOSED_AGREED,
    DBK_PROPOSED_OVERTAKEN
} dbk_proposed_fate;
DBK_MUST_CHECK dbk_rc dbk_proposed_look(dbk_book *book, dbk_proposed_fate *fate,
                                        const dbk_proposed *proposed, dbk_err *err);

#endif
