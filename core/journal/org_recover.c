/* The root's word about a relay that was restored. */
#include "core/journal/org_internal.h"

dbk_rc dbk_org_recover(dbk_book *book, dbk_bytes *entry, const dbk_log_recovery *recovery,
                       dbk_err *err)
{
    DBK_ASSERT(recovery->logs_count > 0);
    DBK_ASSERT(recovery->logs_count <= DBK_RECOVERY_LOGS_MAX);
    if (book->roster == NULL || book->own.root == NULL)
        return dbk_fail(err, DBK_DENIED,
                        "only the device that founded the organisation can sign for that");
    dbk_entry e = { .org = dbk_roster_org(book->roster),
                    .seq = dbk_roster_count(book->roster),
                    .prev = dbk_roster_head(book->roster),
                    .kind = DBK_ENTRY_RECOVERY,
                    .time_ms = book->env->now_ms(book->env->self),
                    .logs = recovery->logs,
                    .logs_count = recovery->logs_count,
                    .text = recovery->why };
    return dbk_entry_sign(entry, &e, book->own.root, err);
}
