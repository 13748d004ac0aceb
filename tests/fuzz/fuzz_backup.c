/* Reading the head of a backup, of a file that is as long as the head says. What is taken encodes
 * to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/seal/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_backup_head head;
    uint8_t again[DBK_BACKUP_HEAD_BYTES];
    uint64_t slots = 0, store = 0;
    if (size >= 16) {
        slots = (uint64_t)(data[6] << 8 | data[7]);
        for (size_t i = 8; i < 16; i++)
            store = store << 8 | data[i];
    }
    const uint64_t whole = DBK_BACKUP_HEAD_BYTES + slots + store + DBK_BACKUP_MAC_BYTES;
    if (dbk_backup_head_decode(&head, dbk_span_of(data, size), whole + 1, NULL) == DBK_OK)
        abort(); /* nothing may follow */
    if (dbk_backup_head_decode(&head, dbk_span_of(data, size), whole, NULL) != DBK_OK)
        return 0;
    dbk_backup_head_encode(again, &head);
    if (size != sizeof(again) || memcmp(again, data, size) != 0)
        abort();
    return 0;
}
