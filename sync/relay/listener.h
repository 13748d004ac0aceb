/* sync/relay/listener.h - the TCP socket that devices connect to. Its options are ours: connections
 * inherit TCP_NODELAY from it. */
#ifndef DBK_RELAY_LISTENER_H
#define DBK_RELAY_LISTENER_H

#include <stdbool.h>

#include "core/base/err.h"

#define DBK_LISTENER_NAME_SIZE 80u

/* address: "127.0.0.1:8443", "[::1]:8443"; port 0: a free one. Numbers only: names would be looked
 * up, and may move. *fd is the caller's. DBK_USAGE: no such address; DBK_BUSY: it is taken. */
DBK_MUST_CHECK dbk_rc dbk_listener_open(int *fd, const char *address, dbk_err *err);
/* Can only programs on this machine reach it? An address that can't be read is not one. */
bool dbk_listener_is_local(const char *address);
/* The one that the service manager opened and passed (LISTEN_PID, LISTEN_FDS of sd_listen_fds(3)).
 * *fd -1: none was. DBK_USAGE: more than one, or no socket that listens for TCP. */
DBK_MUST_CHECK dbk_rc dbk_listener_passed(int *fd, dbk_err *err);
/* What it listens on: "127.0.0.1:43210". */
DBK_MUST_CHECK dbk_rc dbk_listener_name(char out[DBK_LISTENER_NAME_SIZE], int fd, dbk_err *err);

#endif
