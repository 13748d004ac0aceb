/* sync/relay/status.h - what a relay's folder holds and how it does, for its operator: with a
 * server on it or without. Spaces are numbers in the chain's order, as in its metrics; the sizes
 * are exact here, as who may ask reads the folder. */
#ifndef DBK_RELAY_STATUS_H
#define DBK_RELAY_STATUS_H

#include "sync/relay/home.h"

#define DBK_STATUS_BYTES_MAX (1024u * 1024u)

typedef struct dbk_status_opts {
    bool json; /* one object on one line; else lines for a person */
} dbk_status_opts;

/* Appends it. home: only looked at, or taken. */
DBK_MUST_CHECK dbk_rc dbk_status_print(dbk_bytes *out, const dbk_home *home,
                                       const dbk_status_opts *opts, const dbk_env *env,
                                       dbk_err *err);

#endif
