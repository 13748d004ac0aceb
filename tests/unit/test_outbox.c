#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/outbox.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

typedef struct bench {
    dbk_test_org org;
    dbk_book *book; /* the officer's */
} bench;

static int setup(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    bench *b = dbk_alloc(sizeof(*b));
    dbk_test_org_make(&b->org, roles, ARRAY_LEN(roles));
    b->book = b->org.books[1].book;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    dbk_test_org_check(&b->org);
    dbk_test_org_drop(&b->org);
    dbk_free(b);
    return 0;
}

static void write_notes(bench *b, int count)
{
    for (int i = 0; i < count; i++)
        (void)dbk_test_add(b->book, &b->org.space, "person", TEXTS("name=Ada"));
}

/* ---- positions ----------------------------------------------------------------------------- */

static void a_device_stands_at_zero_in_each_of_its_spaces_before_the_first_contact(void **state)
{
    bench *b = *state;
    dbk_position *p = NULL;
    dbk_err err = { 0 };
    size_t count = 0;
    dbk_frontier empty;
    dbk_frontier_init(&empty);
    dbk_hash root = dbk_frontier_root(&empty, DBK_TREE_LOG);
    dbk_id elm = dbk_test_org_space(&b->org, "Op Elm");
    assert_ok(dbk_outbox_positions(b->book, &p, &count, &err), &err);
    assert_int_equal(count, 2); /* and not the space of names */
    assert_true(dbk_id_compare(&p[0].space, &p[1].space) < 0);
    assert_true(dbk_id_equal(&p[0].space, &elm) || dbk_id_equal(&p[1].space, &elm));
    for (size_t i = 0; i < count; i++) {
        assert_true(dbk_id_is_zero(&p[i].log));
        assert_int_equal(p[i].size, 0);
        assert_true(dbk_hash_equal(&p[i].root, &root));
        assert_true(dbk_id_is_zero(&p[i].own_feed));
        assert_int_equal(p[i].own_last_seq, 0);
    }
    dbk_free(p);
}

static void what_was_written_here_shows_in_the_position(void **state)
{
    bench *b = *state;
    dbk_position *p = NULL;
    dbk_err err = { 0 };
    size_t count = 0;
    write_notes(b, 3);
    assert_ok(dbk_outbox_positions(b->book, &p, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_false(dbk_id_is_zero(&p->own_feed));
    assert_int_equal(p->own_last_seq, 3);
    assert_int_equal(p->own_receipted_seq, 0);
    dbk_free(p);
}

static void a_device_without_organisation_stands_nowhere(void **state)
{
    dbk_test_book stranger;
    dbk_position *p = NULL;
    dbk_err err = { 0 };
    size_t count = 1;
    (void)state;
    dbk_test_book_make(&stranger, 9);
    assert_ok(dbk_outbox_positions(stranger.book, &p, &count, &err), &err);
    assert_int_equal(count, 0);
    dbk_free(p);
    dbk_test_book_drop(&stranger);
}

/* ---- segments ------------------------------------------------------------------------------ */

typedef struct sent {
    char seqs[64];
    size_t bytes;
    size_t fail_at; /* 0: never */
} sent;

static dbk_rc send_one(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    sent *s = ctx;
    dbk_header h;
    size_t len = strlen(s->seqs);
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    if (rc != DBK_OK)
        return rc;
    if (s->fail_at > 0 && --s->fail_at == 0)
        return dbk_fail(err, DBK_UNREACHABLE, "the relay cannot be reached");
    (void)snprintf(s->seqs + len, sizeof(s->seqs) - len, "%d ", (int)h.first_seq);
    s->bytes += segment->header.len + segment->body.len;
    return dbk_body_check(&h, segment->body, err);
}

static void the_relays_word_on_what_it_holds_decides_what_is_sent_2_1(void **state)
{
    bench *b = *state;
    write_notes(b, 5);
    const struct {
        uint64_t after;
        uint32_t count_max, bytes_max;
        const char *want;
    } cases[] = {
        { 0, 256, 1 << 20, "1 2 3 4 5 " }, { 0, 2, 1 << 20, "1 2 " }, { 3, 256, 1 << 20, "4 5 " },
        { 5, 256, 1 << 20, "" },           { 9, 256, 1 << 20, "" },   { 0, 256, 1, "1 " },
        { 1, 256, 1300, "2 3 " },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sent s = { .seqs = "" };
        dbk_err err = { 0 };
        const dbk_outbox_opts opts = { b->org.space, cases[i].after, cases[i].count_max,
                                       cases[i].bytes_max };
        assert_ok(dbk_outbox_segments(b->book, &opts, send_one, &s, &err), &err);
        if (strcmp(s.seqs, cases[i].want) != 0)
            fail_msg("case %zu: sent %s, not %s", i, s.seqs, cases[i].want);
    }
}

static void a_segment_that_the_relay_holds_in_part_is_not_sent_in_part(void **state)
{
    bench *b = *state;
    dbk_batch *batch = NULL;
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_id id;
    const dbk_input name = { DBK_INPUT_SET, "name", "Ada", NULL };
    const dbk_add add = { b->org.space, "person", &name, 1, NULL };
    assert_ok(dbk_batch_begin(&batch, b->book, &err), &err);
    for (int i = 0; i < 70; i++)
        assert_ok(dbk_batch_add(batch, &id, &problems, &add, &err), &err);
    assert_ok(dbk_batch_flush(batch, &err), &err);
    dbk_batch_end(batch);
    dbk_problems_wipe(&problems);
    const dbk_outbox_opts after_first = { b->org.space, 64, 256, 1 << 20 };
    sent s = { .seqs = "" };
    assert_ok(dbk_outbox_segments(b->book, &after_first, send_one, &s, &err), &err);
    assert_string_equal(s.seqs, "65 ");
}

static void a_failure_to_send_is_the_callers_again(void **state)
{
    bench *b = *state;
    sent s = { .fail_at = 2 };
    dbk_err err = { 0 };
    const dbk_outbox_opts opts = { b->org.space, 0, 256, 1 << 20 };
    write_notes(b, 3);
    assert_rc(dbk_outbox_segments(b->book, &opts, send_one, &s, &err), DBK_UNREACHABLE, &err);
    assert_string_equal(s.seqs, "1 ");
}

static void nothing_is_sent_for_a_space_that_nothing_was_written_in(void **state)
{
    bench *b = *state;
    sent s = { .seqs = "" };
    dbk_err err = { 0 };
    dbk_outbox_opts opts = { b->org.space, 0, 256, 1 << 20 };
    assert_ok(dbk_outbox_segments(b->book, &opts, send_one, &s, &err), &err);
    opts.space.b[0] ^= 1;
    assert_ok(dbk_outbox_segments(b->book, &opts, send_one, &s, &err), &err);
    assert_ok(
        dbk_outbox_carry(b->book, &(dbk_outbox_feed){ .space = opts.space }, send_one, &s, &err),
        &err);
    assert_string_equal(s.seqs, "");
}

static void a_carrier_takes_everybodys_segments(void **state)
{
    bench *b = *state;
    sent s = { .seqs = "" };
    dbk_err err = { 0 };
    write_notes(b, 2);
    (void)dbk_test_add(b->org.books[0].book, &b->org.space, "person", TEXTS("name=Bo"));
    dbk_test_org_exchange(&b->org);
    assert_ok(
        dbk_outbox_carry(b->book, &(dbk_outbox_feed){ .space = b->org.space }, send_one, &s, &err),
        &err);
    assert_string_equal(s.seqs, "1 2 1 ");
    /* But only its own are its own to push. */
    sent own = { .seqs = "" };
    const dbk_outbox_opts opts = { b->org.space, 0, 256, 1 << 20 };
    assert_ok(dbk_outbox_segments(b->book, &opts, send_one, &own, &err), &err);
    assert_string_equal(own.seqs, "1 2 ");
}

static dbk_rc count_entry(void *ctx, dbk_span entry, dbk_err *err)
{
    size_t *count = ctx;
    (void)err;
    assert_true(entry.len > 100);
    (*count)++;
    return DBK_OK;
}

static void the_chain_can_be_carried_from_any_entry_on(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    uint64_t all = dbk_roster_count(dbk_book_roster(b->book));
    for (uint64_t from = 0; from <= all + 1; from++) {
        size_t count = 0;
        assert_ok(dbk_outbox_members(b->book, from, count_entry, &count, &err), &err);
        assert_int_equal(count, from <= all ? all - from : 0);
    }
}

int main(void)
{
#define WITH_ORG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_ORG(a_device_stands_at_zero_in_each_of_its_spaces_before_the_first_contact),
        WITH_ORG(what_was_written_here_shows_in_the_position),
        WITH_ORG(a_device_without_organisation_stands_nowhere),
        WITH_ORG(the_relays_word_on_what_it_holds_decides_what_is_sent_2_1),
        WITH_ORG(a_segment_that_the_relay_holds_in_part_is_not_sent_in_part),
        WITH_ORG(a_failure_to_send_is_the_callers_again),
        WITH_ORG(nothing_is_sent_for_a_space_that_nothing_was_written_in),
        WITH_ORG(a_carrier_takes_everybodys_segments),
        WITH_ORG(the_chain_can_be_carried_from_any_entry_on),
    };
#undef WITH_ORG
    return cmocka_run_group_tests(tests, NULL, NULL);
}
