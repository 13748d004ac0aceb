#include "tests/lib/relayproc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/driver/driver.h"

#define CARD_ROOM 8192u

/* Runs it with stdout to *out (or nowhere) and stderr nowhere. -1: no such program. */
static pid_t run(const char *program, char *const argv[], int *out)
{
    int ends[2] = { -1, -1 };
    if (out != NULL && pipe(ends) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0); /* it goes with whoever began it */
        int nowhere = open("/dev/null", O_RDWR);
        (void)dup2(nowhere, STDIN_FILENO);
        (void)dup2(out != NULL ? ends[1] : nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        for (int fd = 3; fd < 256; fd++)
            (void)close(fd);
        (void)execv(program, argv);
        _exit(127);
    }
    if (out != NULL) {
        (void)close(ends[1]);
        *out = ends[0];
    }
    return pid;
}

static bool run_init(const char *program, const char *dir)
{
    int status = -1;
    char *argv[] = { (char *)(uintptr_t)program, (char *)"init", (char *)(uintptr_t)dir, NULL };
    pid_t pid = run(program, argv, NULL);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool read_card(relayproc *r, const char *dir)
{
    static char text[CARD_ROOM];
    dbk_err err = { 0 };
    FILE *f = fopen(dbk_test_path(dir, "relay-card.txt"), "rb");
    if (f == NULL)
        return false;
    size_t len = fread(text, 1, sizeof(text), f);
    (void)fclose(f);
    if (dbk_relay_card_parse(&r->card, dbk_span_of(text, len), &err) == DBK_OK)
        return true;
    fprintf(stderr, "relayproc: %s\n", err.text);
    return false;
}

/* "listening on https://127.0.0.1:43210" */
static bool read_url(relayproc *r, int out)
{
    char line[256];
    FILE *f = fdopen(out, "r");
    if (f == NULL)
        return false;
    bool found = false;
    while (!found && fgets(line, sizeof(line), f) != NULL) {
        const char *url = strstr(line, "https://");
        found = url != NULL;
        if (found)
            (void)snprintf(r->url, sizeof(r->url), "%.*s", (int)strcspn(url, " \r\n"), url);
    }
    (void)fclose(f); /* it prints nothing more */
    return found;
}

static bool serve(relayproc *r, const char *program, const char *data, bool behind_proxy)
{
    int out = -1;
    char *argv[] = { (char *)(uintptr_t)program,
                     (char *)"serve",
                     (char *)"--data",
                     (char *)(uintptr_t)data,
                     (char *)"--listen",
                     (char *)"127.0.0.1:0",
                     behind_proxy ? (char *)"--behind-proxy" : NULL,
                     NULL };
    r->pid = run(program, argv, &out);
    /* A card without an address is for the operator to fill in: its other lines are what counts. */
    bool ok = r->pid > 0 && read_url(r, out) && read_card(r, data);
    if (ok)
        (void)snprintf(r->card.url, sizeof(r->card.url), "%s", r->url);
    return ok;
}

static bool served(relayproc *r, const char *program, bool ok)
{
    if (ok)
        return true;
    fprintf(stderr, "relayproc: %s does not start\n", program);
    relayproc_stop(r);
    return false;
}

bool relayproc_start(relayproc *r, const char *program)
{
    char data[2 * DBK_TEST_PATH_SIZE];
    memset(r, 0, sizeof(*r));
    r->pid = -1;
    dbk_test_dir_make(r->dir);
    (void)snprintf(data, sizeof(data), "%s/relay", r->dir);
    return served(r, program, run_init(program, data) && serve(r, program, data, false));
}

bool relayproc_serve(relayproc *r, const char *program, const char *data, bool behind_proxy)
{
    memset(r, 0, sizeof(*r));
    return served(r, program, serve(r, program, data, behind_proxy));
}

void relayproc_stop(relayproc *r)
{
    if (r->pid > 0) {
        (void)kill(r->pid, SIGTERM);
        (void)waitpid(r->pid, NULL, 0);
    }
    r->pid = -1;
    if (r->dir[0] != '\0')
        dbk_test_dir_remove(r->dir);
}

double relayproc_cpu_s(const relayproc *r)
{
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)r->pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    (void)fclose(f);
    /* Fields 14 and 15; the second is the name in brackets, which may hold anything. */
    const char *p = strrchr(text, ')');
    if (p == NULL ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        return 0;
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

unsigned long relayproc_peak_kib(const relayproc *r)
{
    char path[64], line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)r->pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        (void)sscanf(line, "VmHWM: %lu", &kib);
    if (f != NULL)
        (void)fclose(f);
    return kib;
}
