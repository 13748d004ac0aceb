/* A relay that lies for a while to one device, by the table of tests/evilrelay. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/evidence.h"
#include "core/journal/outbox.h"
#include "sync/relay/relay_calls.h"
#include "tests/evilrelay/evil.h"
#include "tests/sim/disk.h"
#include "tests/sim/faults.h"

#define LIES_LAST 40u /* steps */

/* ---- the relay ----------------------------------------------------------------------------- */

/* Lies that need nothing of the world they are made for: about logs, chains and receipts. */
static const char *const lies[] = { "M01",  "M02a", "M02b", "M19",  "M22",  "M23",  "M24",
                                    "M36a", "M37",  "M38",  "M39a", "M39b", "M40a", "M41a",
                                    "M41b", "M42a", "M43b", "M56",  "S07",  "S09",  "S12",
                                    "S13",  "R05a", "R05c", "R05d", "R06a", "R06b", "R07" };
static evil liar; /* a child's own */
static uint64_t lies_until;

static const evil_mutation *mutation_of(const char *id)
{
    for (size_t i = 0; i < evil_mutations_count; i++)
        if (strcmp(evil_mutations[i].id, id) == 0)
            return &evil_mutations[i];
    DBK_ASSERT(false);
    return NULL;
}

/* The liar looks at others' books, which may have been opened again since. */
static void meet_others(sim *s, const sim_device *victim)
{
    liar.hq = sim_hq(s)->d;
    for (size_t i = 0; i < s->count; i++) /* whose notes are hidden or moved */
        if (i != victim->index && sim_lives(&s->devices[i]))
            liar.ben = s->devices[i].d;
}

static void begin_lies(sim *s, sim_device *victim)
{
    relaykit *kit = &s->world.kit;
    memset(&liar, 0, sizeof(liar));
    liar.world = s->world;
    liar.victim = &victim->d;
    meet_others(s, victim);
    liar.space = s->spaces[SPACE_LIMELIGHT];
    liar.other = s->spaces[SPACE_RIVERSIDE];
    liar.later = s->spaces[SPACE_COMPARTMENT];
    liar.rng = sim_dice(s, UINT64_C(1) << 40);
    liar.mutation = mutation_of(lies[sim_dice(s, ARRAY_LEN(lies))]);
    liar.armed = true;
    assert_ok(kit->source.open(kit->source.self, &liar.log, DBK_LOG_READS, NULL), NULL);
    assert_ok(liar.log.ops->begin(liar.log.self, NULL), NULL);
    assert_ok(dbk_relay_load_key(&liar.relay_sk, &liar.log, NULL), NULL);
    liar.log.ops->rollback(liar.log.self);
    lies_until = s->step + LIES_LAST;
    sim_note(s, "the relay lies to %s: %s", victim->d.name, liar.mutation->sentence);
}

void hostile_end(sim *s)
{
    (void)s;
    if (!liar.armed)
        return;
    liar.armed = false;
    dbk_secret_free(liar.relay_sk);
    dbk_log_close(&liar.log);
}

void hostile_meddle(sim_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    unsigned before = liar.fired;
    if (!liar.armed || liar.victim != &d->d)
        return;
    meet_others(d->sim, d);
    evil_meddle(&liar, &d->d, req, answer);
    if (liar.fired > before) {
        sim_mark(d->sim, MARK_LIE);
        if (liar.with_holes)
            sim_mark(d->sim, MARK_LIE_HOLES);
        d->lied_to = true;
    }
}

unsigned hostile_lies(const sim_device *d)
{
    return liar.armed && liar.victim == &d->d ? liar.fired : 0;
}

void hostile_judge(sim_device *d, unsigned before, dbk_rc rc)
{
    if (hostile_lies(d) == before || before == UINT32_MAX)
        return;
    if (rc != DBK_OK)
        sim_mark(d->sim, MARK_LIE_TOLD);
    else if (liar.mutation->end == END_ALARM)
        sim_blame(d->sim, "%s is silent about %s", d->d.name, liar.mutation->sentence);
}

static uint64_t findings(sim_device *d)
{
    dbk_evidence_totals t = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_count(d->d.book, &t, &err), &err);
    return t.open + t.settled;
}

/* Where all that the relay signed for others is of a longer log than it was shown, the device can't
 * prove alone that both can't be true. What it was shown does, at headquarters, which a stick
 * tells.
 */
typedef struct showing {
    sim *s;
    const dbk_id *space;
} showing;

static dbk_rc show(void *ctx, dbk_span note, uint64_t size, dbk_err *err)
{
    const showing *to = ctx;
    (void)size;
    return dbk_evidence_carried(sim_hq(to->s)->d.book, to->space, note, err);
}

static bool headquarters_sees(sim_device *d)
{
    sim *s = d->sim;
    dbk_err err = { 0 };
    for (size_t i = 0; i < SIM_SPACES; i++) {
        showing to = { s, &s->spaces[i] };
        assert_ok(dbk_outbox_notes(d->d.book, to.space, show, &to, &err), &err);
    }
    if (findings(sim_hq(s)) == 0) /* one that a stick told before is kept once */
        return false;
    sim_mark(s, MARK_SPLIT_SHOWN);
    return true;
}

bool hostile_excuses(sim_device *d, dbk_rc rc)
{
    if (!d->lied_to || (rc != DBK_PEER && rc != DBK_SPLIT))
        return false;
    d->split = true;
    sim_mark(d->sim, MARK_SPLIT_FOUND);
    return true;
}

void hostile_check(sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        sim_device *d = &s->devices[i];
        if (d->split && sim_lives(d) && findings(d) == 0 && !headquarters_sees(d))
            sim_blame(s, "%s was shown another log, and nothing shows it", d->d.name);
    }
}

/* ---- steps --------------------------------------------------------------------------------- */

void hostile_begin(sim *s)
{
    memset(&liar, 0, sizeof(liar));
    lies_until = 0;
    /* A lie that is cut short by the wire, or a relay that dies over it, can't be judged. */
    for (unsigned i = 0; s->rates[FAULT_RELAY_LIES] > 0 && i < FAULT_COUNT; i++)
        if (i <= FAULT_NET_SLOW || (i >= FAULT_RELAY_KILL && i <= FAULT_RELAY_FULL))
            s->rates[i] = 0;
}

void hostile_step(sim *s, sim_device *d)
{
    if (liar.armed && s->step >= lies_until)
        hostile_end(s);
    if (!liar.armed && d->index >= SIM_DESKS && !d->lied_to && sim_fault(s, FAULT_RELAY_LIES))
        begin_lies(s, d);
    if (d->index >= SIM_DESKS && d->role == DBK_ROLE_OFFICER && !d->out &&
        sim_fault(s, FAULT_MEMBER)) {
        member_does_wrong(d);
    }
}
