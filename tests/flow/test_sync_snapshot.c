/* Headquarters' snapshot at a relay, from the desk that makes it to the device that begins with it
 * (decision 0040); and what a relay that lies about it reaches, which is nothing. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "sync/relay/log_snapshot.h"
#include "tests/lib/deskkit.h"

typedef enum lie {
    HONEST,
    STRIPS_WORDS,   /* the snapshot as if nobody had confirmed it */
    CUTS_PART,      /* a part ends too early */
    CUTS_CHUNK,     /* a part lacks its last chunk */
    FLIPS_CHUNK,    /* a bit of one */
    WRONG_PART,     /* says it is another one */
    FORGETS_PART,   /* 404 */
    OTHER_SPACE,    /* another space's, as confirmed as any */
    FLIPS_MANIFEST, /* a bit of what is signed */
    NONE,           /* told of in the welcome, and then not there */
    LIES,
    CUT_OFF,     /* gives no part, and nothing of the log either */
    TELLS_DESKS, /* of a snapshot, also those who are to hold the log */
    GIVES_KEPT,  /* an offer and a part that were kept */
    GARBLES      /* what waits for a desk's word */
} lie;

typedef struct desks {
    deskkit k;
    dbk_id other;
    lie lie;
    dbk_bytes offer, part; /* that are given instead */
    unsigned parts_asked;
} desks;

static bool asks(const dbk_exchange *req, const char *what)
{
    return strcmp(req->method, "GET") == 0 && strstr(req->target, what) != NULL;
}

static void answer_none(dbk_relay_answer *a)
{
    dbk_relay_refuse(a, 404, "unknown");
}

static void give(dbk_relay_answer *a, const dbk_bytes *kept)
{
    dbk_bytes_truncate(&a->body, 0);
    a->status = 200;
    assert_ok(dbk_bytes_append(&a->body, dbk_bytes_span(kept), NULL), NULL);
}

static void spoil_offer(desks *w, dbk_relay_answer *a)
{
    switch (w->lie) {
    case STRIPS_WORDS:
        a->body.p[a->body.len - DBK_CONFIRMATION_BYTES - 1] = 0;
        dbk_bytes_truncate(&a->body, a->body.len - DBK_CONFIRMATION_BYTES);
        break;
    case FLIPS_MANIFEST:
        a->body.p[12 + 128] ^= 1;
        break;
    case OTHER_SPACE:
    case GIVES_KEPT:
        give(a, &w->offer);
        break;
    case NONE:
        answer_none(a);
        break;
    default:
        break;
    }
}

static void spoil_part(desks *w, dbk_relay_answer *a)
{
    dbk_part part;
    dbk_span chunk;
    w->parts_asked++;
    switch (w->lie) {
    case CUTS_PART:
        dbk_bytes_truncate(&a->body, a->body.len - 5);
        break;
    case CUTS_CHUNK:
        assert_ok(dbk_part_decode(&part, dbk_bytes_span(&a->body), NULL), NULL);
        while (dbk_part_next(&part, &chunk))
            continue;
        dbk_bytes_truncate(&a->body, a->body.len - chunk.len - 4);
        break;
    case FLIPS_CHUNK:
        a->body.p[a->body.len - 1] ^= 4;
        break;
    case WRONG_PART:
        a->body.p[DBK_PART_HEAD_BYTES - 1] ^= 1;
        break;
    case OTHER_SPACE:
    case GIVES_KEPT:
        give(a, &w->part);
        break;
    case FORGETS_PART:
    case CUT_OFF:
        answer_none(a);
        break;
    default:
        break;
    }
}

/* Tells of one in each space, whatever the honest relay says. */
static void tell_of_one(dbk_relay_answer *a)
{
    static const char feeds[] = "\"feeds\":", told[] = "\"snapshot\":true,";
    dbk_bytes out = DBK_BYTES_INIT(DBK_WELCOME_BYTES_MAX);
    dbk_span in = dbk_bytes_span(&a->body);
    for (size_t i = 0; i < in.len; i++) {
        if (in.len - i >= strlen(feeds) && memcmp(in.p + i, feeds, strlen(feeds)) == 0)
            assert_ok(dbk_bytes_append_str(&out, told, NULL), NULL);
        assert_ok(dbk_bytes_append_u8(&out, in.p[i], NULL), NULL);
    }
    dbk_bytes_wipe(&a->body);
    a->body = out;
}

static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *a)
{
    desks *w = ctx;
    if (d == &w->k.second && w->lie == GARBLES && asks(req, "/snapshot?next"))
        dbk_bytes_truncate(&a->body, a->body.len - 1);
    if (d != &w->k.ben)
        return;
    if (asks(req, "/snapshot/part"))
        spoil_part(w, a);
    else if (asks(req, "/snapshot"))
        spoil_offer(w, a);
    else if (strstr(req->target, "/hello") != NULL && w->lie == TELLS_DESKS)
        tell_of_one(a);
    else if (asks(req, "/segments") && w->lie == CUT_OFF)
        answer_none(a);
}

static int setup(void **state)
{
    static desks w;
    memset(&w, 0, sizeof(w));
    dbk_bytes_init(&w.offer, DBK_SNAPSHOT_OFFER_BYTES_MAX);
    dbk_bytes_init(&w.part, DBK_PART_BYTES_MAX);
    deskkit_open(&w.k, DBK_ROLE_HQ);
    w.k.world.meddle = meddle;
    w.k.world.meddle_ctx = &w;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    desks *w = *state;
    dbk_bytes_wipe(&w->offer);
    dbk_bytes_wipe(&w->part);
    deskkit_close(&w->k);
    return 0;
}

static void make(sync_device *d, const dbk_id *space)
{
    dbk_snapshot_told told;
    dbk_err err = { 0 };
    assert_ok(dbk_driver_snapshot_make(d->book, &d->t, space, &told, NULL, &err), &err);
    assert_true(told.size > 0 && told.records > 0 && told.bytes > 0);
}

static uint64_t confirms(sync_device *d)
{
    return sync_now(d).snapshots_confirmed;
}

static uint64_t bare(sync_device *d, const dbk_id *space)
{
    dbk_snapshot_begun begun;
    assert_ok(dbk_snapshot_begun_with(d->book, &begun, space, NULL), NULL);
    return begun.bare;
}

static bool says_whole(sync_device *d, const dbk_id *space)
{
    uint8_t word[DBK_REACH_BYTES];
    dbk_reach r;
    dbk_err err = { 0 };
    assert_ok(dbk_reach_word(d->book, word, space, &err), &err);
    assert_ok(dbk_reach_decode(&r, dbk_span_of(word, sizeof(word)), &err), &err);
    return r.whole;
}

/* Ben joins, and holds what Asha does. */
static void ben_comes(desks *w)
{
    sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
}

/* ---- the whole way ------------------------------------------------------------------------- */

static void a_desk_makes_one_a_second_confirms_and_a_new_device_begins_with_it(void **state)
{
    desks *w = *state;
    make(&w->k.hq, &w->k.space);
    assert_int_equal(confirms(&w->k.hq), 0);
    assert_int_equal(confirms(&w->k.asha), 0);
    assert_int_equal(confirms(&w->k.second), 1);
    assert_int_equal(confirms(&w->k.second), 0);
    assert_true(sync_now(&w->k.second).idle);
    deskkit_write(&w->k, &w->k.space, 2); /* the tail */
    ben_comes(w);
    assert_true(bare(&w->k.ben, &w->k.space) >= 8);
    assert_true(w->parts_asked >= 1);
    assert_true(sync_now(&w->k.ben).idle);
    (void)sync_write(&w->k.ben, &w->k.space, "by ben");
    (void)sync_now(&w->k.ben);
    (void)sync_now(&w->k.asha);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
    assert_int_equal(says_whole(&w->k.asha, &w->k.space), true);
    assert_int_equal(says_whole(&w->k.ben, &w->k.space),
                     false); /* he has the records, not each note */
}

static void what_no_second_desk_has_confirmed_is_not_given(void **state)
{
    desks *w = *state;
    make(&w->k.hq, &w->k.space);
    ben_comes(w);
    assert_int_equal(bare(&w->k.ben, &w->k.space), 0);
    assert_int_equal(w->parts_asked, 0);
}

/* ---- where it is of no use ------------------------------------------------------------------ */

static void grant(desks *w, sync_device *d, const dbk_id *space, dbk_role role)
{
    dbk_err err = { 0 };
    const dbk_new_grant grant = { *space, dbk_book_device(d->book), role, 0 };
    assert_ok(dbk_driver_grant(w->k.hq.book, &w->k.hq.t, &grant, &err), &err);
}

/* Another space with something in it, and a snapshot of it that stands. */
static void open_other(desks *w)
{
    w->other = sync_space(&w->k.hq, "Riverside");
    grant(w, &w->k.second, &w->other, DBK_ROLE_HQ);
    grant(w, &w->k.asha, &w->other, DBK_ROLE_OFFICER);
    (void)sync_now(&w->k.second);
    (void)sync_now(&w->k.asha);
    deskkit_write(&w->k, &w->other, 2);
    make(&w->k.hq, &w->other);
    assert_int_equal(confirms(&w->k.second), 1);
}

static void a_device_that_has_sent_something_already_pulls_the_log_P1(void **state)
{
    desks *w = *state;
    dbk_sync_report report;
    dbk_err err = { 0 };
    ben_comes(w);
    open_other(w);
    grant(w, &w->k.ben, &w->other, DBK_ROLE_OFFICER);
    w->lie = CUT_OFF; /* it hears of the space, and gets nothing of it */
    assert_rc(sync_try(&w->k.ben, &report, &err), DBK_NOT_FOUND, &err);
    (void)sync_write(&w->k.ben, &w->other, "by ben");
    w->lie = HONEST;
    (void)sync_now(&w->k.ben);
    assert_int_equal(bare(&w->k.ben, &w->other), 0);
    (void)sync_now(&w->k.asha);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->other);
}

/* The log comes in pieces, a snapshot as a whole: a line that breaks each time gets the log. */
static void one_that_broke_off_is_not_tried_again(void **state)
{
    desks *w = *state;
    dbk_sync_report report;
    dbk_err err = { 0 };
    ben_comes(w);
    open_other(w);
    grant(w, &w->k.ben, &w->other, DBK_ROLE_OFFICER);
    w->lie = CUT_OFF;
    assert_rc(sync_try(&w->k.ben, &report, &err), DBK_NOT_FOUND, &err);
    assert_int_equal(w->parts_asked, 1);
    w->lie = HONEST;
    (void)sync_now(&w->k.ben);
    assert_int_equal(w->parts_asked, 1);
    assert_int_equal(bare(&w->k.ben, &w->other), 0);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->other);
}

/* ---- desks that disagree -------------------------------------------------------------------- */

static void sql(const sync_device *d, const char *text)
{
    assert_int_equal(sqlite3_exec(d->book->store->db, text, NULL, NULL, NULL), SQLITE_OK);
}

static void a_desk_whose_rows_were_changed_is_not_confirmed_and_the_other_says_so_P4(void **state)
{
    desks *w = *state;
    dbk_sync_report report;
    dbk_err err = { 0 };
    dbk_id record = sync_write(&w->k.asha, &w->k.space, "Anna");
    (void)sync_now(&w->k.asha);
    (void)sync_now(&w->k.hq);
    sql(&w->k.hq, "CREATE TEMP TABLE old AS SELECT id, state FROM record");
    sync_edit(&w->k.asha, &record, "Hanna");
    (void)sync_now(&w->k.asha);
    (void)sync_now(&w->k.hq);
    (void)sync_now(&w->k.second);
    sql(&w->k.hq, "CREATE TEMP TABLE new AS SELECT id, state FROM record");
    sql(&w->k.hq, "UPDATE record SET state=(SELECT o.state FROM old o WHERE o.id=record.id)");
    make(&w->k.hq, &w->k.space);
    sql(&w->k.hq, "UPDATE record SET state=(SELECT n.state FROM new n WHERE n.id=record.id)");
    assert_rc(sync_try(&w->k.second, &report, &err), DBK_CONFLICT, &err);
    assert_int_equal(report.snapshots_confirmed, 0);
    sync_assert_equal(&w->k.second, &w->k.asha, &w->k.space); /* and all else was exchanged */
    ben_comes(w);
    assert_int_equal(bare(&w->k.ben, &w->k.space), 0);
}

/* ---- who holds all -------------------------------------------------------------------------- */

static void a_desk_of_headquarters_takes_the_log_and_not_a_snapshot_P1(void **state)
{
    desks *w = *state;
    make(&w->k.hq, &w->k.space);
    assert_int_equal(confirms(&w->k.second), 1);
    for (w->lie = HONEST; w->lie <= TELLS_DESKS; w->lie += TELLS_DESKS) {
        sync_device_close(&w->k.ben);
        sync_device_open(&w->k.world, &w->k.ben, "ben");
        sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_HQ, &w->k.space);
        assert_int_equal(bare(&w->k.ben, &w->k.space), 0);
        assert_int_equal(w->parts_asked, 0);
    }
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
}

/* What headquarters has vouched for is held there: others may let go of it. */
static void a_witness_says_nothing_of_a_log_whose_notes_it_lacks_P1(void **state)
{
    desks *w = *state;
    char dir[DBK_TEST_PATH_SIZE];
    dbk_transport folder;
    dbk_sync_report report;
    dbk_snapshot_told told;
    dbk_snapshot_begun left;
    dbk_sign_pk pk;
    dbk_policy policy = DBK_POLICY_DEFAULT;
    dbk_err err = { 0 };
    open_other(w);
    sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_HQ, &w->other);
    grant(w, &w->k.ben, &w->k.space, DBK_ROLE_HQ);
    w->lie = CUT_OFF;
    assert_rc(sync_try(&w->k.ben, &report, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    w->lie = HONEST;
    dbk_test_dir_make(dir);
    assert_ok(dbk_transport_dir(&folder, dir, &err), &err);
    assert_ok(dbk_driver_snapshot_make(w->k.hq.book, &folder, &w->k.space, &told, NULL, &err),
              &err);
    (void)sync_now(&w->k.second);
    assert_ok(
        dbk_driver_snapshot_confirm(w->k.second.book, &folder, &w->k.space, &told, NULL, &err),
        &err);
    assert_ok(dbk_driver_begin_with(w->k.ben.book, &w->k.ben.t, &folder, &report, NULL, &err),
              &err);
    assert_int_equal(report.begun, 1);
    dbk_transport_close(&folder);
    dbk_test_dir_remove(dir);
    assert_ok(dbk_witness_key(w->k.ben.book, &pk, &err), &err);
    policy.witnesses.count = 1;
    memcpy(policy.witnesses.b[0], pk.b, sizeof(pk.b));
    sync_policy(&w->k.hq, &policy);
    (void)sync_now(&w->k.ben);
    assert_int_equal(dbk_cosigned_judge(w->k.asha.book, &w->k.space).size, 0);
    (void)sync_now(&w->k.asha);
    assert_int_equal(dbk_cosigned_judge(w->k.asha.book, &w->k.space).size, 0);
    assert_true(dbk_cosigned_judge(w->k.asha.book, &w->other).size > 0);
    assert_ok(dbk_driver_snapshot_fetch(w->k.ben.book, &w->k.ben.t, &w->k.space, &left, NULL, &err),
              &err);
    assert_int_equal(left.bare, 0);
    (void)sync_now(&w->k.ben);
    (void)sync_now(&w->k.asha);
    assert_true(dbk_cosigned_judge(w->k.asha.book, &w->k.space).size > 0);
}

/* ---- a relay that lies ---------------------------------------------------------------------- */

/* What the relay holds of a space: the one that stands, or that waits. */
static void keep_offer(desks *w, const dbk_id *space, bool next)
{
    relaykit *kit = &w->k.world.kit;
    dbk_log log;
    dbk_kept_snapshots k;
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    assert_ok(kit->source.open(kit->source.self, &log, DBK_LOG_READS, NULL), NULL);
    const dbk_log_space s = { &log, *space };
    assert_ok(dbk_log_snapshots_get(&s, &k, NULL), NULL);
    const dbk_kept_snapshot *one = next ? &k.next : &k.standing;
    dbk_snapshot_offer offer = { .words_count = one->words_count };
    assert_ok(dbk_log_snapshot_manifest_get(&s, &one->name, &manifest, NULL), NULL);
    offer.manifest = dbk_bytes_span(&manifest);
    for (size_t i = 0; i < one->words_count; i++)
        offer.words[i] = dbk_span_of(one->words[i], sizeof(one->words[i]));
    dbk_bytes_truncate(&w->offer, 0);
    dbk_bytes_truncate(&w->part, 0);
    assert_ok(dbk_snapshot_offer_encode(&w->offer, &offer, NULL), NULL);
    assert_ok(dbk_log_snapshot_part_get(&s, &one->name, 0, &w->part, NULL), NULL);
    dbk_bytes_wipe(&manifest);
    dbk_log_close(&log);
}

static void ben_anew(desks *w)
{
    sync_device_close(&w->k.ben);
    sync_device_open(&w->k.world, &w->k.ben, "ben");
    ben_comes(w);
}

static void a_relay_that_lies_about_it_only_makes_a_device_pull_the_log(void **state)
{
    desks *w = *state;
    open_other(w);
    make(&w->k.hq, &w->k.space);
    assert_int_equal(confirms(&w->k.second), 1);
    for (w->lie = STRIPS_WORDS; w->lie < LIES; w->lie++) {
        if (w->lie == OTHER_SPACE)
            keep_offer(w, &w->other, false);
        ben_anew(w);
        assert_int_equal(bare(&w->k.ben, &w->k.space), 0);
    }
    deskkit_write(&w->k, &w->k.space, 1);
    make(&w->k.second, &w->k.space);
    keep_offer(w, &w->k.space, true);
    w->lie = GIVES_KEPT; /* which nobody has confirmed */
    ben_anew(w);
    assert_int_equal(bare(&w->k.ben, &w->k.space), 0);
    w->lie = HONEST;
    ben_anew(w);
    assert_true(bare(&w->k.ben, &w->k.space) > 0);
}

/* Of the relay, not of a file: an officer would look for one. */
static void what_waits_and_cannot_be_read_is_told_of_the_relay(void **state)
{
    desks *w = *state;
    dbk_snapshot_told told;
    make(&w->k.hq, &w->k.space);
    w->lie = GARBLES;
    dbk_err err = { 0 };
    dbk_rc rc = dbk_driver_snapshot_confirm(w->k.second.book, &w->k.second.t, &w->k.space, &told,
                                            NULL, &err);
    assert_rc(rc, DBK_PEER, &err);
    w->lie = HONEST;
    assert_int_equal(confirms(&w->k.second), 1);
}

/* Whatever it said was of a log that has ended: nobody could confirm it, or begin with it. */
static void a_restored_relay_keeps_none_of_a_log_that_ended(void **state)
{
    desks *w = *state;
    dbk_recovery_plan plan;
    dbk_err err = { 0 };
    const dbk_recovery_opts opts = { .sign = true };
    make(&w->k.hq, &w->k.space);
    relaykit_stop(&w->k.world.kit);
    relaykit_recover(&w->k.world.kit); /* its power went, and its disk may have lied */
    relaykit_start(&w->k.world.kit);
    assert_ok(dbk_driver_recover(w->k.hq.book, &w->k.hq.t, &plan, &opts, &err), &err);
    assert_true(plan.done);
    dbk_recovery_plan_wipe(&plan);
    (void)sync_now(&w->k.hq);
    assert_int_equal(confirms(&w->k.second), 0); /* and nothing is wrong with that */
    assert_true(sync_now(&w->k.second).idle);
    make(&w->k.hq, &w->k.space);
    assert_int_equal(confirms(&w->k.second), 1);
    ben_comes(w);
    assert_true(bare(&w->k.ben, &w->k.space) >= 8);
}

static void an_older_one_is_as_good_and_the_log_goes_on_from_there(void **state)
{
    desks *w = *state;
    make(&w->k.hq, &w->k.space);
    assert_int_equal(confirms(&w->k.second), 1);
    keep_offer(w, &w->k.space, false);
    deskkit_write(&w->k, &w->k.space, 3);
    make(&w->k.hq, &w->k.space);
    assert_int_equal(confirms(&w->k.second), 1);
    w->lie = GIVES_KEPT;
    ben_comes(w);
    assert_int_equal(bare(&w->k.ben, &w->k.space), 8);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(a_desk_makes_one_a_second_confirms_and_a_new_device_begins_with_it),
        WITH(what_no_second_desk_has_confirmed_is_not_given),
        WITH(a_device_that_has_sent_something_already_pulls_the_log_P1),
        WITH(one_that_broke_off_is_not_tried_again),
        WITH(a_desk_whose_rows_were_changed_is_not_confirmed_and_the_other_says_so_P4),
        WITH(a_desk_of_headquarters_takes_the_log_and_not_a_snapshot_P1),
        WITH(a_witness_says_nothing_of_a_log_whose_notes_it_lacks_P1),
        WITH(a_relay_that_lies_about_it_only_makes_a_device_pull_the_log),
        WITH(what_waits_and_cannot_be_read_is_told_of_the_relay),
        WITH(an_older_one_is_as_good_and_the_log_goes_on_from_there),
        WITH(a_restored_relay_keeps_none_of_a_log_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
