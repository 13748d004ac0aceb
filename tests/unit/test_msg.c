#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "tests/lib/msg_again.h"

#define WHOLE_BYTES_MAX (16u * 1024u * 1024u)

static dbk_id id_of(uint8_t first)
{
    dbk_id id = { { 0 } };
    id.b[0] = first;
    id.b[15] = 0xab;
    return id;
}

static dbk_hash hash_of(uint8_t first)
{
    dbk_hash h = { { 0 } };
    h.b[0] = first;
    return h;
}

/* A header with nothing in it but the length of its body. */
static const uint8_t *header_for(uint32_t body_len)
{
    static uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    memset(header, 0x5a, sizeof(header));
    (void)dbk_wire_put_u32(header + 232, body_len);
    return header;
}

/* ---- one sample of each message ------------------------------------------------------ */

static const char note[] = "daybook/aa/bb/cc\n12\nroot=\n\n\xe2\x80\x94 relay sig\t\"\\\n";

static void make_hello(dbk_bytes *out)
{
    dbk_hello h = { .has_known = true, .known = id_of(7) };
    MUST(dbk_hello_encode(out, &h, NULL));
}

static void make_welcome(dbk_bytes *out)
{
    const dbk_feed_head feeds[] = { { id_of(1), 5, hash_of(2) }, { id_of(2), 900, hash_of(3) } };
    const char *const cosigned[] = { note, "daybook/aa/bb/cc\n11\n" };
    const dbk_welcome_space spaces[] = {
        { id_of(1), id_of(9), 12, note, cosigned, 2, feeds, 2, true, true, true, true, 7 },
        { id_of(2), id_of(8), 0, "", NULL, 0, NULL, 0, false, false, false, false, 0 },
    };
    dbk_welcome w = { .members_count = 3,
                      .members_head = hash_of(1),
                      .segments_max = 256,
                      .push_bytes_max = 1 << 20,
                      .range_bytes_max = 1 << 22,
                      .time_ms = 1800000000000,
                      .spaces = spaces,
                      .spaces_count = 2 };
    MUST(dbk_welcome_encode(out, &w, NULL));
}

static void make_recovering(dbk_bytes *out)
{
    const dbk_welcome_space spaces[] = {
        { .space = id_of(1), .log = id_of(9), .size = 12, .checkpoint = "" }
    };
    dbk_welcome w = { .recovering = true,
                      .members_count = 3,
                      .members_head = hash_of(1),
                      .segments_max = 256,
                      .push_bytes_max = 1 << 20,
                      .range_bytes_max = 1 << 22,
                      .time_ms = 1800000000000,
                      .spaces = spaces,
                      .spaces_count = 1 };
    MUST(dbk_welcome_encode(out, &w, NULL));
}

static void make_claims(dbk_bytes *out)
{
    uint8_t heard[2 * DBK_ID_BYTES] = { [0] = 1, [DBK_ID_BYTES] = 2 };
    dbk_bytes logs = DBK_BYTES_INIT(2 * DBK_CLAIM_BYTES);
    const dbk_log_move moves[] = { { id_of(1), id_of(2), id_of(3), 77, hash_of(4) },
                                   { id_of(5), id_of(6), id_of(7), 0, hash_of(8) } };
    MUST(dbk_claims_log_add(&logs, &moves[0], NULL));
    MUST(dbk_claims_log_add(&logs, &moves[1], NULL));
    dbk_claims c = { dbk_span_str("the disk failed"), dbk_span_of(heard, sizeof(heard)), 2,
                     dbk_bytes_span(&logs), 2 };
    MUST(dbk_claims_encode(out, &c, NULL));
    dbk_bytes_wipe(&logs);
}

static void make_idle(dbk_bytes *out)
{
    dbk_welcome w = { .idle = true };
    MUST(dbk_welcome_encode(out, &w, NULL));
}

static void make_push(dbk_bytes *out)
{
    dbk_sealed item = { dbk_span_of(header_for(3), 300), dbk_span_str("abc"), false };
    MUST(dbk_push_begin(out, NULL));
    MUST(dbk_push_add(out, &item, NULL));
    item.header = dbk_span_of(header_for(0), 300);
    item.body = (dbk_span){ NULL, 0 };
    MUST(dbk_push_add(out, &item, NULL));
    item.body = dbk_span_str("kept");
    item.kept = true;
    MUST(dbk_push_add(out, &item, NULL));
}

static void make_results(dbk_bytes *out)
{
    dbk_push_result results[3] = { { .status = DBK_PUSH_ACCEPTED },
                                   { .status = DBK_PUSH_GAP },
                                   { .status = DBK_PUSH_DUPLICATE } };
    results[0].receipt.index = 77;
    results[0].receipt.receipt_ms = 1800000000000;
    results[0].receipt.log = id_of(9);
    results[0].receipt.sig.b[63] = 1;
    results[2].receipt = results[0].receipt;
    MUST(dbk_results_encode(out, results, 3, dbk_span_str(note), NULL));
}

static void make_range(dbk_bytes *out)
{
    dbk_range r = { .from = 1000, .count = 3, .checkpoint = dbk_span_str(note) };
    dbk_range_item item = { .receipt_ms = 5, .has_body = true };
    r.proof.count = 2;
    r.proof.nodes[0] = hash_of(4);
    r.proof.nodes[1] = hash_of(5);
    MUST(dbk_range_begin(out, &r, NULL));
    item.segment.header = dbk_span_of(header_for(4), 300);
    item.segment.body = dbk_span_str("body");
    MUST(dbk_range_add(out, &item, NULL));
    item.has_body = false;
    item.segment.body = (dbk_span){ NULL, 0 };
    MUST(dbk_range_add(out, &item, NULL));
    item.has_body = item.segment.kept = true;
    item.segment.body = dbk_span_str("what is kept is longer");
    MUST(dbk_range_add(out, &item, NULL));
}

static void make_entries(dbk_bytes *out)
{
    MUST(dbk_entries_add(out, dbk_span_str("one"), NULL));
    MUST(dbk_entries_add(out, dbk_span_str("second"), NULL));
}

static void make_requests(dbk_bytes *out)
{
    dbk_id a = id_of(1), b = id_of(2);
    MUST(dbk_requests_add(out, &a, dbk_span_str("sealed"), NULL));
    MUST(dbk_requests_add(out, &b, dbk_span_str("x"), NULL));
}

static void make_posted(dbk_bytes *out)
{
    MUST(dbk_posted_encode(out, DBK_JSON_UINT_MAX, NULL));
}

static void make_mailbox(dbk_bytes *out)
{
    MUST(dbk_mailbox_encode(out, 1800000000000, NULL));
}

static void make_decline(dbk_bytes *out)
{
    MUST(dbk_decline_encode(out, 17, NULL));
}

static void make_error(dbk_bytes *out)
{
    MUST(dbk_error_encode(out, "too-large", NULL));
}

static const struct {
    const char *name;
    void (*make)(dbk_bytes *out);
    dbk_again_fn again;
    bool is_list; /* a shorter list is a list too */
} samples[] = {
    { "hello", make_hello, again_hello, false },
    { "welcome", make_welcome, again_welcome, false },
    { "idle welcome", make_idle, again_welcome, false },
    { "recovering welcome", make_recovering, again_welcome, false },
    { "claims", make_claims, again_claims, false },
    { "push", make_push, again_push, false },
    { "results", make_results, again_results, false },
    { "range", make_range, again_range, false },
    { "entries", make_entries, again_entries, true },
    { "requests", make_requests, again_requests, true },
    { "posted", make_posted, again_posted, false },
    { "mailbox", make_mailbox, again_mailbox, false },
    { "decline", make_decline, again_decline, false },
    { "error", make_error, again_error, false },
};

/* Equal but for spaces, which JSON leaves free: a flipped bit makes one of a digit. */
static bool same(dbk_span a, dbk_span b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.len && a.p[i] == ' ')
            i++;
        while (k < b.len && b.p[k] == ' ')
            k++;
        if (i == a.len || k == b.len)
            return i == a.len && k == b.len;
        if (a.p[i++] != b.p[k++])
            return false;
    }
}

/* Runs on a copy of exact size, so that the sanitizer sees a step over its end. */
static dbk_rc run(size_t sample, dbk_bytes *out, const uint8_t *p, size_t len)
{
    uint8_t *copy = dbk_alloc(len);
    assert_non_null(copy);
    memcpy(copy, p, len);
    dbk_bytes_truncate(out, 0);
    dbk_rc rc = samples[sample].again(out, dbk_span_of(copy, len));
    dbk_span got = dbk_bytes_span(out), want = dbk_span_of(p, len);
    bool json = len > 0 && p[0] == '{';
    if (rc == DBK_OK && !(json ? same(got, want) : dbk_span_equal(got, want)))
        fail_msg("%s: other bytes came out than went in", samples[sample].name);
    dbk_free(copy);
    return rc;
}

static void each_message_comes_back_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        dbk_bytes in = DBK_BYTES_INIT(WHOLE_BYTES_MAX), out = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
        samples[i].make(&in);
        if (run(i, &out, in.p, in.len) != DBK_OK)
            fail_msg("%s does not come back", samples[i].name);
        dbk_bytes_wipe(&in);
        dbk_bytes_wipe(&out);
    }
}

static void a_message_cut_short_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        dbk_bytes in = DBK_BYTES_INIT(WHOLE_BYTES_MAX), out = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
        samples[i].make(&in);
        for (size_t len = 0; len < in.len; len++) {
            if (run(i, &out, in.p, len) == DBK_OK && !samples[i].is_list)
                fail_msg("%s cut to %zu bytes is taken", samples[i].name, len);
        }
        dbk_bytes_wipe(&in);
        dbk_bytes_wipe(&out);
    }
}

static void a_flipped_bit_is_refused_or_encodes_to_the_same_flipped_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        dbk_bytes in = DBK_BYTES_INIT(WHOLE_BYTES_MAX), out = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
        samples[i].make(&in);
        for (size_t bit = 0; bit < 8 * in.len; bit++) {
            in.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)run(i, &out, in.p, in.len);
            in.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        dbk_bytes_wipe(&in);
        dbk_bytes_wipe(&out);
    }
}

static void a_message_with_a_byte_more_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        dbk_bytes in = DBK_BYTES_INIT(WHOLE_BYTES_MAX), out = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
        samples[i].make(&in);
        MUST(dbk_bytes_append_u8(&in, 0, NULL));
        if (run(i, &out, in.p, in.len) == DBK_OK)
            fail_msg("%s with a byte more is taken", samples[i].name);
        dbk_bytes_wipe(&in);
        dbk_bytes_wipe(&out);
    }
}

/* PROTOCOL.md shows these: they may only change with it. */
static void control_messages_have_their_golden_bytes(void **state)
{
    (void)state;
    dbk_bytes out = DBK_BYTES_INIT(4096);
    make_hello(&out);
    MUST(dbk_bytes_append_u8(&out, 0, NULL));
    assert_string_equal((char *)out.p, "{\"v\":1,\"known\":\"BwAAAAAAAAAAAAAAAAAAqw\"}");
    dbk_bytes_truncate(&out, 0);
    make_idle(&out);
    MUST(dbk_bytes_append_u8(&out, 0, NULL));
    assert_string_equal((char *)out.p, "{\"v\":1,\"idle\":true}");
    dbk_bytes_truncate(&out, 0);
    make_welcome(&out);
    MUST(dbk_bytes_append_u8(&out, 0, NULL));
    assert_string_equal(
        (char *)out.p,
        "{\"v\":1,\"members\":{\"count\":3,\"head\":"
        "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},"
        "\"limits\":{\"segments\":256,\"push\":1048576,\"range\":4194304},\"time\":1800000000000,"
        "\"spaces\":[{\"space\":\"010000000000000000000000000000ab\","
        "\"log\":\"090000000000000000000000000000ab\",\"size\":12,"
        "\"checkpoint\":\"daybook/aa/bb/cc\\n12\\nroot=\\n\\n\xe2\x80\x94 relay "
        "sig\\t\\\"\\\\\\n\",\"cosigned\":[\"daybook/aa/bb/cc\\n12\\nroot=\\n\\n\xe2\x80\x94 relay "
        "sig\\t\\\"\\\\\\n\",\"daybook/aa/bb/cc\\n11\\n\"],"
        "\"snapshot\":true,\"confirm\":true,\"reach\":true,\"wanted\":7,\"feeds\":[["
        "\"010000000000000000000000000000ab\",5,"
        "\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"],[\"020000000000000000000000000000ab\","
        "900,"
        "\"AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]]},{\"space\":"
        "\"020000000000000000000000000000ab\",\"log\":\"080000000000000000000000000000ab\","
        "\"size\":0,"
        "\"checkpoint\":\"\",\"feeds\":[]}]}");
    dbk_bytes_wipe(&out);
}

static void hostile_control_messages_are_refused_R8(void **state)
{
    (void)state;
#define BEFORE \
    "{\"v\":1,\"members\":{\"count\":3,\"head\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},"
#define LIMITS "\"limits\":{\"segments\":256,\"push\":9,\"range\":9},\"time\":1,"
#define SPACE(n)                                                   \
    "{\"space\":\"0" n "0000000000000000000000000000ab\",\"log\":" \
    "\"090000000000000000000000000000ab\",\"size\":0,\"checkpoint\":\"\",\"feeds\":[]}"
#define COSIGNED(list)                                                                       \
    "{\"space\":\"010000000000000000000000000000ab\",\"log\":"                               \
    "\"090000000000000000000000000000ab\",\"size\":0,\"checkpoint\":\"\",\"cosigned\":" list \
    ",\"feeds\":[]}"
    static const struct {
        const char *why, *text;
        dbk_again_fn again;
        dbk_rc want;
    } cases[] = {
        { "in another order, spaced", " { \"known\" : \"BwAAAAAAAAAAAAAAAAAAqw\" , \"v\" : 1 } ",
          again_hello, DBK_OK },
        { "an unknown key", "{\"v\":1,\"x\":1}", again_hello, DBK_FORMAT },
        { "a key twice", "{\"v\":1,\"v\":1}", again_hello, DBK_FORMAT },
        { "a newer protocol", "{\"v\":2}", again_hello, DBK_VERSION },
        { "no version", "{}", again_hello, DBK_FORMAT },
        { "version as text", "{\"v\":\"1\"}", again_hello, DBK_FORMAT },
        { "version as a real", "{\"v\":1.0}", again_hello, DBK_FORMAT },
        { "an array", "[1]", again_hello, DBK_FORMAT },
        { "known too short", "{\"v\":1,\"known\":\"BwAAAAAAAAAAAAAAAAAA\"}", again_hello,
          DBK_FORMAT },
        { "known with spare bits", "{\"v\":1,\"known\":\"BwAAAAAAAAAAAAAAAAAAqx\"}", again_hello,
          DBK_FORMAT },
        { "a zero byte in a text", "{\"v\":1,\"known\":\"\\u0000\"}", again_hello, DBK_FORMAT },
        { "a whole welcome", BEFORE LIMITS "\"spaces\":[" SPACE("1") "]}", again_welcome, DBK_OK },
        { "spaces not in order", BEFORE LIMITS "\"spaces\":[" SPACE("2") "," SPACE("1") "]}",
          again_welcome, DBK_FORMAT },
        { "cosigned notes", BEFORE LIMITS "\"spaces\":[" COSIGNED("[\"a\",\"b\"]") "]}",
          again_welcome, DBK_OK },
        { "cosigned by nobody", BEFORE LIMITS "\"spaces\":[" COSIGNED("[]") "]}", again_welcome,
          DBK_FORMAT },
        { "cosigned: no text", BEFORE LIMITS "\"spaces\":[" COSIGNED("[1]") "]}", again_welcome,
          DBK_FORMAT },
        { "cosigned: no list", BEFORE LIMITS "\"spaces\":[" COSIGNED("\"a\"") "]}", again_welcome,
          DBK_FORMAT },
        { "cosigned by five",
          BEFORE LIMITS "\"spaces\":[" COSIGNED("[\"a\",\"b\",\"c\",\"d\",\"e\"]") "]}",
          again_welcome, DBK_LIMIT },
        { "a space twice", BEFORE LIMITS "\"spaces\":[" SPACE("1") "," SPACE("1") "]}",
          again_welcome, DBK_FORMAT },
        { "no limits", BEFORE "\"time\":1,\"spaces\":[]}", again_welcome, DBK_FORMAT },
        { "a limit of zero",
          BEFORE "\"limits\":{\"segments\":0,\"push\":9,\"range\":9},\"time\":1,\"spaces\":[]}",
          again_welcome, DBK_FORMAT },
        { "a limit over ours",
          BEFORE "\"limits\":{\"segments\":257,\"push\":9,\"range\":9},\"time\":1,\"spaces\":[]}",
          again_welcome, DBK_FORMAT },
        { "idle and more", "{\"v\":1,\"idle\":true,\"time\":1}", again_welcome, DBK_FORMAT },
        { "idle: false", "{\"v\":1,\"idle\":false}", again_welcome, DBK_FORMAT },
        { "a negative count", "{\"v\":1,\"count\":-1}", again_posted, DBK_FORMAT },
        { "a count over 2^53", "{\"v\":1,\"count\":9007199254740992}", again_posted, DBK_FORMAT },
        { "an error that isn't a word", "{\"v\":1,\"error\":\"\\u001b[2J\"}", again_error,
          DBK_FORMAT },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes out = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
        dbk_rc rc = cases[i].again(&out, dbk_span_str(cases[i].text));
        if (rc != cases[i].want)
            fail_msg("%s: got %s", cases[i].why, dbk_rc_name(rc));
        dbk_bytes_wipe(&out);
    }
}

/* jansson would make 100 bytes and more of each two of these. */
static void a_welcome_of_nothing_but_brackets_is_refused_before_it_is_built_R8(void **state)
{
    (void)state;
    dbk_welcome w;
    dbk_bytes in = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
    MUST(dbk_bytes_append_str(&in, "{\"v\":1,\"spaces\":[[]", NULL));
    for (size_t i = 0; i < 300000; i++)
        MUST(dbk_bytes_append_str(&in, ",[]", NULL));
    MUST(dbk_bytes_append_str(&in, "]}", NULL));
    assert_int_equal(dbk_welcome_decode(&w, dbk_bytes_span(&in), NULL), DBK_LIMIT);
    dbk_bytes_wipe(&in);
}

static void the_largest_welcome_fits_its_own_limits(void **state)
{
    (void)state;
    dbk_err err = { 0 };
    static dbk_welcome_space spaces[DBK_SPACES_MAX];
    static dbk_feed_head feeds[DBK_FEEDS_PER_SPACE_MAX];
    dbk_welcome w = { .segments_max = 1, .push_bytes_max = 1, .range_bytes_max = 1 }, again;
    dbk_bytes out = DBK_BYTES_INIT(DBK_WELCOME_BYTES_MAX);
    for (size_t i = 0; i < DBK_FEEDS_PER_SPACE_MAX; i++)
        feeds[i] = (dbk_feed_head){ id_of((uint8_t)i), DBK_JSON_UINT_MAX, hash_of(255) };
    for (size_t i = 0; i < DBK_SPACES_MAX; i++) {
        spaces[i].space = id_of(0);
        (void)dbk_wire_put_u16(spaces[i].space.b, (uint16_t)i);
        spaces[i].checkpoint = note;
        spaces[i].feeds = feeds;
        spaces[i].feeds_count = i < DBK_WELCOME_FEEDS_MAX / DBK_FEEDS_PER_SPACE_MAX
                                    ? DBK_FEEDS_PER_SPACE_MAX
                                    : 0;
    }
    w.spaces = spaces;
    w.spaces_count = DBK_SPACES_MAX;
    assert_ok(dbk_welcome_encode(&out, &w, &err), &err);
    assert_ok(dbk_welcome_decode(&again, dbk_bytes_span(&out), &err), &err);
    assert_int_equal(again.spaces_count, DBK_SPACES_MAX);
    assert_int_equal(again.spaces[255].feeds[63].last_seq, DBK_JSON_UINT_MAX);
    assert_string_equal(again.spaces[DBK_SPACES_MAX - 1].checkpoint, note);
    dbk_welcome_wipe(&again);
    spaces[300].feeds_count = 1; /* one more than the limit */
    dbk_bytes_truncate(&out, 0);
    assert_ok(dbk_welcome_encode(&out, &w, &err), &err);
    assert_rc(dbk_welcome_decode(&again, dbk_bytes_span(&out), &err), DBK_LIMIT, &err);
    dbk_bytes_wipe(&out);
}

static void a_push_takes_256_segments_or_4_MiB_and_then_says_limit_2_29(void **state)
{
    (void)state;
    dbk_bytes out = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    static uint8_t body[DBK_SEGMENT_BODY_BYTES_MAX];
    dbk_sealed small = { dbk_span_of(header_for(0), 300), { NULL, 0 }, false };
    MUST(dbk_push_begin(&out, NULL));
    for (size_t i = 0; i < DBK_PUSH_SEGMENTS_MAX; i++)
        MUST(dbk_push_add(&out, &small, NULL));
    size_t len = out.len;
    assert_int_equal(dbk_push_add(&out, &small, NULL), DBK_LIMIT);
    assert_int_equal(out.len, len);

    dbk_bytes_truncate(&out, 0);
    dbk_sealed large = { dbk_span_of(header_for(sizeof(body)), 300),
                         dbk_span_of(body, sizeof(body)), false };
    size_t taken = 0;
    MUST(dbk_push_begin(&out, NULL));
    while (dbk_push_add(&out, &large, NULL) == DBK_OK)
        taken++;
    assert_int_equal(taken, (DBK_PUSH_BYTES_MAX - 12) / (sizeof(body) + 300));
    dbk_bytes_wipe(&out);
}

static void a_failing_add_leaves_a_push_as_it_was(void **state)
{
    (void)state;
    dbk_bytes out = DBK_BYTES_INIT(400), before = DBK_BYTES_INIT(400);
    dbk_sealed item = { dbk_span_of(header_for(3), 300), dbk_span_str("abc"), false };
    MUST(dbk_push_begin(&out, NULL));
    MUST(dbk_push_add(&out, &item, NULL));
    MUST(dbk_bytes_append(&before, dbk_bytes_span(&out), NULL));
    assert_int_equal(dbk_push_add(&out, &item, NULL), DBK_LIMIT); /* the buffer's cap */
    item.body = dbk_span_str("ab");
    assert_int_equal(dbk_push_add(&out, &item, NULL), DBK_FORMAT);
    assert_true(dbk_span_equal(dbk_bytes_span(&out), dbk_bytes_span(&before)));
    dbk_bytes_wipe(&out);
    dbk_bytes_wipe(&before);
}

static void the_known_digest_covers_every_part(void **state)
{
    (void)state;
    dbk_known_space spaces[] = { { id_of(1), id_of(9), 5, hash_of(1), { 5, 77 } },
                                 { id_of(2), id_of(9), 6, hash_of(2), { 0, 0 } } };
    dbk_known k = { 3, hash_of(4), spaces, 2 };
    const dbk_id first = dbk_known_digest(&k);
    dbk_id again = dbk_known_digest(&k);
    assert_true(dbk_id_equal(&first, &again));
#define CHANGED(place, to)                           \
    do {                                             \
        dbk_known_space spaces_kept[2];              \
        dbk_known k_kept = k;                        \
        memcpy(spaces_kept, spaces, sizeof(spaces)); \
        place = to;                                  \
        again = dbk_known_digest(&k);                \
        assert_false(dbk_id_equal(&first, &again));  \
        k = k_kept;                                  \
        memcpy(spaces, spaces_kept, sizeof(spaces)); \
    } while (0)
    CHANGED(k.members_count, 4);
    CHANGED(k.members_head.b[31], 1);
    CHANGED(k.spaces_count, 1);
    CHANGED(spaces[0].space.b[1], 1);
    CHANGED(spaces[1].log.b[1], 1);
    CHANGED(spaces[1].size, 7);
    CHANGED(spaces[0].root.b[31], 1);
    CHANGED(spaces[0].cosigned.size, 4);
    CHANGED(spaces[0].cosigned.time_s, 78);
    spaces[1].size = 0; /* an empty log is not part of it, whatever its incarnation */
    const dbk_id with_empty = dbk_known_digest(&k);
    k.spaces_count = 1;
    again = dbk_known_digest(&k);
    assert_true(dbk_id_equal(&with_empty, &again));
}

static int no_memory(void *ctx, size_t size)
{
    int *left = ctx;
    (void)size;
    return (*left)-- > 0;
}

static void a_failed_allocation_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        dbk_bytes in = DBK_BYTES_INIT(WHOLE_BYTES_MAX);
        samples[i].make(&in);
        if (samples[i].again != again_welcome && samples[i].again != again_hello) {
            dbk_bytes_wipe(&in);
            continue; /* the others allocate nothing to decode */
        }
        dbk_rc rc = DBK_NOMEM;
        int n = 0;
        for (; rc == DBK_NOMEM; n++) {
            dbk_welcome w;
            dbk_hello h;
            int left = n;
            dbk_alloc_set_hook(no_memory, &left);
            rc = samples[i].again == again_welcome
                     ? dbk_welcome_decode(&w, dbk_bytes_span(&in), NULL)
                     : dbk_hello_decode(&h, dbk_bytes_span(&in), NULL);
            dbk_alloc_set_hook(NULL, NULL);
            if (samples[i].again == again_welcome)
                dbk_welcome_wipe(&w);
        }
        assert_int_equal(rc, DBK_OK);
        dbk_bytes_wipe(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_comes_back_byte_for_byte),
        cmocka_unit_test(a_message_cut_short_anywhere_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_encodes_to_the_same_flipped_bytes),
        cmocka_unit_test(a_message_with_a_byte_more_is_refused),
        cmocka_unit_test(control_messages_have_their_golden_bytes),
        cmocka_unit_test(hostile_control_messages_are_refused_R8),
        cmocka_unit_test(a_welcome_of_nothing_but_brackets_is_refused_before_it_is_built_R8),
        cmocka_unit_test(the_largest_welcome_fits_its_own_limits),
        cmocka_unit_test(a_push_takes_256_segments_or_4_MiB_and_then_says_limit_2_29),
        cmocka_unit_test(a_failing_add_leaves_a_push_as_it_was),
        cmocka_unit_test(the_known_digest_covers_every_part),
        cmocka_unit_test(a_failed_allocation_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
