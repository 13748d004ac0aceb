/* Golden vectors of the membership chain and of evidence: tests/lib/golden.h. All keys come from a
 * fixed stream and stand in the files: another program can check each step by them. */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/exhibit.h"

#define CORPUS "tests/fuzz/corpus/"

static void put_bytes(golden *g, const char *name, const void *p, size_t len)
{
    golden_hex(g, name, dbk_span_of(p, len));
}

static void put_secret(golden *g, const char *name, const dbk_secret *s)
{
    golden_hex(g, name, dbk_secret_bytes(s));
}

static void *room(size_t size)
{
    void *p = dbk_alloc(size);
    assert_non_null(p);
    return p;
}

/* ---- membership ---------------------------------------------------------------------------- */

/* Signs one entry and writes it; takes it, but for one that wants a second signature. */
static void put_entry(golden *g, const char *name, chain *c, const chain_entry *ce)
{
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    char path[128];
    dbk_err err = { 0 };
    bool by_root = ce->e.kind == DBK_ENTRY_GENESIS || ce->e.kind == DBK_ENTRY_RECOVERY;
    assert_ok(dbk_entry_sign(&bytes, &ce->e, by_root ? c->root : c->admin.admin, &err), &err);
    if (ce->e.kind != DBK_ENTRY_DISPOSE && ce->e.kind != DBK_ENTRY_FLOOR)
        assert_ok(dbk_roster_add(c->roster, dbk_bytes_span(&bytes), &err), &err);
    golden_hex(g, name, dbk_bytes_span(&bytes));
    snprintf(path, sizeof(path), CORPUS "entry/%s", name);
    golden_file(path, dbk_bytes_span(&bytes));
    dbk_bytes_wipe(&bytes);
}

/* GENESIS to ROTATE: a space that its officer leaves. */
static void put_members(golden *g, chain *c, chain_entry *ce, const chain_device *officer,
                        dbk_id *space)
{
    const chain_device *both[] = { officer, &c->admin }, *rest[] = { &c->admin };
    chain_genesis(ce, c);
    put_entry(g, "genesis", c, ce);
    chain_enrol(ce, c, officer);
    put_entry(g, "enrol", c, ce);
    chain_space(ce, c, both, 1);
    put_entry(g, "space", c, ce);
    *space = ce->e.space;
    chain_grant(ce, c, space, &c->admin);
    ce->e.expires_ms = 1764036000000u;
    put_entry(g, "grant", c, ce);
    chain_revoke(ce, c, officer, "lost");
    put_entry(g, "revoke", c, ce);
    chain_rotate(ce, c, space, rest, 1);
    put_entry(g, "rotate", c, ce);
}

/* POLICY to FLOOR: rules, a restored relay, the last member out, a person who stays out. */
static void put_rules(golden *g, chain *c, chain_entry *ce, const chain_device *officer,
                      const dbk_id *space)
{
    dbk_log_move log = { .space = *space, .old_size = 9 };
    chain_policy(ce, c);
    dbk_policy_keys *const lists[] = { &ce->e.policy.tls_pins, &ce->e.policy.witnesses,
                                       &ce->e.policy.recovery };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        lists[i]->count = i + 1;
        chain_random(c, lists[i]->b, (i + 1) * sizeof(lists[i]->b[0]));
    }
    put_entry(g, "policy", c, ce);
    chain_random(c, log.new_log.b, sizeof(log.new_log.b));
    chain_random(c, log.old_log.b, sizeof(log.old_log.b));
    chain_random(c, log.old_root.b, sizeof(log.old_root.b));
    chain_recovery(ce, c, &log);
    put_entry(g, "recovery", c, ce);
    chain_remove(ce, c, space, &c->admin);
    ce->cuts[0] = (dbk_cut){ *space, 12 };
    ce->e.cuts_count = 1;
    put_entry(g, "remove", c, ce);
    chain_bar(ce, c, space, &officer->id);
    put_entry(g, "bar", c, ce);
    chain_dispose(ce, c, space, &(dbk_dot){ officer->id, 3 }, 2);
    put_entry(g, "dispose", c, ce);
    chain_floor(ce, c, space, 9);
    put_entry(g, "floor", c, ce);
}

static void a_chain_of_each_kind_is_these_bytes(void **state)
{
    chain *c = room(sizeof(*c));
    chain_entry *ce = room(sizeof(*ce));
    chain_device officer;
    dbk_id space;
    golden g;
    (void)state;
    chain_new(c, 4);
    chain_device_new(&officer, c, DBK_ROLE_OFFICER);
    golden_begin(&g, "tests/vectors/membership.json");
    put_secret(&g, "root key (seed, public key)", c->root);
    put_secret(&g, "admin key (seed, public key)", c->admin.admin);
    put_members(&g, c, ce, &officer, &space);
    put_rules(&g, c, ce, &officer, &space);
    dbk_hash head = dbk_roster_head(c->roster);
    dbk_id org = dbk_roster_org(c->roster);
    put_bytes(&g, "org id", org.b, sizeof(org.b));
    put_bytes(&g, "head", head.b, sizeof(head.b));
    golden_end(&g);
    chain_device_free(&officer);
    chain_free(c);
    dbk_free(ce);
    dbk_free(c);
}

/* ---- evidence ------------------------------------------------------------------------------ */

#define ENTRIES 2u /* genesis, and the officer's enrolment */
#define LEAVES 7u

/* An organisation of two devices, and what its members and its relay sign twice. */
typedef struct signers {
    chain c;
    chain_entry ce;
    chain_device officer;
    dbk_bytes entries[ENTRIES];
    dbk_header h;               /* of the officer's feed; a test sets what differs */
    dbk_hash levels[3][LEAVES]; /* of the log */
    dbk_hash roots[LEAVES + 1]; /* at each size */
    dbk_proof proof;            /* of 3 and 7 */
    dbk_id log;
} signers;

static void sign_entry(signers *s, dbk_bytes *out)
{
    dbk_err err = { 0 };
    const dbk_secret *key = s->ce.e.seq == 0 ? s->c.root : s->c.admin.admin;
    dbk_bytes_init(out, DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_entry_sign(out, &s->ce.e, key, &err), &err);
}

static void take_entry(signers *s, size_t at)
{
    dbk_err err = { 0 };
    sign_entry(s, &s->entries[at]);
    assert_ok(dbk_roster_add(s->c.roster, dbk_bytes_span(&s->entries[at]), &err), &err);
}

static void keep_node(void *ctx, unsigned level, uint64_t index, const dbk_hash *node)
{
    ((signers *)ctx)->levels[level][index] = *node;
}

static dbk_rc give_node(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    (void)err;
    *out = ((signers *)ctx)->levels[level][index];
    return DBK_OK;
}

static void make_log(signers *s)
{
    dbk_frontier frontier;
    dbk_err err = { 0 };
    dbk_frontier_init(&frontier);
    for (uint8_t i = 0; i < LEAVES; i++) {
        dbk_hash header = { { i } };
        dbk_hash leaf = dbk_log_leaf(1763949600000u + i, &header);
        dbk_frontier_add(&frontier, DBK_TREE_LOG, &leaf, keep_node, s);
        s->roots[i + 1] = dbk_frontier_root(&frontier, DBK_TREE_LOG);
    }
    assert_ok(dbk_tree_consistency(&s->proof, DBK_TREE_LOG, 3, LEAVES, give_node, s, &err), &err);
}

static void signers_make(signers *s)
{
    memset(s, 0, sizeof(*s));
    chain_new(&s->c, 7);
    chain_device_new(&s->officer, &s->c, DBK_ROLE_OFFICER);
    chain_genesis(&s->ce, &s->c);
    take_entry(s, 0);
    chain_enrol(&s->ce, &s->c, &s->officer);
    take_entry(s, 1);
    dbk_header *h = &s->h;
    h->count = 2;
    h->first_seq = 1;
    h->body_len = 500;
    chain_random(&s->c, h->space.b, sizeof(h->space.b));
    chain_random(&s->c, h->incarnation.b, sizeof(h->incarnation.b));
    h->feed = dbk_feed_id(&s->officer.id, &h->space, &h->incarnation);
    chain_random(&s->c, h->key_id.b, sizeof(h->key_id.b));
    h->members_seen = dbk_roster_head(s->c.roster);
    chain_random(&s->c, h->salt, sizeof(h->salt));
    chain_random(&s->c, h->op_root.b, sizeof(h->op_root.b));
    chain_random(&s->c, s->log.b, sizeof(s->log.b));
    make_log(s);
}

static void signers_drop(signers *s)
{
    for (size_t i = 0; i < ENTRIES; i++)
        dbk_bytes_wipe(&s->entries[i]);
    chain_device_free(&s->officer);
    chain_free(&s->c);
    dbk_free(s);
}

static void add_header(dbk_bytes *out, const dbk_header *h)
{
    uint8_t bytes[DBK_SEGMENT_HEADER_BYTES];
    dbk_err err = { 0 };
    dbk_header_encode(bytes, h);
    assert_ok(dbk_bytes_append(out, dbk_span_of(bytes, sizeof(bytes)), &err), &err);
}

/* One segment of two ops, and two of one. The first of these isn't signed: the second vouches. */
static void two_feeds(signers *s, dbk_bytes *a, dbk_bytes *b)
{
    dbk_header h = s->h;
    dbk_header_sign(&h, s->officer.sign);
    add_header(a, &h);
    h.count = 1;
    memset(&h.sig, 0, sizeof(h.sig));
    add_header(b, &h);
    h.prev = dbk_header_hash(&h);
    h.first_seq = 2;
    dbk_header_sign(&h, s->officer.sign);
    add_header(b, &h);
}

static void two_children(signers *s, dbk_bytes *a, dbk_bytes *b)
{
    const chain_device *members[] = { &s->officer };
    chain_space(&s->ce, &s->c, members, 1);
    sign_entry(s, a);
    chain_space(&s->ce, &s->c, members, 1);
    sign_entry(s, b);
}

static void add_note(signers *s, dbk_bytes *out, uint64_t size, const dbk_hash *root)
{
    dbk_err err = { 0 };
    dbk_checkpoint c = { dbk_roster_org(s->c.roster), s->h.space, s->log, size, *root };
    assert_ok(dbk_checkpoint_sign(out, &c, s->c.relay, &err), &err);
}

static void two_views(signers *s, dbk_bytes *a, dbk_bytes *b)
{
    add_note(s, a, LEAVES, &s->roots[LEAVES]);
    add_note(s, b, 3, &s->roots[4]);
}

/* The officer says to have verified, at size 3, what nobody else has. */
static void two_words(signers *s, dbk_bytes *a, dbk_bytes *b)
{
    dbk_header h = s->h;
    h.checkpoint_size = 3;
    h.checkpoint_root = s->roots[4];
    dbk_header_sign(&h, s->officer.sign);
    add_note(s, a, LEAVES, &s->roots[LEAVES]);
    add_header(b, &h);
}

static void two_sizes(signers *s, dbk_bytes *a, dbk_bytes *b)
{
    add_note(s, a, LEAVES, &s->roots[LEAVES]);
    add_note(s, b, 3, &s->roots[3]);
}

typedef struct shown {
    dbk_exhibit_kind kind;
    const char *name, *corpus;
    void (*make)(signers *s, dbk_bytes *a, dbk_bytes *b);
    size_t entries; /* that the file needs */
    bool proof;
    uint64_t at, size;
} shown;
static const shown all_kinds[] = {
    { DBK_EXHIBIT_FEED, "feed", "exhibit/kind-1", two_feeds, 2, true, 1, 0 },
    { DBK_EXHIBIT_CHAIN, "chain", "exhibit/kind-2", two_children, 2, true, 2, 0 },
    { DBK_EXHIBIT_VIEWS, "views", "exhibit/kind-3", two_views, 1, true, 3, 7 },
    { DBK_EXHIBIT_SAID, "said", "exhibit/kind-4", two_words, 2, false, 3, 7 },
    { DBK_EXHIBIT_BACK, "back", "exhibit/kind-5", two_sizes, 1, false, 3, 7 },
};

static void put_exhibit(golden *g, signers *s, const shown *k)
{
    char path[128];
    dbk_exhibit_shows shows;
    dbk_err err = { 0 };
    dbk_bytes a = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), b = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes x = DBK_BYTES_INIT(DBK_EXHIBIT_BYTES_MAX);
    dbk_bytes file = DBK_BYTES_INIT(DBK_EXHIBIT_FILE_BYTES_MAX);
    k->make(s, &a, &b);
    const dbk_exhibit exhibit = { .kind = k->kind,
                                  .a = dbk_bytes_span(&a),
                                  .b = dbk_bytes_span(&b),
                                  .root = s->roots[3],
                                  .proof = s->proof };
    assert_ok(dbk_exhibit_encode(&x, &exhibit, &err), &err);
    assert_ok(dbk_exhibit_file_begin(&file, k->entries, &err), &err);
    for (size_t i = 0; i < k->entries; i++)
        assert_ok(dbk_exhibit_file_add(&file, dbk_bytes_span(&s->entries[i]), &err), &err);
    assert_ok(dbk_exhibit_file_add(&file, dbk_bytes_span(&x), &err), &err);
    assert_ok(dbk_exhibit_file_check(&shows, dbk_bytes_span(&file), &s->c.root_pk, &err), &err);
    assert_int_equal(shows.kind, k->kind);
    assert_int_equal(shows.proof, k->proof);
    assert_int_equal(shows.at, k->at);
    assert_int_equal(shows.size, k->size);
    golden_hex(g, k->name, dbk_bytes_span(&file));
    snprintf(path, sizeof(path), CORPUS "%s", k->corpus);
    golden_file(path, dbk_bytes_span(&file));
    dbk_bytes *const all[] = { &a, &b, &x, &file };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        dbk_bytes_wipe(all[i]);
}

static void evidence_of_each_kind_is_these_bytes_A15_M39_M49(void **state)
{
    signers *s = room(sizeof(*s));
    golden g;
    (void)state;
    signers_make(s);
    golden_begin(&g, "tests/vectors/evidence.json");
    put_secret(&g, "root key (seed, public key)", s->c.root);
    put_secret(&g, "relay key (seed, public key)", s->c.relay);
    put_secret(&g, "admin key (seed, public key)", s->c.admin.admin);
    put_secret(&g, "officer's sign key (seed, public key)", s->officer.sign);
    for (size_t i = 0; i < ARRAY_LEN(all_kinds); i++)
        put_exhibit(&g, s, &all_kinds[i]);
    golden_end(&g);
    signers_drop(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_each_kind_is_these_bytes),
        cmocka_unit_test(evidence_of_each_kind_is_these_bytes_A15_M39_M49),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
