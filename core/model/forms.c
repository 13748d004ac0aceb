/* A set of forms by name and version. */
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/form_builtin.h"
#include "core/model/form_impl.h"
#include "core/model/form_keep.h"
#include "core/model/record.h"

#define FORMS_MAX 4096u /* forms and their old versions: drafts stay pinned to theirs */

typedef struct forms_row {
    dbk_form *form;
    dbk_bytes json; /* what it was made of: the same version must be the same bytes */
    uint64_t pack;  /* 0: shipped */
    bool past;      /* for records that were begun with it, never for new ones */
    bool borrowed;  /* another set's */
} forms_row;

struct dbk_forms {
    json_t *shared;
    forms_row *rows; /* by name, then version */
    size_t count, cap;
};

static int row_compare(const dbk_form *form, dbk_span name, uint32_t version)
{
    dbk_span own = dbk_span_str(dbk_form_name(form));
    /* Names as people sort them, not shorter ones first. */
    int order = dbk_span_compare(own, name);
    if (order != 0)
        return order;
    return (dbk_form_version(form) > version) - (dbk_form_version(form) < version);
}

static void free_row(forms_row *row)
{
    if (row->borrowed)
        return;
    dbk_form_free(row->form);
    dbk_bytes_wipe(&row->json);
}

/* The first row that is not before (name, version). */
static size_t lower_bound(const dbk_forms *forms, dbk_span name, uint32_t version)
{
    size_t low = 0, high = forms->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (row_compare(forms->rows[mid].form, name, version) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static dbk_rc make_room(dbk_forms *forms, dbk_err *err)
{
    if (forms->count < forms->cap)
        return DBK_OK;
    if (forms->count >= FORMS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u forms", FORMS_MAX);
    size_t cap = forms->cap == 0 ? 16 : forms->cap * 2;
    forms_row *rows = dbk_realloc(forms->rows, cap * sizeof(rows[0]));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for forms");
    forms->rows = rows;
    forms->cap = cap;
    return DBK_OK;
}

static dbk_rc insert(dbk_forms *forms, dbk_form **form, dbk_bytes *json, uint64_t pack,
                     dbk_err *err)
{
    dbk_span name = dbk_span_str(dbk_form_name(*form));
    size_t at = lower_bound(forms, name, dbk_form_version(*form));
    if (at < forms->count &&
        row_compare(forms->rows[at].form, name, dbk_form_version(*form)) == 0) {
        if (dbk_span_equal(dbk_bytes_span(&forms->rows[at].json), dbk_bytes_span(json)))
            return DBK_OK;
        return dbk_fail(err, DBK_CONFLICT, "another form is %s version %u already",
                        dbk_form_name(*form), (unsigned)dbk_form_version(*form));
    }
    dbk_rc rc = make_room(forms, err);
    if (rc != DBK_OK)
        return rc;
    memmove(&forms->rows[at + 1], &forms->rows[at], (forms->count - at) * sizeof(forms->rows[0]));
    forms->rows[at] = (forms_row){ .form = *form, .json = *json, .pack = pack };
    forms->count++;
    *form = NULL; /* moved */
    dbk_bytes_init(json, DBK_FORM_JSON_BYTES_MAX);
    return DBK_OK;
}

dbk_rc dbk_forms_add(dbk_forms *forms, dbk_span json, dbk_err *err)
{
    dbk_form *form = NULL;
    dbk_bytes copy = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    dbk_rc rc = dbk_form_parse_with(&form, json, &forms->shared, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&copy, json, err);
    if (rc == DBK_OK)
        rc = insert(forms, &form, &copy, 0, err);
    dbk_form_free(form);
    dbk_bytes_wipe(&copy);
    return rc;
}

/* ---- of packs ------------------------------------------------------------------------------ */

/* Does it keep what each version before it protects? A later one that is there already must keep
 * what this one does. */
static dbk_rc keeps_all(const dbk_forms *forms, const dbk_form *form, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < forms->count; i++) {
        const dbk_form *other = forms->rows[i].form;
        if (strcmp(other->name, form->name) != 0 || other->version == form->version ||
            forms->rows[i].past)
            continue;
        rc = other->version < form->version ? dbk_form_keeps(form, other, err)
                                            : dbk_form_keeps(other, form, err);
    }
    return rc;
}

/* The text of a name and version that is there already is judged as the same, or not, by insert. */
static dbk_rc judge(const dbk_forms *forms, const dbk_form *form, dbk_err *err)
{
    static const char *const programs[] = { "audit", "quarantine" };
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strcmp(form->name, programs[i]) == 0)
            return dbk_fail(err, DBK_DENIED, "records of the form %s are the program's own",
                            form->name);
    if (form->version < DBK_FORM_PACK_VERSION_MIN)
        return dbk_fail(err, DBK_INVALID,
                        "%s has version %u: versions of a force's own begin with %u", form->name,
                        (unsigned)form->version, DBK_FORM_PACK_VERSION_MIN);
    return dbk_forms_find(forms, dbk_span_str(form->name), form->version) != NULL
               ? DBK_OK
               : keeps_all(forms, form, err);
}

/* Marks each version of a pack that doesn't keep what the shipped ones protect. */
static void settle_past(dbk_forms *forms, const char *name)
{
    for (size_t i = 0; i < forms->count; i++) {
        forms_row *row = &forms->rows[i];
        if (row->pack == 0 || strcmp(row->form->name, name) != 0)
            continue;
        row->past = false;
        for (size_t k = 0; k < forms->count; k++) {
            const forms_row *ours = &forms->rows[k];
            if (ours->pack == 0 && strcmp(ours->form->name, name) == 0)
                row->past = row->past || dbk_form_keeps(row->form, ours->form, NULL) != DBK_OK;
        }
    }
}

dbk_rc dbk_forms_add_pack(dbk_forms *forms, const dbk_forms_text *text, dbk_err *err)
{
    dbk_form *form = NULL;
    dbk_bytes copy = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    char name[DBK_NAME_BYTES_MAX + 1] = "";
    DBK_ASSERT(text->pack != 0);
    dbk_rc rc = dbk_form_parse_with(&form, text->json, &forms->shared, err);
    if (rc == DBK_OK)
        (void)snprintf(name, sizeof(name), "%s", form->name);
    if (rc == DBK_OK && text->how == DBK_FORMS_AS_NEW)
        rc = judge(forms, form, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&copy, text->json, err);
    if (rc == DBK_OK)
        rc = insert(forms, &form, &copy, text->pack, err);
    if (rc == DBK_OK && text->how == DBK_FORMS_AS_HELD)
        settle_past(forms, name);
    dbk_form_free(form);
    dbk_bytes_wipe(&copy);
    return rc;
}

void dbk_forms_drop_pack(dbk_forms *forms, uint64_t pack)
{
    size_t kept = 0;
    DBK_ASSERT(pack != 0);
    for (size_t i = 0; i < forms->count; i++) {
        if (forms->rows[i].pack == pack)
            free_row(&forms->rows[i]);
        else
            forms->rows[kept++] = forms->rows[i];
    }
    forms->count = kept;
}

uint64_t dbk_forms_pack_at(const dbk_forms *forms, size_t i)
{
    DBK_ASSERT(i < forms->count);
    return forms->rows[i].pack;
}

/* header.json and codes.json are parts of forms, not forms. */
static bool is_part(const char *name)
{
    return strcmp(name, "header") == 0 || strcmp(name, "codes") == 0;
}

dbk_rc dbk_forms_new(dbk_forms **out, dbk_err *err)
{
    *out = NULL;
    dbk_forms *forms = dbk_alloc(sizeof(*forms));
    if (forms == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for forms");
    dbk_rc rc = DBK_OK;
    for (const dbk_form_builtin *row = dbk_forms_builtin; rc == DBK_OK && row->name != NULL; row++)
        if (!is_part(row->name))
            rc = dbk_forms_add(forms, dbk_span_of(row->data, row->len), err);
    if (rc == DBK_OK) {
        *out = forms;
        forms = NULL;
    }
    dbk_forms_free(forms);
    return rc;
}

dbk_rc dbk_forms_over(dbk_forms **out, const dbk_forms *shipped, dbk_err *err)
{
    *out = NULL;
    dbk_forms *forms = dbk_alloc(sizeof(*forms));
    if (forms == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for forms");
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < shipped->count; i++) {
        DBK_ASSERT(shipped->rows[i].pack == 0);
        rc = make_room(forms, err);
        if (rc == DBK_OK) {
            forms->rows[i] = shipped->rows[i];
            forms->rows[i].borrowed = true;
            forms->count++;
        }
    }
    if (rc == DBK_OK) {
        *out = forms;
        forms = NULL;
    }
    dbk_forms_free(forms);
    return rc;
}

void dbk_forms_free(dbk_forms *forms)
{
    if (forms == NULL)
        return;
    for (size_t i = 0; i < forms->count; i++)
        free_row(&forms->rows[i]);
    dbk_free(forms->rows);
    dbk_json_free(forms->shared);
    dbk_free(forms);
}

size_t dbk_forms_count(const dbk_forms *forms)
{
    return forms->count;
}

const dbk_form *dbk_forms_at(const dbk_forms *forms, size_t i)
{
    DBK_ASSERT(i < forms->count);
    return forms->rows[i].form;
}

const dbk_form *dbk_forms_find(const dbk_forms *forms, dbk_span name, uint32_t version)
{
    size_t at = lower_bound(forms, name, version == 0 ? UINT32_MAX : version);
    if (version == 0) {
        /* All versions of the name are before; the newest is the last of them. */
        while (at > 0 && forms->rows[at - 1].past)
            at--;
        if (at == 0)
            return NULL;
        const dbk_form *newest = forms->rows[at - 1].form;
        bool same = dbk_span_equal(dbk_span_str(dbk_form_name(newest)), name);
        return same ? newest : NULL;
    }
    bool found = at < forms->count && row_compare(forms->rows[at].form, name, version) == 0;
    return found ? forms->rows[at].form : NULL;
}
