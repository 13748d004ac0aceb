#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/hole.h"

#define FRAMES_MAX DBK_SEGMENT_OPS_MAX

/* A body of frames of so many sealed bytes each, and the header that signs for it. */
typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_header header;
    uint8_t body[FRAMES_MAX * (DBK_FRAME_HEAD_BYTES + 64)];
    size_t body_len;
    dbk_bytes kept;
} fixture;

static void set_up(fixture *f, size_t count)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 91);
    dbk_bytes_init(&f->kept, DBK_KEPT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t len = 1 + (i * 13 + 40) % 64;
        uint8_t *p = f->body + f->body_len;
        *p++ = i % 3 == 0 ? 2 : 0;
        p = dbk_wire_put_u32(p, (uint32_t)len);
        f->env->random(f->env->self, p, len);
        f->body_len += DBK_FRAME_HEAD_BYTES + len;
    }
    f->header.count = (uint16_t)count;
    f->header.body_len = (uint32_t)f->body_len;
    assert_ok(dbk_body_split(frames, &f->header, dbk_span_of(f->body, f->body_len), NULL), NULL);
    f->header.op_root = dbk_frames_root(frames, count);
}

static void drop(fixture *f)
{
    dbk_bytes_wipe(&f->kept);
}

static void erase(fixture *f, uint64_t holes)
{
    dbk_kept kept;
    dbk_err err = { 0 };
    assert_ok(dbk_kept_read(&kept, &f->header, dbk_span_of(f->body, f->body_len), false, &err),
              &err);
    assert_int_equal(kept.holes, 0);
    dbk_kept_erase(&kept, holes);
    dbk_bytes_truncate(&f->kept, 0);
    assert_ok(dbk_kept_encode(&f->kept, &kept, &err), &err);
}

static dbk_rc decode(const fixture *f, dbk_kept *out)
{
    return dbk_kept_read(out, &f->header, dbk_bytes_span(&f->kept), true, NULL);
}

static bool holds(dbk_span in, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + len <= in.len; at++)
        if (memcmp(in.p + at, bytes, len) == 0)
            return true;
    return false;
}

static void what_was_erased_is_gone_and_the_root_still_holds(void **state)
{
    fixture f;
    dbk_kept kept;
    (void)state;
    set_up(&f, 5);
    erase(&f, 1u << 1 | 1u << 4);
    assert_ok(decode(&f, &kept), NULL);
    assert_int_equal(kept.holes, 1u << 1 | 1u << 4);
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    assert_ok(dbk_body_split(frames, &f.header, dbk_span_of(f.body, f.body_len), NULL), NULL);
    for (size_t i = 0; i < 5; i++) {
        bool hole = dbk_kept_is_hole(&kept, i);
        assert_int_equal(hole, i == 1 || i == 4);
        assert_int_equal(kept.lengths[i], frames[i].whole.len);
        assert_true(hole ? kept.frames[i].whole.len == 0
                         : dbk_span_equal(kept.frames[i].whole, frames[i].whole));
        /* Not even eight bytes of it. */
        assert_int_equal(holds(dbk_bytes_span(&f.kept), frames[i].sealed.p, 8), !hole);
    }
    drop(&f);
}

static void more_can_be_erased_later_and_the_order_does_not_show(void **state)
{
    fixture f;
    dbk_kept kept;
    dbk_bytes twice = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    (void)state;
    set_up(&f, FRAMES_MAX);
    erase(&f, UINT64_C(1) << 63);
    assert_ok(decode(&f, &kept), NULL);
    dbk_kept_erase(&kept, 1);
    assert_ok(dbk_kept_encode(&twice, &kept, NULL), NULL);
    erase(&f, UINT64_C(1) << 63 | 1);
    assert_true(dbk_span_equal(dbk_bytes_span(&twice), dbk_bytes_span(&f.kept)));
    erase(&f, UINT64_MAX);
    assert_ok(decode(&f, &kept), NULL);
    assert_int_equal(kept.holes, UINT64_MAX);
    assert_int_equal(f.kept.len, 8 + FRAMES_MAX * DBK_HOLE_BYTES);
    dbk_bytes_wipe(&twice);
    drop(&f);
}

static void each_bit_of_a_kept_body_counts(void **state)
{
    fixture f;
    dbk_kept kept;
    (void)state;
    set_up(&f, 4);
    erase(&f, 1u << 2);
    for (size_t bit = 0; bit < f.kept.len * 8; bit++) {
        f.kept.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = decode(&f, &kept);
        assert_true(rc == DBK_AUTH || rc == DBK_FORMAT);
        assert_int_equal(kept.count, 0);
        f.kept.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    drop(&f);
}

static void a_kept_body_that_is_cut_or_goes_on_is_none(void **state)
{
    fixture f;
    dbk_kept kept;
    uint8_t more = 0;
    (void)state;
    set_up(&f, 3);
    erase(&f, 1u << 0);
    for (size_t len = 0; len < f.kept.len; len++)
        assert_int_equal(dbk_kept_read(&kept, &f.header, dbk_span_of(f.kept.p, len), true, NULL),
                         DBK_FORMAT);
    assert_ok(dbk_bytes_append(&f.kept, dbk_span_of(&more, 1), NULL), NULL);
    assert_int_equal(decode(&f, &kept), DBK_FORMAT);
    drop(&f);
}

static void holes_are_ops_of_the_segment_and_there_is_one(void **state)
{
    fixture f;
    dbk_kept kept;
    (void)state;
    set_up(&f, 3);
    erase(&f, 1u << 2);
    (void)dbk_wire_put_u64(f.kept.p, 1u << 2 | 1u << 3);
    assert_int_equal(decode(&f, &kept), DBK_FORMAT);
    /* A whole body behind no holes would be a second way to say the same. */
    dbk_bytes_truncate(&f.kept, 0);
    uint8_t none[8] = { 0 };
    assert_ok(dbk_bytes_append(&f.kept, dbk_span_of(none, 8), NULL), NULL);
    assert_ok(dbk_bytes_append(&f.kept, dbk_span_of(f.body, f.body_len), NULL), NULL);
    assert_int_equal(decode(&f, &kept), DBK_FORMAT);
    drop(&f);
}

/* What is no hole in the chain's eyes can't be made one by whoever carries it. */
static void a_kept_body_is_no_body_and_a_body_no_kept_one(void **state)
{
    fixture f;
    dbk_kept kept;
    (void)state;
    set_up(&f, 3);
    erase(&f, 1u << 1);
    assert_int_not_equal(dbk_body_check(&f.header, dbk_bytes_span(&f.kept), NULL), DBK_OK);
    assert_int_not_equal(
        dbk_kept_read(&kept, &f.header, dbk_span_of(f.body, f.body_len), true, NULL), DBK_OK);
    drop(&f);
}

static void a_hole_of_another_frame_is_not_taken(void **state)
{
    fixture f;
    dbk_kept kept;
    (void)state;
    set_up(&f, 3);
    erase(&f, 1u << 0 | 1u << 1);
    uint8_t *first = f.kept.p + 8, *second = first + DBK_HOLE_BYTES, swap[DBK_HOLE_BYTES];
    memcpy(swap, first, sizeof(swap));
    memcpy(first, second, sizeof(swap));
    memcpy(second, swap, sizeof(swap));
    assert_int_equal(decode(&f, &kept), DBK_AUTH);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_erased_is_gone_and_the_root_still_holds),
        cmocka_unit_test(more_can_be_erased_later_and_the_order_does_not_show),
        cmocka_unit_test(each_bit_of_a_kept_body_counts),
        cmocka_unit_test(a_kept_body_that_is_cut_or_goes_on_is_none),
        cmocka_unit_test(holes_are_ops_of_the_segment_and_there_is_one),
        cmocka_unit_test(a_kept_body_is_no_body_and_a_body_no_kept_one),
        cmocka_unit_test(a_hole_of_another_frame_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
