#include "core/crypto/snapshot.h"

#include <string.h>

#include "core/base/wire.h"

#define CLAIM_AT 8u
#define CLAIM_BYTES 232u
#define CONFIRMED_BYTES (DBK_CONFIRMATION_BYTES - DBK_SIG_BYTES)
#define TIME_MAX ((uint64_t)INT64_MAX)
_Static_assert(CLAIM_AT + CLAIM_BYTES + 40u == DBK_SNAPSHOT_BOUND_BYTES,
               "claim, device, time, salt");
_Static_assert(sizeof(dbk_id) == DBK_ID_BYTES, "ids lie one behind the other");

static const uint8_t manifest_magic[8] = { 'D', 'B', 'K', 'N', 1, DBK_SUITE_1, 0, 0 };
static const uint8_t confirmation_magic[8] = { 'D', 'B', 'K', 'Y', 1, DBK_SUITE_1, 0, 0 };

/* ---- layout --------------------------------------------------------------------------------- */

static uint8_t *put_id(uint8_t *p, const dbk_id *id)
{
    return dbk_wire_put_copy(p, id->b, sizeof(id->b));
}

static uint8_t *put_hash(uint8_t *p, const dbk_hash *hash)
{
    return dbk_wire_put_copy(p, hash->b, sizeof(hash->b));
}

static void put_claim(uint8_t out[CLAIM_BYTES], const dbk_claim *c)
{
    uint8_t *p = put_id(put_id(put_id(out, &c->org), &c->space), &c->log);
    p = put_hash(dbk_wire_put_u64(p, c->size), &c->root);
    p = put_hash(put_hash(p, &c->members), &c->state_hash);
    p = put_hash(put_hash(p, &c->vector_hash), &c->plain_hash);
    p = dbk_wire_put_u64(dbk_wire_put_u64(p, c->plain_bytes), c->records);
    DBK_ASSERT(p == out + CLAIM_BYTES);
}

static dbk_hash get_hash(dbk_wire *w)
{
    dbk_hash hash;
    dbk_wire_get_copy(w, hash.b, sizeof(hash.b));
    return hash;
}

static dbk_claim get_claim(dbk_wire *w)
{
    dbk_claim c = { .org = dbk_wire_get_id(w) };
    c.space = dbk_wire_get_id(w);
    c.log = dbk_wire_get_id(w);
    c.size = dbk_wire_get_u64(w);
    c.root = get_hash(w);
    c.members = get_hash(w);
    c.state_hash = get_hash(w);
    c.vector_hash = get_hash(w);
    c.plain_hash = get_hash(w);
    c.plain_bytes = dbk_wire_get_u64(w);
    c.records = dbk_wire_get_u64(w);
    return c;
}

static dbk_hash claim_hash(const dbk_claim *claim)
{
    uint8_t bytes[CLAIM_BYTES];
    put_claim(bytes, claim);
    return dbk_hash_of("daybook/snapshot-claim/1", dbk_span_of(bytes, sizeof(bytes)));
}

bool dbk_claim_equal(const dbk_claim *a, const dbk_claim *b)
{
    uint8_t x[CLAIM_BYTES], y[CLAIM_BYTES];
    put_claim(x, a);
    put_claim(y, b);
    return dbk_span_equal(dbk_span_of(x, sizeof(x)), dbk_span_of(y, sizeof(y)));
}

void dbk_manifest_bound(uint8_t out[DBK_SNAPSHOT_BOUND_BYTES], const dbk_manifest *m)
{
    uint8_t *p = dbk_wire_put_copy(out, manifest_magic, sizeof(manifest_magic));
    put_claim(p, &m->claim);
    p = put_id(p + CLAIM_BYTES, &m->device);
    p = dbk_wire_put_u64(p, m->made_ms);
    p = dbk_wire_put_copy(p, m->salt, sizeof(m->salt));
    DBK_ASSERT(p == out + DBK_SNAPSHOT_BOUND_BYTES);
}

static dbk_hash core_hash(dbk_span core)
{
    return dbk_hash_of("daybook/snapshot-manifest/1", core);
}

dbk_rc dbk_manifest_sign(dbk_bytes *out, dbk_manifest *m, const dbk_secret *device_sign,
                         dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(m->keys_count >= 1);
    DBK_ASSERT(m->keys_count <= DBK_SNAPSHOT_KEYS_MAX);
    DBK_ASSERT(m->note.len <= DBK_CHECKPOINT_BYTES_MAX);
    size_t len = DBK_MANIFEST_FIXED_BYTES + m->keys_count * DBK_ID_BYTES + m->note.len;
    dbk_rc rc = dbk_bytes_extend(out, &p, len + DBK_SIG_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    uint8_t *begin = p;
    dbk_manifest_bound(p, m);
    p = dbk_wire_put_copy(p + DBK_SNAPSHOT_BOUND_BYTES, m->wrap, sizeof(m->wrap));
    p = put_hash(dbk_wire_put_u32(p, m->chunks), &m->chunk_root);
    p = dbk_wire_put_u16(p, (uint16_t)m->keys_count);
    p = dbk_wire_put_u16(p, (uint16_t)m->note.len);
    for (size_t i = 0; i < m->keys_count; i++)
        p = put_id(p, &m->keys[i]);
    p = dbk_wire_put_copy(p, m->note.p, m->note.len);
    m->core = core_hash(dbk_span_of(begin, len));
    dbk_sign(&m->sig, "daybook/snapshot/1", dbk_span_of(m->core.b, sizeof(m->core.b)), device_sign);
    (void)dbk_wire_put_copy(p, m->sig.b, sizeof(m->sig.b));
    return DBK_OK;
}

/* Its bounds and orders: what a proper maker never breaks. */
static bool is_sound(const dbk_manifest *m)
{
    const dbk_claim *c = &m->claim;
    bool good = c->size >= 1 && c->size <= DBK_SNAPSHOT_SIZE_MAX && m->chunks >= 1 &&
                m->made_ms <= TIME_MAX && c->plain_bytes >= 1 && m->keys_count >= 1 &&
                m->keys_count <= DBK_SNAPSHOT_KEYS_MAX && m->note.len >= 1 &&
                m->note.len <= DBK_CHECKPOINT_BYTES_MAX && !dbk_id_is_zero(&c->org) &&
                !dbk_id_is_zero(&c->space) && !dbk_id_is_zero(&c->log) &&
                !dbk_id_is_zero(&m->device);
    for (size_t i = 1; good && i < m->keys_count; i++)
        good = dbk_id_compare(&m->keys[i - 1], &m->keys[i]) < 0;
    return good;
}

static dbk_rc check_magic(dbk_wire *w, const uint8_t magic[8], const char *what, dbk_err *err)
{
    dbk_span head = dbk_wire_get_span(w, 8);
    if (w->failed || !dbk_span_equal(dbk_span_of(head.p, 4), dbk_span_of(magic, 4)))
        return dbk_fail(err, DBK_FORMAT, "this is no %s", what);
    if (head.p[4] > magic[4] || head.p[5] > magic[5])
        return dbk_fail(err, DBK_VERSION, "the %s is of a newer version", what);
    if (!dbk_span_equal(head, dbk_span_of(magic, 8)))
        return dbk_fail(err, DBK_FORMAT, "the %s is malformed", what);
    return DBK_OK;
}

dbk_rc dbk_manifest_decode(dbk_manifest *out, dbk_span in, dbk_err *err)
{
    static const char *const what = "snapshot's manifest";
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = check_magic(&w, manifest_magic, what, err);
    if (rc != DBK_OK)
        return rc;
    dbk_manifest m = { .claim = get_claim(&w) };
    m.device = dbk_wire_get_id(&w);
    m.made_ms = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, m.salt, sizeof(m.salt));
    dbk_wire_get_copy(&w, m.wrap, sizeof(m.wrap));
    m.chunks = dbk_wire_get_u32(&w);
    m.chunk_root = get_hash(&w);
    m.keys_count = dbk_wire_get_u16(&w);
    size_t note_len = dbk_wire_get_u16(&w);
    dbk_span keys = dbk_wire_get_span(&w, m.keys_count * DBK_ID_BYTES);
    m.keys = (const dbk_id *)(const void *)keys.p;
    m.note = dbk_wire_get_span(&w, note_len);
    dbk_span core = dbk_span_of(in.p, in.len - w.left.len);
    dbk_wire_get_copy(&w, m.sig.b, sizeof(m.sig.b));
    rc = dbk_wire_end(&w, what, err);
    if (rc == DBK_OK && !is_sound(&m))
        rc = dbk_fail(err, DBK_FORMAT, "the %s is malformed", what);
    if (rc != DBK_OK)
        return rc;
    m.core = core_hash(core);
    *out = m;
    return DBK_OK;
}

void dbk_confirmation_sign(uint8_t out[DBK_CONFIRMATION_BYTES], const dbk_claim *claim,
                           const dbk_id *device, uint64_t time_ms, const dbk_secret *device_sign)
{
    dbk_sig sig;
    dbk_hash hash = claim_hash(claim);
    uint8_t *p = dbk_wire_put_copy(out, confirmation_magic, sizeof(confirmation_magic));
    p = dbk_wire_put_u64(put_id(put_hash(p, &hash), device), time_ms);
    DBK_ASSERT(p == out + CONFIRMED_BYTES);
    dbk_sign(&sig, "daybook/snapshot-confirm/1", dbk_span_of(out, CONFIRMED_BYTES), device_sign);
    (void)dbk_wire_put_copy(p, sig.b, sizeof(sig.b));
}

dbk_rc dbk_confirmation_decode(dbk_confirmation_word *out, dbk_span in, dbk_err *err)
{
    static const char *const what = "snapshot's confirmation";
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = check_magic(&w, confirmation_magic, what, err);
    if (rc != DBK_OK)
        return rc;
    dbk_confirmation_word c = { .claim = get_hash(&w) };
    c.device = dbk_wire_get_id(&w);
    c.time_ms = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, c.sig.b, sizeof(c.sig.b));
    rc = dbk_wire_end(&w, what, err);
    if (rc == DBK_OK && (dbk_id_is_zero(&c.device) || c.time_ms > TIME_MAX))
        rc = dbk_fail(err, DBK_FORMAT, "the %s is malformed", what);
    if (rc == DBK_OK)
        *out = c;
    return rc;
}

/* ---- whose word it is ------------------------------------------------------------------------ */

bool dbk_snapshot_may_vouch(const dbk_roster *r, const dbk_id *device, const dbk_id *space)
{
    const dbk_space *s = dbk_roster_space(r, space);
    dbk_role role = dbk_roster_role(r, device, space);
    return s != NULL && !s->is_roster && (role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN);
}

dbk_rc dbk_snapshot_may_confirm(const dbk_roster *r, const dbk_id *device, const dbk_id *maker,
                                const dbk_id *space, dbk_err *err)
{
    const dbk_member *first = dbk_roster_device(r, maker);
    const dbk_member *second = dbk_roster_device(r, device);
    if (first == NULL || second == NULL || dbk_id_equal(device, maker) ||
        !dbk_snapshot_may_vouch(r, device, space))
        return dbk_fail(err, DBK_DENIED,
                        "a snapshot is not confirmed by another device of headquarters");
    if (dbk_roster_space(r, space)->restricted && dbk_id_equal(&first->person, &second->person))
        return dbk_fail(err, DBK_DENIED,
                        "a restricted space's snapshot is not confirmed by another person");
    return DBK_OK;
}

static dbk_rc check_note(const dbk_manifest *m, const dbk_roster *r, dbk_err *err)
{
    dbk_checkpoint c;
    const dbk_claim *claim = &m->claim;
    dbk_rc rc = dbk_checkpoint_open(&c, m->note, dbk_roster_relay(r), NULL);
    if (rc == DBK_NOMEM)
        return dbk_fail(err, rc, "no memory for a snapshot");
    if (rc != DBK_OK)
        return dbk_fail(err, DBK_AUTH, "the relay did not sign for the log of a snapshot");
    if (!dbk_id_equal(&c.org, &claim->org) || !dbk_id_equal(&c.space, &claim->space) ||
        !dbk_id_equal(&c.log, &claim->log) || c.size != claim->size ||
        !dbk_hash_equal(&c.root, &claim->root))
        return dbk_fail(err, DBK_AUTH, "the relay signed for another log than a snapshot's");
    return DBK_OK;
}

dbk_rc dbk_manifest_check(const dbk_manifest *m, const dbk_roster *r, uint64_t members_seq,
                          dbk_err *err)
{
    const dbk_claim *c = &m->claim;
    const dbk_id org = dbk_roster_org(r);
    const dbk_member *maker = dbk_roster_device(r, &m->device);
    if (!dbk_id_equal(&org, &c->org) || maker == NULL ||
        !dbk_verify(&m->sig, "daybook/snapshot/1", dbk_span_of(m->core.b, sizeof(m->core.b)),
                    &maker->keys.sign))
        return dbk_fail(err, DBK_AUTH, "a snapshot is not from the device that it names");
    if (!dbk_snapshot_may_vouch(r, &m->device, &c->space))
        return dbk_fail(err, DBK_DENIED, "a snapshot was not made by headquarters");
    for (size_t i = 0; i < dbk_roster_orders(r); i++) {
        const dbk_order *order = dbk_roster_order_at(r, i);
        if (dbk_id_equal(&order->space, &c->space) && order->seq > members_seq)
            return dbk_fail(err, DBK_CONFLICT,
                            "a snapshot is older than an order to dispose of something in it");
    }
    return check_note(m, r, err);
}

dbk_rc dbk_confirmation_check(const dbk_confirmation_word *c, const dbk_manifest *m,
                              const dbk_roster *r, dbk_err *err)
{
    uint8_t signed_bytes[DBK_CONFIRMATION_BYTES];
    const dbk_member *other = dbk_roster_device(r, &c->device);
    dbk_hash hash = claim_hash(&m->claim);
    uint8_t *p = dbk_wire_put_copy(signed_bytes, confirmation_magic, sizeof(confirmation_magic));
    (void)dbk_wire_put_u64(put_id(put_hash(p, &c->claim), &c->device), c->time_ms);
    if (other == NULL || !dbk_verify(&c->sig, "daybook/snapshot-confirm/1",
                                     dbk_span_of(signed_bytes, CONFIRMED_BYTES), &other->keys.sign))
        return dbk_fail(err, DBK_AUTH, "a confirmation is not from the device that it names");
    if (!dbk_hash_equal(&hash, &c->claim))
        return dbk_fail(err, DBK_AUTH, "a confirmation is of another snapshot");
    return dbk_snapshot_may_confirm(r, &c->device, &m->device, &m->claim.space, err);
}
