#include "tests/load/meter.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/err.h"

#define PATH_ROOM 96u

void meter_add(meter *m, double ms)
{
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 1024 : 2 * m->room;
        float *grown = dbk_realloc(m->ms, room * sizeof(*grown));
        DBK_ASSERT(grown != NULL);
        m->ms = grown;
        m->room = room;
    }
    m->ms[m->count++] = (float)ms;
}

void meter_take(meter *m, meter *from)
{
    for (size_t i = 0; i < from->count; i++)
        meter_add(m, (double)from->ms[i]);
    meter_wipe(from);
}

void meter_wipe(meter *m)
{
    dbk_free(m->ms);
    memset(m, 0, sizeof(*m));
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

double meter_percentile(meter *m, double percent)
{
    if (m->count == 0)
        return 0;
    qsort(m->ms, m->count, sizeof(m->ms[0]), by_size);
    size_t at = (size_t)((double)m->count * percent / 100.0);
    return (double)m->ms[at < m->count ? at : m->count - 1];
}

/* ---- processes --------------------------------------------------------------------------- */

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "r");
}

/* Fields 14 and 15 of stat; the second field is a name in brackets, which may hold anything. */
static double cpu_of(pid_t pid, pid_t *parent)
{
    char text[1024];
    long up = 0;
    unsigned long user = 0, kernel = 0;
    FILE *f = open_proc(pid, "stat");
    if (f == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    (void)fclose(f);
    const char *p = strrchr(text, ')');
    if (p == NULL || sscanf(p + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &up,
                            &user, &kernel) != 3)
        return 0;
    *parent = (pid_t)up;
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static int descriptors_of(pid_t pid)
{
    char path[PATH_ROOM];
    int count = 0;
    const struct dirent *entry;
    (void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

static void add_one(usage *u, pid_t pid)
{
    char line[256];
    unsigned long kib;
    pid_t parent = 0;
    int descriptors = descriptors_of(pid);
    FILE *f = open_proc(pid, "status");
    u->cpu_s += cpu_of(pid, &parent);
    u->descriptors = descriptors < 0 || u->descriptors < 0 ? -1 : u->descriptors + descriptors;
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "VmHWM: %lu", &kib) == 1)
            u->peak_mib += (double)kib / 1024;
        else if (sscanf(line, "VmRSS: %lu", &kib) == 1)
            u->rss_mib += (double)kib / 1024;
    }
    if (f != NULL)
        (void)fclose(f);
}

usage usage_of(pid_t pid)
{
    usage u = { 0 };
    const struct dirent *entry;
    DIR *dir = opendir("/proc");
    add_one(&u, pid);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid_t parent = 0, child = (pid_t)strtol(entry->d_name, NULL, 10);
        if (child <= 0)
            continue;
        (void)cpu_of(child, &parent);
        if (parent == pid)
            add_one(&u, child);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return u;
}

double usage_self_cpu_s(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
