/* Devices whose clocks are ten years off, in front of a relay whose clock is right (A23, R29): they
 * sync as others do, and what counts is who had seen what, never what a clock says. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/day.h"
#include "core/daybook.h"
#include "core/journal/book_internal.h"
#include "tests/lib/syncworld.h"

#define SECOND_MS UINT64_C(1000)
#define TEN_YEARS_MS (UINT64_C(3653) * 24 * 3600 * 1000)

typedef struct team {
    syncworld world;
    sync_device hq, ahead, behind;
    dbk_id space;
} team;

/* Enrolled with a right clock; from then on one is ten years ahead, the other ten years behind. */
static void begin(team *t)
{
    memset(t, 0, sizeof(*t));
    syncworld_open(&t->world);
    sync_device_open(&t->world, &t->hq, "HQ");
    sync_device_open(&t->world, &t->ahead, "Anne");
    sync_device_open(&t->world, &t->behind, "Ben");
    sync_found(&t->hq);
    t->space = sync_space(&t->hq, "Op Cedar");
    sync_enlist(&t->hq, &t->ahead, DBK_ROLE_OFFICER, &t->space);
    sync_enlist(&t->hq, &t->behind, DBK_ROLE_OFFICER, &t->space);
    (void)sync_now(&t->hq);
    t->ahead.env.now_ms += TEN_YEARS_MS;
    t->behind.env.now_ms -= TEN_YEARS_MS;
}

static void end(team *t)
{
    sync_device *all[] = { &t->hq, &t->ahead, &t->behind };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        dbk_err err = { 0 };
        assert_rc(dbk_book_check_deep(all[i]->book, &err), DBK_OK, &err);
        sync_device_close(all[i]);
    }
    syncworld_close(&t->world);
}

static void everybody_syncs(team *t)
{
    for (int round = 0; round < 2; round++) {
        (void)sync_now(&t->ahead);
        (void)sync_now(&t->behind);
        (void)sync_now(&t->hq);
    }
    sync_assert_equal(&t->hq, &t->ahead, &t->space);
    sync_assert_equal(&t->hq, &t->behind, &t->space);
}

static void assert_name(sync_device *d, const dbk_id *record, const char *want, bool disputed)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    dbk_bytes scratch = DBK_BYTES_INIT(65536), text = DBK_BYTES_INIT(65536);
    dbk_span value;
    assert_ok(dbk_query_note(&note, d->book, record, &err), &err);
    const dbk_field *f = dbk_form_field(note->form, "name");
    assert_ok(dbk_view_field(&value, &scratch, note->state, f, &note->view, &err), &err);
    assert_ok(dbk_value_to_text(&text, f, value, &err), &err);
    assert_ok(dbk_bytes_append_u8(&text, '\0', &err), &err);
    if (want != NULL)
        assert_string_equal((const char *)text.p, want);
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str("name"));
    assert_int_equal(dbk_view_group(g, &note->view).dispute != DBK_DISPUTE_NONE, disputed);
    dbk_bytes_wipe(&scratch);
    dbk_bytes_wipe(&text);
    dbk_note_free(note);
}

static void assert_all_show(team *t, const dbk_id *record, const char *want, bool disputed)
{
    assert_name(&t->hq, record, want, disputed);
    assert_name(&t->ahead, record, want, disputed);
    assert_name(&t->behind, record, want, disputed);
}

/* first writes, second corrects it, first corrects that: whose clock is ahead makes no difference.
 */
static void correct_in_turn(team *t, sync_device *first, sync_device *second)
{
    dbk_id record = sync_write(first, &t->space, "Mira");
    everybody_syncs(t);
    sync_edit(second, &record, "Myra");
    everybody_syncs(t);
    assert_all_show(t, &record, "Myra", false);
    sync_edit(first, &record, "Miriam");
    everybody_syncs(t);
    assert_all_show(t, &record, "Miriam", false);
    sync_edit(&t->hq, &record, "Mirjam");
    everybody_syncs(t);
    assert_all_show(t, &record, "Mirjam", false);
}

static void the_later_correction_stands_whichever_clock_is_ahead_A23(void **state)
{
    team t;
    (void)state;
    begin(&t);
    correct_in_turn(&t, &t.ahead, &t.behind);
    correct_in_turn(&t, &t.behind, &t.ahead);
    end(&t);
}

static void no_clock_wins_where_neither_had_seen_the_other_A23(void **state)
{
    team t;
    (void)state;
    begin(&t);
    for (int behind_first = 0; behind_first < 2; behind_first++) {
        sync_device *a = behind_first ? &t.behind : &t.ahead;
        sync_device *b = behind_first ? &t.ahead : &t.behind;
        dbk_id record = sync_write(a, &t.space, "Mira");
        everybody_syncs(&t);
        sync_edit(a, &record, "Myra");
        sync_edit(b, &record, "Miriam");
        (void)sync_now(a);
        assert_int_equal(sync_now(b).conflicts_new, 1);
        everybody_syncs(&t);
        assert_all_show(&t, &record, NULL, true);
    }
    end(&t);
}

/* Each answer brings the next nonce: a hundred requests from a wrong clock are a hundred answers.
 */
static void a_wrong_clock_costs_no_request_A23(void **state)
{
    team t;
    (void)state;
    begin(&t);
    sync_device *wrong[] = { &t.ahead, &t.behind };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        (void)sync_now(wrong[i]);
        (void)sync_write(wrong[i], &t.space, "Ada");
        (void)sync_now(wrong[i]);
        for (int n = 0; n < 50; n++) {
            dbk_sync_report r = sync_now(wrong[i]);
            assert_true(r.idle);
            assert_int_equal(r.round_trips, 1);
        }
        /* Put right, it goes on as if nothing had been. */
        wrong[i]->env.now_ms = t.hq.env.now_ms;
        (void)sync_write(wrong[i], &t.space, "Tom");
        (void)sync_now(wrong[i]);
        dbk_sync_report r = sync_now(wrong[i]);
        assert_int_equal(r.round_trips, 1);
    }
    everybody_syncs(&t);
    end(&t);
}

/* ---- who was not heard of ---------------------------------------------------------------------
 */

typedef struct listening {
    dbk_id device;
    size_t told;
    bool silent;
} listening;

static dbk_rc listen(void *ctx, const dbk_heard *heard, dbk_err *err)
{
    listening *l = ctx;
    (void)err;
    if (dbk_id_equal(&heard->device, &l->device)) {
        l->told++;
        l->silent = heard->silent;
    }
    return DBK_OK;
}

static bool is_silent(const sync_device *d, const sync_device *to)
{
    listening l = { .device = dbk_book_device(d->book) };
    dbk_err err = { 0 };
    assert_ok(dbk_query_devices(to->book, listen, &l, &err), &err);
    assert_int_equal(l.told, 1);
    return l.silent;
}

static void
a_device_is_silent_when_nothing_of_it_came_for_a_day_of_the_desks_clock_A19(void **state)
{
    team t;
    (void)state;
    begin(&t);
    assert_true(is_silent(&t.ahead, &t.hq)); /* it wrote nothing yet */
    (void)sync_write(&t.ahead, &t.space, "Ada");
    everybody_syncs(&t);
    uint64_t heard_ms = 0;
    dbk_err err = { 0 };
    dbk_id device = dbk_book_device(t.ahead.book);
    assert_ok(dbk_query_heard(t.hq.book, &heard_ms, &device, &t.space, &err), &err);
    t.hq.env.now_ms = heard_ms + DBK_DAY_MS - SECOND_MS; /* whatever its own clock says */
    assert_false(is_silent(&t.ahead, &t.hq));
    t.hq.env.now_ms += 2 * SECOND_MS;
    assert_true(is_silent(&t.ahead, &t.hq));
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_correction_stands_whichever_clock_is_ahead_A23),
        cmocka_unit_test(no_clock_wins_where_neither_had_seen_the_other_A23),
        cmocka_unit_test(a_wrong_clock_costs_no_request_A23),
        cmocka_unit_test(
            a_device_is_silent_when_nothing_of_it_came_for_a_day_of_the_desks_clock_A19),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
