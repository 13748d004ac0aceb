#include "sync/relay/keep.h"

#include <signal.h>

#include "sync/relay/home.h"
#include "sync/relay/keeper.h"
#include "sync/relay/metrics.h"
#include "sync/relay/oplog.h"
#include "sync/relay/spawn.h"

typedef struct keeping {
    const dbk_keep_opts *opts;
    dbk_home *home;
    dbk_relay *relay;
    uint64_t started_ms;
    unsigned walls; /* that stand around this process; around the front stand as many */
} keeping;

static bool is_full(void *ctx)
{
    const keeping *k = ctx;
    return dbk_home_is_full(k->home, k->opts->disk_percent);
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
          k->opts->disk_percent },
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

static dbk_rc open_relay(keeping *k, dbk_err *err)
{
    dbk_relay_opts opts = { dbk_home_source(k->home), dbk_env_system(), DBK_WRITER_THREAD,
                            DBK_KEEP_CHANNELS };
    dbk_relay_limits limits = { .device = { 200, 20 }, .stranger = { 100, 5 } };
    if (k->opts->behind_proxy)
        limits.stranger.burst = 0; /* the proxy's task: it sees who they are */
    dbk_rc rc = dbk_relay_open(&k->relay, &opts, err);
    if (rc == DBK_OK)
        rc = dbk_relay_limit(k->relay, &limits, err);
    if (rc == DBK_OK)
        dbk_relay_watch_disk(k->relay, is_full, k);
    return rc;
}

static dbk_rc prepare(keeping *k, dbk_err *err)
{
    dbk_sandbox_wants wants;
    dbk_rc rc = dbk_home_open(&k->home, k->opts->dir, err);
    if (rc == DBK_OK)
        rc = warm_up(k->home, err);
    if (rc != DBK_OK)
        return rc;
    dbk_home_wants(k->home, &wants);
    const dbk_confine_opts confine = { "keeper", &wants, k->opts->sandbox };
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
    dbk_err why = { 0 };
    if (prepare(&k, &why) != DBK_OK) {
        dbk_keeper_excuse(channels[0], &why);
    } else {
        if (dbk_home_announce(k.home, opts->address, NULL) != DBK_OK)
            dbk_oplog(NULL, "event=unannounced"); /* `status` can't tell where it serves: no more */
        dbk_keeper_opts serve = { k.relay, env, channels, DBK_KEEP_CHANNELS, measure_more, &k };
        rc = dbk_keeper_serve(&serve, err);
    }
    dbk_relay_close(k.relay);
    dbk_home_close(k.home);
    return rc;
}
