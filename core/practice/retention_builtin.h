/* core/practice/retention_builtin.h - core/practice/retention.json, as the build puts it into the
 * program: one zero byte follows. */
#ifndef DBK_PRACTICE_RETENTION_BUILTIN_H
#define DBK_PRACTICE_RETENTION_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_retention[];
extern const size_t dbk_blob_retention_len;

#endif
