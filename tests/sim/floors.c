/* Headquarters makes a snapshot at the relay, the other desk confirms it, and when all have said
 * how far they are two administrators let relays let go of what stands below (decision 0041). From
 * then on a store that is put back lacks what only other devices hold. */
#include "tests/lib/test.h"

#include "tests/sim/disk.h"
#include "tests/sim/faults.h"

static void vouch(sim *s)
{
    sim_device *hq = sim_hq(s), *desk = &s->devices[1];
    dbk_snapshot_told told;
    dbk_err err = { 0 };
    dbk_rc rc = dbk_driver_snapshot_make(hq->d.book, &hq->d.t, &s->spaces[SPACE_LIMELIGHT], &told,
                                         NULL, &err);
    sim_note(s, "hq makes a snapshot for a floor: %s", dbk_rc_name(rc));
    sim_after(hq);
    if (rc == DBK_OK && sim_lives(desk))
        (void)sim_sync(desk);
}

/* The relay asks for words after a day. */
static void all_say_how_far_they_are(sim *s)
{
    s->now_ms += UINT64_C(25) * 3600 * 1000;
    for (size_t i = 0; i < s->count; i++) {
        if (sim_lives(&s->devices[i]))
            (void)sim_sync(&s->devices[i]);
    }
}

static void agree(sim *s, const dbk_floor_place *place)
{
    sim_device *hq = sim_hq(s), *desk = &s->devices[1];
    const dbk_new_floor floor = { s->spaces[SPACE_LIMELIGHT], place->floor };
    dbk_err err = { 0 };
    bool agreed = false;
    dbk_rc rc = dbk_driver_floor(hq->d.book, &hq->d.t, &floor, &err);
    if (rc == DBK_PROPOSED) {
        dbk_err_clear(&err);
        rc = sync_agree(&desk->d, &agreed, &err);
    }
    sim_note(s, "a floor at %llu: %s%s%s", (unsigned long long)place->floor.size, dbk_rc_name(rc),
             rc == DBK_OK ? "" : ": ", rc == DBK_OK ? "" : err.text);
    if (agreed)
        sim_mark(s, MARK_FLOOR);
}

void floors_step(sim *s)
{
    sim_device *hq = sim_hq(s), *desk = &s->devices[1];
    dbk_floor_place place;
    dbk_err err = { 0 };
    if (s->relay_waits || !sim_lives(hq) || !sim_lives(desk) || !sim_fault(s, FAULT_FLOOR))
        return;
    if (sim_sync(hq) != DBK_OK || sim_sync(desk) != DBK_OK)
        return;
    vouch(s);
    all_say_how_far_they_are(s);
    if (s->relay_waits || !sim_lives(hq) || !sim_lives(desk))
        return;
    sim_wake(hq);
    sim_wake(desk);
    dbk_rc rc = dbk_driver_floor_find(hq->d.book, &hq->d.t, &place, &s->spaces[SPACE_LIMELIGHT],
                                      NULL, NULL, &err);
    sim_note(s, "a floor may be at %llu of %llu, the snapshot is at %llu, all have %llu: %s",
             (unsigned long long)place.floor.size, (unsigned long long)place.here,
             (unsigned long long)place.snapshot, (unsigned long long)place.least, dbk_rc_name(rc));
    if (rc == DBK_OK && place.floor.size > 0)
        agree(s, &place);
    sim_after(hq);
    sim_after(desk);
}

void floors_count(sim_device *d, const dbk_sync_report *r, dbk_rc rc)
{
    sim *s = d->sim;
    if (r->lacking > 0)
        sim_mark(s, MARK_LET_GO);
    if (r->brought > 0)
        sim_mark(s, MARK_BROUGHT);
    /* It began with a snapshot, was put back, and has to make a record anew. */
    if (rc == DBK_PENDING && r->lacking == 0 && s->rates[FAULT_FLOOR] > 0) {
        dbk_snapshot_begun left;
        dbk_err err = { 0 };
        dbk_rc fetched = dbk_driver_snapshot_fetch(d->d.book, &d->d.t, &s->spaces[SPACE_LIMELIGHT],
                                                   &left, NULL, &err);
        sim_note(s, "%s fetches what a snapshot left out: %s", d->d.name, dbk_rc_name(fetched));
    }
    if (d->lacks && rc == DBK_OK && r->lacking == 0)
        sim_mark(s, MARK_REFILLED);
    if (rc == DBK_OK || r->lacking > 0)
        d->lacks = r->lacking > 0;
}
