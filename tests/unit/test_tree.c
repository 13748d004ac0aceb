#include "tests/lib/test.h"

#include <string.h>

#include "core/crypto/hash.h"
#include "core/crypto/tree.h"

#define LEAVES 65u
#define LABEL DBK_TREE_LOG

/* The definitions of RFC 6962 section 2.1, by recursion and from the leaves: slow and plain. */
static dbk_hash leaves[LEAVES];

static size_t half(size_t n)
{
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static dbk_hash mth(size_t lo, size_t hi)
{
    if (hi == lo)
        return dbk_hash_of(LABEL, (dbk_span){ NULL, 0 });
    if (hi - lo == 1)
        return leaves[lo];
    size_t k = half(hi - lo);
    dbk_hash left = mth(lo, lo + k), right = mth(lo + k, hi);
    return dbk_tree_node(LABEL, &left, &right);
}

static void push(dbk_proof *p, dbk_hash node)
{
    p->nodes[p->count++] = node;
}

static void path(dbk_proof *p, size_t m, size_t lo, size_t hi)
{
    if (hi - lo == 1)
        return;
    size_t k = half(hi - lo);
    if (m < k) {
        path(p, m, lo, lo + k);
        push(p, mth(lo + k, hi));
    } else {
        path(p, m - k, lo + k, hi);
        push(p, mth(lo, lo + k));
    }
}

static void subproof(dbk_proof *p, size_t m, size_t lo, size_t hi, bool whole)
{
    if (m == hi - lo) {
        if (!whole)
            push(p, mth(lo, hi));
        return;
    }
    size_t k = half(hi - lo);
    if (m <= k) {
        subproof(p, m, lo, lo + k, whole);
        push(p, mth(lo + k, hi));
    } else {
        subproof(p, m - k, lo + k, hi, false);
        push(p, mth(lo, lo + k));
    }
}

/* What a log stores: the root of each perfect subtree. */
typedef struct node_store {
    dbk_hash nodes[7][LEAVES];
    bool have[7][LEAVES];
} node_store;

static node_store store;

static void store_node(void *ctx, unsigned level, uint64_t index, const dbk_hash *node)
{
    node_store *s = ctx;
    assert_true(level < 7);
    assert_false(s->have[level][index]); /* each is completed once */
    s->have[level][index] = true;
    s->nodes[level][index] = *node;
}

static dbk_rc fetch_node(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    node_store *s = ctx;
    if (level >= 7 || index >= LEAVES || !s->have[level][index])
        return dbk_fail(err, DBK_NOT_FOUND, "no node at %u, %u", level, (unsigned)index);
    *out = s->nodes[level][index];
    return DBK_OK;
}

static int set_up(void **state)
{
    dbk_frontier f;
    (void)state;
    if (dbk_crypto_init(NULL) != DBK_OK)
        return -1;
    memset(&store, 0, sizeof(store));
    dbk_frontier_init(&f);
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t data[2] = { (uint8_t)i, 7 };
        leaves[i] = dbk_tree_leaf(LABEL, dbk_span_of(data, sizeof(data)));
        dbk_frontier_add(&f, LABEL, &leaves[i], store_node, &store);
    }
    return 0;
}

static void assert_same_proof(const dbk_proof *got, const dbk_proof *want)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++)
        assert_true(dbk_hash_equal(&got->nodes[i], &want->nodes[i]));
}

static void the_frontier_gives_the_root_that_the_definition_gives(void **state)
{
    dbk_frontier f;
    dbk_err err = { 0 };
    (void)state;
    dbk_frontier_init(&f);
    for (size_t n = 0; n <= LEAVES; n++) {
        dbk_hash want = mth(0, n), got = dbk_frontier_root(&f, LABEL), stored;
        assert_true(dbk_hash_equal(&got, &want));
        assert_ok(dbk_tree_root(&stored, LABEL, n, fetch_node, &store, &err), &err);
        assert_true(dbk_hash_equal(&stored, &want));
        if (n < LEAVES)
            dbk_frontier_add(&f, LABEL, &leaves[n], NULL, NULL);
    }
}

static void a_log_stores_each_perfect_subtree_once(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 7; level++) {
        for (size_t i = 0; i < LEAVES; i++) {
            size_t lo = i << level, hi = (i + 1) << level;
            assert_int_equal(store.have[level][i], hi <= LEAVES);
            if (hi > LEAVES)
                continue;
            dbk_hash want = mth(lo, hi);
            assert_true(dbk_hash_equal(&store.nodes[level][i], &want));
        }
    }
}

static void inclusion_proofs_are_the_definitions_and_check_for_their_place_only(void **state)
{
    dbk_proof got, want;
    dbk_err err = { 0 };
    (void)state;
    for (size_t n = 1; n <= LEAVES; n++) {
        dbk_hash root = mth(0, n);
        for (size_t m = 0; m < n; m++) {
            memset(&want, 0, sizeof(want));
            path(&want, m, 0, n);
            assert_ok(dbk_tree_inclusion(&got, LABEL, m, n, fetch_node, &store, &err), &err);
            assert_same_proof(&got, &want);
            assert_true(dbk_tree_check_inclusion(&got, LABEL, &leaves[m], m, n, &root));
            size_t other = (m + 1) % n;
            if (n > 1) {
                assert_false(dbk_tree_check_inclusion(&got, LABEL, &leaves[other], m, n, &root));
                assert_false(dbk_tree_check_inclusion(&got, LABEL, &leaves[m], other, n, &root));
            }
            assert_false(dbk_tree_check_inclusion(&got, LABEL, &leaves[m], n, n, &root));
            /* In a tree of more levels the path would be longer. */
            assert_false(dbk_tree_check_inclusion(&got, LABEL, &leaves[m], m, 4 * n, &root));
        }
    }
}

static void an_inclusion_proof_with_a_node_changed_added_or_missing_proves_nothing(void **state)
{
    static const size_t sizes[] = { 2, 3, 7, 8, 13, 64, 65 };
    dbk_proof p;
    dbk_err err = { 0 };
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        size_t n = sizes[s];
        dbk_hash root = mth(0, n);
        for (size_t m = 0; m < n; m++) {
            assert_ok(dbk_tree_inclusion(&p, LABEL, m, n, fetch_node, &store, &err), &err);
            for (size_t i = 0; i < p.count; i++) {
                p.nodes[i].b[i] ^= 1;
                assert_false(dbk_tree_check_inclusion(&p, LABEL, &leaves[m], m, n, &root));
                p.nodes[i].b[i] ^= 1;
            }
            p.count++; /* of the zeros behind it */
            assert_false(dbk_tree_check_inclusion(&p, LABEL, &leaves[m], m, n, &root));
            p.count -= 2;
            assert_false(dbk_tree_check_inclusion(&p, LABEL, &leaves[m], m, n, &root));
        }
    }
}

static void consistency_proofs_are_the_definitions_and_bind_both_roots(void **state)
{
    dbk_proof got, want;
    dbk_err err = { 0 };
    (void)state;
    for (size_t n = 0; n <= LEAVES; n++) {
        dbk_hash new_root = mth(0, n);
        for (size_t m = 0; m <= n; m++) {
            dbk_hash old_root = mth(0, m);
            memset(&want, 0, sizeof(want));
            if (m > 0 && m < n)
                subproof(&want, m, 0, n, true);
            assert_ok(dbk_tree_consistency(&got, LABEL, m, n, fetch_node, &store, &err), &err);
            assert_same_proof(&got, &want);
            assert_true(dbk_tree_check_consistency(&got, LABEL, m, &old_root, n, &new_root));
            if (m > 0)
                assert_false(
                    dbk_tree_check_consistency(&got, LABEL, m, &old_root, 4 * n, &new_root));
            old_root.b[0] ^= 1;
            assert_false(dbk_tree_check_consistency(&got, LABEL, m, &old_root, n, &new_root));
            old_root.b[0] ^= 1;
            new_root.b[31] ^= 1;
            /* Every tree grows from the empty one: that says nothing about the new root. */
            assert_int_equal(dbk_tree_check_consistency(&got, LABEL, m, &old_root, n, &new_root),
                             m == 0 && n > 0);
            new_root.b[31] ^= 1;
        }
    }
}

static void a_consistency_proof_with_one_thing_wrong_proves_nothing(void **state)
{
    dbk_proof p;
    dbk_err err = { 0 };
    (void)state;
    for (size_t n = 2; n <= LEAVES; n += 3) {
        dbk_hash new_root = mth(0, n);
        for (size_t m = 1; m < n; m++) {
            dbk_hash old_root = mth(0, m);
            assert_ok(dbk_tree_consistency(&p, LABEL, m, n, fetch_node, &store, &err), &err);
            for (size_t i = 0; i < p.count; i++) {
                p.nodes[i].b[9] ^= 0x80;
                assert_false(dbk_tree_check_consistency(&p, LABEL, m, &old_root, n, &new_root));
                p.nodes[i].b[9] ^= 0x80;
            }
            p.count++;
            assert_false(dbk_tree_check_consistency(&p, LABEL, m, &old_root, n, &new_root));
            p.count -= 2;
            assert_false(dbk_tree_check_consistency(&p, LABEL, m, &old_root, n, &new_root));
            p.count = 0; /* M43 */
            assert_false(dbk_tree_check_consistency(&p, LABEL, m, &old_root, n, &new_root));
            /* M37: a smaller tree is never consistent. */
            assert_false(dbk_tree_check_consistency(&p, LABEL, n, &new_root, m, &old_root));
        }
        /* M38: one size, two roots. */
        dbk_hash other = new_root;
        other.b[0] ^= 1;
        p.count = 0;
        assert_false(dbk_tree_check_consistency(&p, LABEL, n, &new_root, n, &other));
    }
}

/* M43: a node offered as a leaf, and a tree of ops as a log. */
static void leaves_nodes_and_trees_are_told_apart(void **state)
{
    uint8_t pair[64];
    dbk_proof empty = { .count = 0 };
    (void)state;
    memcpy(pair, leaves[0].b, 32);
    memcpy(pair + 32, leaves[1].b, 32);
    dbk_hash node = dbk_tree_node(LABEL, &leaves[0], &leaves[1]);
    dbk_hash leaf = dbk_tree_leaf(LABEL, dbk_span_of(pair, sizeof(pair)));
    dbk_hash ops = dbk_tree_node(DBK_TREE_OPS, &leaves[0], &leaves[1]);
    assert_false(dbk_hash_equal(&node, &leaf));
    assert_false(dbk_hash_equal(&node, &ops));
    assert_false(dbk_tree_check_inclusion(&empty, LABEL, &leaf, 0, 1, &node));
    assert_true(dbk_tree_check_inclusion(&empty, LABEL, &node, 0, 1, &node));
}

static void a_frontier_is_read_strictly(void **state)
{
    dbk_frontier f, got, zero = { 0 };
    dbk_bytes bytes = DBK_BYTES_INIT(8 + 32 * DBK_TREE_LEVELS_MAX);
    dbk_err err = { 0 };
    (void)state;
    dbk_frontier_init(&f);
    for (size_t n = 0; n < LEAVES; n++) {
        dbk_bytes_truncate(&bytes, 0);
        assert_ok(dbk_frontier_encode(&bytes, &f, &err), &err);
        assert_ok(dbk_frontier_decode(&got, dbk_bytes_span(&bytes), &err), &err);
        dbk_hash a = dbk_frontier_root(&f, LABEL), b = dbk_frontier_root(&got, LABEL);
        assert_int_equal(got.size, n);
        assert_true(dbk_hash_equal(&a, &b));
        for (size_t len = 0; len < bytes.len; len++) {
            assert_int_equal(dbk_frontier_decode(&got, dbk_span_of(bytes.p, len), NULL),
                             DBK_FORMAT);
            assert_memory_equal(&got, &zero, sizeof(got));
        }
        assert_ok(dbk_bytes_append_u8(&bytes, 0, &err), &err);
        assert_int_equal(dbk_frontier_decode(&got, dbk_bytes_span(&bytes), NULL), DBK_FORMAT);
        dbk_frontier_add(&f, LABEL, &leaves[n], NULL, NULL);
    }
    static const uint8_t huge[8] = { 0x40, 0, 0, 0, 0, 0, 0, 1 };
    assert_int_equal(dbk_frontier_decode(&got, dbk_span_of(huge, sizeof(huge)), NULL), DBK_FORMAT);
    dbk_bytes_wipe(&bytes);
}

static void what_no_tree_has_is_not_proved(void **state)
{
    dbk_proof p, zero = { .count = 0 };
    dbk_hash root;
    dbk_err err = { 0 };
    (void)state;
    assert_rc(dbk_tree_inclusion(&p, LABEL, 5, 5, fetch_node, &store, &err), DBK_LIMIT, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_tree_consistency(&p, LABEL, 6, 5, fetch_node, &store, &err), DBK_LIMIT, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_tree_root(&root, LABEL, DBK_TREE_SIZE_MAX + 1, fetch_node, &store, &err),
              DBK_LIMIT, &err);
    dbk_err_clear(&err);
    /* A log that has lost a node says so, and gives no half proof. */
    store.have[1][3] = false;
    assert_rc(dbk_tree_inclusion(&p, LABEL, 4, 8, fetch_node, &store, &err), DBK_NOT_FOUND, &err);
    assert_int_equal(p.count, 0);
    dbk_err_clear(&err);
    assert_rc(dbk_tree_consistency(&p, LABEL, 6, 8, fetch_node, &store, &err), DBK_NOT_FOUND, &err);
    store.have[1][3] = true;
    assert_memory_equal(&p, &zero, sizeof(p));
}

/* The longest proofs that can be, from a log that pretends to hold every node. */
static dbk_rc any_node(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    (void)ctx;
    (void)err;
    memset(out, 0, sizeof(*out));
    out->b[0] = (uint8_t)level;
    out->b[1] = (uint8_t)index;
    return DBK_OK;
}

static void no_proof_is_longer_than_its_array(void **state)
{
    static const uint64_t max = DBK_TREE_SIZE_MAX;
    const uint64_t sizes[] = { max, max - 1, max / 2 + 1, max / 3, 0x2aaaaaaaaaaaaaaau };
    dbk_proof p;
    dbk_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const uint64_t places[] = { 0, 1, sizes[i] / 2, sizes[i] - 2, sizes[i] - 1 };
        for (size_t j = 0; j < ARRAY_LEN(places); j++) {
            assert_ok(dbk_tree_inclusion(&p, LABEL, places[j], sizes[i], any_node, NULL, &err),
                      &err);
            assert_true(p.count <= DBK_TREE_PROOF_MAX);
            assert_ok(dbk_tree_consistency(&p, LABEL, places[j], sizes[i], any_node, NULL, &err),
                      &err);
            assert_true(p.count <= DBK_TREE_PROOF_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frontier_gives_the_root_that_the_definition_gives),
        cmocka_unit_test(a_log_stores_each_perfect_subtree_once),
        cmocka_unit_test(inclusion_proofs_are_the_definitions_and_check_for_their_place_only),
        cmocka_unit_test(an_inclusion_proof_with_a_node_changed_added_or_missing_proves_nothing),
        cmocka_unit_test(consistency_proofs_are_the_definitions_and_bind_both_roots),
        cmocka_unit_test(a_consistency_proof_with_one_thing_wrong_proves_nothing),
        cmocka_unit_test(leaves_nodes_and_trees_are_told_apart),
        cmocka_unit_test(a_frontier_is_read_strictly),
        cmocka_unit_test(what_no_tree_has_is_not_proved),
        cmocka_unit_test(no_proof_is_longer_than_its_array),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
