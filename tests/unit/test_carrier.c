#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "sync/engine/carrier.h"

#define FEED_A "a1000000000000000000000000000000"
#define FEED_B "b1000000000000000000000000000000"
#define PACK(feed, first, last) feed "-00000000000000" first "-00000000000000" last ".seg"

static dbk_id feed_of(const char *hex)
{
    dbk_id id;
    assert_int_equal(dbk_id_parse(&id, hex, NULL), DBK_OK);
    return id;
}

static void a_pack_and_an_entry_have_one_name_each(void **state)
{
    (void)state;
    dbk_pack pack = { feed_of(FEED_A), 3, 17 }, again;
    uint64_t seq;
    char name[DBK_CARRIER_NAME_SIZE];
    dbk_pack_name(name, &pack);
    assert_string_equal(name, PACK(FEED_A, "03", "17"));
    assert_true(dbk_pack_parse(&again, dbk_span_str(name)));
    assert_true(dbk_id_equal(&again.feed, &pack.feed));
    assert_int_equal(again.first, 3);
    assert_int_equal(again.last, 17);
    dbk_entry_name(name, 42);
    assert_string_equal(name, "0000000000000042.entry");
    assert_true(dbk_entry_parse(&seq, dbk_span_str(name)));
    assert_int_equal(seq, 42);
}

static void a_note_is_named_by_the_size_of_its_log_and_by_its_bytes(void **state)
{
    (void)state;
    char name[DBK_CARRIER_NAME_SIZE], other[DBK_CARRIER_NAME_SIZE];
    dbk_err err = { 0 };
    assert_ok(dbk_note_name(name, 42, dbk_span_str("one"), &err), &err);
    assert_ok(dbk_note_name(other, 42, dbk_span_str("two"), &err), &err);
    assert_memory_equal(name, "0000000000000042-", 17);
    assert_string_not_equal(name, other);
    assert_true(dbk_note_name_is(dbk_span_str(name)));
    for (size_t i = 0; i < strlen(name); i++)
        assert_false(dbk_note_name_is(dbk_span_of((const uint8_t *)name, i)));
    name[16] = '_';
    assert_false(dbk_note_name_is(dbk_span_str(name)));
    assert_false(dbk_note_name_is(dbk_span_str(PACK(FEED_A, "01", "02"))));
    assert_rc(dbk_note_name(name, UINT64_MAX, dbk_span_str("one"), &err), DBK_LIMIT, &err);
}

static void other_names_on_a_stick_are_nobodys_pack(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "x",
        PACK("A1000000000000000000000000000000", "01", "02"), /* upper case */
        PACK("g1000000000000000000000000000000", "01", "02"),
        PACK(FEED_A, "00", "02"), /* seqs begin at 1 */
        PACK(FEED_A, "03", "02"), /* backwards */
        PACK(FEED_A, "0x", "02"),
        FEED_A "_0000000000000001-0000000000000002.seg",
        FEED_A "-0000000000000001_0000000000000002.seg",
        FEED_A "-0000000000000001-0000000000000002.sig",
        FEED_A "-0000000000000001-0000000000000002.segs",
        FEED_A "-000000000000001-00000000000000002.seg",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        dbk_pack pack;
        if (dbk_pack_parse(&pack, dbk_span_str(names[i])))
            fail_msg("\"%s\" is taken", names[i]);
        assert_int_equal(pack.last, 0);
    }
    static const char *const entries[] = { "", "0.entry", "000000000000004x.entry",
                                           "0000000000000042.enter", "00000000000000042.entry" };
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        uint64_t seq;
        assert_false(dbk_entry_parse(&seq, dbk_span_str(entries[i])));
    }
}

static dbk_shelf *shelf_of(const char *listing)
{
    dbk_shelf *s;
    dbk_err err = { 0 };
    assert_ok(dbk_shelf_new(&s, dbk_span_str(listing), &err), &err);
    return s;
}

static void a_shelf_reaches_as_far_as_its_packs_join(void **state)
{
    (void)state;
    static const struct {
        const char *what, *listing;
        uint64_t reach;
    } cases[] = {
        { "nothing", "", 0 },
        { "one", PACK(FEED_A, "01", "05") " 999\n", 5 },
        { "two that join", PACK(FEED_A, "06", "09") " 999\n" PACK(FEED_A, "01", "05") " 999\n", 9 },
        { "a gap", PACK(FEED_A, "07", "09") " 999\n" PACK(FEED_A, "01", "05") " 999\n", 5 },
        { "no beginning", PACK(FEED_A, "02", "05") " 999\n", 0 },
        { "overlap", PACK(FEED_A, "01", "05") " 999\n" PACK(FEED_A, "03", "08") " 999\n", 8 },
        { "one inside another", PACK(FEED_A, "01", "09") " 999\n" PACK(FEED_A, "02", "03") " 999\n",
          9 },
        { "another feed's", PACK(FEED_B, "01", "05") " 999\n", 0 },
        { "cut short: smaller than one segment", PACK(FEED_A, "01", "05") " 311\n", 0 },
        { "odd names between", "x 1\n" PACK(FEED_A, "01", "05") " 999\nz 1\n", 5 },
    };
    dbk_id feed = feed_of(FEED_A);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_shelf *s = shelf_of(cases[i].listing);
        if (dbk_shelf_reach(s, &feed) != cases[i].reach)
            fail_msg("%s: reaches %llu", cases[i].what,
                     (unsigned long long)dbk_shelf_reach(s, &feed));
        dbk_shelf_free(s);
    }
}

static void packs_come_feed_by_feed_and_in_order(void **state)
{
    (void)state;
    dbk_shelf *s = shelf_of(PACK(FEED_B, "01", "02") " 999\n" PACK(
        FEED_A, "06", "09") " 999\n" PACK(FEED_A, "01", "05") " 999\n");
    assert_int_equal(dbk_shelf_packs(s), 3);
    assert_int_equal(dbk_shelf_pack_at(s, 0)->first, 1);
    assert_int_equal(dbk_shelf_pack_at(s, 0)->last, 5);
    assert_int_equal(dbk_shelf_pack_at(s, 1)->first, 6);
    assert_int_equal(dbk_shelf_pack_at(s, 2)->feed.b[0], 0xb1);
    dbk_shelf_free(s);
}

static void a_malformed_listing_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "x",    "x\n", "x 1",    "x y\n",
                                       " 1\n", "\n",  "x -1\n", "x 99999999999999999999\n" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dbk_shelf *s;
        if (dbk_shelf_new(&s, dbk_span_str(bad[i]), NULL) != DBK_FORMAT || s != NULL)
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

static void a_vector_keeps_the_furthest_of_each_feed(void **state)
{
    (void)state;
    dbk_vector *v;
    dbk_err err = { 0 };
    assert_ok(dbk_vector_new(&v, &err), &err);
    for (unsigned i = 0; i < 300; i++) {
        dbk_id feed = { { 0 } };
        feed.b[0] = (uint8_t)(i * 77); /* in no order */
        feed.b[1] = (uint8_t)(i * 77 >> 8);
        assert_ok(dbk_vector_raise(v, &feed, i + 1, &err), &err);
        assert_ok(dbk_vector_raise(v, &feed, 1, &err), &err); /* never down again */
    }
    assert_int_equal(dbk_vector_feeds(v), 300);
    for (unsigned i = 0; i < 300; i++) {
        dbk_id feed = { { 0 } };
        feed.b[0] = (uint8_t)(i * 77);
        feed.b[1] = (uint8_t)(i * 77 >> 8);
        assert_int_equal(dbk_vector_last(v, &feed), i + 1);
        if (i > 0) {
            dbk_id a = dbk_vector_feed_at(v, i - 1), b = dbk_vector_feed_at(v, i);
            assert_true(dbk_id_compare(&a, &b) < 0);
        }
    }
    dbk_id unknown = feed_of(FEED_B);
    assert_int_equal(dbk_vector_last(v, &unknown), 0);
    dbk_vector_free(v);
    dbk_vector_free(NULL);
    dbk_shelf_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_and_an_entry_have_one_name_each),
        cmocka_unit_test(a_note_is_named_by_the_size_of_its_log_and_by_its_bytes),
        cmocka_unit_test(other_names_on_a_stick_are_nobodys_pack),
        cmocka_unit_test(a_shelf_reaches_as_far_as_its_packs_join),
        cmocka_unit_test(packs_come_feed_by_feed_and_in_order),
        cmocka_unit_test(a_malformed_listing_is_refused),
        cmocka_unit_test(a_vector_keeps_the_furthest_of_each_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
