/* sync/engine/msg_snapshot.h - a snapshot on its way to a relay and back (decision 0040): its
 * sealed chunks in parts, and its manifest with what was said about it. Strict and bounded; chunks
 * are opaque here. */
#ifndef DBK_ENGINE_MSG_SNAPSHOT_H
#define DBK_ENGINE_MSG_SNAPSHOT_H

#include "core/crypto/snapshot.h"

/* part: "DBKQ" || 1 || 3 zeros || name 16 || number u32 || ( length u32 || chunk )*, 1..16 of them.
 * Every part but the last has 16. name: the manifest's salt. */
#define DBK_PART_CHUNKS 16u
#define DBK_PART_CHUNK_BYTES_MAX (64u * 1024u)
#define DBK_PART_HEAD_BYTES 28u
#define DBK_PART_BYTES_MAX (DBK_PART_HEAD_BYTES + DBK_PART_CHUNKS * (4u + DBK_PART_CHUNK_BYTES_MAX))
#define DBK_PARTS_MAX (UINT32_MAX / DBK_PART_CHUNKS)
typedef struct dbk_part {
    dbk_id name;
    uint32_t number;
    size_t count;    /* chunks */
    dbk_span chunks; /* walk with dbk_part_next */
} dbk_part;
DBK_MUST_CHECK dbk_rc dbk_part_begin(dbk_bytes *out, const dbk_id *name, uint32_t number,
                                     dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_part_add(dbk_bytes *out, dbk_span chunk, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_part_decode(dbk_part *out, dbk_span in, dbk_err *err);
/* Takes the next chunk off part->chunks, which is of a decoded one. false: no more. */
bool dbk_part_next(dbk_part *part, dbk_span *chunk);

/* offer: "DBKO" || 1 || 3 zeros || manifest length u32 || manifest || confirmations u8, at most 8
 * || ( confirmation 128 )* */
#define DBK_SNAPSHOT_OFFER_WORDS_MAX 8u
#define DBK_SNAPSHOT_OFFER_BYTES_MAX \
    (13u + DBK_MANIFEST_BYTES_MAX + DBK_SNAPSHOT_OFFER_WORDS_MAX * DBK_CONFIRMATION_BYTES)
typedef struct dbk_snapshot_offer {
    dbk_span manifest;
    dbk_span words[DBK_SNAPSHOT_OFFER_WORDS_MAX];
    size_t words_count;
} dbk_snapshot_offer;
DBK_MUST_CHECK dbk_rc dbk_snapshot_offer_encode(dbk_bytes *out, const dbk_snapshot_offer *o,
                                                dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_snapshot_offer_decode(dbk_snapshot_offer *out, dbk_span in, dbk_err *err);

#endif
