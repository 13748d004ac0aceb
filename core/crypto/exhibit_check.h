/* core/crypto/exhibit_check.h - inside exhibits: what exhibit.c (bytes) and exhibit_check.c (what
 * they show) share. */
#ifndef DBK_CRYPTO_EXHIBIT_CHECK_H
#define DBK_CRYPTO_EXHIBIT_CHECK_H

#include "core/crypto/exhibit.h"

/* VIEWS and SAID. */
bool dbk_exhibit_has_root(dbk_exhibit_kind kind);
/* Of FEED: the first header's hash. Of CHAIN: the entry's. */
DBK_MUST_CHECK dbk_rc dbk_exhibit_side_hash(dbk_hash *out, dbk_exhibit_kind kind, dbk_span side,
                                            dbk_err *err);

#endif
