#include "core/practice/dmm.h"

typedef struct meeting {
    dbk_book *book;
    const dbk_dmm_opts *opts;
    dbk_dmm_fn fn;
    void *ctx;
} meeting;

/* ---- the area -------------------------------------------------------------------------------- */

/* Its own, or that of its case; "unknown" is no area. */
static dbk_rc read_area(dbk_reading *r, dbk_reading *of_case, dbk_bytes *area, dbk_err *err)
{
    dbk_span own;
    dbk_rc rc = dbk_reading_text(r, &own, "la_area", err);
    if (rc == DBK_OK && own.len == 0 && of_case->note != NULL)
        rc = dbk_reading_text(of_case, &own, "la_area", err);
    return rc == DBK_OK ? dbk_bytes_append(area, own, err) : rc;
}

static dbk_rc tell(const meeting *m, dbk_reading *r, dbk_dmm_item *item, dbk_err *err)
{
    dbk_bytes area = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_reading of_case = { .note = NULL };
    dbk_rc rc = dbk_reading_ref(r, &item->case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_find(&of_case, m->book, &item->case_id, err);
    if (rc == DBK_OK)
        rc = read_area(r, &of_case, &area, err);
    dbk_span said = dbk_bytes_span(&area);
    item->of_case = of_case.note;
    item->area_unsaid = said.len == 0 || dbk_span_equal(said, dbk_span_str("unknown"));
    bool asked = m->opts->la_area == NULL || item->area_unsaid ||
                 dbk_span_equal(said, dbk_span_str(m->opts->la_area));
    if (rc == DBK_OK && asked)
        rc = m->fn(m->ctx, item, err);
    dbk_reading_wipe(&of_case);
    dbk_bytes_wipe(&area);
    return rc;
}

/* ---- high risk ------------------------------------------------------------------------------- */

static dbk_rc look_risk(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const meeting *m = ctx;
    dbk_dmm_item item = { .kind = DBK_DMM_RISK,
                          .record = row->record,
                          .space = row->space,
                          .at_ms = (int64_t)row->updated_ms,
                          .is_new = (int64_t)row->begun_ms >= m->opts->since_ms,
                          .summary = row->summary };
    return tell(m, r, &item, err);
}

static dbk_rc look_risks(meeting *m, dbk_err *err)
{
    static const struct {
        const char *form, *band;
    } rows[] = { { "risk_assessment", "judgement_band" }, { "referral", "risk_band" } };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(rows) / sizeof(rows[0]); i++) {
        const dbk_where high = { rows[i].band, "high" };
        const dbk_list_opts list = { .form = rows[i].form,
                                     .since_ms = INT64_MIN,
                                     .changed_ms = m->opts->since_ms,
                                     .where = &high,
                                     .where_count = 1 };
        rc = dbk_reading_list(m->book, &list, look_risk, m, err);
    }
    return rc;
}

/* ---- actions --------------------------------------------------------------------------------- */

static dbk_rc is_over(dbk_reading *r, bool *over, dbk_err *err)
{
    dbk_rc rc = dbk_reading_says(r, over, "state", "done", err);
    return rc == DBK_OK && !*over ? dbk_reading_says(r, over, "state", "declined", err) : rc;
}

static dbk_rc look_action(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const meeting *m = ctx;
    dbk_dmm_item item = {
        .kind = DBK_DMM_ACTION, .record = row->record, .space = row->space, .summary = row->summary
    };
    bool over = false, there = false;
    dbk_rc rc = is_over(r, &over, err);
    if (rc == DBK_OK)
        rc = dbk_reading_time(r, &there, &item.at_ms, "due", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &item.urgent, "priority", "urgent", err);
    if (rc != DBK_OK || over || !there || item.at_ms >= m->opts->today_ms)
        return rc;
    return tell(m, r, &item, err);
}

dbk_rc dbk_dmm(dbk_book *book, const dbk_dmm_opts *opts, dbk_dmm_fn fn, void *ctx, dbk_err *err)
{
    meeting m = { book, opts, fn, ctx };
    const dbk_cued overdue = {
        .kind = DBK_CUE_DUE, .from_ms = INT64_MIN, .until_ms = opts->today_ms - 1, .form = "action"
    };
    dbk_rc rc = look_risks(&m, err);
    return rc == DBK_OK ? dbk_reading_cued(book, &overdue, look_action, &m, err) : rc;
}
