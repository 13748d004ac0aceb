/* Both ends of a sync in one process: either may be the one that is short of memory. */
#include "tests/lib/test.h"

#include <stdio.h>

#include "core/base/day.h"
#include "tests/faults/alloc.h"

static dbk_rc sync(sync_device *d, dbk_err *err)
{
    dbk_sync_report report;
    return sync_try(d, &report, err);
}

static dbk_rc sync_asha(alloc_world *w, dbk_err *err)
{
    return sync(&w->asha, err);
}

static dbk_rc sync_hq(alloc_world *w, dbk_err *err)
{
    return sync(&w->hq, err);
}

static void note_of_asha(alloc_world *w)
{
    (void)sync_write(&w->asha, &w->space, "Asha's");
}

static void notes_of_ben(alloc_world *w)
{
    for (unsigned i = 0; i < 4; i++)
        (void)sync_write(&w->ben, &w->space, "Ben's");
    (void)sync_now(&w->ben);
}

static void notes_of_both(alloc_world *w)
{
    notes_of_ben(w);
    note_of_asha(w);
}

static void packed_notes(alloc_world *w)
{
    w->net.packs = true;
    for (unsigned i = 0; i < 12; i++)
        (void)sync_write(&w->asha, &w->space, "One of many");
}

static void conflict(alloc_world *w)
{
    sync_edit(&w->ben, &w->person, "Joan of Ben");
    (void)sync_now(&w->ben);
    sync_edit(&w->asha, &w->person, "Joan of Asha");
}

static dbk_rc exchange_folder(alloc_world *w, sync_device *d, dbk_err *err)
{
    dbk_sync_report report;
    dbk_transport t = { 0 };
    dbk_rc rc = dbk_transport_dir(&t, w->folder, err);
    if (rc == DBK_OK)
        rc = dbk_driver_sync(d->book, &t, &report, NULL, err);
    dbk_transport_close(&t);
    return rc;
}

static dbk_rc write_folder(alloc_world *w, dbk_err *err)
{
    return exchange_folder(w, &w->asha, err);
}

static void carried(alloc_world *w)
{
    for (unsigned i = 0; i < 3; i++)
        (void)sync_write(&w->ben, &w->space, "Carried");
    (void)sync_folder(&w->ben, w->folder);
}

static dbk_rc make_space(alloc_world *w, dbk_err *err)
{
    const dbk_new_space opts = { .name = "Riverside", .creator_role = DBK_ROLE_HQ };
    return dbk_driver_space_create(w->hq.book, &w->hq.t, &w->id, &opts, err);
}

static dbk_rc open_mailbox(alloc_world *w, dbk_err *err)
{
    const dbk_new_invite opts = {
        "fresh", DBK_ROLE_OFFICER, &w->space, 1, DBK_DAY_MS, 0, { { 0 } }
    };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_driver_invite(w->hq.book, &w->hq.t, &w->text, &opts, err);
}

static void invited(alloc_world *w)
{
    dbk_err err = { 0 };
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    assert_ok(open_mailbox(w, &err), &err);
    assert_ok(dbk_org_join(w->fresh.book, &request, dbk_bytes_span(&w->text), "fresh", &err), &err);
    dbk_bytes_wipe(&request);
}

static dbk_rc send_request(alloc_world *w, dbk_err *err)
{
    return dbk_driver_join_over(w->fresh.book, &w->fresh.t, err);
}

static void asked(alloc_world *w)
{
    dbk_err err = { 0 };
    invited(w);
    assert_ok(send_request(w, &err), &err);
    w->id = dbk_book_link(w->fresh.book)->invite;
}

static dbk_rc fetch_requests(alloc_world *w, dbk_err *err)
{
    return dbk_driver_requests(w->hq.book, &w->hq.t, err);
}

static void arrived(alloc_world *w)
{
    dbk_err err = { 0 };
    asked(w);
    assert_ok(fetch_requests(w, &err), &err);
}

/* Approved by the time before, as far as is known now: then there is nothing left to do. */
static dbk_rc approve(alloc_world *w, dbk_err *err)
{
    dbk_rc rc = sync(&w->hq, err);
    if (rc == DBK_OK)
        rc = dbk_driver_approve(w->hq.book, &w->hq.t, &w->id, err);
    return rc == DBK_NOT_FOUND ? DBK_OK : rc;
}

static void approved(alloc_world *w)
{
    dbk_err err = { 0 };
    arrived(w);
    assert_ok(approve(w, &err), &err);
}

static dbk_rc sync_fresh(alloc_world *w, dbk_err *err)
{
    return sync(&w->fresh, err);
}

static dbk_rc rotate(alloc_world *w, dbk_err *err)
{
    return dbk_driver_rotate(w->hq.book, &w->hq.t, &w->space, err);
}

static dbk_rc shut_out(alloc_world *w, dbk_err *err)
{
    const dbk_leaving leaving = { dbk_book_device(w->ben.book), "stolen", NULL };
    dbk_rc rc = sync(&w->hq, err);
    if (rc != DBK_OK || !dbk_roster_device(dbk_book_roster(w->hq.book), &leaving.device)->revoked)
        rc = rc == DBK_OK ? dbk_driver_leave(w->hq.book, &w->hq.t, &leaving, err) : rc;
    return rc;
}

#define STEPS (ALLOC_CHANGES | ALLOC_WIRE)
static const alloc_scenario syncs[] = {
    { "a sync with nothing to do", NULL, sync_asha, STEPS },
    { "push a note", note_of_asha, sync_asha, STEPS },
    { "push many notes, packed", packed_notes, sync_asha, STEPS },
    { "pull four notes", notes_of_ben, sync_asha, STEPS },
    { "both ways", notes_of_both, sync_asha, STEPS },
    { "a conflict meets", conflict, sync_asha, STEPS },
    { "headquarters pulls, and vouches", notes_of_ben, sync_hq, STEPS },
    { "write a folder", note_of_asha, write_folder, ALLOC_CHANGES },
    { "read a folder", carried, write_folder, ALLOC_CHANGES },
    { "make a space at the relay", NULL, make_space, STEPS },
    { "open a mailbox for an invite", NULL, open_mailbox, STEPS },
    { "send the request to join", invited, send_request, STEPS },
    { "fetch requests to join", asked, fetch_requests, STEPS },
    { "approve an officer", arrived, approve, STEPS },
    { "a new device's first sync", approved, sync_fresh, STEPS },
    { "change a space's key at the relay", NULL, rotate, STEPS },
    { "shut a stolen device out, at the relay", NULL, shut_out, STEPS },
};
const alloc_table alloc_syncs = { syncs, ARRAY_LEN(syncs) };
