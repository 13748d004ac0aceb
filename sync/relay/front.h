/* sync/relay/front.h - a relay's process on the network: TLS, HTTP and the gate, and nothing of the
 * log. It holds the TLS key; neither relay.key nor the key that signs checkpoints is ever in its
 * memory, and it opens no file. What it is asked it asks the keeper, over one channel for each
 * thread.
 * Threads: the service may be used by any; more than there are channels wait. */
#ifndef DBK_RELAY_FRONT_H
#define DBK_RELAY_FRONT_H

#include "sync/relay/passage.h"
#include "sync/relay/sandbox.h"
#include "sync/relay/service.h"

#define DBK_FRONT_CHANNELS_MAX 32u

typedef struct dbk_front dbk_front;

/* Takes the channels, also on failure. */
DBK_MUST_CHECK dbk_rc dbk_front_new(dbk_front **out, const int *channels, size_t count,
                                    dbk_err *err);
/* Waits until the keeper can answer. Its failure: its code and text. DBK_IO: it has gone. */
DBK_MUST_CHECK dbk_rc dbk_front_meet(dbk_front *f, dbk_err *err);
/* Without the keeper requests are answered with 503. Borrows f. */
dbk_service dbk_front_service(dbk_front *f);
/* Lets the keeper read again what an operator may change: its limits, and the certificate and key.
 * shown: the pin of those in use. out borrows reply, which the caller wipes. */
DBK_MUST_CHECK dbk_rc dbk_front_reload(dbk_front *f, const uint8_t shown[DBK_TLS_PIN_BYTES],
                                       dbk_passage_reloaded *out, dbk_bytes *reply, dbk_err *err);
/* What the process needs when it has its listeners and its TLS key. */
void dbk_front_wants(dbk_sandbox_wants *out);
/* Closes the channels: the keeper ends. No call may be under way. NULL is nothing. */
void dbk_front_free(dbk_front *f);

#endif
