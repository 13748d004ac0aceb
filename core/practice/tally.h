/* core/practice/tally.h - what a record's counters say, less what was counted by mistake.
 * Knows:  counters that only grow, and the log `corrections`, each of whose entries says that one
 *         of a counter was too many: nothing that was counted is ever taken away.
 * Never:  writing, wording. */
#ifndef DBK_PRACTICE_TALLY_H
#define DBK_PRACTICE_TALLY_H

#include "core/practice/reading.h"

#define DBK_TALLY_CORRECTIONS "corrections"

/* Whether the field counts. */
bool dbk_tally_counts(const dbk_form *form, const dbk_field *field);
/* 0 when nothing was counted, and when more was taken back than counted. */
DBK_MUST_CHECK dbk_rc dbk_tally_read(dbk_reading *r, uint64_t *out, const char *counter,
                                     dbk_err *err);

#endif
