/* Golden vectors of snapshots (docs/format/snapshot.md), and their codec: whatever is cut off or
 * changed is refused, or says just as much. */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/snapshot_stream.h"
#include "core/seal/snapshot_seal.h"
#include "core/seal/wrap.h"

#define CORPUS "tests/fuzz/corpus/"

/* ---- the plaintext ------------------------------------------------------------------------- */

static void put_header(uint8_t out[DBK_SEGMENT_HEADER_BYTES], const dbk_env *env, uint64_t seq)
{
    dbk_header h = { .count = 2, .first_seq = seq, .body_len = 64 };
    uint8_t *const random[] = { h.space.b, h.feed.b, h.incarnation.b, h.key_id.b, h.salt };
    for (size_t i = 0; i < ARRAY_LEN(random); i++)
        env->random(env->self, random[i], 16);
    env->random(env->self, h.members_seen.b, 32);
    env->random(env->self, h.op_root.b, 32);
    env->random(env->self, h.sig.b, 64);
    if (seq > 1)
        env->random(env->self, h.prev.b, 32);
    dbk_header_encode(out, &h);
}

/* Two segments, one of which stands aside; a record with an op of each. */
static void make_plain(dbk_bytes *out, const dbk_env *env)
{
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_bytes ops = DBK_BYTES_INIT(64);
    dbk_err err = { 0 };
    dbk_snap_segment s = { .fate = DBK_SNAP_MISFIT, .receipt_ms = 1764036000000u };
    put_header(header, env, 1);
    s.header = dbk_span_of(header, sizeof(header));
    assert_ok(dbk_snap_put_segment(out, &s, &err), &err);
    put_header(header, env, 3);
    s = (dbk_snap_segment){ .fate = DBK_SNAP_ASIDE,
                            .receipt_ms = 1764036000001u,
                            .header = dbk_span_of(header, sizeof(header)),
                            .body = dbk_span_str("a sealed body") };
    assert_ok(dbk_snap_put_segment(out, &s, &err), &err);
    assert_ok(dbk_snap_put_op(&ops, &(dbk_snap_op){ 0, 1 }, &err), &err);
    assert_ok(dbk_snap_put_op(&ops, &(dbk_snap_op){ 1, 0 }, &err), &err);
    const dbk_snap_record r = { { { 7 } }, dbk_span_str("a state"), dbk_bytes_span(&ops) };
    assert_ok(dbk_snap_put_record(out, &r, &err), &err);
    assert_ok(dbk_snap_put_end(out, 2, 1, &err), &err);
    dbk_bytes_wipe(&ops);
}

/* What is read is written again. */
typedef struct copy {
    dbk_bytes out;
    size_t items;
} copy;

static dbk_rc copy_segment(void *ctx, const dbk_snap_segment *s, dbk_err *err)
{
    copy *c = ctx;
    c->items++;
    return dbk_snap_put_segment(&c->out, s, err);
}

static dbk_rc copy_record(void *ctx, const dbk_snap_record *r, dbk_err *err)
{
    copy *c = ctx;
    c->items++;
    return dbk_snap_put_record(&c->out, r, err);
}

/* In parts of `step` bytes. True: it was taken, and is the same when it is written again. */
static bool reads(dbk_span plain, size_t step)
{
    copy c = { .out = DBK_BYTES_INIT(64 * 1024) };
    const dbk_snap_sink sink = { copy_segment, copy_record, &c };
    dbk_snap_reader r;
    dbk_rc rc = DBK_OK;
    dbk_snap_reader_init(&r, &sink);
    for (size_t at = 0; at < plain.len && rc == DBK_OK; at += step)
        rc = dbk_snap_read(
            &r, dbk_span_of(plain.p + at, plain.len - at < step ? plain.len - at : step), NULL);
    if (rc == DBK_OK)
        rc = dbk_snap_read_end(&r, NULL);
    if (rc == DBK_OK) {
        (void)!dbk_snap_put_end(&c.out, r.segments, r.records, NULL);
        assert_true(dbk_span_equal(dbk_bytes_span(&c.out), plain));
    }
    dbk_snap_reader_wipe(&r);
    dbk_bytes_wipe(&c.out);
    return rc == DBK_OK;
}

static void a_plaintext_reads_in_parts_of_any_length_and_no_other(void **state)
{
    fixed_source source;
    dbk_bytes plain = DBK_BYTES_INIT(4096);
    (void)state;
    make_plain(&plain, fixed_source_init(&source, 39));
    for (size_t step = 1; step <= plain.len; step++)
        assert_true(reads(dbk_bytes_span(&plain), step));
    for (size_t len = 0; len < plain.len; len++)
        assert_false(reads(dbk_span_of(plain.p, len), plain.len));
    for (size_t bit = 0; bit < 8 * plain.len; bit++) {
        plain.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)reads(dbk_bytes_span(&plain), plain.len); /* refused, or says just that */
        plain.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_bytes_wipe(&plain);
}

/* What a proper writer never writes. */
static void what_has_two_meanings_is_refused(void **state)
{
    fixed_source source;
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_bytes plain = DBK_BYTES_INIT(4096);
    dbk_err err = { 0 };
    (void)state;
    put_header(header, fixed_source_init(&source, 1), 1);
    const dbk_snap_segment s = { .fate = DBK_SNAP_MERGED,
                                 .header = dbk_span_of(header, sizeof(header)) };
    static const struct {
        dbk_snap_op ops[2];
        uint8_t first, second; /* records' ids; 0: none */
        uint64_t segments;
    } wrong[] = {
        { { { 0, 0 }, { 0, 0 } }, 7, 0, 1 },  /* one op twice */
        { { { 0, 1 }, { 0, 0 } }, 7, 0, 1 },  /* not in order */
        { { { 0, 0 }, { 1, 0 } }, 7, 0, 1 },  /* of a segment that isn't there */
        { { { 0, 0 }, { 0, 64 } }, 7, 0, 1 }, /* of a place that none has */
        { { { 0, 0 }, { 0, 1 } }, 7, 7, 1 },  /* a record twice */
        { { { 0, 0 }, { 0, 1 } }, 7, 6, 1 },  /* records not in order */
        { { { 0, 0 }, { 0, 1 } }, 7, 0, 2 },  /* another number of segments */
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        dbk_bytes ops = DBK_BYTES_INIT(64);
        dbk_bytes_truncate(&plain, 0);
        assert_ok(dbk_snap_put_segment(&plain, &s, &err), &err);
        assert_ok(dbk_snap_put_op(&ops, &wrong[i].ops[0], &err), &err);
        assert_ok(dbk_snap_put_op(&ops, &wrong[i].ops[1], &err), &err);
        dbk_snap_record r = { { { wrong[i].first } }, dbk_span_str("s"), dbk_bytes_span(&ops) };
        assert_ok(dbk_snap_put_record(&plain, &r, &err), &err);
        r.record.b[0] = wrong[i].second;
        if (wrong[i].second != 0)
            assert_ok(dbk_snap_put_record(&plain, &r, &err), &err);
        assert_ok(dbk_snap_put_end(&plain, wrong[i].segments, wrong[i].second != 0 ? 2 : 1, &err),
                  &err);
        if (reads(dbk_bytes_span(&plain), plain.len))
            fail_msg("row %zu is taken", i);
        dbk_bytes_wipe(&ops);
    }
    dbk_bytes_wipe(&plain);
}

/* ---- vectors ------------------------------------------------------------------------------- */

static void put_keys(golden *g, dbk_keyring *ring, dbk_manifest *m, dbk_id ids[2],
                     const dbk_env *env)
{
    dbk_err err = { 0 };
    for (uint64_t i = 0; i < 2; i++) {
        dbk_secret *key;
        dbk_epoch epoch;
        assert_ok(dbk_epoch_new(&key, &epoch, i + 1, env, &err), &err);
        const dbk_key_entry entry = { m->claim.space, i + 1, epoch.key_id };
        golden_hex(g, i == 0 ? "key of epoch 1" : "key of epoch 2", dbk_secret_bytes(key));
        ids[i] = epoch.key_id;
        assert_ok(dbk_keyring_add_take(ring, &entry, &key, &err), &err);
    }
    if (dbk_id_compare(&ids[0], &ids[1]) > 0) {
        const dbk_id first = ids[1];
        ids[1] = ids[0];
        ids[0] = first;
    }
    m->keys = ids;
    m->keys_count = 2;
}

/* Of bytes that don't get smaller, so that no version of zstd is part of the vector. */
static void put_chunk(golden *g, dbk_manifest *m, const dbk_secret *key, const dbk_env *env)
{
    uint8_t plain[40];
    dbk_chunker *chunker;
    dbk_frontier tree;
    dbk_err err = { 0 };
    dbk_bytes sealed = DBK_BYTES_INIT(DBK_CHUNK_BYTES_MAX);
    env->random(env->self, plain, sizeof(plain));
    assert_ok(dbk_chunker_new(&chunker, m->salt, key, &err), &err);
    assert_ok(dbk_chunk_seal(chunker, &sealed, 0, dbk_span_of(plain, sizeof(plain)), &err), &err);
    dbk_chunker_free(chunker);
    golden_hex(g, "chunk 0, inside", dbk_span_of(plain, sizeof(plain)));
    golden_hex(g, "chunk 0", dbk_bytes_span(&sealed));
    dbk_frontier_init(&tree);
    dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, dbk_bytes_span(&sealed));
    dbk_frontier_add(&tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
    m->chunks = 1;
    m->chunk_root = dbk_frontier_root(&tree, DBK_TREE_SNAPSHOT);
    dbk_bytes_wipe(&sealed);
}

static void put_signed(golden *g, dbk_manifest *m, const dbk_env *env)
{
    uint8_t word[DBK_CONFIRMATION_BYTES];
    dbk_sign_pk pk, second_pk;
    dbk_secret *sign, *second;
    dbk_manifest again;
    dbk_err err = { 0 };
    dbk_bytes out = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    assert_ok(dbk_sign_keypair(&pk, &sign, env, &err), &err);
    assert_ok(dbk_sign_keypair(&second_pk, &second, env, &err), &err);
    golden_hex(g, "maker's key", dbk_span_of(pk.b, sizeof(pk.b)));
    golden_hex(g, "confirmer's key", dbk_span_of(second_pk.b, sizeof(second_pk.b)));
    assert_ok(dbk_manifest_sign(&out, m, sign, &err), &err);
    golden_hex(g, "manifest", dbk_bytes_span(&out));
    golden_file(CORPUS "manifest/one", dbk_bytes_span(&out));
    assert_ok(dbk_manifest_decode(&again, dbk_bytes_span(&out), &err), &err);
    assert_true(dbk_claim_equal(&again.claim, &m->claim));
    dbk_confirmation_sign(word, &m->claim, &(dbk_id){ { 0x66 } }, 1764036000009u, second);
    golden_hex(g, "confirmation, by device 6600..", dbk_span_of(word, sizeof(word)));
    golden_file(CORPUS "manifest/word", dbk_span_of(word, sizeof(word)));
    dbk_secret_free(sign);
    dbk_secret_free(second);
    dbk_bytes_wipe(&out);
}

static void a_snapshot_is_these_bytes(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 39);
    golden g;
    dbk_id ids[2];
    dbk_keyring *ring;
    dbk_secret *key, *opened;
    dbk_err err = { 0 };
    dbk_bytes plain = DBK_BYTES_INIT(4096);
    dbk_manifest m = { .claim = { .org = { { 0x11 } },
                                  .space = { { 0x22 } },
                                  .log = { { 0x33 } },
                                  .size = 2,
                                  .root = { { 0x44 } },
                                  .members = { { 0x45 } },
                                  .state_hash = { { 0x46 } },
                                  .vector_hash = { { 0x47 } },
                                  .records = 1 },
                       .device = { { 0x55 } },
                       .made_ms = 1764036000005u,
                       .note = dbk_span_str("the relay's note") };
    (void)state;
    make_plain(&plain, env);
    golden_begin(&g, "tests/vectors/snapshot.json");
    golden_hex(&g, "plaintext", dbk_bytes_span(&plain));
    golden_file(CORPUS "snapshot/two-and-one", dbk_bytes_span(&plain));
    m.claim.plain_bytes = plain.len;
    m.claim.plain_hash = dbk_hash_of("daybook/snapshot-plain/1", dbk_bytes_span(&plain));
    env->random(env->self, m.salt, sizeof(m.salt));
    assert_ok(dbk_keyring_new(&ring, &err), &err);
    put_keys(&g, ring, &m, ids, env);
    assert_ok(dbk_secret_random(&key, 32, env, &err), &err);
    golden_hex(&g, "the snapshot's key", dbk_secret_bytes(key));
    put_chunk(&g, &m, key, env);
    assert_ok(dbk_snapshot_wrap(&m, key, ring, env, &err), &err);
    assert_ok(dbk_snapshot_unwrap(&opened, &m, ring, &err), &err);
    assert_true(dbk_equal_ct(dbk_secret_bytes(key), dbk_secret_bytes(opened)));
    put_signed(&g, &m, env);
    golden_end(&g);
    dbk_secret_free(key);
    dbk_secret_free(opened);
    dbk_keyring_free(ring);
    dbk_bytes_wipe(&plain);
}

static int start(void **state)
{
    (void)state;
    return dbk_crypto_init(NULL) == DBK_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plaintext_reads_in_parts_of_any_length_and_no_other),
        cmocka_unit_test(what_has_two_meanings_is_refused),
        cmocka_unit_test(a_snapshot_is_these_bytes),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
