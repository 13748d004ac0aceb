/* core/journal/book.h - an officer's store as one thing: a folder with the encrypted database,
 * the slot file and a lock. What the other journal modules and the driver work on.
 *   DIR/store.db (SQLCipher)  DIR/keys.slots  DIR/tries  DIR/lock
 * One program at a time (lock file, DBK_BUSY). One thread at a time for each dbk_book. */
#ifndef DBK_JOURNAL_BOOK_H
#define DBK_JOURNAL_BOOK_H

#include "core/base/env.h"
#include "core/crypto/roster.h"
#include "core/model/form.h"
#include "core/model/tool_texts.h"
#include "core/seal/invite.h"
#include "core/seal/slots.h"

typedef struct dbk_book dbk_book;

typedef struct dbk_book_opts {
    const dbk_env *env;       /* NULL: the system's */
    dbk_kdf_cost kdf;         /* of new passphrases; zero: measured, for 0.8 s an unlock */
    const char *anchors;      /* folder of marks, outside of every store; NULL: none is kept */
    const dbk_factor *factor; /* this machine's, for stores that need one; NULL: none. Borrowed */
    const dbk_forms *forms;   /* the shipped ones, read already; NULL: it reads them. Borrowed */
} dbk_book_opts;

/* A new store in an empty or absent folder: fresh device keys, no organisation yet.
 * DBK_CONFLICT if there is one already. */
DBK_MUST_CHECK dbk_rc dbk_book_create(dbk_book **out, const char *dir, const dbk_secret *passphrase,
                                      const dbk_book_opts *opts, dbk_err *err);
/* DBK_NOT_FOUND: no store there. DBK_PASSPHRASE: wrong; the text says how many were. DBK_PENDING:
 * not tried, because of wrong ones before; the text says how long to wait. DBK_DAMAGED: it doesn't
 * verify, or stock SQLite would have written plaintext. DBK_VERSION: made by a newer version, left
 * untouched. */
DBK_MUST_CHECK dbk_rc dbk_book_open(dbk_book **out, const char *dir, const dbk_secret *passphrase,
                                    const dbk_book_opts *opts, dbk_err *err);
/* With the store key itself, from an agent that was handed it when the passphrase was typed. As
 * above; DBK_DAMAGED also when it is another store's key, or the store has been re-keyed. */
DBK_MUST_CHECK dbk_rc dbk_book_open_with_key(dbk_book **out, const char *dir,
                                             const dbk_secret *store_key, const dbk_book_opts *opts,
                                             dbk_err *err);
void dbk_book_close(dbk_book *book); /* wipes; NULL is nothing */
DBK_MUST_CHECK dbk_rc dbk_book_change_passphrase(dbk_book *book, const dbk_slots_change *change,
                                                 dbk_err *err);

/* Does it need a second factor beside the passphrase? */
DBK_MUST_CHECK dbk_rc dbk_book_has_factor(dbk_book *book, bool *has, dbk_err *err);

/* For a leak that is suspected: a new store key, every page of the database enciphered anew, and a
 * slot file whose old versions open nothing any more (security.md A04). The store must be closed.
 * Cut off at any moment it leaves one store that opens with this passphrase. */
DBK_MUST_CHECK dbk_rc dbk_book_rekey(const char *dir, const dbk_secret *passphrase,
                                     const dbk_book_opts *opts, dbk_err *err);

/* The store as one encrypted file, which opens with the passphrase of today; proved by restoring it
 * for a moment. What headquarters said it holds is left out, and comes back from the relay after a
 * restore (core/journal/absent.h), so that what is disposed of later can't be read in it; whole: it
 * is not. The store's disk needs room for two more stores meanwhile. DBK_CONFLICT: there is a file
 * of that name. On failure there is none. */
typedef struct dbk_backup_opts {
    const char *file;
    bool whole;
} dbk_backup_opts;
typedef struct dbk_backed_up {
    uint64_t bytes;    /* how long the file is */
    uint64_t left_out; /* changes */
} dbk_backed_up;
DBK_MUST_CHECK dbk_rc dbk_book_backup(dbk_book *book, dbk_backed_up *out,
                                      const dbk_backup_opts *opts, dbk_err *err);
/* A store in an empty or absent folder from such a file. It is marked as restored: nothing is
 * signed where the store of then left off (R5). DBK_PASSPHRASE; DBK_FORMAT: no backup, or cut off;
 * DBK_DAMAGED: changed; DBK_CONFLICT: the folder isn't empty. *made_ms: when it was made. */
typedef struct dbk_restore {
    const char *file;
    const dbk_secret *passphrase;
} dbk_restore;
DBK_MUST_CHECK dbk_rc dbk_book_restore(dbk_book **out, uint64_t *made_ms, const char *dir,
                                       const dbk_restore *from, const dbk_book_opts *opts,
                                       dbk_err *err);

/* Ends the store in dir for ever, without its passphrase: the key files first, which makes the rest
 * unreadable at once, then everything, and its mark. The store must be closed (DBK_BUSY).
 * DBK_NOT_FOUND: no store there, and nothing was touched. */
DBK_MUST_CHECK dbk_rc dbk_book_wipe(const char *dir, const dbk_book_opts *opts, dbk_err *err);

/* The mark that is kept outside the store (decision 0018), as opening found it. */
typedef enum dbk_mark_found {
    DBK_MARK_NONE,    /* none is kept; why_none says why, if one was asked for */
    DBK_MARK_MISSING, /* there was none: made anew */
    DBK_MARK_FITS,
    DBK_MARK_AHEAD,  /* the store is an older copy of what was here: found just now */
    DBK_MARK_STRANGE /* it can't be read with this store's key: taken for an older copy */
} dbk_mark_found;
typedef struct dbk_book_mark {
    dbk_mark_found found;
    bool slots_older;      /* the key file is older than the mark: an old passphrase opens it */
    const char *why_none;  /* "" or a sentence; borrowed from the book */
    const char *unsettled; /* why nothing can be written into an older copy; NULL: it can */
} dbk_book_mark;
dbk_book_mark dbk_book_mark_found(const dbk_book *book);
/* Since when this store is known to be an older copy or a restored backup; 0: it isn't, or has met
 * the relay since. */
uint64_t dbk_book_restored_ms(dbk_book *book);
/* After a whole exchange with the relay: what it lacked has come. DBK_PEER: the relay shows less
 * than this device had seen. A store that wasn't put back: nothing. */
DBK_MUST_CHECK dbk_rc dbk_book_restored_end(dbk_book *book, dbk_err *err);

/* Who this device is. */
dbk_id dbk_book_device(const dbk_book *book);
const dbk_device_keys *dbk_book_keys(const dbk_book *book);
const dbk_secret *dbk_book_request_key(const dbk_book *book); /* for signing requests */
/* Opens the store for dbk_book_open_with_key(): as secret as a passphrase. */
const dbk_secret *dbk_book_store_key(const dbk_book *book);
const dbk_forms *dbk_book_forms(const dbk_book *book);
const dbk_tool_texts *dbk_book_tools(const dbk_book *book); /* of packs that were installed */
const dbk_env *dbk_book_env(const dbk_book *book);

/* The organisation as this device knows it. */
typedef enum dbk_org_stage {
    DBK_ORG_NONE,    /* neither created nor joined */
    DBK_ORG_JOINING, /* an invite was taken; an admin hasn't approved yet */
    DBK_ORG_MEMBER
} dbk_org_stage;
typedef struct dbk_org_link {
    dbk_org_stage stage;
    char relay_url[DBK_URL_BYTES_MAX + 1];
    uint8_t tls_pin[32];
    dbk_pins backup; /* told by the card or the invite */
    dbk_sign_pk root, relay;
    dbk_id invite; /* while joining */
} dbk_org_link;
const dbk_org_link *dbk_book_link(const dbk_book *book);
const dbk_roster *dbk_book_roster(const dbk_book *book); /* NULL before MEMBER or genesis */
/* The relay has met this pin: it is the current one from now on, and the one before is trusted no
 * longer (a key is left because it may be stolen). Known already: nothing is written. */
DBK_MUST_CHECK dbk_rc dbk_book_pin_met(dbk_book *book, const uint8_t pin[32], dbk_err *err);
/* The opened name of a device or space; "?" followed by 8 hex digits when its key isn't held.
 * Appends to out. */
DBK_MUST_CHECK dbk_rc dbk_book_device_name(const dbk_book *book, dbk_bytes *out,
                                           const dbk_id *device, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_space_name(const dbk_book *book, dbk_bytes *out, const dbk_id *space,
                                          dbk_err *err);
/* A space by its name or hex id; NULL name: the only record space held, else DBK_USAGE lists how
 * many. The name of one that is only written to is sealed for others: it is found by what
 * dbk_book_space_name says instead. Spaces that this device isn't in are DBK_NOT_FOUND, the same as
 * ones that don't exist. */
DBK_MUST_CHECK dbk_rc dbk_book_space_find(const dbk_book *book, dbk_id *out, const char *name,
                                          dbk_err *err);
/* Spaces that this device can read or write, in order of their names. */
size_t dbk_book_spaces(const dbk_book *book);
dbk_id dbk_book_space_at(const dbk_book *book, size_t i);

/* What this device is in a space. */
typedef struct dbk_standing {
    dbk_role role;     /* DBK_ROLE_NONE: never granted, removed, or revoked */
    uint64_t until_ms; /* when that ends; 0: it doesn't */
    bool over; /* it has ended, by this machine's clock or by the newest receipt: the later of them
                */
} dbk_standing;
dbk_standing dbk_book_standing(const dbk_book *book, const dbk_id *space);
/* The same of another device. */
dbk_standing dbk_book_standing_of(const dbk_book *book, const dbk_id *device, const dbk_id *space);
/* DBK_ROLE_NONE also when it is over. */
dbk_role dbk_book_role(const dbk_book *book, const dbk_id *space);
/* May the records of a space be shown here? Not when a guest's time is over, nor to a writer. */
bool dbk_book_may_read(const dbk_book *book, const dbk_id *space);
/* Does letting somebody into it take two administrators? Then a look at it takes a reason. */
bool dbk_book_is_restricted(const dbk_book *book, const dbk_id *space);
/* DBK_DENIED, with the reason: to be asked before anything is typed for that space. */
DBK_MUST_CHECK dbk_rc dbk_book_check_write(const dbk_book *book, const dbk_id *space, dbk_err *err);
/* The same for an entry of the log of use, which an auditor writes too. */
DBK_MUST_CHECK dbk_rc dbk_book_check_log(const dbk_book *book, const dbk_id *space, dbk_err *err);

/* Small durable facts of the sync layer (last nonce, last sync time). At most 4 KiB each. */
DBK_MUST_CHECK dbk_rc dbk_book_note_put(dbk_book *book, const char *name, dbk_span value,
                                        dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_note_get(dbk_book *book, const char *name, dbk_bytes *value,
                                        dbk_err *err); /* DBK_NOT_FOUND */

#endif
