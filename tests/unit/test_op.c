#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "tests/lib/diag.h"
#include "tests/lib/opkit.h"

/* docs/FORMAT.md, section "Op": the vectors, made by a program in another language. Own feed b. */
static const char small_hex[] =
    "a501505200000000000000000000000000000002646e6f74650301041b01920000000000"
    "010581a30101026673746174757303a1617601";
static const char full_hex[] =
    "aa015052000000000000000000000000000000026463617365030704050589a501080264"
    "7269736b03a1656c6576656c646869676804838250610000000000000000000000000000"
    "000309825063000000000000000000000000000000010582656c6174657201a301020267"
    "6d61726b65727303820102a4010302676d61726b657273038101048102a3010402636c6f"
    "670381a161746178a30105026563616c6c730302a4010602696c6966656379636c6503a2"
    "657374617465667369676e656466726561736f6e6172048108a30107026b617474616368"
    "6d656e74730381a1626964420102a201080266726576696577a401186302666675747572"
    "650382f6f504818250610000000000000000000000000000000106828250610000000000"
    "0000000000000000000003825063000000000000000000000000000000040782507a0000"
    "000000000000000000000000000c086762656361757365092419012ca1616b8140";

static dbk_span unhex(uint8_t *room, const char *hex)
{
    dbk_err err = { 0 };
    size_t len = strlen(hex) / 2;
    assert_ok(dbk_hex_parse(room, len, hex, &err), &err);
    return dbk_span_of(room, len);
}

static bool is_text(dbk_span span, const char *text)
{
    return dbk_span_equal(span, dbk_span_str(text));
}

static bool is_dot(const dbk_dot *dot, char feed, uint64_t seq)
{
    dbk_dot want = kit_dot(feed, seq);
    return dbk_dot_compare(dot, &want) == 0;
}

static void a_plain_edit_encodes_to_the_vector(void **state)
{
    uint8_t room[64];
    dbk_span want = unhex(room, small_hex);
    dbk_bytes got = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_id own = kit_id('b');
    dbk_err err = { 0 };
    kit_op k;
    (void)state;
    kit_begin(&k, 0x0192000000000001u);
    kit_write(&k, DBK_WRITE_SET, "status", 1);
    assert_ok(dbk_op_encode(&got, &k.op, &own, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&got), want));
    dbk_bytes_wipe(&got);
}

static void every_part_of_an_op_is_read_and_unknown_keys_are_kept(void **state)
{
    uint8_t room[512];
    dbk_span in = unhex(room, full_hex);
    dbk_bytes again = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_id own = kit_id('b'), record = kit_id('R');
    dbk_op_decoded d;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_op_decode(&d, in, &own, &err), &err);
    assert_true(dbk_id_equal(&d.op.record, &record));
    assert_true(is_text(d.op.form, "case"));
    assert_int_equal(d.op.form_version, 7);
    assert_int_equal(d.op.time, 5);
    assert_int_equal(d.op.writes_count, 9);
    const dbk_write *resolve = &d.op.writes[0], *future = &d.op.writes[8];
    assert_int_equal(resolve->kind, DBK_WRITE_RESOLVE);
    assert_int_equal(resolve->pred_count, 3);
    assert_true(is_dot(&resolve->pred[0], 'a', 3));
    assert_true(is_dot(&resolve->pred[1], 'b', 9));
    assert_true(is_dot(&resolve->pred[2], 'c', 1));
    assert_int_equal(resolve->extra.len, 9); /* 5: ["later", 1] */
    assert_int_equal(future->kind, 99);
    assert_int_equal(future->pred_count, 1);
    assert_int_equal(d.op.context_count, 2);
    assert_true(is_dot(&d.op.context[1], 'c', 4));
    assert_true(d.op.has_replaces);
    assert_true(is_dot(&d.op.replaces, 'z', 12));
    assert_true(is_text(d.op.reason, "because"));
    assert_true(d.op.extra.len > 0);
    assert_ok(dbk_op_encode(&again, &d.op, &own, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&again), in));
    dbk_bytes_wipe(&again);
    dbk_op_decoded_wipe(&d);
}

/* Refused with nothing left behind, or taken and encoded to the same bytes. */
static bool decode_strictly(dbk_span in)
{
    dbk_id own = kit_id('b');
    dbk_bytes again = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_op_decoded d;
    dbk_err err = { 0 };
    dbk_rc rc = dbk_op_decode(&d, in, &own, &err);
    if (rc != DBK_OK) {
        static const dbk_op_decoded nothing;
        assert_true(rc == DBK_FORMAT || rc == DBK_LIMIT);
        assert_memory_equal(&d, &nothing, sizeof(d));
        return false;
    }
    assert_ok(dbk_op_encode(&again, &d.op, &own, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&again), in));
    dbk_bytes_wipe(&again);
    dbk_op_decoded_wipe(&d);
    return true;
}

static void every_truncation_and_bit_flip_of_an_op_is_refused_or_equal(void **state)
{
    uint8_t room[512];
    dbk_span in = unhex(room, full_hex);
    (void)state;
    for (size_t len = 0; len < in.len; len++)
        assert_false(decode_strictly(dbk_span_of(room, len)));
    for (size_t bit = 0; bit < 8 * in.len; bit++) {
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)decode_strictly(in);
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(decode_strictly(in));
}

static dbk_rc decode_text(const char *text, dbk_err *err)
{
    dbk_bytes in = DBK_BYTES_INIT(2 * DBK_OP_PLAIN_BYTES_MAX);
    dbk_id own = kit_id('b');
    dbk_op_decoded d;
    kit_cbor(&in, text);
    dbk_rc rc = dbk_op_decode(&d, dbk_bytes_span(&in), &own, err);
    if (rc == DBK_OK)
        assert_true(decode_strictly(dbk_bytes_span(&in)));
    dbk_op_decoded_wipe(&d);
    dbk_bytes_wipe(&in);
    return rc;
}

static void check_text(const char *text, dbk_rc want, const char *why)
{
    dbk_err err = { 0 };
    dbk_rc rc = decode_text(text, &err);
    if (rc != want)
        fail_msg("%s: got %d, want %d (%s)", text, (int)rc, (int)want, err.text);
    if (rc != DBK_OK && strstr(err.text, why) == NULL)
        fail_msg("%s: want \"%s\", got \"%s\"", text, why, err.text);
}

static const struct {
    const char *op;
    dbk_rc want;
    const char *why;
} op_cases[] = {
#define W "5: [{1: 1, 2: \"s\", 3: {}}]"
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W "}", DBK_OK, NULL },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 9: 0}", DBK_OK, NULL },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", \"k\": 0}", DBK_FORMAT, "unknown key" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", -1: 0}", DBK_FORMAT, "unknown key" },
    { "{0: 0, 1: @R, 2: \"n\", 3: 1, 4: 0, " W "}", DBK_FORMAT, "malformed" },
    { "{1: h'00', 2: \"n\", 3: 1, 4: 0, " W "}", DBK_FORMAT, "malformed" },
    { "{2: \"n\", 3: 1, 4: 0, " W "}", DBK_FORMAT, "malformed" },
    { "{1: @R, 3: 1, 4: 0, " W "}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 4: 0, " W "}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, " W "}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"\", 3: 1, 4: 0, " W "}", DBK_FORMAT, "no name" },
    { "{1: @R, 2: \"n2345678901234567890123456789012345678901234567890\", 3: 1, 4: 0, " W "}",
      DBK_LIMIT, "name of more than" },
    { "{1: @R, 2: \"n\", 3: 0, 4: 0, " W "}", DBK_FORMAT, "no version" },
    { "{1: @R, 2: \"n\", 3: 4294967296, 4: 0, " W "}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 4294967295, 4: 18446744073709551615, " W "}", DBK_OK, NULL },
    { "{1: @R, 2: \"n\", 3: 1, 4: -1, " W "}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, 5: []}", DBK_FORMAT, "writes nothing" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, 5: [0]}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, 5: [{}]}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, 5: {}}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [[@a, 1], [@c, 1]]}", DBK_OK, NULL },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: []}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [[@c, 1], [@a, 1]]}", DBK_FORMAT, "order" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [[@a, 1], [@a, 2]]}", DBK_FORMAT, "twice" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [1]}", DBK_FORMAT, "its own feed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [[@a, 0]]}", DBK_FORMAT, "number 0" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [[@a, 1, 1]]}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 6: [[h'00', 1]]}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 7: 4}", DBK_OK, NULL },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 7: 0}", DBK_FORMAT, "number 0" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 7: [@b, 1]}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 8: \"why\"}", DBK_OK, NULL },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 8: \"\"}", DBK_FORMAT, "malformed" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W ", 8: 1}", DBK_FORMAT, "malformed" },
    { "{2: 0, 1: 0}", DBK_FORMAT, "not deterministic CBOR" },
    { "{1: @R, 2: \"n\", 3: 1, 4: 0, " W "} 0", DBK_FORMAT, "behind" },
    { "[]", DBK_FORMAT, "malformed" },
#undef W
};

static void an_op_is_refused_unless_every_rule_of_the_format_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(op_cases); i++)
        check_text(op_cases[i].op, op_cases[i].want, op_cases[i].why);
}

static const struct {
    const char *writes;
    dbk_rc want;
    const char *why;
} write_cases[] = {
    { "{1: 1, 2: \"s\", 3: {\"a\": 1, \"b\": null}, 4: [[@a, 1], 2, [@c, 1]]}", DBK_OK, NULL },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, 5: 0}", DBK_OK, NULL },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, \"z\": 0}", DBK_FORMAT, "unknown key" },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, 4: []}", DBK_FORMAT, "malformed" },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, 4: [0]}", DBK_FORMAT, "number 0" },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, 4: [2, [@a, 1]]}", DBK_FORMAT, "order" },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, 4: [2, 2]}", DBK_FORMAT, "order" },
    { "{1: 1, 2: \"s\", 3: {\"a\": 1}, 4: [[@b, 2]]}", DBK_FORMAT, "malformed" },
    { "{1: 1, 2: \"\", 3: {}}", DBK_FORMAT, "no name" },
    { "{1: 1, 2: \"s2345678901234567890123456789012345678901234567890\", 3: {}}", DBK_LIMIT,
      "name of more than" },
    { "{1: 1, 2: \"s\"}", DBK_FORMAT, "register" },
    { "{1: 1, 2: \"s\", 3: [1]}", DBK_FORMAT, "register" },
    { "{1: 1, 2: \"s\", 3: {1: 1}}", DBK_FORMAT, "register" },
    { "{1: 1, 2: \"lifecycle\", 3: {\"state\": \"live\"}}", DBK_FORMAT, "no place" },
    { "{1: 1, 2: \"review\", 3: {}}", DBK_FORMAT, "no place" },
    { "{1: 8, 2: \"s\", 3: {\"a\": 1}}", DBK_OK, NULL },
    { "{1: 8, 2: \"s\"}", DBK_FORMAT, "register" },
    { "{1: 8, 2: \"review\"}", DBK_OK, NULL },
    { "{1: 8, 2: \"review\", 3: {}}", DBK_FORMAT, "looked at" },
    { "{1: 8, 2: \"review\", 4: [1]}", DBK_FORMAT, "replaces nothing" },
    { "{1: 8, 2: \"lifecycle\", 3: {\"state\": \"live\"}}", DBK_OK, NULL },
    { "{1: 8, 2: \"lifecycle\", 3: {\"v\": 1}}", DBK_FORMAT, "names no state" },
    { "{1: 6, 2: \"lifecycle\", 3: {\"state\": \"live\"}, 4: [1]}", DBK_OK, NULL },
    { "{1: 6, 2: \"lifecycle\", 3: {\"new\": 0, \"state\": \"x\"}}", DBK_OK, NULL },
    { "{1: 6, 2: \"lifecycle\", 3: {\"state\": 1}}", DBK_FORMAT, "lifecycle value" },
    { "{1: 6, 2: \"lifecycle\", 3: {\"state\": \"\"}}", DBK_FORMAT, "names no state" },
    { "{1: 6, 2: \"lifecycle\", 3: {\"state\": \"live\", \"reason\": 1}}", DBK_FORMAT,
      "lifecycle value" },
    { "{1: 6, 2: \"s\", 3: {\"state\": \"live\"}}", DBK_FORMAT, "no place" },
    { "{1: 2, 2: \"m\", 3: [1, 2, \"x\"]}", DBK_OK, NULL },
    { "{1: 2, 2: \"m\", 3: [2, 1]}", DBK_FORMAT, "out of order" },
    { "{1: 2, 2: \"m\", 3: [1, 1]}", DBK_FORMAT, "out of order" },
    { "{1: 2, 2: \"m\", 3: []}", DBK_FORMAT, "brings nothing" },
    { "{1: 2, 2: \"m\", 3: 1}", DBK_FORMAT, "malformed" },
    { "{1: 2, 2: \"m\", 3: [1], 4: [1]}", DBK_FORMAT, "replaces nothing" },
    { "{1: 2, 2: \"review\", 3: [1]}", DBK_FORMAT, "no place" },
    { "{1: 3, 2: \"m\", 3: [1], 4: [1]}", DBK_OK, NULL },
    { "{1: 3, 2: \"m\", 3: [1]}", DBK_OK, NULL },
    { "{1: 3, 2: \"m\", 3: [2, 1]}", DBK_FORMAT, "out of order" },
    { "{1: 4, 2: \"l\", 3: [2, 1, 1]}", DBK_OK, NULL },
    { "{1: 4, 2: \"l\", 3: [1], 4: [1]}", DBK_FORMAT, "replaces nothing" },
    { "{1: 4, 2: \"attachments\", 3: [{}]}", DBK_FORMAT, "no place" },
    { "{1: 7, 2: \"attachments\", 3: [{}]}", DBK_OK, NULL },
    { "{1: 7, 2: \"attachments\", 3: [1]}", DBK_FORMAT, "not a map" },
    { "{1: 7, 2: \"l\", 3: [{}]}", DBK_FORMAT, "no place" },
    { "{1: 5, 2: \"c\", 3: 18446744073709551615}", DBK_OK, NULL },
    { "{1: 5, 2: \"c\", 3: -1}", DBK_FORMAT, "a count" },
    { "{1: 5, 2: \"c\"}", DBK_FORMAT, "a count" },
    { "{1: 99, 2: \"c\"}", DBK_OK, NULL },
    { "{1: 99, 2: \"review\", 3: [2, 1], 4: [1]}", DBK_OK, NULL },
    { "{1: 1, 2: \"s\", 3: {}}, {1: 1, 2: \"t\", 3: {}}", DBK_OK, NULL },
    { "{1: 1, 2: \"s\", 3: {}}, {1: 1, 2: \"s\", 3: {}}", DBK_FORMAT, "one group twice" },
    { "{1: 1, 2: \"s\", 3: {}}, {1: 8, 2: \"s\", 3: {}}", DBK_FORMAT, "one group twice" },
    { "{1: 2, 2: \"s\", 3: [1]}, {1: 3, 2: \"s\", 3: [1]}", DBK_OK, NULL },
    { "{1: 99, 2: \"s\"}, {1: 99, 2: \"s\"}", DBK_FORMAT, "one group twice" },
};

static void a_write_is_refused_unless_its_kind_allows_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(write_cases); i++) {
        char text[512];
        int len = snprintf(text, sizeof(text), "{1: @R, 2: \"n\", 3: 1, 4: 0, 5: [%s]}",
                           write_cases[i].writes);
        assert_true(len > 0 && (size_t)len < sizeof(text));
        check_text(text, write_cases[i].want, write_cases[i].why);
    }
}

/* Lists at their caps and one over; the lists are nonsense but long. */
typedef enum list { LIST_WRITES, LIST_PRED, LIST_CONTEXT, LIST_ITEMS, LISTS } list;

static void put_list(dbk_bytes *out, list what, size_t count)
{
    char item[64];
    size_t id = 1;
    dbk_cbor_out o = dbk_cbor_to(out, NULL);
    dbk_id record = kit_id('R');
    dbk_cbor_put_map(&o, what == LIST_CONTEXT ? 6 : 5);
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_bytes(&o, record.b, DBK_ID_BYTES);
    kit_cbor(out, "2: \"n\", 3: 1, 4: 0, 5:");
    dbk_cbor_put_array(&o, what == LIST_WRITES ? count : 1);
    for (size_t i = 0; what == LIST_WRITES && i < count; i++) {
        (void)snprintf(item, sizeof(item), "{1: 5, 2: \"g%zu\", 3: 1}", i);
        kit_cbor(out, item);
    }
    if (what == LIST_PRED || what == LIST_ITEMS) {
        dbk_cbor_put_map(&o, what == LIST_PRED ? 4 : 3);
        kit_cbor(out, what == LIST_PRED ? "1: 1, 2: \"s\", 3: {}, 4:" : "1: 4, 2: \"s\", 3:");
        dbk_cbor_put_array(&o, count);
        for (; id <= count; id++)
            dbk_cbor_put_uint(&o, id);
    }
    if (what == LIST_CONTEXT) {
        kit_cbor(out, "{1: 5, 2: \"c\", 3: 1}, 6:");
        dbk_cbor_put_array(&o, count);
        for (; id <= count; id++) {
            dbk_id feed = kit_id('c');
            feed.b[1] = (uint8_t)(id >> 8);
            feed.b[2] = (uint8_t)id;
            dbk_cbor_put_array(&o, 2);
            dbk_cbor_put_bytes(&o, feed.b, DBK_ID_BYTES);
            dbk_cbor_put_uint(&o, 1);
        }
    }
    assert_int_equal(o.rc, DBK_OK);
}

static void lists_stop_at_their_caps(void **state)
{
    static const size_t caps[LISTS] = { DBK_OP_WRITES_MAX, DBK_WRITE_PRED_MAX, DBK_OP_CONTEXT_MAX,
                                        DBK_WRITE_ITEMS_MAX };
    (void)state;
    for (list what = 0; what < LISTS; what++) {
        for (size_t over = 0; over < 2; over++) {
            dbk_bytes in = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
            dbk_id own = kit_id('b');
            dbk_op_decoded d;
            dbk_err err = { 0 };
            put_list(&in, what, caps[what] + over);
            dbk_rc rc = dbk_op_decode(&d, dbk_bytes_span(&in), &own, &err);
            if (rc != (over == 1 ? DBK_LIMIT : DBK_OK))
                fail_msg("list %d, %zu over: %d (%s)", (int)what, over, (int)rc, err.text);
            dbk_op_decoded_wipe(&d);
            dbk_bytes_wipe(&in);
        }
    }
}

/* A value of just the length that makes the op's plaintext `total` bytes. */
static dbk_rc encode_and_decode(size_t total, dbk_rc *decoded)
{
    static uint8_t big[2 * DBK_OP_PLAIN_BYTES_MAX];
    dbk_bytes value = DBK_BYTES_INIT(sizeof(big)), out = DBK_BYTES_INIT(sizeof(big));
    dbk_id own = kit_id('b');
    dbk_op_decoded d;
    dbk_err err = { 0 };
    kit_op k;
    dbk_cbor_out o = dbk_cbor_to(&value, NULL);
    kit_begin(&k, 0);
    kit_write(&k, DBK_WRITE_SET, "s", 1);
    dbk_cbor_put_map(&o, 1);
    dbk_cbor_put_str(&o, "v");
    dbk_cbor_put_bytes(&o, big, total - 44); /* all that is not the bytes themselves */
    k.writes[0].value = dbk_bytes_span(&value);
    dbk_rc rc = dbk_op_encode(&out, &k.op, &own, &err);
    if (rc == DBK_OK)
        assert_int_equal(out.len, total);
    else
        assert_int_equal(out.len, 0);
    dbk_err_clear(&err);
    *decoded = dbk_op_decode(&d, rc == DBK_OK ? dbk_bytes_span(&out) : dbk_span_of(big, total),
                             &own, &err);
    dbk_op_decoded_wipe(&d);
    dbk_bytes_wipe(&value);
    dbk_bytes_wipe(&out);
    return rc;
}

static void an_op_fits_its_plaintext_cap_or_is_refused_on_both_sides(void **state)
{
    dbk_rc decoded;
    (void)state;
    assert_int_equal(encode_and_decode(DBK_OP_PLAIN_BYTES_MAX, &decoded), DBK_OK);
    assert_int_equal(decoded, DBK_OK);
    assert_int_equal(encode_and_decode(DBK_OP_PLAIN_BYTES_MAX + 1, &decoded), DBK_LIMIT);
    assert_int_equal(decoded, DBK_LIMIT);
}

static void an_op_that_nobody_could_read_is_not_written_P1(void **state)
{
    dbk_bytes out = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    static const uint8_t bad_order[] = { 0xa2, 0x61, 'b', 0x01, 0x61, 'a', 0x01 };
    dbk_id own = kit_id('b');
    dbk_err err = { 0 };
    kit_op k;
    (void)state;
    kit_begin(&k, 0);
    kit_write(&k, DBK_WRITE_SET, "s", 1);
    k.writes[0].value = dbk_span_of(bad_order, sizeof(bad_order));
    assert_rc(dbk_op_encode(&out, &k.op, &own, &err), DBK_FORMAT, &err);
    assert_int_equal(out.len, 0);
    dbk_bytes_wipe(&out);
}

static int fail_all(void *ctx, size_t size)
{
    (void)ctx;
    (void)size;
    return 0;
}

static void an_op_without_memory_is_reported_not_half_read(void **state)
{
    uint8_t room[512];
    dbk_span in = unhex(room, full_hex);
    dbk_id own = kit_id('b');
    dbk_op_decoded d;
    dbk_err err = { 0 };
    (void)state;
    dbk_alloc_set_hook(fail_all, NULL);
    dbk_rc rc = dbk_op_decode(&d, in, &own, &err);
    dbk_alloc_set_hook(NULL, NULL);
    assert_int_equal(rc, DBK_NOMEM);
    assert_null(d.arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_edit_encodes_to_the_vector),
        cmocka_unit_test(every_part_of_an_op_is_read_and_unknown_keys_are_kept),
        cmocka_unit_test(every_truncation_and_bit_flip_of_an_op_is_refused_or_equal),
        cmocka_unit_test(an_op_is_refused_unless_every_rule_of_the_format_holds),
        cmocka_unit_test(a_write_is_refused_unless_its_kind_allows_it),
        cmocka_unit_test(lists_stop_at_their_caps),
        cmocka_unit_test(an_op_fits_its_plaintext_cap_or_is_refused_on_both_sides),
        cmocka_unit_test(an_op_that_nobody_could_read_is_not_written_P1),
        cmocka_unit_test(an_op_without_memory_is_reported_not_half_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
