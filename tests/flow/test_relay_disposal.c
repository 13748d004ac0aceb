/* What the chain orders erased goes from the relay's log, and all that was proved stays so
 * (decision 0031, P4). */
#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/orderkit.h"

/* ---- an order ---------------------------------------------------------------------------- */

static void an_order_erases_just_its_ops_and_every_proof_holds_P4(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 2 }, { 1, 5 }, { 2, 7 }, { 3, 1 }, { 6, 4 } };
    static dbk_push_result before[ORDERKIT_SEGMENTS];
    orderkit_push(f, 0, ORDERKIT_SEGMENTS, "00000000");
    memcpy(before, f->results, sizeof(before));
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++) {
        for (size_t op = 0; op < ORDERKIT_OPS; op++)
            assert_true(orderkit_store_holds(f, i, op));
    }
    orderkit_dispose(f, parts, ARRAY_LEN(parts));
    orderkit_expect_nothing_left_over(f);
    orderkit_expect(f, parts, ARRAY_LEN(parts));
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++) {
        uint64_t erased = 0;
        for (size_t k = 0; k < ARRAY_LEN(parts); k++)
            erased |= parts[k].segment == i ? parts[k].ops : 0;
        for (size_t op = 0; op < ORDERKIT_OPS; op++)
            assert_int_equal(orderkit_store_holds(f, i, op), (erased >> op & 1) == 0);
    }
    /* The receipt is of the header: whoever asks again gets the same. */
    orderkit_push(f, 0, ORDERKIT_SEGMENTS, "11111111");
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++) {
        assert_memory_equal(&f->p.results[i].receipt, &before[i].receipt, sizeof(dbk_receipt));
        assert_true(relaykit_receipt_ok(&f->kit, &f->s[i], &f->p.results[i].receipt));
    }
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    orderkit_expect(f, parts, ARRAY_LEN(parts));
}

static void a_second_order_erases_more_of_the_same_segment(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 1, 1 }, { 1, 4 }, { 2, 2 } };
    orderkit_push(f, 0, 3, "000");
    orderkit_dispose(f, parts, 1);
    orderkit_expect(f, parts, 1);
    orderkit_dispose(f, parts + 1, 2);
    orderkit_expect(f, parts, 3);
    orderkit_expect_nothing_left_over(f);
    assert_false(orderkit_store_holds(f, 1, 0));
    assert_false(orderkit_store_holds(f, 1, 2));
    assert_true(orderkit_store_holds(f, 1, 1));
}

static void one_administrator_alone_disposes_of_nothing_2_5(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 7 }, { 1, 1 } };
    orderkit_push(f, 0, 3, "000");
    assert_int_equal(relaykit_post(&f->kit, orderkit_order_of(f, parts, 2, NULL)), 403);
    orderkit_expect(f, NULL, 0);
    assert_true(orderkit_store_holds(f, 0, 0));
}

static void an_order_of_what_never_came_erases_nothing_else(void **state)
{
    orderkit *f = *state;
    orderkit_push(f, 0, 3, "000");
    relaykit_feed other = relaykit_feed_begin(&f->kit, &f->partner, &f->space);
    for (size_t i = 0; i < 2; i++) {
        dbk_id feed = i == 0 ? other.feed : f->feed.feed;
        const dbk_dot dots[] = { { feed, 70 }, { feed, UINT64_C(1) << 40 } };
        relaykit_order order = { f->space, dots, ARRAY_LEN(dots), &f->second };
        dbk_span entry = relaykit_entry_dispose(&f->kit, &f->entry, &order);
        assert_int_equal(relaykit_post(&f->kit, entry), 200);
    }
    orderkit_expect(f, NULL, 0);
}

static void an_order_is_of_its_space_only(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 7 } };
    const relaykit_device *members[] = { &f->second, &f->kit.admin };
    orderkit_push(f, 0, 2, "00");
    dbk_id here = f->space;
    f->space = relaykit_space(&f->kit, members, 2);
    orderkit_dispose(f, parts, 1);
    f->space = here;
    orderkit_expect(f, NULL, 0);
}

/* Two histories of one feed: what is ordered goes from both, and both stay proved. */
static void the_evidence_of_a_fork_is_erased_too_A15(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 1, 3 } };
    relaykit_feed twin = { 0 };
    relaykit_segment_wipe(&f->s[0]);
    relaykit_segment_wipe(&f->s[1]);
    relaykit_segment_wipe(&f->s[2]);
    f->feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_segment_make(&f->kit, &f->s[0], &f->feed, ORDERKIT_OPS, 100);
    twin = f->feed;
    relaykit_segment_make(&f->kit, &f->s[1], &f->feed, ORDERKIT_OPS, 100);
    relaykit_segment_make(&f->kit, &f->s[2], &twin, ORDERKIT_OPS, 100);
    orderkit_push(f, 0, 3, "003");
    assert_int_equal(relaykit_check(&f->kit).forks, 1);
    if (!relaykit_on_postgres(&f->kit)) /* which seals its rows */
        assert_true(orderkit_store_holds(f, 2, 1));
    orderkit_dispose(f, parts, 1);
    orderkit_expect(f, parts, 1);
    assert_int_equal(relaykit_check(&f->kit).forks, 1);
    assert_false(orderkit_store_holds(f, 2, 0));
    assert_false(orderkit_store_holds(f, 2, 1));
    orderkit_expect_nothing_left_over(f);
    orderkit_push(f, 2, 3, "3");
    assert_int_equal(relaykit_check(&f->kit).forks, 1);
}

/* ---- what comes afterwards --------------------------------------------------------------- */

static void a_whole_push_of_what_was_ordered_is_stored_kept(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 1, 2 }, { 2, 7 }, { 3, 4 } };
    orderkit_push(f, 0, 1, "0");
    orderkit_dispose(f, parts, ARRAY_LEN(parts));
    orderkit_push(f, 1, ORDERKIT_SEGMENTS, "0000000");
    for (size_t i = 1; i < ORDERKIT_SEGMENTS; i++)
        assert_true(relaykit_receipt_ok(&f->kit, &f->s[i], &f->p.results[i - 1].receipt));
    orderkit_expect(f, parts, ARRAY_LEN(parts));
    assert_false(orderkit_store_holds(f, 1, 1));
    assert_false(orderkit_store_holds(f, 2, 2));
    assert_true(orderkit_store_holds(f, 1, 0));
}

static void a_late_fork_of_what_was_ordered_is_stored_kept(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 7 } };
    relaykit_feed twin = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_feed other = twin;
    for (size_t i = 0; i < 2; i++)
        relaykit_segment_wipe(&f->s[i]);
    relaykit_segment_make(&f->kit, &f->s[0], &twin, ORDERKIT_OPS, 100);
    relaykit_segment_make(&f->kit, &f->s[1], &other, ORDERKIT_OPS, 100);
    orderkit_push(f, 0, 1, "0");
    orderkit_dispose(f, parts, 1);
    orderkit_push(f, 1, 2, "3");
    assert_int_equal(relaykit_check(&f->kit).forks, 1);
    assert_false(orderkit_store_holds(f, 1, 1));
}

static void a_kept_push_is_taken_only_where_each_hole_was_ordered(void **state)
{
    orderkit *f = *state;
    static const orderkit_part ordered[] = { { 1, 3 } };
    relaykit_segment_erase(&f->s[0], 1);
    orderkit_push(f, 0, 3, "644");
    assert_int_equal(relaykit_check(&f->kit).segments, 0);
    relaykit_segment_wipe(&f->s[0]);
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    for (size_t i = 0; i < 3; i++) {
        relaykit_segment_wipe(&f->s[i]);
        relaykit_segment_make(&f->kit, &f->s[i], &feed, ORDERKIT_OPS, 100);
    }
    orderkit_dispose(f, ordered, 1);
    relaykit_segment_erase(&f->s[1], 5); /* one that was ordered, and one that wasn't */
    orderkit_push(f, 0, 2, "06");
    relaykit_segment_wipe(&f->s[1]);
    feed.last_seq = dbk_header_last_seq(&f->s[0].header);
    feed.head = f->s[0].hash;
    relaykit_segment_make(&f->kit, &f->s[1], &feed, ORDERKIT_OPS, 100);
    relaykit_segment_erase(&f->s[1], 1); /* not all that was ordered */
    orderkit_push(f, 1, 2, "0");
    assert_true(relaykit_receipt_ok(&f->kit, &f->s[1], &f->p.results[0].receipt));
    orderkit_expect(f, ordered, 1);
    orderkit_push(f, 1, 2, "1");
}

static void a_hole_holds_the_hash_that_was_signed_M01(void **state)
{
    orderkit *f = *state;
    static const orderkit_part ordered[] = { { 0, 7 } };
    orderkit_dispose(f, ordered, 1);
    relaykit_segment_erase(&f->s[0], 7);
    for (size_t at = 0; at < f->s[0].body.len; at++) {
        f->s[0].body.p[at] ^= 4;
        orderkit_push(f, 0, 1, "6");
        f->s[0].body.p[at] ^= 4;
    }
    orderkit_push(f, 0, 1, "0");
    orderkit_expect(f, ordered, 1);
}

/* What is kept of a body is told by its place: 8 bytes of holes, 4 of length and the hash are as
 * many as the frame was. */
static void the_form_says_whether_a_body_is_kept_and_not_its_bytes(void **state)
{
    orderkit *f = *state;
    static const orderkit_part ordered[] = { { 0, 1 } };
    size_t same = 8 + DBK_HOLE_BYTES - DBK_FRAME_HEAD_BYTES;
    relaykit_segment_wipe(&f->s[0]);
    f->feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_segment_make(&f->kit, &f->s[0], &f->feed, 1, same);
    orderkit_dispose(f, ordered, 1);
    relaykit_segment_erase(&f->s[0], 1);
    assert_int_equal(f->s[0].body.len, f->s[0].header.body_len);
    f->s[0].kept = false;
    orderkit_push(f, 0, 1, "6");
    f->s[0].kept = true;
    orderkit_push(f, 0, 1, "0");
}

static void a_kept_body_of_the_largest_segment_fits(void **state)
{
    orderkit *f = *state;
    size_t each = DBK_SEGMENT_BODY_BYTES_MAX / DBK_SEGMENT_OPS_MAX - DBK_FRAME_HEAD_BYTES;
    dbk_dot dots[DBK_SEGMENT_OPS_MAX];
    relaykit_order order = { f->space, dots, DBK_SEGMENT_OPS_MAX - 1, &f->second };
    uint64_t holes[ORDERKIT_SEGMENTS] = { 0 };
    relaykit_segment_wipe(&f->s[0]);
    f->feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_segment_make(&f->kit, &f->s[0], &f->feed, DBK_SEGMENT_OPS_MAX, each);
    for (size_t i = 0; i < order.count; i++)
        dots[i] = (dbk_dot){ f->feed.feed, i + 2 };
    orderkit_push(f, 0, 1, "0");
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_dispose(&f->kit, &f->entry, &order)),
                     200);
    assert_int_equal(orderkit_fetch(f, holes), 1);
    assert_true(holes[0] == UINT64_MAX - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, orderkit_setup, orderkit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_erases_just_its_ops_and_every_proof_holds_P4),
        TEST(a_second_order_erases_more_of_the_same_segment),
        TEST(one_administrator_alone_disposes_of_nothing_2_5),
        TEST(an_order_of_what_never_came_erases_nothing_else),
        TEST(an_order_is_of_its_space_only),
        TEST(the_evidence_of_a_fork_is_erased_too_A15),
        TEST(a_whole_push_of_what_was_ordered_is_stored_kept),
        TEST(a_late_fork_of_what_was_ordered_is_stored_kept),
        TEST(a_kept_push_is_taken_only_where_each_hole_was_ordered),
        TEST(a_hole_holds_the_hash_that_was_signed_M01),
        TEST(the_form_says_whether_a_body_is_kept_and_not_its_bytes),
        TEST(a_kept_body_of_the_largest_segment_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
