#include "sync/relay/card.h"

#include <string.h>

#include "core/base/text.h"

static const char setup_name[] = "setup-code ";

static dbk_rc check_url(const char *url, dbk_err *err)
{
    static const char scheme[] = "https://";
    size_t len = strlen(url);
    bool ok = len > sizeof(scheme) - 1 && len <= DBK_CARD_URL_BYTES_MAX &&
              memcmp(url, scheme, sizeof(scheme) - 1) == 0;
    for (size_t i = sizeof(scheme) - 1; i < len && ok; i++) {
        char c = url[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             strchr(".-:[]", c) != NULL;
    }
    return ok ? DBK_OK : dbk_fail(err, DBK_USAGE, "the url is https://HOST:PORT, no path");
}

static dbk_rc append_hex(dbk_bytes *out, const char *name, dbk_span value, dbk_err *err)
{
    char hex[2 * 32 + 1];
    DBK_ASSERT(value.len == 32);
    dbk_hex_print(hex, value);
    return dbk_bytes_append_fmt(out, err, "%s %s\n", name, hex);
}

static dbk_rc append_url(dbk_bytes *out, const char *url, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_str(out,
                                     "# Daybook relay card. It lets one organisation set itself up"
                                     " on this relay.\n"
                                     "# Hand it to the first admin by a safe way, for:\n"
                                     "#   daybook org create NAME --relay-card FILE\n\n"
                                     "# Where devices reach the relay.\n",
                                     err);
    if (rc == DBK_OK && url == NULL)
        rc = dbk_bytes_append_str(out, "# Put the right host and port here.\n", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err, "url %s\n\n", url != NULL ? url : "https://HOST:PORT");
    return rc;
}

dbk_rc dbk_card_print(dbk_bytes *out, const dbk_card *card, dbk_err *err)
{
    dbk_rc rc = card->url != NULL ? check_url(card->url, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = append_url(out, card->url, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out,
                                  "# The relay's TLS key (SHA-256 of its public key): devices talk "
                                  "to no other.\n",
                                  err);
    if (rc == DBK_OK)
        rc = append_hex(out, "tls-pin", dbk_span_of(card->tls_pin, sizeof(card->tls_pin)), err);
    if (rc == DBK_OK && card->next_pin != NULL)
        rc = append_hex(out, "tls-pin-next", dbk_span_of(card->next_pin, DBK_TLS_PIN_BYTES), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, "\n# The key that signs receipts and checkpoints.\n", err);
    if (rc == DBK_OK)
        rc = append_hex(out, "relay-key", dbk_span_of(card->relay.b, sizeof(card->relay.b)), err);
    if (rc == DBK_OK && card->setup_code[0] == '\0')
        return dbk_bytes_append_str(out, "\n# The setup code has been used.\n", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err,
                                  "\n# Good for one organisation, once. Keep it secret until "
                                  "then.\n%s%s\n",
                                  setup_name, card->setup_code);
    return rc;
}

void dbk_card_setup_code(char out[DBK_SETUP_CODE_SIZE], dbk_span card)
{
    out[0] = '\0';
    while (card.len > 0) {
        const uint8_t *end = memchr(card.p, '\n', card.len);
        size_t len = end != NULL ? (size_t)(end - card.p) : card.len;
        if (len == sizeof(setup_name) - 1 + DBK_SETUP_CODE_SIZE - 1 &&
            memcmp(card.p, setup_name, sizeof(setup_name) - 1) == 0) {
            memcpy(out, card.p + sizeof(setup_name) - 1, DBK_SETUP_CODE_SIZE - 1);
            out[DBK_SETUP_CODE_SIZE - 1] = '\0';
        }
        size_t step = end != NULL ? len + 1 : len;
        card.p += step;
        card.len -= step;
    }
}
