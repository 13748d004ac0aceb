/* Runs: what several begin from is made once, by a child of the prepared world; each is a child of
 * that one. */
#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/evilrelay/evil.h"

#define FILES_MAX 128u
#define RUN_SECONDS_MAX 60u

/* Every file below the world's folders, as it was. Written back in place: the parent's handles
 * stand on these inodes. */
typedef struct kept_file {
    char path[400];
    uint8_t *bytes;
    size_t len;
    bool seen;
} kept_file;
static kept_file kept[FILES_MAX];
static size_t kept_count;
static const char *roots[10];
static size_t roots_count;

static kept_file *find_kept(const char *path)
{
    for (size_t i = 0; i < kept_count; i++)
        if (strcmp(kept[i].path, path) == 0)
            return &kept[i];
    return NULL;
}

static void keep(const char *path)
{
    struct stat st;
    DBK_ASSERT(kept_count < FILES_MAX);
    kept_file *k = &kept[kept_count++];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    DBK_ASSERT(fd >= 0);
    DBK_ASSERT(fstat(fd, &st) == 0);
    (void)snprintf(k->path, sizeof(k->path), "%s", path);
    k->len = (size_t)st.st_size;
    k->bytes = malloc(k->len + 1);
    DBK_ASSERT(k->bytes != NULL);
    DBK_ASSERT(read(fd, k->bytes, k->len) == (ssize_t)k->len);
    DBK_ASSERT(close(fd) == 0);
}

static void put_back(const kept_file *k)
{
    int fd = open(k->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    DBK_ASSERT(fd >= 0);
    DBK_ASSERT(pwrite(fd, k->bytes, k->len, 0) == (ssize_t)k->len);
    DBK_ASSERT(ftruncate(fd, (off_t)k->len) == 0);
    DBK_ASSERT(close(fd) == 0);
}

typedef void (*file_fn)(const char *path);

static void walk(const char *dir, file_fn fn, unsigned depth)
{
    const struct dirent *entry;
    DIR *list = opendir(dir);
    DBK_ASSERT(list != NULL);
    while ((entry = readdir(list)) != NULL) {
        char path[400];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int n = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        DBK_ASSERT(n > 0 && (size_t)n < sizeof(path));
        DBK_ASSERT(lstat(path, &st) == 0);
        if (S_ISREG(st.st_mode))
            fn(path);
        else if (S_ISDIR(st.st_mode) && depth > 0)
            walk(path, fn, depth - 1);
    }
    (void)closedir(list);
}

static void drop_new(const char *path)
{
    if (find_kept(path) == NULL)
        (void)unlink(path);
}

static void restore(void)
{
    for (size_t i = 0; i < roots_count; i++)
        walk(roots[i], drop_new, 1);
    for (size_t i = 0; i < kept_count; i++)
        put_back(&kept[i]);
}

void evil_snapshot(evil *e)
{
    const char *all[] = { e->world.kit.dir, e->young.kit.dir, e->hq.dir,      e->asha.dir,
                          e->ben.dir,       e->auditor.dir,   e->mallory.dir, e->fresh.dir,
                          e->founder.dir,   e->folder };
    for (size_t i = 0; i < kept_count; i++)
        free(kept[i].bytes);
    kept_count = 0;
    roots_count = ARRAY_LEN(all);
    for (size_t i = 0; i < roots_count; i++) {
        roots[i] = all[i];
        walk(all[i], keep, 1);
    }
}

bool evil_applies(const evil_mutation *m, const evil_workflow *w)
{
    return m->never == NULL && (m->calls & w->calls) != 0;
}

/* What a run begins from. */
static void prepare(evil *e, const evil_start *start)
{
    e->rng = start->seed * 0x9e3779b97f4a7c15u + 1;
    e->why[0] = '\0';
    start->workflow->prepare(e);
    if (start->with_words)
        (void)sync_now(&e->hq); /* and vouches for what the relay then lies about */
}

static void run(evil *e, const evil_start *start, evil_verdict *out)
{
    struct rusage before, after;
    (void)alarm(RUN_SECONDS_MAX);
    e->mutation = out->mutation;
    e->armed = true;
    (void)getrusage(RUSAGE_SELF, &before);
    start->workflow->act(e);
    evil_settle(e);
    (void)getrusage(RUSAGE_SELF, &after);
    out->fired = e->fired;
    out->told = e->told;
    out->alarms = e->alarms;
    out->transcript = e->transcript;
    out->sent_bytes = e->sent_bytes;
    out->calls = e->calls;
    out->rss_kib = after.ru_maxrss - before.ru_maxrss;
    memcpy(out->why, e->why, sizeof(out->why));
    out->passed = e->why[0] == '\0';
    out->crashed = false;
}

/* All runs from one start, each in a child of its own. */
static void run_all(evil *e, const evil_start *start, evil_verdict *all, size_t count)
{
    (void)alarm(RUN_SECONDS_MAX);
    prepare(e, start);
    (void)alarm(0); /* each run has its own */
    evil_snapshot(e);
    for (size_t i = 0; i < count; i++) {
        pid_t pid = fork();
        DBK_ASSERT(pid >= 0);
        if (pid == 0) {
            run(e, start, &all[i]);
            _exit(0);
        }
        DBK_ASSERT(waitpid(pid, &all[i].status, 0) == pid);
        restore();
    }
}

void evil_series(evil *e, const evil_start *start, evil_verdict *verdicts, size_t count)
{
    static evil_verdict *shared;
    int status;
    DBK_ASSERT(count <= EVIL_SERIES_MAX);
    if (shared == NULL) {
        shared = mmap(NULL, EVIL_SERIES_MAX * sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        DBK_ASSERT(shared != MAP_FAILED);
    }
    for (size_t i = 0; i < count; i++)
        shared[i] = (evil_verdict){ .mutation = verdicts[i].mutation, .crashed = true };
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0) {
        run_all(e, start, shared, count);
        _exit(0);
    }
    DBK_ASSERT(waitpid(pid, &status, 0) == pid);
    restore();
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = shared[i];
        if (verdicts[i].crashed)
            (void)snprintf(verdicts[i].why, sizeof(verdicts[i].why),
                           "rule f: the client ended with status %#x, its preparation with %#x",
                           (unsigned)verdicts[i].status, (unsigned)status);
    }
}
