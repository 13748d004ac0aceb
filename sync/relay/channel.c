#include "sync/relay/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/base/wire.h"

#define LENGTH_BYTES 4u

static dbk_rc gone(dbk_err *err)
{
    return dbk_fail(err, DBK_IO, "the relay's other process has gone");
}

/* Drops n bytes from the front of the parts. */
static void advance(struct iovec *parts, size_t count, size_t n)
{
    for (size_t i = 0; i < count && n > 0; i++) {
        size_t cut = n < parts[i].iov_len ? n : parts[i].iov_len;
        parts[i].iov_base = (uint8_t *)parts[i].iov_base + cut;
        parts[i].iov_len -= cut;
        n -= cut;
    }
}

dbk_rc dbk_channel_send(int fd, dbk_span head, dbk_span tail, dbk_err *err)
{
    uint8_t length[LENGTH_BYTES];
    size_t left = sizeof(length) + head.len + tail.len;
    struct iovec parts[] = { { length, sizeof(length) },
                             { (void *)(uintptr_t)head.p, head.len },
                             { (void *)(uintptr_t)tail.p, tail.len } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
    DBK_ASSERT(head.len > 0);
    DBK_ASSERT(left <= UINT32_MAX);
    (void)dbk_wire_put_u32(length, (uint32_t)(head.len + tail.len));
    while (left > 0) {
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return gone(err);
        advance(parts, 3, (size_t)n);
        left -= (size_t)n;
    }
    return DBK_OK;
}

/* How many of len bytes came before the other side ended. */
static size_t receive_all(int fd, uint8_t *out, size_t len)
{
    size_t at = 0;
    while (at < len) {
        ssize_t n = recv(fd, out + at, len - at, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    return at;
}

dbk_rc dbk_channel_receive(int fd, dbk_bytes *frame, dbk_err *err)
{
    uint8_t length[LENGTH_BYTES];
    uint8_t *room;
    DBK_ASSERT(frame->len == 0);
    size_t got = receive_all(fd, length, sizeof(length));
    if (got == 0)
        return DBK_NOT_FOUND;
    if (got < sizeof(length))
        return gone(err);
    dbk_wire w = dbk_wire_from(dbk_span_of(length, sizeof(length)));
    size_t len = dbk_wire_get_u32(&w);
    if (len == 0 || len > frame->max)
        return dbk_fail(err, DBK_LIMIT, "a frame of %zu bytes", len);
    dbk_rc rc = dbk_bytes_extend(frame, &room, len, err);
    if (rc != DBK_OK)
        return rc;
    return receive_all(fd, room, len) == len ? DBK_OK : gone(err);
}
