#include "core/store/parents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that the path's last part stands in. */
static void sync_above(const char *path)
{
    char above[PATH_MAX];
    (void)snprintf(above, sizeof(above), "%s", path);
    char *slash = strrchr(above, '/');
    if (slash != NULL)
        slash[slash == above ? 1 : 0] = '\0';
    int fd = open(slash != NULL ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static int make(const char *path)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? 0 : errno;
    sync_above(path);
    return 0;
}

int dbk_parents_make(const char *path)
{
    char part[PATH_MAX];
    size_t i = 0;
    for (; path[i] != '\0' && i < sizeof(part) - 1; i++) {
        if (path[i] == '/' && i > 0 && path[i + 1] != '\0') {
            part[i] = '\0';
            (void)make(part);
        }
        part[i] = path[i];
    }
    part[i] = '\0';
    if (i > 1 && part[i - 1] == '/')
        part[i - 1] = '\0';
    return make(part);
}
