#define _GNU_SOURCE
#include "tests/faults/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"

#if defined(__x86_64__)

#define PROCESSES_MAX 64u

/* Errors that a disk, a full disk, a signal, or a process with too many files may bring. */
static const trace_kind kinds[] = {
    { SYS_openat, "openat", { EIO, ENOSPC, EMFILE, EINTR } },
    { SYS_open, "open", { EIO, ENOSPC, EMFILE, EINTR } },
    { SYS_read, "read", { EIO, EINTR, TRACE_SHORT } },
    { SYS_pread64, "pread64", { EIO, EINTR, TRACE_SHORT } },
    { SYS_readv, "readv", { EIO, EINTR } },
    { SYS_write, "write", { EIO, ENOSPC, EINTR, TRACE_SHORT } },
    { SYS_pwrite64, "pwrite64", { EIO, ENOSPC, EINTR, TRACE_SHORT } },
    { SYS_writev, "writev", { EIO, ENOSPC, EINTR } },
    { SYS_fsync, "fsync", { EIO, ENOSPC, EINTR } },
    { SYS_fdatasync, "fdatasync", { EIO, ENOSPC, EINTR } },
    { SYS_ftruncate, "ftruncate", { EIO, ENOSPC, EINTR } },
    { SYS_fallocate, "fallocate", { EIO, ENOSPC, EINTR } },
    { SYS_rename, "rename", { EIO, ENOSPC } },
    { SYS_renameat, "renameat", { EIO, ENOSPC } },
    { SYS_renameat2, "renameat2", { EIO, ENOSPC } },
    { SYS_link, "link", { EIO, ENOSPC } },
    { SYS_linkat, "linkat", { EIO, ENOSPC } },
    { SYS_unlink, "unlink", { EIO } },
    { SYS_unlinkat, "unlinkat", { EIO } },
    { SYS_mkdir, "mkdir", { EIO, ENOSPC } },
    { SYS_mkdirat, "mkdirat", { EIO, ENOSPC } },
    { SYS_rmdir, "rmdir", { EIO } },
    { SYS_fchmod, "fchmod", { EIO } },
    { SYS_close, "close", { EIO, EINTR } },
    { SYS_stat, "stat", { EIO } },
    { SYS_lstat, "lstat", { EIO } },
    { SYS_fstat, "fstat", { EIO } },
    { SYS_newfstatat, "newfstatat", { EIO } },
    { SYS_access, "access", { EIO } },
    { SYS_faccessat2, "faccessat2", { EIO } },
    { SYS_readlink, "readlink", { EIO } },
    { SYS_getdents64, "getdents64", { EIO } },
    { SYS_lseek, "lseek", { EIO } },
    { SYS_fcntl, "fcntl", { EINTR, EAGAIN, ENOLCK } },
    { SYS_flock, "flock", { EINTR, EAGAIN, ENOLCK } },
    { SYS_socket, "socket", { EMFILE, ENOBUFS } },
    { SYS_connect, "connect", { ECONNREFUSED, ENETUNREACH, EINTR } },
    { SYS_sendto, "sendto", { ECONNRESET, EAGAIN, EINTR, TRACE_SHORT } },
    { SYS_recvfrom, "recvfrom", { ECONNRESET, EAGAIN, EINTR, TRACE_SHORT } },
    { SYS_sendmsg, "sendmsg", { ECONNRESET, EAGAIN, EINTR } },
    { SYS_recvmsg, "recvmsg", { ECONNRESET, EAGAIN, EINTR } },
    { SYS_poll, "poll", { EINTR } },
    { SYS_ppoll, "ppoll", { EINTR } },
    { SYS_getrandom, "getrandom", { EINTR } },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const trace_kind *trace_kind_of(long number)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].number == number)
            return &kinds[i];
    return NULL;
}

const char *trace_error_name(int error)
{
    return error == TRACE_SHORT ? "short" : error == TRACE_KILL ? "kill" : strerrorname_np(error);
}

/* ---- the traced ---------------------------------------------------------------------------- */

/* prctl too: by it the program says that it is hardened. */
static void filter_calls(void)
{
    struct sock_filter code[KINDS + 5];
    size_t n = 0;
    const uint32_t stop = SECCOMP_RET_TRACE, go = SECCOMP_RET_ALLOW;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < KINDS; i++) /* to the last but one: KINDS - i calls and prctl follow */
        code[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)kinds[i].number, (uint8_t)(KINDS - i + 1), 0);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, go);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, stop);
    const struct sock_fprog program = { (unsigned short)n, code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(77);
}

static void become(const char *const *argv, const char *out, const char *err)
{
    int in = open("/dev/null", O_RDONLY);
    int to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int er = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)setpgid(0, 0);
    (void)setsid(); /* no terminal to ask at */
    if (in < 0 || to < 0 || er < 0 || dup2(in, 0) < 0 || dup2(to, 1) < 0 || dup2(er, 2) < 0)
        _exit(78);
    for (int fd = 3; fd < 64; fd++)
        (void)close(fd);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    (void)raise(SIGSTOP);
    filter_calls();
    (void)execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(78);
}

/* ---- the tracer ---------------------------------------------------------------------------- */

typedef struct tracer {
    const trace_plan *plan;
    trace_end *end;
    trace_calls *calls;
    spots seen;
    bool counts;              /* the program has hardened itself */
    pid_t all[PROCESSES_MAX]; /* processes and threads that live */
    size_t count;
    pid_t main, company;
    pid_t leaves; /* is to be stopped where its call ends: to be told of a failure then */
} tracer;

static void forget(tracer *t, pid_t pid)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->all[i] == pid)
            t->all[i--] = t->all[--t->count];
}

static void know(tracer *t, pid_t pid)
{
    forget(t, pid);
    DBK_ASSERT(t->count < PROCESSES_MAX);
    t->all[t->count++] = pid;
}

/* Before its parent goes on: who is killed right then must not leave it behind, with its locks. */
static void know_child(tracer *t, pid_t parent)
{
    unsigned long child = 0;
    if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &child) == 0 && kill((pid_t)child, 0) == 0)
        know(t, (pid_t)child);
}

static void kill_all(const tracer *t)
{
    for (size_t i = 0; i < t->count; i++)
        (void)kill(t->all[i], SIGKILL);
}

#define EVENT_BYTES 8u /* an eventfd's: by one a library's threads wake each other */

/* A lock that is asked for. Letting one go doesn't fail: Linux could only be short of its own
 * memory then, which it ends programs for before. */
static bool takes_lock(pid_t pid, const struct user_regs_struct *r)
{
    if (r->rsi != F_SETLK && r->rsi != F_SETLKW && r->rsi != F_OFD_SETLK && r->rsi != F_OFD_SETLKW)
        return false;
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)r->rdx, NULL); /* a struct flock */
    return errno == 0 && (short)word != F_UNLCK;
}

static bool knows_error(const trace_kind *kind, int error)
{
    for (size_t i = 0; kind != NULL && i < TRACE_ERRORS_MAX; i++)
        if (kind->errors[i] == error)
            return true;
    return false;
}

/* Where threads or a poll take turns, the n-th call isn't always the one that was counted: one of
 * another kind isn't answered with an error that Linux never gives it. Of fcntl only locks can fail
 * as a lock does: the rest takes no time, and Linux never interrupts it. Nor does it an eventfd
 * that has room; libmicrohttpd ends the program rather than lose one. */
static bool can_fail(pid_t pid, const struct user_regs_struct *r, const trace_kind *kind, int error)
{
    if (error == TRACE_KILL)
        return true;
    if (error != TRACE_NOTHING && !knows_error(kind, error))
        return false;
    if (r->orig_rax == SYS_write)
        return r->rdx != EVENT_BYTES;
    return r->orig_rax != SYS_fcntl || takes_lock(pid, r);
}

/* The call is to be answered with the error, or done in part. Returns how to go on. */
static int disturb(tracer *t, pid_t pid, struct user_regs_struct *r)
{
    int error = t->plan->error;
    if (!can_fail(pid, r, t->end->what, error))
        return PTRACE_CONT;
    t->end->came = true;
    t->end->errors_fd = (int)r->rdi;
    if (error == TRACE_NOTHING)
        return PTRACE_CONT;
    if (error == TRACE_KILL) {
        kill_all(t);
        return -1;
    }
    if (error == TRACE_SHORT) {
        r->rdx = r->rdx > 1 ? r->rdx / 2 : r->rdx;
    } else if (r->orig_rax == SYS_close) { /* done all the same, as Linux does */
        t->leaves = pid;
        return PTRACE_SYSCALL;
    } else {
        r->orig_rax = (unsigned long long)-1;
        r->rax = (unsigned long long)-error;
    }
    (void)ptrace(PTRACE_SETREGS, pid, NULL, r);
    return PTRACE_CONT;
}

/* Is a call's first argument a file, folder or socket that is open? */
static bool is_on_open(long number)
{
    static const long by_path[] = { SYS_open,      SYS_openat,     SYS_rename,  SYS_renameat,
                                    SYS_renameat2, SYS_link,       SYS_linkat,  SYS_unlink,
                                    SYS_unlinkat,  SYS_mkdir,      SYS_mkdirat, SYS_rmdir,
                                    SYS_stat,      SYS_lstat,      SYS_access,  SYS_faccessat2,
                                    SYS_readlink,  SYS_newfstatat, SYS_socket,  SYS_poll,
                                    SYS_ppoll,     SYS_getrandom };
    for (size_t i = 0; i < sizeof(by_path) / sizeof(by_path[0]); i++)
        if (by_path[i] == number)
            return false;
    return true;
}

/* The call's spot, and whether it is the one. */
static bool is_spot(tracer *t, pid_t pid, const struct user_regs_struct *r, const trace_kind *kind)
{
    char spot[SPOT_SIZE];
    int fd = is_on_open((long)r->orig_rax) ? (int)r->rdi : -1;
    spot_next(spot, &t->seen, pid, t->main, kind->name, fd);
    if (t->calls != NULL && t->end->seen <= TRACE_CALLS_MAX)
        memcpy(t->calls->spots[t->end->seen - 1], spot, sizeof(spot));
    return t->plan->spot != NULL && strcmp(spot, t->plan->spot) == 0;
}

static int at_call(tracer *t, pid_t pid)
{
    struct user_regs_struct r;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &r) != 0)
        return PTRACE_CONT;
    if (r.orig_rax == SYS_prctl) {
        t->counts = t->counts || (r.rdi == PR_SET_DUMPABLE && r.rsi == 0);
        return PTRACE_CONT;
    }
    if (!t->counts)
        return PTRACE_CONT;
    size_t n = ++t->end->seen;
    const trace_kind *kind = trace_kind_of((long)r.orig_rax);
    if (t->calls != NULL && n <= TRACE_CALLS_MAX)
        t->calls->kinds[n - 1] = kind;
    bool here = t->plan->spots ? is_spot(t, pid, &r, kind) : n == t->plan->at;
    if (!here)
        return PTRACE_CONT;
    t->end->what = kind;
    return disturb(t, pid, &r);
}

static int at_leave(tracer *t, pid_t pid)
{
    struct user_regs_struct r;
    t->leaves = 0;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == 0) {
        r.rax = (unsigned long long)-t->plan->error;
        (void)ptrace(PTRACE_SETREGS, pid, NULL, &r);
    }
    return PTRACE_CONT;
}

/* Something happened to one of them. */
static void follow(tracer *t, pid_t pid, int status)
{
    int signal = 0, how = PTRACE_CONT;
    unsigned event = (unsigned)status >> 16;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        if (pid == t->main)
            t->end->status = status;
        if (pid == t->company) {
            t->end->company = status;
            t->company = 0;
        }
        forget(t, pid);
        return;
    }
    know(t, pid);
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
        know_child(t, pid);
    else if (event == PTRACE_EVENT_SECCOMP)
        how = at_call(t, pid);
    else if (event == 0 && WSTOPSIG(status) == (SIGTRAP | 0x80))
        how = pid == t->leaves ? at_leave(t, pid) : PTRACE_CONT;
    else if (event == 0 && WSTOPSIG(status) != SIGSTOP)
        signal = WSTOPSIG(status);
    if (how >= 0)
        (void)ptrace((enum __ptrace_request)how, pid, NULL, (void *)(intptr_t)signal);
}

static volatile sig_atomic_t time_over;
static void note_time(int signal)
{
    (void)signal;
    time_over = 1;
}

static void watch(tracer *t)
{
    struct sigaction act = { .sa_handler = note_time };
    time_over = 0;
    (void)sigaction(SIGALRM, &act, NULL);
    (void)alarm(t->plan->seconds);
    while (t->count > 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR && time_over) {
            t->end->hung = true;
            kill_all(t);
            time_over = 0;
        }
        if (pid < 0 && errno == ECHILD)
            break;
        if (pid > 0)
            follow(t, pid, status);
    }
    if (t->company > 0 && waitpid(t->company, &t->end->company, 0) != t->company) {
        t->end->hung = true;
        (void)kill(t->company, SIGKILL);
        (void)waitpid(t->company, &t->end->company, 0);
    }
    (void)alarm(0);
}

bool trace_run(trace_end *end, const trace_plan *plan, const char *out, const char *err,
               trace_calls *calls)
{
    static tracer t;
    int status = 0;
    memset(end, 0, sizeof(*end));
    memset(&t, 0, sizeof(t));
    t.plan = plan;
    t.end = end;
    t.calls = calls;
    (void)fflush(NULL);
    pid_t pid = fork();
    DBK_ASSERT(pid >= 0);
    if (pid == 0)
        become(plan->argv, out, err);
    DBK_ASSERT(waitpid(pid, &status, __WALL) == pid);
    if (!WIFSTOPPED(status))
        return false;
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
                   PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                   PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options) != 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, __WALL);
        return false;
    }
    t.main = pid;
    know(&t, pid);
    (void)ptrace(PTRACE_CONT, pid, NULL, NULL);
    if (plan->company != NULL)
        t.company = plan->company(plan->ctx, pid);
    watch(&t);
    return !(WIFEXITED(end->status) && WEXITSTATUS(end->status) == 77);
}

#else

const trace_kind *trace_kind_of(long number)
{
    (void)number;
    return NULL;
}

const char *trace_error_name(int error)
{
    (void)error;
    return "";
}

bool trace_run(trace_end *end, const trace_plan *plan, const char *out, const char *err,
               trace_calls *calls)
{
    (void)end, (void)plan, (void)out, (void)err, (void)calls;
    return false;
}

#endif
