/* The side of the agent that commands see: where it is, and what it is asked. */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/agent.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define PATH_BYTES_MAX 4096u
#define ANSWER_MS 2000u
#define DURATION_MS_MAX (24u * 60u * 60u * 1000u)

/* The folder that holds the socket; made if it is the runtime folder's. */
static int open_folder(const char *store)
{
    char path[PATH_BYTES_MAX];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/') {
        int len = snprintf(path, sizeof(path), "%s/daybook", runtime);
        if (len > 0 && (size_t)len < sizeof(path)) {
            (void)mkdir(path, 0700);
            int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            if (fd >= 0)
                return fd;
        }
    }
    return open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

dbk_rc agent_place_open(agent_place *place, const char *store, dbk_err *err)
{
    struct stat st, folder;
    *place = (agent_place){ .folder = -1, .address = { .sun_family = AF_UNIX } };
    if (stat(store, &st) != 0)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no store at %.100s", out_safe_str(store));
    place->folder = open_folder(store);
    if (place->folder < 0)
        return dbk_fail(err, DBK_IO, "the agent's folder: %s", strerror(errno));
    if (fstat(place->folder, &folder) != 0 || folder.st_uid != geteuid() ||
        (folder.st_mode & 077) != 0) {
        agent_place_close(place);
        return dbk_fail(err, DBK_DENIED,
                        "the agent's folder belongs to someone else, or others may look into it");
    }
    (void)snprintf(place->address.sun_path, sizeof(place->address.sun_path),
                   "/proc/self/fd/%d/agent-%llx-%llx", place->folder, (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino);
    return DBK_OK;
}

void agent_place_close(agent_place *place)
{
    if (place->folder >= 0)
        (void)close(place->folder);
    place->folder = -1;
}

bool agent_is_ours(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

static int reach(const char *store)
{
    agent_place place;
    if (agent_place_open(&place, store, NULL) != DBK_OK)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 &&
        (connect(fd, (const struct sockaddr *)&place.address, sizeof(place.address)) != 0 ||
         !agent_is_ours(fd))) {
        (void)close(fd);
        fd = -1;
    }
    agent_place_close(&place);
    return fd;
}

/* Until the whole answer is there, the agent hangs up, or time is over. */
static bool receive(int fd, uint8_t answer[AGENT_ANSWER_BYTES])
{
    uint64_t end_ms = dbk_monotonic_ms() + ANSWER_MS, now_ms;
    size_t len = 0;
    while (len < AGENT_ANSWER_BYTES && (now_ms = dbk_monotonic_ms()) < end_ms) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        if (poll(&wait, 1, (int)(end_ms - now_ms)) <= 0)
            continue;
        ssize_t got = read(fd, answer + len, AGENT_ANSWER_BYTES - len);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    return len == AGENT_ANSWER_BYTES && memcmp(answer, "DBKA\1", 5) == 0;
}

/* The key goes from the socket into its own pages; on the way it is in answer, which is wiped. */
static dbk_rc ask(dbk_secret **key, const char *store, agent_kind kind, dbk_err *err)
{
    const uint8_t request[AGENT_REQUEST_BYTES] = { 'D',           'B',           'K', 'A',
                                                   AGENT_VERSION, (uint8_t)kind, 0,   0 };
    uint8_t answer[AGENT_ANSWER_BYTES] = { 0 };
    dbk_rc rc = DBK_OK;
    int fd = reach(store);
    if (fd < 0)
        return dbk_fail(err, DBK_PENDING, "the store is locked: daybook unlock");
    if (send(fd, request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request) ||
        !receive(fd, answer) || answer[5] != 0)
        rc = dbk_fail(err, DBK_PENDING, "the store's agent doesn't answer: daybook unlock");
    else if (key != NULL)
        rc = dbk_secret_from(key, dbk_span_of(answer + AGENT_HEAD_BYTES, AGENT_KEY_BYTES), err);
    dbk_wipe(answer, sizeof(answer));
    (void)close(fd);
    return rc;
}

dbk_rc agent_ask_key(dbk_secret **key, const char *store, agent_kind how, dbk_err *err)
{
    DBK_ASSERT(how == AGENT_KEY || how == AGENT_QUIETLY);
    return ask(key, store, how, err);
}

bool agent_is_there(const char *store)
{
    dbk_err none = { 0 };
    return ask(NULL, store, AGENT_QUIETLY, &none) == DBK_OK;
}

dbk_rc agent_ask_lock(const char *store, dbk_err *err)
{
    return ask(NULL, store, AGENT_LOCK, err);
}

dbk_rc agent_open_book(cli *c, agent_kind how, dbk_err *err)
{
    dbk_secret *key = NULL;
    const dbk_book_opts opts = cli_book_opts(c);
    dbk_rc rc = agent_ask_key(&key, c->store, how, err);
    if (rc == DBK_OK)
        rc = dbk_book_open_with_key(&c->book, c->store, key, &opts, err);
    dbk_secret_free(key);
    return rc;
}

dbk_rc agent_duration(uint64_t *ms, const char *text, uint64_t otherwise_ms, dbk_err *err)
{
    size_t len = text == NULL ? 0 : strlen(text);
    uint64_t n = 0, unit_ms = 0;
    *ms = otherwise_ms;
    if (text == NULL)
        return DBK_OK;
    if (len > 1)
        unit_ms = text[len - 1] == 's'   ? 1000u
                  : text[len - 1] == 'm' ? 60u * 1000u
                  : text[len - 1] == 'h' ? 60u * 60u * 1000u
                                         : 0;
    if (unit_ms == 0 || dbk_u64_parse(&n, dbk_span_of(text, len - 1), NULL) != DBK_OK || n == 0 ||
        n > DURATION_MS_MAX / unit_ms)
        return dbk_fail(err, DBK_USAGE, "a time like 90s, 15m or 8h, at most a day: not %.20s",
                        out_safe_str(text));
    *ms = n * unit_ms;
    return DBK_OK;
}
