/* faults_alloc [--all] [--cap N] [--shard I --shards N] [--least N]
 *              [--only NAME [--at N [--lasting]]]
 * Each scenario from the same bytes, with the n-th allocation refused: once, and from there on.
 * Held against it: what it says, that nothing has changed, that nothing is left in memory, and that
 * it works when it is done again (A37). With fewer points than --least it has failed. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/faults/alloc.h"
#include "tests/faults/memory.h"
#include "tests/faults/keep.h"

#define POINT_SECONDS_MAX 60u
#define SHOWN_MAX 40u
#define CAP 12u     /* indices that are all done; of those above as many again */
#define CAP_SLOW 5u /* where a passphrase is stretched */
#define TABLES 6u

typedef struct options {
    unsigned cap, shard, shards;
    uint64_t least; /* points, or it has failed */
    const char *only;
    uint64_t at; /* 0: all */
    bool all, lasting;
} options;

/* In memory that a point's process shares with the one that judges. */
typedef struct verdict {
    uint64_t seen; /* allocations of the act */
    int64_t live;  /* when all was closed */
    dbk_rc rc;
    bool ended;
    char why[240];
} verdict;
static verdict *point;
static alloc_world world;
static const alloc_table *const tables[TABLES] = { &alloc_notes,   &alloc_reads, &alloc_stores,
                                                   &alloc_members, &alloc_syncs, &alloc_relays };

static void blame(const char *what, const char *more)
{
    if (point->why[0] == '\0')
        (void)snprintf(point->why, sizeof(point->why), "%s%s", what, more);
}

/* ---- what must not change ---------------------------------------------------------------- */

static void take_rows(uint64_t *sum, sqlite3 *db, const char *table)
{
    char text[160];
    sqlite3_stmt *rows = NULL;
    (void)snprintf(text, sizeof(text), "SELECT * FROM \"%s\"", table);
    if (sqlite3_prepare_v2(db, text, -1, &rows, NULL) != SQLITE_OK)
        return;
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const uint8_t *p = sqlite3_column_blob(rows, i);
            int len = sqlite3_column_bytes(rows, i);
            for (int k = 0; k < len; k++)
                *sum = (*sum ^ p[k]) * UINT64_C(0x100000001b3);
            *sum = (*sum ^ (uint64_t)len) * UINT64_C(0x100000001b3);
        }
    }
    (void)sqlite3_finalize(rows);
}

/* Every row of every table. */
static uint64_t content_of(const dbk_book *book)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    sqlite3_stmt *names = NULL;
    if (book == NULL)
        return 0;
    sqlite3 *db = book->store->db;
    (void)sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'", -1, &names,
                             NULL);
    while (sqlite3_step(names) == SQLITE_ROW)
        take_rows(&sum, db, (const char *)sqlite3_column_text(names, 0));
    (void)sqlite3_finalize(names);
    return sum;
}

typedef struct standing {
    uint64_t books[4];
    dbk_log_report relay;
} standing;

/* Of the relays only where one is asked: the check takes a while. */
static standing standing_of(alloc_world *w, bool with_relay)
{
    standing s = { { content_of(w->hq.book), content_of(w->asha.book), content_of(w->ben.book),
                     content_of(w->fresh.book) },
                   { 0 } };
    if (with_relay && w->kit.relay != NULL)
        s.relay = relaykit_check(&w->kit);
    return s;
}

static void check_books(alloc_world *w, const char *when)
{
    dbk_book *books[] = { w->hq.book, w->asha.book, w->ben.book, w->fresh.book, w->opened };
    for (size_t i = 0; i < ARRAY_LEN(books); i++) {
        dbk_err err = { 0 };
        if (books[i] == NULL)
            continue;
        if (dbk_store_in_transaction(books[i]->store))
            blame("a transaction is left open ", when);
        else if (dbk_book_check_deep(books[i], &err) != DBK_OK)
            blame("a store isn't sound: ", err.text);
    }
}

/* ---- one point --------------------------------------------------------------------------- */

/* Over the wire it is the relay that may be short, which says that it is busy: never that it
 * doesn't know who asks, or that something is wrong with what was sent. */
static void judge_code(const alloc_scenario *s, const dbk_err *err)
{
    bool busy = (s->flags & ALLOC_WIRE) != 0 && point->rc == DBK_UNREACHABLE;
    if (point->rc != DBK_NOMEM && !busy)
        (void)snprintf(point->why, sizeof(point->why), "it says %s: %.150s", dbk_rc_name(point->rc),
                       err->text);
}

/* at 0: nothing is refused, to learn how many there are. */
static void run(const alloc_scenario *s, uint64_t at, bool lasting)
{
    alloc_world *w = &world;
    dbk_err err = { 0 }, again = { 0 };
    bool atomic = (s->flags & ALLOC_CHANGES) == 0;
    bool asks = (s->flags & (ALLOC_WIRE | ALLOC_RELAY)) != 0;
    standing before = { { 0 }, { 0 } }, after;
    (void)alarm(POINT_SECONDS_MAX);
    if (atomic && at > 0)
        before = standing_of(w, asks);
    memory_refuse(at, lasting);
    point->rc = s->act(w, &err);
    point->seen = memory_grant();
    if (point->rc != DBK_OK && at == 0)
        blame("it fails by itself: ", err.text);
    if (point->rc != DBK_OK && at > 0) {
        judge_code(s, &err);
        alloc_world_mend(w);
        check_books(w, "after it failed");
        after = standing_of(w, asks);
        if (atomic && memcmp(&before, &after, sizeof(before)) != 0)
            blame("it failed, and something has changed", "");
        if (s->act(w, &again) != DBK_OK)
            blame("done again it fails: ", again.text);
    }
    check_books(w, "in the end");
    if (asks)
        alloc_relays_stop(w);
    alloc_stores_close(w);
    point->live = memory_live();
    point->ended = true;
}

/* In a process of its own; then all files are as before. */
static void do_point(const alloc_scenario *s, uint64_t at, bool lasting)
{
    int status = 0;
    memset(point, 0, sizeof(*point));
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        run(s, at, lasting);
        _exit(0);
    }
    DBK_ASSERT(waitpid(pid, &status, 0) == pid);
    keep_restore();
    if (!point->ended && point->why[0] == '\0')
        (void)snprintf(point->why, sizeof(point->why), "it ended with status %#x",
                       (unsigned)status);
}

/* ---- all of them ------------------------------------------------------------------------- */

typedef struct tally {
    uint64_t scenarios, points, indices, optional, broken;
} tally;

static void judge(const alloc_scenario *s, uint64_t at, bool lasting, int64_t live, tally *t)
{
    if (point->ended && point->why[0] == '\0' && point->live != live)
        (void)snprintf(point->why, sizeof(point->why), "%lld blocks are left in memory",
                       (long long)(point->live - live));
    t->points++;
    t->optional += point->ended && point->rc == DBK_OK;
    if (point->why[0] == '\0')
        return;
    if (t->broken++ < SHOWN_MAX)
        printf("FAIL %s, allocation %llu%s: %s\n     again: faults_alloc --only '%s' --at %llu%s\n",
               s->name, (unsigned long long)at, lasting ? " and all after it" : "", point->why,
               s->name, (unsigned long long)at, lasting ? " --lasting" : "");
}

/* All of the first, then as many again in even steps. */
static uint64_t next_index(uint64_t n, uint64_t count, uint64_t cap)
{
    uint64_t step = count > cap ? (count - cap + cap - 1) / cap : 1;
    return n < cap || step == 0 ? n + 1 : n + step;
}

static void scenario(const alloc_scenario *s, const options *o, tally *all)
{
    tally t = { .scenarios = 1 };
    do_point(s, 0, false);
    int64_t live = point->live;
    uint64_t count = point->seen;
    uint64_t cap = o->all ? count : (s->flags & ALLOC_SLOW) != 0 ? CAP_SLOW : o->cap;
    if (point->why[0] != '\0') {
        printf("FAIL %s: %s\n", s->name, point->why);
        t.broken++;
        count = 0;
    }
    for (uint64_t n = o->at > 0 ? o->at : 1; n <= count; n = next_index(n, count, cap)) {
        t.indices++;
        for (unsigned lasting = o->at > 0 && o->lasting; lasting < 2; lasting++) {
            do_point(s, n, lasting != 0);
            judge(s, n, lasting != 0, live, &t);
            if (o->at > 0)
                break;
        }
        if (o->at > 0)
            break;
    }
    printf("%-52s %6llu allocations, %6llu of them refused%s, %5llu points, passed in %llu\n",
           s->name, (unsigned long long)count, (unsigned long long)t.indices,
           t.indices == count ? " (all)" : "", (unsigned long long)t.points,
           (unsigned long long)t.optional);
    (void)fflush(stdout);
    all->scenarios += t.scenarios;
    all->points += t.points;
    all->indices += t.indices;
    all->optional += t.optional;
    all->broken += t.broken;
}

/* A scenario's world is made ready in a process of its own, which all its points are children of.
 */
static void scenario_apart(const alloc_scenario *s, const options *o, tally *all)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        alloc_world *w = &world;
        const char *const folders[] = { w->net.kit.dir, w->hq.dir,  w->asha.dir, w->ben.dir,
                                        w->fresh.dir,   w->kit.dir, w->folder };
        keep_fork();
        alloc_world_resume(w);
        if (s->prepare != NULL)
            s->prepare(w);
        keep_files(folders, ARRAY_LEN(folders));
        scenario(s, o, all);
        keep_end();
        _exit(0);
    }
    DBK_ASSERT(waitpid(pid, &status, 0) == pid);
    keep_restore();
    if (status != 0) {
        printf("FAIL %s: it can't be prepared: status %#x\n", s->name, (unsigned)status);
        all->broken++;
    }
}

static options read_options(int argc, char **argv)
{
    options o = { .cap = CAP, .shards = 1, .least = 1 };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--all") == 0)
            o.all = true;
        else if (strcmp(argv[i], "--lasting") == 0)
            o.lasting = true;
        else if (strcmp(argv[i], "--only") == 0)
            o.only = value;
        else if (strcmp(argv[i], "--cap") == 0)
            o.cap = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--at") == 0)
            o.at = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--shard") == 0)
            o.shard = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--least") == 0)
            o.least = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--shards") == 0)
            o.shards = (unsigned)strtoul(value, NULL, 10);
    }
    DBK_ASSERT(o.cap > 0 && o.shard < o.shards);
    return o;
}

static void *shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    DBK_ASSERT(p != MAP_FAILED);
    return p;
}

int main(int argc, char **argv)
{
    options o = read_options(argc, argv);
    tally *all = shared(sizeof(*all));
    unsigned nr = 0;
    point = shared(sizeof(*point));
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
        DBK_ASSERT(setenv("TMPDIR", "/dev/shm", 0) == 0);
    alloc_world_open(&world);
    alloc_world *w = &world;
    const char *const folders[] = { w->net.kit.dir, w->hq.dir,  w->asha.dir, w->ben.dir,
                                    w->fresh.dir,   w->kit.dir, w->folder };
    alloc_relays_stop(w);
    alloc_stores_close(w);
    keep_files(folders, ARRAY_LEN(folders));
    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; i < tables[t]->count; i++, nr++)
            if (o.only != NULL ? strcmp(o.only, tables[t]->rows[i].name) == 0
                               : nr % o.shards == o.shard)
                scenario_apart(&tables[t]->rows[i], &o, all);
    printf("%llu scenarios, %llu points: %llu allocations refused, once and from there on; %llu "
           "passed all the same; %llu broke a rule\n",
           (unsigned long long)all->scenarios, (unsigned long long)all->points,
           (unsigned long long)all->indices, (unsigned long long)all->optional,
           (unsigned long long)all->broken);
    if (all->points < o.least)
        printf("FAIL there were only %llu points, not %llu\n", (unsigned long long)all->points,
               (unsigned long long)o.least);
    keep_end();
    alloc_world_wipe(w);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        dbk_test_dir_remove(folders[i]);
    return all->broken == 0 && all->points >= o.least ? 0 : 1;
}
