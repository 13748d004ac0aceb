/* Packs of forms in a store (design.md section 10; P1, P6). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/journal_draft.h"
#include "core/store/form_packs.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define FORM(form, version, fields) \
    "{\"form\":\"" form "\",\"version\":" version ",\"title\":\"Ours\",\"fields\":[" fields "]}"
#define TEXT(name, more) "{\"name\":\"" name "\",\"label\":\"L\",\"kind\":\"text\"" more "}"
#define KIT FORM("kit", "1000", TEXT("colour", ""))
#define KIT_2 FORM("kit", "1001", TEXT("colour", "") "," TEXT("size", ""))

enum { DESK, HQ, ANN };

typedef struct bench {
    dbk_test_org org;
    dbk_bytes pack;
} bench;

static int setup(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_HQ, DBK_ROLE_OFFICER };
    bench *b = dbk_alloc(sizeof(*b));
    assert_non_null(b);
    dbk_test_org_make(&b->org, roles, ARRAY_LEN(roles));
    dbk_bytes_init(&b->pack, DBK_FORM_PACK_BYTES_MAX);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    dbk_test_org_check(&b->org);
    dbk_test_org_drop(&b->org);
    dbk_bytes_wipe(&b->pack);
    dbk_free(b);
    return 0;
}

static dbk_book *book_of(bench *b, int who)
{
    return b->org.books[who].book;
}

static dbk_rc make(bench *b, int who, const char *const *forms, dbk_err *err)
{
    dbk_form_pack_text texts[DBK_FORM_PACK_TEXTS_MAX];
    size_t count = 0;
    for (; forms[count] != NULL; count++)
        texts[count] = (dbk_form_pack_text){ DBK_FORM_PACK_FORM, dbk_span_str(forms[count]) };
    const dbk_form_pack_new pack = { "starter", texts, count };
    dbk_bytes_truncate(&b->pack, 0);
    return dbk_form_pack_make(book_of(b, who), &b->pack, &pack, err);
}

static void made(bench *b, int who, const char *const *forms)
{
    dbk_err err = { 0 };
    assert_ok(make(b, who, forms, &err), &err);
}

/* Signed by the device although making it there is refused: what a changed program could do. */
static void forced(bench *b, int who, const char *form)
{
    dbk_err err = { 0 };
    const dbk_form_pack pack = { .org = dbk_roster_org(book_of(b, who)->roster),
                                 .device = dbk_book_device(book_of(b, who)),
                                 .name = dbk_span_str("forced"),
                                 .texts = { { DBK_FORM_PACK_FORM, dbk_span_str(form) } },
                                 .texts_count = 1 };
    dbk_bytes_truncate(&b->pack, 0);
    assert_ok(dbk_form_pack_sign(&b->pack, &pack, book_of(b, who)->own.sign, &err), &err);
}

static dbk_form_pack_installed installed(bench *b, int who)
{
    dbk_form_pack_installed done;
    dbk_err err = { 0 };
    assert_ok(dbk_form_pack_install(book_of(b, who), &done, dbk_bytes_span(&b->pack), &err), &err);
    return done;
}

static void refused(bench *b, int who, dbk_rc want, const char *words)
{
    dbk_form_pack_installed done;
    dbk_err err = { 0 };
    size_t before = dbk_forms_count(dbk_book_forms(book_of(b, who)));
    assert_rc(dbk_form_pack_install(book_of(b, who), &done, dbk_bytes_span(&b->pack), &err), want,
              &err);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" isn't in: %s", words, err.text);
    assert_int_equal(dbk_forms_count(dbk_book_forms(book_of(b, who))), before);
    dbk_test_book_reopen(&b->org.books[who]);
    assert_int_equal(dbk_forms_count(dbk_book_forms(book_of(b, who))), before);
}

static const dbk_form *newest(bench *b, int who, const char *name)
{
    return dbk_forms_find(dbk_book_forms(book_of(b, who)), dbk_span_str(name), 0);
}

static void an_installed_form_is_used_from_then_on(void **state)
{
    bench *b = *state;
    made(b, DESK, TEXTS(KIT));
    dbk_form_pack_installed done = installed(b, ANN);
    assert_true(done.is_new);
    assert_int_equal(done.forms, 1);
    assert_int_equal(done.records, 0);
    dbk_id id = dbk_test_add(book_of(b, ANN), &b->org.space, "kit", TEXTS("colour=red"));
    dbk_test_book_reopen(&b->org.books[ANN]);
    assert_non_null(newest(b, ANN, "kit"));
    assert_string_equal(dbk_test_text(book_of(b, ANN), &id, "colour"), "red");
    dbk_test_edit(book_of(b, ANN), &id, TEXTS("colour=blue"));
    assert_string_equal(dbk_test_text(book_of(b, ANN), &id, "colour"), "blue");
}

static void headquarters_makes_packs_too_and_nobody_else(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    made(b, HQ, TEXTS(KIT));
    assert_true(installed(b, ANN).is_new);
    assert_rc(make(b, ANN, TEXTS(KIT), &err), DBK_DENIED, &err);
    forced(b, ANN, FORM("other", "1000", TEXT("a", "")));
    refused(b, DESK, DBK_DENIED, "neither an administrator's");
}

static void the_same_pack_again_changes_nothing(void **state)
{
    bench *b = *state;
    made(b, DESK, TEXTS(KIT));
    assert_true(installed(b, ANN).is_new);
    size_t before = dbk_forms_count(dbk_book_forms(book_of(b, ANN)));
    dbk_form_pack_installed done = installed(b, ANN);
    assert_false(done.is_new);
    assert_int_equal(done.forms, 0);
    assert_int_equal(dbk_forms_count(dbk_book_forms(book_of(b, ANN))), before);
    /* The same text in another pack is the same form. */
    made(b, HQ, TEXTS(KIT, KIT_2));
    done = installed(b, ANN);
    assert_true(done.is_new);
    assert_int_equal(done.forms, 1);
}

static void one_version_has_one_text_for_ever(void **state)
{
    bench *b = *state;
    made(b, DESK, TEXTS(KIT));
    (void)installed(b, ANN);
    made(b, DESK, TEXTS(FORM("kit", "1000", TEXT("colour", "") "," TEXT("size", ""))));
    refused(b, ANN, DBK_CONFLICT, "another form is kit version 1000 already");
}

/* The first text would do, the second doesn't. */
static void it_is_all_or_nothing(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    made(b, DESK, TEXTS(KIT));
    (void)installed(b, ANN);
    made(b, DESK,
         TEXTS(FORM("a_first", "1000", TEXT("a", "")), FORM("kit", "1000", TEXT("other", ""))));
    refused(b, ANN, DBK_CONFLICT, "kit version 1000");
    assert_null(newest(b, ANN, "a_first"));
    assert_rc(make(b, DESK, TEXTS(FORM("kit", "1000", TEXT("a", "")), "{}"), &err), DBK_FORMAT,
              &err);
    assert_null(newest(b, DESK, "kit"));
}

static void a_pack_takes_no_protection_from_a_shipped_form_P6(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    const char *weak = FORM("person", "1000", TEXT("name", ""));
    assert_rc(make(b, DESK, TEXTS(weak), &err), DBK_DENIED, &err);
    forced(b, DESK, weak);
    refused(b, ANN, DBK_DENIED, "person version 1000 would protect less than version 1");
    forced(b, DESK, FORM("audit", "1000", TEXT("name", "")));
    refused(b, ANN, DBK_DENIED, "the program's own");
    forced(b, DESK, FORM("kit", "1", TEXT("name", "")));
    refused(b, ANN, DBK_INVALID, "begin with 1000");
}

static void a_pack_of_a_revoked_device_is_refused_and_what_it_brought_stays(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_leaving leaving = { .device = dbk_book_device(book_of(b, HQ)), .reason = "stolen" };
    made(b, HQ, TEXTS(KIT));
    (void)installed(b, ANN);
    assert_ok(dbk_org_leave(book_of(b, DESK), &entry, &leaving, &err), &err);
    dbk_test_org_post(&b->org, dbk_bytes_span(&entry));
    refused(b, DESK, DBK_DENIED, "has been revoked");
    assert_rc(make(b, HQ, TEXTS(KIT_2), &err), DBK_DENIED, &err);
    dbk_test_book_reopen(&b->org.books[ANN]);
    assert_non_null(newest(b, ANN, "kit"));
    dbk_bytes_wipe(&entry);
}

/* P1, design.md section 5: what came with an unknown form was kept, and is read now. */
static void what_came_before_its_form_is_read_with_it(void **state)
{
    bench *b = *state;
    const char *dated = "{\"form\":\"kit\",\"version\":1000,\"title\":\"Kit\",\"when\":\"on\","
                        "\"summary\":[\"colour\"],\"fields\":[" TEXT(
                            "colour", "") ",{\"name\":\"on\",\"label\":\"On\",\"kind\":\"date\"}]}";
    dbk_err err = { 0 };
    made(b, DESK, TEXTS(dated));
    (void)installed(b, DESK);
    dbk_id id = dbk_test_add(book_of(b, DESK), &b->org.space, "kit",
                             TEXTS("colour=red", "on=2020-02-03"));
    dbk_test_org_exchange(&b->org);
    dbk_draft d;
    assert_rc(dbk_draft_load(&d, book_of(b, ANN), &id, &err), DBK_VERSION, &err);
    dbk_draft_wipe(&d);
    dbk_form_pack_installed done = installed(b, ANN);
    assert_int_equal(done.records, 1);
    assert_string_equal(dbk_test_text(book_of(b, ANN), &id, "colour"), "red");
    dbk_test_edit(book_of(b, ANN), &id, TEXTS("colour=blue"));
    dbk_test_org_exchange(&b->org);
    assert_string_equal(dbk_test_text(book_of(b, DESK), &id, "colour"), "blue");
}

static void a_draft_stays_with_the_version_it_was_begun_on(void **state)
{
    bench *b = *state;
    made(b, DESK, TEXTS(KIT));
    (void)installed(b, ANN);
    dbk_id old = dbk_test_add(book_of(b, ANN), &b->org.space, "kit", TEXTS("colour=red"));
    made(b, DESK, TEXTS(KIT_2));
    dbk_form_pack_installed done = installed(b, ANN);
    assert_int_equal(done.forms, 1);
    assert_int_equal(done.records, 1);
    dbk_problems problems = { 0 };
    dbk_id id;
    assert_int_equal(dbk_test_try_add(book_of(b, ANN), &id, &problems, &b->org.space, "kit",
                                      TEXTS("size=small")),
                     DBK_OK);
    dbk_problems_wipe(&problems);
    dbk_err err = { 0 };
    dbk_draft d;
    assert_ok(dbk_draft_load(&d, book_of(b, ANN), &old, &err), &err);
    assert_int_equal(dbk_form_version(d.form), 1000);
    dbk_draft_wipe(&d);
    assert_ok(dbk_draft_load(&d, book_of(b, ANN), &id, &err), &err);
    assert_int_equal(dbk_form_version(d.form), 1001);
    dbk_draft_wipe(&d);
}

/* domain.md 2.4: the questions are under copyright, and come in a force's own pack. */
static void a_tools_questions_come_with_a_pack_and_stay_2_4(void **state)
{
    static const char questions[] =
        "{\"tool\":\"dash\",\"version\":\"safelives_ric\",\"questions\":{\"q1\":\"Hurt?\"}}";
    static const char other[] =
        "{\"tool\":\"dash\",\"version\":\"safelives_ric\",\"questions\":{\"q1\":\"Well?\"}}";
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_form_pack_text texts[] = { { DBK_FORM_PACK_FORM, dbk_span_str(KIT) },
                                   { DBK_FORM_PACK_TOOL, dbk_span_str(questions) } };
    dbk_form_pack_new pack = { "words", texts, 2 };
    const dbk_span tool = dbk_span_str("dash"), version = dbk_span_str("safelives_ric");
    assert_ok(dbk_form_pack_make(book_of(b, DESK), &b->pack, &pack, &err), &err);
    dbk_form_pack_installed done = installed(b, ANN);
    assert_int_equal(done.tools, 1);
    dbk_test_book_reopen(&b->org.books[ANN]);
    assert_string_equal(dbk_tool_texts_find(dbk_book_tools(book_of(b, ANN)), tool, version, "q1"),
                        "Hurt?");
    texts[0].text = dbk_span_str(KIT_2);
    texts[1].text = dbk_span_str(other);
    dbk_bytes_truncate(&b->pack, 0);
    assert_ok(dbk_form_pack_make(book_of(b, DESK), &b->pack, &pack, &err), &err);
    refused(b, ANN, DBK_CONFLICT, "another text is tool dash version safelives_ric");
    assert_string_equal(dbk_tool_texts_find(dbk_book_tools(book_of(b, ANN)), tool, version, "q1"),
                        "Hurt?");
}

static dbk_rc look(void *ctx, const dbk_form_pack_row *row, dbk_err *err)
{
    dbk_form_pack_row *out = ctx;
    (void)err;
    out->pack = row->pack;
    out->installed_ms = row->installed_ms;
    out->revoked = row->revoked;
    return DBK_OK;
}

static void it_says_which_pack_a_form_is_of(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_form_pack_row row = { 0 };
    made(b, DESK, TEXTS(KIT));
    (void)installed(b, ANN);
    assert_ok(dbk_form_packs_tell(book_of(b, ANN), look, &row, &err), &err);
    assert_true(row.pack != 0);
    assert_false(row.revoked);
    const dbk_forms *forms = dbk_book_forms(book_of(b, ANN));
    for (size_t i = 0; i < dbk_forms_count(forms); i++) {
        bool ours = strcmp(dbk_form_name(dbk_forms_at(forms, i)), "kit") == 0;
        assert_int_equal(dbk_forms_pack_at(forms, i), ours ? row.pack : 0);
    }
}

/* What was put into the store by another way than installing isn't believed. */
static void a_pack_that_was_changed_in_the_store_is_found_when_it_opens(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_book *book = book_of(b, ANN);
    made(b, DESK, TEXTS(KIT));
    b->pack.p[b->pack.len - 1] ^= 1; /* of the signature */
    dbk_store_form_pack row = { .bytes = dbk_bytes_span(&b->pack) };
    assert_ok(dbk_book_begin(book, &err), &err);
    assert_ok(dbk_form_packs_add(book->store, &row, &err), &err);
    assert_ok(dbk_book_commit(book, &err), &err);
    assert_rc(dbk_form_packs_load(book, &err), DBK_DAMAGED, &err);
    assert_non_null(strstr(err.text, "changed after it was signed"));
    assert_null(newest(b, ANN, "kit"));
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_BENCH(an_installed_form_is_used_from_then_on),
        WITH_BENCH(headquarters_makes_packs_too_and_nobody_else),
        WITH_BENCH(the_same_pack_again_changes_nothing),
        WITH_BENCH(one_version_has_one_text_for_ever),
        WITH_BENCH(it_is_all_or_nothing),
        WITH_BENCH(a_pack_takes_no_protection_from_a_shipped_form_P6),
        WITH_BENCH(a_pack_of_a_revoked_device_is_refused_and_what_it_brought_stays),
        WITH_BENCH(what_came_before_its_form_is_read_with_it),
        WITH_BENCH(a_draft_stays_with_the_version_it_was_begun_on),
        WITH_BENCH(a_tools_questions_come_with_a_pack_and_stay_2_4),
        WITH_BENCH(it_says_which_pack_a_form_is_of),
        WITH_BENCH(a_pack_that_was_changed_in_the_store_is_found_when_it_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
