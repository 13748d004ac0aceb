/* Each op is sealed under a key of its own, by an opener that stands in its frame (decision 0037).
 */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/seal/pack.h"
#include "core/seal/sealer.h"

#define OPS 5u

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_sealer *sealer;
    dbk_secret *key, *sk;
    dbk_header header;
    dbk_bytes body, plain;
} fixture;

static void seal(fixture *f, const dbk_span *plain)
{
    dbk_err err = { 0 };
    const dbk_seal_keys keys = { f->key, dbk_key_id(f->key), f->sk, NULL, f->env };
    f->env->random(f->env->self, f->header.salt, 16);
    dbk_bytes_truncate(&f->body, 0);
    assert_ok(dbk_seal_segment(f->sealer, &f->header, &f->body, plain, &keys, &err), &err);
}

static void set_up(fixture *f)
{
    static const char *const texts[OPS] = { "She rang.", "x", "", "Nothing further.", "Eleven." };
    dbk_err err = { 0 };
    dbk_sign_pk pk;
    dbk_span plain[OPS];
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 43);
    assert_ok(dbk_sealer_new(&f->sealer, &err), &err);
    assert_ok(dbk_secret_random(&f->key, 32, f->env, &err), &err);
    assert_ok(dbk_sign_keypair(&pk, &f->sk, f->env, &err), &err);
    dbk_bytes_init(&f->body, DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_bytes_init(&f->plain, DBK_SEAL_PLAIN_BYTES_MAX);
    f->header.count = OPS;
    f->header.first_seq = 1;
    f->env->random(f->env->self, f->header.space.b, 16);
    f->env->random(f->env->self, f->header.feed.b, 16);
    f->env->random(f->env->self, f->header.incarnation.b, 16);
    for (size_t i = 0; i < OPS; i++)
        plain[i] = dbk_span_str(texts[i]);
    seal(f, plain);
}

static void tear_down(fixture *f)
{
    dbk_sealer_free(f->sealer);
    dbk_secret_free(f->key);
    dbk_secret_free(f->sk);
    dbk_bytes_wipe(&f->body);
    dbk_bytes_wipe(&f->plain);
}

static dbk_rc open_op(fixture *f, const dbk_frame *frame, uint32_t index)
{
    dbk_bytes_truncate(&f->plain, 0);
    return dbk_open_frame(f->sealer, &f->plain, &f->header, frame, index, f->key, NULL);
}

static void split(fixture *f, dbk_frame frames[DBK_SEGMENT_OPS_MAX])
{
    dbk_err err = { 0 };
    assert_ok(dbk_body_split(frames, &f->header, dbk_bytes_span(&f->body), &err), &err);
}

/* The epoch key alone opens nothing. */
static void an_op_without_its_opener_stays_shut_for_who_holds_the_epoch_key(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    (void)state;
    set_up(&f);
    split(&f, frames);
    for (uint32_t i = 0; i < OPS; i++) {
        dbk_span opener = dbk_frame_opener(&frames[i]);
        uint8_t *at = f.body.p + (opener.p - f.body.p);
        uint8_t kept[DBK_FRAME_OPENER_BYTES];
        assert_int_equal(opener.len, sizeof(kept));
        memcpy(kept, at, sizeof(kept));
        memset(at, 0, sizeof(kept));
        assert_int_equal(open_op(&f, &frames[i], i), DBK_AUTH);
        memcpy(at, dbk_frame_opener(&frames[(i + 1) % OPS]).p, sizeof(kept)); /* a neighbour's */
        assert_int_equal(open_op(&f, &frames[i], i), DBK_AUTH);
        for (uint32_t other = 0; other < OPS; other++)
            assert_int_equal(open_op(&f, &frames[other], other) == DBK_OK, other != i);
        /* What gets its opener back is what was signed. */
        assert_rc(dbk_body_check(&f.header, dbk_bytes_span(&f.body), NULL), DBK_AUTH, NULL);
        memcpy(at, kept, sizeof(kept));
        assert_int_equal(open_op(&f, &frames[i], i), DBK_OK);
    }
    assert_rc(dbk_body_check(&f.header, dbk_bytes_span(&f.body), NULL), DBK_OK, NULL);
    tear_down(&f);
}

static void no_two_ops_share_an_opener_however_alike_they_are(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    uint8_t seen[2 * OPS][DBK_FRAME_OPENER_BYTES];
    dbk_span same[OPS];
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < OPS; i++)
        same[i] = dbk_span_str("the same");
    for (size_t i = 0; i < 2 * OPS; i++) {
        if (i % OPS == 0) {
            seal(&f, same);
            split(&f, frames);
        }
        memcpy(seen[i], dbk_frame_opener(&frames[i % OPS]).p, sizeof(seen[i]));
        for (size_t before = 0; before < i; before++)
            assert_memory_not_equal(seen[before], seen[i], sizeof(seen[i]));
    }
    tear_down(&f);
}

static void a_frame_too_short_for_its_opener_is_no_op(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    (void)state;
    set_up(&f);
    split(&f, frames);
    dbk_frame cut = frames[0];
    for (cut.sealed.len = 0; cut.sealed.len < frames[0].sealed.len; cut.sealed.len++) {
        dbk_rc rc = open_op(&f, &cut, 0);
        bool too_short = cut.sealed.len < DBK_FRAME_OPENER_BYTES + DBK_PACK_BYTES_MIN + 16;
        if (rc != (too_short ? DBK_FORMAT : DBK_AUTH) || f.plain.len != 0)
            fail_msg("cut to %zu: %s", cut.sealed.len, dbk_rc_name(rc));
    }
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_op_without_its_opener_stays_shut_for_who_holds_the_epoch_key),
        cmocka_unit_test(no_two_ops_share_an_opener_however_alike_they_are),
        cmocka_unit_test(a_frame_too_short_for_its_opener_is_no_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
