/* A request of hostile bytes against a whole relay in this process. The first byte says how:
 *   'h'  the rest is an HTTP head in lines and a body: through the gate, then handled as it is
 *   's'  the next byte chooses a call, the rest is its query or body: signed by a member
 *   'a'  the same, signed by an admin
 *   'p'  three bytes each (offset u16, change u8) spoil a proper push, which a member signs
 *   'c'  the same of a witness's word about the log: the note that a member posts
 * Whatever comes in, an answer goes out with a proper status, and what is stored stays sound. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The kit is no part of a library here: fuzz targets link without cmocka. */
#include "tests/lib/env.c"
#include "tests/lib/pgkit.c"
#include "tests/lib/relaykit.c"

#include "sync/relay/gate.h"

#define CHECK_EVERY 256u

static struct {
    bool ready;
    relaykit kit;
    relaykit_device officer;
    dbk_id space;
    char segments[96], proof[96], cosign[96];
    dbk_secret *witness;
    uint64_t time_s; /* of its last word */
    uint64_t runs;
} f;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only the files: at this time the crypto library has been torn down already. */
static void finish(void)
{
    dbk_test_dir_remove(f.kit.dir);
}

static void prepare(void)
{
    if (f.ready)
        return;
    f.ready = true;
    DBK_ASSERT(atexit(finish) == 0);
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    relaykit_space_target(f.segments, &f.space, "segments");
    relaykit_space_target(f.proof, &f.space, "proof");
    relaykit_space_target(f.cosign, &f.space, "cosign");
    dbk_sign_pk pk;
    dbk_bytes entry = { 0 };
    MUST(dbk_sign_keypair(&pk, &f.witness, &f.kit.env.env, NULL));
    DBK_ASSERT(relaykit_post(&f.kit, relaykit_entry_policy(&f.kit, &entry, &pk, 1)) == 200);
    dbk_bytes_wipe(&entry);
}

static void check_answer(dbk_relay_answer *a)
{
    static const int statuses[] = { 200, 204, 400, 401, 403, 404, 409, 413, 503, 507 };
    char word[DBK_ERROR_WORD_MAX + 1];
    bool known = false;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        known = known || a->status == statuses[i];
    DBK_ASSERT(known);
    if (a->status >= 400 && a->body.len > 0 && strcmp(a->content_type, "text/plain") != 0)
        DBK_ASSERT(dbk_error_decode(word, dbk_bytes_span(&a->body), NULL) == DBK_OK);
    dbk_bytes_wipe(&a->body);
}

/* Up to the next line feed, which is taken off too. */
static dbk_span line_of(dbk_span *in)
{
    const uint8_t *end = in->len > 0 ? memchr(in->p, '\n', in->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->p) : in->len;
    dbk_span line = { in->p, len };
    size_t step = end != NULL ? len + 1 : len;
    in->p += step;
    in->len -= step;
    return line;
}

static dbk_span word_of(dbk_span *in, char stop)
{
    const uint8_t *end = in->len > 0 ? memchr(in->p, stop, in->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->p) : in->len;
    dbk_span word = { in->p, len };
    size_t step = end != NULL ? len + 1 : len;
    in->p += step;
    in->len -= step;
    return word;
}

static void head(dbk_span in)
{
    dbk_gate gate;
    dbk_relay_answer a = { 0 };
    dbk_span first = line_of(&in);
    dbk_gate_line line;
    line.method = word_of(&first, ' ');
    line.target = word_of(&first, ' ');
    line.version = first;
    dbk_gate_begin(&gate, &line);
    for (dbk_span field = line_of(&in); field.len > 0; field = line_of(&in)) {
        dbk_span name = word_of(&field, ':');
        dbk_gate_field(&gate, name, field);
    }
    if (!dbk_gate_end(&gate, 0)) {
        DBK_ASSERT(gate.head.path.p == NULL);
        return;
    }
    if (gate.head.has_body) {
        dbk_relay_expects expects = dbk_relay_expect(f.kit.relay, &gate.head);
        if (gate.length > expects.body_max)
            return;
        gate.head.body = dbk_span_of(in.p, gate.length < in.len ? (size_t)gate.length : in.len);
    }
    gate.head.now_ms = f.kit.now_ms;
    dbk_relay_handle(f.kit.relay, &a, &gate.head);
    check_answer(&a);
}

static void signed_call(relaykit_device *d, dbk_span in)
{
    const struct {
        const char *method, *path;
        bool body;
    } calls[] = {
        { "POST", "/v1/hello", true },
        { "POST", f.segments, true },
        { "GET", f.segments, false },
        { "GET", f.proof, false },
        { "GET", "/v1/members", false },
        { "POST", "/v1/members", true },
        { "POST", "/v1/org", true },
        { "GET", "/v1/join", false },
        { "PUT", "/v1/join/0123456789abcdef0123456789abcdef", true },
        { "POST", "/v1/join/0123456789abcdef0123456789abcdef", true },
        { "POST", "/v1/proposals", true },
        { "GET", "/v1/proposals", false },
        { "POST", "/v1/proposals/0123456789abcdef0123456789abcdef/decline", true },
        { "POST", f.cosign, true },
    };
    char target[1024];
    dbk_relay_answer a;
    if (in.len == 0)
        return;
    size_t which = (uint8_t)(in.p[0] - '0') % (sizeof(calls) / sizeof(calls[0]));
    dbk_span rest = { in.p + 1, in.len - 1 };
    relaykit_request req = { calls[which].method, calls[which].path, { NULL, 0 }, "code" };
    if (calls[which].body) {
        req.body = rest;
    } else if (rest.len > 0) {
        (void)snprintf(target, sizeof(target), "%s?%.*s", req.target,
                       (int)(rest.len < 800 ? rest.len : 800), (const char *)rest.p);
        for (char *c = target; *c != '\0'; c++) /* what the gate lets through */
            *c = *c > ' ' && *c < 0x7f ? *c : '_';
        req.target = target;
    }
    (void)relaykit_call(&f.kit, d, &a, &req);
    check_answer(&a);
}

/* A proper segment, spoiled: taken only if nothing was really changed. */
static void spoiled_push(dbk_span in)
{
    relaykit_segment s;
    dbk_relay_answer a;
    static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    dbk_span note;
    size_t count;
    bool same = true;
    dbk_bytes push = DBK_BYTES_INIT(4096), before = DBK_BYTES_INIT(4096);
    relaykit_feed feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    relaykit_segment_make(&f.kit, &s, &feed, 2, 30);
    dbk_sealed item = { dbk_span_of(s.raw, sizeof(s.raw)), dbk_bytes_span(&s.body), false };
    MUST(dbk_push_begin(&push, NULL));
    MUST(dbk_push_add(&push, &item, NULL));
    MUST(dbk_bytes_append(&before, dbk_bytes_span(&push), NULL));
    for (; in.len >= 3; in.p += 3, in.len -= 3)
        push.p[((size_t)in.p[0] << 8 | in.p[1]) % push.len] ^= in.p[2];
    same = dbk_span_equal(dbk_bytes_span(&push), dbk_bytes_span(&before));
    relaykit_request req = { "POST", f.segments, dbk_bytes_span(&push), NULL };
    int status = relaykit_call(&f.kit, &f.officer, &a, &req);
    if (status == 200) {
        MUST(dbk_results_decode(results, &count, &note, dbk_bytes_span(&a.body), NULL));
        DBK_ASSERT(count == 1);
        /* The feeds of one device are counted: when there are enough, a good one is refused too. */
        if (!same)
            DBK_ASSERT(results[0].status == DBK_PUSH_REFUSED);
    }
    check_answer(&a);
    dbk_bytes_wipe(&push);
    dbk_bytes_wipe(&before);
    relaykit_segment_wipe(&s);
}

/* The officer's log grows by one segment, whose note the relay signs. */
static void new_note(dbk_bytes *note)
{
    relaykit_segment s;
    static relaykit_pushed p;
    static relaykit_feed feed;
    if (feed.device == NULL)
        feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    relaykit_segment_make(&f.kit, &s, &feed, 1, 30);
    DBK_ASSERT(relaykit_push(&f.kit, &f.officer, &p, &s, 1) == 200);
    MUST(dbk_bytes_append(note, p.checkpoint, NULL));
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
}

/* A proper word of the witness, spoiled: taken only if nothing was really changed. */
static void spoiled_word(dbk_span in)
{
    dbk_relay_answer a;
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX), before = note;
    static uint8_t kept[DBK_CHECKPOINT_BYTES_MAX];
    static size_t kept_len;
    if (kept_len == 0) { /* one log state for all runs: its words differ by their time */
        new_note(&note);
        kept_len = note.len;
        memcpy(kept, note.p, kept_len);
        dbk_bytes_truncate(&note, 0);
    }
    MUST(dbk_bytes_append(&note, dbk_span_of(kept, kept_len), NULL));
    MUST(dbk_checkpoint_cosign(&note, ++f.time_s, f.witness, NULL));
    MUST(dbk_bytes_append(&before, dbk_bytes_span(&note), NULL));
    for (; in.len >= 3; in.p += 3, in.len -= 3)
        note.p[((size_t)in.p[0] << 8 | in.p[1]) % note.len] ^= in.p[2];
    relaykit_request req = { "POST", f.cosign, dbk_bytes_span(&note), NULL };
    int status = relaykit_call(&f.kit, &f.officer, &a, &req);
    DBK_ASSERT((status == 204) == dbk_span_equal(dbk_bytes_span(&note), dbk_bytes_span(&before)));
    check_answer(&a);
    dbk_bytes_wipe(&note);
    dbk_bytes_wipe(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prepare();
    if (size == 0)
        return 0;
    dbk_span rest = { data + 1, size - 1 };
    switch (data[0]) {
    case 'h':
        head(rest);
        break;
    case 's':
        signed_call(&f.officer, rest);
        break;
    case 'a':
        signed_call(&f.kit.admin, rest);
        break;
    case 'p':
        spoiled_push(rest);
        break;
    case 'c':
        spoiled_word(rest);
        break;
    default:
        return 0;
    }
    if (++f.runs % CHECK_EVERY == 0)
        (void)relaykit_check(&f.kit);
    return 0;
}
