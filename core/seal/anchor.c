#include "core/seal/anchor.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"

#define MAGIC "DBKM"
#define VERSION 1u
#define HEAD_BYTES 24u
#define NONCE_BYTES 24u
#define TAG_BYTES 16u
#define PLAIN_HEAD_BYTES 72u
#define LOG_BYTES 72u
#define FEED_BYTES 64u
#define AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + HEAD_BYTES)
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == TAG_BYTES, "Poly1305");
_Static_assert(HEAD_BYTES + NONCE_BYTES + PLAIN_HEAD_BYTES + DBK_ANCHOR_LOGS_MAX * LOG_BYTES +
                       DBK_ANCHOR_FEEDS_MAX * FEED_BYTES + TAG_BYTES <=
                   DBK_ANCHOR_BYTES_MAX,
               "a full anchor is within its cap");

void dbk_anchor_wipe(dbk_anchor *a)
{
    dbk_free(a->logs);
    dbk_free(a->feeds);
    *a = (dbk_anchor){ 0 };
}

/* ---- the marks ----------------------------------------------------------------------------- */

/* Where the id stands in an ascending array of rows that begin with it, or should stand. */
static size_t place_of(const void *rows, size_t count, size_t row_bytes, const dbk_id *id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dbk_id_compare((const dbk_id *)((const uint8_t *)rows + mid * row_bytes), id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static size_t log_place(const dbk_anchor *a, const dbk_id *space)
{
    return place_of(a->logs, a->logs_count, sizeof(a->logs[0]), space);
}

static size_t feed_place(const dbk_anchor *a, const dbk_id *feed)
{
    return place_of(a->feeds, a->feeds_count, sizeof(a->feeds[0]), feed);
}

const dbk_log_mark *dbk_anchor_log(const dbk_anchor *a, const dbk_id *space)
{
    size_t i = log_place(a, space);
    return i < a->logs_count && dbk_id_equal(&a->logs[i].space, space) ? &a->logs[i] : NULL;
}

const dbk_feed_mark *dbk_anchor_feed(const dbk_anchor *a, const dbk_id *feed)
{
    size_t i = feed_place(a, feed);
    return i < a->feeds_count && dbk_id_equal(&a->feeds[i].feed, feed) ? &a->feeds[i] : NULL;
}

/* Room for one row more. */
static dbk_rc grow(void **rows, size_t *cap, size_t count, size_t row_bytes, size_t max,
                   dbk_err *err)
{
    if (count >= max)
        return dbk_fail(err, DBK_LIMIT, "a mark of more than %zu rows", max);
    if (count < *cap)
        return DBK_OK;
    void *more = dbk_realloc(*rows, (*cap + 8) * row_bytes);
    if (more == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the mark");
    *rows = more;
    *cap += 8;
    return DBK_OK;
}

dbk_rc dbk_anchor_raise_log(dbk_anchor *a, bool *changed, const dbk_log_mark *to, dbk_err *err)
{
    size_t i = log_place(a, &to->space);
    bool there = i < a->logs_count && dbk_id_equal(&a->logs[i].space, &to->space);
    if (there && dbk_id_equal(&a->logs[i].log, &to->log) && a->logs[i].size >= to->size)
        return DBK_OK;
    if (!there) {
        void *rows = a->logs;
        dbk_rc rc = grow(&rows, &a->logs_cap, a->logs_count, sizeof(*to), DBK_ANCHOR_LOGS_MAX, err);
        a->logs = rows;
        if (rc != DBK_OK)
            return rc;
        memmove(a->logs + i + 1, a->logs + i, (a->logs_count - i) * sizeof(*to));
        a->logs_count++;
    }
    a->logs[i] = *to;
    *changed = true;
    return DBK_OK;
}

/* What has left never changes: only before that may another head stand at the same seq. */
static bool raise_row(dbk_feed_mark *row, const dbk_feed_mark *to)
{
    bool anew = to->seq == row->seq && row->left_seq < row->seq &&
                !dbk_hash_equal(&to->head, &row->head);
    bool changed = anew || to->seq > row->seq || to->left_seq > row->left_seq;
    if (anew || to->seq > row->seq) {
        row->seq = to->seq;
        row->head = to->head;
    }
    if (to->left_seq > row->left_seq)
        row->left_seq = to->left_seq;
    return changed;
}

dbk_rc dbk_anchor_raise_feed(dbk_anchor *a, bool *changed, const dbk_feed_mark *to, dbk_err *err)
{
    size_t i = feed_place(a, &to->feed);
    bool there = i < a->feeds_count && dbk_id_equal(&a->feeds[i].feed, &to->feed);
    if (there) {
        *changed = raise_row(&a->feeds[i], to) || *changed;
        return DBK_OK;
    }
    void *rows = a->feeds;
    dbk_rc rc = grow(&rows, &a->feeds_cap, a->feeds_count, sizeof(*to), DBK_ANCHOR_FEEDS_MAX, err);
    a->feeds = rows;
    if (rc != DBK_OK)
        return rc;
    memmove(a->feeds + i + 1, a->feeds + i, (a->feeds_count - i) * sizeof(*to));
    a->feeds_count++;
    a->feeds[i] = *to;
    *changed = true;
    return DBK_OK;
}

/* ---- the file ------------------------------------------------------------------------------ */

static size_t put_aad(uint8_t out[AAD_BYTES_MAX], const uint8_t *head)
{
    size_t prefix_len = dbk_label_prefix(out, "daybook/anchor/1");
    memcpy(out + prefix_len, head, HEAD_BYTES);
    return prefix_len + HEAD_BYTES;
}

static dbk_hash key_of(const dbk_secret *store_key)
{
    return dbk_hash_of("daybook/anchor-key/1", dbk_secret_bytes(store_key));
}

static uint8_t *put_head(uint8_t *p, const dbk_anchor *a)
{
    p = dbk_wire_put_copy(p, (const uint8_t *)MAGIC, 4);
    *p++ = VERSION;
    *p++ = DBK_SUITE_1;
    p = dbk_wire_put_u16(p, 0);
    p = dbk_wire_put_u64(p, a->turn);
    return dbk_wire_put_u64(p, a->slots_generation);
}

static uint8_t *put_plain(uint8_t *p, const dbk_anchor *a)
{
    p = dbk_wire_put_copy(p, a->device.b, sizeof(a->device.b));
    p = dbk_wire_put_u64(p, a->members_count);
    p = dbk_wire_put_copy(p, a->members_head.b, sizeof(a->members_head.b));
    p = dbk_wire_put_u64(p, a->version_floor);
    p = dbk_wire_put_u32(p, (uint32_t)a->logs_count);
    p = dbk_wire_put_u32(p, (uint32_t)a->feeds_count);
    for (size_t i = 0; i < a->logs_count; i++) {
        const dbk_log_mark *m = &a->logs[i];
        p = dbk_wire_put_copy(p, m->space.b, sizeof(m->space.b));
        p = dbk_wire_put_copy(p, m->log.b, sizeof(m->log.b));
        p = dbk_wire_put_u64(p, m->size);
        p = dbk_wire_put_copy(p, m->root.b, sizeof(m->root.b));
    }
    for (size_t i = 0; i < a->feeds_count; i++) {
        const dbk_feed_mark *m = &a->feeds[i];
        p = dbk_wire_put_copy(p, m->feed.b, sizeof(m->feed.b));
        p = dbk_wire_put_u64(p, m->seq);
        p = dbk_wire_put_copy(p, m->head.b, sizeof(m->head.b));
        p = dbk_wire_put_u64(p, m->left_seq);
    }
    return p;
}

/* Sealed in place: the plain bytes stand where the sealed ones will. */
dbk_rc dbk_anchor_seal(dbk_bytes *out, const dbk_anchor *a, const dbk_secret *store_key,
                       const dbk_env *env, dbk_err *err)
{
    uint8_t aad[AAD_BYTES_MAX];
    uint8_t *head;
    size_t plain_len = PLAIN_HEAD_BYTES + a->logs_count * LOG_BYTES + a->feeds_count * FEED_BYTES;
    DBK_ASSERT(a->turn > 0);
    dbk_rc rc = dbk_bytes_extend(out, &head, HEAD_BYTES + NONCE_BYTES + plain_len + TAG_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    uint8_t *nonce = put_head(head, a);
    uint8_t *plain = nonce + NONCE_BYTES;
    DBK_ASSERT(nonce == head + HEAD_BYTES);
    env->random(env->self, nonce, NONCE_BYTES);
    DBK_ASSERT(put_plain(plain, a) == plain + plain_len);
    size_t aad_len = put_aad(aad, head);
    dbk_hash key = key_of(store_key);
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(plain, NULL, plain, plain_len, aad,
                                                          aad_len, NULL, nonce, key.b) == 0);
    dbk_wipe(&key, sizeof(key));
    return DBK_OK;
}

dbk_rc dbk_anchor_look_at(dbk_anchor_look *out, dbk_span file, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(file);
    *out = (dbk_anchor_look){ 0 };
    dbk_span magic = dbk_wire_get_span(&w, 4);
    uint8_t version = dbk_wire_get_u8(&w), suite = dbk_wire_get_u8(&w);
    uint16_t zero = dbk_wire_get_u16(&w);
    uint64_t turn = dbk_wire_get_u64(&w), generation = dbk_wire_get_u64(&w);
    if (w.failed || !dbk_span_equal(magic, dbk_span_str(MAGIC)) || version == 0 || suite == 0)
        return dbk_fail(err, DBK_FORMAT, "this is no mark of a store");
    if (version > VERSION || suite > DBK_SUITE_1)
        return dbk_fail(err, DBK_VERSION, "a mark of version %u, suite %u", version, suite);
    if (zero != 0 || turn == 0 || w.left.len < NONCE_BYTES + PLAIN_HEAD_BYTES + TAG_BYTES ||
        file.len > DBK_ANCHOR_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "the mark is malformed");
    *out = (dbk_anchor_look){ turn, generation };
    return DBK_OK;
}

static dbk_rc read_logs(dbk_anchor *out, dbk_wire *w, size_t count, dbk_err *err)
{
    for (size_t i = 0; i < count; i++) {
        dbk_log_mark m;
        bool changed = false;
        m.space = dbk_wire_get_id(w);
        m.log = dbk_wire_get_id(w);
        m.size = dbk_wire_get_u64(w);
        dbk_wire_get_copy(w, m.root.b, sizeof(m.root.b));
        if (i > 0 && dbk_id_compare(&out->logs[i - 1].space, &m.space) >= 0)
            return dbk_fail(err, DBK_FORMAT, "the mark is malformed");
        dbk_rc rc = dbk_anchor_raise_log(out, &changed, &m, err);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

static dbk_rc read_feeds(dbk_anchor *out, dbk_wire *w, size_t count, dbk_err *err)
{
    for (size_t i = 0; i < count; i++) {
        dbk_feed_mark m;
        bool changed = false;
        m.feed = dbk_wire_get_id(w);
        m.seq = dbk_wire_get_u64(w);
        dbk_wire_get_copy(w, m.head.b, sizeof(m.head.b));
        m.left_seq = dbk_wire_get_u64(w);
        if (m.left_seq > m.seq || (i > 0 && dbk_id_compare(&out->feeds[i - 1].feed, &m.feed) >= 0))
            return dbk_fail(err, DBK_FORMAT, "the mark is malformed");
        dbk_rc rc = dbk_anchor_raise_feed(out, &changed, &m, err);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

static dbk_rc read_plain(dbk_anchor *out, dbk_span plain, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(plain);
    out->device = dbk_wire_get_id(&w);
    out->members_count = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, out->members_head.b, sizeof(out->members_head.b));
    out->version_floor = dbk_wire_get_u64(&w);
    size_t logs = dbk_wire_get_u32(&w), feeds = dbk_wire_get_u32(&w);
    if (w.failed || logs > DBK_ANCHOR_LOGS_MAX || feeds > DBK_ANCHOR_FEEDS_MAX ||
        w.left.len != logs * LOG_BYTES + feeds * FEED_BYTES)
        return dbk_fail(err, DBK_FORMAT, "the mark is malformed");
    dbk_rc rc = read_logs(out, &w, logs, err);
    return rc == DBK_OK ? read_feeds(out, &w, feeds, err) : rc;
}

dbk_rc dbk_anchor_open(dbk_anchor *out, dbk_span file, const dbk_secret *store_key, dbk_err *err)
{
    uint8_t aad[AAD_BYTES_MAX];
    uint8_t *plain = NULL;
    dbk_bytes room = DBK_BYTES_INIT(DBK_ANCHOR_BYTES_MAX);
    dbk_anchor_look look;
    *out = (dbk_anchor){ 0 };
    dbk_rc rc = dbk_anchor_look_at(&look, file, err);
    size_t at = HEAD_BYTES + NONCE_BYTES;
    if (rc == DBK_OK)
        rc = dbk_bytes_extend(&room, &plain, file.len - at - TAG_BYTES, err);
    if (rc == DBK_OK) {
        size_t aad_len = put_aad(aad, file.p);
        dbk_hash key = key_of(store_key);
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, file.p + at,
                                                       file.len - at, aad, aad_len,
                                                       file.p + HEAD_BYTES, key.b) != 0)
            rc = dbk_fail(err, DBK_AUTH, "the mark isn't of this store, or was changed");
        dbk_wipe(&key, sizeof(key));
    }
    if (rc == DBK_OK)
        rc = read_plain(out, dbk_bytes_span(&room), err);
    dbk_bytes_wipe(&room);
    if (rc != DBK_OK) {
        dbk_anchor_wipe(out);
        return rc;
    }
    out->turn = look.turn;
    out->slots_generation = look.slots_generation;
    return DBK_OK;
}
