/* What shows two histories, from the fault to the file that anybody can check (A15, R21, M39):
 * an author who signs twice, and a member who would like to have an honest one accused. What a
 * relay splits is in test_views.c. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/evidence.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/org.h"
#include "tests/lib/findings.h"
#include "tests/lib/forge.h"
#include "tests/lib/latekit.h"
#include "tests/lib/syncworld.h"

/* ---- an author who signs twice ------------------------------------------------------------- */

typedef struct twice {
    late l;
    forge a, b; /* one feed of Ben's; they part behind the first note */
    uint8_t notes;
} twice;

static void add_note(twice *t, forge *f)
{
    dbk_id record = forge_record(f, "person", ++t->notes);
    forge_note(
        f, &(forge_edit){ record, "person", "name", "Jo", (dbk_hlc)LATE_NOON_MS << 16, NULL, 0 });
}

/* Returns its place in the log. */
static size_t log_note(twice *t, forge *f)
{
    add_note(t, f);
    return (size_t)minilog_append(&t->l.log, forge_header(f), forge_body(f), LATE_NOON_MS);
}

static void everybody_pulls(twice *t)
{
    dbk_inbox_stats stats = { 0 };
    late_pull(&t->l, LATE_HQ);
    late_pull(&t->l, LATE_SUP);
    late_pull(&t->l, LATE_SUP2);
    minilog_pull(&t->l.log, late_book(&t->l, LATE_ANNE), 1, &stats); /* entry by entry */
}

static void twice_begin(twice *t)
{
    memset(t, 0, sizeof(*t));
    late_make(&t->l, 0);
    dbk_book *ben = late_book(&t->l, LATE_BEN);
    forge_init(&t->a, ben, ben, &t->l.org.space);
    (void)log_note(t, &t->a);
    t->b = t->a;
    dbk_bytes_init(&t->b.body, DBK_SEGMENT_BODY_BYTES_MAX);
    (void)log_note(t, &t->a);
    everybody_pulls(t);
    (void)log_note(t, &t->b); /* the same place again */
}

static void twice_end(twice *t)
{
    forge_wipe(&t->a);
    forge_wipe(&t->b);
    late_drop(&t->l);
}

static void expect_asides(twice *t, size_t count)
{
    for (size_t i = 0; i < LATE_BOOKS; i++)
        if (i != LATE_BEN)
            assert_int_equal(late_asides(&t->l, i), count);
}

static void of_two_histories_nothing_more_is_merged_until_a_person_chose_A15(void **state)
{
    twice t;
    dbk_err err = { 0 };
    (void)state;
    twice_begin(&t);
    (void)log_note(&t, &t.a);
    size_t fourth = log_note(&t, &t.a);
    everybody_pulls(&t);
    expect_asides(&t, 3);
    assert_string_equal(late_aside_at(&t.l, LATE_ANNE, 0).why, DBK_WAIT_FORK);
    assert_string_equal(late_aside_at(&t.l, LATE_ANNE, 1).why, DBK_WAIT_FORKED);
    assert_int_equal(late_all_equal(&t.l).of.ops, 2);
    /* What he writes in a feed of which nobody knows a second history comes in. */
    (void)late_write(&t.l, LATE_BEN, "honest");
    late_log(&t.l, LATE_BEN);
    everybody_pulls(&t);
    assert_int_equal(late_all_equal(&t.l).of.ops, 3);
    /* That somebody has looked into it, or a restart, lets in nothing. */
    assert_ok(dbk_evidence_settle(late_book(&t.l, LATE_HQ), 1, "rang him", &err), &err);
    dbk_test_book_reopen(&t.l.org.books[LATE_HQ]);
    dbk_test_book_reopen(&t.l.org.books[LATE_ANNE]);
    (void)log_note(&t, &t.a);
    everybody_pulls(&t);
    expect_asides(&t, 4);
    /* A supervisor chooses one: it and what it builds on, and nothing that comes after. */
    dbk_id id = late_id(&t.l, fourth);
    late_decide(&t.l, LATE_SUP, &id, true);
    late_log(&t.l, LATE_SUP);
    everybody_pulls(&t);
    expect_asides(&t, 2);
    assert_int_equal(late_all_equal(&t.l).of.ops, 6); /* his five, and the decision */
    (void)log_note(&t, &t.a);
    everybody_pulls(&t);
    expect_asides(&t, 3);
    twice_end(&t);
}

static void a_stick_cannot_bring_in_what_continues_one_of_two_histories_A15(void **state)
{
    twice t;
    (void)state;
    twice_begin(&t);
    everybody_pulls(&t);
    expect_asides(&t, 1);
    size_t at = log_note(&t, &t.a);
    for (size_t who = 0; who < LATE_BOOKS; who++)
        if (who != LATE_BEN)
            assert_int_equal(late_carry(&t.l, who, &t.l.log.items[at]), DBK_OK);
    expect_asides(&t, 2);
    everybody_pulls(&t); /* the log brings it too */
    expect_asides(&t, 2);
    (void)log_note(&t, &t.a);
    everybody_pulls(&t);
    expect_asides(&t, 3);
    assert_int_equal(late_all_equal(&t.l).of.ops, 2);
    twice_end(&t);
}

/* ---- a member who would have an honest one accused ----------------------------------------- */

typedef struct frame {
    late l;
    forge one, two, hers;                  /* two feeds of Ben's, and one of Anne's */
    dbk_bytes first, second, other, entry; /* headers of Ben's: one, one, two; an entry */
    uint8_t forged[2 * DBK_SEGMENT_HEADER_BYTES];
    dbk_bytes notes[2];
} frame;

static void append(dbk_bytes *to, dbk_span bytes)
{
    dbk_bytes_init(to, DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_bytes_append(to, bytes, NULL), NULL);
}

static dbk_rc keep_last(void *ctx, dbk_span entry, dbk_err *err)
{
    dbk_bytes_truncate(ctx, 0);
    return dbk_bytes_append(ctx, entry, err);
}

static void frame_begin(frame *f)
{
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    late_make(&f->l, 0);
    dbk_book *ben = late_book(&f->l, LATE_BEN), *anne = late_book(&f->l, LATE_ANNE);
    forge *const all[] = { &f->one, &f->one, &f->two };
    dbk_bytes *const headers[] = { &f->first, &f->second, &f->other };
    forge_init(&f->one, ben, ben, &f->l.org.space);
    forge_init(&f->two, ben, ben, &f->l.org.space);
    forge_init(&f->hers, anne, anne, &f->l.org.space);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        dbk_id record = forge_record(all[i], "person", i + 1);
        forge_note(all[i], &(forge_edit){ record, "person", "name", "Jo",
                                          (dbk_hlc)LATE_NOON_MS << 16, NULL, 0 });
        (void)minilog_append(&f->l.log, forge_header(all[i]), forge_body(all[i]), LATE_NOON_MS);
        append(headers[i], forge_header(all[i]));
    }
    late_pull_all(&f->l);
    minilog_checkpoint(&f->l.log, &f->notes[0], 3);
    dbk_bytes_init(&f->entry, DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_outbox_members(anne, 1, keep_last, &f->entry, &err), &err);
}

static void frame_end(frame *f)
{
    dbk_bytes *const all[] = { &f->first, &f->second,   &f->other,
                               &f->entry, &f->notes[0], &f->notes[1] };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        dbk_bytes_wipe(all[i]);
    forge_wipe(&f->one);
    forge_wipe(&f->two);
    forge_wipe(&f->hers);
    late_drop(&f->l);
}

/* One of Ben's headers with another op root, signed by whom `key` belongs to; NULL: by nobody. */
static dbk_span changed(frame *f, size_t room, const dbk_secret *key)
{
    uint8_t *out = f->forged + room * DBK_SEGMENT_HEADER_BYTES;
    dbk_header h;
    assert_ok(dbk_header_decode(&h, dbk_bytes_span(&f->first), NULL), NULL);
    h.op_root.b[0] ^= 1;
    if (key != NULL)
        dbk_header_sign(&h, key);
    dbk_header_encode(out, &h);
    return dbk_span_of(out, DBK_SEGMENT_HEADER_BYTES);
}

static void same_twice(frame *f, dbk_exhibit *x)
{
    x->a = x->b = dbk_bytes_span(&f->first);
}

static void one_after_the_other(frame *f, dbk_exhibit *x)
{
    x->a = dbk_bytes_span(&f->first);
    x->b = dbk_bytes_span(&f->second);
}

static void two_feeds(frame *f, dbk_exhibit *x)
{
    x->a = dbk_bytes_span(&f->first);
    x->b = dbk_bytes_span(&f->other);
}

static void a_bit_turned(frame *f, dbk_exhibit *x)
{
    x->a = dbk_bytes_span(&f->first);
    x->b = changed(f, 0, NULL);
}

static void signed_by_her(frame *f, dbk_exhibit *x)
{
    x->a = dbk_bytes_span(&f->first);
    x->b = changed(f, 0, late_book(&f->l, LATE_ANNE)->own.sign);
}

/* Whoever covers an unsigned header must name it: his second names his first. */
static void covered_by_his_next(frame *f, dbk_exhibit *x)
{
    x->a = dbk_bytes_span(&f->first);
    x->b = changed(f, 0, NULL);
    memcpy(f->forged + DBK_SEGMENT_HEADER_BYTES, f->second.p, DBK_SEGMENT_HEADER_BYTES);
    x->b.len = 2 * DBK_SEGMENT_HEADER_BYTES;
}

/* Her own word that his segment isn't what it is, under her feed. */
static void a_feed_of_hers(frame *f, dbk_exhibit *x)
{
    dbk_id record = forge_record(&f->hers, "person", 9);
    forge_note(&f->hers, &(forge_edit){ record, "person", "name", "Jo", (dbk_hlc)LATE_NOON_MS << 16,
                                        NULL, 0 });
    x->a = dbk_bytes_span(&f->first);
    x->b = forge_header(&f->hers);
}

/* A checkpoint that the relay never signed beside the one that it did. */
static void a_note_of_hers(frame *f, dbk_exhibit *x)
{
    const dbk_secret *relay = f->l.log.relay;
    x->kind = DBK_EXHIBIT_VIEWS;
    f->l.log.items[0].receipt_ms++;
    minilog_rebuild(&f->l.log);
    f->l.log.relay = late_book(&f->l, LATE_ANNE)->own.sign;
    minilog_checkpoint(&f->l.log, &f->notes[1], 3);
    f->l.log.relay = relay;
    f->l.log.items[0].receipt_ms--;
    minilog_rebuild(&f->l.log);
    x->a = dbk_bytes_span(&f->notes[0]);
    x->b = dbk_bytes_span(&f->notes[1]);
    x->root = minilog_root(&f->l.log, 3);
}

static void an_older_note(frame *f, dbk_exhibit *x)
{
    x->kind = DBK_EXHIBIT_VIEWS; /* it is of the same log: the relay hasn't lied */
    minilog_checkpoint(&f->l.log, &f->notes[1], 2);
    minilog_proof(&f->l.log, &x->proof, 2, 3);
    x->a = dbk_bytes_span(&f->notes[0]);
    x->b = dbk_bytes_span(&f->notes[1]);
    x->root = minilog_root(&f->l.log, 2);
}

static void an_entry_of_hers(frame *f, dbk_exhibit *x)
{
    dbk_entry_decoded d;
    dbk_err err = { 0 };
    x->kind = DBK_EXHIBIT_CHAIN;
    assert_ok(dbk_entry_decode(&d, dbk_bytes_span(&f->entry), &err), &err);
    d.entry.time_ms++;
    dbk_bytes_init(&f->notes[1], DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_entry_sign(&f->notes[1], &d.entry, late_book(&f->l, LATE_ANNE)->own.sign, &err),
              &err);
    dbk_entry_decoded_wipe(&d);
    x->a = dbk_bytes_span(&f->entry);
    x->b = dbk_bytes_span(&f->notes[1]);
}

static void no_honest_author_administrator_or_relay_can_be_framed_A15(void **state)
{
    static const struct {
        const char *name;
        void (*make)(frame *f, dbk_exhibit *x);
    } cases[] = {
        { "one segment twice", same_twice },
        { "two that follow each other", one_after_the_other },
        { "the first of two feeds", two_feeds },
        { "a bit of his header turned", a_bit_turned },
        { "his header, signed by her", signed_by_her },
        { "a changed header before his next", covered_by_his_next },
        { "a feed of hers", a_feed_of_hers },
        { "a checkpoint that the relay didn't sign", a_note_of_hers },
        { "an older checkpoint of the same log", an_older_note },
        { "an entry that no administrator signed", an_entry_of_hers },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        frame f;
        dbk_err err = { 0 };
        dbk_exhibit x = { .kind = DBK_EXHIBIT_FEED };
        frame_begin(&f);
        cases[i].make(&f, &x);
        dbk_book *book = late_book(&f.l, LATE_HQ);
        assert_ok(dbk_evidence_keep(book, &x, &err), &err);
        if (evidence_of(book).count != 0)
            fail_msg("%s: is taken for a proof", cases[i].name);
        /* And nothing of Ben's waits for it. */
        dbk_id record = forge_record(&f.one, "person", 7);
        forge_note(&f.one, &(forge_edit){ record, "person", "name", "Jo",
                                          (dbk_hlc)LATE_NOON_MS << 16, NULL, 0 });
        (void)minilog_append(&f.l.log, forge_header(&f.one), forge_body(&f.one), LATE_NOON_MS);
        late_pull_all(&f.l);
        assert_int_equal(late_asides(&f.l, LATE_HQ), 0);
        assert_int_equal(late_all_equal(&f.l).of.ops, 4);
        frame_end(&f);
    }
}

/* What she puts on a stick in his name is refused, and leaves no trace against him. */
static void a_stick_of_forgeries_leaves_nothing_against_their_author_A15(void **state)
{
    frame f;
    (void)state;
    frame_begin(&f);
    const dbk_secret *keys[] = { NULL, late_book(&f.l, LATE_ANNE)->own.sign };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        dbk_span header = changed(&f, i, keys[i]);
        minilog_item item = f.l.log.items[0];
        item.header = f.forged + i * DBK_SEGMENT_HEADER_BYTES;
        item.header_len = header.len;
        assert_int_equal(late_carry(&f.l, LATE_HQ, &item), DBK_AUTH);
    }
    assert_int_equal(evidence_of(late_book(&f.l, LATE_HQ)).count, 0);
    assert_int_equal(late_asides(&f.l, LATE_HQ), 0);
    frame_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_histories_nothing_more_is_merged_until_a_person_chose_A15),
        cmocka_unit_test(a_stick_cannot_bring_in_what_continues_one_of_two_histories_A15),
        cmocka_unit_test(no_honest_author_administrator_or_relay_can_be_framed_A15),
        cmocka_unit_test(a_stick_of_forgeries_leaves_nothing_against_their_author_A15),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
