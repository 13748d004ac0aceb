#include "sync/relay/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sync/relay/card.h"
#include "sync/relay/files.h"
#include "sync/relay/log_copy.h"
#include "sync/relay/log_postgres.h"
#include "sync/relay/pg_reach.h"
#include "sync/relay/relay.h"

#define DSN_NAME "relay.dsn"
#define LOCK_NAME "relay.lock" /* what it holds: "serves ADDRESS", while it is locked */
#define SERVES "serves "
#define BACKUP_NAME "last-backup.txt"
#define MAKING_NAME "relay.making" /* empty: a new relay is being made here */
#define PRIVATE_MODE (S_IRUSR | S_IWUSR)
#define OTHERS_MODE (S_IRWXG | S_IRWXO)

struct dbk_home {
    char dir[DBK_PATH_SIZE];
    char db_path[DBK_PATH_SIZE];
    int lock;
    dbk_secret *key;
    char dsn[DBK_LOG_DSN_BYTES_MAX + 1]; /* "": the log is in the folder */
    dbk_log_embedded file;
    dbk_log_postgres database;
    dbk_pg_reach reach; /* of dsn */
    dbk_log_source source;
};

dbk_rc dbk_home_read(const dbk_home *home, const char *name, dbk_bytes *out, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    if (home == NULL)
        return dbk_files_read(name, out, err);
    dbk_rc rc = dbk_files_path(path, home->dir, name, err);
    return rc == DBK_OK ? dbk_files_read(path, out, err) : rc;
}

/* ---- a new one --------------------------------------------------------------------------- */

static dbk_rc make_file(const char *dir, const dbk_secret *key, dbk_log *log, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    dbk_rc rc = dbk_files_path(path, dir, DBK_HOME_DB, err);
    dbk_log_embedded file = { path, key };
    if (rc == DBK_OK)
        rc = dbk_log_embedded_create(&file, err);
    return rc == DBK_OK ? dbk_log_embedded_open(&file, log, DBK_LOG_WRITES, err) : rc;
}

static dbk_rc make_tables(const char *dir, const dbk_log_postgres *db, dbk_log *log, dbk_err *err)
{
    dbk_rc rc = dbk_files_write(dir, DSN_NAME, dbk_span_str(db->dsn), err);
    if (rc == DBK_OK)
        rc = dbk_log_postgres_create(db, err);
    return rc == DBK_OK ? dbk_log_postgres_open(db, log, DBK_LOG_WRITES, err) : rc;
}

static dbk_rc make_db(const char *dir, const char *dsn, dbk_relay_birth *birth,
                      const dbk_secret *key, const dbk_env *env, dbk_err *err)
{
    dbk_log log = { NULL, NULL };
    dbk_log_postgres db = { dsn, key };
    dbk_rc rc = dsn != NULL ? make_tables(dir, &db, &log, err) : make_file(dir, key, &log, err);
    if (rc == DBK_OK)
        rc = dbk_relay_prepare(birth, &log, env, err);
    dbk_log_close(&log);
    return rc;
}

static dbk_rc make_card(const char *dir, const dbk_card *card, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_CARD_BYTES_MAX);
    dbk_rc rc = dbk_card_print(&text, card, err);
    if (rc == DBK_OK)
        rc = dbk_files_replace(dir, DBK_HOME_CARD, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    return rc;
}

/* What a making that was cut off left. Without relay.key it is no relay, and was told to nobody. */
static dbk_rc clear_making(const char *dir, dbk_err *err)
{
    static const char *const names[] = {
        DBK_HOME_CERT,      DBK_HOME_KEY,         DBK_HOME_DB,
        DBK_HOME_DB "-wal", DBK_HOME_DB "-shm",   DBK_HOME_DB "-journal",
        DBK_HOME_CARD,      DBK_HOME_CARD ".new", DBK_HOME_DB_KEY ".new",
        DSN_NAME,
    };
    char path[DBK_PATH_SIZE];
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == DBK_OK; i++) {
        rc = dbk_files_path(path, dir, names[i], err);
        if (rc == DBK_OK && unlink(path) != 0 && errno != ENOENT)
            rc = dbk_files_fail(names[i], err);
    }
    return rc;
}

/* A folder to make a relay in: new, empty, or one where that was cut off. Only where the mark
 * stands, and no relay.key, is anything removed. whole: it was cut off after its last step. */
static dbk_rc begin_making(const char *dir, int *lock, bool *whole, dbk_err *err)
{
    bool begun = false;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_files_make_dir(dir, &why);
    if (rc != DBK_OK && rc != DBK_CONFLICT)
        return dbk_fail(err, rc, "%s", why.text);
    bool empty = rc == DBK_OK;
    rc = dbk_files_lock_dir(dir, lock, err);
    if (rc == DBK_OK && empty) {
        rc = dbk_files_write(dir, MAKING_NAME, dbk_span_of(NULL, 0), err);
        return rc == DBK_OK ? dbk_files_sync_dir(dir, err) : rc;
    }
    if (rc == DBK_OK)
        rc = dbk_files_exists(dir, MAKING_NAME, &begun, err);
    if (rc == DBK_OK && !begun)
        return dbk_fail(err, DBK_CONFLICT, "%s", why.text);
    if (rc == DBK_OK)
        rc = dbk_files_exists(dir, DBK_HOME_DB_KEY, whole, err);
    return rc == DBK_OK && !*whole ? clear_making(dir, err) : rc;
}

/* No failure: beside relay.key the mark says nothing any more. */
static void end_making(const char *dir)
{
    char path[DBK_PATH_SIZE];
    if (dbk_files_path(path, dir, MAKING_NAME, NULL) == DBK_OK)
        (void)unlink(path);
}

/* relay.key comes last: a folder without it is no relay to any verb. */
static dbk_rc make_relay(const char *dir, const dbk_home_birth *home, const dbk_env *env,
                         dbk_err *err)
{
    dbk_relay_birth birth = { { { 0 } }, "" };
    dbk_card card = { .url = home->url };
    dbk_secret *key = NULL;
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes cert_key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_rc rc = dbk_tls_make(&cert, &cert_key, env->now_ms(env->self), err);
    if (rc == DBK_OK)
        rc = dbk_files_write(dir, DBK_HOME_CERT, dbk_bytes_span(&cert), err);
    if (rc == DBK_OK)
        rc = dbk_files_write(dir, DBK_HOME_KEY, dbk_bytes_span(&cert_key), err);
    if (rc == DBK_OK)
        rc = dbk_secret_random(&key, DBK_LOG_KEY_BYTES, env, err);
    if (rc == DBK_OK)
        rc = make_db(dir, home->dsn, &birth, key, env, err);
    if (rc == DBK_OK)
        rc = dbk_tls_pin(card.tls_pin, dbk_bytes_span(&cert), err);
    if (rc == DBK_OK) {
        card.relay = birth.relay;
        card.setup_code = birth.setup_code;
        rc = make_card(dir, &card, err);
    }
    if (rc == DBK_OK)
        rc = dbk_files_replace(dir, DBK_HOME_DB_KEY, dbk_secret_bytes(key), err);
    dbk_wipe(&birth, sizeof(birth));
    dbk_secret_free(key);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&cert_key);
    return rc;
}

dbk_rc dbk_home_init(const char *dir, const dbk_home_birth *home, const dbk_env *env, dbk_err *err)
{
    const dbk_card card = { .url = home->url, .setup_code = "" };
    dbk_bytes text = DBK_BYTES_INIT(DBK_CARD_BYTES_MAX);
    bool whole = false;
    int lock = -1;
    dbk_rc rc = dbk_card_print(&text, &card, err); /* is the url one? before anything is made */
    dbk_bytes_wipe(&text);
    if (rc == DBK_OK && home->dsn != NULL)
        rc = dbk_log_postgres_check_dsn(home->dsn, err);
    if (rc == DBK_OK)
        rc = begin_making(dir, &lock, &whole, err);
    if (rc == DBK_OK && !whole)
        rc = make_relay(dir, home, env, err);
    if (rc == DBK_OK)
        end_making(dir);
    if (lock >= 0)
        (void)close(lock);
    return rc;
}

/* ---- one that is there ------------------------------------------------------------------- */

static dbk_rc take_lock(dbk_home *home, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    dbk_rc rc = dbk_files_path(path, home->dir, LOCK_NAME, err);
    if (rc != DBK_OK)
        return rc;
    home->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
    if (home->lock < 0)
        return dbk_files_fail(LOCK_NAME, err);
    if (flock(home->lock, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? dbk_fail(err, DBK_BUSY, "another daybook-relay runs on this folder")
                   : dbk_files_fail(LOCK_NAME, err);
    return DBK_OK;
}

static dbk_rc load_key(dbk_home *home, dbk_err *err)
{
    struct stat st;
    char path[DBK_PATH_SIZE];
    dbk_bytes raw = DBK_BYTES_INIT(DBK_LOG_KEY_BYTES + 1);
    dbk_rc rc = dbk_files_path(path, home->dir, DBK_HOME_DB_KEY, err);
    if (rc != DBK_OK)
        return rc;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? dbk_fail(err, DBK_NOT_FOUND, "there is no relay in this folder")
                               : dbk_files_fail(DBK_HOME_DB_KEY, err);
    if ((st.st_mode & OTHERS_MODE) != 0)
        return dbk_fail(err, DBK_DENIED, "%s can be read by others: chmod 600", DBK_HOME_DB_KEY);
    rc = dbk_files_read(path, &raw, err);
    if (rc == DBK_OK && raw.len != DBK_LOG_KEY_BYTES)
        rc = dbk_fail(err, DBK_DAMAGED, "%s is not a key", DBK_HOME_DB_KEY);
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
    dbk_rc rc = dbk_files_exists(home->dir, DSN_NAME, &has_dsn, err);
    home->file = (dbk_log_embedded){ home->db_path, home->key };
    home->source = dbk_log_embedded_source(&home->file);
    if (rc != DBK_OK || !has_dsn)
        return rc;
    rc = dbk_home_read(home, DSN_NAME, &text, err);
    if (rc == DBK_OK) {
        memcpy(home->dsn, text.p, text.len);
        rc = dbk_pg_reach_of(&home->reach, home->dsn, err);
    }
    if (rc == DBK_OK) {
        home->database = (dbk_log_postgres){ home->dsn, home->key };
        home->source = dbk_log_postgres_source(&home->database);
    }
    dbk_bytes_wipe(&text);
    return rc;
}

typedef enum home_use { TAKE, LOOK } home_use;

static dbk_rc open_home(dbk_home **out, const char *dir, home_use use, dbk_err *err)
{
    *out = NULL;
    dbk_home *home = dbk_alloc(sizeof(*home));
    if (home == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the folder");
    home->lock = -1;
    int len = snprintf(home->dir, sizeof(home->dir), "%s", dir);
    dbk_rc rc = len >= 0 && (size_t)len < sizeof(home->dir)
                    ? dbk_files_path(home->db_path, home->dir, DBK_HOME_DB, err)
                    : dbk_fail(err, DBK_USAGE, "the folder's path is too long");
    if (rc == DBK_OK)
        rc = load_key(home, err);
    if (rc == DBK_OK && use == TAKE)
        rc = take_lock(home, err);
    if (rc == DBK_OK && use == TAKE)
        end_making(home->dir); /* it was cut off after its last step: from now on it is used */
    if (rc == DBK_OK)
        rc = find_log(home, err);
    if (rc != DBK_OK) {
        dbk_home_close(home);
        return rc;
    }
    *out = home;
    return DBK_OK;
}

dbk_rc dbk_home_open(dbk_home **out, const char *dir, dbk_err *err)
{
    return open_home(out, dir, TAKE, err);
}

dbk_rc dbk_home_look(dbk_home **out, const char *dir, dbk_err *err)
{
    return open_home(out, dir, LOOK, err);
}

/* ---- who serves it, when it was copied ---------------------------------------------------- */

const char *dbk_home_dir(const dbk_home *home)
{
    return home->dir;
}

const dbk_log_embedded *dbk_home_file(const dbk_home *home)
{
    return home->source.shared ? NULL : &home->file;
}

dbk_rc dbk_home_announce(const dbk_home *home, const char *address, dbk_err *err)
{
    char line[sizeof(SERVES) + DBK_LISTENER_NAME_SIZE];
    DBK_ASSERT(home->lock >= 0);
    int len = snprintf(line, sizeof(line), SERVES "%s", address);
    DBK_ASSERT(len > 0 && (size_t)len < sizeof(line));
    if (ftruncate(home->lock, 0) != 0 || pwrite(home->lock, line, (size_t)len, 0) != len)
        return dbk_files_fail(LOCK_NAME, err);
    return DBK_OK;
}

dbk_rc dbk_home_who(const dbk_home *home, dbk_home_use *out, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    char line[sizeof(SERVES) + DBK_LISTENER_NAME_SIZE - 1] = "";
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_files_path(path, home->dir, LOCK_NAME, err);
    if (rc != DBK_OK)
        return rc;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? DBK_OK : dbk_files_fail(LOCK_NAME, err);
    out->taken = flock(fd, LOCK_SH | LOCK_NB) != 0;
    ssize_t n = read(fd, line, sizeof(line) - 1);
    (void)close(fd); /* lets go what was taken just now */
    const char *address = line + strlen(SERVES);
    if (out->taken && n > (ssize_t)strlen(SERVES) && strncmp(line, SERVES, strlen(SERVES)) == 0 &&
        strspn(address, "0123456789abcdef.:[]") == strlen(address))
        memcpy(out->address, address, strlen(address) + 1);
    return DBK_OK;
}

dbk_rc dbk_home_backup_note(const dbk_home *home, uint64_t made_ms, dbk_err *err)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)made_ms);
    return dbk_files_replace(home->dir, BACKUP_NAME, dbk_span_str(text), err);
}

dbk_rc dbk_home_last_backup(const dbk_home *home, uint64_t *made_ms, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes text = DBK_BYTES_INIT(24);
    *made_ms = 0;
    dbk_rc rc = dbk_home_read(home, BACKUP_NAME, &text, &absent);
    if (rc == DBK_OK && dbk_u64_parse(made_ms, dbk_bytes_span(&text), NULL) != DBK_OK)
        rc = dbk_fail(err, DBK_DAMAGED, "%s is not a time", BACKUP_NAME);
    else if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        rc = dbk_fail(err, rc, "%s", absent.text);
    dbk_bytes_wipe(&text);
    return rc == DBK_NOT_FOUND ? DBK_OK : rc;
}

void dbk_home_close(dbk_home *home)
{
    if (home == NULL)
        return;
    dbk_secret_free(home->key);
    if (home->lock >= 0)
        (void)close(home->lock); /* lets the lock go: what it says counts no more */
    dbk_free(home);
}

const dbk_log_source *dbk_home_source(const dbk_home *home)
{
    return &home->source;
}

void dbk_home_wants(const dbk_home *home, dbk_sandbox_wants *out)
{
    /* SQLite's numbers and Jansson's hashes begin there. */
    static const char *const random[] = { DBK_RANDOM_DEVICE };
    *out = (dbk_sandbox_wants){ .reads = random, .reads_count = 1 };
    if (home->source.shared)
        dbk_pg_reach_wants(&home->reach, out);
    out->folder = home->dir;
}

dbk_rc dbk_home_disk_of(const dbk_home *home, dbk_home_disk *out, dbk_err *err)
{
    struct statvfs disk;
    if (statvfs(home->dir, &disk) != 0 || disk.f_blocks == 0)
        return dbk_files_fail("the folder's disk", err);
    out->free = (uint64_t)disk.f_bavail * disk.f_frsize;
    out->size = (uint64_t)disk.f_blocks * disk.f_frsize;
    return DBK_OK;
}

bool dbk_home_is_full(const dbk_home *home, unsigned percent)
{
    dbk_home_disk disk = { 0, 0 };
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
    return rc == DBK_OK ? dbk_files_replace(home->dir, DSN_NAME, dbk_span_str(dsn), err) : rc;
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
    char path[DBK_PATH_SIZE];
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_rc rc = dbk_files_path(path, home->dir, DBK_HOME_NEXT_KEY, err);
    if (rc == DBK_OK)
        rc = dbk_tls_make(&cert, &key, env->now_ms(env->self), err);
    if (rc == DBK_OK) {
        (void)unlink(path); /* of a run that was cut short: nobody was told its pin */
        rc = dbk_files_write(home->dir, DBK_HOME_NEXT_KEY, dbk_bytes_span(&key), err);
    }
    if (rc == DBK_OK)
        rc = dbk_files_sync_dir(home->dir, err);
    if (rc == DBK_OK) /* whole or not there: half of one would stand in the way for ever */
        rc = dbk_files_replace(home->dir, DBK_HOME_NEXT_CERT, dbk_bytes_span(&cert), err);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    return rc;
}

dbk_rc dbk_home_tls_next(const dbk_home *home, uint8_t pin[DBK_TLS_PIN_BYTES], const dbk_env *env,
                         dbk_err *err)
{
    bool has_cert, has_key = false;
    dbk_rc rc = dbk_files_exists(home->dir, DBK_HOME_NEXT_CERT, &has_cert, err);
    if (rc == DBK_OK)
        rc = dbk_files_exists(home->dir, DBK_HOME_NEXT_KEY, &has_key, err);
    if (rc == DBK_OK && has_cert && !has_key)
        rc = dbk_fail(err, DBK_CONFLICT, "a switch was cut short: do tls-switch again");
    if (rc == DBK_OK && !has_cert)
        rc = make_next(home, env, err);
    return rc == DBK_OK ? pin_of(home, DBK_HOME_NEXT_CERT, pin, err) : rc;
}

/* The certificate goes last, as in make_next: while it waits, the switch isn't finished. */
dbk_rc dbk_home_tls_switch(const dbk_home *home, dbk_err *err)
{
    bool has_cert, has_key = false;
    dbk_rc rc = dbk_files_exists(home->dir, DBK_HOME_NEXT_CERT, &has_cert, err);
    if (rc == DBK_OK && !has_cert)
        rc = dbk_fail(err, DBK_NOT_FOUND, "no next key has been made (daybook-relay tls-next)");
    if (rc == DBK_OK)
        rc = dbk_files_exists(home->dir, DBK_HOME_NEXT_KEY, &has_key, err);
    if (rc == DBK_OK && has_key)
        rc = dbk_files_rename(home->dir, DBK_HOME_NEXT_KEY, DBK_HOME_KEY, err);
    return rc == DBK_OK ? dbk_files_rename(home->dir, DBK_HOME_NEXT_CERT, DBK_HOME_CERT, err) : rc;
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
        rc = dbk_files_exists(home->dir, DBK_HOME_NEXT_CERT, &has_next, err);
    if (rc == DBK_OK && has_next)
        rc = pin_of(home, DBK_HOME_NEXT_CERT, next_pin, err);
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
