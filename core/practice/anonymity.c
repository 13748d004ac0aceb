#include "core/practice/anonymity.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"

#define TAGS_MAX 3u

typedef struct ids {
    dbk_id *rows; /* sorted when it is looked in */
    size_t count, room;
} ids;

struct dbk_anonymity {
    dbk_book *book; /* borrowed */
    ids known;      /* persons and cases that are protected */
};

/* One record's place: a person in a case, or two records of one person. */
typedef struct link {
    dbk_id from, to;
} link;
typedef struct links {
    link *rows;
    size_t count, room;
} links;
typedef struct walk {
    ids cases, persons; /* protected so far */
    links parts;        /* from: person, to: case */
    links same;
} walk;

/* ---- sets ------------------------------------------------------------------------------------ */

static dbk_rc check_room(size_t count, dbk_err *err)
{
    return count < DBK_ANONYMITY_MAX
               ? DBK_OK
               : dbk_fail(err, DBK_LIMIT, "more than %u persons and cases", DBK_ANONYMITY_MAX);
}

static dbk_rc no_memory(dbk_err *err)
{
    return dbk_fail(err, DBK_NOMEM, "no memory for whom anonymity protects");
}

static dbk_rc add(ids *set, const dbk_id *id, dbk_err *err)
{
    if (dbk_id_is_zero(id))
        return DBK_OK;
    dbk_rc rc = check_room(set->count, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id *rows = dbk_room_for(set->rows, &set->room, set->count + 1, sizeof(*rows));
    if (rows == NULL)
        return no_memory(err);
    set->rows = rows;
    set->rows[set->count++] = *id;
    return DBK_OK;
}

static dbk_rc add_link(links *all, const dbk_id *from, const dbk_id *to, dbk_err *err)
{
    if (dbk_id_is_zero(to))
        return DBK_OK;
    dbk_rc rc = check_room(all->count, err);
    if (rc != DBK_OK)
        return rc;
    link *rows = dbk_room_for(all->rows, &all->room, all->count + 1, sizeof(*rows));
    if (rows == NULL)
        return no_memory(err);
    all->rows = rows;
    all->rows[all->count++] = (link){ *from, *to };
    return DBK_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return dbk_span_compare(dbk_span_of(((const dbk_id *)a)->b, sizeof(((const dbk_id *)a)->b)),
                            dbk_span_of(((const dbk_id *)b)->b, sizeof(((const dbk_id *)b)->b)));
}

static void sort(ids *set)
{
    if (set->count > 0)
        qsort(set->rows, set->count, sizeof(set->rows[0]), by_bytes);
}

static bool has(const ids *set, const dbk_id *id)
{
    return set->count > 0 &&
           bsearch(id, set->rows, set->count, sizeof(set->rows[0]), by_bytes) != NULL;
}

/* ---- what tags a record ---------------------------------------------------------------------- */

/* A record of this form, of which one of these holds, is about FGM; and these fields say of whom.
 * A code NULL: always. */
static const struct tag_rule {
    const char *form;
    struct {
        const char *field, *code;
    } tags[TAGS_MAX];
    const char *persons;
} tag_rules[] = {
    { "fgm_report", { { NULL, NULL } }, "subject" },
    { "intervention", { { NULL, NULL } }, "persons" },
    { "protective_order", { { "kind", "fgmpo" } }, "protects" },
    { "intel_report", { { "hidden_crime", "fgm" }, { "compartments", "fgm" } }, "persons" },
    { "referral", { { "type", "nspcc_fgm" }, { "compartments", "fgm" } }, "person" },
    { "marker", { { "kind", "fgm" }, { "compartments", "fgm" } }, "about" },
};

static dbk_rc any_tag(bool *tagged, dbk_reading *r, const struct tag_rule *rule, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *tagged = rule->tags[0].field == NULL;
    for (size_t i = 0; rc == DBK_OK && !*tagged && i < TAGS_MAX && rule->tags[i].field != NULL; i++)
        rc = dbk_reading_says(r, tagged, rule->tags[i].field, rule->tags[i].code, err);
    return rc;
}

typedef struct tagging {
    walk *w;
    const struct tag_rule *rule;
} tagging;

/* The tag may be of a person or, of a marker, of a case: both sets take it. */
static dbk_rc look_tagged(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    const tagging *t = ctx;
    bool tagged = false;
    dbk_span value = { NULL, 0 }, one;
    (void)row;
    dbk_rc rc = any_tag(&tagged, r, t->rule, err);
    if (rc == DBK_OK && tagged)
        rc = dbk_reading_value(r, &value, t->rule->persons, err);
    dbk_elements e = dbk_elements_of(value);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_id id = dbk_element_id(one);
        rc = add(&t->w->persons, &id, err);
        if (rc == DBK_OK)
            rc = add(&t->w->cases, &id, err);
    }
    return rc;
}

static dbk_rc look_case(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    static const struct tag_rule rule = {
        "case", { { "kind", "fgm" }, { "hidden_crime", "fgm" }, { "compartments", "fgm" } }, NULL
    };
    walk *w = ctx;
    bool tagged = false;
    dbk_rc rc = any_tag(&tagged, r, &rule, err);
    return rc == DBK_OK && tagged ? add(&w->cases, &row->record, err) : rc;
}

/* A member of a log's entries that refers to a record. */
static dbk_rc take_members(links *all, dbk_reading *r, const char *field, const char *member,
                           const dbk_id *self, dbk_err *err)
{
    dbk_span log = { NULL, 0 }, one;
    dbk_rc rc = dbk_reading_value(r, &log, field, err);
    dbk_elements e = dbk_elements_of(log);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        dbk_id to = dbk_element_id(dbk_view_member(one, member));
        if (!dbk_element_is(dbk_view_member(one, "link"), "rejected"))
            rc = add_link(all, self, &to, err);
    }
    return rc;
}

static dbk_rc look_person(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    walk *w = ctx;
    dbk_id own = { { 0 } };
    bool tagged = false;
    dbk_rc rc = dbk_reading_says(r, &tagged, "compartments", "fgm", err);
    if (rc == DBK_OK && tagged)
        rc = add(&w->persons, &row->record, err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &own, "case_id", err);
    if (rc == DBK_OK)
        rc = add_link(&w->parts, &row->record, &own, err);
    if (rc == DBK_OK)
        rc = take_members(&w->parts, r, "role_in_case", "case", &row->record, err);
    if (rc == DBK_OK)
        rc = take_members(&w->same, r, "linked_persons", "person", &row->record, err);
    return rc;
}

/* ---- who is protected by that ---------------------------------------------------------------- */

/* Whoever is the same person, over any number of records. */
static dbk_rc spread_same(walk *w, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (bool more = true; rc == DBK_OK && more;) {
        more = false;
        sort(&w->persons);
        const size_t known = w->persons.count;
        for (size_t i = 0; rc == DBK_OK && i < w->same.count; i++) {
            const link *l = &w->same.rows[i];
            const ids sorted = { w->persons.rows, known, 0 };
            bool from = has(&sorted, &l->from), to = has(&sorted, &l->to);
            if (from == to)
                continue;
            rc = add(&w->persons, from ? &l->to : &l->from, err);
            more = true;
        }
    }
    return rc;
}

/* The cases of those who are tagged themselves, then whoever has a part in one of all the cases.
 * No further: an interpreter doesn't make every case of theirs one of FGM. */
static dbk_rc spread_cases(walk *w, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < w->parts.count; i++)
        if (has(&w->persons, &w->parts.rows[i].from))
            rc = add(&w->cases, &w->parts.rows[i].to, err);
    sort(&w->cases);
    for (size_t i = 0; rc == DBK_OK && i < w->parts.count; i++)
        if (has(&w->cases, &w->parts.rows[i].to))
            rc = add(&w->persons, &w->parts.rows[i].from, err);
    return rc;
}

static dbk_rc look_all(walk *w, dbk_book *book, dbk_err *err)
{
    dbk_rc rc = dbk_reading_each(book, "case", look_case, w, err);
    for (size_t i = 0; rc == DBK_OK && i < sizeof(tag_rules) / sizeof(tag_rules[0]); i++) {
        tagging t = { w, &tag_rules[i] };
        rc = dbk_reading_each(book, tag_rules[i].form, look_tagged, &t, err);
    }
    if (rc == DBK_OK)
        rc = dbk_reading_each(book, "person", look_person, w, err);
    if (rc == DBK_OK)
        rc = spread_same(w, err);
    if (rc == DBK_OK)
        rc = spread_cases(w, err);
    return rc == DBK_OK ? spread_same(w, err) : rc;
}

dbk_rc dbk_anonymity_new(dbk_anonymity **out, dbk_book *book, dbk_err *err)
{
    walk w = { .parts = { NULL, 0, 0 } };
    dbk_anonymity *a = dbk_alloc(sizeof(*a));
    *out = NULL;
    if (a == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for whom anonymity protects");
    *a = (dbk_anonymity){ .book = book };
    dbk_rc rc = look_all(&w, book, err);
    for (size_t i = 0; rc == DBK_OK && i < w.cases.count; i++)
        rc = add(&w.persons, &w.cases.rows[i], err);
    if (rc == DBK_OK) {
        sort(&w.persons);
        a->known = w.persons;
        w.persons = (ids){ NULL, 0, 0 };
        *out = a;
        a = NULL;
    }
    dbk_free(w.cases.rows);
    dbk_free(w.persons.rows);
    dbk_free(w.parts.rows);
    dbk_free(w.same.rows);
    dbk_anonymity_free(a);
    return rc;
}

void dbk_anonymity_free(dbk_anonymity *a)
{
    if (a != NULL)
        dbk_free(a->known.rows);
    dbk_free(a);
}

/* ---- one record ------------------------------------------------------------------------------ */

/* Wherever in the value an id stands: tag 37, then 16 bytes (core/model/value.h). */
static bool refers(const dbk_anonymity *a, dbk_span value)
{
    static const uint8_t mark[] = { 0xd8, 0x25, 0x50 };
    dbk_id id;
    for (size_t at = 0;
         value.len >= sizeof(mark) + sizeof(id.b) && at <= value.len - sizeof(mark) - sizeof(id.b);
         at++) {
        if (!dbk_span_equal(dbk_span_of(value.p + at, sizeof(mark)),
                            dbk_span_of(mark, sizeof(mark))))
            continue;
        memcpy(id.b, value.p + at + sizeof(mark), sizeof(id.b));
        if (has(&a->known, &id))
            return true;
    }
    return false;
}

static dbk_rc any_reference(const dbk_anonymity *a, bool *touches, dbk_reading *r, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(r->note->form, &fields);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && !*touches && i < count; i++) {
        dbk_span value;
        rc = dbk_reading_value(r, &value, fields[i].name, err);
        *touches = rc == DBK_OK && refers(a, value);
    }
    return rc;
}

/* Forms whose every record is about it, whether or not it names anybody. */
static bool is_about(dbk_reading *r, dbk_err *err, dbk_rc *rc)
{
    const char *form = dbk_form_name(r->note->form);
    bool about = false;
    for (size_t i = 0; *rc == DBK_OK && !about && i < sizeof(tag_rules) / sizeof(tag_rules[0]); i++)
        if (strcmp(tag_rules[i].form, form) == 0 && tag_rules[i].tags[0].field != NULL)
            *rc = any_tag(&about, r, &tag_rules[i], err);
    return about || strcmp(form, "fgm_report") == 0;
}

dbk_rc dbk_anonymity_touches(const dbk_anonymity *a, bool *touches, const dbk_note *note,
                             dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = DBK_OK;
    dbk_span disclosure = { NULL, 0 };
    *touches = true;
    if (note->form == NULL || dbk_book_is_restricted(a->book, &note->space) ||
        has(&a->known, &note->record))
        return DBK_OK;
    dbk_reading_init(&r, note);
    *touches = is_about(&r, err, &rc);
    if (rc == DBK_OK && !*touches)
        rc = dbk_reading_says(&r, touches, "compartments", "fgm", err);
    if (rc == DBK_OK && !*touches)
        rc = dbk_reading_value(&r, &disclosure, "disclosure", err);
    *touches = *touches || disclosure.len > 0;
    if (rc == DBK_OK && !*touches)
        rc = any_reference(a, touches, &r, err);
    dbk_reading_wipe(&r);
    return rc;
}

bool dbk_anonymity_tells(const dbk_field *field)
{
    if (field->sensitive || field->route)
        return false;
    switch (field->kind) {
    case DBK_FIELD_CODE:
    case DBK_FIELD_CODES:
    case DBK_FIELD_BOOL3:
    case DBK_FIELD_NUMBER:
    case DBK_FIELD_OBJECT: /* of its sub-fields again only these */
        return true;
    default:
        return false;
    }
}

bool dbk_anonymity_tells_code(const dbk_field *field, dbk_span code)
{
    if (dbk_span_equal(code, dbk_span_str("not_known")))
        return true;
    for (size_t i = 0; i < field->codes_count; i++)
        if (dbk_span_equal(code, dbk_span_str(field->codes[i].name)))
            return true;
    return false;
}
