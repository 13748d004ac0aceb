/* core/journal/book_internal.h - inside the journal: what a book is made of, its transactions,
 * and what the write path and the receive path share. Not for others.
 * book.c: create, open, close. book_backup.c: a store in one file. book_keys.c: slots and the store
 * key. book_own.c: this device's keys. book_chain.c: membership and keyring. book_roles.c: what a
 * device may do in a space. book_names.c: names of devices and spaces.
 * book_anchor.c: the mark outside. book_tables.c: the vector. book_tx.c: transactions and the
 * clock. feed.c: own feeds. fold.c: ops into record rows. */
#ifndef DBK_JOURNAL_BOOK_INTERNAL_H
#define DBK_JOURNAL_BOOK_INTERNAL_H

#include "core/journal/book.h"
#include "core/journal/book_tables.h"
#include "core/journal/journal.h"
#include "core/journal/recovered.h"
#include "core/journal/tries.h"
#include "core/model/view.h"
#include "core/seal/anchor.h"
#include "core/seal/keyring.h"
#include "core/seal/sealer.h"
#include "core/store/folder.h"
#include "core/store/twin.h"

typedef struct dbk_own {
    dbk_id device;
    dbk_device_keys keys; /* admin: zero when there is none */
    dbk_secret *sign, *kem, *request;
    dbk_secret *admin;   /* or NULL */
    dbk_secret *root;    /* the organisation's, on the device that made it; or NULL */
    dbk_secret *witness; /* confirms logs for headquarters; made on demand, or NULL */
} dbk_own;

/* The own feed that was sealed again for a push, as it then stood (repack.h). */
typedef struct dbk_packed {
    dbk_rowid feed; /* 0: none */
    uint64_t last_seq;
    dbk_id key_id;
} dbk_packed;

/* The names under which the store keeps what only some devices have. */
#define DBK_OWN_ADMIN_NAME "key.admin"
#define DBK_OWN_ROOT_NAME "key.root"
#define DBK_OWN_WITNESS_NAME "key.witness"

/* The files of a folder. */
#define DBK_BOOK_STORE_NAME "store.db"
#define DBK_BOOK_SLOTS_NAME "keys.slots"
#define DBK_BOOK_TRIES_NAME "tries"

typedef struct dbk_ahead dbk_ahead; /* core/journal/cosigned_internal.h */
/* The mark outside the store (book_anchor.c). */
typedef struct dbk_anchoring {
    dbk_twin *twin;     /* NULL: none is kept */
    dbk_anchor marks;   /* how far this device had come, here or in a newer copy */
    unsigned writes_to; /* which of the twins */
    bool stale;         /* the file must be written even if no mark rises */
    dbk_mark_found found;
    bool known; /* up to where own feeds may have left is; else nothing is sealed again */
    bool slots_older;
    char why_none[DBK_ERR_TEXT_MAX];
    dbk_err unsettled; /* an older copy's feeds could not be closed: nothing may be signed */
} dbk_anchoring;

struct dbk_book {
    const dbk_env *env;
    dbk_kdf_cost kdf;         /* for the next passphrase; zero: not measured yet */
    const dbk_factor *factor; /* borrowed; or NULL */
    dbk_folder *folder;
    dbk_secret *store_key; /* for new slots; SQLCipher holds it as long */
    dbk_store *store;
    dbk_forms *forms;
    dbk_tool_texts *tools;
    dbk_sealer *sealer;
    dbk_own own;
    dbk_org_link link;
    dbk_roster *roster;     /* NULL before genesis */
    dbk_hash *chain_hashes; /* of the entries taken, by seq */
    size_t chain_count, chain_cap;
    dbk_keyring *keyring;
    dbk_id *readable; /* spaces whose key is here, or that are only written to; by name */
    size_t readable_count;
    bool unsorted; /* a key or a grant has come since readable was made */
    dbk_tables tables;
    dbk_ahead **aheads; /* headquarters' words about more than is here, at most one a space */
    size_t aheads_count;
    dbk_packed packed;
    dbk_hlc clock, clock_kept; /* the last op's time; as on the disk */
    dbk_rc receipt_rc; /* the first failure of a view's look at a receipt; see dbk_book_view */
    dbk_anchoring anchor;
    bool frozen;              /* evidence of two courses of the membership is open: evidence.h */
    dbk_recovered recovered;  /* what dbk_recovered_told has not told yet */
    dbk_practice_fn practice; /* asked before a record is saved; or NULL */
    dbk_tries guessed;        /* what stood when the right passphrase came */
    bool batch_open;
    bool broken; /* memory and disk could not be brought into step: only closing is left */
};

/* book_keys.c. try: one guess at the passphrase, counted on the disk before it is made and cleared
 * when it was right (A06); DBK_PENDING: not yet, after wrong ones. settle_kdf: measures the cost
 * for a new passphrase, unless the caller of create or open gave one. */
DBK_MUST_CHECK dbk_rc dbk_book_try(dbk_book *book, dbk_secret **store_key, dbk_span slots,
                                   const dbk_secret *passphrase, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_settle_kdf(dbk_book *book, dbk_err *err);

/* A book without a folder yet; a new folder for it, without what a broken create left there; what
 * the open store holds, into the book; and the slot file of its folder. */
DBK_MUST_CHECK dbk_rc dbk_book_new(dbk_book **out, const dbk_book_opts *opts, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_make_folder(dbk_book *book, const char *dir, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_load(dbk_book *book, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_read_slots(const dbk_book *book, dbk_bytes *out, dbk_err *err);
/* book_rekey.c: at opening, finishes or forgets a rekey that was cut off. */
/* Copies that a migration put beside the store: under an old key, or of what was disposed of. */
DBK_MUST_CHECK dbk_rc dbk_book_shred_copies(const dbk_folder *folder, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_settle_rekey(const dbk_folder *folder, dbk_err *err);

/* The mark outside the store; anchors: its folder, or NULL. None of these can fail the caller.
 * find: before the store is opened, so that nobody else's descriptor of its file is closed under
 * SQLite. open: after everything else of the book is loaded; an older copy's open feeds are closed.
 * new: for a store that was made just now. raise: after a commit. slots: after the slot file
 * changed. forget: of a store that ends. newer: without any key, is the slot file older than the
 * mark? */
void dbk_book_anchor_find(dbk_book *book, const char *anchors);
void dbk_book_anchor_open(dbk_book *book);
void dbk_book_anchor_new(dbk_book *book, const char *anchors);
void dbk_book_anchor_raise(dbk_book *book);
void dbk_book_anchor_slots(dbk_book *book, dbk_span slots);
void dbk_book_anchor_close(dbk_book *book);
void dbk_book_anchor_forget(const dbk_folder *store, const char *anchors);
bool dbk_book_anchor_newer(const dbk_book *book);
/* Notes that the store was put back, and closes its open feeds: all, or those behind the mark. */
DBK_MUST_CHECK dbk_rc dbk_book_anchor_restore(dbk_book *book, bool all, dbk_err *err);
/* A checkpoint of the relay, and the tree of its log as leaves are added, against what this device
 * had seen of it before its store was put back. DBK_PEER. */
DBK_MUST_CHECK dbk_rc dbk_book_anchor_check(const dbk_book *book, const dbk_checkpoint *c,
                                            dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_anchor_check_leaf(const dbk_book *book, const dbk_checkpoint *c,
                                                 const dbk_frontier *f, dbk_err *err);

/* Transactions. begin: DBK_IO when the book is broken. commit writes touched rows and the clock;
 * when it fails everything is as it was at begin. */
DBK_MUST_CHECK dbk_rc dbk_book_begin(dbk_book *book, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_commit(dbk_book *book, dbk_err *err);
void dbk_book_rollback(dbk_book *book); /* no transaction is nothing */
/* After the tables were loaded. */
DBK_MUST_CHECK dbk_rc dbk_book_load_clock(dbk_book *book, dbk_err *err);
/* The clock: for a new op; and after an op of another device was merged. In a transaction. */
dbk_hlc dbk_book_tick(dbk_book *book);
void dbk_book_seen(dbk_book *book, dbk_hlc remote);

/* Membership. Verifies the next entry, stores it in a transaction of its own, and opens the wraps
 * that it brings into the keyring. An entry that is held already: DBK_OK with *is_new false.
 * DBK_DENIED: no organisation. Else what dbk_roster_add says. */
DBK_MUST_CHECK dbk_rc dbk_book_take_entry(dbk_book *book, bool *is_new, dbk_span entry,
                                          dbk_err *err);
/* At opening: the stored chain into roster and keyring. */
DBK_MUST_CHECK dbk_rc dbk_book_load_chain(dbk_book *book, dbk_err *err);
/* The seq of the entry with this hash; false: not in the chain as it is known here. */
bool dbk_book_chain_seq(const dbk_book *book, uint64_t *seq, const dbk_hash *hash);
/* Did the author hold role hq (or admin) in the space by the membership that it had seen? The same
 * on every replica, also on one that hears of a later grant first. */
bool dbk_book_author_is_hq(const dbk_book *book, const dbk_id *device, const dbk_id *space,
                           const dbk_hash *members_seen);
/* Does this device only write there, sealing what it can't read again? */
bool dbk_book_is_writer(const dbk_book *book, const dbk_id *space);
/* The roster space, which holds names only. NULL before genesis. */
const dbk_space *dbk_book_roster_space(const dbk_book *book);
/* Makes readable anew. */
DBK_MUST_CHECK dbk_rc dbk_book_sort_spaces(dbk_book *book, dbk_err *err);

/* The link and this device's keys, kept in meta. put_link changes the row only: the caller takes
 * the link over into the book when the transaction is done. */
DBK_MUST_CHECK dbk_rc dbk_book_put_link(dbk_book *book, const dbk_org_link *link, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_book_load_link(dbk_book *book, dbk_err *err);
void dbk_book_settle_stage(dbk_book *book); /* link.stage from link and roster */
DBK_MUST_CHECK dbk_rc dbk_own_new(dbk_own *own, dbk_store *store, const dbk_env *env, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_own_load(dbk_own *own, dbk_store *store, dbk_err *err);
void dbk_own_wipe(dbk_own *own);

/* The view of a state as a record of this form (its row says which): the version that its ops
 * name, else the newest version known of it, else unknown; receipts from the store. Valid while the
 * book is open. A view can't report that the store could not be read: book->receipt_rc keeps that.
 */
dbk_view_opts dbk_book_view(dbk_book *book, const dbk_state *state, dbk_span form);

/* Asserts that memory, rows and chains agree, from the stored bytes up; for tests after each
 * step, outside of a transaction. DBK_OK, or what reading the store said. */
DBK_MUST_CHECK dbk_rc dbk_book_check_deep(dbk_book *book, dbk_err *err);

#endif
