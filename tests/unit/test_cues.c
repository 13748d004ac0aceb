/* What the rules of the work find by cues (decision 0045) against the same rules over every record:
 * random organisations of two devices that write at the same time, dispute, withdraw and clear. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/text.h"
#include "core/practice/deployment.h"
#include "core/practice/directory.h"
#include "core/practice/retention.h"
#include "core/practice/today.h"
#include "tests/lib/cueworld.h"

#define WORLDS 6u
#define DUE_MAX 1024u

static cueworld w;

static bool common_only(void *ctx, const dbk_id *space)
{
    (void)ctx;
    return dbk_id_equal(space, &w.spaces[0]);
}

/* ---- today, over everything ------------------------------------------------------------------ */

typedef struct all_day {
    dbk_book *book;
    const dbk_today_opts *opts;
    const dbk_cue_date *date;
    dbk_due rows[DUE_MAX];
    size_t count;
    struct {
        dbk_id id;
        bool higher, graded, met;
        int64_t graded_ms, newest_ms;
        uint64_t contacts;
    } cases[CUEWORLD_RECORDS];
    size_t cases_count;
    dbk_id services[CUEWORLD_RECORDS];
    size_t services_count;
} all_day;

static all_day d;

static bool is_shown(const dbk_id *space)
{
    return d.opts->shows == NULL || d.opts->shows(d.opts->ctx, space);
}

/* One whose record isn't here is told. */
static bool is_shown_case(const dbk_id *id)
{
    dbk_note *note = NULL;
    bool shown = dbk_query_note(&note, d.book, id, NULL) != DBK_OK || is_shown(&note->space);
    dbk_note_free(note);
    return shown;
}

static void take(const dbk_due *due)
{
    assert_true(d.count < DUE_MAX);
    d.rows[d.count++] = *due;
}

static void take_dated(dbk_due due)
{
    int64_t today = d.opts->today_ms;
    if (due.at_ms >= today + (1 + (int64_t)d.opts->days) * DBK_DAY_MS)
        return;
    due.when = (due.timed ? due.at_ms < d.opts->now_ms : due.at_ms < today) ? DBK_DUE_OVERDUE
               : due.at_ms < today + DBK_DAY_MS                             ? DBK_DUE_TODAY
                                                                            : DBK_DUE_SOON;
    take(&due);
}

static bool says(dbk_reading *r, const char *field, const char *code)
{
    bool yes = false;
    dbk_err err = { 0 };
    assert_ok(dbk_reading_says(r, &yes, field, code, &err), &err);
    return yes;
}

static bool timed(dbk_reading *r, int64_t *ms, const char *field)
{
    bool there = false;
    dbk_err err = { 0 };
    assert_ok(dbk_reading_time(r, &there, ms, field, &err), &err);
    return there;
}

static dbk_id ref_of(dbk_reading *r, const char *field)
{
    dbk_id id;
    dbk_err err = { 0 };
    assert_ok(dbk_reading_ref(r, &id, field, &err), &err);
    return id;
}

static dbk_rc see_dated(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const dbk_cue_date *date = ctx;
    dbk_due due = { .record = row->record };
    (void)err;
    due.kind = strcmp(date->field, "due") == 0          ? DBK_DUE_ACTION
               : strcmp(date->field, "expires_on") == 0 ? DBK_DUE_EXPIRY
                                                        : DBK_DUE_REVIEW;
    for (size_t i = 0; i < 3 && date->closed[i] != NULL; i++)
        if (says(r, date->state, date->closed[i]))
            return DBK_OK;
    due.urgent = says(r, "priority", "urgent");
    if (is_shown(&row->space) && timed(r, &due.at_ms, date->field))
        take_dated(due);
    return DBK_OK;
}

static size_t case_at(const dbk_id *id)
{
    size_t i = 0;
    while (i < d.cases_count && !dbk_id_equal(&d.cases[i].id, id))
        i++;
    if (i == d.cases_count)
        d.cases[d.cases_count++].id = *id;
    return i;
}

static dbk_rc see_risk(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    dbk_id id = ref_of(r, "case_id");
    size_t i = case_at(&id);
    (void)ctx;
    (void)err;
    if (dbk_id_is_zero(&id) || d.cases[i].graded)
        return DBK_OK;
    d.cases[i].graded = true;
    d.cases[i].graded_ms = row->when_ms;
    d.cases[i].higher = !says(r, "judgement_band", "standard") &&
                        !says(r, "judgement_band", "not_graded");
    return DBK_OK;
}

static dbk_rc see_contact(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    dbk_due due = { .record = row->record, .kind = DBK_DUE_CONTACT, .timed = true };
    dbk_id id = ref_of(r, "case_id");
    size_t i = case_at(&id);
    bool alone = dbk_id_is_zero(&id);
    (void)ctx;
    (void)err;
    if ((alone || !d.cases[i].met) && is_shown(&row->space) &&
        timed(r, &due.at_ms, "next_contact.when"))
        take_dated(due);
    if (!d.cases[i].met)
        d.cases[i].newest_ms = row->when_ms;
    d.cases[i].met = true;
    if (!alone && d.cases[i].graded && row->when_ms >= d.cases[i].graded_ms)
        d.cases[i].contacts += !says(r, "method", "attempted");
    return DBK_OK;
}

static dbk_rc see_action(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_id case_id = ref_of(r, "case_id"), owner = ref_of(r, "owner");
    dbk_reading c;
    (void)ctx;
    if (!is_shown(&row->space) || dbk_id_is_zero(&owner) || says(r, "state", "done") ||
        says(r, "state", "declined") ||
        (!says(r, "kind", "search") && !says(r, "kind", "locate_arrest")))
        return DBK_OK;
    assert_ok(dbk_reading_find_note(&note, d.book, &case_id, err), err);
    if (note == NULL)
        return DBK_OK;
    dbk_reading_init(&c, note);
    dbk_id primary = ref_of(&c, "flo_primary"), deputy = ref_of(&c, "flo_deputy");
    if ((says(&c, "suspect_in_family", "yes") || says(&c, "suspect_in_family", "possible")) &&
        (dbk_id_equal(&primary, &owner) || dbk_id_equal(&deputy, &owner)))
        take(
            &(dbk_due){ row->record, DBK_DUE_CLASH, DBK_DUE_OVERDUE, true, row->when_ms, true, 0 });
    dbk_reading_wipe(&c);
    dbk_note_free(note);
    return DBK_OK;
}

static dbk_rc see_limit(void *ctx, const dbk_clock_run *run, dbk_err *err)
{
    dbk_due due = { .record = run->record, .kind = DBK_DUE_LIMIT, .timed = true };
    dbk_due *last = d.count == 0 ? NULL : &d.rows[d.count - 1];
    (void)ctx;
    (void)err;
    due.at_ms = run->due_ms;
    if (run->closed || (run->state != DBK_CLOCK_RUNNING && run->state != DBK_CLOCK_OVERDUE))
        return DBK_OK;
    if (last == NULL || last->kind != DBK_DUE_LIMIT || !dbk_id_equal(&last->record, &due.record)) {
        take_dated(due);
        return DBK_OK;
    }
    last->at_ms = due.at_ms < last->at_ms ? due.at_ms : last->at_ms;
    last->when = last->at_ms < d.opts->now_ms                  ? DBK_DUE_OVERDUE
                 : last->at_ms < d.opts->today_ms + DBK_DAY_MS ? DBK_DUE_TODAY
                                                               : DBK_DUE_SOON;
    return DBK_OK;
}

static dbk_rc see_referral(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    (void)ctx;
    (void)row;
    (void)err;
    if (!says(r, "state", "rejected") && !says(r, "state", "done") &&
        !says(r, "state", "closed_no_contact") &&
        (says(r, "decision", "referred") || says(r, "decision", "override")))
        d.services[d.services_count++] = ref_of(r, "service");
    return DBK_OK;
}

static void see_services(dbk_err *err)
{
    const dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID,
                                    .today = d.opts->today_ms / DBK_DAY_MS,
                                    .with_closed = true,
                                    .stale_only = true };
    dbk_directory_hit *hits = NULL;
    size_t count = 0;
    assert_ok(dbk_reading_each(d.book, "referral", see_referral, NULL, err), err);
    assert_ok(dbk_directory_find(&hits, &count, d.book, &ask, err), err);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < d.services_count; k++)
            if (dbk_id_equal(&d.services[k], &hits[i].record)) {
                bool never = hits[i].checked_day == DBK_OFFER_NEVER;
                take(&(dbk_due){ hits[i].record, DBK_DUE_SERVICE, DBK_DUE_OVERDUE, false,
                                 never ? d.opts->today_ms : hits[i].due_day * DBK_DAY_MS, false,
                                 0 });
                break;
            }
    dbk_free(hits);
}

static void see_all(dbk_book *book, const dbk_today_opts *opts)
{
    const dbk_clock_opts limits = { .now_ms = opts->now_ms, .shows = opts->shows };
    dbk_err err = { 0 };
    dbk_clocks clocks;
    memset(&d, 0, sizeof(d));
    d.book = book;
    d.opts = opts;
    for (size_t i = 0; i < DBK_CUE_DATES; i++)
        assert_ok(dbk_reading_each(book, dbk_cue_dates[i].form, see_dated,
                                   (void *)(uintptr_t)&dbk_cue_dates[i], &err),
                  &err);
    assert_ok(dbk_reading_each(book, "risk_assessment", see_risk, NULL, &err), &err);
    assert_ok(dbk_reading_each(book, "contact", see_contact, NULL, &err), &err);
    for (size_t i = 0; i < d.cases_count; i++)
        if (d.cases[i].graded && !d.cases[i].higher && d.cases[i].met &&
            d.cases[i].contacts >= DBK_TODAY_REPEATS && is_shown_case(&d.cases[i].id))
            take(&(dbk_due){ d.cases[i].id, DBK_DUE_REPEAT, DBK_DUE_TODAY, false,
                             d.cases[i].newest_ms, true, d.cases[i].contacts });
    assert_ok(dbk_reading_each(book, "action", see_action, NULL, &err), &err);
    assert_ok(dbk_clocks_init(&clocks, &err), &err);
    assert_ok(dbk_clocks_each(&clocks, book, &limits, see_limit, NULL, &err), &err);
    dbk_clocks_wipe(&clocks);
    see_services(&err);
}

static bool is_same(const dbk_due *a, const dbk_due *b)
{
    return dbk_id_equal(&a->record, &b->record) && a->kind == b->kind && a->when == b->when &&
           a->urgent == b->urgent && a->at_ms == b->at_ms && a->timed == b->timed &&
           a->contacts == b->contacts;
}

/* A page is of each the first so many of all, and counts the others. */
static void compare_page(const dbk_today_list *all, dbk_book *book, const dbk_today_opts *opts)
{
    dbk_today_opts some = *opts;
    dbk_today_list page;
    dbk_err err = { 0 };
    uint64_t seen[DBK_DUE_WHENS] = { 0 };
    size_t at = 0;
    some.limit = 1 + cueworld_below(&w, 9);
    assert_ok(dbk_today(&page, book, &some, &err), &err);
    for (size_t i = 0; i < all->count; i++) {
        if (seen[all->rows[i].when]++ >= some.limit)
            continue;
        assert_true(at < page.count);
        if (!is_same(&all->rows[i], &page.rows[at++]))
            fail_msg("row %zu of a page of %d is another one", at, (int)some.limit);
    }
    assert_int_equal(at, page.count);
    for (size_t i = 0; i < DBK_DUE_WHENS; i++) {
        assert_int_equal(all->more[i], 0);
        assert_int_equal(page.more[i], seen[i] > some.limit ? seen[i] - some.limit : 0);
    }
    dbk_today_wipe(&page);
}

/* Each of one is in the other, as often. */
static void compare(const dbk_due *rows, size_t count, uint64_t kinds[DBK_DUE_SERVICE + 1])
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < d.count && !is_same(&rows[i], &d.rows[k]))
            k++;
        if (k == d.count)
            fail_msg("kind %d is told, and not due", (int)rows[i].kind);
        kinds[rows[i].kind]++;
        d.rows[k] = d.rows[--d.count];
    }
    if (d.count > 0)
        fail_msg("kind %d of %02x%02x is due, and not told", (int)d.rows[0].kind,
                 d.rows[0].record.b[0], d.rows[0].record.b[1]);
}

static void today_by_cues_is_today_by_every_record_A24_FL5_B18(void **state)
{
    uint64_t kinds[DBK_DUE_SERVICE + 1] = { 0 };
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        cueworld_make(&w, seed);
        for (size_t i = 0; i < 2 * w.org.count; i++) {
            dbk_book *book = w.org.books[i / 2].book;
            const dbk_today_opts opts = { .now_ms = w.now_ms + DBK_DAY_MS / 2,
                                          .today_ms = w.now_ms / DBK_DAY_MS * DBK_DAY_MS,
                                          .days = (unsigned)cueworld_below(&w, 9),
                                          .shows = i % 2 == 0 ? NULL : common_only };
            dbk_today_list list;
            dbk_err err = { 0 };
            see_all(book, &opts);
            assert_ok(dbk_today(&list, book, &opts, &err), &err);
            compare_page(&list, book, &opts);
            compare(list.rows, list.count, kinds);
            dbk_today_wipe(&list);
        }
        dbk_test_org_drop(&w.org);
    }
    for (size_t i = 0; i <= DBK_DUE_SERVICE; i++)
        if (kinds[i] == 0)
            fail_msg("nothing of kind %zu was ever due", i);
}

/* ---- retention ------------------------------------------------------------------------------- */

static void is_one(const dbk_retention *a, const dbk_retention *b)
{
    assert_true(dbk_id_equal(&a->record, &b->record));
    assert_memory_equal(a, b, sizeof(*a));
}

static void retention_by_cues_is_retention_by_every_record_2_5(void **state)
{
    uint64_t stands[DBK_RETENTION_STANDS] = { 0 }, left_out = 0;
    (void)state;
    for (uint64_t seed = 101; seed < 101 + WORLDS; seed++) {
        cueworld_make(&w, seed);
        for (size_t i = 0; i < 2 * w.org.count; i++) {
            dbk_book *book = w.org.books[i / 2].book;
            const dbk_retention_opts opts = { .now_ms = w.now_ms,
                                              .shows = i % 2 == 0 ? NULL : common_only };
            int64_t until_ms = w.now_ms + (int64_t)cueworld_below(&w, 900) * DBK_DAY_MS;
            dbk_retention *all = NULL, *due = NULL, one;
            size_t all_count = 0, due_count = 0, at = 0;
            dbk_err err = { 0 };
            assert_ok(dbk_retention_all(&all, &all_count, book, &opts, &err), &err);
            assert_ok(dbk_retention_due(&due, &due_count, book, until_ms, &opts, &err), &err);
            for (size_t k = 0; k < all_count; k++) {
                if (all[k].due_ms > until_ms && all[k].stand == DBK_RETENTION_KEPT) {
                    left_out++;
                    continue;
                }
                assert_true(at < due_count);
                stands[all[k].stand]++;
                is_one(&due[at++], &all[k]);
                assert_ok(dbk_retention_of(&one, book, &all[k].record, &opts, &err), &err);
                memcpy(one.basis, all[k].basis, sizeof(one.basis)); /* made always there */
                is_one(&one, &all[k]);
            }
            assert_int_equal(at, due_count);
            dbk_free(all);
            dbk_free(due);
        }
        dbk_test_org_drop(&w.org);
    }
    assert_true(left_out > 0);
    assert_true(stands[DBK_RETENTION_KEPT] > 0);
    assert_true(stands[DBK_RETENTION_DUE] > 0);
    assert_true(stands[DBK_RETENTION_AGAIN] > 0);
}

/* ---- rows with their records ----------------------------------------------------------------- */

typedef struct checked {
    dbk_book *book;
    const char *form;
    size_t count, of_form, changed;
    uint64_t changed_ms;
} checked;

static dbk_rc check_note(void *ctx, const dbk_row *row, dbk_err *err)
{
    checked *c = ctx;
    dbk_note *note = NULL;
    dbk_hash one, other;
    assert_ok(dbk_query_note(&note, c->book, &row->record, err), err);
    assert_ok(dbk_note_hash(&one, note, err), err);
    assert_ok(dbk_note_hash(&other, row->note, err), err);
    assert_true(dbk_hash_equal(&one, &other));
    assert_ptr_equal(note->form, row->note->form);
    assert_true(dbk_id_equal(&note->space, &row->note->space));
    assert_true(dbk_span_equal(dbk_note_form(row->note), dbk_span_str(row->form)));
    /* Whether it has arrived isn't looked up, so it is never said that it has (P5). */
    assert_int_equal(row->carriage, DBK_HERE_ONLY);
    assert_int_equal(row->note->carriage, DBK_HERE_ONLY);
    dbk_note_free(note);
    c->count++;
    c->of_form += strcmp(row->form, c->form) == 0;
    c->changed += row->updated_ms >= c->changed_ms;
    return DBK_OK;
}

static void a_row_that_brings_its_record_says_what_the_record_says_P5(void **state)
{
    static const char *const forms[] = { "case", "action", "contact", "marker" };
    size_t older = 0;
    (void)state;
    cueworld_make(&w, 301);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        dbk_err err = { 0 };
        dbk_cued cued = { .kind = i == 2 ? DBK_CUE_NEXT : DBK_CUE_DUE,
                          .from_ms = INT64_MIN,
                          .until_ms = INT64_MAX,
                          .with_note = true };
        dbk_list_opts list = { .form = forms[i], .since_ms = INT64_MIN, .with_note = true };
        checked all = { .book = w.org.books[1].book, .form = forms[i] }, some = all;
        assert_ok(dbk_query_cued(all.book, &cued, check_note, &all, &err), &err);
        cued.form = forms[i];
        assert_ok(dbk_query_cued(all.book, &cued, check_note, &some, &err), &err);
        assert_int_equal(some.count, some.of_form);
        assert_int_equal(some.count, all.of_form);
        all = (checked){ .book = all.book,
                         .form = forms[i],
                         .changed_ms = (uint64_t)w.now_ms + 40 * cueworld_below(&w, 9) };
        some = all;
        assert_ok(dbk_query_list(all.book, &list, check_note, &all, &err), &err);
        assert_true(all.count > 0);
        assert_int_equal(all.count, all.of_form);
        list.changed_ms = (int64_t)all.changed_ms;
        list.limit = all.count;
        assert_ok(dbk_query_list(all.book, &list, check_note, &some, &err), &err);
        assert_int_equal(some.count, all.changed);
        older += all.count - all.changed;
    }
    assert_true(older > 0);
    dbk_test_org_drop(&w.org);
}

/* ---- what two devices say at once ------------------------------------------------------------ */

/* Whoever says it last. */
static void see_disputed(dbk_test_org *org, const dbk_id *record, const char *const texts[2])
{
    for (size_t first = 0; first < 2; first++) {
        for (size_t i = 0; i < 2; i++) {
            const char *const edit[] = { texts[i], NULL };
            dbk_test_edit(org->books[(first + i) % 2].book, record, edit);
        }
        dbk_test_org_exchange(org);
        for (size_t i = 0; i < 2; i++) {
            uint64_t kinds[DBK_DUE_SERVICE + 1] = { 0 };
            const dbk_today_opts opts = { .now_ms = INT64_MAX / 4, .today_ms = INT64_MAX / 4 };
            dbk_today_list list;
            dbk_err err = { 0 };
            see_all(org->books[i].book, &opts);
            assert_ok(dbk_today(&list, org->books[i].book, &opts, &err), &err);
            compare(list.rows, list.count, kinds);
            dbk_today_wipe(&list);
        }
    }
}

static void what_two_devices_say_at_once_is_sure_for_nobody_0048(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    static const struct {
        const char *form, *fields[6], *said[2];
    } rows[] = {
        { "action",
          { "text=Ring", "kind=enquiry", "due=2026-03-01" },
          { "due=2026-03-05", "due=2026-02-20" } },
        { "action",
          { "text=Ring", "kind=enquiry", "due=2026-03-01", "result=So" },
          { "state=done", "state=blocked" } },
        { "action",
          { "text=Ring", "kind=enquiry", "due=2026-03-01" },
          { "priority=urgent", "priority=normal" } },
        { "referral",
          { "type=health", "decision=referred", "revisit_on=2026-03-01" },
          { "state=done", "state=in_progress" } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_test_org org;
        dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
        dbk_id record = dbk_test_add(org.books[1].book, &org.space, rows[i].form, rows[i].fields);
        dbk_test_org_exchange(&org);
        see_disputed(&org, &record, rows[i].said);
        dbk_test_org_drop(&org);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_two_devices_say_at_once_is_sure_for_nobody_0048),
        cmocka_unit_test(a_row_that_brings_its_record_says_what_the_record_says_P5),
        cmocka_unit_test(today_by_cues_is_today_by_every_record_A24_FL5_B18),
        cmocka_unit_test(retention_by_cues_is_retention_by_every_record_2_5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
