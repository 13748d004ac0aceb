#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sync/transport/transport.h"
#include "tests/lib/env.h"

typedef struct stick {
    char path[DBK_TEST_PATH_SIZE];
    dbk_transport t;
    dbk_answer answer;
} stick;

static stick stick_new(void)
{
    stick s = { 0 };
    dbk_err err = { 0 };
    dbk_test_dir_make(s.path);
    assert_ok(dbk_transport_dir(&s.t, s.path, &err), &err);
    dbk_bytes_init(&s.answer.body, DBK_RESPONSE_BYTES_MAX);
    return s;
}

static void stick_end(stick *s)
{
    dbk_transport_close(&s->t);
    dbk_bytes_wipe(&s->answer.body);
    dbk_test_dir_remove(s->path);
}

static dbk_rc call(stick *s, const char *method, const char *target, dbk_span body, dbk_err *err)
{
    dbk_exchange req = {
        .method = method, .target = target, .body = body, .has_body = strcmp(method, "PUT") == 0
    };
    return s->t.ops->exchange(s->t.self, &s->answer, &req, err);
}

static int put(stick *s, const char *target, const char *text)
{
    dbk_err err = { 0 };
    assert_ok(call(s, "PUT", target, dbk_span_str(text), &err), &err);
    return s->answer.status;
}

static int get(stick *s, const char *target)
{
    dbk_err err = { 0 };
    assert_ok(call(s, "GET", target, (dbk_span){ NULL, 0 }, &err), &err);
    return s->answer.status;
}

static void assert_answer(const stick *s, const char *text)
{
    if (!dbk_span_equal(dbk_bytes_span(&s->answer.body), dbk_span_str(text)))
        fail_msg("got \"%.*s\", want \"%s\"", (int)s->answer.body.len,
                 (const char *)s->answer.body.p, text);
}

/* Behind the transport's back, as whoever has the stick can. */
static void plant(const stick *s, const char *name, const char *text)
{
    FILE *f = fopen(dbk_test_path(s->path, name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void what_is_put_can_be_listed_and_got(void **state)
{
    (void)state;
    stick s = stick_new();
    assert_int_equal(put(&s, "/files/members/0002.entry", "two"), 201);
    assert_int_equal(put(&s, "/files/members/0001.entry", "first"), 201);
    assert_int_equal(get(&s, "/names/members"), 200);
    assert_answer(&s, "0001.entry 5\n0002.entry 3\n");
    assert_int_equal(get(&s, "/files/members/0002.entry"), 200);
    assert_answer(&s, "two");
    assert_int_equal(get(&s, "/names/0a1b"), 200);
    assert_answer(&s, "");
    assert_int_equal(get(&s, "/files/members/0003.entry"), 404);
    assert_int_equal(get(&s, "/files/0a1b/x"), 404);
    stick_end(&s);
}

static void a_file_is_replaced_whole_1_42(void **state)
{
    (void)state;
    stick s = stick_new();
    assert_int_equal(put(&s, "/files/a/x", "a long text that was there before"), 201);
    assert_int_equal(put(&s, "/files/a/x", "short"), 201);
    assert_int_equal(get(&s, "/files/a/x"), 200);
    assert_answer(&s, "short");
    /* Nothing half-written stays behind. */
    size_t files = 0;
    DIR *d = opendir(dbk_test_path(s.path, "a"));
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        files += e->d_name[0] != '.';
    assert_int_equal(closedir(d), 0);
    assert_int_equal(files, 1);
    stick_end(&s);
}

static void a_target_that_leaves_the_folder_or_is_oddly_named_is_refused_CWE_22(void **state)
{
    (void)state;
    stick s = stick_new();
    static const char *const bad[] = {
        "/files/../x",
        "/files/a/../x",
        "/files/a/..",
        "/files/.a/x",
        "/files/a/x/y",
        "/files/a/",
        "/files//x",
        "/files/a",
        "/names/a/b",
        "/names/..",
        "/names/",
        "/names/A",
        "/files/a/X",
        "/files/a/x y",
        "/files/a/x%2f",
        "/v1/hello",
        "",
        "/files/a/-x",
        "/files/a/x\n",
        "/files/a/_x",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (get(&s, bad[i]) != 400 || put(&s, bad[i], "text") != 400)
            fail_msg("\"%s\": status %d", bad[i], s.answer.status);
    }
    char longer[200] = "/files/a/";
    memset(longer + 9, 'x', DBK_DIR_NAME_MAX + 1);
    assert_int_equal(get(&s, longer), 400);
    longer[9 + DBK_DIR_NAME_MAX] = '\0';
    assert_int_equal(get(&s, longer), 404);
    assert_int_equal(put(&s, longer, "fits"), 201);
    assert_int_equal(get(&s, longer), 200);
    stick_end(&s);
}

static void links_pipes_folders_and_odd_names_on_a_stick_are_not_seen(void **state)
{
    (void)state;
    stick s = stick_new();
    assert_int_equal(put(&s, "/files/a/real", "text"), 201);
    plant(&s, "a/.hidden", "x");
    plant(&s, "a/Thumbs.db", "x");
    plant(&s, "a/_real.1.part", "half");
    plant(&s, "a/esc\x1b[2J", "x");
    plant(&s, "secret", "outside");
    const char *link = dbk_test_path(s.path, "a/link");
    assert_int_equal(symlink(dbk_test_path(s.path, "secret"), link), 0);
    assert_int_equal(mkfifo(dbk_test_path(s.path, "a/pipe"), 0600), 0);
    assert_int_equal(mkdir(dbk_test_path(s.path, "a/deeper"), 0700), 0);
    assert_int_equal(symlink(dbk_test_path(s.path, "a"), dbk_test_path(s.path, "b")), 0);

    assert_int_equal(get(&s, "/names/a"), 200);
    assert_answer(&s, "real 4\n");
    assert_int_equal(get(&s, "/files/a/link"), 404);
    assert_int_equal(get(&s, "/files/a/pipe"), 404);
    assert_int_equal(get(&s, "/files/a/deeper"), 404);
    assert_int_equal(get(&s, "/names/b"), 200);
    assert_answer(&s, "");
    dbk_err err = { 0 };
    assert_rc(call(&s, "PUT", "/files/b/x", dbk_span_str("x"), &err), DBK_IO, &err);
    /* A link in the way of a file is replaced, not followed. */
    assert_int_equal(put(&s, "/files/a/link", "mine"), 201);
    assert_int_equal(get(&s, "/files/a/link"), 200);
    assert_answer(&s, "mine");
    stick_end(&s);
}

static void a_file_over_the_callers_cap_is_refused_before_it_is_read_R8(void **state)
{
    (void)state;
    stick s = stick_new();
    dbk_err err = { 0 };
    assert_int_equal(put(&s, "/files/a/x", "12345"), 201);
    dbk_bytes_wipe(&s.answer.body);
    dbk_bytes_init(&s.answer.body, 4);
    assert_rc(call(&s, "GET", "/files/a/x", (dbk_span){ NULL, 0 }, &err), DBK_LIMIT, &err);
    dbk_bytes_init(&s.answer.body, 5);
    dbk_err_clear(&err);
    assert_ok(call(&s, "GET", "/files/a/x", (dbk_span){ NULL, 0 }, &err), &err);
    /* A file that only says it is huge takes no memory and no time. */
    int fd = open(dbk_test_path(s.path, "a/huge"), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
    assert_int_equal(close(fd), 0);
    assert_rc(call(&s, "GET", "/files/a/huge", (dbk_span){ NULL, 0 }, &err), DBK_LIMIT, &err);
    stick_end(&s);
}

static void a_missing_folder_is_told_apart_from_one_that_fails(void **state)
{
    (void)state;
    dbk_transport t;
    dbk_err err = { 0 };
    assert_rc(dbk_transport_dir(&t, "/tmp/daybook-no-such-folder", &err), DBK_NOT_FOUND, &err);
    assert_null(t.ops);
    dbk_transport_close(&t); /* closing what never opened is nothing */
    stick s = stick_new();
    plant(&s, "taken", "a file where a folder should be");
    dbk_err_clear(&err);
    assert_rc(dbk_transport_dir(&t, dbk_test_path(s.path, "taken"), &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_rc(call(&s, "PUT", "/files/taken/x", dbk_span_str("x"), &err), DBK_IO, &err);
    stick_end(&s);
}

static int no_memory(void *ctx, size_t size)
{
    int *left = ctx;
    (void)size;
    return (*left)-- > 0;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    stick s = stick_new();
    assert_int_equal(put(&s, "/files/a/x", "text"), 201);
    for (int pass = 0; pass < 2; pass++) {
        dbk_rc rc = DBK_NOMEM;
        for (int n = 0; rc == DBK_NOMEM; n++) {
            int left = n;
            dbk_bytes_wipe(&s.answer.body);
            dbk_alloc_set_hook(no_memory, &left);
            rc = call(&s, "GET", pass == 0 ? "/names/a" : "/files/a/x", (dbk_span){ NULL, 0 },
                      NULL);
            dbk_alloc_set_hook(NULL, NULL);
        }
        assert_int_equal(rc, DBK_OK);
        assert_answer(&s, pass == 0 ? "x 4\n" : "text");
    }
    stick_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_can_be_listed_and_got),
        cmocka_unit_test(a_file_is_replaced_whole_1_42),
        cmocka_unit_test(a_target_that_leaves_the_folder_or_is_oddly_named_is_refused_CWE_22),
        cmocka_unit_test(links_pipes_folders_and_odd_names_on_a_stick_are_not_seen),
        cmocka_unit_test(a_file_over_the_callers_cap_is_refused_before_it_is_read_R8),
        cmocka_unit_test(a_missing_folder_is_told_apart_from_one_that_fails),
        cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
