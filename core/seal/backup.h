/* core/seal/backup.h - a store in one file: its slot file and its encrypted database as they are,
 * with a MAC over all of it (docs/format/crypto.md "Backup"). Nothing in it is ever in clear. Pure:
 * the journal reads and writes the file, part by part.
 * File, 24 + n + m + 32 bytes, big-endian:
 *   offset size
 *        0    4  magic "DBKB"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    2  n: length of the slot file, 1..4096
 *        8    8  m: length of the database, whole pages of 4096
 *       16    8  made at, ms
 *       24    n  slot file
 *   24 + n    m  database
 *      end   32  MAC = H("daybook/backup/1", H("daybook/backup-key/1", store key) || all before):
 *                BLAKE2b with a secret of 32 bytes before what it covers */
#ifndef DBK_SEAL_BACKUP_H
#define DBK_SEAL_BACKUP_H

#include "core/crypto/hash.h"
#include "core/crypto/secret.h"

#define DBK_BACKUP_HEAD_BYTES 24u
#define DBK_BACKUP_MAC_BYTES 32u

typedef struct dbk_backup_head {
    uint64_t made_ms, store_bytes;
    uint16_t slots_bytes;
} dbk_backup_head;

void dbk_backup_head_encode(uint8_t out[DBK_BACKUP_HEAD_BYTES], const dbk_backup_head *head);
/* in: the file's first bytes; file_bytes: how many it has in all, which must be what the head says.
 * DBK_FORMAT: no backup, or cut off; DBK_VERSION. */
DBK_MUST_CHECK dbk_rc dbk_backup_head_decode(dbk_backup_head *out, dbk_span in, uint64_t file_bytes,
                                             dbk_err *err);

/* Begins the MAC; add all that stands before it with dbk_hasher_add(). */
void dbk_backup_mac_init(dbk_hasher *h, const dbk_secret *store_key);
/* Ends it, and compares. */
bool dbk_backup_mac_fits(dbk_hasher *h, dbk_span mac);

#endif
