/* core/practice/clock_builtin.h - core/practice/clock.json, as the build puts it into the program:
 * one zero byte follows. */
#ifndef DBK_PRACTICE_CLOCK_BUILTIN_H
#define DBK_PRACTICE_CLOCK_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_clock[];
extern const size_t dbk_blob_clock_len;

#endif
