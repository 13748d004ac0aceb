/* sync/relay/passage.h - what passes between a relay's two processes, as bytes: the front asks, the
 * keeper answers. No lasting format: both ends are one program.
 *   frame     u8 kind | the kind's fields, big-endian, nothing left over
 *   EXPECT    head                        dbk_service.expect
 *   HANDLE    head | text32 body          dbk_service.handle
 *   MEASURE   -                           dbk_service.measure
 *   RELOAD    32 pin                      the front's TLS key now
 *   READY     text8 version               once, when the keeper can answer
 *   FAILED    u8 code | text8 why         instead of READY
 *   EXPECTS   u32 body_max | u8 keep
 *   ANSWER    u16 status | u8 type | u32 retry_after_s | text8 nonce, call, cause | text32 body
 *   MEASURED  u8 done | text32 text
 *   RELOADED  text8 why | text32 certificate, key; without a why they may be shown from now on
 *   head      16 peer | u8 has_body | text16 method, authority, path, query, content_type, digest,
 *             signature_input, signature, setup
 * textN: a length of N bits, then so many bytes.
 * The keeper trusts none of it: a head passes the gate again, times are its own, and who asks is
 * proved by the request's own signature. */
#ifndef DBK_RELAY_PASSAGE_H
#define DBK_RELAY_PASSAGE_H

#include "sync/engine/msg.h"
#include "sync/relay/gate.h"
#include "sync/relay/relay.h"
#include "sync/relay/tls.h"

typedef enum dbk_passage_kind {
    DBK_PASSAGE_EXPECT = 1,
    DBK_PASSAGE_HANDLE,
    DBK_PASSAGE_MEASURE,
    DBK_PASSAGE_RELOAD,
    DBK_PASSAGE_READY = 17,
    DBK_PASSAGE_FAILED,
    DBK_PASSAGE_EXPECTS,
    DBK_PASSAGE_ANSWER,
    DBK_PASSAGE_MEASURED,
    DBK_PASSAGE_RELOADED
} dbk_passage_kind;

#define DBK_PASSAGE_HEAD_BYTES_MAX (16u * 1024u) /* what the gate lets through, and its lengths */
#define DBK_PASSAGE_ASK_BYTES_MAX (DBK_PASSAGE_HEAD_BYTES_MAX + DBK_RELAY_PUSH_BYTES_MAX)
#define DBK_PASSAGE_TEXT_BYTES_MAX 255u
#define DBK_PASSAGE_REPLY_BYTES_MAX (1024u + DBK_WELCOME_BYTES_MAX)

/* Encoders append a whole frame, but for what a text32 holds: the sender adds that behind it, so
 * that a body isn't copied. DBK_LIMIT: more than a decoder takes. */
DBK_MUST_CHECK dbk_rc dbk_passage_ask(dbk_bytes *out, dbk_passage_kind kind,
                                      const dbk_relay_request *request, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_passage_greet(dbk_bytes *out, const char *version, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_passage_fail(dbk_bytes *out, const dbk_err *why, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_passage_expects(dbk_bytes *out, const dbk_relay_expects *expects,
                                          dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_passage_answer(dbk_bytes *out, const dbk_relay_answer *answer,
                                         dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_passage_measured(dbk_bytes *out, dbk_rc done, dbk_span text,
                                           dbk_err *err);

DBK_MUST_CHECK dbk_rc dbk_passage_ask_reload(dbk_bytes *out, const uint8_t pin[DBK_TLS_PIN_BYTES],
                                             dbk_err *err);
typedef struct dbk_passage_reloaded {
    char why[DBK_PASSAGE_TEXT_BYTES_MAX + 1]; /* "": both are good as far as the keeper can tell */
    dbk_span cert, key;
} dbk_passage_reloaded;
#define DBK_PASSAGE_RELOADED_BYTES_MAX (2u * DBK_TLS_PEM_BYTES_MAX + 512u)
/* All of the frame. */
DBK_MUST_CHECK dbk_rc dbk_passage_reloaded_encode(dbk_bytes *out, const dbk_passage_reloaded *r,
                                                  dbk_err *err);

/* The keeper's side. request borrows the frame and gate; now_ms isn't in it. DBK_FORMAT: not what
 * a front sends. */
typedef struct dbk_passage_asked {
    dbk_passage_kind kind;
    dbk_relay_request request;      /* of EXPECT and HANDLE */
    uint8_t pin[DBK_TLS_PIN_BYTES]; /* of RELOAD */
    dbk_gate gate;
    char target[DBK_GATE_TARGET_BYTES_MAX + 1];
} dbk_passage_asked;
DBK_MUST_CHECK dbk_rc dbk_passage_asked_decode(dbk_passage_asked *out, dbk_span frame,
                                               dbk_err *err);

/* The front's side, for what it asked. DBK_FORMAT: not what a keeper sends. */
/* READY by this very version is DBK_OK; FAILED is the code and the text that it brings. */
DBK_MUST_CHECK dbk_rc dbk_passage_greeting_decode(const char *version, dbk_span frame,
                                                  dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_passage_expects_decode(dbk_relay_expects *out, dbk_span frame,
                                                 dbk_err *err);
/* Fills out, whose body is copied; call and cause are constants. On failure it is { 0 }. */
DBK_MUST_CHECK dbk_rc dbk_passage_answer_decode(dbk_relay_answer *out, dbk_span frame,
                                                dbk_err *err);
/* The spans are borrowed from the frame. */
DBK_MUST_CHECK dbk_rc dbk_passage_reloaded_decode(dbk_passage_reloaded *out, dbk_span frame,
                                                  dbk_err *err);
/* Appends the text. DBK_IO: the keeper could not measure. */
DBK_MUST_CHECK dbk_rc dbk_passage_measured_decode(dbk_bytes *out, dbk_span frame, dbk_err *err);

#endif
