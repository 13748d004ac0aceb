#include "tests/lib/test.h"

#include <string.h>

#include "sync/engine/retry.h"

static void waits_double_up_to_a_cap_with_jitter_that_spreads_devices(void **state)
{
    (void)state;
    uint32_t random = 12345, before = 0;
    for (uint32_t attempt = 0; attempt < 40; attempt++) {
        uint64_t full = (uint64_t)DBK_RETRY_FIRST_MS << (attempt < 20 ? attempt : 20);
        if (full > DBK_RETRY_WAIT_MS_MAX)
            full = DBK_RETRY_WAIT_MS_MAX;
        uint32_t low = UINT32_MAX, high = 0;
        for (int i = 0; i < 200; i++) {
            random = random * 1664525u + 1013904223u;
            uint32_t ms = dbk_retry_wait_ms(attempt, 0, random);
            low = ms < low ? ms : low;
            high = ms > high ? ms : high;
        }
        assert_true(low >= full / 2);
        assert_true(high <= full);
        assert_true(high - low > full / 4); /* really spread */
        assert_true(high >= before);
        before = full == DBK_RETRY_WAIT_MS_MAX ? 0 : high / 2;
    }
}

static void the_wait_that_a_relay_asks_for_is_kept_and_never_without_jitter(void **state)
{
    (void)state;
    assert_true(dbk_retry_wait_ms(0, 5000, 0) >= 5000);
    assert_true(dbk_retry_wait_ms(0, 5000, 77) > 5000);
    assert_true(dbk_retry_wait_ms(0, UINT32_MAX, UINT32_MAX) <= DBK_RETRY_WAIT_MS_MAX);
    assert_true(dbk_retry_wait_ms(UINT32_MAX, UINT32_MAX, UINT32_MAX) <= DBK_RETRY_WAIT_MS_MAX);
}

static void each_outcome_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        dbk_retry_outcome o;
        dbk_verdict want;
    } cases[] = {
        { "ok", { .answered = true, .status = 200 }, DBK_VERDICT_TAKE },
        { "no content", { .answered = true, .status = 204 }, DBK_VERDICT_TAKE },
        { "a redirect is nothing to follow",
          { .answered = true, .status = 302 },
          DBK_VERDICT_REFUSED },
        { "fresh nonce",
          { .answered = true, .status = 401, .fresh_nonce = true },
          DBK_VERDICT_AGAIN },
        { "the nonce that was just refused",
          { .answered = true, .status = 401 },
          DBK_VERDICT_REFUSED },
        { "busy", { .answered = true, .status = 429, .retry_after_s = 2 }, DBK_VERDICT_WAIT },
        { "restarting", { .answered = true, .status = 503 }, DBK_VERDICT_WAIT },
        { "busy for long",
          { .answered = true, .status = 503, .retry_after_s = 31 },
          DBK_VERDICT_REFUSED },
        { "full", { .answered = true, .status = 507 }, DBK_VERDICT_REFUSED },
        { "never reached", { .rc = DBK_UNREACHABLE }, DBK_VERDICT_REFUSED },
        { "lost on the way", { .reached = true, .rc = DBK_UNREACHABLE }, DBK_VERDICT_WAIT },
        { "not the pinned relay", { .reached = true, .rc = DBK_PEER }, DBK_VERDICT_REFUSED },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_tries tries = { 0 };
        uint32_t wait_ms;
        dbk_verdict got = dbk_retry_judge(&tries, &wait_ms, &cases[i].o);
        if (got != cases[i].want || (got == DBK_VERDICT_WAIT) != (wait_ms > 0))
            fail_msg("%s: got %d, wait %u ms", cases[i].why, (int)got, (unsigned)wait_ms);
    }
}

/* sync-lessons 2.22: nothing is asked for ever. */
static void every_kind_of_failure_ends_after_its_count(void **state)
{
    (void)state;
    static const dbk_retry_outcome kinds[] = {
        { .answered = true, .status = 401, .fresh_nonce = true },
        { .answered = true, .status = 503 },
        { .reached = true, .rc = DBK_UNREACHABLE },
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        dbk_tries tries = { 0 };
        uint32_t wait_ms;
        int n = 0;
        while (dbk_retry_judge(&tries, &wait_ms, &kinds[i]) != DBK_VERDICT_REFUSED)
            assert_true(++n < 10);
        assert_true(n > 0);
    }
}

/* Its relay died over the second: it isn't a stranger for that (the simulator's seed 911077). */
static void who_asks_for_a_nonce_a_second_time_since_the_relay_died_is_no_stranger(void **state)
{
    (void)state;
    static const dbk_retry_outcome nonce = { .answered = true, .status = 401, .fresh_nonce = true };
    static const dbk_retry_outcome lost = { .reached = true, .rc = DBK_UNREACHABLE };
    dbk_tries tries = { 0 };
    uint32_t wait_ms;
    unsigned asked = 0;
    for (; asked < 10; asked++) { /* and not for ever */
        assert_int_equal(dbk_retry_judge(&tries, &wait_ms, &nonce), DBK_VERDICT_AGAIN);
        if (dbk_retry_judge(&tries, &wait_ms, &lost) == DBK_VERDICT_REFUSED)
            break;
    }
    assert_int_equal(asked, DBK_RETRY_LOST_MAX);
}

static void a_refusal_names_its_cause_and_the_relays_word_1_40(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        dbk_rc rc;
        const char *text;
    } cases[] = {
        { 507, "{\"v\":1,\"error\":\"full\"}", DBK_LIMIT, "the relay has no room left (full)" },
        { 401, "", DBK_DENIED, "the relay does not know this device" },
        { 400, "\x1b[31mowned", DBK_PEER, "the relay could not read the request" },
        { 500, "", DBK_UNREACHABLE, "the relay failed with status 500" },
        { 302, "", DBK_PEER, "the relay answered with status 302" },
        { 418, "{\"v\":1,\"error\":\"teapot\"}", DBK_PEER,
          "the relay answered with status 418 (teapot)" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        assert_int_equal(dbk_retry_cause(cases[i].status, dbk_span_str(cases[i].body), &err),
                         cases[i].rc);
        assert_string_equal(err.text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_a_cap_with_jitter_that_spreads_devices),
        cmocka_unit_test(the_wait_that_a_relay_asks_for_is_kept_and_never_without_jitter),
        cmocka_unit_test(each_outcome_has_its_verdict),
        cmocka_unit_test(every_kind_of_failure_ends_after_its_count),
        cmocka_unit_test(who_asks_for_a_nonce_a_second_time_since_the_relay_died_is_no_stranger),
        cmocka_unit_test(a_refusal_names_its_cause_and_the_relays_word_1_40),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
