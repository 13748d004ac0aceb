/* tests/lib/deskkit.h - a space with two desks of headquarters, an officer who has written
 * something, and a device that has nothing yet. Failures stop the test. */
#ifndef DBK_TESTS_LIB_DESKKIT_H
#define DBK_TESTS_LIB_DESKKIT_H

#include "tests/lib/syncworld.h"

typedef struct deskkit {
    syncworld world;
    sync_device hq, second, asha, ben; /* ben is in no organisation */
    dbk_id space;
} deskkit;
/* second: the role of the second desk. */
void deskkit_open(deskkit *k, dbk_role second);
void deskkit_close(deskkit *k);
/* Asha writes so many records of two changes each, and both desks have them. */
void deskkit_write(deskkit *k, const dbk_id *space, unsigned count);

#endif
