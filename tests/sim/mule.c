/* A folder on a stick, which goes from hand to hand. */
#include "tests/lib/test.h"

#include <stdio.h>

#include "tests/sim/disk.h"
#include "tests/sim/faults.h"

#define WEEKS_MS (UINT64_C(14) * 86400000)

void sim_carry(sim_device *d)
{
    static uint64_t written_ms[SIM_FOLDERS]; /* a child's own */
    sim *s = d->sim;
    dbk_transport t;
    dbk_sync_report r = { 0 };
    dbk_err err = { 0 };
    /* The last stick lies in a drawer for most of the time. */
    bool drawer = s->step > s->opts.steps / 4 && s->step < s->opts.steps * 17 / 20;
    size_t folder = (size_t)sim_dice(s, drawer ? SIM_FOLDERS - 1 : SIM_FOLDERS);
    assert_ok(dbk_transport_dir(&t, s->folders[folder], &err), &err);
    dbk_rc rc = dbk_driver_sync(d->d.book, &t, &r, NULL, &err);
    dbk_transport_close(&t);
    sim_note(s, "%s meets stick %zu: %s, %llu out, %llu in", d->d.name, folder, dbk_rc_name(rc),
             (unsigned long long)r.pushed_ops, (unsigned long long)r.pulled_ops);
    if (rc == DBK_OK)
        sim_mark(s, MARK_CARRY);
    if (r.pulled_ops > 0)
        sim_mark(s, MARK_CARRIED);
    if (r.pulled_ops > 0 && written_ms[folder] > 0 && s->now_ms > written_ms[folder] + WEEKS_MS)
        sim_mark(s, MARK_CARRIED_LATE);
    if (r.pushed_ops > 0)
        written_ms[folder] = s->now_ms;
    bool disk = disk_is_dead((unsigned)d->index) || disk_is_full((unsigned)d->index);
    if (rc == DBK_PEER && d->rolled)
        return; /* what it wrote before lies there, and only the relay settles that */
    if (rc != DBK_OK && !(disk && (rc == DBK_IO || rc == DBK_FULL)))
        sim_blame(s, "%s can't sync with a stick: %s: %s", d->d.name, dbk_rc_name(rc), err.text);
}
