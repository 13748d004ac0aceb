#include "tests/load/history.h"

#include <string.h>

#include "core/base/alloc.h"
#include "sync/relay/append.h"
#include "sync/relay/home.h"
#include "sync/relay/relay_calls.h"

#define BATCH 2000u /* segments in a transaction */
#define TEXT_BYTES 180u

typedef struct author {
    const fleet *f;
    fleet_keys keys;
    dbk_id space;
    dbk_secret *epoch_key, *relay_key;
    dbk_header next;
    dbk_bytes body;
    dbk_append *append;
    dbk_log log;
    uint64_t now_ms;
} author;

/* One body for all segments: what is in it doesn't matter to the log, whose tree and chain run over
 * headers. Each of those is signed, and continues the one before. */
static void write_body(author *a, unsigned notes)
{
    dbk_err err = { 0 };
    dbk_epoch epoch;
    dbk_sealer *sealer = NULL;
    uint8_t text[TEXT_BYTES];
    dbk_span plain[DBK_SEGMENT_OPS_MAX];
    const dbk_env *env = dbk_env_system();
    a->epoch_key = fleet_epoch(a->f, &epoch, 0);
    dbk_seal_keys keys = { a->epoch_key, epoch.key_id, a->keys.sign, NULL, env };
    env->random(env->self, text, sizeof(text));
    for (unsigned i = 0; i < notes; i++)
        plain[i] = dbk_span_of(text, sizeof(text));
    env->random(env->self, a->next.incarnation.b, sizeof(a->next.incarnation.b));
    env->random(env->self, a->next.salt, sizeof(a->next.salt));
    a->next.count = (uint16_t)notes;
    a->next.space = a->space;
    a->next.feed = dbk_feed_id(&a->keys.id, &a->space, &a->next.incarnation);
    a->next.first_seq = 1;
    a->next.members_seen = a->f->members_head;
    dbk_bytes_init(&a->body, DBK_SEGMENT_BODY_BYTES_MAX);
    load_must(dbk_sealer_new(&sealer, &err), &err, "sealer");
    load_must(dbk_seal_segment(sealer, &a->next, &a->body, plain, &keys, &err), &err, "seal");
    dbk_sealer_free(sealer);
}

static void take_one(author *a)
{
    dbk_err err = { 0 };
    uint8_t raw[DBK_SEGMENT_HEADER_BYTES];
    dbk_header_sign(&a->next, a->keys.sign);
    dbk_header_encode(raw, &a->next);
    dbk_append_item item = { .header = a->next,
                             .header_hash = dbk_header_hash(&a->next),
                             .owner = a->keys.id,
                             .segment = { dbk_span_of(raw, sizeof(raw)), dbk_bytes_span(&a->body),
                                          false },
                             .now_ms = a->now_ms };
    load_must(dbk_append_take(a->append, &a->log, &item, &err), &err, "append");
    DBK_ASSERT(item.status == DBK_PUSH_ACCEPTED);
    a->next.prev = item.header_hash;
    a->next.first_seq += a->next.count;
}

static void write_batch(author *a, uint64_t count)
{
    dbk_err err = { 0 };
    dbk_append_signer signer = { a->f->org, a->relay_key };
    load_must(a->log.ops->begin(a->log.self, &err), &err, "begin");
    for (uint64_t i = 0; i < count; i++)
        take_one(a);
    load_must(dbk_append_finish(a->append, &a->log, &signer, &err), &err, "finish");
    load_must(a->log.ops->commit(a->log.self, &err), &err, "commit");
    dbk_append_reset(a->append);
}

static uint64_t size_of(const author *a)
{
    dbk_err err = { 0 };
    dbk_log_state state;
    dbk_log_space s = { &a->log, a->space };
    load_must(dbk_log_state_get(&s, &state, &err), &err, "log");
    return state.frontier.size;
}

void history_write(const fleet *f, const history_plan *plan)
{
    dbk_err err = { 0 };
    dbk_home *home = NULL;
    const dbk_env *env = dbk_env_system();
    author a = { .f = f, .space = fleet_space(f, plan->space), .now_ms = env->now_ms(env->self) };
    fleet_device(f, &a.keys, plan->space * f->share);
    write_body(&a, plan->notes);
    load_must(dbk_home_open(&home, f->relay_dir, &err), &err, "relay");
    const dbk_log_source *source = dbk_home_source(home);
    load_must(source->open(source->self, &a.log, DBK_LOG_WRITES, &err), &err, "log");
    load_must(dbk_relay_load_key(&a.relay_key, &a.log, &err), &err, "key");
    load_must(dbk_append_new(&a.append, env, &err), &err, "append");
    for (uint64_t size = size_of(&a); size < plan->entries; size = size_of(&a))
        write_batch(&a, plan->entries - size < BATCH ? plan->entries - size : BATCH);
    dbk_append_free(a.append);
    dbk_log_close(&a.log);
    dbk_home_close(home);
    dbk_secret_free(a.relay_key);
    dbk_secret_free(a.epoch_key);
    fleet_keys_drop(&a.keys);
    dbk_bytes_wipe(&a.body);
}

uint64_t history_read(client *c, client_desk *d, const history_reading *reading)
{
    uint64_t entries = 0;
    char hex[DBK_ID_HEX_SIZE], target[DBK_SESSION_TARGET_MAX];
    dbk_id_hex(hex, &c->space);
    for (unsigned i = 0; i < reading->requests; i++) {
        dbk_err err = { 0 };
        dbk_range range;
        (void)snprintf(target, sizeof(target), "/v1/spaces/%s/segments?from=%llu&bytes=%u", hex,
                       (unsigned long long)(reading->from + i * reading->step), reading->bytes);
        load_must(client_get(c, d, target, &err), &err, "range");
        load_must(dbk_range_decode(&range, dbk_bytes_span(&d->answer), &err), &err, "range");
        entries += range.count;
    }
    return entries;
}
