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
_Static_assert(HEAD_BYTES + DBK_SLOTS_MAX * DBK_SLOT_BYTES + DBK_FACTOR_BLOB_BYTES_MAX +
                       MAC_BYTES <=
                   DBK_SLOTS_BYTES_MAX,
               "a full file is within its cap");

typedef struct slot_file {
    uint64_t generation;
    size_t count;
    dbk_slot slots[DBK_SLOTS_MAX];
    uint8_t blob[DBK_FACTOR_BLOB_BYTES_MAX];
    size_t blob_len;
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
    size_t len = HEAD_BYTES + f->count * DBK_SLOT_BYTES + f->blob_len;
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
    p = dbk_wire_put_u16(p, 0);
    p = dbk_wire_put_u16(p, (uint16_t)f->blob_len);
    for (size_t i = 0; i < f->count; i++)
        p = dbk_wire_put_copy(p, f->slots[i].b, DBK_SLOT_BYTES);
    p = dbk_wire_put_copy(p, f->blob, f->blob_len);
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
    case DBK_SLOT_TPM: /* the same layout */
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
    uint32_t page = dbk_wire_get_u32(&w);
    uint16_t zero = dbk_wire_get_u16(&w);
    f->blob_len = dbk_wire_get_u16(&w);
    if (w.failed || !dbk_span_equal(dbk_span_of(magic, sizeof(magic)), dbk_span_str(MAGIC)) ||
        version == 0 || suite == 0)
        return dbk_fail(err, DBK_DAMAGED, "this is no key file");
    if (version > VERSION || suite > DBK_SUITE_1)
        return dbk_fail(err, DBK_VERSION, "a key file of version %u, suite %u", version, suite);
    if (compat != CIPHER_COMPAT || page != PAGE_BYTES || zero != 0 || f->generation == 0 ||
        f->count < 1 || f->count > DBK_SLOTS_MAX || f->blob_len > sizeof(f->blob))
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    for (size_t i = 0; i < f->count; i++)
        dbk_wire_get_copy(&w, f->slots[i].b, DBK_SLOT_BYTES);
    dbk_wire_get_copy(&w, f->blob, f->blob_len);
    dbk_wire_get_copy(&w, f->mac, sizeof(f->mac));
    if (w.failed || w.left.len > 0 || count_of(f, DBK_SLOT_RECOVERY) > 1 ||
        count_of(f, DBK_SLOT_TPM) != (f->blob_len > 0 ? 1u : 0u))
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

typedef dbk_rc (*open_fn)(dbk_secret **store_key, const dbk_slot *s, const dbk_slot_with *with,
                          dbk_err *err);

/* Which slots are tried, and how one opens. */
typedef struct opener {
    uint8_t kinds[2];
    open_fn open;
    const char *none;
} opener;
static const opener by_passphrase = { { DBK_SLOT_PASSPHRASE, DBK_SLOT_TPM },
                                      dbk_slot_passphrase_open,
                                      "no key slot opens with this passphrase" };
static const opener by_recovery = { { DBK_SLOT_RECOVERY, DBK_SLOT_RECOVERY },
                                    dbk_slot_recovery_open,
                                    "the store has no slot for this recovery key" };

/* Reads and opens; *which is the slot that opened. */
static dbk_rc open_file(dbk_secret **store_key, slot_file *f, size_t *which, dbk_span in,
                        const opener *how, const dbk_unlock *key, dbk_err *err)
{
    dbk_slot_with with = { key->passphrase, key->factor, { NULL, 0 } };
    *store_key = NULL;
    dbk_rc rc = read_file(f, in, err);
    if (rc != DBK_OK)
        return rc;
    rc = DBK_PASSPHRASE;
    with.blob = dbk_span_of(f->blob, f->blob_len);
    for (size_t i = 0; i < f->count && rc == DBK_PASSPHRASE; i++) {
        uint8_t kind = f->slots[i].b[0];
        dbk_err why = { 0 };
        *which = i;
        if (kind != how->kinds[0] && kind != how->kinds[1])
            continue;
        rc = how->open(store_key, &f->slots[i], &with, &why);
        if (rc != DBK_OK && rc != DBK_PASSPHRASE)
            (void)dbk_fail(err, rc, "%s", why.text);
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
    if (kind == DBK_SLOT_TPM)
        f->blob_len = 0;
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

/* The slot at this place, under the passphrase, and the factor if there is one. Only the factor's
 * own slot may have one: no passphrase alone stays beside it. */
static dbk_rc fill_slot(slot_file *f, size_t at, const dbk_secret *store_key,
                        const dbk_unlock *with, const dbk_kdf_cost *cost, const dbk_env *env,
                        dbk_err *err)
{
    dbk_bytes blob = DBK_BYTES_INIT(DBK_FACTOR_BLOB_BYTES_MAX);
    if (with->factor == NULL)
        return dbk_slot_passphrase_fill(&f->slots[at], store_key, with->passphrase, cost, env, err);
    dbk_rc rc = dbk_slot_tpm_fill(&f->slots[at], &blob, store_key, with, cost, env, err);
    if (rc == DBK_OK) {
        DBK_ASSERT(blob.len > 0);
        memcpy(f->blob, blob.p, blob.len);
        f->blob_len = blob.len;
    }
    dbk_bytes_wipe(&blob);
    return rc;
}

/* The slot of the only passphrase, to be filled; the recovery slot stays. A new passphrase in the
 * place of all would be none if another stayed; nor would a second factor. */
static size_t only_way_in(slot_file *f)
{
    drop_slots(f, DBK_SLOT_PASSPHRASE);
    drop_slots(f, DBK_SLOT_TPM);
    DBK_ASSERT(f->count <= 1); /* at most a recovery slot is left */
    f->slots[1] = f->slots[0];
    f->count++;
    return 0;
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

dbk_rc dbk_slots_open(dbk_secret **store_key, dbk_span file, const dbk_unlock *with, dbk_err *err)
{
    slot_file f;
    size_t which;
    return open_file(store_key, &f, &which, file, &by_passphrase, with, err);
}

dbk_rc dbk_slots_recover(dbk_secret **store_key, dbk_span file, const dbk_secret *recovery_key,
                         dbk_err *err)
{
    const dbk_unlock with = { recovery_key, NULL };
    slot_file f;
    size_t which;
    return open_file(store_key, &f, &which, file, &by_recovery, &with, err);
}

dbk_rc dbk_slots_rewrap(dbk_bytes *file, dbk_span old_file, const dbk_slots_change *change,
                        const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err)
{
    const dbk_unlock old = { change->old_passphrase, change->old_factor };
    const dbk_unlock fresh = { change->new_passphrase, change->new_factor };
    slot_file f = { 0 };
    size_t which = 0;
    dbk_secret *key = NULL;
    dbk_rc rc = dbk_kdf_check(cost, err);
    if (rc == DBK_OK)
        rc = open_file(&key, &f, &which, old_file, &by_passphrase, &old, err);
    if (rc == DBK_OK && f.slots[which].b[0] == DBK_SLOT_TPM)
        f.blob_len = 0;
    if (rc == DBK_OK && fresh.factor != NULL)
        which = only_way_in(&f);
    if (rc == DBK_OK)
        rc = fill_slot(&f, which, key, &fresh, cost, env, err);
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
    const dbk_unlock with = { passphrase, NULL };
    slot_file f;
    dbk_rc rc = dbk_kdf_check(cost, err);
    if (rc == DBK_OK)
        rc = read_own(&f, old_file, store_key, err);
    if (rc == DBK_OK)
        rc = fill_slot(&f, only_way_in(&f), store_key, &with, cost, env, err);
    return rc == DBK_OK ? append_next(file, &f, store_key, err) : rc;
}

dbk_rc dbk_slots_rekey(dbk_bytes *file, dbk_secret **new_key, dbk_span old_file,
                       const dbk_unlock *with, const dbk_kdf_cost *cost, const dbk_env *env,
                       dbk_err *err)
{
    dbk_unlock again = *with;
    slot_file f = { 0 };
    size_t which = 0;
    dbk_secret *old = NULL, *key = NULL;
    dbk_rc rc = dbk_kdf_check(cost, err);
    *new_key = NULL;
    if (rc == DBK_OK)
        rc = open_file(&old, &f, &which, old_file, &by_passphrase, with, err);
    dbk_recovery_to to = recovery_of(&f);
    if (rc == DBK_OK && f.slots[which].b[0] == DBK_SLOT_PASSPHRASE)
        again.factor = NULL; /* there was none, and there shall be none */
    f.count = 1;
    f.blob_len = 0;
    if (rc == DBK_OK)
        rc = dbk_secret_random(&key, DBK_SLOT_STORE_KEY_BYTES, env, err);
    if (rc == DBK_OK)
        rc = fill_slot(&f, 0, key, &again, cost, env, err);
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
                             .has_factor = f->blob_len > 0,
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
