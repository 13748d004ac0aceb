/* core/practice/dispute.h - what stood in a group before: the last value that every author of the
 * standing ones had seen, and what a decision decided between.
 * Knows:  a record's ops (dbk_query_history), their preds and contexts.
 * Never:  deciding, writing, wording for people.
 * Only register groups, and the record's life, have a past of this kind. */
#ifndef DBK_PRACTICE_DISPUTE_H
#define DBK_PRACTICE_DISPUTE_H

#include "core/journal/query.h"

#define DBK_PAST_VALUES_MAX 4096u /* of one group that are looked at: beyond, DBK_LIMIT */

typedef struct dbk_past_value {
    dbk_dot dot;
    dbk_id device;
    dbk_hlc time; /* claimed */
    uint64_t receipt_ms;
    uint64_t kind; /* SET, LIFECYCLE or RESOLVE */
    dbk_span value, reason;
} dbk_past_value;

/* Every value that was ever written to the group of a record that is here. */
typedef struct dbk_past dbk_past;
DBK_MUST_CHECK dbk_rc dbk_past_load(dbk_past **out, dbk_book *book, const dbk_id *record,
                                    dbk_span group, dbk_err *err);
void dbk_past_free(dbk_past *past);

/* Borrowed until free; NULL: there is none.
 * The newest value, no longer standing, that the author of each standing one had seen. */
const dbk_past_value *dbk_past_common(const dbk_past *past, const dbk_state_group *group);
/* Of one dot. */
const dbk_past_value *dbk_past_of(const dbk_past *past, const dbk_dot *dot);
/* The decision that stands alone. */
const dbk_past_value *dbk_past_decision(const dbk_past *past, const dbk_state_group *group);
/* The i-th of the values that a decision took the place of, in the order of its dots. */
const dbk_past_value *dbk_past_replaced(const dbk_past *past, const dbk_past_value *decision,
                                        size_t i);

#endif
