#include "sync/relay/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

dbk_rc dbk_notify_open(int *fd, dbk_err *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name != NULL ? strlen(name) : 0;
    *fd = -1;
    if (len == 0)
        return DBK_OK;
    if ((name[0] != '/' && name[0] != '@') || len >= sizeof(at.sun_path))
        return dbk_fail(err, DBK_USAGE, "NOTIFY_SOCKET names no socket");
    memcpy(at.sun_path, name, len);
    if (name[0] == '@')
        at.sun_path[0] = '\0'; /* one without a place in the file system */
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (const struct sockaddr *)&at,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0) {
        dbk_rc rc = dbk_fail(err, DBK_IO, "NOTIFY_SOCKET: %s", strerror(errno));
        if (s >= 0)
            (void)close(s);
        return rc;
    }
    *fd = s;
    return DBK_OK;
}

void dbk_notify(int fd, const char *state)
{
    if (fd >= 0 && send(fd, state, strlen(state), MSG_NOSIGNAL) < 0)
        return;
}
