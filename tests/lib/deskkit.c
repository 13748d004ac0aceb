#include "tests/lib/test.h"

#include "tests/lib/deskkit.h"

#include <stdio.h>

void deskkit_write(deskkit *k, const dbk_id *space, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "person %u", i);
        dbk_id record = sync_write(&k->asha, space, name);
        sync_edit(&k->asha, &record, "a better name");
    }
    (void)sync_now(&k->asha);
    (void)sync_now(&k->hq);
    (void)sync_now(&k->second);
}

void deskkit_open(deskkit *k, dbk_role second)
{
    syncworld_open(&k->world);
    sync_device_open(&k->world, &k->hq, "hq desk");
    sync_device_open(&k->world, &k->second, "second desk");
    sync_device_open(&k->world, &k->asha, "asha");
    sync_device_open(&k->world, &k->ben, "ben");
    sync_found(&k->hq);
    k->space = sync_space(&k->hq, "Operation Limelight");
    sync_enlist(&k->hq, &k->second, second, &k->space);
    sync_enlist(&k->hq, &k->asha, DBK_ROLE_OFFICER, &k->space);
    deskkit_write(k, &k->space, 4);
}

void deskkit_close(deskkit *k)
{
    sync_device_close(&k->hq);
    sync_device_close(&k->second);
    sync_device_close(&k->asha);
    sync_device_close(&k->ben);
    syncworld_close(&k->world);
}
