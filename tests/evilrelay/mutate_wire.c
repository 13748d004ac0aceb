/* Lies in the welcome, in membership and in single answers. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/entry_parts.h"
#include "core/journal/book_internal.h"
#include "core/seal/invite.h"
#include "tests/evilrelay/mutate.h"

#define YEAR_MS UINT64_C(31557600000)

static void must(dbk_rc rc)
{
    DBK_ASSERT(rc == DBK_OK);
}

static void some(evil *e, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)evil_random(e, 256);
}

/* ---- the welcome ------------------------------------------------------------------------- */

bool fewer_members(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)spaces;
    const dbk_roster *r = dbk_book_roster(e->victim->book);
    if (r == NULL || dbk_roster_count(r) < 2)
        return false;
    w->members_count = dbk_roster_count(r) - 1;
    return true;
}

/* As if a backup had been put back: everybody may give it what it lacks, and nobody believes more.
 */
bool says_restored(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    bool fewer = evil_random(e, 2) == 1;
    w->recovering = true;
    if (fewer && w->members_count > 1)
        w->members_count--;
    for (size_t i = 0; i < w->spaces_count; i++) {
        spaces[i].size = evil_random(e, spaces[i].size + 1);
        spaces[i].checkpoint = "";
        spaces[i].cosigned_count = spaces[i].feeds_count = 0;
    }
    return true;
}

bool other_members(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)spaces;
    const dbk_roster *r = dbk_book_roster(e->victim->book);
    if (r == NULL)
        return false;
    w->members_count = dbk_roster_count(r);
    some(e, &w->members_head, sizeof(w->members_head));
    return true;
}

bool too_many_members(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)e;
    (void)spaces;
    w->members_count = DBK_JSON_UINT_MAX;
    return true;
}

/* A properly signed note for each space that has something in it. */
typedef struct signing {
    uint64_t size;
    bool other_root, wrong_key, wrong_space;
} signing;

/* None is said of a log that is as the device has it. */
static bool has_note(const dbk_welcome_space *s)
{
    return s->size > 0 && s->checkpoint[0] != '\0';
}

static void sign_note(evil *e, dbk_welcome_space *s, const signing *how)
{
    static char notes[EVIL_SPACES_MAX][DBK_CHECKPOINT_BYTES_MAX + 1];
    static size_t turn;
    char *text = notes[turn++ % EVIL_SPACES_MAX];
    dbk_checkpoint c;
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    must(dbk_checkpoint_open(&c, dbk_span_str(s->checkpoint), &e->world.kit.birth.relay, NULL));
    c.size = how->size;
    if (how->other_root)
        c.root.b[3] ^= 0x10;
    if (how->wrong_space)
        c.space = dbk_id_equal(&c.space, &e->space) ? e->other : e->space;
    must(
        dbk_checkpoint_sign(&note, &c, how->wrong_key ? e->ben.book->own.sign : e->relay_sk, NULL));
    memcpy(text, note.p, note.len);
    text[note.len] = '\0';
    s->checkpoint = text;
    dbk_bytes_wipe(&note);
}

/* Of the log that the relay has: nothing, where the device has yet to hear that it was restored. */
static uint64_t held(evil *e, const dbk_welcome_space *there)
{
    minilog one = { .space = there->space };
    dbk_position at = minilog_position(&one, e->victim->book);
    return dbk_id_equal(&at.log, &there->log) ? at.size : 0;
}

/* The size is today's, the signature yesterday's. */
bool stale_checkpoint(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++) {
        bool fits = spaces[i].size > 1 && has_note(&spaces[i]);
        if (fits)
            sign_note(e, &spaces[i], &(signing){ .size = spaces[i].size - 1 });
        done = done || fits;
    }
    return done;
}

/* Where that is none, it stays as it is. */
static bool resize(evil *e, dbk_welcome_space *s, uint64_t size, bool other_root)
{
    if (size == 0 || !has_note(s))
        return false;
    sign_note(e, s, &(signing){ .size = size, .other_root = other_root });
    s->size = size;
    return true;
}

bool smaller_tree(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++)
        done = (held(e, &spaces[i]) > 0 && resize(e, &spaces[i], held(e, &spaces[i]) - 1, false)) ||
               done;
    return done;
}

bool larger_tree(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++)
        done = resize(e, &spaces[i], spaces[i].size + 5, true) || done;
    return done;
}

bool same_size_other_root(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++)
        done = resize(e, &spaces[i], held(e, &spaces[i]), true) || done;
    return done;
}

static bool resign_all(evil *e, dbk_welcome *w, dbk_welcome_space *spaces, signing how)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++) {
        how.size = spaces[i].size;
        done = has_note(&spaces[i]) || done;
        if (has_note(&spaces[i]))
            sign_note(e, &spaces[i], &how);
    }
    return done;
}

/* Each space's words taken away, or one put in their place. */
static bool put_words(dbk_welcome *w, dbk_welcome_space *spaces, const char *const *texts)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++) {
        bool fits = texts != NULL && texts[i] != NULL;
        if (spaces[i].cosigned_count == 0 || (texts != NULL && !fits))
            continue;
        spaces[i].cosigned = fits ? &texts[i] : NULL;
        spaces[i].cosigned_count = fits ? 1 : 0;
        done = true;
    }
    return done;
}

bool no_word(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)e;
    return put_words(w, spaces, NULL);
}

/* A word of the witness's, of 1970, about each space that has one: of its log, or a longer one. */
static bool make_words(evil *e, dbk_welcome *w, dbk_welcome_space *spaces, uint64_t more)
{
    static char texts[EVIL_SPACES_MAX][DBK_CHECKPOINT_BYTES_MAX + 1];
    static const char *made[EVIL_SPACES_MAX];
    memset(made, 0, sizeof(made));
    for (size_t i = 0; i < w->spaces_count; i++) {
        dbk_checkpoint c;
        dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
        if (spaces[i].cosigned_count == 0)
            continue;
        must(dbk_checkpoint_open(&c, dbk_span_str(spaces[i].checkpoint), &e->world.kit.birth.relay,
                                 NULL));
        c.size += more;
        must(dbk_checkpoint_sign(&note, &c, e->relay_sk, NULL));
        must(dbk_checkpoint_cosign(&note, 1, e->hq.book->own.witness, NULL));
        memcpy(texts[i], note.p, note.len);
        texts[i][note.len] = '\0';
        made[i] = texts[i];
        dbk_bytes_wipe(&note);
    }
    return put_words(w, spaces, made);
}

/* Its line, with another signature. */
bool forged_word(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    static char texts[EVIL_SPACES_MAX][DBK_CHECKPOINT_BYTES_MAX + 1];
    static const char *kept[EVIL_SPACES_MAX];
    (void)e;
    memset(kept, 0, sizeof(kept));
    for (size_t i = 0; i < w->spaces_count; i++) {
        if (spaces[i].cosigned_count == 0)
            continue;
        size_t len = strlen(spaces[i].cosigned[0]);
        memcpy(texts[i], spaces[i].cosigned[0], len + 1);
        char *at = &texts[i][len - 12]; /* within the signature */
        *at = *at == 'A' ? 'B' : 'A';
        kept[i] = texts[i];
    }
    return put_words(w, spaces, kept);
}

bool word_beyond(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    return make_words(e, w, spaces, 1);
}

/* What headquarters really said, long ago. */
bool old_word(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    return make_words(e, w, spaces, 0);
}

bool forged_checkpoint(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    return resign_all(e, w, spaces, (signing){ .wrong_key = true });
}

bool checkpoint_of_other(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    return resign_all(e, w, spaces, (signing){ .wrong_space = true });
}

/* Note and welcome agree on another incarnation of the log. */
bool other_log_name(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++) {
        bool here = held(e, &spaces[i]) > 0;
        spaces[i].log.b[0] ^= here ? 1 : 0;
        done = done || here;
    }
    return done;
}

bool higher_own_seq(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    static dbk_feed_head heads[EVIL_SPACES_MAX];
    bool done = false;
    for (size_t i = 0; i < w->spaces_count; i++) {
        minilog one = { .space = spaces[i].space };
        dbk_position at = minilog_position(&one, e->victim->book);
        if (dbk_id_is_zero(&at.own_feed))
            continue;
        heads[i] = (dbk_feed_head){ .feed = at.own_feed, .last_seq = at.own_last_seq + 3 };
        some(e, &heads[i].head, sizeof(heads[i].head));
        spaces[i].feeds = &heads[i];
        spaces[i].feeds_count = 1;
        done = true;
    }
    return done;
}

bool no_space(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)e;
    (void)spaces;
    bool done = w->spaces_count > 0;
    w->spaces_count = 0;
    return done;
}

bool clock_past(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)e;
    (void)spaces;
    w->time_ms -= 10 * YEAR_MS;
    return true;
}

bool clock_future(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)e;
    (void)spaces;
    w->time_ms += 10 * YEAR_MS;
    return true;
}

bool no_limits(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    (void)e;
    (void)spaces;
    w->segments_max = 1;
    w->push_bytes_max = 1;
    w->range_bytes_max = 1;
    return true;
}

/* ---- membership -------------------------------------------------------------------------- */

static const dbk_roster *chain(const evil *e)
{
    return dbk_book_roster(e->hq.book);
}

static dbk_entry next_entry(evil *e, dbk_entry_kind kind)
{
    return (dbk_entry){ .org = dbk_roster_org(chain(e)),
                        .seq = dbk_roster_count(chain(e)),
                        .prev = dbk_roster_head(chain(e)),
                        .kind = kind,
                        .time_ms = DBK_TEST_START_MS };
}

static dbk_wrapped wrap_of(evil *e, const dbk_id *device)
{
    dbk_wrapped w = { .device = *device, .epoch = 1 };
    some(e, w.wrap, sizeof(w.wrap));
    return w;
}

/* Who the relay would like to be an admin. */
static dbk_secret *ghost_key(evil *e, dbk_sign_pk *pk)
{
    dbk_secret *sk = NULL;
    dbk_test_env env;
    (void)e;
    dbk_test_env_init(&env, 31337);
    must(dbk_sign_keypair(pk, &sk, &env.env, NULL));
    return sk;
}

static bool sign_enrol(evil *e, dbk_bytes *out, const dbk_device_keys *keys, dbk_role role)
{
    uint8_t label[120];
    dbk_sign_pk pk;
    dbk_secret *sk = ghost_key(e, &pk);
    dbk_entry entry = next_entry(e, DBK_ENTRY_ENROL);
    entry.keys = *keys;
    entry.device = dbk_device_id(keys->sign.b, keys->kem);
    entry.role = role;
    dbk_wrapped wrap = wrap_of(e, &entry.device);
    some(e, label, sizeof(label));
    entry.label = dbk_span_of(label, sizeof(label));
    entry.wraps = &wrap;
    entry.wraps_count = 1;
    must(dbk_entry_sign(out, &entry, sk, NULL));
    dbk_secret_free(sk);
    return true;
}

bool ghost_entry(evil *e, dbk_bytes *entry)
{
    dbk_device_keys keys = *dbk_book_keys(e->founder.book);
    memset(&keys.admin, 0, sizeof(keys.admin));
    return sign_enrol(e, entry, &keys, DBK_ROLE_OFFICER);
}

bool other_kem_entry(evil *e, dbk_bytes *entry)
{
    dbk_device_keys keys = *dbk_book_keys(e->ben.book);
    memcpy(keys.kem, dbk_book_keys(e->founder.book)->kem, sizeof(keys.kem));
    return sign_enrol(e, entry, &keys, DBK_ROLE_OFFICER);
}

bool other_sign_entry(evil *e, dbk_bytes *entry)
{
    dbk_device_keys keys = *dbk_book_keys(e->ben.book);
    keys.sign = dbk_book_keys(e->founder.book)->sign;
    return sign_enrol(e, entry, &keys, DBK_ROLE_OFFICER);
}

/* Another organisation's chain, whole and signed by its own root. */
bool other_org_entry(evil *e, dbk_bytes *entry)
{
    dbk_sign_pk pk;
    dbk_secret *sk = ghost_key(e, &pk);
    uint8_t label[120];
    dbk_device_keys keys = *dbk_book_keys(e->founder.book);
    dbk_entry g = { .org = dbk_org_id(&pk), .kind = DBK_ENTRY_GENESIS, .root = pk };
    keys.admin = dbk_book_keys(e->fresh.book)->request;
    g.relay = e->world.kit.birth.relay;
    g.keys = keys;
    g.device = dbk_device_id(keys.sign.b, keys.kem);
    g.role = DBK_ROLE_ADMIN;
    some(e, label, sizeof(label));
    g.label = dbk_span_of(label, sizeof(label));
    some(e, &g.space, sizeof(g.space));
    g.epoch.epoch = 1;
    some(e, &g.epoch.key_id, sizeof(g.epoch.key_id));
    some(e, &g.epoch.commitment, sizeof(g.epoch.commitment));
    dbk_wrapped wrap = wrap_of(e, &g.device);
    g.wraps = &wrap;
    g.wraps_count = 1;
    must(dbk_entry_sign(entry, &g, sk, NULL));
    dbk_secret_free(sk);
    return true;
}

bool bare_wrap_entry(evil *e, dbk_bytes *entry)
{
    uint8_t wrap[DBK_WRAP_BYTES];
    some(e, wrap, sizeof(wrap));
    must(dbk_bytes_append(entry, dbk_span_of(wrap, sizeof(wrap)), NULL));
    return true;
}

/* A GRANT for the device that is lied to: with a wrap, or without; by whom. */
static bool sign_grant(evil *e, dbk_bytes *out, const dbk_secret *signer, size_t wraps)
{
    dbk_entry g = next_entry(e, DBK_ENTRY_GRANT);
    g.space = e->other;
    g.device = dbk_book_device(e->ben.book);
    g.role = DBK_ROLE_HQ;
    dbk_wrapped wrap = wrap_of(e, &g.device);
    g.wraps = &wrap;
    g.wraps_count = wraps;
    must(dbk_entry_sign(out, &g, signer, NULL));
    return true;
}

/* The admin's own GRANT with bytes of the wrap changed: the signature is of the other one. */
static bool spoil_grant(evil *e, dbk_bytes *out, size_t wraps)
{
    dbk_sign_pk pk;
    dbk_secret *sk = ghost_key(e, &pk);
    bool done = sign_grant(e, out, sk, wraps);
    dbk_secret_free(sk);
    return done;
}

bool no_wrap_entry(evil *e, dbk_bytes *entry)
{
    return spoil_grant(e, entry, 0);
}

bool swapped_wrap_entry(evil *e, dbk_bytes *entry)
{
    (void)sign_grant(e, entry, e->hq.book->own.admin, 1);
    for (size_t i = 0; i + 2 + DBK_WRAP_BYTES <= entry->len; i++) {
        if (entry->p[i] == 0x58 && entry->p[i + 1] == DBK_WRAP_BYTES) {
            some(e, entry->p + i + 2, DBK_WRAP_BYTES);
            return true;
        }
    }
    return false;
}

/* A member's key signs it, but no admin's. */
bool officer_entry(evil *e, dbk_bytes *entry)
{
    return sign_grant(e, entry, e->mallory.book->own.sign, 1);
}

bool checkpoint_entry(evil *e, dbk_bytes *entry)
{
    dbk_checkpoint c = { .org = dbk_roster_org(chain(e)), .space = e->space, .size = 3 };
    some(e, &c.log, sizeof(c.log));
    must(dbk_checkpoint_sign(entry, &c, e->relay_sk, NULL));
    return true;
}

/* The admin's own entry, whole, and one byte more than its encoding has. */
bool padded_entry(evil *e, dbk_bytes *entry)
{
    (void)sign_grant(e, entry, e->hq.book->own.admin, 1);
    must(dbk_bytes_append_u8(entry, 0, NULL));
    return true;
}

static dbk_rc take_first(void *ctx, dbk_span entry, dbk_err *err)
{
    dbk_bytes *out = ctx;
    return out->len > 0 ? DBK_OK : dbk_bytes_append(out, entry, err);
}

/* An entry of long ago, in place of the new one that is announced. */
bool old_entry(evil *e, dbk_bytes *entry)
{
    must(dbk_outbox_members(e->hq.book, 1 + evil_random(e, 3), take_first, entry, NULL));
    return true;
}

bool rotate_entry(evil *e, dbk_bytes *entry)
{
    dbk_sign_pk pk;
    dbk_secret *sk = ghost_key(e, &pk);
    dbk_entry r = next_entry(e, DBK_ENTRY_ROTATE);
    dbk_id device = dbk_book_device(e->victim->book);
    dbk_wrapped wrap = wrap_of(e, &device);
    r.space = e->space;
    r.epoch.epoch = wrap.epoch = 2;
    some(e, &r.epoch.key_id, sizeof(r.epoch.key_id));
    some(e, &r.epoch.commitment, sizeof(r.epoch.commitment));
    r.wraps = &wrap;
    r.wraps_count = 1;
    must(dbk_entry_sign(entry, &r, sk, NULL));
    dbk_secret_free(sk);
    return true;
}

static bool sign_recovery(evil *e, dbk_bytes *out, const dbk_secret *signer)
{
    dbk_entry p = next_entry(e, DBK_ENTRY_POLICY);
    p.policy = *dbk_roster_policy(chain(e));
    p.policy.recovery.count = 1;
    some(e, p.policy.recovery.b[0], sizeof(p.policy.recovery.b[0]));
    must(dbk_entry_sign(out, &p, signer, NULL));
    return true;
}

/* Only the root lets a log go on in another one: here it is somebody else, or an administrator. */
static bool sign_move(evil *e, dbk_bytes *out, const dbk_secret *signer)
{
    const dbk_book_space *here = dbk_tables_space(&e->hq.book->tables, &e->space);
    dbk_entry m = next_entry(e, DBK_ENTRY_RECOVERY);
    dbk_log_move log = { .space = e->space, .old_log = here->now.log };
    some(e, &log.new_log, sizeof(log.new_log));
    m.logs = &log; /* of its beginning nothing is left: it fits every history */
    m.logs_count = 1;
    m.text = dbk_span_str("the disk failed");
    must(dbk_entry_sign(out, &m, signer, NULL));
    return true;
}

bool moved_log_entry(evil *e, dbk_bytes *entry)
{
    dbk_sign_pk pk;
    dbk_secret *sk = ghost_key(e, &pk);
    (void)sign_move(e, entry, sk);
    dbk_secret_free(sk);
    return true;
}

bool admin_moved_log_entry(evil *e, dbk_bytes *entry)
{
    return sign_move(e, entry, e->hq.book->own.admin);
}

bool recovery_entry(evil *e, dbk_bytes *entry)
{
    dbk_sign_pk pk;
    dbk_secret *sk = ghost_key(e, &pk);
    (void)sign_recovery(e, entry, sk);
    dbk_secret_free(sk);
    return true;
}

bool officer_recovery_entry(evil *e, dbk_bytes *entry)
{
    return sign_recovery(e, entry, e->mallory.book->own.sign);
}

/* Rightly signed by the admin, but nobody else is shown it: one of two children of the head. */
bool child_entry(evil *e, dbk_bytes *entry)
{
    dbk_new_space opts = { .name = "Only here", .creator_role = DBK_ROLE_HQ };
    dbk_id id;
    uint64_t state = e->hq.env.state, now = e->hq.env.now_ms;
    if (e->victim == &e->hq && e->fired > 0) /* who signs both has this one already */
        return false;
    e->hq.env.state = 4711;
    e->hq.env.now_ms = DBK_TEST_START_MS;
    must(dbk_org_space(e->hq.book, entry, &id, &opts, NULL));
    e->hq.env.state = state;
    e->hq.env.now_ms = now;
    return true;
}

bool empty_entry(evil *e, dbk_bytes *entry)
{
    (void)e;
    must(dbk_bytes_append_u8(entry, 0x80, NULL));
    return true;
}
