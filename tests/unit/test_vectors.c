/* Golden vectors of hashes, segments, the log and seals: tests/lib/golden.h. All keys come from a
 * fixed stream and stand in the files: another program can check each step by them. Membership and
 * evidence: test_vectors_chain.c. */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/checkpoint.h"
#include "core/crypto/entry_parts.h"
#include "core/crypto/hole.h"
#include "core/crypto/reach.h"
#include "core/crypto/snapshot.h"
#include "core/crypto/tree.h"
#include "core/seal/dict_builtin.h"
#include "core/seal/drop.h"
#include "core/seal/invite.h"
#include "core/seal/label.h"
#include "core/seal/pack.h"
#include "core/seal/sealer.h"
#include "core/seal/slots.h"
#include "core/seal/wrap.h"

#define CORPUS "tests/fuzz/corpus/"

static void put_id(golden *g, const char *name, const dbk_id *id)
{
    golden_hex(g, name, dbk_span_of(id->b, sizeof(id->b)));
}

static void put_hash(golden *g, const char *name, const dbk_hash *hash)
{
    golden_hex(g, name, dbk_span_of(hash->b, sizeof(hash->b)));
}

static void put_secret(golden *g, const char *name, const dbk_secret *s)
{
    golden_hex(g, name, dbk_secret_bytes(s));
}

static void the_labels_are_these_and_hash_so(void **state)
{
    static const char *const labels[] = { "daybook/device-id/1",
                                          "daybook/feed-id/1",
                                          "daybook/org-id/1",
                                          "daybook/signer-id/1",
                                          "daybook/key-id/1",
                                          "daybook/key-commitment/1",
                                          "daybook/segment/1",
                                          "daybook/segment-header/1",
                                          "daybook/op/1",
                                          DBK_TREE_OPS,
                                          DBK_TREE_LOG,
                                          "daybook/receipt/1",
                                          "daybook/member/1",
                                          "daybook/member-hash/1",
                                          "daybook/wrap/1",
                                          "daybook/wrap-aad/1",
                                          "daybook/label-key/1",
                                          "daybook/label/1",
                                          "daybook/slot-kek/1",
                                          "daybook/slot-commitment/1",
                                          "daybook/slot/1",
                                          "daybook/slot-mac/1",
                                          "daybook/slot-file/1",
                                          "daybook/join/1",
                                          "daybook/join-aad/1",
                                          "daybook/join-proof/1",
                                          "daybook/share/1",
                                          "daybook/share-part/1",
                                          "daybook/share-set/1",
                                          "daybook/share-line/1",
                                          "daybook/recovery-print/1",
                                          "daybook/tpm-auth/1",
                                          "daybook/tpm-kek/1",
                                          "daybook/tpm-commitment/1",
                                          "daybook/snapshot/1",
                                          "daybook/snapshot-manifest/1",
                                          "daybook/snapshot-claim/1",
                                          "daybook/snapshot-confirm/1",
                                          "daybook/snapshot-plain/1",
                                          "daybook/snapshot-wrap-key/1",
                                          "daybook/snapshot-wrap/1",
                                          "daybook/snapshot-chunk/1",
                                          DBK_TREE_SNAPSHOT,
                                          "daybook/reach/1" };
    fixed_source source;
    golden g;
    (void)state;
    (void)fixed_source_init(&source, 1);
    golden_begin(&g, "tests/vectors/hashes.json");
    golden_hex(&g, "hashed under each label", dbk_span_str("daybook"));
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        dbk_hash hash = dbk_hash_of(labels[i], dbk_span_str("daybook"));
        put_hash(&g, labels[i], &hash);
    }
    uint8_t sign[32], kem[32];
    dbk_id space, incarnation;
    memset(sign, 1, sizeof(sign));
    memset(kem, 2, sizeof(kem));
    memset(&space, 3, sizeof(space));
    memset(&incarnation, 4, sizeof(incarnation));
    dbk_id device = dbk_device_id(sign, kem);
    dbk_id feed = dbk_feed_id(&device, &space, &incarnation);
    put_id(&g, "device id: sign 01.., kem 02..", &device);
    put_id(&g, "feed id: of it, space 03.., incarnation 04..", &feed);
    golden_end(&g);
}

/* One op that doesn't get smaller, so that no version of zstd is part of the vector. */
static const uint8_t plain_0[] = { 0xa1, 0x01, 0x50, 0xd1, 0x2e, 0x77, 0x09, 0x5c, 0xe4, 0x83,
                                   0xb6, 0x1f, 0x98, 0x42, 0xfa, 0x60, 0xcd, 0x37, 0x0b };
static const uint8_t plain_1[] = { 0xa1, 0x02, 0x18, 0x2a };

typedef struct segment {
    dbk_header header;
    dbk_bytes body;
    dbk_secret *key, *sign;
    dbk_sign_pk pk;
} segment;

static void segment_make(segment *s, const dbk_env *env)
{
    dbk_sealer *sealer;
    dbk_header *h = &s->header;
    dbk_err err = { 0 };
    memset(s, 0, sizeof(*s));
    dbk_bytes_init(&s->body, DBK_SEGMENT_BODY_BYTES_MAX);
    assert_ok(dbk_sign_keypair(&s->pk, &s->sign, env, &err), &err);
    assert_ok(dbk_secret_random(&s->key, 32, env, &err), &err);
    h->count = 2;
    env->random(env->self, h->space.b, 16);
    env->random(env->self, h->incarnation.b, 16);
    dbk_id device = { { 9 } };
    h->feed = dbk_feed_id(&device, &h->space, &h->incarnation);
    h->first_seq = 65;
    env->random(env->self, h->prev.b, 32);
    env->random(env->self, h->members_seen.b, 32);
    h->checkpoint_size = 7;
    env->random(env->self, h->checkpoint_root.b, 32);
    env->random(env->self, h->salt, 16);
    dbk_seal_keys keys = { s->key, dbk_key_id(s->key), s->sign, NULL, env };
    const dbk_span plain[] = { { plain_0, sizeof(plain_0) }, { plain_1, sizeof(plain_1) } };
    assert_ok(dbk_sealer_new(&sealer, &err), &err);
    assert_ok(dbk_seal_segment(sealer, h, &s->body, plain, &keys, &err), &err);
    dbk_sealer_free(sealer);
}

static void segment_wipe(segment *s)
{
    dbk_bytes_wipe(&s->body);
    dbk_secret_free(s->key);
    dbk_secret_free(s->sign);
}

static void put_op_binding(golden *g, const segment *s, uint32_t index)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + DBK_SEGMENT_AAD_BYTES + 4], nonce[24];
    size_t n = dbk_label_prefix(aad, "daybook/op/1");
    dbk_header_aad(aad + n, &s->header);
    (void)dbk_wire_put_u32(aad + n + DBK_SEGMENT_AAD_BYTES, index);
    memcpy(nonce, s->header.salt, 16);
    (void)dbk_wire_put_u64(nonce + 16, index);
    golden_hex(g, "associated data of op 1", dbk_span_of(aad, n + DBK_SEGMENT_AAD_BYTES + 4));
    golden_hex(g, "nonce of op 1", dbk_span_of(nonce, sizeof(nonce)));
}

/* The same ops as a writer seals them: to the drop key of the same epoch. */
static void put_dropped(golden *g, const segment *s, const dbk_env *env)
{
    uint8_t drop[DBK_DROP_PUBLIC_BYTES], header[DBK_SEGMENT_HEADER_BYTES];
    dbk_sealer *sealer;
    dbk_header h = s->header;
    dbk_bytes body = DBK_BYTES_INIT(DBK_SEGMENT_BODY_BYTES_MAX);
    const dbk_span plain[] = { { plain_0, sizeof(plain_0) }, { plain_1, sizeof(plain_1) } };
    const dbk_seal_keys keys = { NULL, h.key_id, s->sign, drop, env };
    dbk_drop_public(drop, s->key);
    env->random(env->self, h.salt, 16);
    assert_int_equal(dbk_sealer_new(&sealer, NULL), DBK_OK);
    assert_int_equal(dbk_seal_segment(sealer, &h, &body, plain, &keys, NULL), DBK_OK);
    dbk_sealer_free(sealer);
    dbk_header_encode(header, &h);
    golden_hex(g, "drop key", dbk_span_of(drop, sizeof(drop)));
    golden_hex(g, "writer's header", dbk_span_of(header, sizeof(header)));
    golden_hex(g, "writer's body", dbk_bytes_span(&body));
    dbk_bytes_wipe(&body);
}

/* The same segment when op 1 was erased; for the fuzz target behind what its header says. */
static void put_kept(golden *g, const segment *s)
{
    dbk_kept kept;
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    uint8_t input[1 + 4 + DBK_HASH_BYTES + 1024], *p = input;
    assert_int_equal(dbk_kept_read(&kept, &s->header, dbk_bytes_span(&s->body), false, NULL),
                     DBK_OK);
    dbk_kept_erase(&kept, 1u << 1);
    assert_int_equal(dbk_kept_encode(&bytes, &kept, NULL), DBK_OK);
    golden_hex(g, "kept without op 1", dbk_bytes_span(&bytes));
    *p++ = (uint8_t)(s->header.count - 1);
    p = dbk_wire_put_u32(p, s->header.body_len);
    p = dbk_wire_put_copy(p, s->header.op_root.b, sizeof(s->header.op_root.b));
    p = dbk_wire_put_copy(p, bytes.p, bytes.len);
    golden_file(CORPUS "kept/two-ops", dbk_span_of(input, (size_t)(p - input)));
    dbk_bytes_wipe(&bytes);
}

static void a_segment_is_sealed_to_these_bytes(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 2);
    uint8_t header[DBK_SEGMENT_HEADER_BYTES], body[1024];
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    segment s;
    golden g;
    dbk_err err = { 0 };
    (void)state;
    segment_make(&s, env);
    dbk_header_encode(header, &s.header);
    assert_ok(dbk_body_split(frames, &s.header, dbk_bytes_span(&s.body), &err), &err);
    golden_begin(&g, "tests/vectors/segment.json");
    put_secret(&g, "device sign key (seed, public key)", s.sign);
    put_secret(&g, "epoch key", s.key);
    put_id(&g, "key id", &s.header.key_id);
    golden_hex(&g, "op 0", dbk_span_of(plain_0, sizeof(plain_0)));
    golden_hex(&g, "op 1", dbk_span_of(plain_1, sizeof(plain_1)));
    put_op_binding(&g, &s, 1);
    golden_hex(&g, "frame of op 1", frames[1].whole);
    for (size_t i = 0; i < 2; i++) {
        dbk_hash leaf = dbk_tree_leaf(DBK_TREE_OPS, frames[i].whole);
        put_hash(&g, i == 0 ? "leaf of op 0" : "leaf of op 1", &leaf);
    }
    put_hash(&g, "op root", &s.header.op_root);
    golden_hex(&g, "header", dbk_span_of(header, sizeof(header)));
    golden_hex(&g, "body", dbk_bytes_span(&s.body));
    dbk_hash hash = dbk_header_hash(&s.header);
    put_hash(&g, "header hash", &hash);
    put_kept(&g, &s);
    put_dropped(&g, &s, env);
    golden_end(&g);
    golden_file(CORPUS "header/two-ops", dbk_span_of(header, sizeof(header)));
    body[0] = (uint8_t)(s.header.count - 1);
    memcpy(body + 1, s.body.p, s.body.len);
    golden_file(CORPUS "body/two-ops", dbk_span_of(body, 1 + s.body.len));
    segment_wipe(&s);
}

/* A log of seven leaves, each a number. */
typedef struct small_log {
    dbk_hash nodes[3][8];
    dbk_frontier frontier;
} small_log;

static void keep(void *ctx, unsigned level, uint64_t index, const dbk_hash *node)
{
    ((small_log *)ctx)->nodes[level][index] = *node;
}

static dbk_rc give(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    (void)err;
    *out = ((small_log *)ctx)->nodes[level][index];
    return DBK_OK;
}

static void put_proof(golden *g, const char *name, const dbk_proof *p)
{
    golden_hex(g, name, dbk_span_of(p->nodes, p->count * sizeof(p->nodes[0])));
}

static void relay_key(dbk_secret **sk)
{
    uint8_t seed[crypto_sign_SEEDBYTES], pk[32];
    dbk_err err = { 0 };
    memset(seed, 7, sizeof(seed)); /* as in tests/fuzz/fuzz_checkpoint.c */
    assert_ok(dbk_secret_new(sk, 64, &err), &err);
    assert_int_equal(crypto_sign_seed_keypair(pk, dbk_secret_room(*sk), seed), 0);
}

/* C2SP cosignature/v1, by the key whose seed is 32 times 8. */
static void put_cosigned(golden *g, const dbk_checkpoint *c, const dbk_secret *relay)
{
    uint8_t seed[crypto_sign_SEEDBYTES], pk[32];
    dbk_secret *witness = NULL;
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    dbk_err err = { 0 };
    memset(seed, 8, sizeof(seed));
    assert_ok(dbk_secret_new(&witness, 64, &err), &err);
    assert_int_equal(crypto_sign_seed_keypair(pk, dbk_secret_room(witness), seed), 0);
    assert_ok(dbk_checkpoint_sign(&note, c, relay, &err), &err);
    assert_ok(dbk_checkpoint_cosign(&note, 1795803600, witness, &err), &err);
    golden_hex(g, "witness key (public), of seed 08..", dbk_span_of(pk, sizeof(pk)));
    golden_hex(g, "cosigned: the same at 1795803600 s by the key of seed 08..",
               dbk_bytes_span(&note));
    golden_file(CORPUS "checkpoint/cosigned", dbk_bytes_span(&note));
    dbk_secret_free(witness);
    dbk_bytes_wipe(&note);
}

static void put_checkpoint(golden *g, const dbk_secret *relay)
{
    dbk_checkpoint c;
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    dbk_err err = { 0 };
    memset(&c.org, 0x11, sizeof(c.org));
    memset(&c.space, 0x22, sizeof(c.space));
    memset(&c.log, 0x33, sizeof(c.log));
    c.size = 20852163;
    memset(&c.root, 0x44, sizeof(c.root));
    assert_ok(dbk_checkpoint_sign(&note, &c, relay, &err), &err);
    golden_hex(g, "checkpoint: org 11.., space 22.., log 33.., size 20852163, root 44..",
               dbk_bytes_span(&note));
    golden_file(CORPUS "checkpoint/relay-only", dbk_bytes_span(&note));
    assert_ok(dbk_bytes_append_str(&note, "\xe2\x80\x94 witness-01 AAAABBBB\n", &err), &err);
    golden_file(CORPUS "checkpoint/with-witness", dbk_bytes_span(&note));
    put_cosigned(g, &c, relay);
    dbk_bytes_wipe(&note);
}

/* Any key signs it: whose it is, the roster says. */
static void put_reach(golden *g, const dbk_secret *sign)
{
    uint8_t word[DBK_REACH_BYTES];
    const dbk_reach r = { .org = { { 0x11 } },
                          .space = { { 0x22 } },
                          .log = { { 0x33 } },
                          .size = 7,
                          .root = { { 0x44 } },
                          .device = { { 0x55 } },
                          .time_ms = 1763949600007u,
                          .whole = true };
    dbk_reach_sign(word, &r, sign);
    golden_hex(
        g, "reach: org 1100.., space 2200.., log 3300.., size 7, root 4400.., device 5500.., whole",
        dbk_span_of(word, sizeof(word)));
    golden_file("tests/fuzz/corpus/reach/word", dbk_span_of(word, sizeof(word)));
}

static void the_log_proves_with_these_bytes(void **state)
{
    fixed_source source;
    small_log log;
    dbk_secret *relay;
    dbk_proof proof;
    dbk_bytes frontier = DBK_BYTES_INIT(512);
    golden g;
    dbk_err err = { 0 };
    (void)state;
    (void)fixed_source_init(&source, 3);
    golden_begin(&g, "tests/vectors/log.json");
    dbk_frontier_init(&log.frontier);
    dbk_hash empty = dbk_frontier_root(&log.frontier, DBK_TREE_LOG);
    put_hash(&g, "root of 0 leaves", &empty);
    for (uint8_t i = 0; i < 7; i++) {
        dbk_hash header_hash;
        memset(&header_hash, i, sizeof(header_hash));
        dbk_hash leaf = dbk_log_leaf(1763949600000u + i, &header_hash);
        if (i == 2)
            put_hash(&g, "leaf 2: receipt 1763949600002, header hash 02..", &leaf);
        dbk_frontier_add(&log.frontier, DBK_TREE_LOG, &leaf, keep, &log);
        dbk_hash root = dbk_frontier_root(&log.frontier, DBK_TREE_LOG);
        if (i == 2)
            put_hash(&g, "root of 3 leaves", &root);
        if (i == 6)
            put_hash(&g, "root of 7 leaves", &root);
    }
    assert_ok(dbk_frontier_encode(&frontier, &log.frontier, &err), &err);
    golden_hex(&g, "frontier of 7 leaves", dbk_bytes_span(&frontier));
    assert_ok(dbk_tree_inclusion(&proof, DBK_TREE_LOG, 2, 7, give, &log, &err), &err);
    put_proof(&g, "inclusion of leaf 2 in 7", &proof);
    assert_ok(dbk_tree_consistency(&proof, DBK_TREE_LOG, 3, 7, give, &log, &err), &err);
    put_proof(&g, "consistency of 3 and 7", &proof);
    relay_key(&relay);
    put_secret(&g, "relay key (seed, public key)", relay);
    dbk_receipt_scope scope = { { { 0x11 } }, { { 0x22 } }, { { 0x44 } } };
    dbk_receipt r = { .log = { { 0x33 } }, .index = 2, .receipt_ms = 1763949600002u };
    dbk_receipt_sign(&r, &scope, relay);
    golden_hex(&g, "receipt: org 1100.., space 2200.., log 3300.., index 2, hash 4400..",
               dbk_span_of(r.sig.b, sizeof(r.sig.b)));
    put_checkpoint(&g, relay);
    put_reach(&g, relay);
    golden_end(&g);
    dbk_secret_free(relay);
    dbk_bytes_wipe(&frontier);
}

static void put_dictionary(golden *g)
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/test/dictionary");
    dbk_hasher_add(&h, dbk_span_of(dbk_notes_1_tables, DBK_NOTES_1_TABLES_BYTES));
    dbk_hasher_add(&h, dbk_span_of(dbk_notes_1_ops, DBK_NOTES_1_OPS_BYTES));
    dbk_hasher_add(&h, dbk_span_of(dbk_blob_notes_1, dbk_blob_notes_1_len));
    dbk_hash hash = dbk_hasher_end(&h);
    put_hash(g, "hash of dictionary notes-1, label daybook/test/dictionary", &hash);
}

/* What one zstd wrote, every later one must open: so this text is an input, and not made anew. */
static const char packed_note[] =
    "020000002528b52ffd2098e50000106e7908dc0c2763a2430c3135474d4ccb54090267d095fa54e6ab04";
static const char note[] =
    "I telephoned the family to give an update on the investigation. They asked when they could "
    "have the mobile phone back. Next contact agreed for Thursday.";

static void put_packed(golden *g)
{
    uint8_t packed[256];
    dbk_packer *p;
    dbk_bytes plain = DBK_BYTES_INIT(DBK_SEAL_PLAIN_BYTES_MAX);
    dbk_err err = { 0 };
    memset(packed, 0, sizeof(packed));
    assert_ok(dbk_packer_new(&p, &err), &err);
    assert_ok(dbk_hex_parse(packed, strlen(packed_note) / 2, packed_note, &err), &err);
    assert_ok(dbk_unpack(p, &plain, dbk_span_of(packed, sizeof(packed)), &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&plain), dbk_span_str(note)));
    golden_text(g, "note", note);
    golden_text(g, "that note packed by zstd 1.5.4, without its zeros up to 256", packed_note);
    golden_file(CORPUS "frame/notes-1", dbk_span_of(packed, sizeof(packed)));
    size_t len = dbk_pack(p, packed, dbk_span_of(plain_0, sizeof(plain_0)));
    golden_hex(g, "op 0 of segment.json packed", dbk_span_of(packed, len));
    golden_file(CORPUS "frame/stored", dbk_span_of(packed, len));
    dbk_packer_free(p);
    dbk_bytes_wipe(&plain);
}

static void put_wrap_and_label(golden *g, const dbk_env *env)
{
    uint8_t kem[32], wrap[DBK_WRAP_BYTES];
    dbk_secret *sk, *key;
    dbk_epoch epoch;
    dbk_wrap_scope wrap_scope = { { { 0x11 } }, { { 0x22 } }, { { 0x33 } }, 1 };
    dbk_label_scope label_scope = { { { 0x11 } }, { { 0x33 } } };
    dbk_bytes label = DBK_BYTES_INIT(DBK_LABEL_SEALED_BYTES_MAX);
    dbk_err err = { 0 };
    assert_ok(dbk_kem_keypair(kem, &sk, env, &err), &err);
    assert_ok(dbk_epoch_new(&key, &epoch, 1, env, &err), &err);
    put_secret(g, "kem secret key", sk);
    golden_hex(g, "kem public key", dbk_span_of(kem, sizeof(kem)));
    put_secret(g, "epoch key", key);
    put_id(g, "key id", &epoch.key_id);
    put_hash(g, "key commitment", &epoch.commitment);
    assert_ok(dbk_wrap_seal(wrap, key, &wrap_scope, kem, env, &err), &err);
    golden_hex(g, "wrap: org 1100.., space 2200.., device 3300.., epoch 1",
               dbk_span_of(wrap, sizeof(wrap)));
    assert_ok(dbk_label_seal(&label, dbk_span_str("PC 4711"), &label_scope, key, env, &err), &err);
    golden_hex(g, "label PC 4711: org 1100.., subject 3300..", dbk_bytes_span(&label));
    dbk_secret_free(sk);
    dbk_secret_free(key);
    dbk_bytes_wipe(&label);
}

static void put_slots(golden *g, const dbk_env *env)
{
    static const dbk_kdf_cost cost = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES };
    dbk_bytes file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_secret *passphrase, *key;
    dbk_err err = { 0 };
    assert_ok(dbk_secret_from(&passphrase, dbk_span_str("six random words for this"), &err), &err);
    assert_ok(dbk_slots_create(&file, &key, passphrase, &cost, env, &err), &err);
    put_secret(g, "store key", key);
    golden_hex(g, "slot file: passphrase 'six random words for this', 2 passes, 64 MiB",
               dbk_bytes_span(&file));
    golden_file(CORPUS "slots/one", dbk_bytes_span(&file));
    dbk_secret_free(passphrase);
    dbk_secret_free(key);
    dbk_bytes_wipe(&file);
}

/* Slot 0 is taken as it is: no derivation. */
static void put_recovery_slot(golden *g, const dbk_env *env)
{
    static const dbk_kdf_cost cost = DBK_KDF_COST_FLOOR;
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX), file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_recovery_to to = { .device = { { 0x33 } } };
    dbk_secret *passphrase, *key, *sk;
    dbk_err err = { 0 };
    assert_ok(dbk_secret_from(&passphrase, dbk_span_str("six random words for this"), &err), &err);
    assert_ok(dbk_slots_create(&old, &key, passphrase, &cost, env, &err), &err);
    assert_ok(dbk_kem_keypair(to.key, &sk, env, &err), &err);
    assert_ok(dbk_slots_put_recovery(&file, dbk_bytes_span(&old), key, &to, env, &err), &err);
    put_secret(g, "recovery: store key", key);
    put_secret(g, "recovery: secret key", sk);
    golden_hex(g, "recovery: slot file of two slots, device 3300..", dbk_bytes_span(&file));
    golden_file(CORPUS "slots/two", dbk_bytes_span(&file));
    dbk_secret_free(passphrase);
    dbk_secret_free(key);
    dbk_secret_free(sk);
    dbk_bytes_wipe(&old);
    dbk_bytes_wipe(&file);
}

static void put_invite_and_join(golden *g, const dbk_env *env)
{
    dbk_invite invite = { .role = DBK_ROLE_OFFICER, .expires_ms = 1764036000000u };
    dbk_join join = { .name = "FLO laptop 7" };
    dbk_secret *root, *relay, *sign, *request, *kem;
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes sealed = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    char shown[DBK_INVITE_TEXT_BYTES_MAX + 1] = "";
    dbk_err err = { 0 };
    assert_ok(dbk_sign_keypair(&invite.root, &root, env, &err), &err);
    assert_ok(dbk_sign_keypair(&invite.relay, &relay, env, &err), &err);
    assert_ok(dbk_sign_keypair(&join.keys.sign, &sign, env, &err), &err);
    assert_ok(dbk_sign_keypair(&join.keys.request, &request, env, &err), &err);
    assert_ok(dbk_kem_keypair(join.keys.kem, &kem, env, &err), &err);
    strncpy(invite.relay_url, "https://relay.example.org", DBK_URL_BYTES_MAX);
    assert_ok(dbk_invite_new(&invite, env, &err), &err);
    assert_ok(dbk_invite_print(&text, &invite, &err), &err);
    memcpy(shown, text.p, text.len);
    golden_text(g, "invite", shown);
    golden_file(CORPUS "invite/officer", dbk_bytes_span(&text));
    put_secret(g, "device sign key (seed, public key)", sign);
    put_secret(g, "device request key (seed, public key)", request);
    golden_hex(g, "device kem public key", dbk_span_of(join.keys.kem, 32));
    dbk_join_secrets secrets = { sign, request, NULL };
    assert_ok(dbk_join_seal(&sealed, &join, &invite, &secrets, env, &err), &err);
    golden_hex(g, "join request", dbk_bytes_span(&sealed));
    dbk_secret *const all[] = { root, relay, sign, request, kem };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        dbk_secret_free(all[i]);
    dbk_invite_wipe(&invite);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&sealed);
}

static void keys_and_names_are_sealed_to_these_bytes(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 5);
    golden g;
    (void)state;
    golden_begin(&g, "tests/vectors/seal.json");
    put_dictionary(&g);
    put_packed(&g);
    put_wrap_and_label(&g, env);
    put_slots(&g, env);
    put_invite_and_join(&g, env);
    put_recovery_slot(&g, env);
    golden_end(&g);
}

/* The inside of a join request for the invite that tests/fuzz/fuzz_join.c knows. */
static void the_corpus_of_join_requests_opens(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 6);
    uint8_t fives[32], aad[DBK_PREFIX_BYTES_MAX + 32], plain[DBK_JOIN_BYTES_MAX];
    dbk_invite invite = { 0 };
    dbk_join join = { .name = "tablet 3" }, got;
    dbk_secret *sign, *request, *kem;
    dbk_bytes sealed = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    memset(fives, 5, sizeof(fives));
    memcpy(invite.root.b, fives, 32);
    memcpy(invite.id.b, fives, 16);
    assert_ok(dbk_secret_from(&invite.secret, dbk_span_of(fives, 32), &err), &err);
    assert_ok(dbk_sign_keypair(&join.keys.sign, &sign, env, &err), &err);
    assert_ok(dbk_sign_keypair(&join.keys.request, &request, env, &err), &err);
    assert_ok(dbk_kem_keypair(join.keys.kem, &kem, env, &err), &err);
    dbk_join_secrets secrets = { sign, request, NULL };
    assert_ok(dbk_join_seal(&sealed, &join, &invite, &secrets, env, &err), &err);
    assert_ok(dbk_join_open(&got, dbk_bytes_span(&sealed), &invite, &err), &err);
    dbk_id org = dbk_org_id(&invite.root);
    dbk_hash key = dbk_hash_of("daybook/join/1", dbk_secret_bytes(invite.secret));
    size_t n = dbk_label_prefix(aad, "daybook/join-aad/1");
    memcpy(aad + n, invite.id.b, 16);
    memcpy(aad + n + 16, org.b, 16);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.p + 24,
                                                                sealed.len - 24, aad, n + 32,
                                                                sealed.p, key.b),
                     0);
    golden_file(CORPUS "join/officer", dbk_span_of(plain, sealed.len - 40));
    dbk_secret_free(sign);
    dbk_secret_free(request);
    dbk_secret_free(kem);
    dbk_invite_wipe(&invite);
    dbk_bytes_wipe(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_labels_are_these_and_hash_so),
        cmocka_unit_test(a_segment_is_sealed_to_these_bytes),
        cmocka_unit_test(the_log_proves_with_these_bytes),
        cmocka_unit_test(keys_and_names_are_sealed_to_these_bytes),
        cmocka_unit_test(the_corpus_of_join_requests_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
