#include "tests/lib/test.h"
#include "tests/lib/story.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/crypto/entry_parts.h"

/* An entry from raw parts: what dbk_entry_sign would not write. */
static void raw_entry(dbk_bytes *out, dbk_span core, const dbk_secret *const *signers, size_t n)
{
    dbk_err err = { 0 };
    dbk_entry_sig sigs[DBK_ENTRY_SIGNERS_MAX + 1];
    dbk_hash hash = dbk_entry_hash(core);
    for (size_t i = 0; i < n; i++) {
        dbk_entry_sig sig;
        size_t at = i;
        dbk_entry_sign_hash(&sig, &hash, signers[i]);
        for (; at > 0 && dbk_id_compare(&sigs[at - 1].signer, &sig.signer) > 0; at--)
            sigs[at] = sigs[at - 1];
        sigs[at] = sig;
    }
    dbk_cbor_out o = dbk_cbor_to(out, &err);
    dbk_cbor_put_array(&o, 2);
    dbk_cbor_put_bytes(&o, core.p, core.len);
    dbk_cbor_put_array(&o, n);
    for (size_t i = 0; i < n; i++) {
        dbk_cbor_put_array(&o, 2);
        dbk_cbor_put_bytes(&o, sigs[i].signer.b, sizeof(sigs[i].signer.b));
        dbk_cbor_put_bytes(&o, sigs[i].sig.b, sizeof(sigs[i].sig.b));
    }
    assert_ok(o.rc, &err);
}

/* The core of s->entry with its head byte changed to one more pair, and the pair behind it. */
static void core_with_extra(dbk_bytes *core, const story *s, uint64_t key)
{
    dbk_err err = { 0 };
    assert_ok(dbk_entry_encode_core(core, &s->entry.e, &err), &err);
    assert_int_equal(core->p[0], 0xa8);
    core->p[0] = 0xa9;
    dbk_cbor_out o = dbk_cbor_to(core, &err);
    dbk_cbor_put_uint(&o, key);
    dbk_cbor_put_str(&o, "of a later version");
    assert_ok(o.rc, &err);
}

static void unknown_keys_of_an_entry_are_covered_by_hash_and_signature(void **state)
{
    story *s = story_new();
    dbk_bytes core = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_secret *signers[] = { s->c.admin.admin };
    chain_device d;
    dbk_err err = { 0 };
    (void)state;
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &d);
    core_with_extra(&core, s, 9);
    raw_entry(&entry, dbk_bytes_span(&core), signers, 1);
    entry.p[core.len] ^= 1; /* the last letter of the unknown value, or one near it */
    assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), DBK_AUTH, &err);
    entry.p[core.len] ^= 1;
    dbk_err_clear(&err);
    assert_ok(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), &err);
    dbk_hash want = dbk_entry_hash(dbk_bytes_span(&core)), head = dbk_roster_head(s->c.roster);
    assert_true(dbk_hash_equal(&head, &want));
    dbk_bytes_wipe(&core);
    dbk_bytes_wipe(&entry);
    chain_device_free(&d);
    story_free(s);
}

static void a_newer_kind_stops_the_fold_only_when_an_admin_has_signed_it(void **state)
{
    story *s = story_new();
    dbk_bytes core = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_secret *admin[] = { s->c.admin.admin }, *relay[] = { s->c.relay };
    dbk_err err = { 0 };
    (void)state;
    static const uint64_t kinds[] = { DBK_ENTRY_KINDS, DBK_ENTRY_KINDS + 1, 23 };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        chain_revoke(&s->entry, &s->c, &s->officer, "left");
        dbk_bytes_wipe(&core);
        assert_ok(dbk_entry_encode_core(&core, &s->entry.e, &err), &err);
        /* ... 6: kind, 7: time: the kind's byte stands before 07 1b. */
        size_t at = core.len - 2;
        while (!(core.p[at] == 0x06 && core.p[at + 1] == DBK_ENTRY_REVOKE && core.p[at + 2] == 7))
            at--;
        core.p[at + 1] = (uint8_t)kinds[i];
        dbk_bytes_wipe(&entry);
        raw_entry(&entry, dbk_bytes_span(&core), relay, 1);
        assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), DBK_AUTH, &err);
        dbk_err_clear(&err);
        dbk_bytes_wipe(&entry);
        raw_entry(&entry, dbk_bytes_span(&core), admin, 1);
        assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), DBK_VERSION, &err);
        dbk_err_clear(&err);
        dbk_roster_check_deep(s->c.roster);
    }
    dbk_bytes_wipe(&core);
    dbk_bytes_wipe(&entry);
    story_free(s);
}

static void two_admins_may_sign_and_each_signature_must_hold(void **state)
{
    story *s = story_new();
    dbk_bytes core = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    chain_device second;
    dbk_err err = { 0 };
    (void)state;
    chain_enrolled(&second, &s->c, DBK_ROLE_ADMIN);
    const dbk_secret *both[] = { s->c.admin.admin, second.admin };
    const dbk_secret *with_stranger[] = { s->c.admin.admin, s->officer.sign };
    const dbk_secret *twice[] = { s->c.admin.admin, s->c.admin.admin };
    chain_revoke(&s->entry, &s->c, &s->guest, "left");
    assert_ok(dbk_entry_encode_core(&core, &s->entry.e, &err), &err);
    raw_entry(&entry, dbk_bytes_span(&core), with_stranger, 2);
    assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), DBK_AUTH, &err);
    dbk_err_clear(&err);
    dbk_bytes_wipe(&entry);
    raw_entry(&entry, dbk_bytes_span(&core), twice, 2);
    assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), DBK_FORMAT, &err);
    dbk_err_clear(&err);
    dbk_bytes_wipe(&entry);
    raw_entry(&entry, dbk_bytes_span(&core), both, 2);
    entry.p[entry.len - 1] ^= 1;
    assert_rc(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), DBK_AUTH, &err);
    dbk_err_clear(&err);
    entry.p[entry.len - 1] ^= 1;
    assert_ok(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), &err);
    dbk_bytes_wipe(&core);
    dbk_bytes_wipe(&entry);
    chain_device_free(&second);
    story_free(s);
}

static void every_bit_of_an_entry_is_covered(void **state)
{
    story *s = story_new();
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    chain_device d;
    dbk_err err = { 0 };
    (void)state;
    chain_device_new(&d, &s->c, DBK_ROLE_OFFICER);
    chain_enrol(&s->entry, &s->c, &d);
    assert_ok(dbk_entry_sign(&entry, &s->entry.e, s->c.admin.admin, &err), &err);
    for (size_t bit = 0; bit < entry.len * 8; bit++) {
        entry.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), NULL) == DBK_OK)
            fail_msg("bit %zu may change", bit);
        entry.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_roster_check_deep(s->c.roster);
    for (size_t len = 0; len < entry.len; len++)
        assert_int_not_equal(dbk_roster_add(s->c.roster, dbk_span_of(entry.p, len), NULL), DBK_OK);
    assert_ok(dbk_roster_add(s->c.roster, dbk_bytes_span(&entry), &err), &err);
    dbk_bytes_wipe(&entry);
    chain_device_free(&d);
    story_free(s);
}

typedef struct countdown {
    size_t left;
} countdown;

static int fail_when_zero(void *ctx, size_t size)
{
    countdown *c = ctx;
    (void)size;
    if (c->left == 0)
        return 0;
    c->left--;
    return 1;
}

/* Adds the entry while the n-th allocation fails, for n = 0, 1, 2 .. until it goes through. */
static void add_under_shortage(story *s, const dbk_secret *signer)
{
    dbk_roster *r = s->c.roster;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    size_t failures = 0;
    assert_ok(dbk_entry_sign(&entry, &s->entry.e, signer, &err), &err);
    for (;; failures++) {
        countdown c = { failures };
        dbk_hash before = dbk_roster_head(r);
        dbk_alloc_set_hook(fail_when_zero, &c);
        dbk_rc rc = dbk_roster_add(r, dbk_bytes_span(&entry), NULL);
        dbk_alloc_set_hook(NULL, NULL);
        dbk_roster_check_deep(r);
        if (rc == DBK_OK)
            break;
        assert_int_equal(rc, DBK_NOMEM);
        dbk_hash after = dbk_roster_head(r);
        assert_true(dbk_hash_equal(&before, &after));
        assert_true(failures < 100);
    }
    assert_true(failures >= 1);
    dbk_bytes_wipe(&entry);
}

static void a_failed_allocation_leaves_the_roster_as_it_was(void **state)
{
    story *s = dbk_alloc(sizeof(*s));
    (void)state;
    assert_non_null(s);
    chain_new(&s->c, 11);
    chain_genesis(&s->entry, &s->c);
    add_under_shortage(s, s->c.root);
    chain_device *const devices[] = { &s->officer, &s->hq, &s->guest };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        chain_device_new(devices[i], &s->c, DBK_ROLE_OFFICER);
        chain_enrol(&s->entry, &s->c, devices[i]);
        add_under_shortage(s, s->c.admin.admin);
    }
    const chain_device *members[] = { &s->officer, &s->hq };
    for (int i = 0; i < 6; i++) { /* until the arrays have to grow */
        chain_space(&s->entry, &s->c, members, ARRAY_LEN(members));
        add_under_shortage(s, s->c.admin.admin);
    }
    dbk_id space = s->entry.e.space;
    chain_grant(&s->entry, &s->c, &space, &s->guest);
    add_under_shortage(s, s->c.admin.admin);
    const chain_device *all[] = { &s->officer, &s->hq, &s->guest };
    for (int i = 0; i < 6; i++) {
        chain_rotate(&s->entry, &s->c, &space, all, ARRAY_LEN(all));
        add_under_shortage(s, s->c.admin.admin);
    }
    assert_int_equal(dbk_roster_space(s->c.roster, &space)->epochs_count, 7);
    story_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_keys_of_an_entry_are_covered_by_hash_and_signature),
        cmocka_unit_test(a_newer_kind_stops_the_fold_only_when_an_admin_has_signed_it),
        cmocka_unit_test(two_admins_may_sign_and_each_signature_must_hold),
        cmocka_unit_test(every_bit_of_an_entry_is_covered),
        cmocka_unit_test(a_failed_allocation_leaves_the_roster_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
