#include "sync/relay/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define IPV4_BYTES 4u
#define IPV6_BYTES 16u
#define MAPPED_AT 12u /* of the IPv4 address within an IPv6 one (RFC 4291, 2.5.5.2) */

static dbk_peer of_ipv6(const uint8_t address[IPV6_BYTES])
{
    static const uint8_t mapped[MAPPED_AT] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    dbk_peer p = { .family = AF_INET6 };
    if (memcmp(address, mapped, sizeof(mapped)) == 0) {
        p.family = AF_INET;
        memcpy(p.b, address + MAPPED_AT, IPV4_BYTES);
    } else {
        memcpy(p.b, address, IPV6_BYTES);
    }
    return p;
}

dbk_peer dbk_peer_of(const struct sockaddr *at)
{
    dbk_peer p = { .family = 0 };
    if (at != NULL && at->sa_family == AF_INET) {
        struct sockaddr_in a;
        memcpy(&a, at, sizeof(a));
        p.family = AF_INET;
        memcpy(p.b, &a.sin_addr, IPV4_BYTES);
    } else if (at != NULL && at->sa_family == AF_INET6) {
        struct sockaddr_in6 a;
        memcpy(&a, at, sizeof(a));
        p = of_ipv6(a.sin6_addr.s6_addr);
    }
    return p;
}

bool dbk_peer_parse(dbk_peer *out, dbk_span text)
{
    char copy[DBK_PEER_TEXT_SIZE];
    uint8_t address[IPV6_BYTES];
    *out = (dbk_peer){ .family = 0 };
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.p, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, address) == 1) {
        out->family = AF_INET;
        memcpy(out->b, address, IPV4_BYTES);
        return true;
    }
    if (inet_pton(AF_INET6, copy, address) != 1)
        return false;
    *out = of_ipv6(address);
    return true;
}

void dbk_peer_print(char out[DBK_PEER_TEXT_SIZE], const dbk_peer *peer)
{
    uint8_t network[IPV6_BYTES] = { 0 };
    size_t told = peer->family == AF_INET ? 3 : 6;
    memcpy(network, peer->b, told);
    if (peer->family == 0 || inet_ntop(peer->family, network, out, DBK_PEER_TEXT_SIZE) == NULL)
        memcpy(out, "?", 2);
}

void dbk_peer_key(uint8_t out[DBK_PACE_KEY_BYTES], const dbk_peer *peer)
{
    memset(out, 0, DBK_PACE_KEY_BYTES);
    if (peer->family == AF_INET) {
        out[0] = 4;
        memcpy(out + 8, peer->b, IPV4_BYTES);
    } else if (peer->family == AF_INET6) {
        out[0] = 6;
        memcpy(out + 8, peer->b, 8);
    }
}
