/* core/journal/verify_internal.h - inside verify: what its files share. Not for others.
 * verify.c: the order of things. verify_chain.c: membership. verify_segments.c: feeds, seals,
 * the log. verify_records.c: merges replayed, rows compared.
 * What is found goes to the sink at once, and the check goes on: only what keeps it from reading
 * stops it. Memory: per feed and for one record, whatever the store holds. */
#ifndef DBK_JOURNAL_VERIFY_INTERNAL_H
#define DBK_JOURNAL_VERIFY_INTERNAL_H

#include "core/journal/book_internal.h"
#include "core/journal/snapshot.h"
#include "core/journal/verify.h"
#include "core/store/segments.h"

#define DBK_VERIFY_PLAIN_BYTES_MAX (64u * 1024u)

/* A feed, as its segments say. */
typedef struct dbk_verify_feed {
    uint64_t last_seq, merged_seq;
    dbk_hash head, merged_head;
    bool pending; /* one of its segments waits: then no later one may be merged */
    /* First op of a segment whose own signature doesn't hold, and that no later one whose does has
     * vouched for by its chain of hashes yet; 0: there is none. */
    uint64_t unsigned_seq;
} dbk_verify_feed;

typedef struct dbk_verifier {
    dbk_book *book; /* borrowed */
    const dbk_verify_sink *sink;
    size_t faults;
    uint64_t done, total; /* segments and records */
    const dbk_book_space *space;
    size_t faults_before;   /* when this space was begun */
    dbk_verify_feed *feeds; /* by place in book->tables.feeds */
    dbk_verified result;    /* of this space */
    dbk_snapshot_begun begun;
    uint64_t op_rows; /* that must be there, as the segments say */
    dbk_frontier log;
    bool log_broken;
    bool lacks; /* something is absent, and said to be */
    dbk_bytes plain;
} dbk_verifier;

/* Tells one fault: one sentence without a name and without content. Returns what the sink says. */
DBK_MUST_CHECK dbk_rc dbk_verify_fault(dbk_verifier *v, dbk_err *err, const char *fmt, ...)
    DBK_PRINTF(3, 4);
void dbk_verify_step(dbk_verifier *v);
/* A failure to read that is damage becomes a fault; others are returned. */
DBK_MUST_CHECK dbk_rc dbk_verify_damage(dbk_verifier *v, dbk_rc rc, const dbk_err *cause,
                                        dbk_err *err);

dbk_verify_feed *dbk_verify_feed_of(const dbk_verifier *v, const dbk_book_feed *feed);
DBK_MUST_CHECK dbk_rc dbk_verify_chain(dbk_verifier *v, dbk_err *err);
/* Of v->space. */
DBK_MUST_CHECK dbk_rc dbk_verify_segments(dbk_verifier *v, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_verify_log(dbk_verifier *v, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_verify_records(dbk_verifier *v, dbk_err *err);

#endif
