#include "sync/relay/keep.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/text.h"
#include "sync/relay/files.h"
#include "sync/relay/home.h"
#include "sync/relay/keeper.h"
#include "sync/relay/limits.h"
#include "sync/relay/metrics.h"
#include "sync/relay/oplog.h"
#include "sync/relay/pg_reach.h"
#include "sync/relay/spawn.h"

typedef struct keeping {
    const dbk_keep_opts *opts;
    dbk_home *home;
    dbk_relay *relay;
    uint64_t started_ms;
    unsigned walls;            /* that stand around this process; around the front stand as many */
    pthread_mutex_t reloading; /* of the limits, once it serves */
    dbk_limits limits;
    atomic_uint disk_percent; /* of the limits; asked by any thread */
} keeping;

static bool is_full(void *ctx)
{
    const keeping *k = ctx;
    return dbk_home_is_full(k->home, atomic_load(&k->disk_percent));
}

/* What only the process knows. */
static dbk_rc measure_more(void *ctx, dbk_bytes *out, dbk_err *err)
{
    const keeping *k = ctx;
    dbk_home_disk space = { 0, 0 };
    uint64_t made_ms = 0;
    dbk_rc rc = dbk_home_disk_of(k->home, &space, err);
    if (rc == DBK_OK)
        rc = dbk_home_last_backup(k->home, &made_ms, err);
    const struct {
        const char *family, *labels, *help;
        uint64_t value;
    } rows[] = {
        { "build_info", "version=\"" DAYBOOK_VERSION "\"", "1; the version is the label.", 1 },
        { "start_time_seconds", "", "When it was started, as Unix time.", k->started_ms / 1000 },
        { "last_backup_time_seconds", "", "When a backup was made last, as Unix time; 0: never.",
          made_ms / 1000 },
        { "sandbox_walls", "", "Walls around each process, Landlock and seccomp: 2 is all.",
          k->walls },
        { "disk_free_bytes", "", "Room on the folder's disk for this user.", space.free },
        { "disk_size_bytes", "", "Size of the folder's disk.", space.size },
        { "disk_limit_percent", "", "Above this share in use no notes are taken.",
          atomic_load(&k->disk_percent) },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == DBK_OK; i++) {
        rc = dbk_metrics_gauge_head(out, rows[i].family, rows[i].help, err);
        if (rc == DBK_OK)
            rc = dbk_metrics_gauge_value(out, rows[i].family, rows[i].labels, rows[i].value, err);
    }
    return rc;
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

/* ---- limits ------------------------------------------------------------------------------ */

/* From the folder; what the command line says goes before. */
static dbk_rc read_limits(keeping *k, dbk_err *err)
{
    dbk_limits fresh;
    dbk_rc rc = dbk_limits_read(&fresh, k->home, err);
    if (rc == DBK_OK && k->opts->disk_max != NULL)
        rc = dbk_u64_parse(&fresh.of[DBK_LIMITS_DISK_MAX_PERCENT], dbk_span_str(k->opts->disk_max),
                           err);
    if (rc != DBK_OK)
        return rc;
    k->limits = fresh;
    atomic_store(&k->disk_percent, (unsigned)fresh.of[DBK_LIMITS_DISK_MAX_PERCENT]);
    return DBK_OK;
}

static dbk_rc put_limits(keeping *k, dbk_err *err)
{
    dbk_relay_limits limits = dbk_limits_of_relay(&k->limits);
    if (k->opts->behind_proxy)
        limits.stranger.burst = 0; /* the proxy's task: it sees who they are */
    return dbk_relay_limit(k->relay, &limits, err);
}

/* ---- SIGHUP, which the front is told --------------------------------------------------------- */

static void renew_limits(keeping *k)
{
    dbk_err why = { 0 };
    dbk_rc rc = read_limits(k, &why);
    if (rc == DBK_OK)
        rc = put_limits(k, &why);
    if (rc == DBK_OK)
        dbk_oplog(NULL, "event=reload limits=read");
    else
        dbk_oplog_kept("limits", why.text);
}

static dbk_rc read_pem(const keeping *k, const char *given, const char *own, dbk_bytes *out,
                       dbk_err *err)
{
    return given != NULL ? dbk_home_read(NULL, given, out, err)
                         : dbk_home_read(k->home, own, out, err);
}

/* Devices know the relay by its key. One that nobody has told them of would shut all of them out:
 * that takes a restart, and somebody who means it. */
static dbk_rc check_key(const keeping *k, const uint8_t shown[DBK_TLS_PIN_BYTES], dbk_span cert,
                        dbk_err *err)
{
    uint8_t pin[DBK_TLS_PIN_BYTES];
    dbk_rc rc = dbk_tls_pin(pin, cert, err);
    if (rc == DBK_OK && memcmp(pin, shown, sizeof(pin)) != 0 && !dbk_relay_announced(k->relay, pin))
        rc = dbk_fail(err, DBK_CONFLICT, "the policy doesn't announce this key's pin");
    return rc;
}

static void reload(void *ctx, const uint8_t shown[DBK_TLS_PIN_BYTES], dbk_bytes *cert,
                   dbk_bytes *key, dbk_err *why)
{
    keeping *k = ctx;
    DBK_ASSERT(pthread_mutex_lock(&k->reloading) == 0);
    renew_limits(k);
    dbk_rc rc = read_pem(k, k->opts->tls_cert, DBK_HOME_CERT, cert, why);
    if (rc == DBK_OK)
        rc = read_pem(k, k->opts->tls_key, DBK_HOME_KEY, key, why);
    if (rc == DBK_OK)
        rc = check_key(k, shown, dbk_bytes_span(cert), why);
    if (rc != DBK_OK && why->rc == DBK_OK)
        (void)dbk_fail(why, rc, "%s", dbk_rc_text(rc));
    DBK_ASSERT(pthread_mutex_unlock(&k->reloading) == 0);
}

/* ---- beginning --------------------------------------------------------------------------- */

/* The folder that a file is in: one that is put in its place has to be found there, too. */
static dbk_rc folder_of(char out[DBK_PATH_SIZE], const char *path, dbk_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (len >= DBK_PATH_SIZE)
        return dbk_fail(err, DBK_USAGE, "a path is too long");
    memcpy(out, path, len);
    out[len] = '\0';
    if (len == 0)
        memcpy(out, ".", sizeof("."));
    return DBK_OK;
}

/* What the log wants, and the folders of the operator's own certificate and key. */
typedef struct keep_wants {
    dbk_sandbox_wants all;
    const char *reads[DBK_PG_PATHS_MAX + 2];
    char folders[2][DBK_PATH_SIZE];
} keep_wants;

static dbk_rc find_wants(keep_wants *w, const keeping *k, dbk_err *err)
{
    const char *given[2] = { k->opts->tls_cert, k->opts->tls_key };
    dbk_rc rc = DBK_OK;
    dbk_home_wants(k->home, &w->all);
    DBK_ASSERT(w->all.reads_count <= DBK_PG_PATHS_MAX);
    for (size_t i = 0; i < w->all.reads_count; i++)
        w->reads[i] = w->all.reads[i];
    w->all.reads = w->reads;
    for (size_t i = 0; i < 2 && rc == DBK_OK; i++) {
        if (given[i] == NULL)
            continue;
        rc = folder_of(w->folders[i], given[i], err);
        w->reads[w->all.reads_count++] = w->folders[i];
    }
    return rc;
}

static dbk_rc open_relay(keeping *k, dbk_err *err)
{
    dbk_relay_opts opts = { dbk_home_source(k->home), dbk_env_system(), DBK_WRITER_THREAD,
                            DBK_KEEP_CHANNELS };
    dbk_rc rc = dbk_relay_open(&k->relay, &opts, err);
    if (rc == DBK_OK)
        rc = put_limits(k, err);
    if (rc == DBK_OK)
        dbk_relay_watch_disk(k->relay, is_full, k);
    return rc;
}

static dbk_rc prepare(keeping *k, dbk_err *err)
{
    static keep_wants wants; /* too large for a stack */
    dbk_rc rc = dbk_home_open(&k->home, k->opts->dir, err);
    if (rc == DBK_OK)
        rc = read_limits(k, err);
    if (rc == DBK_OK)
        rc = warm_up(k->home, err);
    if (rc == DBK_OK)
        rc = find_wants(&wants, k, err);
    const dbk_confine_opts confine = { "keeper", &wants.all, k->opts->sandbox };
    if (rc == DBK_OK)
        rc = dbk_confine(&k->walls, &confine, err);
    return rc == DBK_OK ? open_relay(k, err) : rc;
}

dbk_rc dbk_keep(const dbk_keep_opts *opts, dbk_err *err)
{
    const dbk_env *env = dbk_env_system();
    int channels[DBK_KEEP_CHANNELS];
    keeping k = { .opts = opts, .started_ms = env->now_ms(env->self) };
    dbk_rc rc = dbk_spawn_channels(channels, DBK_KEEP_CHANNELS, err);
    if (rc != DBK_OK)
        return rc;
    /* The front is told to stop, and it drains; the keeper ends when it has nobody to answer. */
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* a terminal tells both: the front asks for what follows */
    DBK_ASSERT(pthread_mutex_init(&k.reloading, NULL) == 0);
    dbk_err why = { 0 };
    if (prepare(&k, &why) != DBK_OK) {
        dbk_keeper_excuse(channels[0], &why);
    } else {
        if (dbk_home_announce(k.home, opts->address, NULL) != DBK_OK)
            dbk_oplog(NULL, "event=unannounced"); /* `status` can't tell where it serves: no more */
        dbk_keeper_opts serve = { k.relay,      env,    channels, DBK_KEEP_CHANNELS,
                                  measure_more, reload, &k };
        rc = dbk_keeper_serve(&serve, err);
    }
    dbk_relay_close(k.relay);
    dbk_home_close(k.home);
    (void)pthread_mutex_destroy(&k.reloading);
    return rc;
}
