/* What the relay keeps in the rows of its log: the chain, mailboxes, states, feeds, forks. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "sync/relay/log_embedded.h"
#include "sync/relay/log_postgres.h"
#include "sync/relay/log_space.h"
#include "tests/lib/env.h"
#include "tests/lib/pgkit.h"

typedef struct fixture {
    dbk_test_env env;
    char dir[DBK_TEST_PATH_SIZE];
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_secret *key;
    dbk_log_embedded file;
    dbk_log_postgres database; /* instead, where DBK_TEST_DSN names one */
    dbk_log log;
} fixture;

static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    memset(&f, 0, sizeof(f));
    assert_ok(dbk_crypto_init(&err), &err);
    dbk_test_env_init(&f.env, 7);
    dbk_test_dir_make(f.dir);
    (void)snprintf(f.path, sizeof(f.path), "%s/relay.db", f.dir);
    assert_ok(dbk_secret_random(&f.key, DBK_LOG_KEY_BYTES, &f.env.env, &err), &err);
    f.file = (dbk_log_embedded){ f.path, f.key };
    f.database = (dbk_log_postgres){ getenv("DBK_TEST_DSN"), f.key };
    if (f.database.dsn != NULL) {
        pgkit_clear(f.database.dsn);
        assert_ok(dbk_log_postgres_create(&f.database, &err), &err);
        assert_ok(dbk_log_postgres_open(&f.database, &f.log, DBK_LOG_WRITES, &err), &err);
    } else {
        assert_ok(dbk_log_embedded_create(&f.file, &err), &err);
        assert_ok(dbk_log_embedded_open(&f.file, &f.log, DBK_LOG_WRITES, &err), &err);
    }
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_log_close(&f->log);
    dbk_secret_free(f->key);
    dbk_test_dir_remove(f->dir);
    return 0;
}

static dbk_id id_of(uint8_t b)
{
    dbk_id id;
    memset(id.b, b, sizeof(id.b));
    return id;
}

static dbk_hash hash_of(uint8_t b)
{
    dbk_hash h;
    memset(h.b, b, sizeof(h.b));
    return h;
}

static void begin(const dbk_log *log)
{
    dbk_err err = { 0 };
    assert_ok(log->ops->begin(log->self, &err), &err);
}

static void commit(const dbk_log *log)
{
    dbk_err err = { 0 };
    assert_ok(log->ops->commit(log->self, &err), &err);
}

static dbk_rc count_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    uint64_t *next = ctx;
    (void)err;
    (void)stop;
    assert_int_equal(seq, *next);
    assert_int_equal(entry.len, 1 + seq % 3);
    (*next)++;
    return DBK_OK;
}

static void the_chain_takes_each_seq_once_and_is_read_from_any_place(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    begin(&f->log);
    for (uint64_t i = 0; i < 300; i++)
        assert_ok(dbk_log_entry_add(&f->log, i, dbk_span_of("abc", 1 + i % 3), &err), &err);
    assert_rc(dbk_log_entry_add(&f->log, 7, dbk_span_of("x", 1), &err), DBK_CONFLICT, &err);
    commit(&f->log);
    for (uint64_t from = 0; from <= 300; from += 100) {
        uint64_t next = from;
        err = (dbk_err){ 0 };
        assert_ok(dbk_log_entries(&f->log, from, count_entry, &next, &err), &err);
        assert_int_equal(next, 300);
    }
}

static void a_chain_with_a_hole_is_damaged(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    uint64_t next = 0;
    begin(&f->log);
    assert_ok(dbk_log_entry_add(&f->log, 0, dbk_span_of("a", 1), &err), &err);
    assert_ok(dbk_log_entry_add(&f->log, 2, dbk_span_of("abc", 3), &err), &err);
    commit(&f->log);
    assert_rc(dbk_log_entries(&f->log, 0, count_entry, &next, &err), DBK_DAMAGED, &err);
}

static void settings_and_mailboxes_keep_what_they_are_given(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(100);
    dbk_id invite = id_of(9);
    dbk_mailbox m = { 77, { NULL, 0 } };
    begin(&f->log);
    assert_ok(dbk_log_setting_put(&f->log, "name", dbk_span_str("value"), &err), &err);
    assert_ok(dbk_log_mailbox_put(&f->log, &invite, &m, &err), &err);
    commit(&f->log);
    assert_ok(dbk_log_setting_get(&f->log, "name", &value, &err), &err);
    assert_memory_equal(value.p, "value", 5);
    dbk_bytes_wipe(&value);
    assert_ok(dbk_log_mailbox_get(&f->log, &invite, &m, &value, &err), &err);
    assert_int_equal(m.expires_ms, 77);
    assert_int_equal(m.request.len, 0);
    dbk_bytes_wipe(&value);
    begin(&f->log);
    m.request = dbk_span_str("sealed");
    assert_ok(dbk_log_mailbox_put(&f->log, &invite, &m, &err), &err);
    assert_ok(dbk_log_setting_del(&f->log, "name", &err), &err);
    commit(&f->log);
    assert_ok(dbk_log_mailbox_get(&f->log, &invite, &m, &value, &err), &err);
    assert_memory_equal(m.request.p, "sealed", 6);
    dbk_bytes_wipe(&value);
    begin(&f->log);
    assert_ok(dbk_log_mailbox_del(&f->log, &invite, &err), &err);
    commit(&f->log);
    assert_rc(dbk_log_mailbox_get(&f->log, &invite, &m, &value, &err), DBK_NOT_FOUND, &err);
    err = (dbk_err){ 0 };
    assert_rc(dbk_log_setting_get(&f->log, "name", &value, &err), DBK_NOT_FOUND, &err);
    dbk_bytes_wipe(&value);
}

static dbk_rc note_proposal(void *ctx, const dbk_id *device, dbk_span entry, bool *stop,
                            dbk_err *err)
{
    dbk_bytes *all = ctx;
    (void)stop;
    dbk_rc rc = dbk_bytes_append_u8(all, device->b[0], err);
    return rc == DBK_OK ? dbk_bytes_append(all, entry, err) : rc;
}

static void a_device_has_one_proposal_the_newest(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_bytes all = DBK_BYTES_INIT(100);
    dbk_id a = id_of('a'), b = id_of('b');
    begin(&f->log);
    assert_ok(dbk_log_proposal_put(&f->log, &b, dbk_span_str("1"), &err), &err);
    assert_ok(dbk_log_proposal_put(&f->log, &a, dbk_span_str("2"), &err), &err);
    assert_ok(dbk_log_proposal_put(&f->log, &b, dbk_span_str("3"), &err), &err);
    commit(&f->log);
    assert_ok(dbk_log_proposals(&f->log, note_proposal, &all, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&all), dbk_span_str("a2b3")));
    begin(&f->log);
    assert_ok(dbk_log_proposal_del(&f->log, &a, &err), &err);
    commit(&f->log);
    dbk_bytes_truncate(&all, 0);
    assert_ok(dbk_log_proposals(&f->log, note_proposal, &all, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&all), dbk_span_str("b3")));
    dbk_bytes_wipe(&all);
}

static void a_logs_state_comes_back_as_it_was_put(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_log_space s = { &f->log, id_of(1) };
    dbk_log_state in = { .log = id_of(2), .root = hash_of(3) }, out;
    dbk_frontier_init(&in.frontier);
    for (int i = 0; i < 13; i++) {
        dbk_hash leaf = hash_of((uint8_t)i);
        dbk_frontier_add(&in.frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    memset(in.note, 'n', sizeof(in.note));
    in.note_len = sizeof(in.note);
    assert_rc(dbk_log_state_get(&s, &out, &err), DBK_NOT_FOUND, &err);
    err = (dbk_err){ 0 };
    begin(&f->log);
    assert_ok(dbk_log_state_put(&s, &in, &err), &err);
    commit(&f->log);
    assert_ok(dbk_log_state_get(&s, &out, &err), &err);
    assert_true(dbk_id_equal(&in.log, &out.log));
    assert_true(dbk_hash_equal(&in.root, &out.root));
    assert_int_equal(out.frontier.size, 13);
    assert_memory_equal(in.frontier.nodes, out.frontier.nodes, 3 * sizeof(dbk_hash));
    assert_int_equal(out.note_len, sizeof(in.note));
    assert_memory_equal(in.note, out.note, sizeof(in.note));
}

static void a_state_that_was_cut_or_grew_is_damaged_never_guessed(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_log_space s = { &f->log, id_of(1) };
    dbk_log_state in = { .log = id_of(2), .root = hash_of(3), .note_len = 5 }, out;
    dbk_bytes value = DBK_BYTES_INIT(4096);
    dbk_frontier_init(&in.frontier);
    for (int i = 0; i < 3; i++) {
        dbk_hash leaf = hash_of((uint8_t)i);
        dbk_frontier_add(&in.frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    begin(&f->log);
    assert_ok(dbk_log_state_put(&s, &in, &err), &err);
    assert_ok(f->log.ops->get(f->log.self, &s.space, dbk_span_of("L", 1), &value, &err), &err);
    for (size_t len = 0; len < value.len; len++) {
        dbk_log_row r = { dbk_span_of("L", 1), { value.p, len } };
        assert_ok(f->log.ops->put(f->log.self, &s.space, &r, &err), &err);
        assert_rc(dbk_log_state_get(&s, &out, NULL), DBK_DAMAGED, NULL);
    }
    assert_ok(dbk_bytes_append_u8(&value, 0, &err), &err);
    dbk_log_row longer = { dbk_span_of("L", 1), dbk_bytes_span(&value) };
    assert_ok(f->log.ops->put(f->log.self, &s.space, &longer, &err), &err);
    assert_rc(dbk_log_state_get(&s, &out, NULL), DBK_DAMAGED, NULL);
    f->log.ops->rollback(f->log.self);
    dbk_bytes_wipe(&value);
}

static dbk_rc collect_feed(void *ctx, const dbk_id *feed, bool *stop, dbk_err *err)
{
    uint8_t *text = ctx;
    (void)stop;
    (void)err;
    text[strlen((char *)text)] = (uint8_t)('0' + feed->b[0]);
    return DBK_OK;
}

static void feeds_are_found_by_name_and_by_owner_in_order(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_log_space s = { &f->log, id_of(1) };
    dbk_id owner = id_of(0xff), other = id_of(0xfe);
    dbk_log_feed out;
    uint8_t text[16] = { 0 };
    begin(&f->log);
    for (uint8_t i = 5; i > 0; i--) {
        dbk_log_feed feed = { id_of(i), i % 2 != 0 ? owner : other, 10u + i, hash_of(i) };
        assert_ok(dbk_log_feed_put(&s, &feed, &err), &err);
        feed.last_seq++;
        assert_ok(dbk_log_feed_put(&s, &feed, &err), &err);
    }
    commit(&f->log);
    dbk_id three = id_of(3), nine = id_of(9);
    assert_ok(dbk_log_feed_get(&s, &three, &out, &err), &err);
    assert_int_equal(out.last_seq, 14);
    assert_true(dbk_id_equal(&out.owner, &owner));
    assert_true(dbk_id_equal(&out.feed, &three));
    assert_ok(dbk_log_feeds_of(&s, &owner, collect_feed, text, &err), &err);
    assert_string_equal((char *)text, "135");
    assert_rc(dbk_log_feed_get(&s, &nine, &out, &err), DBK_NOT_FOUND, &err);
}

static void places_and_nodes_are_written_once_and_found(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_log_space s = { &f->log, id_of(1) };
    dbk_dot first = { id_of(4), 65 };
    dbk_log_place place = { 12, 13, hash_of(14) }, got_place;
    dbk_log_node node = { 62, UINT64_C(1) << 40, hash_of(15) };
    dbk_hash hash;
    begin(&f->log);
    assert_ok(dbk_log_place_put(&s, &first, &place, &err), &err);
    assert_ok(dbk_log_node_put(&s, &node, &err), &err);
    assert_rc(dbk_log_place_put(&s, &first, &place, NULL), DBK_CONFLICT, NULL);
    assert_rc(dbk_log_node_put(&s, &node, NULL), DBK_CONFLICT, NULL);
    commit(&f->log);
    assert_ok(dbk_log_place_get(&s, &first, &got_place, &err), &err);
    assert_int_equal(got_place.index, 12);
    assert_int_equal(got_place.receipt_ms, 13);
    assert_ok(dbk_log_node_get(&s, 62, UINT64_C(1) << 40, &hash, &err), &err);
    assert_true(dbk_hash_equal(&hash, &node.hash));
    first.seq++;
    assert_rc(dbk_log_place_get(&s, &first, &got_place, NULL), DBK_NOT_FOUND, NULL);
    assert_rc(dbk_log_node_get(&s, 61, UINT64_C(1) << 40, &hash, NULL), DBK_NOT_FOUND, NULL);
}

static dbk_rc count_fork(void *ctx, const dbk_log_fork *fork, bool *stop, dbk_err *err)
{
    size_t *count = ctx;
    (void)stop;
    (void)err;
    assert_int_equal(fork->segment.header.len, DBK_SEGMENT_HEADER_BYTES);
    assert_int_equal(fork->segment.body.len, 4);
    assert_int_equal(fork->segment.kept, fork->header_hash.b[0] % 2 != 0);
    assert_int_equal(fork->seen_ms, 99);
    (*count)++;
    return DBK_OK;
}

static void evidence_of_forks_is_kept_but_a_flood_of_it_is_not(void **state)
{
    fixture *f = *state;
    static const uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_err err = { 0 };
    dbk_log_space s = { &f->log, id_of(1) };
    size_t count = 0;
    begin(&f->log);
    for (uint8_t i = 0; i < 40; i++) {
        /* each of them twice */
        dbk_log_fork fork = { id_of(5),
                              hash_of(i / 2),
                              99,
                              { dbk_span_of(header, sizeof(header)), dbk_span_of("body", 4),
                                i / 2 % 2 != 0 } };
        assert_ok(dbk_log_fork_keep(&s, &fork, &err), &err);
    }
    commit(&f->log);
    dbk_id feed = id_of(5);
    assert_ok(dbk_log_forks_of(&s, &feed, count_fork, &count, &err), &err);
    assert_int_equal(count, DBK_FORKS_KEPT_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_chain_takes_each_seq_once_and_is_read_from_any_place),
        TEST(a_chain_with_a_hole_is_damaged),
        TEST(settings_and_mailboxes_keep_what_they_are_given),
        TEST(a_device_has_one_proposal_the_newest),
        TEST(a_logs_state_comes_back_as_it_was_put),
        TEST(a_state_that_was_cut_or_grew_is_damaged_never_guessed),
        TEST(feeds_are_found_by_name_and_by_owner_in_order),
        TEST(places_and_nodes_are_written_once_and_found),
        TEST(evidence_of_forks_is_kept_but_a_flood_of_it_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
