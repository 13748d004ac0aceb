/* HTTP for the console: one thread, which waits for browsers, its one child and signals. The only
 * file of cli that knows the HTTP library. */
#define _GNU_SOURCE /* memfd_create */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/console.h"
#include "cli/console_assets.h"
#include "core/base/alloc.h"

#define LOOK_MS 1000 /* between two looks at how long a child has run */
#define IDLE_S 60u
/* Above 32 KiB the library takes whole pages for a connection and gives them back when it ends:
 * words of notes that came in don't stay in this process's heap. */
#define CONNECTION_BYTES (64u * 1024u)

typedef enum stage { READING, WAITING, RUNNING, ANSWERED } stage;
typedef struct request {
    struct MHD_Connection *connection;
    struct request *next; /* of the queue */
    stage stage;
    bool too_large;
    console_call call;
    dbk_bytes body;
    unsigned status; /* ANSWERED */
    int answer;      /* or -1 */
} request;

typedef struct console {
    const console_opts *opts;
    struct MHD_Daemon *daemon;
    unsigned port;
    console_door door;
    console_child child;
    request *running, *first, **last; /* last: where the next one in the queue is hung */
    size_t waiting;
    int signals;
    bool terminal;
} console;

/* ---- answers ------------------------------------------------------------------------------ */

static const struct {
    const char *name, *value;
} always[] = {
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
      "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'; trusted-types 'none'" },
    { "Cache-Control", "no-store" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Permissions-Policy", "camera=(), geolocation=(), microphone=(), clipboard-read=()" },
};

static enum MHD_Result send_off(struct MHD_Connection *to, unsigned status,
                                struct MHD_Response *response, const char *type)
{
    if (response == NULL)
        return MHD_NO;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        (void)MHD_add_response_header(response, always[i].name, always[i].value);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result sent = MHD_queue_response(to, status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result send_text(struct MHD_Connection *to, unsigned status, const char *text,
                                 const char *type)
{
    return send_off(to, status,
                    MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                    MHD_RESPMEM_MUST_COPY),
                    type);
}

static const struct refusal {
    unsigned status;
    const char *json;
} refusals[] = {
    { 400, "{\"error\":{\"code\":\"malformed\",\"text\":\"the request was not understood\"}}\n" },
    { 401, "{\"error\":{\"code\":\"session\",\"text\":\"this page has no session: open the address "
           "that daybook console printed\"}}\n" },
    { 403, "{\"error\":{\"code\":\"not_here\",\"text\":\"that is not for pages: use the command "
           "line\"}}\n" },
    { 404, "{\"error\":{\"code\":\"no_such\",\"text\":\"there is nothing here\"}}\n" },
    { 413, "{\"error\":{\"code\":\"too_large\",\"text\":\"that is more than can be sent at "
           "once\"}}\n" },
    { 422, "{\"error\":{\"code\":\"failed\",\"text\":\"the table could not be made\"}}\n" },
    { 423, "{\"error\":{\"code\":\"locked\",\"text\":\"the store is locked\"}}\n" },
    { 500, "{\"error\":{\"code\":\"broken\",\"text\":\"the command ended unexpectedly: what was "
           "saved before is safe\"}}\n" },
    { 503, "{\"error\":{\"code\":\"busy\",\"text\":\"too much waits: try again\"}}\n" },
};

static enum MHD_Result refuse(struct MHD_Connection *to, unsigned status)
{
    size_t i = 0;
    while (refusals[i].status != status)
        i++;
    return send_text(to, status, refusals[i].json, "application/json");
}

static const char *field_of(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result send_asset(struct MHD_Connection *to, const char *path)
{
    const console_asset *a = console_assets;
    const char *name = strchr(path, '.') == NULL ? "index.html" : path + 1;
    while (a->name != NULL && strcmp(a->name, name) != 0)
        a++;
    if (a->name == NULL)
        return refuse(to, 404);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        a->gzip_bytes, (void *)(uintptr_t)a->gzip, MHD_RESPMEM_PERSISTENT);
    if (response != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return send_off(to, 200, response, a->type);
}

static enum MHD_Result send_entered(const console *c, struct MHD_Connection *to)
{
    char cookie[CONSOLE_SECRET_SIZE + 80];
    struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "",
                                                                    MHD_RESPMEM_PERSISTENT);
    (void)snprintf(cookie, sizeof(cookie), "%s=%s; HttpOnly; SameSite=Strict; Path=/",
                   c->door.cookie_name, c->door.session);
    if (response != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, "/");
    }
    dbk_wipe(cookie, sizeof(cookie));
    return send_off(to, 303, response, "text/plain");
}

static enum MHD_Result send_session(const console *c, struct MHD_Connection *to)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "{\"locked\":%s,\"key\":\"%s\",\"version\":\"%s\"}\n",
                   agent_is_there(c->opts->begun.store) ? "false" : "true", c->door.key,
                   DBK_PRODUCT_VERSION);
    return send_text(to, 200, text, "application/json");
}

static enum MHD_Result send_locked(const console *c, struct MHD_Connection *to)
{
    dbk_err none = { 0 };
    (void)!agent_ask_lock(c->opts->begun.store, &none); /* none is as good */
    return send_text(to, 200, "{\"locked\":true,\"error\":null}\n", "application/json");
}

/* What a child wrote goes from its file to the socket. */
static enum MHD_Result send_answer(request *r)
{
    struct stat st;
    if (r->answer < 0 || r->status != 200 || fstat(r->answer, &st) != 0)
        return refuse(r->connection, r->status == 200 ? 500 : r->status);
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)st.st_size, r->answer);
    if (response != NULL)
        r->answer = -1; /* the response closes it */
    if (response != NULL && r->call == CONSOLE_CSV)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION,
                                      "attachment; filename=\"daybook.csv\"");
    /* So that nothing of it stays in the connection's memory. */
    if (response != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return send_off(r->connection, 200, response,
                    r->call == CONSOLE_CSV ? "text/csv; charset=utf-8" : "application/json");
}

/* ---- requests ----------------------------------------------------------------------------- */

static void begin_next(console *c);

static enum MHD_Result enqueue(console *c, request *r, console_call call)
{
    if (call != CONSOLE_UNLOCK && !agent_is_there(c->opts->begun.store))
        return refuse(r->connection, 423);
    if (c->waiting == CONSOLE_QUEUE_MAX)
        return refuse(r->connection, 503);
    r->call = call;
    r->stage = WAITING;
    *c->last = r;
    c->last = &r->next;
    c->waiting++;
    MHD_suspend_connection(r->connection);
    begin_next(c);
    return MHD_YES;
}

static const struct {
    const char *path;
    console_call call;
} calls[] = { { "/api/run", CONSOLE_RUN },
              { "/api/csv", CONSOLE_CSV },
              { "/api/unlock", CONSOLE_UNLOCK } };

static enum MHD_Result route(console *c, request *r, const char *path, bool post)
{
    if (strncmp(path, "/api/", 5) != 0)
        return post ? refuse(r->connection, 404) : send_asset(r->connection, path);
    if (!post)
        return strcmp(path, "/api/session") == 0 ? send_session(c, r->connection)
                                                 : refuse(r->connection, 404);
    if (strcmp(path, "/api/lock") == 0)
        return send_locked(c, r->connection);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(path, calls[i].path) == 0)
            return r->too_large ? refuse(r->connection, 413) : enqueue(c, r, calls[i].call);
    return refuse(r->connection, 404);
}

static enum MHD_Result decide(console *c, request *r, const char *path, const char *method)
{
    const console_head head = { .method = method,
                                .path = path,
                                .host = field_of(r->connection, "Host"),
                                .origin = field_of(r->connection, "Origin"),
                                .site = field_of(r->connection, "Sec-Fetch-Site"),
                                .cookie = field_of(r->connection, "Cookie"),
                                .key = field_of(r->connection, "X-Daybook-Key"),
                                .type = field_of(r->connection, "Content-Type") };
    bool post = strcmp(method, "POST") == 0;
    if (!post && strcmp(method, "GET") != 0)
        return refuse(r->connection, 404);
    switch (console_door_ask(&c->door, &head)) {
    case CONSOLE_IN:
        return route(c, r, path, post);
    case CONSOLE_ENTERED:
        return send_entered(c, r->connection);
    case CONSOLE_STRANGER:
        return refuse(r->connection, 401);
    case CONSOLE_NO_TOKEN:
        return send_text(r->connection, 403,
                         "This address was used already, or it is too old. Press Enter where "
                         "daybook console runs for a new one.\n",
                         "text/plain; charset=utf-8");
    case CONSOLE_FOREIGN:
        break;
    }
    return send_text(r->connection, 403, "", "text/plain");
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **ours)
{
    request *r = *ours;
    (void)version;
    if (r == NULL) {
        r = dbk_alloc(sizeof(*r));
        if (r == NULL)
            return MHD_NO;
        r->connection = connection;
        r->answer = -1;
        dbk_bytes_init(&r->body, CONSOLE_BODY_BYTES_MAX);
        *ours = r;
        return MHD_YES;
    }
    if (r->stage == ANSWERED)
        return send_answer(r);
    if (*data_len > 0) {
        r->too_large = r->too_large ||
                       dbk_bytes_append(&r->body, dbk_span_of(data, *data_len), NULL) != DBK_OK;
        *data_len = 0;
        return MHD_YES;
    }
    return decide(self, r, path, method);
}

static void on_completed(void *self, struct MHD_Connection *connection, void **ours,
                         enum MHD_RequestTerminationCode how)
{
    console *c = self;
    request *r = *ours;
    (void)connection;
    (void)how;
    if (r == NULL)
        return;
    DBK_ASSERT(r->stage != WAITING && r != c->running); /* it was suspended until then */
    if (r->answer >= 0)
        (void)close(r->answer);
    dbk_bytes_wipe(&r->body);
    dbk_free(r);
    *ours = NULL;
}

static enum MHD_Result on_connection(void *self, const struct sockaddr *peer, socklen_t peer_len)
{
    const console *c = self;
    (void)peer_len;
    return console_peer_is_ours(peer, c->port) ? MHD_YES : MHD_NO;
}

/* ---- the child ---------------------------------------------------------------------------- */

static void answered(request *r, unsigned status, int answer)
{
    r->stage = ANSWERED;
    r->status = status;
    r->answer = answer;
    MHD_resume_connection(r->connection);
}

static void begin_next(console *c)
{
    while (c->running == NULL && c->first != NULL) {
        request *r = c->first;
        dbk_err none = { 0 };
        c->first = r->next;
        c->last = c->first == NULL ? &c->first : c->last;
        c->waiting--;
        r->stage = RUNNING;
        dbk_rc rc = console_child_start(&c->child, r->call, dbk_bytes_span(&r->body),
                                        &c->opts->begun, &none);
        dbk_bytes_wipe(&r->body);
        if (rc == DBK_OK)
            c->running = r;
        else
            answered(r, 503, -1);
    }
}

static void end_child(console *c)
{
    request *r = c->running;
    int answer = -1;
    unsigned status = console_child_end(&c->child, &answer);
    c->running = NULL;
    answered(r, status, answer);
    begin_next(c);
}

/* ---- the loop ----------------------------------------------------------------------------- */

static dbk_rc start(console *c, dbk_err *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->opts->port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)c->opts->port, on_connection, c,
        on_request, c, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_NOTIFY_COMPLETED, on_completed, c,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONSOLE_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, (int)1, MHD_OPTION_END);
    if (c->daemon == NULL)
        return dbk_fail(err, DBK_IO, "nothing can listen on port %u of 127.0.0.1", c->opts->port);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(c->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL)
        return dbk_fail(err, DBK_IO, "the port can't be told");
    c->port = info->port;
    console_door_init(&c->door, c->port);
    return DBK_OK;
}

static void tell_address(const console *c, void (*ready)(const char *address))
{
    char address[CONSOLE_HOST_SIZE + CONSOLE_SECRET_SIZE + 32];
    (void)snprintf(address, sizeof(address), "http://%s/enter/%s", c->door.host, c->door.token);
    ready(address);
    dbk_wipe(address, sizeof(address));
}

/* A line of standard input: a new address. Its end: none any more. */
static void heed_terminal(console *c, void (*ready)(const char *address))
{
    char line[256];
    if (read(STDIN_FILENO, line, sizeof(line)) <= 0) {
        c->terminal = false;
        return;
    }
    console_door_renew(&c->door);
    tell_address(c, ready);
}

static dbk_rc loop(console *c, void (*ready)(const char *address), dbk_err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(c->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0)
        return dbk_fail(err, DBK_IO, "the HTTP library has nothing to wait for");
    const int browsers = info->epoll_fd;
    for (;;) {
        MHD_UNSIGNED_LONG_LONG due_ms = LOOK_MS;
        struct pollfd wait[] = { { .fd = browsers, .events = POLLIN },
                                 { .fd = c->signals, .events = POLLIN },
                                 { .fd = c->child.pid > 0 ? c->child.done : -1, .events = POLLIN },
                                 { .fd = c->terminal ? STDIN_FILENO : -1, .events = POLLIN } };
        if (MHD_get_timeout(c->daemon, &due_ms) == MHD_NO || due_ms > LOOK_MS)
            due_ms = LOOK_MS;
        (void)poll(wait, sizeof(wait) / sizeof(wait[0]), (int)due_ms);
        if (wait[1].revents != 0)
            return DBK_OK;
        if (wait[2].revents != 0)
            end_child(c);
        else if (c->child.pid > 0 && dbk_monotonic_ms() - c->child.started_ms > CONSOLE_CHILD_MS)
            console_child_kill(&c->child);
        if (wait[3].revents != 0)
            heed_terminal(c, ready);
        if (MHD_run(c->daemon) == MHD_NO)
            return dbk_fail(err, DBK_IO, "the HTTP library failed");
    }
}

/* Suspended connections have to be resumed before the library ends; a running command is let end:
 * what it saves is saved, and nobody hears of it. */
static void stop(console *c)
{
    while (c->running != NULL)
        end_child(c);
    if (c->daemon != NULL) {
        (void)MHD_run(c->daemon);
        MHD_stop_daemon(c->daemon);
    }
    if (c->signals >= 0)
        (void)close(c->signals);
    console_door_wipe(&c->door);
}

dbk_rc console_serve(const console_opts *opts, void (*ready)(const char *address), dbk_err *err)
{
    console c = { .opts = opts, .last = &c.first, .signals = -1 };
    c.terminal = isatty(STDIN_FILENO) == 1;
    dbk_rc rc = agent_take_signals(&c.signals, err);
    if (rc == DBK_OK)
        rc = start(&c, err);
    if (rc == DBK_OK) {
        tell_address(&c, ready);
        rc = loop(&c, ready, err);
    }
    stop(&c);
    return rc;
}
