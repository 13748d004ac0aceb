/* A stranger who wants a relay to be busy: connections that drip, and requests that are junk.
 * Bounded in number and time; ends by itself. Prints what the relay answered, as JSON; status 1 if
 * any junk was taken for good.
 *   load_attack --port N [--drips 400] [--junk 500] [--seconds 10]       only ever on loopback */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DRIPS_MAX 2000u
#define JUNK_MAX 5000u
#define SECONDS_MAX 600u
#define DRIP_THREADS 4u
#define JUNK_THREADS 8u
#define DRIP_STEP_S 0.3
#define ANSWER_WAIT_MS 10000u

typedef struct attack {
    unsigned port, drips, junk, seconds;
    double end_s;
    gnutls_certificate_credentials_t credentials;
    atomic_uint opened, cut, refused, dripped; /* drips: connections, and bytes */
    atomic_uint sent, good, bad, hung_up;      /* junk: answers below 400, others, none */
} attack;
static attack the;

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_s(double s)
{
    struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };
    if (s > 0)
        (void)nanosleep(&t, NULL);
}

/* ---- connections ------------------------------------------------------------------------- */

typedef struct line {
    int fd; /* -1: closed */
    gnutls_session_t tls;
} line;

static void hang_up(line *l)
{
    if (l->tls != NULL)
        gnutls_deinit(l->tls);
    if (l->fd >= 0)
        (void)close(l->fd);
    *l = (line){ .fd = -1 };
}

static bool dial(line *l, bool tls)
{
    int on = 1, code;
    struct timeval wait = { 10, 0 };
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)the.port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    *l = (line){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if (l->fd < 0)
        return false;
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    if (connect(l->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
        goto failed;
    if (!tls)
        return true;
    if (gnutls_init(&l->tls, GNUTLS_CLIENT) != 0 || gnutls_set_default_priority(l->tls) != 0 ||
        gnutls_credentials_set(l->tls, GNUTLS_CRD_CERTIFICATE, the.credentials) != 0)
        goto failed;
    gnutls_transport_set_int(l->tls, l->fd);
    gnutls_handshake_set_timeout(l->tls, ANSWER_WAIT_MS);
    do {
        code = gnutls_handshake(l->tls);
    } while (code < 0 && gnutls_error_is_fatal(code) == 0);
    if (code == 0)
        return true;
failed:
    hang_up(l);
    return false;
}

/* ---- drips ------------------------------------------------------------------------------- */

typedef enum drip_kind { SILENT, HANDSHAKE, HEAD, BODY, DRIP_KINDS } drip_kind;
static const struct {
    bool tls;
    const char *first; /* sent at once */
    const char *drips; /* then a byte at a time, over and over */
} kinds[DRIP_KINDS] = {
    [SILENT] = { false, "", "" },
    [HANDSHAKE] = { false, "", "\x16\x03\x01\x02\x01\x01\x01\x01\x01\x01\x01\x01\x01" },
    [HEAD] = { true, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", "b" },
    [BODY] = { true,
               "POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               "Content-Length: 1000\r\n\r\n",
               " " },
};

typedef struct drip {
    line line;
    drip_kind kind;
    size_t at;
} drip;

static bool send_some(const line *l, const char *p, size_t len)
{
    if (len == 0)
        return true;
    if (l->tls != NULL) {
        ssize_t code = gnutls_record_send(l->tls, p, len);
        return code > 0 || code == GNUTLS_E_AGAIN;
    }
    return send(l->fd, p, len, MSG_NOSIGNAL) > 0 || errno == EAGAIN;
}

/* Has the other end closed? What it says meanwhile doesn't matter. */
static bool is_over(const line *l)
{
    char part[512];
    ssize_t got = recv(l->fd, part, sizeof(part), MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

static void step(drip *d)
{
    const char *drips = kinds[d->kind].drips;
    if (d->line.fd < 0) {
        if (!dial(&d->line, kinds[d->kind].tls)) {
            (void)atomic_fetch_add(&the.refused, 1);
            return;
        }
        d->at = 0;
        (void)atomic_fetch_add(&the.opened, 1);
        (void)send_some(&d->line, kinds[d->kind].first, strlen(kinds[d->kind].first));
    }
    size_t len = strlen(drips);
    bool sent = len == 0 || send_some(&d->line, drips + d->at++ % len, 1);
    (void)atomic_fetch_add(&the.dripped, len > 0 && sent);
    if (!sent || is_over(&d->line)) {
        (void)atomic_fetch_add(&the.cut, 1);
        hang_up(&d->line);
    }
}

static void *drip_on(void *ctx)
{
    static drip drips[DRIPS_MAX];
    unsigned first = (unsigned)(uintptr_t)ctx;
    for (unsigned i = first; i < the.drips; i += DRIP_THREADS)
        drips[i] = (drip){ { -1, NULL }, (drip_kind)(i / DRIP_THREADS % DRIP_KINDS), 0 };
    while (now_s() < the.end_s) {
        double begin_s = now_s();
        for (unsigned i = first; i < the.drips && now_s() < the.end_s; i += DRIP_THREADS)
            step(&drips[i]);
        sleep_s(begin_s + DRIP_STEP_S - now_s());
    }
    for (unsigned i = first; i < the.drips; i += DRIP_THREADS)
        hang_up(&drips[i].line);
    return NULL;
}

/* ---- junk -------------------------------------------------------------------------------- */

#define HOST "Host: 127.0.0.1\r\n"
static const char *const junk[] = {
    /* what no relay may take for HTTP of ours: 400, and the connection goes */
    "GET /healthz HTTP/1.0\r\n" HOST "\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n" HOST HOST "\r\n",
    "GET /healthz HTTP/1.1\r\n" HOST "A : b\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n",
    "POST /v1/hello HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "POST /v1/hello HTTP/1.1\r\n" HOST
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/hello HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST /v1/hello HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
    "\x16\x03\x01 nonsense \xff\xfe\r\n\r\n",
    /* HTTP, but nothing of ours */
    "GET / HTTP/1.1\r\n" HOST "\r\n",
    "GET /v1/../etc/passwd HTTP/1.1\r\n" HOST "\r\n",
    "DELETE /v1/hello HTTP/1.1\r\n" HOST "\r\n",
    "POST /v1/hello HTTP/1.1\r\n" HOST "Content-Length: 9000000\r\n\r\n",
    /* a stranger's calls */
    "GET /v1/members HTTP/1.1\r\n" HOST "\r\n",
    "POST /v1/hello HTTP/1.1\r\n" HOST "Content-Length: 8\r\n\r\n{\"v\":1}\n",
    "GET /v1/members HTTP/1.1\r\n" HOST "Signature-Input: sig=(\"@method\")\r\n"
    "Signature: sig=:AAAA:\r\n\r\n",
    "POST /v1/spaces/00000000000000000000000000000000/segments HTTP/1.1\r\n" HOST
    "Content-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\nDBKP",
};

/* The status of the answer; 0: the other end has hung up. *keep: it lets us go on. */
static int hear(const line *l, bool *keep)
{
    char text[4097];
    size_t len = 0;
    *keep = false;
    while (len < sizeof(text) - 1) {
        ssize_t got = gnutls_record_recv(l->tls, text + len, sizeof(text) - 1 - len);
        if (got == GNUTLS_E_INTERRUPTED)
            continue;
        if (got <= 0)
            return 0;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        if (end == NULL || length == NULL)
            continue;
        if (len < (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10))
            continue;
        *keep = strstr(text, "onnection: close") == NULL;
        return len > 12 ? (int)strtol(text + 9, NULL, 10) : 0;
    }
    return 0;
}

static void throw_one(line *l, unsigned long n)
{
    const char *text = junk[n % (sizeof(junk) / sizeof(junk[0]))];
    bool keep;
    if (l->fd < 0 && !dial(l, true)) {
        (void)atomic_fetch_add(&the.refused, 1);
        return;
    }
    (void)atomic_fetch_add(&the.sent, 1);
    int status = send_some(l, text, strlen(text)) ? hear(l, &keep) : (keep = false, 0);
    (void)atomic_fetch_add(status == 0 ? &the.hung_up : status < 400 ? &the.good : &the.bad, 1);
    if (!keep)
        hang_up(l);
}

static void *throw_junk(void *ctx)
{
    unsigned index = (unsigned)(uintptr_t)ctx;
    line l = { .fd = -1 };
    double begin_s = now_s(), step_s = (double)JUNK_THREADS / the.junk;
    for (unsigned long k = 0; now_s() < the.end_s; k++) {
        sleep_s(begin_s + step_s * ((double)k + (double)index / JUNK_THREADS) - now_s());
        throw_one(&l, k + index * 7);
    }
    hang_up(&l);
    return NULL;
}

/* ---- main -------------------------------------------------------------------------------- */

static bool take_number(unsigned *out, const char *text, unsigned max)
{
    char *end = NULL;
    unsigned long n = text != NULL ? strtoul(text, &end, 10) : 0;
    *out = (unsigned)n;
    return text != NULL && *end == '\0' && n <= max;
}

static bool take_options(int argc, char **argv)
{
    static const struct {
        const char *name;
        unsigned *out, max;
    } rows[] = {
        { "--port", &the.port, 65535 },
        { "--drips", &the.drips, DRIPS_MAX },
        { "--junk", &the.junk, JUNK_MAX },
        { "--seconds", &the.seconds, SECONDS_MAX },
    };
    for (int i = 1; i < argc; i += 2) {
        bool known = false;
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            if (strcmp(argv[i], rows[k].name) == 0)
                known = take_number(rows[k].out, argv[i + 1], rows[k].max);
        }
        if (!known)
            return false;
    }
    return the.port > 0 && the.seconds > 0;
}

int main(int argc, char **argv)
{
    pthread_t threads[DRIP_THREADS + JUNK_THREADS];
    size_t count = 0;
    the.drips = 400;
    the.junk = 500;
    the.seconds = 10;
    if (!take_options(argc, argv)) {
        (void)fprintf(stderr, "usage: load_attack --port N [--drips N] [--junk N] [--seconds N]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (gnutls_certificate_allocate_credentials(&the.credentials) != 0)
        return 1;
    the.end_s = now_s() + the.seconds;
    for (uintptr_t i = 0; i < DRIP_THREADS && the.drips > 0; i++)
        count += pthread_create(&threads[count], NULL, drip_on, (void *)i) == 0;
    for (uintptr_t i = 0; i < JUNK_THREADS && the.junk > 0; i++)
        count += pthread_create(&threads[count], NULL, throw_junk, (void *)i) == 0;
    while (count > 0)
        (void)pthread_join(threads[--count], NULL);
    (void)printf("{\"opened\":%u,\"cut\":%u,\"dripped\":%u,\"refused\":%u,\"junk\":%u,\"taken\":%u,"
                 "\"rejected\":%u,\"hung_up\":%u}\n",
                 atomic_load(&the.opened), atomic_load(&the.cut), atomic_load(&the.dripped),
                 atomic_load(&the.refused), atomic_load(&the.sent), atomic_load(&the.good),
                 atomic_load(&the.bad), atomic_load(&the.hung_up));
    gnutls_certificate_free_credentials(the.credentials);
    return atomic_load(&the.good) == 0 ? 0 : 1;
}
