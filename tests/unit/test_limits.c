/* limits.txt in a relay's folder. */
#include "tests/lib/test.h"

#include <string.h>

#include "sync/relay/limits.h"

static void what_is_not_named_has_its_default(void **state)
{
    dbk_limits l;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_limits_parse(&l, dbk_span_str(""), &err), &err);
    assert_int_equal(l.of[DBK_LIMITS_DISK_MAX_PERCENT], 90);
    assert_int_equal(l.of[DBK_LIMITS_DEVICE_BYTES_MAX], 4000000000u);
    dbk_relay_limits r = dbk_limits_of_relay(&l);
    assert_int_equal(r.device.burst, 200);
    assert_int_equal(r.device.per_second, 20);
    assert_int_equal(r.stranger.burst, 100);
    assert_int_equal(r.stranger.per_second, 5);
    assert_int_equal(r.quota.device.segments, 1000000);
    assert_int_equal(r.quota.device.bytes, 4000000000u);
    assert_int_equal(r.quota.space.segments, 0);
    assert_int_equal(r.quota.space.bytes, 0);
}

static void names_numbers_suffixes_and_comments_are_read(void **state)
{
    static const char text[] = "# of our unit\n\n  disk-max-percent 80 # of 100\r\n"
                               "device-bytes-max\t2G\nspace-bytes-max 500M\n"
                               "space-segments-max 12\nstranger-requests-burst 7";
    dbk_limits l;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_limits_parse(&l, dbk_span_str(text), &err), &err);
    assert_int_equal(l.of[DBK_LIMITS_DISK_MAX_PERCENT], 80);
    assert_int_equal(l.of[DBK_LIMITS_DEVICE_BYTES_MAX], 2000000000u);
    assert_int_equal(l.of[DBK_LIMITS_SPACE_BYTES_MAX], 500000000u);
    assert_int_equal(l.of[DBK_LIMITS_SPACE_SEGMENTS_MAX], 12);
    assert_int_equal(l.of[DBK_LIMITS_STRANGER_REQUESTS_BURST], 7);
    assert_int_equal(l.of[DBK_LIMITS_DEVICE_REQUESTS_BURST], 200);
}

static void a_line_that_is_none_is_named_and_nothing_changes(void **state)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        { "disk-max-percent 0", "line 1" },
        { "disk-max-percent 101", "line 1" },
        { "disk-max-percent", "line 1" },
        { "disk-max-percent 90 %", "line 1" },
        { "disk-max-percent = 90", "line 1" },
        { "disk-max-percent 9k", "line 1" },
        { "disk-max-percent -1", "line 1" },
        { "\ndevice-segments-max 5k", "line 2" },
        { "\n\ndevice-bytes-max 5kk", "line 3" },
        { "device-bytes-max 5K", "line 1" },
        { "device-bytes-max G", "line 1" },
        { "device-bytes-max 99999999999G", "line 1" },
        { "device-bytes-max 18446744073709551616", "line 1" },
        { "Device-bytes-max 5", "line 1" },
        { "device-bytes 5", "line 1" },
        { "device-requests-burst 0", "line 1" },
        { "device-requests-burst 4294967297", "line 1" },
        { "disk-max-percent 90\ndisk-max-percent 90", "line 2" },
        { "disk-max-percent 80\nnonsense", "line 2" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dbk_limits l, before;
        dbk_err err = { 0 };
        memset(&l, 7, sizeof(l));
        before = l;
        dbk_rc rc = dbk_limits_parse(&l, dbk_span_str(cases[i].text), &err);
        if (rc != DBK_USAGE || strstr(err.text, cases[i].line) == NULL)
            fail_msg("\"%s\": %d (%s)", cases[i].text, (int)rc, err.text);
        assert_memory_equal(&l, &before, sizeof(l));
    }
}

static void every_prefix_of_a_file_is_read_or_refused(void **state)
{
    static const char text[] = "disk-max-percent 90\ndevice-bytes-max 4G # x\n";
    dbk_limits l;
    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        dbk_rc rc = dbk_limits_parse(&l, dbk_span_of(text, n), NULL);
        assert_true(rc == DBK_OK || rc == DBK_USAGE);
    }
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        for (int bit = 0; bit < 8; bit++) {
            char flipped[sizeof(text)];
            memcpy(flipped, text, sizeof(text));
            flipped[i] = (char)(flipped[i] ^ (1 << bit));
            dbk_rc rc = dbk_limits_parse(&l, dbk_span_of(flipped, sizeof(text) - 1), NULL);
            assert_true(rc == DBK_OK || rc == DBK_USAGE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_named_has_its_default),
        cmocka_unit_test(names_numbers_suffixes_and_comments_are_read),
        cmocka_unit_test(a_line_that_is_none_is_named_and_nothing_changes),
        cmocka_unit_test(every_prefix_of_a_file_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
