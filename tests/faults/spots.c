#include "tests/faults/spots.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"

static pid_t process_of(pid_t thread)
{
    char path[64], line[128];
    pid_t process = thread;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
    FILE *in = fopen(path, "re");
    while (in != NULL && fgets(line, sizeof(line), in) != NULL)
        if (sscanf(line, "Tgid: %d", &process) == 1)
            break;
    if (in != NULL)
        (void)fclose(in);
    return process;
}

/* A file's name; of a socket or a pipe that it is one. */
static void name_of(char out[SPOT_SIZE / 2], pid_t thread, int fd)
{
    char path[64], to[256];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread, fd);
    ssize_t n = fd >= 0 ? readlink(path, to, sizeof(to) - 1) : -1;
    to[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(to, '/');
    const char *name = slash != NULL ? slash + 1 : to;
    (void)snprintf(out, SPOT_SIZE / 2, "%.*s", (int)strcspn(name, ":"), name);
}

void spot_next(char out[SPOT_SIZE], spots *seen, pid_t thread, pid_t main, const char *call, int fd)
{
    char file[SPOT_SIZE / 2], name[SPOT_SIZE];
    size_t i = 0;
    name_of(file, thread, fd);
    (void)snprintf(name, sizeof(name), "%s/%.16s:%s",
                   process_of(thread) == main ? "main" : "keeper", call, file);
    while (i < seen->count && strcmp(seen->rows[i].name, name) != 0)
        i++;
    DBK_ASSERT(i < SPOTS_MAX);
    if (i == seen->count)
        memcpy(seen->rows[seen->count++].name, name, sizeof(name));
    (void)snprintf(out, SPOT_SIZE, "%.80s:%u", name, ++seen->rows[i].count);
}
