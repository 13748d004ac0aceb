/* A stick goes from device to device where there is no network. */
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    sync_device hq, asha, ben;
    dbk_id space;
    char stick[DBK_TEST_PATH_SIZE];
} team;

static team *team_new(void)
{
    static team t;
    syncworld_open(&t.world);
    dbk_test_dir_make(t.stick);
    sync_device_open(&t.world, &t.hq, "hq desk");
    sync_device_open(&t.world, &t.asha, "asha");
    sync_device_open(&t.world, &t.ben, "ben");
    sync_found(&t.hq);
    t.space = sync_space(&t.hq, "Operation Limelight");
    sync_enlist(&t.hq, &t.asha, DBK_ROLE_OFFICER, &t.space);
    sync_enlist(&t.hq, &t.ben, DBK_ROLE_OFFICER, &t.space);
    (void)sync_now(&t.asha);
    (void)sync_now(&t.hq);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->hq);
    sync_device_close(&t->asha);
    sync_device_close(&t->ben);
    dbk_test_dir_remove(t->stick);
    syncworld_close(&t->world);
}

static const char *space_dir(const team *t)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, &t->space);
    return dbk_test_path(t->stick, hex);
}

static size_t files_in(const char *dir)
{
    size_t files = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        files += e->d_name[0] != '.';
    assert_int_equal(closedir(d), 0);
    return files;
}

/* The path of the only pack of the space. */
static const char *only_pack(const team *t)
{
    static char path[4 * DBK_TEST_PATH_SIZE];
    const char *dir = space_dir(t);
    DIR *d = opendir(dir);
    assert_non_null(d);
    path[0] = '\0';
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        assert_string_equal(path, "");
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
    }
    assert_int_equal(closedir(d), 0);
    assert_true(path[0] != '\0');
    return path;
}

static dbk_rc folder_try(sync_device *d, const char *dir, dbk_sync_report *report, dbk_err *err)
{
    dbk_transport t;
    dbk_err why = { 0 };
    assert_ok(dbk_transport_dir(&t, dir, &why), &why);
    dbk_rc rc = dbk_driver_sync(d->book, &t, report, NULL, err);
    dbk_transport_close(&t);
    return rc;
}

static void two_devices_meet_by_stick_only_and_later_at_the_relay(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_id maria = sync_write(&t->asha, &t->space, "Maria Alvarez");
    dbk_sync_report r = sync_folder(&t->asha, t->stick);
    assert_int_equal(r.pushed_ops, 1);
    (void)sync_write(&t->ben, &t->space, "Tomas Alvarez");
    r = sync_folder(&t->ben, t->stick);
    assert_int_equal(r.records_new, 1);
    assert_int_equal(r.pushed_ops, 1);
    sync_edit(&t->ben, &maria, "Maria Alvares");
    (void)sync_folder(&t->ben, t->stick);
    r = sync_folder(&t->asha, t->stick);
    assert_int_equal(r.records_new, 1);
    assert_int_equal(r.records_changed, 1);
    sync_assert_equal(&t->asha, &t->ben, &t->space);
    assert_true(sync_folder(&t->asha, t->stick).idle);
    assert_true(sync_folder(&t->ben, t->stick).idle);

    /* What the stick carried was not delivered: the relay still gets it, once. */
    r = sync_now(&t->asha);
    assert_int_equal(r.pushed_ops, 1);
    r = sync_now(&t->ben);
    assert_int_equal(r.pushed_ops, 2);
    (void)sync_now(&t->asha);
    (void)sync_now(&t->hq);
    sync_assert_equal(&t->asha, &t->ben, &t->space);
    sync_assert_equal(&t->asha, &t->hq, &t->space);
    sync_held held = sync_verify(&t->hq, &t->space);
    assert_int_equal(held.ops, 3);
    assert_int_equal(held.records, 2);
    assert_int_equal(relaykit_check(&t->world.kit).segments, 3);
    assert_true(sync_now(&t->asha).idle);
    team_end(t);
}

static void a_stick_brings_membership_and_everybodys_notes(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    (void)sync_write(&t->asha, &t->space, "Maria Alvarez");
    (void)sync_folder(&t->asha, t->stick);
    (void)sync_folder(&t->hq, t->stick); /* holds asha's note now, without her or the relay */
    dbk_id river = sync_space(&t->hq, "Riverside");
    dbk_new_grant grant = { river, dbk_book_device(t->ben.book), DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_driver_grant(t->hq.book, &t->hq.t, &grant, &err), &err);
    (void)sync_write(&t->hq, &river, "Lena Roth");
    dbk_test_dir_remove(t->stick);
    dbk_test_dir_make(t->stick); /* another stick, filled by hq alone */
    (void)sync_folder(&t->hq, t->stick);
    dbk_sync_report r = sync_folder(&t->ben, t->stick);
    assert_int_equal(r.members_new, 2);
    assert_int_equal(r.records_new, 2); /* asha's and hq's */
    sync_assert_equal(&t->hq, &t->ben, &river);
    sync_assert_equal(&t->hq, &t->ben, &t->space);
    team_end(t);
}

static void many_notes_become_few_files_and_only_new_ones_are_written(void **state)
{
    (void)state;
    team *t = team_new();
    for (int i = 0; i < 600; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "person %d", i);
        (void)sync_write(&t->asha, &t->space, name);
    }
    dbk_sync_report r = sync_folder(&t->asha, t->stick);
    assert_int_equal(r.pushed_ops, 600);
    assert_int_equal(files_in(space_dir(t)), 3); /* 256 segments each at most */
    (void)sync_write(&t->asha, &t->space, "one more");
    r = sync_folder(&t->asha, t->stick);
    assert_int_equal(r.pushed_ops, 1);
    assert_int_equal(files_in(space_dir(t)), 4);
    r = sync_folder(&t->ben, t->stick);
    assert_int_equal(r.records_new, 601);
    sync_assert_equal(&t->asha, &t->ben, &t->space);
    /* The same over the relay is more than one batch each way. */
    (void)sync_now(&t->asha);
    (void)sync_now(&t->hq);
    (void)sync_now(&t->ben);
    sync_assert_equal(&t->hq, &t->ben, &t->space);
    assert_int_equal(relaykit_check(&t->world.kit).segments, 601);
    team_end(t);
}

static void change_byte(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    int c = fgetc(f);
    assert_true(c != EOF);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_int_equal(fputc(c ^ 0x20, f), c ^ 0x20);
    assert_int_equal(fclose(f), 0);
}

/* Every byte of a pack, one at a time: the note arrives whole or not at all. */
static void a_stick_that_was_tampered_with_is_told_and_changes_nothing_R3(void **state)
{
    (void)state;
    team *t = team_new();
    (void)sync_write(&t->asha, &t->space, "Maria Alvarez");
    (void)sync_folder(&t->asha, t->stick);
    sync_held before = sync_verify(&t->ben, &t->space);
    const char *path = only_pack(t);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_int_equal(fclose(f), 0);
    for (long at = 0; at < size; at++) {
        dbk_sync_report r;
        dbk_err err = { 0 };
        change_byte(path, at);
        dbk_rc rc = folder_try(&t->ben, t->stick, &r, &err);
        /* A changed feed id or seq is someone unknown, or a gap: left where it is, not an error. */
        if (r.records_new != 0 || (rc == DBK_OK && r.pending == 0))
            fail_msg("byte %ld: %s, %u new", at, dbk_rc_name(rc), (unsigned)r.records_new);
        change_byte(path, at);
    }
    sync_held after = sync_verify(&t->ben, &t->space);
    assert_int_equal(after.ops, before.ops);
    assert_true(dbk_hash_equal(&after.state, &before.state));
    assert_int_equal(sync_folder(&t->ben, t->stick).records_new, 1);
    team_end(t);
}

static void one_damaged_file_does_not_keep_the_others_back_1_7(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)sync_write(&t->asha, &t->space, "Maria Alvarez");
    (void)sync_folder(&t->asha, t->stick);
    const char *path = only_pack(t);
    assert_int_equal(truncate(path, 400), 0);
    (void)sync_write(&t->hq, &t->space, "Lena Roth");
    /* hq's own notes get there, whatever asha's file has become. */
    dbk_rc rc = folder_try(&t->hq, t->stick, &r, &err);
    assert_int_equal(rc, DBK_FORMAT);
    assert_non_null(strstr(err.text, "cut short"));
    assert_int_equal(r.pushed_ops, 1);
    dbk_err_clear(&err);
    rc = folder_try(&t->ben, t->stick, &r, &err);
    assert_int_equal(rc, DBK_FORMAT);
    assert_int_equal(r.records_new, 1);
    team_end(t);
}

static void a_stick_of_another_organisation_is_refused(void **state)
{
    (void)state;
    team *t = team_new();
    syncworld elsewhere;
    sync_device stranger;
    dbk_sync_report r;
    dbk_err err = { 0 };
    syncworld_open(&elsewhere);
    sync_device_open(&elsewhere, &stranger, "stranger");
    sync_found(&stranger);
    for (int i = 0; i < 12; i++) /* more entries than ours */
        (void)sync_space(&stranger, "Elsewhere");
    (void)sync_folder(&stranger, t->stick);
    uint64_t count = dbk_roster_count(dbk_book_roster(t->ben.book));
    dbk_rc rc = folder_try(&t->ben, t->stick, &r, &err);
    assert_true(rc != DBK_OK && rc != DBK_IO);
    assert_int_equal(dbk_roster_count(dbk_book_roster(t->ben.book)), count);
    (void)sync_verify(&t->ben, &t->space);
    sync_device_close(&stranger);
    syncworld_close(&elsewhere);
    team_end(t);
}

/* ---- a stick that is pulled out
 * -------------------------------------------------------------------- */

typedef struct loose_stick {
    dbk_transport inner;
    unsigned at, calls;
} loose_stick;

static dbk_rc loose_exchange(void *self, dbk_answer *answer, const dbk_exchange *req, dbk_err *err)
{
    loose_stick *s = self;
    if (++s->calls >= s->at)
        return dbk_fail(err, DBK_IO, "the folder's file can't be read");
    return s->inner.ops->exchange(s->inner.self, answer, req, err);
}

static void loose_close(void *self)
{
    loose_stick *s = self;
    dbk_transport_close(&s->inner);
}

static const dbk_transport_ops loose_ops = { loose_exchange, loose_close };

static void a_stick_pulled_out_at_any_moment_loses_nothing(void **state)
{
    (void)state;
    team *t = team_new();
    uint64_t written = 0;
    bool reached = true;
    for (unsigned at = 1; reached; at++) {
        sync_device *d = at % 2 == 0 ? &t->asha : &t->ben;
        dbk_sync_report r;
        dbk_err err = { 0 };
        loose_stick stick = { .at = at };
        (void)sync_write(&t->asha, &t->space, "someone");
        (void)sync_write(&t->ben, &t->space, "someone else");
        written += 2;
        assert_ok(dbk_transport_dir(&stick.inner, t->stick, &err), &err);
        dbk_transport loose = { .ops = &loose_ops, .self = &stick, .carrier = true };
        dbk_rc rc = dbk_driver_sync(d->book, &loose, &r, NULL, &err);
        reached = stick.calls >= at;
        assert_int_equal(rc, reached ? DBK_IO : DBK_OK);
        dbk_transport_close(&loose);
        sync_device_reopen(d);
        (void)sync_folder(&t->asha, t->stick);
        (void)sync_folder(&t->ben, t->stick);
        (void)sync_folder(&t->asha, t->stick);
        sync_assert_equal(&t->asha, &t->ben, &t->space);
        assert_int_equal(sync_verify(&t->asha, &t->space).ops, written);
        assert_true(at < 60);
    }
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_devices_meet_by_stick_only_and_later_at_the_relay),
        cmocka_unit_test(a_stick_brings_membership_and_everybodys_notes),
        cmocka_unit_test(many_notes_become_few_files_and_only_new_ones_are_written),
        cmocka_unit_test(a_stick_that_was_tampered_with_is_told_and_changes_nothing_R3),
        cmocka_unit_test(one_damaged_file_does_not_keep_the_others_back_1_7),
        cmocka_unit_test(a_stick_of_another_organisation_is_refused),
        cmocka_unit_test(a_stick_pulled_out_at_any_moment_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
