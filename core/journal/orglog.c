#include "core/journal/orglog.h"

#include "core/journal/book_internal.h"
#include "core/store/chain.h"

typedef struct walk {
    dbk_book *book;
    uint64_t since;
    dbk_policy policy; /* as it stands before the entry */
    dbk_orglog_fn fn;
    void *ctx;
} walk;

bool dbk_orglog_space_held(const dbk_book *book, const dbk_id *space)
{
    const dbk_space *roster = dbk_book_roster_space(book);
    if (roster != NULL && dbk_id_equal(&roster->space, space))
        return true;
    for (size_t i = 0; i < book->readable_count; i++)
        if (dbk_id_equal(&book->readable[i], space))
            return true;
    return false;
}

dbk_rc dbk_orglog_signers(const dbk_book *book, dbk_orglog_row *out, dbk_span entry, dbk_err *err)
{
    dbk_id ids[DBK_ENTRY_SIGNERS_MAX];
    size_t count = 0;
    dbk_rc rc = dbk_entry_signers(ids, &count, entry, err);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        bool is_root;
        const dbk_member *m = dbk_roster_signer(book->roster, &is_root, &ids[i]);
        out->by_root = out->by_root || is_root;
        if (m != NULL)
            out->signers[out->signers_count++] = m;
    }
    return rc;
}

static dbk_rc show(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    walk *w = ctx;
    dbk_entry_decoded d = { 0 };
    dbk_orglog_row change = { .entry = &d.entry };
    dbk_policy before = w->policy;
    dbk_rc rc = dbk_entry_decode(&d, entry, err);
    if (rc != DBK_OK)
        return rc;
    if (d.entry.kind == DBK_ENTRY_POLICY) {
        w->policy = d.entry.policy;
        change.before = &before;
    }
    change.space_held = dbk_orglog_space_held(w->book, &d.entry.space);
    if (seq >= w->since)
        rc = dbk_orglog_signers(w->book, &change, entry, err);
    if (rc == DBK_OK && seq >= w->since)
        rc = w->fn(w->ctx, &change, err);
    dbk_entry_decoded_wipe(&d);
    return rc;
}

dbk_rc dbk_orglog_each(dbk_book *book, uint64_t since, dbk_orglog_fn fn, void *ctx, dbk_err *err)
{
    walk w = { book, since, DBK_POLICY_DEFAULT, fn, ctx };
    if (book->roster == NULL)
        return DBK_OK;
    return dbk_chain_each(book->store, 0, show, &w, err);
}
