#include "sync/relay/serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sync/relay/home.h"
#include "sync/relay/http.h"
#include "sync/relay/listener.h"
#include "sync/relay/metrics.h"
#include "sync/relay/scrape.h"

#define DRAIN_MS 10000u
#define LINE_SIZE 200u

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* One write for each line: lines of different threads don't mix. */
static void log_line(void *ctx, const char *line)
{
    char text[400];
    char when[DBK_TIME_TEXT_SIZE];
    const dbk_env *env = dbk_env_system();
    (void)ctx;
    dbk_time_print(when, (int64_t)env->now_ms(env->self));
    int len = snprintf(text, sizeof(text), "time=%s %s\n", when, line);
    if (len > 0 &&
        write(STDERR_FILENO, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1) < 0)
        return; /* nobody reads the log: no reason to stop */
}

/* ---- the sandbox ------------------------------------------------------------------------- */

static void log_sandbox(const dbk_sandbox_report *r)
{
    char line[LINE_SIZE];
    char landlock[40], seccomp[40] = "on";
    (void)snprintf(landlock, sizeof(landlock), "%u", r->landlock);
    if (r->landlock == 0)
        (void)snprintf(landlock, sizeof(landlock), "none reason=%s", r->landlock_why);
    if (!r->seccomp)
        (void)snprintf(seccomp, sizeof(seccomp), "none reason=%s", r->seccomp_why);
    (void)snprintf(line, sizeof(line), "event=sandbox landlock=%s seccomp=%s", landlock, seccomp);
    log_line(NULL, line);
}

/* The sanitizers' own work needs calls that ours doesn't. */
static dbk_rc enter_sandbox(const dbk_home *home, dbk_sandbox_mode mode, dbk_err *err)
{
    dbk_sandbox_wants wants;
    dbk_sandbox_report report = { .landlock_why = "sanitizer", .seccomp_why = "sanitizer" };
    dbk_rc rc = DBK_OK;
    dbk_home_wants(home, &wants);
    wants.answers = true;
    if (mode == DBK_SANDBOX_OFF) {
        report.landlock_why = report.seccomp_why = "told-to";
    } else if (!SANITIZED) {
        rc = dbk_sandbox_enter(&wants, &report, err);
    }
    if (rc != DBK_OK)
        return rc;
    log_sandbox(&report);
    if (mode == DBK_SANDBOX_REQUIRE && (report.landlock == 0 || !report.seccomp))
        return dbk_fail(err, DBK_DENIED, "this kernel has not all that --sandbox require asks for");
    return DBK_OK;
}

/* What libraries look up once, they look up before the walls stand: a connection's settings, its
 * server's name. */
static dbk_rc warm_up(const dbk_home *home, dbk_err *err)
{
    dbk_log log = { NULL, NULL };
    const dbk_log_source *source = dbk_home_source(home);
    dbk_rc rc = source->shared ? source->open(source->self, &log, DBK_LOG_READS, err) : DBK_OK;
    dbk_log_close(&log);
    return rc;
}

/* ---- serving ----------------------------------------------------------------------------- */

typedef struct serving {
    const dbk_serve_opts *opts;
    dbk_home *home;
    dbk_relay *relay;
    dbk_bytes cert, key;
    sigset_t signals;
    int listener, scrape_listener;
    uint64_t started_ms;
} serving;

static dbk_rc read_pem(const dbk_home *home, const char *given, const char *own, dbk_bytes *out,
                       dbk_err *err)
{
    dbk_rc rc = given != NULL ? dbk_home_read(NULL, given, out, err)
                              : dbk_home_read(home, own, out, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(out, 0, err) : rc; /* the server wants a C string */
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

/* Blocks the signals in all threads that come, so that only sigwait sees them. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    DBK_ASSERT(sigprocmask(SIG_BLOCK, set, NULL) == 0);
}

static bool is_full(void *ctx)
{
    const serving *s = ctx;
    return dbk_home_is_full(s->home, s->opts->disk_percent);
}

/* All that the walls would be in the way of. */
static dbk_rc prepare(serving *s, dbk_err *err)
{
    const dbk_serve_opts *o = s->opts;
    dbk_rc rc = dbk_home_open(&s->home, o->dir, err);
    if (rc == DBK_OK)
        rc = read_pem(s->home, o->tls_cert, DBK_HOME_CERT, &s->cert, err);
    if (rc == DBK_OK)
        rc = read_pem(s->home, o->tls_key, DBK_HOME_KEY, &s->key, err);
    if (rc == DBK_OK && o->tls_cert != NULL)
        rc = print_pin(&s->cert, err);
    if (rc == DBK_OK)
        rc = warm_up(s->home, err);
    if (rc == DBK_OK && o->metrics != NULL)
        rc = dbk_scrape_listen(&s->scrape_listener, o->metrics, err);
    return rc == DBK_OK ? dbk_listener_open(&s->listener, o->listen, err) : rc;
}

static dbk_rc open_relay(serving *s, dbk_err *err)
{
    dbk_relay_opts opts = { dbk_home_source(s->home), dbk_env_system(), DBK_WRITER_THREAD,
                            DBK_HTTP_THREADS + 1 /* of metrics */ };
    dbk_relay_limits limits = { .device = { 200, 20 }, .stranger = { 100, 5 } };
    if (s->opts->behind_proxy)
        limits.stranger.burst = 0; /* the proxy's task: it sees who they are */
    dbk_rc rc = dbk_relay_open(&s->relay, &opts, err);
    if (rc == DBK_OK)
        rc = dbk_relay_limit(s->relay, &limits, err);
    if (rc == DBK_OK)
        dbk_relay_watch_disk(s->relay, is_full, s);
    return rc;
}

/* What only the process knows. */
static dbk_rc measure_more(void *ctx, dbk_bytes *out, dbk_err *err)
{
    const serving *s = ctx;
    dbk_home_disk space = { 0, 0 };
    uint64_t made_ms = 0;
    dbk_rc rc = dbk_home_disk_of(s->home, &space, err);
    if (rc == DBK_OK)
        rc = dbk_home_last_backup(s->home, &made_ms, err);
    const struct {
        const char *family, *labels, *help;
        uint64_t value;
    } rows[] = {
        { "build_info", "version=\"" DAYBOOK_VERSION "\"", "1; the version is the label.", 1 },
        { "start_time_seconds", "", "When it was started, as Unix time.", s->started_ms / 1000 },
        { "last_backup_time_seconds", "", "When a backup was made last, as Unix time; 0: never.",
          made_ms / 1000 },
        { "disk_free_bytes", "", "Room on the folder's disk for this user.", space.free },
        { "disk_size_bytes", "", "Size of the folder's disk.", space.size },
        { "disk_limit_percent", "", "Above this share in use no notes are taken.",
          s->opts->disk_percent },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == DBK_OK; i++) {
        rc = dbk_metrics_gauge_head(out, rows[i].family, rows[i].help, err);
        if (rc == DBK_OK)
            rc = dbk_metrics_gauge_value(out, rows[i].family, rows[i].labels, rows[i].value, err);
    }
    return rc;
}

static dbk_rc start_scrape(serving *s, dbk_scrape **out, dbk_err *err)
{
    dbk_scrape_opts opts = { s->relay, dbk_env_system(), s->scrape_listener, measure_more, s };
    *out = NULL;
    s->scrape_listener = -1;
    return opts.listener >= 0 ? dbk_scrape_start(out, &opts, err) : DBK_OK;
}

static dbk_rc start_http(serving *s, dbk_http **out, dbk_err *err)
{
    dbk_http_opts opts = { .relay = s->relay,
                           .env = dbk_env_system(),
                           .behind_proxy = s->opts->behind_proxy,
                           .listener = s->listener,
                           .cert_pem = (const char *)s->cert.p,
                           .key_pem = (const char *)s->key.p,
                           .log = log_line };
    s->listener = -1;
    return dbk_http_start(out, &opts, err);
}

static dbk_rc answer_until_told(serving *s, dbk_err *err)
{
    int got = 0;
    dbk_http *server = NULL;
    dbk_scrape *scrape;
    dbk_rc rc = start_scrape(s, &scrape, err);
    if (rc == DBK_OK)
        rc = start_http(s, &server, err);
    if (rc == DBK_OK) {
        if (scrape != NULL)
            printf("metrics on http://%s/metrics\n", dbk_scrape_address(scrape));
        if (dbk_home_announce(s->home, dbk_http_address(server), NULL) != DBK_OK)
            log_line(NULL, "event=unannounced"); /* `status` can't tell where it serves: no more */
        printf("listening on https://%s\n", dbk_http_address(server));
        (void)fflush(stdout);
        log_line(NULL, "event=start");
        DBK_ASSERT(sigwait(&s->signals, &got) == 0);
        log_line(NULL, "event=stop");
    }
    dbk_http_stop(server, DRAIN_MS);
    dbk_scrape_stop(scrape);
    return rc;
}

dbk_rc dbk_serve(const dbk_serve_opts *opts, dbk_err *err)
{
    serving s = { .opts = opts,
                  .cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX),
                  .key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX),
                  .listener = -1,
                  .scrape_listener = -1,
                  .started_ms = dbk_env_system()->now_ms(dbk_env_system()->self) };
    block_signals(&s.signals); /* before the first thread begins */
    dbk_rc rc = prepare(&s, err);
    if (rc == DBK_OK)
        rc = enter_sandbox(s.home, opts->sandbox, err);
    if (rc == DBK_OK)
        rc = open_relay(&s, err);
    if (rc == DBK_OK)
        rc = answer_until_told(&s, err);
    if (s.listener >= 0)
        (void)close(s.listener);
    if (s.scrape_listener >= 0)
        (void)close(s.scrape_listener);
    dbk_relay_close(s.relay);
    dbk_bytes_wipe(&s.cert);
    dbk_bytes_wipe(&s.key);
    dbk_home_close(s.home);
    return rc;
}
