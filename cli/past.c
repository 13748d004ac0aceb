#include "cli/past.h"

#include <jansson.h>
#include <string.h>

#include "cli/render.h"
#include "cli/safe.h"
#include "cli/words.h"
#include "core/base/text.h"

static dbk_rc append_value(cli *c, dbk_bytes *text, const dbk_note *note,
                           const dbk_state_group *group, dbk_span value, dbk_err *err)
{
    bool life = dbk_span_equal(group->name, dbk_span_str(DBK_GROUP_LIFECYCLE));
    if (cli_safe_hides(c, note, group->name))
        return dbk_bytes_append_str(text, cli_safe_hidden(note), err);
    return cli_group_text(c, text, life ? NULL : note->form, value, err);
}

static dbk_rc print_value(cli *c, const char *before, const dbk_note *note,
                          const dbk_state_group *group, const dbk_past_value *v, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = append_value(c, &text, note, group, v->value, err);
    if (rc == DBK_OK) {
        out_text("%s%s\n", before, out_safe_lines(dbk_bytes_span(&text)));
        out_text("       by %s, written %s, received %s\n", cli_device_name(c, &v->device),
                 cli_time((int64_t)dbk_hlc_ms(v->time)),
                 v->receipt_ms == 0 ? "not yet" : cli_time((int64_t)v->receipt_ms));
    }
    dbk_bytes_wipe(&text);
    return rc;
}

static json_t *value_json(cli *c, const dbk_note *note, const dbk_state_group *group,
                          const dbk_past_value *v)
{
    bool hidden = cli_safe_hides(c, note, group->name);
    return json_pack(
        "{s:o, s:s, s:o, s:o}", "value", hidden ? json_null() : cli_value_json(v->value), "author",
        cli_device_name(c, &v->device), "claimed", cli_time_json((int64_t)dbk_hlc_ms(v->time)),
        "received", cli_time_json((int64_t)v->receipt_ms));
}

/* ---- why ------------------------------------------------------------------------------------- */

dbk_rc cli_past_because(cli *c, const dbk_note *note, const dbk_state_group *group,
                        const dbk_dot *dot, dbk_err *err)
{
    dbk_past *past = NULL;
    if (cli_safe_hides(c, note, group->name)) /* it may well say the same */
        return DBK_OK;
    dbk_rc rc = dbk_past_load(&past, c->book, &note->record, group->name, err);
    const dbk_past_value *v = rc == DBK_OK ? dbk_past_of(past, dot) : NULL;
    if (v != NULL && v->reason.len > 0)
        out_text("       because: %s\n", out_safe(v->reason));
    dbk_past_free(past);
    return rc;
}

json_t *cli_past_because_json(cli *c, const dbk_note *note, const dbk_state_group *group,
                              const dbk_dot *dot)
{
    dbk_past *past = NULL;
    if (cli_safe_hides(c, note, group->name) ||
        dbk_past_load(&past, c->book, &note->record, group->name, NULL) != DBK_OK)
        return json_null();
    const dbk_past_value *v = dbk_past_of(past, dot);
    json_t *json = v == NULL || v->reason.len == 0 ? json_null() : json_string(out_safe(v->reason));
    dbk_past_free(past);
    return json;
}

/* ---- the last value that all had seen -------------------------------------------------------- */

dbk_rc cli_past_common(cli *c, const dbk_note *note, const dbk_state_group *group, dbk_err *err)
{
    dbk_past *past = NULL;
    dbk_rc rc = dbk_past_load(&past, c->book, &note->record, group->name, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_past_value *common = dbk_past_common(past, group);
    if (common == NULL)
        out_text("    before: nothing that all of them had seen\n");
    else
        rc = print_value(c, "    before: ", note, group, common, err);
    dbk_past_free(past);
    return rc;
}

json_t *cli_past_common_json(cli *c, const dbk_note *note, const dbk_state_group *group)
{
    dbk_past *past = NULL;
    if (dbk_past_load(&past, c->book, &note->record, group->name, NULL) != DBK_OK)
        return NULL;
    const dbk_past_value *common = dbk_past_common(past, group);
    json_t *json = common == NULL ? json_null() : value_json(c, note, group, common);
    dbk_past_free(past);
    return json;
}

/* ---- what was decided ------------------------------------------------------------------------ */

static bool is_decided(const dbk_state_group *g)
{
    return g->registers_count == 1 && g->registers[0].kind == DBK_WRITE_RESOLVE;
}

static dbk_rc print_decided(cli *c, const dbk_note *note, const dbk_state_group *g, dbk_err *err)
{
    dbk_past *past = NULL;
    const dbk_past_value *before;
    char number[32];
    dbk_rc rc = dbk_past_load(&past, c->book, &note->record, g->name, err);
    const dbk_past_value *decision = rc == DBK_OK ? dbk_past_decision(past, g) : NULL;
    if (decision != NULL) {
        rc = print_value(c, "  decided: ", note, g, decision, err);
        out_text("       because: %s\n", out_safe(decision->reason));
    }
    for (size_t i = 0; rc == DBK_OK && decision != NULL; i++) {
        before = dbk_past_replaced(past, decision, i);
        if (before == NULL)
            break;
        (void)snprintf(number, sizeof(number), "    %zu  ", i + 1);
        rc = print_value(c, number, note, g, before, err);
    }
    if (rc == DBK_OK && decision != NULL)
        out_text("    To take it back: daybook resolve ID %s=NUMBER --undo --reason TEXT\n",
                 out_safe(g->name));
    dbk_past_free(past);
    return rc;
}

dbk_rc cli_past_decided(cli *c, const dbk_note *note, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < dbk_state_groups(note->state); i++)
        if (is_decided(dbk_state_group_at(note->state, i)))
            rc = print_decided(c, note, dbk_state_group_at(note->state, i), err);
    return rc;
}

static json_t *decided_json(cli *c, const dbk_note *note, const dbk_past *past,
                            const dbk_state_group *g)
{
    const dbk_past_value *before, *decision = dbk_past_decision(past, g);
    if (decision == NULL)
        return json_null();
    json_t *row = value_json(c, note, g, decision), *rows = json_array();
    for (size_t i = 0; (before = dbk_past_replaced(past, decision, i)) != NULL; i++) {
        json_t *one = value_json(c, note, g, before);
        (void)json_object_set_new(one, "choice", json_integer((json_int_t)i + 1));
        (void)json_array_append_new(rows, one);
    }
    (void)json_object_set_new(row, "group", json_string(out_safe(g->name)));
    (void)json_object_set_new(row, "reason", json_string(out_safe(decision->reason)));
    (void)json_object_set_new(row, "instead_of", rows);
    return row;
}

json_t *cli_past_decided_json(cli *c, const dbk_note *note)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_past *past = NULL;
        if (!is_decided(g))
            continue;
        if (dbk_past_load(&past, c->book, &note->record, g->name, NULL) != DBK_OK) {
            json_decref(rows);
            return NULL;
        }
        (void)json_array_append_new(rows, decided_json(c, note, past, g));
        dbk_past_free(past);
    }
    return rows;
}

/* ---- undoing --------------------------------------------------------------------------------- */

static dbk_rc take_replaced(cli *c, dbk_bytes *value, const dbk_note *note,
                            const dbk_state_group *g, uint64_t number, dbk_err *err)
{
    dbk_past *past = NULL;
    dbk_rc rc = dbk_past_load(&past, c->book, &note->record, g->name, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_past_value *before = NULL, *decision = dbk_past_decision(past, g);
    if (decision != NULL && number > 0 && number <= DBK_WRITE_PRED_MAX)
        before = dbk_past_replaced(past, decision, (size_t)number - 1);
    if (before == NULL)
        rc = dbk_fail(err, DBK_USAGE, "the decision took the place of no value with that number");
    else
        rc = dbk_bytes_append(value, before->value, err);
    dbk_past_free(past);
    return rc;
}

dbk_rc cli_past_undo(cli *c, dbk_undo *r, dbk_bytes *value, const dbk_note *note, const char *arg,
                     dbk_err *err)
{
    const char *equals = strchr(arg, '=');
    uint64_t number = 0;
    if (equals == NULL || dbk_u64_parse(&number, dbk_span_str(equals + 1), NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE,
                        "GROUP=NUMBER is needed, as `daybook conflicts ID` shows them");
    const dbk_state_group *g = dbk_state_group_find(note->state,
                                                    dbk_span_of(arg, (size_t)(equals - arg)));
    if (g == NULL || !is_decided(g))
        return dbk_fail(err, DBK_NOT_FOUND, "no decision stands in that group");
    dbk_rc rc = take_replaced(c, value, note, g, number, err);
    if (rc != DBK_OK)
        return rc;
    r->group = g->name;
    r->value = dbk_bytes_span(value);
    return DBK_OK;
}
