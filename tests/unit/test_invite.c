#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <sodium.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/seal/invite.h"

typedef struct fixture {
    chain c;
    chain_device device, admin;
    dbk_invite invite;
    dbk_bytes text, request;
    dbk_join join;
} fixture;

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    chain_new(&f->c, 61);
    chain_device_new(&f->device, &f->c, DBK_ROLE_OFFICER);
    chain_device_new(&f->admin, &f->c, DBK_ROLE_ADMIN);
    strncpy(f->invite.relay_url, "https://relay.example.org:8443", DBK_URL_BYTES_MAX);
    chain_random(&f->c, f->invite.tls_pin, 32);
    f->invite.root = f->c.root_pk;
    f->invite.relay = f->c.relay_pk;
    f->invite.role = DBK_ROLE_OFFICER;
    f->invite.expires_ms = 1764036000000u;
    assert_ok(dbk_invite_new(&f->invite, f->c.env, &err), &err);
    dbk_bytes_init(&f->text, DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes_init(&f->request, DBK_JOIN_BYTES_MAX);
    f->join.keys = f->device.keys;
    strncpy(f->join.name, "FLO laptop 7", sizeof(f->join.name) - 1);
}

static void tear_down(fixture *f)
{
    dbk_invite_wipe(&f->invite);
    dbk_bytes_wipe(&f->text);
    dbk_bytes_wipe(&f->request);
    chain_device_free(&f->device);
    chain_device_free(&f->admin);
    chain_free(&f->c);
}

static void print_it(fixture *f)
{
    dbk_err err = { 0 };
    dbk_bytes_truncate(&f->text, 0);
    assert_ok(dbk_invite_print(&f->text, &f->invite, &err), &err);
}

static dbk_rc parse(const fixture *f, dbk_invite *out)
{
    return dbk_invite_parse(out, dbk_bytes_span(&f->text), NULL);
}

static dbk_join_secrets secrets_of(const chain_device *d)
{
    return (dbk_join_secrets){ d->sign, d->request, d->admin };
}

static void seal_it(fixture *f, const chain_device *d)
{
    dbk_join_secrets secrets = secrets_of(d);
    dbk_err err = { 0 };
    f->join.keys = d->keys;
    dbk_bytes_truncate(&f->request, 0);
    assert_ok(dbk_join_seal(&f->request, &f->join, &f->invite, &secrets, f->c.env, &err), &err);
}

static dbk_rc open_it(const fixture *f, dbk_join *out)
{
    return dbk_join_open(out, dbk_bytes_span(&f->request), &f->invite, NULL);
}

static void an_invite_survives_being_printed(void **state)
{
    fixture f;
    dbk_invite got;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    print_it(&f);
    assert_true(f.text.len < 600);
    assert_ok(dbk_invite_parse(&got, dbk_bytes_span(&f.text), &err), &err);
    assert_string_equal(got.relay_url, f.invite.relay_url);
    assert_memory_equal(got.tls_pin, f.invite.tls_pin, 32);
    assert_memory_equal(&got.root, &f.invite.root, 32);
    assert_memory_equal(&got.relay, &f.invite.relay, 32);
    assert_true(dbk_id_equal(&got.id, &f.invite.id));
    assert_int_equal(got.role, DBK_ROLE_OFFICER);
    assert_int_equal(got.expires_ms, 1764036000000u);
    assert_true(dbk_span_equal(dbk_secret_bytes(got.secret), dbk_secret_bytes(f.invite.secret)));
    dbk_invite_wipe(&got);
    assert_null(got.secret);
    tear_down(&f);
}

static void an_invite_cut_short_or_mistyped_is_refused_or_reads_the_same(void **state)
{
    fixture f;
    dbk_invite got;
    dbk_bytes again = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    size_t refused = 0;
    (void)state;
    set_up(&f);
    print_it(&f);
    for (size_t len = 0; len < f.text.len; len++) {
        assert_int_equal(dbk_invite_parse(&got, dbk_span_of(f.text.p, len), NULL), DBK_FORMAT);
        assert_null(got.secret);
    }
    for (size_t bit = 0; bit < f.text.len * 8; bit++) {
        f.text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = parse(&f, &got);
        if (rc == DBK_OK) { /* another secret, pin or letter of the address: still one text */
            dbk_err err = { 0 };
            dbk_bytes_truncate(&again, 0);
            assert_ok(dbk_invite_print(&again, &got, &err), &err);
            assert_true(dbk_span_equal(dbk_bytes_span(&again), dbk_bytes_span(&f.text)));
        } else {
            assert_int_equal(rc, DBK_FORMAT);
            refused++;
        }
        dbk_invite_wipe(&got);
        f.text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(refused > 17 * 8); /* the prefix, at least */
    dbk_bytes_wipe(&again);
    tear_down(&f);
}

static void an_invite_holds_only_what_it_can(void **state)
{
    fixture f;
    dbk_invite got;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
#define CASE(change)                                   \
    do {                                               \
        dbk_invite before = f.invite;                  \
        change;                                        \
        print_it(&f);                                  \
        f.invite = before;                             \
        assert_int_equal(parse(&f, &got), DBK_FORMAT); \
    } while (0)
    CASE(f.invite.role = DBK_ROLE_NONE);
    CASE(f.invite.role = (dbk_role)(DBK_ROLE_ADMIN + 1));
    CASE(memset(&f.invite.root, 0, 32));
    CASE(memset(&f.invite.relay, 2, 32));
    CASE(memset(&f.invite.id, 0, 16));
    CASE(f.invite.expires_ms = UINT64_MAX);
#undef CASE
    static const char *const urls[] = { "", "https://a b", "https://r\x1b[2J",
                                        "https://r\xc3\xa9" };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        memset(f.invite.relay_url, 0, sizeof(f.invite.relay_url));
        strncpy(f.invite.relay_url, urls[i], DBK_URL_BYTES_MAX);
        dbk_err_clear(&err);
        assert_rc(dbk_invite_print(&f.text, &f.invite, &err), DBK_INVALID, &err);
    }
    tear_down(&f);
}

static void a_join_request_shows_the_devices_keys_to_the_admin(void **state)
{
    fixture f;
    dbk_join got;
    (void)state;
    set_up(&f);
    const chain_device *const devices[] = { &f.device, &f.admin };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        seal_it(&f, devices[i]);
        assert_int_equal(open_it(&f, &got), DBK_OK);
        assert_memory_equal(&got.keys, &devices[i]->keys, sizeof(got.keys));
        assert_string_equal(got.name, "FLO laptop 7");
    }
    tear_down(&f);
}

/* R7, R26, M10: the relay knows the invite's id, not its secret. */
static void nobody_without_the_secret_makes_or_moves_a_request(void **state)
{
    fixture f;
    dbk_join got, none = { 0 };
    dbk_secret *secret;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    seal_it(&f, &f.device);
    f.invite.id.b[0] ^= 1; /* another invite's mailbox (M52) */
    assert_int_equal(open_it(&f, &got), DBK_AUTH);
    assert_memory_equal(&got, &none, sizeof(got));
    f.invite.id.b[0] ^= 1;
    f.invite.root.b[0] ^= 1; /* another organisation */
    assert_int_equal(open_it(&f, &got), DBK_AUTH);
    f.invite.root.b[0] ^= 1;
    secret = f.invite.secret;
    assert_ok(dbk_secret_random(&f.invite.secret, 32, f.c.env, &err), &err);
    assert_int_equal(open_it(&f, &got), DBK_AUTH);
    dbk_secret_free(f.invite.secret);
    f.invite.secret = secret;
    assert_int_equal(open_it(&f, &got), DBK_OK);
    tear_down(&f);
}

static void each_bit_and_byte_of_a_request_counts(void **state)
{
    fixture f;
    dbk_join got;
    (void)state;
    set_up(&f);
    seal_it(&f, &f.device);
    for (size_t bit = 0; bit < f.request.len * 8; bit++) {
        f.request.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_it(&f, &got), DBK_AUTH);
        f.request.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < f.request.len; len++)
        assert_int_not_equal(dbk_join_open(&got, dbk_span_of(f.request.p, len), &f.invite, NULL),
                             DBK_OK);
    tear_down(&f);
}

/* Seals any plaintext as a holder of the secret could. */
static void seal_plain(fixture *f, dbk_span plain)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + 32];
    uint8_t *room;
    dbk_err err = { 0 };
    size_t n = dbk_label_prefix(aad, "daybook/join-aad/1");
    dbk_id org = dbk_org_id(&f->invite.root);
    dbk_hash key = dbk_hash_of("daybook/join/1", dbk_secret_bytes(f->invite.secret));
    memcpy(aad + n, f->invite.id.b, 16);
    memcpy(aad + n + 16, org.b, 16);
    dbk_bytes_truncate(&f->request, 0);
    assert_ok(dbk_bytes_extend(&f->request, &room, 24 + plain.len + 16, &err), &err);
    memset(room, 7, 24);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_encrypt(room + 24, NULL, plain.p, plain.len,
                                                                aad, n + 32, NULL, room, key.b),
                     0);
}

/* Opens a sealed request's plaintext, for changing it. */
static void open_plain(fixture *f, dbk_bytes *plain)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + 32];
    uint8_t *room;
    dbk_err err = { 0 };
    size_t n = dbk_label_prefix(aad, "daybook/join-aad/1");
    dbk_id org = dbk_org_id(&f->invite.root);
    dbk_hash key = dbk_hash_of("daybook/join/1", dbk_secret_bytes(f->invite.secret));
    memcpy(aad + n, f->invite.id.b, 16);
    memcpy(aad + n + 16, org.b, 16);
    assert_ok(dbk_bytes_extend(plain, &room, f->request.len - 40, &err), &err);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, f->request.p + 24,
                                                                f->request.len - 24, aad, n + 32,
                                                                f->request.p, key.b),
                     0);
}

static void even_a_holder_shows_only_keys_that_it_has(void **state)
{
    fixture f;
    dbk_join got;
    dbk_bytes plain = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    (void)state;
    set_up(&f);
    seal_it(&f, &f.device);
    open_plain(&f, &plain);
    seal_plain(&f, dbk_bytes_span(&plain));
    assert_int_equal(open_it(&f, &got), DBK_OK);
    for (size_t bit = 0; bit < plain.len * 8; bit++) {
        plain.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        seal_plain(&f, dbk_bytes_span(&plain));
        if (open_it(&f, &got) == DBK_OK)
            fail_msg("bit %zu of the plaintext is bound by nothing", bit);
        plain.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* Another's sign key with one's own signatures. */
    for (size_t at = 0; at + 32 <= plain.len; at++) {
        if (memcmp(plain.p + at, f.device.keys.sign.b, 32) == 0)
            memcpy(plain.p + at, f.admin.keys.sign.b, 32);
    }
    seal_plain(&f, dbk_bytes_span(&plain));
    assert_int_equal(open_it(&f, &got), DBK_AUTH);
    dbk_bytes_wipe(&plain);
    tear_down(&f);
}

static void keys_that_are_not_proper_are_refused_though_signed(void **state)
{
    fixture f;
    dbk_join got;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    /* One key for two purposes. */
    dbk_join_secrets secrets = { f.device.sign, f.device.sign, NULL };
    f.join.keys.request = f.join.keys.sign;
    assert_ok(dbk_join_seal(&f.request, &f.join, &f.invite, &secrets, f.c.env, &err), &err);
    assert_int_equal(open_it(&f, &got), DBK_FORMAT);
    /* A key for receiving keys that would make every shared secret zero. */
    f.join.keys = f.device.keys;
    memset(f.join.keys.kem, 0, 32);
    secrets = secrets_of(&f.device);
    dbk_bytes_truncate(&f.request, 0);
    assert_ok(dbk_join_seal(&f.request, &f.join, &f.invite, &secrets, f.c.env, &err), &err);
    assert_int_equal(open_it(&f, &got), DBK_FORMAT);
    tear_down(&f);
}

static void a_devices_name_is_text_of_up_to_128_bytes(void **state)
{
    fixture f;
    dbk_join got;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    dbk_join_secrets secrets = secrets_of(&f.device);
    memset(f.join.name, 'n', sizeof(f.join.name) - 1);
    seal_it(&f, &f.device);
    assert_int_equal(open_it(&f, &got), DBK_OK);
    assert_int_equal(strlen(got.name), 128);
    static const char *const names[] = { "", "\xff", "cut \xe2\x80" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        memset(f.join.name, 0, sizeof(f.join.name));
        strncpy(f.join.name, names[i], sizeof(f.join.name) - 1);
        dbk_err_clear(&err);
        assert_rc(dbk_join_seal(&f.request, &f.join, &f.invite, &secrets, f.c.env, &err),
                  DBK_INVALID, &err);
    }
    tear_down(&f);
}

static void backup_pins_travel_in_order_and_an_invite_without_them_is_as_before_A21(void **state)
{
    (void)state;
    fixture f;
    dbk_invite got;
    dbk_err err = { 0 };
    uint8_t pin[32];
    set_up(&f);
    print_it(&f);
    assert_int_equal(parse(&f, &got), DBK_OK);
    assert_int_equal(got.backup.count, 0);
    dbk_invite_wipe(&got);
    for (uint8_t i = 4; i >= 1; i--) {
        memset(pin, i, sizeof(pin));
        assert_ok(dbk_pins_add(&f.invite.backup, pin, &err), &err);
        assert_ok(dbk_pins_add(&f.invite.backup, pin, &err), &err); /* twice is once */
    }
    memset(pin, 5, sizeof(pin));
    assert_rc(dbk_pins_add(&f.invite.backup, pin, &err), DBK_LIMIT, &err);
    dbk_err_clear(&err);
    print_it(&f);
    assert_int_equal(parse(&f, &got), DBK_OK);
    assert_int_equal(got.backup.count, 4);
    assert_memory_equal(got.backup.pin, f.invite.backup.pin, sizeof(got.backup.pin));
    dbk_invite_wipe(&got);
    memset(f.invite.backup.pin[0], 9, 32); /* out of order: not what anyone would print */
    print_it(&f);
    assert_int_equal(parse(&f, &got), DBK_FORMAT);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_survives_being_printed),
        cmocka_unit_test(an_invite_cut_short_or_mistyped_is_refused_or_reads_the_same),
        cmocka_unit_test(an_invite_holds_only_what_it_can),
        cmocka_unit_test(a_join_request_shows_the_devices_keys_to_the_admin),
        cmocka_unit_test(nobody_without_the_secret_makes_or_moves_a_request),
        cmocka_unit_test(each_bit_and_byte_of_a_request_counts),
        cmocka_unit_test(even_a_holder_shows_only_keys_that_it_has),
        cmocka_unit_test(keys_that_are_not_proper_are_refused_though_signed),
        cmocka_unit_test(a_devices_name_is_text_of_up_to_128_bytes),
        cmocka_unit_test(backup_pins_travel_in_order_and_an_invite_without_them_is_as_before_A21),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
