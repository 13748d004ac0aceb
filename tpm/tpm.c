#include "tpm/tpm.h"

#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"

#define SECRET_BYTES DBK_FACTOR_SECRET_BYTES

typedef struct line {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR storage, session, object;
} line;

bool dbk_tpm_built(void)
{
    return true;
}

static dbk_rc no_tpm(dbk_err *err)
{
    return dbk_fail(err, DBK_NOT_FOUND,
                    "this store also needs the TPM of its machine, and there is none here that "
                    "answers");
}

static dbk_rc failed(TSS2_RC rc, const char *what, dbk_err *err)
{
    return dbk_fail(err, DBK_IO, "the TPM %s (code 0x%x)", what, (unsigned)rc);
}

/* A code of the TPM without the number of the session or parameter that it is about. */
static bool is_code(TSS2_RC rc, TSS2_RC code)
{
    return (rc & 0xffff0000u) == 0 && (rc & (TPM2_RC_FMT1 | 0x3fu)) == code;
}

/* ---- the storage key ----------------------------------------------------------------------- */

/* Of the TCG's usual form, so that each TPM can make it. */
static const TPM2B_PUBLIC storage_form = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
        .parameters.eccDetail = {
            .symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128,
                           .mode.aes = TPM2_ALG_CFB },
            .scheme.scheme = TPM2_ALG_NULL,
            .curveID = TPM2_ECC_NIST_P256,
            .kdf.scheme = TPM2_ALG_NULL,
        },
    },
};

static TSS2_RC make_storage_key(line *l)
{
    static const TPM2B_SENSITIVE_CREATE nothing = { .size = 0 };
    static const TPM2B_DATA no_data = { .size = 0 };
    static const TPML_PCR_SELECTION no_pcr = { .count = 0 };
    return Esys_CreatePrimary(l->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, &nothing, &storage_form, &no_data, &no_pcr, &l->storage,
                              NULL, NULL, NULL, NULL);
}

/* Salted with the storage key: only the TPM that holds it can follow. */
static TSS2_RC open_session(line *l)
{
    static const TPMT_SYM_DEF aes = { .algorithm = TPM2_ALG_AES,
                                      .keyBits.aes = 128,
                                      .mode.aes = TPM2_ALG_CFB };
    TSS2_RC rc = Esys_StartAuthSession(l->esys, l->storage, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &aes,
                                       TPM2_ALG_SHA256, &l->session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_TRSess_SetAttributes(
            l->esys, l->session,
            TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, 0xff);
    return rc;
}

/* Whoever may name a library to be loaded could as well change the program: only these two. */
static bool place_is_known(const char *where)
{
    return strncmp(where, "device:", 7) == 0 || strncmp(where, "swtpm:path=", 11) == 0;
}

static void hang_up(line *l)
{
    const ESYS_TR all[] = { l->object, l->session, l->storage };
    for (size_t i = 0; l->esys != NULL && i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] != ESYS_TR_NONE)
            (void)Esys_FlushContext(l->esys, all[i]);
    Esys_Finalize(&l->esys);
    Tss2_TctiLdr_Finalize(&l->tcti);
}

static dbk_rc call(line *l, const dbk_tpm *tpm, dbk_err *err)
{
    *l = (line){ NULL, NULL, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE };
    if (!place_is_known(tpm->where))
        return dbk_fail(err, DBK_USAGE, "a TPM is at device:PATH, or at swtpm:path=SOCKET");
    if (Tss2_TctiLdr_Initialize(tpm->where, &l->tcti) != TSS2_RC_SUCCESS ||
        Esys_Initialize(&l->esys, l->tcti, NULL) != TSS2_RC_SUCCESS)
        return no_tpm(err);
    TSS2_RC rc = make_storage_key(l);
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "makes no storage key: its owner has set a password, perhaps", err);
    return DBK_OK;
}

static dbk_rc begin_session(line *l, dbk_err *err)
{
    TSS2_RC rc = open_session(l);
    return rc == TSS2_RC_SUCCESS ? DBK_OK : failed(rc, "opens no session", err);
}

/* ---- the blob ------------------------------------------------------------------------------ */

static dbk_rc append_blob(dbk_bytes *out, const line *l, const TPM2B_PRIVATE *private,
                          const TPM2B_PUBLIC *public, dbk_err *err)
{
    uint8_t bytes[DBK_FACTOR_BLOB_BYTES_MAX];
    TPM2B_NAME *name = NULL;
    size_t at = 0;
    TSS2_RC rc = Esys_TR_GetName(l->esys, l->storage, &name);
    if (rc == TSS2_RC_SUCCESS)
        rc = Tss2_MU_TPM2B_NAME_Marshal(name, bytes, sizeof(bytes), &at);
    if (rc == TSS2_RC_SUCCESS)
        rc = Tss2_MU_TPM2B_PRIVATE_Marshal(private, bytes, sizeof(bytes), &at);
    if (rc == TSS2_RC_SUCCESS)
        rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof(bytes), &at);
    Esys_Free(name);
    if (rc != TSS2_RC_SUCCESS)
        return failed(rc, "gives something that can't be kept", err);
    return dbk_bytes_append(out, dbk_span_of(bytes, at), err);
}

typedef struct kept {
    TPM2B_NAME name;
    TPM2B_PRIVATE private;
    TPM2B_PUBLIC public;
} kept;

static dbk_rc read_blob(kept *k, dbk_span in, dbk_err *err)
{
    size_t at = 0;
    memset(k, 0, sizeof(*k));
    if (Tss2_MU_TPM2B_NAME_Unmarshal(in.p, in.len, &at, &k->name) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPM2B_PRIVATE_Unmarshal(in.p, in.len, &at, &k->private) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPM2B_PUBLIC_Unmarshal(in.p, in.len, &at, &k->public) != TSS2_RC_SUCCESS ||
        at != in.len)
        return dbk_fail(err, DBK_DAMAGED, "the TPM's part of the key file is malformed");
    return DBK_OK;
}

/* Another TPM makes another storage key, and so does this one after it was cleared. */
static dbk_rc check_name(const line *l, const TPM2B_NAME *want, dbk_err *err)
{
    TPM2B_NAME *name = NULL;
    bool same = Esys_TR_GetName(l->esys, l->storage, &name) == TSS2_RC_SUCCESS &&
                dbk_span_equal(dbk_span_of(name->name, name->size),
                               dbk_span_of(want->name, want->size));
    Esys_Free(name);
    if (!same)
        return dbk_fail(err, DBK_NOT_FOUND,
                        "this machine's TPM isn't the one that the store needs, or it was cleared");
    return DBK_OK;
}

/* ---- keeping and giving -------------------------------------------------------------------- */

static dbk_rc keep(void *self, dbk_bytes *blob, const dbk_secret *secret, const dbk_secret *auth,
                   dbk_err *err)
{
    static const TPM2B_PUBLIC form = {
        .publicArea = { .type = TPM2_ALG_KEYEDHASH,
                        .nameAlg = TPM2_ALG_SHA256,
                        /* without NODA: wrong authorisations count towards the lock-out */
                        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                            TPMA_OBJECT_USERWITHAUTH,
                        .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL },
    };
    static const TPM2B_DATA no_data = { .size = 0 };
    static const TPML_PCR_SELECTION no_pcr = { .count = 0 };
    TPM2B_SENSITIVE_CREATE in = { .sensitive = { .userAuth.size = SECRET_BYTES,
                                                 .data.size = SECRET_BYTES } };
    TPM2B_PRIVATE *private = NULL;
    TPM2B_PUBLIC *public = NULL;
    line l;
    DBK_ASSERT(dbk_secret_len(secret) == SECRET_BYTES);
    DBK_ASSERT(dbk_secret_len(auth) == SECRET_BYTES);
    dbk_rc rc = call(&l, self, err);
    if (rc == DBK_OK)
        rc = begin_session(&l, err);
    if (rc == DBK_OK) {
        memcpy(in.sensitive.userAuth.buffer, dbk_secret_bytes(auth).p, SECRET_BYTES);
        memcpy(in.sensitive.data.buffer, dbk_secret_bytes(secret).p, SECRET_BYTES);
        TSS2_RC made = Esys_Create(l.esys, l.storage, l.session, ESYS_TR_NONE, ESYS_TR_NONE, &in,
                                   &form, &no_data, &no_pcr, &private, &public, NULL, NULL, NULL);
        dbk_wipe(&in, sizeof(in));
        rc = made == TSS2_RC_SUCCESS ? append_blob(blob, &l, private, public, err)
                                     : failed(made, "seals nothing", err);
    }
    Esys_Free(private);
    Esys_Free(public);
    hang_up(&l);
    return rc;
}

static dbk_rc unseal(line *l, dbk_secret **secret, const dbk_secret *auth, dbk_err *err)
{
    TPM2B_AUTH value = { .size = SECRET_BYTES };
    TPM2B_SENSITIVE_DATA *data = NULL;
    memcpy(value.buffer, dbk_secret_bytes(auth).p, SECRET_BYTES);
    TSS2_RC got = Esys_TR_SetAuth(l->esys, l->object, &value);
    dbk_wipe(&value, sizeof(value));
    if (got == TSS2_RC_SUCCESS)
        got = Esys_Unseal(l->esys, l->object, l->session, ESYS_TR_NONE, ESYS_TR_NONE, &data);
    dbk_rc rc = DBK_OK;
    if (is_code(got, TPM2_RC_AUTH_FAIL))
        rc = dbk_fail(err, DBK_PASSPHRASE, "not with this passphrase");
    else if (got == TPM2_RC_LOCKOUT)
        rc = dbk_fail(err, DBK_PENDING,
                      "the TPM has had too many wrong passphrases: it needs some time, or "
                      "headquarters' recovery");
    else if (got != TSS2_RC_SUCCESS)
        rc = failed(got, "doesn't give the secret", err);
    else if (data->size != SECRET_BYTES)
        rc = dbk_fail(err, DBK_DAMAGED, "the TPM gives a secret of another size");
    else
        rc = dbk_secret_from(secret, dbk_span_of(data->buffer, SECRET_BYTES), err);
    if (data != NULL)
        dbk_wipe(data, sizeof(*data));
    Esys_Free(data);
    return rc;
}

static dbk_rc give(void *self, dbk_secret **secret, dbk_span blob, const dbk_secret *auth,
                   dbk_err *err)
{
    kept k;
    line l;
    DBK_ASSERT(dbk_secret_len(auth) == SECRET_BYTES);
    dbk_rc rc = read_blob(&k, blob, err);
    if (rc != DBK_OK)
        return rc;
    rc = call(&l, self, err);
    if (rc == DBK_OK)
        rc = check_name(&l, &k.name, err);
    if (rc == DBK_OK)
        rc = begin_session(&l, err);
    if (rc == DBK_OK) {
        TSS2_RC loaded = Esys_Load(l.esys, l.storage, l.session, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &k.private, &k.public, &l.object);
        if (loaded != TSS2_RC_SUCCESS)
            rc = dbk_fail(err, DBK_NOT_FOUND, "this machine's TPM doesn't know the store's secret");
    }
    if (rc == DBK_OK)
        rc = unseal(&l, secret, auth, err);
    hang_up(&l);
    return rc;
}

dbk_factor dbk_tpm_factor(dbk_tpm *tpm)
{
    return (dbk_factor){ keep, give, tpm };
}
