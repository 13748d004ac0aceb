/* Who must sign what, and what follows from taking someone out: kinds 6 to 9, two signers. */
#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/story.h"

static void before_there_are_two_admins_one_is_enough_but_not_for_restricted(void **state)
{
    story *s = story_new();
    chain_device hq;
    const chain_device *members[] = { &s->c.admin };
    (void)state;
    chain_device_new(&hq, &s->c, DBK_ROLE_HQ);
    chain_enrol(&s->entry, &s->c, &hq);
    chain_take(&s->c, &s->entry, NULL);
    chain_space(&s->entry, &s->c, members, 1);
    s->entry.e.restricted = true;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a restricted space of one admin");
    chain_device_free(&hq);
    story_free(s);
}

/* Each entry that widens access: refused with one signature, taken with two. */
static void one_admin_alone_widens_nobody_s_access_a18(void **state)
{
    chain_device second, hq, admin;
    story *s = story_of_two(&second);
    const chain_device *members[] = { &s->c.admin, &second };
    const dbk_secret *one = s->c.admin.admin, *two = second.admin;
    (void)state;
    chain_device_new(&hq, &s->c, DBK_ROLE_HQ);
    chain_device_new(&admin, &s->c, DBK_ROLE_ADMIN);
    chain_enrol(&s->entry, &s->c, &hq);
    story_refused(s, one, DBK_DENIED, "an hq device");
    chain_take_two(&s->c, &s->entry, one, two);
    chain_enrol(&s->entry, &s->c, &admin);
    story_refused(s, two, DBK_DENIED, "an admin's device");
    chain_take_two(&s->c, &s->entry, two, one);
    chain_space(&s->entry, &s->c, members, ARRAY_LEN(members));
    s->entry.e.restricted = true;
    story_refused(s, one, DBK_DENIED, "a restricted space");
    chain_take_two(&s->c, &s->entry, one, two);
    dbk_id restricted = s->entry.e.space;
    chain_grant(&s->entry, &s->c, &restricted, &s->officer);
    story_refused(s, one, DBK_DENIED, "a grant into it");
    chain_take_two(&s->c, &s->entry, one, admin.admin);
    chain_policy(&s->entry, &s->c);
    s->entry.e.policy.lease_h = 1000;
    story_refused(s, one, DBK_DENIED, "a policy");
    chain_take_two(&s->c, &s->entry, one, two);
    assert_int_equal(dbk_roster_policy(s->c.roster)->lease_h, 1000);
    chain_bar(&s->entry, &s->c, &restricted, &s->hq.id);
    story_refused(s, one, DBK_DENIED, "a bar");
    chain_take_two(&s->c, &s->entry, one, two);
    chain_revoke(&s->entry, &s->c, &admin, "left");
    story_refused(s, two, DBK_DENIED, "an admin's revocation");
    chain_take_two(&s->c, &s->entry, one, two);
    /* What is not power stays one admin's work. */
    chain_revoke(&s->entry, &s->c, &s->officer, "stolen");
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(s->c.roster);
    chain_device_free(&hq);
    chain_device_free(&admin);
    story_of_two_free(s, &second);
}

static void revoking_the_other_admin_does_not_make_one_enough_a18(void **state)
{
    chain_device second, hq;
    story *s = story_of_two(&second);
    (void)state;
    chain_revoke(&s->entry, &s->c, &second, "stolen");
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, s->c.root);
    const chain_device *left[] = { &s->officer, &s->hq, &s->guest, &s->c.admin };
    chain_rotate(&s->entry, &s->c, &s->c.roster_space, left, ARRAY_LEN(left));
    chain_take(&s->c, &s->entry, NULL);
    chain_device_new(&hq, &s->c, DBK_ROLE_HQ);
    chain_enrol(&s->entry, &s->c, &hq);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "alone after the other is gone");
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, s->c.root);
    chain_device_free(&hq);
    story_of_two_free(s, &second);
}

static void an_admin_who_is_not_in_a_restricted_space_makes_no_key_for_it_a18(void **state)
{
    chain_device second;
    story *s = story_of_two(&second);
    const chain_device *members[] = { &s->officer, &s->c.admin };
    (void)state;
    chain_space(&s->entry, &s->c, members, ARRAY_LEN(members));
    s->entry.e.restricted = true;
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, second.admin);
    dbk_id space = s->entry.e.space;
    chain_rotate(&s->entry, &s->c, &space, members, ARRAY_LEN(members));
    story_refused(s, second.admin, DBK_DENIED, "by who isn't in it");
    story_refused_two(s, second.admin, s->officer.sign, DBK_AUTH, "with a member who is no admin");
    chain_take(&s->c, &s->entry, s->c.admin.admin);
    /* An ordinary space's is any admin's work. */
    chain_rotate(&s->entry, &s->c, &s->space,
                 (const chain_device *[]){ &s->officer, &s->hq, &s->c.admin }, 3);
    chain_take(&s->c, &s->entry, second.admin);
    dbk_roster_check_deep(s->c.roster);
    story_of_two_free(s, &second);
}

/* The root's key lies on one device: it must not be a second person where there is one. */
static void the_root_counts_as_second_only_where_no_other_person_is_left_a18(void **state)
{
    chain_device second, third;
    story *s = story_of_two(&second);
    const dbk_secret *one = s->c.admin.admin;
    (void)state;
    chain_policy(&s->entry, &s->c);
    s->entry.e.policy.lease_h = 1000;
    story_refused_two(s, one, s->c.root, DBK_DENIED, "a policy by one admin and the root");
    chain_revoke(&s->entry, &s->c, &s->c.admin, "lost");
    story_refused(s, one, DBK_DENIED, "one admin out by one");
    chain_device_new(&third, &s->c, DBK_ROLE_ADMIN);
    chain_enrol(&s->entry, &s->c, &third);
    story_refused_two(s, one, s->c.root, DBK_DENIED, "a third admin by one and the root");
    chain_take_two(&s->c, &s->entry, one, second.admin);
    chain_revoke(&s->entry, &s->c, &third, "lost");
    story_refused_two(s, one, s->c.root, DBK_DENIED, "one of three out by one and the root");
    chain_take_two(&s->c, &s->entry, one, second.admin);
    const chain_device *left[] = { &s->officer, &s->hq, &s->guest, &s->c.admin, &second };
    chain_rotate(&s->entry, &s->c, &s->c.roster_space, left, ARRAY_LEN(left));
    chain_take(&s->c, &s->entry, NULL);
    chain_revoke(&s->entry, &s->c, &second, "lost");
    chain_take_two(&s->c, &s->entry, one, s->c.root); /* one of two */
    chain_device_free(&third);
    story_of_two_free(s, &second);
}

static void a_signature_counts_once_and_only_the_right_ones_count_m10(void **state)
{
    chain_device second, hq;
    story *s = story_of_two(&second);
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), two = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    chain_device_new(&hq, &s->c, DBK_ROLE_HQ);
    chain_enrol(&s->entry, &s->c, &hq);
    assert_ok(dbk_entry_sign(&one, &s->entry.e, s->c.admin.admin, &err), &err);
    assert_rc(dbk_entry_cosign(&two, dbk_bytes_span(&one), s->c.admin.admin, &err), DBK_CONFLICT,
              &err);
    assert_int_equal(two.len, 0);
    dbk_err_clear(&err);
    assert_ok(dbk_entry_cosign(&two, dbk_bytes_span(&one), s->officer.sign, &err), &err);
    assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&two), &err), DBK_AUTH, &err);
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    chain_device_free(&hq);
    story_of_two_free(s, &second);
}

static void removal_takes_the_role_and_demands_a_new_key_a25(void **state)
{
    story *s = story_new();
    dbk_roster *r = s->c.roster;
    const chain_device *stay[] = { &s->hq, &s->c.admin };
    const chain_device *all[] = { &s->hq, &s->c.admin, &s->officer };
    uint64_t before = dbk_roster_count(r) - 1;
    (void)state;
    assert_null(dbk_roster_out(r, &s->officer.id, &s->space));
    chain_remove(&s->entry, &s->c, &s->space, &s->guest);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "who is not in it");
    chain_remove(&s->entry, &s->c, &s->c.roster_space, &s->officer);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "from the roster space");
    chain_remove(&s->entry, &s->c, &s->space, &s->officer);
    s->entry.cuts[0] = (dbk_cut){ s->c.roster_space, 7 };
    s->entry.e.cuts_count = 1;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a cut of another space");
    s->entry.cuts[0].space = s->space;
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(r);
    assert_int_equal(dbk_roster_role(r, &s->officer.id, &s->space), DBK_ROLE_NONE);
    assert_int_equal(dbk_roster_role_at(r, &s->officer.id, &s->space, before), DBK_ROLE_OFFICER);
    assert_int_equal(dbk_roster_role_at(r, &s->officer.id, &s->space, before + 1), DBK_ROLE_NONE);
    const dbk_member_space *out = dbk_roster_out(r, &s->officer.id, &s->space);
    assert_non_null(out);
    assert_true(out->cut_known);
    assert_int_equal(out->cut_size, 7);
    assert_true(dbk_roster_space(r, &s->space)->rotation_due);
    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a grant before the rotation");
    chain_rotate(&s->entry, &s->c, &s->space, all, ARRAY_LEN(all));
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a key for who was removed");
    chain_rotate(&s->entry, &s->c, &s->space, stay, ARRAY_LEN(stay));
    chain_take(&s->c, &s->entry, NULL);
    assert_false(dbk_roster_space(r, &s->space)->rotation_due);
    chain_grant(&s->entry, &s->c, &s->space, &s->officer); /* and back again */
    chain_take(&s->c, &s->entry, NULL);
    assert_null(dbk_roster_out(r, &s->officer.id, &s->space));
    dbk_roster_check_deep(r);
    story_free(s);
}

static void revocation_cuts_each_space_and_no_one_enrols_before_the_names_key_is_new(void **state)
{
    story *s = story_new();
    chain_device d;
    (void)state;
    chain_revoke(&s->entry, &s->c, &s->officer, "stolen");
    s->entry.cuts[0] = (dbk_cut){ s->space, 30 };
    s->entry.e.cuts_count = 1;
    chain_take(&s->c, &s->entry, NULL);
    const dbk_member_space *out = dbk_roster_out(s->c.roster, &s->officer.id, &s->space);
    assert_non_null(out);
    assert_true(out->cut_known && out->cut_size == 30);
    out = dbk_roster_out(s->c.roster, &s->officer.id, &s->c.roster_space);
    assert_false(out->cut_known);
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &d);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a device that would get the old names' key");
    const chain_device *left[] = { &s->hq, &s->guest, &s->c.admin };
    chain_rotate(&s->entry, &s->c, &s->c.roster_space, left, ARRAY_LEN(left));
    chain_take(&s->c, &s->entry, NULL);
    chain_enrol(&s->entry, &s->c, &d);
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(s->c.roster);
    chain_device_free(&d);
    story_free(s);
}

static void a_barred_person_is_never_granted_the_space_with_whatever_device(void **state)
{
    chain_device d;
    story *s = story_new();
    dbk_roster *r = s->c.roster;
    const dbk_id person = { { 9, 9, 9 } }, nobody = { { 8 } };
    (void)state;
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &d);
    s->entry.e.person = person;
    chain_take(&s->c, &s->entry, NULL);
    assert_true(dbk_id_equal(&dbk_roster_device(r, &d.id)->person, &person));
    assert_true(dbk_id_equal(&dbk_roster_device(r, &s->hq.id)->person, &s->hq.id));
    chain_bar(&s->entry, &s->c, &s->space, &nobody);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "nobody of the organisation");
    chain_bar(&s->entry, &s->c, &s->space, &s->officer.id);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "who is in it");
    chain_bar(&s->entry, &s->c, &s->space, &person);
    chain_take(&s->c, &s->entry, NULL);
    assert_true(dbk_roster_barred(r, &person, &s->space));
    chain_bar(&s->entry, &s->c, &s->space, &person);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "twice");
    chain_grant(&s->entry, &s->c, &s->space, &d);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a barred person's device");
    chain_device_free(&d);
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER); /* another device of the same person */
    chain_enrol(&s->entry, &s->c, &d);
    s->entry.e.person = person;
    chain_take(&s->c, &s->entry, NULL);
    chain_grant(&s->entry, &s->c, &s->space, &d);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a barred person's second device");
    dbk_roster_check_deep(r);
    chain_device_free(&d);
    story_free(s);
}

static void a_policy_is_whole_and_its_floor_never_falls_r11_m34(void **state)
{
    story *s = story_new();
    const dbk_policy *now = dbk_roster_policy(s->c.roster);
    (void)state;
    assert_int_equal(now->freshness_h, 24);
    assert_int_equal(now->rotate_days, 90);
    chain_policy(&s->entry, &s->c);
    s->entry.e.policy.protocol_floor = 3;
    s->entry.e.policy.witnesses.count = 2;
    memset(s->entry.e.policy.witnesses.b[0], 1, 32);
    memset(s->entry.e.policy.witnesses.b[1], 2, 32);
    chain_take(&s->c, &s->entry, NULL);
    assert_int_equal(now->protocol_floor, 3);
    assert_int_equal(now->witnesses.count, 2);
    assert_memory_equal(now, &s->entry.e.policy, sizeof(*now));
    chain_policy(&s->entry, &s->c);
    s->entry.e.policy.protocol_floor = 2;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a lower floor");
    chain_policy(&s->entry, &s->c);
    s->entry.e.policy.lease_h = 0;
    story_refused(s, s->c.admin.admin, DBK_FORMAT, "a lease of nothing");
    chain_policy(&s->entry, &s->c);
    s->entry.e.policy.tls_pins.count = 1; /* of zeros */
    story_refused(s, s->c.admin.admin, DBK_FORMAT, "a pin of zeros");
    story_free(s);
}

static void a_log_s_recovery_is_the_root_s_alone(void **state)
{
    story *s = story_new();
    dbk_log_move log = { s->space, { { 2 } }, { { 1 } }, 40, { { 5 } } };
    (void)state;
    chain_recovery(&s->entry, &s->c, &log);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "an admin");
    chain_take(&s->c, &s->entry, s->c.root);
    const dbk_space *space = dbk_roster_space(s->c.roster, &s->space);
    assert_memory_equal(&space->recovery, &log, sizeof(log));
    log.new_log.b[0] = 3;
    chain_recovery(&s->entry, &s->c, &log);
    story_refused(s, s->c.root, DBK_DENIED, "the second from the first log");
    log.old_log.b[0] = 2;
    chain_recovery(&s->entry, &s->c, &log);
    chain_take(&s->c, &s->entry, s->c.root);
    log.space = s->c.roster_space;
    chain_recovery(&s->entry, &s->c, &log);
    story_refused(s, s->c.root, DBK_DENIED, "of the roster space");
    story_free(s);
}

/* Places behind what both logs have say nothing of when something was written (decision 0019). */
static void a_recovery_takes_cuts_back_to_what_both_logs_have_a24(void **state)
{
    static const struct {
        uint64_t cut, size, want;
    } cases[] = { { 30, 20, 20 }, { 30, 30, 30 }, { 30, 40, 30 }, { 0, 5, 0 }, { 7, 0, 0 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        story *s = story_new();
        dbk_log_move log = { s->space, { { 2 } }, { { 1 } }, cases[i].size, { { 5 } } };
        chain_revoke(&s->entry, &s->c, &s->officer, "left");
        s->entry.cuts[0] = (dbk_cut){ s->space, cases[i].cut };
        s->entry.e.cuts_count = 1;
        chain_take(&s->c, &s->entry, NULL);
        chain_recovery(&s->entry, &s->c, &log);
        chain_take(&s->c, &s->entry, s->c.root);
        const dbk_member_space *out = dbk_roster_out(s->c.roster, &s->officer.id, &s->space);
        assert_non_null(out);
        assert_true(out->cut_known);
        assert_int_equal(out->cut_size, cases[i].want);
        story_free(s);
    }
}

static void a_writer_gets_no_key_and_needs_a_drop_key(void **state)
{
    chain_device tablet;
    story *s = story_new();
    dbk_roster *r = s->c.roster;
    const chain_device *holders[] = { &s->hq, &s->c.admin, &s->officer };
    (void)state;
    chain_device_new(&tablet, &s->c, DBK_ROLE_WRITER);
    chain_enrol(&s->entry, &s->c, &tablet);
    chain_wrap(&s->entry, &s->c, &tablet.id, 1);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a writer that could read names");
    chain_enrol(&s->entry, &s->c, &tablet);
    chain_take(&s->c, &s->entry, NULL);
    chain_grant(&s->entry, &s->c, &s->space, &tablet);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a writer where there is no drop key");
    chain_rotate(&s->entry, &s->c, &s->space, holders, ARRAY_LEN(holders));
    memset(s->entry.e.epoch.drop, 0, 32);
    s->entry.e.epoch.drop[0] = 1; /* of order 1: whatever is agreed with it is zero */
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a drop key that is none");
    memcpy(s->entry.e.epoch.drop, s->hq.keys.kem, 32);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a device's key as drop key");
    memset(s->entry.e.epoch.drop, 7, 32);
    chain_take(&s->c, &s->entry, NULL);
    assert_int_equal(dbk_roster_space(r, &s->space)->epochs[1].drop[31], 7);
    chain_grant(&s->entry, &s->c, &s->space, &tablet);
    chain_wrap(&s->entry, &s->c, &tablet.id, 2);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a key for a writer");
    chain_grant(&s->entry, &s->c, &s->space, &tablet);
    chain_take(&s->c, &s->entry, NULL);
    assert_int_equal(dbk_roster_role(r, &tablet.id, &s->space), DBK_ROLE_WRITER);
    const chain_device *with[] = { &s->hq, &s->c.admin, &s->officer, &tablet };
    chain_rotate(&s->entry, &s->c, &s->space, with, ARRAY_LEN(with));
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a new key for the writer");
    chain_rotate(&s->entry, &s->c, &s->space, holders, ARRAY_LEN(holders));
    story_refused(s, s->c.admin.admin, DBK_DENIED, "an epoch in which the writer can't write");
    memset(s->entry.e.epoch.drop, 8, 32);
    chain_take(&s->c, &s->entry, NULL);
    /* Who holds the key can't be made a writer: it would go on reading. */
    chain_grant(&s->entry, &s->c, &s->space, &s->officer);
    s->entry.e.role = DBK_ROLE_WRITER;
    s->entry.e.wraps_count = 0;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a reader as writer");
    const chain_device *all[] = { &s->hq, &s->c.admin, &s->officer, &s->guest };
    chain_rotate(&s->entry, &s->c, &s->c.roster_space, all, ARRAY_LEN(all));
    memset(s->entry.e.epoch.drop, 9, 32);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "notes into the roster space");
    memset(s->entry.e.epoch.drop, 0, 32);
    chain_take(&s->c, &s->entry, NULL); /* and the tablet gets no key of the names */
    dbk_roster_check_deep(r);
    chain_device_free(&tablet);
    story_free(s);
}

static void a_guest_s_time_has_an_end(void **state)
{
    story *s = story_new();
    (void)state;
    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    s->entry.e.expires_ms = 0;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a guest for ever");
    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    chain_take(&s->c, &s->entry, NULL);
    story_free(s);
}

static void two_devices_of_one_person_are_one_admin_a18(void **state)
{
    chain_device laptop, third;
    story *s = story_new();
    const chain_device *members[] = { &s->c.admin };
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), two = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    chain_device_new(&laptop, &s->c, DBK_ROLE_ADMIN);
    chain_enrol(&s->entry, &s->c, &laptop);
    s->entry.e.person = s->c.admin.id; /* the first admin's, who named nobody */
    chain_take(&s->c, &s->entry, NULL);
    chain_space(&s->entry, &s->c, members, 1);
    s->entry.e.restricted = true;
    story_refused(s, laptop.admin, DBK_DENIED, "a restricted space of one person");
    chain_enrolled(&third, &s->c, DBK_ROLE_ADMIN);
    chain_space(&s->entry, &s->c, members, 1);
    s->entry.e.restricted = true;
    assert_ok(dbk_entry_sign(&one, &s->entry.e, s->c.admin.admin, &err), &err);
    assert_ok(dbk_entry_cosign(&two, dbk_bytes_span(&one), laptop.admin, &err), &err);
    assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&two), &err), DBK_DENIED, &err);
    chain_take_two(&s->c, &s->entry, laptop.admin, third.admin);
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    chain_device_free(&laptop);
    chain_device_free(&third);
    story_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_there_are_two_admins_one_is_enough_but_not_for_restricted),
        cmocka_unit_test(one_admin_alone_widens_nobody_s_access_a18),
        cmocka_unit_test(revoking_the_other_admin_does_not_make_one_enough_a18),
        cmocka_unit_test(an_admin_who_is_not_in_a_restricted_space_makes_no_key_for_it_a18),
        cmocka_unit_test(the_root_counts_as_second_only_where_no_other_person_is_left_a18),
        cmocka_unit_test(a_signature_counts_once_and_only_the_right_ones_count_m10),
        cmocka_unit_test(removal_takes_the_role_and_demands_a_new_key_a25),
        cmocka_unit_test(revocation_cuts_each_space_and_no_one_enrols_before_the_names_key_is_new),
        cmocka_unit_test(a_barred_person_is_never_granted_the_space_with_whatever_device),
        cmocka_unit_test(a_policy_is_whole_and_its_floor_never_falls_r11_m34),
        cmocka_unit_test(a_log_s_recovery_is_the_root_s_alone),
        cmocka_unit_test(a_recovery_takes_cuts_back_to_what_both_logs_have_a24),
        cmocka_unit_test(a_writer_gets_no_key_and_needs_a_drop_key),
        cmocka_unit_test(a_guest_s_time_has_an_end),
        cmocka_unit_test(two_devices_of_one_person_are_one_admin_a18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
