/* core/seal/snapshot_seal.h - a snapshot's chunks, and the key that they are under.
 * Chunk = XChaCha20-Poly1305 under the snapshot's key of what core/seal/pack.h makes of at most
 * DBK_CHUNK_PLAIN_BYTES; nonce = 16 zeros || index (u64): the key is random, and of one snapshot.
 * AAD = prefix "daybook/snapshot-chunk/1" || the manifest's salt (16) || index (u32). What the
 * chunks say is known only when the last one is sealed; the manifest signs for all of them. Wrap =
 * nonce (24, random) || XChaCha20-Poly1305(the snapshot's key) under
 * H("daybook/snapshot-wrap-key/1", for each key that the manifest names: id (16) || key (32)),
 * AAD = prefix "daybook/snapshot-wrap/1" || bytes 0..279 of the manifest. So only who holds every
 * one of those keys opens it. */
#ifndef DBK_SEAL_SNAPSHOT_SEAL_H
#define DBK_SEAL_SNAPSHOT_SEAL_H

#include "core/crypto/snapshot.h"
#include "core/seal/keyring.h"
#include "core/seal/sealer.h"

#define DBK_CHUNK_PLAIN_BYTES DBK_SEAL_PLAIN_BYTES_MAX
#define DBK_CHUNK_BYTES_MAX (64u * 1024u)

/* Seals key into m->wrap; all else of m's first 280 bytes, and its keys, are there. DBK_PENDING:
 * one of the keys isn't held. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_wrap(dbk_manifest *m, const dbk_secret *key,
                                        const dbk_keyring *keys, const dbk_env *env, dbk_err *err);
/* DBK_PENDING: not every key is held here; DBK_AUTH. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_unwrap(dbk_secret **key, const dbk_manifest *m,
                                          const dbk_keyring *keys, dbk_err *err);

typedef struct dbk_chunker dbk_chunker;
/* key is borrowed. */
DBK_MUST_CHECK dbk_rc dbk_chunker_new(dbk_chunker **out, const uint8_t salt[16],
                                      const dbk_secret *key, dbk_err *err);
void dbk_chunker_free(dbk_chunker *c);
/* Appends the sealed chunk. plain: 1..DBK_CHUNK_PLAIN_BYTES. */
DBK_MUST_CHECK dbk_rc dbk_chunk_seal(dbk_chunker *c, dbk_bytes *out, uint32_t index, dbk_span plain,
                                     dbk_err *err);
/* Appends the plaintext. DBK_AUTH, DBK_FORMAT. */
DBK_MUST_CHECK dbk_rc dbk_chunk_open(dbk_chunker *c, dbk_bytes *out, uint32_t index,
                                     dbk_span sealed, dbk_err *err);

#endif
