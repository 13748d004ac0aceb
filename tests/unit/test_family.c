#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/practice/family.h"
#include "core/practice/late.h"
#include "tests/lib/org.h"

#define SEEN_MAX 16u

static dbk_test_org org;
static dbk_book *book;
static dbk_id case_id;
static char of_case[64];

typedef struct seen {
    dbk_family_entry entries[SEEN_MAX];
    char items[SEEN_MAX][160];
    size_t entries_count, items_count;
} seen;
static seen s;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    case_id = dbk_test_add(book, &org.space, "case", (const char *const[]){ "kind=other", NULL });
    dbk_test_ref(of_case, "case_id", &case_id);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_rc see_item(void *ctx, const dbk_family_item *i, dbk_err *err)
{
    (void)ctx;
    (void)err;
    assert_true(s.items_count < SEEN_MAX);
    (void)snprintf(s.items[s.items_count++], sizeof(s.items[0]), "%s %u %s: %.*s -> %.*s",
                   dbk_family_kind_name(i->kind), i->number, i->open ? "open" : "closed",
                   (int)i->text.len, (const char *)i->text.p, (int)i->answer.len,
                   i->answer.len > 0 ? (const char *)i->answer.p : "");
    return DBK_OK;
}

static dbk_rc see(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    (void)ctx;
    assert_true(s.entries_count < SEEN_MAX);
    s.entries[s.entries_count++] = *e;
    return dbk_family_items(e, see_item, NULL, err);
}

static void look(const char *group)
{
    const dbk_family_opts opts = { .case_id = &case_id, .group = group };
    dbk_err err = { 0 };
    s = (seen){ 0 };
    assert_rc(dbk_family_entries(book, &opts, see, NULL, &err), DBK_OK, &err);
}

#define MEET(...) \
    dbk_test_add(book, &org.space, "contact", (const char *const[]){ of_case, __VA_ARGS__, NULL })

/* RFC 3339, so many minutes ago by the book's clock. */
static const char *ago(int64_t minutes)
{
    static char text[8][64];
    static unsigned next;
    const dbk_env *env = dbk_book_env(book);
    char time[DBK_TIME_TEXT_SIZE];
    dbk_time_print(time, (int64_t)env->now_ms(env->self) - minutes * 60000);
    next = (next + 1) % 8;
    (void)snprintf(text[next], sizeof(text[0]), "started_at=%s", time);
    return text[next];
}

static void an_entry_is_late_when_it_is_begun_a_day_after_what_happened_FL11(void **state)
{
    static const struct {
        int64_t minutes;
        bool late;
    } rows[] = { { 24 * 60 + 2, true }, { 24 * 60 - 2, false }, { 0, false }, { -600, false } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_note *note = NULL;
        dbk_err err = { 0 };
        uint64_t hours = 0;
        dbk_id id = MEET("method=visit", ago(rows[i].minutes));
        assert_rc(dbk_query_note(&note, book, &id, &err), DBK_OK, &err);
        assert_rc(dbk_late_hours(&hours, note, &err), DBK_OK, &err);
        dbk_note_free(note);
        if ((hours > 0) != rows[i].late)
            fail_msg("%lld minutes: %llu hours", (long long)rows[i].minutes,
                     (unsigned long long)hours);
        dbk_test_edit(book, &id, (const char *const[]){ "place=Home", NULL });
    }
    /* An action isn't an entry of the log; an entry without a time isn't late. */
    dbk_id id = dbk_test_add(
        book, &org.space, "action",
        (const char *const[]){ "text=x", "happened_at=2001-01-01T10:00:00Z", NULL });
    (void)MEET("method=visit");
    look(NULL);
    assert_int_equal(s.entries_count, 5);
    dbk_note *note = NULL;
    uint64_t hours = 1;
    assert_rc(dbk_query_note(&note, book, &id, NULL), DBK_OK, NULL);
    assert_rc(dbk_late_hours(&hours, note, NULL), DBK_OK, NULL);
    assert_int_equal(hours, 0);
    dbk_note_free(note);
}

static void an_entry_is_incomplete_until_it_is_supervised_FL1(void **state)
{
    char supervised[160], uuid[DBK_ID_UUID_SIZE];
    dbk_id who = dbk_test_add(book, &org.space, "officer",
                              (const char *const[]){ "name=Pell", NULL });
    (void)state;
    dbk_id id = MEET("method=visit", ago(60), "present=Joan Marsh (family)");
    look(NULL);
    assert_int_equal(s.entries_count, 1);
    assert_true(s.entries[0].incomplete);
    assert_false(s.entries[0].supervised);
    dbk_id_uuid(uuid, &who);
    (void)snprintf(supervised, sizeof(supervised),
                   "supervised:=[{\"by\":\"%s\",\"at\":\"2016-01-15T12:00:00Z\"}]", uuid);
    dbk_test_edit(book, &id, (const char *const[]){ supervised, NULL });
    look(NULL);
    assert_false(s.entries[0].incomplete);
    assert_true(s.entries[0].supervised);
}

static void attempts_are_entries_and_no_contacts_FL2(void **state)
{
    (void)state;
    (void)MEET("method=attempted", "attempt=no_answer", ago(60));
    (void)MEET("method=phone", ago(30));
    look(NULL);
    assert_int_equal(s.entries_count, 2);
    assert_false(s.entries[0].attempt); /* the newest first */
    assert_true(s.entries[1].attempt);
}

static void what_a_family_asked_stays_open_until_it_has_an_outcome_FL6(void **state)
{
    dbk_problems problems = { 0 };
    (void)state;
    dbk_id id = MEET("method=visit", ago(60),
                     "requests:=[{\"text\":\"see him\",\"agreed\":\"yes\"},"
                     "{\"text\":\"the phone\",\"agreed\":\"pending\"},"
                     "{\"text\":\"the scene\",\"agreed\":\"no\",\"reason\":\"still searched\"}]",
                     "complaints:=[{\"text\":\"told by a paper\"}]",
                     "family_voice=Was the van indicating?");
    look(NULL);
    assert_int_equal(s.items_count, 5);
    assert_string_equal(s.items[0], "request 1 open: see him -> ");
    assert_string_equal(s.items[1], "request 2 open: the phone -> ");
    assert_string_equal(s.items[2], "request 3 closed: the scene -> "); /* refused with a reason */
    assert_string_equal(s.items[3], "complaint 1 open: told by a paper -> ");
    assert_string_equal(s.items[4], "voice 1 open: Was the van indicating? -> ");
    /* Nothing closes without words. */
    json_t *wordless = json_pack("[{s:s, s:s}]", "of", "complaint", "state", "closed");
    const dbk_input input = { .op = DBK_INPUT_SET, .field = "answers", .json = wordless };
    const dbk_edit edit = { .record = id, .inputs = &input, .inputs_count = 1 };
    assert_rc(dbk_journal_edit(book, &problems, &edit, NULL), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "answers[0].outcome", "Outcome: this is needed"));
    dbk_problems_wipe(&problems);
    json_decref(wordless);
    /* Answers come as entries of a log: also to what was signed, and each beside the others. */
    dbk_test_edit(
        book, &id,
        (const char *const[]){ "answers:=[{\"of\":\"request\",\"number\":2,\"state\":\"progress\","
                               "\"outcome\":\"asked the lab\"},"
                               "{\"of\":\"voice\",\"state\":\"closed\",\"outcome\":\"It was.\"}]",
                               NULL });
    look(NULL);
    assert_string_equal(s.items[1], "request 2 open: the phone -> asked the lab");
    assert_string_equal(s.items[4], "voice 1 closed: Was the van indicating? -> It was.");
    assert_string_equal(s.items[0], "request 1 open: see him -> ");
    dbk_test_edit(
        book, &id,
        (const char *const[]){ "answers:=[{\"of\":\"request\",\"number\":2,\"state\":\"closed\","
                               "\"outcome\":\"returned\"}]",
                               NULL });
    look(NULL);
    assert_string_equal(s.items[1], "request 2 closed: the phone -> returned");
}

static void the_sides_of_a_split_family_have_their_own_history_FL12(void **state)
{
    (void)state;
    (void)MEET("method=visit", ago(60), "family_group=Joan's side",
               "given:=[{\"description\":\"pack\",\"literature\":true}]");
    (void)MEET("method=visit", ago(30), "family_group=Kevin's side",
               "given:=[{\"description\":\"card\"}]", "family_voice=Who was there?");
    look("Joan's side");
    assert_int_equal(s.entries_count, 1);
    assert_true(s.entries[0].literature); /* FL-10 */
    assert_int_equal(s.items_count, 0);
    look("Kevin's side");
    assert_int_equal(s.entries_count, 1);
    assert_false(s.entries[0].literature);
    assert_int_equal(s.items_count, 1);
    look(NULL);
    assert_int_equal(s.entries_count, 2);
}

static dbk_rc see_action(void *ctx, const dbk_family_action *a, dbk_err *err)
{
    (void)ctx;
    (void)err;
    assert_true(s.items_count < SEEN_MAX);
    (void)snprintf(s.items[s.items_count++], sizeof(s.items[0]), "%.*s, due %s", (int)a->text.len,
                   (const char *)a->text.p, a->due);
    return DBK_OK;
}

static void look_actions(const char *group)
{
    const dbk_family_opts opts = { .case_id = &case_id, .group = group };
    dbk_err err = { 0 };
    s = (seen){ 0 };
    assert_rc(dbk_family_actions(book, &opts, see_action, NULL, &err), DBK_OK, &err);
}

#define ACT(...)                             \
    dbk_test_add(book, &org.space, "action", \
                 (const char *const[]){ "kind=family_request", __VA_ARGS__, NULL })

static void a_request_that_became_an_action_is_open_until_it_is_done_FL6(void **state)
{
    char from_joan[64], from_kevin[64], other[64];
    (void)state;
    dbk_id joan = MEET("method=visit", "family_group=Joan's side");
    dbk_id kevin = MEET("method=visit", "family_group=Kevin's side");
    dbk_id elsewhere = dbk_test_add(book, &org.space, "case",
                                    (const char *const[]){ "kind=other", NULL });
    dbk_test_ref(from_joan, "raised_from", &joan);
    dbk_test_ref(from_kevin, "raised_from", &kevin);
    dbk_test_ref(other, "case_id", &elsewhere);
    /* Its case may stand in the contact alone. */
    dbk_id phone = ACT("text=Return the phone", "due=2016-02-01", from_joan);
    (void)ACT("text=A seat in court", of_case, from_kevin);
    (void)ACT("text=Whoever asked", of_case);
    (void)ACT("text=Another family", other, from_joan);
    (void)ACT("text=Nobody's");
    (void)ACT("text=Over with", of_case, "state=declined", "result=no");
    (void)dbk_test_add(book, &org.space, "action",
                       (const char *const[]){ "kind=enquiry", "text=Ours", of_case, NULL });
    look_actions(NULL);
    assert_int_equal(s.items_count, 3);
    look_actions("Joan's side"); /* FL-12 */
    assert_int_equal(s.items_count, 2);
    dbk_test_edit(book, &phone, (const char *const[]){ "state=done", "result=returned", NULL });
    look_actions("Joan's side");
    assert_int_equal(s.items_count, 1);
    assert_string_equal(s.items[0], "Whoever asked, due ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_entry_is_late_when_it_is_begun_a_day_after_what_happened_FL11, make_org, drop_org),
        cmocka_unit_test_setup_teardown(an_entry_is_incomplete_until_it_is_supervised_FL1, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(attempts_are_entries_and_no_contacts_FL2, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(what_a_family_asked_stays_open_until_it_has_an_outcome_FL6,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            a_request_that_became_an_action_is_open_until_it_is_done_FL6, make_org, drop_org),
        cmocka_unit_test_setup_teardown(the_sides_of_a_split_family_have_their_own_history_FL12,
                                        make_org, drop_org),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
