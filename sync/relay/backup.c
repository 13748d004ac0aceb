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
#include "sync/relay/backup_int.h"
#include "sync/relay/files.h"
#include "sync/relay/log_copy.h"

#define PROOF_NAME "backup.proof"
#define DIGEST_BYTES 32u

const dbk_backup_beside dbk_backup_beside_all[DBK_BACKUP_BESIDE] = {
    { DBK_HOME_CERT, true },
    { DBK_HOME_KEY, true },
    { DBK_HOME_NEXT_CERT, false },
    { DBK_HOME_NEXT_KEY, false },
};

void dbk_backup_setting_of(char out[DBK_BACKUP_SETTING_SIZE], size_t i)
{
    (void)snprintf(out, DBK_BACKUP_SETTING_SIZE, "backup-%s", dbk_backup_beside_all[i].name);
}

/* One backup under way. */
typedef struct making {
    const dbk_home *home;
    const dbk_env *env;
    const char *to;
    char book_path[DBK_PATH_SIZE]; /* of the opener book ... */
    char next_path[DBK_PATH_SIZE]; /* ... and of the one that takes its place */
    char part_path[DBK_PATH_SIZE];
    dbk_log_embedded part, next;
    dbk_log from, copy, book;
    dbk_bytes locked; /* one body */
} making;

/* ---- the copy and the book --------------------------------------------------------------- */

/* Its openers go into the book, and the rest into the copy. */
static dbk_rc lock_body(making *m, dbk_sealed *segment, dbk_err *err)
{
    dbk_header h;
    dbk_openers openers;
    dbk_err why = { 0 };
    dbk_bytes_truncate(&m->locked, 0);
    dbk_rc rc = dbk_header_decode(&h, segment->header, &why);
    if (rc == DBK_OK)
        rc = dbk_locked_make(&m->locked, &openers, &h, segment, &why);
    if (rc == DBK_OK)
        rc = dbk_opener_book_put(&m->book, &h, &openers, &why);
    if (rc == DBK_FORMAT || rc == DBK_AUTH || rc == DBK_VERSION)
        return dbk_fail(err, DBK_DAMAGED, "the log is damaged (%s): look with `fsck`", why.text);
    segment->body = dbk_bytes_span(&m->locked);
    segment->kept = false; /* a locked body says itself which holes it has */
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", why.text);
}

static dbk_rc lock_segment(void *ctx, const dbk_id *space, dbk_log_segment *segment, dbk_err *err)
{
    dbk_sealed sealed = { segment->header, segment->body, segment->kept };
    dbk_rc rc = lock_body(ctx, &sealed, err);
    (void)space;
    segment->body = sealed.body;
    segment->kept = sealed.kept;
    return rc;
}

static dbk_rc lock_fork(void *ctx, const dbk_id *space, dbk_log_fork *fork, dbk_err *err)
{
    (void)space;
    return lock_body(ctx, &fork->segment, err);
}

static dbk_rc put_beside(const dbk_log *log, const dbk_home *home, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < DBK_BACKUP_BESIDE && rc == DBK_OK; i++) {
        const dbk_backup_beside *file = &dbk_backup_beside_all[i];
        char name[DBK_BACKUP_SETTING_SIZE];
        dbk_err absent = { 0 };
        dbk_bytes bytes = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
        dbk_backup_setting_of(name, i);
        rc = dbk_home_read(home, file->name, &bytes, &absent);
        if (rc == DBK_OK)
            rc = dbk_log_setting_put(log, name, dbk_bytes_span(&bytes), err);
        else if (rc == DBK_NOT_FOUND && !file->needed)
            rc = DBK_OK;
        else
            rc = dbk_fail(err, rc, "%s", absent.text);
        dbk_bytes_wipe(&bytes);
    }
    return rc;
}

/* The earlier book, if there is one. What can't be read may be all that opens older backups: it is
 * never replaced unseen. */
static dbk_rc open_old_book(const making *m, dbk_log *old, dbk_err *err)
{
    dbk_err why = { 0 };
    const dbk_log_embedded file = { m->book_path, m->part.key };
    *old = (dbk_log){ NULL, NULL };
    if (access(m->book_path, F_OK) != 0 && errno == ENOENT)
        return DBK_OK;
    dbk_rc rc = dbk_log_embedded_open(&file, old, DBK_LOG_WRITES, &why);
    if (rc == DBK_OK)
        return rc;
    return dbk_fail(err, rc, "the opener book can't be read (%s): put a good copy in its place",
                    why.text);
}

static dbk_rc fill_book(const making *m, dbk_roll *roll, dbk_err *err)
{
    dbk_log old;
    dbk_rc rc = open_old_book(m, &old, err);
    if (rc == DBK_OK)
        rc = dbk_opener_book_fill(&m->book, &m->from, roll, old.ops != NULL ? &old : NULL, err);
    dbk_log_close(&old);
    return rc;
}

static dbk_rc put_made(const dbk_log *log, uint64_t made_ms, dbk_err *err)
{
    uint8_t made[8];
    (void)dbk_wire_put_u64(made, made_ms);
    return dbk_log_setting_put(log, DBK_SETTING_BACKUP_MADE, dbk_span_of(made, sizeof(made)), err);
}

/* Both from one view of the log. */
static dbk_rc write_both(making *m, uint64_t made_ms, dbk_err *err)
{
    dbk_roll *roll = NULL;
    const dbk_log_filter filter = { lock_segment, lock_fork, m };
    dbk_rc rc = m->from.ops->begin(m->from.self, err);
    if (rc == DBK_OK)
        rc = dbk_roll_new(&roll, &m->from, m->env, err);
    if (rc == DBK_OK)
        rc = dbk_log_copy_through(&m->copy, &m->from, &filter, m->env, err);
    if (rc == DBK_OK)
        rc = put_made(&m->copy, made_ms, err);
    if (rc == DBK_OK)
        rc = put_beside(&m->copy, m->home, err);
    if (rc == DBK_OK)
        rc = put_made(&m->book, made_ms, err);
    if (rc == DBK_OK)
        rc = fill_book(m, roll, err);
    dbk_roll_free(roll);
    return rc;
}

static dbk_rc open_logs(making *m, dbk_err *err)
{
    const dbk_log_embedded *file = dbk_home_file(m->home);
    dbk_rc rc = dbk_log_embedded_open(file, &m->from, DBK_LOG_READS, err);
    if (rc == DBK_OK)
        rc = dbk_log_embedded_create(&m->part, err);
    if (rc == DBK_OK)
        rc = dbk_log_embedded_open(&m->part, &m->copy, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = m->copy.ops->begin(m->copy.self, err);
    return rc == DBK_OK ? dbk_opener_book_begin(&m->book, &m->next, err) : rc;
}

/* Closed, whatever comes back: the last handles, so that all is in the files themselves. */
static dbk_rc write_all(making *m, uint64_t made_ms, dbk_err *err)
{
    dbk_bytes_init(&m->locked, DBK_LOCKED_BYTES_MAX);
    dbk_rc rc = open_logs(m, err);
    if (rc == DBK_OK)
        rc = write_both(m, made_ms, err);
    if (rc == DBK_OK)
        rc = m->copy.ops->commit(m->copy.self, err);
    if (rc == DBK_OK)
        rc = dbk_opener_book_end(&m->book, &m->next, err);
    if (rc != DBK_OK && m->copy.ops != NULL)
        m->copy.ops->rollback(m->copy.self);
    dbk_log_close(&m->copy);
    if (m->from.ops != NULL)
        m->from.ops->rollback(m->from.self); /* the view */
    dbk_log_close(&m->from);
    dbk_bytes_wipe(&m->locked);
    return rc;
}

/* ---- the file ---------------------------------------------------------------------------- */

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

/* A copy that isn't proved, and what SQLite keeps beside it: a stale log of writes must never meet
 * another file of its name. */
static void remove_part(const char *dir)
{
    static const char *const names[] = { DBK_BACKUP_COPY_NAME, DBK_BACKUP_COPY_NAME "-wal",
                                         DBK_BACKUP_COPY_NAME "-shm",
                                         DBK_BACKUP_COPY_NAME "-journal" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[DBK_PATH_SIZE];
        if (dbk_files_path(path, dir, names[i], NULL) == DBK_OK)
            (void)unlink(path);
    }
}

/* A folder that a proof made, or began to. */
static void remove_restored(const char *dir)
{
    dbk_backup_restore_undo(dir);
    (void)rmdir(dir);
}

/* The only proof that a backup can be restored is that it was. What is made there holds openers,
 * and is only unlinked afterwards: so it is sealed under a key that nobody keeps. */
static dbk_rc prove(dbk_backup *b, const making *m, dbk_err *err)
{
    char dir[DBK_PATH_SIZE];
    bool waits;
    dbk_backup restored;
    dbk_secret *once = NULL;
    const dbk_backup_source from = { m->part_path, NULL, "a drill", m->next_path };
    dbk_rc rc = dbk_files_path(dir, m->to, PROOF_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_secret_random(&once, DBK_LOG_KEY_BYTES, m->env, err);
    if (rc != DBK_OK)
        return rc;
    remove_restored(dir); /* of a run that was cut short */
    rc = dbk_backup_restore_log(&restored, &waits, dir, &from, m->part.key, once, m->env, err);
    remove_restored(dir);
    dbk_secret_free(once);
    if (rc != DBK_OK)
        return rc;
    if (restored.made_ms != b->made_ms)
        return dbk_fail(err, DBK_DAMAGED, "what was restored is another backup");
    b->holds = restored.holds;
    b->book_ms = restored.book_ms;
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

/* Under its name, with its digest in the form that sha256sum checks. The book comes first: one that
 * is newer than all backups opens them. */
static dbk_rc publish(const dbk_backup *b, const making *m, dbk_err *err)
{
    char name[DBK_BACKUP_NAME_SIZE + sizeof(".sha256")];
    char line[DBK_BACKUP_DIGEST_SIZE + DBK_BACKUP_NAME_SIZE + 4];
    bool taken;
    dbk_rc rc = dbk_files_exists(m->to, b->name, &taken, err);
    if (rc == DBK_OK && taken)
        rc = dbk_fail(err, DBK_CONFLICT, "%s is there already", b->name);
    if (rc == DBK_OK)
        rc = dbk_files_swap(m->next_path, m->book_path, err);
    (void)snprintf(name, sizeof(name), "%s.sha256", b->name);
    (void)snprintf(line, sizeof(line), "%s  %s\n", b->sha256, b->name);
    if (rc == DBK_OK)
        rc = dbk_files_replace(m->to, name, dbk_span_str(line), err);
    return rc == DBK_OK ? dbk_files_rename(m->to, DBK_BACKUP_COPY_NAME, b->name, err) : rc;
}

static dbk_rc find_paths(making *m, const char *openers, dbk_err *err)
{
    int len = 0;
    dbk_rc rc = dbk_files_path(m->part_path, m->to, DBK_BACKUP_COPY_NAME, err);
    if (rc == DBK_OK && openers == NULL)
        rc = dbk_files_path(m->book_path, m->to, DBK_OPENER_BOOK_NAME, err);
    else if (rc == DBK_OK)
        len = snprintf(m->book_path, sizeof(m->book_path), "%s", openers);
    if (rc == DBK_OK && len >= 0 && (size_t)len < sizeof(m->book_path))
        len = snprintf(m->next_path, sizeof(m->next_path), "%.4000s.part", m->book_path);
    if (rc == DBK_OK && (len < 0 || (size_t)len >= sizeof(m->next_path)))
        rc = dbk_fail(err, DBK_USAGE, "the opener book's path is too long");
    return rc;
}

/* Two at a time would take each other's unfinished book for their own. The book's folder may be
 * another one, which other relays' backups share. */
static dbk_rc take_folders(const making *m, int fds[2], dbk_err *err)
{
    char dir[DBK_PATH_SIZE];
    struct stat to, of_book;
    fds[0] = fds[1] = -1;
    dbk_rc rc = dbk_files_lock_dir(m->to, &fds[0], err);
    if (rc == DBK_OK)
        rc = dbk_files_dir_of(dir, m->book_path, err);
    if (rc == DBK_OK && (stat(m->to, &to) != 0 || stat(dir, &of_book) != 0))
        rc = dbk_files_fail(dir, err);
    if (rc == DBK_OK && (to.st_dev != of_book.st_dev || to.st_ino != of_book.st_ino))
        rc = dbk_files_lock_dir(dir, &fds[1], err);
    return rc;
}

static dbk_rc make_in(making *m, dbk_backup *out, dbk_err *err)
{
    remove_part(m->to); /* of a run that was cut short */
    dbk_rc rc = write_all(m, out->made_ms, err);
    if (rc == DBK_OK)
        rc = digest_file(out, m->part_path, err);
    if (rc == DBK_OK)
        rc = prove(out, m, err);
    if (rc == DBK_OK)
        rc = publish(out, m, err);
    if (rc == DBK_OK)
        return dbk_home_backup_note(m->home, out->made_ms, err);
    remove_part(m->to);
    dbk_opener_book_drop(&m->book, &m->next);
    return rc;
}

dbk_rc dbk_backup_make(dbk_backup *out, const dbk_home *home, const dbk_backup_target *target,
                       const dbk_env *env, dbk_err *err)
{
    making m = { .home = home, .env = env, .to = target->to };
    const dbk_log_embedded *file = dbk_home_file(home);
    memset(out, 0, sizeof(*out));
    out->made_ms = env->now_ms(env->self);
    name_it(out);
    if (file == NULL)
        return dbk_fail(err, DBK_USAGE,
                        "this relay's log is in PostgreSQL: back up the database, and relay.key");
    if (mkdir(m.to, S_IRWXU) == 0)
        dbk_files_sync_above(m.to);
    else if (errno != EEXIST)
        return dbk_files_fail(m.to, err);
    dbk_rc rc = find_paths(&m, target->openers, err);
    if (rc != DBK_OK)
        return rc;
    m.part = (dbk_log_embedded){ m.part_path, file->key };
    m.next = (dbk_log_embedded){ m.next_path, file->key };
    int folders[2];
    rc = take_folders(&m, folders, err);
    if (rc == DBK_OK)
        rc = make_in(&m, out, err);
    for (size_t i = 0; i < 2; i++) {
        if (folders[i] >= 0)
            (void)close(folders[i]);
    }
    return rc;
}
