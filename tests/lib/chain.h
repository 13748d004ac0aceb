/* tests/lib/chain.h - membership chains for tests: devices with real keys, entries that are right
 * until a test changes one thing. Time and randomness come from a fixed stream, so the same test
 * makes the same bytes everywhere. Failures in here fail the test. */
#ifndef DBK_TESTS_LIB_CHAIN_H
#define DBK_TESTS_LIB_CHAIN_H

#include "core/base/env.h"
#include "core/crypto/roster.h"

#define CHAIN_ITEMS_MAX 600u
#define CHAIN_LABEL_BYTES 120u /* of a sealed label of the smallest size */

/* BLAKE2b of (seed, counter): not random at all, and equal on every machine. */
typedef struct fixed_source {
    uint64_t seed, counter;
    uint64_t now_ms;
    dbk_env env;
} fixed_source;
const dbk_env *fixed_source_init(fixed_source *source, uint64_t seed);

typedef struct chain_device {
    dbk_id id;
    dbk_role role;
    dbk_device_keys keys;
    dbk_secret *sign, *kem, *request, *admin; /* admin: NULL unless of that role */
} chain_device;

typedef struct chain {
    fixed_source source;
    const dbk_env *env;
    dbk_sign_pk root_pk, relay_pk;
    dbk_secret *root, *relay;
    dbk_id roster_space;
    chain_device admin; /* the first device */
    dbk_roster *roster;
} chain;

/* An entry with room for what it points to. Wraps are made-up bytes: the roster never opens them.
 */
typedef struct chain_entry {
    dbk_entry e;
    uint8_t label[CHAIN_LABEL_BYTES];
    dbk_grant grants[CHAIN_ITEMS_MAX];
    dbk_wrapped wraps[CHAIN_ITEMS_MAX];
    dbk_cut cuts[4]; /* a test sets e.cuts_count */
    dbk_log_move logs[1];
    dbk_dot dots[CHAIN_ITEMS_MAX];
} chain_entry;

/* Keys and an empty roster. */
void chain_new(chain *c, uint64_t seed);
void chain_free(chain *c);
void chain_device_new(chain_device *d, chain *c, dbk_role role);
void chain_device_free(chain_device *d);
void chain_random(chain *c, void *out, size_t len);

/* Entries that follow the roster's head. */
void chain_genesis(chain_entry *ce, chain *c);
void chain_enrol(chain_entry *ce, chain *c, const chain_device *d);
/* With the members given, each with its device's role. */
void chain_space(chain_entry *ce, chain *c, const chain_device *const *members, size_t count);
void chain_grant(chain_entry *ce, chain *c, const dbk_id *space, const chain_device *d);
void chain_revoke(chain_entry *ce, chain *c, const chain_device *d, const char *reason);
void chain_remove(chain_entry *ce, chain *c, const dbk_id *space, const chain_device *d);
void chain_bar(chain_entry *ce, chain *c, const dbk_id *space, const dbk_id *person);
/* Of the ops of one feed from first on. */
void chain_dispose(chain_entry *ce, chain *c, const dbk_id *space, const dbk_dot *first,
                   size_t count);
/* Of one log and one root, whatever the size. */
void chain_floor(chain_entry *ce, chain *c, const dbk_id *space, uint64_t size);
/* The policy that stands, to be changed. */
void chain_policy(chain_entry *ce, chain *c);
/* Of one log. */
void chain_recovery(chain_entry *ce, chain *c, const dbk_log_move *log);
/* With wraps for the members given. */
void chain_rotate(chain_entry *ce, chain *c, const dbk_id *space,
                  const chain_device *const *members, size_t count);
/* One more wrap at the end of the entry's. */
void chain_wrap(chain_entry *ce, chain *c, const dbk_id *device, uint64_t epoch);

/* Signs and takes it; the test fails if the roster refuses. signer NULL: root for genesis, the
 * first admin afterwards. */
void chain_take(chain *c, const chain_entry *ce, const dbk_secret *signer);
/* The same with two signatures. */
void chain_take_two(chain *c, const chain_entry *ce, const dbk_secret *a, const dbk_secret *b);
/* chain_take of a fresh GENESIS, or ENROL of a new device. */
void chain_begin(chain *c, uint64_t seed);
void chain_enrolled(chain_device *d, chain *c, dbk_role role);

#endif
