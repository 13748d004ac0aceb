#include "core/crypto/hash.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(((dbk_hasher *)0)->state),
               "libsodium's hash state fits");
_Static_assert(crypto_generichash_BYTES_MAX >= DBK_HASH_BYTES, "BLAKE2b gives 32 bytes");
_Static_assert(crypto_hash_sha256_BYTES == 32, "SHA-256 gives 32 bytes");

static crypto_generichash_state *state_of(dbk_hasher *h)
{
    return (crypto_generichash_state *)(void *)h->state;
}

size_t dbk_label_prefix(uint8_t out[DBK_PREFIX_BYTES_MAX], const char *label)
{
    size_t len = strlen(label);
    DBK_ASSERT(len > 0);
    DBK_ASSERT(len <= DBK_LABEL_BYTES_MAX);
    out[0] = (uint8_t)len;
    memcpy(out + 1, label, len);
    out[1 + len] = DBK_SUITE_1;
    return len + 2;
}

void dbk_hasher_init(dbk_hasher *h, const char *label)
{
    uint8_t prefix[DBK_PREFIX_BYTES_MAX];
    size_t prefix_len = dbk_label_prefix(prefix, label);
    DBK_ASSERT(crypto_generichash_init(state_of(h), NULL, 0, DBK_HASH_BYTES) == 0);
    dbk_hasher_add(h, dbk_span_of(prefix, prefix_len));
}

void dbk_hasher_add(dbk_hasher *h, dbk_span part)
{
    DBK_ASSERT(crypto_generichash_update(state_of(h), part.p, part.len) == 0);
}

dbk_hash dbk_hasher_end(dbk_hasher *h)
{
    dbk_hash out;
    DBK_ASSERT(crypto_generichash_final(state_of(h), out.b, sizeof(out.b)) == 0);
    dbk_wipe(h, sizeof(*h)); /* keys are hashed, too */
    return out;
}

dbk_hash dbk_hash_of(const char *label, dbk_span data)
{
    dbk_hasher h;
    dbk_hasher_init(&h, label);
    dbk_hasher_add(&h, data);
    return dbk_hasher_end(&h);
}

static dbk_id id_of(const dbk_hash *hash)
{
    dbk_id id;
    memcpy(id.b, hash->b, sizeof(id.b));
    return id;
}

dbk_id dbk_hash_id(const char *label, dbk_span data)
{
    dbk_hash hash = dbk_hash_of(label, data);
    return id_of(&hash);
}

dbk_id dbk_device_id(const uint8_t sign_pk[32], const uint8_t kem_pk[32])
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/device-id/1");
    dbk_hasher_add(&h, dbk_span_of(sign_pk, 32));
    dbk_hasher_add(&h, dbk_span_of(kem_pk, 32));
    dbk_hash hash = dbk_hasher_end(&h);
    return id_of(&hash);
}

dbk_id dbk_feed_id(const dbk_id *device, const dbk_id *space, const dbk_id *incarnation)
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/feed-id/1");
    dbk_hasher_add(&h, dbk_span_of(device->b, sizeof(device->b)));
    dbk_hasher_add(&h, dbk_span_of(space->b, sizeof(space->b)));
    dbk_hasher_add(&h, dbk_span_of(incarnation->b, sizeof(incarnation->b)));
    dbk_hash hash = dbk_hasher_end(&h);
    return id_of(&hash);
}

void dbk_sha256(uint8_t out[32], dbk_span data)
{
    DBK_ASSERT(crypto_hash_sha256(out, data.p, data.len) == 0);
}

bool dbk_equal_ct(dbk_span a, dbk_span b)
{
    if (a.len != b.len)
        return false;
    return a.len == 0 || sodium_memcmp(a.p, b.p, a.len) == 0;
}
