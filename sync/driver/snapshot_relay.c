/* Snapshots at the relay (decision 0040): headquarters uploads and confirms them, and a device that
 * has nothing of a space begins with the one that stands there. The relay vouches for nothing: what
 * it gives is checked as what a folder gives. */
#include <stdio.h>
#include <string.h>

#include "core/journal/snapshot_kept.h"
#include "sync/driver/stick.h"
#include "sync/engine/msg.h"
#include "sync/engine/msg_snapshot.h"
#include "sync/engine/retry.h"

#define TAIL_MAX 40u
#define BINARY "application/octet-stream"

static dbk_rc post(dbk_line *line, const dbk_id *space, const char *tail, dbk_span body,
                   dbk_err *err)
{
    char target[DBK_LINE_TARGET_SIZE];
    dbk_line_target(target, space, tail);
    const dbk_call call = { .method = "POST",
                            .target = target,
                            .content_type = BINARY,
                            .body = body,
                            .has_body = true,
                            .answer_max = DBK_CONTROL_BYTES_MAX };
    return dbk_line_ask(line, &call, err);
}

static dbk_rc get(dbk_line *line, const dbk_id *space, const char *tail, size_t answer_max,
                  dbk_err *err)
{
    char target[DBK_LINE_TARGET_SIZE];
    dbk_line_target(target, space, tail);
    const dbk_call call = { .method = "GET", .target = target, .answer_max = answer_max };
    return dbk_line_ask(line, &call, err);
}

/* ---- beginning with one ---------------------------------------------------------------------- */

typedef struct fetching {
    dbk_line *line;
    dbk_watch *watch;
    dbk_id space, name;
    const dbk_manifest *m;
    dbk_snapshot_kept kept;
    dbk_bytes chunk; /* of what is kept */
    dbk_part part;   /* at hand; in the line's answer */
    uint32_t next;   /* chunk */
    bool is_only_way;
    bool was_replaced; /* the relay has another one by now */
} fetching;

static dbk_rc next_part(fetching *f, dbk_err *err)
{
    char tail[TAIL_MAX];
    dbk_err why = { 0 };
    uint32_t number = f->next / DBK_PART_CHUNKS;
    (void)snprintf(tail, sizeof(tail), "/snapshot/part?number=%u", (unsigned)number);
    dbk_rc rc = get(f->line, &f->space, tail, DBK_PART_BYTES_MAX, err);
    f->was_replaced = rc == DBK_NOT_FOUND;
    if (rc != DBK_OK)
        return rc;
    rc = dbk_part_decode(&f->part, dbk_bytes_span(&dbk_line_answer(f->line)->body), &why);
    f->was_replaced = rc == DBK_OK && !dbk_id_equal(&f->part.name, &f->name);
    if (rc != DBK_OK || f->part.number != number || f->was_replaced)
        return dbk_fail(err, DBK_PEER, "the relay gives no such part of a snapshot");
    return DBK_OK;
}

static dbk_rc give_chunk(void *ctx, dbk_span *sealed, uint32_t index, dbk_err *err)
{
    fetching *f = ctx;
    dbk_rc rc = DBK_OK;
    if (index < f->kept.chunks) {
        dbk_bytes_truncate(&f->chunk, 0);
        rc = dbk_snapshot_kept_get(f->line->book, &f->chunk, &f->space, index, err);
        *sealed = dbk_bytes_span(&f->chunk);
        return rc;
    }
    DBK_ASSERT(index == f->next);
    if (index % DBK_PART_CHUNKS == 0)
        rc = next_part(f, err);
    if (rc == DBK_OK && !dbk_part_next(&f->part, sealed))
        rc = dbk_fail(err, DBK_PEER, "a part of a snapshot is too short");
    f->next++;
    dbk_watch_tell(f->watch, "begin", f->next, f->m->chunks);
    return rc;
}

static dbk_rc keep_part(fetching *f, dbk_err *err)
{
    dbk_span sealed[DBK_PART_CHUNKS];
    dbk_snapshot_chunks chunks = { .sealed = sealed };
    while (chunks.count < DBK_PART_CHUNKS && dbk_part_next(&f->part, &sealed[chunks.count]))
        chunks.count++;
    if (chunks.count < DBK_PART_CHUNKS)
        return dbk_fail(err, DBK_PEER, "a part of a snapshot is too short");
    return dbk_snapshot_keep(f->line->book, &f->kept, f->m, &chunks, err);
}

/* All but the last part: with that one it is taken. */
static dbk_rc keep_parts(fetching *f, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    f->next = f->kept.chunks;
    while (rc == DBK_OK && f->m->chunks - f->next > DBK_PART_CHUNKS &&
           f->next + DBK_PART_CHUNKS <= DBK_SNAPSHOT_KEPT_CHUNKS_MAX) {
        rc = next_part(f, err);
        if (rc == DBK_OK)
            rc = keep_part(f, err);
        if (rc == DBK_OK)
            f->next += DBK_PART_CHUNKS;
        dbk_watch_tell(f->watch, "begin", f->next, f->m->chunks);
    }
    return rc;
}

/* It is for others, or not yet: nothing is wrong with it. */
static bool is_for_others(dbk_rc rc)
{
    return rc == DBK_CONFLICT || rc == DBK_PENDING || rc == DBK_NOT_FOUND;
}

/* A connection that breaks each time must not keep a device from the log, which comes in pieces,
 * too: so a try that brings nothing is the last one, or one of the last. Where relays have let go
 * of the log's beginning there is no other way. */
static dbk_rc fetch(fetching *f, dbk_snapshot_taken *taken, const dbk_snapshot_in *in, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_book *book = f->line->book;
    const dbk_space *space = dbk_roster_space(dbk_book_roster(book), &f->space);
    f->is_only_way = space != NULL && space->floor.size > 0;
    dbk_rc rc = dbk_snapshot_kept_try(book, &f->kept, f->m, err);
    if (rc == DBK_OK && f->kept.is_hopeless && !f->is_only_way)
        return dbk_snapshot_kept_drop(book, &f->space, err);
    if (rc != DBK_OK)
        return rc;
    rc = keep_parts(f, &why);
    if (rc == DBK_OK)
        rc = dbk_snapshot_take(book, taken, in, &why);
    if (rc == DBK_UNREACHABLE && (f->kept.chunks > 0 || f->is_only_way))
        return dbk_fail(err, rc,
                        "%s; of headquarters' snapshot %u parts of %u are here, and the "
                        "next sync goes on",
                        why.text, (unsigned)(f->kept.chunks / DBK_PART_CHUNKS),
                        (unsigned)((f->m->chunks - 1) / DBK_PART_CHUNKS + 1));
    if (rc != DBK_OK && rc != DBK_UNREACHABLE && !dbk_retry_is_local(rc) && !f->is_only_way) {
        dbk_rc dropped = dbk_snapshot_kept_drop(book, &f->space, err);
        rc = dropped == DBK_OK ? rc : dropped;
    }
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
}

static dbk_rc try_it(fetching *f, dbk_snapshot_taken *taken, const dbk_snapshot_offer *offer,
                     dbk_err *err)
{
    dbk_manifest m;
    dbk_book *book = f->line->book;
    dbk_snapshot_in in = { .manifest = offer->manifest,
                           .confirmations_count = offer->words_count,
                           .chunk = give_chunk,
                           .ctx = f };
    const dbk_id device = dbk_book_device(book);
    /* Whoever vouches for a space holds all of it, whatever the relay offers (P1). */
    if (dbk_snapshot_may_vouch(dbk_book_roster(book), &device, &f->space))
        return dbk_fail(err, DBK_NOT_FOUND, "a desk of headquarters takes the log");
    memcpy(in.confirmations, offer->words, sizeof(offer->words));
    dbk_rc rc = dbk_manifest_decode(&m, offer->manifest, err);
    if (rc == DBK_OK && !dbk_id_equal(&m.claim.space, &f->space))
        rc = dbk_fail(err, DBK_PEER, "the relay offers another space's snapshot");
    if (rc == DBK_OK)
        rc = dbk_snapshot_look(book, &in, err);
    if (rc != DBK_OK)
        return rc;
    memcpy(f->name.b, m.salt, sizeof(f->name.b));
    f->m = &m;
    rc = fetch(f, taken, &in, err);
    f->m = NULL;
    return rc;
}

static dbk_rc begin_once(fetching *f, dbk_snapshot_taken *taken, dbk_err *err)
{
    dbk_snapshot_offer offer;
    dbk_bytes held = DBK_BYTES_INIT(DBK_SNAPSHOT_OFFER_BYTES_MAX);
    f->was_replaced = false;
    dbk_rc rc = get(f->line, &f->space, "/snapshot", DBK_SNAPSHOT_OFFER_BYTES_MAX, err);
    if (rc == DBK_OK) /* the parts will stand where it stands */
        rc = dbk_bytes_append(&held, dbk_bytes_span(&dbk_line_answer(f->line)->body), err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_offer_decode(&offer, dbk_bytes_span(&held), err);
    if (rc == DBK_OK)
        rc = try_it(f, taken, &offer, err);
    dbk_bytes_wipe(&held);
    return rc;
}

dbk_rc dbk_line_snapshot_begin(dbk_line *line, dbk_snapshot_taken *taken, bool *refused,
                               const dbk_id *space, dbk_watch *watch, dbk_err *err)
{
    fetching f = { .line = line, .watch = watch, .space = *space };
    dbk_err why = { 0 };
    *taken = (dbk_snapshot_taken){ 0 };
    *refused = false;
    dbk_bytes_init(&f.chunk, DBK_PART_CHUNK_BYTES_MAX);
    dbk_rc rc = begin_once(&f, taken, &why);
    if (f.was_replaced) { /* another one stands there since: that one, then */
        dbk_err_clear(&why);
        rc = begin_once(&f, taken, &why);
    }
    bool goes_on = rc == DBK_UNREACHABLE && (f.kept.chunks > 0 || f.is_only_way);
    dbk_bytes_wipe(&f.chunk);
    if (dbk_retry_is_local(rc) || goes_on)
        return dbk_fail(err, rc, "%s", why.text);
    *refused = rc != DBK_OK && !is_for_others(rc);
    return DBK_OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

typedef struct uploading {
    dbk_line *line;
    dbk_watch *watch;
    dbk_id space, name;
    dbk_bytes part;
    uint32_t chunks; /* in it */
    uint32_t number;
    uint64_t bytes;
} uploading;

static dbk_rc flush(uploading *u, dbk_err *err)
{
    if (u->chunks == 0)
        return DBK_OK;
    dbk_rc rc = post(u->line, &u->space, "/snapshot/part", dbk_bytes_span(&u->part), err);
    u->bytes += u->part.len;
    u->number++;
    u->chunks = 0;
    dbk_watch_tell(u->watch, "upload", u->bytes, 0);
    return rc;
}

static dbk_rc send_chunk(void *ctx, const dbk_id *name, uint32_t index, dbk_span sealed,
                         dbk_err *err)
{
    uploading *u = ctx;
    (void)index;
    dbk_rc rc = u->chunks == DBK_PART_CHUNKS ? flush(u, err) : DBK_OK;
    if (rc == DBK_OK && u->chunks == 0) {
        dbk_bytes_truncate(&u->part, 0);
        rc = dbk_part_begin(&u->part, name, u->number, err);
    }
    if (rc == DBK_OK)
        rc = dbk_part_add(&u->part, sealed, err);
    u->chunks++;
    return rc;
}

/* The relay takes none that knows less of the membership than it. */
static dbk_rc upload(uploading *u, dbk_snapshot_told *told, dbk_err *err)
{
    bool ours = false;
    dbk_err why = { 0 };
    dbk_manifest m;
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    const dbk_snapshot_out out = { send_chunk, u };
    dbk_rc rc = dbk_line_catch_up(u->line, (dbk_span){ NULL, 0 }, &ours, err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_make(u->line->book, &manifest, &u->space, &out, &why);
    if (rc == DBK_OK)
        rc = flush(u, &why);
    if (rc == DBK_OK)
        rc = post(u->line, &u->space, "/snapshot", dbk_bytes_span(&manifest), &why);
    if (rc == DBK_CONFLICT)
        rc = dbk_fail(err, rc,
                      "the relay has a newer snapshot, or the organisation changed "
                      "meanwhile: sync, and make it again");
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", why.text);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(&m, dbk_bytes_span(&manifest), err);
    if (rc == DBK_OK)
        *told = (dbk_snapshot_told){ u->space, m.claim.size, m.claim.records, u->bytes, m.device };
    dbk_bytes_wipe(&manifest);
    return rc;
}

dbk_rc dbk_driver_snapshot_make(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                                dbk_snapshot_told *told, const dbk_progress *progress, dbk_err *err)
{
    dbk_line line;
    dbk_watch watch = { .progress = progress };
    uploading u = {
        .line = &line, .watch = &watch, .space = *space, .part = DBK_BYTES_INIT(DBK_PART_BYTES_MAX)
    };
    if (t->carrier)
        return dbk_stick_snapshot_make(book, t, space, told, progress, err);
    *told = (dbk_snapshot_told){ .space = *space };
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = upload(&u, told, err);
    dbk_bytes_wipe(&u.part);
    dbk_line_close(&line);
    return rc;
}

/* ---- confirming ------------------------------------------------------------------------------ */

/* What the relay holds by now may be another one, confirmed by others. */
static dbk_rc send_word(dbk_line *line, const dbk_id *space, dbk_span word, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_rc rc = post(line, space, "/snapshot/confirm", word, &why);
    if (rc == DBK_CONFLICT)
        return dbk_fail(err, DBK_NOT_FOUND, "that snapshot is not at the relay any more");
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
}

/* The claim that waits, in the line's answer. One that can't be read is a fault of the relay, or of
 * the way from it: nothing on this device is malformed. */
static dbk_rc waiting(dbk_line *line, dbk_snapshot_offer *offer, dbk_manifest *m,
                      const dbk_id *space, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_rc rc = get(line, space, "/snapshot?next=1", DBK_SNAPSHOT_OFFER_BYTES_MAX, &why);
    if (rc == DBK_NOT_FOUND)
        return dbk_fail(err, rc, "no snapshot of that space waits for its confirmation");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", why.text);
    rc = dbk_snapshot_offer_decode(offer, dbk_bytes_span(&dbk_line_answer(line)->body), &why);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(m, offer->manifest, &why);
    if (rc == DBK_VERSION)
        return dbk_fail(err, rc, "%s", why.text);
    if (rc != DBK_OK)
        return dbk_fail(err, DBK_PEER, "the relay's snapshot can't be read: %s", why.text);
    if (!dbk_id_equal(&m->claim.space, space))
        return dbk_fail(err, DBK_PEER, "the relay offers another space's snapshot");
    return DBK_OK;
}

dbk_rc dbk_line_snapshot_confirm(dbk_line *line, dbk_snapshot_told *told, const dbk_id *space,
                                 dbk_err *err)
{
    uint8_t word[DBK_CONFIRMATION_BYTES];
    dbk_manifest m;
    dbk_snapshot_offer offer;
    *told = (dbk_snapshot_told){ .space = *space };
    dbk_rc rc = waiting(line, &offer, &m, space, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_snapshot_told what = { *space, m.claim.size, m.claim.records, 0, m.device };
    rc = dbk_snapshot_confirm(line->book, word, offer.manifest, err);
    if (rc == DBK_OK)
        rc = send_word(line, space, dbk_span_of(word, sizeof(word)), err);
    if (rc == DBK_OK)
        *told = what;
    return rc;
}

dbk_rc dbk_driver_snapshot_confirm(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                                   dbk_snapshot_told *told, const dbk_progress *progress,
                                   dbk_err *err)
{
    dbk_line line;
    bool ours = false;
    if (t->carrier)
        return dbk_stick_snapshot_confirm(book, t, space, told, progress, err);
    *told = (dbk_snapshot_told){ .space = *space };
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_line_catch_up(&line, (dbk_span){ NULL, 0 }, &ours, err);
    if (rc == DBK_OK)
        rc = dbk_line_snapshot_confirm(&line, told, space, err);
    dbk_line_close(&line);
    return rc;
}
