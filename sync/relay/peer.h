/* sync/relay/peer.h - the address that a request came from: of the connection, or as a proxy tells
 * it. Told to the log by its network alone. */
#ifndef DBK_RELAY_PEER_H
#define DBK_RELAY_PEER_H

#include <sys/socket.h>

#include "core/base/bytes.h"
#include "sync/relay/pace.h"

#define DBK_PEER_TEXT_SIZE 46u /* an IPv6 address, and the final zero byte */

typedef struct dbk_peer {
    int family; /* AF_INET, AF_INET6; 0: not known */
    uint8_t b[16];
} dbk_peer;

/* NULL is not known. An IPv4 address within IPv6 (::ffff:192.0.2.1), as a socket for both has it,
 * is that address. */
dbk_peer dbk_peer_of(const struct sockaddr *at);
/* A numeric address, as a proxy writes it. false: it is none. */
bool dbk_peer_parse(dbk_peer *out, dbk_span text);
/* The network part only: 24 bits of an IPv4, 48 of an IPv6 address; "?". */
void dbk_peer_print(char out[DBK_PEER_TEXT_SIZE], const dbk_peer *peer);
/* Where limits count: an IPv4 address, or the network that one customer has of IPv6, a /64. */
void dbk_peer_key(uint8_t out[DBK_PACE_KEY_BYTES], const dbk_peer *peer);

#endif
