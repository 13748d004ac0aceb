/* What a device vouches for, and what it makes of others' words: core/journal/witness.h, cosigned.h
 */
#include "tests/lib/test.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/org_internal.h"
#include "tests/lib/inboxkit.h"

static dbk_sign_pk name_witness(world *w)
{
    dbk_err err = { 0 };
    dbk_sign_pk pk;
    dbk_bytes out = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry e = { .kind = DBK_ENTRY_POLICY, .policy = DBK_POLICY_DEFAULT };
    assert_ok(dbk_witness_key(world_book(w, HQ), &pk, &err), &err);
    e.policy.witnesses.count = 1;
    memcpy(e.policy.witnesses.b[0], pk.b, sizeof(pk.b));
    assert_ok(dbk_org_sign(world_book(w, HQ), &out, &e, &err), &err);
    dbk_test_org_post(&w->org, dbk_bytes_span(&out));
    dbk_bytes_wipe(&out);
    return pk;
}

/* Anne's notes are in the log, and the desk holds all of it. */
static void grow(world *w)
{
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    static bool turn;
    world_edit(w, ANNE, (turn = !turn) ? "name=Jo" : "name=Joanna");
    (void)minilog_push(&w->log, world_book(w, ANNE), KIT_NOON_MS);
    uint64_t from = minilog_position(&w->log, world_book(w, HQ)).size;
    assert_ok(world_pull(w, HQ, from, (uint32_t)(w->log.count - from), &stats, &err), &err);
}

static int begin(void **state)
{
    static world w;
    memset(&w, 0, sizeof(w));
    world_make(&w);
    (void)name_witness(&w);
    grow(&w);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    dbk_test_org_check(&w->org);
    world_drop(w);
    return 0;
}

static dbk_rc word(world *w, dbk_bytes *note, dbk_err *err)
{
    dbk_bytes_wipe(note);
    dbk_bytes_init(note, DBK_COSIGNED_NOTE_BYTES_MAX);
    return dbk_witness_word(world_book(w, HQ), note, &w->org.space, err);
}

/* The note that stands in the store as said. */
static bool is_kept(world *w, dbk_span note)
{
    char name[64] = "witness.";
    dbk_bytes value = DBK_BYTES_INIT(4096);
    dbk_id_hex(name + strlen(name), &w->org.space);
    dbk_rc rc = dbk_store_meta_get(world_book(w, HQ)->store, &value, name, NULL);
    bool same = rc == DBK_OK && value.len > note.len &&
                memcmp(value.p + value.len - note.len, note.p, note.len) == 0;
    dbk_bytes_wipe(&value);
    return same;
}

/* ---- saying ---------------------------------------------------------------------------------- */

static void a_word_is_said_once_and_again_until_it_was_taken(void **state)
{
    world *w = *state;
    dbk_err err = { 0 };
    dbk_bytes first = { 0 }, again = { 0 };
    assert_ok(word(w, &first, &err), &err);
    w->org.books[HQ].env.now_ms += 5000;
    assert_ok(word(w, &again, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&first), dbk_bytes_span(&again)));
    assert_ok(dbk_witness_posted(world_book(w, HQ), &w->org.space, &err), &err);
    assert_rc(word(w, &again, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    w->org.books[HQ].env.now_ms += 6u * 3600u * 1000u;
    assert_ok(word(w, &again, &err), &err);
    assert_false(dbk_span_equal(dbk_bytes_span(&first), dbk_bytes_span(&again)));
    dbk_bytes_wipe(&first);
    dbk_bytes_wipe(&again);
}

static void what_is_not_held_whole_is_not_vouched_for(void **state)
{
    world *w = *state;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    dbk_bytes note = { 0 };
    world_edit(w, ANNE, "name=Jo");
    world_edit(w, ANNE, "name=Joanna");
    (void)minilog_push(&w->log, world_book(w, ANNE), KIT_NOON_MS);
    uint64_t from = minilog_position(&w->log, world_book(w, HQ)).size;
    assert_true(w->log.count > from + 1);
    assert_ok(world_pull(w, HQ, from, 1, &stats, &err), &err);
    assert_rc(word(w, &note, &err), DBK_NOT_FOUND, &err);
    dbk_bytes_wipe(&note);
}

/* The rule R23: whatever goes wrong, no note comes out that isn't in the store. */
static void no_word_leaves_before_it_is_durable_R23(void **state)
{
    world *w = *state;
    struct rlimit old, small;
    dbk_bytes note = { 0 };
    dbk_err err = { 0 };
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    small = old;
    small.rlim_cur = 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    dbk_rc rc = word(w, &note, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_rc(rc, DBK_FULL, &err);
    assert_int_equal(note.len, 0);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_deep(world_book(w, HQ), &err), &err);
    assert_ok(word(w, &note, &err), &err);
    assert_true(is_kept(w, dbk_bytes_span(&note)));
    dbk_bytes_wipe(&note);
}

static void a_word_under_every_failed_allocation_is_said_or_not_A37(void **state)
{
    world *w = *state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_bytes note = DBK_BYTES_INIT(DBK_COSIGNED_NOTE_BYTES_MAX);
        dbk_err err = { 0 };
        w->org.books[HQ].env.now_ms += 7u * 3600u * 1000u;
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_witness_word(world_book(w, HQ), &note, &w->org.space, &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        assert_true(rc == DBK_OK || note.len == 0);
        assert_true(note.len == 0 || is_kept(w, dbk_bytes_span(&note)));
        dbk_err_clear(&err);
        assert_ok(dbk_book_check_deep(world_book(w, HQ), &err), &err);
        if (rc == DBK_OK)
            assert_ok(dbk_witness_posted(world_book(w, HQ), &w->org.space, &err), &err);
        dbk_bytes_wipe(&note);
    }
}

/* A child says it and is killed with the note in the pipe: the store says the same afterwards. */
static void a_word_that_left_outlasts_a_kill_R23(void **state)
{
    world *w = *state;
    int ends[2];
    uint8_t heard[DBK_COSIGNED_NOTE_BYTES_MAX];
    dbk_err err = { 0 };
    dbk_bytes note = { 0 };
    assert_int_equal(pipe(ends), 0);
    dbk_book_close(world_book(w, HQ));
    w->org.books[HQ].book = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dbk_test_book_reopen(&w->org.books[HQ]);
        if (word(w, &note, &err) == DBK_OK)
            (void)!write(ends[1], note.p, note.len);
        (void)kill(getpid(), SIGKILL);
    }
    (void)close(ends[1]);
    ssize_t len = read(ends[0], heard, sizeof(heard));
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(len > 0);
    dbk_test_book_reopen(&w->org.books[HQ]);
    w->org.books[HQ].env.now_ms += 3600u * 1000u;
    assert_true(is_kept(w, dbk_span_of(heard, (size_t)len)));
    assert_ok(word(w, &note, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&note), dbk_span_of(heard, (size_t)len)));
    dbk_bytes_wipe(&note);
}

/* What it remembers is changed to what it never was: it then says nothing more (R23). */
static void nothing_smaller_and_no_other_root_is_ever_said_R23(void **state)
{
    world *w = *state;
    static const struct {
        size_t at; /* in the row: root 16, size 48 */
        const char *text;
    } cases[] = { { 16, "another one" }, { 54, "vouched for more" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char name[64] = "witness.";
        dbk_bytes note = { 0 }, value = DBK_BYTES_INIT(4096);
        dbk_err err = { 0 };
        assert_ok(word(w, &note, &err), &err);
        dbk_id_hex(name + strlen(name), &w->org.space);
        assert_ok(dbk_store_meta_get(world_book(w, HQ)->store, &value, name, &err), &err);
        value.p[cases[i].at] ^= 1;
        assert_ok(dbk_store_meta_put(world_book(w, HQ)->store, name, dbk_bytes_span(&value), &err),
                  &err);
        w->org.books[HQ].env.now_ms += 7u * 3600u * 1000u;
        assert_rc(word(w, &note, &err), DBK_PEER, &err);
        assert_int_equal(note.len, 0);
        assert_non_null(strstr(err.text, cases[i].text));
        value.p[cases[i].at] ^= 1;
        dbk_err_clear(&err);
        assert_ok(dbk_store_meta_put(world_book(w, HQ)->store, name, dbk_bytes_span(&value), &err),
                  &err);
        dbk_bytes_wipe(&note);
        dbk_bytes_wipe(&value);
    }
}

/* ---- hearing --------------------------------------------------------------------------------- */

static dbk_cosigned heard(world *w, size_t who)
{
    return dbk_cosigned_now(world_book(w, who),
                            dbk_tables_space(&world_book(w, who)->tables, &w->org.space));
}

static dbk_rc take(world *w, size_t who, dbk_span note, dbk_err *err)
{
    return dbk_cosigned_take(world_book(w, who), &w->org.space, note, err);
}

static void a_spoiled_word_is_refused_and_changes_nothing(void **state)
{
    world *w = *state;
    dbk_err err = { 0 };
    dbk_bytes note = { 0 };
    assert_ok(word(w, &note, &err), &err);
    before b = world_look(w, ANNE);
    for (size_t len = 0; len < note.len; len++) {
        dbk_err_clear(&err);
        dbk_rc rc = take(w, ANNE, dbk_span_of(note.p, len), &err);
        /* Cut to the relay's own note it is nobody's word. */
        if (rc != DBK_PEER && rc != DBK_OK)
            fail_msg("cut to %zu: %s", len, dbk_rc_name(rc));
        if (!world_untouched(w, ANNE, &b) || heard(w, ANNE).size != 0)
            fail_msg("cut to %zu: it was taken", len);
    }
    for (size_t bit = 0; bit < 8 * note.len; bit++) {
        note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_err_clear(&err);
        dbk_rc rc = take(w, ANNE, dbk_bytes_span(&note), &err);
        /* In the witness's name it is nobody's word. */
        if (rc != DBK_PEER && rc != DBK_OK)
            fail_msg("bit %zu: %s", bit, dbk_rc_name(rc));
        if (!world_untouched(w, ANNE, &b) || heard(w, ANNE).size != 0)
            fail_msg("bit %zu: it was taken", bit);
        note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_err_clear(&err);
    assert_ok(take(w, ANNE, dbk_bytes_span(&note), &err), &err);
    assert_int_equal(heard(w, ANNE).size, w->log.count);
    dbk_bytes_wipe(&note);
}

static void words_of_others_and_older_ones_are_nothing(void **state)
{
    world *w = *state;
    dbk_err err = { 0 };
    dbk_bytes one = { 0 }, two = { 0 }, own = { 0 };
    dbk_sign_pk pk;
    dbk_secret *sk = NULL;
    assert_ok(word(w, &one, &err), &err);
    grow(w);
    w->org.books[HQ].env.now_ms += 1000;
    assert_ok(word(w, &two, &err), &err);
    assert_ok(take(w, ANNE, dbk_bytes_span(&two), &err), &err);
    dbk_cosigned now = heard(w, ANNE);
    assert_ok(take(w, ANNE, dbk_bytes_span(&one), &err), &err);
    assert_ok(dbk_sign_keypair(&pk, &sk, &w->org.books[HQ].env.env, &err), &err);
    minilog_checkpoint(&w->log, &own, w->log.count);
    own.max = DBK_CHECKPOINT_BYTES_MAX;
    assert_ok(dbk_checkpoint_cosign(&own, now.time_s + 1000, sk, &err), &err);
    assert_ok(take(w, ANNE, dbk_bytes_span(&own), &err), &err);
    dbk_cosigned then = heard(w, ANNE);
    assert_int_equal(now.size, then.size);
    assert_int_equal(now.time_s, then.time_s);
    dbk_secret_free(sk);
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    dbk_bytes_wipe(&own);
}

/* Each size of the log that a word can be about, from what was known before it on. */
static void a_word_about_any_part_of_the_log_fits_it(void **state)
{
    world *w = *state;
    dbk_err err = { 0 };
    const dbk_secret *sk = world_book(w, HQ)->own.witness;
    for (unsigned i = 0; i < 9; i++)
        grow(w);
    uint64_t whole = w->log.count;
    assert_true(whole >= 10);
    for (uint64_t size = 1; size <= whole + 2; size += 2) {
        dbk_bytes note;
        minilog_checkpoint(&w->log, &note, size < whole ? size : whole);
        note.max = DBK_CHECKPOINT_BYTES_MAX;
        assert_ok(dbk_checkpoint_cosign(&note, 1000 + size, sk, &err), &err);
        assert_ok(take(w, ANNE, dbk_bytes_span(&note), &err), &err);
        assert_int_equal(heard(w, ANNE).size, size < whole ? size : whole);
        dbk_test_book_reopen(&w->org.books[ANNE]);
        assert_int_equal(heard(w, ANNE).size, size < whole ? size : whole);
        assert_ok(dbk_book_check_deep(world_book(w, ANNE), &err), &err);
        dbk_bytes_wipe(&note);
    }
}

/* The desk hears of more than it holds, and holds it then: in one run, in many, or another log. */
static void a_word_about_more_is_held_against_the_log_when_it_comes_M39(void **state)
{
    world *w = *state;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    dbk_bytes note;
    const dbk_secret *sk = world_book(w, HQ)->own.witness;
    assert_ok(world_pull(w, BEN, 0, (uint32_t)w->log.count, &stats, &err), &err);
    for (unsigned i = 0; i < 4; i++) {
        world_edit(w, BEN, i % 2 ? "name=Jo" : "name=Joan");
        (void)minilog_push(&w->log, world_book(w, BEN), KIT_NOON_MS);
    }
    uint64_t from = minilog_position(&w->log, world_book(w, ANNE)).size;
    uint64_t size = w->log.count - 1;
    assert_true(size > from + 1);
    minilog_checkpoint(&w->log, &note, size);
    note.max = DBK_CHECKPOINT_BYTES_MAX;
    assert_ok(dbk_checkpoint_cosign(&note, 5000, sk, &err), &err);
    assert_ok(take(w, ANNE, dbk_bytes_span(&note), &err), &err);
    assert_int_equal(heard(w, ANNE).size, 0); /* nothing of it counts yet */
    /* A log that differs in its second entry from here: refused whole. */
    w->log.items[from].receipt_ms++;
    minilog_rebuild(&w->log);
    before b = world_look(w, ANNE);
    dbk_rc rc = world_pull(w, ANNE, from, (uint32_t)(w->log.count - from), &stats, &err);
    assert_rc(rc, DBK_PEER, &err);
    assert_non_null(strstr(err.text, "another history"));
    assert_int_equal(minilog_position(&w->log, world_book(w, ANNE)).size, b.at.size);
    w->log.items[from].receipt_ms--;
    minilog_rebuild(&w->log);
    dbk_err_clear(&err);
    assert_ok(world_pull(w, ANNE, from, 1, &stats, &err), &err);
    assert_int_equal(heard(w, ANNE).size, 0);
    assert_ok(world_pull(w, ANNE, from + 1, (uint32_t)(w->log.count - from - 1), &stats, &err),
              &err);
    assert_int_equal(heard(w, ANNE).size, size);
    dbk_test_book_reopen(&w->org.books[ANNE]);
    assert_int_equal(heard(w, ANNE).size, size);
    dbk_bytes_wipe(&note);
}

static void hearing_a_word_under_every_failed_allocation_changes_all_or_nothing_A37(void **state)
{
    world *w = *state;
    bool failed = true;
    dbk_err err = { 0 };
    const dbk_secret *sk = world_book(w, HQ)->own.witness;
    for (unsigned i = 0; i < 3; i++)
        grow(w);
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_bytes note;
        minilog_checkpoint(&w->log, &note, w->log.count - 1);
        note.max = DBK_CHECKPOINT_BYTES_MAX;
        assert_ok(dbk_checkpoint_cosign(&note, 1000 + n, sk, &err), &err);
        dbk_cosigned was = heard(w, ANNE);
        dbk_test_alloc_start(&a);
        dbk_rc rc = take(w, ANNE, dbk_bytes_span(&note), &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        assert_int_equal(heard(w, ANNE).time_s, rc == DBK_OK ? 1000 + n : was.time_s);
        dbk_err_clear(&err);
        assert_ok(dbk_book_check_deep(world_book(w, ANNE), &err), &err);
        dbk_bytes_wipe(&note);
    }
}

static void a_changed_row_is_found_by_verify(void **state)
{
    world *w = *state;
    char name[64] = "cosigned.";
    dbk_err err = { 0 };
    dbk_bytes note = { 0 }, value = DBK_BYTES_INIT(8192);
    bool good = false;
    assert_ok(word(w, &note, &err), &err);
    const dbk_book_space *space = dbk_tables_space(&world_book(w, HQ)->tables, &w->org.space);
    dbk_id_hex(name + strlen(name), &w->org.space);
    assert_ok(dbk_store_meta_get(world_book(w, HQ)->store, &value, name, &err), &err);
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len)
            value.p[i] ^= 1;
        assert_ok(dbk_store_meta_put(world_book(w, HQ)->store, name, dbk_bytes_span(&value), &err),
                  &err);
        assert_ok(dbk_cosigned_verify(world_book(w, HQ), &good, space, &err), &err);
        if (good != (i == value.len))
            fail_msg("byte %zu of the row", i);
        if (i < value.len)
            value.p[i] ^= 1;
    }
    dbk_bytes_wipe(&note);
    dbk_bytes_wipe(&value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_word_is_said_once_and_again_until_it_was_taken),
        TEST(what_is_not_held_whole_is_not_vouched_for),
        TEST(no_word_leaves_before_it_is_durable_R23),
        TEST(a_word_under_every_failed_allocation_is_said_or_not_A37),
        TEST(a_word_that_left_outlasts_a_kill_R23),
        TEST(nothing_smaller_and_no_other_root_is_ever_said_R23),
        TEST(a_spoiled_word_is_refused_and_changes_nothing),
        TEST(words_of_others_and_older_ones_are_nothing),
        TEST(a_word_about_any_part_of_the_log_fits_it),
        TEST(a_word_about_more_is_held_against_the_log_when_it_comes_M39),
        TEST(hearing_a_word_under_every_failed_allocation_changes_all_or_nothing_A37),
        TEST(a_changed_row_is_found_by_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
