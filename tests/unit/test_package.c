/* A referral that is sealed to its recipient, what the recipient answers, and the members' card
 * that says whose signature counts (docs/format/referral.md). */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <string.h>

#include "core/crypto/members_card.h"
#include "core/seal/reply.h"
#include "core/seal/package_internal.h"

#define CORPUS "tests/fuzz/corpus/"

static chain c;
static chain_device officer, auditor;
static dbk_secret *victim_support, *stranger;
static dbk_recipient to;
static dbk_package_opened opened;
static dbk_err err;
static const dbk_package_field fields[] = {
    { { (const uint8_t *)"person.name", 11 },
      { (const uint8_t *)"Name", 4 },
      { (const uint8_t *)"Joan Marsh", 10 } },
    { { (const uint8_t *)"referral.type", 13 },
      { (const uint8_t *)"Referral to", 11 },
      { (const uint8_t *)"Victim Support", 14 } },
};

static int make(void **state)
{
    (void)state;
    memset(&err, 0, sizeof(err));
    chain_begin(&c, 25);
    chain_enrolled(&officer, &c, DBK_ROLE_OFFICER);
    chain_enrolled(&auditor, &c, DBK_ROLE_AUDITOR);
    assert_ok(dbk_secret_random(&victim_support, 32, c.env, &err), &err);
    assert_ok(dbk_secret_random(&stranger, 32, c.env, &err), &err);
    assert_ok(dbk_recipient_of(&to, NULL, victim_support, &err), &err);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    dbk_package_opened_wipe(&opened);
    dbk_secret_free(victim_support);
    dbk_secret_free(stranger);
    chain_device_free(&officer);
    chain_device_free(&auditor);
    chain_free(&c);
    return 0;
}

static dbk_package sample(void)
{
    return (dbk_package){ .org = dbk_roster_org(c.roster),
                          .device = officer.id,
                          .referral = { { 1, 2, 3 } },
                          .time_ms = UINT64_C(1790000000000),
                          .safe = dbk_span_str("Never at work.\n"),
                          .fields = fields,
                          .fields_count = ARRAY_LEN(fields) };
}

static dbk_bytes seal_as(const dbk_package *p, const dbk_secret *signer)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_PACKAGE_BYTES_MAX);
    assert_ok(dbk_package_seal(&file, p, &to, signer, c.env, &err), &err);
    return file;
}

static dbk_rc open_with(dbk_span file, const dbk_secret *key)
{
    dbk_package_opened_wipe(&opened);
    memset(&err, 0, sizeof(err));
    return dbk_package_open(&opened, file, key, c.roster, &err);
}

static void a_package_opens_to_what_was_sent_and_for_nobody_else_B21(void **state)
{
    (void)state;
    dbk_package p = sample();
    dbk_bytes file = seal_as(&p, officer.sign);
    dbk_id recipient = dbk_recipient_id(&to), said;
    assert_ok(dbk_package_for(&said, dbk_bytes_span(&file), &err), &err);
    assert_true(dbk_id_equal(&said, &recipient));
    assert_ok(open_with(dbk_bytes_span(&file), victim_support), &err);
    assert_true(dbk_id_equal(&opened.package.referral, &p.referral));
    assert_true(dbk_id_equal(&opened.package.device, &officer.id));
    assert_true(dbk_id_equal(&opened.package.recipient, &recipient));
    assert_int_equal(opened.package.time_ms, p.time_ms);
    assert_true(dbk_span_equal(opened.package.safe, p.safe));
    assert_int_equal(opened.package.fields_count, ARRAY_LEN(fields));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        assert_true(dbk_span_equal(opened.fields[i].name, fields[i].name));
        assert_true(dbk_span_equal(opened.fields[i].label, fields[i].label));
        assert_true(dbk_span_equal(opened.fields[i].value, fields[i].value));
    }
    assert_rc(open_with(dbk_bytes_span(&file), stranger), DBK_DENIED, &err);
    assert_int_equal(opened.text.len, 0);
    dbk_bytes_wipe(&file);
}

static void each_bit_that_is_turned_and_each_end_that_is_cut_is_refused(void **state)
{
    (void)state;
    dbk_package p = sample();
    dbk_bytes file = seal_as(&p, officer.sign);
    for (size_t bit = 0; bit < file.len * 8; bit++) {
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (open_with(dbk_bytes_span(&file), victim_support) == DBK_OK)
            fail_msg("bit %zu turned: taken", bit);
        assert_int_equal(opened.text.len, 0);
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < file.len; len++)
        assert_int_not_equal(open_with(dbk_span_of(file.p, len), victim_support), DBK_OK);
    assert_ok(dbk_bytes_append_u8(&file, 0, &err), &err);
    assert_int_not_equal(open_with(dbk_bytes_span(&file), victim_support), DBK_OK);
    dbk_bytes_wipe(&file);
}

/* Padme: what is told from the length is a size class. */
static void the_length_of_a_package_tells_little_of_what_it_holds(void **state)
{
    static char words[4000];
    size_t sizes = 0, before = 0;
    (void)state;
    memset(words, 'x', sizeof(words));
    for (size_t len = 1; len < sizeof(words); len += 7) {
        dbk_package_field one = fields[0];
        dbk_package p = sample();
        one.value = dbk_span_of(words, len);
        p.fields = &one;
        p.fields_count = 1;
        dbk_bytes file = seal_as(&p, officer.sign);
        sizes += file.len != before ? 1 : 0;
        before = file.len;
        dbk_bytes_wipe(&file);
    }
    if (sizes > 80)
        fail_msg("572 lengths give %zu sizes", sizes);
}

static void who_sends_must_be_on_the_card_and_in_force_R7_R8(void **state)
{
    chain_entry entry;
    (void)state;
    dbk_package p = sample();
    dbk_bytes good = seal_as(&p, officer.sign);
    dbk_bytes forged = seal_as(&p, auditor.sign);
    assert_rc(open_with(dbk_bytes_span(&forged), victim_support), DBK_AUTH, &err);
    p.device = auditor.id;
    dbk_bytes reader = seal_as(&p, auditor.sign);
    assert_rc(open_with(dbk_bytes_span(&reader), victim_support), DBK_AUTH, &err);
    p.device = (dbk_id){ { 7 } };
    dbk_bytes unknown = seal_as(&p, officer.sign);
    assert_rc(open_with(dbk_bytes_span(&unknown), victim_support), DBK_AUTH, &err);
    p = sample();
    p.org = (dbk_id){ { 7 } };
    dbk_bytes other = seal_as(&p, officer.sign);
    assert_rc(open_with(dbk_bytes_span(&other), victim_support), DBK_AUTH, &err);
    assert_ok(open_with(dbk_bytes_span(&good), victim_support), &err);
    chain_revoke(&entry, &c, &officer, "stolen");
    chain_take(&c, &entry, NULL);
    assert_rc(open_with(dbk_bytes_span(&good), victim_support), DBK_AUTH, &err);
    dbk_bytes_wipe(&good);
    dbk_bytes_wipe(&forged);
    dbk_bytes_wipe(&reader);
    dbk_bytes_wipe(&unknown);
    dbk_bytes_wipe(&other);
}

/* The stranger opens a referral that was sent to it, and seals the signed bytes to victim_support:
 * the signature names whom it was for. */
static void a_recipient_cannot_pass_it_on_as_sent_to_another(void **state)
{
    (void)state;
    dbk_package p = sample();
    dbk_recipient first = to;
    assert_ok(dbk_recipient_of(&to, NULL, stranger, &err), &err);
    dbk_bytes file = seal_as(&p, officer.sign);
    assert_ok(open_with(dbk_bytes_span(&file), stranger), &err);
    dbk_bytes again = DBK_BYTES_INIT(DBK_PACKAGE_BYTES_MAX);
    assert_ok(dbk_package_encrypt(&again, dbk_bytes_span(&opened.text), &first, c.env, &err), &err);
    assert_rc(open_with(dbk_bytes_span(&again), victim_support), DBK_AUTH, &err);
    assert_non_null(strstr(err.text, "somebody else"));
    to = first;
    dbk_bytes_wipe(&file);
    dbk_bytes_wipe(&again);
}

static void what_no_recipient_could_use_is_not_sealed(void **state)
{
    static char words[DBK_PACKAGE_VALUE_BYTES_MAX + 1];
    dbk_package_field many[DBK_PACKAGE_FIELDS_MAX + 1];
    dbk_bytes file = DBK_BYTES_INIT(DBK_PACKAGE_BYTES_MAX);
    (void)state;
    memset(words, 'x', sizeof(words));
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = fields[0];
    for (unsigned i = 0; i < 7; i++) {
        dbk_package p = sample();
        dbk_package_field one = fields[0];
        p.fields = &one;
        p.fields_count = 1;
        if (i == 0)
            p.safe = dbk_span_str(""); /* safe contact always travels along (B107) */
        else if (i == 1)
            one.value = dbk_span_of(words, sizeof(words));
        else if (i == 2)
            one.value = dbk_span_str("\xff");
        else if (i == 3)
            one.name = dbk_span_str("");
        else if (i == 4)
            p.number = 1; /* corrects nothing */
        else if (i == 5)
            p.before.b[0] = 1; /* the first one corrects something */
        else
            p = (dbk_package){ .safe = p.safe, .fields = many, .fields_count = ARRAY_LEN(many) };
        assert_rc(dbk_package_seal(&file, &p, &to, officer.sign, c.env, NULL), DBK_INVALID, NULL);
    }
    dbk_package p = sample();
    dbk_recipient low = to;
    memset(low.kem, 0, sizeof(low.kem));
    assert_rc(dbk_package_seal(&file, &p, &low, officer.sign, c.env, NULL), DBK_INVALID, NULL);
    assert_int_equal(file.len, 0);
}

/* ---- keys and answers ------------------------------------------------------------------------ */

static void a_recipients_key_is_refused_when_a_letter_of_it_is_wrong(void **state)
{
    dbk_bytes text = DBK_BYTES_INIT(200);
    dbk_recipient back;
    (void)state;
    assert_ok(dbk_recipient_print(&text, &to, &err), &err);
    assert_int_equal(text.len, DBK_RECIPIENT_TEXT_CHARS);
    assert_ok(dbk_recipient_parse(&back, dbk_bytes_span(&text), &err), &err);
    assert_memory_equal(&back, &to, sizeof(to));
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_rc(dbk_recipient_parse(&back, dbk_bytes_span(&text), NULL), DBK_FORMAT, NULL);
        text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < text.len; len++)
        assert_rc(dbk_recipient_parse(&back, dbk_span_of(text.p, len), NULL), DBK_FORMAT, NULL);
    dbk_bytes_wipe(&text);
}

static dbk_bytes answer_text(dbk_reply *a)
{
    dbk_bytes text = DBK_BYTES_INIT(300);
    dbk_secret *signer = NULL;
    dbk_recipient own;
    assert_ok(dbk_recipient_of(&own, &signer, victim_support, &err), &err);
    *a = (dbk_reply){ .recipient = dbk_recipient_id(&own),
                      .referral = { { 1, 2, 3 } },
                      .package = dbk_package_hash(dbk_span_str("file")),
                      .kind = DBK_REPLY_REJECTED,
                      .why = DBK_REFUSAL_NO_ROOM,
                      .time_ms = UINT64_C(1790000001000) };
    assert_ok(dbk_reply_print(&text, a, signer, &err), &err);
    dbk_secret_free(signer);
    return text;
}

static void an_answer_is_the_recipients_or_nobodys(void **state)
{
    dbk_reply a, back;
    dbk_recipient other;
    (void)state;
    dbk_bytes text = answer_text(&a);
    assert_int_equal(text.len, DBK_REPLY_TEXT_CHARS);
    assert_ok(dbk_reply_parse(&back, dbk_bytes_span(&text), &err), &err);
    assert_int_equal(back.kind, DBK_REPLY_REJECTED);
    assert_int_equal(back.why, DBK_REFUSAL_NO_ROOM);
    assert_int_equal(back.time_ms, a.time_ms);
    assert_ok(dbk_reply_check(&back, &to, &err), &err);
    assert_ok(dbk_recipient_of(&other, NULL, stranger, &err), &err);
    assert_rc(dbk_reply_check(&back, &other, NULL), DBK_AUTH, NULL);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (dbk_reply_parse(&back, dbk_bytes_span(&text), NULL) == DBK_OK)
            assert_rc(dbk_reply_check(&back, &to, NULL), DBK_AUTH, NULL);
        text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < text.len; len++)
        assert_rc(dbk_reply_parse(&back, dbk_span_of(text.p, len), NULL), DBK_FORMAT, NULL);
    dbk_bytes_wipe(&text);
}

static void the_words_of_answers_come_back(void **state)
{
    dbk_reply_kind kind;
    dbk_refusal why;
    (void)state;
    for (int i = DBK_REPLY_RECEIVED; i <= DBK_REPLY_REJECTED; i++) {
        assert_true(dbk_reply_named(&kind, dbk_reply_name((dbk_reply_kind)i)));
        assert_int_equal(kind, i);
    }
    for (int i = DBK_REFUSAL_NOT_ELIGIBLE; i <= DBK_REFUSAL_OTHER; i++) {
        assert_true(dbk_refusal_named(&why, dbk_refusal_name((dbk_refusal)i)));
        assert_int_equal(why, i);
    }
    assert_false(dbk_reply_named(&kind, "lost"));
    assert_false(dbk_refusal_named(&why, ""));
}

/* ---- the members' card ----------------------------------------------------------------------- */

typedef struct small {
    dbk_bytes file, shorter;
} small;

/* A chain of its own: founder and officer, entry by entry. */
static small make_card(chain *made)
{
    small s;
    chain_entry ce;
    chain_device d;
    dbk_bytes genesis = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes enrol = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    chain_new(made, 7);
    chain_genesis(&ce, made);
    assert_ok(dbk_entry_sign(&genesis, &ce.e, made->root, &err), &err);
    chain_take(made, &ce, NULL);
    chain_device_new(&d, made, DBK_ROLE_OFFICER);
    chain_enrol(&ce, made, &d);
    assert_ok(dbk_entry_sign(&enrol, &ce.e, made->admin.admin, &err), &err);
    dbk_bytes_init(&s.file, DBK_MEMBERS_CARD_BYTES_MAX);
    dbk_bytes_init(&s.shorter, DBK_MEMBERS_CARD_BYTES_MAX);
    assert_ok(dbk_members_card_begin(&s.file, 2, &err), &err);
    assert_ok(dbk_members_card_add(&s.file, dbk_bytes_span(&genesis), &err), &err);
    assert_ok(dbk_members_card_add(&s.file, dbk_bytes_span(&enrol), &err), &err);
    assert_ok(dbk_members_card_begin(&s.shorter, 1, &err), &err);
    assert_ok(dbk_members_card_add(&s.shorter, dbk_bytes_span(&genesis), &err), &err);
    dbk_bytes_wipe(&genesis);
    dbk_bytes_wipe(&enrol);
    chain_device_free(&d);
    return s;
}

static void a_card_is_verified_from_the_root_key_and_never_grows_shorter(void **state)
{
    chain made;
    dbk_roster *roster = NULL;
    (void)state;
    small s = make_card(&made);
    assert_ok(dbk_members_card_open(&roster, dbk_bytes_span(&s.file), &made.root_pk, &err), &err);
    assert_int_equal(dbk_roster_devices(roster), 2);
    dbk_roster_free(roster);
    assert_int_not_equal(dbk_members_card_open(&roster, dbk_bytes_span(&s.file), &c.root_pk, NULL),
                         DBK_OK);
    assert_true(dbk_members_card_extends(dbk_bytes_span(&s.file), dbk_bytes_span(&s.shorter)));
    assert_true(dbk_members_card_extends(dbk_bytes_span(&s.file), dbk_bytes_span(&s.file)));
    assert_false(dbk_members_card_extends(dbk_bytes_span(&s.shorter), dbk_bytes_span(&s.file)));
    for (size_t len = 0; len < s.file.len; len++)
        assert_int_not_equal(
            dbk_members_card_open(&roster, dbk_span_of(s.file.p, len), &made.root_pk, NULL),
            DBK_OK);
    for (size_t bit = 0; bit < s.file.len * 8; bit += 5) {
        s.file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (dbk_members_card_open(&roster, dbk_bytes_span(&s.file), &made.root_pk, NULL) == DBK_OK)
            fail_msg("bit %zu turned: taken", bit);
        s.file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_bytes_wipe(&s.file);
    dbk_bytes_wipe(&s.shorter);
    chain_free(&made);
}

/* ---- golden vectors -------------------------------------------------------------------------- */

static void the_bytes_are_these(void **state)
{
    golden g;
    dbk_reply a;
    dbk_bytes key = DBK_BYTES_INIT(200);
    (void)state;
    dbk_package p = sample();
    p.number = 1;
    memset(p.before.b, 5, sizeof(p.before.b));
    dbk_bytes file = seal_as(&p, officer.sign), text = answer_text(&a);
    dbk_hash hash = dbk_package_hash(dbk_bytes_span(&file));
    dbk_id id = dbk_recipient_id(&to);
    assert_ok(dbk_recipient_print(&key, &to, &err), &err);
    assert_ok(open_with(dbk_bytes_span(&file), victim_support), &err);
    golden_begin(&g, "tests/vectors/referral.json");
    golden_hex(&g, "recipient's secret", dbk_secret_bytes(victim_support));
    golden_hex(&g, "kem", dbk_span_of(to.kem, sizeof(to.kem)));
    golden_hex(&g, "sign", dbk_span_of(to.sign.b, sizeof(to.sign.b)));
    golden_hex(&g, "recipient's id", dbk_span_of(id.b, sizeof(id.b)));
    golden_hex(&g, "recipient's text", dbk_bytes_span(&key));
    golden_hex(&g, "sender's key", dbk_span_of(officer.keys.sign.b, 32));
    golden_hex(&g, "package", dbk_bytes_span(&file));
    golden_hex(&g, "padded, opened", dbk_bytes_span(&opened.text));
    golden_hex(&g, "hash of the package", dbk_span_of(hash.b, sizeof(hash.b)));
    golden_hex(&g, "answer", dbk_bytes_span(&text));
    golden_end(&g);
    golden_file(CORPUS "package/one", dbk_bytes_span(&file));
    golden_file(CORPUS "package/opened", dbk_bytes_span(&opened.text));
    golden_file(CORPUS "answer/rejected", dbk_bytes_span(&text));
    golden_file(CORPUS "answer/recipient", dbk_bytes_span(&key));
    dbk_bytes_wipe(&key);
    dbk_bytes_wipe(&file);
    dbk_bytes_wipe(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_package_opens_to_what_was_sent_and_for_nobody_else_B21),
        TEST(each_bit_that_is_turned_and_each_end_that_is_cut_is_refused),
        TEST(the_length_of_a_package_tells_little_of_what_it_holds),
        TEST(who_sends_must_be_on_the_card_and_in_force_R7_R8),
        TEST(a_recipient_cannot_pass_it_on_as_sent_to_another),
        TEST(what_no_recipient_could_use_is_not_sealed),
        TEST(a_recipients_key_is_refused_when_a_letter_of_it_is_wrong),
        TEST(an_answer_is_the_recipients_or_nobodys),
        TEST(the_words_of_answers_come_back),
        TEST(a_card_is_verified_from_the_root_key_and_never_grows_shorter),
        TEST(the_bytes_are_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
