/* A seed from its first step to its verdict. */
#include "tests/lib/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/sim/disk.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim.h"

#define CPU_SECONDS_MAX 60u /* many times what the longest takes, also under the sanitizers */
#define ROUNDS_MAX 8u
#define STEP_MS_MAX (4u * 3600u * 1000u)
#define RSS_KIB_MAX (192 * 1024)

/* ---- dice, the trace, and the first thing that was wrong ---------------------------------- */

uint64_t sim_dice(sim *s, uint64_t below)
{
    s->rng += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = s->rng;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below == 0 ? 0 : z % below;
}

void sim_blame(sim *s, const char *fmt, ...)
{
    va_list args;
    if (s->out->why[0] != '\0')
        return;
    int n = snprintf(s->out->why, sizeof(s->out->why), "step %u: ", s->step);
    va_start(args, fmt);
    (void)vsnprintf(s->out->why + n, sizeof(s->out->why) - (size_t)n, fmt, args);
    va_end(args);
    sim_note(s, "WRONG: %s", s->out->why);
}

void sim_note(sim *s, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    dbk_hasher_add(&s->trace, dbk_span_str(line));
    if (s->opts.trace)
        printf("%5u %s\n", s->step, line);
}

void sim_mark(sim *s, sim_marker m)
{
    s->out->marks[m]++;
}

bool sim_fault(sim *s, sim_fault_kind f)
{
    if (s->healing || s->rates[f] == 0 || sim_dice(s, 10000) >= s->rates[f])
        return false;
    s->out->faults[f]++;
    return true;
}

/* ---- calls -------------------------------------------------------------------------------- */

static void restart(sim_device *d)
{
    sim *s = d->sim;
    unsigned disk = (unsigned)d->index;
    dbk_err err = { 0 };
    if (disk_is_lying(disk))
        holders_look(s);
    sim_close_book(d);
    d->restarts++;
    disk_report r = disk_revive(disk);
    if (r.torn)
        sim_mark(s, MARK_TORN);
    if (r.lost > 0)
        sim_mark(s, MARK_UNSYNCED_LOST);
    dbk_rc rc = sim_open_book(d, &err);
    sim_note(s, "%s starts again: %s", d->d.name, dbk_rc_name(rc));
    sim_mark(s, MARK_RESTARTED);
    if (rc != DBK_OK) {
        sim_blame(s, "%s doesn't open after its program died: %s: %s", d->d.name, dbk_rc_name(rc),
                  err.text);
        d->gone = true;
        return;
    }
    if (r.lied == 0 && !d->rolled && dbk_book_mark_found(d->d.book).found == DBK_MARK_AHEAD)
        sim_blame(s, "%s takes its own store for an older copy", d->d.name);
    if (r.lied > 0)
        fates_disk_lied(d);
    else
        ledger_reopened(s, d);
}

void sim_after(sim_device *d)
{
    if (d->d.book != NULL && disk_is_dead((unsigned)d->index))
        restart(d);
}

static void count_report(sim *s, const dbk_sync_report *r)
{
    if (r->idle)
        sim_mark(s, MARK_IDLE);
    if (r->pushed_ops > 0)
        sim_mark(s, MARK_PUSH);
    if (r->pulled_ops > 0)
        sim_mark(s, MARK_PULL);
    if (r->conflicts_new > 0)
        sim_mark(s, MARK_CONFLICT);
    if (r->cosigned > 0)
        sim_mark(s, MARK_COSIGN);
    if (r->pending > 0)
        sim_mark(s, MARK_PENDING);
    if (r->restored)
        sim_mark(s, MARK_PARTED);
    if (r->reissued > 0)
        sim_mark(s, MARK_REISSUED);
    if (r->lost_ops > 0)
        sim_mark(s, MARK_RELAY_LOST_MINE);
    if (r->carried > 0)
        sim_mark(s, MARK_CARRIED_FOR);
}

bool sim_excuses(const sim_device *d, dbk_rc rc)
{
    bool disk = disk_is_dead((unsigned)d->index) || disk_is_full((unsigned)d->index);
    switch (rc) {
    case DBK_OK:
    case DBK_UNREACHABLE:
        return true;
    case DBK_IO:
    case DBK_FULL:
        return disk;
    default:
        return faults_excuse(d, rc);
    }
}

dbk_rc sim_sync(sim_device *d)
{
    sim *s = d->sim;
    dbk_sync_report r = { 0 };
    dbk_err err = { 0 };
    sim_wake(d);
    unsigned lies = hostile_lies(d);
    dbk_rc rc = sync_try(&d->d, &r, &err);
    hostile_judge(d, lies, rc);
    sim_note(s, "%s syncs: %s, %llu out, %llu in, %llu of others out%s%s", d->d.name,
             dbk_rc_name(rc), (unsigned long long)r.pushed_ops, (unsigned long long)r.pulled_ops,
             (unsigned long long)r.carried, rc == DBK_OK ? "" : ": ", rc == DBK_OK ? "" : err.text);
    count_report(s, &r);
    floors_count(d, &r, rc);
    if (rc == DBK_UNREACHABLE)
        sim_mark(s, MARK_UNREACHABLE);
    if (rc == DBK_PEER)
        sim_mark(s, MARK_DISTRUST);
    if (rc == DBK_DENIED && d->out)
        sim_mark(s, MARK_SHUT_OUT);
    if (!sim_excuses(d, rc))
        sim_blame(s, "%s can't sync: %s: %s", d->d.name, dbk_rc_name(rc), err.text);
    sim_after(d);
    if (d->rolled) /* what it wrote may have moved into another feed */
        (void)ledger_take_heads(s, d);
    if (rc == DBK_OK)
        fates_carry_out(d);
    sim_after(d);
    return rc;
}

/* ---- steps -------------------------------------------------------------------------------- */

static sim_device *pick(sim *s)
{
    for (;;) {
        sim_device *d = &s->devices[sim_dice(s, s->count)];
        if (sim_lives(d))
            return d;
    }
}

static void rotate(sim *s)
{
    sim_device *hq = sim_hq(s);
    dbk_err err = { 0 };
    size_t space = (size_t)sim_dice(s, SPACE_COMPARTMENT);
    sim_wake(hq);
    dbk_rc rc = dbk_driver_rotate(hq->d.book, &hq->d.t, &s->spaces[space], &err);
    sim_note(s, "hq rotates: %s", dbk_rc_name(rc));
    if (rc == DBK_OK)
        sim_mark(s, MARK_ROTATE);
    else if (!sim_excuses(hq, rc) && rc != DBK_CONFLICT && rc != DBK_PENDING)
        sim_blame(s, "hq can't rotate: %s: %s", dbk_rc_name(rc), err.text);
    sim_after(hq);
}

static void step(sim *s)
{
    sim_device *d = pick(s);
    uint64_t what = sim_dice(s, 100);
    s->now_ms += 1000 + sim_dice(s, STEP_MS_MAX);
    faults_step(s, d);
    fates_step(s, d);
    joiner_step(s);
    floors_step(s);
    if (sim_lives(d))
        hostile_step(s, d);
    if (!sim_lives(d))
        return;
    sim_wake(d);
    if (what < 69) {
        sim_work(d);
    } else if (what < 88) {
        (void)sim_sync(d);
    } else if (what < 94) {
        sim_decide(&s->devices[sim_dice(s, SIM_DESKS)]);
    } else if (what < 99) {
        sim_carry(d);
    } else {
        rotate(s);
    }
    for (size_t i = 0; i < s->count; i++)
        sim_after(&s->devices[i]);
}

/* ---- healing ------------------------------------------------------------------------------ */

static bool is_quiet(const dbk_sync_report *r)
{
    return r->pushed_segments == 0 && r->pulled_segments == 0 && r->members_new == 0 &&
           r->cosigned == 0 && r->carried == 0 && r->given_back == 0 && r->lacking == 0 &&
           r->brought == 0;
}

/* True: nobody had anything to say any more. */
static bool round_of_all(sim *s)
{
    bool quiet = true;
    for (size_t i = 0; i < s->count; i++) { /* the desks first, or last */
        sim_device *d = &s->devices[s->seed % 2 == 0 ? s->count - 1 - i : i];
        dbk_sync_report r = { 0 };
        dbk_err err = { 0 };
        if (!sim_lives(d))
            continue;
        s->now_ms += 60000;
        sim_wake(d);
        dbk_rc rc = sync_try(&d->d, &r, &err);
        sim_note(s, "%s heals: %s, %llu out, %llu in, %llu of others out%s%s", d->d.name,
                 dbk_rc_name(rc), (unsigned long long)r.pushed_ops,
                 (unsigned long long)r.pulled_ops, (unsigned long long)r.carried,
                 rc == DBK_OK ? "" : ": ", rc == DBK_OK ? "" : err.text);
        count_report(s, &r);
        floors_count(d, &r, rc);
        fates_carry_out(d);
        quiet = quiet && is_quiet(&r);
        /* What relays have let go of comes with the next round, or none is ever quiet. */
        bool waits = rc == DBK_PENDING && s->rates[FAULT_FLOOR] > 0 && !d->out && !d->moved;
        quiet = quiet && !waits;
        if (waits)
            continue;
        if (rc != DBK_OK && !faults_excuse_healed(d, rc) && !hostile_excuses(d, rc))
            sim_blame(s, "%s can't sync though all is well: %s: %s", d->d.name, dbk_rc_name(rc),
                      err.text);
    }
    return quiet;
}

/* Until nobody has anything to say. */
static void rounds(sim *s)
{
    bool quiet = false;
    unsigned count = 0;
    for (; !quiet && count < ROUNDS_MAX; count++)
        quiet = round_of_all(s);
    if (!quiet)
        sim_blame(s, "all is well, and after %u rounds they still exchange", ROUNDS_MAX);
    s->out->rounds = count > s->out->rounds ? count : s->out->rounds;
}

static void heal(sim *s)
{
    s->healing = true;
    hostile_end(s);
    faults_heal(s);
    s->relay_waits = s->rates[FAULT_RELAY_RESTORED] > 0 || s->rates[FAULT_RELAY_LOST] > 0 ||
                     s->rates[FAULT_RELAY_DISK_LIES] > 0;
    fates_recover(s);
    rounds(s);
    if (s->out->rounds <= 3)
        sim_mark(s, MARK_HEALED_FAST);
    joiner_join(s);
    rounds(s);
    fates_know_who_is_out(s);
}

void sim_run(sim *s, uint64_t seed)
{
    struct rusage usage;
    const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX };
    DBK_ASSERT(setrlimit(RLIMIT_CPU, &cpu) == 0); /* not by the clock: others may use the machine */
    sim_begin(s, seed);
    faults_begin(s);
    fates_begin(s);
    hostile_begin(s);
    joiner_begin(s);
    for (s->step = 0; s->step < s->opts.steps && s->out->why[0] == '\0'; s->step++)
        step(s);
    if (s->out->why[0] == '\0')
        heal(s);
    if (s->out->why[0] == '\0')
        sim_check(s);
    s->out->trace = dbk_hasher_end(&s->trace);
    (void)getrusage(RUSAGE_SELF, &usage);
    s->out->rss_kib = usage.ru_maxrss;
#if !defined(__SANITIZE_ADDRESS__)
    if (s->out->rss_kib > RSS_KIB_MAX)
        sim_blame(s, "memory grew to %ld KiB", s->out->rss_kib);
#endif
    s->out->passed = s->out->why[0] == '\0';
    s->out->finished = true;
}
