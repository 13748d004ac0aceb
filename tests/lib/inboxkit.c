#include "tests/lib/test.h"

#include "tests/lib/inboxkit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/evidence.h"
#include "core/store/sql.h"

dbk_book *world_book(world *w, size_t who)
{
    return w->org.books[who].book;
}

void world_make(world *w)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_AUDITOR };
    static const char *const fields[] = { "name=Joan Marsh", "sex=female", NULL };
    dbk_test_org_make(&w->org, roles, ARRAY_LEN(roles));
    dbk_id org = dbk_roster_org(dbk_book_roster(world_book(w, HQ)));
    minilog_init(&w->log, &org, &w->org.space, w->org.relay);
    w->joan = dbk_test_add(world_book(w, ANNE), &w->org.space, "person", fields);
}

void world_drop(world *w)
{
    minilog_wipe(&w->log);
    dbk_test_org_drop(&w->org);
}

void world_edit(world *w, size_t who, const char *field)
{
    const char *const fields[] = { field, NULL };
    dbk_test_edit(world_book(w, who), &w->joan, fields);
}

dbk_rc world_pull(world *w, size_t who, uint64_t from, uint32_t count, dbk_inbox_stats *stats,
                  dbk_err *err)
{
    minilog_run run;
    minilog_run_init(&run, &w->log, from, count, NULL);
    dbk_rc rc = dbk_inbox_run(world_book(w, who), stats, &run.run, err);
    minilog_run_wipe(&run);
    return rc;
}

dbk_rc world_carry(world *w, size_t who, const minilog_item *item, dbk_inbox_stats *stats,
                   dbk_err *err)
{
    const dbk_sealed segment = minilog_sealed(item);
    return dbk_inbox_carried(world_book(w, who), stats, &segment, err);
}

typedef struct status_taken {
    dbk_space_status status;
    char reason[128];
    bool taken;
} status_taken;

static dbk_rc take_status(void *ctx, const dbk_space_status *status, dbk_err *err)
{
    status_taken *t = ctx;
    (void)err;
    if (t->taken)
        return DBK_OK;
    t->taken = true;
    t->status = *status;
    (void)snprintf(t->reason, sizeof(t->reason), "%s",
                   status->pending_reason == NULL ? "" : status->pending_reason);
    return DBK_OK;
}

dbk_space_status world_status(world *w, size_t who)
{
    static status_taken t;
    dbk_err err = { 0 };
    memset(&t, 0, sizeof(t));
    assert_ok(dbk_query_status(world_book(w, who), take_status, &t, &err), &err);
    t.status.pending_reason = t.reason;
    return t.status;
}

before world_look(world *w, size_t who)
{
    dbk_evidence_totals kept;
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_count(world_book(w, who), &kept, &err), &err);
    return (before){ sqlite3_total_changes64(world_book(w, who)->store->db), kept.open,
                     minilog_position(&w->log, world_book(w, who)), world_book(w, who)->clock };
}

bool world_untouched(world *w, size_t who, const before *b)
{
    before now = world_look(w, who);
    return (now.writes == b->writes || now.evidence > b->evidence) && now.at.size == b->at.size &&
           now.clock == b->clock && dbk_hash_equal(&now.at.root, &b->at.root) &&
           dbk_id_equal(&now.at.log, &b->at.log) &&
           !dbk_store_in_transaction(world_book(w, who)->store);
}

void world_refuse(world *w, uint32_t count, dbk_rc want, const char *text, const char *why)
{
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    before b = world_look(w, HQ);
    dbk_rc rc = world_pull(w, HQ, b.at.size, count, &stats, &err);
    if (rc != want)
        fail_msg("%s: got %s (%s)", why, dbk_rc_name(rc), err.text);
    if (strstr(err.text, text) == NULL)
        fail_msg("%s: the text is \"%s\"", why, err.text);
    if (!world_untouched(w, HQ, &b))
        fail_msg("%s: something was changed", why);
}
