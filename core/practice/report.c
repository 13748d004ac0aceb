#include "core/practice/report.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/practice/tally.h"

#define NAME(name, text) text,
static const char *const measures[] = { DBK_REPORT_MEASURE_TABLE(NAME) };
static const char *const parts[] = { DBK_REPORT_PART_TABLE(NAME) };
#undef NAME

/* The ladder's rungs up to advice. A rung that this version doesn't know is beyond them. */
static const char *const advice[] = { "advice_only", "leaflet", "health_passport", "declined" };

/* Of the flight sheets, before their counters. */
enum { FLIGHTS, WITHOUT_PAX, PAX, COUNTERS };

const char *dbk_report_measure_name(dbk_report_measure measure)
{
    return measures[measure];
}

const char *dbk_report_part_name(dbk_report_part part)
{
    return parts[part];
}

/* ---- rows ------------------------------------------------------------------------------------ */

static size_t count_rows(const dbk_form *form)
{
    size_t count = 0;
    for (size_t part = 0; part < DBK_REPORT_PARTS; part++) {
        const dbk_field *field = dbk_form_field(form, parts[part]);
        count += 1 + (field == NULL ? 0 : field->codes_count);
    }
    return count;
}

static void fill_rows(dbk_report *r, const dbk_form *form)
{
    for (unsigned part = 0; part < DBK_REPORT_PARTS; part++) {
        const dbk_field *field = dbk_form_field(form, parts[part]);
        for (size_t i = 0; field != NULL && i < field->codes_count; i++)
            r->rows[r->rows_count++] = (dbk_report_row){ .part = part,
                                                         .code = field->codes[i].name,
                                                         .label = field->codes[i].label };
        r->rows[r->rows_count++] = (dbk_report_row){ .part = part, .label = "Unclassified" };
    }
}

static void fill_figures(dbk_report *r, const dbk_form *form)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(form, &fields);
    r->figures[FLIGHTS] = (dbk_report_figure){ .name = "flights", .label = "Flights" };
    r->figures[WITHOUT_PAX] = (dbk_report_figure){
        .name = "flights_without_pax", .label = "Flights without a number of passengers"
    };
    r->figures[PAX] = (dbk_report_figure){ .name = "pax", .label = "Passengers" };
    r->figures_count = COUNTERS;
    for (size_t i = 0; i < count; i++)
        if (dbk_tally_counts(form, &fields[i]))
            r->figures[r->figures_count++] = (dbk_report_figure){ .name = fields[i].name,
                                                                  .label = fields[i].label };
}

dbk_rc dbk_report_init(dbk_report *r, const dbk_forms *forms, dbk_err *err)
{
    const dbk_field *fields;
    const dbk_form *intervention = dbk_forms_find(forms, dbk_span_str("intervention"), 0);
    const dbk_form *flight = dbk_forms_find(forms, dbk_span_str("flight"), 0);
    *r = (dbk_report){ .rows = NULL };
    if (intervention == NULL || flight == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "the forms of interventions and flights aren't here");
    r->rows = dbk_alloc_array(count_rows(intervention), sizeof(r->rows[0]));
    r->figures = dbk_alloc_array(COUNTERS + dbk_form_fields(flight, &fields),
                                 sizeof(r->figures[0]));
    if (r->rows == NULL || r->figures == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the report");
    fill_rows(r, intervention);
    fill_figures(r, flight);
    return DBK_OK;
}

void dbk_report_wipe(dbk_report *r)
{
    dbk_free(r->rows);
    dbk_free(r->figures);
    *r = (dbk_report){ .rows = NULL };
}

/* ---- an intervention ------------------------------------------------------------------------- */

/* The row of a code, or that of what fits no other. */
static size_t row_of(const dbk_report *r, unsigned part, dbk_span code)
{
    size_t i = 0;
    while (r->rows[i].part != part ||
           (r->rows[i].code != NULL && !dbk_span_equal(code, dbk_span_str(r->rows[i].code))))
        i++;
    return i;
}

static bool is_advice(dbk_span code)
{
    bool found = false;
    for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
        found = found || dbk_span_equal(code, dbk_span_str(advice[i]));
    return found;
}

/* Where it stands on the ladder; *past: beyond advice. */
static dbk_rc climb(dbk_report *r, dbk_reading *reading, size_t *row, bool *past, dbk_err *err)
{
    dbk_span value, one;
    dbk_rc rc = dbk_reading_value(reading, &value, parts[DBK_REPORT_BY_OUTCOME], err);
    dbk_elements e = dbk_elements_of(value);
    bool found = false;
    *past = false;
    *row = row_of(r, DBK_REPORT_BY_OUTCOME, dbk_span_of(NULL, 0));
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_span code = dbk_cbor_text_of(one);
        if (code.len == 0) /* not known */
            continue;
        size_t at = row_of(r, DBK_REPORT_BY_OUTCOME, code);
        r->rows[at].named.n++;
        *past = *past || !is_advice(code);
        if (!found || at > *row)
            *row = at;
        found = true;
    }
    return rc;
}

static dbk_rc read_measures(dbk_reading *reading, bool counts[DBK_REPORT_MEASURES], dbk_err *err)
{
    dbk_span power;
    bool response = false;
    counts[DBK_REPORT_SPOKEN] = true;
    dbk_rc rc = dbk_reading_says(reading, &counts[DBK_REPORT_SEARCHED], "baggage.searched", "yes",
                                 err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(reading, &power, "baggage.power", err);
    counts[DBK_REPORT_POWER] = rc == DBK_OK && power.len > 0;
    if (rc == DBK_OK)
        rc = dbk_reading_says(reading, &counts[DBK_REPORT_DECLINED], "outcome", "declined", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(reading, &response, "response", "declined", err);
    counts[DBK_REPORT_DECLINED] = counts[DBK_REPORT_DECLINED] || response;
    return rc;
}

static void count_row(dbk_report_row *row, const bool counts[DBK_REPORT_MEASURES])
{
    for (size_t m = 0; m < DBK_REPORT_MEASURES; m++)
        row->cells[m].n += counts[m];
}

static dbk_rc take_intervention(dbk_report *r, dbk_reading *reading, dbk_err *err)
{
    bool counts[DBK_REPORT_MEASURES] = { false };
    size_t row;
    dbk_rc rc = read_measures(reading, counts, err);
    if (rc == DBK_OK)
        rc = climb(r, reading, &row, &counts[DBK_REPORT_PAST_ADVICE], err);
    if (rc != DBK_OK)
        return rc;
    count_row(&r->rows[row], counts);
    for (unsigned part = DBK_REPORT_BY_OUTCOME + 1; rc == DBK_OK && part < DBK_REPORT_PARTS;
         part++) {
        dbk_span code;
        rc = dbk_reading_text(reading, &code, parts[part], err);
        if (rc == DBK_OK)
            count_row(&r->rows[row_of(r, part, code)], counts);
    }
    for (size_t m = 0; m < DBK_REPORT_MEASURES; m++)
        r->total[m].n += counts[m];
    return rc;
}

/* ---- a flight sheet -------------------------------------------------------------------------- */

static dbk_rc take_flight(dbk_report *r, dbk_reading *reading, dbk_err *err)
{
    dbk_span pax;
    dbk_rc rc = dbk_reading_value(reading, &pax, "pax", err);
    dbk_cbor c = dbk_cbor_from(pax);
    r->figures[FLIGHTS].cell.n++;
    if (rc == DBK_OK && dbk_cbor_peek(&c) == DBK_CBOR_UINT)
        r->figures[PAX].cell.n += dbk_cbor_get_uint(&c);
    else
        r->figures[WITHOUT_PAX].cell.n++;
    for (size_t i = COUNTERS; rc == DBK_OK && i < r->figures_count; i++) {
        uint64_t n = 0;
        rc = dbk_tally_read(reading, &n, r->figures[i].name, err);
        r->figures[i].cell.n += n;
    }
    return rc;
}

dbk_rc dbk_report_take(dbk_report *r, const dbk_note *note, dbk_err *err)
{
    dbk_reading reading;
    dbk_dispute life;
    dbk_rc rc = DBK_OK;
    if (note->form == NULL)
        return DBK_OK;
    dbk_reading_init(&reading, note);
    if (strcmp(dbk_form_name(note->form), "intervention") == 0) {
        rc = take_intervention(r, &reading, err);
        r->drafts += dbk_view_life(note->state, &note->view, &life) == DBK_LIFE_LIVE;
    } else if (strcmp(dbk_form_name(note->form), "flight") == 0) {
        rc = take_flight(r, &reading, err);
    }
    dbk_reading_wipe(&reading);
    return rc;
}

/* ---- small numbers --------------------------------------------------------------------------- */

/* A part's rows stand together. */
static dbk_cells cells_of(const dbk_report *r, unsigned part, size_t measure)
{
    size_t first = 0, count = 0;
    while (r->rows[first].part != part)
        first++;
    while (first + count < r->rows_count && r->rows[first + count].part == part)
        count++;
    return (dbk_cells){ &r->rows[first].cells[measure], count, sizeof(r->rows[0]) };
}

/* Where the total, or a part, would give a small number away, nothing of the measure is told but
 * where it is none. */
static void hide_measure(dbk_report *r, size_t measure)
{
    bool safe = !dbk_cell_is_small(&r->total[measure]);
    for (unsigned part = 0; part < DBK_REPORT_PARTS; part++) {
        const dbk_cells cells = cells_of(r, part, measure);
        safe = dbk_cells_hide(&cells) && safe;
    }
    r->total[measure].hidden = !safe;
    for (unsigned part = 0; !safe && part < DBK_REPORT_PARTS; part++) {
        const dbk_cells cells = cells_of(r, part, measure);
        dbk_cells_hide_all(&cells);
    }
}

void dbk_report_hide_small(dbk_report *r)
{
    for (size_t m = 0; m < DBK_REPORT_MEASURES; m++)
        hide_measure(r, m);
    /* The furthest rung is named as often as it was reached. */
    for (size_t i = 0; i < r->rows_count; i++)
        r->rows[i].named.hidden = dbk_cell_is_small(&r->rows[i].named) ||
                                  r->rows[i].cells[DBK_REPORT_SPOKEN].hidden;
    for (size_t i = PAX; i < r->figures_count; i++)
        r->figures[i].cell.hidden = dbk_cell_is_small(&r->figures[i].cell);
}

/* ---- the self-check -------------------------------------------------------------------------- */

dbk_rc dbk_report_check(const dbk_report *r, dbk_err *err)
{
    for (unsigned part = 0; part < DBK_REPORT_PARTS; part++) {
        for (size_t m = 0; m < DBK_REPORT_MEASURES; m++) {
            const dbk_cells cells = cells_of(r, part, m);
            uint64_t sum = dbk_cells_sum(&cells);
            if (sum != r->total[m].n)
                return dbk_fail(err, DBK_DAMAGED, "%s by %s: the rows make %llu, the total is %llu",
                                measures[m], parts[part], (unsigned long long)sum,
                                (unsigned long long)r->total[m].n);
        }
    }
    return DBK_OK;
}
