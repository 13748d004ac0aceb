/* Whose program is at the other end of a connection on loopback: the kernel's table says. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/console.h"

#define LINE_SIZE 512

bool console_peer_is_ours(const struct sockaddr *peer, unsigned port)
{
    char line[LINE_SIZE];
    bool ours = false, found = false;
    if (peer->sa_family != AF_INET)
        return false;
    const struct sockaddr_in *at = (const struct sockaddr_in *)(const void *)peer;
    unsigned peer_port = ntohs(at->sin_port);
    FILE *table = fopen("/proc/net/tcp", "re");
    if (table == NULL)
        return false;
    /* "sl local:port remote:port state queues timer retransmits uid ...", in hex but for the uid;
     * an address is a number in the machine's order. The line of the peer's own end is wanted. */
    while (!found && fgets(line, sizeof(line), table) != NULL) {
        unsigned local, local_port, remote, remote_port;
        unsigned long uid;
        if (sscanf(line, " %*u: %x:%x %x:%x %*x %*x:%*x %*x:%*x %*x %lu", &local, &local_port,
                   &remote, &remote_port, &uid) != 5)
            continue;
        found = local == at->sin_addr.s_addr && local_port == peer_port &&
                remote == htonl(INADDR_LOOPBACK) && remote_port == port;
        ours = found && uid == geteuid();
    }
    (void)fclose(table);
    return ours;
}
