#include "tests/lib/rawtls.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"

#define WAIT_MS 2000 /* a client that says nothing for so long has nothing to say */
#define STEP_MS 20

struct rawtls_work {
    rawtls *server;
    rawtls_opts opts;
    int listener;
    atomic_bool ends;
    pthread_t thread;
    gnutls_certificate_credentials_t credentials;
};

static void serve_plain(struct rawtls_work *w, int fd)
{
    char part[4096];
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (poll(&p, 1, WAIT_MS) == 1) {
        ssize_t n = read(fd, part, sizeof(part));
        if (n <= 0)
            return;
        atomic_fetch_add(&w->server->bytes, (unsigned long)n);
        if (write(fd, w->opts.answer, strlen(w->opts.answer)) < 0)
            return;
    }
}

static void serve_tls(struct rawtls_work *w, int fd)
{
    char part[4096];
    gnutls_session_t tls;
    DBK_ASSERT(gnutls_init(&tls, GNUTLS_SERVER) == 0);
    DBK_ASSERT(gnutls_priority_set_direct(tls, w->opts.priorities, NULL) == 0);
    DBK_ASSERT(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, w->credentials) == 0);
    gnutls_handshake_set_timeout(tls, WAIT_MS);
    gnutls_record_set_timeout(tls, WAIT_MS);
    gnutls_transport_set_int(tls, fd);
    int code;
    do {
        code = gnutls_handshake(tls);
    } while (code < 0 && gnutls_error_is_fatal(code) == 0);
    while (code == 0) {
        ssize_t n = gnutls_record_recv(tls, part, sizeof(part));
        if (n <= 0)
            break;
        atomic_fetch_add(&w->server->bytes, (unsigned long)n);
        if (gnutls_record_send(tls, w->opts.answer, strlen(w->opts.answer)) < 0)
            break;
    }
    gnutls_deinit(tls);
}

static void *serve(void *ctx)
{
    struct rawtls_work *w = ctx;
    struct pollfd p = { .fd = w->listener, .events = POLLIN };
    for (;;) {
        int ready = poll(&p, 1, STEP_MS);
        if (ready == 0 && atomic_load(&w->ends))
            return NULL;
        int fd = ready == 1 ? accept(w->listener, NULL, NULL) : -1;
        if (fd < 0)
            continue;
        atomic_fetch_add(&w->server->connections, 1);
        if (w->opts.priorities != NULL)
            serve_tls(w, fd);
        else
            serve_plain(w, fd);
        (void)close(fd);
    }
}

static gnutls_datum_t datum(dbk_span pem)
{
    return (gnutls_datum_t){ (unsigned char *)(uintptr_t)pem.p, (unsigned)pem.len };
}

void rawtls_start(rawtls *s, const rawtls_opts *opts)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    memset(s, 0, sizeof(*s));
    struct rawtls_work *w = dbk_alloc(sizeof(*w));
    DBK_ASSERT(w != NULL);
    *w = (struct rawtls_work){ .server = s, .opts = *opts };
    s->work = w;
    if (opts->priorities != NULL) {
        gnutls_datum_t cert = datum(opts->cert_pem), key = datum(opts->key_pem);
        DBK_ASSERT(gnutls_certificate_allocate_credentials(&w->credentials) == 0);
        DBK_ASSERT(gnutls_certificate_set_x509_key_mem(w->credentials, &cert, &key,
                                                       GNUTLS_X509_FMT_PEM) >= 0);
    }
    w->listener = socket(AF_INET, SOCK_STREAM, 0);
    DBK_ASSERT(bind(w->listener, (struct sockaddr *)&at, sizeof(at)) == 0);
    DBK_ASSERT(listen(w->listener, 16) == 0);
    DBK_ASSERT(getsockname(w->listener, (struct sockaddr *)&at, &len) == 0);
    (void)snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    (void)snprintf(s->url, sizeof(s->url), "https://%s", s->address);
    DBK_ASSERT(pthread_create(&w->thread, NULL, serve, w) == 0);
}

void rawtls_stop(rawtls *s)
{
    struct rawtls_work *w = s->work;
    atomic_store(&w->ends, true);
    DBK_ASSERT(pthread_join(w->thread, NULL) == 0);
    (void)close(w->listener);
    if (w->credentials != NULL)
        gnutls_certificate_free_credentials(w->credentials);
    dbk_free(w);
    s->work = NULL;
}
