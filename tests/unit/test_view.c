#include "tests/lib/test.h"

#include <string.h>

#include "core/model/view.h"
#include "tests/lib/diag.h"
#include "tests/lib/opkit.h"

#define SECOND ((dbk_hlc)1000 << 16) /* of the hybrid clock: milliseconds above 16 bits */

static const char form_json[] =
    "{\"form\": \"note\", \"version\": 1, \"title\": \"Note\", \"fields\": ["
    "{\"name\": \"status\", \"label\": \"Status\", \"kind\": \"text\"},"
    "{\"name\": \"risk\", \"label\": \"Risk\", \"kind\": \"code\", \"rule\": \"cautious\","
    " \"codes\": {\"low\": \"Low\", \"high\": \"High\"}, \"protect\": [\"high\", \"low\"]},"
    "{\"name\": \"grade\", \"label\": \"Grade\", \"kind\": \"text\", \"rule\": \"hq\"},"
    "{\"name\": \"remark\", \"label\": \"Remark\", \"kind\": \"text\", \"rule\": \"latest\"},"
    "{\"name\": \"born\", \"label\": \"Born\", \"kind\": \"text\", \"rule\": \"once\"},"
    "{\"name\": \"markers\", \"label\": \"Markers\", \"kind\": \"list\", \"rule\": \"set\"},"
    "{\"name\": \"log\", \"label\": \"Log\", \"kind\": \"list\", \"rule\": \"log\"},"
    "{\"name\": \"calls\", \"label\": \"Calls\", \"kind\": \"number\", \"rule\": \"count\"}]}";

/* Receipts of a test: seconds by the feed's letter and seq, 0 for none. */
typedef struct receipts {
    uint64_t seconds[8][4];
} receipts;

static uint64_t receipt_of(void *ctx, const dbk_dot *dot)
{
    const receipts *r = ctx;
    return 1000 * r->seconds[dot->feed.b[0] - 'a'][dot->seq];
}

typedef struct fixture {
    dbk_form *form;
    dbk_state *s;
    receipts given;
    dbk_view_opts opts;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    memset(&f, 0, sizeof(f));
    assert_ok(dbk_form_parse(&f.form, dbk_span_str(form_json), &err), &err);
    f.s = kit_state();
    f.opts = (dbk_view_opts){ f.form, receipt_of, &f.given };
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    dbk_state_free(f->s);
    dbk_form_free(f->form);
    return 0;
}

/* A write of one register by an author who has seen nothing: feed's letter, then its role. */
static void blind(fixture *f, const char *who, uint64_t second, const char *group,
                  const char *value)
{
    kit_op k;
    kit_begin(&k, second * SECOND);
    kit_text(&k, strcmp(group, DBK_GROUP_LIFECYCLE) == 0 ? DBK_WRITE_LIFECYCLE : DBK_WRITE_SET,
             group, value);
    kit_do(f->s, &k, kit_dot(who[0], 1), who[1]);
}

static const dbk_state_group *group(const fixture *f, const char *name)
{
    return dbk_state_group_find(f->s, dbk_span_str(name));
}

/* The author's letter of what is shown. */
static char winner(const fixture *f, const char *name)
{
    const dbk_state_group *g = group(f, name);
    return (char)g->registers[dbk_view_group(g, &f->opts).winner].dot.feed.b[0];
}

static void assert_shown(const fixture *f, const char *name, char author, dbk_dispute dispute,
                         size_t distinct)
{
    dbk_shown shown = dbk_view_group(group(f, name), &f->opts);
    assert_int_equal(winner(f, name), author);
    assert_int_equal(shown.dispute, dispute);
    assert_int_equal(shown.distinct, distinct);
}

static void the_latest_claim_is_shown_and_two_values_ask_P2(void **state)
{
    fixture *f = *state;
    blind(f, "co", 10, "status", "{\"status\": \"x\"}");
    assert_shown(f, "status", 'c', DBK_DISPUTE_NONE, 1);
    blind(f, "ao", 30, "status", "{\"status\": \"y\"}");
    blind(f, "bo", 20, "status", "{\"status\": \"x\"}");
    assert_shown(f, "status", 'a', DBK_DISPUTE_ASK, 2);
    assert_int_equal(dbk_view_attention(f->s, &f->opts).asks, 1);
    assert_int_equal(dbk_view_attention(f->s, &f->opts).reviews, 3);
}

static void a_clock_that_runs_ahead_wins_no_longer_than_until_its_receipt_2_19(void **state)
{
    fixture *f = *state;
    blind(f, "ao", 9000, "status", "{\"status\": \"ahead\"}");
    blind(f, "bo", 50, "status", "{\"status\": \"right\"}");
    assert_int_equal(winner(f, "status"), 'a'); /* for now: nothing is known about it */
    f->given.seconds[0][1] = 40;
    assert_int_equal(winner(f, "status"), 'b');
    f->given.seconds[1][1] = 60; /* late to the relay: its claim stands */
    assert_int_equal(winner(f, "status"), 'b');
    f->given.seconds[0][1] = 51;
    assert_int_equal(winner(f, "status"), 'a');
}

static void a_tie_goes_to_the_greater_dot(void **state)
{
    fixture *f = *state;
    blind(f, "bo", 10, "status", "{\"status\": \"x\"}");
    blind(f, "co", 10, "status", "{\"status\": \"y\"}");
    blind(f, "ao", 10, "status", "{\"status\": \"z\"}");
    assert_int_equal(winner(f, "status"), 'c');
}

static void equal_values_never_conflict(void **state)
{
    fixture *f = *state;
    blind(f, "ao", 10, "status", "{\"status\": \"x\"}");
    blind(f, "bo", 20, "status", "{\"status\": \"x\"}");
    assert_shown(f, "status", 'b', DBK_DISPUTE_NONE, 1);
}

static void the_more_protective_value_is_shown_however_old_P6(void **state)
{
    fixture *f = *state;
    blind(f, "ao", 10, "risk", "{\"risk\": \"high\"}");
    blind(f, "bo", 99, "risk", "{\"risk\": \"low\"}");
    assert_shown(f, "risk", 'a', DBK_DISPUTE_CAUTIOUS, 2);
    blind(f, "co", 20, "risk", "{\"risk\": \"high\"}");
    assert_shown(f, "risk", 'c', DBK_DISPUTE_CAUTIOUS, 2); /* of equal rank the later one */
    assert_int_equal(dbk_view_attention(f->s, &f->opts).cautious, 1);
}

static void hq_is_shown_and_a_field_edit_is_a_proposal(void **state)
{
    fixture *f = *state;
    blind(f, "ah", 10, "grade", "{\"grade\": \"A\"}");
    blind(f, "bo", 99, "grade", "{\"grade\": \"B\"}");
    assert_shown(f, "grade", 'a', DBK_DISPUTE_PROPOSAL, 2);
    assert_int_equal(dbk_view_attention(f->s, &f->opts).proposals, 1);
    blind(f, "ch", 5, "grade", "{\"grade\": \"C\"}");
    assert_shown(f, "grade", 'a', DBK_DISPUTE_ASK, 3); /* HQ must agree with itself first */
}

static void without_an_hq_value_field_edits_ask(void **state)
{
    fixture *f = *state;
    blind(f, "ao", 10, "grade", "{\"grade\": \"A\"}");
    blind(f, "bo", 20, "grade", "{\"grade\": \"B\"}");
    assert_shown(f, "grade", 'b', DBK_DISPUTE_ASK, 2);
}

static void latest_never_asks_and_once_asks_for_the_second_value(void **state)
{
    fixture *f = *state;
    blind(f, "ao", 10, "remark", "{\"remark\": \"A\"}");
    blind(f, "bo", 20, "remark", "{\"remark\": \"B\"}");
    assert_shown(f, "remark", 'b', DBK_DISPUTE_NONE, 2);
    blind(f, "co", 10, "born", "{\"born\": \"A\"}");
    blind(f, "do", 20, "born", "{\"born\": \"B\"}");
    assert_shown(f, "born", 'd', DBK_DISPUTE_ASK, 2);
}

static void what_no_form_explains_is_for_a_person(void **state)
{
    fixture *f = *state;
    dbk_view_opts no_form = { NULL, receipt_of, &f->given };
    blind(f, "ao", 10, "remark", "{\"remark\": \"A\"}");
    blind(f, "bo", 20, "remark", "{\"remark\": \"B\"}");
    assert_int_equal(dbk_view_group(group(f, "remark"), &no_form).dispute, DBK_DISPUTE_ASK);
    blind(f, "co", 10, "new_group", "{\"x\": 1}");
    blind(f, "do", 20, "new_group", "{\"x\": 2}");
    assert_shown(f, "new_group", 'd', DBK_DISPUTE_ASK, 2);
    blind(f, "eo", 10, "log", "{\"log\": \"A\"}"); /* a register where the form has a log */
    blind(f, "fo", 20, "log", "{\"log\": \"B\"}");
    assert_shown(f, "log", 'f', DBK_DISPUTE_ASK, 2);
}

static size_t pred_of(const fixture *f, const char *name, const char *who, dbk_dot *out)
{
    const dbk_author author = { kit_id(who[0]), who[1] == 'h' };
    return dbk_view_pred(group(f, name), &f->opts, &author, out, 8);
}

static void an_edit_names_what_its_author_saw_and_its_own_6_2_1(void **state)
{
    fixture *f = *state;
    dbk_dot pred[8];
    blind(f, "ao", 10, "status", "{\"status\": \"x\"}");
    blind(f, "bo", 30, "status", "{\"status\": \"y\"}");
    blind(f, "co", 20, "status", "{\"status\": \"z\"}");
    assert_int_equal(pred_of(f, "status", "do", pred), 1);
    assert_int_equal(pred[0].feed.b[0], 'b');
    assert_int_equal(pred_of(f, "status", "ao", pred), 2);
    assert_int_equal(pred[0].feed.b[0], 'a');
    assert_int_equal(pred[1].feed.b[0], 'b');
    assert_int_equal(pred_of(f, "status", "bo", pred), 1);
    const dbk_author c = { kit_id('c'), false };
    assert_int_equal(dbk_view_pred(group(f, "status"), &f->opts, &c, pred, 1), 1);
}

static void an_officer_never_overwrites_a_value_of_hq(void **state)
{
    fixture *f = *state;
    dbk_dot pred[8];
    blind(f, "ah", 30, "grade", "{\"grade\": \"A\"}");
    blind(f, "bo", 10, "grade", "{\"grade\": \"B\"}");
    assert_int_equal(pred_of(f, "grade", "co", pred), 0);
    assert_int_equal(pred_of(f, "grade", "bo", pred), 1);
    assert_int_equal(pred[0].feed.b[0], 'b');
    assert_int_equal(pred_of(f, "grade", "dh", pred), 1);
    assert_int_equal(pred[0].feed.b[0], 'a');
    blind(f, "eo", 10, "status", "{\"status\": \"B\"}");
    blind(f, "gh", 30, "status", "{\"status\": \"A\"}"); /* another rule: HQ is an author */
    assert_int_equal(pred_of(f, "status", "co", pred), 1);
    assert_int_equal(pred[0].feed.b[0], 'g');
}

static void the_state_that_protects_most_is_shown_while_authors_differ(void **state)
{
    static const struct {
        const char *writes[3];
        dbk_life shown;
        dbk_dispute dispute;
    } cases[] = {
        { { NULL }, DBK_LIFE_LIVE, DBK_DISPUTE_NONE },
        { { "live" }, DBK_LIFE_LIVE, DBK_DISPUTE_NONE },
        { { "signed" }, DBK_LIFE_SIGNED, DBK_DISPUTE_NONE },
        { { "signed", "live" }, DBK_LIFE_SIGNED, DBK_DISPUTE_ASK },
        { { "signed", "withdrawn", "live" }, DBK_LIFE_WITHDRAWN, DBK_DISPUTE_ASK },
        { { "disposed", "withdrawn" }, DBK_LIFE_DISPOSED, DBK_DISPUTE_ASK },
        { { "sealed", "signed" }, DBK_LIFE_SIGNED, DBK_DISPUTE_ASK }, /* a newer program's */
        { { "sealed" }, DBK_LIFE_LIVE, DBK_DISPUTE_NONE },
    };
    fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_dispute dispute;
        dbk_state_free(f->s);
        f->s = kit_state();
        blind(f, "ho", 1, "status", "{\"status\": 1}");
        for (size_t k = 0; k < 3 && cases[i].writes[k] != NULL; k++) {
            char who[3] = { (char)('a' + k), 'o', '\0' };
            kit_op op;
            kit_begin(&op, (10 + k) * SECOND);
            kit_life(&op, DBK_WRITE_LIFECYCLE, cases[i].writes[k]);
            kit_do(f->s, &op, kit_dot(who[0], 1), 'o');
        }
        dbk_life life = dbk_view_life(f->s, &f->opts, &dispute);
        if (life != cases[i].shown || dispute != cases[i].dispute)
            fail_msg("case %zu: %s, dispute %d", i, dbk_life_name(life), (int)dispute);
        assert_int_equal(dbk_view_attention(f->s, &f->opts).asks, dispute == DBK_DISPUTE_ASK);
    }
}

static void two_withdrawals_for_different_reasons_agree(void **state)
{
    fixture *f = *state;
    dbk_dispute dispute;
    blind(f, "ao", 10, DBK_GROUP_LIFECYCLE, "{\"state\": \"withdrawn\", \"reason\": \"a\"}");
    blind(f, "bo", 20, DBK_GROUP_LIFECYCLE, "{\"state\": \"withdrawn\", \"reason\": \"b\"}");
    assert_int_equal(dbk_view_life(f->s, &f->opts, &dispute), DBK_LIFE_WITHDRAWN);
    assert_int_equal(dispute, DBK_DISPUTE_NONE);
    assert_int_equal(dbk_view_attention(f->s, &f->opts).reviews, 1); /* a person sees both */
}

static void assert_field(const fixture *f, const char *name, const char *want)
{
    dbk_bytes scratch = DBK_BYTES_INIT(4096), cbor = DBK_BYTES_INIT(4096);
    dbk_err err = { 0 };
    dbk_span got;
    const dbk_field *field = dbk_form_field(f->form, name);
    assert_non_null(field);
    /* What stands in the scratch already must be left alone. */
    assert_ok(dbk_bytes_append_str(&scratch, "before", &err), &err);
    assert_ok(dbk_view_field(&got, &scratch, f->s, field, &f->opts, &err), &err);
    kit_cbor(&cbor, want);
    if (!dbk_span_equal(got, dbk_bytes_span(&cbor)))
        fail_msg("%s is not %s", name, want);
    assert_memory_equal(scratch.p, "before", 6);
    dbk_bytes_wipe(&scratch);
    dbk_bytes_wipe(&cbor);
}

static void a_field_shows_what_stands(void **state)
{
    fixture *f = *state;
    kit_op k;
    static const char *const names[] = { "status", "markers", "log", "calls" };
    blind(f, "ao", 10, "remark", "{\"other\": 1}");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_field(f, names[i], "");
    assert_field(f, "remark", ""); /* the group is there, the field is blank */
    blind(f, "bo", 10, "status", "{\"other\": 1, \"status\": \"x\"}");
    assert_field(f, "status", "\"x\"");
    kit_begin(&k, 30 * SECOND);
    kit_items(&k, DBK_WRITE_ADD, "markers", 3, 2);
    kit_items(&k, DBK_WRITE_APPEND, "log", 7, 2);
    kit_write(&k, DBK_WRITE_COUNT, "calls", 2);
    kit_do(f->s, &k, kit_dot('c', 1), 'o');
    k.op.time = 20 * SECOND;
    kit_do(f->s, &k, kit_dot('d', 1), 'o');
    kit_begin(&k, 25 * SECOND);
    kit_items(&k, DBK_WRITE_ADD, "markers", 1, 3);
    kit_items(&k, DBK_WRITE_APPEND, "log", 1, 1);
    kit_do(f->s, &k, kit_dot('e', 1), 'o');
    assert_field(f, "markers", "[1, 2, 3, 4]"); /* each once, by value */
    assert_field(f, "log", "[7, 8, 1, 7, 8]");  /* d at 20, e at 25, c at 30 */
    assert_field(f, "calls", "4");
    f->given.seconds['c' - 'a'][1] = 22; /* c's clock ran ahead */
    assert_field(f, "log", "[7, 8, 7, 8, 1]");
}

static void a_log_of_one_second_is_ordered_by_clock_then_dot_then_place(void **state)
{
    fixture *f = *state;
    static const struct {
        char feed;
        dbk_hlc time;
        int64_t n;
    } ops[] = { { 'd', 5, 40 }, { 'a', 9, 60 }, { 'c', 5, 30 }, { 'b', 7, 50 }, { 'e', 1, 10 } };
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        kit_op k;
        kit_begin(&k, SECOND + ops[i].time);
        kit_items(&k, DBK_WRITE_APPEND, "log", ops[i].n, 3);
        kit_do(f->s, &k, kit_dot(ops[i].feed, 1), 'o');
    }
    assert_field(f, "log", "[10, 11, 12, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62]");
}

#define with_form(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_form(the_latest_claim_is_shown_and_two_values_ask_P2),
        with_form(a_clock_that_runs_ahead_wins_no_longer_than_until_its_receipt_2_19),
        with_form(a_tie_goes_to_the_greater_dot),
        with_form(equal_values_never_conflict),
        with_form(the_more_protective_value_is_shown_however_old_P6),
        with_form(hq_is_shown_and_a_field_edit_is_a_proposal),
        with_form(without_an_hq_value_field_edits_ask),
        with_form(latest_never_asks_and_once_asks_for_the_second_value),
        with_form(what_no_form_explains_is_for_a_person),
        with_form(an_edit_names_what_its_author_saw_and_its_own_6_2_1),
        with_form(an_officer_never_overwrites_a_value_of_hq),
        with_form(the_state_that_protects_most_is_shown_while_authors_differ),
        with_form(two_withdrawals_for_different_reasons_agree),
        with_form(a_field_shows_what_stands),
        with_form(a_log_of_one_second_is_ordered_by_clock_then_dot_then_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
