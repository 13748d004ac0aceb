/* tests/lib/relaykit.h - a relay in this process with an organisation in front of it: devices with
 * real keys, signed requests, sealed-looking segments. Failures stop the test. No cmocka in here:
 * fuzz targets include the .c file.
 * With DBK_WRITER_INLINE everything is repeatable; with DBK_WRITER_THREAD each thread needs a
 * device of its own (its nonce). */
#ifndef DBK_TESTS_LIB_RELAYKIT_H
#define DBK_TESTS_LIB_RELAYKIT_H

#include "core/crypto/roster.h"
#include "sync/engine/msg.h"
#include "sync/relay/log_check.h"
#include "sync/relay/log_embedded.h"
#include "sync/relay/log_postgres.h"
#include "sync/relay/relay.h"
#include "tests/lib/env.h"

#define RELAYKIT_HOST "127.0.0.1:8443"
#define RELAYKIT_READERS 4u

typedef struct relaykit_device {
    dbk_id id;
    dbk_role role;
    dbk_device_keys keys;
    dbk_secret *sign, *request, *admin; /* admin: NULL unless of that role */
    char nonce[DBK_NONCE_TEXT_MAX + 1]; /* for the next request */
} relaykit_device;

typedef struct relaykit {
    dbk_test_env env;
    char dir[DBK_TEST_PATH_SIZE];
    char db[2 * DBK_TEST_PATH_SIZE];
    dbk_secret *db_key;
    dbk_log_embedded file;
    dbk_log_postgres database; /* instead, where DBK_TEST_DSN names one: dsn is not NULL */
    dbk_log_source source;
    dbk_log_source outer; /* what the relay is opened with: source, or a test's wrapper of it */
    dbk_writer_mode mode;
    dbk_relay_birth birth;
    dbk_relay *relay;
    dbk_secret *root;
    dbk_sign_pk root_pk;
    dbk_id roster_space;
    dbk_roster *roster; /* what the tests know of the chain */
    relaykit_device admin;
    uint64_t now_ms; /* of the next request */
    char backup[2 * DBK_TEST_PATH_SIZE];
} relaykit;

void relaykit_open(relaykit *k, dbk_writer_mode mode); /* a fresh relay, no organisation */
void relaykit_stop(relaykit *k);                       /* the relay ends; its files stay */
void relaykit_start(relaykit *k);                      /* and begins again on them */
/* Is the log in a database? What needs the relay's file is skipped then. */
bool relaykit_on_postgres(const relaykit *k);
/* The relay's file as it is now, kept beside it; and put back: the relay stops for both, and is
 * started again by the caller after the first. */
void relaykit_backup(relaykit *k);
void relaykit_put_back(relaykit *k);        /* stopped; then `recover` */
void relaykit_recover(relaykit *k);         /* stopped: its log is an older one */
void relaykit_close(relaykit *k);           /* stops it and removes everything */
dbk_log_report relaykit_check(relaykit *k); /* the deep check, through a handle of its own */

/* A device that nobody knows yet; the caller drops it. */
void relaykit_device_make(relaykit *k, relaykit_device *d, dbk_role role);
void relaykit_device_drop(relaykit_device *d);

/* One call. device NULL: not signed. target: path with query. body.p NULL: none. The answer's
 * nonce becomes the device's next; the caller wipes answer->body. Returns the status. */
typedef struct relaykit_request {
    const char *method, *target;
    dbk_span body;
    const char *setup; /* NULL: none */
} relaykit_request;
int relaykit_send(relaykit *k, relaykit_device *d, dbk_relay_answer *answer,
                  const relaykit_request *req);
/* The same as a client does it: on 401 once more, with the nonce that the answer brought. */
int relaykit_call(relaykit *k, relaykit_device *d, dbk_relay_answer *answer,
                  const relaykit_request *req);
/* As relaykit_call, for calls whose answer's body doesn't matter. */
int relaykit_status(relaykit *k, relaykit_device *d, const char *method, const char *target,
                    dbk_span body);
/* What would be sent: a request that a test changes before it hands it to the relay. The texts
 * live in `made`. */
typedef struct relaykit_made {
    dbk_relay_request req;
    dbk_http_signature sig;
    char target[1100];
} relaykit_made;
void relaykit_make(relaykit *k, const relaykit_device *d, relaykit_made *made,
                   const relaykit_request *req);

/* Membership entries that follow the chain: built, posted, and taken when the relay took them. */
dbk_span relaykit_genesis(relaykit *k, dbk_bytes *out);
dbk_span relaykit_entry_enrol(relaykit *k, dbk_bytes *out, const relaykit_device *d);
dbk_span relaykit_entry_space(relaykit *k, dbk_bytes *out, dbk_id *space,
                              const relaykit_device *const *members, size_t count);
/* Into a space for a time; expires_ms 0: for ever. */
dbk_span relaykit_entry_grant(relaykit *k, dbk_bytes *out, const dbk_id *space,
                              const relaykit_device *d, uint64_t expires_ms);
dbk_span relaykit_entry_revoke(relaykit *k, dbk_bytes *out, const relaykit_device *d);
dbk_span relaykit_entry_remove(relaykit *k, dbk_bytes *out, const dbk_id *space,
                               const relaykit_device *d);
/* The policy of the defaults, with these witnesses. */
dbk_span relaykit_entry_policy(relaykit *k, dbk_bytes *out, const dbk_sign_pk *witnesses,
                               size_t count);
/* An order to dispose by the admin, and by a second one if there is one. dots: ascending. */
typedef struct relaykit_order {
    dbk_id space;
    const dbk_dot *dots;
    size_t count;
    const relaykit_device *second; /* NULL: nobody */
} relaykit_order;
dbk_span relaykit_entry_dispose(relaykit *k, dbk_bytes *out, const relaykit_order *order);
/* By the root, or by who is given. */
dbk_span relaykit_entry_recovery(relaykit *k, dbk_bytes *out, const dbk_log_move *logs,
                                 size_t count, const dbk_secret *signer);
int relaykit_post(relaykit *k, dbk_span entry); /* by the admin; the roster takes it on 200 */
void relaykit_org(relaykit *k);                 /* genesis with the setup code */
void relaykit_enrol(relaykit *k, relaykit_device *d, dbk_role role); /* makes and enrols */
dbk_id relaykit_space(relaykit *k, const relaykit_device *const *members, size_t count);

/* What the device is told by a full hello; the caller wipes both. */
void relaykit_hello(relaykit *k, relaykit_device *d, dbk_welcome *w, dbk_bytes *body);

/* The device's word that it has the log as far as this checkpoint; the relay asks once for it. */
void relaykit_say_reach(relaykit *k, relaykit_device *d, const dbk_checkpoint *c);

/* Segments. */
typedef struct relaykit_feed {
    const relaykit_device *device;
    dbk_id space, feed, incarnation;
    uint64_t last_seq;
    dbk_hash head;
} relaykit_feed;
relaykit_feed relaykit_feed_begin(relaykit *k, const relaykit_device *d, const dbk_id *space);
typedef struct relaykit_segment {
    dbk_header header;
    dbk_hash hash;
    uint8_t raw[DBK_SEGMENT_HEADER_BYTES];
    dbk_bytes body;
    bool kept; /* the body is a kept one */
} relaykit_segment;
/* ops frames of op_bytes sealed bytes each; the feed moves on. */
void relaykit_segment_make(relaykit *k, relaykit_segment *s, relaykit_feed *feed, uint16_t ops,
                           size_t op_bytes);
void relaykit_segment_wipe(relaykit_segment *s);
/* Its body becomes a kept one. */
void relaykit_segment_erase(relaykit_segment *s, uint64_t holes);
/* After a change of s->header or s->body: signs and encodes it anew. */
void relaykit_segment_sign(relaykit_segment *s, const relaykit_device *d);
bool relaykit_receipt_ok(const relaykit *k, const relaykit_segment *s, const dbk_receipt *r);

/* A push of segments in order; results as the relay gave them, the note in answer->body. */
typedef struct relaykit_pushed {
    dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    size_t count;
    dbk_span checkpoint; /* borrowed from body */
    dbk_bytes body;
} relaykit_pushed;
int relaykit_push(relaykit *k, relaykit_device *d, relaykit_pushed *out,
                  const relaykit_segment *segments, size_t count);
void relaykit_pushed_wipe(relaykit_pushed *p);
const char *relaykit_space_target(char out[96], const dbk_id *space, const char *tail);

/* cmocka's set-up and tear-down of a test: an officer in a space, and a device that isn't known. */
typedef struct relaykit_fixture {
    relaykit kit;
    relaykit_device officer, stranger;
    dbk_id space;
    char path[96]; /* of the space's segments */
} relaykit_fixture;
int relaykit_setup(void **state);
int relaykit_teardown(void **state);

#endif
