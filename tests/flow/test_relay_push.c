/* Segments come in: what is receipted, what is not and why, and that nothing else is touched. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "sync/relay/log_space.h"
#include "sync/relay/append.h"
#include "tests/lib/relaykit.h"

#define SEGMENTS 8u

typedef struct fixture {
    relaykit kit;
    relaykit_device officer, partner, auditor;
    dbk_id space;
    relaykit_feed feed, partners;
    relaykit_segment s[SEGMENTS];
    relaykit_pushed p;
} fixture;

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.partner, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.auditor, DBK_ROLE_AUDITOR);
    const relaykit_device *members[] = { &f.officer, &f.partner, &f.auditor };
    f.space = relaykit_space(&f.kit, members, 3);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    f.partners = relaykit_feed_begin(&f.kit, &f.partner, &f.space);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    (void)relaykit_check(&f->kit);
    for (size_t i = 0; i < SEGMENTS; i++)
        relaykit_segment_wipe(&f->s[i]);
    relaykit_pushed_wipe(&f->p);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->partner);
    relaykit_device_drop(&f->auditor);
    relaykit_close(&f->kit);
    return 0;
}

/* Fills s[from..to) from the feed, 1 to 3 ops each. */
static void make(fixture *f, size_t from, size_t to, relaykit_feed *feed)
{
    for (size_t i = from; i < to; i++)
        relaykit_segment_make(&f->kit, &f->s[i], feed, (uint16_t)(1 + i % 3), 100);
}

/* Pushes s[from..to) and compares the statuses, one digit each. */
static void push(fixture *f, relaykit_device *d, size_t from, size_t to, const char *want)
{
    char got[SEGMENTS + 1] = { 0 };
    relaykit_pushed_wipe(&f->p);
    assert_int_equal(relaykit_push(&f->kit, d, &f->p, &f->s[from], to - from), 200);
    assert_int_equal(f->p.count, to - from);
    for (size_t i = 0; i < f->p.count; i++)
        got[i] = (char)('0' + f->p.results[i].status);
    assert_string_equal(got, want);
}

static dbk_checkpoint checkpoint(fixture *f)
{
    dbk_checkpoint c;
    dbk_err err = { 0 };
    assert_ok(dbk_checkpoint_open(&c, f->p.checkpoint, &f->kit.birth.relay, &err), &err);
    assert_true(dbk_id_equal(&c.space, &f->space));
    return c;
}

/* ---- taken ------------------------------------------------------------------------------- */

static void each_segment_gets_a_receipt_and_the_log_a_checkpoint_that_covers_it_P1(void **state)
{
    fixture *f = *state;
    dbk_frontier frontier;
    make(f, 0, 5, &f->feed);
    push(f, &f->officer, 0, 5, "00000");
    dbk_checkpoint c = checkpoint(f);
    dbk_frontier_init(&frontier);
    for (size_t i = 0; i < 5; i++) {
        const dbk_receipt *r = &f->p.results[i].receipt;
        assert_true(relaykit_receipt_ok(&f->kit, &f->s[i], r));
        assert_false(relaykit_receipt_ok(&f->kit, &f->s[(i + 1) % 5], r));
        assert_int_equal(r->index, i);
        assert_int_equal(r->receipt_ms, f->kit.now_ms);
        assert_true(dbk_id_equal(&r->log, &c.log));
        dbk_hash leaf = dbk_log_leaf(r->receipt_ms, &f->s[i].hash);
        dbk_frontier_add(&frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    dbk_hash root = dbk_frontier_root(&frontier, DBK_TREE_LOG);
    assert_int_equal(c.size, 5);
    assert_true(dbk_hash_equal(&c.root, &root));
    dbk_log_report report = relaykit_check(&f->kit);
    assert_int_equal(report.segments, 5);
    assert_int_equal(report.feeds, 1);
}

static void the_same_segment_again_gets_the_same_receipt_also_after_a_restart(void **state)
{
    fixture *f = *state;
    dbk_push_result first[3];
    make(f, 0, 3, &f->feed);
    push(f, &f->officer, 0, 3, "000");
    memcpy(first, f->p.results, sizeof(first));
    f->kit.now_ms += 5000;
    push(f, &f->officer, 0, 3, "111");
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(&f->p.results[i].receipt, &first[i].receipt, sizeof(dbk_receipt));
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    push(f, &f->officer, 1, 3, "11");
    assert_memory_equal(&f->p.results[0].receipt, &first[1].receipt, sizeof(dbk_receipt));
    make(f, 3, 4, &f->feed);
    push(f, &f->officer, 2, 4, "10");
    assert_int_equal(f->p.results[1].receipt.index, 3);
    assert_true(dbk_id_equal(&f->p.results[1].receipt.log, &first[0].receipt.log));
    assert_int_equal(checkpoint(f).size, 4);
}

static void a_duplicate_within_one_push_is_one(void **state)
{
    fixture *f = *state;
    make(f, 0, 1, &f->feed);
    f->s[1] = f->s[0];
    push(f, &f->officer, 0, 2, "01");
    assert_memory_equal(&f->p.results[0].receipt, &f->p.results[1].receipt, sizeof(dbk_receipt));
    memset(&f->s[1], 0, sizeof(f->s[1]));
}

static void a_colleagues_device_may_carry_a_members_segments(void **state)
{
    fixture *f = *state;
    make(f, 0, 2, &f->feed);
    make(f, 2, 4, &f->partners);
    push(f, &f->partner, 0, 4, "0000");
    push(f, &f->auditor, 0, 4, "1111"); /* a courier needs no right to write */
    assert_int_equal(relaykit_check(&f->kit).feeds, 2);
}

static void the_welcome_tells_a_device_how_far_its_own_feeds_are_held(void **state)
{
    fixture *f = *state;
    dbk_welcome w;
    dbk_bytes body;
    relaykit_feed second = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    make(f, 0, 3, &f->feed);
    make(f, 3, 5, &second);
    make(f, 5, 6, &f->partners);
    push(f, &f->officer, 0, 6, "000000");
    relaykit_hello(&f->kit, &f->officer, &w, &body);
    assert_int_equal(w.spaces_count, 1);
    assert_int_equal(w.spaces[0].size, 6);
    assert_int_equal(w.spaces[0].feeds_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const dbk_feed_head *h = &w.spaces[0].feeds[i];
        const relaykit_feed *feed = dbk_id_equal(&h->feed, &f->feed.feed) ? &f->feed : &second;
        assert_true(dbk_id_equal(&h->feed, &feed->feed));
        assert_int_equal(h->last_seq, feed->last_seq);
        assert_true(dbk_hash_equal(&h->head, &feed->head));
    }
    assert_int_equal(w.members_count, dbk_roster_count(f->kit.roster));
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
}

static void spaces_have_logs_of_their_own(void **state)
{
    fixture *f = *state;
    const relaykit_device *members[] = { &f->officer };
    dbk_id first = f->space;
    dbk_id second = relaykit_space(&f->kit, members, 1);
    relaykit_feed there = relaykit_feed_begin(&f->kit, &f->officer, &second);
    make(f, 0, 2, &f->feed);
    push(f, &f->officer, 0, 2, "00");
    dbk_id log = f->p.results[0].receipt.log;
    make(f, 2, 4, &there);
    f->space = second;
    push(f, &f->officer, 2, 4, "00");
    assert_int_equal(f->p.results[0].receipt.index, 0);
    assert_false(dbk_id_equal(&f->p.results[0].receipt.log, &log));
    assert_int_equal(checkpoint(f).size, 2);
    f->space = first;
    assert_int_equal(relaykit_check(&f->kit).spaces, 2);
}

/* ---- not taken --------------------------------------------------------------------------- */

static void one_bad_segment_stops_only_later_ones_of_its_feed(void **state)
{
    fixture *f = *state;
    make(f, 0, 4, &f->feed);
    make(f, 4, 7, &f->partners);
    f->s[1].body.p[20] ^= 1;
    push(f, &f->officer, 0, 7, "0644000");
    f->s[1].body.p[20] ^= 1;
    push(f, &f->officer, 0, 7, "1000111");
}

static void a_strangers_segment_in_between_spoils_none_of_the_others(void **state)
{
    fixture *f = *state;
    relaykit_device stranger;
    relaykit_device_make(&f->kit, &stranger, DBK_ROLE_OFFICER);
    relaykit_feed theirs = relaykit_feed_begin(&f->kit, &stranger, &f->space);
    make(f, 0, 1, &f->feed);
    make(f, 1, 2, &theirs);
    make(f, 2, 3, &f->feed);
    make(f, 3, 4, &f->partners);
    make(f, 4, 5, &f->feed);
    push(f, &f->officer, 0, 5, "06000");
    relaykit_device_drop(&stranger);
}

static void a_gap_is_told_and_closes_when_the_missing_ones_come(void **state)
{
    fixture *f = *state;
    make(f, 0, 4, &f->feed);
    push(f, &f->officer, 1, 4, "444");
    assert_int_equal(checkpoint(f).size, 0);
    push(f, &f->officer, 0, 1, "0");
    push(f, &f->officer, 2, 4, "44");
    push(f, &f->officer, 1, 4, "000");
}

typedef enum flaw {
    BODY_CHANGED,
    BODY_OF_ANOTHER,
    SIGNATURE_CHANGED,
    SIGNED_BY_ANOTHER,
    OTHER_SPACE,
    STRANGERS_FEED,
    INCARNATION_CHANGED,
    FLAWS
} flaw;

static void spoil(fixture *f, relaykit_segment *s, flaw what, const relaykit_device *stranger)
{
    switch (what) {
    case BODY_CHANGED:
        s->body.p[s->body.len - 1] ^= 0x80;
        break;
    case BODY_OF_ANOTHER:
        s->header.op_root.b[0] ^= 1;
        relaykit_segment_sign(s, &f->officer);
        break;
    case SIGNATURE_CHANGED:
        s->raw[DBK_SEGMENT_CORE_BYTES + 5] ^= 1;
        break;
    case SIGNED_BY_ANOTHER:
        relaykit_segment_sign(s, &f->partner);
        break;
    case OTHER_SPACE:
        s->header.space.b[3] ^= 1;
        relaykit_segment_sign(s, &f->officer);
        break;
    case STRANGERS_FEED:
        s->header.feed = dbk_feed_id(&stranger->id, &f->space, &s->header.incarnation);
        relaykit_segment_sign(s, stranger);
        break;
    case INCARNATION_CHANGED:
        s->header.incarnation.b[0] ^= 1;
        relaykit_segment_sign(s, &f->officer);
        break;
    case FLAWS:
        break;
    }
}

static void what_is_not_a_members_own_signed_segment_is_refused_M05(void **state)
{
    fixture *f = *state;
    relaykit_device stranger;
    char target[96];
    relaykit_device_make(&f->kit, &stranger, DBK_ROLE_OFFICER);
    for (flaw what = BODY_CHANGED; what < FLAWS; what++) {
        dbk_bytes push_body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
        dbk_relay_answer a;
        static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
        dbk_span note;
        size_t count;
        relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
        relaykit_segment_make(&f->kit, &f->s[0], &feed, 2, 50);
        spoil(f, &f->s[0], what, &stranger);
        dbk_sealed item = { dbk_span_of(f->s[0].raw, DBK_SEGMENT_HEADER_BYTES),
                            dbk_bytes_span(&f->s[0].body), false };
        assert_ok(dbk_push_begin(&push_body, NULL), NULL);
        assert_ok(dbk_push_add(&push_body, &item, NULL), NULL);
        relaykit_request req = { "POST", relaykit_space_target(target, &f->space, "segments"),
                                 dbk_bytes_span(&push_body), NULL };
        assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &req), 200);
        assert_ok(dbk_results_decode(results, &count, &note, dbk_bytes_span(&a.body), NULL), NULL);
        if (results[0].status != DBK_PUSH_REFUSED)
            fail_msg("flaw %d: status %d", (int)what, (int)results[0].status);
        dbk_bytes_wipe(&push_body);
        dbk_bytes_wipe(&a.body);
        relaykit_segment_wipe(&f->s[0]);
    }
    memset(&f->s[0], 0, sizeof(f->s[0]));
    assert_int_equal(relaykit_check(&f->kit).segments, 0);
    relaykit_device_drop(&stranger);
}

static void a_good_segment_of_another_space_of_ours_is_refused_in_this_one_M27(void **state)
{
    fixture *f = *state;
    static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    const relaykit_device *members[] = { &f->officer };
    char target[96];
    dbk_relay_answer a;
    dbk_span note;
    size_t count;
    dbk_bytes body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    dbk_id second = relaykit_space(&f->kit, members, 1);
    relaykit_feed there = relaykit_feed_begin(&f->kit, &f->officer, &second);
    relaykit_segment_make(&f->kit, &f->s[0], &there, 1, 40);
    dbk_sealed item = { dbk_span_of(f->s[0].raw, DBK_SEGMENT_HEADER_BYTES),
                        dbk_bytes_span(&f->s[0].body), false };
    assert_ok(dbk_push_begin(&body, NULL), NULL);
    assert_ok(dbk_push_add(&body, &item, NULL), NULL);
    relaykit_request req = { "POST", relaykit_space_target(target, &f->space, "segments"),
                             dbk_bytes_span(&body), NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &req), 200);
    assert_ok(dbk_results_decode(results, &count, &note, dbk_bytes_span(&a.body), NULL), NULL);
    assert_int_equal(results[0].status, DBK_PUSH_REFUSED);
    assert_int_equal(relaykit_check(&f->kit).segments, 0);
    dbk_bytes_wipe(&a.body);
    dbk_bytes_wipe(&body);
}

static void a_feeds_incarnation_is_asked_of_each_of_its_segments(void **state)
{
    fixture *f = *state;
    make(f, 0, 3, &f->feed);
    f->s[1].header.incarnation.b[7] ^= 1; /* the feed's name is a hash of it */
    relaykit_segment_sign(&f->s[1], &f->officer);
    push(f, &f->officer, 0, 3, "064");
}

static void every_byte_of_a_header_and_body_counts_M01(void **state)
{
    fixture *f = *state;
    dbk_push_result r;
    relaykit_segment_make(&f->kit, &f->s[0], &f->feed, 1, 20);
    for (size_t i = 0; i < DBK_SEGMENT_HEADER_BYTES + f->s[0].body.len; i++) {
        uint8_t *at = i < DBK_SEGMENT_HEADER_BYTES ? &f->s[0].raw[i]
                                                   : &f->s[0].body.p[i - DBK_SEGMENT_HEADER_BYTES];
        if (i >= 232 && i < 236)
            continue; /* the body's length is framing: the push itself is malformed then */
        *at ^= 0x04;
        relaykit_pushed_wipe(&f->p);
        assert_int_equal(relaykit_push(&f->kit, &f->officer, &f->p, f->s, 1), 200);
        r = f->p.results[0];
        *at ^= 0x04;
        if (r.status != DBK_PUSH_REFUSED)
            fail_msg("byte %zu changed: status %d", i, (int)r.status);
    }
    push(f, &f->officer, 0, 1, "0");
}

static void a_body_over_the_cap_is_too_large_and_one_at_the_cap_is_not(void **state)
{
    fixture *f = *state;
    size_t at_cap = DBK_SEGMENT_BODY_BYTES_MAX - DBK_FRAME_HEAD_BYTES;
    relaykit_segment_make(&f->kit, &f->s[0], &f->feed, 1, at_cap);
    relaykit_segment_make(&f->kit, &f->s[1], &f->feed, 1, at_cap + 1);
    push(f, &f->officer, 0, 2, "05");
}

static void a_truncated_push_is_refused_whole_and_changes_nothing(void **state)
{
    fixture *f = *state;
    char target[96];
    dbk_bytes body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    make(f, 0, 2, &f->feed);
    assert_ok(dbk_push_begin(&body, NULL), NULL);
    for (size_t i = 0; i < 2; i++) {
        dbk_sealed item = { dbk_span_of(f->s[i].raw, DBK_SEGMENT_HEADER_BYTES),
                            dbk_bytes_span(&f->s[i].body), false };
        assert_ok(dbk_push_add(&body, &item, NULL), NULL);
    }
    relaykit_space_target(target, &f->space, "segments");
    for (size_t len = 1; len < body.len; len++) {
        dbk_span cut = { body.p, len };
        assert_int_equal(relaykit_status(&f->kit, &f->officer, "POST", target, cut), 400);
    }
    assert_int_equal(relaykit_check(&f->kit).segments, 0);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "POST", target, dbk_bytes_span(&body)),
                     200);
    assert_int_equal(relaykit_check(&f->kit).segments, 2);
    dbk_bytes_wipe(&body);
}

/* ---- forks ------------------------------------------------------------------------------- */

static void another_segment_in_a_taken_place_is_a_fork_and_both_are_kept_A15(void **state)
{
    fixture *f = *state;
    make(f, 0, 1, &f->feed);
    relaykit_feed clone = f->feed; /* the store was copied here */
    make(f, 1, 3, &f->feed);
    push(f, &f->officer, 0, 3, "000");
    relaykit_segment_make(&f->kit, &f->s[3], &clone, 2, 60); /* same place, same length */
    relaykit_segment_make(&f->kit, &f->s[4], &clone, 3, 60);
    push(f, &f->officer, 3, 5, "33");
    push(f, &f->officer, 3, 5, "33");
    push(f, &f->officer, 0, 3, "111"); /* what stands is what came first */
    dbk_log_report report = relaykit_check(&f->kit);
    assert_int_equal(report.forks, 2);
    assert_int_equal(report.segments, 3);
}

static void a_segment_that_overlaps_or_continues_another_history_is_a_fork_too(void **state)
{
    fixture *f = *state;
    relaykit_feed clone = f->feed;
    relaykit_segment_make(&f->kit, &f->s[0], &f->feed, 4, 60);
    push(f, &f->officer, 0, 1, "0");
    relaykit_segment_make(&f->kit, &f->s[1], &clone, 2, 60); /* 1..2 */
    relaykit_segment_make(&f->kit, &f->s[2], &clone, 2, 60); /* 3..4: no segment begins at 3 */
    relaykit_segment_make(&f->kit, &f->s[3], &clone, 2, 60); /* 5..6 on another 4 */
    push(f, &f->officer, 1, 4, "333");
    assert_int_equal(relaykit_check(&f->kit).forks, 3);
}

/* ---- membership -------------------------------------------------------------------------- */

static void revoke(fixture *f, const relaykit_device *d)
{
    dbk_bytes entry = { 0 };
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, d)), 200);
    dbk_bytes_wipe(&entry);
}

static void a_revoked_devices_notes_are_taken_apart_with_a_receipt_A24(void **state)
{
    fixture *f = *state;
    make(f, 0, 4, &f->feed);
    push(f, &f->officer, 0, 2, "00");
    revoke(f, &f->officer);
    push(f, &f->officer, 0, 3, "112"); /* what stood before stands as it stood */
    assert_true(relaykit_receipt_ok(&f->kit, &f->s[2], &f->p.results[2].receipt));
    assert_int_equal(f->p.results[2].receipt.index, 2);
    assert_int_equal(checkpoint(f).size, 3);
    push(f, &f->partner, 3, 4, "2"); /* a colleague's device carries one */
    assert_true(relaykit_receipt_ok(&f->kit, &f->s[3], &f->p.results[0].receipt));
    assert_int_equal(relaykit_check(&f->kit).segments, 4);
}

static void a_revoked_device_is_a_stranger_to_every_other_call_A25(void **state)
{
    fixture *f = *state;
    char path[96], range[160];
    (void)snprintf(range, sizeof(range), "%s?from=0&bytes=9",
                   relaykit_space_target(path, &f->space, "segments"));
    const struct {
        const char *method, *target;
        dbk_span body;
    } calls[] = {
        { "POST", "/v1/hello", dbk_span_str("{\"v\":1}") },
        { "GET", "/v1/members?from=0", { NULL, 0 } },
        { "POST", "/v1/members", dbk_span_str("x") },
        { "GET", range, { NULL, 0 } },
        { "GET", "/v1/join", { NULL, 0 } },
    };
    make(f, 0, 1, &f->feed);
    push(f, &f->officer, 0, 1, "0");
    revoke(f, &f->officer);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_int_equal(
            relaykit_status(&f->kit, &f->officer, calls[i].method, calls[i].target, calls[i].body),
            401);
}

static void a_revoked_device_brings_only_its_own_notes_A25(void **state)
{
    fixture *f = *state;
    make(f, 0, 1, &f->partners);
    make(f, 1, 2, &f->feed);
    revoke(f, &f->officer);
    push(f, &f->officer, 0, 2, "62");
    push(f, &f->partner, 0, 1, "0");
}

static void a_revoked_device_can_not_fill_the_relay_A25(void **state)
{
    fixture *f = *state;
    const size_t full = DBK_LATE_SEGMENTS_MAX;
    revoke(f, &f->officer);
    for (size_t done = 0; done < full; done += SEGMENTS) {
        for (size_t i = 0; i < SEGMENTS; i++)
            relaykit_segment_wipe(&f->s[i]);
        make(f, 0, SEGMENTS, &f->feed);
        push(f, &f->officer, 0, SEGMENTS, "22222222");
    }
    relaykit_stop(&f->kit); /* the count outlives the process */
    relaykit_start(&f->kit);
    push(f, &f->officer, SEGMENTS - 1, SEGMENTS, "1");
    relaykit_segment_wipe(&f->s[0]);
    make(f, 0, 1, &f->feed);
    push(f, &f->officer, 0, 1, "6");
    push(f, &f->partner, 0, 1, "6"); /* nor through a colleague */
}

static void a_guests_late_notes_are_taken_but_it_is_told_nothing_any_more(void **state)
{
    fixture *f = *state;
    relaykit_device guest;
    dbk_bytes entry = { 0 }, body;
    dbk_welcome w;
    char target[160], path[96];
    relaykit_enrol(&f->kit, &guest, DBK_ROLE_GUEST);
    uint64_t end = f->kit.now_ms + 1000;
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_grant(&f->kit, &entry, &f->space, &guest, end)), 200);
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &guest, &f->space);
    make(f, 0, 2, &feed);
    (void)snprintf(target, sizeof(target), "%s?from=0&bytes=9",
                   relaykit_space_target(path, &f->space, "segments"));
    push(f, &guest, 0, 1, "0");
    f->kit.now_ms = end - 1;
    assert_int_equal(relaykit_status(&f->kit, &guest, "GET", target, (dbk_span){ NULL, 0 }), 200);
    f->kit.now_ms = end;
    assert_int_equal(relaykit_status(&f->kit, &guest, "GET", target, (dbk_span){ NULL, 0 }), 404);
    relaykit_hello(&f->kit, &guest, &w, &body);
    assert_int_equal(w.spaces_count, 0);
    push(f, &guest, 0, 2, "10");
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&guest);
}

static void a_device_has_only_so_many_feeds_in_a_space(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < DBK_FEEDS_PER_SPACE_MAX; i++) {
        relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
        relaykit_segment_wipe(&f->s[0]);
        relaykit_segment_make(&f->kit, &f->s[0], &feed, 1, 10);
        push(f, &f->officer, 0, 1, "0");
    }
    relaykit_feed more = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_segment_make(&f->kit, &f->s[1], &more, 1, 10);
    make(f, 2, 3, &f->partners);
    push(f, &f->officer, 0, 3, "160"); /* others are not touched by it */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_segment_gets_a_receipt_and_the_log_a_checkpoint_that_covers_it_P1),
        TEST(the_same_segment_again_gets_the_same_receipt_also_after_a_restart),
        TEST(a_duplicate_within_one_push_is_one),
        TEST(a_colleagues_device_may_carry_a_members_segments),
        TEST(the_welcome_tells_a_device_how_far_its_own_feeds_are_held),
        TEST(spaces_have_logs_of_their_own),
        TEST(one_bad_segment_stops_only_later_ones_of_its_feed),
        TEST(a_strangers_segment_in_between_spoils_none_of_the_others),
        TEST(a_gap_is_told_and_closes_when_the_missing_ones_come),
        TEST(what_is_not_a_members_own_signed_segment_is_refused_M05),
        TEST(a_good_segment_of_another_space_of_ours_is_refused_in_this_one_M27),
        TEST(a_feeds_incarnation_is_asked_of_each_of_its_segments),
        TEST(every_byte_of_a_header_and_body_counts_M01),
        TEST(a_body_over_the_cap_is_too_large_and_one_at_the_cap_is_not),
        TEST(a_truncated_push_is_refused_whole_and_changes_nothing),
        TEST(another_segment_in_a_taken_place_is_a_fork_and_both_are_kept_A15),
        TEST(a_segment_that_overlaps_or_continues_another_history_is_a_fork_too),
        TEST(a_revoked_devices_notes_are_taken_apart_with_a_receipt_A24),
        TEST(a_revoked_device_is_a_stranger_to_every_other_call_A25),
        TEST(a_revoked_device_brings_only_its_own_notes_A25),
        TEST(a_revoked_device_can_not_fill_the_relay_A25),
        TEST(a_guests_late_notes_are_taken_but_it_is_told_nothing_any_more),
        TEST(a_device_has_only_so_many_feeds_in_a_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
