#include "sync/relay/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/text.h"

#define BACKLOG 512
#define FIRST_PASSED 3 /* SD_LISTEN_FDS_START */

static dbk_rc parse_address(struct addrinfo **out, const char *text, dbk_err *err)
{
    char host[DBK_LISTENER_NAME_SIZE];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                              .ai_socktype = SOCK_STREAM };
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    if (len == 0 || len >= sizeof(host) || strlen(text) >= sizeof(host) ||
        dbk_u64_parse(&port, dbk_span_str(colon + 1), NULL) != DBK_OK || port > 65535)
        return dbk_fail(err, DBK_USAGE, "listen on ADDRESS:PORT");
    memcpy(host, text, len);
    host[len] = '\0';
    char *name = host;
    if (name[0] == '[' && name[len - 1] == ']') {
        name[len - 1] = '\0';
        name++;
    }
    if (getaddrinfo(name, colon + 1, &hints, out) != 0)
        return dbk_fail(err, DBK_USAGE, "listen on a numeric ADDRESS:PORT");
    return DBK_OK;
}

dbk_rc dbk_listener_name(char out[DBK_LISTENER_NAME_SIZE], int fd, dbk_err *err)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    char host[48]; /* an IPv6 address */
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
        getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return dbk_fail(err, DBK_IO, "the listening socket has no name");
    (void)snprintf(out, DBK_LISTENER_NAME_SIZE, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                   host, port);
    return DBK_OK;
}

dbk_rc dbk_listener_open(int *fd, const char *address, dbk_err *err)
{
    struct addrinfo *at = NULL;
    int on = 1;
    *fd = -1;
    dbk_rc rc = parse_address(&at, address, err);
    if (rc != DBK_OK)
        return rc;
    int s = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        bind(s, at->ai_addr, at->ai_addrlen) != 0 || listen(s, BACKLOG) != 0)
        rc = dbk_fail(err, errno == EADDRINUSE ? DBK_BUSY : DBK_IO, "can't listen on %s: %s",
                      address, strerror(errno));
    freeaddrinfo(at);
    if (rc == DBK_OK)
        *fd = s;
    else if (s >= 0)
        (void)close(s);
    return rc;
}

/* Is it a socket that listens for TCP? */
static bool listens(int fd)
{
    int domain = 0, type = 0, on = 0;
    socklen_t len = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 &&
           (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM && on != 0;
}

/* A number of the environment; 0: not there, or none. */
static uint64_t number_of(const char *name)
{
    uint64_t n = 0;
    const char *text = getenv(name);
    return text != NULL && dbk_u64_parse(&n, dbk_span_str(text), NULL) == DBK_OK ? n : 0;
}

dbk_rc dbk_listener_passed(int *fd, dbk_err *err)
{
    int on = 1;
    *fd = -1;
    if (number_of("LISTEN_PID") != (uint64_t)getpid() || number_of("LISTEN_FDS") == 0)
        return DBK_OK; /* meant for nobody, or for somebody else */
    if (number_of("LISTEN_FDS") != 1)
        return dbk_fail(err, DBK_USAGE, "one socket may be passed, not more");
    if (!listens(FIRST_PASSED))
        return dbk_fail(err, DBK_USAGE, "what was passed is no socket that listens for TCP");
    int flags = fcntl(FIRST_PASSED, F_GETFL);
    if (flags < 0 || fcntl(FIRST_PASSED, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(FIRST_PASSED, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        return dbk_fail(err, DBK_IO, "the socket that was passed: %s", strerror(errno));
    *fd = FIRST_PASSED;
    return DBK_OK;
}

bool dbk_listener_is_local(const char *address)
{
    struct addrinfo *at = NULL;
    bool local = false;
    if (parse_address(&at, address, NULL) != DBK_OK)
        return false;
    if (at->ai_family == AF_INET) {
        struct sockaddr_in a;
        memcpy(&a, at->ai_addr, sizeof(a));
        local = ntohl(a.sin_addr.s_addr) >> 24 == 127;
    } else if (at->ai_family == AF_INET6) {
        struct sockaddr_in6 a;
        memcpy(&a, at->ai_addr, sizeof(a));
        local = IN6_IS_ADDR_LOOPBACK(&a.sin6_addr);
    }
    freeaddrinfo(at);
    return local;
}
