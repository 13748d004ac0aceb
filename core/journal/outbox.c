#include "core/journal/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/absent.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/feed.h"
#include "core/journal/repack.h"
#include "core/journal/snapshot.h"
#include "core/journal/stray.h"
#include "core/store/chain.h"
#include "core/store/lost.h"
#include "core/store/segments.h"

static int by_space(const void *a, const void *b)
{
    const dbk_position *x = a, *y = b;
    return dbk_id_compare(&x->space, &y->space);
}

static dbk_rc position_of(dbk_position *out, dbk_book *book, const dbk_id *space, dbk_err *err)
{
    dbk_frontier none;
    dbk_absent absent = { 0 };
    dbk_rc rc = DBK_OK;
    dbk_standing mine = dbk_book_standing(book, space);
    bool is_out = mine.role == DBK_ROLE_NONE; /* as a folder may have told before the relay did */
    dbk_position p = { .space = *space,
                       .push_only = is_out || mine.over || mine.role == DBK_ROLE_WRITER,
                       .ends = is_out || mine.until_ms != 0 };
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    const dbk_book_feed *own = row == NULL ? NULL : dbk_tables_push_feed(&book->tables, row);
    uint64_t strays = 0;
    dbk_frontier_init(&none);
    const dbk_frontier *frontier = row == NULL ? &none : &row->now.frontier;
    if (row != NULL) {
        p.log = row->now.log;
        p.cosigned = dbk_cosigned_now(book, row);
        rc = dbk_absent_get(book, &absent, space, err);
        if (rc == DBK_OK && !absent.any && !p.push_only) /* what isn't here can't be carried */
            rc = dbk_strays_count(book, &strays, space, err);
        p.strays = strays;
        p.absent_from = absent.next;
        p.absent_to = absent.any ? row->now.frontier.size : 0;
        p.lacks_note = row->now.note_len == 0 && row->now.frontier.size > 0;
    }
    p.size = frontier->size;
    p.root = dbk_frontier_root(frontier, DBK_TREE_LOG);
    if (own != NULL) {
        p.own_feed = own->feed;
        p.own_last_seq = own->now.last_seq;
        p.own_receipted_seq = own->now.receipted_seq;
    }
    *out = p;
    return rc;
}

/* Of a space that this device is out of, only what it wrote and nobody has signed for matters: a
 * supervisor decides on that. */
static bool matters(const dbk_book *book, const dbk_space *space)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, &space->space);
    const dbk_book_feed *own = row == NULL ? NULL : dbk_tables_push_feed(&book->tables, row);
    if (space->is_roster)
        return false;
    return dbk_roster_role(book->roster, &book->own.device, &space->space) != DBK_ROLE_NONE ||
           (own != NULL && own->now.receipted_seq < own->now.last_seq);
}

dbk_rc dbk_outbox_positions(dbk_book *book, dbk_position **out, size_t *count, dbk_err *err)
{
    size_t spaces = book->roster == NULL ? 0 : dbk_roster_spaces(book->roster);
    dbk_position *rows = dbk_alloc_array(spaces + 1, sizeof(*rows));
    *out = NULL;
    *count = 0;
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu spaces", spaces);
    for (size_t i = 0; i < spaces; i++) {
        const dbk_space *s = dbk_roster_space_at(book->roster, i);
        if (!matters(book, s))
            continue;
        dbk_rc rc = position_of(&rows[(*count)++], book, &s->space, err);
        if (rc != DBK_OK) {
            dbk_free(rows);
            *count = 0;
            return rc;
        }
    }
    qsort(rows, *count, sizeof(*rows), by_space);
    *out = rows;
    return DBK_OK;
}

/* A walk that ends when its caps are reached. */
typedef struct walk {
    dbk_segment_fn fn;
    void *ctx;
    uint64_t after_seq;
    uint64_t count_left, bytes_left;
    bool taken;        /* one segment always goes, however small the cap */
    uint64_t last_seq; /* of the last that went */
} walk;

static dbk_rc give(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    walk *w = ctx;
    size_t size = row->header.len + row->body.len;
    if (row->first_seq <= w->after_seq)
        return DBK_OK;
    if (dbk_segment_is_bare(row))
        return DBK_NOT_FOUND; /* what others lost and this device never had: nothing more to give */
    if (w->count_left == 0 || (w->taken && size > w->bytes_left))
        return DBK_NOT_FOUND; /* the end of this batch, not a failure */
    w->taken = true;
    w->count_left--;
    w->bytes_left -= size < w->bytes_left ? size : w->bytes_left;
    w->last_seq = row->first_seq + row->count - 1;
    return w->fn(w->ctx, &(dbk_sealed){ row->header, row->body, row->kept }, err);
}

static dbk_rc keep_left(dbk_book *book, dbk_book_feed *feed, uint64_t seq, dbk_err *err)
{
    if (feed->now.left_seq >= seq)
        return DBK_OK;
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_left(book, feed, seq);
    return dbk_book_commit(book, err);
}

dbk_rc dbk_outbox_segments(dbk_book *book, const dbk_outbox_opts *opts, dbk_segment_fn fn,
                           void *ctx, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, &opts->space);
    dbk_book_feed *own = space == NULL ? NULL : dbk_tables_push_feed(&book->tables, space);
    walk w = { .fn = fn,
               .ctx = ctx,
               .after_seq = opts->after_seq,
               .count_left = opts->count_max,
               .bytes_left = opts->bytes_max };
    dbk_err inner = { 0 };
    if (own == NULL || opts->after_seq >= own->now.last_seq)
        return DBK_OK;
    dbk_rc rc = dbk_segments_of_feed(book->store, own->row, opts->after_seq + 1,
                                     opts->count_max + 1u, give, &w, &inner);
    if (rc == DBK_NOT_FOUND && inner.rc == DBK_OK)
        rc = DBK_OK;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    return w.taken ? keep_left(book, own, w.last_seq, err) : DBK_OK;
}

dbk_rc dbk_outbox_seal(dbk_book *book, const dbk_outbox_sealing *what, dbk_err *err)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, &what->space);
    dbk_book_feed *own = row == NULL ? NULL : dbk_tables_push_feed(&book->tables, row);
    if (own == NULL)
        return DBK_OK;
    const dbk_repack_opts opts = { .held_seq = what->held_seq,
                                   .apart = what->late ||
                                            dbk_book_standing(book, &what->space).over };
    return dbk_repack_run(book, own, &opts, err);
}

dbk_rc dbk_outbox_strays(dbk_book *book, const dbk_outbox_strays_opts *opts, dbk_segment_fn fn,
                         void *ctx, dbk_err *err)
{
    dbk_err inner = { 0 };
    /* Rows that stand aside count as they came, so no seq is before the first. */
    walk w = { .fn = fn, .ctx = ctx, .count_left = opts->count_max, .bytes_left = opts->bytes_max };
    dbk_rc rc = dbk_strays_each(book, &opts->space, opts->skip, give, &w, &inner);
    if (rc == DBK_NOT_FOUND && inner.rc == DBK_OK)
        return DBK_OK;
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

/* All of a space, or one feed of it. */
typedef struct carry {
    const dbk_book *book;
    dbk_segment_fn fn;
    void *ctx;
    dbk_id feed; /* zero: all */
    bool looks;  /* without the bodies */
} carry;

static dbk_rc give_all(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    const carry *c = ctx;
    dbk_header h;
    dbk_kept kept;
    dbk_rc rc = dbk_header_decode(&h, row->header, err);
    if (rc != DBK_OK || dbk_segment_is_bare(row) || /* others have it */
        (!dbk_id_is_zero(&c->feed) && !dbk_id_equal(&h.feed, &c->feed)))
        return rc;
    if (row->kept) {
        rc = dbk_kept_split(&kept, &h, row->body, true, err);
        if (rc != DBK_OK || dbk_absent_ops(c->book, &h, &kept) != 0)
            return rc; /* it isn't held: a restored store has yet to fetch it */
    }
    const dbk_span none = { NULL, 0 };
    const dbk_sealed segment = { row->header, c->looks ? none : row->body, row->kept };
    return c->fn(c->ctx, &segment, err);
}

dbk_rc dbk_outbox_carry(dbk_book *book, const dbk_outbox_feed *which, dbk_segment_fn fn, void *ctx,
                        dbk_err *err)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, &which->space);
    dbk_book_feed *feed = dbk_tables_feed(&book->tables, &which->feed);
    carry c = { .book = book, .fn = fn, .ctx = ctx, .feed = which->feed };
    dbk_rc rc = DBK_OK;
    if (row == NULL)
        return DBK_OK;
    if (dbk_id_is_zero(&which->feed))
        rc = dbk_feed_keep_left(book, row, err);
    else if (feed != NULL && feed->own)
        rc = keep_left(book, feed, feed->now.last_seq, err);
    return rc == DBK_OK ? dbk_segments_of_space(book->store, row->row, give_all, &c, err) : rc;
}

dbk_rc dbk_outbox_held(dbk_book *book, const dbk_id *space, dbk_segment_fn fn, void *ctx,
                       dbk_err *err)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    carry c = { .book = book, .fn = fn, .ctx = ctx, .looks = true };
    if (row == NULL)
        return DBK_OK;
    return dbk_segments_of_space(book->store, row->row, give_all, &c, err);
}

typedef struct entries {
    dbk_entry_fn fn;
    void *ctx;
} entries;

static dbk_rc give_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    const entries *e = ctx;
    (void)seq;
    return e->fn(e->ctx, entry, err);
}

dbk_span dbk_outbox_note(const dbk_book *book, uint64_t *size, const dbk_id *space_id)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, space_id);
    *size = space != NULL ? space->now.checkpoint_size : 0;
    return space != NULL ? dbk_span_of(space->now.note, space->now.note_len) : dbk_span_of(NULL, 0);
}

typedef struct notes {
    const dbk_book *book;
    dbk_note_fn fn;
    void *ctx;
} notes;

static dbk_rc give_past_note(void *ctx, const dbk_past_log *row, dbk_err *err)
{
    const notes *n = ctx;
    dbk_checkpoint c;
    if (row->note.len == 0)
        return DBK_OK;
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_checkpoint_open(&c, row->note, dbk_roster_relay(n->book->roster), &cause);
    if (rc != DBK_OK)
        return dbk_fail(err, rc == DBK_NOMEM ? rc : DBK_DAMAGED,
                        "what the relay signed for a log that ended: %s", cause.text);
    return n->fn(n->ctx, row->note, c.size, err);
}

dbk_rc dbk_outbox_notes(dbk_book *book, const dbk_id *space_id, dbk_note_fn fn, void *ctx,
                        dbk_err *err)
{
    uint64_t size;
    notes n = { book, fn, ctx };
    const dbk_book_space *space = dbk_tables_space(&book->tables, space_id);
    dbk_span note = dbk_outbox_note(book, &size, space_id);
    dbk_rc rc = note.len > 0 ? fn(ctx, note, size, err) : DBK_OK;
    if (rc == DBK_OK && space != NULL && book->roster != NULL)
        rc = dbk_past_logs(book->store, space->row, give_past_note, &n, err);
    return rc;
}

dbk_rc dbk_outbox_members(dbk_book *book, uint64_t from, dbk_entry_fn fn, void *ctx, dbk_err *err)
{
    entries e = { fn, ctx };
    return dbk_chain_each(book->store, from, give_entry, &e, err);
}
