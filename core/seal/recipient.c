#include "core/seal/recipient.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/seal/drop.h"

#define PREFIX "daybook-recipient-1."
#define KEYS_BYTES 64u
#define CHECK_BYTES 4u
_Static_assert(crypto_sign_SEEDBYTES == DBK_HASH_BYTES, "a hash is a seed");
_Static_assert(DBK_RECIPIENT_TEXT_CHARS ==
                   sizeof(PREFIX) - 1 + ((KEYS_BYTES + CHECK_BYTES) * 8 + 5) / 6,
               "base64url without padding");

static void put_keys(uint8_t out[KEYS_BYTES], const dbk_recipient *r)
{
    uint8_t *p = dbk_wire_put_copy(out, r->kem, sizeof(r->kem));
    (void)dbk_wire_put_copy(p, r->sign.b, sizeof(r->sign.b));
}

dbk_id dbk_recipient_id(const dbk_recipient *r)
{
    uint8_t keys[KEYS_BYTES];
    put_keys(keys, r);
    return dbk_hash_id("daybook/recipient/1", dbk_span_of(keys, sizeof(keys)));
}

dbk_rc dbk_recipient_of(dbk_recipient *out, dbk_secret **signer, const dbk_secret *secret,
                        dbk_err *err)
{
    dbk_secret *sk = NULL;
    DBK_ASSERT(dbk_secret_len(secret) == DBK_RECIPIENT_SECRET_BYTES);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_secret_new(&sk, crypto_sign_SECRETKEYBYTES, err);
    if (rc != DBK_OK)
        return rc;
    dbk_drop_public(out->kem, secret);
    dbk_hash seed = dbk_hash_of("daybook/recipient-sign/1", dbk_secret_bytes(secret));
    DBK_ASSERT(crypto_sign_seed_keypair(out->sign.b, dbk_secret_room(sk), seed.b) == 0);
    dbk_wipe(&seed, sizeof(seed));
    if (signer != NULL)
        *signer = sk;
    else
        dbk_secret_free(sk);
    return DBK_OK;
}

static void put_text_bytes(uint8_t out[KEYS_BYTES + CHECK_BYTES], const dbk_recipient *r)
{
    put_keys(out, r);
    dbk_hash check = dbk_hash_of("daybook/recipient-text/1", dbk_span_of(out, KEYS_BYTES));
    (void)dbk_wire_put_copy(out + KEYS_BYTES, check.b, CHECK_BYTES);
}

dbk_rc dbk_recipient_print(dbk_bytes *out, const dbk_recipient *r, dbk_err *err)
{
    uint8_t bytes[KEYS_BYTES + CHECK_BYTES];
    put_text_bytes(bytes, r);
    return dbk_token_append(out, PREFIX, dbk_span_of(bytes, sizeof(bytes)), err);
}

dbk_rc dbk_recipient_parse(dbk_recipient *out, dbk_span text, dbk_err *err)
{
    dbk_bytes bytes = DBK_BYTES_INIT(KEYS_BYTES + CHECK_BYTES);
    uint8_t again[KEYS_BYTES + CHECK_BYTES];
    dbk_recipient r;
    memset(out, 0, sizeof(*out));
    bool good = text.len == DBK_RECIPIENT_TEXT_CHARS &&
                dbk_token_parse(&bytes, PREFIX, text, NULL) == DBK_OK;
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&bytes));
    dbk_wire_get_copy(&w, r.kem, sizeof(r.kem));
    dbk_wire_get_copy(&w, r.sign.b, sizeof(r.sign.b));
    put_text_bytes(again, &r);
    good = good && dbk_span_equal(dbk_bytes_span(&bytes), dbk_span_of(again, sizeof(again))) &&
           dbk_sign_pk_valid(&r.sign);
    dbk_bytes_wipe(&bytes);
    if (!good)
        return dbk_fail(err, DBK_FORMAT, "this is no recipient's key, or a letter of it is wrong");
    *out = r;
    return DBK_OK;
}
