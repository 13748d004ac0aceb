/* core/practice/late.h - was an entry written long after what it is about (FL-11)?
 * A log is worth what it was worth when it was written: what came later is shown as later. */
#ifndef DBK_PRACTICE_LATE_H
#define DBK_PRACTICE_LATE_H

#include "core/journal/query.h"

#define DBK_LATE_MS (24 * 60 * 60 * 1000LL)

/* Of forms that are signed and dated to the minute. when_ms: what the entry says; begun_ms: when
 * its first words were saved, by its device's clock. */
bool dbk_late(const dbk_form *form, int64_t when_ms, uint64_t begun_ms);
/* Of a record: the hours between, 0 if it isn't late. */
DBK_MUST_CHECK dbk_rc dbk_late_hours(uint64_t *hours, const dbk_note *note, dbk_err *err);

#endif
