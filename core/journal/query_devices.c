#include "core/base/day.h"
#include "core/journal/query_internal.h"

/* A device whose notes are expected: it writes somewhere where this one may know of it. */
static bool is_expected(const dbk_book *book, const dbk_member *m)
{
    for (size_t i = 0; !m->revoked && i < m->spaces_count; i++) {
        const dbk_member_space *in = &m->spaces[i];
        if (dbk_role_writes(in->role) && dbk_book_may_read(book, &in->space) &&
            !dbk_book_is_restricted(book, &in->space))
            return true;
    }
    return false;
}

static dbk_rc hear_feed(dbk_book *book, dbk_heard *heard, const dbk_book_feed *feed, dbk_err *err)
{
    dbk_store_segment_place at = { .log = { .known = false } };
    uint64_t seq = feed->own ? feed->now.receipted_seq : feed->now.last_seq;
    dbk_rc rc = seq == 0 ? DBK_OK : dbk_segments_place(book->store, &at, feed->row, seq, err);
    if (rc == DBK_OK && at.log.known && at.log.receipt_ms > heard->heard_ms)
        heard->heard_ms = at.log.receipt_ms;
    return rc;
}

static dbk_rc hear(dbk_book *book, dbk_heard *heard, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < book->tables.feeds_count; i++) {
        const dbk_book_feed *feed = book->tables.feeds[i];
        if (dbk_id_equal(&feed->device, &heard->device) &&
            dbk_book_may_read(book, &feed->space->space) &&
            !dbk_book_is_restricted(book, &feed->space->space))
            rc = hear_feed(book, heard, feed, err);
    }
    return rc;
}

dbk_rc dbk_query_devices(dbk_book *book, dbk_heard_fn fn, void *ctx, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    size_t count = book->roster == NULL ? 0 : dbk_roster_devices(book->roster);
    uint64_t now_ms = book->env->now_ms(book->env->self);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        const dbk_member *m = dbk_roster_device_at(book->roster, i);
        dbk_heard heard = { .device = m->device };
        if (!is_expected(book, m))
            continue;
        rc = hear(book, &heard, err);
        heard.silent = heard.heard_ms + DBK_DAY_MS < now_ms;
        if (rc == DBK_OK)
            rc = fn(ctx, &heard, err);
    }
    return rc;
}
