/* A log with a floor, from the administrators who agree on it to devices that lack what relays have
 * let go of (decision 0041); and what a relay that lets go of more reaches, which is to be found
 * out. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/book_internal.h"
#include "sync/relay/log_floor.h"
#include "tests/lib/deskkit.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

typedef struct desks {
    deskkit k;
    bool digs;       /* the relay makes holes of what Ben gets ... */
    uint64_t dug_at; /* ... from this index on */
    char kept[DBK_TEST_PATH_SIZE];
} desks;

/* ---- a relay that lets go of more ------------------------------------------------------------ */

static void dig(desks *w, dbk_relay_answer *a)
{
    dbk_range range;
    dbk_range_item item;
    dbk_bytes out = DBK_BYTES_INIT(DBK_RESPONSE_BYTES_MAX),
              room = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    assert_ok(dbk_range_decode(&range, dbk_bytes_span(&a->body), NULL), NULL);
    assert_ok(dbk_range_begin(&out, &range, NULL), NULL);
    uint64_t at = range.from;
    while (dbk_range_next(&range, &item, NULL) == DBK_OK) {
        dbk_header h;
        uint64_t erased;
        assert_ok(dbk_header_decode(&h, item.segment.header, NULL), NULL);
        if (item.has_body && at++ >= w->dug_at)
            assert_ok(
                dbk_sealed_erase(&item.segment, &erased, &room, &h, dbk_segment_ops(&h), NULL),
                NULL);
        assert_ok(dbk_range_add(&out, &item, NULL), NULL);
    }
    dbk_bytes_wipe(&room);
    dbk_bytes_wipe(&a->body);
    a->body = out;
}

static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *a)
{
    desks *w = ctx;
    if (w->digs && d == &w->k.ben && a->status == 200 && strcmp(req->method, "GET") == 0 &&
        strstr(req->target, "/segments") != NULL)
        dig(w, a);
}

/* ---- the story ------------------------------------------------------------------------------- */

static int setup(void **state)
{
    static desks w;
    memset(&w, 0, sizeof(w));
    deskkit_open(&w.k, DBK_ROLE_ADMIN);
    w.k.world.meddle = meddle;
    w.k.world.meddle_ctx = &w;
    dbk_test_dir_make(w.kept);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    desks *w = *state;
    sync_device *devices[] = { &w->k.hq, &w->k.second, &w->k.asha, &w->k.ben };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        dbk_err err = { 0 };
        assert_ok(dbk_book_check_deep(devices[i]->book, &err), &err);
    }
    dbk_test_dir_remove(w->kept);
    (void)relaykit_check(&w->k.world.kit);
    deskkit_close(&w->k);
    return 0;
}

static dbk_floor_place place_of(sync_device *d, const dbk_id *space)
{
    dbk_floor_place place;
    dbk_err err = { 0 };
    assert_ok(dbk_driver_floor_find(d->book, &d->t, &place, space, NULL, NULL, &err), &err);
    return place;
}

/* A snapshot is made and confirmed, everybody says what they have, and two administrators agree. */
static uint64_t move_floor(desks *w, sync_device *const *more, size_t count)
{
    dbk_snapshot_told told;
    dbk_err err = { 0 };
    bool agreed = false;
    assert_ok(dbk_driver_snapshot_make(w->k.hq.book, &w->k.hq.t, &w->k.space, &told, NULL, &err),
              &err);
    assert_int_equal(sync_now(&w->k.second).snapshots_confirmed, 1);
    w->k.world.kit.now_ms += DAY_MS; /* then the relay asks how far they are */
    (void)sync_now(&w->k.hq);
    (void)sync_now(&w->k.second);
    (void)sync_now(&w->k.asha);
    for (size_t i = 0; i < count; i++)
        (void)sync_now(more[i]);
    w->k.world.kit.now_ms -= DAY_MS; /* or invites would have run out */
    const dbk_floor_place place = place_of(&w->k.hq, &w->k.space);
    assert_int_equal(place.floor.size, told.size);
    const dbk_new_floor floor = { w->k.space, place.floor };
    assert_rc(dbk_driver_floor(w->k.hq.book, &w->k.hq.t, &floor, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    assert_ok(sync_agree(&w->k.second, &agreed, &err), &err);
    assert_true(agreed);
    return place.floor.size;
}

/* What the relay has beside the log. */
static dbk_log_brought brought(desks *w)
{
    dbk_log log;
    dbk_log_brought out;
    const dbk_log_source *source = &w->k.world.kit.source;
    assert_ok(source->open(source->self, &log, DBK_LOG_READS, NULL), NULL);
    assert_ok(log.ops->begin(log.self, NULL), NULL);
    const dbk_log_space s = { &log, w->k.space };
    assert_ok(dbk_log_brought_get(&s, &out, NULL), NULL);
    log.ops->rollback(log.self);
    dbk_log_close(&log);
    return out;
}

static uint64_t applied(sync_device *d, const dbk_id *space)
{
    const dbk_book_space *here = dbk_tables_space(&d->book->tables, space);
    return here == NULL ? 0 : here->now.frontier.size;
}

static void sync_refused(sync_device *d, dbk_rc rc)
{
    dbk_sync_report report;
    dbk_err err = { 0 };
    assert_rc(sync_try(d, &report, &err), rc, &err);
}

/* ---- where it may be ------------------------------------------------------------------------- */

static void it_goes_as_high_as_everybody_is_and_the_snapshot_stands_p1(void **state)
{
    desks *w = *state;
    dbk_err err = { 0 };
    bool agreed = false;
    assert_int_equal(place_of(&w->k.hq, &w->k.space).floor.size, 0); /* no snapshot */
    uint64_t floor = move_floor(w, NULL, 0);
    assert_int_equal(place_of(&w->k.hq, &w->k.space).now, floor);
    assert_int_equal(place_of(&w->k.hq, &w->k.space).floor.size, 0);
    /* Somebody who is new has said nothing yet, and holds the next one back. */
    sync_admit(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    deskkit_write(&w->k, &w->k.space, 1);
    dbk_floor_place place = place_of(&w->k.hq, &w->k.space);
    assert_int_equal(place.least, 0);
    assert_int_equal(place.floor.size, 0);
    /* One who would have it all the same is refused by the relay. */
    const dbk_book_space *here = dbk_tables_space(&w->k.hq.book->tables, &w->k.space);
    place.floor = (dbk_floor){ here->now.log, here->now.frontier.size,
                               dbk_frontier_root(&here->now.frontier, DBK_TREE_LOG) };
    const dbk_new_floor greedy = { w->k.space, place.floor };
    assert_rc(dbk_driver_floor(w->k.hq.book, &w->k.hq.t, &greedy, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    assert_rc(sync_agree(&w->k.second, &agreed, &err), DBK_DENIED, &err);
    (void)sync_now(&w->k.ben);
}

/* ---- who begins ------------------------------------------------------------------------------ */

static void a_new_device_begins_with_the_snapshot_and_lacks_nothing_of_the_records_p1(void **state)
{
    desks *w = *state;
    (void)move_floor(w, NULL, 0);
    deskkit_write(&w->k, &w->k.space, 2); /* the tail */
    sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
    assert_int_equal(brought(w).to, 0);
    /* The notes themselves come from a desk, when he asks for them. */
    dbk_snapshot_begun left;
    dbk_err err = { 0 };
    assert_rc(dbk_driver_snapshot_fetch(w->k.ben.book, &w->k.ben.t, &w->k.space, &left, NULL, &err),
              DBK_PENDING, &err);
    dbk_err_clear(&err);
    (void)sync_now(&w->k.ben); /* which takes nothing back */
    (void)sync_now(&w->k.hq);
    assert_int_equal(brought(w).from, 0);
    assert_true(brought(w).to > 0);
    assert_ok(dbk_driver_snapshot_fetch(w->k.ben.book, &w->k.ben.t, &w->k.space, &left, NULL, &err),
              &err);
    assert_int_equal(left.bare, 0);
    assert_int_equal(brought(w).to, 0);
}

/* A connection that broke off is tried again, where the log's beginning is nowhere else. */
static void a_snapshot_that_broke_off_is_tried_again_below_a_floor(void **state)
{
    desks *w = *state;
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)move_floor(w, NULL, 0);
    sync_admit(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    for (unsigned at = 3; applied(&w->k.ben, &w->k.space) == 0; at++) {
        assert_true(at < 20);
        syncworld_fail(&w->k.world, WIRE_LOSES_ANSWER, at, true);
        (void)sync_try(&w->k.ben, &report, &err);
        dbk_err_clear(&err);
        syncworld_mend(&w->k.world);
    }
    (void)sync_now(&w->k.ben);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
}

/* ---- who has something, and lacks what went -------------------------------------------------- */

static void a_copy_that_was_put_back_is_given_what_relays_let_go_of_p1(void **state)
{
    desks *w = *state;
    sync_device *more[] = { &w->k.ben };
    sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    sync_device_copy(&w->k.ben);
    deskkit_write(&w->k, &w->k.space, 3);
    (void)sync_now(&w->k.ben);
    uint64_t floor = move_floor(w, more, 1);
    sync_device_swap(&w->k.ben); /* the backup of the morning */
    uint64_t before = applied(&w->k.ben, &w->k.space);
    assert_true(before > 0 && before < floor);
    sync_refused(&w->k.ben, DBK_PENDING);
    assert_int_equal(applied(&w->k.ben, &w->k.space), before); /* nothing, never half */
    assert_int_equal(brought(w).to, 0);
    (void)sync_now(&w->k.second);
    assert_int_equal(brought(w).from, before);
    assert_int_equal(brought(w).to, floor);
    (void)sync_now(&w->k.ben);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
    assert_int_equal(brought(w).to, 0); /* he lacks nothing any more */
    assert_true(sync_now(&w->k.second).idle);
}

/* In pieces, and over a line that breaks at each exchange: nothing is lost, or taken by half. */
static void each_exchange_of_that_may_be_cut_p1(void **state)
{
    desks *w = *state;
    sync_device *more[] = { &w->k.ben };
    sync_device *turns[] = { &w->k.ben, &w->k.hq, &w->k.second };
    sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    sync_device_copy(&w->k.ben);
    deskkit_write(&w->k, &w->k.space, 3);
    (void)sync_now(&w->k.ben);
    (void)move_floor(w, more, 1);
    sync_device_swap(&w->k.ben);
    for (unsigned at = 1; at < 8; at++) {
        for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
            dbk_sync_report report;
            dbk_err err = { 0 };
            syncworld_fail(&w->k.world, at % 2 == 0 ? WIRE_LOSES_ANSWER : WIRE_CUTS, at, true);
            (void)sync_try(turns[i], &report, &err);
            syncworld_mend(&w->k.world);
        }
    }
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)sync_try(&w->k.ben, &report, &err);
    (void)sync_now(&w->k.hq);
    (void)sync_now(&w->k.ben);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
}

static void what_a_backup_left_out_comes_back_from_below_the_floor_p1(void **state)
{
    desks *w = *state;
    dbk_err err = { 0 };
    dbk_backed_up made;
    uint64_t made_ms = 0;
    char file[2 * DBK_TEST_PATH_SIZE];
    dbk_policy policy = DBK_POLICY_DEFAULT;
    bool agreed = false;
    dbk_sign_pk witness;
    assert_ok(dbk_witness_key(w->k.hq.book, &witness, &err), &err);
    memcpy(policy.witnesses.b[0], witness.b, sizeof(witness.b));
    policy.witnesses.count = 1;
    assert_rc(dbk_driver_policy(w->k.hq.book, &w->k.hq.t, &policy, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    assert_ok(sync_agree(&w->k.second, &agreed, &err), &err);
    (void)sync_now(&w->k.hq);
    (void)sync_now(&w->k.hq);
    (void)sync_now(&w->k.asha);
    (void)snprintf(file, sizeof(file), "%s/backup", w->kept);
    const dbk_backup_opts opts = { file, false };
    assert_ok(dbk_book_backup(w->k.asha.book, &made, &opts, &err), &err);
    assert_true(made.left_out > 0);
    uint64_t floor = move_floor(w, NULL, 0);
    const dbk_restore from = { file, w->k.world.passphrase };
    const dbk_book_opts book_opts = { .env = &w->k.asha.env.env };
    dbk_book_close(w->k.asha.book);
    dbk_test_dir_remove(w->k.asha.dir);
    assert_ok(dbk_book_restore(&w->k.asha.book, &made_ms, w->k.asha.dir, &from, &book_opts, &err),
              &err);
    sync_refused(&w->k.asha, DBK_PENDING);
    (void)sync_now(&w->k.second);
    assert_int_equal(brought(w).to, floor);
    (void)sync_now(&w->k.asha);
    dbk_absent absent;
    assert_ok(dbk_absent_get(w->k.asha.book, &absent, &w->k.space, &err), &err);
    assert_false(absent.any);
    sync_assert_equal(&w->k.asha, &w->k.hq, &w->k.space);
}

/* ---- a relay that lets go of more ------------------------------------------------------------ */

static void holes_without_a_floor_are_the_relays_lie_p4(void **state)
{
    desks *w = *state;
    w->digs = true;
    sync_admit(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    sync_refused(&w->k.ben, DBK_PEER);
    assert_int_equal(applied(&w->k.ben, &w->k.space), 0);
    w->digs = false;
    (void)sync_now(&w->k.ben);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
}

static void holes_above_the_floor_are_the_relays_lie_p4(void **state)
{
    desks *w = *state;
    sync_device *more[] = { &w->k.ben };
    sync_enlist(&w->k.hq, &w->k.ben, DBK_ROLE_OFFICER, &w->k.space);
    uint64_t floor = move_floor(w, more, 1);
    deskkit_write(&w->k, &w->k.space, 2);
    w->digs = true;
    w->dug_at = floor;
    sync_refused(&w->k.ben, DBK_PEER);
    assert_int_equal(applied(&w->k.ben, &w->k.space), floor);
    w->digs = false;
    (void)sync_now(&w->k.ben);
    sync_assert_equal(&w->k.ben, &w->k.asha, &w->k.space);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(it_goes_as_high_as_everybody_is_and_the_snapshot_stands_p1),
        T(a_new_device_begins_with_the_snapshot_and_lacks_nothing_of_the_records_p1),
        T(a_snapshot_that_broke_off_is_tried_again_below_a_floor),
        T(a_copy_that_was_put_back_is_given_what_relays_let_go_of_p1),
        T(each_exchange_of_that_may_be_cut_p1),
        T(what_a_backup_left_out_comes_back_from_below_the_floor_p1),
        T(holes_without_a_floor_are_the_relays_lie_p4),
        T(holes_above_the_floor_are_the_relays_lie_p4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
