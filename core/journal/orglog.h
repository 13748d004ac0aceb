/* core/journal/orglog.h - every change of the organisation's membership, for its members to read
 * (security.md A18): the verified chain, entry by entry, with what only the chain's course tells.
 */
#ifndef DBK_JOURNAL_ORGLOG_H
#define DBK_JOURNAL_ORGLOG_H

#include "core/journal/book.h"

/* One entry. Everything is borrowed for the callback. */
typedef struct dbk_orglog_row {
    const dbk_entry *entry;
    const dbk_member *signers[DBK_ENTRY_SIGNERS_MAX]; /* administrators' devices */
    size_t signers_count;
    bool by_root;             /* the organisation's root key signed too, or alone */
    const dbk_policy *before; /* POLICY: the one that stood until then */
    /* Is the entry's space the roster's, or one that this device holds? Else nothing of it is to be
     * shown (A26): not its id, its members, who is barred from it, or whether it is restricted. */
    bool space_held;
    const char *name; /* of the device or space that it brings, if the book can't know it yet */
} dbk_orglog_row;
typedef dbk_rc (*dbk_orglog_fn)(void *ctx, const dbk_orglog_row *change, dbk_err *err);

/* In the order of the chain, from entry `since` on. Nothing before there is an organisation. */
DBK_MUST_CHECK dbk_rc dbk_orglog_each(dbk_book *book, uint64_t since, dbk_orglog_fn fn, void *ctx,
                                      dbk_err *err);
/* Fills in who signed an entry, as the chain knows them. */
DBK_MUST_CHECK dbk_rc dbk_orglog_signers(const dbk_book *book, dbk_orglog_row *out, dbk_span entry,
                                         dbk_err *err);
/* May this device show anything of the space? The roster space, and those whose key it holds. */
bool dbk_orglog_space_held(const dbk_book *book, const dbk_id *space);

#endif
