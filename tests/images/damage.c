/* Damaged files: damage [--kit NAME] [--times N] [--thin N] [--least N] [--replay KIT:FILE:TURN]
 * --times multiplies how often each file is damaged; --thin takes every N-th of them. A kit of
 * which fewer than --least bits were flipped has failed. */
#include "tests/lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/images/damage.h"

#define SECTOR 512u
#define PAGE 4096u
#define SHOWN 20u
#define CHECK_SECONDS_MAX 60u

static const damage_kit *const kits[] = { &damage_package, &damage_home, &damage_stick,
                                          &damage_relay, &damage_device };

/* ways: out of 16, the rest are flips of one bit. */
typedef enum way {
    FLIP,
    ZERO_SECTOR,
    ZERO_PAGE,
    SWAP_PAGES,
    CUT,
    OLDER_PAGE,
    WHOLE_OTHER,
    WAYS
} way;
static const char *const way_names[WAYS] = { "flip", "zero-sector", "zero-page", "swap-pages",
                                             "cut",  "older-page",  "other-file" };

typedef struct options {
    const char *kit, *file;
    uint64_t times, thin, turn, least;
    bool replays;
} options;

typedef struct tally {
    uint64_t all, flips, ends[DAMAGE_SILENT + 1];
} tally;

static char now[2 * DISK_PATH_MAX + 200];

static void crashed(int number)
{
    (void)!write(STDERR_FILENO, now, strlen(now));
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void damage_look(disk_image *out, const char *dir)
{
    const disk_loss none = { DISK_ALL_LOST, 0, 0 };
    disk_record *r = disk_watch(dir);
    disk_unwatch(r);
    disk_state *s = disk_state_new(r);
    disk_image_make(out, s, &none);
    disk_state_free(s);
    disk_record_free(r);
}

void damage_add(damage_set *set, const char *path, uint32_t times)
{
    assert_true(set->files_count < DAMAGE_FILES_MAX);
    damage_file *f = &set->files[set->files_count++];
    (void)snprintf(f->path, sizeof(f->path), "%s", path);
    f->times = times;
}

damage_end damage_told(damage_try *t, dbk_rc rc, const char *text)
{
    (void)snprintf(t->why, sizeof(t->why), "%s: %s", dbk_rc_name(rc), text);
    /* A failure of this machine is no word about a file. */
    return rc == DBK_NOMEM || rc == DBK_BUSY ? DAMAGE_SILENT : DAMAGE_TOLD;
}

/* ---- damage -------------------------------------------------------------------------------- */

static uint64_t dice(uint64_t turn, uint64_t salt, uint64_t below)
{
    uint64_t z = turn * UINT64_C(0x9e3779b97f4a7c15) + salt * UINT64_C(0xd1342543de82ef95);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return below == 0 ? 0 : (z >> 16) % below;
}

static way way_of(uint64_t turn, size_t len)
{
    uint64_t d = turn % 16;
    if (d < 10)
        return FLIP;
    way w = (way)(d - 9);
    return len < 2 * PAGE && (w == ZERO_PAGE || w == SWAP_PAGES || w == OLDER_PAGE) ? ZERO_SECTOR
                                                                                    : w;
}

static void zero(disk_found *f, uint64_t turn, size_t size)
{
    size_t at = dice(turn, 1, (f->len + size - 1) / size) * size;
    memset(f->bytes + at, 0, f->len - at < size ? f->len - at : size);
}

static void swap_pages(disk_found *f, uint64_t turn)
{
    uint8_t kept[PAGE];
    size_t pages = f->len / PAGE;
    uint8_t *a = f->bytes + dice(turn, 2, pages) * PAGE;
    uint8_t *b = f->bytes + dice(turn, 3, pages) * PAGE;
    memcpy(kept, a, PAGE);
    memcpy(a, b, PAGE);
    memcpy(b, kept, PAGE);
}

static const disk_found *other_of(const damage_set *set, const char *path, uint64_t turn)
{
    const disk_found *older = disk_image_file(&set->older, path);
    const disk_found *foreign = disk_image_file(&set->foreign, path);
    return (turn / 16) % 2 == 0 && older != NULL ? older : foreign != NULL ? foreign : older;
}

/* Flips go from the file's first bit to its last, evenly. Returns false if nothing has changed. */
static bool damage(disk_found *f, const damage_set *set, uint64_t turn, uint64_t times, way w)
{
    const disk_found *older = disk_image_file(&set->older, f->path);
    const disk_found *other = other_of(set, f->path, turn);
    uint64_t bits = (uint64_t)f->len * 8, at = 0;
    switch (w) {
    case ZERO_SECTOR:
        zero(f, turn, SECTOR);
        break;
    case ZERO_PAGE:
        zero(f, turn, PAGE);
        break;
    case SWAP_PAGES:
        swap_pages(f, turn);
        break;
    case CUT:
        f->len = dice(turn, 4, f->len);
        break;
    case OLDER_PAGE:
        at = older == NULL ? 0 : dice(turn, 5, (older->len < f->len ? older->len : f->len) / PAGE);
        if (older != NULL && older->len >= (at + 1) * PAGE)
            memcpy(f->bytes + at * PAGE, older->bytes + at * PAGE, PAGE);
        break;
    case WHOLE_OTHER:
        if (other != NULL) {
            free(f->bytes);
            f->len = other->len;
            f->bytes = malloc(other->len + 1);
            assert_non_null(f->bytes);
            memcpy(f->bytes, other->bytes, other->len);
        }
        break;
    default:
        at = bits / times * turn + dice(turn, 6, bits / times + 1);
        f->bytes[at % bits / 8] ^= (uint8_t)(1u << at % 8);
    }
    const disk_found *was = disk_image_file(&set->whole, f->path);
    return f->len != was->len || memcmp(f->bytes, was->bytes, f->len) != 0;
}

static void copy_image(disk_image *to, const disk_image *from)
{
    disk_image_wipe(to);
    to->files = calloc(from->count, sizeof(to->files[0]));
    assert_non_null(to->files);
    to->count = to->cap = from->count;
    for (size_t i = 0; i < from->count; i++) {
        to->files[i] = from->files[i];
        to->files[i].bytes = malloc(from->files[i].len + 1);
        assert_non_null(to->files[i].bytes);
        if (from->files[i].len > 0)
            memcpy(to->files[i].bytes, from->files[i].bytes, from->files[i].len);
    }
}

/* ---- judging ------------------------------------------------------------------------------- */

static damage_end try_once(const damage_kit *kit, damage_try *t, const dbk_hash *whole)
{
    disk_image_write(t->image, t->dir);
    (void)alarm(CHECK_SECONDS_MAX);
    damage_end end = kit->open(t);
    if (end == DAMAGE_UNUSED && !dbk_hash_equal(&t->seen, whole))
        end = kit->others != NULL ? kit->others(t) : DAMAGE_SILENT;
    (void)alarm(0);
    return end;
}

/* Returns how many were silent. */
static uint64_t sweep_file(const damage_kit *kit, const options *opts, damage_try *t,
                           const dbk_hash *whole, uint64_t *flips)
{
    static disk_image image;
    tally a = { 0 };
    uint64_t times = t->file->times * opts->times;
    for (uint64_t turn = 0; turn < times; turn++) {
        if (opts->replays ? turn != opts->turn : turn % opts->thin != 0)
            continue;
        copy_image(&image, &t->set->whole);
        disk_found *f = (disk_found *)disk_image_file(&image, t->file->path);
        way w = way_of(turn, f->len);
        if (!damage(f, t->set, turn, times, w))
            continue;
        t->image = &image;
        t->why[0] = '\0';
        (void)snprintf(now, sizeof(now), "%s %s: --times %llu --replay %s:%s:%llu\n", t->file->path,
                       way_names[w], (unsigned long long)opts->times, kit->name, t->file->path,
                       (unsigned long long)turn);
        damage_end end = try_once(kit, t, whole);
        a.all++;
        a.flips += w == FLIP ? 1 : 0;
        a.ends[end]++;
        if (opts->replays)
            print_message("%d: %s\n", (int)end, t->why);
        if (end == DAMAGE_SILENT && a.ends[DAMAGE_SILENT] <= SHOWN)
            print_error("[  FAILED  ] %s: %s", t->why, now);
    }
    print_message(
        "%-8s %-40.40s %6llu damaged (%llu flips): %llu told, %llu told later, %llu unused, "
        "%llu silent\n",
        kit->name, t->file->path, (unsigned long long)a.all, (unsigned long long)a.flips,
        (unsigned long long)a.ends[DAMAGE_TOLD], (unsigned long long)a.ends[DAMAGE_LATER],
        (unsigned long long)a.ends[DAMAGE_UNUSED], (unsigned long long)a.ends[DAMAGE_SILENT]);
    *flips += a.flips;
    return a.ends[DAMAGE_SILENT];
}

static uint64_t sweep(const damage_kit *kit, const options *opts, const char *top)
{
    static damage_set set;
    char play[DAMAGE_DIR_MAX + 16], dir[DAMAGE_DIR_MAX + 16];
    uint64_t silent = 0, flips = 0;
    (void)snprintf(play, sizeof(play), "%s/play", top);
    (void)snprintf(dir, sizeof(dir), "%s/try", top);
    assert_int_equal(mkdir(play, 0700), 0);
    kit->begin(&set, play);
    damage_try t = { .set = &set, .dir = dir, .image = &set.whole, .file = &set.files[0] };
    disk_image_write(&set.whole, dir);
    if (kit->open(&t) != DAMAGE_UNUSED) {
        print_error("[  FAILED  ] %s: undamaged, and yet: %s\n", kit->name, t.why);
        return 1;
    }
    const dbk_hash whole = t.seen;
    for (size_t i = 0; i < set.files_count; i++) {
        t.file = &set.files[i];
        if (opts->file == NULL || strcmp(opts->file, t.file->path) == 0)
            silent += sweep_file(kit, opts, &t, &whole, &flips);
    }
    if (flips < opts->least) {
        print_error("%s: only %llu bits were flipped, not %llu\n", kit->name,
                    (unsigned long long)flips, (unsigned long long)opts->least);
        silent++;
    }
    kit->end();
    disk_image none = { 0 };
    disk_image_write(&none, top);
    return silent;
}

/* In a process of its own. */
static uint64_t sweep_apart(const damage_kit *kit, const options *opts, const char *top)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint64_t silent = sweep(kit, opts, top);
        (void)fflush(NULL);
        _exit(silent == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

static bool parse(options *opts, int argc, char **argv)
{
    *opts = (options){ .times = 1, .thin = 1 };
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kit") == 0) {
            opts->kit = argv[i + 1];
        } else if (strcmp(argv[i], "--times") == 0) {
            opts->times = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--thin") == 0) {
            opts->thin = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--least") == 0) {
            opts->least = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--replay") == 0) {
            char *file = strchr(argv[i + 1], ':'), *turn = strrchr(argv[i + 1], ':');
            if (file == NULL || turn == file)
                return false;
            *file = *turn = '\0';
            opts->kit = argv[i + 1];
            opts->file = file + 1;
            opts->turn = strtoull(turn + 1, NULL, 10);
            opts->replays = true;
        } else {
            return false;
        }
    }
    return argc % 2 == 1 && opts->times > 0 && opts->thin > 0;
}

int main(int argc, char **argv)
{
    options opts;
    char top[DAMAGE_DIR_MAX];
    uint64_t silent = 0;
    size_t ran = 0;
    if (!parse(&opts, argc, argv)) {
        print_error("usage: damage [--kit NAME] [--times N] [--thin N] [--least N] "
                    "[--replay KIT:FILE:TURN]\n");
        return 2;
    }
    (void)snprintf(top, sizeof(top), "%s/daybook-damage-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(top));
    (void)signal(SIGABRT, crashed);
    (void)signal(SIGSEGV, crashed);
    (void)signal(SIGALRM, crashed);
    for (size_t i = 0; i < ARRAY_LEN(kits); i++) {
        if (opts.kit != NULL && strcmp(opts.kit, kits[i]->name) != 0)
            continue;
        silent += sweep_apart(kits[i], &opts, top);
        ran++;
    }
    (void)rmdir(top);
    return silent == 0 && ran > 0 ? 0 : 1;
}
