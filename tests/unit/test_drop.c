/* What a writer seals: whoever holds the epoch key opens it, the writer doesn't, and a changed byte
 * opens to nothing. */
#include "tests/lib/test.h"

#include <sodium.h>
#include <string.h>

#include "core/seal/drop.h"
#include "core/seal/pack.h"
#include "core/seal/sealer.h"
#include "core/seal/wrap.h"
#include "tests/lib/chain.h"

#define OPS 2u

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_sealer *sealer;
    dbk_secret *key, *other, *sign;
    uint8_t drop[32];
    dbk_header header;
    dbk_bytes body, plain;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
} fixture;

static const char *const texts[OPS] = { "She was seen at the back door at six.", "x" };

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    dbk_sign_pk pk;
    dbk_span plain[OPS];
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 77);
    assert_ok(dbk_sealer_new(&f->sealer, &err), &err);
    assert_ok(dbk_secret_random(&f->key, 32, f->env, &err), &err);
    assert_ok(dbk_secret_random(&f->other, 32, f->env, &err), &err);
    assert_ok(dbk_sign_keypair(&pk, &f->sign, f->env, &err), &err);
    dbk_drop_public(f->drop, f->key);
    dbk_bytes_init(&f->body, DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_bytes_init(&f->plain, DBK_SEAL_PLAIN_BYTES_MAX);
    f->header.count = OPS;
    f->header.first_seq = 1;
    f->env->random(f->env->self, f->header.space.b, 16);
    f->env->random(f->env->self, f->header.feed.b, 16);
    f->env->random(f->env->self, f->header.incarnation.b, 16);
    f->env->random(f->env->self, f->header.salt, 16);
    for (size_t i = 0; i < OPS; i++)
        plain[i] = dbk_span_str(texts[i]);
    const dbk_seal_keys keys = { NULL, dbk_key_id(f->key), f->sign, f->drop, f->env };
    assert_ok(dbk_seal_segment(f->sealer, &f->header, &f->body, plain, &keys, &err), &err);
    assert_ok(dbk_body_split(f->frames, &f->header, dbk_bytes_span(&f->body), &err), &err);
}

static void tear_down(fixture *f)
{
    dbk_sealer_free(f->sealer);
    dbk_secret_free(f->key);
    dbk_secret_free(f->other);
    dbk_secret_free(f->sign);
    dbk_bytes_wipe(&f->body);
    dbk_bytes_wipe(&f->plain);
}

static dbk_rc open_with(fixture *f, const dbk_frame *frame, uint32_t at, const dbk_secret *key)
{
    dbk_bytes_truncate(&f->plain, 0);
    return dbk_open_frame(f->sealer, &f->plain, &f->header, frame, at, key, NULL);
}

static void who_holds_the_epoch_key_opens_what_a_writer_sealed(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_body_check(&f.header, dbk_bytes_span(&f.body), &err), &err);
    for (uint32_t i = 0; i < OPS; i++) {
        assert_int_equal(f.frames[i].key_tag, DBK_FRAME_TAG_DROP);
        assert_int_equal(open_with(&f, &f.frames[i], i, f.key), DBK_OK);
        assert_true(dbk_span_equal(dbk_bytes_span(&f.plain), dbk_span_str(texts[i])));
        assert_int_equal(open_with(&f, &f.frames[i], i, f.other), DBK_AUTH);
        assert_int_equal(open_with(&f, &f.frames[i], 1 - i, f.key), DBK_AUTH);
    }
    /* As long as an officer's, but for its ephemeral key: theirs have 16 there (A20). */
    assert_int_equal(f.frames[0].sealed.len, f.frames[1].sealed.len);
    assert_int_equal(f.frames[0].sealed.len, 32 + dbk_pack_size(strlen(texts[0])) + 16);
    assert_true(f.frames[0].whole.len <= dbk_seal_frame_bound(strlen(texts[0])));
    /* One ephemeral key for each op, never twice. */
    assert_false(dbk_span_equal(dbk_span_of(f.frames[0].sealed.p, 32),
                                dbk_span_of(f.frames[1].sealed.p, 32)));
    tear_down(&f);
}

static void no_cut_and_no_turned_bit_opens(void **state)
{
    fixture f;
    uint8_t bytes[512];
    (void)state;
    set_up(&f);
    dbk_frame frame = f.frames[0];
    size_t len = frame.sealed.len;
    assert_true(len <= sizeof(bytes));
    memcpy(bytes, frame.sealed.p, len);
    for (size_t cut = 0; cut < len; cut++) {
        frame.sealed = dbk_span_of(bytes, cut);
        dbk_rc rc = open_with(&f, &frame, 0, f.key);
        if (rc != DBK_FORMAT && rc != DBK_AUTH)
            fail_msg("cut to %zu: %s", cut, dbk_rc_name(rc));
        assert_int_equal(f.plain.len, 0);
    }
    frame.sealed = dbk_span_of(bytes, len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (open_with(&f, &frame, 0, f.key) != DBK_AUTH)
            fail_msg("bit %zu: it opens", bit);
        assert_int_equal(f.plain.len, 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* As an op of another kind it is nothing either. */
    frame.key_tag = DBK_FRAME_TAG_OP;
    assert_int_equal(open_with(&f, &frame, 0, f.key), DBK_AUTH);
    frame.key_tag = 3;
    assert_int_equal(open_with(&f, &frame, 0, f.key), DBK_VERSION);
    tear_down(&f);
}

static void keys_that_are_none_are_refused_by_both_sides(void **state)
{
    fixture f;
    uint8_t zero[32] = { 0 }, one[32] = { 1 }, ephemeral[32];
    const uint8_t *const bad[] = { zero, one };
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dbk_secret *key = NULL;
        dbk_err err = { 0 };
        assert_rc(dbk_drop_seal(&key, ephemeral, bad[i], f.env, &err), DBK_INVALID, &err);
        assert_null(key);
        dbk_err_clear(&err);
        assert_rc(dbk_drop_open(&key, bad[i], f.key, &err), DBK_AUTH, &err);
        assert_null(key);
    }
    tear_down(&f);
}

/* An admin who lays out a key of its own, so that writers write to it alone, is obeyed by nobody:
 * the epoch isn't taken, and so nothing is written under it. */
static void an_epoch_with_a_drop_key_of_somebody_else_is_not_taken(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    dbk_secret *sk = NULL, *epoch_key = NULL, *opened = NULL;
    dbk_epoch epoch;
    uint8_t kem[32], wrap[DBK_WRAP_BYTES];
    (void)state;
    set_up(&f);
    assert_ok(dbk_kem_keypair(kem, &sk, f.env, &err), &err);
    assert_ok(dbk_epoch_new(&epoch_key, &epoch, 1, f.env, &err), &err);
    const dbk_wrap_scope scope = { .device = { { 1 } }, .epoch = 1 };
    assert_ok(dbk_wrap_seal(wrap, epoch_key, &scope, kem, f.env, &err), &err);
    assert_ok(dbk_wrap_open(&opened, wrap, &scope, &epoch, sk, &err), &err);
    dbk_secret_free(opened);
    dbk_drop_public(epoch.drop, epoch_key);
    assert_ok(dbk_wrap_open(&opened, wrap, &scope, &epoch, sk, &err), &err);
    dbk_secret_free(opened);
    memcpy(epoch.drop, f.drop, 32); /* a proper key, of another epoch */
    assert_rc(dbk_wrap_open(&opened, wrap, &scope, &epoch, sk, &err), DBK_AUTH, &err);
    assert_null(opened);
    dbk_secret_free(sk);
    dbk_secret_free(epoch_key);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_holds_the_epoch_key_opens_what_a_writer_sealed),
        cmocka_unit_test(no_cut_and_no_turned_bit_opens),
        cmocka_unit_test(keys_that_are_none_are_refused_by_both_sides),
        cmocka_unit_test(an_epoch_with_a_drop_key_of_somebody_else_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
