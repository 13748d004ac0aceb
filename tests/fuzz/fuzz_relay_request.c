/* A request of hostile bytes against a whole relay in this process. The first byte says how:
 *   'h'  the rest is an HTTP head in lines and a body: through the gate, then handled as it is
 *   's'  the next byte chooses a call, the rest is its query or body: signed by a member
 *   'a'  the same, signed by an admin
 *   'p'  three bytes each (offset u16, change u8) spoil a proper push, which a member signs
 *   'm'  the same of a segment that a hostile member makes: spoiled first, and signed then, so that
 *        what stands behind the signature is reached; the next byte says whether the hash and
 *        length of its body are set right as well
 *   'c'  the same of a witness's word about the log: the note that a member posts
 *   'n'  the next byte chooses what of a proper snapshot is spoiled: its part, manifest or
 *        confirmation, which two desks send
 * Whatever comes in, an answer goes out with a proper status, and what is stored stays sound. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The kit is no part of a library here: fuzz targets link without cmocka. */
#include "tests/lib/env.c"
#include "tests/lib/pgkit.c"
#include "tests/lib/relaykit.c"
#include "tests/lib/relaykit_segment.c"

#include "sync/engine/msg_snapshot.h"
#include "sync/relay/gate.h"

#define CHECK_EVERY 256u

static struct {
    bool ready;
    relaykit kit;
    relaykit_device officer, desk, second;
    dbk_id space;
    char segments[96], proof[96], cosign[96], snapshot[96], part[96], confirm[96];
    uint8_t note[DBK_CHECKPOINT_BYTES_MAX]; /* of one state of the log, for all runs */
    size_t note_len;
    uint32_t snapshots;
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
    relaykit_enrol(&f.kit, &f.desk, DBK_ROLE_HQ);
    relaykit_enrol(&f.kit, &f.second, DBK_ROLE_HQ);
    const relaykit_device *members[] = { &f.officer, &f.desk, &f.second, &f.kit.admin };
    f.space = relaykit_space(&f.kit, members, 4);
    relaykit_space_target(f.segments, &f.space, "segments");
    relaykit_space_target(f.proof, &f.space, "proof");
    relaykit_space_target(f.cosign, &f.space, "cosign");
    relaykit_space_target(f.snapshot, &f.space, "snapshot");
    relaykit_space_target(f.part, &f.space, "snapshot/part");
    relaykit_space_target(f.confirm, &f.space, "snapshot/confirm");
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
        { "POST", f.part, true },
        { "POST", f.snapshot, true },
        { "POST", f.confirm, true },
        { "GET", f.snapshot, false },
        { "GET", f.part, false },
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

/* What a member signs who means harm. Of one feed that goes on, so that chains are tried too. */
static void hostile_segment(dbk_span in)
{
    static relaykit_feed feed;
    static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    static dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    relaykit_segment s;
    dbk_relay_answer a;
    dbk_span note;
    size_t count;
    dbk_bytes push = DBK_BYTES_INIT(4096);
    if (in.len == 0)
        return;
    bool mend = in.p[0] % 2 == 1;
    if (feed.device == NULL)
        feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    const relaykit_feed before = feed;
    relaykit_segment_make(&f.kit, &s, &feed, 2, 30);
    for (in.p++, in.len--; in.len >= 3; in.p += 3, in.len -= 3) {
        size_t at = ((size_t)in.p[0] << 8 | in.p[1]) % (sizeof(s.raw) + s.body.len);
        uint8_t *p = at < sizeof(s.raw) ? &s.raw[at] : &s.body.p[at - sizeof(s.raw)];
        *p ^= in.p[2];
    }
    bool whole = dbk_header_decode(&s.header, dbk_span_of(s.raw, sizeof(s.raw)), NULL) == DBK_OK;
    if (whole && mend) {
        s.header.body_len = (uint32_t)s.body.len;
        if (dbk_body_split(frames, &s.header, dbk_bytes_span(&s.body), NULL) == DBK_OK)
            s.header.op_root = dbk_frames_root(frames, s.header.count);
    }
    if (whole)
        relaykit_segment_sign(&s, &f.officer);
    dbk_sealed item = { dbk_span_of(s.raw, sizeof(s.raw)), dbk_bytes_span(&s.body), false };
    MUST(dbk_push_begin(&push, NULL));
    bool taken = false;
    relaykit_request req = { "POST", f.segments, { NULL, 0 }, NULL };
    /* What has no place in a push has been tried above, as bytes. */
    if (dbk_push_add(&push, &item, NULL) == DBK_OK)
        req.body = dbk_bytes_span(&push);
    if (req.body.len > 0 && relaykit_call(&f.kit, &f.officer, &a, &req) == 200) {
        MUST(dbk_results_decode(results, &count, &note, dbk_bytes_span(&a.body), NULL));
        DBK_ASSERT(count == 1);
        taken = results[0].status == DBK_PUSH_ACCEPTED;
    }
    /* Whatever was signed: a segment is taken behind the head of its feed, or it begins one. */
    if (taken && dbk_id_equal(&s.header.feed, &before.feed)) {
        DBK_ASSERT(s.header.first_seq == before.last_seq + 1);
        DBK_ASSERT(dbk_hash_equal(&s.header.prev, &before.head));
        feed.last_seq = dbk_header_last_seq(&s.header);
        feed.head = s.hash;
    } else {
        DBK_ASSERT(!taken || s.header.first_seq == 1);
        feed = before;
    }
    if (req.body.len > 0)
        check_answer(&a);
    dbk_bytes_wipe(&push);
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

/* One log state for all runs: what is said about it differs otherwise. */
static void one_note(void)
{
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    if (f.note_len > 0)
        return;
    new_note(&note);
    f.note_len = note.len;
    memcpy(f.note, note.p, note.len);
    dbk_bytes_wipe(&note);
}

/* A proper word of the witness, spoiled: taken only if nothing was really changed. */
static void spoiled_word(dbk_span in)
{
    dbk_relay_answer a;
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX), before = note;
    one_note();
    MUST(dbk_bytes_append(&note, dbk_span_of(f.note, f.note_len), NULL));
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

/* A proper snapshot of one chunk. */
typedef struct proper {
    dbk_bytes part, manifest;
    uint8_t word[DBK_CONFIRMATION_BYTES];
} proper;

static void make_snapshot(proper *out)
{
    dbk_checkpoint c;
    dbk_frontier tree;
    const dbk_id key = { { 1 } };
    const dbk_span chunk = dbk_span_str("sealed");
    dbk_manifest m = { .device = f.desk.id,
                       .chunks = 1,
                       .keys = &key,
                       .keys_count = 1,
                       .note = dbk_span_of(f.note, f.note_len) };
    dbk_id name = { { 7 } };
    dbk_bytes_init(&out->part, DBK_PART_BYTES_MAX);
    dbk_bytes_init(&out->manifest, DBK_MANIFEST_BYTES_MAX);
    f.snapshots++;
    memcpy(name.b + 4, &f.snapshots, sizeof(f.snapshots));
    memcpy(m.salt, name.b, sizeof(m.salt));
    MUST(dbk_checkpoint_open(&c, m.note, dbk_relay_key(f.kit.relay), NULL));
    m.claim = (dbk_claim){ .org = c.org,
                           .space = c.space,
                           .log = c.log,
                           .size = c.size,
                           .root = c.root,
                           .members = dbk_roster_head(f.kit.roster),
                           .plain_bytes = 6 };
    MUST(dbk_part_begin(&out->part, &name, 0, NULL));
    MUST(dbk_part_add(&out->part, chunk, NULL));
    dbk_frontier_init(&tree);
    dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, chunk);
    dbk_frontier_add(&tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
    m.chunk_root = dbk_frontier_root(&tree, DBK_TREE_SNAPSHOT);
    MUST(dbk_manifest_sign(&out->manifest, &m, f.desk.sign, NULL));
    dbk_confirmation_sign(out->word, &m.claim, &f.second.id, 9, f.second.sign);
}

static bool bring(relaykit_device *d, const char *target, dbk_span body)
{
    dbk_relay_answer a;
    const relaykit_request req = { "POST", target, body, NULL };
    int status = relaykit_call(&f.kit, d, &a, &req);
    check_answer(&a);
    return status == 204;
}

/* It comes to stand if nothing of it was really changed, and only then. */
static void spoiled_snapshot(dbk_span in)
{
    proper p;
    bool same = true;
    if (in.len == 0)
        return;
    one_note();
    make_snapshot(&p);
    const dbk_span all[] = { dbk_bytes_span(&p.part), dbk_bytes_span(&p.manifest),
                             dbk_span_of(p.word, sizeof(p.word)) };
    uint8_t *const bytes[] = { p.part.p, p.manifest.p, p.word };
    uint8_t before[4096];
    size_t which = in.p[0] % 3;
    DBK_ASSERT(all[which].len <= sizeof(before));
    memcpy(before, bytes[which], all[which].len);
    for (in.p++, in.len--; in.len >= 3; in.p += 3, in.len -= 3)
        bytes[which][((size_t)in.p[0] << 8 | in.p[1]) % all[which].len] ^= in.p[2];
    same = memcmp(before, bytes[which], all[which].len) == 0;
    bool stands = bring(&f.desk, f.part, all[0]);
    stands = bring(&f.desk, f.snapshot, all[1]) && stands;
    stands = bring(&f.second, f.confirm, all[2]) && stands;
    DBK_ASSERT(stands == same);
    dbk_bytes_wipe(&p.part);
    dbk_bytes_wipe(&p.manifest);
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
    case 'm':
        hostile_segment(rest);
        break;
    case 'c':
        spoiled_word(rest);
        break;
    case 'n':
        spoiled_snapshot(rest);
        break;
    default:
        return 0;
    }
    if (++f.runs % CHECK_EVERY == 0)
        (void)relaykit_check(&f.kit);
    return 0;
}
