#include "tests/lib/test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/crypto/hash.h"
#include "sync/relay/log_embedded.h"
#include "core/crypto/segment.h"
#include "tests/lib/env.h"

#define MARKER "a-marker-that-must-not-be-readable"

typedef struct fixture {
    dbk_test_env env;
    char dir[DBK_TEST_PATH_SIZE];
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_secret *key;
    dbk_log_embedded file;
    dbk_log log;
} fixture;

static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    memset(&f, 0, sizeof(f));
    assert_ok(dbk_crypto_init(&err), &err);
    dbk_test_env_init(&f.env, 7);
    dbk_test_dir_make(f.dir);
    (void)snprintf(f.path, sizeof(f.path), "%s/relay.db", f.dir);
    assert_ok(dbk_secret_random(&f.key, DBK_LOG_KEY_BYTES, &f.env.env, &err), &err);
    f.file = (dbk_log_embedded){ f.path, f.key };
    assert_ok(dbk_log_embedded_create(&f.file, &err), &err);
    assert_ok(dbk_log_embedded_open(&f.file, &f.log, DBK_LOG_WRITES, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_log_close(&f->log);
    dbk_secret_free(f->key);
    dbk_test_dir_remove(f->dir);
    return 0;
}

static dbk_id id_of(uint8_t b)
{
    dbk_id id;
    memset(id.b, b, sizeof(id.b));
    return id;
}

static dbk_log_row row(const char *key, const char *value)
{
    return (dbk_log_row){ dbk_span_str(key), dbk_span_str(value) };
}

static void begin(const dbk_log *log)
{
    dbk_err err = { 0 };
    assert_ok(log->ops->begin(log->self, &err), &err);
}

static void commit(const dbk_log *log)
{
    dbk_err err = { 0 };
    assert_ok(log->ops->commit(log->self, &err), &err);
}

static void put(const dbk_log *log, const dbk_id *space, const char *key, const char *value)
{
    dbk_err err = { 0 };
    dbk_log_row r = row(key, value);
    assert_ok(log->ops->put(log->self, space, &r, &err), &err);
}

/* The value as text; NULL if there is none. */
static const char *got(const dbk_log *log, const dbk_id *space, const char *key)
{
    static char text[64];
    dbk_bytes value = DBK_BYTES_INIT(sizeof(text) - 1);
    dbk_err err = { 0 };
    dbk_rc rc = log->ops->get(log->self, space, dbk_span_str(key), &value, &err);
    if (rc == DBK_NOT_FOUND)
        return NULL;
    assert_ok(rc, &err);
    memset(text, 0, sizeof(text));
    memcpy(text, value.p, value.len);
    dbk_bytes_wipe(&value);
    return text;
}

/* ---- rows -------------------------------------------------------------------------------- */

static void a_row_is_put_replaced_added_once_and_deleted_in_its_space_only(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1), b = id_of(2);
    dbk_err err = { 0 };
    dbk_log_row again = row("key", "third");
    begin(&f->log);
    put(&f->log, &a, "key", "first");
    put(&f->log, &a, "key", "second");
    put(&f->log, &b, "key", "other");
    assert_rc(f->log.ops->add(f->log.self, &a, &again, &err), DBK_CONFLICT, &err);
    assert_string_equal(got(&f->log, &a, "key"), "second");
    assert_string_equal(got(&f->log, &b, "key"), "other");
    err = (dbk_err){ 0 };
    assert_ok(f->log.ops->del(f->log.self, &a, dbk_span_str("key"), &err), &err);
    assert_ok(f->log.ops->add(f->log.self, &a, &again, &err), &err);
    commit(&f->log);
    assert_string_equal(got(&f->log, &a, "key"), "third");
    assert_null(got(&f->log, &a, "kez"));
}

typedef struct seen {
    char text[256];
    size_t stop_after;
    size_t count;
} seen;

static dbk_rc see(void *ctx, const dbk_log_row *r, bool *stop, dbk_err *err)
{
    seen *s = ctx;
    size_t len = strlen(s->text);
    (void)err;
    (void)snprintf(s->text + len, sizeof(s->text) - len, "%.*s=%.*s ", (int)r->key.len,
                   (const char *)r->key.p, (int)r->value.len, (const char *)r->value.p);
    s->count++;
    *stop = s->stop_after != 0 && s->count == s->stop_after;
    return DBK_OK;
}

static void a_scan_gives_the_keys_of_a_prefix_in_order_after_a_key_until_stopped(void **state)
{
    static const struct {
        const char *prefix, *after;
        size_t stop_after;
        const char *want;
    } cases[] = {
        { "b", "", 0, "b=2 ba=3 bb=4 b\xff=5 " },
        { "b", "ba", 0, "bb=4 b\xff=5 " },
        { "b", "ba\x01", 0, "bb=4 b\xff=5 " },
        { "b", "", 2, "b=2 ba=3 " },
        { "b\xff", "", 0, "b\xff=5 " },
        { "b", "b\xff", 0, "" },
        { "z", "", 0, "" },
    };
    fixture *f = *state;
    dbk_id a = id_of(1), b = id_of(2);
    begin(&f->log);
    put(&f->log, &a, "b\xff", "5");
    put(&f->log, &a, "a", "1");
    put(&f->log, &a, "ba", "3");
    put(&f->log, &a, "c", "6");
    put(&f->log, &a, "b", "2");
    put(&f->log, &a, "bb", "4");
    put(&f->log, &b, "bc", "not here");
    commit(&f->log);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        seen s = { .stop_after = cases[i].stop_after };
        dbk_log_scan scan = { dbk_span_str(cases[i].prefix), dbk_span_str(cases[i].after), see,
                              &s };
        assert_ok(f->log.ops->scan(f->log.self, &a, &scan, &err), &err);
        if (strcmp(s.text, cases[i].want) != 0)
            fail_msg("prefix %s after %s: got '%s', want '%s'", cases[i].prefix, cases[i].after,
                     s.text, cases[i].want);
    }
}

static dbk_rc refuse(void *ctx, const dbk_log_row *r, bool *stop, dbk_err *err)
{
    (void)ctx;
    (void)r;
    (void)stop;
    return dbk_fail(err, DBK_LIMIT, "enough");
}

static void a_scan_that_fails_says_why_and_the_next_one_works(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1);
    dbk_err err = { 0 };
    seen s = { .stop_after = 0 };
    begin(&f->log);
    put(&f->log, &a, "k", "v");
    commit(&f->log);
    dbk_log_scan scan = { dbk_span_str("k"), { NULL, 0 }, refuse, NULL };
    assert_rc(f->log.ops->scan(f->log.self, &a, &scan, &err), DBK_LIMIT, &err);
    assert_string_equal(err.text, "enough");
    scan = (dbk_log_scan){ dbk_span_str("k"), { NULL, 0 }, see, &s };
    err = (dbk_err){ 0 };
    assert_ok(f->log.ops->scan(f->log.self, &a, &scan, &err), &err);
    assert_string_equal(s.text, "k=v ");
}

/* ---- segments ---------------------------------------------------------------------------- */

static dbk_rc append(const dbk_log *log, const dbk_id *space, uint64_t index, dbk_err *err)
{
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    uint8_t body[100];
    memset(header, (int)index, sizeof(header));
    memset(body, (int)(index + 1), sizeof(body));
    dbk_log_segment s = { index, 1000 + index, dbk_span_of(header, sizeof(header)),
                          dbk_span_of(body, sizeof(body)), false };
    return log->ops->segment_append(log->self, space, &s, err);
}

typedef struct run {
    uint64_t next;
    uint64_t end; /* 0: none */
    size_t count;
} run;

static dbk_rc see_segment(void *ctx, const dbk_log_segment *s, bool *stop, dbk_err *err)
{
    run *r = ctx;
    (void)err;
    assert_int_equal(s->index, r->next);
    assert_int_equal(s->receipt_ms, 1000 + s->index);
    assert_int_equal(s->header.len, DBK_SEGMENT_HEADER_BYTES);
    assert_int_equal(s->header.p[299], (uint8_t)s->index);
    assert_int_equal(s->body.len, 100);
    assert_int_equal(s->body.p[99], (uint8_t)(s->index + 1));
    r->next++;
    r->count++;
    *stop = r->end != 0 && r->next == r->end;
    return DBK_OK;
}

static size_t read_from(const dbk_log *log, const dbk_id *space, uint64_t from, uint64_t end)
{
    dbk_err err = { 0 };
    run r = { from, end, 0 };
    dbk_log_read read = { from, see_segment, &r, 0 };
    assert_ok(log->ops->segments_read(log->self, space, &read, &err), &err);
    return r.count;
}

static void segments_are_appended_once_and_read_from_any_index_of_their_space(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1), b = id_of(2), c = id_of(3);
    dbk_err err = { 0 };
    begin(&f->log);
    for (uint64_t i = 0; i < 20; i++) {
        assert_ok(append(&f->log, &a, i, &err), &err);
        if (i < 5)
            assert_ok(append(&f->log, &b, i, &err), &err);
    }
    assert_rc(append(&f->log, &a, 3, &err), DBK_CONFLICT, &err);
    commit(&f->log);
    assert_int_equal(read_from(&f->log, &a, 0, 0), 20);
    assert_int_equal(read_from(&f->log, &a, 15, 0), 5);
    assert_int_equal(read_from(&f->log, &a, 4, 9), 5);
    assert_int_equal(read_from(&f->log, &a, 20, 0), 0);
    assert_int_equal(read_from(&f->log, &b, 0, 0), 5);
    assert_int_equal(read_from(&f->log, &c, 0, 0), 0);
    assert_int_equal(read_from(&f->log, &a, UINT64_MAX, 0), 0);
}

static dbk_rc see_kept(void *ctx, const dbk_log_segment *s, bool *stop, dbk_err *err)
{
    size_t *count = ctx;
    (void)stop;
    (void)err;
    (*count)++;
    assert_int_equal(s->kept, s->index == 6 || s->index == 7);
    assert_int_equal(s->body.len, s->index == 6 ? 4 : 100);
    return DBK_OK;
}

static void a_body_is_replaced_in_its_place_by_a_kept_one_and_nothing_else(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1), b = id_of(2);
    dbk_err err = { 0 };
    uint8_t header[DBK_SEGMENT_HEADER_BYTES] = { 0 }, body[100] = { 0 };
    size_t count = 0;
    dbk_log_read read = { 5, see_kept, &count, 3 };
    dbk_log_segment late = { 7, 1007, dbk_span_of(header, sizeof(header)),
                             dbk_span_of(body, sizeof(body)), true };
    begin(&f->log);
    for (uint64_t i = 0; i < 7; i++)
        assert_ok(append(&f->log, &a, i, &err), &err);
    assert_ok(f->log.ops->segment_append(f->log.self, &a, &late, &err), &err);
    assert_ok(append(&f->log, &b, 6, &err), &err);
    commit(&f->log);
    begin(&f->log);
    dbk_span kept = dbk_span_of("kept", 4);
    assert_ok(f->log.ops->segment_keep(f->log.self, &a, 6, kept, &err), &err);
    assert_rc(f->log.ops->segment_keep(f->log.self, &a, 8, kept, NULL), DBK_NOT_FOUND, NULL);
    dbk_id nowhere = id_of(3);
    assert_rc(f->log.ops->segment_keep(f->log.self, &nowhere, 6, kept, NULL), DBK_NOT_FOUND, NULL);
    f->log.ops->forget(f->log.self);
    commit(&f->log);
    assert_ok(f->log.ops->segments_read(f->log.self, &a, &read, &err), &err);
    assert_int_equal(count, 3);
    assert_int_equal(read_from(&f->log, &b, 6, 0), 1);
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* A transaction that forgets leaves no older page behind; a reader that looks at one meanwhile is
 * not disturbed, and the next commit makes up for it. So does a start after a run that was cut. */
static void what_a_transaction_forgets_is_in_no_file_of_the_log(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1);
    dbk_err err = { 0 };
    dbk_log reader;
    char wal[3 * DBK_TEST_PATH_SIZE];
    (void)snprintf(wal, sizeof(wal), "%s-wal", f->path);
    begin(&f->log);
    assert_ok(append(&f->log, &a, 0, &err), &err);
    commit(&f->log);
    assert_true(size_of(wal) > 0);
    assert_ok(dbk_log_embedded_open(&f->file, &reader, DBK_LOG_READS, &err), &err);
    begin(&reader);
    assert_int_equal(read_from(&reader, &a, 0, 0), 1);
    begin(&f->log);
    assert_ok(f->log.ops->segment_keep(f->log.self, &a, 0, dbk_span_of("kept", 4), &err), &err);
    f->log.ops->forget(f->log.self);
    commit(&f->log);
    assert_int_equal(read_from(&reader, &a, 0, 0), 1); /* its view stands still */
    assert_true(size_of(wal) > 0);
    reader.ops->rollback(reader.self);
    begin(&f->log);
    put(&f->log, &a, "k", "v");
    commit(&f->log);
    assert_int_equal(size_of(wal), 0);
    dbk_log_close(&reader);

    begin(&f->log);
    put(&f->log, &a, "k", "w");
    commit(&f->log);
    assert_true(size_of(wal) > 0);
    dbk_log again;
    dbk_log left = f->log; /* as if it had been cut: it is closed only afterwards */
    assert_ok(dbk_log_embedded_open(&f->file, &again, DBK_LOG_WRITES, &err), &err);
    assert_int_equal(size_of(wal), 0);
    assert_string_equal(got(&again, &a, "k"), "w");
    dbk_log_close(&left);
    f->log = again;
}

static void an_index_over_the_limit_is_refused_and_the_last_one_below_is_not(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1), b = id_of(2);
    dbk_err err = { 0 };
    begin(&f->log);
    assert_ok(append(&f->log, &a, DBK_LOG_INDEX_MAX, &err), &err);
    assert_ok(append(&f->log, &b, 0, &err), &err);
    assert_rc(append(&f->log, &a, DBK_LOG_INDEX_MAX + 1, &err), DBK_LIMIT, &err);
    commit(&f->log);
    assert_int_equal(read_from(&f->log, &a, DBK_LOG_INDEX_MAX, 0), 1);
    assert_int_equal(read_from(&f->log, &b, 0, 0), 1);
}

/* ---- transactions ------------------------------------------------------------------------ */

static void what_is_rolled_back_leaves_nothing_not_even_the_spaces_number(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1), b = id_of(2);
    dbk_err err = { 0 };
    begin(&f->log);
    put(&f->log, &a, "k", "v");
    assert_ok(append(&f->log, &a, 0, &err), &err);
    f->log.ops->rollback(f->log.self);
    f->log.ops->rollback(f->log.self); /* nothing to roll back is fine */
    assert_null(got(&f->log, &a, "k"));
    assert_int_equal(read_from(&f->log, &a, 0, 0), 0);
    begin(&f->log);
    assert_ok(append(&f->log, &a, 0, &err), &err); /* its number of before is nobody's */
    assert_ok(append(&f->log, &b, 0, &err), &err);
    assert_ok(append(&f->log, &a, 1, &err), &err);
    commit(&f->log);
    assert_int_equal(read_from(&f->log, &a, 0, 0), 2);
    assert_int_equal(read_from(&f->log, &b, 0, 0), 1);
}

static void a_readers_view_stands_still_until_it_ends(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1);
    dbk_err err = { 0 };
    dbk_log reader;
    begin(&f->log);
    put(&f->log, &a, "k", "old");
    commit(&f->log);
    assert_ok(dbk_log_embedded_open(&f->file, &reader, DBK_LOG_READS, &err), &err);
    begin(&reader);
    assert_string_equal(got(&reader, &a, "k"), "old");
    begin(&f->log);
    put(&f->log, &a, "k", "new");
    commit(&f->log);
    assert_string_equal(got(&reader, &a, "k"), "old");
    reader.ops->rollback(reader.self);
    assert_string_equal(got(&reader, &a, "k"), "new");
    dbk_log_close(&reader);
}

static void what_was_committed_is_there_when_the_file_is_opened_again(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1);
    dbk_err err = { 0 };
    begin(&f->log);
    put(&f->log, &a, "k", "v");
    assert_ok(append(&f->log, &a, 0, &err), &err);
    commit(&f->log);
    dbk_log_close(&f->log);
    assert_ok(dbk_log_embedded_open(&f->file, &f->log, DBK_LOG_WRITES, &err), &err);
    assert_string_equal(got(&f->log, &a, "k"), "v");
    assert_int_equal(read_from(&f->log, &a, 0, 0), 1);
}

/* ---- the file ---------------------------------------------------------------------------- */

static bool file_holds(const char *path, const char *text)
{
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(data, 1, sizeof(data), file);
    fclose(file);
    for (size_t i = 0; i + strlen(text) <= size; i++) {
        if (memcmp(data + i, text, strlen(text)) == 0)
            return true;
    }
    return false;
}

static void nothing_of_a_row_is_readable_in_the_files_P3_A05(void **state)
{
    fixture *f = *state;
    dbk_id a = id_of(1);
    char wal[3 * DBK_TEST_PATH_SIZE];
    begin(&f->log);
    put(&f->log, &a, MARKER, MARKER);
    commit(&f->log);
    (void)snprintf(wal, sizeof(wal), "%s-wal", f->path);
    assert_int_equal(access(wal, F_OK), 0);
    assert_false(file_holds(wal, MARKER));
    dbk_log_close(&f->log);
    assert_false(file_holds(f->path, MARKER));
    assert_false(file_holds(f->path, "SQLite format 3"));
}

static void another_key_a_plain_file_and_no_file_are_told_apart_and_refused(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_log log;
    dbk_secret *other = NULL;
    assert_rc(dbk_log_embedded_create(&f->file, &err), DBK_CONFLICT, &err);
    assert_ok(dbk_secret_random(&other, DBK_LOG_KEY_BYTES, &f->env.env, NULL), &err);
    dbk_log_embedded wrong = { f->path, other };
    err = (dbk_err){ 0 };
    assert_rc(dbk_log_embedded_open(&wrong, &log, DBK_LOG_WRITES, &err), DBK_DAMAGED, &err);
    assert_null(log.ops);

    dbk_log_embedded none = { dbk_test_path(f->dir, "none.db"), f->key };
    err = (dbk_err){ 0 };
    assert_rc(dbk_log_embedded_open(&none, &log, DBK_LOG_WRITES, &err), DBK_NOT_FOUND, &err);
    assert_int_equal(access(none.path, F_OK), -1);

    sqlite3 *plain = NULL;
    dbk_log_embedded open_book = { dbk_test_path(f->dir, "plain.db"), f->key };
    assert_int_equal(sqlite3_open(open_book.path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    err = (dbk_err){ 0 };
    assert_rc(dbk_log_embedded_open(&open_book, &log, DBK_LOG_WRITES, &err), DBK_DAMAGED, &err);
    dbk_secret_free(other);
}

static void a_file_of_a_newer_version_is_refused_and_left_as_it_was_A40(void **state)
{
    fixture *f = *state;
    static uint8_t before[1 << 16], after[1 << 16];
    char key[80];
    sqlite3 *db = NULL;
    dbk_err err = { 0 };
    dbk_log log;
    dbk_log_close(&f->log);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    key[0] = 'x';
    key[1] = '\'';
    dbk_hex_print(key + 2, dbk_secret_bytes(f->key));
    key[66] = '\'';
    assert_int_equal(sqlite3_key(db, key, 67), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=2", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    FILE *file = fopen(f->path, "rb");
    size_t size = fread(before, 1, sizeof(before), file);
    fclose(file);
    assert_rc(dbk_log_embedded_open(&f->file, &log, DBK_LOG_WRITES, &err), DBK_VERSION, &err);
    file = fopen(f->path, "rb");
    assert_int_equal(fread(after, 1, sizeof(after), file), size);
    fclose(file);
    assert_memory_equal(before, after, size);
}

/* F2: seals on each page see a change anywhere in the file, also where no row is. */
static void a_changed_byte_anywhere_in_the_file_is_found_by_verify(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    struct stat st;
    dbk_log_close(&f->log);
    assert_ok(dbk_log_embedded_verify(&f->file, &err), &err);
    assert_int_equal(stat(f->path, &st), 0);
    int fd = open(f->path, O_RDWR);
    assert_true(fd >= 0);
    for (off_t at = 100; at < st.st_size; at += 997) {
        uint8_t b;
        assert_int_equal(pread(fd, &b, 1, at), 1);
        b ^= 0x20;
        assert_int_equal(pwrite(fd, &b, 1, at), 1);
        err = (dbk_err){ 0 };
        dbk_rc rc = dbk_log_embedded_verify(&f->file, &err);
        if (rc != DBK_DAMAGED)
            fail_msg("byte %ld: code %d %s", (long)at, (int)rc, err.text);
        b ^= 0x20;
        assert_int_equal(pwrite(fd, &b, 1, at), 1);
    }
    (void)close(fd);
    err = (dbk_err){ 0 };
    assert_ok(dbk_log_embedded_verify(&f->file, &err), &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_put_replaced_added_once_and_deleted_in_its_space_only),
        TEST(a_scan_gives_the_keys_of_a_prefix_in_order_after_a_key_until_stopped),
        TEST(a_scan_that_fails_says_why_and_the_next_one_works),
        TEST(segments_are_appended_once_and_read_from_any_index_of_their_space),
        TEST(a_body_is_replaced_in_its_place_by_a_kept_one_and_nothing_else),
        TEST(what_a_transaction_forgets_is_in_no_file_of_the_log),
        TEST(an_index_over_the_limit_is_refused_and_the_last_one_below_is_not),
        TEST(what_is_rolled_back_leaves_nothing_not_even_the_spaces_number),
        TEST(a_readers_view_stands_still_until_it_ends),
        TEST(what_was_committed_is_there_when_the_file_is_opened_again),
        TEST(nothing_of_a_row_is_readable_in_the_files_P3_A05),
        TEST(another_key_a_plain_file_and_no_file_are_told_apart_and_refused),
        TEST(a_file_of_a_newer_version_is_refused_and_left_as_it_was_A40),
        TEST(a_changed_byte_anywhere_in_the_file_is_found_by_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
