/* An organisation sets itself up on a relay; membership is one chain by compare-and-swap; devices
 * knock through mailboxes. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/day.h"
#include "tests/lib/relaykit.h"

#define INVITE "/v1/join/0123456789abcdef0123456789abcdef"
#define OTHER_INVITE "/v1/join/ffff456789abcdef0123456789abcdef"

static const dbk_span none = { NULL, 0 };
#define HELLO dbk_span_str("{\"v\":1}")

static int setup(void **state)
{
    static relaykit kit;
    relaykit_open(&kit, DBK_WRITER_INLINE);
    *state = &kit;
    return 0;
}

static int setup_with_org(void **state)
{
    (void)setup(state);
    relaykit_org(*state);
    return 0;
}

static int teardown(void **state)
{
    relaykit_close(*state);
    return 0;
}

static int post_org(relaykit *k, dbk_span entry, const char *code, uint64_t *count)
{
    dbk_relay_answer a;
    relaykit_request req = { "POST", "/v1/org", entry, code };
    int status = relaykit_send(k, NULL, &a, &req);
    if (status == 200)
        assert_ok(dbk_posted_decode(count, dbk_bytes_span(&a.body), NULL), NULL);
    dbk_bytes_wipe(&a.body);
    return status;
}

static dbk_relay_memory recall(relaykit *k)
{
    dbk_log log;
    dbk_relay_memory memory;
    assert_ok(k->source.open(k->source.self, &log, DBK_LOG_READS, NULL), NULL);
    assert_ok(dbk_relay_recall(&memory, &log, NULL), NULL);
    dbk_log_close(&log);
    return memory;
}

/* ---- setting up -------------------------------------------------------------------------- */

static void one_organisation_gets_in_with_the_code_and_no_second_one_ever(void **state)
{
    relaykit *k = *state;
    dbk_bytes genesis = { 0 }, other = { 0 };
    uint64_t count = 0;
    dbk_span first = relaykit_genesis(k, &genesis);
    relaykit_device d;
    /* Nobody is let in by an empty relay. */
    relaykit_device_make(k, &d, DBK_ROLE_OFFICER);
    assert_int_equal(relaykit_status(k, &d, "POST", "/v1/hello", HELLO), 401);
    assert_true(recall(k).awaits_setup);
    assert_int_equal(post_org(k, first, k->birth.setup_code, &count), 200);
    assert_int_equal(count, 1);
    assert_false(recall(k).awaits_setup); /* the code is forgotten */
    assert_memory_equal(recall(k).relay.b, k->birth.relay.b, DBK_SIGN_PK_BYTES);
    /* The answer was lost: the same once more is fine, also without the code that is gone. */
    assert_int_equal(post_org(k, first, k->birth.setup_code, &count), 200);
    assert_int_equal(post_org(k, first, NULL, &count), 200);
    assert_int_equal(count, 1);
    /* Another organisation, with the code that has been used. */
    dbk_secret_free(k->root);
    dbk_roster_free(k->roster);
    assert_ok(dbk_sign_keypair(&k->root_pk, &k->root, &k->env.env, NULL), NULL);
    assert_ok(dbk_roster_new(&k->roster, &k->root_pk, NULL), NULL);
    dbk_span second = relaykit_genesis(k, &other);
    assert_int_equal(post_org(k, second, k->birth.setup_code, &count), 409);
    relaykit_stop(k);
    relaykit_start(k);
    assert_int_equal(post_org(k, second, k->birth.setup_code, &count), 409);
    assert_int_equal(post_org(k, first, NULL, &count), 200);
    assert_int_equal(relaykit_check(k).entries, 1);
    relaykit_device_drop(&d);
    dbk_bytes_wipe(&genesis);
    dbk_bytes_wipe(&other);
}

static void a_wrong_setup_code_lets_nobody_in_and_does_not_spoil_the_right_one(void **state)
{
    relaykit *k = *state;
    dbk_bytes genesis = { 0 };
    uint64_t count;
    char code[DBK_SETUP_CODE_SIZE];
    dbk_span entry = relaykit_genesis(k, &genesis);
    assert_int_equal(post_org(k, entry, NULL, &count), 403);
    for (size_t i = 0; i < DBK_SETUP_CODE_SIZE - 1; i++) {
        memcpy(code, k->birth.setup_code, sizeof(code));
        code[i] = code[i] == 'A' ? 'B' : 'A';
        assert_int_equal(post_org(k, entry, code, &count), 403);
        memcpy(code, k->birth.setup_code, sizeof(code));
        code[i] = '\0';
        if (i > 0)
            assert_int_equal(post_org(k, entry, code, &count), 403);
    }
    assert_int_equal(post_org(k, entry, k->birth.setup_code, &count), 200);
    dbk_bytes_wipe(&genesis);
}

static void a_genesis_that_names_another_relay_or_is_none_is_refused(void **state)
{
    relaykit *k = *state;
    dbk_bytes entry = { 0 }, later = { 0 };
    uint64_t count;
    relaykit_device d;
    dbk_sign_pk own = k->birth.relay;
    relaykit_device_make(k, &d, DBK_ROLE_OFFICER);
    k->birth.relay = d.keys.sign; /* a proper key, of nobody in the chain */
    assert_int_equal(post_org(k, relaykit_genesis(k, &entry), k->birth.setup_code, &count), 403);
    k->birth.relay = own;
    relaykit_genesis(k, &entry);
    for (size_t len = 1; len < entry.len; len += 7)
        assert_int_equal(post_org(k, dbk_span_of(entry.p, len), k->birth.setup_code, &count), 400);
    entry.p[entry.len - 1] ^= 1; /* the root's signature */
    assert_int_equal(post_org(k, dbk_bytes_span(&entry), k->birth.setup_code, &count), 403);
    entry.p[entry.len - 1] ^= 1;
    assert_ok(dbk_roster_add(k->roster, dbk_bytes_span(&entry), NULL), NULL);
    dbk_span enrol = relaykit_entry_enrol(k, &later, &d); /* what comes after it */
    assert_int_equal(post_org(k, enrol, k->birth.setup_code, &count), 400);
    assert_int_equal(post_org(k, dbk_bytes_span(&entry), k->birth.setup_code, &count), 200);
    dbk_bytes_wipe(&entry);
    dbk_bytes_wipe(&later);
    relaykit_device_drop(&d);
}

/* ---- the chain --------------------------------------------------------------------------- */

static void of_two_entries_on_one_head_the_first_wins_M49(void **state)
{
    relaykit *k = *state;
    relaykit_device a, b;
    dbk_bytes one = { 0 }, two = { 0 };
    relaykit_device_make(k, &a, DBK_ROLE_OFFICER);
    relaykit_device_make(k, &b, DBK_ROLE_OFFICER);
    dbk_span first = relaykit_entry_enrol(k, &one, &a);
    dbk_span second = relaykit_entry_enrol(k, &two, &b);
    assert_int_equal(relaykit_post(k, first), 200);
    assert_int_equal(relaykit_status(k, &k->admin, "POST", "/v1/members", second), 409);
    /* The first again: its sender may not have heard. */
    assert_int_equal(relaykit_status(k, &k->admin, "POST", "/v1/members", first), 200);
    assert_int_equal(relaykit_status(k, &a, "POST", "/v1/hello", HELLO), 200);
    assert_int_equal(relaykit_status(k, &b, "POST", "/v1/hello", HELLO), 401);
    assert_int_equal(relaykit_post(k, relaykit_entry_enrol(k, &two, &b)), 200);
    assert_int_equal(relaykit_status(k, &b, "POST", "/v1/hello", HELLO), 200);
    assert_int_equal(relaykit_check(k).entries, 3);
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    relaykit_device_drop(&a);
    relaykit_device_drop(&b);
}

static void an_entry_that_is_forged_or_broken_anywhere_changes_nothing_A12(void **state)
{
    relaykit *k = *state;
    relaykit_device a;
    dbk_bytes entry = { 0 };
    relaykit_device_make(k, &a, DBK_ROLE_OFFICER);
    relaykit_entry_enrol(k, &entry, &a);
    for (size_t i = 0; i < entry.len; i += 3) {
        entry.p[i] ^= 0x10;
        int status = relaykit_status(k, &k->admin, "POST", "/v1/members", dbk_bytes_span(&entry));
        entry.p[i] ^= 0x10;
        if (status != 400 && status != 403 && status != 409)
            fail_msg("byte %zu changed: status %d", i, status);
    }
    assert_int_equal(relaykit_check(k).entries, 1);
    assert_int_equal(relaykit_post(k, dbk_bytes_span(&entry)), 200);
    assert_int_equal(relaykit_check(k).entries, 2);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&a);
}

static void what_was_posted_is_fetched_from_any_place_and_folds_to_the_same_head(void **state)
{
    relaykit *k = *state;
    static relaykit_device devices[30];
    dbk_relay_answer a;
    for (size_t i = 0; i < ARRAY_LEN(devices); i++)
        relaykit_enrol(k, &devices[i], DBK_ROLE_OFFICER);
    relaykit_stop(k);
    relaykit_start(k);
    for (uint64_t from = 0; from <= 31; from += 31) {
        char target[64];
        dbk_roster *roster = NULL;
        dbk_span entry;
        uint64_t count = 0;
        (void)snprintf(target, sizeof(target), "/v1/members?from=%llu", (unsigned long long)from);
        relaykit_request req = { "GET", target, none, NULL };
        assert_int_equal(relaykit_call(k, &devices[3], &a, &req), 200);
        assert_ok(dbk_roster_new(&roster, &k->root_pk, NULL), NULL);
        dbk_span left = dbk_bytes_span(&a.body);
        while (dbk_entries_next(&left, &entry, NULL) == DBK_OK) {
            if (from == 0)
                assert_ok(dbk_roster_add(roster, entry, NULL), NULL);
            count++;
        }
        assert_int_equal(count, 31 - from);
        if (from == 0) {
            dbk_hash want = dbk_roster_head(k->roster), got = dbk_roster_head(roster);
            assert_true(dbk_hash_equal(&want, &got));
        }
        dbk_roster_free(roster);
        dbk_bytes_wipe(&a.body);
    }
    for (size_t i = 0; i < ARRAY_LEN(devices); i++)
        relaykit_device_drop(&devices[i]);
}

static void a_long_chain_is_fetched_in_parts_that_join_up(void **state)
{
    relaykit *k = *state;
    static relaykit_device devices[60];
    static const relaykit_device *members[60];
    dbk_relay_answer a;
    uint64_t have = 0, parts = 0;
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        relaykit_enrol(k, &devices[i], DBK_ROLE_OFFICER);
        members[i] = &devices[i];
    }
    for (size_t i = 0; i < 180; i++) /* entries of more than 6 KiB */
        (void)relaykit_space(k, members, ARRAY_LEN(members));
    while (have < dbk_roster_count(k->roster)) {
        char target[64];
        dbk_span entry;
        (void)snprintf(target, sizeof(target), "/v1/members?from=%llu", (unsigned long long)have);
        relaykit_request req = { "GET", target, none, NULL };
        assert_int_equal(relaykit_call(k, &devices[0], &a, &req), 200);
        assert_true(a.body.len > 0);
        assert_true(a.body.len <= 1024u * 1024u);
        dbk_span left = dbk_bytes_span(&a.body);
        while (dbk_entries_next(&left, &entry, NULL) == DBK_OK)
            have++;
        dbk_bytes_wipe(&a.body);
        parts++;
    }
    assert_int_equal(have, dbk_roster_count(k->roster));
    assert_true(parts >= 2);
    for (size_t i = 0; i < ARRAY_LEN(devices); i++)
        relaykit_device_drop(&devices[i]);
}

/* ---- mailboxes --------------------------------------------------------------------------- */

static dbk_span open_until(char out[64], uint64_t expires_ms)
{
    (void)snprintf(out, 64, "{\"v\":1,\"expires\":%llu}", (unsigned long long)expires_ms);
    return dbk_span_str(out);
}

static size_t listed(relaykit *k, char *first, size_t size)
{
    dbk_relay_answer a;
    dbk_id invite;
    dbk_span request;
    size_t count = 0;
    relaykit_request req = { "GET", "/v1/join", none, NULL };
    assert_int_equal(relaykit_call(k, &k->admin, &a, &req), 200);
    dbk_span left = dbk_bytes_span(&a.body);
    while (dbk_requests_next(&left, &invite, &request, NULL) == DBK_OK) {
        if (count++ == 0)
            (void)snprintf(first, size, "%.*s", (int)request.len, (const char *)request.p);
    }
    dbk_bytes_wipe(&a.body);
    return count;
}

static void a_request_reaches_the_admins_through_a_mailbox_that_one_opened(void **state)
{
    relaykit *k = *state;
    char json[64], first[64];
    dbk_span sealed = dbk_span_str("sealed request");
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, sealed), 404);
    assert_int_equal(
        relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, k->now_ms + DBK_DAY_MS)),
        204);
    assert_int_equal(listed(k, first, sizeof(first)), 0);
    assert_int_equal(relaykit_status(k, NULL, "POST", OTHER_INVITE, sealed), 404);
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, dbk_span_of("", 0)), 400);
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, sealed), 204);
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, sealed), 204);
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, dbk_span_str("another")), 409);
    relaykit_stop(k);
    relaykit_start(k);
    assert_int_equal(listed(k, first, sizeof(first)), 1);
    assert_string_equal(first, "sealed request");
    /* Opened again: the request stays. */
    assert_int_equal(
        relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, k->now_ms + 2 * DBK_DAY_MS)),
        204);
    assert_int_equal(listed(k, first, sizeof(first)), 1);
}

static void a_mailbox_whose_time_is_over_is_as_if_it_never_was(void **state)
{
    relaykit *k = *state;
    char json[64], first[64];
    dbk_span sealed = dbk_span_str("sealed request");
    uint64_t end = k->now_ms + DBK_DAY_MS;
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, end)), 204);
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", OTHER_INVITE, open_until(json, end)),
                     204);
    k->now_ms = end - 1;
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, sealed), 204);
    assert_int_equal(listed(k, first, sizeof(first)), 1);
    k->now_ms = end;
    assert_int_equal(listed(k, first, sizeof(first)), 0);
    assert_int_equal(relaykit_status(k, NULL, "POST", OTHER_INVITE, sealed), 404);
    assert_int_equal(relaykit_status(k, NULL, "POST", INVITE, sealed), 404);
}

static void a_mailbox_opens_only_for_a_sensible_time(void **state)
{
    relaykit *k = *state;
    char json[64];
    uint64_t now = k->now_ms, most = DBK_RELAY_MAILBOX_DAYS_MAX * DBK_DAY_MS;
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, now)), 400);
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, 0)), 400);
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, now + most + 1)),
                     400);
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, now + most)),
                     204);
}

static void open_mailboxes_have_a_cap_and_expired_ones_make_room(void **state)
{
    relaykit *k = *state;
    char json[64], path[64];
    uint64_t soon = k->now_ms + 1000;
    for (unsigned i = 0; i < DBK_RELAY_MAILBOXES_MAX; i++) {
        (void)snprintf(path, sizeof(path), "/v1/join/%032x", i);
        assert_int_equal(relaykit_status(k, &k->admin, "PUT", path, open_until(json, soon)), 204);
    }
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", INVITE, open_until(json, soon)), 507);
    /* One that is open already may still be moved. */
    assert_int_equal(relaykit_status(k, &k->admin, "PUT", path, open_until(json, soon + 1)), 204);
    k->now_ms = soon;
    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(path, sizeof(path), "/v1/join/%032x", 0xabc000 + i);
        assert_int_equal(
            relaykit_status(k, &k->admin, "PUT", path, open_until(json, soon + DBK_DAY_MS)), 204);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_with_org, teardown)
#define BARE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* As with a space that isn't there: the same answer, to the letter. But what it wrote before it
 * heard still finds its way (P1, A24). */
static void who_was_removed_from_a_space_may_only_bring_its_own_there_at_once_a25(void **state)
{
    relaykit *k = *state;
    relaykit_device d;
    relaykit_pushed pushed;
    relaykit_segment segment, others;
    dbk_bytes entry = { 0 };
    char target[96];
    relaykit_enrol(k, &d, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &k->admin, &d };
    dbk_id space = relaykit_space(k, members, 2);
    relaykit_feed feed = relaykit_feed_begin(k, &d, &space);
    relaykit_feed admins = relaykit_feed_begin(k, &k->admin, &space);
    relaykit_segment_make(k, &segment, &feed, 1, 300);
    relaykit_segment_make(k, &others, &admins, 1, 300);
    assert_int_equal(relaykit_push(k, &d, &pushed, &segment, 1), 200);
    relaykit_pushed_wipe(&pushed);
    const char *range = relaykit_space_target(target, &space, "segments?from=0&bytes=1000");
    assert_int_equal(relaykit_status(k, &d, "GET", range, none), 200);
    assert_int_equal(relaykit_post(k, relaykit_entry_remove(k, &entry, &space, &d)), 200);
    assert_int_equal(relaykit_status(k, &d, "GET", range, none), 404);
    assert_int_equal(relaykit_push(k, &d, &pushed, &segment, 1), 200);
    assert_int_equal(pushed.results[0].status, DBK_PUSH_DUPLICATE);
    relaykit_pushed_wipe(&pushed);
    relaykit_segment_wipe(&segment);
    relaykit_segment_make(k, &segment, &feed, 1, 300);
    assert_int_equal(relaykit_push(k, &d, &pushed, &segment, 1), 200);
    assert_int_equal(pushed.results[0].status, DBK_PUSH_QUARANTINED);
    relaykit_pushed_wipe(&pushed);
    assert_int_equal(relaykit_push(k, &d, &pushed, &others, 1), 200);
    assert_int_equal(pushed.results[0].status, DBK_PUSH_REFUSED);
    relaykit_pushed_wipe(&pushed);
    assert_int_equal(relaykit_status(k, &d, "POST", "/v1/hello", HELLO), 200); /* still a member */
    relaykit_segment_wipe(&segment);
    relaykit_segment_wipe(&others);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(one_organisation_gets_in_with_the_code_and_no_second_one_ever),
        BARE(a_wrong_setup_code_lets_nobody_in_and_does_not_spoil_the_right_one),
        BARE(a_genesis_that_names_another_relay_or_is_none_is_refused),
        TEST(who_was_removed_from_a_space_may_only_bring_its_own_there_at_once_a25),
        TEST(of_two_entries_on_one_head_the_first_wins_M49),
        TEST(an_entry_that_is_forged_or_broken_anywhere_changes_nothing_A12),
        TEST(what_was_posted_is_fetched_from_any_place_and_folds_to_the_same_head),
        TEST(a_long_chain_is_fetched_in_parts_that_join_up),
        TEST(a_request_reaches_the_admins_through_a_mailbox_that_one_opened),
        TEST(a_mailbox_whose_time_is_over_is_as_if_it_never_was),
        TEST(a_mailbox_opens_only_for_a_sensible_time),
        TEST(open_mailboxes_have_a_cap_and_expired_ones_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
