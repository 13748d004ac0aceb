/* core/journal/reach.h - how far devices have a space's log (decision 0041): this device's own word
 * for the relay, and for headquarters the words of all, held against the log as it is here. */
#ifndef DBK_JOURNAL_REACH_H
#define DBK_JOURNAL_REACH_H

#include "core/crypto/reach.h"
#include "core/journal/book.h"

/* This device's word about a space as it stands here. DBK_NOT_FOUND: there is nothing to be said:
 * it may not read there, nothing of the log is here, or not all that its position says (a store
 * that was put back fetches it first). */
DBK_MUST_CHECK dbk_rc dbk_reach_word(dbk_book *book, uint8_t out[DBK_REACH_BYTES],
                                     const dbk_id *space, dbk_err *err);

/* How far one has it. */
typedef struct dbk_reached {
    dbk_id device;
    uint64_t size;    /* of the log; 0: it has said nothing of the log that is in force */
    uint64_t time_ms; /* when, by its clock */
    bool whole;       /* with each note itself, not only what it left in the records */
    uint64_t here;    /* how much of it this device has */
    bool ahead;       /* more than is here: nothing of that could be held against this log */
} dbk_reached;
typedef dbk_rc (*dbk_reached_fn)(void *ctx, const dbk_reached *reached, dbk_err *err);
/* The words that a relay keeps, ascending by device; then calls fn for each device that is in the
 * space now, its time not over, and reads it, in the order of enrolment, whether it has said
 * something or not. DBK_PEER: a word that its device did not sign, or about another history than
 * this device holds: the relay made it up, or shows different people different logs. DBK_NOT_FOUND:
 * no such space. */
DBK_MUST_CHECK dbk_rc dbk_reach_read(dbk_book *book, const dbk_id *space, dbk_span words,
                                     dbk_reached_fn fn, void *ctx, dbk_err *err);

#endif
