/* What goes out: ranges that are proved, proofs, and the idle hello. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/relaykit.h"

#define SEGMENTS 21u

typedef struct fixture {
    relaykit kit;
    relaykit_device officer, partner;
    dbk_id space;
    relaykit_feed feed, partners;
    relaykit_segment s[SEGMENTS]; /* in the log's order: two of the officer's, one partner's */
    dbk_hash leaves[SEGMENTS];
} fixture;

static const dbk_span none = { NULL, 0 };

static int setup(void **state)
{
    static fixture f;
    relaykit_pushed p;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.partner, DBK_ROLE_HQ);
    const relaykit_device *members[] = { &f.officer, &f.partner };
    f.space = relaykit_space(&f.kit, members, 2);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    f.partners = relaykit_feed_begin(&f.kit, &f.partner, &f.space);
    for (size_t i = 0; i < SEGMENTS; i++) {
        relaykit_segment_make(&f.kit, &f.s[i], i % 3 == 2 ? &f.partners : &f.feed, 2, 300);
        f.kit.now_ms += 7;
        f.leaves[i] = dbk_log_leaf(f.kit.now_ms, &f.s[i].hash);
        assert_int_equal(relaykit_push(&f.kit, &f.officer, &p, &f.s[i], 1), 200);
        assert_int_equal(p.results[0].status, DBK_PUSH_ACCEPTED);
        relaykit_pushed_wipe(&p);
    }
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < SEGMENTS; i++)
        relaykit_segment_wipe(&f->s[i]);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->partner);
    relaykit_close(&f->kit);
    return 0;
}

static dbk_hash root_of(const fixture *f, uint64_t size)
{
    dbk_frontier frontier;
    dbk_frontier_init(&frontier);
    for (uint64_t i = 0; i < size; i++)
        dbk_frontier_add(&frontier, DBK_TREE_LOG, &f->leaves[i], NULL, NULL);
    return dbk_frontier_root(&frontier, DBK_TREE_LOG);
}

static int get(fixture *f, relaykit_device *d, const char *tail, dbk_relay_answer *a)
{
    char target[160], path[96];
    (void)snprintf(target, sizeof(target), "%s%s", relaykit_space_target(path, &f->space, ""),
                   tail);
    relaykit_request req = { "GET", target, none, NULL };
    return relaykit_call(&f->kit, d, a, &req);
}

/* Fetches and checks one range as a device does; returns the next index. */
static uint64_t take(fixture *f, relaykit_device *d, uint64_t from, uint64_t bytes, bool own)
{
    char tail[96];
    dbk_relay_answer a;
    dbk_range range;
    dbk_range_item item;
    dbk_checkpoint c;
    dbk_err err = { 0 };
    (void)snprintf(tail, sizeof(tail), "segments?from=%llu&bytes=%llu%s", (unsigned long long)from,
                   (unsigned long long)bytes, own ? "&own=1" : "");
    assert_int_equal(get(f, d, tail, &a), 200);
    assert_ok(dbk_range_decode(&range, dbk_bytes_span(&a.body), &err), &err);
    assert_int_equal(range.from, from);
    assert_ok(dbk_checkpoint_open(&c, range.checkpoint, &f->kit.birth.relay, &err), &err);
    assert_int_equal(c.size, SEGMENTS);
    for (uint64_t i = from; i < from + range.count; i++) {
        bool mine = dbk_id_equal(&f->s[i].header.feed, &f->feed.feed) == (d == &f->officer);
        assert_ok(dbk_range_next(&range, &item, &err), &err);
        assert_memory_equal(item.segment.header.p, f->s[i].raw, DBK_SEGMENT_HEADER_BYTES);
        assert_int_equal(item.has_body, own || !mine);
        if (item.has_body)
            assert_true(dbk_span_equal(item.segment.body, dbk_bytes_span(&f->s[i].body)));
        dbk_hash leaf = dbk_log_leaf(item.receipt_ms, &f->s[i].hash);
        assert_true(dbk_hash_equal(&leaf, &f->leaves[i]));
    }
    uint64_t end = from + range.count;
    dbk_hash here = root_of(f, end), there = root_of(f, SEGMENTS);
    assert_true(dbk_hash_equal(&c.root, &there));
    assert_true(
        dbk_tree_check_consistency(&range.proof, DBK_TREE_LOG, end, &here, c.size, &c.root));
    dbk_bytes_wipe(&a.body);
    return end;
}

/* ---- ranges ------------------------------------------------------------------------------ */

static void a_range_from_any_index_joins_up_under_the_signed_root(void **state)
{
    fixture *f = *state;
    for (uint64_t from = 0; from <= SEGMENTS; from++)
        assert_int_equal(take(f, &f->partner, from, 1u << 20, true), SEGMENTS);
    assert_int_equal(take(f, &f->officer, 0, 1u << 20, false), SEGMENTS);
}

static void a_range_is_bounded_by_bytes_but_always_brings_one_segment(void **state)
{
    fixture *f = *state;
    const uint64_t item = 9 + 300 + 2 * 305; /* a whole segment of setup's */
    const struct {
        uint64_t bytes, want;
    } cases[] = {
        { 0, 1 },
        { 1, 1 },
        { item - 1, 1 },
        { item, 1 },
        { 2 * item - 1, 1 },
        { 2 * item, 2 },
        { 5 * item, 5 },
        { UINT64_MAX, SEGMENTS },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(take(f, &f->partner, 0, cases[i].bytes, true), cases[i].want);
    uint64_t at = 0, rounds = 0;
    while (at < SEGMENTS) {
        uint64_t next = take(f, &f->officer, at, 3 * item, false);
        assert_true(next > at);
        at = next;
        rounds++;
    }
    /* Bodies that the asker wrote stay here, so fewer rounds are needed. */
    assert_true(rounds < SEGMENTS / 3);
}

static void an_end_is_an_empty_range_and_beyond_it_is_nothing(void **state)
{
    fixture *f = *state;
    dbk_relay_answer a;
    char tail[64];
    assert_int_equal(take(f, &f->officer, SEGMENTS, 1000, false), SEGMENTS);
    (void)snprintf(tail, sizeof(tail), "segments?from=%u&bytes=1000", SEGMENTS + 1);
    assert_int_equal(get(f, &f->officer, tail, &a), 404);
    dbk_bytes_wipe(&a.body);
    assert_int_equal(get(f, &f->officer, "segments?from=18446744073709551615&bytes=1", &a), 404);
    dbk_bytes_wipe(&a.body);
}

static void an_empty_log_gives_an_empty_range_with_a_signed_checkpoint(void **state)
{
    fixture *f = *state;
    const relaykit_device *members[] = { &f->officer };
    dbk_id first = f->space;
    dbk_relay_answer a;
    dbk_range range;
    dbk_checkpoint c;
    dbk_frontier empty;
    f->space = relaykit_space(&f->kit, members, 1);
    assert_int_equal(get(f, &f->officer, "segments?from=0&bytes=1000", &a), 200);
    assert_ok(dbk_range_decode(&range, dbk_bytes_span(&a.body), NULL), NULL);
    assert_int_equal(range.count, 0);
    assert_int_equal(range.proof.count, 0);
    assert_ok(dbk_checkpoint_open(&c, range.checkpoint, &f->kit.birth.relay, NULL), NULL);
    dbk_frontier_init(&empty);
    dbk_hash root = dbk_frontier_root(&empty, DBK_TREE_LOG);
    assert_int_equal(c.size, 0);
    assert_true(dbk_hash_equal(&c.root, &root));
    dbk_bytes_wipe(&a.body);
    f->space = first;
}

/* ---- proofs ------------------------------------------------------------------------------ */

static void proof_of(fixture *f, const char *tail, dbk_proof *proof)
{
    dbk_relay_answer a;
    assert_int_equal(get(f, &f->partner, tail, &a), 200);
    assert_int_equal(a.body.len % DBK_HASH_BYTES, 0);
    proof->count = a.body.len / DBK_HASH_BYTES;
    assert_true(proof->count <= DBK_TREE_PROOF_MAX);
    if (a.body.len > 0)
        memcpy(proof->nodes, a.body.p, a.body.len);
    dbk_bytes_wipe(&a.body);
}

static void every_leaf_and_every_earlier_size_is_proved_to_every_later_one(void **state)
{
    fixture *f = *state;
    dbk_proof proof;
    char tail[64];
    for (uint64_t size = 1; size <= SEGMENTS; size++) {
        dbk_hash root = root_of(f, size);
        for (uint64_t i = 0; i < size; i += 1 + size / 7) {
            (void)snprintf(tail, sizeof(tail), "proof?leaf=%llu&size=%llu", (unsigned long long)i,
                           (unsigned long long)size);
            proof_of(f, tail, &proof);
            assert_true(
                dbk_tree_check_inclusion(&proof, DBK_TREE_LOG, &f->leaves[i], i, size, &root));
            dbk_hash earlier = root_of(f, i);
            (void)snprintf(tail, sizeof(tail), "proof?from=%llu&size=%llu", (unsigned long long)i,
                           (unsigned long long)size);
            proof_of(f, tail, &proof);
            assert_true(dbk_tree_check_consistency(&proof, DBK_TREE_LOG, i, &earlier, size, &root));
        }
    }
}

static void a_proof_beyond_the_log_is_unknown(void **state)
{
    static const char *const tails[] = {
        "proof?leaf=21&size=21",
        "proof?leaf=0&size=22",
        "proof?from=0&size=22",
        "proof?from=22&size=21",
        "proof?leaf=0&size=0",
        "proof?leaf=5&size=5",
        "proof?leaf=0&size=18446744073709551615",
    };
    fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        dbk_relay_answer a;
        int status = get(f, &f->partner, tails[i], &a);
        if (status != 404)
            fail_msg("%s: %d", tails[i], status);
        dbk_bytes_wipe(&a.body);
    }
}

/* ---- the idle round trip ----------------------------------------------------------------- */

static void say_hello(fixture *f, relaykit_device *d, dbk_span body, dbk_welcome *w,
                      dbk_bytes *store)
{
    dbk_relay_answer a;
    relaykit_request req = { "POST", "/v1/hello", body, NULL };
    assert_int_equal(relaykit_call(&f->kit, d, &a, &req), 200);
    *store = a.body;
    assert_ok(dbk_welcome_decode(w, dbk_bytes_span(store), NULL), NULL);
}

static void who_holds_all_is_told_so_in_one_small_round_trip(void **state)
{
    fixture *f = *state;
    const relaykit_device *members[] = { &f->officer, &f->partner };
    dbk_welcome w;
    dbk_bytes store;
    dbk_known_space spaces[3];
    (void)relaykit_space(&f->kit, members, 2);
    (void)relaykit_space(&f->kit, members, 2);
    relaykit_hello(&f->kit, &f->officer, &w, &store);
    assert_false(w.idle);
    assert_int_equal(w.spaces_count, 3);
    for (size_t i = 0; i < 3; i++) {
        dbk_checkpoint c;
        dbk_span note = dbk_span_str(w.spaces[i].checkpoint);
        assert_ok(dbk_checkpoint_open(&c, note, &f->kit.birth.relay, NULL), NULL);
        spaces[i] = (dbk_known_space){
            w.spaces[i].space, w.spaces[i].log, c.size, c.root, { 0, 0 }
        };
        assert_true(i == 0 || dbk_id_compare(&spaces[i - 1].space, &spaces[i].space) < 0);
        if (c.size == 0)
            continue;
        relaykit_say_reach(&f->kit, &f->officer, &c); /* else they are asked for it once */
        relaykit_say_reach(&f->kit, &f->partner, &c);
    }
    dbk_known known = { w.members_count, w.members_head, spaces, 3 };
    dbk_hello hello = { true, dbk_known_digest(&known) };
    dbk_bytes body = DBK_BYTES_INIT(1024);
    assert_ok(dbk_hello_encode(&body, &hello, NULL), NULL);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&store);
    say_hello(f, &f->officer, dbk_bytes_span(&body), &w, &store);
    assert_true(w.idle);
    assert_true(store.len < 32);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&store);

    /* The same of the partner's, who is in the same spaces; then anything new ends it. */
    say_hello(f, &f->partner, dbk_bytes_span(&body), &w, &store);
    assert_true(w.idle);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&store);
    relaykit_device d;
    relaykit_enrol(&f->kit, &d, DBK_ROLE_OFFICER);
    say_hello(f, &f->officer, dbk_bytes_span(&body), &w, &store);
    assert_false(w.idle);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&store);
    dbk_bytes_wipe(&body);
    relaykit_device_drop(&d);
}

static void any_other_root_size_log_or_chain_gets_the_whole_welcome(void **state)
{
    fixture *f = *state;
    dbk_welcome w;
    dbk_bytes store;
    dbk_checkpoint c;
    relaykit_hello(&f->kit, &f->officer, &w, &store);
    assert_ok(
        dbk_checkpoint_open(&c, dbk_span_str(w.spaces[0].checkpoint), &f->kit.birth.relay, NULL),
        NULL);
    const dbk_known_space right = { w.spaces[0].space, w.spaces[0].log, c.size, c.root, { 0, 0 } };
    relaykit_say_reach(&f->kit, &f->officer, &c);
    for (int flaw = 0; flaw <= 5; flaw++) {
        dbk_known_space space = right;
        dbk_known known = { w.members_count, w.members_head, &space, 1 };
        dbk_bytes body = DBK_BYTES_INIT(1024), answer;
        dbk_welcome got;
        if (flaw == 1)
            space.root.b[0] ^= 1;
        if (flaw == 2)
            space.size--;
        if (flaw == 3)
            space.log.b[0] ^= 1;
        if (flaw == 4)
            known.members_head.b[0] ^= 1;
        if (flaw == 5)
            known.spaces_count = 0;
        dbk_hello hello = { true, dbk_known_digest(&known) };
        assert_ok(dbk_hello_encode(&body, &hello, NULL), NULL);
        say_hello(f, &f->officer, dbk_bytes_span(&body), &got, &answer);
        assert_int_equal(got.idle, flaw == 0);
        dbk_welcome_wipe(&got);
        dbk_bytes_wipe(&answer);
        dbk_bytes_wipe(&body);
    }
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_range_from_any_index_joins_up_under_the_signed_root),
        TEST(a_range_is_bounded_by_bytes_but_always_brings_one_segment),
        TEST(an_end_is_an_empty_range_and_beyond_it_is_nothing),
        TEST(an_empty_log_gives_an_empty_range_with_a_signed_checkpoint),
        TEST(every_leaf_and_every_earlier_size_is_proved_to_every_later_one),
        TEST(a_proof_beyond_the_log_is_unknown),
        TEST(who_holds_all_is_told_so_in_one_small_round_trip),
        TEST(any_other_root_size_log_or_chain_gets_the_whole_welcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
