/* Lies about segments, and about the order and number of them. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/book_internal.h"
#include "tests/evilrelay/mutate.h"
#include "tests/lib/forge.h"

static void must(dbk_rc rc)
{
    DBK_ASSERT(rc == DBK_OK);
}

/* ---- one segment ------------------------------------------------------------------------- */

bool flip_body(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)header;
    /* Not the frame's head: that would be framing, which is refused for another reason. */
    size_t at = DBK_FRAME_HEAD_BYTES + evil_random(e, body->len - DBK_FRAME_HEAD_BYTES);
    body->p[at] ^= (uint8_t)(1u << evil_random(e, 8));
    return true;
}

bool cut_body(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)header;
    dbk_bytes_truncate(body, evil_random(e, body->len));
    return true;
}

bool extend_body(evil *e, uint8_t *header, dbk_bytes *body)
{
    uint8_t more[256] = { 0 };
    (void)header;
    must(dbk_bytes_append(body, dbk_span_of(more, 1 + evil_random(e, sizeof(more))), NULL));
    return true;
}

static bool turn(evil *e, uint8_t *header, size_t from, size_t len)
{
    header[from + evil_random(e, len)] ^= (uint8_t)(1u << evil_random(e, 8));
    return true;
}

bool other_nonce(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)body;
    return turn(e, header, 184, 16);
}

bool other_key(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)body;
    return turn(e, header, 96, 16);
}

bool lower_suite(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)e;
    (void)body;
    header[5] = 0;
    return true;
}

bool higher_version(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)e;
    (void)body;
    header[4] = 9;
    return true;
}

/* The frame with this number, or false: there are fewer, or it is a body of which an order has
 * erased ops, which isn't laid out in frames. */
static bool frame_at(const dbk_bytes *body, size_t nth, size_t *start, size_t *len)
{
    size_t at = 0;
    for (size_t i = 0; at + DBK_FRAME_HEAD_BYTES <= body->len; i++) {
        dbk_wire in = dbk_wire_from(dbk_span_of(body->p + at + 1, 4));
        uint32_t n = dbk_wire_get_u32(&in);
        if (n > body->len - at - DBK_FRAME_HEAD_BYTES)
            return false;
        *start = at;
        *len = DBK_FRAME_HEAD_BYTES + n;
        if (i == nth)
            return true;
        at += *len;
    }
    return false;
}

static size_t frames_of(const dbk_bytes *body)
{
    size_t n = 0, start, len;
    while (frame_at(body, n, &start, &len))
        n++;
    return n;
}

static bool take_out(dbk_bytes *body, size_t nth)
{
    size_t start, len;
    if (!frame_at(body, nth, &start, &len))
        return false;
    memmove(body->p + start, body->p + start + len, body->len - start - len);
    dbk_bytes_truncate(body, body->len - len);
    return true;
}

bool drop_frame(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)header;
    size_t n = frames_of(body);
    return take_out(body, n > 2 ? 1 + evil_random(e, n - 2) : 0);
}

bool drop_last_frame(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)e;
    (void)header;
    return take_out(body, frames_of(body) - 1);
}

bool swap_frames(evil *e, uint8_t *header, dbk_bytes *body)
{
    size_t a, a_len, b, b_len, n = frames_of(body);
    (void)header;
    if (n < 2)
        return flip_body(e, header, body); /* a single op: its own bytes change places */
    size_t first = evil_random(e, n - 1);
    (void)frame_at(body, first, &a, &a_len);
    (void)frame_at(body, first + 1, &b, &b_len);
    uint8_t *both = dbk_alloc(a_len + b_len);
    DBK_ASSERT(both != NULL);
    memcpy(both, body->p + b, b_len);
    memcpy(both + b_len, body->p + a, a_len);
    memcpy(body->p + a, both, a_len + b_len);
    dbk_free(both);
    return true;
}

bool double_frame(evil *e, uint8_t *header, dbk_bytes *body)
{
    size_t start, len;
    (void)header;
    (void)frame_at(body, evil_random(e, frames_of(body)), &start, &len);
    dbk_bytes copy = DBK_BYTES_INIT(DBK_SEGMENT_BODY_BYTES_MAX);
    must(dbk_bytes_append(&copy, dbk_span_of(body->p + start, len), NULL));
    must(dbk_bytes_append(body, dbk_bytes_span(&copy), NULL));
    dbk_bytes_wipe(&copy);
    return true;
}

/* Any field of the core but magic, version, suite and body length. */
bool other_header(evil *e, uint8_t *header, dbk_bytes *body)
{
    static const struct {
        size_t from, len;
    } fields[] = { { 24, 16 }, { 40, 16 }, { 63, 1 }, { 64, 32 }, { 112, 32 }, { 151, 1 } };
    (void)body;
    size_t i = evil_random(e, ARRAY_LEN(fields));
    return turn(e, header, fields[i].from, fields[i].len);
}

bool other_space(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)body;
    const dbk_id *to = memcmp(header + 8, e->space.b, 16) == 0 ? &e->other : &e->space;
    memcpy(header + 8, to->b, 16);
    return true;
}

bool other_kind_of_id(evil *e, uint8_t *header, dbk_bytes *body)
{
    dbk_id device = dbk_book_device(e->ben.book);
    (void)body;
    memcpy(header + 24, device.b, 16);
    return true;
}

/* The author's own key over the right bytes, for another purpose (R14). */
bool other_context(evil *e, uint8_t *header, dbk_bytes *body)
{
    dbk_header h;
    dbk_sig sig;
    (void)body;
    must(dbk_header_decode(&h, dbk_span_of(header, DBK_SEGMENT_HEADER_BYTES), NULL));
    sync_device *all[] = { &e->hq, &e->ben, &e->mallory };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        dbk_id device = dbk_book_device(all[i]->book);
        dbk_id feed = dbk_feed_id(&device, &h.space, &h.incarnation);
        if (!dbk_id_equal(&feed, &h.feed))
            continue;
        dbk_sign(&sig, "daybook/receipt/1", dbk_span_of(header, DBK_SEGMENT_CORE_BYTES),
                 all[i]->book->own.sign);
        memcpy(header + DBK_SEGMENT_CORE_BYTES, sig.b, sizeof(sig.b));
        return true;
    }
    return false;
}

bool flip_signature(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)body;
    return turn(e, header, DBK_SEGMENT_CORE_BYTES, DBK_SIG_BYTES);
}

bool other_root(evil *e, uint8_t *header, dbk_bytes *body)
{
    (void)body;
    return turn(e, header, 200, 32);
}

/* ---- segments that nobody wrote here ----------------------------------------------------- */

static void forged(evil *e, forge *f, sync_device *writer, const dbk_id *space)
{
    forge_init(f, writer->book, e->hq.book, space);
    forge_edit edit = { .record = forge_record(f, "person", evil_random(e, UINT32_MAX)),
                        .form = "person",
                        .field = "name",
                        .text = "nobody wrote this",
                        .time = (dbk_hlc)(DBK_TEST_START_MS << 16) };
    forge_note(f, &edit);
}

static bool append(minilog *log, forge *f)
{
    (void)minilog_append(log, forge_header(f), forge_body(f),
                         log->count > 0 ? log->items[log->count - 1].receipt_ms : 0);
    forge_wipe(f);
    return true;
}

static bool insert_of(evil *e, minilog *log, sync_device *writer)
{
    forge f;
    /* The same forgery at each call of a run: its randomness is the device's own. */
    uint64_t state = writer->env.state;
    writer->env.state = 4711;
    forged(e, &f, writer, &log->space);
    writer->env.state = state;
    return append(log, &f);
}

bool insert_unknown(evil *e, minilog *log, uint64_t from)
{
    (void)from;
    return insert_of(e, log, &e->founder);
}

bool insert_stranger(evil *e, minilog *log, uint64_t from)
{
    (void)from;
    return e->victim != &e->fresh && !e->joined && insert_of(e, log, &e->fresh);
}

bool insert_neighbour(evil *e, minilog *log, uint64_t from)
{
    (void)from;
    return !dbk_id_equal(&log->space, &e->other) && insert_of(e, log, &e->mallory);
}

bool insert_reader(evil *e, minilog *log, uint64_t from)
{
    (void)from;
    return dbk_id_equal(&log->space, &e->space) && insert_of(e, log, &e->auditor);
}

/* Of a member, under a key that no entry has announced. */
bool insert_no_key(evil *e, minilog *log, uint64_t from)
{
    forge f;
    uint64_t state = e->ben.env.state;
    (void)from;
    if (!dbk_id_equal(&log->space, &e->space))
        return false;
    e->ben.env.state = 4711;
    forged(e, &f, &e->ben, &log->space);
    e->ben.env.state = state;
    memset(f.h.key_id.b, 0x33, sizeof(f.h.key_id.b));
    forge_resign(&f);
    return append(log, &f);
}

/* Signed by a member, but its seal doesn't open under the key that it names. */
bool insert_two_key(evil *e, minilog *log, uint64_t from)
{
    forge f;
    uint64_t state = e->mallory.env.state;
    (void)from;
    if (!dbk_id_equal(&log->space, &e->other))
        return false;
    e->mallory.env.state = 4711;
    forged(e, &f, &e->mallory, &log->space);
    e->mallory.env.state = state;
    f.body.p[f.body.len - 1] ^= 1;
    forge_resign(&f);
    return append(log, &f);
}

static bool append_copy(minilog *log, const minilog_item *item)
{
    minilog_item copy = *item;
    (void)minilog_append(log, dbk_span_of(copy.header, copy.header_len),
                         dbk_span_of(copy.body, copy.body_len), copy.receipt_ms);
    return true;
}

bool insert_replay(evil *e, minilog *log, uint64_t from)
{
    (void)from;
    return log->count > 0 && append_copy(log, &log->items[evil_random(e, log->count)]);
}

/* A segment of another space, signed and whole, where it doesn't belong. */
bool insert_other_log(evil *e, minilog *log, uint64_t from)
{
    forge f;
    uint64_t state = e->mallory.env.state;
    (void)from;
    if (dbk_id_equal(&log->space, &e->other))
        return false;
    e->mallory.env.state = 4711;
    forged(e, &f, &e->mallory, &e->other);
    e->mallory.env.state = state;
    return append(log, &f);
}

/* ---- order, time, omission --------------------------------------------------------------- */

bool swap_fields(evil *e, minilog *log, uint64_t from)
{
    (void)e;
    if (log->count < from + 2)
        return false;
    minilog_item *a = &log->items[log->count - 1], *b = &log->items[log->count - 2];
    const minilog_item kept = *a;
    a->body = b->body;
    a->body_len = b->body_len;
    b->body = kept.body;
    b->body_len = kept.body_len;
    return true;
}

bool swap_order(evil *e, minilog *log, uint64_t from)
{
    (void)e;
    if (log->count < from + 2)
        return false;
    const minilog_item kept = log->items[log->count - 1];
    log->items[log->count - 1] = log->items[from];
    log->items[from] = kept;
    return true;
}

bool other_times(evil *e, minilog *log, uint64_t from)
{
    (void)e;
    for (size_t i = from; i < log->count; i++)
        log->items[i].receipt_ms -= 3600000u;
    return log->count > from;
}

static void remove_at(minilog *log, size_t at)
{
    dbk_free(log->items[at].header);
    dbk_free(log->items[at].body);
    memmove(&log->items[at], &log->items[at + 1], (log->count - at - 1) * sizeof(log->items[0]));
    log->count--;
}

bool hide_author(evil *e, minilog *log, uint64_t from)
{
    dbk_id ben = dbk_book_device(e->ben.book);
    bool done = false;
    for (size_t i = log->count; i > from; i--) {
        dbk_header h;
        const minilog_item *item = &log->items[i - 1];
        must(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), NULL));
        dbk_id feed = dbk_feed_id(&ben, &h.space, &h.incarnation);
        if (!dbk_id_equal(&feed, &h.feed))
            continue;
        remove_at(log, i - 1);
        done = true;
    }
    return done && log->count > from;
}

bool hide_tail(evil *e, minilog *log, uint64_t from)
{
    if (log->count < from + 2)
        return false;
    for (uint64_t k = 1 + evil_random(e, log->count - from - 1); k > 0; k--)
        remove_at(log, log->count - 1);
    return true;
}

/* Out of the middle of an author's own row. */
bool hide_middle(evil *e, minilog *log, uint64_t from)
{
    dbk_id ben = dbk_book_device(e->ben.book);
    size_t found[64], n = 0;
    for (size_t i = from; i < log->count && n < ARRAY_LEN(found); i++) {
        dbk_header h;
        const minilog_item *item = &log->items[i];
        must(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), NULL));
        dbk_id feed = dbk_feed_id(&ben, &h.space, &h.incarnation);
        if (dbk_id_equal(&feed, &h.feed))
            found[n++] = i;
    }
    if (n < 2)
        return false;
    remove_at(log, found[0]);
    return true;
}
