#include "core/crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"

#define SEED_BYTES 32u
_Static_assert(crypto_sign_PUBLICKEYBYTES == DBK_SIGN_PK_BYTES, "Ed25519");
_Static_assert(crypto_sign_BYTES == DBK_SIG_BYTES, "Ed25519");
_Static_assert(crypto_sign_SEEDBYTES == SEED_BYTES, "Ed25519");
_Static_assert(crypto_sign_SECRETKEYBYTES == 64, "Ed25519");

/* Set once by dbk_crypto_init: the library checks the cofactored equation, which lets an R with a
 * part of small order through; then R's order is checked here, at 70 us a signature. */
static bool library_is_cofactored;

/* Vectors of the self-test (derivation: docs/format/crypto.md "Signatures"): one key; over the
 * message "daybook" a proper signature, and one whose R carries a point of order 8, so that only
 * the cofactored equation holds; the key plus the point of order 2, which a library without the
 * fix of CVE-2025-69277 takes for a member of the main subgroup. */
static const uint8_t test_message[] = { 'd', 'a', 'y', 'b', 'o', 'o', 'k' };
static const dbk_sign_pk test_pk = { {
    0x5c, 0x67, 0xee, 0x29, 0x59, 0x2b, 0x79, 0xa2, 0xbb, 0xc7, 0x61, 0x27, 0x3b, 0x28, 0xd4, 0xbf,
    0xa1, 0xc2, 0x85, 0x15, 0x10, 0x0f, 0xc4, 0x60, 0xf5, 0xca, 0xed, 0x31, 0x04, 0xac, 0xc3, 0x81,
} };
static const dbk_sig test_sig = { {
    0x3e, 0x54, 0xc4, 0x41, 0x92, 0x7f, 0x9f, 0x0e, 0xe5, 0xe1, 0x3e, 0x34, 0xf0, 0xb0, 0x40, 0x4c,
    0x50, 0x43, 0x65, 0x1a, 0x8f, 0x4b, 0x7e, 0xf0, 0x87, 0xa1, 0xc4, 0x22, 0x62, 0xa8, 0x5d, 0x0a,
    0x6d, 0x9e, 0x56, 0xac, 0xe5, 0x63, 0xb1, 0xad, 0x36, 0x48, 0x2f, 0x90, 0x43, 0x03, 0x9f, 0x2c,
    0x0a, 0xb8, 0x93, 0x8e, 0x05, 0xe1, 0xe4, 0x9f, 0xfb, 0xfc, 0xac, 0x04, 0x59, 0x40, 0x55, 0x00,
} };
static const dbk_sig test_sig_order_8 = { {
    0x5b, 0x61, 0xc2, 0xe3, 0xb9, 0x3e, 0x6c, 0x06, 0x45, 0x0f, 0x32, 0x7e, 0xa7, 0x2c, 0xdf, 0xeb,
    0x8c, 0xde, 0x6a, 0xa0, 0x20, 0xd2, 0xdd, 0x82, 0x7a, 0xb3, 0xf8, 0x6e, 0x70, 0x8c, 0x83, 0x93,
    0x85, 0x1b, 0xdc, 0xb8, 0x0f, 0x2b, 0xb9, 0x4d, 0xf0, 0x9d, 0x8b, 0x88, 0xf2, 0xaf, 0x18, 0xbd,
    0x52, 0x51, 0x2e, 0x74, 0xb6, 0xe4, 0x84, 0x1f, 0x4c, 0xff, 0x15, 0x58, 0xa3, 0xff, 0x72, 0x07,
} };
static const dbk_sign_pk test_pk_order_2 = { {
    0x91, 0x98, 0x11, 0xd6, 0xa6, 0xd4, 0x86, 0x5d, 0x44, 0x38, 0x9e, 0xd8, 0xc4, 0xd7, 0x2b, 0x40,
    0x5e, 0x3d, 0x7a, 0xea, 0xef, 0xf0, 0x3b, 0x9f, 0x0a, 0x35, 0x12, 0xce, 0xfb, 0x53, 0x3c, 0x7e,
} };

static bool library_verifies(const dbk_sig *sig, dbk_span message, const dbk_sign_pk *pk)
{
    return crypto_sign_verify_detached(sig->b, message.p, message.len, pk->b) == 0;
}

dbk_rc dbk_crypto_init(dbk_err *err)
{
    dbk_span message = { test_message, sizeof(test_message) };
    if (sodium_init() < 0)
        return dbk_fail(err, DBK_IO, "libsodium cannot start");
    if (!library_verifies(&test_sig, message, &test_pk))
        return dbk_fail(err, DBK_IO, "libsodium does not verify a proper signature");
    if (!dbk_sign_pk_valid(&test_pk) || dbk_sign_pk_valid(&test_pk_order_2))
        return dbk_fail(err, DBK_IO, "libsodium %s misjudges public keys: it needs an update",
                        sodium_version_string());
    library_is_cofactored = library_verifies(&test_sig_order_8, message, &test_pk);
    if (dbk_verify_raw(&test_sig_order_8, message, &test_pk))
        return dbk_fail(err, DBK_IO, "libsodium takes a signature of small order");
    return DBK_OK;
}

dbk_rc dbk_sign_keypair(dbk_sign_pk *pk, dbk_secret **sk, const dbk_env *env, dbk_err *err)
{
    uint8_t seed[SEED_BYTES];
    memset(pk, 0, sizeof(*pk));
    dbk_rc rc = dbk_secret_new(sk, crypto_sign_SECRETKEYBYTES, err);
    if (rc != DBK_OK)
        return rc;
    env->random(env->self, seed, sizeof(seed));
    DBK_ASSERT(crypto_sign_seed_keypair(pk->b, dbk_secret_room(*sk), seed) == 0);
    dbk_wipe(seed, sizeof(seed));
    return DBK_OK;
}

static const uint8_t *secret_key(const dbk_secret *sk)
{
    DBK_ASSERT(dbk_secret_len(sk) == crypto_sign_SECRETKEYBYTES);
    return dbk_secret_bytes(sk).p;
}

void dbk_sign_pk_of(dbk_sign_pk *pk, const dbk_secret *sk)
{
    DBK_ASSERT(crypto_sign_ed25519_sk_to_pk(pk->b, secret_key(sk)) == 0);
}

bool dbk_sign_pk_valid(const dbk_sign_pk *pk)
{
    return crypto_core_ed25519_is_valid_point(pk->b) == 1;
}

typedef struct labelled {
    uint8_t p[DBK_PREFIX_BYTES_MAX + DBK_SIGN_MESSAGE_BYTES_MAX];
    size_t len;
} labelled;

static void put_label(labelled *l, const char *label, dbk_span message)
{
    l->len = dbk_label_prefix(l->p, label);
    if (message.len > 0)
        memcpy(l->p + l->len, message.p, message.len);
    l->len += message.len;
}

void dbk_sign(dbk_sig *out, const char *label, dbk_span message, const dbk_secret *sk)
{
    labelled l;
    DBK_ASSERT(message.len <= DBK_SIGN_MESSAGE_BYTES_MAX);
    put_label(&l, label, message);
    dbk_sign_raw(out, dbk_span_of(l.p, l.len), sk);
}

bool dbk_verify(const dbk_sig *sig, const char *label, dbk_span message, const dbk_sign_pk *pk)
{
    labelled l;
    if (message.len > DBK_SIGN_MESSAGE_BYTES_MAX)
        return false;
    put_label(&l, label, message);
    return dbk_verify_raw(sig, dbk_span_of(l.p, l.len), pk);
}

void dbk_sign_raw(dbk_sig *out, dbk_span message, const dbk_secret *sk)
{
    unsigned long long len = 0;
    DBK_ASSERT(crypto_sign_detached(out->b, &len, message.p, message.len, secret_key(sk)) == 0);
    DBK_ASSERT(len == DBK_SIG_BYTES);
}

bool dbk_verify_raw(const dbk_sig *sig, dbk_span message, const dbk_sign_pk *pk)
{
    if (library_is_cofactored && crypto_core_ed25519_is_valid_point(sig->b) != 1)
        return false;
    return library_verifies(sig, message, pk);
}
