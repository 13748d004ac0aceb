/* The families of headquarters (core/practice/liaison.h) by cues (decision 0050) against the same
 * counted over every record: random organisations, as in test_cues.c. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/journal/book_internal.h"
#include "core/practice/liaison.h"
#include "core/store/sql.h"
#include "tests/lib/cueworld.h"

#define WORLDS 6u
#define ROWS_MAX 512u
#define SUPERVISED                                                   \
    "supervised:=[{\"by\":\"018f0000-0000-7000-8000-000000000001\"," \
    "\"at\":\"2026-02-03T10:00:00Z\"}]"

static cueworld w;

/* ---- over everything ------------------------------------------------------------------------- */

typedef struct all_families {
    const dbk_liaison_opts *opts;
    dbk_liaison_family rows[ROWS_MAX], *row;
    size_t count;
    dbk_id cases[CUEWORLD_RECORDS];
    size_t cases_count;
} all_families;

static all_families d;

static bool is_shown(const dbk_id *space)
{
    return d.opts->shows == NULL || d.opts->shows(d.opts->ctx, space);
}

static bool is_open_case(const dbk_id *id)
{
    size_t i = 0;
    while (i < d.cases_count && !dbk_id_equal(&d.cases[i], id))
        i++;
    return i < d.cases_count;
}

static dbk_liaison_family *row_of(const dbk_id *id, dbk_span group)
{
    for (size_t i = 0; i < d.count; i++)
        if (dbk_id_equal(&d.rows[i].case_id, id) &&
            dbk_span_equal(dbk_span_str(d.rows[i].group), group))
            return &d.rows[i];
    assert_true(d.count < ROWS_MAX);
    dbk_liaison_family *row = &d.rows[d.count++];
    memset(row, 0, sizeof(*row));
    row->case_id = *id;
    if (group.len > 0)
        memcpy(row->group, group.p, group.len);
    return row;
}

static dbk_rc see_case(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    bool closed = false;
    dbk_span sides, one;
    size_t named = 0;
    (void)ctx;
    assert_ok(dbk_reading_says(r, &closed, "status", "closed", err), err);
    if (closed || !is_shown(&row->space))
        return DBK_OK;
    d.cases[d.cases_count++] = row->record;
    assert_ok(dbk_reading_value(r, &sides, "family_groups", err), err);
    dbk_elements e = dbk_elements_of(sides);
    while (dbk_elements_next(&e, &one)) {
        (void)row_of(&row->record, dbk_cbor_text_of(dbk_view_member(one, "name")));
        named++;
    }
    if (named == 0)
        (void)row_of(&row->record, dbk_span_of(NULL, 0));
    return DBK_OK;
}

static dbk_rc see_item(void *ctx, const dbk_family_item *item, dbk_err *err)
{
    (void)ctx;
    (void)err;
    d.row->open += item->open;
    if (item->open)
        d.row->oldest_open_ms = item->when_ms;
    return DBK_OK;
}

/* The newest first. */
static dbk_rc see_entry(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    bool first_visit = false;
    (void)ctx;
    if (!is_shown(&e->space) || !is_open_case(&e->case_id))
        return DBK_OK;
    dbk_liaison_family *row = d.row = row_of(&e->case_id, e->group);
    row->late += e->late;
    row->incomplete += e->incomplete;
    row->attempts += e->attempt;
    if (e->literature)
        row->literature_ms = e->when_ms;
    if (!e->attempt) {
        row->last_ms = row->contacts == 0 ? e->when_ms : row->last_ms;
        if (row->contacts > 0 && row->first_ms - e->when_ms > row->gap_ms)
            row->gap_ms = row->first_ms - e->when_ms;
        row->first_ms = e->when_ms;
        row->contacts++;
    }
    assert_ok(dbk_reading_says(e->reading, &first_visit, "purpose", "first_visit", err), err);
    if (first_visit && !e->attempt)
        row->first_visit_ms = e->when_ms;
    return dbk_family_items(e, see_item, NULL, err);
}

static dbk_rc see_assessment(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    bool deployment = false, reviewed = false;
    int64_t review_ms = 0;
    dbk_id id;
    (void)ctx;
    assert_ok(dbk_reading_says(r, &deployment, "kind", "flo_deployment", err), err);
    assert_ok(dbk_reading_ref(r, &id, "case_id", err), err);
    assert_ok(dbk_reading_time(r, &reviewed, &review_ms, "review_on", err), err);
    for (size_t i = 0; deployment && is_shown(&row->space) && i < d.count; i++) {
        int64_t visit_ms = d.rows[i].first_visit_ms;
        if (dbk_id_equal(&d.rows[i].case_id, &id) && visit_ms != 0 && row->when_ms <= visit_ms &&
            (!reviewed || review_ms + DBK_DAY_MS > visit_ms))
            d.rows[i].assessed = true;
    }
    return DBK_OK;
}

static void see_all(dbk_book *book, const dbk_liaison_opts *opts)
{
    const dbk_family_opts every = { .case_id = NULL };
    dbk_err err = { 0 };
    memset(&d, 0, sizeof(d));
    d.opts = opts;
    assert_ok(dbk_reading_each(book, "case", see_case, NULL, &err), &err);
    assert_ok(dbk_family_entries(book, &every, see_entry, NULL, &err), &err);
    assert_ok(dbk_reading_each(book, "risk_assessment", see_assessment, NULL, &err), &err);
}

static void compare(const dbk_liaison_family *rows, size_t count)
{
    assert_int_equal(count, d.count);
    for (size_t i = 0; i < count; i++) {
        const dbk_liaison_family *a = &rows[i];
        const dbk_liaison_family *b = row_of(&a->case_id, dbk_span_str(a->group));
        assert_int_equal(d.count, count); /* it was there */
        const struct {
            const char *what;
            int64_t told, all;
        } numbers[] = {
            { "contacts", (int64_t)a->contacts, (int64_t)b->contacts },
            { "attempts", (int64_t)a->attempts, (int64_t)b->attempts },
            { "first", a->first_ms, b->first_ms },
            { "last", a->last_ms, b->last_ms },
            { "gap", a->gap_ms, b->gap_ms },
            { "late", (int64_t)a->late, (int64_t)b->late },
            { "incomplete", (int64_t)a->incomplete, (int64_t)b->incomplete },
            { "open", (int64_t)a->open, (int64_t)b->open },
            { "oldest open", a->oldest_open_ms, b->oldest_open_ms },
            { "first visit", a->first_visit_ms, b->first_visit_ms },
            { "assessed", a->assessed, b->assessed },
            { "literature", a->literature_ms, b->literature_ms },
        };
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
            if (numbers[k].told != numbers[k].all)
                fail_msg("row %zu of %zu, %s: %lld is told, %lld is so", i, count, numbers[k].what,
                         (long long)numbers[k].told, (long long)numbers[k].all);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static uint64_t looks;

static bool common_only(void *ctx, const dbk_id *space)
{
    (void)ctx;
    looks++;
    return dbk_id_equal(space, &w.spaces[0]);
}

static dbk_rc count_about(void *ctx, const dbk_id *about, dbk_err *err)
{
    (void)about;
    (void)err;
    ++*(size_t *)ctx;
    return DBK_OK;
}

static void families_by_cues_are_families_by_every_record_FL2_FL10_0050(void **state)
{
    size_t plain[DBK_CUE_PLAINS] = { 0 }, telling = 0;
    (void)state;
    for (uint64_t seed = 401; seed < 401 + WORLDS; seed++) {
        cueworld_make(&w, seed);
        for (size_t i = 0; i < 2 * w.org.count; i++) {
            dbk_book *book = w.org.books[i / 2].book;
            const dbk_liaison_opts opts = { .now_ms = w.now_ms,
                                            .shows = i % 2 == 0 ? NULL : common_only };
            dbk_liaison_family *rows = NULL;
            size_t count = 0;
            dbk_err err = { 0 };
            see_all(book, &opts);
            assert_ok(dbk_liaison_families(&rows, &count, book, &opts, &err), &err);
            compare(rows, count);
            dbk_free(rows);
            for (size_t k = 0; k < DBK_CUE_PLAINS; k++)
                assert_ok(dbk_query_cue_abouts(book, (dbk_cue_kind)(DBK_CUE_PLAIN + k), count_about,
                                               &plain[k], &err),
                          &err);
            assert_ok(dbk_query_cue_abouts(book, DBK_CUE_TELLING, count_about, &telling, &err),
                      &err);
        }
        dbk_test_org_drop(&w.org);
    }
    for (size_t k = 0; k < DBK_CUE_PLAINS; k++)
        if (plain[k] == 0)
            fail_msg("no contact is plain with %zu", k);
    assert_true(telling > 0);
}

typedef struct tallied {
    const dbk_id *id;
    size_t count;
} tallied;

static dbk_rc tally(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    tallied *t = ctx;
    (void)err;
    t->count += dbk_id_equal(&e->case_id, t->id);
    return DBK_OK;
}

/* One case's contacts by its cues, and all contacts one by one. */
static void compare_entries(dbk_book *book, const dbk_id *of)
{
    const dbk_family_opts every = { .case_id = NULL }, one = { .case_id = of };
    tallied by_all = { of, 0 }, by_one = { of, 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_family_entries(book, &every, tally, &by_all, &err), &err);
    assert_ok(dbk_family_entries(book, &one, tally, &by_one, &err), &err);
    assert_int_equal(by_one.count, by_all.count);
}

static void families_page_by_page_are_all_families_and_every_contact_counts_FL2(void **state)
{
    uint64_t contacts = 0;
    (void)state;
    for (uint64_t seed = 201; seed < 203; seed++) {
        cueworld_make(&w, seed);
        dbk_book *book = w.org.books[0].book;
        dbk_liaison_opts opts = { .now_ms = w.now_ms };
        dbk_liaison_family *all = NULL, *page = NULL;
        size_t all_count = 0, page_count = 0, seen = 0;
        dbk_err err = { 0 };
        assert_ok(dbk_liaison_families(&all, &all_count, book, &opts, &err), &err);
        opts.limit = 2;
        do {
            assert_ok(dbk_liaison_families(&page, &page_count, book, &opts, &err), &err);
            for (size_t i = 0; i < page_count; i++) {
                assert_true(seen < all_count);
                assert_true(dbk_id_equal(&page[i].case_id, &all[seen].case_id));
                assert_int_equal(page[i].contacts, all[seen].contacts);
                assert_int_equal(page[i].attempts, all[seen].attempts);
                contacts += all[seen++].contacts;
            }
            opts.after = seen == 0 ? NULL : &all[seen - 1].case_id;
            dbk_free(page);
        } while (page_count > 0);
        assert_int_equal(seen, all_count);
        for (size_t i = 0; i < all_count; i++)
            compare_entries(book, &all[i].case_id);
        dbk_free(all);
        dbk_test_org_drop(&w.org);
    }
    assert_true(contacts > 0);
}

/* What is counted unread is asked for and counted as what is read. */
static void a_contact_that_is_counted_unread_is_in_the_log_of_use_s62(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_liaison_family *rows = NULL;
    dbk_test_org org;
    char ref[DBK_TEST_REF_SIZE];
    size_t count = 0;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    w.spaces[0] = org.space;
    dbk_book *book = org.books[0].book;
    const char *const none[] = { "kind=fatal_rtc", NULL };
    dbk_id of = dbk_test_add(book, &org.space, "case", none);
    dbk_test_ref(ref, "case_id", &of);
    for (size_t i = 0; i < 3; i++) {
        const char *const met[] = { ref, "method=visit", "started_at=2026-02-02T10:00:00Z", NULL };
        (void)dbk_test_add(book, &org.space, "contact", met);
    }
    const dbk_liaison_opts opts = { .shows = common_only };
    looks = 0;
    assert_ok(dbk_liaison_families(&rows, &count, book, &opts, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].contacts, 3);
    assert_int_equal(looks, 4); /* the case, and each contact */
    dbk_free(rows);
    dbk_test_org_drop(&org);
}

static uint64_t entries_of(dbk_book *book, const dbk_id *of, bool plain)
{
    uint64_t all = 0, count = 0;
    dbk_err err = { 0 };
    for (size_t i = 0; i < (plain ? DBK_CUE_PLAINS : 1u); i++) {
        const dbk_cued ask = { .kind = (dbk_cue_kind)((plain ? DBK_CUE_PLAIN : DBK_CUE_TELLING) +
                                                      i),
                               .about = of,
                               .from_ms = INT64_MIN,
                               .until_ms = INT64_MAX };
        assert_ok(dbk_query_cue_count(book, &count, &ask, &err), &err);
        all += count;
    }
    return all;
}

/* Which of two values is shown hangs on receipts. */
static void a_contact_that_two_devices_differ_over_is_read_0050(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    static const char *const says[] = { "cpia_sensitive=yes", "cpia_sensitive=no" };
    dbk_test_org org;
    char ref[DBK_TEST_REF_SIZE];
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    const char *const none[] = { "kind=fatal_rtc", NULL };
    dbk_id of = dbk_test_add(org.books[1].book, &org.space, "case", none);
    dbk_test_ref(ref, "case_id", &of);
    const char *const met[] = { ref, "method=visit", "started_at=2026-02-02T10:00:00Z", NULL };
    dbk_id contact = dbk_test_add(org.books[1].book, &org.space, "contact", met);
    dbk_test_org_exchange(&org);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(entries_of(org.books[i].book, &of, true), 1);
        assert_int_equal(entries_of(org.books[i].book, &of, false), 0);
        dbk_test_edit(org.books[i].book, &contact, (const char *const[]){ says[i], NULL });
    }
    dbk_test_org_exchange(&org);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(entries_of(org.books[i].book, &of, true), 0);
        assert_int_equal(entries_of(org.books[i].book, &of, false), 1);
    }
    dbk_test_org_drop(&org);
}

/* As a program before layout 12 left it: no contact has such a cue. */
static void an_older_store_indexes_its_contacts_again_0050(void **state)
{
    dbk_liaison_family *rows = NULL;
    dbk_test_org org;
    char ref[DBK_TEST_REF_SIZE], older[200];
    size_t count = 0;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    const char *const none[] = { "kind=fatal_rtc", NULL };
    dbk_id of = dbk_test_add(book, &org.space, "case", none);
    dbk_test_ref(ref, "case_id", &of);
    const char *const met[] = { ref, "method=visit", "started_at=2026-02-02T10:00:00Z", NULL };
    (void)dbk_test_add(book, &org.space, "contact", met);
    assert_int_equal(entries_of(book, &of, true), 1);
    (void)snprintf(older, sizeof(older), "DELETE FROM cue WHERE kind>=%d; PRAGMA user_version=11",
                   DBK_CUE_TELLING);
    assert_ok(dbk_sql_exec(book->store, older, &err), &err);
    assert_int_equal(entries_of(book, &of, true), 0);
    dbk_test_book_reopen(&org.books[0]);
    book = org.books[0].book;
    const dbk_liaison_opts opts = { .now_ms = 0 };
    assert_ok(dbk_liaison_families(&rows, &count, book, &opts, &err), &err);
    assert_int_equal(rows[0].contacts, 1);
    assert_int_equal(entries_of(book, &of, true), 1);
    dbk_free(rows);
    dbk_test_org_drop(&org);
}

/* FL-1: an entry with something blank waits to be supervised, and no longer once it was. */
static void a_supervised_entry_is_incomplete_for_nobody_FL1(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    char ref[DBK_TEST_REF_SIZE];
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *book = org.books[0].book;
    const char *const none[] = { "kind=fatal_rtc", NULL };
    dbk_id of = dbk_test_add(book, &org.space, "case", none);
    dbk_test_ref(ref, "case_id", &of);
    const char *const met[] = { ref, "method=visit", "started_at=2026-02-02T10:00:00Z", NULL };
    dbk_id contact = dbk_test_add(book, &org.space, "contact", met);
    for (size_t i = 0; i < 2; i++) {
        const dbk_liaison_opts opts = { .now_ms = 0 };
        dbk_liaison_family *rows = NULL;
        size_t count = 0;
        dbk_err err = { 0 };
        assert_ok(dbk_liaison_families(&rows, &count, book, &opts, &err), &err);
        assert_int_equal(rows[0].contacts, 1);
        assert_int_equal(rows[0].incomplete, i == 0);
        dbk_free(rows);
        if (i == 0)
            dbk_test_edit(book, &contact, (const char *const[]){ SUPERVISED, NULL });
    }
    dbk_test_org_drop(&org);
}

/* A contact's cue is about a case of its own space alone: another's is hidden where that is. */
static void a_contact_of_another_spaces_case_is_read_0050(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_liaison_family *rows = NULL;
    dbk_test_org org;
    char ref[DBK_TEST_REF_SIZE];
    size_t count = 0;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    w.spaces[0] = org.space;
    dbk_id hidden = dbk_test_org_space(&org, "Op Alder");
    dbk_book *book = org.books[0].book;
    const char *const none[] = { "kind=fatal_rtc", NULL };
    dbk_id of = dbk_test_add(book, &org.space, "case", none);
    dbk_test_ref(ref, "case_id", &of);
    const char *const met[] = { ref, "method=visit", "started_at=2026-02-02T10:00:00Z", NULL };
    (void)dbk_test_add(book, &org.space, "contact", met);
    (void)dbk_test_add(book, &hidden, "contact", met);
    const dbk_liaison_opts opts = { .shows = common_only };
    assert_ok(dbk_liaison_families(&rows, &count, book, &opts, &err), &err);
    assert_int_equal(rows[0].contacts, 1);
    dbk_free(rows);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_that_is_counted_unread_is_in_the_log_of_use_s62),
        cmocka_unit_test(a_contact_that_two_devices_differ_over_is_read_0050),
        cmocka_unit_test(an_older_store_indexes_its_contacts_again_0050),
        cmocka_unit_test(a_supervised_entry_is_incomplete_for_nobody_FL1),
        cmocka_unit_test(a_contact_of_another_spaces_case_is_read_0050),
        cmocka_unit_test(families_by_cues_are_families_by_every_record_FL2_FL10_0050),
        cmocka_unit_test(families_page_by_page_are_all_families_and_every_contact_counts_FL2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
