#include "sync/relay/serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sync/relay/front.h"
#include "sync/relay/home.h"
#include "sync/relay/http.h"
#include "sync/relay/keep.h"
#include "sync/relay/listener.h"
#include "sync/relay/metrics.h"
#include "sync/relay/notify.h"
#include "sync/relay/oplog.h"
#include "sync/relay/scrape.h"
#include "sync/relay/spawn.h"

#define DRAIN_MS 10000u
#define PATH_SIZE 4096u
#define NO_KEEPER ((pid_t)-1)

typedef struct serving {
    const dbk_serve_opts *opts;
    dbk_bytes cert, key;
    int listener, scrape_listener; /* -1: none, or another's by now */
    char address[DBK_LISTENER_NAME_SIZE];
    sigset_t signals;
    int notify; /* -1: nobody wants to know */
    pid_t keeper;
    dbk_front *front;
    dbk_metrics *metrics;
    dbk_http *server;
} serving;

/* ---- before it is shut in ---------------------------------------------------------------- */

/* The folder itself is the keeper's to open, with its lock and its key. */
static dbk_rc read_pem(const dbk_serve_opts *o, const char *given, const char *own, dbk_bytes *out,
                       dbk_err *err)
{
    char path[PATH_SIZE];
    int len = snprintf(path, sizeof(path), "%s/%s", o->dir, own);
    if (len < 0 || (size_t)len >= sizeof(path))
        return dbk_fail(err, DBK_USAGE, "the folder's path is too long");
    dbk_err why = { 0 };
    dbk_rc rc = dbk_home_read(NULL, given != NULL ? given : path, out, &why);
    if (rc == DBK_NOT_FOUND && given == NULL)
        return dbk_fail(err, rc, "there is no relay in this folder (%s)", own);
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", why.text);
    return dbk_bytes_append_u8(out, 0, err); /* the server wants a C string */
}

static dbk_rc print_pin(const dbk_bytes *cert, dbk_err *err)
{
    uint8_t pin[DBK_TLS_PIN_BYTES];
    char hex[2 * DBK_TLS_PIN_BYTES + 1];
    dbk_rc rc = dbk_tls_pin(pin, dbk_span_of(cert->p, cert->len - 1), err);
    dbk_hex_print(hex, dbk_span_of(pin, sizeof(pin)));
    if (rc == DBK_OK)
        printf("tls-pin %s\n", hex);
    return rc;
}

static dbk_rc read_keys(serving *s, dbk_err *err)
{
    const dbk_serve_opts *o = s->opts;
    dbk_rc rc = read_pem(o, o->tls_cert, DBK_HOME_CERT, &s->cert, err);
    if (rc == DBK_OK)
        rc = read_pem(o, o->tls_key, DBK_HOME_KEY, &s->key, err);
    return rc == DBK_OK && o->tls_cert != NULL ? print_pin(&s->cert, err) : rc;
}

static dbk_rc open_listener(serving *s, dbk_err *err)
{
    const char *address = s->opts->listen;
    dbk_rc rc = dbk_listener_passed(&s->listener, err);
    if (rc != DBK_OK)
        return rc;
    if (s->listener >= 0)
        return address == NULL ? DBK_OK
                               : dbk_fail(err, DBK_USAGE, "a socket was passed: no --listen then");
    return address != NULL ? dbk_listener_open(&s->listener, address, err)
                           : dbk_fail(err, DBK_USAGE, "--listen is missing for serve");
}

static dbk_rc listen_first(serving *s, dbk_err *err)
{
    dbk_rc rc = open_listener(s, err);
    if (rc == DBK_OK)
        rc = dbk_listener_name(s->address, s->listener, err);
    if (rc == DBK_OK && s->opts->peers == DBK_PEERS_BY_FIELD && !dbk_listener_is_local(s->address))
        rc = dbk_fail(err, DBK_USAGE,
                      "behind an HTTP proxy the relay listens on 127.0.0.1 or [::1]");
    if (rc == DBK_OK && s->opts->metrics != NULL)
        rc = dbk_scrape_listen(&s->scrape_listener, s->opts->metrics, err);
    return rc;
}

static dbk_rc begin_keeper(serving *s, dbk_err *err)
{
    const dbk_serve_opts *o = s->opts;
    int channels[DBK_KEEP_CHANNELS];
    const struct {
        const char *name, *value;
    } given[] = { { "--disk-max", o->disk_max },
                  { "--tls-cert", o->tls_cert },
                  { "--tls-key", o->tls_key } };
    const char *args[16] = {
        "daybook-relay", "keep",     "--data",    o->dir,
        "--listen",      s->address, "--sandbox", dbk_confine_word(o->sandbox)
    };
    size_t count = 8;
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (given[i].value == NULL)
            continue;
        args[count++] = given[i].name;
        args[count++] = given[i].value;
    }
    if (o->peers == DBK_PEERS_HIDDEN)
        args[count++] = "--behind-proxy";
    DBK_ASSERT(count < sizeof(args) / sizeof(args[0])); /* NULL at the end */
    pid_t pid;
    dbk_rc rc = dbk_spawn(&pid, channels, DBK_KEEP_CHANNELS, (char *const *)(uintptr_t)args, err);
    if (rc != DBK_OK)
        return rc;
    s->keeper = pid;
    return dbk_front_new(&s->front, channels, DBK_KEEP_CHANNELS, err);
}

static dbk_rc prepare(serving *s, dbk_err *err)
{
    dbk_sandbox_wants wants;
    dbk_rc rc = listen_first(s, err);
    if (rc == DBK_OK)
        rc = read_keys(s, err);
    if (rc == DBK_OK)
        rc = dbk_notify_open(&s->notify, err);
    if (rc == DBK_OK)
        rc = begin_keeper(s, err);
    unsigned walls;
    const dbk_confine_opts confine = { "front", &wants, s->opts->sandbox };
    dbk_front_wants(&wants);
    if (rc == DBK_OK)
        rc = dbk_confine(&walls, &confine, err);
    if (rc == DBK_OK)
        rc = dbk_metrics_new(&s->metrics, err);
    if (rc == DBK_OK)
        dbk_relay_name_calls(s->metrics);
    return rc == DBK_OK ? dbk_front_meet(s->front, err) : rc;
}

/* ---- serving ----------------------------------------------------------------------------- */

static dbk_rc measure_certificate(void *ctx, dbk_bytes *out, dbk_err *err)
{
    static const char family[] = "certificate_end_time_seconds";
    const serving *s = ctx;
    dbk_http_shown shown;
    dbk_http_shows(s->server, &shown);
    dbk_rc rc = dbk_metrics_gauge_head(out, family, "Until when the TLS certificate is good.", err);
    return rc == DBK_OK ? dbk_metrics_gauge_value(out, family, "", shown.ends_ms / 1000, err) : rc;
}

static dbk_rc start_scrape(serving *s, dbk_scrape **out, dbk_err *err)
{
    dbk_scrape_opts opts = { dbk_front_service(s->front), s->metrics, s->scrape_listener,
                             measure_certificate, s };
    *out = NULL;
    s->scrape_listener = -1;
    return opts.listener >= 0 ? dbk_scrape_start(out, &opts, err) : DBK_OK;
}

static dbk_rc start_http(serving *s, dbk_http **out, dbk_err *err)
{
    dbk_http_opts opts = { .service = dbk_front_service(s->front),
                           .metrics = s->metrics,
                           .env = dbk_env_system(),
                           .peers = s->opts->peers,
                           .listener = s->listener,
                           .cert_pem = (const char *)s->cert.p,
                           .key_pem = (const char *)s->key.p,
                           .log = dbk_oplog };
    *out = NULL;
    s->listener = -1;
    return dbk_http_start(out, &opts, err);
}

/* A text for the server, which wants a C string. */
static dbk_rc take_text(dbk_bytes *out, dbk_span pem, dbk_err *err)
{
    dbk_bytes_wipe(out);
    dbk_rc rc = dbk_bytes_append(out, pem, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(out, 0, err) : rc;
}

/* SIGHUP. The keeper reads, as this process opens no file; what is a pair this one finds out. */
static void reload(serving *s)
{
    dbk_err why = { 0 };
    dbk_http_shown shown;
    dbk_passage_reloaded got;
    dbk_bytes reply;
    dbk_http_shows(s->server, &shown);
    dbk_rc rc = dbk_front_reload(s->front, shown.pin, &got, &reply, &why);
    if (rc == DBK_OK && got.why[0] != '\0')
        rc = dbk_fail(&why, DBK_INVALID, "%s", got.why);
    if (rc == DBK_OK)
        rc = take_text(&s->cert, got.cert, &why);
    if (rc == DBK_OK)
        rc = take_text(&s->key, got.key, &why);
    if (rc == DBK_OK)
        rc = dbk_http_renew(s->server, (const char *)s->cert.p, (const char *)s->key.p, &why);
    if (rc == DBK_OK)
        dbk_oplog(NULL, "event=reload certificate=read");
    else
        dbk_oplog_kept("certificate", why.text);
    dbk_bytes_wipe(&reply);
}

/* Until it is told to stop, or the keeper has ended. */
static void wait_for_end(serving *s)
{
    int got = 0;
    bool over = false;
    while (!over) {
        DBK_ASSERT(sigwait(&s->signals, &got) == 0);
        if (got == SIGHUP)
            reload(s);
        over = got != SIGHUP && (got != SIGCHLD || dbk_spawn_ended(s->keeper));
    }
    dbk_oplog(NULL, got == SIGCHLD ? "event=stop reason=keeper" : "event=stop");
}

static void stop_http(serving *s)
{
    char line[64];
    unsigned cut = dbk_http_stop(s->server, DRAIN_MS);
    (void)snprintf(line, sizeof(line), "event=stopped cut=%u", cut);
    dbk_oplog(NULL, line);
}

static dbk_rc answer_until_told(serving *s, dbk_err *err)
{
    dbk_scrape *scrape = NULL;
    dbk_rc rc = start_http(s, &s->server, err);
    if (rc == DBK_OK)
        rc = start_scrape(s, &scrape, err);
    if (rc == DBK_OK) {
        if (scrape != NULL)
            printf("metrics on http://%s/metrics\n", dbk_scrape_address(scrape));
        printf("listening on https://%s\n", dbk_http_address(s->server));
        (void)fflush(stdout);
        dbk_oplog(NULL, "event=start");
        dbk_notify(s->notify, "READY=1");
        wait_for_end(s);
        dbk_notify(s->notify, "STOPPING=1");
    }
    dbk_scrape_stop(scrape);
    if (s->server != NULL)
        stop_http(s);
    return rc;
}

/* Blocks the signals in all threads that come, so that only sigwait sees them. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGCHLD);
    (void)sigaddset(set, SIGHUP);
    (void)signal(SIGHUP, SIG_DFL); /* whoever began it may have let it be ignored */
    DBK_ASSERT(sigprocmask(SIG_BLOCK, set, NULL) == 0);
}

static void close_all(const serving *s)
{
    if (s->notify >= 0)
        (void)close(s->notify);
    if (s->listener >= 0)
        (void)close(s->listener);
    if (s->scrape_listener >= 0)
        (void)close(s->scrape_listener);
}

dbk_rc dbk_serve(const dbk_serve_opts *opts, dbk_err *err)
{
    serving s = { .opts = opts,
                  .cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX),
                  .key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX),
                  .listener = -1,
                  .scrape_listener = -1,
                  .notify = -1,
                  .keeper = NO_KEEPER };
    block_signals(&s.signals); /* before the first thread begins */
    dbk_rc rc = prepare(&s, err);
    if (rc == DBK_OK)
        rc = answer_until_told(&s, err);
    close_all(&s);
    dbk_front_free(s.front); /* the keeper ends */
    if (s.keeper != NO_KEEPER) {
        dbk_rc ended = dbk_spawn_wait(s.keeper, rc == DBK_OK ? err : NULL);
        rc = rc == DBK_OK ? ended : rc;
    }
    dbk_metrics_free(s.metrics);
    dbk_bytes_wipe(&s.cert);
    dbk_bytes_wipe(&s.key);
    return rc;
}
