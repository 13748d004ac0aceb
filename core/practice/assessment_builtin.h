/* core/practice/assessment_builtin.h - core/practice/assessment_tools.json, as the build puts it
 * into the program: one zero byte follows. */
#ifndef DBK_PRACTICE_ASSESSMENT_BUILTIN_H
#define DBK_PRACTICE_ASSESSMENT_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_assessment_tools[];
extern const size_t dbk_blob_assessment_tools_len;

#endif
