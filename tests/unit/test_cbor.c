#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"

#define BUF_MAX 4096u

typedef struct item {
    uint8_t p[BUF_MAX];
    size_t len;
} item;

static dbk_span unhex(item *out, const char *hex)
{
    out->len = strlen(hex) / 2;
    assert_true(out->len <= BUF_MAX);
    assert_ok(dbk_hex_parse(out->p, out->len, hex, NULL), NULL);
    return dbk_span_of(out->p, out->len);
}

/* ---- RFC 8949 appendix A ------------------------------------------------------------------- */

/* Every sample of appendix A, and whether it is in our subset (design.md section 6). */
static const struct sample {
    const char *hex;
    bool ours;
} appendix_a[] = {
    { "00", true },
    { "01", true },
    { "0a", true },
    { "17", true },
    { "1818", true },
    { "1819", true },
    { "1864", true },
    { "1903e8", true },
    { "1a000f4240", true },
    { "1b000000e8d4a51000", true },
    { "1bffffffffffffffff", true },
    { "c249010000000000000000", true }, /* a bignum is a tag and bytes: well-formed */
    { "3bffffffffffffffff", true },
    { "c349010000000000000000", true },
    { "20", true },
    { "29", true },
    { "3863", true },
    { "3903e7", true },
    { "f90000", false }, /* floats */
    { "f98000", false },
    { "f93c00", false },
    { "fb3ff199999999999a", false },
    { "f93e00", false },
    { "fa47c35000", false },
    { "fb7e37e43c8800759c", false },
    { "f97c00", false },
    { "f97e00", false },
    { "fa7f800000", false },
    { "fb7ff0000000000000", false },
    { "f4", true },
    { "f5", true },
    { "f6", true },
    { "f7", false },   /* undefined */
    { "f0", false },   /* simple(16) */
    { "f8ff", false }, /* simple(255) */
    { "c074323031332d30332d32315432303a30343a30305a", true },
    { "c11a514b67b0", true },
    { "c1fb41d452d9e8200000", false }, /* tag 1 on a float */
    { "d74401020304", true },
    { "d818456449455446", true },
    { "d82076687474703a2f2f7777772e6578616d706c652e636f6d", true },
    { "40", true },
    { "4401020304", true },
    { "60", true },
    { "6161", true },
    { "6449455446", true },
    { "62225c", true },
    { "62c3bc", true },
    { "63e6b0b4", true },
    { "64f0908591", true },
    { "80", true },
    { "83010203", true },
    { "8301820203820405", true },
    { "98190102030405060708090a0b0c0d0e0f101112131415161718181819", true },
    { "a0", true },
    { "a201020304", true },
    { "a26161016162820203", true },
    { "826161a161626163", true },
    { "a56161614161626142616361436164614461656145", true },
    { "5f42010243030405ff", false }, /* indefinite lengths */
    { "7f657374726561646d696e67ff", false },
    { "9fff", false },
    { "9f018202039f0405ffff", false },
    { "9f01820203820405ff", false },
    { "83018202039f0405ff", false },
    { "83019f0203ff820405", false },
    { "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", false },
    { "bf61610161629f0203ffff", false },
    { "826161bf61626163ff", false },
    { "bf6346756ef563416d7421ff", false },
};

/* Writes what it reads, by getters and putters only. False: the reader failed. */
static bool copy_item(dbk_cbor_out *out, dbk_span in)
{
    dbk_cbor c = dbk_cbor_from(in);
    uint64_t n;
    while (!c.failed && c.left.len > 0) {
        switch (dbk_cbor_peek(&c)) {
        case DBK_CBOR_UINT:
            dbk_cbor_put_uint(out, dbk_cbor_get_uint(&c));
            break;
        case DBK_CBOR_NINT: {
            dbk_cbor ahead = c;
            int64_t v = dbk_cbor_get_int(&ahead);
            if (ahead.failed) /* below INT64_MIN: copied as it stands */
                dbk_cbor_put_item(out, dbk_cbor_get_item(&c));
            else {
                dbk_cbor_put_int(out, v);
                c = ahead;
            }
            break;
        }
        case DBK_CBOR_BYTES: {
            dbk_span b = dbk_cbor_get_bytes(&c);
            dbk_cbor_put_bytes(out, b.p, b.len);
            break;
        }
        case DBK_CBOR_TEXT:
            dbk_cbor_put_text(out, dbk_cbor_get_text(&c));
            break;
        case DBK_CBOR_ARRAY:
            n = dbk_cbor_get_array(&c);
            dbk_cbor_put_array(out, n);
            break;
        case DBK_CBOR_MAP:
            n = dbk_cbor_get_map(&c);
            dbk_cbor_put_map(out, n);
            break;
        case DBK_CBOR_TAG:
            dbk_cbor_put_tag(out, dbk_cbor_get_tag(&c));
            break;
        case DBK_CBOR_SIMPLE:
            dbk_cbor_put_simple(out, dbk_cbor_get_simple(&c));
            break;
        case DBK_CBOR_NONE:
            return false;
        }
    }
    return !c.failed;
}

static bool copies_equal(dbk_span in)
{
    dbk_bytes b = DBK_BYTES_INIT(BUF_MAX);
    dbk_cbor_out out = dbk_cbor_to(&b, NULL);
    bool ok = copy_item(&out, in) && out.rc == DBK_OK && dbk_span_equal(dbk_bytes_span(&b), in);
    dbk_bytes_wipe(&b);
    return ok;
}

static void the_samples_of_rfc_8949_are_taken_just_if_they_are_in_our_subset(void **state)
{
    item in;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(appendix_a); i++) {
        dbk_span span = unhex(&in, appendix_a[i].hex);
        if ((dbk_cbor_check(span, NULL) == DBK_OK) != appendix_a[i].ours)
            fail_msg("%s", appendix_a[i].hex);
        if (appendix_a[i].ours && !copies_equal(span))
            fail_msg("%s: getters and putters differ", appendix_a[i].hex);
    }
}

static void a_sample_that_is_cut_short_or_has_a_tail_is_refused(void **state)
{
    item in;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(appendix_a); i++) {
        if (!appendix_a[i].ours)
            continue;
        unhex(&in, appendix_a[i].hex);
        for (size_t len = 0; len < in.len; len++) {
            /* An allocation of its own: a sanitizer sees a step over the end. */
            uint8_t *cut = dbk_alloc(len);
            assert_non_null(cut);
            memcpy(cut, in.p, len);
            if (dbk_cbor_check(dbk_span_of(cut, len), NULL) != DBK_FORMAT)
                fail_msg("%s cut to %zu", appendix_a[i].hex, len);
            dbk_free(cut);
        }
        in.p[in.len] = 0x00;
        assert_rc(dbk_cbor_check(dbk_span_of(in.p, in.len + 1), NULL), DBK_FORMAT, NULL);
    }
}

/* Whatever a bit flip makes of a sample: it is refused, or it is canonical again. */
static void a_flipped_bit_is_refused_or_gives_another_canonical_item(void **state)
{
    item in;
    size_t taken = 0, refused = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(appendix_a); i++) {
        unhex(&in, appendix_a[i].hex);
        for (size_t bit = 0; bit < 8 * in.len; bit++) {
            in.p[bit / 8] = (uint8_t)(in.p[bit / 8] ^ 1u << (bit % 8));
            dbk_span span = dbk_span_of(in.p, in.len);
            bool ok = dbk_cbor_check(span, NULL) == DBK_OK;
            if (ok && !copies_equal(span))
                fail_msg("%s, bit %zu", appendix_a[i].hex, bit);
            taken += ok;
            refused += !ok;
            (void)copies_equal(span); /* unchecked bytes: getters stay inside */
            in.p[bit / 8] = (uint8_t)(in.p[bit / 8] ^ 1u << (bit % 8));
        }
    }
    assert_true(taken > 100);
    assert_true(refused > 100);
}

/* ---- deterministic encoding, RFC 8949 section 4.2.1 ---------------------------------------- */

static void only_the_deterministic_encoding_is_taken(void **state)
{
    static const struct {
        const char *why, *hex;
        bool want;
    } cases[] = {
        { "23 in a longer head", "1817", false },
        { "255 in 2 bytes", "1900ff", false },
        { "256 in 2 bytes", "190100", true },
        { "65535 in 4 bytes", "1a0000ffff", false },
        { "65536 in 4 bytes", "1a00010000", true },
        { "2^32-1 in 8 bytes", "1b00000000ffffffff", false },
        { "2^32 in 8 bytes", "1b0000000100000000", true },
        { "negative in a longer head", "3817", false },
        { "length in a longer head", "580161", false },
        { "text length in a longer head", "780161", false },
        { "array count in a longer head", "980100", false },
        { "map count in a longer head", "b8010000", false },
        { "tag in a longer head", "d81740", false },
        { "reserved 28", "1c", false },
        { "reserved 29", "1d", false },
        { "reserved 30", "1e", false },
        { "break", "ff", false },
        { "false in two bytes", "f814", false },
        { "simple 19", "f3", false },
        { "simple 24", "f818", false },
        { "keys in order", "a2010002 00", true },
        { "keys out of order", "a202000100", false },
        { "a key twice", "a201000100", false },
        { "shorter text key first", "a2616200626161 00", true },
        { "longer text key first", "a262616100616200", false },
        { "integer before text", "a21818006161 00", true },
        { "text before integer", "a26161001818 00", false },
        { "negative key after positive", "a218ff002000", true },
        { "bytes key before text key", "a241610061 6100", true },
        { "an array as key", "a1800 0", false },
        { "a map as key", "a1a00 0", false },
        { "a tag as key", "a1c10000", false },
        { "true as key", "a1f500", false },
        { "order in an inner map", "81a202000100", false },
        { "order starts anew in the next map", "82a10200a10100", true },
        { "order goes on behind an inner map", "a3 01a10900 0200 0300", true },
        { "order is checked behind an inner map", "a3 02a10900 0100 0300", false },
        { "text is not UTF-8", "61ff", false },
        { "key is not UTF-8", "a161ff00", false },
        { "zero byte in text", "6100", false },
        { "bytes need not be UTF-8", "41ff", true },
        { "array longer than the input", "9bffffffffffffffff", false },
        { "map longer than the input", "bbffffffffffffffff", false },
        { "bytes longer than the input", "5bffffffffffffffff", false },
        { "text longer than the input", "7b7fffffffffffffff", false },
        { "a map that lacks a value", "a101", false },
        { "a tag without content", "c1", false },
        { "nothing", "", false },
    };
    item in;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char hex[256];
        size_t n = 0;
        for (const char *p = cases[i].hex; *p != '\0'; p++)
            if (*p != ' ')
                hex[n++] = *p;
        hex[n] = '\0';
        if ((dbk_cbor_check(unhex(&in, hex), NULL) == DBK_OK) != cases[i].want)
            fail_msg("%s", cases[i].why);
    }
}

static void depth_is_bounded_without_recursion(void **state)
{
    static const uint8_t openers[] = { 0x81, 0xa1, 0xc1 }; /* [x], { 0: x }, tag */
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(openers); k++) {
        for (size_t depth = 1; depth <= DBK_CBOR_DEPTH_MAX + 1; depth++) {
            uint8_t in[64];
            size_t n = 0;
            for (size_t i = 0; i < depth; i++) {
                in[n++] = openers[k];
                if (openers[k] == 0xa1)
                    in[n++] = 0x00;
            }
            in[n++] = 0x00;
            bool ok = dbk_cbor_check(dbk_span_of(in, n), NULL) == DBK_OK;
            assert_int_equal(ok, depth <= DBK_CBOR_DEPTH_MAX);
            dbk_cbor c = dbk_cbor_from(dbk_span_of(in, n));
            dbk_span whole = dbk_cbor_get_item(&c);
            assert_int_equal(!c.failed, ok);
            assert_int_equal(whole.len, ok ? n : 0);
        }
    }
    uint8_t flood[BUF_MAX];
    memset(flood, 0x81, sizeof(flood));
    assert_rc(dbk_cbor_check(dbk_span_of(flood, sizeof(flood)), NULL), DBK_FORMAT, NULL);
}

/* ---- reading and writing ------------------------------------------------------------------- */

static void integers_come_back_at_every_edge(void **state)
{
    static const uint64_t edges[] = { 0,        1,     23,    24,         25,         255,
                                      256,      65535, 65536, 4294967295, 4294967296, INT64_MAX - 1,
                                      INT64_MAX };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
        for (int sign = 0; sign < 2; sign++) {
            int64_t v = sign == 0 ? (int64_t)edges[i] : -1 - (int64_t)edges[i];
            dbk_bytes b = DBK_BYTES_INIT(16);
            dbk_cbor_out out = dbk_cbor_to(&b, NULL);
            dbk_cbor_put_int(&out, v);
            assert_rc(out.rc, DBK_OK, NULL);
            assert_rc(dbk_cbor_check(dbk_bytes_span(&b), NULL), DBK_OK, NULL);
            dbk_cbor c = dbk_cbor_from(dbk_bytes_span(&b));
            assert_true(dbk_cbor_get_int(&c) == v);
            assert_rc(dbk_cbor_end(&c, "x", NULL), DBK_OK, NULL);
            dbk_bytes_wipe(&b);
        }
    }
    static const uint8_t huge[] = { 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0 };
    dbk_cbor c = dbk_cbor_from(dbk_span_of(huge, sizeof(huge)));
    assert_true(dbk_cbor_get_int(&c) == 0); /* does not fit */
    assert_true(c.failed);
    c = dbk_cbor_from(dbk_span_of(huge, sizeof(huge)));
    assert_true(dbk_cbor_get_uint(&c) == (uint64_t)1 << 63);
}

/* sync-lessons 1.20: a malformed item must not be half understood. */
static void the_first_failure_sticks_and_getters_give_zero(void **state)
{
    static const uint8_t in[] = { 0x83, 0x61, 'a', 0x05, 0x42, 1, 2 };
    (void)state;
    dbk_cbor c = dbk_cbor_from(dbk_span_of(in, sizeof(in)));
    assert_int_equal(dbk_cbor_get_array(&c), 3);
    assert_int_equal(dbk_cbor_get_uint(&c), 0); /* it is text */
    assert_true(c.failed);
    assert_int_equal(dbk_cbor_peek(&c), DBK_CBOR_NONE);
    assert_int_equal(dbk_cbor_get_uint(&c), 0);
    assert_int_equal(dbk_cbor_get_text(&c).len, 0);
    assert_int_equal(dbk_cbor_get_bytes(&c).len, 0);
    assert_int_equal(dbk_cbor_get_item(&c).len, 0);
    assert_int_equal(dbk_cbor_get_map(&c), 0);
    assert_int_equal(dbk_cbor_get_tag(&c), 0);
    assert_int_equal(dbk_cbor_get_simple(&c), 0);
    assert_false(dbk_cbor_key(&c, 5));
    uint8_t copy[2] = { 9, 9 };
    dbk_cbor_get_copy(&c, copy, sizeof(copy));
    assert_memory_equal(copy, "\0\0", 2);
    dbk_err err = { 0 };
    assert_rc(dbk_cbor_end(&c, "the note", &err), DBK_FORMAT, &err);
    assert_string_equal(err.text, "the note is malformed");
}

static void a_copy_is_of_just_the_length_asked_for(void **state)
{
    static const uint8_t in[] = { 0x43, 1, 2, 3 };
    (void)state;
    for (size_t len = 0; len < 6; len++) {
        uint8_t out[6] = { 9, 9, 9, 9, 9, 9 };
        dbk_cbor c = dbk_cbor_from(dbk_span_of(in, sizeof(in)));
        dbk_cbor_get_copy(&c, out, len);
        assert_int_equal(c.failed, len != 3);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(out[i], len == 3 ? in[i + 1] : 0);
        assert_int_equal(out[len < 5 ? len : 5], len < 6 ? 9 : 0);
    }
    static const uint8_t none[] = { 0x40 };
    dbk_cbor c = dbk_cbor_from(dbk_span_of(none, 1));
    dbk_cbor_get_copy(&c, NULL, 0);
    assert_false(c.failed);
}

static void keys_are_found_in_order_and_the_rest_is_left(void **state)
{
    static const uint8_t in[] = { 0xa3, 0x01, 0x0a, 0x03, 0x0b, 0x18, 0x63, 0x0c };
    (void)state;
    dbk_cbor c = dbk_cbor_from(dbk_span_of(in, sizeof(in)));
    assert_int_equal(dbk_cbor_get_map(&c), 3);
    assert_true(dbk_cbor_key(&c, 1));
    assert_int_equal(dbk_cbor_get_uint(&c), 10);
    assert_false(dbk_cbor_key(&c, 2)); /* optional and absent: nothing moves */
    assert_true(dbk_cbor_key(&c, 3));
    assert_int_equal(dbk_cbor_get_uint(&c), 11);
    assert_true(dbk_cbor_key(&c, 99));
    dbk_span last = dbk_cbor_get_item(&c);
    assert_int_equal(last.len, 1);
    assert_rc(dbk_cbor_end(&c, "x", NULL), DBK_OK, NULL);
    c.left.len = 1;
    dbk_err err = { 0 };
    assert_rc(dbk_cbor_end(&c, "the note", &err), DBK_FORMAT, &err);
    assert_string_equal(err.text, "the note has something behind it");
}

static void a_count_over_what_is_left_is_refused_before_any_use(void **state)
{
    item in;
    (void)state;
    unhex(&in, "9a00010000");
    dbk_cbor c = dbk_cbor_from(dbk_span_of(in.p, in.len));
    assert_int_equal(dbk_cbor_get_array(&c), 0);
    assert_true(c.failed);
    unhex(&in, "ba00010000");
    c = dbk_cbor_from(dbk_span_of(in.p, in.len));
    assert_int_equal(dbk_cbor_get_map(&c), 0);
    assert_true(c.failed);
}

static void a_writer_that_overflows_keeps_its_first_failure(void **state)
{
    dbk_bytes b = DBK_BYTES_INIT(8);
    dbk_err err = { 0 };
    dbk_cbor_out out = dbk_cbor_to(&b, &err);
    (void)state;
    dbk_cbor_put_map(&out, 2);
    dbk_cbor_put_uint(&out, 1);
    dbk_cbor_put_str(&out, "too long for it");
    assert_rc(out.rc, DBK_LIMIT, &err);
    dbk_cbor_put_uint(&out, 2);
    dbk_cbor_put_simple(&out, DBK_CBOR_NULL);
    assert_rc(out.rc, DBK_LIMIT, &err);
    assert_true(b.len <= 8);
    dbk_bytes_wipe(&b);
}

static void an_empty_span_is_an_empty_string(void **state)
{
    dbk_bytes b = DBK_BYTES_INIT(8);
    dbk_cbor_out out = dbk_cbor_to(&b, NULL);
    (void)state;
    dbk_cbor_put_text(&out, (dbk_span){ NULL, 0 });
    dbk_cbor_put_bytes(&out, NULL, 0);
    dbk_cbor_put_item(&out, (dbk_span){ NULL, 0 });
    assert_rc(out.rc, DBK_OK, NULL);
    assert_int_equal(b.len, 2);
    assert_memory_equal(b.p, "\x60\x40", 2);
    dbk_bytes_wipe(&b);
}

/* Random well-formed items by a generator that knows the rules, then every bit flipped. */
static uint32_t rng;
static uint32_t roll(uint32_t n)
{
    rng = rng * 1664525u + 1013904223u;
    return (rng >> 8) % n;
}

static void put_random(dbk_cbor_out *out)
{
    /* A map of 1..3 integer keys in order, each value an array of scalars. */
    uint32_t pairs = 1 + roll(3);
    dbk_cbor_put_map(out, pairs);
    for (uint32_t i = 0; i < pairs; i++) {
        uint32_t count = roll(4);
        dbk_cbor_put_uint(out, i * 300 + roll(300));
        dbk_cbor_put_array(out, count);
        for (uint32_t k = 0; k < count; k++) {
            switch (roll(5)) {
            case 0:
                dbk_cbor_put_int(out, (int64_t)roll(70000) - 35000);
                break;
            case 1:
                dbk_cbor_put_str(out, roll(2) ? "visit" : "\xc3\xa9\xe2\x82\xac");
                break;
            case 2:
                dbk_cbor_put_bytes(out, "\x00\xff\x80", roll(4));
                break;
            case 3:
                dbk_cbor_put_simple(out, DBK_CBOR_FALSE + roll(3));
                break;
            default:
                dbk_cbor_put_tag(out, DBK_CBOR_TAG_UUID);
                dbk_cbor_put_bytes(out, "0123456789abcdef", 16);
            }
        }
    }
}

static void random_items_survive_and_their_flips_stay_canonical(void **state)
{
    (void)state;
    rng = 20261124;
    for (int round = 0; round < 300; round++) {
        dbk_bytes b = DBK_BYTES_INIT(BUF_MAX);
        dbk_cbor_out out = dbk_cbor_to(&b, NULL);
        put_random(&out);
        assert_rc(out.rc, DBK_OK, NULL);
        assert_rc(dbk_cbor_check(dbk_bytes_span(&b), NULL), DBK_OK, NULL);
        assert_true(copies_equal(dbk_bytes_span(&b)));
        for (size_t len = 0; len < b.len; len++)
            assert_rc(dbk_cbor_check(dbk_span_of(b.p, len), NULL), DBK_FORMAT, NULL);
        for (size_t bit = 0; bit < 8 * b.len; bit++) {
            b.p[bit / 8] = (uint8_t)(b.p[bit / 8] ^ 1u << (bit % 8));
            if (dbk_cbor_check(dbk_bytes_span(&b), NULL) == DBK_OK)
                assert_true(copies_equal(dbk_bytes_span(&b)));
            b.p[bit / 8] = (uint8_t)(b.p[bit / 8] ^ 1u << (bit % 8));
        }
        dbk_bytes_wipe(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_of_rfc_8949_are_taken_just_if_they_are_in_our_subset),
        cmocka_unit_test(a_sample_that_is_cut_short_or_has_a_tail_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_gives_another_canonical_item),
        cmocka_unit_test(only_the_deterministic_encoding_is_taken),
        cmocka_unit_test(depth_is_bounded_without_recursion),
        cmocka_unit_test(integers_come_back_at_every_edge),
        cmocka_unit_test(the_first_failure_sticks_and_getters_give_zero),
        cmocka_unit_test(a_copy_is_of_just_the_length_asked_for),
        cmocka_unit_test(keys_are_found_in_order_and_the_rest_is_left),
        cmocka_unit_test(a_count_over_what_is_left_is_refused_before_any_use),
        cmocka_unit_test(a_writer_that_overflows_keeps_its_first_failure),
        cmocka_unit_test(an_empty_span_is_an_empty_string),
        cmocka_unit_test(random_items_survive_and_their_flips_stay_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
