#include "sync/relay/log_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

static dbk_rc rc_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return DBK_OK;
    case SQLITE_FULL:
        return DBK_FULL;
    case SQLITE_CONSTRAINT:
        return DBK_CONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return DBK_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DBK_BUSY;
    case SQLITE_NOMEM:
        return DBK_NOMEM;
    default:
        return DBK_IO;
    }
}

dbk_rc dbk_log_file_fail(int code, dbk_err *err)
{
    dbk_rc rc = rc_of(code);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "the log: %s", sqlite3_errstr(code));
}

dbk_rc dbk_log_file_exec(sqlite3 *db, const char *sql, dbk_err *err)
{
    return dbk_log_file_fail(sqlite3_exec(db, sql, NULL, NULL, NULL), err);
}

dbk_rc dbk_log_file_ask(sqlite3 *db, const char *sql, char out[32], dbk_err *err)
{
    sqlite3_stmt *s = NULL;
    out[0] = '\0';
    int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(s, 0);
        if (text != NULL)
            (void)sqlite3_snprintf(32, out, "%s", (const char *)text);
    }
    int end = sqlite3_finalize(s);
    return dbk_log_file_fail(code != SQLITE_OK ? code : end, err);
}

static dbk_rc set_key(sqlite3 *db, const dbk_secret *key, dbk_err *err)
{
    char text[2 * DBK_LOG_KEY_BYTES + 4]; /* x'<64 hex>': raw, without a key derivation */
    DBK_ASSERT(dbk_secret_len(key) == DBK_LOG_KEY_BYTES);
    text[0] = 'x';
    text[1] = '\'';
    dbk_hex_print(text + 2, dbk_secret_bytes(key));
    text[2 + 2 * DBK_LOG_KEY_BYTES] = '\'';
    int code = sqlite3_key(db, text, 3 + 2 * DBK_LOG_KEY_BYTES);
    dbk_wipe(text, sizeof(text));
    return dbk_log_file_fail(code, err);
}

dbk_rc dbk_log_file_prove(sqlite3 *db, const char *path, dbk_err *err)
{
    static const char magic[16] = "SQLite format 3";
    char version[32];
    char head[16] = { 0 };
    dbk_rc rc = dbk_log_file_ask(db, "PRAGMA cipher_version", version, err);
    if (rc == DBK_OK && version[0] == '\0')
        rc = dbk_fail(err, DBK_DAMAGED, "the SQLite library here doesn't encrypt");
    if (rc != DBK_OK)
        return rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = fd >= 0 ? read(fd, head, sizeof(head)) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (got < 0)
        return dbk_fail(err, DBK_IO, "the log file can't be read");
    if (memcmp(head, magic, sizeof(head)) == 0)
        return dbk_fail(err, DBK_DAMAGED, "the log file is not encrypted");
    return DBK_OK;
}

dbk_rc dbk_log_file_connect(sqlite3 **out, const dbk_log_embedded *file, int flags, dbk_err *err)
{
    char count[32];
    int code = sqlite3_open_v2(
        file->path, out,
        flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    dbk_rc rc = dbk_log_file_fail(code, err);
    if (rc == DBK_OK)
        rc = set_key(*out, file->key, err);
    if (rc == DBK_OK)
        rc = dbk_log_file_ask(*out, "SELECT count(*) FROM sqlite_master", count, err);
    return rc;
}

dbk_rc dbk_log_embedded_verify(const dbk_log_embedded *file, dbk_err *err)
{
    sqlite3 *db = NULL;
    char found[32] = "";
    if (access(file->path, F_OK) != 0)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no log file");
    dbk_rc rc = dbk_log_file_connect(&db, file, 0, err);
    /* The seals are looked at in the file itself: so the write-ahead log goes in first. */
    if (rc == DBK_OK)
        rc = dbk_log_file_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", err);
    if (rc == DBK_OK)
        rc = dbk_log_file_ask(db, "PRAGMA cipher_integrity_check", found, err);
    if (rc == DBK_OK && found[0] != '\0')
        rc = dbk_fail(err, DBK_DAMAGED, "the log file was changed by something else: %s", found);
    if (rc == DBK_OK)
        rc = dbk_log_file_ask(db, "PRAGMA integrity_check", found, err);
    if (rc == DBK_OK && strcmp(found, "ok") != 0)
        rc = dbk_fail(err, DBK_DAMAGED, "the log file's structure is damaged");
    (void)sqlite3_close(db);
    return rc;
}
