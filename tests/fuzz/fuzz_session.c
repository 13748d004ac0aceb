/* A whole sync (sync/engine/session.h) with a relay and a journal that say whatever the bytes say:
 * answers that are properly signed, with any sizes, flags and statuses, some of them cut or turned;
 * notes to send, or none; what is taken or refused. The session must never be where its table of
 * moves doesn't let it be, ask for more than may come, send more than may go, or go on for ever. */
#include "tests/lib/test.h"

#include <stdint.h>
#include <string.h>

#include "core/base/env.h"
#include "core/crypto/hash.h"
#include "sync/engine/session.h"

#define SPACES 3u
#define BATCH_MAX 4u
#define STEPS_MAX 400u
#define ROUNDS_MAX 60u
#define NOTE_SIZE (DBK_CHECKPOINT_BYTES_MAX + 1u)

typedef struct world {
    const uint8_t *p; /* what is left of the input; 0s come behind it */
    size_t left;
    dbk_session *s;
    dbk_session_action a;
    dbk_trust trust;
    dbk_local local;
    dbk_local_space spaces[SPACES];
    bool out[SPACES]; /* of the space: it isn't told of any more */
    dbk_local_space told[SPACES];
    dbk_bytes answer;
} world;
static dbk_secret *relay_sk;
static dbk_sign_pk relay_pk;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(world *w)
{
    if (w->left == 0)
        return 0;
    w->left--;
    return *w->p++;
}

static bool one_in(world *w, unsigned n)
{
    return take(w) % n == n - 1;
}

static dbk_id id_of(uint8_t b)
{
    return (dbk_id){ { b } };
}

static dbk_hash hash_of(uint64_t n)
{
    return (dbk_hash){ { (uint8_t)n } };
}

static void counting_random(void *self, uint8_t *out, size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i + 1);
}

static void must(dbk_rc rc)
{
    DBK_ASSERT(rc == DBK_OK);
}

/* ---- this device --------------------------------------------------------------------------- */

static void begin_space(world *w, uint8_t i)
{
    dbk_local_space *s = &w->spaces[i];
    uint8_t what = take(w);
    *s = (dbk_local_space){ .space = id_of((uint8_t)(0xa1 + i)),
                            .strays = what % 4 == 1 ? 2 : 0,
                            .push_only = what % 16 == 2,
                            .ends = what % 16 == 3 };
    if (what & 0x40) {
        s->own_feed = id_of((uint8_t)(0xf1 + i));
        s->own_last_seq = 1 + take(w) % 8;
        s->own_receipted_seq = take(w) % (s->own_last_seq + 1);
    }
    if (what & 0x80) {
        s->log = id_of(0x10);
        s->size = take(w) % 8;
        s->root = hash_of(s->size);
        s->absent_to = what % 8 == 4 ? s->size : 0;
        s->lacks_note = what % 8 == 5 && s->size > 0;
    }
}

static const dbk_local *tell(world *w)
{
    w->local.spaces = w->told;
    w->local.spaces_count = 0;
    for (size_t i = 0; i < SPACES; i++)
        if (!w->out[i])
            w->told[w->local.spaces_count++] = w->spaces[i];
    return &w->local;
}

static dbk_local_space *space_of(world *w, const dbk_id *id)
{
    size_t i = (size_t)(id->b[0] - 0xa1);
    DBK_ASSERT(i < SPACES);
    return &w->spaces[i];
}

/* ---- the relay ----------------------------------------------------------------------------- */

static size_t put_note(world *w, char out[NOTE_SIZE], const dbk_id *space, uint64_t size)
{
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    dbk_checkpoint c = { .org = w->trust.org,
                         .space = *space,
                         .log = id_of(one_in(w, 16) ? 0x11 : 0x10),
                         .size = size,
                         .root = hash_of(one_in(w, 16) ? 99 : size) };
    must(dbk_checkpoint_sign(&note, &c, relay_sk, NULL));
    size_t len = note.len;
    memcpy(out, note.p, len);
    out[len] = '\0';
    dbk_bytes_wipe(&note);
    return len;
}

static void say_welcome(world *w)
{
    static char notes[SPACES][NOTE_SIZE], said[SPACES][NOTE_SIZE];
    const char *const words[SPACES] = { said[0], said[1], said[2] };
    dbk_feed_head feeds[SPACES];
    dbk_welcome_space spaces[SPACES] = { 0 };
    uint8_t what = take(w);
    uint64_t members = w->local.members_count + (what & 1 ? take(w) % 4 : 0);
    dbk_welcome out = { .idle = what % 32 == 9,
                        .recovering = what % 32 == 10,
                        .members_count = members,
                        .members_head = hash_of(members),
                        .segments_max = 1 + take(w) % BATCH_MAX,
                        .push_bytes_max = what & 0x40 ? 4096 : DBK_PUSH_BYTES_MAX,
                        .range_bytes_max = 1 << 20,
                        .spaces = spaces };
    for (uint8_t i = 0; i < SPACES; i++) {
        uint8_t flags = take(w);
        dbk_welcome_space *s = &spaces[out.spaces_count];
        if (flags % 16 == 7)
            continue;
        *s = (dbk_welcome_space){ .space = id_of((uint8_t)(0xa1 + i)),
                                  .log = id_of(flags % 16 == 6 ? 0x11 : 0x10),
                                  .size = take(w) % 12,
                                  .checkpoint = "",
                                  .cosigned = &words[i],
                                  .feeds = &feeds[i],
                                  .snapshot = (flags & 0x20) != 0,
                                  .reach = (flags & 0x40) != 0,
                                  .wanted = flags % 16 == 5 };
        if (!out.recovering && s->size > 0 && flags % 16 != 4) {
            (void)put_note(w, notes[i], &s->space, s->size);
            s->checkpoint = notes[i];
            s->cosigned_count = flags % 16 == 3 ? 1 : 0;
            (void)put_note(w, said[i], &s->space, s->size);
            s->feeds_count = (flags & 0x80) != 0 ? 1 : 0;
            feeds[i] = (dbk_feed_head){ id_of((uint8_t)(0xf1 + i)), 1 + take(w) % 10, hash_of(3) };
        }
        out.spaces_count++;
    }
    must(dbk_welcome_encode(&w->answer, &out, NULL));
}

static void say_results(world *w, const dbk_id *space)
{
    dbk_push_result results[BATCH_MAX + 1];
    dbk_span body = w->a.request.body;
    size_t count = body.len > 9 ? (size_t)(body.p[8] << 8 | body.p[9]) : 1;
    char note[NOTE_SIZE];
    count = count > BATCH_MAX ? 1 : count; /* it was no push: what was lost is given back */
    count += one_in(w, 16) ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t what = take(w);
        results[i] = (dbk_push_result){ .status = what < 0xc0 ? DBK_PUSH_ACCEPTED
                                                              : (dbk_push_status)(what % 9) };
    }
    dbk_id about = one_in(w, 16) ? id_of(0xa1) : *space;
    size_t len = put_note(w, note, &about, take(w) % 16);
    must(dbk_results_encode(&w->answer, results, count, dbk_span_of((uint8_t *)note, len), NULL));
}

static void say_range(world *w)
{
    static const uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    const char *from = strstr(w->a.request.target, "from=");
    uint64_t at = 0;
    for (from = from != NULL ? from + 5 : ""; *from >= '0' && *from <= '9'; from++)
        at = at * 10 + (uint64_t)(*from - '0');
    dbk_range r = { .from = at + (one_in(w, 16) ? 1 : 0), .count = take(w) % 5 };
    must(dbk_range_begin(&w->answer, &r, NULL));
    for (uint32_t i = 0; i < r.count; i++) {
        dbk_range_item item = { .segment.header = dbk_span_of(header, sizeof(header)) };
        must(dbk_range_add(&w->answer, &item, NULL));
    }
}

static dbk_id space_in(const char *target)
{
    static const char digits[] = "0123456789abcdef";
    const char *hex = target + strlen("/v1/spaces/");
    return id_of(
        (uint8_t)((strchr(digits, hex[0]) - digits) << 4 | (strchr(digits, hex[1]) - digits)));
}

static void say(world *w)
{
    const char *target = w->a.request.target;
    dbk_bytes_truncate(&w->answer, 0);
    if (strcmp(target, "/v1/hello") == 0) {
        say_welcome(w);
    } else if (strncmp(target, "/v1/spaces/", 11) == 0) {
        dbk_id space = space_in(target);
        if (w->a.request.has_body)
            say_results(w, &space);
        else
            say_range(w);
    } else {
        must(dbk_entries_add(&w->answer, dbk_span_str("an entry"), NULL));
    }
    uint8_t spoil = take(w);
    if (spoil == 0xfe && w->answer.len > 0)
        w->answer.p[take(w) % w->answer.len] ^= 1;
    if (spoil == 0xff)
        dbk_bytes_truncate(&w->answer, w->answer.len * take(w) / 256);
}

static dbk_session_event answered(world *w)
{
    static const int statuses[] = { 400, 401, 403, 404, 409, 413, 429, 500, 503, 507 };
    dbk_session_event e = { .kind = DBK_EVENT_ANSWER, .round = w->a.round, .status = 200 };
    uint8_t what = take(w);
    if (what >= 0xf8)
        return (dbk_session_event){ .kind = DBK_EVENT_FAILED,
                                    .round = w->a.round,
                                    .rc = what & 1 ? DBK_UNREACHABLE : DBK_LIMIT,
                                    .why = "no answer" };
    say(w);
    if (what >= 0xe0)
        e.status = statuses[what % ARRAY_LEN(statuses)];
    e.nonce = what & 1 ? "n" : NULL;
    e.body = dbk_bytes_span(&w->answer);
    DBK_ASSERT(w->a.request.answer_max > 0);
    DBK_ASSERT(w->a.request.body.len <= DBK_PUSH_BYTES_MAX);
    return e;
}

/* ---- the journal --------------------------------------------------------------------------- */

static dbk_rc any_rc(world *w)
{
    static const dbk_rc rcs[] = { DBK_PEER, DBK_PENDING, DBK_FULL, DBK_AUTH, DBK_CONFLICT, DBK_IO };
    uint8_t what = take(w);
    return what < 0xd0 ? DBK_OK : rcs[what % ARRAY_LEN(rcs)];
}

static dbk_session_event load(world *w)
{
    uint32_t count = take(w) % (BATCH_MAX + 1);
    dbk_session_event e = { .kind = DBK_EVENT_BATCH, .rc = any_rc(w), .why = "it is so" };
    dbk_local_space *s = space_of(w, &w->a.space);
    dbk_hash prev = hash_of(3);
    count = count < w->a.count_max ? count : w->a.count_max;
    for (uint32_t i = 0; i < count && e.rc == DBK_OK; i++) {
        uint8_t raw[DBK_SEGMENT_HEADER_BYTES];
        dbk_err err = { 0 };
        dbk_header h = { .count = 1,
                         .space = s->space,
                         .feed = s->own_feed,
                         .incarnation = id_of(1),
                         .first_seq = w->a.after_seq + 1 + i,
                         .prev = w->a.after_seq + i == 0 ? (dbk_hash){ { 0 } } : prev,
                         .body_len = 6 };
        dbk_header_encode(raw, &h);
        prev = dbk_header_hash(&h);
        const dbk_sealed segment = { dbk_span_of(raw, sizeof(raw)), dbk_span_str("frame1"), false };
        e.rc = dbk_session_add(w->s, &segment, &err);
    }
    return e;
}

static dbk_session_event give(world *w)
{
    dbk_session_event e = { .kind = DBK_EVENT_BATCH, .rc = any_rc(w), .why = "it is so" };
    if (e.rc == DBK_OK && !one_in(w, 3))
        e.rc = dbk_session_give(w->s, dbk_span_str("what was lost"), 1 + take(w) % 3, NULL);
    return e;
}

/* What the journal takes moves this device; sometimes out of a space. */
static dbk_session_event taken(world *w)
{
    dbk_session_event e = { .kind = DBK_EVENT_TAKEN, .rc = any_rc(w), .why = "it is so" };
    bool ok = e.rc == DBK_OK;
    e.let_go = e.rc == DBK_PENDING && one_in(w, 2);
    if (w->a.kind == DBK_ACTION_TAKE_MEMBERS) {
        w->local.members_count += ok ? take(w) % 4 : 0;
        w->local.members_head = hash_of(w->local.members_count);
        w->out[take(w) % SPACES] = one_in(w, 3);
        e.local = tell(w);
    } else if (w->a.kind != DBK_ACTION_TAKE_COSIGNED && ok) {
        dbk_local_space *s = space_of(w, &w->a.space);
        bool moves = w->a.kind != DBK_ACTION_TAKE_RECEIPTS;
        if (w->a.kind == DBK_ACTION_TAKE_RECEIPTS)
            s->own_receipted_seq = s->own_last_seq;
        else if (w->a.kind == DBK_ACTION_TAKE_RANGE && w->a.comes_back)
            s->absent_from = w->a.range.from + w->a.range.count;
        else if (w->a.kind == DBK_ACTION_TAKE_RANGE)
            s->size = w->a.range.from + w->a.range.count;
        else
            s->size += take(w) % 6;
        s->absent_to = s->absent_from >= s->absent_to ? 0 : s->absent_to;
        s->log = moves ? id_of(0x10) : s->log;
        s->root = hash_of(s->size);
        w->out[take(w) % SPACES] = one_in(w, 8);
        bool told = w->a.kind != DBK_ACTION_TAKE_RANGE || w->a.comes_back || w->a.brings_own;
        e.local = told ? tell(w) : NULL;
    }
    return e;
}

static dbk_session_event next_event(world *w)
{
    switch (w->a.kind) {
    case DBK_ACTION_SEND:
        return answered(w);
    case DBK_ACTION_LOAD:
    case DBK_ACTION_LOAD_STRAYS:
        return load(w);
    case DBK_ACTION_LOAD_ENTRY:
    case DBK_ACTION_LOAD_REFILL:
        return give(w);
    case DBK_ACTION_WAIT:
        return (dbk_session_event){ .kind = DBK_EVENT_TIMER };
    default:
        return taken(w);
    }
}

static bool is_over(const world *w)
{
    return w->a.kind == DBK_ACTION_DONE || w->a.kind == DBK_ACTION_FAIL;
}

static void prepare(void)
{
    const dbk_env env = { .random = counting_random };
    if (relay_sk != NULL)
        return;
    must(dbk_crypto_init(NULL));
    must(dbk_sign_keypair(&relay_pk, &relay_sk, &env, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world w = { .p = data, .left = size, .answer = DBK_BYTES_INIT(1u << 20) };
    unsigned steps = 0;
    prepare();
    w.trust = (dbk_trust){ id_of(0x0f), relay_pk };
    w.local = (dbk_local){ .members_count = 5, .members_head = hash_of(5) };
    for (uint8_t i = 0; i < SPACES; i++)
        begin_space(&w, i);
    must(dbk_session_new(&w.s, NULL));
    dbk_session_event e = { .kind = DBK_EVENT_START,
                            .local = tell(&w),
                            .trust = &w.trust,
                            .nonce = "n0",
                            .rounds_max = ROUNDS_MAX };
    for (;;) {
        e.random = 7;
        dbk_session_step(w.s, &w.a, &e);
        dbk_session_check_deep(w.s);
        if (is_over(&w))
            break;
        DBK_ASSERT(w.a.kind != DBK_ACTION_NONE && ++steps < STEPS_MAX);
        e = next_event(&w);
    }
    DBK_ASSERT(w.a.kind == DBK_ACTION_DONE || w.a.failure->rc != DBK_OK);
    dbk_session_free(w.s);
    dbk_bytes_wipe(&w.answer);
    return 0;
}
