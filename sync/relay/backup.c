#include "sync/relay/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/base/wire.h"
#include "sync/relay/files.h"
#include "sync/relay/relay.h"

#define SETTING_MADE "backup-made"
#define PART_NAME "backup.part" /* a copy that isn't proved yet */
#define PROOF_NAME "backup.proof"
#define DIGEST_BYTES 32u

/* What stands in a backup beside the log, each as a setting of its name. */
static const struct {
    const char *name;
    bool needed;
} beside[] = {
    { DBK_HOME_CERT, true },
    { DBK_HOME_KEY, true },
    { DBK_HOME_NEXT_CERT, false },
    { DBK_HOME_NEXT_KEY, false },
};
#define BESIDE (sizeof(beside) / sizeof(beside[0]))
#define SETTING_SIZE 64u

static void setting_of(char out[SETTING_SIZE], size_t i)
{
    (void)snprintf(out, SETTING_SIZE, "backup-%s", beside[i].name);
}

/* ---- making one -------------------------------------------------------------------------- */

static dbk_rc put_beside(const dbk_log *log, const dbk_home *home, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < BESIDE && rc == DBK_OK; i++) {
        char name[SETTING_SIZE];
        dbk_err absent = { 0 };
        dbk_bytes file = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
        setting_of(name, i);
        rc = dbk_home_read(home, beside[i].name, &file, &absent);
        if (rc == DBK_OK)
            rc = dbk_log_setting_put(log, name, dbk_bytes_span(&file), err);
        else if (rc == DBK_NOT_FOUND && !beside[i].needed)
            rc = DBK_OK;
        else
            rc = dbk_fail(err, rc, "%s", absent.text);
        dbk_bytes_wipe(&file);
    }
    return rc;
}

/* The copy becomes a backup: it says when it was made, and holds what stands beside the log. */
static dbk_rc complete(const dbk_log_embedded *part, const dbk_home *home, uint64_t made_ms,
                       dbk_err *err)
{
    uint8_t made[8];
    dbk_log log = { NULL, NULL };
    (void)dbk_wire_put_u64(made, made_ms);
    dbk_rc rc = dbk_log_embedded_open(part, &log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = log.ops->begin(log.self, err);
    if (rc == DBK_OK)
        rc = dbk_log_setting_put(&log, SETTING_MADE, dbk_span_of(made, sizeof(made)), err);
    if (rc == DBK_OK)
        rc = put_beside(&log, home, err);
    if (rc == DBK_OK)
        rc = log.ops->commit(log.self, err);
    if (rc != DBK_OK && log.ops != NULL)
        log.ops->rollback(log.self);
    dbk_log_close(&log); /* the last handle: all of it is in the file itself */
    return rc;
}

/* Hashes the file, and makes sure that its bytes are on the disk. */
static dbk_rc digest_file(dbk_backup *b, const char *path, dbk_err *err)
{
    static const char name[] = "the backup";
    uint8_t part[16384];
    uint8_t digest[DIGEST_BYTES];
    gnutls_hash_hd_t hash = NULL;
    ssize_t n = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return dbk_files_fail(name, err);
    dbk_rc rc = gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) == 0
                    ? DBK_OK
                    : dbk_fail(err, DBK_NOMEM, "no memory for a digest");
    b->bytes = 0;
    while (rc == DBK_OK && (n = read(fd, part, sizeof(part))) > 0) {
        if (gnutls_hash(hash, part, (size_t)n) != 0)
            rc = dbk_fail(err, DBK_NOMEM, "no memory for a digest");
        b->bytes += (uint64_t)n;
    }
    if (rc == DBK_OK && (n < 0 || fsync(fd) != 0))
        rc = dbk_files_fail(name, err);
    if (hash != NULL)
        gnutls_hash_deinit(hash, digest);
    dbk_hex_print(b->sha256, dbk_span_of(digest, sizeof(digest)));
    (void)close(fd);
    return rc;
}

static void remove_in(const char *dir, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[DBK_PATH_SIZE];
        if (dbk_files_path(path, dir, names[i], NULL) == DBK_OK)
            (void)unlink(path);
    }
}

/* A copy that isn't proved, and what SQLite keeps beside it: a stale log of writes must never meet
 * another file of its name. */
static void remove_part(const char *dir)
{
    static const char *const names[] = { PART_NAME, PART_NAME "-wal", PART_NAME "-shm",
                                         PART_NAME "-journal" };
    remove_in(dir, names, sizeof(names) / sizeof(names[0]));
}

/* A folder that a restore made, or began to. */
static void remove_restored(const char *dir)
{
    static const char *const names[] = { DBK_HOME_DB,      DBK_HOME_DB_KEY, DBK_HOME_DB_KEY ".new",
                                         DBK_HOME_CERT,    DBK_HOME_KEY,    DBK_HOME_NEXT_CERT,
                                         DBK_HOME_NEXT_KEY };
    remove_part(dir);
    remove_in(dir, names, sizeof(names) / sizeof(names[0]));
    (void)rmdir(dir);
}

/* The only proof that a backup can be restored is that it was. */
static dbk_rc prove(dbk_backup *b, const dbk_home *home, const char *part_path, const char *to,
                    const dbk_env *env, dbk_err *err)
{
    char dir[DBK_PATH_SIZE], key[DBK_PATH_SIZE];
    bool waits;
    dbk_backup restored;
    const dbk_backup_source from = { part_path, key, "a drill" };
    dbk_rc rc = dbk_files_path(dir, to, PROOF_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_files_path(key, dbk_home_dir(home), DBK_HOME_DB_KEY, err);
    if (rc != DBK_OK)
        return rc;
    remove_restored(dir); /* of a run that was cut short */
    rc = dbk_backup_restore(&restored, &waits, dir, &from, env, err);
    remove_restored(dir);
    if (rc != DBK_OK)
        return rc;
    if (restored.made_ms != b->made_ms)
        return dbk_fail(err, DBK_DAMAGED, "what was restored is another backup");
    b->holds = restored.holds;
    return DBK_OK;
}

static void name_it(dbk_backup *b)
{
    char when[DBK_TIME_TEXT_SIZE];
    char plain[DBK_TIME_TEXT_SIZE];
    size_t n = 0;
    dbk_time_print(when, (int64_t)b->made_ms);
    for (size_t i = 0; when[i] != '\0'; i++) {
        if (when[i] != '-' && when[i] != ':')
            plain[n++] = when[i];
    }
    plain[n] = '\0';
    (void)snprintf(b->name, sizeof(b->name), "daybook-relay-%s.db", plain);
}

/* Under its name, with its digest in the form that sha256sum checks. */
static dbk_rc publish(const dbk_backup *b, const char *to, dbk_err *err)
{
    char name[DBK_BACKUP_NAME_SIZE + sizeof(".sha256")];
    char line[DBK_BACKUP_DIGEST_SIZE + DBK_BACKUP_NAME_SIZE + 4];
    bool taken;
    dbk_rc rc = dbk_files_exists(to, b->name, &taken, err);
    if (rc == DBK_OK && taken)
        rc = dbk_fail(err, DBK_CONFLICT, "%s is there already", b->name);
    (void)snprintf(name, sizeof(name), "%s.sha256", b->name);
    (void)snprintf(line, sizeof(line), "%s  %s\n", b->sha256, b->name);
    if (rc == DBK_OK)
        rc = dbk_files_replace(to, name, dbk_span_str(line), err);
    return rc == DBK_OK ? dbk_files_rename(to, PART_NAME, b->name, err) : rc;
}

dbk_rc dbk_backup_make(dbk_backup *out, const dbk_home *home, const char *to, const dbk_env *env,
                       dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    const dbk_log_embedded *file = dbk_home_file(home);
    memset(out, 0, sizeof(*out));
    out->made_ms = env->now_ms(env->self);
    name_it(out);
    if (file == NULL)
        return dbk_fail(err, DBK_USAGE,
                        "this relay's log is in PostgreSQL: back up the database, and relay.key");
    if (mkdir(to, S_IRWXU) != 0 && errno != EEXIST)
        return dbk_files_fail(to, err);
    dbk_rc rc = dbk_files_path(path, to, PART_NAME, err);
    if (rc != DBK_OK)
        return rc;
    remove_part(to); /* of a run that was cut short */
    const dbk_log_embedded part = { path, file->key };
    rc = dbk_log_embedded_copy(file, path, err);
    if (rc == DBK_OK)
        rc = complete(&part, home, out->made_ms, err);
    if (rc == DBK_OK)
        rc = digest_file(out, path, err);
    if (rc == DBK_OK)
        rc = prove(out, home, path, to, env, err);
    if (rc == DBK_OK)
        rc = publish(out, to, err);
    if (rc == DBK_OK)
        return dbk_home_backup_note(home, out->made_ms, err);
    remove_part(to);
    return rc;
}

/* ---- back from one ----------------------------------------------------------------------- */

static dbk_rc take_made(dbk_backup *b, const dbk_log *log, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(8);
    dbk_rc rc = dbk_log_setting_get(log, SETTING_MADE, &value, &absent);
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
    b->made_ms = dbk_wire_get_u64(&w);
    if (rc == DBK_NOT_FOUND || (rc == DBK_OK && w.failed))
        rc = dbk_fail(err, DBK_DAMAGED, "this is no backup that daybook-relay has made");
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", absent.text);
    dbk_bytes_wipe(&value);
    return rc;
}

/* Out of the log, into the folder. */
static dbk_rc take_beside(const char *dir, const dbk_log *log, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < BESIDE && rc == DBK_OK; i++) {
        char name[SETTING_SIZE];
        dbk_err absent = { 0 };
        dbk_bytes file = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
        setting_of(name, i);
        rc = dbk_log_setting_get(log, name, &file, &absent);
        if (rc == DBK_OK)
            rc = dbk_files_write(dir, beside[i].name, dbk_bytes_span(&file), err);
        else if (rc == DBK_NOT_FOUND && beside[i].needed)
            rc = dbk_fail(err, DBK_DAMAGED, "the backup lacks %s", beside[i].name);
        else if (rc != DBK_NOT_FOUND)
            rc = dbk_fail(err, rc, "%s", absent.text);
        else
            rc = DBK_OK;
        dbk_bytes_wipe(&file);
        if (rc == DBK_OK)
            rc = dbk_log_setting_del(log, name, err);
    }
    return rc == DBK_OK ? dbk_log_setting_del(log, SETTING_MADE, err) : rc;
}

/* What the copy has to be, before it may be a relay's log. */
static dbk_rc make_log(dbk_backup *b, bool *waits, const char *dir, const dbk_log_embedded *part,
                       const dbk_backup_source *from, const dbk_env *env, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_log log = { NULL, NULL };
    dbk_rc rc = dbk_log_embedded_open(part, &log, DBK_LOG_WRITES, &why);
    if (rc == DBK_DAMAGED)
        rc = dbk_fail(err, rc, "the backup is damaged, or this isn't its key (%s)", why.text);
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", why.text);
    if (rc == DBK_OK)
        rc = take_made(b, &log, err);
    if (rc == DBK_OK)
        rc = dbk_log_check_deep(&log, &b->holds, err);
    if (rc == DBK_OK)
        rc = take_beside(dir, &log, err);
    *waits = rc == DBK_OK && b->holds.entries > 0;
    if (*waits)
        rc = dbk_relay_recover(&log, from->reason, env, err);
    dbk_log_close(&log);
    return rc == DBK_OK ? dbk_log_embedded_verify(part, err) : rc;
}

static dbk_rc read_key(dbk_secret **key, const char *path, dbk_err *err)
{
    dbk_bytes raw = DBK_BYTES_INIT(DBK_LOG_KEY_BYTES + 1);
    dbk_err why = { 0 };
    dbk_rc rc = dbk_files_read(path, &raw, &why);
    if (rc == DBK_LIMIT || (rc == DBK_OK && raw.len != DBK_LOG_KEY_BYTES))
        rc = dbk_fail(err, DBK_DAMAGED, "this is not a relay's key");
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", why.text);
    if (rc == DBK_OK)
        rc = dbk_secret_from(key, dbk_bytes_span(&raw), err);
    dbk_bytes_wipe(&raw);
    return rc;
}

/* relay.key comes last: a folder without it is no relay to any verb. */
dbk_rc dbk_backup_restore(dbk_backup *out, bool *waits, const char *dir,
                          const dbk_backup_source *from, const dbk_env *env, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    dbk_secret *key = NULL;
    dbk_rc rc = read_key(&key, from->key, err);
    *waits = false;
    memset(out, 0, sizeof(*out));
    if (rc == DBK_OK)
        rc = dbk_files_make_dir(dir, err);
    if (rc == DBK_OK)
        rc = dbk_files_path(path, dir, PART_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_files_copy(path, from->file, err);
    if (rc == DBK_OK) {
        const dbk_log_embedded part = { path, key };
        rc = make_log(out, waits, dir, &part, from, env, err);
    }
    if (rc == DBK_OK)
        rc = dbk_files_rename(dir, PART_NAME, DBK_HOME_DB, err);
    if (rc == DBK_OK)
        rc = dbk_files_replace(dir, DBK_HOME_DB_KEY, dbk_secret_bytes(key), err);
    dbk_secret_free(key);
    return rc;
}
