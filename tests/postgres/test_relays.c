/* Two relays on one database, behind one address: what one takes the other serves, who is in or out
 * is known to both at once, and one log grows. Needs DBK_TEST_DSN (tests/postgres/server.sh). */
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/pgkit.h"
#include "tests/lib/relaykit.h"

#define THREADS 4u
#define PUSHES 60u /* of each thread */
#define TOTAL (THREADS * PUSHES)

/* One organisation in front of both: a second kit that differs in its relay. */
typedef struct relays {
    relaykit a, b;
} relays;

static void open_second(relays *two)
{
    dbk_err err = { 0 };
    dbk_relay_opts opts = { &two->a.outer, dbk_env_system(), DBK_WRITER_THREAD, RELAYKIT_READERS };
    two->b = two->a;
    assert_ok(dbk_relay_open(&two->b.relay, &opts, &err), &err);
}

static int setup(void **state)
{
    static relays two;
    relaykit_open(&two.a, DBK_WRITER_THREAD);
    relaykit_org(&two.a);
    open_second(&two);
    *state = &two;
    return 0;
}

static int teardown(void **state)
{
    relays *two = *state;
    (void)relaykit_check(&two->a);
    dbk_relay_close(two->b.relay);
    relaykit_close(&two->a);
    return 0;
}

static int hello(relaykit *k, relaykit_device *d)
{
    return relaykit_status(k, d, "POST", "/v1/hello", dbk_span_str("{\"v\":1}"));
}

static void who_was_let_in_or_shut_out_at_one_is_so_at_the_other(void **state)
{
    relays *two = *state;
    relaykit_device officer;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    relaykit_enrol(&two->a, &officer, DBK_ROLE_OFFICER);
    assert_int_equal(hello(&two->b, &officer), 200);
    assert_int_equal(hello(&two->a, &officer), 200);
    assert_int_equal(relaykit_post(&two->b, relaykit_entry_revoke(&two->a, &entry, &officer)), 200);
    assert_int_equal(hello(&two->a, &officer), 401); /* A25 */
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&officer);
}

static void a_push_at_one_after_the_removal_at_the_other_is_late(void **state)
{
    relays *two = *state;
    relaykit_device officer;
    static relaykit_segment s[2];
    relaykit_pushed p = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    relaykit_enrol(&two->a, &officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &officer };
    dbk_id space = relaykit_space(&two->a, members, 1);
    relaykit_feed feed = relaykit_feed_begin(&two->a, &officer, &space);
    for (size_t i = 0; i < 2; i++)
        relaykit_segment_make(&two->a, &s[i], &feed, 1, 100);
    assert_int_equal(relaykit_push(&two->b, &officer, &p, &s[0], 1), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_ACCEPTED);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_post(&two->a, relaykit_entry_revoke(&two->a, &entry, &officer)), 200);
    assert_int_equal(relaykit_push(&two->b, &officer, &p, &s[1], 1), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_QUARANTINED); /* A24 */
    relaykit_pushed_wipe(&p);
    /* The same again at the first: the same place, the same receipt. */
    assert_int_equal(relaykit_push(&two->a, &officer, &p, s, 2), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_DUPLICATE);
    assert_int_equal(p.results[1].status, DBK_PUSH_DUPLICATE);
    relaykit_pushed_wipe(&p);
    for (size_t i = 0; i < 2; i++)
        relaykit_segment_wipe(&s[i]);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&officer);
}

/* The order is in the database before the other relay has seen it: it looks in the transaction in
 * which it stores (decision 0031). */
static void what_one_was_ordered_to_erase_the_other_doesnt_store_whole(void **state)
{
    relays *two = *state;
    relaykit_device officer, second;
    static relaykit_segment s[3];
    relaykit_pushed p = { 0 };
    dbk_bytes entry = { 0 };
    relaykit_enrol(&two->a, &officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&two->a, &second, DBK_ROLE_ADMIN);
    const relaykit_device *members[] = { &officer, &two->a.admin, &second };
    dbk_id space = relaykit_space(&two->a, members, 3);
    relaykit_feed feed = relaykit_feed_begin(&two->a, &officer, &space);
    for (size_t i = 0; i < 3; i++)
        relaykit_segment_make(&two->a, &s[i], &feed, 2, 100);
    assert_int_equal(relaykit_push(&two->b, &officer, &p, &s[0], 1), 200);
    relaykit_pushed_wipe(&p);
    const dbk_dot dots[] = { { feed.feed, 2 }, { feed.feed, 3 }, { feed.feed, 6 } };
    relaykit_order order = { space, dots, 3, &second };
    assert_int_equal(relaykit_post(&two->a, relaykit_entry_dispose(&two->a, &entry, &order)), 200);
    relaykit_segment_erase(&s[2], 2);
    assert_int_equal(relaykit_push(&two->b, &officer, &p, &s[1], 2), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_ACCEPTED);
    assert_int_equal(p.results[1].status, DBK_PUSH_ACCEPTED);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_check(&two->a).segments, 3); /* holes just where they are ordered */
    for (size_t i = 0; i < 3; i++)
        relaykit_segment_wipe(&s[i]);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&officer);
    relaykit_device_drop(&second);
}

static void of_two_entries_on_one_head_the_first_is_taken_M49(void **state)
{
    relays *two = *state;
    relaykit_device one, other;
    dbk_bytes first = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_bytes second = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    relaykit_device_make(&two->a, &one, DBK_ROLE_OFFICER);
    relaykit_device_make(&two->a, &other, DBK_ROLE_OFFICER);
    relaykit_entry_enrol(&two->a, &first, &one);
    relaykit_entry_enrol(&two->a, &second, &other);
    assert_int_equal(relaykit_post(&two->a, dbk_bytes_span(&first)), 200);
    assert_int_equal(
        relaykit_status(&two->b, &two->a.admin, "POST", "/v1/members", dbk_bytes_span(&second)),
        409);
    dbk_bytes_wipe(&first);
    dbk_bytes_wipe(&second);
    relaykit_device_drop(&one);
    relaykit_device_drop(&other);
}

/* ---- many at once ------------------------------------------------------------------------ */

typedef struct worker {
    relays *two;
    relaykit_device device;
    relaykit_feed feed;
    relaykit_segment s[PUSHES];
    uint64_t places[PUSHES];
    bool failed;
} worker;

/* Each push at the other relay, so that each feed's order hangs on both. A connection that was lost
 * is no answer: the same push again, as a device does it. */
static void *push_all(void *ctx)
{
    worker *w = ctx;
    relaykit_pushed *p = dbk_alloc(sizeof(*p));
    w->failed = p == NULL;
    for (size_t i = 0; i < PUSHES && !w->failed; i++) {
        relaykit *k = i % 2 == 0 ? &w->two->a : &w->two->b;
        int status = 503;
        for (int tries = 0; tries < 50 && status == 503; tries++) {
            relaykit_pushed_wipe(p);
            status = relaykit_push(k, &w->device, p, &w->s[i], 1);
        }
        w->failed = status != 200 || !dbk_push_has_receipt(p->results[0].status) ||
                    !relaykit_receipt_ok(k, &w->s[i], &p->results[0].receipt);
        w->places[i] = p->results[0].receipt.index;
        relaykit_pushed_wipe(p);
    }
    dbk_free(p);
    return NULL;
}

static void run_workers(relays *two, const char *meanwhile)
{
    static worker workers[THREADS];
    static bool seen[TOTAL];
    const relaykit_device *members[THREADS];
    pthread_t threads[THREADS];
    char ignored[8];
    memset(seen, 0, sizeof(seen));
    for (size_t t = 0; t < THREADS; t++) {
        workers[t].two = two;
        relaykit_enrol(&two->a, &workers[t].device, DBK_ROLE_OFFICER);
        members[t] = &workers[t].device;
    }
    dbk_id space = relaykit_space(&two->a, members, THREADS);
    for (size_t t = 0; t < THREADS; t++) {
        worker *w = &workers[t];
        w->feed = relaykit_feed_begin(&two->a, &w->device, &space);
        for (size_t i = 0; i < PUSHES; i++)
            relaykit_segment_make(&two->a, &w->s[i], &w->feed, 1, 200);
    }
    for (size_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, push_all, &workers[t]), 0);
    for (int i = 0; meanwhile != NULL && i < 5; i++)
        pgkit_ask(two->a.database.dsn, meanwhile, ignored, sizeof(ignored));
    for (size_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (size_t t = 0; t < THREADS; t++) {
        worker *w = &workers[t];
        assert_false(w->failed);
        for (size_t i = 0; i < PUSHES; i++) {
            assert_true(w->places[i] < TOTAL);
            assert_false(seen[w->places[i]]);
            seen[w->places[i]] = true;
            assert_true(i == 0 || w->places[i] > w->places[i - 1]);
            relaykit_segment_wipe(&w->s[i]);
        }
        relaykit_device_drop(&w->device);
    }
    assert_int_equal(relaykit_check(&two->a).segments, TOTAL);
}

static void pushes_through_two_relays_at_once_make_one_log(void **state)
{
    run_workers(*state, NULL);
}

static void what_was_receipted_stands_though_connections_are_cut_meanwhile_P1(void **state)
{
    run_workers(*state, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend';"
                        " SELECT pg_sleep(0.15)");
}

/* ---- what the database gives away -------------------------------------------------------- */

static void rows_are_sealed_and_bound_to_their_place(void **state)
{
    relays *two = *state;
    char out[64];
    const char *dsn = two->a.database.dsn;
    /* The setup code's hash, the checkpoint key, the chain: no value stands in clear. */
    pgkit_ask(dsn, "SELECT count(*) FROM daybook.row WHERE length(value) < 40", out, sizeof(out));
    assert_string_equal(out, "0");
    /* A value in another's place opens nothing. */
    pgkit_ask(dsn,
              "INSERT INTO daybook.row SELECT space, convert_to('Kmoved', 'UTF8'), value"
              " FROM daybook.row WHERE key = convert_to('Krelay-sk', 'UTF8')",
              out, sizeof(out));
    dbk_log log;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(1024);
    assert_ok(dbk_log_postgres_open(&two->a.database, &log, DBK_LOG_READS, &err), &err);
    assert_ok(dbk_log_setting_get(&log, "relay-sk", &value, &err), &err);
    assert_rc(dbk_log_setting_get(&log, "moved", &value, &err), DBK_DAMAGED, &err);
    dbk_log_close(&log);
    dbk_bytes_wipe(&value);
}

static void another_key_opens_nothing(void **state)
{
    relays *two = *state;
    dbk_secret *key = NULL;
    assert_rc(dbk_secret_random(&key, DBK_LOG_KEY_BYTES, dbk_env_system(), NULL), DBK_OK, NULL);
    dbk_log_postgres db = { two->a.database.dsn, key };
    dbk_log_source source = dbk_log_postgres_source(&db);
    dbk_relay_opts opts = { &source, dbk_env_system(), DBK_WRITER_THREAD, 1 };
    dbk_relay *again = NULL;
    assert_rc(dbk_relay_open(&again, &opts, NULL), DBK_DAMAGED, NULL);
    dbk_secret_free(key);
}

static void a_password_in_the_connection_string_is_refused(void **state)
{
    (void)state;
    assert_rc(dbk_log_postgres_check_dsn("host=/run user=daybook", NULL), DBK_OK, NULL);
    assert_rc(dbk_log_postgres_check_dsn("host=/run password=x", NULL), DBK_USAGE, NULL);
    assert_rc(dbk_log_postgres_check_dsn("postgresql://u:x@h/d", NULL), DBK_USAGE, NULL);
    assert_rc(dbk_log_postgres_check_dsn("host=/run sslpassword=x", NULL), DBK_USAGE, NULL);
    assert_rc(dbk_log_postgres_check_dsn("no such thing", NULL), DBK_USAGE, NULL);
}

#define WITH_TWO(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TWO(who_was_let_in_or_shut_out_at_one_is_so_at_the_other),
        WITH_TWO(a_push_at_one_after_the_removal_at_the_other_is_late),
        WITH_TWO(what_one_was_ordered_to_erase_the_other_doesnt_store_whole),
        WITH_TWO(of_two_entries_on_one_head_the_first_is_taken_M49),
        WITH_TWO(pushes_through_two_relays_at_once_make_one_log),
        WITH_TWO(what_was_receipted_stands_though_connections_are_cut_meanwhile_P1),
        WITH_TWO(another_key_opens_nothing),
        WITH_TWO(rows_are_sealed_and_bound_to_their_place),
        cmocka_unit_test(a_password_in_the_connection_string_is_refused),
    };
    if (getenv("DBK_TEST_DSN") == NULL)
        return 77; /* skipped: there is no database */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
