#include "core/seal/shares.h"

#include <libgfshare.h>
#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/crypto/hash.h"
#include "core/seal/shares_internal.h"
#include "core/seal/wrap.h"

#define PART_BYTES DBK_SHARE_PART_BYTES

/* libgfshare asks for randomness without saying for whom. It also overwrites with it what it
 * frees. */
static _Thread_local const dbk_env *random_env;

static void fill_random(unsigned char *out, unsigned int len)
{
    random_env->random(random_env->self, out, len);
}

static void borrow_random(const dbk_env *env)
{
    random_env = env;
    gfshare_fill_rand = fill_random;
}

void dbk_share_wipe(dbk_share *share)
{
    dbk_secret_free(share->part);
    memset(share, 0, sizeof(*share));
}

dbk_id dbk_recovery_print(const uint8_t key[32])
{
    return dbk_hash_id("daybook/recovery-print/1", dbk_span_of(key, 32));
}

static dbk_id id_of(dbk_hasher *h)
{
    dbk_hash hash = dbk_hasher_end(h);
    dbk_id id;
    memcpy(id.b, hash.b, sizeof(id.b));
    return id;
}

dbk_id dbk_share_part_id(const dbk_share *share, dbk_span part)
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/share-part/1");
    dbk_hasher_add(&h, dbk_span_of(&share->number, 1));
    dbk_hasher_add(&h, dbk_span_of(share->key, sizeof(share->key)));
    dbk_hasher_add(&h, part);
    return id_of(&h);
}

dbk_id dbk_share_set(const dbk_share *share)
{
    const uint8_t numbers[2] = { share->need, share->count };
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/share-set/1");
    dbk_hasher_add(&h, dbk_span_of(numbers, sizeof(numbers)));
    dbk_hasher_add(&h, dbk_span_of(share->key, sizeof(share->key)));
    for (size_t i = 0; i < share->count; i++)
        dbk_hasher_add(&h, dbk_span_of(share->parts[i].b, DBK_ID_BYTES));
    dbk_hasher_add(&h, dbk_span_str(share->organisation));
    return id_of(&h);
}

bool dbk_share_proper(const dbk_share *share)
{
    dbk_span name = dbk_span_str(share->organisation);
    bool plain = name.len > 0 && dbk_utf8_valid(name);
    for (size_t i = 0; i < name.len; i++)
        plain = plain && name.p[i] >= ' ' && name.p[i] != 0x7f;
    return plain && share->need >= 2 && share->count <= DBK_SHARES_MAX &&
           share->need <= share->count && share->number >= 1 && share->number <= share->count;
}

/* ---- splitting ----------------------------------------------------------------------------- */

static dbk_rc split(dbk_share *shares, size_t count, const dbk_secret *secret, const dbk_env *env,
                    dbk_err *err)
{
    unsigned char numbers[DBK_SHARES_MAX], whole[PART_BYTES];
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count; i++)
        numbers[i] = shares[i].number;
    borrow_random(env);
    gfshare_ctx *ctx = gfshare_ctx_init_enc(numbers, (unsigned)count, shares[0].need, PART_BYTES);
    if (ctx == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the shares");
    memcpy(whole, dbk_secret_bytes(secret).p, sizeof(whole));
    gfshare_ctx_enc_setsecret(ctx, whole);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        rc = dbk_secret_new(&shares[i].part, PART_BYTES, err);
        if (rc == DBK_OK)
            gfshare_ctx_enc_getshare(ctx, (unsigned char)i, dbk_secret_room(shares[i].part));
    }
    gfshare_ctx_free(ctx);
    dbk_wipe(whole, sizeof(whole));
    return rc;
}

/* Every share is one of those that are combined here, and the next ones with it. */
static dbk_rc prove(const dbk_share *shares, size_t count, const dbk_env *env, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_share some[DBK_SHARES_MAX]; /* borrow the parts: never wiped */
        dbk_secret *key = NULL;
        for (size_t k = 0; k < shares[0].need; k++)
            some[k] = shares[(i + k) % count];
        rc = dbk_shares_combine(&key, some, shares[0].need, env, err);
        dbk_secret_free(key);
    }
    return rc;
}

/* Each share's own number, and the ids of all parts in every one. */
static void settle(dbk_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dbk_id id = dbk_share_part_id(&shares[i], dbk_secret_bytes(shares[i].part));
        for (size_t k = 0; k < count; k++)
            shares[k].parts[i] = id;
    }
}

dbk_rc dbk_shares_create(dbk_share *shares, const dbk_shares_opts *opts, const dbk_env *env,
                         dbk_err *err)
{
    dbk_share blank = { .number = 1 };
    dbk_secret *secret = NULL;
    size_t name_len = strlen(opts->organisation);
    if (opts->count > DBK_SHARES_MAX || opts->need < 2 || opts->need > opts->count)
        return dbk_fail(err, DBK_INVALID, "a key has 2 to %u shares, and at least 2 are needed",
                        DBK_SHARES_MAX);
    blank.need = (uint8_t)opts->need;
    blank.count = (uint8_t)opts->count;
    if (name_len <= DBK_SHARE_NAME_BYTES_MAX)
        memcpy(blank.organisation, opts->organisation, name_len);
    if (!dbk_share_proper(&blank))
        return dbk_fail(err, DBK_INVALID, "the organisation's name has 1 to %u plain characters",
                        DBK_SHARE_NAME_BYTES_MAX);
    dbk_rc rc = dbk_kem_keypair(blank.key, &secret, env, err);
    for (size_t i = 0; i < opts->count; i++) {
        shares[i] = blank;
        shares[i].number = (uint8_t)(i + 1);
    }
    if (rc == DBK_OK)
        rc = split(shares, opts->count, secret, env, err);
    if (rc == DBK_OK) {
        settle(shares, opts->count);
        rc = prove(shares, opts->count, env, err);
    }
    dbk_secret_free(secret);
    for (size_t i = 0; i < opts->count && rc != DBK_OK; i++)
        dbk_share_wipe(&shares[i]);
    return rc;
}

/* ---- combining ----------------------------------------------------------------------------- */

dbk_rc dbk_shares_check(const dbk_share *shares, size_t count, dbk_err *err)
{
    DBK_ASSERT(count <= DBK_SHARES_MAX);
    if (count == 0)
        return dbk_fail(err, DBK_INVALID, "no share was given");
    dbk_id set = dbk_share_set(&shares[0]);
    for (size_t i = 1; i < count; i++) {
        dbk_id other = dbk_share_set(&shares[i]);
        if (!dbk_id_equal(&set, &other))
            return dbk_fail(err, DBK_CONFLICT,
                            "share %u and share %u were made on different days: they are of two "
                            "sets",
                            shares[0].number, shares[i].number);
        for (size_t k = 0; k < i; k++)
            if (shares[k].number == shares[i].number)
                return dbk_fail(err, DBK_INVALID, "share %u was given twice", shares[i].number);
    }
    if (count < shares[0].need)
        return dbk_fail(err, DBK_INVALID,
                        "%zu share of %u: it takes %u together, and fewer give nothing", count,
                        shares[0].count, shares[0].need);
    return DBK_OK;
}

static dbk_rc join(dbk_secret *key, const dbk_share *shares, const dbk_env *env, dbk_err *err)
{
    unsigned char numbers[DBK_SHARES_MAX], part[PART_BYTES];
    size_t need = shares[0].need;
    for (size_t i = 0; i < need; i++)
        numbers[i] = shares[i].number;
    borrow_random(env);
    gfshare_ctx *ctx = gfshare_ctx_init_dec(numbers, (unsigned)need, PART_BYTES);
    if (ctx == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the shares");
    for (size_t i = 0; i < need; i++) {
        memcpy(part, dbk_secret_bytes(shares[i].part).p, sizeof(part));
        gfshare_ctx_dec_giveshare(ctx, (unsigned char)i, part);
    }
    gfshare_ctx_dec_extract(ctx, dbk_secret_room(key));
    gfshare_ctx_free(ctx);
    dbk_wipe(part, sizeof(part));
    return DBK_OK;
}

dbk_rc dbk_shares_combine(dbk_secret **recovery_key, const dbk_share *shares, size_t count,
                          const dbk_env *env, dbk_err *err)
{
    uint8_t public[32];
    dbk_secret *key = NULL;
    *recovery_key = NULL;
    dbk_rc rc = dbk_shares_check(shares, count, err);
    if (rc == DBK_OK)
        rc = dbk_secret_new(&key, PART_BYTES, err);
    if (rc == DBK_OK)
        rc = join(key, shares, env, err);
    if (rc != DBK_OK) {
        dbk_secret_free(key);
        return rc;
    }
    if (crypto_scalarmult_base(public, dbk_secret_bytes(key).p) != 0 ||
        !dbk_equal_ct(dbk_span_of(public, 32), dbk_span_of(shares[0].key, 32))) {
        dbk_secret_free(key);
        return dbk_fail(err, DBK_AUTH, "the shares don't give the key that they name");
    }
    *recovery_key = key;
    return DBK_OK;
}
