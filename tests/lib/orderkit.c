#include "tests/lib/orderkit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"
#include "tests/lib/pgkit.h"
#include "tests/lib/test.h"

#define LARGE 20000u  /* bytes of an op in segment 2: more than a page of the file holds */
#define MARK_BYTES 64 /* of a sealed frame, to be looked for */

int orderkit_setup(void **state)
{
    static orderkit f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.partner, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.second, DBK_ROLE_ADMIN);
    const relaykit_device *members[] = { &f.officer, &f.partner, &f.second, &f.kit.admin };
    f.space = relaykit_space(&f.kit, members, 4);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    f.partners = relaykit_feed_begin(&f.kit, &f.partner, &f.space);
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++)
        relaykit_segment_make(&f.kit, &f.s[i], i % 4 == 3 ? &f.partners : &f.feed, ORDERKIT_OPS,
                              i == 2 ? LARGE : 100);
    *state = &f;
    return 0;
}

int orderkit_teardown(void **state)
{
    orderkit *f = *state;
    (void)relaykit_check(&f->kit);
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++)
        relaykit_segment_wipe(&f->s[i]);
    relaykit_pushed_wipe(&f->p);
    dbk_bytes_wipe(&f->entry);
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->partner);
    relaykit_device_drop(&f->second);
    relaykit_close(&f->kit);
    return 0;
}

void orderkit_push(orderkit *f, size_t from, size_t to, const char *want)
{
    char got[ORDERKIT_SEGMENTS + 1] = { 0 };
    relaykit_pushed_wipe(&f->p);
    f->kit.now_ms += 7;
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &f->p, &f->s[from], to - from), 200);
    for (size_t i = 0; i < f->p.count; i++) {
        got[i] = (char)('0' + f->p.results[i].status);
        if (f->p.results[i].status == DBK_PUSH_ACCEPTED) {
            f->results[from + i] = f->p.results[i];
            f->ms[from + i] = f->kit.now_ms;
        }
    }
    assert_string_equal(got, want);
    memcpy(f->note, f->p.checkpoint.p, f->p.checkpoint.len);
    f->note[f->p.checkpoint.len] = '\0';
}

static size_t dots_of(const orderkit *f, dbk_dot *out, const orderkit_part *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const dbk_header *h = &f->s[parts[i].segment].header;
        for (uint64_t op = 0; op < h->count; op++) {
            if ((parts[i].ops >> op & 1) == 0)
                continue;
            dbk_dot dot = { h->feed, h->first_seq + op };
            size_t at = n++;
            for (; at > 0 && dbk_dot_compare(&out[at - 1], &dot) > 0; at--)
                out[at] = out[at - 1];
            out[at] = dot;
        }
    }
    return n;
}

dbk_span orderkit_order_of(orderkit *f, const orderkit_part *parts, size_t count,
                           const relaykit_device *second)
{
    dbk_dot dots[ORDERKIT_SEGMENTS * ORDERKIT_OPS];
    relaykit_order order = { f->space, dots, dots_of(f, dots, parts, count), second };
    return relaykit_entry_dispose(&f->kit, &f->entry, &order);
}

void orderkit_dispose(orderkit *f, const orderkit_part *parts, size_t count)
{
    assert_int_equal(relaykit_post(&f->kit, orderkit_order_of(f, parts, count, &f->second)), 200);
}

size_t orderkit_fetch(orderkit *f, uint64_t holes[ORDERKIT_SEGMENTS])
{
    char target[160], path[96];
    dbk_relay_answer a;
    dbk_range range;
    dbk_range_item item;
    dbk_checkpoint c;
    dbk_frontier frontier;
    dbk_err err = { 0 };
    (void)snprintf(target, sizeof(target), "%s?from=0&bytes=2000000&own=1",
                   relaykit_space_target(path, &f->space, "segments"));
    relaykit_request req = { "GET", target, { NULL, 0 }, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->partner, &a, &req), 200);
    assert_ok(dbk_range_decode(&range, dbk_bytes_span(&a.body), &err), &err);
    assert_ok(dbk_checkpoint_open(&c, range.checkpoint, &f->kit.birth.relay, &err), &err);
    assert_int_equal(c.size, range.count);
    dbk_frontier_init(&frontier);
    for (size_t i = 0; i < range.count; i++) {
        dbk_header h;
        dbk_kept kept;
        assert_ok(dbk_range_next(&range, &item, &err), &err);
        assert_true(item.has_body);
        assert_ok(dbk_header_decode(&h, item.segment.header, &err), &err);
        dbk_hash hash = dbk_header_hash(&h);
        assert_true(dbk_hash_equal(&hash, &f->s[i].hash));
        assert_ok(dbk_kept_read(&kept, &h, item.segment.body, item.segment.kept, &err), &err);
        holes[i] = kept.holes;
        dbk_hash leaf = dbk_log_leaf(item.receipt_ms, &hash);
        dbk_frontier_add(&frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    dbk_hash root = dbk_frontier_root(&frontier, DBK_TREE_LOG);
    assert_true(dbk_hash_equal(&root, &c.root));
    dbk_bytes_wipe(&a.body);
    return range.count;
}

void orderkit_expect(orderkit *f, const orderkit_part *parts, size_t count)
{
    uint64_t want[ORDERKIT_SEGMENTS] = { 0 }, got[ORDERKIT_SEGMENTS] = { 0 };
    for (size_t i = 0; i < count; i++)
        want[parts[i].segment] |= parts[i].ops;
    (void)orderkit_fetch(f, got);
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++) {
        if (got[i] != want[i])
            fail_msg("segment %zu: holes %llx, want %llx", i, (unsigned long long)got[i],
                     (unsigned long long)want[i]);
    }
    (void)relaykit_check(&f->kit);
}

/* ---- what is left in the store ----------------------------------------------------------- */

/* The pages as the store's own connection reads them, also those that hold nothing any more. */
bool orderkit_pages_hold(const char *path, const dbk_secret *raw_key, dbk_span mark)
{
    sqlite3 *db = NULL;
    char key[2 * DBK_LOG_KEY_BYTES + 4] = "x'";
    sqlite3_int64 size = 0;
    bool found = false;
    dbk_hex_print(key + 2, dbk_secret_bytes(raw_key));
    key[2 + 2 * DBK_LOG_KEY_BYTES] = '\'';
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_key(db, key, 3 + 2 * DBK_LOG_KEY_BYTES), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM segment", NULL, NULL, NULL), SQLITE_OK);
    unsigned char *pages = sqlite3_serialize(db, "main", &size, 0);
    assert_non_null(pages);
    for (sqlite3_int64 at = 0; at + (sqlite3_int64)mark.len <= size && !found; at++)
        found = memcmp(pages + at, mark.p, mark.len) == 0;
    sqlite3_free(pages);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return found;
}

static bool rows_hold(const orderkit *f, dbk_span mark)
{
    char hex[2 * MARK_BYTES + 1], sql[512], count[16];
    dbk_hex_print(hex, mark);
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM daybook.segment WHERE position(decode('%s','hex') in body)"
                   ">0",
                   hex);
    pgkit_ask(f->kit.database.dsn, sql, count, sizeof(count));
    return strcmp(count, "0") != 0;
}

/* A piece of what was sealed, from the middle of op `op`'s frame. */
static dbk_span mark_of(const relaykit_segment *s, size_t op)
{
    static dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    assert_ok(dbk_body_split(frames, &s->header, dbk_bytes_span(&s->body), NULL), NULL);
    dbk_span sealed = frames[op].sealed;
    return dbk_span_of(sealed.p + (sealed.len - MARK_BYTES) / 2, MARK_BYTES);
}

bool orderkit_store_holds(const orderkit *f, size_t segment, size_t op)
{
    dbk_span mark = mark_of(&f->s[segment], op);
    return relaykit_on_postgres(&f->kit) ? rows_hold(f, mark)
                                         : orderkit_pages_hold(f->kit.db, f->kit.db_key, mark);
}

void orderkit_expect_nothing_left_over(const orderkit *f)
{
    char answer[32];
    if (relaykit_on_postgres(&f->kit)) {
        pgkit_ask(f->kit.database.dsn,
                  "SELECT vacuum_count>0 AND n_dead_tup=0 FROM pg_stat_user_tables"
                  " WHERE schemaname='daybook' AND relname='segment'",
                  answer, sizeof(answer));
        assert_string_equal(answer, "t");
    } else {
        struct stat st;
        char wal[3 * DBK_TEST_PATH_SIZE];
        (void)snprintf(wal, sizeof(wal), "%s-wal", f->kit.db);
        assert_int_equal(stat(wal, &st), 0);
        assert_int_equal(st.st_size, 0);
    }
}
