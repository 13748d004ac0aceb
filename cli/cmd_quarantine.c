/* What stands aside, and the decision about it: quarantine list, show, admit, refuse. */
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

#define TYPED_DIGITS_MIN 6u

/* ---- which one is meant -------------------------------------------------------------------- */

typedef struct finding {
    char digits[DBK_ID_HEX_SIZE];
    dbk_id id;
    size_t found;
} finding;

static dbk_rc look(void *ctx, const dbk_aside *a, dbk_err *err)
{
    finding *f = ctx;
    char hex[DBK_ID_HEX_SIZE];
    (void)err;
    dbk_id_hex(hex, &a->id);
    if (strncmp(hex, f->digits, strlen(f->digits)) == 0) {
        f->id = a->id;
        f->found++;
    }
    return DBK_OK;
}

static dbk_rc find_aside(dbk_id *out, cli *c, const char *typed, dbk_err *err)
{
    finding f = { .found = 0 };
    size_t len = 0;
    for (const char *p = typed; *p != '\0'; p++) {
        if (*p == '-')
            continue;
        if (!isxdigit((unsigned char)*p) || len + 1 == sizeof(f.digits))
            return dbk_fail(err, DBK_INVALID, "\"%.40s\" is no id", out_safe_str(typed));
        f.digits[len++] = (char)tolower((unsigned char)*p);
    }
    if (len < TYPED_DIGITS_MIN)
        return dbk_fail(err, DBK_INVALID, "at least %u digits of the id are needed",
                        TYPED_DIGITS_MIN);
    dbk_rc rc = dbk_quarantine_each(c->book, look, &f, err);
    if (rc == DBK_OK && f.found == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "nothing stands aside under the id %.40s",
                      out_safe_str(typed));
    if (rc == DBK_OK && f.found > 1)
        rc = dbk_fail(err, DBK_CONFLICT, "more than one id begins with %.40s; give more of it",
                      out_safe_str(typed));
    *out = f.id;
    return rc;
}

/* ---- list ---------------------------------------------------------------------------------- */

static const char *ruling_code(const dbk_aside *a)
{
    switch (a->ruling) {
    case DBK_RULING_REFUSED:
        return "refused";
    case DBK_RULING_ADMITTED:
        return "admitted";
    case DBK_RULING_NONE:
        break;
    }
    return a->decidable ? "open" : "none";
}

static const char *author_of(cli *c, const dbk_aside *a)
{
    return dbk_id_is_zero(&a->device) ? "somebody who isn't known here"
                                      : cli_device_name(c, &a->device);
}

static void print_aside(cli *c, const dbk_aside *a)
{
    out_text("%s  %u change%s by %s\n", cli_short_id(&a->id), a->ops, cli_plural(a->ops),
             author_of(c, a));
    if (a->receipt_ms != 0)
        out_text("  received %s\n", cli_time((int64_t)a->receipt_ms));
    if (!a->readable)
        out_text("  can't be read on this device\n");
    else
        out_text("  written %s\n", cli_time((int64_t)a->claimed_ms));
    if (a->readable)
        out_text("  %s: %s\n", out_safe(a->form),
                 a->summary[0] == '\0' ? "a change" : out_safe_str(a->summary));
    if (a->readable && a->taken)
        out_text("  about record %s\n", cli_short_id(&a->about));
    out_text("  %s%s\n", out_safe_str(a->why),
             a->ruling == DBK_RULING_REFUSED    ? " (kept out so far)"
             : a->ruling == DBK_RULING_ADMITTED ? " (let in: it waits for what it builds on)"
                                                : "");
}

static json_t *aside_json(cli *c, const dbk_aside *a)
{
    char uuid[DBK_ID_UUID_SIZE], space[DBK_ID_HEX_SIZE], device[DBK_ID_HEX_SIZE];
    char hash[2 * sizeof(a->hash) + 1], prev[2 * sizeof(a->prev) + 1];
    dbk_hex_print(hash, dbk_span_of(a->hash.b, sizeof(a->hash.b)));
    dbk_hex_print(prev, dbk_span_of(a->prev.b, sizeof(a->prev.b)));
    dbk_id_uuid(uuid, &a->id);
    dbk_id_hex(space, &a->space);
    dbk_id_hex(device, &a->device);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:b, s:b}",
                            "id", uuid, "space", space, "author", author_of(c, a), "device", device,
                            "hash", hash, "prev", prev, "first_seq", (json_int_t)a->first_seq,
                            "ops", (json_int_t)a->ops, "received",
                            cli_time_json((int64_t)a->receipt_ms), "why", a->why, "decision",
                            ruling_code(a), "readable", (int)a->readable, "taken", (int)a->taken);
    if (a->readable) {
        dbk_id_uuid(uuid, &a->about);
        (void)json_object_set_new(row, "record", json_string(uuid));
        (void)json_object_set_new(row, "claimed", cli_time_json((int64_t)a->claimed_ms));
        (void)json_object_set_new(row, "form", json_stringn((const char *)a->form.p, a->form.len));
        (void)json_object_set_new(row, "summary", json_string(out_safe_str(a->summary)));
    }
    return row;
}

typedef struct listing {
    cli *c;
    const dbk_id *only; /* or NULL */
    uint64_t count, open;
} listing;

static dbk_rc take_aside(void *ctx, const dbk_aside *a, dbk_err *err)
{
    listing *l = ctx;
    if (l->only != NULL && !dbk_id_equal(l->only, &a->id))
        return DBK_OK;
    if (!cli_shows(l->c, &a->space))
        return l->only == NULL ? DBK_OK : cli_looks_allowed(l->c, &a->space, err);
    l->count++;
    l->open += a->decidable && a->ruling == DBK_RULING_NONE ? 1 : 0;
    if (l->c->format == OUT_JSON && l->only == NULL)
        return out_json_take(aside_json(l->c, a), err);
    if (l->c->format == OUT_TEXT)
        print_aside(l->c, a);
    return DBK_OK;
}

dbk_rc cmd_quarantine_list(cli *c, const cli_args *a, dbk_err *err)
{
    listing l = { .c = c };
    (void)a;
    dbk_rc rc = dbk_quarantine_each(c->book, take_aside, &l, err);
    if (rc != DBK_OK || c->format == OUT_JSON)
        return rc;
    if (l.count == 0)
        out_text("Nothing stands aside.\n");
    else if (l.open > 0)
        out_text("\nTo decide, as a supervisor or at headquarters: daybook quarantine admit ID "
                 "--reason TEXT\n");
    return DBK_OK;
}

/* ---- show ---------------------------------------------------------------------------------- */

typedef struct telling {
    cli *c;
    json_t *rows; /* NULL: as text */
} telling;

static dbk_rc take_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    telling *t = ctx;
    char uuid[DBK_ID_UUID_SIZE];
    const dbk_note note = { .form = dbk_forms_find(dbk_book_forms(t->c->book), e->op->form, 0) };
    dbk_id_uuid(uuid, &e->op->record);
    if (t->rows != NULL) {
        json_t *row = cmd_history_event_json(t->c, &note, e);
        (void)json_object_set_new(row, "record", json_string(uuid));
        return json_array_append_new(t->rows, row) == 0
                   ? DBK_OK
                   : dbk_fail(err, DBK_NOMEM, "no memory for the notes");
    }
    out_text("\n%s  %s\n", uuid, out_safe(e->op->form));
    return cmd_history_event(t->c, &note, e, err);
}

dbk_rc cmd_quarantine_show(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id id;
    telling t = { .c = c };
    dbk_rc rc = find_aside(&id, c, a->positional[0], err);
    listing l = { .c = c, .only = &id };
    if (rc == DBK_OK)
        rc = dbk_quarantine_each(c->book, take_aside, &l, err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        t.rows = json_array();
    if (rc == DBK_OK)
        rc = dbk_quarantine_notes(c->book, &id, take_event, &t, err);
    if (rc == DBK_OK && t.rows != NULL)
        return out_json_take(t.rows, err);
    json_decref(t.rows);
    return rc;
}

/* ---- admit, refuse ------------------------------------------------------------------------- */

static dbk_rc decide(cli *c, const cli_args *a, bool admit, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    uint64_t merged = 0;
    dbk_decision d = { .admit = admit, .reason = cli_option_value(a, "--reason") };
    if (d.reason == NULL || d.reason[0] == '\0')
        return dbk_fail(err, DBK_USAGE, "--reason is needed: it stays with the decision");
    dbk_rc rc = find_aside(&d.id, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_quarantine_decide(c->book, &merged, &d, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(uuid, &d.id);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:I, s:s}", "id", uuid, "decision",
                                       admit ? "admitted" : "refused", "merged", (json_int_t)merged,
                                       "reason", out_safe_str(d.reason)),
                             err);
    if (!admit)
        out_text("Kept out. It stays here as evidence, and can be let in later.\n");
    else
        out_text("Let in: %llu change%s. The others will have %s when they sync.\n",
                 (unsigned long long)merged, cli_plural(merged), merged == 1 ? "it" : "them");
    return DBK_OK;
}

dbk_rc cmd_quarantine_admit(cli *c, const cli_args *a, dbk_err *err)
{
    return decide(c, a, true, err);
}

dbk_rc cmd_quarantine_refuse(cli *c, const cli_args *a, dbk_err *err)
{
    return decide(c, a, false, err);
}
