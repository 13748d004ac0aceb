/* A store that is put back from last week on a device that kept a mark outside of it (R4, R5, M47,
 * decision 0018): it signs nothing a second time, and has all again after one sync. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "tests/lib/syncworld.h"

typedef struct story {
    syncworld world;
    sync_device hq, anne;
    dbk_id space;
    char marks[DBK_TEST_PATH_SIZE];
} story;

static void begin(story *s)
{
    memset(s, 0, sizeof(*s));
    syncworld_open(&s->world);
    dbk_test_dir_make(s->marks);
    s->world.anchors = s->marks;
    sync_device_open(&s->world, &s->hq, "HQ");
    sync_found(&s->hq);
    s->space = sync_space(&s->hq, "Op Cedar");
    sync_device_open(&s->world, &s->anne, "Anne");
    sync_enlist(&s->hq, &s->anne, DBK_ROLE_OFFICER, &s->space);
}

static void end(story *s)
{
    sync_device_close(&s->anne);
    sync_device_close(&s->hq);
    dbk_test_dir_remove(s->marks);
    syncworld_close(&s->world);
}

static dbk_sync_report meet(sync_device *d, const dbk_id *space)
{
    dbk_err err = { 0 };
    dbk_sync_report r = sync_now(d);
    assert_rc(dbk_book_check_deep(d->book, &err), DBK_OK, &err);
    (void)sync_verify(d, space);
    return r;
}

static void settle(story *s)
{
    (void)meet(&s->anne, &s->space);
    (void)meet(&s->hq, &s->space);
    (void)meet(&s->anne, &s->space);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
}

static dbk_mark_found found(const sync_device *d)
{
    return dbk_book_mark_found(d->book).found;
}

/* Last week's store is back, and this device has sent a week of notes since. */
static dbk_id put_back_last_week(story *s)
{
    dbk_id joan = sync_write(&s->anne, &s->space, "Joan");
    settle(s);
    sync_device_copy(&s->anne);
    sync_edit(&s->anne, &joan, "Joan Low");
    (void)sync_write(&s->anne, &s->space, "Ben");
    (void)sync_write(&s->hq, &s->space, "Carl");
    settle(s);
    sync_device_swap(&s->anne);
    return joan;
}

static void a_store_from_last_week_writes_at_once_and_doubles_nothing_m47_r5(void **state)
{
    story s;
    (void)state;
    begin(&s);
    dbk_id joan = put_back_last_week(&s);
    assert_int_equal(found(&s.anne), DBK_MARK_AHEAD);
    /* Offline: under a new incarnation, thus nothing has to be written again. */
    sync_edit(&s.anne, &joan, "Joan Moss");
    (void)sync_write(&s.anne, &s.space, "Dora");
    dbk_sync_report r = meet(&s.anne, &s.space);
    assert_true(r.restored);
    assert_int_equal(r.reissued, 0);
    assert_int_equal(r.pushed_ops, 2);
    assert_int_equal(r.pulled_ops, 3);
    assert_int_equal(dbk_book_restored_ms(s.anne.book), 0);
    settle(&s);
    sync_held held = sync_verify(&s.hq, &s.space);
    assert_int_equal(held.records, 4);
    assert_int_equal(held.ops, 6);
    r = meet(&s.anne, &s.space);
    assert_false(r.restored);
    assert_true(r.idle);
    sync_device_reopen(&s.anne);
    assert_int_equal(found(&s.anne), DBK_MARK_FITS);
    end(&s);
}

static void without_the_mark_the_relay_finds_it_m47(void **state)
{
    story s;
    (void)state;
    begin(&s);
    dbk_id joan = sync_write(&s.anne, &s.space, "Joan");
    settle(&s);
    sync_device_copy(&s.anne);
    sync_edit(&s.anne, &joan, "Joan Low");
    settle(&s);
    s.world.anchors = NULL;
    sync_device_swap(&s.anne);
    assert_int_equal(found(&s.anne), DBK_MARK_NONE);
    sync_edit(&s.anne, &joan, "Joan Moss");
    dbk_sync_report r = meet(&s.anne, &s.space);
    assert_true(r.restored);
    assert_int_equal(r.reissued, 1);
    settle(&s);
    end(&s);
}

/* Nobody else knows of notes that were never sent; the feed in which they stood stays closed. */
static void notes_that_were_never_sent_leave_no_second_history_m47(void **state)
{
    story s;
    (void)state;
    begin(&s);
    (void)sync_write(&s.anne, &s.space, "Joan");
    settle(&s);
    sync_device_copy(&s.anne);
    (void)sync_write(&s.anne, &s.space, "Ben");
    sync_device_swap(&s.anne);
    assert_int_equal(found(&s.anne), DBK_MARK_AHEAD);
    settle(&s);
    assert_int_equal(dbk_book_restored_ms(s.anne.book), 0);
    (void)sync_write(&s.anne, &s.space, "Carl");
    settle(&s);
    /* The other copy turns up again, with Ben: it was the first to have the old feed. */
    s.world.anchors = NULL;
    sync_device_swap(&s.anne);
    dbk_sync_report r = meet(&s.anne, &s.space);
    assert_int_equal(r.reissued, 0);
    assert_int_equal(r.pushed_ops, 1);
    settle(&s);
    sync_held held = sync_verify(&s.hq, &s.space);
    assert_int_equal(held.records, 3);
    end(&s);
}

static dbk_log_mark *mark_of(story *s)
{
    dbk_anchor *a = &s->anne.book->anchor.marks;
    for (size_t i = 0; i < a->logs_count; i++)
        if (dbk_id_equal(&a->logs[i].space, &s->space))
            return &a->logs[i];
    return NULL;
}

static void expect_alarm(story *s, const char *says)
{
    dbk_sync_report r;
    dbk_err err = { 0 };
    assert_int_equal(sync_try(&s->anne, &r, &err), DBK_PEER);
    if (strstr(err.text, says) == NULL)
        fail_msg("said: %s", err.text);
    assert_int_not_equal(dbk_book_restored_ms(s->anne.book), 0);
}

/* The relay uses the moment: it shows the store that was put back less, or something else, than it
 * had shown this device before. */
static void a_relay_that_shows_less_to_a_store_put_back_is_told_r4_r19(void **state)
{
    story s;
    (void)state;
    begin(&s);
    (void)put_back_last_week(&s);
    dbk_log_mark *mark = mark_of(&s);
    assert_non_null(mark);
    mark->size += 5; /* as if it had shown that much */
    expect_alarm(&s, "shorter");
    end(&s);
    begin(&s);
    (void)put_back_last_week(&s);
    mark_of(&s)->root.b[0] ^= 1; /* as if that had been another log */
    expect_alarm(&s, "is another");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_from_last_week_writes_at_once_and_doubles_nothing_m47_r5),
        cmocka_unit_test(without_the_mark_the_relay_finds_it_m47),
        cmocka_unit_test(notes_that_were_never_sent_leave_no_second_history_m47),
        cmocka_unit_test(a_relay_that_shows_less_to_a_store_put_back_is_told_r4_r19),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
