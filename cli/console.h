/* cli/console.h - `daybook console`: a web server on loopback whose pages speak the command line
 * (decision 0042). It holds no key and no note: the agent has the key, and each command of a page
 * is a child of this process that opens the store with it, runs once and ends; what it prints goes
 * from the child's file to the browser without passing through this process.
 * console_door.c, console_peer.c: who is let in. console_child.c: one command. console_serve.c:
 * HTTP, the only file that knows the HTTP library. console_csv.c: lists for spreadsheets.
 * console_assets.h: the pages, built from console/ into the program.
 */
#ifndef DBK_CLI_CONSOLE_H
#define DBK_CLI_CONSOLE_H

#include <sys/types.h>

#include "cli/cli.h"

#define CONSOLE_SECRET_CHARS 64u /* 32 random bytes in hex */
#define CONSOLE_SECRET_SIZE (CONSOLE_SECRET_CHARS + 1u)
#define CONSOLE_ENTER_MS (5u * 60u * 1000u) /* an address to enter by is good for that long */
#define CONSOLE_HOST_SIZE 24u               /* "127.0.0.1:65535" */
#define CONSOLE_BODY_BYTES_MAX (256u * 1024u)
#define CONSOLE_ARGS_MAX 300u
#define CONSOLE_COLUMNS_MAX 16u
#define CONSOLE_QUEUE_MAX 32u           /* commands that wait */
#define CONSOLE_CONNECTIONS_MAX 64u     /* browsers open six */
#define CONSOLE_CHILD_MS (600u * 1000u) /* a first sync of years of notes takes minutes */
#define CONSOLE_ANSWER_BYTES_MAX (64u * 1024u * 1024u)

/* ---- who is let in (console_door.c) ---- */

typedef struct console_door {
    char host[CONSOLE_HOST_SIZE];      /* the only value of Host that is answered */
    char cookie_name[24];              /* of this port: cookies don't know ports */
    char token[CONSOLE_SECRET_SIZE];   /* "": used, or too old */
    char session[CONSOLE_SECRET_SIZE]; /* "": nobody has entered yet */
    char key[CONSOLE_SECRET_SIZE];     /* what a page must send with each POST */
    uint64_t token_ms;                 /* when it was made; monotonic */
} console_door;
void console_door_init(console_door *door, unsigned port);
/* Another address to enter by; the one before is void, the session goes on. */
void console_door_renew(console_door *door);
void console_door_wipe(console_door *door);

/* Of a request, what the door looks at; NULL: the field is not there. */
typedef struct console_head {
    const char *method, *path, *host, *origin, *site, *cookie, *key, *type;
} console_head;
typedef enum console_verdict {
    CONSOLE_IN,
    CONSOLE_ENTERED,  /* by the token, which is used up now: a cookie is to be given */
    CONSOLE_NO_TOKEN, /* to enter by: it is wrong, used or too old */
    CONSOLE_STRANGER, /* no session, or another one */
    CONSOLE_FOREIGN   /* for another host, or from another page: not even told what this is */
} console_verdict;
/* Pages and their parts are given to anybody who asks the right host: nothing in them is secret,
 * and they say what to do. All else takes the session; a POST takes the page's key besides. */
console_verdict console_door_ask(console_door *door, const console_head *head);

/* Is it a program of this user's that has connected to this port? Others' aren't answered at all,
 * whatever they know: cookies don't know ports, so a browser may give ours to another user's server
 * on this machine. */
struct sockaddr;
bool console_peer_is_ours(const struct sockaddr *peer, unsigned port); /* console_peer.c */

/* ---- one command (console_child.c) ---- */

typedef enum console_call {
    CONSOLE_RUN,   /* {"argv": [...]}: what `daybook --json` prints, as one document */
    CONSOLE_CSV,   /* {"argv": [...]}: a table; with "columns" the command's --json as one */
    CONSOLE_UNLOCK /* {"passphrase": "..."} */
} console_call;
typedef struct console_child {
    pid_t pid;           /* 0: none runs */
    int done;            /* readable, at its end, when it has ended */
    int answer;          /* the file that it writes */
    uint64_t started_ms; /* monotonic */
} console_child;
/* What this console was begun with, for its children. */
typedef struct console_begun {
    const char *store, *idle, *lasting; /* idle, lasting: of --idle and --for, or NULL */
} console_begun;
DBK_MUST_CHECK dbk_rc console_child_start(console_child *child, console_call call, dbk_span body,
                                          const console_begun *begun, dbk_err *err);
/* After it has ended: the HTTP status for what is in *answer, which is the caller's to close. */
unsigned console_child_end(console_child *child, int *answer);
void console_child_kill(const console_child *child);

/* ---- a list as a table (console_csv.c) ---- */

/* Are these columns: [[HEAD, KEY], ...], each with {CODE: WORDS} as a third or without? */
struct json_t;
bool console_csv_asks(const struct json_t *columns);
/* Lines of JSON as CSV (RFC 4180), the marking in each line; of an array each element is a row.
 * DBK_FORMAT: that is no JSON. */
DBK_MUST_CHECK dbk_rc console_csv_of(dbk_bytes *out, dbk_span lines, const struct json_t *columns,
                                     dbk_err *err);

/* ---- serving (console_serve.c) ---- */

typedef struct console_opts {
    unsigned port; /* 0: one that is free */
    console_begun begun;
} console_opts;
/* Serves until a signal. ready gets the address to enter by, now and for each line of standard
 * input, if that is a terminal. */
DBK_MUST_CHECK dbk_rc console_serve(const console_opts *opts, void (*ready)(const char *address),
                                    dbk_err *err);

#endif
