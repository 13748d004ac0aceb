/* Input: signature input, line break, signature, line break, digest, as a relay reads them. */
#include <string.h>

#include "core/crypto/hash.h"
#include "sync/engine/httpsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static dbk_span line(dbk_span *left)
{
    const uint8_t *at = left->len > 0 ? memchr(left->p, '\n', left->len) : NULL;
    dbk_span got = { left->p, at != NULL ? (size_t)(at - left->p) : left->len };
    size_t used = at != NULL ? got.len + 1 : got.len;
    *left = (dbk_span){ left->len > 0 ? left->p + used : NULL, left->len - used };
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_http_claim claim;
    static const dbk_sign_pk pk = { { 3 } };
    dbk_span left = { data, size };
    dbk_span input = line(&left), signature = line(&left), digest = line(&left);
    dbk_http_request req = { .method = dbk_span_str("POST"),
                             .authority = dbk_span_str("relay.example:8443"),
                             .path = dbk_span_str("/v1/hello"),
                             .content_type = dbk_span_str("application/json"),
                             .body = dbk_span_str("{\"v\":1}"),
                             .has_body = true };
    DBK_ASSERT(dbk_crypto_init(NULL) == DBK_OK);
    dbk_rc rc = dbk_http_claim_parse(&claim, input, NULL);
    DBK_ASSERT(rc == DBK_OK || rc == DBK_FORMAT);
    /* Nobody holds the secret of this key: nothing may verify. */
    DBK_ASSERT(dbk_http_verify(&req, digest, input, signature, &pk, NULL) != DBK_OK);
    return 0;
}
