#include "core/practice/retention.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"
#include "core/model/reference.h"
#include "core/practice/retention_internal.h"

#define SUBJECTS_MAX 262144u
#define REFS_MAX 256u /* subjects that one record refers to; more of them wait for their review */

static const char *const stand_names[] = {
#define STAND_NAME(name, text) text,
    DBK_RETENTION_STAND_TABLE(STAND_NAME)
#undef STAND_NAME
};

const char *dbk_retention_stand_name(dbk_retention_stand stand)
{
    DBK_ASSERT(stand < DBK_RETENTION_STANDS);
    return stand_names[stand];
}

static dbk_rc push(dbk_retention_rows *l, const void *row, size_t size, dbk_err *err)
{
    if (l->count == SUBJECTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u cases and persons", SUBJECTS_MAX);
    void *p = dbk_room_for(l->p, &l->room, l->count + 1, size);
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the reviews");
    l->p = p;
    memcpy((uint8_t *)l->p + l->count++ * size, row, size);
    return DBK_OK;
}

static bool shows(const dbk_retention_gathering *g, const dbk_id *space)
{
    return g->opts->shows == NULL || g->opts->shows(g->opts->ctx, space);
}

static bool is_form(const dbk_row *row, const char *form)
{
    return strcmp(row->form, form) == 0;
}

static int by_record(const void *pa, const void *pb)
{
    const dbk_retention_subject *a = pa, *b = pb;
    return dbk_span_compare(dbk_span_of(a->r.record.b, sizeof(a->r.record.b)),
                            dbk_span_of(b->r.record.b, sizeof(b->r.record.b)));
}

/* Its place among the subjects; SIZE_MAX: it is none. */
static size_t place_of(const dbk_retention_gathering *g, const dbk_id *record)
{
    dbk_retention_subject key = { .r = { .record = *record } };
    const dbk_retention_subject *all = g->subjects.p, *found;
    if (g->subjects.count == 0)
        return SIZE_MAX;
    found = bsearch(&key, all, g->subjects.count, sizeof(*all), by_record);
    return found == NULL ? SIZE_MAX : (size_t)(found - all);
}

static dbk_rc add_subject(void *ctx, const dbk_row *row, dbk_err *err)
{
    dbk_retention_gathering *g = ctx;
    dbk_retention_subject s = { .r = { .record = row->record, .space = row->space },
                                .rank = SIZE_MAX };
    s.r.is_case = is_form(row, "case");
    if (row->life == DBK_LIFE_DISPOSED || !shows(g, &row->space))
        return DBK_OK;
    return push(&g->subjects, &s, sizeof(s), err);
}

/* ---- what a record says ---------------------------------------------------------------------- */

typedef struct referring {
    const dbk_retention_gathering *g;
    size_t places[REFS_MAX];
    size_t count;
    bool over;
} referring;

static void take_ref(void *ctx, const dbk_id *id)
{
    referring *f = ctx;
    size_t place = place_of(f->g, id);
    if (place == SIZE_MAX)
        return;
    for (size_t i = 0; i < f->count; i++)
        if (f->places[i] == place)
            return;
    f->over = f->over || f->count == REFS_MAX;
    if (f->count < REFS_MAX)
        f->places[f->count++] = place;
}

static bool is_held(const dbk_state *state)
{
    const dbk_state_group *group = dbk_state_group_find(state, dbk_span_str("legal_hold"));
    for (size_t i = 0; group != NULL && i < group->registers_count; i++) {
        dbk_span value = dbk_view_member(group->registers[i].value, "legal_hold");
        dbk_cbor c = dbk_cbor_from(value);
        if (value.len > 0 &&
            (dbk_cbor_peek(&c) != DBK_CBOR_SIMPLE || dbk_cbor_get_simple(&c) != DBK_CBOR_FALSE))
            return true;
    }
    return false;
}

static void take_groups(const dbk_retention_gathering *g, dbk_retention_subject *s,
                        const dbk_state *state)
{
    const dbk_state_group *group = dbk_state_group_find(state, dbk_span_str("mopi_group"));
    for (size_t i = 0; group != NULL && i < group->registers_count; i++) {
        dbk_span code = dbk_cbor_text_of(dbk_view_member(group->registers[i].value, "mopi_group"));
        size_t rank = dbk_retention_rank(&g->rules, code);
        s->strange_group = s->strange_group || (code.len > 0 && rank == SIZE_MAX);
        s->rank = rank < s->rank ? rank : s->rank;
    }
}

/* An event can't be after the last time that anybody wrote of it: a wrong year never puts a review
 * off for ever. */
static void take_event(dbk_retention_subject *s, const dbk_row *row)
{
    int64_t when_ms = row->when_ms < (int64_t)row->updated_ms ? row->when_ms
                                                              : (int64_t)row->updated_ms;
    if (s->r.events == 0 || when_ms < s->r.first_ms)
        s->r.first_ms = when_ms;
    if (s->r.events == 0 || when_ms > s->r.newest_ms)
        s->r.newest_ms = when_ms;
    s->r.events++;
}

static dbk_rc read_text(dbk_reading *r, char *out, size_t size, const char *name, dbk_err *err)
{
    dbk_span text;
    dbk_rc rc = dbk_reading_text(r, &text, name, err);
    if (rc == DBK_OK && text.len > 0 && text.len < size)
        memcpy(out, text.p, text.len);
    return rc;
}

/* What the subject's own record says of itself. */
static dbk_rc take_own(dbk_retention_subject *s, dbk_reading *r, dbk_err *err)
{
    bool closed = false;
    if (s->r.is_case) {
        dbk_rc rc = dbk_reading_says(r, &closed, "status", "closed", err);
        s->r.open = !closed;
        return rc;
    }
    dbk_rc rc = read_text(r, s->dob, sizeof(s->dob), "dob", err);
    if (rc == DBK_OK)
        rc = read_text(r, s->precision, sizeof(s->precision), "dob_precision", err);
    return rc == DBK_OK ? read_text(r, s->band, sizeof(s->band), "age_band", err) : rc;
}

static dbk_rc take_review(dbk_retention_gathering *g, size_t place, dbk_reading *r,
                          const dbk_row *row, const dbk_hash *hash, dbk_err *err)
{
    dbk_retention_decided one = {
        .subject = place, .at_ms = row->when_ms, .record = row->record, .hash = *hash
    };
    dbk_id about = { { 0 } };
    bool there = false;
    if (row->life != DBK_LIFE_SIGNED || r->note->form == NULL ||
        !dbk_reading_is_hq(r->note, "decision"))
        return DBK_OK;
    dbk_rc rc = dbk_reading_ref(r, &about, "about", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &one.dispose, "decision", "dispose", err);
    if (rc == DBK_OK)
        rc = dbk_reading_time(r, &there, &one.next_ms, "next_review_on", err);
    if (rc == DBK_OK)
        rc = read_text(r, one.basis, sizeof(one.basis), "basis", err);
    if (rc != DBK_OK || !dbk_id_equal(&about, &dbk_retention_at(g, place)->r.record))
        return rc;
    return push(&g->reviews, &one, sizeof(one), err);
}

static dbk_rc take_for(dbk_retention_gathering *g, size_t place, dbk_reading *r, const dbk_row *row,
                       const dbk_hash *hash, dbk_err *err)
{
    dbk_retention_subject *s = dbk_retention_at(g, place);
    bool itself = dbk_id_equal(&s->r.record, &row->record);
    bool reviews = is_form(row, DBK_RETENTION_FORM);
    bool here = dbk_id_equal(&s->r.space, &row->space);
    /* What isn't in the subject's space must not show in a record of that space. */
    if (here)
        dbk_retention_add_hash(&s->all, hash->b);
    if (here && !reviews)
        dbk_retention_add_hash(&s->records, hash->b);
    if (reviews)
        return here ? take_review(g, place, r, row, hash, err) : DBK_OK;
    s->r.held = s->r.held || is_held(r->note->state);
    take_groups(g, s, r->note->state);
    if (itself || (row->life <= DBK_LIFE_SIGNED && dbk_retention_is_event(&g->rules, row->form)))
        take_event(s, row);
    return itself ? take_own(s, r, err) : DBK_OK;
}

static dbk_rc note_belongings(dbk_retention_gathering *g, const referring *f, const dbk_row *row,
                              dbk_err *err)
{
    size_t person = place_of(g, &row->record);
    dbk_rc rc = DBK_OK;
    if (person == SIZE_MAX || dbk_retention_at(g, person)->r.is_case)
        return DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < f->count; i++) {
        dbk_retention_belonging one = { person, f->places[i] };
        if (dbk_retention_at(g, f->places[i])->r.is_case)
            rc = push(&g->belongings, &one, sizeof(one), err);
    }
    return rc;
}

static dbk_rc take_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    dbk_retention_gathering *g = ctx;
    referring f = { .g = g };
    dbk_reading r;
    dbk_hash hash = { { 0 } };
    if (row->life == DBK_LIFE_DISPOSED || !shows(g, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_open(&r, g->book, &row->record, err);
    if (rc == DBK_OK) {
        take_ref(&f, &row->record); /* what happened to it is in itself, too */
        dbk_references_each(r.note->state, take_ref, &f);
    }
    if (rc == DBK_OK && f.over)
        rc = dbk_fail(err, DBK_LIMIT, "a record refers to more than %u cases and persons",
                      REFS_MAX);
    if (rc == DBK_OK && f.count > 0 && g->hashes)
        rc = dbk_note_hash(&hash, r.note, err);
    for (size_t i = 0; rc == DBK_OK && i < f.count; i++)
        rc = take_for(g, f.places[i], &r, row, &hash, err);
    if (rc == DBK_OK)
        rc = note_belongings(g, &f, row, err);
    dbk_reading_wipe(&r);
    return rc;
}

/* ---- which are read -------------------------------------------------------------------------- */

static dbk_rc note_decision(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    *(bool *)ctx = true;
    return DBK_OK;
}

static dbk_rc find_decision(dbk_retention_gathering *g, dbk_err *err)
{
    const dbk_where dispose = { "decision", "dispose" };
    const dbk_list_opts list = { .form = DBK_RETENTION_FORM,
                                 .since_ms = INT64_MIN,
                                 .where = &dispose,
                                 .where_count = 1,
                                 .limit = 1 };
    return g->hashes ? DBK_OK : dbk_query_list(g->book, &list, note_decision, &g->hashes, err);
}

static dbk_rc each_of_all(dbk_retention_gathering *g, dbk_err *err)
{
    dbk_list_opts list = { .form = "case", .since_ms = INT64_MIN, .with_withdrawn = true };
    dbk_rc rc = dbk_query_list(g->book, &list, add_subject, g, err);
    list.form = "person";
    if (rc == DBK_OK)
        rc = dbk_query_list(g->book, &list, add_subject, g, err);
    list.form = NULL;
    if (g->subjects.count > 0)
        qsort(g->subjects.p, g->subjects.count, sizeof(dbk_retention_subject), by_record);
    return rc == DBK_OK && g->subjects.count > 0
               ? dbk_query_list(g->book, &list, take_record, g, err)
               : rc;
}

static dbk_rc add_sought(void *ctx, const dbk_row *row, dbk_err *err)
{
    dbk_retention_gathering *g = ctx;
    size_t before = g->subjects.count;
    dbk_rc rc = is_form(row, "case") || is_form(row, "person") ? add_subject(g, row, err) : DBK_OK;
    if (g->subjects.count > before)
        dbk_retention_at(g, before)->beside = !dbk_ids_have(&g->wanted, &row->record);
    return rc;
}

/* Ids come by record, so subjects and records are in order. */
static dbk_rc each_of_chosen(dbk_retention_gathering *g, dbk_err *err)
{
    dbk_ids subjects = { 0 }, records = { 0 };
    dbk_rc rc = dbk_ids_settle(&g->wanted, err);
    if (rc == DBK_OK)
        rc = dbk_retention_seek_beside(&subjects, g->book, &g->wanted, err);
    for (size_t i = 0; rc == DBK_OK && i < subjects.count; i++)
        rc = dbk_query_one(g->book, &subjects.rows[i], add_sought, g, err);
    for (size_t i = 0; rc == DBK_OK && i < g->subjects.count; i++)
        rc = dbk_retention_seek_about(&records, g->book, &dbk_retention_at(g, i)->r.record, err);
    if (rc == DBK_OK)
        rc = dbk_ids_settle(&records, err);
    for (size_t i = 0; rc == DBK_OK && i < records.count; i++)
        rc = dbk_query_one(g->book, &records.rows[i], take_record, g, err);
    dbk_free(subjects.rows);
    dbk_free(records.rows);
    return rc;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static dbk_rc begin(dbk_retention_gathering *g, dbk_err *err)
{
    dbk_time_print(g->day, g->opts->now_ms);
    g->day[DBK_RETENTION_DATE_CHARS] = '\0';
    return dbk_retention_rules_init(&g->rules, g->opts->rules, err);
}

static dbk_rc gather(dbk_retention_gathering *g, dbk_err *err)
{
    dbk_rc rc = find_decision(g, err);
    if (rc == DBK_OK)
        rc = g->chosen ? each_of_chosen(g, err) : each_of_all(g, err);
    if (rc != DBK_OK)
        return rc;
    dbk_retention_stand_all(g);
    return DBK_OK;
}

static void end(dbk_retention_gathering *g)
{
    dbk_retention_rules_wipe(&g->rules);
    dbk_free(g->subjects.p);
    dbk_free(g->reviews.p);
    dbk_free(g->belongings.p);
    dbk_free(g->wanted.rows);
}

static int by_due(const void *pa, const void *pb)
{
    const dbk_retention *a = pa, *b = pb;
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return dbk_span_compare(dbk_span_of(a->record.b, sizeof(a->record.b)),
                            dbk_span_of(b->record.b, sizeof(b->record.b)));
}

static bool is_told(const dbk_retention_subject *s, const dbk_retention_gathering *g,
                    int64_t until_ms)
{
    return !s->beside &&
           (!g->chosen || s->r.due_ms <= until_ms || s->r.stand != DBK_RETENTION_KEPT);
}

/* The rows that were asked for, once all has been gathered. */
static dbk_rc give(dbk_retention **out, size_t *count, const dbk_retention_gathering *g,
                   int64_t until_ms, dbk_err *err)
{
    size_t told = 0;
    for (size_t i = 0; i < g->subjects.count; i++)
        told += is_told(dbk_retention_at(g, i), g, until_ms);
    if (told == 0)
        return DBK_OK;
    *out = dbk_alloc_array(told, sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the reviews");
    for (size_t i = 0; i < g->subjects.count; i++)
        if (is_told(dbk_retention_at(g, i), g, until_ms))
            (*out)[(*count)++] = dbk_retention_at(g, i)->r;
    qsort(*out, *count, sizeof(**out), by_due);
    return DBK_OK;
}

dbk_rc dbk_retention_all(dbk_retention **out, size_t *count, dbk_book *book,
                         const dbk_retention_opts *opts, dbk_err *err)
{
    dbk_retention_gathering g = { .book = book, .opts = opts };
    *out = NULL;
    *count = 0;
    dbk_rc rc = begin(&g, err);
    if (rc == DBK_OK)
        rc = gather(&g, err);
    if (rc == DBK_OK)
        rc = give(out, count, &g, 0, err);
    end(&g);
    return rc;
}

dbk_rc dbk_retention_due(dbk_retention **out, size_t *count, dbk_book *book, int64_t until_ms,
                         const dbk_retention_opts *opts, dbk_err *err)
{
    dbk_retention_gathering g = { .book = book, .opts = opts, .chosen = true };
    int64_t until = until_ms > opts->now_ms ? until_ms : opts->now_ms;
    *out = NULL;
    *count = 0;
    dbk_rc rc = begin(&g, err);
    if (rc == DBK_OK)
        rc = dbk_retention_seek(&g.wanted, book, &g.rules, until, err);
    if (rc == DBK_OK)
        rc = gather(&g, err);
    if (rc == DBK_OK)
        rc = give(out, count, &g, until, err);
    end(&g);
    return rc;
}

dbk_rc dbk_retention_of(dbk_retention *out, dbk_book *book, const dbk_id *record,
                        const dbk_retention_opts *opts, dbk_err *err)
{
    dbk_retention_gathering g = { .book = book, .opts = opts, .hashes = true, .chosen = true };
    dbk_note *note = NULL;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_query_note(&note, book, record, err);
    dbk_note_free(note);
    dbk_ids_add(&g.wanted, record);
    if (rc == DBK_OK)
        rc = begin(&g, err);
    if (rc == DBK_OK)
        rc = gather(&g, err);
    size_t place = rc == DBK_OK ? place_of(&g, record) : SIZE_MAX;
    if (rc == DBK_OK && place == SIZE_MAX)
        rc = dbk_fail(err, DBK_INVALID,
                      "only cases and persons are reviewed; what refers to them "
                      "is kept as long as they are");
    if (rc == DBK_OK)
        *out = dbk_retention_at(&g, place)->r;
    end(&g);
    return rc;
}
