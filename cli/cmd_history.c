/* Who wrote what on a record, when claimed and when received. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/words.h"

typedef struct telling {
    cli *c;
    dbk_note *note;
    json_t *rows;
} telling;

static const char *kind_word(uint64_t kind)
{
    switch (kind) {
    case DBK_WRITE_SET:
        return "wrote";
    case DBK_WRITE_ADD:
        return "added";
    case DBK_WRITE_REMOVE:
        return "took away";
    case DBK_WRITE_APPEND:
        return "entered";
    case DBK_WRITE_COUNT:
        return "counted";
    case DBK_WRITE_LIFECYCLE:
        return "set the record to:";
    case DBK_WRITE_ATTACH:
        return "attached";
    case DBK_WRITE_RESOLVE:
        return "decided";
    default:
        return "did something this version doesn't know to";
    }
}

static const char *kind_code(uint64_t kind)
{
    static const char *const codes[] = {
        [DBK_WRITE_SET] = "set",       [DBK_WRITE_ADD] = "add",
        [DBK_WRITE_REMOVE] = "remove", [DBK_WRITE_APPEND] = "append",
        [DBK_WRITE_COUNT] = "count",   [DBK_WRITE_LIFECYCLE] = "lifecycle",
        [DBK_WRITE_ATTACH] = "attach", [DBK_WRITE_RESOLVE] = "resolve",
    };
    const char *code = kind < sizeof(codes) / sizeof(codes[0]) ? codes[kind] : NULL;
    return code == NULL ? "unknown" : code;
}

static dbk_rc print_write(cli *c, const dbk_note *note, const dbk_write *w, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = dbk_bytes_append_fmt(&text, err, "%s ", kind_word(w->kind));
    if (rc == DBK_OK && dbk_span_equal(w->group, dbk_span_str(DBK_GROUP_REVIEW)))
        rc = dbk_bytes_append_str(&text, "that the record stands as it is", err);
    else if (rc == DBK_OK && dbk_span_equal(w->group, dbk_span_str(DBK_GROUP_LIFECYCLE)))
        rc = cli_group_text(c, &text, NULL, w->value, err);
    else if (rc == DBK_OK && cli_safe_hides(c, note, w->group))
        rc = dbk_bytes_append_fmt(&text, err, "%s: %s", out_safe(w->group), cli_safe_hidden(note));
    else if (rc == DBK_OK)
        rc = cli_group_line(c, &text, note, w->group, w->value, err);
    if (rc == DBK_OK)
        out_wrapped("    ", dbk_bytes_span(&text));
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc print_reason(dbk_span reason, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = dbk_bytes_append_str(&text, "because: ", err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&text, reason, err);
    if (rc == DBK_OK)
        out_wrapped("    ", dbk_bytes_span(&text));
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc cmd_history_event(cli *c, const dbk_note *note, const dbk_event *e, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    out_text("%s  %s", cli_time((int64_t)dbk_hlc_ms(e->time)), cli_device_name(c, &e->device));
    if (e->receipt_ms != 0)
        out_text("  (received %s)", cli_time((int64_t)e->receipt_ms));
    else
        out_text("  (%s)", cli_carriage_word(e->carriage));
    out_text("%s%s\n", e->doubt ? "  ! the device's clock is in doubt" : "",
             e->after_end ? "  ! a guest's, whose time was over" : "");
    for (size_t i = 0; rc == DBK_OK && i < e->op->writes_count; i++)
        rc = print_write(c, note, &e->op->writes[i], err);
    if (rc == DBK_OK && e->op->reason.len > 0)
        rc = print_reason(e->op->reason, err);
    return rc;
}

static json_t *write_json(const cli *c, const dbk_note *note, const dbk_write *w)
{
    bool hidden = cli_safe_hides(c, note, w->group);
    json_t *row = json_pack("{s:s, s:s%, s:o}", "did", kind_code(w->kind), "group",
                            (const char *)w->group.p, w->group.len, "value",
                            hidden ? json_null() : cli_value_json(w->value));
    if (hidden)
        (void)json_object_set_new(row, "withheld", json_true());
    return row;
}

json_t *cmd_history_event_json(cli *c, const dbk_note *note, const dbk_event *e)
{
    char device[DBK_ID_HEX_SIZE], feed[DBK_ID_HEX_SIZE];
    json_t *writes = json_array();
    for (size_t i = 0; i < e->op->writes_count; i++)
        (void)json_array_append_new(writes, write_json(c, note, &e->op->writes[i]));
    dbk_id_hex(device, &e->device);
    dbk_id_hex(feed, &e->dot.feed);
    json_t *row = json_pack("{s:s, s:s, s:o, s:o, s:b, s:b, s:s, s:s, s:I, s:o}", "author",
                            cli_device_name(c, &e->device), "device", device, "claimed",
                            cli_time_json((int64_t)dbk_hlc_ms(e->time)), "received",
                            cli_time_json((int64_t)e->receipt_ms), "doubt", (int)e->doubt,
                            "after_end", (int)e->after_end, "carriage",
                            cli_carriage_code(e->carriage), "feed", feed, "seq",
                            (json_int_t)e->dot.seq, "writes", writes);
    if (e->op->reason.len > 0)
        (void)json_object_set_new(row, "reason",
                                  json_stringn((const char *)e->op->reason.p, e->op->reason.len));
    return row;
}

static dbk_rc take_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    telling *t = ctx;
    if (t->rows == NULL)
        return cmd_history_event(t->c, t->note, e, err);
    return json_array_append_new(t->rows, cmd_history_event_json(t->c, t->note, e)) == 0
               ? DBK_OK
               : dbk_fail(err, DBK_NOMEM, "no memory for the history");
}

static dbk_rc tell_lacks(cli *c, const dbk_id *record, dbk_err *err)
{
    uint64_t lacks = 0;
    dbk_rc rc = dbk_query_history_lacks(c->book, &lacks, record, err);
    if (rc == DBK_OK && lacks > 0)
        out_note("%llu earlier change%s of it came with headquarters' snapshot and %s not on this "
                 "device: daybook snapshot fetch",
                 (unsigned long long)lacks, cli_plural(lacks), lacks == 1 ? "is" : "are");
    return rc;
}

dbk_rc cmd_history(cli *c, const cli_args *a, dbk_err *err)
{
    telling t = { .c = c, .rows = c->format == OUT_JSON ? json_array() : NULL };
    dbk_id record;
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&t.note, c->book, &record, err);
    if (rc == DBK_OK)
        rc = cli_look(c, t.note, "history", err);
    if (rc == DBK_OK)
        rc = cli_safe_meet(NULL, c, a, t.note, err);
    if (rc == DBK_OK && cli_safe_was_met(c, t.note))
        rc = cli_look(c, t.note, "safe contact read", err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        out_mark();
    if (rc == DBK_OK)
        rc = dbk_query_history(c->book, &record, take_event, &t, err);
    if (rc == DBK_OK)
        rc = tell_lacks(c, &record, err);
    if (rc == DBK_OK && t.rows != NULL)
        rc = out_json_take(json_incref(t.rows), err);
    json_decref(t.rows);
    dbk_note_free(t.note);
    return rc;
}
