/* Stands in for code that an attacker runs inside a process (A33): makes one system call in the
 * place of PID's own code, by ptrace, and says how that ended.
 *   takeover PID open PATH | append PATH | exec PATH | reach PORT | fork
 * Prints "done", "failed ERRNO" or "killed"; after "done" and "failed" the process goes on where it
 * was. Exits with 77 where that can't be done: another processor, or no right to trace. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#if defined(__x86_64__)

#define BELOW 1024u /* of its stack, under what it may use without saying so */
#define TEXT_MAX 256u

typedef struct taken {
    pid_t pid;
    struct user_regs_struct before;
} taken;

static int stop_it(taken *t)
{
    int status;
    if (ptrace(PTRACE_SEIZE, t->pid, NULL, NULL) != 0) {
        perror("takeover");
        return errno == EPERM ? 77 : 1;
    }
    if (ptrace(PTRACE_INTERRUPT, t->pid, NULL, NULL) != 0 || waitpid(t->pid, &status, __WALL) < 0 ||
        ptrace(PTRACE_GETREGS, t->pid, NULL, &t->before) != 0) {
        perror("takeover");
        return 1;
    }
    return 0;
}

static unsigned long place_text(const taken *t, const void *text, size_t len)
{
    unsigned long at = (t->before.rsp - BELOW) & ~15ul;
    for (size_t i = 0; i < len; i += sizeof(long)) {
        long word = 0;
        memcpy(&word, (const char *)text + i, len - i < sizeof(long) ? len - i : sizeof(long));
        if (ptrace(PTRACE_POKEDATA, t->pid, at + i, word) != 0)
            return 0;
    }
    return at;
}

/* It waits in a system call: the two bytes before where it goes on are the instruction. */
static int call(const taken *t, long number, const unsigned long args[3], long *result)
{
    int status;
    struct user_regs_struct r = t->before;
    r.rip -= 2;
    r.rax = (unsigned long)number;
    r.orig_rax = (unsigned long)-1; /* nothing to begin again */
    r.rdi = args[0];
    r.rsi = args[1];
    r.rdx = args[2];
    r.r10 = 0;
    r.r8 = 0;
    if (ptrace(PTRACE_SETREGS, t->pid, NULL, &r) != 0 ||
        ptrace(PTRACE_SINGLESTEP, t->pid, NULL, 0) != 0 || waitpid(t->pid, &status, __WALL) < 0)
        return -1;
    if (!WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, t->pid, NULL, &r) != 0)
        return 1; /* it is no more */
    *result = (long)r.rax;
    return 0;
}

static int attempt(const taken *t, const char *what, const char *value, long *result)
{
    char text[TEXT_MAX] = "";
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    (void)snprintf(text, sizeof(text), "%s", value);
    unsigned long path = place_text(t, text, strlen(text) + 1);
    if (strcmp(what, "open") == 0)
        return call(t, SYS_open, (unsigned long[]){ path, O_RDONLY, 0 }, result);
    if (strcmp(what, "append") == 0)
        return call(t, SYS_open, (unsigned long[]){ path, O_WRONLY | O_APPEND, 0 }, result);
    if (strcmp(what, "exec") == 0)
        return call(t, SYS_execve, (unsigned long[]){ path, 0, 0 }, result);
    if (strcmp(what, "fork") == 0)
        return call(t, SYS_fork, (unsigned long[]){ 0, 0, 0 }, result);
    if (strcmp(what, "reach") != 0)
        return -1;
    int gone = call(t, SYS_socket, (unsigned long[]){ AF_INET, SOCK_STREAM, 0 }, result);
    if (gone != 0 || *result < 0)
        return gone;
    at.sin_port = htons((uint16_t)strtoul(value, NULL, 10));
    unsigned long place = place_text(t, &at, sizeof(at));
    return call(t, SYS_connect, (unsigned long[]){ (unsigned long)*result, place, sizeof(at) },
                result);
}

int main(int argc, char **argv)
{
    long result = 0;
    if (argc < 3)
        return 2;
    taken t = { .pid = (pid_t)strtol(argv[1], NULL, 10) };
    int stopped = stop_it(&t);
    if (stopped != 0)
        return stopped;
    int gone = attempt(&t, argv[2], argc > 3 ? argv[3] : "", &result);
    if (gone < 0) {
        perror("takeover");
        return 1;
    }
    if (gone > 0) {
        printf("killed\n");
        return 0;
    }
    if (result < 0)
        printf("failed %s\n", strerrorname_np((int)-result));
    else
        printf("done\n");
    (void)ptrace(PTRACE_SETREGS, t.pid, NULL, &t.before);
    return ptrace(PTRACE_DETACH, t.pid, NULL, NULL) == 0 ? 0 : 1;
}

#else

int main(void)
{
    fprintf(stderr, "takeover: knows x86-64 only\n");
    return 77;
}

#endif
