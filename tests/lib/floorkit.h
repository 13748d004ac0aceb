/* tests/lib/floorkit.h - a relay with two administrators, a desk of headquarters and an officer, of
 * whose log everybody says how far they have it, and which gets snapshots and a floor (decision
 * 0041). Fails the test itself. */
#ifndef DBK_TESTS_LIB_FLOORKIT_H
#define DBK_TESTS_LIB_FLOORKIT_H

#include "tests/lib/relaykit.h"

#define FLOORKIT_SEGMENTS_MAX 160u
#define FLOORKIT_OPS 3u /* of each segment */

typedef struct floorkit {
    relaykit kit; /* its admin is the first administrator, who reads the space */
    relaykit_device second, hq, officer;
    dbk_id space;
    relaykit_feed feed; /* the officer's */
    relaykit_segment s[FLOORKIT_SEGMENTS_MAX];
    dbk_checkpoint points[FLOORKIT_SEGMENTS_MAX + 1]; /* of the log at each size */
    size_t size;
    dbk_bytes note; /* the relay's newest checkpoint */
    dbk_bytes entry;
} floorkit;

/* For cmocka: the organisation, and a log of `size` segments. The second checks the log deeply. */
int floorkit_setup(void **state);
int floorkit_teardown(void **state);
void floorkit_grow(floorkit *f, size_t count); /* by the officer, one exchange for each */

/* Of the log as it is: by hq, and confirmed by the second administrator. */
void floorkit_snapshot(floorkit *f);
void floorkit_confirm(floorkit *f);
/* A device's word that it has so much of the log. */
typedef struct floorkit_word {
    uint64_t size;
    bool whole;
} floorkit_word;
void floorkit_say(floorkit *f, relaykit_device *d, const floorkit_word *word);
/* Everybody but `but` (or NULL) has the whole log, and says so. */
void floorkit_say_all(floorkit *f, const relaykit_device *but);

/* An entry that puts the floor there, by the first administrator and `second` (NULL: nobody). */
dbk_span floorkit_entry(floorkit *f, uint64_t size, const relaykit_device *second);
/* By both, posted; the status. */
int floorkit_floor(floorkit *f, uint64_t size);

#endif
