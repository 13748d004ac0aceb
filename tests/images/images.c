/* Power-loss images: images [--scene NAME] [--every N] [--thin N] [--shard I --shards N]
 *                           [--least N] [--replay SCENE:EVENT:HOW:I:J]
 * --every 1 opens every state there is. Without it each scene takes its own share, and of that
 * --thin every N-th: 1 is what CI opens; without anything it is a glance, of one in twenty.
 * A scene of which fewer than --least were opened has failed. A failure prints its replay. */
#include "tests/lib/test.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/images/images.h"

#define SEEN_SLOTS (1u << 20)
#define FAILURES_SHOWN 20u
#define CHECK_SECONDS_MAX 60u
#define GLANCE 20u

static const images_scene *const scenes[] = { &scene_home, &scene_stick, &scene_device,
                                              &scene_relay };

typedef struct options {
    const char *scene;
    uint64_t every, thin, shard, shards, least; /* every 0: the scene's */
    bool replays;
    size_t event;
    disk_loss loss;
} options;

typedef struct tally {
    uint64_t made, built, opened, lied;
    uint64_t ends[IMAGE_REFUSED + 1];
    uint64_t hows[DISK_HOWS];
    uint64_t failed;
} tally;

static uint64_t seen[SEEN_SLOTS];
static char now[200]; /* the image at hand, for who hears of a crash */

void images_blame(images_case *c, const char *fmt, ...)
{
    va_list args;
    if (c->why[0] != '\0')
        return;
    va_start(args, fmt);
    (void)vsnprintf(c->why, sizeof(c->why), fmt, args);
    va_end(args);
}

static dbk_rc hear_fault(void *ctx, const char *sentence, dbk_err *err)
{
    (void)err;
    images_blame(ctx, "verify: %s", sentence);
    return DBK_OK;
}

static dbk_rc hear_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    (void)ctx;
    (void)v;
    (void)err;
    return DBK_OK;
}

void images_verify(images_case *c, dbk_book *book)
{
    dbk_err err = { 0 };
    const dbk_verify_sink sink = { .space = hear_space, .fault = hear_fault, .ctx = c };
    if (dbk_verify_book(book, &sink, &err) != DBK_OK)
        images_blame(c, "verify: %s", err.text);
}

/* ---- one image ----------------------------------------------------------------------------- */

/* The same bytes after the same promises need no second look. */
static bool is_new(uint64_t hash)
{
    hash |= 1;
    for (size_t i = (size_t)(hash >> 20) % SEEN_SLOTS;; i = (i + 1) % SEEN_SLOTS) {
        if (seen[i] == hash)
            return false;
        if (seen[i] == 0) {
            seen[i] = hash;
            return true;
        }
    }
}

static void crashed(int number)
{
    (void)!write(STDERR_FILENO, now, strlen(now));
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void name_image(const images_scene *scene, const disk_state *s, const disk_loss *loss)
{
    (void)snprintf(now, sizeof(now), "%s:%zu:%s:%u:%u\n", scene->name, disk_state_at(s),
                   disk_how_names[loss->how], loss->i, loss->j);
}

static void judge(const images_scene *scene, tally *t, images_case *c, disk_how how)
{
    disk_image_write(c->image, c->dir);
    (void)alarm(CHECK_SECONDS_MAX);
    scene->check(c);
    (void)alarm(0);
    t->opened++;
    t->hows[how]++;
    t->lied += c->lied ? 1 : 0;
    t->ends[c->end]++;
    if (c->why[0] == '\0')
        return;
    if (t->failed++ < FAILURES_SHOWN)
        print_error("[  FAILED  ] told %llu: %s\n  replay: --replay %s",
                    (unsigned long long)c->told, c->why, now);
}

/* ---- all of a scene ------------------------------------------------------------------------ */

/* A scene that is small is opened whole each time. */
static uint64_t share_of(const images_scene *scene, const options *opts)
{
    return scene->every == 1 ? 1 : scene->every * opts->thin;
}

static void each_loss(const images_scene *scene, const options *opts, disk_state *s,
                      const char *dir, tally *t)
{
    static disk_image image;
    const disk_loss *losses;
    size_t count = disk_losses(s, &losses);
    uint64_t every = opts->every != 0 ? opts->every : share_of(scene, opts);
    for (size_t i = 0; i < count; i++) {
        images_case c = { .image = &image,
                          .dir = dir,
                          .told = disk_state_told(s),
                          .lied = disk_lies(losses[i].how) };
        const disk_loss *l = &losses[i];
        if (opts->replays &&
            (l->how != opts->loss.how || l->i != opts->loss.i || l->j != opts->loss.j))
            continue;
        uint64_t turn = t->made++;
        if (!opts->replays && turn % (every * opts->shards) != opts->shard * every)
            continue;
        disk_image_make(&image, s, l);
        t->built++;
        uint64_t key = (image.hash ^ c.told << 48) * UINT64_C(0x9fb21c651e98df25) + c.lied;
        if (!is_new(key))
            continue;
        name_image(scene, s, l);
        judge(scene, t, &c, l->how);
    }
}

static void print_tally(const images_scene *scene, const tally *t, size_t events)
{
    print_message("%s: %zu events, %llu states, %llu of them made, %llu distinct and opened (%llu "
                  "on a disk that "
                  "lies): %llu whole, %llu absent, %llu with less, %llu refused; %llu wrong\n ",
                  scene->name, events, (unsigned long long)t->made, (unsigned long long)t->built,
                  (unsigned long long)t->opened, (unsigned long long)t->lied,
                  (unsigned long long)t->ends[IMAGE_WHOLE],
                  (unsigned long long)t->ends[IMAGE_ABSENT],
                  (unsigned long long)t->ends[IMAGE_LESS],
                  (unsigned long long)t->ends[IMAGE_REFUSED], (unsigned long long)t->failed);
    for (size_t i = 0; i < DISK_HOWS; i++)
        print_message(" %s %llu", disk_how_names[i], (unsigned long long)t->hows[i]);
    print_message("\n");
}

/* Returns how many images are wrong. */
static uint64_t run_scene(const images_scene *scene, const options *opts, const char *top)
{
    char play_dir[IMAGES_DIR_MAX + 16], dir[IMAGES_DIR_MAX + 16];
    tally t = { 0 };
    memset(seen, 0, sizeof(seen));
    (void)snprintf(play_dir, sizeof(play_dir), "%s/play", top);
    (void)snprintf(dir, sizeof(dir), "%s/image", top);
    assert_int_equal(mkdir(play_dir, 0700), 0);
    disk_record *r = scene->play(play_dir);
    disk_unwatch(r);
    disk_state *s = disk_state_new(r);
    bool more = true;
    while (more) {
        if (!opts->replays || disk_state_at(s) == opts->event)
            each_loss(scene, opts, s, dir, &t);
        more = disk_state_step(s);
    }
    print_tally(scene, &t, disk_record_len(r));
    if (t.opened < opts->least) {
        print_error("%s: only %llu images were opened, not %llu\n", scene->name,
                    (unsigned long long)t.opened, (unsigned long long)opts->least);
        t.failed++;
    }
    scene->close();
    disk_state_free(s);
    disk_record_free(r);
    disk_image none = { 0 };
    disk_image_write(&none, top);
    return t.failed;
}

/* In a process of its own: so it is the same whatever ran before it. */
static uint64_t run_apart(const images_scene *scene, const options *opts, const char *top)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint64_t failed = run_scene(scene, opts, top);
        (void)fflush(NULL);
        _exit(failed == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

static bool parse_replay(options *opts, char *line)
{
    char how[32];
    unsigned i = 0, j = 0;
    char *rest = strchr(line, ':');
    if (rest == NULL)
        return false;
    *rest++ = '\0';
    opts->scene = line;
    opts->replays = true;
    if (sscanf(rest, "%zu:%31[^:]:%u:%u", &opts->event, how, &i, &j) != 4)
        return false;
    for (size_t k = 0; k < DISK_HOWS; k++) {
        if (strcmp(how, disk_how_names[k]) == 0) {
            opts->loss = (disk_loss){ (disk_how)k, i, j };
            return true;
        }
    }
    return false;
}

static bool parse(options *opts, int argc, char **argv)
{
    *opts = (options){ .thin = GLANCE, .shards = 1, .least = 1 };
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i];
        if (strcmp(name, "--replay") == 0) {
            if (!parse_replay(opts, argv[i + 1]))
                return false;
        } else if (strcmp(name, "--scene") == 0) {
            opts->scene = argv[i + 1];
        } else {
            uint64_t n = strtoull(argv[i + 1], NULL, 10);
            if (strcmp(name, "--every") == 0)
                opts->every = n;
            else if (strcmp(name, "--thin") == 0)
                opts->thin = n;
            else if (strcmp(name, "--shard") == 0)
                opts->shard = n;
            else if (strcmp(name, "--shards") == 0)
                opts->shards = n;
            else if (strcmp(name, "--least") == 0)
                opts->least = n;
            else
                return false;
        }
    }
    return argc % 2 == 1 && opts->thin > 0 && opts->shard < opts->shards;
}

int main(int argc, char **argv)
{
    options opts;
    char top[IMAGES_DIR_MAX];
    uint64_t failed = 0;
    size_t ran = 0;
    if (!parse(&opts, argc, argv)) {
        print_error("usage: images [--scene NAME] [--every N] [--thin N] [--shard I --shards N] "
                    "[--least N] [--replay SCENE:EVENT:HOW:I:J]\n");
        return 2;
    }
    (void)snprintf(top, sizeof(top), "%s/daybook-images-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(top));
    (void)signal(SIGABRT, crashed);
    (void)signal(SIGSEGV, crashed);
    (void)signal(SIGALRM, crashed);
    for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
        if (opts.scene != NULL && strcmp(opts.scene, scenes[i]->name) != 0)
            continue;
        failed += run_apart(scenes[i], &opts, top);
        ran++;
    }
    (void)rmdir(top);
    return failed == 0 && ran > 0 ? 0 : 1;
}
