/* core/model/form_builtin.h - the forms that every program carries, as their JSON text.
 * Knows:     nothing; the table is written by the build from core/forms/ (core/CMakeLists.txt).
 * Invariant: rows are in the order of their file names; the row with name == NULL is the last. */
#ifndef DBK_MODEL_FORM_BUILTIN_H
#define DBK_MODEL_FORM_BUILTIN_H

#include <stddef.h>

typedef struct dbk_form_builtin {
    const char *name;          /* the file's name without .json */
    const unsigned char *data; /* JSON text; data[len] is a zero byte */
    size_t len;
} dbk_form_builtin;

extern const dbk_form_builtin dbk_forms_builtin[];

#endif
