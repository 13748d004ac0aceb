/* A relay from a backup and the opener book: bodies are put together again, the chain is as long as
 * the longer of the two has it, and what that orders erased is a hole (decision 0037). */
#include <string.h>
#include <unistd.h>

#include "core/base/wire.h"
#include "sync/relay/append.h"
#include "sync/relay/backup_int.h"
#include "sync/relay/files.h"
#include "sync/relay/log_copy.h"
#include "sync/relay/relay.h"
#include "sync/relay/relay_calls.h"

/* One restore under way. */
typedef struct restoring {
    const char *dir;
    const dbk_backup_source *from;
    const dbk_secret *key;
    const dbk_env *env;
    dbk_log backup, book, log;
    dbk_roll *roll;    /* by the longer chain */
    uint64_t missing;  /* ops that lack their openers */
    dbk_bytes openers; /* of one segment */
    dbk_bytes body;    /* one, whole or kept */
} restoring;

/* ---- what is read ------------------------------------------------------------------------ */

/* DBK_NOT_FOUND: it doesn't say. */
static dbk_rc get_made(uint64_t *made_ms, const dbk_log *log, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(8);
    dbk_rc rc = dbk_log_setting_get(log, DBK_SETTING_BACKUP_MADE, &value, err);
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
    *made_ms = dbk_wire_get_u64(&w);
    dbk_bytes_wipe(&value);
    return rc == DBK_OK && w.failed ? DBK_NOT_FOUND : rc;
}

/* A copy in the folder, opened: what is read may lie on a disk that nothing can be written to. */
typedef struct reading {
    const char *file, *name; /* of the copy */
    const char *what;
} reading;

static dbk_rc open_copy(const restoring *r, dbk_log *out, const reading *what, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    dbk_err why = { 0 };
    dbk_rc rc = dbk_files_path(path, r->dir, what->name, err);
    if (rc == DBK_OK)
        rc = dbk_files_copy(path, what->file, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_log_embedded file = { path, r->key };
    rc = dbk_log_embedded_open(&file, out, DBK_LOG_WRITES, &why);
    if (rc == DBK_DAMAGED)
        return dbk_fail(err, rc, "%s is damaged, or this isn't its key (%s)", what->what, why.text);
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", why.text);
}

static dbk_rc open_backup(restoring *r, dbk_backup *b, dbk_err *err)
{
    dbk_err absent = { 0 };
    const reading what = { r->from->file, DBK_BACKUP_COPY_NAME, "the backup" };
    dbk_rc rc = open_copy(r, &r->backup, &what, err);
    if (rc != DBK_OK)
        return rc;
    rc = get_made(&b->made_ms, &r->backup, &absent);
    if (rc == DBK_NOT_FOUND)
        return dbk_fail(err, DBK_DAMAGED, "this is no backup that daybook-relay has made");
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", absent.text);
}

/* Where nobody says where the book is, it stands beside the backup. */
static dbk_rc book_path(char out[DBK_PATH_SIZE], const dbk_backup_source *from, dbk_err *err)
{
    char dir[DBK_PATH_SIZE] = ".";
    const char *slash = strrchr(from->file, '/');
    size_t len = slash != NULL ? (size_t)(slash - from->file) + 1 : 0;
    if (len >= sizeof(dir))
        return dbk_fail(err, DBK_USAGE, "the backup's path is too long");
    if (len > 0) {
        memcpy(dir, from->file, len);
        dir[len] = '\0';
    }
    return dbk_files_path(out, dir, DBK_OPENER_BOOK_NAME, err);
}

static dbk_rc open_book(restoring *r, dbk_backup *b, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    dbk_err absent = { 0 };
    reading what = { r->from->openers, DBK_BACKUP_BOOK_NAME, "the opener book" };
    dbk_rc rc = DBK_OK;
    if (what.file == NULL) {
        rc = book_path(path, r->from, err);
        what.file = path;
    }
    if (rc == DBK_OK && access(what.file, F_OK) != 0)
        rc = dbk_fail(err, DBK_NOT_FOUND,
                      "there is no opener book at %.100s: without it no backup can be read",
                      what.file);
    if (rc == DBK_OK)
        rc = open_copy(r, &r->book, &what, err);
    if (rc != DBK_OK)
        return rc;
    rc = get_made(&b->book_ms, &r->book, &absent);
    if (rc == DBK_NOT_FOUND)
        return dbk_fail(err, DBK_DAMAGED, "this is no opener book");
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", absent.text);
}

/* ---- bodies ------------------------------------------------------------------------------ */

static dbk_rc unlock_body(restoring *r, dbk_sealed *segment, dbk_err *err)
{
    dbk_header h;
    dbk_locked locked;
    dbk_openers openers;
    size_t missing = 0;
    dbk_bytes_truncate(&r->body, 0);
    if (dbk_header_decode(&h, segment->header, NULL) != DBK_OK ||
        dbk_locked_read(&locked, &h, segment->body, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "the backup is damaged: a body isn't what was signed");
    dbk_rc rc = dbk_opener_book_find(&r->book, &h, &openers, &r->openers, err);
    if (rc == DBK_OK)
        rc = dbk_locked_open(&r->body, &segment->kept, &missing, &locked, &openers,
                             dbk_roll_erased(r->roll, &h), err);
    segment->body = dbk_bytes_span(&r->body);
    r->missing += missing; /* all are counted, before it is refused */
    return rc;
}

static dbk_rc unlock_segment(void *ctx, const dbk_id *space, dbk_log_segment *segment, dbk_err *err)
{
    dbk_sealed sealed = { segment->header, segment->body, segment->kept };
    dbk_rc rc = unlock_body(ctx, &sealed, err);
    (void)space;
    segment->body = sealed.body;
    segment->kept = sealed.kept;
    return rc;
}

static dbk_rc unlock_fork(void *ctx, const dbk_id *space, dbk_log_fork *fork, dbk_err *err)
{
    (void)space;
    return unlock_body(ctx, &fork->segment, err);
}

/* ---- the chain --------------------------------------------------------------------------- */

/* What the relay had taken between this backup and the book's last version. */
typedef struct catching_up {
    const dbk_log *log;
    dbk_roll *roll;
    dbk_append *append;
} catching_up;

static dbk_rc take_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    catching_up *c = ctx;
    dbk_roll_change made;
    (void)seq;
    (void)stop;
    dbk_rc rc = dbk_roll_add(c->roll, c->log, entry, &made, err);
    /* An order finds its holes: bodies were put together by the longer chain. */
    if (rc == DBK_OK && made.kind == DBK_ENTRY_SPACE)
        rc = dbk_append_open(c->append, c->log, &made.space, err);
    return rc;
}

static dbk_rc sign_new_logs(const catching_up *c, dbk_err *err)
{
    dbk_roll_org org;
    dbk_secret *sk = NULL;
    dbk_rc rc = dbk_relay_load_key(&sk, c->log, err);
    dbk_roll_org_peek(c->roll, &org);
    if (rc == DBK_OK)
        rc = dbk_append_finish(c->append, c->log, &(dbk_append_signer){ org.org, sk }, err);
    dbk_secret_free(sk);
    return rc;
}

static dbk_rc take_chain(const restoring *r, uint64_t from, dbk_err *err)
{
    catching_up c = { &r->log, NULL, NULL };
    dbk_rc rc = dbk_roll_new(&c.roll, &r->log, r->env, err);
    if (rc == DBK_OK)
        rc = dbk_append_new(&c.append, r->env, err);
    if (rc == DBK_OK)
        rc = dbk_log_entries(&r->book, from, take_entry, &c, err);
    if (rc == DBK_OK)
        rc = sign_new_logs(&c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_proposals_clear(&r->log, err);
    if (rc == DBK_OK && from == 0)
        rc = dbk_log_setting_del(&r->log, DBK_SETTING_SETUP, err);
    dbk_append_free(c.append);
    /* Committed or not, this roll has done its work. */
    if (c.roll != NULL && dbk_roll_settle(c.roll, &r->log, DBK_COMMITTED, NULL) != DBK_OK &&
        rc == DBK_OK)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the roll");
    dbk_roll_free(c.roll);
    return rc;
}

/* ---- the log ----------------------------------------------------------------------------- */

/* Out of the log, into the folder. */
static dbk_rc take_beside(const char *dir, const dbk_log *log, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < DBK_BACKUP_BESIDE && rc == DBK_OK; i++) {
        const dbk_backup_beside *file = &dbk_backup_beside_all[i];
        char name[DBK_BACKUP_SETTING_SIZE];
        dbk_err absent = { 0 };
        dbk_bytes bytes = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
        dbk_backup_setting_of(name, i);
        rc = dbk_log_setting_get(log, name, &bytes, &absent);
        if (rc == DBK_OK)
            rc = dbk_files_write(dir, file->name, dbk_bytes_span(&bytes), err);
        else if (rc == DBK_NOT_FOUND && file->needed)
            rc = dbk_fail(err, DBK_DAMAGED, "the backup lacks %s", file->name);
        else if (rc != DBK_NOT_FOUND)
            rc = dbk_fail(err, rc, "%s", absent.text);
        else
            rc = DBK_OK;
        dbk_bytes_wipe(&bytes);
        if (rc == DBK_OK)
            rc = dbk_log_setting_del(log, name, err);
    }
    return rc == DBK_OK ? dbk_log_setting_del(log, DBK_SETTING_BACKUP_MADE, err) : rc;
}

static dbk_rc check_missing(const restoring *r, const dbk_backup *b, dbk_err *err)
{
    if (r->missing == 0)
        return DBK_OK;
    return dbk_fail(err, DBK_NOT_FOUND,
                    "the opener book lacks what %llu changes need, and nobody ordered them "
                    "erased%s",
                    (unsigned long long)r->missing,
                    b->book_ms < b->made_ms ? ": it is older than the backup" : "");
}

/* All of it in one transaction, which the caller ends. */
static dbk_rc put_together(restoring *r, const dbk_backup *b, dbk_err *err)
{
    bool longer = false;
    uint64_t count = 0;
    const dbk_log_filter filter = { unlock_segment, unlock_fork, r };
    dbk_rc rc = dbk_opener_book_chain_compare(&r->book, &r->backup, &longer, err);
    if (rc == DBK_OK)
        rc = dbk_opener_book_chain_count(&r->backup, &count, err);
    if (rc == DBK_OK)
        rc = dbk_roll_new(&r->roll, longer ? &r->book : &r->backup, r->env, err);
    if (rc == DBK_OK)
        rc = dbk_log_copy_through(&r->log, &r->backup, &filter, r->env, err);
    if (rc == DBK_OK)
        rc = check_missing(r, b, err);
    if (rc == DBK_OK && longer)
        rc = take_chain(r, count, err);
    return rc == DBK_OK ? take_beside(r->dir, &r->log, err) : rc;
}

static dbk_rc make_log(restoring *r, dbk_backup *b, bool *waits, const dbk_log_embedded *file,
                       dbk_err *err)
{
    dbk_rc rc = dbk_log_embedded_create(file, err);
    if (rc == DBK_OK)
        rc = dbk_log_embedded_open(file, &r->log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = r->log.ops->begin(r->log.self, err);
    if (rc != DBK_OK)
        return rc;
    rc = put_together(r, b, err);
    if (rc == DBK_OK)
        rc = r->log.ops->commit(r->log.self, err);
    if (rc != DBK_OK) {
        r->log.ops->rollback(r->log.self);
        return rc;
    }
    rc = dbk_log_check_deep(&r->log, &b->holds, err);
    *waits = rc == DBK_OK && b->holds.entries > 0;
    if (*waits)
        rc = dbk_relay_recover(&r->log, r->from->reason, r->env, err);
    return rc;
}

static void unlink_in(const char *dir, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[DBK_PATH_SIZE];
        if (dbk_files_path(path, dir, names[i], NULL) == DBK_OK)
            (void)unlink(path);
    }
}

/* What isn't a relay's: the copies, of which the book's holds openers. */
static void clear(const char *dir)
{
    static const char *const names[] = {
        DBK_BACKUP_BOOK_NAME "-wal", DBK_BACKUP_BOOK_NAME "-shm",
        DBK_BACKUP_COPY_NAME,        DBK_BACKUP_COPY_NAME "-wal",
        DBK_BACKUP_COPY_NAME "-shm", DBK_BACKUP_COPY_NAME "-journal",
        DBK_BACKUP_LOG_NAME,         DBK_BACKUP_LOG_NAME "-wal",
        DBK_BACKUP_LOG_NAME "-shm",  DBK_BACKUP_LOG_NAME "-journal",
    };
    char book[DBK_PATH_SIZE];
    if (dbk_files_path(book, dir, DBK_BACKUP_BOOK_NAME, NULL) == DBK_OK)
        dbk_files_shred(book); /* it is only read: no other file has its rows */
    unlink_in(dir, names, sizeof(names) / sizeof(names[0]));
}

void dbk_backup_restore_undo(const char *dir)
{
    static const char *const names[] = { DBK_HOME_DB,      DBK_HOME_DB_KEY, DBK_HOME_DB_KEY ".new",
                                         DBK_HOME_CERT,    DBK_HOME_KEY,    DBK_HOME_NEXT_CERT,
                                         DBK_HOME_NEXT_KEY };
    clear(dir);
    unlink_in(dir, names, sizeof(names) / sizeof(names[0]));
}

static void close_all(restoring *r)
{
    dbk_log_close(&r->log);
    dbk_log_close(&r->book);
    dbk_log_close(&r->backup);
    dbk_roll_free(r->roll);
    dbk_bytes_wipe(&r->openers);
    dbk_bytes_wipe(&r->body);
}

dbk_rc dbk_backup_restore_log(dbk_backup *out, bool *waits, const char *dir,
                              const dbk_backup_source *from, const dbk_secret *key,
                              const dbk_secret *log_key, const dbk_env *env, dbk_err *err)
{
    char path[DBK_PATH_SIZE];
    restoring r = { .dir = dir, .from = from, .key = key, .env = env };
    dbk_bytes_init(&r.openers, DBK_OPENERS_BYTES_MAX);
    dbk_bytes_init(&r.body, DBK_KEPT_BYTES_MAX);
    *waits = false;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_files_make_dir(dir, err);
    const bool ours = rc == DBK_OK;
    const dbk_log_embedded file = { path, log_key };
    if (rc == DBK_OK)
        rc = dbk_files_path(path, dir, DBK_BACKUP_LOG_NAME, err);
    if (rc == DBK_OK)
        rc = open_backup(&r, out, err);
    if (rc == DBK_OK)
        rc = open_book(&r, out, err);
    if (rc == DBK_OK)
        rc = make_log(&r, out, waits, &file, err);
    close_all(&r);
    if (rc == DBK_OK)
        rc = dbk_log_embedded_verify(&file, err);
    if (rc == DBK_OK)
        rc = dbk_files_rename(dir, DBK_BACKUP_LOG_NAME, DBK_HOME_DB, err);
    if (ours && rc == DBK_OK)
        clear(dir);
    else if (ours)
        dbk_backup_restore_undo(dir); /* it was empty */
    return rc;
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
    dbk_secret *key = NULL;
    *waits = false;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = read_key(&key, from->key, err);
    if (rc == DBK_OK)
        rc = dbk_backup_restore_log(out, waits, dir, from, key, key, env, err);
    if (rc == DBK_OK)
        rc = dbk_files_replace(dir, DBK_HOME_DB_KEY, dbk_secret_bytes(key), err);
    dbk_secret_free(key);
    return rc;
}
