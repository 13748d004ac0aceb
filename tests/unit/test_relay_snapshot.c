#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "sync/engine/msg_snapshot.h"
#include "sync/relay/log_copy.h"
#include "sync/relay/log_snapshot.h"
#include "tests/lib/logcopy.h"
#include "tests/lib/relaykit.h"

/* What a relay takes, keeps and gives of snapshots (decision 0040). The chunks are any bytes: it
 * can open none. */
#define CHUNKS 20u /* a full part and one of four */
#define PARTS 2u

typedef struct fixture {
    relaykit kit;
    relaykit_device hq, second, officer, outsider;
    dbk_id space;
    char path[96], part[96], confirm[96];
    relaykit_feed feed;
    dbk_bytes note; /* the relay's newest checkpoint */
} fixture;

/* One snapshot as a maker would send it. */
typedef struct made {
    dbk_bytes parts[PARTS];
    dbk_bytes manifest;
    dbk_manifest m;
    uint8_t word[DBK_CONFIRMATION_BYTES];
    dbk_id key;
    uint8_t note[DBK_CHECKPOINT_BYTES_MAX];
} made;

static void grow(fixture *f)
{
    relaykit_segment s;
    static relaykit_pushed p;
    relaykit_segment_make(&f->kit, &s, &f->feed, 4, 8000);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 200);
    dbk_bytes_truncate(&f->note, 0);
    assert_ok(dbk_bytes_append(&f->note, p.checkpoint, NULL), NULL);
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
}

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    dbk_bytes_init(&f.note, DBK_CHECKPOINT_BYTES_MAX);
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.hq, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.second, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.outsider, DBK_ROLE_HQ);
    const relaykit_device *members[] = { &f.hq, &f.second, &f.officer, &f.kit.admin };
    f.space = relaykit_space(&f.kit, members, 4);
    relaykit_space_target(f.path, &f.space, "snapshot");
    relaykit_space_target(f.part, &f.space, "snapshot/part");
    relaykit_space_target(f.confirm, &f.space, "snapshot/confirm");
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    grow(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    (void)relaykit_check(&f->kit);
    relaykit_device_drop(&f->hq);
    relaykit_device_drop(&f->second);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->outsider);
    dbk_bytes_wipe(&f->note);
    relaykit_close(&f->kit);
    return 0;
}

/* ---- one that is made ---------------------------------------------------------------------- */

static void sign(fixture *f, made *s, const relaykit_device *maker)
{
    s->m.device = maker->id;
    dbk_bytes_truncate(&s->manifest, 0);
    assert_ok(dbk_manifest_sign(&s->manifest, &s->m, maker->sign, NULL), NULL);
    dbk_confirmation_sign(s->word, &s->m.claim, &f->second.id, 7, f->second.sign);
}

static void claim(fixture *f, made *s)
{
    dbk_checkpoint c;
    assert_ok(dbk_checkpoint_open(&c, dbk_bytes_span(&f->note), dbk_relay_key(f->kit.relay), NULL),
              NULL);
    s->m.claim = (dbk_claim){ .org = c.org,
                              .space = c.space,
                              .log = c.log,
                              .size = c.size,
                              .root = c.root,
                              .members = dbk_roster_head(f->kit.roster),
                              .plain_bytes = 1000,
                              .records = 3 };
    memcpy(s->note, f->note.p, f->note.len);
    s->m.note = dbk_span_of(s->note, f->note.len);
}

/* Of the log as it is now; salt tells them apart. */
static void make(fixture *f, made *s, uint8_t salt, const relaykit_device *maker)
{
    dbk_frontier tree;
    dbk_frontier_init(&tree);
    memset(s, 0, sizeof(*s));
    claim(f, s);
    memset(s->m.salt, salt, sizeof(s->m.salt));
    memset(s->key.b, 5, sizeof(s->key.b));
    s->m.keys = &s->key;
    s->m.keys_count = 1;
    s->m.made_ms = 1;
    s->m.chunks = CHUNKS;
    dbk_bytes_init(&s->manifest, DBK_MANIFEST_BYTES_MAX);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        uint8_t chunk[300];
        dbk_bytes *part = &s->parts[i / DBK_PART_CHUNKS];
        dbk_id name;
        memcpy(name.b, s->m.salt, sizeof(name.b));
        memset(chunk, (int)(salt + i), sizeof(chunk));
        if (i % DBK_PART_CHUNKS == 0) {
            dbk_bytes_init(part, DBK_PART_BYTES_MAX);
            assert_ok(dbk_part_begin(part, &name, i / DBK_PART_CHUNKS, NULL), NULL);
        }
        dbk_span span = dbk_span_of(chunk, 200 + i);
        assert_ok(dbk_part_add(part, span, NULL), NULL);
        dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, span);
        dbk_frontier_add(&tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
    }
    s->m.chunk_root = dbk_frontier_root(&tree, DBK_TREE_SNAPSHOT);
    sign(f, s, maker);
}

static void drop(made *s)
{
    for (size_t i = 0; i < PARTS; i++)
        dbk_bytes_wipe(&s->parts[i]);
    dbk_bytes_wipe(&s->manifest);
}

static int post(fixture *f, relaykit_device *d, const char *target, dbk_span body)
{
    return relaykit_status(&f->kit, d, "POST", target, body);
}

static int put_part(fixture *f, relaykit_device *d, const made *s, size_t i)
{
    return post(f, d, f->part, dbk_bytes_span(&s->parts[i]));
}

static int put_manifest(fixture *f, relaykit_device *d, const made *s)
{
    return post(f, d, f->path, dbk_bytes_span(&s->manifest));
}

static int put_word(fixture *f, relaykit_device *d, const made *s)
{
    return post(f, d, f->confirm, dbk_span_of(s->word, sizeof(s->word)));
}

static void upload(fixture *f, const made *s)
{
    assert_int_equal(put_part(f, &f->hq, s, 0), 204);
    assert_int_equal(put_part(f, &f->hq, s, 1), 204);
    assert_int_equal(put_manifest(f, &f->hq, s), 204);
}

/* Whose manifest the device is given: its salt; 0: it gets `status`. */
static uint8_t given(fixture *f, relaykit_device *d, const char *tail, int status)
{
    char target[128];
    dbk_relay_answer a;
    dbk_snapshot_offer offer;
    dbk_manifest m;
    uint8_t salt = 0;
    (void)snprintf(target, sizeof(target), "%s%s", f->path, tail);
    const relaykit_request req = { "GET", target, { NULL, 0 }, NULL };
    assert_int_equal(relaykit_call(&f->kit, d, &a, &req), status);
    if (status == 200) {
        assert_ok(dbk_snapshot_offer_decode(&offer, dbk_bytes_span(&a.body), NULL), NULL);
        assert_ok(dbk_manifest_decode(&m, offer.manifest, NULL), NULL);
        salt = m.salt[0];
    }
    dbk_bytes_wipe(&a.body);
    return salt;
}

static void told(fixture *f, relaykit_device *d, bool snapshot, bool confirm)
{
    dbk_welcome w;
    dbk_bytes body;
    relaykit_hello(&f->kit, d, &w, &body);
    assert_int_equal(w.spaces_count, 1);
    assert_int_equal(w.spaces[0].snapshot, snapshot);
    assert_int_equal(w.spaces[0].confirm, confirm);
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
}

/* ---- the way ------------------------------------------------------------------------------- */

static void one_is_uploaded_confirmed_and_fetched_part_by_part(void **state)
{
    fixture *f = *state;
    made s;
    char target[128];
    dbk_relay_answer a;
    make(f, &s, 1, &f->hq);
    told(f, &f->officer, false, false);
    upload(f, &s);
    assert_int_equal(given(f, &f->second, "?next=1", 200), 1);
    (void)given(f, &f->officer, "", 404); /* not before it is confirmed */
    (void)given(f, &f->officer, "?next=1", 403);
    told(f, &f->hq, false, false);
    told(f, &f->second, false, true);
    told(f, &f->officer, false, false);
    assert_int_equal(put_word(f, &f->second, &s), 204);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(given(f, &f->officer, "", 200), 1);
    told(f, &f->officer, true, false);
    told(f, &f->second, false, false); /* headquarters holds the log */
    (void)given(f, &f->second, "?next=1", 404);
    for (unsigned i = 0; i < PARTS; i++) {
        (void)snprintf(target, sizeof(target), "%s?number=%u", f->part, i);
        const relaykit_request req = { "GET", target, { NULL, 0 }, NULL };
        assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &req), 200);
        assert_true(dbk_span_equal(dbk_bytes_span(&a.body), dbk_bytes_span(&s.parts[i])));
        dbk_bytes_wipe(&a.body);
    }
    (void)snprintf(target, sizeof(target), "%s?number=%u", f->part, PARTS);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "GET", target, (dbk_span){ NULL, 0 }),
                     404);
    drop(&s);
}

/* An answer may be lost anywhere. */
static void each_step_may_be_sent_again(void **state)
{
    fixture *f = *state;
    made s;
    make(f, &s, 1, &f->hq);
    assert_int_equal(put_part(f, &f->hq, &s, 0), 204);
    assert_int_equal(put_part(f, &f->hq, &s, 0), 204);
    assert_int_equal(put_part(f, &f->hq, &s, 1), 204);
    assert_int_equal(put_part(f, &f->hq, &s, 1), 204);
    assert_int_equal(put_manifest(f, &f->hq, &s), 204);
    assert_int_equal(put_part(f, &f->hq, &s, 1), 204);
    assert_int_equal(put_manifest(f, &f->hq, &s), 204);
    assert_int_equal(put_word(f, &f->second, &s), 204);
    assert_int_equal(put_manifest(f, &f->hq, &s), 204);
    assert_int_equal(put_word(f, &f->second, &s), 204);
    assert_int_equal(given(f, &f->officer, "", 200), 1);
    drop(&s);
}

static void one_stands_until_the_next_is_confirmed(void **state)
{
    fixture *f = *state;
    made old, new;
    make(f, &old, 1, &f->hq);
    upload(f, &old);
    assert_int_equal(put_word(f, &f->second, &old), 204);
    grow(f);
    make(f, &new, 2, &f->hq);
    upload(f, &new);
    assert_int_equal(given(f, &f->officer, "", 200), 1);
    assert_int_equal(given(f, &f->second, "?next=1", 200), 2);
    assert_int_equal(put_word(f, &f->second, &new), 204);
    assert_int_equal(given(f, &f->officer, "", 200), 2);
    /* And what is older takes the place of none. */
    old.m.salt[0] = 9;
    for (size_t i = 0; i < PARTS; i++)
        old.parts[i].p[8] = 9;
    old.m.claim.members = dbk_roster_head(f->kit.roster);
    sign(f, &old, &f->hq);
    assert_int_equal(put_part(f, &f->hq, &old, 0), 204);
    assert_int_equal(put_part(f, &f->hq, &old, 1), 204);
    assert_int_equal(put_manifest(f, &f->hq, &old), 409);
    drop(&old);
    drop(&new);
}

/* ---- who may ------------------------------------------------------------------------------- */

static void only_headquarters_makes_and_confirms_P4(void **state)
{
    fixture *f = *state;
    made s;
    make(f, &s, 1, &f->officer);
    assert_int_equal(put_part(f, &f->officer, &s, 0), 403);
    assert_int_equal(put_manifest(f, &f->officer, &s), 403);
    drop(&s);
    make(f, &s, 1, &f->hq);
    assert_int_equal(put_part(f, &f->outsider, &s, 0), 404); /* as for no such space */
    (void)given(f, &f->outsider, "", 404);
    upload(f, &s);
    dbk_confirmation_sign(s.word, &s.m.claim, &f->officer.id, 7, f->officer.sign);
    assert_int_equal(put_word(f, &f->officer, &s), 403);
    assert_int_equal(put_word(f, &f->hq, &s), 403); /* not its own word */
    dbk_confirmation_sign(s.word, &s.m.claim, &f->hq.id, 7, f->hq.sign);
    assert_int_equal(put_word(f, &f->hq, &s), 403); /* its own snapshot */
    dbk_confirmation_sign(s.word, &s.m.claim, &f->second.id, 7, f->hq.sign);
    assert_int_equal(put_word(f, &f->second, &s), 403); /* another's signature */
    (void)given(f, &f->officer, "", 404);
    drop(&s);
}

static void a_confirmation_of_something_else_confirms_nothing(void **state)
{
    fixture *f = *state;
    made s;
    make(f, &s, 1, &f->hq);
    upload(f, &s);
    dbk_claim other = s.m.claim;
    other.state_hash.b[3] ^= 1;
    dbk_confirmation_sign(s.word, &other, &f->second.id, 7, f->second.sign);
    assert_int_equal(put_word(f, &f->second, &s), 403);
    (void)given(f, &f->officer, "", 404);
    drop(&s);
}

static void a_removed_desks_snapshot_is_not_confirmed_any_more(void **state)
{
    fixture *f = *state;
    made s;
    dbk_bytes entry = { 0 };
    make(f, &s, 1, &f->hq);
    upload(f, &s);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, &f->hq)), 200);
    assert_int_equal(put_word(f, &f->second, &s), 403);
    (void)given(f, &f->officer, "", 404);
    dbk_bytes_wipe(&entry);
    drop(&s);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void a_manifest_must_be_that_of_the_chunks_which_came(void **state)
{
    fixture *f = *state;
    made s;
    make(f, &s, 1, &f->hq);
    assert_int_equal(put_manifest(f, &f->hq, &s), 409); /* none came */
    assert_int_equal(put_part(f, &f->hq, &s, 1), 409);  /* not the first */
    assert_int_equal(put_part(f, &f->hq, &s, 0), 204);
    assert_int_equal(put_manifest(f, &f->hq, &s), 409); /* too few */
    s.parts[1].p[DBK_PART_HEAD_BYTES + 10] ^= 1;
    assert_int_equal(put_part(f, &f->hq, &s, 1), 204);
    assert_int_equal(put_manifest(f, &f->hq, &s), 409); /* another root */
    s.parts[1].p[DBK_PART_HEAD_BYTES + 10] ^= 1;
    assert_int_equal(put_part(f, &f->hq, &s, 1), 409); /* it holds another one there */
    assert_int_equal(put_part(f, &f->second, &s, 1), 409);
    drop(&s);
}

static void a_manifest_is_signed_current_and_of_this_log(void **state)
{
    fixture *f = *state;
    made s;
    dbk_bytes entry = { 0 };
    make(f, &s, 1, &f->hq);
    assert_int_equal(put_part(f, &f->hq, &s, 0), 204);
    assert_int_equal(put_part(f, &f->hq, &s, 1), 204);
    for (size_t i = 0; i < 5; i++) {
        made lie = s;
        memset(&lie.manifest, 0, sizeof(lie.manifest));
        dbk_bytes_init(&lie.manifest, DBK_MANIFEST_BYTES_MAX);
        lie.m.claim.members.b[0] ^= i == 0 ? 1 : 0;
        lie.m.claim.root.b[0] ^= i == 1 ? 1 : 0;
        lie.m.claim.space.b[0] ^= i == 2 ? 1 : 0;
        lie.m.claim.org.b[0] ^= i == 3 ? 1 : 0;
        sign(f, &lie, &f->hq);
        if (i == 4)
            lie.manifest.p[lie.manifest.len - 1] ^= 1;
        assert_int_equal(put_manifest(f, &f->hq, &lie), i == 0 ? 409 : 403);
        dbk_bytes_wipe(&lie.manifest);
    }
    assert_int_equal(put_manifest(f, &f->second, &s), 403); /* not the one who made it */
    /* The membership moves on: who was removed meanwhile must not be able to open it. */
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, &f->outsider)),
                     200);
    assert_int_equal(put_manifest(f, &f->hq, &s), 409);
    dbk_bytes_wipe(&entry);
    drop(&s);
}

static void a_snapshot_is_at_most_as_large_as_its_log_and_one_part(void **state)
{
    fixture *f = *state;
    static uint8_t chunk[DBK_PART_CHUNK_BYTES_MAX];
    dbk_bytes part = DBK_BYTES_INIT(DBK_PART_BYTES_MAX);
    const dbk_id name = { { 3 } };
    int status = 204;
    uint32_t n = 0;
    while (status == 204) {
        dbk_bytes_truncate(&part, 0);
        assert_ok(dbk_part_begin(&part, &name, n++, NULL), NULL);
        for (size_t i = 0; i < DBK_PART_CHUNKS; i++)
            assert_ok(dbk_part_add(&part, dbk_span_of(chunk, sizeof(chunk)), NULL), NULL);
        status = post(f, &f->hq, f->part, dbk_bytes_span(&part));
        assert_true(n < 3);
    }
    assert_int_equal(status, 413);
    dbk_bytes_wipe(&part);
}

/* ---- disposal, another upload -------------------------------------------------------------- */

static void an_order_to_dispose_deletes_both_2_5(void **state)
{
    fixture *f = *state;
    made old, new;
    relaykit_device admin;
    dbk_bytes entry = { 0 };
    relaykit_enrol(&f->kit, &admin, DBK_ROLE_ADMIN);
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_grant(&f->kit, &entry, &f->space, &admin, 0)), 200);
    dbk_bytes_wipe(&entry);
    make(f, &old, 1, &f->hq);
    upload(f, &old);
    assert_int_equal(put_word(f, &f->second, &old), 204);
    grow(f);
    make(f, &new, 2, &f->hq);
    upload(f, &new);
    const dbk_dot dot = { f->feed.feed, 1 };
    const relaykit_order order = { f->space, &dot, 1, &admin };
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_dispose(&f->kit, &entry, &order)), 200);
    (void)given(f, &f->officer, "", 404);
    (void)given(f, &f->second, "?next=1", 404);
    told(f, &f->officer, false, false);
    assert_int_equal(put_word(f, &f->second, &new), 409);
    assert_int_equal(put_manifest(f, &f->hq, &new), 409);
    relaykit_device_drop(&admin);
    dbk_bytes_wipe(&entry);
    drop(&old);
    drop(&new);
}

/* What a disk did to it; a device would refuse it, and pull the log. */
static void fsck_finds_one_that_was_changed_or_lost_a_part(void **state)
{
    fixture *f = *state;
    made s;
    dbk_log log;
    dbk_log_report report;
    dbk_err err = { 0 };
    make(f, &s, 1, &f->hq);
    upload(f, &s);
    relaykit_stop(&f->kit);
    assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_WRITES, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        dbk_part part;
        const dbk_log_space space = { &log, f->space };
        const dbk_span bytes = dbk_bytes_span(&s.parts[1]);
        assert_ok(dbk_part_decode(&part, bytes, &err), &err);
        s.parts[1].p[bytes.len - 1] ^= i == 1 ? 1 : 0;
        part.number += i == 2 ? 1 : 0; /* it stands elsewhere */
        assert_ok(log.ops->begin(log.self, &err), &err);
        assert_ok(dbk_log_snapshot_part_put(&space, &part, bytes, &err), &err);
        if (i == 2)
            assert_ok(dbk_log_snapshot_part_put(&space,
                                                &(dbk_part){ .name = part.name, .number = 1 },
                                                dbk_bytes_span(&s.parts[0]), &err),
                      &err);
        assert_rc(dbk_log_check_deep(&log, &report, &err), i == 0 ? DBK_OK : DBK_DAMAGED, &err);
        dbk_err_clear(&err);
        log.ops->rollback(log.self);
    }
    dbk_log_close(&log);
    relaykit_start(&f->kit);
    drop(&s);
}

/* ---- copies of the log ---------------------------------------------------------------------- */

/* Is one there in a copy of the log? As a backup makes it, or as a move does. */
static bool is_copied(fixture *f, logcopy_how how)
{
    dbk_log to;
    dbk_kept_snapshots k;
    logcopy(&to, &f->kit, how);
    const dbk_log_space s = { &to, f->space };
    assert_ok(dbk_log_snapshots_get(&s, &k, NULL), NULL);
    dbk_log_close(&to);
    return k.standing.there;
}

static void a_backup_leaves_it_out_and_a_move_takes_it_along(void **state)
{
    fixture *f = *state;
    made s;
    if (relaykit_on_postgres(&f->kit))
        skip();
    make(f, &s, 1, &f->hq);
    upload(f, &s);
    assert_int_equal(put_word(f, &f->second, &s), 204);
    assert_false(is_copied(f, LOGCOPY_BACKUP)); /* it would outlive what is disposed of later */
    assert_true(is_copied(f, LOGCOPY_MOVE));
    drop(&s);
}

static void an_upload_that_came_to_no_end_gives_way_to_the_next(void **state)
{
    fixture *f = *state;
    made left, s;
    make(f, &left, 1, &f->hq);
    make(f, &s, 2, &f->hq);
    assert_int_equal(put_part(f, &f->hq, &left, 0), 204);
    upload(f, &s);
    assert_int_equal(put_part(f, &f->hq, &left, 1), 409);
    assert_int_equal(given(f, &f->second, "?next=1", 200), 2);
    /* But what stands is touched by no upload. */
    assert_int_equal(put_word(f, &f->second, &s), 204);
    assert_int_equal(put_part(f, &f->hq, &s, 0), 409);
    assert_int_equal(given(f, &f->officer, "", 200), 2);
    drop(&left);
    drop(&s);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(one_is_uploaded_confirmed_and_fetched_part_by_part),
        WITH(each_step_may_be_sent_again),
        WITH(one_stands_until_the_next_is_confirmed),
        WITH(only_headquarters_makes_and_confirms_P4),
        WITH(a_confirmation_of_something_else_confirms_nothing),
        WITH(a_removed_desks_snapshot_is_not_confirmed_any_more),
        WITH(a_manifest_must_be_that_of_the_chunks_which_came),
        WITH(a_manifest_is_signed_current_and_of_this_log),
        WITH(a_snapshot_is_at_most_as_large_as_its_log_and_one_part),
        WITH(an_order_to_dispose_deletes_both_2_5),
        WITH(fsck_finds_one_that_was_changed_or_lost_a_part),
        WITH(a_backup_leaves_it_out_and_a_move_takes_it_along),
        WITH(an_upload_that_came_to_no_end_gives_way_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
