#include "core/practice/retention_seek.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/room.h"
#include "core/model/reference.h"
#include "core/practice/reading.h"

#define IDS_MAX (1u << 24)
#define YEAR_DAYS 365 /* the shortest */

void dbk_ids_add(dbk_ids *ids, const dbk_id *id)
{
    if (ids->rc != DBK_OK)
        return;
    dbk_id *rows = ids->count == IDS_MAX
                       ? NULL
                       : dbk_room_for(ids->rows, &ids->room, ids->count + 1, sizeof(*rows));
    if (rows == NULL) {
        ids->rc = DBK_NOMEM;
        return;
    }
    ids->rows = rows;
    ids->rows[ids->count++] = *id;
}

static int by_id(const void *a, const void *b)
{
    return dbk_id_compare(a, b);
}

dbk_rc dbk_ids_settle(dbk_ids *ids, dbk_err *err)
{
    size_t kept = 0;
    if (ids->rc != DBK_OK)
        return dbk_fail(err, ids->rc, "no memory for the records of a review");
    if (ids->count > 0)
        qsort(ids->rows, ids->count, sizeof(ids->rows[0]), by_id);
    for (size_t i = 0; i < ids->count; i++)
        if (kept == 0 || !dbk_id_equal(&ids->rows[kept - 1], &ids->rows[i]))
            ids->rows[kept++] = ids->rows[i];
    ids->count = kept;
    return DBK_OK;
}

bool dbk_ids_have(const dbk_ids *settled, const dbk_id *id)
{
    return settled->count > 0 &&
           bsearch(id, settled->rows, settled->count, sizeof(*id), by_id) != NULL;
}

static void take_id(void *ctx, const dbk_id *id)
{
    dbk_ids_add(ctx, id);
}

static dbk_rc take_with_subjects(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    (void)err;
    dbk_ids_add(ctx, &row->record);
    dbk_references_each(r->note->state, take_id, ctx);
    return DBK_OK;
}

typedef struct seeking {
    dbk_ids *out;
    dbk_book *book;
} seeking;

static dbk_rc take_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    const seeking *s = ctx;
    dbk_reading r;
    dbk_rc rc = dbk_reading_open(&r, s->book, &row->record, err);
    if (rc == DBK_OK)
        rc = take_with_subjects(s->out, &r, row, err);
    dbk_reading_wipe(&r);
    return rc;
}

/* What that many years before it can have come to; years on begin with their day. */
static int64_t years_before(int64_t until_ms, int years)
{
    return until_ms - ((int64_t)years * YEAR_DAYS - 1) * DBK_DAY_MS;
}

dbk_rc dbk_retention_seek(dbk_ids *out, dbk_book *book, const dbk_retention_rules *rules,
                          int64_t until_ms, dbk_err *err)
{
    seeking s = { out, book };
    int least = 0, to_age = 0;
    for (size_t i = 0; i < rules->count; i++) {
        const dbk_retention_rule *rule = &rules->rows[i];
        int years = rule->clear_years > 0 ? rule->clear_years : rule->review_years;
        least = i == 0 || years < least ? years : least;
        to_age = rule->to_age > to_age ? rule->to_age : to_age;
    }
    const dbk_cued reviewed = { .kind = DBK_CUE_REVIEW,
                                .from_ms = INT64_MIN,
                                .until_ms = until_ms };
    const dbk_cued born = { .kind = DBK_CUE_BORN,
                            .from_ms = INT64_MIN,
                            .until_ms = years_before(until_ms, to_age),
                            .with_withdrawn = true };
    dbk_rc rc = dbk_query_until(book, years_before(until_ms, least), take_record, &s, err);
    if (rc == DBK_OK)
        rc = dbk_reading_cued(book, &reviewed, take_with_subjects, out, err);
    if (rc == DBK_OK && to_age > 0)
        rc = dbk_reading_cued(book, &born, take_with_subjects, out, err);
    return rc;
}

static dbk_rc take_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)err;
    dbk_ids_add(ctx, &row->record);
    return DBK_OK;
}

dbk_rc dbk_retention_seek_about(dbk_ids *out, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    const dbk_cued about = { .kind = DBK_CUE_REFERENCE,
                             .about = record,
                             .from_ms = INT64_MIN,
                             .until_ms = INT64_MAX,
                             .with_withdrawn = true };
    dbk_ids_add(out, record);
    return dbk_query_cued(book, &about, take_row, out, err);
}

static dbk_rc take_beside(void *ctx, const dbk_row *row, dbk_err *err)
{
    const seeking *s = ctx;
    if (strcmp(row->form, "case") == 0)
        return dbk_retention_seek_about(s->out, s->book, &row->record, err);
    return strcmp(row->form, "person") == 0 ? take_record(ctx, row, err) : DBK_OK;
}

dbk_rc dbk_retention_seek_beside(dbk_ids *out, dbk_book *book, const dbk_ids *wanted, dbk_err *err)
{
    seeking s = { out, book };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < wanted->count; i++)
        rc = dbk_query_one(book, &wanted->rows[i], take_beside, &s, err);
    return rc == DBK_OK ? dbk_ids_settle(out, err) : rc;
}
