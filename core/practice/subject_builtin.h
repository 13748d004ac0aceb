/* core/practice/subject_builtin.h - core/practice/subject.json, as the build puts it into the
 * program: one zero byte follows. */
#ifndef DBK_PRACTICE_SUBJECT_BUILTIN_H
#define DBK_PRACTICE_SUBJECT_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_subject[];
extern const size_t dbk_blob_subject_len;

#endif
