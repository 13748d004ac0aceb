/* core/practice/routing_builtin.h - core/practice/routing.json, as the build puts it into the
 * program: one zero byte follows. */
#ifndef DBK_PRACTICE_ROUTING_BUILTIN_H
#define DBK_PRACTICE_ROUTING_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_routing[];
extern const size_t dbk_blob_routing_len;

#endif
