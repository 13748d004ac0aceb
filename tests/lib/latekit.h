/* tests/lib/latekit.h - an officer who was taken out and wrote on, two supervisors who decide, and
 * others who look on; a log that the test commands. Failures stop the test. */
#ifndef DBK_TESTS_LIB_LATEKIT_H
#define DBK_TESTS_LIB_LATEKIT_H

#include "core/journal/quarantine.h"
#include "tests/lib/minilog.h"
#include "tests/lib/org.h"
#include "tests/lib/proof.h"

enum { LATE_HQ, LATE_BEN, LATE_SUP, LATE_SUP2, LATE_ANNE, LATE_BOOKS };
#define LATE_NOON_MS (DBK_TEST_START_MS + 3600000u)

typedef struct late {
    dbk_test_org org;
    minilog log;
    dbk_bytes revoked[2]; /* entries that took somebody out; the test hands them round */
    size_t revoked_count;
} late;
/* Ben has written `in_time` notes, which are in the log and at headquarters. */
void late_make(late *l, size_t in_time);
void late_drop(late *l);
dbk_book *late_book(late *l, size_t who);
/* HQ pulls, and takes who out; only HQ and `told` (a bit for each book) hear of it. */
void late_revoke(late *l, size_t who, unsigned told);
void late_tell(late *l, size_t who); /* everything that was revoked */
/* One note by who: returns its segment's place in `items` of the log, if it is logged. */
dbk_id late_write(late *l, size_t who, const char *name);
void late_log(late *l, size_t who); /* what the log lacks of who's */
void late_pull(late *l, size_t who);
void late_pull_all(late *l); /* everybody but Ben, who is out */
/* The segment of an item of the log, by a folder. */
dbk_rc late_carry(late *l, size_t who, const minilog_item *item);

/* The n-th that stands aside at who's, in the order in which they came. */
typedef struct late_aside {
    dbk_aside row; /* its texts are copied below */
    char why[128], summary[128], form[64];
} late_aside;
size_t late_asides(late *l, size_t who);
late_aside late_aside_at(late *l, size_t who, size_t n);
dbk_rc late_try(late *l, size_t who, const dbk_id *id, bool admit);
void late_decide(late *l, size_t who, const dbk_id *id, bool admit); /* must succeed */
/* The id under which the log's item is decided about. */
dbk_id late_id(late *l, size_t item);
/* A decision about it as an ordinary note, by whomever, without the command's checks. */
void late_write_decision(late *l, size_t who, size_t item, const char *verdict);
/* All who are still in, but those of `without` (a bit for each book), hold the same records, proved
 * from the bytes up. */
proof late_all_equal(late *l);
proof late_equal_without(late *l, unsigned without);

#endif
