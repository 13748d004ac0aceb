#include "tests/lib/test.h"

#include <string.h>

#include "sync/driver/driver.h"
#include "sync/relay/card.h"

#define PIN "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY "f0e0d0c0b0a090807060504030201000f0e0d0c0b0a090807060504030201000"
#define URL_LINE "url https://relay.example:8443\n"
#define PIN_LINE "tls-pin " PIN "\n"
#define KEY_LINE "relay-key " KEY "\n"
#define CODE_LINE "setup-code AbCdEf-_0123456789AbCdEf\n"

static void a_card_is_read_as_the_relay_writes_it(void **state)
{
    (void)state;
    dbk_relay_card read;
    dbk_err err = { 0 };
    dbk_bytes text = DBK_BYTES_INIT(DBK_CARD_BYTES_MAX);
    dbk_card card = { .url = "https://relay.example:8443",
                      .setup_code = "AbCdEf-_0123456789AbCdEf" };
    memset(card.tls_pin, 0x5a, sizeof(card.tls_pin));
    memset(card.relay.b, 0xa5, sizeof(card.relay.b));
    assert_ok(dbk_card_print(&text, &card, &err), &err);
    assert_ok(dbk_relay_card_parse(&read, dbk_bytes_span(&text), &err), &err);
    assert_string_equal(read.url, card.url);
    assert_string_equal(read.setup_code, card.setup_code);
    assert_memory_equal(read.tls_pin, card.tls_pin, sizeof(card.tls_pin));
    assert_memory_equal(read.relay.b, card.relay.b, sizeof(card.relay.b));
    dbk_bytes_wipe(&text);
}

static void a_card_that_is_wrong_says_in_which_line(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text, *word; /* word NULL: it is right */
    } cases[] = {
        { "plain", URL_LINE PIN_LINE KEY_LINE CODE_LINE, NULL },
        { "comments, blanks, carriage returns, another order",
          "# a card\r\n\r\n  " CODE_LINE "\t" KEY_LINE " # more\n" PIN_LINE URL_LINE, NULL },
        { "no final line break", URL_LINE PIN_LINE KEY_LINE "setup-code AbCd", NULL },
        { "nothing", "", "url" },
        { "no pin", URL_LINE KEY_LINE CODE_LINE, "tls-pin" },
        { "the code has been used", URL_LINE PIN_LINE KEY_LINE, "setup-code" },
        { "not https", "url http://relay.example\n" PIN_LINE KEY_LINE CODE_LINE, "url" },
        { "a short pin", URL_LINE "tls-pin 00\n" KEY_LINE CODE_LINE, "tls-pin" },
        { "a pin that is not hex", URL_LINE "tls-pin z" PIN "\n" KEY_LINE CODE_LINE, "tls-pin" },
        { "a key twice", URL_LINE PIN_LINE KEY_LINE KEY_LINE CODE_LINE, "relay-key" },
        { "a name alone", "url\n" PIN_LINE KEY_LINE CODE_LINE, "url" },
        { "an unknown line", URL_LINE PIN_LINE KEY_LINE CODE_LINE "colour green\n", "line" },
        { "a control character", URL_LINE PIN_LINE KEY_LINE "setup-code a\x1b[2J\n", "setup-code" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_relay_card card;
        dbk_err err = { 0 };
        dbk_rc rc = dbk_relay_card_parse(&card, dbk_span_str(cases[i].text), &err);
        if (rc != (cases[i].word != NULL ? DBK_INVALID : DBK_OK) ||
            (cases[i].word != NULL && strstr(err.text, cases[i].word) == NULL))
            fail_msg("%s: %s %s", cases[i].what, dbk_rc_name(rc), err.text);
        assert_true(rc == DBK_OK || card.url[0] == '\0');
    }
}

static void a_card_cut_short_or_flipped_anywhere_never_breaks_the_reader(void **state)
{
    (void)state;
    static const char text[] = URL_LINE PIN_LINE KEY_LINE CODE_LINE;
    size_t len = sizeof(text) - 1;
    char copy[sizeof(text)];
    for (size_t cut = 0; cut < len; cut++) {
        dbk_relay_card card;
        dbk_rc rc = dbk_relay_card_parse(&card, dbk_span_of(text, cut), NULL);
        assert_true(rc == DBK_OK || rc == DBK_INVALID);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        dbk_relay_card card;
        memcpy(copy, text, sizeof(text));
        copy[bit / 8] ^= (char)(1 << bit % 8);
        dbk_rc rc = dbk_relay_card_parse(&card, dbk_span_of(copy, len), NULL);
        assert_true(rc == DBK_OK || rc == DBK_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_read_as_the_relay_writes_it),
        cmocka_unit_test(a_card_that_is_wrong_says_in_which_line),
        cmocka_unit_test(a_card_cut_short_or_flipped_anywhere_never_breaks_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
