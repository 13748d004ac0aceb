/* core/crypto/secret.h - bytes that must not leak: locked pages, wiped on free, never printed.
 * A secret is handed around as a pointer to this opaque type only; its bytes are reached by
 * dbk_secret_bytes() inside core/crypto and core/seal, and by the store for its raw key. */
#ifndef DBK_CRYPTO_SECRET_H
#define DBK_CRYPTO_SECRET_H

#include "core/base/bytes.h"
#include "core/base/env.h"

#define DBK_SECRET_BYTES_MAX 4096u /* a passphrase; keys are 32 or 64 */

typedef struct dbk_secret dbk_secret;

/* Zeroed; sodium_malloc pages. mlock failure is not an error here (dbk_secret_locked tells). */
DBK_MUST_CHECK dbk_rc dbk_secret_new(dbk_secret **out, size_t len, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_secret_random(dbk_secret **out, size_t len, const dbk_env *env,
                                        dbk_err *err);
/* Copies; the caller wipes its own copy. */
DBK_MUST_CHECK dbk_rc dbk_secret_from(dbk_secret **out, dbk_span in, dbk_err *err);
void dbk_secret_free(dbk_secret *s); /* wipes; NULL is nothing */
dbk_span dbk_secret_bytes(const dbk_secret *s);
uint8_t *dbk_secret_room(dbk_secret *s); /* to fill it in place */
size_t dbk_secret_len(const dbk_secret *s);
bool dbk_secret_locked(const dbk_secret *s); /* false: its page could reach the swap */

#endif
