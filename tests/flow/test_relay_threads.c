/* Many devices push at once: group commit shares transactions, and nothing is lost or doubled. */
#include "tests/lib/test.h"

#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/relaykit.h"

#define THREADS 6u
#define PUSHES 170u /* of each thread: 1,020 in all */
#define TOTAL (THREADS * PUSHES)

typedef struct worker {
    relaykit *kit;
    relaykit_device device;
    relaykit_feed feed;
    relaykit_segment *s;
    dbk_receipt receipts[PUSHES];
    bool failed;
} worker;

static void *push_all(void *ctx)
{
    worker *w = ctx;
    relaykit_pushed *p = dbk_alloc(sizeof(*p));
    w->failed = p == NULL;
    for (size_t i = 0; i < PUSHES && !w->failed; i++) {
        int status = relaykit_push(w->kit, &w->device, p, &w->s[i], 1);
        w->failed = status != 200 || p->results[0].status != DBK_PUSH_ACCEPTED ||
                    !relaykit_receipt_ok(w->kit, &w->s[i], &p->results[0].receipt);
        w->receipts[i] = p->results[0].receipt;
        /* Now and then something else: a hello, and the same push again. */
        if (!w->failed && i % 10 == 9)
            w->failed = relaykit_status(w->kit, &w->device, "POST", "/v1/hello",
                                        dbk_span_str("{\"v\":1}")) != 200;
        relaykit_pushed_wipe(p);
        if (!w->failed && i % 10 == 4) {
            w->failed = relaykit_push(w->kit, &w->device, p, &w->s[i], 1) != 200 ||
                        p->results[0].status != DBK_PUSH_DUPLICATE ||
                        memcmp(&p->results[0].receipt, &w->receipts[i], sizeof(dbk_receipt)) != 0;
            relaykit_pushed_wipe(p);
        }
    }
    dbk_free(p);
    return NULL;
}

static void a_thousand_pushes_at_once_keep_chain_and_tree_right(void **state)
{
    static relaykit kit;
    static worker workers[THREADS];
    static bool seen[TOTAL];
    const relaykit_device *members[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    relaykit_open(&kit, DBK_WRITER_THREAD);
    relaykit_org(&kit);
    for (size_t t = 0; t < THREADS; t++) {
        workers[t].kit = &kit;
        relaykit_enrol(&kit, &workers[t].device, DBK_ROLE_OFFICER);
        members[t] = &workers[t].device;
    }
    dbk_id space = relaykit_space(&kit, members, THREADS);
    for (size_t t = 0; t < THREADS; t++) {
        worker *w = &workers[t];
        w->feed = relaykit_feed_begin(&kit, &w->device, &space);
        w->s = dbk_alloc_array(PUSHES, sizeof(*w->s));
        assert_non_null(w->s);
        for (size_t i = 0; i < PUSHES; i++)
            relaykit_segment_make(&kit, &w->s[i], &w->feed, (uint16_t)(1 + i % 4), 200);
    }
    uint64_t before = dbk_relay_commits(kit.relay);
    for (size_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, push_all, &workers[t]), 0);
    for (size_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    uint64_t commits = dbk_relay_commits(kit.relay) - before;
    print_message("%u pushes in %llu transactions\n", TOTAL, (unsigned long long)commits);
    assert_true(commits < TOTAL);

    for (size_t t = 0; t < THREADS; t++) {
        assert_false(workers[t].failed);
        for (size_t i = 0; i < PUSHES; i++) {
            uint64_t at = workers[t].receipts[i].index;
            assert_true(at < TOTAL);
            assert_false(seen[at]);
            seen[at] = true;
            /* A feed keeps its order. */
            assert_true(i == 0 || at > workers[t].receipts[i - 1].index);
        }
    }
    dbk_log_report report = relaykit_check(&kit);
    assert_int_equal(report.segments, TOTAL);
    assert_int_equal(report.feeds, THREADS);
    relaykit_stop(&kit);
    relaykit_start(&kit);
    assert_int_equal(relaykit_check(&kit).segments, TOTAL);
    for (size_t t = 0; t < THREADS; t++) {
        for (size_t i = 0; i < PUSHES; i++)
            relaykit_segment_wipe(&workers[t].s[i]);
        dbk_free(workers[t].s);
        relaykit_device_drop(&workers[t].device);
    }
    relaykit_close(&kit);
}

typedef struct enrolment {
    relaykit *kit;
    dbk_bytes entry;
    int status;
    relaykit_device admin; /* the same device, with nonces of its own */
} enrolment;

static void *post_entry(void *ctx)
{
    enrolment *e = ctx;
    e->status = relaykit_status(e->kit, &e->admin, "POST", "/v1/members",
                                dbk_bytes_span(&e->entry));
    return NULL;
}

static void of_entries_posted_at_once_on_one_head_exactly_one_is_taken_M49(void **state)
{
    static relaykit kit;
    static enrolment e[THREADS];
    relaykit_device devices[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    relaykit_open(&kit, DBK_WRITER_THREAD);
    relaykit_org(&kit);
    for (int round = 0; round < 10; round++) {
        unsigned taken = 0;
        for (size_t t = 0; t < THREADS; t++) {
            relaykit_device_make(&kit, &devices[t], DBK_ROLE_OFFICER);
            e[t].kit = &kit;
            relaykit_entry_enrol(&kit, &e[t].entry, &devices[t]);
            e[t].admin = kit.admin;
        }
        for (size_t t = 0; t < THREADS; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, post_entry, &e[t]), 0);
        for (size_t t = 0; t < THREADS; t++)
            assert_int_equal(pthread_join(threads[t], NULL), 0);
        for (size_t t = 0; t < THREADS; t++) {
            assert_true(e[t].status == 200 || e[t].status == 409);
            if (e[t].status == 200) {
                taken++;
                assert_ok(dbk_roster_add(kit.roster, dbk_bytes_span(&e[t].entry), NULL), NULL);
            }
        }
        assert_int_equal(taken, 1);
        for (size_t t = 0; t < THREADS; t++) {
            dbk_bytes_wipe(&e[t].entry);
            relaykit_device_drop(&devices[t]);
        }
    }
    assert_int_equal(relaykit_check(&kit).entries, 11);
    relaykit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_pushes_at_once_keep_chain_and_tree_right),
        cmocka_unit_test(of_entries_posted_at_once_on_one_head_exactly_one_is_taken_M49),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
