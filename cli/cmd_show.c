/* A record, whole: what is shown, what is disputed, and where it stands. */
#include <jansson.h>
#include <string.h>

#include "cli/alike.h"
#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/markers.h"
#include "cli/names.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/score.h"
#include "cli/seen.h"
#include "cli/words.h"

#define VALUE_BESIDE_MAX 40u /* longer values get lines of their own */

static const dbk_state_group *group_of(const dbk_note *note, const dbk_field *field)
{
    const dbk_group *groups;
    (void)dbk_form_groups(note->form, &groups);
    return dbk_state_group_find(note->state, dbk_span_str(groups[field->group].name));
}

static dbk_dispute dispute_of(const dbk_note *note, const dbk_field *field)
{
    const dbk_state_group *g = group_of(note, field);
    if (g == NULL || g->registers_count < 2)
        return DBK_DISPUTE_NONE;
    return dbk_view_group(g, &note->view).dispute;
}

static dbk_rc print_value(cli *c, const dbk_field *field, dbk_span value, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = cli_field_text(c, &text, field, value, err);
    if (rc == DBK_OK && (field->kind == DBK_FIELD_LONGTEXT || text.len > VALUE_BESIDE_MAX)) {
        out_text("  %s:\n", field->label);
        out_wrapped("      ", dbk_bytes_span(&text));
    } else if (rc == DBK_OK) {
        out_text("  %-36s  %s\n", field->label, out_safe(dbk_bytes_span(&text)));
    }
    dbk_bytes_wipe(&text);
    return rc;
}

/* Every standing value of a disputed group, with its author, the shown one first named. */
static dbk_rc print_siblings(cli *c, const dbk_note *note, const dbk_state_group *g, dbk_err *err)
{
    dbk_shown shown = dbk_view_group(g, &note->view);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < g->registers_count; i++) {
        const dbk_sibling *s = &g->registers[i];
        dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
        rc = cli_group_text(c, &text, note->form, s->value, err);
        if (rc == DBK_OK)
            out_text("      %zu%s %s  (%s, %s)\n", i + 1, i == shown.winner ? " shown:" : ":      ",
                     out_safe(dbk_bytes_span(&text)), cli_author_name(c, &s->dot),
                     cli_time((int64_t)dbk_hlc_ms(s->time)));
        dbk_bytes_wipe(&text);
    }
    return rc;
}

static dbk_rc print_field(cli *c, const dbk_note *note, const dbk_field *field, dbk_err *err)
{
    dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_span value;
    dbk_rc rc = dbk_view_field(&value, &scratch, note->state, field, &note->view, err);
    bool hidden = cli_safe_hides_field(c, note, field);
    if (rc == DBK_OK && value.len > 0 && hidden)
        out_text("  %-36s  %s\n", field->label, cli_safe_hidden(note));
    else if (rc == DBK_OK && value.len > 0)
        rc = print_value(c, field, value, err);
    dbk_dispute dispute = hidden ? DBK_DISPUTE_NONE : dispute_of(note, field);
    if (rc == DBK_OK && dispute != DBK_DISPUTE_NONE) {
        out_text("    ! %s: %s\n", field->label, cli_dispute_word(dispute));
        rc = print_siblings(c, note, group_of(note, field), err);
    }
    dbk_bytes_wipe(&scratch);
    return rc;
}

/* What the form doesn't know is shown as it stands, never hidden (design.md section 5). */
static dbk_rc print_unknown(const cli *c, const dbk_note *note, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        if (note->form != NULL && dbk_form_group(note->form, g->name) != NULL)
            continue;
        if (dbk_span_equal(g->name, dbk_span_str(DBK_GROUP_LIFECYCLE)))
            continue;
        if (cli_safe_hides(c, note, g->name)) {
            out_text("  %-36s  %s\n", out_safe(g->name), cli_safe_hidden(note));
            continue;
        }
        const dbk_sibling *lists[] = { g->registers, g->elements, g->entries };
        const size_t counts[] = { g->registers_count, g->elements_count, g->entries_count };
        for (size_t k = 0; rc == DBK_OK && k < 3; k++) {
            for (size_t n = 0; rc == DBK_OK && n < counts[k]; n++) {
                dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
                rc = dbk_value_to_text(&text, NULL, lists[k][n].value, err);
                if (rc == DBK_OK)
                    out_text("  %-36s  %s\n", out_safe(g->name), out_safe(dbk_bytes_span(&text)));
                dbk_bytes_wipe(&text);
            }
        }
    }
    return rc;
}

static dbk_rc show_text(cli *c, const dbk_note *note, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_dispute dispute;
    dbk_dot first = { 0 };
    dbk_hlc began = 0;
    const dbk_field *fields = NULL;
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &fields);
    dbk_id_uuid(uuid, &note->record);
    dbk_life life = dbk_view_life(note->state, &note->view, &dispute);
    out_text(OUT_MARKING "\n%s  %s\n",
             note->form == NULL ? out_safe(dbk_note_form(note)) : dbk_form_title(note->form), uuid);
    if (dbk_state_created(note->state, &first, &began))
        out_text("%s in \"%s\"; %s\nbegun by %s on %s\n", dbk_life_name(life),
                 cli_space_name(c, &note->space), cli_carriage_word(note->carriage),
                 cli_author_name(c, &first), cli_time((int64_t)dbk_hlc_ms(began)));
    if (dispute != DBK_DISPUTE_NONE)
        out_text("! whether it is live, signed or withdrawn is disputed\n");
    if (dbk_state_reviews(note->state, NULL) > 0)
        out_text("! two people changed this record without seeing each other's change: look it "
                 "over\n");
    uint64_t late = 0;
    dbk_rc rc = dbk_late_hours(&late, note, err);
    if (rc == DBK_OK && late > 0)
        out_text("! late entry: begun %llu hours after it happened\n", (unsigned long long)late);
    if (note->form == NULL)
        out_text("This form isn't known here: the fields are shown as they came.\n");
    if (rc == DBK_OK)
        rc = cli_markers_text(c, &note->record, err);
    if (rc == DBK_OK)
        rc = cli_linked_print(c, note, err);
    out_text("\n");
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = print_field(c, note, &fields[i], err);
    if (rc == DBK_OK)
        rc = cli_score_print(c, note, err);
    if (rc == DBK_OK)
        rc = print_unknown(c, note, err);
    return rc;
}

static json_t *sibling_json(cli *c, const dbk_sibling *s)
{
    dbk_authorship author = { 0 };
    char hex[DBK_ID_HEX_SIZE], feed[DBK_ID_HEX_SIZE];
    if (dbk_query_author(c->book, &author, &s->dot, NULL) != DBK_OK)
        author = (dbk_authorship){ 0 };
    dbk_id_hex(hex, &author.device);
    dbk_id_hex(feed, &s->dot.feed);
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:s, s:I}", "value", cli_value_json(s->value),
                     "author", cli_device_name(c, &author.device), "device", hex, "claimed",
                     cli_time_json((int64_t)dbk_hlc_ms(s->time)), "received",
                     cli_time_json((int64_t)author.receipt_ms), "feed", feed, "seq",
                     (json_int_t)s->dot.seq);
}

static json_t *disputes_json(cli *c, const dbk_note *note)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        if (g->registers_count < 2)
            continue;
        dbk_shown shown = dbk_view_group(g, &note->view);
        if (shown.dispute == DBK_DISPUTE_NONE || cli_safe_hides(c, note, g->name))
            continue;
        json_t *values = json_array();
        for (size_t k = 0; k < g->registers_count; k++)
            (void)json_array_append_new(values, sibling_json(c, &g->registers[k]));
        (void)json_array_append_new(
            rows, json_pack("{s:s%, s:s, s:I, s:o}", "group", (const char *)g->name.p, g->name.len,
                            "why", cli_dispute_code(shown.dispute), "shown",
                            (json_int_t)shown.winner + 1, "values", values));
    }
    return rows;
}

static json_t *unknown_json(const cli *c, const dbk_note *note)
{
    json_t *out = json_object();
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        char name[DBK_NAME_BYTES_MAX + 1] = "";
        if ((note->form != NULL && dbk_form_group(note->form, g->name) != NULL) ||
            g->name.len > DBK_NAME_BYTES_MAX || cli_safe_hides(c, note, g->name))
            continue;
        memcpy(name, g->name.p, g->name.len);
        json_t *values = json_array();
        for (size_t n = 0; n < g->registers_count; n++)
            (void)json_array_append_new(values, cli_value_json(g->registers[n].value));
        for (size_t n = 0; n < g->elements_count; n++)
            (void)json_array_append_new(values, cli_value_json(g->elements[n].value));
        for (size_t n = 0; n < g->entries_count; n++)
            (void)json_array_append_new(values, cli_value_json(g->entries[n].value));
        (void)json_object_set_new(out, name, values);
    }
    return out;
}

static dbk_rc show_json(cli *c, const dbk_note *note, json_t *safe, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], space[DBK_ID_HEX_SIZE];
    dbk_dispute dispute;
    dbk_span form = dbk_note_form(note);
    json_t *fields = NULL;
    dbk_id_uuid(uuid, &note->record);
    dbk_id_hex(space, &note->space);
    json_t *markers = NULL, *score = NULL;
    uint64_t late = 0;
    dbk_rc rc = dbk_late_hours(&late, note, err);
    if (rc == DBK_OK)
        rc = cli_fields_json(&fields, c, note, err);
    if (rc == DBK_OK)
        rc = cli_markers_json(&markers, c, &note->record, err);
    if (rc == DBK_OK)
        rc = cli_score_json(&score, note, err);
    if (rc != DBK_OK) {
        json_decref(fields);
        json_decref(markers);
        return rc;
    }
    json_t *answer = json_pack(
        "{s:s, s:s%, s:i, s:s, s:s, s:s, s:I, s:o, s:O*, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "id",
        uuid, "form", (const char *)form.p, form.len, "version",
        (int)dbk_state_form_version(note->state), "space", space, "state",
        dbk_life_name(dbk_view_life(note->state, &note->view, &dispute)), "carriage",
        cli_carriage_code(note->carriage), "late_hours", (json_int_t)late, "markers", markers,
        "safe_contact", safe, "score", score, "fields", fields, "disputes", disputes_json(c, note),
        "other", unknown_json(c, note), "reviews", (json_int_t)dbk_state_reviews(note->state, NULL),
        "same_person", cli_linked_json(c, note), "seen", cli_seen_json(note));
    return out_json_take(cli_names_add(c, answer), err);
}

dbk_rc cmd_show(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_note *note = NULL;
    json_t *safe = NULL;
    dbk_id record;
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &record, err);
    if (rc == DBK_OK)
        rc = cli_look(c, note, "show", err);
    if (rc == DBK_OK)
        rc = cli_safe_meet(c->format == OUT_JSON ? &safe : NULL, c, a, note, err);
    if (rc == DBK_OK && cli_safe_was_met(c, note))
        rc = cli_look(c, note, "safe contact read", err);
    if (rc == DBK_OK)
        rc = c->format == OUT_JSON ? show_json(c, note, safe, err) : show_text(c, note, err);
    json_decref(safe);
    dbk_note_free(note);
    return rc;
}
