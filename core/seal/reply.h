/* core/seal/reply.h - what a recipient answers to a referral: a code and a time, signed, and bound
 * to the package that it answers. No words: it may travel in clear.
 * Text: "daybook-answer-1." || base64url of 138 bytes, big-endian:
 *   offset size
 *        0   16  recipient's id
 *       16   16  referral
 *       32   32  hash of the package (core/seal/package.h)
 *       64    1  answer: 1 received, 2 accepted, 3 in progress, 4 done, 5 closed: no contact made,
 *                6 rejected
 *       65    1  reason: 0 none; with 6 always: 1 not for whom the service is, 2 no room, 3 another
 *                area, 4 another service is right, 5 consent is lacking, 6 another reason
 *       66    8  time, ms, claimed
 *       74   64  signature by the recipient's key, label "daybook/answer/1", over bytes 0..73 */
#ifndef DBK_SEAL_REPLY_H
#define DBK_SEAL_REPLY_H

#include "core/seal/recipient.h"

#define DBK_REPLY_TEXT_CHARS 201u

#define DBK_REPLY_TABLE(X)            \
    X(RECEIVED, 1, "received")        \
    X(ACCEPTED, 2, "accepted")        \
    X(IN_PROGRESS, 3, "in_progress")  \
    X(DONE, 4, "done")                \
    X(CLOSED, 5, "closed_no_contact") \
    X(REJECTED, 6, "rejected")
#define DBK_REFUSAL_TABLE(X)             \
    X(NONE, 0, "")                       \
    X(NOT_ELIGIBLE, 1, "not_eligible")   \
    X(NO_ROOM, 2, "no_room")             \
    X(OTHER_AREA, 3, "other_area")       \
    X(OTHER_SERVICE, 4, "other_service") \
    X(NO_CONSENT, 5, "no_consent")       \
    X(OTHER, 6, "other")
#define DBK_REPLY_ENUM(name, code, text) DBK_REPLY_##name = (code),
#define DBK_REFUSAL_ENUM(name, code, text) DBK_REFUSAL_##name = (code),
typedef enum dbk_reply_kind { DBK_REPLY_TABLE(DBK_REPLY_ENUM) } dbk_reply_kind;
typedef enum dbk_refusal { DBK_REFUSAL_TABLE(DBK_REFUSAL_ENUM) } dbk_refusal;
#undef DBK_REPLY_ENUM
#undef DBK_REFUSAL_ENUM
const char *dbk_reply_name(dbk_reply_kind kind);
const char *dbk_refusal_name(dbk_refusal why);
/* false: no such word. */
bool dbk_reply_named(dbk_reply_kind *out, const char *name);
bool dbk_refusal_named(dbk_refusal *out, const char *name);

typedef struct dbk_reply {
    dbk_id recipient, referral;
    dbk_hash package;
    dbk_reply_kind kind;
    dbk_refusal why;
    uint64_t time_ms;
    dbk_sig sig;
} dbk_reply;
/* Signs it, and appends the text. */
DBK_MUST_CHECK dbk_rc dbk_reply_print(dbk_bytes *out, const dbk_reply *a, const dbk_secret *signer,
                                      dbk_err *err);
/* DBK_FORMAT. Checks no signature. */
DBK_MUST_CHECK dbk_rc dbk_reply_parse(dbk_reply *out, dbk_span text, dbk_err *err);
/* DBK_AUTH: it isn't this recipient's. */
DBK_MUST_CHECK dbk_rc dbk_reply_check(const dbk_reply *a, const dbk_recipient *from, dbk_err *err);

#endif
