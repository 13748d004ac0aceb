#include "sync/relay/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "core/crypto/hash.h"

#define DAY_S (24 * 60 * 60)
#define LIFE_DAYS (40 * 365) /* the pin ends it, not the calendar: a date must not stop a sync */
#define SERIAL_BYTES 16u

static dbk_rc fail(int code, dbk_err *err)
{
    if (code >= 0)
        return DBK_OK;
    return dbk_fail(err, code == GNUTLS_E_MEMORY_ERROR ? DBK_NOMEM : DBK_FORMAT,
                    "the certificate or its key: %s", gnutls_strerror(code));
}

static int fill(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key, time_t from)
{
    static const char name[] = "daybook-relay";
    uint8_t serial[SERIAL_BYTES];
    int code = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
    serial[0] = (uint8_t)(serial[0] & 0x7f) | 0x40; /* positive, and never short */
    if (code >= 0)
        code = gnutls_x509_crt_set_version(cert, 3);
    if (code >= 0)
        code = gnutls_x509_crt_set_serial(cert, serial, sizeof(serial));
    if (code >= 0)
        code = gnutls_x509_crt_set_activation_time(cert, from);
    if (code >= 0)
        code = gnutls_x509_crt_set_expiration_time(cert, from + (time_t)LIFE_DAYS * DAY_S);
    if (code >= 0)
        code = gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                             sizeof(name) - 1);
    if (code >= 0)
        code = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, name,
                                                    sizeof(name) - 1, GNUTLS_FSAN_SET);
    if (code >= 0)
        code = gnutls_x509_crt_set_key_usage(cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (code >= 0)
        code = gnutls_x509_crt_set_key_purpose_oid(cert, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (code >= 0)
        code = gnutls_x509_crt_set_basic_constraints(cert, 0, -1);
    if (code >= 0)
        code = gnutls_x509_crt_set_key(cert, key);
    return code;
}

static dbk_rc take(dbk_bytes *out, gnutls_datum_t *pem, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(pem->data, pem->size), err);
    gnutls_memset(pem->data, 0, pem->size);
    gnutls_free(pem->data);
    return rc;
}

dbk_rc dbk_tls_make(dbk_bytes *cert_pem, dbk_bytes *key_pem, uint64_t now_ms, dbk_err *err)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t cert = NULL;
    gnutls_privkey_t signer = NULL;
    gnutls_datum_t pem = { NULL, 0 };
    time_t from = (time_t)(now_ms / 1000) - DAY_S;
    int code = gnutls_x509_privkey_init(&key);
    if (code >= 0)
        code = gnutls_x509_crt_init(&cert);
    if (code >= 0)
        code = gnutls_privkey_init(&signer);
    if (code >= 0)
        code = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (code >= 0)
        code = fill(cert, key, from);
    if (code >= 0)
        code = gnutls_privkey_import_x509(signer, key, 0);
    if (code >= 0)
        code = gnutls_x509_crt_privkey_sign(cert, cert, signer, GNUTLS_DIG_SHA256, 0);
    if (code >= 0)
        code = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);
    dbk_rc rc = code >= 0 ? take(cert_pem, &pem, err) : fail(code, err);
    if (rc == DBK_OK) {
        code = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                                 &pem);
        rc = code >= 0 ? take(key_pem, &pem, err) : fail(code, err);
    }
    gnutls_privkey_deinit(signer);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
    return rc;
}

dbk_rc dbk_tls_pin(uint8_t pin[DBK_TLS_PIN_BYTES], dbk_span cert_pem, dbk_err *err)
{
    gnutls_x509_crt_t cert = NULL;
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t in = { (unsigned char *)(uintptr_t)cert_pem.p, (unsigned)cert_pem.len };
    gnutls_datum_t spki = { NULL, 0 };
    memset(pin, 0, DBK_TLS_PIN_BYTES);
    if (cert_pem.len > DBK_TLS_PEM_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a certificate file of more than %u bytes",
                        DBK_TLS_PEM_BYTES_MAX);
    int code = gnutls_x509_crt_init(&cert);
    if (code >= 0)
        code = gnutls_x509_crt_import(cert, &in, GNUTLS_X509_FMT_PEM);
    if (code >= 0)
        code = gnutls_pubkey_init(&key);
    if (code >= 0)
        code = gnutls_pubkey_import_x509(key, cert, 0);
    if (code >= 0)
        code = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki);
    if (code >= 0) {
        dbk_sha256(pin, dbk_span_of(spki.data, spki.size));
        gnutls_free(spki.data);
    }
    gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(cert);
    return fail(code, err);
}
