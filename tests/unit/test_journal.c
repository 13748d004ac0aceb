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

static dbk_book *book_of(int who)
{
    return org.books[who].book;
}

static dbk_input text(const char *field, const char *value)
{
    return (dbk_input){ DBK_INPUT_SET, field, value, NULL };
}

static dbk_rc try_add(int who, const char *form, const dbk_input *inputs, size_t count,
                      dbk_problems *problems, dbk_err *err)
{
    dbk_id id;
    const dbk_add add = { org.space, form, inputs, count, NULL };
    return dbk_journal_add(book_of(who), &id, problems, &add, err);
}

static dbk_rc try_edit(int who, const dbk_id *record, dbk_input input, const char *reason,
                       dbk_problems *problems)
{
    dbk_err err = { 0 };
    const dbk_edit edit = { *record, &input, 1, reason };
    dbk_rc rc = dbk_journal_edit(book_of(who), problems, &edit, &err);
    assert_int_equal(rc, err.rc);
    return rc;
}

static dbk_id person(int who, const char *name)
{
    char field[64];
    (void)snprintf(field, sizeof(field), "name=%s", name);
    return dbk_test_add(book_of(who), &org.space, "person", TEXTS(field));
}

/* ---- adding -------------------------------------------------------------------------------- */

static void a_note_that_was_saved_is_there_after_opening_again_P1(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "contact",
                             TEXTS("started_at=2026-09-21T10:00:00Z", "method=visit",
                                   "place=The mill", "account=She said: never on a Friday."));
    dbk_test_book_reopen(&org.books[ANN]);
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "place"), "The mill");
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "account"),
                        "She said: never on a Friday.");
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "method"), "Visit");
    assert_int_equal(dbk_test_life(book_of(ANN), &id), DBK_LIFE_LIVE);
}

static void every_problem_is_said_at_once_and_nothing_is_stored(void **state)
{
    const dbk_input inputs[] = { text("method", "visit"), text("started_at", "yesterday"),
                                 text("strategy_version", "many"), text("plaice", "The mill") };
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    uint64_t before = dbk_test_own_ops(book_of(ANN), &org.space);
    (void)state;
    assert_rc(try_add(ANN, "contact", inputs, ARRAY_LEN(inputs), &problems, &err), DBK_INVALID,
              &err);
    assert_int_equal(problems.faults, 3);
    assert_int_equal(dbk_test_own_ops(book_of(ANN), &org.space), before);
    dbk_problems_wipe(&problems);
    dbk_err_clear(&err);
    /* A form whose fields all have a default could be empty; this one can't be. */
    assert_rc(try_add(ANN, "nonsense", inputs, 1, &problems, &err), DBK_NOT_FOUND, &err);
    assert_int_equal(problems.count, 0);
}

static void an_id_that_is_given_is_taken_once(void **state)
{
    const dbk_input input = text("name", "Ada");
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_id got, zero = { { 0 } };
    const dbk_id given = dbk_record_id_of(&org.space, "person", &(dbk_id){ { 0x01, 0x99, 1 } });
    const dbk_id other = dbk_record_id_of(&org.space, "contact", &(dbk_id){ { 0x01, 0x99, 1 } });
    const dbk_add add = { org.space, "person", &input, 1, &given };
    const dbk_add none = { org.space, "person", &input, 1, &zero };
    const dbk_add contacts = { org.space, "person", &input, 1, &other };
    (void)state;
    assert_ok(dbk_journal_add(book_of(ANN), &got, &problems, &add, &err), &err);
    assert_true(dbk_id_equal(&got, &given));
    assert_rc(dbk_journal_add(book_of(ANN), &got, &problems, &add, &err), DBK_CONFLICT, &err);
    assert_true(dbk_id_is_zero(&got));
    dbk_err_clear(&err);
    assert_rc(dbk_journal_add(book_of(ANN), &got, &problems, &none, &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_journal_add(book_of(ANN), &got, &problems, &contacts, &err), DBK_INVALID, &err);
    dbk_problems_wipe(&problems);
}

static void new_ids_sort_by_the_time_they_were_made(void **state)
{
    (void)state;
    dbk_id first = person(ANN, "Ada");
    org.books[ANN].env.now_ms += 5;
    dbk_id second = person(ANN, "Bo");
    assert_true(dbk_id_compare(&first, &second) < 0);
    assert_int_equal(first.b[6] >> 4, 7); /* UUIDv7 */
}

static void who_may_not_write_is_told_so(void **state)
{
    const dbk_input input = text("name", "Ada");
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_test_book stranger;
    dbk_id id, nowhere = { { 9 } };
    (void)state;
    assert_rc(try_add(AUDITOR, "person", &input, 1, &problems, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    const dbk_add lost = { nowhere, "person", &input, 1, NULL };
    assert_rc(dbk_journal_add(book_of(ANN), &id, &problems, &lost, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    const dbk_add names = { dbk_book_roster_space(book_of(ANN))->space, "person", &input, 1, NULL };
    assert_rc(dbk_journal_add(book_of(ANN), &id, &problems, &names, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    dbk_test_book_make(&stranger, 77);
    const dbk_add add = { org.space, "person", &input, 1, NULL };
    assert_rc(dbk_journal_add(stranger.book, &id, &problems, &add, &err), DBK_DENIED, &err);
    dbk_test_book_drop(&stranger);
    dbk_problems_wipe(&problems);
}

static dbk_rc read_header(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    return dbk_header_decode(ctx, row->header, err);
}

static void each_save_is_one_segment_chained_to_the_last_that_names_what_was_seen(void **state)
{
    dbk_header first, second;
    dbk_err err = { 0 };
    (void)state;
    dbk_book *book = book_of(ANN);
    (void)person(ANN, "Ada");
    (void)person(ANN, "Bo");
    const dbk_book_feed *feed = dbk_tables_own_feed(&book->tables,
                                                    dbk_tables_space(&book->tables, &org.space));
    uint64_t last = feed->now.last_seq;
    assert_ok(dbk_segments_at(book->store, feed->row, last - 1, read_header, &first, &err), &err);
    assert_ok(dbk_segments_at(book->store, feed->row, last, read_header, &second, &err), &err);
    dbk_hash hash = dbk_header_hash(&first), head = dbk_roster_head(dbk_book_roster(book));
    assert_true(dbk_hash_equal(&second.prev, &hash));
    assert_int_equal(second.count, 1);
    assert_int_equal(second.first_seq, last);
    assert_true(dbk_hash_equal(&second.members_seen, &head));
    assert_ok(dbk_header_verify(&second, &dbk_book_keys(book)->sign, &err), &err);
    assert_memory_not_equal(first.salt, second.salt, sizeof(first.salt));
}

static void the_clock_only_goes_forward_also_when_the_devices_does_not_A23(void **state)
{
    (void)state;
    dbk_book *book = book_of(ANN);
    (void)person(ANN, "Ada");
    dbk_hlc first = book->clock;
    uint64_t now = org.books[ANN].env.now_ms;
    org.books[ANN].env.now_ms = 1000; /* 1970: a flat battery */
    (void)person(ANN, "Bo");
    assert_true(book->clock > first);
    dbk_hlc second = book->clock;
    dbk_test_book_reopen(&org.books[ANN]);
    assert_true(book_of(ANN)->clock == second);
    org.books[ANN].env.now_ms = now;
}

/* ---- editing ------------------------------------------------------------------------------- */

static void an_authors_own_edits_never_conflict(void **state)
{
    (void)state;
    dbk_id id = person(ANN, "Ada");
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Lovelace"));
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada, Countess of Lovelace", "sex=female"));
    dbk_attention need = dbk_test_attention(book_of(ANN), &id);
    assert_int_equal(need.asks + need.cautious + need.proposals + need.reviews, 0);
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "name"), "Ada, Countess of Lovelace");
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "sex"), "Female");
}

static void fields_of_one_group_change_as_one_value(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person",
                             TEXTS("name=Ada", "dob=1815-12-10", "dob_precision=day"));
    dbk_test_edit(book_of(ANN), &id, TEXTS("dob_precision=year"));
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "dob"), "1815-12-10");
    dbk_test_edit(book_of(ANN), &id, TEXTS("dob-="));
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "dob"), "");
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "dob_precision"), "To the year");
}

static void an_edit_that_changes_nothing_writes_nothing_and_says_so(void **state)
{
    dbk_problems problems = { 0 };
    (void)state;
    dbk_id id = person(ANN, "Ada");
    uint64_t before = dbk_test_own_ops(book_of(ANN), &org.space);
    assert_int_equal(try_edit(ANN, &id, text("name", "Ada"), NULL, &problems), DBK_OK);
    assert_int_equal(dbk_test_own_ops(book_of(ANN), &org.space), before);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.faults, 0);
    dbk_problems_wipe(&problems);
}

static void concurrent_edits_are_both_kept_and_both_shown_P2(void **state)
{
    (void)state;
    dbk_id id = person(ANN, "Ada");
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= AUDITOR; who++) {
        dbk_attention need = dbk_test_attention(book_of(who), &id);
        assert_int_equal(need.asks, 1);
        assert_int_equal(need.reviews, 1);
        assert_string_equal(dbk_test_text(book_of(who), &id, "name"),
                            dbk_test_text(book_of(DESK), &id, "name"));
    }
}

static void an_edit_of_what_was_seen_replaces_it(void **state)
{
    (void)state;
    dbk_id id = person(ANN, "Ada");
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King"));
    dbk_test_org_exchange(&org);
    dbk_attention need = dbk_test_attention(book_of(ANN), &id);
    assert_int_equal(need.asks + need.reviews, 0);
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "name"), "Ada King");
}

static void what_is_added_to_a_set_survives_a_removal_that_had_not_seen_it(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person",
                             TEXTS("name=Ada", "needs=hearing,sight"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("needs-=hearing"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("needs+=hearing", "needs+=mobility"));
    dbk_test_org_exchange(&org);
    assert_string_equal(dbk_test_text(book_of(DESK), &id, "needs"), "Sight, Hearing, Mobility");
    dbk_test_edit(book_of(ANN), &id, TEXTS("needs-=hearing"));
    dbk_test_org_exchange(&org);
    assert_string_equal(dbk_test_text(book_of(BEN), &id, "needs"), "Sight, Mobility");
    dbk_attention need = dbk_test_attention(book_of(BEN), &id);
    assert_int_equal(need.asks + need.reviews, 0);
}

static void logs_grow_from_both_sides(void **state)
{
    (void)state;
    dbk_id id = person(ANN, "Ada");
    dbk_test_org_exchange(&org);
    json_t *entry = json_pack("{s:s,s:s}", "kind", "legal", "given", "Ada");
    json_t *other = json_pack("{s:s,s:s}", "kind", "maiden", "family", "Byron");
    dbk_problems problems = { 0 };
    const dbk_input ann = { DBK_INPUT_ADD, "names", NULL, entry };
    const dbk_input ben = { DBK_INPUT_ADD, "names", NULL, other };
    assert_int_equal(try_edit(ANN, &id, ann, NULL, &problems), DBK_OK);
    assert_int_equal(try_edit(BEN, &id, ben, NULL, &problems), DBK_OK);
    json_decref(entry);
    json_decref(other);
    dbk_problems_wipe(&problems);
    dbk_test_org_exchange(&org);
    assert_non_null(strstr(dbk_test_text(book_of(DESK), &id, "names"), "Ada"));
    assert_non_null(strstr(dbk_test_text(book_of(DESK), &id, "names"), "Byron"));
    assert_int_equal(dbk_test_attention(book_of(DESK), &id).reviews, 0);
}

/* ---- the protective value ------------------------------------------------------------------ */

static void a_less_protective_answer_needs_a_reason_P6(void **state)
{
    dbk_problems problems = { 0 };
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person",
                             TEXTS("name=Ada", "safe_voicemail=no"));
    static const struct {
        const char *answer, *reason;
        dbk_rc want;
    } cases[] = {
        { "yes", NULL, DBK_INVALID },   { "yes", "", DBK_INVALID },
        { "yes", " \t ", DBK_INVALID }, { "not_known", NULL, DBK_INVALID },
        { "no", NULL, DBK_OK },         { "yes", "She asked for it on the phone", DBK_OK },
        { "no", NULL, DBK_OK }, /* back up: no reason needed */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_rc rc = try_edit(ANN, &id, text("safe_voicemail", cases[i].answer), cases[i].reason,
                             &problems);
        if (rc != cases[i].want)
            fail_msg("case %zu: %s", i, dbk_rc_name(rc));
        dbk_problems_wipe(&problems);
    }
    const dbk_input blank = { DBK_INPUT_REMOVE, "safe_voicemail", "", NULL };
    assert_int_equal(try_edit(ANN, &id, blank, NULL, &problems), DBK_INVALID);
    assert_string_equal(problems.rows[0].field, "safe_voicemail");
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "safe_voicemail"), "No");
    dbk_problems_wipe(&problems);
}

static void of_concurrent_answers_the_more_protective_is_shown_P6(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person",
                             TEXTS("name=Ada", "safe_voicemail=not_known"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("safe_voicemail=no"));
    org.books[BEN].env.now_ms += 60000; /* later: that doesn't count here */
    dbk_test_edit(book_of(BEN), &id, TEXTS("safe_voicemail=yes"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= AUDITOR; who++) {
        assert_string_equal(dbk_test_text(book_of(who), &id, "safe_voicemail"), "No");
        assert_int_equal(dbk_test_attention(book_of(who), &id).cautious, 1);
    }
}

static void an_officers_edit_of_what_hq_decides_is_a_proposal(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(DESK), &org.space, "case", TEXTS("ref=LEX/1"));
    dbk_test_edit(book_of(DESK), &id, TEXTS("lead_role=lead_investigator"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("lead_role=sio"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= AUDITOR; who++) {
        assert_string_equal(dbk_test_text(book_of(who), &id, "lead_role"), "Lead investigator");
        assert_int_equal(dbk_test_attention(book_of(who), &id).proposals, 1);
    }
}

/* ---- authors, signatures, withdrawal ------------------------------------------------------- */

static dbk_id contact(int who)
{
    return dbk_test_add(book_of(who), &org.space, "contact",
                        TEXTS("started_at=2026-09-21T10:00:00Z", "method=phone",
                              "direction=police_to_family", "s38=fact", "place=By phone"));
}

static void an_own_group_is_written_by_the_device_that_began_the_record(void **state)
{
    dbk_problems problems = { 0 };
    (void)state;
    dbk_id id = contact(ANN);
    dbk_test_org_exchange(&org);
    assert_int_equal(try_edit(BEN, &id, text("place", "Elsewhere"), NULL, &problems), DBK_DENIED);
    assert_int_equal(problems.faults, 1);
    assert_string_equal(problems.rows[0].field, "place");
    dbk_problems_wipe(&problems);
    assert_int_equal(try_edit(DESK, &id, text("place", "Elsewhere"), NULL, &problems), DBK_DENIED);
    dbk_problems_wipe(&problems);
    assert_int_equal(try_edit(BEN, &id, text("cpia", "relevant"), NULL, &problems), DBK_OK);
    assert_int_equal(try_edit(ANN, &id, text("place", "Elsewhere"), NULL, &problems), DBK_OK);
    dbk_problems_wipe(&problems);
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "place"), "Elsewhere");
}

static dbk_rc sign(int who, const dbk_id *id, dbk_problems *problems)
{
    dbk_err err = { 0 };
    return dbk_journal_sign(book_of(who), problems, id, &err);
}

static dbk_id signed_contact(int who)
{
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_id id = contact(who);
    dbk_id some_case = dbk_test_add(book_of(who), &org.space, "case", TEXTS("ref=LEX/2"));
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, &some_case);
    json_t *present = json_pack("[{s:s,s:s}]", "name", "Mrs Hall", "role", "family");
    const dbk_input inputs[] = { text("case_id", uuid),
                                 { DBK_INPUT_SET, "present", NULL, present } };
    const dbk_edit edit = { id, inputs, ARRAY_LEN(inputs), NULL };
    assert_ok(dbk_journal_edit(book_of(who), &problems, &edit, &err), &err);
    json_decref(present);
    dbk_problems_wipe(&problems);
    dbk_rc rc = sign(who, &id, &problems);
    for (size_t i = 0; rc != DBK_OK && i < problems.count; i++)
        print_error("%s: %s\n", problems.rows[i].field, problems.rows[i].text);
    assert_int_equal(rc, DBK_OK);
    dbk_problems_wipe(&problems);
    return id;
}

static dbk_rc add_to(int who, const dbk_id *id, const char *words, const char *reason, dbk_err *err)
{
    const dbk_addendum addendum = { *id, words, reason };
    return dbk_journal_addendum(book_of(who), &addendum, err);
}

static void a_record_is_signed_when_nothing_required_is_missing(void **state)
{
    dbk_problems problems = { 0 };
    (void)state;
    dbk_id half = contact(ANN);
    assert_int_equal(sign(ANN, &half, &problems), DBK_INVALID);
    assert_true(problems.faults >= 2); /* the case, and who was there */
    assert_int_equal(dbk_test_life(book_of(ANN), &half), DBK_LIFE_LIVE);
    dbk_problems_wipe(&problems);
    dbk_id whole = signed_contact(ANN);
    assert_int_equal(dbk_test_life(book_of(ANN), &whole), DBK_LIFE_SIGNED);
    assert_int_equal(sign(ANN, &whole, &problems), DBK_DENIED);
    dbk_id id = person(ANN, "Ada");
    assert_int_equal(sign(ANN, &id, &problems), DBK_DENIED); /* persons aren't signed */
    dbk_problems_wipe(&problems);
}

static void a_signed_record_takes_only_addenda_and_supervision_FL_11(void **state)
{
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = signed_contact(ANN);
    uint64_t before = dbk_test_own_ops(book_of(ANN), &org.space);
    assert_int_equal(try_edit(ANN, &id, text("place", "Elsewhere"), "typing error", &problems),
                     DBK_DENIED);
    assert_int_equal(problems.faults, 1);
    dbk_problems_wipe(&problems);
    assert_int_equal(dbk_test_own_ops(book_of(ANN), &org.space), before);
    assert_int_equal(try_edit(ANN, &id, text("cpia", "relevant"), NULL, &problems), DBK_OK);
    dbk_problems_wipe(&problems);
    assert_ok(add_to(ANN, &id, "It was by video.", "left out", &err), &err);
    assert_ok(add_to(ANN, &id, "And in the evening.", "left out", &err), &err);
    assert_string_equal(dbk_test_text(book_of(ANN), &id, "place"), "By phone");
    assert_non_null(strstr(dbk_test_text(book_of(ANN), &id, "addenda"), "video"));
    assert_non_null(strstr(dbk_test_text(book_of(ANN), &id, "addenda"), "evening"));
    assert_rc(add_to(ANN, &id, "", "left out", &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    /* FL-11: an amendment is an addendum with a reason. */
    assert_rc(add_to(ANN, &id, "More.", NULL, &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_rc(add_to(ANN, &id, "More.", " ", &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    dbk_id draft = contact(ANN);
    assert_rc(add_to(ANN, &draft, "More.", "left out", &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    dbk_test_org_exchange(&org);
    assert_ok(add_to(BEN, &id, "I was there too.", "left out", &err), &err);
}

static void a_record_is_withdrawn_with_a_reason_and_then_left_alone(void **state)
{
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = contact(ANN);
    assert_rc(dbk_journal_withdraw(book_of(ANN), &id, NULL, &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_journal_withdraw(book_of(ANN), &id, "  ", &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_journal_withdraw(book_of(ANN), &id, "Written twice", &err), &err);
    assert_int_equal(dbk_test_life(book_of(ANN), &id), DBK_LIFE_WITHDRAWN);
    assert_rc(dbk_journal_withdraw(book_of(ANN), &id, "Again", &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_int_equal(try_edit(ANN, &id, text("place", "x"), NULL, &problems), DBK_DENIED);
    assert_int_equal(sign(ANN, &id, &problems), DBK_DENIED);
    dbk_problems_wipe(&problems);
    /* A signed record stands, unless who supervises takes it back. */
    dbk_id stands = signed_contact(ANN);
    assert_rc(dbk_journal_withdraw(book_of(ANN), &stands, "Wrong family", &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    dbk_test_org_exchange(&org);
    assert_ok(dbk_journal_withdraw(book_of(SUPER), &stands, "Wrong family", &err), &err);
}

static void an_edit_against_a_withdrawal_is_a_visible_conflict(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = person(ANN, "Ada");
    dbk_test_org_exchange(&org);
    assert_ok(dbk_journal_withdraw(book_of(ANN), &id, "Written twice", &err), &err);
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King"));
    dbk_test_org_exchange(&org);
    assert_int_equal(dbk_test_attention(book_of(DESK), &id).reviews, 1);
    assert_string_equal(dbk_test_text(book_of(DESK), &id, "name"), "Ada King");
}

static void a_reason_is_text_within_its_bounds(void **state)
{
    static char long_reason[2100];
    dbk_problems problems = { 0 };
    (void)state;
    memset(long_reason, 'x', sizeof(long_reason) - 1);
    dbk_id id = person(ANN, "Ada");
    const dbk_input input = text("name", "Ada King");
    assert_int_equal(try_edit(ANN, &id, input, long_reason, &problems), DBK_INVALID);
    assert_int_equal(try_edit(ANN, &id, input, "bad \xff text", &problems), DBK_INVALID);
    assert_int_equal(try_edit(ANN, &id, input, "as she said", &problems), DBK_OK);
    dbk_problems_wipe(&problems);
}

int main(void)
{
#define CHECKED(test) cmocka_unit_test_setup_teardown(test, NULL, check_org)
    const struct CMUnitTest tests[] = {
        CHECKED(a_note_that_was_saved_is_there_after_opening_again_P1),
        CHECKED(every_problem_is_said_at_once_and_nothing_is_stored),
        CHECKED(an_id_that_is_given_is_taken_once),
        CHECKED(new_ids_sort_by_the_time_they_were_made),
        CHECKED(who_may_not_write_is_told_so),
        CHECKED(each_save_is_one_segment_chained_to_the_last_that_names_what_was_seen),
        CHECKED(the_clock_only_goes_forward_also_when_the_devices_does_not_A23),
        CHECKED(an_authors_own_edits_never_conflict),
        CHECKED(fields_of_one_group_change_as_one_value),
        CHECKED(an_edit_that_changes_nothing_writes_nothing_and_says_so),
        CHECKED(concurrent_edits_are_both_kept_and_both_shown_P2),
        CHECKED(an_edit_of_what_was_seen_replaces_it),
        CHECKED(what_is_added_to_a_set_survives_a_removal_that_had_not_seen_it),
        CHECKED(logs_grow_from_both_sides),
        CHECKED(a_less_protective_answer_needs_a_reason_P6),
        CHECKED(of_concurrent_answers_the_more_protective_is_shown_P6),
        CHECKED(an_officers_edit_of_what_hq_decides_is_a_proposal),
        CHECKED(an_own_group_is_written_by_the_device_that_began_the_record),
        CHECKED(a_record_is_signed_when_nothing_required_is_missing),
        CHECKED(a_signed_record_takes_only_addenda_and_supervision_FL_11),
        CHECKED(a_record_is_withdrawn_with_a_reason_and_then_left_alone),
        CHECKED(an_edit_against_a_withdrawal_is_a_visible_conflict),
        CHECKED(a_reason_is_text_within_its_bounds),
    };
#undef CHECKED
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
