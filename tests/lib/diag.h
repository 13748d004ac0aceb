/* tests/lib/diag.h - CBOR written as text, close to the diagnostic notation of RFC 8949 section 8,
 * so that a test can show the bytes that it means, also wrong ones: nothing is sorted.
 *   12  -3  "text"  h'00ff'  [1, 2]  {1: 2}  true  false  null   and  @a for kit_id('a') */
#ifndef DBK_TESTS_LIB_DIAG_H
#define DBK_TESTS_LIB_DIAG_H

#include "core/base/bytes.h"

/* Appends the items of the text; stops the test if it can't be read. */
void kit_cbor(dbk_bytes *out, const char *text);

#endif
