#define _GNU_SOURCE /* close_range */
#include "sync/relay/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNELS_MAX 64u
#define STRAY_MAX 1024
#define NOT_RUN 127 /* exit status of a child that couldn't become the keeper */

static dbk_rc failed(const char *what, dbk_err *err)
{
    return dbk_fail(err, DBK_IO, "the process that keeps the log can't be started: %s: %s", what,
                    strerror(errno));
}

/* In the child, between fork and exec: nothing but system calls. Moves the channels out of the way
 * of their places first, then into them; all else but the standard streams is closed. */
static void become_keeper(const int *theirs, size_t count, const char *program, char *const args[])
{
    int high[CHANNELS_MAX];
    const int last = DBK_SPAWN_FIRST_CHANNEL + (int)count;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        _exit(NOT_RUN);
    for (size_t i = 0; i < count; i++) {
        high[i] = fcntl(theirs[i], F_DUPFD, last);
        if (high[i] < 0)
            _exit(NOT_RUN);
    }
    for (size_t i = 0; i < count; i++) {
        if (dup2(high[i], DBK_SPAWN_FIRST_CHANNEL + (int)i) < 0)
            _exit(NOT_RUN);
    }
    /* What whoever began us left open; ours closes by itself. A container may lack the call. */
    if (close_range((unsigned)last, UINT_MAX, 0) != 0) {
        for (int fd = last; fd < STRAY_MAX; fd++)
            (void)close(fd);
    }
    (void)execv(program, args);
    _exit(NOT_RUN);
}

static dbk_rc open_pairs(int *ours, int *theirs, size_t count, dbk_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return failed("a channel", err);
        ours[i] = pair[0];
        theirs[i] = pair[1];
    }
    return DBK_OK;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
}

dbk_rc dbk_spawn(pid_t *pid, int *channels, size_t count, char *const args[], dbk_err *err)
{
    char program[PATH_MAX];
    int theirs[CHANNELS_MAX];
    DBK_ASSERT(count <= CHANNELS_MAX);
    for (size_t i = 0; i < count; i++)
        channels[i] = theirs[i] = -1;
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len < 0)
        return failed("/proc/self/exe", err);
    program[len] = '\0';
    dbk_rc rc = open_pairs(channels, theirs, count, err);
    if (rc == DBK_OK) {
        *pid = fork();
        if (*pid == 0)
            become_keeper(theirs, count, program, args);
        if (*pid < 0)
            rc = failed("fork", err);
    }
    close_all(theirs, count);
    if (rc != DBK_OK)
        close_all(channels, count);
    return rc;
}

bool dbk_spawn_ended(pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

dbk_rc dbk_spawn_wait(pid_t pid, dbk_err *err)
{
    int status = 0;
    pid_t got;
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got != pid)
        return dbk_fail(err, DBK_IO, "the process that keeps the log is lost: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return dbk_fail(err, DBK_IO, "the process that keeps the log was ended by signal %d%s",
                        WTERMSIG(status), WTERMSIG(status) == SIGSYS ? " (its sandbox)" : "");
    return WEXITSTATUS(status) == 0
               ? DBK_OK
               : dbk_fail(err, DBK_IO, "the process that keeps the log ended with status %d",
                          WEXITSTATUS(status));
}

dbk_rc dbk_spawn_channels(int *channels, size_t count, dbk_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int domain = 0;
        socklen_t len = sizeof(domain);
        channels[i] = DBK_SPAWN_FIRST_CHANNEL + (int)i;
        if (getsockopt(channels[i], SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 ||
            domain != AF_UNIX || fcntl(channels[i], F_SETFD, FD_CLOEXEC) != 0)
            return dbk_fail(err, DBK_USAGE, "`keep` is begun by `serve`, and not by hand");
    }
    return DBK_OK;
}
