/* The calls that only read: hello, members, ranges, proofs. Each looks at one unchanging view. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sync/relay/log_floor.h"
#include "sync/relay/relay_calls.h"

#define MEMBERS_BYTES_MAX (1024u * 1024u) /* of one answer; the rest is asked for again */

static bool parse_field(dbk_query_field *f, dbk_span part)
{
    size_t len = strlen(f->name);
    if (part.len <= len || memcmp(part.p, f->name, len) != 0 || part.p[len] != '=' || f->given)
        return false;
    f->given = true;
    return dbk_u64_parse(&f->value, dbk_span_of(part.p + len + 1, part.len - len - 1), NULL) ==
           DBK_OK;
}

dbk_rc dbk_query_parse(dbk_query_field *fields, size_t count, dbk_span query, dbk_err *err)
{
    while (query.len > 0) {
        const uint8_t *amp = memchr(query.p, '&', query.len);
        size_t len = amp != NULL ? (size_t)(amp - query.p) : query.len;
        dbk_span part = { query.p, len };
        bool known = false;
        for (size_t i = 0; i < count && !known; i++)
            known = parse_field(&fields[i], part);
        if (!known || len + 1 == query.len)
            return dbk_fail(err, DBK_FORMAT, "a query that the call doesn't know");
        size_t step = amp != NULL ? len + 1 : len;
        query.p += step;
        query.len -= step;
    }
    return DBK_OK;
}

/* ---- hello ------------------------------------------------------------------------------- */

/* What a hello gathers: texts and heads grow while it walks, so spaces point into them last. */
typedef struct greeting {
    dbk_bytes spaces; /* dbk_id */
    dbk_bytes known;  /* dbk_known_space */
    dbk_bytes notes;  /* zero-ended texts */
    dbk_bytes heads;  /* dbk_feed_head */
    dbk_bytes parts;  /* part: up to and with each space */
    const dbk_log *log;
    dbk_id space;
    dbk_relay *relay;
    const dbk_caller *caller;
    dbk_id witnesses[DBK_POLICY_KEYS_MAX]; /* signer ids, of the policy in force */
    size_t witnesses_count;
    uint64_t now_ms;
    bool recovering;
} greeting;
typedef struct part {
    size_t heads, note_bytes, cosigned;
    dbk_snapshots_told told;
    bool reach; /* its word how far it has the log is asked for */
    dbk_wanted wanted;
} part;

static void greeting_init(greeting *g)
{
    memset(g, 0, sizeof(*g));
    dbk_bytes_init(&g->spaces, DBK_SPACES_MAX * sizeof(dbk_id));
    dbk_bytes_init(&g->known, DBK_SPACES_MAX * sizeof(dbk_known_space));
    dbk_bytes_init(&g->notes, DBK_WELCOME_BYTES_MAX);
    dbk_bytes_init(&g->heads, DBK_WELCOME_FEEDS_MAX * sizeof(dbk_feed_head));
    dbk_bytes_init(&g->parts, DBK_SPACES_MAX * sizeof(part));
}

static void greeting_wipe(greeting *g)
{
    dbk_bytes_wipe(&g->spaces);
    dbk_bytes_wipe(&g->known);
    dbk_bytes_wipe(&g->notes);
    dbk_bytes_wipe(&g->heads);
    dbk_bytes_wipe(&g->parts);
}

static size_t spaces_of(const greeting *g)
{
    return g->spaces.len / sizeof(dbk_id);
}

static dbk_id space_of(const greeting *g, size_t i)
{
    dbk_id id;
    memcpy(id.b, g->spaces.p + i * sizeof(id), sizeof(id));
    return id;
}

/* A space whose members are known has a log: both were begun in one transaction. */
static dbk_rc state_of(const dbk_log_space *s, dbk_log_state *state, dbk_err *err)
{
    dbk_rc rc = dbk_log_state_get(s, state, err);
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

/* What a witness said of the log as it is now; said.size 0: nothing. */
static dbk_rc cosigned_by(const greeting *g, dbk_log_cosigned *out, const dbk_log_state *state,
                          size_t witness, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_log_space s = { g->log, g->space };
    dbk_rc rc = dbk_log_cosigned_get(&s, &g->witnesses[witness], out, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    if (!dbk_id_equal(&out->log, &state->log))
        out->said = (dbk_cosigned){ 0, 0 };
    return DBK_OK;
}

static dbk_rc newest_cosigned(const greeting *g, dbk_cosigned *out, const dbk_log_state *state,
                              dbk_err *err)
{
    dbk_log_cosigned row;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < g->witnesses_count && rc == DBK_OK; i++) {
        rc = cosigned_by(g, &row, state, i, err);
        if (rc == DBK_OK && dbk_cosigned_is_newer(&row.said, out))
            *out = row.said;
    }
    return rc;
}

static dbk_rc gather_known(greeting *g, const dbk_roll_org *org, dbk_id *digest, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < spaces_of(g) && rc == DBK_OK; i++) {
        dbk_log_state state;
        dbk_log_space s = { g->log, space_of(g, i) };
        rc = state_of(&s, &state, err);
        dbk_known_space k = { s.space, state.log, state.frontier.size, state.root, { 0, 0 } };
        g->space = s.space;
        if (rc == DBK_OK)
            rc = newest_cosigned(g, &k.cosigned, &state, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&g->known, dbk_span_of(&k, sizeof(k)), err);
    }
    if (rc != DBK_OK)
        return rc;
    dbk_known known = { org->count, org->head, (const dbk_known_space *)(const void *)g->known.p,
                        spaces_of(g) };
    *digest = dbk_known_digest(&known);
    return DBK_OK;
}

static dbk_rc gather_feed(void *ctx, const dbk_id *feed, bool *stop, dbk_err *err)
{
    greeting *g = ctx;
    dbk_log_feed f;
    dbk_log_space s = { g->log, g->space };
    (void)stop;
    dbk_rc rc = dbk_log_feed_get(&s, feed, &f, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    dbk_feed_head head = { f.feed, f.last_seq, f.head };
    return dbk_bytes_append(&g->heads, dbk_span_of(&head, sizeof(head)), err);
}

static dbk_rc gather_note(greeting *g, dbk_span note, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append(&g->notes, note, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(&g->notes, 0, err) : rc;
}

static dbk_rc gather_space(greeting *g, dbk_err *err)
{
    dbk_log_state state;
    dbk_log_cosigned row;
    part ends = { 0 };
    dbk_log_space s = { g->log, g->space };
    dbk_rc rc = state_of(&s, &state, err);
    if (rc == DBK_OK)
        rc = dbk_log_feeds_of(&s, &g->caller->device, gather_feed, g, err);
    if (rc == DBK_OK)
        rc = dbk_relay_snapshots_told(g->relay, &s, g->caller, &ends.told, err);
    if (rc == DBK_OK)
        rc = dbk_relay_asks_reach(g->relay, &s, g->caller, g->now_ms, &ends.reach, err);
    if (rc == DBK_OK)
        rc = dbk_relay_wanted(g->relay, &s, g->caller, g->now_ms, &ends.wanted, err);
    if (rc == DBK_OK)
        rc = gather_note(g, dbk_span_of(state.note, state.note_len), err);
    for (size_t i = 0; i < g->witnesses_count && rc == DBK_OK; i++) {
        rc = cosigned_by(g, &row, &state, i, err);
        if (rc != DBK_OK || row.said.size == 0)
            continue;
        rc = gather_note(g, dbk_span_of(row.note, row.note_len), err);
        ends.cosigned++;
    }
    ends.heads = g->heads.len / sizeof(dbk_feed_head);
    ends.note_bytes = g->notes.len;
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&g->parts, dbk_span_of(&ends, sizeof(ends)), err);
    return rc;
}

/* While the relay waits for its recovery: what each log claims, and nothing that it signed. */
static dbk_rc gather_claim(greeting *g, dbk_err *err)
{
    dbk_log_claim claim;
    dbk_log_space s = { g->log, g->space };
    dbk_rc rc = dbk_recover_claim(&s, &claim, err);
    dbk_known_space k = {
        .space = g->space, .log = claim.old_log, .size = claim.size, .root = claim.root
    };
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&g->known, dbk_span_of(&k, sizeof(k)), err);
    if (rc == DBK_OK)
        rc = gather_note(g, dbk_span_of(NULL, 0), err);
    part ends = { .note_bytes = g->notes.len };
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&g->parts, dbk_span_of(&ends, sizeof(ends)), err);
    return rc;
}

/* One space's texts: its checkpoint, then the cosigned ones, each ended by a zero byte. */
static void point_texts(dbk_welcome_space *out, const char **notes, const char *text, size_t count)
{
    out->checkpoint = text;
    out->cosigned = notes;
    out->cosigned_count = count;
    for (size_t i = 0; i < count; i++) {
        text += strlen(text) + 1;
        notes[i] = text;
    }
}

static void point(const greeting *g, dbk_welcome_space *spaces, const char **notes)
{
    const dbk_known_space *known = (const dbk_known_space *)(const void *)g->known.p;
    const dbk_feed_head *heads = (const dbk_feed_head *)(const void *)g->heads.p;
    part end = { 0 };
    for (size_t i = 0; i < spaces_of(g); i++) {
        part begin = end;
        memcpy(&end, g->parts.p + i * sizeof(end), sizeof(end));
        spaces[i].space = known[i].space;
        spaces[i].log = known[i].log;
        spaces[i].size = known[i].size;
        point_texts(&spaces[i], &notes[i * DBK_POLICY_KEYS_MAX],
                    (const char *)g->notes.p + begin.note_bytes, end.cosigned);
        spaces[i].feeds = heads != NULL ? heads + begin.heads : NULL;
        spaces[i].feeds_count = end.heads - begin.heads;
        spaces[i].snapshot = end.told.stands;
        spaces[i].confirm = end.told.waits;
        spaces[i].reach = end.reach;
        spaces[i].wanted = end.wanted.any;
        spaces[i].wanted_from = end.wanted.from;
    }
}

static dbk_rc welcome(dbk_relay_answer *a, greeting *g, const dbk_roll_org *org, uint64_t now_ms,
                      dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < spaces_of(g) && rc == DBK_OK; i++) {
        g->space = space_of(g, i);
        rc = g->recovering ? gather_claim(g, err) : gather_space(g, err);
    }
    dbk_welcome_space *spaces = dbk_alloc_array(spaces_of(g), sizeof(*spaces));
    const char **notes = dbk_alloc_array(spaces_of(g), DBK_POLICY_KEYS_MAX * sizeof(*notes));
    if (rc == DBK_OK && (spaces == NULL || notes == NULL))
        rc = dbk_fail(err, DBK_NOMEM, "no memory for a welcome");
    if (rc == DBK_OK) {
        point(g, spaces, notes);
        dbk_welcome w = { .recovering = g->recovering,
                          .members_count = org->count,
                          .members_head = org->head,
                          .segments_max = DBK_PUSH_SEGMENTS_MAX,
                          .push_bytes_max = DBK_RELAY_PUSH_BYTES_MAX,
                          .range_bytes_max = DBK_RELAY_RANGE_BYTES_MAX,
                          .time_ms = now_ms,
                          .spaces = spaces,
                          .spaces_count = spaces_of(g) };
        rc = dbk_welcome_encode(&a->body, &w, err);
    }
    dbk_free(notes);
    dbk_free(spaces);
    return rc;
}

/* Who holds all is told the rest only where a snapshot waits for their word, somebody for what they
 * hold, or the relay for the word that they hold it. */
static dbk_rc is_quiet(const greeting *g, bool *quiet, dbk_err *err)
{
    const dbk_known_space *known = (const dbk_known_space *)(const void *)g->known.p;
    dbk_rc rc = DBK_OK;
    *quiet = true;
    for (size_t i = 0; i < spaces_of(g) && rc == DBK_OK; i++) {
        dbk_snapshots_told told = { false, false };
        dbk_wanted wanted = { false, 0 };
        bool asks = false;
        const dbk_log_space s = { g->log, space_of(g, i) };
        if (dbk_roll_vouches(g->relay->roll, &g->caller->device, &s.space))
            rc = dbk_relay_snapshots_told(g->relay, &s, g->caller, &told, err);
        if (rc == DBK_OK && known[i].size > 0)
            rc = dbk_relay_asks_reach(g->relay, &s, g->caller, g->now_ms, &asks, err);
        if (rc == DBK_OK)
            rc = dbk_relay_wanted(g->relay, &s, g->caller, g->now_ms, &wanted, err);
        *quiet = *quiet && !told.waits && !asks && !wanted.any;
    }
    return rc;
}

static void name_witnesses(greeting *g, dbk_roll *roll)
{
    dbk_policy_keys keys;
    dbk_sign_pk pk;
    dbk_roll_witnesses(roll, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        memcpy(pk.b, keys.b[i], sizeof(pk.b));
        g->witnesses[g->witnesses_count++] = dbk_witness_id(&pk);
    }
}

dbk_rc dbk_call_hello(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_hello hello;
    dbk_roll_org org;
    dbk_id digest;
    greeting g;
    size_t reader;
    greeting_init(&g);
    dbk_rc rc = dbk_hello_decode(&hello, c->req->body, err);
    if (rc != DBK_OK)
        return rc;
    g.recovering = atomic_load(&r->recovering);
    if (g.recovering)
        dbk_recover_heard(r, &c->caller.device);
    /* Chain first, logs second: then the logs of all spaces that the chain names are there. */
    dbk_roll_org_get(r->roll, &org);
    name_witnesses(&g, r->roll);
    rc = dbk_roll_spaces(r->roll, &c->caller, c->req->now_ms, &g.spaces, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        goto out;
    g.log = &r->readers[reader];
    g.relay = r;
    g.caller = &c->caller;
    g.now_ms = c->req->now_ms;
    a->content_type = DBK_TYPE_JSON;
    bool quiet = false;
    rc = g.recovering ? DBK_OK : gather_known(&g, &org, &digest, err);
    if (rc == DBK_OK && !g.recovering && hello.has_known && dbk_id_equal(&hello.known, &digest))
        rc = is_quiet(&g, &quiet, err);
    if (rc == DBK_OK && quiet) {
        dbk_welcome idle = { .idle = true };
        rc = dbk_welcome_encode(&a->body, &idle, err);
    } else if (rc == DBK_OK) {
        rc = welcome(a, &g, &org, c->req->now_ms, err);
    }
    dbk_relay_reader_give(r, reader);
out:
    greeting_wipe(&g);
    return rc;
}

/* ---- members ----------------------------------------------------------------------------- */

static dbk_rc list_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    dbk_bytes *out = ctx;
    (void)seq;
    *stop = out->len > 0 && out->len + 4 + entry.len > MEMBERS_BYTES_MAX;
    return *stop ? DBK_OK : dbk_entries_add(out, entry, err);
}

dbk_rc dbk_call_members_get(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_query_field q[] = { { "from", 0, false } };
    size_t reader;
    dbk_rc rc = dbk_query_parse(q, 1, c->req->query, err);
    if (rc == DBK_OK && !q[0].given)
        rc = dbk_fail(err, DBK_FORMAT, "from is missing");
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    a->content_type = DBK_TYPE_BINARY;
    /* A place beyond the end is an empty answer: the caller learns the count from hello. */
    rc = dbk_log_entries(&r->readers[reader], q[0].value, list_entry, &a->body, err);
    dbk_relay_reader_give(r, reader);
    return rc;
}

/* ---- ranges and proofs ------------------------------------------------------------------- */

typedef struct range_walk {
    dbk_log_space s;
    dbk_bytes items;
    uint64_t from, count, size, bytes_max;
    dbk_id device;     /* whose own bodies are left out; zero: nobody's */
    dbk_log_feed feed; /* the feed looked up last */
    dbk_log_brought brought;
    dbk_bytes beside; /* a body that stands there for who lacks it */
} range_walk;

/* Where the log's own was let go of, the one that headquarters has brought. */
static dbk_rc take_beside(range_walk *w, dbk_sealed *segment, uint64_t index, dbk_err *err)
{
    dbk_log_beside body;
    dbk_err absent = { 0 };
    if (index < w->brought.from || index >= w->brought.to || !segment->kept)
        return DBK_OK;
    dbk_rc rc = dbk_log_beside_get(&w->s, &body, &w->beside, index, &absent);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", absent.text);
    segment->body = body.body;
    segment->kept = body.kept;
    return DBK_OK;
}

static dbk_rc is_own(range_walk *w, bool *own, dbk_span header, dbk_err *err)
{
    dbk_header h;
    *own = false;
    if (dbk_id_is_zero(&w->device))
        return DBK_OK;
    dbk_rc rc = dbk_header_decode(&h, header, err);
    if (rc == DBK_OK && !dbk_id_equal(&w->feed.feed, &h.feed))
        rc = dbk_log_feed_get(&w->s, &h.feed, &w->feed, err);
    if (rc == DBK_OK)
        *own = dbk_id_equal(&w->feed.owner, &w->device);
    return rc == DBK_OK ? DBK_OK : DBK_DAMAGED;
}

static dbk_rc take_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    range_walk *w = ctx;
    bool own;
    if (segment->index != w->from + w->count)
        return dbk_fail(err, DBK_DAMAGED, "a log has a hole");
    dbk_rc rc = is_own(w, &own, segment->header, err);
    if (rc != DBK_OK)
        return rc;
    dbk_range_item item = { segment->receipt_ms,
                            !own,
                            { segment->header, segment->body, segment->kept } };
    if (own)
        item.segment = (dbk_sealed){ segment->header, { NULL, 0 }, false };
    else
        rc = take_beside(w, &item.segment, segment->index, err);
    if (rc != DBK_OK)
        return rc;
    size_t need = DBK_RANGE_ITEM_BYTES_MIN + (item.segment.kept ? 4u : 0) + item.segment.body.len;
    if (w->count > 0 && w->items.len + need > w->bytes_max) {
        *stop = true;
        return DBK_OK;
    }
    rc = dbk_range_add(&w->items, &item, err);
    w->count++;
    *stop = w->from + w->count == w->size;
    return rc;
}

static dbk_rc range_answer(dbk_relay_answer *a, range_walk *w, const dbk_log_state *state,
                           dbk_err *err)
{
    dbk_range range = { .from = w->from,
                        .count = (uint32_t)w->count,
                        .checkpoint = dbk_span_of(state->note, state->note_len) };
    uint64_t end = w->from + w->count;
    dbk_rc rc = DBK_OK;
    if (end > 0 && end < w->size)
        rc = dbk_tree_consistency(&range.proof, DBK_TREE_LOG, end, w->size, dbk_log_node_get, &w->s,
                                  err);
    if (rc == DBK_OK)
        rc = dbk_range_begin(&a->body, &range, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&a->body, dbk_bytes_span(&w->items), err);
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

static dbk_rc range_read(dbk_relay_answer *a, range_walk *w, dbk_err *err)
{
    dbk_log_state state;
    dbk_rc rc = state_of(&w->s, &state, err);
    if (rc != DBK_OK)
        return rc;
    w->size = state.frontier.size;
    if (w->from > w->size)
        return dbk_fail(err, DBK_NOT_FOUND, "beyond the end of the log");
    dbk_log_read read = { w->from, take_segment, w, 0 };
    rc = dbk_log_brought_get(&w->s, &w->brought, err);
    if (rc == DBK_OK && w->from < w->size)
        rc = w->s.log->ops->segments_read(w->s.log->self, &w->s.space, &read, err);
    if (rc == DBK_OK && w->from < w->size && w->count == 0)
        rc = dbk_fail(err, DBK_DAMAGED, "a log has lost its end");
    if (rc == DBK_OK)
        rc = range_answer(a, w, &state, err);
    return rc;
}

dbk_rc dbk_relay_check_member(dbk_relay *r, const dbk_call *c, dbk_err *err)
{
    if (!dbk_roll_in_space(r->roll, &c->caller, &c->id, c->req->now_ms))
        return dbk_fail(err, DBK_NOT_FOUND, "no such space");
    return DBK_OK;
}

dbk_rc dbk_relay_check_reader(dbk_relay *r, const dbk_call *c, dbk_err *err)
{
    dbk_rc rc = dbk_relay_check_member(r, c, err);
    if (rc == DBK_OK && !dbk_roll_reads(r->roll, &c->caller, &c->id))
        rc = dbk_fail(err, DBK_DENIED, "this device only writes into the space");
    return rc;
}

dbk_rc dbk_relay_check_desk(dbk_relay *r, const dbk_call *c, dbk_err *err)
{
    dbk_rc rc = dbk_relay_check_member(r, c, err);
    if (rc == DBK_OK && !dbk_roll_vouches(r->roll, &c->caller.device, &c->id))
        rc = dbk_fail(err, DBK_DENIED, "headquarters' call");
    return rc;
}

dbk_rc dbk_call_range(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_query_field q[] = { { "from", 0, false }, { "bytes", 0, false }, { "own", 0, false } };
    range_walk w = { .device = c->caller.device };
    size_t reader;
    dbk_rc rc = dbk_query_parse(q, 3, c->req->query, err);
    if (rc == DBK_OK && (!q[0].given || !q[1].given || q[2].value > 1))
        rc = dbk_fail(err, DBK_FORMAT, "from or bytes is missing");
    if (rc == DBK_OK)
        rc = dbk_relay_check_reader(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    if (q[2].value == 1)
        memset(&w.device, 0, sizeof(w.device));
    w.s = (dbk_log_space){ &r->readers[reader], c->id };
    w.from = q[0].value;
    w.bytes_max = q[1].value < DBK_RELAY_RANGE_BYTES_MAX ? q[1].value : DBK_RELAY_RANGE_BYTES_MAX;
    dbk_bytes_init(&w.items, DBK_RELAY_RANGE_BYTES_MAX + DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_bytes_init(&w.beside, 1u + DBK_KEPT_BYTES_MAX);
    a->content_type = DBK_TYPE_BINARY;
    rc = range_read(a, &w, err);
    dbk_relay_reader_give(r, reader);
    dbk_bytes_wipe(&w.items);
    dbk_bytes_wipe(&w.beside);
    return rc;
}

static dbk_rc prove(dbk_proof *proof, dbk_log_space *s, const dbk_query_field q[3], dbk_err *err)
{
    dbk_log_state state;
    uint64_t size = q[2].value;
    dbk_rc rc = state_of(s, &state, err);
    if (rc != DBK_OK)
        return rc;
    if (size > state.frontier.size || (q[0].given && q[0].value >= size) ||
        (q[1].given && q[1].value > size))
        return dbk_fail(err, DBK_NOT_FOUND, "beyond the end of the log");
    if (q[0].given)
        rc = dbk_tree_inclusion(proof, DBK_TREE_LOG, q[0].value, size, dbk_log_node_get, s, err);
    else if (q[1].value > 0 && q[1].value < size)
        rc = dbk_tree_consistency(proof, DBK_TREE_LOG, q[1].value, size, dbk_log_node_get, s, err);
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

dbk_rc dbk_call_proof(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_query_field q[] = { { "leaf", 0, false }, { "from", 0, false }, { "size", 0, false } };
    dbk_proof proof = { .count = 0 };
    size_t reader;
    dbk_rc rc = dbk_query_parse(q, 3, c->req->query, err);
    if (rc == DBK_OK && (q[0].given == q[1].given || !q[2].given))
        rc = dbk_fail(err, DBK_FORMAT, "a proof is of a leaf or from a size, and to a size");
    if (rc == DBK_OK)
        rc = dbk_relay_check_member(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    dbk_log_space s = { &r->readers[reader], c->id };
    a->content_type = DBK_TYPE_BINARY;
    rc = prove(&proof, &s, q, err);
    dbk_relay_reader_give(r, reader);
    for (size_t i = 0; i < proof.count && rc == DBK_OK; i++)
        rc = dbk_bytes_append(&a->body, dbk_span_of(proof.nodes[i].b, DBK_HASH_BYTES), err);
    return rc;
}
