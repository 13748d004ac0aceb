/* Notes of two officers and a desk, delivered in any order and any number of times. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/journal/book_internal.h"
#include "core/journal/org_internal.h"
#include "core/journal/outbox.h"
#include "core/seal/wrap.h"
#include "tests/lib/forge.h"
#include "tests/lib/opkit.h"
#include "tests/lib/proof.h"
#include "tests/lib/trio.h"

static dbk_id add_person(trio *t, size_t who, const char *name)
{
    char field[80];
    (void)snprintf(field, sizeof(field), "name=%s", name);
    const char *const fields[] = { field, NULL };
    return dbk_test_add(trio_book(t, who), &t->org.space, "person", fields);
}

static void edit(trio *t, size_t who, const dbk_id *record, const char *field)
{
    const char *const fields[] = { field, NULL };
    dbk_test_edit(trio_book(t, who), record, fields);
}

/* ---- the stories --------------------------------------------------------------------------- */

/* Somebody changes something: any of them, any field, any time. */
static void change_something(trio *t, kit_random *r, const dbk_id *records, size_t count)
{
    static const char *const edits[] = { "name=Joan %u",     "sex=female",
                                         "sex=male",         "safe_message=no",
                                         "safe_message=yes", "needs+=sight",
                                         "needs-=sight",     "needs+=hearing",
                                         "languages+=Urdu",  "interpreter_needed=yes" };
    char text[80];
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    size_t who = (size_t)kit_random_below(r, 3);
    const dbk_id *record = &records[kit_random_below(r, count)];
    unsigned n = (unsigned)kit_random_below(r, 5);
    const char *form = edits[kit_random_below(r, ARRAY_LEN(edits))];
    if (strchr(form, '%') != NULL)
        (void)snprintf(text, sizeof(text), "Joan %u", n);
    else
        (void)snprintf(text, sizeof(text), "%s", strchr(form, '=') + 1);
    char name[32];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(form, "+-="), form);
    dbk_input_op op = strstr(form, "+=") != NULL   ? DBK_INPUT_ADD
                      : strstr(form, "-=") != NULL ? DBK_INPUT_REMOVE
                                                   : DBK_INPUT_SET;
    dbk_input input = { op, name, text, NULL };
    dbk_edit e = { *record, &input, 1, "as told" };
    dbk_rc rc = dbk_journal_edit(trio_book(t, who), &problems, &e, &err);
    /* An edit that changes nothing is refused, and that is all right here. */
    if (rc != DBK_INVALID && rc != DBK_NOT_FOUND)
        assert_ok(rc, &err);
    dbk_problems_wipe(&problems);
}

typedef struct parcel {
    uint8_t *header, *body;
    size_t header_len, body_len;
} parcel;
typedef struct parcels {
    parcel rows[512];
    size_t count;
} parcels;

static dbk_rc pack(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    dbk_span header = segment->header, body = segment->body;
    parcels *p = ctx;
    parcel *row = &p->rows[p->count];
    (void)err;
    assert_true(p->count < ARRAY_LEN(p->rows));
    *row = (parcel){ test_malloc(header.len), test_malloc(body.len), header.len, body.len };
    memcpy(row->header, header.p, header.len);
    memcpy(row->body, body.p, body.len);
    p->count++;
    return DBK_OK;
}

/* Gives everything in a random order, again and again, until nothing has a gap any more. */
static void deliver(trio *t, size_t to, parcels *p, kit_random *r)
{
    size_t gaps = 1;
    for (size_t round = 0; gaps > 0; round++) {
        assert_true(round < 1000);
        gaps = 0;
        for (size_t i = p->count; i > 1; i--) {
            size_t k = (size_t)kit_random_below(r, i);
            parcel kept = p->rows[i - 1];
            p->rows[i - 1] = p->rows[k];
            p->rows[k] = kept;
        }
        for (size_t i = 0; i < p->count; i++) {
            dbk_err err = { 0 };
            dbk_inbox_stats stats;
            const dbk_sealed segment = { dbk_span_of(p->rows[i].header, p->rows[i].header_len),
                                         dbk_span_of(p->rows[i].body, p->rows[i].body_len), false };
            dbk_rc rc = dbk_inbox_carried(trio_book(t, to), &stats, &segment, &err);
            if (rc != DBK_PENDING)
                assert_ok(rc, &err);
            gaps += rc == DBK_PENDING;
        }
    }
}

static void any_order_of_delivery_gives_the_same_records_1_15_2_24(void **state)
{
    trio t;
    kit_random r;
    static parcels p;
    dbk_id records[4];
    dbk_err err = { 0 };
    (void)state;
    trio_make(&t);
    kit_random_seed(&r, 20260921);
    memset(&p, 0, sizeof(p));
    for (size_t i = 0; i < ARRAY_LEN(records); i++)
        records[i] = add_person(&t, i % 3, "Joan Marsh");
    for (int i = 0; i < 60; i++) {
        for (int k = 0; k < 3; k++)
            change_something(&t, &r, records, ARRAY_LEN(records));
        if (i % 20 == 7)
            (void)trio_sync(&t, (size_t)kit_random_below(&r, 3));
    }
    for (size_t who = 0; who < 3; who++)
        assert_ok(dbk_outbox_carry(trio_book(&t, who), &(dbk_outbox_feed){ .space = t.org.space },
                                   pack, &p, &err),
                  &err);
    for (size_t who = 0; who < 3; who++)
        deliver(&t, who, &p, &r);
    proof first = proof_clean(trio_book(&t, 0), &t.org.space);
    for (size_t who = 1; who < 3; who++) {
        proof other = proof_clean(trio_book(&t, who), &t.org.space);
        assert_true(dbk_hash_equal(&first.of.state_hash, &other.of.state_hash));
        assert_true(dbk_hash_equal(&first.of.vector_hash, &other.of.vector_hash));
    }
    /* The log brings the receipts; then what is shown is the same too. */
    trio_sync_all(&t);
    trio_assert_converged(&t);
    for (size_t i = 0; i < p.count; i++) {
        test_free(p.rows[i].header);
        test_free(p.rows[i].body);
    }
    trio_drop(&t);
}

static void duplicates_a_hundred_times_are_nothing_1_4(void **state)
{
    trio t;
    (void)state;
    trio_make(&t);
    dbk_id joan = add_person(&t, ANNE, "Joan Marsh");
    edit(&t, ANNE, &joan, "sex=female");
    (void)minilog_push(&t.log, trio_book(&t, ANNE), NOON_MS);
    proof before = { 0 };
    for (int i = 0; i < 100; i++) {
        for (size_t k = 0; k < t.log.count; k++) {
            dbk_err err = { 0 };
            dbk_inbox_stats stats;
            const minilog_item *item = &t.log.items[k];
            const dbk_sealed segment = minilog_sealed(item);
            assert_ok(dbk_inbox_carried(trio_book(&t, BEN), &stats, &segment, &err), &err);
            assert_int_equal(stats.segments, i == 0 ? 1 : 0);
        }
        if (i == 0)
            before = proof_clean(trio_book(&t, BEN), &t.org.space);
    }
    proof after = proof_clean(trio_book(&t, BEN), &t.org.space);
    assert_true(proof_equal(&before, &after));
    assert_int_equal(after.of.segments, 2);
    /* And the log brings the same once more. */
    (void)trio_sync(&t, BEN);
    (void)trio_sync(&t, HQ);
    after = proof_clean(trio_book(&t, BEN), &t.org.space);
    proof hq = proof_clean(trio_book(&t, HQ), &t.org.space);
    assert_int_equal(after.of.segments, 2);
    assert_true(proof_equal(&after, &hq));
    trio_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_delivery_gives_the_same_records_1_15_2_24),
        cmocka_unit_test(duplicates_a_hundred_times_are_nothing_1_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
