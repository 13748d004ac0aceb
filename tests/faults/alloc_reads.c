/* What is read, listed, searched, counted and verified. */
#include "tests/lib/test.h"

#include "core/base/alloc.h"
#include "tests/faults/alloc.h"

static dbk_rc skip_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)ctx, (void)row, (void)err;
    return DBK_OK;
}

static dbk_rc list(alloc_world *w, dbk_err *err)
{
    const dbk_list_opts opts = { .space = &w->space, .since_ms = INT64_MIN };
    return dbk_query_list(w->asha.book, &opts, skip_row, NULL, err);
}

static dbk_rc list_where(alloc_world *w, dbk_err *err)
{
    const dbk_where where = { "safe_voicemail", "no" };
    const dbk_list_opts opts = {
        .form = "person", .where = &where, .where_count = 1, .since_ms = INT64_MIN
    };
    return dbk_query_list(w->asha.book, &opts, skip_row, NULL, err);
}

static dbk_rc search_words(alloc_world *w, dbk_err *err)
{
    return dbk_query_search(w->asha.book, "joan exam", 10, skip_row, NULL, err);
}

static dbk_rc conflicts(alloc_world *w, dbk_err *err)
{
    return dbk_query_conflicts(w->hq.book, skip_row, NULL, err);
}

static dbk_rc show_note(alloc_world *w, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_bytes scratch = DBK_BYTES_INIT(65536);
    const dbk_field *fields = NULL;
    dbk_rc rc = dbk_query_note(&note, w->asha.book, &w->person, err);
    size_t count = rc == DBK_OK ? dbk_form_fields(note->form, &fields) : 0;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_span value;
        dbk_bytes_truncate(&scratch, 0);
        rc = dbk_view_field(&value, &scratch, note->state, &fields[i], &note->view, err);
    }
    dbk_bytes_wipe(&scratch);
    dbk_note_free(note);
    return rc;
}

static dbk_rc skip_event(void *ctx, const dbk_event *event, dbk_err *err)
{
    (void)ctx, (void)event, (void)err;
    return DBK_OK;
}

static dbk_rc history(alloc_world *w, dbk_err *err)
{
    return dbk_query_history(w->asha.book, &w->disputed, skip_event, NULL, err);
}

static dbk_rc skip_space(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)ctx, (void)s, (void)err;
    return DBK_OK;
}

static dbk_rc status(alloc_world *w, dbk_err *err)
{
    return dbk_query_status(w->asha.book, skip_space, NULL, err);
}

static dbk_rc skip_heard(void *ctx, const dbk_heard *heard, dbk_err *err)
{
    (void)ctx, (void)heard, (void)err;
    return DBK_OK;
}

static dbk_rc devices(alloc_world *w, dbk_err *err)
{
    return dbk_query_devices(w->hq.book, skip_heard, NULL, err);
}

static dbk_rc skip_verified(void *ctx, const dbk_verified *v, dbk_err *err)
{
    (void)ctx, (void)v, (void)err;
    return DBK_OK;
}

static dbk_rc tell_fault(void *ctx, const char *sentence, dbk_err *err)
{
    (void)ctx;
    return dbk_fail(err, DBK_DAMAGED, "verify finds what isn't so: %s", sentence);
}

static dbk_rc verify(alloc_world *w, dbk_err *err)
{
    const dbk_verify_sink sink = { .space = skip_verified, .fault = tell_fault };
    return dbk_verify_book(w->asha.book, &sink, err);
}

static dbk_rc skip_audit(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    (void)ctx, (void)row, (void)err;
    return DBK_OK;
}

static dbk_rc audit(alloc_world *w, dbk_err *err)
{
    const dbk_audit_opts opts = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    return dbk_audit_each(w->hq.book, &opts, skip_audit, NULL, err);
}

static dbk_rc alike(alloc_world *w, dbk_err *err)
{
    static dbk_match found[DBK_MATCH_FOUND_MAX];
    size_t count = 0;
    return dbk_match_find(w->asha.book, found, &count, &w->person, err);
}

static dbk_rc services(alloc_world *w, dbk_err *err)
{
    dbk_directory_hit *hits = NULL;
    size_t count = 0;
    const dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID, .today = 20700 };
    dbk_rc rc = dbk_directory_find(&hits, &count, w->asha.book, &ask, err);
    dbk_free(hits);
    return rc;
}

static dbk_rc today(alloc_world *w, dbk_err *err)
{
    dbk_today_list due;
    const dbk_today_opts opts = { .now_ms = (int64_t)w->asha.env.now_ms,
                                  .today_ms = (int64_t)w->asha.env.now_ms,
                                  .days = 14,
                                  .limit = 1 };
    dbk_rc rc = dbk_today(&due, w->asha.book, &opts, err);
    dbk_today_wipe(&due);
    return rc;
}

static dbk_rc retention(alloc_world *w, dbk_err *err)
{
    dbk_retention *rows = NULL;
    size_t count = 0;
    const dbk_retention_opts opts = { .now_ms = (int64_t)w->hq.env.now_ms };
    dbk_rc rc = dbk_retention_all(&rows, &count, w->hq.book, &opts, err);
    dbk_free(rows);
    return rc;
}

static dbk_rc families(alloc_world *w, dbk_err *err)
{
    dbk_liaison_family *rows = NULL;
    size_t count = 0;
    const dbk_liaison_opts opts = { .now_ms = (int64_t)w->hq.env.now_ms, .welfare_days = 28 };
    dbk_rc rc = dbk_liaison_families(&rows, &count, w->hq.book, &opts, err);
    dbk_free(rows);
    return rc;
}

static dbk_rc report(alloc_world *w, dbk_err *err)
{
    dbk_report r;
    dbk_note *note = NULL;
    dbk_rc rc = dbk_report_init(&r, dbk_book_forms(w->hq.book), err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, w->hq.book, &w->person, err);
    if (rc == DBK_OK)
        rc = dbk_report_take(&r, note, err);
    dbk_note_free(note);
    dbk_report_wipe(&r);
    return rc;
}

static dbk_rc past(alloc_world *w, dbk_err *err)
{
    dbk_past *p = NULL;
    dbk_rc rc = dbk_past_load(&p, w->hq.book, &w->disputed, dbk_span_str("name"), err);
    dbk_past_free(p);
    return rc;
}

static dbk_rc skip_org(void *ctx, const dbk_orglog_row *row, dbk_err *err)
{
    (void)ctx, (void)row, (void)err;
    return DBK_OK;
}

static dbk_rc orglog(alloc_world *w, dbk_err *err)
{
    return dbk_orglog_each(w->hq.book, 0, skip_org, NULL, err);
}

static dbk_rc skip_aside(void *ctx, const dbk_aside *row, dbk_err *err)
{
    (void)ctx, (void)row, (void)err;
    return DBK_OK;
}

static dbk_rc quarantine(alloc_world *w, dbk_err *err)
{
    return dbk_quarantine_each(w->hq.book, skip_aside, NULL, err);
}

static const alloc_scenario reads[] = {
    { "list a space", NULL, list, ALLOC_CHANGES },
    { "list by an answer", NULL, list_where, ALLOC_CHANGES },
    { "search for words", NULL, search_words, ALLOC_CHANGES },
    { "show a record", NULL, show_note, 0 },
    { "a record's history", NULL, history, 0 },
    { "what the desk has to decide", NULL, conflicts, 0 },
    { "status", NULL, status, 0 },
    { "when devices were last heard", NULL, devices, 0 },
    { "verify a store", NULL, verify, 0 },
    { "the log of use", NULL, audit, 0 },
    { "persons who may be the same", NULL, alike, ALLOC_CHANGES },
    { "look a service up", NULL, services, ALLOC_CHANGES },
    { "what is due today", NULL, today, ALLOC_CHANGES },
    { "what is to be reviewed", NULL, retention, ALLOC_CHANGES },
    { "how families are looked after", NULL, families, ALLOC_CHANGES },
    { "a report", NULL, report, 0 },
    { "what stood before a dispute", NULL, past, 0 },
    { "the log of membership", NULL, orglog, 0 },
    { "what stands aside", NULL, quarantine, 0 },
};
const alloc_table alloc_reads = { reads, ARRAY_LEN(reads) };
