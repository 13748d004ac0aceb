/* What waits for somebody: today. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define DAYS_DEFAULT 7u
#define DAYS_MAX 3660u

static const char *const whens[] = { "soon", "today", "overdue" };
static const struct {
    const char *code, *words;
} kinds[] = {
    { "action", "do" },
    { "review", "review" },
    { "expiry", "expires" },
    { "contact", "contact agreed" },
    { "limit", "time limit of the law" },
    { "repeat", "graded standard, and contact again and again" },
    { "clash", "not for the family's own officer: give to somebody else" },
    { "service", "ring before you send anybody: its check is overdue" },
};

/* What it is about, in one line of the record's own words; *shown false: that isn't for now. */
static dbk_rc about(dbk_bytes *out, bool *shown, cli *c, const dbk_id *record, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_reading r;
    const dbk_field *const *fields;
    dbk_rc rc = DBK_OK;
    /* A case whose record isn't here still counts its contacts. */
    *shown = true;
    if (dbk_query_said(&note, c->book, record, NULL) != DBK_OK)
        return DBK_OK;
    *shown = cli_shows(c, &note->space);
    size_t count = note->form == NULL ? 0 : dbk_form_summary(note->form, &fields);
    dbk_reading_init(&r, note);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_span value;
        rc = dbk_reading_value(&r, &value, fields[i]->name, err);
        if (rc == DBK_OK && value.len > 0 && out->len > 0)
            rc = dbk_bytes_append_str(out, ", ", err);
        if (rc == DBK_OK && value.len > 0)
            rc = cli_field_text(c, out, fields[i], value, err);
    }
    dbk_reading_wipe(&r);
    dbk_note_free(note);
    return rc;
}

static dbk_rc say_due(cli *c, out_table *table, size_t *said, const dbk_due *due, dbk_err *err)
{
    bool shown = false;
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    char day[DBK_TIME_TEXT_SIZE], uuid[DBK_ID_UUID_SIZE];
    dbk_rc rc = about(&text, &shown, c, &due->record, err);
    dbk_time_print(day, due->at_ms);
    day[10] = '\0';
    dbk_id_uuid(uuid, &due->record);
    const char *line = out_safe(dbk_bytes_span(&text));
    *said += shown;
    if (rc == DBK_OK && shown && table == NULL) {
        rc = out_json_take(json_pack("{s:s, s:s, s:s, s:b, s:o, s:I, s:s}", "id", uuid, "kind",
                                     kinds[due->kind].code, "when", whens[due->when], "urgent",
                                     due->urgent, "at", cli_time_json(due->at_ms), "contacts",
                                     (json_int_t)due->contacts, "summary", line),
                           err);
    } else if (rc == DBK_OK && shown) {
        const char *cells[] = { due->urgent ? "URGENT" : whens[due->when],
                                due->timed ? cli_time(due->at_ms) : day, kinds[due->kind].words,
                                cli_short_id(&due->record), line };
        rc = out_table_row(table, cells, err);
    }
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc say_more(const cli *c, const dbk_today_list *list, dbk_err *err)
{
    uint64_t overdue = list->more[DBK_DUE_OVERDUE], today = list->more[DBK_DUE_TODAY],
             soon = list->more[DBK_DUE_SOON];
    if (overdue + today + soon == 0)
        return DBK_OK;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:I, s:I, s:I}", "kind", "more", "overdue",
                                       (json_int_t)overdue, "today", (json_int_t)today, "soon",
                                       (json_int_t)soon),
                             err);
    out_text("and more: %llu overdue, %llu for today, %llu soon\n", (unsigned long long)overdue,
             (unsigned long long)today, (unsigned long long)soon);
    return DBK_OK;
}

/* ---- what is not at headquarters yet --------------------------------------------------------- */

static dbk_rc say_unsynced(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    cli *c = ctx;
    /* Having looked is no change that an officer has to bring anywhere. */
    uint64_t held = s->own_ops - s->own_receipted_ops - s->own_looks;
    uint64_t unconfirmed = s->own_ops - s->own_confirmed_ops - s->own_unconfirmed_looks;
    char space[DBK_ID_HEX_SIZE];
    dbk_id_hex(space, &s->space);
    if (unconfirmed == 0)
        return DBK_OK;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:I, s:I, s:o}", "kind", "unsynced", "space",
                                       space, "here_only", (json_int_t)held, "not_at_hq",
                                       (json_int_t)unconfirmed, "oldest",
                                       cli_time_json((int64_t)s->oldest_waiting_ms)),
                             err);
    if (held > 0)
        out_text("%s: %llu change%s on this device only: sync\n", cli_space_name(c, &s->space),
                 (unsigned long long)held, cli_plural(held));
    else
        out_text("%s: %llu change%s at the relay, not yet confirmed by headquarters\n",
                 cli_space_name(c, &s->space), (unsigned long long)unconfirmed,
                 cli_plural(unconfirmed));
    return DBK_OK;
}

static bool may_look(void *ctx, const dbk_id *space)
{
    return cli_looks_allowed(ctx, space, NULL) == DBK_OK;
}

static dbk_rc say_retention(cli *c, dbk_err *err)
{
    uint64_t due = 0;
    dbk_rc rc = cmd_retention_count(c, &due, err);
    if (rc != DBK_OK || due == 0)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:I}", "kind", "retention", "due", (json_int_t)due),
                             err);
    out_text("%llu case%s or person%s to review, whether they are still kept: daybook retention "
             "due\n",
             (unsigned long long)due, cli_plural(due), cli_plural(due));
    return DBK_OK;
}

static dbk_rc say_lost(cli *c, dbk_err *err)
{
    uint64_t open = 0;
    dbk_rc rc = cmd_lost_remind(c, &open, err);
    if (rc != DBK_OK || open == 0 || c->format != OUT_JSON)
        return rc;
    return out_json_take(json_pack("{s:s, s:I}", "kind", "lost_device", "open", (json_int_t)open),
                         err);
}

static dbk_rc say_all(cli *c, const dbk_today_opts *opts, const dbk_today_list *list, dbk_err *err)
{
    static const char *const heads[] = { "WHEN", "AT", "WHAT", "ID", "ABOUT" };
    out_table *table = NULL;
    size_t said = 0;
    dbk_rc rc = c->format == OUT_JSON ? DBK_OK : out_table_new(&table, heads, 5, err);
    for (size_t i = 0; rc == DBK_OK && i < list->count; i++)
        rc = say_due(c, table, &said, &list->rows[i], err);
    if (rc == DBK_OK && table != NULL && said > 0)
        out_table_print(table);
    else if (rc == DBK_OK && table != NULL)
        out_text("Nothing is due in the next %u days.\n", opts->days);
    out_table_free(table);
    return rc == DBK_OK ? say_more(c, list, err) : rc;
}

static dbk_rc read_opts(dbk_today_opts *opts, const cli_args *a, dbk_err *err)
{
    const char *typed = cli_option_value(a, "--days");
    uint64_t days = DAYS_DEFAULT;
    if (typed != NULL &&
        (dbk_u64_parse(&days, dbk_span_str(typed), NULL) != DBK_OK || days > DAYS_MAX))
        return dbk_fail(err, DBK_USAGE, "--days is a number, at most %u", DAYS_MAX);
    opts->days = (unsigned)days;
    opts->now_ms = (int64_t)dbk_env_system()->now_ms(NULL);
    dbk_rc rc = cli_limit_read(&opts->limit, a, err);
    return rc == DBK_OK ? cli_when_today(&opts->today_ms, opts->now_ms, err) : rc;
}

dbk_rc cmd_today(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_today_opts opts = { .shows = may_look, .ctx = c };
    dbk_today_list list = { .rows = NULL };
    dbk_rc rc = read_opts(&opts, a, err);
    if (rc == DBK_OK)
        rc = dbk_today(&list, c->book, &opts, err);
    if (rc == DBK_OK)
        rc = say_all(c, &opts, &list, err);
    if (rc == DBK_OK)
        rc = say_lost(c, err);
    if (rc == DBK_OK)
        rc = say_retention(c, err);
    if (rc == DBK_OK)
        rc = dbk_query_status_own(c->book, say_unsynced, c, err);
    dbk_today_wipe(&list);
    return rc;
}
