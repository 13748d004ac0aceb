/* core/practice/wording.h - have two texts the same words? Spaces, line ends and the case of ASCII
 * letters don't count. Pure. */
#ifndef DBK_PRACTICE_WORDING_H
#define DBK_PRACTICE_WORDING_H

#include "core/base/bytes.h"

bool dbk_wording_same(dbk_span a, dbk_span b);

#endif
