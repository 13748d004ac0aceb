/* Bodies that are one number, or one word of an error, are refused, or encode to what decodes to
 * the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sync/engine/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_number(dbk_rc (*decode)(uint64_t *, dbk_span, dbk_err *),
                       dbk_rc (*encode)(dbk_bytes *, uint64_t, dbk_err *), dbk_span in)
{
    uint64_t first = 0, second = 0;
    dbk_bytes again = DBK_BYTES_INIT(256);
    if (decode(&first, in, NULL) != DBK_OK)
        return;
    if (encode(&again, first, NULL) != DBK_OK ||
        decode(&second, dbk_bytes_span(&again), NULL) != DBK_OK || first != second)
        abort();
    dbk_bytes_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char word[DBK_ERROR_WORD_MAX + 1];
    dbk_span in = { data, size };
    try_number(dbk_posted_decode, dbk_posted_encode, in);
    try_number(dbk_mailbox_decode, dbk_mailbox_encode, in);
    try_number(dbk_decline_decode, dbk_decline_encode, in);
    if (dbk_error_decode(word, in, NULL) == DBK_OK && memchr(word, '\0', sizeof(word)) == NULL)
        abort();
    return 0;
}
