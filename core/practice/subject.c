#include "core/practice/subject.h"

#include <jansson.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/practice/match.h"
#include "core/practice/reading.h"
#include "core/practice/subject_builtin.h"

#define PERSON "person"
#define CASE "case"
#define CASES_MAX 1024u

static const char *const mark_codes[] = {
#define CODE(name, code, text) [DBK_SUBJECT_##name] = (code),
    DBK_SUBJECT_MARK_TABLE(CODE)
#undef CODE
};
static const char *const mark_texts[] = {
#define TEXT(name, code, text) [DBK_SUBJECT_##name] = (text),
    DBK_SUBJECT_MARK_TABLE(TEXT)
#undef TEXT
};

const char *dbk_subject_mark_code(dbk_subject_mark mark)
{
    DBK_ASSERT(mark < DBK_SUBJECT_MARKS);
    return mark_codes[mark];
}

const char *dbk_subject_mark_text(dbk_subject_mark mark)
{
    DBK_ASSERT(mark < DBK_SUBJECT_MARKS);
    return mark_texts[mark];
}

const char *dbk_subject_why_code(dbk_subject_why why)
{
    static const char *const codes[] = { "self", "linked", "case", "refers" };
    return codes[why];
}

/* ---- who it is ------------------------------------------------------------------------------- */

static bool is_self(const dbk_subject *s, const dbk_id *id)
{
    for (size_t i = 0; i < s->persons_count; i++)
        if (dbk_id_equal(&s->persons[i], id))
            return true;
    return false;
}

/* Of a restricted space nothing shows elsewhere, and of another space nothing where one is named.
 */
static bool is_in_scope(const dbk_subject *s, const dbk_id *space)
{
    return dbk_id_is_zero(&s->space) ? !dbk_book_is_restricted(s->book, space)
                                     : dbk_id_equal(&s->space, space);
}

static dbk_rc check_person(const dbk_subject *s, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, s->book, &s->persons[0], err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_note_form(note), dbk_span_str(PERSON)))
        rc = dbk_fail(err, DBK_INVALID, "a person's record is needed");
    if (rc == DBK_OK && dbk_id_is_zero(&s->space) && !is_in_scope(s, &note->space))
        rc = dbk_fail(err, DBK_INVALID, "that is in a restricted space: name the space");
    dbk_note_free(note);
    return rc;
}

/* Does a link to somebody that is known already stand in what may be looked at, or in an ordinary
 * space? What a restricted space says of who is who is said nowhere else. */
static dbk_rc is_linked_in_scope(const dbk_subject *s, bool *yes, const dbk_id *person,
                                 dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_reading_find_note(&note, s->book, person, err);
    bool there = rc == DBK_OK && note != NULL &&
                 (is_in_scope(s, &note->space) || !dbk_book_is_restricted(s->book, &note->space));
    dbk_note_free(note);
    *yes = false;
    for (size_t i = 0; rc == DBK_OK && there && !*yes && i < s->persons_count; i++)
        rc = dbk_match_are_linked(s->book, yes, &s->persons[i], person, err);
    return rc;
}

static dbk_rc add_linked(dbk_subject *s, dbk_err *err)
{
    dbk_id linked[DBK_SUBJECT_PERSONS_MAX - 1];
    size_t count = 0, before;
    dbk_rc rc = dbk_match_linked(s->book, linked, &count, DBK_SUBJECT_PERSONS_MAX - 1,
                                 &s->persons[0], err);
    do { /* who is linked over others comes after them */
        before = s->persons_count;
        for (size_t i = 0; rc == DBK_OK && i < count; i++) {
            bool yes = false;
            if (!is_self(s, &linked[i]))
                rc = is_linked_in_scope(s, &yes, &linked[i], err);
            if (rc == DBK_OK && yes)
                s->persons[s->persons_count++] = linked[i];
        }
    } while (rc == DBK_OK && s->persons_count > before);
    return rc;
}

dbk_rc dbk_subject_init(dbk_subject *s, dbk_book *book, const dbk_id *person, const dbk_id *space,
                        dbk_err *err)
{
    *s = (dbk_subject){ .book = book, .persons_count = 1 };
    s->persons[0] = *person;
    if (space != NULL)
        s->space = *space;
    dbk_rc rc = check_person(s, err);
    if (rc == DBK_OK)
        rc = add_linked(s, err);
    if (rc != DBK_OK)
        return rc;
    s->table = json_loadb((const char *)dbk_blob_subject, dbk_blob_subject_len,
                          JSON_REJECT_DUPLICATES, NULL);
    return s->table != NULL ? DBK_OK : dbk_fail(err, DBK_NOMEM, "no memory for what is withheld");
}

void dbk_subject_wipe(dbk_subject *s)
{
    json_decref(s->table);
    s->table = NULL;
}

/* ---- references ------------------------------------------------------------------------------ */

/* Every id in a value; it nests no deeper than any that is kept. What isn't DBK_OK stops. */
typedef dbk_rc (*id_fn)(void *ctx, const dbk_id *id, dbk_err *err);

static dbk_rc each_id(dbk_cbor *c, unsigned depth, id_fn fn, void *ctx, dbk_err *err)
{
    dbk_cbor_type type = dbk_cbor_peek(c);
    uint64_t left = 0;
    dbk_rc rc = DBK_OK;
    if (depth == DBK_CBOR_DEPTH_MAX)
        return dbk_fail(err, DBK_FORMAT, "a value nests too deep");
    if (type == DBK_CBOR_TAG) {
        dbk_id id = { { 0 } };
        (void)dbk_cbor_get_tag(c);
        dbk_cbor_get_copy(c, id.b, sizeof(id.b));
        return c->failed ? dbk_fail(err, DBK_FORMAT, "a reference is malformed")
                         : fn(ctx, &id, err);
    }
    if (type == DBK_CBOR_ARRAY)
        left = dbk_cbor_get_array(c);
    else if (type == DBK_CBOR_MAP)
        left = 2 * dbk_cbor_get_map(c);
    else
        (void)dbk_cbor_get_item(c);
    for (; rc == DBK_OK && left > 0 && !c->failed; left--)
        rc = each_id(c, depth + 1, fn, ctx, err);
    return rc;
}

static dbk_rc ids_of(dbk_span value, id_fn fn, void *ctx, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(value);
    return value.len == 0 ? DBK_OK : each_id(&c, 0, fn, ctx, err);
}

typedef struct mention {
    dbk_subject *s;
    bool self, others;
} mention;

/* Cases, flights and the like are nobody; what isn't held here may be anybody. */
static dbk_rc weigh_id(void *ctx, const dbk_id *id, dbk_err *err)
{
    mention *m = ctx;
    dbk_note *note = NULL;
    if (is_self(m->s, id)) {
        m->self = true;
        return DBK_OK;
    }
    dbk_rc rc = dbk_reading_find_note(&note, m->s->book, id, err);
    if (rc != DBK_OK)
        return rc;
    dbk_span form = note == NULL ? dbk_span_of(NULL, 0) : dbk_note_form(note);
    m->others = m->others || note == NULL || dbk_span_equal(form, dbk_span_str(PERSON)) ||
                dbk_span_equal(form, dbk_span_str("officer")) || !is_in_scope(m->s, &note->space);
    dbk_note_free(note);
    return DBK_OK;
}

static dbk_rc find_self(void *ctx, const dbk_id *id, dbk_err *err)
{
    mention *m = ctx;
    (void)err;
    m->self = m->self || is_self(m->s, id);
    return DBK_OK;
}

/* ---- which records --------------------------------------------------------------------------- */

static dbk_rc mentions(mention *m, const dbk_note *note, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &fields);
    dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && !m->self && i < count; i++) {
        dbk_span value = { NULL, 0 };
        dbk_bytes_truncate(&scratch, 0);
        rc = dbk_view_field(&value, &scratch, note->state, &fields[i], &note->view, err);
        if (rc == DBK_OK)
            rc = ids_of(value, find_self, m, err);
    }
    dbk_bytes_wipe(&scratch);
    return rc;
}

typedef struct walk {
    dbk_subject *s;
    dbk_subject_fn fn;
    void *ctx;
    dbk_id cases[CASES_MAX];
    size_t cases_count;
} walk;

/* The cases that one record of theirs names. */
static dbk_rc add_cases(walk *w, const dbk_id *person, dbk_err *err)
{
    dbk_reading r;
    dbk_span roles = { NULL, 0 }, role;
    dbk_rc rc = dbk_reading_find(&r, w->s->book, person, err);
    bool there = rc == DBK_OK && r.note != NULL && is_in_scope(w->s, &r.note->space);
    if (there)
        rc = dbk_reading_value(&r, &roles, "role_in_case", err);
    dbk_elements e = dbk_elements_of(roles);
    while (rc == DBK_OK && roles.len > 0 && dbk_elements_next(&e, &role)) {
        dbk_id id = dbk_element_id(dbk_view_member(role, CASE));
        if (!dbk_id_is_zero(&id) && w->cases_count == CASES_MAX)
            rc = dbk_fail(err, DBK_LIMIT, "more than %u cases of one person", CASES_MAX);
        else if (!dbk_id_is_zero(&id))
            w->cases[w->cases_count++] = id;
    }
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc take_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    walk *w = ctx;
    mention m = { .s = w->s };
    dbk_note *note = NULL;
    dbk_subject_why why = DBK_SUBJECT_REFERS;
    if (!is_in_scope(w->s, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&note, w->s->book, &row->record, err);
    if (rc == DBK_OK && is_self(w->s, &row->record))
        why = dbk_id_equal(&w->s->persons[0], &row->record) ? DBK_SUBJECT_SELF : DBK_SUBJECT_LINKED;
    for (size_t i = 0; why == DBK_SUBJECT_REFERS && i < w->cases_count; i++)
        if (dbk_id_equal(&w->cases[i], &row->record))
            why = DBK_SUBJECT_CASE;
    if (rc == DBK_OK && why == DBK_SUBJECT_REFERS)
        rc = mentions(&m, note, err);
    if (rc == DBK_OK && (why != DBK_SUBJECT_REFERS || m.self))
        rc = w->fn(w->ctx, note, why, err);
    dbk_note_free(note);
    return rc;
}

dbk_rc dbk_subject_each(dbk_subject *s, dbk_subject_fn fn, void *ctx, dbk_err *err)
{
    const dbk_forms *forms = dbk_book_forms(s->book);
    walk w = { .s = s, .fn = fn, .ctx = ctx };
    const char *before = "";
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < s->persons_count; i++)
        rc = add_cases(&w, &s->persons[i], err);
    for (size_t i = 0; rc == DBK_OK && i < dbk_forms_count(forms); i++) {
        const char *name = dbk_form_name(dbk_forms_at(forms, i));
        const dbk_list_opts opts = { .form = name,
                                     .space = dbk_id_is_zero(&s->space) ? NULL : &s->space,
                                     .since_ms = INT64_MIN,
                                     .with_withdrawn = true };
        if (strcmp(name, before) != 0 && strcmp(name, DBK_FORM_AUDIT) != 0)
            rc = dbk_query_list(s->book, &opts, take_row, &w, err);
        before = name;
    }
    return rc;
}

/* ---- what may be said ------------------------------------------------------------------------ */

static bool fits(const json_t *row, const char *key, const char *what)
{
    const char *wanted = json_string_value(json_object_get(row, key));
    return wanted == NULL || (what != NULL && strcmp(wanted, what) == 0);
}

static dbk_subject_mark mark_of(const json_t *row)
{
    const char *code = json_string_value(json_object_get(row, "mark"));
    for (unsigned i = 0; code != NULL && i < DBK_SUBJECT_MARKS; i++)
        if (strcmp(code, mark_codes[i]) == 0)
            return (dbk_subject_mark)i;
    return DBK_SUBJECT_RESTRICTED; /* of a table that is newer than the program */
}

/* By the first row that fits; with_kind: rows that name kinds too. */
static bool look_up(const dbk_subject *s, dbk_subject_mark *out, const dbk_note *note,
                    const dbk_field *top, const dbk_field *part)
{
    size_t i;
    const json_t *row;
    json_array_foreach(s->table, i, row)
    {
        bool by_kind = json_object_get(row, "kind") != NULL;
        if ((by_kind && !fits(row, "kind", dbk_field_kind_name(part->kind))) ||
            !fits(row, "form", dbk_form_name(note->form)) || !fits(row, "field", top->name))
            continue;
        *out = mark_of(row);
        return true;
    }
    return false;
}

/* A field of parts is as open as its most closed part. */
static dbk_subject_mark by_table(const dbk_subject *s, const dbk_note *note, const dbk_field *top,
                                 const dbk_field *part)
{
    dbk_subject_mark mark = DBK_SUBJECT_SHOWN;
    if (look_up(s, &mark, note, top, part))
        return mark;
    for (size_t i = 0; mark == DBK_SUBJECT_SHOWN && i < part->fields_count; i++)
        mark = by_table(s, note, top, &part->fields[i]);
    /* A list of texts is one of words. */
    if (mark == DBK_SUBJECT_SHOWN && part->kind == DBK_FIELD_LIST && part->fields_count == 0)
        mark = DBK_SUBJECT_FREE_TEXT;
    return mark;
}

dbk_rc dbk_subject_judge(dbk_subject *s, dbk_subject_mark *out, const dbk_note *note,
                         const dbk_field *field, dbk_span value, dbk_err *err)
{
    mention m = { .s = s };
    *out = DBK_SUBJECT_RESTRICTED;
    if (note->form == NULL)
        return DBK_OK;
    *out = value.len == 0 ? DBK_SUBJECT_SHOWN : DBK_SUBJECT_THIRD_PARTY;
    bool other = dbk_span_equal(dbk_note_form(note), dbk_span_str(PERSON)) &&
                 !is_self(s, &note->record); /* a relative's record, which names them */
    if (value.len == 0 || other)
        return DBK_OK;
    *out = by_table(s, note, field, field);
    if (field->route)
        *out = DBK_SUBJECT_SAFE_CONTACT;
    dbk_rc rc = ids_of(value, weigh_id, &m, err);
    if (rc == DBK_OK && m.others && (*out == DBK_SUBJECT_SHOWN || *out == DBK_SUBJECT_FREE_TEXT))
        *out = DBK_SUBJECT_THIRD_PARTY;
    return rc;
}
