/* Load for a relay: real clients many times over, in a process of their own. A relay is started
 * for each run on the fleet's folder, with loopback's one address not held against them
 * (--behind-proxy); limits by device stand. Prints a table, or one JSON object. Status 1: a note
 * was lost, doubled or changed, or a sync failed.
 *   load found DIR --devices N [--share K] [--dsn DSN]
 *   load steady DIR --relay PROGRAM [options]     syncs at a rate, or as fast as it goes
 *   load burst DIR --relay PROGRAM [options]      each connection once, all at once
 *   load history DIR --relay PROGRAM --entries N   pulls from a space with a long history
 *   load desk DIR --relay PROGRAM       what a hello costs whom every space is open to
 *   load siege DIR --relay PROGRAM --attack PROGRAM [options]    steady alone, then under attack */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "tests/lib/relayproc.h"
#include "tests/load/crew.h"
#include "tests/load/history.h"

#define NOTES_MAX 4000000u
#define HELLOS 150u
#define RANGES 90u
#define RANGE_BYTES (256u * 1024u)
#define RAMP_S 4         /* until an attack is at its height */
#define BASELINE_S 60    /* within which descriptors have to be back */
#define BASELINE_SLACK 2 /* the store may have opened a file meanwhile */

typedef struct options {
    const char *verb, *dir, *relay, *attack, *dsn;
    double rate, seconds;
    unsigned devices, share, desks, connections, threads, segments, notes, nodes, drips, junk,
        entries;
    bool pulls, json;
} options;

typedef struct stage {
    options o;
    fleet f;
    ledger l;
    crew crew;
    relayproc nodes[CREW_NODES_MAX];
    json_t *report;
    bool sound;
} stage;

/* ---- the report -------------------------------------------------------------------------- */

static void say(stage *s, const char *name, double value)
{
    (void)json_object_set_new(s->report, name, json_real(value));
    if (!s->o.json)
        (void)printf("  %-34s %12.2f\n", name, value);
}

static void say_count(stage *s, const char *name, uint64_t value)
{
    (void)json_object_set_new(s->report, name, json_integer((json_int_t)value));
    if (!s->o.json)
        (void)printf("  %-34s %12llu\n", name, (unsigned long long)value);
}

static void name_of(char out[64], const char *prefix, const char *name)
{
    (void)snprintf(out, 64, "%.30s%.30s", prefix, name);
}

static void say_latency(stage *s, const char *prefix, const char *what, meter *m)
{
    char name[64], full[64];
    static const struct {
        const char *name;
        double percent;
    } rows[] = { { "p50", 50 }, { "p99", 99 }, { "max", 100 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && m->count > 0; i++) {
        (void)snprintf(full, sizeof(full), "%.20s_%s_ms", what, rows[i].name);
        name_of(name, prefix, full);
        say(s, name, meter_percentile(m, rows[i].percent));
    }
}

static usage usage_of_nodes(const stage *s)
{
    usage sum = { 0 };
    for (unsigned i = 0; i < s->o.nodes; i++) {
        usage u = usage_of(s->nodes[i].pid);
        sum.cpu_s += u.cpu_s;
        sum.rss_mib += u.rss_mib;
        sum.peak_mib += u.peak_mib;
        sum.descriptors = u.descriptors < 0 || sum.descriptors < 0
                              ? -1
                              : sum.descriptors + u.descriptors;
    }
    return sum;
}

static void say_result(stage *s, const char *prefix, crew_result *r, const usage *before)
{
    char name[64];
    usage after = usage_of_nodes(s);
    const struct {
        const char *name;
        double value;
    } rows[] = {
        { "wall_s", r->wall_s },
        { "syncs", (double)r->syncs },
        { "failed", (double)r->failed },
        { "syncs_per_s", (double)r->syncs / r->wall_s },
        { "ops_per_s", (double)r->ops / r->wall_s },
        { "pulled_ops_per_s", (double)r->pulled_ops / r->wall_s },
        { "waits", (double)r->waits },
        { "own_cpu_s", r->own_cpu_s },
        { "relay_cpu_s", after.cpu_s - before->cpu_s },
        { "relay_cores", (after.cpu_s - before->cpu_s) / r->wall_s },
        { "relay_cpu_ms_per_sync", (after.cpu_s - before->cpu_s) * 1e3 / (double)r->syncs },
        { "sent_mb", (double)r->sent_bytes / 1e6 },
        { "received_mb", (double)r->received_bytes / 1e6 },
        { "relay_rss_mib", after.rss_mib },
        { "relay_peak_mib", after.peak_mib },
        { "relay_descriptors", after.descriptors },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        name_of(name, prefix, rows[i].name);
        say(s, name, rows[i].value);
    }
    say_latency(s, prefix, "sync", &r->sync);
    for (int i = 0; i < CLIENT_CALLS; i++)
        say_latency(s, prefix, client_call_names[i], &r->calls[i]);
    if (r->failed > 0) {
        s->sound = false;
        (void)fprintf(stderr, "load: the first of %llu failed syncs: %s\n",
                      (unsigned long long)r->failed, r->first_failure.text);
    }
}

static void say_ledger(stage *s)
{
    ledger_sum sum = ledger_total(&s->l);
    say_count(s, "written", sum.written);
    say_count(s, "receipted", sum.receipted);
    say_count(s, "arrived", sum.arrived);
    say_count(s, "lost", sum.lost);
    say_count(s, "twice", sum.twice);
    say_count(s, "strange", sum.strange);
    if (sum.lost > 0 || sum.twice > 0 || sum.strange > 0 || sum.receipted != sum.written)
        s->sound = false;
}

/* ---- stages of a run --------------------------------------------------------------------- */

static void settle(double seconds)
{
    struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    (void)nanosleep(&t, NULL);
}

static bool start_nodes(stage *s)
{
    char data[FLEET_PATH_SIZE + 16];
    for (unsigned i = 0; i < s->o.nodes; i++) {
        int n = snprintf(data, sizeof(data), i > 0 ? "%s%u" : "%s", s->f.relay_dir, i + 1);
        if (n < 0 || !relayproc_serve(&s->nodes[i], s->o.relay, data, true))
            return false;
        s->crew.urls[i] = s->nodes[i].url;
    }
    s->crew.urls_count = s->o.nodes;
    return true;
}

/* Everybody says hello, as in the morning: from here on their connections stand. */
static void connect_all(stage *s)
{
    crew_result r;
    crew_plan hello = { .pulls = s->o.pulls };
    usage before = usage_of_nodes(s);
    crew_work(&s->crew, &hello, &r);
    say_result(s, "connect_", &r, &before);
    crew_result_wipe(&r);
}

static void read_back(stage *s)
{
    crew_result r;
    usage before = usage_of_nodes(s);
    crew_read_all(&s->crew, &r);
    say_result(s, "read_", &r, &before);
    crew_result_wipe(&r);
    say_ledger(s);
}

static crew_plan plan_of(const options *o)
{
    return (crew_plan){ o->rate, o->seconds, o->segments, o->notes, o->pulls };
}

static double run_plan(stage *s, const char *prefix, const crew_plan *plan)
{
    crew_result r;
    usage before = usage_of_nodes(s);
    crew_work(&s->crew, plan, &r);
    say_result(s, prefix, &r, &before);
    double p99 = meter_percentile(&r.sync, 99);
    crew_result_wipe(&r);
    return p99;
}

static void steady(stage *s)
{
    crew_plan plan = plan_of(&s->o);
    connect_all(s);
    (void)run_plan(s, "", &plan);
    read_back(s);
}

static void burst(stage *s)
{
    crew_plan plan = plan_of(&s->o);
    plan.rate = 0;
    plan.seconds = 0;
    plan.segments = s->o.notes; /* one note to a segment, as officers save them */
    plan.notes = 1;
    (void)run_plan(s, "", &plan);
    read_back(s);
}

static pid_t begin_attack(const stage *s)
{
    char port[16], drips[16], junk[16], seconds[16];
    const char *colon = strrchr(s->nodes[0].url, ':');
    (void)snprintf(port, sizeof(port), "%s", colon != NULL ? colon + 1 : "0");
    (void)snprintf(drips, sizeof(drips), "%u", s->o.drips);
    (void)snprintf(junk, sizeof(junk), "%u", s->o.junk);
    (void)snprintf(seconds, sizeof(seconds), "%u", (unsigned)s->o.seconds + RAMP_S + 1);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (s->o.json)
            (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        (void)execl(s->o.attack, s->o.attack, "--port", port, "--drips", drips, "--junk", junk,
                    "--seconds", seconds, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static double seconds_to_baseline(const stage *s, int before)
{
    double begin_s = load_now_s();
    while (load_now_s() - begin_s < BASELINE_S) {
        if (usage_of_nodes(s).descriptors <= before + BASELINE_SLACK)
            return load_now_s() - begin_s;
        settle(0.1);
    }
    return -1;
}

static void siege(stage *s)
{
    int status = 0;
    crew_plan plan = plan_of(&s->o);
    connect_all(s);
    int before = usage_of_nodes(s).descriptors;
    double alone = run_plan(s, "alone_", &plan);
    pid_t pid = begin_attack(s);
    settle(RAMP_S);
    double attacked = run_plan(s, "attacked_", &plan);
    say_count(s, "attacked_descriptors", (uint64_t)usage_of_nodes(s).descriptors);
    (void)waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        s->sound = false;
    say(s, "p99_ratio", attacked / alone);
    say(s, "baseline_after_s", seconds_to_baseline(s, before));
    read_back(s);
}

typedef struct reading {
    const char *prefix;
    uint64_t from, entries;
    double relay_cpu_s, own_cpu_s;
    meter ranges;
} reading;

/* Ranges of 256 KiB that begin at `from` and after it. */
static void read_at(stage *s, client *c, client_desk *d, reading *r)
{
    history_reading plan = { r->from, 1, RANGES, RANGE_BYTES };
    double relay_cpu_s = usage_of_nodes(s).cpu_s, own_cpu_s = usage_self_cpu_s();
    meter_wipe(&d->calls[CLIENT_RANGE]);
    r->entries += history_read(c, d, &plan);
    r->relay_cpu_s += usage_of_nodes(s).cpu_s - relay_cpu_s;
    r->own_cpu_s += usage_self_cpu_s() - own_cpu_s;
    meter_take(&r->ranges, &d->calls[CLIENT_RANGE]);
}

static void say_reading(stage *s, reading *r)
{
    char name[64];
    const double requests = (double)r->ranges.count;
    const struct {
        const char *name;
        double value;
    } rows[] = { { "relay_cpu_ms", r->relay_cpu_s * 1e3 / requests },
                 { "own_cpu_ms", r->own_cpu_s * 1e3 / requests },
                 { "entries", (double)r->entries / requests } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        name_of(name, r->prefix, rows[i].name);
        say(s, name, rows[i].value);
    }
    say_latency(s, r->prefix, "range", &r->ranges);
    meter_wipe(&r->ranges);
}

/* Every device of the space asks, none more often than a device may at once. */
static void history(stage *s)
{
    client_desk d;
    dbk_err err = { 0 };
    reading first = { .prefix = "first_" };
    reading last = { .prefix = "last_", .from = s->o.entries - RANGES - RANGE_BYTES / 256 };
    client_desk_open(&d, &s->f, &s->l);
    for (uint32_t i = 0; i < s->f.share; i++) {
        client c;
        client_open(&c, &s->f, i, s->crew.urls[0]);
        load_must(client_sync(&c, &d, &err), &err, "hello");
        read_at(s, &c, &d, &first);
        read_at(s, &c, &d, &last);
        client_close(&c);
    }
    say_reading(s, &first);
    say_reading(s, &last);
    client_desk_close(&d);
}

/* A full hello of a desk that is in every space: what the relay has to look up and say. */
static void desk(stage *s)
{
    client c;
    client_desk d;
    dbk_err err = { 0 };
    double relay_cpu_s;
    DBK_ASSERT(s->f.desks > 0);
    client_desk_open(&d, &s->f, &s->l);
    client_open(&c, &s->f, s->f.devices, s->crew.urls[0]);
    load_must(client_hello(&c, &d, &err), &err, "hello");
    meter_wipe(&d.calls[CLIENT_HELLO]);
    relay_cpu_s = usage_of_nodes(s).cpu_s;
    for (unsigned i = 0; i < HELLOS; i++)
        load_must(client_hello(&c, &d, &err), &err, "hello");
    say(s, "relay_cpu_ms", (usage_of_nodes(s).cpu_s - relay_cpu_s) * 1e3 / HELLOS);
    say(s, "answer_kb", (double)d.answer.len / 1e3);
    say_count(s, "spaces", fleet_spaces(&s->f));
    say_latency(s, "", "hello", &d.calls[CLIENT_HELLO]);
    client_close(&c);
    client_desk_close(&d);
}

/* ---- main -------------------------------------------------------------------------------- */

static int usage_text(void)
{
    (void)fprintf(
        stderr,
        "usage: load found|steady|burst|siege|history|desk DIR [--relay P] [--attack P] "
        "[--dsn D] [--devices N]\n  [--share N] [--desks N] [--connections N] [--threads N] "
        "[--rate N] [--seconds N] [--segments N]\n  [--notes N] [--nodes N] "
        "[--drips N] [--junk N] [--entries N] [--pull] [--json]\n");
    return 2;
}

static bool take_options(options *o, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **text;
        unsigned *number;
        double *real;
    } rows[] = {
        { "--relay", &o->relay, NULL, NULL },
        { "--attack", &o->attack, NULL, NULL },
        { "--dsn", &o->dsn, NULL, NULL },
        { "--devices", NULL, &o->devices, NULL },
        { "--share", NULL, &o->share, NULL },
        { "--desks", NULL, &o->desks, NULL },
        { "--connections", NULL, &o->connections, NULL },
        { "--threads", NULL, &o->threads, NULL },
        { "--rate", NULL, NULL, &o->rate },
        { "--seconds", NULL, NULL, &o->seconds },
        { "--segments", NULL, &o->segments, NULL },
        { "--notes", NULL, &o->notes, NULL },
        { "--nodes", NULL, &o->nodes, NULL },
        { "--drips", NULL, &o->drips, NULL },
        { "--junk", NULL, &o->junk, NULL },
        { "--entries", NULL, &o->entries, NULL },
    };
    if (argc < 3)
        return false;
    o->verb = argv[1];
    o->dir = argv[2];
    for (int i = 3; i < argc; i++) {
        bool known = true;
        if (strcmp(argv[i], "--pull") == 0)
            o->pulls = true;
        else if (strcmp(argv[i], "--json") == 0)
            o->json = true;
        else
            known = false;
        for (size_t k = 0; !known && k < sizeof(rows) / sizeof(rows[0]) && i + 1 < argc; k++) {
            if (strcmp(argv[i], rows[k].name) != 0)
                continue;
            known = true;
            i++;
            if (rows[k].text != NULL)
                *rows[k].text = argv[i];
            else if (rows[k].number != NULL)
                *rows[k].number = (unsigned)strtoul(argv[i], NULL, 10);
            else
                *rows[k].real = strtod(argv[i], NULL);
        }
        if (!known)
            return false;
    }
    return true;
}

static void found(stage *s)
{
    fleet_plan plan = { 7, s->o.devices, s->o.share, s->o.desks, s->o.dsn };
    fleet_found(&s->f, s->o.dir, &plan);
    say_count(s, "entries", s->f.members_count);
    say_count(s, "chain_bytes", s->f.chain_bytes);
    say(s, "relay_ms_per_entry", s->f.founding_s * 1e3 / (double)s->f.members_count);
    say(s, "fold_ms_per_entry", s->f.fold_s * 1e3 / (double)s->f.members_count);
    fleet_close(&s->f);
}

static void serve_and(stage *s, void (*fn)(stage *))
{
    uint8_t run[2];
    const dbk_env *env = dbk_env_system();
    env->random(env->self, run, sizeof(run));
    fleet_open(&s->f, s->o.dir);
    if (fn == history) {
        history_plan plan = { 0, s->o.entries, s->o.notes };
        double begin_s = load_now_s();
        history_write(&s->f, &plan);
        say(s, "written_in_s", load_now_s() - begin_s);
    }
    ledger_open(&s->l, (uint16_t)(run[0] << 8 | run[1]), NOTES_MAX);
    s->crew.fleet = &s->f;
    s->crew.ledger = &s->l;
    s->sound = start_nodes(s);
    if (s->sound) {
        crew_open(&s->crew, s->o.connections, s->o.threads);
        fn(s);
        crew_close(&s->crew);
    }
    for (unsigned i = 0; i < s->o.nodes; i++)
        relayproc_stop(&s->nodes[i]);
    ledger_close(&s->l);
    fleet_close(&s->f);
}

/* A descriptor for each connection; the relay that is started inherits it. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max < 16384 ? limit.rlim_max : 16384;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static stage s;
    static const struct {
        const char *name;
        void (*fn)(stage *);
        bool needs_relay, needs_attack;
    } verbs[] = {
        { "found", found, false, false },    { "steady", steady, true, false },
        { "burst", burst, true, false },     { "siege", siege, true, true },
        { "history", history, true, false }, { "desk", desk, true, false },
    };
    dbk_err err = { 0 };
    s.o = (options){ .devices = 100,
                     .share = 5,
                     .connections = 50,
                     .threads = 16,
                     .seconds = 10,
                     .segments = 1,
                     .notes = 1,
                     .nodes = 1,
                     .drips = 400,
                     .junk = 500 };
    s.sound = true;
    json_set_alloc_funcs(dbk_alloc, dbk_free);
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    load_must(dbk_crypto_init(&err), &err, "libsodium");
    if (!take_options(&s.o, argc, argv))
        return usage_text();
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(s.o.verb, verbs[i].name) != 0)
            continue;
        if ((verbs[i].needs_relay && s.o.relay == NULL) ||
            (verbs[i].needs_attack && s.o.attack == NULL) || s.o.nodes > CREW_NODES_MAX)
            return usage_text();
        s.report = json_object();
        if (verbs[i].needs_relay)
            serve_and(&s, verbs[i].fn);
        else
            verbs[i].fn(&s);
        if (s.o.json)
            (void)json_dumpf(s.report, stdout, JSON_COMPACT);
        (void)printf(s.o.json ? "\n" : "%s", s.sound ? "  sound\n" : "  NOT SOUND\n");
        json_decref(s.report);
        return s.sound ? 0 : 1;
    }
    return usage_text();
}
