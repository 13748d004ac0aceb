#include "sync/relay/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sync/relay/card.h"
#include "sync/relay/log_copy.h"
#include "sync/relay/log_postgres.h"
#include "sync/relay/relay.h"

#define PATH_SIZE 4096u
#define DB_NAME "relay.db"
#define DB_KEY_NAME "relay.key"
#define DSN_NAME "relay.dsn"
#define NEXT_CERT_NAME "tls-next-cert.pem"
#define NEXT_KEY_NAME "tls-next-key.pem"
#define LOCK_NAME "relay.lock"
#define PRIVATE_MODE (S_IRUSR | S_IWUSR)
#define OTHERS_MODE (S_IRWXG | S_IRWXO)

struct dbk_home {
    char dir[PATH_SIZE];
    char db_path[PATH_SIZE];
    int lock;
    dbk_secret *key;
    char dsn[DBK_LOG_DSN_BYTES_MAX + 1]; /* "": the log is in the folder */
    dbk_log_embedded file;
    dbk_log_postgres database;
    dbk_log_source source;
};

/* ---- files ------------------------------------------------------------------------------- */

static dbk_rc path_of(char out[PATH_SIZE], const char *dir, const char *name, dbk_err *err)
{
    int len = snprintf(out, PATH_SIZE, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= PATH_SIZE)
        return dbk_fail(err, DBK_USAGE, "the folder's path is too long");
    return DBK_OK;
}

static dbk_rc fail_file(const char *name, dbk_err *err)
{
    dbk_rc rc = errno == ENOENT ? DBK_NOT_FOUND : errno == ENOSPC ? DBK_FULL : DBK_IO;
    return dbk_fail(err, rc, "%s: %s", name, strerror(errno));
}

static dbk_rc write_all(int fd, dbk_span in, const char *name, dbk_err *err)
{
    while (in.len > 0) {
        ssize_t n = write(fd, in.p, in.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_file(name, err);
        in.p += n;
        in.len -= (size_t)n;
    }
    return fsync(fd) == 0 ? DBK_OK : fail_file(name, err);
}

/* A new file, durable but for its name (sync_dir). */
static dbk_rc write_new(const char *path, dbk_span in, const char *name, dbk_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
    if (fd < 0)
        return fail_file(name, err);
    dbk_rc rc = write_all(fd, in, name, err);
    if (close(fd) != 0 && rc == DBK_OK)
        rc = fail_file(name, err);
    return rc;
}

static dbk_rc sync_dir(const char *dir, dbk_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dbk_rc rc = fd >= 0 && fsync(fd) == 0 ? DBK_OK : fail_file("the folder", err);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

static dbk_rc write_in(const char *dir, const char *name, dbk_span in, dbk_err *err)
{
    char path[PATH_SIZE];
    dbk_rc rc = path_of(path, dir, name, err);
    return rc == DBK_OK ? write_new(path, in, name, err) : rc;
}

/* The old one stands until the new one is there whole. */
static dbk_rc replace_in(const char *dir, const char *name, dbk_span in, dbk_err *err)
{
    char path[PATH_SIZE];
    char fresh[PATH_SIZE];
    dbk_rc rc = path_of(path, dir, name, err);
    if (rc == DBK_OK)
        rc = path_of(fresh, dir, "relay-card.new", err);
    if (rc != DBK_OK)
        return rc;
    (void)unlink(fresh); /* of a run that was cut short */
    rc = write_new(fresh, in, name, err);
    if (rc == DBK_OK && rename(fresh, path) != 0)
        rc = fail_file(name, err);
    return rc == DBK_OK ? sync_dir(dir, err) : rc;
}

static dbk_rc read_file(const char *path, const char *name, dbk_bytes *out, dbk_err *err)
{
    uint8_t part[4096];
    dbk_rc rc = DBK_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_file(name, err);
    for (;;) {
        ssize_t n = read(fd, part, sizeof(part));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = fail_file(name, err);
        if (n <= 0)
            break;
        rc = dbk_bytes_append(out, dbk_span_of(part, (size_t)n), err);
        if (rc != DBK_OK)
            break;
    }
    dbk_wipe(part, sizeof(part));
    (void)close(fd);
    return rc;
}

dbk_rc dbk_home_read(const dbk_home *home, const char *name, dbk_bytes *out, dbk_err *err)
{
    char path[PATH_SIZE];
    if (home == NULL)
        return read_file(name, name, out, err);
    dbk_rc rc = path_of(path, home->dir, name, err);
    return rc == DBK_OK ? read_file(path, name, out, err) : rc;
}

/* ---- a new one --------------------------------------------------------------------------- */

static dbk_rc make_dir(const char *dir, dbk_err *err)
{
    DIR *d;
    bool empty = true;
    if (mkdir(dir, S_IRWXU) == 0)
        return DBK_OK;
    if (errno != EEXIST)
        return fail_file(dir, err);
    d = opendir(dir);
    if (d == NULL)
        return fail_file(dir, err);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    (void)closedir(d);
    if (!empty)
        return dbk_fail(err, DBK_CONFLICT, "%s is not empty", dir);
    return chmod(dir, S_IRWXU) == 0 ? DBK_OK : fail_file(dir, err);
}

static dbk_rc make_file(const char *dir, const dbk_secret *key, dbk_log *log, dbk_err *err)
{
    char path[PATH_SIZE];
    dbk_rc rc = path_of(path, dir, DB_NAME, err);
    dbk_log_embedded file = { path, key };
    if (rc == DBK_OK)
        rc = dbk_log_embedded_create(&file, err);
    return rc == DBK_OK ? dbk_log_embedded_open(&file, log, DBK_LOG_WRITES, err) : rc;
}

static dbk_rc make_tables(const char *dir, const dbk_log_postgres *db, dbk_log *log, dbk_err *err)
{
    dbk_rc rc = write_in(dir, DSN_NAME, dbk_span_str(db->dsn), err);
    if (rc == DBK_OK)
        rc = dbk_log_postgres_create(db, err);
    return rc == DBK_OK ? dbk_log_postgres_open(db, log, DBK_LOG_WRITES, err) : rc;
}

static dbk_rc make_db(const char *dir, const char *dsn, dbk_relay_birth *birth, const dbk_env *env,
                      dbk_err *err)
{
    dbk_secret *key = NULL;
    dbk_log log = { NULL, NULL };
    dbk_rc rc = dbk_secret_random(&key, DBK_LOG_KEY_BYTES, env, err);
    dbk_log_postgres db = { dsn, key };
    if (rc == DBK_OK)
        rc = write_in(dir, DB_KEY_NAME, dbk_secret_bytes(key), err);
    if (rc == DBK_OK)
        rc = dsn != NULL ? make_tables(dir, &db, &log, err) : make_file(dir, key, &log, err);
    if (rc == DBK_OK)
        rc = dbk_relay_prepare(birth, &log, env, err);
    dbk_log_close(&log);
    dbk_secret_free(key);
    return rc;
}

static dbk_rc make_card(const char *dir, const dbk_card *card, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_CARD_BYTES_MAX);
    dbk_rc rc = dbk_card_print(&text, card, err);
    if (rc == DBK_OK)
        rc = replace_in(dir, DBK_HOME_CARD, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_home_init(const char *dir, const dbk_home_birth *home, const dbk_env *env, dbk_err *err)
{
    dbk_relay_birth birth = { { { 0 } }, "" };
    dbk_card card = { .url = home->url, .setup_code = "" };
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes text = DBK_BYTES_INIT(DBK_CARD_BYTES_MAX);
    dbk_rc rc = dbk_card_print(&text, &card, err); /* is the url one? before anything is made */
    if (rc == DBK_OK && home->dsn != NULL)
        rc = dbk_log_postgres_check_dsn(home->dsn, err);
    if (rc == DBK_OK)
        rc = make_dir(dir, err);
    if (rc == DBK_OK)
        rc = dbk_tls_make(&cert, &key, env->now_ms(env->self), err);
    if (rc == DBK_OK)
        rc = write_in(dir, DBK_HOME_CERT, dbk_bytes_span(&cert), err);
    if (rc == DBK_OK)
        rc = write_in(dir, DBK_HOME_KEY, dbk_bytes_span(&key), err);
    if (rc == DBK_OK)
        rc = make_db(dir, home->dsn, &birth, env, err);
    if (rc == DBK_OK)
        rc = dbk_tls_pin(card.tls_pin, dbk_bytes_span(&cert), err);
    if (rc == DBK_OK) {
        card.relay = birth.relay;
        card.setup_code = birth.setup_code;
        rc = make_card(dir, &card, err);
    }
    dbk_wipe(&birth, sizeof(birth));
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    dbk_bytes_wipe(&text);
    return rc;
}

/* ---- one that is there ------------------------------------------------------------------- */

static dbk_rc exists_in(const dbk_home *home, const char *name, bool *out, dbk_err *err)
{
    char path[PATH_SIZE];
    struct stat st;
    *out = false;
    dbk_rc rc = path_of(path, home->dir, name, err);
    if (rc != DBK_OK)
        return rc;
    *out = lstat(path, &st) == 0;
    return *out || errno == ENOENT ? DBK_OK : fail_file(name, err);
}

static dbk_rc take_lock(dbk_home *home, dbk_err *err)
{
    char path[PATH_SIZE];
    dbk_rc rc = path_of(path, home->dir, LOCK_NAME, err);
    if (rc != DBK_OK)
        return rc;
    home->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
    if (home->lock < 0)
        return fail_file(LOCK_NAME, err);
    if (flock(home->lock, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? dbk_fail(err, DBK_BUSY, "another daybook-relay runs on this folder")
                   : fail_file(LOCK_NAME, err);
    return DBK_OK;
}

static dbk_rc load_key(dbk_home *home, dbk_err *err)
{
    struct stat st;
    char path[PATH_SIZE];
    dbk_bytes raw = DBK_BYTES_INIT(DBK_LOG_KEY_BYTES + 1);
    dbk_rc rc = path_of(path, home->dir, DB_KEY_NAME, err);
    if (rc != DBK_OK)
        return rc;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? dbk_fail(err, DBK_NOT_FOUND, "there is no relay in this folder")
                               : fail_file(DB_KEY_NAME, err);
    if ((st.st_mode & OTHERS_MODE) != 0)
        return dbk_fail(err, DBK_DENIED, "%s can be read by others: chmod 600", DB_KEY_NAME);
    rc = read_file(path, DB_KEY_NAME, &raw, err);
    if (rc == DBK_OK && raw.len != DBK_LOG_KEY_BYTES)
        rc = dbk_fail(err, DBK_DAMAGED, "%s is not a key", DB_KEY_NAME);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&home->key, dbk_bytes_span(&raw), err);
    dbk_bytes_wipe(&raw);
    return rc;
}

/* Where the log is. */
static dbk_rc find_log(dbk_home *home, dbk_err *err)
{
    bool has_dsn;
    dbk_bytes text = DBK_BYTES_INIT(DBK_LOG_DSN_BYTES_MAX);
    dbk_rc rc = exists_in(home, DSN_NAME, &has_dsn, err);
    home->file = (dbk_log_embedded){ home->db_path, home->key };
    home->source = dbk_log_embedded_source(&home->file);
    if (rc != DBK_OK || !has_dsn)
        return rc;
    rc = dbk_home_read(home, DSN_NAME, &text, err);
    if (rc == DBK_OK) {
        memcpy(home->dsn, text.p, text.len);
        home->database = (dbk_log_postgres){ home->dsn, home->key };
        home->source = dbk_log_postgres_source(&home->database);
    }
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_home_open(dbk_home **out, const char *dir, dbk_err *err)
{
    *out = NULL;
    dbk_home *home = dbk_alloc(sizeof(*home));
    if (home == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the folder");
    home->lock = -1;
    int len = snprintf(home->dir, sizeof(home->dir), "%s", dir);
    dbk_rc rc = len >= 0 && (size_t)len < sizeof(home->dir)
                    ? path_of(home->db_path, home->dir, DB_NAME, err)
                    : dbk_fail(err, DBK_USAGE, "the folder's path is too long");
    if (rc == DBK_OK)
        rc = load_key(home, err);
    if (rc == DBK_OK)
        rc = take_lock(home, err);
    if (rc == DBK_OK)
        rc = find_log(home, err);
    if (rc != DBK_OK) {
        dbk_home_close(home);
        return rc;
    }
    *out = home;
    return DBK_OK;
}

void dbk_home_close(dbk_home *home)
{
    if (home == NULL)
        return;
    dbk_secret_free(home->key);
    if (home->lock >= 0)
        (void)close(home->lock); /* lets the lock go */
    dbk_free(home);
}

const dbk_log_source *dbk_home_source(const dbk_home *home)
{
    return &home->source;
}

dbk_rc dbk_home_disk_of(const dbk_home *home, dbk_home_disk *out, dbk_err *err)
{
    struct statvfs disk;
    if (statvfs(home->dir, &disk) != 0 || disk.f_blocks == 0)
        return fail_file("the folder's disk", err);
    out->free = (uint64_t)disk.f_bavail * disk.f_frsize;
    out->size = (uint64_t)disk.f_blocks * disk.f_frsize;
    return DBK_OK;
}

bool dbk_home_is_full(const dbk_home *home, unsigned percent)
{
    dbk_home_disk disk;
    if (home->source.shared)
        return false; /* its server says so itself */
    if (dbk_home_disk_of(home, &disk, NULL) != DBK_OK)
        return true;
    /* Of what a user may fill: what is kept for root counts as in use. */
    return (double)disk.free * 100.0 < (double)disk.size * (100.0 - percent);
}

dbk_rc dbk_home_verify(const dbk_home *home, dbk_err *err)
{
    return home->source.shared ? DBK_OK : dbk_log_embedded_verify(&home->file, err);
}

dbk_rc dbk_home_migrate(dbk_home *home, const char *dsn, const dbk_env *env, dbk_log_report *report,
                        dbk_err *err)
{
    dbk_log_postgres db = { dsn, home->key };
    dbk_log from = { NULL, NULL }, to = { NULL, NULL };
    if (home->source.shared)
        return dbk_fail(err, DBK_CONFLICT, "this relay's log is in a database already");
    dbk_rc rc = dbk_home_verify(home, err);
    if (rc == DBK_OK)
        rc = home->source.open(home->source.self, &from, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = dbk_log_postgres_create(&db, err);
    if (rc == DBK_OK)
        rc = dbk_log_postgres_open(&db, &to, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = dbk_log_copy(&to, &from, env, report, err);
    dbk_log_close(&to);
    dbk_log_close(&from);
    if (rc == DBK_OK)
        rc = write_in(home->dir, DSN_NAME, dbk_span_str(dsn), err);
    return rc == DBK_OK ? sync_dir(home->dir, err) : rc;
}

/* ---- the next TLS key -------------------------------------------------------------------- */

static dbk_rc pin_of(const dbk_home *home, const char *name, uint8_t pin[DBK_TLS_PIN_BYTES],
                     dbk_err *err)
{
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_rc rc = dbk_home_read(home, name, &cert, err);
    if (rc == DBK_OK)
        rc = dbk_tls_pin(pin, dbk_bytes_span(&cert), err);
    dbk_bytes_wipe(&cert);
    return rc;
}

/* The certificate comes last: once it is there, all of it is. */
static dbk_rc make_next(const dbk_home *home, const dbk_env *env, dbk_err *err)
{
    char path[PATH_SIZE];
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_rc rc = path_of(path, home->dir, NEXT_KEY_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_tls_make(&cert, &key, env->now_ms(env->self), err);
    if (rc == DBK_OK) {
        (void)unlink(path); /* of a run that was cut short: nobody was told its pin */
        rc = write_in(home->dir, NEXT_KEY_NAME, dbk_bytes_span(&key), err);
    }
    if (rc == DBK_OK)
        rc = sync_dir(home->dir, err);
    if (rc == DBK_OK)
        rc = write_in(home->dir, NEXT_CERT_NAME, dbk_bytes_span(&cert), err);
    if (rc == DBK_OK)
        rc = sync_dir(home->dir, err);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    return rc;
}

dbk_rc dbk_home_tls_next(const dbk_home *home, uint8_t pin[DBK_TLS_PIN_BYTES], const dbk_env *env,
                         dbk_err *err)
{
    bool has_cert, has_key = false;
    dbk_rc rc = exists_in(home, NEXT_CERT_NAME, &has_cert, err);
    if (rc == DBK_OK)
        rc = exists_in(home, NEXT_KEY_NAME, &has_key, err);
    if (rc == DBK_OK && has_cert && !has_key)
        rc = dbk_fail(err, DBK_CONFLICT, "a switch was cut short: do tls-switch again");
    if (rc == DBK_OK && !has_cert)
        rc = make_next(home, env, err);
    return rc == DBK_OK ? pin_of(home, NEXT_CERT_NAME, pin, err) : rc;
}

static dbk_rc move_in(const dbk_home *home, const char *from, const char *to, dbk_err *err)
{
    char old_path[PATH_SIZE], new_path[PATH_SIZE];
    dbk_rc rc = path_of(old_path, home->dir, from, err);
    if (rc == DBK_OK)
        rc = path_of(new_path, home->dir, to, err);
    if (rc != DBK_OK)
        return rc;
    return rename(old_path, new_path) == 0 ? sync_dir(home->dir, err) : fail_file(from, err);
}

/* The certificate goes last, as in make_next: while it waits, the switch isn't finished. */
dbk_rc dbk_home_tls_switch(const dbk_home *home, dbk_err *err)
{
    bool has_cert, has_key = false;
    dbk_rc rc = exists_in(home, NEXT_CERT_NAME, &has_cert, err);
    if (rc == DBK_OK && !has_cert)
        rc = dbk_fail(err, DBK_NOT_FOUND, "no next key has been made (daybook-relay tls-next)");
    if (rc == DBK_OK)
        rc = exists_in(home, NEXT_KEY_NAME, &has_key, err);
    if (rc == DBK_OK && has_key)
        rc = move_in(home, NEXT_KEY_NAME, DBK_HOME_KEY, err);
    return rc == DBK_OK ? move_in(home, NEXT_CERT_NAME, DBK_HOME_CERT, err) : rc;
}

dbk_rc dbk_home_card_write(const dbk_home *home, const dbk_home_card *card, dbk_err *err)
{
    dbk_relay_memory memory;
    char code[DBK_SETUP_CODE_SIZE] = "";
    dbk_log log = { NULL, NULL };
    dbk_bytes old = DBK_BYTES_INIT(DBK_CARD_BYTES_MAX);
    dbk_card made = { .url = card->url };
    uint8_t next_pin[DBK_TLS_PIN_BYTES];
    bool has_next = false;
    dbk_rc rc = home->source.open(home->source.self, &log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = dbk_relay_recall(&memory, &log, err);
    dbk_log_close(&log);
    if (rc == DBK_OK)
        rc = dbk_tls_pin(made.tls_pin, card->cert_pem, err);
    if (rc == DBK_OK)
        rc = exists_in(home, NEXT_CERT_NAME, &has_next, err);
    if (rc == DBK_OK && has_next)
        rc = pin_of(home, NEXT_CERT_NAME, next_pin, err);
    if (rc != DBK_OK)
        return rc;
    if (has_next)
        made.next_pin = next_pin;
    /* The code itself stands nowhere but in the old card. */
    if (memory.awaits_setup && dbk_home_read(home, DBK_HOME_CARD, &old, NULL) == DBK_OK)
        dbk_card_setup_code(code, dbk_bytes_span(&old));
    made.relay = memory.relay;
    made.setup_code = code;
    rc = make_card(home->dir, &made, err);
    dbk_wipe(code, sizeof(code));
    dbk_bytes_wipe(&old);
    return rc;
}
