/* The log of DPA 2018 section 62, over several devices (domain.md 2.6, 3.11; issue 4 point 9). */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/journal/audit.h"
#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { DESK, ANN, EVE, MEMBERS };
static dbk_test_org org;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER, DBK_ROLE_AUDITOR }, 2);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_book *book_of(int who)
{
    return org.books[who].book;
}

static void log_by(int who, dbk_audit_op op, const dbk_id *record, const char *recipient)
{
    dbk_err err = { 0 };
    const dbk_audit_entry entry = { .op = op,
                                    .space = org.space,
                                    .what = "show",
                                    .records = record,
                                    .records_count = 1,
                                    .count = 1,
                                    .recipient = recipient };
    assert_ok(dbk_audit_log(book_of(who), &entry, &err), &err);
}

typedef struct tally {
    uint64_t ops[DBK_AUDIT_OPS];
    dbk_id by; /* of the last consultation */
    char all[16384];
} tally;

static void keep(tally *t, dbk_span text)
{
    strncat(t->all, "|", sizeof(t->all) - strlen(t->all) - 1);
    strncat(t->all, (const char *)text.p, text.len);
}

static dbk_rc take_row(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    tally *t = ctx;
    (void)err;
    t->ops[row->op]++;
    if (row->op == DBK_AUDIT_CONSULTATION)
        t->by = row->device;
    if (row->what.len > 0)
        keep(t, row->what);
    if (row->recipient.len > 0)
        keep(t, row->recipient);
    if (row->reason.len > 0)
        keep(t, row->reason);
    return DBK_OK;
}

static tally read_by(int who, const dbk_id *record)
{
    static tally t;
    dbk_err err = { 0 };
    const dbk_audit_opts opts = { .record = record, .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    t = (tally){ .ops = { 0 } };
    assert_ok(dbk_audit_each(book_of(who), &opts, take_row, &t, &err), &err);
    return t;
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)ctx;
    return DBK_OK;
}

static size_t listed(int who, const char *form)
{
    size_t count = 0;
    const dbk_list_opts opts = { .form = form, .since_ms = INT64_MIN, .limit = 50 };
    assert_rc(dbk_query_list(book_of(who), &opts, count_row, &count, NULL), DBK_OK, NULL);
    return count;
}

static void a_look_offline_is_one_row_that_reaches_headquarters_2_6(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(DESK), &org.space, "contact", TEXTS("method=phone"));
    dbk_test_org_exchange(&org);
    uint64_t before = dbk_test_own_ops(book_of(ANN), &org.space);
    log_by(ANN, DBK_AUDIT_CONSULTATION, &id, NULL);
    assert_int_equal(dbk_test_own_ops(book_of(ANN), &org.space), before + 1);
    dbk_test_book_reopen(&org.books[ANN]); /* it is on the disk */
    assert_int_equal(read_by(ANN, &id).ops[DBK_AUDIT_CONSULTATION], 1);
    assert_int_equal(read_by(DESK, &id).ops[DBK_AUDIT_CONSULTATION], 0);
    dbk_test_org_exchange(&org);
    const tally at_desk = read_by(DESK, &id);
    const dbk_id ann = dbk_book_device(book_of(ANN));
    assert_int_equal(at_desk.ops[DBK_AUDIT_CONSULTATION], 1);
    assert_true(dbk_id_equal(&at_desk.by, &ann));
    /* It stays when the record is taken out of use. */
    dbk_err err = { 0 };
    assert_ok(dbk_journal_withdraw(book_of(DESK), &id, "of the test", &err), &err);
    assert_int_equal(read_by(DESK, &id).ops[DBK_AUDIT_CONSULTATION], 1);
    dbk_test_org_check(&org);
}

static void a_disclosure_tells_the_recipient_and_all_kinds_are_told_2_6(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ruth"));
    dbk_test_edit(book_of(ANN), &id, TEXTS("sex=female"));
    log_by(ANN, DBK_AUDIT_DISCLOSURE, &id, "Brake");
    const tally t = read_by(ANN, &id);
    assert_int_equal(t.ops[DBK_AUDIT_COLLECTION], 1);
    assert_int_equal(t.ops[DBK_AUDIT_ALTERATION], 1);
    assert_int_equal(t.ops[DBK_AUDIT_DISCLOSURE], 1);
    assert_non_null(strstr(t.all, "Brake"));
}

static void an_erasure_holds_no_content_2_6(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Marker Zebedee"));
    assert_ok(dbk_journal_withdraw(book_of(ANN), &id, "Marker of a reason", &err), &err);
    log_by(ANN, DBK_AUDIT_CONSULTATION, &id, NULL);
    const tally t = read_by(ANN, &id);
    assert_int_equal(t.ops[DBK_AUDIT_ERASURE], 1);
    assert_null(strstr(t.all, "Marker"));
}

/* An auditor writes nothing else: unit/inbox_role. */
static void an_auditors_look_is_a_row_that_reaches_headquarters_2_6(void **state)
{
    const dbk_id eve = dbk_book_device(book_of(EVE));
    (void)state;
    dbk_id id = dbk_test_add(book_of(DESK), &org.space, "contact", TEXTS("method=phone"));
    dbk_test_org_exchange(&org);
    log_by(EVE, DBK_AUDIT_CONSULTATION, &id, NULL);
    assert_int_equal(read_by(EVE, &id).ops[DBK_AUDIT_CONSULTATION], 1);
    dbk_test_org_exchange(&org);
    const tally at_desk = read_by(DESK, &id);
    assert_int_equal(at_desk.ops[DBK_AUDIT_CONSULTATION], 1);
    assert_true(dbk_id_equal(&at_desk.by, &eve));
    dbk_test_org_check(&org);
}

/* A day of large exports must not fill a record until nothing can be logged, and so nothing read.
 */
static void many_and_large_entries_stay_cheap_to_write_and_are_all_told(void **state)
{
    static dbk_id many[DBK_AUDIT_RECORDS_MAX];
    dbk_err err = { 0 };
    size_t logs = listed(ANN, DBK_FORM_AUDIT);
    (void)state;
    for (size_t i = 0; i < DBK_AUDIT_RECORDS_MAX; i++)
        many[i] = dbk_id_v7(1000 + i, (const uint8_t[10]){ 1 });
    const dbk_audit_entry entry = { .op = DBK_AUDIT_DISCLOSURE,
                                    .space = org.space,
                                    .what = "export",
                                    .records = many,
                                    .records_count = DBK_AUDIT_RECORDS_MAX,
                                    .count = DBK_AUDIT_RECORDS_MAX,
                                    .recipient = "Brake",
                                    .reason = "asked" };
    uint64_t before = read_by(ANN, NULL).ops[DBK_AUDIT_DISCLOSURE];
    for (int i = 0; i < 3; i++)
        assert_ok(dbk_audit_log(book_of(ANN), &entry, &err), &err);
    assert_int_equal(read_by(ANN, NULL).ops[DBK_AUDIT_DISCLOSURE], before + 3);
    assert_true(listed(ANN, DBK_FORM_AUDIT) >= logs + 2);
}

static dbk_rc keep_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    *(dbk_id *)ctx = row->record;
    (void)err;
    return DBK_OK;
}

static void nobody_writes_the_log_by_hand(void **state)
{
    dbk_err err = { 0 };
    dbk_id log;
    const dbk_list_opts opts = { .form = DBK_FORM_AUDIT, .since_ms = INT64_MIN, .limit = 1 };
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "contact", TEXTS("method=phone"));
    log_by(ANN, DBK_AUDIT_CONSULTATION, &id, NULL);
    assert_rc(dbk_query_list(book_of(ANN), &opts, keep_record, &log, NULL), DBK_OK, NULL);
    assert_rc(dbk_journal_withdraw(book_of(ANN), &log, "to hide it", &err), DBK_DENIED, &err);
    assert_int_equal(read_by(ANN, &id).ops[DBK_AUDIT_CONSULTATION], 1);
    const dbk_input input = { .op = DBK_INPUT_ADD, .field = "entries", .text = "x" };
    const dbk_add add = {
        .space = org.space, .form = DBK_FORM_AUDIT, .inputs = &input, .inputs_count = 1
    };
    dbk_problems problems = { 0 };
    dbk_id made;
    err = (dbk_err){ 0 };
    assert_rc(dbk_journal_add(book_of(ANN), &made, &problems, &add, &err), DBK_DENIED, &err);
    dbk_problems_wipe(&problems);
}

static void link_persons(const dbk_id *holder, const dbk_id *other, const char *link)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_id_uuid(uuid, other);
    json_t *entry = json_pack("{s:s, s:s, s:s}", "person", uuid, "link", link, "evidence", "asked");
    const dbk_input input = { DBK_INPUT_ADD, "linked_persons", NULL, entry };
    const dbk_edit edit = { *holder, &input, 1, "asked" };
    assert_ok(dbk_journal_edit(book_of(ANN), &problems, &edit, &err), &err);
    dbk_problems_wipe(&problems);
    json_decref(entry);
}

static void linking_two_persons_is_a_combination_and_keeping_them_apart_is_not_2_6(void **state)
{
    const char *const links[] = { "rejected", "confirmed" };
    (void)state;
    dbk_id one = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ruth"));
    dbk_id other = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ruth"));
    for (uint64_t i = 0; i < 2; i++) {
        link_persons(&other, &one, links[i]);
        assert_int_equal(read_by(ANN, &other).ops[DBK_AUDIT_COLLECTION], 1);
        assert_int_equal(read_by(ANN, &other).ops[DBK_AUDIT_ALTERATION], 1);
        assert_int_equal(read_by(ANN, &other).ops[DBK_AUDIT_COMBINATION], i);
    }
}

static void a_persons_decision_between_two_values_is_told_as_such_3_11(void **state)
{
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron"));
    dbk_test_edit(book_of(DESK), &id, TEXTS("name=Ada King"));
    dbk_test_org_exchange(&org);
    const dbk_resolve choice = { id, "name", 0, NULL, 0, "Birth certificate seen" };
    assert_ok(dbk_journal_resolve(book_of(DESK), &problems, &choice, &err), &err);
    dbk_problems_wipe(&problems);
    const tally t = read_by(DESK, &id);
    assert_int_equal(t.ops[DBK_AUDIT_CONFLICT_RESOLVED], 1);
    assert_int_equal(t.ops[DBK_AUDIT_ALTERATION], 2);
    assert_null(strstr(t.all, "Byron"));
}

static dbk_rc look_space(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(uint64_t *)ctx = s->records;
    return DBK_OK;
}

static void the_log_is_not_among_the_records_unless_it_is_asked_for(void **state)
{
    uint64_t records_before, records;
    size_t found = 0;
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "contact", TEXTS("method=phone"));
    size_t before = listed(ANN, NULL);
    assert_rc(dbk_query_status(book_of(ANN), look_space, &records_before, NULL), DBK_OK, NULL);
    for (int i = 0; i < 3; i++)
        log_by(ANN, DBK_AUDIT_DISCLOSURE, &id, "Quillfeather");
    assert_int_equal(listed(ANN, NULL), before);
    assert_true(listed(ANN, DBK_FORM_AUDIT) > 0);
    assert_rc(dbk_query_status(book_of(ANN), look_space, &records, NULL), DBK_OK, NULL);
    assert_int_equal(records, records_before);
    assert_rc(dbk_query_search(book_of(ANN), "Quillfeather", 0, count_row, &found, NULL), DBK_OK,
              NULL);
    assert_int_equal(found, 0);
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(dbk_space_status *)ctx = *s;
    return DBK_OK;
}

static void a_look_is_told_apart_from_the_changes_that_wait(void **state)
{
    dbk_space_status before, s;
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "contact", TEXTS("method=phone"));
    assert_rc(dbk_query_status(book_of(ANN), take_status, &before, NULL), DBK_OK, NULL);
    dbk_test_edit(book_of(ANN), &id, TEXTS("method=visit"));
    log_by(ANN, DBK_AUDIT_CONSULTATION, &id, NULL);
    log_by(ANN, DBK_AUDIT_DISCLOSURE, &id, "Brake");
    assert_rc(dbk_query_status(book_of(ANN), take_status, &s, NULL), DBK_OK, NULL);
    assert_int_equal(s.own_ops - before.own_ops, 3);
    assert_int_equal(s.own_looks - before.own_looks, 2);
    assert_int_equal(s.own_unconfirmed_looks - before.own_unconfirmed_looks, 2);
    assert_true(s.own_looks < s.own_ops - s.own_receipted_ops);
}

/* Bodies that can't be opened any more tell which histories were read. The last test: it breaks
 * the store. */
static void what_ended_before_the_time_asked_for_is_not_read(void **state)
{
    dbk_err err = { 0 };
    dbk_audit_opts opts = { .from_ms = INT64_MAX - 1, .to_ms = INT64_MAX };
    tally t = { .ops = { 0 } };
    (void)state;
    assert_ok(
        dbk_sql_exec(book_of(ANN)->store, "UPDATE segment SET body=zeroblob(length(body))", &err),
        &err);
    assert_ok(dbk_audit_each(book_of(ANN), &opts, take_row, &t, &err), &err);
    opts.from_ms = INT64_MIN;
    assert_true(dbk_audit_each(book_of(ANN), &opts, take_row, &t, &err) != DBK_OK);
}

/* ---- page by page -------------------------------------------------------------------------- */

#define PAGED_MAX 256u
typedef struct paged {
    dbk_audit_place places[PAGED_MAX];
    size_t count;
} paged;

static dbk_rc take_place(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    paged *p = ctx;
    (void)err;
    assert_true(p->count < PAGED_MAX);
    p->places[p->count++] = row->place;
    return DBK_OK;
}

static int newest_first(const void *a, const void *b)
{
    const dbk_audit_place *x = a, *y = b;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    int order = dbk_dot_compare(&y->dot, &x->dot);
    return order != 0 ? order : (x->op < y->op) - (x->op > y->op);
}

static bool not_anns(void *ctx, const dbk_audit_row *row)
{
    const dbk_id ann = dbk_book_device(book_of(ANN));
    (void)ctx;
    return !dbk_id_equal(&row->device, &ann);
}

/* Pages of a few, together, are all there is, in the order of their places; and that is some. */
static void compare_pages(int who, dbk_audit_opts opts, size_t least)
{
    static paged all, page;
    dbk_err err = { 0 };
    size_t seen = 0;
    all.count = 0;
    opts.limit = 0;
    assert_ok(dbk_audit_each(book_of(who), &opts, take_place, &all, &err), &err);
    qsort(all.places, all.count, sizeof(all.places[0]), newest_first);
    for (size_t i = 1; i < all.count; i++)
        assert_true(newest_first(&all.places[i - 1], &all.places[i]) < 0);
    opts.limit = 3;
    do {
        page.count = 0;
        assert_ok(dbk_audit_each(book_of(who), &opts, take_place, &page, &err), &err);
        assert_true(page.count <= 3);
        for (size_t i = 0; i < page.count; i++)
            assert_memory_equal(&page.places[i], &all.places[seen++], sizeof(page.places[i]));
        opts.before = seen == 0 ? NULL : &all.places[seen - 1];
    } while (page.count > 0);
    assert_int_equal(seen, all.count);
    assert_true(all.count >= least);
}

static void the_log_page_by_page_is_the_whole_log_2_6(void **state)
{
    dbk_id ids[8];
    dbk_err err = { 0 };
    (void)drop_org(state); /* nothing can be read of the one before any more */
    (void)make_org(state);
    const dbk_audit_entry by_order = {
        .op = DBK_AUDIT_ERASURE, .space = org.space, .what = "order", .count = 1, .order = "3"
    };
    for (size_t i = 0; i < 8; i++) {
        int who = i % 2 == 0 ? ANN : DESK;
        ids[i] = dbk_test_add(book_of(who), &org.space, "person", TEXTS("name=Ruth"));
        org.books[who].env.now_ms += i % 3 * 40000;
        log_by(who, i % 3 == 0 ? DBK_AUDIT_DISCLOSURE : DBK_AUDIT_CONSULTATION, &ids[i / 2], NULL);
    }
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(DESK), &ids[0], TEXTS("sex=female"));
    assert_int_equal(dbk_journal_withdraw(book_of(ANN), &ids[2], "of the test", NULL), DBK_OK);
    link_persons(&ids[4], &ids[6], "confirmed");
    assert_ok(dbk_audit_log(book_of(ANN), &by_order, &err), &err);
    dbk_test_org_exchange(&org);
    for (int who = 0; who < MEMBERS; who++) {
        dbk_audit_opts opts = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
        compare_pages(who, opts, 4);
        opts.wants = not_anns;
        compare_pages(who, opts, 4);
        opts.ops = 1u << DBK_AUDIT_COLLECTION | 1u << DBK_AUDIT_DISCLOSURE;
        compare_pages(who, opts, 4);
        opts = (dbk_audit_opts){ .from_ms = (int64_t)DBK_TEST_START_MS + 20000,
                                 .to_ms = (int64_t)DBK_TEST_START_MS + 90000 };
        compare_pages(who, opts, 4);
        opts = (dbk_audit_opts){ .record = &ids[0], .from_ms = INT64_MIN, .to_ms = INT64_MAX };
        compare_pages(who, opts, 4);
        for (unsigned op = 0; op < DBK_AUDIT_OPS; op++) {
            opts = (dbk_audit_opts){ .from_ms = INT64_MIN,
                                     .to_ms = INT64_MAX,
                                     .ops = 1u << op | 1u << DBK_AUDIT_ERASURE };
            compare_pages(who, opts, 1);
            opts.ops = 1u << op;
            compare_pages(who, opts, op == DBK_AUDIT_ERASURE || op == DBK_AUDIT_COMBINATION);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_offline_is_one_row_that_reaches_headquarters_2_6),
        cmocka_unit_test(a_disclosure_tells_the_recipient_and_all_kinds_are_told_2_6),
        cmocka_unit_test(an_erasure_holds_no_content_2_6),
        cmocka_unit_test(an_auditors_look_is_a_row_that_reaches_headquarters_2_6),
        cmocka_unit_test(many_and_large_entries_stay_cheap_to_write_and_are_all_told),
        cmocka_unit_test(nobody_writes_the_log_by_hand),
        cmocka_unit_test(linking_two_persons_is_a_combination_and_keeping_them_apart_is_not_2_6),
        cmocka_unit_test(a_persons_decision_between_two_values_is_told_as_such_3_11),
        cmocka_unit_test(the_log_is_not_among_the_records_unless_it_is_asked_for),
        cmocka_unit_test(a_look_is_told_apart_from_the_changes_that_wait),
        cmocka_unit_test(what_ended_before_the_time_asked_for_is_not_read),
        cmocka_unit_test(the_log_page_by_page_is_the_whole_log_2_6),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
