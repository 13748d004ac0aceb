#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/env.h"
#include "core/crypto/hash.h"
#include "tests/lib/session_play.h"

static void counting_random(void *self, uint8_t *out, size_t len)
{
    uint8_t *next = self;
    for (size_t i = 0; i < len; i++)
        out[i] = (*next)++;
}

dbk_id play_id(uint8_t b)
{
    dbk_id id = { { 0 } };
    id.b[0] = b;
    return id;
}

dbk_hash play_hash(uint8_t b)
{
    dbk_hash h = { { 0 } };
    h.b[0] = b;
    return h;
}

/* Shows what went before when a test's script doesn't fit the session's wishes. */
static void must_be(const play *p, bool ok)
{
    if (!ok)
        fail_msg("the session wants something else:\n%s", p->trace);
}

play *play_new(size_t spaces)
{
    static play p;
    static uint8_t random;
    dbk_err err = { 0 };
    dbk_env env = { .random = counting_random, .self = &random };
    memset(&p, 0, sizeof(p));
    random = 1;
    assert_ok(dbk_crypto_init(&err), &err);
    assert_ok(dbk_sign_keypair(&p.trust.relay, &p.relay_sk, &env, &err), &err);
    p.trust.org = play_id(0x0f);
    for (size_t i = 0; i < ARRAY_LEN(p.spaces); i++)
        p.spaces[i].space = play_id((uint8_t)(0xa1 + i));
    p.local = (dbk_local){ 5, play_hash(5), p.spaces, spaces };
    dbk_bytes_init(&p.answer, 1 << 20);
    assert_ok(dbk_session_new(&p.s, &err), &err);
    return &p;
}

void play_end(play *p)
{
    dbk_session_check_deep(p->s);
    dbk_session_free(p->s);
    dbk_secret_free(p->relay_sk);
    dbk_bytes_wipe(&p->answer);
}

static void write_down(play *p, const char *fmt, ...)
{
    size_t used = strlen(p->trace);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(p->trace + used, sizeof(p->trace) - used, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof(p->trace) - used);
}

/* Ids in targets are 32 digits, of which the first two tell all. */
static void write_target(play *p, const char *target)
{
    const char *id = strstr(target, "/v1/spaces/");
    if (id == NULL)
        write_down(p, " %s", target);
    else
        write_down(p, " %.13s%s", target, target + 11 + 32);
}

static void write_request(play *p, const dbk_session_request *r)
{
    write_down(p, "%s", r->method);
    write_target(p, r->target);
    if (r->has_body && r->content_type[12] == 'j')
        write_down(p, " %.*s", (int)(r->body.len > 20 ? 16 : r->body.len), r->body.p);
    else if (r->has_body)
        write_down(p, " %zu bytes", r->body.len);
    if (r->nonce[0] != '\0')
        write_down(p, " nonce %s", r->nonce);
}

static void write_ahead(play *p)
{
    if (p->a.ahead.method != NULL) {
        write_down(p, "; ahead ");
        write_request(p, &p->a.ahead);
    }
    write_down(p, "\n");
}

static void write_action(play *p)
{
    const dbk_session_action *a = &p->a;
    switch (a->kind) {
    case DBK_ACTION_NONE:
        break;
    case DBK_ACTION_SEND:
        write_down(p, "%u: ", (unsigned)a->round);
        write_request(p, &a->request);
        write_down(p, "\n");
        break;
    case DBK_ACTION_LOAD:
        write_down(p, "load %02x after %llu, at most %u\n", a->space.b[0],
                   (unsigned long long)a->after_seq, (unsigned)a->count_max);
        break;
    case DBK_ACTION_LOAD_STRAYS:
        write_down(p, "load strays of %02x, skip %llu, at most %u\n", a->space.b[0],
                   (unsigned long long)a->after_seq, (unsigned)a->count_max);
        break;
    case DBK_ACTION_LOAD_ENTRY:
        write_down(p, "load entry %llu\n", (unsigned long long)a->after_seq);
        break;
    case DBK_ACTION_LOAD_REFILL:
        write_down(p, "load refill of %02x from %llu, at most %u\n", a->space.b[0],
                   (unsigned long long)a->after_seq, (unsigned)a->count_max);
        break;
    case DBK_ACTION_TAKE_MEMBERS:
        write_down(p, "take members, %zu bytes\n", a->entries.len);
        break;
    case DBK_ACTION_TAKE_COSIGNED:
        write_down(p, "take %zu cosigned of %02x\n", a->cosigned_count, a->space.b[0]);
        break;
    case DBK_ACTION_TAKE_RECEIPTS:
        write_down(p, "take %zu receipts of %02x", a->acked_count, a->space.b[0]);
        write_ahead(p);
        break;
    case DBK_ACTION_TAKE_RANGE:
        write_down(p, "take %02x from %llu, %u", a->space.b[0], (unsigned long long)a->range.from,
                   (unsigned)a->range.count);
        write_ahead(p);
        break;
    case DBK_ACTION_BEGIN:
        write_down(p, "begin %02x\n", a->space.b[0]);
        break;
    case DBK_ACTION_WAIT:
        write_down(p, "wait\n");
        break;
    case DBK_ACTION_DONE:
        write_down(p, "done\n");
        break;
    case DBK_ACTION_FAIL:
        write_down(p, "fail %s: %s\n", dbk_rc_name(a->failure->rc), a->failure->text);
        break;
    }
}

void play_step(play *p, dbk_session_event e)
{
    dbk_session_action next;
    e.random = 7;
    dbk_session_step(p->s, &next, &e);
    dbk_session_check_deep(p->s);
    if (next.kind == DBK_ACTION_NONE) {
        write_down(p, "nothing\n"); /* what was wanted is still wanted */
        return;
    }
    p->a = next;
    write_action(p);
}

void play_start(play *p)
{
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_START,
                                      .local = &p->local,
                                      .trust = &p->trust,
                                      .nonce = "n0",
                                      .rounds_max = p->rounds_max });
}

void play_answer(play *p, int status)
{
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_ANSWER,
                                      .round = p->a.round,
                                      .status = status,
                                      .body = dbk_bytes_span(&p->answer),
                                      .nonce = "n1" });
}

void play_say(play *p, int status, const char *body)
{
    dbk_bytes_truncate(&p->answer, 0);
    assert_int_equal(dbk_bytes_append_str(&p->answer, body, NULL), DBK_OK);
    play_answer(p, status);
}

void play_lose(play *p)
{
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_FAILED,
                                      .round = p->a.round,
                                      .rc = DBK_UNREACHABLE,
                                      .why = "the connection broke" });
}

void play_take(play *p, dbk_rc rc, const char *why)
{
    must_be(p, p->a.kind == DBK_ACTION_TAKE_MEMBERS || p->a.kind == DBK_ACTION_TAKE_RECEIPTS ||
                   p->a.kind == DBK_ACTION_TAKE_RANGE || p->a.kind == DBK_ACTION_TAKE_COSIGNED ||
                   p->a.kind == DBK_ACTION_BEGIN);
    play_step(p, (dbk_session_event){
                     .kind = DBK_EVENT_TAKEN, .rc = rc, .why = why, .local = &p->local });
}

void play_let_go(play *p, const char *why)
{
    must_be(p, p->a.kind == DBK_ACTION_TAKE_RANGE);
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_TAKEN,
                                      .rc = DBK_PENDING,
                                      .why = why,
                                      .let_go = true,
                                      .local = &p->local });
}

void play_timer(play *p)
{
    must_be(p, p->a.kind == DBK_ACTION_WAIT);
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_TIMER });
}

/* ---- what a relay says --------------------------------------------------------------- */

void play_make_note(play *p, dbk_bytes *note, size_t i, const play_there *t)
{
    dbk_checkpoint c = { .org = p->trust.org,
                         .space = p->spaces[i].space,
                         .log = play_id(t->log != 0 ? t->log : (uint8_t)(0x10 + i)),
                         .size = t->size,
                         .root = t->root };
    assert_int_equal(dbk_checkpoint_sign(note, &c, p->relay_sk, NULL), DBK_OK);
}

void play_welcome(play *p, uint64_t members, const play_there *spaces)
{
    char notes[3][512] = { "", "", "" }, said[3][512] = { "", "", "" };
    const char *const cosigned[3] = { said[0], said[1], said[2] };
    dbk_feed_head feeds[3];
    dbk_welcome_space out[3] = { 0 };
    dbk_welcome w = { .members_count = members,
                      .members_head = play_hash((uint8_t)members),
                      .segments_max = 4,
                      .push_bytes_max = DBK_PUSH_BYTES_MAX,
                      .range_bytes_max = 1 << 20,
                      .spaces = out,
                      .spaces_count = p->local.spaces_count };
    for (size_t i = 0; i < p->local.spaces_count; i++) {
        dbk_bytes note = DBK_BYTES_INIT(512);
        if (spaces[i].size > 0 && !spaces[i].no_note)
            play_make_note(p, &note, i, &spaces[i]);
        if (note.len > 0)
            memcpy(notes[i], note.p, note.len);
        dbk_bytes_truncate(&note, 0);
        play_there then = spaces[i];
        then.size = spaces[i].said_size;
        then.log ^= spaces[i].said_log;
        then.root.b[0] ^= spaces[i].said_other;
        if (then.size > 0)
            play_make_note(p, &note, i, &then);
        if (note.len > 0)
            memcpy(said[i], note.p, note.len);
        dbk_bytes_wipe(&note);
        feeds[i] = (dbk_feed_head){ p->spaces[i].own_feed, spaces[i].own_seq, spaces[i].own_head };
        out[i] = (dbk_welcome_space){ .space = p->spaces[i].space,
                                      .log = play_id(spaces[i].log != 0 ? spaces[i].log
                                                                        : (uint8_t)(0x10 + i)),
                                      .size = spaces[i].size,
                                      .checkpoint = notes[i],
                                      .cosigned = &cosigned[i],
                                      .cosigned_count = then.size > 0 ? 1 : 0,
                                      .feeds = &feeds[i],
                                      .feeds_count = spaces[i].own_seq > 0 ? 1 : 0,
                                      .snapshot = spaces[i].snapshot };
    }
    dbk_bytes_truncate(&p->answer, 0);
    assert_int_equal(dbk_welcome_encode(&p->answer, &w, NULL), DBK_OK);
    play_answer(p, 200);
}

static dbk_header one_op(const play *p, size_t i, uint64_t seq, const dbk_hash *prev)
{
    return (dbk_header){ .count = 1,
                         .space = p->spaces[i].space,
                         .feed = p->spaces[i].own_feed,
                         .incarnation = play_id(1),
                         .first_seq = seq,
                         .prev = *prev,
                         .key_id = play_id(2),
                         .op_root = play_hash(3),
                         .members_seen = play_hash(5),
                         .body_len = 6 };
}

/* Own segments after the seq that the session asked for, one op each, chained. */
static dbk_hash prev_of[3];
void play_load(play *p, size_t i, uint32_t count)
{
    must_be(p, p->a.kind == DBK_ACTION_LOAD);
    uint64_t after = p->a.after_seq;
    dbk_err err = { 0 };
    dbk_rc rc = DBK_OK;
    for (uint32_t k = 0; k < count && rc == DBK_OK; k++) {
        dbk_header h = one_op(p, i, after + 1 + k, &prev_of[i]);
        uint8_t raw[DBK_SEGMENT_HEADER_BYTES];
        dbk_header_encode(raw, &h);
        const dbk_sealed segment = { dbk_span_of(raw, sizeof(raw)), dbk_span_str("frame1"), false };
        rc = dbk_session_add(p->s, &segment, &err);
        if (rc == DBK_OK)
            prev_of[i] = dbk_header_hash(&h);
    }
    p->heads[i] = prev_of[i];
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_BATCH, .rc = rc, .why = err.text });
}

void play_load_stray(play *p, size_t i, uint32_t count)
{
    must_be(p, p->a.kind == DBK_ACTION_LOAD_STRAYS);
    dbk_err err = { 0 };
    const dbk_hash first = { { 0 } };
    dbk_header h = one_op(p, i, 1, &first);
    uint8_t raw[DBK_SEGMENT_HEADER_BYTES];
    h.feed = play_id(0xe1);
    dbk_header_encode(raw, &h);
    const dbk_sealed segment = { dbk_span_of(raw, sizeof(raw)), dbk_span_str("frame1"), false };
    if (count > 0)
        assert_ok(dbk_session_add(p->s, &segment, &err), &err);
    play_step(p, (dbk_session_event){ .kind = DBK_EVENT_BATCH });
}

/* Writes nothing down: where the feed of a space stands when it has count ops. */
dbk_hash play_head_at(play *p, size_t i, uint64_t seq)
{
    dbk_hash prev = { { 0 } };
    for (uint64_t n = 1; n <= seq; n++) {
        dbk_header h = one_op(p, i, n, &prev);
        prev = dbk_header_hash(&h);
    }
    prev_of[i] = prev;
    return prev;
}

void play_results(play *p, size_t i, const char *statuses, uint64_t size)
{
    dbk_push_result r[8] = { 0 };
    size_t n = strlen(statuses);
    dbk_bytes note = DBK_BYTES_INIT(512);
    play_there t = { .size = size, .root = play_hash(9) };
    for (size_t k = 0; k < n; k++)
        r[k].status = (dbk_push_status)(statuses[k] - '0');
    play_make_note(p, &note, i, &t);
    dbk_bytes_truncate(&p->answer, 0);
    assert_int_equal(dbk_results_encode(&p->answer, r, n, dbk_bytes_span(&note), NULL), DBK_OK);
    dbk_bytes_wipe(&note);
    play_answer(p, 200);
}

void play_range(play *p, uint64_t from, uint32_t count)
{
    static uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_range r = { .from = from, .count = count };
    dbk_bytes_truncate(&p->answer, 0);
    assert_int_equal(dbk_range_begin(&p->answer, &r, NULL), DBK_OK);
    for (uint32_t k = 0; k < count; k++) {
        dbk_range_item item = { .segment.header = dbk_span_of(header, sizeof(header)) };
        assert_int_equal(dbk_range_add(&p->answer, &item, NULL), DBK_OK);
    }
    play_answer(p, 200);
}

void play_own_notes(play *p, size_t i, uint64_t last, uint64_t receipted)
{
    p->spaces[i].own_feed = play_id((uint8_t)(0xf1 + i));
    p->spaces[i].own_last_seq = last;
    p->spaces[i].own_receipted_seq = receipted;
    prev_of[i] = receipted > 0 ? play_hash(7) : (dbk_hash){ { 0 } };
}

void play_expect(play *p, const char *trace)
{
    assert_string_equal(p->trace, trace);
    play_end(p);
}
