/* tests/lib/quick/quick_curve.h - what libsodium has worked out on its curve once: signatures that
 * are good, keys that are valid, the secret of two keys. Every device looks at the same bytes, at
 * each opening of its store and when it is verified from its bytes up; together that was a third of
 * what tests take. The answer for bytes that are the same to the last bit, key included, is the
 * same: so it is kept. What has a single other bit is looked at as ever. */
#ifndef DBK_TESTS_LIB_QUICK_CURVE_H
#define DBK_TESTS_LIB_QUICK_CURVE_H

#include <stdbool.h>

/* From now on nothing is kept nor believed: so a seed lives the second time. */
void quick_curve_forget(void);

#endif
