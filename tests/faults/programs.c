/* faults_programs NAME OPTION... -- PROGRAM ARGUMENT...
 *   --work DIR           where its output goes
 *   --keep DIR           a folder that is put back before each point; may be repeated
 *   --store DIR --passphrase FILE --marks DIR    the store that is looked at afterwards
 *   --agent              that store is unlocked
 *   --makes FILE         there if it says that it is done, and not there if it says that it isn't
 *   --ends               the store is gone when it is done
 *   --begins             the store is new: no store, or one on which it can be done again
 *   --again N,N          exit statuses of doing it again; 0 always is
 *   --stands             done again it may fail only if what stands is whole
 *   --redo N             only every N-th point is done again
 *   --relay PROGRAM --data DIR --listen ADDRESS    a relay serves meanwhile, begun for each point
 *   --with PROGRAM ARGUMENT... .    runs once the program listens; then the program is told to end
 *   --check PROGRAM --data DIR    `PROGRAM fsck --data DIR` afterwards
 *   --faults N --kills N          every N-th of the points; 0: none
 *   --spots              calls are told by what they are on, not by their number (spots.h)
 *   --at N|SPOT --error NAME      one point
 * Each call on a file, folder or socket that a program makes, from the same files: the call fails
 * with each of its errors, is done in part, or the program is killed there (A36, A37). */
#define _GNU_SOURCE
#include "tests/lib/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/store/store.h"
#include "tests/faults/programs.h"
#include "tests/faults/trace.h"
#include "tests/faults/keep.h"

#define RUN_SECONDS_MAX 20u
#define STATUS_MAX 21
#define SHOWN_MAX 12u
#define ARGS_MAX 64u
#define STATUSES_MAX 8u

typedef struct task {
    const char *name, *work, *store, *passphrase, *marks, *makes, *checker, *data, *error;
    const char *relay, *listen;
    const char *with[ARGS_MAX]; /* what runs beside it; none: with[0] is NULL */
    const char *keep[KEEP_ROOTS_MAX];
    size_t keep_count;
    bool agent, ends, begins, stands, spots;
    int again[STATUSES_MAX];
    size_t again_count;
    unsigned faults, kills, redo;
    const char *at; /* a number or a spot; NULL: all */
    pid_t serving;
    const char *argv[ARGS_MAX];
    int argc;
    char out[300], err[300];
    dbk_secret *key;
    held before, done; /* what the store holds at first, and when nothing was disturbed */
} task;

typedef struct tally {
    uint64_t calls, faults, kills, broken, undisturbed;
} tally;

static char why[400];

static void blame(const char *what, const char *more)
{
    if (why[0] == '\0')
        (void)snprintf(why, sizeof(why), "%s%.200s", what, more);
}

/* ---- one run ----------------------------------------------------------------------------- */

static void read_text(char *out, size_t size, const char *path)
{
    FILE *in = fopen(path, "re");
    size_t got = in != NULL ? fread(out, 1, size - 1, in) : 0;
    out[got] = '\0';
    if (in != NULL)
        (void)fclose(in);
}

/* The first line that is an id alone: an acknowledgement, whatever became of the program after. */
static const char *printed_id(const task *t, char id[64])
{
    char text[4096], *save = NULL;
    read_text(text, sizeof(text), t->out);
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        if (strlen(line) == 36 && strspn(line, "0123456789abcdef-") == 36) {
            (void)snprintf(id, 64, "%s", line);
            return id;
        }
    return NULL;
}

static int status_of(const trace_end *end)
{
    return WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
}

/* ---- what runs beside it ------------------------------------------------------------------- */

static bool listens(const char *path)
{
    char text[300];
    for (unsigned i = 0; i < 500; i++) {
        read_text(text, sizeof(text), path);
        if (strstr(text, "listening on ") != NULL)
            return true;
        (void)usleep(10000);
    }
    return false;
}

static pid_t begin(const char *const *argv, const char *out, const char *err)
{
    (void)unlink(out);
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        (void)setsid();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (freopen("/dev/null", "r", stdin) == NULL || freopen(out, "w", stdout) == NULL ||
            freopen(err, "w", stderr) == NULL)
            _exit(78);
        (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(78);
    }
    return pid;
}

/* The program may be killed before it listens: then there is nothing to be had from it. */
static pid_t company_begin(const void *ctx, pid_t program)
{
    const task *t = ctx;
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid > 0)
        return pid;
    char out[400];
    int status = 0;
    (void)snprintf(out, sizeof(out), "%s/with.out", t->work);
    for (unsigned i = 0; i < 500 && kill(program, 0) == 0; i++) {
        char text[300];
        read_text(text, sizeof(text), t->out);
        if (strstr(text, "listening on ") != NULL)
            break;
        (void)usleep(10000);
    }
    pid_t with = begin(t->with, out, out);
    (void)waitpid(with, &status, 0);
    (void)kill(program, SIGTERM);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

static void serve_end(task *t)
{
    int status;
    if (t->serving <= 0)
        return;
    (void)kill(-t->serving, SIGKILL);
    (void)waitpid(t->serving, &status, 0);
    t->serving = 0;
}

static void serve_begin(task *t)
{
    char out[400], err[400];
    const char *const argv[] = { t->relay,  "serve",     "--data", t->data, "--listen",
                                 t->listen, "--sandbox", "off",    NULL };
    if (t->relay == NULL)
        return;
    (void)snprintf(out, sizeof(out), "%s/relay.out", t->work);
    (void)snprintf(err, sizeof(err), "%s/relay.err", t->work);
    for (unsigned i = 0; i < 5; i++) {
        t->serving = begin(argv, out, err);
        if (listens(out))
            return;
        serve_end(t);
    }
    DBK_ASSERT(false);
}

/* ---- judging ------------------------------------------------------------------------------- */

#define COMPANY_UNREACHED 13
#define COMPANY_LIMIT 15 /* the relay has no room left */

/* A device meets a relay that failed or is gone: it can't be reached, or its disk is full, and
 * nothing worse. */
static void judge_company(const task *t, const trace_end *end, int error)
{
    char text[32];
    int status = WIFEXITED(end->company) ? WEXITSTATUS(end->company) : -1;
    (void)snprintf(text, sizeof(text), "%d", status);
    bool full = error == ENOSPC && status == COMPANY_LIMIT;
    if (t->with[0] != NULL && status != 0 && status != COMPANY_UNREACHED && !full)
        blame("beside it the device ends with ", text);
}

static void judge_end(const task *t, const trace_end *end, int error)
{
    char text[4096];
    int status = status_of(end);
    if (end->hung)
        blame("it hangs", "");
    if (error == TRACE_KILL)
        return;
    if (!WIFEXITED(end->status)) {
        int n = snprintf(text, sizeof(text), "%d: ", WTERMSIG(end->status));
        read_text(text + n, sizeof(text) - (size_t)n, t->err); /* an abort's last words */
        blame("it ends by signal ", text);
    } else if (status > STATUS_MAX || status == 1) {
        (void)snprintf(text, sizeof(text), "%d", status);
        blame("an exit status that isn't in the table: ", text);
    }
    read_text(text, sizeof(text), t->err);
    bool mute = end->errors_fd == 2 && end->what != NULL && strcmp(end->what->name, "write") == 0;
    if (status > 0 && strstr(text, "daybook") == NULL && !mute)
        blame("it fails without a word", "");
}

static void judge_counts(const task *t, const held *h, bool is_done)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "%llu changes in %llu records, from %llu to %llu",
                   (unsigned long long)h->ops, (unsigned long long)h->records,
                   (unsigned long long)t->before.ops, (unsigned long long)t->done.ops);
    if (h->ops < t->before.ops || h->records < t->before.records)
        blame("what was there is lost: ", text);
    else if (is_done && (h->ops < t->done.ops || h->records < t->done.records))
        blame("it says that it is done, and it isn't: ", text);
}

/* is_done: it said so. id: it printed that. */
static void judge_store(const task *t, bool is_done, const char *id, bool again)
{
    held h;
    const char *when = again ? "done again " : "afterwards ";
    if (t->store == NULL)
        return;
    held_look(&h, t->store, t->key, t->marks, id);
    if (t->ends) {
        if (is_done && h.there)
            blame("it says that it is done, and the store is there", when);
        if (!h.there)
            return;
    }
    if (t->begins) /* there is no key yet by which to look: doing it again tells */
        return;
    if (h.why[0] != '\0') {
        blame(when, h.why);
        return;
    }
    judge_counts(t, &h, is_done);
    if (id != NULL && h.known == 0)
        blame("its id was printed, and it isn't there", "");
}

/* What only couldn't say that it is done, is. */
static bool is_mute(const trace_end *end)
{
    return end->what != NULL && strcmp(end->what->name, "write") == 0 && end->errors_fd <= 2;
}

static void judge_files(const task *t, const trace_end *end, bool is_done, bool was_killed)
{
    if (t->makes == NULL || is_mute(end))
        return;
    bool there = access(t->makes, F_OK) == 0;
    if (is_done && !there)
        blame("it says that it is done, and there is no file", "");
    if (!is_done && !was_killed && there)
        blame("it failed, and left its file", "");
}

static trace_calls calls; /* of the undisturbed run */

/* n: of those calls, from 1; 0: none is disturbed. */
static trace_plan plan_of(const task *t, size_t n, int error)
{
    trace_plan plan = { .argv = t->argv, .at = n, .error = error, .seconds = RUN_SECONDS_MAX };
    plan.spots = t->spots;
    if (t->spots && n > 0)
        plan.spot = calls.spots[n - 1];
    if (t->with[0] != NULL) {
        plan.company = company_begin;
        plan.ctx = t;
    }
    return plan;
}

static int run_plainly(const task *t)
{
    trace_end end;
    const trace_plan plan = plan_of(t, 0, TRACE_NOTHING);
    (void)trace_run(&end, &plan, t->out, t->err, NULL);
    if (t->with[0] != NULL && end.company != 0)
        return WIFEXITED(end.company) ? WEXITSTATUS(end.company) : -3;
    return end.hung ? -2 : status_of(&end);
}

/* A relay that is half made is nobody's: it is made again. whole: it must be one. */
static void judge_log(const task *t, bool done, bool whole, const char *when)
{
    task check = { .argv = { t->checker, "fsck", "--data", t->data, NULL } };
    char path[400], text[200];
    if (t->checker == NULL || (t->begins && !done))
        return;
    (void)snprintf(path, sizeof(path), "%s/relay.db", t->data);
    if (access(path, F_OK) != 0 && !whole)
        return;
    (void)snprintf(check.out, sizeof(check.out), "%s/check.out", t->work);
    (void)snprintf(check.err, sizeof(check.err), "%s/check.err", t->work);
    int status = run_plainly(&check);
    if (status == 0 || (status == 4 && !whole)) /* 4: nobody takes it for a relay */
        return;
    read_text(text, sizeof(text), check.err);
    (void)snprintf(why + strlen(why), sizeof(why) - strlen(why),
                   "the relay's log doesn't hold %s: %s", when, text);
}

/* Returns whether it said that it is done. */
static bool do_again(const task *t)
{
    char text[300];
    if (t->makes != NULL)
        (void)unlink(t->makes);
    int status = run_plainly(t);
    bool allowed = status == 0;
    for (size_t i = 0; i < t->again_count; i++)
        allowed = allowed || status == t->again[i];
    if (allowed)
        return status == 0;
    read_text(text, sizeof(text), t->err);
    text[strcspn(text, "\n")] = '\0';
    (void)snprintf(why + strlen(why), sizeof(why) - strlen(why), "%sdone again it ends with %d: %s",
                   why[0] == '\0' ? "" : "; ", status, text);
    return false;
}

/* Returns whether the n-th call came. */
static bool do_point(task *t, size_t n, int error, bool redo)
{
    trace_end end;
    char id[64];
    const trace_plan plan = plan_of(t, n, error);
    why[0] = '\0';
    serve_end(t);
    keep_restore();
    serve_begin(t);
    if (!trace_run(&end, &plan, t->out, t->err, NULL))
        exit(77);
    bool is_done = error != TRACE_KILL && status_of(&end) == 0 && end.company == 0;
    judge_end(t, &end, error);
    judge_company(t, &end, error);
    judge_store(t, is_done, printed_id(t, id), false);
    judge_files(t, &end, is_done, error == TRACE_KILL);
    judge_log(t, is_done, t->stands && is_done, "afterwards");
    if (redo || why[0] != '\0') {
        bool now = do_again(t);
        judge_store(t, true, NULL, true);
        judge_log(t, now || t->stands || !t->begins, t->stands, "when it is done again");
    }
    return end.came;
}

/* ---- all of them ------------------------------------------------------------------------- */

static void note(const task *t, size_t n, int error, bool came, tally *sum)
{
    sum->undisturbed += !came;
    if (error == TRACE_KILL)
        sum->kills++;
    else
        sum->faults++;
    if (why[0] == '\0')
        return;
    char number[24];
    (void)snprintf(number, sizeof(number), "%zu", n);
    const char *at = t->spots ? calls.spots[n - 1] : number;
    if (sum->broken++ < SHOWN_MAX)
        printf("FAIL %s, call %s (%s), %s: %s\n     again: tests/faults/run '%s' '%s' %s\n",
               t->name, at, calls.kinds[n - 1] != NULL ? calls.kinds[n - 1]->name : "?",
               trace_error_name(error), why, t->name, at, trace_error_name(error));
    (void)fflush(stdout);
}

static bool wants(const task *t, size_t n, int error)
{
    if (t->at == NULL)
        return true;
    bool here = t->spots ? strcmp(t->at, calls.spots[n - 1]) == 0 : strtoul(t->at, NULL, 10) == n;
    return here && strcmp(trace_error_name(error), t->error) == 0;
}

static void all_points(task *t, size_t count, tally *sum)
{
    uint64_t nr = 0, done = 0;
    for (size_t n = 1; n <= count; n++) {
        if (t->kills > 0 && (n - 1) % t->kills == 0 && wants(t, n, TRACE_KILL))
            note(t, n, TRACE_KILL, do_point(t, n, TRACE_KILL, done++ % t->redo == 0), sum);
        for (size_t i = 0; calls.kinds[n - 1] != NULL && i < TRACE_ERRORS_MAX; i++) {
            int error = calls.kinds[n - 1]->errors[i];
            if (error == 0 || t->faults == 0 || nr++ % t->faults != 0 || !wants(t, n, error))
                continue;
            note(t, n, error, do_point(t, n, error, done++ % t->redo == 0), sum);
        }
    }
}

/* Undisturbed: how many calls it makes, and what it comes to. */
static bool learn(task *t, size_t *count)
{
    trace_end end;
    char text[300];
    const trace_plan plan = plan_of(t, 0, TRACE_NOTHING);
    serve_begin(t);
    if (!trace_run(&end, &plan, t->out, t->err, &calls)) {
        printf("%s: this machine doesn't let programs be traced\n", t->name);
        exit(77);
    }
    *count = end.seen < TRACE_CALLS_MAX ? end.seen : TRACE_CALLS_MAX;
    if (status_of(&end) != 0 || end.company != 0 || end.seen == 0) {
        read_text(text, sizeof(text), t->err);
        printf("FAIL %s: by itself it ends with %d: %s\n", t->name, status_of(&end), text);
        if (t->with[0] != NULL) {
            char with[400];
            (void)snprintf(with, sizeof(with), "%s/with.out", t->work);
            read_text(text, sizeof(text), with);
            printf("beside it the device ends with %d: %s\n", WEXITSTATUS(end.company), text);
        }
        return false;
    }
    if (t->store != NULL && !t->ends && !t->begins) {
        held_look(&t->done, t->store, t->key, t->marks, NULL);
        if (t->done.why[0] != '\0')
            printf("FAIL %s: %s\n", t->name, t->done.why);
    }
    return t->done.why[0] == '\0';
}

static void take_statuses(task *t, const char *text)
{
    char *end = NULL;
    for (; *text != '\0' && t->again_count < STATUSES_MAX; text = *end == ',' ? end + 1 : end)
        t->again[t->again_count++] = (int)strtol(text, &end, 10);
}

static bool take_flag(task *t, const char *name)
{
    const struct {
        const char *name;
        bool *to;
    } flags[] = { { "--agent", &t->agent },
                  { "--ends", &t->ends },
                  { "--begins", &t->begins },
                  { "--stands", &t->stands },
                  { "--spots", &t->spots } };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (strcmp(name, flags[i].name) != 0)
            continue;
        *flags[i].to = true;
        return true;
    }
    return false;
}

static void take_option(task *t, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        { "--work", &t->work },     { "--store", &t->store }, { "--passphrase", &t->passphrase },
        { "--marks", &t->marks },   { "--makes", &t->makes }, { "--check", &t->checker },
        { "--data", &t->data },     { "--error", &t->error }, { "--relay", &t->relay },
        { "--listen", &t->listen }, { "--at", &t->at },
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(name, texts[i].name) == 0)
            *texts[i].to = value;
    if (strcmp(name, "--keep") == 0 && t->keep_count < KEEP_ROOTS_MAX)
        t->keep[t->keep_count++] = value;
    else if (strcmp(name, "--again") == 0)
        take_statuses(t, value);
    else if (strcmp(name, "--faults") == 0)
        t->faults = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--kills") == 0)
        t->kills = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--redo") == 0)
        t->redo = (unsigned)strtoul(value, NULL, 10);
}

/* Up to a single "." of its own. */
static int take_company(task *t, int i, char **argv)
{
    size_t count = 0;
    for (; argv[i] != NULL && strcmp(argv[i], ".") != 0 && count + 1 < ARGS_MAX; i++)
        t->with[count++] = argv[i];
    return i;
}

static void read_task(task *t, int argc, char **argv)
{
    int i = 2;
    t->name = argc > 1 ? argv[1] : "";
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (take_flag(t, argv[i]))
            continue;
        DBK_ASSERT(i + 1 < argc);
        if (strcmp(argv[i], "--with") == 0) {
            i = take_company(t, i + 1, argv);
            continue;
        }
        take_option(t, argv[i], argv[i + 1]);
        i++;
    }
    for (i++; i < argc && t->argc + 1 < (int)ARGS_MAX; i++)
        t->argv[t->argc++] = argv[i];
    DBK_ASSERT(t->argc > 0 && t->work != NULL);
    (void)snprintf(t->out, sizeof(t->out), "%s/point.out", t->work);
    (void)snprintf(t->err, sizeof(t->err), "%s/point.err", t->work);
}

int main(int argc, char **argv)
{
    static task t = { .redo = 1 };
    tally sum = { 0 };
    size_t count = 0;
    pid_t agent = 0;
    read_task(&t, argc, argv);
    DBK_ASSERT(dbk_crypto_init(NULL) == DBK_OK);
    DBK_ASSERT(dbk_store_start(NULL) == DBK_OK);
    if (t.passphrase != NULL) {
        t.key = held_key(t.store, t.passphrase, t.marks);
        if (t.key == NULL)
            return 1;
        held_look(&t.before, t.store, t.key, t.marks, NULL);
    }
    keep_files(t.keep, t.keep_count);
    if (t.agent)
        agent = agent_begin(t.store, t.key);
    bool works = learn(&t, &count);
    if (works)
        all_points(&t, count, &sum);
    serve_end(&t);
    keep_restore();
    keep_end();
    agent_end(agent);
    dbk_secret_free(t.key);
    printf("%-24s %5zu calls: %6llu errors, %6llu kills, %4llu left alone; %llu broke a rule\n",
           t.name, count, (unsigned long long)sum.faults, (unsigned long long)sum.kills,
           (unsigned long long)sum.undisturbed, (unsigned long long)sum.broken);
    return works && sum.broken == 0 ? 0 : 1;
}
