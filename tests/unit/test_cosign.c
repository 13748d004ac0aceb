#include "tests/lib/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "sync/relay/relay_calls.h"
#include "tests/lib/relaykit.h"

/* The relay's call that takes a witness's word, and what it hands out of it. */
typedef struct fixture {
    relaykit kit;
    relaykit_device officer, outsider;
    dbk_id space;
    char path[96];
    dbk_secret *witness[2]; /* named by the policy */
    dbk_sign_pk witness_pk[2];
    relaykit_feed feed;
} fixture;

static const char *path_of(char out[96], const dbk_id *space)
{
    return relaykit_space_target(out, space, "cosign");
}

static void name_witnesses(fixture *f, size_t count)
{
    dbk_bytes entry = { 0 };
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_policy(&f->kit, &entry, f->witness_pk, count)), 200);
    dbk_bytes_wipe(&entry);
}

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.outsider, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    path_of(f.path, &f.space);
    for (size_t i = 0; i < 2; i++)
        assert_ok(dbk_sign_keypair(&f.witness_pk[i], &f.witness[i], &f.kit.env.env, NULL), NULL);
    name_witnesses(&f, 2);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->outsider);
    dbk_secret_free(f->witness[0]);
    dbk_secret_free(f->witness[1]);
    relaykit_close(&f->kit);
    return 0;
}

/* One more segment; the note that the relay signs then. */
static void grow_by(fixture *f, relaykit_device *author, dbk_bytes *note)
{
    relaykit_segment s;
    relaykit_pushed p;
    relaykit_segment_make(&f->kit, &s, &f->feed, 1, 30);
    assert_int_equal(relaykit_push(&f->kit, author, &p, &s, 1), 200);
    dbk_bytes_wipe(note);
    dbk_bytes_init(note, DBK_CHECKPOINT_BYTES_MAX);
    assert_ok(dbk_bytes_append(note, p.checkpoint, NULL), NULL);
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
}

static void grow(fixture *f, dbk_bytes *note)
{
    grow_by(f, &f->officer, note);
}

/* A copy with the witness's line. */
static void cosign(dbk_bytes *out, const dbk_bytes *note, const dbk_secret *sk, uint64_t time_s)
{
    dbk_bytes_wipe(out);
    dbk_bytes_init(out, DBK_CHECKPOINT_BYTES_MAX);
    assert_ok(dbk_bytes_append(out, dbk_bytes_span(note), NULL), NULL);
    assert_ok(dbk_checkpoint_cosign(out, time_s, sk, NULL), NULL);
}

static int post(fixture *f, relaykit_device *d, const dbk_bytes *note)
{
    return relaykit_status(&f->kit, d, "POST", f->path, dbk_bytes_span(note));
}

static int say(fixture *f, const dbk_bytes *note, const dbk_secret *sk, uint64_t time_s)
{
    dbk_bytes said = { 0 };
    cosign(&said, note, sk, time_s);
    int status = post(f, &f->officer, &said);
    dbk_bytes_wipe(&said);
    return status;
}

/* What the officer is shown of the one space: the size and time of each witness's note. */
static void shown(fixture *f, const char *want)
{
    dbk_welcome w;
    dbk_bytes body;
    char got[128] = "";
    relaykit_hello(&f->kit, &f->officer, &w, &body);
    assert_int_equal(w.spaces_count, 1);
    for (size_t i = 0; i < w.spaces[0].cosigned_count; i++) {
        dbk_checkpoint c;
        uint64_t time_s = 0;
        size_t by = 0;
        dbk_span note = dbk_span_str(w.spaces[0].cosigned[i]);
        assert_ok(dbk_checkpoint_open(&c, note, dbk_relay_key(f->kit.relay), NULL), NULL);
        while (by < 2 && dbk_checkpoint_cosigned(&time_s, note, &f->witness_pk[by], NULL) != DBK_OK)
            by++;
        assert_true(by < 2);
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%zu:%llu@%llu",
                       i > 0 ? " " : "", by, (unsigned long long)c.size,
                       (unsigned long long)time_s);
    }
    assert_string_equal(got, want);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
}

static void a_witness_word_is_kept_handed_out_and_outlasts_a_restart(void **state)
{
    fixture *f = *state;
    dbk_bytes note = { 0 };
    grow(f, &note);
    shown(f, "");
    assert_int_equal(say(f, &note, f->witness[0], 100), 204);
    shown(f, "0:1@100");
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    shown(f, "0:1@100");
    assert_int_equal(say(f, &note, f->witness[1], 50), 204);
    shown(f, "0:1@100 1:1@50");
    (void)relaykit_check(&f->kit);
    dbk_bytes_wipe(&note);
}

static void no_word_moves_a_cosigned_head_back_M44(void **state)
{
    fixture *f = *state;
    dbk_bytes one = { 0 }, two = { 0 }, said = { 0 };
    grow(f, &one);
    grow(f, &two);
    cosign(&said, &two, f->witness[0], 100);
    assert_int_equal(post(f, &f->officer, &said), 204);
    assert_int_equal(post(f, &f->officer, &said), 204); /* its answer was lost */
    static const struct {
        bool smaller;
        uint64_t time_s;
        int status;
    } cases[] = { { true, 100, 409 }, { true, 900, 409 }, { false, 99, 409 }, { false, 0, 409 } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(say(f, cases[i].smaller ? &one : &two, f->witness[0], cases[i].time_s),
                         cases[i].status);
        shown(f, "0:2@100");
    }
    assert_int_equal(say(f, &two, f->witness[0], 101), 204);
    shown(f, "0:2@101");
    /* A larger log counts, whatever a wrong clock says. */
    grow(f, &one);
    assert_int_equal(say(f, &one, f->witness[0], 7), 204);
    shown(f, "0:3@7");
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    dbk_bytes_wipe(&said);
}

/* ---- many at once -------------------------------------------------------------------------- */

#define RACERS 4u
#define RACE_WORDS 12u

typedef struct race {
    fixture *f;
    dbk_bytes said[RACE_WORDS]; /* the later, the newer */
    atomic_uint backwards, taken, odd;
} race;
typedef struct racer {
    race *race;
    relaykit_device device;
    unsigned step; /* through the words, so that each has an order of its own */
    pthread_t thread;
} racer;

/* The newest word's time, as this device is shown it; 0: none. */
static uint64_t shown_time(fixture *f, relaykit_device *d)
{
    dbk_welcome w;
    dbk_bytes body;
    uint64_t time_s = 0;
    relaykit_hello(&f->kit, d, &w, &body);
    if (w.spaces_count == 1 && w.spaces[0].cosigned_count == 1)
        (void)!dbk_checkpoint_cosigned(&time_s, dbk_span_str(w.spaces[0].cosigned[0]),
                                       &f->witness_pk[0], NULL);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
    return time_s;
}

static void *say_all(void *ctx)
{
    racer *me = ctx;
    race *r = me->race;
    uint64_t seen = 0;
    for (unsigned i = 0; i < RACE_WORDS; i++) {
        unsigned word = (i * me->step + me->step) % RACE_WORDS;
        int status = post(r->f, &me->device, &r->said[word]);
        uint64_t now = shown_time(r->f, &me->device);
        atomic_fetch_add(&r->taken, status == 204 ? 1 : 0);
        atomic_fetch_add(&r->odd, status != 204 && status != 409 ? 1 : 0);
        atomic_fetch_add(&r->backwards, now < seen || (status == 204 && now == 0) ? 1 : 0);
        seen = now;
    }
    return NULL;
}

/* Of words that come at the same time the newest stands at the end, and nobody is ever shown an
 * older one than before: comparing and storing is one step (R23). */
static void words_that_come_at_once_never_move_the_head_back_M44_R23(void **state)
{
    static const unsigned steps[RACERS] = { 1, 5, 7, 11 }; /* none divides the number of words */
    fixture *f = *state;
    race r = { .f = f };
    racer racers[RACERS] = { 0 };
    const relaykit_device *members[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        relaykit_enrol(&f->kit, &racers[i].device, DBK_ROLE_OFFICER);
        members[i] = &racers[i].device;
    }
    f->space = relaykit_space(&f->kit, members, RACERS);
    path_of(f->path, &f->space);
    f->feed = relaykit_feed_begin(&f->kit, &racers[0].device, &f->space);
    for (size_t i = 0; i < RACE_WORDS; i++) {
        dbk_bytes note = { 0 };
        grow_by(f, &racers[0].device, &note);
        cosign(&r.said[i], &note, f->witness[0], 100 + i);
        dbk_bytes_wipe(&note);
    }
    relaykit_stop(&f->kit);
    f->kit.mode = DBK_WRITER_THREAD;
    relaykit_start(&f->kit);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i].race = &r;
        racers[i].step = steps[i];
        assert_int_equal(pthread_create(&racers[i].thread, NULL, say_all, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    assert_int_equal(atomic_load(&r.backwards), 0);
    assert_int_equal(atomic_load(&r.odd), 0);
    assert_true(atomic_load(&r.taken) > 0);
    assert_int_equal(shown_time(f, &racers[0].device), 100 + RACE_WORDS - 1);
    (void)relaykit_check(&f->kit);
    for (size_t i = 0; i < RACERS; i++)
        relaykit_device_drop(&racers[i].device);
    for (size_t i = 0; i < RACE_WORDS; i++)
        dbk_bytes_wipe(&r.said[i]);
}

static void a_word_counts_only_of_the_witnesses_in_force(void **state)
{
    fixture *f = *state;
    dbk_bytes note = { 0 };
    grow(f, &note);
    assert_int_equal(say(f, &note, f->witness[0], 100), 204);
    assert_int_equal(say(f, &note, f->witness[1], 100), 204);
    name_witnesses(f, 1);
    shown(f, "0:1@100");
    assert_int_equal(say(f, &note, f->witness[1], 101), 403);
    name_witnesses(f, 0);
    shown(f, "");
    assert_int_equal(say(f, &note, f->witness[0], 102), 403);
    dbk_bytes_wipe(&note);
}

static void only_members_of_the_space_may_bring_one(void **state)
{
    fixture *f = *state;
    relaykit_device stranger;
    dbk_bytes note = { 0 }, said = { 0 };
    grow(f, &note);
    cosign(&said, &note, f->witness[0], 100);
    relaykit_device_make(&f->kit, &stranger, DBK_ROLE_HQ);
    assert_int_equal(post(f, &stranger, &said), 401);
    assert_int_equal(post(f, &f->outsider, &said), 404); /* as if there were no such space */
    assert_int_equal(relaykit_status(&f->kit, NULL, "POST", f->path, dbk_bytes_span(&said)), 401);
    shown(f, "");
    relaykit_device_drop(&stranger);
    dbk_bytes_wipe(&note);
    dbk_bytes_wipe(&said);
}

/* The root of the first size entries changed, and signed with the relay's own key: as if it had
 * shown another history before its log was put back from a copy. */
static void other_note(fixture *f, dbk_bytes *out, uint64_t size, uint8_t change)
{
    dbk_log log;
    dbk_secret *sk = NULL;
    dbk_log_state was;
    dbk_checkpoint c = { dbk_org_id(&f->kit.root_pk), f->space, { { 0 } }, size, { { 0 } } };
    assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_READS, NULL), NULL);
    dbk_log_space s = { &log, f->space };
    assert_ok(dbk_log_state_get(&s, &was, NULL), NULL);
    assert_ok(dbk_relay_load_key(&sk, &log, NULL), NULL);
    c.log = was.log;
    c.root = was.root;
    c.root.b[0] ^= change;
    dbk_bytes_wipe(out);
    dbk_bytes_init(out, DBK_CHECKPOINT_BYTES_MAX);
    assert_ok(dbk_checkpoint_sign(out, &c, sk, NULL), NULL);
    dbk_secret_free(sk);
    dbk_log_close(&log);
}

static void a_word_about_another_log_is_refused(void **state)
{
    fixture *f = *state;
    dbk_bytes note = { 0 };
    grow(f, &note);
    grow(f, &note);
    static const struct {
        const char *why;
        uint64_t size;
        uint8_t change;
        int status;
    } cases[] = {
        /* Before any word is held, so that none of them is refused for coming late. */
        { "same size, other root (M38)", 2, 1, 409 },
        { "smaller, of a root that it never had (M38)", 1, 1, 409 },
        { "larger than the log", 3, 0, 409 },
        { "nothing at all", 0, 0, 400 },
        { "the log itself", 2, 0, 204 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        other_note(f, &note, cases[i].size, cases[i].change);
        int status = say(f, &note, f->witness[1], 500);
        if (status != cases[i].status)
            fail_msg("%s: %d, want %d", cases[i].why, status, cases[i].status);
    }
    shown(f, "1:2@500");
    dbk_bytes_wipe(&note);
}

static void a_note_is_a_checkpoint_and_one_line_of_a_witness(void **state)
{
    fixture *f = *state;
    dbk_bytes note = { 0 }, said = { 0 };
    dbk_secret *own = NULL;
    dbk_sign_pk pk;
    grow(f, &note);
    assert_int_equal(post(f, &f->officer, &note), 400); /* nobody's line */
    assert_ok(dbk_sign_keypair(&pk, &own, &f->kit.env.env, NULL), NULL);
    assert_int_equal(say(f, &note, own, 100), 403); /* an officer's own key */
    cosign(&said, &note, f->witness[0], 100);
    assert_ok(dbk_checkpoint_cosign(&said, 100, f->witness[1], NULL), NULL);
    assert_int_equal(post(f, &f->officer, &said), 413); /* two lines are over the cap */
    cosign(&said, &note, f->witness[0], 100);
    for (size_t len = 0; len < said.len; len++) {
        dbk_bytes cut = { .p = said.p, .len = len, .max = said.len };
        int status = post(f, &f->officer, &cut);
        if (status != 400 && status != 403)
            fail_msg("cut to %zu: %d", len, status);
    }
    shown(f, "");
    for (size_t i = 0; i < said.len; i++) {
        said.p[i] ^= 1;
        int status = post(f, &f->officer, &said);
        if (status != 400 && status != 403 && status != 413)
            fail_msg("byte %zu turned: %d", i, status);
        said.p[i] ^= 1;
    }
    shown(f, "");
    assert_int_equal(post(f, &f->officer, &said), 204);
    dbk_secret_free(own);
    dbk_bytes_wipe(&note);
    dbk_bytes_wipe(&said);
}

static void a_note_with_more_lines_than_a_note_may_have_is_refused(void **state)
{
    fixture *f = *state;
    dbk_bytes note = { 0 };
    grow(f, &note);
    for (unsigned i = 0; i < 16; i++)
        assert_ok(dbk_bytes_append_str(&note, "\xe2\x80\x94 x AAAA\n", NULL), NULL);
    assert_true(note.len <= DBK_COSIGNED_NOTE_BYTES_MAX);
    assert_int_equal(dbk_checkpoint_cosign(&note, 100, f->witness[0], NULL), DBK_FORMAT);
    assert_int_equal(post(f, &f->officer, &note), 400);
    shown(f, "");
    dbk_bytes_wipe(&note);
}

static void a_small_hello_says_which_word_the_device_has_heard(void **state)
{
    fixture *f = *state;
    dbk_bytes note = { 0 };
    dbk_checkpoint c;
    dbk_welcome w;
    dbk_bytes body;
    grow(f, &note);
    assert_ok(dbk_checkpoint_open(&c, dbk_bytes_span(&note), dbk_relay_key(f->kit.relay), NULL),
              NULL);
    assert_int_equal(say(f, &note, f->witness[0], 100), 204);
    assert_int_equal(say(f, &note, f->witness[1], 90), 204);
    relaykit_say_reach(&f->kit, &f->officer, &c);
    static const struct {
        dbk_cosigned heard;
        bool idle;
    } cases[] = { { { 1, 100 }, true }, { { 0, 0 }, false }, { { 1, 90 }, false } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_known_space space = { f->space, c.log, c.size, c.root, cases[i].heard };
        dbk_known known = { dbk_roster_count(f->kit.roster), dbk_roster_head(f->kit.roster), &space,
                            1 };
        dbk_hello hello = { true, dbk_known_digest(&known) };
        dbk_bytes out = DBK_BYTES_INIT(1024);
        dbk_relay_answer a;
        assert_ok(dbk_hello_encode(&out, &hello, NULL), NULL);
        relaykit_request req = { "POST", "/v1/hello", dbk_bytes_span(&out), NULL };
        assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &req), 200);
        body = a.body;
        assert_ok(dbk_welcome_decode(&w, dbk_bytes_span(&body), NULL), NULL);
        assert_int_equal(w.idle, cases[i].idle);
        dbk_welcome_wipe(&w);
        dbk_bytes_wipe(&body);
        dbk_bytes_wipe(&out);
    }
    dbk_bytes_wipe(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_witness_word_is_kept_handed_out_and_outlasts_a_restart),
        TEST(no_word_moves_a_cosigned_head_back_M44),
        TEST(words_that_come_at_once_never_move_the_head_back_M44_R23),
        TEST(a_word_counts_only_of_the_witnesses_in_force),
        TEST(only_members_of_the_space_may_bring_one),
        TEST(a_word_about_another_log_is_refused),
        TEST(a_note_is_a_checkpoint_and_one_line_of_a_witness),
        TEST(a_note_with_more_lines_than_a_note_may_have_is_refused),
        TEST(a_small_hello_says_which_word_the_device_has_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
