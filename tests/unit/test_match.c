/* Persons who may be the same: B39, B77 (repeat victims), never by where they come from. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/match.h"
#include "tests/lib/opkit.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_id add(const char *const *fields)
{
    return dbk_test_add(org.books[0].book, &org.space, "person", fields);
}

/* An entry of one of a person's logs. */
static void enter(const dbk_id *person, const char *field, const char *entry)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    struct json_t *json = NULL;
    assert_ok(dbk_json_parse(&json, dbk_span_str(entry), &err), &err);
    const dbk_input input = { DBK_INPUT_ADD, field, NULL, json };
    const dbk_edit edit = { *person, &input, 1, NULL };
    assert_ok(dbk_journal_edit(org.books[0].book, &problems, &edit, &err), &err);
    dbk_json_free(json);
    dbk_problems_wipe(&problems);
}

static size_t find(dbk_match out[DBK_MATCH_FOUND_MAX], const dbk_id *person)
{
    dbk_err err = { 0 };
    size_t count = 0;
    assert_ok(dbk_match_find(org.books[0].book, out, &count, person, &err), &err);
    return count;
}

/* Each pair in a space of its own would be slow: what must not match has other names. */
static void names_of_many_cultures_meet_with_a_day_of_birth(void **state)
{
    static const struct {
        const char *one, *other;
    } cases[] = {
        { "name=Mohammed Al-Hussain", "name=Hussein Muhammad" },
        { "name=\xd9\x85\xd8\xad\xd9\x85\xd8\xaf \xd8\xad\xd8\xb3\xd9\x8a\xd9\x86",
          "name=Mohamed Hussain" },
        { "name=F\xc3\xa1tima \xc3\x96zt\xc3\xbcrk", "name=OZTURK Fatma" },
        { "name=\xd0\x9d\xd0\xb0\xd1\x82\xd0\xb0\xd0\xbb\xd1\x8c\xd1\x8f "
          "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd\xd0\xbe\xd0\xb2\xd0\xb0",
          "name=Natalia Ivanova" },
        { "name=Priya Chaudhry", "name=Choudhary, Priya" },
        { "name=Ahmed Yusuf", "name=Ahmet Youssef" },
    };
    dbk_match found[DBK_MATCH_FOUND_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char dob[32];
        (void)snprintf(dob, sizeof(dob), "dob=19%02zu-03-1%zu", 50 + 5 * i, i);
        dbk_id one = add(TEXTS(cases[i].one, dob));
        dbk_id other = add(TEXTS(cases[i].other, dob));
        if (find(found, &other) != 1 || !dbk_id_equal(&found[0].record, &one))
            fail_msg("%s isn't found by %s", cases[i].one, cases[i].other);
        assert_in_range(found[0].score, DBK_MATCH_SUGGEST, 70);
        assert_int_equal(found[0].parts[DBK_MATCH_BIRTH].how, DBK_MATCH_SAME);
        assert_int_equal(found[0].parts[DBK_MATCH_BIRTH].points, 30);
    }
}

static void the_parts_explain_the_score_and_nothing_else_counts(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    int sum = 0;
    (void)state;
    dbk_id one = add(TEXTS("name=Joan Marsh", "dob=1961-04-05", "nationality=gb"));
    dbk_id other = add(TEXTS("name=Joan Marsh", "dob=1961-05-04", "nationality=fr"));
    enter(&one, "phones", "{\"value\":\"07700 900123\",\"safe\":\"yes\"}");
    enter(&other, "phones", "{\"value\":\"+44 7700 900123\",\"safe\":\"no\"}");
    enter(&one, "addresses", "{\"value\":\"1 High Street, B15 2TT\",\"safe\":\"yes\"}");
    enter(&other, "addresses", "{\"value\":\"High St b152tt\",\"safe\":\"yes\"}");
    assert_int_equal(find(found, &other), 1);
    assert_true(dbk_id_equal(&found[0].record, &one));
    assert_int_equal(found[0].parts[DBK_MATCH_NAME].how, DBK_MATCH_SAME);
    assert_int_equal(found[0].parts[DBK_MATCH_BIRTH].how, DBK_MATCH_NEAR); /* exchanged */
    assert_int_equal(found[0].parts[DBK_MATCH_PHONE].how, DBK_MATCH_SAME);
    assert_int_equal(found[0].parts[DBK_MATCH_POSTCODE].how, DBK_MATCH_SAME);
    assert_int_equal(found[0].parts[DBK_MATCH_EMAIL].how, DBK_MATCH_BLANK);
    for (size_t i = 0; i < DBK_MATCH_PARTS; i++)
        sum += found[0].parts[i].points;
    assert_int_equal(found[0].score, sum); /* another nationality took nothing away */
}

static void a_name_alone_another_year_or_a_country_suggests_nobody(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    (void)state;
    (void)add(TEXTS("name=Peter Lane", "dob=1980-06-07", "nationality=in",
                    "ethnicity_self_defined=not_known"));
    dbk_id alone = add(TEXTS("name=Peter Lane"));
    assert_int_equal(find(found, &alone), 0);
    dbk_id year = add(TEXTS("name=Peter Lane", "dob=1955-01-09"));
    assert_int_equal(find(found, &year), 0);
    dbk_id country = add(TEXTS("name=Ravi Kumar", "dob=1993-12-12", "nationality=in"));
    assert_int_equal(find(found, &country), 0);
}

static void link(const dbk_id *a, const dbk_id *b, const char *how)
{
    char entry[160], uuid[DBK_ID_UUID_SIZE];
    dbk_id holder = dbk_match_holder(a, b);
    dbk_id_uuid(uuid, dbk_id_equal(&holder, a) ? b : a);
    (void)snprintf(entry, sizeof(entry), "{\"person\":\"%s\",\"link\":\"%s\"}", uuid, how);
    enter(&holder, "linked_persons", entry);
}

static size_t linked(dbk_id out[8], const dbk_id *person)
{
    dbk_err err = { 0 };
    size_t count = 0;
    assert_ok(dbk_match_linked(org.books[0].book, out, &count, 8, person, &err), &err);
    return count;
}

static void a_link_is_told_from_both_sides_and_can_be_taken_back(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    dbk_id ids[8];
    (void)state;
    dbk_id a = add(TEXTS("name=Ruth Fenn", "dob=1971-02-03"));
    dbk_id b = add(TEXTS("name=Ruth Fenn", "dob=1971-02-03"));
    dbk_id c = add(TEXTS("name=Rut Fenn", "dob=1971-02-03"));
    assert_int_equal(find(found, &a), 2);
    link(&a, &b, "confirmed");
    link(&b, &c, "confirmed");
    assert_int_equal(linked(ids, &a), 2); /* the old id tells of all, also over another */
    assert_int_equal(linked(ids, &c), 2);
    assert_int_equal(find(found, &b), 0); /* decided: not suggested again */
    link(&c, &b, "rejected");
    assert_int_equal(linked(ids, &a), 1);
    assert_true(dbk_id_equal(&ids[0], &b));
    assert_int_equal(linked(ids, &c), 0);
    assert_int_equal(find(found, &b), 0);
    dbk_test_edit(org.books[0].book, &a, TEXTS("name=Ruth Fenn-Lane")); /* both records stay */
    assert_string_equal(dbk_test_text(org.books[0].book, &b, "name"), "Ruth Fenn");
}

static void repeats_are_counted_over_linked_records_up_to_a_day(void **state)
{
    char role[3][160], uuid[DBK_ID_UUID_SIZE];
    dbk_err err = { 0 };
    dbk_id cases[8], people[2];
    size_t count = 0;
    (void)state;
    static const char *const days[] = { "2025-01-10", "2026-02-10", "2026-09-10" };
    for (size_t i = 0; i < 3; i++) {
        dbk_id one = dbk_test_add(org.books[0].book, &org.space, "case", TEXTS("summary=x"));
        dbk_id_uuid(uuid, &one);
        (void)snprintf(role[i], sizeof(role[i]),
                       "{\"role\":\"victim\",\"case\":\"%s\",\"from\":\"%s\"}", uuid, days[i]);
    }
    people[0] = add(TEXTS("name=Dalia Heath"));
    people[1] = add(TEXTS("name=Dalia Heath"));
    for (size_t i = 0; i < 3; i++)
        enter(&people[i % 2], "role_in_case", role[i]);
    dbk_book *book = org.books[0].book;
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2026-12-31", &err), &err);
    assert_int_equal(count, 1);
    link(&people[0], &people[1], "confirmed");
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2026-12-31", &err), &err);
    assert_int_equal(count, 3);
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2026-02-10", &err), &err);
    assert_int_equal(count, 2);
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2024-12-31", &err), &err);
    assert_int_equal(count, 0);
}

static void a_changed_record_is_found_by_what_it_says_now(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    (void)state;
    dbk_id one = add(TEXTS("name=Olga Novak", "dob=1944-10-11"));
    dbk_id other = add(TEXTS("name=Olga Novak", "dob=1944-10-11"));
    assert_int_equal(find(found, &other), 1);
    dbk_test_edit(org.books[0].book, &one, TEXTS("name=Irina Petrova", "dob=1990-01-02"));
    assert_int_equal(find(found, &other), 0);
}

/* ---- all pairs ------------------------------------------------------------------------------- */

#define PEOPLE 60u
#define PAIRS_MAX 2048u

typedef struct pair {
    dbk_id person, other;
    unsigned score;
} pair;
typedef struct pair_list {
    pair rows[PAIRS_MAX];
    size_t count, most;
} pair_list;

static dbk_rc take_pair(void *ctx, const dbk_id *person, const dbk_match *match, dbk_err *err)
{
    pair_list *l = ctx;
    if (l->count == l->most)
        return dbk_fail(err, DBK_LIMIT, "enough");
    l->rows[l->count++] = (pair){ *person, match->record, match->score };
    return DBK_OK;
}

static void list_pairs(pair_list *l, const dbk_id *after, size_t most)
{
    dbk_err err = { 0 };
    *l = (pair_list){ .most = most };
    dbk_rc rc = dbk_match_pairs(org.books[0].book, after, take_pair, l, &err);
    assert_true(rc == DBK_OK || rc == DBK_LIMIT);
}

static bool is_listed(const pair_list *l, const dbk_id *a, const dbk_id *b, unsigned score)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += (dbk_id_equal(&l->rows[i].person, a) && dbk_id_equal(&l->rows[i].other, b) &&
              l->rows[i].score == score);
    return n == 1;
}

static dbk_id somebody(kit_random *dice)
{
    static const char *const first[] = { "Joan", "Mohammed", "Muhammad", "Priya" },
                             *const last[] = { " Marsh", " Khan", " Kahn Lane", "" },
                             *const dobs[] = { "dob=1984-03-02", "dob=1984-02-03", "dob=1984-11-30",
                                               "dob=1950-01-09", "sex=female" },
                             *const postcodes[] = { "B15 2TT", "B1 1AA" };
    char name[40], entry[80];
#define PICK(rows) rows[kit_random_below(dice, ARRAY_LEN(rows))]
    (void)snprintf(name, sizeof(name), "name=%s%s", PICK(first), PICK(last));
    dbk_id id = add(TEXTS(name, PICK(dobs)));
    if (kit_random_below(dice, 3) == 0) {
        (void)snprintf(entry, sizeof(entry), "{\"value\":\"1 High Street, %s\",\"safe\":\"yes\"}",
                       PICK(postcodes));
        enter(&id, "addresses", entry);
    }
    if (kit_random_below(dice, 6) == 0)
        enter(&id, "phones", "{\"value\":\"07700 900123\",\"safe\":\"yes\"}");
    if (kit_random_below(dice, 6) == 0)
        enter(&id, "emails", "{\"value\":\"a@example.org\",\"safe\":\"yes\"}");
#undef PICK
    return id;
}

static void compare(dbk_match *out, const dbk_id *a, const dbk_id *b)
{
    static dbk_likeness likeness[2];
    const dbk_id *ids[] = { a, b };
    dbk_err err = { 0 };
    dbk_namer *namer = NULL;
    assert_ok(dbk_namer_new(&namer, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        dbk_note *note = NULL;
        assert_ok(dbk_query_note(&note, org.books[0].book, ids[i], &err), &err);
        assert_ok(dbk_likeness_of(&likeness[i], namer, note->state, &note->view, &err), &err);
        dbk_note_free(note);
    }
    dbk_namer_free(namer);
    dbk_match_compare(out, &likeness[0], &likeness[1]);
}

/* Against a comparison of each with each; and the same page by page. */
static void every_pair_that_scores_is_listed_once_and_no_other_B39(void **state)
{
    static pair_list all, page;
    dbk_id ids[PEOPLE];
    kit_random dice;
    size_t scored = 0, seen = 0;
    dbk_id after[2];
    (void)state;
    kit_random_seed(&dice, 7);
    for (size_t i = 0; i < PEOPLE; i++) {
        ids[i] = somebody(&dice);
        if (i % 9 == 0) /* some were compared before the others came */
            assert_ok(
                dbk_query_index(org.books[0].book, &(uint64_t){ 0 }, UINT64_MAX, &(dbk_err){ 0 }),
                &(dbk_err){ 0 });
    }
    dbk_test_edit(org.books[0].book, &ids[4], TEXTS("dob=1984-03-02"));
    assert_int_equal(dbk_journal_withdraw(org.books[0].book, &ids[5], "a mistake", NULL), DBK_OK);
    list_pairs(&all, NULL, PAIRS_MAX);
    for (size_t i = 0; i < PEOPLE; i++)
        for (size_t k = 0; k < i; k++) {
            dbk_match match;
            dbk_id holder = dbk_match_holder(&ids[i], &ids[k]);
            bool younger = dbk_id_equal(&holder, &ids[i]);
            compare(&match, &ids[i], &ids[k]);
            if (match.score < DBK_MATCH_SUGGEST || i == 5 || k == 5)
                continue;
            scored++;
            if (!is_listed(&all, &holder, younger ? &ids[k] : &ids[i], match.score))
                fail_msg("%zu and %zu have %u points, and aren't listed", i, k, match.score);
        }
    assert_int_equal(all.count, scored);
    assert_in_range(scored, 50, PAIRS_MAX - 1);
    for (list_pairs(&page, NULL, 7); page.count > 0; list_pairs(&page, after, 7)) {
        for (size_t i = 0; i < page.count; i++, seen++)
            assert_true(dbk_id_equal(&page.rows[i].person, &all.rows[seen].person) &&
                        dbk_id_equal(&page.rows[i].other, &all.rows[seen].other));
        after[0] = page.rows[page.count - 1].person;
        after[1] = page.rows[page.count - 1].other;
    }
    assert_int_equal(seen, scored);
    link(&all.rows[0].person, &all.rows[0].other, "rejected");
    list_pairs(&page, NULL, PAIRS_MAX);
    assert_int_equal(page.count, scored - 1); /* decided: not suggested again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_of_many_cultures_meet_with_a_day_of_birth, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(the_parts_explain_the_score_and_nothing_else_counts,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(a_name_alone_another_year_or_a_country_suggests_nobody,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(a_link_is_told_from_both_sides_and_can_be_taken_back,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(repeats_are_counted_over_linked_records_up_to_a_day,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(a_changed_record_is_found_by_what_it_says_now, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(every_pair_that_scores_is_listed_once_and_no_other_B39,
                                        make_org, drop_org),
    };
    return cmocka_run_group_tests_name("B39, B77: persons who may be the same", tests, NULL, NULL);
}
