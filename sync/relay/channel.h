/* sync/relay/channel.h - frames over a connected socket: u32 length, big-endian, and so many bytes.
 * One side sends at a time. */
#ifndef DBK_RELAY_CHANNEL_H
#define DBK_RELAY_CHANNEL_H

#include "core/base/bytes.h"

/* One frame of two parts. DBK_IO: the other side has gone. */
DBK_MUST_CHECK dbk_rc dbk_channel_send(int fd, dbk_span head, dbk_span tail, dbk_err *err);
/* Fills frame, which is empty, up to its cap. DBK_NOT_FOUND: the other side ended between frames;
 * DBK_IO: within one; DBK_LIMIT: a longer one, or an empty one; DBK_NOMEM. */
DBK_MUST_CHECK dbk_rc dbk_channel_receive(int fd, dbk_bytes *frame, dbk_err *err);

#endif
