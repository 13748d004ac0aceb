/* Family liaison: a family for who covers it, and all of them for headquarters. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/text.h"

#define LAST_DEFAULT 5u
#define FLAGS_BYTES_MAX 512u

static bool may_show(void *ctx, const dbk_id *space)
{
    return cli_shows(ctx, space);
}

static dbk_rc number_option(unsigned *out, const cli_args *a, const char *name, dbk_err *err)
{
    const char *typed = cli_option_value(a, name);
    uint64_t number = *out;
    if (typed != NULL &&
        (dbk_u64_parse(&number, dbk_span_str(typed), NULL) != DBK_OK || number > 3660))
        return dbk_fail(err, DBK_USAGE, "%s is a number, at most 3660", name);
    *out = (unsigned)number;
    return DBK_OK;
}

static json_t *text_json(dbk_span text)
{
    return text.len == 0 ? json_null() : json_string(out_safe_lines(text));
}

/* ---- families -------------------------------------------------------------------------------- */

static const char *const literature_codes[] = { "due", "given", "late", "missing" };

static dbk_rc add_flag(dbk_bytes *out, bool yes, const char *words, dbk_err *err)
{
    if (!yes)
        return DBK_OK;
    return dbk_bytes_append_fmt(out, err, "%s%s", out->len > 0 ? "; " : "", words);
}

static dbk_rc flags_of(dbk_bytes *out, const dbk_liaison_family *f, dbk_err *err)
{
    const struct {
        bool yes;
        const char *words;
    } flags[] = {
        { f->first_visit_ms != 0 && !f->assessed, "no risk assessment before the first visit" },
        { f->literature == DBK_LITERATURE_MISSING, "no literature by day 2" },
        { f->literature == DBK_LITERATURE_LATE, "literature after day 2" },
        { f->late > 0, "late entries" },
        { f->incomplete > 0, "entries to supervise" },
    };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(flags) / sizeof(flags[0]); i++)
        rc = add_flag(out, flags[i].yes, flags[i].words, err);
    return rc;
}

static dbk_rc say_family(out_table *table, const dbk_liaison_family *f, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], numbers[4][24];
    dbk_bytes flags = DBK_BYTES_INIT(FLAGS_BYTES_MAX);
    dbk_id_uuid(uuid, &f->case_id);
    if (table == NULL)
        return out_json_take(
            json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:o, s:b, s:s}",
                      "case", uuid, "group", out_safe_str(f->group), "contacts",
                      (json_int_t)f->contacts, "attempts", (json_int_t)f->attempts, "first",
                      cli_time_json(f->first_ms), "last", cli_time_json(f->last_ms), "gap_days",
                      (json_int_t)(f->gap_ms / DBK_DAY_MS), "open", (json_int_t)f->open,
                      "oldest_open", cli_time_json(f->oldest_open_ms), "late", (json_int_t)f->late,
                      "incomplete", (json_int_t)f->incomplete, "first_visit",
                      cli_time_json(f->first_visit_ms), "assessed", (int)f->assessed, "literature",
                      literature_codes[f->literature]),
            err);
    (void)snprintf(numbers[0], sizeof(numbers[0]), "%llu", (unsigned long long)f->contacts);
    (void)snprintf(numbers[1], sizeof(numbers[1]), "%llu", (unsigned long long)f->attempts);
    (void)snprintf(numbers[2], sizeof(numbers[2]), "%llu", (unsigned long long)f->open);
    (void)snprintf(numbers[3], sizeof(numbers[3]), "%lld", (long long)(f->gap_ms / DBK_DAY_MS));
    dbk_rc rc = flags_of(&flags, f, err);
    const char *cells[] = {
        cli_short_id(&f->case_id), f->group,   numbers[0], numbers[1],
        cli_time(f->last_ms),      numbers[3], numbers[2], out_safe(dbk_bytes_span(&flags))
    };
    if (rc == DBK_OK)
        rc = out_table_row(table, cells, err);
    dbk_bytes_wipe(&flags);
    return rc;
}

dbk_rc cmd_liaison_families(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "CASE", "SIDE", "CONTACTS", "ATTEMPTS",
                                         "LAST", "GAP",  "OPEN",     "TO LOOK AT" };
    dbk_liaison_opts opts = { .now_ms = (int64_t)dbk_env_system()->now_ms(NULL),
                              .shows = may_show,
                              .ctx = c };
    const char *after = cli_option_value(a, "--after");
    dbk_liaison_family *rows = NULL;
    out_table *table = NULL;
    size_t count = 0;
    dbk_id last;
    dbk_rc rc = cli_limit_read(&opts.limit, a, err);
    if (rc == DBK_OK && after != NULL)
        rc = cli_record_find(&last, c, after, err);
    opts.after = after == NULL ? NULL : &last;
    if (rc == DBK_OK)
        rc = dbk_liaison_families(&rows, &count, c->book, &opts, err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        rc = out_table_new(&table, heads, 8, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = say_family(table, &rows[i], err);
    if (rc == DBK_OK && table != NULL && count > 0)
        out_table_print(table);
    else if (rc == DBK_OK && table != NULL)
        out_text("No deployment is open.\n");
    out_table_free(table);
    dbk_free(rows);
    return rc;
}

/* ---- officers -------------------------------------------------------------------------------- */

typedef struct register_rows {
    cli *c;
    out_table *table; /* or NULL */
} register_rows;

static dbk_rc say_officer(void *ctx, const dbk_liaison_officer *o, dbk_err *err)
{
    register_rows *r = ctx;
    char uuid[DBK_ID_UUID_SIZE], load[48];
    dbk_span name;
    dbk_rc rc = dbk_reading_text(o->reading, &name, "name", err);
    dbk_id_uuid(uuid, &o->record);
    if (rc != DBK_OK)
        return rc;
    if (r->table == NULL)
        return out_json_take(json_pack("{s:s, s:o, s:I, s:I, s:b, s:o, s:b}", "id", uuid, "name",
                                       text_json(name), "caseload", (json_int_t)o->caseload,
                                       "limit", (json_int_t)o->limit, "over", (int)o->over,
                                       "welfare",
                                       o->asked ? cli_time_json(o->welfare_ms) : json_null(),
                                       "welfare_overdue", (int)o->overdue),
                             err);
    (void)snprintf(load, sizeof(load), "%llu of %llu%s", (unsigned long long)o->caseload,
                   (unsigned long long)o->limit, o->over ? ": too many" : "");
    const char *cells[] = { cli_short_id(&o->record), out_safe(name), load,
                            o->asked ? cli_time(o->welfare_ms) : "never",
                            o->overdue ? "overdue" : "" };
    return out_table_row(r->table, cells, err);
}

dbk_rc cmd_liaison_officers(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "ID", "NAME", "CASELOAD", "WELFARE CHECK", "" };
    dbk_liaison_opts opts = { .now_ms = (int64_t)dbk_env_system()->now_ms(NULL),
                              .welfare_days = DBK_LIAISON_WELFARE_DAYS,
                              .shows = may_show,
                              .ctx = c };
    register_rows r = { .c = c };
    dbk_rc rc = number_option(&opts.welfare_days, a, "--welfare-days", err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        rc = out_table_new(&r.table, heads, 5, err);
    if (rc == DBK_OK)
        rc = dbk_liaison_officers(c->book, &opts, say_officer, &r, err);
    if (rc == DBK_OK && r.table != NULL)
        out_table_print(r.table);
    out_table_free(r.table);
    return rc;
}

/* ---- one family, for who covers it ----------------------------------------------------------- */

typedef struct covering {
    cli *c;
    unsigned last, told;
    json_t *entries, *items; /* or NULL: as text */
    size_t open;
} covering;

static dbk_rc say_item(void *ctx, const dbk_family_item *item, dbk_err *err)
{
    covering *v = ctx;
    char uuid[DBK_ID_UUID_SIZE];
    (void)err;
    if (!item->open)
        return DBK_OK;
    v->open++;
    dbk_id_uuid(uuid, &item->record);
    if (v->items != NULL)
        (void)json_array_append_new(
            v->items,
            json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "id", uuid, "of",
                      dbk_family_kind_name(item->kind), "number", (json_int_t)item->number, "since",
                      cli_time_json(item->when_ms), "agreed", text_json(item->agreed), "text",
                      text_json(item->text), "answer", text_json(item->answer)));
    else
        out_text("  %s %u, %s, %s: %s%s%s\n", dbk_family_kind_name(item->kind), item->number,
                 cli_short_id(&item->record), cli_time(item->when_ms), out_safe(item->text),
                 item->answer.len > 0 ? " -> " : "", out_safe(item->answer));
    return DBK_OK;
}

/* A request that became an action. */
static dbk_rc say_action(void *ctx, const dbk_family_action *action, dbk_err *err)
{
    covering *v = ctx;
    char uuid[DBK_ID_UUID_SIZE], from[DBK_ID_UUID_SIZE] = "";
    (void)err;
    if (!cli_shows(v->c, &action->space))
        return DBK_OK;
    v->open++;
    dbk_id_uuid(uuid, &action->record);
    if (!dbk_id_is_zero(&action->raised_from))
        dbk_id_uuid(from, &action->raised_from);
    if (v->items != NULL)
        (void)json_array_append_new(v->items,
                                    json_pack("{s:s, s:s, s:I, s:o, s:n, s:o, s:n, s:s*, s:s*}",
                                              "id", uuid, "of", "action", "number", (json_int_t)1,
                                              "since", cli_time_json(action->when_ms), "agreed",
                                              "text", text_json(action->text), "answer",
                                              "raised_from", from[0] == '\0' ? NULL : from, "due",
                                              action->due[0] == '\0' ? NULL : action->due));
    else
        out_text("  action, %s, %s: %s%s%s\n", cli_short_id(&action->record),
                 cli_time(action->when_ms), out_safe(action->text),
                 action->due[0] == '\0' ? "" : ", due ", action->due);
    return DBK_OK;
}

static dbk_rc say_open(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    covering *v = ctx;
    return cli_shows(v->c, &e->space) ? dbk_family_items(e, say_item, v, err) : DBK_OK;
}

static dbk_rc say_entry(void *ctx, const dbk_family_entry *e, dbk_err *err)
{
    covering *v = ctx;
    char uuid[DBK_ID_UUID_SIZE], method[64] = "", group[DBK_LIAISON_NAME_SIZE] = "";
    dbk_span account;
    /* It counts as shown in say_open, which sees all of them. */
    bool left_out = v->c->reason == NULL && dbk_book_is_restricted(v->c->book, &e->space);
    if (v->told == v->last || left_out)
        return DBK_OK;
    v->told++;
    if (e->group.len < sizeof(group))
        memcpy(group, e->group.p == NULL ? (const uint8_t *)"" : e->group.p, e->group.len);
    dbk_rc rc = dbk_reading_text(e->reading, &account, "method", err);
    if (rc == DBK_OK && account.len < sizeof(method))
        memcpy(method, account.p == NULL ? (const uint8_t *)"" : account.p, account.len);
    if (rc == DBK_OK)
        rc = dbk_reading_text(e->reading, &account, "account", err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(uuid, &e->record);
    if (v->entries != NULL) {
        (void)json_array_append_new(v->entries,
                                    json_pack("{s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:o}", "id",
                                              uuid, "when", cli_time_json(e->when_ms), "method",
                                              method, "group", out_safe_str(group), "attempt",
                                              (int)e->attempt, "late", (int)e->late, "incomplete",
                                              (int)e->incomplete, "account", text_json(account)));
        return DBK_OK;
    }
    out_text("  %s  %s  %s%s%s%s\n", cli_time(e->when_ms), cli_short_id(&e->record),
             out_safe_str(method), group[0] != '\0' ? ", " : "", out_safe_str(group),
             e->late ? ", late entry" : "");
    if (e->incomplete)
        out_text("      incomplete: not supervised yet\n");
    if (account.len > 0)
        out_wrapped("      ", account);
    return DBK_OK;
}

static dbk_rc cover(covering *v, const dbk_family_opts *opts, dbk_err *err)
{
    if (v->entries == NULL)
        out_text("The last entries, the newest first:\n");
    dbk_rc rc = dbk_family_entries(v->c->book, opts, say_entry, v, err);
    if (rc == DBK_OK && v->entries == NULL)
        out_text("%s\nStill open:\n", v->told == 0 ? "  none\n" : "");
    if (rc == DBK_OK)
        rc = dbk_family_entries(v->c->book, opts, say_open, v, err);
    if (rc == DBK_OK)
        rc = dbk_family_actions(v->c->book, opts, say_action, v, err);
    if (rc == DBK_OK && v->entries == NULL && v->open == 0)
        out_text("  nothing\n");
    return rc;
}

static void say_strategy(const dbk_held *held)
{
    if (held->proposed > 0)
        out_text("Strategy %llu waits for headquarters' word: daybook liaison approve.\n",
                 (unsigned long long)held->proposed);
    if (held->version > 0)
        out_text("Strategy %llu is in force. ", (unsigned long long)held->version);
    if (held->version > 0 || held->topics.len > 0)
        out_text("Held back:%s\n", held->topics.len == 0 ? " nothing" : "");
}

/* What the strategy in force holds back: before anybody speaks to them. */
static dbk_rc say_held(json_t **out, cli *c, const dbk_id *case_id, dbk_err *err)
{
    dbk_reading r;
    dbk_held held;
    dbk_span one;
    dbk_held_init(&held);
    json_t *topics = json_array();
    dbk_rc rc = dbk_reading_open(&r, c->book, case_id, err);
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &r.note->space, err);
    if (rc == DBK_OK && cli_shows(c, &r.note->space))
        rc = dbk_held_read(&held, r.note, err);
    dbk_elements e = dbk_elements_of(dbk_bytes_span(&held.topics));
    if (rc == DBK_OK && c->format == OUT_TEXT)
        say_strategy(&held);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        (void)json_array_append_new(topics, text_json(dbk_cbor_text_of(one)));
        if (c->format == OUT_TEXT)
            out_text("  %s\n", out_safe(dbk_cbor_text_of(one)));
    }
    if (rc == DBK_OK && out != NULL)
        *out = json_pack("{s:I, s:I, s:O}", "version", (json_int_t)held.version, "proposed",
                         (json_int_t)held.proposed, "held_back", topics);
    json_decref(topics);
    dbk_held_wipe(&held);
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc cmd_liaison_show(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id case_id;
    dbk_family_opts opts = { .case_id = &case_id, .group = cli_option_value(a, "--group") };
    covering v = { .c = c, .last = LAST_DEFAULT };
    json_t *strategy = NULL;
    bool json = c->format == OUT_JSON;
    dbk_rc rc = number_option(&v.last, a, "--last", err);
    if (rc == DBK_OK)
        rc = cli_record_find(&case_id, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = say_held(json ? &strategy : NULL, c, &case_id, err);
    if (rc == DBK_OK && json) {
        v.entries = json_array();
        v.items = json_array();
    }
    if (rc == DBK_OK)
        rc = cover(&v, &opts, err);
    if (rc == DBK_OK && json)
        rc = out_json_take(json_pack("{s:O, s:O, s:O}", "strategy", strategy, "entries", v.entries,
                                     "open", v.items),
                           err);
    json_decref(strategy);
    json_decref(v.entries);
    json_decref(v.items);
    return rc;
}
