/* An invite is refused, or prints as the text it was read from. */
#include <stdint.h>
#include <stdlib.h>

#include "core/seal/invite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    dbk_span in = { data, size };
    dbk_invite invite;
    dbk_bytes again = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    if (!started && dbk_crypto_init(NULL) != DBK_OK)
        abort();
    started = 1;
    if (dbk_invite_parse(&invite, in, NULL) != DBK_OK) {
        if (invite.secret != NULL)
            abort();
        return 0;
    }
    if (dbk_invite_print(&again, &invite, NULL) != DBK_OK ||
        !dbk_span_equal(dbk_bytes_span(&again), in))
        abort();
    dbk_bytes_wipe(&again);
    dbk_invite_wipe(&invite);
    return 0;
}
