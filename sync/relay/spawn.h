/* sync/relay/spawn.h - starts the keeper: this program once more, in a process of its own. It is
 * run anew, not only forked, so that neither has the other's memory or its layout. */
#ifndef DBK_RELAY_SPAWN_H
#define DBK_RELAY_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

#define DBK_SPAWN_FIRST_CHANNEL 3 /* the keeper finds its channels from this descriptor on */

/* args: of the program, args[0] its name, NULL at the end. channels: our ends. Before any thread
 * begins. The keeper dies with us, whatever we die of. */
DBK_MUST_CHECK dbk_rc dbk_spawn(pid_t *pid, int *channels, size_t channels_count,
                                char *const args[], dbk_err *err);
/* Waits for its end, after its channels were closed. DBK_IO, with what became of it: it ended
 * otherwise than well. */
DBK_MUST_CHECK dbk_rc dbk_spawn_wait(pid_t pid, dbk_err *err);
/* true: it has ended, and dbk_spawn_wait will say how. */
bool dbk_spawn_ended(pid_t pid);

/* The keeper's side: are these descriptors channels, as dbk_spawn leaves them? Takes them in: they
 * won't be passed on. DBK_USAGE. */
DBK_MUST_CHECK dbk_rc dbk_spawn_channels(int *channels, size_t channels_count, dbk_err *err);

#endif
