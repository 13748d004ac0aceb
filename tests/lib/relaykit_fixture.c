#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/relaykit.h"

int relaykit_setup(void **state)
{
    static relaykit_fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_device_make(&f.kit, &f.stranger, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    relaykit_space_target(f.path, &f.space, "segments");
    *state = &f;
    return 0;
}

int relaykit_teardown(void **state)
{
    relaykit_fixture *f = *state;
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->stranger);
    relaykit_close(&f->kit);
    return 0;
}
