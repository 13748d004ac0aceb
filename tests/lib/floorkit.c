#include "tests/lib/floorkit.h"

#include <string.h>

#include "core/crypto/reach.h"
#include "core/crypto/snapshot.h"
#include "sync/engine/msg_snapshot.h"
#include "tests/lib/test.h"

#define LOG_SIZE 6u /* at the beginning */
#define OP_BYTES 3000u

int floorkit_setup(void **state)
{
    static floorkit f;
    memset(&f, 0, sizeof(f));
    dbk_bytes_init(&f.note, DBK_CHECKPOINT_BYTES_MAX);
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.hq, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.second, DBK_ROLE_ADMIN);
    const relaykit_device *members[] = { &f.hq, &f.officer, &f.second, &f.kit.admin };
    f.space = relaykit_space(&f.kit, members, 4);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    floorkit_grow(&f, LOG_SIZE);
    *state = &f;
    return 0;
}

int floorkit_teardown(void **state)
{
    floorkit *f = *state;
    (void)relaykit_check(&f->kit);
    for (size_t i = 0; i < f->size; i++)
        relaykit_segment_wipe(&f->s[i]);
    dbk_bytes_wipe(&f->note);
    dbk_bytes_wipe(&f->entry);
    relaykit_device_drop(&f->hq);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->second);
    relaykit_close(&f->kit);
    return 0;
}

void floorkit_grow(floorkit *f, size_t count)
{
    static relaykit_pushed p;
    for (size_t i = 0; i < count; i++) {
        DBK_ASSERT(f->size < FLOORKIT_SEGMENTS_MAX);
        relaykit_segment *s = &f->s[f->size];
        relaykit_segment_make(&f->kit, s, &f->feed, FLOORKIT_OPS, OP_BYTES);
        assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, s, 1), 200);
        f->size++;
        assert_ok(dbk_checkpoint_open(&f->points[f->size], p.checkpoint,
                                      dbk_relay_key(f->kit.relay), NULL),
                  NULL);
        assert_int_equal(f->points[f->size].size, f->size);
        dbk_bytes_truncate(&f->note, 0);
        assert_ok(dbk_bytes_append(&f->note, p.checkpoint, NULL), NULL);
        relaykit_pushed_wipe(&p);
    }
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static dbk_claim claim(const floorkit *f)
{
    const dbk_checkpoint *c = &f->points[f->size];
    return (dbk_claim){ .org = c->org,
                        .space = c->space,
                        .log = c->log,
                        .size = c->size,
                        .root = c->root,
                        .members = dbk_roster_head(f->kit.roster),
                        .plain_bytes = 1000,
                        .records = 3 };
}

static void post(floorkit *f, relaykit_device *d, const char *tail, dbk_span body)
{
    char target[96];
    assert_int_equal(
        relaykit_status(&f->kit, d, "POST", relaykit_space_target(target, &f->space, tail), body),
        204);
}

/* The chunks are any bytes: the relay can open none. */
void floorkit_snapshot(floorkit *f)
{
    static const uint8_t chunk[300] = { 1 };
    dbk_frontier tree;
    dbk_id name, key = { { 5 } };
    dbk_bytes part = DBK_BYTES_INIT(DBK_PART_BYTES_MAX);
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_manifest m = { .claim = claim(f),
                       .device = f->hq.id,
                       .made_ms = 1,
                       .chunks = 1,
                       .keys = &key,
                       .keys_count = 1,
                       .note = dbk_bytes_span(&f->note) };
    dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, dbk_span_of(chunk, sizeof(chunk)));
    dbk_frontier_init(&tree);
    dbk_frontier_add(&tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
    m.chunk_root = dbk_frontier_root(&tree, DBK_TREE_SNAPSHOT);
    memset(m.salt, (int)f->size, sizeof(m.salt));
    memcpy(name.b, m.salt, sizeof(name.b));
    assert_ok(dbk_part_begin(&part, &name, 0, NULL), NULL);
    assert_ok(dbk_part_add(&part, dbk_span_of(chunk, sizeof(chunk)), NULL), NULL);
    assert_ok(dbk_manifest_sign(&manifest, &m, f->hq.sign, NULL), NULL);
    post(f, &f->hq, "snapshot/part", dbk_bytes_span(&part));
    post(f, &f->hq, "snapshot", dbk_bytes_span(&manifest));
    dbk_bytes_wipe(&part);
    dbk_bytes_wipe(&manifest);
}

void floorkit_confirm(floorkit *f)
{
    uint8_t word[DBK_CONFIRMATION_BYTES];
    const dbk_claim c = claim(f);
    dbk_confirmation_sign(word, &c, &f->second.id, 7, f->second.sign);
    post(f, &f->second, "snapshot/confirm", dbk_span_of(word, sizeof(word)));
}

/* ---- words ----------------------------------------------------------------------------------- */

void floorkit_say(floorkit *f, relaykit_device *d, const floorkit_word *said)
{
    uint8_t word[DBK_REACH_BYTES];
    const dbk_checkpoint *c = &f->points[said->size];
    const dbk_reach r = { .org = c->org,
                          .space = c->space,
                          .log = c->log,
                          .size = c->size,
                          .root = c->root,
                          .device = d->id,
                          .time_ms = 7,
                          .whole = said->whole };
    dbk_reach_sign(word, &r, d->sign);
    post(f, d, "reach", dbk_span_of(word, sizeof(word)));
}

void floorkit_say_all(floorkit *f, const relaykit_device *but)
{
    relaykit_device *const all[] = { &f->kit.admin, &f->second, &f->hq, &f->officer };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i] != but)
            floorkit_say(f, all[i], &(floorkit_word){ f->size, true });
    }
}

/* ---- the floor ------------------------------------------------------------------------------- */

dbk_span floorkit_entry(floorkit *f, uint64_t size, const relaykit_device *second)
{
    const dbk_roster *r = f->kit.roster;
    const dbk_checkpoint *c = &f->points[size];
    const dbk_entry e = { .org = dbk_roster_org(r),
                          .seq = dbk_roster_count(r),
                          .prev = dbk_roster_head(r),
                          .kind = DBK_ENTRY_FLOOR,
                          .time_ms = 1000,
                          .space = f->space,
                          .floor = { c->log, c->size, c->root } };
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes_wipe(&f->entry);
    dbk_bytes_init(&f->entry, DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_entry_sign(&one, &e, f->kit.admin.admin, NULL), NULL);
    if (second != NULL)
        assert_ok(dbk_entry_cosign(&f->entry, dbk_bytes_span(&one), second->admin, NULL), NULL);
    else
        assert_ok(dbk_bytes_append(&f->entry, dbk_bytes_span(&one), NULL), NULL);
    dbk_bytes_wipe(&one);
    return dbk_bytes_span(&f->entry);
}

int floorkit_floor(floorkit *f, uint64_t size)
{
    return relaykit_post(&f->kit, floorkit_entry(f, size, &f->second));
}
