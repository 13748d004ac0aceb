/* What befalls whole devices and the relay: backups that are put back, copies, loss, people who
 * leave, and what headquarters does about it. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/disposal.h"
#include "core/journal/evidence.h"
#include "core/journal/quarantine.h"
#include "tests/sim/disk.h"
#include "tests/sim/faults.h"

static image backups[SIM_DEVICES_MAX]; /* a child's own */
static bool relay_backed_up;

static void open_must(sim_device *d)
{
    dbk_err err = { 0 };
    disk_disarm((unsigned)d->index);
    dbk_rc rc = sim_open_book(d, &err);
    if (rc != DBK_OK)
        sim_blame(d->sim, "%s doesn't open: %s: %s", d->d.name, dbk_rc_name(rc), err.text);
}

/* ---- a store that is put back, copied, lost ------------------------------------------------- */

static void back_up(sim_device *d)
{
    disk_disarm((unsigned)d->index);
    sim_close_book(d);
    image_wipe(&backups[d->index]);
    image_take(&backups[d->index], d->d.dir);
    open_must(d);
}

static void restore(sim_device *d)
{
    sim *s = d->sim;
    holders_look(s);
    disk_disarm((unsigned)d->index);
    sim_close_book(d);
    image_put(&backups[d->index], d->d.dir);
    d->newer = false; /* as it may be */
    open_must(d);
    d->rolled = true;
    if (d->d.book == NULL)
        return;
    if (dbk_book_mark_found(d->d.book).found == DBK_MARK_AHEAD)
        sim_mark(s, MARK_MARK_AHEAD);
    memset(d->told, 0, sizeof(d->told));
    (void)ledger_take_heads(s, d);
    holders_judge(s, d);
    sim_note(s, "%s is put back to an older image", d->d.name);
}

void fates_disk_lied(sim_device *d)
{
    sim *s = d->sim;
    d->rolled = true;
    d->newer = false; /* as it may be */
    memset(d->told, 0, sizeof(d->told));
    (void)ledger_take_heads(s, d);
    holders_judge(s, d);
    sim_mark(s, MARK_DISK_LIED);
    sim_note(s, "%s's disk lied", d->d.name);
}

/* The same store twice: both go on. */
static void copy(sim_device *d)
{
    sim *s = d->sim;
    char dir[2 * DBK_TEST_PATH_SIZE];
    image files;
    if (s->count == SIM_DEVICES_MAX)
        return;
    sim_device *twin = &s->devices[s->count];
    disk_disarm((unsigned)d->index);
    sim_close_book(d);
    image_take(&files, d->d.dir);
    *twin = *d;
    twin->index = s->count++;
    (void)sim_dir(s, dir, twin->index);
    memcpy(twin->d.dir, dir, strlen(dir) + 1);
    image_put(&files, dir);
    image_wipe(&files);
    dbk_test_env_init(&twin->d.env, s->seed * 64 + twin->index + 1);
    twin->d.env.step_ms = 1;
    twin->d.t.self = twin;
    twin->rolled = d->rolled = true; /* either may have to write again what the other has sent */
    open_must(d);
    sim_wake(twin);
    open_must(twin);
    sim_note(s, "%s is copied", d->d.name);
}

static void lose(sim_device *d)
{
    sim *s = d->sim;
    holders_look(s);
    disk_disarm((unsigned)d->index);
    sim_close_book(d);
    d->gone = true;
    holders_judge(s, d);
    sim_note(s, "%s is lost", d->d.name);
}

/* ---- who is shut out ----------------------------------------------------------------------- */

/* The entry may be at the relay though this desk has no answer, the one to another request, or none
 * that it could keep. */
static bool may_be_taken(const sim_device *hq, dbk_rc rc)
{
    bool unsure = rc == DBK_IO || rc == DBK_FULL || rc == DBK_DENIED;
    return rc == DBK_UNREACHABLE || (unsure && sim_excuses(hq, rc));
}

static void shut_out(sim *s, sim_device *d)
{
    static const char *const reasons[] = { "lost", "stolen", "left" };
    sim_device *hq = sim_hq(s);
    dbk_err err = { 0 };
    dbk_leaving leaving = { .device = d->device, .reason = reasons[sim_dice(s, 3)] };
    if (sim_sync(hq) != DBK_OK)
        return;
    dbk_rc rc = dbk_driver_leave(hq->d.book, &hq->d.t, &leaving, &err);
    sim_note(s, "hq shuts %s out: %s", d->d.name, dbk_rc_name(rc));
    const dbk_member *m = dbk_roster_device(dbk_book_roster(hq->d.book), &d->device);
    for (size_t i = 0; i < s->count; i++)
        if (((m != NULL && m->revoked) || may_be_taken(hq, rc)) &&
            dbk_id_equal(&s->devices[i].device, &d->device))
            s->devices[i].out = true;
    if (rc != DBK_CONFLICT && !sim_excuses(hq, rc))
        sim_blame(s, "hq can't shut %s out: %s: %s", d->d.name, dbk_rc_name(rc), err.text);
    sim_after(hq);
}

void fates_know_who_is_out(sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const dbk_member *m = dbk_roster_device(dbk_book_roster(sim_hq(s)->d.book),
                                                &s->devices[i].device);
        s->devices[i].out = m != NULL && m->revoked;
    }
}

/* Out of a space while it writes there, perhaps before it hears of that; or into one. */
static void move(sim *s, sim_device *d)
{
    sim_device *hq = sim_hq(s);
    dbk_err err = { 0 };
    size_t space = (size_t)sim_dice(s, SPACE_COMPARTMENT);
    const dbk_leaving leaving = { .device = d->device, .space = &s->spaces[space] };
    const dbk_new_grant grant = { s->spaces[space], d->device, d->role, 0 };
    if (sim_sync(hq) != DBK_OK || !sim_lives(d))
        return;
    bool in = sim_in_space(d, space);
    dbk_rc rc = in ? dbk_driver_leave(hq->d.book, &hq->d.t, &leaving, &err)
                   : dbk_driver_grant(hq->d.book, &hq->d.t, &grant, &err);
    sim_note(s, "hq takes %s %s space %zu: %s", d->d.name, in ? "out of" : "into", space,
             dbk_rc_name(rc));
    for (size_t i = 0; i < s->count; i++)
        if (dbk_id_equal(&s->devices[i].device, &d->device))
            s->devices[i].moved = true;
    if (rc == DBK_OK)
        sim_mark(s, in ? MARK_TAKEN_OUT : MARK_TAKEN_IN);
    else if (rc != DBK_CONFLICT && !sim_excuses(hq, rc))
        sim_blame(s, "hq can't move %s: %s: %s", d->d.name, dbk_rc_name(rc), err.text);
    sim_after(hq);
}

/* ---- the relay ----------------------------------------------------------------------------- */

static void back_up_relay(sim *s)
{
    bool full = disk_is_full(DISK_RELAY);
    hostile_end(s); /* it has the log open */
    disk_disarm(DISK_RELAY);
    /* The kit copies the one file that a closing leaves, for which the file has to grow. A backup
     * of the relay's own only reads (seed 1471). */
    disk_fill(DISK_RELAY, false);
    relaykit_backup(&s->world.kit);
    disk_fill(DISK_RELAY, full);
    relaykit_start(&s->world.kit);
    relay_backed_up = true;
}

static void restore_relay(sim *s, bool to_the_first)
{
    relaykit *kit = &s->world.kit;
    hostile_end(s);
    disk_disarm(DISK_RELAY);
    disk_fill(DISK_RELAY, false);
    holders_look(s);
    if (to_the_first) {
        relaykit_stop(kit);
        image_put(&s->relay_image, kit->dir);
        relaykit_start(kit);
        back_up_relay(s);
    }
    relaykit_put_back(kit);
    relaykit_start(kit);
    s->relay_waits = true;
    holders_judge(s, NULL); /* what only the relay held is lost with it */
    sim_note(s, "the relay is put back%s", to_the_first ? " to its beginning" : "");
}

/* Whoever looks after it knows that its power went, and begins as after a restore (0019). */
void fates_relay_disk_lied(sim *s)
{
    relaykit *kit = &s->world.kit;
    dbk_log log;
    sim_mark(s, MARK_RELAY_DISK_LIED);
    sim_note(s, "the relay's disk lied");
    /* What is left may be no log any more: then a backup is put back. */
    if (kit->source.open(kit->source.self, &log, DBK_LOG_WRITES, NULL) != DBK_OK) {
        restore_relay(s, !relay_backed_up);
        relaykit_stop(kit); /* whoever found it dead starts it */
        return;
    }
    dbk_log_close(&log);
    relaykit_recover(kit);
    s->relay_waits = true;
    holders_judge(s, NULL);
}

/* Does anybody hold more of the chain? The root must not sign in the place of an entry that only an
 * officer's device holds: a lost answer is enough for that (decision 0019, Open). */
static bool is_behind(const sim *s, const sim_device *hq)
{
    uint64_t count = dbk_roster_count(dbk_book_roster(hq->d.book));
    for (size_t i = 0; i < s->count; i++)
        if (sim_lives(&s->devices[i]) &&
            dbk_roster_count(dbk_book_roster(s->devices[i].d.book)) > count)
            return true;
    return false;
}

/* While the relay waits, all give back to it what it lost of the chain. */
static void give_back(sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        dbk_sync_report r = { 0 };
        dbk_err err = { 0 };
        if (!sim_lives(&s->devices[i]))
            continue;
        sim_wake(&s->devices[i]);
        (void)!sync_try(&s->devices[i].d, &r, &err);
        if (r.given_back > 0)
            sim_mark(s, MARK_GIVEN_BACK);
    }
}

static bool has_lied(const sim *s)
{
    bool any = false;
    for (size_t i = 0; i < s->count; i++)
        any = any || s->devices[i].lied_to;
    return any;
}

/* A relay that lied before it was lost took back what it had shown to one device alone, as its own
 * signature says, and headquarters signs for nothing of the kind (seed 116). Whoever looks after it
 * begins once more, and headquarters' devices give first. */
static void begin_again(sim *s)
{
    sim_note(s, "the relay claims what headquarters knows to be wrong");
    restore_relay(s, !relay_backed_up);
    for (size_t i = 0; i < 2 * SIM_DESKS; i++) {
        dbk_sync_report r = { 0 };
        dbk_err err = { 0 };
        sim_wake(&s->devices[i % SIM_DESKS]);
        (void)!sync_try(&s->devices[i % SIM_DESKS].d, &r, &err);
    }
    give_back(s);
}

void fates_recover(sim *s)
{
    sim_device *hq = sim_hq(s);
    dbk_recovery_plan plan = { 0 };
    dbk_err err = { 0 };
    const dbk_recovery_opts opts = { .sign = true, .anyway = true };
    if (s->relay_waits && s->healing) {
        give_back(s);
        give_back(s);
    }
    if (!s->relay_waits || !sim_lives(hq) || is_behind(s, hq))
        return;
    sim_wake(hq);
    dbk_rc rc = dbk_driver_recover(hq->d.book, &hq->d.t, &plan, &opts, &err);
    if (rc == DBK_PEER && s->healing && has_lied(s)) {
        dbk_recovery_plan_wipe(&plan);
        dbk_err_clear(&err);
        begin_again(s);
        rc = dbk_driver_recover(hq->d.book, &hq->d.t, &plan, &opts, &err);
    }
    sim_note(s, "hq recovers the relay: %s", dbk_rc_name(rc));
    if (rc == DBK_OK && plan.done) {
        s->relay_waits = false;
        sim_mark(s, MARK_RECOVERED);
    } else if (rc == DBK_NOT_FOUND) {
        s->relay_waits = false;
    } else if (s->healing) {
        sim_blame(s, "hq can't recover the relay: %s: %s", dbk_rc_name(rc), err.text);
    }
    dbk_recovery_plan_wipe(&plan);
    sim_after(hq);
}

/* ---- disposal ------------------------------------------------------------------------------ */

static void order(sim *s)
{
    sim_device *hq = sim_hq(s), *desk = &s->devices[1];
    dbk_dot *dots = NULL;
    size_t count = 0;
    bool agreed = false;
    dbk_err err = { 0 };
    if (s->ledger.records_count == 0)
        return;
    size_t record = (size_t)sim_dice(s, s->ledger.records_count);
    const sim_record *r = &s->ledger.records[record];
    if (r->disposed || sim_sync(hq) != DBK_OK || sim_sync(desk) != DBK_OK)
        return;
    dbk_rc rc = dbk_disposal_ops(hq->d.book, &dots, &count, &s->spaces[r->space], &r->id, 1, &err);
    dbk_new_order o = { .space = s->spaces[r->space], .dots = dots, .dots_count = count };
    memset(o.review.b, 7, sizeof(o.review.b));
    if (rc == DBK_OK && count > 0)
        rc = dbk_driver_dispose(hq->d.book, &hq->d.t, &o, &err);
    if (rc == DBK_PROPOSED) {
        dbk_err_clear(&err);
        rc = sync_agree(&desk->d, &agreed, &err);
    }
    sim_note(s, "disposal of record %zu: %s", record, dbk_rc_name(rc));
    if (agreed)
        sim_mark(s, MARK_ORDERED);
    if (rc != DBK_OK || agreed)
        ledger_disposed(s, record); /* it may have been taken though no answer came */
    dbk_free(dots);
    sim_after(hq);
    sim_after(desk);
}

void fates_carry_out(sim_device *d)
{
    dbk_err err = { 0 };
    bool due = false;
    if (d->d.book == NULL || dbk_disposal_any_due(d->d.book, &due, &err) != DBK_OK || !due)
        return;
    for (size_t i = 0; i < dbk_disposals_count(d->d.book); i++) {
        dbk_disposal one;
        uint64_t ops = 0;
        if (dbk_disposal_at(d->d.book, &one, i, &err) != DBK_OK || one.state == DBK_DISPOSAL_DONE)
            continue;
        dbk_rc rc = dbk_disposal_erase(d->d.book, &ops, one.order, &err);
        sim_note(d->sim, "%s disposes: %s", d->d.name, dbk_rc_name(rc));
        if (rc == DBK_OK && ops > 0)
            sim_mark(d->sim, MARK_DISPOSED);
    }
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool is_desk(const sim_device *d)
{
    return d->index < SIM_DESKS;
}

void fates_begin(sim *s)
{
    relay_backed_up = false;
    for (size_t i = 0; i < s->count; i++)
        s->devices[i].device = dbk_book_device(s->devices[i].d.book);
}

static void fates_of_stores(sim *s, sim_device *d)
{
    sim_fault_kind put_back = is_desk(d) ? FAULT_HQ_RESTORED : FAULT_RESTORED;
    bool has_backup = backups[d->index].count > 0;
    if (s->rates[put_back] > 0 && sim_dice(s, 100) < (has_backup ? 2 : 8))
        back_up(d);
    if (has_backup && d->d.book != NULL && sim_fault(s, put_back))
        restore(d);
    if (d->d.book != NULL && !is_desk(d) && !d->out && s->count < SIM_DEVICES_MAX - 2 &&
        sim_fault(s, FAULT_COPIED))
        copy(d);
    if (d->d.book != NULL && !is_desk(d) && sim_fault(s, FAULT_LOST)) {
        lose(d);
        shut_out(s, d);
    }
}

void fates_step(sim *s, sim_device *d)
{
    fates_of_stores(s, d);
    if (!sim_lives(d))
        return;
    if (!d->newer && !disk_is_dead((unsigned)d->index) && sim_fault(s, FAULT_NEWER_FORMS))
        sim_renew_forms(d);
    if (!is_desk(d) && !d->out && sim_fault(s, FAULT_SHUT_OUT))
        shut_out(s, d);
    if (!is_desk(d) && !d->out && sim_fault(s, FAULT_MOVED))
        move(s, d);
    if (s->rates[FAULT_RELAY_RESTORED] > 0 && !s->relay_waits && sim_dice(s, 100) < 2 &&
        !disk_is_dead(DISK_RELAY))
        back_up_relay(s);
    if (relay_backed_up && !s->relay_waits && sim_fault(s, FAULT_RELAY_RESTORED))
        restore_relay(s, false);
    if (!s->relay_waits && sim_fault(s, FAULT_RELAY_LOST))
        restore_relay(s, true);
    if (s->relay_waits && sim_dice(s, 12) == 0)
        fates_recover(s);
    if (sim_fault(s, FAULT_ORDERED))
        order(s);
}
