#define _GNU_SOURCE /* O_PATH, CLONE_THREAD */
#include "sync/relay/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Landlock ---------------------------------------------------------------------------- */

/* The kernel's header of Debian 12 knows two versions; the layout is the kernel's and grows at its
 * end. A kernel takes a longer one than it knows, if what it doesn't know is zero. */
typedef struct ruleset {
    uint64_t files;
    uint64_t ports;
    uint64_t scopes;
} ruleset;
typedef struct port_rule {
    uint64_t allowed;
    uint64_t port;
} port_rule;
#define RULE_PORT 2

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_DIR LANDLOCK_ACCESS_FS_READ_DIR
#define TRUNCATE (UINT64_C(1) << 14)
/* What the folder of a log needs: no programs, no folders below, no devices, sockets or links. */
#define KEEP_FILES                                                                        \
    (READ_FILE | READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | TRUNCATE)
#define BIND_TCP UINT64_C(1)
#define CONNECT_TCP UINT64_C(2)

/* What each version adds to what can be denied; all of it is, but what rules give back. */
static const struct {
    unsigned version;
    ruleset adds;
} versions[] = {
    { 1, { (UINT64_C(1) << 13) - 1, 0, 0 } },
    { 2, { UINT64_C(1) << 13, 0, 0 } },             /* moves between folders */
    { 3, { TRUNCATE, 0, 0 } },                      /* */
    { 4, { 0, BIND_TCP | CONNECT_TCP, 0 } },        /* */
    { 5, { UINT64_C(1) << 15, 0, 0 } },             /* devices' ioctl */
    { 6, { 0, 0, UINT64_C(1) | UINT64_C(1) << 1 } } /* abstract sockets, signals: to outside */
};

static dbk_rc fail_wall(const char *what, dbk_err *err)
{
    return dbk_fail(err, DBK_IO, "the sandbox can't be put up: %s: %s", what, strerror(errno));
}

static dbk_rc allow_path(int rules, const char *path, uint64_t access, dbk_err *err)
{
    struct stat st;
    dbk_rc rc = DBK_OK;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? DBK_OK : fail_wall(path, err);
    if (fstat(fd, &st) != 0)
        rc = fail_wall(path, err);
    else if (!S_ISDIR(st.st_mode))
        access &= ~(uint64_t)READ_DIR; /* the kernel wants it so */
    struct landlock_path_beneath_attr rule = { access, fd };
    if (rc == DBK_OK &&
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        rc = fail_wall(path, err);
    (void)close(fd);
    return rc;
}

static dbk_rc allow_all(int rules, const ruleset *denied, const dbk_sandbox_wants *w, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (w->folder != NULL)
        rc = allow_path(rules, w->folder, KEEP_FILES & denied->files, err);
    for (size_t i = 0; i < w->reads_count && rc == DBK_OK; i++)
        rc = allow_path(rules, w->reads[i], READ_FILE | READ_DIR, err);
    for (size_t i = 0; i < w->ports_count && rc == DBK_OK && denied->ports != 0; i++) {
        port_rule rule = { CONNECT_TCP, w->ports[i] };
        if (syscall(SYS_landlock_add_rule, rules, RULE_PORT, &rule, 0) != 0)
            rc = fail_wall("a port", err);
    }
    return rc;
}

static dbk_rc enter_landlock(const dbk_sandbox_wants *w, dbk_sandbox_report *out, dbk_err *err)
{
    ruleset denied = { 0, 0, 0 };
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        out->landlock_why = errno == EOPNOTSUPP ? "switched-off" : "kernel-without-it";
        return DBK_OK;
    }
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (version < (long)versions[i].version)
            break;
        denied.files |= versions[i].adds.files;
        denied.ports |= versions[i].adds.ports;
        denied.scopes |= versions[i].adds.scopes;
    }
    int rules = (int)syscall(SYS_landlock_create_ruleset, &denied, sizeof(denied), 0);
    if (rules < 0)
        return fail_wall("Landlock", err);
    dbk_rc rc = allow_all(rules, &denied, w, err);
    if (rc == DBK_OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        rc = fail_wall("Landlock", err);
    (void)close(rules);
    out->landlock = rc == DBK_OK ? (unsigned)version : 0;
    out->ports = rc == DBK_OK && denied.ports != 0;
    return rc;
}

/* ---- seccomp ----------------------------------------------------------------------------- */

/* Who makes a call. */
enum {
    ALL = 1,     /* memory, threads, time, what is open already, a good end */
    FILES = 2,   /* opens files */
    KEEPS = 4,   /* changes them */
    ANSWERS = 8, /* takes connections */
    CONNECTS = 16,
    FILELESS = 32 /* opens none */
};
static const struct {
    int call;
    unsigned who;
} calls[] = {
    { SCMP_SYS(brk), ALL },
    { SCMP_SYS(munmap), ALL },
    { SCMP_SYS(mremap), ALL },
    { SCMP_SYS(madvise), ALL },
    { SCMP_SYS(mlock), ALL },
    { SCMP_SYS(munlock), ALL },
    { SCMP_SYS(futex), ALL },
    { SCMP_SYS(set_robust_list), ALL },
    { SCMP_SYS(rseq), ALL },
    { SCMP_SYS(sched_yield), ALL },
    { SCMP_SYS(sched_getaffinity), ALL }, /* the heap asks how many processors there are */
    { SCMP_SYS(sysinfo), ALL },           /* and qsort how much memory */
    { SCMP_SYS(getrusage), ALL },
    { SCMP_SYS(gettid), ALL },
    { SCMP_SYS(getpid), ALL },
    { SCMP_SYS(exit), ALL },
    { SCMP_SYS(exit_group), ALL },
    { SCMP_SYS(rt_sigaction), ALL },
    { SCMP_SYS(rt_sigprocmask), ALL },
    { SCMP_SYS(rt_sigtimedwait), ALL },
    { SCMP_SYS(rt_sigreturn), ALL },
    { SCMP_SYS(sigaltstack), ALL },
    { SCMP_SYS(tgkill), ALL }, /* abort; Landlock keeps signals inside */
    { SCMP_SYS(restart_syscall), ALL },
    { SCMP_SYS(getrandom), ALL },
    { SCMP_SYS(clock_gettime), ALL },
    { SCMP_SYS(clock_nanosleep), ALL },
    { SCMP_SYS(nanosleep), ALL },
    { SCMP_SYS(gettimeofday), ALL },
    { SCMP_SYS(time), ALL },
    { SCMP_SYS(read), ALL },
    { SCMP_SYS(write), ALL },
    { SCMP_SYS(readv), ALL },
    { SCMP_SYS(writev), ALL },
    { SCMP_SYS(recvfrom), ALL },
    { SCMP_SYS(sendto), ALL },
    { SCMP_SYS(recvmsg), ALL },
    { SCMP_SYS(sendmsg), ALL },
    { SCMP_SYS(shutdown), ALL },
    { SCMP_SYS(close), ALL },
    { SCMP_SYS(poll), ALL },
    { SCMP_SYS(ppoll), ALL },
    { SCMP_SYS(fstat), ALL },
    { SCMP_SYS(lseek), ALL },
    { SCMP_SYS(wait4), ALL },
    { SCMP_SYS(waitid), ALL },
    { SCMP_SYS(newfstatat), ALL }, /* fstat of newer C libraries; Landlock doesn't hold it */

    { SCMP_SYS(accept), ANSWERS },
    { SCMP_SYS(accept4), ANSWERS },
    { SCMP_SYS(select), ANSWERS },
    { SCMP_SYS(pselect6), ANSWERS },
    { SCMP_SYS(epoll_create1), ANSWERS },
    { SCMP_SYS(epoll_ctl), ANSWERS },
    { SCMP_SYS(epoll_wait), ANSWERS },
    { SCMP_SYS(epoll_pwait), ANSWERS },
    { SCMP_SYS(eventfd2), ANSWERS },
    { SCMP_SYS(setsockopt), ANSWERS | CONNECTS },
    { SCMP_SYS(getsockopt), ANSWERS | CONNECTS },
    { SCMP_SYS(getsockname), ANSWERS | CONNECTS },
    { SCMP_SYS(fcntl), ANSWERS | FILES | CONNECTS },

    { SCMP_SYS(open), FILES },
    { SCMP_SYS(openat), FILES },
    { SCMP_SYS(access), FILES },
    { SCMP_SYS(faccessat), FILES },
    { SCMP_SYS(faccessat2), FILES },
    { SCMP_SYS(stat), FILES },
    { SCMP_SYS(lstat), FILES },
    { SCMP_SYS(statx), FILES },
    { SCMP_SYS(statfs), FILES },
    { SCMP_SYS(fstatfs), FILES },
    { SCMP_SYS(readlink), FILES },
    { SCMP_SYS(readlinkat), FILES },
    { SCMP_SYS(getcwd), FILES },
    { SCMP_SYS(getdents64), FILES },
    { SCMP_SYS(pread64), FILES },
    { SCMP_SYS(geteuid), FILES },
    { SCMP_SYS(getuid), FILES },
    { SCMP_SYS(getegid), FILES },
    { SCMP_SYS(getgid), FILES },
    { SCMP_SYS(getresuid), FILES },
    { SCMP_SYS(getresgid), FILES },

    { SCMP_SYS(pwrite64), KEEPS },
    { SCMP_SYS(fsync), KEEPS },
    { SCMP_SYS(fdatasync), KEEPS },
    { SCMP_SYS(ftruncate), KEEPS },
    { SCMP_SYS(fallocate), KEEPS },
    { SCMP_SYS(unlink), KEEPS },
    { SCMP_SYS(unlinkat), KEEPS },
    { SCMP_SYS(rename), KEEPS },
    { SCMP_SYS(renameat), KEEPS },
    { SCMP_SYS(renameat2), KEEPS },
    { SCMP_SYS(fchmod), KEEPS },
    { SCMP_SYS(fchown), KEEPS }, /* where root serves, SQLite gives its files to the log's owner */

    { SCMP_SYS(connect), CONNECTS },
    { SCMP_SYS(bind), CONNECTS },     /* of a name's look-up, to the kernel; TCP is Landlock's */
    { SCMP_SYS(sendmmsg), CONNECTS }, /* the same, to name servers */
    { SCMP_SYS(getpeername), CONNECTS },
    { SCMP_SYS(uname), CONNECTS },
};

/* Calls that are allowed in part, or answered with a failure that libraries know how to take: who
 * asks for memory that can be run, or the C library for what it can do in an older way. */
static const struct {
    int call;
    unsigned who;
    uint32_t action;
    struct scmp_arg_cmp when; /* op 0: always */
} partial[] = {
    { SCMP_SYS(mmap), ALL, SCMP_ACT_ALLOW, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
    { SCMP_SYS(mmap),
      ALL,
      SCMP_ACT_ERRNO(EACCES),
      { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC } },
    { SCMP_SYS(mprotect), ALL, SCMP_ACT_ALLOW, { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
    { SCMP_SYS(mprotect),
      ALL,
      SCMP_ACT_ERRNO(EACCES),
      { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC } },
#if defined(__s390__)
    { SCMP_SYS(clone), ALL, SCMP_ACT_ALLOW, { 1, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
#else
    { SCMP_SYS(clone), ALL, SCMP_ACT_ALLOW, { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
#endif
    { SCMP_SYS(clone3), ALL, SCMP_ACT_ERRNO(ENOSYS), { 0, 0, 0, 0 } }, /* its flags can't be seen */
    { SCMP_SYS(prctl), ALL, SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, PR_SET_NAME, 0 } },
    { SCMP_SYS(prctl), ALL, SCMP_ACT_ERRNO(EINVAL), { 0, SCMP_CMP_NE, PR_SET_NAME, 0 } },
    { SCMP_SYS(ioctl), ALL, SCMP_ACT_ERRNO(ENOTTY), { 0, 0, 0, 0 } }, /* is this a terminal? */
    { SCMP_SYS(prlimit64), ALL, SCMP_ACT_ERRNO(EPERM), { 0, 0, 0, 0 } },
    /* Libraries look for settings when they need them (a time zone, say), and do without. */
    { SCMP_SYS(open), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(openat), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(access), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(faccessat), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(faccessat2), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(stat), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(lstat), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(statx), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(readlink), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    { SCMP_SYS(readlinkat), FILELESS, SCMP_ACT_ERRNO(EACCES), { 0, 0, 0, 0 } },
    /* Kerberos looks for a ticket in the kernel's keys before each connection, if told to. */
    { SCMP_SYS(keyctl), CONNECTS, SCMP_ACT_ERRNO(ENOSYS), { 0, 0, 0, 0 } },
    { SCMP_SYS(add_key), CONNECTS, SCMP_ACT_ERRNO(ENOSYS), { 0, 0, 0, 0 } },
    { SCMP_SYS(request_key), CONNECTS, SCMP_ACT_ERRNO(ENOSYS), { 0, 0, 0, 0 } },
    { SCMP_SYS(socket), CONNECTS, SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_INET, 0 } },
    { SCMP_SYS(socket), CONNECTS, SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_INET6, 0 } },
    { SCMP_SYS(socket), CONNECTS, SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_UNIX, 0 } },
    /* Which addresses has this machine? Asked before a name's addresses are sorted. */
    { SCMP_SYS(socket), CONNECTS, SCMP_ACT_ALLOW, { 0, SCMP_CMP_EQ, AF_NETLINK, 0 } },
};

static int add_calls(scmp_filter_ctx filter, unsigned who)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && rc == 0; i++) {
        if ((calls[i].who & who) != 0)
            rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i].call, 0, NULL);
    }
    for (size_t i = 0; i < sizeof(partial) / sizeof(partial[0]) && rc == 0; i++) {
        unsigned count = partial[i].when.op == 0 ? 0 : 1;
        if ((partial[i].who & who) != 0)
            rc = seccomp_rule_add_array(filter, partial[i].action, partial[i].call, count,
                                        &partial[i].when);
    }
    return rc;
}

/* Does the kernel know this answer to a call that isn't allowed? */
static bool can_kill(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static dbk_rc enter_seccomp(const dbk_sandbox_wants *w, dbk_sandbox_report *out, dbk_err *err)
{
    unsigned who = ALL;
    if (!can_kill()) {
        out->seccomp_why = "kernel-without-it";
        return DBK_OK;
    }
    who |= w->folder != NULL ? FILES | KEEPS : 0;
    who |= w->reads_count > 0 ? FILES : 0;
    who |= (who & FILES) == 0 ? FILELESS : 0;
    who |= w->answers ? ANSWERS : 0;
    who |= w->connects ? CONNECTS : 0;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the sandbox");
    /* For all threads: there should be none yet, but a library may have begun one. */
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = add_calls(filter, who);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc != 0) {
        errno = -rc;
        return fail_wall("seccomp", err);
    }
    out->seccomp = true;
    return DBK_OK;
}

dbk_rc dbk_sandbox_enter(const dbk_sandbox_wants *wants, dbk_sandbox_report *out, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    DBK_ASSERT(!wants->connects || wants->ports_count > 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_wall("no_new_privs", err);
    dbk_rc rc = enter_landlock(wants, out, err);
    return rc == DBK_OK ? enter_seccomp(wants, out, err) : rc; /* last: it ends what went before */
}
