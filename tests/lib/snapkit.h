/* tests/lib/snapkit.h - a desk, two officers, a second desk and a device that has nothing yet; a
 * log that the test commands; snapshots of it, held in memory. Failures stop the test. */
#ifndef DBK_TESTS_LIB_SNAPKIT_H
#define DBK_TESTS_LIB_SNAPKIT_H

#include "core/journal/snapshot.h"
#include "tests/lib/inboxkit.h"

enum { SNAP_ALSO = 3, SNAP_NEW, SNAP_SECOND, SNAP_BOOKS }; /* behind HQ, ANNE, BEN */

typedef struct snapkit {
    world w;
    dbk_bytes manifest;
    dbk_bytes chunks[256];
    uint32_t chunks_count;
    uint8_t word[DBK_CONFIRMATION_BYTES];
    uint32_t given; /* chunks that were asked for */
} snapkit;
void snapkit_make(snapkit *k);
void snapkit_drop(snapkit *k);
/* For cmocka: the same. The second checks every book deeply. */
int snapkit_setup(void **state);
int snapkit_teardown(void **state);
dbk_book *snapkit_book(snapkit *k, size_t who);
/* who writes what the log lacks of theirs into it; who pulls. */
void snapkit_push(snapkit *k, size_t who);
void snapkit_pull(snapkit *k, size_t who);

dbk_rc snapkit_try_make(snapkit *k, size_t who, dbk_err *err);
dbk_rc snapkit_try_confirm(snapkit *k, size_t who, dbk_err *err);
void snapkit_snap(snapkit *k); /* by HQ, confirmed by the second */
dbk_rc snapkit_try_take(snapkit *k, size_t who, dbk_err *err);
dbk_snapshot_in snapkit_in(snapkit *k); /* what that hands over; borrowed */
void snapkit_take(snapkit *k, size_t who);

/* Joan's record, edited by both officers without knowing of each other: pushed, and with the desks.
 */
void snapkit_spread(snapkit *k);
/* All that is in the log, by a folder: to one who holds it, but for bodies. */
void snapkit_carry_all(snapkit *k, size_t who);
/* Both are whole, and hold the same. */
void snapkit_same(snapkit *k, size_t a, size_t b);
void snapkit_sql(dbk_book *book, const char *text); /* behind the program's back */

#endif
