/* tests/sim/disk.h - what disks do: a shim between SQLite and the files of each device and of the
 * relay. Points are writes, truncations, syncs and removals. At a kill a write may be torn, and
 * nothing more reaches the files until the program starts again. When the power goes, each sector
 * that was written since the last sync is there or not, as dice say. A disk that lies has synced
 * nothing since it was armed. */
#ifndef DBK_TESTS_SIM_DISK_H
#define DBK_TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_DEVICE_PREFIX "disk-"
#define DISK_RELAY_NAME "disk-relay"
#define DISK_RELAY 63u /* the owner of the relay's files; devices are 0, 1, ... */

void disk_install(void); /* once, as the default; after the store's heap is there */
void disk_begin(uint64_t seed);

typedef enum disk_end {
    DISK_KILL,  /* what was written stands */
    DISK_POWER, /* what wasn't synced may not */
    DISK_LIE /* what was synced may not either: it said so too early. The last writes are gone, in
              * their order, as from a cache that had them; tests/images tries every other way */
} disk_end;
/* At the n-th point from now on (from 1). */
void disk_arm(unsigned owner, disk_end end, unsigned points);
void disk_disarm(unsigned owner); /* it didn't come to that */
void disk_fill(unsigned owner, bool full);
bool disk_is_armed(unsigned owner);
bool disk_is_dead(unsigned owner);
bool disk_is_lying(unsigned owner); /* armed or dead so */
bool disk_is_full(unsigned owner);
typedef struct disk_report {
    bool torn;     /* the last write was cut */
    unsigned lost; /* sectors that power took */
    unsigned lied; /* writes that a lie took */
} disk_report;
/* All handles are closed: the files are what the next start finds. */
disk_report disk_revive(unsigned owner);

#endif
