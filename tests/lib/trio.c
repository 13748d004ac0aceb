#include "tests/lib/test.h"

#include "core/journal/book_internal.h"
#include "tests/lib/proof.h"
#include "tests/lib/trio.h"

void trio_make(trio *t)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
    dbk_test_org_make(&t->org, roles, ARRAY_LEN(roles));
    dbk_id org = dbk_roster_org(dbk_book_roster(t->org.books[HQ].book));
    minilog_init(&t->log, &org, &t->org.space, t->org.relay);
}

void trio_drop(trio *t)
{
    minilog_wipe(&t->log);
    dbk_test_org_drop(&t->org);
}

dbk_book *trio_book(trio *t, size_t who)
{
    return t->org.books[who].book;
}

dbk_inbox_stats trio_sync(trio *t, size_t who)
{
    dbk_inbox_stats stats = { 0 };
    (void)minilog_push(&t->log, trio_book(t, who), NOON_MS);
    minilog_pull(&t->log, trio_book(t, who), 100, &stats);
    return stats;
}

void trio_sync_all(trio *t)
{
    for (size_t round = 0; round < 2; round++)
        for (size_t who = 0; who < t->org.count; who++)
            (void)trio_sync(t, who);
}

void trio_assert_converged(trio *t)
{
    proof first = proof_clean(trio_book(t, 0), &t->org.space);
    for (size_t who = 1; who < t->org.count; who++) {
        proof other = proof_clean(trio_book(t, who), &t->org.space);
        assert_true(proof_equal(&first, &other));
    }
}
