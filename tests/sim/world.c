/* The world as every seed finds it: two desks of headquarters, officers, a supervisor, an auditor,
 * three spaces of which one is restricted, and a relay. It is made once, closed, and kept as images
 * of its folders. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/journal/form_packs.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

typedef struct post {
    const char *name;
    dbk_role role;
    bool in[SIM_SPACES];
} post;
static const post desks[SIM_DESKS] = {
    { "hq", DBK_ROLE_ADMIN, { true, true, true } },
    { "desk", DBK_ROLE_ADMIN, { true, true, true } },
};
/* The first five are the smallest world; more are officers of the first space. */
static const post field[] = {
    { "asha", DBK_ROLE_OFFICER, { true, true, false } },
    { "ben", DBK_ROLE_OFFICER, { true, false, false } },
    { "cleo", DBK_ROLE_OFFICER, { true, false, true } },
    { "sue", DBK_ROLE_SUPERVISOR, { true, true, false } },
    { "audit", DBK_ROLE_AUDITOR, { true, false, false } },
    { "dora", DBK_ROLE_OFFICER, { true, false, false } },
};

static const post *post_of(size_t device)
{
    size_t at = device - SIM_DESKS;
    if (device < SIM_DESKS)
        return &desks[device];
    return &field[at < ARRAY_LEN(field) ? at : ARRAY_LEN(field) - 1];
}

sim_device *sim_hq(sim *s)
{
    return &s->devices[0];
}

const char *sim_dir(const sim *s, char out[2 * DBK_TEST_PATH_SIZE], size_t device)
{
    (void)snprintf(out, 2 * DBK_TEST_PATH_SIZE, "%s/" DISK_DEVICE_PREFIX "%02zu", s->root, device);
    return out;
}

bool sim_lives(const sim_device *d)
{
    return !d->gone && !d->spare && d->d.book != NULL;
}

bool sim_ever_in_space(const sim_device *d, size_t space)
{
    for (size_t i = 0; i < d->sim->made; i++)
        if (dbk_id_equal(&d->sim->devices[i].device, &d->device))
            return post_of(i)->in[space];
    return false;
}

bool sim_in_space(const sim_device *d, size_t space)
{
    const sim *s = d->sim;
    const dbk_roster *roster = dbk_book_roster(s->devices[0].d.book);
    dbk_id id = dbk_book_device(d->d.book);
    return dbk_roster_role(roster, &id, &s->spaces[space]) != DBK_ROLE_NONE;
}

/* ---- made once --------------------------------------------------------------------------- */

void sim_add_device(sim *s, size_t i)
{
    sim_device *d = &s->devices[i];
    char dir[2 * DBK_TEST_PATH_SIZE];
    sync_device_open(&s->world, &d->d, post_of(i)->name);
    d->sim = s;
    d->index = i;
    d->role = post_of(i)->role;
    /* From now on its folder is where the disks' shim knows it. */
    dbk_book_close(d->d.book);
    d->d.book = NULL;
    DBK_ASSERT(rename(d->d.dir, sim_dir(s, dir, i)) == 0);
    DBK_ASSERT(strlen(dir) < sizeof(d->d.dir));
    memcpy(d->d.dir, dir, strlen(dir) + 1);
    sync_device_reopen(&d->d);
    d->d.t.ops = s->prepared ? sim_wire() : d->d.t.ops; /* a seed's */
}

static void make_compartment(sim *s)
{
    dbk_grant grants[SIM_DEVICES_MAX];
    dbk_err err = { 0 };
    bool agreed;
    size_t count = 0;
    for (size_t i = 1; i < s->count; i++)
        if (post_of(i)->in[SPACE_COMPARTMENT])
            grants[count++] = (dbk_grant){ dbk_book_device(s->devices[i].d.book),
                                           i < SIM_DESKS ? DBK_ROLE_HQ : post_of(i)->role };
    dbk_new_space opts = { .name = "Compartment",
                           .creator_role = DBK_ROLE_HQ,
                           .restricted = true,
                           .members = grants,
                           .members_count = count };
    sim_device *hq = sim_hq(s);
    assert_rc(
        dbk_driver_space_create(hq->d.book, &hq->d.t, &s->spaces[SPACE_COMPARTMENT], &opts, &err),
        DBK_PROPOSED, &err);
    dbk_err_clear(&err);
    (void)sync_now(&s->devices[1].d);
    assert_ok(sync_agree(&s->devices[1].d, &agreed, &err), &err);
    assert_true(agreed);
    (void)sync_now(&hq->d);
}

static void enlist(sim *s)
{
    sim_device *hq = sim_hq(s);
    dbk_err err = { 0 };
    sync_found(&hq->d);
    sync_witness(&hq->d); /* while one may decide that alone */
    s->spaces[SPACE_LIMELIGHT] = sync_space(&hq->d, "Limelight");
    s->spaces[SPACE_RIVERSIDE] = sync_space(&hq->d, "Riverside");
    for (size_t i = s->count - 1; i >= 1; i--) { /* officers first: the second desk takes two */
        sim_device *d = &s->devices[i];
        sync_enlist(&hq->d, &d->d, d->role, &s->spaces[SPACE_LIMELIGHT]);
        if (post_of(i)->in[SPACE_RIVERSIDE]) {
            dbk_new_grant g = { s->spaces[SPACE_RIVERSIDE], dbk_book_device(d->d.book),
                                i < SIM_DESKS ? DBK_ROLE_HQ : d->role, 0 };
            assert_ok(dbk_driver_grant(hq->d.book, &hq->d.t, &g, &err), &err);
        }
    }
    make_compartment(s);
    for (size_t i = 0; i < s->count; i++)
        (void)sync_now(&s->devices[i].d);
    (void)sync_now(&hq->d);
}

#define KIT_FIELD(name) \
    "{\"name\":\"" name "\",\"label\":\"L\",\"kind\":\"text\",\"group\":\"look\"}"
#define KIT_FORM(version, fields)                                             \
    "{\"form\":\"kit\",\"version\":" version ",\"title\":\"Kit\",\"groups\":" \
    "{\"look\":{\"label\":\"Look\",\"rule\":\"ask\"}},\"fields\":[" fields "]}"

/* A form of the force's own, which all have; and two versions on, which a seed hands out to some.
 * Both fields merge as one value. */
static void make_forms(sim *s)
{
    static const char *const texts[] = {
        KIT_FORM("1000", KIT_FIELD("colour")),
        KIT_FORM("1002", KIT_FIELD("colour") "," KIT_FIELD(SIM_FIELD_NEWER)),
    };
    dbk_form_pack_installed done;
    dbk_err err = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const dbk_form_pack_text text = { DBK_FORM_PACK_FORM, dbk_span_str(texts[i]) };
        const dbk_form_pack_new pack = { i == 0 ? "kit" : "newer_kit", &text, 1 };
        dbk_bytes_init(&s->newer_forms, DBK_FORM_PACK_BYTES_MAX);
        assert_ok(dbk_form_pack_make(sim_hq(s)->d.book, &s->newer_forms, &pack, &err), &err);
        for (size_t k = 0; k < s->count && i == 0; k++)
            assert_ok(dbk_form_pack_install(s->devices[k].d.book, &done,
                                            dbk_bytes_span(&s->newer_forms), &err),
                      &err);
        if (i == 0)
            dbk_bytes_wipe(&s->newer_forms);
    }
}

static void keep_images(sim *s)
{
    relaykit *kit = &s->world.kit;
    for (size_t i = 0; i < s->count; i++) {
        sim_device *d = &s->devices[i];
        assert_ok(dbk_secret_from(&d->key, dbk_secret_bytes(dbk_book_store_key(d->d.book)), NULL),
                  NULL);
        sim_close_book(d);
        image_take(&s->images[i], d->d.dir);
    }
    relaykit_stop(kit);
    image_take(&s->relay_image, kit->dir);
    dbk_test_dir_remove(kit->dir);
    dbk_test_dir_remove(s->root);
}

static void put_path(char out[DBK_TEST_PATH_SIZE], const char *path)
{
    DBK_ASSERT(strlen(path) < DBK_TEST_PATH_SIZE);
    memcpy(out, path, strlen(path) + 1);
}

void sim_move(sim *s, const char *root)
{
    relaykit *kit = &s->world.kit;
    char path[2 * DBK_TEST_PATH_SIZE];
    put_path(s->root, root);
    for (size_t i = 0; i < s->count; i++)
        put_path(s->devices[i].d.dir, sim_dir(s, path, i));
    (void)snprintf(path, sizeof(path), "%s/" DISK_RELAY_NAME, s->root);
    put_path(kit->dir, path);
    (void)snprintf(kit->db, sizeof(kit->db), "%s/relay.db", kit->dir);
}

void sim_prepare(sim *s, const sim_opts *opts)
{
    memset(s, 0, sizeof(*s));
    s->opts = *opts;
    syncworld_open(&s->world);
    s->world.packs = true;
    dbk_test_dir_make(s->root);
    s->count = SIM_DESKS + opts->field;
    s->made = s->count;
    DBK_ASSERT(opts->field >= SIM_FIELD_DEFAULT && opts->field <= SIM_FIELD_MAX);
    for (size_t i = 0; i < s->count; i++)
        sim_add_device(s, i);
    enlist(s);
    make_forms(s);
    keep_images(s);
    s->prepared = true;
    disk_install();
}

void sim_drop(sim *s)
{
    for (size_t i = 0; i < SIM_DEVICES_MAX; i++) {
        dbk_secret_free(s->devices[i].key);
        image_wipe(&s->images[i]);
    }
    image_wipe(&s->relay_image);
    dbk_bytes_wipe(&s->newer_forms);
    s->world.kit.relay = NULL;
    syncworld_close(&s->world);
}

/* ---- in each child ----------------------------------------------------------------------- */

void sim_close_book(sim_device *d)
{
    dbk_book_close(d->d.book);
    d->d.book = NULL;
}

dbk_rc sim_open_book(sim_device *d, dbk_err *err)
{
    char anchors[2 * DBK_TEST_PATH_SIZE + 16];
    (void)snprintf(anchors, sizeof(anchors), "%s.marks", d->d.dir);
    dbk_book_opts opts = { .env = &d->d.env.env,
                           .kdf = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES },
                           .anchors = d->anchored ? anchors : NULL,
                           .forms = dbk_test_forms() };
    if (d->anchored)
        (void)mkdir(anchors, 0700);
    return dbk_book_open_with_key(&d->d.book, d->d.dir, d->key, &opts, err);
}

void sim_wake(sim_device *d)
{
    d->d.env.now_ms = (uint64_t)((int64_t)d->sim->now_ms + d->skew_ms);
}

void sim_begin(sim *s, uint64_t seed)
{
    dbk_err err = { 0 };
    s->seed = seed;
    s->rng = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    s->now_ms = s->world.kit.now_ms + 1000;
    dbk_hasher_init(&s->trace, "daybook/test/sim");
    disk_begin(seed);
    image_put(&s->relay_image, s->world.kit.dir);
    dbk_test_env_init(&s->world.kit.env, seed ^ 0x52);
    relaykit_start(&s->world.kit);
    for (size_t i = 0; i < SIM_FOLDERS; i++) {
        (void)snprintf(s->folders[i], sizeof(s->folders[i]), "%s/stick%zu", s->root, i);
        DBK_ASSERT(mkdir(s->folders[i], 0700) == 0);
    }
    for (size_t i = 0; i < s->count; i++) {
        sim_device *d = &s->devices[i];
        image_put(&s->images[i], d->d.dir);
        dbk_test_env_init(&d->d.env, seed * 64 + i + 1);
        d->d.env.step_ms = 1;
        d->d.t.ops = sim_wire();
        d->anchored = sim_dice(s, 2) == 0;
        sim_wake(d);
        assert_ok(sim_open_book(d, &err), &err);
    }
}

void sim_end(sim *s)
{
    for (size_t i = 0; i < s->count; i++)
        sim_close_book(&s->devices[i]);
    relaykit_stop(&s->world.kit);
}
