#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store/folder.h"
#include "tests/lib/env.h"

static const char *const leftovers[] = { "half.db", NULL };

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 0777;
}

static void put_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static bool has(const dbk_folder *f, const char *name)
{
    bool there = false;
    dbk_err err = { 0 };
    assert_ok(dbk_folder_has(f, &there, name, &err), &err);
    return there;
}

static void a_folder_is_its_owners_only_and_held_by_one(void **state)
{
    char dir[DBK_TEST_PATH_SIZE];
    dbk_err err = { 0 };
    dbk_folder *f = NULL, *second = NULL;
    (void)state;
    dbk_test_dir_make(dir);
    const char *book = dbk_test_path(dir, "book");
    assert_ok(dbk_folder_create(&f, book, leftovers, &err), &err);
    assert_int_equal(mode_of(book), 0700);
    assert_rc(dbk_folder_open(&second, book, &err), DBK_BUSY, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_folder_create(&second, book, leftovers, &err), DBK_BUSY, &err);
    assert_null(second);
    dbk_folder_close(f);
    dbk_err_clear(&err);
    assert_ok(dbk_folder_open(&second, book, &err), &err);
    dbk_folder_close(second);
    assert_int_equal(chmod(book, 0750), 0);
    assert_rc(dbk_folder_open(&f, book, &err), DBK_DENIED, &err);
    dbk_folder_close(NULL);
    dbk_test_dir_remove(dir);
}

static void a_folder_is_made_with_the_folders_that_lead_to_it(void **state)
{
    char dir[DBK_TEST_PATH_SIZE];
    dbk_err err = { 0 };
    dbk_folder *f = NULL;
    (void)state;
    dbk_test_dir_make(dir);
    const char *share = dbk_test_path(dir, "share"), *book = dbk_test_path(dir, "share/book");
    assert_ok(dbk_folder_create(&f, book, leftovers, &err), &err);
    assert_int_equal(mode_of(share), 0700);
    assert_int_equal(mode_of(book), 0700);
    dbk_folder_close(f);
    put_file(dbk_test_path(dir, "file"));
    assert_rc(dbk_folder_create(&f, dbk_test_path(dir, "file/book"), leftovers, &err), DBK_IO,
              &err);
    (void)unlink(dbk_test_path(dir, "share/book/lock"));
    (void)rmdir(book);
    dbk_test_dir_remove(dir);
}

static void a_folder_with_other_things_in_it_is_left_alone(void **state)
{
    char dir[DBK_TEST_PATH_SIZE];
    dbk_err err = { 0 };
    dbk_folder *f = NULL;
    (void)state;
    dbk_test_dir_make(dir);
    put_file(dbk_test_path(dir, "half.db"));
    assert_ok(dbk_folder_create(&f, dir, leftovers, &err), &err);
    dbk_folder_close(f);
    put_file(dbk_test_path(dir, "holiday.jpg"));
    assert_rc(dbk_folder_create(&f, dir, leftovers, &err), DBK_CONFLICT, &err);
    assert_int_equal(access(dbk_test_path(dir, "holiday.jpg"), F_OK), 0);
    dbk_err_clear(&err);
    assert_rc(dbk_folder_open(&f, dbk_test_path(dir, "absent"), &err), DBK_NOT_FOUND, &err);
    dbk_test_dir_remove(dir);
}

static void a_disk_that_does_not_answer_is_not_a_file_that_is_not_there_P1(void **state)
{
    char dir[DBK_TEST_PATH_SIZE], name[400];
    bool there = false;
    dbk_err err = { 0 };
    dbk_folder *f = NULL;
    (void)state;
    memset(name, 'n', sizeof(name) - 1); /* longer than any name: the system says so */
    name[sizeof(name) - 1] = '\0';
    dbk_test_dir_make(dir);
    assert_ok(dbk_folder_create(&f, dir, leftovers, &err), &err);
    assert_false(has(f, "keys"));
    assert_rc(dbk_folder_has(f, &there, name, &err), DBK_IO, &err);
    dbk_folder_close(f);
    dbk_test_dir_remove(dir);
}

static void a_file_is_replaced_whole(void **state)
{
    char dir[DBK_TEST_PATH_SIZE];
    dbk_err err = { 0 };
    dbk_folder *f = NULL;
    dbk_bytes in = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_dir_make(dir);
    assert_ok(dbk_folder_create(&f, dir, leftovers, &err), &err);
    assert_false(has(f, "keys"));
    assert_rc(dbk_folder_read(f, &in, "keys", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_folder_write(f, "keys", dbk_span_str("first"), &err), &err);
    put_file(dbk_test_path(dir, "keys.new")); /* of a write that was cut short */
    assert_ok(dbk_folder_write(f, "keys", dbk_span_str("second"), &err), &err);
    assert_ok(dbk_folder_read(f, &in, "keys", &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&in), dbk_span_str("second")));
    assert_false(has(f, "keys.new"));
    assert_int_equal(mode_of(dbk_test_path(dir, "keys")), 0600);
    dbk_bytes small = DBK_BYTES_INIT(3);
    assert_rc(dbk_folder_read(f, &small, "keys", &err), DBK_LIMIT, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_folder_touch(f, "keys", &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_folder_touch(f, "fresh", &err), &err);
    assert_int_equal(mode_of(dbk_test_path(dir, "fresh")), 0600);
    assert_ok(dbk_folder_remove(f, "fresh", &err), &err);
    assert_ok(dbk_folder_remove(f, "fresh", &err), &err);
    dbk_bytes_wipe(&in);
    dbk_bytes_wipe(&small);
    dbk_folder_close(f);
    dbk_test_dir_remove(dir);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    static uint8_t big[16384];
    char dir[DBK_TEST_PATH_SIZE];
    struct rlimit old, small;
    dbk_err err = { 0 };
    dbk_folder *f = NULL;
    dbk_bytes in = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_dir_make(dir);
    assert_ok(dbk_folder_create(&f, dir, leftovers, &err), &err);
    assert_ok(dbk_folder_write(f, "keys", dbk_span_str("first"), &err), &err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    dbk_rc rc = dbk_folder_write(f, "keys", dbk_span_of(big, sizeof(big)), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_rc(rc, DBK_FULL, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_folder_read(f, &in, "keys", &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&in), dbk_span_str("first")));
    assert_false(has(f, "keys.new"));
    dbk_bytes_wipe(&in);
    dbk_folder_close(f);
    dbk_test_dir_remove(dir);
}

static void symbolic_links_are_not_followed(void **state)
{
    char dir[DBK_TEST_PATH_SIZE];
    char path[DBK_FOLDER_PATH_SIZE];
    dbk_err err = { 0 };
    dbk_folder *f = NULL;
    dbk_bytes in = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_dir_make(dir);
    const char *book = dbk_test_path(dir, "book");
    assert_ok(dbk_folder_create(&f, book, leftovers, &err), &err);
    put_file(dbk_test_path(dir, "elsewhere"));
    assert_int_equal(symlink("../elsewhere", dbk_test_path(dir, "book/keys")), 0);
    assert_rc(dbk_folder_read(f, &in, "keys", &err), DBK_IO, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_folder_touch(f, "keys", &err), DBK_CONFLICT, &err);
    dbk_folder_close(f);

    /* The folder itself may be reached by a link; its path is given without. */
    const char *link = dbk_test_path(dir, "link");
    assert_int_equal(symlink("book", link), 0);
    dbk_err_clear(&err);
    assert_ok(dbk_folder_open(&f, link, &err), &err);
    assert_ok(dbk_folder_path(f, path, "store.db", &err), &err);
    assert_non_null(strstr(path, "/book/store.db"));
    assert_null(strstr(path, "/link/"));
    dbk_folder_close(f);
    dbk_bytes_wipe(&in);
    dbk_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_its_owners_only_and_held_by_one),
        cmocka_unit_test(a_folder_is_made_with_the_folders_that_lead_to_it),
        cmocka_unit_test(a_folder_with_other_things_in_it_is_left_alone),
        cmocka_unit_test(a_disk_that_does_not_answer_is_not_a_file_that_is_not_there_P1),
        cmocka_unit_test(a_file_is_replaced_whole),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(symbolic_links_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
