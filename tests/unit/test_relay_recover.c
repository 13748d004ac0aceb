/* A relay that was put back from a backup: what it takes back, from whom, and when it goes on
 * (decision 0019). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/relaykit.h"

#define KEPT 5u /* segments that the backup holds */
#define SEGMENTS 12u

typedef struct fixture {
    relaykit kit;
    relaykit_device officer, partner, late; /* late: enrolled after the backup */
    dbk_id space;
    relaykit_feed feed, partners;
    relaykit_segment s[SEGMENTS];
    uint64_t ms[SEGMENTS];
    dbk_receipt receipts[SEGMENTS];
    char note[DBK_CHECKPOINT_BYTES_MAX]; /* of all */
    dbk_proof proofs[SEGMENTS];          /* from i + 1 to all */
    dbk_bytes enrol, grant;              /* the entries that are lost */
} fixture;

static const dbk_span none = { NULL, 0 };

static void push_one(fixture *f, size_t i)
{
    relaykit_pushed p;
    relaykit_segment_make(&f->kit, &f->s[i], i % 3 == 2 ? &f->partners : &f->feed, 2, 300);
    f->ms[i] = f->kit.now_ms += 7;
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &f->s[i], 1), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_ACCEPTED);
    f->receipts[i] = p.results[0].receipt;
    memcpy(f->note, p.checkpoint.p, p.checkpoint.len);
    f->note[p.checkpoint.len] = '\0';
    relaykit_pushed_wipe(&p);
}

static void fetch_proofs(fixture *f)
{
    for (size_t i = 0; i < SEGMENTS; i++) {
        char tail[64], target[96];
        dbk_relay_answer a;
        (void)snprintf(tail, sizeof(tail), "proof?from=%zu&size=%u", i + 1, SEGMENTS);
        relaykit_request req = { "GET", relaykit_space_target(target, &f->space, tail), none,
                                 NULL };
        assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &req), 200);
        f->proofs[i].count = a.body.len / DBK_HASH_BYTES;
        if (a.body.len > 0)
            memcpy(f->proofs[i].nodes, a.body.p, a.body.len);
        dbk_bytes_wipe(&a.body);
    }
}

/* A relay with two officers and KEPT segments is backed up; then a device is enrolled and let in,
 * and the log grows; then the backup is put back. */
static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.partner, DBK_ROLE_HQ);
    const relaykit_device *members[] = { &f.officer, &f.partner };
    f.space = relaykit_space(&f.kit, members, 2);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    f.partners = relaykit_feed_begin(&f.kit, &f.partner, &f.space);
    for (size_t i = 0; i < KEPT; i++)
        push_one(&f, i);
    relaykit_backup(&f.kit);
    relaykit_start(&f.kit);
    relaykit_device_make(&f.kit, &f.late, DBK_ROLE_OFFICER);
    assert_int_equal(relaykit_post(&f.kit, relaykit_entry_enrol(&f.kit, &f.enrol, &f.late)), 200);
    assert_int_equal(
        relaykit_post(&f.kit, relaykit_entry_grant(&f.kit, &f.grant, &f.space, &f.late, 0)), 200);
    for (size_t i = KEPT; i < SEGMENTS; i++)
        push_one(&f, i);
    fetch_proofs(&f);
    relaykit_put_back(&f.kit);
    relaykit_start(&f.kit);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < SEGMENTS; i++)
        relaykit_segment_wipe(&f->s[i]);
    dbk_bytes_wipe(&f->enrol);
    dbk_bytes_wipe(&f->grant);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->partner);
    relaykit_device_drop(&f->late);
    relaykit_close(&f->kit);
    return 0;
}

/* A refill of [from, to), with what a test may change. */
typedef struct refill {
    size_t from, to;
    const char *note; /* NULL: the fixture's */
    uint64_t shift_ms;
    size_t swap; /* this one and the next change places; SIZE_MAX: none */
    bool cut_proof;
} refill;
static const refill whole = { KEPT, SEGMENTS, NULL, 0, SIZE_MAX, false };

static int send_refill(fixture *f, relaykit_device *d, const refill *r)
{
    char target[96];
    dbk_bytes body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    dbk_range range = { .from = r->from,
                        .count = (uint32_t)(r->to - r->from),
                        .checkpoint = dbk_span_str(r->note != NULL ? r->note : f->note) };
    if (r->to < SEGMENTS)
        range.proof = f->proofs[r->to - 1];
    if (r->cut_proof)
        range.proof.count--;
    assert_ok(dbk_range_begin(&body, &range, NULL), NULL);
    for (size_t i = r->from; i < r->to; i++) {
        size_t at = i == r->swap ? i + 1 : i == r->swap + 1 && r->swap != SIZE_MAX ? i - 1 : i;
        dbk_range_item item = { f->ms[at] + r->shift_ms,
                                true,
                                { dbk_span_of(f->s[at].raw, sizeof(f->s[at].raw)),
                                  dbk_bytes_span(&f->s[at].body), false } };
        assert_ok(dbk_range_add(&body, &item, NULL), NULL);
    }
    int status = relaykit_status(&f->kit, d, "POST",
                                 relaykit_space_target(target, &f->space, "refill"),
                                 dbk_bytes_span(&body));
    dbk_bytes_wipe(&body);
    return status;
}

static int give_entry(fixture *f, relaykit_device *d, const dbk_bytes *entry)
{
    return relaykit_status(&f->kit, d, "POST", "/v1/recovery", dbk_bytes_span(entry));
}

/* The claims, as an admin gets them; of the one space's log. */
static dbk_log_move claims(fixture *f, size_t *logs, size_t *heard)
{
    dbk_claims c;
    dbk_log_move log = { 0 };
    dbk_relay_answer a;
    relaykit_request req = { "GET", "/v1/recovery", none, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->kit.admin, &a, &req), 200);
    assert_ok(dbk_claims_decode(&c, dbk_bytes_span(&a.body), NULL), NULL);
    assert_true(dbk_span_equal(c.why, dbk_span_str("the disk failed")));
    for (size_t i = 0; i < c.logs_count; i++) {
        dbk_log_move m = dbk_claims_log(&c, i);
        if (dbk_id_equal(&m.space, &f->space))
            log = m;
    }
    if (logs != NULL)
        *logs = c.logs_count;
    if (heard != NULL)
        *heard = c.heard_count;
    dbk_bytes_wipe(&a.body);
    return log;
}

static dbk_hash root_of(const fixture *f, size_t size)
{
    dbk_frontier frontier;
    dbk_frontier_init(&frontier);
    for (size_t i = 0; i < size; i++) {
        dbk_hash leaf = dbk_log_leaf(f->ms[i], &f->s[i].hash);
        dbk_frontier_add(&frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    return dbk_frontier_root(&frontier, DBK_TREE_LOG);
}

static int recover(fixture *f, const dbk_log_move *log)
{
    dbk_bytes entry = { 0 };
    int status = relaykit_post(&f->kit, relaykit_entry_recovery(&f->kit, &entry, log, 1, NULL));
    dbk_bytes_wipe(&entry);
    return status;
}

/* ---- waiting ----------------------------------------------------------------------------- */

static void until_the_root_has_signed_no_note_goes_in_or_out_5_6(void **state)
{
    fixture *f = *state;
    char target[96];
    dbk_relay_answer a;
    char word[DBK_ERROR_WORD_MAX + 1];
    relaykit_request req = { "GET",
                             relaykit_space_target(target, &f->space, "segments?from=0&bytes=9999"),
                             none, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &req), 409);
    assert_ok(dbk_error_decode(word, dbk_bytes_span(&a.body), NULL), NULL);
    assert_string_equal(word, "recovering");
    dbk_bytes_wipe(&a.body);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "GET", "/v1/join", none), 403);
    assert_int_equal(relaykit_status(&f->kit, &f->kit.admin, "GET", "/v1/join", none), 409);
    /* What it has it can still prove: the root's holder asks for that. */
    assert_int_equal(
        relaykit_status(&f->kit, &f->officer, "GET",
                        relaykit_space_target(target, &f->space, "proof?leaf=0&size=1"), none),
        200);
    relaykit_pushed p;
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &f->s[KEPT], 1), 409);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_status(&f->kit, NULL, "GET", "/healthz", none), 200);
}

static void the_welcome_says_what_is_left_and_nothing_signed_5_6(void **state)
{
    fixture *f = *state;
    dbk_welcome w;
    dbk_bytes body;
    relaykit_hello(&f->kit, &f->officer, &w, &body);
    assert_true(w.recovering);
    assert_int_equal(w.members_count, dbk_roster_count(f->kit.roster) - 2);
    assert_int_equal(w.spaces_count, 1);
    assert_int_equal(w.spaces[0].size, KEPT);
    assert_true(dbk_id_equal(&w.spaces[0].log, &f->receipts[0].log));
    assert_string_equal(w.spaces[0].checkpoint, "");
    assert_int_equal(w.spaces[0].feeds_count, 0);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
}

static void who_has_been_here_since_is_told_to_admins_only(void **state)
{
    fixture *f = *state;
    size_t logs, heard;
    dbk_welcome w;
    dbk_bytes body;
    relaykit_device *who[] = { &f->partner, &f->officer, &f->kit.admin, &f->officer };
    for (size_t i = 0; i < 4; i++) {
        relaykit_hello(&f->kit, who[i], &w, &body);
        dbk_welcome_wipe(&w);
        dbk_bytes_wipe(&body);
    }
    (void)claims(f, &logs, &heard);
    assert_int_equal(logs, 1);
    assert_int_equal(heard, 3);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "GET", "/v1/recovery", none), 403);
}

/* ---- the chain --------------------------------------------------------------------------- */

static void lost_entries_come_back_from_any_member_5_6(void **state)
{
    fixture *f = *state;
    assert_int_equal(give_entry(f, &f->late, &f->enrol), 401);    /* nobody knows it yet */
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 409); /* not the next one */
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200); /* again is fine */
    assert_int_equal(give_entry(f, &f->late, &f->grant), 200);
    dbk_welcome w;
    dbk_bytes body;
    relaykit_hello(&f->kit, &f->late, &w, &body);
    assert_int_equal(w.members_count, dbk_roster_count(f->kit.roster));
    dbk_hash head = dbk_roster_head(f->kit.roster);
    assert_true(dbk_hash_equal(&w.members_head, &head));
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
}

static void no_new_entry_can_take_the_place_of_a_lost_one_m49(void **state)
{
    fixture *f = *state;
    dbk_bytes entry = { 0 };
    relaykit_device d;
    relaykit_device_make(&f->kit, &d, DBK_ROLE_OFFICER);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_enrol(&f->kit, &entry, &d)), 409);
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&entry)), 409); /* still not */
    relaykit_device_drop(&d);
    dbk_bytes_wipe(&entry);
}

static void a_relay_that_lost_nothing_takes_no_lost_entries_m49(void **state)
{
    fixture *f = *state;
    dbk_log_move log = claims(f, NULL, NULL);
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    assert_int_equal(recover(f, &log), 200);
    dbk_bytes entry = { 0 };
    relaykit_device d;
    relaykit_device_make(&f->kit, &d, DBK_ROLE_OFFICER);
    (void)relaykit_entry_enrol(&f->kit, &entry, &d);
    assert_int_equal(give_entry(f, &f->officer, &entry), 409); /* an admin posts that */
    assert_int_equal(send_refill(f, &f->officer, &whole), 409);
    assert_int_equal(relaykit_status(&f->kit, &f->kit.admin, "GET", "/v1/recovery", none), 404);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&entry)), 200);
    relaykit_device_drop(&d);
    dbk_bytes_wipe(&entry);
}

/* ---- the log ----------------------------------------------------------------------------- */

static void what_its_own_checkpoint_covers_goes_back_to_its_place_5_6(void **state)
{
    fixture *f = *state;
    /* However little room there is for more: what it had signed for has had its room. */
    const dbk_relay_limits tight = { .device = { 1000, 1000 },
                                     .stranger = { 1000, 1000 },
                                     .quota = { { 1, 1 }, { 1, 1 } } };
    assert_rc(dbk_relay_limit(f->kit.relay, &tight, NULL), DBK_OK, NULL);
    const refill first = { KEPT, KEPT + 3, NULL, 0, SIZE_MAX, false };
    const refill second = { KEPT + 3, SEGMENTS, NULL, 0, SIZE_MAX, false };
    assert_int_equal(send_refill(f, &f->officer, &first), 200);
    assert_int_equal(send_refill(f, &f->officer, &first), 409); /* it has gone on since */
    assert_int_equal(send_refill(f, &f->partner, &second), 200);
    dbk_log_move log = claims(f, NULL, NULL);
    dbk_hash root = root_of(f, SEGMENTS);
    assert_int_equal(log.old_size, SEGMENTS);
    assert_true(dbk_hash_equal(&log.old_root, &root));
    assert_true(dbk_id_equal(&log.old_log, &f->receipts[0].log));
    assert_int_equal(relaykit_check(&f->kit).segments, SEGMENTS);
}

static void nothing_but_what_it_signed_itself_goes_back_5_6(void **state)
{
    fixture *f = *state;
    char other[DBK_CHECKPOINT_BYTES_MAX];
    (void)snprintf(other, sizeof(other), "%s", f->note);
    other[strlen(other) - 4] ^= 1; /* the signature's end */
    const struct {
        const char *why;
        refill r;
        int want;
    } cases[] = {
        { "later receipt times", { KEPT, SEGMENTS, NULL, 1, SIZE_MAX, false }, 409 },
        { "another order", { KEPT, SEGMENTS, NULL, 0, KEPT + 1, false }, 409 },
        { "a gap", { KEPT + 1, SEGMENTS, NULL, 0, SIZE_MAX, false }, 409 },
        { "what stands already", { KEPT - 1, SEGMENTS, NULL, 0, SIZE_MAX, false }, 409 },
        { "no proof of the rest", { KEPT, KEPT + 2, NULL, 0, SIZE_MAX, true }, 409 },
        { "a checkpoint of someone else", { KEPT, SEGMENTS, other, 0, SIZE_MAX, false }, 403 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int got = send_refill(f, &f->officer, &cases[i].r);
        if (got != cases[i].want)
            fail_msg("%s: got %d, want %d", cases[i].why, got, cases[i].want);
    }
    assert_int_equal(send_refill(f, &f->kit.admin, &whole), 404); /* it isn't in the space */
    assert_int_equal(claims(f, NULL, NULL).old_size, KEPT);
    assert_int_equal(relaykit_check(&f->kit).segments, KEPT);
    assert_int_equal(send_refill(f, &f->officer, &whole), 200);
}

/* ---- going on ---------------------------------------------------------------------------- */

static void with_the_root_s_word_it_goes_on_under_a_new_incarnation_5_6(void **state)
{
    fixture *f = *state;
    relaykit_pushed p;
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    dbk_log_move log = claims(f, NULL, NULL);
    assert_int_equal(log.old_size, KEPT);
    assert_int_equal(recover(f, &log), 200);
    dbk_welcome w;
    dbk_bytes body;
    relaykit_hello(&f->kit, &f->officer, &w, &body);
    assert_false(w.recovering);
    assert_true(dbk_id_equal(&w.spaces[0].log, &log.new_log));
    assert_int_equal(w.spaces[0].size, KEPT);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
    /* What stayed keeps place and time, under the new name; what was lost comes again. */
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &f->s[0], 1), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_DUPLICATE);
    assert_int_equal(p.results[0].receipt.index, 0);
    assert_int_equal(p.results[0].receipt.receipt_ms, f->ms[0]);
    assert_true(dbk_id_equal(&p.results[0].receipt.log, &log.new_log));
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &f->s[KEPT], SEGMENTS - KEPT), 200);
    for (size_t i = 0; i < SEGMENTS - KEPT; i++) {
        assert_int_equal(p.results[i].status, DBK_PUSH_ACCEPTED);
        assert_int_equal(p.results[i].receipt.index, KEPT + i);
        assert_true(relaykit_receipt_ok(&f->kit, &f->s[KEPT + i], &p.results[i].receipt));
    }
    relaykit_pushed_wipe(&p);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(relaykit_check(&f->kit).segments, SEGMENTS);
}

static void only_the_root_s_word_about_just_this_log_counts_m38(void **state)
{
    fixture *f = *state;
    dbk_bytes entry = { 0 };
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    dbk_log_move good = claims(f, NULL, NULL);
    dbk_log_move bad[4] = { good, good, good, good };
    bad[0].new_log.b[3] ^= 1;
    bad[1].old_log.b[3] ^= 1;
    bad[2].old_size++;
    bad[3].old_root.b[3] ^= 1;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(recover(f, &bad[i]), 409);
    (void)relaykit_entry_recovery(&f->kit, &entry, &good, 1, f->kit.admin.admin);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&entry)), 403);
    /* What came back since it was asked for: it must be asked for again. */
    assert_int_equal(send_refill(f, &f->officer, &whole), 200);
    assert_int_equal(recover(f, &good), 409);
    good = claims(f, NULL, NULL);
    assert_int_equal(recover(f, &good), 200);
    dbk_bytes_wipe(&entry);
}

static void a_second_restore_asks_anew_and_an_old_word_does_not_answer_m38(void **state)
{
    fixture *f = *state;
    dbk_bytes old = { 0 };
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    dbk_log_move first = claims(f, NULL, NULL);
    (void)relaykit_entry_recovery(&f->kit, &old, &first, 1, NULL);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&old)), 200);
    /* The same backup once more: the chain is shorter by the recovery, too. */
    relaykit_put_back(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    assert_int_equal(
        relaykit_status(&f->kit, &f->kit.admin, "POST", "/v1/members", dbk_bytes_span(&old)),
        409); /* of another incarnation than it waits for */
    assert_int_equal(give_entry(f, &f->officer, &old), 200); /* but it is part of the chain */
    dbk_log_move second = claims(f, NULL, NULL);
    assert_true(dbk_id_equal(&second.old_log, &first.new_log));
    assert_false(dbk_id_equal(&second.new_log, &first.new_log));
    assert_int_equal(second.old_size, KEPT);
    dbk_hash root = root_of(f, KEPT);
    assert_true(dbk_hash_equal(&second.old_root, &root));
    assert_int_equal(recover(f, &second), 200);
    assert_int_equal(relaykit_check(&f->kit).segments, KEPT);
    dbk_bytes_wipe(&old);
}

static void a_space_that_was_lost_whole_gets_its_log_and_its_name_back_5_6(void **state)
{
    fixture *f = *state;
    dbk_bytes entry = { 0 };
    dbk_id space;
    relaykit_pushed p;
    /* A fixture of its own kind: the space is made after the backup. */
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    dbk_log_move log = claims(f, NULL, NULL);
    assert_int_equal(recover(f, &log), 200);
    relaykit_backup(&f->kit);
    relaykit_start(&f->kit);
    const relaykit_device *members[] = { &f->officer };
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_space(&f->kit, &entry, &space, members, 1)), 200);
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &space);
    relaykit_segment s;
    relaykit_segment_make(&f->kit, &s, &feed, 1, 200);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 200);
    dbk_id name = p.results[0].receipt.log;
    dbk_range range = { .from = 0, .count = 1, .checkpoint = p.checkpoint };
    dbk_range_item item = { p.results[0].receipt.receipt_ms,
                            true,
                            { dbk_span_of(s.raw, sizeof(s.raw)), dbk_bytes_span(&s.body), false } };
    dbk_bytes body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    assert_ok(dbk_range_begin(&body, &range, NULL), NULL);
    assert_ok(dbk_range_add(&body, &item, NULL), NULL);
    relaykit_put_back(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(give_entry(f, &f->officer, &entry), 200);
    char target[96];
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "POST",
                                     relaykit_space_target(target, &space, "refill"),
                                     dbk_bytes_span(&body)),
                     200);
    dbk_relay_answer a;
    dbk_claims c;
    relaykit_request req = { "GET", "/v1/recovery", none, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->kit.admin, &a, &req), 200);
    assert_ok(dbk_claims_decode(&c, dbk_bytes_span(&a.body), NULL), NULL);
    assert_int_equal(c.logs_count, 2);
    for (size_t i = 0; i < 2; i++) {
        log = dbk_claims_log(&c, i);
        if (dbk_id_equal(&log.space, &space)) {
            assert_true(dbk_id_equal(&log.old_log, &name));
            assert_int_equal(log.old_size, 1);
        }
    }
    assert_int_equal(relaykit_check(&f->kit).segments, KEPT + 1);
    dbk_bytes_wipe(&a.body);
    dbk_bytes_wipe(&body);
    dbk_bytes_wipe(&entry);
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
}

static void a_relay_waits_on_after_it_was_started_again(void **state)
{
    fixture *f = *state;
    dbk_log_move before = claims(f, NULL, NULL);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    dbk_log_move after = claims(f, NULL, NULL);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(give_entry(f, &f->officer, &f->enrol), 200);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(give_entry(f, &f->officer, &f->grant), 200);
    assert_int_equal(recover(f, &after), 200);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(relaykit_status(&f->kit, &f->kit.admin, "GET", "/v1/recovery", none), 404);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(until_the_root_has_signed_no_note_goes_in_or_out_5_6),
        TEST(the_welcome_says_what_is_left_and_nothing_signed_5_6),
        TEST(who_has_been_here_since_is_told_to_admins_only),
        TEST(lost_entries_come_back_from_any_member_5_6),
        TEST(no_new_entry_can_take_the_place_of_a_lost_one_m49),
        TEST(a_relay_that_lost_nothing_takes_no_lost_entries_m49),
        TEST(what_its_own_checkpoint_covers_goes_back_to_its_place_5_6),
        TEST(nothing_but_what_it_signed_itself_goes_back_5_6),
        TEST(with_the_root_s_word_it_goes_on_under_a_new_incarnation_5_6),
        TEST(only_the_root_s_word_about_just_this_log_counts_m38),
        TEST(a_second_restore_asks_anew_and_an_old_word_does_not_answer_m38),
        TEST(a_space_that_was_lost_whole_gets_its_log_and_its_name_back_5_6),
        TEST(a_relay_waits_on_after_it_was_started_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
