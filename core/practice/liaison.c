#include "core/practice/liaison.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/room.h"
#include "core/practice/deployment.h"

#define ROWS_MAX 16384u
#define PLAINS_MAX 1048576u /* of one family */

/* A contact that says no more of itself than this (DBK_CUE_PLAIN). */
typedef struct plain {
    dbk_cue_place place;
    unsigned facts;
} plain;

typedef struct gathering {
    dbk_book *book;
    const dbk_liaison_opts *opts;
    dbk_liaison_family *rows;
    size_t count, room;
    size_t first; /* of the rows of the case that is looked at */
    /* Its plain contacts, the latest first; told: how many were counted. */
    plain *plains;
    size_t plains_count, plains_room, plains_told;
    unsigned facts;      /* of those that are looked up */
    const dbk_id *space; /* the case's */
    uint64_t cases;
    bool full;               /* as many cases as were asked for */
    dbk_liaison_family *row; /* that items are counted for */
} gathering;

static bool shows(const dbk_liaison_opts *opts, const dbk_id *space)
{
    return opts->shows == NULL || opts->shows(opts->ctx, space);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static dbk_liaison_family *find(gathering *g, dbk_span group)
{
    for (size_t i = g->first; i < g->count; i++) {
        if (dbk_span_equal(dbk_span_str(g->rows[i].group), group))
            return &g->rows[i];
    }
    return NULL;
}

static dbk_rc add(gathering *g, const dbk_id *case_id, dbk_span group, dbk_err *err)
{
    if (g->count == ROWS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u families", ROWS_MAX);
    dbk_liaison_family *rows = dbk_room_for(g->rows, &g->room, g->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the families");
    g->rows = rows;
    dbk_liaison_family *row = &g->rows[g->count++];
    *row = (dbk_liaison_family){ .case_id = *case_id };
    if (group.len > 0 && group.len < sizeof(row->group))
        memcpy(row->group, group.p, group.len);
    return DBK_OK;
}

/* A row for each side; for a family that isn't split, one without a name. */
static dbk_rc add_sides(gathering *g, const dbk_id *case_id, dbk_span groups, dbk_err *err)
{
    dbk_span one;
    dbk_rc rc = DBK_OK;
    dbk_elements e = dbk_elements_of(groups);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_span name = dbk_cbor_text_of(dbk_view_member(one, "name"));
        /* A later entry of the log says more of the same side. */
        if (name.len > 0 && find(g, name) == NULL)
            rc = add(g, case_id, name, err);
    }
    return rc == DBK_OK && g->count == g->first ? add(g, case_id, dbk_span_of(NULL, 0), err) : rc;
}

/* ---- entries --------------------------------------------------------------------------------- */

static dbk_rc count_item(void *ctx, const dbk_family_item *item, dbk_err *err)
{
    gathering *g = ctx;
    (void)err;
    g->row->open += item->open;
    if (item->open) /* entries come the newest first */
        g->row->oldest_open_ms = item->when_ms;
    return DBK_OK;
}

static void count_met(dbk_liaison_family *row, int64_t when_ms)
{
    if (row->contacts == 0)
        row->last_ms = when_ms;
    else if (row->first_ms - when_ms > row->gap_ms)
        row->gap_ms = row->first_ms - when_ms;
    row->first_ms = when_ms;
    row->contacts++;
}

static dbk_rc row_of(gathering *g, dbk_liaison_family **out, const dbk_id *case_id, dbk_span group,
                     dbk_err *err)
{
    dbk_rc rc = find(g, group) == NULL ? add(g, case_id, group, err) : DBK_OK;
    *out = rc == DBK_OK ? find(g, group) : NULL;
    return rc;
}

static int by_place(const dbk_cue_place *a, const dbk_cue_place *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms > b->at_ms ? -1 : 1;
    return (a->row < b->row) - (a->row > b->row);
}

static int by_plain(const void *a, const void *b)
{
    return by_place(&((const plain *)a)->place, &((const plain *)b)->place);
}

static dbk_rc take_plain(void *ctx, const dbk_cue_place *place, dbk_err *err)
{
    gathering *g = ctx;
    if (g->plains_count == PLAINS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u contacts with one family", PLAINS_MAX);
    plain *plains = dbk_room_for(g->plains, &g->plains_room, g->plains_count + 1, sizeof(*plains));
    if (plains == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the contacts");
    g->plains = plains;
    g->plains[g->plains_count++] = (plain){ *place, g->facts };
    return DBK_OK;
}

/* They are of the case's own space, which is open here: its record was read. */
static dbk_rc find_plains(gathering *g, const dbk_id *case_id, dbk_err *err)
{
    dbk_cued ask = { .about = case_id, .from_ms = INT64_MIN, .until_ms = INT64_MAX };
    dbk_rc rc = DBK_OK;
    g->plains_count = g->plains_told = 0;
    for (g->facts = 0; rc == DBK_OK && g->facts < DBK_CUE_PLAINS; g->facts++) {
        ask.kind = (dbk_cue_kind)(DBK_CUE_PLAIN + g->facts);
        rc = dbk_query_cue_places(g->book, &ask, take_plain, g, err);
    }
    if (g->plains_count > 0)
        qsort(g->plains, g->plains_count, sizeof(g->plains[0]), by_plain);
    return rc;
}

/* Those that come before an entry, as if they had been read; NULL: the rest. */
static dbk_rc count_plains(gathering *g, const dbk_id *case_id, const dbk_cue_place *before,
                           dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (; rc == DBK_OK && g->plains_told < g->plains_count; g->plains_told++) {
        const plain *p = &g->plains[g->plains_told];
        dbk_liaison_family *row = NULL;
        if (before != NULL && by_place(&p->place, before) > 0)
            break;
        if (!shows(g->opts, g->space))
            continue;
        rc = row_of(g, &row, case_id, dbk_span_of(NULL, 0), err);
        if (rc != DBK_OK)
            return rc;
        row->late += (p->facts & DBK_CUE_LATE) != 0;
        row->incomplete += (p->facts & DBK_CUE_INCOMPLETE) != 0;
        count_met(row, p->place.at_ms);
    }
    return rc;
}

static dbk_rc count_entry(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    gathering *g = ctx;
    bool first_visit = false;
    dbk_liaison_family *row = NULL;
    dbk_rc rc = count_plains(g, &e->case_id, &e->place, err);
    if (rc != DBK_OK || !shows(g->opts, &e->space))
        return rc;
    rc = row_of(g, &row, &e->case_id, e->group, err);
    if (rc != DBK_OK)
        return rc;
    g->row = row;
    row->late += e->late;
    row->incomplete += e->incomplete;
    row->attempts += e->attempt;
    if (e->literature)
        row->literature_ms = e->when_ms;
    if (!e->attempt)
        count_met(row, e->when_ms);
    rc = dbk_reading_says(e->reading, &first_visit, "purpose", "first_visit", err);
    if (first_visit && !e->attempt)
        row->first_visit_ms = e->when_ms;
    return rc == DBK_OK ? dbk_family_items(e, count_item, g, err) : rc;
}

/* ---- assessments ----------------------------------------------------------------------------- */

/* Made by the first visit, and its day of review not past then. */
static dbk_rc take_assessment(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    dbk_id case_id = { { 0 } };
    bool deployment = false, reviewed = false;
    int64_t review_ms = 0;
    if (!shows(g->opts, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_says(r, &deployment, "kind", "flo_deployment", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_time(r, &reviewed, &review_ms, "review_on", err);
    for (size_t i = g->first; rc == DBK_OK && deployment && i < g->count; i++) {
        dbk_liaison_family *f = &g->rows[i];
        if (f->first_visit_ms != 0 && dbk_id_equal(&f->case_id, &case_id) &&
            row->when_ms <= f->first_visit_ms &&
            (!reviewed || review_ms + DBK_DAY_MS > f->first_visit_ms))
            f->assessed = true;
    }
    return rc;
}

/* Day 2 is the day after the first meeting. */
static dbk_literature literature_of(const dbk_liaison_family *f, int64_t now_ms)
{
    int64_t over_ms = (f->first_ms / DBK_DAY_MS + 2) * DBK_DAY_MS;
    if (f->literature_ms != 0)
        return f->literature_ms < over_ms ? DBK_LITERATURE_GIVEN : DBK_LITERATURE_LATE;
    return f->first_ms != 0 && now_ms >= over_ms ? DBK_LITERATURE_MISSING : DBK_LITERATURE_DUE;
}

static dbk_rc add_case(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    dbk_span groups = { NULL, 0 };
    bool closed = false;
    const dbk_family_opts family = { .case_id = &row->record, .telling = true };
    const dbk_cued graded = {
        .kind = DBK_CUE_GRADED, .about = &row->record, .from_ms = INT64_MIN, .until_ms = INT64_MAX
    };
    if (!shows(g->opts, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_says(r, &closed, "status", "closed", err);
    if (rc != DBK_OK || closed)
        return rc;
    g->full = g->opts->limit != 0 && g->cases == g->opts->limit;
    if (g->full)
        return DBK_LIMIT; /* ends the walk */
    g->cases++;
    g->first = g->count;
    g->space = &row->space;
    rc = dbk_reading_value(r, &groups, "family_groups", err);
    if (rc == DBK_OK)
        rc = add_sides(g, &row->record, groups, err);
    if (rc == DBK_OK)
        rc = find_plains(g, &row->record, err);
    if (rc == DBK_OK)
        rc = dbk_family_entries(g->book, &family, count_entry, g, err);
    if (rc == DBK_OK)
        rc = count_plains(g, &row->record, NULL, err);
    return rc == DBK_OK ? dbk_reading_cued(g->book, &graded, take_assessment, g, err) : rc;
}

dbk_rc dbk_liaison_families(dbk_liaison_family **out, size_t *count, dbk_book *book,
                            const dbk_liaison_opts *opts, dbk_err *err)
{
    gathering g = { .book = book, .opts = opts };
    const dbk_list_opts cases = { .form = "case", .since_ms = INT64_MIN, .after = opts->after };
    *out = NULL;
    *count = 0;
    dbk_rc rc = dbk_reading_list(book, &cases, add_case, &g, err);
    dbk_free(g.plains);
    if (g.full)
        rc = DBK_OK;
    for (size_t i = 0; i < g.count; i++)
        g.rows[i].literature = literature_of(&g.rows[i], opts->now_ms);
    if (rc != DBK_OK) {
        dbk_free(g.rows);
        return rc;
    }
    *out = g.rows;
    *count = g.count;
    return DBK_OK;
}

/* ---- officers -------------------------------------------------------------------------------- */

typedef struct asking {
    dbk_book *book;
    const dbk_liaison_opts *opts;
    dbk_liaison_officer_fn fn;
    void *ctx;
} asking;

static dbk_rc tell_officer(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const asking *a = ctx;
    dbk_liaison_officer o = { .record = row->record, .reading = r };
    dbk_span limit;
    bool flo = false;
    dbk_rc rc = dbk_reading_says(r, &flo, "skills", "flo", err);
    if (rc != DBK_OK || !flo || !shows(a->opts, &row->space))
        return rc;
    rc = dbk_reading_value(r, &limit, "caseload_limit", err);
    dbk_cbor c = dbk_cbor_from(limit);
    if (rc == DBK_OK && dbk_cbor_peek(&c) == DBK_CBOR_UINT)
        o.limit = dbk_cbor_get_uint(&c);
    if (rc == DBK_OK)
        rc = dbk_reading_time(r, &o.asked, &o.welfare_ms, "welfare_last", err);
    if (rc == DBK_OK)
        rc = dbk_deployment_caseload(a->book, &o.caseload, &row->record, err);
    o.over = o.limit > 0 && o.caseload > o.limit;
    o.overdue = !o.asked ||
                a->opts->now_ms - o.welfare_ms > (int64_t)a->opts->welfare_days * DBK_DAY_MS;
    return rc == DBK_OK ? a->fn(a->ctx, &o, err) : rc;
}

dbk_rc dbk_liaison_officers(dbk_book *book, const dbk_liaison_opts *opts, dbk_liaison_officer_fn fn,
                            void *ctx, dbk_err *err)
{
    asking a = { book, opts, fn, ctx };
    return dbk_reading_each(book, "officer", tell_officer, &a, err);
}
