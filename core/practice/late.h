/* core/practice/late.h - was an entry written long after what it is about (FL-11)?
 * A log is worth what it was worth when it was written: what came later is shown as later. */
#ifndef DBK_PRACTICE_LATE_H
#define DBK_PRACTICE_LATE_H

#include "core/journal/query.h"

/* Of a record: the hours between, 0 if it isn't late (dbk_form_is_late). */
DBK_MUST_CHECK dbk_rc dbk_late_hours(uint64_t *hours, const dbk_note *note, dbk_err *err);

#endif
