#include "core/journal/feed.h"

#include "core/store/segments.h"

dbk_rc dbk_feed_open(dbk_book *book, dbk_book_feed **out, const dbk_id *space, dbk_err *err)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    *out = row == NULL ? NULL : dbk_tables_own_feed(&book->tables, row);
    return *out != NULL ? DBK_OK : dbk_feed_renew(book, out, space, err);
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
    dbk_header h = { .count = (uint16_t)count,
                     .space = feed->space->space,
                     .feed = feed->feed,
                     .incarnation = feed->incarnation,
                     .first_seq = feed->now.last_seq + 1,
                     .prev = feed->now.head,
                     .members_seen = dbk_roster_head(book->roster),
                     .checkpoint_size = stand->checkpoint_size,
                     .checkpoint_root = stand->checkpoint_root };
    book->env->random(book->env->self, h.salt, sizeof(h.salt));
    return h;
}

dbk_rc dbk_feed_append(dbk_book *book, dbk_appended *out, dbk_book_feed *feed,
                       const dbk_span *plain, size_t count, dbk_err *err)
{
    dbk_bytes body = DBK_BYTES_INIT(DBK_SEGMENT_BODY_BYTES_MAX);
    uint8_t bytes[DBK_SEGMENT_HEADER_BYTES];
    dbk_key_entry current;
    DBK_ASSERT(feed->own);
    DBK_ASSERT(count >= 1);
    DBK_ASSERT(count <= DBK_SEGMENT_OPS_MAX);
    *out = (dbk_appended){ 0 };
    const dbk_secret *key = dbk_keyring_current(book->keyring, &feed->space->space, &current);
    if (key == NULL)
        return dbk_fail(err, DBK_PENDING, "the key of this space has not arrived yet");
    const dbk_seal_keys keys = { key, current.key_id, book->own.sign };
    dbk_header h = next_header(book, feed, count);
    dbk_rc rc = dbk_seal_segment(book->sealer, &h, &body, plain, &keys, err);
    if (rc == DBK_OK) {
        dbk_header_encode(bytes, &h);
        dbk_store_segment row = { .space = feed->space->row,
                                  .feed = feed->row,
                                  .first_seq = h.first_seq,
                                  .count = h.count,
                                  .status = DBK_SEGMENT_MERGED,
                                  .header = dbk_span_of(bytes, sizeof(bytes)),
                                  .body = dbk_bytes_span(&body) };
        rc = dbk_segments_add(book->store, &row, err);
        out->segment = row.id;
    }
    if (rc == DBK_OK) {
        dbk_feed_head_now *now = dbk_feed_touch(&book->tables, feed);
        now->last_seq = dbk_header_last_seq(&h);
        now->head = dbk_header_hash(&h);
        out->first_seq = h.first_seq;
    }
    dbk_bytes_wipe(&body);
    return rc;
}
