#include "core/journal/handover.h"

#include "core/journal/book_internal.h"
#include "core/store/chain.h"

static dbk_rc check_member(const dbk_book *book, dbk_err *err)
{
    const dbk_id device = dbk_book_device(book);
    const dbk_member *m = book->roster == NULL ? NULL : dbk_roster_device(book->roster, &device);
    if (m == NULL)
        return dbk_fail(err, DBK_DENIED, "this device is in no organisation yet");
    if (!dbk_package_sender(m))
        return dbk_fail(err, DBK_DENIED, "this device may not send referrals: its role is %s",
                        m->revoked ? "revoked" : dbk_role_name(m->role));
    return DBK_OK;
}

dbk_rc dbk_handover_seal(dbk_book *book, dbk_bytes *out, dbk_package *package,
                         const dbk_recipient *to, dbk_err *err)
{
    dbk_rc rc = check_member(book, err);
    if (rc != DBK_OK)
        return rc;
    package->org = dbk_roster_org(book->roster);
    package->device = dbk_book_device(book);
    package->time_ms = book->env->now_ms(book->env->self);
    return dbk_package_seal(out, package, to, book->own.sign, book->env, err);
}

static dbk_rc add_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    (void)seq;
    return dbk_members_card_add(ctx, entry, err);
}

dbk_rc dbk_handover_card(dbk_book *book, dbk_bytes *out, dbk_err *err)
{
    if (book->roster == NULL || dbk_roster_count(book->roster) == 0)
        return dbk_fail(err, DBK_DENIED, "this device is in no organisation yet");
    dbk_rc rc = dbk_members_card_begin(out, dbk_roster_count(book->roster), err);
    return rc == DBK_OK ? dbk_chain_each(book->store, 0, add_entry, out, err) : rc;
}

dbk_hash dbk_told_hash(dbk_span value)
{
    return dbk_hash_of("daybook/told/1", value);
}
