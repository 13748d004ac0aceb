/* Packs of forms: bytes, signature, and whose packs count (design.md section 10). */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/crypto/form_pack.h"

#define VISITOR                                                     \
    "{\"form\":\"visitor\",\"version\":1000,\"title\":\"Visitor\"," \
    "\"fields\":[{\"name\":\"name\",\"label\":\"Name\",\"kind\":\"text\"}]}"
#define QUESTIONS "{\"tool\":\"dash\",\"version\":\"2009\",\"questions\":{\"q1\":\"Injured?\"}}"

typedef struct bench {
    chain c;
    dbk_form_pack pack;
    dbk_bytes bytes;
} bench;

static int setup(void **state)
{
    bench *b = dbk_alloc(sizeof(*b));
    assert_non_null(b);
    chain_begin(&b->c, 28);
    dbk_bytes_init(&b->bytes, DBK_FORM_PACK_BYTES_MAX);
    b->pack = (dbk_form_pack){ .org = dbk_roster_org(b->c.roster),
                               .device = b->c.admin.id,
                               .name = dbk_span_str("west_midlands_1"),
                               .time_ms = 1764450000000,
                               .texts = { { DBK_FORM_PACK_FORM, dbk_span_str(VISITOR) },
                                          { DBK_FORM_PACK_TOOL, dbk_span_str(QUESTIONS) } },
                               .texts_count = 2 };
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    chain_free(&b->c);
    dbk_bytes_wipe(&b->bytes);
    dbk_free(b);
    return 0;
}

static void sign_by(bench *b, const dbk_secret *sk)
{
    dbk_err err = { 0 };
    dbk_bytes_truncate(&b->bytes, 0);
    assert_ok(dbk_form_pack_sign(&b->bytes, &b->pack, sk, &err), &err);
}

/* Opens what the bench holds and asks whether it may be taken. */
static void admitted(bench *b, dbk_rc want, const char *words)
{
    dbk_form_pack p;
    dbk_err err = { 0 };
    assert_ok(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), &err);
    assert_rc(dbk_form_pack_admit(&p, b->c.roster, &err), want, &err);
    if (words != NULL && strstr(err.text, words) == NULL)
        fail_msg("\"%s\" isn't in: %s", words, err.text);
}

static void a_pack_opens_as_it_was_signed(void **state)
{
    bench *b = *state;
    dbk_form_pack p;
    dbk_err err = { 0 };
    sign_by(b, b->c.admin.sign);
    assert_ok(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), &err);
    assert_true(dbk_id_equal(&p.org, &b->pack.org));
    assert_true(dbk_id_equal(&p.device, &b->c.admin.id));
    assert_true(dbk_span_equal(p.name, b->pack.name));
    assert_int_equal(p.time_ms, b->pack.time_ms);
    assert_int_equal(p.texts_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(p.texts[i].kind, b->pack.texts[i].kind);
        assert_true(dbk_span_equal(p.texts[i].text, b->pack.texts[i].text));
    }
    admitted(b, DBK_OK, NULL);
}

static void a_name_that_is_no_name_and_no_texts_are_refused(void **state)
{
    static const char *const names[] = { "", "1st", "Upper", "a-b", "a b", "caf\xc3\xa9" };
    bench *b = *state;
    dbk_err err = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        b->pack.name = dbk_span_str(names[i]);
        err = (dbk_err){ 0 };
        assert_rc(dbk_form_pack_sign(&b->bytes, &b->pack, b->c.admin.sign, &err), DBK_INVALID,
                  &err);
    }
    b->pack.name = dbk_span_str("a");
    b->pack.texts_count = 0;
    err = (dbk_err){ 0 };
    assert_rc(dbk_form_pack_sign(&b->bytes, &b->pack, b->c.admin.sign, &err), DBK_LIMIT, &err);
    assert_int_equal(b->bytes.len, 0);
}

static void what_is_too_large_is_refused(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    size_t len = DBK_FORM_PACK_BYTES_MAX / 4u;
    uint8_t *text = dbk_alloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < 4; i++)
        b->pack.texts[i] = (dbk_form_pack_text){ DBK_FORM_PACK_FORM, dbk_span_of(text, len) };
    b->pack.texts_count = 4;
    assert_rc(dbk_form_pack_sign(&b->bytes, &b->pack, b->c.admin.sign, &err), DBK_LIMIT, &err);
    assert_int_equal(b->bytes.len, 0);
    b->pack.texts_count = 3;
    sign_by(b, b->c.admin.sign);
    admitted(b, DBK_OK, NULL);
    dbk_free(text);
}

static void a_pack_of_another_organisation_is_refused(void **state)
{
    bench *b = *state;
    b->pack.org.b[0] ^= 1;
    sign_by(b, b->c.admin.sign);
    admitted(b, DBK_AUTH, "another organisation");
}

static void a_pack_by_a_stranger_is_refused(void **state)
{
    bench *b = *state;
    chain_device stranger;
    chain_device_new(&stranger, &b->c, DBK_ROLE_ADMIN);
    b->pack.device = stranger.id;
    sign_by(b, stranger.sign);
    admitted(b, DBK_AUTH, "isn't known here");
    chain_device_free(&stranger);
}

static void a_pack_in_the_name_of_another_device_is_refused(void **state)
{
    bench *b = *state;
    chain_device officer;
    chain_enrolled(&officer, &b->c, DBK_ROLE_OFFICER);
    sign_by(b, officer.sign);
    admitted(b, DBK_AUTH, "changed after it was signed");
    chain_device_free(&officer);
}

static void only_administrators_and_headquarters_sign_packs(void **state)
{
    static const struct {
        dbk_role role;
        dbk_rc want;
    } rows[] = { { DBK_ROLE_OFFICER, DBK_DENIED },
                 { DBK_ROLE_SUPERVISOR, DBK_DENIED },
                 { DBK_ROLE_AUDITOR, DBK_DENIED },
                 { DBK_ROLE_WRITER, DBK_DENIED },
                 { DBK_ROLE_HQ, DBK_OK } };
    bench *b = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        chain_device d;
        chain_enrolled(&d, &b->c, rows[i].role);
        b->pack.device = d.id;
        sign_by(b, d.sign);
        admitted(b, rows[i].want, rows[i].want == DBK_OK ? NULL : "neither an administrator's");
        chain_device_free(&d);
    }
}

static void
a_pack_of_a_revoked_administrator_is_refused_and_what_was_taken_still_checks(void **state)
{
    bench *b = *state;
    chain_device hq;
    dbk_form_pack p;
    dbk_err err = { 0 };
    chain_entry *ce = dbk_alloc(sizeof(*ce));
    assert_non_null(ce);
    chain_enrolled(&hq, &b->c, DBK_ROLE_HQ);
    b->pack.device = hq.id;
    sign_by(b, hq.sign);
    admitted(b, DBK_OK, NULL);
    chain_revoke(ce, &b->c, &hq, "stolen");
    chain_take(&b->c, ce, NULL);
    admitted(b, DBK_DENIED, "has been revoked");
    assert_ok(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), &err);
    assert_ok(dbk_form_pack_check(&p, b->c.roster, &err), &err);
    chain_device_free(&hq);
    dbk_free(ce);
}

/* ---- damage -------------------------------------------------------------------------------- */

static void every_truncation_is_refused(void **state)
{
    bench *b = *state;
    sign_by(b, b->c.admin.sign);
    for (size_t len = 0; len < b->bytes.len; len++) {
        dbk_form_pack p;
        dbk_err err = { 0 };
        uint8_t *exact = malloc(len == 0 ? 1 : len); /* a read behind it is seen */
        assert_non_null(exact);
        memcpy(exact, b->bytes.p, len);
        assert_rc(dbk_form_pack_open(&p, dbk_span_of(exact, len), &err), DBK_FORMAT, &err);
        assert_int_equal(p.texts_count, 0);
        free(exact);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    bench *b = *state;
    sign_by(b, b->c.admin.sign);
    for (size_t bit = 0; bit < 8 * b->bytes.len; bit++) {
        dbk_form_pack p;
        b->bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), NULL) == DBK_OK &&
            dbk_form_pack_admit(&p, b->c.roster, NULL) == DBK_OK)
            fail_msg("a pack with bit %zu flipped is taken", bit);
        b->bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    admitted(b, DBK_OK, NULL);
}

static void what_is_behind_a_pack_is_refused(void **state)
{
    bench *b = *state;
    dbk_form_pack p;
    dbk_err err = { 0 };
    sign_by(b, b->c.admin.sign);
    assert_ok(dbk_bytes_append_u8(&b->bytes, 0, &err), &err);
    assert_rc(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), DBK_FORMAT, &err);
}

/* The byte behind the first place where these stand. */
static uint8_t *behind(bench *b, const char *bytes)
{
    size_t len = strlen(bytes);
    for (size_t i = 0; i + len < b->bytes.len; i++)
        if (memcmp(b->bytes.p + i, bytes, len) == 0)
            return b->bytes.p + i + len;
    fail_msg("the bytes are not there");
    return NULL;
}

/* A byte that says which: of the version, of the suite, and of what a text is. */
static void what_a_later_version_makes_is_said_to_be_newer(void **state)
{
    static const struct {
        const char *at; /* of core, before the byte */
        uint8_t is, made;
    } rows[] = { { "\xa7\x01", 1, 2 }, { "\xa7\x01\x01\x02", 1, 2 } };
    bench *b = *state;
    sign_by(b, b->c.admin.sign);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_form_pack p;
        dbk_err err = { 0 };
        uint8_t *at = behind(b, rows[i].at);
        assert_int_equal(*at, rows[i].is);
        *at = rows[i].made;
        assert_rc(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), DBK_VERSION, &err);
        *at = rows[i].is;
    }
    dbk_err err = { 0 };
    dbk_form_pack p;
    b->pack.texts[1].kind = (dbk_form_pack_kind)3;
    sign_by(b, b->c.admin.sign);
    assert_rc(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), DBK_VERSION, &err);
}

static void what_is_no_pack_is_called_so(void **state)
{
    static const char *const files[] = { "", "{}", "DBKD", "\x83\x61x\x40\x40" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        dbk_form_pack p;
        dbk_err err = { 0 };
        assert_rc(dbk_form_pack_open(&p, dbk_span_str(files[i]), &err), DBK_FORMAT, &err);
        assert_string_equal(err.text, "this is no pack of forms");
    }
}

/* docs/format/forms-pack.md; tests/vectors/read.py reads it a second time. */
static void a_pack_is_these_bytes(void **state)
{
    bench *b = *state;
    golden g;
    dbk_form_pack p;
    dbk_err err = { 0 };
    sign_by(b, b->c.admin.sign);
    assert_ok(dbk_form_pack_open(&p, dbk_bytes_span(&b->bytes), &err), &err);
    golden_begin(&g, "tests/vectors/form_pack.json");
    golden_hex(&g, "organisation", dbk_span_of(b->pack.org.b, sizeof(b->pack.org.b)));
    golden_hex(&g, "device", dbk_span_of(b->pack.device.b, sizeof(b->pack.device.b)));
    golden_hex(&g, "device's signing key",
               dbk_span_of(b->c.admin.keys.sign.b, sizeof(b->c.admin.keys.sign.b)));
    golden_text(&g, "name", "west_midlands_1");
    golden_text(&g, "time", "1764450000000");
    golden_hex(&g, "form", dbk_span_str(VISITOR));
    golden_hex(&g, "tool", dbk_span_str(QUESTIONS));
    golden_hex(&g, "hash", dbk_span_of(p.hash.b, sizeof(p.hash.b)));
    golden_hex(&g, "pack", dbk_bytes_span(&b->bytes));
    golden_end(&g);
    golden_file("tests/fuzz/corpus/form_pack/pack", dbk_bytes_span(&b->bytes));
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_BENCH(a_pack_opens_as_it_was_signed),
        WITH_BENCH(a_name_that_is_no_name_and_no_texts_are_refused),
        WITH_BENCH(what_is_too_large_is_refused),
        WITH_BENCH(a_pack_of_another_organisation_is_refused),
        WITH_BENCH(a_pack_by_a_stranger_is_refused),
        WITH_BENCH(a_pack_in_the_name_of_another_device_is_refused),
        WITH_BENCH(only_administrators_and_headquarters_sign_packs),
        WITH_BENCH(a_pack_of_a_revoked_administrator_is_refused_and_what_was_taken_still_checks),
        WITH_BENCH(every_truncation_is_refused),
        WITH_BENCH(every_flipped_bit_is_refused),
        WITH_BENCH(what_is_behind_a_pack_is_refused),
        WITH_BENCH(what_a_later_version_makes_is_said_to_be_newer),
        WITH_BENCH(what_is_no_pack_is_called_so),
        WITH_BENCH(a_pack_is_these_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
