/* The organisation's rules, who can never be in a space, what is disposed of, and logs' floors.
 * What the chain would refuse of them, dbk_roster_weigh says before anything is sent. */
#include "core/journal/floor.h"
#include "core/journal/org_internal.h"

dbk_rc dbk_org_policy(dbk_book *book, dbk_bytes *entry, const dbk_policy *policy, dbk_err *err)
{
    dbk_entry e = { .kind = DBK_ENTRY_POLICY, .policy = *policy };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK && dbk_policy_equal(policy, dbk_roster_policy(book->roster)))
        rc = dbk_fail(err, DBK_CONFLICT, "these rules stand already");
    return rc == DBK_OK ? dbk_org_sign(book, entry, &e, err) : rc;
}

dbk_rc dbk_org_bar(dbk_book *book, dbk_bytes *entry, const dbk_new_bar *bar, dbk_err *err)
{
    dbk_entry e = { .kind = DBK_ENTRY_BAR, .space = bar->space, .person = bar->person };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK && dbk_roster_barred(book->roster, &bar->person, &bar->space))
        rc = dbk_fail(err, DBK_CONFLICT, "this person is barred from the space already");
    return rc == DBK_OK ? dbk_org_sign(book, entry, &e, err) : rc;
}

dbk_rc dbk_org_dispose(dbk_book *book, dbk_bytes *entry, const dbk_new_order *order, dbk_err *err)
{
    dbk_entry e = { .kind = DBK_ENTRY_DISPOSE,
                    .space = order->space,
                    .review = order->review,
                    .dots = order->dots,
                    .dots_count = order->dots_count };
    dbk_rc rc = dbk_org_check_admin(book, err);
    return rc == DBK_OK ? dbk_org_sign(book, entry, &e, err) : rc;
}

dbk_rc dbk_org_floor(dbk_book *book, dbk_bytes *entry, const dbk_new_floor *floor, dbk_err *err)
{
    dbk_entry e = { .kind = DBK_ENTRY_FLOOR, .space = floor->space, .floor = floor->floor };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = dbk_floor_check(book, &floor->space, &floor->floor, err);
    return rc == DBK_OK ? dbk_org_sign(book, entry, &e, err) : rc;
}
