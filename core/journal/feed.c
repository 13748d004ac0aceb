#include "core/journal/feed.h"

#include "core/store/segments.h"

/* Does something of the feed wait that was sealed for others, while what comes now needn't? In a
 * feed nothing that is merged stands behind what waits (inbox.h). */
static dbk_rc is_shut(const dbk_book *book, bool *yes, const dbk_book_feed *feed, dbk_err *err)
{
    dbk_store_segment_place newest = { .status = DBK_SEGMENT_MERGED };
    dbk_rc rc = DBK_OK;
    if (feed->now.last_seq > 0 && !dbk_book_is_writer(book, &feed->space->space))
        rc = dbk_segments_place(book->store, &newest, feed->row, feed->now.last_seq, err);
    *yes = newest.status == DBK_SEGMENT_PENDING;
    return rc;
}

dbk_rc dbk_feed_open(dbk_book *book, dbk_book_feed **out, const dbk_id *space, dbk_err *err)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    bool shut = false;
    dbk_rc rc = DBK_OK;
    const dbk_err *unsettled = &book->anchor.unsettled;
    if (unsettled->rc != DBK_OK)
        return dbk_fail(err, unsettled->rc,
                        "this store is an older copy, and could not be made safe to write to: %s",
                        unsettled->text);
    *out = row == NULL ? NULL : dbk_tables_own_feed(&book->tables, row);
    if (*out != NULL)
        rc = is_shut(book, &shut, *out, err);
    if (rc != DBK_OK || (*out != NULL && !shut))
        return rc;
    return dbk_feed_renew(book, out, space, err);
}

dbk_rc dbk_feed_renew(dbk_book *book, dbk_book_feed **out, const dbk_id *space, dbk_err *err)
{
    dbk_book_space *row = NULL;
    dbk_new_feed feed = { .device = book->own.device, .own = true };
    *out = NULL;
    dbk_rc rc = dbk_tables_need_space(&book->tables, book->store, &row, space, err);
    if (rc != DBK_OK)
        return rc;
    book->env->random(book->env->self, feed.incarnation.b, sizeof(feed.incarnation.b));
    feed.feed = dbk_feed_id(&feed.device, space, &feed.incarnation);
    return dbk_tables_need_feed(&book->tables, book->store, out, row, &feed, err);
}

/* Everything but what sealing fills in. */
static dbk_header next_header(dbk_book *book, const dbk_book_feed *feed, size_t count)
{
    const dbk_stand *stand = &feed->space->now;
    /* Readers take it for a word about the log that is in force by members_seen. */
    bool speaks = dbk_recovered_is_settled(book, &feed->space->space);
    dbk_header h = { .count = (uint16_t)count,
                     .space = feed->space->space,
                     .feed = feed->feed,
                     .incarnation = feed->incarnation,
                     .first_seq = feed->now.last_seq + 1,
                     .prev = feed->now.head,
                     .members_seen = dbk_roster_head(book->roster),
                     .checkpoint_size = speaks ? stand->checkpoint_size : 0 };
    if (speaks)
        h.checkpoint_root = stand->checkpoint_root;
    book->env->random(book->env->self, h.salt, sizeof(h.salt));
    return h;
}

/* The current key of the space, or, for who only writes there, what its holders have laid out. */
static dbk_rc keys_for(const dbk_book *book, dbk_seal_keys *keys, const dbk_id *space, dbk_err *err)
{
    dbk_key_entry current;
    *keys = (dbk_seal_keys){ .device_sign = book->own.sign, .env = book->env };
    if (dbk_book_is_writer(book, space)) {
        const dbk_space *s = dbk_roster_space(book->roster, space);
        const dbk_epoch *epoch = &s->epochs[s->epochs_count - 1];
        keys->key_id = epoch->key_id;
        keys->drop = epoch->drop;
        return DBK_OK;
    }
    keys->epoch_key = dbk_keyring_current(book->keyring, space, &current);
    if (keys->epoch_key == NULL)
        return dbk_fail(err, DBK_PENDING, "the key of this space has not arrived yet");
    keys->key_id = current.key_id;
    return DBK_OK;
}

typedef dbk_rc (*seal_fn)(dbk_sealer *s, dbk_header *header, dbk_bytes *body, const dbk_span *ops,
                          const dbk_seal_keys *keys, dbk_err *err);

static dbk_rc append(dbk_book *book, dbk_appended *out, dbk_book_feed *feed, dbk_header *h,
                     const dbk_span *ops, seal_fn seal, dbk_err *err)
{
    dbk_bytes body = DBK_BYTES_INIT(DBK_SEGMENT_BODY_BYTES_MAX);
    uint8_t bytes[DBK_SEGMENT_HEADER_BYTES];
    dbk_seal_keys keys;
    DBK_ASSERT(feed->own);
    *out = (dbk_appended){ 0 };
    dbk_rc rc = keys_for(book, &keys, &feed->space->space, err);
    if (rc != DBK_OK)
        return rc;
    out->closed = keys.epoch_key == NULL;
    rc = seal(book->sealer, h, &body, ops, &keys, err);
    if (rc == DBK_OK) {
        dbk_header_encode(bytes, h);
        dbk_store_segment row = { .space = feed->space->row,
                                  .feed = feed->row,
                                  .first_seq = h->first_seq,
                                  .count = h->count,
                                  .status = out->closed ? DBK_SEGMENT_PENDING : DBK_SEGMENT_MERGED,
                                  .header = dbk_span_of(bytes, sizeof(bytes)),
                                  .body = dbk_bytes_span(&body) };
        if (out->closed)
            row.reason = dbk_span_str(DBK_FEED_CLOSED);
        rc = dbk_segments_add(book->store, &row, err);
        out->segment = row.id;
    }
    if (rc == DBK_OK) {
        dbk_feed_head_now *now = dbk_feed_touch(&book->tables, feed);
        now->last_seq = dbk_header_last_seq(h);
        now->head = dbk_header_hash(h);
        out->first_seq = h->first_seq;
    }
    dbk_bytes_wipe(&body);
    return rc;
}

dbk_rc dbk_feed_append(dbk_book *book, dbk_appended *out, dbk_book_feed *feed,
                       const dbk_span *plain, size_t count, dbk_err *err)
{
    DBK_ASSERT(count >= 1);
    DBK_ASSERT(count <= DBK_SEGMENT_OPS_MAX);
    dbk_header h = next_header(book, feed, count);
    return append(book, out, feed, &h, plain, dbk_seal_segment, err);
}

dbk_rc dbk_feed_append_again(dbk_book *book, dbk_appended *out, dbk_book_feed *feed,
                             const dbk_header *seen, const dbk_span *packed, size_t count,
                             dbk_err *err)
{
    DBK_ASSERT(count >= 1);
    DBK_ASSERT(count <= DBK_SEGMENT_OPS_MAX);
    dbk_header h = next_header(book, feed, count);
    h.members_seen = seen->members_seen;
    h.checkpoint_size = seen->checkpoint_size;
    h.checkpoint_root = seen->checkpoint_root;
    return append(book, out, feed, &h, packed, dbk_seal_packed, err);
}

void dbk_feed_left(dbk_book *book, dbk_book_feed *feed, uint64_t seq)
{
    DBK_ASSERT(feed->own);
    if (feed->now.left_seq < seq)
        dbk_feed_touch(&book->tables, feed)->left_seq = seq;
}

void dbk_feed_left_all(dbk_book *book, const dbk_book_space *space)
{
    const dbk_tables *t = &book->tables;
    for (size_t i = 0; i < t->feeds_count; i++) {
        dbk_book_feed *feed = t->feeds[i];
        if (feed->own && (space == NULL || feed->space == space))
            dbk_feed_left(book, feed, feed->now.last_seq);
    }
}

dbk_rc dbk_feed_keep_left(dbk_book *book, const dbk_book_space *space, dbk_err *err)
{
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_left_all(book, space);
    if (book->tables.touched_count > 0)
        return dbk_book_commit(book, err);
    dbk_book_rollback(book);
    return DBK_OK;
}

static dbk_rc hash_of(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_header h;
    if (dbk_header_decode(&h, row->header, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a stored segment header is malformed");
    *(dbk_hash *)ctx = dbk_header_hash(&h);
    return DBK_OK;
}

dbk_rc dbk_feed_hash_at(dbk_book *book, dbk_hash *out, const dbk_book_feed *feed, uint64_t seq,
                        dbk_err *err)
{
    *out = (dbk_hash){ { 0 } };
    if (seq == 0)
        return DBK_OK;
    return dbk_segments_at(book->store, feed->row, seq, hash_of, out, err);
}
