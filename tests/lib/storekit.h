/* tests/lib/storekit.h - an empty store under a known key, in a folder of its own; and the same
 * with one space and one feed in it, for what hangs on rows. */
#ifndef DBK_TESTS_LIB_STOREKIT_H
#define DBK_TESTS_LIB_STOREKIT_H

#include "core/base/id.h"
#include "core/crypto/hash.h"
#include "core/store/store.h"
#include "tests/lib/env.h"

typedef struct storekit {
    char dir[DBK_TEST_PATH_SIZE];
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_secret *key;
    dbk_store *store;
    dbk_rowid space, feed; /* by storekit_open_feed */
} storekit;

/* cmocka's set-up and tear-down of a test: *state is the kit. */
int storekit_open(void **state);
int storekit_open_feed(void **state);
int storekit_close(void **state);

/* The caller's own, to free. */
dbk_secret *storekit_key(uint8_t fill);
/* Closes the store, if it is open, and opens it again. */
void storekit_reopen(storekit *k);

/* Rows and names of one byte repeated. */
dbk_id storekit_id(uint8_t fill);
dbk_hash storekit_hash(uint8_t fill);
dbk_rowid storekit_add_space(storekit *k, uint8_t fill);
dbk_rowid storekit_add_feed(storekit *k, dbk_rowid space, uint8_t fill);

#endif
