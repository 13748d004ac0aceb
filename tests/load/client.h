/* tests/load/client.h - one device as the relay sees it: the engine's session, the real transport,
 * real sealing and all checks of what comes back; only its store is this process's memory. It
 * writes notes into one space, sends them, and fetches what others wrote there. */
#ifndef DBK_TESTS_LOAD_CLIENT_H
#define DBK_TESTS_LOAD_CLIENT_H

#include "core/crypto/segment.h"
#include "core/seal/sealer.h"
#include "sync/engine/session.h"
#include "sync/transport/transport.h"
#include "tests/load/fleet.h"
#include "tests/load/ledger.h"
#include "tests/load/meter.h"

typedef enum client_call {
    CLIENT_HELLO,
    CLIENT_PUSH,
    CLIENT_RANGE,
    CLIENT_OTHER,
    CLIENT_CALLS
} client_call;
extern const char *const client_call_names[CLIENT_CALLS];

/* What the clients of one thread share. */
typedef struct client_desk {
    const fleet *fleet;
    ledger *ledger;
    dbk_sealer *sealer;
    bool is_reader; /* what is fetched counts as arrived */
    bool pulls;
    meter calls[CLIENT_CALLS], syncs;
    uint64_t pulled_ops, waits; /* waits: the relay asked to come again later */
    uint64_t sent_bytes, received_bytes;
    dbk_bytes plain, answer;
} client_desk;
void client_desk_open(client_desk *d, const fleet *f, ledger *l);
void client_desk_close(client_desk *d);

typedef struct client_segment {
    dbk_hash hash;
    uint64_t first_seq;
    uint32_t first_note, notes;
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_bytes body;
} client_segment;
typedef struct client {
    uint32_t number, space_number;
    fleet_keys keys;
    dbk_transport transport;
    char nonce[DBK_NONCE_TEXT_MAX + 1];
    dbk_id space, feed, incarnation, log;
    dbk_secret *epoch_key;
    dbk_id key_id;
    uint64_t last_seq, receipted_seq;
    dbk_hash head, root;
    dbk_frontier frontier; /* of what was fetched */
    client_segment *waiting;
    size_t waiting_count, waiting_room;
} client;
/* url: of the node that it talks to. */
void client_open(client *c, const fleet *f, uint32_t number, const char *url);
void client_close(client *c);

/* Writes segments of so many notes each; they wait to be sent. false: the ledger is full. */
bool client_write(client *c, client_desk *d, unsigned segments, unsigned notes);
/* One whole sync. */
DBK_MUST_CHECK dbk_rc client_sync(client *c, client_desk *d, dbk_err *err);
/* A hello that says nothing of what is held here. */
DBK_MUST_CHECK dbk_rc client_hello(client *c, client_desk *d, dbk_err *err);
/* One request without a body; the answer's is in d->answer. DBK_PEER: not a 200. */
DBK_MUST_CHECK dbk_rc client_get(client *c, client_desk *d, const char *target, dbk_err *err);

#endif
