/* A relay's card: text from a file that an operator handed over. */
#include <string.h>

#include "core/base/text.h"
#include "sync/driver/driver.h"

#define CARD_BYTES_MAX 8192u

typedef enum card_key { KEY_URL, KEY_TLS_PIN, KEY_RELAY, KEY_SETUP, KEY_NEXT, KEYS } card_key;
static const char *const key_names[KEYS] = { "url", "tls-pin", "relay-key", "setup-code",
                                             "tls-pin-next" };

static dbk_span trim(dbk_span s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && strchr(" \t\r", s.p[s.len - 1]) != NULL && s.p[s.len - 1] != '\0')
        s.len--;
    return s;
}

/* *in moves past the line's end. */
static dbk_span take_line(dbk_span *in)
{
    const uint8_t *end = memchr(in->p, '\n', in->len);
    size_t len = end != NULL ? (size_t)(end - in->p) : in->len;
    dbk_span line = { in->p, len };
    size_t used = end != NULL ? len + 1 : len;
    in->p += used;
    in->len -= used;
    return line;
}

static bool visible(dbk_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7e)
            return false;
    }
    return s.len > 0;
}

static bool copy_text(char *out, size_t size, dbk_span value)
{
    if (value.len >= size || !visible(value))
        return false;
    memcpy(out, value.p, value.len);
    out[value.len] = '\0';
    return true;
}

static bool copy_hex(uint8_t out[32], dbk_span value)
{
    char hex[65];
    return copy_text(hex, sizeof(hex), value) && dbk_hex_parse(out, 32, hex, NULL) == DBK_OK;
}

/* Several may be given; none need be. */
static bool add_next(dbk_relay_card *card, dbk_span value)
{
    uint8_t pin[32];
    return copy_hex(pin, value) && !dbk_pins_has(&card->backup, pin) &&
           dbk_pins_add(&card->backup, pin, NULL) == DBK_OK;
}

static bool set(dbk_relay_card *card, card_key key, dbk_span value)
{
    switch (key) {
    case KEY_URL:
        return copy_text(card->url, sizeof(card->url), value) &&
               strncmp(card->url, "https://", 8) == 0;
    case KEY_TLS_PIN:
        return copy_hex(card->tls_pin, value);
    case KEY_RELAY:
        return copy_hex(card->relay.b, value);
    case KEY_NEXT:
        return add_next(card, value);
    default:
        return copy_text(card->setup_code, sizeof(card->setup_code), value);
    }
}

static dbk_rc take_field(dbk_relay_card *card, bool seen[KEYS], dbk_span line, dbk_err *err)
{
    size_t len = 0;
    while (len < line.len && line.p[len] != ' ' && line.p[len] != '\t')
        len++;
    dbk_span name = { line.p, len }, value = trim(dbk_span_of(line.p + len, line.len - len));
    for (int key = 0; key < KEYS; key++) {
        if (!dbk_span_equal(name, dbk_span_str(key_names[key])))
            continue;
        if ((seen[key] && key != KEY_NEXT) || !set(card, (card_key)key, value))
            return dbk_fail(err, DBK_INVALID, "the relay card's \"%s\" is malformed or there twice",
                            key_names[key]);
        seen[key] = true;
        return DBK_OK;
    }
    return dbk_fail(err, DBK_INVALID, "the relay card has a line that is not known");
}

dbk_rc dbk_relay_card_parse(dbk_relay_card *out, dbk_span text, dbk_err *err)
{
    dbk_relay_card card = { 0 };
    bool seen[KEYS] = { false };
    memset(out, 0, sizeof(*out));
    if (text.len > CARD_BYTES_MAX)
        return dbk_fail(err, DBK_INVALID, "this is too long for a relay card");
    while (text.len > 0) {
        dbk_span line = trim(take_line(&text));
        if (line.len == 0 || line.p[0] == '#')
            continue;
        dbk_rc rc = take_field(&card, seen, line, err);
        if (rc != DBK_OK)
            return rc;
    }
    for (int key = 0; key < KEYS; key++) {
        if (!seen[key] && key != KEY_NEXT)
            return dbk_fail(err, DBK_INVALID, "the relay card has no \"%s\"%s", key_names[key],
                            key == KEY_SETUP ? ": it may have been used" : "");
    }
    *out = card;
    return DBK_OK;
}
