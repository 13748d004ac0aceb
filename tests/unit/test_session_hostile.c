#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/session_play.h"

static void one_bad_space_does_not_stop_the_others_1_7(void **state)
{
    (void)state;
    play *p = play_new(3);
    p->spaces[0].size = 9;
    p->spaces[0].log = play_id(0x10);
    play_own_notes(p, 2, 1, 0);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 4 }, { .size = 2 }, { 0 } });
    play_load(p, 2, 1);
    play_results(p, 2, "0", 1);
    p->spaces[2].size = 1;
    play_take(p, DBK_OK, NULL);
    play_range(p, 0, 2);
    play_take(p, DBK_AUTH, "a note's seal does not verify");
    play_expect(p, "1: POST /v1/hello {\"v\":1} nonce n0\n"
                   "load a3 after 0, at most 4\n"
                   "2: POST /v1/spaces/a3/segments 319 bytes nonce n1\n"
                   "take 1 receipts of a3\n"
                   "3: GET /v1/spaces/a2/segments?from=0&bytes=1048576 nonce n1\n"
                   "take a2 from 0, 2\n"
                   "fail DBK_PEER: space a1000000: the relay's log was rolled back or replaced\n");
}

/* A word of headquarters that contradicts the log here ends that space before anything of it moves;
 * the others, with words or without, go on. */
static void what_headquarters_said_is_taken_before_anything_moves_A17(void **state)
{
    (void)state;
    play *p = play_new(3);
    play_own_notes(p, 0, 1, 0);
    play_own_notes(p, 2, 1, 0);
    play_start(p);
    play_welcome(p, 5,
                 (play_there[]){
                     { .size = 4, .said_size = 3 }, { .size = 2 }, { .size = 1, .said_size = 1 } });
    play_take(p, DBK_PEER, "headquarters holds another history");
    play_take(p, DBK_OK, NULL);
    play_load(p, 2, 1);
    play_lose(p);
    play_expect(p, "1: POST /v1/hello {\"v\":1} nonce n0\n"
                   "take 1 cosigned of a1\n"
                   "take 1 cosigned of a3\n"
                   "load a3 after 0, at most 4\n"
                   "2: POST /v1/spaces/a3/segments 319 bytes nonce n1\n"
                   "wait\n");
}

static void a_full_disk_while_taking_headquarters_word_ends_the_session(void **state)
{
    (void)state;
    play *p = play_new(1);
    play_own_notes(p, 0, 1, 0);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 4, .said_size = 3 } });
    play_take(p, DBK_FULL, "the disk is full");
    play_expect(p, "1: POST /v1/hello {\"v\":1} nonce n0\n"
                   "take 1 cosigned of a1\n"
                   "fail DBK_FULL: the disk is full\n");
}

/* What a hostile or broken relay may say in its welcome: one row each, security.md R1-R6. */
static void a_relay_that_was_rolled_back_or_forked_is_told_and_nothing_taken_R1(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        play_there t;
        const char *text;
    } cases[] = {
        { "shorter", { .size = 4 }, "the relay's log was rolled back or replaced" },
        { "another incarnation",
          { .size = 9, .log = 0x77 },
          "the relay's log was rolled back or replaced" },
        { "another root",
          { .size = 5, .root = { { 1 } } },
          "the relay shows another history of the same length" },
        { "more confirmed than it gives out (M41)",
          { .size = 6, .said_size = 7 },
          "the relay keeps back notes that headquarters holds already" },
        { "another root confirmed (M38)",
          { .size = 6, .said_size = 6, .said_other = 1 },
          "the relay signed two different logs of one size" },
        { "another log confirmed",
          { .size = 6, .log = 0x10, .said_size = 6, .said_log = 1 },
          "the relay's log was rolled back or replaced" },
        { "unsigned", { .size = 6, .no_note = true }, "the relay's checkpoint does not verify: " },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        play *p = play_new(1);
        p->spaces[0].size = 5;
        p->spaces[0].log = play_id(0x10);
        p->spaces[0].root = play_hash(2);
        play_start(p);
        play_welcome(p, 5, &cases[i].t);
        if (p->a.kind != DBK_ACTION_FAIL || p->a.failure->rc != DBK_PEER ||
            strstr(p->a.failure->text, cases[i].text) == NULL)
            fail_msg("%s: %s", cases[i].what, p->trace);
        play_end(p);
    }
}

/* A welcome that play_welcome() would not make. */
static void welcome_says(play *p, const dbk_hash *head, const dbk_welcome_space *spaces)
{
    dbk_welcome w = { .members_count = 5,
                      .members_head = *head,
                      .segments_max = 1,
                      .push_bytes_max = 1,
                      .range_bytes_max = 1,
                      .spaces = spaces,
                      .spaces_count = p->local.spaces_count };
    dbk_bytes_truncate(&p->answer, 0);
    assert_int_equal(dbk_welcome_encode(&p->answer, &w, NULL), DBK_OK);
    play_answer(p, 200);
}

static void another_membership_chain_of_the_same_length_is_refused_m49(void **state)
{
    (void)state;
    play *p = play_new(1);
    dbk_hash other = play_hash(6);
    play_start(p);
    welcome_says(p, &other, &(dbk_welcome_space){ .space = p->spaces[0].space, .checkpoint = "" });
    /* It is compared from its beginning: what differs there may be a proof. */
    play_say(p, 200, "");
    play_take(p, DBK_OK, NULL);
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "2: GET /v1/members?from=0 nonce n1\n"
                   "take members, 0 bytes\n"
                   "fail DBK_PEER: the relay's membership chain is another one than this "
                   "device's\n");
}

static void a_size_counts_only_as_it_was_signed_m36(void **state)
{
    (void)state;
    play *p = play_new(1);
    dbk_hash head = play_hash(5);
    dbk_bytes note = DBK_BYTES_INIT(512);
    play_start(p);
    play_make_note(p, &note, 0, &(play_there){ .size = 3 });
    assert_int_equal(dbk_bytes_append_u8(&note, 0, NULL), DBK_OK);
    welcome_says(p, &head,
                 &(dbk_welcome_space){ .space = p->spaces[0].space,
                                       .log = play_id(0x10),
                                       .size = 4,
                                       .checkpoint = (const char *)note.p });
    dbk_bytes_wipe(&note);
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "fail DBK_PEER: space a1000000: the relay says another size than it signed "
                   "for\n");
}

static void a_checkpoint_of_another_space_is_refused_R4(void **state)
{
    (void)state;
    play *p = play_new(2);
    play_start(p);
    dbk_id kept = p->spaces[1].space;
    p->spaces[1].space = p->spaces[0].space; /* signs a1 for the second */
    dbk_bytes note = DBK_BYTES_INIT(512);
    play_make_note(p, &note, 1, &(play_there){ .size = 3 });
    p->spaces[1].space = kept;
    assert_int_equal(dbk_bytes_append_u8(&note, 0, NULL), DBK_OK);
    dbk_welcome_space out[2] = {
        { .space = p->spaces[0].space, .checkpoint = "" },
        { .space = kept, .log = play_id(0x11), .size = 3, .checkpoint = (const char *)note.p }
    };
    dbk_hash head = play_hash(5);
    welcome_says(p, &head, out);
    dbk_bytes_wipe(&note);
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "fail DBK_PEER: space a2000000: the relay's checkpoint is of another log\n");
}

static void a_relay_that_claims_more_of_our_feed_must_show_it_m48(void **state)
{
    (void)state;
    play *p = play_new(1);
    play_own_notes(p, 0, 3, 3);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 8, .own_seq = 5 } });
    play_range(p, 0, 8);
    play_take(p, DBK_OK, NULL); /* the journal found nothing of ours in it */
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "2: GET /v1/spaces/a1/segments?from=0&bytes=1048576&own=1 nonce n1\n"
                   "take a1 from 0, 8\n"
                   "fail DBK_PEER: space a1000000: the relay claims notes of this device that its "
                   "log does not hold: tell headquarters\n");
}

static void a_copied_store_pushes_nothing_and_asks_for_what_it_lacks_2_26(void **state)
{
    (void)state;
    play *p = play_new(1);
    play_own_notes(p, 0, 5, 3);
    play_head_at(p, 0, 3);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 3, .own_seq = 3, .own_head = play_hash(0xee) } });
    play_load(p, 0, 2);
    play_range(p, 0, 3);
    p->spaces[0].own_feed.b[0] ^= 1; /* the journal has gone on to a new incarnation */
    play_take(p, DBK_OK, NULL);
    play_expect(p, "1: POST /v1/hello {\"v\":1} nonce n0\n"
                   "load a1 after 3, at most 4\n"
                   "2: GET /v1/spaces/a1/segments?from=0&bytes=1048576&own=1 nonce n1\n"
                   "take a1 from 0, 3\n"
                   "done\n");
}

static void nonsense_from_a_relay_is_told_as_such_and_takes_nothing_R8(void **state)
{
    (void)state;
    static const char *const welcomes[] = { "", "{}", "<html>", "{\"v\":1,\"idle\":1}" };
    for (size_t i = 0; i < ARRAY_LEN(welcomes); i++) {
        play *p = play_new(1);
        play_start(p);
        play_say(p, 200, welcomes[i]);
        assert_int_equal(p->a.kind, DBK_ACTION_FAIL);
        assert_int_equal(p->a.failure->rc, DBK_PEER);
        play_end(p);
    }
    play *p = play_new(1);
    play_own_notes(p, 0, 2, 0);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 1 } });
    play_load(p, 0, 2);
    play_results(p, 0, "0", 9); /* one result for two segments */
    play_range(p, 1, 1);        /* not what was asked for */
    assert_int_equal(p->a.kind, DBK_ACTION_FAIL);
    play_expect(p, "1: POST /v1/hello {\"v\":1} nonce n0\n"
                   "load a1 after 0, at most 4\n"
                   "2: POST /v1/spaces/a1/segments 626 bytes nonce n1\n"
                   "3: GET /v1/spaces/a1/segments?from=0&bytes=1048576 nonce n1\n"
                   "fail DBK_PEER: space a1000000: the relay answered for other segments than were "
                   "sent\n");
}

static void a_relay_that_gives_empty_ranges_is_not_asked_for_ever_2_22(void **state)
{
    (void)state;
    play *p = play_new(1);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 1000000 } });
    play_range(p, 0, 0);
    assert_int_equal(p->a.kind, DBK_ACTION_FAIL);
    assert_string_equal(p->a.failure->text,
                        "space a1000000: the relay keeps back what its checkpoint covers");
    play_end(p);
}

static void an_endless_relay_is_left_after_the_round_cap_2_22(void **state)
{
    (void)state;
    play *p = play_new(1);
    p->rounds_max = 50;
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = DBK_JSON_UINT_MAX } });
    for (uint64_t n = 0; p->a.kind == DBK_ACTION_SEND; n++) {
        p->trace[0] = '\0';
        play_range(p, n, 1);
        play_take(p, DBK_OK, NULL);
    }
    assert_int_equal(dbk_session_count(p->s).rounds, 50);
    play_expect(
        p, "take a1 from 48, 1; ahead GET /v1/spaces/a1/segments?from=49&bytes=1048576 nonce n1\n"
           "fail DBK_PEER: the relay gave no end of it: stopped after 50 exchanges\n");
}

static void a_relay_whose_membership_went_backwards_or_stands_still_is_left(void **state)
{
    (void)state;
    play *p = play_new(0);
    play_start(p);
    play_welcome(p, 4, NULL);
    play_say(p, 200, "");
    play_take(p, DBK_SPLIT, "administrators signed two");
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "2: GET /v1/members?from=0 nonce n1\n"
                   "take members, 0 bytes\n"
                   "fail DBK_SPLIT: membership: administrators signed two\n");
    p = play_new(0);
    play_start(p);
    play_welcome(p, 4, NULL);
    play_say(p, 200, "");
    play_take(p, DBK_OK, NULL);
    play_expect(
        p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
           "2: GET /v1/members?from=0 nonce n1\n"
           "take members, 0 bytes\n"
           "fail DBK_PEER: the relay holds a shorter membership chain than this device: it was "
           "rolled back or replaced\n");
    p = play_new(0);
    play_start(p);
    play_welcome(p, 6, NULL);
    play_say(p, 200, "");
    play_take(p, DBK_OK, NULL);
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "2: GET /v1/members?from=5 nonce n1\n"
                   "take members, 0 bytes\n"
                   "fail DBK_PEER: the relay gives no membership entries that it says it has\n");
}

static void a_full_disk_here_ends_the_sync_at_once_2_36(void **state)
{
    (void)state;
    play *p = play_new(2);
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .size = 2 }, { .size = 2 } });
    play_range(p, 0, 2);
    play_take(p, DBK_FULL, "no space left");
    play_expect(p, "1: POST /v1/hello {\"v\":1,\"known\":\" nonce n0\n"
                   "2: GET /v1/spaces/a1/segments?from=0&bytes=1048576 nonce n1\n"
                   "take a1 from 0, 2\n"
                   "fail DBK_FULL: no space left\n");
}

/* Found by the simulator (seed 4002882): the program ended there, in each sync anew. A relay that
 * says that its log is empty and has a snapshot could bring that about (R8). */
static void a_snapshot_that_is_due_only_after_strays_were_carried_is_begun_with_R8(void **state)
{
    (void)state;
    play *p = play_new(2);
    p->spaces[0].strays = 1;
    play_start(p);
    play_welcome(p, 5, (play_there[]){ { .snapshot = true }, { 0 } });
    play_load_stray(p, 0, 1);
    play_results(p, 0, "0", 1);
    play_load_stray(p, 0, 0);
    p->spaces[0].size = 1;
    p->spaces[0].log = play_id(0x10);
    play_take(p, DBK_OK, NULL);
    play_expect(p, "1: POST /v1/hello {\"v\":1} nonce n0\n"
                   "load strays of a1, skip 0, at most 4\n"
                   "2: POST /v1/spaces/a1/segments 319 bytes nonce n1\n"
                   "load strays of a1, skip 1, at most 4\n"
                   "begin a1\n"
                   "done\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_headquarters_said_is_taken_before_anything_moves_A17),
        cmocka_unit_test(a_full_disk_while_taking_headquarters_word_ends_the_session),
        cmocka_unit_test(a_relay_that_was_rolled_back_or_forked_is_told_and_nothing_taken_R1),
        cmocka_unit_test(one_bad_space_does_not_stop_the_others_1_7),
        cmocka_unit_test(another_membership_chain_of_the_same_length_is_refused_m49),
        cmocka_unit_test(a_size_counts_only_as_it_was_signed_m36),
        cmocka_unit_test(a_checkpoint_of_another_space_is_refused_R4),
        cmocka_unit_test(a_relay_that_claims_more_of_our_feed_must_show_it_m48),
        cmocka_unit_test(a_copied_store_pushes_nothing_and_asks_for_what_it_lacks_2_26),
        cmocka_unit_test(nonsense_from_a_relay_is_told_as_such_and_takes_nothing_R8),
        cmocka_unit_test(a_relay_that_gives_empty_ranges_is_not_asked_for_ever_2_22),
        cmocka_unit_test(an_endless_relay_is_left_after_the_round_cap_2_22),
        cmocka_unit_test(a_relay_whose_membership_went_backwards_or_stands_still_is_left),
        cmocka_unit_test(a_full_disk_here_ends_the_sync_at_once_2_36),
        cmocka_unit_test(a_snapshot_that_is_due_only_after_strays_were_carried_is_begun_with_R8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
