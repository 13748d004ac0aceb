/* core/practice/priority_builtin.h - core/practice/priority.json, as the build puts it into the
 * program: one zero byte follows. */
#ifndef DBK_PRACTICE_PRIORITY_BUILTIN_H
#define DBK_PRACTICE_PRIORITY_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_priority[];
extern const size_t dbk_blob_priority_len;

#endif
