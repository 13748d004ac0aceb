#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/seal/drop.h"
#include "core/seal/pack.h"
#include "core/seal/sealer.h"

#define OPS 5u

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_sealer *sealer;
    dbk_secret *key, *sk;
    dbk_sign_pk pk;
    dbk_seal_keys keys;
    dbk_header header;
    dbk_bytes body, plain;
} fixture;

static const char *const texts[OPS] = {
    "I telephoned the family to give an update on the investigation. Nothing further was raised.",
    "x",
    "",
    "She had kept the receipts in a biscuit tin and wanted me to have them all; I took eleven.",
    "\x01\x02\x00\x03 and whatever else stands in an op",
};

static dbk_span text_of(size_t i)
{
    return dbk_span_str(texts[i]);
}

static void fill_header(fixture *f, uint16_t count)
{
    memset(&f->header, 0, sizeof(f->header));
    f->header.count = count;
    f->env->random(f->env->self, f->header.space.b, 16);
    f->env->random(f->env->self, f->header.feed.b, 16);
    f->env->random(f->env->self, f->header.incarnation.b, 16);
    f->header.first_seq = 1;
    f->env->random(f->env->self, f->header.members_seen.b, 32);
    f->env->random(f->env->self, f->header.salt, 16);
}

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    dbk_span plain[OPS];
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 41);
    assert_ok(dbk_sealer_new(&f->sealer, &err), &err);
    assert_ok(dbk_secret_random(&f->key, 32, f->env, &err), &err);
    assert_ok(dbk_sign_keypair(&f->pk, &f->sk, f->env, &err), &err);
    f->keys = (dbk_seal_keys){ f->key, dbk_key_id(f->key), f->sk, NULL, f->env };
    dbk_bytes_init(&f->body, DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_bytes_init(&f->plain, DBK_SEAL_PLAIN_BYTES_MAX);
    fill_header(f, OPS);
    for (size_t i = 0; i < OPS; i++)
        plain[i] = text_of(i);
    assert_ok(dbk_seal_segment(f->sealer, &f->header, &f->body, plain, &f->keys, &err), &err);
}

static void tear_down(fixture *f)
{
    dbk_sealer_free(f->sealer);
    dbk_secret_free(f->key);
    dbk_secret_free(f->sk);
    dbk_bytes_wipe(&f->body);
    dbk_bytes_wipe(&f->plain);
}

static dbk_rc open_op(fixture *f, const dbk_header *h, const dbk_frame *frame, uint32_t index)
{
    dbk_bytes_truncate(&f->plain, 0);
    return dbk_open_frame(f->sealer, &f->plain, h, frame, index, f->key, NULL);
}

static void split(fixture *f, dbk_frame frames[DBK_SEGMENT_OPS_MAX])
{
    dbk_err err = { 0 };
    assert_ok(dbk_body_split(frames, &f->header, dbk_bytes_span(&f->body), &err), &err);
}

static void what_was_sealed_opens_as_it_was(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_header again;
    uint8_t bytes[DBK_SEGMENT_HEADER_BYTES];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    dbk_header_encode(bytes, &f.header);
    assert_ok(dbk_header_decode(&again, dbk_span_of(bytes, sizeof(bytes)), &err), &err);
    assert_ok(dbk_header_verify(&again, &f.pk, &err), &err);
    assert_ok(dbk_body_check(&again, dbk_bytes_span(&f.body), &err), &err);
    assert_true(dbk_id_equal(&again.key_id, &f.keys.key_id));
    split(&f, frames);
    for (uint32_t i = 0; i < OPS; i++) {
        assert_int_equal(open_op(&f, &again, &frames[i], i), DBK_OK);
        assert_true(dbk_span_equal(dbk_bytes_span(&f.plain), text_of(i)));
    }
    tear_down(&f);
}

/* Sealed again as it was packed: under another key, another salt and another place. */
static void what_was_packed_is_sealed_again_without_a_look_inside(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_bytes packed[OPS], body = DBK_BYTES_INIT(DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_span spans[OPS];
    dbk_secret *next;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    split(&f, frames);
    for (uint32_t i = 0; i < OPS; i++)
        dbk_bytes_init(&packed[i], DBK_SEGMENT_BODY_BYTES_MAX);
    for (uint32_t i = 0; i < OPS; i++) {
        assert_ok(
            dbk_open_packed(f.sealer, &packed[OPS - 1 - i], &f.header, &frames[i], i, f.key, &err),
            &err);
        assert_rc(
            dbk_open_packed(f.sealer, &f.plain, &f.header, &frames[i], (i + 1) % OPS, f.key, &err),
            DBK_AUTH, &err);
        dbk_err_clear(&err);
        assert_int_equal(f.plain.len, 0);
    }
    for (uint32_t i = 0; i < OPS; i++)
        spans[i] = dbk_bytes_span(&packed[i]);
    assert_ok(dbk_secret_random(&next, 32, f.env, &err), &err);
    dbk_header h = f.header;
    f.env->random(f.env->self, h.salt, 16);
    const dbk_seal_keys keys = { next, dbk_key_id(next), f.sk, NULL, f.env };
    assert_ok(dbk_seal_packed(f.sealer, &h, &body, spans, &keys, &err), &err);
    assert_ok(dbk_header_verify(&h, &f.pk, &err), &err);
    assert_ok(dbk_body_split(frames, &h, dbk_bytes_span(&body), &err), &err);
    for (uint32_t i = 0; i < OPS; i++) {
        dbk_bytes_truncate(&f.plain, 0);
        assert_ok(dbk_open_frame(f.sealer, &f.plain, &h, &frames[i], i, next, &err), &err);
        assert_true(dbk_span_equal(dbk_bytes_span(&f.plain), text_of(OPS - 1 - i)));
        assert_rc(open_op(&f, &h, &frames[i], i), DBK_AUTH, NULL);
        dbk_bytes_wipe(&packed[i]);
    }
    dbk_bytes_wipe(&body);
    dbk_secret_free(next);
    tear_down(&f);
}

/* A20: a note of 1 character and one of 200 can't be told apart. */
static void short_notes_have_equal_sizes_and_all_have_few(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    size_t sizes = 0, last = 0;
    (void)state;
    set_up(&f);
    split(&f, frames);
    for (size_t i = 0; i < OPS; i++)
        assert_int_equal(frames[i].sealed.len, DBK_FRAME_OPENER_BYTES + 256 + 16);
    for (size_t len = 0; len <= 2048; len++) {
        size_t size = dbk_pack_size(len);
        assert_true(size >= len + DBK_PACK_HEAD_BYTES && size >= last);
        assert_true(size <= 256 || size * 100 <= (len + DBK_PACK_HEAD_BYTES) * 112);
        sizes += size != last ? 1 : 0;
        last = size;
    }
    assert_true(sizes <= 52); /* of 2,049: 16 to each power of two */
    assert_int_equal(dbk_pack_size(DBK_SEAL_PLAIN_BYTES_MAX), DBK_PACK_BYTES_MAX);
    assert_int_equal(dbk_pack_size(251), 256);
    assert_int_equal(dbk_pack_size(252), 272);
    tear_down(&f);
}

/* M26, M27: the op is bound to its place: every field of the header but count's sum and index. */
static void a_frame_moved_to_another_header_or_index_does_not_open(void **state)
{
    static const struct {
        const char *what;
        size_t at;
    } fields[] = {
        { "count", 7 },        { "space (M27)", 8 },  { "feed", 24 },
        { "incarnation", 40 }, { "first seq", 63 },   { "previous hash", 64 },
        { "key id", 96 },      { "members", 112 },    { "checkpoint size", 151 },
        { "root", 152 },       { "salt (M03)", 184 },
    };
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    (void)state;
    set_up(&f);
    split(&f, frames);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        dbk_header moved = f.header;
        uint8_t before[DBK_SEGMENT_AAD_BYTES], after[DBK_SEGMENT_AAD_BYTES];
        dbk_header_aad(before, &f.header);
        uint8_t *const places[] = {
            (uint8_t *)&moved.count,
            moved.space.b,
            moved.feed.b,
            moved.incarnation.b,
            NULL,
            moved.prev.b,
            moved.key_id.b,
            moved.members_seen.b,
            NULL,
            moved.checkpoint_root.b,
            moved.salt,
        };
        if (i == 4)
            moved.first_seq ^= 1;
        else if (i == 8)
            moved.checkpoint_size ^= 1;
        else
            places[i][0] ^= i == 0 ? 8 : 1;
        dbk_header_aad(after, &moved);
        /* The field stands where the layout says, and only it has changed. */
        for (size_t at = 0; at < sizeof(before); at++) {
            if ((before[at] != after[at]) != (at == fields[i].at))
                fail_msg("%s: byte %zu", fields[i].what, at);
        }
        if (open_op(&f, &moved, &frames[0], 0) != DBK_AUTH || f.plain.len != 0)
            fail_msg("%s may change", fields[i].what);
    }
    assert_int_equal(open_op(&f, &f.header, &frames[0], 1), DBK_AUTH);
    assert_int_equal(open_op(&f, &f.header, &frames[1], 0), DBK_AUTH);
    tear_down(&f);
}

/* M01, M02: the body. */
static void each_bit_of_a_body_counts(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    (void)state;
    set_up(&f);
    for (size_t bit = 0; bit < f.body.len * 8; bit++) {
        f.body.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(dbk_body_check(&f.header, dbk_bytes_span(&f.body), NULL), DBK_OK);
        /* Even unchecked, what the AEAD covers doesn't open. */
        if (dbk_body_split(frames, &f.header, dbk_bytes_span(&f.body), NULL) == DBK_OK) {
            for (uint32_t i = 0; i < OPS; i++) {
                size_t at = (size_t)(frames[i].whole.p - f.body.p);
                bool here = bit / 8 >= at && bit / 8 < at + frames[i].whole.len;
                assert_int_equal(open_op(&f, &f.header, &frames[i], i) == DBK_OK, !here);
            }
        }
        f.body.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    tear_down(&f);
}

/* As the format says it, by libsodium alone: a frame of op 0 of an author who has the key, whatever
 * stands inside. */
static size_t seal_by_hand(const fixture *f, uint8_t *out, const dbk_secret *epoch_key,
                           const uint8_t *packed, size_t len)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + DBK_SEGMENT_AAD_BYTES + 4], nonce[24] = { 0 };
    size_t n = dbk_label_prefix(aad, "daybook/op/1");
    dbk_hasher h;
    dbk_header_aad(aad + n, &f->header);
    (void)dbk_wire_put_u32(aad + n + DBK_SEGMENT_AAD_BYTES, 0);
    memcpy(nonce, f->header.salt, 16);
    memset(out, 0x5a, DBK_FRAME_OPENER_BYTES);
    dbk_hasher_init(&h, "daybook/op-key/1");
    dbk_hasher_add(&h, dbk_secret_bytes(epoch_key));
    dbk_hasher_add(&h, dbk_span_of(out, DBK_FRAME_OPENER_BYTES));
    dbk_hash key = dbk_hasher_end(&h);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_encrypt(
                         out + DBK_FRAME_OPENER_BYTES, NULL, packed, len, aad,
                         n + DBK_SEGMENT_AAD_BYTES + 4, NULL, nonce, key.b),
                     0);
    return DBK_FRAME_OPENER_BYTES + len + 16;
}

/* M45: one ciphertext that two keys open is no use: the header names one key, and it is asked. */
static void only_the_key_that_the_header_names_is_tried_M45_A16(void **state)
{
    fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_secret *other;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    split(&f, frames);
    assert_ok(dbk_secret_random(&other, 32, f.env, &err), &err);
    assert_rc(dbk_open_frame(f.sealer, &f.plain, &f.header, &frames[0], 0, other, &err), DBK_AUTH,
              &err);
    assert_non_null(strstr(err.text, "names"));
    /* Sealed anew by the attacker for the other key, under the first key's id. */
    uint8_t packed[256] = { 0 }, sealed[DBK_FRAME_OPENER_BYTES + 256 + 16];
    size_t len = seal_by_hand(&f, sealed, other, packed, sizeof(packed));
    dbk_frame forged = { DBK_FRAME_TAG_OP, dbk_span_of(sealed, len), { NULL, 0 } };
    dbk_err_clear(&err);
    assert_rc(dbk_open_frame(f.sealer, &f.plain, &f.header, &forged, 0, other, &err), DBK_AUTH,
              &err);
    assert_int_equal(f.plain.len, 0);
    dbk_secret_free(other);
    tear_down(&f);
}

static dbk_rc open_packed(fixture *f, const uint8_t *packed, size_t len, uint8_t tag)
{
    static uint8_t sealed[DBK_FRAME_OPENER_BYTES + DBK_PACK_BYTES_MAX + 4096 + 16];
    size_t sealed_len = seal_by_hand(f, sealed, f->key, packed, len);
    dbk_frame frame = { tag, dbk_span_of(sealed, sealed_len), { NULL, 0 } };
    return open_op(f, &f->header, &frame, 0);
}

static void a_member_cannot_pad_inflate_or_lie_about_an_op(void **state)
{
    fixture f;
    static uint8_t packed[DBK_PACK_BYTES_MAX + 4096];
    dbk_packer *p;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_packer_new(&p, &err), &err);
    size_t len = dbk_pack(p, packed, dbk_span_str("a note"));
    assert_int_equal(len, 256);
    assert_int_equal(open_packed(&f, packed, len, 1), DBK_OK);
    assert_int_equal(open_packed(&f, packed, len, 3), DBK_VERSION);
    assert_int_equal(open_packed(&f, packed, len, 0), DBK_FORMAT); /* of no version */
    packed[255] = 1;
    assert_int_equal(open_packed(&f, packed, len, 1), DBK_FORMAT); /* padding isn't zero */
    packed[255] = 0;
    assert_int_equal(open_packed(&f, packed, 272, 1), DBK_FORMAT); /* padded too far */
    assert_int_equal(open_packed(&f, packed, 240, 1), DBK_FORMAT); /* not far enough */
    packed[4]++;
    assert_int_equal(open_packed(&f, packed, len, 1), DBK_OK); /* a zero byte more of data */
    packed[3] = 1;
    assert_int_equal(open_packed(&f, packed, len, 1), DBK_FORMAT);
    packed[3] = 0;
    packed[0] = 3;
    assert_int_equal(open_packed(&f, packed, len, 1), DBK_VERSION);
    packed[0] = 2; /* stored bytes called zstd */
    assert_int_equal(open_packed(&f, packed, len, 1), DBK_FORMAT);

    /* Over the cap, stored. */
    memset(packed, 0, sizeof(packed));
    (void)dbk_wire_put_u32(packed + 1, DBK_SEAL_PLAIN_BYTES_MAX + 1);
    size_t over = dbk_pack_size(DBK_SEAL_PLAIN_BYTES_MAX + 1);
    assert_int_equal(open_packed(&f, packed, over, 1), DBK_FORMAT);
    dbk_packer_free(p);
    tear_down(&f);
}

/* A zstd frame by hand: magic, single segment with a 4-byte content size, then the blocks. */
static size_t put_zstd(uint8_t *out, uint32_t content, const uint8_t *blocks, size_t blocks_len)
{
    static const uint8_t head[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xa0 };
    memcpy(out, head, sizeof(head));
    for (size_t i = 0; i < 4; i++)
        out[5 + i] = (uint8_t)(content >> (8 * i));
    memcpy(out + 9, blocks, blocks_len);
    return 9 + blocks_len;
}

static void a_zip_bomb_is_refused_before_it_is_opened(void **state)
{
    static const struct {
        const char *what;
        uint32_t content;
        uint8_t blocks[8];
        size_t blocks_len, copies;
        dbk_rc want;
    } cases[] = {
        /* A run-length block: last, type 1, 100 times 'a'. */
        { "100 bytes", 100, { 0x23, 0x03, 0x00, 'a' }, 4, 1, DBK_OK },
        { "fewer than it says", 101, { 0x23, 0x03, 0x00, 'a' }, 4, 1, DBK_FORMAT },
        { "more than it says", 99, { 0x23, 0x03, 0x00, 'a' }, 4, 1, DBK_FORMAT },
        { "60 KiB + 1", 61441, { 0x23, 0x03, 0x00, 'a' }, 4, 1, DBK_FORMAT },
        { "4 GiB", 0xffffffff, { 0x23, 0x03, 0x00, 'a' }, 4, 1, DBK_FORMAT },
        { "two frames", 100, { 0x23, 0x03, 0x00, 'a' }, 4, 2, DBK_FORMAT },
        { "no last block", 100, { 0x22, 0x03, 0x00, 'a' }, 4, 1, DBK_FORMAT },
    };
    fixture f;
    uint8_t packed[512];
    (void)state;
    set_up(&f);
    for (uint8_t encoding = 1; encoding <= 2; encoding++) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            size_t len = 0;
            memset(packed, 0, sizeof(packed));
            packed[0] = encoding;
            for (size_t k = 0; k < cases[i].copies; k++)
                len += put_zstd(packed + DBK_PACK_HEAD_BYTES + len, cases[i].content,
                                cases[i].blocks, cases[i].blocks_len);
            (void)dbk_wire_put_u32(packed + 1, (uint32_t)len);
            dbk_rc rc = open_packed(&f, packed, 256, 1);
            if (rc != cases[i].want || (rc != DBK_OK && f.plain.len != 0))
                fail_msg("encoding %u, %s: %s", encoding, cases[i].what, dbk_rc_name(rc));
        }
        /* A skippable frame behind the right one: zstd would pass it by. */
        static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x' };
        memset(packed, 0, sizeof(packed));
        packed[0] = encoding;
        size_t len = put_zstd(packed + DBK_PACK_HEAD_BYTES, 100, cases[0].blocks, 4);
        memcpy(packed + DBK_PACK_HEAD_BYTES + len, skippable, sizeof(skippable));
        (void)dbk_wire_put_u32(packed + 1, (uint32_t)(len + sizeof(skippable)));
        assert_int_equal(open_packed(&f, packed, 256, 1), DBK_FORMAT);
    }
    tear_down(&f);
}

static void a_segment_that_would_not_fit_changes_nothing(void **state)
{
    fixture f;
    uint8_t *noise = dbk_alloc(DBK_SEAL_PLAIN_BYTES_MAX + 1);
    dbk_err err = { 0 };
    (void)state;
    assert_non_null(noise);
    set_up(&f);
    f.env->random(f.env->self, noise, DBK_SEAL_PLAIN_BYTES_MAX + 1);
    dbk_span largest[] = { { noise, DBK_SEAL_PLAIN_BYTES_MAX }, { noise, 4096 } };
    dbk_span too_large[] = { { noise, DBK_SEAL_PLAIN_BYTES_MAX + 1 } };
    dbk_header before;
    dbk_bytes_truncate(&f.body, 0);
    fill_header(&f, 2);
    before = f.header;
    assert_rc(dbk_seal_segment(f.sealer, &f.header, &f.body, largest, &f.keys, &err), DBK_LIMIT,
              &err);
    assert_memory_equal(&before, &f.header, sizeof(before));
    assert_int_equal(f.body.len, 0);
    dbk_err_clear(&err);
    f.header.count = 1;
    assert_rc(dbk_seal_segment(f.sealer, &f.header, &f.body, too_large, &f.keys, &err), DBK_LIMIT,
              &err);
    assert_int_equal(f.body.len, 0);
    dbk_err_clear(&err);
    /* The largest op, which doesn't compress, fits; and opens. */
    assert_ok(dbk_seal_segment(f.sealer, &f.header, &f.body, largest, &f.keys, &err), &err);
    /* A writer's would be as long as the bound says. */
    assert_int_equal(f.body.len + DBK_DROP_PUBLIC_BYTES - DBK_FRAME_OPENER_BYTES,
                     dbk_seal_frame_bound(DBK_SEAL_PLAIN_BYTES_MAX));
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    split(&f, frames);
    assert_int_equal(open_op(&f, &f.header, &frames[0], 0), DBK_OK);
    assert_true(dbk_span_equal(dbk_bytes_span(&f.plain), largest[0]));
    dbk_free(noise);
    tear_down(&f);
}

static void no_frame_passes_its_bound(void **state)
{
    fixture f;
    uint8_t noise[3000];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    for (size_t len = 0; len <= sizeof(noise); len += 7) {
        f.env->random(f.env->self, noise, len);
        if (len % 2 == 0)
            memset(noise, 'e', len);
        dbk_span plain = { noise, len };
        dbk_bytes_truncate(&f.body, 0);
        fill_header(&f, 1);
        assert_ok(dbk_seal_segment(f.sealer, &f.header, &f.body, &plain, &f.keys, &err), &err);
        assert_true(f.body.len <= dbk_seal_frame_bound(len));
    }
    tear_down(&f);
}

static void stock_phrases_shrink_and_come_back(void **state)
{
    fixture f;
    static const char note[] =
        "The Victims' Code was explained and a copy was left. The right to request a review was "
        "explained. Literature given: Brake bereavement pack, Victim Support Homicide Service "
        "leaflet, coroner's guide to inquests. Next contact agreed for Thursday. "
        "The inquest was opened and adjourned. They asked for help with the funeral arrangements "
        "and costs. I explained the next steps and answered their questions as far as I could.";
    dbk_packer *p;
    uint8_t packed[DBK_PACK_BYTES_MAX];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_packer_new(&p, &err), &err);
    assert_int_equal(dbk_pack(p, packed, dbk_span_str(note)), 256);
    assert_int_equal(packed[0], 2);
    assert_true(packed[3] == 0 && packed[4] < 120); /* of 440 bytes */
    assert_ok(dbk_unpack(p, &f.plain, dbk_span_of(packed, 256), &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&f.plain), dbk_span_str(note)));
    dbk_packer_free(p);
    tear_down(&f);
}

typedef struct countdown {
    size_t left;
} countdown;

static int fail_when_zero(void *ctx, size_t size)
{
    countdown *c = ctx;
    (void)size;
    if (c->left == 0)
        return 0;
    c->left--;
    return 1;
}

static void a_sealer_without_memory_is_no_sealer(void **state)
{
    dbk_err err = { 0 };
    size_t n = 0;
    (void)state;
    assert_ok(dbk_crypto_init(&err), &err);
    for (;; n++) {
        countdown c = { n };
        dbk_sealer *s = NULL;
        dbk_alloc_set_hook(fail_when_zero, &c);
        dbk_rc rc = dbk_sealer_new(&s, NULL);
        dbk_alloc_set_hook(NULL, NULL);
        assert_int_equal(rc == DBK_OK, s != NULL);
        dbk_sealer_free(s);
        if (rc == DBK_OK)
            break;
        assert_int_equal(rc, DBK_NOMEM);
        assert_true(n < 50);
    }
    assert_true(n >= 7); /* ours, and those of zstd's four contexts */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens_as_it_was),
        cmocka_unit_test(what_was_packed_is_sealed_again_without_a_look_inside),
        cmocka_unit_test(short_notes_have_equal_sizes_and_all_have_few),
        cmocka_unit_test(a_frame_moved_to_another_header_or_index_does_not_open),
        cmocka_unit_test(each_bit_of_a_body_counts),
        cmocka_unit_test(only_the_key_that_the_header_names_is_tried_M45_A16),
        cmocka_unit_test(a_member_cannot_pad_inflate_or_lie_about_an_op),
        cmocka_unit_test(a_zip_bomb_is_refused_before_it_is_opened),
        cmocka_unit_test(a_segment_that_would_not_fit_changes_nothing),
        cmocka_unit_test(no_frame_passes_its_bound),
        cmocka_unit_test(stock_phrases_shrink_and_come_back),
        cmocka_unit_test(a_sealer_without_memory_is_no_sealer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
