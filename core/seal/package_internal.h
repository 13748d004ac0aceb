/* core/seal/package_internal.h - a package's parts, for package.c and tests: the contract is
 * core/seal/package.h. */
#ifndef DBK_SEAL_PACKAGE_INTERNAL_H
#define DBK_SEAL_PACKAGE_INTERNAL_H

#include "core/seal/package.h"

/* Appends the core of what is signed. */
DBK_MUST_CHECK dbk_rc dbk_package_put_core(dbk_bytes *out, const dbk_package *p, dbk_err *err);
/* Appends a file of what is signed and padded already. */
DBK_MUST_CHECK dbk_rc dbk_package_encrypt(dbk_bytes *out, dbk_span padded, const dbk_recipient *to,
                                          const dbk_env *env, dbk_err *err);
/* What the seal held: all but whether the sender counts. Core and package borrow from padded. */
DBK_MUST_CHECK dbk_rc dbk_package_decode(dbk_package_opened *out, dbk_span *core, dbk_sig *sig,
                                         dbk_span padded, dbk_err *err);

#endif
