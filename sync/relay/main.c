/* daybook-relay: verbs and options. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/crypto/hash.h"
#include "sync/relay/backup.h"
#include "sync/relay/card.h"
#include "sync/relay/home.h"
#include "sync/relay/keep.h"
#include "sync/relay/log_check.h"
#include "sync/relay/serve.h"
#include "sync/relay/status.h"

#define DESCRIPTORS (DBK_HTTP_CONNECTIONS_MAX + 256u)

static const char help_text[] =
    "daybook-relay keeps sealed notes for devices and headquarters. It can't read them.\n"
    "\n"
    "usage:\n"
    "  daybook-relay init DIR [--url URL] [--dsn DSN]\n"
    "        A new relay in an empty folder; writes DIR/relay-card.txt for the first admin. With\n"
    "        --dsn the log is in that PostgreSQL database, and relays on other machines may serve\n"
    "        it, too, each with a copy of DIR. The password is not in DSN, but in ~/.pgpass.\n"
    "  daybook-relay serve --data DIR [--listen ADDRESS:PORT] [--tls-cert FILE --tls-key FILE]\n"
    "                      [--disk-max PERCENT] [--behind-proxy | --behind-http-proxy]\n"
    "                      [--metrics ADDRESS:PORT] [--sandbox require|on|off]\n"
    "        Answers devices by HTTPS until SIGTERM. Port 0: a free one, as printed; without\n"
    "        --listen on the socket that the service manager passes. When more "
    "than\n"
    "        PERCENT (90) of the disk is in use, new notes are refused; reads go on, and so do\n"
    "        changes of membership. Strangers are held back by their address; with\n"
    "        --behind-proxy all connections come from one, and the proxy has to do it; with\n"
    "        --behind-http-proxy a proxy on this machine tells it (packaging/nginx). --metrics\n"
    "        answers monitoring on this machine, by plain HTTP: GET /metrics.\n"
    "        Once it has started it can open, run and reach nothing that it doesn't need, as far\n"
    "        as the kernel can hold it to that; with --sandbox require it won't serve otherwise.\n"
    "  daybook-relay card --data DIR [--url URL] [--tls-cert FILE]\n"
    "        Writes the card anew, for another address or certificate.\n"
    "  daybook-relay tls-next --data DIR\n"
    "        Makes the next TLS key ahead of its use and prints its pin, for the organisation's\n"
    "        policy and for `card`. Asked again, it prints the same.\n"
    "  daybook-relay tls-switch --data DIR\n"
    "        Puts the next key in the place of the old one, which is gone. A relay that serves\n"
    "        takes it into use on SIGHUP, if the policy announces its pin. A device that was not\n"
    "        told the new pin needs a new invite.\n"
    "  daybook-relay status --data DIR [--json]\n"
    "        What it holds, since when something waits for a witness, the disk, the last backup;\n"
    "        with or without a server on it.\n"
    "  daybook-relay fsck --data DIR\n"
    "        Checks everything that is stored: chains, signatures, trees.\n"
    "  daybook-relay migrate --data DIR --to DSN\n"
    "        Moves the log from DIR into a PostgreSQL database (stop the relay first): every "
    "receipt\n"
    "        and proof holds as before.\n"
    "  daybook-relay backup --data DIR --to FOLDER [--openers FILE]\n"
    "        Copies the log while it is served: one sealed file, proved by restoring it and\n"
    "        checking all of it. It needs relay.key to be of use, which has to be kept apart, and\n"
    "        the opener book: one file for all backups, FOLDER/openers.book unless you say where.\n"
    "        Each backup writes it anew, without what was ordered erased: so no older backup\n"
    "        opens that any more.\n"
    "  daybook-relay restore --data DIR --from FILE --key FILE --reason TEXT [--openers FILE]\n"
    "        A relay in a new folder from a backup, the opener book and relay.key's copy. It then\n"
    "        waits for its recovery, as after `recover`.\n"
    "  daybook-relay recover --data DIR --reason TEXT\n"
    "        After a backup was put back, and before `serve`: the relay then takes back from the\n"
    "        members' devices what it lost, and nothing else, until the device that founded the\n"
    "        organisation has run `daybook org recover-log`.\n"
    "  daybook-relay --help | --version\n";

typedef struct options {
    const char *verb;
    const char *dir;
    const char *listen, *url, *tls_cert, *tls_key, *reason, *dsn, *to, *from, *key, *disk_max,
        *metrics, *sandbox, *openers;
    bool behind_proxy, behind_http_proxy, json;
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
    dbk_rc rc = dbk_home_look(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_home_tls_switch(home, err);
    if (rc == DBK_OK)
        printf(
            "the next TLS key is in its place. A relay that serves takes it into use on SIGHUP;\n"
            "then write the card anew: daybook-relay card\n");
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

static dbk_rc run_status(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    const dbk_status_opts opts = { o->json };
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATUS_BYTES_MAX);
    dbk_rc rc = dbk_home_look(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_status_print(&text, home, &opts, dbk_env_system(), err);
    if (rc == DBK_OK)
        printf("%.*s", (int)text.len, (const char *)text.p);
    dbk_bytes_wipe(&text);
    dbk_home_close(home);
    return rc;
}

static void print_book(const options *o)
{
    if (o->openers != NULL)
        printf("opener book, written anew: %s\n", o->openers);
    else
        printf("opener book, written anew: %s/%s\n", o->to, DBK_OPENER_BOOK_NAME);
    printf("No backup can be read without it. Delete copies of it that are older than 30 days.\n");
}

static dbk_rc run_backup(const options *o, dbk_err *err)
{
    dbk_home *home = NULL;
    dbk_backup made;
    const dbk_backup_target target = { o->to, o->openers };
    dbk_rc rc = dbk_home_look(&home, o->dir, err);
    if (rc == DBK_OK)
        rc = dbk_backup_make(&made, home, &target, dbk_env_system(), err);
    if (rc == DBK_OK) {
        printf("%s/%s\nsha256 %s\n", o->to, made.name, made.sha256);
        print_report("restored once, sound", &made.holds);
        print_book(o);
        printf("Keep it with others of its kind, and %s/%s apart from them.\n", o->dir,
               DBK_HOME_DB_KEY);
    }
    dbk_home_close(home);
    return rc;
}

static const char what_follows[] =
    "serve the relay now: it takes back what it lost as devices sync. Then, on the device that\n"
    "founded the organisation: daybook org recover-log\n";

static dbk_rc run_restore(const options *o, dbk_err *err)
{
    char when[DBK_TIME_TEXT_SIZE];
    dbk_backup made;
    bool waits;
    const dbk_backup_source from = { o->from, o->key, o->reason, o->openers };
    dbk_rc rc = dbk_backup_restore(&made, &waits, o->dir, &from, dbk_env_system(), err);
    if (rc != DBK_OK)
        return rc;
    dbk_time_print(when, (int64_t)made.made_ms);
    printf("the relay of %s is in %s\n", when, o->dir);
    print_report("sound", &made.holds);
    printf("%s", waits ? what_follows : "it serves no organisation yet\n");
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
        printf("%s", what_follows);
    dbk_log_close(&log);
    dbk_home_close(home);
    return rc;
}

static dbk_rc check_percent(const char *text, dbk_err *err)
{
    uint64_t n = 0;
    if (text != NULL && (dbk_u64_parse(&n, dbk_span_str(text), NULL) != DBK_OK || n < 1 || n > 100))
        return usage(err, "a whole number from 1 to 100 is needed for", "--disk-max");
    return DBK_OK;
}

static dbk_rc parse_sandbox(dbk_confine_mode *out, const char *text, dbk_err *err)
{
    *out = DBK_CONFINE_ON;
    if (text == NULL || dbk_confine_parse(out, text, NULL) == DBK_OK)
        return DBK_OK;
    return usage(err, "on, require or off is needed for", "--sandbox");
}

static dbk_rc run_serve(const options *o, dbk_err *err)
{
    dbk_serve_opts serve = { .dir = o->dir,
                             .listen = o->listen,
                             .tls_cert = o->tls_cert,
                             .tls_key = o->tls_key,
                             .metrics = o->metrics,
                             .disk_max = o->disk_max,
                             .peers = o->behind_http_proxy ? DBK_PEERS_BY_FIELD
                                      : o->behind_proxy    ? DBK_PEERS_HIDDEN
                                                           : DBK_PEERS_CONNECT };
    if (o->behind_proxy && o->behind_http_proxy)
        return usage(err, "one kind of proxy is meant:", "--behind-http-proxy");

    dbk_rc rc = check_percent(o->disk_max, err);
    if (rc == DBK_OK)
        rc = parse_sandbox(&serve.sandbox, o->sandbox, err);
    return rc == DBK_OK ? dbk_serve(&serve, err) : rc;
}

/* Of `serve`, in the process that it begins; no verb for people. */
static dbk_rc run_keep(const options *o, dbk_err *err)
{
    dbk_keep_opts keep = { .dir = o->dir,
                           .address = o->listen,
                           .tls_cert = o->tls_cert,
                           .tls_key = o->tls_key,
                           .disk_max = o->disk_max,
                           .behind_proxy = o->behind_proxy };
    dbk_rc rc = check_percent(o->disk_max, err);
    if (rc == DBK_OK)
        rc = parse_sandbox(&keep.sandbox, o->sandbox, err);
    return rc == DBK_OK ? dbk_keep(&keep, err) : rc;
}

/* ---- options ----------------------------------------------------------------------------- */

typedef enum option_use { NO = 0, MAY = 1, MUST = 2 } option_use;
typedef struct verb_row {
    const char *name;
    dbk_rc (*run)(const options *o, dbk_err *err);
    bool names_dir; /* the folder is an argument, not --data */
    option_use listen, url, tls_cert, tls_key, reason, dsn, to, from, key, disk_max, metrics,
        sandbox, openers;
    option_use behind_proxy, behind_http_proxy, json; /* without a value */
} verb_row;
static const verb_row verbs[] = {
    { "init", run_init, .names_dir = true, .url = MAY, .dsn = MAY },
    { "serve", run_serve, .listen = MAY, .tls_cert = MAY, .tls_key = MAY, .disk_max = MAY,
      .metrics = MAY, .behind_proxy = MAY, .behind_http_proxy = MAY, .sandbox = MAY },
    { "keep", run_keep, .listen = MUST, .tls_cert = MAY, .tls_key = MAY, .disk_max = MAY,
      .behind_proxy = MAY, .sandbox = MAY },
    { "card", run_card, .url = MAY, .tls_cert = MAY },
    { "tls-next", run_tls_next, .names_dir = false },
    { "tls-switch", run_tls_switch, .names_dir = false },
    { "status", run_status, .json = MAY },
    { "fsck", run_fsck, .names_dir = false },
    { "backup", run_backup, .to = MUST, .openers = MAY },
    { "restore", run_restore, .from = MUST, .key = MUST, .reason = MUST, .openers = MAY },
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
        { "--from", &o->from, verb->from },
        { "--key", &o->key, verb->key },
        { "--disk-max", &o->disk_max, verb->disk_max },
        { "--metrics", &o->metrics, verb->metrics },
        { "--sandbox", &o->sandbox, verb->sandbox },
        { "--openers", &o->openers, verb->openers },
    };
    const struct {
        const char *name;
        bool *value;
        option_use use;
    } flags[] = {
        { "--behind-proxy", &o->behind_proxy, verb->behind_proxy },
        { "--behind-http-proxy", &o->behind_http_proxy, verb->behind_http_proxy },
        { "--json", &o->json, verb->json },
    };
    const char *arg = argv[*at];
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].use == NO || strcmp(arg, flags[i].name) != 0 || *flags[i].value)
            continue;
        *flags[i].value = true;
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
        return usage(
            err, "say what to do:",
            "init, serve, status, backup, restore, recover, card, tls-next, tls-switch, fsck or "
            "migrate");
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
    const struct {
        const char *missing, *value;
        option_use use;
    } needed[] = {
        { "--listen is missing for", o.listen, verb->listen },
        { "--reason is missing for", o.reason, verb->reason },
        { "--to is missing for", o.to, verb->to },
        { "--from is missing for", o.from, verb->from },
        { "--key is missing for", o.key, verb->key },
    };
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && rc == DBK_OK; i++) {
        if (needed[i].use == MUST && needed[i].value == NULL)
            rc = usage(err, needed[i].missing, verb->name);
    }
    if (rc == DBK_OK && verb->tls_key != NO && (o.tls_cert == NULL) != (o.tls_key == NULL))
        rc = usage(err, "--tls-cert and --tls-key go together for", verb->name);
    return rc == DBK_OK ? verb->run(&o, err) : rc;
}

/* A descriptor for each connection that may be, and those of the log; as far as we may. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    dbk_err err = { 0 };
    const struct rlimit no_core = { 0, 0 };
    (void)umask(S_IRWXG | S_IRWXO);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    raise_descriptors();
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    dbk_rc rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = run(argc, argv, &err);
    if (rc != DBK_OK)
        fprintf(stderr, "daybook-relay: %s\n", err.text[0] != '\0' ? err.text : dbk_rc_text(rc));
    return dbk_rc_exit_status(rc);
}
