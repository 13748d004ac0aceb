#include "core/practice/journey.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/practice/held.h"

#define ENTRIES_MAX 4096u

static const char *const kind_names[] = {
#define KIND_NAME(name, text) [DBK_JOURNEY_##name] = (text),
    DBK_JOURNEY_TABLE(KIND_NAME)
#undef KIND_NAME
};

const char *dbk_journey_kind_name(dbk_journey_kind kind)
{
    DBK_ASSERT(kind < DBK_JOURNEY_KINDS);
    return kind_names[kind];
}

typedef struct making {
    dbk_book *book;
    const dbk_journey_opts *opts;
    dbk_journey_fn fn;
    void *ctx;
    dbk_id space; /* of the case */
    dbk_held held;
    uint64_t left_out;
    dbk_id *entries; /* the newest first */
    size_t entries_count;
    dbk_journey_kind pass;
} making;

/* A line goes out unless one of its texts speaks of something that is held back. */
static dbk_rc tell(making *m, const dbk_journey_line *line, dbk_err *err)
{
    const dbk_span texts[] = { line->text, line->answer };
    dbk_held_kind kind = line->kind == DBK_JOURNEY_TOLD ? DBK_HELD_TOPIC : DBK_HELD_WORDS;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < 2; i++) {
        dbk_span topic;
        rc = dbk_held_find(&m->held, &topic, texts[i], kind, err);
        if (rc == DBK_OK && topic.len > 0) {
            m->left_out++;
            return DBK_OK;
        }
    }
    return rc == DBK_OK ? m->fn(m->ctx, line, err) : rc;
}

static bool to_come(const making *m, dbk_span at)
{
    int64_t at_ms, now_ms;
    return at.len > 0 && dbk_moment_parse(&at_ms, at, NULL) == DBK_OK &&
           dbk_moment_parse(&now_ms, m->opts->now, NULL) == DBK_OK && at_ms >= now_ms;
}

/* ---- contacts -------------------------------------------------------------------------------- */

/* What lies in a compartment, or is sensitive for disclosure, stays inside. */
static dbk_rc is_closed(const making *m, bool *closed, const dbk_family_entry *e, dbk_err *err)
{
    dbk_span compartments = { NULL, 0 };
    dbk_rc rc = dbk_reading_says(e->reading, closed, "cpia_sensitive", "yes", err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(e->reading, &compartments, "compartments", err);
    dbk_elements some = dbk_elements_of(compartments);
    dbk_span one;
    *closed = *closed || dbk_elements_next(&some, &one) ||
              (dbk_book_is_restricted(m->book, &e->space) && !dbk_id_equal(&e->space, &m->space));
    return rc;
}

static dbk_rc keep_entry(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    making *m = ctx;
    bool closed = false;
    dbk_rc rc = is_closed(m, &closed, e, err);
    if (rc != DBK_OK || closed)
        return rc;
    if (m->entries_count == ENTRIES_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u contacts", ENTRIES_MAX);
    m->entries[m->entries_count++] = e->record;
    return DBK_OK;
}

/* The words of a code, as the form has them. */
static dbk_span label_of(const dbk_form *form, const char *name, dbk_span code)
{
    const dbk_field *field = dbk_form_field(form, name);
    for (size_t i = 0; field != NULL && i < field->codes_count; i++) {
        if (dbk_span_equal(code, dbk_span_str(field->codes[i].name)))
            return dbk_span_str(field->codes[i].label);
    }
    return code;
}

static dbk_rc tell_contact(making *m, dbk_journey_line *line, dbk_reading *r, dbk_err *err)
{
    char at[64] = "";
    dbk_span text;
    dbk_rc rc = dbk_reading_text(r, &text, "started_at", err);
    if (rc == DBK_OK && text.len < sizeof(at))
        memcpy(at, text.p, text.len);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &line->code, "method", err);
    line->at = dbk_span_str(at);
    if (rc == DBK_OK)
        line->text = label_of(r->note->form, "method", line->code);
    return rc == DBK_OK ? tell(m, line, err) : rc;
}

static dbk_rc tell_topics(making *m, dbk_journey_line *line, dbk_reading *r, dbk_err *err)
{
    dbk_span told, one;
    dbk_rc rc = dbk_reading_value(r, &told, "told", err);
    dbk_elements e = dbk_elements_of(told);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        line->text = dbk_cbor_text_of(dbk_view_member(one, "topic"));
        rc = line->text.len > 0 ? tell(m, line, err) : DBK_OK;
    }
    return rc;
}

typedef struct asking {
    making *m;
    dbk_journey_line *line;
    dbk_family_kind kind;
} asking;

static dbk_rc tell_asked(void *ctx, const dbk_family_item *item, dbk_err *err)
{
    asking *a = ctx;
    if (item->kind != a->kind)
        return DBK_OK;
    a->line->code = item->agreed;
    a->line->text = item->text;
    a->line->answer = item->answer.len > 0 ? item->answer : item->reason;
    return tell(a->m, a->line, err);
}

static dbk_rc tell_entry(making *m, const dbk_id *record, dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = dbk_reading_open(&r, m->book, record, err);
    if (rc == DBK_OK) {
        const dbk_family_entry e = { .record = *record, .note = r.note, .reading = &r };
        dbk_journey_line line = { .kind = m->pass, .record = *record, .space = r.note->space };
        asking a = { m, &line,
                     m->pass == DBK_JOURNEY_REQUEST ? DBK_FAMILY_REQUEST : DBK_FAMILY_VOICE };
        rc = m->pass == DBK_JOURNEY_CONTACT ? tell_contact(m, &line, &r, err)
             : m->pass == DBK_JOURNEY_TOLD  ? tell_topics(m, &line, &r, err)
                                            : dbk_family_items(&e, tell_asked, &a, err);
    }
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc tell_entries(making *m, dbk_err *err)
{
    static const dbk_journey_kind passes[] = { DBK_JOURNEY_CONTACT, DBK_JOURNEY_TOLD,
                                               DBK_JOURNEY_REQUEST, DBK_JOURNEY_QUESTION };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(passes) / sizeof(passes[0]); i++) {
        m->pass = passes[i];
        for (size_t k = m->entries_count; rc == DBK_OK && k > 0; k--)
            rc = tell_entry(m, &m->entries[k - 1], err);
    }
    return rc;
}

/* ---- what is to come, and whom to ring ------------------------------------------------------- */

/* Fields of the case whose entries carry dates. */
static const struct {
    const char *field, *code, *at, *text, *answer;
} dated[] = {
    { "inquest", "inquest", "at", "stage", "place" },
    { "court", "court", "on", "stage", "court" },
    { "trial_dates", "trial", "at", "purpose", "court" },
};

static dbk_rc tell_dates(making *m, dbk_reading *of_case, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(dated) / sizeof(dated[0]); i++) {
        dbk_span list, one;
        rc = dbk_reading_value(of_case, &list, dated[i].field, err);
        dbk_elements e = dbk_elements_of(list);
        while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
            const dbk_journey_line line = {
                .kind = DBK_JOURNEY_DATE,
                .record = m->opts->case_id,
                .space = m->space,
                .at = dbk_cbor_text_of(dbk_view_member(one, dated[i].at)),
                .code = dbk_span_str(dated[i].code),
                .text = dbk_cbor_text_of(dbk_view_member(one, dated[i].text)),
                .answer = dbk_cbor_text_of(dbk_view_member(one, dated[i].answer))
            };
            rc = to_come(m, line.at) ? tell(m, &line, err) : DBK_OK;
        }
    }
    return rc;
}

/* What was agreed at the newest contact. */
static dbk_rc tell_next_contact(making *m, dbk_err *err)
{
    dbk_reading r;
    dbk_journey_line line = { .kind = DBK_JOURNEY_DATE, .code = dbk_span_str("contact") };
    if (m->entries_count == 0)
        return DBK_OK;
    line.record = m->entries[0];
    dbk_rc rc = dbk_reading_open(&r, m->book, &line.record, err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(&r, &line.at, "next_contact.when", err);
    if (rc == DBK_OK && to_come(m, line.at)) {
        line.space = r.note->space;
        rc = tell(m, &line, err);
    }
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc tell_officer(making *m, dbk_reading *of_case, const char *role, dbk_err *err)
{
    dbk_journey_line line = { .kind = DBK_JOURNEY_PERSON, .code = dbk_span_str(role) };
    dbk_bytes name = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_reading r;
    dbk_rc rc = dbk_reading_ref(of_case, &line.record, role, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_reading_find(&r, m->book, &line.record, err);
    if (rc == DBK_OK && r.note != NULL) {
        line.space = r.note->space;
        rc = dbk_reading_text(&r, &line.text, "name", err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&name, line.text, err);
        if (rc == DBK_OK)
            rc = dbk_reading_text(&r, &line.answer, "phone", err);
        line.text = dbk_bytes_span(&name);
        if (rc == DBK_OK && line.text.len > 0)
            rc = tell(m, &line, err);
    }
    dbk_reading_wipe(&r);
    dbk_bytes_wipe(&name);
    return rc;
}

static dbk_rc tell_coroner(making *m, dbk_reading *of_case, dbk_err *err)
{
    dbk_journey_line line = { .kind = DBK_JOURNEY_PERSON,
                              .record = m->opts->case_id,
                              .space = m->space,
                              .code = dbk_span_str("coroner") };
    dbk_span list, one;
    dbk_rc rc = dbk_reading_value(of_case, &list, "coroner", err);
    dbk_elements e = dbk_elements_of(list);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) { /* the latest */
        line.text = dbk_cbor_text_of(dbk_view_member(one, "officer"));
        line.answer = dbk_cbor_text_of(dbk_view_member(one, "phone"));
    }
    return rc == DBK_OK && line.text.len > 0 ? tell(m, &line, err) : rc;
}

static dbk_rc tell_all(making *m, dbk_reading *of_case, dbk_err *err)
{
    const dbk_family_opts family = { .case_id = &m->opts->case_id, .group = m->opts->group };
    m->space = of_case->note->space;
    dbk_rc rc = dbk_held_read(&m->held, of_case->note, err);
    if (rc == DBK_OK)
        rc = dbk_family_entries(m->book, &family, keep_entry, m, err);
    if (rc == DBK_OK)
        rc = tell_entries(m, err);
    if (rc == DBK_OK)
        rc = tell_dates(m, of_case, err);
    if (rc == DBK_OK)
        rc = tell_next_contact(m, err);
    if (rc == DBK_OK)
        rc = tell_officer(m, of_case, "flo_primary", err);
    if (rc == DBK_OK)
        rc = tell_officer(m, of_case, "flo_deputy", err);
    return rc == DBK_OK ? tell_coroner(m, of_case, err) : rc;
}

dbk_rc dbk_journey(dbk_book *book, uint64_t *held, const dbk_journey_opts *opts, dbk_journey_fn fn,
                   void *ctx, dbk_err *err)
{
    making m = { .book = book, .opts = opts, .fn = fn, .ctx = ctx };
    dbk_reading of_case;
    dbk_held_init(&m.held);
    m.entries = dbk_alloc_array(ENTRIES_MAX, sizeof(*m.entries));
    dbk_rc rc = dbk_reading_open(&of_case, book, &opts->case_id, err);
    if (rc == DBK_OK && m.entries == NULL)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the family's contacts");
    if (rc == DBK_OK)
        rc = tell_all(&m, &of_case, err);
    *held = m.left_out;
    dbk_reading_wipe(&of_case);
    dbk_held_wipe(&m.held);
    dbk_free(m.entries);
    return rc;
}
