/* core/practice/asking.h - what a record still has to be asked for, field by field in the form's
 * order, and what need not be asked because a record that it refers to answers it.
 * Never:  wording, reading a keyboard, writing. */
#ifndef DBK_PRACTICE_ASKING_H
#define DBK_PRACTICE_ASKING_H

#include "core/model/problem.h"
#include "core/practice/reading.h"

/* The first field after `after` (NULL: of all) that is blank and wanted now; NULL: there is none.
 * Wanted: needed for signing or warned about, or it has its place only beside an answer that is
 * there. So nobody is asked for persons where nothing went past advice. */
DBK_MUST_CHECK dbk_rc dbk_asking_next(const dbk_field **out, const dbk_note *note,
                                      const dbk_field *after, dbk_err *err);
/* Appends, as JSON, what a record that this one refers to says under the field's name: an
 * intervention's airport is its flight's. Nothing appended: no such answer is here. */
DBK_MUST_CHECK dbk_rc dbk_asking_known(dbk_bytes *json, dbk_book *book, const dbk_note *note,
                                       const dbk_field *field, dbk_err *err);
/* All that stands against signing, and all that is only warned about, at once. */
DBK_MUST_CHECK dbk_rc dbk_asking_missing(dbk_problems *problems, const dbk_note *note,
                                         dbk_err *err);

#endif
