#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/store/chain.h"
#include "core/store/feeds.h"
#include "core/store/invites.h"
#include "core/store/records.h"
#include "core/store/segments.h"
#include "tests/lib/storekit.h"

/* ---- facts, chain, spaces, feeds ----------------------------------------------------------- */

static void facts_are_replaced_and_bounded(void **state)
{
    static uint8_t big[DBK_STORE_META_BYTES_MAX + 1];
    storekit *k = *state;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(8);
    assert_ok(dbk_store_meta_put(k->store, "f", dbk_span_str("one"), &err), &err);
    assert_ok(dbk_store_meta_put(k->store, "f", dbk_span_str("two"), &err), &err);
    assert_ok(dbk_store_meta_get(k->store, &value, "f", &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&value), dbk_span_str("two")));
    dbk_bytes_truncate(&value, 0);
    assert_ok(dbk_store_meta_put(k->store, "f", dbk_span_of(NULL, 0), &err), &err);
    assert_ok(dbk_store_meta_get(k->store, &value, "f", &err), &err);
    assert_int_equal(value.len, 0);
    assert_rc(dbk_store_meta_put(k->store, "f", dbk_span_of(big, sizeof(big)), &err), DBK_LIMIT,
              &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_del(k->store, "f", &err), &err);
    assert_rc(dbk_store_meta_get(k->store, &value, "f", &err), DBK_NOT_FOUND, &err);
    dbk_bytes_wipe(&value);
}

static void a_secret_comes_back_as_it_went(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    dbk_secret *in = NULL, *out = NULL;
    assert_ok(dbk_secret_from(&in, dbk_span_str("thirty-two bytes that are secret"), &err), &err);
    assert_ok(dbk_store_secret_put(k->store, "key.x", in, &err), &err);
    assert_ok(dbk_store_secret_get(k->store, &out, "key.x", &err), &err);
    assert_true(dbk_span_equal(dbk_secret_bytes(in), dbk_secret_bytes(out)));
    dbk_secret_free(in);
    dbk_secret_free(out);
    out = NULL;
    assert_rc(dbk_store_secret_get(k->store, &out, "key.y", &err), DBK_NOT_FOUND, &err);
    assert_null(out);
}

static dbk_rc note_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    char *out = ctx;
    (void)err;
    (void)snprintf(out + strlen(out), 64 - strlen(out), "%d:%.*s ", (int)seq, (int)entry.len,
                   (const char *)entry.p);
    return DBK_OK;
}

static void the_chain_keeps_each_place_once(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    uint64_t count = 9;
    char seen[64] = "";
    dbk_hash hash = storekit_hash(1), got;
    assert_ok(dbk_chain_count(k->store, &count, &err), &err);
    assert_int_equal(count, 0);
    assert_ok(dbk_chain_add(k->store, 0, &hash, dbk_span_str("genesis"), &err), &err);
    hash = storekit_hash(2);
    assert_ok(dbk_chain_add(k->store, 1, &hash, dbk_span_str("enrol"), &err), &err);
    assert_rc(dbk_chain_add(k->store, 1, &hash, dbk_span_str("other"), &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_chain_each(k->store, 0, note_entry, seen, &err), &err);
    assert_string_equal(seen, "0:genesis 1:enrol ");
    seen[0] = '\0';
    assert_ok(dbk_chain_each(k->store, 1, note_entry, seen, &err), &err);
    assert_string_equal(seen, "1:enrol ");
    assert_ok(dbk_chain_hash(k->store, &got, 1, &err), &err);
    assert_true(dbk_hash_equal(&got, &hash));
    assert_rc(dbk_chain_hash(k->store, &got, 2, &err), DBK_NOT_FOUND, &err);
    assert_true(dbk_hash_is_zero(&got));
}

typedef struct invites {
    size_t count;
    char name[32];
    size_t request_len, spaces_len;
    uint8_t secret;
    uint64_t expires_ms;
} invites;

static dbk_rc see_invite(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    invites *v = ctx;
    (void)err;
    v->count++;
    (void)snprintf(v->name, sizeof(v->name), "%s", (const char *)row->name.p);
    v->request_len = row->request.len;
    v->spaces_len = row->spaces.len;
    v->secret = dbk_secret_bytes(row->secret).p[0];
    v->expires_ms = row->expires_ms;
    return DBK_OK;
}

static void invites_wait_for_their_request_and_go(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    invites v = { 0 };
    dbk_secret *secret = NULL;
    dbk_id id = storekit_id(1), spaces[2] = { storekit_id(2), storekit_id(3) };
    assert_ok(dbk_secret_from(&secret, dbk_span_str("S....."), &err), &err);
    const dbk_store_invite row = { .invite = id,
                                   .secret = secret,
                                   .name = dbk_span_str("PC Ward"),
                                   .role = 1,
                                   .spaces = dbk_span_of(spaces, sizeof(spaces)),
                                   .expires_ms = 77 };
    assert_ok(dbk_invites_add(k->store, &row, &err), &err);
    assert_rc(dbk_invites_add(k->store, &row, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_invites_get(k->store, &id, see_invite, &v, &err), &err);
    assert_string_equal(v.name, "PC Ward");
    assert_int_equal(v.secret, 'S');
    assert_int_equal(v.spaces_len, 32);
    assert_int_equal(v.expires_ms, 77);
    assert_int_equal(v.request_len, 0);
    assert_ok(dbk_invites_set_request(k->store, &id, dbk_span_str("sealed"), &err), &err);
    v.count = 0;
    assert_ok(dbk_invites_each(k->store, see_invite, &v, &err), &err);
    assert_int_equal(v.count, 1);
    assert_int_equal(v.request_len, 6);
    assert_ok(dbk_invites_del(k->store, &id, &err), &err);
    assert_rc(dbk_invites_get(k->store, &id, see_invite, &v, &err), DBK_NOT_FOUND, &err);
    dbk_secret_free(secret);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, storekit_open_feed, storekit_close)
    const struct CMUnitTest tests[] = {
        WITH_STORE(facts_are_replaced_and_bounded),
        WITH_STORE(a_secret_comes_back_as_it_went),
        WITH_STORE(the_chain_keeps_each_place_once),
        WITH_STORE(invites_wait_for_their_request_and_go),
    };
#undef WITH_STORE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
