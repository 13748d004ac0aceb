/* sync/relay/relay.h - a request's bytes -> the answer's bytes (docs/PROTOCOL.md). No sockets, no
 * clock: the time comes with the request, randomness and storage through seams; so the same code
 * runs behind HTTPS and in the simulator.
 * Knows:  requests, signatures, the membership chain, sealed segments, receipts, checkpoints.
 * Never:  a key that opens a note. It refuses only what is malformed, from nobody or too large;
 *         it never judges content, so no note can wedge a queue.
 * Threads: handle may be called by as many threads as there are readers; more wait. */
#ifndef DBK_RELAY_RELAY_H
#define DBK_RELAY_RELAY_H

#include "core/base/env.h"
#include "core/crypto/sign.h"
#include "sync/relay/log.h"
#include "sync/relay/metrics.h"
#include "sync/relay/pace.h"
#include "sync/relay/room.h"
#include "sync/relay/writer.h"

/* What the relay states as limits in its welcome: credits of one exchange. */
#define DBK_RELAY_PUSH_BYTES_MAX (2u * 1024u * 1024u)
#define DBK_RELAY_RANGE_BYTES_MAX (2u * 1024u * 1024u)
#define DBK_RELAY_JOIN_BYTES_MAX 4096u
#define DBK_RELAY_GENESIS_BYTES_MAX (16u * 1024u) /* nobody has signed for it yet */
#define DBK_RELAY_MAILBOXES_MAX 1024u
#define DBK_RELAY_MAILBOX_DAYS_MAX 90u
#define DBK_RELAY_PROPOSALS_MAX 16u /* one of each admin's device; an answer of 1 MiB at most */
#define DBK_RELAY_READERS_MAX 64u
#define DBK_SETUP_CODE_SIZE 25u /* base64url of 18 random bytes, and the final zero byte */

/* What a relay needs before its first start, into a new log: its checkpoint key, and the one-time
 * setup code that lets one organisation in. The code is kept as a hash only. */
typedef struct dbk_relay_birth {
    dbk_sign_pk relay;
    char setup_code[DBK_SETUP_CODE_SIZE];
} dbk_relay_birth;
DBK_MUST_CHECK dbk_rc dbk_relay_prepare(dbk_relay_birth *out, const dbk_log *log,
                                        const dbk_env *env, dbk_err *err);

/* What a log remembers of that. */
typedef struct dbk_relay_memory {
    dbk_sign_pk relay;
    bool awaits_setup; /* the code has not been used */
} dbk_relay_memory;
DBK_MUST_CHECK dbk_rc dbk_relay_recall(dbk_relay_memory *out, const dbk_log *log, dbk_err *err);

/* After a backup was put back, and before the relay serves again: every log is to go on under a new
 * incarnation, with the entries that it still has. Until the organisation's root has signed for
 * that the relay takes nothing but what it lost. why: the operator's words to the administrators,
 * one line of at most 200 bytes. Done again it only renews the incarnations. DBK_NOT_FOUND: it
 * serves no organisation. One transaction: cut off, nothing was done. */
DBK_MUST_CHECK dbk_rc dbk_relay_recover(const dbk_log *log, const char *why, const dbk_env *env,
                                        dbk_err *err);

typedef struct dbk_relay dbk_relay;
typedef struct dbk_relay_opts {
    const dbk_log_source *source; /* borrowed for the call */
    const dbk_env *env;           /* called from many threads */
    dbk_writer_mode mode;
    unsigned readers; /* 1..DBK_RELAY_READERS_MAX */
} dbk_relay_opts;
DBK_MUST_CHECK dbk_rc dbk_relay_open(dbk_relay **out, const dbk_relay_opts *opts, dbk_err *err);
/* Before the first call, by who opened it: how to find out that the disk is nearly full. Then what
 * brings much (segments, mailboxes) is answered with 507, while reads and changes of membership,
 * a revocation above all, go on into what is left. is_full is asked by any thread. */
void dbk_relay_watch_disk(dbk_relay *r, bool (*is_full)(void *ctx), void *ctx);
/* How often a device, and strangers at one address, may ask, and how much devices may bring. Before
 * the first call, and again at any time; whether strangers have a limit stays as it was then.
 *  More is
 * answered with 429 and Retry-After. A stranger is who shows no known key with a fresh nonce: that
 * costs the relay least before it is refused, and a device that shares an address with a flood is
 * served. A device pays one such turn when the relay was started again, as its nonce is stale then.
 */
typedef struct dbk_relay_limits {
    dbk_pace_rule device;
    dbk_pace_rule stranger; /* burst 0: none, where all come from a proxy's address */
    dbk_quota quota;        /* of what devices push; what is asked of the log goes on */
} dbk_relay_limits;
DBK_MUST_CHECK dbk_rc dbk_relay_limit(dbk_relay *r, const dbk_relay_limits *limits, dbk_err *err);
void dbk_relay_close(dbk_relay *r); /* no handle may be under way; NULL is nothing */
const dbk_sign_pk *dbk_relay_key(const dbk_relay *r);
uint64_t dbk_relay_commits(dbk_relay *r); /* durable transactions since the start */
/* The names of the calls, for whoever counts them; and one of them as a constant. NULL: none. */
void dbk_relay_name_calls(dbk_metrics *m);
const char *dbk_relay_call_name(dbk_span name);
/* May it come with another TLS key, of this pin? The organisation's policy has to say so, or
 * devices would not know it any more. */
bool dbk_relay_announced(dbk_relay *r, const uint8_t pin[32]);
/* Appends what it counted, and how the log stands now: its size, that of each space as its number
 * in the chain and coarsely (dbk_metrics_coarse), and since when something waits for a witness.
 * Any thread, with a reader to spare. */
DBK_MUST_CHECK dbk_rc dbk_relay_measure(dbk_relay *r, dbk_bytes *out, uint64_t now_ms,
                                        dbk_err *err);

/* All spans are borrowed for the call; an absent header is empty. */
typedef struct dbk_relay_request {
    dbk_span method;
    dbk_span authority; /* Host, lower case */
    dbk_span path;      /* as sent: nothing was decoded */
    dbk_span query;     /* without '?' */
    dbk_span content_type, digest, signature_input, signature;
    dbk_span setup; /* Daybook-Setup */
    dbk_span body;
    bool has_body;                    /* there was a Content-Length */
    uint8_t peer[DBK_PACE_KEY_BYTES]; /* the address it came from */
    uint64_t now_ms;
} dbk_relay_request;

typedef struct dbk_relay_answer {
    int status;
    const char *content_type; /* constant; NULL: no body */
    const char *call;         /* constant: which call it was, for the log */
    const char *cause;        /* constant: the word of a refusal; NULL: it is none */
    dbk_bytes body;
    char nonce[DBK_NONCE_TEXT_LEN + 1]; /* Daybook-Nonce, or "" */
    uint32_t retry_after_s;             /* 0: none */
} dbk_relay_answer;                     /* { 0 } is ready to use */

/* Always answers; what goes wrong is part of the answer. The caller wipes answer->body. */
void dbk_relay_handle(dbk_relay *r, dbk_relay_answer *answer, const dbk_relay_request *request);

/* When only the request's head is here: how many bytes of body the call takes (0: none), and
 * whether its sender is worth that memory: a call that needs a signature has a known key and a
 * fresh nonce. If not, the body is better dropped and an empty one handled: the answer is 401. */
typedef struct dbk_relay_expects {
    size_t body_max;
    bool keep;
} dbk_relay_expects;
dbk_relay_expects dbk_relay_expect(dbk_relay *r, const dbk_relay_request *head);
/* The answer to a head that asks for too much, or isn't proper HTTP. word: an error word. */
void dbk_relay_refuse(dbk_relay_answer *answer, int status, const char *word);

#endif
