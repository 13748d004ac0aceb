/* sync/relay/card.h - the relay card: what an operator hands to the first admin (decision 0007).
 * Text: '#' begins a comment; lines "url ...", "tls-pin <hex>", "relay-key <hex>",
 * "tls-pin-next <hex>" when the next TLS key has been made, "setup-code <base64url>". */
#ifndef DBK_RELAY_CARD_H
#define DBK_RELAY_CARD_H

#include "core/crypto/sign.h"
#include "sync/relay/relay.h"
#include "sync/relay/tls.h"

#define DBK_CARD_BYTES_MAX 8192u
#define DBK_CARD_URL_BYTES_MAX 512u

typedef struct dbk_card {
    const char *url; /* NULL: a line to fill in */
    uint8_t tls_pin[DBK_TLS_PIN_BYTES];
    const uint8_t *next_pin; /* NULL: no next key has been made */
    dbk_sign_pk relay;
    const char *setup_code; /* "": it has been used */
} dbk_card;
/* DBK_USAGE: the url isn't "https://host[:port]". */
DBK_MUST_CHECK dbk_rc dbk_card_print(dbk_bytes *out, const dbk_card *card, dbk_err *err);
/* The setup code that a card's text holds; "" if none. */
void dbk_card_setup_code(char out[DBK_SETUP_CODE_SIZE], dbk_span card);

#endif
