#include "core/practice/directory.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"

#define SERVICES_MAX 200000u

static bool is_stale(const dbk_offer *offer, int64_t today)
{
    return offer->checked_day == DBK_OFFER_NEVER || offer->due_day < today;
}

/* ---- one service ----------------------------------------------------------------------------- */

static dbk_rc term_of(dbk_offer_term *out, dbk_namer *n, dbk_offer_kind kind, const char *word,
                      dbk_err *err)
{
    *out = (dbk_offer_term){ .len = 0 };
    return word == NULL ? DBK_OK : dbk_offer_term_of(out, n, kind, dbk_span_str(word), err);
}

dbk_rc dbk_directory_terms_of(dbk_directory_terms *out, const dbk_directory_ask *ask, dbk_err *err)
{
    dbk_namer *n = NULL;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_namer_new(&n, err);
    if (rc == DBK_OK)
        rc = term_of(&out->category, n, DBK_OFFER_CATEGORY, ask->category, err);
    if (rc == DBK_OK)
        rc = term_of(&out->area, n, DBK_OFFER_AREA, ask->area, err);
    if (rc == DBK_OK)
        rc = term_of(&out->language, n, DBK_OFFER_LANGUAGE, ask->language, err);
    dbk_namer_free(n);
    return rc;
}

static bool judge_area(dbk_directory_hit *out, const dbk_offer *offer, const dbk_offer_term *area)
{
    out->area_unsaid = !dbk_offer_says(offer->terms, DBK_OFFER_AREA);
    return out->area_unsaid || dbk_offer_has(offer->terms, area);
}

static bool judge_language(dbk_directory_hit *out, const dbk_offer *offer,
                           const dbk_offer_term *language)
{
    bool spoken = dbk_offer_has(offer->terms, language);
    out->by_interpreter = !spoken && offer->interpreters;
    return spoken || offer->interpreters;
}

/* A service that says one bound has said for whom it is. */
static bool judge_age(dbk_directory_hit *out, const dbk_offer *offer, int age)
{
    out->age_unsaid = offer->age_min == DBK_OFFER_UNSAID && offer->age_max == DBK_OFFER_UNSAID;
    return (offer->age_min == DBK_OFFER_UNSAID || age >= offer->age_min) &&
           (offer->age_max == DBK_OFFER_UNSAID || age <= offer->age_max);
}

bool dbk_directory_judge(dbk_directory_hit *out, const dbk_offer *offer,
                         const dbk_directory_ask *ask, const dbk_directory_terms *terms)
{
    *out = (dbk_directory_hit){ .status = offer->status,
                                .stale = is_stale(offer, ask->today),
                                .checked_day = offer->checked_day,
                                .due_day = offer->due_day };
    if (offer->status == DBK_OFFER_CLOSED && !ask->with_closed)
        return false;
    if (ask->stale_only && !out->stale)
        return false;
    if (ask->category != NULL && !dbk_offer_has(offer->terms, &terms->category))
        return false;
    if (ask->area != NULL && !judge_area(out, offer, &terms->area))
        return false;
    if (ask->language != NULL && !judge_language(out, offer, &terms->language))
        return false;
    return ask->age == DBK_OFFER_UNSAID || judge_age(out, offer, ask->age);
}

/* ---- finding --------------------------------------------------------------------------------- */

typedef struct finding {
    const dbk_directory_ask *ask;
    dbk_directory_terms terms;
    dbk_directory_hit *rows;
    size_t count, room;
} finding;

static dbk_rc look(void *ctx, const dbk_id *record, const dbk_offer *offer, dbk_err *err)
{
    finding *f = ctx;
    dbk_directory_hit hit;
    if (!dbk_directory_judge(&hit, offer, f->ask, &f->terms))
        return DBK_OK;
    hit.record = *record;
    if (f->count == SERVICES_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u services", SERVICES_MAX);
    dbk_directory_hit *rows = dbk_room_for(f->rows, &f->room, f->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the services found");
    f->rows = rows;
    f->rows[f->count++] = hit;
    return DBK_OK;
}

static int unsaid(const dbk_directory_hit *h)
{
    return (h->area_unsaid ? 1 : 0) + (h->age_unsaid ? 1 : 0) + (h->by_interpreter ? 1 : 0);
}

static int best_first(const void *pa, const void *pb)
{
    const dbk_directory_hit *a = pa, *b = pb;
    if (a->status != b->status)
        return a->status < b->status ? -1 : 1;
    if (a->stale != b->stale)
        return a->stale ? 1 : -1;
    if (unsaid(a) != unsaid(b))
        return unsaid(a) - unsaid(b);
    if (a->checked_day != b->checked_day)
        return a->checked_day > b->checked_day ? -1 : 1;
    return dbk_id_compare(&a->record, &b->record);
}

dbk_rc dbk_directory_find(dbk_directory_hit **out, size_t *count, dbk_book *book,
                          const dbk_directory_ask *ask, dbk_err *err)
{
    finding f = { .ask = ask };
    *out = NULL;
    *count = 0;
    dbk_rc rc = dbk_directory_terms_of(&f.terms, ask, err);
    if (rc == DBK_OK)
        rc = dbk_query_offers(book, ask->with_restricted, look, &f, err);
    if (rc != DBK_OK) {
        dbk_free(f.rows);
        return rc;
    }
    if (f.count > 0)
        qsort(f.rows, f.count, sizeof(f.rows[0]), best_first);
    *out = f.rows;
    *count = f.count;
    return DBK_OK;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

typedef struct tally {
    size_t services, for_age, unsaid, fresh;
} tally;

typedef struct column {
    const dbk_code *code;
    dbk_offer_term term;
} column;

typedef struct counting {
    const dbk_directory_ask *ask;
    column *categories, *areas;
    size_t categories_count, areas_count;
    tally *cells; /* a row for each category: all areas, and then "anywhere" */
} counting;

/* Codes of la_area that are no place where somebody could help. */
static bool is_no_place(const char *area)
{
    return strcmp(area, "out_of_force") == 0 || strcmp(area, "unknown") == 0;
}

static dbk_rc add_columns(column **rows, size_t *count, dbk_namer *n, const dbk_field *field,
                          dbk_offer_kind kind, const char *only, dbk_err *err)
{
    if (field == NULL || field->codes_count == 0)
        return DBK_OK;
    column *more = dbk_realloc(*rows, (*count + field->codes_count) * sizeof(**rows));
    if (more == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the gaps");
    *rows = more;
    for (size_t i = 0; i < field->codes_count; i++) {
        const dbk_code *code = &field->codes[i];
        if (only == NULL ? is_no_place(code->name) : strcmp(only, code->name) != 0)
            continue;
        column *c = &more[(*count)++];
        c->code = code;
        dbk_rc rc = dbk_offer_term_of(&c->term, n, kind, dbk_span_str(code->name), err);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

static dbk_rc make_columns(counting *k, const dbk_form *form, dbk_err *err)
{
    dbk_namer *n = NULL;
    dbk_rc rc = dbk_namer_new(&n, err);
    if (rc == DBK_OK)
        rc = add_columns(&k->categories, &k->categories_count, n,
                         dbk_form_field(form, "categories"), DBK_OFFER_CATEGORY, k->ask->category,
                         err);
    if (rc == DBK_OK)
        rc = add_columns(&k->categories, &k->categories_count, n,
                         dbk_form_field(form, "hidden_crime"), DBK_OFFER_CATEGORY, k->ask->category,
                         err);
    if (rc == DBK_OK)
        rc = add_columns(&k->areas, &k->areas_count, n, dbk_form_field(form, "la_areas"),
                         DBK_OFFER_AREA, k->ask->area, err);
    dbk_namer_free(n);
    if (rc != DBK_OK)
        return rc;
    size_t cells = (k->categories_count + 1) * (k->areas_count + 1);
    k->cells = dbk_alloc_array(cells, sizeof(tally));
    if (k->cells == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the gaps");
    memset(k->cells, 0, cells * sizeof(tally));
    return DBK_OK;
}

static tally *cell_of(const counting *k, size_t category, size_t area)
{
    return &k->cells[category * (k->areas_count + 1) + area];
}

static void add_to(tally *t, bool for_age, bool said, bool stale)
{
    t->services++;
    t->for_age += for_age && said ? 1 : 0;
    t->unsaid += for_age && !said ? 1 : 0;
    t->fresh += for_age && said && !stale ? 1 : 0;
}

static dbk_rc count_offer(void *ctx, const dbk_id *record, const dbk_offer *offer, dbk_err *err)
{
    counting *k = ctx;
    dbk_directory_hit hit = { .record = *record };
    (void)err;
    if (offer->status != DBK_OFFER_ACTIVE)
        return DBK_OK;
    bool for_age = k->ask->age == DBK_OFFER_UNSAID || judge_age(&hit, offer, k->ask->age);
    bool stale = is_stale(offer, k->ask->today);
    for (size_t i = 0; i < k->categories_count; i++) {
        if (!dbk_offer_has(offer->terms, &k->categories[i].term))
            continue;
        add_to(cell_of(k, i, k->areas_count), for_age, !hit.age_unsaid, stale);
        for (size_t a = 0; a < k->areas_count; a++)
            if (dbk_offer_has(offer->terms, &k->areas[a].term))
                add_to(cell_of(k, i, a), for_age, !hit.age_unsaid, stale);
    }
    return DBK_OK;
}

static bool is_gap(dbk_directory_gap_kind *kind, const tally *t)
{
    *kind = t->services == 0 ? DBK_GAP_NONE
            : t->for_age > 0 ? DBK_GAP_STALE
            : t->unsaid == 0 ? DBK_GAP_AGE
                             : DBK_GAP_UNSAID;
    return t->fresh == 0;
}

static void take_gaps(const counting *k, dbk_directory_gap *out, size_t *count)
{
    dbk_directory_gap_kind kind;
    for (size_t i = 0; i < k->categories_count; i++) {
        const dbk_code *category = k->categories[i].code;
        const tally *anywhere = cell_of(k, i, k->areas_count);
        if (anywhere->services == 0) {
            out[(*count)++] = (dbk_directory_gap){ DBK_GAP_NONE, category, NULL, 0 };
            continue;
        }
        for (size_t a = 0; a < k->areas_count; a++) {
            const tally *t = cell_of(k, i, a);
            if (is_gap(&kind, t))
                out[(*count)++] = (dbk_directory_gap){ kind, category, k->areas[a].code,
                                                       t->services };
        }
    }
}

dbk_rc dbk_directory_gaps(dbk_directory_gap **out, size_t *count, dbk_book *book,
                          const dbk_directory_ask *ask, dbk_err *err)
{
    counting k = { .ask = ask };
    const dbk_form *form = dbk_forms_find(dbk_book_forms(book), dbk_span_str(DBK_OFFER_FORM), 0);
    *out = NULL;
    *count = 0;
    dbk_rc rc = make_columns(&k, form, err);
    if (rc == DBK_OK)
        rc = dbk_query_offers(book, false, count_offer, &k, err);
    if (rc == DBK_OK) {
        *out = dbk_alloc_array((k.categories_count + 1) * (k.areas_count + 1), sizeof(**out));
        if (*out == NULL)
            rc = dbk_fail(err, DBK_NOMEM, "no memory for the gaps");
    }
    if (rc == DBK_OK)
        take_gaps(&k, *out, count);
    dbk_free(k.categories);
    dbk_free(k.areas);
    dbk_free(k.cells);
    return rc;
}
