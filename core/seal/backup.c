#include "core/seal/backup.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/seal/slots.h"

#define MAGIC "DBKB"
#define VERSION 1u
#define PAGE_BYTES 4096u
#define STORE_BYTES_MAX (UINT64_C(1) << 40)

void dbk_backup_head_encode(uint8_t out[DBK_BACKUP_HEAD_BYTES], const dbk_backup_head *head)
{
    uint8_t *p = dbk_wire_put_copy(out, (const uint8_t *)MAGIC, 4);
    *p++ = VERSION;
    *p++ = DBK_SUITE_1;
    p = dbk_wire_put_u16(p, head->slots_bytes);
    p = dbk_wire_put_u64(p, head->store_bytes);
    p = dbk_wire_put_u64(p, head->made_ms);
    DBK_ASSERT(p == out + DBK_BACKUP_HEAD_BYTES);
}

dbk_rc dbk_backup_head_decode(dbk_backup_head *out, dbk_span in, uint64_t file_bytes, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    dbk_backup_head h = { 0 };
    *out = h;
    dbk_span magic = dbk_wire_get_span(&w, 4);
    uint8_t version = dbk_wire_get_u8(&w), suite = dbk_wire_get_u8(&w);
    h.slots_bytes = dbk_wire_get_u16(&w);
    h.store_bytes = dbk_wire_get_u64(&w);
    h.made_ms = dbk_wire_get_u64(&w);
    if (w.failed || !dbk_span_equal(magic, dbk_span_str(MAGIC)) || version == 0 || suite == 0)
        return dbk_fail(err, DBK_FORMAT, "this is no backup of a store");
    if (version > VERSION || suite > DBK_SUITE_1)
        return dbk_fail(err, DBK_VERSION, "a backup of version %u, suite %u", version, suite);
    if (w.left.len > 0 || h.slots_bytes == 0 || h.slots_bytes > DBK_SLOTS_BYTES_MAX ||
        h.store_bytes == 0 || h.store_bytes % PAGE_BYTES != 0 || h.store_bytes > STORE_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "the backup's head is malformed");
    uint64_t whole = DBK_BACKUP_HEAD_BYTES + h.slots_bytes + h.store_bytes + DBK_BACKUP_MAC_BYTES;
    if (file_bytes != whole)
        return dbk_fail(err, DBK_FORMAT, "the backup is cut off, or something was added to it");
    *out = h;
    return DBK_OK;
}

void dbk_backup_mac_init(dbk_hasher *h, const dbk_secret *store_key)
{
    dbk_hash key = dbk_hash_of("daybook/backup-key/1", dbk_secret_bytes(store_key));
    dbk_hasher_init(h, "daybook/backup/1");
    dbk_hasher_add(h, dbk_span_of(&key, sizeof(key)));
    dbk_wipe(&key, sizeof(key));
}

bool dbk_backup_mac_fits(dbk_hasher *h, dbk_span mac)
{
    dbk_hash made = dbk_hasher_end(h);
    return dbk_equal_ct(dbk_span_of(&made, sizeof(made)), mac);
}
