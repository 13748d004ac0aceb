/* A space from a snapshot, in one transaction. */
#include <string.h>

#include "core/base/wire.h"
#include "core/journal/evidence.h"
#include "core/journal/fold.h"
#include "core/journal/logtree.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/record_id.h"
#include "core/journal/snapshot_internal.h"
#include "core/journal/snapshot_kept.h"
#include "core/seal/snapshot_seal.h"
#include "core/store/deeds.h"

#define NODES_BYTES (256u * 1024u) /* of the tree that are written at once */

/* meta, one for each space: size (u64) || made ms (u64) || maker (16) || confirmer (16) */
#define ROW_PREFIX "snapshot."
#define ROW_NAME_SIZE (sizeof(ROW_PREFIX) + DBK_ID_HEX_SIZE)
#define ROW_BYTES (8u + 8u + 2u * DBK_ID_BYTES)

static void row_name(char out[ROW_NAME_SIZE], const dbk_id *space)
{
    memcpy(out, ROW_PREFIX, sizeof(ROW_PREFIX));
    dbk_id_hex(out + sizeof(ROW_PREFIX) - 1, space);
}

/* ---- may it be taken ------------------------------------------------------------------------- */

/* What this device wrote is no hindrance where it never left, or stands in the log behind the
 * snapshot: it comes with the tail then. */
static dbk_rc is_later(const dbk_book *book, bool *later, const dbk_book_feed *feed, uint64_t size,
                       dbk_err *err)
{
    dbk_store_segment_place first = { 0 };
    dbk_err none = { 0 };
    *later = feed->own && feed->now.receipted_seq == 0;
    if (!feed->own || *later)
        return DBK_OK;
    dbk_rc rc = dbk_segments_place(book->store, &first, feed->row, 1, &none);
    *later = rc == DBK_OK && first.log.known && first.log.index >= size;
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", none.text);
}

static dbk_rc check_here(const dbk_book *book, const dbk_manifest *m, dbk_err *err)
{
    const dbk_id *space = &m->claim.space;
    const dbk_tables *t = &book->tables;
    const dbk_book_space *home = dbk_tables_space(t, space);
    if (dbk_book_role(book, space) == DBK_ROLE_NONE || dbk_book_is_writer(book, space))
        return dbk_fail(err, DBK_NOT_FOUND, "a snapshot is of a space that this device is not in");
    if (home != NULL && home->now.frontier.size > 0)
        return dbk_fail(err, DBK_CONFLICT, "there is something of the space here already");
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < t->feeds_count && rc == DBK_OK; i++) {
        bool later = false;
        if (t->feeds[i]->space != home)
            continue;
        rc = is_later(book, &later, t->feeds[i], m->claim.size, err);
        if (rc == DBK_OK && !later)
            rc = dbk_fail(err, DBK_CONFLICT, "there is something of the space here already");
    }
    return rc;
}

/* The log that is in force by the chain. Of the first one nobody knows the name beforehand. */
static dbk_rc check_log(const dbk_book *book, const dbk_claim *claim, dbk_err *err)
{
    const dbk_space *space = dbk_roster_space(book->roster, &claim->space);
    const dbk_id *log = &space->recovery.new_log;
    if (!dbk_id_is_zero(log) && !dbk_id_equal(log, &claim->log))
        return dbk_fail(err, DBK_CONFLICT, "a snapshot is of a log that has ended");
    return DBK_OK;
}

/* *confirmer: of whom the first that holds is. */
static dbk_rc check_confirmed(const dbk_book *book, dbk_id *confirmer, const dbk_manifest *m,
                              const dbk_snapshot_in *in, dbk_err *err)
{
    dbk_err why = { 0 };
    for (size_t i = 0; i < in->confirmations_count && i < DBK_SNAPSHOT_CONFIRMATIONS_MAX; i++) {
        dbk_confirmation_word word;
        dbk_rc rc = dbk_confirmation_decode(&word, in->confirmations[i], &why);
        if (rc == DBK_OK)
            rc = dbk_confirmation_check(&word, m, book->roster, &why);
        if (rc == DBK_OK) {
            *confirmer = word.device;
            return DBK_OK;
        }
    }
    return dbk_fail(err, DBK_DENIED,
                    "a snapshot is not confirmed by a second device of headquarters");
}

static dbk_rc read_manifest(const dbk_book *book, dbk_manifest *m, const dbk_snapshot_in *in,
                            dbk_err *err)
{
    dbk_rc rc = dbk_manifest_decode(m, in->manifest, err);
    if (rc == DBK_OK && (book->roster == NULL || book->frozen))
        rc = dbk_fail(err, DBK_DENIED, "this device takes nothing as it stands");
    return rc;
}

static dbk_rc check_vouched(dbk_book *book, const dbk_manifest *m, dbk_id *confirmer,
                            const dbk_snapshot_in *in, dbk_err *err)
{
    uint64_t seq = 0;
    if (!dbk_book_chain_seq(book, &seq, &m->claim.members))
        return dbk_fail(err, DBK_PENDING, "what a snapshot knows of the members is not here yet");
    dbk_rc rc = dbk_manifest_check(m, book->roster, seq, err);
    if (rc == DBK_OK)
        rc = check_log(book, &m->claim, err);
    return rc == DBK_OK ? check_confirmed(book, confirmer, m, in, err) : rc;
}

dbk_rc dbk_snapshot_vouched(dbk_book *book, dbk_manifest *m, dbk_id *confirmer,
                            const dbk_snapshot_in *in, dbk_err *err)
{
    dbk_rc rc = read_manifest(book, m, in, err);
    if (rc == DBK_OK && dbk_roster_space(book->roster, &m->claim.space) == NULL)
        rc = dbk_fail(err, DBK_NOT_FOUND, "a snapshot is of a space that this device is not in");
    return rc == DBK_OK ? check_vouched(book, m, confirmer, in, err) : rc;
}

static dbk_rc look(dbk_book *book, dbk_manifest *m, dbk_id *confirmer, const dbk_snapshot_in *in,
                   dbk_err *err)
{
    dbk_rc rc = read_manifest(book, m, in, err);
    if (rc == DBK_OK)
        rc = check_here(book, m, err);
    return rc == DBK_OK ? check_vouched(book, m, confirmer, in, err) : rc;
}

dbk_rc dbk_snapshot_look(dbk_book *book, const dbk_snapshot_in *in, dbk_err *err)
{
    dbk_manifest m;
    dbk_id confirmer;
    dbk_secret *key = NULL;
    dbk_rc rc = look(book, &m, &confirmer, in, err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_unwrap(&key, &m, book->keyring, err);
    dbk_secret_free(key);
    return rc;
}

/* ---- segments -------------------------------------------------------------------------------- */

typedef struct taking {
    dbk_book *book;
    const dbk_manifest *m;
    dbk_book_space *home;
    dbk_stand stand;
    dbk_logtree_done done;
    dbk_taker taker;
    dbk_inbox_stats stats;
    dbk_bytes rows; /* dbk_rowid, by place in the log */
    dbk_hasher plain_hash, state_hash;
    uint64_t plain_bytes;
} taking;

static dbk_rc wrong(dbk_err *err)
{
    return dbk_fail(err, DBK_AUTH, "a snapshot is not what was signed");
}

/* Its place in the log. *hash: of the header as it was signed. */
static dbk_rc add_leaf(taking *t, dbk_store_place *place, const dbk_hash *hash, uint64_t receipt_ms,
                       dbk_err *err)
{
    *place = (dbk_store_place){ true, t->stand.frontier.size, receipt_ms };
    const dbk_leaf_in leaf = { t->m->claim.space, *place, *hash };
    if (place->index >= t->m->claim.size)
        return wrong(err);
    dbk_rc rc = dbk_inbox_add_leaf(&t->stand, &t->done, t->book, &leaf, err);
    if (rc == DBK_OK && t->done.nodes.len >= NODES_BYTES) {
        rc = dbk_logtree_keep(t->book, &t->done, &t->m->claim.log, err);
        dbk_bytes_truncate(&t->done.nodes, 0);
    }
    return rc;
}

static dbk_rc note_row(taking *t, dbk_rowid row, dbk_err *err)
{
    return dbk_bytes_append(&t->rows, dbk_span_of(&row, sizeof(row)), err);
}

static dbk_rc newest_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    (void)err;
    *(dbk_rowid *)ctx = row->id;
    return DBK_OK;
}

static dbk_rc take_aside(taking *t, const dbk_snap_segment *s, dbk_err *err)
{
    dbk_segment_in in = { .header_bytes = s->header, .body = s->body, .kept = s->kept };
    dbk_id aside_id = dbk_inbox_aside_feed(&t->m->claim.space);
    dbk_rowid row = 0;
    dbk_rc rc = dbk_header_decode(&in.header, s->header, err);
    if (rc == DBK_OK && !dbk_id_equal(&in.header.space, &t->m->claim.space))
        rc = wrong(err);
    if (rc != DBK_OK)
        return rc;
    in.hash = dbk_header_hash(&in.header);
    rc = add_leaf(t, &in.log, &in.hash, s->receipt_ms, err);
    /* Why it stands aside is judged anew when all is here. */
    if (rc == DBK_OK)
        rc = dbk_taker_aside(&t->taker, &in, DBK_WAIT_ROLE, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_book_feed *aside = dbk_tables_feed(&t->book->tables, &aside_id);
    rc = dbk_segments_at(t->book->store, aside->row, aside->now.last_seq, newest_row, &row, err);
    return rc == DBK_OK ? note_row(t, row, err) : rc;
}

/* The author's feed. */
static dbk_rc feed_of(taking *t, dbk_book_feed **out, const dbk_snap_author *h, dbk_err *err)
{
    dbk_book *book = t->book;
    const dbk_member *author = dbk_roster_feed_owner(book->roster, &h->space, &h->feed,
                                                     &h->incarnation);
    if (!dbk_id_equal(&h->space, &t->m->claim.space) || author == NULL)
        return wrong(err);
    if (dbk_id_equal(&author->device, &book->own.device))
        return dbk_fail(err, DBK_CONFLICT, "a snapshot holds notes of this device that it lacks");
    const dbk_new_feed feed = { h->feed, author->device, h->incarnation, false };
    return dbk_tables_need_feed(&book->tables, book->store, out, t->home, &feed, err);
}

static dbk_rc take_placed(taking *t, const dbk_snap_segment *s, dbk_header *h, dbk_span header,
                          dbk_book_feed *feed, dbk_err *err)
{
    bool waits = s->fate == DBK_SNAP_WAITS;
    const char *reason = waits ? DBK_WAIT_EARLIER : dbk_snap_reason(s->fate);
    dbk_store_segment row = { .space = t->home->row,
                              .feed = feed->row,
                              .first_seq = h->first_seq,
                              .count = h->count,
                              .status = waits ? DBK_SEGMENT_PENDING : DBK_SEGMENT_MERGED,
                              .header = header,
                              .body = s->body,
                              .kept = s->kept };
    dbk_hash hash = dbk_header_hash(h);
    if (reason != NULL)
        row.reason = dbk_span_str(reason);
    dbk_rc rc = add_leaf(t, &row.log, &hash, s->receipt_ms, err);
    if (rc == DBK_OK && waits)
        rc = dbk_inbox_check_body(t->book, h, s->body, s->kept, err);
    if (rc == DBK_OK)
        rc = dbk_segments_add(t->book->store, &row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&t->book->tables, feed);
    now->last_seq = dbk_header_last_seq(h);
    now->head = hash;
    return note_row(t, row.id, err);
}

static dbk_rc take_segment(void *ctx, const dbk_snap_segment *s, dbk_err *err)
{
    taking *t = ctx;
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
    dbk_header h;
    dbk_book_feed *feed = NULL;
    if (s->fate == DBK_SNAP_ASIDE)
        return take_aside(t, s, err);
    /* What chains it to the one before it was left out, and only the right thing leads to the root
     * that the relay signed. The layout wants it zero for the first of a feed only. */
    memcpy(header, s->header.p, sizeof(header));
    dbk_snap_author author = dbk_snap_header_author(header);
    dbk_rc rc = feed_of(t, &feed, &author, err);
    if (rc != DBK_OK)
        return rc;
    dbk_snap_header_link(header, &feed->now.head);
    rc = dbk_header_decode(&h, dbk_span_of(header, sizeof(header)), err);
    if (rc == DBK_OK && h.first_seq != feed->now.last_seq + 1)
        rc = wrong(err);
    return rc == DBK_OK ? take_placed(t, s, &h, dbk_span_of(header, sizeof(header)), feed, err)
                        : rc;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Its ops aren't here, and may come: who asks what they did has to look at them. */
static dbk_rc add_ops(taking *t, const dbk_snap_record *r, dbk_rowid record, dbk_err *err)
{
    dbk_rc rc = dbk_deeds_add(t->book->store, record, err);
    for (size_t i = 0; i < dbk_snap_ops(r) && rc == DBK_OK; i++) {
        dbk_snap_op at = dbk_snap_op_at(r, i);
        dbk_store_op op = { .record = record, .place = at.place };
        memcpy(&op.segment, t->rows.p + (size_t)at.index * sizeof(dbk_rowid), sizeof(op.segment));
        rc = dbk_ops_add(t->book->store, &op, err);
    }
    return rc;
}

static dbk_rc take_record(void *ctx, const dbk_snap_record *r, dbk_err *err)
{
    taking *t = ctx;
    dbk_state *state = NULL;
    dbk_fold_row row = { 0, t->home->row };
    dbk_err why = { 0 };
    dbk_rc rc = dbk_state_decode(&state, &r->record, r->state, &why);
    if (rc == DBK_FORMAT)
        rc = wrong(err);
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", why.text);
    else if (!dbk_record_id_fits(&r->record, &t->m->claim.space, dbk_state_form(state)))
        rc = wrong(err);
    if (rc == DBK_OK)
        rc = dbk_fold_adopt(t->book, &row, state, err);
    if (rc == DBK_OK)
        rc = add_ops(t, r, row.id, err);
    if (rc == DBK_OK)
        dbk_book_seen(t->book, dbk_state_updated(state));
    dbk_snap_hash_state(&t->state_hash, &r->record, r->state);
    dbk_state_free(state);
    return rc;
}

/* ---- what it all comes to -------------------------------------------------------------------- */

static dbk_rc check_signed(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    const dbk_sign_pk *author = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    return rc == DBK_OK ? dbk_header_verify(&h, author, err) : rc;
}

/* The newest of each feed is signed, and the chain of hashes vouches for the rest; nothing stands
 * beyond its author's cut that nobody let in. */
static dbk_rc check_feeds(taking *t, dbk_err *err)
{
    dbk_book *book = t->book;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->tables.feeds_count && rc == DBK_OK; i++) {
        dbk_book_feed *feed = book->tables.feeds[i];
        uint64_t late = 0;
        if (feed->space != t->home || feed->own || dbk_inbox_is_aside(feed))
            continue;
        const dbk_member *author = dbk_roster_device(book->roster, &feed->device);
        dbk_sign_pk key = author->keys.sign;
        rc = dbk_segments_at(book->store, feed->row, feed->now.last_seq, check_signed, &key, err);
        if (rc == DBK_OK)
            rc = dbk_evict_late_seq(book, &late, feed, err);
        if (rc == DBK_OK && late != 0)
            rc = dbk_fail(err, DBK_CONFLICT,
                          "something in a snapshot came after its author was taken out");
    }
    return rc;
}

static dbk_hash vector_hash(const taking *t, dbk_rc *rc, dbk_err *err)
{
    const dbk_tables *tables = &t->book->tables;
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/vector/1");
    for (size_t i = 0; i < tables->feeds_count && *rc == DBK_OK; i++) {
        const dbk_book_feed *feed = tables->by_id[i];
        uint64_t pending = 0;
        if (feed->space != t->home || feed->own || dbk_inbox_is_aside(feed))
            continue;
        *rc = dbk_inbox_first_pending(t->book, &pending, feed, err);
        uint64_t last = pending == 0 ? feed->now.last_seq : pending - 1;
        if (last > 0)
            dbk_snap_hash_vector(&h, &feed->feed, last);
    }
    return dbk_hasher_end(&h);
}

static dbk_rc check_claim(taking *t, const dbk_snap_reader *reader, dbk_err *err)
{
    const dbk_claim *claim = &t->m->claim;
    dbk_rc rc = DBK_OK;
    dbk_hash root = dbk_frontier_root(&t->stand.frontier, DBK_TREE_LOG);
    dbk_hash plain = dbk_hasher_end(&t->plain_hash);
    dbk_hash states = dbk_hasher_end(&t->state_hash);
    dbk_hash vector = vector_hash(t, &rc, err);
    if (rc != DBK_OK)
        return rc;
    if (t->stand.frontier.size != claim->size || reader->records != claim->records ||
        t->plain_bytes != claim->plain_bytes || !dbk_hash_equal(&root, &claim->root) ||
        !dbk_hash_equal(&plain, &claim->plain_hash) ||
        !dbk_hash_equal(&states, &claim->state_hash) ||
        !dbk_hash_equal(&vector, &claim->vector_hash))
        return wrong(err);
    return check_feeds(t, err);
}

/* ---- all ------------------------------------------------------------------------------------- */

static dbk_rc read_chunks(taking *t, dbk_snap_reader *reader, const dbk_snapshot_in *in,
                          const dbk_secret *key, dbk_err *err)
{
    dbk_chunker *chunker = NULL;
    dbk_frontier tree;
    dbk_bytes plain = DBK_BYTES_INIT(DBK_CHUNK_PLAIN_BYTES);
    dbk_frontier_init(&tree);
    dbk_rc rc = dbk_chunker_new(&chunker, t->m->salt, key, err);
    for (uint32_t i = 0; i < t->m->chunks && rc == DBK_OK; i++) {
        dbk_span sealed = { NULL, 0 };
        dbk_bytes_truncate(&plain, 0);
        rc = in->chunk(in->ctx, &sealed, i, err);
        if (rc == DBK_OK)
            rc = dbk_chunk_open(chunker, &plain, i, sealed, err);
        if (rc != DBK_OK)
            break;
        dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, sealed);
        dbk_frontier_add(&tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
        dbk_hasher_add(&t->plain_hash, dbk_bytes_span(&plain));
        t->plain_bytes += plain.len;
        rc = dbk_snap_read(reader, dbk_bytes_span(&plain), err);
    }
    if (rc == DBK_OK)
        rc = dbk_snap_read_end(reader, err);
    dbk_hash root = dbk_frontier_root(&tree, DBK_TREE_SNAPSHOT);
    if (rc == DBK_OK && !dbk_hash_equal(&root, &t->m->chunk_root))
        rc = wrong(err);
    dbk_bytes_wipe(&plain);
    dbk_chunker_free(chunker);
    return rc;
}

static dbk_rc put_row(taking *t, const dbk_id *confirmer, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    uint8_t row[ROW_BYTES];
    uint8_t *p = dbk_wire_put_u64(dbk_wire_put_u64(row, t->m->claim.size), t->m->made_ms);
    p = dbk_wire_put_copy(p, t->m->device.b, DBK_ID_BYTES);
    (void)dbk_wire_put_copy(p, confirmer->b, DBK_ID_BYTES);
    row_name(name, &t->m->claim.space);
    return dbk_store_meta_put(t->book->store, name, dbk_span_of(row, sizeof(row)), err);
}

/* The relay's own note of it is the checkpoint that is known from now on. */
static dbk_rc set_stand(taking *t, const dbk_checkpoint *c, dbk_err *err)
{
    dbk_inbox_pin(&t->stand, c, t->m->note);
    *dbk_space_touch(t->home) = t->stand;
    dbk_rc rc = dbk_logtree_keep(t->book, &t->done, &t->stand.log, err);
    return rc == DBK_OK ? dbk_cosigned_reached(t->book, t->home, err) : rc;
}

static dbk_rc take_all(taking *t, const dbk_snapshot_in *in, const dbk_secret *key, dbk_err *err)
{
    const dbk_snap_sink sink = { take_segment, take_record, t };
    dbk_checkpoint c;
    dbk_snap_reader reader;
    dbk_book *book = t->book;
    dbk_rc rc = dbk_tables_need_space(&book->tables, book->store, &t->home, &t->m->claim.space,
                                      err);
    if (rc != DBK_OK)
        return rc;
    t->stand = t->home->now;
    rc = dbk_inbox_open_checkpoint(&c, book, &t->stand, &t->m->claim.space, t->m->note, err);
    t->stand.log = t->m->claim.log;
    dbk_snap_reader_init(&reader, &sink);
    if (rc == DBK_OK)
        rc = read_chunks(t, &reader, in, key, err);
    if (rc == DBK_OK)
        rc = check_claim(t, &reader, err);
    if (rc == DBK_OK)
        rc = set_stand(t, &c, err);
    dbk_snap_reader_wipe(&reader);
    return rc;
}

static dbk_rc take(dbk_book *book, dbk_snapshot_taken *taken, const dbk_manifest *m,
                   const dbk_id *confirmer, const dbk_snapshot_in *in, dbk_err *err)
{
    taking t = { .book = book, .m = m, .rows = DBK_BYTES_INIT(DBK_SNAP_INDEX_BYTES_MAX) };
    dbk_secret *key = NULL;
    bool kept;
    dbk_hasher_init(&t.plain_hash, "daybook/snapshot-plain/1");
    dbk_hasher_init(&t.state_hash, "daybook/state/1");
    dbk_taker_init(&t.taker, book, &t.stats);
    dbk_rc rc = dbk_snapshot_unwrap(&key, m, book->keyring, err);
    if (rc == DBK_OK)
        rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = take_all(&t, in, key, err);
    if (rc == DBK_OK)
        rc = put_row(&t, confirmer, err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_kept_forget(book, &kept, &m->claim.space, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    *taken = (dbk_snapshot_taken){ m->claim.size, m->claim.records };
    dbk_secret_free(key);
    dbk_taker_wipe(&t.taker);
    dbk_bytes_wipe(&t.rows);
    dbk_logtree_done_wipe(&t.done);
    return rc;
}

dbk_rc dbk_snapshot_take(dbk_book *book, dbk_snapshot_taken *taken, const dbk_snapshot_in *in,
                         dbk_err *err)
{
    dbk_manifest m;
    dbk_id confirmer = { { 0 } };
    dbk_inbox_stats stats = { 0 };
    *taken = (dbk_snapshot_taken){ 0 };
    dbk_rc rc = look(book, &m, &confirmer, in, err);
    if (rc == DBK_OK)
        rc = take(book, taken, &m, &confirmer, in, err);
    if (rc != DBK_OK)
        *taken = (dbk_snapshot_taken){ 0 };
    /* What waits may be ready here, and why something stands aside is for this device to say. */
    return rc == DBK_OK ? dbk_inbox_retry(book, &m.claim.space, &stats, err) : rc;
}

dbk_rc dbk_snapshot_begun_with(dbk_book *book, dbk_snapshot_begun *out, const dbk_id *space,
                               dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    dbk_bytes row = DBK_BYTES_INIT(ROW_BYTES);
    dbk_err none = { 0 };
    const dbk_book_space *home = dbk_tables_space(&book->tables, space);
    *out = (dbk_snapshot_begun){ 0 };
    row_name(name, space);
    dbk_rc rc = home == NULL ? DBK_NOT_FOUND : dbk_store_meta_get(book->store, &row, name, &none);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", none.text);
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&row));
    dbk_snapshot_begun begun = { .size = dbk_wire_get_u64(&w) };
    begun.made_ms = dbk_wire_get_u64(&w);
    begun.maker = dbk_wire_get_id(&w);
    begun.confirmer = dbk_wire_get_id(&w);
    dbk_store_bare bare = { 0 };
    rc = dbk_wire_end(&w, "a store's row", err) == DBK_OK ? DBK_OK : DBK_DAMAGED;
    if (rc == DBK_OK)
        rc = dbk_segments_bare(book->store, &bare, home->row, err);
    begun.bare = bare.count;
    begun.first_bare = bare.first;
    begun.bare_end = bare.end;
    if (rc == DBK_OK && begun.bare > 0)
        *out = begun;
    dbk_bytes_wipe(&row);
    return rc;
}
