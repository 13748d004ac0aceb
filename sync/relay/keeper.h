/* sync/relay/keeper.h - a relay's process that keeps the log: it alone holds relay.key and the key
 * that signs checkpoints, opens the log, and decides about every request for itself: signature,
 * rights, chain. It hears the front only, over channels, and in one form (passage.h); a frame of
 * another form shows that the front isn't ours any more, and ends both. */
#ifndef DBK_RELAY_KEEPER_H
#define DBK_RELAY_KEEPER_H

#include "sync/relay/relay.h"
#include "sync/relay/tls.h"

typedef struct dbk_keeper_opts {
    dbk_relay *relay; /* borrowed; with a reader for each channel */
    const dbk_env *env;
    const int *channels; /* taken */
    size_t channels_count;
    /* Appends what the relay itself doesn't know to what it measures; NULL: nothing. */
    dbk_rc (*more)(void *ctx, dbk_bytes *out, dbk_err *err);
    /* Reads again what an operator may change. shown: the front's pin. cert, key: what it may show
     * from now on; why: set instead. By any thread; NULL: there is nothing. */
    void (*reload)(void *ctx, const uint8_t shown[DBK_TLS_PIN_BYTES], dbk_bytes *cert,
                   dbk_bytes *key, dbk_err *why);
    void *ctx; /* of both */
} dbk_keeper_opts;

/* Says that it is ready, and answers until the front closes the channels. DBK_FORMAT, DBK_LIMIT: it
 * heard what no front of ours says. */
DBK_MUST_CHECK dbk_rc dbk_keeper_serve(const dbk_keeper_opts *opts, dbk_err *err);
/* Instead of serving: why it can't. */
void dbk_keeper_excuse(int channel, const dbk_err *why);

#endif
