/* Planning an order, and judging one: dispose_carry.c has what follows from it. */
#include "core/practice/dispose_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/reference.h"

#define HASH_LABEL "daybook/disposal/1"
#define RECORDS_BYTES_MAX (DBK_ENTRY_DOTS_MAX * sizeof(dbk_id)) /* each has an op */
#define REVIEW_ROW_BYTES (2 * DBK_ID_BYTES + DBK_HASH_BYTES)

void dbk_disposing_wipe(dbk_disposing *d)
{
    dbk_free(d->subjects);
    dbk_free(d->records);
    dbk_free(d->dots);
    dbk_free(d->silent);
    memset(d, 0, sizeof(*d));
}

static int by_id(const void *a, const void *b)
{
    return dbk_id_compare(a, b);
}

static bool is_among(const dbk_id *ids, size_t count, const dbk_id *id)
{
    return count > 0 && bsearch(id, ids, count, sizeof(*ids), by_id) != NULL;
}

/* ---- what refers to them ------------------------------------------------------------------- */

typedef struct gathering {
    dbk_disposing *d;
    dbk_book *book;
    dbk_bytes records; /* dbk_id */
    /* of the record at hand: */
    bool refers;
    dbk_bytes others; /* what else it refers to: dbk_id */
    dbk_rc others_rc;
} gathering;

static void take_ref(void *ctx, const dbk_id *id)
{
    gathering *g = ctx;
    if (is_among(g->d->subjects, g->d->subjects_count, id))
        g->refers = true;
    else if (g->others_rc == DBK_OK)
        g->others_rc = dbk_bytes_append(&g->others, dbk_span_of(id->b, sizeof(id->b)), NULL);
}

static bool is_subject(const dbk_note *note)
{
    const char *form = note == NULL || note->form == NULL ? "" : dbk_form_name(note->form);
    return strcmp(form, "case") == 0 || strcmp(form, "person") == 0;
}

/* Does it tell of a case or a person that stays? What isn't held here may be one. */
static dbk_rc tells_of_others(const gathering *g, bool *yes, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *yes = false;
    for (size_t at = 0; at < g->others.len && rc == DBK_OK && !*yes; at += sizeof(dbk_id)) {
        dbk_id id;
        dbk_reading r;
        memcpy(&id, g->others.p + at, sizeof(id));
        rc = dbk_reading_find(&r, g->book, &id, err);
        *yes = rc == DBK_OK && is_subject(r.note);
        dbk_reading_wipe(&r);
    }
    return rc;
}

static dbk_rc take_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    dbk_reading r;
    bool shared = false;
    bool itself = is_among(g->d->subjects, g->d->subjects_count, &row->record);
    if (!dbk_id_equal(&row->space, &g->d->space) || strcmp(row->form, DBK_RETENTION_FORM) == 0)
        return DBK_OK;
    dbk_rc rc = dbk_reading_open(&r, g->book, &row->record, err);
    g->refers = false;
    g->others_rc = DBK_OK;
    dbk_bytes_truncate(&g->others, 0);
    if (rc == DBK_OK)
        dbk_references_each(r.note->state, take_ref, g);
    if (rc == DBK_OK && g->others_rc != DBK_OK)
        rc = dbk_fail(err, g->others_rc, "a record refers to too many others");
    if (rc == DBK_OK && g->refers && !itself)
        shared = is_subject(r.note);
    if (rc == DBK_OK && g->refers && !itself && !shared)
        rc = tells_of_others(g, &shared, err);
    dbk_reading_wipe(&r);
    g->d->shared += shared ? 1 : 0;
    if (rc != DBK_OK || shared || !(itself || g->refers))
        return rc;
    return dbk_bytes_append(&g->records, dbk_span_of(row->record.b, sizeof(row->record.b)), err);
}

static dbk_rc gather(gathering *g, dbk_err *err)
{
    const dbk_list_opts list = { .space = &g->d->space,
                                 .since_ms = INT64_MIN,
                                 .with_withdrawn = true };
    dbk_rc rc = dbk_query_list(g->book, &list, take_record, g, err);
    if (rc != DBK_OK)
        return rc;
    g->d->records_count = g->records.len / sizeof(dbk_id);
    g->d->records = dbk_alloc_array(g->d->records_count + 1, sizeof(dbk_id));
    if (g->d->records == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an order");
    if (g->d->records_count > 0) {
        memcpy(g->d->records, g->records.p, g->records.len);
        qsort(g->d->records, g->d->records_count, sizeof(dbk_id), by_id);
    }
    return DBK_OK;
}

/* ---- what was decided ---------------------------------------------------------------------- */

static const dbk_retention *find(const dbk_retention *rows, size_t count, const dbk_id *record)
{
    for (size_t i = 0; i < count; i++)
        if (dbk_id_equal(&rows[i].record, record))
            return &rows[i];
    return NULL;
}

static dbk_rc check_stand(const dbk_retention *r, dbk_err *err)
{
    static const char *const why[DBK_RETENTION_STANDS] = {
        [DBK_RETENTION_KEPT] = "is to be kept: nobody decided to dispose of it",
        [DBK_RETENTION_DUE] = "waits for its review: nobody decided to dispose of it",
        [DBK_RETENTION_AGAIN] = "has changed since it was decided: decide again",
        [DBK_RETENTION_HELD] = "is held: a legal hold stops all disposal",
    };
    char uuid[DBK_ID_UUID_SIZE];
    if (r->stand == DBK_RETENTION_DISPOSE)
        return DBK_OK;
    dbk_id_uuid(uuid, &r->record);
    return dbk_fail(err, DBK_CONFLICT, "%s %.8s %s", r->is_case ? "the case" : "the person", uuid,
                    why[r->stand]);
}

/* Each subject, its decision, and the sum of all that it stands on: the same for whoever holds the
 * same. */
static dbk_rc set_review(dbk_disposing *d, const dbk_retention *rows, size_t count, dbk_err *err)
{
    dbk_bytes all = DBK_BYTES_INIT(DBK_DISPOSE_SUBJECTS_MAX * REVIEW_ROW_BYTES);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < d->subjects_count && rc == DBK_OK; i++) {
        const dbk_retention *r = find(rows, count, &d->subjects[i]);
        uint8_t basis[DBK_HASH_BYTES];
        rc = dbk_hex_parse(basis, sizeof(basis), r->basis, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&all, dbk_span_of(r->record.b, sizeof(r->record.b)), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&all, dbk_span_of(r->decision.b, sizeof(r->decision.b)), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&all, dbk_span_of(basis, sizeof(basis)), err);
    }
    d->review = dbk_hash_of(HASH_LABEL, dbk_bytes_span(&all));
    dbk_bytes_wipe(&all);
    return rc;
}

static dbk_rc check_subject(dbk_disposing *d, const dbk_retention *r, bool first, dbk_err *err)
{
    if (r == NULL)
        return dbk_fail(err, DBK_INVALID, "only cases and persons are disposed of by name");
    if (first)
        d->space = r->space;
    if (!dbk_id_equal(&d->space, &r->space))
        return dbk_fail(err, DBK_CONFLICT, "an order is of one space: these lie in several");
    return check_stand(r, err);
}

static dbk_rc judge(dbk_disposing *d, dbk_book *book, int64_t now_ms, dbk_err *err)
{
    const dbk_retention_opts opts = { .now_ms = now_ms };
    dbk_retention *rows = NULL;
    size_t count = 0;
    dbk_rc rc = dbk_retention_all(&rows, &count, book, &opts, err);
    dbk_id *decisions = dbk_alloc_array(d->subjects_count, sizeof(*decisions));
    if (rc == DBK_OK && decisions == NULL)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for an order");
    for (size_t i = 0; i < d->subjects_count && rc == DBK_OK; i++) {
        const dbk_retention *r = find(rows, count, &d->subjects[i]);
        rc = check_subject(d, r, i == 0, err);
        if (rc == DBK_OK)
            decisions[i] = r->decision;
    }
    if (rc == DBK_OK)
        rc = set_review(d, rows, count, err);
    if (rc == DBK_OK)
        rc = dbk_disposal_silent(book, &d->silent, &d->silent_count, &d->space, decisions,
                                 d->subjects_count, err);
    dbk_free(decisions);
    dbk_free(rows);
    return rc;
}

static dbk_rc set_subjects(dbk_disposing *d, const dbk_id *subjects, size_t count, dbk_err *err)
{
    if (count == 0 || count > DBK_DISPOSE_SUBJECTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "an order is of 1 to %u cases and persons",
                        DBK_DISPOSE_SUBJECTS_MAX);
    d->subjects = dbk_alloc_array(count, sizeof(*d->subjects));
    if (d->subjects == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an order");
    for (size_t i = 0; i < count; i++)
        d->subjects[i] = subjects[i];
    qsort(d->subjects, count, sizeof(*d->subjects), by_id);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !dbk_id_equal(&d->subjects[i], &d->subjects[d->subjects_count - 1]))
            d->subjects[d->subjects_count++] = d->subjects[i];
    return DBK_OK;
}

dbk_rc dbk_disposing_plan(dbk_disposing *out, dbk_book *book, const dbk_id *subjects, size_t count,
                          int64_t now_ms, dbk_err *err)
{
    gathering g = { .d = out,
                    .book = book,
                    .records = DBK_BYTES_INIT(RECORDS_BYTES_MAX),
                    .others = DBK_BYTES_INIT(RECORDS_BYTES_MAX) };
    memset(out, 0, sizeof(*out));
    dbk_rc rc = set_subjects(out, subjects, count, err);
    if (rc == DBK_OK)
        rc = judge(out, book, now_ms, err);
    if (rc == DBK_OK)
        rc = gather(&g, err);
    if (rc == DBK_OK)
        rc = dbk_disposal_ops(book, &out->dots, &out->dots_count, &out->space, out->records,
                              out->records_count, err);
    dbk_bytes_wipe(&g.records);
    dbk_bytes_wipe(&g.others);
    return rc;
}

/* ---- somebody else's order ----------------------------------------------------------------- */

dbk_rc dbk_dispose_subjects(dbk_book *book, dbk_id *ids, size_t *count, dbk_err *err)
{
    size_t found = 0;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < *count && rc == DBK_OK; i++) {
        dbk_reading r;
        rc = dbk_reading_open(&r, book, &ids[i], err);
        if (rc == DBK_OK && is_subject(r.note))
            ids[found++] = ids[i];
        dbk_reading_wipe(&r);
    }
    *count = found;
    return rc;
}

static bool same_dots(const dbk_disposing *d, const dbk_entry *order)
{
    bool same = d->dots_count == order->dots_count;
    for (size_t i = 0; same && i < d->dots_count; i++)
        same = dbk_dot_compare(&d->dots[i], &order->dots[i]) == 0;
    return same;
}

/* Who signs an order has looked. */
static void drop_signers(dbk_disposing *d, const dbk_orglog_row *change)
{
    size_t left = 0;
    for (size_t i = 0; i < d->silent_count; i++) {
        bool signs = false;
        for (size_t k = 0; k < change->signers_count; k++)
            signs = signs || dbk_id_equal(&change->signers[k]->device, &d->silent[i]);
        if (!signs)
            d->silent[left++] = d->silent[i];
    }
    d->silent_count = left;
}

dbk_rc dbk_disposing_check(dbk_disposing *out, dbk_book *book, const dbk_proposal *proposal,
                           int64_t now_ms, dbk_err *err)
{
    const dbk_entry *order = &proposal->decoded.entry;
    const dbk_order named = { .space = order->space,
                              .dots = (dbk_dot *)(uintptr_t)order->dots,
                              .dots_count = order->dots_count };
    dbk_id *ids = NULL;
    size_t count = 0;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_disposal_records(book, &ids, &count, &named, err);
    if (rc == DBK_OK)
        rc = dbk_dispose_subjects(book, ids, &count, err);
    if (rc == DBK_OK && count == 0)
        rc = dbk_fail(err, DBK_CONFLICT, "it names no case and no person that is held here");
    if (rc == DBK_OK)
        rc = dbk_disposing_plan(out, book, ids, count, now_ms, err);
    dbk_free(ids);
    if (rc == DBK_OK && (!same_dots(out, order) || !dbk_id_equal(&out->space, &order->space) ||
                         !dbk_hash_equal(&out->review, &order->review)))
        rc = dbk_fail(err, DBK_CONFLICT, "it isn't just what stands decided here: decline it");
    drop_signers(out, &proposal->change);
    if (rc == DBK_OK && out->silent_count > 0)
        rc = dbk_fail(err, DBK_CONFLICT,
                      "not every device has confirmed what came up to the decision");
    return rc;
}
