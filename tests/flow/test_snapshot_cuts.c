/* A snapshot that comes in pieces over a line that breaks (decision 0053): what has come stays, and
 * nothing of it counts before all is here. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/snapshot_kept.h"
#include "core/journal/verify.h"
#include "core/store/sql.h"
#include "sync/engine/msg_snapshot.h"
#include "tests/lib/syncworld.h"

#define PARTS_MAX 8u
#define NEVER PARTS_MAX
#define RECORDS 45u
#define LONG_TEXT_BYTES 50000u /* in signs of three bytes: about as long as an entry may be */

typedef struct desks {
    syncworld world;
    sync_device hq, second, asha, ben;
    dbk_id space;
    unsigned records;          /* in the log */
    unsigned cut_at;           /* the line breaks when this part is asked for */
    unsigned given[PARTS_MAX]; /* how often each was */
    unsigned replaced_at;      /* headquarters makes another one while this part is under way */
    const dbk_bytes *instead;  /* of the chunks of each part: another snapshot's */
    dbk_bytes old;             /* part 0 of the one that stood first */
} desks;

static void cut(dbk_relay_answer *a)
{
    dbk_relay_refuse(a, 503, "busy");
    a->retry_after_s = 3600; /* so that nobody waits for it */
}

static void replace(desks *w);

static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *a)
{
    static const char part[] = "/snapshot/part?number=";
    desks *w = ctx;
    const char *at = strstr(req->target, part);
    if (d != &w->ben || at == NULL || a->status != 200)
        return;
    unsigned number = (unsigned)strtoul(at + strlen(part), NULL, 10);
    assert_true(number < PARTS_MAX);
    if (number == w->cut_at) {
        cut(a);
        return;
    }
    w->given[number]++;
    if (number == 0 && w->old.len == 0)
        assert_ok(dbk_bytes_append(&w->old, dbk_bytes_span(&a->body), NULL), NULL);
    if (w->instead != NULL) { /* under the name and the number that were asked for */
        dbk_bytes_truncate(&a->body, DBK_PART_HEAD_BYTES);
        assert_ok(dbk_bytes_append(&a->body,
                                   dbk_span_of(w->instead->p + DBK_PART_HEAD_BYTES,
                                               w->instead->len - DBK_PART_HEAD_BYTES),
                                   NULL),
                  NULL);
    }
    if (number == w->replaced_at) {
        w->replaced_at = NEVER;
        replace(w);
    }
}

/* Of RECORDS long texts a snapshot has three parts. */
static void write_long(desks *w, unsigned count)
{
    static char text[LONG_TEXT_BYTES + 1];
    dbk_err err = { 0 };
    const dbk_input inputs[] = { { .op = DBK_INPUT_SET, .field = "what", .text = text } };
    const dbk_add add = {
        .space = w->space, .form = "breach", .inputs = inputs, .inputs_count = 1
    };
    for (unsigned i = 0; i < count; i++) {
        dbk_id record;
        dbk_problems problems = { 0 };
        for (unsigned at = 0; at + 3 <= LONG_TEXT_BYTES; at += 3)
            memcpy(text + at, "\xe2\x82\xac", 3);
        dbk_rc rc = dbk_journal_add(w->asha.book, &record, &problems, &add, &err);
        if (rc != DBK_OK)
            fail_msg("%s %s", err.text, problems.count > 0 ? problems.rows[0].text : "");
        dbk_problems_wipe(&problems);
        w->records++;
    }
    (void)sync_now(&w->asha);
    (void)sync_now(&w->hq);
    (void)sync_now(&w->second);
}

static void make(desks *w)
{
    dbk_snapshot_told told;
    dbk_err err = { 0 };
    assert_ok(dbk_driver_snapshot_make(w->hq.book, &w->hq.t, &w->space, &told, NULL, &err), &err);
    assert_int_equal(sync_now(&w->second).snapshots_confirmed, 1);
}

/* By one of a longer log. */
static void replace(desks *w)
{
    write_long(w, 1);
    make(w);
}

/* One world for all tests: it takes long to write so much. Ben is new in each. */
static int world_setup(void **state)
{
    static desks w;
    memset(&w, 0, sizeof(w));
    w.cut_at = w.replaced_at = NEVER;
    dbk_bytes_init(&w.old, DBK_PART_BYTES_MAX);
    syncworld_open(&w.world);
    w.world.packs = true;
    w.world.meddle = meddle;
    w.world.meddle_ctx = &w;
    sync_device_open(&w.world, &w.hq, "hq desk");
    sync_device_open(&w.world, &w.second, "second desk");
    sync_device_open(&w.world, &w.asha, "asha");
    sync_found(&w.hq);
    w.space = sync_space(&w.hq, "Operation Limelight");
    sync_enlist(&w.hq, &w.second, DBK_ROLE_HQ, &w.space);
    sync_enlist(&w.hq, &w.asha, DBK_ROLE_OFFICER, &w.space);
    write_long(&w, RECORDS);
    make(&w);
    *state = &w;
    return 0;
}

static int world_teardown(void **state)
{
    desks *w = *state;
    sync_device_close(&w->hq);
    sync_device_close(&w->second);
    sync_device_close(&w->asha);
    syncworld_close(&w->world);
    return 0;
}

static int setup(void **state)
{
    desks *w = *state;
    memset(w->given, 0, sizeof(w->given));
    w->instead = NULL;
    sync_device_open(&w->world, &w->ben, "ben");
    sync_admit(&w->hq, &w->ben, DBK_ROLE_OFFICER, &w->space);
    return 0;
}

static int teardown(void **state)
{
    desks *w = *state;
    dbk_err err = { 0 };
    assert_ok(dbk_book_check_deep(w->ben.book, &err), &err);
    sync_device_close(&w->ben);
    dbk_bytes_wipe(&w->old);
    return 0;
}

/* ---- what is here ---------------------------------------------------------------------------- */

static int number(void *ctx, int count, char **values, char **names)
{
    (void)names;
    assert_int_equal(count, 1);
    *(unsigned *)ctx = (unsigned)strtoul(values[0], NULL, 10);
    return 0;
}

static unsigned chunks_kept(const sync_device *d)
{
    unsigned n = 0;
    assert_int_equal(sqlite3_exec(d->book->store->db,
                                  "SELECT count(*) FROM meta WHERE name LIKE 'snapshot-chunk.%'",
                                  number, &n, NULL),
                     SQLITE_OK);
    return n;
}

static uint64_t bare(sync_device *d, const dbk_id *space)
{
    dbk_snapshot_begun begun;
    assert_ok(dbk_snapshot_begun_with(d->book, &begun, space, NULL), NULL);
    return begun.bare;
}

/* own: records that it has written itself. */
static void breaks_at(desks *w, unsigned part, unsigned own)
{
    dbk_sync_report report;
    dbk_err err = { 0 };
    w->cut_at = part;
    assert_rc(sync_try(&w->ben, &report, &err), DBK_UNREACHABLE, &err);
    assert_int_equal(report.begun, 0);
    assert_int_equal(sync_verify(&w->ben, &w->space).records, own);
    w->cut_at = NEVER;
}

static void comes(desks *w)
{
    assert_int_equal(sync_now(&w->ben).begun, 1);
    (void)sync_now(&w->asha);
    assert_true(bare(&w->ben, &w->space) > 0);
    assert_int_equal(chunks_kept(&w->ben), 0);
    sync_assert_equal(&w->ben, &w->asha, &w->space);
}

/* ---- goes on --------------------------------------------------------------------------------- */

static void a_transfer_that_is_cut_at_every_part_fetches_each_once(void **state)
{
    desks *w = *state;
    for (unsigned part = 1; part < 3; part++) {
        breaks_at(w, part, 0);
        assert_int_equal(chunks_kept(&w->ben), part * DBK_PART_CHUNKS);
        sync_device_reopen(&w->ben);
    }
    comes(w);
    for (unsigned part = 0; part < PARTS_MAX; part++)
        assert_int_equal(w->given[part], part < 3 ? 1 : 0);
    assert_true(sync_now(&w->ben).idle);
}

/* A line that never brings a whole part must not keep a device from the log. */
static void after_a_few_tries_that_brought_nothing_it_pulls_the_log(void **state)
{
    desks *w = *state;
    breaks_at(w, 1, 0);
    for (unsigned i = 0; i < DBK_SNAPSHOT_TRIES_MAX; i++) {
        assert_int_equal(chunks_kept(&w->ben), DBK_PART_CHUNKS);
        breaks_at(w, 1, 0);
    }
    assert_int_equal(sync_now(&w->ben).begun, 0);
    assert_int_equal(bare(&w->ben, &w->space), 0);
    assert_int_equal(chunks_kept(&w->ben), 0);
    assert_int_equal(w->given[0], 1);
    sync_assert_equal(&w->ben, &w->asha, &w->space);
}

/* What is written meanwhile leaves first, on a line that may break again (P1). It stands in the log
 * behind the snapshot, and comes with the tail. */
static void what_is_written_meanwhile_leaves_first_and_the_snapshot_goes_on_P1(void **state)
{
    desks *w = *state;
    breaks_at(w, 1, 0);
    (void)sync_write(&w->ben, &w->space, "by ben");
    breaks_at(w, 2, 1);
    (void)sync_now(&w->asha);
    assert_int_equal(sync_verify(&w->asha, &w->space).records, w->records + 1);
    (void)sync_write(&w->ben, &w->space, "by ben too");
    comes(w);
    for (unsigned part = 0; part < 3; part++)
        assert_int_equal(w->given[part], 1);
    assert_true(sync_now(&w->ben).idle);
    w->records += 2;
}

/* The log has the device's note within the next snapshot: nobody begins with that but by the log.
 */
static void what_a_snapshot_holds_of_this_device_itself_is_pulled_P1(void **state)
{
    desks *w = *state;
    breaks_at(w, 1, 0);
    (void)sync_write(&w->ben, &w->space, "by ben");
    breaks_at(w, 1, 1);
    replace(w);
    w->records++;
    assert_int_equal(sync_now(&w->ben).begun, 0);
    assert_int_equal(bare(&w->ben, &w->space), 0);
    assert_int_equal(chunks_kept(&w->ben), 0);
    sync_assert_equal(&w->ben, &w->asha, &w->space);
}

/* ---- another one ----------------------------------------------------------------------------- */

static void where_another_one_stands_by_now_it_begins_anew_with_that(void **state)
{
    desks *w = *state;
    breaks_at(w, 2, 0);
    replace(w);
    comes(w);
    assert_int_equal(w->given[0], 2);
    assert_int_equal(w->given[2], 1);
}

static void one_that_is_replaced_between_two_parts_is_begun_anew_at_once(void **state)
{
    desks *w = *state;
    w->replaced_at = 1;
    comes(w);
    assert_int_equal(w->given[0], 2);
    assert_int_equal(w->given[1], 2);
    assert_int_equal(w->given[2], 2); /* the first was the new one's, and not asked for */
}

/* Nothing is kept that isn't just this snapshot's: no disk is filled, and no two are mixed. */
static void what_is_not_of_this_snapshot_is_not_kept_P4(void **state)
{
    desks *w = *state;
    breaks_at(w, 1, 0);
    replace(w);
    w->instead = &w->old;
    dbk_sync_report report = sync_now(&w->ben);
    assert_int_equal(report.begun_refused, 1);
    assert_int_equal(w->given[0], 2);
    assert_int_equal(w->given[1], 0);
    assert_int_equal(chunks_kept(&w->ben), 0);
    assert_int_equal(bare(&w->ben, &w->space), 0);
    sync_assert_equal(&w->ben, &w->asha, &w->space);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(a_transfer_that_is_cut_at_every_part_fetches_each_once),
        WITH(after_a_few_tries_that_brought_nothing_it_pulls_the_log),
        WITH(what_is_written_meanwhile_leaves_first_and_the_snapshot_goes_on_P1),
        WITH(what_a_snapshot_holds_of_this_device_itself_is_pulled_P1),
        WITH(where_another_one_stands_by_now_it_begins_anew_with_that),
        WITH(one_that_is_replaced_between_two_parts_is_begun_anew_at_once),
        WITH(what_is_not_of_this_snapshot_is_not_kept_P4),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
