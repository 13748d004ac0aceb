/* How far each device has a log, as headquarters sees it (decision 0041): by each device's own
 * word, and by no relay's. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/reach.h"
#include "tests/lib/restored.h"

/* What the relay does with the words that headquarters asks for. */
typedef enum lie {
    HONEST,
    FLIPS,   /* a bit of one */
    CUTS,    /* the last one is cut off in the middle */
    DOUBLES, /* all of them twice */
    DROPS,   /* there is none */
    PLANTS   /* one that was kept */
} lie;

typedef struct hostile {
    lie lie;
    uint8_t kept[DBK_REACH_BYTES];
    unsigned said; /* words that devices brought */
} hostile;

static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *a)
{
    hostile *h = ctx;
    dbk_bytes again = DBK_BYTES_INIT(DBK_WELCOME_BYTES_MAX);
    (void)d;
    if (strstr(req->target, "/reach") == NULL)
        return;
    if (strcmp(req->method, "POST") == 0) {
        h->said++;
        return;
    }
    assert_ok(dbk_bytes_append(&again, dbk_bytes_span(&a->body), NULL), NULL);
    switch (h->lie) {
    case FLIPS:
        a->body.p[100] ^= 1; /* in its device's id */
        break;
    case CUTS:
        dbk_bytes_truncate(&a->body, a->body.len - 1);
        break;
    case DOUBLES:
        assert_ok(dbk_bytes_append(&a->body, dbk_bytes_span(&again), NULL), NULL);
        break;
    case DROPS:
        dbk_bytes_truncate(&a->body, 0);
        break;
    case PLANTS:
        dbk_bytes_truncate(&a->body, 0);
        assert_ok(dbk_bytes_append(&a->body, dbk_span_of(h->kept, sizeof(h->kept)), NULL), NULL);
        break;
    default:
        break;
    }
    dbk_bytes_wipe(&again);
}

typedef struct seen {
    dbk_reached of[8];
    size_t count;
} seen;

static dbk_rc see(void *ctx, const dbk_reached *r, dbk_err *err)
{
    seen *s = ctx;
    (void)err;
    assert_true(s->count < ARRAY_LEN(s->of));
    s->of[s->count++] = *r;
    return DBK_OK;
}

static dbk_rc ask(story *s, sync_device *d, seen *out, dbk_err *err)
{
    *out = (seen){ .count = 0 };
    return dbk_driver_reaches(d->book, &d->t, &s->space, see, out, err);
}

static dbk_reached reached(story *s, const sync_device *d)
{
    seen all;
    dbk_err err = { 0 };
    const dbk_id device = dbk_book_device(d->book);
    assert_ok(ask(s, &s->hq, &all, &err), &err);
    assert_int_equal(all.count, 3); /* whether they have said something or not */
    for (size_t i = 0; i < all.count; i++) {
        if (dbk_id_equal(&all.of[i].device, &device))
            return all.of[i];
    }
    fail();
    return all.of[0];
}

static void a_device_tells_headquarters_how_far_it_is_by_itself(void **state)
{
    story s;
    hostile h = { HONEST };
    (void)state;
    begin(&s);
    s.world.meddle = meddle;
    s.world.meddle_ctx = &h;
    write_some(&s, &s.anne, 3);
    (void)sync_now(&s.anne);
    (void)sync_now(&s.hq);
    assert_int_equal(reached(&s, &s.anne).size, 3);
    assert_int_equal(reached(&s, &s.hq).size, 3);
    assert_int_equal(reached(&s, &s.ben).size, 0); /* he hasn't met the relay since */
    (void)sync_now(&s.ben);
    assert_int_equal(reached(&s, &s.ben).size, 3);
    assert_int_equal(h.said, 3);
    /* And then there is no more talk about it. */
    dbk_sync_report r = sync_now(&s.ben);
    assert_true(r.idle);
    assert_int_equal(r.round_trips, 1);
    assert_int_equal(h.said, 3);
    end(&s);
}

static void what_a_desk_lacks_itself_it_cannot_judge(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    (void)sync_now(&s.anne);
    (void)sync_now(&s.hq);
    assert_false(reached(&s, &s.anne).ahead);
    write_some(&s, &s.anne, 70);
    (void)sync_now(&s.anne);
    (void)sync_now(&s.anne); /* it is asked now that the log has grown so much */
    dbk_reached r = reached(&s, &s.anne);
    assert_int_equal(r.here, 2);
    assert_true(r.ahead);
    (void)sync_now(&s.hq);
    assert_false(reached(&s, &s.anne).ahead);
    end(&s);
}

static void an_officer_is_not_told_how_far_others_are(void **state)
{
    story s;
    seen all;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 1);
    settle(&s);
    assert_rc(ask(&s, &s.anne, &all, &err), DBK_DENIED, &err);
    assert_int_equal(all.count, 0);
    end(&s);
}

/* Withheld, a word is none; changed or made up, it is found. */
static void a_relay_says_nothing_for_a_device_P4(void **state)
{
    static const struct {
        lie lie;
        dbk_rc rc;
    } cases[] = {
        { FLIPS, DBK_PEER }, { CUTS, DBK_PEER }, { DOUBLES, DBK_PEER }, { DROPS, DBK_OK }
    };
    story s;
    hostile h = { HONEST };
    seen all;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    s.world.meddle = meddle;
    s.world.meddle_ctx = &h;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        h.lie = cases[i].lie;
        assert_rc(ask(&s, &s.hq, &all, &err), cases[i].rc, &err);
        for (size_t k = 0; k < all.count; k++)
            assert_int_equal(all.of[k].size, 0);
    }
    end(&s);
}

static void plant(hostile *h, const sync_device *d, const dbk_reach *r)
{
    h->lie = PLANTS;
    dbk_reach_sign(h->kept, r, d->book->own.sign);
}

/* Ben's device really says so: somebody has shown it another log. */
static void a_word_of_another_history_is_told_P4(void **state)
{
    story s;
    hostile h = { HONEST };
    seen all;
    dbk_reach r;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    s.world.meddle = meddle;
    s.world.meddle_ctx = &h;
    uint8_t word[DBK_REACH_BYTES];
    assert_ok(dbk_reach_word(s.ben.book, word, &s.space, &err), &err);
    assert_ok(dbk_reach_decode(&r, dbk_span_of(word, sizeof(word)), &err), &err);
    plant(&h, &s.ben, &r);
    assert_ok(ask(&s, &s.hq, &all, &err), &err);
    r.root.b[7] ^= 1;
    plant(&h, &s.ben, &r);
    assert_rc(ask(&s, &s.hq, &all, &err), DBK_PEER, &err);
    assert_non_null(strstr(err.text, "another history"));
    dbk_err_clear(&err);
    r.size = 1; /* in the middle of the log here, and not at its end */
    plant(&h, &s.ben, &r);
    assert_rc(ask(&s, &s.hq, &all, &err), DBK_PEER, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_reach_decode(&r, dbk_span_of(word, sizeof(word)), &err), &err);
    plant(&h, &s.anne, &r); /* signed by one device in the name of another */
    assert_rc(ask(&s, &s.hq, &all, &err), DBK_PEER, &err);
    end(&s);
}

static void nobody_waits_for_a_guest_whose_time_is_over_LL6(void **state)
{
    story s;
    seen all;
    sync_device guest;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    sync_device_open(&s.world, &guest, "Guest");
    sync_enlist(&s.hq, &guest, DBK_ROLE_GUEST, &s.space);
    write_some(&s, &s.anne, 1);
    (void)sync_now(&s.anne);
    (void)sync_now(&guest);
    (void)sync_now(&s.hq);
    assert_ok(ask(&s, &s.hq, &all, &err), &err);
    assert_int_equal(all.count, 4);
    assert_int_equal(all.of[3].size, 1);
    s.hq.env.now_ms = DBK_TEST_GUEST_UNTIL_MS;
    assert_ok(ask(&s, &s.hq, &all, &err), &err);
    assert_int_equal(all.count, 3);
    sync_device_close(&guest);
    end(&s);
}

static void of_a_restored_relays_new_log_all_begin_to_speak_anew(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 4);
    settle(&s);
    back_up(&s);
    put_back(&s);
    recover_quietly(&s);
    (void)meet(&s, &s.hq);
    assert_int_equal(reached(&s, &s.anne).size, 0); /* what was said was of the old log */
    settle(&s);
    assert_int_equal(reached(&s, &s.anne).size, 4);
    assert_int_equal(reached(&s, &s.ben).size, 4);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_tells_headquarters_how_far_it_is_by_itself),
        cmocka_unit_test(what_a_desk_lacks_itself_it_cannot_judge),
        cmocka_unit_test(an_officer_is_not_told_how_far_others_are),
        cmocka_unit_test(a_relay_says_nothing_for_a_device_P4),
        cmocka_unit_test(a_word_of_another_history_is_told_P4),
        cmocka_unit_test(nobody_waits_for_a_guest_whose_time_is_over_LL6),
        cmocka_unit_test(of_a_restored_relays_new_log_all_begin_to_speak_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
