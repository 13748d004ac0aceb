#include "core/practice/retention.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"
#include "core/practice/reference.h"
#include "core/practice/retention_rules.h"
#include "core/practice/routing.h"

#define SUBJECTS_MAX 262144u
#define REFS_MAX 256u /* subjects that one record refers to; more of them wait for their review */
#define CHILD_AGE 10
#define DATE_CHARS 10u

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

/* A sum of hashes: it doesn't matter in which order records come, and one that counts twice isn't
 * lost. */
typedef struct sum {
    uint8_t b[sizeof(dbk_hash)];
} sum;

/* A decision that headquarters signed. */
typedef struct review {
    size_t subject;
    bool dispose;
    int64_t at_ms, next_ms; /* next_ms 0: as the group says */
    dbk_id record;
    dbk_hash hash;
    char basis[DBK_RETENTION_BASIS_CHARS + 1];
} review;

typedef struct subject {
    dbk_retention r;
    size_t rank;
    bool strange_group; /* a code that this program doesn't know */
    char dob[DATE_CHARS + 1], precision[16], band[16];
    size_t persons, persons_unborn; /* case: those whose day of birth nobody knows */
    int64_t full_ms;                /* person: to_age; case: of the youngest; 0: not known */
    sum all, records;               /* what refers to it, with reviews and without */
} subject;

/* A person belongs to that case. */
typedef struct belonging {
    size_t person, of_case;
} belonging;

typedef struct rows {
    void *p;
    size_t count, room;
} rows;

typedef struct gathering {
    dbk_book *book;
    const dbk_retention_opts *opts;
    dbk_retention_rules rules;
    char day[DBK_TIME_TEXT_SIZE];
    bool hashes; /* a decision hangs on them; else they aren't worth their time */
    rows subjects, reviews, belongings;
} gathering;

static dbk_rc push(rows *l, const void *row, size_t size, dbk_err *err)
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

static void add_hash(sum *to, const uint8_t what[sizeof(dbk_hash)])
{
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof(to->b); i++) {
        carry += (unsigned)to->b[i] + what[i];
        to->b[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static bool shows(const gathering *g, const dbk_id *space)
{
    return g->opts->shows == NULL || g->opts->shows(g->opts->ctx, space);
}

static bool is_form(const dbk_row *row, const char *form)
{
    return strcmp(row->form, form) == 0;
}

static int by_record(const void *pa, const void *pb)
{
    const subject *a = pa, *b = pb;
    return dbk_span_compare(dbk_span_of(a->r.record.b, sizeof(a->r.record.b)),
                            dbk_span_of(b->r.record.b, sizeof(b->r.record.b)));
}

/* Its place among the subjects; SIZE_MAX: it is none. */
static size_t place_of(const gathering *g, const dbk_id *record)
{
    subject key = { .r = { .record = *record } };
    const subject *all = g->subjects.p, *found;
    if (g->subjects.count == 0)
        return SIZE_MAX;
    found = bsearch(&key, all, g->subjects.count, sizeof(*all), by_record);
    return found == NULL ? SIZE_MAX : (size_t)(found - all);
}

static subject *at(const gathering *g, size_t place)
{
    return (subject *)g->subjects.p + place;
}

static dbk_rc add_subject(void *ctx, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    subject s = { .r = { .record = row->record, .space = row->space }, .rank = SIZE_MAX };
    s.r.is_case = is_form(row, "case");
    if (row->life == DBK_LIFE_DISPOSED || !shows(g, &row->space))
        return DBK_OK;
    return push(&g->subjects, &s, sizeof(s), err);
}

/* ---- what a record says ---------------------------------------------------------------------- */

typedef struct referring {
    const gathering *g;
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

static void take_groups(const gathering *g, subject *s, const dbk_state *state)
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
static void take_event(subject *s, const dbk_row *row)
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
static dbk_rc take_own(subject *s, dbk_reading *r, dbk_err *err)
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

static dbk_rc take_review(gathering *g, size_t place, dbk_reading *r, const dbk_row *row,
                          const dbk_hash *hash, dbk_err *err)
{
    review one = { .subject = place, .at_ms = row->when_ms, .record = row->record, .hash = *hash };
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
    if (rc != DBK_OK || !dbk_id_equal(&about, &at(g, place)->r.record))
        return rc;
    return push(&g->reviews, &one, sizeof(one), err);
}

static dbk_rc take_for(gathering *g, size_t place, dbk_reading *r, const dbk_row *row,
                       const dbk_hash *hash, dbk_err *err)
{
    subject *s = at(g, place);
    bool itself = dbk_id_equal(&s->r.record, &row->record);
    bool reviews = is_form(row, DBK_RETENTION_FORM);
    bool here = dbk_id_equal(&s->r.space, &row->space);
    /* What isn't in the subject's space must not show in a record of that space. */
    if (here)
        add_hash(&s->all, hash->b);
    if (here && !reviews)
        add_hash(&s->records, hash->b);
    if (reviews)
        return here ? take_review(g, place, r, row, hash, err) : DBK_OK;
    s->r.held = s->r.held || is_held(r->note->state);
    take_groups(g, s, r->note->state);
    if (itself || (row->life <= DBK_LIFE_SIGNED && dbk_retention_is_event(&g->rules, row->form)))
        take_event(s, row);
    return itself ? take_own(s, r, err) : DBK_OK;
}

static dbk_rc note_belongings(gathering *g, const referring *f, const dbk_row *row, dbk_err *err)
{
    size_t person = place_of(g, &row->record);
    dbk_rc rc = DBK_OK;
    if (person == SIZE_MAX || at(g, person)->r.is_case)
        return DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < f->count; i++) {
        belonging one = { person, f->places[i] };
        if (at(g, f->places[i])->r.is_case)
            rc = push(&g->belongings, &one, sizeof(one), err);
    }
    return rc;
}

static dbk_rc take_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    referring f = { .g = g };
    dbk_reading r;
    dbk_hash hash = { { 0 } };
    if (row->life == DBK_LIFE_DISPOSED || !shows(g, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_open(&r, g->book, &row->record, err);
    if (rc == DBK_OK) {
        take_ref(&f, &row->record); /* what happened to it is in itself, too */
        dbk_references_each(r.note, take_ref, &f);
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

/* ---- a person and their cases ---------------------------------------------------------------- */

static dbk_age age_at(const subject *s, int64_t when_ms)
{
    char day[DBK_TIME_TEXT_SIZE];
    dbk_time_print(day, when_ms);
    dbk_age age = dbk_age_on(dbk_span_str(s->dob), dbk_span_str(s->precision), dbk_span_str(day));
    return age.known ? age : dbk_age_of_band(dbk_span_str(s->band));
}

/* When a person is that old for certain. */
static int64_t full_age_ms(const subject *s, int to_age)
{
    static const struct {
        const char *precision;
        int more; /* years later at the latest */
    } precisions[] = { { "", 0 }, { "day", 0 }, { "month", 1 }, { "year", 1 }, { "estimated", 3 } };
    int64_t born_ms = 0;
    if (dbk_moment_parse(&born_ms, dbk_span_str(s->dob), NULL) != DBK_OK)
        return 0;
    for (size_t i = 0; i < sizeof(precisions) / sizeof(precisions[0]); i++)
        if (strcmp(s->precision, precisions[i].precision) == 0)
            return dbk_retention_years_on(born_ms, to_age + precisions[i].more);
    return 0;
}

static void see_person(subject *s, const gathering *g)
{
    int to_age = 0;
    for (size_t i = 0; i < g->rules.count; i++)
        to_age = g->rules.rows[i].to_age > to_age ? g->rules.rows[i].to_age : to_age;
    dbk_age age = age_at(s, s->r.first_ms);
    s->r.child = age.known && age.low < CHILD_AGE;
    s->full_ms = full_age_ms(s, to_age);
}

/* The case hears of its persons; nobody's age may be missing. */
static void tell_case(subject *of_case, const subject *person)
{
    of_case->r.child = of_case->r.child || person->r.child;
    of_case->persons++;
    of_case->persons_unborn += person->full_ms == 0;
    of_case->full_ms = person->full_ms > of_case->full_ms ? person->full_ms : of_case->full_ms;
}

/* A person is kept while their case is. */
static void tell_person(subject *person, const subject *of_case)
{
    person->r.held = person->r.held || of_case->r.held;
    person->r.open = person->r.open || of_case->r.open;
    person->strange_group = person->strange_group || of_case->strange_group;
    person->rank = of_case->rank < person->rank ? of_case->rank : person->rank;
    if (of_case->r.newest_ms > person->r.newest_ms)
        person->r.newest_ms = of_case->r.newest_ms;
    if (dbk_id_equal(&of_case->r.space, &person->r.space))
        add_hash(&person->all, of_case->records.b);
}

static void join_persons(gathering *g)
{
    const belonging *all = g->belongings.p;
    for (size_t i = 0; i < g->subjects.count; i++)
        if (!at(g, i)->r.is_case)
            see_person(at(g, i), g);
    for (size_t i = 0; i < g->belongings.count; i++)
        tell_case(at(g, all[i].of_case), at(g, all[i].person));
    for (size_t i = 0; i < g->belongings.count; i++)
        tell_person(at(g, all[i].person), at(g, all[i].of_case));
    for (size_t i = 0; i < g->subjects.count; i++)
        if (at(g, i)->persons_unborn > 0)
            at(g, i)->full_ms = 0;
}

/* ---- where it stands ------------------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The newest review that keeps it, and whether one says "dispose" on just what there is now. */
typedef struct verdict {
    const review *retain;
    bool dispose, again;
} verdict;

static verdict verdict_of(const gathering *g, size_t place)
{
    subject *s = at(g, place);
    const review *all = g->reviews.p;
    verdict v = { NULL, false, false };
    for (size_t i = 0; i < g->reviews.count; i++) {
        char basis[DBK_RETENTION_BASIS_CHARS + 1];
        sum before = { { 0 } };
        if (all[i].subject != place)
            continue;
        s->r.reviewed_ms = later(s->r.reviewed_ms, all[i].at_ms);
        if (!all[i].dispose) {
            v.retain = v.retain == NULL || all[i].at_ms > v.retain->at_ms ? &all[i] : v.retain;
            continue;
        }
        /* Made on what there was without itself. */
        if (strlen(all[i].basis) != DBK_RETENTION_BASIS_CHARS ||
            dbk_hex_parse(before.b, sizeof(before.b), all[i].basis, NULL) != DBK_OK)
            continue;
        add_hash(&before, all[i].hash.b);
        dbk_hex_print(basis, dbk_span_of(before.b, sizeof(before.b)));
        bool same = strcmp(basis, s->r.basis) == 0;
        v.dispose = v.dispose || same;
        v.again = v.again || !same;
        if (same)
            s->r.decision = all[i].record;
    }
    /* One that was kept after all is waiting for nothing. */
    if (!v.dispose && v.again && v.retain != NULL && v.retain->at_ms == s->r.reviewed_ms)
        v.again = false;
    return v;
}

static void set_times(subject *s, const dbk_retention_rule *rule, const review *retain)
{
    dbk_retention *r = &s->r;
    int64_t kept_ms = retain == NULL ? 0 : retain->at_ms;
    if (rule->clear_years > 0) {
        r->until_ms = dbk_retention_years_on(r->newest_ms, rule->clear_years);
        r->due_ms = r->until_ms;
        if (retain != NULL)
            r->due_ms = later(r->due_ms, dbk_retention_years_on(kept_ms, rule->review_years));
    } else {
        r->until_ms = s->full_ms;
        r->due_ms = dbk_retention_years_on(retain == NULL ? r->first_ms : kept_ms,
                                           rule->review_years);
        if (r->until_ms > kept_ms && r->until_ms != 0 && r->until_ms < r->due_ms)
            r->due_ms = r->until_ms;
    }
    /* Whoever said when to look again meant that day. */
    if (retain != NULL && retain->next_ms > kept_ms && retain->next_ms < r->due_ms)
        r->due_ms = retain->next_ms;
}

static void set_stand(gathering *g, size_t place)
{
    subject *s = at(g, place);
    dbk_span group = { NULL, 0 };
    if (s->rank != SIZE_MAX && !s->strange_group) {
        group = dbk_span_str(g->rules.rows[s->rank].group);
        if (group.len < sizeof(s->r.group))
            memcpy(s->r.group, group.p, group.len);
    }
    dbk_hex_print(s->r.basis, dbk_span_of(s->all.b, sizeof(s->all.b)));
    verdict v = verdict_of(g, place);
    set_times(s, dbk_retention_rule_of(&g->rules, group, dbk_span_str(g->day)), v.retain);
    if (v.dispose)
        s->r.stand = s->r.held ? DBK_RETENTION_HELD : DBK_RETENTION_DISPOSE;
    else if (v.again)
        s->r.stand = DBK_RETENTION_AGAIN;
    else
        s->r.stand = s->r.due_ms <= g->opts->now_ms ? DBK_RETENTION_DUE : DBK_RETENTION_KEPT;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static dbk_rc note_decision(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    gathering *g = ctx;
    (void)row;
    return g->hashes ? DBK_OK : dbk_reading_says(r, &g->hashes, "decision", "dispose", err);
}

static dbk_rc gather(gathering *g, dbk_err *err)
{
    dbk_list_opts list = { .form = "case", .since_ms = INT64_MIN, .with_withdrawn = true };
    dbk_time_print(g->day, g->opts->now_ms);
    g->day[DATE_CHARS] = '\0';
    dbk_rc rc = dbk_retention_rules_init(&g->rules, g->opts->rules, err);
    if (rc == DBK_OK)
        rc = dbk_query_list(g->book, &list, add_subject, g, err);
    list.form = "person";
    if (rc == DBK_OK)
        rc = dbk_query_list(g->book, &list, add_subject, g, err);
    if (rc != DBK_OK || g->subjects.count == 0)
        return rc;
    qsort(g->subjects.p, g->subjects.count, sizeof(subject), by_record);
    list.form = NULL;
    if (!g->hashes)
        rc = dbk_reading_each(g->book, DBK_RETENTION_FORM, note_decision, g, err);
    if (rc == DBK_OK)
        rc = dbk_query_list(g->book, &list, take_record, g, err);
    if (rc != DBK_OK)
        return rc;
    join_persons(g);
    for (size_t i = 0; i < g->subjects.count; i++)
        set_stand(g, i);
    return DBK_OK;
}

static void end(gathering *g)
{
    dbk_retention_rules_wipe(&g->rules);
    dbk_free(g->subjects.p);
    dbk_free(g->reviews.p);
    dbk_free(g->belongings.p);
}

static int by_due(const void *pa, const void *pb)
{
    const dbk_retention *a = pa, *b = pb;
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return dbk_span_compare(dbk_span_of(a->record.b, sizeof(a->record.b)),
                            dbk_span_of(b->record.b, sizeof(b->record.b)));
}

dbk_rc dbk_retention_all(dbk_retention **out, size_t *count, dbk_book *book,
                         const dbk_retention_opts *opts, dbk_err *err)
{
    gathering g = { .book = book, .opts = opts };
    *out = NULL;
    *count = 0;
    dbk_rc rc = gather(&g, err);
    if (rc == DBK_OK && g.subjects.count > 0) {
        *out = dbk_alloc_array(g.subjects.count, sizeof(**out));
        if (*out == NULL)
            rc = dbk_fail(err, DBK_NOMEM, "no memory for the reviews");
    }
    for (size_t i = 0; rc == DBK_OK && i < g.subjects.count; i++)
        (*out)[(*count)++] = at(&g, i)->r;
    if (*count > 0)
        qsort(*out, *count, sizeof(**out), by_due);
    end(&g);
    return rc;
}

dbk_rc dbk_retention_of(dbk_retention *out, dbk_book *book, const dbk_id *record,
                        const dbk_retention_opts *opts, dbk_err *err)
{
    gathering g = { .book = book, .opts = opts, .hashes = true };
    dbk_note *note = NULL;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_query_note(&note, book, record, err);
    dbk_note_free(note);
    if (rc == DBK_OK)
        rc = gather(&g, err);
    size_t place = rc == DBK_OK ? place_of(&g, record) : SIZE_MAX;
    if (rc == DBK_OK && place == SIZE_MAX)
        rc = dbk_fail(err, DBK_INVALID,
                      "only cases and persons are reviewed; what refers to them "
                      "is kept as long as they are");
    if (rc == DBK_OK)
        *out = at(&g, place)->r;
    end(&g);
    return rc;
}
