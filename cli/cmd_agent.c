/* Unlocking once a shift: unlock, lock, and the agent in between. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/cmd.h"
#include "cli/looks.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define KEY_FD 3 /* of an agent that `unlock` starts */
#define KEY_FD_TEXT "3"

/* What a started agent says to `unlock` over the descriptor that the key came by. */
typedef struct birth {
    int32_t rc;
    uint32_t locked; /* its memory can't reach the swap */
    char text[DBK_ERR_TEXT_MAX];
} birth;

/* Compressed memory never leaves the machine; anything else may be a disk in clear. */
static bool swap_is_in_use(void)
{
    char text[1024];
    int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    text[got > 0 ? got : 0] = '\0';
    for (const char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n'))
        if (line[1] == '/' && strncmp(line + 1, "/dev/zram", 9) != 0)
            return true;
    return false;
}

static dbk_rc check_memory(bool locked, bool strict, dbk_err *err)
{
    if (swap_is_in_use())
        out_note("! This machine swaps. Notes that are shown may reach its disk: encrypt the swap, "
                 "or switch it off.");
    if (locked)
        return DBK_OK;
    if (strict)
        return dbk_fail(err, DBK_DENIED,
                        "the system doesn't let the key's memory be locked (ulimit -l), and "
                        "--strict was given");
    out_note("! The system doesn't let the key's memory be locked (ulimit -l): it may reach the "
             "swap.");
    return DBK_OK;
}

dbk_rc agent_limits_read(agent_limits *limits, const cli_args *a, dbk_err *err)
{
    dbk_rc rc = agent_duration(&limits->for_ms, cli_option_value(a, "--for"), AGENT_FOR_MS, err);
    if (rc == DBK_OK)
        rc = agent_duration(&limits->idle_ms, cli_option_value(a, "--idle"), AGENT_IDLE_MS, err);
    return rc;
}

/* The key of the store, by its passphrase; the store is proved to open with it, and closed. */
static dbk_rc key_by_passphrase(dbk_secret **key, cli *c, dbk_err *err)
{
    dbk_secret *passphrase = NULL;
    dbk_rc rc = cli_open_book(c, &passphrase, err);
    dbk_secret_free(passphrase);
    if (rc == DBK_OK)
        rc = dbk_secret_from(key, dbk_secret_bytes(dbk_book_store_key(c->book)), err);
    if (rc == DBK_OK) { /* one entry for a shift; who types the passphrase each time is seen by
                           what each command leaves */
        (void)!dbk_device_log_now(c->book, DBK_DEVICE_UNLOCKED, NULL);
        cli_looks_device(c);
    }
    dbk_book_close(c->book);
    c->book = NULL;
    return rc;
}

/* ---- the agent ----------------------------------------------------------------------------- */

typedef struct parent {
    int fd; /* -1: in the foreground */
    bool locked;
} parent;

static void tell(const parent *p, dbk_rc rc, const char *text)
{
    birth b = { .rc = (int32_t)rc, .locked = p->locked };
    (void)snprintf(b.text, sizeof(b.text), "%s", text);
    (void)!send(p->fd, &b, sizeof(b), MSG_NOSIGNAL);
}

static void say_ready(void *ctx)
{
    parent *p = ctx;
    if (p->fd < 0) {
        out_note("Unlocked. Ctrl-C or `daybook lock` locks.");
        return;
    }
    tell(p, DBK_OK, "");
    (void)close(p->fd);
    p->fd = -1;
}

static dbk_rc key_by_descriptor(dbk_secret **key, int fd, dbk_err *err)
{
    size_t len = 0;
    dbk_rc rc = dbk_secret_new(key, AGENT_KEY_BYTES, err);
    while (rc == DBK_OK && len < AGENT_KEY_BYTES) {
        ssize_t got = read(fd, dbk_secret_room(*key) + len, AGENT_KEY_BYTES - len);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            rc = dbk_fail(err, DBK_USAGE, "--key-fd is for `daybook unlock` to use");
        len += got > 0 ? (size_t)got : 0;
    }
    return rc;
}

dbk_rc cmd_agent(cli *c, const cli_args *a, dbk_err *err)
{
    bool started = cli_option_given(a, "--key-fd");
    parent p = { .fd = started ? KEY_FD : -1 };
    const agent_ready ready = { say_ready, &p };
    dbk_secret *key = NULL;
    agent_limits limits;
    const char *why = "";
    dbk_rc rc = agent_limits_read(&limits, a, err);
    if (rc == DBK_OK && started && strcmp(cli_option_value(a, "--key-fd"), KEY_FD_TEXT) != 0)
        rc = dbk_fail(err, DBK_USAGE, "--key-fd is for `daybook unlock` to use");
    if (rc == DBK_OK)
        rc = started ? key_by_descriptor(&key, KEY_FD, err) : key_by_passphrase(&key, c, err);
    p.locked = rc == DBK_OK && dbk_secret_locked(key);
    if (rc == DBK_OK)
        rc = check_memory(p.locked, cli_option_given(a, "--strict"), err);
    if (rc == DBK_OK) {
        (void)!agent_ask_lock(c->store, NULL); /* the one before; none is as good */
        rc = agent_serve(&key, c->store, &limits, &ready, &why, err);
    }
    dbk_secret_free(key);
    if (rc == DBK_OK)
        out_note("Locked: %s.", why);
    else if (p.fd >= 0)
        tell(&p, rc, err->text);
    return rc;
}

/* ---- unlock and lock ----------------------------------------------------------------------- */

/* In the child: nothing of this program's memory goes along, only the key, by the descriptor. */
static void become_agent(int fd, const cli_args *a, const char *store)
{
    const char *for_text = cli_option_value(a, "--for"), *idle = cli_option_value(a, "--idle");
    const char *argv[12];
    size_t n = 0;
    argv[n++] = "daybook";
    argv[n++] = "agent";
    argv[n++] = "--store";
    argv[n++] = store;
    argv[n++] = "--key-fd";
    argv[n++] = KEY_FD_TEXT;
    if (for_text != NULL) {
        argv[n++] = "--for";
        argv[n++] = for_text;
    }
    if (idle != NULL) {
        argv[n++] = "--idle";
        argv[n++] = idle;
    }
    if (cli_option_given(a, "--strict"))
        argv[n++] = "--strict";
    argv[n] = NULL;
    int nothing = open("/dev/null", O_RDWR);
    if (setsid() < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(nothing, STDOUT_FILENO) < 0 || dup2(nothing, STDERR_FILENO) < 0 ||
        (fd == KEY_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, KEY_FD)) < 0 || chdir("/") != 0)
        return;
    /* Descriptors that this program inherited are not the agent's to keep for a day. */
    for (int other = KEY_FD + 1; other < 1024; other++)
        (void)close(other);
    (void)execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
}

static dbk_rc hear(birth *b, int fd, dbk_err *err)
{
    ssize_t got;
    do
        got = recv(fd, b, sizeof(*b), MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(*b))
        return dbk_fail(err, DBK_IO, "the agent did not start");
    b->text[sizeof(b->text) - 1] = '\0';
    if (b->rc > DBK_OK && b->rc < DBK_RC_COUNT)
        return dbk_fail(err, (dbk_rc)b->rc, "%s", b->text);
    return DBK_OK;
}

static dbk_rc start_agent(birth *b, const dbk_secret *key, const cli_args *a, const char *store,
                          dbk_err *err)
{
    int pair[2];
    dbk_rc rc = DBK_OK;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return dbk_fail(err, DBK_IO, "the agent can't be started: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        become_agent(pair[1], a, store);
        _exit(1);
    }
    (void)close(pair[1]);
    dbk_span bytes = dbk_secret_bytes(key);
    if (child < 0 || send(pair[0], bytes.p, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
        rc = dbk_fail(err, DBK_IO, "the agent can't be started: %s", strerror(errno));
    if (rc == DBK_OK)
        rc = hear(b, pair[0], err);
    (void)close(pair[0]);
    return rc;
}

static unsigned long long minutes(uint64_t ms)
{
    return (unsigned long long)((ms + 59999u) / 60000u);
}

dbk_rc cmd_unlock(cli *c, const cli_args *a, dbk_err *err)
{
    char store[PATH_MAX];
    dbk_secret *key = NULL;
    birth b = { 0 };
    agent_limits limits;
    dbk_rc rc = agent_limits_read(&limits, a, err);
    if (rc == DBK_OK)
        rc = key_by_passphrase(&key, c, err);
    if (rc == DBK_OK && realpath(c->store, store) == NULL)
        rc = dbk_fail(err, DBK_IO, "the store's folder: %s", strerror(errno));
    if (rc == DBK_OK)
        rc = start_agent(&b, key, a, store, err);
    dbk_secret_free(key);
    if (rc == DBK_OK)
        rc = check_memory(b.locked != 0, false, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b, s:b, s:I, s:I}", "unlocked", 1, "memory_locked",
                                       (int)b.locked, "idle_s", (json_int_t)limits.idle_ms / 1000,
                                       "for_s", (json_int_t)limits.for_ms / 1000),
                             err);
    out_text("Unlocked for %llu minutes, or until nobody uses it for %llu. `daybook lock` locks "
             "at once.\n",
             minutes(limits.for_ms), minutes(limits.idle_ms));
    return DBK_OK;
}

dbk_rc cmd_lock(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_err none = { 0 };
    (void)a;
    dbk_rc rc = cli_store_exists(c, err);
    if (rc != DBK_OK)
        return rc;
    bool was = agent_ask_lock(c->store, &none) == DBK_OK;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b, s:b}", "locked", 1, "was_unlocked", (int)was), err);
    out_text(was ? "Locked.\n" : "It was locked already.\n");
    return DBK_OK;
}
