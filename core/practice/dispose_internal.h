/* core/practice/dispose_internal.h - what dispose.c and dispose_carry.c share. */
#ifndef DBK_PRACTICE_DISPOSE_INTERNAL_H
#define DBK_PRACTICE_DISPOSE_INTERNAL_H

#include "core/practice/dispose.h"

/* Those of them that are cases and persons, in place. */
DBK_MUST_CHECK dbk_rc dbk_dispose_subjects(dbk_book *book, dbk_id *ids, size_t *count,
                                           dbk_err *err);

#endif
