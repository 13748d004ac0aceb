/* The storage or memory fails at the n-th call, for every n: no receipt leaves for what isn't
 * durable, nothing half done stays, and the next try succeeds (A37, A38, P1). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/relaykit.h"

/* A log that counts its calls and fails one, or does it and says that it failed. */
typedef enum how {
    FAILS,   /* nothing is done */
    DONE_BUT /* a commit that reached the disk, and an error that came back all the same */
} how;
typedef struct faulty {
    dbk_log real;
    uint64_t calls, fail_at; /* 0: never */
    dbk_rc rc;
    how how;
} faulty;
static faulty writer; /* the handle that writes; readers are left alone */

static bool hit(dbk_err *err)
{
    if (writer.fail_at == 0 || ++writer.calls != writer.fail_at)
        return false;
    (void)dbk_fail(err, writer.rc, "a fault by the test");
    return true;
}

static dbk_rc f_begin(void *self, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->begin(self, err);
}

static dbk_rc f_commit(void *self, dbk_err *err)
{
    dbk_rc rc;
    if (!hit(err))
        return writer.real.ops->commit(self, err);
    if (writer.how == DONE_BUT) {
        rc = writer.real.ops->commit(self, NULL);
        assert_int_equal(rc, DBK_OK);
    }
    return writer.rc;
}

static void f_rollback(void *self)
{
    writer.real.ops->rollback(self);
}

static dbk_rc f_get(void *self, const dbk_id *space, dbk_span key, dbk_bytes *value, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->get(self, space, key, value, err);
}

static dbk_rc f_put(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->put(self, space, row, err);
}

static dbk_rc f_add(void *self, const dbk_id *space, const dbk_log_row *row, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->add(self, space, row, err);
}

static dbk_rc f_del(void *self, const dbk_id *space, dbk_span key, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->del(self, space, key, err);
}

static dbk_rc f_scan(void *self, const dbk_id *space, const dbk_log_scan *scan, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->scan(self, space, scan, err);
}

static dbk_rc f_append(void *self, const dbk_id *space, const dbk_log_segment *s, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->segment_append(self, space, s, err);
}

static dbk_rc f_read(void *self, const dbk_id *space, const dbk_log_read *read, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->segments_read(self, space, read, err);
}

static dbk_rc f_keep(void *self, const dbk_id *space, uint64_t index, dbk_span kept, dbk_err *err)
{
    return hit(err) ? writer.rc : writer.real.ops->segment_keep(self, space, index, kept, err);
}

static void f_forget(void *self)
{
    writer.real.ops->forget(self);
}

static void f_close(void *self)
{
    writer.real.ops->close(self);
}

static const dbk_log_ops faulty_ops = {
    f_begin, f_commit, f_rollback, f_get,  f_put,    f_add,   f_del,
    f_scan,  f_append, f_read,     f_keep, f_forget, f_close,
};

static dbk_rc faulty_open(void *self, dbk_log *out, dbk_log_use use, dbk_err *err)
{
    relaykit *k = self;
    dbk_rc rc = k->source.open(k->source.self, out, use, err);
    if (rc == DBK_OK && use == DBK_LOG_WRITES) {
        writer.real = *out;
        out->ops = &faulty_ops;
    }
    return rc;
}

static void arm(uint64_t fail_at, dbk_rc rc, how way)
{
    writer.calls = 0;
    writer.fail_at = fail_at;
    writer.rc = rc;
    writer.how = way;
}

/* Whether the fault came; disarms. */
static bool came(void)
{
    bool fired = writer.calls >= writer.fail_at;
    writer.fail_at = 0;
    return fired;
}

typedef struct fixture {
    relaykit kit;
    relaykit_device officer;
    dbk_id space;
    relaykit_feed feed;
} fixture;

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    memset(&writer, 0, sizeof(writer));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_stop(&f.kit);
    f.kit.outer = (dbk_log_source){ faulty_open, &f.kit, false };
    relaykit_start(&f.kit);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    relaykit_device_drop(&f->officer);
    relaykit_close(&f->kit);
    return 0;
}

/* ---- storage ----------------------------------------------------------------------------- */

/* One round for each n: a push that fails at call n, and the same push again. */
static void push_with_faults(fixture *f, dbk_rc rc, int want)
{
    bool fired = true;
    for (uint64_t n = 1; fired; n++) {
        relaykit_segment s[3];
        relaykit_pushed p;
        uint64_t before = relaykit_check(&f->kit).segments;
        for (size_t i = 0; i < 3; i++)
            relaykit_segment_make(&f->kit, &s[i], &f->feed, 2, 50);
        assert_int_equal(
            relaykit_status(&f->kit, &f->officer, "POST", "/v1/hello", dbk_span_str("{\"v\":1}")),
            200);
        arm(n, rc, FAILS);
        int status = relaykit_push(&f->kit, &f->officer, &p, s, 3);
        fired = came();
        assert_int_equal(status, fired ? want : 200);
        assert_int_equal(relaykit_check(&f->kit).segments, before + (fired ? 0 : 3));
        relaykit_pushed_wipe(&p);
        assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, s, 3), 200);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(p.results[i].status, fired ? DBK_PUSH_ACCEPTED : DBK_PUSH_DUPLICATE);
            assert_true(relaykit_receipt_ok(&f->kit, &s[i], &p.results[i].receipt));
            relaykit_segment_wipe(&s[i]);
        }
        assert_int_equal(relaykit_check(&f->kit).segments, before + 3);
        relaykit_pushed_wipe(&p);
    }
}

static void a_push_that_the_disk_fails_is_not_receipted_and_comes_in_later(void **state)
{
    push_with_faults(*state, DBK_IO, 503);
}

static void a_push_that_finds_the_disk_full_waits_on_the_device_until_there_is_room(void **state)
{
    push_with_faults(*state, DBK_FULL, 507);
}

static void a_commit_of_unknown_outcome_is_settled_by_asking_again(void **state)
{
    fixture *f = *state;
    relaykit_segment s[2];
    relaykit_pushed p;
    relaykit_device d;
    dbk_bytes entry = { 0 };
    for (size_t i = 0; i < 2; i++)
        relaykit_segment_make(&f->kit, &s[i], &f->feed, 2, 50);
    /* Find the call that is the commit: the last of a clean push. */
    assert_int_equal(
        relaykit_status(&f->kit, &f->officer, "POST", "/v1/hello", dbk_span_str("{\"v\":1}")), 200);
    arm(UINT64_MAX, DBK_IO, DONE_BUT);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s[0], 1), 200);
    uint64_t commit = writer.calls;
    relaykit_pushed_wipe(&p);
    /* Another feed's state is the same size, so the count of calls is the same: two spaces would
     * not be. The second segment needs one call less, the feed being there. */
    bool durable = false;
    for (uint64_t n = commit; n > 1 && !durable; n--) {
        arm(n, DBK_IO, DONE_BUT);
        int status = relaykit_push(&f->kit, &f->officer, &p, &s[1], 1);
        if (!came()) {
            relaykit_pushed_wipe(&p);
            fail_msg("the push made fewer calls than the one before");
        }
        assert_int_equal(status, 503);
        relaykit_pushed_wipe(&p);
        durable = relaykit_check(&f->kit).segments == 2;
        if (!durable)
            assert_int_equal(relaykit_check(&f->kit).segments, 1);
    }
    assert_true(durable);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, s, 2), 200);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(p.results[i].status, DBK_PUSH_DUPLICATE);
        assert_true(relaykit_receipt_ok(&f->kit, &s[i], &p.results[i].receipt));
        relaykit_segment_wipe(&s[i]);
    }
    relaykit_pushed_wipe(&p);

    /* The same with a membership entry: memory follows what the disk really holds. */
    relaykit_device_make(&f->kit, &d, DBK_ROLE_OFFICER);
    dbk_span enrol = relaykit_entry_enrol(&f->kit, &entry, &d);
    uint64_t before = relaykit_check(&f->kit).entries;
    for (uint64_t n = 1; relaykit_check(&f->kit).entries == before; n++) {
        assert_int_equal(
            relaykit_status(&f->kit, &d, "POST", "/v1/hello", dbk_span_str("{\"v\":1}")), 401);
        arm(n, DBK_IO, DONE_BUT);
        assert_int_equal(relaykit_status(&f->kit, &f->kit.admin, "POST", "/v1/members", enrol),
                         503);
        assert_true(came());
    }
    assert_int_equal(relaykit_status(&f->kit, &d, "POST", "/v1/hello", dbk_span_str("{\"v\":1}")),
                     200);
    assert_int_equal(relaykit_post(&f->kit, enrol), 200); /* held already */
    assert_int_equal(relaykit_check(&f->kit).entries, before + 1);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&d);
}

static void an_entry_that_could_not_be_stored_makes_nobody_a_member(void **state)
{
    fixture *f = *state;
    bool fired = true;
    for (uint64_t n = 1; fired; n++) {
        relaykit_device d;
        dbk_bytes entry = { 0 };
        dbk_span hello = dbk_span_str("{\"v\":1}");
        relaykit_device_make(&f->kit, &d, DBK_ROLE_OFFICER);
        dbk_span enrol = relaykit_entry_enrol(&f->kit, &entry, &d);
        (void)relaykit_status(&f->kit, &f->kit.admin, "POST", "/v1/hello", hello);
        arm(n, DBK_IO, FAILS);
        int status = relaykit_status(&f->kit, &f->kit.admin, "POST", "/v1/members", enrol);
        fired = came();
        assert_int_equal(status, fired ? 503 : 200);
        assert_int_equal(relaykit_status(&f->kit, &d, "POST", "/v1/hello", hello),
                         fired ? 401 : 200);
        assert_int_equal(relaykit_post(&f->kit, enrol), 200);
        assert_int_equal(relaykit_status(&f->kit, &d, "POST", "/v1/hello", hello), 200);
        dbk_bytes_wipe(&entry);
        relaykit_device_drop(&d);
    }
}

static void a_space_is_known_with_its_log_or_not_at_all(void **state)
{
    fixture *f = *state;
    const relaykit_device *members[] = { &f->officer };
    bool fired = true;
    for (uint64_t n = 1; fired; n++) {
        dbk_id space;
        dbk_bytes entry = { 0 }, body;
        dbk_welcome w;
        dbk_span made = relaykit_entry_space(&f->kit, &entry, &space, members, 1);
        uint64_t before = relaykit_check(&f->kit).spaces;
        arm(n, DBK_IO, FAILS);
        int status = relaykit_status(&f->kit, &f->kit.admin, "POST", "/v1/members", made);
        fired = came();
        assert_int_equal(status, fired ? 503 : 200);
        relaykit_hello(&f->kit, &f->officer, &w, &body);
        assert_int_equal(w.spaces_count, before + (fired ? 0 : 1));
        assert_int_equal(relaykit_check(&f->kit).spaces, w.spaces_count);
        dbk_welcome_wipe(&w);
        dbk_bytes_wipe(&body);
        assert_int_equal(relaykit_post(&f->kit, made), 200);
        dbk_bytes_wipe(&entry);
    }
}

/* The order and what it erases are one: in the check each hole is one that the chain orders, and
 * all that it orders are holes. */
static void an_order_to_dispose_is_carried_out_or_not_taken(void **state)
{
    fixture *f = *state;
    relaykit_device second;
    dbk_bytes entry = { 0 };
    bool fired = true;
    relaykit_enrol(&f->kit, &second, DBK_ROLE_ADMIN);
    const relaykit_device *admins[] = { &f->kit.admin, &second };
    for (size_t i = 0; i < 2; i++) {
        dbk_span grant = relaykit_entry_grant(&f->kit, &entry, &f->space, admins[i], 0);
        assert_int_equal(relaykit_post(&f->kit, grant), 200);
    }
    for (uint64_t n = 1; fired; n++) {
        relaykit_segment s[2];
        relaykit_pushed p;
        dbk_dot dots[3];
        relaykit_order order = { f->space, dots, ARRAY_LEN(dots), &second };
        for (size_t i = 0; i < 2; i++)
            relaykit_segment_make(&f->kit, &s[i], &f->feed, 2, 50);
        assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, s, 2), 200);
        relaykit_pushed_wipe(&p);
        for (size_t i = 0; i < ARRAY_LEN(dots); i++)
            dots[i] = (dbk_dot){ f->feed.feed, s[0].header.first_seq + 1 + i };
        dbk_span ordered = relaykit_entry_dispose(&f->kit, &entry, &order);
        uint64_t before = relaykit_check(&f->kit).entries;
        arm(n, DBK_IO, FAILS);
        int status = relaykit_status(&f->kit, &f->kit.admin, "POST", "/v1/members", ordered);
        fired = came();
        assert_int_equal(status, fired ? 503 : 200);
        assert_int_equal(relaykit_check(&f->kit).entries, before + (fired ? 0 : 1));
        assert_int_equal(relaykit_post(&f->kit, ordered), 200);
        assert_int_equal(relaykit_check(&f->kit).entries, before + 1);
        for (size_t i = 0; i < 2; i++)
            relaykit_segment_wipe(&s[i]);
    }
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&second);
}

static void a_relay_whose_storage_failed_says_that_it_is_not_well(void **state)
{
    fixture *f = *state;
    relaykit_segment s;
    relaykit_pushed p;
    dbk_span none = { NULL, 0 };
    relaykit_segment_make(&f->kit, &s, &f->feed, 1, 10);
    (void)relaykit_status(&f->kit, &f->officer, "POST", "/v1/hello", dbk_span_str("{\"v\":1}"));
    assert_int_equal(relaykit_status(&f->kit, NULL, "GET", "/healthz", none), 200);
    arm(2, DBK_FULL, FAILS);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 507);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_status(&f->kit, NULL, "GET", "/healthz", none), 200);
    arm(2, DBK_IO, FAILS);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 503);
    relaykit_pushed_wipe(&p);
    assert_true(came());
    assert_int_equal(relaykit_status(&f->kit, NULL, "GET", "/healthz", none), 503);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    assert_int_equal(relaykit_status(&f->kit, NULL, "GET", "/healthz", none), 200);
    relaykit_segment_wipe(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_push_that_the_disk_fails_is_not_receipted_and_comes_in_later),
        TEST(a_push_that_finds_the_disk_full_waits_on_the_device_until_there_is_room),
        TEST(a_commit_of_unknown_outcome_is_settled_by_asking_again),
        TEST(an_entry_that_could_not_be_stored_makes_nobody_a_member),
        TEST(a_space_is_known_with_its_log_or_not_at_all),
        TEST(an_order_to_dispose_is_carried_out_or_not_taken),
        TEST(a_relay_whose_storage_failed_says_that_it_is_not_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
