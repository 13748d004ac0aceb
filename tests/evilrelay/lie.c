/* Where a mutation gets into what the relay says: by call, and for lies about the log with a tree,
 * notes and receipts that are properly signed. */
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/entry_parts.h"
#include "core/journal/book_internal.h"
#include "sync/engine/carrier.h"
#include "tests/evilrelay/evil.h"
#include "tests/lib/holds.h"

static void must(dbk_rc rc)
{
    DBK_ASSERT(rc == DBK_OK);
}

/* ---- which call it is -------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Others' notes that it brings may be answered in any way: they are told of again. */
static bool pushes_own(const evil *e, const dbk_exchange *req)
{
    static dbk_sealed items[DBK_PUSH_SEGMENTS_MAX];
    size_t count = 0;
    dbk_header h;
    dbk_id device = dbk_book_device(e->victim->book);
    must(dbk_push_decode(items, &count, req->body, NULL));
    must(dbk_header_decode(&h, items[0].header, NULL));
    dbk_id own = dbk_feed_id(&device, &h.space, &h.incarnation);
    return dbk_id_equal(&own, &h.feed);
}

/* /v1/spaces/{space}/segments, with or without a query; not the space's snapshots or words. */
static bool is_about_segments(const char *target)
{
    const char *last = strrchr(target, '/');
    return begins(target, "/v1/spaces/") && begins(last, "/segments");
}

static unsigned call_of(const evil *e, const dbk_exchange *req, const dbk_relay_answer *answer)
{
    bool get = strcmp(req->method, "GET") == 0;
    if (strcmp(req->target, "/v1/hello") == 0)
        return CALL_HELLO;
    if (begins(req->target, "/v1/members"))
        return !get ? CALL_POSTED : answer->body.len > 0 ? CALL_MEMBERS : 0;
    if (begins(req->target, "/v1/org"))
        return CALL_POSTED;
    if (begins(req->target, "/v1/join"))
        return get ? CALL_REQUESTS : CALL_MAIL;
    if (is_about_segments(req->target))
        return get ? CALL_RANGE : pushes_own(e, req) ? CALL_RESULTS : 0;
    return 0;
}

static void replace(dbk_relay_answer *answer, dbk_bytes *body)
{
    dbk_bytes_wipe(&answer->body);
    answer->body = *body;
    memset(body, 0, sizeof(*body));
}

/* ---- lies about a log -------------------------------------------------------------------- */

static dbk_rc copy_segment(void *ctx, const dbk_log_segment *s, bool *stop, dbk_err *err)
{
    (void)err;
    *stop = false;
    minilog *log = ctx;
    uint64_t at = minilog_append(log, s->header, s->body, s->receipt_ms);
    log->items[at].kept = s->kept;
    return DBK_OK;
}

static size_t slot_of(const evil *e, const dbk_id *space)
{
    return dbk_id_equal(space, &e->space) ? 0 : dbk_id_equal(space, &e->other) ? 1 : 2;
}

/* The honest log, as the relay's own rows have it. */
static void honest_log(evil *e, minilog *out, const dbk_id *space, const dbk_id *name)
{
    dbk_id org = dbk_roster_org(dbk_book_roster(e->hq.book));
    dbk_log_read read = { 0, copy_segment, out, 0 };
    minilog_init(out, &org, space, e->relay_sk);
    out->log = *name;
    must(e->log.ops->begin(e->log.self, NULL));
    must(e->log.ops->segments_read(e->log.self, space, &read, NULL));
    e->log.ops->rollback(e->log.self);
}

static bool is_own(const evil *e, const minilog_item *item)
{
    dbk_header h;
    dbk_id device = dbk_book_device(e->victim->book);
    must(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), NULL));
    dbk_id own = dbk_feed_id(&device, &h.space, &h.incarnation);
    return dbk_id_equal(&own, &h.feed);
}

/* Each of its ops is a hole (core/crypto/hole.h): let go of (decision 0041), or disposed of. */
static bool is_let_go(const minilog_item *item)
{
    dbk_header h;
    dbk_kept kept;
    must(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), NULL));
    if (!item->kept)
        return false;
    must(dbk_kept_read(&kept, &h, dbk_span_of(item->body, item->body_len), true, NULL));
    return kept.holes == dbk_segment_ops(&h);
}

static bool has_let_go(const minilog *log)
{
    bool has = false;
    for (size_t i = 0; i < log->count && !has; i++)
        has = is_let_go(&log->items[i]);
    return has;
}

static void rehash(minilog_item *item)
{
    item->header_hash = dbk_hash_of("daybook/segment-header/1",
                                    dbk_span_of(item->header, DBK_SEGMENT_CORE_BYTES));
}

static bool same_feed(const minilog_item *a, const minilog_item *b)
{
    return memcmp(a->header + 24, b->header + 24, 16) == 0;
}

/* A stick brought it: what the log shows of it then isn't taken, and needn't be told. */
static bool is_held(const evil *e, const minilog_item *item)
{
    dbk_header h;
    must(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), NULL));
    const dbk_book_feed *feed = dbk_tables_feed(&e->victim->book->tables, &h.feed);
    return feed != NULL && h.first_seq <= feed->now.last_seq;
}

/* Somebody else's that isn't here, and in the place in its feed that the mutation is for. */
static bool is_meant(const evil *e, const minilog *log, size_t at)
{
    const minilog_item *item = &log->items[at];
    bool tip = true;
    if (is_own(e, item) || item->kept || is_held(e, item))
        return false;
    for (size_t i = at + 1; i < log->count && tip; i++)
        tip = !same_feed(&log->items[at], &log->items[i]);
    return e->mutation->pick == PICK_ANY || tip == (e->mutation->pick == PICK_TIP);
}

static bool choose(evil *e, const minilog *log, size_t slot, uint64_t from)
{
    size_t meant = 0;
    for (size_t i = from; i < log->count; i++)
        meant += is_meant(e, log, i) ? 1 : 0;
    if (meant == 0)
        return false;
    size_t nth = evil_random(e, meant);
    for (size_t i = from; i < log->count; i++)
        if (is_meant(e, log, i) && nth-- == 0)
            e->pick[slot] = i;
    e->picked[slot] = true;
    return true;
}

/* One item of somebody else's that the device hasn't got yet. */
static bool lie_item(evil *e, minilog *log, uint64_t from)
{
    size_t slot = slot_of(e, &log->space);
    if (!e->picked[slot] && !choose(e, log, slot, from))
        return false;
    if (e->pick[slot] < from || e->pick[slot] >= log->count || !is_meant(e, log, e->pick[slot]))
        return false;
    minilog_item *item = &log->items[e->pick[slot]];
    dbk_bytes body = DBK_BYTES_INIT(2 * DBK_SEGMENT_BODY_BYTES_MAX);
    must(dbk_bytes_append(&body, dbk_span_of(item->body, item->body_len), NULL));
    bool done = e->mutation->item(e, item->header, &body);
    dbk_free(item->body);
    item->body = body.p;
    item->body_len = body.len;
    rehash(item);
    return done;
}

/* The log as this device is to see it. The same seed lies the same way at each call. */
static bool lied_log(evil *e, minilog *out, const dbk_id *space, const dbk_id *name, uint64_t from)
{
    bool done = false;
    uint64_t rng = e->rng;
    honest_log(e, out, space, name);
    bool holes = has_let_go(out);
    e->rng = slot_of(e, space) * 977 + 13;
    if (e->mutation->item != NULL)
        done = lie_item(e, out, from);
    else if (e->mutation->log != NULL)
        done = e->mutation->log(e, out, from);
    e->rng = rng;
    minilog_rebuild(out);
    e->with_holes = done && holes;
    return done;
}

static uint64_t position(evil *e, const dbk_id *space)
{
    minilog one = { .space = *space };
    return minilog_position(&one, e->victim->book).size;
}

static bool lie_welcome_logs(evil *e, dbk_welcome *w, dbk_welcome_space *spaces)
{
    static char notes[EVIL_SPACES_MAX][DBK_CHECKPOINT_BYTES_MAX + 1];
    bool any = false;
    for (size_t i = 0; i < w->spaces_count && i < EVIL_SPACES_MAX; i++) {
        minilog log;
        dbk_bytes note = { 0 };
        if (spaces[i].size == 0)
            continue;
        if (lied_log(e, &log, &spaces[i].space, &spaces[i].log, position(e, &spaces[i].space)) &&
            log.count > 0) {
            minilog_checkpoint(&log, &note, log.count);
            memcpy(notes[i], note.p, note.len);
            notes[i][note.len] = '\0';
            spaces[i].checkpoint = notes[i];
            spaces[i].size = log.count;
            if (!e->mutation->with_words)
                spaces[i].cosigned_count = 0; /* it can't make one about this log */
            any = true;
        }
        dbk_bytes_wipe(&note);
        minilog_wipe(&log);
    }
    return any;
}

static uint64_t number_of(const char *target, const char *name)
{
    const char *at = strstr(target, name);
    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

static dbk_id space_of(const char *target)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id id;
    memcpy(hex, target + strlen("/v1/spaces/"), sizeof(hex) - 1);
    hex[sizeof(hex) - 1] = '\0';
    must(dbk_hex_parse(id.b, sizeof(id.b), hex, NULL));
    return id;
}

static void put_range(dbk_bytes *out, const minilog *log, uint64_t from)
{
    dbk_bytes note;
    dbk_range range = { .from = from, .count = (uint32_t)(log->count - from) };
    minilog_checkpoint(log, &note, log->count);
    range.checkpoint = dbk_bytes_span(&note);
    must(dbk_range_begin(out, &range, NULL));
    for (size_t i = from; i < log->count; i++) {
        const minilog_item *item = &log->items[i];
        /* By hand: the codec would refuse some of what a relay may say. */
        uint8_t head[9];
        (void)dbk_wire_put_u64(head, item->receipt_ms);
        head[8] = item->kept ? 2 : 0; /* sync/engine/msg.h, segment */
        must(dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), NULL));
        must(dbk_bytes_append(out, dbk_span_of(item->header, item->header_len), NULL));
        (void)dbk_wire_put_u32(head, (uint32_t)item->body_len);
        if (item->kept)
            must(dbk_bytes_append(out, dbk_span_of(head, 4), NULL));
        must(dbk_bytes_append(out, dbk_span_of(item->body, item->body_len), NULL));
    }
    dbk_bytes_wipe(&note);
}

static bool lie_range(evil *e, const dbk_exchange *req, dbk_relay_answer *answer)
{
    dbk_range r;
    dbk_checkpoint c;
    minilog log;
    dbk_id space = space_of(req->target);
    uint64_t from = number_of(req->target, "from=");
    bool done;
    must(dbk_range_decode(&r, dbk_bytes_span(&answer->body), NULL));
    must(dbk_checkpoint_open(&c, r.checkpoint, &e->world.kit.birth.relay, NULL));
    done = lied_log(e, &log, &space, &c.log, from) && log.count > from;
    if (done) {
        dbk_bytes out = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
        put_range(&out, &log, from);
        replace(answer, &out);
    }
    minilog_wipe(&log);
    return done;
}

/* The note behind the receipts must be of the log that was shown. */
static bool lie_results(evil *e, const dbk_exchange *req, dbk_relay_answer *answer)
{
    static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    size_t count;
    dbk_span note;
    dbk_checkpoint c;
    minilog log;
    dbk_id space = space_of(req->target);
    if (dbk_results_decode(results, &count, &note, dbk_bytes_span(&answer->body), NULL) != DBK_OK ||
        dbk_checkpoint_open(&c, note, &e->world.kit.birth.relay, NULL) != DBK_OK)
        return false;
    size_t slot = slot_of(e, &space);
    if (e->mutation->item != NULL && !e->picked[slot])
        return false;
    bool done = lied_log(e, &log, &space, &c.log, position(e, &space)) && log.count > 0;
    if (done) {
        dbk_bytes out = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX), mine;
        minilog_checkpoint(&log, &mine, log.count);
        must(dbk_results_encode(&out, results, count, dbk_bytes_span(&mine), NULL));
        replace(answer, &out);
        dbk_bytes_wipe(&mine);
    }
    minilog_wipe(&log);
    return false; /* the range is what counts */
}

/* ---- lies about membership, and in the welcome ------------------------------------------- */

static bool extra_entry(evil *e, dbk_bytes *entry, dbk_hash *head)
{
    dbk_entry_parts parts;
    dbk_bytes_init(entry, DBK_ENTRY_BYTES_MAX);
    uint64_t rng = e->rng;
    e->rng = 99;
    bool done = e->mutation->entry(e, entry);
    e->rng = rng;
    if (dbk_entry_split(&parts, dbk_bytes_span(entry), NULL) == DBK_OK)
        *head = parts.hash;
    else
        memset(head, 0x5a, sizeof(*head));
    return done;
}

static bool lie_hello(evil *e, dbk_relay_answer *answer)
{
    const evil_mutation *m = e->mutation;
    static dbk_welcome_space spaces[EVIL_SPACES_MAX];
    dbk_welcome w;
    dbk_bytes entry = { 0 };
    bool done = false;
    if (answer->status != 200 ||
        dbk_welcome_decode(&w, dbk_bytes_span(&answer->body), NULL) != DBK_OK)
        return false;
    if (!w.idle && w.spaces_count <= EVIL_SPACES_MAX) {
        void *owned = w.owned;
        const dbk_welcome_space *kept = w.spaces;
        if (w.spaces_count > 0)
            memcpy(spaces, w.spaces, w.spaces_count * sizeof(*spaces));
        w.spaces = spaces;
        if (m->hello != NULL)
            done = m->hello(e, &w, spaces);
        else if (m->log != NULL || m->item != NULL)
            done = lie_welcome_logs(e, &w, spaces);
        else if (m->entry != NULL && extra_entry(e, &entry, &w.members_head)) {
            w.members_count = dbk_roster_count(dbk_book_roster(e->hq.book)) + 1;
            done = true;
        }
        if (done) {
            dbk_bytes out = DBK_BYTES_INIT(DBK_WELCOME_BYTES_MAX);
            must(dbk_welcome_encode(&out, &w, NULL));
            replace(answer, &out);
        }
        w.owned = owned;
        w.spaces = kept;
    }
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&entry);
    return done && (m->hello != NULL || m->with_words); /* with words it is told here already */
}

static bool lie_members(evil *e, const dbk_exchange *req, dbk_relay_answer *answer)
{
    dbk_bytes entry = { 0 };
    dbk_hash head;
    (void)req;
    if (answer->status != 200 || e->mutation->entry == NULL || !extra_entry(e, &entry, &head)) {
        dbk_bytes_wipe(&entry);
        return false;
    }
    answer->body.max = DBK_RANGE_BYTES_MAX;
    must(dbk_entries_add(&answer->body, dbk_bytes_span(&entry), NULL));
    dbk_bytes_wipe(&entry);
    return true;
}

/* ---- the one hook ------------------------------------------------------------------------ */

static void watch(evil *e, const sync_device *d, const dbk_exchange *req)
{
    if (holds(req->body, dbk_span_str(EVIL_CANARY)))
        evil_blame(e, "a", "%s sends a note in clear", d->name);
    for (size_t i = 0; i < d->book->readable_count; i++) {
        const dbk_secret *key = dbk_keyring_current(d->book->keyring, &d->book->readable[i], NULL);
        if (holds(req->body, dbk_secret_bytes(key)))
            evil_blame(e, "a", "%s sends an epoch key", d->name);
    }
    if (d != e->victim || !e->armed)
        return;
    e->calls++;
    e->sent_bytes += req->body.len;
    for (const char *p = req->target; *p != '\0'; p++)
        e->transcript = e->transcript * 1099511628211u + (uint8_t)*p;
    e->transcript = e->transcript * 1099511628211u + req->body.len;
}

void evil_meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    evil *e = ctx;
    const evil_mutation *m = e->mutation;
    bool done = false;
    watch(e, d, req);
    if (!e->armed || m == NULL || d != e->victim)
        return;
    unsigned call = call_of(e, req, answer);
    bool wanted = (m->calls & call) != 0 && answer->status != 401;
    if (m->bytes != NULL)
        done = wanted && m->bytes(e, answer);
    else if (call == CALL_HELLO)
        done = lie_hello(e, answer);
    else if (begins(req->target, "/v1/members?"))
        done = lie_members(e, req, answer);
    else if (call == CALL_RANGE && (m->item != NULL || m->log != NULL) && answer->status == 200)
        done = lie_range(e, req, answer);
    else if (call == CALL_RESULTS && (m->item != NULL || m->log != NULL) && answer->status == 200)
        done = lie_results(e, req, answer);
    e->fired += done ? 1 : 0;
}

/* ---- a folder ---------------------------------------------------------------------------- */

static void spoil_pack(evil *e, const char *path)
{
    static dbk_sealed items[DBK_PUSH_SEGMENTS_MAX];
    static const uint8_t whole = 0; /* the form of each */
    dbk_bytes in = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX), out = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    uint8_t buffer[4096];
    size_t n, count;
    FILE *f = fopen(path, "rb");
    DBK_ASSERT(f != NULL);
    while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
        must(dbk_bytes_append(&in, dbk_span_of(buffer, n), NULL));
    (void)fclose(f);
    must(dbk_push_decode(items, &count, dbk_bytes_span(&in), NULL));
    must(dbk_bytes_append(&out, dbk_span_of(in.p, DBK_PUSH_HEAD_BYTES), NULL));
    size_t pick = evil_random(e, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t header[DBK_SEGMENT_HEADER_BYTES];
        dbk_bytes body = DBK_BYTES_INIT(2 * DBK_SEGMENT_BODY_BYTES_MAX);
        memcpy(header, items[i].header.p, sizeof(header));
        must(dbk_bytes_append(&body, items[i].body, NULL));
        if (i == pick && e->mutation != NULL && e->mutation->item(e, header, &body))
            e->fired++;
        must(dbk_bytes_append(&out, dbk_span_of(&whole, 1), NULL));
        must(dbk_bytes_append(&out, dbk_span_of(header, sizeof(header)), NULL));
        must(dbk_bytes_append(&out, dbk_bytes_span(&body), NULL));
        dbk_bytes_wipe(&body);
    }
    f = fopen(path, "wb");
    DBK_ASSERT(f != NULL);
    DBK_ASSERT(fwrite(out.p, 1, out.len, f) == out.len);
    DBK_ASSERT(fclose(f) == 0);
    dbk_bytes_wipe(&in);
    dbk_bytes_wipe(&out);
}

/* One pack of the first space. */
void evil_spoil_folder(evil *e)
{
    char dir[2 * DBK_TEST_PATH_SIZE], path[600], hex[DBK_ID_HEX_SIZE];
    const struct dirent *entry;
    dbk_id_hex(hex, &e->space);
    (void)snprintf(dir, sizeof(dir), "%s/%s", e->folder, hex);
    DIR *list = opendir(dir);
    DBK_ASSERT(list != NULL);
    while ((entry = readdir(list)) != NULL && e->fired == 0) {
        if (strstr(entry->d_name, ".seg") == NULL)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        spoil_pack(e, path);
    }
    (void)closedir(list);
}
