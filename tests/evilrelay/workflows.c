/* What officers do while the relay lies. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/day.h"
#include "tests/evilrelay/evil.h"

static void nothing(evil *e)
{
    (void)e;
}

static void sync_victim(evil *e)
{
    evil_sync(e, e->victim);
}

/* ---- organisation and enrolment ---------------------------------------------------------- */

static void prepare_found(evil *e)
{
    e->victim = &e->founder;
    e->founded = true;
}

static void found(evil *e)
{
    dbk_err err = { 0 };
    const relaykit *kit = &e->young.kit;
    dbk_relay_card card = { .url = "https://" RELAYKIT_HOST, .relay = kit->birth.relay };
    unsigned before = e->fired;
    memcpy(card.setup_code, kit->birth.setup_code, sizeof(kit->birth.setup_code));
    dbk_rc rc = dbk_driver_org_create_over(e->founder.book, &e->founder.t, &card, "founder", &err);
    evil_judge(e, rc, &err, before, "org create");
    if (rc == DBK_OK && dbk_book_link(e->founder.book)->stage != DBK_ORG_MEMBER)
        evil_blame(e, "b", "an organisation without its founder");
}

static bool step(evil *e, dbk_rc rc, const dbk_err *err, unsigned before, const char *what)
{
    evil_judge(e, rc, err, before, what);
    return rc == DBK_OK;
}

static dbk_rc arrived(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    dbk_id *id = ctx;
    (void)err;
    if (row->arrived)
        *id = row->id;
    return DBK_OK;
}

static bool invite(evil *e)
{
    dbk_err err = { 0 };
    unsigned before = e->fired;
    dbk_new_invite opts = { "fresh", DBK_ROLE_OFFICER, &e->space, 1, DBK_DAY_MS, 0, { { 0 } } };
    e->victim = &e->hq;
    dbk_rc rc = dbk_driver_invite(e->hq.book, &e->hq.t, &e->invite, &opts, &err);
    return step(e, rc, &err, before, "invite");
}

static bool ask(evil *e)
{
    dbk_err err = { 0 };
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    unsigned before = e->fired;
    e->victim = &e->fresh;
    assert_ok(dbk_org_join(e->fresh.book, &request, dbk_bytes_span(&e->invite), "fresh", &err),
              &err);
    dbk_bytes_wipe(&request);
    e->joined = true;
    dbk_rc rc = dbk_driver_join_over(e->fresh.book, &e->fresh.t, &err);
    return step(e, rc, &err, before, "join");
}

static bool approve(evil *e)
{
    dbk_err err = { 0 };
    dbk_id id = { { 0 } };
    unsigned before = e->fired;
    e->victim = &e->hq;
    dbk_rc rc = dbk_driver_requests(e->hq.book, &e->hq.t, &err);
    if (!step(e, rc, &err, before, "requests"))
        return false;
    assert_ok(dbk_org_invites(e->hq.book, arrived, &id, &err), &err);
    if (dbk_id_is_zero(&id))
        return false;
    before = e->fired;
    rc = dbk_driver_approve(e->hq.book, &e->hq.t, &id, &err);
    return step(e, rc, &err, before, "approve");
}

static void enlist(evil *e)
{
    if (!invite(e) || !ask(e) || !approve(e))
        return;
    e->victim = &e->fresh;
    evil_sync(e, &e->fresh);
}

static void prepare_second(evil *e)
{
    (void)sync_now(&e->asha);
    (void)(invite(e) && ask(e) && approve(e));
    e->victim = &e->fresh;
}

static void prepare_space(evil *e)
{
    dbk_err err = { 0 };
    e->later = sync_space(&e->hq, "Later");
    (void)evil_write(e, &e->hq, &e->later);
    (void)sync_now(&e->hq);
    dbk_new_grant g = { e->later, dbk_book_device(e->asha.book), DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_driver_grant(e->hq.book, &e->hq.t, &g, &err), &err);
}

/* ---- notes ------------------------------------------------------------------------------- */

static void prepare_push(evil *e)
{
    for (uint64_t n = 1 + evil_random(e, 3); n > 0; n--)
        (void)evil_write(e, &e->asha, &e->space);
}

static void prepare_both(evil *e)
{
    (void)sync_now(&e->asha);
    (void)evil_write(e, &e->ben, &e->space);
    evil_batch(e, &e->ben, &e->space, 4);
    (void)sync_now(&e->ben);
    (void)evil_write(e, &e->asha, &e->space);
    (void)evil_write(e, &e->asha, &e->other);
}

static void prepare_conflict(evil *e)
{
    (void)sync_now(&e->asha);
    sync_edit(&e->asha, &e->record, EVIL_CANARY " of asha");
    sync_edit(&e->ben, &e->record, EVIL_CANARY " of ben");
    evil_batch(e, &e->ben, &e->space, 2);
    (void)sync_now(&e->ben);
}

static void prepare_desk(evil *e)
{
    prepare_conflict(e);
    (void)sync_now(&e->asha);
    e->victim = &e->hq;
}

static void desk(evil *e)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_resolve r = { .record = e->record, .group = "review", .reason = "asked both" };
    evil_sync(e, &e->hq);
    /* Where the lie has kept the conflict away there is nothing to decide yet. */
    (void)!dbk_journal_resolve(e->hq.book, &problems, &r, &err);
    dbk_problems_wipe(&problems);
    evil_sync(e, &e->hq);
}

static void prepare_import(evil *e)
{
    (void)sync_now(&e->asha);
    evil_batch(e, &e->asha, &e->space, 70);
}

static void prepare_folder(evil *e)
{
    (void)evil_write(e, &e->ben, &e->space);
    evil_batch(e, &e->ben, &e->space, 4);
    (void)sync_folder(&e->ben, e->folder);
}

static void folder(evil *e)
{
    dbk_sync_report report;
    dbk_transport t;
    dbk_err err = { 0 };
    unsigned before = e->fired;
    evil_spoil_folder(e);
    assert_ok(dbk_transport_dir(&t, e->folder, &err), &err);
    dbk_rc rc = dbk_driver_sync(e->asha.book, &t, &report, NULL, &err);
    evil_judge(e, rc, &err, before, "folder");
    dbk_transport_close(&t);
}

static void watch(evil *e)
{
    for (unsigned i = 0; i < 4; i++) {
        evil_sync(e, &e->asha);
        (void)evil_write(e, &e->ben, &e->space);
        (void)sync_now(&e->ben);
        if (e->mutation != NULL && e->mutation->with_words)
            (void)sync_now(&e->hq);
    }
    evil_sync(e, &e->asha);
}

static void prepare_rejoin(evil *e)
{
    dbk_err err = { 0 };
    for (unsigned i = 0; i < 6; i++) {
        (void)evil_write(e, &e->ben, &e->space);
        (void)sync_now(&e->ben);
    }
    dbk_id more = sync_space(&e->hq, "More");
    dbk_new_grant g = { more, dbk_book_device(e->mallory.book), DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_driver_grant(e->hq.book, &e->hq.t, &g, &err), &err);
    e->asha.env.now_ms += 40 * DBK_DAY_MS;
    (void)evil_write(e, &e->asha, &e->space);
    (void)evil_write(e, &e->asha, &e->other);
}

#define PULLS (CALL_HELLO | CALL_RANGE)
const evil_workflow evil_workflows[] = {
    { "found an organisation", CALL_POSTED, prepare_found, found },
    { "enlist a device", PULLS | CALL_MEMBERS | CALL_REQUESTS | CALL_POSTED | CALL_MAIL, nothing,
      enlist },
    { "first push", PULLS | CALL_RESULTS, prepare_push, sync_victim },
    { "first pull", PULLS, nothing, sync_victim },
    { "both ways", PULLS | CALL_RESULTS, prepare_both, sync_victim },
    { "offline edits and a conflict", PULLS | CALL_RESULTS, prepare_conflict, sync_victim },
    { "the desk decides", PULLS | CALL_RESULTS, prepare_desk, desk },
    { "an import", CALL_HELLO | CALL_RESULTS, prepare_import, sync_victim },
    { "a new space and grant", PULLS | CALL_MEMBERS, prepare_space, sync_victim },
    { "carried by folder", CALL_CARRY, prepare_folder, folder },
    { "watching", PULLS, nothing, watch },
    { "back after forty days", PULLS | CALL_RESULTS | CALL_MEMBERS, prepare_rejoin, sync_victim },
    { "an officer's second device", PULLS | CALL_MEMBERS, prepare_second, sync_victim },
};
const size_t evil_workflows_count = ARRAY_LEN(evil_workflows);
