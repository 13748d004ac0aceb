/* sync/relay/metrics.h - what a relay counts of itself for its operator's monitoring: numbers that
 * only rise, and how long things took. Printed as Prometheus's text format 0.0.4.
 * Never: ids, names, addresses; nothing that tells one device or one space from another.
 * Threads: all functions may be called by any, but naming calls: that comes first. Atomic, and
 * not of one moment together: a scrape may see a request whose bytes aren't counted yet. */
#ifndef DBK_RELAY_METRICS_H
#define DBK_RELAY_METRICS_H

#include "core/base/bytes.h"

#define DBK_METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define DBK_METRICS_TEXT_BYTES_MAX (512u * 1024u)
#define DBK_METRICS_CALLS_MAX 32u
#define DBK_METRICS_NO_CALL "none" /* what was no call of the relay's, and is there always */

/* Families in order, first those of the log, from CONNECTIONS on those of requests; the rows of one
 * stand together. Their name without "daybook_relay_", a label with its value, or "", and help for
 * a family's first row. */
#define DBK_COUNT_TABLE(X)                                                                        \
    X(SEGMENTS_ACCEPTED, "segments_total", "result=\"accepted\"",                                 \
      "Segments that devices pushed, by what became of them.")                                    \
    X(SEGMENTS_DUPLICATE, "segments_total", "result=\"duplicate\"", "")                           \
    X(SEGMENTS_QUARANTINED, "segments_total", "result=\"quarantined\"", "")                       \
    X(SEGMENTS_FORK, "segments_total", "result=\"fork\"", "")                                     \
    X(SEGMENTS_GAP, "segments_total", "result=\"gap\"", "")                                       \
    X(SEGMENTS_TOO_LARGE, "segments_total", "result=\"too-large\"", "")                           \
    X(SEGMENTS_REFUSED, "segments_total", "result=\"refused\"", "")                               \
    X(SEGMENTS_DEVICE_FULL, "segments_total", "result=\"device-full\"", "")                       \
    X(SEGMENTS_SPACE_FULL, "segments_total", "result=\"space-full\"", "")                         \
    X(SEGMENT_BYTES, "segment_bytes_total", "", "Bytes of the segments that the log took.")       \
    X(COMMITS, "commits_total", "", "Durable transactions; requests share them.")                 \
    X(COMMIT_FAILURES, "commit_failures_total", "", "Transactions that failed on the storage.")   \
    X(BUSY, "writer_busy_total", "", "Requests that were sent away as too many waited to write.") \
    X(CONNECTIONS, "connections_total", "", "Connections that were taken.")                       \
    X(CUT_OPENING, "connections_cut_total", "stage=\"opening\"",                                  \
      "Connections that were cut off as overdue, by their stage.")                                \
    X(CUT_IDLE, "connections_cut_total", "stage=\"idle\"", "")                                    \
    X(CUT_BODY, "connections_cut_total", "stage=\"body\"", "")                                    \
    X(CUT_ANSWER, "connections_cut_total", "stage=\"answer\"", "")                                \
    X(CUT_WORK, "connections_cut_total", "stage=\"work\"", "")                                    \
    X(REQUEST_BYTES, "request_body_bytes_total", "", "Bytes of requests' bodies.")                \
    X(RESPONSE_BYTES, "response_body_bytes_total", "", "Bytes of answers' bodies.")
#define DBK_COUNT_ENUM(name, family, label, help) DBK_COUNT_##name,
typedef enum dbk_count { DBK_COUNT_TABLE(DBK_COUNT_ENUM) DBK_COUNTS } dbk_count;
#undef DBK_COUNT_ENUM

typedef struct dbk_metrics dbk_metrics;
DBK_MUST_CHECK dbk_rc dbk_metrics_new(dbk_metrics **out, dbk_err *err);
void dbk_metrics_free(dbk_metrics *m); /* NULL is nothing */
/* Another call that requests are counted under. The name is borrowed for good. */
void dbk_metrics_name_call(dbk_metrics *m, const char *name);

void dbk_metrics_add(dbk_metrics *m, dbk_count what, uint64_t n);
void dbk_metrics_fsync(dbk_metrics *m, uint64_t took_us); /* a commit, till it was durable */
/* One answer. call: a name that was given, others count as none. cause: a refusal's word; NULL:
 * none. */
typedef struct dbk_metrics_answer {
    const char *call, *cause;
    uint64_t took_us, request_bytes, response_bytes;
} dbk_metrics_answer;
void dbk_metrics_answered(dbk_metrics *m, const dbk_metrics_answer *answer);

/* Appends what whoever keeps the log counts, and what whoever answers requests does: each family
 * is in one of the two. */
DBK_MUST_CHECK dbk_rc dbk_metrics_print_log(dbk_metrics *m, dbk_bytes *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_metrics_print_requests(dbk_metrics *m, dbk_bytes *out, dbk_err *err);
/* The constant of a refusal's word. NULL: there is no such word. */
const char *dbk_metrics_cause(dbk_span word);

/* The same text's other kind of number, that of the moment. family: without the prefix; labels:
 * "" or as they stand between braces. The head comes once, before a family's first value. */
DBK_MUST_CHECK dbk_rc dbk_metrics_gauge_head(dbk_bytes *out, const char *family, const char *help,
                                             dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_metrics_gauge_value(dbk_bytes *out, const char *family,
                                              const char *labels, uint64_t value, dbk_err *err);

/* A space's size as it may be told: upwards to the next of eight steps between two powers of two,
 * and never less than `least` but for 0. So no scrape shows when one note came to one space. */
#define DBK_METRICS_LEAST_SEGMENTS 64u
#define DBK_METRICS_LEAST_BYTES 65536u
uint64_t dbk_metrics_coarse(uint64_t size, uint64_t least);

#endif
