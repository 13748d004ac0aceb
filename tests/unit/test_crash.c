/* kill -9 at any moment: what was said to be saved is there, and nothing needs repair (A36). */
#include "tests/lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "core/store/records.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void wait_us(long us)
{
    const struct timespec t = { us / 1000000, us % 1000000 * 1000 };
    (void)nanosleep(&t, NULL);
}

static dbk_rc open_or_create(dbk_book **out, const char *dir, dbk_test_env *env, bool create,
                             dbk_err *err)
{
    dbk_secret *secret = NULL;
    const dbk_book_opts opts = { .env = &env->env, .kdf = DBK_KDF_COST_FLOOR };
    dbk_rc rc = dbk_crypto_init(err);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&secret, dbk_span_str(DBK_TEST_PASSPHRASE), err);
    if (rc == DBK_OK)
        rc = create ? dbk_book_create(out, dir, secret, &opts, err)
                    : dbk_book_open(out, dir, secret, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

static void create_killed_at_any_time_opens_whole_or_can_be_restarted(void **state)
{
    int opened = 0;
    int restarted = 0;
    (void)state;
    /* Later and later, until the child is through twice: however slow the machine is. */
    for (long us = 0; opened < 2; us = us * 5 / 4 + 3000) {
        assert_true(us < 60000000);
        char dir[DBK_TEST_PATH_SIZE];
        dbk_test_env env;
        dbk_err err = { 0 };
        dbk_book *book = NULL;
        dbk_test_env_init(&env, 1);
        dbk_test_dir_make(dir);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)!open_or_create(&book, dir, &env, true, &err);
            _exit(0);
        }
        wait_us(us);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        dbk_rc rc = open_or_create(&book, dir, &env, false, &err);
        if (rc == DBK_NOT_FOUND) {
            dbk_err_clear(&err);
            assert_ok(open_or_create(&book, dir, &env, true, &err), &err);
            restarted++;
        } else {
            assert_ok(rc, &err);
            opened++;
        }
        assert_ok(dbk_book_check_deep(book, &err), &err);
        dbk_book_close(book);
        dbk_test_dir_remove(dir);
    }
    assert_true(restarted > 0);
}

/* Saves as fast as it can; each id goes into the pipe once the save was acknowledged. */
static void save_until_killed(dbk_test_org *org, int acked)
{
    dbk_test_book_reopen(&org->books[0]);
    for (;;) {
        dbk_id id = dbk_test_add(org->books[0].book, &org->space, "person",
                                 TEXTS("name=Ada", "safe_voicemail=no"));
        if (write(acked, id.b, sizeof(id.b)) != (ssize_t)sizeof(id.b))
            _exit(1);
        dbk_test_edit(org->books[0].book, &id, TEXTS("sex=female"));
    }
}

static dbk_rc see_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    bool *found = ctx;
    (void)err;
    *found = row->state.len > 0;
    return DBK_OK;
}

static void check_found(dbk_book *book, const dbk_id *id)
{
    bool found = false;
    dbk_err err = { 0 };
    assert_ok(dbk_records_find(book->store, id, 0, see_record, &found, &err), &err);
    assert_true(found);
}

static void every_acknowledged_note_survives_a_kill_at_any_time_P1_A36(void **state)
{
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    for (long us = 0; us < 12000; us += 1999) {
        int pipe_ends[2];
        dbk_err err = { 0 };
        dbk_id ids[4];
        assert_int_equal(pipe(pipe_ends), 0);
        dbk_book_close(org.books[0].book); /* the child opens it for itself */
        org.books[0].book = NULL;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(pipe_ends[0]);
            save_until_killed(&org, pipe_ends[1]);
        }
        (void)close(pipe_ends[1]);
        for (int i = 0; i < 3; i++) /* it is well on its way */
            assert_int_equal(read(pipe_ends[0], ids[i].b, sizeof(ids[i].b)), sizeof(ids[i].b));
        wait_us(us);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        org.books[0].env.state += (uint64_t)us; /* the child has used these random numbers */
        dbk_test_book_reopen(&org.books[0]);
        dbk_book *book = org.books[0].book;
        for (size_t i = 0; i < 3; i++)
            check_found(book, &ids[i]);
        while (read(pipe_ends[0], ids[3].b, sizeof(ids[3].b)) == (ssize_t)sizeof(ids[3].b))
            check_found(book, &ids[3]);
        (void)close(pipe_ends[0]);
        assert_ok(dbk_book_check_deep(book, &err), &err);
    }
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_killed_at_any_time_opens_whole_or_can_be_restarted),
        cmocka_unit_test(every_acknowledged_note_survives_a_kill_at_any_time_P1_A36),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
