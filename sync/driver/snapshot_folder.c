/* Snapshots on a folder (decision 0039): written and confirmed by headquarters' devices, and what a
 * device begins with. */
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/outbox.h"
#include "core/journal/snapshot.h"
#include "sync/driver/stick.h"
#include "sync/engine/retry.h"

#define TRIED_MAX 8u /* snapshots of a space that are looked at, the newest first */
#define PART_BYTES_MAX (DBK_CARRIER_CHUNKS * (4u + 64u * 1024u))

/* ---- which there are ------------------------------------------------------------------------- */

/* Listings are sorted, so the last ones are of the longest logs. */
typedef struct found {
    dbk_snap_files files[TRIED_MAX];
    size_t count; /* of all that were seen */
} found;

static size_t find(found *out, dbk_span listing)
{
    dbk_span name;
    uint64_t size;
    dbk_snap_files f;
    memset(out, 0, sizeof(*out));
    while (dbk_listing_next(&listing, &name, &size, NULL) == DBK_OK) {
        if (size <= DBK_MANIFEST_BYTES_MAX && dbk_snap_parse(&f, name))
            out->files[out->count++ % TRIED_MAX] = f;
    }
    return out->count < TRIED_MAX ? out->count : TRIED_MAX;
}

/* The i-th newest. */
static const dbk_snap_files *newest(const found *f, size_t i)
{
    return &f->files[(f->count - 1 - i) % TRIED_MAX];
}

static dbk_rc read_manifest(dbk_stick *s, dbk_bytes *out, const char *dir, const dbk_snap_files *f,
                            dbk_err *err)
{
    char name[DBK_CARRIER_NAME_SIZE];
    bool there = false;
    dbk_snap_name(name, f);
    dbk_bytes_truncate(out, 0);
    dbk_rc rc = dbk_stick_get(s, &there, dir, name, err);
    if (rc == DBK_OK && !there)
        rc = dbk_fail(err, DBK_FORMAT, "a snapshot's manifest can't be read");
    return rc == DBK_OK ? dbk_bytes_append(out, dbk_bytes_span(&s->answer.body), err) : rc;
}

/* ---- beginning with one ---------------------------------------------------------------------- */

typedef struct reading {
    dbk_stick *s;
    const char *dir;
    const dbk_snap_files *files;
    dbk_bytes words; /* confirmations, one behind the other */
    dbk_wire left;   /* of the part at hand */
    uint32_t next;   /* chunk */
} reading;

static dbk_rc next_part(reading *r, dbk_err *err)
{
    char name[DBK_CARRIER_NAME_SIZE];
    bool there = false;
    dbk_snap_part_name(name, r->files, r->next / DBK_CARRIER_CHUNKS);
    dbk_rc rc = dbk_stick_get(r->s, &there, r->dir, name, err);
    if (rc == DBK_OK && !there)
        rc = dbk_fail(err, DBK_FORMAT, "a part of a snapshot is missing");
    r->left = dbk_wire_from(dbk_bytes_span(&r->s->answer.body));
    return rc;
}

static dbk_rc give_chunk(void *ctx, dbk_span *sealed, uint32_t index, dbk_err *err)
{
    reading *r = ctx;
    dbk_rc rc = DBK_OK;
    DBK_ASSERT(index == r->next);
    if (index % DBK_CARRIER_CHUNKS == 0)
        rc = next_part(r, err);
    if (rc != DBK_OK)
        return rc;
    *sealed = dbk_wire_get_span(&r->left, dbk_wire_get_u32(&r->left));
    r->next++;
    return dbk_wire_ok(&r->left, "a part of a snapshot", err);
}

static dbk_rc read_words(reading *r, dbk_snapshot_in *in, dbk_span listing, dbk_err *err)
{
    dbk_span name;
    uint64_t size;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK && in->confirmations_count < DBK_SNAPSHOT_CONFIRMATIONS_MAX &&
           dbk_listing_next(&listing, &name, &size, NULL) == DBK_OK) {
        char text[DBK_CARRIER_NAME_SIZE];
        bool there = false;
        if (size != DBK_CONFIRMATION_BYTES || !dbk_snap_word_is(r->files, name))
            continue;
        (void)snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.p);
        rc = dbk_stick_get(r->s, &there, r->dir, text, err);
        if (rc != DBK_OK || !there || r->s->answer.body.len != DBK_CONFIRMATION_BYTES)
            continue;
        rc = dbk_bytes_append(&r->words, dbk_bytes_span(&r->s->answer.body), err);
        in->confirmations_count++;
    }
    /* The buffer has its place only now. */
    for (size_t i = 0; rc == DBK_OK && i < in->confirmations_count; i++)
        in->confirmations[i] = dbk_span_of(r->words.p + i * DBK_CONFIRMATION_BYTES,
                                           DBK_CONFIRMATION_BYTES);
    return rc;
}

static dbk_rc take(reading *r, dbk_span listing, dbk_err *err)
{
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_snapshot_in in = { .chunk = give_chunk, .ctx = r };
    dbk_snapshot_taken taken = { 0 };
    dbk_rc rc = read_manifest(r->s, &manifest, r->dir, r->files, err);
    if (rc == DBK_OK)
        rc = read_words(r, &in, listing, err);
    in.manifest = dbk_bytes_span(&manifest);
    if (rc == DBK_OK)
        rc = dbk_snapshot_take(r->s->book, &taken, &in, err);
    if (rc == DBK_OK) {
        r->s->report->begun++;
        r->s->report->begun_records += taken.records;
        r->s->report->pulled_segments += taken.segments;
    }
    dbk_bytes_wipe(&manifest);
    return rc;
}

/* Nothing is wrong with the folder then: it is too early, or too late, for this device. */
static bool is_for_others(dbk_rc rc)
{
    return rc == DBK_CONFLICT || rc == DBK_PENDING || rc == DBK_NOT_FOUND;
}

dbk_rc dbk_stick_begin_with(dbk_stick *s, const char *dir, dbk_span listing, dbk_err *err)
{
    found there;
    size_t count = find(&there, listing);
    for (size_t i = 0; i < count; i++) {
        char name[DBK_CARRIER_NAME_SIZE];
        dbk_err why = { 0 };
        reading r = { .s = s, .dir = dir, .files = newest(&there, i) };
        dbk_bytes_init(&r.words, DBK_SNAPSHOT_CONFIRMATIONS_MAX * DBK_CONFIRMATION_BYTES);
        dbk_rc rc = take(&r, listing, &why);
        dbk_bytes_wipe(&r.words);
        if (rc == DBK_OK)
            return DBK_OK;
        if (dbk_retry_is_local(rc))
            return dbk_fail(err, rc, "%s", why.text);
        dbk_snap_name(name, newest(&there, i));
        if (!is_for_others(rc))
            dbk_stick_remember(s, dir, name, &why);
    }
    return DBK_OK;
}

/* Who vouches, and which spaces there are, comes from the relay; what they hold from the folder. */
static dbk_rc catch_up(dbk_book *book, const dbk_transport *relay, dbk_err *err)
{
    dbk_line line;
    bool ours = false;
    dbk_rc rc = dbk_line_open(&line, book, relay, err);
    if (rc == DBK_OK)
        rc = dbk_line_catch_up(&line, (dbk_span){ NULL, 0 }, &ours, err);
    dbk_line_close(&line);
    return rc;
}

dbk_rc dbk_driver_begin_with(dbk_book *book, const dbk_transport *relay,
                             const dbk_transport *folder, dbk_sync_report *report,
                             const dbk_progress *progress, dbk_err *err)
{
    dbk_watch watch = { .progress = progress };
    dbk_stick s = { .book = book, .t = folder, .report = report, .watch = &watch };
    dbk_bytes listing = DBK_BYTES_INIT(DBK_RESPONSE_BYTES_MAX);
    dbk_position *positions = NULL;
    size_t count = 0;
    memset(report, 0, sizeof(*report));
    dbk_bytes_init(&s.answer.body, DBK_RESPONSE_BYTES_MAX);
    dbk_rc rc = catch_up(book, relay, err);
    if (rc == DBK_OK)
        rc = dbk_outbox_positions(book, &positions, &count, err);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        char dir[DBK_ID_HEX_SIZE];
        if (positions[i].size > 0 || positions[i].push_only)
            continue;
        dbk_id_hex(dir, &positions[i].space);
        rc = dbk_stick_list(&s, &listing, dir, err);
        if (rc == DBK_OK)
            rc = dbk_stick_begin_with(&s, dir, dbk_bytes_span(&listing), err);
    }
    if (rc == DBK_OK && s.first.rc != DBK_OK)
        rc = dbk_fail(err, s.first.rc, "%s", s.first.text);
    dbk_free(positions);
    dbk_bytes_wipe(&listing);
    dbk_bytes_wipe(&s.answer.body);
    return rc;
}

/* ---- making ---------------------------------------------------------------------------------- */

typedef struct writing {
    dbk_stick *s;
    char dir[DBK_ID_HEX_SIZE];
    dbk_snap_files files;
    dbk_bytes part;
    uint32_t parts;
    uint64_t bytes;
} writing;

static dbk_rc flush(writing *w, dbk_err *err)
{
    char name[DBK_CARRIER_NAME_SIZE];
    if (w->part.len == 0)
        return DBK_OK;
    dbk_snap_part_name(name, &w->files, w->parts++);
    dbk_rc rc = dbk_stick_put(w->s, w->dir, name, dbk_bytes_span(&w->part), err);
    w->bytes += w->part.len;
    dbk_bytes_truncate(&w->part, 0);
    return rc;
}

static dbk_rc keep_chunk(void *ctx, const dbk_id *name, uint32_t index, dbk_span sealed,
                         dbk_err *err)
{
    writing *w = ctx;
    uint8_t *p;
    w->files.name = *name;
    dbk_rc rc = index > 0 && index % DBK_CARRIER_CHUNKS == 0 ? flush(w, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = dbk_bytes_extend(&w->part, &p, 4 + sealed.len, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_copy(dbk_wire_put_u32(p, (uint32_t)sealed.len), sealed.p, sealed.len);
    return rc;
}

/* The manifest last: who sees it finds all of its parts. */
static dbk_rc make(dbk_stick *s, dbk_snapshot_told *told, const dbk_id *space, dbk_err *err)
{
    char name[DBK_CARRIER_NAME_SIZE];
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_manifest m;
    writing w = { .s = s, .part = DBK_BYTES_INIT(PART_BYTES_MAX) };
    const dbk_snapshot_out out = { keep_chunk, &w };
    dbk_id_hex(w.dir, space);
    (void)dbk_outbox_note(s->book, &w.files.size, space);
    dbk_rc rc = dbk_snapshot_make(s->book, &manifest, space, &out, err);
    if (rc == DBK_OK)
        rc = flush(&w, err);
    dbk_snap_name(name, &w.files);
    if (rc == DBK_OK)
        rc = dbk_stick_put(s, w.dir, name, dbk_bytes_span(&manifest), err);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(&m, dbk_bytes_span(&manifest), err);
    if (rc == DBK_OK)
        *told = (dbk_snapshot_told){ *space, m.claim.size, m.claim.records, w.bytes, m.device };
    dbk_bytes_wipe(&w.part);
    dbk_bytes_wipe(&manifest);
    return rc;
}

static dbk_rc open_stick(dbk_stick *s, dbk_book *book, const dbk_transport *t,
                         dbk_sync_report *report, dbk_watch *watch, dbk_err *err)
{
    *s = (dbk_stick){ .book = book, .t = t, .report = report, .watch = watch };
    dbk_bytes_init(&s->answer.body, DBK_RESPONSE_BYTES_MAX);
    if (dbk_book_roster(book) == NULL)
        return dbk_fail(err, DBK_DENIED, "this device is in no organisation yet");
    return DBK_OK;
}

/* Whoever begins without a network must know who vouches. */
static dbk_rc add_members(dbk_stick *s, dbk_bytes *listing, dbk_err *err)
{
    dbk_rc rc = dbk_stick_list(s, listing, DBK_CARRIER_MEMBERS, err);
    return rc == DBK_OK ? dbk_stick_write_members(s, dbk_bytes_span(listing), err) : rc;
}

dbk_rc dbk_stick_snapshot_make(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                               dbk_snapshot_told *told, const dbk_progress *progress, dbk_err *err)
{
    dbk_stick s;
    dbk_sync_report report = { 0 };
    dbk_watch watch = { .progress = progress };
    dbk_bytes listing = DBK_BYTES_INIT(DBK_RESPONSE_BYTES_MAX);
    *told = (dbk_snapshot_told){ .space = *space };
    dbk_rc rc = open_stick(&s, book, t, &report, &watch, err);
    if (rc == DBK_OK)
        rc = make(&s, told, space, err);
    if (rc == DBK_OK)
        rc = add_members(&s, &listing, err);
    dbk_bytes_wipe(&listing);
    dbk_bytes_wipe(&s.answer.body);
    return rc;
}

/* ---- confirming ------------------------------------------------------------------------------ */

static dbk_rc confirm(dbk_stick *s, dbk_snapshot_told *told, const char *dir,
                      const dbk_snap_files *f, dbk_err *err)
{
    char name[DBK_CARRIER_NAME_SIZE];
    uint8_t word[DBK_CONFIRMATION_BYTES];
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_manifest m;
    dbk_id device = dbk_book_device(s->book);
    dbk_rc rc = read_manifest(s, &manifest, dir, f, err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_confirm(s->book, word, dbk_bytes_span(&manifest), err);
    dbk_snap_word_name(name, f, &device);
    if (rc == DBK_OK)
        rc = dbk_stick_put(s, dir, name, dbk_span_of(word, sizeof(word)), err);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(&m, dbk_bytes_span(&manifest), err);
    if (rc == DBK_OK)
        *told = (dbk_snapshot_told){ m.claim.space, m.claim.size, m.claim.records, 0, m.device };
    dbk_bytes_wipe(&manifest);
    return rc;
}

dbk_rc dbk_stick_snapshot_confirm(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                                  dbk_snapshot_told *told, const dbk_progress *progress,
                                  dbk_err *err)
{
    dbk_stick s;
    char dir[DBK_ID_HEX_SIZE];
    found there;
    dbk_sync_report report = { 0 };
    dbk_watch watch = { .progress = progress };
    dbk_bytes listing = DBK_BYTES_INIT(DBK_RESPONSE_BYTES_MAX);
    *told = (dbk_snapshot_told){ .space = *space };
    dbk_id_hex(dir, space);
    dbk_rc rc = open_stick(&s, book, t, &report, &watch, err);
    if (rc == DBK_OK)
        rc = dbk_stick_list(&s, &listing, dir, err);
    if (rc == DBK_OK && find(&there, dbk_bytes_span(&listing)) == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no snapshot of that space in the folder");
    if (rc == DBK_OK)
        rc = confirm(&s, told, dir, newest(&there, 0), err);
    if (rc == DBK_OK)
        rc = add_members(&s, &listing, err);
    dbk_bytes_wipe(&listing);
    dbk_bytes_wipe(&s.answer.body);
    return rc;
}
