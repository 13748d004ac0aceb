/* The directory as others publish it (HSDS 3.0): directory import, export. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/day.h"

typedef struct job {
    cli *c;
    dbk_id space;
    bool apply;
    dbk_hsds file;
    dbk_problems problems;
    uint64_t counts[5]; /* by dbk_hsds_verdict */
    uint64_t kept;
} job;

static const dbk_form *service_form(const cli *c)
{
    return dbk_forms_find(dbk_book_forms(c->book), dbk_span_str(DBK_OFFER_FORM), 0);
}

/* ---- import ---------------------------------------------------------------------------------- */

static dbk_rc write_new(job *j, const dbk_hsds_service *s, const dbk_input *inputs, size_t count,
                        dbk_err *err)
{
    dbk_problems problems = { 0 };
    dbk_id record;
    const dbk_add add = { j->space, DBK_OFFER_FORM, inputs, count, &s->id };
    dbk_rc rc = dbk_journal_add(j->c->book, &record, &problems, &add, err);
    if (rc == DBK_INVALID)
        rc = cli_refuse(j->c, rc, "the import stopped", &problems, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc write_changes(job *j, const dbk_hsds_service *s, const dbk_input *inputs,
                            size_t count, dbk_err *err)
{
    dbk_problems problems = { 0 };
    const dbk_edit edit = { s->id, inputs, count, NULL };
    dbk_rc rc = dbk_journal_edit(j->c->book, &problems, &edit, err);
    if (rc == DBK_INVALID)
        rc = cli_refuse(j->c, rc, "the import stopped", &problems, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc write_one(job *j, const dbk_hsds_service *s, const dbk_hsds_change *change,
                        dbk_err *err)
{
    dbk_input *inputs = NULL;
    size_t count = 0;
    dbk_rc rc = dbk_inputs_from_json(&inputs, &count, change->fields, err);
    if (rc == DBK_OK)
        rc = change->verdict == DBK_HSDS_NEW ? write_new(j, s, inputs, count, err)
                                             : write_changes(j, s, inputs, count, err);
    dbk_free(inputs);
    return rc;
}

static dbk_rc take_one(job *j, const dbk_hsds_service *s, bool write, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_hsds_change change;
    dbk_rc rc = dbk_hsds_compare(&change, j->c->book, s, err);
    dbk_id_uuid(uuid, &s->id);
    bool changes = change.verdict == DBK_HSDS_NEW || change.verdict == DBK_HSDS_CHANGED;
    if (rc == DBK_OK && change.verdict == DBK_HSDS_OTHER)
        rc = dbk_problems_add(&j->problems, DBK_PROBLEM, uuid, err,
                              "id: %s is here the id of something that is no service", uuid);
    if (rc == DBK_OK && !write) {
        j->counts[change.verdict]++;
        j->kept += change.kept;
    }
    if (rc == DBK_OK && write && changes)
        rc = write_one(j, s, &change, err);
    dbk_hsds_change_wipe(&change);
    return rc;
}

static dbk_rc take_all(job *j, bool write, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < j->file.count; i++)
        rc = take_one(j, &j->file.services[i], write, err);
    return rc;
}

static dbk_rc import_json(const job *j, dbk_err *err)
{
    json_t *left = json_array();
    for (size_t i = 0; i < j->file.left_out_count; i++)
        (void)json_array_append_new(left, json_pack("{s:s, s:I}", "path",
                                                    out_safe_str(j->file.left_out[i].path), "count",
                                                    (json_int_t)j->file.left_out[i].count));
    return out_json_take(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "applied",
                                   (int)j->apply, "services", (json_int_t)j->file.count, "new",
                                   (json_int_t)j->counts[DBK_HSDS_NEW], "changed",
                                   (json_int_t)j->counts[DBK_HSDS_CHANGED], "same",
                                   (json_int_t)j->counts[DBK_HSDS_SAME], "withdrawn",
                                   (json_int_t)j->counts[DBK_HSDS_WITHDRAWN], "kept",
                                   (json_int_t)j->kept, "left_out", left),
                         err);
}

static dbk_rc say_import(const job *j, dbk_err *err)
{
    if (j->c->format == OUT_JSON)
        return import_json(j, err);
    out_text("%zu services: %llu new, %llu changed, %llu as they are here\n", j->file.count,
             (unsigned long long)j->counts[DBK_HSDS_NEW],
             (unsigned long long)j->counts[DBK_HSDS_CHANGED],
             (unsigned long long)j->counts[DBK_HSDS_SAME]);
    if (j->counts[DBK_HSDS_WITHDRAWN] > 0)
        out_text("%llu were withdrawn here, and stay so\n",
                 (unsigned long long)j->counts[DBK_HSDS_WITHDRAWN]);
    if (j->kept > 0)
        out_text("%llu answers are more protective here, and stay: edit them with a reason\n",
                 (unsigned long long)j->kept);
    for (size_t i = 0; i < j->file.left_out_count; i++)
        out_text("left out: %s (%llu)\n", out_safe_str(j->file.left_out[i].path),
                 (unsigned long long)j->file.left_out[i].count);
    if (!j->apply)
        out_text("Nothing was written: --apply writes.\n");
    return DBK_OK;
}

/* An id of a kind that only Daybook gives out, and not one of a service in this space: the same one
 * follows from it each time. */
static dbk_rc fit_ids(job *j, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < j->file.count; i++) {
        dbk_id *id = &j->file.services[i].id;
        rc = cli_fit_id(j->c, id, &j->space, DBK_OFFER_FORM, err);
    }
    return rc;
}

static dbk_rc check_hq(const job *j, dbk_err *err)
{
    dbk_role role = dbk_book_role(j->c->book, &j->space);
    if (role != DBK_ROLE_HQ && role != DBK_ROLE_ADMIN)
        return dbk_fail(err, DBK_DENIED,
                        "the directory is imported at headquarters: an officer "
                        "corrects one service by daybook directory correct");
    return dbk_book_check_write(j->c->book, &j->space, err);
}

static dbk_rc import_file(job *j, const char *path, dbk_err *err)
{
    dbk_bytes text = { 0 };
    dbk_rc rc = cli_read_file(&text, path, err);
    if (rc == DBK_OK)
        rc = dbk_hsds_read(&j->file, &j->problems, service_form(j->c), dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    if (rc == DBK_OK)
        rc = fit_ids(j, err);
    if (rc == DBK_OK)
        rc = take_all(j, false, err);
    if (rc == DBK_OK && j->problems.faults > 0)
        rc = dbk_fail(err, DBK_INVALID, "the file has faults");
    if (rc == DBK_INVALID)
        return cli_refuse(j->c, rc, "nothing was imported", &j->problems, err);
    if (rc == DBK_OK && j->apply)
        rc = take_all(j, true, err);
    const dbk_audit_entry entry = { .op = DBK_AUDIT_IMPORT,
                                    .space = j->space,
                                    .what = "directory import",
                                    .count = j->counts[DBK_HSDS_NEW] +
                                             j->counts[DBK_HSDS_CHANGED] };
    if (rc == DBK_OK && j->apply && entry.count > 0)
        rc = dbk_audit_log(j->c->book, &entry, err);
    return rc == DBK_OK ? say_import(j, err) : rc;
}

dbk_rc cmd_directory_import(cli *c, const cli_args *a, dbk_err *err)
{
    job j = { .c = c, .apply = cli_option_given(a, "--apply") };
    dbk_rc rc = dbk_book_space_find(c->book, &j.space, cli_option_value(a, "--space"), err);
    if (rc == DBK_OK)
        rc = check_hq(&j, err);
    if (rc == DBK_OK)
        rc = import_file(&j, a->positional[0], err);
    dbk_hsds_wipe(&j.file);
    dbk_problems_wipe(&j.problems);
    return rc;
}

/* ---- export ---------------------------------------------------------------------------------- */

typedef struct export_list {
    cli *c;
    json_t *rows;
    uint64_t unnamed;
} export_list;

static dbk_rc export_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    export_list *e = ctx;
    dbk_note *note = NULL;
    json_t *fields = NULL, *one = NULL;
    if (dbk_book_is_restricted(e->c->book,
                               &row->space)) /* who may know of it is told of it there */
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&note, e->c->book, &row->record, err);
    if (rc == DBK_OK)
        rc = cli_fields_json(&fields, e->c, note, err);
    if (rc == DBK_OK)
        rc = dbk_hsds_write(&one, service_form(e->c), &row->record, fields, row->updated_ms, err);
    if (rc == DBK_INVALID) { /* a draft that has no name yet */
        dbk_err_clear(err);
        e->unnamed++;
        rc = DBK_OK;
    } else if (rc == DBK_OK && json_array_append_new(e->rows, one) != 0)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the services");
    json_decref(fields);
    dbk_note_free(note);
    return rc;
}

static dbk_rc export_hsds(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_list_opts opts = { .form = DBK_OFFER_FORM, .since_ms = INT64_MIN };
    export_list e = { c, json_array(), 0 };
    dbk_rc rc = dbk_query_list(c->book, &opts, export_row, &e, err);
    if (rc == DBK_OK && a->count == 1)
        rc = out_redirect(a->positional[0], err);
    if (rc == DBK_OK && e.unnamed > 0)
        out_note("%llu without a name left out", (unsigned long long)e.unnamed);
    if (rc == DBK_OK)
        return out_json_take(e.rows, err);
    json_decref(e.rows);
    return rc;
}

/* ---- export for maps and spreadsheets -------------------------------------------------------- */

typedef struct map_job {
    cli *c;
    json_t *features; /* or NULL: rows of csv */
    dbk_bytes csv;
} map_job;

static dbk_rc map_one(map_job *m, const dbk_directory_hit *hit, dbk_err *err)
{
    dbk_note *note = NULL;
    json_t *fields = NULL, *feature = NULL;
    dbk_rc rc = dbk_query_note(&note, m->c->book, &hit->record, err);
    bool restricted = rc == DBK_OK && dbk_book_is_restricted(m->c->book, &note->space);
    if (rc == DBK_OK && !restricted)
        rc = cli_fields_json(&fields, m->c, note, err);
    if (rc == DBK_OK && !restricted && m->features == NULL)
        rc = dbk_map_csv_row(&m->csv, hit, fields, err);
    else if (rc == DBK_OK && !restricted)
        rc = dbk_map_feature(&feature, hit, fields, err);
    if (feature != NULL && json_array_append_new(m->features, feature) != 0)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the map");
    json_decref(fields);
    dbk_note_free(note);
    return rc;
}

static dbk_rc map_all(map_job *m, dbk_err *err)
{
    dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID, .with_closed = true };
    dbk_directory_hit *rows = NULL;
    size_t count = 0;
    dbk_rc rc = cli_when_today(&ask.today, (int64_t)dbk_env_system()->now_ms(NULL), err);
    ask.today /= DBK_DAY_MS;
    if (rc == DBK_OK)
        rc = dbk_directory_find(&rows, &count, m->c->book, &ask, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = map_one(m, &rows[i], err);
    dbk_free(rows);
    return rc;
}

static dbk_rc export_map(cli *c, const cli_args *a, bool csv, dbk_err *err)
{
    map_job m = { .c = c, .features = csv ? NULL : json_array() };
    dbk_bytes_init(&m.csv, DBK_MAP_CSV_BYTES_MAX);
    dbk_rc rc = csv ? dbk_map_csv_head(&m.csv, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = map_all(&m, err);
    if (rc == DBK_OK && a->count == 1)
        rc = out_redirect(a->positional[0], err);
    if (rc == DBK_OK && csv)
        out_text("%.*s", (int)m.csv.len, (const char *)m.csv.p);
    else if (rc == DBK_OK)
        rc = out_json_take(dbk_map_collection_take(json_incref(m.features)), err);
    json_decref(m.features);
    dbk_bytes_wipe(&m.csv);
    return rc;
}

dbk_rc cmd_directory_export(cli *c, const cli_args *a, dbk_err *err)
{
    const char *format = cli_option_value(a, "--format");
    c->gives_out = true;
    if (format == NULL || strcmp(format, "hsds") == 0)
        return export_hsds(c, a, err);
    if (strcmp(format, "csv") == 0 || strcmp(format, "geojson") == 0)
        return export_map(c, a, strcmp(format, "csv") == 0, err);
    return dbk_fail(err, DBK_USAGE, "--format is hsds, geojson or csv");
}
