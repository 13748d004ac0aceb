/* The membership chain from its stored bytes, against what the book works with. */
#include "core/journal/verify_internal.h"
#include "core/store/chain.h"

typedef struct chain_walk {
    dbk_verifier *v;
    dbk_roster *roster;
    bool broken; /* nothing behind the first wrong entry can be judged */
} chain_walk;

static dbk_rc check_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    chain_walk *w = ctx;
    dbk_err cause = { 0 };
    dbk_hash stored;
    unsigned long long at = (unsigned long long)seq;
    if (w->broken)
        return DBK_OK;
    if (seq != dbk_roster_count(w->roster)) {
        w->broken = true;
        return dbk_verify_fault(w->v, err, "Membership entry %llu is missing.",
                                (unsigned long long)dbk_roster_count(w->roster));
    }
    dbk_rc rc = dbk_roster_add(w->roster, entry, &cause);
    if (rc == DBK_NOMEM)
        return dbk_fail(err, rc, "%s", cause.text);
    if (rc != DBK_OK) {
        w->broken = true;
        return dbk_verify_fault(w->v, err, "Membership entry %llu does not verify: %s.", at,
                                cause.text);
    }
    dbk_hash head = dbk_roster_head(w->roster);
    rc = dbk_chain_hash(w->v->book->store, &stored, seq, err);
    if (rc == DBK_OK && !dbk_hash_equal(&head, &stored))
        rc = dbk_verify_fault(w->v, err, "Membership entry %llu stands under a wrong hash.", at);
    return rc;
}

static dbk_rc compare(const chain_walk *w, dbk_err *err)
{
    const dbk_roster *used = w->v->book->roster;
    dbk_hash a = dbk_roster_head(w->roster), b = dbk_roster_head(used);
    if (w->broken ||
        (dbk_roster_count(w->roster) == dbk_roster_count(used) && dbk_hash_equal(&a, &b)))
        return DBK_OK;
    return dbk_verify_fault(w->v, err,
                            "The stored membership has %llu entries and does not lead to the head "
                            "that this device works with, of %llu.",
                            (unsigned long long)dbk_roster_count(w->roster),
                            (unsigned long long)dbk_roster_count(used));
}

dbk_rc dbk_verify_chain(dbk_verifier *v, dbk_err *err)
{
    chain_walk w = { v, NULL, false };
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_roster_new(&w.roster, &v->book->link.root, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_verify_damage(v, dbk_chain_each(v->book->store, 0, check_entry, &w, &cause), &cause,
                           err);
    if (rc == DBK_OK)
        rc = compare(&w, err);
    dbk_roster_free(w.roster);
    return rc;
}
