/* core/crypto/cell.h - a small value that is kept in somebody else's store (a database server):
 * sealed under a key of this program, and bound to the place where it is kept.
 *   cell = nonce (24, random) || XChaCha20-Poly1305(value)
 *   key = H("daybook/cell-key/1", master); associated data = prefix("daybook/cell/1") || place
 * It hides neither that there is a value nor its length, and an older one can be put back. */
#ifndef DBK_CRYPTO_CELL_H
#define DBK_CRYPTO_CELL_H

#include "core/crypto/secret.h"

#define DBK_CELL_MORE_BYTES (24u + 16u) /* than the value has */
#define DBK_CELL_PLACE_BYTES_MAX 128u

DBK_MUST_CHECK dbk_rc dbk_cell_key(dbk_secret **out, const dbk_secret *master, dbk_err *err);
/* Appends to out. */
DBK_MUST_CHECK dbk_rc dbk_cell_close(dbk_bytes *out, const dbk_secret *key, dbk_span place,
                                     dbk_span value, const dbk_env *env, dbk_err *err);
/* Appends to out; on failure out is as it was. DBK_AUTH: another key's or place's, or changed. */
DBK_MUST_CHECK dbk_rc dbk_cell_open(dbk_bytes *out, const dbk_secret *key, dbk_span place,
                                    dbk_span cell, dbk_err *err);

#endif
