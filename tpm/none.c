/* Where the program is built without the TPM's libraries. */
#include "tpm/tpm.h"

static dbk_rc none(dbk_err *err)
{
    return dbk_fail(err, DBK_NOT_FOUND,
                    "this needs a TPM, and this program was built without TPM support");
}

static dbk_rc keep(void *self, dbk_bytes *blob, const dbk_secret *secret, const dbk_secret *auth,
                   dbk_err *err)
{
    (void)self;
    (void)blob;
    (void)secret;
    (void)auth;
    return none(err);
}

static dbk_rc give(void *self, dbk_secret **secret, dbk_span blob, const dbk_secret *auth,
                   dbk_err *err)
{
    (void)self;
    (void)secret;
    (void)blob;
    (void)auth;
    return none(err);
}

bool dbk_tpm_built(void)
{
    return false;
}

dbk_factor dbk_tpm_factor(dbk_tpm *tpm)
{
    return (dbk_factor){ keep, give, tpm };
}
