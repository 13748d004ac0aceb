/* sync/relay/tls.h - the relay's certificate: made once, self-signed. Devices pin its key and look
 * at nothing else in it (docs/decisions/0006). */
#ifndef DBK_RELAY_TLS_H
#define DBK_RELAY_TLS_H

#include "core/base/bytes.h"

#define DBK_TLS_PEM_BYTES_MAX (64u * 1024u)
#define DBK_TLS_PIN_BYTES 32u

/* ECDSA P-256; appends PEM texts. now_ms: when it begins to count, a day early. */
DBK_MUST_CHECK dbk_rc dbk_tls_make(dbk_bytes *cert_pem, dbk_bytes *key_pem, uint64_t now_ms,
                                   dbk_err *err);
/* SHA-256 of the SubjectPublicKeyInfo of the first certificate in a PEM text. */
DBK_MUST_CHECK dbk_rc dbk_tls_pin(uint8_t pin[DBK_TLS_PIN_BYTES], dbk_span cert_pem, dbk_err *err);

/* A certificate with its key, ready for handshakes; it never changes. The texts are borrowed for
 * the call. DBK_FORMAT: no certificate, no key, or not a pair. */
typedef struct dbk_tls_identity dbk_tls_identity;
DBK_MUST_CHECK dbk_rc dbk_tls_identity_load(dbk_tls_identity **out, dbk_span cert_pem,
                                            dbk_span key_pem, dbk_err *err);
void dbk_tls_identity_free(dbk_tls_identity *id);                /* NULL is nothing */
const uint8_t *dbk_tls_identity_pin(const dbk_tls_identity *id); /* DBK_TLS_PIN_BYTES; borrowed */
uint64_t dbk_tls_identity_ends_ms(const dbk_tls_identity *id);   /* of the certificate */
/* What GnuTLS asks for in a handshake (gnutls_certificate_retrieve_function2). Borrowed until the
 * identity is freed. */
struct gnutls_pcert_st;
struct gnutls_privkey_st;
void dbk_tls_identity_show(const dbk_tls_identity *id, struct gnutls_pcert_st **chain,
                           unsigned *count, struct gnutls_privkey_st **key);

#endif
