#include "sync/relay/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"
#include "sync/relay/files.h"
#include "sync/relay/limits.h"
#include "sync/relay/measure.h"
#include "sync/relay/relay_calls.h"

#define SIZES_BYTES_MAX (DBK_SPACES_MAX * sizeof(dbk_measure_space))

typedef struct facts {
    dbk_measure log;
    dbk_bytes sizes; /* dbk_measure_space */
    uint64_t entries, log_bytes, made_ms;
    bool in_database, recovering;
    dbk_home_use use;
    dbk_home_disk disk;
    dbk_limits limits;
    dbk_err limits_why; /* rc DBK_OK: they are read */
} facts;

static dbk_rc take_space(void *ctx, const dbk_measure_space *space, dbk_err *err)
{
    return dbk_bytes_append(ctx, dbk_span_of(space, sizeof(*space)), err);
}

static dbk_rc look_at_log(facts *f, const dbk_log *log, const dbk_env *env, dbk_err *err)
{
    dbk_roll *roll = NULL;
    dbk_roll_org org = { 0 };
    dbk_err absent = { 0 };
    dbk_bytes why = DBK_BYTES_INIT(DBK_CLAIMS_WHY_BYTES_MAX);
    dbk_rc rc = log->ops->begin(log->self, err); /* one view of all of it */
    if (rc == DBK_OK)
        rc = dbk_roll_new(&roll, log, env, err);
    if (rc == DBK_OK) {
        dbk_roll_org_get(roll, &org);
        f->entries = org.count;
        rc = dbk_measure_log(&f->log, log, roll, take_space, &f->sizes, err);
    }
    if (rc == DBK_OK) {
        rc = dbk_log_setting_get(log, DBK_SETTING_RECOVERING, &why, &absent);
        f->recovering = rc == DBK_OK;
        if (rc == DBK_NOT_FOUND)
            rc = DBK_OK;
        else if (rc != DBK_OK)
            rc = dbk_fail(err, rc, "%s", absent.text);
    }
    log->ops->rollback(log->self);
    dbk_roll_free(roll);
    dbk_bytes_wipe(&why);
    return rc;
}

/* The file and what waits beside it to be written into it. */
static uint64_t bytes_of(const dbk_log_embedded *file)
{
    struct stat st;
    char wal[DBK_PATH_SIZE + 8];
    uint64_t bytes = 0;
    (void)snprintf(wal, sizeof(wal), "%s-wal", file->path);
    if (stat(file->path, &st) == 0)
        bytes += (uint64_t)st.st_size;
    if (stat(wal, &st) == 0)
        bytes += (uint64_t)st.st_size;
    return bytes;
}

static dbk_rc find_out(facts *f, const dbk_home *home, const dbk_env *env, dbk_err *err)
{
    dbk_log log = { NULL, NULL };
    const dbk_log_source *source = dbk_home_source(home);
    const dbk_log_embedded *file = dbk_home_file(home);
    f->in_database = file == NULL;
    f->log_bytes = file != NULL ? bytes_of(file) : 0;
    dbk_rc rc = dbk_home_who(home, &f->use, err);
    if (rc == DBK_OK)
        rc = dbk_home_disk_of(home, &f->disk, err);
    if (dbk_limits_read(&f->limits, home, &f->limits_why) != DBK_OK)
        dbk_limits_default(&f->limits);
    if (rc == DBK_OK)
        rc = dbk_home_last_backup(home, &f->made_ms, err);
    if (rc == DBK_OK)
        rc = source->open(source->self, &log, DBK_LOG_READS, err);
    if (rc == DBK_OK)
        rc = look_at_log(f, &log, env, err);
    dbk_log_close(&log);
    return rc;
}

/* ---- for a person ------------------------------------------------------------------------ */

static void print_size(char out[24], uint64_t bytes)
{
    static const char *const units[] = { "kB", "MB", "GB", "TB" };
    double n = (double)bytes / 1000;
    size_t at = 0;
    while (n >= 1000 && at < 3) {
        n /= 1000;
        at++;
    }
    (void)snprintf(out, 24, "%.1f %s", n, units[at]);
}

/* "2026-11-30T00:04:56Z, 3 hours ago", or what is said where there is none. */
static void print_when(char out[80], uint64_t at_ms, uint64_t now_ms, const char *none)
{
    char when[DBK_TIME_TEXT_SIZE];
    uint64_t minutes = now_ms > at_ms ? (now_ms - at_ms) / 60000 : 0;
    bool days = minutes >= 2 * 24 * 60, hours = minutes >= 2 * 60;
    if (at_ms == 0) {
        (void)snprintf(out, 80, "%s", none);
        return;
    }
    dbk_time_print(when, (int64_t)at_ms);
    (void)snprintf(out, 80, "%s, %" PRIu64 " %s ago", when,
                   days    ? minutes / (24 * 60)
                   : hours ? minutes / 60
                           : minutes,
                   days    ? "days"
                   : hours ? "hours"
                           : "minutes");
}

static dbk_rc person_head(dbk_bytes *out, const facts *f, dbk_err *err)
{
    char size[24];
    print_size(size, f->log_bytes);
    dbk_rc rc = dbk_bytes_append_fmt(out, err, "relay        %s, schema %u\n", DAYBOOK_VERSION,
                                     DBK_LOG_SCHEMA_VERSION);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err, "log          in %s%s%s\n",
                                  f->in_database ? "PostgreSQL" : DBK_HOME_DB,
                                  f->in_database ? "" : ", ", f->in_database ? "" : size);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err, "server       %s%s\n",
                                  f->use.address[0] != '\0' ? "serves "
                                  : f->use.taken            ? "no; another daybook-relay is at work"
                                                            : "not running",
                                  f->use.address);
    if (rc == DBK_OK && f->recovering)
        rc = dbk_bytes_append_str(out,
                                  "recovery     it waits for the organisation: daybook org "
                                  "recover-log\n",
                                  err);
    return rc;
}

static dbk_rc person_size(dbk_bytes *out, const char *name, uint64_t segments, uint64_t bytes,
                          dbk_err *err)
{
    char size[24];
    print_size(size, bytes);
    return dbk_bytes_append_fmt(out, err, "%-12s %" PRIu64 ", %s\n", name, segments, size);
}

static dbk_rc person_log(dbk_bytes *out, const facts *f, dbk_err *err)
{
    const dbk_measure_space *spaces = (const dbk_measure_space *)(const void *)f->sizes.p;
    dbk_rc rc = f->entries == 0
                    ? dbk_bytes_append_str(out, "organisation none yet\n", err)
                    : dbk_bytes_append_fmt(
                          out, err, "organisation %" PRIu64 " entries in its chain\n", f->entries);
    if (rc == DBK_OK)
        rc = person_size(out, "segments", f->log.segments, f->log.bytes, err);
    for (size_t i = 0; i < f->sizes.len / sizeof(*spaces) && rc == DBK_OK; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "  space %" PRIu64, spaces[i].number);
        rc = person_size(out, name, spaces[i].segments, spaces[i].bytes, err);
    }
    return rc;
}

static dbk_rc person_rest(dbk_bytes *out, const facts *f, uint64_t now_ms, dbk_err *err)
{
    char oldest[80], backup[80], free_size[24];
    print_when(oldest, f->log.oldest_ms, now_ms, "");
    print_when(backup, f->made_ms, now_ms, "never");
    print_size(free_size, f->disk.free);
    uint64_t used = f->disk.size - f->disk.free;
    dbk_rc rc = DBK_OK;
    if (f->log.witnesses == 0)
        rc = dbk_bytes_append_str(out, "witness      the policy names none\n", err);
    else
        rc = dbk_bytes_append_fmt(out, err, "witness      %" PRIu64 " segments wait%s%s\n",
                                  f->log.unwitnessed,
                                  oldest[0] != '\0' ? ", the oldest since " : "", oldest);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err,
                                  "disk         %u %% in use, %s free; above %" PRIu64
                                  " %% no notes are taken\n",
                                  (unsigned)((double)used * 100 / (double)f->disk.size), free_size,
                                  f->limits.of[DBK_LIMITS_DISK_MAX_PERCENT]);
    if (rc == DBK_OK && f->limits_why.rc != DBK_OK)
        rc = dbk_bytes_append_fmt(out, err, "limits       not read: %s\n", f->limits_why.text);
    if (rc == DBK_OK && !f->in_database)
        rc = dbk_bytes_append_fmt(out, err, "last backup  %s\n", backup);
    return rc;
}

/* ---- for a program ----------------------------------------------------------------------- */

static void json_time(char out[DBK_TIME_TEXT_SIZE + 2], uint64_t at_ms)
{
    char when[DBK_TIME_TEXT_SIZE];
    dbk_time_print(when, (int64_t)at_ms);
    if (at_ms == 0)
        (void)snprintf(out, DBK_TIME_TEXT_SIZE + 2, "null");
    else
        (void)snprintf(out, DBK_TIME_TEXT_SIZE + 2, "\"%s\"", when);
}

static const char *json_bool(bool b)
{
    return b ? "true" : "false";
}

static dbk_rc json_spaces(dbk_bytes *out, const facts *f, dbk_err *err)
{
    const dbk_measure_space *spaces = (const dbk_measure_space *)(const void *)f->sizes.p;
    dbk_rc rc = dbk_bytes_append_str(out, ",\"spaces\":[", err);
    for (size_t i = 0; i < f->sizes.len / sizeof(*spaces) && rc == DBK_OK; i++)
        rc = dbk_bytes_append_fmt(
            out, err, "%s{\"space\":%" PRIu64 ",\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
            i > 0 ? "," : "", spaces[i].number, spaces[i].segments, spaces[i].bytes);
    return rc == DBK_OK ? dbk_bytes_append_str(out, "]}\n", err) : rc;
}

/* Nothing in it needs an escape: numbers, times, an address that was read as one. */
static dbk_rc print_json(dbk_bytes *out, const facts *f, dbk_err *err)
{
    char oldest[DBK_TIME_TEXT_SIZE + 2], backup[DBK_TIME_TEXT_SIZE + 2];
    const char *quote = f->use.address[0] != '\0' ? "\"" : "";
    json_time(oldest, f->log.oldest_ms);
    json_time(backup, f->made_ms);
    dbk_rc rc = dbk_bytes_append_fmt(
        out, err,
        "{\"version\":\"%s\",\"schema\":%u,\"in_database\":%s,\"log_bytes\":%" PRIu64
        ",\"taken\":%s,\"serves\":%s%s%s,\"recovering\":%s,\"entries\":%" PRIu64
        ",\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"witnesses\":%" PRIu64
        ",\"unwitnessed\":%" PRIu64 ",\"oldest_unwitnessed\":%s,\"disk_free\":%" PRIu64
        ",\"disk_size\":%" PRIu64 ",\"disk_max\":%" PRIu64 ",\"limits_read\":%s,\"last_backup\":%s",
        DAYBOOK_VERSION, DBK_LOG_SCHEMA_VERSION, json_bool(f->in_database), f->log_bytes,
        json_bool(f->use.taken), quote, quote[0] != '\0' ? f->use.address : "null", quote,
        json_bool(f->recovering), f->entries, f->log.segments, f->log.bytes, f->log.witnesses,
        f->log.unwitnessed, oldest, f->disk.free, f->disk.size,
        f->limits.of[DBK_LIMITS_DISK_MAX_PERCENT], json_bool(f->limits_why.rc == DBK_OK), backup);
    return rc == DBK_OK ? json_spaces(out, f, err) : rc;
}

dbk_rc dbk_status_print(dbk_bytes *out, const dbk_home *home, const dbk_status_opts *opts,
                        const dbk_env *env, dbk_err *err)
{
    facts f = { .entries = 0 };
    dbk_bytes_init(&f.sizes, SIZES_BYTES_MAX);
    dbk_rc rc = find_out(&f, home, env, err);
    if (rc == DBK_OK && opts->json) {
        rc = print_json(out, &f, err);
    } else if (rc == DBK_OK) {
        rc = person_head(out, &f, err);
        if (rc == DBK_OK)
            rc = person_log(out, &f, err);
        if (rc == DBK_OK)
            rc = person_rest(out, &f, env->now_ms(env->self), err);
    }
    dbk_bytes_wipe(&f.sizes);
    return rc;
}
