/* evilrelay [--seeds N] [--shard I/N] [--only ID] [--verbose]: all mutations over all workflows.
 * Fails if a lie was accepted or passed in silence, a rule was broken, or a mutation never fired.
 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/evilrelay/evil.h"

#define RSS_GROWTH_KIB_MAX (16 * 1024) /* rule f */
#define SHOWN_MAX 40u

typedef struct options {
    unsigned seeds, shard, shards;
    const char *only;
    bool stops; /* at the first failure */
} options;

typedef struct tally {
    unsigned runs, fired, told, broken, idle, wrong, alarms;
    long rss_kib;
} tally;

#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_MEMORY false /* its shadow and quarantine grow by themselves */
#else
#define COUNTS_MEMORY true
#endif

static void count_run(const evil_start *start, evil_verdict *v, tally *row, unsigned broken)
{
    row->runs++;
    row->fired += v->fired > 0 ? 1 : 0;
    row->told += v->told > 0 ? 1 : 0;
    row->idle += v->fired == 0 ? 1 : 0;
    row->alarms |= v->alarms;
    row->wrong += strstr(v->why, "wrong alarm") != NULL ? 1 : 0;
    if (v->rss_kib > row->rss_kib)
        row->rss_kib = v->rss_kib;
    if (v->passed && COUNTS_MEMORY && v->rss_kib > RSS_GROWTH_KIB_MAX) {
        v->passed = false;
        (void)snprintf(v->why, sizeof(v->why), "rule f: %ld KiB more memory", v->rss_kib);
    }
    if (v->passed)
        return;
    row->broken++;
    if (broken < SHOWN_MAX)
        printf("FAIL %s, %s, seed %llu: %s\n", v->mutation != NULL ? v->mutation->id : "honest",
               start->workflow->name, (unsigned long long)start->seed, v->why);
}

static void add(tally *all, const tally *row)
{
    all->runs += row->runs;
    all->fired += row->fired;
    all->told += row->told;
    all->idle += row->idle;
    all->wrong += row->wrong;
    all->broken += row->broken;
    if (row->rss_kib > all->rss_kib)
        all->rss_kib = row->rss_kib;
}

/* All workflows must pass when nobody lies. */
static void honest(evil *e, tally *all)
{
    tally row = { 0 };
    for (size_t w = 0; w < evil_workflows_count; w++) {
        const evil_start start = { &evil_workflows[w], 1, false };
        evil_verdict v = { 0 };
        evil_series(e, &start, &v, 1);
        count_run(&start, &v, &row, row.broken);
    }
    printf("     %-52s %5u runs\n", "(nobody lies)", row.runs);
    row.idle = 0;
    add(all, &row);
}

/* Every mutation that this start has a place for. */
static size_t pick_mutations(evil_verdict *out, const evil_start *start, const char *only)
{
    size_t count = 0;
    for (size_t i = 0; i < evil_mutations_count; i++) {
        const evil_mutation *m = &evil_mutations[i];
        if (m->with_words != start->with_words || !evil_applies(m, start->workflow) ||
            (only != NULL && strcmp(only, m->id) != 0))
            continue;
        DBK_ASSERT(count < EVIL_SERIES_MAX);
        out[count++] = (evil_verdict){ .mutation = m };
    }
    return count;
}

/* Returns how many runs have broken a rule. */
static unsigned series(evil *e, const evil_start *start, const char *only, tally *rows)
{
    static evil_verdict v[EVIL_SERIES_MAX];
    unsigned broken = 0;
    size_t count = pick_mutations(v, start, only);
    if (count > 0)
        evil_series(e, start, v, count);
    for (size_t i = 0; i < count; i++) {
        tally *row = &rows[v[i].mutation - evil_mutations];
        unsigned before = row->broken;
        count_run(start, &v[i], row, broken);
        broken += row->broken - before;
    }
    (void)fflush(stdout);
    return broken;
}

/* False: it was stopped, so the rows aren't whole. */
static bool all_runs(evil *e, const options *o, tally *rows)
{
    for (size_t w = 0; w < evil_workflows_count; w++) {
        for (unsigned seed = o->shard; seed < o->seeds; seed += o->shards) {
            unsigned broken = 0;
            for (unsigned words = 0; words < 2; words++)
                broken += series(e, &(evil_start){ &evil_workflows[w], seed, words == 1 }, o->only,
                                 rows);
            if (broken > 0 && o->stops)
                return false;
        }
    }
    return true;
}

static void print_row(const evil_mutation *m, const tally *row)
{
    if (m->never != NULL) {
        printf("%-4s %-52s not here: %s\n", m->id, m->sentence, m->never);
        return;
    }
    printf("%-4s %-52s %5u runs, done in %5u, told in %5u, %5ld KiB:", m->id, m->sentence,
           row->runs, row->fired, row->told, row->rss_kib);
    for (size_t i = 0; i < evil_alarms_count; i++)
        if ((row->alarms & evil_alarms[i].told) != 0)
            printf(" %s;", evil_alarms[i].name);
    printf("\n");
}

static void judge_row(const evil_mutation *m, tally *row)
{
    if (m->never != NULL)
        return;
    if (row->fired == 0) {
        printf("FAIL %s was never done\n", m->id);
        row->broken++;
    }
    if ((m->end == END_ALARM || m->with_words) && row->told < row->fired) {
        printf("FAIL %s was silent\n", m->id);
        row->broken++;
    }
}

static void all_of(evil *e, const options *o, tally *all)
{
    tally *rows = calloc(evil_mutations_count, sizeof(*rows));
    DBK_ASSERT(rows != NULL);
    bool whole = all_runs(e, o, rows);
    for (size_t i = 0; i < evil_mutations_count; i++) {
        if (o->only != NULL && strcmp(o->only, evil_mutations[i].id) != 0)
            continue;
        print_row(&evil_mutations[i], &rows[i]);
        if (whole)
            judge_row(&evil_mutations[i], &rows[i]);
        add(all, &rows[i]);
    }
    free(rows);
}

static const evil_workflow *workflow_of(const char *name)
{
    for (size_t w = 0; w < evil_workflows_count; w++)
        if (strcmp(evil_workflows[w].name, name) == 0)
            return &evil_workflows[w];
    DBK_ASSERT(false);
    return NULL;
}

/* M09, R6: whatever the cause of a refusal, the relay sees the same requests. */
static void same_traffic(evil *e, tally *all)
{
    static evil_verdict v[EVIL_SERIES_MAX];
    size_t count = 0;
    unsigned causes = 0;
    const evil_verdict *first = NULL;
    for (size_t i = 0; i < evil_mutations_count; i++)
        if (evil_mutations[i].item != NULL && evil_mutations[i].end == END_ALARM)
            v[count++] = (evil_verdict){ .mutation = &evil_mutations[i] };
    evil_series(e, &(evil_start){ workflow_of("first pull"), 5, false }, v, count);
    for (size_t i = 0; i < count; i++) {
        if (v[i].fired == 0)
            continue;
        if (causes++ == 0)
            first = &v[i];
        if (v[i].transcript != first->transcript || v[i].sent_bytes != first->sent_bytes ||
            v[i].calls != first->calls) {
            printf("FAIL M09: after %s the relay sees other requests\n", v[i].mutation->id);
            all->broken++;
        }
    }
    printf("M09  %-52s %5u causes, %llu requests each\n", "traffic after a refusal is the same",
           causes, first != NULL ? (unsigned long long)first->calls : 0);
    if (causes < 15) {
        printf("FAIL M09: too few causes\n");
        all->broken++;
    }
}

static options read_options(int argc, char **argv)
{
    options o = { 1, 0, 1, NULL, argc == 1 };
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seeds") == 0)
            o.seeds = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--shard") == 0)
            o.shard = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--shards") == 0)
            o.shards = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            o.only = argv[i + 1];
    }
    DBK_ASSERT(o.shards > 0 && o.shard < o.shards);
    return o;
}

int main(int argc, char **argv)
{
    static evil e;
    tally all = { 0 };
    options o = read_options(argc, argv);
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
        DBK_ASSERT(setenv("TMPDIR", "/dev/shm", 0) == 0);
    if (!evil_table_is_whole())
        return 1;
    evil_open(&e);
    evil_snapshot(&e);
    honest(&e, &all);
    if (!(o.stops && all.broken > 0))
        all_of(&e, &o, &all);
    if (o.only == NULL)
        same_traffic(&e, &all);
    printf("%u runs; a mutation was done in %u, told in %u, had no place in %u; "
           "wrong alarms %u, broken rules %u; memory grew by at most %ld KiB\n",
           all.runs, all.fired, all.told, all.idle, all.wrong, all.broken, all.rss_kib);
    evil_close(&e);
    return all.broken == 0 ? 0 : 1;
}
