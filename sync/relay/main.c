/* daybook-relay: options, signals, listen. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/crypto/hash.h"
#include "sync/relay/card.h"
#include "sync/relay/home.h"
#include "sync/relay/http.h"
#include "sync/relay/listener.h"
#include "sync/relay/log_check.h"
#include "sync/relay/scrape.h"

#define DRAIN_MS 10000u

static const char help_text[] =
    "daybook-relay keeps sealed notes for devices and headquarters. It can't read them.\n"
    "\n"
    "usage:\n"
    "  daybook-relay init DIR [--url URL] [--dsn DSN]\n"
    "        A new relay in an empty folder; writes DIR/relay-card.txt for the first admin. With\n"
    "        --dsn the log is in that PostgreSQL database, and relays on other machines may serve\n"
    "        it, too, each with a copy of DIR. The password is not in DSN, but in ~/.pgpass.\n"
    "  daybook-relay serve --data DIR --listen ADDRESS:PORT [--tls-cert FILE --tls-key FILE]\n"
    "                      [--disk-max PERCENT] [--behind-proxy] [--metrics ADDRESS:PORT]\n"
    "        Answers devices by HTTPS until SIGTERM. Port 0: a free one, as printed. When more "
    "than\n"
    "        PERCENT (90) of the disk is in use, new notes are refused; reads go on, and so do\n"
    "        changes of membership. Strangers are held back by their address; with\n"
    "        --behind-proxy all connections come from one, and the proxy has to do it. --metrics\n"
    "        answers monitoring on this machine, by plain HTTP: GET /metrics.\n"
    "  daybook-relay card --data DIR [--url URL] [--tls-cert FILE]\n"
    "        Writes the card anew, for another address or certificate.\n"
    "  daybook-relay tls-next --data DIR\n"
    "        Makes the next TLS key ahead of its use and prints its pin, for the organisation's\n"
    "        policy and for `card`. Asked again, it prints the same.\n"
    "  daybook-relay tls-switch --data DIR\n"
    "        Takes the next key into use (stop the relay first); the old one is gone. A device "
    "that\n"
    "        was not told the new pin needs a new invite.\n"
    "  daybook-relay fsck --data DIR\n"
    "        Checks everything that is stored: chains, signatures, trees.\n"
    "  daybook-relay migrate --data DIR --to DSN\n"
    "        Moves the log from DIR into a PostgreSQL database (stop the relay first): every "
    "receipt\n"
    "        and proof holds as before.\n"
    "  daybook-relay recover --data DIR --reason TEXT\n"
    "        After a backup was put back, and before `serve`: the relay then takes back from the\n"
    "        members' devices what it lost, and nothing else, until the device that founded the\n"
    "        organisation has run `daybook org recover-log`.\n"
    "  daybook-relay --help | --version\n";

typedef struct options {
    const char *verb;
    const char *dir;
    const char *listen, *url, *tls_cert, *tls_key, *reason, *dsn, *to, *disk_max, *metrics;
    bool behind_proxy;
} options;

static dbk_rc usage(dbk_err *err, const char *what, const char *which)
{
    return dbk_fail(err, DBK_USAGE, "%s %s (see daybook-relay --help)", what, which);
}

/* ---- verbs ------------------------------------------------------------------------------- */

static dbk_rc run_init(const options *o, dbk_err *err)
{
    dbk_home_birth birth = { o->url, o->dsn };
    dbk_rc rc = dbk_home_init(o->dir, &birth, dbk_env_system(), err);
    if (rc == DBK_OK)
        printf("a new relay in %s; give %s/%s to the first admin by a safe way\n", o->dir, o->dir,
               DBK_HOME_CARD);
    return rc;
}

static dbk_rc read_pem(const dbk_home *home, const char *given, const char *own, dbk_bytes *out,
                       dbk_err *err)
{
    dbk_rc rc = given != NULL ? dbk_home_read(NULL, given, out, err)
                              : dbk_home_read(home, own, out, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(out, 0, err) : rc; /* the server wants a C string */
}

static dbk_span pem_span(const dbk_bytes *pem)
{
    return dbk_span_of(pem->p, pem->len - 1);
}

static dbk_rc run_card(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_rc rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = read_pem(home, o->tls_cert, DBK_HOME_CERT, &cert, err);
    if (rc == DBK_OK) {
        dbk_home_card card = { o->url, pem_span(&cert) };
        rc = dbk_home_card_write(home, &card, err);
    }
    if (rc == DBK_OK)
        printf("wrote %s/%s\n", o->dir, DBK_HOME_CARD);
    dbk_bytes_wipe(&cert);
    dbk_home_close(home);
    return rc;
}

static dbk_rc run_tls_next(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    uint8_t pin[DBK_TLS_PIN_BYTES];
    char hex[2 * DBK_TLS_PIN_BYTES + 1];
    dbk_rc rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_home_tls_next(home, pin, dbk_env_system(), err);
    if (rc == DBK_OK) {
        dbk_hex_print(hex, dbk_span_of(pin, sizeof(pin)));
        printf("tls-pin-next %s\n", hex);
    }
    dbk_home_close(home);
    return rc;
}

static dbk_rc run_tls_switch(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    dbk_rc rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_home_tls_switch(home, err);
    if (rc == DBK_OK)
        printf("the next TLS key is in use; write the card anew: daybook-relay card\n");
    dbk_home_close(home);
    return rc;
}

static void print_report(const char *what, const dbk_log_report *r)
{
    printf("%s: %llu entries, %llu spaces, %llu segments, %llu feeds, %llu forks kept\n", what,
           (unsigned long long)r->entries, (unsigned long long)r->spaces,
           (unsigned long long)r->segments, (unsigned long long)r->feeds,
           (unsigned long long)r->forks);
}

static dbk_rc run_fsck(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    dbk_log log = { NULL, NULL };
    dbk_log_report report = { 0 };
    dbk_rc rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_home_verify(home, err);
    if (rc == DBK_OK)
        rc = dbk_home_source(home)->open(dbk_home_source(home)->self, &log, DBK_LOG_READS, err);
    if (rc == DBK_OK)
        rc = log.ops->begin(log.self, err); /* one view, also while relays serve */
    if (rc == DBK_OK)
        rc = dbk_log_check_deep(&log, &report, err);
    if (log.ops != NULL)
        log.ops->rollback(log.self);
    if (rc == DBK_OK)
        print_report("sound", &report);
    dbk_log_close(&log);
    dbk_home_close(home);
    return rc;
}

static dbk_rc run_migrate(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    dbk_log_report report;
    dbk_rc rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_home_migrate(home, o->to, dbk_env_system(), &report, err);
    if (rc == DBK_OK) {
        print_report("moved", &report);
        printf("relay.db is not used any more. Keep it until there is a backup of the database,\n"
               "and always keep relay.key.\n");
    }
    dbk_home_close(home);
    return rc;
}

static dbk_rc run_recover(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    dbk_log log = { NULL, NULL };
    dbk_rc rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_home_verify(home, err);
    if (rc == DBK_OK)
        rc = dbk_home_source(home)->open(dbk_home_source(home)->self, &log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = dbk_relay_recover(&log, o->reason, dbk_env_system(), err);
    if (rc == DBK_OK)
        printf("serve the relay now: it takes back what it lost as devices sync. Then, on the "
               "device that\nfounded the organisation: daybook org recover-log\n");
    dbk_log_close(&log);
    dbk_home_close(home);
    return rc;
}

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

static dbk_rc print_pin(const dbk_bytes *cert, dbk_err *err)
{
    uint8_t pin[DBK_TLS_PIN_BYTES];
    char hex[2 * DBK_TLS_PIN_BYTES + 1];
    dbk_rc rc = dbk_tls_pin(pin, pem_span(cert), err);
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

typedef struct disk {
    const dbk_home *home;
    unsigned percent;
    uint64_t started_ms;
} disk;

static bool is_full(void *ctx)
{
    const disk *d = ctx;
    return dbk_home_is_full(d->home, d->percent);
}

/* What only the process knows. */
static dbk_rc measure_more(void *ctx, dbk_bytes *out, dbk_err *err)
{
    const disk *d = ctx;
    dbk_home_disk space = { 0, 0 };
    dbk_rc rc = dbk_home_disk_of(d->home, &space, err);
    const struct {
        const char *family, *labels, *help;
        uint64_t value;
    } rows[] = {
        { "build_info", "version=\"" DAYBOOK_VERSION "\"", "1; the version is the label.", 1 },
        { "start_time_seconds", "", "When it was started, as Unix time.", d->started_ms / 1000 },
        { "disk_free_bytes", "", "Room on the folder's disk for this user.", space.free },
        { "disk_size_bytes", "", "Size of the folder's disk.", space.size },
        { "disk_limit_percent", "", "Above this share in use no notes are taken.", d->percent },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == DBK_OK; i++) {
        rc = dbk_metrics_gauge_head(out, rows[i].family, rows[i].help, err);
        if (rc == DBK_OK)
            rc = dbk_metrics_gauge_value(out, rows[i].family, rows[i].labels, rows[i].value, err);
    }
    return rc;
}

static dbk_rc serve_until(const sigset_t *set, const dbk_http_opts *http, const options *o, disk *d,
                          dbk_err *err)
{
    int got = 0;
    dbk_http *server = NULL;
    dbk_scrape *scrape = NULL;
    dbk_scrape_opts measured = { http->relay, http->env, o->metrics, measure_more, d };
    dbk_http_opts opts = *http;
    dbk_rc rc = o->metrics != NULL ? dbk_scrape_start(&scrape, &measured, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = dbk_listener_open(&opts.listener, o->listen, err);
    if (rc == DBK_OK)
        rc = dbk_http_start(&server, &opts, err);
    if (rc != DBK_OK) {
        dbk_scrape_stop(scrape);
        return rc;
    }
    if (scrape != NULL)
        printf("metrics on http://%s/metrics\n", dbk_scrape_address(scrape));
    printf("listening on https://%s\n", dbk_http_address(server));
    (void)fflush(stdout);
    log_line(NULL, "event=start");
    DBK_ASSERT(sigwait(set, &got) == 0);
    log_line(NULL, "event=stop");
    dbk_http_stop(server, DRAIN_MS);
    dbk_scrape_stop(scrape);
    return DBK_OK;
}

static dbk_rc parse_percent(unsigned *out, const char *text, dbk_err *err)
{
    uint64_t n = DBK_HOME_DISK_PERCENT;
    if (text != NULL && (dbk_u64_parse(&n, dbk_span_str(text), NULL) != DBK_OK || n < 1 || n > 100))
        return usage(err, "a whole number from 1 to 100 is needed for", "--disk-max");
    *out = (unsigned)n;
    return DBK_OK;
}

static dbk_rc run_serve(const options *o, dbk_err *err)
{
    const dbk_env *env = dbk_env_system();
    disk d = { NULL, 0, env->now_ms(env->self) };
    sigset_t set;
    dbk_home *home = NULL;
    dbk_relay *relay = NULL;
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    block_signals(&set); /* before the writer's thread begins */
    dbk_rc rc = parse_percent(&d.percent, o->disk_max, err);
    if (rc == DBK_OK)
        rc = dbk_home_open(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = read_pem(home, o->tls_cert, DBK_HOME_CERT, &cert, err);
    if (rc == DBK_OK)
        rc = read_pem(home, o->tls_key, DBK_HOME_KEY, &key, err);
    if (rc == DBK_OK && o->tls_cert != NULL)
        rc = print_pin(&cert, err);
    if (rc == DBK_OK) {
        dbk_relay_opts opts = { dbk_home_source(home), dbk_env_system(), DBK_WRITER_THREAD,
                                DBK_HTTP_THREADS + 1 /* of metrics */ };
        rc = dbk_relay_open(&relay, &opts, err);
    }
    if (rc == DBK_OK) {
        dbk_relay_limits limits = { .device = { 200, 20 }, .stranger = { 100, 5 } };
        if (o->behind_proxy)
            limits.stranger.burst = 0; /* the proxy's task: it sees who they are */
        rc = dbk_relay_limit(relay, &limits, err);
    }
    if (rc == DBK_OK) {
        d.home = home;
        dbk_relay_watch_disk(relay, is_full, &d);
        dbk_http_opts http = { .relay = relay,
                               .env = dbk_env_system(),
                               .behind_proxy = o->behind_proxy,
                               .cert_pem = (const char *)cert.p,
                               .key_pem = (const char *)key.p,
                               .log = log_line };
        rc = serve_until(&set, &http, o, &d, err);
    }
    dbk_relay_close(relay);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    dbk_home_close(home);
    return rc;
}

/* ---- options ----------------------------------------------------------------------------- */

typedef enum option_use { NO = 0, MAY = 1, MUST = 2 } option_use;
typedef struct verb_row {
    const char *name;
    dbk_rc (*run)(const options *o, dbk_err *err);
    bool names_dir; /* the folder is an argument, not --data */
    option_use listen, url, tls_cert, tls_key, reason, dsn, to, disk_max, metrics;
} verb_row;
static const verb_row verbs[] = {
    { "init", run_init, .names_dir = true, .url = MAY, .dsn = MAY },
    { "serve", run_serve, .listen = MUST, .tls_cert = MAY, .tls_key = MAY, .disk_max = MAY,
      .metrics = MAY },
    { "card", run_card, .url = MAY, .tls_cert = MAY },
    { "tls-next", run_tls_next, .names_dir = false },
    { "tls-switch", run_tls_switch, .names_dir = false },
    { "fsck", run_fsck, .names_dir = false },
    { "recover", run_recover, .reason = MUST },
    { "migrate", run_migrate, .to = MUST },
};

static dbk_rc take_option(options *o, const verb_row *verb, char **argv, int *at, dbk_err *err)
{
    const struct {
        const char *name;
        const char **value;
        option_use use;
    } rows[] = {
        { "--data", &o->dir, verb->names_dir ? NO : MUST },
        { "--listen", &o->listen, verb->listen },
        { "--url", &o->url, verb->url },
        { "--tls-cert", &o->tls_cert, verb->tls_cert },
        { "--tls-key", &o->tls_key, verb->tls_key },
        { "--reason", &o->reason, verb->reason },
        { "--dsn", &o->dsn, verb->dsn },
        { "--to", &o->to, verb->to },
        { "--disk-max", &o->disk_max, verb->disk_max },
        { "--metrics", &o->metrics, verb->metrics },
    };
    const char *arg = argv[*at];
    if (strcmp(arg, "--behind-proxy") == 0 && verb->run == run_serve && !o->behind_proxy) {
        o->behind_proxy = true;
        return DBK_OK;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].use == NO || strcmp(arg, rows[i].name) != 0)
            continue;
        if (argv[*at + 1] == NULL || *rows[i].value != NULL)
            return usage(err, "one value is needed for", arg);
        *rows[i].value = argv[++*at];
        return DBK_OK;
    }
    if (arg[0] == '-' || !verb->names_dir || o->dir != NULL)
        return usage(err, "not understood:", arg);
    o->dir = arg;
    return DBK_OK;
}

static dbk_rc run(int argc, char **argv, dbk_err *err)
{
    options o = { 0 };
    const verb_row *verb = NULL;
    dbk_rc rc = DBK_OK;
    if (argc < 2)
        return usage(err, "say what to do:",
                     "init, serve, card, tls-next, tls-switch, fsck, recover or migrate");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        printf("%s", help_text);
        return DBK_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("daybook-relay %s\n", DAYBOOK_VERSION);
        return DBK_OK;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            verb = &verbs[i];
    }
    if (verb == NULL)
        return usage(err, "not understood:", argv[1]);
    for (int at = 2; at < argc && rc == DBK_OK; at++)
        rc = take_option(&o, verb, argv, &at, err);
    if (rc == DBK_OK && o.dir == NULL)
        rc = usage(err, "the folder is missing for", verb->name);
    if (rc == DBK_OK && verb->listen == MUST && o.listen == NULL)
        rc = usage(err, "--listen is missing for", verb->name);
    if (rc == DBK_OK && verb->reason == MUST && o.reason == NULL)
        rc = usage(err, "--reason is missing for", verb->name);
    if (rc == DBK_OK && verb->to == MUST && o.to == NULL)
        rc = usage(err, "--to is missing for", verb->name);
    if (rc == DBK_OK && verb->tls_key != NO && (o.tls_cert == NULL) != (o.tls_key == NULL))
        rc = usage(err, "--tls-cert and --tls-key go together for", verb->name);
    return rc == DBK_OK ? verb->run(&o, err) : rc;
}

int main(int argc, char **argv)
{
    dbk_err err = { 0 };
    const struct rlimit no_core = { 0, 0 };
    (void)umask(S_IRWXG | S_IRWXO);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    dbk_rc rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = run(argc, argv, &err);
    if (rc != DBK_OK)
        fprintf(stderr, "daybook-relay: %s\n", err.text[0] != '\0' ? err.text : dbk_rc_text(rc));
    return dbk_rc_exit_status(rc);
}
