#include "tests/lib/chain.h"
#include "tests/lib/test.h"
#include "tests/lib/golden.h"

#include <string.h>

#include "core/crypto/hash.h"
#include "core/seal/shares.h"

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_share shares[DBK_SHARES_MAX];
    size_t count;
} fixture;

static void set_up_from(fixture *f, size_t need, size_t count, uint64_t seed)
{
    const dbk_shares_opts opts = { "Unit Cedar", need, count };
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, seed);
    f->count = count;
    assert_ok(dbk_shares_create(f->shares, &opts, f->env, &err), &err);
}

static void set_up(fixture *f, size_t need, size_t count)
{
    set_up_from(f, need, count, 77);
}

static void tear_down(fixture *f)
{
    for (size_t i = 0; i < f->count; i++)
        dbk_share_wipe(&f->shares[i]);
}

/* The verdict on the shares that these numbers (from 1) name. */
static dbk_rc combine(const fixture *f, dbk_secret **key, const char *numbers)
{
    dbk_share some[DBK_SHARES_MAX]; /* borrow the parts */
    size_t count = strlen(numbers);
    for (size_t i = 0; i < count; i++)
        some[i] = f->shares[numbers[i] - '1'];
    return dbk_shares_combine(key, some, count, f->env, NULL);
}

static void any_two_of_three_give_the_key_in_any_order_A30(void **state)
{
    static const char *const pairs[] = { "12", "21", "13", "31", "23", "32", "123", "321" };
    dbk_secret *first = NULL;
    fixture f;
    (void)state;
    set_up(&f, 2, 3);
    assert_int_equal(combine(&f, &first, "12"), DBK_OK);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        dbk_secret *key;
        assert_int_equal(combine(&f, &key, pairs[i]), DBK_OK);
        assert_true(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(first)));
        dbk_secret_free(key);
    }
    dbk_secret_free(first);
    tear_down(&f);
}

static void every_number_of_shares_works_that_is_offered(void **state)
{
    (void)state;
    for (size_t count = 2; count <= DBK_SHARES_MAX; count++) {
        for (size_t need = 2; need <= count; need++) {
            dbk_secret *key;
            fixture f;
            set_up(&f, need, count);
            assert_int_equal(dbk_shares_combine(&key, f.shares + count - need, need, f.env, NULL),
                             DBK_OK);
            dbk_secret_free(key);
            assert_int_equal(dbk_shares_combine(&key, f.shares, need - 1, f.env, NULL),
                             DBK_INVALID);
            assert_null(key);
            tear_down(&f);
        }
    }
}

static void one_of_three_is_refused_with_a_plain_word_A30(void **state)
{
    dbk_secret *key;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f, 2, 3);
    for (size_t i = 0; i < 3; i++) {
        dbk_err_clear(&err);
        assert_rc(dbk_shares_combine(&key, &f.shares[i], 1, f.env, &err), DBK_INVALID, &err);
        assert_string_equal(err.text, "1 share of 3: it takes 2 together, and fewer give nothing");
        assert_null(key);
    }
    tear_down(&f);
}

/* A part by itself fits every secret, as the other coefficient of its polynomials is as random as
 * the secret: so its bytes are the secret's no more often than by chance. */
static void one_part_says_nothing_of_the_key(void **state)
{
    dbk_secret *key;
    fixture f;
    unsigned equal = 0;
    (void)state;
    for (unsigned round = 0; round < 64; round++) {
        set_up_from(&f, 2, 3, 100 + round);
        assert_int_equal(combine(&f, &key, "12"), DBK_OK);
        dbk_span whole = dbk_secret_bytes(key);
        for (size_t i = 0; i < 3; i++)
            for (size_t k = 0; k < whole.len; k++)
                equal += dbk_secret_bytes(f.shares[i].part).p[k] == whole.p[k];
        dbk_secret_free(key);
        tear_down(&f);
    }
    /* 64 x 3 x 32 bytes, each equal once in 256 by chance: 24, and the seeds make it the same each
     * time. Were the first share the secret itself, it would be 2,048 more. */
    assert_in_range(equal, 8, 60);
}

static void a_share_twice_and_shares_of_two_sets_are_told_apart(void **state)
{
    dbk_share mixed[2];
    dbk_secret *key;
    fixture f, g;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f, 2, 3);
    assert_int_equal(combine(&f, &key, "22"), DBK_INVALID);
    set_up_from(&g, 2, 3, 78);
    mixed[0] = f.shares[0];
    mixed[1] = g.shares[1];
    assert_rc(dbk_shares_combine(&key, mixed, 2, f.env, &err), DBK_CONFLICT, &err);
    assert_null(key);
    tear_down(&f);
    tear_down(&g);
}

/* Somebody who keeps share 1 changes his part, and makes all that is checked fit it. */
static void a_share_that_was_made_to_fit_is_of_another_set(void **state)
{
    dbk_secret *key, *part;
    dbk_bytes text = DBK_BYTES_INIT(DBK_SHARE_TEXT_BYTES_MAX);
    dbk_share forged;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f, 2, 3);
    assert_ok(dbk_secret_random(&part, 32, f.env, &err), &err);
    dbk_secret_free(f.shares[0].part);
    f.shares[0].part = part;
    assert_int_equal(combine(&f, &key, "12"), DBK_AUTH); /* were its text not read again */
    assert_ok(dbk_share_print(&text, &f.shares[0], &err), &err);
    assert_rc(dbk_share_parse(&forged, dbk_bytes_span(&text), &err), DBK_FORMAT, &err);
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/share-part/1");
    dbk_hasher_add(&h, dbk_span_of(&f.shares[0].number, 1));
    dbk_hasher_add(&h, dbk_span_of(f.shares[0].key, 32));
    dbk_hasher_add(&h, dbk_secret_bytes(part));
    dbk_hash fits = dbk_hasher_end(&h);
    memcpy(f.shares[0].parts[0].b, fits.b, DBK_ID_BYTES);
    assert_int_equal(combine(&f, &key, "12"), DBK_CONFLICT);
    dbk_bytes_wipe(&text);
    tear_down(&f);
}

/* ---- text ---------------------------------------------------------------------------------- */

static bool same_share(const dbk_share *a, const dbk_share *b)
{
    dbk_id x = dbk_share_set(a), y = dbk_share_set(b);
    return dbk_id_equal(&x, &y) && a->number == b->number &&
           dbk_span_equal(dbk_secret_bytes(a->part), dbk_secret_bytes(b->part));
}

static void print_one(const fixture *f, dbk_bytes *text)
{
    dbk_err err = { 0 };
    dbk_bytes_init(text, DBK_SHARE_TEXT_BYTES_MAX);
    assert_ok(dbk_share_print(text, &f->shares[1], &err), &err);
}

static void a_share_is_read_as_it_was_printed_or_typed(void **state)
{
    dbk_bytes text;
    dbk_share got;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f, 2, 3);
    print_one(&f, &text);
    assert_ok(dbk_share_parse(&got, dbk_bytes_span(&text), &err), &err);
    assert_true(same_share(&got, &f.shares[1]));
    assert_string_equal(got.organisation, "Unit Cedar");
    dbk_share_wipe(&got);
    for (size_t i = 0; i < text.len; i++) { /* small letters, hyphens, letters for digits */
        uint8_t c = text.p[i];
        text.p[i] = c == '0' ? 'o' : c == ' ' ? '-' : c;
        if (c >= 'A' && c <= 'Z')
            text.p[i] = (uint8_t)(c - 'A' + 'a');
    }
    assert_ok(dbk_share_parse(&got, dbk_bytes_span(&text), &err), &err);
    assert_true(same_share(&got, &f.shares[1]));
    dbk_share_wipe(&got);
    dbk_bytes_wipe(&text);
    tear_down(&f);
}

static void a_share_with_any_byte_flipped_is_the_same_or_refused(void **state)
{
    dbk_bytes text;
    dbk_share got;
    fixture f;
    size_t refused = 0;
    (void)state;
    set_up(&f, 2, 3);
    print_one(&f, &text);
    for (size_t at = 0; at < text.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.p[at] ^= (uint8_t)(1u << bit);
            if (dbk_share_parse(&got, dbk_bytes_span(&text), NULL) == DBK_OK) {
                assert_true(same_share(&got, &f.shares[1]));
                dbk_share_wipe(&got);
            } else {
                refused++;
            }
            assert_null(got.part);
            text.p[at] ^= (uint8_t)(1u << bit);
        }
    }
    assert_in_range(refused, 1500, text.len * 8); /* most of the lines that count: 250 x 8 */
    dbk_bytes_wipe(&text);
    tear_down(&f);
}

static void a_share_cut_short_anywhere_is_refused(void **state)
{
    dbk_bytes text;
    dbk_share got;
    fixture f;
    (void)state;
    set_up(&f, 2, 3);
    print_one(&f, &text);
    for (size_t len = 0; len + 1 < text.len; len++) { /* without its last newline it is whole */
        assert_int_equal(dbk_share_parse(&got, dbk_span_of(text.p, len), NULL), DBK_FORMAT);
        assert_null(got.part);
    }
    dbk_bytes_wipe(&text);
    tear_down(&f);
}

/* Where a line begins so; NULL when none does. */
static char *line_at(dbk_bytes *text, const char *start)
{
    for (size_t i = 1; i + strlen(start) <= text->len; i++)
        if (text->p[i - 1] == '\n' && memcmp(text->p + i, start, strlen(start)) == 0)
            return (char *)text->p + i;
    return NULL;
}

static void the_line_that_is_wrong_is_named(void **state)
{
    dbk_bytes text;
    dbk_share got;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f, 2, 3);
    print_one(&f, &text);
    char *third = line_at(&text, "3: ");
    assert_non_null(third);
    char was = third[10];
    third[10] = was == 'A' ? 'B' : 'A';
    assert_rc(dbk_share_parse(&got, dbk_bytes_span(&text), &err), DBK_FORMAT, &err);
    assert_string_equal(err.text, "line 3 of the share is mistyped or damaged");
    third[10] = was;
    third[0] = 'x'; /* a line for people now */
    dbk_err_clear(&err);
    assert_rc(dbk_share_parse(&got, dbk_bytes_span(&text), &err), DBK_FORMAT, &err);
    assert_string_equal(err.text, "line 3 of the share is missing");
    dbk_bytes_wipe(&text);
    tear_down(&f);
}

static void what_no_share_can_have_is_refused(void **state)
{
    static const dbk_shares_opts cases[] = {
        { "Unit", 1, 3 },
        { "Unit", 4, 3 },
        { "Unit", 2, 9 },
        { "Unit", 0, 0 },
        { "", 2, 3 },
        { "two\nlines", 2, 3 },
        { "\x1b[2J", 2, 3 },
        { "\xff", 2, 3 },
        { "a name that is longer than the sixty-four bytes a share has for it", 2, 3 },
    };
    dbk_share shares[DBK_SHARES_MAX] = { 0 };
    fixture f;
    (void)state;
    set_up(&f, 2, 3);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (dbk_shares_create(shares, &cases[i], f.env, NULL) != DBK_INVALID)
            fail_msg("case %zu", i);
    tear_down(&f);
}

static void a_key_is_shared_in_the_texts_of_the_vectors(void **state)
{
    static const char *const corpus[] = { "tests/fuzz/corpus/share/one",
                                          "tests/fuzz/corpus/share/two",
                                          "tests/fuzz/corpus/share/three" };
    static const char *const names[] = { "share 1", "share 2", "share 3" };
    const dbk_shares_opts opts = { "Unit Cedar", 2, 3 };
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 7);
    dbk_share shares[3];
    dbk_secret *key;
    dbk_err err = { 0 };
    golden g;
    (void)state;
    golden_begin(&g, "tests/vectors/shares.json");
    assert_ok(dbk_shares_create(shares, &opts, env, &err), &err);
    assert_ok(dbk_shares_combine(&key, shares, 2, env, &err), &err);
    dbk_id print = dbk_recovery_print(shares[0].key), set = dbk_share_set(&shares[0]);
    golden_hex(&g, "secret key", dbk_secret_bytes(key));
    golden_hex(&g, "recovery key", dbk_span_of(shares[0].key, 32));
    golden_hex(&g, "its print", dbk_span_of(print.b, sizeof(print.b)));
    golden_hex(&g, "set", dbk_span_of(set.b, sizeof(set.b)));
    for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
        dbk_bytes text = DBK_BYTES_INIT(DBK_SHARE_TEXT_BYTES_MAX);
        assert_ok(dbk_share_print(&text, &shares[i], &err), &err);
        golden_hex(&g, names[i], dbk_bytes_span(&text));
        golden_file(corpus[i], dbk_bytes_span(&text));
        dbk_bytes_wipe(&text);
        dbk_share_wipe(&shares[i]);
    }
    golden_end(&g);
    dbk_secret_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_of_three_give_the_key_in_any_order_A30),
        cmocka_unit_test(every_number_of_shares_works_that_is_offered),
        cmocka_unit_test(one_of_three_is_refused_with_a_plain_word_A30),
        cmocka_unit_test(one_part_says_nothing_of_the_key),
        cmocka_unit_test(a_share_twice_and_shares_of_two_sets_are_told_apart),
        cmocka_unit_test(a_share_that_was_made_to_fit_is_of_another_set),
        cmocka_unit_test(a_share_is_read_as_it_was_printed_or_typed),
        cmocka_unit_test(a_share_with_any_byte_flipped_is_the_same_or_refused),
        cmocka_unit_test(a_share_cut_short_anywhere_is_refused),
        cmocka_unit_test(the_line_that_is_wrong_is_named),
        cmocka_unit_test(a_key_is_shared_in_the_texts_of_the_vectors),
        cmocka_unit_test(what_no_share_can_have_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
