/* A33: code that runs inside the relay can't open, run, trace, start or reach anything. Each
 * attempt is made by a child that has entered the sandbox, and is judged by how that child ends. */
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/relay/front.h"
#include "tests/lib/env.h"

#define DONE 0 /* the attempt succeeded */
#define SKIPPED 77
#define NO_WALL 99
/* How a child ended: its exit status, or a signal. */
#define BY_SIGNAL(n) (1000 + (n))
#define KILLED BY_SIGNAL(SIGSYS)

typedef struct place {
    char folder[DBK_TEST_PATH_SIZE];
    char outside[DBK_TEST_PATH_SIZE + sizeof(".outside")];
    int listener; /* on 127.0.0.1 */
    uint16_t port;
} place;

static int listen_here(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s, 8), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return s;
}

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    (void)close(fd);
}

static int set_up(void **state)
{
    static place p;
    dbk_test_dir_make(p.folder);
    (void)snprintf(p.outside, sizeof(p.outside), "%s.outside", p.folder);
    write_file(p.outside);
    p.listener = listen_here(&p.port);
    *state = &p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    char path[DBK_TEST_PATH_SIZE + sizeof("/kept")];
    (void)snprintf(path, sizeof(path), "%s/kept", p->folder);
    (void)unlink(path);
    (void)unlink(p->outside);
    (void)close(p->listener);
    return rmdir(p->folder);
}

typedef int (*attempt_fn)(const place *p); /* DONE, or errno */

typedef struct attempt {
    const place *p;
    attempt_fn fn;
    dbk_sandbox_wants wants;
    void (*before)(void); /* in the child; NULL: nothing */
} attempt;

static int run(const attempt *a)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dbk_sandbox_report report;
        if (a->before != NULL)
            a->before();
        if (dbk_sandbox_enter(&a->wants, &report, NULL) != DBK_OK)
            _exit(NO_WALL);
        if (report.landlock == 0 || !report.seccomp)
            _exit(SKIPPED);
        _exit(a->fn(a->p));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? BY_SIGNAL(WTERMSIG(status)) : WEXITSTATUS(status);
}

/* ---- the attempts ------------------------------------------------------------------------ */

static int result(long rc)
{
    return rc >= 0 ? DONE : errno;
}

static int read_passwd(const place *p)
{
    (void)p;
    return result(open("/etc/passwd", O_RDONLY));
}

static int write_outside(const place *p)
{
    return result(open(p->outside, O_WRONLY));
}

static int make_outside(const place *p)
{
    (void)p;
    return result(open("/tmp/daybook-sandbox.made", O_WRONLY | O_CREAT, 0600));
}

static int link_in(const place *p)
{
    char path[DBK_TEST_PATH_SIZE + sizeof("/kept")];
    (void)snprintf(path, sizeof(path), "%s/link", p->folder);
    return result(syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD, path));
}

static int keep_a_file(const place *p)
{
    char path[DBK_TEST_PATH_SIZE + sizeof("/kept")];
    (void)snprintf(path, sizeof(path), "%s/kept", p->folder);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || ftruncate(fd, 0) != 0 || fsync(fd) != 0)
        return errno;
    return result(unlink(path));
}

static int run_a_program(const place *p)
{
    char *argv[] = { (char *)(uintptr_t) "true", NULL };
    (void)p;
    return result(execve("/bin/true", argv, argv + 1));
}

static int trace_its_parent(const place *p)
{
    (void)p;
    return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int read_a_process(const place *p)
{
    (void)p;
    return result(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
}

static int start_a_process(const place *p)
{
    (void)p;
    return result(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));
}

static int load_code(const place *p)
{
    (void)p;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED
               ? DONE
               : errno;
}

static int open_a_socket(const place *p)
{
    (void)p;
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int reach(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return result(connect(s, (struct sockaddr *)&at, sizeof(at)));
}

static int reach_the_port(const place *p)
{
    return reach(p->port);
}

static int reach_another_port(const place *p)
{
    uint16_t port = p->port == 1 ? 2 : 1;
    return reach(port);
}

static int signal_its_parent(const place *p)
{
    (void)p;
    return result(kill(getppid(), 0));
}

static int make_a_raw_socket(const place *p)
{
    (void)p;
    return result(socket(AF_PACKET, SOCK_RAW, 0));
}

static void *nothing(void *ctx)
{
    return ctx;
}

static int start_a_thread(const place *p)
{
    pthread_t t;
    (void)p;
    int rc = pthread_create(&t, NULL, nothing, NULL);
    return rc == 0 ? pthread_join(t, NULL) : rc;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

/* The C library asks how much memory there is before it takes some to sort in. */
static int sort_much(const place *p)
{
    uint32_t numbers[4096];
    (void)p;
    for (uint32_t i = 0; i < ARRAY_LEN(numbers); i++)
        numbers[i] = i * 2654435761u;
    qsort(numbers, ARRAY_LEN(numbers), sizeof(numbers[0]), by_number);
    return numbers[0] <= numbers[1] ? DONE : EIO;
}

/* ---- what each profile may --------------------------------------------------------------- */

typedef struct row {
    const char *what;
    attempt_fn fn;
    int expected;
} row;

static bool skipped(int got)
{
    if (got != SKIPPED)
        return false;
    print_message("skipped: this kernel has no Landlock or no seccomp\n");
    return true;
}

static void check(const place *p, const dbk_sandbox_wants *wants, const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        attempt a = { p, rows[i].fn, *wants, NULL };
        int got = run(&a);
        if (skipped(got))
            skip();
        if (got != rows[i].expected)
            print_error("%s: ends with %d, expected %d\n", rows[i].what, got, rows[i].expected);
        assert_int_equal(got, rows[i].expected);
    }
}

static void who_keeps_a_log_has_its_folder_and_nothing_else_A33(void **state)
{
    const place *p = *state;
    dbk_sandbox_wants wants = { .folder = p->folder };
    static const row rows[] = {
        { "its file", keep_a_file, DONE },
        { "a thread", start_a_thread, DONE },
        { "sorting", sort_much, DONE },
        { "/etc/passwd", read_passwd, EACCES },
        { "a file outside", write_outside, EACCES },
        { "a new file outside", make_outside, EACCES },
        { "a link", link_in, KILLED },
        { "a program", run_a_program, KILLED },
        { "tracing", trace_its_parent, KILLED },
        { "another's memory", read_a_process, KILLED },
        { "a process", start_a_process, KILLED },
        { "a signal", signal_its_parent, KILLED },
        { "memory to run", load_code, EACCES },
        { "a socket", open_a_socket, KILLED },
        { "a connection", reach_the_port, KILLED },
    };
    check(p, &wants, rows, ARRAY_LEN(rows));
}

static void the_front_opens_no_file_at_all_A33(void **state)
{
    const place *p = *state;
    dbk_sandbox_wants wants;
    dbk_front_wants(&wants);
    static const row rows[] = {
        { "sorting", sort_much, DONE },
        { "a thread", start_a_thread, DONE },
        { "the log's folder", keep_a_file, EACCES },
        { "/etc/passwd", read_passwd, EACCES },
        { "a program", run_a_program, KILLED },
        { "tracing", trace_its_parent, KILLED },
        { "a process", start_a_process, KILLED },
        { "memory to run", load_code, EACCES },
        { "a connection", reach_the_port, KILLED },
    };
    check(p, &wants, rows, ARRAY_LEN(rows));
}

static void who_has_a_database_reaches_its_port_only_A33(void **state)
{
    const place *p = *state;
    const uint16_t ports[] = { p->port };
    static const char *const reads[] = { "/etc", "/no/such/folder" };
    dbk_sandbox_wants wants = { .folder = p->folder,
                                .reads = reads,
                                .reads_count = ARRAY_LEN(reads),
                                .connects = true,
                                .ports = ports,
                                .ports_count = 1 };
    static const row rows[] = {
        { "its file", keep_a_file, DONE },
        { "the database", reach_the_port, DONE },
        { "what it may read", read_passwd, DONE },
        { "what it may not write", make_outside, EACCES },
        { "a raw socket", make_a_raw_socket, KILLED },
        { "a program", run_a_program, KILLED },
    };
    check(p, &wants, rows, ARRAY_LEN(rows));
    attempt other = { p, reach_another_port, wants, NULL };
    int got = run(&other);
    if (got == ECONNREFUSED)
        print_message("skipped in part: this kernel's Landlock doesn't know ports\n");
    else
        assert_int_equal(got, EACCES);
}

static void *run_when_told(void *ctx)
{
    int *from = ctx;
    char c;
    if (read(*from, &c, 1) == 1)
        (void)run_a_program(NULL);
    return NULL;
}

static int started_before[2];

static void start_before(void)
{
    pthread_t t;
    if (pipe(started_before) != 0 ||
        pthread_create(&t, NULL, run_when_told, &started_before[0]) != 0)
        _exit(NO_WALL);
}

static int tell_it(const place *p)
{
    (void)p;
    if (write(started_before[1], "x", 1) != 1)
        return EIO;
    (void)sleep(5); /* the other is the one that is tried */
    return DONE;
}

static void a_thread_that_ran_before_makes_no_other_calls_either(void **state)
{
    attempt a = { *state, tell_it, { 0 }, start_before };
    int got = run(&a);
    if (!skipped(got))
        assert_int_equal(got, KILLED);
}

/* ---- a kernel without -------------------------------------------------------------------- */

/* As an older kernel answers. */
static void without(int call, int error)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    if (f == NULL || seccomp_rule_add(f, SCMP_ACT_ERRNO((unsigned)error), call, 0) != 0 ||
        seccomp_load(f) != 0)
        _exit(NO_WALL);
    seccomp_release(f);
}

static int said(int missing, int error)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        dbk_sandbox_report r;
        dbk_sandbox_wants wants = { .answers = true };
        without(missing, error);
        if (dbk_sandbox_enter(&wants, &r, NULL) != DBK_OK)
            _exit(NO_WALL);
        if (missing == SCMP_SYS(seccomp))
            _exit(!r.seccomp && r.seccomp_why != NULL ? 0 : 1);
        _exit(r.landlock == 0 && !r.ports && r.landlock_why != NULL &&
                      strcmp(r.landlock_why,
                             error == ENOSYS ? "kernel-without-it" : "switched-off") == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void a_kernel_without_a_wall_is_said_and_no_failure(void **state)
{
    (void)state;
    assert_int_equal(said(SCMP_SYS(landlock_create_ruleset), ENOSYS), 0);
    assert_int_equal(said(SCMP_SYS(landlock_create_ruleset), EOPNOTSUPP), 0);
    assert_int_equal(said(SCMP_SYS(seccomp), ENOSYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_keeps_a_log_has_its_folder_and_nothing_else_A33),
        cmocka_unit_test(the_front_opens_no_file_at_all_A33),
        cmocka_unit_test(who_has_a_database_reaches_its_port_only_A33),
        cmocka_unit_test(a_thread_that_ran_before_makes_no_other_calls_either),
        cmocka_unit_test(a_kernel_without_a_wall_is_said_and_no_failure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
