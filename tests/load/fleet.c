#include "tests/load/fleet.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/seal/wrap.h"
#include "sync/driver/driver.h"
#include "sync/relay/home.h"
#include "tests/lib/relaykit.h"

#define FOUNDER UINT32_MAX /* the number of the device that signs the chain */
#define LABEL_BYTES 120u   /* of a sealed label of the smallest size */
#define CARD_ROOM 8192u

void load_must(dbk_rc rc, const dbk_err *err, const char *what)
{
    if (rc == DBK_OK)
        return;
    (void)fprintf(stderr, "load: %s: %s: %s\n", what, dbk_rc_name(rc), err->text);
    exit(1);
}

double load_now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what follows from seed and number --------------------------------------------------- */

typedef enum purpose { ROOT = 1, DEVICE, SPACE, EPOCH, CHAIN } purpose;

static void derive(const fleet *f, dbk_test_env *env, purpose what, uint32_t number)
{
    dbk_test_env_init(env, f->seed * UINT64_C(0x9e3779b97f4a7c15) + ((uint64_t)what << 40) +
                               (uint64_t)number * UINT64_C(0xd1342543de82ef95));
}

void fleet_device(const fleet *f, fleet_keys *out, uint32_t number)
{
    dbk_test_env env;
    dbk_err err = { 0 };
    memset(out, 0, sizeof(*out));
    derive(f, &env, DEVICE, number);
    load_must(dbk_sign_keypair(&out->keys.sign, &out->sign, &env.env, &err), &err, "keys");
    load_must(dbk_kem_keypair(out->keys.kem, &out->kem, &env.env, &err), &err, "keys");
    load_must(dbk_sign_keypair(&out->keys.request, &out->request, &env.env, &err), &err, "keys");
    if (number == FOUNDER)
        load_must(dbk_sign_keypair(&out->keys.admin, &out->admin, &env.env, &err), &err, "keys");
    out->id = dbk_device_id(out->keys.sign.b, out->keys.kem);
}

void fleet_keys_drop(fleet_keys *k)
{
    dbk_secret_free(k->sign);
    dbk_secret_free(k->kem);
    dbk_secret_free(k->request);
    dbk_secret_free(k->admin);
    memset(k, 0, sizeof(*k));
}

static dbk_secret *root_of(const fleet *f, dbk_sign_pk *pk)
{
    dbk_test_env env;
    dbk_err err = { 0 };
    dbk_secret *root = NULL;
    derive(f, &env, ROOT, 0);
    load_must(dbk_sign_keypair(pk, &root, &env.env, &err), &err, "root");
    return root;
}

uint32_t fleet_spaces(const fleet *f)
{
    return (f->devices + f->share - 1) / f->share;
}

dbk_id fleet_space(const fleet *f, uint32_t space)
{
    dbk_test_env env;
    dbk_id id;
    derive(f, &env, SPACE, space);
    env.env.random(&env, id.b, sizeof(id.b));
    return id;
}

dbk_secret *fleet_epoch(const fleet *f, dbk_epoch *out, uint32_t space)
{
    dbk_test_env env;
    dbk_err err = { 0 };
    dbk_secret *key = NULL;
    derive(f, &env, EPOCH, space);
    load_must(dbk_epoch_new(&key, out, 1, &env.env, &err), &err, "epoch");
    return key;
}

const fleet_member *fleet_author(const fleet *f, uint32_t space, const dbk_id *feed,
                                 const dbk_id *incarnation)
{
    dbk_id id = fleet_space(f, space);
    for (uint32_t i = space * f->share; i < f->devices && i < (space + 1) * f->share; i++) {
        dbk_id mine = dbk_feed_id(&f->members[i].id, &id, incarnation);
        if (dbk_id_equal(&mine, feed))
            return &f->members[i];
    }
    return NULL;
}

/* ---- founding ---------------------------------------------------------------------------- */

typedef struct founding {
    fleet *f;
    relaykit kit; /* only what its requests need: the relay is the folder's */
    dbk_roster *roster;
    dbk_test_env env;
    fleet_keys admin;
    dbk_id roster_space;
    dbk_secret *roster_key;
    dbk_epoch roster_epoch;
    dbk_bytes bytes;
    uint8_t label[LABEL_BYTES];
    dbk_id desks[FLEET_DESKS_MAX];
    dbk_grant grants[FLEET_SHARE_MAX + FLEET_DESKS_MAX];
    dbk_wrapped wraps[FLEET_SHARE_MAX + FLEET_DESKS_MAX];
} founding;

static dbk_entry next_entry(founding *n, dbk_entry_kind kind)
{
    n->env.env.random(&n->env, n->label, sizeof(n->label));
    return (dbk_entry){ .org = n->f->org,
                        .seq = dbk_roster_count(n->roster),
                        .prev = dbk_roster_head(n->roster),
                        .kind = kind,
                        .time_ms = n->kit.now_ms,
                        .label = dbk_span_of(n->label, sizeof(n->label)) };
}

static void wrap_for(founding *n, dbk_wrapped *out, const dbk_id *space, const dbk_secret *key,
                     const fleet_keys *d)
{
    dbk_err err = { 0 };
    dbk_wrap_scope scope = { n->f->org, *space, d->id, 1 };
    *out = (dbk_wrapped){ .device = d->id, .epoch = 1 };
    load_must(dbk_wrap_seal(out->wrap, key, &scope, d->keys.kem, &n->env.env, &err), &err, "wrap");
}

/* Signs it, lets the relay take it, and then the roster, as any device would. */
static void post(founding *n, const dbk_entry *e, const dbk_secret *signer, const char *setup)
{
    dbk_err err = { 0 };
    dbk_relay_answer answer;
    relaykit_device admin = { .request = n->admin.request };
    relaykit_request req = {
        "POST", setup != NULL ? "/v1/org" : "/v1/members", { NULL, 0 }, setup
    };
    dbk_bytes_truncate(&n->bytes, 0);
    load_must(dbk_entry_sign(&n->bytes, e, signer, &err), &err, "entry");
    req.body = dbk_bytes_span(&n->bytes);
    memcpy(admin.nonce, n->kit.admin.nonce, sizeof(admin.nonce));
    double begin = load_now_s();
    int status = relaykit_call(&n->kit, setup != NULL ? NULL : &admin, &answer, &req);
    n->f->founding_s += load_now_s() - begin;
    memcpy(n->kit.admin.nonce, admin.nonce, sizeof(admin.nonce));
    if (status != 200)
        load_must(dbk_fail(&err, DBK_PEER, "status %d: %.*s", status, (int)answer.body.len,
                           answer.body.p != NULL ? (const char *)answer.body.p : ""),
                  &err, "membership");
    dbk_bytes_wipe(&answer.body);
    begin = load_now_s();
    load_must(dbk_roster_add(n->roster, req.body, &err), &err, "roster");
    n->f->fold_s += load_now_s() - begin;
    n->f->chain_bytes += req.body.len;
}

static void post_genesis(founding *n, const dbk_secret *root, const dbk_sign_pk *root_pk)
{
    dbk_entry e = next_entry(n, DBK_ENTRY_GENESIS);
    e.root = *root_pk;
    e.relay = n->f->card.relay;
    e.device = n->admin.id;
    e.keys = n->admin.keys;
    e.role = DBK_ROLE_ADMIN;
    e.space = n->roster_space;
    e.epoch = n->roster_epoch;
    e.wraps = n->wraps;
    e.wraps_count = 1;
    wrap_for(n, &n->wraps[0], &n->roster_space, n->roster_key, &n->admin);
    post(n, &e, root, n->f->card.setup_code);
}

static void post_device(founding *n, const fleet_keys *d, dbk_role role)
{
    dbk_entry e = next_entry(n, DBK_ENTRY_ENROL);
    e.device = d->id;
    e.keys = d->keys;
    e.role = role;
    e.wraps = n->wraps;
    e.wraps_count = 1;
    wrap_for(n, &n->wraps[0], &n->roster_space, n->roster_key, d);
    post(n, &e, n->admin.admin, NULL);
}

static int by_device(const void *a, const void *b)
{
    return dbk_id_compare(&((const dbk_wrapped *)a)->device, &((const dbk_wrapped *)b)->device);
}

static void wrap_space(founding *n, const dbk_entry *e, const dbk_secret *key, uint32_t number,
                       size_t at)
{
    fleet_keys d;
    fleet_device(n->f, &d, number);
    wrap_for(n, &n->wraps[at], &e->space, key, &d);
    if (number >= n->f->devices)
        n->desks[number - n->f->devices] = d.id;
    fleet_keys_drop(&d);
}

static dbk_role role_of(const founding *n, const dbk_id *device)
{
    for (uint32_t i = 0; i < n->f->desks; i++) {
        if (dbk_id_equal(&n->desks[i], device))
            return DBK_ROLE_HQ;
    }
    return DBK_ROLE_OFFICER;
}

static void post_space(founding *n, uint32_t space)
{
    dbk_entry e = next_entry(n, DBK_ENTRY_SPACE);
    dbk_secret *key = fleet_epoch(n->f, &e.epoch, space);
    size_t count = 0;
    e.space = fleet_space(n->f, space);
    for (uint32_t i = space * n->f->share; i < n->f->devices && count < n->f->share; i++)
        wrap_space(n, &e, key, i, count++);
    for (uint32_t i = 0; i < n->f->desks; i++)
        wrap_space(n, &e, key, n->f->devices + i, count++);
    qsort(n->wraps, count, sizeof(n->wraps[0]), by_device); /* as the chain wants them */
    for (size_t i = 0; i < count; i++)
        n->grants[i] = (dbk_grant){ n->wraps[i].device, role_of(n, &n->wraps[i].device) };
    e.grants = n->grants;
    e.wraps = n->wraps;
    e.grants_count = e.wraps_count = count;
    post(n, &e, n->admin.admin, NULL);
    dbk_secret_free(key);
}

static void post_all(founding *n)
{
    dbk_err err = { 0 };
    dbk_sign_pk root_pk;
    dbk_secret *root = root_of(n->f, &root_pk);
    load_must(dbk_roster_new(&n->roster, &root_pk, &err), &err, "roster");
    derive(n->f, &n->env, CHAIN, 0);
    n->env.env.random(&n->env, n->roster_space.b, sizeof(n->roster_space.b));
    load_must(dbk_epoch_new(&n->roster_key, &n->roster_epoch, 1, &n->env.env, &err), &err, "epoch");
    fleet_device(n->f, &n->admin, FOUNDER);
    dbk_bytes_init(&n->bytes, DBK_ENTRY_BYTES_MAX);
    post_genesis(n, root, &root_pk);
    for (uint32_t i = 0; i < n->f->devices + n->f->desks; i++) {
        fleet_keys d;
        fleet_device(n->f, &d, i);
        post_device(n, &d, i < n->f->devices ? DBK_ROLE_OFFICER : DBK_ROLE_HQ);
        fleet_keys_drop(&d);
    }
    for (uint32_t i = 0; i < fleet_spaces(n->f); i++)
        post_space(n, i);
    n->f->members_count = dbk_roster_count(n->roster);
    n->f->members_head = dbk_roster_head(n->roster);
    dbk_bytes_wipe(&n->bytes);
    fleet_keys_drop(&n->admin);
    dbk_secret_free(n->roster_key);
    dbk_secret_free(root);
    dbk_roster_free(n->roster);
}

/* ---- the folder -------------------------------------------------------------------------- */

static void name_folder(fleet *f, const char *dir)
{
    memset(f, 0, sizeof(*f));
    int n = snprintf(f->dir, sizeof(f->dir), "%s", dir);
    int m = snprintf(f->relay_dir, sizeof(f->relay_dir), "%s/relay", dir);
    DBK_ASSERT(n > 0 && m > 0);
    DBK_ASSERT((size_t)m < sizeof(f->relay_dir));
}

static void file_name(const fleet *f, char out[FLEET_PATH_SIZE + 32], const char *name)
{
    (void)snprintf(out, FLEET_PATH_SIZE + 32, "%s/%s", f->dir, name);
}

static void read_card(fleet *f)
{
    static char text[CARD_ROOM];
    char path[FLEET_PATH_SIZE + 32];
    dbk_err err = { 0 };
    file_name(f, path, "relay/" DBK_HOME_CARD);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        load_must(dbk_fail(&err, DBK_NOT_FOUND, "%s", path), &err, "relay card");
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    load_must(dbk_relay_card_parse(&f->card, dbk_span_of(text, len), &err), &err, "relay card");
}

static void write_down(const fleet *f)
{
    char path[FLEET_PATH_SIZE + 32], head[2 * sizeof(dbk_hash) + 1];
    dbk_err err = { 0 };
    dbk_hex_print(head, dbk_span_of(f->members_head.b, sizeof(f->members_head.b)));
    json_t *o = json_pack("{sI sI sI sI sI ss sf sf sI}", "seed", (json_int_t)f->seed, "devices",
                          (json_int_t)f->devices, "desks", (json_int_t)f->desks, "share",
                          (json_int_t)f->share, "count", (json_int_t)f->members_count, "head", head,
                          "founding_s", f->founding_s, "fold_s", f->fold_s, "chain_bytes",
                          (json_int_t)f->chain_bytes);
    file_name(f, path, "fleet.json");
    if (o == NULL || json_dump_file(o, path, JSON_INDENT(1)) != 0)
        load_must(dbk_fail(&err, DBK_IO, "%s", path), &err, "fleet");
    json_decref(o);
}

static void know_members(fleet *f)
{
    dbk_sign_pk root_pk;
    dbk_secret_free(root_of(f, &root_pk));
    f->org = dbk_org_id(&root_pk);
    f->members = dbk_alloc_array(f->devices, sizeof(*f->members));
    DBK_ASSERT(f->members != NULL);
    for (uint32_t i = 0; i < f->devices; i++) {
        fleet_keys d;
        fleet_device(f, &d, i);
        f->members[i] = (fleet_member){ d.id, d.keys.sign };
        fleet_keys_drop(&d);
    }
}

void fleet_found(fleet *f, const char *dir, const fleet_plan *plan)
{
    dbk_err err = { 0 };
    dbk_home *home = NULL;
    founding *n = dbk_alloc(sizeof(*n));
    DBK_ASSERT(n != NULL);
    name_folder(f, dir);
    f->seed = plan->seed;
    f->devices = plan->devices;
    f->share = plan->share;
    f->desks = plan->desks;
    DBK_ASSERT(f->desks <= FLEET_DESKS_MAX);
    DBK_ASSERT(f->devices > 0 && f->share > 0 && f->share <= FLEET_SHARE_MAX);
    (void)mkdir(dir, 0700);
    dbk_home_birth birth = { NULL, plan->dsn };
    load_must(dbk_home_init(f->relay_dir, &birth, dbk_env_system(), &err), &err, "relay");
    read_card(f);
    know_members(f);
    n->f = f;
    n->kit.now_ms = dbk_env_system()->now_ms(dbk_env_system()->self);
    load_must(dbk_home_open(&home, f->relay_dir, &err), &err, "relay");
    dbk_relay_opts opts = { dbk_home_source(home), dbk_env_system(), DBK_WRITER_INLINE, 1 };
    load_must(dbk_relay_open(&n->kit.relay, &opts, &err), &err, "relay");
    post_all(n);
    dbk_relay_close(n->kit.relay);
    dbk_home_close(home);
    dbk_free(n);
    write_down(f);
}

void fleet_open(fleet *f, const char *dir)
{
    char path[FLEET_PATH_SIZE + 32];
    const char *head = "";
    dbk_err err = { 0 };
    json_int_t seed, devices, desks, share, count, bytes;
    name_folder(f, dir);
    file_name(f, path, "fleet.json");
    json_t *o = json_load_file(path, 0, NULL);
    if (json_unpack(o, "{sI sI sI sI sI ss sf sf sI}", "seed", &seed, "devices", &devices, "desks",
                    &desks, "share", &share, "count", &count, "head", &head, "founding_s",
                    &f->founding_s, "fold_s", &f->fold_s, "chain_bytes", &bytes) != 0)
        load_must(dbk_fail(&err, DBK_NOT_FOUND, "no fleet in %s", dir), &err, "fleet");
    f->seed = (uint64_t)seed;
    f->devices = (uint32_t)devices;
    f->share = (uint32_t)share;
    f->desks = (uint32_t)desks;
    f->members_count = (uint64_t)count;
    f->chain_bytes = (uint64_t)bytes;
    load_must(dbk_hex_parse(f->members_head.b, sizeof(f->members_head.b), head, &err), &err,
              "head");
    json_decref(o);
    read_card(f);
    know_members(f);
}

void fleet_close(fleet *f)
{
    dbk_free(f->members);
    memset(f, 0, sizeof(*f));
}
