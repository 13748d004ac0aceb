#include "core/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/store/sql.h"

/* docs/format/store.md says what each column means. */
static const char schema_1[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE member(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE space(id INTEGER PRIMARY KEY, space BLOB NOT NULL UNIQUE, log BLOB NOT NULL,"
    " frontier BLOB NOT NULL, checkpoint BLOB NOT NULL) STRICT;"
    "CREATE TABLE feed(id INTEGER PRIMARY KEY, feed BLOB NOT NULL UNIQUE,"
    " space INTEGER NOT NULL REFERENCES space(id), device BLOB NOT NULL,"
    " incarnation BLOB NOT NULL, own INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
    " head BLOB NOT NULL, receipted_seq INTEGER NOT NULL, clock INTEGER NOT NULL) STRICT;"
    "CREATE TABLE segment(id INTEGER PRIMARY KEY, space INTEGER NOT NULL REFERENCES space(id),"
    " feed INTEGER NOT NULL REFERENCES feed(id), first_seq INTEGER NOT NULL,"
    " count INTEGER NOT NULL, log_index INTEGER, receipt_ms INTEGER, receipt BLOB,"
    " status INTEGER NOT NULL, reason TEXT, header BLOB NOT NULL, body BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX segment_feed ON segment(feed, first_seq);"
    "CREATE UNIQUE INDEX segment_log ON segment(space, log_index) WHERE log_index IS NOT NULL;"
    "CREATE INDEX segment_pending ON segment(space) WHERE status=1;"
    "CREATE TABLE record(id INTEGER PRIMARY KEY, record BLOB NOT NULL,"
    " space INTEGER NOT NULL REFERENCES space(id), form TEXT NOT NULL, when_ms INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, life INTEGER NOT NULL,"
    " asks INTEGER NOT NULL, cautious INTEGER NOT NULL, proposals INTEGER NOT NULL,"
    " reviews INTEGER NOT NULL, contested INTEGER NOT NULL, summary TEXT NOT NULL,"
    " indexed INTEGER NOT NULL, state BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX record_id ON record(record, space);"
    "CREATE INDEX record_when ON record(when_ms, form);"
    "CREATE INDEX record_attention ON record(space) WHERE asks+cautious+proposals+reviews>0;"
    "CREATE INDEX record_contested ON record(contested) WHERE contested>0;"
    "CREATE INDEX record_waiting ON record(indexed) WHERE indexed=0;"
    "CREATE TABLE op(record INTEGER NOT NULL REFERENCES record(id),"
    " segment INTEGER NOT NULL REFERENCES segment(id), place INTEGER NOT NULL,"
    " PRIMARY KEY(record, segment, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE invite(id INTEGER PRIMARY KEY, invite BLOB NOT NULL UNIQUE,"
    " secret BLOB NOT NULL, name TEXT NOT NULL, role INTEGER NOT NULL, spaces BLOB NOT NULL,"
    " expires_ms INTEGER NOT NULL, request BLOB NOT NULL) STRICT;"
    "CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1,"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3');";

static const char schema_2[] =
    "ALTER TABLE invite ADD COLUMN until_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE invite ADD COLUMN person BLOB NOT NULL"
    " DEFAULT x'00000000000000000000000000000000';"
    "CREATE TABLE exhibit(id INTEGER PRIMARY KEY, subject BLOB NOT NULL, kind INTEGER NOT NULL,"
    " space BLOB NOT NULL, size INTEGER NOT NULL, state INTEGER NOT NULL,"
    " found_ms INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE node(log BLOB NOT NULL, level INTEGER NOT NULL, place INTEGER NOT NULL,"
    " node BLOB NOT NULL, PRIMARY KEY(log, level, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE lost(segment INTEGER NOT NULL REFERENCES segment(id) ON DELETE CASCADE,"
    " log BLOB NOT NULL, log_index INTEGER NOT NULL, receipt_ms INTEGER NOT NULL, receipt BLOB,"
    " PRIMARY KEY(segment, log)) STRICT, WITHOUT ROWID;"
    "ALTER TABLE feed ADD COLUMN left_seq INTEGER NOT NULL DEFAULT 0;"
    /* What an older program gave out wasn't written down. */
    "UPDATE feed SET left_seq=last_seq WHERE own=1;"
    /* When a segment goes, its ops are looked for. */
    "CREATE INDEX op_segment ON op(segment);"
    "CREATE TABLE past_log(space INTEGER NOT NULL REFERENCES space(id), log BLOB NOT NULL,"
    " size INTEGER NOT NULL, checkpoint BLOB NOT NULL, PRIMARY KEY(space, log)) STRICT,"
    " WITHOUT ROWID;"
    "CREATE TABLE person_key(key TEXT NOT NULL,"
    " record INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE,"
    " PRIMARY KEY(key, record)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX person_key_record ON person_key(record);"
    "CREATE TABLE offer(id INTEGER PRIMARY KEY REFERENCES record(id) ON DELETE CASCADE,"
    " record BLOB NOT NULL, space INTEGER NOT NULL, status INTEGER NOT NULL,"
    " interpreters INTEGER NOT NULL, checked_day INTEGER NOT NULL, due_day INTEGER NOT NULL,"
    " age_min INTEGER NOT NULL, age_max INTEGER NOT NULL, terms TEXT NOT NULL) STRICT;"
    "CREATE TABLE value_key(key INTEGER NOT NULL, when_ms INTEGER NOT NULL,"
    " record INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE,"
    " PRIMARY KEY(key, when_ms, record)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX value_key_record ON value_key(record);"
    "UPDATE record SET indexed=0;";

static const char schema_3[] =
    "CREATE TABLE form_pack(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
    " installed_ms INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE INDEX segment_noted ON segment(space) WHERE status=0 AND reason IS NOT NULL;";

static const char schema_4[] =
    "ALTER TABLE segment ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE disposal(seq INTEGER PRIMARY KEY, state INTEGER NOT NULL,"
    " held INTEGER NOT NULL) STRICT;";

static const char schema_5[] = "CREATE TABLE scratch(name TEXT PRIMARY KEY, at_ms INTEGER NOT NULL,"
                               " text TEXT NOT NULL) STRICT, WITHOUT ROWID;";

/* What has no place in a log is asked for at every sync, and is next to nothing. */
static const char schema_6[] =
    "CREATE INDEX segment_placeless ON segment(space, feed) WHERE log_index IS NULL;";

static const char schema_7[] =
    "CREATE TABLE cue(kind INTEGER NOT NULL, about BLOB NOT NULL, at_ms INTEGER NOT NULL,"
    " record INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE,"
    " PRIMARY KEY(kind, about, at_ms, record)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX cue_record ON cue(record);"
    "CREATE INDEX record_until ON record(min(when_ms, updated_ms));"
    "UPDATE record SET indexed=0;";

/* Whoever was compared with nobody so far waits for it. */
static const char schema_8[] =
    "CREATE TABLE alike(later INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE,"
    " earlier INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE,"
    " PRIMARY KEY(later, earlier)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX alike_earlier ON alike(earlier);"
    "CREATE INDEX record_updated ON record(updated_ms);"
    "UPDATE record SET indexed=0 WHERE form='person';";

/* More is told of contacts and cases, and less of persons. */
static const char schema_9[] = "UPDATE record SET indexed=0"
                               " WHERE form IN ('case','contact','person');";

/* Whose days are known without their record; and the log of use without the rest. */
static const char schema_10[] =
    "CREATE INDEX record_log ON record(updated_ms) WHERE form='audit';"
    "UPDATE record SET indexed=0 WHERE form IN ('action','contact','decision','marker',"
    "'protective_order','referral','risk_assessment');";

/* Of what is here already nobody knows without opening its ops. */
static const char schema_11[] =
    "CREATE TABLE deed(record INTEGER PRIMARY KEY REFERENCES record(id) ON DELETE CASCADE) STRICT;"
    "INSERT INTO deed SELECT id FROM record WHERE form<>'audit';";

/* Contacts that say no more than that a family was met. */
static const char schema_12[] = "UPDATE record SET indexed=0 WHERE form='contact';";

const char *const dbk_schema_migrations[DBK_STORE_SCHEMA] = { schema_1,  schema_2,  schema_3,
                                                              schema_4,  schema_5,  schema_6,
                                                              schema_7,  schema_8,  schema_9,
                                                              schema_10, schema_11, schema_12 };

#define COPY_PATH_SIZE 4128u /* a path and ".before-N.new" */

static dbk_rc copy_bytes(int to, int from, dbk_err *err)
{
    static const char *const why = "the store can't be copied before it is brought up to date";
    uint8_t part[4096];
    ssize_t got;
    while ((got = read(from, part, sizeof(part))) > 0) {
        for (ssize_t at = 0; at < got;) {
            ssize_t n = write(to, part + at, (size_t)(got - at));
            if (n < 0)
                return dbk_fail(err, errno == ENOSPC ? DBK_FULL : DBK_IO, "%s", why);
            at += n;
        }
    }
    if (got < 0 || fsync(to) != 0)
        return dbk_fail(err, DBK_IO, "%s", why);
    return DBK_OK;
}

/* Encrypted as it is. A copy that a broken attempt left unfinished is made anew. */
static dbk_rc copy_file(const char *path, uint32_t version, dbk_err *err)
{
    char made[COPY_PATH_SIZE];
    char kept[COPY_PATH_SIZE];
    dbk_rc rc = DBK_OK;
    int from = -1;
    int to = -1;
    int n = snprintf(kept, sizeof(kept), "%s.before-%u", path, version);
    int m = snprintf(made, sizeof(made), "%s.before-%u.new", path, version);
    if (n < 0 || m < 0 || (size_t)m >= sizeof(made))
        return dbk_fail(err, DBK_LIMIT, "the store's path is too long");
    (void)unlink(made);
    from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    to = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (from < 0 || to < 0)
        rc = dbk_fail(err, DBK_IO, "the store can't be copied before it is brought up to date");
    if (rc == DBK_OK)
        rc = copy_bytes(to, from, err);
    if (rc == DBK_OK && rename(made, kept) != 0)
        rc = dbk_fail(err, DBK_IO, "the copy of the store can't be put in its place");
    if (from >= 0)
        (void)close(from);
    if (to >= 0)
        (void)close(to);
    return rc;
}

static dbk_rc migrate_once(dbk_store *store, const char *sql, uint32_t to, dbk_err *err)
{
    char set_version[64];
    (void)snprintf(set_version, sizeof(set_version), "PRAGMA user_version=%u", to);
    dbk_rc rc = dbk_store_begin(store, err);
    if (rc == DBK_OK)
        rc = dbk_sql_exec(store, sql, err);
    if (rc == DBK_OK)
        rc = dbk_sql_exec(store, set_version, err);
    if (rc == DBK_OK)
        rc = dbk_store_commit(store, err);
    if (rc != DBK_OK)
        dbk_store_rollback(store);
    return rc;
}

dbk_rc dbk_schema_apply(dbk_store *store, const char *path, const char *const *migrations,
                        uint32_t count, dbk_err *err)
{
    char text[32];
    uint64_t version = 0;
    dbk_rc rc = dbk_sql_ask(store, text, sizeof(text), "PRAGMA user_version", err);
    if (rc == DBK_OK)
        rc = dbk_u64_parse(&version, dbk_span_str(text), err);
    if (rc != DBK_OK)
        return rc;
    if (version > count)
        return dbk_fail(err, DBK_VERSION, "the store has layout %llu, this program knows %u",
                        (unsigned long long)version, count);
    if (version > 0 && version < count) {
        /* Only after this does the file hold everything: the rest may stand in the WAL. */
        rc = dbk_sql_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", err);
        if (rc == DBK_OK)
            rc = copy_file(path, (uint32_t)version, err);
    }
    for (uint32_t at = (uint32_t)version; rc == DBK_OK && at < count; at++)
        rc = migrate_once(store, migrations[at], at + 1, err);
    return rc;
}
