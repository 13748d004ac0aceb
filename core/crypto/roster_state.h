/* core/crypto/roster_state.h - inside the membership fold: what roster*.c share.
 * roster.c owns and changes, roster_check.c judges an entry against it, roster_find.c looks up.
 * Invariant (asserted by dbk_roster_check_deep): the indexes hold exactly the devices, keys and
 * spaces; a device's spaces and a space's members mirror each other. */
#ifndef DBK_CRYPTO_ROSTER_STATE_H
#define DBK_CRYPTO_ROSTER_STATE_H

#include "core/crypto/entry_parts.h"
#include "core/crypto/roster_index.h"

#define DBK_ROSTER_EPOCHS_MAX 4096u /* of one space */
#define DBK_ROSTER_FEEDS_CACHED 4096u
#define DBK_DEVICE_KEYS 4u /* sign, kem, request, admin */
#define DBK_DEVICE_KEY_REQUEST 2u

typedef struct roster_wrap {
    uint32_t space; /* place in spaces */
    uint32_t epoch; /* place in the space's epochs */
    uint8_t wrap[DBK_WRAP_BYTES];
} roster_wrap;

/* What a device was made in a space, and when: as it stood, whatever came later. */
typedef struct roster_grant {
    uint32_t space; /* place in spaces */
    dbk_role role;  /* DBK_ROLE_NONE: it was taken out */
    uint64_t seq;
} roster_grant;

typedef struct roster_device {
    dbk_member member; /* its spans and arrays are those below */
    uint8_t *label;
    dbk_member_space *spaces; /* ascending by space */
    size_t spaces_cap;
    roster_wrap *wraps; /* in chain order */
    size_t wraps_count, wraps_cap;
    roster_grant *grants; /* in chain order; revocation isn't among them */
    size_t grants_count, grants_cap;
} roster_device;

typedef struct roster_move {
    dbk_log_move log;
    uint64_t seq; /* of the RECOVERY */
} roster_move;

/* An op that is to be erased, where its order names it. */
typedef struct roster_erased {
    uint32_t order; /* place in orders */
    uint32_t dot;   /* place in the order's dots */
} roster_erased;

typedef struct roster_space {
    dbk_space space;
    uint8_t *label;
    dbk_epoch *epochs;
    size_t epochs_cap;
    uint32_t *members; /* places in devices, in order of their first grant; also the revoked */
    size_t members_count, members_cap;
    roster_move *moves; /* in the chain's order */
    size_t moves_count, moves_cap;
    roster_erased *erased; /* ascending by dot */
    size_t erased_count, erased_cap;
    dbk_id *barred; /* persons */
    size_t barred_count, barred_cap;
} roster_space;

typedef struct roster_admin {
    dbk_id signer;
    uint32_t device;
} roster_admin;

/* Where a feed's owner was found last; always derived again before it is believed. */
typedef struct roster_feed {
    dbk_id feed;
    uint32_t device_1; /* place + 1; 0: empty */
} roster_feed;

struct dbk_roster {
    dbk_sign_pk root, relay;
    dbk_id org;
    uint64_t count;
    dbk_hash head;
    roster_device *devices;
    size_t devices_count, devices_cap;
    roster_space *spaces; /* the first is the roster space */
    size_t spaces_count, spaces_cap;
    roster_admin *admins;
    size_t admins_count, admins_cap; /* also the revoked */
    dbk_order *orders;               /* each owns its dots */
    size_t orders_count, orders_cap;
    dbk_policy policy;
    uint64_t policy_ms; /* claimed time of its entry */
    dbk_index by_device, by_space;
    dbk_index by_key;   /* value: place of the device * DBK_DEVICE_KEYS + which key */
    roster_feed *feeds; /* DBK_ROSTER_FEEDS_CACHED */
};

/* The keys of the indexes, by value. */
dbk_span dbk_roster_device_key(const void *roster, uint32_t value);
dbk_span dbk_roster_space_key(const void *roster, uint32_t value);
dbk_span dbk_roster_key_key(const void *roster, uint32_t value);

/* DBK_INDEX_NONE when unknown. */
uint32_t dbk_roster_place_of_device(const dbk_roster *r, const dbk_id *device);
uint32_t dbk_roster_place_of_space(const dbk_roster *r, const dbk_id *space);
uint32_t dbk_roster_place_of_key(const dbk_roster *r, const uint8_t key[32]);
/* Where the space stands among the device's, or should: *found tells which. */
size_t dbk_roster_find_space(const dbk_member *m, const dbk_id *space, bool *found);
/* Of a space: members that are in it now and hold its key: all but writers. */
size_t dbk_roster_key_holders(const dbk_roster *r, const roster_space *s);
/* Is a device in this space of records that only writes? */
bool dbk_roster_has_writer(const dbk_roster *r, const roster_space *s);
/* Does a person stand among those who can't be in the space? */
bool dbk_roster_bars(const roster_space *s, const dbk_id *person);

/* Admins of two persons were ever enrolled: from then on no one of them acts alone. */
bool dbk_roster_had_two_admins(const dbk_roster *r);
/* Who signed an entry; a person's devices count once. */
typedef struct roster_signers {
    size_t admins;
    bool root;
    dbk_id devices[DBK_ENTRY_SIGNERS_MAX]; /* of the admins, also those of one person */
    size_t devices_count;
} roster_signers;
/* The signatures, before the body is read: DBK_AUTH, DBK_DENIED. */
DBK_MUST_CHECK dbk_rc dbk_roster_check_signers(roster_signers *out, const dbk_roster *r,
                                               const dbk_entry_parts *parts, dbk_err *err);
/* Who would have to sign besides for what the entry does: how many persons. DBK_DENIED: they never
 * make it whole. roster_power.c, as are the rules of POLICY, RECOVERY and BAR. */
DBK_MUST_CHECK dbk_rc dbk_roster_check_power(const dbk_roster *r, size_t *lacking,
                                             const dbk_entry *e, const roster_signers *signers,
                                             dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roster_check_policy(const dbk_roster *r, const dbk_entry *e,
                                              dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roster_check_recovery(const dbk_roster *r, const dbk_entry *e,
                                                dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roster_check_bar(const dbk_roster *r, const dbk_entry *e, dbk_err *err);
/* roster_dispose.c: DISPOSE, judged; its room, and its dots copied (false: no memory, all as it was
 * but for the room); and taken, which can't fail. */
DBK_MUST_CHECK dbk_rc dbk_roster_check_dispose(const dbk_roster *r, const dbk_entry *e,
                                               dbk_err *err);
bool dbk_roster_room_for_order(dbk_roster *r, dbk_dot **dots, const dbk_entry *e);
void dbk_roster_put_order(dbk_roster *r, dbk_dot *dots_owned, const dbk_entry *e);
void dbk_roster_free_order(dbk_order *order);
void dbk_roster_check_orders(const dbk_roster *r);
/* roster_floor.c: FLOOR, judged. */
DBK_MUST_CHECK dbk_rc dbk_roster_check_floor(const dbk_roster *r, const dbk_entry *e, dbk_err *err);
/* The entry against the state, by the rules that roster.h lists: DBK_AUTH, DBK_DENIED, DBK_LIMIT.
 */
DBK_MUST_CHECK dbk_rc dbk_roster_check_entry(const dbk_roster *r, const dbk_entry *e, dbk_err *err);
/* Takes a checked entry: DBK_NOMEM before anything is changed, or all of it. */
DBK_MUST_CHECK dbk_rc dbk_roster_take(dbk_roster *r, const dbk_entry_decoded *d, dbk_err *err);

#endif
