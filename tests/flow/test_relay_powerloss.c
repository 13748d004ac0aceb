/* A disk that fails under the relay (P1, A36). What a power cut may leave of its files is in
 * tests/images. */
#include "tests/lib/test.h"

#include "tests/lib/disk/disk.h"
#include "tests/lib/relaykit.h"

/* After a failed fsync the kernel may have thrown the pages away and call them clean: a later
 * fsync that succeeds proves nothing, so nothing is taken any more until the next start. */
static void after_a_failed_sync_nothing_is_receipted_until_a_restart_P1_A36(void **state)
{
    static relaykit_pushed p;
    static relaykit_segment s[2];
    static relaykit kit;
    relaykit_device officer;
    relaykit *k = &kit;
    (void)state;
    relaykit_open(k, DBK_WRITER_INLINE);
    disk_record *disk = disk_watch(k->dir);
    relaykit_org(k);
    relaykit_enrol(k, &officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &officer };
    dbk_id space = relaykit_space(k, members, 1);
    relaykit_feed feed = relaykit_feed_begin(k, &officer, &space);
    relaykit_segment_make(k, &s[0], &feed, 1, 50);
    relaykit_segment_make(k, &s[1], &feed, 1, 50);
    assert_int_equal(relaykit_push(k, &officer, &p, s, 1), 200);
    relaykit_pushed_wipe(&p);
    disk_fail_syncs(disk, true);
    assert_int_equal(relaykit_push(k, &officer, &p, &s[1], 1), 503);
    relaykit_pushed_wipe(&p);
    disk_fail_syncs(disk, false);
    assert_int_equal(relaykit_push(k, &officer, &p, &s[1], 1), 503);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_status(k, NULL, "GET", "/healthz", (dbk_span){ NULL, 0 }), 503);
    relaykit_stop(k);
    relaykit_start(k);
    assert_int_equal(relaykit_push(k, &officer, &p, s, 2), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_DUPLICATE);
    assert_int_equal(p.results[1].status, DBK_PUSH_ACCEPTED);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_check(k).segments, 2);
    for (size_t i = 0; i < 2; i++)
        relaykit_segment_wipe(&s[i]);
    relaykit_device_drop(&officer);
    relaykit_close(k);
    disk_record_free(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_failed_sync_nothing_is_receipted_until_a_restart_P1_A36),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
