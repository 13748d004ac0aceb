/* sync/relay/notify.h - tells the service manager how it goes (NOTIFY_SOCKET of sd_notify(3)). */
#ifndef DBK_RELAY_NOTIFY_H
#define DBK_RELAY_NOTIFY_H

#include "core/base/err.h"

/* *fd -1: nobody wants to know. The caller closes it. DBK_USAGE: no such socket is possible;
 * DBK_IO: it can't be reached. */
DBK_MUST_CHECK dbk_rc dbk_notify_open(int *fd, dbk_err *err);
/* "READY=1", "STOPPING=1". Nobody hears it: no reason to stop. fd -1 is nothing. */
void dbk_notify(int fd, const char *state);

#endif
