/* core/journal/audit.h - who collected, altered, looked at, gave out, combined, erased what (DPA
 * 2018 section 62; domain.md 2.6, 3.11).
 * That a record was begun, changed, put together with another or taken out of use is told by its
 * own ops, which are signed and chained: it is derived from them, and not written a second time. So
 * is that a person decided between two values.
 * Looking and giving out leave no op, nor does what happens to a device: they are written here, as
 * log entries in a record of the form `audit` in the space of what was looked at, one record or few
 * for each device and hour, so that writing one entry stays cheap and no record outgrows its
 * limits. Like every op they are on the disk before the call returns, chained, signed, synced,
 * merged, proved; and whoever doesn't hold the space doesn't hold them. Entries name records and
 * never say what is in them. Lists, searches and counts leave these records out unless the form is
 * asked for by name. */
#ifndef DBK_JOURNAL_AUDIT_H
#define DBK_JOURNAL_AUDIT_H

#include "core/journal/query.h"

struct dbk_batch;

#define DBK_AUDIT_RECORDS_MAX 1000u /* named in one entry */

#define DBK_AUDIT_OP_TABLE(X)                                                                \
    X(COLLECTION, "collection") /* a record was begun */                                     \
    X(ALTERATION, "alteration")                                                              \
    X(CONSULTATION, "consultation")           /* looked at */                                \
    X(DISCLOSURE, "disclosure")               /* came out in clear: exports */               \
    X(COMBINATION, "combination")             /* persons were linked */                      \
    X(ERASURE, "erasure")                     /* taken out of use, or disposed of */         \
    X(CONFLICT_RESOLVED, "conflict_resolved") /* a person chose between values */            \
    X(LOGIN, "login")                         /* the rest is of a device: device_log.h */    \
    X(FAILED_UNLOCK, "failed_unlock")                                                        \
    X(KEY, "key")                                                                            \
    X(IMPORT, "import") /* a file was taken in; its records are collected, each by itself */ \
    X(WIPE, "wipe")                                                                          \
    X(BREAK_GLASS, "break_glass")
#define DBK_AUDIT_OP_ENUM(name, text) DBK_AUDIT_##name,
typedef enum dbk_audit_op { DBK_AUDIT_OP_TABLE(DBK_AUDIT_OP_ENUM) DBK_AUDIT_OPS } dbk_audit_op;
#undef DBK_AUDIT_OP_ENUM
const char *dbk_audit_op_name(dbk_audit_op op);

/* Writing one entry: one durable transaction. DBK_INVALID: a restricted space was looked into, and
 * no reason, which is wanted there and nowhere else (DUAA 2025 s82). */
typedef struct dbk_audit_entry {
    dbk_audit_op op; /* that leaves no op of its own: a look, an erasure by order, or of a device */
    dbk_id space;
    const char *what;      /* a word or two: "show", "safe contact read" */
    const dbk_id *records; /* those that are named, at most DBK_AUDIT_RECORDS_MAX; or none */
    size_t records_count;
    uint64_t count;        /* how many records it was */
    const char *recipient; /* or NULL */
    const char *reason;    /* or NULL */
    const char *order;     /* of an erasure: by which order of the chain; else NULL */
} dbk_audit_entry;
DBK_MUST_CHECK dbk_rc dbk_audit_log(dbk_book *book, const dbk_audit_entry *entry, dbk_err *err);
/* Among what a batch has taken: it is durable with that when the batch is flushed, or neither is.
 * One entry between two flushes. */
DBK_MUST_CHECK dbk_rc dbk_audit_log_batch(struct dbk_batch *batch, const dbk_audit_entry *entry,
                                          dbk_err *err);

/* Does the op do nothing but add entries to the log of use of that device in that space? All that
 * an auditor may (decision 0029). A record of the log has its id by device and hour, so that no
 * other record can be made into one by an op that calls it so. */
bool dbk_audit_is_entry(const dbk_op *op, const dbk_id *space, const dbk_id *device);

/* Where a row stands among all: by claimed time, then by the op that it comes of, then by what that
 * did. The same on every replica. */
typedef struct dbk_audit_place {
    dbk_hlc time;
    dbk_dot dot;
    dbk_audit_op op;
} dbk_audit_place;
/* Reading. Spans are borrowed for the callback. */
typedef struct dbk_audit_row {
    dbk_audit_op op;
    dbk_audit_place place;
    dbk_id space, device;
    int64_t at_ms;       /* claimed */
    uint64_t receipt_ms; /* 0: no receipt yet */
    dbk_span what;       /* text, not terminal-safe; so are the next two */
    dbk_span recipient, reason;
    dbk_span order;   /* of an erasure by order; or empty */
    dbk_span records; /* CBOR: an array of ids; empty: none is named */
    uint64_t count;
} dbk_audit_row;
typedef dbk_rc (*dbk_audit_fn)(void *ctx, const dbk_audit_row *row, dbk_err *err);
typedef struct dbk_audit_opts {
    const dbk_id *record;   /* only rows that name it; NULL: all */
    int64_t from_ms, to_ms; /* on at_ms: from <= at < to */
    uint32_t ops;           /* a bit for each dbk_audit_op that is wanted; 0: all */
    /* NULL: all. With the ctx of fn. */
    bool (*wants)(void *ctx, const dbk_audit_row *row);
    /* 0: all of them, in no order. Else the newest, so many at most, the newest first; no more is
     * read than it takes. */
    uint64_t limit;
    const dbk_audit_place *before; /* with a limit: only those that are older; or NULL */
} dbk_audit_opts;
#define DBK_AUDIT_LIMIT_MAX 10000u
DBK_MUST_CHECK dbk_rc dbk_audit_each(dbk_book *book, const dbk_audit_opts *opts, dbk_audit_fn fn,
                                     void *ctx, dbk_err *err);

#endif
