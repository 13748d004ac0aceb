#include "core/practice/family.h"

#include <string.h>

#include "core/model/record.h"
#include "core/practice/late.h"

#define FORM "contact"

static const char *const kind_names[] = {
#define KIND_NAME(name, text) [DBK_FAMILY_##name] = (text),
    DBK_FAMILY_ITEM_TABLE(KIND_NAME)
#undef KIND_NAME
};

const char *dbk_family_kind_name(dbk_family_kind kind)
{
    DBK_ASSERT(kind < DBK_FAMILY_KINDS);
    return kind_names[kind];
}

/* ---- entries --------------------------------------------------------------------------------- */

typedef struct walk {
    const dbk_family_opts *opts;
    dbk_family_entry_fn fn;
    void *ctx;
} walk;

/* A dbk_current_fn for the check of what is missing. */
typedef struct showing {
    dbk_reading *reading;
    dbk_rc rc;
    dbk_err *err;
} showing;

static dbk_span shown(void *ctx, const char *field)
{
    showing *s = ctx;
    dbk_span value = { NULL, 0 };
    if (s->rc == DBK_OK)
        s->rc = dbk_reading_value(s->reading, &value, field, s->err);
    return s->rc == DBK_OK ? value : dbk_span_of(NULL, 0);
}

static dbk_rc is_incomplete(bool *yes, dbk_reading *r, dbk_err *err)
{
    showing s = { r, DBK_OK, err };
    *yes = dbk_record_lacks(r->note->form, shown, &s);
    return s.rc;
}

static bool gave_literature(dbk_span given)
{
    dbk_elements e = dbk_elements_of(given);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        dbk_cbor c = dbk_cbor_from(dbk_view_member(one, "literature"));
        if (dbk_cbor_peek(&c) == DBK_CBOR_SIMPLE && dbk_cbor_get_simple(&c) == DBK_CBOR_TRUE)
            return true;
    }
    return false;
}

static dbk_rc read_flags(dbk_family_entry *e, dbk_reading *r, dbk_err *err)
{
    dbk_span value;
    uint64_t hours = 0;
    dbk_rc rc = dbk_reading_says(r, &e->attempt, "method", "attempted", err);
    if (rc == DBK_OK)
        rc = dbk_late_hours(&hours, r->note, err);
    e->late = hours > 0;
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &value, "supervised", err);
    e->supervised = rc == DBK_OK && value.len > 0;
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &value, "given", err);
    e->literature = rc == DBK_OK && gave_literature(value);
    if (rc == DBK_OK && !e->supervised)
        rc = is_incomplete(&e->incomplete, r, err);
    return rc;
}

static dbk_rc tell_entry(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const walk *w = ctx;
    dbk_family_entry e = {
        .record = row->record, .space = row->space, .when_ms = row->when_ms, .note = r->note
    };
    e.place = (dbk_cue_place){ row->cue_row, row->cue_ms };
    dbk_rc rc = r->note->form == NULL ? DBK_OK : dbk_reading_ref(r, &e.case_id, "case_id", err);
    if (rc != DBK_OK || r->note->form == NULL ||
        (w->opts->case_id != NULL && !dbk_id_equal(&e.case_id, w->opts->case_id)))
        return rc;
    rc = read_flags(&e, r, err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &e.group, "family_group", err);
    if (rc != DBK_OK ||
        (w->opts->group != NULL && !dbk_span_equal(e.group, dbk_span_str(w->opts->group))))
        return rc;
    e.reading = r;
    return w->fn(w->ctx, &e, err);
}

dbk_rc dbk_family_entries(dbk_book *book, const dbk_family_opts *opts, dbk_family_entry_fn fn,
                          void *ctx, dbk_err *err)
{
    walk w = { opts, fn, ctx };
    const dbk_cued of_case = { .kind = opts->telling ? DBK_CUE_TELLING : DBK_CUE_CONTACT,
                               .about = opts->case_id,
                               .from_ms = INT64_MIN,
                               .until_ms = INT64_MAX };
    DBK_ASSERT(!opts->telling || opts->case_id != NULL);
    return opts->case_id != NULL ? dbk_reading_cued(book, &of_case, tell_entry, &w, err)
                                 : dbk_reading_each(book, FORM, tell_entry, &w, err);
}

/* ---- what they brought up -------------------------------------------------------------------- */

/* Keeps the latest answer to the item; answers come by time. */
static void take_answers(dbk_family_item *item, dbk_span answers)
{
    dbk_elements e = dbk_elements_of(answers);
    dbk_span one;
    while (dbk_elements_next(&e, &one)) {
        dbk_cbor c = dbk_cbor_from(dbk_view_member(one, "number"));
        uint64_t number = dbk_cbor_peek(&c) == DBK_CBOR_UINT ? dbk_cbor_get_uint(&c) : 1;
        if (!dbk_element_is(dbk_view_member(one, "of"), kind_names[item->kind]) ||
            number != item->number)
            continue;
        item->open = !dbk_element_is(dbk_view_member(one, "state"), "closed");
        item->answer = dbk_cbor_text_of(dbk_view_member(one, "outcome"));
        item->on = dbk_cbor_text_of(dbk_view_member(one, "on"));
    }
}

typedef struct telling {
    const dbk_family_entry *entry;
    dbk_span answers;
    dbk_family_item_fn fn;
    void *ctx;
} telling;

static dbk_rc tell_item(telling *t, dbk_family_item *item, dbk_err *err)
{
    item->record = t->entry->record;
    item->when_ms = t->entry->when_ms;
    take_answers(item, t->answers);
    return t->fn(t->ctx, item, err);
}

static dbk_rc tell_list(telling *t, dbk_family_kind kind, dbk_span list, dbk_err *err)
{
    dbk_elements e = dbk_elements_of(list);
    dbk_span one;
    dbk_rc rc = DBK_OK;
    for (unsigned number = 1; rc == DBK_OK && dbk_elements_next(&e, &one); number++) {
        dbk_family_item item = { .kind = kind, .number = number };
        dbk_cbor c = dbk_cbor_from(one);
        if (dbk_cbor_peek(&c) != DBK_CBOR_MAP) /* nobody knows what they asked */
            continue;
        item.text = dbk_cbor_text_of(dbk_view_member(one, "text"));
        item.agreed = dbk_cbor_text_of(dbk_view_member(one, "agreed"));
        item.reason = dbk_cbor_text_of(dbk_view_member(one, "reason"));
        /* A refusal with its reason is an answer; what was agreed has still to be done. */
        item.open = !(dbk_span_equal(item.agreed, dbk_span_str("no")) && item.reason.len > 0);
        rc = tell_item(t, &item, err);
    }
    return rc;
}

/* A value of its own, as the reading gives one at a time. */
static dbk_rc keep(dbk_bytes *out, dbk_reading *r, const char *field, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = dbk_reading_value(r, &value, field, err);
    dbk_bytes_truncate(out, 0);
    return rc == DBK_OK ? dbk_bytes_append(out, value, err) : rc;
}

static dbk_rc tell_all(telling *t, dbk_bytes *list, dbk_err *err)
{
    dbk_reading *r = t->entry->reading;
    dbk_rc rc = keep(list, r, "requests", err);
    if (rc == DBK_OK)
        rc = tell_list(t, DBK_FAMILY_REQUEST, dbk_bytes_span(list), err);
    if (rc == DBK_OK)
        rc = keep(list, r, "complaints", err);
    if (rc == DBK_OK)
        rc = tell_list(t, DBK_FAMILY_COMPLAINT, dbk_bytes_span(list), err);
    if (rc == DBK_OK)
        rc = keep(list, r, "family_voice", err);
    dbk_family_item voice = { .kind = DBK_FAMILY_VOICE, .number = 1, .open = true };
    voice.text = dbk_cbor_text_of(dbk_bytes_span(list));
    return rc == DBK_OK && voice.text.len > 0 ? tell_item(t, &voice, err) : rc;
}

dbk_rc dbk_family_items(const dbk_family_entry *e, dbk_family_item_fn fn, void *ctx, dbk_err *err)
{
    dbk_bytes answers = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_bytes list = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = keep(&answers, e->reading, "answers", err);
    telling t = { e, dbk_bytes_span(&answers), fn, ctx };
    if (rc == DBK_OK)
        rc = tell_all(&t, &list, err);
    dbk_bytes_wipe(&answers);
    dbk_bytes_wipe(&list);
    return rc;
}

/* ---- requests that became actions ------------------------------------------------------------ */

typedef struct acting {
    dbk_book *book;
    const dbk_family_opts *opts;
    dbk_family_action_fn fn;
    void *ctx;
} acting;

/* Does this contact belong to another case, or to another side? */
static dbk_rc is_elsewhere(const acting *a, bool *elsewhere, const dbk_id *contact, bool said,
                           dbk_err *err)
{
    dbk_reading r;
    dbk_id case_id = { { 0 } };
    dbk_span group = { NULL, 0 };
    dbk_rc rc = dbk_reading_find(&r, a->book, contact, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = dbk_reading_ref(&r, &case_id, "case_id", err);
    if (rc == DBK_OK && r.note != NULL && a->opts->group != NULL)
        rc = dbk_reading_text(&r, &group, "family_group", err);
    *elsewhere = (!said && !dbk_id_equal(&case_id, a->opts->case_id)) ||
                 (group.len > 0 && !dbk_span_equal(group, dbk_span_str(a->opts->group)));
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc is_over(dbk_reading *r, bool *over, dbk_err *err)
{
    dbk_rc rc = dbk_reading_says(r, over, "state", "done", err);
    return rc == DBK_OK && !*over ? dbk_reading_says(r, over, "state", "declined", err) : rc;
}

static dbk_rc read_action(const acting *a, dbk_reading *r, dbk_family_action *action, bool *told,
                          dbk_err *err)
{
    dbk_id case_id = { { 0 } };
    dbk_span due = { NULL, 0 };
    bool over = false, elsewhere = false;
    dbk_rc rc = is_over(r, &over, err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &case_id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &action->raised_from, "raised_from", err);
    bool said = dbk_id_equal(&case_id, a->opts->case_id);
    if (rc == DBK_OK && !over && (said || dbk_id_is_zero(&case_id)))
        rc = is_elsewhere(a, &elsewhere, &action->raised_from, said, err);
    *told = !over && !elsewhere && (said || dbk_id_is_zero(&case_id));
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &due, "due", err);
    if (rc == DBK_OK && due.len < sizeof(action->due) && due.len > 0)
        memcpy(action->due, due.p, due.len);
    return rc == DBK_OK ? dbk_reading_text(r, &action->text, "text", err) : rc;
}

static dbk_rc tell_action(void *ctx, const dbk_row *row, dbk_err *err)
{
    const acting *a = ctx;
    dbk_family_action action = { .record = row->record,
                                 .space = row->space,
                                 .when_ms = row->when_ms };
    dbk_reading r;
    bool told = false;
    dbk_rc rc = dbk_reading_open(&r, a->book, &row->record, err);
    if (rc == DBK_OK)
        rc = read_action(a, &r, &action, &told, err);
    if (rc == DBK_OK && told)
        rc = a->fn(a->ctx, &action, err);
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc dbk_family_actions(dbk_book *book, const dbk_family_opts *opts, dbk_family_action_fn fn,
                          void *ctx, dbk_err *err)
{
    const dbk_where wanted = { "kind", "family_request" };
    const dbk_list_opts list = {
        .form = "action", .since_ms = INT64_MIN, .where = &wanted, .where_count = 1
    };
    acting a = { book, opts, fn, ctx };
    DBK_ASSERT(opts->case_id != NULL);
    return dbk_query_list(book, &list, tell_action, &a, err);
}
