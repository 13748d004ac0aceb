/* How far each device has a log: the signed word, at a relay (decision 0041). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/crypto/reach.h"
#include "sync/relay/log_copy.h"
#include "sync/relay/log_reach.h"
#include "tests/lib/relaykit.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

typedef struct fixture {
    relaykit kit;
    relaykit_device hq, officer, outsider;
    dbk_id space;
    char path[96];
    relaykit_feed feed;
    dbk_checkpoint point; /* the relay's newest */
} fixture;

static void grow(fixture *f, unsigned count)
{
    static relaykit_pushed p;
    for (unsigned i = 0; i < count; i++) {
        relaykit_segment s;
        relaykit_segment_make(&f->kit, &s, &f->feed, 1, 200);
        assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 200);
        assert_ok(dbk_checkpoint_open(&f->point, p.checkpoint, dbk_relay_key(f->kit.relay), NULL),
                  NULL);
        relaykit_pushed_wipe(&p);
        relaykit_segment_wipe(&s);
    }
}

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.hq, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.outsider, DBK_ROLE_HQ);
    const relaykit_device *members[] = { &f.hq, &f.officer, &f.kit.admin };
    f.space = relaykit_space(&f.kit, members, 3);
    relaykit_space_target(f.path, &f.space, "reach");
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    grow(&f, 3);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    (void)relaykit_check(&f->kit);
    relaykit_device_drop(&f->hq);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->outsider);
    relaykit_close(&f->kit);
    return 0;
}

/* What the device would say of all that the relay has signed for. */
static dbk_reach of_all(const fixture *f, const relaykit_device *d)
{
    return (dbk_reach){ .org = f->point.org,
                        .space = f->point.space,
                        .log = f->point.log,
                        .size = f->point.size,
                        .root = f->point.root,
                        .device = d->id,
                        .time_ms = 7,
                        .whole = true };
}

static int say(fixture *f, relaykit_device *sender, const dbk_reach *r, const relaykit_device *by)
{
    uint8_t word[DBK_REACH_BYTES];
    dbk_reach_sign(word, r, by->sign);
    return relaykit_status(&f->kit, sender, "POST", f->path, dbk_span_of(word, sizeof(word)));
}

static int say_all(fixture *f, relaykit_device *d)
{
    const dbk_reach r = of_all(f, d);
    return say(f, d, &r, d);
}

static bool asks(fixture *f, relaykit_device *d)
{
    dbk_welcome w;
    dbk_bytes body;
    relaykit_hello(&f->kit, d, &w, &body);
    bool asked = false;
    for (size_t i = 0; i < w.spaces_count; i++)
        asked = asked || (dbk_id_equal(&w.spaces[i].space, &f->space) && w.spaces[i].reach);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
    return asked;
}

/* How far the relay says that a device has come; 0: it says nothing. */
static uint64_t listed(fixture *f, const relaykit_device *d)
{
    dbk_relay_answer a;
    const relaykit_request req = { "GET", f->path, { NULL, 0 }, NULL };
    uint64_t size = 0;
    assert_int_equal(relaykit_call(&f->kit, &f->hq, &a, &req), 200);
    assert_int_equal(a.body.len % DBK_REACH_BYTES, 0);
    for (size_t i = 0; i < a.body.len; i += DBK_REACH_BYTES) {
        dbk_reach r;
        assert_ok(dbk_reach_decode(&r, dbk_span_of(a.body.p + i, DBK_REACH_BYTES), NULL), NULL);
        if (dbk_id_equal(&r.device, &d->id))
            size = r.size;
    }
    dbk_bytes_wipe(&a.body);
    return size;
}

/* ---- the bytes ------------------------------------------------------------------------------- */

static void a_word_of_which_any_bit_was_changed_is_nobodys_P4(void **state)
{
    fixture *f = *state;
    uint8_t word[DBK_REACH_BYTES];
    dbk_reach back;
    const dbk_reach r = of_all(f, &f->officer);
    dbk_reach_sign(word, &r, f->officer.sign);
    assert_ok(dbk_reach_decode(&back, dbk_span_of(word, sizeof(word)), NULL), NULL);
    assert_true(dbk_reach_verify(&back, &f->officer.keys.sign));
    assert_false(dbk_reach_verify(&back, &f->hq.keys.sign));
    assert_int_equal(back.size, r.size);
    assert_true(back.whole);
    assert_int_equal(back.time_ms, r.time_ms);
    assert_true(dbk_hash_equal(&back.root, &r.root));
    for (size_t bit = 0; bit < sizeof(word) * 8; bit++) {
        word[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (dbk_reach_decode(&back, dbk_span_of(word, sizeof(word)), NULL) == DBK_OK)
            assert_false(dbk_reach_verify(&back, &f->officer.keys.sign));
        word[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void what_is_no_word_is_refused(void **state)
{
    fixture *f = *state;
    uint8_t word[DBK_REACH_BYTES + 1] = { 0 };
    dbk_reach back;
    const dbk_reach r = of_all(f, &f->officer);
    dbk_reach_sign(word, &r, f->officer.sign);
    for (size_t len = 0; len < DBK_REACH_BYTES; len++)
        assert_rc(dbk_reach_decode(&back, dbk_span_of(word, len), NULL), DBK_FORMAT, NULL);
    assert_rc(dbk_reach_decode(&back, dbk_span_of(word, sizeof(word)), NULL), DBK_FORMAT, NULL);
    static const struct {
        size_t at;
        uint8_t value;
        dbk_rc rc;
    } cases[] = { { 0, 'X', DBK_FORMAT },   { 4, 2, DBK_VERSION }, { 5, 2, DBK_VERSION },
                  { 6, 2, DBK_FORMAT },     { 7, 1, DBK_FORMAT },  { 56, 1, DBK_FORMAT },
                  { 112, 0x80, DBK_FORMAT } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t kept = word[cases[i].at];
        word[cases[i].at] = cases[i].value;
        assert_rc(dbk_reach_decode(&back, dbk_span_of(word, DBK_REACH_BYTES), NULL), cases[i].rc,
                  NULL);
        word[cases[i].at] = kept;
    }
    memset(word + 56, 0, 8); /* of nothing, nothing is said */
    assert_rc(dbk_reach_decode(&back, dbk_span_of(word, DBK_REACH_BYTES), NULL), DBK_FORMAT, NULL);
}

/* ---- at the relay ---------------------------------------------------------------------------- */

static void a_devices_own_word_is_kept_and_shown_to_headquarters_alone(void **state)
{
    fixture *f = *state;
    assert_int_equal(listed(f, &f->officer), 0);
    assert_int_equal(say_all(f, &f->officer), 204);
    assert_int_equal(say_all(f, &f->officer), 204); /* its sender didn't hear the answer */
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(listed(f, &f->officer), 3);
    assert_int_equal(listed(f, &f->hq), 0);
    const dbk_span none = { NULL, 0 };
    assert_int_equal(relaykit_status(&f->kit, &f->kit.admin, "GET", f->path, none), 200);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "GET", f->path, none), 403);
    assert_int_equal(relaykit_status(&f->kit, &f->outsider, "GET", f->path, none), 404);
}

static void nobody_says_it_for_another_P1(void **state)
{
    fixture *f = *state;
    const dbk_reach officers = of_all(f, &f->officer);
    const dbk_reach strangers = of_all(f, &f->outsider);
    assert_int_equal(say(f, &f->hq, &officers, &f->hq), 403);
    assert_int_equal(say(f, &f->hq, &officers, &f->officer), 403);
    assert_int_equal(say(f, &f->officer, &officers, &f->hq), 403);
    assert_int_equal(say(f, &f->outsider, &strangers, &f->outsider), 404);
    assert_int_equal(listed(f, &f->officer), 0);
}

static void a_word_about_what_the_relay_never_signed_is_refused_P1(void **state)
{
    fixture *f = *state;
    const dbk_reach good = of_all(f, &f->officer);
    dbk_reach r = good;
    r.size++;
    assert_int_equal(say(f, &f->officer, &r, &f->officer), 409);
    r = good;
    r.root.b[0] ^= 1;
    assert_int_equal(say(f, &f->officer, &r, &f->officer), 409);
    r = good;
    r.log.b[0] ^= 1;
    assert_int_equal(say(f, &f->officer, &r, &f->officer), 409);
    r = good;
    r.space.b[0] ^= 1;
    assert_int_equal(say(f, &f->officer, &r, &f->officer), 400);
    r = good;
    r.org.b[0] ^= 1;
    assert_int_equal(say(f, &f->officer, &r, &f->officer), 400);
    assert_int_equal(listed(f, &f->officer), 0);
    assert_int_equal(say(f, &f->officer, &good, &f->officer), 204);
}

static void an_older_word_moves_none_back(void **state)
{
    fixture *f = *state;
    const dbk_reach before = of_all(f, &f->officer);
    grow(f, 2);
    assert_int_equal(say_all(f, &f->officer), 204);
    assert_int_equal(say(f, &f->officer, &before, &f->officer), 409);
    assert_int_equal(listed(f, &f->officer), 5);
}

static void one_who_was_taken_out_says_nothing_any_more(void **state)
{
    fixture *f = *state;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_remove(&f->kit, &entry, &f->space, &f->officer)),
        200);
    assert_int_equal(say_all(f, &f->officer), 404);
    dbk_bytes_wipe(&entry);
}

static void the_relay_asks_at_first_then_by_segments_or_days(void **state)
{
    fixture *f = *state;
    assert_true(asks(f, &f->hq));
    assert_int_equal(say_all(f, &f->hq), 204);
    assert_false(asks(f, &f->hq));
    f->kit.now_ms += 2 * DAY_MS; /* it has all: time alone is no reason */
    assert_false(asks(f, &f->hq));
    assert_int_equal(say_all(f, &f->hq), 204);
    grow(f, 63);
    f->kit.now_ms -= 2 * DAY_MS;
    assert_false(asks(f, &f->hq));
    grow(f, 1);
    assert_true(asks(f, &f->hq));
    assert_int_equal(say_all(f, &f->hq), 204);
    grow(f, 1);
    assert_false(asks(f, &f->hq));
    f->kit.now_ms += DAY_MS;
    assert_true(asks(f, &f->hq));
}

/* An idle answer would never be followed by the word. */
static void who_has_all_is_asked_instead_of_told_that_nothing_is_new(void **state)
{
    fixture *f = *state;
    const dbk_known_space mine = { f->space, f->point.log, f->point.size, f->point.root, { 0, 0 } };
    const dbk_known known = { dbk_roster_count(f->kit.roster), dbk_roster_head(f->kit.roster),
                              &mine, 1 };
    const dbk_hello hello = { true, dbk_known_digest(&known) };
    for (unsigned i = 0; i < 2; i++) {
        dbk_relay_answer a;
        dbk_welcome w;
        dbk_bytes body = DBK_BYTES_INIT(DBK_CONTROL_BYTES_MAX);
        assert_ok(dbk_hello_encode(&body, &hello, NULL), NULL);
        const relaykit_request req = { "POST", "/v1/hello", dbk_bytes_span(&body), NULL };
        assert_int_equal(relaykit_call(&f->kit, &f->hq, &a, &req), 200);
        assert_ok(dbk_welcome_decode(&w, dbk_bytes_span(&a.body), NULL), NULL);
        assert_int_equal(w.idle, i == 1);
        dbk_welcome_wipe(&w);
        dbk_bytes_wipe(&a.body);
        dbk_bytes_wipe(&body);
        if (i == 0)
            assert_int_equal(say_all(f, &f->hq), 204);
    }
}

/* ---- looking the relay's log through --------------------------------------------------------- */

static dbk_rc look(fixture *f, dbk_err *err)
{
    dbk_log log;
    dbk_log_report report;
    assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_READS, NULL), NULL);
    dbk_rc rc = log.ops->begin(log.self, err);
    if (rc == DBK_OK) {
        rc = dbk_log_check_deep(&log, &report, err);
        log.ops->rollback(log.self);
    }
    dbk_log_close(&log);
    return rc;
}

/* Writes a row that no call would. */
static void plant(fixture *f, const dbk_id *under, const dbk_reach *r, const relaykit_device *by)
{
    dbk_log log;
    dbk_log_reach row = { .heard_ms = 1 };
    dbk_reach_sign(row.word, r, by->sign);
    relaykit_stop(&f->kit);
    assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_WRITES, NULL), NULL);
    const dbk_log_space s = { &log, f->space };
    assert_ok(log.ops->begin(log.self, NULL), NULL);
    assert_ok(dbk_log_reach_put(&s, under, &row, NULL), NULL);
    assert_ok(log.ops->commit(log.self, NULL), NULL);
    dbk_log_close(&log);
    relaykit_start(&f->kit);
}

static void fsck_finds_a_word_that_its_device_did_not_say_or_that_is_not_so(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    const dbk_reach good = of_all(f, &f->officer);
    dbk_reach bad = good;
    assert_int_equal(say_all(f, &f->officer), 204);
    assert_ok(look(f, &err), &err);
    bad.root.b[3] ^= 8;
    plant(f, &f->officer.id, &bad, &f->officer);
    assert_rc(look(f, &err), DBK_DAMAGED, &err);
    dbk_err_clear(&err);
    plant(f, &f->officer.id, &good, &f->hq);
    assert_rc(look(f, &err), DBK_DAMAGED, &err);
    dbk_err_clear(&err);
    plant(f, &f->hq.id, &good, &f->officer);
    assert_rc(look(f, &err), DBK_DAMAGED, &err);
    dbk_err_clear(&err);
    const dbk_reach hqs = of_all(f, &f->hq);
    plant(f, &f->hq.id, &hqs, &f->hq);
    plant(f, &f->officer.id, &good, &f->officer);
    assert_ok(look(f, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_word_of_which_any_bit_was_changed_is_nobodys_P4),
        T(what_is_no_word_is_refused),
        T(a_devices_own_word_is_kept_and_shown_to_headquarters_alone),
        T(nobody_says_it_for_another_P1),
        T(a_word_about_what_the_relay_never_signed_is_refused_P1),
        T(an_older_word_moves_none_back),
        T(one_who_was_taken_out_says_nothing_any_more),
        T(the_relay_asks_at_first_then_by_segments_or_days),
        T(who_has_all_is_asked_instead_of_told_that_nothing_is_new),
        T(fsck_finds_a_word_that_its_device_did_not_say_or_that_is_not_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
