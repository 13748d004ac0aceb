/* tests/load/fleet.h - an organisation of many devices, for load: everything about a device follows
 * from the fleet's seed and the device's number, so that ten thousand of them need no store. Keys,
 * wraps and epochs are real ones; the relay took each entry of the chain by its own code.
 * Space n has the devices n * share .. n * share + share - 1. A folder holds it:
 *   DIR/relay  the relay's own folder       DIR/fleet.json  what is below */
#ifndef DBK_TESTS_LOAD_FLEET_H
#define DBK_TESTS_LOAD_FLEET_H

#include <stdio.h>

#include "core/crypto/roster.h"
#include "core/journal/org.h"

#define FLEET_PATH_SIZE 256u
#define FLEET_SHARE_MAX 256u
#define FLEET_DESKS_MAX 16u

typedef struct fleet_member {
    dbk_id id;
    dbk_sign_pk sign;
} fleet_member;
typedef struct fleet {
    char dir[FLEET_PATH_SIZE], relay_dir[FLEET_PATH_SIZE];
    uint64_t seed;
    uint32_t devices, share; /* share: devices of one space */
    uint32_t desks;          /* of headquarters, numbers from `devices` on: in every space */
    dbk_id org;
    dbk_relay_card card;
    uint64_t members_count;
    dbk_hash members_head;
    fleet_member *members;
    double founding_s, fold_s; /* of all entries at the relay; of all entries at one device */
    uint64_t chain_bytes;
} fleet;

/* Makes the folder, and founds the organisation at the relay in it. dsn: NULL, or the database of
 * the relay's log. Stops the program if anything goes wrong. */
typedef struct fleet_plan {
    uint64_t seed;
    uint32_t devices, share, desks;
    const char *dsn;
} fleet_plan;
void fleet_found(fleet *f, const char *dir, const fleet_plan *plan);
/* One that was founded. */
void fleet_open(fleet *f, const char *dir);
void fleet_close(fleet *f);

typedef struct fleet_keys {
    dbk_id id;
    dbk_device_keys keys;
    dbk_secret *sign, *kem, *request, *admin; /* admin: the founder only */
} fleet_keys;
void fleet_device(const fleet *f, fleet_keys *out, uint32_t number);
void fleet_keys_drop(fleet_keys *k);
uint32_t fleet_spaces(const fleet *f);
dbk_id fleet_space(const fleet *f, uint32_t space);
/* The space's key and what the chain says of it. The caller frees the key. */
dbk_secret *fleet_epoch(const fleet *f, dbk_epoch *out, uint32_t space);
/* Who of the space's devices writes this feed; NULL: none. */
const fleet_member *fleet_author(const fleet *f, uint32_t space, const dbk_id *feed,
                                 const dbk_id *incarnation);

/* Stops the program with the error's text, unless rc is DBK_OK. */
void load_must(dbk_rc rc, const dbk_err *err, const char *what);
double load_now_s(void);

#endif
