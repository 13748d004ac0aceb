/* A recipient's key and a recipient's answer are refused, or print as the text they were read from
 * (of an answer: what its signature covers). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/seal/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const dbk_reply *a, dbk_span in)
{
    static dbk_secret *signer;
    dbk_bytes again = DBK_BYTES_INIT(DBK_REPLY_TEXT_CHARS);
    const size_t covered = sizeof("daybook-answer-1.") - 1 + 74u * 8 / 6;
    dbk_recipient none;
    if (signer == NULL) {
        dbk_secret *secret = NULL;
        if (dbk_secret_new(&secret, DBK_RECIPIENT_SECRET_BYTES, NULL) != DBK_OK ||
            dbk_recipient_of(&none, &signer, secret, NULL) != DBK_OK)
            abort();
        dbk_secret_free(secret);
    }
    if (dbk_reply_print(&again, a, signer, NULL) != DBK_OK || again.len != in.len ||
        memcmp(again.p, in.p, covered) != 0)
        abort();
    dbk_bytes_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    dbk_span in = { data, size };
    dbk_bytes again = DBK_BYTES_INIT(DBK_RECIPIENT_TEXT_CHARS);
    dbk_recipient r;
    dbk_reply a;
    if (!started && dbk_crypto_init(NULL) != DBK_OK)
        abort();
    started = 1;
    if (dbk_reply_parse(&a, in, NULL) == DBK_OK)
        check_again(&a, in);
    if (dbk_recipient_parse(&r, in, NULL) != DBK_OK)
        return 0;
    if (dbk_recipient_print(&again, &r, NULL) != DBK_OK ||
        !dbk_span_equal(dbk_bytes_span(&again), in))
        abort();
    dbk_bytes_wipe(&again);
    return 0;
}
