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

#endif
