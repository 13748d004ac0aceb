/* tests/lib/trio.h - a desk of headquarters and two officers, and a relay that is only a list
 * (minilog). Failures stop the test. */
#ifndef DBK_TESTS_LIB_TRIO_H
#define DBK_TESTS_LIB_TRIO_H

#include "core/journal/inbox.h"
#include "tests/lib/env.h"
#include "tests/lib/minilog.h"
#include "tests/lib/org.h"

#define NOON_MS (DBK_TEST_START_MS + 3600000u)

enum { HQ, ANNE, BEN };

typedef struct trio {
    dbk_test_org org;
    minilog log;
} trio;
void trio_make(trio *t);
void trio_drop(trio *t);
dbk_book *trio_book(trio *t, size_t who);
/* One sync: out, then in. */
dbk_inbox_stats trio_sync(trio *t, size_t who);
void trio_sync_all(trio *t);
/* Everybody holds the same, and it verifies from the stored bytes up. */
void trio_assert_converged(trio *t);

#endif
