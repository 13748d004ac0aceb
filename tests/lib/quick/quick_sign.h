/* tests/lib/quick/quick_sign.h - signatures and keys that libsodium has looked at once. Every
 * device looks at the same bytes, at each opening of its store and when it is verified from its
 * bytes up; together that was a third of a seed's time. The answer for bytes that are the same to
 * the last bit, key included, is the same: so it is kept. What has a single other bit is looked at
 * as ever. */
#ifndef DBK_TESTS_LIB_QUICK_SIGN_H
#define DBK_TESTS_LIB_QUICK_SIGN_H

#include <stdbool.h>

/* From now on nothing is kept nor believed: so a seed lives the second time. */
void quick_sign_forget(void);

#endif
