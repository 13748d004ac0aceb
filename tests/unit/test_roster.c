#include "tests/lib/test.h"
#include "tests/lib/story.h"

#include <string.h>

#include "core/base/alloc.h"

static void the_fold_knows_who_is_a_member_of_what(void **state)
{
    story *s = story_new();
    const dbk_roster *r = s->c.roster;
    (void)state;
    assert_int_equal(dbk_roster_count(r), 5);
    assert_int_equal(dbk_roster_devices(r), 4);
    assert_int_equal(dbk_roster_spaces(r), 2);
    assert_true(dbk_roster_space_at(r, 0)->is_roster);
    assert_int_equal(dbk_roster_space_at(r, 0)->label.len, 0);
    assert_false(dbk_roster_space_at(r, 1)->is_roster);
    assert_memory_equal(dbk_roster_space_at(r, 1)->label.p, s->entry.label, CHAIN_LABEL_BYTES);
    assert_memory_equal(dbk_roster_relay(r)->b, s->c.relay_pk.b, 32);
    assert_memory_equal(dbk_roster_root(r)->b, s->c.root_pk.b, 32);
    assert_int_equal(dbk_roster_role(r, &s->officer.id, &s->space), DBK_ROLE_OFFICER);
    assert_int_equal(dbk_roster_role(r, &s->hq.id, &s->space), DBK_ROLE_HQ);
    assert_int_equal(dbk_roster_role(r, &s->c.admin.id, &s->space), DBK_ROLE_ADMIN);
    assert_int_equal(dbk_roster_role(r, &s->guest.id, &s->space), DBK_ROLE_NONE);
    assert_int_equal(dbk_roster_role(r, &s->guest.id, &s->c.roster_space), DBK_ROLE_GUEST);
    const dbk_member *m = dbk_roster_device(r, &s->officer.id);
    assert_non_null(m);
    assert_int_equal(m->enrolled_seq, 1);
    assert_int_equal(m->spaces_count, 2);
    assert_int_equal(m->label.len, CHAIN_LABEL_BYTES);
    assert_false(m->revoked);
    assert_ptr_equal(dbk_roster_device_at(r, 1), m);
    assert_ptr_equal(dbk_roster_device_by_request_key(r, &s->officer.keys.request), m);
    assert_null(dbk_roster_device(r, &s->space));
    story_free(s);
}

static void a_request_key_is_found_by_its_own_purpose_only(void **state)
{
    story *s = story_new();
    const dbk_roster *r = s->c.roster;
    dbk_sign_pk kem;
    (void)state;
    memcpy(kem.b, s->officer.keys.kem, sizeof(kem.b));
    assert_null(dbk_roster_device_by_request_key(r, &s->officer.keys.sign));
    assert_null(dbk_roster_device_by_request_key(r, &kem));
    assert_null(dbk_roster_device_by_request_key(r, &s->c.admin.keys.admin));
    assert_null(dbk_roster_device_by_request_key(r, &s->c.root_pk));
    story_free(s);
}

static void a_grant_brings_a_guest_in_until_a_day_and_again_changes_the_role(void **state)
{
    story *s = story_new();
    dbk_roster *r = s->c.roster;
    (void)state;
    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    s->entry.e.expires_ms = 1800000000000u;
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(r);
    assert_int_equal(dbk_roster_role(r, &s->guest.id, &s->space), DBK_ROLE_GUEST);
    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    s->entry.e.role = DBK_ROLE_AUDITOR;
    s->entry.e.expires_ms = 0;
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(r);
    const dbk_member *m = dbk_roster_device(r, &s->guest.id);
    assert_int_equal(m->spaces_count, 2);
    for (size_t i = 0; i < m->spaces_count; i++) {
        if (!dbk_id_equal(&m->spaces[i].space, &s->space))
            continue;
        assert_int_equal(m->spaces[i].role, DBK_ROLE_AUDITOR);
        assert_int_equal(m->spaces[i].expires_ms, 0);
        assert_int_equal(m->spaces[i].granted_seq, 6);
    }
    story_free(s);
}

static void only_an_enrolled_admin_signs_the_chain(void **state)
{
    story *s = story_new();
    chain_device d, other_admin;
    (void)state;
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &d);
    story_refused(s, s->c.root, DBK_DENIED, "the root alone after genesis");
    story_refused(s, s->officer.sign, DBK_AUTH, "an officer");
    story_refused(s, s->c.admin.sign, DBK_AUTH, "an admin's segment key (R14: keys by purpose)");
    story_refused(s, s->c.admin.request, DBK_AUTH, "an admin's request key");
    story_refused(s, s->c.relay, DBK_AUTH, "the relay");
    chain_device_new(&other_admin, &s->c, DBK_ROLE_ADMIN);
    story_refused(s, other_admin.admin, DBK_AUTH, "an admin of nowhere");
    chain_take(&s->c, &s->entry, NULL);
    chain_device_free(&d);
    chain_device_free(&other_admin);
    story_free(s);
}

static void a_second_admin_signs_until_revoked_and_the_last_admin_stays(void **state)
{
    story *s = story_new();
    chain_device second, d;
    (void)state;
    chain_revoke(&s->entry, &s->c, &s->c.admin, "left");
    story_refused(s, s->c.admin.admin, DBK_DENIED, "the last admin");
    chain_enrolled(&second, &s->c, DBK_ROLE_ADMIN);
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &d);
    chain_take(&s->c, &s->entry, second.admin);
    chain_revoke(&s->entry, &s->c, &second, "lost");
    story_refused(s, s->c.admin.admin, DBK_DENIED, "one admin alone revokes the other (A18)");
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, s->c.root);
    const chain_device *left[] = { &s->officer, &s->hq, &s->guest, &s->c.admin, &d };
    chain_rotate(&s->entry, &s->c, &s->c.roster_space, left, ARRAY_LEN(left));
    chain_take(&s->c, &s->entry, NULL);
    chain_revoke(&s->entry, &s->c, &d, "left");
    story_refused(s, second.admin, DBK_DENIED, "a revoked admin");
    chain_device_free(&second);
    chain_device_free(&d);
    story_free(s);
}

static void an_entry_must_follow_the_head(void **state)
{
    story *s = story_new();
    chain_device a, b;
    (void)state;
    chain_device_new(&a, &s->c, DBK_ROLE_OFFICER);
    chain_device_new(&b, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &a);
    chain_entry *twin = dbk_alloc(sizeof(*twin));
    assert_non_null(twin);
    chain_enrol(twin, &s->c, &b);
    chain_take(&s->c, &s->entry, NULL);
    story_refused(s, s->c.admin.admin, DBK_CONFLICT, "the same entry again");
    s->entry.e = twin->e;
    story_refused(s, s->c.admin.admin, DBK_CONFLICT, "a second child of one parent (M49)");
    chain_enrol(&s->entry, &s->c, &b);
    s->entry.e.seq++;
    story_refused(s, s->c.admin.admin, DBK_CONFLICT, "a gap in seq");
    chain_enrol(&s->entry, &s->c, &b);
    s->entry.e.prev.b[31] ^= 1;
    story_refused(s, s->c.admin.admin, DBK_CONFLICT, "another previous hash");
    chain_enrol(&s->entry, &s->c, &b);
    s->entry.e.org.b[0] ^= 1;
    story_refused(s, s->c.admin.admin, DBK_AUTH, "another organisation (M13)");
    dbk_free(twin);
    chain_device_free(&a);
    chain_device_free(&b);
    story_free(s);
}

static void genesis_must_be_the_pinned_roots(void **state)
{
    story *s = dbk_alloc(sizeof(*s));
    dbk_err err = { 0 };
    dbk_secret *other;
    dbk_sign_pk other_pk;
    (void)state;
    assert_non_null(s);
    chain_new(&s->c, 9);
    assert_ok(dbk_sign_keypair(&other_pk, &other, s->c.env, &err), &err);
    assert_null(dbk_roster_relay(s->c.roster));
    chain_genesis(&s->entry, &s->c);
    story_refused(s, other, DBK_AUTH, "signed by another key");
    story_refused(s, s->c.admin.admin, DBK_AUTH, "signed by the admin it enrols");
    s->entry.e.root = other_pk;
    story_refused(s, s->c.root, DBK_AUTH, "carrying another root");
    chain_genesis(&s->entry, &s->c);
    s->entry.e.relay = s->c.root_pk;
    story_refused(s, s->c.root, DBK_DENIED, "one key for root and relay");
    chain_genesis(&s->entry, &s->c);
    memset(s->entry.e.relay.b, 0, 32);
    story_refused(s, s->c.root, DBK_DENIED, "a relay key of small order (R13)");
    chain_genesis(&s->entry, &s->c);
    s->entry.e.keys.admin = s->c.root_pk;
    story_refused(s, s->c.root, DBK_DENIED, "the root's key as the admin's");
    chain_genesis(&s->entry, &s->c);
    s->entry.e.role = DBK_ROLE_HQ;
    memset(s->entry.e.keys.admin.b, 0, 32);
    story_refused(s, s->c.root, DBK_DENIED, "a first device that is no admin");
    chain_genesis(&s->entry, &s->c);
    s->entry.e.epoch.epoch = 2;
    story_refused(s, s->c.root, DBK_DENIED, "epoch 2 first");
    chain_genesis(&s->entry, &s->c);
    s->entry.e.wraps_count = 0;
    story_refused(s, s->c.root, DBK_DENIED, "no wrap for the admin");
    chain_genesis(&s->entry, &s->c);
    chain_take(&s->c, &s->entry, NULL);
    dbk_secret_free(other);
    chain_free(&s->c);
    dbk_free(s);
}

static void an_enrolment_with_one_thing_wrong_is_refused(void **state)
{
    story *s = story_new();
    const dbk_secret *admin = s->c.admin.admin;
    chain_device d;
    (void)state;
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
#define CASE(why, want, change)             \
    do {                                    \
        chain_enrol(&s->entry, &s->c, &d);  \
        change;                             \
        story_refused(s, admin, want, why); \
    } while (0)
    CASE("an id that isn't its keys'", DBK_DENIED, s->entry.e.device.b[0] ^= 1;
         s->entry.wraps[0].device = s->entry.e.device);
    CASE("another sign key (M12)", DBK_DENIED, s->entry.e.keys.sign = s->officer.keys.sign);
    CASE("another kem key (M11)", DBK_DENIED, memcpy(s->entry.e.keys.kem, s->officer.keys.kem, 32));
    CASE("a request key in use", DBK_DENIED, s->entry.e.keys.request = s->hq.keys.request);
    CASE("one key for two purposes", DBK_DENIED, s->entry.e.keys.request = s->entry.e.keys.sign);
    CASE("a sign key as another's request key", DBK_DENIED,
         s->entry.e.keys.request = s->hq.keys.sign);
    CASE("the relay's key", DBK_DENIED, s->entry.e.keys.request = s->c.relay_pk);
    CASE("a request key that is no point", DBK_DENIED, memset(s->entry.e.keys.request.b, 2, 32));
    CASE("no wrap", DBK_DENIED, s->entry.e.wraps_count = 0);
    CASE("a wrap for another device", DBK_DENIED, s->entry.wraps[0].device = s->officer.id);
    CASE("a wrap of another epoch", DBK_DENIED, s->entry.wraps[0].epoch = 2);
    CASE("a wrap too many", DBK_DENIED, chain_wrap(&s->entry, &s->c, &s->officer.id, 1));
    CASE("a wrap twice", DBK_FORMAT, chain_wrap(&s->entry, &s->c, &d.id, 1));
    CASE("an admin without a key", DBK_FORMAT, s->entry.e.role = DBK_ROLE_ADMIN);
    CASE("an officer with one", DBK_FORMAT, s->entry.e.keys.admin = s->c.admin.keys.sign);
    CASE("no role", DBK_FORMAT, s->entry.e.role = DBK_ROLE_NONE);
    CASE("no label", DBK_FORMAT, s->entry.e.label.len = 0);
#undef CASE
    /* A second spelling of a kem key: X25519 ignores the top bit. */
    d.keys.kem[31] |= 0x80;
    d.id = dbk_device_id(d.keys.sign.b, d.keys.kem);
    chain_enrol(&s->entry, &s->c, &d);
    story_refused(s, admin, DBK_DENIED, "a kem key that is not canonical");
    /* Small order: the shared secret of a wrap would be zero for everybody. */
    memset(d.keys.kem, 0, sizeof(d.keys.kem));
    d.id = dbk_device_id(d.keys.sign.b, d.keys.kem);
    chain_enrol(&s->entry, &s->c, &d);
    story_refused(s, admin, DBK_DENIED, "a kem key of small order");
    chain_device_free(&d);
    story_free(s);
}

static void a_space_with_one_thing_wrong_is_refused(void **state)
{
    story *s = story_new();
    const dbk_secret *admin = s->c.admin.admin;
    const chain_device *members[] = { &s->officer, &s->hq };
    (void)state;
#define CASE(why, want, change)                                     \
    do {                                                            \
        chain_space(&s->entry, &s->c, members, ARRAY_LEN(members)); \
        change;                                                     \
        story_refused(s, admin, want, why);                         \
    } while (0)
    CASE("an id that exists", DBK_DENIED, s->entry.e.space = s->space);
    CASE("epoch 2 first", DBK_DENIED, s->entry.e.epoch.epoch = 2);
    CASE("a key id of another epoch (R24)", DBK_DENIED,
         s->entry.e.epoch.key_id = dbk_roster_space(s->c.roster, &s->space)->epochs[0].key_id);
    CASE("a member without a wrap (M16)", DBK_DENIED, s->entry.e.wraps_count--);
    CASE("a wrap for no member (M10)", DBK_DENIED, chain_wrap(&s->entry, &s->c, &s->guest.id, 1));
    CASE("a wrap of epoch 2", DBK_DENIED, s->entry.wraps[1].epoch = 2);
    CASE("wraps of other devices", DBK_DENIED, s->entry.wraps[1].device = s->guest.id);
    CASE("an unknown device", DBK_DENIED, s->entry.wraps[0].device.b[0] ^= 1;
         s->entry.grants[0].device = s->entry.wraps[0].device);
    CASE("a member twice", DBK_FORMAT, s->entry.grants[1] = s->entry.grants[0]);
    CASE("role admin for an officer's device", DBK_DENIED,
         s->entry.grants[0].role = DBK_ROLE_ADMIN);
    CASE("no members", DBK_DENIED, s->entry.e.wraps_count = 0; s->entry.e.grants_count = 0);
    CASE("a zero id", DBK_FORMAT, memset(&s->entry.e.space, 0, sizeof(dbk_id)));
#undef CASE
    story_free(s);
}

static void a_grant_with_one_thing_wrong_is_refused(void **state)
{
    story *s = story_new();
    const dbk_secret *admin = s->c.admin.admin;
    (void)state;
#define CASE(why, want, change)                              \
    do {                                                     \
        chain_grant(&s->entry, &s->c, &s->space, &s->guest); \
        change;                                              \
        story_refused(s, admin, want, why);                  \
    } while (0)
    CASE("an unknown space", DBK_DENIED, s->entry.e.space.b[0] ^= 1);
    CASE("the roster space", DBK_DENIED, s->entry.e.space = s->c.roster_space);
    CASE("an unknown device", DBK_DENIED, s->entry.e.device.b[0] ^= 1);
    CASE("a wrap for another device", DBK_DENIED, s->entry.wraps[0].device = s->hq.id);
    CASE("no wrap", DBK_DENIED, s->entry.e.wraps_count = 0);
    CASE("an epoch to come", DBK_DENIED, s->entry.wraps[0].epoch = 2);
    CASE("role admin", DBK_DENIED, s->entry.e.role = DBK_ROLE_ADMIN);
#undef CASE
    story_free(s);
}

static void a_revoked_device_keeps_its_feeds_and_loses_its_roles(void **state)
{
    story *s = story_new();
    dbk_roster *r = s->c.roster;
    const chain_device *rest[] = { &s->hq, &s->c.admin };
    const chain_device *all[] = { &s->hq, &s->c.admin, &s->officer };
    const chain_device *wrong[] = { &s->hq, &s->guest };
    dbk_id incarnation = { { 1 } };
    dbk_id feed = dbk_feed_id(&s->officer.id, &s->space, &incarnation);
    (void)state;
    chain_revoke(&s->entry, &s->c, &s->officer, "stolen");
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(r);
    assert_int_equal(dbk_roster_role(r, &s->officer.id, &s->space), DBK_ROLE_NONE);
    const dbk_member *owner = dbk_roster_feed_owner(r, &s->space, &feed, &incarnation);
    assert_non_null(owner);
    assert_true(owner->revoked);

    chain_revoke(&s->entry, &s->c, &s->officer, "left");
    story_refused(s, s->c.admin.admin, DBK_DENIED, "revoked twice");
    chain_grant(&s->entry, &s->c, &s->space, &s->officer);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a grant for a revoked device");
    chain_rotate(&s->entry, &s->c, &s->space, all, ARRAY_LEN(all));
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a new key for the revoked device");
    chain_rotate(&s->entry, &s->c, &s->space, rest, 1);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a member left out (M16)");
    chain_rotate(&s->entry, &s->c, &s->space, wrong, ARRAY_LEN(wrong));
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a wrap for no member");
    chain_rotate(&s->entry, &s->c, &s->space, rest, ARRAY_LEN(rest));
    s->entry.e.epoch.epoch = 3;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "an epoch skipped");
    chain_rotate(&s->entry, &s->c, &s->space, rest, ARRAY_LEN(rest));
    s->entry.e.epoch.key_id = dbk_roster_space(r, &s->space)->epochs[0].key_id;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "the old key again (M19)");
    chain_rotate(&s->entry, &s->c, &s->space, rest, ARRAY_LEN(rest));
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(r);
    const dbk_space *space = dbk_roster_space(r, &s->space);
    assert_int_equal(space->epochs_count, 2);
    assert_memory_equal(&space->epochs[1], &s->entry.e.epoch, sizeof(space->epochs[1]));
    chain_grant(&s->entry, &s->c, &s->space, &s->officer);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a grant for a revoked device, the key new");

    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    s->entry.wraps[0].epoch = 1;
    story_refused(s, s->c.admin.admin, DBK_DENIED, "a grant of the old epoch only (M15)");
    chain_grant(&s->entry, &s->c, &s->space, &s->guest);
    chain_wrap(&s->entry, &s->c, &s->guest.id, 1);
    chain_take(&s->c, &s->entry, NULL); /* and with the past, if the admin wants it so */
    dbk_roster_check_deep(r);
    story_free(s);
}

typedef struct seen_wraps {
    size_t count;
    dbk_id spaces[8];
    uint64_t epochs[8];
    uint8_t last[DBK_WRAP_BYTES];
} seen_wraps;

static dbk_rc see_wrap(void *ctx, const dbk_id *space, const dbk_epoch *epoch,
                       const uint8_t wrap[DBK_WRAP_BYTES], dbk_err *err)
{
    seen_wraps *seen = ctx;
    if (seen->count == ARRAY_LEN(seen->spaces))
        return dbk_fail(err, DBK_LIMIT, "too many");
    seen->spaces[seen->count] = *space;
    seen->epochs[seen->count++] = epoch->epoch;
    memcpy(seen->last, wrap, sizeof(seen->last));
    return DBK_OK;
}

static void each_device_finds_its_wraps_in_chain_order(void **state)
{
    story *s = story_new();
    const chain_device *all[] = { &s->hq, &s->c.admin, &s->officer };
    seen_wraps seen = { 0 };
    dbk_err err = { 0 };
    (void)state;
    chain_rotate(&s->entry, &s->c, &s->space, all, ARRAY_LEN(all));
    chain_take(&s->c, &s->entry, NULL);
    assert_ok(dbk_roster_each_wrap(s->c.roster, &s->officer.id, see_wrap, &seen, &err), &err);
    assert_int_equal(seen.count, 3);
    assert_true(dbk_id_equal(&seen.spaces[0], &s->c.roster_space));
    assert_true(dbk_id_equal(&seen.spaces[1], &s->space));
    assert_true(dbk_id_equal(&seen.spaces[2], &s->space));
    assert_int_equal(seen.epochs[2], 2);
    assert_memory_equal(seen.last, s->entry.wraps[2].wrap, DBK_WRAP_BYTES);
    seen.count = ARRAY_LEN(seen.spaces); /* the callback's failure ends the walk */
    assert_rc(dbk_roster_each_wrap(s->c.roster, &s->officer.id, see_wrap, &seen, &err), DBK_LIMIT,
              &err);
    story_free(s);
}

static void a_feed_has_the_owner_that_its_id_was_made_of_and_no_other(void **state)
{
    story *s = story_new();
    const dbk_roster *r = s->c.roster;
    dbk_id inc = { { 5 } }, other_inc = { { 6 } };
    dbk_id feed = dbk_feed_id(&s->officer.id, &s->space, &inc);
    dbk_id outsider = dbk_feed_id(&s->guest.id, &s->space, &inc);
    (void)state;
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        const dbk_member *m = dbk_roster_feed_owner(r, &s->space, &feed, &inc);
        assert_non_null(m);
        assert_true(dbk_id_equal(&m->device, &s->officer.id));
        assert_null(dbk_roster_feed_owner(r, &s->space, &feed, &other_inc));
        assert_null(dbk_roster_feed_owner(r, &s->c.roster_space, &feed, &inc));
        assert_null(dbk_roster_feed_owner(r, &s->officer.id, &feed, &inc));
        assert_null(dbk_roster_feed_owner(r, &s->space, &outsider, &inc)); /* M06, M07 */
    }
    story_free(s);
}

static void two_hundred_devices_are_each_found(void **state)
{
    enum { DEVICES = 200 };
    chain c;
    chain_entry *ce = dbk_alloc(sizeof(*ce));
    chain_device *devices = dbk_alloc_array(DEVICES, sizeof(*devices));
    const chain_device *members[DEVICES];
    (void)state;
    assert_non_null(ce);
    assert_non_null(devices);
    chain_begin(&c, 13);
    for (size_t i = 0; i < DEVICES; i++) {
        chain_enrolled(&devices[i], &c, DBK_ROLE_OFFICER);
        members[i] = &devices[i];
    }
    chain_space(ce, &c, members, DEVICES);
    chain_take(&c, ce, NULL);
    dbk_roster_check_deep(c.roster);
    for (size_t i = 0; i < DEVICES; i++) {
        dbk_id inc = { { (uint8_t)i, 1 } };
        dbk_id feed = dbk_feed_id(&devices[i].id, &ce->e.space, &inc);
        const dbk_member *m = dbk_roster_feed_owner(c.roster, &ce->e.space, &feed, &inc);
        assert_non_null(m);
        assert_true(dbk_id_equal(&m->device, &devices[i].id));
        assert_ptr_equal(dbk_roster_device_by_request_key(c.roster, &devices[i].keys.request), m);
        chain_device_free(&devices[i]);
    }
    chain_free(&c);
    dbk_free(devices);
    dbk_free(ce);
}

static void role_names_are_one_to_one(void **state)
{
    (void)state;
    for (dbk_role role = DBK_ROLE_OFFICER; role <= DBK_ROLE_ADMIN; role++)
        assert_int_equal(dbk_role_parse(dbk_role_name(role)), role);
    assert_int_equal(dbk_role_parse("none"), DBK_ROLE_NONE);
    assert_int_equal(dbk_role_parse("Officer"), DBK_ROLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fold_knows_who_is_a_member_of_what),
        cmocka_unit_test(a_request_key_is_found_by_its_own_purpose_only),
        cmocka_unit_test(a_grant_brings_a_guest_in_until_a_day_and_again_changes_the_role),
        cmocka_unit_test(only_an_enrolled_admin_signs_the_chain),
        cmocka_unit_test(a_second_admin_signs_until_revoked_and_the_last_admin_stays),
        cmocka_unit_test(an_entry_must_follow_the_head),
        cmocka_unit_test(genesis_must_be_the_pinned_roots),
        cmocka_unit_test(an_enrolment_with_one_thing_wrong_is_refused),
        cmocka_unit_test(a_space_with_one_thing_wrong_is_refused),
        cmocka_unit_test(a_grant_with_one_thing_wrong_is_refused),
        cmocka_unit_test(a_revoked_device_keeps_its_feeds_and_loses_its_roles),
        cmocka_unit_test(each_device_finds_its_wraps_in_chain_order),
        cmocka_unit_test(a_feed_has_the_owner_that_its_id_was_made_of_and_no_other),
        cmocka_unit_test(two_hundred_devices_are_each_found),
        cmocka_unit_test(role_names_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
