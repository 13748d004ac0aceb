/* core/journal/recovery.h - headquarters' way into a store whose passphrase is forgotten: a slot
 * for the recovery key that the organisation's policy names (security.md R16). The key is taken
 * from the membership chain as it was verified here, never from anyone's word; the officer sees
 * that it is there, and that it was used. */
#ifndef DBK_JOURNAL_RECOVERY_H
#define DBK_JOURNAL_RECOVERY_H

#include "core/journal/book.h"
#include "core/seal/shares.h"

#define DBK_RECOVERY_OPENINGS_MAX 16u /* the newest are kept */

typedef struct dbk_recovery_opening {
    uint64_t at_ms;
    dbk_id print; /* of the recovery key: dbk_recovery_print() */
} dbk_recovery_opening;
typedef struct dbk_recovery {
    bool wanted; /* the policy names a key */
    bool there;  /* the slot file has a slot, for the key with this print: */
    dbk_id print;
    bool due;                                                 /* slot and policy differ: settle */
    dbk_recovery_opening openings[DBK_RECOVERY_OPENINGS_MAX]; /* the oldest first */
    size_t openings_count;
    bool rekey_due; /* whoever opened it then may still know the key of this store */
} dbk_recovery;
/* DBK_DAMAGED: the slot file was changed by somebody else. */
DBK_MUST_CHECK dbk_rc dbk_recovery_look(dbk_book *book, dbk_recovery *out, dbk_err *err);
/* Puts, replaces or takes away the slot, so that it is as the policy says; call it when a book was
 * opened, and after an exchange. Of several keys the first counts. */
DBK_MUST_CHECK dbk_rc dbk_recovery_settle(dbk_book *book, dbk_err *err);

/* Opens the store in dir by the shares, and gives it a new passphrase instead of all that it had.
 * It keeps no wrong passphrase's wait, and only success ends one. That it was opened is in the
 * store before the passphrase is changed. DBK_NOT_FOUND: the store has no such slot; DBK_CONFLICT:
 * it is for another key; else what dbk_shares_combine and dbk_book_open_with_key say. After a
 * failure the store opens as before. */
typedef struct dbk_recovery_with {
    const dbk_share *shares;
    size_t count;
    const dbk_secret *new_passphrase;
} dbk_recovery_with;
DBK_MUST_CHECK dbk_rc dbk_recovery_open(dbk_book **out, const char *dir,
                                        const dbk_recovery_with *with, const dbk_book_opts *opts,
                                        dbk_err *err);

#endif
