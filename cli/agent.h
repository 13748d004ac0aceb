/* cli/agent.h - the agent: a small process that holds the key of one unlocked store, so that the
 * passphrase is typed once a shift. It has the store key only: no passphrase, no note.
 * It listens on a Unix socket of mode 0600, in $XDG_RUNTIME_DIR/daybook or else in the store's
 * folder, under a name made of the store's device and inode. Only the same user is answered.
 * Request, 8 bytes: "DBKA", version 1, kind, two zero. Answer: "DBKA", 1, 0 given or 1 locked, two
 * zero, 32 bytes (the key, or zero). One request for each connection, 250 ms for it. */
#ifndef DBK_CLI_AGENT_H
#define DBK_CLI_AGENT_H

#include <sys/un.h>

#include "cli/cli.h"

#define AGENT_VERSION 1u
#define AGENT_REQUEST_BYTES 8u
#define AGENT_HEAD_BYTES 8u
#define AGENT_KEY_BYTES 32u
#define AGENT_ANSWER_BYTES (AGENT_HEAD_BYTES + AGENT_KEY_BYTES)
#define AGENT_CONNECTION_MS 250u

typedef enum agent_kind {
    AGENT_KEY = 1,     /* the key; the store is in use */
    AGENT_QUIETLY = 2, /* the key, for a program that runs by itself: idle time goes on */
    AGENT_LOCK = 3     /* wipe it; answered when that is done */
} agent_kind;

/* Where the socket of a store's agent is. The folder stays open: it is reached by descriptor, so
 * that no path is too long for a socket and nothing can be put in its way. */
typedef struct agent_place {
    int folder; /* -1: not open */
    struct sockaddr_un address;
} agent_place;
DBK_MUST_CHECK dbk_rc agent_place_open(agent_place *place, const char *store, dbk_err *err);
void agent_place_close(agent_place *place);
/* The other end of the socket is a process of this user: no other is answered, or believed. */
bool agent_is_ours(int fd);

/* DBK_PENDING: no agent has this store unlocked. */
DBK_MUST_CHECK dbk_rc agent_ask_key(dbk_secret **key, const char *store, agent_kind how,
                                    dbk_err *err);
/* Is the store unlocked? Doesn't count as use. */
bool agent_is_there(const char *store);
DBK_MUST_CHECK dbk_rc agent_ask_lock(const char *store, dbk_err *err);
/* Opens the store with the agent's key. */
DBK_MUST_CHECK dbk_rc agent_open_book(cli *c, agent_kind how, dbk_err *err);

/* How long a store stays unlocked; time during which the machine sleeps counts. */
typedef struct agent_limits {
    uint64_t idle_ms, for_ms;
} agent_limits;

/* Serves until a limit, a signal, a request or a change of the store ends it; then the key is
 * wiped. Takes *key. ready is called when the socket listens. *why: what ended it. */
typedef struct agent_ready {
    void (*fn)(void *ctx);
    void *ctx;
} agent_ready;
DBK_MUST_CHECK dbk_rc agent_serve(dbk_secret **key, const char *store, const agent_limits *limits,
                                  const agent_ready *ready, const char **why, dbk_err *err);

/* "90s", "15m" or "8h", from a second to a day; NULL: the default. */
DBK_MUST_CHECK dbk_rc agent_duration(uint64_t *ms, const char *text, uint64_t otherwise_ms,
                                     dbk_err *err);
/* From here on SIGTERM, SIGINT and SIGHUP come by a descriptor. *fd is -1 before, and on failure.
 */
DBK_MUST_CHECK dbk_rc agent_take_signals(int *fd, dbk_err *err);
/* Of --for and --idle. */
DBK_MUST_CHECK dbk_rc agent_limits_read(agent_limits *limits, const cli_args *a, dbk_err *err);
#define AGENT_IDLE_MS (15u * 60u * 1000u)
#define AGENT_FOR_MS (10u * 60u * 60u * 1000u)

#endif
