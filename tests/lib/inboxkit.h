/* tests/lib/inboxkit.h - a desk, two officers and an auditor, a log that the test commands, and a
 * look at everything that a failing call must leave alone. Failures stop the test. */
#ifndef DBK_TESTS_LIB_INBOXKIT_H
#define DBK_TESTS_LIB_INBOXKIT_H

#include "tests/lib/minilog.h"
#include "tests/lib/org.h"

#define KIT_NOON_MS (DBK_TEST_START_MS + 3600000u)
#define KIT_NOON ((dbk_hlc)(KIT_NOON_MS << 16))

enum { HQ, ANNE, BEN, AUDITOR };

typedef struct world {
    dbk_test_org org;
    minilog log;
    dbk_id joan; /* a person, added by Anne, pushed to nobody yet */
} world;
void world_make(world *w);
void world_drop(world *w);
dbk_book *world_book(world *w, size_t who);
/* Of Joan, "field=value". */
void world_edit(world *w, size_t who, const char *field);
dbk_rc world_pull(world *w, size_t who, uint64_t from, uint32_t count, dbk_inbox_stats *stats,
                  dbk_err *err);
dbk_rc world_carry(world *w, size_t who, const minilog_item *item, dbk_inbox_stats *stats,
                   dbk_err *err);
/* What `status` says of the first space; the reason lasts until the next call, "" if none. */
dbk_space_status world_status(world *w, size_t who);

/* No statement that writes was even begun, but what keeps evidence of a relay that contradicts
 * itself; the position and the clock are as they were. */
typedef struct before {
    int64_t writes;
    uint64_t evidence;
    dbk_position at;
    dbk_hlc clock;
} before;
before world_look(world *w, size_t who);
bool world_untouched(world *w, size_t who, const before *b);
/* A pull of HQ's that must be refused with this code and a text that says so, changing nothing. */
void world_refuse(world *w, uint32_t count, dbk_rc want, const char *text, const char *why);

#endif
