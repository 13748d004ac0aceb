/* The relay passes entries from one administrator to the second, and nothing that the chain would
 * not take with one more signature (A18). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/relaykit.h"

static const dbk_span none = { NULL, 0 };

typedef struct fixture {
    relaykit kit;
    relaykit_device second, officer, hq;
    dbk_bytes entry, whole; /* hq's enrolment: signed by the first admin, and by both */
} fixture;

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.second, DBK_ROLE_ADMIN);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_device_make(&f.kit, &f.hq, DBK_ROLE_HQ);
    (void)relaykit_entry_enrol(&f.kit, &f.entry, &f.hq);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    relaykit_device_drop(&f->second);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->hq);
    dbk_bytes_wipe(&f->entry);
    dbk_bytes_wipe(&f->whole);
    relaykit_close(&f->kit);
    return 0;
}

static int propose(fixture *f, relaykit_device *d, dbk_span entry)
{
    return relaykit_status(&f->kit, d, "POST", "/v1/proposals", entry);
}

/* What waits, in the order of the devices that proposed; *first is the first of it. */
static size_t waiting(fixture *f, dbk_bytes *first)
{
    dbk_relay_answer a;
    dbk_span entry, left;
    size_t count = 0;
    const relaykit_request req = { "GET", "/v1/proposals", none, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->second, &a, &req), 200);
    for (left = dbk_bytes_span(&a.body); dbk_entries_next(&left, &entry, NULL) == DBK_OK; count++) {
        if (count == 0 && first != NULL)
            assert_ok(dbk_bytes_append(first, entry, NULL), NULL);
    }
    assert_int_equal(left.len, 0);
    dbk_bytes_wipe(&a.body);
    return count;
}

static void cosign(dbk_bytes *out, dbk_span entry, const dbk_secret *admin)
{
    dbk_bytes_wipe(out);
    dbk_bytes_init(out, DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_entry_cosign(out, entry, admin, NULL), NULL);
}

static void a_proposal_waits_until_the_second_agrees_also_over_a_restart_a18(void **state)
{
    fixture *f = *state;
    dbk_bytes got = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_span entry = dbk_bytes_span(&f->entry);
    uint64_t count = dbk_roster_count(f->kit.roster);
    assert_int_equal(relaykit_post(&f->kit, entry), 403); /* alone it is nothing */
    assert_int_equal(propose(f, &f->kit.admin, entry), 204);
    assert_int_equal(propose(f, &f->kit.admin, entry), 204); /* the answer was lost */
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(waiting(f, &got), 1);
    assert_true(dbk_span_equal(dbk_bytes_span(&got), entry));
    assert_int_equal(dbk_roster_count(f->kit.roster), count);
    cosign(&f->whole, dbk_bytes_span(&got), f->second.admin);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&f->whole)), 200);
    assert_int_equal(waiting(f, NULL), 0);
    dbk_bytes_wipe(&got);
}

static void what_the_chain_would_not_take_is_not_passed_on_a18(void **state)
{
    fixture *f = *state;
    relaykit_device d, gone, stranger;
    dbk_bytes other = { 0 }, spoiled = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              stale = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_span entry = dbk_bytes_span(&f->entry);
    assert_ok(dbk_bytes_append(&stale, entry, NULL), NULL);
    /* One admin is enough for an officer: this belongs into the chain. */
    relaykit_device_make(&f->kit, &d, DBK_ROLE_OFFICER);
    relaykit_device_make(&f->kit, &stranger, DBK_ROLE_ADMIN);
    (void)relaykit_entry_enrol(&f->kit, &other, &d);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&other)), 400);
    cosign(&f->whole, entry, f->second.admin);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->whole)), 400);
    /* Signed besides by who is no admin. */
    cosign(&f->whole, entry, f->officer.sign);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->whole)), 403);
    cosign(&f->whole, entry, stranger.admin);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->whole)), 403);
    /* Brought by who may not, good as it is. */
    assert_int_equal(propose(f, &f->officer, entry), 403);
    assert_int_equal(propose(f, &stranger, entry), 401);
    /* Any bit of it turned. */
    assert_ok(dbk_bytes_append(&spoiled, entry, NULL), NULL);
    for (size_t bit = 0; bit < spoiled.len * 8; bit += 7) {
        spoiled.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int status = propose(f, &f->kit.admin, dbk_bytes_span(&spoiled));
        if (status != 400 && status != 403 && status != 409)
            fail_msg("bit %zu: %d", bit, status);
        spoiled.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(waiting(f, NULL), 0);
    /* The chain moves on: the entry is old, and so is who was revoked. */
    relaykit_enrol(&f->kit, &gone, DBK_ROLE_OFFICER);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&stale)), 409);
    assert_int_equal(waiting(f, NULL), 0);
    relaykit_device_drop(&d);
    relaykit_device_drop(&gone);
    relaykit_device_drop(&stranger);
    dbk_bytes_wipe(&other);
    dbk_bytes_wipe(&spoiled);
    dbk_bytes_wipe(&stale);
}

static void one_person_s_two_devices_don_t_make_it_whole_a18(void **state)
{
    fixture *f = *state;
    relaykit_device laptop;
    dbk_bytes enrol = { 0 }, both = { 0 };
    dbk_entry_decoded d = { 0 };
    dbk_bytes named = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    /* The first admin's second device, let in by both. */
    relaykit_device_make(&f->kit, &laptop, DBK_ROLE_ADMIN);
    (void)relaykit_entry_enrol(&f->kit, &enrol, &laptop);
    assert_ok(dbk_entry_decode(&d, dbk_bytes_span(&enrol), NULL), NULL);
    d.entry.person = f->kit.admin.id;
    assert_ok(dbk_entry_sign(&named, &d.entry, f->kit.admin.admin, NULL), NULL);
    dbk_entry_decoded_wipe(&d);
    cosign(&both, dbk_bytes_span(&named), f->second.admin);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&both)), 200);
    (void)relaykit_entry_enrol(&f->kit, &f->entry, &f->hq);
    cosign(&both, dbk_bytes_span(&f->entry), laptop.admin);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&both)), 403);
    assert_int_equal(propose(f, &laptop, dbk_bytes_span(&both)), 204); /* still lacks one */
    cosign(&f->whole, dbk_bytes_span(&both), f->second.admin);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&f->whole)), 200);
    relaykit_device_drop(&laptop);
    dbk_bytes_wipe(&enrol);
    dbk_bytes_wipe(&both);
    dbk_bytes_wipe(&named);
}

static void a_device_has_one_proposal_and_all_go_when_the_chain_moves_on(void **state)
{
    fixture *f = *state;
    relaykit_device other, officer;
    dbk_bytes second = { 0 }, got = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    relaykit_device_make(&f->kit, &other, DBK_ROLE_HQ);
    (void)relaykit_entry_enrol(&f->kit, &second, &other);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->entry)), 204);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&second)), 204);
    assert_int_equal(waiting(f, &got), 1);
    assert_true(dbk_span_equal(dbk_bytes_span(&got), dbk_bytes_span(&second)));
    assert_int_equal(propose(f, &f->second, dbk_bytes_span(&f->entry)), 204);
    assert_int_equal(waiting(f, NULL), 2);
    relaykit_enrol(&f->kit, &officer, DBK_ROLE_OFFICER); /* one admin's work, in between */
    assert_int_equal(waiting(f, NULL), 0);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&second)), 409);
    relaykit_device_drop(&other);
    relaykit_device_drop(&officer);
    dbk_bytes_wipe(&second);
    dbk_bytes_wipe(&got);
}

static const char *decline_target(char out[96], dbk_span entry)
{
    dbk_entry_decoded d = { 0 };
    dbk_id id;
    char hex[DBK_ID_HEX_SIZE];
    assert_ok(dbk_entry_decode(&d, entry, NULL), NULL);
    memcpy(id.b, d.hash.b, sizeof(id.b));
    dbk_entry_decoded_wipe(&d);
    dbk_id_hex(hex, &id);
    (void)snprintf(out, 96, "/v1/proposals/%s/decline", hex);
    return out;
}

static void an_admin_may_decline_what_waits(void **state)
{
    fixture *f = *state;
    char target[96], body[64];
    unsigned long long seq = dbk_roster_count(f->kit.roster);
    decline_target(target, dbk_bytes_span(&f->entry));
    (void)snprintf(body, sizeof(body), "{\"v\":1,\"seq\":%llu}", seq);
    assert_int_equal(relaykit_status(&f->kit, &f->second, "POST", target, dbk_span_str(body)), 404);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->entry)), 204);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "POST", target, dbk_span_str(body)),
                     403);
    assert_int_equal(waiting(f, NULL), 1);
    (void)snprintf(body, sizeof(body), "{\"v\":1,\"seq\":%llu}", seq + 1);
    assert_int_equal(relaykit_status(&f->kit, &f->second, "POST", target, dbk_span_str(body)), 404);
    (void)snprintf(body, sizeof(body), "{\"v\":1,\"seq\":%llu}", seq);
    assert_int_equal(relaykit_status(&f->kit, &f->second, "POST", target, dbk_span_str(body)), 204);
    assert_int_equal(waiting(f, NULL), 0);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->entry)), 204); /* again */
}

static void proposals_have_a_cap_and_a_full_list_stops_nothing_else(void **state)
{
    static relaykit_device admins[DBK_RELAY_PROPOSALS_MAX];
    fixture *f = *state;
    dbk_bytes enrol = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(admins); i++) {
        relaykit_device_make(&f->kit, &admins[i], DBK_ROLE_ADMIN);
        cosign(&f->whole, relaykit_entry_enrol(&f->kit, &enrol, &admins[i]), f->second.admin);
        assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&f->whole)), 200);
    }
    (void)relaykit_entry_enrol(&f->kit, &f->entry, &f->hq);
    for (size_t i = 0; i < ARRAY_LEN(admins); i++)
        assert_int_equal(propose(f, &admins[i], dbk_bytes_span(&f->entry)), 204);
    assert_int_equal(waiting(f, NULL), DBK_RELAY_PROPOSALS_MAX);
    assert_int_equal(propose(f, &f->kit.admin, dbk_bytes_span(&f->entry)), 507);
    assert_int_equal(propose(f, &admins[3], dbk_bytes_span(&f->entry)), 204); /* in its own place */
    cosign(&f->whole, dbk_bytes_span(&f->entry), f->second.admin);
    assert_int_equal(relaykit_post(&f->kit, dbk_bytes_span(&f->whole)), 200);
    assert_int_equal(waiting(f, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(admins); i++)
        relaykit_device_drop(&admins[i]);
    dbk_bytes_wipe(&enrol);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proposal_waits_until_the_second_agrees_also_over_a_restart_a18),
        TEST(what_the_chain_would_not_take_is_not_passed_on_a18),
        TEST(one_person_s_two_devices_don_t_make_it_whole_a18),
        TEST(a_device_has_one_proposal_and_all_go_when_the_chain_moves_on),
        TEST(an_admin_may_decline_what_waits),
        TEST(proposals_have_a_cap_and_a_full_list_stops_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
