/* core/base/room.h - room in arrays that grow. How far one may grow is for its owner to say, before
 * it asks. */
#ifndef DBK_BASE_ROOM_H
#define DBK_BASE_ROOM_H

#include <stddef.h>

/* The array with room for `need` items: as it is, or where it moved to, twice as large or more.
 * *room: for how many there is; an array of none is NULL with 0. NULL: no memory, all as it was. */
void *dbk_room_for(void *array, size_t *room, size_t need, size_t item_size);

#endif
