/* Membership entries: keys, signatures, encoding. Layout: core/crypto/roster.h. */
#include "core/crypto/entry_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

#define KEY(name) (1u << DBK_KEY_##name)

const uint16_t dbk_entry_keys_of[DBK_ENTRY_KINDS] = {
    [DBK_ENTRY_GENESIS] = KEY(ROOT) | KEY(RELAY) | KEY(DEVICE) | KEY(KEYS) | KEY(ROLE) |
                          KEY(LABEL) | KEY(SPACE) | KEY(EPOCH) | KEY(WRAPS),
    [DBK_ENTRY_ENROL] = KEY(DEVICE) | KEY(KEYS) | KEY(ROLE) | KEY(LABEL) | KEY(WRAPS),
    [DBK_ENTRY_SPACE] = KEY(LABEL) | KEY(SPACE) | KEY(RESTRICTED) | KEY(EPOCH) | KEY(GRANTS) |
                        KEY(WRAPS),
    [DBK_ENTRY_GRANT] = KEY(DEVICE) | KEY(ROLE) | KEY(SPACE) | KEY(EXPIRES) | KEY(WRAPS),
    [DBK_ENTRY_REVOKE] = KEY(DEVICE) | KEY(REASON),
    [DBK_ENTRY_ROTATE] = KEY(SPACE) | KEY(EPOCH) | KEY(WRAPS),
};

static const char *const role_names[] = { "none",    "officer", "supervisor", "hq",
                                          "auditor", "guest",   "writer",     "admin" };

const char *dbk_role_name(dbk_role role)
{
    DBK_ASSERT((size_t)role < sizeof(role_names) / sizeof(role_names[0]));
    return role_names[role];
}

dbk_role dbk_role_parse(const char *name)
{
    for (dbk_role role = DBK_ROLE_OFFICER; role <= DBK_ROLE_ADMIN; role++) {
        if (strcmp(name, role_names[role]) == 0)
            return role;
    }
    return DBK_ROLE_NONE;
}

dbk_id dbk_signer_id(const dbk_sign_pk *pk)
{
    return dbk_hash_id("daybook/signer-id/1", dbk_span_of(pk->b, sizeof(pk->b)));
}

dbk_id dbk_org_id(const dbk_sign_pk *root)
{
    return dbk_hash_id("daybook/org-id/1", dbk_span_of(root->b, sizeof(root->b)));
}

dbk_hash dbk_entry_hash(dbk_span core)
{
    return dbk_hash_of("daybook/member-hash/1", core);
}

void dbk_entry_sign_hash(dbk_entry_sig *out, const dbk_hash *hash, const dbk_secret *signer)
{
    dbk_sign_pk pk;
    dbk_sign_pk_of(&pk, signer);
    out->signer = dbk_signer_id(&pk);
    dbk_sign(&out->sig, "daybook/member/1", dbk_span_of(hash->b, sizeof(hash->b)), signer);
}

bool dbk_entry_sig_holds(const dbk_entry_sig *sig, const dbk_hash *hash, const dbk_sign_pk *pk)
{
    return dbk_verify(&sig->sig, "daybook/member/1", dbk_span_of(hash->b, sizeof(hash->b)), pk);
}

static int compare_grants(const void *a, const void *b)
{
    return dbk_id_compare(&((const dbk_grant *)a)->device, &((const dbk_grant *)b)->device);
}

static int compare_wraps(const void *a, const void *b)
{
    const dbk_wrapped *x = a, *y = b;
    int order = dbk_id_compare(&x->device, &y->device);
    if (order != 0)
        return order;
    return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

/* A sorted copy of an array, so that one content has one encoding. */
static void *sorted(const void *items, size_t count, size_t item_size,
                    int (*compare)(const void *, const void *))
{
    void *copy = dbk_alloc_array(count, item_size);
    if (copy != NULL && count > 0) {
        memcpy(copy, items, count * item_size);
        qsort(copy, count, item_size, compare);
    }
    return copy;
}

void dbk_device_keys_put(dbk_cbor_out *o, const dbk_device_keys *keys)
{
    bool admin = !dbk_key_is_zero(keys->admin.b);
    dbk_cbor_put_map(o, admin ? 4 : 3);
    dbk_cbor_put_uint(o, 1);
    dbk_cbor_put_bytes(o, keys->sign.b, sizeof(keys->sign.b));
    dbk_cbor_put_uint(o, 2);
    dbk_cbor_put_bytes(o, keys->kem, sizeof(keys->kem));
    dbk_cbor_put_uint(o, 3);
    dbk_cbor_put_bytes(o, keys->request.b, sizeof(keys->request.b));
    if (admin) {
        dbk_cbor_put_uint(o, 4);
        dbk_cbor_put_bytes(o, keys->admin.b, sizeof(keys->admin.b));
    }
}

static void put_epoch(dbk_cbor_out *o, const dbk_epoch *epoch)
{
    dbk_cbor_put_array(o, 3);
    dbk_cbor_put_uint(o, epoch->epoch);
    dbk_cbor_put_bytes(o, epoch->key_id.b, sizeof(epoch->key_id.b));
    dbk_cbor_put_bytes(o, epoch->commitment.b, sizeof(epoch->commitment.b));
}

static void put_grants(dbk_cbor_out *o, const dbk_grant *grants, size_t count)
{
    dbk_cbor_put_array(o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_array(o, 2);
        dbk_cbor_put_bytes(o, grants[i].device.b, sizeof(grants[i].device.b));
        dbk_cbor_put_uint(o, (uint64_t)grants[i].role);
    }
}

static void put_wraps(dbk_cbor_out *o, const dbk_wrapped *wraps, size_t count)
{
    dbk_cbor_put_array(o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_array(o, 3);
        dbk_cbor_put_bytes(o, wraps[i].device.b, sizeof(wraps[i].device.b));
        dbk_cbor_put_uint(o, wraps[i].epoch);
        dbk_cbor_put_bytes(o, wraps[i].wrap, sizeof(wraps[i].wrap));
    }
}

static void put_field(dbk_cbor_out *o, const dbk_entry *e, dbk_entry_key key)
{
    dbk_cbor_put_uint(o, (uint64_t)key);
    switch (key) {
    case DBK_KEY_ROOT:
        dbk_cbor_put_bytes(o, e->root.b, sizeof(e->root.b));
        break;
    case DBK_KEY_RELAY:
        dbk_cbor_put_bytes(o, e->relay.b, sizeof(e->relay.b));
        break;
    case DBK_KEY_DEVICE:
        dbk_cbor_put_bytes(o, e->device.b, sizeof(e->device.b));
        break;
    case DBK_KEY_KEYS:
        dbk_device_keys_put(o, &e->keys);
        break;
    case DBK_KEY_ROLE:
        dbk_cbor_put_uint(o, (uint64_t)e->role);
        break;
    case DBK_KEY_LABEL:
        dbk_cbor_put_bytes(o, e->label.p, e->label.len);
        break;
    case DBK_KEY_SPACE:
        dbk_cbor_put_bytes(o, e->space.b, sizeof(e->space.b));
        break;
    case DBK_KEY_RESTRICTED:
        dbk_cbor_put_simple(o, e->restricted ? DBK_CBOR_TRUE : DBK_CBOR_FALSE);
        break;
    case DBK_KEY_EXPIRES:
        dbk_cbor_put_uint(o, e->expires_ms);
        break;
    case DBK_KEY_EPOCH:
        put_epoch(o, &e->epoch);
        break;
    case DBK_KEY_REASON:
        dbk_cbor_put_text(o, e->reason);
        break;
    case DBK_KEY_GRANTS:
        put_grants(o, e->grants, e->grants_count);
        break;
    case DBK_KEY_WRAPS:
        put_wraps(o, e->wraps, e->wraps_count);
        break;
    case DBK_ENTRY_KEYS_END:
        break;
    }
}

static void put_core(dbk_cbor_out *o, const dbk_entry *e)
{
    unsigned keys = dbk_entry_keys_of[e->kind];
    uint64_t count = 0;
    for (unsigned left = keys; left > 0; left &= left - 1)
        count++;
    dbk_cbor_put_map(o, 8);
    dbk_cbor_put_uint(o, 1);
    dbk_cbor_put_uint(o, DBK_ENTRY_VERSION);
    dbk_cbor_put_uint(o, 2);
    dbk_cbor_put_uint(o, DBK_SUITE_1);
    dbk_cbor_put_uint(o, 3);
    dbk_cbor_put_bytes(o, e->org.b, sizeof(e->org.b));
    dbk_cbor_put_uint(o, 4);
    dbk_cbor_put_uint(o, e->seq);
    dbk_cbor_put_uint(o, 5);
    dbk_cbor_put_bytes(o, e->prev.b, sizeof(e->prev.b));
    dbk_cbor_put_uint(o, 6);
    dbk_cbor_put_uint(o, (uint64_t)e->kind);
    dbk_cbor_put_uint(o, 7);
    dbk_cbor_put_uint(o, e->time_ms);
    dbk_cbor_put_uint(o, 8);
    dbk_cbor_put_map(o, count);
    for (dbk_entry_key key = DBK_KEY_ROOT; key < DBK_ENTRY_KEYS_END; key++) {
        if ((keys >> key & 1) != 0)
            put_field(o, e, key);
    }
}

dbk_rc dbk_entry_encode_core(dbk_bytes *out, const dbk_entry *e, dbk_err *err)
{
    DBK_ASSERT((unsigned)e->kind < DBK_ENTRY_KINDS);
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_entry copy = *e;
    dbk_grant *grants = sorted(e->grants, e->grants_count, sizeof(*grants), compare_grants);
    dbk_wrapped *wraps = sorted(e->wraps, e->wraps_count, sizeof(*wraps), compare_wraps);
    if (grants == NULL || wraps == NULL) {
        o.rc = dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    } else {
        copy.grants = grants;
        copy.wraps = wraps;
        put_core(&o, &copy);
    }
    dbk_free(grants);
    dbk_free(wraps);
    return o.rc;
}

dbk_rc dbk_entry_sign(dbk_bytes *out, const dbk_entry *e, const dbk_secret *signer, dbk_err *err)
{
    dbk_bytes core = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry_decoded check = { 0 };
    dbk_entry_sig sig;
    dbk_rc rc = dbk_entry_encode_core(&core, e, err);
    if (rc != DBK_OK)
        goto out;
    dbk_hash hash = dbk_entry_hash(dbk_bytes_span(&core));
    dbk_entry_sign_hash(&sig, &hash, signer);
    dbk_cbor_out o = dbk_cbor_to(&whole, err);
    dbk_cbor_put_array(&o, 2);
    dbk_cbor_put_bytes(&o, core.p, core.len);
    dbk_cbor_put_array(&o, 1);
    dbk_cbor_put_array(&o, 2);
    dbk_cbor_put_bytes(&o, sig.signer.b, sizeof(sig.signer.b));
    dbk_cbor_put_bytes(&o, sig.sig.b, sizeof(sig.sig.b));
    rc = o.rc;
    /* Nothing is signed that a reader would refuse: duplicates, a missing key, an odd role. */
    if (rc == DBK_OK)
        rc = dbk_entry_decode(&check, dbk_bytes_span(&whole), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_bytes_span(&whole), err);
out:
    dbk_entry_decoded_wipe(&check);
    dbk_bytes_wipe(&whole);
    dbk_bytes_wipe(&core);
    return rc;
}
