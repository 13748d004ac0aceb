/* verify finds whatever was changed, by changing it with SQL behind the program's back. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

static void sql(dbk_book *book, const char *text)
{
    char *why = NULL;
    if (sqlite3_exec(book->store->db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

/* Copies of all rows, and back: verify works outside of transactions. */
static const char *const tables[] = { "record", "op", "segment", "feed", "space", "member" };

static void keep_rows(dbk_book *book)
{
    char text[128];
    sql(book, "PRAGMA foreign_keys=OFF");
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        (void)snprintf(text, sizeof(text), "CREATE TEMP TABLE kept_%s AS SELECT * FROM %s",
                       tables[i], tables[i]);
        sql(book, text);
    }
}

static void put_rows_back(dbk_book *book)
{
    char text[128];
    sql(book, "BEGIN");
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        (void)snprintf(text, sizeof(text), "DELETE FROM %s", tables[i]);
        sql(book, text);
        (void)snprintf(text, sizeof(text), "INSERT INTO %s SELECT * FROM kept_%s", tables[i],
                       tables[i]);
        sql(book, text);
    }
    sql(book, "COMMIT");
}

/* HQ with five segments of two authors in its log, one more of its own. */
static void make_full(world *w)
{
    static const char *const fields[] = { "name=Ruth", NULL };
    world_make(w);
    world_edit(w, ANNE, "sex=male");
    world_edit(w, ANNE, "religion=none");
    (void)minilog_push(&w->log, world_book(w, ANNE), KIT_NOON_MS);
    minilog_pull(&w->log, world_book(w, BEN), 10, NULL);
    world_edit(w, BEN, "name=Joanna Marsh");
    world_edit(w, ANNE, "name=Joanne Marsh");
    (void)minilog_push(&w->log, world_book(w, BEN), KIT_NOON_MS + 1);
    (void)minilog_append_own(&w->log, world_book(w, ANNE), KIT_NOON_MS + 2);
    minilog_pull(&w->log, world_book(w, HQ), 10, NULL);
    minilog_pull(&w->log, world_book(w, ANNE), 10, NULL);
    (void)dbk_test_add(world_book(w, HQ), &w->org.space, "person", fields);
    (void)minilog_push(&w->log, world_book(w, HQ), KIT_NOON_MS + 3);
}

static const struct {
    const char *why, *sql, *says;
} changes[] = {
    { "a record's list row", "UPDATE record SET summary='Eve' WHERE id=1", "is listed otherwise" },
    { "its date", "UPDATE record SET when_ms=when_ms+1 WHERE id=1", "is listed otherwise" },
    { "a dispute hidden", "UPDATE record SET asks=0,reviews=0 WHERE asks>0",
      "is listed otherwise" },
    { "a record's life", "UPDATE record SET life=2 WHERE id=1", "is listed otherwise" },
    { "a record's form", "UPDATE record SET form='case' WHERE id=1", "is listed otherwise" },
    { "a record's state",
      "UPDATE record SET state=(SELECT state FROM record WHERE id=2)"
      " WHERE id=1",
      "differs from what its notes say" },
    { "a record's state, one byte",
      "UPDATE record SET state=CAST(substr(state,1,length(state)-1)||x'00' AS BLOB) WHERE id=1",
      "differs from what its notes say" },
    { "a record dropped", "DELETE FROM record WHERE id=2", "missing from its record" },
    { "a record renamed", "UPDATE record SET record=randomblob(16) WHERE id=2",
      "missing from its record" },
    { "an op left out of its record", "DELETE FROM op WHERE segment=3", "missing from its record" },
    { "an op given to another record",
      "INSERT INTO op SELECT 2,segment,place FROM op WHERE record=1 LIMIT 1",
      "a note of another record" },
    { "an op of no place", "INSERT INTO op VALUES(1,1,7)", "a note that can't be opened" },
    { "an op of no segment", "INSERT INTO op VALUES(1,99,0)", "a segment that is missing" },
    { "a segment dropped", "DELETE FROM segment WHERE id=2", "does not follow" },
    { "the newest segment dropped", "DELETE FROM segment WHERE id=5", "should end with op" },
    { "a body's byte",
      "UPDATE segment SET body=CAST(substr(body,1,40)||x'00'||substr(body,42) AS BLOB) WHERE "
      "id=3",
      "not those that its author signed" },
    { "a body cut", "UPDATE segment SET body=substr(body,1,40) WHERE id=3",
      "not those that its author signed" },
    { "the newest header's signature", /* those before it: the next case */
      "UPDATE segment SET header=CAST(substr(header,1,260)||x'00'||substr(header,262) AS BLOB) "
      "WHERE id=5",
      "not signed by its author" },
    { "what a header says was seen",
      "UPDATE segment SET header=CAST(substr(header,1,120)||x'00'||substr(header,122) AS BLOB) "
      "WHERE id=2",
      "not signed by its author" },
    { "a header of another segment",
      "UPDATE segment SET header=(SELECT header FROM segment WHERE id=2) WHERE id=3",
      "another header than its place" },
    { "a header that is none", "UPDATE segment SET header=zeroblob(300) WHERE id=3",
      "malformed header" },
    { "headers swapped",
      "UPDATE segment SET header=(SELECT s.header FROM segment s WHERE s.id=5-segment.id)"
      " WHERE id IN (2,3)",
      "another header than its place" },
    { "a segment's place", "UPDATE segment SET first_seq=first_seq+10 WHERE id=3",
      "another header than its place" },
    { "a segment's feed", "UPDATE segment SET feed=2,first_seq=9 WHERE id=3",
      "another header than its place" },
    { "a receipt time", "UPDATE segment SET receipt_ms=receipt_ms+1 WHERE id=3",
      "entries are not those" },
    { "a log index", "UPDATE segment SET log_index=log_index+100 WHERE id=3",
      "of the relay's log is missing" },
    { "a receipt's signature",
      "UPDATE segment SET receipt=randomblob(64) WHERE receipt"
      " IS NOT NULL",
      "a receipt that the relay did not sign" },
    { "a receipt cut", "UPDATE segment SET receipt=x'00' WHERE receipt IS NOT NULL",
      "a receipt that the relay did not sign" },
    { "a merged segment said to wait", "UPDATE segment SET status=1 WHERE id=5",
      "is said to wait" },
    { "one in the middle said to wait", "UPDATE segment SET status=1 WHERE id=2",
      "though an earlier one waits" },
    { "the position", "UPDATE space SET frontier=x'0000000000000000'", "position in a log" },
    { "the checkpoint", "UPDATE space SET checkpoint=x''", "position in a log" },
    { "a feed's end", "UPDATE feed SET last_seq=last_seq+1 WHERE id=1", "end of a feed" },
    { "a feed's device", "UPDATE feed SET device=randomblob(16) WHERE id=1", "end of a feed" },
    { "a membership entry dropped", "DELETE FROM member WHERE seq=2", "entry 2 is missing" },
    { "the newest membership entry dropped",
      "DELETE FROM member WHERE seq=(SELECT max(seq) FROM member)", "does not lead to" },
    { "a membership entry changed",
      "UPDATE member SET bytes=CAST(substr(bytes,1,100)||x'00'||substr(bytes,102) AS BLOB) "
      "WHERE seq=3",
      "entry 3 does not verify" },
    { "a membership hash", "UPDATE member SET hash=randomblob(32) WHERE seq=1",
      "entry 1 stands under a wrong hash" },
    { "a column of another size", "UPDATE feed SET head=x'00' WHERE id=1", "can't be read" },
};

/* A signature is no part of what the chain hashes. A relay may spoil the earlier ones of a run
 * (evilrelay S01b), which is no damage: the author has signed all of it with the newest. */
static void a_later_signature_vouches_for_an_earlier_one(void **state)
{
    world w;
    (void)state;
    make_full(&w);
    dbk_book *hq = world_book(&w, HQ);
    keep_rows(hq);
    sql(hq, "UPDATE segment SET header=CAST(substr(header,1,260)||x'00'||substr(header,262) AS "
            "BLOB) WHERE id=2");
    assert_int_equal(sqlite3_changes64(hq->store->db), 1);
    (void)proof_clean(hq, &w.org.space);
    put_rows_back(hq);
    world_drop(&w);
}

static void every_change_behind_the_program_is_found_p4(void **state)
{
    world w;
    (void)state;
    make_full(&w);
    dbk_book *hq = world_book(&w, HQ);
    (void)proof_clean(hq, &w.org.space);
    keep_rows(hq);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        sql(hq, changes[i].sql);
        if (sqlite3_changes64(hq->store->db) == 0)
            fail_msg("%s: nothing was changed", changes[i].why);
        proof p = proof_of(hq, &w.org.space);
        if (p.rc != DBK_DAMAGED || !proof_says(&p, changes[i].says))
            fail_msg("%s: %s, \"%s\"", changes[i].why, dbk_rc_name(p.rc), p.sentences[0]);
        put_rows_back(hq);
    }
    (void)proof_clean(hq, &w.org.space);
    world_drop(&w);
}

/* It would hide what somebody did from audit --op erasure. */
static void a_record_that_ended_and_is_not_marked_so_is_found_p7(void **state)
{
    static const char *const fields[] = { "name=Ruth", NULL };
    world w;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    dbk_book *hq = world_book(&w, HQ);
    dbk_id id = dbk_test_add(hq, &w.org.space, "person", fields);
    assert_ok(dbk_journal_withdraw(hq, &id, "entered twice", &err), &err);
    (void)proof_clean(hq, &w.org.space);
    sql(hq, "DELETE FROM deed");
    proof p = proof_of(hq, &w.org.space);
    assert_true(proof_says(&p, "isn't where the log of use looks"));
    world_drop(&w);
}

static void a_checkpoint_that_the_relay_did_not_sign_is_found(void **state)
{
    world w;
    (void)state;
    make_full(&w);
    dbk_book_space *space = dbk_tables_space(&world_book(&w, HQ)->tables, &w.org.space);
    dbk_stand kept = space->now;
    space->now.note[space->now.note_len - 10] ^= 1;
    proof p = proof_of(world_book(&w, HQ), &w.org.space);
    assert_true(proof_says(&p, "last checkpoint does not verify"));
    space->now = kept;
    space->now.checkpoint_root.b[0] ^= 1;
    p = proof_of(world_book(&w, HQ), &w.org.space);
    assert_true(proof_says(&p, "not those that the relay signed"));
    space->now = kept;
    space->now.frontier.nodes[0].b[0] ^= 1;
    p = proof_of(world_book(&w, HQ), &w.org.space);
    assert_true(proof_says(&p, "do not give its root"));
    space->now = kept;
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    world_drop(&w);
}

typedef struct seen {
    size_t spaces, vector;
    uint64_t done, total, calls;
    dbk_id first, last;
} seen;

static dbk_rc see_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    seen *s = ctx;
    (void)err;
    s->spaces++;
    s->vector += v->vector_count;
    for (size_t i = 1; i < v->vector_count; i++)
        assert_true(dbk_id_compare(&v->vector[i - 1].feed, &v->vector[i].feed) < 0);
    assert_int_equal(v->segments, 6);
    assert_int_equal(v->ops, 6);
    assert_int_equal(v->records, 2);
    assert_int_equal(v->faults, 0);
    return DBK_OK;
}

static dbk_rc see_fault(void *ctx, const char *sentence, dbk_err *err)
{
    (void)ctx;
    (void)err;
    fail_msg("%s", sentence);
    return DBK_OK;
}

static void see_progress(void *ctx, uint64_t done, uint64_t total)
{
    seen *s = ctx;
    assert_true(done > s->done);
    assert_true(done <= total);
    s->done = done;
    s->total = total;
    s->calls++;
}

static void verify_tells_the_vector_and_how_far_it_is(void **state)
{
    world w;
    seen s = { 0 };
    dbk_err err = { 0 };
    (void)state;
    make_full(&w);
    dbk_verify_sink sink = { see_space, see_fault, see_progress, &s };
    assert_ok(dbk_verify_book(world_book(&w, HQ), &sink, &err), &err);
    assert_int_equal(s.spaces, 1);
    assert_int_equal(s.vector, 3);
    assert_int_equal(s.total, 8);
    assert_int_equal(s.done, 8);
    world_drop(&w);
}

static dbk_rc stop_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    (void)ctx;
    (void)v;
    return dbk_fail(err, DBK_FULL, "no room for the report");
}

static void a_sink_that_fails_stops_verify_with_its_own_cause(void **state)
{
    world w;
    dbk_err err = { 0 };
    seen s = { 0 };
    (void)state;
    make_full(&w);
    dbk_verify_sink sink = { stop_space, see_fault, NULL, &s };
    assert_rc(dbk_verify_book(world_book(&w, HQ), &sink, &err), DBK_FULL, &err);
    world_drop(&w);
}

static void hashes_are_equal_where_the_same_is_held_and_only_there_1_6(void **state)
{
    world w;
    (void)state;
    make_full(&w);
    proof hq = proof_clean(world_book(&w, HQ), &w.org.space);
    proof anne = proof_clean(world_book(&w, ANNE), &w.org.space);
    assert_false(dbk_hash_equal(&hq.of.state_hash, &anne.of.state_hash));
    assert_false(dbk_hash_equal(&hq.of.vector_hash, &anne.of.vector_hash));
    minilog_pull(&w.log, world_book(&w, ANNE), 10, NULL);
    anne = proof_clean(world_book(&w, ANNE), &w.org.space);
    assert_true(proof_equal(&hq, &anne));
    proof auditor = proof_clean(world_book(&w, AUDITOR), &w.org.space);
    assert_int_equal(auditor.of.records, 0);
    world_drop(&w);
}

static void a_book_without_an_organisation_verifies(void **state)
{
    dbk_test_book b;
    dbk_id none = { { 0 } };
    (void)state;
    dbk_test_book_make(&b, 5);
    proof p = proof_clean(b.book, &none);
    assert_int_equal(p.of.records, 0);
    dbk_test_book_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_signature_vouches_for_an_earlier_one),
        cmocka_unit_test(every_change_behind_the_program_is_found_p4),
        cmocka_unit_test(a_record_that_ended_and_is_not_marked_so_is_found_p7),
        cmocka_unit_test(a_checkpoint_that_the_relay_did_not_sign_is_found),
        cmocka_unit_test(verify_tells_the_vector_and_how_far_it_is),
        cmocka_unit_test(a_sink_that_fails_stops_verify_with_its_own_cause),
        cmocka_unit_test(hashes_are_equal_where_the_same_is_held_and_only_there_1_6),
        cmocka_unit_test(a_book_without_an_organisation_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
