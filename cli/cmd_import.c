/* Records from a JSON Lines file: a trial run unless --apply. Each line gets its own verdict and
 * the totals balance (sync-lessons 1.38). A line's record id is either given or derived from its
 * content, so the same file again, or the rest of an interrupted import, adds nothing twice. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/render.h"
#include "core/base/alloc.h"

#define LINES_MAX 2000000u
#define FLUSH_EVERY 512u /* rows in one durable transaction */
#define IMPORT_ID_LABEL "daybook/import-id/1"

typedef struct line line;
struct line {
    dbk_span text; /* borrowed from the file */
    dbk_id id;
    bool own_id;      /* the line carries it: it isn't derived from the text */
    const line *same; /* an earlier line with the same id, or NULL */
};

typedef struct import_job {
    cli *c;
    dbk_id space;
    bool apply;
    dbk_bytes file;
    line *lines;
    size_t count;
    json_t *handles; /* handle -> index of its line */
    json_t *moved;   /* an id that a line gives, and that another follows from -> its index */
    json_t *report;  /* refused lines, with --json */
    dbk_batch *batch;
    uint64_t taken, already, refused;
    uint64_t logged;    /* of those taken: told in the log of use */
    uint64_t differing; /* of those held already: the line says something else */
} import_job;

static dbk_id derived_id(const dbk_id *space, const char *form, dbk_span text)
{
    dbk_hasher h;
    dbk_id name;
    dbk_hasher_init(&h, IMPORT_ID_LABEL);
    dbk_hasher_add(&h, dbk_span_of(space->b, DBK_ID_BYTES));
    dbk_hasher_add(&h, text);
    dbk_hash hash = dbk_hasher_end(&h);
    memcpy(name.b, hash.b, DBK_ID_BYTES);
    return dbk_record_id_of(space, form, &name);
}

/* The id that a line gives; where it is another space's, or another program's, the one that follows
 * from it, by which other lines' references are told too. */
static dbk_rc take_id(import_job *im, const char *text, const char *form, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    line *l = &im->lines[im->count - 1];
    dbk_id given;
    if (text == NULL || dbk_id_parse(&given, text, NULL) != DBK_OK)
        return DBK_OK;
    l->own_id = true;
    l->id = given;
    dbk_rc rc = cli_fit_id(im->c, &l->id, &im->space, form, err);
    if (rc != DBK_OK || dbk_id_equal(&l->id, &given))
        return rc;
    dbk_id_uuid(uuid, &given);
    if (json_object_get(im->moved, uuid) == NULL &&
        json_object_set_new(im->moved, uuid, json_integer((json_int_t)im->count - 1)) != 0)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu lines", im->count);
    return DBK_OK;
}

static dbk_rc refuse(import_job *im, size_t i, const char *why, const dbk_problems *p, dbk_err *err)
{
    im->refused++;
    if (im->report != NULL) {
        json_t *row = json_pack("{s:I, s:s}", "line", (json_int_t)i + 1, "why", why);
        if (row == NULL)
            return dbk_fail(err, DBK_NOMEM, "no memory for the report");
        if (p != NULL)
            (void)json_object_set_new(row, "problems", cli_problems_json(p));
        (void)json_array_append_new(im->report, row);
        return DBK_OK;
    }
    out_note("line %zu: %s", i + 1, out_safe_str(why));
    if (p != NULL)
        cli_print_problems(p);
    return DBK_OK;
}

/* First pass: split the file, and note the id and handle of each line, so that a line may refer
 * to any other. A line that isn't JSON is left to the second pass to refuse. */
static dbk_rc take_line(import_job *im, dbk_span text, dbk_err *err)
{
    line *l = &im->lines[im->count];
    json_t *json = NULL;
    const dbk_form *form = NULL;
    l->text = text;
    im->count++;
    if (dbk_json_parse(&json, text, NULL) != DBK_OK)
        return DBK_OK;
    const char *name = json_string_value(json_object_get(json, "form"));
    const char *handle = json_string_value(json_object_get(json, "ref"));
    dbk_rc rc = DBK_OK;
    if (name != NULL && cli_form_find(&form, dbk_book_forms(im->c->book), name, NULL) == DBK_OK) {
        l->id = derived_id(&im->space, dbk_form_name(form), text);
        rc = take_id(im, json_string_value(json_object_get(json, "id")), dbk_form_name(form), err);
    }
    if (rc == DBK_OK && handle != NULL && json_object_get(im->handles, handle) != NULL)
        rc = dbk_fail(err, DBK_INVALID, "line %zu: an earlier line has the ref \"%.48s\" already",
                      im->count, out_safe_str(handle));
    else if (rc == DBK_OK && handle != NULL &&
             json_object_set_new(im->handles, handle, json_integer((json_int_t)im->count - 1)) != 0)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for %zu lines", im->count);
    dbk_json_free(json);
    return rc;
}

static dbk_rc split_lines(import_job *im, dbk_err *err)
{
    size_t count = 1;
    for (size_t i = 0; i < im->file.len; i++)
        count += im->file.p[i] == '\n';
    if (count > LINES_MAX)
        return dbk_fail(err, DBK_LIMIT, "an import takes at most %u lines", LINES_MAX);
    im->lines = dbk_alloc_array(count, sizeof(im->lines[0]));
    if (im->lines == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu lines", count);
    dbk_span left = dbk_bytes_span(&im->file);
    dbk_rc rc = DBK_OK;
    while (left.len > 0 && rc == DBK_OK) {
        const uint8_t *end = memchr(left.p, '\n', left.len);
        size_t len = end == NULL ? left.len : (size_t)(end - left.p);
        size_t trimmed = len > 0 && left.p[len - 1] == '\r' ? len - 1 : len;
        if (trimmed > 0)
            rc = take_line(im, dbk_span_of(left.p, trimmed), err);
        size_t step = end == NULL ? len : len + 1;
        left.p += step;
        left.len -= step;
    }
    return rc;
}

static int by_id(const void *a, const void *b)
{
    const line *x = *(const line *const *)a, *y = *(const line *const *)b;
    int order = memcmp(x->id.b, y->id.b, DBK_ID_BYTES);
    return order != 0 ? order : (x > y) - (x < y);
}

static dbk_rc find_same(import_job *im, dbk_err *err)
{
    line **sorted = dbk_alloc_array(im->count + 1, sizeof(sorted[0]));
    if (sorted == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu lines", im->count);
    for (size_t i = 0; i < im->count; i++)
        sorted[i] = &im->lines[i];
    qsort(sorted, im->count, sizeof(sorted[0]), by_id);
    for (size_t i = 1; i < im->count; i++)
        if (dbk_id_equal(&sorted[i]->id, &sorted[i - 1]->id))
            sorted[i]->same = sorted[i - 1];
    dbk_free(sorted);
    return DBK_OK;
}

/* The record id of the line that is named so, or NULL when none is. */
static json_t *id_of_line(const import_job *im, const json_t *named, const char *text)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *at = json_object_get(named, text);
    if (at == NULL)
        return NULL;
    dbk_id_uuid(uuid, &im->lines[json_integer_value(at)].id);
    return json_string(uuid);
}

static dbk_rc resolve_value(const import_job *im, json_t **value, const char **unknown)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id given;
    json_t *id = NULL;
    const char *text = json_string_value(*value);
    bool handle = text != NULL && text[0] == '@';
    if (handle) {
        id = id_of_line(im, im->handles, text + 1);
    } else if (text != NULL && dbk_id_parse(&given, text, NULL) == DBK_OK) {
        dbk_id_uuid(uuid, &given);
        id = id_of_line(im, im->moved, uuid);
    }
    if (!handle && id == NULL)
        return DBK_OK;
    if (id == NULL) {
        *unknown = text;
        return DBK_NOT_FOUND;
    }
    json_decref(*value);
    *value = id;
    return DBK_OK;
}

static dbk_rc resolve_field(const import_job *im, json_t *holder, const dbk_field *f,
                            const char **unknown);

/* The parts of one object under a field's sub-fields; PRESENT has one reference, "person". */
static dbk_rc resolve_object(const import_job *im, json_t *object, const dbk_field *f,
                             const char **unknown)
{
    static const dbk_field person = { .name = "person", .kind = DBK_FIELD_REF };
    dbk_rc rc = DBK_OK;
    if (!json_is_object(object))
        return DBK_OK;
    if (f->kind == DBK_FIELD_PRESENT)
        return resolve_field(im, object, &person, unknown);
    for (size_t i = 0; rc == DBK_OK && i < f->fields_count; i++)
        rc = resolve_field(im, object, &f->fields[i], unknown);
    return rc;
}

static dbk_rc resolve_item(const import_job *im, json_t *array, size_t i, const dbk_field *f,
                           const char **unknown)
{
    json_t *item = json_incref(json_array_get(array, i));
    dbk_rc rc = DBK_OK;
    if (f->kind == DBK_FIELD_REFS) {
        rc = resolve_value(im, &item, unknown);
        if (rc == DBK_OK)
            (void)json_array_set(array, i, item);
    } else {
        rc = resolve_object(im, item, f, unknown);
    }
    json_decref(item);
    return rc;
}

static dbk_rc resolve_field(const import_job *im, json_t *holder, const dbk_field *f,
                            const char **unknown)
{
    json_t *value = json_incref(json_object_get(holder, f->name));
    dbk_rc rc = DBK_OK;
    if (value == NULL)
        return DBK_OK;
    if (f->kind == DBK_FIELD_REF) {
        rc = resolve_value(im, &value, unknown);
        if (rc == DBK_OK)
            (void)json_object_set(holder, f->name, value);
    } else if (json_is_array(value)) {
        for (size_t i = 0; rc == DBK_OK && i < json_array_size(value); i++)
            rc = resolve_item(im, value, i, f, unknown);
    } else {
        rc = resolve_object(im, value, f, unknown);
    }
    json_decref(value);
    return rc;
}

static dbk_rc resolve_handles(const import_job *im, json_t *fields, const dbk_form *form,
                              const char **unknown)
{
    const dbk_field *rows;
    size_t count = dbk_form_fields(form, &rows);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = resolve_field(im, fields, &rows[i], unknown);
    return rc;
}

static dbk_rc write_or_try(import_job *im, size_t i, const dbk_form *form, json_t *fields,
                           dbk_problems *problems, dbk_err *err)
{
    dbk_input *inputs = NULL;
    size_t count = 0;
    dbk_id record;
    dbk_rc rc = dbk_inputs_from_json(&inputs, &count, fields, err);
    if (rc != DBK_OK)
        return rc;
    if (im->apply) {
        dbk_add add = { im->space, dbk_form_name(form), inputs, count, &im->lines[i].id };
        rc = dbk_batch_add(im->batch, &record, problems, &add, err);
    } else {
        dbk_change change;
        dbk_check_opts opts = { .form = form, .is_new = true };
        dbk_change_init(&change);
        rc = dbk_record_check(&change, problems, &opts, inputs, count, err);
        dbk_change_wipe(&change);
    }
    dbk_free(inputs);
    return rc;
}

/* Is there a record with the line's id? One that is here stays as it is; when the line says
 * something else, the report does so too. */
static dbk_rc held_already(bool *held, import_job *im, size_t i, const json_t *fields, dbk_err *err)
{
    const line *l = &im->lines[i];
    dbk_note *note = NULL;
    json_t *now = NULL;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_query_note(&note, im->c->book, &l->id, &why);
    *held = rc == DBK_OK;
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc == DBK_OK && l->own_id)
        rc = cli_fields_json(&now, NULL, note, &why);
    if (rc == DBK_OK && l->own_id && !json_equal(now, fields)) {
        im->differing++;
        if (im->report == NULL)
            out_note("line %zu: held already, with other values: left as it is here", i + 1);
    }
    json_decref(now);
    dbk_note_free(note);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
}

/* A line whose form is known and whose fields are an object. */
static dbk_rc import_record(import_job *im, size_t i, const dbk_form *form, json_t *fields,
                            dbk_err *err)
{
    const line *l = &im->lines[i];
    dbk_problems problems = { 0 };
    dbk_err why = { 0 };
    const char *unknown = NULL;
    bool held = false;
    if (resolve_handles(im, fields, form, &unknown) != DBK_OK) {
        char text[128];
        (void)snprintf(text, sizeof(text), "no line has the ref \"%.48s\"",
                       out_safe_str(unknown + 1));
        return refuse(im, i, text, NULL, err);
    }
    if (l->same != NULL && !dbk_span_equal(l->same->text, l->text))
        return refuse(im, i, "an earlier line has the same id and says something else", NULL, err);
    dbk_rc rc = held_already(&held, im, i, fields, err);
    if (rc == DBK_OK && (held || l->same != NULL)) {
        im->already++;
        return DBK_OK;
    }
    if (rc != DBK_OK)
        return rc;
    rc = write_or_try(im, i, form, fields, &problems, &why);
    if (rc == DBK_OK)
        im->taken++;
    else if (rc == DBK_INVALID)
        rc = refuse(im, i, "not taken", &problems, err);
    else
        rc = dbk_fail(err, rc, "line %zu: %s", i + 1, why.text);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc import_line(import_job *im, size_t i, dbk_err *err)
{
    json_t *json = NULL;
    dbk_err why = { 0 };
    const dbk_form *form = NULL;
    if (dbk_json_parse(&json, im->lines[i].text, &why) != DBK_OK)
        return refuse(im, i, why.text, NULL, err);
    const char *name = json_string_value(json_object_get(json, "form"));
    json_t *fields = json_object_get(json, "fields");
    dbk_rc rc;
    if (name == NULL || !json_is_object(fields))
        rc = refuse(im, i, "it needs a \"form\" and a \"fields\" object", NULL, err);
    else if (cli_form_find(&form, dbk_book_forms(im->c->book), name, &why) != DBK_OK)
        rc = refuse(im, i, why.text, NULL, err);
    else
        rc = import_record(im, i, form, fields, err);
    dbk_json_free(json);
    return rc;
}

/* Each record's collection is told by itself; that they came from a file isn't: the entry that says
 * so is on the disk with them, or they aren't. */
static dbk_rc flush(import_job *im, dbk_err *err)
{
    const dbk_audit_entry entry = { .op = DBK_AUDIT_IMPORT,
                                    .space = im->space,
                                    .what = "import",
                                    .count = im->taken - im->logged };
    dbk_rc rc = DBK_OK;
    if (entry.count > 0)
        rc = dbk_audit_log_batch(im->batch, &entry, err);
    if (rc == DBK_OK)
        rc = dbk_batch_flush(im->batch, err);
    im->logged = im->taken;
    return rc;
}

static dbk_rc import_all(import_job *im, dbk_err *err)
{
    out_progress bar;
    out_progress_start(&bar);
    dbk_rc rc = im->apply ? dbk_batch_begin(&im->batch, im->c->book, err) : DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < im->count; i++) {
        rc = import_line(im, i, err);
        if (rc == DBK_OK && im->apply && (i + 1) % FLUSH_EVERY == 0)
            rc = flush(im, err);
        out_progress_draw(&bar, im->apply ? "importing" : "checking", i + 1, im->count);
    }
    if (rc == DBK_OK && im->apply)
        rc = flush(im, err);
    dbk_batch_end(im->batch);
    im->batch = NULL;
    out_progress_end(&bar);
    return rc;
}

static dbk_rc say_totals(import_job *im, dbk_err *err)
{
    DBK_ASSERT(im->taken + im->already + im->refused == im->count);
    if (im->c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:O}", "applied",
                                       (int)im->apply, "lines", (json_int_t)im->count, "taken",
                                       (json_int_t)im->taken, "already", (json_int_t)im->already,
                                       "differing", (json_int_t)im->differing, "refused",
                                       (json_int_t)im->refused, "refusals", im->report),
                             err);
    out_text("%zu line%s: %llu %s, %llu held already, %llu refused.\n", im->count,
             im->count == 1 ? "" : "s", (unsigned long long)im->taken,
             im->apply ? "imported" : "would be imported", (unsigned long long)im->already,
             (unsigned long long)im->refused);
    if (!im->apply)
        out_text("Nothing was written. To import: the same command with --apply\n");
    return DBK_OK;
}

static void import_wipe(import_job *im)
{
    dbk_free(im->lines);
    dbk_bytes_wipe(&im->file);
    json_decref(im->handles);
    json_decref(im->moved);
    json_decref(im->report);
}

dbk_rc cmd_import(cli *c, const cli_args *a, dbk_err *err)
{
    import_job job = { .c = c,
                       .apply = cli_option_given(a, "--apply"),
                       .handles = json_object(),
                       .moved = json_object() };
    if (c->format == OUT_JSON)
        job.report = json_array();
    dbk_rc rc = dbk_book_space_find(c->book, &job.space, cli_option_value(a, "--space"), err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &job.space, err);
    if (rc == DBK_OK)
        rc = cli_read_file(&job.file, a->positional[0], err);
    if (rc == DBK_OK)
        rc = split_lines(&job, err);
    if (rc == DBK_OK)
        rc = find_same(&job, err);
    if (rc == DBK_OK)
        rc = import_all(&job, err);
    if (rc == DBK_OK)
        rc = say_totals(&job, err);
    if (rc == DBK_OK && job.refused > 0)
        rc = dbk_fail(err, DBK_INVALID, "%llu of %zu lines refused",
                      (unsigned long long)job.refused, job.count);
    import_wipe(&job);
    return rc;
}
