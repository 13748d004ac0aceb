/* sim [--seed S | --from S --seeds COUNT | --list FILE] [--steps K] [--devices N] [--jobs J]
 *     [--with FAULT] [--two-fates] [--trace] [--calm] [--markers] [--first]
 * Lives through seeds, each in a child of its own, J at a time. Every hundredth runs twice and must
 * leave the same trace. Fails if a seed fails; with --markers also if anything of marks.h never
 * came. --with: each seed has the fault of marks.h whose words hold FAULT. --first: ends with the
 * first seed that fails; so it does, as a killer (tests/weak), without any option. */
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "tests/lib/quick/quick_curve.h"
#include "tests/sim/sim.h"

#define TWICE_EVERY 100u
#define SHOWN_MAX 20u
#define JOBS_MAX 16u
#define KILLER_SEEDS 16u

typedef struct options {
    uint64_t from, seeds;
    unsigned jobs;
    sim_opts sim;
    bool single, markers, first;
    const char *list;
} options;

typedef struct tally {
    uint64_t seeds, failed, told, twice, marks[MARK_COUNT], faults[FAULT_COUNT];
    unsigned rounds;
    long rss_kib;
} tally;

/* One seed that lives now, in a folder of its own. */
typedef struct life {
    pid_t pid; /* 0: nobody */
    uint64_t seed;
    unsigned steps;
    unsigned with;    /* as sim_opts.with */
    bool two_fates;   /* as sim_opts.two_fates */
    bool again;       /* the second time */
    dbk_hash first;   /* its trace of the first time */
    sim_verdict *out; /* in memory that we share */
    char root[DBK_TEST_PATH_SIZE];
} life;

static sim world;

/* ---- one life ----------------------------------------------------------------------------- */

/* The folders of a seed go with it. */
static void clear(const char *root)
{
    const struct dirent *entry;
    DIR *list = opendir(root);
    DBK_ASSERT(list != NULL);
    while ((entry = readdir(list)) != NULL)
        if (entry->d_name[0] != '.')
            dbk_test_dir_remove(dbk_test_path(root, entry->d_name));
    (void)closedir(list);
}

static void begin(life *l)
{
    memset(l->out, 0, sizeof(*l->out));
    (void)fflush(NULL);
    l->pid = fork();
    DBK_ASSERT(l->pid >= 0);
    if (l->pid > 0)
        return;
    if (l->again)
        quick_curve_forget();
    world.out = l->out;
    world.opts.steps = l->steps;
    world.opts.with = l->with;
    world.opts.two_fates = l->two_fates;
    sim_move(&world, l->root);
    sim_run(&world, l->seed);
    (void)fflush(NULL);
    _exit(0);
}

/* The next that has ended. */
static life *wait_for(life lives[], unsigned count)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);
    for (unsigned i = 0; i < count; i++) {
        life *l = &lives[i];
        if (l->pid != pid)
            continue;
        l->pid = 0;
        clear(l->root);
        if (!l->out->finished)
            (void)snprintf(l->out->why, sizeof(l->out->why), "the program ended with status %#x",
                           (unsigned)status);
        return l;
    }
    DBK_ASSERT(false);
    return NULL;
}

/* ---- what came of it ---------------------------------------------------------------------- */

static void blame(const options *o, tally *t, const life *l, const char *why)
{
    if (t->failed++ >= SHOWN_MAX)
        return;
    printf("FAIL seed %llu: %s\n     replay: sim_world --seed %llu --steps %u --devices %u%s",
           (unsigned long long)l->seed, why, (unsigned long long)l->seed, l->steps, o->sim.field,
           o->sim.quiet_faults ? " --calm"
           : l->two_fates      ? " --two-fates"
                               : "");
    if (l->with < FAULT_COUNT)
        printf(" --with \"%s\"",
               sim_fault_rows[l->with].words); /* a fault may have an apostrophe */
    puts(" --trace");
}

static void add(tally *t, const sim_verdict *v)
{
    t->seeds++;
    t->told += v->told;
    for (unsigned i = 0; i < MARK_COUNT; i++)
        t->marks[i] += v->marks[i];
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        t->faults[i] += v->faults[i];
    t->rounds = v->rounds > t->rounds ? v->rounds : t->rounds;
    t->rss_kib = v->rss_kib > t->rss_kib ? v->rss_kib : t->rss_kib;
}

static void print_single(const life *l)
{
    char hex[2 * DBK_HASH_BYTES + 1];
    dbk_hex_print(hex, dbk_span_of(l->out->trace.b, sizeof(l->out->trace.b)));
    printf("seed %llu: %u changes, %u rounds, trace %s\n", (unsigned long long)l->seed,
           l->out->told, l->out->rounds, hex);
}

/* Judges it. True: it lives once more, and has begun to. */
static bool judge(const options *o, tally *t, life *l)
{
    bool passed = l->out->passed && l->out->finished;
    if (l->again && !dbk_hash_equal(&l->first, &l->out->trace))
        blame(o, t, l, "the second time it was another course of things");
    if (o->single && (l->again || !passed))
        print_single(l);
    if (l->again)
        return false;
    add(t, l->out);
    if (!passed)
        blame(o, t, l, l->out->why);
    if (!passed || (l->seed % TWICE_EVERY != 0 && !o->single))
        return false;
    l->first = l->out->trace;
    l->again = true;
    t->twice++;
    begin(l);
    return true;
}

/* ---- all of them -------------------------------------------------------------------------- */

static unsigned fault_of(const char *words)
{
    unsigned f = 0;
    while (f < FAULT_COUNT && strstr(sim_fault_rows[f].words, words) == NULL)
        f++;
    DBK_ASSERT(f < FAULT_COUNT);
    return f;
}

/* Seeds that failed once, a line each: seed, steps, devices, and perhaps --two-fates, or a fault
 * that it has. '#' begins a comment. */
static bool next_listed(const options *o, FILE *list, life *l)
{
    static const char two[] = "--two-fates";
    char line[200], *end = line;
    do {
        if (fgets(line, sizeof(line), list) == NULL)
            return false;
        l->seed = strtoull(line, &end, 10);
    } while (end == line);
    l->steps = (unsigned)strtoul(end, &end, 10);
    DBK_ASSERT(strtoul(end, &end, 10) == o->sim.field);
    end += strspn(end, " ");
    end[strcspn(end, "\n")] = '\0';
    l->two_fates = strcmp(end, two) == 0;
    l->with = l->two_fates || end[0] == '\0' ? FAULT_COUNT : fault_of(end);
    return true;
}

/* False: there is none any more. */
static bool next_seed(const options *o, FILE *list, uint64_t *given, life *l)
{
    l->again = false;
    if (list != NULL)
        return next_listed(o, list, l);
    l->seed = o->from + *given;
    l->steps = o->sim.steps;
    l->with = o->sim.with;
    l->two_fates = o->sim.two_fates;
    return (*given)++ < o->seeds;
}

static void run(const options *o, tally *t, life lives[])
{
    FILE *list = o->list != NULL ? fopen(o->list, "r") : NULL;
    uint64_t given = 0;
    unsigned alive = 0;
    DBK_ASSERT(o->list == NULL || list != NULL);
    for (unsigned i = 0; i < o->jobs && next_seed(o, list, &given, &lives[i]); i++, alive++)
        begin(&lives[i]);
    while (alive > 0) {
        life *l = wait_for(lives, o->jobs);
        if (judge(o, t, l))
            continue;
        (void)fflush(stdout);
        if ((o->first && t->failed > 0) || !next_seed(o, list, &given, l))
            alive--;
        else
            begin(l);
    }
    if (list != NULL)
        (void)fclose(list);
}

static options read_options(int argc, char **argv)
{
    options o = { .seeds = KILLER_SEEDS,
                  .jobs = 1,
                  .sim = { SIM_STEPS_DEFAULT, SIM_FIELD_DEFAULT, .with = FAULT_COUNT },
                  .first = argc == 1 };
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        i++;
        if (strcmp(name, "--seed") == 0) {
            o.from = strtoull(value, NULL, 10);
            o.seeds = 1;
            o.single = true;
        } else if (strcmp(name, "--from") == 0) {
            o.from = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--seeds") == 0) {
            o.seeds = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--steps") == 0) {
            o.sim.steps = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--devices") == 0) {
            o.sim.field = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--jobs") == 0) {
            o.jobs = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--with") == 0) {
            o.sim.with = fault_of(value);
        } else if (strcmp(name, "--list") == 0) {
            o.list = value;
        } else {
            i--;
            o.sim.trace = o.sim.trace || strcmp(name, "--trace") == 0;
            o.sim.quiet_faults = o.sim.quiet_faults || strcmp(name, "--calm") == 0;
            o.sim.two_fates = o.sim.two_fates || strcmp(name, "--two-fates") == 0;
            o.markers = o.markers || strcmp(name, "--markers") == 0;
            o.first = o.first || strcmp(name, "--first") == 0;
        }
    }
    DBK_ASSERT(o.jobs > 0 && o.jobs <= JOBS_MAX);
    return o;
}

int main(int argc, char **argv)
{
    static life lives[JOBS_MAX];
    options o = read_options(argc, argv);
    tally t = { 0 };
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
        DBK_ASSERT(setenv("TMPDIR", "/dev/shm", 0) == 0);
    sim_verdict *shared = mmap(NULL, JOBS_MAX * sizeof(*shared), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    DBK_ASSERT(shared != MAP_FAILED);
    sim_prepare(&world, &o.sim);
    for (unsigned i = 0; i < o.jobs; i++) {
        lives[i].out = &shared[i];
        dbk_test_dir_make(lives[i].root);
    }
    run(&o, &t, lives);
    for (unsigned i = 0; i < o.jobs; i++)
        dbk_test_dir_remove(lives[i].root);
    sim_drop(&world);
    unsigned never = o.markers ? marks_print(t.marks, t.faults) : 0;
    printf("%llu seeds, %llu failed; %llu changes told; %llu seeds lived twice; at most %u rounds "
           "to heal, %ld KiB; %u markers never came\n",
           (unsigned long long)t.seeds, (unsigned long long)t.failed, (unsigned long long)t.told,
           (unsigned long long)t.twice, t.rounds, t.rss_kib, never);
    return t.failed == 0 && never == 0 && t.seeds > 0 ? 0 : 1;
}
