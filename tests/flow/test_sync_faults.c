/* The wire is cut at every exchange in turn, in three ways, once and for good. Whatever happens,
 * nothing is lost or doubled, and the next whole sync goes on from there. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/syncworld.h"

typedef struct pair {
    syncworld world;
    sync_device hq, asha;
    dbk_id space;
    uint64_t written; /* ops, by both */
} pair;

static pair *pair_new(bool is_slow)
{
    static pair p;
    p.written = 0;
    syncworld_open(&p.world);
    p.world.is_slow = is_slow;
    sync_device_open(&p.world, &p.hq, "hq desk");
    sync_device_open(&p.world, &p.asha, "asha");
    sync_found(&p.hq);
    p.space = sync_space(&p.hq, "Operation Limelight");
    sync_enlist(&p.hq, &p.asha, DBK_ROLE_OFFICER, &p.space);
    return &p;
}

static void pair_end(pair *p)
{
    sync_device_close(&p->hq);
    sync_device_close(&p->asha);
    syncworld_close(&p->world);
}

static void write_some(pair *p, sync_device *d, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "person %u", (unsigned)p->written);
        (void)sync_write(d, &p->space, name);
        p->written++;
    }
}

static void assert_whole(pair *p)
{
    syncworld_mend(&p->world);
    (void)sync_now(&p->asha);
    (void)sync_now(&p->hq);
    (void)sync_now(&p->asha);
    assert_true(sync_now(&p->asha).idle);
    assert_true(sync_now(&p->hq).idle);
    sync_assert_equal(&p->asha, &p->hq, &p->space);
    sync_held held = sync_verify(&p->hq, &p->space);
    assert_int_equal(held.ops, p->written);
    assert_int_equal(held.records, p->written);
    assert_int_equal(relaykit_check(&p->world.kit).segments, p->written);
}

/* Both have something to say; asha syncs over the faulty wire. Until the fault comes too late. */
static void cut_at_every_exchange(wire_fault fault, bool lasting)
{
    pair *p = pair_new(false);
    bool reached = true;
    for (unsigned at = 1; reached; at++) {
        dbk_sync_report report;
        dbk_err err = { 0 };
        write_some(p, &p->hq, 2);
        (void)sync_now(&p->hq);
        write_some(p, &p->asha, 3);
        syncworld_fail(&p->world, fault, at, lasting);
        dbk_rc rc = sync_try(&p->asha, &report, &err);
        reached = p->world.exchanges >= at;
        if (rc != DBK_OK && rc != DBK_UNREACHABLE)
            fail_msg("at %u: %s: %s", at, dbk_rc_name(rc), err.text);
        if (reached && lasting && fault != WIRE_DOUBLES)
            assert_int_equal(rc, DBK_UNREACHABLE);
        if (at % 2 == 0)
            sync_device_reopen(&p->asha); /* as if the program had been killed */
        assert_whole(p);
        assert_true(at < 50);
    }
    pair_end(p);
}

static void a_request_that_is_lost_once_costs_nothing_1_4(void **state)
{
    (void)state;
    cut_at_every_exchange(WIRE_LOSES_REQUEST, false);
}

static void a_wire_that_is_cut_loses_nothing_2_4(void **state)
{
    (void)state;
    cut_at_every_exchange(WIRE_LOSES_REQUEST, true);
}

static void an_answer_that_is_lost_once_doubles_nothing_1_4(void **state)
{
    (void)state;
    cut_at_every_exchange(WIRE_LOSES_ANSWER, false);
}

static void answers_that_never_come_lose_and_double_nothing_1_1(void **state)
{
    (void)state;
    cut_at_every_exchange(WIRE_LOSES_ANSWER, true);
}

static void a_request_that_arrives_twice_is_as_one_2_22(void **state)
{
    (void)state;
    cut_at_every_exchange(WIRE_DOUBLES, true);
}

/* Three batches, of which the next travels while the receipts of one are stored. */
static void cut_while_a_batch_travels_ahead(wire_fault fault, bool lasting)
{
    pair *p = pair_new(true);
    bool reached = true;
    for (unsigned at = 2; reached; at++) {
        dbk_sync_report report;
        dbk_err err = { 0 };
        write_some(p, &p->asha, 2 * DBK_PUSH_SEGMENTS_MAX + 10);
        syncworld_fail(&p->world, fault, at, lasting);
        dbk_rc rc = sync_try(&p->asha, &report, &err);
        reached = p->world.exchanges >= at;
        if (rc != DBK_OK && rc != DBK_UNREACHABLE)
            fail_msg("at %u: %s: %s", at, dbk_rc_name(rc), err.text);
        syncworld_mend(&p->world);
        (void)sync_now(&p->asha);
        assert_int_equal(relaykit_check(&p->world.kit).segments, p->written);
        assert_true(at < 50);
    }
    assert_whole(p);
    pair_end(p);
}

static void a_wire_cut_while_a_batch_travels_ahead_loses_nothing_2_4(void **state)
{
    (void)state;
    cut_while_a_batch_travels_ahead(WIRE_LOSES_REQUEST, true);
}

static void an_answer_to_a_batch_ahead_that_is_lost_doubles_nothing_1_4(void **state)
{
    (void)state;
    cut_while_a_batch_travels_ahead(WIRE_LOSES_ANSWER, false);
}

/* Membership changes over the same wires: no device or space comes into being twice. */
static void a_new_space_over_a_faulty_wire_is_made_at_most_once(void **state)
{
    (void)state;
    static const wire_fault faults[] = { WIRE_LOSES_REQUEST, WIRE_LOSES_ANSWER, WIRE_DOUBLES };
    pair *p = pair_new(false);
    size_t spaces = dbk_roster_spaces(dbk_book_roster(p->hq.book));
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        for (unsigned at = 1; at <= 3; at++) {
            dbk_id space;
            dbk_err err = { 0 };
            dbk_new_space opts = { .name = "another", .creator_role = DBK_ROLE_HQ };
            syncworld_fail(&p->world, faults[i], at, false);
            dbk_rc rc = dbk_driver_space_create(p->hq.book, &p->hq.t, &space, &opts, &err);
            syncworld_mend(&p->world);
            (void)sync_now(&p->hq);
            size_t now = dbk_roster_spaces(dbk_book_roster(p->hq.book));
            if (now > spaces + 1 || (rc == DBK_OK && now != spaces + 1))
                fail_msg("fault %d at %u: %s, %zu new spaces", (int)faults[i], at, dbk_rc_name(rc),
                         now - spaces);
            spaces = now;
        }
    }
    pair_end(p);
}

static void joining_over_a_faulty_wire_is_done_again_until_it_is_done(void **state)
{
    (void)state;
    pair *p = pair_new(false);
    sync_device dan;
    dbk_err err = { 0 };
    dbk_sync_report report;
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    dbk_new_invite invite = { "dan", DBK_ROLE_OFFICER, &p->space, 1, UINT64_C(86400000),
                              0,     { { 0 } } };
    sync_device_open(&p->world, &dan, "dan");
    assert_ok(dbk_driver_invite(p->hq.book, &p->hq.t, &text, &invite, &err), &err);
    assert_ok(dbk_org_join(dan.book, &request, dbk_bytes_span(&text), "dan", &err), &err);
    /* No network at all, then only towards the relay. */
    syncworld_fail(&p->world, WIRE_LOSES_REQUEST, 1, true);
    assert_rc(dbk_driver_join_over(dan.book, &dan.t, &err), DBK_UNREACHABLE, &err);
    syncworld_fail(&p->world, WIRE_LOSES_ANSWER, 1, true);
    dbk_err_clear(&err);
    assert_rc(dbk_driver_join_over(dan.book, &dan.t, &err), DBK_UNREACHABLE, &err);
    sync_device_reopen(&dan);
    syncworld_mend(&p->world);
    assert_true(sync_now(&dan).joining); /* the same request again: the relay has it already */
    assert_true(sync_now(&dan).joining);
    dbk_err_clear(&err);
    assert_ok(dbk_driver_requests(p->hq.book, &p->hq.t, &err), &err);

    /* The approval breaks off between its entries, and is asked for again. */
    dbk_id id = dbk_book_link(dan.book)->invite;
    syncworld_fail(&p->world, WIRE_LOSES_REQUEST, 2, true);
    assert_rc(dbk_driver_approve(p->hq.book, &p->hq.t, &id, &err), DBK_UNREACHABLE, &err);
    syncworld_mend(&p->world);
    dbk_err_clear(&err);
    assert_ok(sync_try(&p->hq, &report, &err), &err);
    assert_ok(dbk_driver_approve(p->hq.book, &p->hq.t, &id, &err), &err);
    assert_false(sync_now(&dan).joining);
    write_some(p, &dan, 1);
    assert_int_equal(sync_now(&dan).pushed_ops, 1);
    assert_whole(p);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&request);
    sync_device_close(&dan);
    pair_end(p);
}

/* The n-th allocation fails, here or in the relay: the sync may fail, the notes may not. */
static void short_memory_at_any_point_loses_nothing(void **state)
{
    (void)state;
    pair *p = pair_new(false);
    int came = 1;
    for (uint64_t n = 1; came; n += 1 + n / 8) {
        dbk_sync_report report;
        dbk_err err = { 0 };
        dbk_test_alloc alloc = { .fail_at = n };
        write_some(p, &p->hq, 1);
        (void)sync_now(&p->hq);
        write_some(p, &p->asha, 1);
        dbk_test_alloc_start(&alloc);
        dbk_rc rc = sync_try(&p->asha, &report, &err);
        came = dbk_test_alloc_stop(&alloc);
        if (!came && rc != DBK_OK)
            fail_msg("%llu: %s: %s", (unsigned long long)n, dbk_rc_name(rc), err.text);
        sync_device_reopen(&p->asha);
        relaykit_stop(&p->world.kit);
        relaykit_start(&p->world.kit);
        assert_whole(p);
    }
    pair_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_is_lost_once_costs_nothing_1_4),
        cmocka_unit_test(a_wire_that_is_cut_loses_nothing_2_4),
        cmocka_unit_test(an_answer_that_is_lost_once_doubles_nothing_1_4),
        cmocka_unit_test(answers_that_never_come_lose_and_double_nothing_1_1),
        cmocka_unit_test(a_request_that_arrives_twice_is_as_one_2_22),
        cmocka_unit_test(a_wire_cut_while_a_batch_travels_ahead_loses_nothing_2_4),
        cmocka_unit_test(an_answer_to_a_batch_ahead_that_is_lost_doubles_nothing_1_4),
        cmocka_unit_test(a_new_space_over_a_faulty_wire_is_made_at_most_once),
        cmocka_unit_test(joining_over_a_faulty_wire_is_done_again_until_it_is_done),
        cmocka_unit_test(short_memory_at_any_point_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
