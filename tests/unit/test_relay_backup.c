/* A relay's backup, made while it serves, and the relay that is made from it (decision 0035). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sync/relay/backup.h"
#include "sync/relay/files.h"
#include "sync/relay/tls.h"
#include "tests/lib/relaykit.h"

typedef struct fixture {
    relaykit kit;
    relaykit_device officer;
    dbk_id space;
    relaykit_feed feed;
    dbk_home *home;
    char to[DBK_PATH_SIZE], restored[DBK_PATH_SIZE], key[DBK_PATH_SIZE];
} fixture;

/* The kit's folder becomes one that `serve` would take. */
static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    if (relaykit_on_postgres(&f.kit))
        skip();
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    assert_ok(dbk_tls_make(&cert, &key, DBK_TEST_START_MS, &err), &err);
    const char *dir = f.kit.dir;
    assert_ok(dbk_files_write(dir, DBK_HOME_CERT, dbk_bytes_span(&cert), &err), &err);
    assert_ok(dbk_files_write(dir, DBK_HOME_KEY, dbk_bytes_span(&key), &err), &err);
    assert_ok(dbk_files_write(dir, DBK_HOME_DB_KEY, dbk_secret_bytes(f.kit.db_key), &err), &err);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    assert_ok(dbk_files_path(f.to, dir, "backups", &err), &err);
    assert_ok(dbk_files_path(f.restored, dir, "restored", &err), &err);
    assert_ok(dbk_files_path(f.key, dir, DBK_HOME_DB_KEY, &err), &err);
    assert_ok(dbk_home_look(&f.home, dir, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_home_close(f->home);
    relaykit_device_drop(&f->officer);
    relaykit_close(&f->kit);
    return 0;
}

static int push_one(fixture *f)
{
    static relaykit_segment s;
    relaykit_pushed p = { 0 };
    relaykit_segment_make(&f->kit, &s, &f->feed, 1, 100);
    int status = relaykit_push(&f->kit, &f->officer, &p, &s, 1);
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
    return status;
}

static void back_up(fixture *f, dbk_backup *made)
{
    dbk_err err = { 0 };
    const dbk_backup_target target = { f->to, NULL };
    assert_ok(dbk_backup_make(made, f->home, &target, &f->kit.env.env, &err), &err);
}

static dbk_rc restore(fixture *f, const dbk_backup *made, dbk_backup *out, bool *waits,
                      dbk_err *err)
{
    char file[2 * DBK_PATH_SIZE];
    (void)snprintf(file, sizeof(file), "%s/%s", f->to, made->name);
    const dbk_backup_source from = { file, f->key, "the disk failed", NULL };
    return dbk_backup_restore(out, waits, f->restored, &from, &f->kit.env.env, err);
}

static void same_file(const fixture *f, const char *name)
{
    char path[2 * DBK_PATH_SIZE];
    dbk_bytes a = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes b = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    (void)snprintf(path, sizeof(path), "%s/%s", f->kit.dir, name);
    assert_rc(dbk_files_read(path, &a, NULL), DBK_OK, NULL);
    (void)snprintf(path, sizeof(path), "%s/%s", f->restored, name);
    assert_rc(dbk_files_read(path, &b, NULL), DBK_OK, NULL);
    assert_true(dbk_span_equal(dbk_bytes_span(&a), dbk_bytes_span(&b)));
    dbk_bytes_wipe(&a);
    dbk_bytes_wipe(&b);
}

static void what_was_restored_waits_for_the_organisation_and_takes_no_note_M36(void **state)
{
    fixture *f = *state;
    dbk_backup made, back;
    bool waits = false;
    dbk_err err = { 0 };
    assert_int_equal(push_one(f), 200);
    back_up(f, &made);
    assert_int_equal(made.holds.segments, 1);
    assert_int_equal(push_one(f), 200); /* the relay signed for it, and will have lost it */
    assert_ok(restore(f, &made, &back, &waits, &err), &err);
    assert_true(waits);
    assert_int_equal(back.made_ms, made.made_ms);
    assert_memory_equal(&back.holds, &made.holds, sizeof(back.holds));

    relaykit_stop(&f->kit);
    (void)snprintf(f->kit.db, sizeof(f->kit.db), "%.100s/restored/" DBK_HOME_DB, f->kit.dir);
    relaykit_start(&f->kit);
    assert_int_equal(push_one(f), 409);
    assert_int_equal(relaykit_check(&f->kit).segments, 1);
}

static void the_restored_relay_is_known_by_its_pin_and_holds_no_copy_of_the_tls_key(void **state)
{
    fixture *f = *state;
    dbk_backup made, back;
    bool waits = false;
    dbk_log log;
    dbk_home *home;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    back_up(f, &made);
    assert_ok(restore(f, &made, &back, &waits, &err), &err);
    same_file(f, DBK_HOME_CERT);
    same_file(f, DBK_HOME_KEY);
    same_file(f, DBK_HOME_DB_KEY);
    assert_ok(dbk_home_open(&home, f->restored, &err), &err);
    const dbk_log_source *source = dbk_home_source(home);
    assert_ok(source->open(source->self, &log, DBK_LOG_READS, &err), &err);
    assert_rc(dbk_log_setting_get(&log, "backup-" DBK_HOME_KEY, &value, NULL), DBK_NOT_FOUND, NULL);
    assert_rc(dbk_log_setting_get(&log, "backup-made", &value, NULL), DBK_NOT_FOUND, NULL);
    dbk_log_close(&log);
    dbk_home_close(home);
}

static void a_copy_of_a_log_is_no_backup_and_a_cut_off_restore_no_relay(void **state)
{
    fixture *f = *state;
    dbk_backup back;
    dbk_home *home;
    bool waits = false;
    dbk_err err = { 0 };
    relaykit_backup(&f->kit); /* the file itself, with the relay stopped */
    relaykit_start(&f->kit);
    const dbk_backup_source from = { f->kit.backup, f->key, "the disk failed", NULL };
    assert_rc(dbk_backup_restore(&back, &waits, f->restored, &from, &f->kit.env.env, NULL),
              DBK_DAMAGED, NULL);
    assert_rc(dbk_home_open(&home, f->restored, NULL), DBK_NOT_FOUND, NULL);
    /* It left nothing, and can be tried again; where there is something, it can't. */
    assert_int_equal(rmdir(f->restored), 0);
    assert_ok(dbk_files_make_dir(f->restored, &err), &err);
    assert_ok(dbk_files_write(f->restored, DBK_HOME_DB, dbk_span_str("x"), &err), &err);
    assert_rc(dbk_backup_restore(&back, &waits, f->restored, &from, &f->kit.env.env, NULL),
              DBK_CONFLICT, NULL);
    assert_rc(dbk_home_open(&home, f->restored, NULL), DBK_NOT_FOUND, NULL);
}

static void when_the_last_backup_was_made_is_known_only_after_it_was_proved(void **state)
{
    fixture *f = *state;
    dbk_backup made;
    uint64_t at_ms = 1;
    dbk_err err = { 0 };
    assert_ok(dbk_home_last_backup(f->home, &at_ms, &err), &err);
    assert_int_equal(at_ms, 0);
    /* What it is restored with isn't there: a backup that can't be proved. */
    char cert[2 * DBK_PATH_SIZE];
    (void)snprintf(cert, sizeof(cert), "%s/%s", f->kit.dir, DBK_HOME_CERT);
    assert_int_equal(unlink(cert), 0);
    const dbk_backup_target target = { f->to, NULL };
    assert_rc(dbk_backup_make(&made, f->home, &target, &f->kit.env.env, NULL), DBK_NOT_FOUND, NULL);
    assert_ok(dbk_home_last_backup(f->home, &at_ms, &err), &err);
    assert_int_equal(at_ms, 0);
    assert_ok(dbk_files_write(f->kit.dir, DBK_HOME_CERT, dbk_span_str("x"), &err), &err);
    back_up(f, &made);
    assert_ok(dbk_home_last_backup(f->home, &at_ms, &err), &err);
    assert_int_equal(at_ms, made.made_ms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_restored_waits_for_the_organisation_and_takes_no_note_M36),
        TEST(the_restored_relay_is_known_by_its_pin_and_holds_no_copy_of_the_tls_key),
        TEST(a_copy_of_a_log_is_no_backup_and_a_cut_off_restore_no_relay),
        TEST(when_the_last_backup_was_made_is_known_only_after_it_was_proved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
