#include "core/seal/sealer.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/seal/drop.h"
#include "core/seal/pack.h"

#define NONCE_BYTES 24u
#define TAG_BYTES 16u
#define AAD_LABEL "daybook/op/1"
#define AAD_BYTES (sizeof(AAD_LABEL) - 1 + 2u + DBK_SEGMENT_AAD_BYTES + 4u)
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == TAG_BYTES, "Poly1305");
_Static_assert(DBK_FRAME_HEAD_BYTES + DBK_DROP_PUBLIC_BYTES + DBK_PACK_BYTES_MAX + TAG_BYTES <=
                   DBK_SEGMENT_BODY_BYTES_MAX,
               "the largest op fits a segment");

struct dbk_sealer {
    dbk_packer *packer;
    uint8_t *packed; /* one op before and after the AEAD, DBK_PACK_BYTES_MAX; zeros between uses */
    uint8_t *body;   /* DBK_SEGMENT_BODY_BYTES_MAX */
    dbk_secret
        *op_key; /* of one op; zeros between uses. Locked pages cost more than sealing does */
};

/* What one op is sealed with: the segment's part is filled once, the op's part for each. */
typedef struct binding {
    uint8_t nonce[NONCE_BYTES];
    uint8_t aad[AAD_BYTES];
} binding;

static void bind_segment(binding *b, const dbk_header *h)
{
    uint8_t prefix[DBK_PREFIX_BYTES_MAX];
    size_t prefix_len = dbk_label_prefix(prefix, AAD_LABEL);
    DBK_ASSERT(prefix_len + DBK_SEGMENT_AAD_BYTES + 4 == AAD_BYTES);
    memcpy(b->aad, prefix, prefix_len);
    dbk_header_aad(b->aad + prefix_len, h);
    memcpy(b->nonce, h->salt, sizeof(h->salt));
}

static void bind_op(binding *b, uint32_t index)
{
    (void)dbk_wire_put_u64(b->nonce + NONCE_BYTES - 8, index);
    (void)dbk_wire_put_u32(b->aad + AAD_BYTES - 4, index);
}

dbk_rc dbk_sealer_new(dbk_sealer **out, dbk_err *err)
{
    dbk_sealer *s = dbk_alloc(sizeof(*s));
    *out = NULL;
    if (s == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for sealing");
    s->packed = dbk_alloc(DBK_PACK_BYTES_MAX);
    s->body = dbk_alloc(DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    if (s->packed == NULL || s->body == NULL)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for sealing");
    if (rc == DBK_OK)
        rc = dbk_secret_new(&s->op_key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, err);
    if (rc == DBK_OK)
        rc = dbk_packer_new(&s->packer, err);
    if (rc == DBK_OK)
        *out = s;
    else
        dbk_sealer_free(s);
    return rc;
}

void dbk_sealer_free(dbk_sealer *s)
{
    if (s == NULL)
        return;
    dbk_packer_free(s->packer);
    dbk_secret_free(s->op_key);
    dbk_free(s->packed);
    dbk_free(s->body);
    dbk_free(s);
}

size_t dbk_seal_frame_bound(size_t plain_len)
{
    return DBK_FRAME_HEAD_BYTES + DBK_DROP_PUBLIC_BYTES + dbk_pack_size(plain_len) + TAG_BYTES;
}

/* What a segment is made of. */
typedef struct source {
    const dbk_span *ops;
    bool packed; /* else plaintext */
} source;

/* Puts an op into s->packed. */
static dbk_rc pack_op(dbk_sealer *s, size_t *packed_len, const source *from, uint32_t index,
                      dbk_err *err)
{
    const dbk_span op = from->ops[index];
    if (from->packed) {
        DBK_ASSERT(op.len >= DBK_PACK_BYTES_MIN);
        DBK_ASSERT(op.len <= DBK_PACK_BYTES_MAX);
        memcpy(s->packed, op.p, op.len);
        *packed_len = op.len;
        return DBK_OK;
    }
    if (op.len > DBK_SEAL_PLAIN_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "an op has at most %u bytes", DBK_SEAL_PLAIN_BYTES_MAX);
    *packed_len = dbk_pack(s->packer, s->packed, op);
    return DBK_OK;
}

/* Fills s->op_key. */
static void make_op_key(dbk_sealer *s, const dbk_secret *epoch_key, dbk_span opener)
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/op-key/1");
    dbk_hasher_add(&h, dbk_secret_bytes(epoch_key));
    dbk_hasher_add(&h, opener);
    dbk_hash key = dbk_hasher_end(&h);
    memcpy(dbk_secret_room(s->op_key), key.b, sizeof(key.b));
    dbk_wipe(&h, sizeof(h));
    dbk_wipe(&key, sizeof(key));
}

static void forget_op_key(dbk_sealer *s)
{
    dbk_wipe(dbk_secret_room(s->op_key), dbk_secret_len(s->op_key));
}

/* Fills the opener of a new frame, and gives the key that follows from it: s->op_key or *once. */
static dbk_rc key_of_new(dbk_sealer *s, const dbk_secret **key, dbk_secret **once, uint8_t *opener,
                         const dbk_seal_keys *keys, dbk_err *err)
{
    if (keys->epoch_key == NULL) {
        dbk_rc rc = dbk_drop_seal(once, opener, keys->drop, keys->env, err);
        *key = *once;
        return rc;
    }
    keys->env->random(keys->env->self, opener, DBK_FRAME_OPENER_BYTES);
    make_op_key(s, keys->epoch_key, dbk_span_of(opener, DBK_FRAME_OPENER_BYTES));
    *key = s->op_key;
    return DBK_OK;
}

/* Seals s->packed to the place behind the frames that stand in s->body; gives its frame. */
static dbk_rc seal_op(dbk_sealer *s, dbk_frame *frame, size_t at, size_t packed_len,
                      const binding *b, const dbk_seal_keys *keys, dbk_err *err)
{
    bool dropped = keys->epoch_key == NULL;
    size_t opener_len = dropped ? DBK_FRAME_EPHEMERAL_BYTES : DBK_FRAME_OPENER_BYTES;
    uint8_t opener[DBK_FRAME_EPHEMERAL_BYTES];
    const dbk_secret *key = NULL;
    dbk_secret *once = NULL;
    dbk_rc rc = DBK_OK;
    size_t sealed_len = opener_len + packed_len + TAG_BYTES;
    if (DBK_FRAME_HEAD_BYTES + sealed_len > DBK_SEGMENT_BODY_BYTES_MAX - at)
        rc = dbk_fail(err, DBK_LIMIT, "these ops don't fit one segment");
    if (rc == DBK_OK)
        rc = key_of_new(s, &key, &once, opener, keys, err);
    if (rc != DBK_OK)
        goto out;
    uint8_t *p = s->body + at;
    frame->key_tag = dropped ? DBK_FRAME_TAG_DROP : DBK_FRAME_TAG_OP;
    frame->whole = dbk_span_of(p, DBK_FRAME_HEAD_BYTES + sealed_len);
    *p++ = frame->key_tag;
    p = dbk_wire_put_u32(p, (uint32_t)sealed_len);
    frame->sealed = dbk_span_of(p, sealed_len);
    p = dbk_wire_put_copy(p, opener, opener_len);
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(p, NULL, s->packed, packed_len, b->aad,
                                                          AAD_BYTES, NULL, b->nonce,
                                                          dbk_secret_bytes(key).p) == 0);
out:
    dbk_secret_free(once);
    forget_op_key(s);
    dbk_wipe(s->packed, packed_len);
    return rc;
}

static void check_keys(const dbk_header *h, const dbk_seal_keys *keys)
{
    static const uint8_t zero_salt[sizeof(h->salt)];
    if (keys->epoch_key != NULL) {
        dbk_id key_id = dbk_key_id(keys->epoch_key);
        DBK_ASSERT(dbk_secret_len(keys->epoch_key) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
        DBK_ASSERT(dbk_id_equal(&key_id, &keys->key_id));
    } else {
        DBK_ASSERT(keys->drop != NULL);
    }
    DBK_ASSERT(keys->env != NULL);
    /* A salt that was never filled would be a nonce used twice. */
    DBK_ASSERT(!dbk_span_equal(dbk_span_of(h->salt, sizeof(h->salt)),
                               dbk_span_of(zero_salt, sizeof(zero_salt))));
}

static dbk_rc seal_segment(dbk_sealer *s, dbk_header *header, dbk_bytes *body, const source *from,
                           const dbk_seal_keys *keys, dbk_err *err)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_header h = *header;
    binding b;
    size_t len = 0;
    DBK_ASSERT(h.count >= 1);
    DBK_ASSERT(h.count <= DBK_SEGMENT_OPS_MAX);
    check_keys(&h, keys);
    h.key_id = keys->key_id;
    bind_segment(&b, &h);
    for (uint32_t i = 0; i < h.count; i++) {
        size_t packed_len = 0;
        bind_op(&b, i);
        dbk_rc rc = pack_op(s, &packed_len, from, i, err);
        if (rc == DBK_OK)
            rc = seal_op(s, &frames[i], len, packed_len, &b, keys, err);
        if (rc != DBK_OK)
            return rc;
        len += frames[i].whole.len;
    }
    dbk_rc rc = dbk_bytes_append(body, dbk_span_of(s->body, len), err);
    if (rc != DBK_OK)
        return rc;
    h.op_root = dbk_frames_root(frames, h.count);
    h.body_len = (uint32_t)len;
    dbk_header_sign(&h, keys->device_sign);
    *header = h;
    return DBK_OK;
}

dbk_rc dbk_seal_segment(dbk_sealer *s, dbk_header *header, dbk_bytes *body, const dbk_span *plain,
                        const dbk_seal_keys *keys, dbk_err *err)
{
    return seal_segment(s, header, body, &(source){ plain, false }, keys, err);
}

dbk_rc dbk_seal_packed(dbk_sealer *s, dbk_header *header, dbk_bytes *body, const dbk_span *packed,
                       const dbk_seal_keys *keys, dbk_err *err)
{
    return seal_segment(s, header, body, &(source){ packed, true }, keys, err);
}

/* The sealed op of a frame, with its key: in s->op_key, or in *once. */
static dbk_rc unseal(dbk_sealer *s, dbk_span *sealed, const dbk_secret **key, dbk_secret **once,
                     const dbk_frame *frame, const dbk_secret *epoch_key, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(frame->sealed);
    /* Tag 0 was the epoch's key itself, before the first release: nothing is sealed so that a
     * backup couldn't forget it. */
    if (frame->key_tag == 0)
        return dbk_fail(err, DBK_FORMAT, "an op under a key of kind 0");
    if (frame->key_tag != DBK_FRAME_TAG_OP && frame->key_tag != DBK_FRAME_TAG_DROP)
        return dbk_fail(err, DBK_VERSION, "an op under a key of kind %u", frame->key_tag);
    bool dropped = frame->key_tag == DBK_FRAME_TAG_DROP;
    dbk_span opener = dbk_wire_get_span(&w, dropped ? DBK_FRAME_EPHEMERAL_BYTES
                                                    : DBK_FRAME_OPENER_BYTES);
    if (w.failed)
        return dbk_fail(err, DBK_FORMAT, "a sealed op of %zu bytes", frame->sealed.len);
    dbk_rc rc = DBK_OK;
    if (dropped)
        rc = dbk_drop_open(once, opener.p, epoch_key, err);
    else
        make_op_key(s, epoch_key, opener);
    *sealed = w.left;
    *key = dropped ? *once : s->op_key;
    return rc;
}

/* Appends what is in a frame: the op itself, or still compressed and padded. */
static dbk_rc open_frame(dbk_sealer *s, dbk_bytes *out, bool unpacks, const dbk_header *header,
                         const dbk_frame *frame, uint32_t index, const dbk_secret *epoch_key,
                         dbk_err *err)
{
    binding b;
    dbk_secret *once = NULL;
    const dbk_secret *key = NULL;
    dbk_span sealed;
    DBK_ASSERT(index < header->count);
    /* Poly1305 doesn't commit to its key: only the one that the signed header names is tried. */
    dbk_id key_id = dbk_key_id(epoch_key);
    if (!dbk_id_equal(&key_id, &header->key_id))
        return dbk_fail(err, DBK_AUTH, "a key is not the one that a segment names");
    dbk_rc rc = unseal(s, &sealed, &key, &once, frame, epoch_key, err);
    if (rc == DBK_OK && (sealed.len < DBK_PACK_BYTES_MIN + TAG_BYTES ||
                         sealed.len > DBK_PACK_BYTES_MAX + TAG_BYTES))
        rc = dbk_fail(err, DBK_FORMAT, "a sealed op of %zu bytes", sealed.len);
    if (rc != DBK_OK)
        goto out;
    size_t packed_len = sealed.len - TAG_BYTES;
    bind_segment(&b, header);
    bind_op(&b, index);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(s->packed, NULL, NULL, sealed.p, sealed.len,
                                                   b.aad, AAD_BYTES, b.nonce,
                                                   dbk_secret_bytes(key).p) != 0)
        rc = dbk_fail(err, DBK_AUTH, "a sealed op does not verify");
    else if (unpacks)
        rc = dbk_unpack(s->packer, out, dbk_span_of(s->packed, packed_len), err);
    else
        rc = dbk_bytes_append(out, dbk_span_of(s->packed, packed_len), err);
    dbk_wipe(s->packed, packed_len);
out:
    dbk_secret_free(once);
    forget_op_key(s);
    return rc;
}

dbk_rc dbk_open_frame(dbk_sealer *s, dbk_bytes *out, const dbk_header *header,
                      const dbk_frame *frame, uint32_t index, const dbk_secret *epoch_key,
                      dbk_err *err)
{
    return open_frame(s, out, true, header, frame, index, epoch_key, err);
}

dbk_rc dbk_open_packed(dbk_sealer *s, dbk_bytes *out, const dbk_header *header,
                       const dbk_frame *frame, uint32_t index, const dbk_secret *epoch_key,
                       dbk_err *err)
{
    return open_frame(s, out, false, header, frame, index, epoch_key, err);
}
