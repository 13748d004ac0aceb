/* sync/relay/room.h - how much room of the log is taken, by each space and by each device in all
 * spaces, counted in the transaction that takes it; and how much may be.
 * Rows: 'Q' under a space; 'Q' || device (16) under the zero space: segments (u64) || bytes (u64)
 * of headers and bodies. No row: nothing was taken. Evidence of forks isn't counted, as it is
 * bounded by itself (DBK_FORKS_KEPT_MAX); nor is the membership chain: who is out of room can still
 * be shut out. */
#ifndef DBK_RELAY_ROOM_H
#define DBK_RELAY_ROOM_H

#include "sync/relay/log.h"

typedef struct dbk_room {
    uint64_t segments, bytes;
} dbk_room;
typedef struct dbk_quota {
    dbk_room device, space; /* of a number 0: without end */
} dbk_quota;

DBK_MUST_CHECK dbk_rc dbk_room_of_space(const dbk_log *log, const dbk_id *space, dbk_room *out,
                                        dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_room_of_device(const dbk_log *log, const dbk_id *device, dbk_room *out,
                                         dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_room_put_space(const dbk_log *log, const dbk_id *space,
                                         const dbk_room *room, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_room_put_device(const dbk_log *log, const dbk_id *device,
                                          const dbk_room *room, dbk_err *err);
typedef dbk_rc (*dbk_room_fn)(void *ctx, const dbk_id *device, const dbk_room *room, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_room_devices(const dbk_log *log, dbk_room_fn fn, void *ctx, dbk_err *err);

/* Is there room for one more segment of so many bytes? */
bool dbk_room_fits(const dbk_room *taken, const dbk_room *most, uint64_t bytes);
void dbk_room_add(dbk_room *taken, uint64_t bytes); /* one segment */
/* How much of it is taken, by whichever of the two numbers is nearer to its end; 0: without end. */
unsigned dbk_room_percent(const dbk_room *taken, const dbk_room *most);

#endif
