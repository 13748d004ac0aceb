#include "tests/lib/test.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"

/* One of each, big-endian: u8, u16, u32, u64, id, 3 bytes. */
#define LAYOUT_BYTES (1u + 2u + 4u + 8u + 16u + 3u)

typedef struct layout {
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    dbk_id id;
    uint8_t tail[3];
} layout;

static void put_layout(uint8_t out[LAYOUT_BYTES], const layout *v)
{
    uint8_t *p = out;
    *p++ = v->a;
    p = dbk_wire_put_u16(p, v->b);
    p = dbk_wire_put_u32(p, v->c);
    p = dbk_wire_put_u64(p, v->d);
    p = dbk_wire_put_copy(p, v->id.b, DBK_ID_BYTES);
    p = dbk_wire_put_copy(p, v->tail, sizeof(v->tail));
    assert_int_equal(p - out, LAYOUT_BYTES);
}

static dbk_rc get_layout(layout *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    out->a = dbk_wire_get_u8(&w);
    out->b = dbk_wire_get_u16(&w);
    out->c = dbk_wire_get_u32(&w);
    out->d = dbk_wire_get_u64(&w);
    out->id = dbk_wire_get_id(&w);
    dbk_wire_get_copy(&w, out->tail, sizeof(out->tail));
    return dbk_wire_end(&w, "the layout", err);
}

static const layout sample = { 0x01,
                               0x0203,
                               0x04050607,
                               0x08090a0b0c0d0e0f,
                               { { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a,
                                   0x1b, 0x1c, 0x1d, 0x1e, 0x1f } },
                               { 0x20, 0x21, 0x22 } };

static void numbers_are_big_endian_and_come_back(void **state)
{
    uint8_t buf[LAYOUT_BYTES];
    layout back;
    dbk_err err = { 0 };
    (void)state;
    put_layout(buf, &sample);
    for (size_t i = 0; i < LAYOUT_BYTES; i++)
        assert_int_equal(buf[i], i + 1); /* 01 02 03 ... as written above */
    assert_ok(get_layout(&back, dbk_span_of(buf, sizeof(buf)), &err), &err);
    assert_int_equal(back.a, sample.a);
    assert_int_equal(back.b, sample.b);
    assert_int_equal(back.c, sample.c);
    assert_true(back.d == sample.d);
    assert_true(dbk_id_equal(&back.id, &sample.id));
    assert_memory_equal(back.tail, sample.tail, sizeof(back.tail));
}

static void every_cut_is_refused_once_and_gives_zeros_from_there(void **state)
{
    uint8_t buf[LAYOUT_BYTES];
    (void)state;
    put_layout(buf, &sample);
    for (size_t len = 0; len < LAYOUT_BYTES; len++) {
        uint8_t *cut = dbk_alloc(len); /* exact: a sanitizer sees a step over the end */
        layout got;
        dbk_err err = { 0 };
        assert_non_null(cut);
        memcpy(cut, buf, len);
        assert_rc(get_layout(&got, dbk_span_of(cut, len), &err), DBK_FORMAT, &err);
        assert_string_equal(err.text, "the layout is cut short");
        assert_memory_equal(got.tail, "\0\0\0", 3); /* the last part never came */
        if (len < 7) {
            assert_int_equal(got.c, 0);
            assert_true(got.d == 0);
            assert_true(dbk_id_is_zero(&got.id));
        }
        dbk_free(cut);
    }
}

static void what_is_left_over_is_counted_and_refused(void **state)
{
    uint8_t buf[LAYOUT_BYTES + 2] = { 0 };
    layout got;
    dbk_err err = { 0 };
    (void)state;
    put_layout(buf, &sample);
    assert_rc(get_layout(&got, dbk_span_of(buf, sizeof(buf)), &err), DBK_FORMAT, &err);
    assert_string_equal(err.text, "the layout has 2 bytes too many");
}

static void a_length_near_the_end_of_memory_does_not_wrap(void **state)
{
    static const size_t lens[] = { 4, 5, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        dbk_wire w = dbk_wire_from(dbk_span_str("abc"));
        dbk_span got = dbk_wire_get_span(&w, lens[i]);
        assert_true(w.failed);
        assert_null(got.p);
        assert_int_equal(got.len, 0);
        assert_int_equal(w.left.len, 3); /* a failed getter takes nothing */
    }
    dbk_wire w = dbk_wire_from(dbk_span_str("abc"));
    dbk_span got = dbk_wire_get_span(&w, 3);
    assert_true(dbk_span_equal(got, dbk_span_str("abc")));
    assert_rc(dbk_wire_end(&w, "x", NULL), DBK_OK, NULL);
    got = dbk_wire_get_span(&w, 0);
    assert_int_equal(got.len, 0);
    assert_false(w.failed);
}

static void the_first_failure_sticks_even_if_the_rest_would_fit(void **state)
{
    dbk_wire w = dbk_wire_from(dbk_span_str("abc"));
    uint8_t copy[2] = { 7, 7 };
    (void)state;
    assert_int_equal(dbk_wire_get_u32(&w), 0);
    assert_int_equal(dbk_wire_get_u8(&w), 0);
    assert_int_equal(dbk_wire_get_u16(&w), 0);
    dbk_wire_get_copy(&w, copy, 2);
    assert_memory_equal(copy, "\0\0", 2);
    assert_rc(dbk_wire_ok(&w, "x", NULL), DBK_FORMAT, NULL);
}

static void edges_of_each_width_come_back(void **state)
{
    static const uint64_t edges[] = { 0,          1,           0x7f,      0x80,      0xff,
                                      0x100,      0x7fff,      0xffff,    0x10000,   0x7fffffff,
                                      0xffffffff, 0x100000000, INT64_MAX, UINT64_MAX };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
        uint8_t buf[14];
        uint8_t *p = dbk_wire_put_u64(buf, edges[i]);
        p = dbk_wire_put_u32(p, (uint32_t)edges[i]);
        p = dbk_wire_put_u16(p, (uint16_t)edges[i]);
        assert_int_equal(p - buf, sizeof(buf));
        dbk_wire w = dbk_wire_from(dbk_span_of(buf, sizeof(buf)));
        assert_true(dbk_wire_get_u64(&w) == edges[i]);
        assert_true(dbk_wire_get_u32(&w) == (uint32_t)edges[i]);
        assert_true(dbk_wire_get_u16(&w) == (uint16_t)edges[i]);
        assert_rc(dbk_wire_end(&w, "x", NULL), DBK_OK, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian_and_come_back),
        cmocka_unit_test(every_cut_is_refused_once_and_gives_zeros_from_there),
        cmocka_unit_test(what_is_left_over_is_counted_and_refused),
        cmocka_unit_test(a_length_near_the_end_of_memory_does_not_wrap),
        cmocka_unit_test(the_first_failure_sticks_even_if_the_rest_would_fit),
        cmocka_unit_test(edges_of_each_width_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
