#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"

static uint64_t fixed_now(void *self)
{
    fixed_source *s = self;
    return s->now_ms++;
}

static void fixed_random(void *self, uint8_t *out, size_t len)
{
    fixed_source *s = self;
    while (len > 0) {
        uint8_t in[16];
        (void)dbk_wire_put_u64(dbk_wire_put_u64(in, s->seed), s->counter++);
        dbk_hash block = dbk_hash_of("daybook/test/fixed-source", dbk_span_of(in, sizeof(in)));
        size_t n = len < sizeof(block.b) ? len : sizeof(block.b);
        memcpy(out, block.b, n);
        out += n;
        len -= n;
    }
}

const dbk_env *fixed_source_init(fixed_source *source, uint64_t seed)
{
    dbk_err err = { 0 };
    assert_ok(dbk_crypto_init(&err), &err);
    *source = (fixed_source){ .seed = seed, .now_ms = 1763949600000u };
    source->env = (dbk_env){ fixed_now, fixed_random, source };
    return &source->env;
}

void chain_random(chain *c, void *out, size_t len)
{
    c->env->random(c->env->self, out, len);
}

void chain_device_new(chain_device *d, chain *c, dbk_role role)
{
    dbk_err err = { 0 };
    memset(d, 0, sizeof(*d));
    d->role = role;
    assert_ok(dbk_sign_keypair(&d->keys.sign, &d->sign, c->env, &err), &err);
    assert_ok(dbk_secret_random(&d->kem, 32, c->env, &err), &err);
    assert_int_equal(crypto_scalarmult_base(d->keys.kem, dbk_secret_bytes(d->kem).p), 0);
    assert_ok(dbk_sign_keypair(&d->keys.request, &d->request, c->env, &err), &err);
    if (role == DBK_ROLE_ADMIN)
        assert_ok(dbk_sign_keypair(&d->keys.admin, &d->admin, c->env, &err), &err);
    d->id = dbk_device_id(d->keys.sign.b, d->keys.kem);
}

void chain_device_free(chain_device *d)
{
    dbk_secret_free(d->sign);
    dbk_secret_free(d->kem);
    dbk_secret_free(d->request);
    dbk_secret_free(d->admin);
    memset(d, 0, sizeof(*d));
}

void chain_new(chain *c, uint64_t seed)
{
    dbk_err err = { 0 };
    memset(c, 0, sizeof(*c));
    c->env = fixed_source_init(&c->source, seed);
    assert_ok(dbk_sign_keypair(&c->root_pk, &c->root, c->env, &err), &err);
    assert_ok(dbk_sign_keypair(&c->relay_pk, &c->relay, c->env, &err), &err);
    chain_random(c, c->roster_space.b, sizeof(c->roster_space.b));
    chain_device_new(&c->admin, c, DBK_ROLE_ADMIN);
    assert_ok(dbk_roster_new(&c->roster, &c->root_pk, &err), &err);
}

void chain_free(chain *c)
{
    dbk_roster_free(c->roster);
    chain_device_free(&c->admin);
    dbk_secret_free(c->root);
    dbk_secret_free(c->relay);
    memset(c, 0, sizeof(*c));
}

static void begin(chain_entry *ce, chain *c, dbk_entry_kind kind)
{
    memset(ce, 0, sizeof(*ce));
    ce->e.org = dbk_org_id(&c->root_pk);
    ce->e.seq = dbk_roster_count(c->roster);
    ce->e.prev = dbk_roster_head(c->roster);
    ce->e.kind = kind;
    ce->e.time_ms = c->env->now_ms(c->env->self);
    ce->e.grants = ce->grants;
    ce->e.wraps = ce->wraps;
    ce->e.cuts = ce->cuts;
    ce->e.logs = ce->logs;
    ce->e.dots = ce->dots;
}

static void put_device(chain_entry *ce, const chain_device *d)
{
    ce->e.device = d->id;
    ce->e.keys = d->keys;
    ce->e.role = d->role;
}

static void put_label(chain_entry *ce, chain *c)
{
    chain_random(c, ce->label, sizeof(ce->label));
    ce->e.label = dbk_span_of(ce->label, sizeof(ce->label));
}

static void put_epoch(chain_entry *ce, chain *c, uint64_t number)
{
    ce->e.epoch.epoch = number;
    chain_random(c, ce->e.epoch.key_id.b, sizeof(ce->e.epoch.key_id.b));
    chain_random(c, ce->e.epoch.commitment.b, sizeof(ce->e.epoch.commitment.b));
}

void chain_wrap(chain_entry *ce, chain *c, const dbk_id *device, uint64_t epoch)
{
    DBK_ASSERT(ce->e.wraps_count < CHAIN_ITEMS_MAX);
    dbk_wrapped *w = &ce->wraps[ce->e.wraps_count++];
    w->device = *device;
    w->epoch = epoch;
    chain_random(c, w->wrap, sizeof(w->wrap));
}

void chain_genesis(chain_entry *ce, chain *c)
{
    begin(ce, c, DBK_ENTRY_GENESIS);
    ce->e.root = c->root_pk;
    ce->e.relay = c->relay_pk;
    put_device(ce, &c->admin);
    put_label(ce, c);
    ce->e.space = c->roster_space;
    put_epoch(ce, c, 1);
    chain_wrap(ce, c, &c->admin.id, 1);
}

static uint64_t current_epoch(const chain *c, const dbk_id *space)
{
    const dbk_space *s = dbk_roster_space(c->roster, space);
    assert_non_null(s);
    return s->epochs_count;
}

void chain_enrol(chain_entry *ce, chain *c, const chain_device *d)
{
    begin(ce, c, DBK_ENTRY_ENROL);
    put_device(ce, d);
    put_label(ce, c);
    if (d->role != DBK_ROLE_WRITER)
        chain_wrap(ce, c, &d->id, current_epoch(c, &c->roster_space));
}

void chain_space(chain_entry *ce, chain *c, const chain_device *const *members, size_t count)
{
    begin(ce, c, DBK_ENTRY_SPACE);
    chain_random(c, ce->e.space.b, sizeof(ce->e.space.b));
    put_label(ce, c);
    put_epoch(ce, c, 1);
    for (size_t i = 0; i < count; i++) {
        DBK_ASSERT(ce->e.grants_count < CHAIN_ITEMS_MAX);
        ce->grants[ce->e.grants_count++] = (dbk_grant){ members[i]->id, members[i]->role };
        chain_wrap(ce, c, &members[i]->id, 1);
    }
}

void chain_grant(chain_entry *ce, chain *c, const dbk_id *space, const chain_device *d)
{
    begin(ce, c, DBK_ENTRY_GRANT);
    ce->e.space = *space;
    ce->e.device = d->id;
    ce->e.role = d->role;
    if (d->role == DBK_ROLE_GUEST)
        ce->e.expires_ms = c->source.now_ms + 86400000u;
    if (d->role != DBK_ROLE_WRITER)
        chain_wrap(ce, c, &d->id, current_epoch(c, space));
}

void chain_remove(chain_entry *ce, chain *c, const dbk_id *space, const chain_device *d)
{
    begin(ce, c, DBK_ENTRY_REMOVE);
    ce->e.space = *space;
    ce->e.device = d->id;
}

void chain_bar(chain_entry *ce, chain *c, const dbk_id *space, const dbk_id *person)
{
    begin(ce, c, DBK_ENTRY_BAR);
    ce->e.space = *space;
    ce->e.person = *person;
}

void chain_dispose(chain_entry *ce, chain *c, const dbk_id *space, const dbk_dot *first,
                   size_t count)
{
    DBK_ASSERT(count <= CHAIN_ITEMS_MAX);
    begin(ce, c, DBK_ENTRY_DISPOSE);
    ce->e.space = *space;
    for (size_t i = 0; i < count; i++)
        ce->dots[i] = (dbk_dot){ first->feed, first->seq + i };
    ce->e.dots_count = count;
    memset(ce->e.review.b, 9, sizeof(ce->e.review.b));
}

void chain_floor(chain_entry *ce, chain *c, const dbk_id *space, uint64_t size)
{
    begin(ce, c, DBK_ENTRY_FLOOR);
    ce->e.space = *space;
    ce->e.floor = (dbk_floor){ { { 0x0f } }, size, { { 0x10, 0x0a } } };
}

void chain_policy(chain_entry *ce, chain *c)
{
    begin(ce, c, DBK_ENTRY_POLICY);
    ce->e.policy = *dbk_roster_policy(c->roster);
}

void chain_recovery(chain_entry *ce, chain *c, const dbk_log_move *log)
{
    begin(ce, c, DBK_ENTRY_RECOVERY);
    ce->logs[0] = *log;
    ce->e.logs_count = 1;
    ce->e.text = dbk_span_str("the relay was restored");
}

void chain_revoke(chain_entry *ce, chain *c, const chain_device *d, const char *reason)
{
    begin(ce, c, DBK_ENTRY_REVOKE);
    ce->e.device = d->id;
    ce->e.reason = dbk_span_str(reason);
}

void chain_rotate(chain_entry *ce, chain *c, const dbk_id *space,
                  const chain_device *const *members, size_t count)
{
    begin(ce, c, DBK_ENTRY_ROTATE);
    ce->e.space = *space;
    put_epoch(ce, c, current_epoch(c, space) + 1);
    for (size_t i = 0; i < count; i++)
        chain_wrap(ce, c, &members[i]->id, ce->e.epoch.epoch);
}

void chain_take(chain *c, const chain_entry *ce, const dbk_secret *signer)
{
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    if (signer == NULL)
        signer = ce->e.seq == 0 ? c->root : c->admin.admin;
    assert_ok(dbk_entry_sign(&bytes, &ce->e, signer, &err), &err);
    assert_ok(dbk_roster_add(c->roster, dbk_bytes_span(&bytes), &err), &err);
    dbk_bytes_wipe(&bytes);
}

void chain_take_two(chain *c, const chain_entry *ce, const dbk_secret *a, const dbk_secret *b)
{
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), two = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    assert_ok(dbk_entry_sign(&one, &ce->e, a, &err), &err);
    assert_ok(dbk_entry_cosign(&two, dbk_bytes_span(&one), b, &err), &err);
    assert_ok(dbk_roster_add(c->roster, dbk_bytes_span(&two), &err), &err);
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
}

/* Too large for a stack that sanitizers have made thicker. */
static chain_entry *entry_new(void)
{
    chain_entry *ce = dbk_alloc(sizeof(*ce));
    assert_non_null(ce);
    return ce;
}

void chain_begin(chain *c, uint64_t seed)
{
    chain_entry *ce = entry_new();
    chain_new(c, seed);
    chain_genesis(ce, c);
    chain_take(c, ce, NULL);
    dbk_free(ce);
}

void chain_enrolled(chain_device *d, chain *c, dbk_role role)
{
    chain_entry *ce = entry_new();
    chain_device_new(d, c, role);
    chain_enrol(ce, c, d);
    chain_take(c, ce, NULL);
    dbk_free(ce);
}
