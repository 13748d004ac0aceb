#include "tests/lib/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"

static uint64_t env_now(void *self)
{
    dbk_test_env *e = self;
    e->now_ms += e->step_ms;
    return e->now_ms;
}

/* SplitMix64: good enough to be different each time, and the same for one seed everywhere. */
static void env_random(void *self, uint8_t *out, size_t len)
{
    dbk_test_env *e = self;
    for (size_t i = 0; i < len; i++) {
        e->state += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = e->state;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z >> 56);
    }
}

void dbk_test_env_init(dbk_test_env *e, uint64_t seed)
{
    *e = (dbk_test_env){ { env_now, env_random, e }, DBK_TEST_START_MS, 0, seed };
}

void dbk_test_dir_make(char path[DBK_TEST_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(path, DBK_TEST_PATH_SIZE, "%s/daybook-test-XXXXXX",
                     base != NULL && base[0] != '\0' ? base : "/tmp");
    DBK_ASSERT(n > 0);
    DBK_ASSERT((size_t)n < DBK_TEST_PATH_SIZE);
    DBK_ASSERT(mkdtemp(path) != NULL);
}

/* The files of one folder, and the empty folders in it; returns how many names are left. */
static int empty(int dir)
{
    const struct dirent *entry;
    int left = 0;
    DIR *list = fdopendir(dir);
    DBK_ASSERT(list != NULL);
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dir, entry->d_name, 0) != 0 && unlinkat(dir, entry->d_name, AT_REMOVEDIR) != 0)
            left++;
    }
    (void)closedir(list);
    return left;
}

/* Takes folders within, one level deep. */
static void empty_within(int dir)
{
    const struct dirent *entry;
    DIR *list = fdopendir(dir);
    DBK_ASSERT(list != NULL);
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int sub = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (sub >= 0)
            (void)empty(sub);
    }
    (void)closedir(list);
}

void dbk_test_dir_remove(const char *path)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    int dir = open(path, flags);
    if (dir < 0)
        return;
    empty_within(dir);
    dir = open(path, flags);
    if (dir >= 0 && empty(dir) == 0)
        (void)rmdir(path);
}

const char *dbk_test_path(const char *dir, const char *name)
{
    static char paths[4][2 * DBK_TEST_PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 4];
    int n = snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    DBK_ASSERT(n > 0);
    DBK_ASSERT((size_t)n < sizeof(paths[0]));
    return path;
}

void dbk_test_copy_file(const char *to, const char *from)
{
    uint8_t part[16384];
    size_t got;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    DBK_ASSERT(in != NULL);
    DBK_ASSERT(out != NULL);
    while ((got = fread(part, 1, sizeof(part), in)) > 0)
        DBK_ASSERT(fwrite(part, 1, got, out) == got);
    DBK_ASSERT(fclose(out) == 0);
    (void)fclose(in);
}

const dbk_forms *dbk_test_forms(void)
{
    static dbk_forms *forms;
    if (forms == NULL)
        DBK_ASSERT(dbk_forms_new(&forms, NULL) == DBK_OK);
    return forms;
}

static int alloc_hook(void *ctx, size_t size)
{
    dbk_test_alloc *a = ctx;
    (void)size;
    a->seen++;
    return a->sticky ? a->seen < a->fail_at : a->seen != a->fail_at;
}

void dbk_test_alloc_start(dbk_test_alloc *a)
{
    a->seen = 0;
    dbk_alloc_set_hook(alloc_hook, a);
}

int dbk_test_alloc_stop(dbk_test_alloc *a)
{
    dbk_alloc_set_hook(NULL, NULL);
    return a->seen >= a->fail_at;
}
