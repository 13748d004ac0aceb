#include "sync/relay/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
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

/* ---- an identity ------------------------------------------------------------------------- */

#define CHAIN_MAX 8u

struct dbk_tls_identity {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
    uint8_t pin[DBK_TLS_PIN_BYTES];
    uint64_t ends_ms;
};

static gnutls_datum_t datum_of(dbk_span in)
{
    return (gnutls_datum_t){ (unsigned char *)(uintptr_t)in.p, (unsigned)in.len };
}

/* The first certificate is the one that the key is of. */
static int load_first(dbk_tls_identity *id, const gnutls_datum_t *pem)
{
    gnutls_x509_crt_t cert = NULL;
    int code = gnutls_x509_crt_init(&cert);
    if (code >= 0)
        code = gnutls_x509_crt_import(cert, pem, GNUTLS_X509_FMT_PEM);
    if (code >= 0) {
        time_t ends = gnutls_x509_crt_get_expiration_time(cert);
        id->ends_ms = ends > 0 ? (uint64_t)ends * 1000 : 0;
    }
    gnutls_x509_crt_deinit(cert);
    return code;
}

static int load_key(dbk_tls_identity *id, const gnutls_datum_t *pem)
{
    int code = gnutls_privkey_init(&id->key);
    return code < 0 ? code
                    : gnutls_privkey_import_x509_raw(id->key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
}

/* Do both hold the same public key? */
static int match(const dbk_tls_identity *id)
{
    static const unsigned char text[] = "daybook-relay";
    const gnutls_datum_t data = { (unsigned char *)(uintptr_t)text, sizeof(text) - 1 };
    gnutls_datum_t sig = { NULL, 0 };
    gnutls_pubkey_t pub = id->chain[0].pubkey;
    gnutls_digest_algorithm_t digest = GNUTLS_DIG_SHA256;
    int code = gnutls_privkey_sign_data(id->key, digest, 0, &data, &sig);
    if (code >= 0)
        code = gnutls_pubkey_verify_data2(
            pub, gnutls_pk_to_sign(gnutls_pubkey_get_pk_algorithm(pub, NULL), digest), 0, &data,
            &sig);
    gnutls_free(sig.data);
    return code;
}

dbk_rc dbk_tls_identity_load(dbk_tls_identity **out, dbk_span cert_pem, dbk_span key_pem,
                             dbk_err *err)
{
    gnutls_datum_t cert = datum_of(cert_pem), key = datum_of(key_pem);
    *out = NULL;
    dbk_tls_identity *id = dbk_alloc(sizeof(*id));
    if (id == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a certificate");
    id->count = CHAIN_MAX;
    dbk_rc rc = dbk_tls_pin(id->pin, cert_pem, err);
    if (rc == DBK_OK) {
        int code = gnutls_pcert_list_import_x509_raw(id->chain, &id->count, &cert,
                                                     GNUTLS_X509_FMT_PEM, 0);
        if (code < 0)
            id->count = 0;
        if (code >= 0)
            code = load_first(id, &cert);
        if (code >= 0)
            code = load_key(id, &key);
        if (code >= 0)
            code = match(id);
        rc = fail(code, err);
    } else {
        id->count = 0;
    }
    if (rc == DBK_OK)
        *out = id;
    else
        dbk_tls_identity_free(id);
    return rc;
}

void dbk_tls_identity_free(dbk_tls_identity *id)
{
    if (id == NULL)
        return;
    for (unsigned i = 0; i < id->count; i++)
        gnutls_pcert_deinit(&id->chain[i]);
    if (id->key != NULL)
        gnutls_privkey_deinit(id->key);
    dbk_free(id);
}

const uint8_t *dbk_tls_identity_pin(const dbk_tls_identity *id)
{
    return id->pin;
}

uint64_t dbk_tls_identity_ends_ms(const dbk_tls_identity *id)
{
    return id->ends_ms;
}

void dbk_tls_identity_show(const dbk_tls_identity *id, struct gnutls_pcert_st **chain,
                           unsigned *count, struct gnutls_privkey_st **key)
{
    *chain = (gnutls_pcert_st *)(uintptr_t)id->chain;
    *count = id->count;
    *key = id->key;
}
