#include "tests/lib/test.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/store/segments.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* HQ desk, two officers, a supervisor, an auditor: made once, used by all tests. */
enum { DESK, ANN, BEN, SUPER, AUDITOR };
static dbk_test_org org;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_SUPERVISOR,
                                      DBK_ROLE_AUDITOR };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static int check_org(void **state)
{
    (void)state;
    dbk_test_org_check(&org);
    return 0;
}

static dbk_input text(const char *field, const char *value)
{
    return (dbk_input){ DBK_INPUT_SET, field, value, NULL };
}

/* What must be as it was after a failed save. */
typedef struct standing {
    dbk_feed_head_now head;
    dbk_hlc clock;
    size_t feeds, spaces;
} standing;

static standing standing_of(dbk_book *book, const dbk_id *space)
{
    standing s = { .clock = book->clock,
                   .feeds = book->tables.feeds_count,
                   .spaces = book->tables.spaces_count };
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    const dbk_book_feed *feed = row == NULL ? NULL : dbk_tables_own_feed(&book->tables, row);
    if (feed != NULL)
        s.head = feed->now;
    return s;
}

static void assert_same_standing(const standing *a, const standing *b)
{
    assert_true(dbk_hash_equal(&a->head.head, &b->head.head));
    assert_int_equal(a->head.last_seq, b->head.last_seq);
    assert_true(a->clock == b->clock);
    assert_int_equal(a->feeds, b->feeds);
    assert_int_equal(a->spaces, b->spaces);
}

/* The store's file can't grow any more: at first not even to make a feed, then after some notes. */
static void a_full_disk_is_told_and_loses_nothing_A38(void **state)
{
    static char big[20000];
    struct rlimit old, small;
    dbk_problems problems = { 0 };
    dbk_id id;
    uint64_t saved = 0;
    (void)state;
    memset(big, 'n', sizeof(big) - 1);
    const dbk_input inputs[] = { text("started_at", "2026-09-21T10:00:00Z"), text("account", big) };
    dbk_test_org alone;
    dbk_test_org_make(&alone, NULL, 0);
    dbk_book *book = alone.books[0].book;
    const dbk_add add = { alone.space, "contact", inputs, ARRAY_LEN(inputs), NULL };
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 40; room <= 2560; room *= 4) {
        standing before, after;
        dbk_err err = { 0 };
        dbk_rc rc = DBK_OK;
        small = old;
        small.rlim_cur = room * 1024;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (int i = 0; rc == DBK_OK && i < 2000; i++) {
            before = standing_of(book, &alone.space);
            rc = dbk_journal_add(book, &id, &problems, &add, &err);
            after = standing_of(book, &alone.space);
            saved += rc == DBK_OK;
            dbk_problems_wipe(&problems);
        }
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_rc(rc, DBK_FULL, &err);
        assert_same_standing(&before, &after);
        dbk_err_clear(&err);
        assert_ok(dbk_book_check_deep(book, &err), &err);
    }
    assert_true(saved > 10);
    /* With room again it works, without repair; and all that was said to be saved is there. */
    assert_int_equal(dbk_test_own_ops(book, &alone.space), saved);
    (void)dbk_test_add(book, &alone.space, "person", TEXTS("name=Ada"));
    dbk_test_book_reopen(&alone.books[0]);
    assert_int_equal(dbk_test_own_ops(alone.books[0].book, &alone.space), saved + 1);
    dbk_test_org_check(&alone);
    dbk_test_org_drop(&alone);
}

int main(void)
{
#define CHECKED(test) cmocka_unit_test_setup_teardown(test, NULL, check_org)
    const struct CMUnitTest tests[] = {
        CHECKED(a_full_disk_is_told_and_loses_nothing_A38),
    };
#undef CHECKED
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
