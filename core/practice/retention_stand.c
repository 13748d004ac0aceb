/* Where cases and persons stand, once everything that refers to them was read. */
#include <string.h>

#include "core/base/text.h"
#include "core/practice/retention_internal.h"
#include "core/practice/routing.h"

#define CHILD_AGE 10

dbk_retention_subject *dbk_retention_at(const dbk_retention_gathering *g, size_t place)
{
    return (dbk_retention_subject *)g->subjects.p + place;
}

void dbk_retention_add_hash(dbk_retention_sum *to, const uint8_t what[sizeof(dbk_hash)])
{
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof(to->b); i++) {
        carry += (unsigned)to->b[i] + what[i];
        to->b[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* ---- a person and their cases ---------------------------------------------------------------- */

static dbk_age age_at(const dbk_retention_subject *s, int64_t when_ms)
{
    char day[DBK_TIME_TEXT_SIZE];
    dbk_time_print(day, when_ms);
    dbk_age age = dbk_age_on(dbk_span_str(s->dob), dbk_span_str(s->precision), dbk_span_str(day));
    return age.known ? age : dbk_age_of_band(dbk_span_str(s->band));
}

/* When a person is that old for certain. */
static int64_t full_age_ms(const dbk_retention_subject *s, int to_age)
{
    static const struct {
        const char *precision;
        int more; /* years later at the latest */
    } precisions[] = { { "", 0 }, { "day", 0 }, { "month", 1 }, { "year", 1 }, { "estimated", 3 } };
    int64_t born_ms = 0;
    if (dbk_moment_parse(&born_ms, dbk_span_str(s->dob), NULL) != DBK_OK)
        return 0;
    for (size_t i = 0; i < sizeof(precisions) / sizeof(precisions[0]); i++)
        if (strcmp(s->precision, precisions[i].precision) == 0)
            return dbk_retention_years_on(born_ms, to_age + precisions[i].more);
    return 0;
}

static void see_person(dbk_retention_subject *s, const dbk_retention_gathering *g)
{
    int to_age = 0;
    for (size_t i = 0; i < g->rules.count; i++)
        to_age = g->rules.rows[i].to_age > to_age ? g->rules.rows[i].to_age : to_age;
    dbk_age age = age_at(s, s->r.first_ms);
    s->r.child = age.known && age.low < CHILD_AGE;
    s->full_ms = full_age_ms(s, to_age);
}

/* The case hears of its persons; nobody's age may be missing. */
static void tell_case(dbk_retention_subject *of_case, const dbk_retention_subject *person)
{
    of_case->r.child = of_case->r.child || person->r.child;
    of_case->persons++;
    of_case->persons_unborn += person->full_ms == 0;
    of_case->full_ms = person->full_ms > of_case->full_ms ? person->full_ms : of_case->full_ms;
}

/* A person is kept while their case is. */
static void tell_person(dbk_retention_subject *person, const dbk_retention_subject *of_case)
{
    person->r.held = person->r.held || of_case->r.held;
    person->r.open = person->r.open || of_case->r.open;
    person->strange_group = person->strange_group || of_case->strange_group;
    person->rank = of_case->rank < person->rank ? of_case->rank : person->rank;
    if (of_case->r.newest_ms > person->r.newest_ms)
        person->r.newest_ms = of_case->r.newest_ms;
    if (dbk_id_equal(&of_case->r.space, &person->r.space))
        dbk_retention_add_hash(&person->all, of_case->records.b);
}

static void join_persons(dbk_retention_gathering *g)
{
    const dbk_retention_belonging *all = g->belongings.p;
    for (size_t i = 0; i < g->subjects.count; i++)
        if (!dbk_retention_at(g, i)->r.is_case)
            see_person(dbk_retention_at(g, i), g);
    for (size_t i = 0; i < g->belongings.count; i++)
        tell_case(dbk_retention_at(g, all[i].of_case), dbk_retention_at(g, all[i].person));
    for (size_t i = 0; i < g->belongings.count; i++)
        tell_person(dbk_retention_at(g, all[i].person), dbk_retention_at(g, all[i].of_case));
    for (size_t i = 0; i < g->subjects.count; i++)
        if (dbk_retention_at(g, i)->persons_unborn > 0)
            dbk_retention_at(g, i)->full_ms = 0;
}

/* ---- where it stands ------------------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The newest review that keeps it, and whether one says "dispose" on just what there is now. */
typedef struct verdict {
    const dbk_retention_decided *retain;
    bool dispose, again;
} verdict;

static verdict verdict_of(const dbk_retention_gathering *g, size_t place)
{
    dbk_retention_subject *s = dbk_retention_at(g, place);
    const dbk_retention_decided *all = g->reviews.p;
    verdict v = { NULL, false, false };
    for (size_t i = 0; i < g->reviews.count; i++) {
        char basis[DBK_RETENTION_BASIS_CHARS + 1];
        dbk_retention_sum before = { { 0 } };
        if (all[i].subject != place)
            continue;
        s->r.reviewed_ms = later(s->r.reviewed_ms, all[i].at_ms);
        if (!all[i].dispose) {
            v.retain = v.retain == NULL || all[i].at_ms > v.retain->at_ms ? &all[i] : v.retain;
            continue;
        }
        /* Made on what there was without itself. */
        if (strlen(all[i].basis) != DBK_RETENTION_BASIS_CHARS ||
            dbk_hex_parse(before.b, sizeof(before.b), all[i].basis, NULL) != DBK_OK)
            continue;
        dbk_retention_add_hash(&before, all[i].hash.b);
        dbk_hex_print(basis, dbk_span_of(before.b, sizeof(before.b)));
        bool same = strcmp(basis, s->r.basis) == 0;
        v.dispose = v.dispose || same;
        v.again = v.again || !same;
        if (same)
            s->r.decision = all[i].record;
    }
    /* One that was kept after all is waiting for nothing. */
    if (!v.dispose && v.again && v.retain != NULL && v.retain->at_ms == s->r.reviewed_ms)
        v.again = false;
    return v;
}

static void set_times(dbk_retention_subject *s, const dbk_retention_rule *rule,
                      const dbk_retention_decided *retain)
{
    dbk_retention *r = &s->r;
    int64_t kept_ms = retain == NULL ? 0 : retain->at_ms;
    if (rule->clear_years > 0) {
        r->until_ms = dbk_retention_years_on(r->newest_ms, rule->clear_years);
        r->due_ms = r->until_ms;
        if (retain != NULL)
            r->due_ms = later(r->due_ms, dbk_retention_years_on(kept_ms, rule->review_years));
    } else {
        r->until_ms = s->full_ms;
        r->due_ms = dbk_retention_years_on(retain == NULL ? r->first_ms : kept_ms,
                                           rule->review_years);
        if (r->until_ms > kept_ms && r->until_ms != 0 && r->until_ms < r->due_ms)
            r->due_ms = r->until_ms;
    }
    /* Whoever said when to look again meant that day. */
    if (retain != NULL && retain->next_ms > kept_ms && retain->next_ms < r->due_ms)
        r->due_ms = retain->next_ms;
}

static void set_stand(dbk_retention_gathering *g, size_t place)
{
    dbk_retention_subject *s = dbk_retention_at(g, place);
    dbk_span group = { NULL, 0 };
    if (s->rank != SIZE_MAX && !s->strange_group) {
        group = dbk_span_str(g->rules.rows[s->rank].group);
        if (group.len < sizeof(s->r.group))
            memcpy(s->r.group, group.p, group.len);
    }
    dbk_hex_print(s->r.basis, dbk_span_of(s->all.b, sizeof(s->all.b)));
    verdict v = verdict_of(g, place);
    set_times(s, dbk_retention_rule_of(&g->rules, group, dbk_span_str(g->day)), v.retain);
    if (v.dispose)
        s->r.stand = s->r.held ? DBK_RETENTION_HELD : DBK_RETENTION_DISPOSE;
    else if (v.again)
        s->r.stand = DBK_RETENTION_AGAIN;
    else
        s->r.stand = s->r.due_ms <= g->opts->now_ms ? DBK_RETENTION_DUE : DBK_RETENTION_KEPT;
}

void dbk_retention_stand_all(dbk_retention_gathering *g)
{
    join_persons(g);
    for (size_t i = 0; i < g->subjects.count; i++)
        set_stand(g, i);
}
