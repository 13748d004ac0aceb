/* Who has not yet said that they hold what a decision was made on. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/disposal.h"
#include "core/journal/inbox_internal.h"
#include "core/store/rows_query.h"

/* Behind which index of the log the newest change of any of the records lies. */
static dbk_rc newest_index(dbk_book *book, uint64_t *index, const dbk_book_space *home,
                           const dbk_id *records, size_t count, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *index = 0;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_store_place place = { 0 };
        dbk_rowid row = 0;
        rc = dbk_records_lookup(book->store, &row, &records[i], home->row, err);
        if (rc == DBK_OK && row != 0)
            rc = dbk_records_place(book->store, &place, row, err);
        if (rc == DBK_OK && !place.known)
            rc = dbk_fail(err, DBK_PENDING, "the decision has not reached the relay: sync first");
        *index = place.index > *index ? place.index : *index;
    }
    return rc;
}

static dbk_rc take_seen(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    uint64_t *size = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK && h.checkpoint_size > *size)
        *size = h.checkpoint_size;
    return rc;
}

/* How much of the space's log a device has said that it holds: in its newest segment of any of its
 * feeds. */
static dbk_rc seen_size(dbk_book *book, uint64_t *size, const dbk_id *device, const dbk_id *space,
                        dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *size = 0;
    for (size_t i = 0; i < book->tables.feeds_count && rc == DBK_OK; i++) {
        const dbk_book_feed *feed = book->tables.feeds[i];
        if (!dbk_id_equal(&feed->device, device) || !dbk_id_equal(&feed->space->space, space) ||
            feed->now.last_seq == 0)
            continue;
        rc = dbk_segments_at(book->store, feed->row, feed->now.last_seq, take_seen, size, err);
    }
    return rc;
}

static bool is_asked(const dbk_book *book, const dbk_member *m, const dbk_id *space)
{
    dbk_standing in = dbk_book_standing_of(book, &m->device, space);
    return !m->revoked && !in.over && dbk_role_reads(in.role) &&
           !dbk_id_equal(&m->device, &book->own.device);
}

dbk_rc dbk_disposal_silent(dbk_book *book, dbk_id **out, size_t *count, const dbk_id *space,
                           const dbk_id *records, size_t records_count, dbk_err *err)
{
    const dbk_book_space *home = dbk_tables_space(&book->tables, space);
    size_t devices = dbk_roster_devices(book->roster);
    uint64_t index = 0;
    *count = 0;
    *out = NULL;
    if (home == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    *out = dbk_alloc_array(devices + 1, sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for devices");
    dbk_rc rc = newest_index(book, &index, home, records, records_count, err);
    for (size_t i = 0; i < devices && rc == DBK_OK; i++) {
        const dbk_member *m = dbk_roster_device_at(book->roster, i);
        uint64_t size = 0;
        if (!is_asked(book, m, space))
            continue;
        rc = seen_size(book, &size, &m->device, space, err);
        if (rc == DBK_OK && size <= index)
            (*out)[(*count)++] = m->device;
    }
    return rc;
}
