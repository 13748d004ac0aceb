/* A relay's log with what isn't in its file yet, and the small files of its folder; and a referral
 * on its way. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/seal/package.h"
#include "sync/relay/home.h"
#include "sync/relay/limits.h"
#include "tests/images/damage.h"
#include "tests/lib/chain.h"
#include "tests/lib/relaykit.h"

#define ROUNDS 12u
#define PER_ROUND 4u

/* ---- the log ------------------------------------------------------------------------------- */

static struct {
    relaykit kit;
    relaykit_device officer;
    relaykit_segment all[ROUNDS * PER_ROUND];
    dbk_id space;
    size_t seen;
} rel;

static void push(size_t from, size_t to)
{
    static relaykit_pushed p;
    for (size_t i = from; i < to; i += PER_ROUND) {
        assert_int_equal(relaykit_push(&rel.kit, &rel.officer, &p, &rel.all[i], PER_ROUND), 200);
        relaykit_pushed_wipe(&p);
    }
}

static void begin_relay(damage_set *set, const char *top)
{
    relaykit *k = &rel.kit;
    memset(&rel, 0, sizeof(rel));
    assert_int_equal(setenv("TMPDIR", top, 1), 0);
    relaykit_open(k, DBK_WRITER_INLINE);
    relaykit_org(k);
    relaykit_enrol(k, &rel.officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &rel.officer, &k->admin };
    rel.space = relaykit_space(k, members, 2);
    relaykit_feed feed = relaykit_feed_begin(k, &rel.officer, &rel.space);
    for (size_t i = 0; i < ARRAY_LEN(rel.all); i++)
        relaykit_segment_make(k, &rel.all[i], &feed, 2, 700);
    push(0, ARRAY_LEN(rel.all) / 3);
    relaykit_stop(k);
    damage_look(&set->older, k->dir);
    relaykit_start(k);
    push(ARRAY_LEN(rel.all) / 3, 2 * ARRAY_LEN(rel.all) / 3);
    relaykit_stop(k);
    relaykit_start(k);
    push(2 * ARRAY_LEN(rel.all) / 3, ARRAY_LEN(rel.all));
    damage_look(&set->whole, k->dir);
    damage_add(set, "relay.db", 3500);
    damage_add(set, "relay.db-wal", 2500);
}

typedef struct look {
    dbk_hasher h;
    size_t count;
} look;

static dbk_rc hear_segment(void *ctx, const dbk_log_segment *s, bool *stop, dbk_err *err)
{
    look *l = ctx;
    (void)stop;
    (void)err;
    dbk_hasher_add(&l->h, s->header);
    dbk_hasher_add(&l->h, s->body);
    l->count++;
    return DBK_OK;
}

static damage_end open_relay(damage_try *t)
{
    char path[DAMAGE_DIR_MAX + 32];
    dbk_log log = { NULL, NULL };
    dbk_log_report report = { 0 };
    dbk_err err = { 0 };
    look l = { .count = 0 };
    dbk_log_read read = { 0, hear_segment, &l, 0 };
    (void)snprintf(path, sizeof(path), "%s/relay.db", t->dir);
    const dbk_log_embedded file = { path, rel.kit.db_key };
    dbk_hasher_init(&l.h, "damage/seen");
    dbk_rc rc = dbk_log_embedded_open(&file, &log, DBK_LOG_WRITES, &err);
    if (rc != DBK_OK)
        return damage_told(t, rc, err.text);
    rc = dbk_log_check_deep(&log, &report, &err); /* as fsck does */
    if (rc == DBK_OK)
        rc = log.ops->segments_read(log.self, &rel.space, &read, &err);
    dbk_log_close(&log);
    if (rc == DBK_OK)
        rc = dbk_log_embedded_verify(&file, &err);
    rel.seen = l.count;
    dbk_hasher_add(&l.h, dbk_span_of((const uint8_t *)&report, sizeof(report)));
    t->seen = dbk_hasher_end(&l.h);
    if (rc == DBK_OK)
        return DAMAGE_UNUSED;
    return damage_told(t, rc, err.text) == DAMAGE_TOLD ? DAMAGE_LATER : DAMAGE_SILENT;
}

/* A log that is sound and shorter: the relay can't know, but each device holds the checkpoint that
 * it has seen, and is told (flow/relay_restored, M36-M38). Anything else is wrong. */
static damage_end miss_relay(damage_try *t)
{
    bool is_shorter = rel.seen < ARRAY_LEN(rel.all);
    (void)snprintf(t->why, sizeof(t->why), "%zu segments of %zu", rel.seen, ARRAY_LEN(rel.all));
    return is_shorter ? DAMAGE_LATER : DAMAGE_SILENT;
}

static void end_relay(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rel.all); i++)
        relaykit_segment_wipe(&rel.all[i]);
    relaykit_device_drop(&rel.officer);
    relaykit_close(&rel.kit);
}

const damage_kit damage_relay = { "relay", begin_relay, open_relay, miss_relay, end_relay };

/* ---- its folder ---------------------------------------------------------------------------- */

static void write_limits(const char *dir)
{
    char path[DAMAGE_DIR_MAX + 64];
    (void)snprintf(path, sizeof(path), "%s/limits.txt", dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    (void)fputs("# by the operator\ndisk-max-percent 80\nspace-bytes-max 5G\n", f);
    assert_int_equal(fclose(f), 0);
}

static void begin_home(damage_set *set, const char *top)
{
    char dir[DAMAGE_DIR_MAX + 32];
    dbk_test_env env;
    dbk_err err = { 0 };
    const dbk_home_birth birth = { "https://relay.example:8443", NULL };
    assert_ok(dbk_crypto_init(&err), &err);
    dbk_test_env_init(&env, 5);
    (void)snprintf(dir, sizeof(dir), "%s/other", top);
    assert_ok(dbk_home_init(dir, &birth, &env.env, &err), &err);
    damage_look(&set->foreign, dir);
    (void)snprintf(dir, sizeof(dir), "%s/relay", top);
    assert_ok(dbk_home_init(dir, &birth, &env.env, &err), &err);
    write_limits(dir);
    damage_look(&set->whole, dir);
    damage_add(set, DBK_HOME_DB_KEY, 400);
    damage_add(set, DBK_HOME_CERT, 800);
    damage_add(set, DBK_HOME_KEY, 800);
    damage_add(set, DBK_HOME_LIMITS, 400);
}

static damage_end open_home(damage_try *t)
{
    dbk_home *h = NULL;
    dbk_err err = { 0 };
    dbk_log log = { NULL, NULL };
    dbk_limits limits;
    dbk_tls_identity *id = NULL;
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_rc rc = dbk_home_open(&h, t->dir, &err);
    if (rc == DBK_OK)
        rc = dbk_home_source(h)->open(dbk_home_source(h)->self, &log, DBK_LOG_WRITES, &err);
    dbk_log_close(&log);
    if (rc == DBK_OK)
        rc = dbk_limits_read(&limits, h, &err);
    if (rc == DBK_OK)
        rc = dbk_home_read(h, DBK_HOME_CERT, &cert, &err);
    if (rc == DBK_OK)
        rc = dbk_home_read(h, DBK_HOME_KEY, &key, &err);
    if (rc == DBK_OK)
        rc = dbk_tls_identity_load(&id, dbk_bytes_span(&cert), dbk_bytes_span(&key), &err);
    if (rc == DBK_OK)
        t->seen = dbk_hash_of("damage/pin", dbk_span_of(dbk_tls_identity_pin(id), 32));
    dbk_tls_identity_free(id);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    dbk_home_close(h);
    return rc == DBK_OK ? DAMAGE_UNUSED : damage_told(t, rc, err.text);
}

/* Another pin than devices know: none of them talks to it (flow/tls_pins). */
static damage_end miss_pin(damage_try *t)
{
    (void)snprintf(t->why, sizeof(t->why), "another pin");
    return strcmp(t->file->path, DBK_HOME_CERT) == 0 ? DAMAGE_LATER : DAMAGE_SILENT;
}

static void end_home(void)
{
}

const damage_kit damage_home = { "home", begin_home, open_home, miss_pin, end_home };

/* ---- a referral ---------------------------------------------------------------------------- */

static struct {
    chain c;
    chain_device officer;
    dbk_secret *service;
} ref;

static void begin_package(damage_set *set, const char *top)
{
    char dir[DAMAGE_DIR_MAX + 32], path[DAMAGE_DIR_MAX + 64];
    static const char name[] = "Name", value[] = "Joan Marsh", field[] = "person.name";
    dbk_err err = { 0 };
    dbk_recipient to;
    dbk_bytes file = DBK_BYTES_INIT(DBK_PACKAGE_BYTES_MAX);
    const dbk_package_field fields[] = { { dbk_span_str(field), dbk_span_str(name),
                                           dbk_span_str(value) } };
    chain_begin(&ref.c, 25);
    chain_enrolled(&ref.officer, &ref.c, DBK_ROLE_OFFICER);
    assert_ok(dbk_secret_random(&ref.service, 32, ref.c.env, &err), &err);
    assert_ok(dbk_recipient_of(&to, NULL, ref.service, &err), &err);
    const dbk_package p = { .org = dbk_roster_org(ref.c.roster),
                            .device = ref.officer.id,
                            .referral = { { 1, 2, 3 } },
                            .time_ms = DBK_TEST_START_MS,
                            .safe = dbk_span_str("Never at work.\n"),
                            .fields = fields,
                            .fields_count = 1 };
    assert_ok(dbk_package_seal(&file, &p, &to, ref.officer.sign, ref.c.env, &err), &err);
    (void)snprintf(dir, sizeof(dir), "%s/post", top);
    disk_image none = { 0 };
    disk_image_write(&none, dir);
    (void)snprintf(path, sizeof(path), "%s/referral", dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(file.p, 1, file.len, f), file.len);
    assert_int_equal(fclose(f), 0);
    damage_look(&set->whole, dir);
    damage_add(set, "referral", 8000);
    dbk_bytes_wipe(&file);
}

static damage_end open_package(damage_try *t)
{
    static dbk_package_opened opened;
    dbk_err err = { 0 };
    const disk_found *f = disk_image_file(t->image, "referral");
    dbk_rc rc = dbk_package_open(&opened, dbk_span_of(f->bytes, f->len), ref.service, ref.c.roster,
                                 &err);
    if (rc == DBK_OK)
        t->seen = dbk_hash_of("damage/package", opened.package.safe);
    dbk_package_opened_wipe(&opened);
    return rc == DBK_OK ? DAMAGE_UNUSED : damage_told(t, rc, err.text);
}

static void end_package(void)
{
    dbk_secret_free(ref.service);
    chain_device_free(&ref.officer);
    chain_free(&ref.c);
}

const damage_kit damage_package = { "package", begin_package, open_package, NULL, end_package };
