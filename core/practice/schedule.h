/* core/practice/schedule.h - the schedules of unused material (CPIA 1996): the items of a case that
 * lie in one space, non-sensitive (MG6C) and sensitive (MG6D); and what is judged of an item before
 * it is saved (domain.md 2.7).
 * Knows:  form disclosure_item; whether headquarters wrote a number.
 * Never:  wording, deciding what is sensitive or disclosed: that is for a person.
 * Each schedule counts its own items from 1, each space by itself, so that no number tells of what
 * stands elsewhere (decision 0030). A number is headquarters', given once; what was withdrawn, or
 * has become sensitive, keeps its line without its words. What nobody has considered is on none. */
#ifndef DBK_PRACTICE_SCHEDULE_H
#define DBK_PRACTICE_SCHEDULE_H

#include "core/journal/journal.h"
#include "core/practice/reading.h"

#define DBK_ITEM_FORM "disclosure_item"

typedef enum dbk_schedule_kind { DBK_MG6C, DBK_MG6D } dbk_schedule_kind;

typedef enum dbk_item_state {
    DBK_ITEM_LISTED,
    DBK_ITEM_WITHDRAWN, /* from this schedule: its record is, or it belongs on the other */
    DBK_ITEM_MISSING    /* the number was given, and its record isn't here */
} dbk_item_state;
typedef struct dbk_schedule_line {
    dbk_id record;   /* zero: DBK_ITEM_MISSING */
    uint64_t number; /* 0: headquarters has given none yet */
    dbk_item_state state;
    int64_t when_ms;
} dbk_schedule_line;
typedef struct dbk_schedule {
    dbk_schedule_line *lines; /* by number, then those without */
    size_t count;
    uint64_t listed, unnumbered, missing;
    uint64_t unconsidered; /* items of which nobody has said whether they are sensitive */
} dbk_schedule;
/* The caller wipes it, whatever comes back. DBK_CONFLICT: two items have one number. */
DBK_MUST_CHECK dbk_rc dbk_schedule_make(dbk_schedule *out, dbk_book *book, dbk_schedule_kind kind,
                                        const dbk_id *case_id, const dbk_id *space, dbk_err *err);
void dbk_schedule_wipe(dbk_schedule *s);

/* Gives every item of both schedules that has none the next number, in the order in which they
 * were listed. DBK_DENIED: this device isn't headquarters' in that space. */
DBK_MUST_CHECK dbk_rc dbk_schedule_number(dbk_book *book, uint64_t *given, const dbk_id *case_id,
                                          const dbk_id *space, dbk_err *err);

/* Records of the case in that space that are relevant, or that nobody has reviewed, and that are
 * no item. */
typedef struct dbk_unlisted {
    uint64_t relevant, to_review;
} dbk_unlisted;
DBK_MUST_CHECK dbk_rc dbk_schedule_unlisted(dbk_unlisted *out, dbk_book *book,
                                            const dbk_id *case_id, const dbk_id *space,
                                            dbk_err *err);

/* A dbk_practice_fn; other forms pass. Refused: a number that another item has, another number for
 * an item that has one of its own, another case for a numbered item. Warned of: a reason for being
 * sensitive that another item has in the same words (each is considered by itself). */
DBK_MUST_CHECK dbk_rc dbk_schedule_judge(dbk_problems *problems, const dbk_intent *proposed,
                                         dbk_err *err);

#endif
