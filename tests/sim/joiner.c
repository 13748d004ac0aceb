/* A device that comes late, and begins with headquarters' snapshot instead of the log: by the
 * folder or by the relay, made at some step and confirmed by the other desk. With what came since
 * it must hold what all the others hold that fetched the log (checks.c compares). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/sim/disk.h"
#include "tests/sim/faults.h"

static bool made, confirmed, by_relay; /* a child's own */
static char folder[2 * DBK_TEST_PATH_SIZE];
static unsigned folders;

/* ---- the snapshot --------------------------------------------------------------------------- */

/* One for each: what nobody can confirm any more is thrown away. */
static void take_folder(const sim *s)
{
    (void)snprintf(folder, sizeof(folder), "%s/snapshot%u", s->root, folders++);
    DBK_ASSERT(mkdir(folder, 0700) == 0);
}

/* Of the space where most is written. What the desks can't say now they may say later. */
static void vouch(sim_device *desk, bool *done,
                  dbk_rc (*say)(dbk_book *, const dbk_transport *, const dbk_id *,
                                dbk_snapshot_told *, const dbk_progress *, dbk_err *))
{
    sim *s = desk->sim;
    dbk_transport t = desk->d.t;
    dbk_snapshot_told told;
    dbk_err err = { 0 };
    if (!sim_lives(desk) || disk_is_dead((unsigned)desk->index))
        return;
    if (!by_relay)
        assert_ok(dbk_transport_dir(&t, folder, &err), &err);
    sim_wake(desk);
    dbk_rc rc = say(desk->d.book, &t, &s->spaces[SPACE_LIMELIGHT], &told, NULL, &err);
    sim_note(s, "%s says what the space is%s: %s%s%s", desk->d.name,
             by_relay ? ", at the relay" : "", dbk_rc_name(rc), rc == DBK_OK ? "" : ": ",
             rc == DBK_OK ? "" : err.text);
    if (!by_relay)
        dbk_transport_close(&t);
    *done = rc == DBK_OK;
    /* The relay lost it, or has both words and the answer is lost; or it was overtaken. */
    if (rc == DBK_NOT_FOUND) {
        made = false;
        take_folder(s);
    }
    sim_after(desk);
}

static void vouch_both(sim *s)
{
    for (unsigned tries = 0; tries < 2 && !confirmed; tries++) {
        if (!made)
            vouch(sim_hq(s), &made, dbk_driver_snapshot_make);
        if (made)
            vouch(&s->devices[1], &confirmed, dbk_driver_snapshot_confirm);
    }
}

void joiner_begin(sim *s)
{
    made = confirmed = false;
    by_relay = s->seed / 2 % 2 == 1;
    folders = 0;
    take_folder(s);
}

void joiner_step(sim *s)
{
    if (s->rates[FAULT_JOINS_LATE] > 0 && s->step > s->opts.steps / 2 && !confirmed &&
        sim_dice(s, 20) == 0)
        vouch_both(s);
}

/* ---- the device ------------------------------------------------------------------------------ */

/* When all is well again. Its notes are what the log holds, or what a snapshot says and the tail.
 */
void joiner_join(sim *s)
{
    sim_device *hq = sim_hq(s), *d = &s->devices[s->count];
    dbk_sync_report r = { 0 };
    dbk_transport t;
    dbk_err err = { 0 };
    if (s->rates[FAULT_JOINS_LATE] == 0 || s->count == SIM_DEVICES_MAX || !sim_lives(hq) ||
        s->relay_waits)
        return;
    vouch_both(s);
    if (!confirmed) /* a feed has two histories, or a desk isn't there: nobody can vouch */
        return;
    s->out->faults[FAULT_JOINS_LATE]++;
    sim_add_device(s, s->count++);
    sim_wake(hq);
    sim_wake(d);
    sync_admit(&hq->d, &d->d, DBK_ROLE_OFFICER, &s->spaces[SPACE_LIMELIGHT]);
    if (!by_relay) {
        assert_ok(dbk_transport_dir(&t, folder, &err), &err);
        dbk_rc rc = dbk_driver_begin_with(d->d.book, &d->d.t, &t, &r, NULL, &err);
        dbk_transport_close(&t);
        if (rc != DBK_OK)
            sim_blame(s, "a late device can't begin with the snapshot: %s: %s", dbk_rc_name(rc),
                      err.text);
    } else if (sync_try(&d->d, &r, &err) != DBK_OK && r.lacking == 0) {
        sim_blame(s, "a late device can't begin at the relay: %s", err.text);
    }
    sim_note(s, "%s begins with %llu records of a snapshot", d->d.name,
             (unsigned long long)r.begun_records);
    d->device = dbk_book_device(d->d.book);
    if (r.begun > 0)
        sim_mark(s, MARK_BEGUN);
}
