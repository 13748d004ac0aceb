#include "tests/lib/test.h"

#include "tests/sim/faults.h"

#include <string.h>

#include "tests/sim/disk.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_MS (365 * DAY_MS)
#define BEFORE_2038_MS INT64_C(2147483640000) /* eight seconds before 32 bits of seconds end */
#define POINTS_MAX 40u
#define LIE_POINTS_MAX 300u /* some dozen saves */

/* What befalls stores, the relay or people comes in one kind a seed, or with --two-fates in two in
 * half of them, beside all that the wire, the disks and the clocks do. The dice are thrown alike.
 */
static void some_fates(sim *s)
{
    static const struct {
        sim_fault_kind from, to;
    } fates[] = { { FAULT_RESTORED, FAULT_DISK_LIES },
                  { FAULT_LOST, FAULT_MOVED },
                  { FAULT_RELAY_RESTORED, FAULT_RELAY_DISK_LIES },
                  { FAULT_ORDERED, FAULT_ORDERED },
                  { FAULT_RELAY_LIES, FAULT_RELAY_LIES },
                  { FAULT_MEMBER, FAULT_MEMBER } };
    size_t one = (size_t)sim_dice(s, ARRAY_LEN(fates));
    size_t two = sim_dice(s, 2) == 0 ? one : (size_t)sim_dice(s, ARRAY_LEN(fates));
    bool on[ARRAY_LEN(fates)] = { false };
    on[one] = true;
    on[two] = on[two] || s->opts.two_fates;
    for (size_t i = 0; i < ARRAY_LEN(fates); i++)
        for (unsigned f = fates[i].from; !on[i] && f <= (unsigned)fates[i].to; f++)
            s->rates[f] = f == s->opts.with ? s->rates[f] : 0;
}

void faults_begin(sim *s)
{
    for (unsigned i = 0; i < FAULT_FLOOR; i++) {
        const sim_fault_row *row = &sim_fault_rows[i];
        bool on = sim_dice(s, 100) < row->seeds && !s->opts.quiet_faults;
        uint64_t rate = row->from + sim_dice(s, row->to - row->from + 1);
        s->rates[i] = i == s->opts.with ? row->to : on ? (unsigned)rate : 0;
    }
    /* Without dice: the lives of seeds that have none of these stay what they were. */
    const sim_fault_row *floors = &sim_fault_rows[FAULT_FLOOR];
    bool moves = s->opts.with == FAULT_FLOOR || (s->seed % 4 == 1 && !s->opts.quiet_faults);
    s->rates[FAULT_FLOOR] = moves ? floors->from + (unsigned)(s->seed % floors->to) : 0;
    some_fates(s);
}

/* Links go one after the other, and come back in an order of their own (swizzle-clog). */
static void clog_links(sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        sim_device *d = &s->devices[i];
        if (sim_dice(s, 3) > 0)
            d->offline_until = s->step + 5 + i + sim_dice(s, 40);
    }
}

static void jump(sim_device *d)
{
    sim *s = d->sim;
    if (sim_fault(s, FAULT_CLOCK_JUMP))
        d->skew_ms = (int64_t)sim_dice(s, (uint64_t)(20 * YEAR_MS)) - 10 * YEAR_MS;
    if (sim_fault(s, FAULT_CLOCK_BACK))
        d->skew_ms -= (int64_t)sim_dice(s, 1u << (10 + sim_dice(s, 20)));
    if (sim_fault(s, FAULT_CLOCK_2038))
        d->skew_ms = BEFORE_2038_MS - (int64_t)s->now_ms;
}

static void arm(sim *s, unsigned owner, sim_fault_kind kill, sim_fault_kind power)
{
    if (disk_is_dead(owner) || disk_is_armed(owner))
        return;
    if (sim_fault(s, kill))
        disk_arm(owner, DISK_KILL, 1 + (unsigned)sim_dice(s, POINTS_MAX));
    else if (sim_fault(s, power))
        disk_arm(owner, DISK_POWER, 1 + (unsigned)sim_dice(s, POINTS_MAX));
}

static void lie(sim *s, unsigned owner, sim_fault_kind fault)
{
    if (!disk_is_dead(owner) && !disk_is_armed(owner) && sim_fault(s, fault))
        disk_arm(owner, DISK_LIE, 1 + (unsigned)sim_dice(s, LIE_POINTS_MAX));
}

static void fill(sim *s, unsigned owner, sim_fault_kind full)
{
    if (disk_is_full(owner) && sim_dice(s, 3) == 0)
        disk_fill(owner, false);
    else if (!disk_is_full(owner) && sim_fault(s, full))
        disk_fill(owner, true);
}

void faults_step(sim *s, sim_device *d)
{
    unsigned disk = (unsigned)d->index;
    jump(d);
    if (sim_fault(s, FAULT_PARTITION))
        d->offline_until = s->step + 1 + sim_dice(s, 60);
    if (sim_fault(s, FAULT_CLOG))
        clog_links(s);
    lie(s, disk, FAULT_DISK_LIES);
    if (!s->relay_waits)
        lie(s, DISK_RELAY, FAULT_RELAY_DISK_LIES);
    arm(s, disk, FAULT_KILL, FAULT_POWER);
    arm(s, DISK_RELAY, FAULT_RELAY_KILL, FAULT_RELAY_POWER);
    fill(s, disk, FAULT_FULL);
    fill(s, DISK_RELAY, FAULT_RELAY_FULL);
}

static bool has(const sim *s, sim_fault_kind from, sim_fault_kind to)
{
    for (unsigned i = from; i <= (unsigned)to; i++)
        if (s->rates[i] > 0)
            return true;
    return false;
}

/* A handle whose disk failed stays failed until it is opened again: what a person does. */
static void open_again(sim *s)
{
    if (has(s, FAULT_RELAY_KILL, FAULT_RELAY_FULL)) {
        relaykit_stop(&s->world.kit);
        relaykit_start(&s->world.kit);
    }
    for (size_t i = 0; i < s->count && has(s, FAULT_KILL, FAULT_FULL); i++) {
        dbk_err err = { 0 };
        if (!sim_lives(&s->devices[i]))
            continue;
        sim_close_book(&s->devices[i]);
        assert_ok(sim_open_book(&s->devices[i], &err), &err);
        ledger_reopened(s, &s->devices[i]);
    }
}

void faults_heal(sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        disk_fill((unsigned)i, false);
        disk_disarm((unsigned)i);
        s->devices[i].skew_ms = 0;
    }
    disk_fill(DISK_RELAY, false);
    disk_disarm(DISK_RELAY);
    open_again(s);
}

bool faults_excuse(const sim_device *d, dbk_rc rc)
{
    const sim *s = d->sim;
    bool wire = has(s, FAULT_NET_DROP, FAULT_NET_SLOW);
    bool relay = has(s, FAULT_RELAY_KILL, FAULT_RELAY_FULL);
    bool moved = has(s, FAULT_RELAY_RESTORED, FAULT_RELAY_DISK_LIES);
    if (d->lied_to && (rc == DBK_PEER || rc == DBK_SPLIT || hostile_lies(d) > 0))
        return rc != DBK_DAMAGED && rc != DBK_IO;
    switch (rc) {
    case DBK_PEER:
        return wire || moved;
    case DBK_CONFLICT: /* a late or an old answer: others were first, or it begins elsewhere */
        return wire || moved;
    case DBK_AUTH: /* a bit of an answer was turned */
        return wire;
    case DBK_LIMIT: /* the relay's disk is full */
        return wire || relay;
    case DBK_VERSION:
        return wire;
    case DBK_DENIED:
        return wire || moved || d->out || d->moved;
    case DBK_BUSY:
        return wire || relay || s->rates[FAULT_ORDERED] > 0;
    case DBK_PENDING:
        return wire || relay || moved || d->out || d->moved || s->rates[FAULT_FLOOR] > 0;
    default:
        return false;
    }
}

bool faults_excuse_healed(const sim_device *d, dbk_rc rc)
{
    return (d->out || d->moved) && (rc == DBK_DENIED || rc == DBK_PENDING);
}
