/* tpm/tpm.h - this machine's TPM 2.0 as a second factor. I/O to the chip, and nothing else: what is
 * kept, for which authorisation and what becomes of it is core/seal's.
 * The secret is sealed under a storage key that the TPM makes anew from its own seed each time, so
 * nothing is stored in the chip; the authorisation counts as a password to the TPM, whose own
 * lock-out slows a guesser who boots something else. Both travel to the chip enciphered, in a
 * session for which the storage key's name is compared with the one written down.
 * Blob: name of the storage key (u16 length, then bytes) || TPM2B_PRIVATE || TPM2B_PUBLIC, as the
 * TPM's specification marshals them. */
#ifndef DBK_TPM_TPM_H
#define DBK_TPM_TPM_H

#include "core/seal/factor.h"

#define DBK_TPM_DEFAULT "device:/dev/tpmrm0"

typedef struct dbk_tpm {
    const char *where; /* borrowed: "device:PATH" or "swtpm:path=SOCKET"; nothing else is loaded */
} dbk_tpm;

bool dbk_tpm_built(void); /* false: this program was built without TPM support, and none is found */
/* Borrows *tpm. Nothing is opened before the factor is asked. */
dbk_factor dbk_tpm_factor(dbk_tpm *tpm);

#endif
