/* sync/engine/httpsig.h - requests signed by RFC 9421 with an RFC 9530 digest and a nonce that
 * the server gave. The component list is fixed; exactly one signature, label "sig".
 * With a body: "@method" "@authority" "@path" "@query" "content-digest" "content-type"
 * "content-length"; without: the first four. Parameters in this order: created, nonce, keyid,
 * alg="ed25519", tag="daybook-relay-1". created is the client's claim and is never judged: the
 * nonce is the replay anchor, so a wrong device clock still syncs (security.md A23).
 * keyid: base64url of the first 16 bytes of SHA-256 of the request public key. */
#ifndef DBK_ENGINE_HTTPSIG_H
#define DBK_ENGINE_HTTPSIG_H

#include "core/crypto/sign.h"

#define DBK_NONCE_TEXT_MAX 64u
#define DBK_HTTP_FIELD_BYTES_MAX 512u

/* What is signed, as both ends see it. Spans are ASCII. */
typedef struct dbk_http_request {
    dbk_span method;       /* "POST" */
    dbk_span authority;    /* "127.0.0.1:8443", lower case */
    dbk_span path;         /* "/v1/hello" */
    dbk_span query;        /* without '?'; may be empty */
    dbk_span content_type; /* only with a body */
    dbk_span body;
    bool has_body;
} dbk_http_request;

/* Values of the three header fields, zero-ended. */
typedef struct dbk_http_signature {
    char digest[80]; /* Content-Digest; "" without a body */
    char input[DBK_HTTP_FIELD_BYTES_MAX];
    char signature[128];
} dbk_http_signature;
typedef struct dbk_http_sign_opts {
    uint64_t created_s;
    const char *nonce;
    const dbk_secret *request_sk;
} dbk_http_sign_opts;
DBK_MUST_CHECK dbk_rc dbk_http_sign(dbk_http_signature *out, const dbk_http_request *req,
                                    const dbk_http_sign_opts *opts, dbk_err *err);

/* The relay's side. parse gives keyid and nonce, so that it can look both up before the one
 * costly check; verify then checks digest and signature. Anything but the exact form above is
 * DBK_FORMAT; a wrong digest or signature is DBK_AUTH. */
typedef struct dbk_http_claim {
    uint8_t key_hash[16];
    char nonce[DBK_NONCE_TEXT_MAX + 1];
    uint64_t created_s;
} dbk_http_claim;
DBK_MUST_CHECK dbk_rc dbk_http_claim_parse(dbk_http_claim *out, dbk_span input, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_http_verify(const dbk_http_request *req, dbk_span digest, dbk_span input,
                                      dbk_span signature, const dbk_sign_pk *pk, dbk_err *err);
void dbk_http_key_hash(uint8_t out[16], const dbk_sign_pk *pk);

#endif
