#include "sync/relay/admit.h"

#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/wire.h"

#define NONCE_LABEL "daybook/relay-nonce/1"
#define BOOT_KEY_BYTES 32u
#define COUNTER_BYTES 8u
#define MAC_BYTES 16u
#define NONCE_BYTES (COUNTER_BYTES + MAC_BYTES)
#define STRANGERS 4096u /* counters shared by all strangers: a fixed 32 KiB, whoever knocks */

typedef struct window {
    uint8_t key_hash[DBK_KEY_HASH_BYTES];
    uint64_t issued;  /* the newest counter given out */
    uint64_t highest; /* the highest that was used; 0: none */
    uint64_t used;    /* bit i: highest - i was used */
} window;

struct dbk_admit {
    pthread_mutex_t lock;
    uint8_t boot_key[BOOT_KEY_BYTES];
    window *devices; /* in order of enrolment */
    size_t count;    /* how many of them are known now */
    size_t windows;  /* how many were ever filled since the start */
    size_t room;
    uint32_t *table;   /* open addressing by key hash: device number + 1, 0: free */
    size_t table_size; /* a power of two, at least twice the count */
    uint64_t strangers[STRANGERS];
};

_Static_assert(NONCE_BYTES * 4 / 3 == DBK_NONCE_TEXT_LEN, "base64url without padding");
_Static_assert(DBK_NONCE_TEXT_LEN <= DBK_NONCE_TEXT_MAX, "a nonce fits its header");

dbk_rc dbk_admit_new(dbk_admit **out, const dbk_env *env, dbk_err *err)
{
    *out = NULL;
    dbk_admit *a = dbk_alloc(sizeof(*a));
    if (a == NULL || pthread_mutex_init(&a->lock, NULL) != 0) {
        dbk_free(a);
        return dbk_fail(err, DBK_NOMEM, "no memory for nonces");
    }
    env->random(env->self, a->boot_key, sizeof(a->boot_key));
    *out = a;
    return DBK_OK;
}

void dbk_admit_free(dbk_admit *a)
{
    if (a == NULL)
        return;
    (void)pthread_mutex_destroy(&a->lock);
    dbk_free(a->devices);
    dbk_free(a->table);
    dbk_free(a);
}

static void lock(dbk_admit *a)
{
    DBK_ASSERT(pthread_mutex_lock(&a->lock) == 0);
}

static void unlock(dbk_admit *a)
{
    DBK_ASSERT(pthread_mutex_unlock(&a->lock) == 0);
}

/* ---- devices ----------------------------------------------------------------------------- */

/* Key hashes are hashes: any of their bytes spread well, but a member may choose its key, so the
 * place depends on the boot key. */
static size_t place_of(const dbk_admit *a, const uint8_t key_hash[DBK_KEY_HASH_BYTES])
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/relay-table/1");
    dbk_hasher_add(&h, dbk_span_of(a->boot_key, sizeof(a->boot_key)));
    dbk_hasher_add(&h, dbk_span_of(key_hash, DBK_KEY_HASH_BYTES));
    dbk_hash hash = dbk_hasher_end(&h);
    dbk_wire w = dbk_wire_from(dbk_span_of(hash.b, sizeof(hash.b)));
    return (size_t)dbk_wire_get_u64(&w);
}

/* The slot that holds this key hash, or the free one where it belongs. */
static uint32_t *slot_of(const dbk_admit *a, const uint8_t key_hash[DBK_KEY_HASH_BYTES])
{
    size_t mask = a->table_size - 1;
    for (size_t at = place_of(a, key_hash) & mask;; at = (at + 1) & mask) {
        uint32_t device = a->table[at];
        if (device == 0 ||
            memcmp(a->devices[device - 1].key_hash, key_hash, DBK_KEY_HASH_BYTES) == 0)
            return &a->table[at];
    }
}

static dbk_rc grow(dbk_admit *a, size_t count, dbk_err *err)
{
    size_t room = a->room > 0 ? a->room : 64;
    while (room < count)
        room *= 2;
    if (room == a->room)
        return DBK_OK;
    window *devices = dbk_alloc_array(room, sizeof(*devices));
    uint32_t *table = dbk_alloc_array(room * 2, sizeof(*table));
    if (devices == NULL || table == NULL) {
        dbk_free(devices);
        dbk_free(table);
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu devices", room);
    }
    if (a->windows > 0)
        memcpy(devices, a->devices, a->windows * sizeof(*devices));
    dbk_free(a->devices);
    dbk_free(a->table);
    a->devices = devices;
    a->table = table;
    a->room = room;
    a->table_size = room * 2;
    for (size_t i = 0; i < a->count; i++)
        *slot_of(a, a->devices[i].key_hash) = (uint32_t)i + 1;
    return DBK_OK;
}

dbk_rc dbk_admit_learn(dbk_admit *a, const dbk_roster *roster, dbk_err *err)
{
    size_t count = dbk_roster_devices(roster);
    DBK_ASSERT(count <= DBK_ROSTER_DEVICES_MAX);
    lock(a);
    dbk_rc rc = grow(a, count, err);
    for (; rc == DBK_OK && a->count < count; a->count++) {
        uint8_t key_hash[DBK_KEY_HASH_BYTES];
        window *w = &a->devices[a->count];
        dbk_http_key_hash(key_hash, &dbk_roster_device_at(roster, a->count)->keys.request);
        /* The same device as before a forget keeps its window, another starts with a new one. */
        if (a->count >= a->windows || memcmp(w->key_hash, key_hash, sizeof(key_hash)) != 0)
            memset(w, 0, sizeof(*w));
        memcpy(w->key_hash, key_hash, sizeof(key_hash));
        if (a->windows < a->count + 1)
            a->windows = a->count + 1;
        *slot_of(a, key_hash) = (uint32_t)a->count + 1;
    }
    unlock(a);
    return rc;
}

void dbk_admit_forget(dbk_admit *a)
{
    lock(a);
    a->count = 0;
    if (a->table != NULL)
        memset(a->table, 0, a->table_size * sizeof(*a->table));
    unlock(a);
}

static window *find(dbk_admit *a, const uint8_t key_hash[DBK_KEY_HASH_BYTES])
{
    uint32_t device = a->table_size > 0 ? *slot_of(a, key_hash) : 0;
    return device == 0 ? NULL : &a->devices[device - 1];
}

bool dbk_admit_find(dbk_admit *a, const uint8_t key_hash[DBK_KEY_HASH_BYTES], size_t *device)
{
    lock(a);
    const window *w = find(a, key_hash);
    *device = w != NULL ? (size_t)(w - a->devices) : 0;
    unlock(a);
    return w != NULL;
}

/* ---- nonces ------------------------------------------------------------------------------ */

static void nonce_mac(const dbk_admit *a, uint8_t out[MAC_BYTES],
                      const uint8_t key_hash[DBK_KEY_HASH_BYTES], uint64_t counter)
{
    uint8_t number[COUNTER_BYTES];
    dbk_hasher h;
    (void)dbk_wire_put_u64(number, counter);
    dbk_hasher_init(&h, NONCE_LABEL);
    dbk_hasher_add(&h, dbk_span_of(a->boot_key, sizeof(a->boot_key)));
    dbk_hasher_add(&h, dbk_span_of(key_hash, DBK_KEY_HASH_BYTES));
    dbk_hasher_add(&h, dbk_span_of(number, sizeof(number)));
    dbk_hash hash = dbk_hasher_end(&h);
    memcpy(out, hash.b, MAC_BYTES);
}

/* A device counts on its own, and so do strangers as far as they don't share a place: a counter
 * doesn't tell the one from the other. */
static uint64_t next_counter(dbk_admit *a, const uint8_t key_hash[DBK_KEY_HASH_BYTES])
{
    window *w = find(a, key_hash);
    if (w == NULL)
        return ++a->strangers[place_of(a, key_hash) % STRANGERS];
    if (w->issued < w->highest)
        w->issued = w->highest;
    return ++w->issued;
}

void dbk_admit_nonce(dbk_admit *a, char out[DBK_NONCE_TEXT_LEN + 1],
                     const uint8_t key_hash[DBK_KEY_HASH_BYTES])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t raw[NONCE_BYTES];
    lock(a);
    uint64_t counter = next_counter(a, key_hash);
    unlock(a);
    (void)dbk_wire_put_u64(raw, counter);
    nonce_mac(a, raw + COUNTER_BYTES, key_hash, counter);
    /* 24 bytes are 8 whole groups: no padding, nothing to allocate, nothing that can fail. */
    for (size_t i = 0; i < NONCE_BYTES / 3; i++) {
        uint32_t group = (uint32_t)raw[3 * i] << 16 | (uint32_t)raw[3 * i + 1] << 8 |
                         raw[3 * i + 2];
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = digits[group >> (18 - 6 * k) & 63];
    }
    out[DBK_NONCE_TEXT_LEN] = '\0';
}

/* Its counter, if we gave it out to this key hash; 0 if not. */
static uint64_t counter_of(const dbk_admit *a, const dbk_http_claim *claim)
{
    uint8_t mac[MAC_BYTES], raw[NONCE_BYTES];
    if (!dbk_base64url_read(raw, sizeof(raw), dbk_span_str(claim->nonce)))
        return 0;
    dbk_wire w = dbk_wire_from(dbk_span_of(raw, sizeof(raw)));
    uint64_t said = dbk_wire_get_u64(&w);
    nonce_mac(a, mac, claim->key_hash, said);
    return dbk_equal_ct(w.left, dbk_span_of(mac, sizeof(mac))) ? said : 0;
}

static bool unused(const window *w, uint64_t counter)
{
    if (counter > w->highest)
        return true;
    uint64_t back = w->highest - counter;
    return back < DBK_NONCE_WINDOW && (w->used >> back & 1) == 0;
}

bool dbk_admit_check(dbk_admit *a, const dbk_http_claim *claim)
{
    uint64_t counter = counter_of(a, claim);
    if (counter == 0)
        return false;
    lock(a);
    const window *w = find(a, claim->key_hash);
    bool good = w == NULL || unused(w, counter);
    unlock(a);
    return good;
}

bool dbk_admit_use(dbk_admit *a, const dbk_http_claim *claim)
{
    uint64_t counter = counter_of(a, claim);
    lock(a);
    window *w = find(a, claim->key_hash);
    bool good = counter != 0 && w != NULL && unused(w, counter);
    if (good && counter > w->highest) {
        uint64_t step = counter - w->highest;
        w->used = step < DBK_NONCE_WINDOW ? w->used << step : 0;
        w->used |= 1;
        w->highest = counter;
    } else if (good) {
        w->used |= UINT64_C(1) << (w->highest - counter);
    }
    unlock(a);
    return good;
}
