/* core/model/language.h - languages by their codes. Pure. */
#ifndef DBK_MODEL_LANGUAGE_H
#define DBK_MODEL_LANGUAGE_H

#include <stdbool.h>

#define DBK_LANGUAGE_SIZE 64u

/* The English name of an ISO 639 code: "ur" and "urd" are "Urdu". false: no such language. */
bool dbk_language_of_code(char out[DBK_LANGUAGE_SIZE], const char *code);

#endif
