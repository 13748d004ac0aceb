/* core/seal/shares_internal.h - inside shares: what its files share. Not for others.
 * shares.c: splitting and combining. share_text.c: a share's bytes and text. */
#ifndef DBK_SEAL_SHARES_INTERNAL_H
#define DBK_SEAL_SHARES_INTERNAL_H

#include "core/seal/shares.h"

#define DBK_SHARE_PART_BYTES 32u

/* What the other shares of the set say of a part. */
dbk_id dbk_share_part_id(const dbk_share *share, dbk_span part);
/* Numbers and name are ones that a share can have. */
bool dbk_share_proper(const dbk_share *share);

#endif
