/* sync/relay/deadlines.h - how long a peer may keep a connection: an absolute end for each stage,
 * on the monotonic clock, whatever it sends meanwhile. The HTTP library's own timeout counts from
 * the last byte, so one byte a second holds a connection for ever (security.md F6).
 *
 *   stage     begins with                ends at the latest after
 *   OPENING   accept                     5 s: TLS handshake and the first head together
 *   IDLE      an answer's last byte      30 s: also the next head, whose first byte isn't heard of
 *   BODY      a head                     5 s, and 1 s for each 16 KiB that the head promises
 *   ANSWER    the answer is known        5 s, and 1 s for each 16 KiB of it
 *   WORK      a body's last byte         the peer has done its part: nothing is cut off
 *
 * A connection that is older than 10 minutes goes at its next IDLE, and is told so with its last
 * answer (dbk_deadlines_old). What is overdue is shut down, not closed: the descriptor stays the
 * library's, which hears an end of the stream and closes it.
 * Threads: all functions may be called by any. Memory: one row for each connection that may be. */
#ifndef DBK_RELAY_DEADLINES_H
#define DBK_RELAY_DEADLINES_H

#include <stdbool.h>

#include "core/base/err.h"

#define DBK_DEADLINE_BYTES_PER_S (16u * 1024u) /* a bad phone's uplink; 2 MiB in two minutes */
#define DBK_CONNECTION_LIFE_MS (10u * 60u * 1000u)

/* Its name, how long it may last in ms (0: without end), and whether bytes lengthen it. */
#define DBK_STAGE_TABLE(X)             \
    X(OPENING, "opening", 5000, false) \
    X(IDLE, "idle", 30000, false)      \
    X(BODY, "body", 5000, true)        \
    X(ANSWER, "answer", 5000, true)    \
    X(WORK, "work", 0, false)
#define DBK_STAGE_ENUM(name, text, ms, by_bytes) DBK_STAGE_##name,
typedef enum dbk_stage { DBK_STAGE_TABLE(DBK_STAGE_ENUM) DBK_STAGES } dbk_stage;
#undef DBK_STAGE_ENUM
const char *dbk_stage_name(dbk_stage stage);

typedef struct dbk_deadlines dbk_deadlines;
typedef struct dbk_connection dbk_connection; /* a row; the library keeps it beside its own */

DBK_MUST_CHECK dbk_rc dbk_deadlines_open(dbk_deadlines **out, unsigned connections_max,
                                         dbk_err *err);
void dbk_deadlines_close(dbk_deadlines *d); /* NULL is nothing */

/* NULL: more than connections_max. The descriptor is borrowed until leave. */
dbk_connection *dbk_deadlines_enter(dbk_deadlines *d, int fd, uint64_t now_ms);
void dbk_deadlines_leave(dbk_deadlines *d, dbk_connection *c); /* NULL is nothing */
/* bytes: of the body or answer that the stage is for; 0 for others. */
void dbk_deadlines_stage(dbk_deadlines *d, dbk_connection *c, dbk_stage stage, uint64_t bytes,
                         uint64_t now_ms);
bool dbk_deadlines_old(dbk_deadlines *d, const dbk_connection *c, uint64_t now_ms);

/* Shuts down what is overdue, each once. cut: how many in each stage. */
typedef struct dbk_overdue {
    unsigned in[DBK_STAGES];
} dbk_overdue;
dbk_overdue dbk_deadlines_sweep(dbk_deadlines *d, uint64_t now_ms);

#endif
