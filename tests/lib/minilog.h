/* tests/lib/minilog.h - a relay's log of one space without the relay: it appends whatever it is
 * given, signs receipts and checkpoints, and makes proofs. It checks nothing, so that a test can
 * put into it what no honest relay would take. Failures stop the test. */
#ifndef DBK_TESTS_LIB_MINILOG_H
#define DBK_TESTS_LIB_MINILOG_H

#include "core/crypto/checkpoint.h"
#include "core/journal/inbox.h"
#include "core/journal/outbox.h"

typedef struct minilog_item {
    uint64_t receipt_ms;
    dbk_hash header_hash;
    uint8_t *header, *body; /* body NULL: handed out without one */
    size_t header_len, body_len;
    bool kept; /* the body is a kept one */
} minilog_item;

typedef struct minilog {
    dbk_id org, space, log;
    const dbk_secret *relay; /* borrowed */
    minilog_item *items;
    size_t count, cap;
    dbk_hash *nodes[DBK_TREE_LEVELS_MAX]; /* perfect subtrees by level and index */
    size_t nodes_count[DBK_TREE_LEVELS_MAX], nodes_cap[DBK_TREE_LEVELS_MAX];
    dbk_frontier frontier;
} minilog;

void minilog_init(minilog *log, const dbk_id *org, const dbk_id *space, const dbk_secret *relay);
void minilog_wipe(minilog *log);
void minilog_clear(minilog *log); /* an empty log of the same name */

/* Appends copies; returns the index. The header may be anything that hashes. */
uint64_t minilog_append(minilog *log, dbk_span header, dbk_span body, uint64_t receipt_ms);
dbk_sealed minilog_sealed(const minilog_item *item); /* borrowed */
/* The same tree over what the items hold now, after a test has changed some of them. */
void minilog_rebuild(minilog *log);
dbk_hash minilog_root(const minilog *log, uint64_t size);
/* A signed note over the first size entries; the caller wipes it. */
void minilog_checkpoint(const minilog *log, dbk_bytes *note, uint64_t size);
void minilog_proof(const minilog *log, dbk_proof *out, uint64_t old_size, uint64_t new_size);
void minilog_receipt(const minilog *log, dbk_receipted *out, uint64_t index);

/* A run with all that it borrows. own: entries of this feed are handed out without their bodies;
 * NULL: with. */
typedef struct minilog_run {
    dbk_run run;
    const minilog *log;
    dbk_id own;
    uint64_t at, end;
    dbk_bytes note;
    dbk_proof proof;
} minilog_run;
void minilog_run_init(minilog_run *r, const minilog *log, uint64_t from, uint32_t count,
                      const dbk_id *own);
void minilog_run_wipe(minilog_run *r);
/* What a sync does. push: appends what the log lacks of the book's own feed, received at
 * receipt_ms, and hands the receipts back; returns how many segments. */
size_t minilog_append_own(minilog *log, dbk_book *book, uint64_t receipt_ms); /* no receipts */
size_t minilog_push(minilog *log, dbk_book *book, uint64_t receipt_ms);
/* Pulls all that the book lacks, run_count entries at a time; sums up the stats. */
void minilog_pull(const minilog *log, dbk_book *book, uint32_t run_count, dbk_inbox_stats *stats);
/* Where the book stands in this log's space. */
dbk_position minilog_position(const minilog *log, dbk_book *book);

#endif
