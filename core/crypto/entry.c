/* Membership entries: keys, signatures, encoding. Layout: core/crypto/roster.h. */
#include "core/crypto/entry_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

#define KEY(name) (1u << DBK_KEY_##name)

const uint32_t dbk_entry_keys_of[DBK_ENTRY_KINDS] = {
    [DBK_ENTRY_GENESIS] = KEY(ROOT) | KEY(RELAY) | KEY(DEVICE) | KEY(KEYS) | KEY(ROLE) |
                          KEY(LABEL) | KEY(SPACE) | KEY(EPOCH) | KEY(WRAPS),
    [DBK_ENTRY_ENROL] = KEY(DEVICE) | KEY(KEYS) | KEY(ROLE) | KEY(LABEL) | KEY(WRAPS),
    [DBK_ENTRY_SPACE] = KEY(LABEL) | KEY(SPACE) | KEY(RESTRICTED) | KEY(EPOCH) | KEY(GRANTS) |
                        KEY(WRAPS),
    [DBK_ENTRY_GRANT] = KEY(DEVICE) | KEY(ROLE) | KEY(SPACE) | KEY(EXPIRES) | KEY(WRAPS),
    [DBK_ENTRY_REVOKE] = KEY(DEVICE) | KEY(REASON),
    [DBK_ENTRY_ROTATE] = KEY(SPACE) | KEY(EPOCH) | KEY(WRAPS),
    [DBK_ENTRY_POLICY] = KEY(POLICY),
    [DBK_ENTRY_RECOVERY] = KEY(LOGS) | KEY(TEXT),
    [DBK_ENTRY_REMOVE] = KEY(DEVICE) | KEY(SPACE),
    [DBK_ENTRY_BAR] = KEY(SPACE) | KEY(PERSON),
    [DBK_ENTRY_DISPOSE] = KEY(SPACE) | KEY(DOTS) | KEY(REVIEW),
    [DBK_ENTRY_FLOOR] = KEY(SPACE) | KEY(FLOOR),
};
const uint32_t dbk_entry_keys_more[DBK_ENTRY_KINDS] = {
    [DBK_ENTRY_GENESIS] = KEY(PERSON), [DBK_ENTRY_ENROL] = KEY(PERSON),
    [DBK_ENTRY_SPACE] = KEY(DROP),     [DBK_ENTRY_ROTATE] = KEY(DROP),
    [DBK_ENTRY_REVOKE] = KEY(CUTS),    [DBK_ENTRY_REMOVE] = KEY(CUTS),
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

bool dbk_role_writes(dbk_role role)
{
    switch (role) {
    case DBK_ROLE_OFFICER:
    case DBK_ROLE_SUPERVISOR:
    case DBK_ROLE_HQ:
    case DBK_ROLE_AUDITOR:
    case DBK_ROLE_GUEST:
    case DBK_ROLE_WRITER:
    case DBK_ROLE_ADMIN:
        return true;
    case DBK_ROLE_NONE:
        break;
    }
    return false;
}

bool dbk_role_reads(dbk_role role)
{
    return role != DBK_ROLE_NONE && role != DBK_ROLE_WRITER;
}

bool dbk_role_only_logs(dbk_role role)
{
    return role == DBK_ROLE_AUDITOR;
}

bool dbk_entry_is_reason(dbk_span text)
{
    return dbk_span_equal(text, dbk_span_str("lost")) ||
           dbk_span_equal(text, dbk_span_str("stolen")) ||
           dbk_span_equal(text, dbk_span_str("left"));
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

static int compare_cuts(const void *a, const void *b)
{
    return dbk_id_compare(&((const dbk_cut *)a)->space, &((const dbk_cut *)b)->space);
}

static int compare_logs(const void *a, const void *b)
{
    return dbk_id_compare(&((const dbk_log_move *)a)->space, &((const dbk_log_move *)b)->space);
}

static int compare_dots(const void *a, const void *b)
{
    return dbk_dot_compare(a, b);
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

static void put_cuts(dbk_cbor_out *o, const dbk_cut *cuts, size_t count)
{
    dbk_cbor_put_array(o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_array(o, 2);
        dbk_cbor_put_bytes(o, cuts[i].space.b, sizeof(cuts[i].space.b));
        dbk_cbor_put_uint(o, cuts[i].log_size);
    }
}

static void put_logs(dbk_cbor_out *o, const dbk_log_move *logs, size_t count)
{
    dbk_cbor_put_array(o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_array(o, 5);
        dbk_cbor_put_bytes(o, logs[i].space.b, sizeof(logs[i].space.b));
        dbk_cbor_put_bytes(o, logs[i].new_log.b, sizeof(logs[i].new_log.b));
        dbk_cbor_put_bytes(o, logs[i].old_log.b, sizeof(logs[i].old_log.b));
        dbk_cbor_put_uint(o, logs[i].old_size);
        dbk_cbor_put_bytes(o, logs[i].old_root.b, sizeof(logs[i].old_root.b));
    }
}

static void put_dots(dbk_cbor_out *o, const dbk_dot *dots, size_t count)
{
    size_t feeds = 0;
    for (size_t i = 0; i < count; i++)
        feeds += i == 0 || !dbk_id_equal(&dots[i - 1].feed, &dots[i].feed) ? 1 : 0;
    dbk_cbor_put_array(o, feeds);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && dbk_id_equal(&dots[i].feed, &dots[end].feed);)
            end++;
        dbk_cbor_put_array(o, 2);
        dbk_cbor_put_bytes(o, dots[i].feed.b, sizeof(dots[i].feed.b));
        dbk_cbor_put_array(o, end - i);
        for (size_t k = i; k < end; k++)
            dbk_cbor_put_uint(o, dots[k].seq);
    }
}

static void put_floor(dbk_cbor_out *o, const dbk_floor *floor)
{
    dbk_cbor_put_array(o, 3);
    dbk_cbor_put_bytes(o, floor->log.b, sizeof(floor->log.b));
    dbk_cbor_put_uint(o, floor->size);
    dbk_cbor_put_bytes(o, floor->root.b, sizeof(floor->root.b));
}

/* The later keys. */
static void put_more(dbk_cbor_out *o, const dbk_entry *e, dbk_entry_key key)
{
    switch (key) {
    case DBK_KEY_DROP:
        dbk_cbor_put_bytes(o, e->epoch.drop, sizeof(e->epoch.drop));
        break;
    case DBK_KEY_POLICY:
        dbk_policy_put(o, &e->policy);
        break;
    case DBK_KEY_PERSON:
        dbk_cbor_put_bytes(o, e->person.b, sizeof(e->person.b));
        break;
    case DBK_KEY_CUTS:
        put_cuts(o, e->cuts, e->cuts_count);
        break;
    case DBK_KEY_LOGS:
        put_logs(o, e->logs, e->logs_count);
        break;
    case DBK_KEY_TEXT:
        dbk_cbor_put_text(o, e->text);
        break;
    case DBK_KEY_DOTS:
        put_dots(o, e->dots, e->dots_count);
        break;
    case DBK_KEY_REVIEW:
        dbk_cbor_put_bytes(o, e->review.b, sizeof(e->review.b));
        break;
    case DBK_KEY_FLOOR:
        put_floor(o, &e->floor);
        break;
    default:
        break;
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
    default:
        put_more(o, e, key);
        break;
    }
}

/* Does the entry say something under this key? Only asked of those that may be absent. */
static bool says(const dbk_entry *e, dbk_entry_key key)
{
    if (key == DBK_KEY_DROP)
        return !dbk_key_is_zero(e->epoch.drop);
    if (key == DBK_KEY_PERSON)
        return !dbk_id_is_zero(&e->person);
    return e->cuts_count > 0;
}

static uint32_t keys_of(const dbk_entry *e)
{
    uint32_t keys = dbk_entry_keys_of[e->kind];
    for (dbk_entry_key key = DBK_KEY_ROOT; key < DBK_ENTRY_KEYS_END; key++) {
        if ((dbk_entry_keys_more[e->kind] >> key & 1) != 0 && says(e, key))
            keys |= 1u << key;
    }
    return keys;
}

static void put_core(dbk_cbor_out *o, const dbk_entry *e)
{
    uint32_t keys = keys_of(e);
    uint64_t count = 0;
    for (uint32_t left = keys; left > 0; left &= left - 1)
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
    dbk_cut *cuts = sorted(e->cuts, e->cuts_count, sizeof(*cuts), compare_cuts);
    dbk_log_move *logs = sorted(e->logs, e->logs_count, sizeof(*logs), compare_logs);
    dbk_dot *dots = sorted(e->dots, e->dots_count, sizeof(*dots), compare_dots);
    if (grants == NULL || wraps == NULL || cuts == NULL || logs == NULL || dots == NULL) {
        o.rc = dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    } else {
        copy.grants = grants;
        copy.wraps = wraps;
        copy.cuts = cuts;
        copy.logs = logs;
        copy.dots = dots;
        put_core(&o, &copy);
    }
    dbk_free(grants);
    dbk_free(wraps);
    dbk_free(cuts);
    dbk_free(logs);
    dbk_free(dots);
    return o.rc;
}

/* [ core, [ signatures ] ], after a look at it with a reader's eyes: nothing is signed that a
 * reader would refuse: duplicates, a missing key, an odd role. */
static dbk_rc append_entry(dbk_bytes *out, dbk_span core, const dbk_entry_sig *sigs, size_t count,
                           dbk_err *err)
{
    dbk_bytes whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry_decoded check = { 0 };
    dbk_cbor_out o = dbk_cbor_to(&whole, err);
    dbk_cbor_put_array(&o, 2);
    dbk_cbor_put_bytes(&o, core.p, core.len);
    dbk_cbor_put_array(&o, count);
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_put_array(&o, 2);
        dbk_cbor_put_bytes(&o, sigs[i].signer.b, sizeof(sigs[i].signer.b));
        dbk_cbor_put_bytes(&o, sigs[i].sig.b, sizeof(sigs[i].sig.b));
    }
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_entry_decode(&check, dbk_bytes_span(&whole), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_bytes_span(&whole), err);
    dbk_entry_decoded_wipe(&check);
    dbk_bytes_wipe(&whole);
    return rc;
}

dbk_rc dbk_entry_sign(dbk_bytes *out, const dbk_entry *e, const dbk_secret *signer, dbk_err *err)
{
    dbk_bytes core = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry_sig sig;
    dbk_rc rc = dbk_entry_encode_core(&core, e, err);
    if (rc == DBK_OK) {
        dbk_hash hash = dbk_entry_hash(dbk_bytes_span(&core));
        dbk_entry_sign_hash(&sig, &hash, signer);
        rc = append_entry(out, dbk_bytes_span(&core), &sig, 1, err);
    }
    dbk_bytes_wipe(&core);
    return rc;
}

dbk_rc dbk_entry_cosign(dbk_bytes *out, dbk_span entry, const dbk_secret *signer, dbk_err *err)
{
    dbk_entry_parts parts;
    dbk_entry_sig sigs[DBK_ENTRY_SIGNERS_MAX + 1], mine;
    size_t at = 0;
    dbk_rc rc = dbk_entry_split(&parts, entry, err);
    if (rc != DBK_OK)
        return rc;
    dbk_entry_sign_hash(&mine, &parts.hash, signer);
    while (at < parts.sigs_count && dbk_id_compare(&parts.sigs[at].signer, &mine.signer) < 0)
        at++;
    if (at < parts.sigs_count && dbk_id_equal(&parts.sigs[at].signer, &mine.signer))
        return dbk_fail(err, DBK_CONFLICT, "this administrator has signed it already");
    if (parts.sigs_count == DBK_ENTRY_SIGNERS_MAX)
        return dbk_fail(err, DBK_LIMIT, "an entry has at most %u signatures",
                        DBK_ENTRY_SIGNERS_MAX);
    memcpy(sigs, parts.sigs, at * sizeof(sigs[0]));
    sigs[at] = mine;
    memcpy(sigs + at + 1, parts.sigs + at, (parts.sigs_count - at) * sizeof(sigs[0]));
    return append_entry(out, parts.core, sigs, parts.sigs_count + 1, err);
}
