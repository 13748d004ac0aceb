/* What a record's id says of its form and space (decision 0033; docs/format/op.md "Record ids"). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/crypto/hash.h"
#include "core/journal/record_id.h"
#include "tests/lib/golden.h"

static const dbk_id space = { { 0x53, 1 } }, other_space = { { 0x53, 2 } };
static const uint8_t random_bytes[DBK_RECORD_ID_RANDOM_BYTES] = { 0x0c, 0xc3, 0x18, 0xc4, 0xdc };
#define MS 0x017f22e279b0u

static bool fits(const dbk_id *id, const dbk_id *in, const char *form)
{
    return dbk_record_id_fits(id, in, dbk_span_str(form));
}

static int init(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_crypto_init(&err), &err);
    return 0;
}

static void a_new_id_is_a_uuidv7_and_of_its_form_and_space_alone(void **state)
{
    static const char *const others[] = { "audit",   "quarantine", "contact", "service", "Person",
                                          "person ", "perso",      "",        "zz" };
    (void)state;
    dbk_id id = dbk_record_id_new(&space, "person", MS, random_bytes);
    assert_int_equal(id.b[6], 0x7c);
    assert_int_equal(id.b[7], 0xc3);
    assert_int_equal(id.b[8], 0x98); /* the variant's two bits, six random ones */
    assert_memory_equal(id.b + 9, "\xc4\xdc", 2);
    assert_memory_equal(id.b, "\x01\x7f\x22\xe2\x79\xb0", 6);
    assert_true(fits(&id, &space, "person"));
    assert_false(fits(&id, &other_space, "person"));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (fits(&id, &space, others[i]))
            fail_msg("a person's id fits \"%s\"", others[i]);
}

static void every_bit_of_an_id_counts(void **state)
{
    (void)state;
    const dbk_id made[] = { dbk_record_id_new(&space, "marker", MS, random_bytes),
                            dbk_record_id_of(&space, "marker", &other_space) };
    for (size_t k = 0; k < ARRAY_LEN(made); k++)
        for (size_t bit = 0; bit < 8 * sizeof(made[k].b); bit++) {
            dbk_id id = made[k];
            id.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (fits(&id, &space, "marker"))
                fail_msg("id %d without bit %d fits all the same", (int)k, (int)bit);
        }
}

static void later_ids_sort_later_and_ids_of_one_moment_differ(void **state)
{
    static const uint8_t high[DBK_RECORD_ID_RANDOM_BYTES] = { 255, 255, 255, 255, 255 };
    static const uint8_t low[DBK_RECORD_ID_RANDOM_BYTES] = { 0 };
    (void)state;
    dbk_id a = dbk_record_id_new(&space, "case", MS, high);
    dbk_id b = dbk_record_id_new(&space, "case", MS + 1, low);
    assert_true(dbk_id_compare(&a, &b) < 0);
    for (size_t i = 0; i < 8 * sizeof(low); i++) { /* 34 of them are used */
        uint8_t one[DBK_RECORD_ID_RANDOM_BYTES] = { 0 };
        one[i / 8] = (uint8_t)(1u << i % 8);
        dbk_id c = dbk_record_id_new(&space, "case", MS + 1, one);
        bool fixed = (i / 8 == 0 && i % 8 >= 4) || (i / 8 == 2 && i % 8 >= 6);
        assert_int_equal(dbk_id_equal(&b, &c), fixed);
    }
}

static void a_derived_id_is_a_uuidv8_the_same_for_the_same_hash(void **state)
{
    const dbk_id hash = { { 1, 2, 3, 4, 5, 6, 0xff, 8, 0xff, 10, 11, 12, 13, 14, 15, 16 } };
    (void)state;
    dbk_id a = dbk_record_id_of(&space, "audit", &hash),
           b = dbk_record_id_of(&space, "audit", &hash);
    dbk_id person = dbk_record_id_of(&space, "person", &hash);
    assert_true(dbk_id_equal(&a, &b));
    assert_int_equal(a.b[6], 0x8f);
    assert_int_equal(a.b[8], 0xbf);
    assert_true(fits(&a, &space, "audit"));
    assert_false(fits(&a, &space, "person"));
    assert_false(dbk_id_equal(&a, &person));
}

/* docs/format/hsds.md: a council's ids are kept, and are nothing else's. */
static void an_id_that_fits_nothing_here_leads_to_one_that_does_always_the_same(void **state)
{
    (void)state;
    dbk_id given = dbk_record_id_new(&other_space, "person", MS, random_bytes);
    dbk_id a = dbk_record_id_given(&space, "person", &given);
    dbk_id b = dbk_record_id_given(&space, "person", &given);
    assert_true(fits(&a, &space, "person"));
    assert_true(dbk_id_equal(&a, &b));
    given.b[15] ^= 1; /* ids that only differ late don't become one */
    b = dbk_record_id_given(&space, "person", &given);
    assert_false(dbk_id_equal(&a, &b));
}

static void an_id_that_others_made_is_a_services_and_nothing_elses_B18(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 16; version++) {
        dbk_id id = { { 0xac, 0x14, 3, 4, 5, 6, (uint8_t)(version << 4), 8, 0x89 } };
        bool ours = version == 7 || version == 8;
        assert_int_equal(fits(&id, &space, "service"), !ours);
        assert_false(fits(&id, &space, "person"));
        assert_false(fits(&id, &space, "audit"));
    }
    const dbk_id zero = { { 0 } };
    assert_false(fits(&zero, &space, "service"));
}

static void the_golden_vectors_hold(void **state)
{
    golden g;
    (void)state;
    golden_begin(&g, "tests/vectors/record_id.json");
    static const struct {
        const char *form, *fresh, *derived;
    } rows[] = {
        { "person", "new: person", "derived: person" },
        { "restricted_marker", "new: restricted_marker", "derived: restricted_marker" },
        { "audit", "new: audit", "derived: audit" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_id id = dbk_record_id_new(&space, rows[i].form, MS, random_bytes);
        golden_hex(&g, rows[i].fresh, dbk_span_of(id.b, sizeof(id.b)));
        id = dbk_record_id_of(&space, rows[i].form, &other_space);
        golden_hex(&g, rows[i].derived, dbk_span_of(id.b, sizeof(id.b)));
    }
    const dbk_id given = { { 1, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98 } };
    dbk_id id = dbk_record_id_given(&space, "person", &given);
    golden_hex(&g, "for the given id 017f22e279b07cc398: person", dbk_span_of(id.b, sizeof(id.b)));
    golden_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_id_is_a_uuidv7_and_of_its_form_and_space_alone),
        cmocka_unit_test(every_bit_of_an_id_counts),
        cmocka_unit_test(later_ids_sort_later_and_ids_of_one_moment_differ),
        cmocka_unit_test(a_derived_id_is_a_uuidv8_the_same_for_the_same_hash),
        cmocka_unit_test(an_id_that_fits_nothing_here_leads_to_one_that_does_always_the_same),
        cmocka_unit_test(an_id_that_others_made_is_a_services_and_nothing_elses_B18),
        cmocka_unit_test(the_golden_vectors_hold),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
