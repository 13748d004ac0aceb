/* The agent itself: waits, answers, and wipes; see cli/agent.h. */
#define _GNU_SOURCE /* struct ucred, accept4 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/agent.h"
#include "core/base/alloc.h"

#define LOOK_MS 500u  /* between two looks at the clock and the store */
#define SLEPT_MS 1000 /* so far may the two clocks drift apart before it counts as sleep */
#define BACKLOG 16
#define SLOTS_NAME "keys.slots"

typedef struct agent {
    dbk_secret *key;
    const char *store;
    dbk_bytes slots; /* the slot file as it was when the store was unlocked */
    agent_place place;
    agent_limits limits;
    uint64_t started_ms, used_ms; /* boot time */
    int64_t slept_ms;             /* of slept_so_far_ms(), at the start */
    ino_t socket;
    int listener, signals;
} agent;

static dbk_rc read_slots(dbk_bytes *out, const char *store)
{
    uint8_t bytes[DBK_SLOTS_BYTES_MAX];
    int folder = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : openat(folder, SLOTS_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    if (fd >= 0)
        (void)close(fd);
    if (folder >= 0)
        (void)close(folder);
    if (got <= 0)
        return DBK_NOT_FOUND;
    return dbk_bytes_append(out, dbk_span_of(bytes, (size_t)got), NULL);
}

/* A new passphrase, a re-keyed store, another slot, another store: whoever did that may not want
 * this key to be handed out any longer. */
static bool slots_changed(const agent *a)
{
    dbk_bytes now = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    bool same = read_slots(&now, a->store) == DBK_OK &&
                dbk_span_equal(dbk_bytes_span(&now), dbk_bytes_span(&a->slots));
    dbk_bytes_wipe(&now);
    return !same;
}

/* Nobody could lock an agent that can't be reached any more. */
static bool socket_gone(const agent *a)
{
    struct stat st;
    return lstat(a->place.address.sun_path, &st) != 0 || st.st_ino != a->socket;
}

/* Why the store is to be locked now; NULL: it isn't. */
/* Boot time less monotonic time. Of a machine that never slept it is 0, or, as one clock is read
 * after the other, -1. */
static int64_t slept_so_far_ms(void)
{
    uint64_t boottime_ms = dbk_boottime_ms();
    return (int64_t)boottime_ms - (int64_t)dbk_monotonic_ms();
}

static const char *due(const agent *a)
{
    uint64_t now_ms = dbk_boottime_ms();
    if (slept_so_far_ms() > a->slept_ms + SLEPT_MS)
        return "the machine slept";
    if (now_ms - a->started_ms >= a->limits.for_ms)
        return "its time is over";
    if (now_ms - a->used_ms >= a->limits.idle_ms)
        return "nobody used it";
    if (slots_changed(a))
        return "the store or its passphrase changed, or it is gone";
    if (socket_gone(a))
        return "its socket was taken away";
    return NULL;
}

static bool signal_waits(const agent *a)
{
    struct pollfd look = { .fd = a->signals, .events = POLLIN };
    return poll(&look, 1, 0) > 0;
}

/* The kind asked for, or 0. A signal ends the wait, too. */
static unsigned receive(const agent *a, int fd)
{
    uint8_t request[AGENT_REQUEST_BYTES];
    uint64_t end_ms = dbk_monotonic_ms() + AGENT_CONNECTION_MS, now_ms;
    size_t len = 0;
    while (len < sizeof(request) && (now_ms = dbk_monotonic_ms()) < end_ms) {
        struct pollfd wait[2] = { { .fd = fd, .events = POLLIN },
                                  { .fd = a->signals, .events = POLLIN } };
        if (poll(wait, 2, (int)(end_ms - now_ms)) <= 0)
            continue;
        if (wait[1].revents != 0)
            return 0;
        ssize_t got = read(fd, request + len, sizeof(request) - len);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return 0;
        len += got > 0 ? (size_t)got : 0;
    }
    if (len != sizeof(request) || memcmp(request, "DBKA\1", 5) != 0 || request[6] != 0 ||
        request[7] != 0)
        return 0;
    return request[5];
}

/* Answers one connection. Why the store is to be locked, or NULL. */
static const char *answer(agent *a, int fd)
{
    uint8_t out[AGENT_ANSWER_BYTES] = { 'D', 'B', 'K', 'A', AGENT_VERSION, 0, 0, 0 };
    unsigned kind = agent_is_ours(fd) ? receive(a, fd) : 0;
    if (kind != AGENT_KEY && kind != AGENT_QUIETLY && kind != AGENT_LOCK)
        return NULL;
    /* Limits and store are looked at with each request: between two looks nothing is handed out
     * that should be locked. */
    const char *why = kind == AGENT_LOCK ? "it was asked to" : due(a);
    if (why != NULL) {
        dbk_secret_free(a->key);
        a->key = NULL;
        out[5] = kind != AGENT_LOCK;
    } else {
        memcpy(out + AGENT_HEAD_BYTES, dbk_secret_bytes(a->key).p, AGENT_KEY_BYTES);
        if (kind == AGENT_KEY)
            a->used_ms = dbk_boottime_ms();
    }
    (void)!send(fd, out, sizeof(out), MSG_NOSIGNAL | MSG_DONTWAIT);
    dbk_wipe(out, sizeof(out));
    return why;
}

static const char *serve(agent *a)
{
    const char *why = NULL;
    while (why == NULL) {
        struct pollfd wait[2] = { { .fd = a->listener, .events = POLLIN },
                                  { .fd = a->signals, .events = POLLIN } };
        (void)poll(wait, 2, LOOK_MS);
        if (signal_waits(a))
            return "it was told to by a signal";
        int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            why = due(a);
            continue;
        }
        why = answer(a, fd);
        (void)close(fd);
    }
    return why;
}

dbk_rc agent_take_signals(int *fd, dbk_err *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        *fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd >= 0 ? DBK_OK : dbk_fail(err, DBK_IO, "signals: %s", strerror(errno));
}

static dbk_rc listen_at(agent *a, dbk_err *err)
{
    struct stat st;
    dbk_rc rc = agent_place_open(&a->place, a->store, err);
    if (rc != DBK_OK)
        return rc;
    a->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr *address = (const struct sockaddr *)&a->place.address;
    (void)unlink(a->place.address.sun_path); /* of one that was killed */
    if (a->listener < 0 || bind(a->listener, address, sizeof(a->place.address)) != 0 ||
        chmod(a->place.address.sun_path, 0600) != 0 || lstat(a->place.address.sun_path, &st) != 0 ||
        listen(a->listener, BACKLOG) != 0)
        return dbk_fail(err, DBK_IO, "the agent's socket: %s", strerror(errno));
    a->socket = st.st_ino;
    return DBK_OK;
}

dbk_rc agent_serve(dbk_secret **key, const char *store, const agent_limits *limits,
                   const agent_ready *ready, const char **why, dbk_err *err)
{
    agent a = { .key = *key,
                .store = store,
                .slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX),
                .place = { .folder = -1 },
                .limits = *limits,
                .started_ms = dbk_boottime_ms(),
                .listener = -1,
                .signals = -1 };
    *key = NULL;
    DBK_ASSERT(dbk_secret_len(a.key) == AGENT_KEY_BYTES);
    a.used_ms = a.started_ms;
    a.slept_ms = slept_so_far_ms();
    dbk_rc rc = agent_take_signals(&a.signals, err);
    if (rc == DBK_OK && read_slots(&a.slots, store) != DBK_OK)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the store has no " SLOTS_NAME);
    if (rc == DBK_OK)
        rc = listen_at(&a, err);
    if (rc == DBK_OK) {
        ready->fn(ready->ctx);
        *why = serve(&a);
    }
    dbk_secret_free(a.key); /* first of all */
    if (a.socket != 0 && !socket_gone(&a))
        (void)unlink(a.place.address.sun_path);
    agent_place_close(&a.place);
    if (a.listener >= 0)
        (void)close(a.listener);
    if (a.signals >= 0)
        (void)close(a.signals);
    dbk_bytes_wipe(&a.slots);
    return rc;
}
