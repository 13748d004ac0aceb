/* core/seal/pack.h - inside the sealer: op plaintext <-> what the AEAD seals (layout: sealer.h).
 * Knows:  compression, padding. Never: keys.
 * zstd's memory comes from base, so text that it has seen is wiped when it is freed. */
#ifndef DBK_SEAL_PACK_H
#define DBK_SEAL_PACK_H

#include "core/base/bytes.h"

#define DBK_PACK_HEAD_BYTES 5u
#define DBK_PACK_BYTES_MIN 256u
#define DBK_PACK_BYTES_MAX 63488u /* Padme of head and DBK_SEAL_PLAIN_BYTES_MAX */

typedef struct dbk_packer dbk_packer;
DBK_MUST_CHECK dbk_rc dbk_packer_new(dbk_packer **out, dbk_err *err);
void dbk_packer_free(dbk_packer *p);

/* What len bytes of data take once they have a head and padding (Nikitin et al. 2019, "Padme":
 * at most 12 % more, O(log log) bits of the length remain). */
size_t dbk_pack_size(size_t data_len);

/* Writes the packed plaintext; out has room for DBK_PACK_BYTES_MAX. Returns its length.
 * plain.len <= DBK_SEAL_PLAIN_BYTES_MAX. */
size_t dbk_pack(dbk_packer *p, uint8_t *out, dbk_span plain);
/* Appends the plaintext. DBK_FORMAT, DBK_VERSION, DBK_LIMIT (out's cap), DBK_NOMEM. */
DBK_MUST_CHECK dbk_rc dbk_unpack(dbk_packer *p, dbk_bytes *out, dbk_span packed, dbk_err *err);

#endif
