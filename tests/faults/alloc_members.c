/* Who belongs to it: organisations, spaces, invites, roles, keys; and the referral that leaves. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/day.h"
#include "core/journal/inbox.h"
#include "tests/faults/alloc.h"

static dbk_rc found(alloc_world *w, dbk_err *err)
{
    const dbk_relay_card card = { .url = "https://" RELAYKIT_HOST,
                                  .relay = w->net.kit.birth.relay };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_create(w->fresh.book, &w->text, "founder", &card, err);
}

static dbk_rc make_space(alloc_world *w, dbk_err *err)
{
    const dbk_new_space opts = { .name = "Riverside", .creator_role = DBK_ROLE_HQ };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_space(w->hq.book, &w->text, &w->id, &opts, err);
}

static dbk_rc invite_fresh(alloc_world *w, dbk_err *err)
{
    const dbk_new_invite opts = {
        "fresh", DBK_ROLE_OFFICER, &w->space, 1, DBK_DAY_MS, 0, { { 0 } }
    };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_invite(w->hq.book, &w->text, &w->id, &opts, err);
}

static void invited(alloc_world *w)
{
    dbk_err err = { 0 };
    assert_ok(invite_fresh(w, &err), &err);
}

static dbk_rc join(alloc_world *w, dbk_err *err)
{
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    dbk_rc rc = dbk_org_join(w->fresh.book, &request, dbk_bytes_span(&w->text), "fresh", err);
    dbk_bytes_wipe(&request);
    return rc;
}

static void joined(alloc_world *w)
{
    dbk_err err = { 0 };
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    invited(w);
    assert_ok(dbk_org_join(w->fresh.book, &request, dbk_bytes_span(&w->text), "fresh", &err), &err);
    dbk_bytes_truncate(&w->text, 0);
    assert_ok(dbk_bytes_append(&w->text, dbk_bytes_span(&request), &err), &err);
    dbk_bytes_wipe(&request);
}

static dbk_rc take_request(alloc_world *w, dbk_err *err)
{
    return dbk_org_request_arrived(w->hq.book, &w->id, dbk_bytes_span(&w->text), err);
}

static void requested(alloc_world *w)
{
    dbk_err err = { 0 };
    joined(w);
    assert_ok(take_request(w, &err), &err);
}

static dbk_rc approve(alloc_world *w, dbk_err *err)
{
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_approve_next(w->hq.book, &w->text, &w->id, err);
}

static dbk_rc shut_out(alloc_world *w, dbk_err *err)
{
    const dbk_leaving leaving = { dbk_book_device(w->ben.book), "stolen", NULL };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_leave(w->hq.book, &w->text, &leaving, err);
}

static dbk_rc take_out_of_space(alloc_world *w, dbk_err *err)
{
    const dbk_leaving leaving = { dbk_book_device(w->ben.book), NULL, &w->space };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_leave(w->hq.book, &w->text, &leaving, err);
}

static dbk_rc rotate(alloc_world *w, dbk_err *err)
{
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_rotate(w->hq.book, &w->text, &w->space, err);
}

/* As the relay hands it out: the entry that is in w->text, taken by headquarters' own device. */
static dbk_rc take_entry(alloc_world *w, dbk_err *err)
{
    return dbk_inbox_member(w->hq.book, dbk_bytes_span(&w->text), err);
}

static void have_space(alloc_world *w)
{
    dbk_err err = { 0 };
    assert_ok(make_space(w, &err), &err);
}

static void have_key(alloc_world *w)
{
    dbk_err err = { 0 };
    assert_ok(rotate(w, &err), &err);
}

static dbk_rc name_policy(alloc_world *w, dbk_err *err)
{
    dbk_policy policy = *dbk_roster_policy(dbk_book_roster(w->hq.book));
    policy.freshness_h = 11;
    dbk_bytes_truncate(&w->text, 0);
    return dbk_org_policy(w->hq.book, &w->text, &policy, err);
}

static const dbk_recipient *recipient(void)
{
    static dbk_recipient to;
    dbk_err err = { 0 };
    dbk_secret *secret = NULL;
    uint8_t seed[DBK_RECIPIENT_SECRET_BYTES] = { 7 };
    assert_ok(dbk_secret_from(&secret, dbk_span_of(seed, sizeof(seed)), &err), &err);
    assert_ok(dbk_recipient_of(&to, NULL, secret, &err), &err);
    dbk_secret_free(secret);
    return &to;
}

static const dbk_recipient *to;

static void have_recipient(alloc_world *w)
{
    (void)w;
    to = recipient();
}

static dbk_rc send_referral(alloc_world *w, dbk_err *err)
{
    dbk_package package = { .referral = w->person, .safe = dbk_span_str("never ring the house") };
    dbk_bytes_truncate(&w->text, 0);
    return dbk_handover_seal(w->asha.book, &w->text, &package, to, err);
}

static dbk_rc referral_facts(alloc_world *w, dbk_err *err)
{
    dbk_referral_facts facts;
    const dbk_referral_about about = { .person = w->person,
                                       .case_id = w->of_case,
                                       .on = dbk_span_str("2026-09-21") };
    dbk_rc rc = dbk_referral_facts_of(&facts, w->asha.book, &about, err);
    dbk_referral_facts_wipe(&facts);
    return rc;
}

static const alloc_scenario members[] = {
    { "found an organisation", NULL, found, 0 },
    { "sign a new space", NULL, make_space, 0 },
    { "a new space is taken into the book", have_space, take_entry, ALLOC_CHANGES },
    { "invite an officer", NULL, invite_fresh, 0 },
    { "take an invite", invited, join, 0 },
    { "a request to join arrives", joined, take_request, 0 },
    { "sign an officer in", requested, approve, 0 },
    { "shut a stolen device out", NULL, shut_out, 0 },
    { "take a device out of a space", NULL, take_out_of_space, 0 },
    { "sign a space's next key", NULL, rotate, 0 },
    { "a space's next key is taken into the book", have_key, take_entry, ALLOC_CHANGES },
    { "sign a policy", NULL, name_policy, 0 },
    { "seal a referral", have_recipient, send_referral, 0 },
    { "what routing rules are asked about", NULL, referral_facts, 0 },
};
const alloc_table alloc_members = { members, ARRAY_LEN(members) };
