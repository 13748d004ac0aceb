/* tests/lib/cueworld.h - random organisations of two devices that write records with dates,
 * contacts and references at the same time, dispute, withdraw and clear them: what rules that go by
 * cues (decision 0045) are compared over. */
#ifndef DBK_TESTS_LIB_CUEWORLD_H
#define DBK_TESTS_LIB_CUEWORLD_H

#include "tests/lib/opkit.h"
#include "tests/lib/org.h"

#define CUEWORLD_RECORDS 140u

typedef struct cueworld {
    dbk_test_org org;
    dbk_id spaces[2];
    kit_random random;
    dbk_id records[CUEWORLD_RECORDS];
    size_t shape[CUEWORLD_RECORDS], count;
    int64_t now_ms;
} cueworld;

/* The same from the same seed. The caller drops its organisation. */
void cueworld_make(cueworld *w, uint64_t seed);
/* Of its dice. */
size_t cueworld_below(cueworld *w, size_t n);

#endif
