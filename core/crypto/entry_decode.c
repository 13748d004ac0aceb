/* Membership entries: strict decoding. Layout: core/crypto/roster.h. */
#include "core/crypto/entry_parts.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"

#define TIME_MAX ((uint64_t)INT64_MAX) /* SQLite's integers are signed */
#define SEQ_MAX ((uint64_t)INT64_MAX)

/* What a decoded entry owns. */
typedef struct arrays {
    dbk_grant *grants;
    dbk_wrapped *wraps;
    dbk_cut *cuts;
    dbk_log_move *logs;
    dbk_dot *dots;
} arrays;

static void get_id(dbk_cbor *c, dbk_id *out)
{
    dbk_cbor_get_copy(c, out->b, sizeof(out->b));
    if (dbk_id_is_zero(out))
        c->failed = true;
}

/* Reads the key `key`, which must stand next. */
static void expect_key(dbk_cbor *c, uint64_t key)
{
    if (!dbk_cbor_key(c, key))
        c->failed = true;
}

static uint64_t get_uint_max(dbk_cbor *c, uint64_t max)
{
    uint64_t v = dbk_cbor_get_uint(c);
    if (v > max)
        c->failed = true;
    return v;
}

/* The length of an array whose items take at least this much: no memory for what can't be there. */
static size_t get_count(dbk_cbor *c, size_t item_bytes_min)
{
    uint64_t count = dbk_cbor_get_array(c);
    if (count > c->left.len / item_bytes_min) {
        c->failed = true;
        return 0;
    }
    return (size_t)count;
}

static dbk_rc split_core(dbk_entry_parts *parts, dbk_span core, dbk_err *err)
{
    dbk_rc rc = dbk_cbor_check(core, err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor c = dbk_cbor_from(core);
    uint64_t pairs = dbk_cbor_get_map(&c);
    expect_key(&c, 1);
    uint64_t version = dbk_cbor_get_uint(&c);
    expect_key(&c, 2);
    uint64_t suite = dbk_cbor_get_uint(&c);
    if (!c.failed && (version > DBK_ENTRY_VERSION || suite > DBK_SUITE_1))
        return dbk_fail(err, DBK_VERSION, "a membership entry of a newer version");
    expect_key(&c, 3);
    get_id(&c, &parts->org);
    expect_key(&c, 4);
    parts->seq = get_uint_max(&c, SEQ_MAX);
    expect_key(&c, 5);
    dbk_cbor_get_copy(&c, parts->prev.b, sizeof(parts->prev.b));
    expect_key(&c, 6);
    parts->kind = dbk_cbor_get_uint(&c);
    expect_key(&c, 7);
    parts->time_ms = get_uint_max(&c, TIME_MAX);
    expect_key(&c, 8);
    if (dbk_cbor_peek(&c) != DBK_CBOR_MAP)
        c.failed = true;
    parts->body = dbk_cbor_get_item(&c);
    for (uint64_t i = 8; i < pairs && !c.failed; i++) {
        (void)dbk_cbor_get_uint(&c);
        (void)dbk_cbor_get_item(&c);
    }
    rc = dbk_cbor_end(&c, "a membership entry", err);
    if (rc != DBK_OK)
        return rc;
    bool first = parts->seq == 0;
    if (version == 0 || suite == 0 || first != dbk_hash_is_zero(&parts->prev) ||
        first != (parts->kind == DBK_ENTRY_GENESIS))
        return dbk_fail(err, DBK_FORMAT, "a membership entry contradicts itself");
    parts->core = core;
    parts->hash = dbk_entry_hash(core);
    return DBK_OK;
}

static void get_signatures(dbk_cbor *c, dbk_entry_parts *parts)
{
    uint64_t count = dbk_cbor_get_array(c);
    if (count < 1 || count > DBK_ENTRY_SIGNERS_MAX) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        dbk_entry_sig *sig = &parts->sigs[i];
        if (dbk_cbor_get_array(c) != 2)
            c->failed = true;
        dbk_cbor_get_copy(c, sig->signer.b, sizeof(sig->signer.b));
        dbk_cbor_get_copy(c, sig->sig.b, sizeof(sig->sig.b));
        if (i > 0 && dbk_id_compare(&sig[-1].signer, &sig->signer) >= 0)
            c->failed = true;
    }
    parts->sigs_count = (size_t)count;
}

dbk_rc dbk_entry_split(dbk_entry_parts *out, dbk_span in, dbk_err *err)
{
    dbk_entry_parts parts;
    memset(&parts, 0, sizeof(parts));
    memset(out, 0, sizeof(*out));
    if (in.len > DBK_ENTRY_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "a membership entry of %zu bytes", in.len);
    dbk_rc rc = dbk_cbor_check(in, err);
    if (rc != DBK_OK)
        return rc;
    dbk_cbor c = dbk_cbor_from(in);
    if (dbk_cbor_get_array(&c) != 2)
        c.failed = true;
    dbk_span core = dbk_cbor_get_bytes(&c);
    get_signatures(&c, &parts);
    rc = dbk_cbor_end(&c, "a membership entry", err);
    if (rc == DBK_OK)
        rc = split_core(&parts, core, err);
    if (rc == DBK_OK)
        *out = parts;
    return rc;
}

void dbk_device_keys_get(dbk_cbor *c, dbk_device_keys *keys)
{
    uint64_t pairs = dbk_cbor_get_map(c);
    expect_key(c, 1);
    dbk_cbor_get_copy(c, keys->sign.b, sizeof(keys->sign.b));
    expect_key(c, 2);
    dbk_cbor_get_copy(c, keys->kem, sizeof(keys->kem));
    expect_key(c, 3);
    dbk_cbor_get_copy(c, keys->request.b, sizeof(keys->request.b));
    if (pairs == 4) {
        expect_key(c, 4);
        dbk_cbor_get_copy(c, keys->admin.b, sizeof(keys->admin.b));
        if (dbk_key_is_zero(keys->admin.b))
            c->failed = true;
    } else if (pairs != 3) {
        c->failed = true;
    }
}

static void get_epoch(dbk_cbor *c, dbk_epoch *epoch)
{
    if (dbk_cbor_get_array(c) != 3)
        c->failed = true;
    epoch->epoch = get_uint_max(c, SEQ_MAX);
    get_id(c, &epoch->key_id);
    dbk_cbor_get_copy(c, epoch->commitment.b, sizeof(epoch->commitment.b));
    if (epoch->epoch == 0)
        c->failed = true;
}

/* A role of a newer version leaves DBK_ROLE_NONE behind, and *newer set. */
static dbk_role get_role(dbk_cbor *c, bool *newer)
{
    uint64_t role = dbk_cbor_get_uint(c);
    if (role == DBK_ROLE_NONE)
        c->failed = true;
    if (role > DBK_ROLE_ADMIN) {
        *newer = true;
        return DBK_ROLE_NONE;
    }
    return (dbk_role)role;
}

static dbk_rc get_grants(dbk_cbor *c, dbk_entry *e, arrays *own, bool *newer, dbk_err *err)
{
    size_t count = get_count(c, DBK_ID_BYTES);
    own->grants = dbk_alloc_array(count, sizeof(*own->grants));
    if (own->grants == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    for (size_t i = 0; i < count && !c->failed; i++) {
        dbk_grant *g = &own->grants[i];
        if (dbk_cbor_get_array(c) != 2)
            c->failed = true;
        get_id(c, &g->device);
        g->role = get_role(c, newer);
        if (i > 0 && dbk_id_compare(&g[-1].device, &g->device) >= 0)
            c->failed = true;
    }
    e->grants = own->grants;
    e->grants_count = count;
    return DBK_OK;
}

static dbk_rc get_wraps(dbk_cbor *c, dbk_entry *e, arrays *own, dbk_err *err)
{
    size_t count = get_count(c, DBK_ID_BYTES + DBK_WRAP_BYTES);
    own->wraps = dbk_alloc_array(count, sizeof(*own->wraps));
    if (own->wraps == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    for (size_t i = 0; i < count && !c->failed; i++) {
        dbk_wrapped *w = &own->wraps[i];
        if (dbk_cbor_get_array(c) != 3)
            c->failed = true;
        get_id(c, &w->device);
        w->epoch = get_uint_max(c, SEQ_MAX);
        dbk_cbor_get_copy(c, w->wrap, sizeof(w->wrap));
        int order = i == 0 ? -1 : dbk_id_compare(&w[-1].device, &w->device);
        if (w->epoch == 0 || order > 0 || (order == 0 && w[-1].epoch >= w->epoch))
            c->failed = true;
    }
    e->wraps = own->wraps;
    e->wraps_count = count;
    return DBK_OK;
}

static void get_label(dbk_cbor *c, dbk_entry *e)
{
    e->label = dbk_cbor_get_bytes(c);
    if (e->label.len == 0 || e->label.len > DBK_LABEL_SEALED_BYTES_MAX)
        c->failed = true;
}

static void get_restricted(dbk_cbor *c, dbk_entry *e)
{
    uint64_t simple = dbk_cbor_get_simple(c);
    e->restricted = simple == DBK_CBOR_TRUE;
    if (simple != DBK_CBOR_TRUE && simple != DBK_CBOR_FALSE)
        c->failed = true;
}

static void get_reason(dbk_cbor *c, dbk_entry *e)
{
    e->reason = dbk_cbor_get_text(c);
    if (!dbk_entry_is_reason(e->reason))
        c->failed = true;
}

static dbk_rc get_cuts(dbk_cbor *c, dbk_entry *e, arrays *own, dbk_err *err)
{
    size_t count = get_count(c, DBK_ID_BYTES);
    own->cuts = dbk_alloc_array(count, sizeof(*own->cuts));
    if (own->cuts == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    for (size_t i = 0; i < count && !c->failed; i++) {
        dbk_cut *cut = &own->cuts[i];
        if (dbk_cbor_get_array(c) != 2)
            c->failed = true;
        get_id(c, &cut->space);
        cut->log_size = get_uint_max(c, SEQ_MAX);
        if (i > 0 && dbk_id_compare(&cut[-1].space, &cut->space) >= 0)
            c->failed = true;
    }
    if (count == 0) /* would be absent */
        c->failed = true;
    e->cuts = own->cuts;
    e->cuts_count = count;
    return DBK_OK;
}

static dbk_rc get_logs(dbk_cbor *c, dbk_entry *e, arrays *own, dbk_err *err)
{
    size_t count = get_count(c, 3 * DBK_ID_BYTES + DBK_HASH_BYTES);
    own->logs = dbk_alloc_array(count, sizeof(*own->logs));
    if (own->logs == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    for (size_t i = 0; i < count && !c->failed; i++) {
        dbk_log_move *log = &own->logs[i];
        if (dbk_cbor_get_array(c) != 5)
            c->failed = true;
        get_id(c, &log->space);
        get_id(c, &log->new_log);
        get_id(c, &log->old_log);
        log->old_size = get_uint_max(c, SEQ_MAX);
        dbk_cbor_get_copy(c, log->old_root.b, sizeof(log->old_root.b));
        if ((i > 0 && dbk_id_compare(&log[-1].space, &log->space) >= 0) ||
            dbk_id_equal(&log->new_log, &log->old_log))
            c->failed = true;
    }
    if (count == 0)
        c->failed = true;
    e->logs = own->logs;
    e->logs_count = count;
    return DBK_OK;
}

static void get_seqs(dbk_cbor *c, dbk_entry *e, dbk_dot *dots)
{
    dbk_dot dot;
    get_id(c, &dot.feed);
    size_t count = get_count(c, 1);
    if (count == 0 || count > DBK_ENTRY_DOTS_MAX - e->dots_count)
        c->failed = true;
    for (size_t i = 0; i < count && !c->failed; i++) {
        dot.seq = get_uint_max(c, SEQ_MAX);
        if (dot.seq == 0 ||
            (e->dots_count > 0 && dbk_dot_compare(&dots[e->dots_count - 1], &dot) >= 0))
            c->failed = true;
        else
            dots[e->dots_count++] = dot;
    }
}

/* One feed has one row, so the feeds ascend too. */
static dbk_rc get_dots(dbk_cbor *c, dbk_entry *e, arrays *own, dbk_err *err)
{
    size_t room = c->left.len < DBK_ENTRY_DOTS_MAX ? c->left.len : DBK_ENTRY_DOTS_MAX;
    size_t feeds = get_count(c, DBK_ID_BYTES);
    own->dots = dbk_alloc_array(room, sizeof(*own->dots));
    if (own->dots == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    for (size_t i = 0; i < feeds && !c->failed; i++) {
        size_t before = e->dots_count;
        if (dbk_cbor_get_array(c) != 2)
            c->failed = true;
        get_seqs(c, e, own->dots);
        if (!c->failed && before > 0 &&
            dbk_id_equal(&own->dots[before - 1].feed, &own->dots[before].feed))
            c->failed = true;
    }
    if (feeds == 0)
        c->failed = true;
    e->dots = own->dots;
    return DBK_OK;
}

static void get_drop(dbk_cbor *c, dbk_entry *e)
{
    dbk_cbor_get_copy(c, e->epoch.drop, sizeof(e->epoch.drop));
    if (dbk_key_is_zero(e->epoch.drop))
        c->failed = true;
}

static void get_why(dbk_cbor *c, dbk_entry *e)
{
    e->text = dbk_cbor_get_text(c);
    if (e->text.len == 0 || e->text.len > DBK_ENTRY_TEXT_BYTES_MAX)
        c->failed = true;
}

static void get_floor(dbk_cbor *c, dbk_floor *floor)
{
    if (dbk_cbor_get_array(c) != 3)
        c->failed = true;
    get_id(c, &floor->log);
    floor->size = get_uint_max(c, DBK_FLOOR_SIZE_MAX);
    dbk_cbor_get_copy(c, floor->root.b, sizeof(floor->root.b));
    if (floor->size == 0)
        c->failed = true;
}

/* The later keys. */
static dbk_rc get_more(dbk_cbor *c, dbk_entry *e, arrays *own, dbk_entry_key key, dbk_err *err)
{
    switch (key) {
    case DBK_KEY_DROP:
        get_drop(c, e);
        break;
    case DBK_KEY_POLICY:
        dbk_policy_get(c, &e->policy);
        break;
    case DBK_KEY_PERSON:
        get_id(c, &e->person);
        break;
    case DBK_KEY_CUTS:
        return get_cuts(c, e, own, err);
    case DBK_KEY_LOGS:
        return get_logs(c, e, own, err);
    case DBK_KEY_TEXT:
        get_why(c, e);
        break;
    case DBK_KEY_DOTS:
        return get_dots(c, e, own, err);
    case DBK_KEY_REVIEW:
        dbk_cbor_get_copy(c, e->review.b, sizeof(e->review.b));
        break;
    case DBK_KEY_FLOOR:
        get_floor(c, &e->floor);
        break;
    default:
        break;
    }
    return DBK_OK;
}

static dbk_rc get_field(dbk_cbor *c, dbk_entry *e, arrays *own, dbk_entry_key key, bool *newer,
                        dbk_err *err)
{
    switch (key) {
    case DBK_KEY_ROOT:
        dbk_cbor_get_copy(c, e->root.b, sizeof(e->root.b));
        break;
    case DBK_KEY_RELAY:
        dbk_cbor_get_copy(c, e->relay.b, sizeof(e->relay.b));
        break;
    case DBK_KEY_DEVICE:
        get_id(c, &e->device);
        break;
    case DBK_KEY_KEYS:
        dbk_device_keys_get(c, &e->keys);
        break;
    case DBK_KEY_ROLE:
        e->role = get_role(c, newer);
        break;
    case DBK_KEY_LABEL:
        get_label(c, e);
        break;
    case DBK_KEY_SPACE:
        get_id(c, &e->space);
        break;
    case DBK_KEY_RESTRICTED:
        get_restricted(c, e);
        break;
    case DBK_KEY_EXPIRES:
        e->expires_ms = get_uint_max(c, TIME_MAX);
        break;
    case DBK_KEY_EPOCH:
        get_epoch(c, &e->epoch);
        break;
    case DBK_KEY_REASON:
        get_reason(c, e);
        break;
    case DBK_KEY_GRANTS:
        return get_grants(c, e, own, newer, err);
    case DBK_KEY_WRAPS:
        return get_wraps(c, e, own, err);
    default:
        return get_more(c, e, own, key, err);
    }
    return DBK_OK;
}

static dbk_rc get_body(dbk_entry *e, arrays *own, dbk_span body, dbk_err *err)
{
    uint32_t keys = dbk_entry_keys_of[e->kind], more = dbk_entry_keys_more[e->kind];
    dbk_cbor c = dbk_cbor_from(body);
    bool newer = false;
    /* The body is one whole map, so reading each key that must be there, and each that may be, and
     * then meeting the end says that there is no other. */
    (void)dbk_cbor_get_map(&c);
    for (dbk_entry_key key = DBK_KEY_ROOT; key < DBK_ENTRY_KEYS_END; key++) {
        bool stands = (more >> key & 1) != 0 && c.left.len > 0 && dbk_cbor_key(&c, (uint64_t)key);
        if ((keys >> key & 1) != 0)
            expect_key(&c, (uint64_t)key);
        else if (!stands)
            continue;
        dbk_rc rc = get_field(&c, e, own, key, &newer, err);
        if (rc != DBK_OK)
            return rc;
    }
    dbk_rc rc = dbk_cbor_end(&c, "a membership entry's body", err);
    if (rc == DBK_OK && newer)
        rc = dbk_fail(err, DBK_VERSION, "a role of a newer version");
    if (rc == DBK_OK && (keys >> DBK_KEY_KEYS & 1) != 0 &&
        dbk_key_is_zero(e->keys.admin.b) == (e->role == DBK_ROLE_ADMIN))
        rc = dbk_fail(err, DBK_FORMAT, "an admin key goes with the role admin, and only with it");
    return rc;
}

dbk_rc dbk_entry_read_body(dbk_entry_decoded *out, const dbk_entry_parts *parts, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    if (parts->kind >= DBK_ENTRY_KINDS)
        return dbk_fail(err, DBK_VERSION, "a membership entry of a newer kind");
    arrays *own = dbk_alloc(sizeof(*own));
    if (own == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an entry");
    out->arrays = own;
    out->hash = parts->hash;
    out->entry.org = parts->org;
    out->entry.seq = parts->seq;
    out->entry.prev = parts->prev;
    out->entry.kind = (dbk_entry_kind)parts->kind;
    out->entry.time_ms = parts->time_ms;
    dbk_rc rc = get_body(&out->entry, own, parts->body, err);
    if (rc != DBK_OK)
        dbk_entry_decoded_wipe(out);
    return rc;
}

dbk_rc dbk_entry_decode(dbk_entry_decoded *out, dbk_span in, dbk_err *err)
{
    dbk_entry_parts parts;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_entry_split(&parts, in, err);
    if (rc == DBK_OK)
        rc = dbk_entry_read_body(out, &parts, err);
    return rc;
}

dbk_rc dbk_entry_signers(dbk_id out[DBK_ENTRY_SIGNERS_MAX], size_t *count, dbk_span entry,
                         dbk_err *err)
{
    dbk_entry_parts parts;
    *count = 0;
    dbk_rc rc = dbk_entry_split(&parts, entry, err);
    for (size_t i = 0; rc == DBK_OK && i < parts.sigs_count; i++)
        out[(*count)++] = parts.sigs[i].signer;
    return rc;
}

void dbk_entry_decoded_wipe(dbk_entry_decoded *d)
{
    arrays *own = d->arrays;
    if (own != NULL) {
        dbk_free(own->grants);
        dbk_free(own->wraps);
        dbk_free(own->cuts);
        dbk_free(own->logs);
        dbk_free(own->dots);
        dbk_free(own);
    }
    memset(d, 0, sizeof(*d));
}
