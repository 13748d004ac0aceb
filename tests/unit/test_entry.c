#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/crypto/entry_parts.h"

/* One entry of each kind, as a chain of them would be. */
typedef struct fixture {
    chain c;
    chain_device device;
    dbk_id space;
    chain_entry ce;
    dbk_bytes bytes;
} fixture;

static fixture *set_up(void)
{
    fixture *f = dbk_alloc(sizeof(*f));
    assert_non_null(f);
    dbk_bytes_init(&f->bytes, DBK_ENTRY_BYTES_MAX);
    chain_begin(&f->c, 101);
    chain_enrolled(&f->device, &f->c, DBK_ROLE_OFFICER);
    const chain_device *members[] = { &f->device, &f->c.admin };
    chain_space(&f->ce, &f->c, members, ARRAY_LEN(members));
    f->space = f->ce.e.space;
    chain_take(&f->c, &f->ce, NULL);
    return f;
}

static void tear_down(fixture *f)
{
    dbk_bytes_wipe(&f->bytes);
    chain_device_free(&f->device);
    chain_free(&f->c);
    dbk_free(f);
}

static void make(fixture *f, dbk_entry_kind kind)
{
    const chain_device *members[] = { &f->device, &f->c.admin };
    switch (kind) {
    case DBK_ENTRY_GENESIS:
        chain_genesis(&f->ce, &f->c);
        f->ce.e.seq = 0;
        memset(&f->ce.e.prev, 0, sizeof(f->ce.e.prev));
        break;
    case DBK_ENTRY_ENROL:
        chain_enrol(&f->ce, &f->c, &f->device);
        f->ce.e.person = f->space;
        break;
    case DBK_ENTRY_SPACE:
        chain_space(&f->ce, &f->c, members, ARRAY_LEN(members));
        f->ce.e.restricted = true;
        break;
    case DBK_ENTRY_GRANT:
        chain_grant(&f->ce, &f->c, &f->space, &f->device);
        f->ce.e.expires_ms = 1764036000000u;
        break;
    case DBK_ENTRY_REVOKE:
        chain_revoke(&f->ce, &f->c, &f->device, "stolen");
        f->ce.cuts[0] = (dbk_cut){ f->space, 300 };
        f->ce.cuts[1] = (dbk_cut){ f->c.roster_space, 0 };
        f->ce.e.cuts_count = 2;
        break;
    case DBK_ENTRY_ROTATE:
        chain_rotate(&f->ce, &f->c, &f->space, members, ARRAY_LEN(members));
        memset(f->ce.e.epoch.drop, 7, sizeof(f->ce.e.epoch.drop));
        break;
    case DBK_ENTRY_POLICY:
        chain_policy(&f->ce, &f->c);
        f->ce.e.policy.witnesses.count = 2;
        memset(f->ce.e.policy.witnesses.b, 3, 64);
        f->ce.e.policy.recovery.count = 1;
        memset(f->ce.e.policy.recovery.b, 4, 32);
        break;
    case DBK_ENTRY_RECOVERY:
        chain_recovery(&f->ce, &f->c,
                       &(dbk_log_move){ f->space, { { 2 } }, { { 1 } }, 40, { { 5 } } });
        break;
    case DBK_ENTRY_REMOVE:
        chain_remove(&f->ce, &f->c, &f->space, &f->device);
        break;
    case DBK_ENTRY_BAR:
        chain_bar(&f->ce, &f->c, &f->space, &f->device.id);
        break;
    case DBK_ENTRY_DISPOSE:
        chain_dispose(&f->ce, &f->c, &f->space, &(dbk_dot){ f->device.id, 7 }, 3);
        break;
    case DBK_ENTRY_FLOOR:
        chain_floor(&f->ce, &f->c, &f->space, 300);
        break;
    }
}

static void sign(fixture *f)
{
    dbk_err err = { 0 };
    dbk_bytes_truncate(&f->bytes, 0);
    assert_ok(dbk_entry_sign(&f->bytes, &f->ce.e, f->c.admin.admin, &err), &err);
}

static void assert_same_span(dbk_span a, dbk_span b)
{
    assert_true(dbk_span_equal(a, b));
}

/* Fields that a kind doesn't have are zero in the decoded entry. */
static void assert_same_content(const dbk_entry *got, const dbk_entry *want)
{
    assert_memory_equal(&got->org, &want->org, sizeof(got->org));
    assert_int_equal(got->seq, want->seq);
    assert_memory_equal(&got->prev, &want->prev, sizeof(got->prev));
    assert_int_equal(got->kind, want->kind);
    assert_int_equal(got->time_ms, want->time_ms);
    assert_memory_equal(&got->root, &want->root, sizeof(got->root));
    assert_memory_equal(&got->relay, &want->relay, sizeof(got->relay));
    assert_memory_equal(&got->device, &want->device, sizeof(got->device));
    assert_memory_equal(&got->keys, &want->keys, sizeof(got->keys));
    assert_int_equal(got->role, want->role);
    assert_same_span(got->label, want->label);
    assert_memory_equal(&got->space, &want->space, sizeof(got->space));
    assert_int_equal(got->restricted, want->restricted);
    assert_int_equal(got->expires_ms, want->expires_ms);
    assert_memory_equal(&got->epoch, &want->epoch, sizeof(got->epoch));
    assert_same_span(got->reason, want->reason);
    assert_int_equal(got->grants_count, want->grants_count);
    assert_int_equal(got->wraps_count, want->wraps_count);
    assert_memory_equal(&got->policy, &want->policy, sizeof(got->policy));
    assert_memory_equal(&got->person, &want->person, sizeof(got->person));
    assert_int_equal(got->cuts_count, want->cuts_count);
    assert_int_equal(got->logs_count, want->logs_count);
    if (got->logs_count > 0)
        assert_memory_equal(got->logs, want->logs, sizeof(got->logs[0]));
    assert_same_span(got->text, want->text);
    assert_int_equal(got->dots_count, want->dots_count);
    if (got->dots_count > 0)
        assert_memory_equal(got->dots, want->dots, got->dots_count * sizeof(got->dots[0]));
    assert_memory_equal(&got->review, &want->review, sizeof(got->review));
    assert_true(dbk_id_equal(&got->floor.log, &want->floor.log));
    assert_int_equal(got->floor.size, want->floor.size);
    assert_true(dbk_hash_equal(&got->floor.root, &want->floor.root));
}

static void each_kind_comes_back_as_it_was(void **state)
{
    fixture *f = set_up();
    dbk_err err = { 0 };
    (void)state;
    for (dbk_entry_kind kind = DBK_ENTRY_GENESIS; kind <= DBK_ENTRY_FLOOR; kind++) {
        dbk_entry_decoded d;
        dbk_entry_parts parts;
        dbk_bytes again = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
        make(f, kind);
        sign(f);
        assert_ok(dbk_entry_decode(&d, dbk_bytes_span(&f->bytes), &err), &err);
        assert_same_content(&d.entry, &f->ce.e);
        for (size_t i = 0; i < d.entry.wraps_count; i++) {
            size_t j = 0;
            while (!dbk_id_equal(&f->ce.wraps[j].device, &d.entry.wraps[i].device))
                j++;
            assert_memory_equal(d.entry.wraps[i].wrap, f->ce.wraps[j].wrap, DBK_WRAP_BYTES);
        }
        assert_ok(dbk_entry_split(&parts, dbk_bytes_span(&f->bytes), &err), &err);
        assert_true(dbk_hash_equal(&parts.hash, &d.hash));
        assert_ok(dbk_entry_encode_core(&again, &d.entry, &err), &err);
        dbk_hash hash = dbk_entry_hash(dbk_bytes_span(&again));
        assert_true(dbk_hash_equal(&hash, &d.hash));
        dbk_bytes_wipe(&again);
        dbk_entry_decoded_wipe(&d);
        assert_null(d.arrays);
    }
    tear_down(f);
}

static void one_content_has_one_encoding_in_whatever_order_it_is_given(void **state)
{
    fixture *f = set_up();
    dbk_bytes other = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    make(f, DBK_ENTRY_SPACE);
    sign(f);
    dbk_grant grant = f->ce.grants[0];
    f->ce.grants[0] = f->ce.grants[1];
    f->ce.grants[1] = grant;
    dbk_wrapped wrap = f->ce.wraps[0];
    f->ce.wraps[0] = f->ce.wraps[1];
    f->ce.wraps[1] = wrap;
    assert_ok(dbk_entry_sign(&other, &f->ce.e, f->c.admin.admin, &err), &err);
    assert_same_span(dbk_bytes_span(&other), dbk_bytes_span(&f->bytes));
    dbk_bytes_wipe(&other);
    tear_down(f);
}

/* M31: any other encoding of the same is refused; what still reads as an entry encodes as it was.
 */
static void an_entry_with_any_bit_changed_is_refused_or_another(void **state)
{
    fixture *f = set_up();
    (void)state;
    for (dbk_entry_kind kind = DBK_ENTRY_GENESIS; kind <= DBK_ENTRY_FLOOR; kind++) {
        dbk_entry_decoded d;
        dbk_entry_parts parts;
        make(f, kind);
        sign(f);
        for (size_t bit = 0; bit < f->bytes.len * 8; bit++) {
            f->bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (dbk_entry_decode(&d, dbk_bytes_span(&f->bytes), NULL) == DBK_OK) {
                dbk_bytes again = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
                assert_int_equal(dbk_entry_split(&parts, dbk_bytes_span(&f->bytes), NULL), DBK_OK);
                assert_int_equal(dbk_entry_encode_core(&again, &d.entry, NULL), DBK_OK);
                dbk_hash hash = dbk_entry_hash(dbk_bytes_span(&again));
                assert_true(dbk_hash_equal(&hash, &parts.hash));
                dbk_bytes_wipe(&again);
            }
            dbk_entry_decoded_wipe(&d);
            f->bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t len = 0; len < f->bytes.len; len++) {
            assert_int_not_equal(dbk_entry_decode(&d, dbk_span_of(f->bytes.p, len), NULL), DBK_OK);
            assert_null(d.arrays);
        }
    }
    tear_down(f);
}

static void what_a_reader_would_refuse_is_not_signed(void **state)
{
    fixture *f = set_up();
    dbk_err err = { 0 };
    (void)state;
#define CASE(kind, why, want, change)                                            \
    do {                                                                         \
        make(f, kind);                                                           \
        change;                                                                  \
        dbk_err_clear(&err);                                                     \
        dbk_bytes_truncate(&f->bytes, 0);                                        \
        dbk_rc rc = dbk_entry_sign(&f->bytes, &f->ce.e, f->c.admin.admin, &err); \
        if (rc != (want) || f->bytes.len != 0)                                   \
            fail_msg("%s: %s", why, dbk_rc_name(rc));                            \
    } while (0)
    CASE(DBK_ENTRY_GENESIS, "genesis later", DBK_FORMAT, f->ce.e.seq = 1);
    CASE(DBK_ENTRY_GENESIS, "genesis after something", DBK_FORMAT, f->ce.e.prev.b[0] = 1);
    CASE(DBK_ENTRY_ENROL, "seq 0 of another kind", DBK_FORMAT, f->ce.e.seq = 0);
    CASE(DBK_ENTRY_ENROL, "no previous", DBK_FORMAT, memset(&f->ce.e.prev, 0, 32));
    CASE(DBK_ENTRY_ENROL, "no organisation", DBK_FORMAT, memset(&f->ce.e.org, 0, 16));
    CASE(DBK_ENTRY_ENROL, "time past 63 bits", DBK_FORMAT, f->ce.e.time_ms = UINT64_MAX);
    CASE(DBK_ENTRY_ENROL, "no label", DBK_FORMAT, f->ce.e.label.len = 0);
    CASE(DBK_ENTRY_ENROL, "no role", DBK_FORMAT, f->ce.e.role = DBK_ROLE_NONE);
    CASE(DBK_ENTRY_ENROL, "a newer role", DBK_VERSION, f->ce.e.role = (dbk_role)8);
    CASE(DBK_ENTRY_ENROL, "an admin without key", DBK_FORMAT, f->ce.e.role = DBK_ROLE_ADMIN);
    CASE(DBK_ENTRY_SPACE, "a member twice", DBK_FORMAT, f->ce.grants[1] = f->ce.grants[0]);
    CASE(DBK_ENTRY_SPACE, "a wrap twice", DBK_FORMAT, f->ce.wraps[1] = f->ce.wraps[0]);
    CASE(DBK_ENTRY_SPACE, "epoch 0", DBK_FORMAT, f->ce.e.epoch.epoch = 0);
    CASE(DBK_ENTRY_SPACE, "no key id", DBK_FORMAT, memset(&f->ce.e.epoch.key_id, 0, 16));
    CASE(DBK_ENTRY_SPACE, "a wrap of epoch 0", DBK_FORMAT, f->ce.wraps[0].epoch = 0);
    CASE(DBK_ENTRY_SPACE, "a member of no role", DBK_FORMAT, f->ce.grants[0].role = 0);
    CASE(DBK_ENTRY_GRANT, "no device", DBK_FORMAT, memset(&f->ce.e.device, 0, 16));
    CASE(DBK_ENTRY_REVOKE, "another reason", DBK_FORMAT, f->ce.e.reason = dbk_span_str("found"));
#undef CASE
    tear_down(f);
}

static void an_entry_over_its_cap_is_not_made(void **state)
{
    fixture *f = set_up();
    chain_device d = { 0 };
    const chain_device *members[] = { &d };
    dbk_err err = { 0 };
    (void)state;
    make(f, DBK_ENTRY_ROTATE);
    f->ce.e.wraps_count = 0;
    for (size_t i = 0; i < CHAIN_ITEMS_MAX; i++) {
        chain_random(&f->c, d.id.b, sizeof(d.id.b));
        chain_wrap(&f->ce, &f->c, &members[0]->id, 2);
    }
    /* 101 bytes for each member of a small epoch: 600 members still fit, 650 would not. */
    assert_ok(dbk_entry_sign(&f->bytes, &f->ce.e, f->c.admin.admin, &err), &err);
    assert_true(f->bytes.len < DBK_ENTRY_BYTES_MAX);
    dbk_bytes_truncate(&f->bytes, 0);
    for (size_t i = 0; i < CHAIN_ITEMS_MAX; i++)
        f->ce.wraps[i].epoch = (uint64_t)INT64_MAX; /* 8 bytes more each */
    assert_rc(dbk_entry_sign(&f->bytes, &f->ce.e, f->c.admin.admin, &err), DBK_LIMIT, &err);
    assert_int_equal(f->bytes.len, 0);
    tear_down(f);
}

/* Raw entries that no encoder of ours writes. */
static dbk_rc decode_raw(dbk_span core, uint64_t sigs_count, uint64_t sig_fields)
{
    static const uint8_t zeros[64];
    dbk_bytes b = DBK_BYTES_INIT(2 * DBK_ENTRY_BYTES_MAX);
    dbk_entry_decoded d;
    dbk_cbor_out o = dbk_cbor_to(&b, NULL);
    dbk_cbor_put_array(&o, 2);
    dbk_cbor_put_bytes(&o, core.p, core.len);
    dbk_cbor_put_array(&o, sigs_count);
    for (uint64_t i = 0; i < sigs_count; i++) {
        uint8_t id[16] = { (uint8_t)(i + 1) };
        dbk_cbor_put_array(&o, sig_fields);
        dbk_cbor_put_bytes(&o, id, sizeof(id));
        if (sig_fields > 1)
            dbk_cbor_put_bytes(&o, zeros, sizeof(zeros));
    }
    assert_int_equal(o.rc, DBK_OK);
    dbk_rc rc = dbk_entry_decode(&d, dbk_bytes_span(&b), NULL);
    dbk_entry_decoded_wipe(&d);
    dbk_bytes_wipe(&b);
    return rc;
}

static void the_outer_form_is_strict(void **state)
{
    fixture *f = set_up();
    dbk_bytes core = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    make(f, DBK_ENTRY_REVOKE);
    assert_ok(dbk_entry_encode_core(&core, &f->ce.e, &err), &err);
    dbk_span good = dbk_bytes_span(&core);
    assert_int_equal(decode_raw(good, 1, 2), DBK_OK);
    assert_int_equal(decode_raw(good, DBK_ENTRY_SIGNERS_MAX, 2), DBK_OK);
    assert_int_equal(decode_raw(good, 0, 2), DBK_FORMAT);
    assert_int_equal(decode_raw(good, DBK_ENTRY_SIGNERS_MAX + 1, 2), DBK_FORMAT);
    assert_int_equal(decode_raw(good, 1, 1), DBK_FORMAT);
    assert_int_equal(decode_raw((dbk_span){ NULL, 0 }, 1, 2), DBK_FORMAT);
    core.p[2] = 2; /* 1: version */
    assert_int_equal(decode_raw(good, 1, 2), DBK_VERSION);
    core.p[2] = 0;
    assert_int_equal(decode_raw(good, 1, 2), DBK_FORMAT);
    core.p[2] = 1;
    core.p[4] = 2; /* 2: suite */
    assert_int_equal(decode_raw(good, 1, 2), DBK_VERSION);
    core.p[4] = 1;
    /* A key of another type, which the layout leaves no room for. */
    core.p[0] = 0xa9;
    dbk_cbor_out o = dbk_cbor_to(&core, &err);
    dbk_cbor_put_str(&o, "k");
    dbk_cbor_put_uint(&o, 1);
    assert_int_equal(decode_raw(dbk_bytes_span(&core), 1, 2), DBK_FORMAT);
    dbk_bytes_wipe(&core);
    tear_down(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_comes_back_as_it_was),
        cmocka_unit_test(one_content_has_one_encoding_in_whatever_order_it_is_given),
        cmocka_unit_test(an_entry_with_any_bit_changed_is_refused_or_another),
        cmocka_unit_test(what_a_reader_would_refuse_is_not_signed),
        cmocka_unit_test(an_entry_over_its_cap_is_not_made),
        cmocka_unit_test(the_outer_form_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
