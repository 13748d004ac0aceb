#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/segment.h"

#define FRAMES 3u

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_sign_pk pk;
    dbk_secret *sk;
    dbk_header header;
    uint8_t body[200];
    size_t body_len;
    uint8_t bytes[DBK_SEGMENT_HEADER_BYTES];
} fixture;

static void put_frame(fixture *f, uint8_t tag, size_t len)
{
    uint8_t *p = f->body + f->body_len;
    *p++ = tag;
    p = dbk_wire_put_u32(p, (uint32_t)len);
    f->env->random(f->env->self, p, len);
    f->body_len += DBK_FRAME_HEAD_BYTES + len;
}

static void set_up(fixture *f)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 81);
    assert_ok(dbk_sign_keypair(&f->pk, &f->sk, f->env, &err), &err);
    put_frame(f, 0, 40);
    put_frame(f, 1, 1); /* too short for its opener: carried, whatever it is */
    put_frame(f, 0, 61);
    dbk_header *h = &f->header;
    h->count = FRAMES;
    f->env->random(f->env->self, h->space.b, 16);
    f->env->random(f->env->self, h->feed.b, 16);
    f->env->random(f->env->self, h->incarnation.b, 16);
    h->first_seq = 0x0102030405060708u;
    f->env->random(f->env->self, h->prev.b, 32);
    f->env->random(f->env->self, h->key_id.b, 16);
    f->env->random(f->env->self, h->members_seen.b, 32);
    h->checkpoint_size = 0x1122334455667788u;
    f->env->random(f->env->self, h->checkpoint_root.b, 32);
    f->env->random(f->env->self, h->salt, 16);
    h->body_len = (uint32_t)f->body_len;
    assert_ok(dbk_body_split(frames, h, dbk_span_of(f->body, f->body_len), &err), &err);
    h->op_root = dbk_frames_root(frames, FRAMES);
    dbk_header_sign(h, f->sk);
    dbk_header_encode(f->bytes, h);
}

static dbk_rc decode(const fixture *f, dbk_header *out)
{
    return dbk_header_decode(out, dbk_span_of(f->bytes, sizeof(f->bytes)), NULL);
}

static void a_header_has_each_field_where_the_layout_says(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    const dbk_header *h = &f.header;
    assert_memory_equal(f.bytes, "DBKS\x01\x01\x00\x03", 8);
    assert_memory_equal(f.bytes + 8, h->space.b, 16);
    assert_memory_equal(f.bytes + 24, h->feed.b, 16);
    assert_memory_equal(f.bytes + 40, h->incarnation.b, 16);
    assert_memory_equal(f.bytes + 56, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_memory_equal(f.bytes + 64, h->prev.b, 32);
    assert_memory_equal(f.bytes + 96, h->key_id.b, 16);
    assert_memory_equal(f.bytes + 112, h->members_seen.b, 32);
    assert_memory_equal(f.bytes + 144, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    assert_memory_equal(f.bytes + 152, h->checkpoint_root.b, 32);
    assert_memory_equal(f.bytes + 184, h->salt, 16);
    assert_memory_equal(f.bytes + 200, h->op_root.b, 32);
    assert_memory_equal(f.bytes + 232, "\x00\x00\x00\x75", 4);
    assert_memory_equal(f.bytes + 236, h->sig.b, 64);
    uint8_t aad[DBK_SEGMENT_AAD_BYTES];
    dbk_header_aad(aad, h);
    assert_memory_equal(aad, f.bytes, sizeof(aad));
    assert_int_equal(dbk_header_last_seq(h), h->first_seq + 2);
    dbk_secret_free(f.sk);
}

static void a_header_comes_back_as_it_was_and_verifies(void **state)
{
    fixture f;
    dbk_header got;
    uint8_t again[DBK_SEGMENT_HEADER_BYTES];
    dbk_sign_pk other;
    dbk_secret *other_sk;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_int_equal(decode(&f, &got), DBK_OK);
    dbk_header_encode(again, &got);
    assert_memory_equal(again, f.bytes, sizeof(again));
    assert_ok(dbk_header_verify(&got, &f.pk, &err), &err);
    assert_ok(dbk_body_check(&got, dbk_span_of(f.body, f.body_len), &err), &err);
    dbk_hash a = dbk_header_hash(&got), b = dbk_header_hash(&f.header);
    assert_true(dbk_hash_equal(&a, &b));
    assert_ok(dbk_sign_keypair(&other, &other_sk, f.env, &err), &err);
    assert_rc(dbk_header_verify(&got, &other, &err), DBK_AUTH, &err); /* M05, M06 */
    dbk_secret_free(other_sk);
    dbk_secret_free(f.sk);
}

/* M01: all bits of a header are refused in form or in signature; none change the hash in silence.
 */
static void each_bit_of_a_header_counts(void **state)
{
    fixture f;
    dbk_header got, zero;
    (void)state;
    set_up(&f);
    memset(&zero, 0, sizeof(zero));
    for (size_t bit = 0; bit < DBK_SEGMENT_HEADER_BYTES * 8; bit++) {
        f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = decode(&f, &got);
        if (rc == DBK_OK)
            assert_int_equal(dbk_header_verify(&got, &f.pk, NULL), DBK_AUTH);
        else
            assert_memory_equal(&got, &zero, sizeof(got));
        f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sizeof(f.bytes); len++)
        assert_int_equal(dbk_header_decode(&got, dbk_span_of(f.bytes, len), NULL), DBK_FORMAT);
    uint8_t longer[DBK_SEGMENT_HEADER_BYTES + 1] = { 0 };
    memcpy(longer, f.bytes, sizeof(f.bytes));
    assert_int_equal(dbk_header_decode(&got, dbk_span_of(longer, sizeof(longer)), NULL),
                     DBK_FORMAT);
    dbk_secret_free(f.sk);
}

static void a_header_that_contradicts_itself_is_refused(void **state)
{
    fixture f;
    dbk_header got;
    (void)state;
    set_up(&f);
    dbk_header good = f.header;
#define CASE(why, want, change)                       \
    do {                                              \
        f.header = good;                              \
        change;                                       \
        dbk_header_encode(f.bytes, &f.header);        \
        dbk_rc rc = decode(&f, &got);                 \
        if (rc != (want))                             \
            fail_msg("%s: %s", why, dbk_rc_name(rc)); \
    } while (0)
    CASE("no op", DBK_FORMAT, f.header.count = 0);
    CASE("65 ops", DBK_FORMAT, f.header.count = 65; f.header.body_len = 65 * 6);
    CASE("64 ops", DBK_OK, f.header.count = 64; f.header.body_len = 64 * 6);
    CASE("frames of no bytes", DBK_FORMAT, f.header.body_len = FRAMES * 6 - 1);
    CASE("the largest body", DBK_OK, f.header.body_len = DBK_SEGMENT_BODY_BYTES_MAX);
    CASE("too large a body", DBK_FORMAT, f.header.body_len = DBK_SEGMENT_BODY_BYTES_MAX + 1);
    CASE("seq 0", DBK_FORMAT, f.header.first_seq = 0);
    CASE("seq 1 with a previous hash", DBK_FORMAT, f.header.first_seq = 1);
    CASE("seq 1", DBK_OK, f.header.first_seq = 1; memset(&f.header.prev, 0, 32));
    CASE("seq 2 without one", DBK_FORMAT, f.header.first_seq = 2; memset(&f.header.prev, 0, 32));
    CASE("the last seqs", DBK_OK, f.header.first_seq = (uint64_t)INT64_MAX - FRAMES);
    CASE("seqs past 63 bits", DBK_FORMAT, f.header.first_seq = (uint64_t)INT64_MAX - FRAMES + 1);
    CASE("a seq that overflows", DBK_FORMAT, f.header.first_seq = UINT64_MAX);
    CASE("no space", DBK_FORMAT, memset(&f.header.space, 0, 16));
    CASE("no feed", DBK_FORMAT, memset(&f.header.feed, 0, 16));
    CASE("no incarnation", DBK_FORMAT, memset(&f.header.incarnation, 0, 16));
    CASE("no key", DBK_FORMAT, memset(&f.header.key_id, 0, 16));
    CASE("a root of nothing", DBK_FORMAT, f.header.checkpoint_size = 0);
    CASE("no root", DBK_FORMAT, memset(&f.header.checkpoint_root, 0, 32));
    CASE("neither", DBK_OK, f.header.checkpoint_size = 0; memset(&f.header.checkpoint_root, 0, 32));
    CASE("too large a log", DBK_FORMAT, f.header.checkpoint_size = UINT64_MAX);
#undef CASE
    f.header = good;
    dbk_header_encode(f.bytes, &f.header);
    f.bytes[4] = 2;
    assert_int_equal(decode(&f, &got), DBK_VERSION);
    f.bytes[4] = 0;
    assert_int_equal(decode(&f, &got), DBK_FORMAT); /* M20, M21: below is nothing */
    f.bytes[4] = 1;
    f.bytes[5] = 2;
    assert_int_equal(decode(&f, &got), DBK_VERSION);
    f.bytes[5] = 0;
    assert_int_equal(decode(&f, &got), DBK_FORMAT);
    dbk_secret_free(f.sk);
}

static void a_body_splits_only_into_frames_that_fill_it(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX], none[DBK_SEGMENT_OPS_MAX];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    memset(none, 0, sizeof(none));
    assert_ok(dbk_body_split(frames, &f.header, dbk_span_of(f.body, f.body_len), &err), &err);
    assert_int_equal(frames[0].sealed.len, 40);
    assert_int_equal(frames[1].key_tag, 1);
    assert_int_equal(frames[1].whole.len, 6);
    assert_ptr_equal(frames[2].whole.p, f.body + 45 + 6);
    for (size_t len = 0; len < f.body_len; len++)
        assert_int_equal(dbk_body_split(frames, &f.header, dbk_span_of(f.body, len), NULL),
                         DBK_FORMAT);
    assert_memory_equal(frames, none, sizeof(none));
    /* Lengths that don't fill the body: a byte over, a byte short, and two that would wrap. */
    static const uint32_t lens[][FRAMES] = {
        { 40, 1, 60 },
        { 40, 1, 62 },
        { 0xffffffff, 1, 61 },
        { 40, 0xfffffffb, 61 },
    };
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        (void)dbk_wire_put_u32(f.body + 1, lens[i][0]);
        (void)dbk_wire_put_u32(f.body + 45 + 1, lens[i][1]);
        (void)dbk_wire_put_u32(f.body + 51 + 1, lens[i][2]);
        assert_int_equal(dbk_body_split(frames, &f.header, dbk_span_of(f.body, f.body_len), NULL),
                         DBK_FORMAT);
        assert_memory_equal(frames, none, sizeof(none));
    }
    /* A frame of nothing, in a body that is filled. */
    f.body_len = 0;
    put_frame(&f, 0, 40);
    put_frame(&f, 0, 0);
    put_frame(&f, 0, 62);
    assert_int_equal(f.body_len, f.header.body_len);
    assert_int_equal(dbk_body_split(frames, &f.header, dbk_span_of(f.body, f.body_len), NULL),
                     DBK_FORMAT);
    f.header.count = 2;
    assert_int_equal(dbk_body_split(frames, &f.header, dbk_span_of(f.body, f.body_len), NULL),
                     DBK_FORMAT);
    dbk_secret_free(f.sk);
}

static void each_bit_of_a_body_is_under_the_op_root(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t bit = 0; bit < f.body_len * 8; bit++) {
        f.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = dbk_body_check(&f.header, dbk_span_of(f.body, f.body_len), NULL);
        assert_true(rc == DBK_AUTH || rc == DBK_FORMAT);
        f.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_secret_free(f.sk);
}

static void frames_in_another_order_are_another_body(void **state)
{
    fixture f;
    uint8_t moved[200];
    (void)state;
    set_up(&f);
    memcpy(moved, f.body + 45, 6);
    memcpy(moved + 6, f.body, 45);
    memcpy(moved + 51, f.body + 51, f.body_len - 51);
    assert_int_equal(dbk_body_check(&f.header, dbk_span_of(moved, f.body_len), NULL), DBK_AUTH);
    dbk_secret_free(f.sk);
}

/* R14, M29, M30: a header's signature is no receipt's, and its hash no other hash. */
static void a_receipt_holds_for_its_segment_place_and_time_alone(void **state)
{
    fixture f;
    dbk_receipt_scope scope = { { { 1 } }, { { 2 } }, { { 3 } } };
    dbk_receipt r = { .log = { { 4 } }, .index = 5, .receipt_ms = 6 };
    (void)state;
    set_up(&f);
    dbk_receipt_sign(&r, &scope, f.sk);
    assert_true(dbk_receipt_verify(&r, &scope, &f.pk));
#define CASE(place)                                          \
    do {                                                     \
        place ^= 1;                                          \
        assert_false(dbk_receipt_verify(&r, &scope, &f.pk)); \
        place ^= 1;                                          \
    } while (0)
    CASE(scope.org.b[0]);
    CASE(scope.space.b[15]);
    CASE(scope.header_hash.b[31]);
    CASE(r.log.b[7]);
    CASE(r.index);
    CASE(r.receipt_ms);
    CASE(r.sig.b[0]);
#undef CASE
    r.sig = f.header.sig;
    assert_false(dbk_receipt_verify(&r, &scope, &f.pk));
    dbk_secret_free(f.sk);
}

static void a_log_leaf_binds_time_and_header(void **state)
{
    dbk_hash a = { { 1 } }, b = { { 2 } };
    dbk_hash leaf, others[2];
    (void)state;
    assert_int_equal(dbk_crypto_init(NULL), DBK_OK);
    leaf = dbk_log_leaf(1, &a);
    others[0] = dbk_log_leaf(2, &a);
    others[1] = dbk_log_leaf(1, &b);
    assert_false(dbk_hash_equal(&leaf, &others[0]));
    assert_false(dbk_hash_equal(&leaf, &others[1]));
}

/* Decision 0037: whatever the kind and however short, some of a frame goes, and no more than it
 * has. */
static void a_frames_opener_is_what_a_copy_can_be_made_without(void **state)
{
    static const struct {
        const char *what;
        uint8_t tag;
        size_t sealed, opener;
    } cases[] = {
        { "an op's", DBK_FRAME_TAG_OP, 300, 16 },
        { "a writer's", DBK_FRAME_TAG_DROP, 300, 32 },
        { "an op's, cut", DBK_FRAME_TAG_OP, 15, 15 },
        { "a writer's, cut", DBK_FRAME_TAG_DROP, 31, 31 },
        { "of a newer version", 3, 300, 300 },
        { "of none", 0, 1, 1 },
    };
    uint8_t bytes[DBK_FRAME_HEAD_BYTES + 300] = { 0 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_frame frame = { cases[i].tag,
                            dbk_span_of(bytes + DBK_FRAME_HEAD_BYTES, cases[i].sealed),
                            dbk_span_of(bytes, DBK_FRAME_HEAD_BYTES + cases[i].sealed) };
        dbk_span opener = dbk_frame_opener(&frame);
        if (opener.p != frame.sealed.p || opener.len != cases[i].opener)
            fail_msg("%s: %zu bytes", cases[i].what, opener.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frames_opener_is_what_a_copy_can_be_made_without),
        cmocka_unit_test(a_header_has_each_field_where_the_layout_says),
        cmocka_unit_test(a_header_comes_back_as_it_was_and_verifies),
        cmocka_unit_test(each_bit_of_a_header_counts),
        cmocka_unit_test(a_header_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_body_splits_only_into_frames_that_fill_it),
        cmocka_unit_test(each_bit_of_a_body_is_under_the_op_root),
        cmocka_unit_test(frames_in_another_order_are_another_body),
        cmocka_unit_test(a_receipt_holds_for_its_segment_place_and_time_alone),
        cmocka_unit_test(a_log_leaf_binds_time_and_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
