#include "core/seal/slots.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/seal/slots_internal.h"

#define MAGIC "DBKK"
#define MAGIC_BYTES 4u
#define VERSION 1u
#define CIPHER_COMPAT 4u
#define PAGE_BYTES 4096u
#define HEAD_BYTES 24u
#define MAC_BYTES 32u
_Static_assert(HEAD_BYTES + DBK_SLOTS_MAX * DBK_SLOT_BYTES + MAC_BYTES <= DBK_SLOTS_BYTES_MAX,
               "a full file is within its cap");

typedef struct slot_file {
    uint64_t generation;
    size_t count;
    dbk_slot slots[DBK_SLOTS_MAX];
    uint8_t mac[MAC_BYTES];
} slot_file;

static void mac_of(uint8_t out[MAC_BYTES], dbk_span before, const dbk_secret *store_key)
{
    crypto_generichash_state state;
    uint8_t prefix[DBK_PREFIX_BYTES_MAX];
    size_t prefix_len = dbk_label_prefix(prefix, "daybook/slot-file/1");
    dbk_hash key = dbk_hash_of("daybook/slot-mac/1", dbk_secret_bytes(store_key));
    DBK_ASSERT(crypto_generichash_init(&state, key.b, sizeof(key.b), MAC_BYTES) == 0);
    DBK_ASSERT(crypto_generichash_update(&state, prefix, prefix_len) == 0);
    DBK_ASSERT(crypto_generichash_update(&state, before.p, before.len) == 0);
    DBK_ASSERT(crypto_generichash_final(&state, out, MAC_BYTES) == 0);
    dbk_wipe(&key, sizeof(key));
    dbk_wipe(&state, sizeof(state));
}

static dbk_rc append_file(dbk_bytes *out, const slot_file *f, const dbk_secret *store_key,
                          dbk_err *err)
{
    size_t len = HEAD_BYTES + f->count * DBK_SLOT_BYTES;
    uint8_t *start;
    dbk_rc rc = dbk_bytes_extend(out, &start, len + MAC_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    uint8_t *p = dbk_wire_put_copy(start, (const uint8_t *)MAGIC, MAGIC_BYTES);
    *p++ = VERSION;
    *p++ = DBK_SUITE_1;
    *p++ = CIPHER_COMPAT;
    *p++ = (uint8_t)f->count;
    p = dbk_wire_put_u64(p, f->generation);
    p = dbk_wire_put_u32(p, PAGE_BYTES);
    p = dbk_wire_put_u32(p, 0);
    for (size_t i = 0; i < f->count; i++)
        p = dbk_wire_put_copy(p, f->slots[i].b, DBK_SLOT_BYTES);
    DBK_ASSERT(p == start + len);
    mac_of(p, dbk_span_of(start, len), store_key);
    return DBK_OK;
}

/* The next generation. */
static dbk_rc append_next(dbk_bytes *out, slot_file *f, const dbk_secret *store_key, dbk_err *err)
{
    if (f->generation == UINT64_MAX)
        return dbk_fail(err, DBK_LIMIT, "the key file cannot be changed again");
    f->generation++;
    return append_file(out, f, store_key, err);
}

static size_t count_of(const slot_file *f, uint8_t kind)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->slots[i].b[0] == kind;
    return n;
}

static dbk_rc check_slot(const dbk_slot *s, dbk_err *err)
{
    switch (s->b[0]) {
    case DBK_SLOT_PASSPHRASE:
    case DBK_SLOT_TPM: /* the same layout; not opened yet */
        return dbk_slot_passphrase_check(s, err);
    case DBK_SLOT_RECOVERY:
        return dbk_slot_recovery_check(s, err);
    default:
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    }
}

/* All that can be judged before any work: form, then every slot and its cost (A03). */
static dbk_rc read_file(slot_file *f, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    uint8_t magic[MAGIC_BYTES];
    memset(f, 0, sizeof(*f));
    dbk_wire_get_copy(&w, magic, sizeof(magic));
    uint8_t version = dbk_wire_get_u8(&w), suite = dbk_wire_get_u8(&w);
    uint8_t compat = dbk_wire_get_u8(&w);
    f->count = dbk_wire_get_u8(&w);
    f->generation = dbk_wire_get_u64(&w);
    uint32_t page = dbk_wire_get_u32(&w), zero = dbk_wire_get_u32(&w);
    if (w.failed || !dbk_span_equal(dbk_span_of(magic, sizeof(magic)), dbk_span_str(MAGIC)) ||
        version == 0 || suite == 0)
        return dbk_fail(err, DBK_DAMAGED, "this is no key file");
    if (version > VERSION || suite > DBK_SUITE_1)
        return dbk_fail(err, DBK_VERSION, "a key file of version %u, suite %u", version, suite);
    if (compat != CIPHER_COMPAT || page != PAGE_BYTES || zero != 0 || f->generation == 0 ||
        f->count < 1 || f->count > DBK_SLOTS_MAX)
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    for (size_t i = 0; i < f->count; i++)
        dbk_wire_get_copy(&w, f->slots[i].b, DBK_SLOT_BYTES);
    dbk_wire_get_copy(&w, f->mac, sizeof(f->mac));
    if (w.failed || w.left.len > 0 || count_of(f, DBK_SLOT_RECOVERY) > 1)
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < f->count && rc == DBK_OK; i++)
        rc = check_slot(&f->slots[i], err);
    return rc;
}

static dbk_rc check_mac(const slot_file *f, dbk_span in, const dbk_secret *store_key, dbk_err *err)
{
    uint8_t mac[MAC_BYTES];
    mac_of(mac, dbk_span_of(in.p, in.len - MAC_BYTES), store_key);
    if (!dbk_equal_ct(dbk_span_of(mac, sizeof(mac)), dbk_span_of(f->mac, sizeof(f->mac))))
        return dbk_fail(err, DBK_DAMAGED, "the key is right, but the key file was changed");
    return DBK_OK;
}

typedef dbk_rc (*open_fn)(dbk_secret **store_key, const dbk_slot *s, const dbk_secret *with,
                          dbk_err *err);

/* Which slots are tried, and how one opens. */
typedef struct opener {
    uint8_t kind;
    open_fn open;
    const char *none;
} opener;
static const opener by_passphrase = { DBK_SLOT_PASSPHRASE, dbk_slot_passphrase_open,
                                      "no key slot opens with this passphrase" };
static const opener by_recovery = { DBK_SLOT_RECOVERY, dbk_slot_recovery_open,
                                    "the store has no slot for this recovery key" };

/* Reads and opens; *which is the slot that opened. */
static dbk_rc open_file(dbk_secret **store_key, slot_file *f, size_t *which, dbk_span in,
                        const opener *how, const dbk_secret *with, dbk_err *err)
{
    *store_key = NULL;
    dbk_rc rc = read_file(f, in, err);
    if (rc != DBK_OK)
        return rc;
    rc = DBK_PASSPHRASE;
    for (size_t i = 0; i < f->count && rc == DBK_PASSPHRASE; i++) {
        *which = i;
        if (f->slots[i].b[0] == how->kind)
            rc = how->open(store_key, &f->slots[i], with, err);
    }
    if (rc == DBK_PASSPHRASE)
        return dbk_fail(err, DBK_PASSPHRASE, "%s", how->none);
    if (rc == DBK_OK)
        rc = check_mac(f, in, *store_key, err);
    if (rc != DBK_OK) {
        dbk_secret_free(*store_key);
        *store_key = NULL;
    }
    return rc;
}

/* For whoever has the store open. */
static dbk_rc read_own(slot_file *f, dbk_span in, const dbk_secret *store_key, dbk_err *err)
{
    dbk_rc rc = read_file(f, in, err);
    return rc == DBK_OK ? check_mac(f, in, store_key, err) : rc;
}

static void drop_slots(slot_file *f, uint8_t kind)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->slots[i].b[0] != kind)
            f->slots[kept++] = f->slots[i];
    f->count = kept;
}

static dbk_recovery_to recovery_of(const slot_file *f)
{
    dbk_recovery_to none = { 0 };
    for (size_t i = 0; i < f->count; i++)
        if (f->slots[i].b[0] == DBK_SLOT_RECOVERY)
            return dbk_slot_recovery_to(&f->slots[i]);
    return none;
}

/* A recovery slot instead of the one there is, or none. */
static dbk_rc put_recovery(slot_file *f, const dbk_secret *store_key, const dbk_recovery_to *to,
                           const dbk_env *env, dbk_err *err)
{
    drop_slots(f, DBK_SLOT_RECOVERY);
    if (sodium_is_zero(to->key, sizeof(to->key)) == 1)
        return DBK_OK;
    if (f->count == DBK_SLOTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "the key file has no room for another slot");
    dbk_rc rc = dbk_slot_recovery_fill(&f->slots[f->count], store_key, to, env, err);
    f->count += rc == DBK_OK;
    return rc;
}

dbk_rc dbk_slots_create(dbk_bytes *file, dbk_secret **store_key, const dbk_secret *passphrase,
                        const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err)
{
    slot_file f = { .generation = 1, .count = 1 };
    dbk_secret *key = NULL;
    *store_key = NULL;
    dbk_rc rc = dbk_kdf_check(cost, err);
    if (rc == DBK_OK)
        rc = dbk_secret_random(&key, DBK_SLOT_STORE_KEY_BYTES, env, err);
    if (rc == DBK_OK)
        rc = dbk_slot_passphrase_fill(&f.slots[0], key, passphrase, cost, env, err);
    if (rc == DBK_OK)
        rc = append_file(file, &f, key, err);
    if (rc == DBK_OK) {
        *store_key = key;
        key = NULL;
    }
    dbk_secret_free(key);
    return rc;
}

dbk_rc dbk_slots_open(dbk_secret **store_key, dbk_span file, const dbk_secret *passphrase,
                      dbk_err *err)
{
    slot_file f;
    size_t which;
    return open_file(store_key, &f, &which, file, &by_passphrase, passphrase, err);
}

dbk_rc dbk_slots_recover(dbk_secret **store_key, dbk_span file, const dbk_secret *recovery_key,
                         dbk_err *err)
{
    slot_file f;
    size_t which;
    return open_file(store_key, &f, &which, file, &by_recovery, recovery_key, err);
}

dbk_rc dbk_slots_rewrap(dbk_bytes *file, dbk_span old_file, const dbk_slots_change *change,
                        const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err)
{
    slot_file f = { 0 };
    size_t which = 0;
    dbk_secret *key = NULL;
    dbk_rc rc = dbk_kdf_check(cost, err);
    if (rc == DBK_OK)
        rc = open_file(&key, &f, &which, old_file, &by_passphrase, change->old_passphrase, err);
    if (rc == DBK_OK)
        rc = dbk_slot_passphrase_fill(&f.slots[which], key, change->new_passphrase, cost, env, err);
    if (rc == DBK_OK)
        rc = append_next(file, &f, key, err);
    dbk_secret_free(key);
    return rc;
}

dbk_rc dbk_slots_put_recovery(dbk_bytes *file, dbk_span old_file, const dbk_secret *store_key,
                              const dbk_recovery_to *to, const dbk_env *env, dbk_err *err)
{
    slot_file f;
    dbk_rc rc = read_own(&f, old_file, store_key, err);
    if (rc == DBK_OK)
        rc = put_recovery(&f, store_key, to, env, err);
    return rc == DBK_OK ? append_next(file, &f, store_key, err) : rc;
}

dbk_rc dbk_slots_reset(dbk_bytes *file, dbk_span old_file, const dbk_secret *store_key,
                       const dbk_secret *passphrase, const dbk_kdf_cost *cost, const dbk_env *env,
                       dbk_err *err)
{
    slot_file f, made;
    dbk_rc rc = dbk_kdf_check(cost, err);
    if (rc == DBK_OK)
        rc = read_own(&f, old_file, store_key, err);
    if (rc != DBK_OK)
        return rc;
    drop_slots(&f, DBK_SLOT_PASSPHRASE);
    drop_slots(&f, DBK_SLOT_TPM);
    DBK_ASSERT(f.count < DBK_SLOTS_MAX); /* at most a recovery slot is left */
    made = f;
    memcpy(made.slots + 1, f.slots, f.count * sizeof(f.slots[0]));
    made.count = f.count + 1;
    rc = dbk_slot_passphrase_fill(&made.slots[0], store_key, passphrase, cost, env, err);
    return rc == DBK_OK ? append_next(file, &made, store_key, err) : rc;
}

dbk_rc dbk_slots_rekey(dbk_bytes *file, dbk_secret **new_key, dbk_span old_file,
                       const dbk_secret *passphrase, const dbk_kdf_cost *cost, const dbk_env *env,
                       dbk_err *err)
{
    slot_file f = { 0 };
    size_t which = 0;
    dbk_secret *old = NULL, *key = NULL;
    dbk_rc rc = dbk_kdf_check(cost, err);
    *new_key = NULL;
    if (rc == DBK_OK)
        rc = open_file(&old, &f, &which, old_file, &by_passphrase, passphrase, err);
    dbk_recovery_to to = recovery_of(&f);
    f.count = 1;
    if (rc == DBK_OK)
        rc = dbk_secret_random(&key, DBK_SLOT_STORE_KEY_BYTES, env, err);
    if (rc == DBK_OK)
        rc = dbk_slot_passphrase_fill(&f.slots[0], key, passphrase, cost, env, err);
    if (rc == DBK_OK)
        rc = put_recovery(&f, key, &to, env, err);
    if (rc == DBK_OK)
        rc = append_next(file, &f, key, err);
    if (rc == DBK_OK) {
        *new_key = key;
        key = NULL;
    }
    dbk_secret_free(old);
    dbk_secret_free(key);
    return rc;
}

static dbk_slots_look look_of(const slot_file *f)
{
    return (dbk_slots_look){ .generation = f->generation,
                             .passphrases = count_of(f, DBK_SLOT_PASSPHRASE),
                             .recovery = recovery_of(f) };
}

dbk_rc dbk_slots_look_at(dbk_slots_look *out, dbk_span file, dbk_err *err)
{
    slot_file f;
    dbk_rc rc = read_file(&f, file, err);
    *out = rc == DBK_OK ? look_of(&f) : (dbk_slots_look){ 0 };
    return rc;
}

dbk_rc dbk_slots_look_own(dbk_slots_look *out, dbk_span file, const dbk_secret *store_key,
                          dbk_err *err)
{
    slot_file f;
    dbk_rc rc = read_own(&f, file, store_key, err);
    *out = rc == DBK_OK ? look_of(&f) : (dbk_slots_look){ 0 };
    return rc;
}
