/* A folder as the go-between: what it has and this book lacks is read, what this book has and it
 * lacks is written, whoever wrote it, so that one stick brings everything to everyone. Nothing
 * here counts as delivered: receipts come from the relay only. */
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/evidence.h"
#include "core/journal/outbox.h"
#include "sync/driver/stick.h"
#include "sync/engine/retry.h"

#define NOTES_MAX 64u /* that are read of a space, those of the longest logs */

/* ---- membership
 * --------------------------------------------------------------------------------------- */

static uint64_t members_held(const dbk_stick *s)
{
    const dbk_roster *roster = dbk_book_roster(s->book);
    return roster != NULL ? dbk_roster_count(roster) : 0;
}

static dbk_rc read_members(dbk_stick *s, dbk_err *err)
{
    for (;;) {
        char name[DBK_CARRIER_NAME_SIZE];
        bool there;
        dbk_err why = { 0 };
        uint64_t before = members_held(s);
        dbk_entry_name(name, before);
        dbk_rc rc = dbk_stick_get(s, &there, DBK_CARRIER_MEMBERS, name, err);
        if (rc != DBK_OK || !there)
            return rc;
        rc = dbk_inbox_member(s->book, dbk_bytes_span(&s->answer.body), &why);
        if (dbk_retry_is_local(rc))
            return dbk_fail(err, rc, "%s", why.text);
        if (rc == DBK_OK && members_held(s) <= before)
            rc = dbk_fail(&why, DBK_FORMAT, "the entry is another one than its name says");
        if (rc != DBK_OK) {
            dbk_stick_remember(s, DBK_CARRIER_MEMBERS, name, &why);
            return DBK_OK;
        }
        s->report->members_new++;
    }
}

typedef struct member_writer {
    dbk_stick *s;
    const uint8_t *there; /* by seq */
    uint64_t seq, count;
} member_writer;

static dbk_rc write_member(void *ctx, dbk_span entry, dbk_err *err)
{
    member_writer *w = ctx;
    char name[DBK_CARRIER_NAME_SIZE];
    uint64_t seq = w->seq++;
    if (seq >= w->count || w->there[seq] != 0)
        return DBK_OK;
    dbk_entry_name(name, seq);
    return dbk_stick_put(w->s, DBK_CARRIER_MEMBERS, name, entry, err);
}

dbk_rc dbk_stick_write_members(dbk_stick *s, dbk_span listing, dbk_err *err)
{
    dbk_span name;
    uint64_t size, seq;
    uint64_t count = members_held(s);
    uint8_t *there = dbk_alloc((size_t)count);
    if (there == NULL)
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    while (dbk_listing_next(&listing, &name, &size, NULL) == DBK_OK) {
        if (dbk_entry_parse(&seq, name) && seq < count && size > 0)
            there[seq] = 1;
    }
    member_writer w = { .s = s, .there = there, .count = count };
    dbk_rc rc = count > 0 ? dbk_outbox_members(s->book, 0, write_member, &w, err) : DBK_OK;
    dbk_free(there);
    return rc;
}

/* ---- reading a space
 * ---------------------------------------------------------------------------------- */

static dbk_rc note_held(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    dbk_vector *v = ctx;
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    /* What stands aside for a supervisor is no part of its feed's chain. */
    if (rc != DBK_OK || h.first_seq != dbk_vector_last(v, &h.feed) + 1)
        return rc;
    return dbk_vector_raise(v, &h.feed, dbk_header_last_seq(&h), err);
}

/* The segments of one pack. What can't be taken yet is left on the folder. */
static dbk_rc take_pack(dbk_stick *s, dbk_vector *held, dbk_err *why)
{
    dbk_sealed items[DBK_PUSH_SEGMENTS_MAX];
    size_t count;
    dbk_rc rc = dbk_push_decode(items, &count, dbk_bytes_span(&s->answer.body), why);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_inbox_stats stats = { 0 };
        dbk_err pending = { 0 };
        rc = dbk_inbox_carried(s->book, &stats, &items[i], &pending);
        dbk_report_add(s->report, &stats);
        if (rc == DBK_OK)
            rc = note_held(held, &items[i], why);
        else if (rc == DBK_PENDING)
            rc = DBK_OK;
        else
            rc = dbk_fail(why, rc, "%s", pending.text);
    }
    return rc;
}

static dbk_rc read_packs(dbk_stick *s, const char *dir, const dbk_shelf *shelf, dbk_vector *held,
                         dbk_err *err)
{
    for (size_t i = 0; i < dbk_shelf_packs(shelf); i++) {
        char name[DBK_CARRIER_NAME_SIZE];
        bool there;
        dbk_err why = { 0 };
        const dbk_pack *pack = dbk_shelf_pack_at(shelf, i);
        uint64_t last = dbk_vector_last(held, &pack->feed);
        /* Held already; or a gap before it, which nothing on this folder fills. */
        if (pack->last <= last || pack->first > last + 1)
            continue;
        dbk_pack_name(name, pack);
        dbk_rc rc = dbk_stick_get(s, &there, dir, name, err);
        if (rc != DBK_OK)
            return rc;
        if (!there)
            continue;
        rc = take_pack(s, held, &why);
        if (dbk_retry_is_local(rc))
            return dbk_fail(err, rc, "%s", why.text);
        if (rc != DBK_OK)
            dbk_stick_remember(s, dir, name, &why);
    }
    return DBK_OK;
}

/* ---- writing a space
 * ---------------------------------------------------------------------------------- */

/* Gathers one feed's segments into packs. */
typedef struct pack_writer {
    dbk_stick *s;
    const char *dir;
    dbk_pack pack; /* what the message holds so far; last < first: nothing */
    uint64_t next; /* the seq that is looked for */
    dbk_bytes message;
    uint64_t segments, ops;
} pack_writer;

static dbk_rc flush(pack_writer *w, dbk_err *err)
{
    char name[DBK_CARRIER_NAME_SIZE];
    if (w->segments == 0)
        return DBK_OK;
    dbk_pack_name(name, &w->pack);
    dbk_rc rc = dbk_stick_put(w->s, w->dir, name, dbk_bytes_span(&w->message), err);
    if (rc == DBK_OK) {
        w->s->report->pushed_segments += w->segments;
        w->s->report->pushed_ops += w->ops;
    }
    w->segments = w->ops = 0;
    dbk_bytes_truncate(&w->message, 0);
    return rc;
}

static dbk_rc gather(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    pack_writer *w = ctx;
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    if (rc != DBK_OK || h.first_seq > w->next || dbk_header_last_seq(&h) < w->next)
        return rc;
    if (w->segments == DBK_PUSH_SEGMENTS_MAX ||
        w->message.len + segment->header.len + segment->body.len > DBK_CARRIER_PACK_BYTES)
        rc = flush(w, err);
    if (rc == DBK_OK && w->segments == 0) {
        w->pack.first = h.first_seq;
        rc = dbk_push_begin(&w->message, err);
    }
    if (rc == DBK_OK)
        rc = dbk_push_add(&w->message, segment, err);
    if (rc != DBK_OK)
        return rc;
    w->pack.last = dbk_header_last_seq(&h);
    w->next = w->pack.last + 1;
    w->segments++;
    w->ops += h.count;
    return DBK_OK;
}

static dbk_rc write_packs(dbk_stick *s, const dbk_id *space, const char *dir,
                          const dbk_shelf *shelf, const dbk_vector *held, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    pack_writer w = { .s = s, .dir = dir };
    dbk_bytes_init(&w.message, DBK_PUSH_BYTES_MAX);
    for (size_t i = 0; i < dbk_vector_feeds(held) && rc == DBK_OK; i++) {
        w.pack.feed = dbk_vector_feed_at(held, i);
        w.next = dbk_shelf_reach(shelf, &w.pack.feed) + 1;
        if (w.next > dbk_vector_last(held, &w.pack.feed))
            continue;
        rc = dbk_outbox_carry(s->book, &(dbk_outbox_feed){ *space, w.pack.feed }, gather, &w, err);
        if (rc == DBK_OK)
            rc = flush(&w, err);
    }
    dbk_bytes_wipe(&w.message);
    return rc;
}

/* ---- what the relay signed
 * ------------------------------------------------------------------------- */

/* The last names of a listing that are notes. */
typedef struct note_names {
    dbk_span names[NOTES_MAX];
    size_t count; /* of all that were seen */
} note_names;

static void find_notes(note_names *out, dbk_span listing)
{
    dbk_span name;
    uint64_t size;
    memset(out, 0, sizeof(*out));
    while (dbk_listing_next(&listing, &name, &size, NULL) == DBK_OK) {
        if (!dbk_note_name_is(name) || size > DBK_CHECKPOINT_BYTES_MAX)
            continue;
        out->names[out->count++ % NOTES_MAX] = name;
    }
}

typedef struct note_writer {
    dbk_stick *s;
    const char *dir;
    dbk_span listing;
} note_writer;

static dbk_rc leave_note(void *ctx, dbk_span note, uint64_t size, dbk_err *err)
{
    const note_writer *w = ctx;
    char own[DBK_CARRIER_NAME_SIZE] = "";
    dbk_span name, listing = w->listing;
    uint64_t bytes;
    dbk_rc rc = dbk_note_name(own, size, note, err);
    while (rc == DBK_OK && dbk_listing_next(&listing, &name, &bytes, NULL) == DBK_OK)
        if (dbk_span_equal(name, dbk_span_str(own)))
            return DBK_OK; /* it is there already */
    return rc == DBK_OK ? dbk_stick_put(w->s, w->dir, own, note, err) : rc;
}

/* What others were shown is compared with what this device was, and left for the next one. */
static dbk_rc trade_notes(dbk_stick *s, const dbk_id *space, const char *dir, dbk_span listing,
                          dbk_err *err)
{
    note_names there = { .count = 0 };
    note_writer w = { s, dir, listing };
    uint64_t size;
    dbk_rc rc = dbk_outbox_notes(s->book, space, leave_note, &w, err);
    if (dbk_outbox_note(s->book, &size, space).len > 0) /* else there is nothing to compare with */
        find_notes(&there, listing);
    for (size_t i = 0; rc == DBK_OK && i < there.count && i < NOTES_MAX; i++) {
        char name[DBK_CARRIER_NAME_SIZE];
        bool found;
        (void)snprintf(name, sizeof(name), "%.*s", (int)there.names[i].len, there.names[i].p);
        rc = dbk_stick_get(s, &found, dir, name, err);
        if (rc == DBK_OK && found)
            rc = dbk_evidence_carried(s->book, space, dbk_bytes_span(&s->answer.body), err);
    }
    return rc;
}

/* ---- all
 * ---------------------------------------------------------------------------------------------- */

static dbk_rc one_space(dbk_stick *s, const dbk_position *at, dbk_bytes *listing, dbk_err *err)
{
    const dbk_id *space = &at->space;
    char dir[DBK_ID_HEX_SIZE];
    dbk_shelf *shelf = NULL;
    dbk_vector *held = NULL;
    dbk_id_hex(dir, space);
    dbk_rc rc = dbk_stick_list(s, listing, dir, err);
    if (rc == DBK_OK && at->size == 0 && !at->push_only)
        rc = dbk_stick_begin_with(s, dir, dbk_bytes_span(listing), err);
    if (rc == DBK_OK)
        rc = dbk_shelf_new(&shelf, dbk_bytes_span(listing), err);
    if (rc == DBK_OK)
        rc = dbk_vector_new(&held, err);
    if (rc == DBK_OK)
        rc = dbk_outbox_seal(
            s->book, &(dbk_outbox_sealing){ *space, dbk_shelf_reach(shelf, &at->own_feed), false },
            err);
    if (rc == DBK_OK)
        rc = dbk_outbox_held(s->book, space, note_held, held, err);
    if (rc == DBK_OK && !at->push_only)
        rc = read_packs(s, dir, shelf, held, err);
    if (rc == DBK_OK)
        rc = write_packs(s, space, dir, shelf, held, err);
    if (rc == DBK_OK && !at->push_only)
        rc = trade_notes(s, space, dir, dbk_bytes_span(listing), err);
    dbk_shelf_free(shelf);
    dbk_vector_free(held);
    return rc;
}

static dbk_rc all_spaces(dbk_stick *s, dbk_bytes *listing, dbk_err *err)
{
    dbk_position *positions = NULL;
    size_t count = 0;
    dbk_rc rc = dbk_outbox_positions(s->book, &positions, &count, err);
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        rc = one_space(s, &positions[i], listing, err);
    dbk_free(positions);
    return rc;
}

dbk_rc dbk_sync_folder(dbk_book *book, const dbk_transport *t, dbk_sync_report *report,
                       dbk_watch *watch, dbk_err *err)
{
    dbk_stick s = { .book = book, .t = t, .report = report, .watch = watch };
    dbk_bytes listing = DBK_BYTES_INIT(DBK_RESPONSE_BYTES_MAX);
    dbk_bytes_init(&s.answer.body, DBK_RESPONSE_BYTES_MAX);
    dbk_rc rc = dbk_inbox_settle(book, err);
    if (rc == DBK_OK)
        rc = dbk_stick_list(&s, &listing, DBK_CARRIER_MEMBERS, err);
    if (rc == DBK_OK)
        rc = read_members(&s, err);
    if (rc == DBK_OK)
        rc = dbk_stick_write_members(&s, dbk_bytes_span(&listing), err);
    if (rc == DBK_OK)
        rc = all_spaces(&s, &listing, err);
    if (rc == DBK_OK && s.first.rc != DBK_OK)
        rc = dbk_fail(err, s.first.rc, "%s", s.first.text);
    report->joining = dbk_book_link(book)->stage == DBK_ORG_JOINING;
    report->idle = rc == DBK_OK && report->members_new == 0 && report->pushed_segments == 0 &&
                   report->pulled_segments == 0;
    dbk_bytes_wipe(&listing);
    dbk_bytes_wipe(&s.answer.body);
    return rc;
}
