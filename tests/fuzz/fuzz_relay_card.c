/* A relay's card is refused, or says where the relay is, over TLS, and has a code to begin with. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sync/driver/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_relay_card card;
    if (dbk_relay_card_parse(&card, dbk_span_of(data, size), NULL) != DBK_OK)
        return 0;
    if (memchr(card.url, '\0', sizeof(card.url)) == NULL ||
        strncmp(card.url, "https://", strlen("https://")) != 0 ||
        memchr(card.setup_code, '\0', sizeof(card.setup_code)) == NULL ||
        card.setup_code[0] == '\0' || card.backup.count > DBK_PINS_MAX)
        abort();
    return 0;
}
