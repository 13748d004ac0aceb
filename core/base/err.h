/* core/base/err.h - what went wrong: one table makes the code, the text and the exit status.
 * Every fallible function returns dbk_rc and fills the caller's dbk_err; the first failure is
 * kept. No globals, no heap. A text is one line, never holds record content or a secret, and
 * never repeats what the caller knows already. */
#ifndef DBK_BASE_ERR_H
#define DBK_BASE_ERR_H

#include <stdint.h>

/* name, exit status of the command line (design.md section 11), plain words.
 * A code exists only if some caller acts differently on it. */
#define DBK_RC_TABLE(X)                                                             \
    X(DBK_OK, 0, "ok")                                                              \
    X(DBK_USAGE, 2, "the command was not understood")                               \
    X(DBK_INVALID, 3, "input rejected") /* the officer can correct it */            \
    X(DBK_NOT_FOUND, 4, "not found")                                                \
    X(DBK_CONFLICT, 5, "changed meanwhile") /* compare-and-swap lost, exists */     \
    X(DBK_DENIED, 6, "not allowed")         /* role, signed record, not enrolled */ \
    X(DBK_PASSPHRASE, 7, "wrong passphrase")                                        \
    X(DBK_FORMAT, 8, "malformed bytes") /* never repaired or guessed */             \
    X(DBK_AUTH, 9, "seal or signature does not verify")                             \
    X(DBK_DAMAGED, 10, "the store is damaged or was changed by something else")     \
    X(DBK_FULL, 11, "the disk is full")                                             \
    X(DBK_IO, 12, "the disk or file could not be used")                             \
    X(DBK_UNREACHABLE, 13, "the relay cannot be reached")                           \
    X(DBK_PEER, 14, "the relay's answer cannot be trusted")                         \
    X(DBK_LIMIT, 15, "over a stated limit")                                         \
    X(DBK_PENDING, 16, "not yet possible") /* key, approval or time to come */      \
    X(DBK_BUSY, 17, "the store is in use by another program")                       \
    X(DBK_VERSION, 18, "made by a newer version")                                   \
    X(DBK_NOMEM, 19, "out of memory")                                               \
    X(DBK_PROPOSED, 20, "a second administrator must agree")                        \
    X(DBK_SPLIT, 21, "two histories were signed") /* a person must look */

#define DBK_RC_ENUM(name, exit_status, text) name,
typedef enum dbk_rc { DBK_RC_TABLE(DBK_RC_ENUM) DBK_RC_COUNT } dbk_rc;
#undef DBK_RC_ENUM

#define DBK_ERR_TEXT_MAX 200u

/* { 0 } is ready to use. */
typedef struct dbk_err {
    dbk_rc rc;
    char text[DBK_ERR_TEXT_MAX];
} dbk_err;

#define DBK_MUST_CHECK __attribute__((warn_unused_result))
#define DBK_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

/* Records the failure unless err already holds one; returns rc. err may be NULL. */
dbk_rc dbk_fail(dbk_err *err, dbk_rc rc, const char *fmt, ...) DBK_PRINTF(3, 4);
/* Forgets a failure that the caller has dealt with. */
void dbk_err_clear(dbk_err *err);

const char *dbk_rc_name(dbk_rc rc); /* "DBK_INVALID" */
const char *dbk_rc_text(dbk_rc rc); /* "input rejected" */
int dbk_rc_exit_status(dbk_rc rc);

/* A broken program stops: never compiled out, never reached by bad input. */
#define DBK_ASSERT(cond) ((cond) ? (void)0 : dbk_assert_failed(#cond, __FILE__, __LINE__))
void dbk_assert_failed(const char *cond, const char *file, int line) __attribute__((noreturn));

#endif
