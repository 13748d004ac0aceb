#include "sync/relay/scrape.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sync/relay/gate.h"
#include "sync/relay/listener.h"
#include "sync/relay/metrics.h"

#define HEAD_BYTES_MAX (DBK_GATE_FIELD_BYTES_MAX + DBK_GATE_TARGET_BYTES_MAX + 64u)
#define IDLE_STEP_MS 250 /* how late it may notice that it shall stop */
#define STATUS_LINE_BYTES_MAX 256u

struct dbk_scrape {
    dbk_scrape_opts opts;
    int listener;
    char address[DBK_LISTENER_NAME_SIZE];
    pthread_t thread;
    atomic_bool stop;
};

/* ---- one connection ---------------------------------------------------------------------- */

/* Until the descriptor is ready or the deadline is over. */
static bool wait_for(int fd, short event, uint64_t end_ms)
{
    struct pollfd p = { .fd = fd, .events = event };
    for (;;) {
        uint64_t now_ms = dbk_monotonic_ms();
        if (now_ms >= end_ms)
            return false;
        int n = poll(&p, 1, (int)(end_ms - now_ms));
        if (n > 0)
            return true;
        if (n == 0 || errno != EINTR)
            return false;
    }
}

/* Reads a head and its empty line; what follows it isn't looked at. */
static bool read_head(int fd, char head[HEAD_BYTES_MAX + 1], size_t *len, uint64_t end_ms)
{
    *len = 0;
    while (*len < HEAD_BYTES_MAX && wait_for(fd, POLLIN, end_ms)) {
        ssize_t n = recv(fd, head + *len, HEAD_BYTES_MAX - *len, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return false;
        *len += (size_t)n;
        head[*len] = '\0';
        const char *end = strstr(head, "\r\n\r\n"); /* a zero byte hides it: then none is found */
        if (end != NULL) {
            *len = (size_t)(end - head) + 4;
            return true;
        }
    }
    return false;
}

/* The next line without its end; what is left begins behind it. */
static dbk_span take_line(dbk_span *left)
{
    const uint8_t *end = memchr(left->p, '\r', left->len);
    DBK_ASSERT(end != NULL); /* the head ends with two of them */
    dbk_span line = dbk_span_of(left->p, (size_t)(end - left->p));
    left->len -= line.len + 1;
    left->p = end + 1;
    if (left->len > 0 && left->p[0] == '\n') {
        left->p++;
        left->len--;
    }
    return line;
}

/* Up to the byte; the rest stands behind it. Without it, all, and there is no rest. */
static dbk_span take_until(dbk_span *left, char byte)
{
    const uint8_t *at = left->len > 0 ? memchr(left->p, byte, left->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - left->p) : left->len;
    dbk_span part = dbk_span_of(left->p, len);
    size_t gone = at != NULL ? len + 1 : len;
    left->p += gone;
    left->len -= gone;
    return part;
}

/* The head's size on the wire has to be that of the parts found: so what was taken apart loosely
 * here (a lone end of a line, a missing blank) fails there. */
static bool pass_gate(dbk_gate *g, dbk_span head)
{
    dbk_span left = head;
    dbk_span first = take_line(&left);
    dbk_gate_line line = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    line.method = take_until(&first, ' ');
    line.target = take_until(&first, ' ');
    line.version = first;
    dbk_gate_begin(g, &line);
    while (left.len > 2) {
        dbk_span value = take_line(&left);
        dbk_span name = take_until(&value, ':');
        if (value.len > 0 && value.p[0] == ' ') {
            value.p++;
            value.len--;
        }
        dbk_gate_field(g, name, value);
    }
    return dbk_gate_end(g, head.len);
}

static void write_all(int fd, dbk_span in, uint64_t end_ms)
{
    while (in.len > 0 && wait_for(fd, POLLOUT, end_ms)) {
        ssize_t n = send(fd, in.p, in.len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return;
        in.p += n;
        in.len -= (size_t)n;
    }
}

typedef struct verdict {
    int status;
    const char *text;
} verdict;

static verdict measure(dbk_scrape *s, const dbk_gate *g, dbk_bytes *out)
{
    if (!dbk_span_equal(g->head.method, dbk_span_str("GET")) || g->head.query.len > 0 ||
        !dbk_span_equal(g->head.path, dbk_span_str("/metrics")))
        return (verdict){ 404, "Not Found" };
    dbk_rc rc = s->opts.service.measure(s->opts.service.self, out, NULL);
    if (rc == DBK_OK)
        rc = dbk_metrics_print_requests(s->opts.metrics, out, NULL);
    if (rc == DBK_OK && s->opts.more != NULL)
        rc = s->opts.more(s->opts.more_ctx, out, NULL);
    if (rc == DBK_OK)
        return (verdict){ 200, "OK" };
    dbk_bytes_wipe(out);
    return (verdict){ 503, "Service Unavailable" };
}

static void serve(dbk_scrape *s, int fd)
{
    uint64_t end_ms = dbk_monotonic_ms() + DBK_SCRAPE_DEADLINE_MS;
    char head[HEAD_BYTES_MAX + 1];
    size_t len;
    dbk_gate gate;
    verdict v = { 400, "Bad Request" };
    dbk_bytes body = DBK_BYTES_INIT(DBK_METRICS_TEXT_BYTES_MAX);
    dbk_bytes line = DBK_BYTES_INIT(STATUS_LINE_BYTES_MAX);
    if (!read_head(fd, head, &len, end_ms))
        return;
    if (pass_gate(&gate, dbk_span_of(head, len)))
        v = measure(s, &gate, &body);
    if (dbk_bytes_append_fmt(&line, NULL,
                             "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                             "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                             v.status, v.text, DBK_METRICS_TEXT_TYPE, body.len) == DBK_OK) {
        write_all(fd, dbk_bytes_span(&line), end_ms);
        write_all(fd, dbk_bytes_span(&body), end_ms);
    }
    dbk_bytes_wipe(&line);
    dbk_bytes_wipe(&body);
}

/* ---- the thread -------------------------------------------------------------------------- */

static void *scrape_main(void *ctx)
{
    dbk_scrape *s = ctx;
    while (!atomic_load(&s->stop)) {
        if (!wait_for(s->listener, POLLIN, dbk_monotonic_ms() + IDLE_STEP_MS))
            continue;
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
            serve(s, fd);
        (void)shutdown(fd, SHUT_RDWR);
        (void)close(fd);
    }
    return NULL;
}

dbk_rc dbk_scrape_listen(int *listener, const char *address, dbk_err *err)
{
    *listener = -1;
    if (!dbk_listener_is_local(address))
        return dbk_fail(err, DBK_USAGE, "metrics are for this machine alone: 127.0.0.1:PORT");
    return dbk_listener_open(listener, address, err);
}

dbk_rc dbk_scrape_start(dbk_scrape **out, const dbk_scrape_opts *opts, dbk_err *err)
{
    *out = NULL;
    dbk_scrape *s = dbk_alloc(sizeof(*s));
    if (s == NULL) {
        (void)close(opts->listener);
        return dbk_fail(err, DBK_NOMEM, "no memory for metrics");
    }
    s->opts = *opts;
    s->listener = opts->listener;
    atomic_init(&s->stop, false);
    dbk_rc rc = dbk_listener_name(s->address, s->listener, err);
    if (rc == DBK_OK && pthread_create(&s->thread, NULL, scrape_main, s) != 0)
        rc = dbk_fail(err, DBK_NOMEM, "no thread for metrics");
    if (rc == DBK_OK) {
        *out = s;
        return DBK_OK;
    }
    (void)close(s->listener);
    dbk_free(s);
    return rc;
}

const char *dbk_scrape_address(const dbk_scrape *s)
{
    return s->address;
}

void dbk_scrape_stop(dbk_scrape *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stop, true);
    DBK_ASSERT(pthread_join(s->thread, NULL) == 0);
    (void)close(s->listener);
    dbk_free(s);
}
