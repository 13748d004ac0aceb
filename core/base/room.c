#include "core/base/room.h"

#include <stdint.h>

#include "core/base/alloc.h"

#define ROOM_FIRST 4u /* a relay has many small arrays: four for each of 20,000 devices */

void *dbk_room_for(void *array, size_t *room, size_t need, size_t item_size)
{
    size_t want = *room == 0 ? ROOM_FIRST : *room;
    while (want < need && want <= SIZE_MAX / 2)
        want *= 2;
    if (want < need || want > SIZE_MAX / item_size)
        return NULL;
    if (want == *room)
        return array;
    void *moved = dbk_realloc(array, want * item_size);
    if (moved != NULL)
        *room = want;
    return moved;
}
