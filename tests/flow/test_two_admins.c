/* What one administrator may not do alone goes from the first to the second over a real relay, and
 * is done when they agree; until then it is nothing (A18, R25). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/audit.h"
#include "core/journal/book_internal.h"
#include "core/journal/device_log.h"
#include "core/practice/directory.h"
#include "tests/lib/org.h"
#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    sync_device first, second, asha, desk;
    dbk_id space;
} team;

static team *team_new(void)
{
    static team t;
    syncworld_open(&t.world);
    sync_device_open(&t.world, &t.first, "first");
    sync_device_open(&t.world, &t.second, "second");
    sync_device_open(&t.world, &t.asha, "asha");
    sync_device_open(&t.world, &t.desk, "desk");
    sync_found(&t.first);
    t.space = sync_space(&t.first, "Family Liaison");
    sync_enlist(&t.first, &t.asha, DBK_ROLE_OFFICER, &t.space);
    sync_enlist(&t.first, &t.second, DBK_ROLE_ADMIN, &t.space);
    (void)sync_now(&t.first);
    (void)sync_now(&t.asha);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->first);
    sync_device_close(&t->second);
    sync_device_close(&t->asha);
    sync_device_close(&t->desk);
    syncworld_close(&t->world);
}

static const dbk_roster *roster(const sync_device *d)
{
    return dbk_book_roster(d->book);
}

typedef struct seen {
    size_t count;
    dbk_bytes entry; /* the last one */
    dbk_entry_kind kind;
    bool mine;
    char name[64], by[64];
    sync_device *d;
} seen;

static dbk_rc look(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    seen *s = ctx;
    dbk_bytes by = DBK_BYTES_INIT(sizeof(s->by) - 1);
    s->count++;
    s->kind = p->decoded.entry.kind;
    s->mine = p->mine;
    assert_int_equal(p->lacking, 1);
    assert_int_equal(p->change.signers_count, 1);
    assert_true(strlen(p->name) < sizeof(s->name));
    memcpy(s->name, p->name, strlen(p->name) + 1);
    assert_ok(dbk_book_device_name(s->d->book, &by, &p->change.signers[0]->device, err), err);
    memcpy(s->by, by.p, by.len);
    s->by[by.len] = '\0';
    dbk_bytes_wipe(&by);
    dbk_bytes_truncate(&s->entry, 0);
    return dbk_bytes_append(&s->entry, entry, err);
}

static seen proposals(sync_device *d)
{
    seen s = { .entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), .d = d };
    dbk_err err = { 0 };
    assert_ok(dbk_driver_proposals(d->book, &d->t, look, &s, &err), &err);
    return s;
}

/* The one thing that waits, agreed to. */
static void agree(sync_device *d)
{
    dbk_err err = { 0 };
    seen s = proposals(d);
    assert_int_equal(s.count, 1);
    assert_ok(dbk_driver_agree(d->book, &d->t, dbk_bytes_span(&s.entry), &err), &err);
    dbk_bytes_wipe(&s.entry);
}

static void propose_policy(sync_device *d, uint64_t lease_h)
{
    dbk_err err = { 0 };
    dbk_policy policy = *dbk_roster_policy(roster(d));
    policy.lease_h = lease_h;
    assert_rc(dbk_driver_policy(d->book, &d->t, &policy, &err), DBK_PROPOSED, &err);
    assert_non_null(strstr(err.text, "org agree"));
}

static void one_admin_alone_gets_nowhere_and_with_two_every_member_sees_it_a18(void **state)
{
    (void)state;
    team *t = team_new();
    propose_policy(&t->first, 99);
    (void)sync_now(&t->asha);
    assert_int_equal(dbk_roster_policy(roster(&t->asha))->lease_h, 72);
    assert_int_equal(dbk_roster_policy(roster(&t->first))->lease_h, 72);
    dbk_sync_report report = sync_now(&t->first);
    assert_int_equal(report.proposal, DBK_OWN_WAITS);
    assert_int_equal(report.to_agree, 0);
    report = sync_now(&t->second);
    assert_int_equal(report.to_agree, 1);
    assert_int_equal(report.proposal, DBK_OWN_NONE);
    /* Who proposed can't be the second; an officer isn't even told. */
    seen s = proposals(&t->first);
    dbk_err err = { 0 };
    assert_true(s.mine);
    assert_rc(dbk_driver_agree(t->first.book, &t->first.t, dbk_bytes_span(&s.entry), &err),
              DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_driver_proposals(t->asha.book, &t->asha.t, look, &s, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_driver_agree(t->asha.book, &t->asha.t, dbk_bytes_span(&s.entry), &err),
              DBK_DENIED, &err);
    assert_int_equal(sync_now(&t->asha).to_agree, 0);
    dbk_bytes_wipe(&s.entry);
    s = proposals(&t->second);
    assert_int_equal(s.kind, DBK_ENTRY_POLICY);
    assert_string_equal(s.by, "first");
    assert_false(s.mine);
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    (void)sync_now(&t->asha);
    assert_int_equal(dbk_roster_policy(roster(&t->asha))->lease_h, 99);
    report = sync_now(&t->first);
    assert_int_equal(report.proposal, DBK_OWN_AGREED);
    assert_int_equal(dbk_roster_policy(roster(&t->first))->lease_h, 99);
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_NONE); /* told once */
    team_end(t);
}

static void a_restricted_space_is_made_and_entered_by_two_a18(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_id space;
    dbk_err err = { 0 };
    const dbk_grant second = { dbk_book_device(t->second.book), DBK_ROLE_HQ };
    const dbk_new_space with = { .name = "Op Yew",
                                 .creator_role = DBK_ROLE_HQ,
                                 .restricted = true,
                                 .members = &second,
                                 .members_count = 1 };
    const dbk_new_space without = { .name = "Op Ash",
                                    .creator_role = DBK_ROLE_HQ,
                                    .restricted = true };
    assert_rc(dbk_driver_space_create(t->first.book, &t->first.t, &space, &with, &err),
              DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    seen s = proposals(&t->second);
    assert_string_equal(s.name, "Op Yew"); /* the key comes with it */
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    (void)sync_now(&t->first);
    (void)sync_write(&t->first, &space, "Maria Alvarez");
    (void)sync_now(&t->first);
    (void)sync_now(&t->second);
    sync_assert_equal(&t->first, &t->second, &space);
    const dbk_new_grant grant = { .space = space,
                                  .device = dbk_book_device(t->asha.book),
                                  .role = DBK_ROLE_OFFICER };
    assert_rc(dbk_driver_grant(t->second.book, &t->second.t, &grant, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    (void)sync_now(&t->asha);
    assert_int_equal(dbk_book_role(t->asha.book, &space), DBK_ROLE_NONE);
    agree(&t->first);
    (void)sync_now(&t->asha);
    (void)sync_now(&t->asha);
    sync_assert_equal(&t->first, &t->asha, &space);
    /* Of a space that isn't to be theirs the second sees no name, and may sign all the same. */
    assert_rc(dbk_driver_space_create(t->first.book, &t->first.t, &space, &without, &err),
              DBK_PROPOSED, &err);
    s = proposals(&t->second);
    assert_string_equal(s.name, "");
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    (void)sync_now(&t->first);
    assert_true(dbk_roster_space(roster(&t->first), &space)->restricted);
    assert_int_equal(dbk_book_role(t->second.book, &space), DBK_ROLE_NONE);
    /* Who isn't in it makes no key for it either, which they would know. */
    dbk_err_clear(&err);
    assert_rc(dbk_driver_rotate(t->second.book, &t->second.t, &space, &err), DBK_DENIED, &err);
    assert_non_null(strstr(err.text, "who is in it"));
    dbk_err_clear(&err);
    assert_ok(dbk_driver_rotate(t->first.book, &t->first.t, &space, &err), &err);
    team_end(t);
}

static dbk_rc look_at(dbk_book *book, const dbk_id *space, const char *reason, dbk_err *err)
{
    const dbk_audit_entry entry = {
        .op = DBK_AUDIT_CONSULTATION, .space = *space, .what = "list", .count = 1, .reason = reason
    };
    return dbk_audit_log(book, &entry, err);
}

static void a_look_at_a_restricted_space_takes_a_reason_and_no_other_does_2_6(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_id space;
    dbk_err err = { 0 };
    const dbk_new_space with = { .name = "Op Yew",
                                 .creator_role = DBK_ROLE_HQ,
                                 .restricted = true };
    assert_rc(dbk_driver_space_create(t->first.book, &t->first.t, &space, &with, &err),
              DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    seen s = proposals(&t->second);
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    (void)sync_now(&t->first);
    uint64_t before = dbk_test_own_ops(t->first.book, &space);
    assert_rc(look_at(t->first.book, &space, NULL, &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_rc(look_at(t->first.book, &space, "  ", &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    assert_int_equal(dbk_test_own_ops(t->first.book, &space), before);
    assert_ok(look_at(t->first.book, &space, "Review of the deployment", &err), &err);
    assert_int_equal(dbk_test_own_ops(t->first.book, &space), before + 1);
    assert_ok(look_at(t->first.book, &t->space, NULL, &err), &err);
    /* What happens to the device is told in the ordinary space, without one. */
    bool left = true;
    before = dbk_test_own_ops(t->first.book, &space);
    assert_ok(dbk_device_log_now(t->first.book, DBK_DEVICE_UNLOCKED, &err), &err);
    assert_ok(dbk_device_log_settle(t->first.book, &left, &err), &err);
    assert_false(left);
    assert_int_equal(dbk_test_own_ops(t->first.book, &space), before);
    team_end(t);
}

static size_t services(dbk_book *book, bool with_restricted)
{
    const dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID, .with_restricted = with_restricted };
    dbk_directory_hit *rows = NULL;
    size_t count = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_directory_find(&rows, &count, book, &ask, &err), &err);
    dbk_free(rows);
    return count;
}

static void a_restricted_spaces_services_are_in_no_look_up_without_a_reason_P3_2_6(void **state)
{
    static const char *const fields[] = { "name=Nightjar House", "status=active", NULL };
    (void)state;
    team *t = team_new();
    dbk_id space;
    dbk_err err = { 0 };
    const dbk_new_space with = { .name = "Op Yew",
                                 .creator_role = DBK_ROLE_HQ,
                                 .restricted = true };
    assert_rc(dbk_driver_space_create(t->first.book, &t->first.t, &space, &with, &err),
              DBK_PROPOSED, &err);
    seen s = proposals(&t->second);
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    (void)sync_now(&t->first);
    (void)dbk_test_add(t->first.book, &t->space, "service", fields);
    (void)dbk_test_add(t->first.book, &space, "service", fields);
    assert_int_equal(services(t->first.book, false), 1);
    assert_int_equal(services(t->first.book, true), 2);
    team_end(t);
}

static dbk_rc find_arrived(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    (void)err;
    if (row->arrived)
        *(dbk_id *)ctx = row->id;
    return DBK_OK;
}

/* Invites, joins, and takes the request to the admin: the invite's id. */
static dbk_id knock(sync_device *admin, sync_device *d, const dbk_new_invite *opts)
{
    dbk_err err = { 0 };
    dbk_id invite = { { 0 } };
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    assert_ok(dbk_driver_invite(admin->book, &admin->t, &text, opts, &err), &err);
    assert_ok(dbk_org_join(d->book, &request, dbk_bytes_span(&text), "new", &err), &err);
    assert_ok(dbk_driver_join_over(d->book, &d->t, &err), &err);
    assert_ok(dbk_driver_requests(admin->book, &admin->t, &err), &err);
    assert_ok(dbk_org_invites(admin->book, find_arrived, &invite, &err), &err);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&request);
    return invite;
}

static void a_headquarters_device_is_let_in_by_two_and_then_gets_its_spaces_a18(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    const dbk_new_invite opts = { .name = "The desk",
                                  .role = DBK_ROLE_HQ,
                                  .spaces = &t->space,
                                  .spaces_count = 1,
                                  .ttl_ms = UINT64_C(86400000) };
    sync_device *first = &t->first;
    dbk_id invite = knock(first, &t->desk, &opts);
    assert_rc(dbk_driver_approve(first->book, &first->t, &invite, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    /* Once more before anyone agreed: it takes the place of the one before. */
    assert_rc(dbk_driver_approve(first->book, &first->t, &invite, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    assert_true(sync_now(&t->desk).joining);
    seen s = proposals(&t->second);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.name, "The desk");
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    assert_false(sync_now(&t->desk).joining);
    assert_ok(dbk_driver_approve(first->book, &first->t, &invite, &err), &err); /* the spaces */
    (void)sync_now(&t->desk);
    assert_int_equal(dbk_book_role(t->desk.book, &t->space), DBK_ROLE_HQ);
    team_end(t);
}

static void an_administrator_s_second_device_is_the_same_person_a18(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    dbk_new_invite opts = { .name = "first's laptop",
                            .role = DBK_ROLE_ADMIN,
                            .spaces = &t->space,
                            .spaces_count = 1,
                            .ttl_ms = UINT64_C(86400000),
                            .person = { { 9 } } };
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    assert_rc(dbk_driver_invite(t->first.book, &t->first.t, &text, &opts, &err), DBK_NOT_FOUND,
              &err);
    dbk_err_clear(&err);
    opts.person = dbk_book_device(t->first.book); /* whose id stands for the person */
    dbk_id invite = knock(&t->first, &t->desk, &opts);
    assert_rc(dbk_driver_approve(t->first.book, &t->first.t, &invite, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    agree(&t->second);
    (void)sync_now(&t->first);
    (void)sync_now(&t->desk);
    dbk_id laptop = dbk_book_device(t->desk.book);
    assert_true(dbk_id_equal(&dbk_roster_device(roster(&t->asha), &opts.person)->person,
                             &dbk_roster_device(roster(&t->first), &laptop)->person));
    /* What the one device proposes the other can't agree to. */
    propose_policy(&t->first, 99);
    seen s = proposals(&t->desk);
    assert_true(s.mine);
    assert_rc(dbk_driver_agree(t->desk.book, &t->desk.t, dbk_bytes_span(&s.entry), &err),
              DBK_DENIED, &err);
    dbk_bytes_wipe(&s.entry);
    agree(&t->second);
    dbk_bytes_wipe(&text);
    team_end(t);
}

static void when_the_chain_moves_on_first_the_proposer_is_told_and_begins_anew_m49(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    propose_policy(&t->first, 99);
    seen old = proposals(&t->second);
    (void)sync_space(&t->second, "Something else"); /* one admin's work */
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_OVERTAKEN);
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_NONE);
    /* What was held from before counts no more, from wherever it comes. */
    assert_rc(dbk_driver_agree(t->second.book, &t->second.t, dbk_bytes_span(&old.entry), &err),
              DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    propose_policy(&t->first, 99);
    agree(&t->second);
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_AGREED);
    /* Both at once: the first to be agreed to wins, the other is told. */
    propose_policy(&t->first, 98);
    (void)sync_now(&t->second);
    propose_policy(&t->second, 97);
    seen s = proposals(&t->second);
    assert_int_equal(s.count, 2);
    dbk_bytes_wipe(&s.entry);
    assert_int_equal(sync_now(&t->second).to_agree, 1);
    team_end(t);
    dbk_bytes_wipe(&old.entry);
}

static dbk_rc decline_it(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    sync_device *d = ctx;
    (void)entry;
    return dbk_driver_decline(d->book, &d->t, p, err);
}

static void a_declined_proposal_is_told_to_who_made_it(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    propose_policy(&t->first, 99);
    assert_ok(dbk_driver_proposals(t->second.book, &t->second.t, decline_it, &t->second, &err),
              &err);
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_DECLINED);
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_NONE);
    assert_int_equal(dbk_roster_policy(roster(&t->first))->lease_h, 72);
    team_end(t);
}

static void the_founder_can_be_shut_out_but_not_by_one_alone_a18(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    const dbk_leaving leaving = { .device = dbk_book_device(t->first.book), .reason = "lost" };
    /* The second hasn't the root: alone it only asks. */
    (void)sync_now(&t->second);
    assert_rc(dbk_driver_leave(t->second.book, &t->second.t, &leaving, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    assert_false(dbk_roster_device(roster(&t->second), &leaving.device)->revoked);
    /* Where the founder agrees, the founder is out, and all spaces get new keys. */
    agree(&t->first);
    (void)sync_now(&t->second);
    assert_true(dbk_roster_device(roster(&t->second), &leaving.device)->revoked);
    assert_false(dbk_roster_space(roster(&t->second), &t->space)->rotation_due);
    (void)sync_now(&t->asha);
    assert_true(dbk_roster_device(roster(&t->asha), &leaving.device)->revoked);
    team_end(t);
}

static void a_lost_answer_makes_no_second_proposal_and_no_second_entry(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    dbk_policy policy = *dbk_roster_policy(roster(&t->first));
    policy.rotate_days = 30;
    syncworld_fail(&t->world, WIRE_LOSES_ANSWER, 1, false);
    assert_rc(dbk_driver_policy(t->first.book, &t->first.t, &policy, &err), DBK_UNREACHABLE, &err);
    syncworld_mend(&t->world);
    dbk_err_clear(&err);
    assert_rc(dbk_driver_policy(t->first.book, &t->first.t, &policy, &err), DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    seen s = proposals(&t->second);
    assert_int_equal(s.count, 1);
    uint64_t before = dbk_roster_count(roster(&t->second));
    syncworld_fail(&t->world, WIRE_LOSES_ANSWER, 1, false);
    assert_rc(dbk_driver_agree(t->second.book, &t->second.t, dbk_bytes_span(&s.entry), &err),
              DBK_UNREACHABLE, &err);
    syncworld_mend(&t->world);
    dbk_err_clear(&err);
    assert_ok(dbk_driver_agree(t->second.book, &t->second.t, dbk_bytes_span(&s.entry), &err), &err);
    assert_int_equal(dbk_roster_count(roster(&t->second)), before + 1);
    assert_int_equal(sync_now(&t->first).proposal, DBK_OWN_AGREED);
    dbk_bytes_wipe(&s.entry);
    team_end(t);
}

/* A relay that shows what no administrator signed, or something else than was signed. */
static void spoil(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    const size_t *at = ctx;
    (void)d;
    if (strcmp(req->method, "GET") == 0 && strcmp(req->target, "/v1/proposals") == 0 &&
        answer->body.len > 4)
        answer->body.p[4 + *at % (answer->body.len - 4)] ^= 1;
}

static void a_relay_that_changes_a_proposal_is_caught_before_anyone_signs_it_m10(void **state)
{
    (void)state;
    team *t = team_new();
    size_t at;
    propose_policy(&t->first, 99);
    t->world.meddle = spoil;
    t->world.meddle_ctx = &at;
    for (at = 0; at < 400; at += 3) {
        seen s = { .entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), .d = &t->second };
        dbk_err err = { 0 };
        dbk_rc rc = dbk_driver_proposals(t->second.book, &t->second.t, look, &s, &err);
        if (rc == DBK_OK ? s.count > 0 : rc != DBK_PEER && rc != DBK_VERSION)
            fail_msg("byte %zu: %s, %zu shown (%s)", at, dbk_rc_name(rc), s.count, err.text);
        dbk_bytes_wipe(&s.entry);
    }
    t->world.meddle = NULL;
    agree(&t->second);
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_admin_alone_gets_nowhere_and_with_two_every_member_sees_it_a18),
        cmocka_unit_test(a_restricted_space_is_made_and_entered_by_two_a18),
        cmocka_unit_test(a_look_at_a_restricted_space_takes_a_reason_and_no_other_does_2_6),
        cmocka_unit_test(a_restricted_spaces_services_are_in_no_look_up_without_a_reason_P3_2_6),
        cmocka_unit_test(a_headquarters_device_is_let_in_by_two_and_then_gets_its_spaces_a18),
        cmocka_unit_test(an_administrator_s_second_device_is_the_same_person_a18),
        cmocka_unit_test(when_the_chain_moves_on_first_the_proposer_is_told_and_begins_anew_m49),
        cmocka_unit_test(a_declined_proposal_is_told_to_who_made_it),
        cmocka_unit_test(the_founder_can_be_shut_out_but_not_by_one_alone_a18),
        cmocka_unit_test(a_lost_answer_makes_no_second_proposal_and_no_second_entry),
        cmocka_unit_test(a_relay_that_changes_a_proposal_is_caught_before_anyone_signs_it_m10),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
