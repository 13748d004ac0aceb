/* Evidence against a relay: what it signed, and what it showed (docs/decisions/0014). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox_internal.h"
#include "tests/lib/evidencekit.h"

static void two_views_that_the_relay_signed_are_a_proof_at_any_size_M38_M39(void **state)
{
    static const uint64_t sizes[] = { 9, 8, 6, 5 }; /* the views part at 4 */
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        world w;
        world_make(&w);
        evidencekit_fill(&w, 9);
        evidencekit_pull(&w, HQ, 100);
        evidencekit_other_view(&w, 4);
        evidencekit_show_note(&w, HQ, sizes[i]);
        evidencekit_items hq = evidencekit_of(world_book(&w, HQ));
        assert_true(hq.count >= 1);
        assert_int_equal(hq.rows[0].shows.kind, DBK_EXHIBIT_VIEWS);
        assert_true(hq.rows[0].shows.proof);
        assert_int_equal(hq.rows[0].shows.at, sizes[i]);
        assert_int_equal(hq.rows[0].shows.size, 9);
        evidencekit_checks(world_book(&w, HQ), &hq.rows[0]);
        world_drop(&w);
    }
}

static void a_log_that_shrinks_is_kept_as_this_devices_word_M36_M37(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    evidencekit_fill(&w, 9);
    evidencekit_pull(&w, HQ, 100);
    evidencekit_show_note(&w, HQ, 9); /* the same */
    evidencekit_nothing(&w);
    evidencekit_show_note(&w, HQ, 4); /* an older one */
    evidencekit_items hq = evidencekit_of(world_book(&w, HQ));
    assert_int_equal(hq.count, 1);
    assert_int_equal(hq.rows[0].shows.kind, DBK_EXHIBIT_BACK);
    assert_false(hq.rows[0].shows.proof);
    assert_int_equal(hq.rows[0].shows.at, 4);
    assert_int_equal(hq.rows[0].shows.size, 9);
    assert_false(hq.rows[0].shows.other_log);
    evidencekit_checks(world_book(&w, HQ), &hq.rows[0]);
    evidencekit_show_note(&w, HQ, 3); /* one finding, as long as it is open */
    assert_int_equal(evidencekit_of(world_book(&w, HQ)).count, 1);
    evidencekit_pull(&w, ANNE, 100);
    w.log.log.b[0] ^= 1; /* a log of another name */
    evidencekit_show_note(&w, ANNE, 9);
    evidencekit_items anne = evidencekit_of(world_book(&w, ANNE));
    assert_int_equal(anne.count, 1);
    assert_int_equal(anne.rows[0].shows.kind, DBK_EXHIBIT_BACK);
    assert_true(anne.rows[0].shows.other_log);
    world_drop(&w);
}

static void what_the_relay_did_not_sign_shows_nothing(void **state)
{
    world w;
    dbk_secret *stranger = NULL;
    dbk_sign_pk pk;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    evidencekit_fill(&w, 5);
    evidencekit_pull(&w, HQ, 100);
    assert_ok(dbk_sign_keypair(&pk, &stranger, &w.org.books[0].env.env, &err), &err);
    w.log.relay = stranger;
    evidencekit_other_view(&w, 0);
    evidencekit_show_note(&w, HQ, 5);
    evidencekit_show_note(&w, HQ, 3);
    w.log.relay = w.org.relay;
    w.log.space.b[0] ^= 1; /* of another space */
    evidencekit_show_note(&w, HQ, 5);
    w.log.space.b[0] ^= 1;
    evidencekit_fill(&w, 1);
    evidencekit_show_note(&w, HQ, 6); /* a larger one: nothing is known of it */
    evidencekit_nothing(&w);
    dbk_secret_free(stranger);
    world_drop(&w);
}

static void a_run_that_is_refused_leaves_the_proof_M38(void **state)
{
    world w;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    minilog_run r;
    (void)state;
    world_make(&w);
    evidencekit_fill(&w, 5);
    evidencekit_pull(&w, HQ, 100);
    evidencekit_other_view(&w, 3);
    minilog_run_init(&r, &w.log, 5, 0, NULL);
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &r.run, &err), DBK_PEER, &err);
    evidencekit_items hq = evidencekit_of(world_book(&w, HQ));
    assert_true(hq.count >= 1);
    assert_int_equal(hq.rows[0].shows.kind, DBK_EXHIBIT_VIEWS);
    minilog_run_wipe(&r);
    world_drop(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_views_that_the_relay_signed_are_a_proof_at_any_size_M38_M39),
        cmocka_unit_test(a_log_that_shrinks_is_kept_as_this_devices_word_M36_M37),
        cmocka_unit_test(what_the_relay_did_not_sign_shows_nothing),
        cmocka_unit_test(a_run_that_is_refused_leaves_the_proof_M38),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
