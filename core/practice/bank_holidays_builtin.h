/* core/practice/bank_holidays_builtin.h - core/practice/bank_holidays.json, as the build puts it
 * into the program: one zero byte follows. */
#ifndef DBK_PRACTICE_BANK_HOLIDAYS_BUILTIN_H
#define DBK_PRACTICE_BANK_HOLIDAYS_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_bank_holidays[];
extern const size_t dbk_blob_bank_holidays_len;

#endif
