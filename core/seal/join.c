/* The join request: declared in core/seal/invite.h. */
#include "core/seal/invite.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/entry_parts.h"

#define PROOF_LABEL "daybook/join-proof/1"
#define AAD_LABEL "daybook/join-aad/1"
#define SCOPE_BYTES (2u * DBK_ID_BYTES) /* invite id || org */
#define AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + SCOPE_BYTES)
#define NONCE_BYTES 24u
#define TAG_BYTES 16u
#define SIGS_MAX 3u
#define NAME_BYTES_MAX (sizeof(((dbk_join *)0)->name) - 1)
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == TAG_BYTES, "Poly1305");

static uint8_t *put_scope(uint8_t *p, const dbk_invite *invite)
{
    dbk_id org = dbk_org_id(&invite->root);
    p = dbk_wire_put_copy(p, invite->id.b, sizeof(invite->id.b));
    return dbk_wire_put_copy(p, org.b, sizeof(org.b));
}

static size_t put_aad(uint8_t out[AAD_BYTES_MAX], const dbk_invite *invite)
{
    return (size_t)(put_scope(out + dbk_label_prefix(out, AAD_LABEL), invite) - out);
}

static dbk_hash join_key(const dbk_invite *invite)
{
    return dbk_hash_of("daybook/join/1", dbk_secret_bytes(invite->secret));
}

/* The pairs 1 and 2, which stand in the request and under its signatures. */
static void put_pairs(dbk_cbor_out *o, const dbk_join *join)
{
    dbk_cbor_put_uint(o, 1);
    dbk_device_keys_put(o, &join->keys);
    dbk_cbor_put_uint(o, 2);
    dbk_cbor_put_str(o, join->name);
}

/* What each key signs. */
static dbk_rc append_proof(dbk_bytes *out, const dbk_join *join, const dbk_invite *invite,
                           dbk_err *err)
{
    uint8_t scope[SCOPE_BYTES];
    (void)put_scope(scope, invite);
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(scope, sizeof(scope)), err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_map(&o, 2);
    put_pairs(&o, join);
    return o.rc;
}

static void put_sig(dbk_cbor_out *o, dbk_span proof, const dbk_secret *sk, const dbk_sign_pk *pk)
{
    dbk_sign_pk own;
    dbk_sig sig;
    dbk_sign_pk_of(&own, sk);
    DBK_ASSERT(dbk_span_equal(dbk_span_of(own.b, 32), dbk_span_of(pk->b, 32)));
    dbk_sign(&sig, PROOF_LABEL, proof, sk);
    dbk_cbor_put_bytes(o, sig.b, sizeof(sig.b));
}

static dbk_rc append_plain(dbk_bytes *out, const dbk_join *join, const dbk_invite *invite,
                           const dbk_join_secrets *secrets, dbk_err *err)
{
    dbk_bytes proof = DBK_BYTES_INIT(DBK_SIGN_MESSAGE_BYTES_MAX);
    dbk_rc rc = append_proof(&proof, join, invite, err);
    if (rc == DBK_OK) {
        dbk_span message = dbk_bytes_span(&proof);
        dbk_cbor_out o = dbk_cbor_to(out, err);
        dbk_cbor_put_map(&o, 3);
        put_pairs(&o, join);
        dbk_cbor_put_uint(&o, 3);
        dbk_cbor_put_array(&o, secrets->admin != NULL ? 3 : 2);
        put_sig(&o, message, secrets->sign, &join->keys.sign);
        put_sig(&o, message, secrets->request, &join->keys.request);
        if (secrets->admin != NULL)
            put_sig(&o, message, secrets->admin, &join->keys.admin);
        rc = o.rc;
    }
    dbk_bytes_wipe(&proof);
    return rc;
}

dbk_rc dbk_join_seal(dbk_bytes *out, const dbk_join *join, const dbk_invite *invite,
                     const dbk_join_secrets *secrets, const dbk_env *env, dbk_err *err)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX - NONCE_BYTES - TAG_BYTES);
    dbk_span name = dbk_span_str(join->name);
    uint8_t aad[AAD_BYTES_MAX];
    uint8_t *p;
    DBK_ASSERT((secrets->admin == NULL) == dbk_key_is_zero(join->keys.admin.b));
    if (name.len == 0 || !dbk_utf8_valid(name))
        return dbk_fail(err, DBK_INVALID, "a device's name is not proper text");
    dbk_rc rc = append_plain(&plain, join, invite, secrets, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_extend(out, &p, NONCE_BYTES + plain.len + TAG_BYTES, err);
    if (rc == DBK_OK) {
        dbk_hash key = join_key(invite);
        size_t aad_len = put_aad(aad, invite);
        env->random(env->self, p, NONCE_BYTES);
        DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(p + NONCE_BYTES, NULL, plain.p,
                                                              plain.len, aad, aad_len, NULL, p,
                                                              key.b) == 0);
        dbk_wipe(&key, sizeof(key));
    }
    dbk_bytes_wipe(&plain);
    return rc;
}

static dbk_rc read_plain(dbk_join *join, dbk_sig sigs[SIGS_MAX], dbk_span plain, dbk_err *err)
{
    dbk_rc rc = dbk_cbor_check(plain, err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor c = dbk_cbor_from(plain);
    if (dbk_cbor_get_map(&c) != 3 || !dbk_cbor_key(&c, 1))
        c.failed = true;
    dbk_device_keys_get(&c, &join->keys);
    if (!dbk_cbor_key(&c, 2))
        c.failed = true;
    dbk_span name = dbk_cbor_get_text(&c);
    if (!dbk_cbor_key(&c, 3))
        c.failed = true;
    uint64_t sigs_count = dbk_key_is_zero(join->keys.admin.b) ? 2 : 3;
    if (dbk_cbor_get_array(&c) != sigs_count || name.len == 0 || name.len > NAME_BYTES_MAX ||
        !dbk_utf8_valid(name))
        c.failed = true;
    for (size_t i = 0; i < sigs_count; i++)
        dbk_cbor_get_copy(&c, sigs[i].b, sizeof(sigs[i].b));
    rc = dbk_cbor_end(&c, "a join request", err);
    if (rc == DBK_OK && !dbk_device_keys_valid(&join->keys))
        rc = dbk_fail(err, DBK_FORMAT, "a join request's keys are not proper keys");
    if (rc == DBK_OK)
        memcpy(join->name, name.p, name.len);
    return rc;
}

/* Each key has signed for all of them, for this invite. */
static dbk_rc check_proofs(const dbk_join *join, const dbk_sig sigs[SIGS_MAX],
                           const dbk_invite *invite, dbk_err *err)
{
    const dbk_sign_pk *const keys[SIGS_MAX] = { &join->keys.sign, &join->keys.request,
                                                &join->keys.admin };
    size_t count = dbk_key_is_zero(join->keys.admin.b) ? 2 : 3;
    dbk_bytes proof = DBK_BYTES_INIT(DBK_SIGN_MESSAGE_BYTES_MAX);
    dbk_rc rc = append_proof(&proof, join, invite, err);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        if (!dbk_verify(&sigs[i], PROOF_LABEL, dbk_bytes_span(&proof), keys[i]))
            rc = dbk_fail(err, DBK_AUTH, "a join request shows a key that its device hasn't got");
    }
    dbk_bytes_wipe(&proof);
    return rc;
}

dbk_rc dbk_join_open(dbk_join *out, dbk_span in, const dbk_invite *invite, dbk_err *err)
{
    uint8_t plain[DBK_JOIN_BYTES_MAX], aad[AAD_BYTES_MAX];
    dbk_join join;
    dbk_sig sigs[SIGS_MAX];
    memset(out, 0, sizeof(*out));
    memset(&join, 0, sizeof(join));
    if (in.len <= NONCE_BYTES + TAG_BYTES || in.len > DBK_JOIN_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "a join request of %zu bytes", in.len);
    size_t plain_len = in.len - NONCE_BYTES - TAG_BYTES;
    size_t aad_len = put_aad(aad, invite);
    dbk_hash key = join_key(invite);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, in.p + NONCE_BYTES, in.len - NONCE_BYTES, aad, aad_len, in.p, key.b);
    dbk_wipe(&key, sizeof(key));
    if (failed)
        return dbk_fail(err, DBK_AUTH, "a join request is not from the holder of its invite");
    dbk_rc rc = read_plain(&join, sigs, dbk_span_of(plain, plain_len), err);
    if (rc == DBK_OK)
        rc = check_proofs(&join, sigs, invite, err);
    if (rc == DBK_OK)
        *out = join;
    dbk_wipe(plain, plain_len);
    return rc;
}
