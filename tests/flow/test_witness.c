/* Headquarters as a witness (security.md R20, R22, R23; M36-M44; A17): what officers learn of what
 * it holds, and what becomes of a relay that shows different people different logs. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/cosigned_internal.h"
#include "core/journal/evidence.h"
#include "tests/lib/syncworld.h"

#define HOUR_MS UINT64_C(3600000)
#define YEAR_MS (365 * 24 * HOUR_MS)

typedef struct story {
    syncworld world;
    sync_device hq, anne, ben;
    dbk_id space;
    char hq_word[DBK_COSIGNED_NOTE_BYTES_MAX]; /* what Anne is shown; "": the relay's own */
    /* What it saw. */
    unsigned words_posted;
    uint8_t word[DBK_COSIGNED_NOTE_BYTES_MAX]; /* the newest that was posted */
    size_t word_len;
    bool same_word; /* it was the one before, byte for byte */
} story;

/* Notes what is posted as headquarters' word; shows Anne a word that the relay doesn't have. */
static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    story *s = ctx;
    if (strstr(req->target, "/cosign") != NULL) {
        s->same_word = req->body.len == s->word_len &&
                       memcmp(req->body.p, s->word, s->word_len) == 0;
        s->words_posted++;
        s->word_len = req->body.len;
        memcpy(s->word, req->body.p, req->body.len);
    }
    if (d != &s->anne || s->hq_word[0] == '\0' || strcmp(req->target, "/v1/hello") != 0 ||
        answer->status != 200)
        return;
    dbk_welcome w;
    const char *words[] = { s->hq_word };
    dbk_welcome_space space;
    dbk_bytes out = DBK_BYTES_INIT(DBK_WELCOME_BYTES_MAX);
    assert_ok(dbk_welcome_decode(&w, dbk_bytes_span(&answer->body), NULL), NULL);
    if (!w.idle) {
        assert_int_equal(w.spaces_count, 1);
        const dbk_welcome_space *kept = w.spaces;
        space = w.spaces[0];
        space.cosigned = words;
        space.cosigned_count = 1;
        w.spaces = &space;
        assert_ok(dbk_welcome_encode(&out, &w, NULL), NULL);
        dbk_bytes_truncate(&answer->body, 0);
        assert_ok(dbk_bytes_append(&answer->body, dbk_bytes_span(&out), NULL), NULL);
        w.spaces = kept;
    }
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&out);
}

static int begin(void **state)
{
    static story s;
    memset(&s, 0, sizeof(s));
    syncworld_open(&s.world);
    s.world.meddle = meddle;
    s.world.meddle_ctx = &s;
    sync_device_open(&s.world, &s.hq, "HQ");
    sync_found(&s.hq);
    s.space = sync_space(&s.hq, "Op Cedar");
    sync_device_open(&s.world, &s.anne, "Anne");
    sync_device_open(&s.world, &s.ben, "Ben");
    sync_enlist(&s.hq, &s.anne, DBK_ROLE_OFFICER, &s.space);
    sync_enlist(&s.hq, &s.ben, DBK_ROLE_OFFICER, &s.space);
    *state = &s;
    return 0;
}

/* The same with headquarters as the witness, and everybody up to date. */
static int begin_witnessed(void **state)
{
    (void)begin(state);
    story *s = *state;
    sync_witness(&s->hq);
    (void)sync_now(&s->anne);
    (void)sync_now(&s->ben);
    return 0;
}

static int end(void **state)
{
    story *s = *state;
    sync_device *devices[] = { &s->hq, &s->anne, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        dbk_err err = { 0 };
        assert_rc(dbk_book_check_deep(devices[i]->book, &err), DBK_OK, &err);
        (void)sync_verify(devices[i], &s->space);
        sync_device_close(devices[i]);
    }
    syncworld_close(&s->world);
    return 0;
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(dbk_space_status *)ctx = *s;
    return DBK_OK;
}

static dbk_space_status status_of(sync_device *d)
{
    dbk_err err = { 0 };
    dbk_space_status s = { .records = 0 };
    assert_ok(dbk_query_status(d->book, take_status, &s, &err), &err);
    return s;
}

static void expect_state(sync_device *d, dbk_confirmation want)
{
    dbk_confirmation got = status_of(d).confirmed.state;
    if (got != want)
        fail_msg("%s: %s, want %s", d->name, dbk_confirmation_name(got),
                 dbk_confirmation_name(want));
}

static dbk_carriage carriage(sync_device *d, const dbk_id *record)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    assert_ok(dbk_query_note(&note, d->book, record, &err), &err);
    dbk_carriage c = note->carriage;
    dbk_note_free(note);
    return c;
}

static void refuse(sync_device *d, const char *text)
{
    dbk_err err = { 0 };
    dbk_sync_report report;
    dbk_rc rc = sync_try(d, &report, &err);
    if (rc != DBK_PEER || strstr(err.text, text) == NULL)
        fail_msg("%s: %s: %s, want: %s", d->name, dbk_rc_name(rc), err.text, text);
}

/* ---- two acknowledgements, and how fresh a view is ------------------------------------------ */

static void officers_learn_what_headquarters_holds_P1(void **state)
{
    story *s = *state;
    dbk_id first = sync_write(&s->anne, &s->space, "Mira");
    assert_int_equal(carriage(&s->anne, &first), DBK_HERE_ONLY);
    (void)sync_now(&s->anne);
    assert_int_equal(carriage(&s->anne, &first), DBK_RELAY_DURABLE);
    expect_state(&s->anne, DBK_CONFIRMATION_WAITS);
    assert_int_equal(status_of(&s->anne).own_confirmed_ops, 0);
    assert_int_equal(sync_now(&s->hq).cosigned, 1);
    assert_int_equal(carriage(&s->hq, &first), DBK_HQ_DURABLE);

    (void)sync_now(&s->anne);
    dbk_id second = sync_write(&s->anne, &s->space, "Tom");
    dbk_space_status now = status_of(&s->anne);
    assert_int_equal(carriage(&s->anne, &first), DBK_HQ_DURABLE);
    assert_int_equal(carriage(&s->anne, &second), DBK_HERE_ONLY);
    assert_true(now.own_ops > now.own_confirmed_ops);
    assert_int_equal(now.own_confirmed_ops, now.own_receipted_ops);
    assert_true(now.own_confirmed_ops > 0);
    expect_state(&s->anne, DBK_CONFIRMATION_FRESH);
    (void)sync_now(&s->anne);
    assert_int_equal(carriage(&s->anne, &second), DBK_RELAY_DURABLE);
    /* What another wrote has come just as far, and a restart forgets nothing. */
    (void)sync_now(&s->ben);
    sync_device_reopen(&s->ben);
    assert_int_equal(carriage(&s->ben, &first), DBK_HQ_DURABLE);
    assert_int_equal(carriage(&s->ben, &second), DBK_RELAY_DURABLE);
}

static void without_a_witness_nothing_is_vouched_for_and_nothing_alarms(void **state)
{
    story *s = *state;
    dbk_id record = sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    assert_int_equal(sync_now(&s->hq).cosigned, 0);
    assert_int_equal(s->words_posted, 0);
    s->anne.env.now_ms += YEAR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 0);
    expect_state(&s->anne, DBK_CONFIRMATION_NO_WITNESS);
    assert_int_equal(carriage(&s->anne, &record), DBK_RELAY_DURABLE);
}

static void a_key_that_the_policy_does_not_name_vouches_for_nothing(void **state)
{
    story *s = *state;
    dbk_sign_pk pk;
    dbk_err err = { 0 };
    assert_rc(dbk_witness_key(s->anne.book, &pk, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_witness_key(s->hq.book, &pk, &err), &err);
    (void)sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    assert_int_equal(sync_now(&s->hq).cosigned, 0);
    assert_int_equal(s->words_posted, 0);
}

/* A quiet space stays fresh, and whoever has heard is told "nothing new" in one small answer. */
static void a_quiet_space_stays_fresh_and_idle_syncs_stay_small(void **state)
{
    story *s = *state;
    (void)sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    dbk_sync_report r = sync_now(&s->anne);
    assert_false(r.idle); /* the word is news */
    assert_int_equal(r.round_trips, 1);
    for (unsigned i = 0; i < 2; i++) {
        r = sync_now(&s->anne);
        assert_true(r.idle);
        assert_int_equal(r.round_trips, 1);
        assert_true(r.received_bytes < 64);
        r = sync_now(&s->hq);
        assert_true(r.idle);
        assert_int_equal(r.round_trips, 1);
    }
    assert_int_equal(s->words_posted, 1);

    /* Six hours are a quarter of the policy's day. */
    s->hq.env.now_ms += 5 * HOUR_MS;
    (void)sync_now(&s->hq);
    assert_int_equal(s->words_posted, 1);
    s->hq.env.now_ms += 2 * HOUR_MS;
    r = sync_now(&s->hq);
    assert_int_equal(s->words_posted, 2);
    assert_int_equal(r.round_trips, 2);
    s->anne.env.now_ms += 7 * HOUR_MS;
    r = sync_now(&s->anne);
    assert_false(r.idle);
    assert_true(sync_now(&s->anne).idle);
    assert_true(status_of(&s->anne).confirmed.age_ms < HOUR_MS);
    assert_true(sync_now(&s->hq).idle);
}

static void a_view_that_nobody_confirms_is_told_at_the_limit_R22(void **state)
{
    story *s = *state;
    (void)sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    /* Headquarters has never said anything of this space: that is late too, after a day. */
    s->anne.env.now_ms += 23 * HOUR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 0);
    s->anne.env.now_ms += 2 * HOUR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 1);
    s->hq.env.now_ms += 25 * HOUR_MS;
    (void)sync_now(&s->hq);
    assert_int_equal(sync_now(&s->anne).stale, 0);
    expect_state(&s->anne, DBK_CONFIRMATION_FRESH);
    s->anne.env.now_ms += 23 * HOUR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 0);
    s->anne.env.now_ms += 2 * HOUR_MS;
    dbk_sync_report r = sync_now(&s->anne);
    assert_int_equal(r.stale, 1);
    assert_true(r.idle); /* the relay's "nothing new" counts for nothing */
    expect_state(&s->anne, DBK_CONFIRMATION_STALE);
}

static void a_wrong_clock_warns_and_locks_nobody_out_A23(void **state)
{
    story *s = *state;
    (void)sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    const uint64_t right_ms = s->anne.env.now_ms;
    static const struct {
        bool behind;
        dbk_confirmation want;
    } cases[] = { { false, DBK_CONFIRMATION_STALE }, { true, DBK_CONFIRMATION_DOUBT } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        s->anne.env.now_ms = cases[i].behind ? right_ms - 10 * YEAR_MS : right_ms + 10 * YEAR_MS;
        dbk_id record = sync_write(&s->anne, &s->space, "Tom");
        (void)sync_now(&s->anne);
        expect_state(&s->anne, cases[i].want);
        assert_int_equal(carriage(&s->anne, &record), DBK_RELAY_DURABLE);
        (void)sync_now(&s->hq);
        (void)sync_now(&s->anne);
        assert_int_equal(carriage(&s->anne, &record), DBK_HQ_DURABLE);
    }
    s->anne.env.now_ms = right_ms + HOUR_MS;
    expect_state(&s->anne, DBK_CONFIRMATION_FRESH);

    /* Headquarters' own clock: ten years ahead, then right again. The log's size decides. */
    const uint64_t hq_ms = s->hq.env.now_ms;
    s->hq.env.now_ms = hq_ms + 10 * YEAR_MS;
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    expect_state(&s->anne, DBK_CONFIRMATION_DOUBT);
    s->hq.env.now_ms = hq_ms + HOUR_MS;
    (void)sync_now(&s->hq);
    (void)sync_write(&s->anne, &s->space, "Ada");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    expect_state(&s->anne, DBK_CONFIRMATION_FRESH);
}

static void a_witness_that_the_policy_drops_counts_no_more(void **state)
{
    story *s = *state;
    dbk_policy policy = DBK_POLICY_DEFAULT;
    dbk_id record = sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    assert_int_equal(carriage(&s->anne, &record), DBK_HQ_DURABLE);
    policy.witnesses.count = 1;
    memset(policy.witnesses.b[0], 9, 32);
    sync_policy(&s->hq, &policy);
    (void)sync_now(&s->anne);
    assert_int_equal(carriage(&s->anne, &record), DBK_RELAY_DURABLE);
    expect_state(&s->anne, DBK_CONFIRMATION_WAITS);
    assert_true(sync_now(&s->anne).idle);
    /* Named again, it is heard again. */
    sync_witness(&s->hq);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    assert_int_equal(carriage(&s->anne, &record), DBK_HQ_DURABLE);
}

/* ---- what is said is kept before it is said (R23) ------------------------------------------- */

static void a_word_whose_answer_is_lost_is_posted_again_unchanged_R23(void **state)
{
    story *s = *state;
    static const wire_fault faults[] = { WIRE_LOSES_REQUEST, WIRE_LOSES_ANSWER };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        dbk_err err = { 0 };
        dbk_sync_report report;
        (void)sync_write(&s->anne, &s->space, "Mira");
        (void)sync_now(&s->anne);
        /* Everything after hello and range is lost: that is the word. */
        syncworld_fail(&s->world, faults[i], 3, true);
        assert_rc(sync_try(&s->hq, &report, &err), DBK_UNREACHABLE, &err);
        assert_int_equal(report.cosigned, 0);
        syncworld_mend(&s->world);
        dbk_cosigned said = dbk_cosigned_now(s->hq.book,
                                             dbk_tables_space(&s->hq.book->tables, &s->space));
        s->hq.env.now_ms += HOUR_MS;
        sync_device_reopen(&s->hq);
        assert_int_equal(sync_now(&s->hq).cosigned, 1);
        (void)sync_now(&s->anne);
        dbk_confirmed heard = status_of(&s->anne).confirmed;
        assert_int_equal(heard.size, said.size);
        assert_int_equal(heard.time_ms, said.time_s * 1000);
    }
}

static void relay_and_headquarters_may_stop_and_start_midway(void **state)
{
    story *s = *state;
    dbk_id record = sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    relaykit_stop(&s->world.kit);
    relaykit_start(&s->world.kit);
    sync_device_reopen(&s->hq);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    assert_int_equal(carriage(&s->anne, &record), DBK_HQ_DURABLE);
    assert_int_equal(s->words_posted, 1);
}

/* Headquarters' store is put back from a copy: it hears its own words and goes on behind them. */
static void a_witness_that_was_restored_goes_on_behind_its_last_word_M47(void **state)
{
    story *s = *state;
    (void)sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    sync_device_copy(&s->hq);
    (void)sync_write(&s->anne, &s->space, "Tom");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    unsigned before = s->words_posted;
    sync_device_swap(&s->hq);
    s->hq.env.now_ms -= HOUR_MS; /* and its clock goes wrong besides */
    (void)sync_now(&s->hq);
    assert_int_equal(s->words_posted, before);
    (void)sync_write(&s->anne, &s->space, "Ada");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    assert_int_equal(s->words_posted, before + 1);
    (void)sync_now(&s->anne);
    dbk_space_status now = status_of(&s->anne);
    assert_int_equal(now.own_confirmed_ops, now.own_ops);
}

/* ---- two logs ------------------------------------------------------------------------------- */

static void path_of(char out[3 * DBK_TEST_PATH_SIZE], const story *s, const char *name)
{
    (void)snprintf(out, 3 * DBK_TEST_PATH_SIZE, "%s/%s", s->world.kit.dir, name);
}

/* From here on there are two relays with one key. */
static void fork_relay(story *s)
{
    char other[3 * DBK_TEST_PATH_SIZE];
    path_of(other, s, "other.db");
    relaykit_stop(&s->world.kit);
    dbk_test_copy_file(other, s->world.kit.db);
    relaykit_start(&s->world.kit);
}

static void other_relay(story *s)
{
    char other[3 * DBK_TEST_PATH_SIZE], aside[3 * DBK_TEST_PATH_SIZE];
    path_of(other, s, "other.db");
    path_of(aside, s, "aside.db");
    relaykit_stop(&s->world.kit);
    assert_int_equal(rename(s->world.kit.db, aside), 0);
    assert_int_equal(rename(other, s->world.kit.db), 0);
    assert_int_equal(rename(aside, other), 0);
    relaykit_start(&s->world.kit);
}

static void show_anne_what_headquarters_said(story *s)
{
    assert_true(s->word_len < sizeof(s->hq_word));
    memcpy(s->hq_word, s->word, s->word_len);
    s->hq_word[s->word_len] = '\0';
}

/* Anne is shown a log of her own, with `hers` notes that nobody else has, while headquarters
 * vouches for the one with one note of Ben's. */
static void split(story *s, unsigned hers)
{
    (void)sync_write(&s->anne, &s->space, "Mira");
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    (void)sync_now(&s->anne);
    (void)sync_now(&s->ben);
    fork_relay(s);
    (void)sync_write(&s->ben, &s->space, "Tom");
    (void)sync_now(&s->ben);
    (void)sync_now(&s->hq);
    other_relay(s);
    for (unsigned i = 0; i < hers; i++) {
        (void)sync_write(&s->anne, &s->space, "Ada");
        (void)sync_now(&s->anne);
    }
}

static dbk_rc find_proof(void *ctx, const dbk_evidence *item, dbk_err *err)
{
    (void)err;
    *(bool *)ctx |= item->shows.kind == DBK_EXHIBIT_VIEWS;
    return DBK_OK;
}

static void a_split_view_is_refused_at_once_when_the_word_meets_it_A17(void **state)
{
    story *s = *state;
    static const char *const texts[] = { "the relay signed two different logs of one size",
                                         "headquarters holds another history of this space" };
    split(s, 1);
    sync_held held = sync_verify(&s->anne, &s->space);
    show_anne_what_headquarters_said(s);
    (void)sync_write(&s->anne, &s->space, "Una");
    refuse(&s->anne, texts[0]);
    /* Once more of her own: now the word is about less than she holds. */
    s->hq_word[0] = '\0';
    (void)sync_write(&s->anne, &s->space, "Eve");
    (void)sync_now(&s->anne);
    show_anne_what_headquarters_said(s);
    (void)sync_write(&s->anne, &s->space, "Zoe");
    refuse(&s->anne, texts[1]);
    bool proved = false;
    assert_ok(dbk_evidence_each(s->anne.book, find_proof, &proved, NULL), NULL);
    assert_true(proved);
    /* Nothing left for that relay, and nothing was taken back. */
    dbk_space_status now = status_of(&s->anne);
    assert_true(now.own_receipted_ops < now.own_ops);
    assert_true(sync_verify(&s->anne, &s->space).ops > held.ops);
    sync_device_reopen(&s->anne);
    refuse(&s->anne, texts[1]);
}

static void a_forked_range_is_refused_before_it_is_merged_M39(void **state)
{
    story *s = *state;
    split(s, 0);
    /* In Anne's log a note of HQ's own device stands where Ben's is in the other. */
    (void)sync_write(&s->ben, &s->space, "Bad");
    dbk_err err = { 0 };
    dbk_sync_report report;
    (void)sync_try(&s->ben, &report, &err); /* its log is another one for Ben: he finds out */
    (void)sync_write(&s->hq, &s->space, "Worse");
    (void)sync_try(&s->hq, &report, &err);
    dbk_id more = sync_write(&s->anne, &s->space, "Ada");
    sync_held written = sync_verify(&s->anne, &s->space);
    show_anne_what_headquarters_said(s);
    assert_int_not_equal(sync_try(&s->anne, &report, &err), DBK_OK);
    sync_held after = sync_verify(&s->anne, &s->space);
    assert_int_equal(after.ops, written.ops);
    assert_int_equal(carriage(&s->anne, &more), DBK_HERE_ONLY);
}

static void a_relay_that_hides_the_tail_is_told_at_the_limit_M41(void **state)
{
    story *s = *state;
    split(s, 0); /* Anne's log ends before Ben's note */
    assert_true(sync_now(&s->anne).idle);
    s->anne.env.now_ms += 23 * HOUR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 0);
    s->anne.env.now_ms += 2 * HOUR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 1);
    /* It can't show the newer word without what that covers. */
    show_anne_what_headquarters_said(s);
    (void)sync_write(&s->anne, &s->space, "Ada");
    refuse(&s->anne, "the relay keeps back notes that headquarters holds already");
    /* Honest again, all is well: her view and headquarters' are one. */
    s->hq_word[0] = '\0';
    other_relay(s);
    s->hq.env.now_ms += 25 * HOUR_MS;
    (void)sync_now(&s->anne);
    (void)sync_now(&s->hq);
    assert_int_equal(sync_now(&s->anne).stale, 0);
    expect_state(&s->anne, DBK_CONFIRMATION_FRESH);
    (void)sync_now(&s->ben);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
    sync_assert_equal(&s->anne, &s->ben, &s->space);
}

static void a_relay_that_hides_one_author_is_told_at_the_limit_M40(void **state)
{
    story *s = *state;
    split(s, 2); /* Anne sees her own notes go in, and none of Ben's */
    expect_state(&s->anne, DBK_CONFIRMATION_FRESH);
    s->anne.env.now_ms += 25 * HOUR_MS;
    assert_int_equal(sync_now(&s->anne).stale, 1);
    dbk_space_status now = status_of(&s->anne);
    assert_int_equal(now.own_receipted_ops, now.own_ops);
    assert_true(now.own_confirmed_ops < now.own_ops); /* P1: she lets go of nothing */
}

/* Headquarters itself is shown two logs, one after the other: it vouches for the first alone. */
static void a_witness_never_vouches_for_a_second_history_R23(void **state)
{
    story *s = *state;
    dbk_err err = { 0 };
    dbk_sync_report report;
    split(s, 1);
    unsigned before = s->words_posted;
    assert_rc(sync_try(&s->hq, &report, &err), DBK_PEER, &err);
    (void)sync_write(&s->anne, &s->space, "Eve");
    (void)sync_now(&s->anne);
    dbk_err_clear(&err);
    assert_rc(sync_try(&s->hq, &report, &err), DBK_PEER, &err);
    assert_int_equal(s->words_posted, before);
}

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_witnessed, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(officers_learn_what_headquarters_holds_P1),
        PLAIN(without_a_witness_nothing_is_vouched_for_and_nothing_alarms),
        PLAIN(a_key_that_the_policy_does_not_name_vouches_for_nothing),
        TEST(a_quiet_space_stays_fresh_and_idle_syncs_stay_small),
        TEST(a_view_that_nobody_confirms_is_told_at_the_limit_R22),
        TEST(a_wrong_clock_warns_and_locks_nobody_out_A23),
        TEST(a_witness_that_the_policy_drops_counts_no_more),
        TEST(a_word_whose_answer_is_lost_is_posted_again_unchanged_R23),
        TEST(relay_and_headquarters_may_stop_and_start_midway),
        TEST(a_witness_that_was_restored_goes_on_behind_its_last_word_M47),
        TEST(a_split_view_is_refused_at_once_when_the_word_meets_it_A17),
        TEST(a_forked_range_is_refused_before_it_is_merged_M39),
        TEST(a_relay_that_hides_the_tail_is_told_at_the_limit_M41),
        TEST(a_relay_that_hides_one_author_is_told_at_the_limit_M40),
        TEST(a_witness_never_vouches_for_a_second_history_R23),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
